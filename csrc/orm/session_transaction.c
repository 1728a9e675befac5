/* SPDX-License-Identifier: MIT */
/*
 * The transaction of a session.
 *
 *   idle ──la_session_autobegin, la_session_begin──▶ begun
 *   begun ──la_session_commit──▶ idle (nested: the level around it)
 *   begun ──la_session_rollback──▶ idle (nested: the level around it)
 *   begun ──la_session_fail──▶ inactive ──la_session_rollback──▶ idle (nested: the level around it)
 *
 * The database's side follows late: a connection is taken, and savepoints are sent, by
 * `la_session_connection`, before the first statement.
 */
#include <stdio.h>

#include "orm/flush.h"
#include "orm/instance_internal.h"
#include "orm/session_internal.h"

la_session_level *la_session_top(const la_session *session) {
  return session->levels.items[session->levels.count - 1];
}

static la_status push_level(la_session *session, la_session_origin origin, la_error *err) {
  LA_TRY(la_session_fit_binds(session, session->levels.count + 1, err));
  bool is_first = session->levels.count == 0;
  if (is_first) {
    la_session_take_work(session);
  }
  la_session_level *level =
      is_first ? &session->outermost : la_alloc_zero(session->alloc, sizeof *level);
  if (level == NULL) {
    return la_fail_nomem(err);
  }
  if (!la_vec_push(session->alloc, &session->levels, level)) {
    la_free(session->alloc, is_first ? NULL : level, sizeof *level);
    return la_fail_nomem(err);
  }
  if (session->levels.count == 1) {
    la_session_forget_reason(session);
  }
  level->active = true;
  level->serial = session->next_level++;
  level->origin = origin;
  level->in_savepoint = session->levels.count > 1;
  session->phase = LA_SESSION_BEGUN;
  return LA_OK;
}

static la_status check_closed(const la_session *session, la_error *err) {
  if (session->phase == LA_SESSION_CLOSED) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "This Session has been permanently closed and is unable to handle any more "
                   "transaction requests.");
  }
  return LA_OK;
}

la_status la_session_autobegin(la_session *session, la_error *err) {
  if (session->levels.count > 0) {
    return LA_OK;
  }
  LA_TRY(la_session_check_context(session, err));
  LA_TRY(check_closed(session, err));
  if (!session->autobegin) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "Autobegin is disabled on this Session; please call session.begin() to start a "
                   "new transaction");
  }
  return push_level(session, LA_ORIGIN_AUTOBEGIN, err);
}

la_status la_session_begin(la_session *session, bool nested, la_error *err) {
  if (!nested && session->levels.count > 0) {
    return la_fail(err, LA_INVALID_REQUEST, "A transaction is already begun on this Session.");
  }
  LA_TRY(la_session_check(session, err));
  if (nested && session->levels.count == 0) {
    LA_TRY(push_level(session, LA_ORIGIN_AUTOBEGIN, err));
  }
  return push_level(session, nested ? LA_ORIGIN_BEGIN_NESTED : LA_ORIGIN_BEGIN, err);
}

/* Joins or begins a transaction on a connection that has just been taken. */
static la_status enter(la_session *session, la_error *err) {
  la_connection *connection = session->connection;
  bool inside = connection->in_transaction;
  int mode = session->join_transaction_mode;
  uint32_t innermost = la_connection_innermost_savepoint(connection);
  session->era = connection->era;
  if (mode == LA_JOIN_CONDITIONAL_SAVEPOINT) {
    mode = innermost > 0 ? LA_JOIN_CREATE_SAVEPOINT : LA_JOIN_ROLLBACK_ONLY;
  }
  if (!inside) {
    return la_connection_begin(connection, err);
  }
  session->joined = mode != LA_JOIN_CONTROL_FULLY;
  session->joined_savepoint = innermost;
  session->levels.items[0]->in_savepoint = mode == LA_JOIN_CREATE_SAVEPOINT;
  return LA_OK;
}

la_status la_session_reserve(la_session *session, la_error *err) {
  LA_TRY(la_session_check(session, err));
  LA_TRY(la_session_autobegin(session, err));
  if (session->connection != NULL) {
    return LA_OK;
  }
  if (session->engine == NULL) {
    return la_fail(err, LA_UNBOUND_EXECUTION,
                   "This session is not bound to a single Engine or Connection, and no context "
                   "was provided to locate a binding.");
  }
  LA_TRY(la_connection_new(session->engine, &session->connection, err));
  session->connection_is_ours = true;
  return LA_OK;
}

