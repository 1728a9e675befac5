/* SPDX-License-Identifier: MIT */
/*
 * Making sessions, listing them, and what only Lua uses of them. Few sessions need a table for
 * that: until then the bind stands in its place.
 */
#include "binding/orm_session.h"

#include "binding/engine.h"

void la_push_session_misc(lua_State *L, int index) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 4, NULL);
  if (lua_getiuservalue(L, index, LA_SESSION_MISC) == LUA_TTABLE) {
    return;
  }
  lua_createtable(L, 0, 4);
  lua_insert(L, -2); /* table, bind */
  lua_setfield(L, -2, "bind");
  lua_newtable(L);
  lua_setfield(L, -2, "info");
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, index, LA_SESSION_MISC);
}

/* Gives the session a place for its box, which is on top of the stack. Free places form a list in
 * the table itself: each holds the number of the next. */
static void place_box(lua_State *L, la_state *state, la_session *session) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->session_boxes);
  uint32_t place = state->session_free;
  if (place != 0) {
    lua_rawgeti(L, -1, place);
    state->session_free = (uint32_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
  } else {
    place = ++state->session_places;
  }
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, place);
  lua_pop(L, 1);
  session->place = place;
}

void la_forget_session_box(lua_State *L, la_state *state, la_session *session) {
  uint32_t place = session->place;
  session->place = 0;
  if (place != 0) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->session_boxes);
    lua_pushinteger(L, state->session_free);
    lua_rawseti(L, -2, place);
    lua_pop(L, 1);
    state->session_free = place;
  }
}

void la_push_session(lua_State *L, la_state *state, la_session *session) {
  luaL_checkstack(L, 2, NULL);
  if (session->place == 0) {
    lua_pushnil(L);
    return;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->session_boxes);
  lua_rawgeti(L, -1, session->place);
  lua_replace(L, -2);
}

/* core.sessions() → those that live, in no order. */
static int sessions(lua_State *L) {
  la_state *state = la_state_of(L);
  lua_Integer count = 0;
  lua_settop(L, 0);
  lua_newtable(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->session_boxes); /* list, boxes */
  for (uint32_t place = 1; place <= state->session_places; place++) {
    if (lua_rawgeti(L, 2, place) == LUA_TUSERDATA) {
      lua_rawseti(L, 1, ++count);
    } else {
      lua_pop(L, 1);
    }
  }
  lua_settop(L, 1);
  return 1;
}

/* core.session_new(engine or connection or nil, options) → session. */
static int session_new(lua_State *L) {
  la_state *state = la_state_of(L);
  static const char *const modes[] = {"conditional_savepoint", "rollback_only", "control_fully",
                                      "create_savepoint", NULL};
  la_session_options options = {
      .autoflush = true, .expire_on_commit = true, .autobegin = true, .close_resets_only = true};
  la_box *bind = la_to_box(L, 1);
  if (bind && bind->class == LA_BOX_ENGINE) {
    options.engine = la_check_engine(L, 1);
  } else if (bind && bind->class == LA_BOX_CONNECTION) {
    options.connection = la_check_connection(L, 1);
    options.engine = options.connection->engine;
  } else if (!lua_isnoneornil(L, 1)) {
    return la_raise_status(L, LA_ARGUMENT,
                           "a Session takes an Engine or a Connection, which la.create_engine(url) "
                           "makes, not %s",
                           luaL_tolstring(L, 1, NULL));
  }
  static const char *const names[] = {"autoflush", "expire_on_commit", "autobegin",
                                      "close_resets_only"};
  bool *const fields[] = {&options.autoflush, &options.expire_on_commit, &options.autobegin,
                          &options.close_resets_only};
  if (lua_istable(L, 2)) {
    for (int i = 0; i < 4; i++) {
      if (lua_getfield(L, 2, names[i]) != LUA_TNIL) {
        *fields[i] = lua_toboolean(L, -1);
      }
      lua_pop(L, 1);
    }
    lua_getfield(L, 2, "join_transaction_mode");
    options.join_transaction_mode = luaL_checkoption(L, -1, modes[0], modes);
    lua_pop(L, 1);
  }
  la_session_box *box = la_push_box(L, state, LA_BOX_SESSION, sizeof *box, LA_SESSION_VALUES);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, LA_SESSION_MISC);
  la_session *session = NULL;
  la_error err;
  la_error_init(&err);
  options.serial = ++state->sessions;
  if (la_session_new(&state->sql, &options, &session, &err) < 0) {
    la_raise_orm(L, &err);
  }
  box->box.object = session;
  place_box(L, state, session);
  return 1;
}

/* core.session_serial(session) → its number in messages. */
static int session_serial(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)la_check_session(L, 1)->serial);
  return 1;
}

/* core.session_misc(session) → the table of what only Lua uses. */
static int session_misc(lua_State *L) {
  la_check_session(L, 1);
  la_push_session_misc(L, 1);
  return 1;
}

const luaL_Reg la_session_making_functions[] = {{"session_new", session_new},
                                                {"session_misc", session_misc},
                                                {"session_serial", session_serial},
                                                {"sessions", sessions},
                                                {NULL, NULL}};
