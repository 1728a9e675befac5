/* SPDX-License-Identifier: MIT */
/*
 * Which objects follow which, along the cascades of relationships.
 *
 * Walks visit each object once, marking it with LA_INSTANCE_MARKED until they end, and work by
 * list, so a graph may be as deep as memory.
 */
#ifndef LA_ORM_CASCADE_H
#define LA_ORM_CASCADE_H

#include "orm/session.h"

#pragma GCC visibility push(hidden)

/* `root` and every object of `session` that is reached from it along loaded links with `cascade`,
 * in order of discovery, appended to `out`. */
la_status la_cascade_collect(la_session *session, la_instance *root, uint32_t cascade,
                             la_instances *out, la_error *err);
/* Appends what a loaded link holds; nothing if it is not loaded. */
la_status la_link_members(const la_instance *instance, uint32_t link, la_allocator *alloc,
                          la_instances *out, la_error *err);
/* Appends what a changed link held when it was last in step with the database and holds no more. */
la_status la_link_leavers(const la_instance *instance, uint32_t link, la_allocator *alloc,
                          la_instances *out, la_error *err);
/* The target of a scalar link: the one loaded, or, of a many-to-one by primary key that is not
 * loaded, the one that the session has at hand; NULL otherwise. */
la_instance *la_link_peek(const la_instance *instance, uint32_t link);
/* Whether a delete of `instance` must see what link `link` holds, which is not loaded: its members
 * are to be deleted, or their foreign keys nulled. */
bool la_cascade_needs_load(const la_instance *instance, uint32_t link);

#pragma GCC visibility pop

#endif
