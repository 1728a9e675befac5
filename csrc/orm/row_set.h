/* SPDX-License-Identifier: MIT */
/*
 * The rows of a load that a Query has given already: it gives each combination of objects and
 * values once.
 *
 * A table of places in the load's rows, which own the values; owned by the run.
 */
#ifndef LA_ORM_ROW_SET_H
#define LA_ORM_ROW_SET_H

#include "engine/rows.h"

#pragma GCC visibility push(hidden)

typedef struct la_row_set {
  uint32_t *slots; /* place among the rows + 1; 0: free */
  size_t room;     /* a power of two */
} la_row_set;

/* `*new_out`: no row of `rows` has these values; the next one that is added is noted as having
 * them.
 */
la_status la_row_set_add(la_row_set *set, const la_rows *rows, const la_value *values,
                         bool *new_out, la_error *err);
void la_row_set_clear(la_row_set *set, la_allocator *alloc);

#pragma GCC visibility pop

#endif
