/* SPDX-License-Identifier: MIT */
/*
 * Warnings, told to the program.
 *
 * What is done with a warning (shown, ignored, raised) is decided by lualchemy.warnings.
 */
#ifndef LA_BINDING_WARNING_H
#define LA_BINDING_WARNING_H

#include "binding/state.h"

#pragma GCC visibility push(hidden)

/* Tells what the core has left in `state->warnings` since the last call. Raises if warnings are to
 * be errors. One comparison when there is none. */
void la_tell_warnings(lua_State *L, la_state *state);
/* Warns of `format` right away; the same. */
void la_warn_now(lua_State *L, la_state *state, const char *format, ...);

#pragma GCC visibility pop

#endif
