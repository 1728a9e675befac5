/* SPDX-License-Identifier: MIT */
/*
 * Changes of links, and what follows from them on the other side.
 *
 * The core works out which elementary changes one change brings (the reverse relationship, the old
 * parent, save-update cascades); the binding applies each to both halves with one function:
 * `la_link_apply` for the plain pointers, its own for the handles.
 */
#ifndef LA_ORM_LINK_H
#define LA_ORM_LINK_H

#include "orm/collection.h"

#pragma GCC visibility push(hidden)

typedef enum la_link_change_kind {
  LA_LINK_SET,       /* scalar: instance.link = other (NULL: none) */
  LA_LINK_INSERT,    /* collection: other at `at` (SIZE_MAX: at the end) */
  LA_LINK_REMOVE,    /* collection: the member at `at` */
  LA_LINK_QUEUE_ADD, /* a collection that is not loaded */
  LA_LINK_QUEUE_REMOVE
} la_link_change_kind;

typedef struct la_link_change {
  la_link_change_kind kind;
  la_instance *instance;
  uint32_t link;
  la_instance *other; /* SET: the new one; REMOVE: who leaves */
  la_instance *old;   /* SET: the old one if it is loaded */
  size_t at;
  bool bulk; /* a part of the assignment of a whole list, for the binding's listeners */
} la_link_change;

/* What one change brings: itself, its mirror on the other side, and at each end what was there
 * before. So it has an end, and a list of it no memory of its own. */
#define LA_LINK_CHANGES 8
typedef struct la_link_changes {
  la_link_change items[LA_LINK_CHANGES];
  size_t causes[LA_LINK_CHANGES]; /* which of the items brought each; SIZE_MAX for the first */
  size_t count;
} la_link_changes;

/* All elementary changes that `first` brings, `first` itself in front, into `out`. Checks types:
 * LA_ARGUMENT/LA_FLUSH words of SQLAlchemy for an object of another class; nothing is changed yet.
 */
la_status la_link_plan(const la_link_change *first, la_link_changes *out, la_error *err);
/* Applies one: pointers, history, flags. `*first_out`: the instance became dirty. */
la_status la_link_apply(const la_link_change *change, bool *first_out, la_error *err);
/* Whether a scalar link must be loaded before it is set: active_history. */
bool la_link_needs_old(const la_instance *instance, uint32_t link);
/* Whether a scalar link was set before it was loaded, so that a flush must read what it held, which
 * has to be unlinked or deleted; and its answer, which the binding keeps until the flush is over.
 */
bool la_link_lacks_old(const la_instance *instance, uint32_t link);
void la_link_learn_old(la_instance *instance, uint32_t link, la_instance *old);
/* False of a link that came to the class after the object. */
static inline bool la_link_is_loaded(const la_instance *instance, uint32_t link) {
  return link < instance->link_count && la_links(instance)[link].flags & LA_LINK_LOADED;
}
/* True if it names what it referred to before its changes, or what is queued for it. */
bool la_link_names_old(const la_instance *instance, uint32_t link);
/* The object had no parent, was given one and taken from it again, so that it is an orphan by
 * delete-orphan: its own link ends as it began, and no list tells it. */
bool la_link_was_let_go(const la_instance *instance, uint32_t link);
/* `child` loses its parent by `lost`, and has, or may have, another parent that owns it by
 * delete-orphan; only where its class has legacy_is_orphan. */
bool la_link_has_other_owner(const la_instance *child, const la_relationship *lost);
/* A scalar link becomes loaded, unmodified. */
void la_link_load_one(la_instance *instance, uint32_t link, la_instance *other);
/* All of the instance's links become "not loaded" (its handle is gone); collections' pointers are
 * forgotten. */
void la_links_unload(la_instance *instance);
void la_link_expire(la_instance *instance, uint32_t link);
/* The link is as if it had never been loaded. */
void la_link_unload(la_instance *instance, uint32_t link);
/* Everything in step with the database. */
void la_link_commit(la_instance *instance, uint32_t link);
/* Whether an object that is added to `session` through a link should join it (save-update), in
 * order of discovery: everything reachable from `root` along save-update links that are loaded,
 * `root` first, that is not yet in the session; LA_INVALID_REQUEST for an object of another
 * session. */
struct la_session;
la_status la_cascade_save_update(struct la_session *session, la_instance *root, la_instances *out,
                                 la_error *err);

#pragma GCC visibility pop

#endif
