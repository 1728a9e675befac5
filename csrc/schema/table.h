/* SPDX-License-Identifier: MIT */
/*
 * A table: columns in order, constraints, indexes.
 *
 * Owned by its metadata; retaining a table retains the metadata.
 */
#ifndef LA_SCHEMA_TABLE_H
#define LA_SCHEMA_TABLE_H

#include "base/map.h"
#include "schema/constraint.h"

#pragma GCC visibility push(hidden)

/* Read only outside schema/. */
struct la_table {
  la_object object; /* owner: metadata */
  la_metadata *metadata;
  uint32_t serial; /* order of creation within the metadata */
  la_text name;
  la_text schema;   /* none if not given */
  la_text fullname; /* "schema.name" or the name */
  la_quote quote, quote_schema;
  LA_VEC(la_column *) columns;
  la_map columns_by_key; /* key → la_column */
  la_map columns_by_name;
  LA_VEC(la_constraint *) constraints; /* the primary key first */
  LA_VEC(la_index *) indexes;
  la_constraint *primary_key; /* may have no columns */
  la_text comment;
  bool no_implicit_returning; /* RETURNING is sent only where a statement asks for it: it doesn't
                                 see what triggers make, and not every table takes it */
  LA_VEC(la_text) prefixes;
  la_map options; /* dialect options such as "sqlite_autoincrement" → la_value * */
};

/* Attaches `column` (taking its count over to the metadata); with `primary_key` it joins the
 * primary key. Key and name must be new in the table: LA_DUPLICATE_COLUMN. LA_ARGUMENT if it
 * belongs to another table. */
la_status la_table_add_column(la_table *table, la_column *column, la_error *err);
/* NULL if there is none. */
la_column *la_table_column(const la_table *table, la_text key);
la_status la_table_set_comment(la_table *table, la_text comment, la_error *err);
la_status la_table_add_prefix(la_table *table, la_text prefix, la_error *err);
la_status la_table_set_option(la_table *table, la_text name, const la_value *value, la_error *err);
/* NULL if it was not set. */
const la_value *la_table_option(const la_table *table, const char *name);
/* The column whose key the database makes on insert, or NULL. */
la_column *la_table_autoincrement_column(const la_table *table);
/* Foreign keys of `from` that refer to `to`, resolved. `*out` is a new array of `*count_out` from
 * `alloc`, for the caller to free; NULL if there is none. */
la_status la_table_foreign_keys_to(la_table *from, const la_table *to, la_allocator *alloc,
                                   la_constraint ***out, size_t *count_out, la_error *err);

#pragma GCC visibility pop

#endif
