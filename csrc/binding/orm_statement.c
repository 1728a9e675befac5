/* SPDX-License-Identifier: MIT */
/*
 * Methods of Select that serve the ORM, and what Queries ask of their Select.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/sql.h"
#include "sql/select.h"

static la_node *check_select(lua_State *L, int index) {
  la_node *select = la_node_at(L, la_state_of(L), index);
  if (!select || select->kind != LA_NODE_SELECT) {
    la_raise_argument(L, index, "select()");
  }
  return select;
}

/* select:from_statement(statement) */
static int select_from_statement(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_select(L, 1), *given;
  la_check_count(L, 2, "from_statement");
  given = la_node_at(L, state, 2);
  while (given && (given->kind == LA_NODE_SCALAR_SUBQUERY || given->kind == LA_NODE_GROUPING)) {
    given = given->children[0];
  }
  if (!given || !la_node_is_statement(given)) {
    return la_raise_argument(L, 2, "text(), select(), union(), or another statement with rows");
  }
  return la_return_node(L, state, la_node_with_child(self, LA_SELECT_STATEMENT, given));
}

/* select:reduce_columns(only_synonyms) */
static int select_reduce_columns(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_select(L, 1), *out = NULL;
  la_error err = LA_ERROR_INIT;
  if (!lua_isnoneornil(L, 2) && !lua_isboolean(L, 2)) {
    return la_raise_argument(L, 2, "true or false");
  }
  la_configure_statement(L, state, self);
  bool only_synonyms = lua_isnoneornil(L, 2) || lua_toboolean(L, 2);
  if (la_select_reduce(&state->sql, self, only_synonyms, &out, &err) < 0) {
    return la_raise(L, &err);
  }
  return la_return_node(L, state, out);
}

/* Pushes a class, an alias of one, or the box of an expression. */
static void push_item(lua_State *L, la_state *state, la_node *node) {
  la_mapper *mapper = (la_mapper *)node->subject;
  if (node->kind == LA_NODE_ENTITY && mapper->entity == node) {
    la_push_host(L, state, mapper->host);
  } else {
    la_push_node(L, state, la_node_retain(node), 1, 1);
  }
}

/* core.select_items(statement) → what it selects or returns, as it was given, and for each the
 * class or alias that it belongs to (false: none). */
static int select_items(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *statement = la_check_statement(L, 1);
  int part = la_statement_returning_part(statement);
  part = statement->kind == LA_NODE_SELECT ? LA_SELECT_COLUMNS : part;
  const la_node *chain = part >= 0 ? la_node_child(statement, (uint32_t)part) : NULL;
  lua_settop(L, 1);
  size_t count = la_chain_count(chain);
  la_node **items = lua_newuserdatauv(L, sizeof *items * (count + 1), 0);
  la_chain_collect(chain, items);
  lua_createtable(L, (int)count, 0);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    la_node *entity = items[i];
    push_item(L, state, items[i]);
    lua_rawseti(L, 3, (lua_Integer)i + 1);
    while (entity && entity->kind != LA_NODE_ENTITY) {
      bool has = entity->kind == LA_NODE_ATTRIBUTE && entity->count > 1;
      entity = has ? entity->children[1] : la_node_child(entity, 0);
    }
    if (entity == items[i]) {
      lua_rawgeti(L, 3, (lua_Integer)i + 1);
    } else if (entity) {
      push_item(L, state, entity);
    } else {
      lua_pushboolean(L, false);
    }
    lua_rawseti(L, 4, (lua_Integer)i + 1);
  }
  return 2;
}

/* core.returning_items(statement) → what RETURNING asks for, as it was given; nil if there is none.
 */
static int returning_items(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *statement = la_to_node(L, 1);
  int part = statement ? la_statement_returning_part(statement) : -1;
  const la_node *chain = part < 0 ? NULL : la_node_child(statement, (uint32_t)part);
  lua_settop(L, 1);
  if (!chain) {
    lua_pushnil(L);
    return 1;
  }
  size_t count = la_chain_count(chain);
  la_node **items = lua_newuserdatauv(L, sizeof *items * (count + 1), 0);
  la_chain_collect(chain, items);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    push_item(L, state, items[i]);
    lua_rawseti(L, 3, (lua_Integer)i + 1);
  }
  return 1;
}

static la_node *to_entity(lua_State *L, int index) {
  la_node *node = la_to_node(L, index);
  return node && node->kind == LA_NODE_ENTITY ? node : NULL;
}

/* core.entity_class(class or alias) → the class and the name of the alias (nil: none); nothing for
 * what is neither. */
static int entity_class(lua_State *L) {
  const la_node *entity = to_entity(L, 1);
  if (!entity) {
    return 0;
  }
  la_push_host(L, la_state_of(L), ((const la_mapper *)entity->subject)->host);
  if (!entity->text.bytes) {
    return 1;
  }
  la_push_text(L, entity->text);
  return 2;
}

