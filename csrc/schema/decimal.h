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

/* Results are appended to `out`. */

/* `text` (an exponent allowed) in plain canonical form: no plus sign, no leading zeros but one
 * before the point, trailing zeros of the fraction kept. False if it is no number. */
bool la_decimal_canonical(la_text text, la_strbuf *out);
/* <0, 0, >0 by number; both canonical. */
int la_decimal_compare(la_text a, la_text b);
/* Rounded half to even, or filled with zeros, to `scale` digits of fraction. */
void la_decimal_quantize(la_text decimal, int scale, la_strbuf *out);
/* Significant digits: from the first to the last that is not zero; 1 for zero. */
int la_decimal_digits(la_text decimal);
void la_decimal_add(la_text a, la_text b, la_strbuf *out);
void la_decimal_subtract(la_text a, la_text b, la_strbuf *out);
void la_decimal_multiply(la_text a, la_text b, la_strbuf *out);
/* To `digits` significant digits, rounded half to even. LA_ARGUMENT on division by zero. */
la_status la_decimal_divide(la_text a, la_text b, int digits, la_strbuf *out, la_error *err);
/* The shortest decimal that reads back as `real`. False for infinities and NaN. */
bool la_decimal_from_real(double real, la_strbuf *out);
double la_decimal_to_real(la_text decimal);

#pragma GCC visibility pop

#endif
