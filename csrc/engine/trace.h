/* SPDX-License-Identifier: MIT */
/*
 * A record of what was sent, for those who look on.
 *
 * The core sends statements by itself in flushes and loads. Where the engine echoes or somebody
 * listens to its cursor events, the binding switches the trace on around such a call and takes the
 * records afterwards. Switched off, it costs one comparison. Owned by its engine. Running out of
 * memory drops records, not statements.
 *
 * Who listens hears of statements as they are sent: `tell` is called around each, and may have
 * another one sent.
 */
#ifndef LA_ENGINE_TRACE_H
#define LA_ENGINE_TRACE_H

#include "base/arena.h"
#include "base/vec.h"
#include "compile/compiled.h"

#pragma GCC visibility push(hidden)

/* Where a text that is sent comes from. */
typedef enum la_origin_kind {
  LA_ORIGIN_RAW,    /* the program's own text */
  LA_ORIGIN_NO_KEY, /* made once, for no cache: DDL, savepoints */
  LA_ORIGIN_NEW,
  LA_ORIGIN_CACHED /* of a compiled statement that was sent before */
} la_origin_kind;

typedef struct la_origin {
  la_origin_kind kind;
  double age; /* seconds since it was compiled */
} la_origin;

/* `compiled`, NULL for the program's own text, counts as sent from now on. */
la_origin la_origin_take(la_compiled *compiled);

typedef enum la_sending_moment {
  LA_SENDING_BEFORE,
  LA_SENDING_RAN,
  LA_SENDING_OVER /* nothing of it is needed any more */
} la_sending_moment;

/* A statement that is sent, once for each set of parameters. LA_SENDING_BEFORE may put other text
 * and as many other sets in place, which the callee keeps until it is over. */
typedef struct la_sending {
  la_text text;
  const la_value *values; /* `rows` times `count`, one set after the other */
  uint32_t count;
  uint32_t rows;
  int64_t number; /* the callee's own, not 0 */
} la_sending;

struct la_connection;
/* LA_HOST: the callee keeps the error. The connection is NULL when it is over. */
typedef la_status (*la_trace_tell)(void *context, struct la_connection *connection,
                                   la_sending *sending, la_sending_moment moment);

typedef enum la_trace_kind {
  LA_TRACE_STATEMENT,
  LA_TRACE_TRANSACTION, /* BEGIN, COMMIT, ROLLBACK */
  LA_TRACE_COLUMNS,     /* the names of the columns that the newest statement gives … */
  LA_TRACE_ROW          /* … and a row of them, as the driver gives it */
} la_trace_kind;

typedef struct la_trace_entry {
  la_trace_kind kind;
  la_text text;
  la_value *values; /* `rows` times `count`: sets of parameters one after the other, or a row */
  uint32_t count;
  uint32_t rows;
  bool told; /* who listens has heard of it */
  la_origin origin;
  double started, seconds;
} la_trace_entry;

typedef struct la_trace {
  la_allocator *alloc;
  la_arena arena;
  LA_VEC(la_trace_entry) entries;
  LA_VEC(la_value) values; /* of the newest statement */
  bool on;
  bool heard;         /* somebody listens */
  la_trace_tell tell; /* the binding's; NULL where there is none */
  void *context;
  bool echo;       /* the engine echoes what its sessions send */
  bool shows_rows; /* … and the rows that come back, of what it executes as well: echo "debug" */
} la_trace;

void la_trace_init(la_trace *trace, la_allocator *alloc);
void la_trace_clear(la_trace *trace);
/* Empties it and switches it on or off. */
void la_trace_switch(la_trace *trace, bool on);
/* A statement with its first set of parameters. */
void la_trace_statement(la_trace *trace, la_text text, const la_value *values, uint32_t count);
/* The newest statement is none of the program's texts. */
void la_trace_no_key(la_trace *trace);
/* The newest statement was made from `compiled`. */
void la_trace_compiled(la_trace *trace, la_compiled *compiled);
/* Who listens has heard of the newest statement. */
void la_trace_told(la_trace *trace);
/* Another set for `text`: for the newest statement, or it is a new one. */
void la_trace_rebind(la_trace *trace, la_text text, const la_value *values, uint32_t count);
/* A statement that begins or ends a transaction. */
void la_trace_transaction(la_trace *trace, const char *text);
/* Names of columns or a row of the newest statement, also while it is switched off. `values` lie in
 * the trace's arena; the bytes that they lend are copied. */
void la_trace_row(la_trace *trace, la_trace_kind kind, la_value *values, uint32_t count);
/* The newest statement has run so far. */
void la_trace_ran(la_trace *trace);
/* Settles the newest statement's values: call before reading `entries`. */
void la_trace_settle(la_trace *trace);

#pragma GCC visibility pop

#endif