void la_session_use_schemas(la_session *session) {
  la_engine *engine = session->engine;
  engine->schema_translate = session->statement_schemas.len > 0 ? session->statement_schemas
                             : session->connection != NULL      ? session->connection->schemas
                                                                : engine->schemas;
}

static la_status take_connection(la_session *session, la_error *err) {
  la_status status;
  LA_TRY(la_session_reserve(session, err));
  status = enter(session, err);
  if (status < 0 && session->connection_is_ours) {
    la_connection_close(session->connection);
    la_object_release(session->connection);
    session->connection = NULL;
  }
  return status;
}

la_status la_session_enter(la_session *session, la_error *err) {
  LA_TRY(la_session_check(session, err));
  LA_TRY(la_session_autobegin(session, err));
  if (!session->entered) {
    LA_TRY(take_connection(session, err));
    session->entered = true;
  }
  return LA_OK;
}

la_session_level *la_session_next_savepoint(const la_session *session) {
  for (size_t i = 0; i < session->levels.count; i++) {
    la_session_level *level = session->levels.items[i];
    if (level->in_savepoint && !level->savepoint_sent) {
      return level;
    }
  }
  return NULL;
}

la_status la_session_send_savepoint(la_session *session, la_session_level *level, la_error *err) {
  LA_TRY(la_connection_savepoint(session->connection, &level->savepoint, err));
  level->savepoint_sent = true;
  return LA_OK;
}

la_status la_session_connection(la_session *session, la_connection **out, la_error *err) {
  la_session_level *level;
  LA_TRY(la_session_enter(session, err));
  while ((level = la_session_next_savepoint(session)) != NULL) {
    LA_TRY(la_session_send_savepoint(session, level, err));
  }
  *out = session->connection;
  return LA_OK;
}

void la_key_switch_free(la_allocator *alloc, la_key_switch *change) {
  for (uint32_t i = 0; i < change->count; i++) {
    la_slot_free(alloc, &change->old[i]);
  }
  la_instance_unpin(change->instance);
  la_free(alloc, change, sizeof *change + change->count * sizeof *change->old);
}

/* Drops the innermost level with what it remembers. */
static void pop_level(la_session *session) {
  la_session_level *level = la_session_top(session);
  la_allocator *alloc = session->alloc;
  session->levels.count--;
  la_session_forget_savepoints(session, session->levels.count);
  la_session_clear_pinned(session, &level->inserted);
  la_session_clear_pinned(session, &level->deleted);
  la_session_clear_pinned(session, &level->touched);
  la_vec_clear(alloc, &level->inserted);
  la_vec_clear(alloc, &level->deleted);
  la_vec_clear(alloc, &level->touched);
  for (size_t i = 0; i < level->switches.count; i++) {
    la_key_switch_free(alloc, level->switches.items[i]);
  }
  la_vec_clear(alloc, &level->switches);
  if (level == &session->outermost) {
    *level = (la_session_level){0};
  } else {
    la_free(alloc, level, sizeof *level);
  }
  session->phase = session->levels.count > 0 ? LA_SESSION_BEGUN : LA_SESSION_IDLE;
}

/* The outermost transaction is over: the connections go back. */
static void leave_connections(la_session *session) {
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    session->entered = false;
    session->joined = false;
    session->joined_savepoint = 0;
    if (session->connection != NULL && session->connection_is_ours) {
      la_connection_close(session->connection);
      la_object_release(session->connection);
      session->connection = NULL;
    }
  }
}

/* Expires every object of the map, which then holds only what the database has. */
static void expire_all(la_session *session) {
  la_identity_map *map = &session->map;
  for (size_t i = 0; i < map->bucket_count; i++) {
    for (la_instance *at = map->buckets[i]; at != NULL; at = at->next_in_map) {
      la_instance_expire_all(at);
      at->flags &= ~(uint32_t)LA_INSTANCE_INSERTED;
    }
  }
}

static void clear_inserted(la_session *session) {
  la_identity_map *map = &session->map;
  for (size_t i = 0; i < map->bucket_count; i++) {
    for (la_instance *at = map->buckets[i]; at != NULL; at = at->next_in_map) {
      at->flags &= ~(uint32_t)LA_INSTANCE_INSERTED;
    }
  }
}

static void empty_dirty(la_session *session) {
  la_instances *dirty = &session->dirty_objects;
  while (dirty->count > 0) {
    la_instance *instance = dirty->items[--dirty->count];
    instance->flags &= ~(uint32_t)LA_INSTANCE_DIRTY;
    la_session_note_hold(session, instance);
    la_instance_unpin(instance);
  }
}

