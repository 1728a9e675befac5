/* SPDX-License-Identifier: MIT */
/*
 * DDL of indexes, and DROP.
 */
#include "compile/ddl.h"

#include "base/md5.h"

#include <stdio.h>

void la_ddl_put_table(const la_dialect *dialect, const la_table *table, bool with_schema,
                      la_strbuf *out) {
  if (with_schema) {
    la_compile_schema(dialect, dialect->schema_translate, table, out);
  }
  la_compile_ident_as(dialect, table->name, table->quote, out);
}

la_status la_compile_drop_table(const la_sql *sql, const la_dialect *dialect, const la_table *table,
                                bool if_exists, la_strbuf *out, la_error *err) {
  (void)sql;
  la_strbuf_string(out, if_exists ? "DROP TABLE IF EXISTS " : "DROP TABLE ");
  la_ddl_put_table(dialect, table, true, out);
  return la_strbuf_status(out, err);
}

/* How many bytes the first `count` characters take; all of them if there are fewer. */
static size_t length_of_characters(la_text text, size_t count) {
  size_t at = 0;
  while (at < text.len && (count > 0 || ((uint8_t)text.bytes[at] & 0xc0) == 0x80)) {
    count -= ((uint8_t)text.bytes[at] & 0xc0) != 0x80;
    at++;
  }
  return at;
}

static la_status put_cut_name(const la_dialect *dialect, la_text name, la_quote quote,
                              la_strbuf *out, la_error *err) {
  size_t limit = dialect->max_identifier_length;
  uint8_t digest[16];
  char digits[6];
  la_strbuf cut;
  la_status status;
  la_md5(name, digest);
  snprintf(digits, sizeof digits, "_%02x%02x", digest[14], digest[15]);
  la_strbuf_init(&cut, out->alloc);
  la_strbuf_bytes(&cut, name.bytes, length_of_characters(name, limit > 8 ? limit - 8 : 0));
  la_strbuf_string(&cut, digits);
  status = la_strbuf_status(&cut, err);
  if (status >= 0) {
    la_compile_ident_as(dialect, la_strbuf_view(&cut), quote, out);
  }
  la_strbuf_clear(&cut);
  return status;
}

la_status la_ddl_put_name(const la_dialect *dialect, la_text name, bool made, la_quote quote,
                          la_strbuf *out, la_error *err) {
  size_t limit = dialect->max_identifier_length;
  if (length_of_characters(name, limit) == name.len) {
    la_compile_ident_as(dialect, name, quote, out);
    return LA_OK;
  }
  if (made) {
    return put_cut_name(dialect, name, quote, out, err);
  }
  return la_fail(err, LA_IDENTIFIER, "Identifier '%.*s%s' exceeds maximum length of %zu characters",
                 (int)length_of_characters(name, 60), name.bytes,
                 length_of_characters(name, 60) < name.len ? "…" : "", limit);
}

static la_status put_index_name(const la_sql *sql, const la_dialect *dialect, const la_index *index,
                                bool with_schema, la_strbuf *out, la_error *err) {
  la_strbuf name;
  la_strbuf_init(&name, sql->alloc);
  la_status status = la_index_name(index, &name, err);
  if (status >= 0 && name.len == 0) {
    status =
        la_fail(err, LA_COMPILE, "CREATE INDEX and DROP INDEX require that the index have a name");
  }
  if (status >= 0) {
    if (with_schema && index->table) {
      la_compile_schema(dialect, dialect->schema_translate, index->table, out);
    }
    status = la_ddl_put_name(dialect, la_strbuf_view(&name), la_index_name_is_made(index),
                             index->quote, out, err);
  }
  la_strbuf_clear(&name);
  return status;
}

static la_status put_index_expression(const la_sql *sql, const la_dialect *dialect,
                                      const la_object *expression, la_strbuf *out, la_error *err) {
  if (expression->class == &la_node_class) {
    return la_compile_inline(sql, dialect, (const la_node *)(const void *)expression,
                             LA_AGAINST_FREE, out, err);
  }
  const la_column *column = (const la_column *)(const void *)expression;
  la_compile_ident_as(dialect, column->name, column->quote, out);
  return LA_OK;
}

la_status la_compile_create_index(const la_sql *sql, const la_dialect *dialect,
                                  const la_index *index, bool if_not_exists, la_strbuf *out,
                                  la_error *err) {
  la_strbuf_string(out, index->unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
  la_strbuf_string(out, if_not_exists ? "IF NOT EXISTS " : "");
  LA_TRY(put_index_name(sql, dialect, index, dialect->index_names_schema, out, err));
  la_strbuf_string(out, " ON ");
  la_ddl_put_table(dialect, index->table, !dialect->index_names_schema, out);
  la_strbuf_string(out, " (");
  for (size_t i = 0; i < index->expressions.count; i++) {
    la_strbuf_string(out, i > 0 ? ", " : "");
    LA_TRY(put_index_expression(sql, dialect, index->expressions.items[i], out, err));
  }
  la_strbuf_char(out, ')');
  if (index->where && dialect->supports_partial_index) {
    la_strbuf_string(out, " WHERE ");
    LA_TRY(la_compile_inline(sql, dialect, (const la_node *)(const void *)index->where,
                             LA_AGAINST_FREE, out, err));
  }
  return la_strbuf_status(out, err);
}

la_status la_compile_drop_index(const la_sql *sql, const la_dialect *dialect, const la_index *index,
                                bool if_exists, la_strbuf *out, la_error *err) {
  la_strbuf_string(out, if_exists ? "DROP INDEX IF EXISTS " : "DROP INDEX ");
  LA_TRY(put_index_name(sql, dialect, index, true, out, err));
  return la_strbuf_status(out, err);
}
