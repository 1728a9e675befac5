/* SPDX-License-Identifier: MIT */
/*
 * Functions, collations and hooks that are written in Lua.
 *
 * The database calls them while some statement is stepped, whoever steps it; so they run on a
 * thread of their own, which is made with the first of them and lives as long as the Lua state. The
 * core knows a function by its host number; the engine's settings keep it alive. An error is kept
 * and raised unchanged by whoever has stepped. A yield is an error, for there is C in between.
 */
#include "binding/check.h"
#include "binding/engine.h"
#include "binding/event.h"
#include "binding/host.h"
#include "binding/open.h"
#include "binding/push.h"

typedef struct lua_call_request {
  la_state *state;
  int64_t number;
  la_callback_call *call;
} lua_call_request;

/* The key under which the objects of open groups are kept in the registry. */
static const char instances_key = 0;

static void push_instances(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &instances_key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &instances_key);
  }
}

/* Pushes the object of the group, made by calling the class if there is none yet. */
static void push_instance(lua_State *L, la_state *state, int class, int64_t *instance) {
  push_instances(L);
  if (*instance != 0 && lua_rawgeti(L, -1, *instance) != LUA_TNIL) {
    lua_remove(L, -2);
    return;
  }
  lua_settop(L, class + 1);
  la_push_hook(L, state, "new_aggregate");
  lua_pushvalue(L, class);
  lua_call(L, 1, 1);
  lua_pushvalue(L, -1);
  *instance = luaL_ref(L, class + 1);
  lua_remove(L, class + 1);
}

static const char *method_of(la_callback_event event) {
  switch (event) {
  case LA_CALLBACK_STEP:
    return "step";
  case LA_CALLBACK_INVERSE:
    return "inverse";
  case LA_CALLBACK_VALUE:
    return "value";
  default:
    return "finalize";
  }
}

/* The Lua value on top of the stack as the database takes it; it stays there, so its bytes do. */
static void read_result(lua_State *L, la_state *state, la_callback_call *call) {
  la_value value;
  bool host = false;
  la_error err = LA_ERROR_INIT;
  if (la_value_from_lua(L, -1, NULL, call->scratch, &value, &host, &err) < 0) {
    la_raise(L, &err);
  }
  if (host || value.kind == LA_VALUE_HOST) {
    la_raise_status(L, LA_INTERFACE,
                    "a function gave the database a %s; it takes nil, booleans, "
                    "numbers, strings, dates and decimals",
                    luaL_typename(L, -1));
  }
  if (la_type_bind(state->types.null, &value, &call->result, call->scratch, &err) < 0) {
    la_raise(L, &err);
  }
}

static void compare(lua_State *L, la_callback_call *call) {
  if (!lua_isnumber(L, -1)) {
    la_raise_status(L, LA_INTERFACE,
                    "a collation gives a number that is negative, 0 or positive, not a %s",
                    luaL_typename(L, -1));
  }
  lua_Number order = lua_tonumber(L, -1);
  call->answer = (order > 0) - (order < 0);
}

/* What an authorizer says: "OK" or true, "DENY" or false, "IGNORE". Nothing else, nil least of all:
 * a forgotten answer must not open a door. */
static void read_permission(lua_State *L, la_callback_call *call) {
  static const char *const answers[] = {"OK", "DENY", "IGNORE"};
  if (lua_isboolean(L, -1)) {
    call->answer = !lua_toboolean(L, -1);
    return;
  }
  for (int i = 0; lua_type(L, -1) == LUA_TSTRING && i < 3; i++) {
    if (strcmp(lua_tostring(L, -1), answers[i]) == 0) {
      call->answer = i;
      return;
    }
  }
  la_raise_status(L, LA_INTERFACE,
                  "an authorizer gives true or \"OK\", false or \"DENY\", or \"IGNORE\", not %s",
                  luaL_tolstring(L, -1, NULL));
}

