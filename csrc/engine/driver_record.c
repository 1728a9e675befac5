/* SPDX-License-Identifier: MIT */
#include "engine/driver_record.h"

struct la_driver_connection {
  la_allocator *alloc;
  la_record *record;
  bool in_transaction;
  int64_t last_insert_id;
  int64_t changes;
};

struct la_driver_statement {
  la_driver_connection *connection;
  la_text text; /* bytes behind the struct */
  LA_VEC(la_value) params;
  size_t answer; /* number plus one of the answer in use, 0: none */
  size_t next_row;
  bool started;
};

/* ---- the record ---- */

static void record_destroy(la_object *object) {
  la_record *record = (la_record *)object;
  la_vec_clear(record->alloc, &record->entries);
  la_vec_clear(record->alloc, &record->answers);
  la_arena_clear(&record->arena);
  la_free(record->alloc, record, sizeof *record);
}

static const la_object_class record_class = {.name = "record", .destroy = record_destroy};

la_record *la_record_new(la_allocator *alloc) {
  la_record *record = la_alloc_zero(alloc, sizeof *record);
  if (record != NULL) {
    la_object_init(&record->object, &record_class);
    record->alloc = alloc;
    record->next_insert_id = 1;
    record->in_memory = true;
    la_arena_init(&record->arena, alloc);
  }
  return record;
}

void la_record_forget(la_record *record) {
  record->entries.count = 0;
}

static bool copy_text(la_arena *arena, la_text *text) {
  if (text->bytes != NULL) {
    text->bytes = la_arena_copy(arena, text->bytes, text->len);
    return text->bytes != NULL;
  }
  return true;
}

static bool copy_values(la_arena *arena, const la_value **values, size_t count) {
  la_value *copy = la_arena_alloc(arena, count * sizeof *copy + 1);
  for (size_t i = 0; copy != NULL && i < count; i++) {
    if (!la_value_copy(arena, &(*values)[i], &copy[i])) {
      return false;
    }
  }
  *values = copy;
  return copy != NULL;
}

static bool copy_columns(la_arena *arena, la_record_answer *answer) {
  la_text *columns = la_arena_alloc(arena, answer->column_count * sizeof *columns + 1);
  for (uint32_t i = 0; columns != NULL && i < answer->column_count; i++) {
    columns[i] = answer->columns[i];
    if (!copy_text(arena, &columns[i])) {
      return false;
    }
  }
  answer->columns = columns;
  return columns != NULL;
}

la_status la_record_add_answer(la_record *record, const la_record_answer *answer, la_error *err) {
  la_record_answer copy = *answer;
  copy.used = false;
  if (!copy_text(&record->arena, &copy.prefix) || !copy_text(&record->arena, &copy.message) ||
      !copy_columns(&record->arena, &copy) ||
      !copy_values(&record->arena, &copy.values, copy.row_count * copy.column_count) ||
      !la_vec_push(record->alloc, &record->answers, copy)) {
    return la_fail_nomem(err);
  }
  return LA_OK;
}

static bool starts_with(la_text text, la_text prefix) {
  return text.len >= prefix.len && la_text_equal_nocase((la_text){text.bytes, prefix.len}, prefix);
}

static bool starts_with_word(la_text text, const char *word) {
  return starts_with(text, la_text_of(word));
}

static size_t find_answer(la_record *record, la_text text) {
  for (size_t i = 0; i < record->answers.count; i++) {
    la_record_answer *answer = &record->answers.items[i];
    if (!answer->used && (answer->prefix.bytes == NULL || starts_with(text, answer->prefix))) {
      answer->used = true;
      return i + 1;
    }
  }
  return 0;
}

static la_status add_entry(la_record *record, la_text text, const la_value *params, size_t count,
                           la_error *err) {
  la_record_entry entry = {.text = text, .param_count = (uint32_t)count};
  if (!copy_text(&record->arena, &entry.text) || !copy_values(&record->arena, &params, count)) {
    return la_fail_nomem(err);
  }
  entry.params = (la_value *)params;
  return la_vec_push(record->alloc, &record->entries, entry) ? LA_OK : la_fail_nomem(err);
}

/* ---- the driver ---- */

static la_status read_url(const la_url *url, la_driver_options *options, bool *memory_out,
                          la_error *err) {
  const la_record *record = options->host_handle;
  (void)url;
  if (record == NULL) {
    return la_fail(err, LA_ARGUMENT, "the recording driver needs a record");
  }
  *memory_out = record->in_memory;
  return LA_OK;
}

static la_status connection_open(la_allocator *alloc, const la_driver_options *options,
                                 la_driver_connection **out, la_error *err) {
  la_driver_connection *connection = la_alloc_zero(alloc, sizeof *connection);
  if (connection == NULL) {
    return la_fail_nomem(err);
  }
  connection->alloc = alloc;
  connection->record = la_object_retain(options->host_handle);
  *out = connection;
  return LA_OK;
}

static void connection_close(la_driver_connection *connection) {
  if (connection != NULL) {
    la_object_release(connection->record);
    la_free(connection->alloc, connection, sizeof *connection);
  }
}

static la_status statement_prepare(la_driver_connection *connection, la_text text,
                                   la_driver_statement **out, la_error *err) {
  la_driver_statement *statement = la_alloc(connection->alloc, sizeof *statement + text.len);
  if (statement == NULL) {
    return la_fail_nomem(err);
  }
  *statement =
      (la_driver_statement){.connection = connection, .text = {(char *)(statement + 1), text.len}};
  memcpy(statement + 1, text.bytes ? text.bytes : "", text.len);
  *out = statement;
  return LA_OK;
}

