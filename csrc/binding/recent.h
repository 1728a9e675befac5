/* SPDX-License-Identifier: MIT */
/*
 * Recent boxes: what is made again of the same nodes is the same object.
 *
 * Programs write statements where they run them, so the parts without values, joins and their
 * conditions, orders, come again and again. Nodes never change: the box that such a call made is
 * given out again while somebody holds it or the collector has not come yet. A weak table has the
 * newest, by a number made of what they were made of; who asks looks whether it is the node that
 * would be made, so that nothing but the box has to be held.
 *
 * Not for nodes that are told apart by identity: parameters, aliases, labels, subqueries.
 */
#ifndef LA_BINDING_RECENT_H
#define LA_BINDING_RECENT_H

#include "binding/state.h"

#pragma GCC visibility push(hidden)

/* The kinds of what is kept, besides operations, whose kinds are the operators. */
enum { LA_RECENT_SELECT = LA_OPERATOR_COUNT, LA_RECENT_JOIN, LA_RECENT_QUERY };

/* A number for the node that is made of `first` and `second` (may be NULL) by a call with the
 * number `kind`. */
uint32_t la_recent_number(uint32_t kind, const la_node *first, const la_node *second);
/* Pushes the box of `class` that was kept for `number`, and lends its node; NULL, and nothing
 * pushed, if there is none. Needs two free stack slots. */
la_node *la_push_recent(lua_State *L, la_state *state, la_box_class class, uint32_t number);
/* Keeps the box on top of the stack, of a node that it holds, for `number`, unless the node has
 * Lua values. Needs two free stack slots. */
void la_keep_recent(lua_State *L, la_state *state, uint32_t number);

/* The attribute at `index`, operations on which are kept; or NULL. */
la_node *la_recent_operand(lua_State *L, la_state *state, int index);
/* Pushes the box of `op` on these attributes (`right` may be NULL) that was kept; false, and
 * nothing pushed, if there is none. Needs two free stack slots, as the other. */
bool la_push_recent_operation(lua_State *L, la_state *state, la_operator op, const la_node *left,
                              const la_node *right);
void la_keep_recent_operation(lua_State *L, la_state *state, la_operator op, const la_node *left,
                              const la_node *right);

/* The same for a Query of `select`, kept for the session at index `session`. */
bool la_push_recent_query(lua_State *L, la_state *state, const la_node *select, int session);
void la_keep_recent_query(lua_State *L, la_state *state, const la_node *select);

void la_open_recent(lua_State *L, la_state *state);

#pragma GCC visibility pop

#endif
