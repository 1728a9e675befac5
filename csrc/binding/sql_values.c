/* SPDX-License-Identifier: MIT */
/*
 * Rows of values: SETs for INSERT and UPDATE.
 *
 * A row is a map (column or key → value) or a sequence in the order of the table's columns. A map's
 * columns are put in the table's order, since a Lua table has none.
 */
#include "binding/push.h"
#include "binding/sql_values.h"

#include "binding/host.h"
#include "orm/mapper.h"

#include "base/vec.h"

#include <stdlib.h>

/* One assignment before it becomes a SET. */
typedef struct assignment {
  la_node *column; /* a reference, or NULL: only `key` is known */
  la_text key;     /* lent from the table */
  int64_t rank;
  lua_Integer position; /* of a sequence's item, else 0 */
} assignment;

typedef LA_VEC(assignment) assignments;

static void assignments_clear(assignments *all, la_allocator *alloc) {
  for (size_t i = 0; i < all->count; i++) {
    la_node_release(all->items[i].column);
  }
  la_vec_clear(alloc, all);
}

static bool push_assignment(la_nodes *nodes, assignments *all, assignment one) {
  if (!la_vec_push(&nodes->state->alloc, all, one)) {
    la_node_release(one.column);
    la_fail_nomem(&nodes->err);
    return false;
  }
  return true;
}

static int64_t rank_of(const la_node *column) {
  if (column == NULL) {
    return INT64_MAX;
  }
  if (column->kind == LA_NODE_COLUMN && column->subject != NULL) {
    return ((const la_column *)column->subject)->ordinal;
  }
  return column->value.kind == LA_VALUE_INTEGER ? column->value.as.integer : INT64_MAX - 1;
}

/* The column that `key` names in `target`; NULL with no error if it has none of that name. */
static la_node *find_column(la_nodes *nodes, la_node *target, la_text key) {
  if (target->kind == LA_NODE_ENTITY) {
    return la_entity_property(nodes->state, target, key, &nodes->err);
  }
  if (target->kind == LA_NODE_TABLE) {
    la_column *column = la_table_column((const la_table *)target->subject, key);
    la_node *node = column != NULL ? la_expr_column(&nodes->state->sql, column, NULL) : NULL;
    if (column != NULL && node == NULL) {
      la_fail_nomem(&nodes->err);
    }
    return node;
  }
  return NULL;
}

/* Reads the key on top of the stack: a string, or a column. */
static bool read_key(lua_State *L, la_nodes *nodes, la_node *target, assignment *out) {
  *out = (assignment){NULL, LA_TEXT_NONE, 0, 0};
  if (lua_type(L, -1) == LUA_TSTRING) {
    out->key.bytes = lua_tolstring(L, -1, &out->key.len);
    out->column = find_column(nodes, target, out->key);
  } else {
    la_node *column = la_to_node(L, -1);
    if (column == NULL || (column->kind != LA_NODE_COLUMN && column->kind != LA_NODE_ATTRIBUTE)) {
      la_fail(&nodes->err, LA_ARGUMENT, "keys of values are columns or their names");
      return false;
    }
    out->column = la_node_retain(column);
    out->key = column->text;
  }
  out->rank = rank_of(out->column);
  return nodes->err.status == LA_OK;
}

static int compare_ranks(const void *a, const void *b) {
  const assignment *left = a, *right = b;
  size_t len = left->key.len < right->key.len ? left->key.len : right->key.len;
  int order;
  if (left->rank != right->rank) {
    return left->rank < right->rank ? -1 : 1;
  }
  order = memcmp(left->key.bytes, right->key.bytes, len);
  return order != 0 ? order : left->key.len < right->key.len ? -1 : left->key.len > right->key.len;
}

/* Puts the column's name in front of what is wrong with its value. */
static void name_column(la_nodes *nodes, la_text name) {
  la_error named = LA_ERROR_INIT;
  if (nodes->err.status == LA_STATEMENT) {
    la_fail_code(&named, LA_STATEMENT, nodes->err.code, "(column %.*s) %s", LA_TEXT_FORMAT(name),
                 nodes->err.message);
    nodes->err = named;
  }
}

/* Adds the SET that gives `one` the value on top of the stack. */
static bool add_set(lua_State *L, la_nodes *nodes, const assignment *one) {
  const la_node *column = one->column;
  la_node named = {
      .kind = LA_NODE_COLUMN, .type = column != NULL ? column->type : NULL, .text = one->key};
  la_node *set;
  if (column != NULL && column->kind == LA_NODE_COLUMN && column->subject != NULL) {
    named.text = ((const la_column *)column->subject)->key;
  }
  if (!la_nodes_add_expr(L, nodes, lua_gettop(L), &named)) {
    name_column(nodes, named.text);
    nodes->bad_argument = nodes->bad_argument != 0 ? 2 : 0;
    return false;
  }
  set = la_set_new(&nodes->state->sql, one->column, column == NULL ? one->key : LA_TEXT_NONE,
                   nodes->items[nodes->count - 1]);
  return la_nodes_fold(nodes, nodes->count - 1, set);
}

static bool add_map(lua_State *L, la_nodes *nodes, int index, la_node *target) {
  assignments all = {0};
  bool added = true;
  lua_pushnil(L);
  while (added && lua_next(L, index)) {
    assignment one;
    lua_pop(L, 1);
    added = read_key(L, nodes, target, &one);
    if (added) {
      added = push_assignment(nodes, &all, one);
    } else {
      la_node_release(one.column);
    }
  }
  if (!added) {
    lua_settop(L, index);
  }
  if (all.count > 1) {
    qsort(all.items, all.count, sizeof *all.items, compare_ranks);
  }
  for (size_t i = 0; added && i < all.count; i++) {
    if (!la_push_assigned(L, index, all.items[i].column, all.items[i].key)) {
      la_fail(&nodes->err, LA_ARGUMENT, "two keys stand for column \"%.*s\"",
              LA_TEXT_FORMAT(all.items[i].key));
      added = false;
      break;
    }
    added = add_set(L, nodes, &all.items[i]);
    lua_pop(L, 1);
  }
  assignments_clear(&all, &nodes->state->alloc);
  return added;
}

