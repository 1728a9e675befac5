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

#ifdef __SANITIZE_ADDRESS__
#define KEEPS_NONE 1
#else
#define KEEPS_NONE 0
#endif

/* What is asked of the function below for a block of `size` bytes: any block of a list serves all
 * sizes of the list. */
static size_t whole_size(size_t size) {
  return size <= LA_KEPT_SIZE && !KEEPS_NONE
             ? (size + LA_KEPT_STEP - 1) & ~(size_t)(LA_KEPT_STEP - 1)
             : size;
}

static la_kept_list *list_of(la_allocator *alloc, size_t size) {
  return &alloc->kept[(size - 1) / LA_KEPT_STEP];
}

void la_allocator_keep(la_allocator *alloc, bool keep) {
  for (size_t i = 0; i < LA_KEPT_LISTS; i++) {
    la_kept_list *list = &alloc->kept[i];
    size_t size = (i + 1) * LA_KEPT_STEP;
    while (list->first != NULL) {
      void *block = list->first;
      list->first = *(void **)block;
      alloc->function(alloc->userdata, block, size, 0);
    }
    list->room = keep && !KEEPS_NONE ? (uint32_t)(LA_KEPT_BYTES / size) : 0;
  }
}

/* A kept block, or a new one. */
static void *take_block(la_allocator *alloc, size_t size) {
  la_kept_list *list;
  void *block;
  if (size > LA_KEPT_SIZE || (list = list_of(alloc, size))->first == NULL) {
    return alloc->function(alloc->userdata, NULL, 0, whole_size(size));
  }
  block = list->first;
  list->first = *(void **)block;
  list->room++;
  return block;
}

void *la_alloc(la_allocator *alloc, size_t size) {
  void *block;
  if (size == 0 || size > LARGEST_BLOCK) {
    return NULL;
  }
  block = take_block(alloc, size);
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
  moved = block;
  if (whole_size(old_size) != whole_size(new_size)) {
    moved = alloc->function(alloc->userdata, block, whole_size(old_size), whole_size(new_size));
    if (moved == NULL) {
      return NULL;
    }
  }
  alloc->bytes += new_size - old_size;
  alloc->allocations++;
  return moved;
}

void la_free(la_allocator *alloc, void *block, size_t size) {
  la_kept_list *list;
  if (block == NULL) {
    return;
  }
  alloc->bytes -= size;
  alloc->blocks--;
  if (size <= LA_KEPT_SIZE && (list = list_of(alloc, size))->room > 0) {
    *(void **)block = list->first;
    list->first = block;
    list->room--;
    return;
  }
  alloc->function(alloc->userdata, block, whole_size(size), 0);
}

size_t la_array_size(size_t count, size_t size) {
  return size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size;
}
