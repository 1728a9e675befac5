/* SPDX-License-Identifier: MIT */
/*
 * Types as DDL and CAST write them.
 */
#include "compile/compiled.h"

/* What follows a type's word. */
typedef enum type_form {
  FORM_PLAIN,
  FORM_LENGTH, /* VARCHAR(50), with a collation */
  FORM_NUMBER  /* NUMERIC(10, 2) */
} type_form;

static const struct type_row {
  const char *text; /* NULL: written in a way of its own */
  type_form form;
} type_rows[LA_TYPE_KIND_COUNT] = {
    [LA_TYPE_INTEGER] = {"INTEGER", FORM_PLAIN},
    [LA_TYPE_SMALL_INTEGER] = {"SMALLINT", FORM_PLAIN},
    [LA_TYPE_BIG_INTEGER] = {"BIGINT", FORM_PLAIN},
    [LA_TYPE_FLOAT] = {"FLOAT", FORM_PLAIN},
    [LA_TYPE_DOUBLE] = {"DOUBLE", FORM_PLAIN},
    [LA_TYPE_NUMERIC] = {"NUMERIC", FORM_NUMBER},
    [LA_TYPE_STRING] = {"VARCHAR", FORM_LENGTH},
    [LA_TYPE_TEXT] = {"TEXT", FORM_LENGTH},
    [LA_TYPE_UNICODE] = {"VARCHAR", FORM_LENGTH},
    [LA_TYPE_UNICODE_TEXT] = {"TEXT", FORM_LENGTH},
    [LA_TYPE_BOOLEAN] = {"BOOLEAN", FORM_PLAIN},
    [LA_TYPE_LARGE_BINARY] = {"BLOB", FORM_PLAIN},
    [LA_TYPE_DATE] = {"DATE", FORM_PLAIN},
    [LA_TYPE_TIME] = {"TIME", FORM_PLAIN},
    [LA_TYPE_DATETIME] = {"DATETIME", FORM_PLAIN},
    [LA_TYPE_INTERVAL] = {"DATETIME", FORM_PLAIN},
    [LA_TYPE_JSON] = {"JSON", FORM_PLAIN},
    [LA_TYPE_UUID] = {"CHAR(32)", FORM_PLAIN},
    [LA_TYPE_SQL_INTEGER] = {"INTEGER", FORM_PLAIN},
    [LA_TYPE_SQL_INT] = {"INTEGER", FORM_PLAIN},
    [LA_TYPE_SQL_SMALLINT] = {"SMALLINT", FORM_PLAIN},
    [LA_TYPE_SQL_BIGINT] = {"BIGINT", FORM_PLAIN},
    [LA_TYPE_SQL_FLOAT] = {"FLOAT", FORM_PLAIN},
    [LA_TYPE_SQL_REAL] = {"REAL", FORM_PLAIN},
    [LA_TYPE_SQL_DOUBLE] = {"DOUBLE", FORM_PLAIN},
    [LA_TYPE_SQL_DOUBLE_PRECISION] = {"DOUBLE PRECISION", FORM_PLAIN},
    [LA_TYPE_SQL_NUMERIC] = {"NUMERIC", FORM_NUMBER},
    [LA_TYPE_SQL_DECIMAL] = {"DECIMAL", FORM_NUMBER},
    [LA_TYPE_SQL_CHAR] = {"CHAR", FORM_LENGTH},
    [LA_TYPE_SQL_VARCHAR] = {"VARCHAR", FORM_LENGTH},
    [LA_TYPE_SQL_NCHAR] = {"NCHAR", FORM_LENGTH},
    [LA_TYPE_SQL_NVARCHAR] = {"NVARCHAR", FORM_LENGTH},
    [LA_TYPE_SQL_TEXT] = {"TEXT", FORM_LENGTH},
    [LA_TYPE_SQL_CLOB] = {"CLOB", FORM_PLAIN},
    [LA_TYPE_SQL_BOOLEAN] = {"BOOLEAN", FORM_PLAIN},
    [LA_TYPE_SQL_BLOB] = {"BLOB", FORM_PLAIN},
    [LA_TYPE_SQL_BINARY] = {"BINARY", FORM_LENGTH},
    [LA_TYPE_SQL_VARBINARY] = {"VARBINARY", FORM_LENGTH},
    [LA_TYPE_SQL_DATE] = {"DATE", FORM_PLAIN},
    [LA_TYPE_SQL_TIME] = {"TIME", FORM_PLAIN},
    [LA_TYPE_SQL_DATETIME] = {"DATETIME", FORM_PLAIN},
    [LA_TYPE_SQL_TIMESTAMP] = {"TIMESTAMP", FORM_PLAIN},
    [LA_TYPE_SQL_UUID] = {"UUID", FORM_PLAIN},
};

