/* SPDX-License-Identifier: MIT */
/*
 * A load plan: which columns of a row fill which slots of which instances, and what is loaded
 * afterwards.
 *
 * Counted; in an arena of its own; immutable but for the statements of later loads, which are made
 * when first needed. A plan in the engine's cache retains the mappers that it names. One that a
 * mapper or relationship keeps for its own loads is `weak`: retaining them would be a cycle, so
 * whoever uses it checks the registry's epoch first.
 */
#ifndef LA_ORM_PLAN_H
#define LA_ORM_PLAN_H

#include "orm/load.h"

#pragma GCC visibility push(hidden)

typedef struct la_plan_entity la_plan_entity;
typedef struct la_plan_link la_plan_link;
typedef struct la_later la_later;
struct la_path;

typedef struct la_plan_slot {
  uint32_t column; /* of the row */
  uint32_t slot;
  const la_type *type; /* NULL: values are taken as they come */
} la_plan_slot;

/* What the row has for a subclass of an entity's class (with_polymorphic) beside the entity's own.
 */
typedef struct la_plan_class {
  la_mapper *mapper;
  la_plan_slot *slots;
  uint32_t slot_count;
  struct la_plan_class *next;
} la_plan_class;

/* One relationship on the way from a statement's entity; lives in a plan's arena. */
typedef struct la_load_step la_load_step;
struct la_load_step {
  const la_load_step *up; /* NULL: the relationship is the entity's own */
  la_relationship *relationship;
};

/* A subclass whose columns are read behind the rows of an entity of its base. */
typedef struct la_plan_behind {
  la_mapper *mapper;
  const la_load_option *options; /* the entity's */
  const struct la_path *path;    /* down to the entity, without it */
  la_later *later;               /* its statement, once made */
  struct la_plan_behind *next;
} la_plan_behind;

/* A relationship of an entity that this plan does something about. */
struct la_plan_link {
  la_relationship *relationship;
  uint32_t link;
  uint32_t number; /* among the plan's links */
  la_loader_strategy strategy;
  bool sql_only;
  la_plan_entity *entity;        /* JOINED, CONTAINS: what the row has for it */
  const la_load_option *option;  /* that chose the strategy, unless a wildcard did; or NULL */
  const la_load_option *options; /* below this step; of a later load */
  const la_node *criteria;
  la_node *target;            /* of_type, lent from the statement; or NULL */
  const struct la_path *path; /* of a later load: the mappers on the way to it */
  bool map_only;              /* IMMEDIATE: the identity map alone is asked */
  const la_load_step *steps; /* SUBQUERY: the way from the statement's entity, this link the last */
  la_node *embedded; /* SUBQUERY: what the statement reads, as the keys of the first step; lent from
                        the plan, or from one that outlives it */
  la_later *later;   /* SELECTIN, SUBQUERY: its statement, once made */
  la_later *joined;  /* SELECTIN: the one for parents whose foreign key is not loaded */
  la_plan_link *next;
};

struct la_plan_entity {
  la_mapper *mapper;
  uint32_t number;           /* among the plan's entities */
  uint32_t *key_columns;     /* row columns of the primary key */
  const la_type **key_types; /* as la_plan_slot.type */
  bool concrete;             /* its rows are those of several tables, whose keys are their own */
  bool partial_keys;         /* one key column that is not NULL makes an entity */
  la_plan_slot *slots;
  uint32_t slot_count;
  la_plan_class *classes;
  la_plan_behind *behind;
  uint32_t *raised; /* slots that must not be loaded later: defer(…, raiseload) */
  uint32_t raised_count;
  uint32_t *missing; /* slots that the row of from_statement() has not: read together, later */
  uint32_t missing_count;
  uint32_t polymorphic_column; /* UINT32_MAX: rows are of `mapper` alone */
  bool keeps;                  /* its objects keep the options of their level: */
  const la_load_option *options;
  const struct la_path *path; /* down to the objects' own mapper */
  la_plan_link *links;
  la_plan_entity *next;
};

/* How one part of a row is made. */
typedef struct la_plan_part {
  la_plan_entity *entity; /* or NULL: the value of */
  uint32_t column;
  const la_type *type; /* of a value that needs conversion, else NULL */
} la_plan_part;

/* The statement that loads `subject`, a relationship or a mapper's columns, for one object by
 * options of a plan. */
typedef struct la_own_load {
  const struct la_path *path; /* of the plan's entity that the object was made for */
  const void *subject;
  int purpose;
  struct la_single_load *load; /* retained */
} la_own_load;

struct la_load_plan {
  la_object object;
  la_allocator *alloc;
  la_arena arena;
  la_text
      schemas; /* the map of schemas that it was compiled with: what follows its rows has it too */
  bool weak;
  bool single;
  bool needs_unique;
  bool has_later;            /* some link is loaded after the rows */
  bool converts;             /* some value is not taken as it comes */
  const la_load_plan *owner; /* has the options that this plan goes by: itself, or the plan that
                                keeps this one */
  const la_load_option *wildcard;   /* of the owner, in force here: with the rows of its statement
                                       and those that come with them; not in lazy loads; or NULL */
  const la_load_criteria *criteria; /* of the owner: with_loader_criteria */
  bool has_criteria;                /* of the owner: `params` matter */
  la_node **params; /* of the owner's `statement`, in the key's order: what criteria of later loads
                       name; lent from it */
  uint32_t param_count;
  la_row_part *parts;
  la_plan_part *details;
  uint32_t part_count;
  la_row_bundle *bundles;
  uint32_t bundle_count;
  uint32_t width;           /* columns of a row */
  la_plan_entity *entities; /* all, nested ones too */
  uint32_t entity_count, link_count;
  la_node *statement; /* keeps what options lend from it; or NULL */
  la_mapper *first;   /* whose registry's epoch tells whether the plan still holds; or NULL */
  uint32_t epoch;
  LA_VEC(la_mapper *) mappers; /* retained unless weak */
  LA_VEC(la_later *) laters;
  LA_VEC(la_node *) embedded; /* retained: what subquery loads embed */
  LA_VEC(la_node *)
  inputs;                  /* the PARAMs that were numbered when it was compiled; retained, only
                              if something is embedded */
  LA_VEC(la_own_load) own; /* of an owner: statements of single objects that kept its options */
};

/* NULL when out of memory. */
la_load_plan *la_load_plan_new(la_allocator *alloc, bool weak);
la_status la_load_plan_note_mapper(la_load_plan *plan, la_mapper *mapper, la_error *err);
/* Keeps the PARAMs with a number, for statements that embed this one. */
la_status la_load_plan_note_inputs(la_load_plan *plan, const la_node *const *params, uint32_t count,
                                   la_error *err);
/* The statement for an object that was made for the entity with `path`, if it is there and holds
 * for what the engine compiles next; lent, or NULL. */
struct la_single_load *la_load_plan_own(const la_load_plan *plan, const struct la_path *path,
                                        const void *subject, int purpose, const la_engine *engine);
/* Keeps `load` as that statement, if there is memory. */
void la_load_plan_keep_own(const la_load_plan *plan, const struct la_path *path,
                           const void *subject, int purpose, struct la_single_load *load);
/* False if a mapper changed since it was made. */
bool la_load_plan_holds(const la_load_plan *plan);

#pragma GCC visibility pop

#endif
