/* SPDX-License-Identifier: MIT */
/*
 * Putting nodes together without leaking: lists of owned references, and statements that grow by
 * replacing themselves.
 */
#ifndef LA_ORM_BUILD_H
#define LA_ORM_BUILD_H

#include "base/vec.h"
#include "sql/select.h"

#pragma GCC visibility push(hidden)

/* Owned references. Zero-initialise; clear with la_node_list_clear. */
typedef struct la_node_list {
  LA_VEC(la_node *) list;
} la_node_list;

/* Takes over `take_node`, which is NULL when its maker ran out of memory. */
la_status la_node_list_take(la_node_list *nodes, la_allocator *alloc, la_node *take_node,
                            la_error *err);
void la_node_list_clear(la_node_list *nodes, la_allocator *alloc);

/* Puts `take_new`, NULL when its maker ran out of memory, in the place of `*node`. */
la_status la_build_replace(la_node **node, la_node *take_new, la_error *err);
/* `*node` with `items` chained to a part; nothing happens without items. */
la_status la_build_chain(la_node **node, uint32_t part, la_node *const *items, size_t count,
                         la_error *err);
la_status la_build_chain_one(la_node **node, uint32_t part, la_node *item, la_error *err);
la_status la_build_child(la_node **node, uint32_t part, la_node *child, la_error *err);
/* `a` AND `b`, either may be NULL; a new reference, or NULL if both are. */
la_status la_build_and(const la_sql *sql, la_node *a, la_node *b, la_node **out, la_error *err);

#pragma GCC visibility pop

#endif
