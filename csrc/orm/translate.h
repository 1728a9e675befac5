/* SPDX-License-Identifier: MIT */
/*
 * From ORM selects to Core selects and load plans: what the translate*.c files share.
 *
 * A translation spreads entities into columns, turns joins along relationships into joins with
 * conditions, adds the joins of joined eager loading, and wraps the statement into a subquery where
 * a LIMIT would otherwise count joined rows. PARAM nodes are kept as they are, so that a cached
 * compiled statement finds them by number.
 */
#ifndef LA_ORM_TRANSLATE_H
#define LA_ORM_TRANSLATE_H

#include "orm/build.h"
#include "orm/mapper_internal.h"
#include "orm/plan.h"

#pragma GCC visibility push(hidden)

/* The mappers on the way to a place: where mapper-level eager loading stops going round. */
typedef struct la_path la_path;
struct la_path {
  const la_path *up;
  const la_mapper *mapper;
};

/* A join of joined eager loading. */
typedef struct la_eager_join {
  la_node *root;    /* FROM element that it is built onto; lent */
  la_node *element; /* right side; owned */
  la_node *on;      /* owned */
  bool outer;
  size_t parent;      /* SIZE_MAX for one at a root entity */
  size_t nested_in;   /* stands in the parentheses of that one; SIZE_MAX */
  la_node *alias;     /* the target's ENTITY; owned */
  la_node *secondary; /* owned or NULL */
} la_eager_join;

typedef struct la_translate_request la_translate_request;
typedef LA_VEC(la_node *) la_entity_list; /* lent */

/* What else a translation goes by, beside the statement. Zero-initialised for a statement of a
 * program's. */
struct la_translate_request {
  bool given;                    /* `options` count, not the statement's */
  const la_load_option *options; /* instead of the statement's; source NULL */
  const la_load_option
      *wildcard;             /* with `given`: that of the statement around, if it holds there */
  const la_load_plan *owner; /* the plan that has them; outlives this one; or NULL */
  const la_path *path;
  const la_load_criteria *criteria; /* of the statement around; NULL with `given`: the owner's */
  la_node *root; /* an entity that a select of its columns is about, as if it were named; or NULL */
  bool lazily;   /* for an object that has kept the options */
  const la_load_step *steps; /* a subquery load: the way to its entity, and what it embeds */
  la_node *embedded;
  const la_relationship *lazy_reverse; /* not to be joined: the load comes from its other side */
  bool no_eager;                       /* columns only */
  bool refresh;                        /* eager strategies that emit later become immediate */
  bool unexpire;                  /* a refresh of what is expired: column options don't count */
  const la_property *const *only; /* a refresh of these alone; NULL: of everything */
  uint32_t only_count;
};

typedef struct la_translation {
  const la_sql *sql;
  la_allocator *alloc;
  la_error *err;
  la_load_plan *plan; /* NULL: only the statement is wanted */
  la_arena *arena;    /* the plan's, or one for the time of the call */
  la_translate_request request;
  const la_node *statement;
  const la_load_option *options;
  const la_load_option *wildcard;
  const la_load_criteria *criteria;
  la_node_list primary; /* the columns asked for */
  la_node_list eager;   /* those of joined eager loading, behind them */
  size_t shared_from;   /* columns before this one in `primary` are not found again */
  bool exports;         /* `keys` are wanted: */
  LA_VEC(la_text) keys; /* of `primary` */
  la_node_list froms;
  la_node_list eager_order;
  la_node_list joined_by;  /* columns that top-level eager joins are by: selected, loaded or not */
  la_node_list where;      /* conditions that come with entities */
  la_entity_list entities; /* that the columns are of */
  la_node_list full;       /* what stands for classes\' own entities in it, see la_entity_full */
  la_node_list targets;    /* what la_translate_target has given */
  la_entity_list joined;   /* that joins lead to: their rows' conditions stand in ON */
  LA_VEC(la_eager_join) joins;
  LA_VEC(la_plan_part) details;
  LA_VEC(la_row_part) parts;
  LA_VEC(la_row_bundle) bundles;
  la_node *root; /* the statement's entity that is translated, or what leads to it; lent */
  const la_load_step *steps; /* from there to where the translation is */
  uint32_t depth;
  int bundle_depth;
  bool multi_row; /* a collection is joined */
  bool not_eager; /* enable_eagerloads(false): eager links are loaded when read */
  bool is_given;  /* from_statement(): the row's columns are there, and found among these */
  la_node **given;
  la_text *given_keys;
  size_t given_count;
} la_translation;

/* Marks a column number of the eager list until both are put together. */
#define LA_COLUMN_EAGER UINT32_C(0x80000000)
/* What the columns of from_statement() do not have. */
#define LA_COLUMN_MISSING UINT32_MAX

/* The Core statement for `select` (whose nested statements are translated already), and the plan if
 * `plan` is not NULL. */
la_status la_translate_select(const la_sql *sql, const la_node *select,
                              const la_translate_request *request, la_load_plan *plan,
                              la_node **out, la_error *err);
/* Compiles a select of the loader's own, with a plan. `params` as in la_compile_options: those that
 * have a number. `path`, options … in `request` outlive it. */
la_status la_translate_compile(la_engine *engine, const la_node *select,
                               const la_translate_request *request, bool weak,
                               const la_node *const *params, uint32_t param_count,
                               la_compiled **out, la_error *err);
/* Statements inside `statement` that have ORM parts are translated, `criteria` hold for them too; a
 * new reference. */
la_status la_translate_nested(const la_sql *sql, const la_node *statement,
                              const la_load_criteria *criteria, la_node **out, la_error *err);

/* translate_dml.c: the table, the keys of assignments, and RETURNING with its plan (may be NULL).
 */
