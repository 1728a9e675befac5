/* SPDX-License-Identifier: MIT */
/*
 * func: calls of SQL functions by name, and what may follow such a call.
 *
 * `func.pkg.name` is a box with its dotted name; boxes once made for a name are kept by the one
 * before.
 */
#include "binding/open.h"
#include "binding/sql.h"

/* User values of a FUNC box: 1 name → box, 2 the dotted name. */
static void push_function_box(lua_State *L, la_state *state) {
  la_push_box(L, state, LA_BOX_FUNC, sizeof(la_box), 2); /* name, box */
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, -2);
  lua_setiuservalue(L, -2, 2);
  lua_remove(L, -2);
}

/* Pushes what was registered under the name at `name`, in any case of its letters; or nothing. */
static bool push_registered(lua_State *L, int known, int name) {
  luaL_Buffer lower;
  size_t len;
  const char *bytes = lua_tolstring(L, name, &len);
  char *to = luaL_buffinitsize(L, &lower, len);
  for (size_t i = 0; i < len; i++) {
    to[i] = bytes[i] >= 'A' && bytes[i] <= 'Z' ? (char)(bytes[i] + 'a' - 'A') : bytes[i];
  }
  luaL_pushresultsize(&lower, len);
  if (lua_rawget(L, known) != LUA_TNIL && la_to_box_of(L, -1, LA_BOX_FUNC) == NULL) {
    return true;
  }
  lua_pop(L, 1);
  return false;
}

/* core.register_function(func or a package of it, name, callable): what the name gives there. */
static int core_register_function(lua_State *L) {
  la_check_box(L, 1, LA_BOX_FUNC);
  (void)la_check_text(L, 2);
  lua_settop(L, 3);
  lua_getiuservalue(L, 1, 1);
  lua_insert(L, 2);
  lua_rawset(L, 2);
  return 0;
}

/* func[name] */
static int func_index(lua_State *L) {
  la_state *state = la_state_of(L);
  la_check_text(L, 2);
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, 3) != LUA_TNIL) {
    return 1;
  }
  lua_pop(L, 1);
  if (push_registered(L, 3, 2)) {
    return 1;
  }
  if (lua_getiuservalue(L, 1, 2) == LUA_TSTRING) {
    lua_pushliteral(L, ".");
    lua_pushvalue(L, 2);
    lua_concat(L, 3);
  } else {
    lua_pop(L, 1);
    lua_pushvalue(L, 2);
  }
  push_function_box(L, state); /* self, name, known, box */
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 3);
  return 1;
}

static int func_tostring(lua_State *L) {
  if (lua_getiuservalue(L, 1, 2) == LUA_TSTRING) {
    lua_pushfstring(L, "func.%s", lua_tostring(L, -1));
  } else {
    lua_pushliteral(L, "func");
  }
  return 1;
}

/* The index of a last argument {type_ = …}, else 0: any other table is a value. */
static int type_keyword(lua_State *L) {
  int keywords = la_keywords(L, 2);
  if (keywords == 0 || !la_push_keyword(L, keywords, "type_")) {
    return 0;
  }
  lua_pop(L, 1);
  return keywords;
}

