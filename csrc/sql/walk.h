/* SPDX-License-Identifier: MIT */
/*
 * Visits every node of a tree, parents first, children in order, without recursion.
 *
 * A shared node is visited once per place it stands in if it is light, and once in all if it is
 * heavy: a few nodes that share their parts could make a tree that no walk ends in.
 */
#ifndef LA_SQL_WALK_H
#define LA_SQL_WALK_H

#include "base/map.h"
#include "sql/node.h"

#pragma GCC visibility push(hidden)

typedef enum la_walk_answer { LA_WALK_CONTINUE, LA_WALK_PRUNE, LA_WALK_STOP } la_walk_answer;

typedef la_walk_answer (*la_walk_function)(const la_node *node, void *context);

/* The heavy shared nodes that a walk has met; zero-initialised; cleared with la_map_clear. */
typedef la_map la_met;

/* LA_DONE if `node` is heavy, shared and was met before, LA_OK if not, or LA_NOMEM. */
la_status la_meet(la_met *met, la_allocator *alloc, const la_node *node, la_error *err);

/* LA_NOMEM, or LA_DONE if the visitor stopped, or LA_OK. */
la_status la_walk(la_allocator *alloc, const la_node *root, la_walk_function visit, void *context,
                  la_error *err);

#pragma GCC visibility pop

#endif
