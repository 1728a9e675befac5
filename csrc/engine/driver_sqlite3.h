/* SPDX-License-Identifier: MIT */
/*
 * Where a SQLite URL points.
 *
 *   sqlite://  sqlite:///  sqlite:///:memory:   a database in memory
 *   sqlite:///relative.db  sqlite:////absolute.db
 *   sqlite:///file:name?mode=ro&uri=true        SQLite's own URI, whose options SQLite reads
 */
#ifndef LA_ENGINE_DRIVER_SQLITE3_H
#define LA_ENGINE_DRIVER_SQLITE3_H

#include "engine/driver.h"

#pragma GCC visibility push(hidden)

/* Checks the URL and its options; see `read_url` in driver.h. */
la_status la_sqlite_url_read(const la_url *url, la_driver_options *options, bool *memory_out,
                             la_error *err);
/* The name for sqlite3_open_v2, zero-terminated, after a check; `*uri_out` asks for
 * SQLITE_OPEN_URI. */
la_status la_sqlite_url_filename(const la_url *url, la_strbuf *out, bool *uri_out, la_error *err);

#pragma GCC visibility pop

#endif
