/* SPDX-License-Identifier: MIT */
/*
 * Boxes of the engine, for the other areas.
 */
#ifndef LA_BINDING_ENGINE_H
#define LA_BINDING_ENGINE_H

#include "binding/box.h"
#include "engine/connection.h"

/* The engine of the ENGINE box at `index`; lent. Raises for anything else. */
la_engine *la_check_engine(lua_State *L, int index);
/* The open connection of the CONNECTION box at `index`; lent. Raises for anything else, and for a closed one. */
la_connection *la_check_connection(lua_State *L, int index);
/* Pushes a CONNECTION box for a connection that a session holds: closing it gives nothing back. */
void la_push_connection(lua_State *L, la_state *state, la_connection *connection, int engine_index);

#endif
