/* SPDX-License-Identifier: MIT */
/*
 * A flush's life, what it writes into objects and how that is undone, and its end.
 */
#include "orm/flush_internal.h"

bool la_session_has_changes(const la_session *session) {
  return session->new_objects.count + session->dirty_objects.count +
             session->deleted_objects.count >
         0;
}

static la_status register_all(la_flush *flush, const la_instances *list, la_record_op op,
                              la_error *err) {
  if (!la_vec_reserve(flush->alloc, &flush->records, list->count) ||
      !la_vec_reserve(flush->alloc, &flush->queue, list->count)) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < list->count; i++) {
    if (la_flush_register(flush, list->items[i], op, false, err) == NULL) {
      return LA_NOMEM;
    }
  }
  return LA_OK;
}

la_status la_flush_new(la_session *session, la_flush **out, la_error *err) {
  la_flush *flush;
  la_status status;
  LA_TRY(la_session_check(session, err));
  if (session->flushing) {
    return la_fail(err, LA_INVALID_REQUEST, "Session is already flushing");
  }
  LA_TRY(la_session_autobegin(session, err));
  flush = la_flush_take(session);
  if (flush == NULL) {
    return la_fail_nomem(err);
  }
  session->flushing = true;
  status = register_all(flush, &session->new_objects, LA_RECORD_SAVE, err);
  if (status == LA_OK) {
    status = register_all(flush, &session->dirty_objects, LA_RECORD_SAVE, err);
  }
  if (status == LA_OK) {
    status = register_all(flush, &session->deleted_objects, LA_RECORD_DELETE, err);
  }
  if (status < 0) {
    flush->failed = true; /* nothing was done that the session would have to undo */
    la_flush_free(flush);
    return status;
  }
  *out = flush;
  return LA_OK;
}

uint32_t la_flush_level(const la_flush *flush) {
  return flush->level;
}

la_status la_flush_write(la_flush *flush, la_instance *instance, uint32_t slot,
                         const la_value *value, la_error *err) {
  la_value *place = &instance->slots[slot];
  la_value fresh = LA_VALUE_NONE;
  la_flush_undo *entry;
  bool keyed = instance->flags & LA_INSTANCE_KEYED;
  bool revert = keyed && !(place->flags & LA_SLOT_MODIFIED);
  uint8_t flags = LA_SLOT_LOADED | LA_SLOT_MODIFIED;
  if (slot >= instance->slot_count || (revert && !la_instance_reserve_history(instance)) ||
      !la_vec_reserve(flush->alloc, &flush->undo, 1) ||
      !la_slot_write(flush->alloc, &fresh, value, flags)) {
    return la_fail_nomem(err);
  }
  entry = &flush->undo.items[flush->undo.count++];
  *entry = (la_flush_undo){.instance = instance, .slot = slot, .revert = revert};
  if (revert) {
    la_instance_keep_committed(instance, slot);
  } else {
    entry->old = *place;
  }
  *place = fresh;
  return LA_OK;
}

la_status la_flush_write_fetched(la_flush *flush, la_instance *instance, uint32_t slot,
                                 const la_value *value, la_error *err) {
  la_flush_record *record = la_flush_record_of(flush, instance);
  if (instance->mapper->hears & LA_HEARS_FETCHED && record != NULL &&
      !(instance->mapper->slots[slot]->flags & LA_PROPERTY_PRIMARY_KEY)) {
    la_flush_fetched fetched = {slot, record->first_fetched};
    if (!la_vec_push(flush->alloc, &flush->fetched, fetched)) {
      return la_fail_nomem(err);
    }
    record->first_fetched = (uint32_t)(flush->fetched.count - 1);
  }
  return la_flush_write(flush, instance, slot, value, err);
}

bool la_flush_next_fetched(const la_flush *flush, uint32_t *at, uint32_t *slot_out) {
  if (*at == LA_FLUSH_NONE) {
    return false;
  }
  *slot_out = flush->fetched.items[*at].slot;
  *at = flush->fetched.items[*at].next;
  return true;
}

