/* SPDX-License-Identifier: MIT */
/*
 * begin, begin_nested, and the transaction object that they give.
 *
 * A transaction object names a level of its session: the outermost, or a savepoint. It serves as
 * `<close>`: commits when the block is left without an error, rolls back otherwise.
 */
#include "binding/orm_transaction.h"

#include "binding/engine.h"
#include "binding/leave.h"
#include "binding/orm_load.h"
#include "binding/sql.h"

static la_transaction_box *check_transaction(lua_State *L, int index, la_session **session_out) {
  la_transaction_box *box =
      (la_transaction_box *)la_check_box(L, index, LA_BOX_SESSION_TRANSACTION);
  lua_getiuservalue(L, index, 1);
  *session_out = la_check_session(L, -1);
  return box; /* the session stays on the stack */
}

static bool is_open(const la_transaction_box *box, const la_session *session) {
  return box->origin != LA_ORIGIN_SUBTRANSACTION && session->levels.count >= box->depth &&
         session->levels.items[box->depth - 1]->serial == box->serial;
}

/* A failed flush ends the innermost one only; the others wait for what the program does. */
static bool is_active(const la_transaction_box *box, const la_session *session) {
  return is_open(box, session) && session->levels.items[box->depth - 1]->active;
}

void la_push_transaction(lua_State *L, la_state *state, int index, uint32_t depth) {
  la_session *session = la_check_session(L, index);
  index = lua_absindex(L, index);
  luaL_checkstack(L, 6, NULL);
  la_push_session_misc(L, index);
  if (lua_rawgeti(L, -1, (lua_Integer)depth) == LUA_TNIL) {
    lua_pop(L, 1);
    const la_session_level *level = session->levels.items[depth - 1];
    la_transaction_box *box = la_push_box(L, state, LA_BOX_SESSION_TRANSACTION, sizeof *box, 1);
    box->depth = depth;
    box->serial = level->serial;
    box->origin = level->origin;
    lua_pushvalue(L, index);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, (lua_Integer)depth);
  }
  lua_remove(L, -2);
}

void la_push_subtransaction(lua_State *L, la_state *state, int index) {
  la_session *session = la_check_session(L, index);
  index = lua_absindex(L, index);
  la_transaction_box *box = la_push_box(L, state, LA_BOX_SESSION_TRANSACTION, sizeof *box, 1);
  box->depth = (uint32_t)session->levels.count;
  box->origin = LA_ORIGIN_SUBTRANSACTION;
  lua_pushvalue(L, index);
  lua_setiuservalue(L, -2, 1);
}

/* Ends the levels inside the one of `box`, and it. The session's box is at `index`. */
static void finish(lua_State *L, const la_transaction_box *box, const la_session *session,
                   int index, bool commit) {
  la_state *state = la_state_of(L);
  if (!is_open(box, session)) {
    la_raise_status(L, LA_RESOURCE_CLOSED, "This transaction is closed");
  }
  if (commit) {
    la_session_commit_to(L, state, index, box->depth);
  } else {
    la_session_rollback_to(L, state, index, box->depth);
  }
}

static int transaction_commit(lua_State *L) {
  la_session *session;
  la_transaction_box *box = check_transaction(L, 1, &session);
  finish(L, box, session, lua_gettop(L), true);
  return 0;
}

static int transaction_rollback(lua_State *L) {
  la_session *session;
  la_transaction_box *box = check_transaction(L, 1, &session);
  finish(L, box, session, lua_gettop(L), false);
  return 0;
}

/* The function that the transaction was begun with runs from here on … */
static void enter_context(la_transaction_box *box, la_session *session) {
  box->runs = true;
  box->outer_context = session->context;
  session->context = box->serial + 1;
}

/* … to here. */
static void leave_context(la_transaction_box *box, la_session *session) {
  if (box->runs) {
    box->runs = false;
    session->context = box->outer_context;
  }
}

static int transaction_close(lua_State *L) {
  la_session *session;
  lua_settop(L, 2);
  lua_pushvalue(L, 1);
  bool commit = la_leaves_normally(L, 2);
  la_transaction_box *box = check_transaction(L, 1, &session);
  leave_context(box, session);
  if (is_open(box, session)) {
    commit = commit && session->phase != LA_SESSION_INACTIVE;
    if (commit) {
      lua_toclose(L, 3); /* a commit that fails rolls back: its error calls this again */
    }
    finish(L, box, session, lua_gettop(L), commit);
  }
  return 0;
}

