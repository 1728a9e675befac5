/* SPDX-License-Identifier: MIT */
#include "binding/event.h"

#include "binding/open.h"
#include "binding/raise.h"

typedef struct event_facts {
  const char *identifier, *family, *arguments;
  int first, count;
} event_facts;

static const event_facts events[LA_EVENT_COUNT] = {
#define X(name, identifier, family, arguments, first, count)                                       \
  {identifier, #family, arguments, first, count},
    LA_EVENTS(X)
#undef X
};

bool la_event_reaches(lua_State *L, la_state *state, la_event event, int target) {
  if (!la_event_has(state, event)) {
    return false;
  }
  luaL_checkstack(L, 4, NULL);
  target = lua_absindex(L, target);
  la_push_hook(L, state, "event_has");
  lua_pushvalue(L, target);
  lua_pushstring(L, events[event].identifier);
  lua_call(L, 2, 1);
  bool reaches = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return reaches;
}

int la_call_program(lua_State *L, int arguments, int results) {
  int status = lua_pcall(L, arguments, results, 0);
  /* Lua's own words, across a C call or on the thread of callbacks, which nobody resumes. */
  if (status != LUA_OK && lua_type(L, -1) == LUA_TSTRING &&
      strstr(lua_tostring(L, -1), "attempt to yield ")) {
    la_error err = LA_ERROR_INIT;
    la_fail(&err, LA_INVALID_REQUEST,
            "a function that Lualchemy calls (a listener, default, type, echo or SQL function) "
            "can't yield: it runs in the middle of work that has to end first");
    lua_pop(L, 1);
    la_push_error(L, &err);
  }
  return status;
}

void la_run_program(lua_State *L, int arguments, int results) {
  if (la_call_program(L, arguments, results) != LUA_OK) {
    lua_error(L);
  }
}

void la_event_fire(lua_State *L, la_state *state, la_event event, int target, int count) {
  if (!la_event_has(state, event)) {
    return;
  }
  luaL_checkstack(L, count + 4, NULL);
  target = lua_absindex(L, target);
  int first = lua_gettop(L) - count + 1;
  la_push_hook(L, state, "fire");
  lua_insert(L, first);
  lua_pushstring(L, events[event].identifier);
  lua_insert(L, first + 1);
  lua_pushvalue(L, target < first ? target : target + 2);
  lua_insert(L, first + 2); /* fire, identifier, target, arguments */
  la_run_program(L, count + 2, count);
}

/* core.listening(identifier, change): one listener more or less. */
static int core_listening(lua_State *L) {
  la_state *state = la_state_of(L);
  const char *identifier = luaL_checkstring(L, 1);
  for (int event = 0; event < LA_EVENT_COUNT; event++) {
    if (strcmp(events[event].identifier, identifier) == 0) {
      state->listeners[event] += (uint32_t)luaL_checkinteger(L, 2);
      state->event_round++;
      return 0;
    }
  }
  return la_raise_status(L, LA_ARGUMENT, "there is no event \"%s\"", identifier);
}

/* core.events() → {identifier = {family, arguments, first, count}} */
static int core_events(lua_State *L) {
  lua_createtable(L, 0, LA_EVENT_COUNT);
  for (int event = 0; event < LA_EVENT_COUNT; event++) {
    lua_createtable(L, 4, 0);
    lua_pushstring(L, events[event].family);
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, events[event].arguments);
    lua_rawseti(L, -2, 2);
    lua_pushinteger(L, events[event].first);
    lua_rawseti(L, -2, 3);
    lua_pushinteger(L, events[event].count);
    lua_rawseti(L, -2, 4);
    lua_setfield(L, -2, events[event].identifier);
  }
  return 1;
}

void la_open_event(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"listening", core_listening}, {"events", core_events}, {NULL, NULL}};
  la_set_functions(L, functions);
  state->listeners = lua_newuserdatauv(L, sizeof(uint32_t) * LA_EVENT_COUNT, 0);
  memset(state->listeners, 0, sizeof(uint32_t) * LA_EVENT_COUNT);
  luaL_ref(L, LUA_REGISTRYINDEX);
  state->event_round = 1;
}
