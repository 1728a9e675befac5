/* SPDX-License-Identifier: MIT */
/*
 * Functions and collations of the program in SQLite.
 *
 * SQLite calls these with the use of the extension as user data. A failure is noted on the
 * connection, so that the step that made the call fails with the callee's own error; where SQLite
 * has no way to be told (a collation), it is interrupted.
 */
#include "engine/driver_sqlite3_internal.h"

#include <sqlite3.h>

#define MAX_ARGS 127

typedef struct binding {
  la_driver_connection *connection;
  la_extension_use *use;
} binding;

static void set_result(sqlite3_context *context, const la_value *value) {
  const char *bytes = value->len ? value->as.bytes : "";
  switch (value->kind) {
  case LA_VALUE_BOOLEAN:
  case LA_VALUE_INTEGER:
    sqlite3_result_int64(context, value->as.integer);
    break;
  case LA_VALUE_REAL:
    sqlite3_result_double(context, value->as.real);
    break;
  case LA_VALUE_TEXT:
    sqlite3_result_text64(context, bytes, value->len, SQLITE_TRANSIENT, SQLITE_UTF8);
    break;
  case LA_VALUE_BLOB:
    sqlite3_result_blob64(context, bytes, value->len, SQLITE_TRANSIENT);
    break;
  default:
    sqlite3_result_null(context);
  }
}

static void call(sqlite3_context *context, la_callback_event event, int count, sqlite3_value **from,
                 int64_t *instance) {
  binding *self = sqlite3_user_data(context);
  la_value args[MAX_ARGS];
  la_arena scratch;
  la_callback_call what = {.event = event,
                           .args = args,
                           .count = (uint32_t)count,
                           .instance = instance,
                           .scratch = &scratch};
  if (self->connection->callback_failed) {
    sqlite3_result_error(context, "an earlier call has failed", -1);
    return;
  }
  la_arena_init(&scratch, self->connection->alloc);
  for (int i = 0; i < count; i++) {
    la_sqlite_read(from[i], &args[i]);
  }
  la_status status = self->use->call(self->use, &what);
  if (status < 0) {
    self->connection->callback_failed = true;
    sqlite3_result_error(context, "a function of the program has failed", -1);
  } else if (event != LA_CALLBACK_STEP && event != LA_CALLBACK_INVERSE) {
    set_result(context, &what.result);
  }
  la_arena_clear(&scratch);
}

static void call_function(sqlite3_context *context, int count, sqlite3_value **args) {
  call(context, LA_CALLBACK_CALL, count, args, NULL);
}

static void call_step(sqlite3_context *context, int count, sqlite3_value **args) {
  int64_t *instance = sqlite3_aggregate_context(context, sizeof *instance);
  if (instance == NULL) {
    sqlite3_result_error_nomem(context);
  } else {
    call(context, LA_CALLBACK_STEP, count, args, instance);
  }
}

static void call_inverse(sqlite3_context *context, int count, sqlite3_value **args) {
  call(context, LA_CALLBACK_INVERSE, count, args, sqlite3_aggregate_context(context, 0));
}

/* A group without rows has no memory, and 0 is what a new one has. */
static void call_with_group(sqlite3_context *context, la_callback_event event) {
  int64_t none = 0, *instance = sqlite3_aggregate_context(context, 0);
  call(context, event, 0, NULL, instance != NULL ? instance : &none);
}

static void call_value(sqlite3_context *context) {
  call_with_group(context, LA_CALLBACK_VALUE);
}

static void call_final(sqlite3_context *context) {
  call_with_group(context, LA_CALLBACK_FINAL);
}

