/* SPDX-License-Identifier: MIT */
/*
 * Values as SQL literals: literal_binds, defaults in DDL, and texts that cannot hold parameters.
 *
 * A value is first turned into what its type stores, then written.
 */
#include "compile/compiled.h"
#include "schema/calendar.h"
#include "schema/decimal.h"

static void append_text(const la_dialect *dialect, la_text text, la_strbuf *out) {
  la_strbuf_char(out, '\'');
  for (size_t i = 0; i < text.len; i++) {
    char ch = text.bytes[i];
    if (ch == '\'' || (ch == '%' && dialect->percent_doubled)) {
      la_strbuf_char(out, ch);
    }
    la_strbuf_char(out, ch);
  }
  la_strbuf_char(out, '\'');
}

static void append_blob(la_text bytes, la_strbuf *out) {
  static const char digits[] = "0123456789ABCDEF";
  la_strbuf_string(out, "X'");
  for (size_t i = 0; i < bytes.len; i++) {
    unsigned char byte = (unsigned char)bytes.bytes[i];
    la_strbuf_char(out, digits[byte >> 4]);
    la_strbuf_char(out, digits[byte & 15]);
  }
  la_strbuf_char(out, '\'');
}

static la_status append_real(double real, la_strbuf *out, la_error *err) {
  size_t from = out->len;
  if (!la_decimal_from_real(real, out)) {
    if (real != real) {
      la_strbuf_string(out, "NULL");
      return LA_OK;
    }
    la_strbuf_string(out, real > 0 ? "9e999" : "-9e999");
    return LA_OK;
  }
  if (out->bytes && !memchr(out->bytes + from, '.', out->len - from)) {
    la_strbuf_string(out, ".0");
  }
  return la_strbuf_status(out, err);
}

/* Quoted, without a fraction of zero. */
static void append_moment(const la_value *value, la_strbuf *out) {
  la_strbuf_char(out, '\'');
  if (value->kind == LA_VALUE_DATE) {
    la_date_format(value->as.integer, out);
  } else if (value->kind == LA_VALUE_TIME) {
    la_time_format(value->as.integer, false, out);
  } else {
    la_datetime_format(value->as.integer, false, out);
  }
  la_strbuf_char(out, '\'');
}

static la_status append_stored(const la_dialect *dialect, const la_value *value, la_strbuf *out,
                               la_error *err) {
  switch (value->kind) {
  case LA_VALUE_NULL:
    la_strbuf_string(out, "NULL");
    return LA_OK;
  case LA_VALUE_BOOLEAN:
    la_strbuf_string(out, dialect->supports_native_boolean ? (value->as.integer ? "true" : "false")
                                                           : (value->as.integer ? "1" : "0"));
    return LA_OK;
  case LA_VALUE_INTEGER:
    la_strbuf_format(out, "%lld", (long long)value->as.integer);
    return LA_OK;
  case LA_VALUE_REAL:
    return append_real(value->as.real, out, err);
  case LA_VALUE_TEXT:
    append_text(dialect, la_value_bytes(value), out);
    return LA_OK;
  case LA_VALUE_BLOB:
    append_blob(la_value_bytes(value), out);
    return LA_OK;
  case LA_VALUE_DECIMAL:
  case LA_VALUE_SQL:
    la_strbuf_text(out, la_value_bytes(value));
    return LA_OK;
  case LA_VALUE_DATE:
  case LA_VALUE_TIME:
  case LA_VALUE_DATETIME:
    append_moment(value, out);
    return LA_OK;
  default:
    return la_fail(err, LA_COMPILE,
                   "No literal value renderer is available for literal value of kind \"%s\"",
                   la_value_kind_name((la_value_kind)value->kind));
  }
}

la_status la_compile_literal(const la_dialect *dialect, const la_type *type, const la_value *value,
                             la_strbuf *out, la_error *err) {
  if (type) {
    type = la_type_for_dialect(type, la_text_of(dialect->name));
  }
  la_affinity affinity = type ? type->affinity : LA_AFFINITY_NULL;
  if (value->kind == LA_VALUE_NULL || value->kind == LA_VALUE_HOST ||
      value->kind == LA_VALUE_DECIMAL || value->kind == LA_VALUE_SQL || !type) {
    return append_stored(dialect, value, out, err);
  }
  if (affinity == LA_AFFINITY_BOOLEAN &&
      (value->kind == LA_VALUE_BOOLEAN || value->kind == LA_VALUE_INTEGER)) {
    la_value truth = la_value_of_kind(LA_VALUE_BOOLEAN, value->as.integer != 0);
    return append_stored(dialect, &truth, out, err);
  }
  if (affinity == LA_AFFINITY_NUMERIC && value->kind == LA_VALUE_TEXT) {
    la_strbuf_text(out, la_value_bytes(value));
    return LA_OK;
  }
  la_arena scratch;
  la_arena_init(&scratch, out->alloc);
  la_value stored;
  la_status status = la_type_bind(type, value, &stored, &scratch, err);
  if (status >= 0) {
    status = append_stored(dialect, &stored, out, err);
  }
  la_arena_clear(&scratch);
  return status;
}
