/* SPDX-License-Identifier: MIT */
#include "binding/process.h"
#include "binding/check.h"
#include "binding/event.h"

#include "binding/host.h"
#include "binding/push.h"

/* A decorator of a decorator of … at most. */
#define MAX_DEPTH 16

static bool has_flag(const la_type *type, uint32_t flag) {
  for (int depth = 0; type && depth < MAX_DEPTH; depth++) {
    if ((type->flags & flag) && type->host) {
      return true;
    }
    type = type->kind == LA_TYPE_DECORATOR ? type->impl : NULL;
  }
  return false;
}

bool la_type_has_process_bind(const la_type *type) {
  return has_flag(type, LA_TYPE_HOST_BIND);
}

bool la_type_has_process_result(const la_type *type) {
  return has_flag(type, LA_TYPE_HOST_RESULT);
}

bool la_type_has_process_literal(const la_type *type) {
  return type != NULL && type->host != 0;
}

/* value → value', by `method` of the type's Lua object; false if it has no such method. */
static bool process(lua_State *L, la_state *state, const la_type *type, const char *method,
                    int dialect_index) {
  luaL_checkstack(L, 6, NULL);
  if (lua_islightuserdata(L, -1) && !lua_touserdata(L, -1)) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  int value = lua_gettop(L);
  la_push_host(L, state, type->host); /* value, object */
  if (lua_isnil(L, -1) || lua_getfield(L, -1, method) == LUA_TNIL) {
    lua_settop(L, value);
    return false;
  }
  lua_insert(L, -3); /* function, value, object */
  lua_insert(L, -2); /* function, object, value */
  if (dialect_index) {
    lua_pushvalue(L, dialect_index);
  } else {
    lua_pushnil(L);
  }
  la_run_program(L, 3, 1);
  return true;
}

void la_plain_value(lua_State *L) {
  if (lua_istable(L, -1) && luaL_getmetafield(L, -1, "__plain") != LUA_TNIL) {
    lua_insert(L, -2);
    lua_call(L, 1, 1);
  }
}

void la_type_process_bind(lua_State *L, la_state *state, const la_type *type, int dialect_index) {
  dialect_index = dialect_index ? lua_absindex(L, dialect_index) : 0;
  la_plain_value(L);
  for (int depth = 0; type && depth < MAX_DEPTH; depth++) {
    if ((type->flags & LA_TYPE_HOST_BIND) && type->host) {
      process(L, state, type, "process_bind_param", dialect_index);
    }
    type = type->kind == LA_TYPE_DECORATOR ? type->impl : NULL;
  }
}

bool la_type_process_literal(lua_State *L, la_state *state, const la_type *type,
                             int dialect_index) {
  dialect_index = dialect_index ? lua_absindex(L, dialect_index) : 0;
  la_plain_value(L);
  for (int depth = 0; type && depth < MAX_DEPTH; depth++) {
    if (type->host && !la_is_null(L, -1) &&
        process(L, state, type, "process_literal_text", dialect_index)) {
      return true;
    }
    if (type->host && !process(L, state, type, "process_literal_param", dialect_index) &&
        type->flags & LA_TYPE_HOST_BIND) {
      process(L, state, type, "process_bind_param", dialect_index);
    }
    type = type->kind == LA_TYPE_DECORATOR ? type->impl : NULL;
  }
  return false;
}

void la_type_process_result(lua_State *L, la_state *state, const la_type *type, int dialect_index) {
  const la_type *chain[MAX_DEPTH];
  int depth = 0;
  dialect_index = dialect_index ? lua_absindex(L, dialect_index) : 0;
  while (type && depth < MAX_DEPTH) {
    chain[depth++] = type;
    type = type->kind == LA_TYPE_DECORATOR ? type->impl : NULL;
  }
  while (depth-- > 0) {
    if ((chain[depth]->flags & LA_TYPE_HOST_RESULT) && chain[depth]->host) {
      process(L, state, chain[depth], "process_result_value", dialect_index);
    }
  }
}

void la_push_engine_dialect(lua_State *L, la_state *state, const la_engine *engine) {
  luaL_checkstack(L, 4, NULL);
  if (engine && la_push_known(L, state, engine)) {
    lua_getiuservalue(L, -1, LA_ENGINE_DIALECT);
    lua_remove(L, -2);
  } else {
    lua_pushnil(L);
  }
}

/* value → dialect object or nil, value. */
static void push_dialect_below(lua_State *L, la_state *state, const la_engine *engine) {
  la_push_engine_dialect(L, state, engine);
  lua_insert(L, -2);
}

void la_process_bind_of(lua_State *L, la_state *state, const la_type *type,
                        const la_engine *engine) {
  push_dialect_below(L, state, engine);
  la_type_process_bind(L, state, type, -2);
  lua_remove(L, -2);
}

void la_process_result_of(lua_State *L, la_state *state, const la_type *type,
                          const la_engine *engine) {
  push_dialect_below(L, state, engine);
  la_type_process_result(L, state, type, -2);
  lua_remove(L, -2);
}
