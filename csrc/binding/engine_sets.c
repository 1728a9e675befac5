/* SPDX-License-Identifier: MIT */
/*
 * Sets of parameters that a function of the program gives, one at a time.
 *
 * The next one may be the same table with other values, so values are copied as they come, and some
 * hundred sets are sent at a time. While the function runs anything may happen: so values lie in a
 * scratch of this execution, nothing is bound that is still to be stepped, and a transaction that
 * has ended meanwhile begins anew. Where Lua has a say in the execution, copies of all sets are
 * collected first.
 */
#include "binding/engine_execute.h"

#include "binding/event.h"
#include "binding/host.h"
#include "binding/push.h"

bool la_execution_draw(la_execution *x) {
  lua_State *L = x->L;
  int top = lua_gettop(L);
  lua_pushvalue(L, x->iterator_index);
  la_run_program(L, 0, 1);
  if (lua_isnil(L, -1)) {
    lua_settop(L, top);
    return false;
  }
  x->drawn++;
  if (!la_execution_is_set(L, top + 1)) {
    la_raise_status(L, LA_ARGUMENT, "parameter set %d is a %s; a map or nil is expected",
                    (int)x->drawn, luaL_typename(L, top + 1));
  }
  lua_replace(L, x->params_index);
  lua_settop(L, top);
  return true;
}

/* Pushes a copy of the set at `set`. */
static void push_copy(lua_State *L, int set) {
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, set);) { /* copy, key, value */
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
}

void la_execution_collect(la_execution *x) {
  lua_State *L = x->L;
  luaL_checkstack(L, 8, NULL);
  la_push_list(L, x->state, 0);
  int list = lua_gettop(L);
  do {
    push_copy(L, x->params_index);
    lua_rawseti(L, list, x->drawn);
  } while (la_execution_draw(x));
  lua_replace(L, x->params_index);
  x->iterator_index = 0;
  x->kind = LA_PARAMS_LIST;
  x->sets = x->drawn;
}

bool la_execution_start_sets(la_execution *x, int function) {
  lua_State *L = x->L;
  lua_pushvalue(L, x->params_index);
  lua_replace(L, function);
  x->iterator_index = function;
  if (!la_execution_draw(x)) {
    return false;
  }
  x->kind = LA_PARAMS_MAP;
  x->many = true;
  if (la_engine_hears(L, x->state, x->connection_index, LA_EVENT_BEFORE_EXECUTE) ||
      la_engine_hears(L, x->state, x->connection_index, LA_EVENT_AFTER_EXECUTE)) {
    la_execution_collect(x);
  }
  return true;
}

int la_parameter_sets(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_pushnil(L);
  la_execution x = {.L = L, .state = la_state_of(L), .params_index = 1, .iterator_index = 2};
  lua_pushvalue(L, 1);
  lua_replace(L, 2);
  if (la_execution_draw(&x)) {
    la_execution_collect(&x);
    lua_settop(L, 1);
  } else {
    la_push_list(L, x.state, 0);
  }
  return 1;
}
