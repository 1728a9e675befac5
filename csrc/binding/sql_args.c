/* SPDX-License-Identifier: MIT */
/*
 * Arguments of SQL functions → nodes.
 */
#include "binding/page.h"
#include "binding/sql.h"

void la_nodes_init(la_nodes *nodes, la_state *state) {
  nodes->state = state;
  nodes->items = nodes->on_stack;
  nodes->count = 0;
  nodes->capacity = LA_NODES_ON_STACK;
  la_error_init(&nodes->err);
  nodes->bad_argument = 0;
  nodes->expected = NULL;
  nodes->value_type = NULL;
}

void la_nodes_clear(la_nodes *nodes) {
  while (nodes->count > 0) {
    la_node_release(nodes->items[--nodes->count]);
  }
  if (nodes->items != nodes->on_stack) {
    la_free(&nodes->state->alloc, nodes->items, nodes->capacity * sizeof(la_node *));
    nodes->items = nodes->on_stack;
    nodes->capacity = LA_NODES_ON_STACK;
  }
}

int la_nodes_raise(lua_State *L, la_nodes *nodes) {
  la_nodes_clear(nodes);
  if (nodes->bad_argument != 0) {
    return la_raise_argument(L, nodes->bad_argument, nodes->expected);
  }
  return la_raise(L, &nodes->err);
}

static bool grow(la_nodes *nodes) {
  size_t capacity = nodes->capacity * 2;
  la_node **items = la_alloc(&nodes->state->alloc, la_array_size(capacity, sizeof(la_node *)));
  if (items == NULL) {
    return false;
  }
  memcpy(items, nodes->items, nodes->count * sizeof(la_node *));
  if (nodes->items != nodes->on_stack) {
    la_free(&nodes->state->alloc, nodes->items, nodes->capacity * sizeof(la_node *));
  }
  nodes->items = items;
  nodes->capacity = capacity;
  return true;
}

bool la_nodes_add(la_nodes *nodes, la_node *take) {
  if (take == NULL || (nodes->count == nodes->capacity && !grow(nodes))) {
    la_node_release(take);
    la_fail_nomem(&nodes->err);
    return false;
  }
  nodes->items[nodes->count++] = take;
  return true;
}

bool la_nodes_add_null(la_nodes *nodes) {
  if (nodes->count == nodes->capacity && !grow(nodes)) {
    la_fail_nomem(&nodes->err);
    return false;
  }
  nodes->items[nodes->count++] = NULL;
  return true;
}

bool la_nodes_fold(la_nodes *nodes, size_t first, la_node *take) {
  while (nodes->count > first) {
    la_node_release(nodes->items[--nodes->count]);
  }
  return la_nodes_add(nodes, take);
}

bool la_nodes_refuse(la_nodes *nodes, int argument, const char *expected) {
  if (nodes->err.status == LA_OK && nodes->bad_argument == 0) {
    nodes->bad_argument = argument;
    nodes->expected = expected;
  }
  return false;
}

/* A parameter for the plain value at `index`. */
static bool add_param(lua_State *L, la_nodes *nodes, int index, const la_node *like) {
  la_state *state = nodes->state;
  la_type *type = nodes->value_type != NULL ? nodes->value_type : like != NULL ? like->type : NULL;
  la_value value = LA_VALUE_NONE;
  la_node *param = NULL;
  la_arena scratch;
  la_status status;
  la_arena_init(&scratch, &state->alloc);
  status = la_value_from_lua(L, index, type, &scratch, &value, NULL, &nodes->err);
  if (status == LA_OK) {
    param = la_expr_param(&state->sql, la_expr_param_name(like), &value,
                          la_sql_type_compared(&state->sql, type, &value));
  }
  la_arena_clear(&scratch);
  return status == LA_OK && la_nodes_add(nodes, param);
}

/* The node at `index` as an operand; refused if it has no value. */
static bool add_operand(la_nodes *nodes, int index, la_node *node) {
  if (la_node_is_expr(node)) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  if (la_node_is_select(node)) {
    return la_nodes_add(nodes, la_expr_scalar_subquery(&nodes->state->sql, node));
  }
  return la_nodes_refuse(nodes, index, "expression or value");
}

