/* SPDX-License-Identifier: MIT */
/*
 * Loader options of a statement as a tree of paths: which relationship is loaded how, which columns
 * are.
 *
 * A LOADER_OPTION node: op = la_loader_strategy, text = group or "*", children [attribute or
 * relationship or ENTITY node, criteria or NULL, then the chained options].
 * `joinedload(User.orders):selectinload(Order.items)` is a joined option whose first chained option
 * is a selectin one.
 */
#ifndef LA_ORM_OPTION_H
#define LA_ORM_OPTION_H

#include "orm/relationship.h"

#pragma GCC visibility push(hidden)

/* What an option says beside its strategy; in its node's value. */
enum la_option_flag {
  LA_OPTION_INNERJOIN = 1,        /* joinedload(…, {innerjoin = true}) */
  LA_OPTION_INNERJOIN_GIVEN = 2,  /* innerjoin was given, true or false */
  LA_OPTION_SQL_ONLY = 4,         /* raiseload(…, {sql_only = true}) */
  LA_OPTION_RAISELOAD = 8,        /* defer(…, {raiseload = true}) */
  LA_OPTION_INCLUDE_ALIASES = 16, /* with_loader_criteria(…, {include_aliases = true}) */
  LA_OPTION_NOT_KEPT = 32,        /* with_loader_criteria(…, {propagate_to_loaders = false}) */
  LA_OPTION_EXACT = 64,           /* criteria of one class, not of its subclasses */
  LA_OPTION_UNNESTED = 128        /* joinedload(…, {innerjoin = "unnested"}) */
};

typedef struct la_load_option la_load_option;
struct la_load_option {
  la_loader_strategy strategy;
  la_relationship *relationship; /* of a relationship */
  la_property *property;         /* of a column */
  la_text group;                 /* undefer_group */
  bool wildcard;
  bool innerjoin, innerjoin_given, unnested, sql_only, raiseload;
  bool recurses; /* it stands below itself, `recursion_depth` times more (-1: without end) */
  int recursion_depth;
  uint32_t chunksize;           /* keys of one selectin statement; 0: as usual */
  la_node *source;              /* of the first step: the ENTITY that it starts from; lent */
  la_node *target;              /* of_type: ENTITY, or contains_eager's alias; lent */
  la_node *criteria;            /* and_(); lent */
  la_load_option *first, *next; /* chained below; beside */
};

/* with_loader_criteria: a condition on the rows of a class wherever the statement has it. */
typedef struct la_load_criteria la_load_criteria;
struct la_load_criteria {
  const la_mapper *mapper;
  const la_node *condition; /* written for the class itself; lent */
  bool include_aliases, not_kept, exact;
  const la_load_criteria *next;
};

/* What a statement's options say, in the arena that they were read into. */
typedef struct la_load_options {
  la_load_option *roots; /* the first steps */
  const la_load_option
      *wildcard;     /* raiseload("*"), for the statement and what comes with it; or NULL */
  bool has_criteria; /* some option has expressions, whose PARAMs are the statement's */
} la_load_options;

/* A LOADER_OPTION node. `attribute`: RELATIONSHIP, ATTRIBUTE, ENTITY (of Load), a LIST of
 * ATTRIBUTEs (of load_only), or NULL for a wildcard (`text` "*") or group; `flags`: la_option_flag.
 * NULL when out of memory. */
la_node *la_option_new(const la_sql *sql, la_loader_strategy strategy, la_node *attribute,
                       la_text text, la_node *criteria, uint32_t flags);
/* True if a node of `parts`, whose children have the shape of such a node, is one that these
 * functions make: its strategy is one, and stands behind what the strategy is for. */
bool la_option_holds(const la_node_parts *parts);
/* `option` with what selectinload and immediateload say by numbers: 0 for what is not given. NULL
 * when out of memory. */
la_node *la_option_with_numbers(const la_sql *sql, const la_node *option, int recursion_depth,
                                uint32_t chunksize);
/* `option` with `chained` added at its deepest step, the last relationship of its chain; NULL when
 * out of memory. */
la_node *la_option_chain(const la_sql *sql, const la_node *option, la_node *chained);
/* Several beside each other at that step: option:options(…). */
la_node *la_option_chain_all(const la_sql *sql, const la_node *option, la_node *const *chained,
                             uint32_t count);
/* The deepest step of `option`'s chain; lent. */
const la_node *la_option_last_step(const la_node *option);
/* `option` with `other` directly below it. */
la_node *la_option_chain_beside(const la_sql *sql, const la_node *option, la_node *other);
/* "joinedload", "defer" … */
const char *la_loader_function(la_loader_strategy strategy);
/* The options that apply to `entity`, one of the statement's, among the first steps: pass each to
 * la_option_applies. */
bool la_option_applies(const la_load_option *option, const la_node *entity);

/* The options of `statement`, whose entities are `entities`, as a tree in `arena`. Errors with
 * SQLAlchemy's words: an option that matches no root entity, a broken chain, a column strategy for
 * a relationship, two strategies for one path. */
la_status la_options_of(const la_node *statement, la_node *const *entities, size_t entity_count,
                        la_arena *arena, la_load_options *out, la_error *err);
/* The with_loader_criteria of `statement`, in order. */
la_status la_criteria_of(const la_node *statement, la_arena *arena, const la_load_criteria **out,
                         la_error *err);
/* The option among `options` for a relationship: exact before wildcard, NULL if none. */
const la_load_option *la_option_for(const la_load_option *options,
                                    const la_relationship *relationship);
/* How `relationship` is loaded by `option` (NULL: as the mapper says). */
la_loader_strategy la_option_strategy(const la_load_option *option,
                                      const la_relationship *relationship);

#pragma GCC visibility pop

#endif
