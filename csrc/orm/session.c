/* SPDX-License-Identifier: MIT */
/*
 * A session's life, and the sets of objects that it keeps pinned.
 */
#include "orm/session.h"

#include "orm/instance_internal.h"
#include "orm/session_internal.h"

static void session_destroy(la_object *object) {
  la_session *session = (la_session *)(void *)object;
  la_allocator *alloc = session->alloc;
  la_session_close(session);
  la_session_clear_pinned(session, &session->hold_changes);
  la_session_clear_pinned(session, &session->settling);
  while (session->notes.count > 0) {
    la_instance_unpin(session->notes.items[--session->notes.count].instance);
  }
  la_vec_clear(alloc, &session->notes);
#define X(type, name) la_vec_clear(alloc, &session->name);
  LA_SESSION_VECTORS(X)
#undef X
  la_identity_clear(&session->map);
  la_session_clear_binds(session);
  la_session_forget_reason(session);
  la_object_release(session->slab);
  la_object_release(session->connection);
  la_object_release(session->engine);
  la_free(alloc, session, sizeof *session);
}

static const la_object_class session_class = {.name = "session", .destroy = session_destroy};

la_status la_session_new(const la_sql *sql, const la_session_options *options, la_session **out,
                         la_error *err) {
  la_session *session = la_alloc_zero(sql->alloc, sizeof *session);
  if (session == NULL) {
    return la_fail_nomem(err);
  }
  la_object_init(&session->object, &session_class);
  session->alloc = sql->alloc;
  session->sql = sql;
  session->engine = la_object_retain(options->engine);
  session->connection = la_object_retain(options->connection);
  session->join_transaction_mode = options->join_transaction_mode;
  session->autoflush = options->autoflush;
  session->expire_on_commit = options->expire_on_commit;
  session->autobegin = options->autobegin;
  session->close_resets_only = options->close_resets_only;
  session->serial = options->serial;
  la_identity_init(&session->map, sql->alloc);
  *out = session;
  return LA_OK;
}

la_slab *la_session_slab(la_session *session) {
  if (session->slab == NULL) {
    session->slab = la_slab_new(session->alloc);
  }
  return session->slab;
}

la_status la_session_check_context(const la_session *session, la_error *err) {
  bool failed = session->inactive_reason != NULL;
  if (session->context == 0) {
    return LA_OK;
  }
  for (size_t i = 0; i < session->levels.count; i++) {
    const la_session_level *level = session->levels.items[i];
    if (level->serial + 1 == session->context && level->active) {
      return LA_OK;
    }
  }
  return la_fail(err, LA_INVALID_REQUEST,
                 "Can't operate on closed transaction inside context manager.  %s%s%sPlease "
                 "complete the context manager before emitting further commands.",
                 failed ? "The transaction was rolled back due to an exception: " : "",
                 failed ? session->inactive_reason : "", failed ? ".  " : "");
}

la_status la_session_check(la_session *session, la_error *err) {
  LA_TRY(la_session_check_context(session, err));
  if (session->phase == LA_SESSION_CLOSED) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "This Session has been permanently closed and is unable to handle any more "
                   "transaction requests.");
  }
  if (session->phase == LA_SESSION_INACTIVE) {
    return la_fail_code(err, LA_PENDING_ROLLBACK, "7s2a",
                        "This Session's transaction has been rolled back due to a previous "
                        "exception during flush. To begin a new transaction with this Session, "
                        "first issue Session.rollback(). Original exception was: %s",
                        session->inactive_reason != NULL ? session->inactive_reason : "");
  }
  if (session->phase == LA_SESSION_COMMITTED || session->phase == LA_SESSION_ROLLED_BACK) {
    return la_fail(err, LA_INVALID_REQUEST,
                   session->phase == LA_SESSION_COMMITTED
                       ? "This session is in 'committed' state; no further SQL can be emitted "
                         "within this transaction."
                       : "This session is in 'inactive' state, due to the SQL transaction being "
                         "rolled back; no further SQL can be emitted within this transaction.");
  }
  if (session->doing != NULL && strcmp(session->doing, "_connection_for_bind()") == 0) {
    return la_fail_code(err, LA_INVALID_REQUEST, "isce",
                        "This session is provisioning a new connection; concurrent operations are "
                        "not permitted");
  }
  if (session->busy) {
    return la_fail(
        err, LA_INVALID_REQUEST,
        "This Session is at work: it can't be used from a function that this work calls");
  }
  return LA_OK;
}

bool la_instance_wants_hold(const la_instance *instance) {
  return instance->session != NULL &&
         instance->flags & (LA_INSTANCE_NEW | LA_INSTANCE_DIRTY | LA_INSTANCE_DELETED);
}

void la_session_note_hold(la_session *session, la_instance *instance) {
  (void)la_session_push_pinned(session, &session->hold_changes, instance);
}

