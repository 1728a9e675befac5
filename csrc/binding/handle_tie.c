/* SPDX-License-Identifier: MIT */
/*
 * What Lua's collector sees of a handle: the session that it keeps alive, and the table of what
 * belongs to it.
 *
 * A handle with a user value has both there (orm.h). A thin one is tied to its session by its
 * metatable, a copy of its class's that the session keeps, and its table lies in one table of the
 * state with weak keys. A copy has all that the class's metatable has, and three fields of its own.
 */
#include "binding/orm.h"

static const char session_key = 0; /* of a copy: the session's box … */
static const char class_key = 0;   /* … and the class's metatable */
static const char copies_key = 0;  /* of a class's metatable: its copies, as weak keys */

static void push_weak_table(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
}

/* ---- the table ---- */

bool la_push_object_table_if(lua_State *L, la_state *state, int index) {
  int type = lua_getiuservalue(L, index, 1);
  if (type == LUA_TTABLE) {
    return true;
  }
  lua_pop(L, 1);
  if (type != LUA_TNONE || state->extras == 0) {
    return false;
  }
  index = lua_absindex(L, index);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->extras);
  lua_pushvalue(L, index);
  bool found = lua_rawget(L, -2) == LUA_TTABLE;
  lua_replace(L, -2);
  if (!found) {
    lua_pop(L, 1);
  }
  return found;
}

/* Pushes the state's table of tables, made at the first use. */
static void push_extras(lua_State *L, la_state *state) {
  if (state->extras == 0) {
    push_weak_table(L);
    state->extras = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->extras);
}

void la_push_object_table(lua_State *L, la_state *state, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 5, NULL);
  if (la_push_object_table_if(L, state, index)) {
    return;
  }
  lua_createtable(L, 2, 0);
  int type = lua_getiuservalue(L, index, 1); /* table, session or nil */
  if (type != LUA_TUSERDATA) {
    lua_pop(L, 1);
    lua_pushboolean(L, 0); /* no hole, so that links stay in the array */
  }
  lua_rawseti(L, -2, LA_SESSION_KEY);
  if (type != LUA_TNONE) {
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, index, 1);
    return;
  }
  push_extras(L, state);
  lua_pushvalue(L, index);
  lua_pushvalue(L, -3); /* table, extras, handle, table */
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* ---- the session ---- */

/* Pushes a new copy of the metatable on top of the stack, which stays, for the session's box at
 * `session`. */
static void push_copy(lua_State *L, int session) {
  int original = lua_gettop(L);
  lua_createtable(L, 0, 16);
  for (lua_pushnil(L); lua_next(L, original);) { /* copy, key, value */
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, original + 1);
  }
  lua_pushnil(L);
  lua_rawsetp(L, -2, &copies_key);
  lua_pushvalue(L, session);
  lua_rawsetp(L, -2, &session_key);
  lua_pushvalue(L, original);
  lua_rawsetp(L, -2, &class_key);
  if (lua_rawgetp(L, original, &copies_key) == LUA_TNIL) {
    lua_pop(L, 1);
    push_weak_table(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, original, &copies_key);
  } /* copy, copies */
  lua_pushvalue(L, -2);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* Replaces the class's metatable on top of the stack by its copy for the session's box at
 * `session`. */
static void turn_into_copy(lua_State *L, int session) {
  if (lua_getiuservalue(L, session, LA_SESSION_METATABLES) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, session, LA_SESSION_METATABLES);
  } /* metatable, copies of the session */
  lua_pushvalue(L, -2);
  if (lua_rawget(L, -2) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_pushvalue(L, -2);
    push_copy(L, session); /* metatable, copies, metatable, copy */
    lua_pushvalue(L, -1);
    lua_insert(L, -3);
    lua_rawset(L, -4);
  } /* metatable, copies, copy */
  lua_replace(L, -3);
  lua_pop(L, 1);
}

void la_push_tied_metatable(lua_State *L, la_state *state, const la_mapper *mapper, int session) {
  session = lua_absindex(L, session);
  luaL_checkstack(L, 9, NULL);
  la_push_object_metatable(L, state, mapper);
  turn_into_copy(L, session);
}

/* Ties the thin handle at `index`. */
static void tie_by_metatable(lua_State *L, int index, int session) {
  luaL_checkstack(L, 10, NULL);
  lua_getmetatable(L, index);
  if (lua_rawgetp(L, -1, &session_key) != LUA_TNIL) {
    if (session && lua_touserdata(L, -1) == lua_touserdata(L, session)) {
      lua_pop(L, 2);
      return;
    }
    lua_rawgetp(L, -2, &class_key);
    lua_replace(L, -3);
  }
  lua_pop(L, 1); /* the class's metatable */
  if (session) {
    turn_into_copy(L, session);
  }
  lua_setmetatable(L, index);
}

void la_object_set_session(lua_State *L, int index, int session_index) {
  index = lua_absindex(L, index);
  int type = lua_getiuservalue(L, index, 1);
  if (type == LUA_TNONE) {
    lua_pop(L, 1);
    tie_by_metatable(L, index, session_index);
    return;
  }
  if (session_index) {
    lua_pushvalue(L, session_index);
  } else {
    lua_pushboolean(L, 0);
  } /* user value, session or false */
  if (type == LUA_TTABLE) {
    lua_rawseti(L, -2, LA_SESSION_KEY);
  } else {
    lua_setiuservalue(L, index, 1);
  }
  lua_pop(L, 1);
}

int la_object_metamethod(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 3);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_rawset(L, 1);
  if (lua_rawgetp(L, 1, &copies_key) == LUA_TTABLE) {
    for (lua_pushnil(L); lua_next(L, 4); lua_pop(L, 1)) { /* copies, copy, true */
      lua_pushvalue(L, 2);
      lua_pushvalue(L, 3);
      lua_rawset(L, 5);
    }
  }
  return 0;
}
