/* SPDX-License-Identifier: MIT */
/*
 * Values on their way to the database.
 *
 * A database value is NULL, an integer, a double, text or a blob. Dates are ISO text with all six
 * digits of the fraction, an Interval is the moment that far from 1970-01-01, a Uuid is 32
 * hexadecimal digits, a Boolean is 0 or 1, a decimal is the double nearest to it, which must keep
 * all of its digits.
 */
#include "schema/type.h"

#include "schema/calendar.h"
#include "schema/decimal.h"
#include "schema/type_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A double keeps every decimal number of this many digits. */
#define DOUBLE_DIGITS 15
/* Integers of this size and less are exact as doubles. */
#define EXACT_DOUBLE (INT64_C(1) << 53)
#define LONGEST_TEXT INT32_MAX
#define SHOWN_TEXT   60

static const char *article(const char *noun) {
  return strchr("AEIOaeio", noun[0]) ? "an" : "a";
}

la_status la_type_refuse(const la_type *type, const char *what, la_error *err) {
  const char *name = la_type_kind_name(la_type_base(type)->kind);
  return la_fail(err, LA_STATEMENT, "%s is not %s %s", what, article(name), name);
}

/* Refuses `value` by its kind; numbers and texts are shown. */
static la_status refuse(const la_type *type, const la_value *value, bool show, la_error *err) {
  const char *kind = la_value_kind_name((la_value_kind)value->kind);
  char what[160], number[LA_REAL_TEXT];
  if (show && value->kind == LA_VALUE_REAL) {
    la_real_write(value->as.real, number);
    snprintf(what, sizeof what, "%s", number);
  } else if (show && value->kind == LA_VALUE_INTEGER) {
    snprintf(what, sizeof what, "%lld", (long long)value->as.integer);
  } else if (show && la_value_has_bytes(value) && value->kind != LA_VALUE_BLOB) {
    int len = value->len > SHOWN_TEXT ? SHOWN_TEXT : (int)value->len;
    snprintf(what, sizeof what, "\"%.*s%s\"", len, value->as.bytes,
             value->len > SHOWN_TEXT ? "..." : "");
  } else {
    snprintf(what, sizeof what, "%s %s", article(kind), kind);
  }
  return la_type_refuse(type, what, err);
}

static la_status keep_text(const char *bytes, size_t len, la_value *out, la_arena *scratch,
                           la_error *err) {
  char *copy = la_arena_copy(scratch, bytes, len);
  if (copy == NULL) {
    return la_fail_nomem(err);
  }
  *out = la_value_text((la_text){copy, len});
  return LA_OK;
}

/* ---- numbers ---- */

/* True if `decimal` is a whole number of 64 bits. */
static bool decimal_to_integer(la_text decimal, int64_t *out) {
  char text[32];
  const char *point = memchr(decimal.bytes, '.', decimal.len);
  size_t whole = point ? (size_t)(point - decimal.bytes) : decimal.len;
  la_value integer, original;
  for (size_t i = whole + 1; i < decimal.len; i++) {
    if (decimal.bytes[i] != '0') {
      return false;
    }
  }
  if (whole == 0 || whole >= sizeof text) {
    return false;
  }
  memcpy(text, decimal.bytes, whole);
  text[whole] = '\0';
  *out = strtoll(text, NULL, 10);
  /* strtoll clips what is too large; comparing tells. */
  integer = la_value_integer(*out);
  original =
      (la_value){.kind = LA_VALUE_DECIMAL, .len = (uint32_t)decimal.len, .as.bytes = decimal.bytes};
  return la_value_equal(&integer, &original);
}

static la_status bind_integer(const la_type *type, const la_value *value, la_value *out,
                              la_error *err) {
  int64_t integer;
  switch (value->kind) {
  case LA_VALUE_INTEGER:
    *out = la_value_integer(value->as.integer);
    return LA_OK;
  case LA_VALUE_REAL:
    if (value->as.real >= -0x1p63 && value->as.real < 0x1p63 &&
        floor(value->as.real) == value->as.real) {
      *out = la_value_integer((int64_t)value->as.real);
      return LA_OK;
    }
    return refuse(type, value, true, err);
  case LA_VALUE_DECIMAL:
    if (decimal_to_integer(la_value_bytes(value), &integer)) {
      *out = la_value_integer(integer);
      return LA_OK;
    }
    return refuse(type, value, true, err);
  default:
    return refuse(type, value, false, err);
  }
}

