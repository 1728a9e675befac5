/* SPDX-License-Identifier: MIT */
#include "orm/build.h"

la_status la_node_list_take(la_node_list *nodes, la_allocator *alloc, la_node *take_node,
                            la_error *err) {
  if (take_node == NULL || !la_vec_push(alloc, &nodes->list, take_node)) {
    la_node_release(take_node);
    return la_fail_nomem(err);
  }
  return LA_OK;
}

void la_node_list_clear(la_node_list *nodes, la_allocator *alloc) {
  for (size_t i = 0; i < nodes->list.count; i++) {
    la_node_release(nodes->list.items[i]);
  }
  la_vec_clear(alloc, &nodes->list);
}

la_status la_build_replace(la_node **node, la_node *take_new, la_error *err) {
  if (take_new == NULL) {
    return la_fail_nomem(err);
  }
  la_node_release(*node);
  *node = take_new;
  return LA_OK;
}

la_status la_build_chain(la_node **node, uint32_t part, la_node *const *items, size_t count,
                         la_error *err) {
  if (count == 0) {
    return LA_OK;
  }
  return la_build_replace(node, la_node_with_chained(*node, part, items, (uint32_t)count), err);
}

la_status la_build_chain_one(la_node **node, uint32_t part, la_node *item, la_error *err) {
  return la_build_chain(node, part, &item, 1, err);
}

la_status la_build_child(la_node **node, uint32_t part, la_node *child, la_error *err) {
  return la_build_replace(node, la_node_with_child(*node, part, child), err);
}

la_status la_build_and(const la_sql *sql, la_node *a, la_node *b, la_node **out, la_error *err) {
  la_node *terms[2] = {a, b};
  if (a == NULL || b == NULL) {
    *out = la_node_retain(a != NULL ? a : b);
    return LA_OK;
  }
  *out = la_expr_clauses(sql, LA_OP_AND, terms, 2);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}
