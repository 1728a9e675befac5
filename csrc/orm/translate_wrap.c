/* SPDX-License-Identifier: MIT */
/*
 * A LIMIT counts objects, not joined rows: the statement without its joined loads becomes a
 * subquery, which they are joined to.
 *
 *   SELECT anon_1.id, anon_1.name, addresses_1.id AS id_1, …
 *   FROM (SELECT users.id AS id, users.name AS name FROM users ORDER BY users.name LIMIT ? OFFSET
 * ?) AS anon_1 LEFT OUTER JOIN addresses AS addresses_1 ON anon_1.id = addresses_1.user_id ORDER BY
 * anon_1.name, addresses_1.id
 */
#include "orm/translate.h"

/* What stands for the columns of the inner select outside of it. */
typedef struct wrapping {
  la_translation *self;
  la_node **outer; /* the alias's columns, in the order of `self->primary`; NULL while they are
                      gathered */
  bool gather;     /* columns that are missing in the inner select are added to it */
} wrapping;

static const la_node *plain(const la_node *node) {
  while (node->kind == LA_NODE_ATTRIBUTE) {
    node = node->children[0];
  }
  return node;
}

static bool is_same(const la_node *a, const la_node *b) {
  a = plain(a);
  b = plain(b);
  return a == b || (a->kind == LA_NODE_COLUMN && b->kind == LA_NODE_COLUMN && a->subject != NULL &&
                    a->subject == b->subject && la_node_child(a, 0) == la_node_child(b, 0));
}

static bool is_of_eager_alias(const la_translation *self, const la_node *column) {
  const la_node *from = la_node_child(column, 0);
  for (size_t i = 0; from != NULL && i < self->joins.count; i++) {
    const la_eager_join *join = &self->joins.items[i];
    if ((join->secondary != NULL && la_from_contains(join->secondary, from)) ||
        la_from_contains(join->alias->children[0], from)) {
      return true;
    }
  }
  return false;
}

static la_status swap_column(const la_node *node, void *context, la_node **out, la_error *err) {
  wrapping *wrap = context;
  la_translation *self = wrap->self;
  uint32_t at;
  for (size_t i = 0; i < self->primary.list.count; i++) {
    if (la_node_is_expr(node) && is_same(self->primary.list.items[i], node)) {
      *out = la_node_retain(wrap->outer != NULL ? wrap->outer[i] : node);
      return LA_OK;
    }
  }
  if (!wrap->gather || plain(node)->kind != LA_NODE_COLUMN ||
      is_of_eager_alias(self, plain(node))) {
    return LA_OK;
  }
  (void)err;
  return la_translate_column(self, false, true, la_node_retain(plain(node)), &at);
}

/* What is ordered by, without DESC, NULLS LAST and the like. */
static la_node *ordered_expr(la_node *item) {
  while (item->kind == LA_NODE_UNARY &&
         (item->op == LA_OP_DESC || item->op == LA_OP_ASC || item->op == LA_OP_NULLS_FIRST ||
          item->op == LA_OP_NULLS_LAST)) {
    item = item->children[0];
  }
  return item->kind == LA_NODE_LABEL ? item : (la_node *)plain(item);
}

/* The inner select gets every column that is ordered by or joined on. */
static la_status gather_columns(la_translation *self, la_node *const *order, size_t order_count) {
  wrapping wrap = {.self = self, .gather = true};
  for (size_t i = 0; i < order_count; i++) {
    la_node *expr = ordered_expr(order[i]);
    bool known = expr->kind == LA_NODE_LABEL_REF;
    uint32_t unused;
    for (size_t p = 0; p < self->primary.list.count && !known; p++) {
      known = is_same(self->primary.list.items[p], expr);
    }
    if (!known) {
      LA_TRY(la_translate_column(self, false, true, la_node_retain(expr), &unused));
    }
  }
  for (size_t i = 0; i < self->joins.count; i++) {
    la_node *copy = NULL;
    LA_TRY(la_adapt(self->alloc, self->joins.items[i].on, swap_column, &wrap, &copy, self->err));
    la_node_release(copy);
  }
  return LA_OK;
}

