/* SPDX-License-Identifier: MIT */
#include "engine/blob.h"
#include "engine/cursor.h"

#include <stdio.h>

void la_connection_close_cursors(la_connection *connection) {
  while (connection->cursors != NULL) {
    connection->cursors->closed_by_connection = true;
    la_cursor_close(connection->cursors);
  }
  while (connection->blobs != NULL) {
    connection->blobs->closed_by_connection = true;
    la_blob_close(connection->blobs);
  }
}

static void leave_raw(la_connection *connection) {
  la_raw *raw = connection->raw;
  if (raw != NULL) {
    la_connection_close_cursors(connection);
    *connection->previous = connection->next;
    if (connection->next != NULL) {
      connection->next->previous = connection->previous;
    }
    connection->raw = NULL;
    la_pool_checkin(raw);
  }
}

static la_status take_raw(la_connection *connection, la_error *err) {
  la_raw *raw = NULL;
  LA_TRY(la_pool_checkout(connection->engine, &raw, err));
  connection->raw = raw;
  connection->next = raw->connections;
  connection->previous = &raw->connections;
  if (raw->connections != NULL) {
    raw->connections->previous = &connection->next;
  }
  raw->connections = connection;
  return LA_OK;
}

static void connection_destroy(la_object *object) {
  la_connection *connection = (la_connection *)object;
  la_engine *engine = connection->engine;
  la_connection_close(connection);
  if (engine->schema_translate.bytes == connection->schemas.bytes) {
    engine->schema_translate = LA_TEXT_NONE;
  }
  la_free(engine->alloc, (void *)connection->schemas.bytes, connection->schemas.len);
  la_vec_clear(engine->alloc, &connection->savepoints);
  la_free(engine->alloc, connection, sizeof *connection);
  la_object_release(engine);
}

static const la_object_class connection_class = {.name = "connection",
                                                 .destroy = connection_destroy};

static la_status set_schemas(la_allocator *alloc, la_text *place, la_text schemas, la_error *err) {
  char *copy = NULL;
  if (schemas.len > 0) {
    copy = la_alloc(alloc, schemas.len);
    if (copy == NULL) {
      return la_fail_nomem(err);
    }
    memcpy(copy, schemas.bytes, schemas.len);
  }
  la_free(alloc, (void *)place->bytes, place->len);
  *place = (la_text){copy, schemas.len};
  return LA_OK;
}

la_status la_connection_set_schemas(la_connection *connection, la_text schemas, la_error *err) {
  connection->engine->schema_translate = LA_TEXT_NONE;
  return set_schemas(connection->engine->alloc, &connection->schemas, schemas, err);
}

la_status la_engine_set_schemas(la_engine *engine, la_text schemas, la_error *err) {
  engine->schema_translate = LA_TEXT_NONE;
  return set_schemas(engine->alloc, &engine->schemas, schemas, err);
}

la_status la_connection_new(la_engine *engine, la_connection **out, la_error *err) {
  la_connection *connection = la_alloc_zero(engine->alloc, sizeof *connection);
  la_status status;
  if (connection == NULL) {
    return la_fail_nomem(err);
  }
  la_object_init(&connection->object, &connection_class);
  connection->engine = la_object_retain(engine);
  connection->begin_mode = engine->options.begin_mode;
  status = la_connection_set_schemas(connection, engine->schemas, err);
  if (status >= 0) {
    status = take_raw(connection, err);
  }
  if (status < 0) {
    la_object_release(connection);
    return status;
  }
  *out = connection;
  return LA_OK;
}

/* True if the BEGIN that it works under is still open. */
static bool has_begun(const la_connection *connection) {
  const la_raw *raw = connection->raw;
  return raw != NULL && raw->transaction &&
         connection->transaction_serial == raw->transaction_serial;
}

/* With one connection for all, others may work in the same transaction. */
static bool others_take_part(const la_connection *connection) {
  for (const la_connection *other = connection->raw->connections; other; other = other->next) {
    if (other != connection && other->in_transaction && !other->doomed &&
        other->transaction_serial == connection->transaction_serial) {
      return true;
    }
  }
  return false;
}

static void forget_transaction(la_connection *connection) {
  connection->in_transaction = false;
  connection->autobegun = false;
  connection->doomed = false;
  connection->savepoints.count = 0;
  connection->era++;
}

la_status la_connection_check_outside(const la_connection *connection, la_error *err) {
  const la_raw *raw = connection->raw;
  /* With others on the same raw connection, the statement may be one of theirs. */
  return raw != NULL &&
                 (connection->cursors != NULL || connection->blobs != NULL || raw->users == 1)
             ? la_raw_check_outside(raw, err)
             : LA_OK;
}

