/* SPDX-License-Identifier: MIT */
/*
 * Reading what the tables of a subclass add to an object whose base row is known.
 *
 *   SELECT engineers.lang, engineers.level FROM engineers WHERE ? = engineers.id
 *
 * The conditions are those that join the subclass's tables to its base's, with the object's values
 * in the place of the base's columns.
 */
#ifndef LA_ORM_SUBTABLE_H
#define LA_ORM_SUBTABLE_H

#include "orm/build.h"
#include "orm/later.h"

#pragma GCC visibility push(hidden)

/* True if all of the slots are columns of tables that `mapper` or its bases add to the root's. */
bool la_subtable_has(const la_mapper *mapper, const uint32_t *slots, size_t count);
/* Adds the conditions to `*select` of `items`, COLUMNs of such tables, and their parameters to
 * `load` and `params`. */
la_status la_subtable_key(la_engine *engine, la_mapper *mapper, la_single_load *load,
                          la_node *const *items, size_t count, la_node **select,
                          la_node_list *params, la_error *err);

#pragma GCC visibility pop

#endif
