/* SPDX-License-Identifier: MIT */
/*
 * Whether a `<close>` block is being left in peace.
 *
 * `__close` gets nil also for error(nil), coroutine.close, os.exit(…, true) and lua_close. Only a
 * block that ends, or is left by return, break or goto, has a Lua function as the caller of its
 * `__close`.
 */
#ifndef LA_BINDING_LEAVE_H
#define LA_BINDING_LEAVE_H

#include <lua.h>
#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* For the running `__close` whose error argument is at `error_index`. */
static inline bool la_leaves_normally(lua_State *L, int error_index) {
  lua_Debug caller;
  if (!lua_isnoneornil(L, error_index) || !lua_getstack(L, 1, &caller) ||
      !lua_getinfo(L, "S", &caller)) {
    return false;
  }
  return caller.what[0] != 'C';
}

#pragma GCC visibility pop

#endif
