/* SPDX-License-Identifier: MIT */
/*
 * Objects enter and leave a session.
 *
 *   la_session_add       transient → pending, detached → persistent; cancels a delete that is not
 * flushed la_session_delete    persistent → marked as deleted la_session_expunge   pending →
 * transient, persistent → detached
 */
#include <stdio.h>

#include "orm/cascade.h"
#include "orm/instance_internal.h"
#include "orm/session_internal.h"

/* Fails with `format`, whose one %.*s is the description of `instance`. */
static la_status refuse(const la_instance *instance, const char *before, const char *after,
                        la_error *err) {
  la_strbuf text;
  la_strbuf_init(&text, instance->mapper->alloc);
  la_instance_describe(instance, &text);
  la_fail(err, LA_INVALID_REQUEST, "%s%.*s%s", before, LA_TEXT_FORMAT(la_strbuf_view(&text)),
          after);
  la_strbuf_clear(&text);
  return LA_INVALID_REQUEST;
}

static la_status check_free(const la_session *session, const la_instance *instance, la_error *err) {
  char after[100];
  if (instance->session == NULL || instance->session == session) {
    return LA_OK;
  }
  snprintf(after, sizeof after, "' is already attached to session '%u' (this is '%u')",
           instance->session->serial, session->serial);
  return refuse(instance, "Object '", after, err);
}

static la_status make_pending(la_session *session, la_instance *instance, la_error *err) {
  if (!la_session_push_pinned(session, &session->new_objects, instance)) {
    return la_fail_nomem(err);
  }
  instance->session = session;
  instance->order = session->next_order++;
  instance->flags |= LA_INSTANCE_NEW;
  la_session_note_hold(session, instance);
  la_session_note(session, instance, LA_NOTE_AFTER_ATTACH);
  la_session_note(session, instance, LA_NOTE_TRANSIENT_TO_PENDING);
  return LA_OK;
}

/* Refuses `instance`, which is not in `map`, if another object there has its key. */
static la_status check_key(const la_identity_map *map, const la_instance *instance, la_error *err) {
  la_instance *at =
      map->bucket_count > 0 ? map->buckets[instance->key_hash & (map->bucket_count - 1)] : NULL;
  for (; at != NULL; at = at->next_in_map) {
    if (at->key_hash == instance->key_hash && at->mapper->root == instance->mapper->root &&
        la_instance_same_key(at, instance)) {
      return refuse(instance, "Can't attach instance ",
                    "; another instance with this key is already present in this session.", err);
    }
  }
  return LA_OK;
}

la_status la_session_check_present(const la_instance *instance, la_error *err) {
  return instance->flags & LA_INSTANCE_GONE
             ? refuse(instance, "Instance '",
                      "' has been deleted.  Use the make_transient() function to send this object "
                      "back to the transient state.",
                      err)
             : LA_OK;
}

static la_status make_persistent(la_session *session, la_instance *instance, la_error *err) {
  LA_TRY(la_session_check_present(instance, err));
  if (instance->flags & LA_INSTANCE_DELETED) {
    uint32_t others = instance->flags & LA_INSTANCE_DIRTY;
    instance->flags &= ~(uint32_t)LA_INSTANCE_DIRTY;
    la_instance_pin(instance);
    la_session_leave_sets(session, instance);
    instance->flags |= others;
    la_session_note_hold(session, instance);
    la_instance_unpin(instance);
  }
  if (instance->session == session) {
    return LA_OK;
  }
  LA_TRY(check_key(&session->map, instance, err));
  session->routed |= la_instance_token(instance) != 0;
  LA_TRY(la_identity_add(&session->map, instance, instance->key_hash, err));
  instance->session = session;
  la_session_note_hold(session, instance);
  la_session_note(session, instance, LA_NOTE_AFTER_ATTACH);
  la_session_note(session, instance, LA_NOTE_DETACHED_TO_PERSISTENT);
  return la_instance_was_set(instance) ? la_session_note_dirty(session, instance, err) : LA_OK;
}

