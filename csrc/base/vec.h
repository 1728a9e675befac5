/* SPDX-License-Identifier: MIT */
/*
 * Growable arrays of a type: `LA_VEC(la_node *) nodes;`
 *
 * Zero-initialised is empty. The owner clears it. Push is false when out of memory, and then the
 * array is unchanged.
 */
#ifndef LA_BASE_VEC_H
#define LA_BASE_VEC_H

#include "base/alloc.h"
#include <stdbool.h>

#pragma GCC visibility push(hidden)

#define LA_VEC(type)                                                                               \
  struct {                                                                                         \
    type *items;                                                                                   \
    size_t count;                                                                                  \
    size_t capacity;                                                                               \
  }

/* Room for `extra` more items of `item_size`; used through the macros. */
bool la_vec_grow(la_allocator *alloc, void **items, size_t *capacity, size_t count, size_t extra,
                 size_t item_size);

#define la_vec_reserve(alloc, vec, extra)                                                          \
  ((vec)->capacity - (vec)->count >= (size_t)(extra) ||                                            \
   la_vec_grow((alloc), (void **)&(vec)->items, &(vec)->capacity, (vec)->count, (size_t)(extra),   \
               sizeof *(vec)->items))
#define la_vec_push(alloc, vec, item)                                                              \
  (la_vec_reserve((alloc), (vec), 1) && (((vec)->items[(vec)->count++] = (item)), true))
#define la_vec_clear(alloc, vec)                                                                   \
  (la_free((alloc), (vec)->items, (vec)->capacity * sizeof *(vec)->items), (vec)->items = NULL,    \
   (vec)->count = (vec)->capacity = 0)

#pragma GCC visibility pop

#endif
