/* SPDX-License-Identifier: MIT */
/*
 * CREATE TABLE.
 */
#include "compile/ddl.h"

la_status la_ddl_default(const la_sql *sql, const la_dialect *dialect, const la_column *column,
                         la_strbuf *out, la_error *err) {
  const la_default *given = &column->defaults[LA_DEFAULT_SERVER_INSERT];
  switch (given->kind) {
  case LA_DEFAULT_EXPR:
    return la_compile_inline(sql, dialect, (const la_node *)(const void *)given->expr,
                             LA_AGAINST_FREE, out, err);
  case LA_DEFAULT_TEXT:
  case LA_DEFAULT_VALUE:
    return la_compile_literal(dialect, given->value.kind == LA_VALUE_TEXT ? NULL : column->type,
                              &given->value, out, err);
  default:
    return LA_OK;
  }
}

la_status la_ddl_computed(const la_sql *sql, const la_dialect *dialect, const la_column *column,
                          la_strbuf *out, la_error *err) {
  la_strbuf_string(out, "GENERATED ALWAYS AS (");
  LA_TRY(la_compile_inline(sql, dialect, (const la_node *)(const void *)column->computed,
                           LA_AGAINST_FREE, out, err));
  la_strbuf_char(out, ')');
  if (column->computed_persisted_given) {
    la_strbuf_string(out, column->computed_persisted ? " STORED" : " VIRTUAL");
  }
  return LA_OK;
}

static bool is_word(char ch) {
  return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
         ch == '_' || (unsigned char)ch >= 0x80;
}

/* True if a default is an expression that must stand in parentheses: neither a literal nor one
 * word. */
static bool needs_parentheses(la_text text) {
  size_t i = 0;
  while (i < text.len && (text.bytes[i] == ' ' || text.bytes[i] == '\t' || text.bytes[i] == '\n')) {
    i++;
  }
  if (i < text.len && (text.bytes[i] == '\'' || text.bytes[i] == '"' || text.bytes[i] == '(')) {
    return false;
  }
  for (i = 0; i < text.len; i++) {
    if (!is_word(text.bytes[i])) {
      return true;
    }
  }
  return false;
}

static la_status put_default(const la_sql *sql, const la_dialect *dialect, const la_column *column,
                             la_strbuf *out, la_error *err) {
  la_strbuf text;
  la_strbuf_init(&text, sql->alloc);
  la_status status = la_ddl_default(sql, dialect, column, &text, err);
  if (status >= 0 && text.len > 0) {
    bool in_parentheses =
        dialect->default_in_parentheses && needs_parentheses(la_strbuf_view(&text));
    la_strbuf_string(out, in_parentheses ? " DEFAULT (" : " DEFAULT ");
    la_strbuf_text(out, la_strbuf_view(&text));
    la_strbuf_string(out, in_parentheses ? ")" : "");
  }
  la_strbuf_clear(&text);
  return status;
}

static bool is_column_check(const la_constraint *constraint) {
  return constraint->kind == LA_CONSTRAINT_CHECK && constraint->inline_rendered &&
         constraint->columns.count == 1;
}

static bool is_true_option(const la_table *table, const char *name, bool otherwise) {
  const la_value *value = la_table_option(table, name);
  return value ? value->kind != LA_VALUE_NULL && value->as.integer != 0 : otherwise;
}

/* SQLite's AUTOINCREMENT can only be written with the key's column. */
static bool is_inline_key(const la_dialect *dialect, const la_table *table,
                          const la_column *column) {
  return dialect->key_with_autoincrement && column->primary_key && table->primary_key &&
         table->primary_key->columns.count == 1 &&
         is_true_option(table, "sqlite_autoincrement", false) && column->type &&
         column->type->affinity == LA_AFFINITY_INTEGER && column->foreign_keys.count == 0;
}

/* CHECKs that were given with the column. */
static la_status put_column_checks(const la_sql *sql, const la_dialect *dialect,
                                   const la_table *table, const la_column *column, la_strbuf *out,
                                   la_error *err) {
  for (size_t i = 0; i < table->constraints.count; i++) {
    const la_constraint *constraint = table->constraints.items[i];
    if (is_column_check(constraint) && constraint->columns.items[0] == column) {
      la_strbuf_char(out, ' ');
      LA_TRY(la_ddl_constraint(sql, dialect, constraint, out, err));
    }
  }
  return LA_OK;
}

