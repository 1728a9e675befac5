/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean …?" for names that lie in Lua tables.
 */
#include "binding/open.h"
#include "binding/raise.h"

typedef struct search {
  la_text name;
  la_text best; /* lent from a string that is the key or value of one of the tables */
  int limit;    /* the best's distance, or the largest that is near enough */
} search;

/* How many characters two texts have in common at their front, by case. */
static size_t common_front(la_text a, la_text b) {
  size_t at = 0;
  while (at < a.len && at < b.len && a.bytes[at] == b.bytes[at]) {
    at++;
  }
  return at;
}

/* Of two that are as near, the one that begins more as the name does, then the first by the
 * alphabet. */
static bool is_better(const search *found, la_text candidate) {
  size_t old = common_front(found->best, found->name), new = common_front(candidate, found->name);
  return new != old ? new > old : strcmp(candidate.bytes, found->best.bytes) < 0;
}

static void consider(lua_State *L, int index, search *found) {
  if (lua_type(L, index) != LUA_TSTRING) {
    return;
  }
  la_text candidate;
  candidate.bytes = lua_tolstring(L, index, &candidate.len);
  if (candidate.len >= 2 && candidate.bytes[0] == '_' && found->name.bytes[0] != '_') {
    return;
  }
  int distance = la_text_distance(found->name, candidate, found->limit);
  if (distance > found->limit) {
    return;
  }
  if (!found->best.bytes || distance < found->limit || is_better(found, candidate)) {
    found->best = candidate;
    found->limit = distance;
  }
}

/* core.nearest(name, table…) → the nearest of the tables' string keys and of the strings in their
 * sequences, or nil. */
static int core_nearest(lua_State *L) {
  search found = {.best = LA_TEXT_NONE};
  if (lua_type(L, 1) != LUA_TSTRING) {
    lua_pushnil(L);
    return 1;
  }
  found.name.bytes = lua_tolstring(L, 1, &found.name.len);
  found.limit = found.name.len < 4 ? 1 : found.name.len < 9 ? 2 : 3;
  int count = lua_gettop(L);
  for (int i = 2; i <= count; i++) {
    if (!lua_istable(L, i)) {
      continue;
    }
    lua_pushnil(L);
    while (lua_next(L, i)) {
      consider(L, lua_type(L, -2) == LUA_TNUMBER ? -1 : -2, &found);
      lua_pop(L, 1);
    }
  }
  if (found.best.bytes) {
    lua_pushlstring(L, found.best.bytes, found.best.len);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

void la_open_suggest(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"nearest", core_nearest}, {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
