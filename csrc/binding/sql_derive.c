/* SPDX-License-Identifier: MIT */
/*
 * What a FROM element or a select is made of: corresponding_column(), is_derived_from(),
 * inner_columns.
 */
#include "binding/push.h"
#include "binding/sql.h"

static const la_node *plain(const la_node *node) {
  while (node != NULL && node->count > 0 &&
         (node->kind == LA_NODE_ENTITY || node->kind == LA_NODE_ATTRIBUTE)) {
    node = node->children[0];
  }
  return node;
}

static bool is_same_from(const la_node *a, const la_node *b) {
  a = plain(a);
  b = plain(b);
  if (a == NULL || b == NULL || a == b) {
    return a == b;
  }
  if (a->kind == LA_NODE_TABLE && b->kind == LA_NODE_TABLE) {
    return a->subject == b->subject;
  }
  return a->kind == LA_NODE_CTE && b->kind == LA_NODE_CTE &&
         a->value.as.integer == b->value.as.integer;
}

static bool is_same_column(const la_node *a, const la_node *b) {
  return a == b ||
         (a->kind == LA_NODE_COLUMN && b->kind == LA_NODE_COLUMN && a->subject == b->subject &&
          la_text_equal(a->text, b->text) && a->value.kind == b->value.kind &&
          (a->value.kind == LA_VALUE_NULL || a->value.as.integer == b->value.as.integer) &&
          is_same_from(la_node_child(a, 0), la_node_child(b, 0)));
}

/* The select or other statement whose columns `from` offers; NULL if it offers none of a
 * statement's.
 */
static const la_node *statement_under(const la_node *from) {
  from = plain(from);
  while (from != NULL && (from->kind == LA_NODE_ALIAS || from->kind == LA_NODE_CTE)) {
    from = plain(from->children[0]);
  }
  return from != NULL && la_node_is_statement(from) ? from : NULL;
}

/* Replaces `*column`, a reference, by what stands at its place in the statement it comes from; NULL
 * if it comes from none. */
static la_status step_inside(la_state *state, la_node **column, la_error *err) {
  la_node *given = *column, **exprs, *found = NULL;
  const la_node *statement = given->kind == LA_NODE_COLUMN && given->value.kind == LA_VALUE_INTEGER
                                 ? statement_under(la_node_child(given, 0))
                                 : NULL;
  la_text *keys;
  size_t count, place;
  la_arena arena;
  la_status status;
  if (statement == NULL) {
    la_node_release(given);
    *column = NULL;
    return LA_OK;
  }
  la_arena_init(&arena, &state->alloc);
  place = (size_t)given->value.as.integer;
  status = la_select_exported(&state->sql, statement, &arena, &exprs, &keys, &count, err);
  for (size_t i = 0; status == LA_OK && i < count; i++) {
    if (i + 1 == place) {
      found = exprs[i];
    } else {
      la_node_release(exprs[i]);
    }
  }
  la_arena_clear(&arena);
  la_node_release(given);
  *column = found;
  return status;
}

/* Whether `column` is `target`, or is made of it by subqueries. */
static la_status derives(la_state *state, const la_node *column, const la_node *target, bool *out,
                         la_error *err) {
  la_node *part = la_node_retain(column);
  *out = false;
  while (part != NULL) {
    const la_node *inner = part->kind == LA_NODE_LABEL ? plain(part->children[0]) : plain(part);
    if (is_same_column(part, target) || is_same_column(inner, target)) {
      *out = true;
      break;
    }
    la_node *next = la_node_retain(inner);
    la_node_release(part);
    part = next;
    LA_TRY(step_inside(state, &part, err));
  }
  la_node_release(part);
  return LA_OK;
}

static bool is_from_or_select(const la_node *node) {
  return la_node_is_from(node) || la_node_is_select(node);
}

/* from:corresponding_column(column): the column of `from` that is, or comes from, `column`; nil if
 * there is none. */
