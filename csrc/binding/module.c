/* SPDX-License-Identifier: MIT */
/*
 * lualchemy.core: opens the state and every area of the binding.
 */
#include "binding/open.h"

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define EXPORT __attribute__((visibility("default")))
#else
#define EXPORT
#endif

EXPORT int luaopen_lualchemy_core(lua_State *L);

/* core.lua_select: Lua's own, for programs that write `select = la.select` to their globals. The
 * new module is on top. */
static void keep_select(lua_State *L) {
  lua_pushglobaltable(L);
  lua_pushliteral(L, "select");
  lua_rawget(L, -2);
  lua_setfield(L, -3, "lua_select");
  lua_pop(L, 1);
}

EXPORT int luaopen_lualchemy_core(lua_State *L) {
  luaL_checkversion(L);
  la_state *state = la_state_open(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->core);
  if (!state->opened) {
#define X(area) la_open_##area(L, state);
    LA_AREAS(X)
#undef X
    keep_select(L);
    state->opened = true;
  }
  return 1;
}
