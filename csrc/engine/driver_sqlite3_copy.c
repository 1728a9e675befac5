/* SPDX-License-Identifier: MIT */
/*
 * SQLite's BLOB handles and online backup.
 */
#include "engine/driver_sqlite3_internal.h"

#include <limits.h>
#include <sqlite3.h>

struct la_driver_blob {
  la_driver_connection *connection;
  sqlite3_blob *blob;
};

struct la_driver_backup {
  la_allocator *alloc;
  la_driver_connection *source, *target;
  sqlite3_backup *backup;
};

/* A handle dies with any change of its row, which SQLite calls an aborted query. */
static la_status fail_blob(la_driver_connection *connection, int rc, la_error *err) {
  if (connection->callback_failed) {
    connection->callback_failed = false;
    return la_fail(err, LA_HOST, "a function of the program has failed");
  }
  if ((rc & 0xff) == SQLITE_ABORT) {
    return la_fail(err, LA_OPERATIONAL,
                   "the Blob has expired: its row was changed or deleted after it was opened; "
                   "open it again");
  }
  return la_sqlite_fail(connection->db, rc, err);
}

la_status la_sqlite_blob_open(la_driver_connection *connection, const la_blob_place *place,
                              la_driver_blob **out, int64_t *size_out, la_error *err) {
  la_driver_blob *blob = la_alloc_zero(connection->alloc, sizeof *blob);
  if (blob == NULL) {
    return la_fail_nomem(err);
  }
  blob->connection = connection;
  int rc = sqlite3_blob_open(connection->db, place->database, place->table, place->column,
                             place->rowid, place->writable, &blob->blob);
  if (rc != SQLITE_OK) {
    la_status status = fail_blob(connection, rc, err);
    sqlite3_blob_close(blob->blob);
    la_free(connection->alloc, blob, sizeof *blob);
    return status;
  }
  *size_out = sqlite3_blob_bytes(blob->blob);
  *out = blob;
  return LA_OK;
}

la_status la_sqlite_blob_reopen(la_driver_blob *blob, int64_t rowid, int64_t *size_out,
                                la_error *err) {
  int rc = sqlite3_blob_reopen(blob->blob, rowid);
  if (rc != SQLITE_OK) {
    return fail_blob(blob->connection, rc, err);
  }
  *size_out = sqlite3_blob_bytes(blob->blob);
  return LA_OK;
}

la_status la_sqlite_blob_read(la_driver_blob *blob, char *out, int64_t offset, size_t len,
                              la_error *err) {
  int rc = sqlite3_blob_read(blob->blob, out, (int)len, (int)offset);
  return rc == SQLITE_OK ? LA_OK : fail_blob(blob->connection, rc, err);
}

la_status la_sqlite_blob_write(la_driver_blob *blob, const char *bytes, int64_t offset, size_t len,
                               la_error *err) {
  int rc = sqlite3_blob_write(blob->blob, bytes, (int)len, (int)offset);
  if (rc == SQLITE_OK && blob->connection->callback_failed) {
    rc = SQLITE_INTERRUPT;
  }
  return rc == SQLITE_OK ? LA_OK : fail_blob(blob->connection, rc, err);
}

void la_sqlite_blob_close(la_driver_blob *blob) {
  la_allocator *alloc = blob->connection->alloc;
  sqlite3_blob_close(blob->blob);
  la_free(alloc, blob, sizeof *blob);
}

la_status la_sqlite_backup_open(la_driver_connection *source, la_text source_name,
                                la_driver_connection *target, la_text target_name,
                                la_driver_backup **out, la_error *err) {
  la_driver_backup *backup = la_alloc_zero(source->alloc, sizeof *backup);
  if (backup == NULL) {
    return la_fail_nomem(err);
  }
  *backup = (la_driver_backup){source->alloc, source, target, NULL};
  backup->backup =
      sqlite3_backup_init(target->db, target_name.bytes, source->db, source_name.bytes);
  if (backup->backup == NULL) {
    la_status status = la_sqlite_fail(target->db, sqlite3_errcode(target->db), err);
    la_free(source->alloc, backup, sizeof *backup);
    return status;
  }
  *out = backup;
  return LA_OK;
}

/* A backup keeps no message on either connection. */
la_status la_sqlite_backup_step(la_driver_backup *backup, int pages, int64_t *remaining_out,
                                int64_t *total_out, la_error *err) {
  int rc = sqlite3_backup_step(backup->backup, pages);
  *remaining_out = sqlite3_backup_remaining(backup->backup);
  *total_out = sqlite3_backup_pagecount(backup->backup);
  if (backup->source->callback_failed || backup->target->callback_failed) {
    backup->source->callback_failed = backup->target->callback_failed = false;
    return la_fail(err, LA_HOST, "a function of the program has failed");
  }
  if (rc == SQLITE_OK) {
    return LA_ROW;
  }
  return rc == SQLITE_DONE ? LA_DONE : la_sqlite_fail_code(rc, err);
}

void la_sqlite_backup_close(la_driver_backup *backup) {
  sqlite3_backup_finish(backup->backup);
  la_free(backup->alloc, backup, sizeof *backup);
}
