/* SPDX-License-Identifier: MIT */
/*
 * Methods of SELECT and of unions. Each gives a new statement.
 */
#include "binding/open.h"
#include "binding/recent.h"
#include "binding/sql.h"
#include "orm/mapper.h"

static void refuse_given(lua_State *L, const la_node *self) {
  if (self->kind == LA_NODE_SELECT && self->children[LA_SELECT_STATEMENT] != NULL) {
    la_raise_status(
        L, LA_INVALID_REQUEST,
        "from_statement() gives the whole statement: conditions, joins, order and limits "
        "belong in it");
  }
}

static la_node *check_select(lua_State *L) {
  la_node *self = la_node_at(L, la_state_of(L), 1);
  if (self == NULL || self->kind != LA_NODE_SELECT) {
    la_raise_argument(L, 1, "select()");
  } else {
    refuse_given(L, self);
  }
  return self;
}

/* A select or a union. */
static la_node *check_ordered(lua_State *L) {
  la_node *self = la_node_at(L, la_state_of(L), 1);
  if (self == NULL || (self->kind != LA_NODE_SELECT && self->kind != LA_NODE_COMPOUND)) {
    la_raise_argument(L, 1, "select() or union()");
  } else {
    refuse_given(L, self);
  }
  return self;
}

/* The arguments from `first` on, gathered by `add`, chained to clause `part`. */
static int chain_arguments(lua_State *L, la_node *self, uint32_t part, int first,
                           la_nodes_adder add) {
  la_state *state = la_state_of(L);
  int last = lua_gettop(L);
  la_push_chained(L, state, self);
  la_node *result;
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, first, last, add)) {
    return la_nodes_raise(L, &nodes);
  }
  result = nodes.count != 0 ? la_node_with_chained(self, part, nodes.items, (uint32_t)nodes.count)
                            : la_node_retain(self);
  la_nodes_clear(&nodes);
  return la_finish(L, result, last);
}

/* A condition, a column of booleans among them. */
static bool add_criterion(lua_State *L, la_nodes *nodes, int index) {
  la_node *condition;
  if (!la_nodes_add_condition(L, nodes, index)) {
    return false;
  }
  condition = la_expr_condition(&nodes->state->sql, nodes->items[nodes->count - 1]);
  return la_nodes_fold(nodes, nodes->count - 1, condition);
}

int la_statement_where(lua_State *L) {
  la_node *self = la_node_at(L, la_state_of(L), 1);
  int part = self != NULL ? la_statement_where_part(self) : -1;
  if (part < 0 || self->kind == LA_NODE_COMPOUND) {
    return la_raise_argument(L, 1, "select(), update() or delete()");
  }
  refuse_given(L, self);
  return chain_arguments(L, self, (uint32_t)part, 2, add_criterion);
}

static int select_having(lua_State *L) {
  return chain_arguments(L, check_select(L), LA_SELECT_HAVING, 2, add_criterion);
}

/* A class or an alias of one stands for all its columns. */
static bool add_group(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_node_at(L, nodes->state, index);
  if (node != NULL && node->kind == LA_NODE_ENTITY) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  return la_nodes_add_order(L, nodes, index);
}

/* order_by(nil) and group_by(nil) take away what was there. */
static int order_clause(lua_State *L, uint32_t part, la_nodes_adder add) {
  la_node *self = check_ordered(L);
  if (lua_gettop(L) == 2 && la_is_null(L, 2)) {
    la_push_chained(L, la_state_of(L), self);
    return la_finish(L, la_node_with_child(self, part, NULL), 2);
  }
  return chain_arguments(L, self, part, 2, add);
}

static int select_order_by(lua_State *L) {
  return order_clause(L, LA_SELECT_ORDER_BY, la_nodes_add_order);
}

static int select_group_by(lua_State *L) {
  return order_clause(L, LA_SELECT_GROUP_BY, add_group);
}

/* distinct(): all rows; distinct(expr…): DISTINCT ON. */
static int select_distinct(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_select(L), *marked, *result;
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 2, lua_gettop(L), la_nodes_add_order)) {
    return la_nodes_raise(L, &nodes);
  }
  marked = la_node_with_flags(self, LA_SELECT_DISTINCT, 0);
  result = marked;
  if (marked != NULL && nodes.count != 0) {
    result =
        la_node_with_chained(marked, LA_SELECT_DISTINCT_ON, nodes.items, (uint32_t)nodes.count);
    la_node_release(marked);
  }
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* ---- LIMIT, OFFSET, FETCH ---- */

