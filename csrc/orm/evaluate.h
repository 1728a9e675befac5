/* SPDX-License-Identifier: MIT */
/*
 * Conditions and values tested in memory, object by object.
 *
 * An expression is laid out once, children before parents; running it needs neither recursion nor
 * memory for each object. SQL's logic of three values holds: NULL is neither true nor false.
 */
#ifndef LA_ORM_EVALUATE_H
#define LA_ORM_EVALUATE_H

#include "orm/instance.h"

#pragma GCC visibility push(hidden)

typedef struct la_evaluator {
  la_allocator *alloc;
  const la_mapper *mapper;         /* whose objects are asked */
  LA_VEC(const la_node *) program; /* lent by the expression */
  LA_VEC(la_value) stack;
  la_arena texts; /* of the last run: what || has made */
} la_evaluator;

/* LA_UNEVALUATABLE "Cannot evaluate …" if the expression is more than attributes of `mapper`,
 * values and plain operators. Clear it also after a failure. */
la_status la_evaluator_init(la_evaluator *evaluator, la_allocator *alloc, const la_mapper *mapper,
                            const la_node *expr, la_error *err);
void la_evaluator_clear(la_evaluator *evaluator);
/* The value for `instance`; bytes are lent by the instance, the expression, or the evaluator until
 * its next run. `*unknown_out`: an
 * attribute that it needs is not loaded. */
la_status la_evaluator_run(la_evaluator *evaluator, const la_instance *instance, la_value *out,
                           bool *unknown_out, la_error *err);

#pragma GCC visibility pop

#endif
