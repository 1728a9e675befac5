/* SPDX-License-Identifier: MIT */
#include "engine/failed.h"

#include "engine/connection.h"

void la_failed_init(la_failed_statement *failed, la_allocator *alloc) {
  *failed = (la_failed_statement){.connection = NULL};
  la_arena_init(&failed->arena, alloc);
}

static bool copy_text(la_failed_statement *failed, la_text from, la_text *out) {
  out->bytes = la_arena_copy(&failed->arena, from.bytes, from.len);
  out->len = from.len;
  return out->bytes != NULL;
}

static bool copy_values(la_failed_statement *failed, const la_value *values, uint32_t count) {
  failed->values = la_arena_alloc_zero(&failed->arena, (count + 1) * sizeof *values);
  for (uint32_t i = 0; failed->values != NULL && i < count; i++) {
    la_value *copy = &failed->values[i];
    *copy = values[i];
    if (la_value_has_bytes(copy) && copy->len != 0) {
      copy->as.bytes = la_arena_copy(&failed->arena, copy->as.bytes, copy->len);
      if (copy->as.bytes == NULL) {
        return false;
      }
    }
  }
  failed->count = count;
  return failed->values != NULL;
}

void la_failed_put(la_failed_statement *failed, la_connection *connection, la_text text,
                   const la_value *values, uint32_t count, const la_error *err) {
  la_failed_clear(failed);
  if (!copy_text(failed, text, &failed->text) ||
      !copy_text(failed, la_text_of(err->message), &failed->message) ||
      !copy_values(failed, values, count)) {
    la_arena_clear(&failed->arena);
    return;
  }
  failed->connection = la_object_retain(connection);
}

bool la_failed_is(const la_failed_statement *failed, const la_error *err) {
  return failed->connection != NULL && la_text_equal(failed->message, la_text_of(err->message));
}

void la_failed_clear(la_failed_statement *failed) {
  la_connection *connection = failed->connection;
  failed->connection = NULL;
  la_arena_clear(&failed->arena);
  la_object_release(connection);
}
