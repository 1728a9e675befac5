/* SPDX-License-Identifier: MIT */
#include "binding/host.h"

#include "binding/open.h"
#include "binding/raise.h"

int64_t la_host_number(lua_State *L, la_state *state, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 2, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->hosts);
  lua_pushvalue(L, index);
  int64_t number = state->next_host + 1; /* 0 means: none */
  lua_rawseti(L, -2, number);
  lua_pop(L, 1);
  state->next_host = number;
  return number;
}

void la_push_host(lua_State *L, la_state *state, int64_t number) {
  luaL_checkstack(L, 2, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->hosts);
  lua_rawgeti(L, -1, number);
  lua_remove(L, -2);
}

/* core.hook(name, function): what C calls by that name. */
static int core_hook(lua_State *L) {
  la_state *state = la_state_of(L);
  luaL_checktype(L, 1, LUA_TSTRING);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->hooks);
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, lua_tostring(L, 1));
  return 0;
}

/* core.host(value) → the number by which C finds it; it is kept for good. */
static int core_host(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushinteger(L, (lua_Integer)la_host_number(L, la_state_of(L), 1));
  return 1;
}

/* core.memory() → bytes, blocks held, allocations made so far by the core. */
static int core_memory(lua_State *L) {
  la_state *state = la_state_of(L);
  lua_pushinteger(L, (lua_Integer)state->alloc.bytes);
  lua_pushinteger(L, (lua_Integer)state->alloc.blocks);
  lua_pushinteger(L, (lua_Integer)state->alloc.allocations);
  return 3;
}

/* core.null() → la.null, the light userdata NULL. */
static int core_null(lua_State *L) {
  lua_pushlightuserdata(L, NULL);
  return 1;
}

void la_open_host(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"hook", core_hook},
                                       {"host", core_host},
                                       {"memory", core_memory},
                                       {"null", core_null},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
