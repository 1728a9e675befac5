/* SPDX-License-Identifier: MIT */
/*
 * EXISTS and scalar subqueries, whose select can still be refined; fields of statements.
 */
#include "binding/orm_load.h"
#include "binding/push.h"
#include "binding/sql.h"

/* exists(select), exists(column…), exists() */
int la_core_exists(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *given = lua_gettop(L) == 1 ? la_to_node(L, 1) : NULL;
  la_node *select, *exists;
  la_nodes nodes;
  while (given != NULL && given->kind == LA_NODE_SCALAR_SUBQUERY) {
    given = given->children[0];
  }
  if (given != NULL && la_node_is_select(given)) {
    return la_return_node(L, state, la_expr_exists(&state->sql, given));
  }
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 1, lua_gettop(L), la_nodes_add_column)) {
    return la_nodes_raise(L, &nodes);
  }
  if (nodes.count == 0 &&
      !la_nodes_add(
          &nodes, la_node_new(&state->alloc,
                              &(la_node_parts){.kind = LA_NODE_STAR, .type = state->types.null}))) {
    return la_nodes_raise(L, &nodes);
  }
  select = la_select_new(&state->sql, nodes.items, nodes.count);
  exists = select != NULL ? la_expr_exists(&state->sql, select) : NULL;
  la_node_release(select);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, exists);
}

/* Calls `method` of the select inside self with the arguments, and puts what it gives in the
 * select's place. */
static int refine(lua_State *L, const char *method) {
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, 1), *inner;
  int count = lua_gettop(L);
  if (self == NULL || (self->kind != LA_NODE_EXISTS && self->kind != LA_NODE_SCALAR_SUBQUERY)) {
    return la_raise_argument(L, 1, "exists() or scalar subquery");
  }
  luaL_checkstack(L, count + 4, NULL);
  la_push_node(L, state, la_node_retain(self->children[0]), 1, 1);
  lua_getfield(L, -1, method);
  lua_insert(L, -2);
  for (int i = 2; i <= count; i++) {
    lua_pushvalue(L, i);
  }
  lua_call(L, count, 1);
  inner = la_to_node(L, -1);
  return la_return_node(L, state, la_node_with_child(self, 0, inner));
}

int la_expr_where(lua_State *L) {
  return refine(L, "where");
}

int la_expr_select_from(lua_State *L) {
  return refine(L, "select_from");
}

int la_expr_correlate(lua_State *L) {
  return refine(L, "correlate");
}

int la_expr_correlate_except(lua_State *L) {
  return refine(L, "correlate_except");
}

int la_expr_with_hint(lua_State *L) {
  return refine(L, "with_hint");
}

int la_expr_with_statement_hint(lua_State *L) {
  return refine(L, "with_statement_hint");
}

/* exists:select() */
int la_expr_select(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, la_node_is_expr, "expression");
  return la_return_node(L, state, la_select_new(&state->sql, &self, 1));
}

/* ---- fields of statements ---- */

static void clear_nodes(void *memory) {
  la_nodes *nodes = memory;
  if (nodes->state != NULL) {
    la_nodes_clear(nodes);
  }
}

/* Pushes the list of FROM elements that `statement` names. */
static int push_froms(lua_State *L, la_state *state, la_node *statement, bool columns_only) {
  la_nodes *nodes;
  luaL_checkstack(L, 8, NULL);
  la_configure_statement(L, state, statement);
  nodes = la_push_scratch(L, state, sizeof *nodes, clear_nodes);
  la_nodes_init(nodes, state);
  if (!la_nodes_add_froms(nodes, statement, columns_only)) {
    return la_nodes_raise(L, nodes);
  }
  la_push_list(L, state, (int)nodes->count);
  for (size_t i = 0; i < nodes->count; i++) {
    la_node *from = nodes->items[i];
    if (from->kind == LA_NODE_TABLE) {
      la_push_table(L, state, (la_table *)(void *)from->subject);
    } else {
      la_push_node(L, state, la_node_retain(from), 1, 1);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

int la_statement_get_final_froms(lua_State *L) {
  return push_froms(L, la_state_of(L), la_check_statement(L, 1), false);
}

/* Pushes the conditions of WHERE joined by AND; nil if there are none. */
static int push_whereclause(lua_State *L, la_state *state, const la_node *statement) {
  int part = la_statement_where_part(statement);
  const la_node *chain = part >= 0 ? statement->children[part] : NULL;
  size_t count = la_chain_count(chain);
  la_node **terms, *clauses;
  if (count == 0) {
    lua_pushnil(L);
    return 1;
  }
  terms = lua_newuserdatauv(L, count * sizeof *terms, 0);
  la_chain_collect(chain, terms);
  clauses = la_expr_clauses(&state->sql, LA_OP_AND, terms, count);
  la_push_node(L, state, clauses, 1, 1);
  return 1;
}

int la_statement_index(lua_State *L) {
  la_state *state;
  la_node *self;
  const char *key;
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  state = la_state_of(L);
  self = la_to_node(L, 1);
  key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  if (self == NULL) {
    return 1;
  }
  if (strcmp(key, "selected_columns") == 0 || strcmp(key, "exported_columns") == 0 ||
      strcmp(key, "c") == 0 || strcmp(key, "columns") == 0) {
    la_push_columns(L, state, self, 1);
  } else if (strcmp(key, "inner_columns") == 0 && self->kind == LA_NODE_SELECT) {
    return la_push_inner_columns(L);
  } else if (strcmp(key, "whereclause") == 0) {
    return push_whereclause(L, state, self);
  } else if (strcmp(key, "froms") == 0) {
    return push_froms(L, state, self, false);
  } else if (strcmp(key, "columns_clause_froms") == 0) {
    return push_froms(L, state, self, true);
  } else if (strcmp(key, "table") == 0 && self->kind >= LA_NODE_INSERT &&
             self->kind <= LA_NODE_DELETE) {
    la_push_node(L, state, la_node_retain(self->children[0]), 1, 1);
  } else {
    return la_push_field(L, state, "statement_field");
  }
  return 1;
}