la_status la_flush_expire_later(la_flush *flush, la_instance *instance, uint32_t slot,
                                la_error *err) {
  la_flush_expire expire = {instance, slot};
  return la_vec_push(flush->alloc, &flush->expires, expire) ? LA_OK : la_fail_nomem(err);
}

/* Newest first, so that each slot ends with its first value. */
static void undo_all(la_flush *flush) {
  while (flush->undo.count > 0) {
    la_flush_undo *entry = &flush->undo.items[--flush->undo.count];
    la_value *place = &entry->instance->slots[entry->slot];
    if (entry->revert) {
      la_instance_revert_slot(entry->instance, entry->slot);
    } else {
      la_slot_free(flush->alloc, place);
      *place = entry->old;
    }
  }
}

/* Objects no longer take part; `dirty_objects` has its numbers back. */
static void release_objects(la_flush *flush) {
  for (size_t i = 0; i < flush->records.count; i++) {
    flush->records.items[i].instance->flags &= ~(uint32_t)LA_INSTANCE_FLUSHING;
  }
  la_session_number_dirty(flush->session);
}

/* The parameters of the statement that failed, as an error shows them. */
static void describe_params(const la_flush *flush, la_strbuf *out) {
  if (flush->session->engine->options.hide_parameters) {
    la_strbuf_string(out, "\n[SQL parameters hidden due to hide_parameters=true]");
    return;
  }
  for (uint32_t i = 0; i < flush->failed_count; i++) {
    la_strbuf_string(out, i == 0 ? "\n[parameters: (" : ", ");
    la_value_describe(&flush->failed_values[i], out);
  }
  la_strbuf_string(out, flush->failed_count > 0 ? ")]" : "");
}

/* The failure as the session tells it later: with the statement, if one failed. */
static void describe_failure(const la_flush *flush, const la_error *err, la_error *out) {
  la_text sql = flush->failed_text;
  const la_session *session = flush->session;
  la_strbuf params;
  if (sql.bytes == NULL || err == NULL || session->engine == NULL) {
    *out = err != NULL ? *err : (la_error)LA_ERROR_INIT;
    return;
  }
  la_strbuf_init(&params, flush->alloc);
  describe_params(flush, &params);
  *out = (la_error)LA_ERROR_INIT;
  la_fail(out, err->status, "(%s.%s) %s\n[SQL: %.*s]%.*s", session->engine->dialect->name,
          la_status_class(err->status), err->message, LA_TEXT_FORMAT(sql),
          LA_TEXT_FORMAT(la_strbuf_view(&params)));
  la_strbuf_clear(&params);
}

la_status la_flush_fail(la_flush *flush, la_status status, la_error *err) {
  la_error reason;
  if (!flush->failed) {
    describe_failure(flush, err, &reason);
    flush->failed = true;
    la_persist_close(flush);
    undo_all(flush);
    release_objects(flush);
    flush->session->flushing = flush->session->executing = false;
    la_session_fail(flush->session, &reason);
  }
  return status;
}

void la_flush_failed_statement(const la_flush *flush, la_text *text_out,
                               const la_value **values_out, uint32_t *count_out) {
  *text_out = flush->failed_text;
  *values_out = flush->failed_values;
  *count_out = flush->failed_count;
}

/* A new key of a saved object takes the place of the old one in the map. */
static void place_in_map(la_flush *flush, la_flush_record *record) {
  la_session *session = flush->session;
  la_instance *instance = record->instance;
  bool is_new = !(instance->flags & LA_INSTANCE_KEYED);
  if (!is_new && !(record->flags & LA_RECORD_KEY_CHANGED)) {
    la_instance_commit_all(instance);
    return;
  }
  la_identity_remove(&session->map, instance);
  la_instance_commit_all(instance);
  if (is_new) {
    la_instance_set_token(instance, la_flush_token(flush, record));
  }
  (void)la_session_register(session, instance, NULL); /* room was made */
}

