/* SPDX-License-Identifier: MIT */
#include "binding/warning.h"

#include <stdarg.h>
#include <string.h>

void la_tell_warnings(lua_State *L, la_state *state) {
  la_warnings *warnings = &state->warnings;
  if (warnings->used == 0) {
    return;
  }
  luaL_checkstack(L, 5, NULL);
  int top = lua_gettop(L);
  /* Telling may warn again: what waits is taken first. */
  lua_pushlstring(L, warnings->texts, warnings->used);
  warnings->used = 0;
  size_t len;
  const char *text = lua_tolstring(L, top + 1, &len);
  for (size_t at = 0; at < len; at += strlen(text + at) + 1) {
    la_push_hook(L, state, "warn");
    lua_pushstring(L, text + at);
    lua_call(L, 1, 0);
  }
  lua_settop(L, top);
}

void la_warn_now(lua_State *L, la_state *state, const char *format, ...) {
  va_list args;
  luaL_checkstack(L, 3, NULL);
  la_push_hook(L, state, "warn");
  va_start(args, format);
  lua_pushvfstring(L, format, args);
  va_end(args);
  lua_call(L, 1, 0);
}
