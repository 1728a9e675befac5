/* SPDX-License-Identifier: MIT */
/*
 * The end of a level: the database's half, the objects' half, and listeners in between.
 *
 * While listeners of a change of state run, `doing` names the change: what would end the
 * transaction meanwhile is refused. A listener that fails leaves no half-done change: the halves
 * that are due are done before its error goes on.
 */
#include "binding/orm_transaction.h"

#include "binding/engine.h"

void la_session_check_change(lua_State *L, la_session *session, const char *method) {
  la_error err;
  la_error_init(&err);
  if (session->doing) {
    la_fail_code(&err, LA_ILLEGAL_STATE_CHANGE, "isce",
                 "Method '%s' can't be called here; method '%s' is already in progress and this "
                 "would cause an unexpected state change to <SessionTransactionState.CLOSED: 5>",
                 method, session->doing);
    la_raise(L, &err);
  }
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    const la_connection *connection = session->connection;
    if (connection != NULL && la_raw_check_outside(connection->raw, &err) < 0) {
      la_raise(L, &err);
    }
  }
}

/* Upvalues: state, event. Arguments: session, and what the event has after it. */
static int fire_event(lua_State *L) {
  la_session_fire(L, la_state_of(L), (la_event)lua_tointeger(L, lua_upvalueindex(2)), 1,
                  lua_gettop(L) - 1);
  return 0;
}

/* Calls the listeners with the `count` values on top of the stack, which are popped, after the
 * session; false leaves a listener's error instead. */
static bool tell(lua_State *L, la_state *state, la_event event, int index, int count,
                 const char *doing) {
  if (!la_event_has(state, event)) {
    lua_settop(L, -count - 1);
    return true;
  }
  la_session *session = la_session_at(L, index);
  const char *outer = session->doing;
  lua_pushlightuserdata(L, state);
  lua_pushinteger(L, (lua_Integer)event);
  lua_pushcclosure(L, fire_event, 2);
  lua_pushvalue(L, index);      /* values, function, session */
  lua_rotate(L, -count - 2, 2); /* function, session, values */
  session->doing = doing ? doing : outer;
  int status = lua_pcall(L, count + 1, 0, 0);
  session->doing = outer;
  return status == LUA_OK;
}

/* The innermost level is over; its transaction object is at the top of the stack and is popped. */
static bool tell_end(lua_State *L, la_state *state, int index) {
  return tell(L, state, LA_EVENT_AFTER_TRANSACTION_END, index, 1, NULL);
}

static void forget_transaction(lua_State *L, int index, uint32_t depth) {
  if (lua_getiuservalue(L, index, LA_SESSION_MISC) == LUA_TTABLE) {
    lua_pushnil(L);
    lua_rawseti(L, -2, (lua_Integer)depth);
  }
  lua_pop(L, 1);
}

/* Pushes the object of a transaction that ends for those who listen to its end; nil if nobody does.
 */
static void push_ending(lua_State *L, la_state *state, int index, uint32_t depth) {
  if (la_event_has(state, LA_EVENT_AFTER_TRANSACTION_END) ||
      la_event_has(state, LA_EVENT_AFTER_SOFT_ROLLBACK)) {
    la_push_transaction(L, state, index, depth);
  } else {
    lua_pushnil(L);
  }
}

/* The database's half of an end is over: a connection of the program's has to know. */
void la_session_settle_connection(lua_State *L, la_state *state, la_session *session) {
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    if (session->connection && !session->connection_is_ours) {
      la_connection_settle(L, state, session->connection);
    }
  }
}

static void trace_all(lua_State *L, la_state *state, la_session *session) {
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    la_session_trace(L, state, session);
  }
}

static void commit_innermost(lua_State *L, la_state *state, int index);

/* Raises if listeners have ended the level at `depth`, whose serial was `serial`. */
static void check_level(lua_State *L, const la_session *session, uint32_t depth, uint32_t serial) {
  la_error err;
  if (session->levels.count >= depth && session->levels.items[depth - 1]->serial == serial) {
    return;
  }
  la_error_init(&err);
  la_fail_code(&err, LA_ILLEGAL_STATE_CHANGE, "isce",
               "Method 'commit()' has nothing left to commit: a listener has ended its transaction "
               "by rollback(), close() or commit()");
  la_raise(L, &err);
}

/* before_commit, what is inside of the level at `depth`, and all there is to flush. */
static void prepare(lua_State *L, la_state *state, la_session *session, int index, uint32_t depth) {
  uint32_t serial = session->levels.items[depth - 1]->serial;
  if (!tell(L, state, LA_EVENT_BEFORE_COMMIT, index, 0, "_prepare_impl()")) {
    lua_error(L);
  }
  do { /* a listener of a flush may begin a savepoint */
    while (session->levels.count > depth) {
      commit_innermost(L, state, index);
    }
    la_session_flush_all(L, state, index);
  } while (session->levels.count > depth);
  check_level(L, session, depth, serial);
}

