/* SPDX-License-Identifier: MIT */
/*
 * A driver that records what it is sent and answers from a script: no database behind it.
 *
 * The record is counted; an engine gets it as `options.host_handle` with `la_driver_record` as its
 * driver, and borrows it. Statements stand in order with their parameters; BEGIN, COMMIT and the
 * like are among them. An answer serves one execution, in order; it may be bound to a statement by
 * the beginning of its text. Without an answer a statement gives no rows, one change, and the next
 * insert id.
 */
#ifndef LA_ENGINE_DRIVER_RECORD_H
#define LA_ENGINE_DRIVER_RECORD_H

#include "base/vec.h"
#include "engine/driver.h"

#pragma GCC visibility push(hidden)

typedef struct la_record_entry {
  la_text text;
  la_value *params; /* bytes in the record's arena */
  uint32_t param_count;
} la_record_entry;

typedef struct la_record_answer {
  la_text prefix; /* none: for any statement */
  const la_text *columns;
  uint32_t column_count;
  const la_value *values; /* row by row */
  size_t row_count;
  la_status failure; /* LA_OK: none */
  la_text message;
  int64_t changes;
  int64_t last_insert_id; /* 0: the next number */
  bool ends_transaction;  /* with the failure, as a full disk does */
  bool used;              /* set by the driver */
} la_record_answer;

/* Read only outside this file. */
typedef struct la_record {
  la_object object;
  la_allocator *alloc;
  la_arena arena;
  LA_VEC(la_record_entry) entries;
  LA_VEC(la_record_answer) answers;
  int64_t next_insert_id;
  bool in_memory; /* what read_url tells the engine */
} la_record;

/* NULL when out of memory. Release by la_object_release. */
la_record *la_record_new(la_allocator *alloc);
/* Copies `answer` with all that it refers to. */
la_status la_record_add_answer(la_record *record, const la_record_answer *answer, la_error *err);
/* Forgets the statements so far; the answers stay. */
void la_record_forget(la_record *record);

extern const la_driver la_driver_record;

#pragma GCC visibility pop

#endif
