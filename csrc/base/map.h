/* SPDX-License-Identifier: MIT */
/*
 * A hash map that keeps the order of insertion.
 *
 * From bytes, or from a pointer, to a pointer. Keys of bytes are borrowed: they lie in what the
 * value owns, or in an arena. Zero-initialised is empty; the owner clears it. Removal keeps the
 * others' order.
 */
#ifndef LA_BASE_MAP_H
#define LA_BASE_MAP_H

#include "base/alloc.h"
#include "base/text.h"

#pragma GCC visibility push(hidden)

typedef struct la_map_entry {
  la_text key; /* for a pointer key: bytes = the pointer, len = SIZE_MAX */
  void *value; /* NULL marks a removed entry */
  uint64_t hash;
} la_map_entry;

typedef struct la_map {
  la_map_entry *entries; /* in order of insertion; skip those whose value is NULL */
  uint32_t *index;
  size_t count;    /* live entries */
  size_t used;     /* entries, removed ones included */
  size_t capacity; /* of `entries` */
  size_t index_size;
} la_map;

void la_map_clear(la_map *map, la_allocator *alloc);
/* NULL if there is none. */
void *la_map_get(const la_map *map, la_text key);
void *la_map_get_pointer(const la_map *map, const void *key);
/* Adds or replaces; `value` is not NULL. False when out of memory, and then the map is unchanged.
 */
bool la_map_set(la_map *map, la_allocator *alloc, la_text key, void *value);
bool la_map_set_pointer(la_map *map, la_allocator *alloc, const void *key, void *value);
/* Gives what was removed, or NULL. */
void *la_map_remove(la_map *map, la_text key);
void *la_map_remove_pointer(la_map *map, const void *key);
/* Room for `count` entries in all without growing again. */
bool la_map_reserve(la_map *map, la_allocator *alloc, size_t count);
/* Walks in order: `*at` starts at 0; NULL at the end. */
la_map_entry *la_map_next(const la_map *map, size_t *at);
/* The key nearest to `key` in spelling, for "did you mean"; none if nothing is near. */
la_text la_map_nearest(const la_map *map, la_text key);

#pragma GCC visibility pop

#endif
