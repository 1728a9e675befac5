/* SPDX-License-Identifier: MIT */
/*
 * One compilation: where text and parameters go, which SELECTs enclose the place, and the names
 * given so far.
 *
 * Lives on the stack of la_compile. Expressions and FROM elements are written from a stack of work
 * items, so their depth costs no C stack; statements inside statements recurse, up to
 * LA_COMPILE_DEPTH. Used by compile/ and by the overrides in dialect/.
 */
#ifndef LA_COMPILE_COMPILER_H
#define LA_COMPILE_COMPILER_H

#include "compile/compiled.h"

#pragma GCC visibility push(hidden)

#define LA_COMPILE_DEPTH 200

/* What an expression stands beside, where that is no operator. */
enum la_against {
  LA_AGAINST_FREE = LA_OPERATOR_COUNT, /* never in parentheses */
  LA_AGAINST_ALL,                      /* every operator in parentheses: CASE, SET */
  LA_AGAINST_COMMA,                    /* arguments, AS */
  LA_AGAINST_BOOLEAN                   /* a condition by itself: WHERE, HAVING, ON */
};

/* A node to be written, or a text if `node` is NULL. */
typedef struct la_work {
  const la_node *node;
  const char *text;
  uint32_t len;
  uint16_t against;
  int16_t precedence; /* of `against` */
  bool as_from;
  bool is_named; /* in FROM, under the name of an alias */
} la_work;

/* What AS says behind a column. */
typedef enum la_item_label {
  LA_ITEM_PLAIN,   /* `base` as it is */
  LA_ITEM_ANON,    /* `base` with a number, the same wherever this column is labelled so */
  LA_ITEM_REPEATED /* `base` with a number of its own: the column is in the list already */
} la_item_label;

/* A column of a SELECT's list: an expression, or a column of a table that was listed whole. */
typedef struct la_item {
  const la_node *expr;  /* NULL for a table's column */
  const la_node *given; /* as it is listed: what `expr` is, or an ATTRIBUTE of that */
  la_column *column;
  const la_node *from;          /* where `column` is taken from; NULL: its table */
  const void *identity, *owner; /* the same for the same column */
  la_text name;                 /* its natural name, or none */
  la_text base;                 /* of its label; none if it never has one */
  la_text written;              /* the label, once it was written */
  la_item_label label;
  struct la_item *first; /* the same column earlier in the list, or NULL */
  bool is_late;          /* named after a number that is not given yet … */
  bool is_late_repeated; /* … by which another item goes, too */
  bool is_required;      /* labelled wherever it stands, not only where it has no name */
} la_item;

/* The column list of a SELECT with its names, kept for columns of the subquery made of it. */
typedef struct la_items {
  const la_node *select;
  la_node *const *exprs; /* as listed */
  size_t expr_count;
  la_item *items;
  uint32_t count;
} la_items;

/* A statement that is being written, innermost first. */
typedef struct la_scope {
  struct la_scope *outer;
  const la_node *statement;
  const void **froms; /* identities of what stands in its FROM, joins spread */
  uint32_t from_count;
  const la_node *const *from_nodes; /* what its FROM lists */
  uint32_t from_node_count;
  la_items *items;
} la_scope;

typedef struct la_anon_name {
  const void *identity, *owner;
  la_text base, name;
  uint32_t next; /* the place + 1 of another of that identity, in the map's chains */
} la_anon_name;

typedef struct la_anon_count {
  la_text base;
  uint32_t count;
} la_anon_count;

typedef LA_VEC(la_compiled_param) la_param_list;

/* The items of a chain, in order; lent. */
typedef struct la_chain_items {
  la_node **items;
  size_t count;
} la_chain_items;

typedef struct la_written_cte {
  int64_t number;
  la_text name;
  la_text text;
  la_compiled_param *params;
  uint32_t param_count;
  bool is_recursive;
  bool is_done;
  const la_scope *home; /* of a nested one: the statement it is written in front of */
} la_written_cte;

typedef struct la_dml la_dml;

typedef struct la_assignment la_assignment;

/* A value that is being written, and those that refer to it by a DML_COLUMN around. */
typedef struct la_setting {
  const la_dml *dml;
  const la_assignment *assignment;
  int row;
  const struct la_setting *outer;
} la_setting;