static la_status bind_real(const la_type *type, const la_value *value, la_value *out,
                           la_error *err) {
  switch (value->kind) {
  case LA_VALUE_INTEGER:
    *out = la_value_real((double)value->as.integer);
    return LA_OK;
  case LA_VALUE_REAL:
    *out = la_value_real(value->as.real);
    return LA_OK;
  case LA_VALUE_DECIMAL:
    *out = la_value_real(la_decimal_to_real(la_value_bytes(value)));
    return LA_OK;
  default:
    return refuse(type, value, false, err);
  }
}

/* A decimal as a number of the database, exactly or not at all. */
static la_status bind_decimal(la_text decimal, la_value *out, la_error *err) {
  int64_t integer;
  double real;
  if (la_decimal_digits(decimal) <= DOUBLE_DIGITS) {
    real = la_decimal_to_real(decimal);
    if (isfinite(real)) {
      *out = la_value_real(real);
      return LA_OK;
    }
  } else if (decimal_to_integer(decimal, &integer)) {
    *out = la_value_integer(integer);
    return LA_OK;
  }
  return la_fail(err, LA_STATEMENT,
                 "the decimal %.*s%s has more digits than a number of the database keeps (%d); "
                 "store it in a String column, or round it first",
                 (int)(decimal.len > SHOWN_TEXT ? SHOWN_TEXT : decimal.len), decimal.bytes,
                 decimal.len > SHOWN_TEXT ? "..." : "", DOUBLE_DIGITS);
}

static la_status bind_numeric(const la_type *type, const la_value *value, la_value *out,
                              la_arena *scratch, la_error *err) {
  la_strbuf canonical;
  la_status status;
  switch (value->kind) {
  case LA_VALUE_INTEGER:
    *out = value->as.integer <= EXACT_DOUBLE && value->as.integer >= -EXACT_DOUBLE
               ? la_value_real((double)value->as.integer)
               : la_value_integer(value->as.integer);
    return LA_OK;
  case LA_VALUE_REAL:
    if (!isfinite(value->as.real)) {
      return refuse(type, value, true, err);
    }
    *out = la_value_real(value->as.real);
    return LA_OK;
  case LA_VALUE_DECIMAL:
  case LA_VALUE_TEXT:
    la_strbuf_init(&canonical, scratch->alloc);
    if (la_decimal_canonical(la_value_bytes(value), &canonical)) {
      status = la_strbuf_status(&canonical, err);
      status = status == LA_OK ? bind_decimal(la_strbuf_view(&canonical), out, err) : status;
    } else {
      status = canonical.failed ? la_fail_nomem(err) : refuse(type, value, true, err);
    }
    la_strbuf_clear(&canonical);
    return status;
  default:
    return refuse(type, value, false, err);
  }
}

static la_status bind_boolean(const la_type *type, const la_value *value, la_value *out,
                              la_error *err) {
  bool is_integer = value->kind == LA_VALUE_BOOLEAN || value->kind == LA_VALUE_INTEGER;
  if (is_integer && (value->as.integer == 0 || value->as.integer == 1)) {
    *out = la_value_integer(value->as.integer);
    return LA_OK;
  }
  if (value->kind == LA_VALUE_REAL && (value->as.real == 0 || value->as.real == 1)) {
    *out = la_value_integer(value->as.real == 1);
    return LA_OK;
  }
  return refuse(type, value, true, err);
}

/* ---- texts ---- */

static la_status bind_text(const la_type *type, const la_value *value, la_value *out,
                           la_error *err) {
  if (value->kind != LA_VALUE_TEXT) {
    return refuse(type, value, false, err);
  }
  if (value->len > LONGEST_TEXT) {
    return la_type_refuse(type, "a string of more than 2147483647 bytes", err);
  }
  *out = *value;
  return LA_OK;
}

