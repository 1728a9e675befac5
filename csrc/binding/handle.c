/* SPDX-License-Identifier: MIT */
/*
 * A place of the table holds an instance's address, with LOST in its lowest bit; or, with FREE in
 * the next, the number of the next free place.
 *
 * Lua's half is a table of pages, each a weak table of PAGE_SIZE handles that is made with all its
 * room: what the collector clears leaves holes in it, by which Lua would size a growing table anew
 * again and again. All places have a page. Field 0 of the table is the pages' metatable.
 */
#include "binding/handle.h"

#include "binding/collector.h"
#include "binding/orm.h"

#define LOST        ((uintptr_t)1)
#define FREE        ((uintptr_t)2)
#define PAGE_SIZE   512u
#define AHEAD_FIRST 8192
#define AHEAD_COUNT 32768 /* so many places are prepared for at a time, from the first on */
#define EACH_BYTES  1024  /* what Lua takes for a handle, its tables and what goes in and out */
#define MANY        64    /* objects of a list with thin handles */
#define WATCHED     32    /* handles that the watch has on the stack */
#define FEW         4096  /* places that the watch always goes through */
#define SAMPLED     64    /* else one in so many tells whether it does */

static const char handle_mark = 0; /* key of the metatables of handles */

static inline la_instance *instance_in(uintptr_t place) {
  return (la_instance *)(place & ~LOST);
}

static inline lua_Integer page_of(uint32_t place) {
  return (lua_Integer)(place / PAGE_SIZE) + 1;
}

static inline lua_Integer line_of(uint32_t place) {
  return (lua_Integer)(place % PAGE_SIZE) + 1;
}

/* ---- from the handle to the instance ---- */

static int raise_stale(lua_State *L) {
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "this object was collected as garbage and brought back by a finalizer; it "
                         "has lost its state");
}

/* The handle at `index`, whose place was lost, is in use again. */
static la_instance *bring_back(lua_State *L, la_state *state, int index) {
  const la_handle *handle = lua_touserdata(L, index);
  la_handles *handles = &state->handles;
  uintptr_t place = handle->place < handles->used ? handles->places[handle->place] : FREE;
  if (place & FREE || instance_in(place)->handle_serial != handle->serial) {
    raise_stale(L);
  }
  index = lua_absindex(L, index);
  luaL_checkstack(L, 3, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  lua_rawgeti(L, -1, page_of(handle->place));
  if (lua_rawgeti(L, -1, line_of(handle->place)) == LUA_TNIL) {
    lua_pushvalue(L, index);
    lua_rawseti(L, -3, line_of(handle->place));
  }
  lua_pop(L, 3);
  handles->places[handle->place] = place & ~LOST;
  return instance_in(place);
}

la_instance *la_handle_instance(lua_State *L, la_state *state, int index) {
  const la_handle *handle = lua_touserdata(L, index);
  const la_handles *handles = &state->handles;
  if (handle->place < handles->used) {
    uintptr_t place = handles->places[handle->place];
    if (!(place & (LOST | FREE)) && instance_in(place)->handle_serial == handle->serial) {
      return instance_in(place);
    }
  }
  return bring_back(L, state, index);
}

la_instance *la_to_instance(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) != sizeof(la_handle) ||
      !lua_getmetatable(L, index)) {
    return NULL;
  }
  bool is_handle = lua_rawgetp(L, -1, &handle_mark) != LUA_TNIL;
  lua_pop(L, 2);
  return is_handle ? la_handle_instance(L, la_state_of(L), index) : NULL;
}

void la_mark_object_metatable(lua_State *L) {
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &handle_mark);
}

/* ---- from the instance to the handle ---- */

bool la_push_object_from(lua_State *L, int objects, const la_instance *instance) {
  if (instance->handle == 0) {
    return false;
  }
  lua_rawgeti(L, objects, page_of(instance->handle));
  if (lua_rawgeti(L, -1, line_of(instance->handle)) != LUA_TNIL) {
    lua_replace(L, -2);
    return true;
  }
  lua_pop(L, 2);
  return false;
}

