/* SPDX-License-Identifier: MIT */
/*
 * Warnings that wait to be told.
 *
 * The core can't call the program, so it leaves here what the program should hear of, and goes on;
 * the binding tells it when the core's call is over (binding/warning.h). One per Lua state, found
 * as `la_sql.warnings`; its memory is its owner's, so warning allocates nothing and can't fail.
 * What finds no room any more is dropped.
 */
#ifndef LA_BASE_WARNING_H
#define LA_BASE_WARNING_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Zero-initialised is empty. */
typedef struct la_warnings {
  size_t used; /* bytes of `texts`: one text after the other, each with a zero byte */
  char texts[4096];
} la_warnings;

/* Adds a warning (an SAWarning); `warnings` may be NULL, then nobody listens. */
void la_warn(la_warnings *warnings, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

#pragma GCC visibility pop

#endif