/* Pushes the value that the table at `index` has for a column: by its box, or by its name. */
bool la_push_assigned(lua_State *L, int index, const la_node *column, la_text key) {
  la_push_text(L, key);
  if (lua_rawget(L, index) != LUA_TNIL) {
    return true;
  }
  lua_pop(L, 1);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    la_node *node = lua_type(L, -2) != LUA_TSTRING ? la_to_node(L, -2) : NULL;
    if (node != NULL && node == column) {
      lua_remove(L, -2);
      return true;
    }
    lua_pop(L, 1);
  }
  return false;
}

/* Columns by position: those of the table. */
static bool add_sequence(lua_State *L, la_nodes *nodes, int index, la_node *target) {
  const la_table *table = la_from_base_table(target);
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  if (table == NULL || (size_t)count > table->columns.count) {
    la_fail(&nodes->err, LA_ARGUMENT, "%d values for %d columns", (int)count,
            table != NULL ? (int)table->columns.count : 0);
    return false;
  }
  for (lua_Integer i = 1; i <= count; i++) {
    la_column *column = table->columns.items[i - 1];
    assignment one = {la_expr_column(&nodes->state->sql, column, NULL), column->key, 0, i};
    bool added = one.column != NULL;
    if (!added) {
      la_fail_nomem(&nodes->err);
      return false;
    }
    lua_rawgeti(L, index, i);
    added = add_set(L, nodes, &one);
    lua_pop(L, 1);
    la_node_release(one.column);
    if (!added) {
      return false;
    }
  }
  return true;
}

/* The values at `index` with those of hybrids as what they set, in place of them: a table left on
 * the stack if it is another one. The function may raise, so nothing is held yet. */
static int spread_values(lua_State *L, la_nodes *nodes, int index, const la_node *target) {
  if (target->kind != LA_NODE_ENTITY || nodes->count != 0 ||
      !la_push_hook_if(L, nodes->state, "values_of")) {
    return index;
  }
  la_push_host(L, nodes->state, ((const la_mapper *)(const void *)target->subject)->host);
  lua_pushvalue(L, index);
  lua_call(L, 2, 1);
  return lua_absindex(L, -1);
}

bool la_nodes_add_sets(lua_State *L, la_nodes *nodes, int index, la_node *target) {
  int top = lua_gettop(L);
  bool added;
  index = lua_absindex(L, index);
  if (!lua_istable(L, index) || !lua_checkstack(L, 12)) {
    return la_nodes_refuse(nodes, index, "table of values");
  }
  if (lua_rawlen(L, index) > 0) {
    return add_sequence(L, nodes, index, target);
  }
  added = add_map(L, nodes, spread_values(L, nodes, index, target), target);
  lua_settop(L, top);
  return added;
}

/* True if the first item of the sequence at `index` is a row itself. */
static bool is_list_of_rows(lua_State *L, int index) {
  bool is_row;
  if (lua_rawgeti(L, index, 1) == LUA_TNIL) {
    lua_pop(L, 1);
    return false;
  }
  is_row = lua_istable(L, -1) && la_to_node(L, -1) == NULL && la_is_plain_table(L, lua_gettop(L));
  lua_pop(L, 1);
  return is_row;
}

bool la_nodes_add_rows(lua_State *L, la_nodes *nodes, int index, la_node *target) {
  lua_Integer count;
  if (!lua_istable(L, index) || !is_list_of_rows(L, index)) {
    return la_nodes_add_sets(L, nodes, index, target);
  }
  count = (lua_Integer)lua_rawlen(L, index);
  for (lua_Integer i = 1; i <= count; i++) {
    size_t first = nodes->count;
    bool added;
    lua_rawgeti(L, index, i);
    added = la_nodes_add_sets(L, nodes, lua_gettop(L), target);
    lua_pop(L, 1);
    if (!added) {
      nodes->bad_argument = nodes->bad_argument != 0 ? index : 0;
      return false;
    }
    if (!la_nodes_fold(nodes, first,
                       la_node_new(&nodes->state->alloc,
                                   &(la_node_parts){.kind = LA_NODE_ROW,
                                                    .children = nodes->items + first,
                                                    .count = (uint32_t)(nodes->count - first)}))) {
      return false;
    }
  }
  return true;
}

/* Adds the SET of a pair {column, value} at `index`. */
static bool add_pair(lua_State *L, la_nodes *nodes, int index, la_node *target) {
  assignment one;
  bool added;
  if (!lua_istable(L, index) || lua_rawlen(L, index) != 2) {
    return la_nodes_refuse(nodes, index, "pair {column, value}");
  }
  lua_rawgeti(L, index, 1);
  added = read_key(L, nodes, target, &one);
  if (added) {
    lua_rawgeti(L, index, 2);
    added = add_set(L, nodes, &one);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  la_node_release(one.column);
  return added;
}

bool la_nodes_add_pairs(lua_State *L, la_nodes *nodes, int first, int last, la_node *target) {
  if (!lua_checkstack(L, 6)) {
    la_fail_nomem(&nodes->err);
    return false;
  }
  for (int i = first; i <= last; i++) {
    if (!add_pair(L, nodes, i, target)) {
      return false;
    }
  }
  return true;
}
