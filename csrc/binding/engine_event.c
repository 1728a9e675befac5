/* SPDX-License-Identifier: MIT */
/*
 * What listeners of pools and errors are told. Listeners of statements are called where statements
 * are run.
 */
#include "binding/check.h"
#include "binding/engine_execute.h"
#include "binding/open.h"
#include "binding/push.h"

_Static_assert(LA_EVENT_HANDLE_ERROR < 32, "events of engines are bits of an uint32_t");

/* Asks once for every change of listeners. */
static void look_who_listens(lua_State *L, la_state *state, int index, la_engine_box *box) {
  uint32_t heard = 0, round = state->event_round;
  for (int event = 0; event <= LA_EVENT_HANDLE_ERROR; event++) {
    heard |= (uint32_t)la_event_reaches(L, state, (la_event)event, index) << event;
  }
  box->heard = heard;
  box->heard_round = round;
}

bool la_engine_hears(lua_State *L, la_state *state, int index, la_event event) {
  if (!la_event_has(state, event)) {
    return false;
  }
  const la_box *box = lua_touserdata(L, index);
  int engine_index = index;
  int top = lua_gettop(L);
  if (box->class == LA_BOX_CONNECTION) {
    const la_connection *connection = box->object;
    if (connection != NULL && connection->heard) {
      return true;
    }
    luaL_checkstack(L, 1, NULL);
    lua_getiuservalue(L, index, LA_CONNECTION_ENGINE);
    engine_index = lua_gettop(L);
  }
  la_engine_box *engine = lua_touserdata(L, engine_index);
  if (engine->heard_round != state->event_round) {
    look_who_listens(L, state, engine_index, engine);
  }
  lua_settop(L, top);
  return engine->heard >> event & 1;
}

/* core.connection_listened(connection): it has a listener of its own. */
static int core_connection_listened(lua_State *L) {
  la_check_connection(L, 1)->heard = true;
  return 0;
}

void la_open_engine_event(lua_State *L) {
  static const luaL_Reg functions[] = {{"connection_listened", core_connection_listened},
                                       {NULL, NULL}};
  la_set_functions(L, functions);
}

/* Calls lualchemy.pool's hook with the connection at `connection` (a Connection, or the serial of
 * one that is closed) and leaves there its raw connection and its record. */
static void push_record(lua_State *L, la_state *state, int engine, int connection) {
  la_push_hook(L, state, "pool_record");
  lua_pushvalue(L, engine);
  lua_pushvalue(L, connection);
  if (lua_isinteger(L, connection)) {
    lua_pushvalue(L, connection);
  } else {
    lua_pushinteger(L, (lua_Integer)la_check_connection(L, connection)->raw->serial);
  }
  lua_call(L, 3, 2);
}

/* Fires a pool event with raw connection, record, and what is on top of the stack, if `count` is
 * three; which is popped. */
static void fire_pool(lua_State *L, la_state *state, la_event event, int engine, int connection,
                      int count) {
  int top = lua_gettop(L) - (count > 2);
  if (la_engine_hears(L, state, engine, event)) {
    push_record(L, state, engine, connection);
    if (count > 2) {
      lua_pushvalue(L, top + 1);
    }
    lua_settop(L, lua_gettop(L) - (count == 1));
    la_event_fire(L, state, event, engine, count);
  }
  lua_settop(L, top);
}

void la_engine_tell_closed(lua_State *L, la_state *state, int engine_index) {
  la_engine *engine = la_check_engine(L, engine_index);
  int top = lua_gettop(L);
  engine_index = lua_absindex(L, engine_index);
  luaL_checkstack(L, 12, NULL);
  while (engine->root->closed.count > 0) {
    la_closed closed = engine->root->closed.items[0];
    engine->root->closed.count--;
    memmove(engine->root->closed.items, engine->root->closed.items + 1,
            engine->root->closed.count * sizeof *engine->root->closed.items);
    lua_pushinteger(L, (lua_Integer)closed.serial);
    fire_pool(L, state, closed.detached ? LA_EVENT_CLOSE_DETACHED : LA_EVENT_CLOSE, engine_index,
              top + 1, closed.detached ? 1 : 2);
    la_push_hook(L, state, "pool_forget");
    lua_pushvalue(L, engine_index);
    lua_pushvalue(L, top + 1);
    lua_call(L, 2, 0);
    lua_settop(L, top);
  }
}

