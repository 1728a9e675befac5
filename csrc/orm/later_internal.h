/* SPDX-License-Identifier: MIT */
/*
 * What the later*.c files share: the statement of a later load, made once for a plan's link.
 */
#ifndef LA_ORM_LATER_INTERNAL_H
#define LA_ORM_LATER_INTERNAL_H

#include "orm/later.h"
#include "orm/translate.h"

#pragma GCC visibility push(hidden)

/* Keys that one statement asks for at most. */
#define LA_LATER_KEYS 500

/* Owned by the plan whose link it loads. */
struct la_later {
  la_compiled *compiled;
  la_node *list; /* selectin: the PARAM that stands for the keys */
  la_type *type; /* of a single key */
  uint32_t width;
  la_column **local; /* whose values of a parent are its key */
  bool by_target;    /* rows have no key beside the entity: it is the entity's own */
  bool embeds;       /* subquery: the statement has the parents' own in it, and its parameters */
};

/* A later load while it is made. */
typedef struct la_later_making {
  la_engine *engine;
  const la_sql *sql;
  const la_plan_link *link;
  la_later *later;
  la_node *target;   /* ENTITY; owned */
  la_node_list keys; /* expressions */
  la_node_list froms;
  la_node_list where;
  bool by_join;
  la_error *err;
} la_later_making;

/* The later load of the job's link, made on first use; the plan keeps it. `by_join`: the one by the
 * parents' primary keys, for a link whose foreign key is not loaded. */
la_status la_later_for(la_load *load, const la_job *job, bool by_join, la_later **out,
                       la_error *err);
/* The keys and FROM of a subquery load (later_subquery.c). */
la_status la_later_make_subquery(la_later_making *self);
la_status la_later_set_width(la_later_making *self, uint32_t width);

#pragma GCC visibility pop

#endif
