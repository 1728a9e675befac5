/* SPDX-License-Identifier: MIT */
/*
 * IN with its lists.
 *
 * A list of plain values is one parameter that holds them all, so that its length is not part of
 * the statement's key. A list with an expression in it is written out.
 */
#include "binding/sql.h"

#include "base/vec.h"

/* The values of a list, read without raising. Their bytes lie in the list's strings and in
 * `scratch`. */
typedef struct in_values {
  la_arena scratch;
  LA_VEC(la_value) values;
} in_values;

static void values_clear(in_values *in, la_allocator *alloc) {
  la_vec_clear(alloc, &in->values);
  la_arena_clear(&in->scratch);
}

static bool has_nodes(lua_State *L, int index, lua_Integer count) {
  bool found = false;
  for (lua_Integer i = 1; i <= count && !found; i++) {
    lua_rawgeti(L, index, i);
    found = (lua_isuserdata(L, -1) || lua_istable(L, -1)) && la_to_node(L, -1) != NULL;
    lua_pop(L, 1);
  }
  return found;
}

/* Reads the value on top of the stack. */
static bool read_value(lua_State *L, la_nodes *nodes, in_values *in, const la_type *type) {
  la_value value;
  if (la_value_from_lua(L, lua_gettop(L), type, &in->scratch, &value, NULL, &nodes->err) != LA_OK) {
    return false;
  }
  if (!la_vec_push(&nodes->state->alloc, &in->values, value)) {
    la_fail_nomem(&nodes->err);
    return false;
  }
  return true;
}

/* The type for all of a list's values: `type` if it takes one of them naturally, else that of the
 * first. */
static la_type *type_for_all(const la_sql *sql, la_type *type, const in_values *in) {
  la_type *found = type;
  for (size_t i = 0; i < in->values.count; i++) {
    la_type *one = la_sql_type_compared(sql, type, &in->values.items[i]);
    if (in->values.items[i].kind == LA_VALUE_NULL) {
      continue;
    }
    if (one == type) {
      return type;
    }
    found = found == type ? one : found;
  }
  return found;
}

static bool add_values(lua_State *L, la_nodes *nodes, int index, const la_node *like) {
  const la_sql *sql = &nodes->state->sql;
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  in_values in = {0};
  la_type *type = nodes->value_type != NULL ? nodes->value_type : like->type;
  la_node *param = NULL;
  bool read = true;
  la_arena_init(&in.scratch, sql->alloc);
  for (lua_Integer i = 1; read && i <= count; i++) {
    lua_rawgeti(L, index, i);
    read = read_value(L, nodes, &in, type);
    lua_pop(L, 1);
  }
  if (read) {
    param = la_expr_params(sql, la_expr_param_name(like), in.values.items,
                           (uint32_t)in.values.count, 0, type_for_all(sql, type, &in));
  }
  values_clear(&in, &nodes->state->alloc);
  return read && la_nodes_add(nodes, param);
}

/* Reads the row on top of the stack, `width` values. */
static bool read_row(lua_State *L, la_nodes *nodes, in_values *in, const la_node *tuple) {
  int row = lua_gettop(L);
  if (!lua_istable(L, row) || lua_rawlen(L, row) != tuple->count) {
    la_fail(&nodes->err, LA_ARGUMENT, "a row of tuple_():in_() must be a sequence of %u values",
            (unsigned)tuple->count);
    return false;
  }
  for (uint32_t i = 0; i < tuple->count; i++) {
    bool read;
    lua_rawgeti(L, row, (lua_Integer)i + 1);
    read = read_value(L, nodes, in, tuple->children[i]->type);
    lua_pop(L, 1);
    if (!read) {
      return false;
    }
  }
  return true;
}

