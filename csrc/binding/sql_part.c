/* SPDX-License-Identifier: MIT */
/*
 * What an expression is made of: `left` and `right` of an operator, `element` of a label,
 * `partition_by` of a window, `value` of a parameter.
 */
#include "binding/push.h"
#include "binding/sql.h"

/* A part that expressions of a kind have: the child at `place`, from which on all, as a list. */
typedef struct part {
  const char *name;
  la_node_kind kind;
  uint8_t place;
  bool is_list;
} part;

static const part parts[] = {
    {"left", LA_NODE_BINARY, 0, false},          {"right", LA_NODE_BINARY, 1, false},
    {"element", LA_NODE_UNARY, 0, false},        {"element", LA_NODE_LABEL, 0, false},
    {"element", LA_NODE_GROUPING, 0, false},     {"element", LA_NODE_OVER, 0, false},
    {"element", LA_NODE_WITHIN_GROUP, 0, false}, {"element", LA_NODE_SCALAR_SUBQUERY, 0, false},
    {"element", LA_NODE_EXISTS, 0, false},       {"partition_by", LA_NODE_OVER, 1, false},
    {"order_by", LA_NODE_OVER, 2, false},        {"order_by", LA_NODE_WITHIN_GROUP, 1, false},
    {"func", LA_NODE_FILTER, 0, false},          {"criterion", LA_NODE_FILTER, 1, false},
    {"clause", LA_NODE_CAST, 0, false},          {"clause", LA_NODE_COERCE, 0, false},
    {"expr", LA_NODE_EXTRACT, 0, false},         {"clauses", LA_NODE_CLAUSES, 0, true},
    {"clauses", LA_NODE_TUPLE, 0, true},         {"clauses", LA_NODE_FUNCTION, 0, true},
};

/* Pushes a list of the children of `self`, the expression at index 1, from `first` on. */
static void push_children(lua_State *L, la_state *state, const la_node *self, uint32_t first) {
  lua_Integer count = 0;
  luaL_checkstack(L, 4, NULL);
  la_push_list(L, state, (int)self->count);
  for (uint32_t i = first; i < self->count; i++) {
    la_node *child = self->children[i];
    if (child != NULL && child->kind != LA_NODE_LIST) {
      la_push_node(L, state, la_node_retain(child), 1, 1);
      lua_rawseti(L, -2, ++count);
    }
  }
}

static void push_part(lua_State *L, la_state *state, const la_node *self, const part *wanted) {
  la_node *child = la_node_child(self, wanted->place);
  if (wanted->is_list) {
    push_children(L, state, self, wanted->place);
  } else if (child == NULL) {
    lua_pushnil(L);
  } else if (child->kind == LA_NODE_LIST) {
    push_children(L, state, child, 0);
  } else {
    la_push_node(L, state, la_node_retain(child), 1, 1);
  }
}

/* Pushes the value of a parameter, a list of those of an expanding one; nil if it has none. */
static void push_value(lua_State *L, la_state *state, const la_node *param) {
  if (param->flags & LA_PARAM_EXPANDING) {
    la_push_list(L, state, (int)param->value_count);
    for (uint32_t i = 0; i < param->value_count; i++) {
      la_push_value_or_null(L, state, &param->values[i]);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
  } else if (param->value.kind == LA_VALUE_NULL) {
    lua_pushnil(L);
  } else {
    la_push_value_or_null(L, state, &param->value);
  }
}

/* Pushes a field of a parameter; false if it has none of that name. */
static bool push_param_field(lua_State *L, la_state *state, const la_node *param, la_text name) {
  if (la_text_is(name, "value")) {
    push_value(L, state, param);
  } else if (la_text_is(name, "required")) {
    lua_pushboolean(L, (param->flags & LA_PARAM_REQUIRED) != 0);
  } else if (la_text_is(name, "unique")) {
    lua_pushboolean(L, (param->flags & LA_PARAM_UNIQUE) != 0);
  } else if (la_text_is(name, "expanding")) {
    lua_pushboolean(L, (param->flags & LA_PARAM_EXPANDING) != 0);
  } else if (la_text_is(name, "literal_execute")) {
    lua_pushboolean(L, (param->flags & LA_PARAM_LITERAL) != 0);
  } else {
    return false;
  }
  return true;
}

/* core.expression_part(expression, name) → whether it has such a part, and the part. */
int la_core_expression_part(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *self = la_to_node(L, 1);
  la_text name = la_check_text(L, 2);
  lua_settop(L, 2);
  lua_pushboolean(L, true);
  if (self != NULL && self->kind == LA_NODE_PARAM && push_param_field(L, state, self, name)) {
    return 2;
  }
  for (size_t i = 0; self != NULL && i < sizeof parts / sizeof *parts; i++) {
    if (parts[i].kind == self->kind && la_text_is(name, parts[i].name)) {
      push_part(L, state, self, &parts[i]);
      return 2;
    }
  }
  lua_pushboolean(L, false);
  return 1;
}
