/* SPDX-License-Identifier: MIT */
/*
 * The one allocator.
 *
 * A function with the signature of Lua's own allocator: it is told the old and the new size, so
 * every release passes the size of what it gives back. The struct belongs to whoever made it (the
 * binding: one per Lua state) and outlives everything allocated through it. It counts what is held,
 * for the checks of leaks and of counted work.
 *
 * Small blocks that are freed can wait for the next use in lists by size, as many as a collection
 * of Lua's frees at once, so that what a query makes and drops costs no malloc. An owner that asks
 * for this must ask for them back before its own end. A build with the address sanitizer keeps
 * none: it must see every use of freed memory, and specs of failing memory every allocation.
 *
 * Touching fresh memory page by page costs more than filling it, so the system is advised to take
 * huge pages for large blocks, where it has such.
 */
#ifndef LA_BASE_ALLOC_H
#define LA_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

typedef void *(*la_alloc_function)(void *userdata, void *block, size_t old_size, size_t new_size);

/* Sizes are rounded up to steps of 16 bytes as far as LA_KEPT_SIZE. */
#define LA_KEPT_SIZE  4096
#define LA_KEPT_STEP  16
#define LA_KEPT_LISTS (LA_KEPT_SIZE / LA_KEPT_STEP)
#define LA_KEPT_BYTES (4u << 20) /* the most that all lists hold */

#define LA_HUGE_PAGE ((size_t)2 * 1024 * 1024)

typedef struct la_allocator {
  la_alloc_function function;
  void *userdata;
  bool on_heap;              /* `function` takes from the C library's heap and does no more */
  size_t bytes;              /* held now */
  size_t blocks;             /* held now */
  uint64_t allocations;      /* made so far */
  size_t room;               /* how many more bytes of freed blocks are kept */
  void *kept[LA_KEPT_LISTS]; /* they, by size: each begins with the address of the next */
} la_allocator;

void la_allocator_init(la_allocator *alloc, la_alloc_function function, void *userdata);
/* From now on freed small blocks are kept for the next use, or not any more: those kept are given
 * back. */
void la_allocator_keep(la_allocator *alloc, bool keep);
/* The C library's realloc and free behind la_alloc_function, for C programs and tests. */
void *la_alloc_system(void *userdata, void *block, size_t old_size, size_t new_size);

/* NULL when out of memory. `size` 0 gives NULL. */
void *la_alloc(la_allocator *alloc, size_t size);
/* Zeroed. */
void *la_alloc_zero(la_allocator *alloc, size_t size);
/* NULL when out of memory; `block` is then unchanged. `block` may be NULL with old_size 0. */
void *la_realloc(la_allocator *alloc, void *block, size_t old_size, size_t new_size);
/* Accepts NULL. */
void la_free(la_allocator *alloc, void *block, size_t size);
/* Says that about `size` bytes are going to be asked for in small blocks, by whoever shares the
 * allocator's function, so that they may lie in huge pages; costs nothing while they are not used.
 * Does nothing unless `on_heap`: a host with an allocator of its own is not asked for memory that
 * nobody needs yet. Gives how many bytes it prepared. */
size_t la_alloc_ahead(la_allocator *alloc, size_t size);
/* `count` * `size`, or SIZE_MAX (which no allocator gives) when that overflows. */
size_t la_array_size(size_t count, size_t size);

#pragma GCC visibility pop

#endif