/* Adds the number or expression at `index`; NULL for nil. */
static bool add_bound(lua_State *L, la_nodes *nodes, int index) {
  la_node like = {.kind = LA_NODE_LABEL, .type = nodes->state->types.integer};
  if (la_is_null(L, index)) {
    return la_nodes_add_null(nodes);
  }
  if (!lua_isuserdata(L, index) && !lua_isinteger(L, index) &&
      !(lua_isnumber(L, index) &&
        lua_tonumber(L, index) == (lua_Number)(lua_Integer)lua_tonumber(L, index))) {
    return la_nodes_refuse(nodes, index, "integer, expression or nil");
  }
  if (lua_type(L, index) == LUA_TNUMBER || lua_type(L, index) == LUA_TSTRING) {
    la_value value = la_value_integer((int64_t)lua_tonumber(L, index));
    if (lua_isinteger(L, index)) {
      value = la_value_integer(lua_tointeger(L, index));
    }
    return la_nodes_add(nodes, la_expr_param(&nodes->state->sql, LA_TEXT_NONE, &value, like.type));
  }
  return la_nodes_add_expr(L, nodes, index, &like);
}

static int bound_clause(lua_State *L, uint32_t part, const char *function) {
  la_state *state = la_state_of(L);
  la_node *self = check_ordered(L), *result;
  la_nodes nodes;
  la_check_count(L, 2, function);
  la_push_chained(L, state, self);
  la_nodes_init(&nodes, state);
  if (!add_bound(L, &nodes, 2)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_node_with_child(self, part, nodes.items[0]);
  if (result != NULL && part == LA_SELECT_LIMIT && self->children[LA_SELECT_FETCH] != NULL) {
    la_node *without = la_node_with_child(result, LA_SELECT_FETCH, NULL);
    la_node_release(result);
    result = without;
  }
  la_nodes_clear(&nodes);
  return la_finish(L, result, 2);
}

static int select_limit(lua_State *L) {
  return bound_clause(L, LA_SELECT_LIMIT, "limit");
}

static int select_offset(lua_State *L) {
  return bound_clause(L, LA_SELECT_OFFSET, "offset");
}

static const char *const fetch_keywords[] = {"with_ties", "percent", NULL};

/* fetch(count, {with_ties = true, percent = true}) takes limit's place. */
static int select_fetch(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_ordered(L), *fetching, *flagged, *result = NULL;
  int keywords = la_keywords(L, 3);
  uint32_t flags = 0;
  la_nodes nodes;
  la_check_count(L, 2, "fetch");
  la_check_keywords(L, keywords, fetch_keywords, "fetch");
  flags |= la_keyword_flag(L, keywords, "with_ties") ? LA_FETCH_WITH_TIES : 0u;
  flags |= la_keyword_flag(L, keywords, "percent") ? LA_FETCH_PERCENT : 0u;
  la_nodes_init(&nodes, state);
  if (!add_bound(L, &nodes, 2)) {
    return la_nodes_raise(L, &nodes);
  }
  fetching = la_node_with_child(self, LA_SELECT_FETCH, nodes.items[0]);
  flagged = fetching != NULL ? la_node_with_flags(fetching, flags,
                                                  (LA_FETCH_WITH_TIES | LA_FETCH_PERCENT) & ~flags)
                             : NULL;
  result = flagged != NULL ? la_node_with_child(flagged, LA_SELECT_LIMIT, NULL) : NULL;
  la_node_release(fetching);
  la_node_release(flagged);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* What OFFSET is now, if it is a plain number. */
static int64_t offset_of(const la_node *self) {
  const la_node *offset = self->children[LA_SELECT_OFFSET];
  return offset != NULL && offset->value.kind == LA_VALUE_INTEGER ? offset->value.as.integer : 0;
}

/* slice(start, stop): rows start … stop - 1, counted from 0 behind the present offset. */
static int select_slice(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_ordered(L), *limited, *result = NULL;
  bool has_start, has_stop;
  la_nodes nodes;
  int64_t start, stop, offset, length;
  la_check_count(L, 3, "slice");
  has_start = !la_is_null(L, 2);
  has_stop = !la_is_null(L, 3);
  if ((has_start && !lua_isinteger(L, 2)) || (has_stop && !lua_isinteger(L, 3))) {
    return la_raise_argument(L, has_start && !lua_isinteger(L, 2) ? 2 : 3, "integer or nil");
  }
  start = has_start ? lua_tointeger(L, 2) : 0;
  stop = has_stop ? lua_tointeger(L, 3) : 0;
  if (__builtin_sub_overflow(stop, start, &length) ||
      __builtin_add_overflow(offset_of(self), start, &offset)) {
    return la_raise_status(L, LA_ARGUMENT, "slice: no table has as many rows");
  }
  la_nodes_init(&nodes, state);
  if (has_stop) {
    la_value count = la_value_integer(length);
    la_nodes_add(&nodes, la_expr_param(&state->sql, LA_TEXT_NONE, &count, NULL));
  } else {
    la_nodes_add_null(&nodes);
  }
  if (has_start && offset != 0) {
    la_value skipped = la_value_integer(offset);
    la_nodes_add(&nodes, la_expr_param(&state->sql, LA_TEXT_NONE, &skipped, NULL));
  } else {
    la_nodes_add_null(&nodes);
  }
  if (nodes.err.status != LA_OK) {
    return la_nodes_raise(L, &nodes);
  }
  limited =
      has_stop ? la_node_with_child(self, LA_SELECT_LIMIT, nodes.items[0]) : la_node_retain(self);
  if (limited != NULL) {
    result = has_start ? la_node_with_child(limited, LA_SELECT_OFFSET, nodes.items[1])
                       : la_node_retain(limited);
  }
  la_node_release(limited);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* ---- columns and FROM ---- */

static int select_add_columns(lua_State *L) {
  return chain_arguments(L, check_select(L), LA_SELECT_COLUMNS, 2, la_nodes_add_column);
}

static const char *const with_only_keywords[] = {"maintain_column_froms", NULL};

/* True if a join starts from what the columns are taken from, which the new columns may not
 * mention. */
static bool joins_from_columns(const la_node *select) {
  bool joins = false;
  for (const la_node *chain = la_node_child(select, LA_SELECT_FROM); chain != NULL;
       chain = chain->children[0]) {
    for (uint32_t i = 1; i < chain->count; i++) {
      if (chain->children[i]->kind != LA_NODE_JOIN_STEP ||
          la_node_child(chain->children[i], 2) != NULL) {
        return false;
      }
      joins = true;
    }
  }
  return joins;
}

static int select_with_only_columns(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_select(L), *empty, *result = NULL;
  int keywords = la_keywords(L, 2), last = keywords != 0 ? keywords - 1 : lua_gettop(L);
  la_nodes nodes;
  la_check_keywords(L, keywords, with_only_keywords, "with_only_columns");
  bool keeps_all = la_keyword_flag(L, keywords, "maintain_column_froms");
  if (keeps_all || joins_from_columns(self)) {
    self = la_push_with_column_froms(L, state, self, !keeps_all);
  }
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 2, last, la_nodes_add_column)) {
    return la_nodes_raise(L, &nodes);
  }
  empty = la_node_with_child(self, LA_SELECT_COLUMNS, NULL);
  result = empty != NULL
               ? la_node_with_chained(empty, LA_SELECT_COLUMNS, nodes.items, (uint32_t)nodes.count)
               : NULL;
  la_node_release(empty);
  la_nodes_clear(&nodes);
  if (result != NULL && result->children[LA_SELECT_OPTIONS] != NULL) {
    la_node *flagged = la_node_with_flags(result, LA_SELECT_REPLACED, 0);
    la_node_release(result);
    result = flagged;
  }
  return la_return_node(L, state, result);
}

static int select_select_from(lua_State *L) {
  return chain_arguments(L, check_select(L), LA_SELECT_FROM, 2, la_nodes_add_from);
}

/* correlate(from…); correlate(nil): nothing correlates. */
static int correlation(lua_State *L, uint32_t except) {
  la_state *state = la_state_of(L);
  la_node *self = check_select(L), *flagged, *result = NULL;
  la_nodes nodes;
  if (lua_gettop(L) == 2 && la_is_null(L, 2)) {
    la_node *bare = la_node_with_child(self, LA_SELECT_CORRELATE, NULL);
    result = bare != NULL
                 ? la_node_with_flags(bare, except != 0 ? except : LA_SELECT_CORRELATE_NONE, 0)
                 : NULL;
    la_node_release(bare);
    return la_return_node(L, state, result);
  }
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 2, lua_gettop(L), la_nodes_add_from)) {
    return la_nodes_raise(L, &nodes);
  }
  flagged = la_node_with_flags(
      self, except, LA_SELECT_CORRELATE_NONE | (except != 0 ? 0 : LA_SELECT_CORRELATE_EXCEPT));
  result = flagged != NULL ? la_node_with_chained(flagged, LA_SELECT_CORRELATE, nodes.items,
                                                  (uint32_t)nodes.count)
                           : NULL;
  la_node_release(flagged);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int select_correlate(lua_State *L) {
  return correlation(L, 0);
}

