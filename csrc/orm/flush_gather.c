/* SPDX-License-Identifier: MIT */
/*
 * Which objects a flush works on, and which foreign keys and rows of secondary tables follow from
 * their links.
 *
 * Begins with the session's sets. Each object is scanned once for what saving it brings and once
 * for what deleting it brings; scans bring in further objects, which wait in a queue, so the
 * depth of a graph does not matter. A link that must be known and is not loaded is asked for by a
 * step; the scan goes on at the same link.
 */
#include "orm/flush_internal.h"

static la_relationship *relationship_of(const la_instance *instance, uint32_t link) {
  return instance->mapper->links[link]->relationship;
}

static bool enqueue(la_flush *flush, uint32_t number) {
  la_flush_record *record = &flush->records.items[number];
  if (record->flags & LA_RECORD_QUEUED) {
    return true;
  }
  if (!la_vec_push(flush->alloc, &flush->queue, number)) {
    return false;
  }
  record->flags |= LA_RECORD_QUEUED;
  return true;
}

la_flush_record *la_flush_register(la_flush *flush, la_instance *instance, la_record_op op,
                                   bool cancel_delete, la_error *err) {
  la_flush_record *record = la_flush_record_of(flush, instance);
  uint32_t number;
  if (record == NULL) {
    la_flush_record fresh = {.instance = instance,
                             .first_sync = LA_FLUSH_NONE,
                             .first_fetched = LA_FLUSH_NONE,
                             .node = LA_FLUSH_NONE,
                             .op = (uint8_t)op};
    if (instance->session != flush->session || instance->flags & LA_INSTANCE_GONE) {
      return NULL;
    }
    if (!la_vec_push(flush->alloc, &flush->records, fresh)) {
      la_fail_nomem(err);
      return NULL;
    }
    number = (uint32_t)(flush->records.count - 1);
    la_instance_pin(instance);
    instance->set_index = number;
    instance->flags |= LA_INSTANCE_FLUSHING;
    if (!enqueue(flush, number)) {
      la_fail_nomem(err);
      return NULL;
    }
    return &flush->records.items[number];
  }
  number = instance->set_index;
  if (op > record->op || (op == LA_RECORD_SAVE && cancel_delete && record->op != op)) {
    record->op = (uint8_t)op;
    if (!enqueue(flush, number)) {
      la_fail_nomem(err);
      return NULL;
    }
  }
  return record;
}

/* A change of a link that can't be written, since the object at its other end is not in the
 * session; an object that was deleted in it is as expected. */
static void warn_absent(const la_flush *flush, const la_relationship *relationship,
                        const la_instance *other, bool add) {
  if (other->session == flush->session && other->flags & LA_INSTANCE_GONE) {
    return;
  }
  la_warn(flush->session->sql->warnings,
          "Object of type <%.*s> not in session, %s operation along '%.*s.%.*s' will not proceed",
          LA_TEXT_FORMAT(other->mapper->class_name), add ? "add" : "delete",
          LA_TEXT_FORMAT(relationship->parent->class_name), LA_TEXT_FORMAT(relationship->key));
}

static la_status add_sync(la_flush *flush, la_flush_record *record, la_relationship *relationship,
                          la_instance *parent, bool clear, la_error *err) {
  la_flush_sync sync = {relationship, parent, record->first_sync, clear};
  if (!la_vec_push(flush->alloc, &flush->syncs, sync)) {
    return la_fail_nomem(err);
  }
  record->first_sync = (uint32_t)(flush->syncs.count - 1);
  return LA_OK;
}

/* Whether a foreign key of `relationship` is to be copied to the record's object from some
 * parent. */
static bool has_new_parent(const la_flush *flush, const la_flush_record *record,
                           const la_relationship *relationship) {
  for (uint32_t at = record->first_sync; at != LA_FLUSH_NONE; at = flush->syncs.items[at].next) {
    const la_flush_sync *sync = &flush->syncs.items[at];
    if (sync->relationship == relationship && !sync->clear && sync->parent != NULL) {
      return true;
    }
  }
  return false;
}

