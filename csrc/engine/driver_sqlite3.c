/* SPDX-License-Identifier: MIT */
/*
 * The driver of SQLite's own library.
 *
 * A connection belongs to one thread, so columns are read through their value objects, which costs
 * one look-up of the column instead of one per question. Bound bytes are not copied: they live
 * until the statement is reset.
 */
#include "engine/driver_sqlite3.h"

#include "engine/driver_sqlite3_internal.h"

#include <limits.h>
#include <sqlite3.h>
#include <string.h>

struct la_driver_statement {
  la_allocator *alloc;
  la_driver_connection *connection;
  sqlite3 *db;
  sqlite3_stmt *stmt; /* NULL for a text without a statement: comments, nothing */
  bool has_params;
};

/* The class of DB-API for a primary result code. */
static la_status class_of(int code) {
  switch (code) {
  case SQLITE_NOMEM:
    return LA_NOMEM;
  case SQLITE_INTERNAL:
  case SQLITE_NOTFOUND:
    return LA_INTERNAL;
  case SQLITE_CONSTRAINT:
  case SQLITE_MISMATCH:
    return LA_INTEGRITY;
  case SQLITE_TOOBIG:
  case SQLITE_RANGE:
    return LA_DATA;
  case SQLITE_MISUSE:
    return LA_INTERFACE;
  case SQLITE_ERROR:
  case SQLITE_PERM:
  case SQLITE_ABORT:
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_READONLY:
  case SQLITE_INTERRUPT:
  case SQLITE_IOERR:
  case SQLITE_FULL:
  case SQLITE_CANTOPEN:
  case SQLITE_PROTOCOL:
  case SQLITE_EMPTY:
  case SQLITE_SCHEMA:
    return LA_OPERATIONAL;
  default:
    return LA_DATABASE;
  }
}

/* `db` may be NULL, which happens only without memory. A host's connection may give primary codes
 * alone, so the extended one is asked for. */
la_status la_sqlite_fail(sqlite3 *db, int rc, la_error *err) {
  la_status status = class_of(rc & 0xff);
  int extended = db ? sqlite3_extended_errcode(db) : rc;
  if (err == NULL || err->status != LA_OK) {
    return status;
  }
  if ((extended & 0xff) == (rc & 0xff)) {
    rc = extended;
  }
  if (status == LA_NOMEM) {
    la_fail_nomem(err);
  } else {
    la_fail(err, status, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
  }
  err->driver_code = rc & 0xff;
  err->extended_code = rc;
  return status;
}

la_status la_sqlite_fail_code(int rc, la_error *err) {
  la_status status = class_of(rc & 0xff);
  la_fail(err, status, "%s", sqlite3_errstr(rc));
  if (err != NULL) {
    err->driver_code = rc & 0xff;
    err->extended_code = rc;
  }
  return status;
}

static la_status open_file(la_allocator *alloc, const la_driver_options *options, sqlite3 **out,
                           la_error *err) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  la_strbuf name;
  bool uri = false;
  la_status status;
  int rc;
  la_strbuf_init(&name, alloc);
  status = la_sqlite_url_filename(options->url, &name, &uri, err);
  if (status == LA_OK) {
    flags |= options->no_mutex ? SQLITE_OPEN_NOMUTEX : SQLITE_OPEN_FULLMUTEX;
    rc = sqlite3_open_v2(name.bytes, out, flags | (uri ? SQLITE_OPEN_URI : 0), NULL);
    if (rc != SQLITE_OK) {
      status = la_sqlite_fail(*out, rc, err);
      if (err != NULL && status == LA_OPERATIONAL) {
        size_t len = strlen(err->message);
        int room = (int)(sizeof err->message - len);
        sqlite3_snprintf(room, err->message + len, ": %s", name.bytes);
      }
    }
  }
  la_strbuf_clear(&name);
  return status;
}

