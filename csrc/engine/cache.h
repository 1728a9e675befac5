/* SPDX-License-Identifier: MIT */
/*
 * A cache of counted things by key bytes, least recently used first out.
 *
 * The engine keeps one for compiled statements. Keys are copied in; a hit compares bytes, not only
 * the hash.
 */
#ifndef LA_ENGINE_CACHE_H
#define LA_ENGINE_CACHE_H

#include "base/alloc.h"
#include "base/object.h"
#include "base/text.h"

#pragma GCC visibility push(hidden)

typedef struct la_cache_entry la_cache_entry;

typedef struct la_cache {
  la_allocator *alloc;
  la_cache_entry **buckets;
  size_t bucket_count;
  size_t count;
  size_t limit; /* 0: keeps nothing */
  la_cache_entry *newest, *oldest;
  uint64_t hits, misses;
} la_cache;

void la_cache_init(la_cache *cache, la_allocator *alloc, size_t limit);
void la_cache_clear(la_cache *cache);
/* Lent, and now the newest; NULL if there is none. */
la_object *la_cache_get(la_cache *cache, la_text key, uint64_t hash);
/* Retains `value`. False when out of memory: nothing is kept then, which is no failure. */
bool la_cache_put(la_cache *cache, la_text key, uint64_t hash, la_object *value);

#pragma GCC visibility pop

#endif