bool la_push_object_if(lua_State *L, la_state *state, la_instance *instance) {
  if (instance->handle == 0) {
    return false;
  }
  luaL_checkstack(L, 3, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  lua_rawgeti(L, -1, page_of(instance->handle));
  bool found = lua_rawgeti(L, -1, line_of(instance->handle)) != LUA_TNIL;
  lua_copy(L, -1, -3);
  lua_pop(L, found ? 2 : 3);
  return found;
}

void la_push_object_metatable(lua_State *L, la_state *state, const la_mapper *mapper) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->classes);
  lua_rawgetp(L, -1, mapper);
  lua_replace(L, -2);
  if (lua_isnil(L, -1)) {
    la_raise_status(L, LA_UNMAPPED_CLASS, "Class '%.*s' is no longer mapped: nothing holds it",
                    LA_TEXT_FORMAT(mapper->class_name));
  }
}

static void raise_nomem(lua_State *L) {
  la_error err;
  la_error_init(&err);
  la_fail_nomem(&err);
  la_raise(L, &err);
}

/* Makes the pages of the places before `end`; the table of pages is at `objects`. */
static void make_pages(lua_State *L, int objects, uint32_t end) {
  objects = lua_absindex(L, objects);
  for (lua_Integer page = page_of(end - 1); page > 0; page--) {
    bool known = lua_rawgeti(L, objects, page) != LUA_TNIL;
    lua_pop(L, 1);
    if (known) {
      return; /* and those before it */
    }
    lua_createtable(L, (int)PAGE_SIZE, 0);
    lua_rawgeti(L, objects, 0);
    lua_setmetatable(L, -2);
    lua_rawseti(L, objects, page);
  }
}

/* Sees to it that there is a free place. What a finalizer does meanwhile may take it. */
static void make_room(lua_State *L, la_state *state, int objects) {
  la_handles *handles = &state->handles;
  uint32_t old = handles->size, size = old > 0 ? old * 2 : PAGE_SIZE;
  luaL_checkstack(L, 3, NULL);
  make_pages(L, objects, size);
  if (handles->size != old) {
    return;
  }
  uintptr_t *places = NULL;
  if (!handles->closed && size < INT32_MAX / 2) {
    places =
        la_realloc(&state->alloc, handles->places, old * sizeof *places, size * sizeof *places);
  }
  if (places == NULL) {
    raise_nomem(L);
  }
  handles->places = places;
  handles->size = size;
  if (handles->used == 0) {
    handles->places[handles->used++] = FREE; /* place 0 is none */
  }
}

static inline bool has_room(const la_handles *handles) {
  return handles->free != 0 || handles->used < handles->size;
}

/* Gives `instance` a place; there is a free one. */
static void take_place(la_state *state, la_instance *instance) {
  la_handles *handles = &state->handles;
  uint32_t place = handles->free;
  if (place != 0) {
    handles->free = (uint32_t)(handles->places[place] >> 2);
  } else {
    place = handles->used++;
    if (place % AHEAD_COUNT == AHEAD_FIRST) {
      la_alloc_ahead(&state->alloc, AHEAD_COUNT * EACH_BYTES);
    }
  }
  handles->places[place] = (uintptr_t)instance;
  instance->handle = place;
  instance->handle_serial = ++handles->serial;
  la_instance_pin(instance);
}

static void leave_place(la_state *state, uint32_t place) {
  la_handles *handles = &state->handles;
  la_instance *instance = instance_in(handles->places[place]);
  handles->places[place] = (uintptr_t)handles->free << 2 | FREE;
  handles->free = place;
  instance->handle = 0;
  instance->handle_serial = 0;
  la_instance_unpin(instance);
}

/* The new handle on top of the stack belongs to `instance`, which has a place on the page at
 * `page`. */
static void enter(lua_State *L, int page, const la_instance *instance, la_handle *handle) {
  handle->place = instance->handle;
  handle->serial = instance->handle_serial;
  lua_pushvalue(L, -1);
  lua_rawseti(L, page, line_of(instance->handle));
}

