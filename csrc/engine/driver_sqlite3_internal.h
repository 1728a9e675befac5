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
/* The same for a code that is not the connection's last one. */
la_status la_sqlite_fail_code(int rc, la_error *err);
/* The value lent, for as long as SQLite keeps it. */
void la_sqlite_read(struct sqlite3_value *stored, la_value *out);
/* See `extend` in driver.h. */
la_status la_sqlite_extend(la_driver_connection *connection, la_extension_use *use, la_error *err);
/* See driver.h. */
la_status la_sqlite_blob_open(la_driver_connection *connection, const la_blob_place *place,
                              la_driver_blob **out, int64_t *size_out, la_error *err);
la_status la_sqlite_blob_reopen(la_driver_blob *blob, int64_t rowid, int64_t *size_out,
                                la_error *err);
la_status la_sqlite_blob_read(la_driver_blob *blob, char *out, int64_t offset, size_t len,
                              la_error *err);
la_status la_sqlite_blob_write(la_driver_blob *blob, const char *bytes, int64_t offset, size_t len,
                               la_error *err);
void la_sqlite_blob_close(la_driver_blob *blob);
la_status la_sqlite_backup_open(la_driver_connection *source, la_text source_name,
                                la_driver_connection *target, la_text target_name,
                                la_driver_backup **out, la_error *err);
la_status la_sqlite_backup_step(la_driver_backup *backup, int pages, int64_t *remaining_out,
                                int64_t *total_out, la_error *err);
void la_sqlite_backup_close(la_driver_backup *backup);
/* `extend` for hooks. */
void la_sqlite_hook(la_driver_connection *connection, la_extension_use *use);

#pragma GCC visibility pop

#endif
