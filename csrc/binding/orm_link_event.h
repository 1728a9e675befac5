/* SPDX-License-Identifier: MIT */
/*
 * Listeners and validators of links, called before a change.
 */
#ifndef LA_BINDING_ORM_LINK_EVENT_H
#define LA_BINDING_ORM_LINK_EVENT_H

#include "binding/orm.h"

#pragma GCC visibility push(hidden)

/* Does somebody listen to one of the changes? */
bool la_link_is_heard(const la_link_changes *changes);
/* Calls the listeners of `changes`, whose first is `*change`; its value may be another afterwards,
 * and its place is where it belongs now. False if nothing is left to do. Leaves values on the stack
 * that hold what `*change` names. */
bool la_link_tell(lua_State *L, la_state *state, const la_link_changes *changes,
                  la_link_change *change);
/* bulk_replace of the list at `list_index`, which listeners may change, for the object at `index`.
 */
void la_link_tell_replace(lua_State *L, la_state *state, int index, const la_property *property,
                          int list_index);

#pragma GCC visibility pop

#endif
