/* SPDX-License-Identifier: MIT */
#include "engine/cursor.h"

#include "engine/failed.h"

static void link_cursor(la_cursor *cursor, la_connection *connection) {
  cursor->connection = la_object_retain(connection);
  cursor->next = connection->cursors;
  cursor->previous = &connection->cursors;
  if (cursor->next != NULL) {
    cursor->next->previous = &cursor->next;
  }
  connection->cursors = cursor;
}

void la_cursor_close(la_cursor *cursor) {
  if (cursor->stepping) {
    cursor->close_wanted = true;
    return;
  }
  la_connection *connection = cursor->connection;
  if (connection == NULL) {
    return;
  }
  if (cursor->told != 0) {
    la_trace *trace = &connection->engine->trace;
    la_sending sending = {.number = cursor->told};
    (void)trace->tell(trace->context, NULL, &sending, LA_SENDING_OVER);
    cursor->told = 0;
  }
  cursor->connection = NULL;
  *cursor->previous = cursor->next;
  if (cursor->next != NULL) {
    cursor->next->previous = cursor->previous;
  }
  if (cursor->prepared != NULL) {
    la_raw_give(cursor->raw, cursor->prepared);
    cursor->prepared = NULL;
  }
  la_object_release(connection);
}

static la_status bind_values(la_cursor *cursor, const la_value *values, uint32_t count,
                             la_error *err) {
  const la_driver *driver = cursor->raw->driver;
  la_driver_statement *statement = cursor->prepared->statement;
  if (count != cursor->prepared->param_count) {
    return la_fail(err, LA_PROGRAMMING,
                   "Incorrect number of bindings supplied. The current statement uses %u, and "
                   "there are %u supplied.",
                   cursor->prepared->param_count, count);
  }
  for (uint32_t i = 0; i < count; i++) {
    LA_TRY(driver->bind(statement, i + 1, &values[i], err));
  }
  return LA_OK;
}

static la_status open_now(la_cursor *cursor, la_connection *connection, la_text text,
                          const la_value *values, uint32_t count, la_error *err) {
  la_status status;
  cursor->raw = connection->raw;
  link_cursor(cursor, connection);
  status = la_raw_prepare(cursor->raw, text, &cursor->prepared, err);
  if (status == LA_OK) {
    cursor->column_count = cursor->prepared->column_count;
    status = bind_values(cursor, values, count, err);
  }
  if (status < 0) {
    la_cursor_close(cursor);
    return status;
  }
  connection->engine->statements++;
  if (connection->engine->trace.on) {
    la_trace_statement(&connection->engine->trace, text, values, count);
  }
  return LA_OK;
}

la_status la_cursor_open(la_cursor *cursor, la_connection *connection, la_text text,
                         const la_value *values, uint32_t count, la_error *err) {
  *cursor = (la_cursor){0};
  LA_TRY(la_connection_autobegin(connection, err));
  LA_TRY(open_now(cursor, connection, text, values, count, err));
  cursor->shows_rows = connection->engine->trace.shows_rows;
  return LA_OK;
}

/* Meanwhile the connection can't be closed, nor its transaction ended, and what listeners send is
 * told by whoever sends it for them. */
static la_status tell(la_connection *connection, la_sending *sending, la_sending_moment moment,
                      la_error *err) {
  la_raw *raw = connection->raw;
  la_trace *trace = &connection->engine->trace;
  bool on = trace->on, heard = trace->heard;
  la_object_retain(connection);
  la_object_retain(raw);
  raw->inside++;
  trace->on = false;
  la_status status = trace->tell(trace->context, connection, sending, moment);
  raw->inside--;
  trace->on = on;
  trace->heard = heard;
  if (status < 0) {
    la_fail(err, status, "a listener has failed");
  } else if (connection->raw != raw) {
    (void)trace->tell(trace->context, NULL, sending, LA_SENDING_OVER);
    status = la_fail(err, LA_RESOURCE_CLOSED, "a listener has taken the connection away");
  }
  la_object_release(raw);
  la_object_release(connection);
  return status;
}

static void put_down(la_connection *connection, la_text text, const la_value *values,
                     uint32_t count, const la_error *err) {
  bool is_of_statement = err->status != LA_NOMEM && err->status != LA_HOST;
  if (is_of_statement && connection->engine->sql.failed != NULL) {
    la_failed_put(connection->engine->sql.failed, connection, text, values, count, err);
  }
}

la_status la_cursor_open_told(la_cursor *cursor, la_connection *connection, la_text text,
                              const la_value *values, uint32_t count, uint32_t rows,
                              la_error *err) {
  la_trace *trace = &connection->engine->trace;
  la_sending sending = {.text = text, .values = values, .count = count, .rows = rows};
  *cursor = (la_cursor){0};
  LA_TRY(la_connection_autobegin(connection, err));
  if (trace->heard) {
    LA_TRY(tell(connection, &sending, LA_SENDING_BEFORE, err));
  }
  la_status status = open_now(cursor, connection, sending.text, sending.values, sending.count, err);
  if (status < 0) {
    put_down(connection, sending.text, sending.values, sending.count, err);
    if (sending.number != 0) {
      (void)trace->tell(trace->context, NULL, &sending, LA_SENDING_OVER);
    }
    return status;
  }
  cursor->told = sending.number;
  cursor->shows_rows = trace->shows_rows;
  cursor->notes = true;
  cursor->values = sending.values;
  cursor->value_count = sending.count;
  if (sending.number != 0) {
    la_trace_told(trace);
  }
  return LA_OK;
}