/* The answer tells the mode that holds now; a database in memory keeps its own. */
static la_status set_journal_mode(sqlite3 *db, la_text mode, la_error *err) {
  static const char *const modes[] = {"delete", "truncate", "persist", "memory", "wal", "off"};
  sqlite3_stmt *stmt = NULL;
  char text[40];
  size_t i = 0;
  int rc;
  while (i < sizeof modes / sizeof *modes && !la_text_equal_nocase(mode, la_text_of(modes[i]))) {
    i++;
  }
  if (i == sizeof modes / sizeof *modes) {
    return la_fail(err, LA_ARGUMENT,
                   "journal_mode is delete, truncate, persist, memory, wal or off, not \"%.*s\"",
                   LA_TEXT_FORMAT(mode));
  }
  sqlite3_snprintf(sizeof text, text, "PRAGMA journal_mode = %s", modes[i]);
  rc = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);
  if (rc == SQLITE_OK) {
    rc = sqlite3_step(stmt);
  }
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
    la_status status = la_sqlite_fail(db, rc, err);
    sqlite3_finalize(stmt);
    return status;
  }
  sqlite3_finalize(stmt);
  return LA_OK;
}

static la_status set_up(la_driver_connection *connection, const la_driver_options *options,
                        la_error *err) {
  sqlite3 *db = connection->db;
  int64_t timeout = options->busy_timeout;
  int rc = sqlite3_extended_result_codes(db, 1);
  connection->busy_timeout = timeout > INT_MAX ? INT_MAX : (int)timeout;
  if (rc == SQLITE_OK) {
    rc = sqlite3_busy_timeout(db, connection->busy_timeout);
  }
  if (rc == SQLITE_OK) {
    rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)options->foreign_keys, NULL);
  }
  if (rc != SQLITE_OK) {
    return la_sqlite_fail(db, rc, err);
  }
  return options->journal_mode.bytes ? set_journal_mode(db, options->journal_mode, err) : LA_OK;
}

static la_status connection_open(la_allocator *alloc, const la_driver_options *options,
                                 la_driver_connection **out, la_error *err) {
  la_driver_connection *connection = la_alloc_zero(alloc, sizeof *connection);
  la_status status = LA_OK;
  if (connection == NULL) {
    return la_fail_nomem(err);
  }
  connection->alloc = alloc;
  if (options->host_handle != NULL) {
    connection->db = options->host_handle;
    connection->is_host = true;
  } else {
    status = open_file(alloc, options, &connection->db, err);
    if (status == LA_OK) {
      status = set_up(connection, options, err);
    }
  }
  if (status < 0) {
    sqlite3_close_v2(connection->db);
    la_free(alloc, connection, sizeof *connection);
    return status;
  }
  *out = connection;
  return LA_OK;
}

static void connection_close(la_driver_connection *connection) {
  if (connection != NULL) {
    if (!connection->is_host) {
      sqlite3_close_v2(connection->db);
    }
    la_free(connection->alloc, connection, sizeof *connection);
  }
}

/* True if only spaces, semicolons and comments are left. */
static bool is_blank(const char *at, const char *end) {
  while (at < end) {
    if (strchr(" \t\r\n\f\v;", *at)) {
      at++;
    } else if (*at == '-' && end - at > 1 && at[1] == '-') {
      const char *line = memchr(at, '\n', (size_t)(end - at));
      at = line ? line : end;
    } else if (*at == '/' && end - at > 1 && at[1] == '*') {
      at += 2;
      while (at < end && !(*at == '*' && end - at > 1 && at[1] == '/')) {
        at++;
      }
      at = at < end ? at + 2 : end;
    } else {
      return false;
    }
  }
  return true;
}

/* What a callback has raised is the failure, whatever SQLite makes of it. */
static la_status fail_in_callback(la_driver_connection *connection, la_error *err) {
  connection->callback_failed = false;
  return la_fail(err, LA_HOST, "a function of the program has failed");
}

