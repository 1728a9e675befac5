/* SPDX-License-Identifier: MIT */
/*
 * Values that Lua has no kind for: exact decimals, dates, times.
 *
 * A decimal is an immutable userdata with its text inside, with arithmetic that refuses floats. A
 * date, time or datetime is a table with the field names of os.date "*t" and `usec`, and one of
 * three metatables: it can be read by os.time, compared, subtracted and printed. Which metatable it
 * has says what it is; its fields may be changed.
 */
#ifndef LA_BINDING_VALUES_H
#define LA_BINDING_VALUES_H

#include "binding/box.h"
#include "schema/calendar.h"

#pragma GCC visibility push(hidden)

/* Pushes a decimal of canonical text. */
void la_push_decimal(lua_State *L, la_state *state, la_text text);
/* The text of the decimal at `index`, lent; none if it is no decimal. */
la_text la_to_decimal(lua_State *L, int index);

/* Pushes a DATE, TIME or DATETIME value. */
void la_push_moment(lua_State *L, la_state *state, la_value_kind kind, int64_t number);
/* What the table at `index` is by its metatable: DATE, TIME, DATETIME, or NULL for another table.
 */
la_value_kind la_moment_kind(lua_State *L, la_state *state, int index);
/* Reads the table at `index` as a `kind`, whatever else it has: a datetime without hour is
 * midnight. False if a field is missing, no integer or out of range. Never raises. */
bool la_moment_from_table(lua_State *L, int index, la_value_kind kind, int64_t *out);

#pragma GCC visibility pop

#endif
