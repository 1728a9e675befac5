/* SPDX-License-Identifier: MIT */
/*
 * Constructors of statements.
 *
 * A statement is a node with one child per clause; every function gives a new statement that shares
 * its parts with the old one, or NULL when out of memory. Clauses are added with
 * `la_node_with_chained` and replaced with `la_node_with_child` by their part's number.
 */
#ifndef LA_SQL_SELECT_H
#define LA_SQL_SELECT_H

#include "sql/from.h"

#pragma GCC visibility push(hidden)

la_node *la_select_new(const la_sql *sql, la_node *const *columns, size_t count);
/* The same with flags (la_node_flag). */
la_node *la_select_flagged(const la_sql *sql, la_node *const *columns, size_t count,
                           uint32_t flags);
/* UNION and the like; `op` is LA_OP_UNION…. */
la_node *la_compound_new(const la_sql *sql, la_operator op, la_node *const *selects, size_t count);
la_node *la_insert_new(const la_sql *sql, la_node *table);
la_node *la_update_new(const la_sql *sql, la_node *table);
la_node *la_delete_new(const la_sql *sql, la_node *table);
/* An assignment to a column, or to a key if `column` is NULL. */
la_node *la_set_new(const la_sql *sql, la_node *column, la_text key, la_node *value);
la_node *la_join_step_new(const la_sql *sql, la_node *target, la_node *on, la_node *left,
                          uint32_t flags);
/* The SELECT whose column list is that of `statement`, a compound's first or itself; NULL if it has
 * none. */
const la_node *la_select_naming(const la_node *statement);
/* `statement` whose columns are labelled as `style` says, 0 or one of LA_SELECT_LABELS_*; a new
 * reference, NULL when out of memory. */
la_node *la_select_with_labels(const la_sql *sql, la_node *statement, uint32_t style);
/* `statement` as a subquery needs it: no two columns of one name. A new reference, NULL when out of
 * memory. */
la_node *la_select_disambiguated(const la_sql *sql, la_node *statement);
/* `select` without columns that repeat others of its list: by a foreign key, or by an equality in
 * WHERE; `only_synonyms`: if they have one name too. A new reference. */
la_status la_select_reduce(const la_sql *sql, const la_node *select, bool only_synonyms,
                           la_node **out, la_error *err);
/* The parts' numbers for statements of any kind; -1 if the kind has none. */
int la_statement_where_part(const la_node *statement);
int la_statement_execution_part(const la_node *statement);
int la_statement_options_part(const la_node *statement);
/* Of return_defaults(). */
int la_statement_defaults_part(const la_node *statement);
int la_statement_returning_part(const la_node *statement);
int la_statement_ctes_part(const la_node *statement);
int la_statement_prefixes_part(const la_node *statement);

#pragma GCC visibility pop

#endif