bool la_session_is_ended(const la_session *session, uint32_t savepoint) {
  const la_connection *connection = session->connection;
  return !session->connection_is_ours && !connection->closed && !connection->invalidated &&
         (session->era != connection->era ||
          (savepoint > 0 && !la_connection_has_savepoint(connection, savepoint)));
}

bool la_session_ends_at_bind(const la_session *session, const la_session_level *level, bool commit,
                             uint32_t *savepoint) {
  bool is_outermost = level == session->levels.items[0];
  if (!session->entered || session->connection == NULL) {
    return false;
  }
  *savepoint = level->savepoint_sent ? level->savepoint
               : is_outermost        ? session->joined_savepoint
                                     : 0;
  return level->savepoint_sent || (is_outermost && !(commit && session->joined));
}

static la_status end_at_bind(la_session *session, la_session_level *level, bool commit,
                             la_error *err) {
  la_connection *connection = session->connection;
  uint32_t savepoint = 0;
  if (!la_session_ends_at_bind(session, level, commit, &savepoint)) {
    return LA_OK;
  }
  level->savepoint_sent = false;
  if (la_session_is_ended(session, savepoint)) {
    return commit ? la_fail(err, LA_INVALID_REQUEST,
                            "This %stransaction is inactive: it was ended on the Connection that "
                            "the Session was given",
                            savepoint > 0 ? "nested " : "")
                  : LA_OK;
  }
  if (savepoint > 0) {
    return commit ? la_connection_release(connection, savepoint, err)
                  : la_connection_rollback_to(connection, savepoint, true, err);
  }
  return commit ? la_connection_commit(connection, err) : la_connection_rollback(connection, err);
}

/* Ends the level at each bind. A rollback goes on where one fails. */
static la_status end_database_side(la_session *session, la_session_level *level, bool commit,
                                   la_error *err) {
  la_status first = LA_OK;
  for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
    if (first >= 0 || !commit) {
      la_status status = end_at_bind(session, level, commit, err);
      first = first < 0 ? first : status;
    }
  }
  return first;
}

static bool append(la_session *session, la_instances *to, la_instances *from) {
  if (!la_vec_reserve(session->alloc, to, from->count)) {
    return false;
  }
  if (from->count > 0) {
    memcpy(to->items + to->count, from->items, from->count * sizeof *from->items);
    to->count += from->count;
    from->count = 0;
  }
  return true;
}

/* What the innermost level remembers goes to the level around it. */
static la_status merge_level(la_session *session, la_error *err) {
  la_session_level *level = la_session_top(session);
  la_session_level *parent = session->levels.items[session->levels.count - 2];
  bool outermost = session->levels.count == 2;
  if (!la_vec_reserve(session->alloc, &parent->switches, level->switches.count) ||
      !append(session, &parent->deleted, &level->deleted) ||
      (!outermost && (!append(session, &parent->inserted, &level->inserted) ||
                      !append(session, &parent->touched, &level->touched)))) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < level->switches.count; i++) {
    parent->switches.items[parent->switches.count++] = level->switches.items[i];
  }
  level->switches.count = 0;
  return LA_OK;
}

static void commit_outermost(la_session *session) {
  la_instances *deleted = &la_session_top(session)->deleted;
  for (size_t i = 0; i < deleted->count; i++) {
    if (deleted->items[i]->session == session && deleted->items[i]->flags & LA_INSTANCE_GONE) {
      la_session_note(session, deleted->items[i], LA_NOTE_DELETED_TO_DETACHED);
      la_session_detach(session, deleted->items[i], false);
    }
  }
  if (session->expire_on_commit) {
    expire_all(session);
    empty_dirty(session);
  } else {
    clear_inserted(session);
  }
  pop_level(session);
  leave_connections(session);
}

la_status la_session_commit_database(la_session *session, la_error *err) {
  la_status status;
  LA_TRY(la_session_check(session, err));
  LA_TRY(la_session_autobegin(session, err));
  if (session->ready != NULL && la_flush_level(session->ready) == la_session_top(session)->serial) {
    la_flush_finish(session->ready);
    session->ready = NULL;
  }
  status = end_database_side(session, la_session_top(session), true, err);
  if (status < 0) {
    la_error ignored = LA_ERROR_INIT;
    la_session_rollback(session, false, &ignored);
    return status;
  }
  session->phase = LA_SESSION_COMMITTED;
  return LA_OK;
}

