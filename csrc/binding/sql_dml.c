/* SPDX-License-Identifier: MIT */
/*
 * INSERT, UPDATE and DELETE.
 */
#include "binding/open.h"
#include "binding/sql_values.h"

static la_node *check_kind(lua_State *L, la_node_kind kind, const char *expected) {
  la_node *self = la_to_node(L, 1);
  if (self == NULL || self->kind != kind) {
    la_raise_argument(L, 1, expected);
  }
  return self;
}

/* What a statement may change: a table, a mapped class, an alias. */
static la_node *check_target(lua_State *L) {
  return la_check_node(L, 1, la_node_is_from, "table or mapped class");
}

static int core_insert(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state, la_insert_new(&state->sql, check_target(L)));
}

static int core_update(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state, la_update_new(&state->sql, check_target(L)));
}

static int core_delete(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state, la_delete_new(&state->sql, check_target(L)));
}

static const char *const returning_keywords[] = {"sort_by_parameter_order", NULL};

/* returning(column…) */
static int dml_returning(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_statement(L, 1), *result;
  int part = la_statement_returning_part(self), keywords = la_keywords(L, 2);
  la_nodes nodes;
  if (part < 0) {
    return la_raise_argument(L, 1, "insert(), update() or delete()");
  }
  la_check_keywords(L, keywords, returning_keywords, "returning");
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 2, lua_gettop(L) - (keywords != 0), la_nodes_add_column)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_node_with_chained(self, (uint32_t)part, nodes.items, (uint32_t)nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* True if the values of `chain` are rows of several. */
static bool has_rows(const la_node *chain) {
  return chain->count > 1 && chain->children[1]->kind == LA_NODE_ROW;
}

/* values{column = value, …}, values{7, "x"}, values{{…}, {…}} */
static int insert_values(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_kind(L, LA_NODE_INSERT, "insert()"), *result;
  la_nodes nodes;
  if (self->children[LA_INSERT_SELECT] != NULL) {
    return la_raise_status(L, LA_INVALID_REQUEST, "This construct already inserts from a SELECT");
  }
  luaL_checkstack(L, 8, NULL);
  la_nodes_init(&nodes, state);
  if (lua_gettop(L) >= 2 && !la_nodes_add_rows(L, &nodes, 2, self->children[0])) {
    return la_nodes_raise(L, &nodes);
  }
  const la_node *before = self->children[LA_INSERT_VALUES];
  if (before != NULL && before->count > 1 && nodes.count != 0 &&
      has_rows(before) != (nodes.items[0]->kind == LA_NODE_ROW)) {
    la_fail(&nodes.err, LA_INVALID_REQUEST,
            "Can't mix single and multiple VALUES formats in one INSERT statement; one style "
            "appends to a list while the other replaces values, so the intent is ambiguous.");
    return la_nodes_raise(L, &nodes);
  }
  result = la_node_with_chained(self, LA_INSERT_VALUES, nodes.items, (uint32_t)nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* Adds a column of `target`, or the name of one as a literal. */
static bool add_name(lua_State *L, la_nodes *nodes, int index, const la_node *target) {
  la_node *node = la_to_node(L, index);
  la_text name;
  const la_table *table = la_from_base_table(target);
  la_column *column;
  if (node != NULL) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  if (lua_type(L, index) != LUA_TSTRING) {
    return la_nodes_refuse(nodes, 2, "sequence of columns or names");
  }
  name.bytes = lua_tolstring(L, index, &name.len);
  column = table != NULL ? la_table_column(table, name) : NULL;
  return la_nodes_add(nodes, column != NULL ? la_expr_column(&nodes->state->sql, column, NULL)
                                            : la_expr_literal(&nodes->state->sql, name, NULL));
}

/* Adds a LIST of the columns and names in the sequence at `index`, or of the one there. */
static bool add_names(lua_State *L, la_nodes *nodes, int index, const la_node *target) {
  size_t first = nodes->count;
  bool is_list = la_is_plain_table(L, index);
  lua_Integer count = is_list ? (lua_Integer)lua_rawlen(L, index) : 0;
  if (!is_list && !add_name(L, nodes, index, target)) {
    return false;
  }
  for (lua_Integer i = 1; i <= count; i++) {
    bool added;
    lua_rawgeti(L, index, i);
    added = add_name(L, nodes, lua_gettop(L), target);
    lua_pop(L, 1);
    if (!added) {
      return false;
    }
  }
  return la_nodes_fold(
      nodes, first, la_expr_list(&nodes->state->sql, nodes->items + first, nodes->count - first));
}

static const char *const from_select_keywords[] = {"include_defaults", NULL};

/* from_select({name…}, select, {include_defaults = false}) */
static int insert_from_select(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_kind(L, LA_NODE_INSERT, "insert()"), *named, *selected, *result = NULL;
  int keywords = la_keywords(L, 4);
  bool bare = false;
  la_nodes nodes;
  la_check_count(L, 3, "from_select");
  la_check_keywords(L, keywords, from_select_keywords, "from_select");
  if (la_push_keyword(L, keywords, "include_defaults")) {
    bare = !lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  luaL_checkstack(L, 6, NULL);
  la_nodes_init(&nodes, state);
  if (!add_names(L, &nodes, 2, self->children[0]) || !la_nodes_add_select(L, &nodes, 3)) {
    return la_nodes_raise(L, &nodes);
  }
  named = la_node_with_child(self, LA_INSERT_NAMES, nodes.items[0]);
  selected = named != NULL ? la_node_with_child(named, LA_INSERT_SELECT, nodes.items[1]) : NULL;
  result = selected != NULL && bare ? la_node_with_flags(selected, LA_SELECT_NULL_ROW, 0)
                                    : la_node_retain(selected);
  la_node_release(named);
  la_node_release(selected);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static bool add_own_column(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_to_node(L, index);
  while (node != NULL && node->kind == LA_NODE_ATTRIBUTE && node->count != 0) {
    node = node->children[0];
  }
  return node != NULL && node->kind == LA_NODE_COLUMN && node->subject != NULL
             ? la_nodes_add(nodes, la_node_retain(node))
             : la_nodes_refuse(nodes, index, "column of the table");
}

/* return_defaults(column…) */
static int dml_return_defaults(lua_State *L) {
  static const char *const names[] = {"sort_by_parameter_order", NULL};
  la_state *state = la_state_of(L);
  la_node *self = la_check_statement(L, 1), *result, *chain;
  int part = la_statement_defaults_part(self), keywords = la_keywords(L, 2);
  la_nodes nodes;
  if (part < 0) {
    return la_raise_argument(L, 1, "insert() or update()");
  }
  la_check_keywords(L, keywords, names, "return_defaults");
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 2, lua_gettop(L) - (keywords != 0), add_own_column)) {
    return la_nodes_raise(L, &nodes);
  }
  chain = la_chain_new(&state->alloc, NULL, nodes.items, (uint32_t)nodes.count);
  result = chain != NULL ? la_node_with_child(self, (uint32_t)part, chain) : NULL;
  la_node_release(chain);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int insert_inline(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *self = check_kind(L, LA_NODE_INSERT, "insert()");
  return la_return_node(L, state, la_node_with_flags(self, LA_INSERT_INLINE, 0));
}

/* ---- ON CONFLICT ---- */

static const char *const conflict_keywords[] = {"index_elements", "index_where", "set_",
                                                "where",          "constraint",  NULL};

/* Adds the keyword's condition, or NULL. */
static bool add_condition_keyword(lua_State *L, la_nodes *nodes, int keywords, const char *name) {
  bool added;
  if (!la_push_keyword(L, keywords, name)) {
    return la_nodes_add_null(nodes);
  }
  added = la_nodes_add_condition(L, nodes, lua_gettop(L));
  lua_pop(L, 1);
  nodes->bad_argument = nodes->bad_argument != 0 ? 2 : 0;
  return added;
}

/* Adds the LIST of SETs of keyword "set_", or NULL. */
static bool add_set_keyword(lua_State *L, la_nodes *nodes, int keywords, la_node *target) {
  size_t first = nodes->count;
  bool added;
  if (!la_push_keyword(L, keywords, "set_")) {
    return la_nodes_add_null(nodes);
  }
  added = la_nodes_add_sets(L, nodes, lua_gettop(L), target);
  lua_pop(L, 1);
  return added && la_nodes_fold(
                      nodes, first,
                      la_expr_list(&nodes->state->sql, nodes->items + first, nodes->count - first));
}

static bool add_index_elements(lua_State *L, la_nodes *nodes, int keywords, const la_node *target) {
  bool added;
  if (!la_push_keyword(L, keywords, "index_elements")) {
    return la_nodes_add_null(nodes);
  }
  added = add_names(L, nodes, lua_gettop(L), target);
  lua_pop(L, 1);
  return added;
}

static int on_conflict(lua_State *L, bool is_update, const char *function) {
  la_state *state = la_state_of(L);
  la_node *self = check_kind(L, LA_NODE_INSERT, "insert()"), *conflict, *result = NULL;
  int keywords = la_keywords(L, 2);
  la_text constraint;
  la_nodes nodes;
  la_check_keywords(L, keywords, conflict_keywords, function);
  constraint = la_keyword_text(L, keywords, "constraint");
  if (is_update && !la_push_keyword(L, keywords, "set_")) {
    return la_raise_status(L, LA_ARGUMENT, "set parameter dictionary must not be empty");
  }
  luaL_checkstack(L, 12, NULL);
  la_nodes_init(&nodes, state);
  if (!add_index_elements(L, &nodes, keywords, self->children[0]) ||
      !add_condition_keyword(L, &nodes, keywords, "index_where") ||
      !add_set_keyword(L, &nodes, keywords, self->children[0]) ||
      !add_condition_keyword(L, &nodes, keywords, "where")) {
    return la_nodes_raise(L, &nodes);
  }
  conflict = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_CONFLICT,
                                                         .op = is_update,
                                                         .text = constraint,
                                                         .children = nodes.items,
                                                         .count = 4});
  result = conflict != NULL ? la_node_with_chained(self, LA_INSERT_CONFLICT, &conflict, 1) : NULL;
  la_node_release(conflict);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int insert_on_conflict_do_update(lua_State *L) {
  return on_conflict(L, true, "on_conflict_do_update");
}

static int insert_on_conflict_do_nothing(lua_State *L) {
  return on_conflict(L, false, "on_conflict_do_nothing");
}

/* excluded.name: the value that the row not inserted has. Upvalues: state, the INSERT's box. */
static int excluded_index(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *insert = la_to_node(L, lua_upvalueindex(2));
  la_text key = la_check_text(L, 2);
  la_error err;
  la_error_init(&err);
  la_node *column = NULL, *excluded;
  la_node *target = insert->children[0];
  while (target->kind == LA_NODE_ENTITY && target->count != 0) {
    target = target->children[0];
  }
  if (la_from_column(&state->sql, target, key, &column, &err) != LA_OK) {
    return la_raise(L, &err);
  }
  excluded = la_node_new(
      &state->alloc,
      &(la_node_parts){.kind = LA_NODE_EXCLUDED, .type = column->type, .text = column->text});
  la_node_release(column);
  return la_return_node(L, state, excluded);
}

/* A table that gives columns of the row proposed for insertion. */
static void push_excluded(lua_State *L, la_state *state) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushlightuserdata(L, state);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, excluded_index, 2);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

static int insert_index(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "excluded") == 0) {
    push_excluded(L, la_state_of(L));
    return 1;
  }
  return la_statement_index(L);
}

