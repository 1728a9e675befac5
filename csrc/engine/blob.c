/* SPDX-License-Identifier: MIT */
#include "engine/blob.h"

static void blob_destroy(la_object *object) {
  la_blob *blob = (la_blob *)object;
  la_blob_close(blob);
  la_free(blob->alloc, blob, sizeof *blob);
}

static const la_object_class blob_class = {.name = "blob", .destroy = blob_destroy};

/* The connection's list holds a reference of its own. */
static void link_blob(la_blob *blob, la_connection *connection) {
  blob->connection = la_object_retain(connection);
  blob->next = connection->blobs;
  blob->previous = &connection->blobs;
  if (blob->next != NULL) {
    blob->next->previous = &blob->next;
  }
  connection->blobs = la_object_retain(blob);
}

la_status la_blob_open(la_connection *connection, const la_blob_place *place, la_blob **out,
                       la_error *err) {
  const la_driver *driver = connection->engine->driver;
  la_blob *blob;
  if (driver->blob_open == NULL) {
    return la_fail(err, LA_NOT_SUPPORTED, "the driver \"%s\" has no BLOB handles", driver->name);
  }
  LA_TRY(la_connection_autobegin(connection, err));
  LA_TRY(la_raw_check_usable(connection->raw, err));
  blob = la_alloc_zero(connection->engine->alloc, sizeof *blob);
  if (blob == NULL) {
    return la_fail_nomem(err);
  }
  la_object_init(&blob->object, &blob_class);
  blob->alloc = connection->engine->alloc;
  blob->raw = connection->raw;
  la_status status = driver->blob_open(blob->raw->handle, place, &blob->handle, &blob->size, err);
  if (status < 0) {
    la_object_release(blob);
    return status;
  }
  link_blob(blob, connection);
  *out = blob;
  return LA_OK;
}

void la_blob_close(la_blob *blob) {
  la_connection *connection = blob->connection;
  if (connection == NULL || (blob->raw->refusal != NULL && blob->raw->inside > 0)) {
    return;
  }
  blob->raw->driver->blob_close(blob->handle);
  blob->handle = NULL;
  blob->connection = NULL;
  *blob->previous = blob->next;
  if (blob->next != NULL) {
    blob->next->previous = blob->previous;
  }
  la_object_release(blob);
  la_object_release(connection);
}

static la_status check_open(const la_blob *blob, la_error *err) {
  if (blob->connection != NULL) {
    return la_raw_check_usable(blob->raw, err);
  }
  return la_fail(err, LA_RESOURCE_CLOSED,
                 blob->closed_by_connection
                     ? "This Blob is closed: its transaction or connection has ended."
                     : "This Blob is closed.");
}

la_status la_blob_reopen(la_blob *blob, int64_t rowid, la_error *err) {
  LA_TRY(check_open(blob, err));
  la_status status = blob->raw->driver->blob_reopen(blob->handle, rowid, &blob->size, err);
  if (status < 0) {
    la_blob_close(blob);
  }
  return status;
}

la_status la_blob_read(la_blob *blob, char *out, int64_t offset, size_t len, la_error *err) {
  LA_TRY(check_open(blob, err));
  return blob->raw->driver->blob_read(blob->handle, out, offset, len, err);
}

la_status la_blob_write(la_blob *blob, const char *bytes, int64_t offset, size_t len,
                        la_error *err) {
  LA_TRY(check_open(blob, err));
  return blob->raw->driver->blob_write(blob->handle, bytes, offset, len, err);
}
