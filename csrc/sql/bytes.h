/* SPDX-License-Identifier: MIT */
/*
 * Statements as bytes, and back.
 *
 * Bytes name what lies outside of a statement by number only: tables, columns, mapped classes and
 * their attributes, types, values that are Lua's. Writing gives lists of these; whoever reads the
 * bytes has found again what stands in the lists. A node is written behind its children and once,
 * however often it is met. Reading takes any bytes: it makes nothing but nodes of the shapes that
 * sql/shape.h allows, and fails with LA_ARGUMENT for all else.
 */
#ifndef LA_SQL_BYTES_H
#define LA_SQL_BYTES_H

#include "base/strbuf.h"
#include "base/vec.h"
#include "sql/node.h"

#pragma GCC visibility push(hidden)

/* What is known by name outside: the table of a TABLE, the column of a COLUMN, the mapper of an
 * ENTITY, the mapper and key of an ATTRIBUTE, the relationship of a RELATIONSHIP. */
typedef struct la_bytes_name {
  la_node_kind kind;
  la_object *subject;
  la_text key; /* of an ATTRIBUTE */
} la_bytes_name;

/* All lent from the statement. */
typedef struct la_bytes_lists {
  LA_VEC(la_bytes_name) names;
  LA_VEC(const la_type *) types;
  LA_VEC(int64_t) hosts; /* numbers of values, see LA_VALUE_HOST */
} la_bytes_lists;

/* True for a node that its class has itself: an ENTITY, ATTRIBUTE or RELATIONSHIP without alias. */
typedef bool (*la_bytes_is_own)(const la_node *node);

void la_bytes_lists_clear(la_bytes_lists *lists, la_allocator *alloc);
/* Appends the bytes of `statement` to `out`; LA_ARGUMENT for what holds functions or objects of the
 * program. */
la_status la_bytes_write(const la_node *statement, la_bytes_is_own is_own, la_strbuf *out,
                         la_bytes_lists *lists, la_error *err);

/* What the numbers in the bytes stand for, and where CTEs get their numbers from. */
typedef struct la_bytes_found {
  la_node *const *names; /* of the kinds that la_bytes_write has told */
  la_type *const *types;
  const int64_t *hosts;
  size_t name_count, type_count, host_count;
  int64_t *last_number;
  bool (*option_holds)(const la_node_parts *parts); /* of LOADER_OPTIONs */
} la_bytes_found;

la_status la_bytes_read(la_allocator *alloc, la_text bytes, const la_bytes_found *found,
                        la_node **out, la_error *err);
/* A number that changes when the kinds of nodes, their operators and flags do. */
uint64_t la_bytes_version(void);

#pragma GCC visibility pop

#endif
