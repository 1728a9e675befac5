/* SPDX-License-Identifier: MIT */
/*
 * A column: name, type, nullability, defaults, foreign keys.
 *
 * Counted. Made on its own, then attached to one table by `la_table_add_column`; from then on its
 * life is the table's metadata's. Changed only until its table is first used in a statement.
 */
#ifndef LA_SCHEMA_COLUMN_H
#define LA_SCHEMA_COLUMN_H

#include "base/vec.h"
#include "schema/type.h"

#pragma GCC visibility push(hidden)

typedef struct la_table la_table;
typedef struct la_column la_column;
typedef struct la_constraint la_constraint;

typedef enum la_default_kind {
  LA_DEFAULT_NONE,
  LA_DEFAULT_VALUE,  /* `value`, bytes owned */
  LA_DEFAULT_EXPR,   /* `expr`: an SQL expression, retained */
  LA_DEFAULT_HOST,   /* `host`: a Lua function, called with the context */
  LA_DEFAULT_TEXT,   /* server side: `value` is SQL text (text()) or a string to be quoted */
  LA_DEFAULT_FETCHED /* server side: the database makes a value, no text known (FetchedValue) */
} la_default_kind;

typedef struct la_default {
  la_default_kind kind;
  la_value value;
  la_object *expr;
  int64_t host;
} la_default;

typedef enum la_autoincrement {
  LA_AUTOINCREMENT_AUTO, /* a sole integer primary key without foreign key */
  LA_AUTOINCREMENT_ON,
  LA_AUTOINCREMENT_OFF,
  LA_AUTOINCREMENT_IGNORE_FK
} la_autoincrement;

/* Which of a column's four defaults. */
typedef enum la_default_slot {
  LA_DEFAULT_INSERT,        /* default */
  LA_DEFAULT_UPDATE,        /* onupdate */
  LA_DEFAULT_SERVER_INSERT, /* server_default */
  LA_DEFAULT_SERVER_UPDATE, /* server_onupdate */
  LA_DEFAULT_SLOT_COUNT
} la_default_slot;

/* Whether a name stands in quotes: as it needs, or as the program says. */
typedef enum la_quote { LA_QUOTE_AUTO, LA_QUOTE_ALWAYS, LA_QUOTE_NEVER } la_quote;

/* Read only outside schema/. */
struct la_column {
  la_object object;
  la_allocator *alloc;
  la_table *table;  /* NULL until attached; then plain, the table outlives its columns */
  uint32_t ordinal; /* place in the table, from 0 */
  la_text name;
  la_text key; /* what `table.c` and values{} call it; the name unless given */
  la_type *type;
  bool nullable;
  bool nullable_given;
  bool primary_key;
  bool unique; /* asked for on the column; a constraint of its own exists in the table */
  bool indexed;
  bool system;
  bool unindexed; /* of an FTS5 table: not searched */
  la_quote quote;
  la_autoincrement autoincrement;
  la_default defaults[LA_DEFAULT_SLOT_COUNT];
  la_text comment;
  la_text conflict_not_null, conflict_primary_key; /* ON CONFLICT of SQLite, or none */
  la_object *computed;                             /* GENERATED ALWAYS AS: expression, or NULL */
  bool computed_persisted;
  bool computed_persisted_given;
  LA_VEC(la_constraint *) foreign_keys; /* constraints this column is a local column of; plain */
};

/* NULL when out of memory. `type` may be NULL (taken over from a foreign key's target later, else
 * NullType). */
la_column *la_column_new(la_allocator *alloc, la_text name, la_type *type);
/* NULL when out of memory, on which nothing is changed. Only while not attached. */
la_status la_column_set_name(la_column *column, la_text name, la_error *err);
la_status la_column_set_key(la_column *column, la_text key, la_error *err);
la_status la_column_set_comment(la_column *column, la_text comment, la_error *err);
/* ON CONFLICT `action` of the column's NOT NULL, or of its primary key. */
la_status la_column_set_conflict(la_column *column, bool of_primary_key, la_text action,
                                 la_error *err);
/* Copies `what`: bytes are copied, `expr` is retained. */
la_status la_column_set_default(la_column *column, la_default_slot slot, const la_default *what,
                                la_error *err);
void la_column_set_type(la_column *column, la_type *type);
/* A copy for another table (a mixin's column, to_metadata): everything but the table and the
 * constraints. */
la_column *la_column_copy(const la_column *column, la_allocator *alloc);
/* True if the database makes the key: see la_autoincrement. Needs an attached column. */
bool la_column_is_autoincrement(const la_column *column);

#pragma GCC visibility pop

#endif
