/* SPDX-License-Identifier: MIT */
#include "orm/identity.h"

#include "orm/instance_internal.h"

#define FIRST_BUCKETS ((size_t)16) /* of a map that has more than `few` entries */

void la_identity_init(la_identity_map *map, la_allocator *alloc) {
  *map = (la_identity_map){.alloc = alloc};
}

static void free_buckets(la_identity_map *map) {
  if (map->buckets != map->few) {
    la_free(map->alloc, map->buckets, map->bucket_count * sizeof *map->buckets);
  }
}

void la_identity_clear(la_identity_map *map) {
  for (size_t i = 0; i < map->bucket_count; i++) {
    la_instance *instance = map->buckets[i];
    while (instance != NULL) {
      la_instance *next = instance->next_in_map;
      instance->next_in_map = NULL;
      instance->flags &= ~(uint32_t)LA_INSTANCE_IN_MAP;
      instance = next;
    }
  }
  uint32_t token = map->token;
  free_buckets(map);
  la_identity_init(map, map->alloc);
  map->token = token;
}

static bool rehash(la_identity_map *map, size_t bucket_count) {
  if (map->bucket_count == 0 && bucket_count <= LA_IDENTITY_FEW) {
    map->buckets = map->few;
    map->bucket_count = LA_IDENTITY_FEW;
    return true;
  }
  la_instance **buckets =
      la_alloc_zero(map->alloc, la_array_size(bucket_count, sizeof *map->buckets));
  if (buckets == NULL) {
    return false;
  }
  for (size_t i = 0; i < map->bucket_count; i++) {
    la_instance *instance = map->buckets[i];
    while (instance != NULL) {
      la_instance *next = instance->next_in_map;
      la_instance **bucket = &buckets[instance->key_hash & (bucket_count - 1)];
      instance->next_in_map = *bucket;
      *bucket = instance;
      instance = next;
    }
  }
  free_buckets(map);
  map->buckets = buckets;
  map->bucket_count = bucket_count;
  return true;
}

la_status la_identity_reserve(la_identity_map *map, size_t count, la_error *err) {
  size_t wanted = map->bucket_count;
  if (map->count + count > LA_IDENTITY_FEW && wanted < FIRST_BUCKETS) {
    wanted = FIRST_BUCKETS;
  } else if (wanted == 0) {
    wanted = LA_IDENTITY_FEW;
  }
  while (wanted < map->count + count) {
    wanted *= 2;
  }
  if (wanted > map->bucket_count && !rehash(map, wanted)) {
    return la_fail_nomem(err);
  }
  return LA_OK;
}

/* Keys that follow each other, as those of most rows do, lie side by side: NEAR of them in as many
 * buckets, turned by what the mixed rest of the key says, so that no stride gathers them. */
#define NEAR 512u
static uint32_t hash_of_integer(uint64_t seed, int64_t key) {
  uint64_t bits = (uint64_t)key;
  uint32_t rest = (uint32_t)la_hash_mix(seed, bits / NEAR);
  return (rest & ~(NEAR - 1)) | ((rest + (uint32_t)bits) & (NEAR - 1));
}

uint32_t la_identity_hash(const la_mapper *root, const la_value *key) {
  uint64_t hash = (uint64_t)(root->serial + 1) * 0x9e3779b97f4a7c15u;
  int64_t number;
  if (root->primary_key_count == 1 && la_value_whole(&key[0], &number)) {
    return hash_of_integer(hash, number);
  }
  for (uint32_t i = 0; i < root->primary_key_count; i++) {
    hash = la_value_hash(&key[i], hash);
  }
  return (uint32_t)hash;
}

static bool has_key(const la_instance *instance, const la_mapper *root, const la_value *key) {
  const la_mapper *mapper = instance->mapper;
  if (mapper->root != root) {
    return false;
  }
  for (uint32_t i = 0; i < root->primary_key_count; i++) {
    la_value own;
    la_instance_key_part(instance, mapper->primary_key[i]->slot, &own);
    if (!la_value_equal(&own, &key[i])) {
      return false;
    }
  }
  return true;
}

la_instance *la_identity_find(const la_identity_map *map, const la_mapper *root,
                              const la_value *key, uint32_t hash) {
  la_instance *instance;
  if (map->bucket_count == 0) {
    return NULL;
  }
  instance = map->buckets[hash & (map->bucket_count - 1)];
  while (instance != NULL &&
         !(instance->key_hash == hash && la_instance_token(instance) == map->token &&
           has_key(instance, root, key))) {
    instance = instance->next_in_map;
  }
  return instance;
}

la_status la_identity_add(la_identity_map *map, la_instance *instance, uint32_t hash,
                          la_error *err) {
  la_instance **bucket;
  if (map->count >= map->bucket_count) {
    la_status status =
        la_identity_reserve(map, map->bucket_count > 0 ? map->bucket_count : 1, NULL);
    if (status < 0 && map->bucket_count == 0) { /* else the chains just become longer */
      return la_fail_nomem(err);
    }
  }
  bucket = &map->buckets[hash & (map->bucket_count - 1)];
  instance->key_hash = hash;
  instance->next_in_map = *bucket;
  instance->flags |= LA_INSTANCE_IN_MAP;
  *bucket = instance;
  map->count++;
  return LA_OK;
}

void la_identity_remove(la_identity_map *map, la_instance *instance) {
  la_instance **at;
  if (!(instance->flags & LA_INSTANCE_IN_MAP)) {
    return;
  }
  at = &map->buckets[instance->key_hash & (map->bucket_count - 1)];
  while (*at != instance) {
    at = &(*at)->next_in_map;
  }
  *at = instance->next_in_map;
  instance->next_in_map = NULL;
  instance->flags &= ~(uint32_t)LA_INSTANCE_IN_MAP;
  map->count--;
}

bool la_instance_same_key(const la_instance *a, const la_instance *b) {
  if (la_instance_token(a) != la_instance_token(b)) {
    return false;
  }
  for (uint32_t i = 0; i < a->mapper->primary_key_count; i++) {
    la_value left, right;
    la_instance_key_part(a, a->mapper->primary_key[i]->slot, &left);
    la_instance_key_part(b, b->mapper->primary_key[i]->slot, &right);
    if (!la_value_equal(&left, &right)) {
      return false;
    }
  }
  return true;
}

void la_instance_key(const la_instance *instance, la_value *out) {
  const la_mapper *mapper = instance->mapper;
  for (uint32_t i = 0; i < mapper->primary_key_count; i++) {
    la_instance_key_part(instance, mapper->primary_key[i]->slot, &out[i]);
  }
}
