/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <string.h>

/* The first block is small, for most arenas hold little; each next one is twice as large. */
#define FIRST_BLOCK   512
#define LARGEST_BLOCK (64 * 1024)

struct la_arena_block {
  la_arena_block *older;
  size_t size; /* with this head */
};

static size_t round_up(size_t size) {
  return (size + 7) & ~(size_t)7;
}

void la_arena_init(la_arena *arena, la_allocator *alloc) {
  *arena = (la_arena){.alloc = alloc};
}

void la_arena_clear(la_arena *arena) {
  la_arena_block *block = arena->blocks;
  while (block != NULL) {
    la_arena_block *older = block->older;
    la_free(arena->alloc, block, block->size);
    block = older;
  }
  la_arena_init(arena, arena->alloc);
}

/* A block with room for `size`. A piece that is larger than a block gets one of its own, put behind
 * the newest, which goes on being filled. */
static void *add_block(la_arena *arena, size_t size) {
  size_t head = round_up(sizeof(la_arena_block));
  size_t block_size = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK;
  la_arena_block *block;
  if (block_size > LARGEST_BLOCK) {
    block_size = LARGEST_BLOCK;
  }
  if (size > block_size - head) {
    block_size = size + head;
  }
  block = la_alloc(arena->alloc, block_size);
  if (block == NULL) {
    return NULL;
  }
  block->size = block_size;
  if (block_size > LARGEST_BLOCK && arena->blocks != NULL) {
    block->older = arena->blocks->older;
    arena->blocks->older = block;
    return (char *)block + head;
  }
  block->older = arena->blocks;
  arena->blocks = block;
  arena->next = (char *)block + head + size;
  arena->end = (char *)block + block_size;
  return (char *)block + head;
}

void *la_arena_alloc(la_arena *arena, size_t size) {
  char *piece;
  if (size > PTRDIFF_MAX / 2) {
    return NULL;
  }
  size = round_up(size ? size : 1);
  if (size > (size_t)(arena->end - arena->next)) {
    return add_block(arena, size);
  }
  piece = arena->next;
  arena->next += size;
  return piece;
}

void *la_arena_alloc_zero(la_arena *arena, size_t size) {
  void *piece = la_arena_alloc(arena, size);
  if (piece != NULL) {
    memset(piece, 0, size);
  }
  return piece;
}

char *la_arena_copy(la_arena *arena, const char *bytes, size_t len) {
  char *copy = len < SIZE_MAX ? la_arena_alloc(arena, len + 1) : NULL;
  if (copy != NULL) {
    if (len != 0) {
      memcpy(copy, bytes, len);
    }
    copy[len] = '\0';
  }
  return copy;
}
