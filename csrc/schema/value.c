/* SPDX-License-Identifier: MIT */
#include "schema/value.h"

#include "schema/calendar.h"
#include "schema/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TWO_TO_63 9223372036854775808.0

const char *la_value_kind_name(la_value_kind kind) {
  static const char *const names[] = {
#define X(name, text) text,
      LA_VALUE_KINDS(X)
#undef X
  };
  return kind < LA_VALUE_KIND_COUNT ? names[kind] : "unknown value";
}

static bool is_number(const la_value *value) {
  return value->kind == LA_VALUE_BOOLEAN || value->kind == LA_VALUE_INTEGER ||
         value->kind == LA_VALUE_REAL || value->kind == LA_VALUE_DECIMAL;
}

static double number_of(const la_value *value) {
  switch (value->kind) {
  case LA_VALUE_REAL:
    return value->as.real;
  case LA_VALUE_DECIMAL:
    return la_decimal_to_real(la_value_bytes(value));
  default:
    return (double)value->as.integer;
  }
}

/* NaN comes before all numbers, so that the order is total. */
static int compare_reals(double a, double b) {
  if (isnan(a) || isnan(b)) {
    return isnan(b) - isnan(a);
  }
  return a < b ? -1 : a > b;
}

/* Exact: an integer of 64 bits has more digits than a double. */
static int compare_integer_with_real(int64_t a, double b) {
  double whole;
  if (isnan(b) || b < -TWO_TO_63) {
    return 1;
  }
  if (b >= TWO_TO_63) {
    return -1;
  }
  whole = floor(b);
  if (a != (int64_t)whole) {
    return a < (int64_t)whole ? -1 : 1;
  }
  return b > whole ? -1 : 0;
}

static int compare_decimals(const la_value *a, const la_value *b) {
  char text[2][32];
  la_text sides[2];
  const la_value *values[2] = {a, b};
  for (int i = 0; i < 2; i++) {
    if (values[i]->kind == LA_VALUE_DECIMAL) {
      sides[i] = la_value_bytes(values[i]);
    } else {
      snprintf(text[i], sizeof text[i], "%lld", (long long)values[i]->as.integer);
      sides[i] = la_text_of(text[i]);
    }
  }
  return la_decimal_compare(sides[0], sides[1]);
}

static int compare_numbers(const la_value *a, const la_value *b) {
  bool real_a = a->kind == LA_VALUE_REAL, real_b = b->kind == LA_VALUE_REAL;
  bool decimal = a->kind == LA_VALUE_DECIMAL || b->kind == LA_VALUE_DECIMAL;
  if (decimal && !real_a && !real_b) {
    return compare_decimals(a, b);
  }
  if ((real_a && real_b) || decimal) {
    return compare_reals(number_of(a), number_of(b));
  }
  if (real_b) {
    return compare_integer_with_real(a->as.integer, b->as.real);
  }
  if (real_a) {
    return -compare_integer_with_real(b->as.integer, a->as.real);
  }
  return a->as.integer < b->as.integer ? -1 : a->as.integer > b->as.integer;
}

