/* SPDX-License-Identifier: MIT */
/*
 * Core values → Lua.
 */
#ifndef LA_BINDING_PUSH_H
#define LA_BINDING_PUSH_H

#include "binding/box.h"

#pragma GCC visibility push(hidden)

/* Pushes a program's value: nil for NULL, Lua's own kinds, date tables with their metatable,
 * decimals, the Lua value of a HOST number. */
void la_push_value(lua_State *L, la_state *state, const la_value *value);
/* The same, but la.null for NULL: for lists. */
void la_push_value_or_null(lua_State *L, la_state *state, const la_value *value);
void la_push_null(lua_State *L);
/* Pushes an empty sequence with room for `count` items and the metatable of lists, whose tostring
 * shows the items. */
void la_push_list(lua_State *L, la_state *state, int count);
/* Gives the table on top of the stack that metatable. */
void la_set_list(lua_State *L, la_state *state);
/* Pushes that metatable alone. */
void la_push_list_metatable(lua_State *L, la_state *state);
static inline void la_push_text(lua_State *L, la_text text) {
  lua_pushlstring(L, text.bytes ? text.bytes : "", text.len);
}

#pragma GCC visibility pop

#endif
