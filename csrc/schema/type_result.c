/* SPDX-License-Identifier: MIT */
/*
 * Values on their way back from the database.
 *
 * A database that has a type of its own may give a value in its final kind; that passes. Integers,
 * texts and blobs pass whatever they are, as SQLite lets any column hold any value.
 */
#include "schema/type.h"

#include "schema/calendar.h"
#include "schema/decimal.h"
#include "schema/type_text.h"

#include <math.h>
#include <stdio.h>

#define SHOWN_TEXT 60
/* Digits of a fraction for a Numeric without a scale. */
#define DEFAULT_SCALE 10

static la_status refuse(const la_type *type, const la_value *stored, la_error *err) {
  char what[160];
  const char *kind = la_value_kind_name((la_value_kind)stored->kind);
  if (stored->kind == LA_VALUE_TEXT) {
    snprintf(what, sizeof what, "the stored \"%.*s%s\"",
             (int)(stored->len > SHOWN_TEXT ? SHOWN_TEXT : stored->len), stored->as.bytes,
             stored->len > SHOWN_TEXT ? "..." : "");
  } else {
    snprintf(what, sizeof what, "a stored %s", kind);
  }
  return la_type_refuse(type, what, err);
}

static la_status result_real(const la_value *stored, la_value *out) {
  *out = *stored;
  if (stored->kind == LA_VALUE_INTEGER) {
    *out = la_value_real((double)stored->as.integer);
  } else if (stored->kind == LA_VALUE_DECIMAL) {
    *out = la_value_real(la_decimal_to_real(la_value_bytes(stored)));
  }
  return LA_OK;
}

/* The decimal text of a stored number. A number that came as text or as a decimal keeps its own
 * scale. */
static bool write_decimal(const la_value *stored, int scale, la_strbuf *number, la_strbuf *out) {
  switch (stored->kind) {
  case LA_VALUE_INTEGER:
    la_strbuf_format(number, "%lld", (long long)stored->as.integer);
    break;
  case LA_VALUE_REAL:
    if (!la_decimal_from_real(stored->as.real, number)) {
      return false;
    }
    break;
  case LA_VALUE_TEXT:
    return la_decimal_canonical(la_value_bytes(stored), out);
  case LA_VALUE_DECIMAL:
    la_strbuf_text(out, la_value_bytes(stored));
    return true;
  default:
    return false;
  }
  la_decimal_quantize(la_strbuf_view(number), scale, LA_ROUND_HALF_EVEN, out);
  out->failed = out->failed || number->failed;
  return true;
}

static la_status result_decimal(const la_type *type, const la_value *stored, la_value *out,
                                la_arena *scratch, la_error *err) {
  la_strbuf number, decimal;
  la_status status = LA_OK;
  int scale =
      type->scale >= 0 && type->affinity == LA_AFFINITY_NUMERIC ? type->scale : DEFAULT_SCALE;
  la_strbuf_init(&number, scratch->alloc);
  la_strbuf_init(&decimal, scratch->alloc);
  if (!write_decimal(stored, scale, &number, &decimal)) {
    status = decimal.failed ? la_fail_nomem(err) : refuse(type, stored, err);
  } else if (decimal.failed) {
    status = la_fail_nomem(err);
  } else {
    const char *copy = la_arena_copy(scratch, decimal.bytes, decimal.len);
    *out = (la_value){.kind = LA_VALUE_DECIMAL, .len = (uint32_t)decimal.len, .as.bytes = copy};
    status = copy ? LA_OK : la_fail_nomem(err);
  }
  la_strbuf_clear(&number);
  la_strbuf_clear(&decimal);
  return status;
}

static la_status result_boolean(const la_type *type, const la_value *stored, la_value *out,
                                la_error *err) {
  switch (stored->kind) {
  case LA_VALUE_BOOLEAN:
  case LA_VALUE_INTEGER:
    *out = la_value_of_kind(LA_VALUE_BOOLEAN, stored->as.integer != 0);
    return LA_OK;
  case LA_VALUE_REAL:
    *out = la_value_of_kind(LA_VALUE_BOOLEAN, stored->as.real != 0);
    return LA_OK;
  default:
    return refuse(type, stored, err);
  }
}

