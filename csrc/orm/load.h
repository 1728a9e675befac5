/* SPDX-License-Identifier: MIT */
/*
 * Loading: an ORM statement becomes a Core statement with a load plan, rows become instances.
 *
 * `la_orm_compile` gives the compiled statement, whose `extra` is the plan: for each part of a row
 * an entity (mapper, column of each slot, nested joined entities) or a value. It is cached with the
 * compiled text, so a repeated query plans nothing. `la_load` runs it: per column one switch from
 * driver value to slot, no row object in between.
 *
 * Links found on the way (joined, selectin, lazy) are not set by the core alone: they come out as
 * `la_link_load`s, which the binding applies to both halves, in order, once the rows are in.
 */
#ifndef LA_ORM_LOAD_H
#define LA_ORM_LOAD_H

#include "engine/rows.h"
#include "orm/option.h"
#include "orm/session.h"

#pragma GCC visibility push(hidden)

typedef struct la_load_plan la_load_plan;

/* A link that a load has found the members of. All instances are pinned by the load until it is
 * freed. */
typedef struct la_link_load {
  la_instance *instance;
  uint32_t link;
  la_instance **members; /* scalar: one, or none */
  size_t count;
} la_link_load;

typedef enum la_row_part_kind { LA_ROW_PART_ENTITY, LA_ROW_PART_VALUE } la_row_part_kind;

typedef struct la_row_part {
  la_row_part_kind kind;
  la_text key;        /* class name, attribute key, label */
  la_type *type;      /* VALUE */
  la_mapper *mapper;  /* ENTITY */
  la_object *subject; /* VALUE: the la_column it comes from, or NULL; lent */
} la_row_part;

/* Parts of a row that a Bundle, or a composite attribute, holds together: one value of the row. A
 * bundle inside another comes behind it. */
typedef struct la_row_bundle {
  la_text key;
  int64_t host;  /* the Bundle that has a row function of its own; 0: its values are Rows */
  int64_t maker; /* the function that makes a composite attribute's values, or 0 */
  uint32_t first, count;
  bool single; /* single_entity */
} la_row_bundle;

/* In the order of their first parts; lent. */
const la_row_bundle *la_load_plan_bundles(const la_load_plan *plan, uint32_t *count_out);
/* The parts of a row; lent. `single` is true when each row is one entity and nothing else. */
const la_row_part *la_load_plan_parts(const la_load_plan *plan, uint32_t *count_out,
                                      bool *single_out);
/* Whether rows repeat parents because a collection is loaded by a join: unique() is required
 * (legacy queries do it by themselves). */
bool la_load_plan_needs_unique(const la_load_plan *plan);

/* Translates `statement` (select, or DML with ORM table and RETURNING), compiles, caches in
 * `engine->cache`. As la_engine_compile. */
la_status la_session_compile(la_session *session, const la_node *statement, la_compiled **out,
                             bool *cached_out, la_error *err);
/* The same with the map of schemas that is lent to the engine. */
la_status la_orm_compile(la_engine *engine, const la_node *statement, la_compiled **out,
                         bool *cached_out, la_error *err);
/* The la_entity_columns of what classes and aliases of them are in a select list. */
la_status la_translate_entity_columns(const la_sql *sql, la_node *entity, la_arena *arena,
                                      la_node ***nodes_out, la_text **keys_out, size_t *count_out,
                                      la_error *err);
/* The Core statement that `statement` stands for, for tostring and for subqueries. */
la_status la_orm_translate(const la_sql *sql, const la_node *statement, la_node **out,
                           la_error *err);

