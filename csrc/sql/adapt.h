/* SPDX-License-Identifier: MIT */
/*
 * Copies of trees with some nodes replaced.
 *
 * Nodes that nothing was replaced under are shared, not copied. Works without recursion.
 */
#ifndef LA_SQL_ADAPT_H
#define LA_SQL_ADAPT_H

#include "sql/expr.h"

#pragma GCC visibility push(hidden)

/* Gives in `out` a new reference to what stands for `node`, or NULL there to keep the node and look
 * at its children; a node that `replace` gives is not looked into. */
typedef la_status (*la_replace_function)(const la_node *node, void *context, la_node **out,
                                         la_error *err);

la_status la_adapt(la_allocator *alloc, const la_node *root, la_replace_function replace,
                   void *context, la_node **out, la_error *err);
/* Every column of `from` (by its table's column) in `expr` becomes the column of the same name of
 * `to`, an alias or subquery of it. `from` NULL: every column whose table stands under `to`. */
la_status la_adapt_columns(const la_sql *sql, const la_node *expr, const la_node *from, la_node *to,
                           la_node **out, la_error *err);

#pragma GCC visibility pop

#endif