/* Columns that were given as NULL, for want of a value, are known to be NULL. */
static void load_nulls(la_instance *instance) {
  const la_mapper *mapper = instance->mapper;
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    la_value *slot = &instance->slots[i];
    if (!(slot->flags & LA_SLOT_LOADED) && mapper->slots[i]->kind == LA_PROPERTY_COLUMN) {
      *slot = LA_VALUE_NONE;
      slot->flags = LA_SLOT_LOADED;
    }
  }
}

/* The row that a new object has taken over keeps what the object does not set. */
static void expire_unset(la_instance *instance) {
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if (!(instance->slots[i].flags & LA_SLOT_LOADED)) {
      la_instance_expire_slot(instance, i);
    }
  }
}

/* What the database works out from columns may be another value now. */
static void expire_expressions(la_instance *instance) {
  const la_mapper *mapper = instance->mapper;
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    uint32_t flags = mapper->slots[i]->flags;
    bool loaded = instance->slots[i].flags & LA_SLOT_LOADED;
    if (mapper->slots[i]->kind == LA_PROPERTY_EXPRESSION &&
        (flags & LA_PROPERTY_KEPT_ON_FLUSH ? !loaded && !(flags & LA_PROPERTY_DEFERRED)
                                           : loaded || !(flags & LA_PROPERTY_DEFERRED))) {
      la_instance_expire_slot(instance, i);
    }
  }
}

static void finish_save(la_flush *flush, la_flush_record *record) {
  la_session *session = flush->session;
  la_session_level *level = la_session_top(session);
  la_instance *instance = record->instance;
  bool is_new = !(instance->flags & LA_INSTANCE_KEYED);
  place_in_map(flush, record);
  if (is_new && record->flags & LA_RECORD_ROW_SWITCH) {
    expire_unset(instance);
  } else if (is_new) {
    load_nulls(instance);
  }
  if (instance->mapper->has_expressions) {
    expire_expressions(instance);
  }
  if (is_new) {
    instance->flags |= LA_INSTANCE_INSERTED;
    la_session_note(session, instance, LA_NOTE_PENDING_TO_PERSISTENT);
    if (session->levels.count > 1) {
      la_session_push_pinned(session, &level->inserted, instance);
    }
  } else if (session->levels.count > 1) {
    la_session_push_pinned(session, &level->touched, instance);
  }
  if (la_instance_wants_hold(instance)) {
    instance->flags &= ~(uint32_t)(LA_INSTANCE_NEW | LA_INSTANCE_DIRTY | LA_INSTANCE_DELETED);
    la_session_note_hold(session, instance);
  }
}

/* Foreign keys of listed objects: the database has changed them by itself. */
static void finish_listed(la_flush *flush) {
  for (size_t i = 0; i < flush->undo.count; i++) {
    la_instance *instance = flush->undo.items[i].instance;
    const la_flush_record *record = la_flush_record_of(flush, instance);
    if (record != NULL && record->op == LA_RECORD_LISTED) {
      la_instance_commit_slot(instance, flush->undo.items[i].slot);
    }
  }
}

static void finish_delete(la_flush *flush, la_flush_record *record) {
  la_session *session = flush->session;
  la_instance *instance = record->instance;
  la_identity_remove(&session->map, instance);
  la_instance_commit_all(instance);
  instance->flags |= LA_INSTANCE_GONE;
  la_session_note(session, instance, LA_NOTE_PERSISTENT_TO_DELETED);
  instance->flags &= ~(uint32_t)(LA_INSTANCE_DELETED | LA_INSTANCE_DIRTY);
  la_session_push_pinned(session, &la_session_top(session)->deleted, instance);
  la_session_note_hold(session, instance);
}