/* core.expression_name(expression) → what a column of it is called, or nil. */
static int expression_name(lua_State *L) {
  const la_node *node = la_to_node(L, 1);
  la_text name = node && node->kind == LA_NODE_BUNDLE     ? node->text
                 : node && node->kind == LA_NODE_FUNCTION ? la_expr_param_name(node)
                 : node                                   ? la_expr_name(node)
                                                          : LA_TEXT_NONE;
  if (!name.bytes) {
    return 0;
  }
  la_push_text(L, name);
  return 1;
}

/* core.select_options(select) → its loader options, or nil if it has none. */
static int select_options(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *chain = check_select(L, 1)->children[LA_SELECT_OPTIONS];
  lua_settop(L, 1);
  size_t count = la_chain_count(chain);
  if (count == 0) {
    return 0;
  }
  la_node **items = lua_newuserdatauv(L, sizeof *items * count, 0);
  la_chain_collect(chain, items);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    la_push_node(L, state, la_node_retain(items[i]), 1, 1);
    lua_rawseti(L, 3, (lua_Integer)i + 1);
  }
  return 1;
}

/* core.select_plain(select) → the select without the labels of a Query. */
static int select_plain(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, 1);
  if (!self || !la_node_is_select(self)) {
    return la_raise_argument(L, 1, "select()");
  }
  return la_return_node(L, state, la_node_with_flags(self, 0, LA_SELECT_LEGACY));
}

/* core.query_from_self(select, statement) → a Query's select of the same things, from `statement`.
 */
static int query_from_self(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = check_select(L, 1), *statement = la_to_node(L, 2);
  if (!statement || !la_node_is_select(statement)) {
    return la_raise_argument(L, 2, "select() or union()");
  }
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  la_nodes_add(&nodes, la_from_alias(&state->sql, statement, LA_TEXT_NONE,
                                     LA_NODE_SUBQUERY | LA_NODE_FROM_SELF));
  la_nodes_add(&nodes, la_select_new(&state->sql, NULL, 0));
  for (int i = 0; i < 4; i++) {
    static const la_select_part kept[] = {LA_SELECT_COLUMNS, LA_SELECT_OPTIONS,
                                          LA_SELECT_EXECUTION};
    la_node *made = nodes.err.status != LA_OK ? NULL
                    : i < 3 ? la_node_with_child(nodes.items[1], kept[i], self->children[kept[i]])
                            : la_node_with_chained(nodes.items[1], LA_SELECT_FROM, nodes.items, 1);
    if (nodes.err.status != LA_OK || !la_nodes_fold(&nodes, 1, made)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  la_node *result = la_node_with_flags(nodes.items[1], LA_SELECT_LEGACY, 0);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* core.select_clauses(select) → the names of the clauses that it has, as keys. */
static int select_clauses(lua_State *L) {
  static const struct {
    int part;
    const char *name;
  } clauses[] = {{LA_SELECT_FROM, "from"},          {LA_SELECT_WHERE, "where"},
                 {LA_SELECT_GROUP_BY, "group_by"},  {LA_SELECT_HAVING, "having"},
                 {LA_SELECT_ORDER_BY, "order_by"},  {LA_SELECT_DISTINCT_ON, "distinct"},
                 {LA_SELECT_LIMIT, "limit"},        {LA_SELECT_OFFSET, "offset"},
                 {LA_SELECT_STATEMENT, "statement"}};
  la_node *self = la_to_node(L, 1);
  lua_newtable(L);
  if (!self || self->kind != LA_NODE_SELECT) {
    return 1;
  }
  for (size_t i = 0; i < sizeof clauses / sizeof *clauses; i++) {
    if (self->children[clauses[i].part]) {
      lua_pushboolean(L, true);
      lua_setfield(L, -2, clauses[i].name);
    }
  }
  if (self->flags & LA_SELECT_DISTINCT) {
    lua_pushboolean(L, true);
    lua_setfield(L, -2, "distinct");
  }
  return 1;
}

void la_open_orm_statement(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"select_items", select_items},
                                       {"select_plain", select_plain},
                                       {"returning_items", returning_items},
                                       {"select_options", select_options},
                                       {"entity_class", entity_class},
                                       {"expression_name", expression_name},
                                       {"query_from_self", query_from_self},
                                       {"select_clauses", select_clauses},
                                       {NULL, NULL}};
  static const luaL_Reg methods[] = {{"from_statement", select_from_statement},
                                     {"reduce_columns", select_reduce_columns},
                                     {NULL, NULL}};
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[LA_BOX_SELECT]);
  la_set_functions(L, methods);
  lua_pop(L, 1);
  la_set_functions(L, functions);
}
