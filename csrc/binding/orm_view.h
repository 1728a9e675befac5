/* SPDX-License-Identifier: MIT */
/*
 * Views: what the program sees of a collection whose relationship has a `collection_class`.
 *
 * The list (LA_BOX_COLLECTION) stays what the core and the binding work on. Its third user value is
 * a Lua object with the face of a set, a dictionary or a class of the program, made when it is
 * first wanted by the relationship's kind: a Lua table under the number `relationship->host`, with
 * the functions make, members and replaced (orm/collections.lua). Changes that the program makes go
 * from the view to the list, those that the other side of a relationship brings from the list to
 * the view. Relationships without a kind have no views, which costs them the test of one field.
 */
#ifndef LA_BINDING_ORM_VIEW_H
#define LA_BINDING_ORM_VIEW_H

#include "binding/orm.h"

#pragma GCC visibility push(hidden)

/* The list on top of the stack, of the owner at `index`, gives way to its view. */
void la_view_replace_list(lua_State *L, la_state *state, int index,
                          const la_relationship *relationship);
/* Pushes the members of the value at `value_index`, which is being assigned to the collection of
 * the object at `index`, as a sequence; raises if the kind does not take it. */
void la_view_push_members(lua_State *L, la_state *state, int index,
                          const la_relationship *relationship, int value_index);
/* The value at `value_index` has been assigned: the collection of the object at `index` has a new
 * view from here on. */
void la_view_assigned(lua_State *L, la_state *state, int index, const la_relationship *relationship,
                      int value_index);
/* Pushes what views are to be told of the changes, all but the first of which were brought by the
 * other side; nil if there is nothing. */
void la_view_push_news(lua_State *L, la_state *state, const la_link_changes *changes);
/* Tells the news on top of the stack, which are popped. */
void la_view_tell(lua_State *L, la_state *state);

#pragma GCC visibility pop

#endif
