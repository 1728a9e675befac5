/* SPDX-License-Identifier: MIT */
#include "engine/cache.h"

#define FIRST_BUCKETS 64

struct la_cache_entry {
  la_cache_entry *next_in_bucket;
  la_cache_entry *newer, *older;
  uint64_t hash;
  la_object *value;
  la_pattern *pattern; /* or NULL */
  la_cache_way way;    /* the pattern's */
  bool tried;          /* to make a pattern */
  size_t key_len;
  char key[];
};

void la_cache_init(la_cache *cache, la_allocator *alloc, size_t limit) {
  *cache = (la_cache){.alloc = alloc, .limit = limit};
}

static void unlink_age(la_cache *cache, la_cache_entry *entry) {
  *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
  *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(la_cache *cache, la_cache_entry *entry) {
  entry->newer = NULL;
  entry->older = cache->newest;
  *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
  cache->newest = entry;
}

static la_cache_entry **bucket_of(la_cache *cache, uint64_t hash) {
  return &cache->buckets[(size_t)hash & (cache->bucket_count - 1)];
}

/* Where an entry is known whose pattern's statement has this shape. */
static la_cache_entry **place_of(const la_cache *cache, uint32_t shape, la_cache_way way) {
  return &cache->known[(shape + (uint32_t)way) % LA_CACHE_KNOWN];
}

static void forget_pattern(la_cache *cache, la_cache_entry *entry) {
  if (entry->pattern != NULL) {
    la_cache_entry **place = place_of(cache, entry->pattern->statement->shape, entry->way);
    *place = *place == entry ? NULL : *place;
    la_object_release(entry->pattern);
  }
}

static void remove_entry(la_cache *cache, la_cache_entry *entry) {
  la_cache_entry **link = bucket_of(cache, entry->hash);
  while (*link != entry) {
    link = &(*link)->next_in_bucket;
  }
  *link = entry->next_in_bucket;
  unlink_age(cache, entry);
  cache->count--;
  forget_pattern(cache, entry);
  la_object_release(entry->value);
  la_free(cache->alloc, entry, sizeof *entry + entry->key_len);
}

void la_cache_clear(la_cache *cache) {
  while (cache->oldest != NULL) {
    remove_entry(cache, cache->oldest);
  }
  la_free(cache->alloc, cache->buckets, cache->bucket_count * sizeof *cache->buckets);
  cache->buckets = NULL;
  cache->bucket_count = 0;
  if (cache->known != NULL) {
    la_free(cache->alloc, cache->known, LA_CACHE_KNOWN * sizeof *cache->known);
    cache->known = NULL;
  }
}

/* It was found. */
static la_object *hit(la_cache *cache, la_cache_entry *entry) {
  cache->hits++;
  if (entry != cache->newest) {
    unlink_age(cache, entry);
    link_newest(cache, entry);
  }
  return entry->value;
}

la_object *la_cache_get(la_cache *cache, la_text key, uint64_t hash) {
  la_cache_entry *entry = cache->bucket_count ? *bucket_of(cache, hash) : NULL;
  while (entry != NULL && !(entry->hash == hash && entry->key_len == key.len &&
                            memcmp(entry->key, key.bytes, key.len) == 0)) {
    entry = entry->next_in_bucket;
  }
  if (entry == NULL) {
    cache->misses++;
    return NULL;
  }
  return hit(cache, entry);
}

la_object *la_cache_recognize(la_cache *cache, const la_node *statement, la_cache_way way,
                              la_key *key) {
  la_cache_entry *entry = cache->known != NULL ? *place_of(cache, statement->shape, way) : NULL;
  if (entry == NULL || entry->way != way || !la_pattern_matches(entry->pattern, statement, key)) {
    return NULL;
  }
  return hit(cache, entry);
}

void la_cache_learn(la_cache *cache, const la_node *statement, la_cache_way way) {
  la_cache_entry *entry = cache->newest;
  if (cache->known == NULL) {
    cache->known = la_alloc_zero(cache->alloc, LA_CACHE_KNOWN * sizeof *cache->known);
  }
  if (cache->known == NULL) {
    return;
  }
  if (!entry->tried) {
    entry->tried = true;
    entry->way = way;
    entry->pattern = la_pattern_new(cache->alloc, statement);
  }
  if (entry->pattern != NULL) {
    *place_of(cache, entry->pattern->statement->shape, entry->way) = entry;
  }
}

/* Twice as many buckets; goes on with the old ones when out of memory. */
static bool grow(la_cache *cache) {
  size_t count = cache->bucket_count ? cache->bucket_count * 2 : FIRST_BUCKETS;
  la_cache_entry **buckets = la_alloc_zero(cache->alloc, count * sizeof *buckets);
  if (buckets == NULL) {
    return cache->bucket_count != 0;
  }
  la_free(cache->alloc, cache->buckets, cache->bucket_count * sizeof *buckets);
  cache->buckets = buckets;
  cache->bucket_count = count;
  for (la_cache_entry *entry = cache->newest; entry != NULL; entry = entry->older) {
    la_cache_entry **bucket = bucket_of(cache, entry->hash);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
  }
  return true;
}

/* It grows to half more than the limit and is then cut back, so that a program with a few
 * statements more than the limit does not pay for each of them. */
static void prune(la_cache *cache) {
  if (cache->count > cache->limit + cache->limit / 2) {
    while (cache->count > cache->limit) {
      remove_entry(cache, cache->oldest);
    }
  }
}

bool la_cache_put(la_cache *cache, la_text key, uint64_t hash, la_object *value) {
  la_cache_entry *entry;
  la_cache_entry **bucket;
  if (cache->limit == 0 || (cache->count >= cache->bucket_count && !grow(cache))) {
    return false;
  }
  entry = la_alloc(cache->alloc, sizeof *entry + key.len);
  if (entry == NULL) {
    return false;
  }
  *entry = (la_cache_entry){.hash = hash, .key_len = key.len, .value = la_object_retain(value)};
  memcpy(entry->key, key.bytes, key.len);
  bucket = bucket_of(cache, hash);
  entry->next_in_bucket = *bucket;
  *bucket = entry;
  link_newest(cache, entry);
  cache->count++;
  prune(cache);
  return true;
}
