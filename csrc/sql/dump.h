/* SPDX-License-Identifier: MIT */
/*
 * Prints a tree of nodes for people, one node a line, children indented.
 */
#ifndef LA_SQL_DUMP_H
#define LA_SQL_DUMP_H

#include "base/strbuf.h"
#include "sql/node.h"

#pragma GCC visibility push(hidden)

void la_dump(const la_node *root, la_strbuf *out);

#pragma GCC visibility pop

#endif