la_status la_translate_dml(const la_sql *sql, const la_node *statement, la_load_plan *plan,
                           la_node **out, la_error *err);
/* translate_dml.c: an UPDATE or DELETE of a class with what its with_loader_criteria say in its
 * WHERE instead; a new reference. */
la_status la_dml_with_criteria(const la_sql *sql, const la_node *statement, la_node **out,
                               la_error *err);
/* translate.c: one item of a select list or RETURNING. */
la_status la_translate_item(la_translation *self, la_node *item);
la_status la_translate_finish_plan(la_translation *self);
void la_translation_clear(la_translation *self);
/* `entity` with the subclasses that its mapper loads with it; lent by the translation. */
la_status la_translate_full(la_translation *self, la_node *entity, la_node **out);
/* The FROM element that an ENTITY, or a FROM element, stands for; lent. */
la_status la_translate_element(la_translation *self, la_node *from, la_node **out);
/* translate_self.c: `select` whose classes are those of the subquery it selects from; itself if it
 * does not. */
la_status la_translate_self(const la_sql *sql, const la_node *select, la_node **out, la_error *err);
/* translate_statement.c: the statement of from_statement(), with a plan that reads `items` from its
 * rows. */
la_status la_translate_statement(la_translation *self, la_node *const *items, size_t count,
                                 la_node **out);
/* Where the given row has `take_node`; LA_COLUMN_MISSING if it has not. */
uint32_t la_translate_given(const la_translation *self, la_node *take_node);
/* What a property that the given row has not means: an error for a key, nothing for what can be
 * loaded later. */
la_status la_translate_missing(const la_translation *self, const la_property *property);
/* Text as the statement of `*select` gets the names that the database gives its columns. */
la_status la_session_describe_text(la_session *session, la_node **select, la_error *err);
/* Whether its execution option "enable_eagerloads" is false; the newest counts. */
bool la_select_is_not_eager(const la_node *select);
/* translate_columns.c */
la_status la_translate_column(la_translation *self, bool to_eager, bool may_share,
                              la_node *take_node, uint32_t *out);
/* Spreads `entity` (an ENTITY) with the links that `options` and mappers ask for. `join` is the
 * eager join it comes from, or SIZE_MAX. */
la_status la_translate_entity(la_translation *self, la_node *entity, const la_load_option *options,
                              const la_path *path, bool to_eager, size_t join,
                              la_plan_entity **out);
/* Adds the entities that `expr` is made of, its subqueries' left out, to `list`. */
la_status la_translate_note_entities(la_translation *self, const la_node *expr,
                                     la_entity_list *list);
/* Whether `property` is loaded with the row, by the options of its level; `*raise_out`: nor may it
 * be loaded later. */
bool la_translate_is_loaded(const la_mapper *mapper, const la_property *property,
                            const la_load_option *options, bool *raise_out);
/* The property's columns in the row, and how they fill its slot. */
la_status la_translate_slot(la_translation *self, const la_property *property, la_node *entity,
                            bool to_eager, la_plan_slot *out);
/* What the plan does about the relationship `property`. */
la_status la_translate_link(la_translation *self, la_plan_entity *plan, la_node *entity,
                            la_property *property, const la_load_option *options,
                            const la_path *path, size_t join);
/* translate_subclass.c: what `entity` has for subclasses of its class, and what is loaded for their
 * instances behind the rows. */
la_status la_translate_subclasses(la_translation *self, la_plan_entity *plan, la_node *entity,
                                  const la_load_option *options, const la_path *path, bool to_eager,
                                  size_t join);
/* translate_single.c. The rows of single-table inheritance that are of `mapper`'s class: a
 * condition through `entity`, or NULL. */
la_status la_translate_single_table(const la_sql *sql, la_node *entity, la_node **out,
                                    la_error *err);
/* Those of all entities that the statement names outside joins, into `self->where`. */
la_status la_translate_class_conditions(la_translation *self);
/* That, and what with_loader_criteria says about `entity`; `of_loader`: an alias that the loader
 * has made. NULL if there is no condition. */
la_status la_translate_entity_condition(la_translation *self, la_node *entity, bool of_loader,
                                        la_node **out);
/* translate_join.c */
la_status la_translate_froms(la_translation *self, const la_node *select);
/* Moves the one of `froms` that has `root` in it to their end, where `*moved` have come already. */
void la_translate_move_last(la_translation *self, const la_node *root, size_t *moved);
/* Joins `element` to the one of `froms` that has `root` in it, or to `root` itself as a new one. */
la_status la_translate_attach(la_translation *self, la_node *root, la_node *element, la_node *on,
                              uint32_t flags);
/* The ENTITY that a relationship leads to by default; lent by the translation. */
la_status la_translate_target(la_translation *self, const la_relationship *relationship,
                              la_node **out);
bool la_from_contains(const la_node *from, const la_node *part);
/* translate_eager.c */
la_status la_translate_joined(la_translation *self, la_plan_link *link, la_node *source,
                              const la_load_option *option, const la_path *path,
                              size_t parent_join);
/* Adds the columns that eager joins are by to those of the statement, behind all that it asks for.
 */
la_status la_translate_joined_by(la_translation *self);
/* Builds the joins onto the FROM list; those that get one stand behind the others. */
la_status la_translate_eager_froms(la_translation *self);
/* translate_embed.c: gives a subquery load its steps, and what it embeds. */
la_status la_translate_embed(la_translation *self, la_plan_link *link);
/* translate_wrap.c: SELECT … FROM (the statement) AS anon_1 LEFT OUTER JOIN …; `*select` becomes
 * the whole. */
la_status la_translate_wrap(la_translation *self, la_node **select);

#pragma GCC visibility pop

#endif
