/* SPDX-License-Identifier: MIT */
/*
 * The Lua half of mapped objects.
 *
 * A mapped class is a Lua table. Its metatable's C functions find the mapper; the class attributes
 * (ATTRIBUTE and RELATIONSHIP boxes) and methods lie raw in the class table.
 *
 * An object's handle is a small userdata (handle.h). Its user value number LA_LINK_VALUE(link) is
 * the handle of a scalar link's target, or the collection of a to-many link; valid only while the
 * core's link is loaded. The first is nil (transient), the session's box, or a table once there is
 * more to hold:
 *   [LA_SESSION_KEY]  the session's box, or false
 *   [-(slot + 1)]     the Lua value of a slot: long text, host values; valid while the slot is
 *                     flagged LA_SLOT_CACHED or is of kind HOST
 *   [LA_KEPT]         a table of handles that the core still names (old targets, removed members,
 *                     queued ones), until a flush or expiry; one of the links is LA_LINK_KEPT
 *   string keys       fields that are not mapped
 */
#ifndef LA_BINDING_ORM_H
#define LA_BINDING_ORM_H

#include "binding/box.h"
#include "binding/check.h"
#include "binding/event.h"
#include "binding/handle.h"
#include "binding/push.h"
#include "binding/raise.h"
#include "orm/flush.h"
#include "orm/load.h"

#pragma GCC visibility push(hidden)

/* A slot whose Lua value lies in the handle's table; any write of the core clears it. */
#define LA_SLOT_CACHED      128
#define LA_KEPT             (-100000)
#define LA_SESSION_KEY      1
#define LA_LINK_VALUE(link) ((int)(link) + 2)

/* The box of a mapper keeps the memory of objects that are made by the program. */
typedef struct la_mapper_box {
  la_box box;
  la_slab *slab;
} la_mapper_box;

/* A session's box: object: la_session. User values: the strong table of handles by their places, or
 * nil; the table for what only Lua uses (info, objects of transactions), or the bind; nil, or a
 * table from the metatables of classes to their copies for thin handles; the handle that is held
 * without the strong table (orm_hold.c), or nil; the class that get() was asked for last, and its
 * mapper's box, or nil. */
enum {
  LA_SESSION_STRONG = 1,
  LA_SESSION_MISC,
  LA_SESSION_METATABLES,
  LA_SESSION_HELD,
  LA_SESSION_CLASS,
  LA_SESSION_MAPPER,
  LA_SESSION_VALUES = LA_SESSION_MAPPER
};
typedef struct la_session_box {
  la_box box;
  bool commits_on_close; /* the session of sessionmaker:begin() */
  bool has_class;        /* of a class of the program's, whose members go before methods */
  uint32_t held;         /* the place of the handle in LA_SESSION_HELD, or 0 */
  const void *class;     /* the address of what is in LA_SESSION_CLASS, or NULL */
  const la_mapper_box *mapper_box; /* what is in LA_SESSION_MAPPER */
} la_session_box;

/* A collection's box has no object. User values: 1 the sequence of members' handles, 2 the owner's
 * handle, 3 its view if the relationship has a collection class (orm_view.h). */
typedef struct la_collection_box {
  la_box box;
  uint32_t link;
  bool told; /* listeners of init_collection know it */
} la_collection_box;

/* Raises UnmappedInstanceError otherwise, with SQLAlchemy's words. */
la_instance *la_check_instance(lua_State *L, int index);
/* The mapper of the mapped class (or MAPPER box) at `index`, NULL otherwise. */
la_mapper *la_to_mapper(lua_State *L, int index);
la_mapper *la_check_mapper(lua_State *L, int index);
/* Its box, which the class's metatable holds; NULL likewise. */
la_mapper_box *la_to_mapper_box(lua_State *L, int index);
/* Pushes it for the mapped class or MAPPER box at `index`, a place from the bottom. */
la_mapper_box *la_push_mapper_box(lua_State *L, int index);
/* Pushes the `__call` of a class: of the MAPPER box at `mapper`, its objects' metatable and its
 * table of keys. Places are absolute. */
void la_push_constructor(lua_State *L, la_state *state, int mapper, int objects, int keys);
/* Pushes the raw value of the key at `key_index` in the class table at `class_index` or its bases;
 * nil if there is none. */
void la_push_from_class(lua_State *L, int class_index, int key_index);
/* Pushes the table by which the object at `index` finds its properties: name → number, or a
 * descriptor. */
