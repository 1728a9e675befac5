/* SPDX-License-Identifier: MIT */
/*
 * Lualchemy inside another program.
 *
 * A host links liblualchemy.a, Lua and sqlite3; the Lua part of Lualchemy is built into the
 * library, so nothing is read from disk and package.path and package.cpath may be empty. The
 * standard libraries of Lua (luaL_openlibs) must be open, `package` with `require` among them.
 *
 *     lua_State *L = luaL_newstate();
 *     luaL_openlibs(L);
 *     lualchemy_preload(L);                        now require "lualchemy" works
 *     luaL_dofile(L, "app.lua");
 *     lua_close(L);                                gives back all memory
 *
 * There is no state outside a lua_State: several in one process, one per thread, do not know of
 * each other. These functions may raise Lua errors, as the functions of Lua's own libraries do:
 * a host that must not be left by a jump calls them through lua_pcall.
 */
#ifndef LUALCHEMY_H
#define LUALCHEMY_H

#include <lua.h>
#include <sqlite3.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Opens Lualchemy and pushes what `require "lualchemy"` gives. Serves luaL_requiref, and stands
 * by itself; it does what lualchemy_preload does as well, so that the submodules are found.
 */
int luaopen_lualchemy(lua_State *L);

/*
 * Puts a loader for every module of Lualchemy into package.preload. Nothing is loaded before a
 * script requires it. Pushes nothing; a second call changes nothing.
 */
void lualchemy_preload(lua_State *L);

/*
 * Pushes an engine that works on the host's own connection `db`, and returns 1.
 *
 * The connection stays the host's: Lualchemy never closes it and sets no PRAGMA, handler or hook
 * on it. If the host has a transaction open, what the engine begins is a savepoint inside it.
 * `engine:dispose()` and lua_close finalize every statement that the engine prepared; close `db`
 * after one of them, and use it from the thread of `L` alone as long as the engine lives.
 */
int lualchemy_pushengine(lua_State *L, sqlite3 *db);

#ifdef __cplusplus
}
#endif

#endif
