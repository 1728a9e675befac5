/* SPDX-License-Identifier: MIT */
/*
 * Error objects are made by lualchemy.exc (hook "error": class name, message, fields → object). If
 * that is not loaded yet it is required; if that fails too, the error is a string.
 */
#include "binding/raise.h"

#include "binding/open.h"

#define MAX_TRACE_FRAMES 24

/* ---- places ---- */

/* True if the chunk name begins as one of our own. `homes` is the stack index of the sequence of
 * beginnings. */
static bool is_own_chunk(lua_State *L, int homes, const char *source) {
  bool own = false;
  for (lua_Integer i = 1; !own && lua_rawgeti(L, homes, i) == LUA_TSTRING; i++) {
    size_t len;
    const char *home = lua_tolstring(L, -1, &len);
    own = strncmp(source, home, len) == 0;
    lua_pop(L, 1);
  }
  if (!own) {
    lua_pop(L, 1); /* what was not a string */
  }
  return own;
}

void la_push_where(lua_State *L) {
  la_state *state = la_state_find(L);
  luaL_checkstack(L, 4, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->homes);
  int homes = lua_gettop(L);
  lua_Debug ar;
  for (int level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline >= 0 && !is_own_chunk(L, homes, ar.source)) {
      lua_pushfstring(L, "%s:%d", ar.short_src, ar.currentline);
      lua_remove(L, homes);
      return;
    }
  }
  lua_settop(L, homes - 1);
  lua_pushnil(L);
}

/* core.where() → the caller's place, and a traceback: one line a frame, "\tapp.lua:12: in save".
 * Names are those of the call, not searched for among the loaded modules, so that it stays cheap.
 */
static int core_where(lua_State *L) {
  la_push_where(L);
  luaL_Buffer trace;
  luaL_buffinit(L, &trace);
  luaL_addstring(&trace, "stack traceback:");
  lua_Debug ar;
  int level = 1;
  for (; level <= MAX_TRACE_FRAMES && lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sln", &ar);
    luaL_addstring(&trace, "\n\t");
    luaL_addstring(&trace, ar.short_src);
    if (ar.currentline >= 0) {
      char line[16];
      snprintf(line, sizeof line, ":%d", ar.currentline);
      luaL_addstring(&trace, line);
    }
    luaL_addstring(&trace, ": in ");
    luaL_addstring(&trace, ar.name           ? ar.name
                           : *ar.what == 'm' ? "main chunk"
                           : *ar.what == 'C' ? "?"
                                             : "function");
  }
  if (lua_getstack(L, level, &ar)) {
    luaL_addstring(&trace, "\n\t...");
  }
  luaL_pushresult(&trace);
  return 2;
}

/* core.home(): chunks that lie in the folder of the calling chunk are our own. */
static int core_home(lua_State *L) {
  la_state *state = la_state_of(L);
  lua_Debug ar;
  lua_settop(L, 0);
  if (lua_getstack(L, 1, &ar)) {
    lua_getinfo(L, "S", &ar);
    const char *slash = strrchr(ar.source, '/'), *backslash = strrchr(ar.source, '\\');
    const char *end = !slash || (backslash && backslash > slash) ? backslash : slash;
    if (end) {
      lua_rawgeti(L, LUA_REGISTRYINDEX, state->homes);
      lua_pushlstring(L, ar.source, (size_t)(end - ar.source) + 1);
      lua_rawseti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
    }
  }
  return 0;
}

/* ---- making the object ---- */

static bool is_of_database(la_status status) {
  switch (status) {
  case LA_DBAPI:
  case LA_INTERFACE:
  case LA_DATABASE:
  case LA_DATA:
  case LA_OPERATIONAL:
  case LA_INTEGRITY:
  case LA_INTERNAL:
  case LA_PROGRAMMING:
  case LA_NOT_SUPPORTED:
    return true;
  default:
    return false;
  }
}

static void set_text(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void set_flag(lua_State *L, const char *name, bool flag) {
  if (flag) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, name);
  }
}

/* Pushes the table of fields beside the message. */
static void push_fields(lua_State *L, const la_error *err, const la_failure *failure) {
  lua_createtable(L, 0, 8);
  if (err->code[0]) {
    set_text(L, "code", err->code);
  }
  if (failure->statement.bytes) {
    lua_pushlstring(L, failure->statement.bytes, failure->statement.len);
    lua_setfield(L, -2, "statement");
  }
  if (failure->params_index) {
    lua_pushvalue(L, failure->params_index);
    lua_setfield(L, -2, "params");
  }
  set_flag(L, "ismulti", failure->executemany);
  set_flag(L, "hide_parameters", failure->hide_parameters);
  set_flag(L, "connection_invalidated", failure->connection_invalidated);
  if (failure->orig_index) {
    lua_pushvalue(L, failure->orig_index);
    lua_setfield(L, -2, "orig");
  } else if (is_of_database(err->status)) {
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, err->driver_code);
    lua_setfield(L, -2, "code");
    lua_pushinteger(L, err->extended_code);
    lua_setfield(L, -2, "extended_code");
    set_text(L, "message", err->message);
    set_text(L, "dialect", failure->dialect ? failure->dialect : "sqlite");
    lua_setfield(L, -2, "orig");
  }
}