la_pusher la_push_pusher(lua_State *L, la_state *state) {
  luaL_checkstack(L, 5, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  int at = lua_gettop(L);
  lua_settop(L, at + 4);
  return (la_pusher){.at = at};
}

/* Objects without relationships and values of Lua seldom have a table. */
static bool may_be_thin(const la_mapper *mapper) {
  for (uint32_t i = 0; i < mapper->slot_count; i++) {
    if (mapper->slots[i]->flags & LA_PROPERTY_HOST_TYPE) {
      return false;
    }
  }
  return mapper->link_count == 0;
}

static void turn_to_mapper(lua_State *L, la_state *state, la_pusher *pusher,
                           const la_mapper *mapper) {
  if (pusher->mapper != mapper) {
    la_push_object_metatable(L, state, mapper);
    lua_replace(L, pusher->at + 1);
    pusher->mapper = mapper;
    pusher->thin = pusher->many && may_be_thin(mapper);
  }
}

static void turn_to_session(lua_State *L, la_state *state, la_pusher *pusher, la_session *session) {
  if (pusher->session != session) {
    la_push_session(L, state, session);
    lua_replace(L, pusher->at + 2);
    pusher->session = session;
    pusher->tied = NULL;
  }
}

/* Sees to it that the fifth slot has the metatable of thin handles of the pusher's mapper; false if
 * the session has no box any more. */
static bool turn_to_tied(lua_State *L, la_state *state, la_pusher *pusher) {
  if (pusher->tied != pusher->mapper) {
    if (lua_isnil(L, pusher->at + 2)) {
      return false;
    }
    la_push_tied_metatable(L, state, pusher->mapper, pusher->at + 2);
    lua_replace(L, pusher->at + 4);
    pusher->tied = pusher->mapper;
  }
  return true;
}

/* Pushes an empty handle for `instance`; `*thin_out`: it is one, tied to the pusher's session. */
static la_handle *push_empty_handle(lua_State *L, la_state *state, la_pusher *pusher,
                                    const la_instance *instance, bool *thin_out) {
  turn_to_mapper(L, state, pusher, instance->mapper);
  bool thin = false;
  if (pusher->thin && instance->session && !(instance->flags & LA_INSTANCE_LONG_TEXT)) {
    turn_to_session(L, state, pusher, instance->session);
    thin = turn_to_tied(L, state, pusher);
  }
  la_handle *handle = lua_newuserdatauv(L, sizeof *handle, thin ? 0 : instance->link_count + 1);
  *handle = (la_handle){0};
  lua_pushvalue(L, pusher->at + (thin ? 4 : 1));
  lua_setmetatable(L, -2);
  *thin_out = thin;
  return handle;
}

static void turn_to_page(lua_State *L, la_pusher *pusher, uint32_t place) {
  if (pusher->page != page_of(place)) {
    pusher->page = page_of(place);
    lua_rawgeti(L, pusher->at, pusher->page);
    lua_replace(L, pusher->at + 3);
  }
}

/* Gives `instance`, whose empty handle is on top of the stack, a place in the table of handles at
 * `objects`. False if a finalizer has asked for the object meanwhile: its handle is in the place of
 * the empty one then. */
static bool claim_place(lua_State *L, la_state *state, int objects, la_instance *instance) {
  while (!has_room(&state->handles)) {
    make_room(L, state, objects);
  }
  if (la_push_object_from(L, objects, instance)) {
    lua_replace(L, -2);
    return false;
  }
  if (instance->handle != 0) { /* takes over the place of the one that is lost */
    la_links_unload(instance);
    state->handles.places[instance->handle] = (uintptr_t)instance;
    instance->handle_serial = ++state->handles.serial; /* and that one's object */
  } else {
    take_place(state, instance);
  }
  return true;
}

void la_push_object_by(lua_State *L, la_state *state, la_pusher *pusher, la_instance *instance) {
  luaL_checkstack(L, 6, NULL);
  if (la_push_object_from(L, pusher->at, instance)) {
    return;
  }
  bool thin;
  la_handle *handle = push_empty_handle(L, state, pusher, instance, &thin);
  if (!claim_place(L, state, pusher->at, instance)) {
    return;
  }
  turn_to_page(L, pusher, instance->handle);
  enter(L, pusher->at + 3, instance, handle);
  if (!thin && instance->session) {
    turn_to_session(L, state, pusher, instance->session);
    lua_pushvalue(L, pusher->at + 2);
    lua_setiuservalue(L, -2, 1);
  }
}

/* Pushes a new handle; needs no pusher, for it is the only one. */
static void push_single(lua_State *L, la_state *state, la_instance *instance) {
  luaL_checkstack(L, 8, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  int objects = lua_gettop(L);
  la_handle *handle = lua_newuserdatauv(L, sizeof *handle, (int)instance->link_count + 1);
  *handle = (la_handle){0};
  la_push_object_metatable(L, state, instance->mapper);
  lua_setmetatable(L, -2);
  if (claim_place(L, state, objects, instance)) {
    lua_rawgeti(L, objects, page_of(instance->handle));
    lua_replace(L, objects);
    enter(L, objects, instance, handle);
    if (instance->session) {
      la_push_session(L, state, instance->session);
      lua_setiuservalue(L, -2, 1);
    }
  }
  lua_replace(L, objects);
}

void la_push_object(lua_State *L, la_state *state, la_instance *instance) {
  if (!la_push_object_if(L, state, instance)) {
    push_single(L, state, instance);
  }
}

void la_push_object_list(lua_State *L, la_state *state, const la_instances *instances, size_t from,
                         size_t end) {
  luaL_checkstack(L, 4, NULL);
  la_alloc_ahead(&state->alloc, (end - from) * sizeof(void *) * 2);
  la_push_list(L, state, (int)(end - from));
  int list = lua_gettop(L);
  la_pusher pusher = la_push_pusher(L, state);
  pusher.many = end - from >= MANY;
  for (size_t i = from; i < end; i++) {
    if (instances->items[i]) {
      la_push_object_by(L, state, &pusher, instances->items[i]);
    } else {
      la_push_null(L);
    }
    lua_rawseti(L, list, (lua_Integer)(i - from) + 1);
  }
  lua_settop(L, list);
  la_collector_tell_list(L, state, end - from);
}

la_instance *la_push_transient(lua_State *L, la_state *state, la_slab *slab, la_mapper *mapper,
                               int objects, int metatable) {
  la_instance *instance = NULL;
  la_error err;
  la_error_init(&err);
  luaL_checkstack(L, 2, NULL);
  uint32_t link_count = mapper->link_count;
  la_handle *handle = lua_newuserdatauv(L, sizeof *handle, (int)link_count + 1);
  *handle = (la_handle){0};
  lua_pushvalue(L, metatable);
  lua_setmetatable(L, -2);
  while (!has_room(&state->handles)) {
    make_room(L, state, objects);
  }
  if (mapper->link_count != link_count) { /* a finalizer has added a relationship meanwhile */
    lua_pop(L, 1);
    return la_push_transient(L, state, slab, mapper, objects, metatable);
  }
  if (la_instance_new(&state->alloc, slab, mapper, &instance, &err) < 0) {
    la_raise(L, &err);
  }
  take_place(state, instance);
  la_instance_unpin(instance); /* the place holds it */
  lua_rawgeti(L, objects, page_of(instance->handle));
  lua_insert(L, -2); /* page, handle */
  enter(L, -3, instance, handle);
  lua_remove(L, -2);
  return instance;
}

/* ---- the watch ---- */

/* Leaves a new watch to the collector. */
static int make_watch(lua_State *L) {
  la_state *state = lua_touserdata(L, 1);
  lua_newuserdatauv(L, 0, 0);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->handles.watch);
  lua_setmetatable(L, -2);
  return 0;
}

/* Another watch, or the one at index 1, whose finalizer runs, once more if there is no memory. */
static void rearm(lua_State *L, la_state *state) {
  lua_pushcfunction(L, make_watch);
  lua_pushlightuserdata(L, state);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    lua_getmetatable(L, 1);
    lua_setmetatable(L, 1);
  }
}