/* A new outer select over `alias`. */
static la_status make_outer(la_translation *self, const la_node *inner, la_node *alias,
                            la_node *const *columns, size_t count, la_node *const *order,
                            size_t order_count, la_node **out) {
  wrapping wrap = {.self = self, .outer = (la_node **)columns};
  la_node *outer = la_select_new(self->sql, columns, count);
  la_status status = outer != NULL ? LA_OK : la_fail_nomem(self->err);
  uint32_t keep =
      inner->flags & (LA_SELECT_LEGACY | LA_SELECT_LABELS_TABLE | LA_SELECT_LABELS_NONE);
  if (status >= 0 && keep != 0) {
    status = la_build_replace(&outer, la_node_with_flags(outer, keep, 0), self->err);
  }
  la_node_list_clear(&self->froms, self->alloc);
  for (size_t i = 0; i < self->joins.count && status >= 0; i++) {
    la_eager_join *join = &self->joins.items[i];
    la_node *on = NULL;
    join->root = alias;
    status = la_adapt(self->alloc, join->on, swap_column, &wrap, &on, self->err);
    if (status >= 0) {
      status = la_build_replace(&join->on, on, self->err);
    }
  }
  if (status >= 0) {
    status = la_translate_eager_froms(self);
  }
  if (status >= 0) {
    status = la_build_chain(&outer, LA_SELECT_FROM, self->froms.list.items, self->froms.list.count,
                            self->err);
  }
  if (status >= 0) {
    status = la_build_chain(&outer, LA_SELECT_COLUMNS, self->eager.list.items,
                            self->eager.list.count, self->err);
  }
  for (size_t i = 0; i < order_count && status >= 0; i++) {
    la_node *moved = NULL;
    status = la_adapt(self->alloc, order[i], swap_column, &wrap, &moved, self->err);
    if (status >= 0) {
      status = la_build_chain_one(&outer, LA_SELECT_ORDER_BY, moved, self->err);
    }
    la_node_release(moved);
  }
  if (status >= 0) {
    status = la_build_chain(&outer, LA_SELECT_ORDER_BY, self->eager_order.list.items,
                            self->eager_order.list.count, self->err);
  }
  if (status < 0) {
    la_node_release(outer);
    return status;
  }
  *out = outer;
  return LA_OK;
}

la_status la_translate_wrap(la_translation *self, la_node **select) {
  size_t order_count = la_chain_count((*select)->children[LA_SELECT_ORDER_BY]);
  la_node **order = la_arena_alloc(self->arena, (order_count + 1) * sizeof *order);
  la_node *alias = NULL, *outer = NULL, **columns = NULL;
  la_text *keys;
  size_t count = 0;
  la_status status;
  if (order == NULL) {
    return la_fail_nomem(self->err);
  }
  la_chain_collect((*select)->children[LA_SELECT_ORDER_BY], order);
  LA_TRY(gather_columns(self, order, order_count));
  LA_TRY(la_build_child(select, LA_SELECT_COLUMNS, NULL, self->err));
  LA_TRY(la_build_chain(select, LA_SELECT_COLUMNS, self->primary.list.items,
                        self->primary.list.count, self->err));
  alias = la_from_alias(self->sql, *select, LA_TEXT_NONE, LA_NODE_SUBQUERY);
  if (alias == NULL) {
    return la_fail_nomem(self->err);
  }
  status = la_from_columns(self->sql, alias, self->arena, &columns, &keys, &count, self->err);
  if (status >= 0 && count != self->primary.list.count) {
    status = la_fail(self->err, LA_INVALID_REQUEST,
                     "eager joins can't wrap a statement that selects whole FROM elements");
  }
  if (status >= 0) {
    status = make_outer(self, *select, alias, columns, count, order, order_count, &outer);
  }
  for (size_t i = 0; i < count; i++) {
    la_node_release(columns[i]);
  }
  la_node_release(alias);
  LA_TRY(status);
  return la_build_replace(select, outer, self->err);
}
