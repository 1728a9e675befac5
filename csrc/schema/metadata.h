/* SPDX-License-Identifier: MIT */
/*
 * The owner of tables.
 *
 * Counted; a table, column or constraint that is retained keeps its whole metadata. Tables are kept
 * in order of creation.
 *
 * Cycles: an SQL expression that the schema holds (a default, a check, an index's expression) may
 * refer to columns of the same metadata and so count it. `la_metadata_collect` finds out whether
 * all references that are left come from such expressions, by following `visit` of their classes,
 * and if so frees the metadata with them. The binding asks it when the last box of a metadata or of
 * a part of it goes, and again later for those that were still in use then.
 */
#ifndef LA_SCHEMA_METADATA_H
#define LA_SCHEMA_METADATA_H

#include "schema/table.h"

#pragma GCC visibility push(hidden)

/* Read only outside schema/. */
struct la_metadata {
  la_object object;
  la_allocator *alloc;
  la_arena arena;           /* names and small parts; freed with the metadata */
  la_text schema;           /* default schema of its tables, or none */
  la_map tables;            /* fullname → la_table, in order of creation */
  uint32_t serial;          /* next serial number */
  uint32_t version;         /* raised when anything in it changes; part of cache keys */
  la_text conventions[5];   /* naming_convention by la_constraint_kind, then indexes ("ix"); none if
                               absent */
  LA_VEC(la_table *) owned; /* every table ever made here, removed ones too */
  LA_VEC(la_constraint *) referrers; /* foreign keys of other metadatas bound to tables here */
};

#define LA_CONVENTION_INDEX 4

/* NULL when out of memory. */
la_metadata *la_metadata_new(la_allocator *alloc, la_text schema);
/* `kind` is "pk", "fk", "uq", "ck" or "ix"; LA_ARGUMENT otherwise. "ix" has SQLAlchemy's default.
 */
la_status la_metadata_set_convention(la_metadata *metadata, la_text kind, la_text format,
                                     la_error *err);
/* Frees `metadata` if only expressions that it holds itself refer to it; true if it did. The caller
 * owns no reference and has not just freed it. Does nothing when out of memory. */
bool la_metadata_collect(la_metadata *metadata);
/* Releases every expression that the schema holds: at the end of a program, where nothing reads it
 * any more. */
void la_metadata_drop_exprs(la_metadata *metadata);
/* A new empty table, lent. LA_INVALID_REQUEST if the name is taken, with SQLAlchemy's words. */
la_status la_metadata_add_table(la_metadata *metadata, la_text name, la_text schema, la_table **out,
                                la_error *err);
/* NULL if there is none. `fullname` is "schema.name" or the name. */
la_table *la_metadata_table(const la_metadata *metadata, la_text fullname);
/* Forgets `table` by name; its memory stays until the metadata goes, so columns in use remain
 * valid. */
void la_metadata_remove_table(la_metadata *metadata, la_table *table);
/* Tables in order of dependency, those referred to first, into `out` (room for all). Foreign keys
 * with use_alter don't count; on a cycle the tables of the cycle come in order of name and
 * `*cycle_out` is set. */
la_status la_metadata_sorted_tables(la_metadata *metadata, la_table **out, bool *cycle_out,
                                    la_error *err);

#pragma GCC visibility pop

#endif
