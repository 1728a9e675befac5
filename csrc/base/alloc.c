/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* No block may be larger than what differences of pointers can express. */
#define LARGEST_BLOCK ((size_t)PTRDIFF_MAX)

void la_allocator_init(la_allocator *alloc, la_alloc_function function, void *userdata) {
  *alloc = (la_allocator){.function = function, .userdata = userdata};
}

void *la_alloc_system(void *userdata, void *block, size_t old_size, size_t new_size) {
  (void)userdata;
  (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  return realloc(block, new_size);
}

void *la_alloc(la_allocator *alloc, size_t size) {
  void *block;
  if (size == 0 || size > LARGEST_BLOCK) {
    return NULL;
  }
  block = alloc->function(alloc->userdata, NULL, 0, size);
  if (block == NULL) {
    return NULL;
  }
  alloc->bytes += size;
  alloc->blocks++;
  alloc->allocations++;
  return block;
}

void *la_alloc_zero(la_allocator *alloc, size_t size) {
  void *block = la_alloc(alloc, size);
  if (block != NULL) {
    memset(block, 0, size);
  }
  return block;
}

void *la_realloc(la_allocator *alloc, void *block, size_t old_size, size_t new_size) {
  void *moved;
  if (block == NULL) {
    return la_alloc(alloc, new_size);
  }
  if (new_size == 0) {
    la_free(alloc, block, old_size);
    return NULL;
  }
  if (new_size > LARGEST_BLOCK) {
    return NULL;
  }
  moved = alloc->function(alloc->userdata, block, old_size, new_size);
  if (moved == NULL) {
    return NULL;
  }
  alloc->bytes += new_size - old_size;
  alloc->allocations++;
  return moved;
}

void la_free(la_allocator *alloc, void *block, size_t size) {
  if (block == NULL) {
    return;
  }
  alloc->function(alloc->userdata, block, size, 0);
  alloc->bytes -= size;
  alloc->blocks--;
}

size_t la_array_size(size_t count, size_t size) {
  return size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size;
}