static int select_correlate_except(lua_State *L) {
  return correlation(L, LA_SELECT_CORRELATE_EXCEPT);
}

/* ---- joins ---- */

/* A FROM element, or a relationship. */
static bool add_join_target(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_node_at(L, nodes->state, index);
  if (node != NULL && node->kind == LA_NODE_RELATIONSHIP) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  if (node == NULL || (!la_node_is_from(node) && node->kind != LA_NODE_FUNCTION)) {
    return la_nodes_refuse(nodes, index, "Table, alias, mapped class or relationship to join to");
  }
  return la_nodes_add(nodes, la_node_retain(node));
}

/* The condition at `index` or keyword "onclause"; NULL if there is none. */
static bool add_onclause(lua_State *L, la_nodes *nodes, int index, int keywords) {
  la_node *node;
  if (index > lua_gettop(L) || index == keywords || la_is_null(L, index)) {
    if (!la_push_keyword(L, keywords, "onclause")) {
      return la_nodes_add_null(nodes);
    }
    index = lua_gettop(L);
  }
  node = la_node_at(L, nodes->state, index);
  if (node != NULL && node->kind == LA_NODE_RELATIONSHIP) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  return add_criterion(L, nodes, index);
}

static uint32_t join_number(const la_node *self, const la_node *target, const la_node *on) {
  return la_recent_number(LA_RECENT_JOIN, self, target) ^ on->shape >> 16;
}

