/* SPDX-License-Identifier: MIT */
/* What types make of values, in both directions. */
#include "oom.h"
#include "test.h"

#include "schema/type.h"

#include <math.h>

static la_allocator system_alloc;
static la_arena scratch;

static la_type_options plain(void) {
  return (la_type_options){.length = -1, .precision = -1, .scale = -1};
}

static la_type *type_of(la_type_kind kind) {
  la_type_options options = plain();
  options.flags = kind == LA_TYPE_NUMERIC ? LA_TYPE_AS_DECIMAL : 0;
  return la_type_new(&system_alloc, kind, &options);
}

static la_value decimal(const char *text) {
  la_value value = la_value_text(la_text_of(text));
  value.kind = LA_VALUE_DECIMAL;
  return value;
}

static la_value text(const char *bytes) {
  return la_value_text(la_text_of(bytes));
}

static la_value kind(la_value_kind value_kind, int64_t integer) {
  return la_value_of_kind(value_kind, integer);
}

/* What is sent, in words; for what is refused the message. */
static void check_bind(la_type_kind type_kind, la_value value, const char *expected) {
  la_type *type = type_of(type_kind);
  la_error err = LA_ERROR_INIT;
  la_value out;
  la_strbuf words;
  la_strbuf_init(&words, &system_alloc);
  if (la_type_bind(type, &value, &out, &scratch, &err) == LA_OK) {
    la_value_describe(&out, &words);
    CHECK_TEXT(la_strbuf_view(&words), expected);
  } else {
    CHECK(err.status == LA_STATEMENT);
    CHECK_TEXT(la_text_of(err.message), expected);
  }
  la_strbuf_clear(&words);
  la_object_release(type);
}

static void check_result(la_type_kind type_kind, la_value stored, const char *expected) {
  la_type *type = type_of(type_kind);
  la_error err = LA_ERROR_INIT;
  la_value out;
  la_strbuf words;
  la_strbuf_init(&words, &system_alloc);
  if (la_type_result(type, &stored, &out, &scratch, &err) == LA_OK) {
    la_value_describe(&out, &words);
    CHECK_TEXT(la_strbuf_view(&words), expected);
  } else {
    CHECK(err.status == LA_STATEMENT);
    CHECK_TEXT(la_text_of(err.message), expected);
  }
  la_strbuf_clear(&words);
  la_object_release(type);
}

TEST(integers_are_whole) {
  check_bind(LA_TYPE_INTEGER, la_value_integer(INT64_MIN), "-9223372036854775808");
  check_bind(LA_TYPE_INTEGER, la_value_real(3), "3");
  check_bind(LA_TYPE_INTEGER, decimal("12.00"), "12");
  check_bind(LA_TYPE_INTEGER, LA_VALUE_NONE, "nil");
  check_bind(LA_TYPE_INTEGER, la_value_real(2.5), "2.5 is not an Integer");
  check_bind(LA_TYPE_INTEGER, la_value_real(0x1p63), "9.223372036854776e+18 is not an Integer");
  check_bind(LA_TYPE_INTEGER, la_value_real(NAN), "nan is not an Integer");
  check_bind(LA_TYPE_INTEGER, decimal("12.5"), "\"12.5\" is not an Integer");
  check_bind(LA_TYPE_INTEGER, decimal("9223372036854775808"),
             "\"9223372036854775808\" is not an Integer");
  check_bind(LA_TYPE_INTEGER, text("5"), "a string is not an Integer");
  check_bind(LA_TYPE_BIG_INTEGER, kind(LA_VALUE_BOOLEAN, 1), "a boolean is not a BigInteger");
  check_result(LA_TYPE_INTEGER, la_value_integer(7), "7");
}

TEST(floats_take_integers) {
  check_bind(LA_TYPE_FLOAT, la_value_integer(3), "3.0");
  check_bind(LA_TYPE_FLOAT, la_value_real(0.5), "0.5");
  check_bind(LA_TYPE_FLOAT, decimal("0.5"), "0.5");
  check_bind(LA_TYPE_FLOAT, text("0.5"), "a string is not a Float");
  check_result(LA_TYPE_FLOAT, la_value_integer(3), "3.0");
}

