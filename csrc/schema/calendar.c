/* SPDX-License-Identifier: MIT */
/*
 * Days are counted in eras of 400 years, which all have the same length; inside an era a year
 * begins in March, so that the leap day is its last.
 */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L /* localtime_r */
#endif
#include "schema/calendar.h"

#include <stdio.h>
#include <time.h>

#define DAYS_OF_ERA  INT64_C(146097)
#define DAYS_TO_1970 INT64_C(719468) /* from 0000-03-01 */
#define HOUR_US      (INT64_C(3600) * LA_MICROSECONDS)
#define MINUTE_US    (INT64_C(60) * LA_MICROSECONDS)

static int days_of_month(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap);
}

bool la_moment_to_date(const la_moment *moment, int64_t *days_out) {
  int64_t year = moment->year - (moment->month <= 2), era, day_of_year, year_of_era;
  if (moment->year < 1 || moment->year > 9999 || moment->month < 1 || moment->month > 12 ||
      moment->day < 1 || moment->day > days_of_month(moment->year, moment->month)) {
    return false;
  }
  era = year / 400;
  year_of_era = year % 400;
  day_of_year = (153 * ((moment->month + 9) % 12) + 2) / 5 + moment->day - 1;
  *days_out = era * DAYS_OF_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
              day_of_year - DAYS_TO_1970;
  return true;
}

bool la_moment_to_time(const la_moment *moment, int64_t *microseconds_out) {
  if (moment->hour < 0 || moment->hour > 23 || moment->minute < 0 || moment->minute > 59 ||
      moment->second < 0 || moment->second > 59 || moment->microsecond < 0 ||
      moment->microsecond >= LA_MICROSECONDS) {
    return false;
  }
  *microseconds_out = moment->hour * HOUR_US + moment->minute * MINUTE_US +
                      moment->second * LA_MICROSECONDS + moment->microsecond;
  return true;
}

bool la_moment_to_datetime(const la_moment *moment, int64_t *microseconds_out) {
  int64_t days, time;
  if (!la_moment_to_date(moment, &days) || !la_moment_to_time(moment, &time)) {
    return false;
  }
  *microseconds_out = days * LA_DAY_MICROSECONDS + time;
  return true;
}

void la_moment_from_date(int64_t days, la_moment *out) {
  int64_t shifted = days + DAYS_TO_1970;
  int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_OF_ERA - 1)) / DAYS_OF_ERA;
  int64_t day = shifted - era * DAYS_OF_ERA;
  int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * day_of_year + 2) / 153;
  out->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
  out->month = (int)(month < 10 ? month + 3 : month - 9);
  out->year = (int)(year + era * 400 + (out->month <= 2));
  out->hour = out->minute = out->second = out->microsecond = 0;
}

void la_moment_from_time(int64_t microseconds, la_moment *out) {
  out->year = out->month = out->day = 0;
  out->hour = (int)(microseconds / HOUR_US);
  out->minute = (int)(microseconds % HOUR_US / MINUTE_US);
  out->second = (int)(microseconds % MINUTE_US / LA_MICROSECONDS);
  out->microsecond = (int)(microseconds % LA_MICROSECONDS);
}

void la_moment_from_datetime(int64_t microseconds, la_moment *out) {
  int64_t time = microseconds % LA_DAY_MICROSECONDS, days = microseconds / LA_DAY_MICROSECONDS;
  la_moment date;
  if (time < 0) {
    time += LA_DAY_MICROSECONDS;
    days--;
  }
  la_moment_from_date(days, &date);
  la_moment_from_time(time, out);
  out->year = date.year;
  out->month = date.month;
  out->day = date.day;
}

bool la_moment_from_epoch(int64_t seconds, la_moment *out) {
  time_t at = (time_t)seconds;
  int64_t checked;
  struct tm local;
  if ((int64_t)at != seconds) {
    return false;
  }
#ifdef _WIN32
  if (localtime_s(&local, &at) != 0) {
    return false;
  }
#else
  if (localtime_r(&at, &local) == NULL) {
    return false;
  }
#endif
  *out = (la_moment){.year = local.tm_year + 1900,
                     .month = local.tm_mon + 1,
                     .day = local.tm_mday,
                     .hour = local.tm_hour,
                     .minute = local.tm_min,
                     .second = local.tm_sec > 59 ? 59 : local.tm_sec};
  return la_moment_to_datetime(out, &checked);
}

/* ---- text ---- */

