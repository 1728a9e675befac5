/* SPDX-License-Identifier: MIT */
/*
 * A relationship: from a mapper to a target mapper, with its direction, join conditions and
 * cascades.
 *
 * Owned by its mapper. The binding fills la_relationship_options (names resolved to mappers,
 * expressions to nodes) when the registry is configured; `la_relationship_configure` finds the
 * conditions, the direction and the column pairs, with SQLAlchemy's error words when there is no
 * join path or several.
 */
#ifndef LA_ORM_RELATIONSHIP_H
#define LA_ORM_RELATIONSHIP_H

#include "orm/mapper.h"

#pragma GCC visibility push(hidden)

typedef enum la_direction { LA_ONE_TO_MANY, LA_MANY_TO_ONE, LA_MANY_TO_MANY } la_direction;

#define LA_LOADER_STRATEGIES(X)                                                                    \
  X(SELECT, "select") /* lazyload */                                                               \
  X(JOINED, "joined")                                                                              \
  X(SELECTIN, "selectin")                                                                          \
  X(SUBQUERY, "subquery")                                                                          \
  X(IMMEDIATE, "immediate")                                                                        \
  X(RAISE, "raise")                                                                                \
  X(RAISE_ON_SQL, "raise_on_sql")                                                                  \
  X(NOLOAD, "noload")                                                                              \
  X(DYNAMIC, "dynamic")                                                                            \
  X(WRITE_ONLY, "write_only")                                                                      \
  X(CONTAINS, "contains_eager")                                                                    \
  X(DEFAULT, "defaultload")                                                                        \
  /* of columns */                                                                                 \
  X(DEFER, "defer")                                                                                \
  X(UNDEFER, "undefer")                                                                            \
  X(UNDEFER_GROUP, "undefer_group")                                                                \
  X(LOAD_ONLY, "load_only")                                                                        \
  X(WITH_EXPRESSION, "with_expression")                                                            \
  X(LOAD, "Load")                                                                                  \
  X(CRITERIA, "with_loader_criteria")                                                              \
  X(SELECTIN_CLASS, "selectin_polymorphic") /* a subclass behind the rows of its base */

typedef enum la_loader_strategy {
#define X(name, text) LA_LOADER_##name,
  LA_LOADER_STRATEGIES(X)
#undef X
      LA_LOADER_STRATEGY_COUNT
} la_loader_strategy;

enum la_cascade {
  LA_CASCADE_SAVE_UPDATE = 1,
  LA_CASCADE_MERGE = 2,
  LA_CASCADE_EXPUNGE = 4,
  LA_CASCADE_REFRESH_EXPIRE = 8,
  LA_CASCADE_DELETE = 16,
  LA_CASCADE_DELETE_ORPHAN = 32
};

typedef enum la_passive_deletes {
  LA_PASSIVE_DELETES_NO,
  LA_PASSIVE_DELETES_YES,
  LA_PASSIVE_DELETES_ALL
} la_passive_deletes;

/* One equality of the join: values flow from `source` to `destination` at flush. For many-to-many
 * `destination` is a column of the secondary table. */
typedef struct la_sync_pair {
  la_column *source;
  la_column *destination;
} la_sync_pair;

/* Read only outside orm/. */
struct la_relationship {
  la_object object; /* class "relationship"; owner: its mapper */
  la_allocator *alloc;
  la_mapper *parent;
  la_mapper
      *target; /* plain: both belong to one registry, or the target is retained by the mapper */
  la_property *property;
  la_text key;
  uint32_t link; /* the instance's link number */
  la_direction direction;
  bool uselist;
  bool configured;
  bool viewonly, single_parent, post_update, passive_updates, innerjoin, unnested, active_history,
      load_on_pending, enable_typechecks;
  bool compared;              /* Lua has comparisons of its own: comparator_factory */
  bool apart;                 /* sync_backref = false: the reverse is not told of its changes */
  bool by_join;               /* omit_join = false: selectin loads join the parent's table */
  int8_t distinct_target_key; /* of subquery loads; -1: where their keys may repeat */
  la_passive_deletes passive_deletes;
  la_loader_strategy lazy;
  int join_depth; /* -1: not given */
  uint32_t cascade;
  la_node *element;  /* the FROM element that an alias as the target stands for, free of ORM nodes;
                        NULL: the class's own; retained */
  la_mapper **below; /* the subclasses whose columns `element` has, too; plain */
  uint32_t below_count;
  la_node *through; /* the secondary's FROM element: a TABLE, or for a viewonly one a join, alias or
                       subquery; NULL; retained */
  la_table *secondary;                  /* the table of `through`, which a flush writes; NULL */
  la_node *primaryjoin, *secondaryjoin; /* retained */
  la_node *order_by;                    /* LIST or NULL; retained */
  la_sync_pair *pairs; /* ONE_TO_MANY: parent column → child column; MANY_TO_ONE: target column →
                          our column; MANY_TO_MANY: our column → secondary column */
  uint32_t pair_count;
  la_sync_pair *secondary_pairs; /* MANY_TO_MANY: target column → secondary column */
  uint32_t secondary_pair_count;
  bool use_get; /* one object, by the target's primary key: answered by the identity map … */
  la_sync_pair *get_pairs; /* … target column and our column, in key order */
  uint32_t get_count;
  la_column **locals; /* our columns in the primary join */
  uint32_t local_count;
  size_t local_size;
  bool simple; /* the join is nothing but the pairs: lazy and selectin loads by key */
  bool self_referential;
  la_relationship *reverse;    /* back_populates; plain; NULL. Between concrete classes several may
                                  name one, which names one of them */
  la_relationship *reverse_of; /* the first of those that name this one; plain … */
  la_relationship *next_reverse_of; /* … and the next that names the same */
  int64_t host;          /* number of the kind of its collections (binding/orm_view.h); 0: lists */
  la_node *lazy_clause;  /* the lazy load's SELECT with PARAMs for our columns; made on first use;
                            retained */
  la_object *lazy_extra; /* the loader's own */
  /* insides of orm/ */
  la_node *marker;      /* an alias that stands for the target in `marked` */
  la_node *marked;      /* primaryjoin whose remote columns are the marker's; with a secondary:
                           primaryjoin itself */
  bool target_retained; /* the target belongs to another registry */
};

