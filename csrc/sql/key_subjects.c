/* SPDX-License-Identifier: MIT */
/*
 * The things of other floors that a statement names, held together in one object.
 */
#include "sql/key.h"

#include "sql/walk.h"

typedef struct subjects {
  la_object object;
  la_allocator *alloc;
  la_map held; /* la_object → itself */
} subjects;

static void destroy_subjects(la_object *object) {
  subjects *self = (subjects *)object;
  la_allocator *alloc = self->alloc;
  size_t at = 0;
  for (la_map_entry *entry; (entry = la_map_next(&self->held, &at)) != NULL;) {
    la_object_release(entry->value);
  }
  la_map_clear(&self->held, alloc);
  la_free(alloc, self, sizeof *self);
}

static void visit_subjects(const la_object *object, la_object_visitor each, void *ctx) {
  const subjects *self = (const subjects *)object;
  size_t at = 0;
  for (la_map_entry *entry; (entry = la_map_next(&self->held, &at)) != NULL;) {
    each(ctx, entry->value);
  }
}

static const la_object_class subjects_class = {
    .name = "subjects", .destroy = destroy_subjects, .visit = visit_subjects};

static la_walk_answer collect(const la_node *node, void *context) {
  subjects *self = context;
  la_object *counted;
  if (node->subject == NULL) {
    return LA_WALK_CONTINUE;
  }
  counted = la_object_counted(node->subject);
  if (la_map_get_pointer(&self->held, counted) != NULL) {
    return LA_WALK_CONTINUE;
  }
  if (!la_map_set_pointer(&self->held, self->alloc, counted, counted)) {
    return LA_WALK_STOP;
  }
  la_object_retain(counted);
  return LA_WALK_CONTINUE;
}

la_status la_key_subjects(la_allocator *alloc, const la_node *statement, la_object **out,
                          la_error *err) {
  subjects *self = la_alloc_zero(alloc, sizeof *self);
  la_status status;
  if (self == NULL) {
    return la_fail_nomem(err);
  }
  la_object_init(&self->object, &subjects_class);
  self->alloc = alloc;
  status = la_walk(alloc, statement, collect, self, err);
  if (status != LA_OK) {
    la_object_release(&self->object);
    return status == LA_DONE ? la_fail_nomem(err) : status;
  }
  *out = &self->object;
  return LA_OK;
}
