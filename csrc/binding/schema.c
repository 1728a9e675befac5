/* SPDX-License-Identifier: MIT */
#include "binding/schema_common.h"

void la_raise_nomem(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  la_fail_nomem(&err);
  la_raise(L, &err);
}

void *la_live(lua_State *L, const la_box *box) {
  if (!box->object) {
    la_raise_status(L, LA_INVALID_REQUEST, "this part of a schema has been collected already");
  }
  return box->object;
}

/* ---- fields of option tables ---- */

static void refuse_field(lua_State *L, const char *name, const char *expected) {
  la_raise_status(L, LA_ARGUMENT, "\"%s\" is a %s, not a %s", name, luaL_typename(L, -1), expected);
}

la_text la_field_text(lua_State *L, int index, const char *name) {
  la_text text = LA_TEXT_NONE;
  lua_getfield(L, index, name);
  if (lua_type(L, -1) == LUA_TSTRING) {
    text.bytes = lua_tolstring(L, -1, &text.len);
  } else if (!lua_isnil(L, -1)) {
    refuse_field(L, name, "string");
  }
  lua_pop(L, 1);
  return text;
}

bool la_field_flag(lua_State *L, int index, const char *name) {
  return la_field_choice(L, index, name) == 1;
}

int8_t la_field_choice(lua_State *L, int index, const char *name) {
  int8_t choice = -1;
  lua_getfield(L, index, name);
  if (lua_isboolean(L, -1)) {
    choice = (int8_t)lua_toboolean(L, -1);
  } else if (!lua_isnil(L, -1)) {
    refuse_field(L, name, "boolean");
  }
  lua_pop(L, 1);
  return choice;
}

lua_Integer la_field_integer(lua_State *L, int index, const char *name, lua_Integer otherwise) {
  int is_integer = 1;
  lua_getfield(L, index, name);
  lua_Integer number = lua_isnil(L, -1) ? otherwise : lua_tointegerx(L, -1, &is_integer);
  if (!is_integer || number > INT32_MAX || number < INT32_MIN) {
    refuse_field(L, name, "integer");
  }
  lua_pop(L, 1);
  return number;
}

void la_push_optional_text(lua_State *L, la_text text) {
  if (text.bytes) {
    lua_pushlstring(L, text.bytes, text.len);
  } else {
    lua_pushnil(L);
  }
}

void la_push_quote(lua_State *L, la_quote quote) {
  if (quote == LA_QUOTE_AUTO) {
    lua_pushnil(L);
  } else {
    lua_pushboolean(L, quote == LA_QUOTE_ALWAYS);
  }
}

la_quote la_check_quote(lua_State *L, int index) {
  return lua_isnoneornil(L, index) ? LA_QUOTE_AUTO
         : lua_toboolean(L, index) ? LA_QUOTE_ALWAYS
                                   : LA_QUOTE_NEVER;
}

int la_field_by_hook(lua_State *L, const char *name) {
  la_push_hook(L, la_state_of(L), name);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 1);
  return 1;
}

/* ---- records ---- */

void la_push_record(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (lua_getiuservalue(L, index, 1) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, index, 1);
  }
}

/* core.record(box) → the table of what is Lua's about a type, metadata, table or column. */
static int core_record(lua_State *L) {
  la_box *box = la_to_box(L, 1);
  bool has_record = box && (box->class == LA_BOX_TYPE || box->class == LA_BOX_METADATA ||
                            box->class == LA_BOX_TABLE || box->class == LA_BOX_COLUMN);
  if (!has_record) {
    return la_raise_argument(L, 1, "type, metadata, table or column");
  }
  la_push_record(L, 1);
  return 1;
}

void la_open_schema(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"record", core_record}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_open_schema_metadata(L, state);
  la_open_schema_type(L, state);
  la_open_schema_table(L, state);
  la_open_schema_column(L, state);
  la_open_schema_constraint(L, state);
  la_open_schema_ddl(L, state);
}
