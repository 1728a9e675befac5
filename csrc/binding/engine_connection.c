/* SPDX-License-Identifier: MIT */
/*
 * Connections and their transactions.
 *
 * A Transaction object names what was begun: the transaction of its connection, or a savepoint. The
 * connection's box keeps the open ones: the outer one in LA_CONNECTION_ROOT, savepoints as a list
 * in LA_CONNECTION_NESTED, innermost last; what ends the outer ends them all.
 */
#include "binding/check.h"
#include "binding/engine_execute.h"
#include "binding/leave.h"
#include "binding/open.h"
#include "binding/push.h"

typedef struct transaction_box {
  la_box box;      /* object: la_connection */
  uint32_t number; /* of the savepoint; 0: the connection's transaction */
  bool active;
} transaction_box;

enum { TRANSACTION_CONNECTION = 1 };

/* ---- connections ---- */

static la_connection_box *check_connection_box(lua_State *L, int index) {
  la_connection_box *box = (la_connection_box *)la_check_box(L, index, LA_BOX_CONNECTION);
  if (box->box.object == NULL) {
    la_raise_status(L, LA_RESOURCE_CLOSED, "This Connection is closed");
  }
  return box;
}

la_connection *la_check_connection(lua_State *L, int index) {
  return check_connection_box(L, index)->box.object;
}

static int connection_gc(lua_State *L) {
  la_connection_box *box = (la_connection_box *)la_to_box(L, 1);
  if (box != NULL && box->box.object != NULL && !box->shared) {
    /* A stream may still hold the connection: it ends with it. */
    la_connection_close(box->box.object);
  }
  return la_box_release(L);
}

static la_connection_box *push_empty(lua_State *L, la_state *state, int engine_index) {
  engine_index = lua_absindex(L, engine_index);
  la_connection_box *box =
      la_push_box(L, state, LA_BOX_CONNECTION, sizeof *box, LA_CONNECTION_GUARD);
  lua_pushvalue(L, engine_index);
  lua_setiuservalue(L, -2, LA_CONNECTION_ENGINE);
  return box;
}

void la_push_connection(lua_State *L, la_state *state, la_connection *connection) {
  if (la_push_known(L, state, connection)) {
    return;
  }
  la_push_engine(L, state, connection->engine);
  la_connection_box *box = push_empty(L, state, -1);
  lua_remove(L, -2);
  box->box.object = la_object_retain(connection);
  box->shared = true;
  la_know(L, state, connection);
}

void la_connection_take_options(lua_State *L, int engine, int connection) {
  lua_getiuservalue(L, engine, LA_ENGINE_SETTINGS);
  lua_getfield(L, -1, "_execution_options");
  lua_setiuservalue(L, connection, LA_CONNECTION_OPTIONS);
  lua_pop(L, 1);
}

/* Marks the transaction objects of the connection at `index` as over: savepoints from `from` on
 * (from 1), and the outer one with `root`. */
static void deactivate(lua_State *L, int index, lua_Integer from, bool root) {
  if (lua_getiuservalue(L, index, LA_CONNECTION_NESTED) == LUA_TTABLE) {
    for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i >= from; i--) {
      lua_rawgeti(L, -1, i);
      ((transaction_box *)lua_touserdata(L, -1))->active = false;
      lua_pop(L, 1);
      lua_pushnil(L);
      lua_rawseti(L, -2, i);
    }
  }
  lua_pop(L, 1);
  if (root) {
    if (lua_getiuservalue(L, index, LA_CONNECTION_ROOT) == LUA_TUSERDATA) {
      ((transaction_box *)lua_touserdata(L, -1))->active = false;
    }
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_setiuservalue(L, index, LA_CONNECTION_ROOT);
  }
}

/* A listener has failed: without telling anybody more, the connection at `index` is rolled back and
 * goes back to its pool. The error on top of the stack goes on. */
static int give_back_and_raise(lua_State *L, int index) {
  const la_connection_box *box = lua_touserdata(L, index);
  la_connection *connection = box->box.object;
  if (connection != NULL && !connection->closed) {
    la_error ignored = LA_ERROR_INIT;
    if (!box->shared) {
      (void)la_connection_rollback(connection, &ignored);
    }
    deactivate(L, index, 1, true);
    la_connection_close(connection);
  }
  return lua_error(L);
}

