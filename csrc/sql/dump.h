/* SPDX-License-Identifier: MIT */
/*
 * Prints a tree of nodes for people, one node a line, children indented.
 */
#ifndef LA_SQL_DUMP_H
#define LA_SQL_DUMP_H

#include "base/strbuf.h"
#include "sql/node.h"

void la_dump(const la_node *root, la_strbuf *out);

#endif