bool la_nodes_add_expr(lua_State *L, la_nodes *nodes, int index, const la_node *like) {
  la_node *node = la_node_at(L, nodes->state, index);
  if (node != NULL) {
    return add_operand(nodes, index, node);
  }
  if (la_is_null(L, index)) {
    return la_nodes_add(nodes, la_expr_null(&nodes->state->sql));
  }
  return add_param(L, nodes, index, like);
}

bool la_nodes_add_compared(lua_State *L, la_nodes *nodes, int index, const la_node *like) {
  if (lua_isboolean(L, index)) {
    return la_nodes_add(nodes, la_expr_boolean(&nodes->state->sql, lua_toboolean(L, index)));
  }
  return la_nodes_add_expr(L, nodes, index, like);
}

bool la_nodes_add_condition(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_node_at(L, nodes->state, index);
  if (node != NULL) {
    return add_operand(nodes, index, node);
  }
  if (la_is_null(L, index)) {
    return la_nodes_add(nodes, la_expr_null(&nodes->state->sql));
  }
  return la_nodes_refuse(nodes, index, "condition");
}

/* A number of a select list stands there as it is. */
static la_node *number_literal(lua_State *L, la_nodes *nodes, int index) {
  const la_sql *sql = &nodes->state->sql;
  char text[40];
  if (lua_isinteger(L, index)) {
    snprintf(text, sizeof text, LUA_INTEGER_FMT, lua_tointeger(L, index));
  } else {
    snprintf(text, sizeof text, "%.17g", (double)lua_tonumber(L, index));
  }
  return la_expr_literal(sql, la_text_of(text),
                         lua_isinteger(L, index) ? sql->types->integer : sql->types->real);
}

/* "*", the one text of a select list that needs no declaration. */
static bool is_star(lua_State *L, int index) {
  return lua_type(L, index) == LUA_TSTRING && strcmp(lua_tostring(L, index), "*") == 0;
}

/* Each column of the collection at `index`. */
static bool add_collection(lua_State *L, la_nodes *nodes, int index) {
  bool added = lua_checkstack(L, 6);
  if (!added) {
    la_fail_nomem(&nodes->err);
    return false;
  }
  lua_getiuservalue(L, index, 1); /* by number */
  int columns = lua_gettop(L);
  for (lua_Integer i = 1; added && lua_rawgeti(L, columns, i) != LUA_TNIL; i++) {
    added = la_nodes_add_column(L, nodes, lua_gettop(L));
    lua_settop(L, columns);
  }
  lua_settop(L, columns - 1);
  return added;
}

bool la_nodes_add_column(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_node_at(L, nodes->state, index);
  if (node == NULL && la_to_box_of(L, index, LA_BOX_COLUMNS) != NULL) {
    return add_collection(L, nodes, index);
  }
  if (node != NULL) {
    if (la_node_is_expr(node) || la_node_is_from(node) || node->kind == LA_NODE_BUNDLE ||
        node->kind == LA_NODE_RELATIONSHIP) {
      return la_nodes_add(nodes, la_node_retain(node));
    }
  } else if (la_is_null(L, index)) {
    return la_nodes_add(nodes, la_expr_null(&nodes->state->sql));
  } else if (lua_isboolean(L, index)) {
    return la_nodes_add(nodes, la_expr_boolean(&nodes->state->sql, lua_toboolean(L, index)));
  } else if (lua_type(L, index) == LUA_TNUMBER) {
    return la_nodes_add(nodes, number_literal(L, nodes, index));
  } else if (is_star(L, index)) {
    const la_sql *sql = &nodes->state->sql;
    return la_nodes_add(nodes, la_expr_literal(sql, LA_TEXT_LITERAL("*"), sql->types->null));
  }
  return la_nodes_refuse(
      nodes, index,
      lua_type(L, index) == LUA_TSTRING
          ? "column expression or FROM clause; a text is declared by text() or column()"
          : "column expression, FROM clause, or other columns clause element");
}

