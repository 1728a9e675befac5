/* SPDX-License-Identifier: MIT */
/*
 * What a connection is set to: execution options, schemas, how transactions begin, what is read of
 * others'.
 */
#include "binding/check.h"
#include "binding/engine_execute.h"
#include "binding/open.h"
#include "binding/push.h"

/* core.connection_options(connection, table or nothing) → the execution options in force, set if
 * given. */
static int core_connection_options(lua_State *L) {
  la_check_connection(L, 1);
  if (lua_gettop(L) > 1) {
    lua_settop(L, 2);
    lua_setiuservalue(L, 1, LA_CONNECTION_OPTIONS);
  }
  lua_getiuservalue(L, 1, LA_CONNECTION_OPTIONS);
  return 1;
}

/* core.connection_schemas(connection or engine, map of schemas as text, or nil, has_options): what
 * follows from execution options; an engine's are those of its connections to come. */
static int core_connection_schemas(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  la_text schemas = LA_TEXT_NONE;
  if (!lua_isnoneornil(L, 2)) {
    schemas = la_check_text(L, 2);
  }
  if (la_to_box_of(L, 1, LA_BOX_ENGINE) != NULL) {
    la_engine *engine = la_check_engine(L, 1);
    engine->has_options = lua_toboolean(L, 3);
    return la_engine_set_schemas(engine, schemas, &err) < 0 ? la_raise(L, &err) : 0;
  }
  return la_connection_set_schemas(la_check_connection(L, 1), schemas, &err) < 0 ? la_raise(L, &err)
                                                                                 : 0;
}

/* core.connection_begin_mode(connection, mode or nil) → the mode. LA_INVALID_REQUEST in a
 * transaction. */
static int core_connection_begin_mode(lua_State *L) {
  static const char *const modes[] = {"DEFERRED", "IMMEDIATE", "EXCLUSIVE", "AUTOCOMMIT", NULL};
  la_connection *connection = la_check_connection(L, 1);
  if (!lua_isnoneornil(L, 2)) {
    if (connection->in_transaction) {
      return la_raise_status(L, LA_INVALID_REQUEST,
                             "This connection has already initialized a Transaction object via "
                             "begin() or autobegin; isolation_level "
                             "may not be altered unless rollback() or commit() is called first.");
    }
    connection->begin_mode = (la_begin_mode)luaL_checkoption(L, 2, NULL, modes);
  }
  lua_pushstring(L, modes[connection->begin_mode]);
  return 1;
}

/* core.connection_read_uncommitted(connection, on or nothing) → whether it reads what others have
 * not committed. */
static int core_connection_read_uncommitted(lua_State *L) {
  la_connection *connection = la_check_connection(L, 1);
  la_error err = LA_ERROR_INIT;
  if (connection->raw == NULL) {
    la_engine_reconnect(L, la_state_of(L), 1);
  }
  la_raw *raw = connection->raw;
  if (!lua_isnoneornil(L, 2) && lua_toboolean(L, 2) != raw->read_uncommitted) {
    bool on = lua_toboolean(L, 2);
    if (la_raw_execute(raw,
                       on ? LA_TEXT_LITERAL("PRAGMA read_uncommitted = 1")
                          : LA_TEXT_LITERAL("PRAGMA read_uncommitted = 0"),
                       &err) < 0) {
      return la_raise_execution(L, connection->engine, &err, LA_TEXT_NONE, 0, false);
    }
    raw->read_uncommitted = on;
  }
  lua_pushboolean(L, raw->read_uncommitted);
  return 1;
}

static void give_back(void *memory) {
  la_cursor_close(memory);
}

/* core.connection_raw_execute(connection, sql) → its rows as a list of lists. Begins no
 * transaction. */
static int core_connection_raw_execute(lua_State *L) {
  la_state *state = la_state_of(L);
  la_connection *connection = la_check_connection(L, 1);
  la_text text = la_check_text(L, 2);
  la_error err = LA_ERROR_INIT;
  la_cursor *cursor = la_push_scratch(L, state, sizeof *cursor, give_back);
  la_push_list(L, state, 0);
  if (la_cursor_open_raw(cursor, connection, text, &err) < 0) {
    return la_raise_execution(L, connection->engine, &err, text, 0, false);
  }
  la_status status;
  while ((status = la_cursor_step(cursor, &err)) == LA_ROW) {
    la_push_list(L, state, (int)cursor->column_count);
    for (uint32_t i = 0; i < cursor->column_count; i++) {
      la_value value;
      cursor->raw->driver->column(cursor->prepared->statement, i, &value);
      la_push_value_or_null(L, state, &value);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  la_cursor_close(cursor);
  return status < 0 ? la_raise_execution(L, connection->engine, &err, text, 0, false) : 1;
}

void la_open_connection_settings(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"connection_options", core_connection_options},
      {"connection_schemas", core_connection_schemas},
      {"connection_begin_mode", core_connection_begin_mode},
      {"connection_read_uncommitted", core_connection_read_uncommitted},
      {"connection_raw_execute", core_connection_raw_execute},
      {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
