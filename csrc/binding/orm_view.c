/* SPDX-License-Identifier: MIT */
#include "binding/orm_view.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/orm_load.h"

#define VIEW 3 /* the list's user value */

/* Pushes the function `name` of the relationship's kind. */
static void push_function(lua_State *L, la_state *state, const la_relationship *relationship,
                          const char *name) {
  luaL_checkstack(L, 10, NULL);
  la_push_host(L, state, relationship->host);
  if (lua_isnil(L, -1)) {
    la_raise_status(L, LA_INVALID_REQUEST, "the class of '%.*s' is no longer mapped",
                    LA_TEXT_FORMAT(relationship->key));
  }
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

void la_view_replace_list(lua_State *L, la_state *state, int index,
                          const la_relationship *relationship) {
  int list = lua_gettop(L);
  index = lua_absindex(L, index);
  if (lua_getiuservalue(L, list, VIEW) == LUA_TNIL) {
    push_function(L, state, relationship, "make");
    lua_pushvalue(L, list);
    lua_pushvalue(L, index);
    la_push_text(L, relationship->key);
    la_run_program(L, 3, 1);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, list, VIEW);
  }
  lua_replace(L, list);
  lua_settop(L, list);
}

void la_view_push_members(lua_State *L, la_state *state, int index,
                          const la_relationship *relationship, int value_index) {
  push_function(L, state, relationship, "members");
  lua_pushvalue(L, value_index);
  lua_pushvalue(L, index);
  la_push_text(L, relationship->key);
  la_run_program(L, 3, 1);
}

void la_view_assigned(lua_State *L, la_state *state, int index, const la_relationship *relationship,
                      int value_index) {
  int top = lua_gettop(L);
  push_function(L, state, relationship, "replaced");
  la_push_collection(L, state, index, relationship->link);
  lua_getiuservalue(L, -1, VIEW);
  lua_pushvalue(L, value_index);
  lua_pushvalue(L, index);
  la_push_text(L, relationship->key);
  la_run_program(L, 5, 1);
  la_push_collection(L, state, index, relationship->link);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, VIEW);
  lua_settop(L, top);
}

/* Pushes {list, view or nil, owner, key, kind, member, whether it came}. */
static void push_row(lua_State *L, la_state *state, const la_link_change *change) {
  const la_relationship *relationship = change->instance->mapper->links[change->link]->relationship;
  lua_createtable(L, 7, 0);
  int row = lua_gettop(L);
  la_push_object(L, state, change->instance);
  la_push_collection(L, state, -1, change->link);
  lua_getiuservalue(L, -1, VIEW);
  lua_rawseti(L, row, 2);
  lua_rawseti(L, row, 1);
  lua_rawseti(L, row, 3);
  la_push_text(L, relationship->key);
  lua_rawseti(L, row, 4);
  la_push_host(L, state, relationship->host);
  lua_rawseti(L, row, 5);
  la_push_object(L, state, change->other);
  lua_rawseti(L, row, 6);
  lua_pushboolean(L, change->kind == LA_LINK_INSERT);
  lua_rawseti(L, row, 7);
}

void la_view_push_news(lua_State *L, la_state *state, const la_link_changes *changes) {
  luaL_checkstack(L, 12, NULL);
  lua_pushnil(L);
  int news = lua_gettop(L);
  for (size_t i = 1; i < changes->count; i++) {
    const la_link_change *change = &changes->items[i];
    const la_relationship *relationship =
        change->instance->mapper->links[change->link]->relationship;
    bool told = change->kind == LA_LINK_INSERT || change->kind == LA_LINK_REMOVE;
    if (!told || relationship->host == 0) {
      continue;
    }
    if (lua_isnil(L, news)) {
      lua_newtable(L);
      lua_replace(L, news);
    }
    push_row(L, state, change);
    lua_rawseti(L, news, (lua_Integer)lua_rawlen(L, news) + 1);
  }
}

void la_view_tell(lua_State *L, la_state *state) {
  if (!lua_isnil(L, -1)) {
    la_push_hook(L, state, "collection_news");
    lua_pushvalue(L, -2);
    lua_call(L, 1, 0);
  }
  lua_pop(L, 1);
}

/* core.collection_set_view(list, view). */
static int set_view(lua_State *L) {
  la_check_box(L, 1, LA_BOX_COLLECTION);
  lua_settop(L, 2);
  if (!lua_setiuservalue(L, 1, VIEW)) {
    return la_raise_argument(L, 1, "a list with a collection class");
  }
  return 0;
}

void la_open_orm_view(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"collection_set_view", set_view}, {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
