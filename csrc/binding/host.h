/* SPDX-License-Identifier: MIT */
/*
 * Numbers for Lua values that the core refers to.
 *
 * A table with weak values maps number → Lua value; it keeps nothing alive. Whoever owns the thing
 * that carries the number holds the value in a user value, where the collector sees it: a type's
 * box, a metadata's box (defaults of its columns), a node's box.
 */
#ifndef LA_BINDING_HOST_H
#define LA_BINDING_HOST_H

#include "binding/state.h"

#pragma GCC visibility push(hidden)

/* Gives the value at `index` a number. May raise. */
int64_t la_host_number(lua_State *L, la_state *state, int index);
/* Pushes the value, or nil if it is gone. */
void la_push_host(lua_State *L, la_state *state, int64_t number);

#pragma GCC visibility pop

#endif