static la_status bind_blob(const la_type *type, const la_value *value, la_value *out,
                           la_error *err) {
  if (value->kind != LA_VALUE_TEXT && value->kind != LA_VALUE_BLOB) {
    return refuse(type, value, false, err);
  }
  if (value->len > LONGEST_TEXT) {
    return la_type_refuse(type, "a string of more than 2147483647 bytes", err);
  }
  *out = *value;
  out->kind = LA_VALUE_BLOB;
  return LA_OK;
}

static la_status bind_enum(const la_type *type, const la_value *value, la_value *out,
                           la_error *err) {
  if (value->kind != LA_VALUE_TEXT) {
    return refuse(type, value, false, err);
  }
  for (uint32_t i = 0; i < type->value_count; i++) {
    if (la_text_equal(type->values[i], la_value_bytes(value))) {
      *out = *value;
      return LA_OK;
    }
  }
  return la_type_refuse_enum(type, la_value_bytes(value), err);
}

static la_status bind_uuid(const la_type *type, const la_value *value, la_value *out,
                           la_arena *scratch, la_error *err) {
  char digits[32];
  if (value->kind != LA_VALUE_TEXT) {
    return refuse(type, value, false, err);
  }
  if (!la_uuid_digits(la_value_bytes(value), digits)) {
    return refuse(type, value, true, err);
  }
  return keep_text(digits, sizeof digits, out, scratch, err);
}

/* ---- dates ---- */

/* The moment that `value` names, whatever its kind; false if it names none. */
static bool moment_of(const la_value *value, la_affinity affinity, la_moment *out) {
  int64_t number;
  double real;
  switch (value->kind) {
  case LA_VALUE_DATE:
    la_moment_from_date(value->as.integer, out);
    return affinity != LA_AFFINITY_TIME;
  case LA_VALUE_TIME:
    la_moment_from_time(value->as.integer, out);
    return affinity == LA_AFFINITY_TIME;
  case LA_VALUE_DATETIME:
    la_moment_from_datetime(value->as.integer, out);
    return true;
  case LA_VALUE_INTEGER:
    return la_moment_from_epoch(value->as.integer, out);
  case LA_VALUE_REAL:
    real = floor(value->as.real);
    if (!(real > -0x1p53 && real < 0x1p53) || !la_moment_from_epoch((int64_t)real, out)) {
      return false;
    }
    out->microsecond = (int)((value->as.real - real) * (double)LA_MICROSECONDS);
    return true;
  case LA_VALUE_TEXT:
    if (affinity == LA_AFFINITY_TIME && la_time_parse(la_value_bytes(value), &number)) {
      la_moment_from_time(number, out);
      return true;
    }
    if (!la_datetime_parse(la_value_bytes(value), &number)) {
      return false;
    }
    la_moment_from_datetime(number, out);
    return true;
  default:
    return false;
  }
}

static la_status bind_moment(const la_type *type, la_affinity affinity, const la_value *value,
                             la_value *out, la_arena *scratch, la_error *err) {
  char text[LA_MOMENT_TEXT];
  la_moment moment;
  int64_t number;
  size_t len = 0;
  if (!moment_of(value, affinity, &moment)) {
    bool show = value->kind == LA_VALUE_TEXT || value->kind == LA_VALUE_INTEGER ||
                value->kind == LA_VALUE_REAL;
    return refuse(type, value, show, err);
  }
  if (affinity == LA_AFFINITY_DATE && la_moment_to_date(&moment, &number)) {
    len = la_date_write(number, text);
  } else if (affinity == LA_AFFINITY_TIME && la_moment_to_time(&moment, &number)) {
    len = la_time_write(number, true, text);
  } else if (affinity == LA_AFFINITY_DATETIME && la_moment_to_datetime(&moment, &number)) {
    len = la_datetime_write(number, true, text);
  }
  if (len == 0) {
    return refuse(type, value, false, err);
  }
  return keep_text(text, len, out, scratch, err);
}

