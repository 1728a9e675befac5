/* SPDX-License-Identifier: MIT */
/*
 * A block is cut into chunks of one size from its front; chunks given back form its free list. A
 * record that is larger than a chunk gets a block of its own. Blocks with room stand at the front
 * of the slab's list, full ones at its end, so that finding room looks at one block.
 *
 * The chunk filled last stays `current` while it has pins: a load of one row goes on filling it.
 */
#include "base/slab.h"

#define FIRST_BLOCK   ((size_t)4 * 1024)
#define LARGEST_BLOCK ((size_t)4 * 1024 * 1024)
#define AHEAD         (7 * LARGEST_BLOCK) /* prepared at a time for large blocks */
#define CHUNK_SIZE                                                                                 \
  ((size_t)4000) /* with its head; one fits into the first block beside the block's head */
#define LONGEST_STRETCH (CHUNK_SIZE / 8)

typedef struct block {
  struct block *next, *previous;
  struct chunk_head *free;
  char *raw;    /* what the allocator gave */
  char *unused; /* where chunks have not been cut yet */
  char *end;
  size_t raw_size;
  uint32_t live; /* chunks with pins */
} block;

typedef struct chunk_head {
  block *block;
  struct chunk_head *next_free;
  la_chunk chunk;
} chunk_head;

struct la_slab {
  la_object object;
  la_allocator *alloc;
  block *first, *last;
  la_chunk *current; /* or NULL */
  size_t bytes;
  size_t next_size; /* of the next block */
  size_t ahead;     /* what has been prepared for large blocks and not been taken yet */
};

#define HEAD_OF(chunk) ((chunk_head *)((char *)(chunk)-offsetof(chunk_head, chunk)))

static size_t round_up(size_t size, size_t unit) {
  return (size + unit - 1) & ~(unit - 1);
}

static void unlink_block(la_slab *slab, block *b) {
  *(b->previous ? &b->previous->next : &slab->first) = b->next;
  *(b->next ? &b->next->previous : &slab->last) = b->previous;
}

static void link_first(la_slab *slab, block *b) {
  b->previous = NULL;
  b->next = slab->first;
  *(slab->first ? &slab->first->previous : &slab->last) = b;
  slab->first = b;
}

static void link_last(la_slab *slab, block *b) {
  b->next = NULL;
  b->previous = slab->last;
  *(slab->last ? &slab->last->next : &slab->first) = b;
  slab->last = b;
}

static void free_block(la_slab *slab, block *b) {
  unlink_block(slab, b);
  slab->bytes -= b->raw_size;
  la_free(slab->alloc, b->raw, b->raw_size);
  if (slab->first == NULL) {
    slab->next_size = FIRST_BLOCK;
  }
}

static bool has_room(const block *b) {
  return b->free != NULL || (size_t)(b->end - b->unused) >= CHUNK_SIZE;
}

/* Puts a block from which something was cut behind those with room, if it has none left. */
static void settle_block(la_slab *slab, block *b) {
  if (!has_room(b)) {
    unlink_block(slab, b);
    link_last(slab, b);
  }
}

/* Large blocks lie in huge pages. On the C library's heap they adjoin one another in memory that
 * was prepared for several of them; what another allocator gives begins somewhere, and its part
 * from the first huge page on is taken (what is never touched costs no memory). */
static block *add_block(la_slab *slab, size_t size) {
  bool huge = size >= LA_HUGE_PAGE;
  bool apart = huge && !slab->alloc->on_heap;
  size_t raw_size = apart ? size + LA_HUGE_PAGE : size;
  char *raw, *start;
  block *b;
  if (huge && !apart && slab->ahead < size) {
    slab->ahead = la_alloc_ahead(slab->alloc, AHEAD);
  }
  slab->ahead -= slab->ahead < size ? slab->ahead : size;
  raw = la_alloc(slab->alloc, raw_size);
  if (raw == NULL) {
    return NULL;
  }
  start = apart ? raw + (LA_HUGE_PAGE - (uintptr_t)raw % LA_HUGE_PAGE) % LA_HUGE_PAGE : raw;
  b = (block *)(void *)start;
  *b = (block){.raw = raw, .raw_size = raw_size, .end = start + size};
  b->unused = start + round_up(sizeof *b, 8);
  slab->bytes += raw_size;
  link_first(slab, b);
  return b;
}