static void statement_finalize(la_driver_statement *statement) {
  la_allocator *alloc = statement->connection->alloc;
  la_vec_clear(alloc, &statement->params);
  la_free(alloc, statement, sizeof *statement + statement->text.len);
}

static void statement_reset(la_driver_statement *statement) {
  statement->params.count = 0;
  statement->started = false;
  statement->answer = 0;
}

/* Placeholders are told from quoted text only as far as tests need: a `?` counts outside of ''. */
static uint32_t statement_param_count(const la_driver_statement *statement) {
  uint32_t count = 0;
  bool quoted = false;
  for (size_t i = 0; i < statement->text.len; i++) {
    quoted ^= statement->text.bytes[i] == '\'';
    count += !quoted && statement->text.bytes[i] == '?';
  }
  return count;
}

static uint32_t statement_param_index(const la_driver_statement *statement, la_text name) {
  (void)statement;
  (void)name;
  return 0;
}

static la_status statement_bind(la_driver_statement *statement, uint32_t place,
                                const la_value *value, la_error *err) {
  la_allocator *alloc = statement->connection->alloc;
  while (statement->params.count < place) {
    if (!la_vec_push(alloc, &statement->params, LA_VALUE_NONE)) {
      return la_fail_nomem(err);
    }
  }
  statement->params.items[place - 1] = *value;
  return LA_OK;
}

static void follow_transaction(la_driver_connection *connection, la_text text) {
  if (starts_with_word(text, "BEGIN")) {
    connection->in_transaction = true;
  } else if (starts_with_word(text, "COMMIT") ||
             (starts_with_word(text, "ROLLBACK") && !starts_with_word(text, "ROLLBACK TO"))) {
    connection->in_transaction = false;
  }
}

static la_status start(la_driver_statement *statement, la_error *err) {
  la_driver_connection *connection = statement->connection;
  la_record *record = connection->record;
  const la_record_answer *answer;
  LA_TRY(add_entry(record, statement->text, statement->params.items, statement->params.count, err));
  statement->started = true;
  statement->next_row = 0;
  statement->answer = find_answer(record, statement->text);
  answer = statement->answer ? &record->answers.items[statement->answer - 1] : NULL;
  if (answer != NULL && answer->failure < 0) {
    connection->in_transaction &= !answer->ends_transaction;
    return la_fail(err, answer->failure, "%.*s", LA_TEXT_FORMAT(answer->message));
  }
  follow_transaction(connection, statement->text);
  connection->changes = answer ? answer->changes : 1;
  if (answer != NULL && answer->last_insert_id != 0) {
    connection->last_insert_id = answer->last_insert_id;
  } else if (starts_with_word(statement->text, "INSERT")) {
    connection->last_insert_id = record->next_insert_id++;
  }
  return LA_OK;
}

static const la_record_answer *answer_of(const la_driver_statement *statement) {
  return statement->answer ? &statement->connection->record->answers.items[statement->answer - 1]
                           : NULL;
}

static la_status statement_step(la_driver_statement *statement, la_error *err) {
  const la_record_answer *answer;
  if (!statement->started) {
    la_status status = start(statement, err);
    if (status < 0) {
      statement_reset(statement);
      return status;
    }
  }
  answer = answer_of(statement);
  if (answer == NULL || statement->next_row >= answer->row_count) {
    return LA_DONE;
  }
  statement->next_row++;
  return LA_ROW;
}

static uint32_t statement_column_count(const la_driver_statement *statement) {
  const la_record_answer *answer = answer_of(statement);
  return answer ? answer->column_count : 0;
}

static la_text statement_column_name(const la_driver_statement *statement, uint32_t column) {
  const la_record_answer *answer = answer_of(statement);
  return answer && column < answer->column_count ? answer->columns[column] : LA_TEXT_NONE;
}

static void statement_column(la_driver_statement *statement, uint32_t column, la_value *out) {
  const la_record_answer *answer = answer_of(statement);
  *out = LA_VALUE_NONE;
  if (answer != NULL && statement->next_row > 0 && column < answer->column_count) {
    *out = answer->values[(statement->next_row - 1) * answer->column_count + column];
  }
}

static void statement_row(la_driver_statement *statement, la_value *out, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    statement_column(statement, i, &out[i]);
  }
}

static la_status connection_execute(la_driver_connection *connection, la_text text, la_error *err) {
  la_driver_statement *statement = NULL;
  la_status status;
  LA_TRY(statement_prepare(connection, text, &statement, err));
  status = statement_step(statement, err);
  statement_finalize(statement);
  return status < 0 ? status : LA_OK;
}

static int64_t connection_last_insert_id(la_driver_connection *connection) {
  return connection->last_insert_id;
}

static int64_t connection_changes(la_driver_connection *connection) {
  return connection->changes;
}

static bool connection_in_transaction(la_driver_connection *connection) {
  return connection->in_transaction;
}

static void connection_interrupt(la_driver_connection *connection) {
  (void)connection;
}

static bool statement_is_read_only(const la_driver_statement *statement) {
  return starts_with_word(statement->text, "SELECT");
}

static void *connection_native_handle(la_driver_connection *connection) {
  return connection->record;
}

const la_driver la_driver_record = {
    .version = LA_DRIVER_VERSION,
    .name = "record",
    .read_url = read_url,
    .open = connection_open,
    .close = connection_close,
    .execute = connection_execute,
    .prepare = statement_prepare,
    .finalize = statement_finalize,
    .reset = statement_reset,
    .rewind = statement_reset,
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
    .in_transaction = connection_in_transaction,
    .interrupt = connection_interrupt,
    .is_read_only = statement_is_read_only,
    .native_handle = connection_native_handle,
};
