/* SPDX-License-Identifier: MIT */
/*
 * Functions in FROM: table-valued and column-valued ones, and what samples a table.
 */
#include "binding/sql.h"

static const char *const table_valued_keywords[] = {"name", "with_ordinality", "joins_implicitly",
                                                    NULL};

/* Adds a column that a table-valued function gives: a name or a column(). */
static bool add_valued_column(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_to_node(L, index);
  if (lua_type(L, index) == LUA_TSTRING) {
    la_text name;
    name.bytes = lua_tolstring(L, index, &name.len);
    return la_nodes_add(nodes, la_expr_named_column(&nodes->state->sql, name, NULL, NULL));
  }
  if (node != NULL && node->kind == LA_NODE_COLUMN) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  return la_nodes_refuse(nodes, index, "column name or column()");
}

/* A table itself as one value: `row_to_json(users)`. */
static int table_as_value(lua_State *L, la_state *state, la_node *from) {
  return la_return_node(L, state,
                        la_expr_named_column(&state->sql, LA_TEXT_LITERAL(""), NULL, from));
}

/* function:table_valued("value", …, {name = …}); table:table_valued() */
int la_expr_table_valued(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, 1);
  if (self != NULL && la_node_is_from(self)) {
    return table_as_value(L, state, self);
  }
  self = la_check_node(L, 1, la_is_function, "function");
  int keywords = la_keywords(L, 2);
  int last = lua_gettop(L) - (keywords != 0);
  uint32_t flags = 0;
  la_text name, ordinality;
  la_node *result;
  la_nodes nodes;
  la_check_keywords(L, keywords, table_valued_keywords, "table_valued");
  name = la_keyword_text(L, keywords, "name");
  ordinality = la_keyword_text(L, keywords, "with_ordinality");
  flags |= la_keyword_flag(L, keywords, "joins_implicitly") ? LA_ALIAS_IMPLICIT : 0u;
  flags |= ordinality.bytes != NULL ? LA_ALIAS_ORDINALITY : 0u;
  la_nodes_init(&nodes, state);
  la_nodes_add(&nodes, la_node_retain(self));
  for (int i = 2; i <= last; i++) {
    if (!add_valued_column(L, &nodes, i)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  if (ordinality.bytes != NULL) {
    la_nodes_add(&nodes, la_expr_named_column(&state->sql, ordinality, NULL, NULL));
  }
  if (nodes.err.status != LA_OK) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_ALIAS,
                                                       .flags = flags,
                                                       .text = name,
                                                       .children = nodes.items,
                                                       .count = (uint32_t)nodes.count});
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* function:scalar_table_valued("name", type): the column of what the function gives. */
int la_expr_scalar_table_valued(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, la_is_function, "function");
  la_text name = la_check_text(L, 2);
  la_type *type = la_is_null(L, 3) ? state->types.null : la_check_type(L, 3);
  return la_return_node(L, state,
                        la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_FIELD,
                                                                    .type = type,
                                                                    .text = name,
                                                                    .children = &self,
                                                                    .count = 1}));
}

/* function:column_valued(name, {joins_implicitly = …}): the function in FROM, and its only column,
 * which goes by the alias's name. */
int la_expr_column_valued(lua_State *L) {
  static const char *const names[] = {"name", "joins_implicitly", NULL};
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, la_is_function, "function");
  int keywords = la_keywords(L, 2);
  la_check_keywords(L, keywords, names, "column_valued");
  la_text name = keywords != 2 && !la_is_null(L, 2) ? la_check_text(L, 2)
                                                    : la_keyword_text(L, keywords, "name");
  uint32_t flags = la_keyword_flag(L, keywords, "joins_implicitly") ? LA_ALIAS_IMPLICIT : 0u;
  la_node *alias = la_from_alias(&state->sql, self, name, flags);
  la_node *column = alias != NULL ? la_from_function_column(&state->sql, alias) : NULL;
  la_node_release(alias);
  return la_return_node(L, state, column);
}

static bool is_plain_function(const la_node *node) {
  return node->kind == LA_NODE_FUNCTION;
}

