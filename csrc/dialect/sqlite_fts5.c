/* SPDX-License-Identifier: MIT */
/*
 * CREATE VIRTUAL TABLE … USING fts5, for tables with the option "sqlite_fts5", whose text is the
 * module's arguments after the columns.
 *
 * A full text table has nothing but columns without types, and a rowid, which may be declared as
 * its key.
 */
#include "compile/ddl.h"
#include "dialect/dialects.h"

static bool is_rowid(const la_column *column) {
  return column->primary_key && la_text_equal_nocase(column->name, LA_TEXT_LITERAL("rowid"));
}

static la_status refuse(const la_table *table, const la_column *column, const char *what,
                        la_error *err) {
  return la_fail(err, LA_COMPILE, "(in table '%.*s', column '%.*s'): %s",
                 LA_TEXT_FORMAT(table->name), LA_TEXT_FORMAT(column->name), what);
}

static la_status check_column(const la_table *table, const la_column *column, la_error *err) {
  if (column->primary_key) {
    return refuse(table, column,
                  "the key of an FTS5 table is its rowid: Column(\"rowid\", Integer, {primary_key "
                  "= true})",
                  err);
  }
  if (!column->nullable || column->computed != NULL || column->foreign_keys.count > 0 ||
      column->defaults[LA_DEFAULT_SERVER_INSERT].kind != LA_DEFAULT_NONE) {
    return refuse(table, column,
                  "a column of an FTS5 table can't be NOT NULL, computed or a foreign key, and has "
                  "no default in the database",
                  err);
  }
  return LA_OK;
}

static la_status check_table(const la_table *table, la_error *err) {
  for (size_t i = 0; i < table->constraints.count; i++) {
    if (table->constraints.items[i] != table->primary_key) {
      return la_fail(err, LA_COMPILE, "(in table '%.*s'): an FTS5 table has no constraints",
                     LA_TEXT_FORMAT(table->name));
    }
  }
  return table->indexes.count == 0
             ? LA_OK
             : la_fail(err, LA_COMPILE, "(in table '%.*s'): an FTS5 table has no indexes",
                       LA_TEXT_FORMAT(table->name));
}

la_status la_sqlite_create_table(const la_dialect *dialect, const la_table *table,
                                 bool if_not_exists, la_strbuf *out, bool *done_out,
                                 la_error *err) {
  const la_value *arguments = la_table_option(table, "sqlite_fts5");
  const char *separator = "\n\t";
  *done_out = arguments != NULL && arguments->kind == LA_VALUE_TEXT;
  if (!*done_out) {
    return LA_OK;
  }
  LA_TRY(check_table(table, err));
  la_strbuf_string(out, "CREATE VIRTUAL TABLE ");
  la_strbuf_string(out, if_not_exists ? "IF NOT EXISTS " : "");
  la_ddl_put_table(dialect, table, true, out);
  la_strbuf_string(out, " USING fts5(");
  for (size_t i = 0; i < table->columns.count; i++) {
    const la_column *column = table->columns.items[i];
    if (column->system || is_rowid(column)) {
      continue;
    }
    LA_TRY(check_column(table, column, err));
    la_strbuf_string(out, separator);
    la_compile_ident_as(dialect, column->name, column->quote, out);
    la_strbuf_string(out, column->unindexed ? " UNINDEXED" : "");
    separator = ", \n\t";
  }
  if (arguments->len > 0) {
    la_strbuf_string(out, separator);
    la_strbuf_text(out, (la_text){arguments->as.bytes, arguments->len});
  }
  la_strbuf_string(out, "\n)");
  return la_strbuf_status(out, err);
}