static la_status result_moment(const la_type *type, const la_value *stored, la_value *out,
                               la_error *err) {
  int64_t number;
  bool read = false;
  la_value_kind kind = LA_VALUE_DATETIME;
  if (stored->kind == LA_VALUE_TEXT) {
    la_text text = la_value_bytes(stored);
    switch (type->affinity) {
    case LA_AFFINITY_DATE:
      kind = LA_VALUE_DATE;
      read = la_date_parse(text, &number);
      break;
    case LA_AFFINITY_TIME:
      kind = LA_VALUE_TIME;
      read = la_time_parse(text, &number);
      break;
    case LA_AFFINITY_INTERVAL:
      kind = LA_VALUE_INTERVAL;
      read = la_datetime_parse(text, &number);
      break;
    default:
      read = la_datetime_parse(text, &number);
    }
  } else if (stored->kind == LA_VALUE_DATE || stored->kind == LA_VALUE_TIME ||
             stored->kind == LA_VALUE_DATETIME || stored->kind == LA_VALUE_INTERVAL) {
    *out = *stored;
    return LA_OK;
  }
  if (!read) {
    return refuse(type, stored, err);
  }
  *out = la_value_of_kind(kind, number);
  return LA_OK;
}

static la_status result_enum(const la_type *type, const la_value *stored, la_value *out,
                             la_error *err) {
  if (stored->kind != LA_VALUE_TEXT) {
    return refuse(type, stored, err);
  }
  for (uint32_t i = 0; i < type->value_count; i++) {
    if (la_text_equal(type->values[i], la_value_bytes(stored))) {
      *out = *stored;
      return LA_OK;
    }
  }
  return la_type_refuse_enum(type, la_value_bytes(stored), err);
}

static la_status result_uuid(const la_type *type, const la_value *stored, la_value *out,
                             la_arena *scratch, la_error *err) {
  char digits[LA_UUID_DIGITS], *text;
  size_t len = 0;
  if (stored->kind != LA_VALUE_TEXT || !la_uuid_digits(la_value_bytes(stored), digits)) {
    return refuse(type, stored, err);
  }
  text = la_arena_alloc(scratch, LA_UUID_DIGITS + 5);
  if (text == NULL) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < LA_UUID_DIGITS; i++) {
    if (i == 8 || i == 12 || i == 16 || i == 20) {
      text[len++] = '-';
    }
    text[len++] = digits[i];
  }
  text[len] = '\0';
  *out = la_value_text((la_text){text, len});
  return LA_OK;
}

la_status la_type_result(const la_type *type, const la_value *stored, la_value *out,
                         la_arena *scratch, la_error *err) {
  const la_type *base = type ? la_type_base(type) : NULL;
  if (stored->kind == LA_VALUE_NULL || base == NULL) {
    *out = *stored;
    return LA_OK;
  }
  switch (base->affinity) {
  case LA_AFFINITY_REAL:
  case LA_AFFINITY_NUMERIC:
    return base->flags & LA_TYPE_AS_DECIMAL ? result_decimal(base, stored, out, scratch, err)
                                            : result_real(stored, out);
  case LA_AFFINITY_BOOLEAN:
    return result_boolean(base, stored, out, err);
  case LA_AFFINITY_DATE:
  case LA_AFFINITY_TIME:
  case LA_AFFINITY_DATETIME:
  case LA_AFFINITY_INTERVAL:
    return result_moment(base, stored, out, err);
  case LA_AFFINITY_ENUM:
    return result_enum(base, stored, out, err);
  case LA_AFFINITY_UUID:
    return result_uuid(base, stored, out, scratch, err);
  default:
    *out = *stored;
    return LA_OK;
  }
}
