/* SPDX-License-Identifier: MIT */
/*
 * Constructors of expressions.
 *
 * Each gives a new node or NULL when out of memory, borrows its arguments, and finds the type of
 * the result by SQLAlchemy's rules. Parentheses are the compiler's business.
 */
#ifndef LA_SQL_EXPR_H
#define LA_SQL_EXPR_H

#include "base/warning.h"
#include "sql/node.h"

#pragma GCC visibility push(hidden)

/* Types that need no arguments, one shared set per process of a Lua state: owned by the binding's
 * state, made at start. */
typedef struct la_basic_types {
  la_type *null, *boolean, *integer, *big_integer, *real, *numeric, *text, *blob, *date, *time,
      *datetime, *interval;
} la_basic_types;
la_status la_basic_types_init(la_basic_types *types, la_allocator *alloc, la_error *err);
void la_basic_types_clear(la_basic_types *types);

typedef struct la_sql la_sql;

/* The columns (new references) that ENTITY `entity` stands for in the list of an embedded select,
 * and their keys; both arrays in `arena`. */
typedef la_status (*la_entity_columns)(const la_sql *sql, la_node *entity, la_arena *arena,
                                       la_node ***nodes_out, la_text **keys_out, size_t *count_out,
                                       la_error *err);

/* A factory: the allocator, the basic types and where warnings go travel together. */
struct la_sql {
  la_allocator *alloc;
  const la_basic_types *types;
  la_warnings *warnings;              /* may be NULL */
  struct la_failed_statement *failed; /* engine/failed.h; may be NULL */
  la_entity_columns entity_columns;   /* the ORM's; NULL: those of the entity's FROM element */
};

/* The column of its own table, or of `from` (an alias of it) if that is not NULL. */
la_node *la_expr_column(const la_sql *sql, la_column *column, la_node *from);
/* A column known by name only, of a subquery, CTE or literal table; `from` may be NULL. */
la_node *la_expr_named_column(const la_sql *sql, la_text name, la_type *type, la_node *from);
/* A bound value; `name` is the base of its name ("param" if none); `type` NULL: by the value's
 * kind. */
la_node *la_expr_param(const la_sql *sql, la_text name, const la_value *value, la_type *type);
/* A list for IN; `width` > 0: tuples of that many. */
la_node *la_expr_params(const la_sql *sql, la_text name, const la_value *values, uint32_t count,
                        uint32_t width, la_type *type);
/* bindparam(): a named parameter; `value` NULL means that it is required at execution unless
 * `has_default`. */
la_node *la_expr_bindparam(const la_sql *sql, la_text name, const la_value *value, la_type *type,
                           uint32_t flags);
/* The basic type for a value's kind; lent. */
la_type *la_sql_type_of_value(const la_sql *sql, const la_value *value);
/* The type of a bound value that is compared or combined with an expression of `type` (may be
 * NULL): `type` where it takes such values, else the basic type of the value's kind; lent. */
la_type *la_sql_type_compared(const la_sql *sql, la_type *type, const la_value *value);
/* The type of `left op right`; `*op` becomes CONCAT where ADD joins texts; lent. */
la_type *la_sql_type_of_binary(const la_sql *sql, la_operator *op, la_type *left, la_type *right);
la_node *la_expr_null(const la_sql *sql);
la_node *la_expr_boolean(const la_sql *sql, bool value);
la_node *la_expr_literal(const la_sql *sql, la_text text, la_type *type);
/* The next `:name` of text() at or after `*at`, which moves behind it; false at the end. */
bool la_text_next_bind(la_text text, size_t *at, la_text *name_out);
/* text(): parameters are found by `:name`; `\:` is a colon; `::` is left alone. */
la_node *la_expr_text(const la_sql *sql, la_text text);
la_node *la_expr_unary(const la_sql *sql, la_operator op, la_node *operand);
/* `right` NULL node kinds turn EQ into IS and NE into IS NOT, as SQLAlchemy does. */
la_node *la_expr_binary(const la_sql *sql, la_operator op, la_node *left, la_node *right);
la_node *la_expr_like(const la_sql *sql, la_operator op, la_node *left, la_node *right,
                      la_text escape);
/* column:op("text", {precedence, is_comparison, return_type}). */
la_node *la_expr_custom(const la_sql *sql, la_text text, int precedence, bool is_comparison,
                        la_type *type, la_node *left, la_node *right);
la_node *la_expr_between(const la_sql *sql, la_node *operand, la_node *low, la_node *high,
                         bool symmetric);
/* AND or OR of terms, folded as SQLAlchemy does: true and false constants vanish or win, a single
 * term is itself, nested lists of the same operator are merged. */
la_node *la_expr_clauses(const la_sql *sql, la_operator op, la_node *const *terms, size_t count);
/* `condition`, which NOT turns into `negation`. */
la_node *la_expr_negatable(const la_sql *sql, la_node *condition, la_node *negation);
/* NOT: by the negation of the operator where there is one. */
la_node *la_expr_not(const la_sql *sql, la_node *operand);
/* `expr` as a condition: a boolean value that is no condition by itself (a column …) under IS_TRUE.
 */
la_node *la_expr_condition(const la_sql *sql, la_node *expr);
la_node *la_expr_list(const la_sql *sql, la_node *const *items, size_t count);
/* regexp_match, or regexp_replace if `replacement` is not NULL. */
la_node *la_expr_regexp(const la_sql *sql, la_node *left, la_node *pattern, la_node *replacement,
                        la_text flags);
la_node *la_expr_grouping(const la_sql *sql, la_node *operand);
la_node *la_expr_filter(const la_sql *sql, la_node *function, la_node *condition);
la_node *la_expr_within_group(const la_sql *sql, la_node *function, la_node *order_by);
la_node *la_expr_tuple(const la_sql *sql, la_node *const *items, size_t count);
la_node *la_expr_function(const la_sql *sql, la_text name, la_node *const *arguments, size_t count,
                          la_type *type);
/* The type that a generic function returns: count → Integer, max/min/coalesce → its first
 * argument's, array_agg → an ARRAY of it …, NULL type if not known; a new reference, NULL when out
 * of memory. */
la_type *la_function_type(const la_sql *sql, la_text name, la_node *const *arguments, size_t count);
la_node *la_expr_case(const la_sql *sql, la_node *value, la_node *const *whens_and_thens,
                      size_t count, la_node *otherwise);
la_node *la_expr_cast(const la_sql *sql, la_node *operand, la_type *type, bool try_cast);
la_node *la_expr_coerce(const la_sql *sql, la_node *operand, la_type *type);
/* In SET or VALUES: what the statement sets `column`, a COLUMN or ATTRIBUTE, to. */
la_node *la_expr_dml_column(const la_sql *sql, la_node *column);
la_node *la_expr_extract(const la_sql *sql, la_text field, la_node *operand);
la_node *la_expr_label(const la_sql *sql, la_text name, la_node *operand);
la_node *la_expr_collate(const la_sql *sql, la_node *operand, la_text collation);
la_node *la_expr_over(const la_sql *sql, la_node *function, la_node *partition_by,
                      la_node *order_by, la_node *frame);
la_node *la_expr_scalar_subquery(const la_sql *sql, la_node *select);
la_node *la_expr_exists(const la_sql *sql, la_node *select);
/* The name that an expression goes by in a result: its label, column name or attribute key; none if
 * it has none. */
la_text la_expr_name(const la_node *expr);
/* The base of the name of a parameter that is compared with `compared` (may be NULL): its column's
 * key or function's name; none if it has none. */
la_text la_expr_param_name(const la_node *compared);

#pragma GCC visibility pop

#endif
