/* SPDX-License-Identifier: MIT */
/*
 * Applying changes of links, and their passage between loaded, modified, committed and unloaded.
 */
#include "orm/link.h"

#include "orm/session.h"

static la_relationship *relationship_of(const la_instance *instance, uint32_t link) {
  return instance->mapper->links[link]->relationship;
}

bool la_link_has_other_owner(const la_instance *child, const la_relationship *lost) {
  if (!child->mapper->root->legacy_is_orphan) {
    return false;
  }
  for (uint32_t i = 0; i < child->link_count; i++) {
    const la_relationship *reverse = relationship_of(child, i)->reverse;
    const la_link *l = &la_links(child)[i];
    bool owns = reverse != NULL && reverse != lost && reverse->cascade & LA_CASCADE_DELETE_ORPHAN &&
                reverse->direction == LA_ONE_TO_MANY;
    if (owns &&
        (l->flags & LA_LINK_LOADED ? l->to.one != NULL : (child->flags & LA_INSTANCE_KEYED) != 0)) {
      return true;
    }
  }
  return false;
}

/* A child that has no row yet and loses the parent it must have leaves the session at once. */
static bool is_pending_orphan(const la_link_change *change, const la_instance *child) {
  const la_relationship *relationship = relationship_of(change->instance, change->link);
  const la_relationship *reverse;
  const la_link *back;
  if (child == NULL || !(relationship->cascade & LA_CASCADE_DELETE_ORPHAN) ||
      !(child->flags & LA_INSTANCE_NEW) || la_link_has_other_owner(child, relationship)) {
    return false;
  }
  reverse = la_relationship_reverse_of(relationship, child->mapper);
  if (reverse == NULL || reverse->uselist || reverse->link >= child->link_count) {
    return true;
  }
  back = &la_links(child)[reverse->link];
  return back->to.one == NULL || back->to.one == change->instance;
}

static void set_one(la_instance *instance, uint32_t link, la_instance *other, la_instance *old) {
  la_link *l = &la_links(instance)[link];
  bool known = l->flags & LA_LINK_LOADED || !(instance->flags & LA_INSTANCE_KEYED) || old != NULL;
  if (l->flags & LA_LINK_LOADED && l->to.one == other) {
    return;
  }
  if (!(l->flags & LA_LINK_MODIFIED)) {
    l->committed = l->flags & LA_LINK_LOADED ? l->to.one : old;
    l->flags |= known ? LA_LINK_COMMITTED_KNOWN : 0;
  }
  l->to.one = other;
  l->flags |= LA_LINK_LOADED | LA_LINK_MODIFIED;
  l->flags &= ~(uint32_t)(LA_LINK_EXPIRED | LA_LINK_DELETED);
}

static la_status change_many(const la_link_change *change, la_error *err) {
  la_link *l = &la_links(change->instance)[change->link];
  la_collection *many = la_link_collection(change->instance, change->link);
  size_t at = change->at;
  if (many == NULL) {
    return la_fail_nomem(err);
  }
  switch (change->kind) {
  case LA_LINK_INSERT:
    LA_TRY(la_collection_insert(many, at, change->other, err));
    l->flags |= LA_LINK_LOADED;
    break;
  case LA_LINK_REMOVE:
    if (at >= many->items.count || many->items.items[at] != change->other) {
      at = la_collection_index(many, change->other);
    }
    LA_TRY(la_collection_remove_at(many, at, err));
    break;
  default:
    LA_TRY(la_collection_queue(many, change->other, change->kind == LA_LINK_QUEUE_ADD, err));
  }
  l->flags |= LA_LINK_MODIFIED;
  return LA_OK;
}

la_status la_link_apply(const la_link_change *change, bool *first_out, la_error *err) {
  la_instance *instance = change->instance;
  la_instance *leaver = change->kind == LA_LINK_SET ? change->old
                        : change->kind == LA_LINK_REMOVE || change->kind == LA_LINK_QUEUE_REMOVE
                            ? change->other
                            : NULL;
  bool first = instance->flags & LA_INSTANCE_KEYED && !(instance->flags & LA_INSTANCE_DIRTY);
  if (first_out != NULL) {
    *first_out = false;
  }
  if (change->link >= instance->link_count) {
    const la_property *property = instance->mapper->links[change->link];
    return la_fail(err, LA_INVALID_REQUEST,
                   "attribute '%.*s' was added to %.*s after this object was made",
                   LA_TEXT_FORMAT(property->key), LA_TEXT_FORMAT(instance->mapper->class_name));
  }
  if (first && instance->session != NULL) {
    LA_TRY(la_session_note_dirty(instance->session, instance, err));
  }
  if (change->kind == LA_LINK_SET) {
    set_one(instance, change->link, change->other, change->old);
  } else {
    LA_TRY(change_many(change, err));
  }
  instance->flags |= LA_INSTANCE_LINKS_MODIFIED;
  if (first_out != NULL) {
    *first_out = first;
  }
  if (leaver != change->instance && is_pending_orphan(change, leaver)) {
    return la_session_expunge(leaver->session, leaver, err);
  }
  return LA_OK;
}

