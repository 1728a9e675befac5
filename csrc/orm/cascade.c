/* SPDX-License-Identifier: MIT */
#include "orm/cascade.h"

#include "orm/link.h"

static la_relationship *relationship_of(const la_instance *instance, uint32_t link) {
  return instance->mapper->links[link]->relationship;
}

static bool push_all(la_allocator *alloc, la_instances *out, const la_instances *from) {
  if (!la_vec_reserve(alloc, out, from->count)) {
    return false;
  }
  if (from->count > 0) {
    memcpy(out->items + out->count, from->items, from->count * sizeof *from->items);
    out->count += from->count;
  }
  return true;
}

la_status la_link_members(const la_instance *instance, uint32_t link, la_allocator *alloc,
                          la_instances *out, la_error *err) {
  const la_link *l = &la_links(instance)[link];
  bool ok = true;
  if (!relationship_of(instance, link)->uselist) {
    if (l->flags & LA_LINK_LOADED && l->to.one != NULL) {
      ok = la_vec_push(alloc, out, l->to.one);
    }
  } else if (l->to.many != NULL) {
    ok = push_all(alloc, out, &l->to.many->items) && push_all(alloc, out, &l->to.many->added);
  }
  return ok ? LA_OK : la_fail_nomem(err);
}

la_status la_link_leavers(const la_instance *instance, uint32_t link, la_allocator *alloc,
                          la_instances *out, la_error *err) {
  const la_link *l = &la_links(instance)[link];
  la_instances added = {0}, removed = {0};
  la_status status = LA_OK;
  if (!(l->flags & LA_LINK_MODIFIED)) {
    return LA_OK;
  }
  if (!relationship_of(instance, link)->uselist) {
    bool left = l->committed != NULL && l->committed != l->to.one;
    return !left || la_vec_push(alloc, out, l->committed) ? LA_OK : la_fail_nomem(err);
  }
  if (l->to.many != NULL) {
    status = la_collection_history(l->to.many, alloc, &added, &removed, err);
    if (status == LA_OK && !push_all(alloc, out, &removed)) {
      status = la_fail_nomem(err);
    }
    la_vec_clear(alloc, &added);
    la_vec_clear(alloc, &removed);
  }
  return status;
}

/* Adds those of `members` that no walk has seen and that `wanted` takes. */
static la_status visit(la_allocator *alloc, const la_instances *members, la_instances *out,
                       bool (*wanted)(const la_session *, const la_instance *),
                       const la_session *session, la_error *err) {
  for (size_t i = 0; i < members->count; i++) {
    la_instance *member = members->items[i];
    if (member->flags & LA_INSTANCE_MARKED || !wanted(session, member)) {
      continue;
    }
    if (!la_vec_push(alloc, out, member)) {
      return la_fail_nomem(err);
    }
    member->flags |= LA_INSTANCE_MARKED;
  }
  return LA_OK;
}

static void unmark(const la_instances *list, size_t from) {
  for (size_t i = from; i < list->count; i++) {
    list->items[i]->flags &= ~(uint32_t)LA_INSTANCE_MARKED;
  }
}

static la_status start(la_allocator *alloc, la_instance *root, la_instances *out, la_error *err) {
  if (!la_vec_push(alloc, out, root)) {
    return la_fail_nomem(err);
  }
  root->flags |= LA_INSTANCE_MARKED;
  return LA_OK;
}

static bool is_elsewhere(const la_session *session, const la_instance *instance) {
  return instance->session != session;
}

static bool is_here(const la_session *session, const la_instance *instance) {
  return instance->session == session && !(instance->flags & LA_INSTANCE_GONE);
}

static bool is_to_delete(const la_session *session, const la_instance *instance) {
  (void)session;
  return instance->flags & LA_INSTANCE_KEYED &&
         !(instance->flags & (LA_INSTANCE_GONE | LA_INSTANCE_DELETED));
}

static la_status refuse_other_session(const la_session *session, const la_instance *instance,
                                      la_error *err) {
  la_strbuf text;
  la_strbuf_init(&text, session->alloc);
  la_instance_describe(instance, &text);
  la_fail(err, LA_INVALID_REQUEST,
          "Object '%.*s' is already attached to session '%u' (this is '%u')",
          LA_TEXT_FORMAT(la_strbuf_view(&text)), instance->session->serial, session->serial);
  la_strbuf_clear(&text);
  return LA_INVALID_REQUEST;
}

