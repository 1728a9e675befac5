/* SPDX-License-Identifier: MIT */
/*
 * A cache of counted things by key bytes, least recently used first out.
 *
 * The engine keeps one for compiled statements. Keys are copied in; a hit compares bytes, not only
 * the hash. An entry may learn the pattern of the statement that its key was made of, and is found
 * by it from then on without a key.
 */
#ifndef LA_ENGINE_CACHE_H
#define LA_ENGINE_CACHE_H

#include "base/alloc.h"
#include "base/object.h"
#include "base/text.h"
#include "sql/pattern.h"

#pragma GCC visibility push(hidden)

typedef struct la_cache_entry la_cache_entry;

typedef struct la_cache {
  la_allocator *alloc;
  la_cache_entry **buckets;
  size_t bucket_count;
  size_t count;
  size_t limit; /* 0: keeps nothing */
  la_cache_entry *newest, *oldest;
  la_cache_entry **known; /* LA_CACHE_KNOWN entries by the shape of their patterns; NULL before the
                             first */
  uint64_t hits, misses;
} la_cache;

#define LA_CACHE_KNOWN 128u

/* What a statement is compiled for; statements of one structure are different things in each. */
typedef enum la_cache_way { LA_CACHE_CORE, LA_CACHE_ORM } la_cache_way;

void la_cache_init(la_cache *cache, la_allocator *alloc, size_t limit);
void la_cache_clear(la_cache *cache);
/* Lent, and now the newest; NULL if there is none. */
la_object *la_cache_get(la_cache *cache, la_text key, uint64_t hash);
/* Retains `value`. False when out of memory: nothing is kept then, which is no failure. */
bool la_cache_put(la_cache *cache, la_text key, uint64_t hash, la_object *value);
/* What the entry that has learned the pattern of `statement` holds, as la_cache_get, with the
 * parameters in `key`; NULL if there is none, which does not say that la_cache_get finds none. */
la_object *la_cache_recognize(la_cache *cache, const la_node *statement, la_cache_way way,
                              la_key *key);
/* `statement` has the key by which an entry was found just now. */
void la_cache_learn(la_cache *cache, const la_node *statement, la_cache_way way);

#pragma GCC visibility pop

#endif
