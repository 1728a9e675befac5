/* SPDX-License-Identifier: MIT */
/*
 * A pattern: a statement that is kept to know others like it without making their keys.
 *
 * `la_pattern_matches` says that two statements have equal keys, by going through both at once;
 * where it says that they have not, the keys may still be equal. Statements whose `shape` differs
 * are no match.
 */
#ifndef LA_SQL_PATTERN_H
#define LA_SQL_PATTERN_H

#include "sql/key.h"

#pragma GCC visibility push(hidden)

/* A pattern keeps its statement's values, so heavy ones make none. */
#define LA_PATTERN_WEIGHT   16384u
#define LA_PATTERN_VERSIONS 16

/* Where a subject's version stands, and what it was. */
typedef struct la_pattern_version {
  const uint32_t *now;
  uint32_t then;
} la_pattern_version;

typedef struct la_pattern {
  la_object object;
  la_allocator *alloc;
  la_node *statement; /* retained */
  uint32_t version_count;
  la_pattern_version versions[LA_PATTERN_VERSIONS];
} la_pattern;

/* The pattern of `statement`; NULL if it can be none, and when out of memory, which is no failure.
 */
la_pattern *la_pattern_new(la_allocator *alloc, const la_node *statement);
/* True if la_key_build would make the same of `statement` as of the pattern's while nothing that
 * they name has changed; `key->params` are the parameters of `statement` then. */
bool la_pattern_matches(const la_pattern *pattern, const la_node *statement, la_key *key);

#pragma GCC visibility pop

#endif
