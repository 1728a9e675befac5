/* SPDX-License-Identifier: MIT */
/*
 * What Lua's collector is told of the core.
 *
 * It does not see the memory that the core has taken, and paces itself by its own. So it is told
 * how much that has grown, as if Lua had allocated it: where statements are made, and behind lists
 * of many objects or rows. A collector that the program has stopped is told nothing.
 */
#ifndef LA_BINDING_COLLECTOR_H
#define LA_BINDING_COLLECTOR_H

#include "binding/state.h"

#pragma GCC visibility push(hidden)

/* Tells what has been taken since the last time. May collect. */
void la_collector_tell(lua_State *L, la_state *state);
/* The same behind a list of `count` new objects or rows, which the program is about to use. */
void la_collector_tell_list(lua_State *L, la_state *state, size_t count);

#pragma GCC visibility pop

#endif
