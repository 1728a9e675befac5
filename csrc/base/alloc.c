/* SPDX-License-Identifier: MIT */
#if defined(__linux__) && !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE /* madvise */
#endif
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

/* No block may be larger than what differences of pointers can express. */
#define LARGEST_BLOCK ((size_t)PTRDIFF_MAX)
#define PAGE          ((size_t)4096)
#define MOST_AHEAD    ((size_t)30 * 1024 * 1024) /* below the most that the C library's heap takes */

void la_allocator_init(la_allocator *alloc, la_alloc_function function, void *userdata) {
  *alloc = (la_allocator){
      .function = function, .userdata = userdata, .on_heap = function == la_alloc_system};
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

static void **list_of(la_allocator *alloc, size_t size) {
  return &alloc->kept[(size - 1) / LA_KEPT_STEP];
}

void la_allocator_keep(la_allocator *alloc, bool keep) {
  for (size_t i = 0; i < LA_KEPT_LISTS; i++) {
    while (alloc->kept[i] != NULL) {
      void *block = alloc->kept[i];
      alloc->kept[i] = *(void **)block;
      alloc->function(alloc->userdata, block, (i + 1) * LA_KEPT_STEP, 0);
    }
  }
  alloc->room = keep && !KEEPS_NONE ? LA_KEPT_BYTES : 0;
}

/* A refusal changes nothing. Pages are taken whole: a mapping of which a part is advised could not
 * be moved when the block grows. */
static void advise_huge_pages(void *block, size_t size) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  size_t before = (uintptr_t)block % PAGE;
  if (size >= LA_HUGE_PAGE) {
    size = (size + before + PAGE - 1) & ~(PAGE - 1);
    (void)madvise((char *)block - before, size, MADV_HUGEPAGE);
  }
#else
  (void)block;
  (void)size;
#endif
}

/* The C library's allocator maps large blocks one by one until the first of their size is freed;
 * from then on it takes them from its heap, and what is freed at the heap's end, advised by then,
 * is what it cuts small blocks from. */
size_t la_alloc_ahead(la_allocator *alloc, size_t size) {
  size = size < MOST_AHEAD ? size : MOST_AHEAD;
  bool helps = alloc->on_heap && size >= LA_HUGE_PAGE && !KEEPS_NONE;
  for (int i = 0; i < 2 && helps; i++) {
    void *block = alloc->function(alloc->userdata, NULL, 0, size);
    if (block != NULL) {
      advise_huge_pages(block, size);
      alloc->function(alloc->userdata, block, size, 0);
    }
  }
  return helps ? size : 0;
}

/* A kept block, or a new one. */
static void *take_block(la_allocator *alloc, size_t size) {
  void **list, *block;
  if (size > LA_KEPT_SIZE || *(list = list_of(alloc, size)) == NULL) {
    block = alloc->function(alloc->userdata, NULL, 0, whole_size(size));
    if (block != NULL) {
      advise_huge_pages(block, size);
    }
    return block;
  }
  block = *list;
  *list = *(void **)block;
  alloc->room += whole_size(size);
  return block;
}

/* Keeps a block for its next use, or lets it go. */
static void give_block(la_allocator *alloc, void *block, size_t size) {
  size_t whole = whole_size(size);
  if (size <= LA_KEPT_SIZE && whole <= alloc->room) {
    void **list = list_of(alloc, size);
    *(void **)block = *list;
    *list = block;
    alloc->room -= whole;
    return;
  }
  alloc->function(alloc->userdata, block, whole, 0);
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

/* The bytes of a block in another, which may be one that was kept: asking the function for another
 * size of a small block costs more. */
static void *move_block(la_allocator *alloc, void *block, size_t old_size, size_t new_size) {
  void *moved = take_block(alloc, new_size);
  if (moved != NULL) {
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    give_block(alloc, block, old_size);
  }
  return moved;
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
    if (old_size <= LA_KEPT_SIZE && new_size <= LA_KEPT_SIZE && !KEEPS_NONE) {
      moved = move_block(alloc, block, old_size, new_size);
    } else {
      moved = alloc->function(alloc->userdata, block, whole_size(old_size), whole_size(new_size));
      advise_huge_pages(moved, moved != NULL ? new_size : 0);
    }
    if (moved == NULL) {
      return NULL;
    }
  }
  alloc->bytes += new_size - old_size;
  alloc->allocations++;
  return moved;
}

void la_free(la_allocator *alloc, void *block, size_t size) {
  if (block == NULL) {
    return;
  }
  alloc->bytes -= size;
  alloc->blocks--;
  give_block(alloc, block, size);
}

size_t la_array_size(size_t count, size_t size) {
  return size != 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size;
}
