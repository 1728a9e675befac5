/* SPDX-License-Identifier: MIT */
/*
 * The shapes of nodes: what constructors make of each kind.
 *
 * Passes over a tree trust the shape of its nodes. Who makes nodes of something that no constructor
 * has seen asks here first.
 */
#ifndef LA_SQL_SHAPE_H
#define LA_SQL_SHAPE_H

#include "sql/node.h"

#pragma GCC visibility push(hidden)

/* True if a constructor of sql/ could have made a node of `parts`, its children being sound. Kinds
 * of the ORM are looked at as far as their children go; LOADER_OPTIONs by la_option_holds. */
bool la_shape_holds(const la_node_parts *parts);

#pragma GCC visibility pop

#endif
