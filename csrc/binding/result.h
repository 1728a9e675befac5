/* SPDX-License-Identifier: MIT */
/*
 * Results and rows, for the other areas.
 *
 * A Result delivers rows from a source: the engine's packed rows, or another area's. The ORM is such a source: its rows hold objects.
 */
#ifndef LA_BINDING_RESULT_H
#define LA_BINDING_RESULT_H

#include "binding/box.h"

/* Where a Result's rows come from. The source's state lies in a Lua value (a scratch), which the Result keeps in a user value and hands back at each call
 * (`source_index`). Functions may raise. */
typedef struct la_row_source {
  /* Pushes the next row's values as a Lua sequence with la.null for NULL (or, if `single`, just the one value) and gives true; false at the end, nothing pushed. */
  bool (*next)(lua_State *L, la_state *state, int source_index);
  /* Rows left, SIZE_MAX if unknown (a stream). */
  size_t (*left)(lua_State *L, int source_index);
  /* Frees what is left early. */
  void (*close)(lua_State *L, int source_index);
} la_row_source;

/* Replaces the sequence of names on top of the stack by the description that rows share. */
void la_push_row_keys(lua_State *L, la_state *state);
/* Replaces the sequence of values on top of the stack (la.null for NULL) by a Row described by what is at `keys_index`. */
void la_push_row_of(lua_State *L, la_state *state, int keys_index);
/* Replaces the source's Lua value on top of the stack by a Result over it, described by what is at `keys_index`. `single`: `next` pushes bare values, rows of one part. `needs_unique`: raise InvalidRequestError
 * unless unique() was called: "The unique() method must be invoked on this Result, as it contains results that include joined eager loads against collections". */
void la_push_result_over(lua_State *L, la_state *state, const la_row_source *source, int keys_index, bool single, bool needs_unique);

#endif