/* A flush has to know what the link held, and is able to read it. */
static bool flush_needs_old(const la_instance *instance, uint32_t link) {
  const la_relationship *r = relationship_of(instance, link);
  bool by_key = r->direction == LA_MANY_TO_ONE && r->use_get && !r->active_history &&
                !(r->cascade & LA_CASCADE_DELETE_ORPHAN);
  return !r->uselist && !r->viewonly && !by_key && r->lazy != LA_LOADER_NOLOAD &&
         instance->session != NULL && la_instance_state(instance) == LA_STATE_PERSISTENT;
}

bool la_link_needs_old(const la_instance *instance, uint32_t link) {
  const la_relationship *r = relationship_of(instance, link);
  return !(la_links(instance)[link].flags & LA_LINK_LOADED) &&
         (r->active_history || r->cascade & LA_CASCADE_DELETE_ORPHAN) &&
         (r->active_history || r->direction == LA_MANY_TO_ONE) && flush_needs_old(instance, link);
}

bool la_link_lacks_old(const la_instance *instance, uint32_t link) {
  uint32_t known = LA_LINK_MODIFIED | LA_LINK_COMMITTED_KNOWN;
  return (la_links(instance)[link].flags & known) == LA_LINK_MODIFIED &&
         flush_needs_old(instance, link);
}

void la_link_learn_old(la_instance *instance, uint32_t link, la_instance *old) {
  la_link *l = &la_links(instance)[link];
  l->committed = old;
  l->flags |= LA_LINK_COMMITTED_KNOWN;
}

bool la_link_names_old(const la_instance *instance, uint32_t link) {
  const la_link *l = &la_links(instance)[link];
  const la_collection *many = l->to.many;
  if (!relationship_of(instance, link)->uselist) {
    return l->committed != NULL;
  }
  return many != NULL && (many->snapshot || many->added.count > 0 || many->removed.count > 0);
}

bool la_link_was_let_go(const la_instance *instance, uint32_t link) {
  const la_link *l = &la_links(instance)[link];
  const la_relationship *reverse = relationship_of(instance, link)->reverse;
  uint32_t known = LA_LINK_MODIFIED | LA_LINK_COMMITTED_KNOWN;
  return reverse != NULL && reverse->cascade & LA_CASCADE_DELETE_ORPHAN &&
         (l->flags & known) == known && l->to.one == NULL && l->committed == NULL;
}

void la_link_load_one(la_instance *instance, uint32_t link, la_instance *other) {
  la_link *l = &la_links(instance)[link];
  *l = (la_link){.to.one = other, .flags = LA_LINK_LOADED | (l->flags & LA_LINK_KEPT)};
}

static void forget(la_instance *instance, uint32_t link) {
  la_link *l = &la_links(instance)[link];
  if (relationship_of(instance, link)->uselist) {
    la_collection_free(l->to.many);
  }
  *l = (la_link){.flags = l->flags & LA_LINK_KEPT};
}

void la_links_unload(la_instance *instance) {
  for (uint32_t i = 0; i < instance->link_count; i++) {
    forget(instance, i);
  }
  instance->flags &= ~(uint32_t)LA_INSTANCE_LINKS_MODIFIED;
}

void la_link_unload(la_instance *instance, uint32_t link) {
  forget(instance, link);
}

void la_link_expire(la_instance *instance, uint32_t link) {
  if (link < instance->link_count) {
    forget(instance, link);
    la_links(instance)[link].flags |= LA_LINK_EXPIRED;
  }
}

void la_link_commit(la_instance *instance, uint32_t link) {
  la_link *l = &la_links(instance)[link];
  l->flags &= ~(uint32_t)(LA_LINK_MODIFIED | LA_LINK_COMMITTED_KNOWN | LA_LINK_DELETED);
  if (relationship_of(instance, link)->uselist) {
    if (l->to.many != NULL) {
      la_collection_commit(l->to.many);
    }
  } else {
    l->committed = NULL;
  }
}