static bool add_rows(lua_State *L, la_nodes *nodes, int index, const la_node *tuple) {
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  in_values in = {0};
  la_node *param = NULL;
  bool read = true;
  la_arena_init(&in.scratch, &nodes->state->alloc);
  for (lua_Integer i = 1; read && i <= count; i++) {
    lua_rawgeti(L, index, i);
    read = read_row(L, nodes, &in, tuple);
    lua_pop(L, 1);
  }
  if (read) {
    param = la_expr_params(&nodes->state->sql, LA_TEXT_NONE, in.values.items,
                           (uint32_t)in.values.count, tuple->count, tuple->type);
  }
  values_clear(&in, &nodes->state->alloc);
  return read && la_nodes_add(nodes, param);
}

static bool is_collection(const la_node *node) {
  return node != NULL && node->kind == LA_NODE_UNARY &&
         (node->op == LA_OP_ANY || node->op == LA_OP_ALL);
}

void la_refuse_collections(lua_State *L, const la_node *left, const la_node *right) {
  if (is_collection(left) || is_collection(right)) {
    la_raise_status(L, LA_ARGUMENT, "Only comparison operators may be used with ANY/ALL");
  }
}

/* The row at `index` as a TUPLE: what another tuple is compared with; or the node that is there. */
bool la_nodes_add_tuple(lua_State *L, la_nodes *nodes, int index, const la_node *tuple) {
  size_t first = nodes->count;
  if (la_to_node(L, index) == NULL && !la_is_null(L, index) && !lua_istable(L, index)) {
    return la_nodes_refuse(nodes, index, "sequence of values for a tuple");
  }
  if (la_to_node(L, index) != NULL || !lua_istable(L, index)) {
    return la_nodes_add_compared(L, nodes, index, tuple);
  }
  if (lua_rawlen(L, index) != tuple->count || !lua_checkstack(L, 4)) {
    la_fail(&nodes->err, LA_ARGUMENT, "a tuple of %u is compared with a sequence of %u values",
            (unsigned)tuple->count, (unsigned)lua_rawlen(L, index));
    return false;
  }
  for (uint32_t i = 0; i < tuple->count; i++) {
    la_node like = {.kind = LA_NODE_LABEL, .type = tuple->children[i]->type};
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    bool added = la_nodes_add_expr(L, nodes, lua_gettop(L), &like);
    lua_pop(L, 1);
    if (!added) {
      nodes->bad_argument = nodes->bad_argument != 0 ? index : 0;
      return false;
    }
  }
  return la_nodes_fold(nodes, first,
                       la_expr_tuple(&nodes->state->sql, nodes->items + first, tuple->count));
}

/* A list with expressions: (?, t.b, NULL). */
static bool add_mixed(lua_State *L, la_nodes *nodes, int index, const la_node *like) {
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  size_t first = nodes->count;
  la_node *tuple;
  for (lua_Integer i = 1; i <= count; i++) {
    bool added;
    lua_rawgeti(L, index, i);
    added = la_nodes_add_expr(L, nodes, lua_gettop(L), like);
    lua_pop(L, 1);
    if (!added) {
      nodes->bad_argument = nodes->bad_argument != 0 ? index : 0;
      return false;
    }
  }
  tuple = la_expr_tuple(&nodes->state->sql, nodes->items + first, nodes->count - first);
  return la_nodes_add(nodes, tuple);
}

/* Rows some of which are tuple_()s. */
static bool add_mixed_rows(lua_State *L, la_nodes *nodes, int index, const la_node *tuple) {
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  size_t first = nodes->count;
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, index, i);
    bool added = la_nodes_add_tuple(L, nodes, lua_gettop(L), tuple);
    lua_pop(L, 1);
    if (!added) {
      nodes->bad_argument = nodes->bad_argument != 0 ? index : 0;
      return false;
    }
  }
  return la_nodes_add(
      nodes, la_expr_tuple(&nodes->state->sql, nodes->items + first, nodes->count - first));
}

