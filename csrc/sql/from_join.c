/* SPDX-License-Identifier: MIT */
/*
 * Join conditions found through foreign keys.
 */
#include "sql/from.h"

#include "base/vec.h"

/* A column that a side of the join offers. */
typedef struct side_column {
  la_column *column;
  la_node *node; /* a reference; or NULL, then it is `column` of `from` */
  la_node *from; /* lent; NULL for the table itself */
} side_column;

typedef LA_VEC(side_column) side;

/* `left` = `right` for one column of a foreign key. */
typedef struct key_pair {
  la_constraint *constraint;
  const side_column *referred, *referring;
} key_pair;

typedef LA_VEC(key_pair) key_pairs;

static void side_clear(side *columns, la_allocator *alloc) {
  for (size_t i = 0; i < columns->count; i++) {
    la_node_release(columns->items[i].node);
  }
  la_vec_clear(alloc, columns);
}

static la_status side_add_table(side *columns, la_allocator *alloc, la_table *table, la_node *from,
                                la_error *err) {
  for (size_t i = 0; i < table->columns.count; i++) {
    side_column column = {table->columns.items[i], NULL, from};
    if (!la_vec_push(alloc, columns, column)) {
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}

/* The columns of a subquery that come from tables. */
static la_status side_add_exported(side *columns, const la_sql *sql, la_node *from, la_error *err) {
  la_arena arena;
  la_node **nodes = NULL;
  la_text *keys;
  size_t count = 0;
  la_status status;
  la_arena_init(&arena, sql->alloc);
  status = la_from_columns(sql, from, &arena, &nodes, &keys, &count, err);
  for (size_t i = 0; i < count; i++) {
    side_column column = {(la_column *)nodes[i]->subject, nodes[i], from};
    if (status == LA_OK && nodes[i]->subject != NULL && la_vec_push(sql->alloc, columns, column)) {
      continue;
    }
    if (nodes[i]->subject != NULL && status == LA_OK) {
      status = la_fail_nomem(err);
    }
    la_node_release(nodes[i]);
  }
  la_arena_clear(&arena);
  return status;
}

/* The columns of all that stands in `from`, joins being taken apart. */
static la_status side_fill(side *columns, const la_sql *sql, const la_node *from, la_error *err) {
  LA_VEC(la_node *) rest = {0};
  la_node *node = (la_node *)from;
  la_status status = LA_OK;
  while (status == LA_OK && node != NULL) {
    la_node *element = node;
    while (element->kind == LA_NODE_ENTITY && element->count != 0) {
      element = element->children[0];
    }
    node = NULL;
    if (element->kind == LA_NODE_JOIN) {
      node = element->children[0];
      if (!la_vec_push(sql->alloc, &rest, element->children[1])) {
        status = la_fail_nomem(err);
      }
      continue;
    }
    if (element->kind == LA_NODE_TABLE) {
      status = side_add_table(columns, sql->alloc, (la_table *)element->subject, NULL, err);
    } else if (element->kind == LA_NODE_ALIAS && la_from_base_table(element) != NULL &&
               element->children[0]->kind != LA_NODE_ALIAS) {
      status = side_add_table(columns, sql->alloc, la_from_base_table(element), element, err);
    } else {
      status = side_add_exported(columns, sql, element, err);
    }
    node = rest.count != 0 ? rest.items[--rest.count] : NULL;
  }
  la_vec_clear(sql->alloc, &rest);
  return status;
}

/* True if a table called as the one that `constraint` refers to stands on `columns`' side. */
static bool side_has_table(const side *columns, const la_constraint *constraint) {
  for (size_t i = 0; i < columns->count; i++) {
    const la_table *table = columns->items[i].column->table;
    if (table != NULL && la_text_equal(table->name, constraint->referred_table)) {
      return true;
    }
  }
  return false;
}

static const side_column *side_find(const side *columns, const la_column *column) {
  for (size_t i = 0; i < columns->count; i++) {
    if (columns->items[i].column == column) {
      return &columns->items[i];
    }
  }
  return NULL;
}

/* Adds the pair for `referring`'s part in `constraint` if the column that it refers to is among
 * `referred`. */
static la_status add_pair(key_pairs *pairs, la_allocator *alloc, la_constraint *constraint,
                          const side_column *referring, const side *referred, la_error *err) {
  la_error own = LA_ERROR_INIT;
  la_status status = la_constraint_resolve(constraint, &own);
  if (status != LA_OK) {
    if (status == LA_NOMEM || side_has_table(referred, constraint)) {
      if (err != NULL && err->status == LA_OK) {
        *err = own;
      }
      return status;
    }
    return LA_OK;
  }
  for (size_t i = 0; i < constraint->columns.count; i++) {
    if (constraint->columns.items[i] == referring->column &&
        i < constraint->referred_columns.count) {
      key_pair pair = {constraint, side_find(referred, constraint->referred_columns.items[i]),
                       referring};
      if (pair.referred != NULL && !la_vec_push(alloc, pairs, pair)) {
        return la_fail_nomem(err);
      }
    }
  }
  return LA_OK;
}

/* Adds the pairs whose foreign key stands in `referring`. */
static la_status find_pairs(key_pairs *pairs, la_allocator *alloc, const side *referring,
                            const side *referred, la_error *err) {
  for (size_t i = 0; i < referring->count; i++) {
    const side_column *column = &referring->items[i];
    for (size_t j = 0; j < column->column->foreign_keys.count; j++) {
      LA_TRY(add_pair(pairs, alloc, column->column->foreign_keys.items[j], column, referred, err));
    }
  }
  return LA_OK;
}

/* True if the pairs of `constraint` are the same as those of `other`. */
static bool same_pairs(const key_pairs *pairs, const la_constraint *constraint,
                       const la_constraint *other) {
  size_t counts[2] = {0, 0};
  for (size_t i = 0; i < pairs->count; i++) {
    const key_pair *pair = &pairs->items[i];
    bool found = false;
    counts[0] += pair->constraint == constraint;
    counts[1] += pair->constraint == other;
    if (pair->constraint != constraint) {
      continue;
    }
    for (size_t j = 0; j < pairs->count && !found; j++) {
      found = pairs->items[j].constraint == other && pairs->items[j].referred == pair->referred &&
              pairs->items[j].referring == pair->referring;
    }
    if (!found) {
      return false;
    }
  }
  return counts[0] == counts[1];
}

static la_status fail_join(la_status status, const la_node *left, const la_node *right,
                           la_allocator *alloc, la_error *err) {
  la_strbuf names[2];
  la_strbuf_init(&names[0], alloc);
  la_strbuf_init(&names[1], alloc);
  la_from_describe(left, &names[0]);
  la_from_describe(right, &names[1]);
  if (status == LA_NO_FOREIGN_KEYS) {
    la_fail(err, status, "Can't find any foreign key relationships between '%.*s' and '%.*s'.",
            LA_TEXT_FORMAT(la_strbuf_view(&names[0])), LA_TEXT_FORMAT(la_strbuf_view(&names[1])));
  } else {
    la_fail(err, status,
            "Can't determine join between '%.*s' and '%.*s'; tables have more than one foreign key "
            "constraint "
            "relationship between them. Please specify the 'onclause' of this join explicitly.",
            LA_TEXT_FORMAT(la_strbuf_view(&names[0])), LA_TEXT_FORMAT(la_strbuf_view(&names[1])));
  }
  la_strbuf_clear(&names[0]);
  la_strbuf_clear(&names[1]);
  return status;
}

static la_node *side_node(const la_sql *sql, const side_column *column) {
  return column->node != NULL ? la_node_retain(column->node)
                              : la_expr_column(sql, column->column, column->from);
}

static la_node *pair_condition(const la_sql *sql, const key_pair *pair) {
  la_node *referred = side_node(sql, pair->referred);
  la_node *referring = side_node(sql, pair->referring);
  la_node *condition = NULL;
  if (referred != NULL && referring != NULL) {
    condition = la_expr_binary(sql, LA_OP_EQ, referred, referring);
  }
  la_node_release(referred);
  la_node_release(referring);
  return condition;
}

/* The condition of the first pair's constraint. */
static la_status make_condition(const la_sql *sql, const key_pairs *pairs, la_node **out,
                                la_error *err) {
  LA_VEC(la_node *) terms = {0};
  bool complete = true;
  *out = NULL;
  for (size_t i = 0; complete && i < pairs->count; i++) {
    la_node *term;
    if (pairs->items[i].constraint != pairs->items[0].constraint) {
      continue;
    }
    term = pair_condition(sql, &pairs->items[i]);
    complete = term != NULL && la_vec_push(sql->alloc, &terms, term);
    if (!complete) {
      la_node_release(term);
    }
  }
  if (complete) {
    *out = la_expr_clauses(sql, LA_OP_AND, terms.items, terms.count);
  }
  for (size_t i = 0; i < terms.count; i++) {
    la_node_release(terms.items[i]);
  }
  la_vec_clear(sql->alloc, &terms);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

static la_status pick_condition(const la_sql *sql, const key_pairs *pairs, const la_node *left,
                                const la_node *right, la_node **out, la_error *err) {
  if (pairs->count == 0) {
    return fail_join(LA_NO_FOREIGN_KEYS, left, right, sql->alloc, err);
  }
  for (size_t i = 1; i < pairs->count; i++) {
    if (!same_pairs(pairs, pairs->items[i].constraint, pairs->items[0].constraint)) {
      return fail_join(LA_AMBIGUOUS_FOREIGN_KEYS, left, right, sql->alloc, err);
    }
  }
  return make_condition(sql, pairs, out, err);
}

/* The pairs between all of `left` and `right`. */
static la_status search_side(const la_sql *sql, const la_node *left, const side *right_columns,
                             side *columns, key_pairs *pairs, bool same, la_error *err) {
  LA_TRY(side_fill(columns, sql, left, err));
  LA_TRY(find_pairs(pairs, sql->alloc, right_columns, columns, err));
  return same ? LA_OK : find_pairs(pairs, sql->alloc, columns, right_columns, err);
}

la_status la_from_join_condition(const la_sql *sql, const la_node *left, const la_node *right,
                                 la_node **out, la_error *err) {
  side right_columns = {0}, near = {0}, all = {0};
  key_pairs pairs = {0};
  la_status status = side_fill(&right_columns, sql, right, err);
  if (status == LA_OK && left->kind == LA_NODE_JOIN) {
    status = search_side(sql, left->children[1], &right_columns, &near, &pairs, false, err);
  }
  if (status == LA_OK && pairs.count == 0) {
    status = search_side(sql, left, &right_columns, &all, &pairs, left == right, err);
  }
  if (status == LA_OK) {
    status = pick_condition(sql, &pairs, left, right, out, err);
  }
  la_vec_clear(sql->alloc, &pairs);
  side_clear(&right_columns, sql->alloc);
  side_clear(&near, sql->alloc);
  side_clear(&all, sql->alloc);
  return status;
}
