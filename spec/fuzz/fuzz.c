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

/* One state for the whole run: opening the module for each input would be all that is measured. */
static lua_State *open_lua(void) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  lualchemy_preload(L);
  if (luaL_dostring(
          L,
          "local json = require 'lualchemy.json' "
          "local la = require 'lualchemy' "
          "return function(text) "
          "  local ok, value = pcall(json.decode, text) "
          "  if ok then "
          "    local again = json.decode(json.encode(value)) "
          "    assert(json.encode(again) == json.encode(value)) "
          "  end "
          "end, function(text) "
          "  local ok, made = pcall(la.text, text) "
          "  if ok then tostring(made) pcall(tostring, la.select(made)) end "
          "  pcall(function() return tostring(la.select(la.column(text)):compile()) end) "
          "  pcall(function() return tostring(la.literal(text):compile{literal_binds = true}) end) "
          "end") != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  return L;
}

/* Calls function `which` that open_lua left on the stack with the input. */
static void call_lua(int which, const fuzz_input *input) {
  static lua_State *L;
  if (L == NULL) {
    L = open_lua();
  }
  lua_pushvalue(L, which);
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
  switch (fuzz_byte(&input) % 8) {
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
    call_lua(1, &input);
    break;
  case 5:
    call_lua(2, &input);
    break;
  default:
    fuzz_statement(&input);
  }
  if (alloc.blocks != 0) {
    abort();
  }
  return 0;
}
