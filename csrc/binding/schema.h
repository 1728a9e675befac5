/* SPDX-License-Identifier: MIT */
/*
 * Boxes of the schema, for the other areas.
 */
#ifndef LA_BINDING_SCHEMA_H
#define LA_BINDING_SCHEMA_H

#include "binding/box.h"

/* The column of the COLUMN box at `index`, attached or not; lent. Raises for anything else. */
la_column *la_check_column(lua_State *L, int index);
/* The table of the TABLE box at `index`; lent. Raises for anything else. */
la_table *la_check_table(lua_State *L, int index);
/* The metadata of the METADATA box at `index`; lent. Raises for anything else. */
la_metadata *la_check_metadata(lua_State *L, int index);

#endif
