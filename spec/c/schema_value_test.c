/* SPDX-License-Identifier: MIT */
/* Values, dates, decimals. */
#include "oom.h"
#include "test.h"

#include "schema/calendar.h"
#include "schema/decimal.h"
#include "schema/value.h"

#include <math.h>
#include <stdlib.h>

static la_allocator system_alloc;

/* ---- calendar ---- */

TEST(every_day_of_four_centuries_goes_there_and_back) {
  int64_t days, expected = 0;
  la_moment m;
  CHECK(la_date_parse(la_text_of("1970-01-01"), &days) && days == 0);
  CHECK(la_date_parse(la_text_of("2000-02-29"), &days) && days == 11016);
  CHECK(la_date_parse(la_text_of("0001-01-01"), &expected) && expected == -719162);
  for (int year = 1; year <= 9999; year += year < 1600 || year > 2100 ? 97 : 1) {
    la_date_parse(la_text_of("0001-01-01"), &expected);
    la_moment first = {.year = year, .month = 1, .day = 1};
    la_moment_to_date(&first, &expected);
    for (int month = 1; month <= 12; month++) {
      for (int day = 1; day <= 31; day++) {
        la_moment wanted = {.year = year, .month = month, .day = day};
        if (la_moment_to_date(&wanted, &days)) {
          la_moment_from_date(days, &m);
          CHECK(days == expected++ && m.year == year && m.month == month && m.day == day);
        }
      }
    }
    CHECK(expected == (year == 9999 ? 2932897 : expected));
    if (!test_ok) {
      return;
    }
  }
}

TEST(wrong_dates_are_refused) {
  static const char *const wrong[] = {"2023-02-29", "2024-13-01",  "2024-00-01", "2024-1-1",
                                      "0000-01-01", "2024-01-32",  "20240101",   "2024-01-01x",
                                      "",           "2024-01-01 ", "abc"};
  int64_t out;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    CHECK(!la_date_parse(la_text_of(wrong[i]), &out));
    CHECK(!la_datetime_parse(la_text_of(wrong[i]), &out));
  }
  CHECK(!la_time_parse(la_text_of("24:00:00"), &out));
  CHECK(!la_time_parse(la_text_of("10:60"), &out));
  CHECK(!la_time_parse(la_text_of("10:20:30."), &out));
  CHECK(!la_datetime_parse(la_text_of("2024-01-01T"), &out));
  CHECK(!la_datetime_parse(la_text_of("2024-01-01 10:20:30+02:00"), &out));
}

static void check_datetime(const char *text, bool fraction, const char *expected) {
  char out[LA_MOMENT_TEXT];
  int64_t number;
  CHECK(la_datetime_parse(la_text_of(text), &number));
  CHECK_TEXT(((la_text){out, la_datetime_write(number, fraction, out)}), expected);
}

TEST(datetimes_are_read_and_written) {
  check_datetime("2024-01-31", false, "2024-01-31 00:00:00");
  check_datetime("2024-01-31T10:20", true, "2024-01-31 10:20:00.000000");
  check_datetime("1969-12-31 23:59:59.5", false, "1969-12-31 23:59:59.500000");
  check_datetime("0001-01-01 00:00:00", false, "0001-01-01 00:00:00");
  check_datetime("9999-12-31 23:59:59.999999", false, "9999-12-31 23:59:59.999999");
  check_datetime("2024-01-31 10:20:30.123456789", false, "2024-01-31 10:20:30.123456");
}

TEST(epoch_seconds_are_local_time) {
  la_moment m;
  int64_t out;
  CHECK(la_moment_from_epoch(86400 * 365, &m) && m.year >= 1970 && m.year <= 1971);
  CHECK(la_moment_to_datetime(&m, &out));
  CHECK(!la_moment_from_epoch(INT64_MAX, &m));
}

/* ---- decimals ---- */

static void check_canonical(const char *text, const char *expected) {
  la_strbuf out;
  la_strbuf_init(&out, &system_alloc);
  CHECK(la_decimal_canonical(la_text_of(text), &out) == (expected != NULL));
  CHECK_TEXT(la_strbuf_view(&out), expected ? expected : "");
  la_strbuf_clear(&out);
}

