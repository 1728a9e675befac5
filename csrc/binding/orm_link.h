/* SPDX-License-Identifier: MIT */
/*
 * What reading a link and changing it share. The handles of what a link refers to are the owner's
 * user values: that of the one object, or of the list, whose members' handles are its sequence.
 * All of it raises.
 */
#ifndef LA_BINDING_ORM_LINK_H
#define LA_BINDING_ORM_LINK_H

#include "binding/orm.h"

#pragma GCC visibility push(hidden)

/* Fills the sequence of the collection on top of the stack from the core's members, whose handles
 * exist or are made. */
void la_fill_items(lua_State *L, la_state *state, la_instance *instance, uint32_t link);
/* Keeps the handle on top of the stack (popped) in the kept list of the table below it. */
void la_keep_handle(lua_State *L);
/* Reads the link from the database, be it marked as not to be read; flushes nothing before. */
void la_object_read_link(lua_State *L, la_state *state, la_instance *instance, uint32_t link);
/* Calls the hook for a collection that never loads: (object, key, value if `value_index` is not 0,
 * "dynamic" or "write_only") → one value. */
void la_push_unloaded(lua_State *L, la_state *state, const char *hook, int index,
                      const la_relationship *relationship, int value_index);

#pragma GCC visibility pop

#endif
