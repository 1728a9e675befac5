/* SPDX-License-Identifier: MIT */
/*
 * What the files of SQLite's driver share.
 */
#ifndef LA_ENGINE_DRIVER_SQLITE3_INTERNAL_H
#define LA_ENGINE_DRIVER_SQLITE3_INTERNAL_H

#include "engine/driver.h"

#pragma GCC visibility push(hidden)

struct sqlite3;
struct sqlite3_value;

struct la_driver_connection {
  la_allocator *alloc;
  struct sqlite3 *db;
  bool is_host;         /* the host's own: not ours to close */
  bool callback_failed; /* a callback has raised: the statement that runs fails with LA_HOST */
  int busy_timeout;     /* milliseconds: what holds without a busy handler */
  la_extension_use *hooks[LA_EXTENSION_HOOK_COUNT]; /* by kind; NULL: none */
};

/* `db` may be NULL, which happens only without memory. */
la_status la_sqlite_fail(struct sqlite3 *db, int rc, la_error *err);
/* The value lent, for as long as SQLite keeps it. */
void la_sqlite_read(struct sqlite3_value *stored, la_value *out);
/* See `extend` in driver.h. */
la_status la_sqlite_extend(la_driver_connection *connection, la_extension_use *use, la_error *err);
/* The same for hooks. */
void la_sqlite_hook(la_driver_connection *connection, la_extension_use *use);

#pragma GCC visibility pop

#endif
