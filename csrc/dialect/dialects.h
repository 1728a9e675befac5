/* SPDX-License-Identifier: MIT */
/*
 * The dialects that are built in.
 */
#ifndef LA_DIALECT_DIALECTS_H
#define LA_DIALECT_DIALECTS_H

#include "compile/dialect.h"

#pragma GCC visibility push(hidden)

extern const la_dialect la_dialect_default;
extern const la_dialect la_dialect_sqlite;

/* `create_table` of SQLite: tables of full text search. */
la_status la_sqlite_create_table(const la_dialect *dialect, const la_table *table,
                                 bool if_not_exists, la_strbuf *out, bool *done_out, la_error *err);

#pragma GCC visibility pop

#endif
