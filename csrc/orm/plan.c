/* SPDX-License-Identifier: MIT */
#include "orm/plan.h"

#include "orm/later.h"

static void destroy(la_object *object) {
  la_load_plan *plan = (la_load_plan *)(void *)object;
  for (size_t i = 0; i < plan->laters.count; i++) {
    la_later_free(plan->laters.items[i], plan->alloc);
  }
  la_vec_clear(plan->alloc, &plan->laters);
  for (size_t i = 0; i < plan->embedded.count; i++) {
    la_node_release(plan->embedded.items[i]);
  }
  la_vec_clear(plan->alloc, &plan->embedded);
  for (size_t i = 0; i < plan->inputs.count; i++) {
    la_node_release(plan->inputs.items[i]);
  }
  la_vec_clear(plan->alloc, &plan->inputs);
  for (size_t i = 0; i < plan->own.count; i++) {
    la_object_release(plan->own.items[i].load);
  }
  la_vec_clear(plan->alloc, &plan->own);
  for (size_t i = 0; !plan->weak && i < plan->mappers.count; i++) {
    la_object_release(plan->mappers.items[i]);
  }
  la_vec_clear(plan->alloc, &plan->mappers);
  la_node_release(plan->statement);
  la_arena_clear(&plan->arena);
  la_free(plan->alloc, plan, sizeof *plan);
}

static const la_object_class plan_class = {.name = "load plan", .destroy = destroy};

la_load_plan *la_load_plan_new(la_allocator *alloc, bool weak) {
  la_load_plan *plan = la_alloc_zero(alloc, sizeof *plan);
  if (plan != NULL) {
    la_object_init(&plan->object, &plan_class);
    plan->alloc = alloc;
    plan->weak = weak;
    plan->owner = plan;
    la_arena_init(&plan->arena, alloc);
  }
  return plan;
}

la_status la_load_plan_note_mapper(la_load_plan *plan, la_mapper *mapper, la_error *err) {
  for (size_t i = 0; i < plan->mappers.count; i++) {
    if (plan->mappers.items[i] == mapper) {
      return LA_OK;
    }
  }
  if (!la_vec_push(plan->alloc, &plan->mappers, mapper)) {
    return la_fail_nomem(err);
  }
  if (!plan->weak) {
    la_object_retain(mapper);
  }
  if (plan->first == NULL) {
    plan->first = mapper;
    plan->epoch = mapper->registry != NULL ? mapper->registry->epoch : 0;
  }
  return LA_OK;
}

bool la_load_plan_holds(const la_load_plan *plan) {
  const la_registry *registry = plan->first != NULL ? plan->first->registry : NULL;
  return registry == NULL || registry->epoch == plan->epoch;
}

const la_row_part *la_load_plan_parts(const la_load_plan *plan, uint32_t *count_out,
                                      bool *single_out) {
  *count_out = plan->part_count;
  *single_out = plan->single;
  return plan->parts;
}

const la_row_bundle *la_load_plan_bundles(const la_load_plan *plan, uint32_t *count_out) {
  *count_out = plan->bundle_count;
  return plan->bundles;
}

bool la_load_plan_needs_unique(const la_load_plan *plan) {
  return plan->needs_unique;
}

la_status la_load_plan_note_inputs(la_load_plan *plan, const la_node *const *params, uint32_t count,
                                   la_error *err) {
  for (uint32_t i = 0; plan->embedded.count != 0 && i < count; i++) {
    if (!la_vec_push(plan->alloc, &plan->inputs, (la_node *)params[i])) {
      return la_fail_nomem(err);
    }
    la_node_retain(params[i]);
  }
  return LA_OK;
}

static la_own_load *find_own(const la_load_plan *plan, const struct la_path *path,
                             const void *subject, int purpose) {
  for (size_t i = 0; i < plan->own.count; i++) {
    la_own_load *own = &plan->own.items[i];
    if (own->path == path && own->subject == subject && own->purpose == purpose) {
      return own;
    }
  }
  return NULL;
}

la_single_load *la_load_plan_own(const la_load_plan *plan, const struct la_path *path,
                                 const void *subject, int purpose, const la_engine *engine) {
  const la_own_load *own = find_own(plan, path, subject, purpose);
  return own != NULL && la_single_load_holds(own->load, engine) ? own->load : NULL;
}

void la_load_plan_keep_own(const la_load_plan *plan, const struct la_path *path,
                           const void *subject, int purpose, la_single_load *load) {
  la_own_load *own = find_own(plan, path, subject, purpose);
  la_load_plan *owner = (la_load_plan *)plan;
  if (own != NULL) {
    la_object_release(own->load);
    own->load = la_object_retain(load);
  } else if (la_vec_push(owner->alloc, &owner->own,
                         ((la_own_load){path, subject, purpose, load}))) {
    la_object_retain(load);
  }
}