/* The other side says that `child` has a parent which is not `parent`. */
static bool back_link_names_other(const la_instance *child, const la_relationship *relationship,
                                  const la_instance *parent) {
  const la_relationship *reverse = la_relationship_reverse_of(relationship, child->mapper);
  const la_link *back;
  if (reverse == NULL || relationship->apart || reverse->uselist ||
      reverse->link >= child->link_count) {
    return false;
  }
  back = &la_links(child)[reverse->link];
  return back->flags & LA_LINK_LOADED && back->to.one != NULL && back->to.one != parent;
}

/* The many-to-one side of the same pair of relationships copies the key by itself. */
static bool back_link_syncs(const la_instance *child, const la_relationship *relationship,
                            const la_instance *parent) {
  const la_relationship *reverse = la_relationship_reverse_of(relationship, child->mapper);
  const la_link *back;
  if (reverse == NULL || reverse->uselist || reverse->link >= child->link_count ||
      reverse->viewonly) {
    return false;
  }
  back = &la_links(child)[reverse->link];
  return back->flags & LA_LINK_MODIFIED && back->to.one == parent;
}

/* Deletes a child that no parent wants any more, and what its own cascades say. */
static la_status delete_orphan(la_flush *flush, la_instance *child, la_error *err) {
  la_error inner = LA_ERROR_INIT;
  la_flush_record *record;
  if (!(child->flags & LA_INSTANCE_KEYED)) {
    return LA_OK;
  }
  record = la_flush_register(flush, child, LA_RECORD_DELETE, false, &inner);
  if (record != NULL) {
    record->flags |= LA_RECORD_CASCADES;
  } else if (inner.status < 0) {
    return la_fail_nomem(err);
  }
  return LA_OK;
}

static la_status child_gained(la_flush *flush, la_relationship *relationship, la_instance *parent,
                              la_instance *child, la_error *err) {
  la_error inner = LA_ERROR_INIT;
  la_flush_record *record = la_flush_register(flush, child, LA_RECORD_SAVE, true, &inner);
  if (record == NULL) {
    if (inner.status < 0) {
      return la_fail_nomem(err);
    }
    warn_absent(flush, relationship, child, true);
    return LA_OK;
  }
  if (back_link_syncs(child, relationship, parent)) {
    return LA_OK;
  }
  return add_sync(flush, record, relationship, parent, false, err);
}

/* The child has another parent than `parent` by now, as far as it is known. */
static bool is_elsewhere(const la_flush *flush, const la_relationship *relationship,
                         const la_instance *parent, const la_instance *child) {
  const la_flush_record *record = la_flush_record_of(flush, child);
  return back_link_names_other(child, relationship, parent) ||
         (record != NULL && has_new_parent(flush, record, relationship));
}

static la_status child_lost(la_flush *flush, la_relationship *relationship, la_instance *parent,
                            la_instance *child, la_error *err) {
  la_error inner = LA_ERROR_INIT;
  la_flush_record *record;
  if (is_elsewhere(flush, relationship, parent, child)) {
    return LA_OK;
  }
  if (relationship->cascade & LA_CASCADE_DELETE_ORPHAN &&
      !la_link_has_other_owner(child, relationship)) {
    return delete_orphan(flush, child, err);
  }
  if (relationship->passive_deletes == LA_PASSIVE_DELETES_ALL) {
    return LA_OK;
  }
  record = la_flush_register(flush, child, LA_RECORD_SAVE, false, &inner);
  if (record == NULL) {
    if (inner.status < 0) {
      return la_fail_nomem(err);
    }
    warn_absent(flush, relationship, child, false);
    return LA_OK;
  }
  if (back_link_syncs(child, relationship, NULL)) {
    return LA_OK;
  }
  return add_sync(flush, record, relationship, NULL, true, err);
}

/* What a changed link gained and lost, into flush->added and flush->removed. */
static la_status link_history(la_flush *flush, const la_instance *instance, uint32_t link,
                              la_error *err) {
  const la_link *l = &la_links(instance)[link];
  flush->added.count = 0;
  flush->removed.count = 0;
  if (!(l->flags & LA_LINK_MODIFIED)) {
    return LA_OK;
  }
  if (relationship_of(instance, link)->uselist) {
    return l->to.many == NULL ? LA_OK
                              : la_collection_history(l->to.many, flush->alloc, &flush->added,
                                                      &flush->removed, err);
  }
  if (l->to.one == l->committed) {
    return LA_OK;
  }
  if ((l->to.one != NULL && !la_vec_push(flush->alloc, &flush->added, l->to.one)) ||
      (l->committed != NULL && !la_vec_push(flush->alloc, &flush->removed, l->committed))) {
    return la_fail_nomem(err);
  }
  return LA_OK;
}

