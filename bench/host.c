/* SPDX-License-Identifier: MIT */
/*
 * host SCRIPT WORKLOAD VARIANT: runs bench/workloads.lua as a program does that has Lualchemy
 * inside (liblualchemy.a). Its Lua state is as luaL_newstate gives it: the collector is
 * incremental, while the stand-alone interpreter starts in generational mode.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "../csrc/include/lualchemy.h"
#include "meter.h"

int luaopen_meter(lua_State *L);

static char **arguments;

static int run(lua_State *L) {
  luaL_openlibs(L);
  lualchemy_preload(L);
  luaL_requiref(L, "meter", luaopen_meter, 0);
  lua_newtable(L);
  for (int i = 1; arguments[i] != NULL; i++) {
    lua_pushstring(L, arguments[i]);
    lua_rawseti(L, -2, i - 1);
  }
  lua_setglobal(L, "arg");
  if (luaL_loadfile(L, arguments[1]) != LUA_OK) {
    return lua_error(L);
  }
  lua_call(L, 0, 0);
  return 0;
}

int main(int argc, char **argv) {
  lua_State *L = luaL_newstate();
  int status;
  if (argc < 2 || L == NULL) {
    fprintf(stderr, "usage: %s workloads.lua WORKLOAD VARIANT\n", argv[0]);
    return 2;
  }
  arguments = argv;
  lua_pushcfunction(L, run);
  status = lua_pcall(L, 0, 0, 0);
  if (status != LUA_OK) {
    fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
  }
  lua_close(L);
  return status == LUA_OK ? 0 : 1;
}
