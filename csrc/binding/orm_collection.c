/* SPDX-License-Identifier: MIT */
/*
 * Collections: the list that a to-many attribute is.
 *
 * A collection is in step with its owner's link as long as the owner's table names it and the link
 * is loaded; after an expiry the attribute gives a new one, and the old one is stale: it can be
 * read, not changed.
 */
#include "binding/orm_load.h"
#include "binding/open.h"

static la_collection_box *box_at(lua_State *L, int index) {
  return (la_collection_box *)la_check_box(L, index, LA_BOX_COLLECTION);
}

/* Pushes the owner's handle and gives its instance. */
static la_instance *push_owner(lua_State *L, int index) {
  bool has_owner = lua_getiuservalue(L, index, 2) == LUA_TUSERDATA;
  return has_owner ? la_handle_instance(L, la_state_of(L), -1) : NULL;
}

static void push_items(lua_State *L, int index) {
  box_at(L, index);
  lua_getiuservalue(L, index, 1);
}

/* True if the collection at `index` is still the attribute's; the handle of `owner` is on top of
 * the stack. */
static bool is_current(lua_State *L, int index, uint32_t link, const la_instance *owner) {
  bool named = false;
  if (owner && link < owner->link_count && la_links(owner)[link].flags & LA_LINK_LOADED) {
    lua_getiuservalue(L, -1, LA_LINK_VALUE(link));
    named = lua_rawequal(L, -1, index);
    lua_pop(L, 1);
  }
  return named;
}

/* The owner of a collection that can be changed; its handle is left on the stack. */
static la_instance *check_current(lua_State *L, int index) {
  la_collection_box *box = box_at(L, index);
  la_instance *owner = push_owner(L, index);
  if (!is_current(L, index, box->link, owner)) {
    la_raise_status(
        L, LA_INVALID_REQUEST,
        "this list is no longer that of attribute '%.*s': it was expired or replaced; read the "
        "attribute again",
        LA_TEXT_FORMAT(owner ? owner->mapper->links[box->link]->key : LA_TEXT_LITERAL("?")));
  }
  return owner;
}

static la_instance *check_member(lua_State *L, int index, la_instance *owner, uint32_t link) {
  la_instance *member = la_to_instance(L, index);
  if (!member) {
    const la_relationship *relationship = owner->mapper->links[link]->relationship;
    la_raise_status(L, LA_ARGUMENT, "the list '%.*s' takes objects of %.*s, not a %s",
                    LA_TEXT_FORMAT(relationship->key),
                    LA_TEXT_FORMAT(relationship->target->class_name), luaL_typename(L, index));
  }
  return member;
}

/* Inserts the object at `value_index` at `at` (from 0, SIZE_MAX: end). */
static void insert(lua_State *L, int index, size_t at, int value_index) {
  la_collection_box *box = box_at(L, index);
  la_instance *owner = check_current(L, index);
  la_link_change change = {.kind = LA_LINK_INSERT,
                           .instance = owner,
                           .link = box->link,
                           .at = at,
                           .other = check_member(L, value_index, owner, box->link)};
  la_object_change_link(L, la_state_of(L), -1, value_index, &change);
  lua_pop(L, 1);
}

static size_t length(lua_State *L, int index) {
  push_items(L, index);
  size_t count = lua_rawlen(L, -1);
  lua_pop(L, 1);
  return count;
}

/* Removes the member at `at` and leaves its handle on the stack. */
static void remove_at(lua_State *L, int index, size_t at) {
  la_collection_box *box = box_at(L, index);
  push_items(L, index);
  lua_rawgeti(L, -1, (lua_Integer)at + 1);
  lua_remove(L, -2); /* member */
  la_instance *owner = check_current(L, index);
  la_link_change change = {.kind = LA_LINK_REMOVE,
                           .instance = owner,
                           .link = box->link,
                           .at = at,
                           .other = la_to_instance(L, -2)};
  la_object_change_link(L, la_state_of(L), -1, -2, &change);
  lua_pop(L, 1);
}

