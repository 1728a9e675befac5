/* SPDX-License-Identifier: MIT */
/*
 * Rows of values in Lua tables → SET and ROW nodes.
 */
#ifndef LA_BINDING_SQL_VALUES_H
#define LA_BINDING_SQL_VALUES_H

#include "binding/sql.h"

#pragma GCC visibility push(hidden)

/* A SET for each column of the row at `index`; `target` is the statement's table or entity. */
bool la_nodes_add_sets(lua_State *L, la_nodes *nodes, int index, la_node *target);
/* The same, or a ROW for each item if the table at `index` is a list of rows. */
bool la_nodes_add_rows(lua_State *L, la_nodes *nodes, int index, la_node *target);
/* A SET for each of the arguments, which are pairs {column, value}. */
bool la_nodes_add_pairs(lua_State *L, la_nodes *nodes, int first, int last, la_node *target);
/* Pushes what the table at `index` has for a column, and gives true; or pushes nothing. */
bool la_push_assigned(lua_State *L, int index, const la_node *column, la_text key);

#pragma GCC visibility pop

#endif
