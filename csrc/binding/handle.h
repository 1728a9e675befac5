/* SPDX-License-Identifier: MIT */
/*
 * Handles: what Lua holds of mapped objects, and the way from an instance to its handle.
 *
 * A handle is a userdata of 8 bytes with its class's metatable, and with one user value more than
 * its instance has links (see orm.h). It has a place in the state's table of handles, and the
 * serial that its instance got with it. The place pins the instance; weak tables of Lua have the
 * handle by the same number. Places are used again, so both tables are arrays as long as the most
 * objects that were held at once.
 *
 * Of many objects that are loaded at once, those that are not likely to need more than their
 * session get thin handles, which have no user value and take 32 bytes less: handle_tie.c.
 *
 * Handles have no finalizer: with one, each would outlive a cycle of the collector and cost a call.
 * A watch, an empty userdata made for one cycle, has one instead: it goes through the places after
 * each cycle; where there are thousands, after cycles that have lost some of a sample, which is
 * another one each time. A handle that the weak table has lost is marked so, its links are
 * unloaded, since what they name may be lost as well, and its instance leaves the session unless
 * something else pins it; if it is still lost after the next cycle, the instance is let go. In
 * between, a handle that a finalizer of the program brought back enters its place again when it is
 * used. One that is brought back and not used for a whole cycle, or not before its object has got
 * another handle, has lost its object: using it is an error.
 */
#ifndef LA_BINDING_HANDLE_H
#define LA_BINDING_HANDLE_H

#include "binding/state.h"
#include "orm/collection.h"

#pragma GCC visibility push(hidden)

typedef struct la_handle {
  uint32_t place;  /* in the state's table; 0 in one that is half made */
  uint32_t serial; /* the instance's `handle_serial`, while they belong together */
} la_handle;

/* The instance of the value at `index`; NULL if that is no handle. Raises for one that has lost its
 * object. */
la_instance *la_to_instance(lua_State *L, int index);
/* The same for a value that is known to be a handle. */
la_instance *la_handle_instance(lua_State *L, la_state *state, int index);
/* Pushes the handle of `instance`, which its caller has pinned, made if there is none; tied to its
 * session's box if it has a session. */
void la_push_object(lua_State *L, la_state *state, la_instance *instance);
/* Pushes the handle if there is one; false, and nothing pushed, otherwise. */
bool la_push_object_if(lua_State *L, la_state *state, la_instance *instance);
/* The same with the state's table of handles at `objects`. */
bool la_push_object_from(lua_State *L, int objects, const la_instance *instance);
/* The same for callers that push many: what is looked up stays on the stack, in five slots from
 * `at` on. */
typedef struct la_pusher {
  int at;
  const la_mapper *mapper;   /* whose objects' metatable the second slot has; or NULL */
  const la_session *session; /* whose box the third has; or NULL */
  lua_Integer page;          /* of the table of handles, which the fourth has; or 0 */
  const la_mapper *tied;     /* whose metatable for that session the fifth has; or NULL */
  bool many;                 /* thin handles are worth a metatable of their own */
  bool thin;                 /* objects of `mapper` may have thin handles */
} la_pusher;
la_pusher la_push_pusher(lua_State *L, la_state *state);
void la_push_object_by(lua_State *L, la_state *state, la_pusher *pusher, la_instance *instance);
/* Pushes a list of the handles of `instances` from the one numbered `from` to that before `end`,
 * with null for none. */
void la_push_object_list(lua_State *L, la_state *state, const la_instances *instances, size_t from,
                         size_t end);
/* Marks the metatable on top of the stack as one of handles. */
void la_mark_object_metatable(lua_State *L);
/* Pushes the metatable of the objects of a class; raises if the class is gone. */
void la_push_object_metatable(lua_State *L, la_state *state, const la_mapper *mapper);
/* Pushes the handle of a new transient object. The table of handles and the metatable of its class
 * are at `objects` and `metatable`. */
la_instance *la_push_transient(lua_State *L, la_state *state, la_slab *slab, la_mapper *mapper,
                               int objects, int metatable);
/* Makes the table and its first watch. */
void la_open_handles(lua_State *L, la_state *state);

#pragma GCC visibility pop

#endif
