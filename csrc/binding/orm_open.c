/* SPDX-License-Identifier: MIT */
/*
 * Opens the ORM's part of the binding.
 */
#include "binding/orm_load.h"

#include "binding/open.h"

static int ref_weak_table(lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* The core table is on top of the stack. */
void la_open_orm(lua_State *L, la_state *state) {
  static void (*const parts[])(lua_State * L, la_state * state) = {
      la_open_orm_class,       la_open_orm_object,    la_open_orm_collection, la_open_orm_session,
      la_open_orm_transaction, la_open_orm_configure, la_open_orm_option,     la_open_orm_query,
      la_open_orm_result,      la_open_orm_inspect,   la_open_orm_dml,        la_open_orm_event,
      la_open_orm_unloaded,    la_open_orm_attribute, la_open_orm_statement,  la_open_orm_construct,
      la_open_orm_view,        la_open_orm_bundle};
  state->classes = ref_weak_table(L);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    parts[i](L, state);
  }
}
