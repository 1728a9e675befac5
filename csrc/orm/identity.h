/* SPDX-License-Identifier: MIT */
/*
 * The identity map: one instance per root mapper, primary key and identity token, per session.
 *
 * Holds no pins: an instance leaves when its last pin goes. Look-up and insertion are one probe.
 * Keys are not stored: an entry's key is what its instance's primary key slots had when it was
 * loaded or flushed (the committed values).
 */
#ifndef LA_ORM_IDENTITY_H
#define LA_ORM_IDENTITY_H

#include "orm/instance.h"

#pragma GCC visibility push(hidden)

#define LA_IDENTITY_FEW 4

/* Not to be moved while it has entries. */
typedef struct la_identity_map {
  la_allocator *alloc;
  la_instance **buckets; /* chains through next_in_map; a power of two, `few` at first */
  size_t bucket_count;
  size_t count;
  la_instance *few[LA_IDENTITY_FEW];
  uint32_t token; /* of what is looked for, and of objects that come from rows */
} la_identity_map;

void la_identity_init(la_identity_map *map, la_allocator *alloc);
/* Forgets all entries without touching pins. */
void la_identity_clear(la_identity_map *map);
/* Room for `count` more entries, sized ahead of a load. */
la_status la_identity_reserve(la_identity_map *map, size_t count, la_error *err);
uint32_t la_identity_hash(const la_mapper *root, const la_value *key);
/* `key` has root->primary_key_count values; the token is the map's. NULL if there is none. */
la_instance *la_identity_find(const la_identity_map *map, const la_mapper *root,
                              const la_value *key, uint32_t hash);
/* Adds `instance`, whose key slots hold its key; `instance->key_hash` is set. The caller knows that
 * the key is free. */
la_status la_identity_add(la_identity_map *map, la_instance *instance, uint32_t hash,
                          la_error *err);
void la_identity_remove(la_identity_map *map, la_instance *instance);
/* Whether two instances of one hierarchy have the same committed key. */
bool la_instance_same_key(const la_instance *a, const la_instance *b);
/* The committed key of a keyed instance, value by value, into `out`. */
void la_instance_key(const la_instance *instance, la_value *out);

#pragma GCC visibility pop

#endif
