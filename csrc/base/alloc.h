/* SPDX-License-Identifier: MIT */
/*
 * The one allocator.
 *
 * A function with the signature of Lua's own allocator: it is told the old and the new size, so
 * every release passes the size of what it gives back. The struct belongs to whoever made it (the
 * binding: one per Lua state) and outlives everything allocated through it. It counts what is held,
 * for the checks of leaks and of counted work.
 */
#ifndef LA_BASE_ALLOC_H
#define LA_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

typedef void *(*la_alloc_function)(void *userdata, void *block, size_t old_size, size_t new_size);

typedef struct la_allocator {
  la_alloc_function function;
  void *userdata;
  size_t bytes;         /* held now */
  size_t blocks;        /* held now */
  uint64_t allocations; /* made so far */
} la_allocator;

void la_allocator_init(la_allocator *alloc, la_alloc_function function, void *userdata);
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
/* `count` * `size`, or SIZE_MAX (which no allocator gives) when that overflows. */
size_t la_array_size(size_t count, size_t size);

#pragma GCC visibility pop

#endif