static la_status prepare_text(la_driver_connection *connection, la_text text, sqlite3_stmt **out,
                              la_error *err) {
  sqlite3 *db = connection->db;
  const char *tail = NULL;
  int rc;
  if (text.len > INT_MAX) {
    return la_fail(err, LA_DATA, "the statement is longer than SQLite takes");
  }
  if (text.len > 0 && memchr(text.bytes, '\0', text.len) != NULL) {
    return la_fail(err, LA_PROGRAMMING, "the statement contains a zero byte");
  }
  rc = sqlite3_prepare_v3(db, text.len ? text.bytes : "", (int)text.len, SQLITE_PREPARE_PERSISTENT,
                          out, &tail);
  if (connection->callback_failed) {
    sqlite3_finalize(*out);
    return fail_in_callback(connection, err);
  }
  if (rc != SQLITE_OK) {
    return la_sqlite_fail(db, rc, err);
  }
  if (tail != NULL && !is_blank(tail, text.bytes + text.len)) {
    sqlite3_finalize(*out);
    return la_fail(err, LA_PROGRAMMING, "You can only execute one statement at a time.");
  }
  return LA_OK;
}

static la_status statement_prepare(la_driver_connection *connection, la_text text,
                                   la_driver_statement **out, la_error *err) {
  la_driver_statement *statement = la_alloc(connection->alloc, sizeof *statement);
  sqlite3_stmt *stmt = NULL;
  la_status status;
  if (statement == NULL) {
    return la_fail_nomem(err);
  }
  status = prepare_text(connection, text, &stmt, err);
  if (status < 0) {
    la_free(connection->alloc, statement, sizeof *statement);
    return status;
  }
  *statement = (la_driver_statement){.alloc = connection->alloc,
                                     .connection = connection,
                                     .db = connection->db,
                                     .stmt = stmt,
                                     .has_params = sqlite3_bind_parameter_count(stmt) > 0};
  *out = statement;
  return LA_OK;
}

static void statement_finalize(la_driver_statement *statement) {
  sqlite3_finalize(statement->stmt);
  la_free(statement->alloc, statement, sizeof *statement);
}

static void statement_reset(la_driver_statement *statement) {
  sqlite3_reset(statement->stmt);
  if (statement->has_params) {
    sqlite3_clear_bindings(statement->stmt);
  }
}

static void statement_rewind(la_driver_statement *statement) {
  sqlite3_reset(statement->stmt);
}

static uint32_t statement_param_count(const la_driver_statement *statement) {
  return (uint32_t)sqlite3_bind_parameter_count(statement->stmt);
}

/* SQLite's names carry their first character: `:name`, `@name`, `$name`. */
static uint32_t statement_param_index(const la_driver_statement *statement, la_text name) {
  uint32_t count = statement_param_count(statement);
  for (uint32_t place = 1; place <= count; place++) {
    const char *own = sqlite3_bind_parameter_name(statement->stmt, (int)place);
    if (own != NULL && la_text_equal(la_text_of(own + 1), name)) {
      return place;
    }
  }
  return 0;
}

static la_status statement_bind(la_driver_statement *statement, uint32_t place,
                                const la_value *value, la_error *err) {
  sqlite3_stmt *stmt = statement->stmt;
  const char *bytes = value->len ? value->as.bytes : ""; /* a null pointer would be NULL */
  int at = (int)place, rc;
  switch (value->kind) {
  case LA_VALUE_NULL:
    rc = sqlite3_bind_null(stmt, at);
    break;
  case LA_VALUE_BOOLEAN:
  case LA_VALUE_INTEGER:
    rc = sqlite3_bind_int64(stmt, at, value->as.integer);
    break;
  case LA_VALUE_REAL:
    rc = sqlite3_bind_double(stmt, at, value->as.real);
    break;
  case LA_VALUE_TEXT:
    rc = sqlite3_bind_text64(stmt, at, bytes, value->len, SQLITE_STATIC, SQLITE_UTF8);
    break;
  case LA_VALUE_BLOB:
    rc = sqlite3_bind_blob64(stmt, at, bytes, value->len, SQLITE_STATIC);
    break;
  default:
    return la_fail(err, LA_INTERFACE, "parameter %u: a %s cannot be stored as it is", place,
                   la_value_kind_name(value->kind));
  }
  return rc == SQLITE_OK ? LA_OK : la_sqlite_fail(statement->db, rc, err);
}

