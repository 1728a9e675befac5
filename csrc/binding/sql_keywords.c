/* SPDX-License-Identifier: MIT */
/*
 * Tables of keywords, and other arguments that are no expressions.
 */
#include "binding/sql.h"

bool la_is_plain_table(lua_State *L, int index) {
  if (!lua_istable(L, index)) {
    return false;
  }
  if (lua_getmetatable(L, index)) {
    lua_pop(L, 1);
    return false;
  }
  return true;
}

void la_check_table_argument(lua_State *L, int index) {
  if (!lua_istable(L, index)) {
    la_raise_argument(L, index, "table");
  }
}

int la_keywords(lua_State *L, int first) {
  int last = lua_gettop(L);
  if (last < first || !la_is_plain_table(L, last) || lua_rawlen(L, last) > 0) {
    return 0;
  }
  luaL_checkstack(L, 4, NULL);
  lua_pushnil(L);
  if (lua_next(L, last)) {
    bool named = lua_type(L, -2) == LUA_TSTRING;
    lua_pop(L, 2);
    return named ? last : 0;
  }
  return last;
}

/* The place of `key` among `names`; -1 if it is none of them. */
static int place_of(const char *key, const char *const *names) {
  for (int i = 0; names[i] != NULL; i++) {
    if (strcmp(key, names[i]) == 0) {
      return i;
    }
  }
  return -1;
}

static int raise_unknown_keyword(lua_State *L, const char *key, const char *const *names,
                                 const char *function) {
  const char *nearest = NULL;
  int best = 4;
  for (; *names != NULL; names++) {
    int distance = la_text_distance(la_text_of(key), la_text_of(*names), 3);
    if (distance < best) {
      best = distance;
      nearest = *names;
    }
  }
  if (nearest != NULL) {
    return la_raise_status(L, LA_ARGUMENT, "unknown keyword '%s' for '%s'; did you mean '%s'?", key,
                           function, nearest);
  }
  return la_raise_status(L, LA_ARGUMENT, "unknown keyword '%s' for '%s'", key, function);
}

uint32_t la_check_keywords(lua_State *L, int index, const char *const *names,
                           const char *function) {
  uint32_t given = 0;
  if (index == 0) {
    return 0;
  }
  luaL_checkstack(L, 4, NULL);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) {
      la_raise_status(L, LA_ARGUMENT, "a keyword of '%s' is no string", function);
    }
    int place = place_of(lua_tostring(L, -1), names);
    if (place < 0) {
      raise_unknown_keyword(L, lua_tostring(L, -1), names, function);
    }
    given |= UINT32_C(1) << place;
  }
  return given;
}

bool la_push_keyword(lua_State *L, int index, const char *name) {
  if (index == 0) {
    return false;
  }
  lua_pushstring(L, name);
  if (lua_rawget(L, index) == LUA_TNIL) {
    lua_pop(L, 1);
    return false;
  }
  return true;
}

bool la_keyword_flag(lua_State *L, int index, const char *name) {
  bool set;
  if (!la_push_keyword(L, index, name)) {
    return false;
  }
  set = lua_toboolean(L, -1) && !la_is_null(L, -1);
  lua_pop(L, 1);
  return set;
}

la_text la_keyword_text(lua_State *L, int index, const char *name) {
  la_text text = LA_TEXT_NONE;
  if (!la_push_keyword(L, index, name)) {
    return text;
  }
  if (!la_is_null(L, -1)) {
    if (lua_type(L, -1) != LUA_TSTRING) {
      la_raise_status(L, LA_ARGUMENT, "keyword '%s' must be a string, not a %s", name,
                      luaL_typename(L, -1));
    }
    text.bytes = lua_tolstring(L, -1, &text.len);
  }
  lua_pop(L, 1);
  return text;
}

/* ---- names ---- */

la_text la_check_quoted_name(lua_State *L, int index, uint32_t *flag_out) {
  *flag_out = 0;
  if (lua_istable(L, index) && luaL_getmetafield(L, index, "__name") != LUA_TNIL) {
    bool is_quoted_name = strcmp(luaL_checkstring(L, -1), "lualchemy.quoted_name") == 0;
    lua_pop(L, 1);
    if (is_quoted_name) {
      lua_rawgeti(L, index, 2);
      *flag_out = lua_toboolean(L, -1) ? LA_NODE_QUOTED : LA_NODE_UNQUOTED;
      lua_rawgeti(L, index, 1);
      la_text name = la_check_text(L, -1); /* kept by the table */
      lua_pop(L, 2);
      return name;
    }
  }
  return la_check_text(L, index);
}
