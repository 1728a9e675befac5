/* SPDX-License-Identifier: MIT */
/*
 * The statement that failed last.
 *
 * Loads send statements far below whoever raises their errors, so the text and values that were
 * sent are put down here when the database refuses them, with the error's message, by which the one
 * that raises it knows them again. One for each owner of connections (the binding: one per Lua
 * state); empty until something fails.
 */
#ifndef LA_ENGINE_FAILED_H
#define LA_ENGINE_FAILED_H

#include "base/arena.h"
#include "schema/value.h"

#pragma GCC visibility push(hidden)

struct la_connection;

typedef struct la_failed_statement {
  la_arena arena;                   /* what follows lies there */
  struct la_connection *connection; /* retained; NULL: none is put down */
  la_text text, message;
  la_value *values;
  uint32_t count;
} la_failed_statement;

void la_failed_init(la_failed_statement *failed, la_allocator *alloc);
/* Puts a statement down in the place of the one before; without memory for it none is. */
void la_failed_put(la_failed_statement *failed, struct la_connection *connection, la_text text,
                   const la_value *values, uint32_t count, const la_error *err);
/* True if `err` is the error of the statement that is put down. */
bool la_failed_is(const la_failed_statement *failed, const la_error *err);
void la_failed_clear(la_failed_statement *failed);

#pragma GCC visibility pop

#endif