static la_status statement_step(la_driver_statement *statement, la_error *err) {
  int rc = statement->stmt ? sqlite3_step(statement->stmt) : SQLITE_DONE;
  la_status status;
  if (statement->connection->callback_failed) {
    statement_reset(statement);
    return fail_in_callback(statement->connection, err);
  }
  if (rc == SQLITE_ROW) {
    return LA_ROW;
  }
  if (rc == SQLITE_DONE) {
    return LA_DONE;
  }
  status = la_sqlite_fail(statement->db, rc, err);
  statement_reset(statement);
  return status;
}

static uint32_t statement_column_count(const la_driver_statement *statement) {
  return (uint32_t)sqlite3_column_count(statement->stmt);
}

static la_text statement_column_name(const la_driver_statement *statement, uint32_t column) {
  return la_text_of(sqlite3_column_name(statement->stmt, (int)column));
}

void la_sqlite_read(sqlite3_value *stored, la_value *out) {
  *out = LA_VALUE_NONE;
  switch (sqlite3_value_type(stored)) {
  case SQLITE_INTEGER:
    out->kind = LA_VALUE_INTEGER;
    out->as.integer = sqlite3_value_int64(stored);
    break;
  case SQLITE_FLOAT:
    out->kind = LA_VALUE_REAL;
    out->as.real = sqlite3_value_double(stored);
    break;
  case SQLITE_TEXT:
    /* Without memory to convert there are no bytes; the next step then fails. */
    out->as.bytes = (const char *)sqlite3_value_text(stored);
    out->kind = out->as.bytes ? LA_VALUE_TEXT : LA_VALUE_NULL;
    out->len = (uint32_t)sqlite3_value_bytes(stored);
    break;
  case SQLITE_BLOB:
    out->kind = LA_VALUE_BLOB;
    out->as.bytes = sqlite3_value_blob(stored);
    out->len = (uint32_t)sqlite3_value_bytes(stored);
    if (out->as.bytes == NULL) {
      out->as.bytes = "";
    }
    break;
  default:
    break;
  }
}

static void statement_column(la_driver_statement *statement, uint32_t column, la_value *out) {
  la_sqlite_read(sqlite3_column_value(statement->stmt, (int)column), out);
}

static void statement_row(la_driver_statement *statement, la_value *out, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    la_sqlite_read(sqlite3_column_value(statement->stmt, (int)i), &out[i]);
  }
}

static la_status connection_execute(la_driver_connection *connection, la_text text, la_error *err) {
  la_driver_statement *statement = NULL;
  la_status status;
  LA_TRY(statement_prepare(connection, text, &statement, err));
  do {
    status = statement_step(statement, err);
  } while (status == LA_ROW);
  statement_finalize(statement);
  return status < 0 ? status : LA_OK;
}

static int64_t connection_last_insert_id(la_driver_connection *connection) {
  return sqlite3_last_insert_rowid(connection->db);
}

static int64_t connection_changes(la_driver_connection *connection) {
#if SQLITE_VERSION_NUMBER >= 3037000
  return sqlite3_changes64(connection->db);
#else
  return sqlite3_changes(connection->db);
#endif
}

/* Behind a row with the largest key there is, SQLite takes free ones at random. */
static bool has_room_for_keys(la_driver_connection *connection, la_text table) {
  char *query =
      sqlite3_mprintf("SELECT max(_rowid_) FROM main.\"%.*w\"", (int)table.len, table.bytes);
  la_error err = LA_ERROR_INIT;
  la_driver_statement *statement = NULL;
  la_value largest = LA_VALUE_NONE;
  if (query != NULL &&
      statement_prepare(connection, la_text_of(query), &statement, &err) == LA_OK) {
    if (statement_step(statement, &err) == LA_ROW) {
      statement_column(statement, 0, &largest);
    }
    statement_finalize(statement);
  }
  sqlite3_free(query);
  return largest.kind == LA_VALUE_INTEGER && largest.as.integer < INT64_MAX / 2;
}

