/* SPDX-License-Identifier: MIT */
/* Connections, transactions, pools, cursors and packed rows on SQLite and on the recording driver.
 */
#include "engine/driver_record.h"
#include "engine/rows.h"
#include "oom.h"
#include "test.h"

static la_allocator alloc;
static la_sql sql = {.alloc = &alloc};

static la_engine *new_engine(const char *url, la_pool_kind kind) {
  la_engine_options options = LA_ENGINE_OPTIONS_INIT;
  la_engine *engine = NULL;
  la_error err = LA_ERROR_INIT;
  options.url = la_text_of(url);
  options.pool_kind = (int)kind;
  options.pool_size = 1;
  options.max_overflow = 1;
  if (!CHECK(la_engine_new(&sql, &options, &engine, &err) == LA_OK)) {
    printf("  %s\n", err.message);
  }
  return engine;
}

static la_connection *new_connection(la_engine *engine) {
  la_connection *connection = NULL;
  la_error err = LA_ERROR_INIT;
  if (!CHECK(la_connection_new(engine, &connection, &err) == LA_OK)) {
    printf("  %s\n", err.message);
  }
  return connection;
}

/* Runs a statement; the first column of its first row as an integer, or -1. */
static int64_t run_with(la_connection *connection, const char *text, const la_value *values,
                        uint32_t count, la_error *err) {
  la_cursor cursor;
  int64_t answer = -1;
  la_status status;
  if (la_cursor_open(&cursor, connection, la_text_of(text), values, count, err) < 0) {
    return -2;
  }
  while ((status = la_cursor_step(&cursor, err)) == LA_ROW) {
    la_value row[8];
    la_cursor_row(&cursor, row);
    answer = answer == -1 ? row[0].as.integer : answer;
  }
  la_cursor_close(&cursor);
  return status < 0 ? -2 : answer;
}

static int64_t run(la_connection *connection, const char *text) {
  la_error err = LA_ERROR_INIT;
  int64_t answer = run_with(connection, text, NULL, 0, &err);
  if (answer == -2) {
    printf("  %s: %s\n", text, err.message);
  }
  return answer;
}

static la_error fail_of(la_connection *connection, const char *text) {
  la_error err = LA_ERROR_INIT;
  CHECK(run_with(connection, text, NULL, 0, &err) == -2);
  return err;
}

TEST(commit_and_rollback) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  la_error err = LA_ERROR_INIT;
  CHECK(!connection->in_transaction);
  run(connection, "CREATE TABLE t (x)");
  CHECK(connection->in_transaction && connection->autobegun);
  CHECK(la_connection_begin(connection, &err) == LA_INVALID_REQUEST);
  CHECK(la_connection_commit(connection, &err) == LA_OK);
  run(connection, "INSERT INTO t VALUES (1)");
  CHECK(la_connection_rollback(connection, &err) == LA_OK);
  CHECK(run(connection, "SELECT count(*) FROM t") == 0);
  la_connection_close(connection);
  la_connection_close(connection);
  la_error_clear(&err);
  CHECK(la_connection_commit(connection, &err) == LA_RESOURCE_CLOSED);
  CHECK(strcmp(err.message, "This Connection is closed") == 0);
  la_object_release(connection);
  la_object_release(engine);
}

TEST(savepoints) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  la_error err = LA_ERROR_INIT;
  uint32_t outer = 0, inner = 0;
  run(connection, "CREATE TABLE t (x)");
  CHECK(la_connection_savepoint(connection, &outer, &err) == LA_OK && outer == 1);
  run(connection, "INSERT INTO t VALUES (1)");
  CHECK(la_connection_savepoint(connection, &inner, &err) == LA_OK && inner == 2);
  run(connection, "INSERT INTO t VALUES (2)");
  CHECK(la_connection_rollback_to(connection, inner, false, &err) == LA_OK);
  CHECK(run(connection, "SELECT count(*) FROM t") == 1);
  CHECK(la_connection_release(connection, outer, &err) == LA_OK);
  CHECK(la_connection_release(connection, outer, &err) == LA_OPERATIONAL);
  CHECK(strstr(err.message, "no such savepoint") != NULL);
  la_object_release(connection);
  la_object_release(engine);
}