la_status la_session_commit_objects(la_session *session, la_error *err) {
  if (session->levels.count == 1) {
    commit_outermost(session);
    return LA_OK;
  }
  la_status status = merge_level(session, err);
  if (status < 0) {
    la_session_rollback_objects(session);
    return status;
  }
  pop_level(session);
  return LA_OK;
}

la_status la_session_commit(la_session *session, bool to_root, la_error *err) {
  do {
    la_status status = la_session_commit_database(session, err);
    if (status >= 0) {
      status = la_session_commit_objects(session, err);
    }
    if (status < 0) {
      la_error ignored = LA_ERROR_INIT;
      if (to_root && session->levels.count > 0) {
        la_session_rollback(session, true, &ignored);
      }
      return status;
    }
  } while (to_root && session->levels.count > 0);
  return LA_OK;
}

static void restore_key(la_session *session, la_key_switch *change) {
  la_instance *instance = change->instance;
  const la_mapper *mapper = instance->mapper;
  bool stays = instance->flags & LA_INSTANCE_KEYED && instance->session == session;
  if (!stays) {
    return;
  }
  la_identity_remove(&session->map, instance);
  for (uint32_t i = 0; i < change->count; i++) {
    la_value *slot = &instance->slots[mapper->primary_key[i]->slot];
    la_instance_revert_slot(instance, mapper->primary_key[i]->slot);
    la_slot_free(mapper->alloc, slot);
    *slot = change->old[i];
    change->old[i] = LA_VALUE_NONE;
    slot->flags = (uint8_t)((slot->flags & LA_SLOT_OWNED) | LA_SLOT_EXPIRED);
  }
  instance->flags |= LA_INSTANCE_EXPIRED;
  if (!(instance->flags & LA_INSTANCE_GONE)) {
    la_identity_add(&session->map, instance, change->old_hash, NULL);
  }
}

/* An object whose INSERT is undone is transient again. */
static void lose_row(la_session *session, la_instance *instance) {
  if (instance->session != NULL && instance->session != session) {
    return; /* made transient, and at home elsewhere by now */
  }
  if (instance->session == session) {
    la_session_note(session, instance,
                    instance->flags & LA_INSTANCE_GONE ? LA_NOTE_DELETED_TO_DETACHED
                                                       : LA_NOTE_PERSISTENT_TO_TRANSIENT);
  }
  la_session_leave_sets(session, instance);
  la_session_detach(session, instance, true);
}

/* Objects that the level inserted are transient again. */
static void expunge_inserted(la_session *session, la_session_level *level, bool nested) {
  la_instances *pending = &session->new_objects;
  la_identity_map *map = &session->map;
  while (pending->count > 0) {
    la_instance *instance = pending->items[--pending->count];
    instance->flags &= ~(uint32_t)LA_INSTANCE_NEW;
    la_session_note(session, instance, LA_NOTE_PENDING_TO_TRANSIENT);
    la_session_detach(session, instance, true);
    la_instance_unpin(instance);
  }
  for (size_t i = 0; i < level->inserted.count; i++) {
    lose_row(session, level->inserted.items[i]);
  }
  for (size_t i = 0; !nested && i < level->deleted.count; i++) {
    if (level->deleted.items[i]->flags & LA_INSTANCE_INSERTED) {
      lose_row(session, level->deleted.items[i]);
    }
  }
  for (size_t i = 0; !nested && i < map->bucket_count; i++) {
    la_instance *at = map->buckets[i];
    while (at != NULL) {
      la_instance *next = at->next_in_map;
      if (at->flags & LA_INSTANCE_INSERTED) {
        la_instance_pin(at);
        lose_row(session, at);
        la_instance_unpin(at);
      }
      at = next;
    }
  }
}

/* Objects that were deleted in the level, or marked for it, are persistent again. */
static void revive_deleted(la_session *session, la_session_level *level) {
  la_instances *marked = &session->deleted_objects;
  while (marked->count > 0) {
    la_instance *instance = marked->items[--marked->count];
    instance->flags &= ~(uint32_t)LA_INSTANCE_DELETED;
    la_session_note_hold(session, instance);
    la_instance_unpin(instance);
  }
  for (size_t i = 0; i < level->deleted.count; i++) {
    la_instance *instance = level->deleted.items[i];
    if (instance->session == session && instance->flags & LA_INSTANCE_GONE) {
      instance->flags &= ~(uint32_t)LA_INSTANCE_GONE;
      la_identity_add(&session->map, instance, instance->key_hash, NULL);
      la_instance_expire_all(instance);
      la_session_note_hold(session, instance);
      la_session_note(session, instance, LA_NOTE_DELETED_TO_PERSISTENT);
    }
  }
}

