/* SPDX-License-Identifier: MIT */
/*
 * Entries lie in an array in order of insertion; an index with open addressing holds their numbers
 * plus one, zero for a free place. A removed entry keeps its place in both, so that probing goes on
 * behind it, until the arrays are built anew.
 */
#include "base/map.h"

#define FIRST_CAPACITY 8
#define POINTER_KEY    SIZE_MAX

static bool entry_matches(const la_map_entry *entry, la_text key, uint64_t hash) {
  if (entry->value == NULL || entry->hash != hash || entry->key.len != key.len) {
    return false;
  }
  return key.len == POINTER_KEY ? entry->key.bytes == key.bytes
                                : key.len == 0 || memcmp(entry->key.bytes, key.bytes, key.len) == 0;
}

static uint64_t hash_of(la_text key) {
  return key.len == POINTER_KEY ? la_hash_mix(0, (uint64_t)(uintptr_t)key.bytes)
                                : la_hash_bytes(key.bytes, key.len, 0);
}

static la_text pointer_key(const void *key) {
  return (la_text){key, POINTER_KEY};
}

static la_map_entry *find(const la_map *map, la_text key, uint64_t hash) {
  size_t mask = map->index_size - 1;
  if (map->index_size == 0) {
    return NULL;
  }
  for (size_t at = (size_t)hash & mask; map->index[at] != 0; at = (at + 1) & mask) {
    la_map_entry *entry = &map->entries[map->index[at] - 1];
    if (entry_matches(entry, key, hash)) {
      return entry;
    }
  }
  return NULL;
}

static void add_to_index(uint32_t *index, size_t index_size, uint64_t hash, size_t number) {
  size_t at = (size_t)hash & (index_size - 1);
  while (index[at] != 0) {
    at = (at + 1) & (index_size - 1);
  }
  index[at] = (uint32_t)(number + 1);
}

/* Builds both arrays anew with room for `capacity` entries, a power of two. */
static bool rebuild(la_map *map, la_allocator *alloc, size_t capacity) {
  size_t index_size = capacity * 2, used = 0;
  la_map_entry *entries;
  uint32_t *index;
  if (capacity > UINT32_MAX / 2) {
    return false;
  }
  entries = la_alloc(alloc, capacity * sizeof *entries);
  index = la_alloc_zero(alloc, index_size * sizeof *index);
  if (entries == NULL || index == NULL) {
    la_free(alloc, entries, capacity * sizeof *entries);
    la_free(alloc, index, index_size * sizeof *index);
    return false;
  }
  for (size_t i = 0; i < map->used; i++) {
    if (map->entries[i].value != NULL) {
      entries[used] = map->entries[i];
      add_to_index(index, index_size, entries[used].hash, used);
      used++;
    }
  }
  la_free(alloc, map->entries, map->capacity * sizeof *entries);
  la_free(alloc, map->index, map->index_size * sizeof *index);
  *map = (la_map){.entries = entries,
                  .index = index,
                  .count = used,
                  .used = used,
                  .capacity = capacity,
                  .index_size = index_size};
  return true;
}

static bool make_room(la_map *map, la_allocator *alloc) {
  size_t capacity = map->capacity ? map->capacity : FIRST_CAPACITY;
  if (map->used < map->capacity) {
    return true;
  }
  /* With a quarter of the entries removed, the same capacity is enough. */
  if (map->count + map->count / 3 >= map->capacity && map->capacity != 0) {
    capacity *= 2;
  }
  return rebuild(map, alloc, capacity);
}

static bool set(la_map *map, la_allocator *alloc, la_text key, void *value) {
  uint64_t hash = hash_of(key);
  la_map_entry *entry = find(map, key, hash);
  if (entry != NULL) {
    entry->key = key;
    entry->value = value;
    return true;
  }
  if (!make_room(map, alloc)) {
    return false;
  }
  map->entries[map->used] = (la_map_entry){.key = key, .value = value, .hash = hash};
  add_to_index(map->index, map->index_size, hash, map->used);
  map->used++;
  map->count++;
  return true;
}

static void *remove_key(la_map *map, la_text key) {
  la_map_entry *entry = find(map, key, hash_of(key));
  void *value;
  if (entry == NULL) {
    return NULL;
  }
  value = entry->value;
  entry->value = NULL;
  map->count--;
  return value;
}

void la_map_clear(la_map *map, la_allocator *alloc) {
  la_free(alloc, map->entries, map->capacity * sizeof *map->entries);
  la_free(alloc, map->index, map->index_size * sizeof *map->index);
  *map = (la_map){0};
}

void *la_map_get(const la_map *map, la_text key) {
  la_map_entry *entry = find(map, key, hash_of(key));
  return entry ? entry->value : NULL;
}

void *la_map_get_pointer(const la_map *map, const void *key) {
  return la_map_get(map, pointer_key(key));
}

bool la_map_set(la_map *map, la_allocator *alloc, la_text key, void *value) {
  return set(map, alloc, key, value);
}

bool la_map_set_pointer(la_map *map, la_allocator *alloc, const void *key, void *value) {
  return set(map, alloc, pointer_key(key), value);
}

void *la_map_remove(la_map *map, la_text key) {
  return remove_key(map, key);
}

void *la_map_remove_pointer(la_map *map, const void *key) {
  return remove_key(map, pointer_key(key));
}

bool la_map_reserve(la_map *map, la_allocator *alloc, size_t count) {
  size_t capacity = map->capacity ? map->capacity : FIRST_CAPACITY;
  size_t removed = map->used - map->count;
  if (count > UINT32_MAX / 4) {
    return false;
  }
  if (map->capacity >= count + removed) {
    return true;
  }
  while (capacity < count) {
    capacity *= 2;
  }
  return rebuild(map, alloc, capacity);
}

la_map_entry *la_map_next(const la_map *map, size_t *at) {
  while (*at < map->used) {
    la_map_entry *entry = &map->entries[(*at)++];
    if (entry->value != NULL) {
      return entry;
    }
  }
  return NULL;
}

la_text la_map_nearest(const la_map *map, la_text key) {
  la_text nearest = LA_TEXT_NONE;
  int limit = key.len < 4 ? 1 : key.len < 9 ? 2 : 3;
  size_t at = 0;
  la_map_entry *entry;
  while (limit >= 0 && (entry = la_map_next(map, &at)) != NULL) {
    int distance = la_text_distance(key, entry->key, limit);
    if (distance <= limit) {
      nearest = entry->key;
      limit = distance - 1;
    }
  }
  return nearest;
}
