/* SPDX-License-Identifier: MIT */
/*
 * A result's rows, packed in C: read from a cursor at once, delivered one by one.
 *
 * Values lie in chunks of a slab, each row an array of la_value followed by its bytes; a chunk is
 * freed when no row of it is pinned. A program's row object pins its chunk. Owned by whoever inits
 * it.
 */
#ifndef LA_ENGINE_ROWS_H
#define LA_ENGINE_ROWS_H

#include "base/slab.h"
#include "engine/cursor.h"

#pragma GCC visibility push(hidden)

typedef struct la_packed_row {
  la_chunk *chunk;
  la_value values[];
} la_packed_row;

typedef struct la_rows {
  la_allocator *alloc;
  la_slab *slab;
  la_chunk *chunk;              /* being filled; pinned, or NULL */
  LA_VEC(la_packed_row *) rows; /* each pins its chunk until delivered or cleared */
  size_t next;                  /* the first not delivered */
  uint32_t width;
  la_value *row;    /* the row at hand, before it is packed */
  la_arena scratch; /* bytes made by conversion */
} la_rows;

la_status la_rows_init(la_rows *rows, la_allocator *alloc, uint32_t width, la_error *err);
/* The same with the memory of `slab` (retained): many small results then lie side by side in few
 * blocks. */
la_status la_rows_init_in(la_rows *rows, la_slab *slab, la_allocator *alloc, uint32_t width,
                          la_error *err);
/* Drops the rows that were not delivered; more can be read. */
void la_rows_drop(la_rows *rows);
/* Frees what was not delivered. Accepts a zeroed or cleared one. */
void la_rows_clear(la_rows *rows);
/* Reads up to `limit` rows (0: all) from `cursor`, converting by `columns` (NULL: as they come).
 * LA_DONE when the cursor is at its end, else LA_ROW. */
la_status la_rows_read(la_rows *rows, la_cursor *cursor, const la_result_column *columns,
                       size_t limit, la_error *err);
/* Packs one row of `rows->width` values that somebody else made; bytes are copied. */
la_status la_rows_add(la_rows *rows, const la_value *values, la_error *err);
/* The next row; its pin is the caller's (la_chunk_unpin(row->chunk)). NULL at the end. */
la_packed_row *la_rows_take(la_rows *rows);
size_t la_rows_left(const la_rows *rows);

#pragma GCC visibility pop

#endif
