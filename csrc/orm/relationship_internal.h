/* SPDX-License-Identifier: MIT */
/*
 * What the files that configure relationships share.
 */
#ifndef LA_ORM_RELATIONSHIP_INTERNAL_H
#define LA_ORM_RELATIONSHIP_INTERNAL_H

#include "orm/mapper_internal.h"

#pragma GCC visibility push(hidden)

typedef LA_VEC(const la_node *) la_node_vec;

/* A relationship on its way from options to conditions. */
typedef struct la_configuring {
  la_relationship *relationship;
  const la_relationship_options *options;
  const la_sql *sql;
  la_error *err;
  la_node_vec columns;        /* of the primary join: all … */
  la_node_vec foreign;        /* … and those that are foreign */
  LA_VEC(la_sync_pair) pairs; /* of the primary join */
  LA_VEC(la_sync_pair) secondary_pairs;
  bool has_foreign, has_secondary_foreign;
  bool has_sides;    /* something local is compared with something remote */
  bool is_secondary; /* the walk is over the secondary join */
  bool failed;
} la_configuring;

/* The column of a COLUMN node; NULL for other nodes. */
la_column *la_annotated_column(const la_node *node);
/* True if some table belongs to both classes. */
bool la_mappers_overlap(const la_mapper *a, const la_mapper *b);
/* Gives the columns of the relationship's conditions LA_COLUMN_FOREIGN and LA_COLUMN_REMOTE; its
 * target, secondary table and conditions are known. */
la_status la_relationship_annotate(la_relationship *relationship,
                                   const la_relationship_options *options, la_error *err);
/* Finds the pairs and the foreign columns of annotated conditions. LA_ARGUMENT, with SQLAlchemy's
 * words, if there are none. */
la_status la_relationship_find_pairs(la_configuring *self);
/* The direction, from where the foreign columns stand. */
la_status la_relationship_find_direction(la_configuring *self);
/* Something must be local and something remote. */
la_status la_relationship_check_remote(const la_configuring *self);

#pragma GCC visibility pop

#endif