la_status la_cascade_save_update(la_session *session, la_instance *root, la_instances *out,
                                 la_error *err) {
  la_allocator *alloc = session->alloc;
  size_t from = out->count;
  la_instances members = {0};
  la_status status = start(alloc, root, out, err);
  for (size_t i = from; status == LA_OK && i < out->count; i++) {
    la_instance *instance = out->items[i];
    if (instance->session != NULL && instance->session != session) {
      status = refuse_other_session(session, instance, err);
    }
    for (uint32_t link = 0; status == LA_OK && link < instance->link_count; link++) {
      if (!(relationship_of(instance, link)->cascade & LA_CASCADE_SAVE_UPDATE)) {
        continue;
      }
      members.count = 0;
      status = la_link_members(instance, link, alloc, &members, err);
      if (status == LA_OK && la_links(instance)[link].flags & LA_LINK_MODIFIED) {
        status = la_link_leavers(instance, link, alloc, &members, err);
      }
      if (status == LA_OK) {
        status = visit(alloc, &members, out, is_elsewhere, session, err);
      }
    }
  }
  unmark(out, from);
  la_vec_clear(alloc, &members);
  return status;
}

la_status la_cascade_collect(la_session *session, la_instance *root, uint32_t cascade,
                             la_instances *out, la_error *err) {
  la_allocator *alloc = session->alloc;
  size_t from = out->count;
  la_instances members = {0};
  la_status status = start(alloc, root, out, err);
  for (size_t i = from; status == LA_OK && i < out->count; i++) {
    la_instance *instance = out->items[i];
    for (uint32_t link = 0; status == LA_OK && link < instance->link_count; link++) {
      if (relationship_of(instance, link)->cascade & cascade) {
        members.count = 0;
        status = la_link_members(instance, link, alloc, &members, err);
        if (status == LA_OK) {
          status = visit(alloc, &members, out, is_here, session, err);
        }
      }
    }
  }
  unmark(out, from);
  la_vec_clear(alloc, &members);
  return status;
}

bool la_cascade_needs_load(const la_instance *instance, uint32_t link) {
  const la_relationship *r = relationship_of(instance, link);
  bool cascades = r->cascade & LA_CASCADE_DELETE;
  if (la_links(instance)[link].flags & LA_LINK_LOADED || r->viewonly ||
      r->passive_deletes != LA_PASSIVE_DELETES_NO || r->lazy == LA_LOADER_NOLOAD) {
    return false;
  }
  return cascades || r->direction != LA_MANY_TO_ONE;
}

/* Pins are held and the members seen are known by a map, not by marks: Lua runs between two steps.
 */
static la_status add_to_walk(la_delete_walk *walk, la_allocator *alloc, la_instance *instance,
                             la_error *err) {
  if (!la_vec_reserve(alloc, &walk->found, 1) ||
      !la_map_set_pointer(&walk->seen, alloc, instance, instance)) {
    return la_fail_nomem(err);
  }
  walk->found.items[walk->found.count++] = instance;
  la_instance_pin(instance);
  return LA_OK;
}

/* Adds what is to be deleted along the link at hand. */
static la_status walk_link(la_delete_walk *walk, la_session *session, la_instance *instance,
                           la_error *err) {
  la_allocator *alloc = session->alloc;
  la_instances members = {0};
  la_status status = la_link_members(instance, walk->link, alloc, &members, err);
  for (size_t i = 0; status == LA_OK && i < members.count; i++) {
    la_instance *member = members.items[i];
    if (is_to_delete(session, member) && la_map_get_pointer(&walk->seen, member) == NULL) {
      status = add_to_walk(walk, alloc, member, err);
    }
  }
  la_vec_clear(alloc, &members);
  return status;
}

la_status la_delete_walk_on(la_delete_walk *walk, la_session *session, la_instance *root,
                            la_error *err) {
  if (walk->found.count == 0) {
    LA_TRY(add_to_walk(walk, session->alloc, root, err));
  }
  for (; walk->at < walk->found.count; walk->at++, walk->link = 0) {
    la_instance *instance = walk->found.items[walk->at];
    for (; walk->link < instance->link_count; walk->link++, walk->asked = false) {
      if (!(relationship_of(instance, walk->link)->cascade & LA_CASCADE_DELETE)) {
        continue;
      }
      if (!walk->asked && instance->flags & LA_INSTANCE_KEYED &&
          la_cascade_needs_load(instance, walk->link)) {
        walk->asked = true;
        return LA_ROW;
      }
      LA_TRY(walk_link(walk, session, instance, err));
    }
  }
  return LA_OK;
}

void la_delete_walk_clear(la_delete_walk *walk, la_allocator *alloc) {
  for (size_t i = 0; i < walk->found.count; i++) {
    la_instance_unpin(walk->found.items[i]);
  }
  la_vec_clear(alloc, &walk->found);
  la_map_clear(&walk->seen, alloc);
}
