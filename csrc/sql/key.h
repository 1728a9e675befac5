/* SPDX-License-Identifier: MIT */
/*
 * The cache key of a statement: its structure without its bound values.
 *
 * Two statements with equal keys compile to the same text and take their parameters in the same
 * order. A key is the tree written down, parents first, so that it can be read back in one way
 * only. A node that is met again (an alias by its columns, a parameter, a label) is written as the
 * place of its first visit, counted in nodes, so identities are in the key and addresses of nodes
 * are not. In it are also: the types of parameters; the values of parameters that are written into
 * the text (LA_PARAM_LITERAL); the address and version of every subject: a metadata's version for
 * tables and columns, `object.id` for others (mappers raise it when they change). Whoever stores a
 * key keeps the subjects alive
 * (`la_key_subjects`). EXECUTION_OPTIONs are left out, LOADER_OPTIONs are in.
 *
 * The walk that makes the key also collects the statement's PARAM nodes in order, each once;
 * parameter i of a cached compiled statement is PARAM i of the statement at hand.
 */
#ifndef LA_SQL_KEY_H
#define LA_SQL_KEY_H

#include "base/strbuf.h"
#include "base/vec.h"
#include "sql/node.h"

#pragma GCC visibility push(hidden)

typedef struct la_key_seen {
  const la_node *node;
  uint32_t place;
  uint32_t round; /* of the key's making; another round's entry is empty */
} la_key_seen;

typedef struct la_key {
  la_allocator *alloc;
  la_strbuf bytes;
  uint64_t hash;
  LA_VEC(const la_node *) params; /* lent from the statement */
  bool cacheable;                 /* false if something in it forbids caching */
  /* insides */
  LA_VEC(const la_node *) stack;
  la_key_seen *seen; /* hash table of nodes with more than one reference */
  size_t seen_size;
  size_t seen_count;
  uint32_t round;
} la_key;

void la_key_init(la_key *key, la_allocator *alloc);
void la_key_clear(la_key *key);
/* Makes the key of `statement` anew, reusing the memory. `salt` goes in front (dialect, mode, names
 * of the columns given in an executemany…). */
la_status la_key_build(la_key *key, const la_node *statement, la_text salt, la_error *err);
/* Only the parameters, as la_key_build collects them. */
la_status la_key_collect_params(la_key *key, const la_node *statement, la_error *err);
/* The distinct subjects (tables' metadata, mappers …) that the statement names, each retained, into
 * a new object that holds them. */
la_status la_key_subjects(la_allocator *alloc, const la_node *statement, la_object **out,
                          la_error *err);

#pragma GCC visibility pop

#endif
