/* SPDX-License-Identifier: MIT */
/*
 * Listeners and validators of links: set, append, remove, bulk_replace.
 *
 * They are called before anything is changed, with all elementary changes of a plan, and may do
 * whatever they like. So nothing of the plan is used after them: the first change is looked at
 * again, and planned anew.
 */
#include "binding/orm_link_event.h"

static const char *kind_of(const la_link_change *change) {
  switch (change->kind) {
  case LA_LINK_SET:
    return "set";
  case LA_LINK_INSERT:
  case LA_LINK_QUEUE_ADD:
    return "append";
  default:
    return "remove";
  }
}

bool la_link_is_heard(const la_link_changes *changes) {
  for (size_t i = 0; i < changes->count; i++) {
    if (changes->items[i].instance->mapper->hears & LA_HEARS_CHANGES) {
      return true;
    }
  }
  return false;
}

static void push_member(lua_State *L, la_state *state, la_instance *instance) {
  if (instance) {
    la_push_object(L, state, instance);
  } else {
    lua_pushnil(L);
  }
}

/* Pushes {object, key, kind, other, old, known, heard}. `old` is true where the link is not loaded.
 */
static void push_row(lua_State *L, la_state *state, const la_link_change *change) {
  const la_property *property = change->instance->mapper->links[change->link];
  bool known = la_links(change->instance)[change->link].flags & LA_LINK_LOADED;
  lua_createtable(L, 7, 0);
  la_push_object(L, state, change->instance);
  lua_rawseti(L, -2, 1);
  la_push_text(L, property->key);
  lua_rawseti(L, -2, 2);
  lua_pushstring(L, kind_of(change));
  lua_rawseti(L, -2, 3);
  push_member(L, state, change->other);
  lua_rawseti(L, -2, 4);
  push_member(L, state, change->kind == LA_LINK_SET ? change->old : NULL);
  lua_rawseti(L, -2, 5);
  lua_pushboolean(L, known);
  lua_rawseti(L, -2, 6);
  lua_pushboolean(L, (change->instance->mapper->hears & LA_HEARS_CHANGES) != 0);
  lua_rawseti(L, -2, 7);
}

/* The change's place and old value as they are after the listeners; false if it is done already. */
static bool look_again(lua_State *L, la_link_change *change) {
  const la_link *link = &la_links(change->instance)[change->link];
  const la_property *property = change->instance->mapper->links[change->link];
  bool loaded = link->flags & LA_LINK_LOADED;
  if (change->kind == LA_LINK_SET) {
    change->old = loaded ? link->to.one : NULL;
    return !loaded || change->old != change->other;
  }
  if (change->kind != LA_LINK_INSERT && change->kind != LA_LINK_REMOVE) {
    return true;
  }
  if (!loaded || !link->to.many) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "the list '%.*s' of %.*s was expired by a listener of its own change",
                    LA_TEXT_FORMAT(property->key),
                    LA_TEXT_FORMAT(change->instance->mapper->class_name));
  }
  if (change->kind == LA_LINK_REMOVE) {
    change->at = la_collection_index(link->to.many, change->other);
    return change->at != SIZE_MAX;
  }
  if (change->at > link->to.many->items.count) {
    change->at = SIZE_MAX;
  }
  return true;
}

bool la_link_tell(lua_State *L, la_state *state, const la_link_changes *changes,
                  la_link_change *change) {
  luaL_checkstack(L, 10, NULL);
  lua_createtable(L, (int)changes->count, 0); /* rows: they hold the handles */
  int rows = lua_gettop(L);
  for (size_t i = 0; i < changes->count; i++) {
    la_link_change at = changes->items[i];
    push_row(L, state, &at);
    lua_rawseti(L, rows, (lua_Integer)i + 1);
  }
  la_push_hook(L, state, "link_events");
  lua_pushvalue(L, rows);
  lua_pushboolean(L, change->bulk);
  la_run_program(L, 2, 1); /* rows, the value that is to be set or appended */
  if (change->kind == LA_LINK_SET || change->kind == LA_LINK_INSERT) {
    bool none = la_is_null(L, -1) && change->kind == LA_LINK_SET;
    la_instance *other = none ? NULL : la_to_instance(L, -1);
    if (!other && !none) {
      la_raise_status(
          L, LA_ARGUMENT, "a listener or validator of '%.*s' gave a %s instead of an object",
          LA_TEXT_FORMAT(change->instance->mapper->links[change->link]->key), luaL_typename(L, -1));
    }
    change->other = other;
  }
  return look_again(L, change);
}

void la_link_tell_replace(lua_State *L, la_state *state, int index, const la_property *property,
                          int list_index) {
  la_push_hook(L, state, "bulk_replace");
  lua_pushvalue(L, index);
  la_push_text(L, property->key);
  lua_pushvalue(L, list_index);
  la_run_program(L, 3, 0);
}