/* Pushes the function that makes error objects; false if there is none. */
static bool push_maker(lua_State *L, la_state *state) {
  if (la_push_hook_if(L, state, "error")) {
    return true;
  }
  if (lua_getglobal(L, "require") == LUA_TFUNCTION) {
    lua_pushliteral(L, "lualchemy.exc");
    lua_pcall(L, 1, 1, 0);
  }
  lua_pop(L, 1);
  return la_push_hook_if(L, state, "error");
}

void la_push_failure(lua_State *L, const la_error *err, const la_failure *failure) {
  la_state *state = la_state_find(L);
  la_failure at = *failure;
  at.params_index = at.params_index ? lua_absindex(L, at.params_index) : 0;
  at.orig_index = at.orig_index ? lua_absindex(L, at.orig_index) : 0;
  luaL_checkstack(L, 8, NULL);
  if (err->status == LA_HOST) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->kept);
    lua_pushboolean(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, state->kept);
    return;
  }
  if (err->status == LA_NOMEM) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->nomem);
    if (lua_toboolean(L, -1)) {
      return;
    }
    lua_pop(L, 1);
  }
  if (!push_maker(L, state)) {
    lua_pushfstring(L, "%s: %s", la_status_class(err->status), err->message);
    return;
  }
  lua_pushstring(L, la_status_class(err->status));
  lua_pushstring(L, err->message);
  push_fields(L, err, &at);
  lua_call(L, 3, 1);
}

void la_push_error(lua_State *L, const la_error *err) {
  la_push_failure(L, err, &(la_failure){.params_index = 0});
}

int la_raise_failure(lua_State *L, const la_error *err, const la_failure *failure) {
  la_push_failure(L, err, failure);
  return lua_error(L);
}

int la_raise(lua_State *L, const la_error *err) {
  la_push_error(L, err);
  return lua_error(L);
}

int la_raise_statement(lua_State *L, const la_error *err, la_text statement, int params_index) {
  return la_raise_failure(L, err,
                          &(la_failure){.statement = statement, .params_index = params_index});
}

int la_raise_status(lua_State *L, la_status status, const char *format, ...) {
  la_error err = LA_ERROR_INIT;
  va_list args;
  va_start(args, format);
  la_fail_va(&err, status, NULL, format, args);
  va_end(args);
  return la_raise(L, &err);
}

void la_keep_error(lua_State *L) {
  la_state *state = la_state_find(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, state->kept);
}

/* ---- arguments ---- */

/* What the value at `index` is, for a message. */
static const char *describe_kind(lua_State *L, int index) {
  if (lua_type(L, index) == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index)) {
    return "la.null";
  }
  if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) {
    return lua_tostring(L, -1);
  }
  return lua_isnone(L, index) ? "no value" : luaL_typename(L, index);
}

/* A number that is not the one expected says more than its type. */
static const char *describe_number(lua_State *L, int index, const char *expected) {
  bool wants = strncmp(expected, "number", 6) == 0 || strncmp(expected, "integer", 7) == 0;
  return wants && lua_type(L, index) == LUA_TNUMBER ? luaL_tolstring(L, index, NULL) : NULL;
}

int la_raise_argument(lua_State *L, int argument, const char *expected) {
  luaL_checkstack(L, 8, NULL);
  lua_Debug ar;
  la_state *state = la_state_find(L);
  const char *name = "?";
  int shown = argument;
  if (lua_getstack(L, 0, &ar)) {
    lua_getinfo(L, "n", &ar);
    name = ar.name ? ar.name : "?";
    if (strcmp(ar.namewhat, "method") == 0) {
      shown--;
    } else if (!ar.name && state &&
               state->calling) { /* a method called by one of ours, on behalf of the program */
      name = state->calling;
      shown -= state->calling_self;
    }
  }
  if (lua_isboolean(L, argument) && strncmp(expected, "condition", 9) == 0) {
    return la_raise_status(
        L, LA_ARGUMENT,
        "bad argument #%d to '%s': a boolean is no condition: User.name == \"x\" compares in Lua; "
        "write User.name:eq \"x\"",
        shown, name);
  }
  const char *kind = describe_number(L, argument, expected);
  if (kind == NULL) {
    kind = describe_kind(L, argument);
  }
  if (shown == 0) { /* functions of a module are no methods of it */
    bool of_module = strcmp(kind, "lualchemy") == 0 || strcmp(kind, "lualchemy.orm") == 0;
    return la_raise_status(
        L, LA_ARGUMENT,
        "calling '%s' on a bad self (%s expected, got %s); is a %s written for a %s?", name,
        expected, kind, of_module ? "colon" : "dot", of_module ? "dot" : "colon");
  }
  bool lacks_self = argument == 1 && lua_isnone(L, 1) &&
                    strncmp(expected, "lualchemy.", strlen("lualchemy.")) == 0;
  return la_raise_status(L, LA_ARGUMENT, "bad argument #%d to '%s' (%s expected, got %s)%s", shown,
                         name, expected, kind, lacks_self ? "; is a dot written for a colon?" : "");
}

/* core.no_memory(object): what out of memory raises, made while there is some. */
static int core_no_memory(lua_State *L) {
  la_state *state = la_state_of(L);
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  lua_rawseti(L, LUA_REGISTRYINDEX, state->nomem);
  return 0;
}

void la_open_raise(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"where", core_where}, {"home", core_home}, {"no_memory", core_no_memory}, {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
