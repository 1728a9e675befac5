/* SPDX-License-Identifier: MIT */
/*
 * Lua arguments → core.
 */
#ifndef LA_BINDING_CHECK_H
#define LA_BINDING_CHECK_H

#include "binding/box.h"

#pragma GCC visibility push(hidden)

/* True for nil and for light userdata NULL (la.null). */
bool la_is_null(lua_State *L, int index);
/* A string argument's bytes, lent while it is on the stack. */
la_text la_check_text(lua_State *L, int index);
/* An integer argument; the second is `otherwise` where there is none. */
lua_Integer la_check_integer(lua_State *L, int index);
lua_Integer la_opt_integer(lua_State *L, int index, lua_Integer otherwise);
/* Raises unless at least `count` arguments were given: a missing required argument is an error, an
 * explicit nil is None. */
void la_check_count(lua_State *L, int count, const char *function);

/* The value at `index` as a program's value for `type` (may be NULL): nil and la.null → NULL;
 * numbers, strings, booleans by kind; for a date-like affinity tables, ISO strings and epoch
 * numbers become DATE, TIME, DATETIME; for Interval seconds; decimal objects and, for Numeric,
 * strings become DECIMAL; for a type with host processing, any other table and functions: HOST
 * (la_host_number; `*host_out` set). Bytes are lent from the Lua string (kept on the stack or in a
 * table by the caller) or from `scratch`. LA_STATEMENT for what can't be a value of the type. Does
 * not raise. */
la_status la_value_from_lua(lua_State *L, int index, const la_type *type, la_arena *scratch,
                            la_value *out, bool *host_out, la_error *err);

/* The expression at `index` as a node, a new reference: an expression box's node, or a PARAM for a
 * plain value with the type of `like` (may be NULL) and its name as base. A select becomes a scalar
 * subquery. Raises. */
la_node *la_check_expr(lua_State *L, la_state *state, int index, const la_node *like);
/* A condition: as above but a plain boolean raises the hint about :eq and :gt. */
la_node *la_check_condition(lua_State *L, la_state *state, int index);

#pragma GCC visibility pop

#endif
