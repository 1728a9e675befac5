/* SPDX-License-Identifier: MIT */
/*
 * Hooks of the program in SQLite: one of each kind for a connection.
 *
 * SQLite calls these with the connection as user data. A failure is noted there, and the step or
 * the preparation in which it happened fails with the callee's own error; where SQLite has no way
 * to be told, it is interrupted.
 */
#include "engine/driver_sqlite3_internal.h"

#include <sqlite3.h>

/* Every action that SQLite asks about, by the name it has in sqlite3.h. */
#define ACTIONS(X)                                                                                 \
  X(CREATE_INDEX)                                                                                  \
  X(CREATE_TABLE)                                                                                  \
  X(CREATE_TEMP_INDEX)                                                                             \
  X(CREATE_TEMP_TABLE)                                                                             \
  X(CREATE_TEMP_TRIGGER)                                                                           \
  X(CREATE_TEMP_VIEW)                                                                              \
  X(CREATE_TRIGGER)                                                                                \
  X(CREATE_VIEW)                                                                                   \
  X(DELETE)                                                                                        \
  X(DROP_INDEX)                                                                                    \
  X(DROP_TABLE)                                                                                    \
  X(DROP_TEMP_INDEX)                                                                               \
  X(DROP_TEMP_TABLE)                                                                               \
  X(DROP_TEMP_TRIGGER)                                                                             \
  X(DROP_TEMP_VIEW)                                                                                \
  X(DROP_TRIGGER)                                                                                  \
  X(DROP_VIEW)                                                                                     \
  X(INSERT)                                                                                        \
  X(PRAGMA)                                                                                        \
  X(READ)                                                                                          \
  X(SELECT)                                                                                        \
  X(TRANSACTION)                                                                                   \
  X(UPDATE)                                                                                        \
  X(ATTACH)                                                                                        \
  X(DETACH)                                                                                        \
  X(ALTER_TABLE)                                                                                   \
  X(REINDEX)                                                                                       \
  X(ANALYZE)                                                                                       \
  X(CREATE_VTABLE)                                                                                 \
  X(DROP_VTABLE)                                                                                   \
  X(FUNCTION)                                                                                      \
  X(SAVEPOINT)                                                                                     \
  X(RECURSIVE)

static la_value action_name(int action) {
  switch (action) {
#define X(name)                                                                                    \
  case SQLITE_##name:                                                                              \
    return la_value_text(LA_TEXT_LITERAL(#name));
    ACTIONS(X)
#undef X
  default:
    return la_value_integer(action);
  }
}

static la_value text_or_null(const char *text) {
  return text ? la_value_text(la_text_of(text)) : LA_VALUE_NONE;
}

/* Calls the connection's hook of `kind`. Gives its answer, or `failed`. */
static int call(la_driver_connection *connection, la_extension_kind kind, la_callback_event event,
                const la_value *args, uint32_t count, int failed) {
  la_extension_use *use = connection->hooks[kind - LA_EXTENSION_FIRST_HOOK];
  la_arena scratch;
  la_callback_call what = {.event = event, .args = args, .count = count, .scratch = &scratch};
  if (connection->callback_failed) {
    return failed;
  }
  la_arena_init(&scratch, connection->alloc);
  if (use->call(use, &what) < 0) {
    connection->callback_failed = true;
    what.answer = failed;
  }
  la_arena_clear(&scratch);
  return what.answer;
}

static int on_busy(void *data, int count) {
  la_value tries = la_value_integer(count);
  return call(data, LA_EXTENSION_BUSY, LA_CALLBACK_BUSY, &tries, 1, 0);
}

static int on_authorize(void *data, int action, const char *first, const char *second,
                        const char *database, const char *trigger) {
  static const int answers[] = {SQLITE_OK, SQLITE_DENY, SQLITE_IGNORE};
  la_value args[] = {action_name(action), text_or_null(first), text_or_null(second),
                     text_or_null(database), text_or_null(trigger)};
  return answers[call(data, LA_EXTENSION_AUTHORIZE, LA_CALLBACK_AUTHORIZE, args, 5, 1)];
}

static int on_progress(void *data) {
  return call(data, LA_EXTENSION_PROGRESS, LA_CALLBACK_PROGRESS, NULL, 0, 1);
}

static void on_update(void *data, int action, const char *database, const char *table,
                      sqlite3_int64 rowid) {
  la_driver_connection *connection = data;
  la_value args[] = {action_name(action), text_or_null(database), text_or_null(table),
                     la_value_integer(rowid)};
  if (call(connection, LA_EXTENSION_UPDATE, LA_CALLBACK_UPDATE, args, 4, 1) != 0) {
    sqlite3_interrupt(connection->db);
  }
}

static int on_commit(void *data) {
  return call(data, LA_EXTENSION_COMMIT, LA_CALLBACK_COMMIT, NULL, 0, 1);
}

static void on_rollback(void *data) {
  call(data, LA_EXTENSION_ROLLBACK, LA_CALLBACK_ROLLBACK, NULL, 0, 0);
}

void la_sqlite_hook(la_driver_connection *connection, la_extension_use *use) {
  const la_extension *extension = use->extension;
  sqlite3 *db = connection->db;
  bool on = extension->callback != NULL;
  connection->hooks[extension->kind - LA_EXTENSION_FIRST_HOOK] = on ? use : NULL;
  switch (extension->kind) {
  case LA_EXTENSION_BUSY:
    if (on) {
      sqlite3_busy_handler(db, on_busy, connection);
    } else {
      sqlite3_busy_timeout(db, connection->busy_timeout);
    }
    break;
  case LA_EXTENSION_AUTHORIZE:
    /* Setting one lets statements be prepared again, taking it away does not: what was prepared
     * under the old one must not last. */
    sqlite3_set_authorizer(db, on_authorize, connection);
    if (!on) {
      sqlite3_set_authorizer(db, NULL, NULL);
    }
    break;
  case LA_EXTENSION_PROGRESS:
    sqlite3_progress_handler(db, extension->arg_count, on ? on_progress : NULL, connection);
    break;
  case LA_EXTENSION_UPDATE:
    sqlite3_update_hook(db, on ? on_update : NULL, connection);
    break;
  case LA_EXTENSION_COMMIT:
    sqlite3_commit_hook(db, on ? on_commit : NULL, connection);
    break;
  default:
    sqlite3_rollback_hook(db, on ? on_rollback : NULL, connection);
  }
}