la_status la_session_attach(la_session *session, la_instance *instance, la_error *err) {
  LA_TRY(la_session_autobegin(session, err));
  LA_TRY(check_free(session, instance, err));
  return make_persistent(session, instance, err);
}

static la_status join(la_session *session, la_instance *instance, la_error *err) {
  if (instance->flags & LA_INSTANCE_KEYED) {
    return make_persistent(session, instance, err);
  }
  return instance->session == NULL ? make_pending(session, instance, err) : LA_OK;
}

static bool has_links(const la_instance *instance) {
  for (uint32_t i = 0; i < instance->link_count; i++) {
    if (la_links(instance)[i].flags & (LA_LINK_LOADED | LA_LINK_MODIFIED)) {
      return true;
    }
  }
  return false;
}

static bool is_detached(const la_instance *instance) {
  return instance->flags & LA_INSTANCE_KEYED && instance->session == NULL;
}

/* Refuses detached objects that can't join, before any of them does: deleted ones, and two of one
 * key, in the session or among them. */
static la_status check_detached(la_session *session, const la_instances *found, la_error *err) {
  la_identity_map seen;
  la_status status = LA_OK;
  la_identity_init(&seen, session->alloc);
  for (size_t i = 0; status == LA_OK && i < found->count; i++) {
    la_instance *instance = found->items[i];
    if (!is_detached(instance)) {
      continue;
    }
    status = la_session_check_present(instance, err);
    status = status < 0 ? status : check_key(&session->map, instance, err);
    status = status < 0 ? status : check_key(&seen, instance, err);
    status = status < 0 ? status : la_identity_add(&seen, instance, instance->key_hash, err);
  }
  for (size_t i = 0; seen.count > 0 && i < found->count; i++) {
    if (is_detached(found->items[i])) { /* those behind the refused one are in no map */
      la_identity_remove(&seen, found->items[i]);
    }
  }
  la_identity_clear(&seen);
  return status;
}

la_status la_session_add(la_session *session, la_instance *root, la_error *err) {
  la_instances found = {0};
  la_status status;
  LA_TRY(la_session_autobegin(session, err));
  LA_TRY(check_free(session, root, err));
  if (!has_links(root)) {
    return join(session, root, err);
  }
  status = la_cascade_save_update(session, root, &found, err);
  if (status == LA_OK) {
    status = check_detached(session, &found, err);
  }
  for (size_t i = 0; status == LA_OK && i < found.count; i++) {
    status = join(session, found.items[i], err);
  }
  la_vec_clear(session->alloc, &found);
  return status;
}

la_status la_session_check_joins(la_session *session, la_instance *root, la_error *err) {
  la_instances found = {0};
  la_status status;
  if (root->session == session) {
    return LA_OK;
  }
  LA_TRY(check_free(session, root, err));
  if (!has_links(root) && !is_detached(root)) {
    return LA_OK;
  }
  status = la_cascade_save_update(session, root, &found, err);
  if (status == LA_OK) {
    status = check_detached(session, &found, err);
  }
  la_vec_clear(session->alloc, &found);
  return status;
}

la_status la_session_delete(la_session *session, la_instance *instance, la_error *err) {
  if (!(instance->flags & LA_INSTANCE_KEYED)) {
    return refuse(instance, "Instance '", "' is not persisted", err);
  }
  LA_TRY(la_session_autobegin(session, err));
  LA_TRY(check_free(session, instance, err));
  if (instance->flags & LA_INSTANCE_DELETED) {
    return LA_OK;
  }
  LA_TRY(make_persistent(session, instance, err));
  if (!la_session_push_pinned(session, &session->deleted_objects, instance)) {
    return la_fail_nomem(err);
  }
  instance->flags |= LA_INSTANCE_DELETED;
  la_session_note_hold(session, instance);
  return LA_OK;
}

/* The object leaves the session, and listeners hear of it. */
static void leave(la_session *session, la_instance *instance) {
  la_session_note(session, instance,
                  instance->flags & LA_INSTANCE_NEW    ? LA_NOTE_PENDING_TO_TRANSIENT
                  : instance->flags & LA_INSTANCE_GONE ? LA_NOTE_DELETED_TO_DETACHED
                                                       : LA_NOTE_PERSISTENT_TO_DETACHED);
  la_session_note_inserted(session, instance);
  la_session_leave_sets(session, instance);
  la_session_detach(session, instance, false);
}