static int compare_bytes(la_text a, la_text b) {
  size_t len = a.len < b.len ? a.len : b.len;
  int order = len ? memcmp(a.bytes, b.bytes, len) : 0;
  return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

int la_value_compare(const la_value *a, const la_value *b) {
  if (is_number(a) && is_number(b)) {
    return compare_numbers(a, b);
  }
  if (a->kind != b->kind) {
    return (int)a->kind - (int)b->kind;
  }
  switch (a->kind) {
  case LA_VALUE_NULL:
    return 0;
  case LA_VALUE_TEXT:
  case LA_VALUE_BLOB:
    return compare_bytes(la_value_bytes(a), la_value_bytes(b));
  default:
    return a->as.integer < b->as.integer ? -1 : a->as.integer > b->as.integer;
  }
}

bool la_value_equal(const la_value *a, const la_value *b) {
  if (la_value_has_bytes(a) && a->kind == b->kind && a->kind != LA_VALUE_DECIMAL) {
    return la_text_equal(la_value_bytes(a), la_value_bytes(b));
  }
  return la_value_compare(a, b) == 0;
}

/* A canonical decimal whose fraction, if it has one, is zeros. */
static bool whole_decimal(la_text text, int64_t *out) {
  bool minus = text.len > 0 && text.bytes[0] == '-';
  uint64_t number = 0, most = (uint64_t)INT64_MAX + (minus ? 1 : 0);
  size_t at = minus ? 1 : 0;
  for (; at < text.len && text.bytes[at] != '.'; at++) {
    unsigned digit = (unsigned)(text.bytes[at] - '0');
    if (digit > 9 || number > (most - digit) / 10) {
      return false;
    }
    number = number * 10 + digit;
  }
  for (at++; at < text.len; at++) {
    if (text.bytes[at] != '0') {
      return false;
    }
  }
  *out = (int64_t)(minus ? 0 - number : number);
  return true;
}

bool la_value_whole(const la_value *value, int64_t *out) {
  switch (value->kind) {
  case LA_VALUE_BOOLEAN:
  case LA_VALUE_INTEGER:
    *out = value->as.integer;
    return true;
  case LA_VALUE_REAL:
    if (!(value->as.real >= -TWO_TO_63 && value->as.real < TWO_TO_63)) {
      return false;
    }
    *out = (int64_t)value->as.real;
    return (double)*out == value->as.real;
  case LA_VALUE_DECIMAL:
    return whole_decimal(la_value_bytes(value), out);
  default:
    return false;
  }
}

uint64_t la_value_hash(const la_value *value, uint64_t seed) {
  uint64_t bits;
  int64_t whole;
  double number;
  if (la_value_whole(value, &whole)) {
    return la_hash_mix(seed + 1, (uint64_t)whole);
  }
  switch (value->kind) {
  case LA_VALUE_NULL:
    return la_hash_mix(seed, 0);
  case LA_VALUE_TEXT:
  case LA_VALUE_BLOB:
    return la_hash_bytes(value->as.bytes, value->len, seed + value->kind);
  case LA_VALUE_REAL:
  case LA_VALUE_DECIMAL:
    /* Numbers that are equal have the same nearest double. */
    number = number_of(value);
    number = isnan(number) ? (double)NAN : number;
    memcpy(&bits, &number, sizeof bits);
    return la_hash_mix(seed + 1, bits);
  default:
    return la_hash_mix(seed + value->kind, (uint64_t)value->as.integer);
  }
}

bool la_value_copy(la_arena *arena, const la_value *value, la_value *out) {
  la_value copy = *value;
  if (la_value_has_bytes(value)) {
    copy.as.bytes = la_arena_copy(arena, value->as.bytes, value->len);
    if (copy.as.bytes == NULL) {
      return false;
    }
  }
  *out = copy;
  return true;
}

size_t la_real_write(double real, char out[LA_REAL_TEXT]) {
  char text[LA_REAL_TEXT];
  size_t len = 0;
  bool whole = true;
  if (!isfinite(real)) {
    return (size_t)snprintf(out, LA_REAL_TEXT, "%s",
                            isnan(real) ? "nan"
                            : real > 0  ? "inf"
                                        : "-inf");
  }
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(text, sizeof text, "%.*g", precision, real);
    if (strtod(text, NULL) == real) {
      break;
    }
  }
  for (const char *at = text; *at != '\0'; at++) {
    if ((*at >= '0' && *at <= '9') || *at == '-' || *at == '+' || *at == 'e') {
      out[len++] = *at;
      whole = whole && *at != 'e';
    } else if (whole) {
      out[len++] = '.'; /* whatever the locale writes there, of whatever length */
      whole = false;
    }
  }
  if (whole) {
    out[len++] = '.';
    out[len++] = '0';
  }
  out[len] = '\0';
  return len;
}

static void describe_text(la_text text, la_strbuf *out) {
  la_strbuf_char(out, '"');
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.bytes[i];
    if (c == '"' || c == '\\') {
      la_strbuf_char(out, '\\');
      la_strbuf_char(out, (char)c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      la_strbuf_string(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (c < 32 || c == 127) {
      la_strbuf_format(out, "\\x%02X", c);
    } else {
      la_strbuf_char(out, (char)c);
    }
  }
  la_strbuf_char(out, '"');
}

void la_value_describe(const la_value *value, la_strbuf *out) {
  char text[LA_REAL_TEXT];
  switch (value->kind) {
  case LA_VALUE_NULL:
    la_strbuf_string(out, "nil");
    break;
  case LA_VALUE_BOOLEAN:
    la_strbuf_string(out, value->as.integer ? "true" : "false");
    break;
  case LA_VALUE_INTEGER:
    la_strbuf_format(out, "%lld", (long long)value->as.integer);
    break;
  case LA_VALUE_REAL:
    la_strbuf_bytes(out, text, la_real_write(value->as.real, text));
    break;
  case LA_VALUE_TEXT:
    describe_text(la_value_bytes(value), out);
    break;
  case LA_VALUE_BLOB:
    la_strbuf_format(out, "blob(%lu bytes)", (unsigned long)value->len);
    break;
  case LA_VALUE_DATE:
    la_date_format(value->as.integer, out);
    break;
  case LA_VALUE_TIME:
    la_time_format(value->as.integer, false, out);
    break;
  case LA_VALUE_DATETIME:
    la_datetime_format(value->as.integer, false, out);
    break;
  case LA_VALUE_INTERVAL:
    la_strbuf_bytes(out, text, la_real_write((double)value->as.integer / LA_MICROSECONDS, text));
    la_strbuf_string(out, " seconds");
    break;
  case LA_VALUE_DECIMAL:
    la_strbuf_text(out, la_value_bytes(value));
    break;
  default:
    la_strbuf_string(out, la_value_kind_name((la_value_kind)value->kind));
  }
}