TEST(numerics_are_exact) {
  check_bind(LA_TYPE_NUMERIC, la_value_integer(10), "10.0");
  check_bind(LA_TYPE_NUMERIC, la_value_integer(INT64_MAX), "9223372036854775807");
  check_bind(LA_TYPE_NUMERIC, decimal("12.50"), "12.5");
  check_bind(LA_TYPE_NUMERIC, text("-12.50"), "-12.5");
  check_bind(LA_TYPE_NUMERIC, text("1e3"), "1000.0");
  check_bind(LA_TYPE_NUMERIC, text("123456789012345.00"), "123456789012345.0");
  check_bind(LA_TYPE_NUMERIC, text("12345678901234567"), "12345678901234567");
  check_bind(LA_TYPE_NUMERIC, text("1234567890123456.7"),
             "the decimal 1234567890123456.7 has more digits than a number of the database keeps "
             "(15); store it in a String column, or round it first");
  check_bind(LA_TYPE_NUMERIC, text("twelve"), "\"twelve\" is not a Numeric");
  check_bind(LA_TYPE_NUMERIC, la_value_real(INFINITY), "inf is not a Numeric");
  check_result(LA_TYPE_NUMERIC, la_value_real(12.5), "12.5000000000");
  check_result(LA_TYPE_NUMERIC, la_value_integer(3), "3.0000000000");
  check_result(LA_TYPE_NUMERIC, text("12.50"), "12.50");
  check_result(LA_TYPE_NUMERIC, text("abc"), "the stored \"abc\" is not a Numeric");
  la_type_options options = plain();
  options.precision = 10;
  options.scale = 2;
  options.flags = LA_TYPE_AS_DECIMAL;
  la_type *money = la_type_new(&system_alloc, LA_TYPE_NUMERIC, &options);
  la_value stored = la_value_real(0.1 + 0.2), out;
  CHECK(la_type_result(money, &stored, &out, &scratch, NULL) == LA_OK);
  CHECK(out.kind == LA_VALUE_DECIMAL);
  CHECK_TEXT(la_value_bytes(&out), "0.30");
  la_object_release(money);
}

TEST(strings_are_strings) {
  check_bind(LA_TYPE_STRING, la_value_text((la_text){"a\0b", 3}), "\"a\\x00b\"");
  check_bind(LA_TYPE_STRING, la_value_integer(5), "an integer is not a String");
  check_bind(LA_TYPE_TEXT, kind(LA_VALUE_BOOLEAN, 0), "a boolean is not a Text");
  check_bind(LA_TYPE_LARGE_BINARY, text("abc"), "blob(3 bytes)");
  check_bind(LA_TYPE_LARGE_BINARY, la_value_real(1), "a float is not a LargeBinary");
  la_value huge = text("x");
  huge.len = UINT32_MAX;
  check_bind(LA_TYPE_STRING, huge, "a string of more than 2147483647 bytes is not a String");
}

TEST(booleans_are_zero_and_one) {
  check_bind(LA_TYPE_BOOLEAN, kind(LA_VALUE_BOOLEAN, 1), "1");
  check_bind(LA_TYPE_BOOLEAN, la_value_integer(0), "0");
  check_bind(LA_TYPE_BOOLEAN, la_value_integer(2), "2 is not a Boolean");
  check_bind(LA_TYPE_BOOLEAN, text("yes"), "\"yes\" is not a Boolean");
  check_result(LA_TYPE_BOOLEAN, la_value_integer(1), "true");
  check_result(LA_TYPE_BOOLEAN, la_value_integer(0), "false");
  check_result(LA_TYPE_BOOLEAN, text("t"), "the stored \"t\" is not a Boolean");
}

