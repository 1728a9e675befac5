/* SPDX-License-Identifier: MIT */
/*
 * Tells echo and listeners what a flush or load has sent.
 *
 * The core sends those statements by itself and keeps a trace (engine/trace.h); it is taken when
 * the work is over. Listeners hear of statements of the session as they are sent
 * (binding/engine_tell.c); of savepoints they hear here.
 */
#include "binding/orm.h"

#include "binding/engine_execute.h"
#include "binding/orm_load.h"
#include "binding/orm_session.h"
#include "binding/orm_transaction.h"
#include "binding/push.h"
#include "binding/warning.h"

/* Pushes the engine's box. */
static la_engine_box *push_engine(lua_State *L, la_state *state, const la_session *session) {
  la_push_engine(L, state, session->engine);
  return lua_touserdata(L, -1);
}

/* Pushes the box of the session's connection, which has its options: it stays as long. */
static void hold_connection(lua_State *L, la_state *state, la_session *session) {
  la_push_connection(L, state, session->connection);
  la_push_session(L, state, session);
  la_push_session_misc(L, -1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "_connection");
  lua_pop(L, 2);
}

/* Takes the connection that the transaction is going to have, with the options of its engine. */
static la_status reserve(lua_State *L, la_state *state, la_session *session, la_error *err) {
  LA_TRY(la_session_reserve(session, err));
  if (session->engine->has_options) {
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    push_engine(L, state, session);
    hold_connection(L, state, session);
    la_connection_take_options(L, top + 1, top + 2);
    la_push_hook(L, state, "settle_connection");
    lua_insert(L, top + 2);
    lua_call(L, 1, 0);
    lua_settop(L, top);
  }
  return LA_OK;
}

void la_session_set_options(lua_State *L, la_state *state, la_session *session) {
  la_error err = LA_ERROR_INIT;
  if (session->connection == NULL) {
    if (reserve(L, state, session, &err) < 0) {
      la_raise_orm(L, &err);
    }
    la_push_hook(L, state, "connection_options"); /* options, function */
    lua_insert(L, -2);
    hold_connection(L, state, session);
    lua_insert(L, -2); /* function, connection, options */
    lua_call(L, 2, 0);
  } else {
    lua_pop(L, 1);
  }
}

bool la_session_is_reached(lua_State *L, la_state *state, const la_session *session,
                           la_event event) {
  if (session->connection != NULL && session->connection->heard) {
    return true;
  }
  luaL_checkstack(L, 4, NULL);
  push_engine(L, state, session);
  bool hears = la_engine_hears(L, state, lua_gettop(L), event);
  lua_pop(L, 1);
  return hears;
}

void la_session_trace(lua_State *L, la_state *state, la_session *session) {
  if (!session->engine || session->engine->trace.on) {
    return;
  }
  la_trace *trace = &session->engine->trace;
  trace->heard = la_session_hears(L, state, session, LA_EVENT_BEFORE_CURSOR_EXECUTE) ||
                 la_session_hears(L, state, session, LA_EVENT_AFTER_CURSOR_EXECUTE);
  trace->on = trace->echo || trace->heard;
  if (trace->heard) {
    la_make_callbacks(L, state);
  }
}

/* Empties the trace of the bind at hand. */
static void tell_sent(lua_State *L, la_state *state, la_session *session) {
  if (!session->engine || session->engine->trace.entries.count == 0) {
    if (session->engine) {
      session->engine->trace.on = false;
    }
    return;
  }
  int top = lua_gettop(L);
  luaL_checkstack(L, 20, NULL);
  la_engine_box *box = push_engine(L, state, session); /* engine */
  if (session->connection && !session->connection->closed) {
    la_push_connection(L, state, session->connection);
  } else {
    lua_pushvalue(L, -1);
  } /* engine, source */
  la_push_records(L, state, &session->engine->trace);
  lua_Integer count = (lua_Integer)lua_rawlen(L, top + 3);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, top + 3, i);
    for (int place = LA_RECORD_KIND; place <= LA_RECORD_AGE; place++) {
      lua_rawgeti(L, top + 4, place); /* top + 4 + place */
    }
    bool silent = lua_toboolean(L, top + 4 + LA_RECORD_SILENT);
    lua_pushnil(L);
    la_told told = {.source = top + 2,
                    .text = top + 4 + LA_RECORD_TEXT,
                    .list = top + 4 + LA_RECORD_VALUES,
                    .context = lua_gettop(L),
                    .seconds = lua_tonumber(L, top + 4 + LA_RECORD_SECONDS),
                    .many = lua_toboolean(L, top + 4 + LA_RECORD_MANY)};
    if (!silent) {
      la_fire_cursor(L, state, LA_EVENT_BEFORE_CURSOR_EXECUTE, &told);
    }
    if (box->echo) {
      la_log_record(L, state, top + 2, top + 4);
    }
    if (!silent) {
      la_fire_cursor(L, state, LA_EVENT_AFTER_CURSOR_EXECUTE, &told);
    }
    lua_settop(L, top + 3);
  }
  lua_settop(L, top);
}