/* What a type's bind_expression or column_expression is written around: a column of a list, or a
 * parameter, or a value that is written as a literal, or else a place whose position is noted. */
typedef struct la_wrapped {
  const la_item *item;
  la_compiled_param *param;
  const la_value *literal;
  la_type *literal_type;
  size_t *position;
} la_wrapped;

typedef struct la_seen_param {
  const la_node *node;
  la_text name;
  uint32_t index;
} la_seen_param;

struct la_compiler {
  const la_sql *sql;
  const la_dialect *dialect;
  const la_compile_options *options;
  la_compiled *compiled;
  la_arena *arena;  /* of `compiled` */
  la_arena scratch; /* freed with the compilation */
  la_strbuf *out;
  la_param_list *params;
  la_error *err;
  la_scope *scope;
  uint32_t depth;
  bool literal_binds;        /* values are written into the text */
  bool literal_execute;      /* values are written into the text at execution */
  bool omit_tables;          /* columns stand without their table */
  la_type *coerced_type;     /* of the type_coerce() around a parameter, or NULL */
  uint8_t expand_op;         /* 1 IN, 2 NOT IN: what the list that is written stands beside */
  const la_wrapped *wrapped; /* what PLACEHOLDER stands for, or NULL */
  const la_dml
      *source_for; /* the INSERT whose defaults the SELECT that is written next must select too */
  const la_setting *setting; /* the value of SET or VALUES that is being written, or NULL */
  const la_node *label;      /* what is written as its name alone: a LABEL … */
  la_item *label_item;       /* … or this item of the list; else NULL */
  LA_VEC(la_work) work;
  LA_VEC(la_seen_param) seen;
  la_map seen_map;    /* node → number in `seen` + 1, once there are many */
  la_map given_names; /* of bindparam()s */
  LA_VEC(la_anon_name) names;
  la_map names_map; /* identity → place of its newest name + 1, once there are many */
  LA_VEC(la_anon_count) counts;
  la_map counts_map;
  LA_VEC(la_written_cte) ctes;
  LA_VEC(const la_node *) open_ctes; /* being written: what a CTE_REF refers to */
  LA_VEC(la_node *) owned;           /* released with the compilation */
  LA_VEC(const la_node *) scan;
  LA_VEC(la_result_column) results;
  la_map items_map;    /* SELECT → its la_items */
  uint32_t next_param; /* where in the statement's parameters the next one is expected */
  uint32_t truncated;  /* how many names were cut short */
  la_map index_map;    /* PARAM node → its number + 1, once looked for out of order */
  struct {
    const char *bytes;
    size_t len;
    bool is_quoted;
  } idents[32]; /* what was found out about identifiers, by address */
};

/* ---- text ---- */
static inline void la_put(la_compiler *c, const char *string) {
  la_strbuf_string(c->out, string);
}
static inline void la_put_text(la_compiler *c, la_text text) {
  la_strbuf_text(c->out, text);
}
void la_put_ident(la_compiler *c, la_text ident);
void la_put_ident_as(la_compiler *c, la_text ident, la_quote quote);
/* The name of a column or table known by name only, as its node says. */
void la_put_node_name(la_compiler *c, const la_node *node);
/* A table's name behind its schema's. */
void la_put_table(la_compiler *c, const la_table *table);
/* table() with its schema. */
void la_put_literal_table(la_compiler *c, const la_node *table);
/* What `subject`, a column or NULL, says of the quotes around `name`. */
la_quote la_quote_of(const la_object *subject, la_text name);
/* What the node of a column or table known by name only says. */
la_quote la_quote_of_node(const la_node *node);
bool la_ident_needs_quotes(const la_dialect *dialect, la_text ident);
/* Only for characters that no plain name has: names of functions. */
bool la_ident_has_illegal_characters(la_text ident);

/* ---- names ---- */
/* "base_1" for this identity: the same for the same, numbered by first use. None when out of
 * memory. */
