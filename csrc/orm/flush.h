/* SPDX-License-Identifier: MIT */
/*
 * A flush: from changed objects to statements, in order.
 *
 *   la_flush_new ── la_flush_prepare (asks for links to be loaded until nothing is missing) ──
 * la_flush_sort ── la_flush_next … (INSERT, UPDATE, DELETE run inside; steps come out only where
 * Lua has work) ── la_flush_finish
 *
 * Order, as SQLAlchemy's unit of work: mappers sorted by their relationships, parents first for
 * saves and last for deletes; within a mapper UPDATEs (by primary key) before INSERTs (in order of
 * add), then many-to-many rows; objects of mappers in a cycle sorted one by one; all DELETEs after
 * the saves of the same mapper. One prepared statement per shape. New integer keys come from the
 * last insert id. Foreign keys are copied from parents right before a statement needs them.
 *
 * Owned by its caller (a box). Pins every instance it works on. Dropping it at any point frees
 * everything; if statements have run, the session has been made inactive.
 */
#ifndef LA_ORM_FLUSH_H
#define LA_ORM_FLUSH_H

#include "orm/session.h"

#pragma GCC visibility push(hidden)

typedef struct la_flush la_flush;

typedef enum la_flush_step_kind {
  LA_FLUSH_PLACE,      /* say which bind of the session `instance` is written at, and its identity
                          token: la_flush_supply_bind */
  LA_FLUSH_LOAD,       /* load link `slot` of `instance`, then go on (from la_flush_prepare) */
  LA_FLUSH_LOAD_OLD,   /* load what link `slot` of `instance` held before it was set, then go on */
  LA_FLUSH_READ,       /* read `property` of `instance`, then go on (from la_flush_prepare) */
  LA_FLUSH_DEFAULT,    /* evaluate the Lua default `host` (insert or update: `default_slot`) of
                          `property` for `instance`; la_flush_supply */
  LA_FLUSH_CONVERT,    /* process HOST `value` of `property` for the database; la_flush_supply */
  LA_FLUSH_EXPRESSION, /* give the expression node that HOST `value`, an assigned SQL expression,
                          stands for: la_flush_supply_expression */
  LA_FLUSH_VERSION,    /* give the version that follows `value`, NULL for a new row, by the function
                          `host`: la_flush_supply */
  LA_FLUSH_FETCHED,    /* refresh_flush: la_flush_next_fetched from `slot` on; go on afterwards */
  LA_FLUSH_HOOK        /* mapper events: `hook` names it; go on afterwards */
} la_flush_step_kind;

typedef struct la_flush_step {
  la_flush_step_kind kind;
  la_instance *instance;
  la_property *property;
  uint32_t slot;
  int64_t host;
  la_default_slot default_slot;
  la_value value;
  const char *hook;
} la_flush_step;

/* True if a flush has objects to look at: new, deleted, or set, be it to what they were. */
bool la_session_has_changes(const la_session *session);
la_status la_flush_new(la_session *session, la_flush **out, la_error *err);
/* LA_ROW with a step of kind LOAD, LOAD_OLD or READ, or LA_OK when nothing is missing. Applies
 * orphan rules and cascades. */
la_status la_flush_prepare(la_flush *flush, la_flush_step *step_out, la_error *err);
/* LA_CIRCULAR_DEPENDENCY "Circular dependency detected." */
la_status la_flush_sort(la_flush *flush, la_error *err);
/* LA_ROW with a step for Lua, LA_DONE when all statements have run, or a failure (IntegrityError,
 * StaleDataError, FlushError …), with `statement_out` and the parameters of what failed for the
 * message. */
la_status la_flush_next(la_flush *flush, la_flush_step *step_out, la_error *err);
/* Answers DEFAULT, VERSION and CONVERT; bytes are copied. */
la_status la_flush_supply(la_flush *flush, const la_value *value, la_error *err);
/* Answers PLACE. */
la_status la_flush_supply_bind(la_flush *flush, uint32_t bind, uint32_t token, la_error *err);
/* Answers EXPRESSION; `expression` is retained. */
la_status la_flush_supply_expression(la_flush *flush, la_node *expression, la_error *err);
/* The slots of a FETCHED step, one by one: `*at` begins as the step's `slot`. False at the end. */
bool la_flush_next_fetched(const la_flush *flush, uint32_t *at, uint32_t *slot_out);
/* The statement and parameters of the failure, for the error object; lent. Parameters are database
 * values, `rows` rows of `count`. */
void la_flush_failed_statement(const la_flush *flush, la_text *text_out,
                               const la_value **values_out, uint32_t *count_out);
/* The serial of the session's level that it writes in. */
uint32_t la_flush_level(const la_flush *flush);
/* After LA_DONE: objects are persistent and clean, or deleted; the session's sets are empty. Cannot
 * fail half-way: memory was reserved before. */
void la_flush_finish(la_flush *flush);
/* Frees; accepts NULL and a flush in any state. */
void la_flush_free(la_flush *flush);

#pragma GCC visibility pop

#endif
