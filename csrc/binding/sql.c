/* SPDX-License-Identifier: MIT */
/*
 * Opens the part of the binding that makes statements.
 */
#include "binding/sql.h"

#include "binding/open.h"
#include "binding/recent.h"

static const luaL_Reg functions[] = {{"exists", la_core_exists}, {NULL, NULL}};

static void set_constant(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lua_setfield(L, -2, name);
}

void la_open_sql(lua_State *L, la_state *state) {
  la_open_recent(L, state);
  la_open_sql_expr(L, state);
  la_open_sql_construct(L, state);
  la_open_sql_func(L, state);
  la_open_sql_from(L, state);
  la_open_sql_select(L, state);
  la_open_sql_dml(L, state);
  la_open_sql_text(L, state);
  la_open_sql_columns(L, state);
  la_open_sql_compile(L, state);
  la_open_compiled(L, state);
  la_open_sql_element(L, state);
  la_open_sql_bytes(L, state);
  la_set_functions(L, functions);
  set_constant(L, "LABEL_STYLE_DISAMBIGUATE_ONLY");
  set_constant(L, "LABEL_STYLE_DEFAULT");
  set_constant(L, "LABEL_STYLE_TABLENAME_PLUS_COL");
  set_constant(L, "LABEL_STYLE_NONE");
}
