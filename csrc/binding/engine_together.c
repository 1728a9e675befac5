/* SPDX-License-Identifier: MIT */
/*
 * Sets of parameters of one INSERT, many by one statement.
 *
 * Half of what an INSERT of one row costs is beginning and ending the statement. So behind the
 * first set, which by itself shows that the database can be written, LA_ROWS_TOGETHER go at a time
 * where that does what they would do one by one. A group that fails leaves nothing behind, and its
 * sets are sent again by themselves, so that the error is that of its row.
 */
#include "binding/engine_execute.h"

/* Whether each placeholder is for a value of a row: what else has some may mean another thing when
 * it is repeated. */
static bool takes_rows_alone(const la_compiled *compiled) {
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    if (compiled->params[i].source == LA_PARAM_FROM_STATEMENT) {
      return false;
    }
  }
  return true;
}

static bool go_together(const la_execution *x) {
  const la_compiled *compiled = x->compiled;
  const la_raw *raw = x->connection->raw;
  return compiled->table != NULL && compiled->table->schema.len == 0 &&
         compiled->schema_translate.len == 0 && takes_rows_alone(compiled) && raw != NULL &&
         raw->handle != NULL && raw->driver->in_transaction(raw->handle) &&
         raw->driver->takes_rows_together != NULL &&
         raw->driver->takes_rows_together(raw->handle, compiled->table->name);
}

static la_status send_group(la_execution *x, la_cursor *cursor, const la_value *values,
                            uint32_t count, la_error *err) {
  if (cursor->connection == NULL) {
    LA_TRY(la_cursor_open(cursor, x->connection, x->compiled->many, values, count, err));
  } else {
    LA_TRY(la_cursor_rebind(cursor, values, count, err));
  }
  LA_TRY(la_cursor_step(cursor, err));
  const la_raw *raw = x->connection->raw;
  x->result->rowcount += raw->driver->changes(raw->handle);
  x->result->lastrowid = raw->driver->last_insert_id(raw->handle);
  return LA_OK;
}

la_status la_execution_send_together(la_execution *x, const la_value *values, lua_Integer sets,
                                     lua_Integer *sent_out, la_error *err) {
  la_cursor cursor = {0};
  la_error refused = LA_ERROR_INIT;
  la_status status = LA_OK;
  uint32_t count = x->compiled->param_count * LA_ROWS_TOGETHER;
  lua_Integer sent = 0;
  *sent_out = 0;
  if (sets < LA_ROWS_TOGETHER || x->compiled->kind != LA_STATEMENT_INSERT) {
    return LA_OK;
  }
  LA_TRY(la_compiled_make_many(x->compiled, x->engine->alloc, err));
  if (x->compiled->many.len == 0 || !go_together(x)) {
    return LA_OK;
  }
  while (status >= 0 && sets - sent >= LA_ROWS_TOGETHER) {
    status =
        send_group(x, &cursor, values + (size_t)sent * x->compiled->param_count, count, &refused);
    sent += status >= 0 ? LA_ROWS_TOGETHER : 0;
  }
  la_cursor_close(&cursor);
  *sent_out = sent;
  const la_raw *raw = x->connection->raw;
  if (status == LA_NOMEM || (status < 0 && !raw->driver->in_transaction(raw->handle))) {
    *err = refused;
    return status;
  }
  return LA_OK;
}
