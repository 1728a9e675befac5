/* SPDX-License-Identifier: MIT */
/*
 * FROM elements: tables, aliases, subqueries, CTEs, joins, and the columns that they offer.
 */
#ifndef LA_SQL_FROM_H
#define LA_SQL_FROM_H

#include "sql/expr.h"

#pragma GCC visibility push(hidden)

la_node *la_from_table(const la_sql *sql, la_table *table);
/* `name` none: anonymous, `users_1` or `anon_1`. `element` may be a select (a subquery, then). */
la_node *la_from_alias(const la_sql *sql, la_node *element, la_text name, uint32_t flags);
/* `number` tells CTEs apart: what la_from_cte_ref carries; the caller counts them. */
la_node *la_from_cte(const la_sql *sql, la_node *statement, la_text name, int64_t number,
                     uint32_t flags);
/* The reference inside a recursive CTE, which carries its number. */
la_node *la_from_cte_ref(const la_sql *sql, const la_node *cte);
/* `on` NULL: found through foreign keys; LA_NO_FOREIGN_KEYS, LA_AMBIGUOUS_FOREIGN_KEYS with
 * SQLAlchemy's words. */
la_status la_from_join(const la_sql *sql, la_node *left, la_node *right, la_node *on,
                       uint32_t flags, la_node **out, la_error *err);
/* The condition that joins `left` to `right` through foreign keys between the tables they hold
 * (joins are searched from right to left). */
la_status la_from_join_condition(const la_sql *sql, const la_node *left, const la_node *right,
                                 la_node **out, la_error *err);

/* The columns a FROM element offers, in order, as new COLUMN nodes whose from element is `from`; a
 * join offers those of both sides. `keys_out[i]` is the key of each. Arrays come from `arena`, each
 * node is a reference of the caller's. */
la_status la_from_columns(const la_sql *sql, la_node *from, la_arena *arena, la_node ***columns_out,
                          la_text **keys_out, size_t *count_out, la_error *err);
/* The column of `from` called `key` as a new node; LA_NO_SUCH_COLUMN with a suggestion. */
la_status la_from_column(const la_sql *sql, la_node *from, la_text key, la_node **out,
                         la_error *err);
/* How many parts a row of `select` has after entities and stars of tables are spread, and the names
 * that its columns have when it is used as a subquery (deduplicated as SQLAlchemy's
 * `selected_columns` does); each expression is a reference of the caller's. Takes INSERT, UPDATE
 * and DELETE with RETURNING too. */
la_status la_select_exported(const la_sql *sql, const la_node *select, la_arena *arena,
                             la_node ***exprs_out, la_text **keys_out, size_t *count_out,
                             la_error *err);
/* The names that those columns are written under in SQL, where they differ from the keys: "count_1"
 * for a function's key "count". */
la_status la_select_names(const la_sql *sql, const la_node *select, la_arena *arena,
                          la_text **names_out, size_t *count_out, la_error *err);
/* The column at `place` (from 1) of a subquery `from`, whose select has `part` there under `name`.
 */
la_node *la_expr_subquery_column(const la_sql *sql, la_text name, const la_node *part,
                                 uint32_t place, la_node *from);
/* The only column of a function in FROM, which goes by its alias's name: NULL when out of memory.
 */
la_node *la_from_function_column(const la_sql *sql, la_node *alias);
/* Its name; none for anonymous aliases and joins. */
la_text la_from_name(const la_node *from);
/* As messages call it. */
void la_from_describe(const la_node *from, la_strbuf *out);
/* The table under a TABLE, ALIAS of a table, or ENTITY; NULL otherwise. */
la_table *la_from_base_table(const la_node *from);

#pragma GCC visibility pop

#endif