/* The place of the object at `value_index`, from 0; SIZE_MAX if it is not in the list. */
static size_t find(lua_State *L, int index, int value_index) {
  push_items(L, index);
  size_t count = lua_rawlen(L, -1), found = SIZE_MAX;
  for (size_t i = 0; i < count && found == SIZE_MAX; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    if (lua_rawequal(L, -1, value_index)) {
      found = i;
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return found;
}

static int collection_append(lua_State *L) {
  la_check_count(L, 2, "append");
  insert(L, 1, SIZE_MAX, 2);
  return 0;
}

static int collection_insert(lua_State *L) {
  la_check_count(L, 3, "insert");
  lua_Integer place = la_check_integer(L, 2);
  size_t count = length(L, 1);
  if (place < 1 || (size_t)place > count + 1) {
    return la_raise_status(L, LA_ARGUMENT, "place %d is outside of a list of %d", (int)place,
                           (int)count);
  }
  insert(L, 1, (size_t)place - 1, 3);
  return 0;
}

static int collection_extend(lua_State *L) {
  la_check_count(L, 2, "extend");
  if (!lua_istable(L, 2) && !la_to_box_of(L, 2, LA_BOX_COLLECTION)) {
    return la_raise_argument(L, 2, "a list of objects");
  }
  lua_Integer count = luaL_len(L, 2);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_geti(L, 2, i);
    insert(L, 1, SIZE_MAX, lua_gettop(L));
    lua_settop(L, 2);
  }
  return 0;
}

static int collection_remove(lua_State *L) {
  la_check_count(L, 2, "remove");
  size_t at = find(L, 1, 2);
  if (at == SIZE_MAX) {
    lua_pushvalue(L, 2);
    return la_raise_status(L, LA_ARGUMENT, "the object is not in the list: %s",
                           luaL_tolstring(L, 2, NULL));
  }
  remove_at(L, 1, at);
  return 0;
}

static int collection_pop(lua_State *L) {
  size_t count = length(L, 1);
  lua_Integer place = la_opt_integer(L, 2, (lua_Integer)count);
  if (place < 1 || (size_t)place > count) {
    return la_raise_status(L, LA_ARGUMENT,
                           count ? "place %d is outside of a list of %d" : "the list is empty",
                           (int)place, (int)count);
  }
  remove_at(L, 1, (size_t)place - 1);
  return 1;
}

static int collection_clear(lua_State *L) {
  check_current(L, 1);
  lua_settop(L, 1);
  for (size_t at = length(L, 1); at-- > 0;) {
    remove_at(L, 1, at);
    lua_settop(L, 1);
  }
  return 0;
}

static int collection_contains(lua_State *L) {
  la_check_count(L, 2, "contains");
  lua_pushboolean(L, find(L, 1, 2) != SIZE_MAX);
  return 1;
}

static int collection_index_of(lua_State *L) {
  la_check_count(L, 2, "index");
  size_t at = find(L, 1, 2);
  if (at == SIZE_MAX) {
    lua_pushnil(L);
  } else {
    lua_pushinteger(L, (lua_Integer)at + 1);
  }
  return 1;
}

static int collection_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)length(L, 1));
  return 1;
}

/* Upvalues: state, methods. */
static int collection_index(lua_State *L) {
  if (lua_isinteger(L, 2)) {
    push_items(L, 1);
    lua_rawgeti(L, -1, lua_tointeger(L, 2));
    return 1;
  }
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(2));
  if (lua_isnil(L, -1) && lua_type(L, 2) == LUA_TSTRING &&
      strncmp(lua_tostring(L, 2), "__", 2) != 0) {
    return la_raise_status(L, LA_INVALID_REQUEST, "a list of objects has no method '%s'",
                           lua_tostring(L, 2));
  }
  return 1;
}

/*
 * list[i] = object. table.insert, table.remove and table.sort work through this: they shift members
 * by writing one place after the other. Events are those of the call as a whole, so writes that
 * only move members are gathered (see below).
 *
 * A write of a member that is in the list at another place, and a write that covers a member which
 * is held elsewhere in the list, are the parts of a move. The items table takes every write at
 * once; the core is told at the end of the move: when the items are again as many distinct members
 * as `#list` says. Until then `moving` user values hold the state before.
 */
