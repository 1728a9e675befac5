/* SPDX-License-Identifier: MIT */
/*
 * What a connection says to the pool: that its raw connection is not to be used again, or no longer
 * the pool's.
 */
#include "binding/engine_execute.h"
#include "binding/open.h"

/* core.connection_invalidate(connection, exception): the raw connection is closed at once. */
static int core_connection_invalidate(lua_State *L) {
  la_connection *connection = la_check_connection(L, 1);
  la_error err = LA_ERROR_INIT;
  lua_settop(L, 2);
  if (la_raw_check_outside(connection->raw, &err) < 0) {
    return la_raise(L, &err);
  }
  la_state *state = la_state_of(L);
  if (connection->raw != NULL) {
    la_engine_tell_invalidate(L, state, 1, false);
    la_engine_push_record(L, state, 1);
  } else {
    lua_pushnil(L);
  }
  if (la_connection_invalidate(connection, &err) < 0) {
    return la_raise(L, &err);
  }
  lua_getiuservalue(L, 1, LA_CONNECTION_ENGINE);
  la_engine_tell_closed(L, state, 4);
  lua_settop(L, 3);
  la_engine_tell_given_up(L, state, 1);
  return 0;
}

static la_connection *check_taken(lua_State *L, int index) {
  la_connection *connection = la_check_connection(L, index);
  if (connection->closed) {
    la_raise_status(L, LA_RESOURCE_CLOSED, "This Connection is closed");
  } else if (connection->raw == NULL) {
    la_raise_status(L, LA_INVALID_REQUEST, "This Connection was invalidated");
  }
  return connection;
}

/* core.connection_invalidate_later(connection, exception): the raw connection serves on, and is
 * closed when it is given back. */
static int core_connection_invalidate_later(lua_State *L) {
  la_connection *connection = check_taken(L, 1);
  lua_settop(L, 2);
  la_engine_tell_invalidate(L, la_state_of(L), 1, true);
  connection->raw->invalid = true;
  return 0;
}

/* core.connection_detach(connection): the pool forgets the raw connection. */
static int core_connection_detach(lua_State *L) {
  la_connection *connection = check_taken(L, 1);
  lua_settop(L, 1);
  if (!connection->raw->detached) {
    la_pool_detach(connection->raw);
    la_engine_tell_detach(L, la_state_of(L), 1);
  }
  return 0;
}

/* core.connection_is_detached(connection) → whether the pool has forgotten its raw connection. */
static int core_connection_is_detached(lua_State *L) {
  lua_pushboolean(L, check_taken(L, 1)->raw->detached);
  return 1;
}

/* core.connection_serial(connection) → the serial of its raw connection; one that was invalidated
 * takes another. */
static int core_connection_serial(lua_State *L) {
  const la_connection *connection = la_check_connection(L, 1);
  lua_settop(L, 1);
  if (!connection->closed && connection->raw == NULL) {
    la_engine_reconnect(L, la_state_of(L), 1);
  }
  lua_pushinteger(L, (lua_Integer)check_taken(L, 1)->raw->serial);
  return 1;
}

void la_open_engine_pool(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"connection_invalidate", core_connection_invalidate},
      {"connection_invalidate_later", core_connection_invalidate_later},
      {"connection_detach", core_connection_detach},
      {"connection_is_detached", core_connection_is_detached},
      {"connection_serial", core_connection_serial},
      {NULL, NULL}};
  la_set_functions(L, functions);
}