void la_session_tell(lua_State *L, la_state *state, la_session *session) {
  la_tell_warnings(L, state);
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    la_session_tell_closed(L, state, session);
    tell_sent(L, state, session);
  }
}

/* Is there something to take for the transaction: a connection, or savepoints that somebody wants
 * to hear of? */
static bool lacks_connection(const la_state *state, const la_session *session) {
  if (!session->connection ||
      (!la_event_has(state, LA_EVENT_AFTER_BEGIN) && !la_event_has(state, LA_EVENT_SAVEPOINT) &&
       !la_event_has(state, LA_EVENT_BEFORE_CURSOR_EXECUTE) &&
       !la_event_has(state, LA_EVENT_AFTER_CURSOR_EXECUTE))) {
    return !session->connection;
  }
  return !session->entered || la_session_next_savepoint(session) != NULL;
}

/* Sends the savepoints that the levels wait for, each after its listeners; what goes wrong is left
 * to the core, which tries again. */
static void set_savepoints(lua_State *L, la_state *state, la_session *session) {
  la_session_level *level;
  la_error err;
  la_error_init(&err);
  if (!session->entered || la_connection_autobegin(session->connection, &err) < 0) {
    return;
  }
  while ((level = la_session_next_savepoint(session)) != NULL) {
    if (!la_session_tell_event(L, state, session, LA_EVENT_SAVEPOINT,
                               la_connection_next_savepoint(session->connection))) {
      lua_error(L);
    }
    if (level != la_session_next_savepoint(session) ||
        la_session_send_savepoint(session, level, &err) < 0) {
      return;
    }
  }
}

void la_session_connect(lua_State *L, la_state *state, la_session *session) {
  la_error err;
  la_error_init(&err);
  if (!session->engine || !lacks_connection(state, session) ||
      la_session_check(session, &err) < 0) {
    return;
  }
  bool takes = session->connection == NULL, enters = !session->entered;
  if (session->has_options) {
    la_push_session(L, state, session);
    la_push_session_misc(L, -1);
    lua_getfield(L, -1, "execution_options");
    la_session_set_options(L, state, session);
    lua_pop(L, 2);
  }
  if (session->connection == NULL && reserve(L, state, session, &err) == LA_TIMEOUT) {
    lua_gc(L, LUA_GCCOLLECT); /* sessions that nobody holds give theirs back … */
    lua_gc(L, LUA_GCCOLLECT); /* … in finalizers, which may have found each other's way barred */
    la_error_clear(&err);
    (void)reserve(L, state, session, &err);
  }
  if (session->connection == NULL) {
    return; /* the core fails again, and says why */
  }
  if (takes) {
    la_session_tell_checkout(L, state, session);
  }
  la_session_trace(L, state, session);
  if (la_session_enter(session, &err) >= 0 && enters && !session->joined &&
      session->connection->in_transaction &&
      !la_session_tell_event(L, state, session, LA_EVENT_BEGIN, 0)) {
    lua_error(L);
  }
  set_savepoints(L, state, session);
  tell_sent(L, state, session);
  la_session_tell_begin(L, state, session);
}

void la_session_listen(lua_State *L, la_state *state, la_session *session) {
  session->statement_schemas = LA_TEXT_NONE;
  if (!session->routed) {
    la_session_connect(L, state, session);
  }
  la_session_trace(L, state, session);
}

void la_session_listen_to(lua_State *L, la_state *state, la_session *session,
                          const la_node *statement) {
  const la_value *map = la_execution_option(statement, "schema_translate_map");
  la_session_listen(L, state, session);
  if (map != NULL) {
    int top = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    la_push_session(L, state, session);
    la_push_session_misc(L, -1);
    la_push_value(L, state, map);
    session->statement_schemas = la_read_schemas(L, state);
    lua_setfield(L, -2, "_schemas"); /* holds the bytes */
    lua_settop(L, top);
  }
}