void la_connection_close(la_connection *connection) {
  la_error ignored;
  la_error_init(&ignored);
  if (connection->closed) {
    return;
  }
  if (la_connection_check_outside(connection, NULL) < 0) {
    return; /* a function of the program asks, whose statement still runs */
  }
  connection->closed = true;
  if (connection->in_transaction && !connection->doomed && has_begun(connection) &&
      connection->engine->options.pool_reset == LA_POOL_RESET_ROLLBACK &&
      !others_take_part(connection)) {
    if (connection->engine->trace.on) {
      la_trace_transaction(&connection->engine->trace,
                           la_connection_word(connection, LA_WORD_ROLLBACK));
    }
    la_raw_end(connection->raw, false, &ignored);
  }
  forget_transaction(connection);
  leave_raw(connection);
}

static la_status check_open(const la_connection *connection, la_error *err) {
  if (connection->closed || (connection->raw != NULL && connection->raw->handle == NULL)) {
    return la_fail(err, LA_RESOURCE_CLOSED, "This Connection is closed");
  }
  if (connection->doomed) {
    return la_fail_code(err, LA_PENDING_ROLLBACK, "8s2b",
                        connection->invalidated
                            ? "Can't reconnect until invalid transaction is rolled back.  Please "
                              "rollback() fully before proceeding"
                            : "The database has ended the transaction because of an error.  Please "
                              "rollback() fully before proceeding");
  }
  return LA_OK;
}

la_status la_connection_reconnect(la_connection *connection, la_error *err) {
  LA_TRY(check_open(connection, err));
  if (connection->raw == NULL) {
    LA_TRY(take_raw(connection, err));
    connection->invalidated = false;
  }
  return LA_OK;
}

/* Sends BEGIN, or joins the transaction that another user of the same raw connection has open. */
static la_status start(la_connection *connection, la_error *err) {
  LA_TRY(la_connection_reconnect(connection, err));
  if (connection->begin_mode != LA_BEGIN_AUTOCOMMIT && !connection->raw->transaction) {
    LA_TRY(la_raw_begin(connection->raw, connection->begin_mode, err));
  }
  connection->transaction_serial = connection->raw->transaction_serial;
  return LA_OK;
}

la_status la_connection_begin(la_connection *connection, la_error *err) {
  LA_TRY(check_open(connection, err));
  if (connection->in_transaction) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "This connection has already initialized a Transaction object via begin() or "
                   "autobegin; can't call begin() here unless rollback() or commit() is called "
                   "first.");
  }
  if (connection->begin_mode == LA_BEGIN_IMMEDIATE ||
      connection->begin_mode == LA_BEGIN_EXCLUSIVE) {
    LA_TRY(start(connection, err));
  } else {
    /* A serial that no transaction has: the first statement starts one. */
    connection->transaction_serial = UINT32_MAX;
  }
  connection->in_transaction = true;
  return LA_OK;
}

const char *la_connection_word(const la_connection *connection, la_transaction_word word) {
  static const char *const words[][2] = {
      [LA_WORD_BEGIN] = {"BEGIN (implicit)",
                         "BEGIN (implicit; nothing is begun in autocommit mode)"},
      [LA_WORD_COMMIT] = {"COMMIT", "COMMIT has no effect due to autocommit mode"},
      [LA_WORD_ROLLBACK] = {"ROLLBACK", "ROLLBACK has no effect due to autocommit mode"}};
  return words[word][connection->begin_mode == LA_BEGIN_AUTOCOMMIT];
}

la_status la_connection_autobegin(la_connection *connection, la_error *err) {
  bool begins = !connection->in_transaction;
  if (!begins && !connection->doomed && has_begun(connection)) {
    return LA_OK;
  }
  LA_TRY(check_open(connection, err));
  LA_TRY(start(connection, err));
  if (connection->engine->trace.on) {
    la_trace_transaction(&connection->engine->trace, la_connection_word(connection, LA_WORD_BEGIN));
  }
  connection->in_transaction = true;
  connection->autobegun |= begins;
  return LA_OK;
}

la_status la_connection_commit(la_connection *connection, la_error *err) {
  LA_TRY(check_open(connection, err));
  if (!connection->in_transaction) {
    return LA_OK;
  }
  if (has_begun(connection)) {
    if (connection->engine->trace.on) {
      la_trace_transaction(&connection->engine->trace,
                           la_connection_word(connection, LA_WORD_COMMIT));
    }
    la_status status = la_raw_end(connection->raw, true, err);
    if (status < 0) {
      /* What has refused it may have rolled back, too. */
      connection->doomed = connection->raw != NULL && !connection->raw->transaction;
      return status;
    }
  } else if (connection->raw != NULL) {
    la_raw_close_cursors(connection->raw);
  }
  forget_transaction(connection);
  return LA_OK;
}

