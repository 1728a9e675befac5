/* SPDX-License-Identifier: MIT */
/*
 * One value of one row, a BLOB or a text, read and written in parts.
 *
 * Counted; retains its connection while it is open, and is kept by it: the end of the transaction
 * closes it. Its size never changes.
 */
#ifndef LA_ENGINE_BLOB_H
#define LA_ENGINE_BLOB_H

#include "engine/connection.h"

#pragma GCC visibility push(hidden)

/* Read only outside engine/. */
typedef struct la_blob {
  la_object object;
  la_allocator *alloc;
  la_connection *connection; /* NULL when closed */
  la_raw *raw;
  la_driver_blob *handle;
  int64_t size;
  bool closed_by_connection;
  struct la_blob *next, **previous; /* among the open ones of the connection */
} la_blob;

/* Begins a transaction first. LA_OPERATIONAL if there is no such row, or the column is of another
 * kind or part of an index. */
la_status la_blob_open(la_connection *connection, const la_blob_place *place, la_blob **out,
                       la_error *err);
/* The same column of another row. After a failure it is closed. */
la_status la_blob_reopen(la_blob *blob, int64_t rowid, la_error *err);
/* `offset` and `len` lie inside. LA_RESOURCE_CLOSED if closed, LA_OPERATIONAL if the row has
 * changed since. */
la_status la_blob_read(la_blob *blob, char *out, int64_t offset, size_t len, la_error *err);
la_status la_blob_write(la_blob *blob, const char *bytes, int64_t offset, size_t len,
                        la_error *err);
/* Again is nothing. While nothing may be asked of its connection it stays open until the end of the
 * transaction. */
void la_blob_close(la_blob *blob);

#pragma GCC visibility pop

#endif