/* One run. Zero-initialise; free with la_load_free. */
typedef struct la_load {
  la_session *session;
  la_compiled *compiled; /* retained */
  const la_load_plan *plan;
  la_arena arena;
  bool populate_existing;
  bool unique;           /* drop repeated parents */
  bool unique_rows;      /* drop repeated rows of several parts */
  la_instances entities; /* single: the instance of each row (NULL: no entity), pinned */
  la_rows rows; /* otherwise: packed rows; an entity stands as an INTEGER with the instance's
                   address, pinned */
  LA_VEC(la_link_load) links;
  la_instances pinned;             /* all instances that this load touched */
  uint32_t bind, token;            /* where it runs, and the identity token of its rows */
  struct la_dml *dml;              /* lent, or NULL: the UPDATE or DELETE whose rows these are */
  struct la_load_pending *pending; /* selectin and subquery loads still to run */
} la_load;

/* Begins a load and compiles `statement` for it: `load->compiled`. As la_session_compile. */
la_status la_load_compile(la_load *load, la_session *session, const la_node *statement,
                          la_error *err);
/* Runs `compiled` on the session's connection and reads all rows (`limit` > 0: at most so many).
 * `lookup` as in la_params_fill. */
la_status la_load_run(la_load *load, la_session *session, la_compiled *compiled,
                      const la_node *const *params, uint32_t param_count, la_param_lookup lookup,
                      void *lookup_context, size_t limit, la_error *err);
/* Runs the next eager load (selectin, immediate …) of what was loaded so far, nested ones included:
 * LA_ROW when one ran and there may be more, LA_DONE. New `links` come with it. */
la_status la_load_eager(la_load *load, la_error *err);
/* The relationship that the next of them loads; NULL if it is none. */
const la_relationship *la_load_next_relationship(const la_load *load);
/* Unpins everything and frees. */
void la_load_free(la_load *load);

/* Streams: opens without reading, then reads rows in parts. */
la_status la_load_open(la_load *load, la_cursor *cursor, la_session *session, la_compiled *compiled,
                       const la_node *const *params, uint32_t param_count, la_param_lookup lookup,
                       void *lookup_context, la_error *err);
/* Reads up to `limit` rows into `entities` or `rows`, dropping what was delivered before. LA_DONE
 * at the end. */
la_status la_load_read(la_load *load, la_cursor *cursor, size_t limit, la_error *err);

/* get(): the instance in the map, or by a SELECT (`*load` then has it). `key` in primary key order,
 * program values. `*out` NULL if there is none. */
la_status la_load_get(la_session *session, la_mapper *mapper, const la_value *key,
                      bool populate_existing, la_load *load, la_instance **out, la_error *err);
/* Whether the read of a link flushes first, and is told of: not if the identity map answers,
 * nothing is loaded, or it raises. `forced` reads what raises on SQL alone. */
bool la_link_needs_statement(const la_instance *instance, uint32_t link, bool forced);
/* Whether it may send anything, as the refresh of what the identity map has. */
bool la_link_may_send(const la_instance *instance, uint32_t link, bool forced);
/* True if the link of an object without a row is loaded by what its columns say. */
bool la_link_loads_pending(const la_instance *instance, uint32_t link);
/* Begins a load of `session`'s: for la_load_link of an object that is in none. */
la_status la_load_begin(la_load *load, la_session *session, la_error *err);
/* Loads link `link` of `instance` now: from the map, or by a SELECT. The answer is the last of
 * `load->links`. LA_DETACHED_INSTANCE with SQLAlchemy's words. Transient and pending instances get
 * none or an empty list without SQL. An expired object is read again first; `load->links` has
 * nothing if that brought the link. `forced`: what a flush or a cascade needs, also where loading
 * is an error (lazy="raise"). */
la_status la_load_link(la_instance *instance, uint32_t link, bool forced, la_load *load,
                       la_error *err);
/* Reads the expired or unloaded slots again: one SELECT for all that are expired, or the deferred
 * `slot` and its group. LA_OBJECT_DELETED if the row is gone, LA_DETACHED_INSTANCE. */
la_status la_load_slots(la_instance *instance, uint32_t slot, la_load *load, la_error *err);
/* refresh(): a SELECT of what was expired before; `keys` NULL: everything. */
la_status la_load_refresh(la_session *session, la_instance *instance, const la_text *keys,
                          uint32_t key_count, la_load *load, la_error *err);

#pragma GCC visibility pop

#endif