static int call_collation(void *data, int left_len, const void *left, int right_len,
                          const void *right) {
  binding *self = data;
  la_value args[2];
  la_arena scratch;
  la_callback_call what = {.event = LA_CALLBACK_COMPARE, .args = args, .count = 2};
  if (self->connection->callback_failed) {
    return 0;
  }
  args[0] = la_value_text((la_text){left, (size_t)left_len});
  args[1] = la_value_text((la_text){right, (size_t)right_len});
  la_arena_init(&scratch, self->connection->alloc);
  what.scratch = &scratch;
  if (self->use->call(self->use, &what) < 0) {
    self->connection->callback_failed = true;
    sqlite3_interrupt(self->connection->db);
    what.answer = 0;
  }
  la_arena_clear(&scratch);
  return what.answer;
}

static void free_binding(void *data) {
  binding *self = data;
  if (self != NULL) {
    la_free(self->connection->alloc, self, sizeof *self);
  }
}

static int create(sqlite3 *db, const char *name, const la_extension *extension, binding *self) {
  int flags = SQLITE_UTF8 | (extension->deterministic ? SQLITE_DETERMINISTIC : 0);
  int count = extension->arg_count;
  switch (extension->kind) {
  case LA_EXTENSION_FUNCTION:
    return sqlite3_create_function_v2(db, name, count, flags, self, call_function, NULL, NULL,
                                      free_binding);
  case LA_EXTENSION_AGGREGATE:
    return sqlite3_create_function_v2(db, name, count, flags, self, NULL, call_step, call_final,
                                      free_binding);
  case LA_EXTENSION_WINDOW:
    return sqlite3_create_window_function(db, name, count, flags, self, call_step, call_final,
                                          call_value, call_inverse, free_binding);
  default:
    return sqlite3_create_collation_v2(db, name, SQLITE_UTF8, self, call_collation, free_binding);
  }
}

/* Nothing of ours stays with the database. */
static la_status drop(sqlite3 *db, const la_extension *extension, la_error *err) {
  const char *name = extension->name.bytes;
  int rc = extension->kind == LA_EXTENSION_COLLATION
               ? sqlite3_create_collation_v2(db, name, SQLITE_UTF8, NULL, NULL, NULL)
               : sqlite3_create_function_v2(db, name, extension->arg_count, SQLITE_UTF8, NULL, NULL,
                                            NULL, NULL, NULL);
  return rc == SQLITE_OK ? LA_OK : la_sqlite_fail(db, rc, err);
}

/* Loading is allowed for this call alone, and never to SQL's load_extension(). */
static la_status load(sqlite3 *db, const la_extension *extension, la_error *err) {
#ifdef SQLITE_OMIT_LOAD_EXTENSION
  (void)db;
  return la_fail(err, LA_NOT_SUPPORTED, "this SQLite was built without extensions");
#else
  char *message = NULL;
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
  int rc = sqlite3_load_extension(db, extension->name.bytes, extension->entry.bytes, &message);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
  la_status status = LA_OK;
  if (rc != SQLITE_OK) {
    status = la_fail(err, LA_OPERATIONAL, "%s", message ? message : sqlite3_errstr(rc));
  }
  sqlite3_free(message);
  return status;
#endif
}

la_status la_sqlite_extend(la_driver_connection *connection, la_extension_use *use, la_error *err) {
  binding *self;
  if (use->extension->kind >= LA_EXTENSION_FIRST_HOOK) {
    la_sqlite_hook(connection, use);
    return LA_OK;
  }
  if (use->extension->kind == LA_EXTENSION_LOAD) {
    return load(connection->db, use->extension, err);
  }
  if (use->extension->callback == NULL) {
    return drop(connection->db, use->extension, err);
  }
  self = la_alloc(connection->alloc, sizeof *self);
  if (self == NULL) {
    return la_fail_nomem(err);
  }
  *self = (binding){connection, use};
  int rc = create(connection->db, use->extension->name.bytes, use->extension, self);
  if (rc != SQLITE_OK) {
    la_status status = la_sqlite_fail(connection->db, rc, err);
    if (use->extension->kind == LA_EXTENSION_COLLATION) {
      free_binding(self); /* the others have freed it */
    }
    return status;
  }
  return LA_OK;
}
