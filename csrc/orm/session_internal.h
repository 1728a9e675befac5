/* SPDX-License-Identifier: MIT */
/*
 * Insides of the session: its sets and the levels of its transaction, for the files of this folder
 * that change them.
 */
#ifndef LA_ORM_SESSION_INTERNAL_H
#define LA_ORM_SESSION_INTERNAL_H

#include "orm/session.h"

#pragma GCC visibility push(hidden)

/* An identity key that was changed in a level, to be put back by its rollback. */
typedef struct la_key_switch {
  la_instance *instance; /* pinned */
  uint32_t old_hash;
  uint32_t count;
  la_value old[]; /* bytes owned as slots own them */
} la_key_switch;

/* The vectors of a session, by type: those that outlive it, see session_work.c. */
#define LA_SESSION_VECTORS(X)                                                                      \
  X(la_instances, new_objects)                                                                     \
  X(la_instances, dirty_objects)                                                                   \
  X(la_instances, deleted_objects)                                                                 \
  X(la_instances, hold_changes)                                                                    \
  X(la_instances, settling)                                                                        \
  X(la_session_levels, levels)

/* Takes over what a session has left with the engine. */
void la_session_take_work(la_session *session);
/* The innermost level; there is one. */
la_session_level *la_session_top(const la_session *session);
/* Notes that the binding's hold of `instance` may have to change. Out of memory the note is left
 * out. */
void la_session_note_hold(la_session *session, la_instance *instance);
/* An instance leaves the session that has inserted it: a rollback makes it transient all the same.
 * Out of memory the note is left out. */
void la_session_note_inserted(la_session *session, la_instance *instance);
/* `instance` leaves the sets it is in (new, dirty, deleted), losing their pins; it is pinned
 * otherwise. */
void la_session_leave_sets(la_session *session, la_instance *instance);
/* An instance that was overwritten by a load and has no change left is not dirty any more. */
void la_session_leave_dirty(la_session *session, la_instance *instance);
/* `instance` leaves the session altogether; the caller has it pinned. With `to_transient` it loses
 * its key. */
void la_session_detach(la_session *session, la_instance *instance, bool to_transient);
/* Marks the slots of `dirty_objects` with their places again, after a flush has used the field. */
void la_session_number_dirty(la_session *session);
/* Room for `count` levels at each bind. */
la_status la_session_fit_binds(la_session *session, size_t count, la_error *err);
/* The level `at` is over: no bind has a savepoint of it any more. */
void la_session_forget_savepoints(la_session *session, size_t at);
void la_session_clear_binds(la_session *session);
/* Unpins and empties. */
void la_session_clear_pinned(la_session *session, la_instances *list);
/* Pins and appends. */
bool la_session_push_pinned(la_session *session, la_instances *list, la_instance *instance);
/* Puts objects back as they were before the innermost level, and drops the level. */
void la_session_restore(la_session *session);
/* Frees `inactive_reason`. */
void la_session_forget_reason(la_session *session);
void la_key_switch_free(la_allocator *alloc, la_key_switch *change);

#pragma GCC visibility pop

#endif
