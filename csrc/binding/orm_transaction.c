/* SPDX-License-Identifier: MIT */
/*
 * begin, begin_nested, and the transaction object that they give.
 *
 * A transaction object names a level of its session: the outermost, or a savepoint. It serves as
 * `<close>`: commits when the block is left without an error, rolls back otherwise.
 */
#include "binding/orm_session.h"

#include "binding/leave.h"
#include "binding/orm_load.h"

typedef struct transaction_box {
  la_box box;
  uint32_t depth;          /* how many levels there were with it: 1 is the outermost */
  la_session_level *level; /* compared only, never followed */
} transaction_box;

static transaction_box *check_transaction(lua_State *L, int index, la_session **session_out) {
  transaction_box *box = (transaction_box *)la_check_box(L, index, LA_BOX_SESSION_TRANSACTION);
  lua_getiuservalue(L, index, 1);
  *session_out = la_check_session(L, -1);
  return box; /* the session stays on the stack */
}

static bool is_open(const transaction_box *box, const la_session *session) {
  return session->levels.count >= box->depth && session->levels.items[box->depth - 1] == box->level;
}

/* Ends the levels inside the one of `box`, and it. */
static void finish(lua_State *L, transaction_box *box, la_session *session, int session_index,
                   bool commit) {
  la_state *state = la_state_of(L);
  la_error err = LA_ERROR_INIT;
  if (!is_open(box, session)) {
    la_raise_status(L, LA_RESOURCE_CLOSED, "This transaction is closed");
  }
  if (commit) {
    if (la_session_check(session, &err) < 0) {
      la_raise_orm(L, &err);
    }
    la_session_flush_all(L, state, session_index);
  }
  la_status status = LA_OK;
  la_session_listen(L, state, session);
  while (status >= 0 && is_open(box, session)) {
    status = commit ? la_session_commit(session, false, &err)
                    : la_session_rollback(session, false, &err);
  }
  la_session_settle(L, state, session);
  la_session_tell(L, state, session);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
}

static int transaction_commit(lua_State *L) {
  la_session *session;
  transaction_box *box = check_transaction(L, 1, &session);
  finish(L, box, session, lua_gettop(L), true);
  return 0;
}

static int transaction_rollback(lua_State *L) {
  la_session *session;
  transaction_box *box = check_transaction(L, 1, &session);
  finish(L, box, session, lua_gettop(L), false);
  return 0;
}

static int transaction_close(lua_State *L) {
  la_session *session;
  lua_settop(L, 2);
  bool commit = la_leaves_normally(L, 2);
  transaction_box *box = check_transaction(L, 1, &session);
  if (is_open(box, session)) {
    finish(L, box, session, lua_gettop(L), commit && session->phase != LA_SESSION_INACTIVE);
  }
  return 0;
}

static int transaction_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  la_session *session;
  transaction_box *box = check_transaction(L, 1, &session);
  const char *name = luaL_checkstring(L, 2);
  if (strcmp(name, "is_active") == 0) {
    lua_pushboolean(L, is_open(box, session) && session->phase != LA_SESSION_INACTIVE);
  } else if (strcmp(name, "nested") == 0) {
    lua_pushboolean(L, box->depth > 1);
  } else if (strcmp(name, "session") == 0) {
    lua_getiuservalue(L, 1, 1);
  } else if (strncmp(name, "__", 2) == 0) {
    lua_pushnil(L);
  } else {
    return la_raise_status(L, LA_INVALID_REQUEST, "a SessionTransaction has no field '%s'", name);
  }
  return 1;
}

static void push_transaction(lua_State *L, la_state *state, la_session *session) {
  transaction_box *box = la_push_box(L, state, LA_BOX_SESSION_TRANSACTION, sizeof *box, 1);
  box->depth = (uint32_t)session->levels.count;
  box->level = session->levels.items[session->levels.count - 1];
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
}

/* After the function of the function form: commits and gives its results, or rolls back and raises
 * its error. Stack: session, function, transaction, results or error. */
static int after_function(lua_State *L, int status, lua_KContext context) {
  la_session *session;
  (void)context;
  transaction_box *box = check_transaction(L, 3, &session);
  lua_pop(L, 1);
  if (status == LUA_OK || status == LUA_YIELD) {
    if (is_open(box, session)) {
      finish(L, box, session, 1, true);
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
  push_transaction(L, state, session);
  if (!function) {
    return 1;
  }
  lua_toclose(L, 3); /* a coroutine that is closed inside the function rolls back */
  lua_pushvalue(L, 2);
  lua_pushvalue(L, nested ? 3 : 1);
  return after_function(L, lua_pcallk(L, 1, LUA_MULTRET, 0, 0, after_function), 0);
}

static int session_begin(lua_State *L) {
  return begin(L, false);
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

void la_open_orm_transaction(lua_State *L, la_state *state) {
  static const luaL_Reg transaction_methods[] = {{"commit", transaction_commit},
                                                 {"rollback", transaction_rollback},
                                                 {"close", transaction_rollback},
                                                 {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__index", transaction_index}, {"__close", transaction_close}, {NULL, NULL}};
  la_register_class(L, state, LA_BOX_SESSION_TRANSACTION, transaction_methods, metamethods);
}

const luaL_Reg la_session_transaction_methods[] = {
    {"begin", session_begin},
    {"begin_nested", session_begin_nested},
    {"in_transaction", session_in_transaction},
    {"in_nested_transaction", session_in_nested_transaction},
    {NULL, NULL}};
