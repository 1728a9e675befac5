/* SPDX-License-Identifier: MIT */
/*
 * Loader options that objects keep from the statement that loaded them, for lazy loads and
 * refreshes to come.
 *
 * Counted; immutable. One for all objects that one run of a plan makes for one of its entities. It
 * retains the plan whose arena has the options, and the values of what their criteria name.
 */
#ifndef LA_ORM_KEPT_H
#define LA_ORM_KEPT_H

#include "orm/load_internal.h"

#pragma GCC visibility push(hidden)

typedef struct la_kept_options {
  la_object object;
  la_allocator *alloc;
  la_load_plan *plan;             /* the owner of the options; retained */
  const la_load_option *options;  /* of the objects' level */
  const la_load_option *wildcard; /* that holds for them; or NULL */
  const struct la_path *path;     /* down to the objects' own mapper */
  la_node **params;               /* each retained */
  uint32_t param_count;
} la_kept_options;

/* For the objects of `entity` of `plan`. NULL when out of memory. */
la_kept_options *la_kept_options_new(const la_load_plan *plan, const la_plan_entity *entity,
                                     la_outer outer);
/* What `instance` has kept; NULL if nothing. */
const la_kept_options *la_kept_options_of(const la_instance *instance);
la_outer la_kept_options_outer(const la_kept_options *kept);
/* The option for `relationship`, a wildcard's if no other; NULL if there is none. */
const la_load_option *la_kept_option(const la_kept_options *kept,
                                     const la_relationship *relationship);

#pragma GCC visibility pop

#endif