TEST(decimals_have_one_plain_form) {
  check_canonical("12.50", "12.50");
  check_canonical("+0012.50", "12.50");
  check_canonical("-.5", "-0.5");
  check_canonical("5.", "5");
  check_canonical("-0.00", "0.00");
  check_canonical("000", "0");
  check_canonical("1.5e3", "1500");
  check_canonical("1.5e-3", "0.0015");
  check_canonical("12345E-2", "123.45");
  check_canonical("0e5", "0");
  check_canonical("", NULL);
  check_canonical(".", NULL);
  check_canonical("1e", NULL);
  check_canonical("1.2.3", NULL);
  check_canonical("abc", NULL);
  check_canonical("1e99999", NULL);
  check_canonical("nan", NULL);
}

static void check_quantize(const char *text, int scale, const char *expected) {
  la_strbuf out;
  la_strbuf_init(&out, &system_alloc);
  la_decimal_quantize(la_text_of(text), scale, LA_ROUND_HALF_EVEN, &out);
  CHECK_TEXT(la_strbuf_view(&out), expected);
  la_strbuf_clear(&out);
}

TEST(quantizing_rounds_half_to_even) {
  check_quantize("2.5", 0, "2");
  check_quantize("3.5", 0, "4");
  check_quantize("2.51", 0, "3");
  check_quantize("-2.675", 2, "-2.68");
  check_quantize("2.665", 2, "2.66");
  check_quantize("9.995", 2, "10.00");
  check_quantize("99.99", 1, "100.0");
  check_quantize("0.4", 0, "0");
  check_quantize("-0.4", 0, "0");
  check_quantize("0.6", 0, "1");
  check_quantize("7", 3, "7.000");
  check_quantize("0", 2, "0.00");
}

/* Integers of 62 bits as decimals with `scale` digits of fraction. */
static void write_scaled(__int128 number, int scale, char *out) {
  char digits[48];
  bool negative = number < 0;
  int len = 0, at = 0;
  if (negative) {
    number = -number;
  }
  do {
    digits[len++] = (char)('0' + (int)(number % 10));
    number /= 10;
  } while (number != 0 || len <= scale);
  if (negative) {
    out[at++] = '-';
  }
  while (len > 0) {
    out[at++] = digits[--len];
    if (len == scale && scale > 0) {
      out[at++] = '.';
    }
  }
  out[at] = '\0';
}

static int64_t random_number(void) {
  int64_t number = (int64_t)(test_random() >> (2 + test_random() % 60));
  return test_random() % 2 ? number : -number;
}

TEST(arithmetic_agrees_with_128_bits) {
  char a[64], b[64], expected[64];
  la_strbuf out;
  la_strbuf_init(&out, &system_alloc);
  for (int i = 0; i < 3000 && test_ok; i++) {
    int64_t x = random_number(), y = random_number();
    int scale = (int)(test_random() % 8);
    write_scaled(x, scale, a);
    write_scaled(y, scale, b);
    la_strbuf_reset(&out);
    la_decimal_add(la_text_of(a), la_text_of(b), &out);
    write_scaled((__int128)x + y, scale, expected);
    CHECK_TEXT(la_strbuf_view(&out), expected);
    la_strbuf_reset(&out);
    la_decimal_subtract(la_text_of(a), la_text_of(b), &out);
    write_scaled((__int128)x - y, scale, expected);
    CHECK_TEXT(la_strbuf_view(&out), expected);
    la_strbuf_reset(&out);
    la_decimal_multiply(la_text_of(a), la_text_of(b), &out);
    write_scaled((__int128)x * y, 2 * scale, expected);
    CHECK_TEXT(la_strbuf_view(&out), expected);
    int order = la_decimal_compare(la_text_of(a), la_text_of(b));
    CHECK((order > 0) == (x > y) && (order < 0) == (x < y));
    CHECK(la_decimal_to_real(la_text_of(a)) == strtod(a, NULL));
  }
  la_strbuf_clear(&out);
}

static void check_divide(const char *a, const char *b, int digits, const char *expected) {
  la_strbuf out;
  la_error err = LA_ERROR_INIT;
  la_strbuf_init(&out, &system_alloc);
  CHECK(la_decimal_divide(la_text_of(a), la_text_of(b), digits, &out, &err) == LA_OK);
  CHECK_TEXT(la_strbuf_view(&out), expected);
  la_strbuf_clear(&out);
}