/* Takes over what the function, whose value is on top of the stack, has said. */
static void read_answer(lua_State *L, la_state *state, la_callback_call *call) {
  switch (call->event) {
  case LA_CALLBACK_STEP:
  case LA_CALLBACK_INVERSE:
  case LA_CALLBACK_UPDATE:
  case LA_CALLBACK_ROLLBACK:
    break;
  case LA_CALLBACK_COMPARE:
    compare(L, call);
    break;
  case LA_CALLBACK_AUTHORIZE:
    read_permission(L, call);
    break;
  case LA_CALLBACK_BUSY:
  case LA_CALLBACK_PROGRESS:
  case LA_CALLBACK_COMMIT:
    call->answer = lua_toboolean(L, -1);
    break;
  default:
    read_result(L, state, call);
  }
}

/* Runs protected, on the thread of callbacks: request → result. */
static int run_call(lua_State *L) {
  lua_call_request *request = lua_touserdata(L, 1);
  la_state *state = request->state;
  la_callback_call *call = request->call;
  luaL_checkstack(L, (int)call->count + 12, NULL);
  lua_settop(L, 0);
  la_push_host(L, state, request->number);
  if (lua_isnil(L, 1)) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "the function is gone with the engine that it belongs to");
  }
  if (call->instance != NULL) {
    push_instance(L, state, 1, call->instance);
    lua_getfield(L, 2, method_of(call->event));
    lua_insert(L, 2); /* class, method, object */
  }
  for (uint32_t i = 0; i < call->count; i++) {
    la_push_value(L, state, &call->args[i]);
  }
  int first = call->instance != NULL ? 2 : 1;
  lua_call(L, lua_gettop(L) - first, 1);
  read_answer(L, state, call);
  return 1;
}

static void forget_instance(lua_State *L, int64_t *instance) {
  if (*instance != 0 && lua_rawgetp(L, LUA_REGISTRYINDEX, &instances_key) == LUA_TTABLE) {
    luaL_unref(L, -1, (int)*instance);
    *instance = 0;
  }
}

static la_status call_lua(void *context, int64_t number, la_callback_call *call) {
  la_state *state = context;
  lua_State *L = state->callbacks;
  lua_call_request request = {state, number, call};
  int top = lua_gettop(L);
  if (!lua_checkstack(L, LUA_MINSTACK)) {
    return LA_NOMEM;
  }
  lua_pushcfunction(L, run_call);
  lua_pushlightuserdata(L, &request);
  la_status status = LA_OK;
  if (la_call_program(L, 1, 1) != LUA_OK) {
    la_keep_error(L);
    status = LA_HOST;
  }
  if (call->event == LA_CALLBACK_FINAL) {
    forget_instance(L, call->instance);
  }
  lua_settop(L, top);
  return status;
}

void la_make_callbacks(lua_State *L, la_state *state) {
  if (state->callbacks == NULL) {
    lua_State *thread = lua_newthread(L);
    luaL_ref(L, LUA_REGISTRYINDEX);
    state->callbacks = thread;
  }
}

/* core.engine_extend(engine, kind, name, argument count, deterministic, function, entry): nil takes
 * away what has the name, or the hook. The caller keeps the function alive. */
static int engine_extend(lua_State *L) {
  static const char *const kinds[] = {"function", "aggregate", "window",    "collation",
                                      "load",     "busy",      "authorize", "progress",
                                      "update",   "commit",    "rollback",  NULL};
  la_state *state = la_state_of(L);
  la_engine *engine = la_check_engine(L, 1);
  la_error err = LA_ERROR_INIT;
  la_extension extension = {.kind = (la_extension_kind)luaL_checkoption(L, 2, NULL, kinds),
                            .arg_count = (int)luaL_checkinteger(L, 4),
                            .deterministic = lua_toboolean(L, 5),
                            .context = state};
  extension.name = la_check_text(L, 3);
  if (!lua_isnoneornil(L, 7)) {
    extension.entry = la_check_text(L, 7);
  }
  la_make_callbacks(L, state);
  if (!lua_isnil(L, 6)) {
    extension.callback = call_lua;
    extension.number = la_host_number(L, state, 6);
  }
  if (la_engine_extend(engine, &extension, &err) < 0) {
    return la_raise(L, &err);
  }
  return 0;
}

/* core.engine_forget_extension(engine): the newest, which no connection could take over. */
static int engine_forget_extension(lua_State *L) {
  la_engine_forget_extension(la_check_engine(L, 1));
  return 0;
}

void la_open_engine_extend(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"engine_extend", engine_extend},
                                       {"engine_forget_extension", engine_forget_extension},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