static void destroy(la_object *object) {
  la_slab *slab = (la_slab *)(void *)object;
  while (slab->first != NULL) {
    free_block(slab, slab->first);
  }
  la_free(slab->alloc, slab, sizeof *slab);
}

static const la_object_class slab_class = {.name = "slab", .destroy = destroy};

la_slab *la_slab_new(la_allocator *alloc) {
  la_slab *slab = la_alloc_zero(alloc, sizeof *slab);
  if (slab != NULL) {
    la_object_init(&slab->object, &slab_class);
    slab->alloc = alloc;
    slab->next_size = FIRST_BLOCK;
  }
  return slab;
}

static la_chunk *cut_chunk(la_slab *slab, block *b, size_t size) {
  chunk_head *head = b->free;
  if (head != NULL) {
    b->free = head->next_free;
  } else {
    head = (chunk_head *)(void *)b->unused;
    b->unused += size;
    *head = (chunk_head){.block = b, .chunk.slab = slab, .chunk.end = b->unused};
  }
  head->next_free = NULL;
  head->chunk.next = (char *)(head + 1);
  head->chunk.pins = 1;
  head->chunk.flags = 0;
  b->live++;
  la_object_retain(slab);
  settle_block(slab, b);
  return &head->chunk;
}

/* Blocks double while a load grows; a load that knows its size starts with what it will need. */
static size_t next_block_size(la_slab *slab, size_t expected) {
  size_t size = slab->next_size;
  while (size < expected && size < LARGEST_BLOCK) {
    size *= 2;
  }
  slab->next_size = size < LARGEST_BLOCK ? size * 2 : LARGEST_BLOCK;
  return size;
}

/* Lets a record that begins in the chunk end behind it, where nothing has been cut yet: else what
 * is left over at the end of each chunk is half a record, a fiftieth of a large list. */
static bool stretch(la_slab *slab, la_chunk *chunk, size_t size) {
  block *b = HEAD_OF(chunk)->block;
  size_t missing = size - (size_t)(chunk->end - chunk->next);
  bool begins_in_it = chunk->next < (char *)HEAD_OF(chunk) + CHUNK_SIZE;
  if (!begins_in_it || missing > LONGEST_STRETCH || chunk->end != b->unused ||
      missing > (size_t)(b->end - b->unused)) {
    return false;
  }
  chunk->end += missing;
  b->unused = chunk->end;
  settle_block(slab, b);
  return true;
}

la_chunk *la_slab_chunk(la_slab *slab, size_t size, size_t expected) {
  la_chunk *current = slab->current;
  block *b = slab->first;
  size = round_up(size, 8);
  if (size > PTRDIFF_MAX / 2) {
    return NULL;
  }
  if (current != NULL &&
      (size <= (size_t)(current->end - current->next) || stretch(slab, current, size))) {
    current->pins++;
    return current;
  }
  if (size > CHUNK_SIZE - sizeof(chunk_head)) {
    size += sizeof(chunk_head);
    b = add_block(slab, round_up(sizeof *b, 8) + size);
    return b ? cut_chunk(slab, b, size) : NULL;
  }
  if (b == NULL || !has_room(b)) {
    b = add_block(slab, next_block_size(slab, expected));
    if (b == NULL) {
      return NULL;
    }
  }
  slab->current = cut_chunk(slab, b, CHUNK_SIZE);
  return slab->current;
}

void *la_chunk_alloc(la_chunk *chunk, size_t size) {
  char *piece = chunk->next;
  size_t room = (size_t)(chunk->end - piece);
  if (size > room || round_up(size, 8) > room) {
    return NULL;
  }
  chunk->next = piece + round_up(size, 8);
  return piece;
}

void la_chunk_pin(la_chunk *chunk) {
  chunk->pins++;
}

void la_chunk_unpin(la_chunk *chunk) {
  chunk_head *head = HEAD_OF(chunk);
  la_slab *slab = chunk->slab;
  block *b = head->block;
  if (--chunk->pins > 0) {
    return;
  }
  if (slab->current == chunk) {
    slab->current = NULL;
  }
  if (--b->live == 0) {
    free_block(slab, b);
  } else {
    head->next_free = b->free;
    b->free = head;
    if (b != slab->first) {
      unlink_block(slab, b);
      link_first(slab, b);
    }
  }
  la_object_release(slab);
}

size_t la_slab_bytes(const la_slab *slab) {
  return slab->bytes;
}
