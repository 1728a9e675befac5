/* SPDX-License-Identifier: MIT */
#include "binding/collector.h"

#include <limits.h>

/* How many bytes are told at a time. */
#define LEAST_TOLD ((size_t)4096)
#define MOST_TOLD  ((size_t)1 << 24)
#define LONG_LIST  4096

/* What is to be told, in the collector's unit. */
static int take_grown(lua_State *L, la_state *state, size_t most) {
  size_t bytes = state->alloc.bytes;
  size_t grown = bytes > state->told ? bytes - state->told : 0;
  if (grown > 0 && (grown < LEAST_TOLD || lua_gc(L, LUA_GCISRUNNING) == 0)) {
    return 0;
  }
  state->told = bytes;
  return (int)((grown < most ? grown : most) / 1024);
}

void la_collector_tell(lua_State *L, la_state *state) {
  int grown = take_grown(L, state, MOST_TOLD);
  if (grown > 0) {
    lua_gc(L, LUA_GCSTEP, grown);
  }
}

/* A generational collector that has seen a heap grow does nothing until it has doubled, unless its
 * next cycle finds it as it was: then it goes on with its young objects alone. A list is where a
 * heap has grown; what the program makes of it is short-lived. So a cycle that ends here is
 * followed by the one that finds the heap as it was. */
void la_collector_tell_list(lua_State *L, la_state *state, size_t count) {
  int grown = count >= LONG_LIST ? take_grown(L, state, (size_t)INT_MAX) : 0;
  if (grown > 0 && lua_gc(L, LUA_GCSTEP, grown)) {
    lua_gc(L, LUA_GCSTEP, 0);
  }
}