static la_status bind_interval(const la_type *type, const la_value *value, la_value *out,
                               la_arena *scratch, la_error *err) {
  const double limit = 4e11; /* seconds; more than the calendar holds */
  char text[LA_MOMENT_TEXT];
  int64_t microseconds;
  la_moment moment;
  double seconds;
  switch (value->kind) {
  case LA_VALUE_INTERVAL:
    microseconds = value->as.integer;
    break;
  case LA_VALUE_INTEGER:
  case LA_VALUE_REAL:
    seconds = value->kind == LA_VALUE_REAL ? value->as.real : (double)value->as.integer;
    if (!(seconds > -limit && seconds < limit)) {
      return refuse(type, value, true, err);
    }
    microseconds = value->kind == LA_VALUE_REAL ? (int64_t)llround(seconds * 1e6)
                                                : value->as.integer * LA_MICROSECONDS;
    break;
  default:
    return refuse(type, value, false, err);
  }
  if (microseconds / LA_MICROSECONDS > (int64_t)limit ||
      microseconds / LA_MICROSECONDS < -(int64_t)limit) {
    return la_type_refuse(type, "an interval beyond the years 1 to 9999", err);
  }
  la_moment_from_datetime(microseconds, &moment);
  if (!la_moment_to_datetime(&moment, &microseconds)) {
    return la_type_refuse(type, "an interval beyond the years 1 to 9999", err);
  }
  return keep_text(text, la_datetime_write(microseconds, true, text), out, scratch, err);
}

/* ---- all ---- */

/* A value whose type is not known goes as its kind suggests. */
static la_status bind_untyped(const la_type *type, const la_value *value, la_value *out,
                              la_arena *scratch, la_error *err) {
  switch (value->kind) {
  case LA_VALUE_BOOLEAN:
    return bind_boolean(type, value, out, err);
  case LA_VALUE_DECIMAL:
    return bind_numeric(type, value, out, scratch, err);
  case LA_VALUE_DATE:
    return bind_moment(type, LA_AFFINITY_DATE, value, out, scratch, err);
  case LA_VALUE_TIME:
    return bind_moment(type, LA_AFFINITY_TIME, value, out, scratch, err);
  case LA_VALUE_DATETIME:
    return bind_moment(type, LA_AFFINITY_DATETIME, value, out, scratch, err);
  case LA_VALUE_INTERVAL:
    return bind_interval(type, value, out, scratch, err);
  case LA_VALUE_TEXT:
    return bind_text(type, value, out, err);
  case LA_VALUE_HOST:
    return la_fail(err, LA_STATEMENT, "a value that only its type can convert has no such type");
  default:
    *out = *value;
    return LA_OK;
  }
}

la_status la_type_bind(const la_type *type, const la_value *value, la_value *out, la_arena *scratch,
                       la_error *err) {
  static const la_type untyped = {.kind = LA_TYPE_NULL};
  const la_type *base = type ? la_type_base(type) : &untyped;
  if (value->kind == LA_VALUE_NULL) {
    *out = LA_VALUE_NONE;
    return LA_OK;
  }
  switch (base->affinity) {
  case LA_AFFINITY_INTEGER:
    return bind_integer(base, value, out, err);
  case LA_AFFINITY_REAL:
    return bind_real(base, value, out, err);
  case LA_AFFINITY_NUMERIC:
    return bind_numeric(base, value, out, scratch, err);
  case LA_AFFINITY_TEXT:
  case LA_AFFINITY_JSON:
    return bind_text(base, value, out, err);
  case LA_AFFINITY_BOOLEAN:
    return bind_boolean(base, value, out, err);
  case LA_AFFINITY_BLOB:
    return bind_blob(base, value, out, err);
  case LA_AFFINITY_DATE:
  case LA_AFFINITY_TIME:
  case LA_AFFINITY_DATETIME:
    return bind_moment(base, base->affinity, value, out, scratch, err);
  case LA_AFFINITY_INTERVAL:
    return bind_interval(base, value, out, scratch, err);
  case LA_AFFINITY_ENUM:
    return bind_enum(base, value, out, err);
  case LA_AFFINITY_UUID:
    return bind_uuid(base, value, out, scratch, err);
  case LA_AFFINITY_NULL:
    return bind_untyped(base, value, out, scratch, err);
  case LA_AFFINITY_TUPLE:
  case LA_AFFINITY_ARRAY:
    break;
  }
  return refuse(base, value, false, err);
}
