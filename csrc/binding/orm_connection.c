/* SPDX-License-Identifier: MIT */
/*
 * What listeners of engines and pools hear of the connections of sessions, which the core takes and
 * gives back by itself.
 */
#include "binding/engine_execute.h"
#include "binding/orm_transaction.h"

static bool is_heard(lua_State *L, la_state *state, const la_session *session,
                     const la_event *events, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (la_session_hears(L, state, session, events[i])) {
      return true;
    }
  }
  return false;
}

/* The session has just taken its connection. */
void la_session_tell_checkout(lua_State *L, la_state *state, const la_session *session) {
  static const la_event taken[] = {LA_EVENT_CHECKOUT, LA_EVENT_ENGINE_CONNECT,
                                   LA_EVENT_FIRST_CONNECT, LA_EVENT_CONNECT};
  size_t count = session->connection->raw->announced ? 2 : 4; /* the others are of a new one */
  if (!is_heard(L, state, session, taken, count)) {
    session->connection->raw->announced = true;
    session->connection->engine->root->announced = true;
    return;
  }
  int top = lua_gettop(L);
  luaL_checkstack(L, 8, NULL);
  la_push_engine(L, state, session->engine);
  la_push_connection(L, state, session->connection);
  la_engine_tell_checkout(L, state, top + 1, top + 2);
  la_engine_tell_connection(L, state, top + 1, top + 2);
  lua_settop(L, top);
}

/* Its connection, if there is something to be told of it. */
static la_connection *open_connection(const la_session *session) {
  la_connection *connection = session->connection;
  return connection != NULL && !connection->closed && connection->raw != NULL ? connection : NULL;
}

/* Upvalues: state, event, number of a savepoint or 0. Arguments: connection. */
static int fire(lua_State *L) {
  la_state *state = lua_touserdata(L, lua_upvalueindex(1));
  la_event event = (la_event)lua_tointeger(L, lua_upvalueindex(2));
  uint32_t savepoint = (uint32_t)lua_tointeger(L, lua_upvalueindex(3));
  if (event == LA_EVENT_CHECKIN) {
    la_engine_tell_checkin(L, state, 1);
  } else if (savepoint > 0) {
    la_connection_tell_savepoint(L, state, 1, event, savepoint);
  } else {
    lua_pushvalue(L, 1);
    la_event_fire(L, state, event, 1, 1);
  }
  return 0;
}

static bool fire_protected(lua_State *L, la_state *state, la_connection *connection, la_event event,
                           uint32_t savepoint) {
  luaL_checkstack(L, 6, NULL);
  lua_pushlightuserdata(L, state);
  lua_pushinteger(L, (lua_Integer)event);
  lua_pushinteger(L, (lua_Integer)savepoint);
  lua_pushcclosure(L, fire, 3);
  la_push_connection(L, state, connection);
  return lua_pcall(L, 1, 0, 0) == LUA_OK;
}

bool la_session_tell_event(lua_State *L, la_state *state, const la_session *session, la_event event,
                           uint32_t savepoint) {
  la_connection *connection = open_connection(session);
  return connection == NULL || !la_session_hears(L, state, session, event) ||
         fire_protected(L, state, connection, event, savepoint);
}

static bool tell_end_at_bind(lua_State *L, la_state *state, const la_session *session, size_t depth,
                             bool commit) {
  const la_session_level *level = session->levels.items[depth - 1];
  uint32_t savepoint = 0;
  if (!level->active || !la_session_ends_at_bind(session, level, commit, &savepoint) ||
      la_session_is_ended(session, savepoint)) {
    return true;
  }
  if (savepoint > 0) {
    return la_session_tell_event(L, state, session,
                                 commit ? LA_EVENT_RELEASE_SAVEPOINT : LA_EVENT_ROLLBACK_SAVEPOINT,
                                 savepoint);
  }
  return !session->connection->in_transaction ||
         la_session_tell_event(L, state, session, commit ? LA_EVENT_COMMIT : LA_EVENT_ROLLBACK, 0);
}

bool la_session_tell_end(lua_State *L, la_state *state, la_session *session, size_t depth,
                         bool commit) {
  bool well = true;
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    well = well && tell_end_at_bind(L, state, session, depth, commit);
  }
  return well;
}

bool la_session_tell_left(lua_State *L, la_state *state, la_session *session, size_t depth) {
  bool well = true;
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    bool left_alone = session->joined && !session->levels.items[depth - 1]->savepoint_sent;
    well = well && (left_alone || tell_end_at_bind(L, state, session, depth, false));
  }
  return well;
}

static bool tell_checkin(lua_State *L, la_state *state, const la_session *session) {
  static const la_event given[] = {LA_EVENT_CHECKIN, LA_EVENT_RESET};
  la_connection *connection = open_connection(session);
  return connection == NULL || !session->connection_is_ours ||
         !is_heard(L, state, session, given, sizeof given / sizeof *given) ||
         fire_protected(L, state, connection, LA_EVENT_CHECKIN, 0);
}

bool la_session_tell_checkin(lua_State *L, la_state *state, la_session *session) {
  bool well = true;
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    well = well && tell_checkin(L, state, session);
  }
  return well;
}

void la_session_tell_closed(lua_State *L, la_state *state, const la_session *session) {
  if (session->engine != NULL && session->engine->root->closed.count > 0) {
    la_push_engine(L, state, session->engine);
    la_engine_tell_closed(L, state, lua_gettop(L));
    lua_pop(L, 1);
  }
}