/* name, argument…, {type_ = …} → the call. */
static int make_call(lua_State *L) {
  la_state *state = la_state_of(L);
  int keywords = type_keyword(L);
  int last = lua_gettop(L) - (keywords != 0);
  la_node like = {.kind = LA_NODE_FUNCTION};
  la_type *type = NULL;
  la_node *made;
  la_nodes nodes;
  luaL_checkstack(L, 8, NULL);
  like.text.bytes = lua_tolstring(L, 1, &like.text.len);
  if (la_push_keyword(L, keywords, "type_")) {
    type = la_check_type(L, lua_gettop(L));
  }
  la_push_result(L, state, LA_BOX_EXPR);
  la_nodes_init(&nodes, state);
  for (int i = 2; i <= last; i++) {
    if (!la_nodes_add_expr(L, &nodes, i, &like)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  if (nodes.count == 0 && la_text_equal_nocase(like.text, LA_TEXT_LITERAL("count"))) {
    la_node *star = la_node_new(&state->alloc,
                                &(la_node_parts){.kind = LA_NODE_STAR, .type = state->types.null});
    if (!la_nodes_add(&nodes, star)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  if (la_text_is(like.text, "next_value") &&
      (nodes.count != 1 || nodes.items[0]->kind != LA_NODE_NEXT_VALUE)) {
    la_nodes_clear(&nodes);
    return la_raise_status(L, LA_ARGUMENT, "next_value() accepts a Sequence object as input");
  }
  made = la_expr_function(&state->sql, like.text, nodes.items, nodes.count, type);
  la_nodes_clear(&nodes);
  return la_finish(L, made, keywords != 0 ? keywords : last);
}

/* func.name(argument…, {type_ = …}) */
static int func_call(lua_State *L) {
  if (lua_getiuservalue(L, 1, 2) != LUA_TSTRING) {
    return la_raise_status(L, LA_ARGUMENT, "func is called by a function's name: func.count(…)");
  }
  lua_replace(L, 1); /* the name takes the box's place */
  return make_call(L);
}

/* core.call_function(name, argument…, {type_ = …}): a call whatever is registered under the name.
 */
static int core_call_function(lua_State *L) {
  (void)la_check_text(L, 1);
  return make_call(L);
}

/* ---- OVER, FILTER, WITHIN GROUP ---- */

bool la_is_function(const la_node *node) {
  return node->kind == LA_NODE_FUNCTION || node->kind == LA_NODE_ELEMENT ||
         node->kind == LA_NODE_FILTER || node->kind == LA_NODE_WITHIN_GROUP;
}

/* Adds a LIST of the expressions of a keyword, one or a sequence; NULL if it is not given. */
static bool add_keyword_list(lua_State *L, la_nodes *nodes, int keywords, const char *name) {
  size_t first = nodes->count;
  bool added;
  if (!la_push_keyword(L, keywords, name)) {
    return la_nodes_add_null(nodes);
  }
  added = la_nodes_add_each(L, nodes, lua_gettop(L), lua_gettop(L), la_nodes_add_order);
  lua_pop(L, 1);
  if (!added) {
    nodes->bad_argument = nodes->bad_argument != 0 ? 2 : 0;
    return false;
  }
  return la_nodes_fold(
      nodes, first, la_expr_list(&nodes->state->sql, nodes->items + first, nodes->count - first));
}

/* Adds the bound on top of the stack as a parameter without sign, or NULL. */
static bool add_bound(lua_State *L, la_nodes *nodes, la_frame_bound *bound_out) {
  la_value value;
  if (la_is_null(L, -1)) {
    *bound_out = LA_FRAME_UNBOUNDED;
    return la_nodes_add_null(nodes);
  }
  if (lua_type(L, -1) != LUA_TNUMBER) {
    la_fail(&nodes->err, LA_ARGUMENT, "Integer or None expected for values in rows/groups frame");
    return false;
  }
  if (lua_tonumber(L, -1) == 0) {
    *bound_out = LA_FRAME_CURRENT;
    return la_nodes_add_null(nodes);
  }
  *bound_out = lua_tonumber(L, -1) < 0 ? LA_FRAME_PRECEDING : LA_FRAME_FOLLOWING;
  if (lua_isinteger(L, -1)) {
    lua_Integer number = lua_tointeger(L, -1);
    value = la_value_integer(number < 0 ? -number : number);
  } else {
    double number = lua_tonumber(L, -1);
    value = la_value_real(number < 0 ? -number : number);
  }
  return la_nodes_add(nodes, la_expr_param(&nodes->state->sql, LA_TEXT_NONE, &value, NULL));
}

static const char *const frame_keywords[] = {"rows", "range_", "groups"};

/* Adds the FRAME that the keywords ask for, or NULL. */
static bool add_frame(lua_State *L, la_nodes *nodes, int keywords, la_text exclude) {
  la_frame_bound bounds[2] = {LA_FRAME_UNBOUNDED, LA_FRAME_UNBOUNDED};
  size_t first;
  int unit = -1;
  for (int i = 0; i < 3; i++) {
    if (la_push_keyword(L, keywords, frame_keywords[i])) {
      if (unit >= 0) {
        la_fail(&nodes->err, LA_ARGUMENT,
                "only one of 'rows', 'range_', or 'groups' may be provided");
        return false;
      }
      unit = i;
    }
  }
  if (unit < 0) {
    return la_nodes_add_null(nodes);
  }
  if (!lua_istable(L, -1)) {
    la_fail(&nodes->err, LA_ARGUMENT, "2-tuple expected for range/rows/groups");
    return false;
  }
  first = nodes->count;
  for (int i = 0; i < 2; i++) {
    bool added;
    lua_rawgeti(L, -1, i + 1);
    added = add_bound(L, nodes, &bounds[i]);
    lua_pop(L, 1);
    if (!added) {
      return false;
    }
  }
  lua_pop(L, 1);
  return la_nodes_fold(
      nodes, first,
      la_node_new(&nodes->state->alloc,
                  &(la_node_parts){.kind = LA_NODE_FRAME,
                                   .op = (uint16_t)unit,
                                   .text = exclude,
                                   .value = la_value_integer(bounds[0] + 16 * bounds[1]),
                                   .children = nodes->items + first,
                                   .count = 2}));
}

/* EXCLUDE's words, in capitals or not. */
static la_text check_exclude(lua_State *L, int keywords) {
  static const char *const phrases[] = {"CURRENT ROW", "GROUP", "TIES", "NO OTHERS"};
  la_text exclude = la_keyword_text(L, keywords, "exclude");
  for (size_t i = 0; exclude.bytes != NULL && i < sizeof phrases / sizeof *phrases; i++) {
    if (la_text_equal_nocase(exclude, la_text_of(phrases[i]))) {
      return exclude;
    }
  }
  if (exclude.bytes != NULL) {
    la_raise_status(L, LA_COMPILE,
                    "Unexpected SQL phrase: '%s'; exclude is one of 'CURRENT ROW', 'GROUP', "
                    "'TIES', 'NO OTHERS'",
                    exclude.bytes);
  }
  return exclude;
}

static const char *const over_keywords[] = {"partition_by", "order_by", "rows", "range_",
                                            "groups",       "exclude",  NULL};

/* function:over{partition_by = …, order_by = …, rows = {nil, 0}}; over(function, {…}). */
int la_expr_over_method(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, la_is_function, "function");
  int keywords = la_keywords(L, 2);
  la_text exclude;
  la_node *result;
  la_nodes nodes;
  if (keywords == 0 && lua_gettop(L) > 1 && !lua_isnil(L, 2)) {
    return la_raise_argument(L, 2, "table of keywords");
  }
  la_check_keywords(L, keywords, over_keywords, "over");
  exclude = check_exclude(L, keywords);
  luaL_checkstack(L, 10, NULL);
  la_nodes_init(&nodes, state);
  if (!add_keyword_list(L, &nodes, keywords, "partition_by") ||
      !add_keyword_list(L, &nodes, keywords, "order_by") ||
      !add_frame(L, &nodes, keywords, exclude)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_expr_over(&state->sql, self, nodes.items[0], nodes.items[1], nodes.items[2]);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* A lone boolean value is a condition as it is: FILTER (WHERE z). */
static la_node *sole_condition(const la_nodes *nodes) {
  la_node *only = nodes->items[0];
  return only->kind == LA_NODE_UNARY && only->op == LA_OP_IS_TRUE ? only->children[0] : only;
}

/* function:filter(condition…); funcfilter(function, condition…). */
int la_expr_filter_method(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, la_is_function, "function");
  la_node *condition, *result = NULL;
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  if (self->kind == LA_NODE_FILTER && lua_gettop(L) > 1) {
    la_nodes_add(&nodes, la_expr_condition(&state->sql, self->children[1]));
    self = self->children[0];
  }
  for (int i = 2; i <= lua_gettop(L); i++) {
    if (!la_nodes_add_condition(L, &nodes, i)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  if (nodes.count == 0) {
    return la_return_node(L, state, la_node_retain(self));
  }
  condition = nodes.count == 1 ? la_node_retain(sole_condition(&nodes))
                               : la_expr_clauses(&state->sql, LA_OP_AND, nodes.items, nodes.count);
  result = condition != NULL ? la_expr_filter(&state->sql, self, condition) : NULL;
  la_node_release(condition);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* A LIST of the ORDER BY expressions from argument 2 on, at least one. */
static la_node *check_order(lua_State *L, la_state *state, const char *function) {
  la_node *list;
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 2, lua_gettop(L), la_nodes_add_order)) {
    la_nodes_raise(L, &nodes);
  }
  if (nodes.count == 0) {
    la_raise_status(L, LA_ARGUMENT, "%s: at least one ORDER BY element is required", function);
  }
  list = la_expr_list(&state->sql, nodes.items, nodes.count);
  la_nodes_clear(&nodes);
  return list;
}

/* function:within_group(order…) */
int la_expr_within_group_method(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, la_is_function, "function");
  la_node *list = check_order(L, state, "within_group");
  la_node *result = list != NULL ? la_expr_within_group(&state->sql, self, list) : NULL;
  la_node_release(list);
  return la_return_node(L, state, result);
}

static bool is_plain_function(const la_node *node) {
  return node->kind == LA_NODE_FUNCTION;
}

/* function:aggregate_order_by(order…); aggregate_order_by(function, order…). */
int la_expr_aggregate_order_by(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, is_plain_function, "function");
  la_node *list = check_order(L, state, "aggregate_order_by"), *result;
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  for (uint32_t i = 0; i < self->count; i++) {
    if (self->children[i]->kind != LA_NODE_LIST) {
      la_nodes_add(&nodes, la_node_retain(self->children[i]));
    }
  }
  if (list == NULL || !la_nodes_add(&nodes, list)) {
    la_nodes_clear(&nodes);
    return la_return_node(L, state, NULL);
  }
  result = nodes.err.status == LA_OK
               ? la_node_with_children(self, nodes.items, (uint32_t)nodes.count)
               : NULL;
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static const luaL_Reg metamethods[] = {
    {"__index", func_index}, {"__call", func_call}, {"__tostring", func_tostring}, {NULL, NULL}};

static const luaL_Reg functions[] = {{"over", la_expr_over_method},
                                     {"funcfilter", la_expr_filter_method},
                                     {"within_group", la_expr_within_group_method},
                                     {"aggregate_order_by", la_expr_aggregate_order_by},
                                     {"tablesample", la_from_tablesample},
                                     {"register_function", core_register_function},
                                     {"call_function", core_call_function},
                                     {NULL, NULL}};

void la_open_sql_func(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_FUNC, NULL, metamethods);
  la_set_functions(L, functions);
  lua_pushnil(L);
  push_function_box(L, state);
  lua_setfield(L, -2, "func");
}
