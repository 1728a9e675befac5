/* SPDX-License-Identifier: MIT */
#include "base/vec.h"

#define FIRST_CAPACITY 4

bool la_vec_grow(la_allocator *alloc, void **items, size_t *capacity, size_t count, size_t extra,
                 size_t item_size) {
  size_t wanted = *capacity ? *capacity : FIRST_CAPACITY;
  void *grown;
  if (extra > PTRDIFF_MAX / item_size - count) {
    return false;
  }
  while (wanted < count + extra) {
    wanted *= 2;
  }
  grown = la_realloc(alloc, *items, *capacity * item_size, la_array_size(wanted, item_size));
  if (grown == NULL) {
    return false;
  }
  *items = grown;
  *capacity = wanted;
  return true;
}