bool la_session_begin_settling(la_session *session, la_instance **out) {
  *out = session->hold_changes.items[session->hold_changes.count - 1];
  return la_session_push_pinned(session, &session->settling, *out);
}

void la_session_end_settling(la_session *session, size_t before, size_t at) {
  la_instances *changes = &session->hold_changes;
  const la_instance *settled = session->settling.items[before];
  if (changes->count > at && changes->items[at] == settled) {
    changes->items[at] = changes->items[--changes->count];
    la_instance_unpin((la_instance *)settled);
  }
  while (session->settling.count > before) {
    la_instance_unpin(session->settling.items[--session->settling.count]);
  }
}

void la_session_note_inserted(la_session *session, la_instance *instance) {
  if (instance->flags & LA_INSTANCE_INSERTED && session->levels.count > 0) {
    (void)la_session_push_pinned(session, &session->levels.items[0]->inserted, instance);
  }
}

bool la_session_push_pinned(la_session *session, la_instances *list, la_instance *instance) {
  if (!la_vec_push(session->alloc, list, instance)) {
    return false;
  }
  la_instance_pin(instance);
  return true;
}

void la_session_clear_pinned(la_session *session, la_instances *list) {
  (void)session;
  while (list->count > 0) {
    la_instance_unpin(list->items[--list->count]);
  }
}

static void push_note(la_session *session, la_instance *instance, la_note_kind kind) {
  la_note note = {instance, kind};
  if (la_vec_push(session->alloc, &session->notes, note)) {
    la_instance_pin(instance);
  }
}

void la_session_note(la_session *session, la_instance *instance, la_note_kind kind) {
  if (session->watched & 1u << kind) {
    push_note(session, instance, kind);
  }
}

void la_session_note_class(la_instance *instance, uint32_t hears, la_note_kind kind) {
  if (instance->mapper->hears & hears && instance->session != NULL) {
    push_note(instance->session, instance, kind);
  }
}

void la_session_number_dirty(la_session *session) {
  for (size_t i = 0; i < session->dirty_objects.count; i++) {
    session->dirty_objects.items[i]->set_index = (uint32_t)i;
  }
}

static void remove_at(la_instances *list, size_t at) {
  la_instance *instance = list->items[at];
  memmove(list->items + at, list->items + at + 1, (list->count - at - 1) * sizeof *list->items);
  list->count--;
  la_instance_unpin(instance);
}

/* The new objects stand in order of their `order`. */
static void leave_new(la_session *session, la_instance *instance) {
  size_t low = 0, high = session->new_objects.count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (session->new_objects.items[middle]->order < instance->order) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  remove_at(&session->new_objects, low);
}

static void leave_dirty(la_session *session, la_instance *instance) {
  la_instances *list = &session->dirty_objects;
  la_instance *last = list->items[list->count - 1];
  list->items[instance->set_index] = last;
  last->set_index = instance->set_index;
  list->count--;
  la_instance_unpin(instance);
}

static void leave_deleted(la_session *session, la_instance *instance) {
  size_t at = session->deleted_objects.count - 1;
  while (session->deleted_objects.items[at] != instance) {
    at--;
  }
  remove_at(&session->deleted_objects, at);
}

void la_session_leave_sets(la_session *session, la_instance *instance) {
  uint32_t in = instance->flags;
  instance->flags &= ~(uint32_t)(LA_INSTANCE_NEW | LA_INSTANCE_DIRTY | LA_INSTANCE_DELETED);
  if (in & LA_INSTANCE_NEW) {
    leave_new(session, instance);
  }
  if (in & LA_INSTANCE_DIRTY) {
    leave_dirty(session, instance);
  }
  if (in & LA_INSTANCE_DELETED) {
    leave_deleted(session, instance);
  }
}

void la_session_leave_dirty(la_session *session, la_instance *instance) {
  if (instance->flags & LA_INSTANCE_DIRTY &&
      !(instance->flags & (LA_INSTANCE_FLUSHING | LA_INSTANCE_DELETED)) &&
      !la_instance_is_modified(instance)) {
    la_session_note_hold(session, instance);
    instance->flags &= ~(uint32_t)LA_INSTANCE_DIRTY;
    leave_dirty(session, instance);
  }
}

void la_session_detach(la_session *session, la_instance *instance, bool to_transient) {
  la_session_note_hold(session, instance);
  la_identity_remove(&session->map, instance);
  instance->session = NULL;
  instance->flags &= ~(uint32_t)LA_INSTANCE_INSERTED;
  if (to_transient) {
    instance->flags &= ~(uint32_t)(LA_INSTANCE_KEYED | LA_INSTANCE_GONE | LA_INSTANCE_TOKENED);
    la_instance_drop_history(instance);
  }
}

