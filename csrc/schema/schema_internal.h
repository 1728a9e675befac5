/* SPDX-License-Identifier: MIT */
/*
 * What the files of this folder share: a metadata's parts are taken apart by it, in one go.
 */
#ifndef LA_SCHEMA_SCHEMA_INTERNAL_H
#define LA_SCHEMA_SCHEMA_INTERNAL_H

#include "schema/metadata.h"

#pragma GCC visibility push(hidden)

/* Frees one part with what it holds. Its memory is the last of it: no one may hold a reference. */
void la_column_dispose(la_column *column);
void la_table_dispose(la_table *table);
void la_constraint_dispose(la_constraint *constraint);
void la_index_dispose(la_index *index);
/* A foreign key that has found its columns forgets them, and looks for them by name again. */
void la_constraint_unbind(la_constraint *constraint);

/* Calls `visit` with the place of every expression that a part holds; places may be NULL inside. */
typedef void (*la_expr_visitor)(void *ctx, la_object **expr);
void la_column_visit_exprs(la_column *column, la_expr_visitor visit, void *ctx);
void la_table_visit_exprs(la_table *table, la_expr_visitor visit, void *ctx);

/* True for the metadata's own tables and columns. What the schema holds of these it does not count.
 */
bool la_is_part_of(la_object *object, const la_metadata *metadata);
/* A copy of `text` in the metadata's arena; an absent text stays absent. */
la_status la_metadata_keep_text(la_metadata *metadata, la_text text, la_text *out, la_error *err);
/* Says that something changed: cached statements are then compiled anew. */
void la_metadata_touch(la_metadata *metadata);

#pragma GCC visibility pop

#endif
