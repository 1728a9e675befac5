/* SPDX-License-Identifier: MIT */
/*
 * Constraints of CREATE TABLE.
 */
#include "compile/ddl.h"

/* The column that stands first in a key that was not given as a whole: the database's counter. */
static const la_column *first_column(const la_constraint *constraint) {
  return constraint->kind == LA_CONSTRAINT_PRIMARY_KEY && !constraint->given
             ? la_table_autoincrement_column(constraint->table)
             : NULL;
}

static void put_columns(const la_dialect *dialect, const la_constraint *constraint,
                        la_strbuf *out) {
  const la_column *first = first_column(constraint);
  const char *separator = "";
  if (first) {
    la_compile_ident_as(dialect, first->name, first->quote, out);
    separator = ", ";
  }
  for (size_t i = 0; i < constraint->columns.count; i++) {
    const la_column *column = constraint->columns.items[i];
    if (column != first) {
      la_strbuf_string(out, separator);
      la_compile_ident_as(dialect, column->name, column->quote, out);
      separator = ", ";
    }
  }
}

/* The constraint's name between two texts; nothing if it has none. */
static la_status put_name_within(const la_sql *sql, const la_dialect *dialect,
                                 const la_constraint *constraint, const char *before,
                                 const char *after, la_strbuf *out, la_error *err) {
  la_strbuf name;
  la_strbuf_init(&name, sql->alloc);
  la_status status = la_constraint_name(constraint, &name, err);
  if (status >= 0 && name.len > 0) {
    la_strbuf_string(out, before);
    status = la_ddl_put_name(dialect, la_strbuf_view(&name), la_constraint_name_is_made(constraint),
                             constraint->quote, out, err);
    la_strbuf_string(out, after);
  }
  la_strbuf_clear(&name);
  return status;
}

static la_status put_name(const la_sql *sql, const la_dialect *dialect,
                          const la_constraint *constraint, la_strbuf *out, la_error *err) {
  return put_name_within(sql, dialect, constraint, "CONSTRAINT ", " ", out, err);
}

static la_status put_phrase(const char *before, la_text phrase, const char *const *allowed,
                            la_strbuf *out, la_error *err) {
  if (!phrase.bytes) {
    return LA_OK;
  }
  for (size_t i = 0; allowed[i]; i++) {
    if (la_text_equal_nocase(phrase, la_text_of(allowed[i]))) {
      la_strbuf_string(out, before);
      la_strbuf_text(out, phrase);
      return LA_OK;
    }
  }
  return la_fail(err, LA_COMPILE, "Unexpected SQL phrase: '%.*s'", LA_TEXT_FORMAT(phrase));
}

static la_status put_options(const la_constraint *constraint, la_strbuf *out, la_error *err) {
  static const char *const actions[] = {"RESTRICT",  "CASCADE",     "SET NULL",
                                        "NO ACTION", "SET DEFAULT", NULL};
  static const char *const times[] = {"DEFERRED", "IMMEDIATE", NULL};
  if (constraint->match.bytes) {
    la_strbuf_string(out, " MATCH ");
    la_strbuf_text(out, constraint->match);
  }
  LA_TRY(put_phrase(" ON DELETE ", constraint->ondelete, actions, out, err));
  LA_TRY(put_phrase(" ON UPDATE ", constraint->onupdate, actions, out, err));
  if (constraint->deferrable >= 0) {
    la_strbuf_string(out, constraint->deferrable ? " DEFERRABLE" : " NOT DEFERRABLE");
  }
  return put_phrase(" INITIALLY ", constraint->initially, times, out, err);
}

static bool is_same_schema(const la_table *a, const la_table *b) {
  return a->schema.bytes ? b->schema.bytes && la_text_equal(a->schema, b->schema)
                         : !b->schema.bytes;
}

static la_status put_foreign_key(const la_sql *sql, const la_dialect *dialect,
                                 const la_constraint *constraint, la_strbuf *out, la_error *err) {
  LA_TRY(la_constraint_resolve((la_constraint *)constraint, err));
  if (dialect->foreign_keys_within_schema &&
      !is_same_schema(constraint->table, constraint->referred)) {
    return LA_OK;
  }
  LA_TRY(put_name(sql, dialect, constraint, out, err));
  la_strbuf_string(out, "FOREIGN KEY(");
  put_columns(dialect, constraint, out);
  la_strbuf_string(out, ") REFERENCES ");
  la_ddl_put_table(dialect, constraint->referred, !dialect->foreign_keys_within_schema, out);
  la_strbuf_string(out, " (");
  for (size_t i = 0; i < constraint->referred_columns.count; i++) {
    la_strbuf_string(out, i > 0 ? ", " : "");
    const la_column *column = constraint->referred_columns.items[i];
    la_compile_ident_as(dialect, column->name, column->quote, out);
  }
  la_strbuf_char(out, ')');
  return put_options(constraint, out, err);
}