/* Upvalue: the state. Arguments: engine, connection, whether listeners of engine_connect are told.
 */
static int tell_lent(lua_State *L) {
  la_state *state = la_state_of(L);
  la_engine_tell_checkout(L, state, 1, 2);
  if (lua_toboolean(L, 3)) {
    la_engine_tell_connection(L, state, 1, 2);
  }
  return 0;
}

/* Takes a connection from the pool of the engine at `index` and pushes its box, which listeners are
 * told of; an exhausted pool collects garbage and tries once more. */
static la_connection *push_lent(lua_State *L, la_state *state, int index, bool is_new) {
  la_engine *engine = la_check_engine(L, index);
  la_connection *connection = NULL;
  la_error err = LA_ERROR_INIT;
  index = lua_absindex(L, index);
  la_connection_box *box = push_empty(L, state, index);
  if (la_connection_new(engine, &connection, &err) == LA_TIMEOUT) {
    /* Connections may be held by garbage alone. */
    lua_gc(L, LUA_GCCOLLECT);
    la_error_clear(&err);
    la_connection_new(engine, &connection, &err);
  }
  if (connection == NULL) {
    la_raise_execution(L, engine, &err, LA_TEXT_NONE, 0, false);
  }
  box->box.object = connection;
  la_know(L, state, connection);
  la_connection_take_options(L, index, lua_gettop(L));
  int lent = lua_gettop(L);
  lua_pushlightuserdata(L, state);
  lua_pushcclosure(L, tell_lent, 1);
  lua_pushvalue(L, index);
  lua_pushvalue(L, lent);
  lua_pushboolean(L, is_new);
  if (lua_pcall(L, 3, 0, 0) != LUA_OK) {
    give_back_and_raise(L, lent);
  }
  return connection;
}

/* core.engine_connect(engine, begin_mode or nil, begins) → Connection. With `begins` it is one for
 * engine:begin(): `__close` commits. */
static int core_engine_connect(lua_State *L) {
  static const char *const modes[] = {"DEFERRED", "IMMEDIATE", "EXCLUSIVE", "AUTOCOMMIT", NULL};
  lua_settop(L, 3);
  int mode = lua_isnil(L, 2) ? -1 : luaL_checkoption(L, 2, NULL, modes);
  la_connection *connection = push_lent(L, la_state_of(L), 1, mode < 0);
  if (mode >= 0) {
    connection->begin_mode = (la_begin_mode)mode;
  }
  if (lua_toboolean(L, 3)) {
    la_connection_box *box = lua_touserdata(L, -1);
    box->commits_on_close = true;
  }
  return 1;
}

/* ---- what ends ---- */

/* The place, from 1, of the first of the nested transactions of the connection at `index` of which
 * the savepoint is over; 0 if there is none. */