int la_from_corresponding_column(lua_State *L) {
  la_state *state = la_state_of(L);
  la_check_count(L, 2, "corresponding_column");
  const la_node *target = plain(la_check_node(L, 2, la_node_is_expr, "column"));
  const la_node *self = la_check_node(L, 1, is_from_or_select, "FROM clause or SELECT");
  lua_Integer found = 0;
  la_error err;
  lua_settop(L, 2);
  lua_getfield(L, 1, la_node_is_select(self) ? "selected_columns" : "c");
  lua_Integer count = luaL_len(L, 3);
  la_error_init(&err);
  for (lua_Integer i = 1; i <= count; i++) {
    bool is_derived = false;
    lua_geti(L, 3, i);
    const la_node *column = plain(la_to_node(L, -1));
    if (column == NULL || is_same_column(column, target)) {
      return 1;
    }
    if (derives(state, column, target, &is_derived, &err) != LA_OK) {
      return la_raise(L, &err);
    }
    found = found == 0 && (is_derived ||
                           (column->kind == LA_NODE_COLUMN && target->kind == LA_NODE_COLUMN &&
                            target->subject && column->subject == target->subject))
                ? i
                : found;
    lua_pop(L, 1);
  }
  if (found == 0) {
    return 0;
  }
  lua_geti(L, 3, found);
  return 1;
}

/* Adds what `from` is directly made of. */
static bool add_sources(la_nodes *nodes, la_node *from) {
  if (from->kind == LA_NODE_JOIN) {
    return la_nodes_add(nodes, la_node_retain(from->children[0])) &&
           la_nodes_add(nodes, la_node_retain(from->children[1]));
  }
  if (from->kind == LA_NODE_COMPOUND) {
    const la_node *list = from->children[LA_SELECT_COLUMNS];
    for (uint32_t i = 0; i < list->count; i++) {
      if (!la_nodes_add(nodes, la_node_retain(list->children[i]))) {
        return false;
      }
    }
    return true;
  }
  if (from->kind == LA_NODE_SELECT) {
    return la_nodes_add_froms(nodes, from, false);
  }
  bool is_around = from->kind == LA_NODE_ALIAS || from->kind == LA_NODE_CTE ||
                   from->kind == LA_NODE_ENTITY || from->kind == LA_NODE_GROUPING;
  return !is_around || from->count == 0 || la_nodes_add(nodes, la_node_retain(from->children[0]));
}

/* from:is_derived_from(other): whether it is `other`, or is made of it. */
int la_from_is_derived_from(lua_State *L) {
  la_nodes target, nodes;
  bool found = false;
  la_check_count(L, 2, "is_derived_from");
  la_node *self = la_check_node(L, 1, is_from_or_select, "FROM clause or SELECT");
  la_nodes_init(&target, la_state_of(L));
  if (!la_nodes_add_from(L, &target, 2)) {
    return la_nodes_raise(L, &target);
  }
  la_nodes_init(&nodes, la_state_of(L));
  bool added = la_nodes_add(&nodes, la_node_retain(self));
  for (size_t i = 0; added && !found && i < nodes.count; i++) {
    found = is_same_from(nodes.items[i], target.items[0]);
    added = found || add_sources(&nodes, nodes.items[i]);
  }
  la_nodes_clear(&target);
  if (!added) {
    return la_nodes_raise(L, &nodes);
  }
  la_nodes_clear(&nodes);
  lua_pushboolean(L, found);
  return 1;
}

/* core.column_origin(expression) → the Column of a table that it is, or comes from through
 * subqueries and labels, and the FROM element that it is a column of here; nil for what is none. */
int la_core_column_origin(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *node = plain(la_to_node(L, 1));
  lua_settop(L, 1);
  while (node != NULL && node->kind == LA_NODE_LABEL) {
    node = plain(node->children[0]);
  }
  if (node == NULL || node->kind != LA_NODE_COLUMN) {
    return 0;
  }
  if (node->subject != NULL) {
    la_push_column(L, state, (la_column *)(void *)node->subject);
  } else {
    lua_pushnil(L);
  }
  if (la_node_child(node, 0) != NULL) {
    la_push_node(L, state, la_node_retain(node->children[0]), 1, 1);
  } else {
    lua_pushnil(L);
  }
  return 2;
}

/* core.from_element(from) → what an alias, subquery or CTE stands for; nil for other elements. */
int la_core_from_element(lua_State *L) {
  const la_node *node = plain(la_to_node(L, 1));
  bool is_around = node != NULL && (node->kind == LA_NODE_ALIAS || node->kind == LA_NODE_CTE);
  if (!is_around) {
    return 0;
  }
  la_push_node(L, la_state_of(L), la_node_retain(node->children[0]), 1, 1);
  return 1;
}

/* Pushes the list of what a select selects, one by one. */
int la_push_inner_columns(lua_State *L) {
  lua_getfield(L, 1, "selected_columns");
  lua_getfield(L, -1, "values");
  lua_insert(L, -2);
  lua_call(L, 1, 1);
  return 1;
}