static la_status note_relationship(la_flush *flush, la_relationship *relationship, la_error *err) {
  for (size_t i = flush->relationships.count; i-- > 0;) {
    if (flush->relationships.items[i] == relationship) {
      return LA_OK;
    }
  }
  return la_vec_push(flush->alloc, &flush->relationships, relationship) ? LA_OK
                                                                        : la_fail_nomem(err);
}

/* One row of a secondary table; the same row told by both sides counts once. */
static la_status add_pair(la_flush *flush, la_flush_pair pair, la_error *err) {
  la_relationship *relationship = pair.relationship;
  if (pair.other->session != flush->session || pair.other->flags & LA_INSTANCE_GONE) {
    warn_absent(flush, relationship, pair.other, pair.add);
    return LA_OK; /* its row is none of ours, or has gone already */
  }
  if (relationship->reverse != NULL) {
    bool turned = relationship > relationship->reverse;
    const void *parts[4] = {turned ? relationship->reverse : relationship,
                            turned ? pair.other : pair.owner, turned ? pair.owner : pair.other,
                            pair.add ? "" : NULL};
    la_text key = {la_arena_copy(&flush->arena, (const char *)parts, sizeof parts), sizeof parts};
    if (key.bytes == NULL) {
      return la_fail_nomem(err);
    }
    if (la_map_get(&flush->pairs_seen, key) != NULL) {
      return LA_OK;
    }
    if (!la_map_set(&flush->pairs_seen, flush->alloc, key, relationship)) {
      return la_fail_nomem(err);
    }
  }
  LA_TRY(note_relationship(flush, relationship, err));
  return la_vec_push(flush->alloc, &flush->pairs, pair) ? LA_OK : la_fail_nomem(err);
}

static la_status scan_saved_pairs(la_flush *flush, la_instance *instance,
                                  la_relationship *relationship, la_error *err) {
  bool orphans = relationship->cascade & LA_CASCADE_DELETE_ORPHAN;
  for (size_t i = 0; i < flush->removed.count; i++) {
    la_flush_pair pair = {relationship, instance, flush->removed.items[i], false, false};
    LA_TRY(add_pair(flush, pair, err));
    if (orphans) {
      LA_TRY(delete_orphan(flush, flush->removed.items[i], err));
    }
  }
  for (size_t i = 0; i < flush->added.count; i++) {
    la_flush_pair pair = {relationship, instance, flush->added.items[i], true, false};
    LA_TRY(add_pair(flush, pair, err));
  }
  return LA_OK;
}

static la_status scan_saved_scalar(la_flush *flush, uint32_t number, la_relationship *relationship,
                                   uint32_t link, la_error *err) {
  la_flush_record *record = &flush->records.items[number];
  la_instance *instance = record->instance;
  const la_link *l = &la_links(instance)[link];
  bool is_new = !(instance->flags & LA_INSTANCE_KEYED);
  la_instance *parent = l->to.one;
  if (!(l->flags & LA_LINK_LOADED) || !(l->flags & LA_LINK_MODIFIED || (is_new && parent))) {
    return LA_OK;
  }
  if (parent != NULL && (parent->session != flush->session || parent->flags & LA_INSTANCE_GONE)) {
    warn_absent(flush, relationship, parent, true);
    return LA_OK;
  }
  LA_TRY(add_sync(flush, record, relationship, parent, parent == NULL, err));
  if (la_link_was_let_go(instance, link)) {
    return delete_orphan(flush, instance, err);
  }
  if (relationship->cascade & LA_CASCADE_DELETE_ORPHAN && flush->removed.count > 0) {
    return delete_orphan(flush, flush->removed.items[0], err);
  }
  return LA_OK;
}