bool la_nodes_add_order(lua_State *L, la_nodes *nodes, int index) {
  la_node *given = la_node_at(L, nodes->state, index);
  bool added = true;
  if (given != NULL && given->kind == LA_NODE_BUNDLE) {
    for (uint32_t i = 0; i < given->count && added; i++) {
      added = la_nodes_add(nodes, la_node_retain(given->children[i]));
    }
    return added;
  }
  if (lua_type(L, index) == LUA_TSTRING) {
    la_text name;
    name.bytes = lua_tolstring(L, index, &name.len);
    return la_nodes_add(
        nodes, la_node_new(&nodes->state->alloc, &(la_node_parts){.kind = LA_NODE_LABEL_REF,
                                                                  .type = nodes->state->types.null,
                                                                  .text = name}));
  }
  if (given != NULL) {
    return add_operand(nodes, index, given);
  }
  if (lua_type(L, index) == LUA_TNUMBER || lua_isboolean(L, index)) {
    return la_nodes_refuse(nodes, index, "column expression or name");
  }
  return la_nodes_add_expr(L, nodes, index, NULL);
}

bool la_nodes_add_from(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_node_at(L, nodes->state, index);
  if (node != NULL &&
      (la_node_is_from(node) || node->kind == LA_NODE_TEXT || node->kind == LA_NODE_FUNCTION)) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  return la_nodes_refuse(nodes, index, "FROM expression, such as a Table or alias() object");
}

bool la_nodes_add_select(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_node_at(L, nodes->state, index);
  while (node != NULL && node->kind == LA_NODE_SCALAR_SUBQUERY) {
    node = node->children[0];
  }
  if (node != NULL && (la_node_is_select(node) || node->kind == LA_NODE_TEXT)) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  return la_nodes_refuse(nodes, index, "SELECT construct or equivalent text() construct");
}

/* Adds the items of the sequence at `index`. */
static bool add_items(lua_State *L, la_nodes *nodes, int index, la_nodes_adder add) {
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  for (lua_Integer i = 1; i <= count; i++) {
    bool added;
    lua_rawgeti(L, index, i);
    added = add(L, nodes, lua_gettop(L));
    lua_pop(L, 1);
    if (!added) {
      nodes->bad_argument = nodes->bad_argument != 0 ? index : 0;
      return false;
    }
  }
  return true;
}

bool la_nodes_add_each(lua_State *L, la_nodes *nodes, int first, int last, la_nodes_adder add) {
  for (int i = first; i <= last; i++) {
    bool is_list = lua_istable(L, i) && la_is_plain_table(L, i) && lua_rawlen(L, i) > 0;
    if (is_list && !lua_checkstack(L, 4)) {
      la_fail_nomem(&nodes->err);
      return false;
    }
    if (!(is_list ? add_items(L, nodes, i, add) : add(L, nodes, i))) {
      return false;
    }
  }
  return true;
}

void la_push_query(lua_State *L, la_state *state, int session) {
  session = lua_absindex(L, session);
  la_push_paged_box(L, state, LA_BOX_QUERY, LA_QUERY_SESSION);
  lua_pushvalue(L, session);
  lua_setiuservalue(L, -2, LA_QUERY_SESSION);
}

void la_push_result(lua_State *L, la_state *state, la_box_class class) {
  if (class != LA_BOX_QUERY) {
    la_push_paged_box(L, state, class, 1);
    return;
  }
  lua_getiuservalue(L, 1, LA_QUERY_SESSION);
  la_push_query(L, state, -1);
  lua_remove(L, -2);
}

void la_push_chained(lua_State *L, la_state *state, const la_node *self) {
  const la_box *box = la_to_box(L, 1);
  la_push_result(L, state, box != NULL ? box->class : la_class_of_node(state, self));
}

int la_finish(lua_State *L, la_node *take, int last) {
  if (take == NULL) {
    return la_raise_status(L, LA_NOMEM, "out of memory");
  }
  la_page_take(L, take, 1, last);
  return 1;
}

int la_return_node(lua_State *L, la_state *state, la_node *take) {
  la_push_node(L, state, take, 1, lua_gettop(L));
  return 1;
}

la_node *la_check_node(lua_State *L, int index, bool (*is)(const la_node *node),
                       const char *expected) {
  la_node *node = la_to_node(L, index);
  if (node == NULL || !is(node)) {
    la_raise_argument(L, index, expected);
  }
  return node;
}

la_node *la_check_statement(lua_State *L, int index) {
  la_node *node = la_to_node(L, index);
  if (node == NULL || !la_node_is_statement(node)) {
    la_raise_argument(L, index, "statement");
  }
  return node;
}
