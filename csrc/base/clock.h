/* SPDX-License-Identifier: MIT */
/*
 * The time of day.
 */
#ifndef LA_BASE_CLOCK_H
#define LA_BASE_CLOCK_H

#pragma GCC visibility push(hidden)

/* Seconds since the epoch, with their fraction. */
double la_now(void);

#pragma GCC visibility pop

#endif