/* transaction.parent: the one around it, or nil. */
static void push_parent(lua_State *L, const la_transaction_box *box, const la_session *session) {
  uint32_t depth = box->origin == LA_ORIGIN_SUBTRANSACTION ? box->depth : box->depth - 1;
  if (depth == 0 || session->levels.count < depth) {
    lua_pushnil(L);
  } else {
    la_push_transaction(L, la_state_of(L), lua_gettop(L), depth);
  }
}

static int transaction_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  la_session *session;
  la_transaction_box *box = check_transaction(L, 1, &session);
  const char *name = luaL_checkstring(L, 2);
  if (strcmp(name, "is_active") == 0) {
    lua_pushboolean(L, is_active(box, session));
  } else if (strcmp(name, "nested") == 0) {
    lua_pushboolean(L, box->origin == LA_ORIGIN_BEGIN_NESTED);
  } else if (strcmp(name, "origin") == 0) {
    static const char *const names[] = {"AUTOBEGIN", "BEGIN", "BEGIN_NESTED", "SUBTRANSACTION"};
    lua_pushstring(L, names[box->origin]);
  } else if (strcmp(name, "parent") == 0) {
    push_parent(L, box, session);
  } else if (strcmp(name, "session") == 0) {
    lua_getiuservalue(L, 1, 1);
  } else if (strncmp(name, "__", 2) == 0) {
    lua_pushnil(L);
  } else {
    return la_raise_status(L, LA_INVALID_REQUEST, "a SessionTransaction has no field '%s'", name);
  }
  return 1;
}

/* After the function of the function form: commits and gives its results, or rolls back and raises
 * its error. Stack: session, function, transaction, results or error. */
static int after_function(lua_State *L, int status, lua_KContext context) {
  la_session *session;
  (void)context;
  la_transaction_box *box = check_transaction(L, 3, &session);
  lua_pop(L, 1);
  leave_context(box, session);
  if (status == LUA_OK || status == LUA_YIELD) {
    if (is_open(box, session)) {
      finish(L, box, session, 1, session->levels.items[box->depth - 1]->active);
    }
    return lua_gettop(L) - 3;
  }
  if (is_open(box, session)) {
    finish(L, box, session, 1, false);
  }
  return lua_error(L);
}

static int begin(lua_State *L, bool nested) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_error err = LA_ERROR_INIT;
  bool function = lua_isfunction(L, 2);
  if (!function && !lua_isnoneornil(L, 2)) {
    la_raise_argument(L, 2, "function of the session, or nothing,");
  }
  lua_settop(L, function ? 2 : 1);
  if (nested) {
    if (la_session_check(session, &err) < 0) {
      la_raise_orm(L, &err);
    }
    la_session_flush_all(L, state, 1);
  }
  la_status status = la_session_begin(session, nested, &err);
  la_session_settle(L, state, session);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  la_push_transaction(L, state, 1, (uint32_t)session->levels.count);
  if (!function) {
    return 1;
  }
  enter_context(lua_touserdata(L, 3), session);
  lua_toclose(L, 3); /* a coroutine that is closed inside the function rolls back */
  lua_pushvalue(L, 2);
  lua_pushvalue(L, nested ? 3 : 1);
  return after_function(L, lua_pcallk(L, 1, LUA_MULTRET, 0, 0, after_function), 0);
}

/* session:begin(function or nested or {nested = …}) */
static int session_begin(lua_State *L) {
  bool nested = false;
  if (lua_isboolean(L, 2)) {
    nested = lua_toboolean(L, 2);
    lua_settop(L, 1);
  } else if (la_is_plain_table(L, 2)) {
    static const char *const keywords[] = {"nested", NULL};
    la_check_keywords(L, 2, keywords, "session:begin");
    lua_getfield(L, 2, "nested");
    nested = lua_toboolean(L, -1);
    lua_settop(L, 1);
  }
  return begin(L, nested);
}

static int session_begin_nested(lua_State *L) {
  return begin(L, true);
}