/* What is no list: a select, a FROM element or function (all that it gives), a parameter, text. */
static bool add_node(la_nodes *nodes, int index, la_node *node) {
  const la_sql *sql = &nodes->state->sql;
  la_node *select, *made;
  if (la_node_is_select(node)) {
    return la_nodes_add(nodes, la_expr_scalar_subquery(sql, node));
  }
  if (la_node_is_from(node) || node->kind == LA_NODE_FUNCTION) {
    select = la_select_new(sql, &node, 1);
    made = select != NULL ? la_expr_scalar_subquery(sql, select) : NULL;
    la_node_release(select);
    return la_nodes_add(nodes, made);
  }
  if (node->kind == LA_NODE_PARAM) {
    return la_nodes_add(nodes, la_node_with_flags(node, LA_PARAM_EXPANDING, 0));
  }
  if (node->kind == LA_NODE_TEXT) {
    return la_nodes_add(nodes, la_expr_grouping(sql, node));
  }
  if (la_node_is_expr(node)) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  return la_nodes_refuse(nodes, index,
                         "IN expression list, SELECT construct, or bound parameter object");
}

static bool add_list(lua_State *L, la_nodes *nodes, const la_node *self) {
  la_node *node = la_node_at(L, nodes->state, 2);
  if (node != NULL) {
    return add_node(nodes, 2, node);
  }
  if (!lua_istable(L, 2)) {
    return la_nodes_refuse(nodes, 2,
                           "IN expression list, SELECT construct, or bound parameter object");
  }
  if (!lua_checkstack(L, 6)) {
    la_fail_nomem(&nodes->err);
    return false;
  }
  if (self->kind == LA_NODE_TUPLE) {
    return has_nodes(L, 2, (lua_Integer)lua_rawlen(L, 2)) ? add_mixed_rows(L, nodes, 2, self)
                                                          : add_rows(L, nodes, 2, self);
  }
  if (has_nodes(L, 2, (lua_Integer)lua_rawlen(L, 2))) {
    return add_mixed(L, nodes, 2, self);
  }
  return add_values(L, nodes, 2, self);
}

static int in_list(lua_State *L, la_operator op, const char *function) {
  la_state *state = la_state_of(L);
  la_node *self = la_node_at(L, state, 1);
  la_node *made;
  la_nodes nodes;
  if (self == NULL || !la_node_is_expr(self)) {
    return la_raise_argument(L, 1, "column expression");
  }
  la_check_count(L, 2, function);
  luaL_checkstack(L, 8, NULL);
  la_type *value_type = la_push_compared_type(L, state, self, function, 2);
  la_push_result(L, state, LA_BOX_EXPR);
  la_nodes_init(&nodes, state);
  nodes.value_type = value_type;
  if (!add_list(L, &nodes, self)) {
    return la_nodes_raise(L, &nodes);
  }
  made = la_expr_binary(&state->sql, op, self, nodes.items[nodes.count - 1]);
  la_nodes_clear(&nodes);
  return la_finish(L, made, 2);
}

int la_expr_in(lua_State *L) {
  return in_list(L, LA_OP_IN, "in_");
}

int la_expr_not_in(lua_State *L) {
  return in_list(L, LA_OP_NOT_IN, "not_in");
}

/* ---- parts of JSON and arrays ---- */

/* Adds the step at `index` to a JSON path: ."key" or [1]. */
static void add_step(lua_State *L, luaL_Buffer *path, int index) {
  if (lua_isinteger(L, index)) {
    char text[32];
    snprintf(text, sizeof text, "[" LUA_INTEGER_FMT "]", lua_tointeger(L, index));
    luaL_addstring(path, text);
    return;
  }
  luaL_addstring(path, ".\"");
  luaL_addstring(path, lua_tostring(L, index));
  luaL_addstring(path, "\"");
}

static void check_step(lua_State *L, int index) {
  if (!lua_isinteger(L, index) && lua_type(L, index) != LUA_TSTRING) {
    la_raise_argument(L, 2, "key, index, or sequence of these");
  }
}