typedef struct la_relationship_options {
  la_mapper *target;
  la_text back_populates;               /* none: no reverse */
  la_node *alias;                       /* an ENTITY that is given as the target, or NULL */
  la_node *through;                     /* the secondary */
  la_node *primaryjoin, *secondaryjoin; /* NULL: found through foreign keys */
  la_column *const *foreign_keys;       /* columns; NULL: by the tables' constraints */
  uint32_t foreign_key_count;
  la_column *const *remote_side;
  uint32_t remote_side_count;
  la_node *order_by; /* LIST or NULL */
  int8_t uselist;    /* -1: by direction */
  la_loader_strategy lazy;
  uint32_t cascade;
  bool viewonly, single_parent, post_update, passive_updates, innerjoin, unnested, active_history,
      load_on_pending, enable_typechecks, apart, by_join;
  int8_t distinct_target_key;
  la_passive_deletes passive_deletes;
  int join_depth;
  int64_t host;
} la_relationship_options;

/* A description without target yet. */
la_relationship *la_relationship_new(la_allocator *alloc);
/* "one-to-many", "many-to-one", "many-to-many"; and SQLAlchemy's symbol "ONETOMANY" … */
const char *la_direction_name(la_direction direction);
/* Parses "save-update, merge", "all, delete-orphan" …; LA_ARGUMENT names a word that is none. */
la_status la_cascade_parse(la_text text, uint32_t *out, la_error *err);
/* Sets everything from `options`; the relationship has been added to its mapper. */
la_status la_relationship_configure(la_relationship *relationship,
                                    const la_relationship_options *options, la_error *err);
/* The reverse of a relationship as objects of `mapper`, that it leads to, have it: concrete classes
 * below its target have their own; NULL if there is none. */
la_relationship *la_relationship_reverse_of(const la_relationship *relationship,
                                            const la_mapper *mapper);
/* Ties a relationship to its reverse once both are configured; checks directions and targets. */
la_status la_relationship_set_reverse(la_relationship *relationship, la_text back_populates,
                                      la_error *err);
/* Its target goes. */
void la_relationship_forget_target(la_relationship *relationship);
/* lazy = "dynamic" or "write_only": its members are never loaded into the link. */
bool la_relationship_never_loads(const la_relationship *relationship);
/* The ENTITY that loads of `relationship` read by default: the target class, or the alias that it
 * was given instead; a new reference. */
la_status la_relationship_target_entity(const la_sql *sql, const la_relationship *relationship,
                                        la_node **out, la_error *err);
/* "User.addresses" */
void la_relationship_describe(const la_relationship *relationship, la_strbuf *out);
/* The join condition between `source` and `target` FROM elements or entities (aliases adapted),
 * and, for many-to-many, the secondary's alias: for joins, joined loading, any(), has().
 * `criteria_out` new reference. With a secondary, `secondary` is its TABLE or ALIAS node, and the
 * primary and secondary conditions come apart. */
la_status la_relationship_join(const la_sql *sql, const la_relationship *relationship,
                               la_node *source, la_node *target, la_node *secondary,
                               la_node **primary_out, la_node **secondary_out, la_error *err);
/* The JOIN of `left` and `right` along the RELATIONSHIP node `along`; a new reference. */
la_status la_relationship_from(const la_sql *sql, const la_node *along, la_node *left,
                               la_node *right, uint32_t flags, la_node **out, la_error *err);
/* The JOIN of `left` and `right` on a condition, NULL: through foreign keys. Where `right` is a
 * class that shares its table with its base, ON has which rows are its own. */
la_status la_class_join(const la_sql *sql, la_node *left, la_node *right, la_node *on,
                        uint32_t flags, la_node **out, la_error *err);

#pragma GCC visibility pop

#endif
