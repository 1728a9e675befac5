/* SPDX-License-Identifier: MIT */
/*
 * What the core asks of a database's client library.
 *
 * A driver is a constant table of functions with a version; one for each client library, and one
 * that records (driver_record.c). Connections and statements are the driver's own structs behind
 * opaque pointers. Every failure fills `err` with the class that DB-API gives it (INTEGRITY,
 * OPERATIONAL, PROGRAMMING, …) and the database's codes.
 */
#ifndef LA_ENGINE_DRIVER_H
#define LA_ENGINE_DRIVER_H

#include "compile/compiled.h"
#include "engine/extension.h"
#include "engine/url.h"

#pragma GCC visibility push(hidden)

typedef struct la_driver la_driver;
typedef struct la_driver_connection la_driver_connection;
typedef struct la_driver_statement la_driver_statement;
typedef struct la_driver_blob la_driver_blob;
typedef struct la_driver_backup la_driver_backup;

#define LA_DRIVER_VERSION 1

typedef enum la_begin_mode {
  LA_BEGIN_DEFERRED,
  LA_BEGIN_IMMEDIATE,
  LA_BEGIN_EXCLUSIVE,
  LA_BEGIN_AUTOCOMMIT
} la_begin_mode;

typedef struct la_driver_options {
  const la_url *url;
  la_begin_mode begin_mode; /* what the URL may ask for; the engine's business, not the driver's */
  uint32_t statement_cache_size; /* likewise */
  bool foreign_keys;             /* SQLite: PRAGMA foreign_keys */
  int64_t busy_timeout;          /* milliseconds */
  la_text journal_mode;          /* none: left as it is */
  void *host_handle; /* a connection of the host's own: never closed, nothing set on it */
  bool no_mutex;     /* one thread uses the connection */
} la_driver_options;

/* Where a BLOB handle goes; texts are zero-terminated. */
typedef struct la_blob_place {
  const char *database, *table, *column;
  int64_t rowid;
  bool writable;
} la_blob_place;

struct la_driver {
  int version;
  const char *name;
  /* Refuses a URL that makes no sense (LA_ARGUMENT) and takes over into `options` what it asks for.
   * `*memory_out` says that the database lives and dies with its connection, so that all users must
   * share one. */
  la_status (*read_url)(const la_url *url, la_driver_options *options, bool *memory_out,
                        la_error *err);
  la_status (*open)(la_allocator *alloc, const la_driver_options *options,
                    la_driver_connection **out, la_error *err);
  /* Finalizes nothing by itself: the caller has finalized its statements. Accepts NULL. */
  void (*close)(la_driver_connection *connection);
  /* Runs statements without rows. */
  la_status (*execute)(la_driver_connection *connection, la_text text, la_error *err);
  /* Prepares the first statement of `text`; LA_PROGRAMMING "You can only execute one statement at a
   * time." if there are more. */
  la_status (*prepare)(la_driver_connection *connection, la_text text, la_driver_statement **out,
                       la_error *err);
  void (*finalize)(la_driver_statement *statement);
  /* Ready to be stepped again; bound values are forgotten. */
  void (*reset)(la_driver_statement *statement);
  /* Ready to be stepped again once every value is bound anew. */
  void (*rewind)(la_driver_statement *statement);
  uint32_t (*param_count)(const la_driver_statement *statement);
  /* The place (from 1) of a `:name`, 0 if there is none. */
  uint32_t (*param_index)(const la_driver_statement *statement, la_text name);
  /* `place` counts from 1. The bytes must live until the next reset. Takes database kinds only. */
  la_status (*bind)(la_driver_statement *statement, uint32_t place, const la_value *value,
                    la_error *err);
  /* LA_ROW, LA_DONE or a failure. After a failure the statement has been reset. */
  la_status (*step)(la_driver_statement *statement, la_error *err);
  uint32_t (*column_count)(const la_driver_statement *statement);
  la_text (*column_name)(const la_driver_statement *statement, uint32_t column);
  /* Lent until the next step or reset. */
  void (*column)(la_driver_statement *statement, uint32_t column, la_value *out);
  /* All columns of the row at once, `count` of them: the fast path of loaders. */
  void (*row)(la_driver_statement *statement, la_value *out, uint32_t count);
  int64_t (*last_insert_id)(la_driver_connection *connection);
  int64_t (*changes)(la_driver_connection *connection);
  /* Whether one INSERT of several rows does to `table`, a name without a schema, what one of each
   * row would do. NULL where nobody knows. */
  bool (*takes_rows_together)(la_driver_connection *connection, la_text table);
  /* Whether rows that one INSERT puts into `table` without a key get the integers after the last
   * insert id, in order: nothing else adds to the table meanwhile, and there is room for them. NULL
   * where nobody knows. */
  bool (*makes_keys_in_sequence)(la_driver_connection *connection, la_text table);
  bool (*in_transaction)(la_driver_connection *connection);
  void (*interrupt)(la_driver_connection *connection);
  bool (*is_read_only)(const la_driver_statement *statement);
  /* The client library's own connection. */
  void *(*native_handle)(la_driver_connection *connection);
  /* Adds a function or collation, which calls `use` until the connection is closed; NULL where the
   * database cannot. */
  la_status (*extend)(la_driver_connection *connection, la_extension_use *use, la_error *err);
  /* A value of one row to be read and written in parts; NULL where the database cannot. Outlives
   * the transaction, not the connection. */
  la_status (*blob_open)(la_driver_connection *connection, const la_blob_place *place,
                         la_driver_blob **out, int64_t *size_out, la_error *err);
  la_status (*blob_reopen)(la_driver_blob *blob, int64_t rowid, int64_t *size_out, la_error *err);
  la_status (*blob_read)(la_driver_blob *blob, char *out, int64_t offset, size_t len,
                         la_error *err);
  la_status (*blob_write)(la_driver_blob *blob, const char *bytes, int64_t offset, size_t len,
                          la_error *err);
  void (*blob_close)(la_driver_blob *blob);
  /* A copy of a database of `source` into one of `target`; NULL where the database cannot. May be
   * closed, not stepped, after either connection. */
  la_status (*backup_open)(la_driver_connection *source, la_text source_name,
                           la_driver_connection *target, la_text target_name,
                           la_driver_backup **out, la_error *err);
  /* Up to `pages` pages, all with -1. LA_ROW: there is more. */
  la_status (*backup_step)(la_driver_backup *backup, int pages, int64_t *remaining_out,
                           int64_t *total_out, la_error *err);
  void (*backup_close)(la_driver_backup *backup);
};

extern const la_driver la_driver_sqlite3;

#pragma GCC visibility pop

#endif