la_status la_connection_rollback(la_connection *connection, la_error *err) {
  la_status status = LA_OK;
  if (connection->closed) {
    return check_open(connection, err);
  }
  if (connection->in_transaction && connection->raw != NULL) {
    la_raw_close_cursors(connection->raw);
    if (has_begun(connection)) {
      if (connection->engine->trace.on) {
        la_trace_transaction(&connection->engine->trace,
                             la_connection_word(connection, LA_WORD_ROLLBACK));
      }
      status = la_raw_end(connection->raw, false, err);
    }
  }
  forget_transaction(connection);
  return status;
}

static la_status send_savepoint(la_connection *connection, const char *what, uint32_t number,
                                la_error *err) {
  char text[64];
  int len = snprintf(text, sizeof text, "%s sa_savepoint_%u", what, number);
  if (connection->engine->trace.on) {
    la_trace_statement(&connection->engine->trace, (la_text){text, (size_t)len}, NULL, 0);
    la_trace_no_key(&connection->engine->trace);
  }
  return la_raw_execute(connection->raw, (la_text){text, (size_t)len}, err);
}

uint32_t la_connection_next_savepoint(const la_connection *connection) {
  /* Users of one raw connection share its stack, so a number is not given twice. */
  uint32_t shared = connection->raw != NULL ? connection->raw->savepoint_serial : 0;
  uint32_t own = connection->savepoint_serial;
  return (own > shared ? own : shared) + 1;
}

uint32_t la_connection_innermost_savepoint(const la_connection *connection) {
  size_t count = connection->savepoints.count;
  return count > 0 ? connection->savepoints.items[count - 1] : 0;
}

/* How many of the savepoints were set before the one of this number: they are in order. */
static size_t count_before(const la_connection *connection, uint32_t number) {
  size_t from = 0, to = connection->savepoints.count;
  while (from < to) {
    size_t middle = from + (to - from) / 2;
    if (connection->savepoints.items[middle] < number) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from;
}

bool la_connection_has_savepoint(const la_connection *connection, uint32_t number) {
  size_t at = count_before(connection, number);
  return at < connection->savepoints.count && connection->savepoints.items[at] == number;
}

/* A savepoint is over, and with it those that were set after it. */
static void forget_savepoint(la_connection *connection, uint32_t number) {
  if (la_connection_has_savepoint(connection, number)) {
    connection->savepoints.count = count_before(connection, number);
  }
}

la_status la_connection_savepoint(la_connection *connection, uint32_t *number_out, la_error *err) {
  LA_TRY(la_connection_autobegin(connection, err));
  if (!la_vec_reserve(connection->engine->alloc, &connection->savepoints, 1)) {
    return la_fail_nomem(err);
  }
  uint32_t number = la_connection_next_savepoint(connection);
  LA_TRY(send_savepoint(connection, "SAVEPOINT", number, err));
  connection->savepoint_serial = number;
  connection->raw->savepoint_serial = number;
  connection->savepoints.items[connection->savepoints.count++] = number;
  *number_out = number;
  return LA_OK;
}

la_status la_connection_release(la_connection *connection, uint32_t number, la_error *err) {
  LA_TRY(la_connection_autobegin(connection, err));
  LA_TRY(send_savepoint(connection, "RELEASE SAVEPOINT", number, err));
  forget_savepoint(connection, number);
  return LA_OK;
}

la_status la_connection_rollback_to(la_connection *connection, uint32_t number, bool release,
                                    la_error *err) {
  if (connection->closed) {
    return check_open(connection, err);
  }
  if (connection->doomed || connection->raw == NULL) {
    return LA_OK; /* it went with the transaction, which waits for its own rollback */
  }
  if (connection->begin_mode != LA_BEGIN_AUTOCOMMIT && !has_begun(connection)) {
    return LA_OK; /* another user has ended it for all */
  }
  LA_TRY(la_raw_check_outside(connection->raw, err));
  la_raw_close_cursors(connection->raw);
  LA_TRY(send_savepoint(connection, "ROLLBACK TO SAVEPOINT", number, err));
  forget_savepoint(connection, number);
  return release ? send_savepoint(connection, "RELEASE SAVEPOINT", number, err) : LA_OK;
}

la_status la_connection_invalidate(la_connection *connection, la_error *err) {
  if (connection->closed) {
    return check_open(connection, err);
  }
  LA_TRY(la_raw_check_outside(connection->raw, err));
  if (connection->raw != NULL) {
    connection->raw->invalid = true;
    la_raw_note_close(connection->raw, connection->engine);
    la_raw_close(connection->raw);
    leave_raw(connection);
  }
  connection->invalidated = true;
  connection->doomed = connection->in_transaction;
  return LA_OK;
}

void la_connection_note_failure(la_connection *connection) {
  la_raw *raw = connection->raw;
  uint32_t serial = connection->transaction_serial;
  if (raw == NULL || !la_raw_lost_transaction(raw)) {
    return;
  }
  for (la_connection *user = raw->connections; user != NULL; user = user->next) {
    user->doomed |= user->in_transaction && user->transaction_serial == serial;
  }
}
