/* SPDX-License-Identifier: MIT */
/*
 * School arithmetic on the digits of the text, one decimal digit at a time: numbers in databases
 * are short, and nothing has to be converted.
 */
#include "schema/decimal.h"

#include "base/vec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Exponents beyond this are refused: the plain text would be too long to be meant. */
#define LARGEST_EXPONENT 10000
/* A double is told apart from its neighbours by fewer digits than this. */
#define DOUBLE_DIGITS 800

typedef LA_VEC(char) digit_vec;

/* A canonical decimal taken apart. */
typedef struct parts {
  bool negative;
  const char *whole, *fraction;
  ptrdiff_t whole_len, fraction_len;
} parts;

static parts parts_of(la_text decimal) {
  parts p = {0};
  const char *point;
  if (decimal.len > 0 && decimal.bytes[0] == '-') {
    p.negative = true;
    decimal.bytes++;
    decimal.len--;
  }
  point = decimal.len ? memchr(decimal.bytes, '.', decimal.len) : NULL;
  p.whole = decimal.bytes;
  p.whole_len = point ? point - decimal.bytes : (ptrdiff_t)decimal.len;
  p.fraction = point ? point + 1 : NULL;
  p.fraction_len = point ? (ptrdiff_t)decimal.len - p.whole_len - 1 : 0;
  return p;
}

/* The digit that counts 10 to the power `power`. */
static int digit_at(const parts *p, ptrdiff_t power) {
  if (power >= 0) {
    return power < p->whole_len ? p->whole[p->whole_len - 1 - power] - '0' : 0;
  }
  return -power <= p->fraction_len ? p->fraction[-power - 1] - '0' : 0;
}

static int compare_magnitudes(const parts *a, const parts *b) {
  ptrdiff_t top = a->whole_len > b->whole_len ? a->whole_len : b->whole_len;
  ptrdiff_t bottom = a->fraction_len > b->fraction_len ? a->fraction_len : b->fraction_len;
  for (ptrdiff_t power = top - 1; power >= -bottom; power--) {
    int difference = digit_at(a, power) - digit_at(b, power);
    if (difference != 0) {
      return difference;
    }
  }
  return 0;
}

static bool is_zero(const parts *p) {
  const parts none = {0};
  return compare_magnitudes(p, &none) == 0;
}

/* Appends a number in canonical form: `digits` are values 0 to 9, most significant first, the last
 * one counting 10 to the power `-scale`; `scale` may be negative. */
static void write_digits(la_strbuf *out, bool negative, const char *digits, ptrdiff_t count,
                         ptrdiff_t scale) {
  ptrdiff_t whole = count - scale, first = 0;
  while (first < count && digits[first] == 0) {
    first++;
  }
  if (negative && first < count) {
    la_strbuf_char(out, '-');
  }
  if (first == count || first >= whole) {
    la_strbuf_char(out, '0');
  } else {
    for (ptrdiff_t at = first; at < whole; at++) {
      la_strbuf_char(out, at < count ? (char)(digits[at] + '0') : '0');
    }
  }
  if (scale > 0) {
    la_strbuf_char(out, '.');
    for (ptrdiff_t at = whole; at < count; at++) {
      la_strbuf_char(out, at >= 0 ? (char)(digits[at] + '0') : '0');
    }
  }
}

/* ---- reading ---- */

/* The exponent behind the digits; false if it is malformed or too large. */
static bool read_exponent(la_text text, size_t at, ptrdiff_t *out) {
  bool negative = false;
  ptrdiff_t exponent = 0;
  *out = 0;
  if (at == text.len) {
    return true;
  }
  at++;
  if (at < text.len && (text.bytes[at] == '+' || text.bytes[at] == '-')) {
    negative = text.bytes[at++] == '-';
  }
  if (at == text.len) {
    return false;
  }
  for (; at < text.len; at++) {
    if (text.bytes[at] < '0' || text.bytes[at] > '9' || exponent > LARGEST_EXPONENT) {
      return false;
    }
    exponent = exponent * 10 + (text.bytes[at] - '0');
  }
  *out = negative ? -exponent : exponent;
  return exponent <= LARGEST_EXPONENT;
}

bool la_decimal_canonical(la_text text, la_strbuf *out) {
  bool negative = false, point = false;
  size_t at = 0;
  ptrdiff_t scale = 0, exponent;
  digit_vec digits = {0};
  bool valid;
  if (text.len > 0 && (text.bytes[0] == '+' || text.bytes[0] == '-')) {
    negative = text.bytes[at++] == '-';
  }
  for (; at < text.len; at++) {
    char c = text.bytes[at];
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      if (!la_vec_push(out->alloc, &digits, (char)(c - '0'))) {
        out->failed = true;
        break;
      }
      scale += point;
    } else {
      break;
    }
  }
  valid = digits.count > 0 && (at == text.len || text.bytes[at] == 'e' || text.bytes[at] == 'E') &&
          read_exponent(text, at, &exponent);
  if (valid && !out->failed) {
    write_digits(out, negative, digits.items, (ptrdiff_t)digits.count, scale - exponent);
  }
  la_vec_clear(out->alloc, &digits);
  return valid;
}

