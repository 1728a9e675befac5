/* SPDX-License-Identifier: MIT */
#include "engine/rows.h"

la_status la_rows_init_in(la_rows *rows, la_slab *slab, la_allocator *alloc, uint32_t width,
                          la_error *err) {
  *rows = (la_rows){.alloc = alloc, .width = width};
  la_arena_init(&rows->scratch, alloc);
  rows->slab = la_object_retain(slab);
  rows->row = la_alloc(alloc, width * sizeof *rows->row);
  if (rows->row == NULL && width > 0) {
    la_rows_clear(rows);
    return la_fail_nomem(err);
  }
  return LA_OK;
}

la_status la_rows_init(la_rows *rows, la_allocator *alloc, uint32_t width, la_error *err) {
  la_slab *slab = la_slab_new(alloc);
  la_status status;
  if (slab == NULL) {
    *rows = (la_rows){0};
    return la_fail_nomem(err);
  }
  status = la_rows_init_in(rows, slab, alloc, width, err);
  la_object_release((la_object *)slab);
  return status;
}

static void leave_chunk(la_rows *rows) {
  if (rows->chunk != NULL) {
    la_chunk_unpin(rows->chunk);
    rows->chunk = NULL;
  }
}

void la_rows_drop(la_rows *rows) {
  for (size_t i = rows->next; i < rows->rows.count; i++) {
    la_chunk_unpin(rows->rows.items[i]->chunk);
  }
  rows->rows.count = rows->next = 0;
  leave_chunk(rows);
}

void la_rows_clear(la_rows *rows) {
  if (rows->alloc == NULL) {
    return;
  }
  la_rows_drop(rows);
  la_vec_clear(rows->alloc, &rows->rows);
  la_free(rows->alloc, rows->row, rows->width * sizeof *rows->row);
  la_arena_clear(&rows->scratch);
  la_object_release((la_object *)rows->slab);
  *rows = (la_rows){0};
}

/* A packed row of `width` values and `size` bytes behind them, its chunk pinned. */
static la_packed_row *make_row(la_rows *rows, size_t size) {
  size_t whole = sizeof(la_packed_row) + rows->width * sizeof(la_value) + size;
  la_packed_row *row = rows->chunk ? la_chunk_alloc(rows->chunk, whole) : NULL;
  if (row == NULL) {
    leave_chunk(rows);
    rows->chunk = la_slab_chunk(rows->slab, whole, rows->rows.count * whole);
    row = rows->chunk ? la_chunk_alloc(rows->chunk, whole) : NULL;
    if (row == NULL) {
      return NULL;
    }
  }
  row->chunk = rows->chunk;
  la_chunk_pin(rows->chunk);
  return row;
}

static la_status convert(la_rows *rows, const la_result_column *columns, la_error *err) {
  la_arena_clear(&rows->scratch);
  for (uint32_t i = 0; i < rows->width; i++) {
    if (!columns[i].plain) {
      la_value stored = rows->row[i];
      la_error inner = LA_ERROR_INIT;
      la_status status =
          la_type_result(columns[i].type, &stored, &rows->row[i], &rows->scratch, &inner);
      if (status == LA_NOMEM) {
        return la_fail_nomem(err);
      }
      if (status < 0) {
        return la_fail(err, status, "(%.*s) %s", LA_TEXT_FORMAT(columns[i].key), inner.message);
      }
    }
  }
  return LA_OK;
}

/* Copies the values at hand into a packed row of their own. */
static la_status pack(la_rows *rows, la_error *err) {
  la_packed_row *row;
  size_t size = 0;
  char *bytes;
  for (uint32_t i = 0; i < rows->width; i++) {
    size += la_value_has_bytes(&rows->row[i]) ? rows->row[i].len : 0;
  }
  if (!la_vec_reserve(rows->alloc, &rows->rows, 1) || (row = make_row(rows, size)) == NULL) {
    return la_fail_nomem(err);
  }
  bytes = (char *)&row->values[rows->width];
  for (uint32_t i = 0; i < rows->width; i++) {
    row->values[i] = rows->row[i];
    if (la_value_has_bytes(&rows->row[i])) {
      memcpy(bytes, rows->row[i].as.bytes, rows->row[i].len);
      row->values[i].as.bytes = bytes;
      bytes += rows->row[i].len;
    }
  }
  rows->rows.items[rows->rows.count++] = row;
  return LA_OK;
}

/* Delivered rows' places are used again. */
static void move_up(la_rows *rows) {
  if (rows->next > 0) {
    rows->rows.count -= rows->next;
    memmove(rows->rows.items, rows->rows.items + rows->next,
            rows->rows.count * sizeof *rows->rows.items);
    rows->next = 0;
  }
}

static bool has_conversions(const la_result_column *columns, uint32_t count) {
  for (uint32_t i = 0; columns != NULL && i < count; i++) {
    if (!columns[i].plain) {
      return true;
    }
  }
  return false;
}

la_status la_rows_read(la_rows *rows, la_cursor *cursor, const la_result_column *columns,
                       size_t limit, la_error *err) {
  bool converts = has_conversions(columns, rows->width);
  size_t read = 0;
  move_up(rows);
  while (limit == 0 || read < limit) {
    la_status status = la_cursor_step(cursor, err);
    if (status != LA_ROW) {
      leave_chunk(rows);
      return status;
    }
    if (cursor->column_count != rows->width) {
      return la_fail(err, LA_OPERATIONAL,
                     "the number of columns of the statement changed from %u to %u while it ran",
                     rows->width, cursor->column_count);
    }
    la_cursor_row(cursor, rows->row);
    if (converts) {
      LA_TRY(convert(rows, columns, err));
    }
    LA_TRY(pack(rows, err));
    read++;
  }
  return LA_ROW;
}

la_packed_row *la_rows_take(la_rows *rows) {
  if (rows->next >= rows->rows.count) {
    return NULL;
  }
  return rows->rows.items[rows->next++];
}

size_t la_rows_left(const la_rows *rows) {
  return rows->rows.count - rows->next;
}

la_status la_rows_add(la_rows *rows, const la_value *values, la_error *err) {
  if (rows->width > 0) {
    memcpy(rows->row, values, rows->width * sizeof *values);
  }
  return pack(rows, err);
}