static void put_conflict(const la_dialect *dialect, la_text action, la_strbuf *out) {
  if (action.bytes && dialect->supports_conflict_clause) {
    la_strbuf_string(out, " ON CONFLICT ");
    la_strbuf_text(out, action);
  }
}

static la_status put_column(const la_sql *sql, const la_dialect *dialect, const la_table *table,
                            const la_column *column, la_strbuf *out, la_error *err) {
  la_compile_ident_as(dialect, column->name, column->quote, out);
  la_strbuf_char(out, ' ');
  la_error inner = LA_ERROR_INIT;
  if (la_compile_type(dialect, column->type, out, &inner) < 0) {
    return la_fail(err, inner.status, "(in table '%.*s', column '%.*s'): %s",
                   LA_TEXT_FORMAT(table->name), LA_TEXT_FORMAT(column->name), inner.message);
  }
  LA_TRY(put_default(sql, dialect, column, out, err));
  if (!column->nullable) {
    la_strbuf_string(out, " NOT NULL");
    put_conflict(dialect, column->conflict_not_null, out);
  }
  if (dialect->key_with_autoincrement && column->primary_key &&
      column->autoincrement == LA_AUTOINCREMENT_ON && table->primary_key->columns.count != 1) {
    return la_fail(err, LA_COMPILE,
                   "(in table '%.*s', column '%.*s'): SQLite does not support autoincrement for "
                   "composite primary keys",
                   LA_TEXT_FORMAT(table->name), LA_TEXT_FORMAT(column->name));
  }
  if (is_inline_key(dialect, table, column)) {
    la_strbuf_string(out, " PRIMARY KEY");
    put_conflict(dialect, column->conflict_primary_key, out);
    la_strbuf_string(out, " AUTOINCREMENT");
  }
  if (column->computed) {
    la_strbuf_char(out, ' ');
    LA_TRY(la_ddl_computed(sql, dialect, column, out, err));
  }
  return put_column_checks(sql, dialect, table, column, out, err);
}

la_status la_compile_column(const la_sql *sql, const la_dialect *dialect, const la_column *column,
                            la_strbuf *out, la_error *err) {
  if (!column->table) {
    return la_fail(err, LA_COMPILE, "column '%.*s' belongs to no table",
                   LA_TEXT_FORMAT(column->name));
  }
  LA_TRY(la_table_resolve(column->table, err));
  return put_column(sql, dialect, column->table, column, out, err);
}

/* The number of the constraint after `last` in order of creation; SIZE_MAX at the end. */
static size_t next_constraint(const la_table *table, const la_constraint *last) {
  size_t best = SIZE_MAX;
  for (size_t i = 0; i < table->constraints.count; i++) {
    const la_constraint *constraint = table->constraints.items[i];
    if (constraint == table->primary_key || is_column_check(constraint) ||
        (last && constraint->serial <= last->serial)) {
      continue;
    }
    if (best == SIZE_MAX || constraint->serial < table->constraints.items[best]->serial) {
      best = i;
    }
  }
  return best;
}

static la_status put_constraint(const la_sql *sql, const la_dialect *dialect,
                                const la_constraint *constraint, const char **separator,
                                la_strbuf *out, la_error *err) {
  la_strbuf text;
  la_strbuf_init(&text, sql->alloc);
  la_status status = la_ddl_constraint(sql, dialect, constraint, &text, err);
  if (status >= 0 && text.len > 0) {
    la_strbuf_string(out, *separator);
    la_strbuf_text(out, la_strbuf_view(&text));
    *separator = ", \n\t";
  }
  la_strbuf_clear(&text);
  return status;
}