TEST(savepoints_are_known_while_they_last) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  la_error err = LA_ERROR_INIT;
  uint32_t number = 0, era = connection->era;
  CHECK(la_connection_innermost_savepoint(connection) == 0);
  for (int i = 1; i <= 5; i++) {
    CHECK(la_connection_savepoint(connection, &number, &err) == LA_OK);
  }
  CHECK(la_connection_innermost_savepoint(connection) == 5);
  CHECK(la_connection_rollback_to(connection, 4, true, &err) == LA_OK);
  CHECK(la_connection_innermost_savepoint(connection) == 3);
  CHECK(la_connection_release(connection, 2, &err) == LA_OK);
  CHECK(la_connection_has_savepoint(connection, 1));
  CHECK(!la_connection_has_savepoint(connection, 0));
  for (number = 2; number <= 6; number++) {
    CHECK(!la_connection_has_savepoint(connection, number));
  }
  CHECK(connection->era == era);
  CHECK(la_connection_commit(connection, &err) == LA_OK);
  CHECK(la_connection_innermost_savepoint(connection) == 0 && connection->era != era);
  la_object_release(connection);
  la_object_release(engine);
}

TEST(one_transaction_in_memory) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *a = new_connection(engine), *b = new_connection(engine);
  la_error err = LA_ERROR_INIT;
  CHECK(a->raw == b->raw && a->raw->users == 2);
  run(a, "CREATE TABLE t (x)");
  run(b, "INSERT INTO t VALUES (1)"); /* joins */
  CHECK(a->transaction_serial == b->transaction_serial);
  la_connection_close(b); /* leaves its work in the transaction of a */
  CHECK(run(a, "SELECT count(*) FROM t") == 1);
  la_object_release(b);
  b = new_connection(engine);
  CHECK(la_connection_commit(a, &err) == LA_OK);
  run(b, "INSERT INTO t VALUES (2)");
  la_connection_close(a);
  CHECK(run(b, "SELECT count(*) FROM t") == 2);
  la_connection_close(b); /* the last one: rolled back */
  la_object_release(a);
  a = new_connection(engine);
  CHECK(run(a, "SELECT count(*) FROM t") == 1);
  la_object_release(a);
  la_object_release(b);
  la_object_release(engine);
}

TEST(ended_for_all) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *a = new_connection(engine), *b = new_connection(engine);
  la_error err = LA_ERROR_INIT;
  run(a, "CREATE TABLE t (x)");
  CHECK(la_connection_commit(a, &err) == LA_OK);
  run(a, "INSERT INTO t VALUES (1)");
  run(b, "INSERT INTO t VALUES (2)");
  CHECK(la_connection_rollback(b, &err) == LA_OK);
  CHECK(run(a, "SELECT count(*) FROM t") == 0);
  CHECK(la_connection_commit(a, &err) == LA_OK);
  la_object_release(a);
  la_object_release(b);
  la_object_release(engine);
}

TEST(a_lost_transaction) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  la_error err = LA_ERROR_INIT;
  run(connection, "CREATE TABLE t (x UNIQUE ON CONFLICT ROLLBACK)");
  CHECK(la_connection_commit(connection, &err) == LA_OK);
  run(connection, "INSERT INTO t VALUES (1)");
  err = fail_of(connection, "INSERT INTO t VALUES (1)");
  CHECK(err.status == LA_INTEGRITY && err.driver_code == 19 && err.extended_code == 2067);
  CHECK(connection->doomed);
  CHECK(fail_of(connection, "SELECT 1").status == LA_PENDING_ROLLBACK);
  la_error_clear(&err);
  CHECK(la_connection_rollback(connection, &err) == LA_OK);
  CHECK(run(connection, "SELECT count(*) FROM t") == 0);
  la_object_release(connection);
  la_object_release(engine);
}