/* ---- UPDATE ---- */

/* The statement with assignments added. */
static int finish_values(lua_State *L, la_node *self, la_nodes *nodes, uint32_t flags) {
  la_node *chained =
      la_node_with_chained(self, LA_UPDATE_VALUES, nodes->items, (uint32_t)nodes->count);
  la_node *result = chained;
  if (chained != NULL && flags != 0) {
    result = la_node_with_flags(chained, flags, 0);
    la_node_release(chained);
  }
  la_nodes_clear(nodes);
  return la_return_node(L, nodes->state, result);
}

/* values{column = value, …} */
static int update_values(lua_State *L) {
  la_node *self = check_kind(L, LA_NODE_UPDATE, "update()");
  la_nodes nodes;
  luaL_checkstack(L, 8, NULL);
  if (self->flags & LA_SELECT_NULL_ROW) {
    return la_raise_status(L, LA_INVALID_REQUEST,
                           "This statement already has ordered values present");
  }
  if (lua_istable(L, 2) && la_is_plain_table(L, 2) && lua_rawlen(L, 2) > 0) {
    lua_rawgeti(L, 2, 1);
    if (lua_istable(L, -1) && la_is_plain_table(L, lua_gettop(L)) && la_to_node(L, -1) == NULL) {
      return la_raise_status(L, LA_INVALID_REQUEST,
                             "UPDATE construct does not support multiple parameter sets.");
    }
    lua_pop(L, 1);
  }
  la_nodes_init(&nodes, la_state_of(L));
  if (lua_gettop(L) >= 2 && !la_nodes_add_sets(L, &nodes, 2, self->children[0])) {
    return la_nodes_raise(L, &nodes);
  }
  return finish_values(L, self, &nodes, 0);
}