static la_status put_constraints(const la_sql *sql, const la_dialect *dialect,
                                 const la_table *table, const char *separator, la_strbuf *out,
                                 la_error *err) {
  const la_constraint *key = table->primary_key;
  if (key && !key->isolated && key->columns.count > 0 &&
      !is_inline_key(dialect, table, key->columns.items[0])) {
    LA_TRY(put_constraint(sql, dialect, key, &separator, out, err));
  }
  const la_constraint *last = NULL;
  for (size_t i = next_constraint(table, last); i != SIZE_MAX; i = next_constraint(table, last)) {
    last = table->constraints.items[i];
    if (!last->isolated && !(dialect->supports_alter && last->use_alter)) {
      LA_TRY(put_constraint(sql, dialect, last, &separator, out, err));
    }
  }
  return LA_OK;
}

/* Refuses a column that is to count by itself and has no type of integers. */
static la_status check_counter_type(const la_dialect *dialect, const la_column *column,
                                    la_error *err) {
  la_affinity affinity = column->type ? column->type->affinity : LA_AFFINITY_NULL;
  bool is_numeric = affinity == LA_AFFINITY_NUMERIC;
  if (affinity == LA_AFFINITY_INTEGER || (is_numeric && column->type->scale == 0)) {
    return LA_OK;
  }
  la_strbuf type;
  la_error ignored = LA_ERROR_INIT;
  la_strbuf_init(&type, column->alloc);
  if (la_compile_type(dialect, column->type, &type, &ignored) < 0) {
    la_strbuf_string(&type, "NULL");
  }
  la_status status = la_fail(
      err, LA_ARGUMENT,
      "Column type %.*s%s on column '%.*s.%.*s' is not compatible with autoincrement=true",
      LA_TEXT_FORMAT(la_strbuf_view(&type)), is_numeric ? " with digits behind the point" : "",
      LA_TEXT_FORMAT(column->table->name), LA_TEXT_FORMAT(column->name));
  la_strbuf_clear(&type);
  la_error_clear(&ignored);
  return status;
}

/* At most one column of the key is marked with autoincrement = true, and it holds integers. */
static la_status check_counters(const la_dialect *dialect, const la_table *table, la_error *err) {
  const la_column *marked = NULL;
  for (size_t i = 0; i < table->primary_key->columns.count; i++) {
    const la_column *column = table->primary_key->columns.items[i];
    if (column->autoincrement != LA_AUTOINCREMENT_ON) {
      continue;
    }
    LA_TRY(check_counter_type(dialect, column, err));
    if (marked) {
      return la_fail(err, LA_ARGUMENT,
                     "Only one Column may be marked autoincrement=true, found both %.*s and %.*s.",
                     LA_TEXT_FORMAT(column->name), LA_TEXT_FORMAT(marked->name));
    }
    marked = column;
  }
  return LA_OK;
}

la_status la_compile_create_table(const la_sql *sql, const la_dialect *dialect,
                                  const la_table *table, bool if_not_exists, la_strbuf *out,
                                  la_error *err) {
  const char *separator = "\n\t";
  bool done = false;
  if (dialect->create_table != NULL) {
    LA_TRY(dialect->create_table(dialect, table, if_not_exists, out, &done, err));
  }
  if (done) {
    return LA_OK;
  }
  la_strbuf_string(out, "CREATE ");
  for (size_t i = 0; i < table->prefixes.count; i++) {
    la_strbuf_text(out, table->prefixes.items[i]);
    la_strbuf_char(out, ' ');
  }
  la_strbuf_string(out, if_not_exists ? "TABLE IF NOT EXISTS " : "TABLE ");
  la_ddl_put_table(dialect, table, true, out);
  la_strbuf_string(out, " (");
  LA_TRY(la_table_resolve((la_table *)table, err));
  LA_TRY(check_counters(dialect, table, err));
  for (size_t i = 0; i < table->columns.count; i++) {
    const la_column *column = table->columns.items[i];
    if (column->system) {
      continue;
    }
    la_strbuf_string(out, separator);
    separator = ", \n\t";
    LA_TRY(put_column(sql, dialect, table, column, out, err));
  }
  LA_TRY(put_constraints(sql, dialect, table, separator, out, err));
  la_strbuf_string(out, "\n)");
  if (dialect->table_suffix) {
    LA_TRY(dialect->table_suffix(table, out, err));
  }
  return la_strbuf_status(out, err);
}