TEST(errors_by_class) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  la_value text = la_value_text(LA_TEXT_LITERAL("x"));
  la_error err = fail_of(connection, "SELEC 1");
  CHECK(err.status == LA_OPERATIONAL && err.driver_code == 1);
  CHECK(strstr(err.message, "syntax error") != NULL);
  err = fail_of(connection, "SELECT 1; SELECT 2");
  CHECK(err.status == LA_PROGRAMMING);
  CHECK(run(connection, "SELECT 1; -- nothing\n /* more */ ;") == 1);
  CHECK(run(connection, "-- nothing") == -1);
  err = fail_of(connection, "SELECT ?");
  CHECK(err.status == LA_PROGRAMMING && strstr(err.message, "uses 1, and there are 0") != NULL);
  run(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
  la_error_clear(&err);
  CHECK(run_with(connection, "INSERT INTO t VALUES (?)", &text, 1, &err) == -2);
  CHECK(err.status == LA_INTEGRITY && err.driver_code == 20);
  la_object_release(connection);
  la_object_release(engine);
}

TEST(foreign_keys_are_on) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  CHECK(run(connection, "PRAGMA foreign_keys") == 1);
  la_object_release(connection);
  la_object_release(engine);
}

TEST(prepared_once) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  la_error err = LA_ERROR_INIT;
  uint64_t before;
  for (int i = 0; i < 3; i++) {
    run(connection, "SELECT 1");
    run(connection, "SELECT 2");
    CHECK(la_connection_commit(connection, &err) == LA_OK);
  }
  before = engine->prepares;
  CHECK(before == 4); /* BEGIN, two SELECTs, COMMIT */
  run(connection, "SELECT 2");
  CHECK(engine->prepares == before);
  la_object_release(connection);
  la_object_release(engine);
}

TEST(a_stream_blocks_nobody) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  la_cursor stream;
  la_error err = LA_ERROR_INIT;
  la_text text = LA_TEXT_LITERAL("SELECT 7 UNION SELECT 8");
  CHECK(la_cursor_open(&stream, connection, text, NULL, 0, &err) == LA_OK);
  la_cursor_make_stream(&stream);
  CHECK(la_cursor_step(&stream, &err) == LA_ROW);
  CHECK(run(connection, "SELECT 7 UNION SELECT 8") == 7); /* the same text, meanwhile */
  CHECK(la_connection_commit(connection, &err) == LA_OK);
  CHECK(la_cursor_step(&stream, &err) == LA_RESOURCE_CLOSED);
  CHECK(strstr(err.message, "its transaction or connection has ended") != NULL);
  la_cursor_close(&stream);
  la_object_release(connection);
  la_object_release(engine);
}

TEST(a_pool_has_limits) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_QUEUE);
  la_connection *a = new_connection(engine), *b = new_connection(engine), *c = NULL;
  la_error err = LA_ERROR_INIT;
  la_pool_status status;
  la_raw *raw = a->raw;
  CHECK(la_connection_new(engine, &c, &err) == LA_TIMEOUT);
  CHECK(strstr(err.message, "QueuePool limit of size 1 overflow 1 reached") == err.message);
  la_pool_get_status(engine, &status);
  CHECK(status.checked_out == 2 && status.checked_in == 0 && status.overflow == 1);
  la_connection_close(a);
  la_connection_close(b); /* one more than the size: closed for good */
  la_pool_get_status(engine, &status);
  CHECK(status.checked_out == 0 && status.checked_in == 1);
  c = new_connection(engine);
  CHECK(c->raw == raw);
  la_engine_dispose(engine);
  la_connection_close(c);
  la_pool_get_status(engine, &status);
  CHECK(status.checked_out == 0 && status.checked_in == 0);
  la_object_release(c);
  la_object_release(b);
  la_object_release(a);
  la_object_release(engine);
}