void la_push_keys(lua_State *L, int index);
/* Names that were looked up in a keys table before. */
typedef struct la_known_keys la_known_keys;
/* Pushes the userdata with those of the keys table at `keys`. */
void la_push_known_keys(lua_State *L, int keys);
/* The property that the key at `key_index` names in the keys table at `keys`. NULL if there is
 * none, and then nil or a descriptor (orm/descriptor.lua) is pushed. */
const la_property *la_find_property(lua_State *L, la_known_keys *known, int keys,
                                    const la_mapper *mapper, int key_index);
/* Forgets what was found in the keys table at `keys`, whose numbers have changed. */
void la_forget_keys(lua_State *L, int keys);
/* Pushes the table of the handle at `index`, making it; or only if it has one: false, and nothing
 * pushed, otherwise. */
void la_push_object_table(lua_State *L, la_state *state, int index);
bool la_push_object_table_if(lua_State *L, la_state *state, int index);
/* Ties the handle at `index` to the session box at `session_index` (0: unties it). */
void la_object_set_session(lua_State *L, int index, int session_index);
/* Pushes the metatable of thin handles of `mapper` that are tied to the session box at `session`.
 */
void la_push_tied_metatable(lua_State *L, la_state *state, const la_mapper *mapper, int session);
/* core.object_metamethod(metatable, name, value): sets a field of the metatable of a class's
 * objects, of its copies too. */
int la_object_metamethod(lua_State *L);
/* Pushes the session's box, by address through the state's table of known boxes. */
void la_push_session(lua_State *L, la_state *state, la_session *session);
/* The session of the SESSION box at `index`; raises if it is none. */
la_session *la_check_session(lua_State *L, int index);
/* Makes the strong table agree with la_instance_wants_hold for all that changed, and unties handles
 * of instances that left. `session` must be alive. Call it after each call that changes sets. */
void la_session_settle(lua_State *L, la_state *state, la_session *session);
/* Transactions of connections that the program has lent, which have ended, are inactive. */
void la_session_settle_connection(lua_State *L, la_state *state, la_session *session);
/* la_session_settle where the session's box is at `index`. */
void la_session_settle_at(lua_State *L, la_state *state, la_session *session, int index);

/* Reads attribute `property` of the object at `index` and pushes its value, loading what is
 * missing. */
void la_object_get(lua_State *L, la_state *state, int index, const la_property *property);
/* Writes the value at `value_index`. */
void la_object_set(lua_State *L, la_state *state, int index, const la_property *property,
                   int value_index);

/* Deletes the value of a scalar relationship, without loading it; false if there is none. */
bool la_object_delete_link(lua_State *L, la_state *state, int index,
                           const la_relationship *relationship);

/* Writes a column's attribute; `committed`: as if it had been loaded. Places are absolute. */
void la_object_set_slot(lua_State *L, la_state *state, int index, const la_property *property,
                        int value_index, bool committed);
/* True if the attribute's value is the Lua value at `value_index` itself. Emits no SQL. */
bool la_object_has_value(lua_State *L, int index, const la_instance *instance,
                         const la_property *property, int value_index);
/* The value at `index` as the column's attribute stores it, if that takes neither Lua nor memory.
 */
bool la_object_plain_value(lua_State *L, int index, const la_property *property, la_value *out);
/* The property that the name at `index` means; raises if there is none. */
const la_property *la_check_property(lua_State *L, const la_instance *instance, int index);

/* Both halves of the change `first` and of all that follows from it. The handles of its two objects
 * are at `index` and `other_index`, which is 0 if there is no other. */
void la_object_change_link(lua_State *L, la_state *state, int index, int other_index,
                           const la_link_change *first);
/* Loads what a flush or a cascade needs to know, also where lazy="raise" forbids reading. The
 * handle of `instance` is on the stack. */
void la_object_load_link(lua_State *L, la_state *state, la_instance *instance, uint32_t link);
/* Learns what a scalar link held before it was set: la_link_lacks_old. */
void la_object_load_old_link(lua_State *L, la_state *state, la_instance *instance, uint32_t link);
/* Pushes the value of a link: handle, nil, or collection. */
void la_object_get_link(lua_State *L, la_state *state, int index, uint32_t link);
/* Assigns the value at `value_index`: object or nil; for a collection a sequence. */
void la_object_set_link(lua_State *L, la_state *state, int index,
                        const la_relationship *relationship, int value_index);
/* Applies the links that a load has found, from `*at` on. The scratch at `holder` keeps the handles
 * of their owners: a handle that goes takes its links with it. */