la_text la_anon_name_of(la_compiler *c, const void *identity, const void *owner, la_text base);
/* A new one, for what is written once. */
la_text la_new_anon_name(la_compiler *c, la_text base);
/* `base`, "_" and the number, in the compiled statement's arena; none when out of memory. */
la_text la_numbered_name(la_compiler *c, la_text base, uint32_t number);
/* `name` cut to what the dialect takes. */
la_text la_truncate_name(la_compiler *c, la_text name);
/* What tells FROM elements apart: the table, the alias's node, the CTE's number. */
const void *la_from_identity(const la_node *from);
/* The name of an alias, CTE, table. */
la_text la_from_written_name(la_compiler *c, const la_node *from);
/* ENTITY and ATTRIBUTE replaced by what they compile as. */
const la_node *la_plain_node(const la_node *node);

/* ---- expressions ---- */
la_status la_compile_expr(la_compiler *c, const la_node *node);
/* With parentheses if it needs them beside `against`, an operator or la_against. */
la_status la_compile_expr_against(la_compiler *c, const la_node *node, int against);
la_status la_compile_from(la_compiler *c, const la_node *from);
/* `conditions` joined by AND as WHERE has them; nothing if there are none. */
la_status la_compile_conditions(la_compiler *c, const char *keyword, const la_node *chain);
la_status la_compile_list(la_compiler *c, const char *keyword, const la_node *chain,
                          bool labels_by_name);
la_status la_push(la_compiler *c, const la_node *node, int against, int precedence);
la_status la_push_from(la_compiler *c, const la_node *node);
/* What an alias stands for. */
la_status la_push_named_from(la_compiler *c, const la_node *node);
la_status la_push_string(la_compiler *c, const char *string);
la_status la_push_bytes(la_compiler *c, la_text text);
/* Turns the items pushed since `base` round, so that they are written in the order they were pushed
 * in. */
void la_push_turn(la_compiler *c, size_t base);
/* Steps of la_compile_expr: writes one node or pushes its parts. */
la_status la_write_binary(la_compiler *c, const la_node *node);
la_status la_write_unary(la_compiler *c, const la_node *node);
la_status la_write_between(la_compiler *c, const la_node *node);
la_status la_write_clauses(la_compiler *c, const la_node *node);
la_status la_write_column(la_compiler *c, const la_node *node);
la_status la_write_function(la_compiler *c, const la_node *node);
/* (a, b) of a FUNCTION. */
la_status la_write_arguments(la_compiler *c, const la_node *node);
la_status la_write_field(la_compiler *c, const la_node *node);
la_status la_write_next_value(la_compiler *c, const la_node *node);
la_status la_write_over(la_compiler *c, const la_node *node);
la_status la_write_case(la_compiler *c, const la_node *node);
la_status la_write_cast(la_compiler *c, const la_node *node);
la_status la_write_extract(la_compiler *c, const la_node *node);
/* The markup of an ELEMENT for the dialect. */
la_status la_write_element(la_compiler *c, const la_node *node);
la_status la_write_text(la_compiler *c, const la_node *node);
la_status la_write_label_ref(la_compiler *c, const la_node *node);
la_status la_write_from(la_compiler *c, const la_node *node, bool is_named);
/* VALUES (…), (…) alone, as in a CTE. */
la_status la_compile_values_rows(la_compiler *c, const la_node *node);
/* Its columns: (a, b) */
la_status la_compile_values_columns(la_compiler *c, const la_node *node);
void la_write_table_column(la_compiler *c, const la_column *column, const la_node *from);
/* What to do with `node` beside `against`: nothing, parentheses, or make a condition of a boolean
 * value. */
typedef enum la_grouping { LA_GROUP_NOT, LA_GROUP_PARENTHESES, LA_GROUP_CONDITION } la_grouping;
la_grouping la_grouping_of(const la_node *node, int against, int precedence);
int la_against_precedence(int against);
bool la_type_is_boolean(const la_type *type);

/* An expression of DDL: values as literals, columns without their table. */
la_status la_compile_inline(const la_sql *sql, const la_dialect *dialect, const la_node *node,
                            int against, la_strbuf *out, la_error *err);