la_status la_cursor_rebind_told(la_cursor *cursor, la_error *err) {
  cursor->values += cursor->value_count;
  return la_cursor_rebind(cursor, cursor->values, cursor->value_count, err);
}

la_status la_cursor_tell_ran(la_cursor *cursor, la_error *err) {
  la_sending sending = {.number = cursor->told};
  if (cursor->told == 0 || cursor->ran) {
    return LA_OK;
  }
  cursor->ran = true;
  return tell(cursor->connection, &sending, LA_SENDING_RAN, err);
}

la_status la_cursor_open_raw(la_cursor *cursor, la_connection *connection, la_text text,
                             la_error *err) {
  *cursor = (la_cursor){0};
  if (connection->raw == NULL || connection->raw->handle == NULL) {
    return la_fail(err, LA_RESOURCE_CLOSED, "This Connection is closed");
  }
  return open_now(cursor, connection, text, NULL, 0, err);
}

static la_status check_open(const la_cursor *cursor, la_error *err) {
  if (cursor->connection != NULL) {
    return LA_OK;
  }
  return la_fail(err, LA_RESOURCE_CLOSED,
                 cursor->closed_by_connection
                     ? "This result object is closed: its transaction or connection has ended."
                     : "This result object is closed.");
}

la_status la_cursor_rebind(la_cursor *cursor, const la_value *values, uint32_t count,
                           la_error *err) {
  la_status status;
  LA_TRY(check_open(cursor, err));
  LA_TRY(la_raw_check_usable(cursor->raw, err));
  cursor->raw->driver->rewind(cursor->prepared->statement);
  cursor->started = false;
  cursor->done = false;
  status = bind_values(cursor, values, count, err);
  if (status < 0) {
    if (cursor->notes) {
      put_down(cursor->connection, cursor->prepared->text, values, count, err);
    }
    la_cursor_close(cursor); /* forgets the values that were bound */
  } else if (cursor->connection->engine->trace.on) {
    la_trace_rebind(&cursor->connection->engine->trace, cursor->prepared->text, values, count);
  }
  return status;
}

/* Puts the names of the columns, or the row that the cursor is at, into the trace. */
static void show(la_cursor *cursor, la_trace_kind kind) {
  la_trace *trace = &cursor->connection->engine->trace;
  uint32_t count = cursor->column_count;
  la_value *values = la_arena_alloc(&trace->arena, count * sizeof *values);
  if (count == 0 || values == NULL) {
    return;
  }
  if (kind == LA_TRACE_ROW) {
    la_cursor_row(cursor, values);
  } else {
    for (uint32_t i = 0; i < count; i++) {
      values[i] = la_value_text(la_cursor_column_name(cursor, i));
    }
  }
  la_trace_row(trace, kind, values, count);
}

la_status la_cursor_step(la_cursor *cursor, la_error *err) {
  const la_driver *driver;
  la_status status;
  LA_TRY(check_open(cursor, err));
  if (cursor->done) {
    return LA_DONE;
  }
  if (cursor->raw->refusal != NULL) {
    return la_raw_check_usable(cursor->raw, err);
  }
  driver = cursor->raw->driver;
  cursor->stepping = true;
  status = driver->step(cursor->prepared->statement, err);
  cursor->stepping = false;
  if (cursor->close_wanted && status >= 0) {
    status = la_fail(err, LA_RESOURCE_CLOSED, "This result object is closed.");
  }
  if (status < 0) {
    la_connection_note_failure(cursor->connection);
    if (cursor->notes) {
      put_down(cursor->connection, cursor->prepared->text, cursor->values,
               cursor->started ? 0 : cursor->value_count, err);
    }
    la_cursor_close(cursor);
    return status;
  }
  if (!cursor->started) {
    /* A changed schema may have given `*` other columns. */
    cursor->started = true;
    cursor->column_count = driver->column_count(cursor->prepared->statement);
    cursor->prepared->column_count = cursor->column_count;
    if (cursor->shows_rows) {
      show(cursor, LA_TRACE_COLUMNS);
    }
  }
  if (status == LA_ROW && cursor->shows_rows) {
    show(cursor, LA_TRACE_ROW);
  }
  if (status == LA_DONE) {
    cursor->done = true;
    if (cursor->connection->engine->trace.on) {
      la_trace_ran(&cursor->connection->engine->trace);
    }
    la_raw_lost_transaction(cursor->raw); /* a COMMIT or ROLLBACK of the program's own */
  }
  return status;
}

void la_cursor_row(la_cursor *cursor, la_value *out) {
  cursor->raw->driver->row(cursor->prepared->statement, out, cursor->column_count);
}

la_text la_cursor_column_name(const la_cursor *cursor, uint32_t column) {
  return cursor->raw->driver->column_name(cursor->prepared->statement, column);
}

void la_cursor_make_stream(la_cursor *cursor) {
  cursor->stream = true;
}
