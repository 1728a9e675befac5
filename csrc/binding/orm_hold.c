/* SPDX-License-Identifier: MIT */
/*
 * What a session holds: the handles of objects that it must not lose, since the database has not
 * got what they have.
 *
 * The first one lies in a user value of the session's box, so that a session with one new object
 * needs no table; the others in the strong table, by the numbers of their places.
 */
#include "binding/orm_session.h"

/* What is on the stack meanwhile, from the first slot behind `base` on: the session's box or nil,
 * its strong table and the state's table of handles, each nil until it is needed. */
typedef struct settling {
  int base;
  la_session_box *box; /* NULL: it is dead */
} settling;

enum { BOX = 1, STRONG, HANDLES };

/* Pushes the handle of `instance` if there is one. */
static bool push_handle(lua_State *L, la_state *state, const settling *s,
                        const la_instance *instance) {
  if (lua_isnil(L, s->base + HANDLES)) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
    lua_replace(L, s->base + HANDLES);
  }
  return la_push_object_from(L, s->base + HANDLES, instance);
}

/* Sees to it that the strong table is on the stack; false if there is none and none is to be made.
 */
static bool find_strong(lua_State *L, const settling *s, bool make) {
  if (!lua_isnil(L, s->base + STRONG)) {
    return true;
  }
  bool found = lua_getiuservalue(L, s->base + BOX, LA_SESSION_STRONG) == LUA_TTABLE;
  if (!found && make) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, s->base + BOX, LA_SESSION_STRONG);
    found = true;
  }
  lua_replace(L, s->base + STRONG);
  return found;
}

static void hold(lua_State *L, la_state *state, const settling *s, la_instance *instance) {
  bool tied = instance->flags & LA_INSTANCE_HELD;
  if (!push_handle(L, state, s, instance)) {
    la_push_object(L, state, instance);
  }
  if (instance->session && !tied) {
    la_object_set_session(L, -1, s->base + BOX);
  }
  if (s->box->held == instance->handle || (s->box->held == 0 && !tied)) {
    s->box->held = instance->handle;
    lua_setiuservalue(L, s->base + BOX, LA_SESSION_HELD);
  } else {
    (void)find_strong(L, s, true);
    lua_rawseti(L, s->base + STRONG, instance->handle);
  }
  instance->flags |= LA_INSTANCE_HELD;
}

/* Whether something is kept for the links of `instance`, which forget it. An object that leaves its
 * session with changes goes on naming what its links had before. */
static bool take_kept(la_instance *instance) {
  uint32_t flags = 0;
  for (uint32_t i = 0; i < instance->link_count; i++) {
    flags |= la_links(instance)[i].flags;
    if (la_links(instance)[i].flags & LA_LINK_KEPT && la_link_names_old(instance, i)) {
      return false;
    }
  }
  for (uint32_t i = 0; flags & LA_LINK_KEPT && i < instance->link_count; i++) {
    la_links(instance)[i].flags &= ~(uint32_t)LA_LINK_KEPT;
  }
  return flags & LA_LINK_KEPT;
}

/* The session does not hold the handle of `instance` any more. */
static void drop(lua_State *L, const settling *s, const la_instance *instance) {
  if (instance->handle == 0) {
    return;
  }
  if (s->box->held == instance->handle) {
    s->box->held = 0;
    lua_pushnil(L);
    lua_setiuservalue(L, s->base + BOX, LA_SESSION_HELD);
  } else if (find_strong(L, s, false)) {
    lua_pushnil(L);
    lua_rawseti(L, s->base + STRONG, instance->handle);
  }
}

/* Lets go of the handle. That of an instance that left its session is untied; what was kept for a
 * flush is let go. */
static void let_go(lua_State *L, la_state *state, const settling *s, la_instance *instance) {
  bool tied = instance->flags & LA_INSTANCE_HELD;
  bool changes = !instance->session || (s->box && !tied);
  bool keeps = take_kept(instance);
  instance->flags &= ~(uint32_t)LA_INSTANCE_HELD;
  if ((changes || keeps) && push_handle(L, state, s, instance)) {
    if (changes) {
      la_object_set_session(L, -1, instance->session ? s->base + BOX : 0);
    }
    if (keeps && la_push_object_table_if(L, state, -1)) {
      lua_pushnil(L);
      lua_rawseti(L, -2, LA_KEPT);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  if (s->box) {
    drop(L, s, instance);
  }
}

/* Goes through the changes; the session's box, or nil, is on top of the stack and is popped. A
 * finalizer that runs meanwhile may use the session, and go through them first. */
static void settle_changes(lua_State *L, la_state *state, la_session *session) {
  settling s = {.base = lua_gettop(L) - 1, .box = lua_touserdata(L, -1)};
  lua_pushnil(L);
  lua_pushnil(L);
  while (session->hold_changes.count > 0) {
    size_t at = session->hold_changes.count - 1, before = session->settling.count;
    la_instance *instance;
    if (!la_session_begin_settling(session, &instance)) {
      la_raise_status(L, LA_NOMEM, "not enough memory");
    }
    if (s.box && la_instance_wants_hold(instance)) {
      hold(L, state, &s, instance);
    } else {
      let_go(L, state, &s, instance);
    }
    la_session_end_settling(session, before, at);
  }
  lua_settop(L, s.base);
}

void la_session_settle(lua_State *L, la_state *state, la_session *session) {
  if (session->hold_changes.count > 0) {
    luaL_checkstack(L, 8, NULL);
    la_push_session(L, state, session);
    settle_changes(L, state, session);
  }
  la_session_tell_notes(L, state, session);
}

void la_session_settle_at(lua_State *L, la_state *state, la_session *session, int index) {
  if (session->hold_changes.count > 0) {
    luaL_checkstack(L, 8, NULL);
    lua_pushvalue(L, index);
    settle_changes(L, state, session);
  }
  la_session_tell_notes(L, state, session);
}