/* Lets go of the members that are no longer in the set. */
static void keep_flagged(la_instances *set, uint32_t flag) {
  size_t kept = 0;
  for (size_t i = 0; i < set->count; i++) {
    la_instance *instance = set->items[i];
    if (instance->flags & flag) {
      set->items[kept++] = instance;
    } else {
      la_instance_unpin(instance);
    }
  }
  set->count = kept;
}

/* Objects that were clean and were changed while the flush ran: the changes are not for the
 * database. */
static void forget_late_changes(la_session *session) {
  la_instances *dirty = &session->dirty_objects;
  size_t count = 0;
  for (size_t i = 0; i < dirty->count; i++) {
    la_instance *instance = dirty->items[i];
    if (instance->flags & LA_INSTANCE_DIRTY) {
      count += la_instance_is_modified(instance) ? 1 : 0;
      la_instance_commit_all(instance);
      instance->flags &= ~(uint32_t)LA_INSTANCE_DIRTY;
      la_session_note_hold(session, instance);
    }
  }
  if (count > 0) {
    la_warn(session->sql->warnings,
            "Attribute history events accumulated on %zu previously clean instances within "
            "inner-flush event handlers have been reset, and will not result in database updates. "
            "Consider using set_committed_value() within inner-flush event handlers to avoid this "
            "warning.",
            count);
  }
}

void la_flush_finish(la_flush *flush) {
  la_session *session = flush->session;
  la_session_level *level = la_session_top(session);
  la_persist_end(flush);
  for (size_t i = 0; i < flush->records.count; i++) {
    if (flush->records.items[i].op == LA_RECORD_DELETE) {
      finish_delete(flush, &flush->records.items[i]);
    }
  }
  for (size_t i = 0; i < flush->records.count; i++) {
    if (flush->records.items[i].op == LA_RECORD_SAVE) {
      finish_save(flush, &flush->records.items[i]);
    }
  }
  finish_listed(flush);
  for (size_t i = 0; i < flush->expires.count; i++) {
    la_instance_expire_slot(flush->expires.items[i].instance, flush->expires.items[i].slot);
  }
  for (size_t i = 0; i < flush->switches.count; i++) {
    level->switches.items[level->switches.count++] = flush->switches.items[i];
  }
  flush->switches.count = 0;
  for (size_t i = 0; i < flush->undo.count; i++) {
    la_slot_free(flush->alloc, &flush->undo.items[i].old);
  }
  flush->undo.count = 0;
  forget_late_changes(session);
  keep_flagged(&session->new_objects, LA_INSTANCE_NEW);
  keep_flagged(&session->dirty_objects, LA_INSTANCE_DIRTY);
  keep_flagged(&session->deleted_objects, LA_INSTANCE_DELETED);
  release_objects(flush);
  session->flushing = session->executing = false;
  flush->finished = true;
}

void la_flush_free(la_flush *flush) {
  la_allocator *alloc;
  la_session *session;
  if (flush == NULL) {
    return;
  }
  alloc = flush->alloc;
  session = flush->session;
  session->ready = session->ready == flush ? NULL : session->ready;
  if (!flush->finished && !flush->failed) {
    la_error dropped = LA_ERROR_INIT;
    la_fail(&dropped, LA_FLUSH, "the flush was left before its end");
    if (flush->sent) {
      la_flush_fail(flush, LA_FLUSH, &dropped);
    } else {
      la_persist_close(flush);
      undo_all(flush);
      release_objects(flush);
    }
  } else if (flush->failed && session->flushing && flush->undo.count == 0) {
    release_objects(flush);
  }
  session->flushing = session->executing = false;
  while (flush->records.count > 0) {
    la_instance_unpin(flush->records.items[--flush->records.count].instance);
  }
  for (size_t i = 0; i < flush->switches.count; i++) {
    la_key_switch_free(alloc, flush->switches.items[i]);
  }
  la_flush_clear_answers(flush);
  la_flush_give_back(flush, flush->finished);
}
