/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed all at once.
 *
 * Owned by whoever inits it; nothing inside it is freed by itself. Pieces are aligned to 8 bytes.
 */
#ifndef LA_BASE_ARENA_H
#define LA_BASE_ARENA_H

#include "base/alloc.h"

#pragma GCC visibility push(hidden)

typedef struct la_arena_block la_arena_block;

typedef struct la_arena {
  la_allocator *alloc;
  la_arena_block *blocks; /* newest first */
  char *next;
  char *end;
} la_arena;

void la_arena_init(la_arena *arena, la_allocator *alloc);
/* Frees everything; the arena is as after init. */
void la_arena_clear(la_arena *arena);
/* NULL when out of memory. */
void *la_arena_alloc(la_arena *arena, size_t size);
void *la_arena_alloc_zero(la_arena *arena, size_t size);
/* A copy of `len` bytes with a zero byte after them; NULL when out of memory. */
char *la_arena_copy(la_arena *arena, const char *bytes, size_t len);

#pragma GCC visibility pop

#endif
