/* SPDX-License-Identifier: MIT */
/*
 * Functions that make expressions: constants, literals, parameters, columns, CASE, tuples, EXTRACT.
 */
#include "binding/sql.h"

static int core_true(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state, la_expr_boolean(&state->sql, true));
}

static int core_false(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state, la_expr_boolean(&state->sql, false));
}

static int core_null(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state, la_node_flagged(la_expr_null(&state->sql), LA_TYPE_IS_EXACT));
}

/* The type given as argument `index` (not the keyword table) or keyword "type_"; NULL if it is not
 * given. */
static la_type *optional_type(lua_State *L, int index, int keywords) {
  if (index != keywords && !la_is_null(L, index)) {
    return la_check_type(L, index);
  }
  if (la_push_keyword(L, keywords, "type_")) {
    return la_check_type(L, lua_gettop(L));
  }
  return NULL;
}

static const char *const literal_keywords[] = {"type_", "literal_execute", NULL};

/* literal(value, type) */
static int core_literal(lua_State *L) {
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 2);
  la_type *type;
  la_node like = {.kind = LA_NODE_LABEL};
  la_node *param;
  la_nodes nodes;
  la_check_count(L, 1, "literal");
  la_check_keywords(L, keywords, literal_keywords, "literal");
  type = optional_type(L, 2, keywords);
  like.type = type;
  la_nodes_init(&nodes, state);
  if (la_is_null(L, 1)) {
    la_value none = LA_VALUE_NONE;
    la_nodes_add(&nodes, la_expr_param(&state->sql, LA_TEXT_NONE, &none, type));
  } else {
    la_nodes_add_expr(L, &nodes, 1, &like);
  }
  if (nodes.count == 0) {
    return la_nodes_raise(L, &nodes);
  }
  param = type != NULL && nodes.items[0]->type != type ? la_node_with_type(nodes.items[0], type)
                                                       : la_node_retain(nodes.items[0]);
  la_nodes_clear(&nodes);
  if (param != NULL && la_keyword_flag(L, keywords, "literal_execute")) {
    la_node *written = la_node_with_flags(param, LA_PARAM_LITERAL, 0);
    la_node_release(param);
    param = written;
  }
  return la_return_node(L, state, param);
}

static int core_literal_column(lua_State *L) {
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 2);
  static const char *const names[] = {"type_", NULL};
  la_text text;
  la_type *type;
  la_check_count(L, 1, "literal_column");
  text = la_check_text(L, 1);
  la_check_keywords(L, keywords, names, "literal_column");
  type = optional_type(L, 2, keywords);
  return la_return_node(L, state,
                        la_text_is(text, "*")
                            ? la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_STAR,
                                                                          .type = state->types.null,
                                                                          .text = text})
                            : la_expr_literal(&state->sql, text, type));
}

static const char *const column_keywords[] = {"type_", "is_literal", NULL};

/* column(name, type) */
static int core_column(lua_State *L) {
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 2);
  la_text name;
  la_type *type;
  uint32_t quote = 0;
  la_check_count(L, 1, "column");
  name = la_check_quoted_name(L, 1, &quote);
  la_check_keywords(L, keywords, column_keywords, "column");
  type = optional_type(L, 2, keywords);
  if (la_keyword_flag(L, keywords, "is_literal")) {
    return la_return_node(L, state, la_expr_literal(&state->sql, name, type));
  }
  return la_return_node(
      L, state, la_node_flagged(la_expr_named_column(&state->sql, name, type, NULL), quote));
}

static const char *const bindparam_keywords[] = {"value",    "type_",      "unique",
                                                 "required", "expanding",  "literal_execute",
                                                 "quote",    "isoutparam", NULL};

/* Whether bindparam() has a value, whose index is then given; 0 if not. */
static int bind_value_index(lua_State *L, int keywords, int top) {
  if (keywords != 0) {
    lua_getfield(L, keywords, "value");
    if (!lua_isnil(L, -1)) {
      return lua_gettop(L);
    }
    lua_pop(L, 1);
    top--;
  }
  return top >= 2 ? 2 : 0;
}

/* A list for an expanding parameter at `index`. */
static la_node *expanding_list(lua_State *L, la_nodes *nodes, int index, la_text name,
                               la_type *type, uint32_t flags) {
  la_arena scratch;
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  la_value *values;
  la_node *node = NULL;
  la_arena_init(&scratch, &nodes->state->alloc);
  values = la_arena_alloc_zero(&scratch, ((size_t)count + 1) * sizeof *values);
  for (lua_Integer i = 1; values != NULL && i <= count; i++) {
    la_status status;
    lua_rawgeti(L, index, i);
    status = la_value_from_lua(L, lua_gettop(L), type, &scratch, &values[i - 1], NULL, &nodes->err);
    lua_pop(L, 1);
    if (status != LA_OK) {
      la_arena_clear(&scratch);
      return NULL;
    }
  }
  if (values != NULL) {
    if (type == NULL) {
      type =
          count > 0 ? la_sql_type_of_value(&nodes->state->sql, values) : nodes->state->types.null;
    }
    node = la_node_new(&nodes->state->alloc, &(la_node_parts){.kind = LA_NODE_PARAM,
                                                              .flags = flags,
                                                              .type = type,
                                                              .text = name,
                                                              .value = la_value_integer(0),
                                                              .values = values,
                                                              .value_count = (uint32_t)count});
  }
  la_arena_clear(&scratch);
  return node;
}

