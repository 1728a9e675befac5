/* SPDX-License-Identifier: MIT */
/*
 * A compiled statement: text, a parameter plan, and what the columns of its rows are.
 *
 * Immutable and counted; holds everything in an arena of its own. It refers to the statement it was
 * made from only by parameter numbers (sql/key.h), so one compiled statement serves every statement
 * with an equal key.
 */
#ifndef LA_COMPILE_COMPILED_H
#define LA_COMPILE_COMPILED_H

#include "compile/dialect.h"

#pragma GCC visibility push(hidden)

typedef enum la_param_source {
  LA_PARAM_FROM_STATEMENT, /* PARAM number `index` of the statement (sql/key.h), unless execution
                              gives one of its name */
  LA_PARAM_FROM_CONSTANT,  /* `constant`: made by translation, the same for all */
  LA_PARAM_FROM_EXECUTION, /* by `name` from the parameters of the execution: an INSERT's or
                              UPDATE's column key; required */
  LA_PARAM_FROM_DEFAULT /* `column`'s client-side default (`slot`) is evaluated for each row, unless
                           execution gives `name` */
} la_param_source;

typedef struct la_compiled_param {
  la_param_source source;
  la_text name; /* as in `.params`: "id_1", "name" */
  uint32_t index;
  la_value constant;
  la_type *type;     /* retained by the compiled; may be NULL */
  la_column *column; /* the column it is for, for messages and defaults; or NULL */
  la_default_slot slot;
  bool expanding;        /* one placeholder per value, at execution */
  bool literal;          /* written into the text at execution */
  uint32_t tuple_width;  /* expanding tuples */
  uint8_t expand_op;     /* expanding: 0 alone, 1 after IN, 2 after NOT IN */
  la_text before, after; /* expanding: what stands around each placeholder; or none */
  size_t text_offset;    /* where in `text` its placeholder begins … */
  size_t text_length;    /* … and how long it is: for expansion */
} la_compiled_param;

typedef struct la_result_column {
  la_text key;        /* what a row calls it; none if it has no name that can be used */
  la_type *type;      /* may be NULL */
  la_object *subject; /* la_column it comes from, or NULL; retained by the compiled */
  bool plain;         /* la_type_result_is_plain */
} la_result_column;

typedef enum la_statement_kind {
  LA_STATEMENT_SELECT,
  LA_STATEMENT_INSERT,
  LA_STATEMENT_UPDATE,
  LA_STATEMENT_DELETE,
  LA_STATEMENT_TEXT /* unknown: rows if the database gives columns */
} la_statement_kind;

/* How many rows go in one INSERT where many are stored. */
#define LA_ROWS_TOGETHER 32

/* Read only outside compile/. */
typedef struct la_compiled {
  la_object object;
  la_arena arena;
  const la_dialect *dialect;
  la_statement_kind kind;
  la_text text;
  la_text schema_translate;  /* as in la_compile_options */
  la_compiled_param *params; /* in the order of the placeholders */
  uint32_t param_count;
  bool has_expanding;  /* `text` must be expanded before it is sent: la_compiled_expand */
  bool has_named_text; /* text(): names may stand for what execution gives */
  bool returns_rows;
  bool columns_positional; /* the result columns stand in the order of the rows: always, but for
                              plain text() */
  la_result_column *columns;
  uint32_t column_count;
  /* INSERT */
  la_table *table;
  la_column *autoincrement; /* its key comes from the last insert id, or NULL */
  bool multi_values;
  la_text many;        /* la_compiled_make_many */
  bool fetches;        /* its rows are not the program's: they are new keys and defaults */
  la_object *subjects; /* la_key_subjects: keeps named things alive. Set by who keeps the compiled
                          statement longer than the statement; else NULL */
  la_object *extra;    /* the ORM's load plan, or NULL; retained */
  double made_at;      /* la_now() */
  bool sent;           /* executed before; what the log says of it */
  la_object
      *shape; /* what the binding calls the columns of its rows, made once; or NULL; retained */
  int64_t strings; /* number of the Lua strings that the binding has made of it; 0: none */
} la_compiled;