static lua_Integer first_ended(lua_State *L, int index, const la_connection *connection) {
  lua_Integer place = 0;
  if (lua_getiuservalue(L, index, LA_CONNECTION_NESTED) == LUA_TTABLE) {
    for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i > 0; i--) {
      lua_rawgeti(L, -1, i);
      const transaction_box *box = lua_touserdata(L, -1);
      place = la_connection_has_savepoint(connection, box->number) ? place : i;
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return place;
}

void la_connection_settle(lua_State *L, la_state *state, la_connection *connection) {
  la_push_connection(L, state, connection);
  int index = lua_gettop(L);
  lua_Integer place = connection->in_transaction ? first_ended(L, index, connection) : 1;
  if (place > 0) {
    deactivate(L, index, place, !connection->in_transaction);
  }
  lua_pop(L, 1);
}

static void tell(lua_State *L, la_state *state, int index, la_event event,
                 la_transaction_word word) {
  int top = lua_gettop(L);
  lua_getiuservalue(L, index, LA_CONNECTION_ENGINE);
  bool echoes = ((const la_engine_box *)lua_touserdata(L, -1))->echo;
  const la_connection *connection = la_check_connection(L, index);
  const char *text = la_connection_word(connection, word);
  echoes &= connection->raw != NULL || word == LA_WORD_BEGIN; /* one that was given up gets none */
  if (echoes && word == LA_WORD_BEGIN) {
    la_engine_log_transaction(L, state, index, text);
  }
  if (la_engine_hears(L, state, index, event)) {
    lua_pushvalue(L, index);
    la_event_fire(L, state, event, index, 1);
  }
  if (echoes && word != LA_WORD_BEGIN) {
    la_engine_log_transaction(L, state, index, text);
  }
  lua_settop(L, top);
}

static void end_root(lua_State *L, int index, bool commit) {
  la_connection *connection = la_check_connection(L, index);
  la_error err = LA_ERROR_INIT;
  bool was_open = connection->in_transaction;
  if (was_open) {
    tell(L, la_state_of(L), index, commit ? LA_EVENT_COMMIT : LA_EVENT_ROLLBACK,
         commit ? LA_WORD_COMMIT : LA_WORD_ROLLBACK);
  }
  la_status status =
      commit ? la_connection_commit(connection, &err) : la_connection_rollback(connection, &err);
  if (status < 0) {
    la_raise_execution(L, connection->engine, &err, LA_TEXT_NONE, 0, false);
  }
  deactivate(L, index, 1, true);
}

static int connection_commit(lua_State *L) {
  end_root(L, 1, true);
  return 0;
}

static int connection_rollback(lua_State *L) {
  end_root(L, 1, false);
  return 0;
}

/* Closes the connection at 1 with all that listeners are told of it. */
static int close_told(lua_State *L) {
  la_connection_box *box = (la_connection_box *)la_check_box(L, 1, LA_BOX_CONNECTION);
  la_connection *connection = box->box.object;
  if (connection == NULL || connection->closed) {
    return 0;
  }
  if (connection->in_transaction && !box->shared) {
    tell(L, la_state_of(L), 1, LA_EVENT_ROLLBACK, LA_WORD_ROLLBACK);
  }
  deactivate(L, 1, 1, true);
  la_engine_tell_checkin(L, la_state_of(L), 1);
  la_engine *engine = connection->engine;
  la_connection_close(connection);
  if (engine->root->closed.count > 0) {
    lua_getiuservalue(L, 1, LA_CONNECTION_ENGINE);
    la_engine_tell_closed(L, la_state_of(L), lua_gettop(L));
  }
  return 0;
}

/* Calls `end` with the connection at 1 and `well`; the connection is given back whatever listeners
 * do. */
static void end_connection(lua_State *L, lua_CFunction end, bool well) {
  lua_pushlightuserdata(L, la_state_of(L));
  lua_pushcclosure(L, end, 1);
  lua_pushvalue(L, 1);
  lua_pushboolean(L, well);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
    give_back_and_raise(L, 1);
  }
}

static int connection_close(lua_State *L) {
  la_box *box = la_to_box_of(L, 1, LA_BOX_CONNECTION);
  const la_connection *connection = box != NULL ? box->object : NULL;
  la_error err = LA_ERROR_INIT;
  if (connection != NULL && la_connection_check_outside(connection, &err) < 0) {
    return la_raise(L, &err);
  }
  (void)la_check_box(L, 1, LA_BOX_CONNECTION);
  end_connection(L, close_told, false);
  return 0;
}

/* The block that the connection at 1 was begun with ends, well or not as 2 says. */
static int leave_told(lua_State *L) {
  bool well = lua_toboolean(L, 2);
  const la_connection_box *box = lua_touserdata(L, 1);
  la_connection *connection = box->box.object;
  la_error err = LA_ERROR_INIT;
  la_status status = LA_OK;
  if (box->commits_on_close && connection->in_transaction) {
    tell(L, la_state_of(L), 1, well ? LA_EVENT_COMMIT : LA_EVENT_ROLLBACK,
         well ? LA_WORD_COMMIT : LA_WORD_ROLLBACK);
    status = well ? la_connection_commit(connection, &err) : LA_OK;
    if (!well) {
      la_error ignored = LA_ERROR_INIT;
      (void)la_connection_rollback(connection, &ignored);
    }
    deactivate(L, 1, 1, true);
  }
  close_told(L);
  return status < 0 ? la_raise_execution(L, connection->engine, &err, LA_TEXT_NONE, 0, false) : 0;
}

/* Commits if this is the connection of engine:begin() and its block ends well. */
static int connection_leave(lua_State *L) {
  bool well = la_leaves_normally(L, 2);
  const la_connection *connection = la_check_box(L, 1, LA_BOX_CONNECTION)->object;
  if (connection != NULL && !connection->closed) {
    end_connection(L, leave_told, well);
  }
  return 0;
}

