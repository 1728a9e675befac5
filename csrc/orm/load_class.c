/* SPDX-License-Identifier: MIT */
/*
 * The class that a row is of, and which of the row's columns fill which slots of its instances.
 *
 * Rows of an entity whose classes are told apart by a column make instances of its subclasses. A
 * view says, for one class, where the row's columns go, and which attributes the row says nothing
 * of: those are read together when one of them is asked for.
 */
#include "orm/load_internal.h"

/* A row that its discriminator says nothing useful about. `named`: the class that it names, or
 * NULL. */
static la_status fail_row(la_run *run, const la_plan_entity *entity, const la_value *key,
                          const la_mapper *named, la_error *err) {
  const la_property *on = entity->mapper->polymorphic_on;
  la_strbuf text;
  la_strbuf_init(&text, run->session->alloc);
  la_strbuf_string(&text, "Row with identity key (");
  la_strbuf_text(&text, entity->mapper->root->class_name);
  for (uint32_t k = 0; k < entity->mapper->primary_key_count; k++) {
    la_strbuf_string(&text, ", ");
    la_value_describe(&key[k], &text);
  }
  la_strbuf_string(&text,
                   ") can't be loaded into an object; the polymorphic discriminator column '");
  if (on->column != NULL) {
    la_strbuf_text(&text, on->column->table->name);
    la_strbuf_char(&text, '.');
  }
  la_strbuf_text(&text, on->column != NULL ? on->column->name : on->key);
  if (named == NULL) {
    la_strbuf_string(&text, "' is NULL");
  } else {
    la_strbuf_string(&text, "' refers to ");
    la_mapper_describe(named, &text);
    la_strbuf_string(&text, ", which is not a sub mapper of the requested ");
    la_mapper_describe(entity->mapper, &text);
  }
  (void)la_fail(err, LA_INVALID_REQUEST, "%.*s", LA_TEXT_FORMAT(la_strbuf_view(&text)));
  la_strbuf_clear(&text);
  return LA_INVALID_REQUEST;
}

static la_status fail_identity(la_run *run, const la_value *value, la_error *err) {
  la_strbuf text;
  la_strbuf_init(&text, run->session->alloc);
  la_value_describe(value, &text);
  (void)la_fail(err, LA_INVALID_REQUEST, "No such polymorphic_identity %.*s is defined",
                LA_TEXT_FORMAT(la_strbuf_view(&text)));
  la_strbuf_clear(&text);
  return LA_INVALID_REQUEST;
}

la_status la_run_class(la_run *run, const la_plan_entity *entity, const la_value *key,
                       la_mapper **out, la_error *err) {
  const la_value *value;
  la_mapper *mapper;
  *out = entity->mapper;
  if (entity->polymorphic_column == UINT32_MAX || entity->mapper->registry == NULL) {
    return LA_OK;
  }
  value = &run->row[entity->polymorphic_column];
  if (value->kind == LA_VALUE_NULL) {
    return fail_row(run, entity, key, NULL, err);
  }
  if (entity->mapper->has_polymorphic_identity &&
      la_value_equal(value, &entity->mapper->polymorphic_identity)) {
    return LA_OK;
  }
  mapper = la_mapper_of_identity(entity->mapper, value);
  if (mapper == NULL) {
    return fail_identity(run, value, err);
  }
  if (!la_mapper_is_a(mapper, entity->mapper)) {
    return fail_row(run, entity, key, mapper, err);
  }
  *out = mapper;
  return LA_OK;
}

static uint32_t slot_in(const la_mapper *mapper, const la_mapper *of, uint32_t slot) {
  const la_property *wanted, *found;
  if (mapper == of) {
    return slot;
  }
  wanted = of->slots[slot];
  if (slot < mapper->slot_count && mapper->slots[slot]->key.bytes == wanted->key.bytes) {
    return slot;
  }
  found = la_mapper_property(mapper, wanted->key);
  return found != NULL ? found->slot : UINT32_MAX;
}

/* Appends the slots of `from`, of class `of`, renumbered. */
static void add_slots(la_view *view, la_plan_slot *slots, const la_mapper *of,
                      const la_plan_slot *from, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t slot = slot_in(view->mapper, of, from[i].slot);
    if (slot != UINT32_MAX) {
      slots[view->slot_count] = from[i];
      slots[view->slot_count++].slot = slot;
    }
  }
}

static bool has_slot(const la_view *view, uint32_t slot) {
  for (uint32_t i = 0; i < view->slot_count; i++) {
    if (view->slots[i].slot == slot) {
      return true;
    }
  }
  return false;
}

/* The slots of a subclass that the entity knows nothing of. */
static void find_missing(la_view *view, uint32_t *missing, const la_plan_entity *entity) {
  for (uint32_t i = 0; i < view->mapper->slot_count; i++) {
    const la_property *property = view->mapper->slots[i];
    if (!(property->flags & LA_PROPERTY_DEFERRED) && !has_slot(view, i) &&
        la_mapper_property(entity->mapper, property->key) == NULL) {
      missing[view->missing_count++] = i;
    }
  }
}