/* function:as_comparison(left, right): it compares these arguments, numbered from 1; what a
 * relationship's condition needs to know. */
int la_expr_as_comparison(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, is_plain_function, "function");
  lua_Integer sides[2];
  la_check_count(L, 3, "as_comparison");
  for (int i = 0; i < 2; i++) {
    sides[i] = lua_isinteger(L, i + 2) ? lua_tointeger(L, i + 2) : 0;
    if (sides[i] < 1 || sides[i] > self->count || sides[i] > INT16_MAX) {
      return la_raise_status(L, LA_ARGUMENT,
                             "as_comparison takes the numbers of two arguments, from 1 to %d",
                             (int)self->count);
    }
  }
  return la_return_node(
      L, state,
      la_node_new(&state->alloc,
                  &(la_node_parts){.kind = LA_NODE_FUNCTION,
                                   .type = state->types.boolean,
                                   .flags = self->flags,
                                   .text = self->text,
                                   .value = la_value_integer(LA_COMPARES(sides[0], sides[1])),
                                   .children = self->children,
                                   .count = self->count}));
}

/* function:alias(name) */
int la_expr_function_alias(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, la_is_function, "function");
  la_text name = la_is_null(L, 2) ? LA_TEXT_NONE : la_check_text(L, 2);
  return la_return_node(L, state, la_from_alias(&state->sql, self, name, 0));
}

static bool is_function_alias(const la_node *node) {
  return node->kind == LA_NODE_ALIAS && la_is_function(node->children[0]);
}

/* valued:render_derived{name = …, with_types = true}: the names of its columns behind its own. */
int la_from_render_derived(lua_State *L) {
  static const char *const names[] = {"name", "with_types", NULL};
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, is_function_alias, "table-valued function");
  int keywords = la_keywords(L, 2);
  uint32_t flags = LA_ALIAS_DERIVED;
  la_node *named, *result;
  la_check_keywords(L, keywords, names, "render_derived");
  flags |= la_keyword_flag(L, keywords, "with_types") ? LA_ALIAS_TYPED : 0u;
  named = la_node_with_text(self, la_keyword_text(L, keywords, "name"));
  result = named != NULL ? la_node_with_flags(named, flags, 0) : NULL;
  la_node_release(named);
  return la_return_node(L, state, result);
}

/* The sampling function: `index` holds one, text(), or the percentage of system(). */
static bool add_sampling(lua_State *L, la_nodes *nodes, int index) {
  const la_sql *sql = &nodes->state->sql;
  la_node like = {.kind = LA_NODE_FUNCTION, .text = LA_TEXT_LITERAL("system")};
  la_node *given = la_to_node(L, index);
  size_t first = nodes->count;
  if (given != NULL && given->kind == LA_NODE_FUNCTION) {
    return la_nodes_add(nodes, la_node_retain(given));
  }
  return la_nodes_add_expr(L, nodes, index, &like) &&
         la_nodes_fold(nodes, first,
                       la_expr_function(sql, like.text, nodes->items + first, 1, NULL));
}

/* from:tablesample(sampling, name, {seed = …}); tablesample(from, …). */
int la_from_tablesample(lua_State *L) {
  static const char *const names[] = {"name", "seed", NULL};
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 3);
  la_text name;
  la_node *result;
  la_nodes nodes;
  la_check_count(L, 2, "tablesample");
  la_check_keywords(L, keywords, names, "tablesample");
  name = keywords != 3 && !la_is_null(L, 3) ? la_check_text(L, 3)
                                            : la_keyword_text(L, keywords, "name");
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_from(L, &nodes, 1) || !add_sampling(L, &nodes, 2)) {
    return la_nodes_raise(L, &nodes);
  }
  if (la_push_keyword(L, keywords, "seed") &&
      !la_nodes_add_expr(L, &nodes, lua_gettop(L), nodes.items[1])) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_ALIAS,
                                                       .flags = LA_ALIAS_SAMPLE,
                                                       .text = name,
                                                       .children = nodes.items,
                                                       .count = (uint32_t)nodes.count});
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}
