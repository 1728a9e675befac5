/* SPDX-License-Identifier: MIT */
/*
 * Boxes of the schema, for the other areas.
 *
 * TYPE, METADATA, TABLE and COLUMN boxes have one user value, the record: a Lua table with what
 * belongs to the thing but is Lua's (info, functions that are defaults, objects of constraints, a
 * type's own fields). Records hold each other's boxes: a metadata's its tables', a table's its
 * columns' and its metadata's, a column's its type's and its table's. So as long as one box of a
 * schema is there, all of them are, and Lua collects them together.
 */
#ifndef LA_BINDING_SCHEMA_H
#define LA_BINDING_SCHEMA_H

#include "binding/box.h"

#pragma GCC visibility push(hidden)

/* The column of the COLUMN box at `index`, attached or not; lent. Raises for anything else. */
la_column *la_check_column(lua_State *L, int index);
/* The table of the TABLE box at `index`; lent. Raises for anything else. */
la_table *la_check_table(lua_State *L, int index);
/* The metadata of the METADATA box at `index`; lent. Raises for anything else. */
la_metadata *la_check_metadata(lua_State *L, int index);
/* The type of the TYPE box at `index` (la.Integer, la.String(20), a class made from TypeDecorator);
 * lent. Raises for anything else. */
la_type *la_check_type(lua_State *L, int index);
/* The same, NULL for nil. */
la_type *la_opt_type(lua_State *L, int index);

/* Push the one box of a thing, made if it is not there: with it come the boxes of all that its
 * record holds. */
void la_push_type(lua_State *L, la_state *state, const la_type *type);
void la_push_metadata(lua_State *L, la_state *state, la_metadata *metadata);
void la_push_table(lua_State *L, la_state *state, la_table *table);
void la_push_column(lua_State *L, la_state *state, la_column *column);
/* Pushes the record of the box at `index`, made if it is not there. */
void la_push_record(lua_State *L, int index);

#pragma GCC visibility pop

#endif