/* Upvalue: state. Arguments: engine, connection, whether it is the engine's first. */
static int announce(lua_State *L) {
  la_state *state = lua_touserdata(L, lua_upvalueindex(1));
  if (lua_toboolean(L, 3)) {
    fire_pool(L, state, LA_EVENT_FIRST_CONNECT, 1, 2, 2);
  }
  fire_pool(L, state, LA_EVENT_CONNECT, 1, 2, 2);
  return 0;
}

/* A connection that a listener could not set up is not used again. */
static void tell_connect(lua_State *L, la_state *state, int engine_index, int connection_index) {
  const la_connection *connection = la_check_connection(L, connection_index);
  la_raw *raw = connection->raw;
  la_engine *engine = connection->engine;
  bool first = !engine->root->announced;
  raw->announced = true;
  engine->root->announced = true;
  if (!la_engine_hears(L, state, engine_index, LA_EVENT_FIRST_CONNECT) &&
      !la_engine_hears(L, state, engine_index, LA_EVENT_CONNECT)) {
    return;
  }
  lua_pushlightuserdata(L, state);
  lua_pushcclosure(L, announce, 1);
  lua_pushvalue(L, engine_index);
  lua_pushvalue(L, connection_index);
  lua_pushboolean(L, first);
  la_object_retain(raw);
  if (lua_pcall(L, 3, 0, 0) != LUA_OK) {
    raw->invalid = true;
    raw->announced = false;
    engine->root->announced &= !first;
    la_object_release(raw);
    lua_error(L);
  }
  la_object_release(raw);
}

void la_engine_tell_checkout(lua_State *L, la_state *state, int engine, int connection) {
  int top = lua_gettop(L);
  engine = lua_absindex(L, engine);
  connection = lua_absindex(L, connection);
  luaL_checkstack(L, 12, NULL);
  la_engine_tell_closed(L, state, engine);
  if (!la_check_connection(L, connection)->raw->announced) {
    tell_connect(L, state, engine, connection);
  }
  if (la_engine_hears(L, state, engine, LA_EVENT_CHECKOUT)) {
    push_record(L, state, engine, connection);
    lua_settop(L, top + 1); /* the raw connection stands for what is lent as well */
    fire_pool(L, state, LA_EVENT_CHECKOUT, engine, connection, 3);
  }
  lua_settop(L, top);
}

void la_engine_tell_connection(lua_State *L, la_state *state, int engine, int connection) {
  if (la_engine_hears(L, state, engine, LA_EVENT_ENGINE_CONNECT)) {
    int top = lua_gettop(L);
    lua_pushvalue(L, connection);
    la_event_fire(L, state, LA_EVENT_ENGINE_CONNECT, engine, 1);
    lua_settop(L, top);
  }
}

void la_engine_reconnect(lua_State *L, la_state *state, int connection_index) {
  la_connection *connection = la_check_connection(L, connection_index);
  la_error err = LA_ERROR_INIT;
  if (la_connection_reconnect(connection, &err) < 0) {
    la_raise_execution(L, connection->engine, &err, LA_TEXT_NONE, 0, false);
  }
  connection_index = lua_absindex(L, connection_index);
  lua_getiuservalue(L, connection_index, LA_CONNECTION_ENGINE);
  la_engine_tell_checkout(L, state, lua_gettop(L), connection_index);
  lua_pop(L, 1);
}

void la_engine_tell_invalidate(lua_State *L, la_state *state, int connection, bool soft) {
  int top = lua_gettop(L);
  connection = lua_absindex(L, connection);
  lua_getiuservalue(L, connection, LA_CONNECTION_ENGINE);
  lua_pushvalue(L, top);
  fire_pool(L, state, soft ? LA_EVENT_SOFT_INVALIDATE : LA_EVENT_INVALIDATE, top + 1, connection,
            3);
  lua_settop(L, top);
}

