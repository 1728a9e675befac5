/* SPDX-License-Identifier: MIT */
#include "binding/push.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/raise.h"
#include "binding/values.h"

void la_push_null(lua_State *L) {
  lua_pushlightuserdata(L, NULL);
}

static void push_interval(lua_State *L, int64_t microseconds) {
  if (microseconds % LA_MICROSECONDS == 0) {
    lua_pushinteger(L, microseconds / LA_MICROSECONDS);
  } else {
    lua_pushnumber(L, (lua_Number)microseconds / (lua_Number)LA_MICROSECONDS);
  }
}

void la_push_value(lua_State *L, la_state *state, const la_value *value) {
  switch ((la_value_kind)value->kind) {
  case LA_VALUE_BOOLEAN:
    lua_pushboolean(L, value->as.integer != 0);
    return;
  case LA_VALUE_INTEGER:
    lua_pushinteger(L, value->as.integer);
    return;
  case LA_VALUE_REAL:
    lua_pushnumber(L, value->as.real);
    return;
  case LA_VALUE_TEXT:
  case LA_VALUE_BLOB:
    lua_pushlstring(L, value->len ? value->as.bytes : "", value->len);
    return;
  case LA_VALUE_DATE:
  case LA_VALUE_TIME:
  case LA_VALUE_DATETIME:
    la_push_moment(L, state, (la_value_kind)value->kind, value->as.integer);
    return;
  case LA_VALUE_INTERVAL:
    push_interval(L, value->as.integer);
    return;
  case LA_VALUE_DECIMAL:
    la_push_decimal(L, state, la_value_bytes(value));
    return;
  case LA_VALUE_HOST:
    la_push_host(L, state, value->as.integer);
    return;
  default:
    lua_pushnil(L);
    return;
  }
}

void la_push_value_or_null(lua_State *L, la_state *state, const la_value *value) {
  if (value->kind == LA_VALUE_NULL) {
    la_push_null(L);
  } else {
    la_push_value(L, state, value);
  }
}

/* ---- lists ---- */

void la_push_list_metatable(lua_State *L, la_state *state) {
  luaL_checkstack(L, 1, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->list);
}

void la_set_list(lua_State *L, la_state *state) {
  la_push_list_metatable(L, state);
  lua_setmetatable(L, -2);
}

void la_push_list(lua_State *L, la_state *state, int count) {
  luaL_checkstack(L, 2, NULL);
  lua_createtable(L, count, 0);
  la_set_list(L, state);
}

/* "[1, "x", User(id=1)]", by lualchemy.describe. */
static int list_tostring(lua_State *L) {
  la_push_hook(L, la_state_of(L), "describe_list");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

/* core.list(table) → the same table with the metatable of lists. */
static int core_list(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  la_set_list(L, la_state_of(L));
  return 1;
}

/* core.is_list(value) */
static int core_is_list(lua_State *L) {
  bool is = false;
  if (lua_istable(L, 1) && lua_getmetatable(L, 1)) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, la_state_of(L)->list);
    is = lua_rawequal(L, -1, -2);
  }
  lua_pushboolean(L, is);
  return 1;
}

void la_open_list(lua_State *L, la_state *state) {
  static const luaL_Reg metamethods[] = {{"__tostring", list_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {
      {"list", core_list}, {"is_list", core_is_list}, {NULL, NULL}};
  la_set_functions(L, functions);
  lua_newtable(L);
  la_set_functions(L, metamethods);
  lua_pushliteral(L, "lualchemy.list");
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  state->list = luaL_ref(L, LUA_REGISTRYINDEX);
}