static bool same_flags(uint32_t flags, uint32_t others) {
  return ((flags ^ others) & ~(uint32_t)LA_NODE_INHERITED_FLAGS) == 0;
}

/* True if `made` is `self` with that step behind its others. */
static bool is_joined(const la_node *made, const la_node *self, const la_node *target,
                      const la_node *on, uint32_t flags) {
  const la_node *chain = made->kind == LA_NODE_SELECT ? made->children[LA_SELECT_FROM] : NULL;
  if (chain == NULL || chain->count != 2 || chain->children[0] != self->children[LA_SELECT_FROM] ||
      !same_flags(made->flags, self->flags)) {
    return false;
  }
  for (uint32_t i = 0; i < LA_SELECT_PART_COUNT; i++) {
    if (i != LA_SELECT_FROM && made->children[i] != self->children[i]) {
      return false;
    }
  }
  const la_node *step = chain->children[1];
  return step->kind == LA_NODE_JOIN_STEP && same_flags(step->flags, flags) &&
         step->children[0] == target && step->children[1] == on && step->children[2] == NULL;
}

/* The condition of select:join(target, condition), which is all that is given; or NULL. */
static la_node *plain_condition(lua_State *L, la_state *state) {
  const la_box *box = la_to_box(L, 1);
  la_node *on = lua_gettop(L) == 3 && box != NULL && box->class == LA_BOX_SELECT
                    ? la_node_at(L, state, 3)
                    : NULL;
  return on != NULL && on->kind == LA_NODE_BINARY && !(on->flags & LA_NODE_HAS_PARAM) ? on : NULL;
}

/* Pushes the box of the same join of the same select, if there is one from before. */
static bool push_joined(lua_State *L, la_state *state, const la_node *self, const la_node *target,
                        const la_node *on, uint32_t flags) {
  const la_node *found = la_push_recent(L, state, LA_BOX_SELECT, join_number(self, target, on));
  if (found != NULL && !is_joined(found, self, target, on, flags)) {
    lua_pop(L, 1);
    found = NULL;
  }
  return found != NULL;
}

static const char *const join_keywords[] = {"onclause", "isouter", "full", NULL};

/* self:join(target, onclause, {isouter = …, full = …}); with `explicit_left` the left side comes
 * first. */
