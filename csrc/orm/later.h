/* SPDX-License-Identifier: MIT */
/*
 * Loads that follow the rows of a statement: selectin, and the statements of lazy loads.
 */
#ifndef LA_ORM_LATER_H
#define LA_ORM_LATER_H

#include "orm/kept.h"

struct la_translate_request;

#pragma GCC visibility push(hidden)

/* A statement of the loader's own that is run with an instance's values: a lazy load, a get, a
 * refresh. Counted. */
typedef struct la_single_load {
  la_object object;
  la_allocator *alloc;
  const la_dialect *dialect;
  la_compiled *compiled;
  LA_VEC(la_column *) columns; /* whose values its parameters take, in order */
  LA_VEC(uint32_t) slots;      /* of a partial refresh: what its values fill */
} la_single_load;

la_single_load *la_single_load_new(la_allocator *alloc, const la_dialect *dialect);
/* False if it was made for another dialect or map of schemas than what the engine compiles next, or
 * a mapper has changed since. */
bool la_single_load_holds(const la_single_load *load, const la_engine *engine);
/* A new PARAM for the next column. */
la_status la_single_load_param(la_single_load *load, const la_sql *sql, la_column *column,
                               la_node **out, la_error *err);
/* Compiles `select`, whose PARAMs for the columns are `params`. */
la_status la_single_load_compile(la_single_load *self, la_engine *engine, const la_node *select,
                                 const struct la_translate_request *request, la_node *const *params,
                                 uint32_t param_count, la_error *err);
/* Runs it with `instance`'s values, or with `key` in the order of the parameters; `outer` as long
 * as the parameters of the request's owner. `run` is ready for la_run_step. LA_DONE if a value is
 * NULL or not known, so that no row can match. */
la_status la_single_load_open(la_single_load *self, la_load *load, la_run *run,
                              const la_instance *instance, const la_value *key, la_outer outer,
                              la_error *err);

/* What a selectin load of a plan's link keeps from its first use on. */
la_status la_later_run(la_load *load, const la_job *job, la_error *err);
/* The same for what a subclass adds (later_class.c). */
la_status la_later_run_class(la_load *load, const la_job *job, la_error *err);
void la_later_free(la_later *later, la_allocator *alloc);

/* What options say about the load of one link of one object. */
typedef struct la_link_choice {
  const la_load_plan *owner;     /* of the options; NULL: there are none */
  const la_load_option *options; /* below the link */
  const la_node *criteria;
  la_node *target;
  const struct la_path *path;
  la_outer outer;
  const la_kept_options *kept; /* which the object has; or NULL */
  int depth;                   /* la_run.depth of the load */
  bool raises_on_sql;          /* only the identity map may answer */
} la_link_choice;

/* What the identity map has for the many-to-one `link`, be it expired; nothing if it has none. */
la_status la_lazy_look_up(la_load *load, la_instance *instance, uint32_t link, la_error *err);
/* What link `link` loads now; its members are appended to `load->links`. */
la_status la_lazy_run(la_load *load, la_instance *instance, uint32_t link,
                      const la_link_choice *choice, la_error *err);
/* What the options that `instance` has kept say of its relationship, and how it is loaded. */
la_loader_strategy la_kept_choice(const la_instance *instance, const la_relationship *relationship,
                                  la_link_choice *out);
/* Reads what is expired of `instance`, or slot `slot` and what belongs to it. LA_OBJECT_DELETED if
 * the row is gone. */
la_status la_load_expired(la_load *load, la_instance *instance, la_error *err);
la_status la_load_slot(la_load *load, la_instance *instance, uint32_t slot, la_error *err);
/* Runs a statement of one entity to its end, at `depth` (la_run); distinct instances in an array of
 * the load's arena, pinned by the load. */
la_status la_single_load_run(la_load *load, la_single_load *statement, const la_instance *instance,
                             const la_value *key, la_outer outer, int depth, la_instance ***members,
                             size_t *count, la_error *err);
/* The key's values of `instance`'s many-to-one `relationship`, in the target's key order; false if
 * one is NULL or not loaded (`*unloaded_out`). */
bool la_lazy_key(const la_relationship *relationship, const la_instance *instance, la_value *key,
                 bool *unloaded_out);

#pragma GCC visibility pop

#endif