/* ---- parameters ---- */
/* A PARAM; `type` stands in for an inexact one, `column` is what it is for; both may be NULL. */
la_status la_compile_param(la_compiler *c, const la_node *node);
la_status la_compile_param_as(la_compiler *c, const la_node *node, la_text name, la_column *column);
/* A value of the compiler's own. */
la_status la_compile_constant(la_compiler *c, la_text base, la_value value, la_type *type);
/* NULL for `column`. */
la_status la_compile_null_param(la_compiler *c, la_text name, la_column *column);
/* A value that execution gives, or a column's default. */
la_status la_compile_column_param(la_compiler *c, la_param_source source, la_text name,
                                  la_column *column, la_default_slot slot);

la_status la_chain_items_of(la_compiler *c, const la_node *chain, la_chain_items *out);

/* Adds the parameter and writes its placeholder, without what its type wraps around it. */
la_status la_put_param(la_compiler *c, la_compiled_param *param);

/* ---- SQL-level processing of types ---- */
/* A type's bind_expression or column_expression around `wrapped`. */
la_status la_compile_wrapped(la_compiler *c, const la_object *expression,
                             const la_wrapped *wrapped);
/* The expression that PLACEHOLDER stands for now; NULL if that is a value or a table's column. */
const la_node *la_wrapped_expr(const la_compiler *c);
/* A PLACEHOLDER that stands for no expression. */
la_status la_write_placeholder(la_compiler *c);
/* A value as a literal, as its type (may be NULL) wraps it. */
la_status la_write_literal(la_compiler *c, la_type *type, const la_value *value);
/* Finds what stands around each placeholder of an IN list. */
la_status la_wrap_list(la_compiler *c, la_compiled_param *list);

/* ---- statements ---- */
typedef struct la_place {
  bool as_from; /* a subquery of FROM, a CTE */
  bool is_lateral;
  bool is_top;
  bool is_source;          /* of an INSERT */
  bool is_result;          /* its columns are those of the result's rows */
  bool is_processed;       /* its rows are rows of the result: column_expression of types applies */
  uint32_t compound_index; /* from 1; 0: not part of a compound */
} la_place;
la_status la_compile_statement(la_compiler *c, const la_node *node, la_place place);
la_status la_compile_select(la_compiler *c, const la_node *node, la_place place);
la_status la_compile_compound(la_compiler *c, const la_node *node, la_place place);
la_status la_compile_textual(la_compiler *c, const la_node *node, la_place place);
la_status la_compile_insert(la_compiler *c, const la_node *node, la_place place);
la_status la_compile_update(la_compiler *c, const la_node *node, la_place place);
la_status la_compile_delete(la_compiler *c, const la_node *node, la_place place);
/* ORDER BY, LIMIT, FETCH, FOR UPDATE of a SELECT or COMPOUND. */
la_status la_compile_order_and_limit(la_compiler *c, const la_node *node);
bool la_prefix_is_for_dialect(const la_compiler *c, const la_node *prefix);
la_status la_compile_prefixes(la_compiler *c, const la_node *chain, la_prefix_place place);
/* RETURNING what inserted_primary_key and return_defaults() ask for, if they ask for anything. */
la_status la_compile_fetched(la_compiler *c, const la_dml *dml, la_place place);
la_status la_compile_returning(la_compiler *c, const la_node *chain, bool is_result);
/* Its WITH, when it is the outermost statement or has nested CTEs, is put in at `at`. */
la_status la_compile_ctes_at(la_compiler *c, size_t at, size_t first_param, bool is_top);
la_status la_compile_cte_reference(la_compiler *c, const la_node *cte, bool as_from);
la_status la_compile_added_ctes(la_compiler *c, const la_node *chain);

/* ---- INSERT and UPDATE ---- */
typedef enum la_assignment_kind {
  LA_ASSIGN_VALUE,     /* `value` */
  LA_ASSIGN_EXECUTION, /* execution gives it under the column's key */
  LA_ASSIGN_DEFAULT    /* a client-side default, or the SQL expression of one */
} la_assignment_kind;

struct la_assignment {
  la_assignment_kind kind;
  la_column *column; /* NULL: of a table that is known by name only */
  la_text name, key;
  la_quote quote; /* of the name */
  const la_node *value;
};

/* The target of an INSERT, UPDATE or DELETE. */
struct la_dml {
  const la_node *statement;
  const la_node *target; /* TABLE, ALIAS, LITERAL_TABLE */
  la_table *table;       /* NULL: known by name only */
  bool is_insert;
  bool is_ordered; /* ordered_values() */
  bool is_top;
  la_default_slot slot;
  la_assignment *assignments;
  uint32_t count;
};

