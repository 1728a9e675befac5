/* SPDX-License-Identifier: MIT */
/*
 * Foreign keys of relationships with post_update.
 *
 * Two rows may refer to each other: both are inserted without, then
 *   UPDATE people SET favorite_id=? WHERE people.id = ?
 * and, before either is deleted, the same with NULL.
 */
#include "orm/flush_internal.h"

/* Writes the foreign key that `sync` gives into the slots; `*changed_out` if it was another. */
static la_status write_keys(la_flush *flush, const la_flush_record *record,
                            const la_flush_sync *sync, bool *changed_out, la_error *err) {
  const la_relationship *r = sync->relationship;
  la_instance *instance = record->instance;
  for (uint32_t i = 0; i < r->pair_count; i++) {
    const la_property *property = la_persist_property(instance->mapper, r->pairs[i].destination);
    const la_value *slot;
    la_value value = LA_VALUE_NONE;
    if (property == NULL || property->flags & LA_PROPERTY_PRIMARY_KEY) {
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
    *changed_out = true;
  }
  return LA_OK;
}

la_status la_persist_gather_post_updates(la_flush *flush, la_error *err) {
  const la_relationship *relationship = flush->relationships.items[flush->batch_node.subject];
  for (size_t i = 0; i < flush->records.count; i++) {
    const la_flush_record *record = &flush->records.items[i];
    uint32_t at = record->first_sync; /* the newest entry rules */
    bool changed = false;
    while (at != LA_FLUSH_NONE && flush->syncs.items[at].relationship != relationship) {
      at = flush->syncs.items[at].next;
    }
    if (at == LA_FLUSH_NONE || record->op == LA_RECORD_LISTED ||
        record->flags & LA_RECORD_REPLACED) {
      continue;
    }
    la_flush_sync sync = flush->syncs.items[at];
    LA_TRY(write_keys(flush, record, &sync, &changed, err));
    if (changed && !la_vec_push(flush->alloc, &flush->batch, (uint32_t)i)) {
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}

/* Sets the shape: the foreign key, and the version if it has been raised. */
static void shape_row(la_persist_row *r, const la_relationship *relationship, bool raised) {
  la_table_map *map = r->map;
  const la_property *version = map->mapper->version_property;
  memset(map->shape, LA_CELL_OMITTED, map->count);
  memcpy(map->keys, map->primary, map->count * sizeof *map->keys);
  for (uint32_t i = 0; i < relationship->pair_count; i++) {
    uint32_t ordinal = relationship->pairs[i].destination->ordinal;
    if (map->properties[ordinal] != NULL && !map->primary[ordinal]) {
      map->shape[ordinal] = LA_CELL_VALUE;
    }
  }
  for (uint32_t i = 0; r->version != NULL && i < map->count; i++) {
    if (map->properties[i] == version) {
      map->keys[i] = true;
      map->shape[i] = raised ? LA_CELL_VALUE : LA_CELL_OMITTED;
    }
  }
}

/* Keeps the version of the row at hand, and raises it unless the row is new; LA_ROW with a step. */
static la_status raise_version(la_flush *flush, const la_flush_record *record,
                               const la_table *table, la_flush_step *step_out, la_error *err) {
  const la_property *version = record->instance->mapper->version_property;
  la_value now;
  flush->has_row_version = false;
  if (version == NULL || version->column->table != table ||
      !la_persist_row_value(flush, record, version->slot, &now)) {
    return LA_OK;
  }
  if (!la_value_copy(&flush->arena, &now, &flush->row_version)) {
    return la_fail_nomem(err);
  }
  flush->has_row_version = true;
  return record->flags & LA_RECORD_INSERTS
             ? LA_OK
             : la_persist_version_up(flush, record, false, step_out, err);
}

/* Versions are raised one by one. */
static la_status next_row(la_flush *flush, la_rows_ahead *ahead, la_value *out, la_error *err) {
  la_table_map *map = ahead->row->map;
  if (++ahead->at >= flush->batch.count || map->mapper->version_property != NULL ||
      flush->session->routed) {
    return LA_DONE;
  }
  la_flush_record *record = &flush->records.items[flush->batch.items[ahead->at]];
  la_persist_row r = {.record = record, .instance = record->instance, .map = map};
  if (record->instance->mapper != ahead->row->instance->mapper) {
    return LA_DONE;
  }
  shape_row(&r, ahead->context, false);
  la_persist_complete_update(flush, &r);
  if (r.returns || memcmp(flush->plan_shape, map->shape, map->count) != 0) {
    return LA_DONE;
  }
  ahead->of = record;
  return la_persist_fill_row(flush, &r, out, err);
}

la_status la_persist_post_updates(la_flush *flush, la_flush_step *step_out, la_error *err) {
  const la_relationship *relationship = flush->relationships.items[flush->batch_node.subject];
  la_table *table = relationship->pairs[0].destination->table;
  for (; flush->at < flush->batch.count; flush->at++, flush->column = 0) {
    la_flush_record *record = &flush->records.items[flush->batch.items[flush->at]];
    la_persist_row r = {.record = record, .instance = record->instance};
    (void)la_flush_go_to(flush, record);
    if (flush->column++ == 0) {
      la_status status = raise_version(flush, record, table, step_out, err);
      if (status != LA_OK) {
        return status;
      }
    }
    LA_TRY(la_flush_table_map(flush, r.instance->mapper, table, &r.map, err));
    if (r.map == NULL) {
      continue;
    }
    r.version = flush->has_row_version ? &flush->row_version : NULL;
    shape_row(&r, relationship,
              !(record->flags & LA_RECORD_INSERTS) &&
                  r.map->mapper->root->version_source != LA_VERSION_ELSEWHERE);
    la_rows_ahead ahead = {
        .next = next_row, .of = record, .at = flush->at, .row = &r, .context = relationship};
    LA_TRY(la_persist_send_update(flush, &r, &ahead, err));
    record->flags |= LA_RECORD_WRITTEN;
  }
  return LA_OK;
}