TEST(an_engine_outlives_its_owner) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  la_object_release(engine);
  CHECK(run(connection, "SELECT 5") == 5);
  la_object_release(connection);
}

TEST(an_invalid_connection) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_QUEUE);
  la_connection *connection = new_connection(engine);
  la_error err = LA_ERROR_INIT;
  run(connection, "SELECT 1");
  CHECK(la_connection_invalidate(connection, &err) == LA_OK);
  CHECK(fail_of(connection, "SELECT 1").status == LA_PENDING_ROLLBACK);
  CHECK(la_connection_rollback(connection, &err) == LA_OK);
  CHECK(run(connection, "SELECT 3") == 3);
  la_object_release(connection);
  la_object_release(engine);
}

static const char long_text[] =
    "a text of more than a few bytes, so that it lies behind the values";

static bool read_rows(la_connection *connection, la_error *err) {
  la_value values[] = {la_value_integer(7), la_value_text((la_text){long_text, sizeof long_text}),
                       la_value_real(0.5)};
  la_cursor cursor;
  la_rows rows = {0};
  la_packed_row *first;
  bool ok = false;
  if (la_cursor_open(&cursor, connection,
                     LA_TEXT_LITERAL("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                                     "FROM n WHERE i < 300) SELECT i, ?, ?, ?, NULL FROM n"),
                     values, 3, err) < 0) {
    return false;
  }
  if (la_rows_init(&rows, connection->engine->alloc, cursor.column_count, err) == LA_OK &&
      la_rows_read(&rows, &cursor, NULL, 10, err) == LA_ROW && la_rows_left(&rows) == 10) {
    first = la_rows_take(&rows);
    ok = la_rows_read(&rows, &cursor, NULL, 0, err) == LA_DONE && la_rows_left(&rows) == 299;
    ok = ok && first->values[0].as.integer == 1 && first->values[1].as.integer == 7 &&
         first->values[2].len == sizeof long_text &&
         memcmp(first->values[2].as.bytes, long_text, sizeof long_text) == 0 &&
         first->values[3].as.real == 0.5 && first->values[4].kind == LA_VALUE_NULL;
    la_chunk_unpin(first->chunk);
  }
  la_rows_clear(&rows);
  la_cursor_close(&cursor);
  return ok;
}

TEST(packed_rows) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  la_error err = LA_ERROR_INIT;
  CHECK(read_rows(connection, &err));
  la_object_release(connection);
  la_object_release(engine);
}

TEST(recorded_statements) {
  la_record *record = la_record_new(&alloc);
  la_engine_options options = LA_ENGINE_OPTIONS_INIT;
  la_engine *engine = NULL;
  la_connection *connection;
  la_error err = LA_ERROR_INIT;
  la_value seven = la_value_integer(7);
  la_text columns[] = {LA_TEXT_LITERAL("id")};
  la_record_answer answer = {.prefix = LA_TEXT_LITERAL("SELECT id"),
                             .columns = columns,
                             .column_count = 1,
                             .values = &seven,
                             .row_count = 1};
  CHECK(la_record_add_answer(record, &answer, &err) == LA_OK);
  answer = (la_record_answer){.failure = LA_OPERATIONAL,
                              .prefix = LA_TEXT_LITERAL("DELETE"),
                              .message = LA_TEXT_LITERAL("disk full"),
                              .ends_transaction = true};
  CHECK(la_record_add_answer(record, &answer, &err) == LA_OK);
  options.url = LA_TEXT_LITERAL("sqlite://");
  options.driver = &la_driver_record;
  options.host_handle = record;
  CHECK(la_engine_new(&sql, &options, &engine, &err) == LA_OK);
  connection = new_connection(engine);
  CHECK(run_with(connection, "SELECT id FROM t WHERE id = ?", &seven, 1, &err) == 7);
  CHECK(fail_of(connection, "DELETE FROM t").status == LA_OPERATIONAL);
  CHECK(connection->doomed);
  CHECK(record->entries.count == 3);
  CHECK_TEXT(record->entries.items[0].text, "BEGIN");
  CHECK(record->entries.items[1].params[0].as.integer == 7);
  CHECK_TEXT(record->entries.items[2].text, "DELETE FROM t");
  la_object_release(connection);
  la_object_release(engine);
  la_object_release(record);
}

