/* SPDX-License-Identifier: MIT */
/*
 * JSON text ↔ Lua values: the serializer and deserializer of engines that are given none.
 */
#ifndef LA_BINDING_JSON_H
#define LA_BINDING_JSON_H

#include "binding/state.h"

#pragma GCC visibility push(hidden)

/* How deep values may be nested. */
#define LA_JSON_DEPTH 500

/* core.json_decode(text, array_metatable) → value; arrays get the metatable, null is la.null.
 * Raises StatementError. */
int la_core_json_decode(lua_State *L);

#pragma GCC visibility pop

#endif
