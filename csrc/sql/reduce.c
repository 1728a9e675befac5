/* SPDX-License-Identifier: MIT */
/*
 * reduce_columns(): a select without the columns that repeat others.
 *
 * A column goes if it refers to another one of the list by a foreign key, or if a condition of the
 * statement sets the two equal, and both have one name.
 */
#include "sql/select.h"

static const la_node *plain(const la_node *node) {
  while (node->kind == LA_NODE_ATTRIBUTE) {
    node = node->children[0];
  }
  return node;
}

static la_column *column_of(const la_node *node) {
  node = plain(node);
  return node->kind == LA_NODE_COLUMN ? (la_column *)(void *)node->subject : NULL;
}

/* True if a foreign key leads from `from` to `to`. */
static bool refers_to(la_column *from, const la_column *to) {
  for (size_t i = 0; i < from->foreign_keys.count; i++) {
    la_constraint *key = from->foreign_keys.items[i];
    la_error ignored = LA_ERROR_INIT;
    if (la_constraint_resolve(key, &ignored) != LA_OK) {
      continue;
    }
    for (size_t j = 0; j < key->columns.count && j < key->referred_columns.count; j++) {
      if (key->columns.items[j] == from && key->referred_columns.items[j] == to) {
        return true;
      }
    }
  }
  return false;
}

/* True if `condition`, or a term of it, says that `a` is `b`. */
static bool equates(const la_node *condition, const la_column *a, const la_column *b) {
  if (condition->kind == LA_NODE_BINARY && condition->op == LA_OP_EQ) {
    const la_column *left = column_of(condition->children[0]);
    const la_column *right = column_of(condition->children[1]);
    return (left == a && right == b) || (left == b && right == a);
  }
  for (uint32_t i = 0;
       condition->kind == LA_NODE_CLAUSES && condition->op == LA_OP_AND && i < condition->count;
       i++) {
    const la_node *term = condition->children[i];
    if (term->kind == LA_NODE_BINARY && equates(term, a, b)) {
      return true;
    }
  }
  return false;
}

static bool are_equated(const la_node *select, const la_column *a, const la_column *b) {
  for (const la_node *chain = select->children[LA_SELECT_WHERE]; chain != NULL;
       chain = chain->children[0]) {
    for (uint32_t i = 1; i < chain->count; i++) {
      if (equates(chain->children[i], a, b)) {
        return true;
      }
    }
  }
  return false;
}

/* Whether expression `at` repeats another one that stays: by a key any, by a condition an earlier
 * one. */
static bool repeats(const la_node *select, la_node *const *exprs, size_t count, size_t at,
                    bool only_synonyms) {
  la_column *column = column_of(exprs[at]);
  for (size_t i = 0; column != NULL && i < count; i++) {
    la_column *other = i != at ? column_of(exprs[i]) : NULL;
    if (other == NULL || (only_synonyms && !la_text_equal(other->name, column->name))) {
      continue;
    }
    if (refers_to(column, other) || (i < at && are_equated(select, column, other))) {
      return true;
    }
  }
  return false;
}

la_status la_select_reduce(const la_sql *sql, const la_node *select, bool only_synonyms,
                           la_node **out, la_error *err) {
  la_arena arena;
  la_node **exprs = NULL, **kept, *bare;
  la_text *keys;
  size_t count = 0, kept_count = 0;
  la_status status;
  la_arena_init(&arena, sql->alloc);
  status = la_select_exported(sql, select, &arena, &exprs, &keys, &count, err);
  kept = status >= 0 ? la_arena_alloc(&arena, (count + 1) * sizeof *kept) : NULL;
  for (size_t i = 0; kept != NULL && i < count; i++) {
    if (!repeats(select, exprs, count, i, only_synonyms)) {
      kept[kept_count++] = exprs[i];
    }
  }
  bare = kept != NULL ? la_node_with_child(select, LA_SELECT_COLUMNS, NULL) : NULL;
  *out = bare != NULL ? la_node_with_chained(bare, LA_SELECT_COLUMNS, kept, (uint32_t)kept_count)
                      : NULL;
  la_node_release(bare);
  for (size_t i = 0; i < count; i++) {
    la_node_release(exprs[i]);
  }
  la_arena_clear(&arena);
  if (status >= 0 && *out == NULL) {
    status = la_fail_nomem(err);
  }
  return status;
}