/* Takes `count` digits from the front of `text`. */
static bool take_digits(la_text *text, size_t count, int *out) {
  int number = 0;
  if (text->len < count) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    char c = text->bytes[i];
    if (c < '0' || c > '9') {
      return false;
    }
    number = number * 10 + (c - '0');
  }
  text->bytes += count;
  text->len -= count;
  *out = number;
  return true;
}

static bool take_char(la_text *text, char c) {
  if (text->len == 0 || text->bytes[0] != c) {
    return false;
  }
  text->bytes++;
  text->len--;
  return true;
}

static bool take_date(la_text *text, la_moment *out) {
  return take_digits(text, 4, &out->year) && take_char(text, '-') &&
         take_digits(text, 2, &out->month) && take_char(text, '-') &&
         take_digits(text, 2, &out->day);
}

/* One to nine digits, of which six count. */
static bool take_fraction(la_text *text, int *microsecond_out) {
  int digits = 0, microsecond = 0;
  while (text->len > 0 && text->bytes[0] >= '0' && text->bytes[0] <= '9' && digits < 9) {
    if (digits < 6) {
      microsecond = microsecond * 10 + (text->bytes[0] - '0');
    }
    digits++;
    text->bytes++;
    text->len--;
  }
  for (int i = digits; i < 6; i++) {
    microsecond *= 10;
  }
  *microsecond_out = microsecond;
  return digits > 0;
}

/* "10:20", "10:20:30", "10:20:30.5" */
static bool take_time(la_text *text, la_moment *out) {
  if (!take_digits(text, 2, &out->hour) || !take_char(text, ':') ||
      !take_digits(text, 2, &out->minute)) {
    return false;
  }
  if (!take_char(text, ':')) {
    return true;
  }
  return take_digits(text, 2, &out->second) &&
         (!take_char(text, '.') || take_fraction(text, &out->microsecond));
}

bool la_date_parse(la_text text, int64_t *days_out) {
  la_moment moment = {0};
  return take_date(&text, &moment) && text.len == 0 && la_moment_to_date(&moment, days_out);
}

bool la_time_parse(la_text text, int64_t *microseconds_out) {
  la_moment moment = {0};
  return take_time(&text, &moment) && text.len == 0 && la_moment_to_time(&moment, microseconds_out);
}

bool la_datetime_parse(la_text text, int64_t *microseconds_out) {
  la_moment moment = {0};
  if (!take_date(&text, &moment)) {
    return false;
  }
  if (text.len > 0 && ((!take_char(&text, ' ') && !take_char(&text, 'T')) ||
                       !take_time(&text, &moment) || text.len > 0)) {
    return false;
  }
  return la_moment_to_datetime(&moment, microseconds_out);
}

size_t la_date_write(int64_t days, char out[LA_MOMENT_TEXT]) {
  la_moment m;
  la_moment_from_date(days, &m);
  return (size_t)snprintf(out, LA_MOMENT_TEXT, "%04d-%02d-%02d", m.year, m.month, m.day);
}

size_t la_time_write(int64_t microseconds, bool fraction, char out[LA_MOMENT_TEXT]) {
  la_moment m;
  size_t len;
  la_moment_from_time(microseconds, &m);
  len = (size_t)snprintf(out, LA_MOMENT_TEXT, "%02d:%02d:%02d", m.hour, m.minute, m.second);
  if (fraction || m.microsecond != 0) {
    len += (size_t)snprintf(out + len, LA_MOMENT_TEXT - len, ".%06d", m.microsecond);
  }
  return len;
}

size_t la_datetime_write(int64_t microseconds, bool fraction, char out[LA_MOMENT_TEXT]) {
  int64_t days = microseconds / LA_DAY_MICROSECONDS, time = microseconds % LA_DAY_MICROSECONDS;
  char clock[LA_MOMENT_TEXT];
  size_t len, clock_len;
  if (time < 0) {
    time += LA_DAY_MICROSECONDS;
    days--;
  }
  len = la_date_write(days, out);
  clock_len = la_time_write(time, fraction, clock);
  out[len++] = ' ';
  memcpy(out + len, clock, clock_len + 1);
  return len + clock_len;
}

void la_date_format(int64_t days, la_strbuf *out) {
  char text[LA_MOMENT_TEXT];
  la_strbuf_bytes(out, text, la_date_write(days, text));
}

void la_time_format(int64_t microseconds, bool fraction, la_strbuf *out) {
  char text[LA_MOMENT_TEXT];
  la_strbuf_bytes(out, text, la_time_write(microseconds, fraction, text));
}

void la_datetime_format(int64_t microseconds, bool fraction, la_strbuf *out) {
  char text[LA_MOMENT_TEXT];
  la_strbuf_bytes(out, text, la_datetime_write(microseconds, fraction, text));
}
