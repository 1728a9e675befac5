/* SPDX-License-Identifier: MIT */
/*
 * What the files of the schema's binding share.
 */
#ifndef LA_BINDING_SCHEMA_COMMON_H
#define LA_BINDING_SCHEMA_COMMON_H

#include "binding/check.h"
#include "binding/open.h"
#include "binding/push.h"
#include "binding/raise.h"
#include "binding/schema.h"

#pragma GCC visibility push(hidden)

/* A COLUMN box: box.object is the la_column. */
typedef struct la_column_box {
  la_box box;
  la_node *node;   /* its expression, made when first asked for; dropped when the column changes */
  la_node *former; /* the one before it, which a call that made the column change may look at */
} la_column_box;

/* Called before the column changes: its expression is made anew. */
void la_column_box_renew(la_column_box *box);

/* Raises `err` if `status` is a failure. */
static inline void la_raise_if(lua_State *L, la_status status, const la_error *err) {
  if (status < 0) {
    la_raise(L, err);
  }
}
/* What a box holds; raises if the box has been finalized, which another finalizer may find. */
void *la_live(lua_State *L, const la_box *box);
/* Raises out of memory. */
void la_raise_nomem(lua_State *L);
/* Fields of the table at `index`; what they lend lives as long as the table. A missing text is
 * none. A field of another kind raises. */
la_text la_field_text(lua_State *L, int index, const char *name);
bool la_field_flag(lua_State *L, int index, const char *name);
lua_Integer la_field_integer(lua_State *L, int index, const char *name, lua_Integer otherwise);
/* -1 for a missing field, else 0 or 1. */
int8_t la_field_choice(lua_State *L, int index, const char *name);
/* Pushes nil for an absent text. */
void la_push_optional_text(lua_State *L, la_text text);
/* Pushes nil where names stand in quotes as they need, else true or false. */
void la_push_quote(lua_State *L, la_quote quote);
/* true, false or nothing, as the program says whether a name stands in quotes. */
la_quote la_check_quote(lua_State *L, int index);
/* Pushes what the hook `name` gives for (box at 1, key at 2): fields that Lua knows about. */
int la_field_by_hook(lua_State *L, const char *name);
/* Releases the reference that a box holds on a metadata or a part of it, and frees the metadata if
 * only its own expressions are left to refer to it. */
void la_release_part(la_state *state, la_object *part, la_metadata *metadata);
/* The columns in the sequence at `index`, as an array in a new userdata that is pushed. */
la_column **la_check_columns(lua_State *L, int index, size_t *count_out);
/* Pushes a list of the boxes of `columns`. */
void la_push_column_list(lua_State *L, la_state *state, la_column *const *columns, size_t count);

void la_open_schema_type(lua_State *L, la_state *state);
void la_open_schema_metadata(lua_State *L, la_state *state);
void la_open_schema_table(lua_State *L, la_state *state);
void la_open_schema_column(lua_State *L, la_state *state);
void la_open_schema_constraint(lua_State *L, la_state *state);
void la_open_schema_ddl(lua_State *L, la_state *state);

#pragma GCC visibility pop

#endif