/* ---- transactions ---- */

static transaction_box *push_transaction(lua_State *L, la_state *state, int connection_index) {
  connection_index = lua_absindex(L, connection_index);
  transaction_box *box = la_push_box(L, state, LA_BOX_TRANSACTION, sizeof *box, 1);
  box->box.object = la_object_retain(la_check_connection(L, connection_index));
  lua_pushvalue(L, connection_index);
  lua_setiuservalue(L, -2, TRANSACTION_CONNECTION);
  return box;
}

/* Pushes the object of the connection's open transaction, made if it began by itself; nil if there
 * is none. */
static void push_root(lua_State *L, la_state *state, int index) {
  la_connection *connection = la_check_connection(L, index);
  if (!connection->in_transaction) {
    lua_pushnil(L);
    return;
  }
  if (lua_getiuservalue(L, index, LA_CONNECTION_ROOT) == LUA_TUSERDATA) {
    return;
  }
  lua_pop(L, 1);
  push_transaction(L, state, index)->active = true;
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, index, LA_CONNECTION_ROOT);
}

/* core.connection_begin(connection) → Transaction. */
static int core_connection_begin(lua_State *L) {
  la_state *state = la_state_of(L);
  la_connection *connection = la_check_connection(L, 1);
  la_error err = LA_ERROR_INIT;
  lua_settop(L, 1);
  la_connection_check_guard(L, 1);
  if (connection->raw == NULL) {
    la_engine_reconnect(L, state, 1);
  }
  transaction_box *box = push_transaction(L, state, 1);
  if (la_connection_begin(connection, &err) < 0) {
    return la_raise_execution(L, connection->engine, &err, LA_TEXT_NONE, 0, false);
  }
  box->active = true;
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, LA_CONNECTION_ROOT);
  tell(L, state, 1, LA_EVENT_BEGIN, LA_WORD_BEGIN);
  return 1;
}

/* Pushes the list of open savepoints. */
static void push_nested(lua_State *L, int index) {
  if (lua_getiuservalue(L, index, LA_CONNECTION_NESTED) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, index, LA_CONNECTION_NESTED);
  }
}

void la_connection_begin_told(lua_State *L, la_state *state, int index) {
  la_execution x = {.L = L,
                    .state = state,
                    .connection = la_check_connection(L, index),
                    .connection_index = index};
  lua_getiuservalue(L, index, LA_CONNECTION_ENGINE);
  x.engine_index = lua_gettop(L);
  x.engine_box = lua_touserdata(L, -1);
  x.engine = x.engine_box->box.object;
  la_execution_begin(&x);
  lua_pop(L, 1);
}

void la_connection_tell_savepoint(lua_State *L, la_state *state, int index, la_event event,
                                  uint32_t number) {
  int top = lua_gettop(L);
  if (la_engine_hears(L, state, index, event)) {
    lua_pushvalue(L, index);
    lua_pushfstring(L, "sa_savepoint_%d", (int)number);
    lua_settop(L, top + (event == LA_EVENT_SAVEPOINT ? 2 : 3));
    la_event_fire(L, state, event, index, lua_gettop(L) - top);
  }
  lua_settop(L, top);
}

/* core.connection_begin_nested(connection) → Transaction. */
static int core_connection_begin_nested(lua_State *L) {
  la_state *state = la_state_of(L);
  la_connection *connection = la_check_connection(L, 1);
  la_error err = LA_ERROR_INIT;
  lua_settop(L, 1);
  la_connection_check_guard(L, 1);
  la_connection_begin_told(L, state, 1);
  transaction_box *box = push_transaction(L, state, 1);
  push_nested(L, 1);
  la_connection_tell_savepoint(L, state, 1, LA_EVENT_SAVEPOINT,
                               la_connection_next_savepoint(connection));
  la_connection_tell_sent(L, state, 1, "SAVEPOINT", la_connection_next_savepoint(connection), true);
  if (la_connection_savepoint(connection, &box->number, &err) < 0) {
    return la_raise_execution(L, connection->engine, &err, LA_TEXT_NONE, 0, false);
  }
  la_connection_tell_sent(L, state, 1, "SAVEPOINT", box->number, false);
  box->active = true;
  lua_pushvalue(L, 2);
  lua_rawseti(L, 3, (lua_Integer)lua_rawlen(L, 3) + 1);
  lua_settop(L, 2);
  return 1;
}