void la_engine_push_record(lua_State *L, la_state *state, int connection) {
  connection = lua_absindex(L, connection);
  if (!la_engine_hears(L, state, connection, LA_EVENT_CHECKIN)) {
    lua_pushnil(L);
    return;
  }
  luaL_checkstack(L, 8, NULL);
  lua_getiuservalue(L, connection, LA_CONNECTION_ENGINE);
  push_record(L, state, lua_gettop(L), connection);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

void la_engine_tell_given_up(lua_State *L, la_state *state, int connection) {
  int record = lua_gettop(L);
  if (!lua_isnil(L, record)) {
    lua_pushnil(L);
    lua_pushvalue(L, record);
    la_event_fire(L, state, LA_EVENT_CHECKIN, connection, 2);
  }
  lua_settop(L, record - 1);
}

void la_engine_tell_detach(lua_State *L, la_state *state, int connection) {
  int top = lua_gettop(L);
  connection = lua_absindex(L, connection);
  lua_getiuservalue(L, connection, LA_CONNECTION_ENGINE);
  fire_pool(L, state, LA_EVENT_DETACH, top + 1, connection, 2);
  lua_settop(L, top);
}

void la_engine_tell_checkin(lua_State *L, la_state *state, int connection) {
  const la_connection *given = la_check_connection(L, connection);
  if (given->raw == NULL || (!la_engine_hears(L, state, connection, LA_EVENT_CHECKIN) &&
                             !la_engine_hears(L, state, connection, LA_EVENT_RESET))) {
    return;
  }
  int top = lua_gettop(L);
  connection = lua_absindex(L, connection);
  luaL_checkstack(L, 12, NULL);
  lua_getiuservalue(L, connection, LA_CONNECTION_ENGINE);
  lua_createtable(L, 0, 3);
  lua_pushboolean(L, given->in_transaction);
  lua_setfield(L, -2, "transaction_was_reset");
  lua_pushboolean(L, given->raw->detached);
  lua_setfield(L, -2, "terminate_only");
  lua_pushboolean(L, 1);
  lua_setfield(L, -2, "asyncio_safe");
  fire_pool(L, state, LA_EVENT_RESET, top + 1, connection, 3);
  if (given->raw != NULL && !given->raw->detached) { /* a listener may have closed it */
    fire_pool(L, state, LA_EVENT_CHECKIN, top + 1, connection, 2);
  }
  lua_settop(L, top);
}

/* Makes the context that listeners of one statement share. */
static void make_context(lua_State *L, la_state *state, const la_told *told) {
  if (!lua_isnil(L, told->context)) {
    return;
  }
  la_push_hook(L, state, "execution_context");
  lua_pushvalue(L, told->source);
  if (told->statement) {
    lua_pushvalue(L, told->statement);
  } else {
    lua_pushnil(L);
  }
  lua_pushvalue(L, told->text);
  lua_pushvalue(L, told->list);
  lua_pushboolean(L, told->many);
  if (told->seconds < 0) {
    lua_pushnil(L);
  } else {
    lua_pushnumber(L, told->seconds);
  }
  if (told->options) {
    lua_pushvalue(L, told->options);
  } else {
    lua_pushnil(L);
  }
  lua_call(L, 7, 1);
  lua_replace(L, told->context);
}

bool la_fire_cursor(lua_State *L, la_state *state, la_event event, const la_told *told) {
  if (!la_engine_hears(L, state, told->source, event)) {
    return false;
  }
  int top = lua_gettop(L);
  luaL_checkstack(L, 12, NULL);
  make_context(L, state, told);
  lua_pushvalue(L, told->source);
  lua_pushvalue(L, told->source); /* the cursor: what executes */
  lua_pushvalue(L, told->text);
  lua_pushvalue(L, told->list);
  lua_pushvalue(L, told->context);
  lua_pushboolean(L, told->many);
  la_event_fire(L, state, event, told->source, 6);
  if (event == LA_EVENT_BEFORE_CURSOR_EXECUTE) {
    lua_pushvalue(L, top + 3);
    lua_replace(L, told->text);
    lua_pushvalue(L, top + 4);
    lua_replace(L, told->list);
  }
  lua_settop(L, top);
  return true;
}

/* before_execute and after_execute of a statement whose text is at `text`. */
static void fire_execute(lua_State *L, la_state *state, int index, int text, la_event event) {
  if (la_engine_hears(L, state, index, event)) {
    int top = lua_gettop(L);
    la_text sql = la_check_text(L, text);
    lua_pushvalue(L, index);
    la_push_node(L, state, la_expr_text(&state->sql, sql), 0, -1);
    la_push_list(L, state, 0);
    lua_newtable(L);
    lua_newtable(L);
    if (event == LA_EVENT_AFTER_EXECUTE) {
      lua_pushnil(L);
    }
    la_event_fire(L, state, event, index, lua_gettop(L) - top);
    lua_settop(L, top);
  }
}

void la_connection_tell_sent(lua_State *L, la_state *state, int index, const char *what,
                             uint32_t number, bool before) {
  static const la_event heard[] = {LA_EVENT_BEFORE_EXECUTE, LA_EVENT_AFTER_EXECUTE,
                                   LA_EVENT_BEFORE_CURSOR_EXECUTE, LA_EVENT_AFTER_CURSOR_EXECUTE};
  int top = lua_gettop(L);
  lua_getiuservalue(L, index, LA_CONNECTION_ENGINE);
  bool echoes = ((const la_engine_box *)lua_touserdata(L, -1))->echo, hears = false;
  for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
    hears |= la_engine_hears(L, state, index, heard[i]);
  }
  if (echoes || hears) {
    lua_pushfstring(L, "%s sa_savepoint_%d", what, (int)number);
    la_push_list(L, state, 0);
    lua_pushnil(L);
    la_told told = {
        .source = index, .text = top + 2, .list = top + 3, .context = top + 4, .seconds = -1};
    if (before) {
      fire_execute(L, state, index, told.text, LA_EVENT_BEFORE_EXECUTE);
    }
    la_fire_cursor(L, state,
                   before ? LA_EVENT_BEFORE_CURSOR_EXECUTE : LA_EVENT_AFTER_CURSOR_EXECUTE, &told);
    if (echoes && before) {
      la_engine_log(L, state, index, lua_tostring(L, told.text), told.list, 0,
                    (la_origin){LA_ORIGIN_NO_KEY, 0}, false);
    }
    if (!before) {
      fire_execute(L, state, index, told.text, LA_EVENT_AFTER_EXECUTE);
    }
  }
  lua_settop(L, top);
}

