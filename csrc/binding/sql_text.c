/* SPDX-License-Identifier: MIT */
/*
 * text(): its parameters and columns; values for named parameters of any statement.
 */
#include "binding/open.h"
#include "binding/sql.h"

#include "sql/adapt.h"

static la_node *check_text_node(lua_State *L) {
  la_node *self = la_to_node(L, 1);
  if (self == NULL || self->kind != LA_NODE_TEXT) {
    la_raise_argument(L, 1, "text()");
  }
  return self;
}

static int core_text(lua_State *L) {
  la_state *state = la_state_of(L);
  la_check_count(L, 1, "text");
  return la_return_node(L, state, la_expr_text(&state->sql, la_check_text(L, 1)));
}

/* The place of the parameter called `name` in `text`; SIZE_MAX if it has none. */
static size_t place_of(const la_node *text, la_text name) {
  for (uint32_t i = 0; i < text->count; i++) {
    if (la_text_equal(text->children[i]->text, name)) {
      return i;
    }
  }
  return SIZE_MAX;
}

static bool fail_unknown_name(la_nodes *nodes, la_text name) {
  la_fail(&nodes->err, LA_ARGUMENT,
          "This text() construct doesn't define a bound parameter named '%.*s'",
          LA_TEXT_FORMAT(name));
  return false;
}

/* A parameter like `old` with the value on top of the stack; NULL if something was noted. */
static la_node *with_value(lua_State *L, la_nodes *nodes, const la_node *old) {
  la_type *type = old->type != NULL && old->type->kind != LA_TYPE_NULL ? old->type : NULL;
  la_node *param = la_param_with_value(L, nodes, lua_gettop(L), old->text, type,
                                       old->flags & ~(uint32_t)LA_PARAM_REQUIRED);
  if (param == NULL) {
    la_fail_nomem(&nodes->err);
  }
  return param;
}

/* Puts `take` in the place of the list's node `i`. */
static void replace_node(la_nodes *nodes, size_t i, la_node *take) {
  la_node_release(nodes->items[i]);
  nodes->items[i] = take;
}

/* The map of names and values at `index`. */
static bool bind_map(lua_State *L, la_nodes *nodes, const la_node *text, int index) {
  lua_pushnil(L);
  while (lua_next(L, index)) {
    la_text name = LA_TEXT_NONE;
    size_t place;
    la_node *param;
    if (lua_type(L, -2) == LUA_TSTRING) {
      name.bytes = lua_tolstring(L, -2, &name.len);
    }
    place = place_of(text, name);
    if (place == SIZE_MAX) {
      return fail_unknown_name(nodes, name);
    }
    param = with_value(L, nodes, text->children[place]);
    if (param == NULL) {
      return false;
    }
    replace_node(nodes, place, param);
    lua_pop(L, 1);
  }
  return true;
}

/* The bindparam() at `index`. */
static bool bind_param(lua_State *L, la_nodes *nodes, const la_node *text, int index) {
  la_node *param = la_to_node(L, index);
  size_t place;
  if (param == NULL || param->kind != LA_NODE_PARAM) {
    return la_nodes_refuse(nodes, index, "bindparam() or table of values");
  }
  place = place_of(text, param->text);
  if (place == SIZE_MAX) {
    return fail_unknown_name(nodes, param->text);
  }
  replace_node(nodes, place, la_node_retain(param));
  return true;
}

/* text:bindparams(bindparam…, {name = value, …}) */
static int text_bindparams(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_text_node(L), *result;
  la_nodes nodes;
  luaL_checkstack(L, 6, NULL);
  la_nodes_init(&nodes, state);
  for (uint32_t i = 0; i < self->count; i++) {
    if (!la_nodes_add(&nodes, la_node_retain(self->children[i]))) {
      return la_nodes_raise(L, &nodes);
    }
  }
  for (int i = 2; i <= lua_gettop(L); i++) {
    bool bound =
        la_is_plain_table(L, i) ? bind_map(L, &nodes, self, i) : bind_param(L, &nodes, self, i);
    if (!bound) {
      return la_nodes_raise(L, &nodes);
    }
  }
  result = la_node_with_children(self, nodes.items, (uint32_t)nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* A column that the text gives: column(), a table's column, a label. */
static bool add_text_column(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_to_node(L, index);
  if (node == NULL || !la_node_is_expr(node)) {
    return la_nodes_refuse(nodes, index, "column");
  }
  return la_nodes_add(nodes, la_node_retain(node));
}

/* text:columns(column…, {name = type, …}) */
static int text_columns(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_text_node(L), *result;
  int keywords = la_keywords(L, 2);
  la_nodes nodes;
  luaL_checkstack(L, 6, NULL);
  if (keywords != 0) {
    /* Types are checked before anything is held. */
    lua_pushnil(L);
    while (lua_next(L, keywords)) {
      la_check_type(L, lua_gettop(L));
      lua_pop(L, 1);
    }
  }
  la_nodes_init(&nodes, state);
  la_nodes_add(&nodes, la_node_retain(self));
  if (!la_nodes_add_each(L, &nodes, 2, lua_gettop(L) - (keywords != 0), add_text_column)) {
    return la_nodes_raise(L, &nodes);
  }
  if (keywords != 0) {
    lua_pushnil(L);
    while (lua_next(L, keywords)) {
      la_text name;
      name.bytes = lua_tolstring(L, -2, &name.len);
      if (!la_nodes_add(&nodes, la_expr_named_column(&state->sql, name,
                                                     la_check_type(L, lua_gettop(L)), NULL))) {
        return la_nodes_raise(L, &nodes);
      }
      lua_pop(L, 1);
    }
  }
  result = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_TEXTUAL,
                                                       .children = nodes.items,
                                                       .count = (uint32_t)nodes.count});
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static const luaL_Reg methods[] = {{"bindparams", text_bindparams},
                                   {"columns", text_columns},
                                   {"params", la_statement_params},
                                   {NULL, NULL}};

static const luaL_Reg functions[] = {{"text", core_text}, {NULL, NULL}};

void la_open_sql_text(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_TEXT, methods, NULL);
  la_set_functions(L, functions);
}
