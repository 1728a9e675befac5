/* SPDX-License-Identifier: MIT */
/*
 * Rows of a flush where somebody listens to cursors.
 *
 * Listeners hear of a statement before it is sent, with the parameters of all rows that it is going
 * to be sent for, and may have others sent; so the values of the rows that follow are made when the
 * first is at hand. Each row is sent when its turn comes, since what the database makes of it is
 * read then. After the last one listeners hear that the statement ran.
 *
 * What a listener does in between may make a row another than the one that was told: it goes with a
 * statement of its own then. Its own statements leave counts behind, so those of the row are read
 * before it is told.
 */
#include "engine/failed.h"
#include "orm/flush_internal.h"

typedef LA_VEC(const void *) pointers;

bool la_persist_is_told(const la_flush *flush) {
  return flush->session->engine->trace.heard || flush->cursor.told != 0;
}

/* Puts the values of the rows behind the one at hand behind its own. `of` gets what each is of. */
static la_status gather(la_flush *flush, la_rows_ahead *ahead, uint32_t count, pointers *of,
                        la_error *err) {
  la_status status = LA_OK;
  while (count > 0 && status == LA_OK) {
    if (!la_vec_reserve(flush->alloc, &flush->values, count)) {
      return la_fail_nomem(err);
    }
    status = ahead->next(flush, ahead, flush->values.items + flush->values.count, err);
    if (status == LA_OK) {
      flush->values.count += count;
      if (!la_vec_push(flush->alloc, of, ahead->of)) {
        return la_fail_nomem(err);
      }
    }
  }
  return status < 0 ? status : LA_OK;
}

/* The same; the map that rows share stays that of the row at hand. */
static la_status gather_rows(la_flush *flush, la_rows_ahead *ahead, uint32_t count, pointers *of,
                             la_error *err) {
  la_table_map *map = ahead->row != NULL ? ahead->row->map : NULL;
  size_t columns = map != NULL ? map->count : 0;
  uint8_t *shape = la_arena_alloc(&flush->told, columns + 1);
  bool *keys = la_arena_alloc(&flush->told, (columns + 1) * sizeof *keys);
  la_status status;
  if (shape == NULL || keys == NULL) {
    return la_fail_nomem(err);
  }
  if (map == NULL) {
    return gather(flush, ahead, count, of, err);
  }
  if (ahead->row->has_expressions) {
    return LA_OK;
  }
  memcpy(shape, map->shape, columns);
  memcpy(keys, map->keys, columns * sizeof *keys);
  status = gather(flush, ahead, count, of, err);
  memcpy(map->shape, shape, columns);
  memcpy(map->keys, keys, columns * sizeof *keys);
  return status;
}

/* The gathered values, which listeners may outlive, and what the rows behind the first are of. */
static la_value *keep(la_flush *flush, const pointers *of) {
  size_t count = flush->values.count;
  la_value *values = la_arena_alloc(&flush->told, (count + 1) * sizeof *values);
  flush->told_of = la_arena_alloc(&flush->told, (of->count + 1) * sizeof *flush->told_of);
  if (values == NULL || flush->told_of == NULL) {
    return NULL;
  }
  for (size_t i = 0; i < count; i++) {
    if (!la_value_copy(&flush->told, &flush->values.items[i], &values[i])) {
      return NULL;
    }
  }
  for (size_t i = 0; i < of->count; i++) {
    flush->told_of[i] = of->items[i];
  }
  return values;
}

static la_status begin(la_flush *flush, la_rows_ahead *ahead, la_error *err) {
  uint32_t count = (uint32_t)flush->values.count;
  pointers of = {0};
  la_value *values = NULL;
  la_status status;
  la_cursor_close(&flush->cursor);
  la_arena_clear(&flush->told);
  flush->told_left = 0;
  status = gather_rows(flush, ahead, count, &of, err);
  if (status >= 0) {
    values = keep(flush, &of);
    status = values != NULL ? LA_OK : la_fail_nomem(err);
  }
  if (status >= 0) {
    status = la_cursor_open_told(&flush->cursor, flush->connection, flush->plan->compiled->text,
                                 values, count, (uint32_t)of.count + 1, err);
    la_trace_compiled(&flush->session->engine->trace, flush->plan->compiled);
    flush->told_left = status >= 0 ? (uint32_t)of.count : 0;
  }
  la_vec_clear(flush->alloc, &of);
  return status;
}

la_status la_persist_execute_told(la_flush *flush, la_rows_ahead *ahead, la_error *err) {
  la_status status;
  if (flush->cursor.connection != NULL && flush->told_left > 0 && *flush->told_of == ahead->of) {
    flush->told_left--;
    flush->told_of++;
    status = la_cursor_rebind_told(&flush->cursor, err);
  } else {
    status = begin(flush, ahead, err);
  }
  if (status >= 0) {
    status = la_cursor_step(&flush->cursor, err);
  }
  if (status < 0) {
    const la_failed_statement *failed = flush->connection->engine->sql.failed;
    flush->told_left = 0;
    if (failed != NULL && la_failed_is(failed, err)) {
      la_persist_note_failure(flush, failed->text, failed->values, failed->count);
    }
    return status;
  }
  const la_raw *raw = flush->connection->raw;
  flush->changes = raw->driver->changes(raw->handle);
  flush->insert_id = raw->driver->last_insert_id(raw->handle);
  if (flush->told_left == 0) {
    LA_TRY(la_cursor_tell_ran(&flush->cursor, err));
  }
  return status == LA_ROW ? LA_ROW : LA_OK;
}