/* Marks what is lost, and lets go of what was so already. `page` is a free stack slot above the
 * table of pages. */
static void go_through(lua_State *L, la_state *state, int page) {
  la_handles *handles = &state->handles;
  handles->has_lost = false;
  for (uint32_t i = 1; i < handles->used; i++) {
    uintptr_t place = handles->places[i];
    if (i % WATCHED == 0 || i == 1) {
      lua_settop(L, page - 1); /* what was looked at is left there until then */
      lua_rawgeti(L, -1, page_of(i));
    }
    if (place & FREE) {
      continue;
    }
    bool lost = lua_rawgeti(L, page, line_of(i)) == LUA_TNIL;
    if (!lost) {
      handles->places[i] = place & ~LOST;
    } else if (place & LOST) {
      leave_place(state, i);
    } else {
      handles->places[i] = place | LOST;
      handles->has_lost = true;
      la_links_unload(instance_in(place));
      if (instance_in(place)->pins == 1) {
        la_instance_leave_session(instance_in(place));
      }
    }
  }
}

/* Whether handles may have been lost since the places were gone through. A generational collector
 * ends a cycle each time that its heap has grown a little, and most cycles lose nothing: so of many
 * places others are looked at each time. What is missed is lost for some cycles longer. */
static bool has_losses(lua_State *L, la_handles *handles, int objects) {
  if (handles->used < FEW || handles->has_lost) {
    return true;
  }
  bool lost = false;
  for (uint32_t i = handles->turn++ % SAMPLED + 1; i < handles->used && !lost; i += SAMPLED) {
    if (!(handles->places[i] & FREE)) {
      lua_rawgeti(L, objects, page_of(i));
      lost = lua_rawgeti(L, -1, line_of(i)) == LUA_TNIL;
      lua_settop(L, objects);
    }
  }
  return lost;
}

