/* SPDX-License-Identifier: MIT */
#include "binding/state.h"

#include "binding/raise.h"
#include "orm/load.h"

/* Its address is the state's key in the registry. */
static const char state_key = 0;

/* The allocator of what must outlive every finalizer: a stack of bytes inside the state, which Lua
 * frees with its registry. */
static void *alloc_fixed(void *userdata, void *block, size_t old_size, size_t new_size) {
  la_state *state = userdata;
  if (new_size == 0) {
    return NULL;
  }
  size_t words = (new_size + sizeof(int64_t) - 1) / sizeof(int64_t);
  size_t capacity = sizeof(state->fixed_memory) / sizeof(int64_t);
  if (capacity - state->fixed_used < words) {
    return NULL;
  }
  void *fresh = &state->fixed_memory[state->fixed_used];
  state->fixed_used += words;
  if (block) {
    memcpy(fresh, block, old_size < new_size ? old_size : new_size);
  }
  return fresh;
}

/* Pushes a table whose values are weak, and keeps it in the registry. */
static int ref_weak_table(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

static int ref_table(lua_State *L) {
  lua_newtable(L);
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

static int ref_false(lua_State *L) {
  lua_pushboolean(L, 0);
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

la_state *la_state_find(lua_State *L) {
  if (!lua_checkstack(L, 1)) {
    return NULL;
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
  la_state *state = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return state;
}

static int end_keeping(lua_State *L) {
  la_state *state = *(la_state **)lua_touserdata(L, 1);
  la_failed_clear(&state->failed);
  la_allocator_keep(&state->alloc, false);
  return 0;
}

/* The allocator keeps freed blocks until this guard's finalizer runs: it is the first of ours to be
 * made, so at the end of the Lua state it comes after all others. The state is on top of the stack.
 */
static void keep_blocks(lua_State *L, la_state *state) {
  la_state **guard = lua_newuserdatauv(L, sizeof *guard, 1);
  *guard = state;
  lua_pushvalue(L, -2);
  lua_setiuservalue(L, -2, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, end_keeping);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  luaL_ref(L, LUA_REGISTRYINDEX);
  la_allocator_keep(&state->alloc, true);
}

/* Whether `function` is the allocator of luaL_newstate, as in the interpreter. */
static bool is_standard(lua_Alloc function) {
  lua_State *standard = luaL_newstate();
  bool same = standard != NULL && lua_getallocf(standard, NULL) == function;
  if (standard != NULL) {
    lua_close(standard);
  }
  return same;
}

la_state *la_state_open(lua_State *L) {
  luaL_checkstack(L, 6, NULL);
  la_state *state = la_state_find(L);
  if (state) {
    return state;
  }
  state = lua_newuserdatauv(L, sizeof *state, 0);
  memset(state, 0, sizeof *state);
  void *userdata = NULL;
  lua_Alloc function = lua_getallocf(L, &userdata);
  la_allocator_init(&state->alloc, function, userdata);
  state->alloc.on_heap = is_standard(function);
  la_allocator_init(&state->fixed, alloc_fixed, state);
  la_error err = LA_ERROR_INIT;
  if (la_basic_types_init(&state->types, &state->fixed, &err) < 0) {
    luaL_error(L, "lualchemy: %s", err.message);
  }
  state->sql.alloc = &state->alloc;
  state->sql.types = &state->types;
  state->sql.entity_columns = la_translate_entity_columns;
  state->sql.warnings = &state->warnings;
  la_failed_init(&state->failed, &state->alloc);
  state->sql.failed = &state->failed;
  state->hosts = ref_weak_table(L);
  state->known = ref_weak_table(L);
  state->pages = ref_weak_table(L);
  state->session_boxes = ref_weak_table(L);
  state->hooks = ref_table(L);
  state->homes = ref_table(L);
  state->core = ref_table(L);
  state->kept = ref_false(L);
  state->spare = ref_false(L);
  state->nomem = ref_false(L);
  for (int i = 0; i < LA_LENT_SCRATCHES; i++) {
    state->lent[i] = ref_false(L);
  }
  keep_blocks(L, state);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
  return state;
}

void la_set_functions(lua_State *L, const luaL_Reg *functions) {
  lua_pushlightuserdata(L, la_state_open(L));
  luaL_setfuncs(L, functions, 1);
}

bool la_push_hook_if(lua_State *L, la_state *state, const char *name) {
  luaL_checkstack(L, 3, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->hooks);
  lua_getfield(L, -1, name); /* hooks, function */
  lua_remove(L, -2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  return true;
}

void la_push_hook(lua_State *L, la_state *state, const char *name) {
  if (!la_push_hook_if(L, state, name)) {
    la_raise_status(L, LA_INVALID_REQUEST, "the Lua module that provides \"%s\" is not loaded",
                    name);
  }
}
