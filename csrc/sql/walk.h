/* SPDX-License-Identifier: MIT */
/*
 * Visits every node of a tree, parents first, children in order, without recursion.
 *
 * Shared nodes are visited once per place they stand in.
 */
#ifndef LA_SQL_WALK_H
#define LA_SQL_WALK_H

#include "sql/node.h"

#pragma GCC visibility push(hidden)

typedef enum la_walk_answer { LA_WALK_CONTINUE, LA_WALK_PRUNE, LA_WALK_STOP } la_walk_answer;

typedef la_walk_answer (*la_walk_function)(const la_node *node, void *context);

/* LA_NOMEM, or LA_DONE if the visitor stopped, or LA_OK. */
la_status la_walk(la_allocator *alloc, const la_node *root, la_walk_function visit, void *context,
                  la_error *err);

#pragma GCC visibility pop

#endif