/* Whether a query about the table `name` has a row. */
static bool is_true_of(la_driver_connection *connection, const char *query, la_text name) {
  la_error err = LA_ERROR_INIT;
  la_driver_statement *statement = NULL;
  la_value value = la_value_text(name);
  if (statement_prepare(connection, la_text_of(query), &statement, &err) < 0) {
    return false;
  }
  bool found = statement_bind(statement, 1, &value, &err) == LA_OK &&
               statement_step(statement, &err) == LA_ROW;
  statement_finalize(statement);
  return found;
}

/* A trigger could insert into the table itself; a view or a virtual table does as it likes; an ON
 * CONFLICT clause may leave rows out, or keep those before the one that fails. */
static const char is_plain[] =
    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
    " AND name = ?1 COLLATE NOCASE AND sql NOT LIKE '%conflict%'"
    " AND NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'trigger'"
    " AND tbl_name = ?1 COLLATE NOCASE)"
    " AND NOT EXISTS (SELECT 1 FROM sqlite_temp_master WHERE tbl_name = ?1 COLLATE NOCASE)";

static bool connection_makes_keys_in_sequence(la_driver_connection *connection, la_text table) {
  return is_true_of(connection, is_plain, table) && has_room_for_keys(connection, table);
}

/* Keys of other rows are looked for when the statement ends: a row of a table that refers to itself
 * would find those behind it. */
static bool connection_takes_rows_together(la_driver_connection *connection, la_text table) {
  static const char refers_to_itself[] =
      "SELECT 1 FROM pragma_foreign_key_list(?1) WHERE \"table\" = ?1 COLLATE NOCASE";
  return is_true_of(connection, is_plain, table) &&
         !is_true_of(connection, refers_to_itself, table);
}

static bool connection_in_transaction(la_driver_connection *connection) {
  return !sqlite3_get_autocommit(connection->db);
}

static void connection_interrupt(la_driver_connection *connection) {
  sqlite3_interrupt(connection->db);
}

static bool statement_is_read_only(const la_driver_statement *statement) {
  return sqlite3_stmt_readonly(statement->stmt);
}

static void *connection_native_handle(la_driver_connection *connection) {
  return connection->db;
}

const la_driver la_driver_sqlite3 = {
    .version = LA_DRIVER_VERSION,
    .name = "sqlite3",
    .read_url = la_sqlite_url_read,
    .open = connection_open,
    .close = connection_close,
    .execute = connection_execute,
    .prepare = statement_prepare,
    .finalize = statement_finalize,
    .reset = statement_reset,
    .rewind = statement_rewind,
    .param_count = statement_param_count,
    .param_index = statement_param_index,
    .bind = statement_bind,
    .step = statement_step,
    .column_count = statement_column_count,
    .column_name = statement_column_name,
    .column = statement_column,
    .row = statement_row,
    .last_insert_id = connection_last_insert_id,
    .changes = connection_changes,
    .takes_rows_together = connection_takes_rows_together,
    .makes_keys_in_sequence = connection_makes_keys_in_sequence,
    .in_transaction = connection_in_transaction,
    .interrupt = connection_interrupt,
    .is_read_only = statement_is_read_only,
    .native_handle = connection_native_handle,
    .extend = la_sqlite_extend,
    .blob_open = la_sqlite_blob_open,
    .blob_reopen = la_sqlite_blob_reopen,
    .blob_read = la_sqlite_blob_read,
    .blob_write = la_sqlite_blob_write,
    .blob_close = la_sqlite_blob_close,
    .backup_open = la_sqlite_backup_open,
    .backup_step = la_sqlite_backup_step,
    .backup_close = la_sqlite_backup_close,
};
