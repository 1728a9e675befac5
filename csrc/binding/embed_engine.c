/* SPDX-License-Identifier: MIT */
/*
 * lualchemy_pushengine: an engine on a connection of the host's own.
 *
 * The options are those of create_engine without any: foreign keys, timeouts and the like are the
 * host's business. lualchemy.engine makes the engine, so that it is as complete as any other.
 */
#include "include/lualchemy.h"

#include "binding/state.h"

#include <lauxlib.h>

int lualchemy_pushengine(lua_State *L, sqlite3 *db) {
  luaL_checkstack(L, 6, NULL);
  if (db == NULL) {
    return luaL_error(L, "lualchemy_pushengine: there is no connection");
  }
  lua_getglobal(L, "require");
  lua_pushliteral(L, "lualchemy.engine");
  lua_call(L, 1, 1); /* module */
  lua_getfield(L, -1, "__host_engine");
  lua_remove(L, -2); /* function */
  lua_pushlightuserdata(L, db);
  lua_call(L, 1, 1);
  return 1;
}
