/* SPDX-License-Identifier: MIT */
/*
 * Rows of new objects of one class, many by one statement.
 *
 *   INSERT INTO users (name, age) VALUES (?, ?), (?, ?), …
 *
 * Half of what an INSERT of one row costs is beginning and ending the statement. So behind a row
 * that went by itself, what follows and has the same shape goes LA_ROWS_TOGETHER at a time, as long
 * as the keys that the database makes are known without being read back: where nothing but the
 * statement puts rows into the table, each gets the next number after the one before. A group that
 * fails is sent again row by row, so that the error is that of its row. Where somebody listens rows
 * go one by one: listeners are told of one statement with all rows.
 */
#include "orm/flush_internal.h"

static bool makes_keys_in_sequence(const la_flush *flush, const la_table *table) {
  const la_raw *raw = flush->connection->raw;
  return table->schema.len == 0 && !flush->plan_translated &&
         raw->driver->makes_keys_in_sequence != NULL &&
         raw->driver->makes_keys_in_sequence(raw->handle, table->name);
}

/* Whether rows like `r`, which has just been inserted by the plan in use, may go together. */
static la_status find_together(la_flush *flush, const la_persist_row *r, la_error *err) {
  const la_table_map *map = r->map;
  bool alone = la_persist_is_told(flush) || r->returns || r->has_expressions || map->may_expire ||
               map->autoincrement == NULL || flush->plan_map != map ||
               flush->plan_kind != LA_PLAN_INSERT;
  if (flush->together != LA_TOGETHER_UNKNOWN) {
    return LA_OK;
  }
  flush->together = LA_TOGETHER_NO;
  if (alone ||
      flush->plan_shape[la_table_autoincrement_column(map->table)->ordinal] != LA_CELL_OMITTED) {
    return LA_OK;
  }
  LA_TRY(la_compiled_make_many(flush->plan->compiled, flush->alloc, err));
  if (flush->plan->compiled->many.len > 0 && makes_keys_in_sequence(flush, map->table)) {
    flush->together = LA_TOGETHER_YES;
  }
  return LA_OK;
}

static la_flush_record *record_behind(const la_flush *flush, uint32_t number) {
  return &flush->records.items[flush->batch.items[flush->at + 1 + number]];
}

/* The values of the rows behind the one at hand; LA_DONE if one of them has another shape. */
static la_status fill(la_flush *flush, const la_persist_row *first, la_error *err) {
  uint32_t count = flush->plan->count;
  flush->values.count = 0;
  if (!la_vec_reserve(flush->alloc, &flush->values, (size_t)count * LA_ROWS_TOGETHER)) {
    return la_fail_nomem(err);
  }
  if (flush->scratch.blocks != NULL) {
    la_arena_clear(&flush->scratch);
  }
  for (uint32_t i = 0; i < LA_ROWS_TOGETHER; i++) {
    la_value *values = &flush->values.items[flush->values.count];
    la_status status = la_persist_fill_insert(flush, first, flush->at + 1 + i, values, err);
    if (status != LA_OK) {
      return status;
    }
    flush->values.count += count;
  }
  return LA_OK;
}

static la_status send(la_flush *flush, la_error *err) {
  la_cursor cursor;
  la_status status = la_cursor_open(&cursor, flush->connection, flush->plan->compiled->many,
                                    flush->values.items, (uint32_t)flush->values.count, err);
  if (status >= 0) {
    la_trace_compiled(&flush->session->engine->trace, flush->plan->compiled);
    status = la_cursor_step(&cursor, err);
    la_cursor_close(&cursor);
  }
  return status;
}

/* Gives the keys that follow `last`, the one before the group. */
static la_status take_keys(la_flush *flush, const la_persist_row *first, int64_t last,
                           la_error *err) {
  const la_property *key = first->map->autoincrement;
  if (la_persist_changes(flush) != LA_ROWS_TOGETHER ||
      la_persist_insert_id(flush) - LA_ROWS_TOGETHER != last) {
    return la_fail(err, LA_FLUSH,
                   "the keys of new rows of table '%.*s' can't be told: they do not follow one "
                   "another",
                   LA_TEXT_FORMAT(first->map->table->name));
  }
  for (uint32_t i = 0; i < LA_ROWS_TOGETHER; i++) {
    la_value made = la_value_integer(last + 1 + i);
    LA_TRY(la_flush_write(flush, record_behind(flush, i)->instance, key->slot, &made, err));
  }
  return LA_OK;
}

/* LA_DONE: the rows behind the one at hand go one by one. */
static la_status insert_group(la_flush *flush, const la_persist_row *first, la_error *err) {
  const la_raw *raw = flush->connection->raw;
  int64_t last = la_persist_insert_id(flush);
  la_error refused = LA_ERROR_INIT;
  la_status status = fill(flush, first, err);
  if (status != LA_OK) {
    return status;
  }
  status = send(flush, &refused);
  if (status >= 0) {
    return take_keys(flush, first, last, err);
  }
  flush->together = LA_TOGETHER_NO;
  if (status == LA_NOMEM || !raw->driver->in_transaction(raw->handle)) {
    *err = refused;
    return status;
  }
  return LA_DONE;
}

la_status la_persist_insert_behind(la_flush *flush, const la_persist_row *r, la_error *err) {
  while (flush->batch.count - flush->at > LA_ROWS_TOGETHER) {
    la_status status = find_together(flush, r, err);
    if (status == LA_OK && flush->together == LA_TOGETHER_YES) {
      status = insert_group(flush, r, err);
    } else if (status == LA_OK) {
      return LA_OK;
    }
    if (status != LA_OK) {
      return status == LA_DONE ? LA_OK : status;
    }
    flush->at += LA_ROWS_TOGETHER;
  }
  return LA_OK;
}
