/* SPDX-License-Identifier: MIT */
/*
 * What the files of the session's binding share.
 */
#ifndef LA_BINDING_ORM_SESSION_H
#define LA_BINDING_ORM_SESSION_H

#include "binding/orm.h"

#pragma GCC visibility push(hidden)

/* Instances with a pin each, in a scratch. */
typedef struct instances_box {
  la_allocator *alloc;
  la_instances instances;
} instances_box;

/* The session of the box at `index`, which a method has checked. */
static inline la_session *la_session_at(lua_State *L, int index) {
  return ((const la_box *)lua_touserdata(L, index))->object;
}

instances_box *la_push_instances(lua_State *L, la_state *state);
/* The same for a vector of the core's making, which the box takes over. */
void la_adopt_instances(instances_box *box, const la_instances *found);
/* Calls the listeners of before_attach for `root` and all that is added with it; refuses one whose
 * relationships another session loads. */
void la_session_tell_attach(lua_State *L, la_state *state, int index, la_instance *root,
                            bool with_cascade);
/* Pushes what the Lua function registered as `hook` makes of the list of handles. */
void la_push_instance_list(lua_State *L, la_state *state, instances_box *box, const char *hook);
/* Pushes the table of what only Lua uses (bind, info, objects of transactions by depth), made when
 * it is first needed. `index`: the session's box. */
void la_push_session_misc(lua_State *L, int index);
/* Flushes until nothing is left to flush. */
void la_session_flush_all(lua_State *L, la_state *state, int index);

/* The session's box is dead: its place can be used again. */
void la_forget_session_box(lua_State *L, la_state *state, la_session *session);

/* Functions of the core table that make sessions and list them. */
extern const luaL_Reg la_session_making_functions[];

/* … and that say where statements of them go. */
extern const luaL_Reg la_session_route_functions[];

/* core.session_peek(session, class, identity, token's number) → the object that the identity map
 * has, or nil. */
int la_session_peek(lua_State *L);
/* Expires `root` and what follows it along refresh-expire. */
void la_session_expire_all_of(lua_State *L, la_session *session, la_instance *root);
/* Expires the attributes of the object at `object` that the list at `names` has. Raises if it has
 * another name, and then expires none. */
void la_session_expire_names(lua_State *L, la_instance *instance, int object, int names);

#pragma GCC visibility pop

#endif