la_status la_session_note_dirty(la_session *session, la_instance *instance, la_error *err) {
  if (!(instance->flags & LA_INSTANCE_KEYED) ||
      instance->flags & (LA_INSTANCE_DIRTY | LA_INSTANCE_GONE)) {
    return LA_OK;
  }
  LA_TRY(la_session_autobegin(session, err));
  if (session->levels.count > 1) {
    if (!la_session_push_pinned(session, &la_session_top(session)->touched, instance)) {
      return la_fail_nomem(err);
    }
  }
  if (!la_session_push_pinned(session, &session->dirty_objects, instance)) {
    return la_fail_nomem(err);
  }
  instance->flags |= LA_INSTANCE_DIRTY;
  if (!(instance->flags & LA_INSTANCE_FLUSHING)) {
    instance->set_index = (uint32_t)(session->dirty_objects.count - 1);
  }
  la_session_note_hold(session, instance);
  return LA_OK;
}

/* An object that stands in the map for a row that is gone, as one read before a rollback may, makes
 * room for `instance`, which has the key now. One that is being flushed gets a key of its own. */
static void displace(la_session *session, const la_instance *instance) {
  la_instance *at = instance->next_in_map;
  while (at != NULL) {
    la_instance *next = at->next_in_map;
    if (at->key_hash == instance->key_hash && at->mapper->root == instance->mapper->root &&
        !(at->flags & LA_INSTANCE_FLUSHING) && la_instance_same_key(at, instance)) {
      la_instance_pin(at);
      la_session_leave_sets(session, at);
      la_session_detach(session, at, false);
      la_instance_unpin(at);
      return;
    }
    at = next;
  }
}

la_status la_session_register(la_session *session, la_instance *instance, la_error *err) {
  const la_mapper *mapper = instance->mapper;
  la_value few[8], *key = few;
  size_t size = mapper->primary_key_count * sizeof *key;
  la_status status;
  if (mapper->primary_key_count > 8) {
    key = la_alloc(session->alloc, size);
    if (key == NULL) {
      return la_fail_nomem(err);
    }
  }
  la_instance_key(instance, key);
  status = la_identity_add(&session->map, instance, la_identity_hash(mapper->root, key), err);
  if (status == LA_OK) {
    instance->session = session;
    instance->flags |= LA_INSTANCE_KEYED;
    displace(session, instance);
  }
  if (key != few) {
    la_free(session->alloc, key, size);
  }
  return status;
}

la_status la_session_all(const la_session *session, la_instances *out, la_error *err) {
  const la_identity_map *map = &session->map;
  if (!la_vec_reserve(session->alloc, out, map->count)) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < map->bucket_count; i++) {
    for (la_instance *at = map->buckets[i]; at != NULL; at = at->next_in_map) {
      out->items[out->count++] = at;
    }
  }
  return LA_OK;
}

/* Everything that the session keeps pinned, or that names it, is let go. */
void la_session_expunge_all(la_session *session) {
  la_instances *sets[] = {&session->new_objects, &session->dirty_objects,
                          &session->deleted_objects};
  la_identity_map *map = &session->map;
  for (size_t i = 0; i < map->bucket_count; i++) {
    for (la_instance *at = map->buckets[i]; at != NULL; at = at->next_in_map) {
      la_session_note(session, at, LA_NOTE_PERSISTENT_TO_DETACHED);
      la_session_note_inserted(session, at);
      at->session = NULL;
      at->flags &= ~(uint32_t)LA_INSTANCE_INSERTED;
      if (at->flags & LA_INSTANCE_HELD || at->handle != 0) {
        la_session_note_hold(session, at);
      }
    }
  }
  for (size_t i = 0; i < session->levels.count; i++) {
    la_instances *deleted = &session->levels.items[i]->deleted;
    for (size_t j = 0; j < deleted->count; j++) {
      if (deleted->items[j]->session != session) {
        continue; /* its row was never kept, and it may be at home elsewhere by now */
      }
      la_session_note(session, deleted->items[j], LA_NOTE_DELETED_TO_DETACHED);
      deleted->items[j]->session = NULL;
      la_session_note_hold(session, deleted->items[j]);
    }
  }
  la_identity_clear(map);
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    for (size_t j = 0; j < sets[i]->count; j++) {
      la_instance *at = sets[i]->items[j];
      if (at->flags & LA_INSTANCE_NEW) {
        la_session_note(session, at, LA_NOTE_PENDING_TO_TRANSIENT);
      }
      at->session = NULL;
      at->flags &= ~(uint32_t)(LA_INSTANCE_NEW | LA_INSTANCE_DIRTY | LA_INSTANCE_DELETED);
      la_session_note_hold(session, at);
    }
    la_session_clear_pinned(session, sets[i]);
  }
}