la_node *la_param_with_value(lua_State *L, la_nodes *nodes, int index, la_text name, la_type *type,
                             uint32_t flags) {
  la_arena scratch;
  la_value value;
  la_node *node = NULL;
  if ((flags & LA_PARAM_EXPANDING) && lua_istable(L, index)) {
    return expanding_list(L, nodes, index, name, type, flags);
  }
  la_arena_init(&scratch, &nodes->state->alloc);
  if (la_value_from_lua(L, index, type, &scratch, &value, NULL, &nodes->err) == LA_OK) {
    node = la_expr_bindparam(&nodes->state->sql, name, &value, type, flags);
  }
  la_arena_clear(&scratch);
  return node;
}

/* bindparam(name, value, {type_ = …, expanding = true}) */
static int core_bindparam(lua_State *L) {
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 2), top = lua_gettop(L), value;
  uint32_t flags = 0;
  la_text name = LA_TEXT_LITERAL("param");
  la_type *type;
  la_node *node;
  la_nodes nodes;
  la_check_count(L, 1, "bindparam");
  la_check_keywords(L, keywords, bindparam_keywords, "bindparam");
  if (la_is_null(L, 1)) {
    flags |= LA_PARAM_UNIQUE;
  } else {
    name = la_check_text(L, 1);
  }
  luaL_checkstack(L, 8, NULL);
  type = optional_type(L, 3, keywords);
  value = bind_value_index(L, keywords, top);
  flags |= la_keyword_flag(L, keywords, "unique") ? LA_PARAM_UNIQUE : 0u;
  flags |= la_keyword_flag(L, keywords, "expanding") ? LA_PARAM_EXPANDING : 0u;
  flags |= la_keyword_flag(L, keywords, "literal_execute") ? LA_PARAM_LITERAL : 0u;
  flags |= type != NULL ? LA_TYPE_IS_EXACT : 0u;
  if (value != 0 && type == NULL && la_is_plain_table(L, value) && lua_rawlen(L, value) > 0) {
    flags |= LA_PARAM_EXPANDING; /* a list can only stand in IN */
  }
  if (value == 0 || la_keyword_flag(L, keywords, "required")) {
    flags |= LA_PARAM_REQUIRED;
  }
  la_nodes_init(&nodes, state);
  node = value != 0 ? la_param_with_value(L, &nodes, value, name, type, flags)
                    : la_expr_bindparam(&state->sql, name, NULL, type, flags);
  if (node == NULL && nodes.err.status != LA_OK) {
    return la_nodes_raise(L, &nodes);
  }
  return la_return_node(L, state, node);
}

