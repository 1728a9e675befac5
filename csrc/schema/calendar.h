/* SPDX-License-Identifier: MIT */
/*
 * Calendar dates and clock times as numbers, in the proleptic Gregorian calendar, years 1 to 9999.
 */
#ifndef LA_SCHEMA_CALENDAR_H
#define LA_SCHEMA_CALENDAR_H

#include "base/strbuf.h"
#include "base/text.h"

#pragma GCC visibility push(hidden)

#define LA_MICROSECONDS     INT64_C(1000000)
#define LA_DAY_MICROSECONDS (INT64_C(86400) * LA_MICROSECONDS)

typedef struct la_moment {
  int year, month, day; /* month and day from 1 */
  int hour, minute, second, microsecond;
} la_moment;

/* False if a field is out of range. */
bool la_moment_to_date(const la_moment *moment, int64_t *days_out);
bool la_moment_to_time(const la_moment *moment, int64_t *microseconds_out);
bool la_moment_to_datetime(const la_moment *moment, int64_t *microseconds_out);
void la_moment_from_date(int64_t days, la_moment *out);
void la_moment_from_time(int64_t microseconds, la_moment *out);
void la_moment_from_datetime(int64_t microseconds, la_moment *out);

/* Seconds since the epoch in local time, as os.date reads them. False if out of range. */
bool la_moment_from_epoch(int64_t seconds, la_moment *out);

/* ISO 8601 text: "2024-01-31", "10:20:30[.123456]", and both with a space or a T between (a date
 * alone is midnight). False if `text` is none. */
bool la_date_parse(la_text text, int64_t *days_out);
bool la_time_parse(la_text text, int64_t *microseconds_out);
bool la_datetime_parse(la_text text, int64_t *microseconds_out);
/* `fraction`: always write six digits, as SQLite's storage format does; else only when not zero. */
void la_date_format(int64_t days, la_strbuf *out);
void la_time_format(int64_t microseconds, bool fraction, la_strbuf *out);
void la_datetime_format(int64_t microseconds, bool fraction, la_strbuf *out);

/* Bytes that hold any of these texts with a zero byte. */
#define LA_MOMENT_TEXT 32
/* The same into an array; give the length. */
size_t la_date_write(int64_t days, char out[LA_MOMENT_TEXT]);
size_t la_time_write(int64_t microseconds, bool fraction, char out[LA_MOMENT_TEXT]);
size_t la_datetime_write(int64_t microseconds, bool fraction, char out[LA_MOMENT_TEXT]);

#pragma GCC visibility pop

#endif
