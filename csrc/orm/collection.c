/* SPDX-License-Identifier: MIT */
#include "orm/collection.h"

#include "base/map.h"

#define FEW ((size_t)8) /* members up to this many are compared one with another */

la_collection *la_link_collection(la_instance *instance, uint32_t link) {
  la_link *l = &la_links(instance)[link];
  if (l->to.many == NULL) {
    la_collection *many = la_alloc_zero(instance->mapper->alloc, sizeof *many);
    if (many != NULL) {
      many->alloc = instance->mapper->alloc;
      l->to.many = many;
    }
  }
  return l->to.many;
}

void la_collection_free(la_collection *collection) {
  if (collection == NULL) {
    return;
  }
  la_vec_clear(collection->alloc, &collection->items);
  la_vec_clear(collection->alloc, &collection->committed);
  la_vec_clear(collection->alloc, &collection->added);
  la_vec_clear(collection->alloc, &collection->removed);
  la_free(collection->alloc, collection, sizeof *collection);
}

static size_t find(la_instance *const *items, size_t count, const la_instance *item) {
  for (size_t i = 0; i < count; i++) {
    if (items[i] == item) {
      return i;
    }
  }
  return SIZE_MAX;
}

size_t la_collection_index(const la_collection *collection, const la_instance *item) {
  return find(collection->items.items, collection->items.count, item);
}

bool la_collection_differs(const la_collection *collection) {
  size_t count = collection->items.count;
  if (!collection->snapshot) {
    return false;
  }
  return count != collection->committed.count ||
         (count > 0 && memcmp(collection->items.items, collection->committed.items,
                              count * sizeof *collection->items.items) != 0);
}

/* Appends to `out` the distinct items of `list` that do not stand in `other`. */
static bool append_missing(la_allocator *alloc, la_instance *const *list, size_t count,
                           la_instance *const *other, size_t other_count, la_instances *out) {
  la_map seen = {0};
  bool few = count <= FEW && other_count <= FEW, ok = true;
  for (size_t i = 0; !few && ok && i < other_count; i++) {
    ok = la_map_set_pointer(&seen, alloc, other[i], other[i]);
  }
  for (size_t i = 0; ok && i < count; i++) {
    la_instance *item = list[i];
    if (few ? find(other, other_count, item) != SIZE_MAX || find(list, i, item) != SIZE_MAX
            : la_map_get_pointer(&seen, item) != NULL) {
      continue;
    }
    ok = (few || la_map_set_pointer(&seen, alloc, item, item)) && la_vec_push(alloc, out, item);
  }
  la_map_clear(&seen, alloc);
  return ok;
}

/* How many members at the front have stayed in their places. */
static size_t common_front(const la_collection *c) {
  size_t count = 0;
  while (count < c->items.count && count < c->committed.count &&
         c->items.items[count] == c->committed.items[count]) {
    count++;
  }
  return count;
}

la_status la_collection_history(const la_collection *collection, la_allocator *alloc,
                                la_instances *added_out, la_instances *removed_out, la_error *err) {
  const la_collection *c = collection;
  bool ok = true;
  added_out->count = 0;
  removed_out->count = 0;
  if (c->snapshot && c->committed.count == 0) {
    ok = append_missing(alloc, c->items.items, c->items.count, NULL, 0, added_out);
  } else if (c->snapshot) {
    size_t front = common_front(c);
    bool grown = front == c->committed.count; /* all that were there still are */
    ok = append_missing(alloc, c->items.items + front, c->items.count - front, c->committed.items,
                        c->committed.count, added_out) &&
         (grown || append_missing(alloc, c->committed.items + front, c->committed.count - front,
                                  c->items.items, c->items.count, removed_out));
  }
  ok = ok && append_missing(alloc, c->added.items, c->added.count, NULL, 0, added_out) &&
       append_missing(alloc, c->removed.items, c->removed.count, NULL, 0, removed_out);
  return ok ? LA_OK : la_fail_nomem(err);
}

