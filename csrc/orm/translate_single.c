/* SPDX-License-Identifier: MIT */
/*
 * Which rows of a shared table are of a class: conditions of single-table inheritance.
 *
 *   SELECT employees.name FROM employees WHERE employees.type IN ('manager')
 */
#include "orm/translate.h"

static la_status identity_params(const la_sql *sql, la_mapper *mapper, la_node_list *out,
                                 la_error *err) {
  la_registry *registry = mapper->registry;
  const la_property *on = mapper->polymorphic_on;
  la_text name = on->column != NULL ? on->column->name : on->key;
  for (size_t i = 0; registry != NULL && i < registry->mappers.count; i++) {
    la_mapper *other = registry->mappers.items[i];
    if (la_mapper_is_a(other, mapper) && other->has_polymorphic_identity) {
      LA_TRY(la_node_list_take(
          out, sql->alloc, la_expr_param(sql, name, &other->polymorphic_identity, on->expr->type),
          err));
    }
  }
  return LA_OK;
}

la_status la_translate_single_table(const la_sql *sql, la_node *entity, la_node **out,
                                    la_error *err) {
  la_mapper *mapper = (la_mapper *)(void *)entity->subject;
  la_node_list values = {0};
  la_node *attribute = NULL, *list = NULL;
  la_status status;
  *out = NULL;
  if (mapper->base == NULL || mapper->base->table != mapper->table ||
      mapper->polymorphic_on == NULL || mapper->registry == NULL) {
    return LA_OK;
  }
  status = identity_params(sql, mapper, &values, err);
  if (status >= 0) {
    status = la_mapper_attribute(sql, mapper->polymorphic_on, entity, &attribute, err);
  }
  if (status >= 0) {
    list = la_expr_tuple(sql, values.list.items, values.list.count);
    *out = list != NULL ? la_expr_binary(sql, LA_OP_IN, attribute->children[0], list) : NULL;
    status = *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  la_node_release(attribute);
  la_node_release(list);
  la_node_list_clear(&values, sql->alloc);
  return status;
}

static bool is_same_entity(const la_node *a, const la_node *b) {
  return a == b || (a->subject == b->subject && a->children[0] == b->children[0]);
}

static bool is_among(const la_entity_list *list, size_t count, const la_node *entity) {
  for (size_t i = 0; i < count; i++) {
    if (is_same_entity(list->items[i], entity)) {
      return true;
    }
  }
  return false;
}

static bool concerns(const la_translation *self, const la_load_criteria *criteria,
                     const la_node *entity, bool of_loader) {
  const la_mapper *mapper = (const la_mapper *)(const void *)entity->subject;
  bool is_alias = entity->children[0] != mapper->entity->children[0];
  if (self->request.lazily && criteria->not_kept) {
    return false;
  }
  if (is_alias && !of_loader && !criteria->include_aliases) {
    return false;
  }
  return mapper == criteria->mapper ||
         (!criteria->exact && la_mapper_is_a(mapper, criteria->mapper));
}

/* `criteria`, written for its class, as `entity` has the columns. */
static la_status move_criteria(const la_translation *self, const la_load_criteria *criteria,
                               la_node *entity, la_node **out) {
  const la_mapper *mapper = (const la_mapper *)(const void *)entity->subject;
  if (entity->children[0] == mapper->entity->children[0]) {
    return la_strip_orm(self->sql, criteria->condition, out, self->err);
  }
  return la_adapt_columns(self->sql, criteria->condition, NULL, entity->children[0], out,
                          self->err);
}

/* Adds the criteria of options that concern `entity` to `*out`. */
static la_status add_criteria(la_translation *self, la_node *entity, bool of_loader,
                              la_node **out) {
  for (const la_load_criteria *at = self->criteria; at != NULL; at = at->next) {
    la_node *moved = NULL, *both = NULL;
    la_status status;
    if (!concerns(self, at, entity, of_loader)) {
      continue;
    }
    status = move_criteria(self, at, entity, &moved);
    if (status >= 0) {
      status = la_build_and(self->sql, *out, moved, &both, self->err);
    }
    la_node_release(moved);
    la_node_release(*out);
    *out = both;
    LA_TRY(status);
  }
  return LA_OK;
}

la_status la_translate_entity_condition(la_translation *self, la_node *entity, bool of_loader,
                                        la_node **out) {
  LA_TRY(la_translate_single_table(self->sql, entity, out, self->err));
  return add_criteria(self, entity, of_loader, out);
}

/* The entities of the columns, of select_from(), and of the WHERE. */
static la_status named_entities(la_translation *self, la_entity_list *out) {
  static const uint32_t parts[] = {LA_SELECT_FROM, LA_SELECT_WHERE};
  if (self->request.root != NULL && !la_vec_push(self->alloc, out, self->request.root)) {
    return la_fail_nomem(self->err);
  }
  for (size_t i = 0; i < self->entities.count; i++) {
    if (!la_vec_push(self->alloc, out, self->entities.items[i])) {
      return la_fail_nomem(self->err);
    }
  }
  for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
    const la_node *chain = self->statement->children[parts[p]];
    size_t count = la_chain_count(chain);
    la_node **items = la_arena_alloc(self->arena, (count + 1) * sizeof *items);
    if (items == NULL) {
      return la_fail_nomem(self->err);
    }
    la_chain_collect(chain, items);
    for (size_t i = 0; i < count; i++) {
      if (items[i]->kind != LA_NODE_JOIN_STEP) {
        LA_TRY(la_translate_note_entities(self, items[i], out));
      }
    }
  }
  return LA_OK;
}

/* True if `entity` is on the right of a join made outside of the statement: ON has its condition
 * (relationship_from.c). */
static bool is_joined_in(const la_node *from, const la_node *entity) {
  for (; from != NULL && from->kind == LA_NODE_JOIN; from = from->children[0]) {
    const la_node *right = from->children[1];
    if (right->kind == LA_NODE_ENTITY ? is_same_entity(right, entity)
                                      : is_joined_in(right, entity)) {
      return true;
    }
  }
  return false;
}

static bool is_joined_outside(const la_translation *self, const la_node *entity) {
  const la_node *chain = self->statement->children[LA_SELECT_FROM];
  for (; chain != NULL; chain = chain->children[0]) {
    for (uint32_t i = 1; i < chain->count; i++) {
      if (is_joined_in(chain->children[i], entity)) {
        return true;
      }
    }
  }
  return false;
}

la_status la_translate_class_conditions(la_translation *self) {
  la_entity_list named = {0};
  la_status status = named_entities(self, &named);
  for (size_t i = 0; i < named.count && status >= 0; i++) {
    la_node *entity = named.items[i], *condition = NULL;
    if (is_among(&self->joined, self->joined.count, entity) || is_among(&named, i, entity)) {
      continue;
    }
    if (!is_joined_outside(self, entity)) {
      status = la_translate_single_table(self->sql, entity, &condition, self->err);
    }
    if (status >= 0 && !self->request.refresh) {
      status = add_criteria(self, entity, false, &condition);
    }
    if (condition != NULL) {
      status = la_node_list_take(&self->where, self->alloc, condition, self->err);
    }
  }
  la_vec_clear(self->alloc, &named);
  return status;
}
