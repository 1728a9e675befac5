/* SPDX-License-Identifier: MIT */
/*
 * The cache key of a statement: its structure without its bound values.
 *
 * Two statements with equal keys compile to the same text and take their parameters in the same order. Aliases, CTEs and
 * anonymous labels are numbered by first visit, and so are parameters; types of parameters are in it, and the versions of
 * the metadata and mappers named. Subjects stand in it by address, so whoever stores a key keeps them alive
 * (`la_key_subjects`). EXECUTION_OPTIONs are left out, LOADER_OPTIONs are in.
 *
 * The walk that makes the key also collects the statement's PARAM nodes in order; parameter i of a cached
 * compiled statement is PARAM i of the statement at hand.
 */
#ifndef LA_SQL_KEY_H
#define LA_SQL_KEY_H

#include "base/vec.h"
#include "sql/node.h"

typedef struct la_key {
  la_allocator *alloc;
  la_strbuf bytes;
  uint64_t hash;
  LA_VEC(const la_node *) params; /* lent from the statement */
  bool cacheable;                 /* false if something in it forbids caching */
  /* insides */
  LA_VEC(const la_node *) stack;
  LA_VEC(const la_node *) numbered;
} la_key;

void la_key_init(la_key *key, la_allocator *alloc);
void la_key_clear(la_key *key);
/* Makes the key of `statement` anew, reusing the memory. `salt` goes in front (dialect, mode, names of the columns given in an
 * executemany…). */
la_status la_key_build(la_key *key, const la_node *statement, la_text salt, la_error *err);
/* The distinct subjects (tables' metadata, mappers …) that the statement names, each retained, into a new object that holds them. */
la_status la_key_subjects(la_allocator *alloc, const la_node *statement, la_object **out, la_error *err);

#endif
