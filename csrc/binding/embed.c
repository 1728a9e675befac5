/* SPDX-License-Identifier: MIT */
/*
 * Opening Lualchemy in a host that has no files of it: every Lua module gets a loader in
 * package.preload that compiles the bytes built into the library, and lualchemy.core the function
 * that a shared module would export. Only the embedding library holds this file.
 */
#include "include/lualchemy.h"

#include <lauxlib.h>

#include "binding/embed.h"

int luaopen_lualchemy_core(lua_State *L);

/* Loader of one module; upvalue 1 is its row. Called with the name and ":preload:", as Lua does. */
static int load_module(lua_State *L) {
  const la_embedded_module *module = lua_touserdata(L, lua_upvalueindex(1));
  lua_settop(L, 2);
  if (luaL_loadbufferx(L, (const char *)module->code, module->len, module->chunk, "t") != LUA_OK) {
    return luaL_error(L, "error loading module '%s': %s", module->name, lua_tostring(L, -1));
  }
  lua_insert(L, 1); /* chunk, name, where */
  lua_call(L, 2, 1);
  return 1;
}

static void push_loader(lua_State *L, const la_embedded_module *module) {
  lua_pushlightuserdata(L, (void *)module);
  lua_pushcclosure(L, load_module, 1);
}

void lualchemy_preload(lua_State *L) {
  luaL_checkversion(L);
  luaL_checkstack(L, 4, "too many values on the stack");
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE); /* preload */
  lua_pushcfunction(L, luaopen_lualchemy_core);
  lua_setfield(L, -2, "lualchemy.core");
  for (size_t i = 0; i < la_embedded_module_count; i++) {
    push_loader(L, &la_embedded_modules[i]); /* preload, loader */
    lua_setfield(L, -2, la_embedded_modules[i].name);
  }
  lua_pop(L, 1);
}

int luaopen_lualchemy(lua_State *L) {
  lualchemy_preload(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE); /* loaded */
  if (lua_getfield(L, -1, "lualchemy") != LUA_TNIL) {       /* loaded, module */
    return 1;
  }
  lua_pop(L, 1);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE); /* loaded, preload */
  lua_getfield(L, -1, "lualchemy");                          /* loaded, preload, loader */
  lua_pushliteral(L, "lualchemy");
  lua_pushliteral(L, ":preload:");
  lua_call(L, 2, 1);    /* loaded, preload, module */
  lua_pushvalue(L, -1); /* loaded, preload, module, module */
  lua_setfield(L, -4, "lualchemy");
  return 1;
}