/* ordered_values({column, value}, …) */
static int update_ordered_values(lua_State *L) {
  la_node *self = check_kind(L, LA_NODE_UPDATE, "update()");
  la_nodes nodes;
  if (self->children[LA_UPDATE_VALUES] != NULL) {
    return la_raise_status(
        L, LA_ARGUMENT,
        "Can only invoke ordered_values() once, and not mixed with any other values() call");
  }
  la_nodes_init(&nodes, la_state_of(L));
  if (!la_nodes_add_pairs(L, &nodes, 2, lua_gettop(L), self->children[0])) {
    return la_nodes_raise(L, &nodes);
  }
  return finish_values(L, self, &nodes, LA_SELECT_NULL_ROW);
}

/* ---- opening ---- */

#define SHARED                                                                                     \
  {"returning", dml_returning}, {"prefix_with", la_statement_prefix_with},                         \
      {"add_cte", la_statement_add_cte}, {"cte", la_statement_cte},                                \
      {"options", la_statement_options}, {"execution_options", la_statement_execution_options},    \
      {"get_execution_options", la_statement_get_execution_options},                               \
      {"with_hint", la_statement_with_hint}, {"params", la_statement_params}, {                    \
    "compile", la_node_compile                                                                     \
  }

/* from_dml_column(column) */
static int core_from_dml_column(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *column;
  la_check_count(L, 1, "from_dml_column");
  column = la_node_at(L, state, 1);
  if (column == NULL || (column->kind != LA_NODE_COLUMN && column->kind != LA_NODE_ATTRIBUTE)) {
    return la_raise_argument(L, 1, "column of a table or attribute of a class");
  }
  return la_return_node(L, state, la_expr_dml_column(&state->sql, column));
}

