/* SPDX-License-Identifier: MIT */
#include "base/vec.h"

/* The first block is of so many bytes, but holds at least so many items. */
#define FIRST_BYTES 128
#define FIRST_ITEMS 4

bool la_vec_grow(la_allocator *alloc, void **items, size_t *capacity, size_t count, size_t extra,
                 size_t item_size) {
  size_t first = item_size * FIRST_ITEMS < FIRST_BYTES ? FIRST_BYTES / item_size : FIRST_ITEMS;
  size_t wanted = *capacity ? *capacity : first;
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
