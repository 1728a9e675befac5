/* SPDX-License-Identifier: MIT */
/*
 * What the load*.c files share: runs of plans, and what is still to be loaded after them.
 *
 * A run reads the rows of one plan, of one statement or several of equal shape, and collects what
 * links it has found the members of. Its memory lies in the load's arena. Instances are pinned by
 * the load: those of a single entity in `load->entities`, others in `load->pinned`.
 */
#ifndef LA_ORM_LOAD_INTERNAL_H
#define LA_ORM_LOAD_INTERNAL_H

#include "orm/plan.h"
#include "orm/row_set.h"

#pragma GCC visibility push(hidden)

typedef struct la_member la_member;
struct la_member {
  la_instance *instance;
  la_member *next;
};

/* The members found so far for one link of one parent. */
typedef struct la_gather {
  la_instance *parent;
  la_member *first, *last;
  uint32_t count;
  bool skip; /* the link was loaded before */
} la_gather;

/* Which members a parent has already: (gather, instance) pairs, open addressing. */
typedef struct la_pair_set {
  struct la_pair {
    const la_instance *instance;
    size_t gather;
  } * entries;
  size_t size, count;
} la_pair_set;

typedef struct la_link_state {
  LA_VEC(la_gather) gathers;
  la_map index; /* parent → its gather's place, from 1 */
  size_t last;  /* the gather of the row before; SIZE_MAX */
  la_pair_set pairs;
  bool has_pairs; /* all members are in it */
} la_link_state;

/* Values of PARAMs, in the order of la_load_plan.params or .inputs; lent. */
typedef struct la_outer {
  const la_node *const *params;
  uint32_t count;
  bool looks_up; /* inputs: the execution's own parameters come first, by the load's look-up */
} la_outer;

/* How the columns of an entity's rows fill the slots of one class's instances; in the load's
 * arena. */
typedef struct la_view {
  la_mapper *mapper;
  const la_plan_slot *slots; /* their numbers are the class's */
  uint32_t slot_count;
  bool plain;             /* the slots have what the driver gives */
  const uint32_t *raised; /* as la_plan_entity.raised */
  uint32_t raised_count;
  const uint32_t *missing; /* slots that a subclass adds and the rows have no columns for */
  uint32_t missing_count;
  struct la_view *next;
} la_view;

typedef struct la_entity_state {
  la_instance *last; /* of the row before; NULL */
  bool made;         /* by the row at hand */
  la_instances seen; /* distinct ones, if links are loaded later; lent: the load pins them */
  la_map seen_index;
  struct la_kept_options *kept; /* what its objects keep; made for the first; retained */
  const la_view *view;          /* of the row before; NULL */
  la_view *views;
  la_view first; /* the memory of the first of these */
} la_entity_state;

typedef struct la_run {
  la_load *load;
  la_session *session;
  const la_load_plan *plan;
  la_cursor *cursor; /* `own_cursor`, or a stream's */
  la_cursor own_cursor;
  la_value *row;
  uint32_t width, room; /* columns of the row, and how many `row` has room for */
  la_value *converted;  /* the values of one entity's slots */
  la_params params;     /* of the statement that is run */
  int depth;            /* of the job that it serves, from 1; 0: none */
  la_outer outer;       /* what criteria of the statement's options name */
  la_outer inputs;      /* of the statement itself; only if its plan has inputs */
  la_chunk *chunk;      /* being filled; pinned; or NULL */
  la_arena scratch;     /* bytes made by conversion, for one row */
  la_entity_state *entities;
  la_link_state *links;
  la_row_set given;    /* with `unique_rows`: what the rows so far have */
  la_value *values;    /* of the row's parts; an entity's address as INTEGER, NULL for none */
  la_instance *root;   /* the entity of a single plan */
  bool root_is_pinned; /* `root` carries a pin for the caller */
  bool populate;
  uint64_t rows_read;
} la_run;

la_status la_run_init(la_run *run, la_load *load, const la_load_plan *plan, la_outer outer,
                      la_error *err);
/* Sends the statement; as la_params_fill. */
la_status la_run_open(la_run *run, la_compiled *compiled, const la_node *const *params,
                      uint32_t param_count, la_param_lookup lookup, void *context, la_error *err);