TEST(division_gives_significant_digits) {
  check_divide("1", "3", 5, "0.33333");
  check_divide("2", "3", 5, "0.66667");
  check_divide("10.00", "4", 28, "2.5");
  check_divide("1", "8", 2, "0.12");
  check_divide("3", "8", 2, "0.38");
  check_divide("-7", "0.07", 28, "-100");
  check_divide("0", "5", 28, "0");
  check_divide("123456", "1", 3, "123000");
  check_divide("0.001", "3", 3, "0.000333");
  check_divide("1", "1000000", 28, "0.000001");
  check_divide("99999", "1", 2, "100000");
  la_strbuf out;
  la_error err = LA_ERROR_INIT;
  la_strbuf_init(&out, &system_alloc);
  CHECK(la_decimal_divide(la_text_of("1"), la_text_of("0.00"), 5, &out, &err) == LA_ARGUMENT);
  la_strbuf_clear(&out);
}

TEST(division_times_the_divisor_is_the_dividend) {
  la_strbuf quotient, product, rounded;
  char a[64], b[64];
  la_strbuf_init(&quotient, &system_alloc);
  la_strbuf_init(&product, &system_alloc);
  la_strbuf_init(&rounded, &system_alloc);
  for (int i = 0; i < 1000 && test_ok; i++) {
    int64_t x = random_number() % 1000000, y = random_number() % 1000000;
    write_scaled(x, (int)(test_random() % 4), a);
    write_scaled(y ? y : 1, (int)(test_random() % 4), b);
    la_strbuf_reset(&quotient);
    la_strbuf_reset(&product);
    la_strbuf_reset(&rounded);
    CHECK(la_decimal_divide(la_text_of(a), la_text_of(b), 40, &quotient, NULL) == LA_OK);
    la_decimal_multiply(la_strbuf_view(&quotient), la_text_of(b), &product);
    la_decimal_quantize(la_strbuf_view(&product), 10, LA_ROUND_HALF_EVEN, &rounded);
    CHECK(la_decimal_compare(la_strbuf_view(&rounded), la_text_of(a)) == 0);
  }
  la_strbuf_clear(&quotient);
  la_strbuf_clear(&product);
  la_strbuf_clear(&rounded);
}

TEST(doubles_become_the_shortest_decimal_that_reads_back) {
  la_strbuf out;
  la_strbuf_init(&out, &system_alloc);
  la_decimal_from_real(0.1, &out);
  CHECK_TEXT(la_strbuf_view(&out), "0.1");
  la_strbuf_reset(&out);
  la_decimal_from_real(-1e21, &out);
  CHECK_TEXT(la_strbuf_view(&out), "-1000000000000000000000");
  la_strbuf_reset(&out);
  la_decimal_from_real(0, &out);
  CHECK_TEXT(la_strbuf_view(&out), "0");
  CHECK(!la_decimal_from_real(INFINITY, &out) && !la_decimal_from_real(NAN, &out));
  for (int i = 0; i < 2000; i++) {
    uint64_t bits = test_random();
    double real, back;
    memcpy(&real, &bits, sizeof real);
    if (isfinite(real)) {
      la_strbuf_reset(&out);
      CHECK(la_decimal_from_real(real, &out));
      back = la_decimal_to_real(la_strbuf_view(&out));
      CHECK(memcmp(&back, &real, sizeof back) == 0);
    }
  }
  la_strbuf_clear(&out);
  CHECK(la_decimal_digits(la_text_of("00100.0")) == 1);
  CHECK(la_decimal_digits(la_text_of("-0.0120")) == 2);
  CHECK(la_decimal_digits(la_text_of("0.00")) == 1);
}

static bool divide_once(la_allocator *alloc, void *argument) {
  la_strbuf out;
  la_error err = LA_ERROR_INIT;
  bool ok;
  (void)argument;
  la_strbuf_init(&out, alloc);
  ok = la_decimal_divide(la_text_of("1"), la_text_of("7"), 200, &out, &err) == LA_OK;
  la_strbuf_clear(&out);
  return ok;
}

TEST(decimals_survive_a_lack_of_memory) {
  oom_every(divide_once, NULL);
}

/* ---- values ---- */

static la_value decimal(const char *text) {
  la_value value = la_value_text(la_text_of(text));
  value.kind = LA_VALUE_DECIMAL;
  return value;
}

