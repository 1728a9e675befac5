/* SPDX-License-Identifier: MIT */
/*
 * A cursor: one execution of one statement, stepped for rows.
 *
 * Inits in place, owned by its caller. Holds a prepared statement of the raw connection from open
 * to close, and retains the connection.
 *
 *   closed ──open──▶ ready (bound) ──step──▶ row ──step──▶ done ──close──▶ closed
 *
 * Executing many: open once, then for each row of parameters la_cursor_rebind and step.
 */
#ifndef LA_ENGINE_CURSOR_H
#define LA_ENGINE_CURSOR_H

#include "engine/connection.h"

#pragma GCC visibility push(hidden)

typedef struct la_cursor la_cursor;
struct la_cursor {
  la_connection *connection; /* retained while open; NULL when closed */
  la_prepared *prepared;
  la_raw *raw;
  uint32_t column_count;
  bool stream;               /* left open between calls of the program */
  bool closed_by_connection; /* its transaction or connection ended: say so when read again */
  bool started;              /* stepped since it was bound */
  bool done;
  bool stepping;          /* a function of the program may run now: it is not to be closed … */
  bool close_wanted;      /* … before that is over */
  int64_t told;           /* what listeners know it by; 0 if there are none */
  bool ran;               /* they were told that it ran */
  bool shows_rows;        /* its rows go into the engine's trace too */
  bool notes;             /* what was sent is put down if it fails (engine/failed.h) … */
  const la_value *values; /* … with these, lent until the first step is over */
  uint32_t value_count;
  la_cursor *next, **previous; /* among the open cursors of the connection */
};

/* Prepares `text` (autobegins first) and binds `values`, database kinds, whose bytes live until the
 * cursor's first step is over or it is closed. */
la_status la_cursor_open(la_cursor *cursor, la_connection *connection, la_text text,
                         const la_value *values, uint32_t count, la_error *err);
/* The same for a statement of which listeners are told before it is sent (engine/trace.h); they
 * may have another one sent in its place. If it fails it is put down for whoever raises its error
 * (engine/failed.h): `values`, too, live until the first step is over; with several `rows` of them,
 * of which the first is bound, until the last one's is. */
la_status la_cursor_open_told(la_cursor *cursor, la_connection *connection, la_text text,
                              const la_value *values, uint32_t count, uint32_t rows, la_error *err);
/* Resets and binds the next of its rows. */
la_status la_cursor_rebind_told(la_cursor *cursor, la_error *err);
/* They are told, once, that it ran. */
la_status la_cursor_tell_ran(la_cursor *cursor, la_error *err);
/* As la_cursor_open, without parameters and without beginning a transaction. */
la_status la_cursor_open_raw(la_cursor *cursor, la_connection *connection, la_text text,
                             la_error *err);
/* Resets and binds anew. */
la_status la_cursor_rebind(la_cursor *cursor, const la_value *values, uint32_t count,
                           la_error *err);
/* LA_ROW, LA_DONE or a failure (then it is closed). */
la_status la_cursor_step(la_cursor *cursor, la_error *err);
/* All columns of the row, lent until the next step. */
void la_cursor_row(la_cursor *cursor, la_value *out);
la_text la_cursor_column_name(const la_cursor *cursor, uint32_t column);
/* Says that the program reads from it bit by bit. */
void la_cursor_make_stream(la_cursor *cursor);
/* Accepts a closed or zeroed cursor. */
void la_cursor_close(la_cursor *cursor);

/*
 * Parameter values for a compiled statement.
 *
 * `la_params` gathers values for one execution in the order of the placeholders, converts them by
 * their types, and expands lists. Owned by its caller, reused from one execution to the next.
 */
typedef struct la_params {
  la_arena scratch; /* bytes made by conversion */
  LA_VEC(la_value) values;
  la_strbuf text; /* the expanded text if the compiled statement has expanding parameters */
  LA_VEC(uint32_t) counts;  /* of expanding parameters … */
  LA_VEC(la_text) literals; /* … and texts of literal ones, by number */
  const la_value *items;    /* a lookup for an expanding parameter puts its list here … */
  uint32_t item_count;      /* … and its length */
  bool gathers;             /* values are put behind those that are there; without lists */
} la_params;

/* Gives in `out` the program's value for parameter `number` of the plan, if execution has one;
 * false in *found_out if it has none. May give a value already converted by Lua. */
typedef la_status (*la_param_lookup)(void *context, uint32_t number, const la_compiled_param *param,
                                     la_value *out, bool *found_out, la_error *err);

void la_params_init(la_params *params, la_allocator *alloc);
void la_params_clear(la_params *params);
/* Values from number `first` on get bytes of their own, which are added to `*bytes`. */
la_status la_params_own(la_params *params, size_t first, size_t *bytes, la_error *err);
/* Gives back the memory of many sets. */
void la_params_shrink(la_params *params);
/* A lookup is asked for every parameter but constants, before the statement's own value counts.
 * `statement_params` as in la_key.params. `lookup` may be NULL: then no execution values.
 * LA_STATEMENT "(column name) …" for a value of the wrong kind, or "A value is required for bind
 * parameter 'x'" when there is none. A HOST value that lookup did not replace is LA_STATEMENT. The
 * text to send is
 * `*text_out`, lent. */
la_status la_params_fill(la_params *params, const la_compiled *compiled,
                         const la_node *const *statement_params, uint32_t statement_param_count,
                         la_param_lookup lookup, void *context, la_text *text_out, la_error *err);

#pragma GCC visibility pop

#endif
