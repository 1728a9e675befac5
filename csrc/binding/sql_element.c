/* SPDX-License-Identifier: MIT */
/*
 * Elements of classes that the program has made: lualchemy.sql.element calls their functions and
 * hands over what they gave.
 */
#include "binding/host.h"
#include "binding/open.h"
#include "binding/sql.h"

static bool is_part(const la_node *node) {
  return la_node_is_expr(node) || la_node_is_from(node) || la_node_is_statement(node);
}

/* core.is_element_part(value): can an element's SQL have it inside? */
static int core_is_element_part(lua_State *L) {
  const la_node *node = la_to_node(L, 1);
  lua_pushboolean(L, node != NULL && is_part(node));
  return 1;
}

/* core.markup(text, part…) → MARKUP. */
static int core_markup(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text text = la_check_text(L, 1);
  int last = lua_gettop(L);
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  for (int i = 2; i <= last; i++) {
    la_node *node = la_node_at(L, state, i);
    if (!(node != NULL && is_part(node) ? la_nodes_add(&nodes, la_node_retain(node))
                                        : la_nodes_refuse(&nodes, i, "SQL expression"))) {
      return la_nodes_raise(L, &nodes);
    }
  }
  la_node *made = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_MARKUP,
                                                              .text = text,
                                                              .children = nodes.items,
                                                              .count = (uint32_t)nodes.count});
  la_nodes_clear(&nodes);
  return la_return_node(L, state, made);
}

enum { ELEMENT_TYPE = 1, ELEMENT_NAME, ELEMENT_CLASS, ELEMENT_IS_STATEMENT, ELEMENT_MARKUPS };

/* Adds the dialect's name at `index` and the MARKUP behind it. */
static bool add_markup(lua_State *L, la_nodes *nodes, int index) {
  la_text dialect = LA_TEXT_NONE;
  la_node *markup = la_node_at(L, nodes->state, index + 1);
  dialect.bytes = lua_tolstring(L, index, &dialect.len);
  if (dialect.bytes == NULL || markup == NULL || markup->kind != LA_NODE_MARKUP) {
    return la_nodes_refuse(nodes, index, "dialect's name, and markup behind it");
  }
  return la_nodes_add(nodes, la_expr_literal(&nodes->state->sql, dialect, NULL)) &&
         la_nodes_add(nodes, la_node_retain(markup));
}

/* core.element(type or nil, name or nil, class's name, is a statement, {dialect, markup}…) →
 * ELEMENT.
 */
static int core_element(lua_State *L) {
  la_state *state = la_state_of(L);
  la_type *type = la_opt_type(L, ELEMENT_TYPE);
  la_text name = lua_isnoneornil(L, ELEMENT_NAME) ? LA_TEXT_NONE : la_check_text(L, ELEMENT_NAME);
  la_text class = la_check_text(L, ELEMENT_CLASS);
  bool is_statement = lua_toboolean(L, ELEMENT_IS_STATEMENT);
  int last = lua_gettop(L);
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  for (int i = ELEMENT_MARKUPS; i <= last; i += 2) {
    if (!add_markup(L, &nodes, i)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  la_node *made = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_ELEMENT,
                                                              .op = is_statement ? 1 : 0,
                                                              .type = is_statement ? NULL
                                                                      : type       ? type
                                                                             : state->types.null,
                                                              .text = name,
                                                              .value = la_value_text(class),
                                                              .children = nodes.items,
                                                              .count = (uint32_t)nodes.count});
  la_nodes_clear(&nodes);
  return la_return_node(L, state, made);
}

/* Pushes the function `__clause_element__` of the table at `index`, of its metatable or of the
 * class that is its __index, without running anything of the program; or pushes nothing. */
static bool push_maker(lua_State *L, int index) {
  int top = lua_gettop(L);
  lua_pushvalue(L, index);
  for (int step = 0; step < 3 && lua_istable(L, -1); step++) {
    lua_pushliteral(L, "__clause_element__");
    if (lua_rawget(L, -2) == LUA_TFUNCTION) {
      lua_replace(L, top + 1);
      lua_settop(L, top + 1);
      return true;
    }
    lua_pop(L, 1);
    if (step == 0 && !lua_getmetatable(L, index)) {
      break;
    }
    if (step == 1) {
      lua_pushliteral(L, "__index");
      lua_rawget(L, -2);
    }
  }
  lua_settop(L, top);
  return false;
}

/* (object, maker): the object keeps what its maker gives. */
static int make_element(lua_State *L) {
  lua_pushliteral(L, "__clause_element");
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  if (la_to_node(L, -1) == NULL) {
    return la_raise_status(L, LA_ARGUMENT, "__clause_element__ must give an SQL expression, not %s",
                           luaL_typename(L, -1));
  }
  lua_rawset(L, 1);
  return 0;
}

static la_node *kept_element(lua_State *L, int index) {
  la_node *node = NULL;
  lua_pushliteral(L, "__clause_element");
  if (lua_rawget(L, index) != LUA_TNIL) {
    node = la_to_node(L, -1); /* the table holds it */
  }
  lua_pop(L, 1);
  return node;
}

