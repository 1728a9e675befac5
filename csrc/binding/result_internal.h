/* SPDX-License-Identifier: MIT */
/*
 * What the files of results share.
 */
#ifndef LA_BINDING_RESULT_INTERNAL_H
#define LA_BINDING_RESULT_INTERNAL_H

#include "binding/result.h"

#pragma GCC visibility push(hidden)

la_result *la_check_result(lua_State *L, int index);
la_row_shape *la_result_shape(const la_result *result);
/* Raises unless it has rows and is open. */
void la_result_check_rows(lua_State *L, const la_result *result);
/* unique() has to be called before its rows are given to the program. */
bool la_result_waits_for_unique(const la_result *result);
/* Raises unless rows can be given to the program. */
void la_result_check_open(lua_State *L, const la_result *result);
/* Pushes a list of up to `limit` rows (0: all). */
void la_result_push_list(lua_State *L, la_state *state, la_result *result, int index, size_t limit);
/* For unique(): true if what is on top of the stack was not delivered before by the result at
 * `index`. */
bool la_result_is_new(lua_State *L, la_state *state, int index);

/* Methods. */
int la_result_scalars(lua_State *L);
int la_result_mappings(lua_State *L);
int la_result_columns(lua_State *L);
int la_result_tuples(lua_State *L);
int la_result_unique(lua_State *L);
int la_result_partitions(lua_State *L);
int la_result_yield_per(lua_State *L);
int la_result_keys(lua_State *L);
int la_result_freeze(lua_State *L);
int la_result_merge(lua_State *L);
int la_result_iter(lua_State *L);

#pragma GCC visibility pop

#endif
