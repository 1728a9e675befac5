/* SPDX-License-Identifier: MIT */
/*
 * A record of the bytes of a statement.
 *
 * It begins with its node's kind and one; zero stands for a node of the list of names, whose number
 * follows. Then: operator, flags, a mask of what follows, and that, in the mask's order; the number
 * of children, and of each how many records it lies behind, 0 for one that is not there. Numbers
 * are seven bits a byte, lowest first; those of values have their eight bytes.
 */
#ifndef LA_SQL_BYTES_INTERNAL_H
#define LA_SQL_BYTES_INTERNAL_H

#include "sql/bytes.h"

#pragma GCC visibility push(hidden)

/* Goes up when the records change in a way that the names of kinds and operators don't tell. */
#define LA_BYTES_FORMAT 1

enum la_bytes_bit {
  LA_BYTES_TYPE = 1,
  LA_BYTES_NAME = 2, /* whose subject it is of; an ATTRIBUTE's and RELATIONSHIP's text, too */
  LA_BYTES_TEXT = 4,
  LA_BYTES_VALUE = 8,
  LA_BYTES_VALUES = 16
};

/* The kind of the name that a node of `kind` with a subject is of. */
static inline bool la_bytes_has_name(la_node_kind kind) {
  return kind == LA_NODE_TABLE || kind == LA_NODE_COLUMN || kind == LA_NODE_ENTITY ||
         kind == LA_NODE_ATTRIBUTE || kind == LA_NODE_RELATIONSHIP;
}

#pragma GCC visibility pop

#endif