TEST(dates_are_iso_text) {
  check_bind(LA_TYPE_DATE, kind(LA_VALUE_DATE, 0), "\"1970-01-01\"");
  check_bind(LA_TYPE_DATE, kind(LA_VALUE_DATETIME, 5), "\"1970-01-01\"");
  check_bind(LA_TYPE_DATE, text("2024-01-31"), "\"2024-01-31\"");
  check_bind(LA_TYPE_DATE, text("31.1.2024"), "\"31.1.2024\" is not a Date");
  check_bind(LA_TYPE_DATE, kind(LA_VALUE_BOOLEAN, 1), "a boolean is not a Date");
  check_bind(LA_TYPE_TIME, kind(LA_VALUE_TIME, 61000001), "\"00:01:01.000001\"");
  check_bind(LA_TYPE_TIME, text("10:20"), "\"10:20:00.000000\"");
  check_bind(LA_TYPE_TIME, kind(LA_VALUE_DATE, 1), "a date is not a Time");
  check_bind(LA_TYPE_DATETIME, kind(LA_VALUE_DATETIME, -1), "\"1969-12-31 23:59:59.999999\"");
  check_bind(LA_TYPE_DATETIME, kind(LA_VALUE_DATE, 1), "\"1970-01-02 00:00:00.000000\"");
  check_bind(LA_TYPE_DATETIME, text("2024-01-31T10:20:30"), "\"2024-01-31 10:20:30.000000\"");
  check_bind(LA_TYPE_DATETIME, kind(LA_VALUE_TIME, 1), "a time is not a DateTime");
  check_bind(LA_TYPE_DATETIME, la_value_integer(INT64_MAX),
             "9223372036854775807 is not a DateTime");
  check_bind(LA_TYPE_INTERVAL, la_value_real(-1.5), "\"1969-12-31 23:59:58.500000\"");
  check_bind(LA_TYPE_INTERVAL, la_value_integer(86400), "\"1970-01-02 00:00:00.000000\"");
  check_bind(LA_TYPE_INTERVAL, kind(LA_VALUE_INTERVAL, INT64_MAX),
             "an interval beyond the years 1 to 9999 is not an Interval");
  check_result(LA_TYPE_DATE, text("2024-01-31"), "2024-01-31");
  check_result(LA_TYPE_DATE, text("2024-1-31"), "the stored \"2024-1-31\" is not a Date");
  check_result(LA_TYPE_DATE, la_value_integer(5), "a stored integer is not a Date");
  check_result(LA_TYPE_TIME, text("10:20:30.500000"), "10:20:30.500000");
  check_result(LA_TYPE_DATETIME, text("2024-01-31 10:20:30.000000"), "2024-01-31 10:20:30");
  check_result(LA_TYPE_INTERVAL, text("1969-12-31 23:59:58.500000"), "-1.5 seconds");
}

TEST(uuids_have_two_forms) {
  static const char canonical[] = "0123abcd-4567-89ef-0123-456789abcdef";
  check_bind(LA_TYPE_UUID, text(canonical), "\"0123abcd456789ef0123456789abcdef\"");
  check_bind(LA_TYPE_UUID, text("{0123ABCD-4567-89EF-0123-456789ABCDEF}"),
             "\"0123abcd456789ef0123456789abcdef\"");
  check_bind(LA_TYPE_UUID, text("0123"), "\"0123\" is not a Uuid");
  check_result(LA_TYPE_UUID, text("0123abcd456789ef0123456789abcdef"),
               "\"0123abcd-4567-89ef-0123-456789abcdef\"");
}

TEST(enums_are_checked) {
  const la_text values[] = {LA_TEXT_LITERAL("red"), LA_TEXT_LITERAL("green")};
  la_type_options options = plain();
  la_error err = LA_ERROR_INIT;
  la_value in = text("red"), out;
  la_strbuf words;
  options.values = values;
  options.value_count = 2;
  options.name = LA_TEXT_LITERAL("color");
  la_type *color = la_type_new(&system_alloc, LA_TYPE_ENUM, &options);
  CHECK(la_type_bind(color, &in, &out, &scratch, &err) == LA_OK);
  in = text("blue");
  CHECK(la_type_bind(color, &in, &out, &scratch, &err) == LA_STATEMENT);
  CHECK_TEXT(la_text_of(err.message),
             "\"blue\" is not among the values of the Enum color: \"red\", \"green\"");
  CHECK(la_type_result(color, &in, &out, &scratch, NULL) == LA_STATEMENT);
  la_strbuf_init(&words, &system_alloc);
  la_type_describe(color, &words);
  CHECK_TEXT(la_strbuf_view(&words), "VARCHAR(5)");
  la_strbuf_clear(&words);
  la_object_release(color);
}

TEST(values_without_a_type_go_by_their_kind) {
  check_bind(LA_TYPE_NULL, kind(LA_VALUE_BOOLEAN, 1), "1");
  check_bind(LA_TYPE_NULL, decimal("1.5"), "1.5");
  check_bind(LA_TYPE_NULL, kind(LA_VALUE_DATE, 0), "\"1970-01-01\"");
  check_bind(LA_TYPE_NULL, text("x"), "\"x\"");
}

static void check_describe(la_type_kind type_kind, int length, int precision, int scale,
                           const char *expected) {
  la_type_options options = {.length = length, .precision = precision, .scale = scale};
  la_type *type = la_type_new(&system_alloc, type_kind, &options);
  la_strbuf words;
  la_strbuf_init(&words, &system_alloc);
  la_type_describe(type, &words);
  CHECK_TEXT(la_strbuf_view(&words), expected);
  la_strbuf_clear(&words);
  la_object_release(type);
}