static int join_step(lua_State *L, bool explicit_left, uint32_t flags, const char *function) {
  la_state *state = la_state_of(L);
  la_node *self = check_select(L), *step, *result = NULL;
  int target = explicit_left ? 3 : 2;
  int keywords = la_keywords(L, target + 1), last = lua_gettop(L);
  la_nodes nodes;
  const la_node *to = NULL, *on = explicit_left ? NULL : plain_condition(L, state);
  la_check_count(L, target, function);
  if (on != NULL && (to = la_node_at(L, state, target)) != NULL &&
      push_joined(L, state, self, to, on, flags)) {
    return 1;
  }
  la_check_keywords(L, keywords, join_keywords, function);
  flags |= la_keyword_flag(L, keywords, "isouter") ? LA_JOIN_OUTER : 0u;
  flags |= la_keyword_flag(L, keywords, "full") ? LA_JOIN_FULL : 0u;
  luaL_checkstack(L, 6, NULL);
  lua_settop(L, last > target + 1 ? last : target + 1);
  la_push_chained(L, state, self);
  la_nodes_init(&nodes, state);
  if (!add_join_target(L, &nodes, target) || !add_onclause(L, &nodes, target + 1, keywords) ||
      (explicit_left && !la_nodes_add_from(L, &nodes, 2))) {
    return la_nodes_raise(L, &nodes);
  }
  step = la_join_step_new(&state->sql, nodes.items[0], nodes.items[1],
                          explicit_left ? nodes.items[2] : NULL, flags);
  result = step != NULL ? la_node_with_chained(self, LA_SELECT_FROM, &step, 1) : NULL;
  la_node_release(step);
  la_nodes_clear(&nodes);
  lua_pushvalue(L, last > target + 1 ? last + 1 : target + 2);
  la_finish(L, result, last);
  if (to != NULL) {
    la_keep_recent(L, state, join_number(self, to, on));
  }
  return 1;
}

static int select_join(lua_State *L) {
  return join_step(L, false, 0, "join");
}

static int select_outerjoin(lua_State *L) {
  return join_step(L, false, LA_JOIN_OUTER, "outerjoin");
}

static int select_join_from(lua_State *L) {
  return join_step(L, true, 0, "join_from");
}

static int select_outerjoin_from(lua_State *L) {
  return join_step(L, true, LA_JOIN_OUTER, "outerjoin_from");
}

/* ---- as an expression ---- */

static la_node *check_selectable(lua_State *L) {
  return la_check_node(L, 1, la_node_is_select, "select()");
}

static int select_scalar_subquery(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state, la_expr_scalar_subquery(&state->sql, check_selectable(L)));
}

static int select_label(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_selectable(L);
  la_text name = la_is_null(L, 2) ? LA_TEXT_NONE : la_check_text(L, 2);
  la_node *scalar = la_expr_scalar_subquery(&state->sql, self);
  la_node *label = scalar != NULL ? la_expr_label(&state->sql, name, scalar) : NULL;
  la_node_release(scalar);
  return la_return_node(L, state, label);
}

static int select_exists(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state, la_expr_exists(&state->sql, check_selectable(L)));
}

/* ---- unions ---- */

static int compound(lua_State *L, la_operator op, const char *function) {
  la_state *state = la_state_of(L);
  la_node *result;
  la_nodes nodes;
  la_check_count(L, 1, function);
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 1, lua_gettop(L), la_nodes_add_select)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_compound_new(&state->sql, op, nodes.items, nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

#define COMPOUND(name, op)                                                                         \
  static int select_##name(lua_State *L) {                                                         \
    return compound(L, LA_OP_##op, #name);                                                         \
  }

COMPOUND(union, UNION)
COMPOUND(union_all, UNION_ALL)
COMPOUND(intersect, INTERSECT)
COMPOUND(intersect_all, INTERSECT_ALL)
COMPOUND(except_, EXCEPT)
COMPOUND(except_all, EXCEPT_ALL)

/* The mapper of the class at `index`, if a class is there. */
static la_mapper *class_at(lua_State *L, la_state *state, int index) {
  const la_node *node = lua_istable(L, index) ? la_node_at(L, state, index) : NULL;
  la_mapper *mapper =
      node != NULL && node->kind == LA_NODE_ENTITY ? (la_mapper *)(void *)node->subject : NULL;
  return mapper != NULL && mapper->entity == node ? mapper : NULL;
}

la_node *la_made_select(lua_State *L, la_state *state, int index, bool legacy) {
  const la_mapper *mapper = class_at(L, state, index);
  return mapper != NULL ? mapper->selects[legacy] : NULL;
}

int la_finish_select(lua_State *L, int first, int last, bool legacy) {
  la_state *state = la_state_of(L);
  la_mapper *mapper = first == last ? class_at(L, state, first) : NULL;
  la_node *result;
  la_nodes nodes;
  if (mapper != NULL) {
    return la_finish(L, la_mapper_select(mapper, legacy), last);
  }
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, first, last, la_nodes_add_column)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_select_flagged(&state->sql, nodes.items, nodes.count, legacy ? LA_SELECT_LEGACY : 0u);
  la_nodes_clear(&nodes);
  return la_finish(L, result, last);
}