static void commit_prepared(lua_State *L, la_state *state, la_session *session, int index) {
  la_error err;
  la_error_init(&err);
  uint32_t depth = (uint32_t)session->levels.count;
  push_ending(L, state, index, depth);
  int transaction = lua_gettop(L);
  trace_all(L, state, session);
  const char *outer = session->doing;
  session->doing = "commit()";
  if (!la_session_tell_end(L, state, session, depth, true)) {
    session->doing = outer;
    lua_error(L);
  }
  la_status status = la_session_commit_database(session, &err);
  bool told = true;
  if (status >= 0) {
    told = tell(L, state, LA_EVENT_AFTER_COMMIT, index, 0, "commit()");
    told = told && (depth > 1 || la_session_tell_checkin(L, state, session));
    status = la_session_commit_objects(session, &err);
  }
  session->doing = outer;
  forget_transaction(L, index, depth);
  la_session_settle_connection(L, state, session);
  if (!told) {
    lua_error(L);
  }
  la_session_settle_at(L, state, session, index);
  la_session_tell(L, state, session);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  lua_settop(L, transaction);
  if (!tell_end(L, state, index)) {
    lua_error(L);
  }
}

static void commit_innermost(lua_State *L, la_state *state, int index) {
  la_session *session = la_session_at(L, index);
  prepare(L, state, session, index, (uint32_t)session->levels.count);
  commit_prepared(L, state, session, index);
}

void la_session_commit_to(lua_State *L, la_state *state, int index, uint32_t depth) {
  la_session *session = la_session_at(L, index);
  la_error err;
  la_error_init(&err);
  index = lua_absindex(L, index);
  luaL_checkstack(L, 12, NULL);
  if (la_session_check(session, &err) < 0) {
    la_raise_orm(L, &err);
  }
  la_session_check_change(L, session, "commit()");
  prepare(L, state, session, index, depth);
  commit_prepared(L, state, session, index);
}

/* Rolls the innermost level back; `inner`: as a part of the end of one around it. */
static void rollback_innermost(lua_State *L, la_state *state, int index, bool inner) {
  la_session *session = la_check_session(L, index);
  la_error err = LA_ERROR_INIT;
  uint32_t depth = (uint32_t)session->levels.count;
  bool active = session->levels.items[depth - 1]->active, told;
  push_ending(L, state, index, depth);
  int transaction = lua_gettop(L);
  trace_all(L, state, session);
  const char *outer = session->doing;
  session->doing = "rollback()";
  told = la_session_tell_end(L, state, session, depth, false);
  la_status status = la_session_rollback_database(session, &err);
  if (told && active && !inner) {
    told = tell(L, state, LA_EVENT_AFTER_ROLLBACK, index, 0, "rollback()");
  }
  told = told && (depth > 1 || la_session_tell_checkin(L, state, session));
  la_session_rollback_objects(session);
  session->doing = outer;
  forget_transaction(L, index, depth);
  la_session_settle_connection(L, state, session);
  if (!told) {
    lua_error(L);
  }
  la_session_settle_at(L, state, session, index);
  la_session_tell(L, state, session);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  lua_settop(L, transaction);
  lua_pushvalue(L, transaction);
  if (!tell_end(L, state, index)) {
    lua_error(L);
  }
  if (inner) {
    lua_pop(L, 1);
  } else if (!tell(L, state, LA_EVENT_AFTER_SOFT_ROLLBACK, index, 1, NULL)) {
    lua_error(L);
  }
}

void la_session_rollback_to(lua_State *L, la_state *state, int index, uint32_t depth) {
  la_session *session = la_check_session(L, index);
  la_error err = LA_ERROR_INIT;
  index = lua_absindex(L, index);
  luaL_checkstack(L, 12, NULL);
  bool provides = session->doing && strcmp(session->doing, "_connection_for_bind()") == 0;
  if (session->phase == LA_SESSION_COMMITTED || session->phase == LA_SESSION_ROLLED_BACK ||
      (provides && session->phase == LA_SESSION_BEGUN)) {
    (void)la_session_check(session, &err);
    la_raise_orm(L, &err);
  }
  la_session_check_change(L, session, "rollback()");
  while (session->levels.count > depth) {
    rollback_innermost(L, state, index, true);
  }
  rollback_innermost(L, state, index, false);
}

void la_session_end(lua_State *L, la_state *state, int index, bool for_good) {
  la_session *session = la_session_at(L, index);
  index = lua_absindex(L, index);
  int top = lua_gettop(L);
  la_session_check_change(L, session, "close()");
  luaL_checkstack(L, (int)session->levels.count + 12, "too many transactions");
  for (uint32_t depth = 1; depth <= session->levels.count; depth++) {
    push_ending(L, state, index, depth);
    forget_transaction(L, index, depth);
  }
  trace_all(L, state, session);
  bool told = true;
  const char *outer = session->doing;
  session->doing = "close()";
  for (size_t depth = session->levels.count; told && depth > 0; depth--) {
    told = la_session_tell_left(L, state, session, depth);
  }
  told = told && la_session_tell_checkin(L, state, session);
  session->doing = outer;
  if (for_good) {
    la_session_close(session);
  } else {
    la_session_reset(session);
  }
  la_session_settle_connection(L, state, session);
  if (!told) {
    lua_error(L);
  }
  la_session_settle_at(L, state, session, index);
  la_session_tell(L, state, session);
  la_session_leave_work(session);
  while (lua_gettop(L) > top) {
    if (!tell_end(L, state, index)) {
      lua_error(L);
    }
  }
}
