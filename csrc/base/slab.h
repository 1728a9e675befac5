/* SPDX-License-Identifier: MIT */
/*
 * Packed memory for rows and instances.
 *
 * A slab takes large blocks from the allocator (4 KiB first, doubling to 4 MiB while it grows; the
 * large ones lie in huge pages where the system takes that advice) and cuts them into chunks. A
 * chunk is filled from one end by `la_chunk_alloc`, and holds as many records as begin in it, the
 * last of which may make it a little longer; each record that must stay alive pins its chunk. A
 * chunk whose last pin goes returns to its block's free list for the next load; an empty block is
 * freed. The slab itself is counted: chunks that are still pinned keep it alive after its owner has
 * released it.
 */
#ifndef LA_BASE_SLAB_H
#define LA_BASE_SLAB_H

#include "base/alloc.h"
#include "base/object.h"
#include "base/status.h"

#pragma GCC visibility push(hidden)

typedef struct la_slab la_slab;
typedef struct la_chunk la_chunk;

struct la_chunk {
  la_slab *slab;
  char *next; /* the first free byte */
  char *end;
  uint32_t pins;
  uint32_t flags; /* the slab's own */
};

/* NULL when out of memory. Release by la_object_release. */
la_slab *la_slab_new(la_allocator *alloc);
/* A chunk with room for at least `size` bytes and one pin, the caller's; NULL when out of memory.
 * `expected` is a hint in bytes of how much more this load will want (0: unknown). */
la_chunk *la_slab_chunk(la_slab *slab, size_t size, size_t expected);
/* `size` bytes, aligned to 8, from the chunk's free end; NULL if they do not fit (take another
 * chunk). */
void *la_chunk_alloc(la_chunk *chunk, size_t size);
void la_chunk_pin(la_chunk *chunk);
/* Frees the chunk's memory with the last pin. */
void la_chunk_unpin(la_chunk *chunk);
/* Bytes of all blocks held now. */
size_t la_slab_bytes(const la_slab *slab);

#pragma GCC visibility pop

#endif