int la_decimal_compare(la_text a, la_text b) {
  parts left = parts_of(a), right = parts_of(b);
  int order = compare_magnitudes(&left, &right);
  bool left_negative = left.negative && !is_zero(&left);
  bool right_negative = right.negative && !is_zero(&right);
  if (left_negative != right_negative) {
    return left_negative ? -1 : 1;
  }
  return left_negative ? -order : order;
}

int la_decimal_digits(la_text decimal) {
  parts p = parts_of(decimal);
  ptrdiff_t high = p.whole_len - 1, low = -p.fraction_len;
  while (high >= low && digit_at(&p, high) == 0) {
    high--;
  }
  while (low <= high && digit_at(&p, low) == 0) {
    low++;
  }
  return high < low ? 1 : (int)(high - low + 1);
}

/* ---- rounding ---- */

/* Does a number whose last kept digit is `last` and whose next is `next` grow by one there? `rest`
 * says whether another digit is not zero. */
static bool is_rounded_up(la_rounding rounding, bool negative, int last, int next, bool rest) {
  bool inexact = next != 0 || rest, above = next > 5 || (next == 5 && rest);
  bool is_tie = next == 5 && !rest;
  switch (rounding) {
  case LA_ROUND_HALF_EVEN:
    return above || (is_tie && last % 2 == 1);
  case LA_ROUND_HALF_UP:
    return above || is_tie;
  case LA_ROUND_HALF_DOWN:
    return above;
  case LA_ROUND_UP:
    return inexact;
  case LA_ROUND_CEILING:
    return inexact && !negative;
  case LA_ROUND_FLOOR:
    return inexact && negative;
  case LA_ROUND_05UP:
    return inexact && last % 5 == 0;
  default:
    return false;
  }
}

/* Rounds the first `keep` of `count` digits by those behind; true if a one is carried out of the
 * first digit, which is then to be put in front. */
static bool round_digits(char *digits, ptrdiff_t keep, ptrdiff_t count, la_rounding rounding,
                         bool negative) {
  bool rest = false, up;
  if (keep >= count) {
    return false;
  }
  for (ptrdiff_t i = keep + 1; i < count; i++) {
    rest = rest || digits[i] != 0;
  }
  up = is_rounded_up(rounding, negative, keep > 0 ? digits[keep - 1] : 0, digits[keep], rest);
  for (ptrdiff_t i = keep - 1; up && i >= 0; i--) {
    digits[i]++;
    up = digits[i] == 10;
    digits[i] = up ? 0 : digits[i];
  }
  return up;
}

/* `count` places for digits, or NULL with `out` failed. */
static char *take_digits(la_strbuf *out, ptrdiff_t count) {
  char *digits = la_alloc_zero(out->alloc, (size_t)count);
  if (digits == NULL) {
    out->failed = true;
  }
  return digits;
}

void la_decimal_quantize(la_text decimal, int scale, la_rounding rounding, la_strbuf *out) {
  parts p = parts_of(decimal);
  ptrdiff_t wanted = scale > 0 ? scale : 0;
  ptrdiff_t low = p.fraction_len > wanted ? p.fraction_len : wanted;
  ptrdiff_t count = p.whole_len + low, keep = p.whole_len + wanted;
  char *digits = take_digits(out, count + 1);
  if (digits == NULL) {
    return;
  }
  for (ptrdiff_t i = 0; i < count; i++) {
    digits[i + 1] = (char)digit_at(&p, p.whole_len - 1 - i);
  }
  digits[0] = round_digits(digits + 1, keep, count, rounding, p.negative) ? 1 : 0;
  write_digits(out, p.negative, digits, keep + 1, low - (count - keep));
  la_free(out->alloc, digits, (size_t)count + 1);
}

int la_decimal_scale(la_text decimal) {
  return (int)parts_of(decimal).fraction_len;
}

/* ---- arithmetic ---- */

