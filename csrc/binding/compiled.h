/* SPDX-License-Identifier: MIT */
/*
 * What compile{…} gives: a compiled statement beside the values of one statement.
 *
 * An `la_compiled_use` is counted and never changes; its box lies on a page (binding/page.h).
 */
#ifndef LA_BINDING_COMPILED_H
#define LA_BINDING_COMPILED_H

#include "binding/state.h"
#include "compile/compiled.h"
#include "sql/key.h"

#pragma GCC visibility push(hidden)

typedef struct la_compiled_use {
  la_object object;
  la_allocator *alloc;
  la_compiled *compiled; /* retained */
  uint32_t param_count;
  la_node *params[]; /* the statement's PARAMs as the compiled statement numbers them; retained */
} la_compiled_use;

/* A use of `compiled`, which is taken over also when it fails, with the parameters that `key` has
 * collected. LA_NOMEM. */
la_status la_compiled_use_new(la_allocator *alloc, la_compiled *compiled, const la_key *key,
                              la_compiled_use **out, la_error *err);
/* Pushes an empty box. Needs four free stack slots. */
void la_push_compiled(lua_State *L, la_state *state);
/* The empty box on top of the stack takes `take` over, and keeps the statement's box in stack slot
 * `statement` (0: none) alive. May raise; the use is owned then. */
void la_finish_compiled(lua_State *L, la_compiled_use *take, int statement);

#pragma GCC visibility pop

#endif
