/* SPDX-License-Identifier: MIT */
/*
 * The harness of the C tests: checks print file and line, the last line is the result.
 *
 *   TEST(keeps_the_order) { CHECK(1 + 1 == 2); CHECK_TEXT(view, "abc"); }
 *   int main(void) { RUN(keeps_the_order); return test_result(); }
 */
#ifndef SPEC_TEST_H
#define SPEC_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static int test_passed, test_failed;
static bool test_ok;

#define TEST(name) static void name(void)

#define RUN(name)                                                                                  \
  do {                                                                                             \
    test_ok = true;                                                                                \
    name();                                                                                        \
    test_passed += test_ok;                                                                        \
    test_failed += !test_ok;                                                                       \
    if (!test_ok) {                                                                                \
      printf("FAILED %s\n", #name);                                                                \
    }                                                                                              \
  } while (0)

#define CHECK(condition)           test_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_TEXT(text, expected) test_text((text), (expected), __FILE__, __LINE__)

static inline bool test_check(bool passed, const char *what, const char *file, int line) {
  if (!passed) {
    printf("%s:%d: not so: %s\n", file, line, what);
    test_ok = false;
  }
  return passed;
}

static inline bool test_text(la_text text, const char *expected, const char *file, int line) {
  if (!la_text_is(text, expected)) {
    printf("%s:%d: got      \"%.*s\"\n", file, line, LA_TEXT_FORMAT(text));
    printf("%s:%d: expected \"%s\"\n", file, line, expected);
    test_ok = false;
  }
  return test_ok;
}

/* A random number, the same ones in each run. */
static inline uint64_t test_random(void) {
  static uint64_t state = UINT64_C(0x853C49E6748FEA9B);
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static inline int test_result(void) {
  printf("%d passed, %d failed\n", test_passed, test_failed);
  return test_failed != 0;
}

#endif
