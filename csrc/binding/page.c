/* SPDX-License-Identifier: MIT */
#include "binding/page.h"

#include "binding/collector.h"
#include "binding/open.h"

/* Where the weak table of pages has those for new boxes: of what is made by a call that builds, and
 * of what is pushed, which is often a part of a class and stays. */
enum present { MADE = 1, PUSHED = 2 };
/* Where the table of values that a box keeps alive has its page. */
#define PAGE_PLACE 0

static int page_gc(lua_State *L) {
  la_page *page = lua_touserdata(L, 1);
  while (page->used > 0) {
    la_object *object = page->slots[--page->used];
    page->slots[page->used] = NULL;
    la_object_release(object);
  }
  page->weight = LA_PAGE_WEIGHT;
  return 0;
}

static bool has_room(const la_page *page) {
  return page != NULL && page->used < LA_PAGE_SLOTS && page->weight < LA_PAGE_WEIGHT;
}

/* With each page the collector is told: else it would find time to collect when far more statements
 * have been made than the processor's caches hold. */
static la_page *push_page(lua_State *L, la_state *state) {
  la_collector_tell(L, state);
  return la_push_box(L, state, LA_BOX_PAGE, sizeof(la_page), 0);
}

/* Pushes the weak table and a page for new boxes, or nil, that it has. */
static la_page *push_present(lua_State *L, la_state *state, enum present which) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->pages);
  lua_rawgeti(L, -1, which);
  return lua_touserdata(L, -1);
}

la_box *la_push_paged_box(lua_State *L, la_state *state, la_box_class class, int user_values) {
  la_box *box = la_push_bare_box(L, class, sizeof *box, user_values);
  la_page *page = push_present(L, state, MADE); /* box, weak table, page */
  if (!has_room(page)) {
    lua_pop(L, 1);
    page = push_page(L, state);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, MADE);
  }
  box->object = page;
  box->flags = page->used++;
  lua_setiuservalue(L, -3, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[class]);
  lua_setmetatable(L, -3);
  lua_pop(L, 1);
  return box;
}

/* Moves the object of the box on top of the stack to a page of its own. */
static void move_apart(lua_State *L, la_box *box) {
  la_page *page = push_page(L, la_state_find(L)), *left = box->object;
  page->used = 1;
  page->weight = LA_PAGE_WEIGHT;
  page->slots[0] = left->slots[box->flags];
  left->slots[box->flags] = NULL;
  box->object = page;
  box->flags = 0;
  lua_setiuservalue(L, -2, 1);
}

/* Puts a table of the page and the values at `first`..`last` in the page's place. */
static void keep_values(lua_State *L, int first, int last) {
  lua_createtable(L, last - first + 1, 1);
  lua_getiuservalue(L, -2, 1);
  lua_rawseti(L, -2, PAGE_PLACE);
  for (int i = first; i <= last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i - first + 1);
  }
  lua_setiuservalue(L, -2, 1);
}

void la_page_hold(lua_State *L, la_object *take, uint32_t weight) {
  la_box *box = lua_touserdata(L, -1);
  la_page *page = box->object;
  page->slots[box->flags] = take;
  if (weight >= LA_LONE_WEIGHT) {
    move_apart(L, box);
  } else {
    page->weight += weight;
  }
}

void la_page_take(lua_State *L, la_node *take, int first, int last) {
  la_page_hold(L, &take->object, la_node_weight(take));
  if ((take->flags & LA_NODE_HAS_HOST) && last >= first) {
    keep_values(L, first, last);
  }
}

static int make_page(lua_State *L) {
  push_page(L, lua_touserdata(L, 1));
  return 1;
}

/* Pushes a page with room, without raising; or the error object, and gives NULL. */
static la_page *push_room(lua_State *L, la_state *state) {
  la_page *page = push_present(L, state, PUSHED);
  if (has_room(page)) {
    return page;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->spare);
  page = lua_touserdata(L, -1);
  if (page != NULL) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, LUA_REGISTRYINDEX, state->spare);
    return page;
  }
  lua_pushcfunction(L, make_page);
  lua_pushlightuserdata(L, state);
  return lua_pcall(L, 1, 1, 0) == LUA_OK ? lua_touserdata(L, -1) : NULL;
}

/* The page in stack slot `index` is the present one; another is made ahead if the spare is taken.
 */
static void settle(lua_State *L, la_state *state, int index) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->pages);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, PUSHED);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->spare);
  if (!lua_toboolean(L, -1)) {
    push_page(L, state);
    lua_rawseti(L, LUA_REGISTRYINDEX, state->spare);
  }
  lua_pop(L, 2);
}

void la_push_paged(lua_State *L, la_state *state, la_box_class class, la_node *take, int first,
                   int last) {
  int top = lua_gettop(L);
  la_page *page = push_room(L, state);
  if (page == NULL) {
    la_node_release(take);
    lua_error(L);
    return;
  }
  uint32_t slot = page->used++;
  page->slots[slot] = &take->object;
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  if (slot == 0) {
    settle(L, state, top + 1);
  }
  la_box *box = la_push_bare_box(L, class, sizeof *box, 1); /* page, box */
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[class]);
  if (la_is_paged(class)) {
    box->object = page;
    box->flags = slot;
    lua_setmetatable(L, -2);
    lua_insert(L, top + 1);
    lua_setiuservalue(L, -2, 1);
    la_page_take(L, take, first, last);
  } else {
    lua_setmetatable(L, -2);
    box->object = take;
    page->slots[slot] = NULL;
    lua_replace(L, top + 1);
  }
}

void la_open_page(lua_State *L, la_state *state) {
  static const luaL_Reg metamethods[] = {{"__gc", page_gc}, {NULL, NULL}};
  la_register_class(L, state, LA_BOX_PAGE, NULL, metamethods);
}