la_node *la_clause_element(lua_State *L, int index) {
  if (!lua_istable(L, index) || !lua_checkstack(L, 8)) {
    return NULL;
  }
  if (lua_rawlen(L, index) > 0 && la_is_plain_table(L, index)) {
    return NULL; /* a sequence */
  }
  index = lua_absindex(L, index);
  la_node *node = kept_element(L, index);
  if (node != NULL || !push_maker(L, index)) {
    return node;
  }
  lua_pushcfunction(L, make_element);
  lua_insert(L, -2);
  lua_pushvalue(L, index);
  lua_insert(L, -2);
  bool made = lua_pcall(L, 2, 0, 0) == LUA_OK;
  lua_settop(L, made ? lua_gettop(L) : lua_gettop(L) - 1);
  return made ? kept_element(L, index) : NULL;
}

/* core.clause_element(value) → the SQL object that it stands for, or nil; what its method raises is
 * raised. */
static int core_clause_element(lua_State *L) {
  lua_settop(L, 1);
  if (lua_istable(L, 1) && kept_element(L, 1) == NULL && push_maker(L, 1)) {
    lua_pushcfunction(L, make_element);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 0);
  }
  if (lua_istable(L, 1) && kept_element(L, 1) != NULL) {
    lua_pushliteral(L, "__clause_element");
    lua_rawget(L, 1);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* ---- elements at points of a statement ---- */

/* Names of the points from LA_PREFIX_POST_SELECT on. */
static const char *const point_names[] = {"post_select", "pre_columns", "post_criteria",
                                          "post_body",   "post_values", NULL};

static la_prefix_place check_point(lua_State *L, int index) {
  return (la_prefix_place)(LA_PREFIX_POST_SELECT + luaL_checkoption(L, index, NULL, point_names));
}

/* core.extensions(statement, point) → the objects there, in order. */
static int core_extensions(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_statement(L, 1);
  la_prefix_place place = check_point(L, 2);
  const la_node *chain = la_node_child(self, (uint32_t)la_statement_prefixes_part(self));
  lua_Integer count = 0;
  lua_newtable(L);
  for (; chain != NULL; chain = chain->children[0]) {
    for (uint32_t i = chain->count; i-- > 1;) {
      const la_node *prefix = chain->children[i];
      if (prefix->value.as.integer == place && prefix->value_count > 0) {
        la_push_host(L, state, prefix->values[0].as.integer);
        lua_rawseti(L, -2, ++count);
      }
    }
  }
  for (lua_Integer low = 1, high = count; low < high; low++, high--) { /* newest come first */
    lua_rawgeti(L, -1, low);
    lua_rawgeti(L, -2, high);
    lua_rawseti(L, -3, low);
    lua_rawseti(L, -2, high);
  }
  return 1;
}

/* Adds the items of the chain that stand elsewhere. */
static bool add_others(la_nodes *nodes, const la_node *chain, la_prefix_place place) {
  size_t count = la_chain_count(chain);
  la_arena arena;
  la_arena_init(&arena, &nodes->state->alloc);
  la_node **items = la_arena_alloc(&arena, (count + 1) * sizeof *items);
  bool added = items != NULL || la_nodes_add(nodes, NULL);
  if (added) {
    la_chain_collect(chain, items);
  }
  for (size_t i = 0; added && i < count; i++) {
    if (items[i]->value.as.integer != place) {
      added = la_nodes_add(nodes, la_node_retain(items[i]));
    }
  }
  la_arena_clear(&arena);
  return added;
}

static bool add_extension(la_nodes *nodes, la_node *element, int64_t number,
                          la_prefix_place place) {
  la_value object = la_value_of_kind(LA_VALUE_HOST, number);
  return la_nodes_add(
      nodes, la_node_new(&nodes->state->alloc, &(la_node_parts){.kind = LA_NODE_PREFIX,
                                                                .value = la_value_integer(place),
                                                                .values = &object,
                                                                .value_count = 1,
                                                                .children = &element,
                                                                .count = 1}));
}

/* core.extend_statement(statement, point, object…) → the statement with these objects there and no
 * others. */
static int core_extend_statement(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_statement(L, 1);
  la_prefix_place place = check_point(L, 2);
  int last = lua_gettop(L), part = la_statement_prefixes_part(self);
  int64_t first = state->next_host + 1;
  for (int i = 3; i <= last; i++) {
    if (la_to_node(L, i) == NULL) {
      return la_raise_argument(L, i, "SQL element");
    }
    la_host_number(L, state, i);
  }
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  bool added = add_others(&nodes, la_node_child(self, (uint32_t)part), place);
  for (int i = 3; added && i <= last; i++) {
    added = add_extension(&nodes, la_node_at(L, state, i), first + i - 3, place);
  }
  if (!added) {
    return la_nodes_raise(L, &nodes);
  }
  la_node *chain = la_chain_new(&state->alloc, NULL, nodes.items, (uint32_t)nodes.count);
  la_node *made = chain != NULL ? la_node_with_child(self, (uint32_t)part, chain) : NULL;
  la_node_release(chain);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, made);
}

void la_open_sql_element(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"is_element_part", core_is_element_part},
                                       {"clause_element", core_clause_element},
                                       {"extensions", core_extensions},
                                       {"extend_statement", core_extend_statement},
                                       {"markup", core_markup},
                                       {"element", core_element},
                                       {"element_compile", la_node_compile},
                                       {"element_tostring", la_node_tostring},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