/* __gc of a watch: a cycle of the collector is over. Nothing is let go before all that is lost has
 * no links. */
static int watch_gc(lua_State *L) {
  la_state *state = la_state_of(L);
  la_handles *handles = &state->handles;
  if (!lua_checkstack(L, WATCHED + 8)) {
    rearm(L, state);
    return 0;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  int page = lua_gettop(L) + 1;
  if (has_losses(L, handles, page - 1)) {
    go_through(L, state, page);
  }
  lua_settop(L, 1);
  rearm(L, state);
  return 0;
}

/* __gc of what lives as long as the Lua state, and was made before all handles: it goes last. */
static int keeper_gc(lua_State *L) {
  la_state *state = la_state_of(L);
  la_handles *handles = &state->handles;
  handles->closed = true;
  for (uint32_t i = 1; i < handles->used; i++) {
    if (!(handles->places[i] & FREE)) {
      leave_place(state, i);
    }
  }
  la_free(&state->alloc, handles->places, handles->size * sizeof *handles->places);
  handles->places = NULL;
  handles->size = handles->used = handles->free = 0;
  return 0;
}

/* Pushes a metatable with only a finalizer. */
static void push_metatable(lua_State *L, la_state *state, lua_CFunction gc) {
  lua_createtable(L, 0, 1);
  lua_pushlightuserdata(L, state);
  lua_pushcclosure(L, gc, 1);
  lua_setfield(L, -2, "__gc");
}

void la_open_handles(lua_State *L, la_state *state) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_rawseti(L, -2, 0);
  state->objects = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_newuserdatauv(L, 0, 0);
  push_metatable(L, state, keeper_gc);
  lua_setmetatable(L, -2);
  luaL_ref(L, LUA_REGISTRYINDEX);
  push_metatable(L, state, watch_gc);
  state->handles.watch = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pushcfunction(L, make_watch);
  lua_pushlightuserdata(L, state);
  lua_call(L, 1, 0);
}
