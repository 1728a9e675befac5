/* SPDX-License-Identifier: MIT */
/*
 * The target of libFuzzer (./dev fuzz): the first byte of the input says what the rest goes
 * through.
 *
 * A crash, a leak, an undefined operation, or a result that contradicts itself ends the run and
 * leaves the input in a file.
 */
#include "values.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>

#include "include/lualchemy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A few bytes can name a part of a statement so often that its text fills all memory: what does
 * ends with an error, as where memory is short. */
static void *limited(void *userdata, void *block, size_t old_size, size_t new_size) {
  const size_t most = (size_t)1 << 24;
  return new_size > most ? NULL : la_alloc_system(userdata, block, block ? old_size : 0, new_size);
}

/* One state for the whole run: opening the module for each input would be all that is measured. */
static lua_State *open_lua(void) {
  lua_State *L = lua_newstate(limited, NULL);
  luaL_openlibs(L);
  lualchemy_preload(L);
  if (luaL_dostring(L, "package.path = '" FUZZ_ROOT "/?.lua;' .. package.path "
                       "return require 'spec.fuzz.checks'") != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  return L;
}

/* Calls a function of spec/fuzz/checks.lua with the input. */
static void call_lua(const char *name, const fuzz_input *input) {
  static lua_State *L;
  if (L == NULL) {
    L = open_lua();
  }
  lua_getfield(L, 1, name);
  lua_pushlstring(L, (const char *)input->at, (size_t)(input->end - input->at));
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
    abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = {data, data + size};
  la_allocator alloc;
  la_allocator_init(&alloc, la_alloc_system, NULL);
  switch (fuzz_byte(&input) % 10) {
  case 0:
    fuzz_url(&alloc, &input);
    break;
  case 1:
    fuzz_moment(&alloc, &input);
    break;
  case 2:
    fuzz_decimal(&alloc, &input);
    break;
  case 3:
    fuzz_type(&alloc, &input);
    break;
  case 4:
    call_lua("json", &input);
    break;
  case 5:
    call_lua("text", &input);
    break;
  case 6:
    call_lua("bytes", &input);
    break;
  case 7:
    fuzz_bytes(&input);
    break;
  default:
    fuzz_statement(&input);
  }
  if (alloc.blocks != 0) {
    abort();
  }
  return 0;
}
