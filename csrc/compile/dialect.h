/* SPDX-License-Identifier: MIT */
/*
 * A dialect: what a database writes differently, as facts and a few overrides.
 *
 * Constant tables; one per database in dialect/. The compiler asks facts first and calls an
 * override only where a fact cannot say it.
 */
#ifndef LA_COMPILE_DIALECT_H
#define LA_COMPILE_DIALECT_H

#include "sql/select.h"

#pragma GCC visibility push(hidden)

typedef struct la_compiler la_compiler;
typedef struct la_dialect la_dialect;

typedef enum la_paramstyle {
  LA_PARAMSTYLE_NAMED,          /* :name */
  LA_PARAMSTYLE_QMARK,          /* ? */
  LA_PARAMSTYLE_NUMERIC_DOLLAR, /* $1 */
  LA_PARAMSTYLE_PYFORMAT        /* %(name)s */
} la_paramstyle;

struct la_dialect {
  const char *name;   /* "sqlite", "default" */
  const char *driver; /* "sqlite3" or NULL */
  la_paramstyle paramstyle;
  char quote_open, quote_close;
  size_t max_identifier_length;
  la_text schema_translate;          /* in a copy made for one DDL text: as in la_compile_options */
  const char *const *reserved_words; /* sorted, lower case */
  size_t reserved_count;
  bool supports_native_boolean; /* writes true and false; otherwise 1 and 0 */
  bool supports_returning;
  bool implicit_returning;      /* RETURNING fetches keys and defaults unasked */
  bool returning_bare;          /* columns of RETURNING stand without their table */
  bool supports_default_values; /* INSERT … DEFAULT VALUES */
  bool supports_multivalues_insert;
  bool supports_is_distinct;
  bool supports_update_from, supports_delete_using;
  const char *delete_extra;  /* what stands before a DELETE's other tables */
  bool conflict_needs_where; /* INSERT … SELECT … ON CONFLICT is ambiguous without WHERE */
  bool supports_right_and_full_join;
  bool supports_for_update;
  bool supports_alter; /* constraints added after the table: for cycles */
  bool supports_comments;
  bool supports_sequences;
  bool supports_try_cast;
  bool supports_for_update_in_select;
  bool nulls_order_written; /* NULLS FIRST and LAST */
  bool tuple_in_values;     /* (a, b) IN (VALUES (1, 2), …) */
  bool percent_doubled;
  bool select_compound_parentheses; /* selects of a compound may stand in parentheses */
  const char *concat_operator;
  bool shows_hints;      /* with_hint() stands in brackets behind its FROM element */
  bool empty_set_select; /* an empty IN list is a SELECT without rows */
  /* DDL */
  bool default_in_parentheses;     /* DEFAULT (expression) */
  bool key_with_autoincrement;     /* PRIMARY KEY AUTOINCREMENT stands with the column */
  bool foreign_keys_within_schema; /* none to another schema, and its name is left out */
  bool supports_conflict_clause;   /* UNIQUE (…) ON CONFLICT … */
  bool supports_partial_index;
  bool index_names_schema; /* CREATE INDEX schema.name ON table */
  /* Overrides; NULL: as the compiler does it. Each appends text to the compiler's output and may be
   * called again. */
  /* Appends nothing where the type is written as usual. */
  la_status (*type_text)(const la_type *type, la_strbuf *out, la_error *err);
  la_status (*binary)(la_compiler *compiler, const la_node *node, bool *done_out);
  la_status (*function)(la_compiler *compiler, const la_node *node, bool *done_out);
  la_status (*extract)(la_compiler *compiler, const la_node *node);
  la_status (*cast)(la_compiler *compiler, const la_node *node);
  la_status (*limit)(la_compiler *compiler, const la_node *select);
  la_status (*table_suffix)(const la_table *table, la_strbuf *out, la_error *err);
  /* For tables that CREATE TABLE does not make; `*done_out` false: it does. */
  la_status (*create_table)(const la_dialect *dialect, const la_table *table, bool if_not_exists,
                            la_strbuf *out, bool *done_out, la_error *err);
};

/* The type that serves for `type` (may be NULL) on the dialect; lent. */
static inline la_type *la_dialect_type(const la_dialect *dialect, la_type *type) {
  if (type == NULL || type->variant_count == 0) {
    return type;
  }
  return (la_type *)(uintptr_t)la_type_for_dialect(type, la_text_of(dialect->name));
}
/* The dialects that are built in, in dialect/registry.c. NULL if there is none of that name;
 * "default" always is. */
const la_dialect *la_dialect_find(la_text name);

#pragma GCC visibility pop

#endif
