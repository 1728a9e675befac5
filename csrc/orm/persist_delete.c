/* SPDX-License-Identifier: MIT */
/*
 * Rows of mapped tables: DELETE of a batch of objects.
 *
 * Table by table, those of subclasses first. What was matched is compared with what was expected
 * once for each table, as the statements of a table are one to the reader of the message.
 */
#include "orm/flush_internal.h"

/* How many rows of a table were to go and went. */
typedef struct tally {
  int64_t expected, matched;
  bool versioned;
  const la_mapper *mapper;
} tally;

/* True if the row's version is compared. */
static bool shape_delete(const la_flush *flush, la_persist_row *r) {
  const la_property *version = r->map->mapper->version_property;
  bool versioned = false;
  memset(r->map->shape, LA_CELL_OMITTED, r->map->count);
  memcpy(r->map->keys, r->map->primary, r->map->count * sizeof *r->map->keys);
  for (uint32_t i = 0; version != NULL && i < r->map->count; i++) {
    la_value old;
    if (r->map->properties[i] == version &&
        la_persist_row_value(flush, r->record, version->slot, &old)) {
      r->map->keys[i] = true;
      r->map->shape[i] = LA_CELL_EXPR; /* tells plans with the version from those without */
      versioned = true;
    }
  }
  return versioned;
}

static la_status next_delete(la_flush *flush, la_rows_ahead *ahead, la_value *out, la_error *err) {
  la_table_map *map = ahead->row->map;
  while (++ahead->at < flush->batch.count) {
    la_flush_record *record = &flush->records.items[flush->batch.items[ahead->at]];
    la_persist_row r = {.record = record, .instance = record->instance, .map = map};
    if (record->flags & LA_RECORD_REPLACED) {
      continue;
    }
    if (record->instance->mapper != ahead->row->instance->mapper) {
      return LA_DONE;
    }
    (void)shape_delete(flush, &r);
    if (memcmp(flush->plan_shape, map->shape, map->count) != 0) {
      return LA_DONE;
    }
    ahead->of = record;
    return la_persist_fill_row(flush, &r, out, err);
  }
  return LA_DONE;
}

static la_status delete_row(la_flush *flush, la_persist_row *r, size_t at, tally *sum,
                            la_error *err) {
  la_rows_ahead ahead = {.next = next_delete, .of = r->record, .at = at, .row = r};
  sum->versioned |= shape_delete(flush, r);
  LA_TRY(la_persist_use_row(flush, LA_PLAN_DELETE, r, err));
  LA_TRY(la_persist_fill(flush, r, err));
  LA_TRY(la_persist_execute(flush, &ahead, err));
  sum->expected++;
  sum->matched += la_persist_changes(flush);
  sum->mapper = r->map->mapper;
  return LA_OK;
}

/* Rows that were gone already: versions make that an error, otherwise it is only told. */
static la_status compare(const la_flush *flush, const la_table *table, const tally *sum,
                         la_error *err) {
  static const char format[] =
      "DELETE statement on table '%.*s' expected to delete %d row(s); %d were matched.  Please set "
      "confirm_deleted_rows = false within the mapper configuration to prevent this warning.";
  if (sum->expected == sum->matched || !sum->mapper->root->confirm_deleted_rows) {
    return LA_OK;
  }
  if (sum->versioned) {
    return la_fail(err, LA_STALE_DATA, format, LA_TEXT_FORMAT(table->name), (int)sum->expected,
                   (int)sum->matched);
  }
  la_warn(flush->session->sql->warnings, format, LA_TEXT_FORMAT(table->name), (int)sum->expected,
          (int)sum->matched);
  return LA_OK;
}

la_status la_persist_delete_rows(la_flush *flush, la_error *err) {
  for (; flush->table_at < flush->tables.count; flush->table_at++) {
    la_table *table = flush->tables.items[flush->tables.count - 1 - flush->table_at];
    tally sum = {0};
    for (size_t i = 0; i < flush->batch.count; i++) {
      la_flush_record *record = &flush->records.items[flush->batch.items[i]];
      la_persist_row r = {.record = record, .instance = record->instance};
      if (record->flags & LA_RECORD_REPLACED) {
        continue;
      }
      LA_TRY(la_flush_table_map(flush, r.instance->mapper, table, &r.map, err));
      if (r.map != NULL && !r.map->passive_deletes) {
        LA_TRY(delete_row(flush, &r, i, &sum, err));
      }
    }
    LA_TRY(compare(flush, table, &sum, err));
  }
  flush->table_at = 0;
  return LA_OK;
}
