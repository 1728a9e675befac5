/* SPDX-License-Identifier: MIT */
/*
 * The parsers of values: URLs, dates, decimals, types, JSON, uuids. What one has read and written
 * must read back as the same.
 */
#include "values.h"

#include "engine/url.h"
#include "schema/calendar.h"
#include "schema/decimal.h"
#include "schema/type.h"

#include <stdlib.h>

static void check(bool holds) {
  if (!holds) {
    abort();
  }
}

static la_text rest_of(const fuzz_input *input) {
  return (la_text){(const char *)input->at, (size_t)(input->end - input->at)};
}

void fuzz_url(la_allocator *alloc, const fuzz_input *input) {
  la_error err = LA_ERROR_INIT;
  la_url url, again;
  la_strbuf text, hidden, second;
  la_strbuf_init(&text, alloc);
  la_strbuf_init(&hidden, alloc);
  la_strbuf_init(&second, alloc);
  if (la_url_parse(&url, alloc, rest_of(input), &err) >= 0) {
    la_url_format(&url, false, &text);
    la_url_format(&url, true, &hidden);
    if (la_url_parse(&again, alloc, la_strbuf_view(&text), &err) >= 0) {
      la_url_format(&again, false, &second);
      check(la_text_equal(la_strbuf_view(&text), la_strbuf_view(&second)));
    } else {
      abort();
    }
    la_url_clear(&again);
  }
  la_url_clear(&url);
  la_strbuf_clear(&text);
  la_strbuf_clear(&hidden);
  la_strbuf_clear(&second);
}

void fuzz_moment(la_allocator *alloc, const fuzz_input *input) {
  static bool (*const parsers[])(la_text, int64_t *) = {la_date_parse, la_time_parse,
                                                        la_datetime_parse};
  for (int kind = 0; kind < 3; kind++) {
    int64_t value, again;
    la_strbuf out;
    if (!parsers[kind](rest_of(input), &value)) {
      continue;
    }
    la_strbuf_init(&out, alloc);
    if (kind == 0) {
      la_date_format(value, &out);
    } else if (kind == 1) {
      la_time_format(value, false, &out);
    } else {
      la_datetime_format(value, true, &out);
    }
    check(parsers[kind](la_strbuf_view(&out), &again) && again == value);
    la_strbuf_clear(&out);
  }
}

enum { LEFT, RIGHT, SUM, BACK, QUOTIENT, PRODUCT, ROUNDED, TEXT_COUNT };

/* (a + b) - b is a; (a // b) * b is at most b away from a. */
void fuzz_decimal(la_allocator *alloc, fuzz_input *input) {
  la_error err = LA_ERROR_INIT;
  la_strbuf texts[TEXT_COUNT];
  la_text left = fuzz_text(input);
  for (int i = 0; i < TEXT_COUNT; i++) {
    la_strbuf_init(&texts[i], alloc);
  }
  if (la_decimal_canonical(left, &texts[LEFT]) &&
      la_decimal_canonical(rest_of(input), &texts[RIGHT])) {
    la_text a = la_strbuf_view(&texts[LEFT]), b = la_strbuf_view(&texts[RIGHT]);
    la_decimal_add(a, b, &texts[SUM]);
    la_decimal_subtract(la_strbuf_view(&texts[SUM]), b, &texts[BACK]);
    check(la_decimal_compare(a, la_strbuf_view(&texts[BACK])) == 0);
    for (int rounding = 0; rounding < LA_ROUNDING_COUNT; rounding++) {
      texts[ROUNDED].len = 0;
      la_decimal_quantize(a, (int)b.len % 9, (la_rounding)rounding, &texts[ROUNDED]);
      check(la_decimal_scale(la_strbuf_view(&texts[ROUNDED])) == (int)b.len % 9);
    }
    if (a.len < 400 && b.len < 400 && la_decimal_divide_whole(a, b, &texts[QUOTIENT], &err) >= 0) {
      la_decimal_multiply(la_strbuf_view(&texts[QUOTIENT]), b, &texts[PRODUCT]);
      check(la_decimal_compare(b, LA_TEXT_LITERAL("0")) > 0
                ? la_decimal_compare(la_strbuf_view(&texts[PRODUCT]), a) <= 0
                : la_decimal_compare(la_strbuf_view(&texts[PRODUCT]), a) >= 0);
      texts[PRODUCT].len = 0;
      la_decimal_divide(a, b, 28, &texts[PRODUCT], &err);
    }
  }
  for (int i = 0; i < TEXT_COUNT; i++) {
    la_strbuf_clear(&texts[i]);
  }
}

/* A value of the program and one of the database through every type there is. */
void fuzz_type(la_allocator *alloc, fuzz_input *input) {
  la_error err = LA_ERROR_INIT;
  la_type_kind kind = (la_type_kind)(fuzz_byte(input) % LA_TYPE_KIND_COUNT);
  la_type_options options = {.flags = fuzz_byte(input), .length = -1, .precision = 12, .scale = -1};
  options.flags &= ~(uint32_t)(LA_TYPE_HOST_BIND | LA_TYPE_HOST_RESULT);
  options.scale = (int32_t)(fuzz_byte(input) % 6) - 1;
  la_text known = LA_TEXT_LITERAL("one");
  options.values = &known;
  options.value_count = 1;
  if (kind == LA_TYPE_DECORATOR || kind == LA_TYPE_ARRAY) {
    return;
  }
  la_type *type = la_type_new(alloc, kind, &options);
  la_value value = la_value_text(rest_of(input)), out = LA_VALUE_NONE;
  uint8_t choice = fuzz_byte(input);
  la_arena scratch;
  la_arena_init(&scratch, alloc);
  if (choice % 4 == 0 && input->end - input->at >= 8) {
    memcpy(&value.as.integer, input->at, 8);
    value.kind = choice & 4 ? LA_VALUE_REAL : LA_VALUE_INTEGER;
    value.len = 0;
  } else if (choice % 4 == 1) {
    value.kind = LA_VALUE_BLOB;
  }
  la_type_result(type, &value, &out, &scratch, &err);
  if (la_type_bind(type, &value, &out, &scratch, &err) >= 0) {
    la_value stored = out;
    la_type_result(type, &stored, &out, &scratch, &err);
  }
  la_arena_clear(&scratch);
  la_object_release(type);
}