/* Reads a row into `values` and `root`; LA_DONE at the end. */
la_status la_run_step(la_run *run, la_error *err);
/* The class of the row at hand, whose key is `key`. LA_INVALID_REQUEST for a discriminator that is
 * NULL, that no class has, or that names a class which is none of the entity's. */
la_status la_run_class(la_run *run, const la_plan_entity *entity, const la_value *key,
                       la_mapper **out, la_error *err);
la_status la_run_find_view(la_run *run, const la_plan_entity *entity, la_mapper *mapper,
                           const la_view **out, la_error *err);
/* How rows of `entity` fill instances of `mapper`. */
static inline la_status la_run_view(la_run *run, const la_plan_entity *entity, la_mapper *mapper,
                                    const la_view **out, la_error *err) {
  const la_view *last = run->entities[entity->number].view;
  if (last != NULL && last->mapper == mapper) {
    *out = last;
    return LA_OK;
  }
  return la_run_find_view(run, entity, mapper, out, err);
}
/* Whether the load of a subclass behind the rows of `entity` reads `instance`, and with it this
 * relationship of the subclass. */
bool la_run_reads_behind(const la_run *run, const la_plan_entity *entity,
                         const la_relationship *relationship, const la_instance *instance);
/* Queues the loads of subclasses behind the rows of `entity`. */
la_status la_run_queue_behind(la_run *run, const la_plan_entity *entity, la_error *err);
/* What was found for joined links goes to `load->links`, and the links to be loaded later are
 * queued. */
la_status la_run_finish(la_run *run, la_error *err);
void la_run_clear(la_run *run);
/* The gather of `parent` for a joined link, made at its first row: its number. */
la_status la_run_gather(la_run *run, const la_plan_link *link, la_instance *parent, size_t *out,
                        la_error *err);
/* `child`, which the row at hand has, is a member of the gather numbered `at`, once. */
la_status la_run_add_member(la_run *run, const la_plan_link *link, size_t at, la_instance *child,
                            la_error *err);
/* What was gathered for `link` goes to `load->links`. */
la_status la_run_give_links(la_run *run, const la_plan_link *link, la_error *err);
/* Between parts of a stream: forgets what was found, and empties the load's arena. */
la_status la_run_restart(la_run *run, la_error *err);
/* `*new_out`: the pair was not in the set before. */
la_status la_pair_set_add(la_pair_set *set, la_allocator *alloc, size_t gather,
                          const la_instance *instance, bool *new_out, la_error *err);
void la_pair_set_clear(la_pair_set *set, la_allocator *alloc);

/* A later load: one relationship for many parents. */
typedef struct la_job {
  const la_plan_link *link;
  la_plan_behind *behind; /* instead of a link: the columns of a subclass */
  const la_load_plan *plan;
  la_outer outer, inputs;
  int depth;             /* how often a recursive option has been followed to here */
  la_instance **parents; /* in the load's arena */
  size_t count;
} la_job;

struct la_load_pending {
  LA_VEC(la_job) jobs;
  size_t next;
  LA_VEC(la_node *) params; /* of the statement, retained: criteria of later loads name them */
  LA_VEC(la_object *) held; /* retained: what jobs name */
  la_param_lookup lookup;   /* of the statement that the load was begun with, for its inputs */
  void *lookup_context;
  la_run *stream; /* or NULL */
};

/* Prepares `load` for use: arena, pending work. Again is nothing. */
/* Pins `instance` until the load is freed. */
la_status la_load_pin(la_load *load, la_instance *instance, la_error *err);
/* Warns that a link to one object has found several; `how` is "lazily" or "eagerly". */
void la_load_warn_several(const la_session *session, const la_relationship *relationship,
                          const char *how);
/* The load has found `members` of a link: appended to `load->links`; the array is in the load's
 * arena. */
la_status la_load_add_link(la_load *load, la_instance *instance, uint32_t link,
                           la_instance **members, size_t count, la_error *err);
/* The link as `mapper`, which may be a subclass, numbers it. */
uint32_t la_link_number(const la_mapper *mapper, const la_relationship *relationship);
/* The slot of `column` in instances of `mapper`; UINT32_MAX if it is not mapped. */
uint32_t la_slot_of_column(const la_mapper *mapper, const la_column *column);
/* Retains `object` until the load is freed. */
la_status la_load_hold(la_load *load, void *object, la_error *err);
#pragma GCC visibility pop

#endif