static bool whole_way(la_allocator *failing, void *argument) {
  la_sql own = {.alloc = failing};
  la_engine_options options = LA_ENGINE_OPTIONS_INIT;
  la_engine *engine = NULL;
  la_connection *connection = NULL;
  la_error err = LA_ERROR_INIT;
  uint32_t number;
  bool ok = false;
  (void)argument;
  options.url = LA_TEXT_LITERAL("sqlite://");
  if (la_engine_new(&own, &options, &engine, &err) == LA_OK &&
      la_connection_new(engine, &connection, &err) == LA_OK) {
    ok = run_with(connection, "CREATE TABLE t (x)", NULL, 0, &err) == -1 &&
         la_connection_savepoint(connection, &number, &err) == LA_OK &&
         run_with(connection, "INSERT INTO t VALUES (1)", NULL, 0, &err) == -1 &&
         la_connection_rollback_to(connection, number, false, &err) == LA_OK &&
         read_rows(connection, &err) && la_connection_commit(connection, &err) == LA_OK;
    if (!ok && err.status == LA_NOMEM) {
      /* The connection can still be used. */
      la_error_clear(&err);
      la_connection_rollback(connection, &err);
    }
  }
  la_object_release(connection);
  la_object_release(engine);
  return ok;
}

TEST(rows_in_the_trace) {
  la_engine *engine = new_engine("sqlite://", LA_POOL_STATIC);
  la_connection *connection = new_connection(engine);
  const la_trace *trace = &engine->trace;
  run(connection, "SELECT 1");
  CHECK(trace->entries.count == 0);
  engine->trace.shows_rows = true;
  CHECK(run(connection, "SELECT 7 AS n, 'text' UNION ALL SELECT 8, NULL") == 7);
  CHECK(trace->entries.count == 3 && trace->entries.items[0].kind == LA_TRACE_COLUMNS);
  CHECK_TEXT(la_value_bytes(&trace->entries.items[0].values[0]), "n");
  CHECK(trace->entries.items[1].kind == LA_TRACE_ROW && trace->entries.items[1].count == 2);
  CHECK_TEXT(la_value_bytes(&trace->entries.items[1].values[1]), "text");
  CHECK(trace->entries.items[2].values[1].kind == LA_VALUE_NULL);
  la_trace_switch(&engine->trace, false);
  CHECK(trace->entries.count == 0);
  la_object_release(connection);
  la_object_release(engine);
}

TEST(failing_allocations) {
  CHECK(oom_every(whole_way, NULL) > 10);
}

int main(void) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  RUN(commit_and_rollback);
  RUN(savepoints);
  RUN(savepoints_are_known_while_they_last);
  RUN(one_transaction_in_memory);
  RUN(ended_for_all);
  RUN(a_lost_transaction);
  RUN(errors_by_class);
  RUN(foreign_keys_are_on);
  RUN(prepared_once);
  RUN(a_stream_blocks_nobody);
  RUN(a_pool_has_limits);
  RUN(an_engine_outlives_its_owner);
  RUN(an_invalid_connection);
  RUN(packed_rows);
  RUN(recorded_statements);
  RUN(rows_in_the_trace);
  RUN(failing_allocations);
  CHECK(alloc.blocks == 0);
  return test_result();
}
