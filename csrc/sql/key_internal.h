/* SPDX-License-Identifier: MIT */
/*
 * What a key has of a node, for those who make keys (key.c) and those who do without (pattern.c).
 */
#ifndef LA_SQL_KEY_INTERNAL_H
#define LA_SQL_KEY_INTERNAL_H

#include "schema/column.h"
#include "schema/metadata.h"
#include "schema/table.h"
#include "sql/key.h"

#pragma GCC visibility push(hidden)

/* Inherited flags follow from the children and the rest. */
#define LA_KEY_FLAGS (~(uint32_t)LA_NODE_INHERITED_FLAGS)

/* True if the key has `node->value`, which is not a parameter's that is bound. */
static inline bool la_key_has_value(const la_node *node) {
  if (node->kind == LA_NODE_PARAM) {
    return (node->flags & (LA_PARAM_LITERAL | LA_PARAM_EXPANDING)) != 0;
  }
  return node->value.kind != LA_VALUE_NULL;
}

/* The same of `node->values`. */
static inline bool la_key_has_values(const la_node *node) {
  return node->value_count != 0 &&
         (node->kind != LA_NODE_PARAM || (node->flags & LA_PARAM_LITERAL) != 0);
}

/* Where the number stands that changes when the subject of `node` does; NULL for a column without a
 * table. */
static inline const uint32_t *la_key_version(const la_node *node) {
  if (node->kind == LA_NODE_COLUMN) {
    const la_column *column = (const la_column *)(const void *)node->subject;
    return column->table != NULL ? &column->table->metadata->version : NULL;
  }
  if (node->kind == LA_NODE_TABLE) {
    return &((const la_table *)(const void *)node->subject)->metadata->version;
  }
  return &node->subject->id;
}

/* True for nodes that mean the same wherever they were made. A CHAIN is one of these: what is met
 * twice with it is the statement that it belongs to. */
static inline bool la_key_without_identity(const la_node *node) {
  switch (node->kind) {
  case LA_NODE_COLUMN:
    return node->subject != NULL && node->count == 0;
  case LA_NODE_CHAIN:
  case LA_NODE_TABLE:
  case LA_NODE_NULL:
  case LA_NODE_TRUE:
  case LA_NODE_FALSE:
  case LA_NODE_STAR:
    return true;
  default:
    return false;
  }
}

static inline bool la_key_may_come_again(const la_node *node) {
  return node->object.references != 1 && !la_key_without_identity(node);
}

/* The TABLE of a mapped class, the COLUMN of its attribute, if these and the mapper say all about
 * `node`; else NULL. */
const la_node *la_key_plain_part(const la_node *node);

#pragma GCC visibility pop

#endif