/* tuple_(expression, …, {types = {type, …}}) */
static int core_tuple(lua_State *L) {
  static const char *const names[] = {"types", NULL};
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 1), last = lua_gettop(L) - (keywords != 0), types = 0;
  la_node *result;
  la_nodes nodes;
  la_check_keywords(L, keywords, names, "tuple_");
  if (la_push_keyword(L, keywords, "types")) {
    types = lua_gettop(L);
    luaL_checktype(L, types, LUA_TTABLE);
    if ((lua_Integer)lua_rawlen(L, types) != last) {
      return la_raise_status(L, LA_ARGUMENT, "Wrong number of elements for %d-tuple: types has %d",
                             last, (int)lua_rawlen(L, types));
    }
  }
  luaL_checkstack(L, 8, NULL);
  la_nodes_init(&nodes, state);
  for (int i = 1; i <= last; i++) {
    la_node like = {.kind = LA_NODE_LABEL};
    if (types != 0) {
      lua_rawgeti(L, types, i);
      like.type = la_check_type(L, lua_gettop(L));
    }
    if (!la_nodes_add_expr(L, &nodes, i, types != 0 ? &like : NULL)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  result = la_expr_tuple(&state->sql, nodes.items, nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* core.bundle(name, list of expressions, number of a function or nil) → what stands for all of them
 * in lists of columns; the function makes one value of theirs in the rows of sessions. */
static int core_bundle(lua_State *L) {
  la_state *state = la_state_of(L);
  la_nodes nodes;
  la_node *result;
  la_text name = la_check_text(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  la_value maker = LA_VALUE_NONE;
  if (!lua_isnil(L, 3)) {
    maker = la_value_of_kind(LA_VALUE_INTEGER, luaL_checkinteger(L, 3));
  }
  la_nodes_init(&nodes, state);
  for (lua_Integer i = 1; lua_rawgeti(L, 2, i) != LUA_TNIL; i++) {
    if (!la_nodes_add_expr(L, &nodes, 4, NULL)) {
      return la_nodes_raise(L, &nodes);
    }
    lua_settop(L, 3);
  }
  result = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_BUNDLE,
                                                       .text = name,
                                                       .value = maker,
                                                       .children = nodes.items,
                                                       .count = (uint32_t)nodes.count});
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* core.next_value(name, schema or nil): the next value of a sequence. */
static int core_next_value(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text name = la_check_text(L, 1);
  la_text schema = la_is_null(L, 2) ? LA_TEXT_NONE : la_check_text(L, 2);
  la_type *type = la_is_null(L, 3) ? state->types.integer : la_check_type(L, 3);
  return la_return_node(
      L, state,
      la_node_new(&state->alloc,
                  &(la_node_parts){.kind = LA_NODE_NEXT_VALUE,
                                   .type = type,
                                   .text = name,
                                   .value = schema.bytes ? la_value_text(schema) : LA_VALUE_NONE}));
}

static int core_extract(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text field;
  la_node *result;
  la_nodes nodes;
  la_check_count(L, 2, "extract");
  field = la_check_text(L, 1);
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_expr(L, &nodes, 2, NULL)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_expr_extract(&state->sql, field, nodes.items[0]);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* ---- CASE ---- */

static const char *const case_keywords[] = {"else_", "value", NULL};

/* Adds the pair {condition, result} at `index`; with `value` the first is a value compared with it.
 */
static bool add_pair(lua_State *L, la_nodes *nodes, int index, const la_node *value) {
  la_node like = {.kind = LA_NODE_LABEL, .type = value != NULL ? value->type : NULL};
  bool added;
  if (!lua_istable(L, index) || lua_rawlen(L, index) != 2) {
    return la_nodes_refuse(nodes, index, "pair {condition, result}");
  }
  lua_rawgeti(L, index, 1);
  added = value != NULL ? la_nodes_add_expr(L, nodes, lua_gettop(L), &like)
                        : la_nodes_add_condition(L, nodes, lua_gettop(L));
  lua_pop(L, 1);
  if (added) {
    lua_rawgeti(L, index, 2);
    added = la_nodes_add_expr(L, nodes, lua_gettop(L), NULL);
    lua_pop(L, 1);
  }
  if (!added && nodes->bad_argument != 0) {
    nodes->bad_argument = index;
  }
  return added;
}

/* Adds the keyword's expression, or NULL if it is not given. */
static bool add_keyword(lua_State *L, la_nodes *nodes, int keywords, const char *name) {
  bool added;
  if (!la_push_keyword(L, keywords, name) || la_is_null(L, lua_gettop(L))) {
    return la_nodes_add_null(nodes);
  }
  added = la_nodes_add_expr(L, nodes, lua_gettop(L), NULL);
  lua_pop(L, 1);
  return added;
}

/* case({condition, result}, …, {else_ = result}); case({value, result}, …, {value = expr}) */
static int core_case(lua_State *L) {
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 1);
  int last = lua_gettop(L) - (keywords != 0);
  la_node *result;
  la_nodes nodes;
  la_check_keywords(L, keywords, case_keywords, "case");
  if (last < 1) {
    return la_raise_status(L, LA_ARGUMENT, "case() needs at least one pair {condition, result}");
  }
  luaL_checkstack(L, 8, NULL);
  la_nodes_init(&nodes, state);
  if (!add_keyword(L, &nodes, keywords, "value") || !add_keyword(L, &nodes, keywords, "else_")) {
    return la_nodes_raise(L, &nodes);
  }
  for (int i = 1; i <= last; i++) {
    if (!add_pair(L, &nodes, i, nodes.items[0])) {
      return la_nodes_raise(L, &nodes);
    }
  }
  result =
      la_expr_case(&state->sql, nodes.items[0], nodes.items + 2, nodes.count - 2, nodes.items[1]);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static const luaL_Reg functions[] = {{"true_", core_true},
                                     {"false_", core_false},
                                     {"null_", core_null},
                                     {"literal", core_literal},
                                     {"literal_column", core_literal_column},
                                     {"column", core_column},
                                     {"bindparam", core_bindparam},
                                     {"tuple_", core_tuple},
                                     {"bundle", core_bundle},
                                     {"next_value", core_next_value},
                                     {"extract", core_extract},
                                     {"case", core_case},
                                     {NULL, NULL}};

void la_open_sql_construct(lua_State *L, la_state *state) {
  (void)state;
  la_set_functions(L, functions);
}