static const luaL_Reg insert_methods[] = {SHARED,
                                          {"values", insert_values},
                                          {"from_select", insert_from_select},
                                          {"inline", insert_inline},
                                          {"return_defaults", dml_return_defaults},
                                          {"on_conflict_do_update", insert_on_conflict_do_update},
                                          {"on_conflict_do_nothing", insert_on_conflict_do_nothing},
                                          {NULL, NULL}};

static const luaL_Reg update_methods[] = {SHARED,
                                          {"where", la_statement_where},
                                          {"filter", la_statement_where},
                                          {"filter_by", la_statement_filter_by},
                                          {"values", update_values},
                                          {"ordered_values", update_ordered_values},
                                          {"return_defaults", dml_return_defaults},
                                          {NULL, NULL}};

static const luaL_Reg delete_methods[] = {SHARED,
                                          {"where", la_statement_where},
                                          {"filter", la_statement_where},
                                          {"filter_by", la_statement_filter_by},
                                          {NULL, NULL}};

static const luaL_Reg insert_metamethods[] = {
    {"__index", insert_index}, {"__tostring", la_node_tostring}, {NULL, NULL}};

static const luaL_Reg metamethods[] = {
    {"__index", la_statement_index}, {"__tostring", la_node_tostring}, {NULL, NULL}};

static const luaL_Reg functions[] = {{"insert", core_insert},
                                     {"update", core_update},
                                     {"delete", core_delete},
                                     {"from_dml_column", core_from_dml_column},
                                     {NULL, NULL}};

void la_open_sql_dml(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_INSERT, insert_methods, insert_metamethods);
  la_register_class(L, state, LA_BOX_UPDATE, update_methods, metamethods);
  la_register_class(L, state, LA_BOX_DELETE, delete_methods, metamethods);
  la_set_functions(L, functions);
}