TEST(numbers_compare_exactly) {
  const la_value big = la_value_integer(INT64_C(9007199254740993)), real = la_value_real(0x1p53);
  const la_value three = la_value_integer(3), point = la_value_real(3.0), exact = decimal("3.00");
  const la_value yes = la_value_of_kind(LA_VALUE_BOOLEAN, 1), one = la_value_integer(1);
  CHECK(la_value_compare(&big, &real) > 0 && la_value_compare(&real, &big) < 0);
  CHECK(la_value_equal(&three, &point) && la_value_equal(&three, &exact));
  CHECK(la_value_equal(&exact, &point) && la_value_equal(&yes, &one));
  CHECK(la_value_hash(&three, 7) == la_value_hash(&point, 7));
  CHECK(la_value_hash(&three, 7) == la_value_hash(&exact, 7));
  CHECK(la_value_hash(&yes, 7) == la_value_hash(&one, 7));
  la_value nan = la_value_real(NAN), zero = la_value_real(0.0), minus = la_value_real(-0.0);
  CHECK(la_value_compare(&nan, &nan) == 0 && la_value_compare(&nan, &three) < 0);
  CHECK(la_value_equal(&zero, &minus) && la_value_hash(&zero, 1) == la_value_hash(&minus, 1));
  la_value exact_big = decimal("9007199254740993.0"), lowest = decimal("-9223372036854775808");
  la_value least = la_value_integer(INT64_MIN), least_real = la_value_real(-0x1p63);
  CHECK(la_value_hash(&big, 7) == la_value_hash(&exact_big, 7));
  CHECK(la_value_hash(&big, 7) != la_value_hash(&real, 7)); /* neighbours do not meet */
  CHECK(la_value_equal(&least, &lowest) && la_value_hash(&least, 7) == la_value_hash(&lowest, 7));
  CHECK(la_value_hash(&least, 7) == la_value_hash(&least_real, 7));
  la_value huge = la_value_real(1e300), small = la_value_integer(INT64_MIN);
  CHECK(la_value_compare(&huge, &small) > 0 && la_value_compare(&small, &huge) < 0);
}

TEST(bytes_compare_with_their_zero_bytes) {
  la_value a = la_value_text((la_text){"a\0b", 3}), b = la_value_text((la_text){"a\0c", 3});
  la_value nothing = LA_VALUE_NONE, other = LA_VALUE_NONE, blob = a;
  blob.kind = LA_VALUE_BLOB;
  CHECK(la_value_compare(&a, &b) < 0 && !la_value_equal(&a, &b));
  CHECK(!la_value_equal(&a, &blob));
  CHECK(la_value_equal(&nothing, &other) && !la_value_equal(&nothing, &a));
}

static void check_describe(la_value value, const char *expected) {
  la_strbuf out;
  la_strbuf_init(&out, &system_alloc);
  la_value_describe(&value, &out);
  CHECK_TEXT(la_strbuf_view(&out), expected);
  la_strbuf_clear(&out);
}

TEST(values_are_described) {
  la_value blob = la_value_text(la_text_of("abc"));
  blob.kind = LA_VALUE_BLOB;
  check_describe(LA_VALUE_NONE, "nil");
  check_describe(la_value_of_kind(LA_VALUE_BOOLEAN, 1), "true");
  check_describe(la_value_integer(INT64_MIN), "-9223372036854775808");
  check_describe(la_value_real(2), "2.0");
  check_describe(la_value_real(0.1), "0.1");
  check_describe(la_value_real(1e300), "1e+300");
  check_describe(la_value_real(-INFINITY), "-inf");
  check_describe(la_value_text((la_text){"a\"\n\0", 4}), "\"a\\\"\\n\\x00\"");
  check_describe(blob, "blob(3 bytes)");
  check_describe(la_value_of_kind(LA_VALUE_DATE, 0), "1970-01-01");
  check_describe(la_value_of_kind(LA_VALUE_TIME, 1500000), "00:00:01.500000");
  check_describe(la_value_of_kind(LA_VALUE_DATETIME, 1000000), "1970-01-01 00:00:01");
  check_describe(la_value_of_kind(LA_VALUE_INTERVAL, 90000000), "90.0 seconds");
  check_describe(decimal("12.50"), "12.50");
}

int main(void) {
  la_allocator_init(&system_alloc, la_alloc_system, NULL);
  RUN(every_day_of_four_centuries_goes_there_and_back);
  RUN(wrong_dates_are_refused);
  RUN(datetimes_are_read_and_written);
  RUN(epoch_seconds_are_local_time);
  RUN(decimals_have_one_plain_form);
  RUN(quantizing_rounds_half_to_even);
  RUN(arithmetic_agrees_with_128_bits);
  RUN(division_gives_significant_digits);
  RUN(division_times_the_divisor_is_the_dividend);
  RUN(doubles_become_the_shortest_decimal_that_reads_back);
  RUN(decimals_survive_a_lack_of_memory);
  RUN(numbers_compare_exactly);
  RUN(bytes_compare_with_their_zero_bytes);
  RUN(values_are_described);
  CHECK(system_alloc.blocks == 0);
  return test_result();
}