void la_session_restore(la_session *session) {
  la_session_level *level = la_session_top(session);
  bool nested = session->levels.count > 1;
  expunge_inserted(session, level, nested);
  while (level->switches.count > 0) {
    la_key_switch *change = level->switches.items[--level->switches.count];
    restore_key(session, change);
    la_key_switch_free(session->alloc, change);
  }
  revive_deleted(session, level);
  if (nested) {
    for (size_t i = 0; i < level->touched.count; i++) {
      if (level->touched.items[i]->session == session) {
        la_instance_expire_all(level->touched.items[i]);
      }
    }
    for (size_t i = 0; i < session->dirty_objects.count; i++) {
      la_instance_expire_all(session->dirty_objects.items[i]);
    }
  } else {
    expire_all(session);
  }
  empty_dirty(session);
}

/* What came into a session whose transaction a failed flush has ended goes again. */
static void discard_changes(la_session *session) {
  if (session->new_objects.count > 0 || session->dirty_objects.count > 0 ||
      session->deleted_objects.count > 0) {
    la_warn(session->sql->warnings, "Session's state has been changed on a non-active transaction "
                                    "- this state will be discarded.");
    la_session_restore(session);
  }
}

la_status la_session_rollback_database(la_session *session, la_error *err) {
  la_session_level *level = la_session_top(session);
  if (!level->active) {
    return LA_OK;
  }
  session->phase = LA_SESSION_ROLLED_BACK;
  return end_database_side(session, level, false, err);
}

void la_session_rollback_objects(la_session *session) {
  bool nested = session->levels.count > 1;
  if (la_session_top(session)->active) {
    la_session_restore(session);
  } else {
    discard_changes(session);
  }
  pop_level(session);
  if (!nested) {
    leave_connections(session);
  }
}

la_status la_session_rollback(la_session *session, bool to_root, la_error *err) {
  la_status first = LA_OK;
  while (session->levels.count > 0) {
    la_status status = la_session_rollback_database(session, err);
    first = first == LA_OK ? status : first;
    la_session_rollback_objects(session);
    if (!to_root) {
      break;
    }
  }
  return first;
}

#define REASON_SIZE ((size_t)600)

void la_session_forget_reason(la_session *session) {
  la_free(session->alloc, session->inactive_reason, REASON_SIZE);
  session->inactive_reason = NULL;
}

/* Out of memory the session tells of no reason. */
static void keep_reason(la_session *session, const la_error *reason) {
  if (session->inactive_reason == NULL) {
    session->inactive_reason = la_alloc(session->alloc, REASON_SIZE);
  }
  if (session->inactive_reason != NULL) {
    snprintf(session->inactive_reason, REASON_SIZE, "%.*s", (int)REASON_SIZE - 1, reason->message);
  }
}

void la_session_fail(la_session *session, const la_error *reason) {
  if (reason != NULL && reason->message[0] != '\0') {
    keep_reason(session, reason);
  }
  if (session->levels.count > 0 && la_session_top(session)->active) {
    la_error ignored = LA_ERROR_INIT;
    la_session_level *level = la_session_top(session);
    if (session->phase != LA_SESSION_CLOSED) {
      (void)end_database_side(session, level, false, &ignored);
      la_session_restore(session);
      level->active = false;
      session->phase = LA_SESSION_INACTIVE;
    }
  }
}

void la_session_reset(la_session *session) {
  la_session_expunge_all(session);
  while (session->levels.count > 0) {
    la_error ignored = LA_ERROR_INIT;
    la_session_level *level = la_session_top(session);
    for (la_bind_walk walk = {0}; la_session_next_bind(session, &walk);) {
      /* Handing our own connection back rolls back, unless others take part in its transaction. */
      bool left_alone = session->joined && !level->savepoint_sent;
      bool ends_here = level->savepoint_sent || !session->connection_is_ours;
      if (level->active && ends_here && !left_alone) {
        (void)end_at_bind(session, level, false, &ignored);
      }
    }
    pop_level(session);
  }
  leave_connections(session);
  session->phase = LA_SESSION_IDLE;
}

void la_session_close(la_session *session) {
  la_session_reset(session);
  session->phase = session->close_resets_only ? LA_SESSION_IDLE : LA_SESSION_CLOSED;
}