static la_status make_view(la_run *run, const la_plan_entity *entity, la_mapper *mapper,
                           la_view *view, la_error *err) {
  la_arena *arena = &run->load->arena;
  uint32_t room = entity->slot_count + 1;
  la_plan_slot *slots;
  uint32_t *missing, *raised;
  *view = (la_view){.mapper = mapper};
  if (mapper == entity->mapper) {
    view->slots = entity->slots;
    view->slot_count = entity->slot_count;
    view->raised = entity->raised;
    view->raised_count = entity->raised_count;
    view->missing = entity->missing;
    view->missing_count = entity->missing_count;
    return LA_OK;
  }
  for (const la_plan_class *below = entity->classes; below != NULL; below = below->next) {
    room += below->slot_count;
  }
  slots = la_arena_alloc(arena, room * sizeof *slots);
  missing = la_arena_alloc(arena, (mapper->slot_count + 1) * sizeof *missing);
  raised = la_arena_alloc(arena, (entity->raised_count + 1) * sizeof *raised);
  if (slots == NULL || missing == NULL || raised == NULL) {
    return la_fail_nomem(err);
  }
  view->slots = slots;
  view->missing = missing;
  view->raised = raised;
  add_slots(view, slots, entity->mapper, entity->slots, entity->slot_count);
  for (const la_plan_class *below = entity->classes; below != NULL; below = below->next) {
    if (la_mapper_is_a(mapper, below->mapper)) {
      add_slots(view, slots, below->mapper, below->slots, below->slot_count);
    }
  }
  for (uint32_t i = 0; i < entity->raised_count; i++) {
    uint32_t slot = slot_in(mapper, entity->mapper, entity->raised[i]);
    if (slot != UINT32_MAX) {
      raised[view->raised_count++] = slot;
    }
  }
  for (uint32_t i = 0; i < entity->missing_count; i++) {
    uint32_t slot = slot_in(mapper, entity->mapper, entity->missing[i]);
    if (slot != UINT32_MAX) {
      missing[view->missing_count++] = slot;
    }
  }
  find_missing(view, missing, entity);
  return LA_OK;
}

la_status la_run_find_view(la_run *run, const la_plan_entity *entity, la_mapper *mapper,
                           const la_view **out, la_error *err) {
  la_entity_state *state = &run->entities[entity->number];
  la_view *view = state->views;
  while (view != NULL && view->mapper != mapper) {
    view = view->next;
  }
  if (view == NULL) {
    view = state->views == NULL ? &state->first : la_arena_alloc(&run->load->arena, sizeof *view);
    if (view == NULL) {
      return la_fail_nomem(err);
    }
    LA_TRY(make_view(run, entity, mapper, view, err));
    view->plain = true;
    for (uint32_t i = 0; i < view->slot_count; i++) {
      view->plain = view->plain && view->slots[i].type == NULL;
    }
    view->next = state->views;
    state->views = view;
  }
  *out = state->view = view;
  return LA_OK;
}

/* True if `instance` lacks something that `mapper`, its class or a base of it, adds to `base`. */
static bool lacks(const la_instance *instance, const la_mapper *mapper, const la_mapper *base) {
  for (uint32_t i = 0; i < mapper->slot_count; i++) {
    uint32_t slot;
    if (la_mapper_property(base, mapper->slots[i]->key) != NULL ||
        (mapper->slots[i]->flags & LA_PROPERTY_DEFERRED)) {
      continue;
    }
    slot = slot_in(instance->mapper, mapper, i);
    if (slot < instance->slot_count && !(instance->slots[slot].flags & LA_SLOT_LOADED)) {
      return true;
    }
  }
  return false;
}

static bool is_read_behind(const la_run *run, const la_plan_entity *entity,
                           const la_plan_behind *behind, const la_instance *instance) {
  return la_mapper_is_a(instance->mapper, behind->mapper) &&
         (run->populate || lacks(instance, behind->mapper, entity->mapper));
}

bool la_run_reads_behind(const la_run *run, const la_plan_entity *entity,
                         const la_relationship *relationship, const la_instance *instance) {
  for (const la_plan_behind *behind = entity->behind; behind != NULL; behind = behind->next) {
    if (la_mapper_is_a(relationship->parent, behind->mapper) &&
        is_read_behind(run, entity, behind, instance)) {
      return true;
    }
  }
  return false;
}

la_status la_run_queue_behind(la_run *run, const la_plan_entity *entity, la_error *err) {
  const la_entity_state *state = &run->entities[entity->number];
  for (la_plan_behind *behind = entity->behind; behind != NULL; behind = behind->next) {
    la_job job = {.behind = behind, .plan = run->plan, .outer = run->outer};
    job.parents = la_arena_alloc(&run->load->arena, (state->seen.count + 1) * sizeof *job.parents);
    if (job.parents == NULL) {
      return la_fail_nomem(err);
    }
    for (size_t i = 0; i < state->seen.count; i++) {
      la_instance *instance = state->seen.items[i];
      if (is_read_behind(run, entity, behind, instance)) {
        job.parents[job.count++] = instance;
      }
    }
    if (job.count != 0 && !la_vec_push(run->session->alloc, &run->load->pending->jobs, job)) {
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}
