/* SPDX-License-Identifier: MIT */
/*
 * Foreign keys of relationships with post_update.
 *
 * Two rows may refer to each other: both are inserted without, then
 *   UPDATE people SET favorite_id=? WHERE people.id = ?
 * and, before either is deleted, the same with NULL.
 */
#include "orm/flush_internal.h"

/* Writes the foreign key that `sync` gives, and notes the columns in the map of their table;
 * `*map_out` NULL if nothing changes. */
static la_status write_keys(la_flush *flush, la_flush_record *record, const la_flush_sync *sync,
                            la_table_map **map_out, la_error *err) {
  const la_relationship *r = sync->relationship;
  la_instance *instance = record->instance;
  la_table_map *map;
  *map_out = NULL;
  LA_TRY(la_flush_table_map(flush, instance->mapper, r->pairs[0].destination->table, &map, err));
  if (map == NULL) {
    return LA_OK;
  }
  memset(map->shape, LA_CELL_OMITTED, map->count);
  memcpy(map->keys, map->primary, map->count * sizeof *map->keys);
  for (uint32_t i = 0; i < r->pair_count; i++) {
    const la_column *column = r->pairs[i].destination;
    const la_property *property = map->properties[column->ordinal];
    const la_value *slot;
    la_value value = LA_VALUE_NONE;
    if (property == NULL || map->primary[column->ordinal]) {
      continue;
    }
    slot = &instance->slots[property->slot];
    if (!sync->clear && !la_sync_source(sync->parent, r->pairs[i].source, &value)) {
      return la_fail(err, LA_FLUSH, "the object that %.*s.%.*s names has no key to refer to",
                     LA_TEXT_FORMAT(r->parent->class_name), LA_TEXT_FORMAT(r->key));
    }
    if (slot->flags & LA_SLOT_LOADED && la_value_equal(slot, &value)) {
      continue;
    }
    if (value.kind == LA_VALUE_NULL && !(slot->flags & LA_SLOT_LOADED) &&
        !(instance->flags & LA_INSTANCE_KEYED)) {
      continue; /* it has been inserted as NULL */
    }
    LA_TRY(la_flush_write(flush, instance, property->slot, &value, err));
    map->shape[column->ordinal] = LA_CELL_VALUE;
    *map_out = map;
  }
  return LA_OK;
}

la_status la_persist_post_updates(la_flush *flush, la_error *err) {
  const la_relationship *relationship = flush->relationships.items[flush->batch_node.subject];
  for (size_t i = 0; i < flush->records.count; i++) {
    la_flush_record *record = &flush->records.items[i];
    bool done = false; /* the newest entry rules */
    for (uint32_t at = record->first_sync; at != LA_FLUSH_NONE && !done;
         at = flush->syncs.items[at].next) {
      la_flush_sync sync = flush->syncs.items[at];
      la_table_map *map;
      if (sync.relationship != relationship || record->op == LA_RECORD_LISTED ||
          record->flags & LA_RECORD_REPLACED) {
        continue;
      }
      done = true;
      LA_TRY(write_keys(flush, record, &sync, &map, err));
      if (map != NULL) {
        LA_TRY(la_persist_send_update(flush, record, map, err));
      }
    }
  }
  return LA_OK;
}