static void add_parts(parts a, parts b, la_strbuf *out) {
  bool subtract = a.negative != b.negative;
  ptrdiff_t top, bottom, count;
  char *digits;
  int carry = 0;
  if (subtract && compare_magnitudes(&a, &b) < 0) {
    parts swapped = a;
    a = b;
    b = swapped;
  }
  top = (a.whole_len > b.whole_len ? a.whole_len : b.whole_len) + 1;
  bottom = a.fraction_len > b.fraction_len ? a.fraction_len : b.fraction_len;
  count = top + bottom;
  digits = take_digits(out, count);
  if (digits == NULL) {
    return;
  }
  for (ptrdiff_t power = -bottom; power < top; power++) {
    int other = digit_at(&b, power),
        sum = digit_at(&a, power) + carry + (subtract ? -other : other);
    carry = sum < 0 ? -1 : sum > 9 ? 1 : 0;
    digits[top - 1 - power] = (char)(sum - carry * 10);
  }
  write_digits(out, a.negative, digits, count, bottom);
  la_free(out->alloc, digits, (size_t)count);
}

void la_decimal_add(la_text a, la_text b, la_strbuf *out) {
  add_parts(parts_of(a), parts_of(b), out);
}

void la_decimal_subtract(la_text a, la_text b, la_strbuf *out) {
  parts right = parts_of(b);
  right.negative = !right.negative;
  add_parts(parts_of(a), right, out);
}

void la_decimal_multiply(la_text a, la_text b, la_strbuf *out) {
  parts left = parts_of(a), right = parts_of(b);
  ptrdiff_t scale = left.fraction_len + right.fraction_len;
  ptrdiff_t count = left.whole_len + right.whole_len + scale;
  char *digits = take_digits(out, count);
  if (digits == NULL) {
    return;
  }
  for (ptrdiff_t i = -left.fraction_len; i < left.whole_len; i++) {
    int carry = 0, factor = digit_at(&left, i);
    ptrdiff_t place = count - 1 - (i + left.fraction_len);
    for (ptrdiff_t j = -right.fraction_len; j < right.whole_len || carry > 0; j++, place--) {
      int sum = digits[place] + factor * digit_at(&right, j) + carry;
      digits[place] = (char)(sum % 10);
      carry = sum / 10;
    }
  }
  write_digits(out, left.negative != right.negative, digits, count, scale);
  la_free(out->alloc, digits, (size_t)count);
}

/* Takes `divisor` away from `rest` (both `len` digits) as often as it goes. */
static char divide_step(char *rest, const char *divisor, ptrdiff_t len) {
  char times = 0;
  while (memcmp(rest, divisor, (size_t)len) >= 0) {
    int borrow = 0;
    for (ptrdiff_t i = len - 1; i >= 0; i--) {
      int difference = rest[i] - divisor[i] - borrow;
      borrow = difference < 0;
      rest[i] = (char)(difference + borrow * 10);
    }
    times++;
  }
  return times;
}

typedef struct division {
  parts a, b;
  char *divisor, *rest; /* `len` digits each, the first a zero */
  ptrdiff_t len;
  digit_vec quotient; /* a zero first, then digits */
  ptrdiff_t scale;    /* of the quotient's last digit */
} division;

static bool rest_is_zero(const division *d) {
  for (ptrdiff_t i = 0; i < d->len; i++) {
    if (d->rest[i] != 0) {
      return false;
    }
  }
  return true;
}

/* Of run_division: only the digits before the decimal point. */
#define WHOLE_DIGITS (-1)

/* Brings down one digit after the other, until there are `wanted` significant ones behind the
 * decimal point or nothing is left. */
static bool run_division(division *d, ptrdiff_t wanted, la_allocator *alloc) {
  ptrdiff_t available = d->a.whole_len + d->a.fraction_len, significant = 0;
  if (!la_vec_push(alloc, &d->quotient, 0)) {
    return false;
  }
  for (ptrdiff_t taken = 0;; taken++) {
    char times;
    d->scale = taken - 1 - (d->a.whole_len - 1) - d->b.fraction_len;
    if (wanted == WHOLE_DIGITS ? d->scale == 0
                               : taken >= available && (significant >= wanted || rest_is_zero(d))) {
      return true;
    }
    memmove(d->rest, d->rest + 1, (size_t)d->len - 1);
    d->rest[d->len - 1] = (char)digit_at(&d->a, d->a.whole_len - 1 - taken);
    times = divide_step(d->rest, d->divisor, d->len);
    significant += significant > 0 || times > 0;
    if (!la_vec_push(alloc, &d->quotient, times)) {
      return false;
    }
  }
}

/* Writes the quotient with at most `wanted` significant digits and no zeros at the fraction's end.
 */