TEST(types_describe_themselves_in_sql) {
  check_describe(LA_TYPE_INTEGER, -1, -1, -1, "INTEGER");
  check_describe(LA_TYPE_STRING, 50, -1, -1, "VARCHAR(50)");
  check_describe(LA_TYPE_STRING, -1, -1, -1, "VARCHAR");
  check_describe(LA_TYPE_NUMERIC, -1, 10, 2, "NUMERIC(10, 2)");
  check_describe(LA_TYPE_NUMERIC, -1, 10, -1, "NUMERIC(10)");
  check_describe(LA_TYPE_FLOAT, -1, 5, -1, "FLOAT");
  check_describe(LA_TYPE_SQL_DOUBLE_PRECISION, -1, -1, -1, "DOUBLE PRECISION");
  check_describe(LA_TYPE_LARGE_BINARY, 5, -1, -1, "BLOB");
  check_describe(LA_TYPE_SQL_VARBINARY, 3, -1, -1, "VARBINARY(3)");
  check_describe(LA_TYPE_UUID, -1, -1, -1, "CHAR(32)");
  check_describe(LA_TYPE_DATETIME, -1, -1, -1, "DATETIME");
}

TEST(keys_tell_types_apart) {
  la_type_options options = plain();
  la_type *a, *b, *variant;
  la_type_variant variants[1];
  options.length = 50;
  a = la_type_new(&system_alloc, LA_TYPE_STRING, &options);
  b = la_type_new(&system_alloc, LA_TYPE_STRING, &options);
  CHECK(la_type_equal(a, b) && la_type_equal(a, a) && !la_type_equal(a, NULL));
  la_object_release(b);
  variants[0] = (la_type_variant){.dialect = LA_TEXT_LITERAL("mysql"), .type = a};
  options.variants = variants;
  options.variant_count = 1;
  variant = la_type_new(&system_alloc, LA_TYPE_STRING, &options);
  CHECK(!la_type_equal(a, variant));
  CHECK(la_type_for_dialect(variant, la_text_of("mysql")) == a);
  CHECK(la_type_for_dialect(variant, la_text_of("sqlite")) == variant);
  la_object_release(variant);
  la_object_release(a);
}

TEST(decorators_nest_deeply) {
  la_type *type = type_of(LA_TYPE_DATE);
  for (int i = 0; i < 200000; i++) {
    la_type_options options = plain();
    options.impl = type;
    la_type *outer = la_type_new(&system_alloc, LA_TYPE_DECORATOR, &options);
    la_object_release(type);
    type = outer;
  }
  CHECK(type->affinity == LA_AFFINITY_DATE && la_type_base(type)->kind == LA_TYPE_DATE);
  CHECK(!la_type_result_is_plain(type) && la_type_result_is_plain(NULL));
  la_object_release(type);
}

static bool make_types(la_allocator *alloc, void *argument) {
  const la_text values[] = {LA_TEXT_LITERAL("red"), LA_TEXT_LITERAL("green")};
  la_type_options options = plain();
  la_type_variant variants[1];
  la_type *inner, *outer = NULL;
  (void)argument;
  options.values = values;
  options.value_count = 2;
  options.name = LA_TEXT_LITERAL("color");
  inner = la_type_new(alloc, LA_TYPE_ENUM, &options);
  if (inner != NULL) {
    variants[0] = (la_type_variant){.dialect = LA_TEXT_LITERAL("mysql"), .type = inner};
    options.variants = variants;
    options.variant_count = 1;
    options.impl = inner;
    outer = la_type_new(alloc, LA_TYPE_DECORATOR, &options);
  }
  bool ok = outer != NULL;
  la_object_release(outer);
  la_object_release(inner);
  return ok;
}

TEST(types_survive_a_lack_of_memory) {
  oom_every(make_types, NULL);
}

int main(void) {
  la_allocator_init(&system_alloc, la_alloc_system, NULL);
  la_arena_init(&scratch, &system_alloc);
  RUN(integers_are_whole);
  RUN(floats_take_integers);
  RUN(numerics_are_exact);
  RUN(strings_are_strings);
  RUN(booleans_are_zero_and_one);
  RUN(dates_are_iso_text);
  RUN(uuids_have_two_forms);
  RUN(enums_are_checked);
  RUN(values_without_a_type_go_by_their_kind);
  RUN(types_describe_themselves_in_sql);
  RUN(keys_tell_types_apart);
  RUN(decorators_nest_deeply);
  RUN(types_survive_a_lack_of_memory);
  la_arena_clear(&scratch);
  CHECK(system_alloc.blocks == 0);
  return test_result();
}
