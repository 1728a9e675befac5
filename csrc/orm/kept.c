/* SPDX-License-Identifier: MIT */
#include "orm/kept.h"

#include "orm/later.h"

static void destroy(la_object *object) {
  la_kept_options *self = (la_kept_options *)(void *)object;
  for (uint32_t i = 0; i < self->param_count; i++) {
    la_node_release(self->params[i]);
  }
  la_free(self->alloc, self->params, self->param_count * sizeof *self->params);
  la_object_release(self->plan);
  la_free(self->alloc, self, sizeof *self);
}

static const la_object_class kept_class = {.name = "kept options", .destroy = destroy};

la_kept_options *la_kept_options_new(const la_load_plan *plan, const la_plan_entity *entity,
                                     la_outer outer) {
  la_kept_options *self = la_alloc_zero(plan->alloc, sizeof *self);
  if (self == NULL) {
    return NULL;
  }
  la_object_init(&self->object, &kept_class);
  self->alloc = plan->alloc;
  if (outer.count != 0) {
    self->params = la_alloc(self->alloc, outer.count * sizeof *self->params);
    if (self->params == NULL) {
      la_free(self->alloc, self, sizeof *self);
      return NULL;
    }
    self->param_count = outer.count;
    for (uint32_t i = 0; i < outer.count; i++) {
      self->params[i] = la_node_retain(outer.params[i]);
    }
  }
  self->plan = la_object_retain((la_load_plan *)plan->owner);
  self->options = entity->options;
  self->wildcard = plan->wildcard;
  self->path = entity->path;
  return self;
}

const la_kept_options *la_kept_options_of(const la_instance *instance) {
  return (const la_kept_options *)(const void *)la_instance_kept(instance);
}

la_outer la_kept_options_outer(const la_kept_options *kept) {
  return (la_outer){.params = (const la_node *const *)kept->params, .count = kept->param_count};
}

const la_load_option *la_kept_option(const la_kept_options *kept,
                                     const la_relationship *relationship) {
  const la_load_option *option = la_option_for(kept->options, relationship);
  if (option != NULL && option->strategy == LA_LOADER_CONTAINS) { /* it had a join to read */
    option = NULL;
  }
  return option != NULL ? option : kept->wildcard;
}