static bool key_has_changed(const la_instance *instance) {
  const la_mapper *mapper = instance->mapper;
  for (uint32_t i = 0; i < mapper->primary_key_count; i++) {
    uint32_t slot = mapper->primary_key[i]->slot;
    if (instance->slots[slot].flags & LA_SLOT_MODIFIED && la_slot_differs(instance, slot)) {
      return true;
    }
  }
  return false;
}

/* The children of an object whose key changes get the new key: by an UPDATE of ours, or, where the
 * database passes it on, in memory alone. */
static la_status follow_key(la_flush *flush, la_instance *instance, uint32_t link, la_error *err) {
  la_relationship *relationship = relationship_of(instance, link);
  la_record_op op = relationship->passive_updates ? LA_RECORD_LISTED : LA_RECORD_SAVE;
  if (!(instance->flags & LA_INSTANCE_KEYED) || !key_has_changed(instance)) {
    return LA_OK;
  }
  flush->added.count = 0;
  LA_TRY(la_link_members(instance, link, flush->alloc, &flush->added, err));
  for (size_t i = 0; i < flush->added.count; i++) {
    la_error inner = LA_ERROR_INIT;
    la_flush_record *record = la_flush_register(flush, flush->added.items[i], op, false, &inner);
    if (record == NULL) {
      if (inner.status < 0) {
        return la_fail_nomem(err);
      }
    } else if (!has_new_parent(flush, record, relationship)) {
      LA_TRY(add_sync(flush, record, relationship, instance, false, err));
    }
  }
  return LA_OK;
}

static la_status scan_saved_link(la_flush *flush, uint32_t number, uint32_t link, la_error *err) {
  la_instance *instance = flush->records.items[number].instance;
  la_relationship *relationship = relationship_of(instance, link);
  LA_TRY(link_history(flush, instance, link, err));
  switch (relationship->direction) {
  case LA_MANY_TO_ONE:
    return scan_saved_scalar(flush, number, relationship, link, err);
  case LA_MANY_TO_MANY:
    return scan_saved_pairs(flush, instance, relationship, err);
  default:
    for (size_t i = 0; i < flush->added.count; i++) {
      LA_TRY(child_gained(flush, relationship, instance, flush->added.items[i], err));
    }
    for (size_t i = 0; i < flush->removed.count; i++) {
      LA_TRY(child_lost(flush, relationship, instance, flush->removed.items[i], err));
    }
    return follow_key(flush, instance, link, err);
  }
}

/* The members that a link of a deleted object has, and those it had, into flush->removed; those
 * that the database does not know of yet are marked. */
static la_status all_members(la_flush *flush, const la_instance *instance, uint32_t link,
                             size_t *members_out, la_error *err) {
  LA_TRY(link_history(flush, instance, link, err));
  flush->removed.count = 0;
  LA_TRY(la_link_members(instance, link, flush->alloc, &flush->removed, err));
  *members_out = flush->removed.count;
  LA_TRY(la_link_leavers(instance, link, flush->alloc, &flush->removed, err));
  for (size_t i = 0; i < flush->added.count; i++) {
    flush->added.items[i]->flags |= LA_INSTANCE_MARKED;
  }
  return LA_OK;
}

static void unmark_added(la_flush *flush) {
  for (size_t i = 0; i < flush->added.count; i++) {
    flush->added.items[i]->flags &= ~(uint32_t)LA_INSTANCE_MARKED;
  }
}

static la_status scan_deleted_pairs(la_flush *flush, la_instance *instance,
                                    la_relationship *relationship, la_error *err) {
  for (size_t i = 0; i < flush->removed.count; i++) {
    la_flush_pair pair = {relationship, instance, flush->removed.items[i], false, true};
    if (pair.other->flags & LA_INSTANCE_KEYED && !(pair.other->flags & LA_INSTANCE_MARKED)) {
      LA_TRY(add_pair(flush, pair, err));
    }
  }
  return LA_OK;
}

/* A delete cascade reaches what has left as well: of a list, children without a parent; of a
 * reference, what only this object might have. */
static bool reaches_left(const la_relationship *relationship) {
  return relationship->direction == LA_ONE_TO_MANY ||
         (relationship->direction == LA_MANY_TO_ONE &&
          relationship->cascade & LA_CASCADE_DELETE_ORPHAN);
}