static void write_quotient(division *d, ptrdiff_t wanted, bool inexact, la_strbuf *out) {
  char *digits = d->quotient.items + 1;
  ptrdiff_t count = (ptrdiff_t)d->quotient.count - 1, first = 0, keep;
  while (first < count && digits[first] == 0) {
    first++;
  }
  keep = first + wanted < count ? first + wanted : count;
  if (inexact && keep < count && digits[count - 1] == 0) {
    digits[count - 1] = 1; /* what is left over breaks the tie of rounding */
  }
  d->quotient.items[0] = round_digits(digits, keep, count, LA_ROUND_HALF_EVEN, false) ? 1 : 0;
  d->scale -= count - keep;
  while (d->scale > 0 && keep > 0 && digits[keep - 1] == 0) {
    keep--;
    d->scale--;
  }
  write_digits(out, d->a.negative != d->b.negative, d->quotient.items, keep + 1, d->scale);
}

static la_status open_division(division *d, la_text a, la_text b, la_strbuf *out, la_error *err) {
  *d = (division){.a = parts_of(a), .b = parts_of(b)};
  if (is_zero(&d->b)) {
    return la_fail(err, LA_ARGUMENT, "division of a decimal by zero");
  }
  d->len = d->b.whole_len + d->b.fraction_len + 1;
  d->divisor = take_digits(out, d->len * 2);
  if (d->divisor == NULL) {
    return la_fail_nomem(err);
  }
  d->rest = d->divisor + d->len;
  for (ptrdiff_t i = 1; i < d->len; i++) {
    d->divisor[i] = (char)digit_at(&d->b, d->b.whole_len - i);
  }
  return LA_OK;
}

static la_status close_division(division *d, la_strbuf *out, la_error *err) {
  la_vec_clear(out->alloc, &d->quotient);
  la_free(out->alloc, d->divisor, (size_t)d->len * 2);
  return la_strbuf_status(out, err);
}

/* True if the digits that were not brought down, or the rest, are not all zero. */
static bool has_remainder(const division *d) {
  for (ptrdiff_t power = -d->b.fraction_len - 1; power >= -d->a.fraction_len; power--) {
    if (digit_at(&d->a, power) != 0) {
      return true;
    }
  }
  return !rest_is_zero(d);
}

la_status la_decimal_divide_whole(la_text a, la_text b, la_strbuf *out, la_error *err) {
  division d;
  LA_TRY(open_division(&d, a, b, out, err));
  if (run_division(&d, WHOLE_DIGITS, out->alloc)) {
    bool negative = d.a.negative != d.b.negative;
    char *digits = d.quotient.items;
    ptrdiff_t at = (ptrdiff_t)d.quotient.count - 1;
    if (negative && has_remainder(&d)) { /* the first digit is a zero to carry into */
      for (; digits[at] == 9; at--) {
        digits[at] = 0;
      }
      digits[at]++;
    }
    write_digits(out, negative, digits, (ptrdiff_t)d.quotient.count, 0);
  } else {
    out->failed = true;
  }
  return close_division(&d, out, err);
}

la_status la_decimal_divide(la_text a, la_text b, int digits, la_strbuf *out, la_error *err) {
  division d;
  LA_TRY(open_division(&d, a, b, out, err));
  /* One digit more than wanted decides the rounding, and one more holds the mark of a rest. */
  if (run_division(&d, digits + 2, out->alloc)) {
    write_quotient(&d, digits, !rest_is_zero(&d), out);
  } else {
    out->failed = true;
  }
  return close_division(&d, out, err);
}

/* ---- doubles ---- */

bool la_decimal_from_real(double real, la_strbuf *out) {
  char text[64], digits[32];
  ptrdiff_t count = 0, exponent;
  const char *at;
  if (!isfinite(real)) {
    return false;
  }
  for (int precision = 14; precision <= 16; precision++) {
    snprintf(text, sizeof text, "%.*e", precision, fabs(real));
    if (strtod(text, NULL) == fabs(real)) {
      break;
    }
  }
  /* The locale decides what stands between the digits, so it is skipped. */
  for (at = text; *at != 'e'; at++) {
    if (*at >= '0' && *at <= '9') {
      digits[count++] = (char)(*at - '0');
    }
  }
  exponent = strtol(at + 1, NULL, 10);
  while (count > 1 && digits[count - 1] == 0) {
    count--;
  }
  write_digits(out, real < 0, digits, count, count - 1 - exponent);
  return true;
}

double la_decimal_to_real(la_text decimal) {
  char text[DOUBLE_DIGITS + 32];
  parts p = parts_of(decimal);
  ptrdiff_t power = p.whole_len - 1;
  size_t len = 0;
  while (power > -p.fraction_len && digit_at(&p, power) == 0) {
    power--;
  }
  if (p.negative) {
    text[len++] = '-';
  }
  for (; power >= -p.fraction_len && len < DOUBLE_DIGITS; power--) {
    text[len++] = (char)('0' + digit_at(&p, power));
  }
  /* Written without a point, which the locale would decide about. */
  snprintf(text + len, sizeof text - len, "e%td", power + 1);
  return strtod(text, NULL);
}
