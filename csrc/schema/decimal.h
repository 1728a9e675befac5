/* SPDX-License-Identifier: MIT */
/*
 * Exact decimal numbers as plain text: an optional sign, digits, an optional point with digits.
 */
#ifndef LA_SCHEMA_DECIMAL_H
#define LA_SCHEMA_DECIMAL_H

#include "base/status.h"
#include "base/strbuf.h"
#include "base/text.h"

#pragma GCC visibility push(hidden)

/* Names as Python's decimal module has them, without ROUND_. */
#define LA_ROUNDINGS(X)                                                                            \
  X(HALF_EVEN, "half_even") /* to the nearest; a tie to the even digit */                          \
  X(HALF_UP, "half_up")     /* a tie away from zero */                                             \
  X(HALF_DOWN, "half_down") /* a tie towards zero */                                               \
  X(UP, "up")               /* away from zero */                                                   \
  X(DOWN, "down")           /* towards zero */                                                     \
  X(CEILING, "ceiling")     /* towards the greater */                                              \
  X(FLOOR, "floor")         /* towards the smaller */                                              \
  X(05UP, "05up")           /* away from zero if the last digit were 0 or 5, else towards it */

typedef enum la_rounding {
#define X(name, text) LA_ROUND_##name,
  LA_ROUNDINGS(X)
#undef X
      LA_ROUNDING_COUNT
} la_rounding;

/* Results are appended to `out`. */

/* `text` (an exponent allowed) in plain canonical form: no plus sign, no leading zeros but one
 * before the point, trailing zeros of the fraction kept. False if it is no number. */
bool la_decimal_canonical(la_text text, la_strbuf *out);
/* <0, 0, >0 by number; both canonical. */
int la_decimal_compare(la_text a, la_text b);
/* Rounded, or filled with zeros, to `scale` digits of fraction. */
void la_decimal_quantize(la_text decimal, int scale, la_rounding rounding, la_strbuf *out);
/* Digits of the fraction. */
int la_decimal_scale(la_text decimal);
/* Significant digits: from the first to the last that is not zero; 1 for zero. */
int la_decimal_digits(la_text decimal);
void la_decimal_add(la_text a, la_text b, la_strbuf *out);
void la_decimal_subtract(la_text a, la_text b, la_strbuf *out);
void la_decimal_multiply(la_text a, la_text b, la_strbuf *out);
/* To `digits` significant digits, rounded half to even. LA_ARGUMENT on division by zero. */
la_status la_decimal_divide(la_text a, la_text b, int digits, la_strbuf *out, la_error *err);
/* The whole number of times that `b` goes into `a`, rounded down as Lua's `//` does; LA_ARGUMENT on
 * division by zero. */
la_status la_decimal_divide_whole(la_text a, la_text b, la_strbuf *out, la_error *err);
/* The shortest decimal that reads back as `real`. False for infinities and NaN. */
bool la_decimal_from_real(double real, la_strbuf *out);
double la_decimal_to_real(la_text decimal);

#pragma GCC visibility pop

#endif