static void append_length(const la_dialect *dialect, const la_type *type, la_strbuf *out) {
  if (type->length >= 0) {
    la_strbuf_format(out, "(%d)", (int)type->length);
  }
  if (type->collation.bytes) {
    la_strbuf_string(out, " COLLATE ");
    la_compile_ident(dialect, type->collation, out);
  }
}

static void append_number(const la_type *type, la_strbuf *out) {
  if (type->precision >= 0 && type->scale >= 0) {
    la_strbuf_format(out, "(%d, %d)", (int)type->precision, (int)type->scale);
  } else if (type->precision >= 0) {
    la_strbuf_format(out, "(%d)", (int)type->precision);
  }
}

/* An Enum is text as long as its longest value, in characters. */
static void append_enum(const la_type *type, la_strbuf *out) {
  size_t longest = 0;
  for (uint32_t i = 0; i < type->value_count; i++) {
    size_t len = 0;
    for (size_t k = 0; k < type->values[i].len; k++) {
      len += ((unsigned char)type->values[i].bytes[k] & 0xC0) != 0x80;
    }
    longest = len > longest ? len : longest;
  }
  if (type->length >= 0 && (size_t)type->length > longest) {
    longest = (size_t)type->length;
  }
  la_strbuf_format(out, "VARCHAR(%zu)", longest);
}

la_status la_compile_type(const la_dialect *dialect, const la_type *type, la_strbuf *out,
                          la_error *err) {
  if (type) {
    type = la_type_for_dialect(type, la_text_of(dialect->name));
  }
  while (type && type->kind == LA_TYPE_DECORATOR) {
    type = type->impl ? la_type_for_dialect(type->impl, la_text_of(dialect->name)) : NULL;
  }
  if (!type || type->kind == LA_TYPE_NULL) {
    if (!dialect->driver) {
      la_strbuf_string(out, "NULL");
      return LA_OK;
    }
    return la_fail(
        err, LA_COMPILE,
        "Can't generate DDL for NullType(); did you forget to specify a type on this Column?");
  }
  if (dialect->type_text) {
    size_t before = out->len;
    LA_TRY(dialect->type_text(type, out, err));
    if (out->len > before) {
      return LA_OK;
    }
  }
  const struct type_row *row = &type_rows[type->kind];
  if (type->kind == LA_TYPE_ENUM) {
    append_enum(type, out);
  } else if (type->kind == LA_TYPE_USER_DEFINED && type->name.bytes) {
    la_strbuf_text(out, type->name);
  } else if (row->text) {
    la_strbuf_string(out, row->text);
    if (row->form == FORM_LENGTH) {
      append_length(dialect, type, out);
    } else if (row->form == FORM_NUMBER) {
      append_number(type, out);
    }
  } else {
    return la_fail(err, LA_UNSUPPORTED_COMPILATION,
                   "Compiler for dialect \"%s\" can't render element of type %s", dialect->name,
                   la_type_kind_name(type->kind));
  }
  return la_strbuf_status(out, err);
}