la_status la_session_expunge(la_session *session, la_instance *instance, la_error *err) {
  la_instances found = {0};
  la_status status;
  if (instance->session != session) {
    return refuse(instance, "Instance ", " is not present in this Session", err);
  }
  status = la_cascade_collect(session, instance, LA_CASCADE_EXPUNGE, &found, err);
  for (size_t i = 0; status == LA_OK && i < found.count; i++) {
    la_instance_pin(found.items[i]);
  }
  for (size_t i = 0; status == LA_OK && i < found.count; i++) {
    leave(session, found.items[i]);
  }
  for (size_t i = 0; status == LA_OK && i < found.count; i++) {
    la_instance_unpin(found.items[i]);
  }
  la_vec_clear(session->alloc, &found);
  return status;
}

void la_session_expire(la_session *session, la_instance *instance) {
  if (instance->flags & LA_INSTANCE_KEYED) {
    la_instance_expire_all(instance);
    la_session_leave_dirty(session, instance);
    return;
  }
  la_instance_pin(instance);
  la_session_leave_sets(session, instance);
  la_session_detach(session, instance, false);
  la_instance_unpin(instance);
}

la_status la_session_lose(la_session *session, la_instance *instance, la_error *err) {
  if (!la_session_push_pinned(session, &la_session_top(session)->deleted, instance)) {
    return la_fail_nomem(err);
  }
  la_session_leave_sets(session, instance);
  la_identity_remove(&session->map, instance);
  la_instance_commit_all(instance);
  instance->flags |= LA_INSTANCE_GONE;
  la_session_note(session, instance, LA_NOTE_PERSISTENT_TO_DELETED);
  la_session_note_hold(session, instance);
  return LA_OK;
}

void la_session_make_transient(la_instance *instance) {
  la_session *session = instance->session;
  const la_mapper *mapper = instance->mapper;
  la_instance_pin(instance);
  if (session != NULL) {
    leave(session, instance);
  }
  la_instance_drop_history(instance);
  instance->flags &= ~(uint32_t)(LA_INSTANCE_KEYED | LA_INSTANCE_GONE | LA_INSTANCE_EXPIRED |
                                 LA_INSTANCE_INSERTED | LA_INSTANCE_TOKENED);
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if (!(instance->slots[i].flags & LA_SLOT_LOADED)) { /* a key slot has a value in any case */
      la_slot_free(mapper->alloc, &instance->slots[i]);
      instance->slots[i] = LA_VALUE_NONE;
    }
  }
  la_instance_unpin(instance);
}

la_status la_session_make_detached(la_instance *instance, la_error *err) {
  const la_mapper *mapper = instance->mapper;
  la_value few[8];
  if (instance->session != NULL || instance->flags & LA_INSTANCE_KEYED) {
    return la_fail(err, LA_INVALID_REQUEST, "Given object must be transient");
  }
  for (uint32_t i = 0; i < mapper->primary_key_count; i++) {
    const la_value *slot = &instance->slots[mapper->primary_key[i]->slot];
    if (i == 8 || !(slot->flags & LA_SLOT_LOADED) || slot->kind == LA_VALUE_NULL ||
        slot->kind == LA_VALUE_HOST) {
      return la_fail(err, LA_INVALID_REQUEST,
                     "make_transient_to_detached() finds no value of the primary key attribute "
                     "'%.*s'",
                     LA_TEXT_FORMAT(mapper->primary_key[i]->key));
    }
    few[i] = *slot;
  }
  instance->key_hash = la_identity_hash(mapper->root, few);
  la_instance_commit_all(instance);
  instance->flags |= LA_INSTANCE_KEYED;
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if (!(instance->slots[i].flags & LA_SLOT_LOADED)) {
      la_instance_expire_slot(instance, i);
    }
  }
  return LA_OK;
}