/* c IN (0, 1); c IN ('a', 'b') */
static la_status put_type_check(const la_dialect *dialect, const la_column *column, la_strbuf *out,
                                la_error *err) {
  la_compile_ident_as(dialect, column->name, column->quote, out);
  la_strbuf_string(out, " IN (");
  if (column->type->affinity == LA_AFFINITY_BOOLEAN) {
    la_strbuf_string(out, "0, 1");
  }
  for (uint32_t i = 0; i < column->type->value_count; i++) {
    la_value value = la_value_text(column->type->values[i]);
    la_strbuf_string(out, i > 0 ? ", " : "");
    LA_TRY(la_compile_literal(dialect, NULL, &value, out, err));
  }
  la_strbuf_char(out, ')');
  return LA_OK;
}

static la_status put_check(const la_sql *sql, const la_dialect *dialect,
                           const la_constraint *constraint, la_strbuf *out, la_error *err) {
  const la_column *bound = constraint->type_bound;
  if (bound && bound->type->affinity == LA_AFFINITY_BOOLEAN && dialect->supports_native_boolean) {
    return LA_OK;
  }
  LA_TRY(put_name(sql, dialect, constraint, out, err));
  la_strbuf_string(out, "CHECK (");
  if (constraint->sqltext) {
    LA_TRY(la_compile_inline(sql, dialect, (const la_node *)(const void *)constraint->sqltext,
                             LA_AGAINST_FREE, out, err));
  } else {
    LA_TRY(put_type_check(dialect, bound, out, err));
  }
  la_strbuf_char(out, ')');
  return put_options(constraint, out, err);
}

static la_status put_kind(const la_sql *sql, const la_dialect *dialect,
                          const la_constraint *constraint, la_strbuf *out, la_error *err) {
  switch (constraint->kind) {
  case LA_CONSTRAINT_FOREIGN_KEY:
    return put_foreign_key(sql, dialect, constraint, out, err);
  case LA_CONSTRAINT_CHECK:
    return put_check(sql, dialect, constraint, out, err);
  case LA_CONSTRAINT_PRIMARY_KEY:
  case LA_CONSTRAINT_UNIQUE:
    break;
  }
  if (constraint->columns.count == 0) {
    return LA_OK;
  }
  LA_TRY(put_name(sql, dialect, constraint, out, err));
  la_strbuf_string(out, constraint->kind == LA_CONSTRAINT_UNIQUE ? "UNIQUE (" : "PRIMARY KEY (");
  put_columns(dialect, constraint, out);
  la_strbuf_char(out, ')');
  return put_options(constraint, out, err);
}

la_status la_ddl_constraint(const la_sql *sql, const la_dialect *dialect,
                            const la_constraint *constraint, la_strbuf *out, la_error *err) {
  size_t before = out->len;
  LA_TRY(put_kind(sql, dialect, constraint, out, err));
  la_text conflict = constraint->conflict[0];
  if (!conflict.bytes && constraint->kind == LA_CONSTRAINT_PRIMARY_KEY &&
      constraint->columns.count == 1) {
    conflict = constraint->columns.items[0]->conflict_primary_key;
  }
  if (out->len > before && conflict.bytes && dialect->supports_conflict_clause) {
    la_strbuf_string(out, " ON CONFLICT ");
    la_strbuf_text(out, conflict);
  }
  return la_strbuf_status(out, err);
}

la_status la_compile_constraint_name(const la_sql *sql, const la_dialect *dialect,
                                     const la_constraint *constraint, la_strbuf *out,
                                     la_error *err) {
  LA_TRY(put_name_within(sql, dialect, constraint, "", "", out, err));
  return la_strbuf_status(out, err);
}

la_status la_compile_constraint(const la_sql *sql, const la_dialect *dialect,
                                const la_constraint *constraint, la_strbuf *out, la_error *err) {
  return la_ddl_constraint(sql, dialect, constraint, out, err);
}