typedef struct la_compile_options {
  bool literal_binds;
  bool render_postcompile;    /* expand IN lists with the statement's own values */
  const la_text *column_keys; /* INSERT, UPDATE: keys that execution gives for columns. NULL without
                                 keys: all columns, if the statement gives none; not NULL with a
                                 count of 0: execution gives none */
  uint32_t column_key_count;
  bool for_executemany;
  la_text schema_translate; /* which schemas stand for others: "from NUL to NUL …" by name; an empty
                               one is no schema. None: each table's own */
  const la_node *const *params; /* the statement's PARAM nodes in the key's order */
  uint32_t param_count;
  bool inline_defaults; /* DDL of defaults and the like */
  bool lint_froms;      /* warns of a cartesian product */
  size_t label_length;  /* of the longest name that is made; 0: what the dialect takes */
} la_compile_options;

/* Compiles a statement, or an expression for tostring. `node` has no ORM nodes but ATTRIBUTE and
 * ENTITY. LA_COMPILE, LA_UNSUPPORTED_COMPILATION, LA_INVALID_REQUEST with SQLAlchemy's words. */
la_status la_compile(const la_sql *sql, const la_dialect *dialect, const la_node *node,
                     const la_compile_options *options, la_compiled **out, la_error *err);

/* DDL. Texts equal SQLAlchemy's for the dialect, without a semicolon. `if_not_exists`, `if_exists`
 * as in CreateTable. */
la_status la_compile_create_table(const la_sql *sql, const la_dialect *dialect,
                                  const la_table *table, bool if_not_exists, la_strbuf *out,
                                  la_error *err);
la_status la_compile_drop_table(const la_sql *sql, const la_dialect *dialect, const la_table *table,
                                bool if_exists, la_strbuf *out, la_error *err);
la_status la_compile_create_index(const la_sql *sql, const la_dialect *dialect,
                                  const la_index *index, bool if_not_exists, la_strbuf *out,
                                  la_error *err);
la_status la_compile_drop_index(const la_sql *sql, const la_dialect *dialect, const la_index *index,
                                bool if_exists, la_strbuf *out, la_error *err);
/* A column, or a constraint, as CREATE TABLE has it; of a constraint nothing if the dialect leaves
 * it out. */
la_status la_compile_column(const la_sql *sql, const la_dialect *dialect, const la_column *column,
                            la_strbuf *out, la_error *err);
/* The name of a constraint as a statement has it; nothing if it has none. */
la_status la_compile_constraint_name(const la_sql *sql, const la_dialect *dialect,
                                     const la_constraint *constraint, la_strbuf *out,
                                     la_error *err);
la_status la_compile_constraint(const la_sql *sql, const la_dialect *dialect,
                                const la_constraint *constraint, la_strbuf *out, la_error *err);
/* The type as DDL and CAST write it. */
la_status la_compile_type(const la_dialect *dialect, const la_type *type, la_strbuf *out,
                          la_error *err);
/* `ident` in quotes if the dialect needs them. */
/* The schema of `table` under `map`, as in la_compile_options, and a dot; or nothing. */
void la_compile_schema(const la_dialect *dialect, la_text map, const la_table *table,
                       la_strbuf *out);
void la_compile_ident(const la_dialect *dialect, la_text ident, la_strbuf *out);
void la_compile_ident_as(const la_dialect *dialect, la_text ident, la_quote quote, la_strbuf *out);
/* A value as an SQL literal: literal_binds, DDL defaults. LA_COMPILE if the type has no literal
 * form. */
la_status la_compile_literal(const la_dialect *dialect, const la_type *type, const la_value *value,
                             la_strbuf *out, la_error *err);

/* Makes `compiled->many` if it is not there: the text for LA_ROWS_TOGETHER rows. Left empty if the
 * statement does anything but insert one row of placeholders, or its rows are too wide. */
la_status la_compiled_make_many(la_compiled *compiled, la_allocator *alloc, la_error *err);

/* What stands inside the parentheses of an IN list without values; `width` values an item. */
void la_compiled_empty_set(const la_dialect *dialect, uint32_t width, uint8_t expand_op,
                           la_strbuf *out);
/* The text with one placeholder per value for each expanding parameter; `counts[i]` is how many
 * values parameter i has (ignored for the others). An empty list becomes the dialect's empty set.
 */
la_status la_compiled_expand(const la_compiled *compiled, const uint32_t *counts, la_strbuf *out,
                             la_error *err);
/* The same with `literals[i]` in the place of parameter i if it is a literal one; `literals` may be
 * NULL. */
la_status la_compiled_expand_literals(const la_compiled *compiled, const uint32_t *counts,
                                      const la_text *literals, la_strbuf *out, la_error *err);

#pragma GCC visibility pop

#endif