void la_apply_links(lua_State *L, la_state *state, la_load *load, size_t *at, int holder);
/* Pushes a new scratch that holds a zeroed la_load. */
la_load *la_push_load(lua_State *L, la_state *state);
/* Runs the eager loads of `load` and applies all links. */
void la_finish_load(lua_State *L, la_state *state, la_load *load, int holder);
/* Pushes the collection of a loaded link, made if there is none. `index`: the owner's handle. */
void la_push_collection(lua_State *L, la_state *state, int index, uint32_t link);

/* Sees to it that `session` has its connection before the core needs it: an exhausted pool collects
 * garbage and tries once more. What else goes wrong is left to the core to say. */
void la_session_connect(lua_State *L, la_state *state, la_session *session);
/* In a session that works on several engines, goes on where the statement belongs that is about to
 * be sent: `mapper` or NULL, what it is about; `statement` or NULL; `instance` or NULL, the object
 * that is loaded for, or written. Without these two the token is the one at hand. Nothing in any
 * other session. */
void la_session_route(lua_State *L, la_state *state, la_session *session, const la_mapper *mapper,
                      const la_node *statement, la_instance *instance);
/* The same, to the engine or connection at the top of the stack, which is popped; nil: nothing. */
void la_session_route_to(lua_State *L, la_session *session);
/* The same for what `load` reads behind its statement. */
void la_session_route_eager(lua_State *L, la_state *state, const la_load *load);
/* Reads what a link of `instance` needs of the object's own row, where the target's lies elsewhere.
 */
void la_session_read_own(lua_State *L, la_state *state, la_instance *instance, uint32_t link);
/* Gives the connection that the transaction is going to have the execution options on top of the
 * stack, which are popped; nothing if it has one. */
void la_session_set_options(lua_State *L, la_state *state, la_session *session);
/* Work of the core on `session` begins, and is over: what it sent is told to echo and listeners. */
void la_session_listen(lua_State *L, la_state *state, la_session *session);
/* … the first for a statement of the program, which may have a map of schemas. */
void la_session_listen_to(lua_State *L, la_state *state, la_session *session,
                          const la_node *statement);
void la_session_tell(lua_State *L, la_state *state, la_session *session);
/* The first without a connection being taken: for work that sends nothing if there is none. */
void la_session_trace(lua_State *L, la_state *state, la_session *session);
/* Does an event of its engine or connection, which must be there, reach a listener? */
bool la_session_is_reached(lua_State *L, la_state *state, const la_session *session,
                           la_event event);
static inline bool la_session_hears(lua_State *L, la_state *state, const la_session *session,
                                    la_event event) {
  return la_event_has(state, event) && la_session_is_reached(L, state, session, event);
}
/* Calls the listeners of what has happened to objects of `session`. */
void la_session_tell_notes(lua_State *L, la_state *state, la_session *session);
/* after_begin, for the levels whose connection or savepoint is there and that were not told of. */
void la_session_tell_begin(lua_State *L, la_state *state, la_session *session);
/* Calls the listeners of a session's event; the session's box is at `index`, and the `count` values
 * on top of the stack, which are popped, are the arguments after it. */
void la_session_fire(lua_State *L, la_state *state, la_event event, int index, int count);
/* Pushes a function without arguments that calls the listeners of one of the flush's events;
 * `index`: the session's box. */
void la_push_flush_event(lua_State *L, la_state *state, la_event event, int index);
/* Do listeners of do_orm_execute have to hear of the loads that the session makes by itself? */
bool la_session_loads_heard(const la_state *state, const la_session *session);
/* They hear that `key` of the object at `index` is read (none: all that is expired, or, with
 * `refresh`, all). True if they have made the load themselves. */
bool la_tell_column_load(lua_State *L, la_state *state, int index, la_text key, bool refresh);
/* The same of a link. */
bool la_tell_link_load(lua_State *L, la_state *state, int index, la_instance *instance,
                       uint32_t link, bool forced);
/* Runs a flush for the session box at `index` if there is something to flush. */
void la_session_flush(lua_State *L, la_state *state, int index);
/* The same if autoflush is on; an error carries the note about autoflush. */
void la_session_autoflush(lua_State *L, la_state *state, int index);
/* Makes the session inactive as a failed flush does, the error on top of the stack being the
 * reason.
 */
void la_session_fail_by(lua_State *L, la_session *session);
/* Raises `err` with what a failed statement was, if `flush` has one. */
int la_raise_orm(lua_State *L, const la_error *err);
/* Raises `err`, the failure of a statement: its connection, its text and its list of values are on
 * the stack, from `at` on. */
int la_raise_sent(lua_State *L, la_state *state, const la_engine *engine, const la_error *err,
                  int at);

#pragma GCC visibility pop

#endif
