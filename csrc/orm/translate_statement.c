/* SPDX-License-Identifier: MIT */
/*
 * from_statement(): any statement that gives rows, and what is asked for read from them.
 *
 * A column is found by the table's column behind it, then by the names `table_column` and `column`.
 * Columns of text have the names that the database gives them when it prepares the text.
 */
#include "orm/translate.h"

/* ---- names of a text's columns ---- */

/* The column of TEXTUAL `textual` (NULL: plain text) for place `i`, which the database calls
 * `name`; a new reference. */
static la_node *column_of_text(const la_sql *sql, const la_node *textual, uint32_t i,
                               la_text name) {
  if (textual != NULL && i + 1 < textual->count && textual->children[i + 1]->subject != NULL) {
    return la_node_retain(textual->children[i + 1]);
  }
  for (uint32_t j = 1; textual != NULL && j < textual->count; j++) {
    if (la_text_equal(textual->children[j]->text, name)) {
      return la_node_retain(textual->children[j]);
    }
  }
  return la_expr_named_column(sql, name, NULL, NULL);
}

/* TEXTUAL of `text` with the columns of `prepared`. */
static la_status with_names(la_session *session, la_node *text, const la_node *textual,
                            const la_prepared *prepared, la_node **out, la_error *err) {
  const la_sql *sql = &session->engine->sql;
  const la_driver *driver = session->connection->raw->driver;
  la_node_list parts = {0};
  la_status status = la_node_list_take(&parts, sql->alloc, la_node_retain(text), err);
  for (uint32_t i = 0; status >= 0 && i < prepared->column_count; i++) {
    la_text name = driver->column_name(prepared->statement, i);
    status = la_node_list_take(&parts, sql->alloc, column_of_text(sql, textual, i, name), err);
  }
  if (status >= 0) {
    *out = la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_TEXTUAL,
                                                    .children = parts.list.items,
                                                    .count = (uint32_t)parts.list.count});
    status = *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  la_node_list_clear(&parts, sql->alloc);
  return status;
}

static la_status describe(la_session *session, la_node *text, const la_node *textual, la_node **out,
                          la_error *err) {
  la_engine *engine = session->engine;
  la_connection *connection = NULL;
  la_compiled *compiled = NULL;
  la_prepared *prepared = NULL;
  la_params params;
  la_text sent;
  bool cached;
  la_status status;
  LA_TRY(la_session_connection(session, &connection, err));
  LA_TRY(la_connection_autobegin(connection, err));
  la_session_use_schemas(session);
  LA_TRY(la_engine_compile(engine, text, NULL, 0, false, &compiled, &cached, err));
  la_params_init(&params, engine->alloc);
  status = la_params_fill(&params, compiled, (const la_node *const *)engine->key.params.items,
                          (uint32_t)engine->key.params.count, NULL, NULL, &sent, err);
  if (status >= 0) {
    status = la_raw_prepare(connection->raw, sent, &prepared, err);
  }
  if (status >= 0) {
    status = with_names(session, text, textual, prepared, out, err);
    la_raw_give(connection->raw, prepared);
  }
  la_params_clear(&params);
  la_object_release(compiled);
  return status;
}

la_status la_session_describe_text(la_session *session, la_node **select, la_error *err) {
  la_node *given =
      (*select)->kind == LA_NODE_SELECT ? (*select)->children[LA_SELECT_STATEMENT] : NULL;
  la_node *described = NULL;
  la_status status;
  if (given == NULL || (given->kind != LA_NODE_TEXT && given->kind != LA_NODE_TEXTUAL)) {
    return LA_OK;
  }
  LA_TRY(describe(session, given->kind == LA_NODE_TEXT ? given : given->children[0],
                  given->kind == LA_NODE_TEXTUAL ? given : NULL, &described, err));
  status = la_build_child(select, LA_SELECT_STATEMENT, described, err);
  la_node_release(described);
  return status;
}

/* ---- finding columns ---- */

static const la_node *plain(const la_node *node) {
  while (node->kind == LA_NODE_ATTRIBUTE || node->kind == LA_NODE_LABEL) {
    node = node->children[0];
  }
  return node;
}

static bool is_table_column(la_text name, const la_column *column) {
  la_text table = column->table->name;
  return name.len == table.len + 1 + column->name.len &&
         memcmp(name.bytes, table.bytes, table.len) == 0 && name.bytes[table.len] == '_' &&
         memcmp(name.bytes + table.len + 1, column->name.bytes, column->name.len) == 0;
}

enum { BY_NODE, BY_COLUMN, BY_LONG_NAME, BY_NAME, WAYS };

static bool is_found(const la_translation *self, size_t i, const la_node *wanted, int way) {
  const la_node *given = plain(self->given[i]), *node = plain(wanted);
  const la_column *column =
      node->kind == LA_NODE_COLUMN ? (la_column *)(void *)node->subject : NULL;
  la_text name = la_expr_name(self->given[i]);
  switch (way) {
  case BY_NODE:
    return given == node;
  case BY_COLUMN:
    return column != NULL && given->kind == LA_NODE_COLUMN && given->subject == node->subject;
  case BY_LONG_NAME:
    return column != NULL && column->table != NULL && name.bytes != NULL &&
           is_table_column(name, column);
  default:
    node = wanted;
    return name.bytes != NULL &&
           la_text_equal(name, column != NULL ? column->name : la_expr_name(node));
  }
}

uint32_t la_translate_given(const la_translation *self, la_node *take_node) {
  uint32_t found = LA_COLUMN_MISSING;
  for (int way = 0; way < WAYS && found == LA_COLUMN_MISSING; way++) {
    for (size_t i = 0; i < self->given_count && found == LA_COLUMN_MISSING; i++) {
      if (is_found(self, i, take_node, way)) {
        found = (uint32_t)i;
      }
    }
  }
  la_node_release(take_node);
  return found;
}

la_status la_translate_missing(const la_translation *self, const la_property *property) {
  const la_column *column = property->column;
  if (!(property->flags & LA_PROPERTY_PRIMARY_KEY) || column == NULL) {
    return LA_OK;
  }
  return la_fail(self->err, LA_NO_SUCH_COLUMN,
                 "Could not locate column in row for column '%.*s.%.*s'",
                 LA_TEXT_FORMAT(column->table->name), LA_TEXT_FORMAT(column->name));
}

static la_status read_items(la_translation *self, la_node *const *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    LA_TRY(la_translate_item(self, items[i]));
  }
  for (size_t i = 0; i < self->details.count; i++) {
    if (self->details.items[i].entity == NULL &&
        self->details.items[i].column == LA_COLUMN_MISSING) {
      return la_fail(self->err, LA_NO_SUCH_COLUMN,
                     "Could not locate column in row for column '%.*s'",
                     LA_TEXT_FORMAT(self->parts.items[i].key));
    }
  }
  return la_translate_finish_plan(self);
}

la_status la_translate_statement(la_translation *self, la_node *const *items, size_t count,
                                 la_node **out) {
  la_node *statement = self->statement->children[LA_SELECT_STATEMENT];
  la_status status = LA_OK;
  if (self->plan != NULL && statement->kind != LA_NODE_TEXT) { /* a text is described to be run */
    LA_TRY(la_select_exported(self->sql, statement, self->arena, &self->given, &self->given_keys,
                              &self->given_count, self->err));
    self->is_given = true;
    status = read_items(self, items, count);
    for (size_t i = 0; i < self->given_count; i++) {
      la_node_release(self->given[i]);
    }
  }
  if (status >= 0) {
    *out = la_node_retain(statement);
  }
  return status;
}
