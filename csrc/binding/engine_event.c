/* SPDX-License-Identifier: MIT */
/*
 * What listeners of pools and errors are told. Listeners of statements are called where statements
 * are run.
 */
#include "binding/engine_execute.h"
#include "binding/event.h"

/* Pushes the raw connection of the connection at `connection` as listeners see it: it can execute.
 */
static void push_raw(lua_State *L, la_state *state, int connection) {
  la_push_hook(L, state, "raw_connection");
  lua_pushvalue(L, connection);
  lua_call(L, 1, 1);
}

/* Fires a pool event with the raw connection and nil for the record. */
static void fire_pool(lua_State *L, la_state *state, la_event event, int engine, int connection,
                      int count) {
  int top = lua_gettop(L);
  if (la_event_has(state, event)) {
    push_raw(L, state, connection);
    lua_settop(L, top + count);
    la_event_fire(L, state, event, engine, count);
    lua_settop(L, top);
  }
}

void la_engine_tell_checkout(lua_State *L, la_state *state, int engine, int connection) {
  la_connection *checked = la_check_connection(L, connection);
  la_raw *raw = checked->raw;
  int top = lua_gettop(L);
  if (!raw->announced) {
    raw->announced = true;
    if (!checked->engine->announced) {
      checked->engine->announced = true;
      fire_pool(L, state, LA_EVENT_FIRST_CONNECT, engine, connection, 2);
    }
    fire_pool(L, state, LA_EVENT_CONNECT, engine, connection, 2);
  }
  fire_pool(L, state, LA_EVENT_CHECKOUT, engine, connection, 3);
  if (la_event_has(state, LA_EVENT_ENGINE_CONNECT)) {
    lua_pushvalue(L, connection);
    la_event_fire(L, state, LA_EVENT_ENGINE_CONNECT, engine, 1);
    lua_settop(L, top);
  }
}

void la_engine_tell_invalidate(lua_State *L, la_state *state, int connection) {
  int top = lua_gettop(L);
  connection = lua_absindex(L, connection);
  lua_getiuservalue(L, connection, LA_CONNECTION_ENGINE);
  fire_pool(L, state, LA_EVENT_INVALIDATE, top + 1, connection, 3);
  lua_settop(L, top);
}

void la_engine_tell_checkin(lua_State *L, la_state *state, int connection) {
  if (!la_event_has(state, LA_EVENT_CHECKIN) && !la_event_has(state, LA_EVENT_RESET)) {
    return;
  }
  int top = lua_gettop(L);
  lua_getiuservalue(L, connection, LA_CONNECTION_ENGINE);
  fire_pool(L, state, LA_EVENT_RESET, top + 1, connection, 3);
  fire_pool(L, state, LA_EVENT_CHECKIN, top + 1, connection, 2);
  lua_settop(L, top);
}

int la_execution_raise(la_execution *x, int text, int list) {
  lua_State *L = x->L;
  int error = lua_gettop(L);
  if (la_event_has(x->state, LA_EVENT_HANDLE_ERROR)) {
    luaL_checkstack(L, 10, NULL);
    la_push_hook(L, x->state, "exception_context");
    lua_pushvalue(L, error);
    lua_pushvalue(L, x->connection_index);
    if (text) {
      lua_pushvalue(L, text);
    } else {
      lua_pushnil(L);
    }
    if (list) {
      lua_pushvalue(L, list);
    } else {
      lua_pushnil(L);
    }
    lua_call(L, 4, 1);
    la_event_fire(L, x->state, LA_EVENT_HANDLE_ERROR, x->connection_index, 1);
  }
  lua_settop(L, error);
  return lua_error(L);
}