/* core.connection_guard(connection, transaction or nil) → the one before. */
static int core_connection_guard(lua_State *L) {
  la_connection_box *box = check_connection_box(L, 1);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, LA_CONNECTION_GUARD);
  lua_pushvalue(L, 2);
  box->guarded = la_to_box_of(L, 2, LA_BOX_TRANSACTION) != NULL;
  lua_setiuservalue(L, 1, LA_CONNECTION_GUARD);
  return 1;
}

void la_connection_check_guard(lua_State *L, int index) {
  const la_connection_box *box = lua_touserdata(L, index);
  if (box->guarded) {
    lua_getiuservalue(L, index, LA_CONNECTION_GUARD);
    if (!((const transaction_box *)lua_touserdata(L, -1))->active) {
      la_raise_status(L, LA_INVALID_REQUEST,
                      "Can't operate on closed transaction inside context manager.  Please "
                      "complete the context manager before "
                      "emitting further commands.");
    }
    lua_pop(L, 1);
  }
}

/* The transaction at `index`; its connection's box is pushed. */
static transaction_box *check_transaction(lua_State *L, int index) {
  transaction_box *box = (transaction_box *)la_check_box(L, index, LA_BOX_TRANSACTION);
  lua_getiuservalue(L, index, TRANSACTION_CONNECTION);
  return box;
}

