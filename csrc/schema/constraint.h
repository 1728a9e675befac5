/* SPDX-License-Identifier: MIT */
/*
 * Constraints and indexes of a table.
 *
 * Owned by their table. A foreign key's targets are names until `la_constraint_resolve` finds the
 * columns, since the other table may not exist yet; or they are columns from the start. These may
 * be of another metadata, which is not counted (two may refer to each other): when it goes, the
 * foreign keys of others that are bound to it are names again.
 */
#ifndef LA_SCHEMA_CONSTRAINT_H
#define LA_SCHEMA_CONSTRAINT_H

#include "schema/column.h"

#pragma GCC visibility push(hidden)

typedef struct la_metadata la_metadata;

typedef enum la_constraint_kind {
  LA_CONSTRAINT_PRIMARY_KEY,
  LA_CONSTRAINT_FOREIGN_KEY,
  LA_CONSTRAINT_UNIQUE,
  LA_CONSTRAINT_CHECK
} la_constraint_kind;

/* Read only outside schema/. */
struct la_constraint {
  la_object object; /* owner: the table's metadata */
  la_table *table;
  la_constraint_kind kind;
  uint32_t serial; /* order of creation within the metadata */
  la_text name;    /* none if not given; naming conventions are applied by `la_constraint_name` */
  bool name_is_final; /* conv(): no convention is applied to `name` */
  la_quote quote;     /* of `name` */
  LA_VEC(la_column *) columns;
  bool given; /* a primary key that is more than the flags of its columns */
  /* foreign key */
  la_text referred_schema;
  la_text referred_table;
  LA_VEC(la_text)
  referred_names; /* column names in the other table, in the order of `columns`; an empty
                     text stands for the key of the same name */
  LA_VEC(la_column *) referred_columns; /* filled by la_constraint_resolve */
  la_table *referred;
  la_metadata *elsewhere; /* the other metadata that `referred` is bound to be of, or NULL */
  la_text ondelete, onupdate, match, initially;
  int8_t deferrable; /* -1 not given, 0 NOT DEFERRABLE, 1 DEFERRABLE */
  bool use_alter;
  bool isolated;        /* AddConstraint() makes it: CREATE TABLE leaves it out */
  bool inline_rendered; /* made by Column(ForeignKey) rather than by ForeignKeyConstraint; a CHECK
                           given with the one column in `columns` */
  /* check */
  la_object *sqltext;    /* an SQL expression or text(), retained */
  la_column *type_bound; /* the Boolean or Enum column whose type made this check, or NULL */
  la_text conflict[1];   /* ON CONFLICT clause of SQLite, or none */
};

typedef struct la_index {
  la_object object; /* owner: the table's metadata */
  la_table *table;
  uint32_t serial;
  la_text name;
  LA_VEC(la_object *) expressions; /* columns of the table, and SQL expressions, these retained */
  LA_VEC(la_column *)
  columns; /* the first column in each of them that has one; as many have room */
  bool unique;
  bool name_is_final; /* conv() */
  la_quote quote;     /* of `name` */
  la_object *where;   /* sqlite_where, or NULL */
} la_index;

typedef struct la_constraint_options {
  la_text name;
  la_column *const *columns;
  size_t column_count;
  la_text referred_schema, referred_table;
  const la_text *referred_names;
  la_column *const *referred_columns; /* of one table, `column_count` of them; NULL: by name */
  la_text ondelete, onupdate, match, initially;
  int8_t deferrable; /* -1 if not given */
  bool use_alter, inline_rendered, name_is_final;
  la_object *sqltext;
  la_column *type_bound;
  la_text conflict;
} la_constraint_options;

/* Adds a constraint to `table`. LA_ARGUMENT if a column is not the table's, or counts don't match.
 * A primary key becomes the table's one, and its columns, if it has any, take the place of the
 * former. */
la_status la_table_add_constraint(la_table *table, la_constraint_kind kind,
                                  const la_constraint_options *options, la_constraint **out,
                                  la_error *err);
/* Whether expression number `expression` is a column, and no SQL expression. */
bool la_index_has_column(const la_index *index, size_t expression);
la_status la_table_add_index(la_table *table, la_text name, la_object *const *expressions,
                             size_t count, bool unique, la_object *where, la_index **out,
                             la_error *err);
/* Gives a constraint or an index the name `name`; none takes it away. `is_final` as conv() says. */
la_status la_constraint_set_name(la_constraint *constraint, la_text name, bool is_final,
                                 la_error *err);
la_status la_index_set_name(la_index *index, la_text name, bool is_final, la_error *err);
/* Finds the columns that a foreign key refers to. LA_NO_REFERENCED_TABLE, LA_NO_REFERENCED_COLUMN
 * with SQLAlchemy's words. Does nothing if it has found them. */
la_status la_constraint_resolve(la_constraint *constraint, la_error *err);
/* Resolves every foreign key of `table`, and gives columns without a type the type of their target.
 */
la_status la_table_resolve(la_table *table, la_error *err);
/* The name to write: the given one, or what the metadata's naming convention makes of it; none if
 * neither. */
la_status la_constraint_name(const la_constraint *constraint, la_strbuf *out, la_error *err);
la_status la_index_name(const la_index *index, la_strbuf *out, la_error *err);
/* True if a convention makes the name, or conv() has: where it is too long it is cut. */
bool la_constraint_name_is_made(const la_constraint *constraint);
bool la_index_name_is_made(const la_index *index);

#pragma GCC visibility pop

#endif
