/* SPDX-License-Identifier: MIT */
/*
 * UPDATE and DELETE of classes through a session, and keeping the session in step.
 *
 * "evaluate" tests the condition on the session's objects in C before the statement runs; "fetch"
 * asks the database for the keys; "auto" evaluates and, where that can't be, fetches.
 */
#ifndef LA_ORM_DML_H
#define LA_ORM_DML_H

#include "orm/load.h"

#pragma GCC visibility push(hidden)

typedef enum la_synchronize {
  LA_SYNCHRONIZE_AUTO,
  LA_SYNCHRONIZE_EVALUATE,
  LA_SYNCHRONIZE_FETCH,
  LA_SYNCHRONIZE_NONE
} la_synchronize;

/* Whether `condition` holds for `instance`: 1, 0, or -1 for NULL. LA_UNEVALUATABLE if it can't be
 * told in memory: an unloaded attribute, a function. */
la_status la_evaluate(const la_session *session, const la_node *condition,
                      const la_instance *instance, int *out, la_error *err);
/* Runs an UPDATE or DELETE whose table is a class. `*rowcount_out` rows matched. Objects in the
 * session are changed, expired or removed accordingly: those removed are in state deleted until the
 * transaction ends. */
la_status la_session_dml(la_session *session, const la_node *statement, la_synchronize how,
                         int64_t *rowcount_out, la_error *err);
/* The same for statements with values that Lua converts, and defaults that are Lua functions:
 * `lookup` as in la_params_fill. */
la_status la_session_dml_with(la_session *session, const la_node *statement, la_synchronize how,
                              la_param_lookup lookup, void *lookup_context, int64_t *rowcount_out,
                              la_error *err);

/* The same in two halves, around a statement that the caller runs since its rows are wanted: begin
 * finds the session's objects that it will change, finish changes them. The first asks the database
 * for their keys where they can't be told in memory. */
typedef struct la_dml la_dml;
la_status la_dml_begin(la_session *session, const la_node *statement, la_synchronize how,
                       la_dml **out, la_error *err);
la_status la_dml_finish(la_dml *dml, la_error *err);
/* In between, for a statement whose rows are objects: it has run, and its rows are to be loaded;
 * one of them is `instance`, or has none. An UPDATE changes the session's objects before its rows
 * are loaded, a DELETE takes those that it returns out of the session when it is finished. */
la_status la_dml_ran(la_dml *dml, la_error *err);
la_status la_dml_returned(la_dml *dml, la_instance *instance, la_error *err);
void la_dml_free(la_dml *dml);
/* The same for a statement that has run, and has returned the keys of `objects`. */
la_status la_session_dml_after(la_session *session, const la_node *statement,
                               la_instance *const *objects, size_t count, la_error *err);

/* Expressions from relationships. EXISTS (SELECT 1 …) of any() and has(); the comparison of a
 * many-to-one with an object or NULL; contains(). New references. */
la_status la_relationship_any(const la_sql *sql, const la_node *relationship, la_node *condition,
                              la_node **out, la_error *err);
la_status la_relationship_compare(const la_sql *sql, const la_node *relationship,
                                  const la_instance *other, bool negate, la_node **out,
                                  la_error *err);
la_status la_relationship_contains(const la_sql *sql, const la_node *relationship,
                                   const la_instance *other, la_node **out, la_error *err);
/* The condition that a row of the relationship's target is related to `parent`; `target` is the
 * entity of those rows, NULL for of_type's or the class itself. */
la_status la_relationship_with_parent(const la_sql *sql, const la_node *relationship,
                                      const la_instance *parent, la_node *target, la_node **out,
                                      la_error *err);

#pragma GCC visibility pop

#endif
