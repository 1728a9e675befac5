/* SPDX-License-Identifier: MIT */
/*
 * The C half of a to-many link: plain pointers in order, what it was when loaded, and what was
 * queued while it was not loaded.
 *
 * Owned by the link. It keeps nothing alive: the binding's half holds the handles of all that
 * `items`, `committed` and the queues name, until a flush or expiry.
 */
#ifndef LA_ORM_COLLECTION_H
#define LA_ORM_COLLECTION_H

#include "orm/instance.h"

#pragma GCC visibility push(hidden)

typedef LA_VEC(la_instance *) la_instances;

struct la_collection {
  la_allocator *alloc;
  la_instances items;     /* LOADED: the members */
  la_instances committed; /* `snapshot`: the members when last in step with the database */
  bool snapshot;          /* changed since then */
  la_instances added;     /* not loaded: queued by backrefs, applied when it loads */
  la_instances removed;
};

/* The link's collection, made if need be; NULL when out of memory. */
la_collection *la_link_collection(la_instance *instance, uint32_t link);
/* Members in, members out of the difference between now and the last flush, into vectors of the
 * caller's, each cleared first. */
la_status la_collection_history(const la_collection *collection, la_allocator *alloc,
                                la_instances *added_out, la_instances *removed_out, la_error *err);
/* True if the history is not empty. */
bool la_collection_differs(const la_collection *collection);
/* `at` counts from 0, or SIZE_MAX for the end. Takes the snapshot at the first change. */
la_status la_collection_insert(la_collection *collection, size_t at, la_instance *item,
                               la_error *err);
la_status la_collection_remove_at(la_collection *collection, size_t at, la_error *err);
size_t la_collection_index(const la_collection *collection,
                           const la_instance *item); /* SIZE_MAX if it is not in it */
/* Queues a change of a collection that is not loaded. */
la_status la_collection_queue(la_collection *collection, la_instance *item, bool add,
                              la_error *err);
/* Becomes loaded with `items` and the queues applied. */
la_status la_collection_load(la_instance *instance, uint32_t link, la_instance *const *items,
                             size_t count, la_error *err);
/* In step with the database: snapshot and queues are forgotten. */
void la_collection_commit(la_collection *collection);
void la_collection_free(la_collection *collection);

#pragma GCC visibility pop

#endif
