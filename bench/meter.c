/* SPDX-License-Identifier: MIT */
/*
 * The Lua module `meter`: start(), stop(), report(workload, variant, rows, check), scaled(count).
 */
#include "meter.h"

#include <lauxlib.h>
#include <lua.h>

static meter *upvalue(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

static int start(lua_State *L) {
  *upvalue(L) = meter_start();
  return 0;
}

static int stop(lua_State *L) {
  meter_stop(upvalue(L));
  return 0;
}

static int report(lua_State *L) {
  meter_report(upvalue(L), luaL_checkstring(L, 1), luaL_checkstring(L, 2), luaL_checkinteger(L, 3),
               luaL_checkinteger(L, 4));
  return 0;
}

static int scaled(lua_State *L) {
  lua_pushinteger(L, meter_scaled((int)luaL_checkinteger(L, 1)));
  return 1;
}

int luaopen_meter(lua_State *L);

int luaopen_meter(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"start", start}, {"stop", stop}, {"report", report}, {"scaled", scaled}, {NULL, NULL}};
  luaL_newlibtable(L, functions);
  memset(lua_newuserdatauv(L, sizeof(meter), 0), 0, sizeof(meter));
  luaL_setfuncs(L, functions, 1);
  return 1;
}