static int collection_newindex(lua_State *L) {
  if (!lua_isinteger(L, 2)) {
    return la_raise_status(L, LA_INVALID_REQUEST,
                           "a list of objects takes integer places, not '%s'",
                           luaL_tolstring(L, 2, NULL));
  }
  la_state *state = la_state_of(L);
  la_collection_box *box = box_at(L, 1);
  lua_Integer place = lua_tointeger(L, 2);
  lua_settop(L, 3);
  la_instance *owner = check_current(L, 1); /* 4 */
  if (!lua_isnil(L, 3)) {
    check_member(L, 3, owner, box->link);
  }
  push_items(L, 1); /* 5 */
  lua_Integer count = (lua_Integer)lua_rawlen(L, 5);
  if (place < 1 || place > count + 1 || (lua_isnil(L, 3) && place != count && place != count + 1)) {
    return la_raise_status(L, LA_ARGUMENT, "place %d is outside of a list of %d%s", (int)place,
                           (int)count,
                           lua_isnil(L, 3) ? ", or a hole would be left: use :pop(i)" : "");
  }
  lua_pushvalue(L, 3);
  lua_rawseti(L, 5, place);
  /* Is each item there once? Then this is the end of a move, and the difference to the core's
   * members is what happened. */
  count = (lua_Integer)lua_rawlen(L, 5);
  lua_newtable(L); /* 6: address → place */
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, 5, i);
    la_instance *member = la_to_instance(L, -1);
    lua_pop(L, 1);
    if (lua_rawgetp(L, 6, member) != LUA_TNIL) {
      return 0; /* twice: in the middle of a move */
    }
    lua_pop(L, 1);
    lua_pushinteger(L, i);
    lua_rawsetp(L, 6, member);
  }
  la_collection *collection = la_links(owner)[box->link].to.many;
  size_t members = collection ? collection->items.count : 0;
  lua_createtable(L, (int)count, 0); /* 7: the items as they are wanted */
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, 5, i);
    lua_rawseti(L, 7, i);
  }
  lua_createtable(L, (int)members, 0); /* 8: the items as the core has them */
  for (size_t i = 0; i < members; i++) {
    la_push_object(L, state, collection->items.items[i]);
    lua_rawseti(L, 8, (lua_Integer)i + 1);
  }
  lua_pushvalue(L, 8);
  lua_setiuservalue(L, 1, 1);
  la_object_set_link(L, state, 4, owner->mapper->links[box->link]->relationship, 7);
  return 0;
}

/* next for ipairs-like iteration is Lua's own; pairs goes the same way. Upvalue: state. */
static int collection_next(lua_State *L) {
  lua_Integer at = lua_isnoneornil(L, 2) ? 1 : lua_tointeger(L, 2) + 1;
  push_items(L, 1);
  lua_pushinteger(L, at);
  lua_rawgeti(L, -2, at);
  if (lua_isnil(L, -1)) {
    return 1;
  }
  return 2;
}

static int collection_pairs(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushcclosure(L, collection_next, 1);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static int collection_tostring(lua_State *L) {
  push_items(L, 1);
  int items = lua_gettop(L);
  size_t count = lua_rawlen(L, items);
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  luaL_addchar(&out, '[');
  for (size_t i = 1; i <= count; i++) {
    if (i > 1) {
      luaL_addstring(&out, ", ");
    }
    lua_rawgeti(L, items, (lua_Integer)i);
    luaL_tolstring(L, -1, NULL);
    lua_remove(L, -2);
    luaL_addvalue(&out);
  }
  luaL_addchar(&out, ']');
  luaL_pushresult(&out);
  return 1;
}

void la_open_orm_collection(lua_State *L, la_state *state) {
  static const luaL_Reg methods[] = {{"append", collection_append},
                                     {"insert", collection_insert},
                                     {"extend", collection_extend},
                                     {"remove", collection_remove},
                                     {"pop", collection_pop},
                                     {"clear", collection_clear},
                                     {"index", collection_index_of},
                                     {"contains", collection_contains},
                                     {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__index", collection_index}, {"__newindex", collection_newindex}, {"__len", collection_len},
      {"__pairs", collection_pairs}, {"__tostring", collection_tostring}, {NULL, NULL}};
  la_register_class(L, state, LA_BOX_COLLECTION, methods, metamethods);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[LA_BOX_COLLECTION]);
  lua_pushnil(L); /* it owns nothing: without a finalizer it is freed at once */
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
