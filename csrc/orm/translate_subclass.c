/* SPDX-License-Identifier: MIT */
/*
 * Subclasses of an entity's class: their columns in its rows, where the entity has them, and their
 * relationships.
 *
 *   SELECT people.id, people.name, people.type, engineers.id AS id_1, engineers.lang
 *   FROM people LEFT OUTER JOIN engineers ON people.id = engineers.id
 */
#include "orm/translate.h"

/* True if `property` is the base's own, seen through a subclass. */
static bool is_inherited(const la_property *property) {
  return property->parent != NULL && property->column == property->parent->column &&
         property->expr == property->parent->expr;
}

static la_status add_class(la_translation *self, la_plan_entity *plan, la_node *entity,
                           const la_load_option *options, bool to_eager) {
  la_mapper *mapper = (la_mapper *)(void *)entity->subject;
  la_plan_class *below = la_arena_alloc_zero(self->arena, sizeof *below), **at = &plan->classes;
  if (below == NULL) {
    return la_fail_nomem(self->err);
  }
  below->mapper = mapper;
  below->slots = la_arena_alloc(self->arena, (mapper->slot_count + 1) * sizeof *below->slots);
  if (below->slots == NULL) {
    return la_fail_nomem(self->err);
  }
  for (size_t i = 0; i < mapper->properties.count; i++) {
    la_property *property = mapper->properties.items[i];
    la_plan_slot slot;
    bool raise;
    if ((property->kind != LA_PROPERTY_COLUMN && property->kind != LA_PROPERTY_EXPRESSION) ||
        is_inherited(property) ||
        !((self->plan == NULL && property->kind == LA_PROPERTY_COLUMN) ||
          la_translate_is_loaded(mapper, property, options, &raise))) {
      continue;
    }
    LA_TRY(la_translate_slot(self, property, entity, to_eager, &slot));
    if (slot.column != LA_COLUMN_MISSING &&
        la_mapper_property(plan->mapper, property->key) == NULL) {
      below->slots[below->slot_count++] = slot;
    }
  }
  while (*at != NULL) {
    at = &(*at)->next;
  }
  *at = below;
  return self->plan != NULL ? la_load_plan_note_mapper(self->plan, mapper, self->err) : LA_OK;
}

/* The ENTITY that stands for `mapper` in `entity`, or NULL. */
static la_node *entity_below(const la_node *entity, const la_mapper *mapper) {
  for (uint32_t i = 1; i < entity->count; i++) {
    if (entity->children[i]->subject == &mapper->object) {
      return entity->children[i];
    }
  }
  return NULL;
}

static bool is_joined(la_loader_strategy strategy) {
  return strategy == LA_LOADER_JOINED || strategy == LA_LOADER_CONTAINS;
}

/* Relationships that a subclass adds. Those of a class that the rows have no columns for can't be
 * joined. */
static la_status add_links(la_translation *self, la_plan_entity *plan, la_node *entity,
                           la_mapper *below, const la_load_option *options, const la_path *path,
                           size_t join) {
  la_node *own = entity_below(entity, below);
  for (uint32_t i = 0; i < below->link_count; i++) {
    la_property *property = below->links[i];
    const la_load_option *option = la_option_for(options, property->relationship);
    if (property->relationship->parent != below ||
        (own == NULL &&
         is_joined(option != NULL ? option->strategy : property->relationship->lazy))) {
      continue;
    }
    LA_TRY(
        la_translate_link(self, plan, own != NULL ? own : entity, property, options, path, join));
  }
  return LA_OK;
}

/* Whether what `below` adds is to be read behind the rows, by its own argument or an option. */
static bool comes_behind(const la_mapper *below, const la_load_option *options) {
  for (; options != NULL; options = options->next) {
    if (options->strategy == LA_LOADER_SELECTIN_CLASS &&
        options->target->subject == &below->object) {
      return true;
    }
  }
  return below->polymorphic_selectin;
}

static la_status add_behind(la_translation *self, la_plan_entity *plan, la_mapper *below) {
  la_plan_behind *made = la_arena_alloc_zero(self->arena, sizeof *made), **at = &plan->behind;
  if (made == NULL) {
    return la_fail_nomem(self->err);
  }
  made->mapper = below;
  made->options = plan->options;
  made->path = plan->path != NULL ? plan->path->up : NULL;
  while (*at != NULL) {
    at = &(*at)->next;
  }
  *at = made;
  self->plan->has_later = true;
  return la_load_plan_note_mapper(self->plan, below, self->err);
}

la_status la_translate_subclasses(la_translation *self, la_plan_entity *plan, la_node *entity,
                                  const la_load_option *options, const la_path *path, bool to_eager,
                                  size_t join) {
  la_registry *registry = plan->mapper->registry;
  for (uint32_t i = 1; i < entity->count; i++) {
    LA_TRY(add_class(self, plan, entity->children[i], options, to_eager));
  }
  for (size_t i = 0; registry != NULL && i < registry->mappers.count; i++) {
    la_mapper *below = registry->mappers.items[i];
    if (below != plan->mapper && la_mapper_is_a(below, plan->mapper) && self->plan != NULL &&
        !self->request.no_eager) {
      if (comes_behind(below, options) && entity_below(entity, below) == NULL &&
          self->request.only == NULL) {
        LA_TRY(add_behind(self, plan, below));
      }
      LA_TRY(add_links(self, plan, entity, below, options, path, join));
    }
  }
  return LA_OK;
}