int la_raise_handled(lua_State *L, la_state *state, const la_failed_sending *at) {
  int error = lua_gettop(L);
  if (la_engine_hears(L, state, at->source, LA_EVENT_HANDLE_ERROR)) {
    const int parts[] = {error, at->source, at->text, at->list, at->context};
    luaL_checkstack(L, 10, NULL);
    la_push_hook(L, state, "exception_context");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
      if (parts[i] != 0) {
        lua_pushvalue(L, parts[i]);
      } else {
        lua_pushnil(L);
      }
    }
    lua_call(L, 5, 1);
    lua_pushvalue(L, -1);
    la_event_fire(L, state, LA_EVENT_HANDLE_ERROR, at->source, 1);
    lua_settop(L, error + 1);
    la_push_hook(L, state, "error_handled");
    lua_insert(L, -2);
    lua_call(L, 1, 0);
  }
  lua_settop(L, error);
  return lua_error(L);
}

int la_execution_raise(la_execution *x, int text, int list) {
  lua_State *L = x->L;
  int error = lua_gettop(L);
  if (x->context_index &&
      la_engine_hears(L, x->state, x->connection_index, LA_EVENT_HANDLE_ERROR)) {
    luaL_checkstack(L, 10, NULL);
    make_context(L, x->state,
                 &(la_told){.source = x->connection_index,
                            .text = text,
                            .list = list,
                            .context = x->context_index,
                            .statement = x->statement_index,
                            .options = x->options_index,
                            .seconds = -1,
                            .many = x->many});
    lua_settop(L, error);
  }
  return la_raise_handled(
      L, x->state,
      &(la_failed_sending){
          .source = x->connection_index, .text = text, .list = list, .context = x->context_index});
}