static bool take_snapshot(la_collection *c) {
  if (c->snapshot) {
    return true;
  }
  c->committed.count = 0;
  if (!la_vec_reserve(c->alloc, &c->committed, c->items.count)) {
    return false;
  }
  if (c->items.count > 0) {
    memcpy(c->committed.items, c->items.items, c->items.count * sizeof *c->items.items);
  }
  c->committed.count = c->items.count;
  c->snapshot = true;
  return true;
}

la_status la_collection_insert(la_collection *collection, size_t at, la_instance *item,
                               la_error *err) {
  if (!take_snapshot(collection) || !la_vec_reserve(collection->alloc, &collection->items, 1)) {
    return la_fail_nomem(err);
  }
  if (at > collection->items.count) {
    at = collection->items.count;
  }
  memmove(collection->items.items + at + 1, collection->items.items + at,
          (collection->items.count - at) * sizeof *collection->items.items);
  collection->items.items[at] = item;
  collection->items.count++;
  return LA_OK;
}

la_status la_collection_remove_at(la_collection *collection, size_t at, la_error *err) {
  if (at >= collection->items.count) {
    return LA_OK;
  }
  if (!take_snapshot(collection)) {
    return la_fail_nomem(err);
  }
  memmove(collection->items.items + at, collection->items.items + at + 1,
          (collection->items.count - at - 1) * sizeof *collection->items.items);
  collection->items.count--;
  return LA_OK;
}

/* Takes `item` out of `list`; false if it is not in it. The newest are looked at first. */
static bool take_out(la_instances *list, const la_instance *item) {
  for (size_t i = list->count; i-- > 0;) {
    if (list->items[i] == item) {
      memmove(list->items + i, list->items + i + 1, (list->count - i - 1) * sizeof *list->items);
      list->count--;
      return true;
    }
  }
  return false;
}

la_status la_collection_queue(la_collection *collection, la_instance *item, bool add,
                              la_error *err) {
  la_instances *own = add ? &collection->added : &collection->removed;
  la_instances *other = add ? &collection->removed : &collection->added;
  if (take_out(other, item)) {
    return LA_OK;
  }
  return la_vec_push(collection->alloc, own, item) ? LA_OK : la_fail_nomem(err);
}

/* `items` without those of `removed`, then those of `added` that are not among them. */
static bool merge(la_collection *c, la_instance *const *items, size_t count) {
  bool ok;
  c->items.count = 0;
  if (c->removed.count == 0) {
    ok = la_vec_reserve(c->alloc, &c->items, count);
    if (ok && count > 0) {
      memcpy(c->items.items, items, count * sizeof *items);
      c->items.count = count;
    }
  } else {
    ok = append_missing(c->alloc, items, count, c->removed.items, c->removed.count, &c->items);
  }
  return ok && (c->added.count == 0 ||
                append_missing(c->alloc, c->added.items, c->added.count, items, count, &c->items));
}

la_status la_collection_load(la_instance *instance, uint32_t link, la_instance *const *items,
                             size_t count, la_error *err) {
  la_collection *c = la_link_collection(instance, link);
  bool queued;
  if (c == NULL) {
    return la_fail_nomem(err);
  }
  queued = c->added.count > 0 || c->removed.count > 0;
  c->snapshot = false;
  if (!la_vec_reserve(c->alloc, &c->committed, queued ? count : 0) || !merge(c, items, count)) {
    c->items.count = 0;
    return la_fail_nomem(err);
  }
  if (queued) {
    if (count > 0) {
      memcpy(c->committed.items, items, count * sizeof *items);
    }
    c->committed.count = count;
    c->snapshot = true;
    c->added.count = 0;
    c->removed.count = 0;
  } else {
    la_links(instance)[link].flags &= ~(uint32_t)LA_LINK_MODIFIED;
  }
  la_links(instance)[link].flags |= LA_LINK_LOADED;
  la_links(instance)[link].flags &= ~(uint32_t)LA_LINK_EXPIRED;
  return LA_OK;
}

void la_collection_commit(la_collection *collection) {
  collection->snapshot = false;
  la_vec_clear(collection->alloc, &collection->committed);
  la_vec_clear(collection->alloc, &collection->added);
  la_vec_clear(collection->alloc, &collection->removed);
}