static int session_in_transaction(lua_State *L) {
  lua_pushboolean(L, la_check_session(L, 1)->levels.count > 0);
  return 1;
}

static int session_in_nested_transaction(lua_State *L) {
  lua_pushboolean(L, la_check_session(L, 1)->levels.count > 1);
  return 1;
}

static int session_commit(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_error err;
  la_error_init(&err);
  if (la_session_check(session, &err) < 0) {
    la_raise_orm(L, &err);
  }
  la_session_check_change(L, session, "commit()");
  if (la_session_autobegin(session, &err) < 0) {
    la_raise_orm(L, &err);
  }
  la_session_tell_notes(L, la_state_of(L), session);
  /* a listener may begin a new transaction when the last level is over: that one stays */
  for (uint32_t depth = (uint32_t)session->levels.count; depth > 0; depth--) {
    if (session->levels.count >= depth) {
      la_session_commit_to(L, la_state_of(L), 1, (uint32_t)session->levels.count);
    }
  }
  return 0;
}

static int session_rollback(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  for (uint32_t depth = (uint32_t)session->levels.count; depth > 0; depth--) {
    if (session->levels.count >= depth) {
      la_session_rollback_to(L, la_state_of(L), 1, (uint32_t)session->levels.count);
    }
  }
  return 0;
}

static int session_close(lua_State *L) {
  (void)la_check_session(L, 1);
  la_session_end(L, la_state_of(L), 1, true);
  return 0;
}

static int session_reset(lua_State *L) {
  (void)la_check_session(L, 1);
  la_session_end(L, la_state_of(L), 1, false);
  return 0;
}

/* session:invalidate(): close, and the connection is not used again. */
static int session_invalidate(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_error ignored = LA_ERROR_INIT;
  la_session_check_change(L, session, "close()");
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    if (session->connection && session->entered) {
      (void)la_connection_invalidate(session->connection, &ignored);
    }
  }
  la_session_end(L, la_state_of(L), 1, true);
  return 0;
}

/* core.session_write(session, fn): runs `fn` as a flush of its own making: nothing flushes
 * meanwhile, and an error leaves the session asking for rollback(). */
static int session_write(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_error err = LA_ERROR_INIT;
  if (la_session_check(session, &err) < 0 || la_session_autobegin(session, &err) < 0) {
    la_raise_orm(L, &err);
  }
  if (session->flushing) {
    return la_raise_status(L, LA_INVALID_REQUEST, "Session is already flushing");
  }
  session->flushing = true;
  int status = la_call_program(L, 0, 0);
  session->flushing = false;
  if (status != LUA_OK) {
    la_session_fail_by(L, session);
    return lua_error(L);
  }
  return 0;
}

/* session:get_transaction() → the outermost transaction, or nil. */
static int session_get_transaction(lua_State *L) {
  if (la_check_session(L, 1)->levels.count == 0) {
    return 0;
  }
  la_push_transaction(L, la_state_of(L), 1, 1);
  return 1;
}

/* session:get_nested_transaction() → the innermost savepoint, or nil. */
static int session_get_nested_transaction(lua_State *L) {
  uint32_t depth = (uint32_t)la_check_session(L, 1)->levels.count;
  if (depth < 2) {
    return 0;
  }
  la_push_transaction(L, la_state_of(L), 1, depth);
  return 1;
}

void la_open_orm_transaction(lua_State *L, la_state *state) {
  static const luaL_Reg transaction_methods[] = {{"commit", transaction_commit},
                                                 {"rollback", transaction_rollback},
                                                 {"close", transaction_rollback},
                                                 {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__index", transaction_index}, {"__close", transaction_close}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"session_write", session_write}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_SESSION_TRANSACTION, transaction_methods, metamethods);
}

const luaL_Reg la_session_transaction_methods[] = {
    {"begin", session_begin},
    {"begin_nested", session_begin_nested},
    {"in_transaction", session_in_transaction},
    {"in_nested_transaction", session_in_nested_transaction},
    {"commit", session_commit},
    {"rollback", session_rollback},
    {"close", session_close},
    {"reset", session_reset},
    {"invalidate", session_invalidate},
    {"get_transaction", session_get_transaction},
    {"get_nested_transaction", session_get_nested_transaction},
    {NULL, NULL}};