static la_status scan_deleted_link(la_flush *flush, uint32_t number, uint32_t link, la_error *err) {
  la_instance *instance = flush->records.items[number].instance;
  la_relationship *relationship = relationship_of(instance, link);
  bool cascades = relationship->cascade & LA_CASCADE_DELETE;
  bool from_here = flush->records.items[number].flags & LA_RECORD_CASCADES;
  la_instances *members = &flush->removed;
  la_status status = LA_OK;
  size_t staying; /* those behind have left already */
  LA_TRY(all_members(flush, instance, link, &staying, err));
  if (relationship->direction == LA_MANY_TO_MANY) {
    status = scan_deleted_pairs(flush, instance, relationship, err);
  }
  unmark_added(flush);
  LA_TRY(status);
  if (relationship->post_update && relationship->direction == LA_MANY_TO_ONE) {
    LA_TRY(add_sync(flush, &flush->records.items[number], relationship, NULL, true, err));
  }
  for (size_t i = 0; i < members->count; i++) {
    la_instance *member = members->items[i];
    la_flush_record *record = la_flush_record_of(flush, member);
    if (record != NULL && relationship->post_update && relationship->direction == LA_ONE_TO_MANY) {
      LA_TRY(add_sync(flush, record, relationship, NULL, true, err));
    }
    if (cascades) {
      bool goes = i < staying ? from_here
                              : reaches_left(relationship) &&
                                    !is_elsewhere(flush, relationship, instance, member);
      if (goes) {
        LA_TRY(delete_orphan(flush, member, err));
      }
    } else if (relationship->direction == LA_ONE_TO_MANY &&
               !(record != NULL && record->op == LA_RECORD_DELETE)) {
      LA_TRY(child_lost(flush, relationship, instance, member, err));
    }
  }
  return LA_OK;
}

/* The children's foreign keys are ours to change, and the children are not known yet. */
static bool must_follow_key(const la_instance *instance, uint32_t link) {
  const la_relationship *relationship = relationship_of(instance, link);
  return !relationship->passive_updates && relationship->direction == LA_ONE_TO_MANY &&
         instance->flags & LA_INSTANCE_KEYED &&
         !(la_links(instance)[link].flags & LA_LINK_LOADED) && key_has_changed(instance);
}

/* Objects refer to others by `relationship` without being listed there: when a key changes they
 * must be searched for. */
static bool is_searched(const la_relationship *relationship) {
  const la_relationship *reverse = relationship->reverse;
  return relationship->direction == LA_MANY_TO_ONE && !relationship->viewonly &&
         relationship->configured &&
         (reverse == NULL || (!relationship->passive_updates && reverse->passive_updates));
}

/* The foreign key of `link` follows the key of `parent`, if the link names that; LA_ROW if it must
 * be loaded to tell. */
static la_status follow_from_child(la_flush *flush, la_instance *child, uint32_t link,
                                   la_instance *parent, la_flush_step *step_out, la_error *err) {
  la_relationship *relationship = relationship_of(child, link);
  la_error inner = LA_ERROR_INIT;
  la_flush_record *record;
  bool loaded = la_links(child)[link].flags & LA_LINK_LOADED;
  if (!loaded && relationship->passive_updates) {
    return LA_OK;
  }
  if (!loaded && la_link_peek(child, link) == NULL) {
    *step_out = (la_flush_step){.kind = LA_FLUSH_LOAD, .instance = child, .slot = link};
    return LA_ROW;
  }
  if (la_link_peek(child, link) != parent) {
    return LA_OK;
  }
  record = la_flush_register(flush, child,
                             relationship->passive_updates ? LA_RECORD_LISTED : LA_RECORD_SAVE,
                             false, &inner);
  if (record == NULL) {
    return inner.status < 0 ? la_fail_nomem(err) : LA_OK;
  }
  return has_new_parent(flush, record, relationship)
             ? LA_OK
             : add_sync(flush, record, relationship, parent, false, err);
}

