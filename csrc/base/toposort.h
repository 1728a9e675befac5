/* SPDX-License-Identifier: MIT */
/*
 * Orders items by their dependencies.
 *
 * Items are numbers 0..count-1. Stable: among items that are free to come next, the lowest number
 * comes first. Works without recursion.
 */
#ifndef LA_BASE_TOPOSORT_H
#define LA_BASE_TOPOSORT_H

#include "base/alloc.h"
#include "base/status.h"

#pragma GCC visibility push(hidden)

typedef struct la_edge {
  uint32_t before;
  uint32_t after;
} la_edge;

/* Fills `order_out[count]`. On a cycle gives LA_CIRCULAR_DEPENDENCY without a message, `order_out`
 * then begins with the items that could be ordered, the rest being those of cycles or after them,
 * and
 * `*ordered_out` (may be NULL) says how many could. Edges from an item to itself are ignored. */
la_status la_toposort(la_allocator *alloc, size_t count, const la_edge *edges, size_t edge_count,
                      uint32_t *order_out, size_t *ordered_out, la_error *err);

#pragma GCC visibility pop

#endif