/* Where the savepoint stands among the connection's, from 1; 0: not there. */
static lua_Integer place_of(lua_State *L, int index, const transaction_box *box) {
  lua_Integer place = 0;
  if (lua_getiuservalue(L, index, LA_CONNECTION_NESTED) == LUA_TTABLE) {
    for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i > 0 && place == 0; i--) {
      lua_rawgeti(L, -1, i);
      place = lua_touserdata(L, -1) == box ? i : 0;
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return place;
}

static void end_nested(lua_State *L, transaction_box *box, int index, bool commit) {
  la_state *state = la_state_of(L);
  la_connection *connection = box->box.object;
  const char *what = commit ? "RELEASE SAVEPOINT" : "ROLLBACK TO SAVEPOINT";
  la_error err = LA_ERROR_INIT;
  lua_Integer place = place_of(L, index, box);
  la_connection_tell_savepoint(L, state, index,
                               commit ? LA_EVENT_RELEASE_SAVEPOINT : LA_EVENT_ROLLBACK_SAVEPOINT,
                               box->number);
  la_connection_tell_sent(L, state, index, what, box->number, true);
  la_status status = commit ? la_connection_release(connection, box->number, &err)
                            : la_connection_rollback_to(connection, box->number, false, &err);
  box->active = status < 0 && commit;
  if (status < 0) {
    la_raise_execution(L, connection->engine, &err, LA_TEXT_NONE, 0, false);
  }
  if (place > 0) {
    deactivate(L, index, place, false);
  }
  la_connection_tell_sent(L, state, index, what, box->number, false);
}

static void end_transaction(lua_State *L, bool commit) {
  transaction_box *box = check_transaction(L, 1);
  int connection = lua_gettop(L);
  if (!box->active) {
    if (commit) {
      la_raise_status(L, LA_INVALID_REQUEST, "This %stransaction is inactive",
                      box->number > 0 ? "nested " : "");
    }
  } else if (box->number == 0) {
    end_root(L, connection, commit);
  } else {
    end_nested(L, box, connection, commit);
  }
}

static int transaction_commit(lua_State *L) {
  end_transaction(L, true);
  return 0;
}

static int transaction_rollback(lua_State *L) {
  end_transaction(L, false);
  return 0;
}

/* `__close`: a failed commit is rolled back. */
static int transaction_leave(lua_State *L) {
  bool well = la_leaves_normally(L, 2);
  transaction_box *box = check_transaction(L, 1);
  la_connection *connection = box->box.object;
  int index = lua_gettop(L);
  la_error err = LA_ERROR_INIT;
  if (!box->active || connection == NULL || connection->closed) {
    return 0;
  }
  if (!well || box->number != 0) {
    end_transaction(L, well);
    return 0;
  }
  tell(L, la_state_of(L), index, LA_EVENT_COMMIT, LA_WORD_COMMIT);
  la_status status = la_connection_commit(connection, &err);
  if (status < 0) {
    la_error ignored = LA_ERROR_INIT;
    la_connection_rollback(connection, &ignored);
  }
  deactivate(L, index, 1, true);
  return status < 0 ? la_raise_execution(L, connection->engine, &err, LA_TEXT_NONE, 0, false) : 0;
}

static int transaction_index(lua_State *L) {
  const transaction_box *box = lua_touserdata(L, 1);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL || lua_type(L, 2) != LUA_TSTRING) {
    return 1;
  }
  const char *name = lua_tostring(L, 2);
  if (strcmp(name, "is_active") == 0) {
    lua_pushboolean(L, box->active);
  } else if (strcmp(name, "is_valid") == 0) {
    const la_connection *connection = box->box.object;
    lua_pushboolean(L, box->active && connection != NULL && !connection->doomed &&
                           !connection->invalidated && !connection->closed);
  } else if (strcmp(name, "connection") == 0) {
    lua_getiuservalue(L, 1, TRANSACTION_CONNECTION);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* ---- asking ---- */

static int connection_in_transaction(lua_State *L) {
  lua_pushboolean(L, la_check_connection(L, 1)->in_transaction);
  return 1;
}

static int connection_get_transaction(lua_State *L) {
  push_root(L, la_state_of(L), 1);
  return 1;
}

static int connection_get_nested_transaction(lua_State *L) {
  la_check_connection(L, 1);
  if (lua_getiuservalue(L, 1, LA_CONNECTION_NESTED) == LUA_TTABLE) {
    lua_rawgeti(L, -1, (lua_Integer)lua_rawlen(L, -1));
  }
  return 1;
}

static int connection_in_nested_transaction(lua_State *L) {
  lua_pushboolean(L, la_connection_innermost_savepoint(la_check_connection(L, 1)) > 0);
  return 1;
}

static int connection_index(lua_State *L) {
  const la_connection_box *box = lua_touserdata(L, 1);
  const la_connection *connection = box->box.object;
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL || lua_type(L, 2) != LUA_TSTRING) {
    return 1;
  }
  const char *name = lua_tostring(L, 2);
  if (strcmp(name, "closed") == 0) {
    lua_pushboolean(L, connection == NULL || connection->closed);
  } else if (strcmp(name, "invalidated") == 0) {
    lua_pushboolean(L, connection != NULL && connection->invalidated && !connection->closed);
  } else if (strcmp(name, "engine") == 0) {
    lua_getiuservalue(L, 1, LA_CONNECTION_ENGINE);
  } else {
    la_push_hook(L, la_state_of(L), "connection_field");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_call(L, 3, 1);
  }
  return 1;
}

void la_open_connection(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"engine_connect", core_engine_connect},
                                       {"connection_begin", core_connection_begin},
                                       {"connection_begin_nested", core_connection_begin_nested},
                                       {"connection_guard", core_connection_guard},
                                       {"connection_exec_ddl", la_connection_exec_ddl},
                                       {NULL, NULL}};
  static const luaL_Reg methods[] = {{"execute", la_connection_execute},
                                     {"scalar", la_connection_scalar},
                                     {"scalars", la_connection_scalars},
                                     {"exec_driver_sql", la_connection_exec_driver_sql},
                                     {"commit", connection_commit},
                                     {"rollback", connection_rollback},
                                     {"close", connection_close},
                                     {"in_transaction", connection_in_transaction},
                                     {"in_nested_transaction", connection_in_nested_transaction},
                                     {"get_transaction", connection_get_transaction},
                                     {"get_nested_transaction", connection_get_nested_transaction},
                                     {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__index", connection_index},
                                         {"__gc", connection_gc},
                                         {"__close", connection_leave},
                                         {NULL, NULL}};
  static const luaL_Reg transaction_methods[] = {{"commit", transaction_commit},
                                                 {"rollback", transaction_rollback},
                                                 {"close", transaction_rollback},
                                                 {NULL, NULL}};
  static const luaL_Reg transaction_metamethods[] = {
      {"__index", transaction_index}, {"__close", transaction_leave}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_CONNECTION, methods, metamethods);
  la_register_class(L, state, LA_BOX_TRANSACTION, transaction_methods, transaction_metamethods);
}