la_status la_dml_init(la_compiler *c, la_dml *dml, const la_node *statement, la_place place);
/* Finds what each column is set to: by `sets`, by execution, by defaults. */
la_status la_dml_assign(la_compiler *c, la_dml *dml, const la_chain_items *sets);
/* What the SET items of `sets` give for `assignment`, the last of them; NULL if none does. */
const la_node *la_dml_value(const la_chain_items *sets, const la_assignment *assignment);
/* `row` < 0: a row alone. */
la_status la_dml_write_value(la_compiler *c, const la_dml *dml, const la_assignment *assignment,
                             int row);
/* A DML_COLUMN in a value: what the statement that is being written sets its column to, else the
 * column as it is. LA_COMPILE where nothing is set, in an INSERT without it, and in a circle. */
la_status la_dml_write_reference(la_compiler *c, const la_node *node);
/* True if the program, not the database, knows a default for `column`, which may be NULL. */
bool la_dml_has_default(const la_column *column, la_default_slot slot);
bool la_set_is_for(const la_node *set, const la_column *column, la_text key);

/* ---- column lists ---- */
la_status la_items_of(la_compiler *c, const la_node *select, la_items **out);
typedef enum la_label_style {
  LA_LABELS_DISAMBIGUATE,
  LA_LABELS_TABLE,
  LA_LABELS_NONE
} la_label_style;
la_status la_items_make(la_compiler *c, la_node *const *exprs, size_t count, la_label_style style,
                        la_items *out);
la_status la_compile_items(la_compiler *c, la_items *items, la_place place);
/* The item at `place` (from 1) of a subquery or CTE; NULL if it is not known. */
la_status la_subquery_item(la_compiler *c, const la_node *from, uint32_t place, la_item **out);
/* True if its name has a number that is not given yet. */
bool la_item_is_late(const la_item *item);
/* What column `place` (from 1) of a subquery or CTE is called in the text; none if it is not known.
 */
la_status la_subquery_column_name(la_compiler *c, const la_node *from, uint32_t place,
                                  la_text *out);
la_text la_item_written_name(la_compiler *c, la_item *item);
/* What the number of an expression without a name is put behind: its function's name, or "anon". */
la_text la_anon_base(const la_node *expr);
/* The name of a LABEL. */
la_text la_label_name(la_compiler *c, const la_node *label);
la_status la_add_result_column(la_compiler *c, la_text key, la_type *type, la_object *subject);

/* ---- FROM lists ---- */
typedef LA_VEC(const la_node *) la_from_list;
/* What the columns of `expr` are taken from, added to `out` where new; subqueries are not looked
 * into. */
la_status la_collect_froms(la_compiler *c, const la_node *expr, la_from_list *out);
/* Puts the children of `node` on `scan`, the first on top. */
la_status la_scan_children(la_compiler *c, const la_node *node);
bool la_from_list_add(la_compiler *c, la_from_list *list, const la_node *from);
bool la_from_list_has(const la_from_list *list, const void *identity);
/* The FROM list of a select, correlated with what encloses it. */
la_status la_select_froms(la_compiler *c, const la_node *select, la_items *items, la_place place,
                          la_from_list *out);
/* Warns where no condition connects what the innermost scope selects from; `statement` is "SELECT"
 * or the like, `froms` its list. */
la_status la_lint_froms(la_compiler *c, const char *statement, const la_from_list *froms,
                        const la_node *where);
/* The identities in `froms`, joins spread, for a scope. */
la_status la_scope_open(la_compiler *c, la_scope *scope, const la_node *statement,
                        const la_from_list *froms);
void la_scope_close(la_compiler *c);
/* UPDATE or DELETE in a scope of its own: `collect` finds the target and what else the statement
 * mentions, `write` writes the statement with it. */
la_status la_dml_compile(la_compiler *c, const la_node *statement, la_place place,
                         la_status (*collect)(la_compiler *c, const la_dml *dml, la_from_list *out),
                         la_status (*write)(la_compiler *c, la_dml *dml, la_place place,
                                            const la_from_list *froms));

#pragma GCC visibility pop

#endif