/* Pushes the path that the argument at 2 stands for. */
static void push_path(lua_State *L) {
  luaL_Buffer path;
  lua_Integer count = lua_istable(L, 2) ? (lua_Integer)lua_rawlen(L, 2) : 0;
  luaL_checkstack(L, (int)count + 8, NULL);
  lua_settop(L, 2);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, 2, i);
    check_step(L, lua_gettop(L));
  }
  luaL_buffinit(L, &path);
  luaL_addstring(&path, "$");
  for (int i = 3; i <= count + 2; i++) {
    add_step(L, &path, i);
  }
  if (!lua_istable(L, 2)) {
    check_step(L, 2);
    add_step(L, &path, 2);
  }
  luaL_pushresult(&path);
}

int la_expr_at(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, la_node_is_expr, "column expression");
  la_operator op = lua_istable(L, 2) ? LA_OP_PATH_GETITEM : LA_OP_GETITEM;
  la_affinity affinity = self->type != NULL ? self->type->affinity : LA_AFFINITY_NULL;
  la_node *result;
  la_nodes nodes;
  la_node text = {
      .kind = LA_NODE_COLUMN, .type = state->types.text, .text = la_expr_param_name(self)};
  la_check_count(L, 2, "at");
  if (affinity != LA_AFFINITY_JSON && affinity != LA_AFFINITY_ARRAY) {
    return la_raise_status(L, LA_INVALID_REQUEST,
                           "Operator 'at' is not supported on this expression");
  }
  if (affinity == LA_AFFINITY_JSON && la_to_node(L, 2) == NULL) {
    push_path(L);
  }
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_expr(L, &nodes, lua_gettop(L), affinity == LA_AFFINITY_JSON ? &text : NULL)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_expr_binary(&state->sql, op, self, nodes.items[0]);
  la_nodes_clear(&nodes);
  lua_settop(L, 2);
  return la_return_node(L, state, result);
}

/* The JSON part at 1 read as a value of `type`. */
static int read_as(lua_State *L, la_type *type) {
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, 1);
  while (self != NULL && self->kind == LA_NODE_LABEL) { /* as a hybrid gives it */
    self = la_node_child(self, 0);
  }
  if (self == NULL || self->kind != LA_NODE_BINARY ||
      (self->op != LA_OP_GETITEM && self->op != LA_OP_PATH_GETITEM)) {
    return la_raise_status(
        L, LA_INVALID_REQUEST,
        "The JSON cast operator only works with a JSON index expression e.g. col:at(\"q\")");
  }
  return la_return_node(L, state,
                        type != NULL ? la_node_with_type(self, type) : la_node_retain(self));
}

/* Pushes the type that programs know by `name`. */
static void push_named_type(lua_State *L, const char *name) {
  luaL_checkstack(L, lua_gettop(L) + 6, NULL);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "lualchemy.types");
  lua_getfield(L, -1, name);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

int la_expr_as_string(lua_State *L) {
  return read_as(L, la_state_of(L)->types.text);
}

int la_expr_as_integer(lua_State *L) {
  return read_as(L, la_state_of(L)->types.integer);
}

int la_expr_as_float(lua_State *L) {
  push_named_type(L, "Float");
  return read_as(L, la_check_type(L, -1));
}

/* part:as_numeric(precision, scale, {asdecimal = …}): as Numeric() of these. */
int la_expr_as_numeric(lua_State *L) {
  int top = lua_gettop(L);
  push_named_type(L, "Numeric");
  for (int i = 2; i <= top; i++) {
    lua_pushvalue(L, i);
  }
  lua_call(L, top - 1, 1);
  return read_as(L, la_check_type(L, lua_gettop(L)));
}

int la_expr_as_boolean(lua_State *L) {
  return read_as(L, la_state_of(L)->types.boolean);
}

int la_expr_as_json(lua_State *L) {
  return read_as(L, NULL);
}