/* Who refers to an object whose key changes, without a list of its own: all objects are asked. */
static la_status search_children(la_flush *flush, la_instance *parent, la_flush_step *step_out,
                                 la_error *err) {
  la_instances all = {0};
  la_status status = la_session_all(flush->session, &all, err);
  for (size_t i = 0; status == LA_OK && i < all.count; i++) {
    la_instance *child = all.items[i];
    for (uint32_t link = 0; status == LA_OK && link < child->link_count; link++) {
      const la_relationship *relationship = relationship_of(child, link);
      if (is_searched(relationship) && la_mapper_is_a(parent->mapper, relationship->target)) {
        status = follow_from_child(flush, child, link, parent, step_out, err);
      }
    }
  }
  la_vec_clear(flush->alloc, &all);
  return status;
}

/* The version that the row must have is not known, and the row is to be changed or deleted. */
static bool must_read_version(const la_flush_record *record) {
  const la_instance *instance = record->instance;
  const la_property *version = instance->mapper->version_property;
  return version != NULL && instance->flags & LA_INSTANCE_KEYED &&
         version->slot < instance->slot_count &&
         !(instance->slots[version->slot].flags & LA_SLOT_LOADED) &&
         !(record->flags & LA_RECORD_VERSION_READ) &&
         (record->op == LA_RECORD_DELETE || la_instance_is_modified(instance));
}

/* Scans the links of a record from flush->link_at on; LA_ROW if one must be loaded first. */
static la_status scan(la_flush *flush, uint32_t number, la_flush_step *step_out, la_error *err) {
  la_instance *instance = flush->records.items[number].instance;
  bool deletes = flush->records.items[number].op == LA_RECORD_DELETE;
  if (must_read_version(&flush->records.items[number])) {
    flush->records.items[number].flags |= LA_RECORD_VERSION_READ;
    *step_out = (la_flush_step){.kind = LA_FLUSH_READ,
                                .instance = instance,
                                .property = instance->mapper->version_property};
    return LA_ROW;
  }
  if (!deletes && flush->link_at == 0 && !flush->asked && instance->flags & LA_INSTANCE_KEYED &&
      key_has_changed(instance)) {
    la_status status = search_children(flush, instance, step_out, err);
    if (status != LA_OK) {
      return status;
    }
  }
  for (; flush->link_at < instance->link_count; flush->link_at++) {
    uint32_t link = flush->link_at;
    const la_link *l = &la_links(instance)[link];
    if (relationship_of(instance, link)->viewonly) {
      continue;
    }
    if (deletes && !flush->asked && la_cascade_needs_load(instance, link)) {
      flush->asked = true;
      *step_out = (la_flush_step){.kind = LA_FLUSH_LOAD, .instance = instance, .slot = link};
      return LA_ROW;
    }
    if (!deletes && !flush->asked && must_follow_key(instance, link)) {
      flush->asked = true;
      *step_out = (la_flush_step){.kind = LA_FLUSH_LOAD, .instance = instance, .slot = link};
      return LA_ROW;
    }
    if (!flush->asked && la_link_lacks_old(instance, link)) {
      flush->asked = true;
      *step_out = (la_flush_step){.kind = LA_FLUSH_LOAD_OLD, .instance = instance, .slot = link};
      return LA_ROW;
    }
    flush->asked = false;
    if (deletes) {
      LA_TRY(scan_deleted_link(flush, number, link, err));
    } else if (l->flags & (LA_LINK_MODIFIED | LA_LINK_LOADED)) {
      LA_TRY(scan_saved_link(flush, number, link, err));
    }
  }
  return LA_OK;
}

la_status la_flush_prepare(la_flush *flush, la_flush_step *step_out, la_error *err) {
  while (flush->queue_at < flush->queue.count) {
    uint32_t number = flush->queue.items[flush->queue_at];
    bool deletes = flush->records.items[number].op == LA_RECORD_DELETE;
    uint16_t seen = deletes ? LA_RECORD_DELETE_SCANNED : LA_RECORD_SAVE_SCANNED;
    if (!(flush->records.items[number].flags & seen)) {
      la_status status = scan(flush, number, step_out, err);
      if (status == LA_ROW) {
        return status;
      }
      if (status < 0) {
        return la_flush_fail(flush, status, err);
      }
      flush->records.items[number].flags |= seen;
    }
    flush->link_at = 0;
    flush->queue_at++;
    flush->records.items[number].flags &= (uint16_t)~LA_RECORD_QUEUED;
  }
  return LA_OK;
}