/* select(column…) */
static int core_select(lua_State *L) {
  la_state *state = la_state_of(L);
  int last = lua_gettop(L);
  const la_node *select = last == 1 ? la_made_select(L, state, 1, false) : NULL;
  uint32_t number = select != NULL ? la_recent_number(LA_RECENT_SELECT, select, NULL) : 0;
  if (select != NULL) {
    if (la_push_recent(L, state, LA_BOX_SELECT, number) == select) {
      return 1;
    }
    lua_settop(L, last);
  }
  la_push_result(L, state, LA_BOX_SELECT);
  la_finish_select(L, 1, last, false);
  if (select != NULL) {
    la_keep_recent(L, state, number);
  }
  return 1;
}

/* Methods that make of a Query another Query: they push the result as a box of their self's class.
 */
const luaL_Reg la_query_building_methods[] = {
    {"where", la_statement_where},       {"filter", la_statement_where},
    {"having", select_having},           {"order_by", select_order_by},
    {"group_by", select_group_by},       {"limit", select_limit},
    {"offset", select_offset},           {"join", select_join},
    {"outerjoin", select_outerjoin},     {"add_columns", select_add_columns},
    {"select_from", select_select_from}, {NULL, NULL}};

static const luaL_Reg methods[] = {{"where", la_statement_where},
                                   {"filter", la_statement_where},
                                   {"filter_by", la_statement_filter_by},
                                   {"having", select_having},
                                   {"group_by", select_group_by},
                                   {"order_by", select_order_by},
                                   {"distinct", select_distinct},
                                   {"limit", select_limit},
                                   {"offset", select_offset},
                                   {"fetch", select_fetch},
                                   {"slice", select_slice},
                                   {"join", select_join},
                                   {"join_from", select_join_from},
                                   {"outerjoin", select_outerjoin},
                                   {"outerjoin_from", select_outerjoin_from},
                                   {"select_from", select_select_from},
                                   {"add_columns", select_add_columns},
                                   {"with_only_columns", select_with_only_columns},
                                   {"correlate", select_correlate},
                                   {"correlate_except", select_correlate_except},
                                   {"subquery", la_statement_subquery},
                                   {"cte", la_statement_cte},
                                   {"alias", la_statement_alias},
                                   {"lateral", la_statement_lateral},
                                   {"scalar_subquery", select_scalar_subquery},
                                   {"as_scalar", select_scalar_subquery},
                                   {"label", select_label},
                                   {"exists", select_exists},
                                   {"union", select_union},
                                   {"union_all", select_union_all},
                                   {"intersect", select_intersect},
                                   {"intersect_all", select_intersect_all},
                                   {"except_", select_except_},
                                   {"except_all", select_except_all},
                                   {"with_for_update", la_statement_with_for_update},
                                   {"prefix_with", la_statement_prefix_with},
                                   {"suffix_with", la_statement_suffix_with},
                                   {"with_hint", la_statement_with_hint},
                                   {"with_statement_hint", la_statement_with_statement_hint},
                                   {"add_cte", la_statement_add_cte},
                                   {"options", la_statement_options},
                                   {"execution_options", la_statement_execution_options},
                                   {"get_execution_options", la_statement_get_execution_options},
                                   {"set_label_style", la_statement_set_label_style},
                                   {"get_label_style", la_statement_get_label_style},
                                   {"corresponding_column", la_from_corresponding_column},
                                   {"is_derived_from", la_from_is_derived_from},
                                   {"params", la_statement_params},
                                   {"get_final_froms", la_statement_get_final_froms},
                                   {"compile", la_node_compile},
                                   {NULL, NULL}};

static const luaL_Reg metamethods[] = {
    {"__index", la_statement_index}, {"__tostring", la_node_tostring}, {NULL, NULL}};

static const luaL_Reg functions[] = {{"select", core_select},
                                     {"union", select_union},
                                     {"union_all", select_union_all},
                                     {"intersect", select_intersect},
                                     {"intersect_all", select_intersect_all},
                                     {"except_", select_except_},
                                     {"except_all", select_except_all},
                                     {NULL, NULL}};

void la_open_sql_select(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_SELECT, methods, metamethods);
  la_set_functions(L, functions);
}
