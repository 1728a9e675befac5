/* SPDX-License-Identifier: MIT */
/*
 * The statements of selectin loads.
 */
#include "orm/later_internal.h"

void la_later_free(la_later *later, la_allocator *alloc) {
  la_object_release(later->compiled);
  la_node_release(later->list);
  la_free(alloc, later->local, later->width * sizeof *later->local);
  la_free(alloc, later, sizeof *later);
}

la_status la_later_set_width(la_later_making *self, uint32_t width) {
  self->later->local = la_alloc(self->sql->alloc, width * sizeof *self->later->local);
  if (self->later->local == NULL) {
    return la_fail_nomem(self->err);
  }
  self->later->width = width;
  return LA_OK;
}

static la_status add_key(la_later_making *self, la_column *column, la_node *from) {
  la_node *node = NULL;
  LA_TRY(la_column_through(self->sql, column, from, &node, self->err));
  return la_node_list_take(&self->keys, self->sql->alloc, node, self->err);
}

/* The sources of the pairs are exactly the parent's primary key, in its order or another. */
static bool is_by_parent_key(const la_relationship *relationship) {
  const la_mapper *parent = relationship->parent;
  if (!relationship->simple || relationship->pair_count != parent->primary_key_count) {
    return false;
  }
  for (uint32_t i = 0; i < relationship->pair_count; i++) {
    const la_property *property =
        la_mapper_property_of_column(parent, relationship->pairs[i].source);
    if (property == NULL || !(property->flags & LA_PROPERTY_PRIMARY_KEY)) {
      return false;
    }
  }
  return true;
}

static la_node *element_of(la_node *entity) {
  return entity->kind == LA_NODE_ENTITY ? entity->children[0] : entity;
}

static la_status make_by_target(la_later_making *self) {
  const la_relationship *relationship = self->link->relationship;
  const la_mapper *target = relationship->target;
  LA_TRY(la_later_set_width(self, target->primary_key_count));
  self->later->by_target = true;
  for (uint32_t k = 0; k < target->primary_key_count; k++) {
    const la_sync_pair *pair = &relationship->get_pairs[k];
    self->later->local[k] = pair->destination;
    LA_TRY(add_key(self, pair->source, self->target));
  }
  return LA_OK;
}

/* The criteria of the link's option, written for the target's class, moved to the target of this
 * statement; NULL if there are none. */
static la_status target_criteria(la_later_making *self, la_node **out) {
  return la_relationship_move(self->sql, self->link->relationship, self->link->criteria,
                              self->target, out, self->err);
}

/* ON of a secondary table and the target, with the criteria. */
static la_status add_target_criteria(la_later_making *self, la_node **condition) {
  la_node *criteria = NULL, *both = NULL;
  la_status status;
  LA_TRY(target_criteria(self, &criteria));
  if (criteria == NULL) {
    return LA_OK;
  }
  status = la_build_and(self->sql, *condition, criteria, &both, self->err);
  la_node_release(criteria);
  LA_TRY(status);
  la_node_release(*condition);
  *condition = both;
  return LA_OK;
}

static la_status make_by_foreign_key(la_later_making *self) {
  const la_relationship *relationship = self->link->relationship;
  la_node *table = NULL, *primary = NULL, *second = NULL, *joined = NULL;
  la_node *parent = la_mapper_entity(relationship->parent);
  la_status status;
  LA_TRY(la_later_set_width(self, relationship->pair_count));
  for (uint32_t i = 0; i < relationship->pair_count; i++) {
    self->later->local[i] = relationship->pairs[i].source;
    la_node *from = relationship->through != NULL ? relationship->through : self->target;
    LA_TRY(add_key(self, relationship->pairs[i].destination, from));
  }
  if (relationship->through == NULL) {
    return LA_OK;
  }
  if (parent == NULL) {
    return la_fail_nomem(self->err);
  }
  LA_TRY(la_relationship_secondary(self->sql, relationship, false, &table, self->err));
  status = la_relationship_join(self->sql, relationship, parent, self->target, table, &primary,
                                &second, self->err);
  if (status >= 0) {
    status = add_target_criteria(self, &second);
  }
  if (status >= 0) {
    status =
        la_from_join(self->sql, table, element_of(self->target), second, 0, &joined, self->err);
  }
  if (status >= 0) {
    status = la_node_list_take(&self->froms, self->sql->alloc, joined, self->err);
  }
  la_node_release(table);
  la_node_release(primary);
  la_node_release(second);
  return status;
}

/* The join written out, from an alias of the parent's table. */
static la_status make_by_join(la_later_making *self) {
  const la_relationship *relationship = self->link->relationship;
  la_mapper *parent = relationship->parent;
  la_node *alias = NULL, *table = NULL, *primary = NULL, *second = NULL, *left = NULL,
          *whole = NULL;
  la_status status;
  LA_TRY(la_mapper_aliased(self->sql, parent, LA_TEXT_NONE, NULL, &alias, self->err));
  status = la_later_set_width(self, parent->primary_key_count);
  for (uint32_t k = 0; k < parent->primary_key_count && status >= 0; k++) {
    self->later->local[k] = parent->primary_key[k]->column;
    status = add_key(self, parent->primary_key[k]->column, alias);
  }
  if (status >= 0) {
    status = la_relationship_secondary(self->sql, relationship, true, &table, self->err);
  }
  if (status >= 0) {
    status = la_relationship_join(self->sql, relationship, alias, self->target, table, &primary,
                                  &second, self->err);
  }
  if (status >= 0) {
    status = add_target_criteria(self, table != NULL ? &second : &primary);
  }
  if (status >= 0) {
    status =
        la_from_join(self->sql, element_of(alias), table != NULL ? table : element_of(self->target),
                     primary, 0, &left, self->err);
  }
  if (status >= 0 && table != NULL) {
    status = la_from_join(self->sql, left, element_of(self->target), second, 0, &whole, self->err);
  } else if (status >= 0) {
    whole = la_node_retain(left);
  }
  if (status >= 0) {
    status = la_node_list_take(&self->froms, self->sql->alloc, whole, self->err);
  }
  la_node_release(alias);
  la_node_release(table);
  la_node_release(primary);
  la_node_release(second);
  la_node_release(left);
  return status;
}

/* keys IN (list), and the criteria that no join has */
static la_status add_in(la_later_making *self) {
  la_value none = LA_VALUE_NONE;
  uint32_t width = self->later->width;
  la_node *left = width == 1 ? la_node_retain(self->keys.list.items[0])
                             : la_expr_tuple(self->sql, self->keys.list.items, width);
  la_node *condition;
  self->later->type = width == 1 ? left->type : NULL;
  self->later->list = la_expr_params(self->sql, LA_TEXT_LITERAL("primary_keys"), &none, 1,
                                     width > 1 ? width : 0, self->later->type);
  condition = left != NULL && self->later->list != NULL
                  ? la_expr_binary(self->sql, LA_OP_IN, left, self->later->list)
                  : NULL;
  la_node_release(left);
  LA_TRY(la_node_list_take(&self->where, self->sql->alloc, condition, self->err));
  if (self->froms.list.count == 0) {
    la_node *criteria = NULL;
    LA_TRY(target_criteria(self, &criteria));
    if (criteria != NULL) {
      LA_TRY(la_node_list_take(&self->where, self->sql->alloc, criteria, self->err));
    }
  }
  return LA_OK;
}

/* SELECT of the keys and the target; a subquery load has the target first. */
static la_node *select_parts(la_later_making *self) {
  la_allocator *alloc = self->sql->alloc;
  size_t count = self->later->by_target ? 0 : self->keys.list.count;
  size_t size = (count + 1) * sizeof(la_node *);
  la_node **parts = la_alloc(alloc, size);
  la_node *select;
  if (parts == NULL) {
    return NULL;
  }
  if (count != 0) {
    memcpy(parts + self->later->embeds, self->keys.list.items, count * sizeof *parts);
  }
  parts[self->later->embeds ? 0 : count] = self->target;
  select = la_select_new(self->sql, parts, count + 1);
  la_free(alloc, parts, size);
  return select;
}

static la_status add_order(la_later_making *self, la_node **select) {
  const la_relationship *relationship = self->link->relationship;
  la_node *order = NULL;
  la_status status;
  if (relationship->order_by == NULL || !relationship->uselist) {
    return LA_OK;
  }
  LA_TRY(la_relationship_move(self->sql, relationship, relationship->order_by, self->target, &order,
                              self->err));
  status = la_build_chain(select, LA_SELECT_ORDER_BY, order->children, order->count, self->err);
  la_node_release(order);
  return status;
}

static la_status make_select(la_later_making *self, la_node **out) {
  la_node *select = select_parts(self);
  la_status status = select != NULL ? LA_OK : la_fail_nomem(self->err);
  if (status >= 0) { /* no row is read by names */
    status = la_build_replace(
        &select,
        la_node_with_flags(select,
                           self->later->embeds ? LA_SELECT_LABELS_TABLE : LA_SELECT_LABELS_NONE, 0),
        self->err);
  }
  if (status >= 0) {
    status = la_build_chain(&select, LA_SELECT_FROM, self->froms.list.items, self->froms.list.count,
                            self->err);
  }
  if (status >= 0) {
    status = la_build_chain(&select, LA_SELECT_WHERE, self->where.list.items,
                            self->where.list.count, self->err);
  }
  if (status >= 0) {
    status = add_order(self, &select);
  }
  if (status < 0) {
    la_node_release(select);
    return status;
  }
  *out = select;
  return LA_OK;
}

static la_status compile_select(la_later_making *self, const la_node *select,
                                const la_load_plan *plan) {
  const la_load_plan *owner = plan->owner;
  size_t size = (owner->param_count + 1) * sizeof(la_node *);
  const la_node **params = la_alloc(self->sql->alloc, size);
  la_translate_request request = {.given = true,
                                  .options = self->link->options,
                                  .wildcard = plan->wildcard,
                                  .owner = owner,
                                  .path = self->link->path};
  la_status status;
  if (params == NULL) {
    return la_fail_nomem(self->err);
  }
  if (self->later->embeds) {
    la_free(self->sql->alloc, params, size);
    request.steps = self->link->steps;
    request.embedded = self->link->embedded;
    return la_translate_compile(self->engine, select, &request, plan->weak,
                                (const la_node *const *)plan->inputs.items,
                                (uint32_t)plan->inputs.count, &self->later->compiled, self->err);
  }
  if (owner->param_count != 0) {
    memcpy(params, owner->params, owner->param_count * sizeof *params);
  }
  params[owner->param_count] = self->later->list;
  status = la_translate_compile(self->engine, select, &request, plan->weak, params,
                                owner->param_count + 1, &self->later->compiled, self->err);
  la_free(self->sql->alloc, params, size);
  return status;
}

static la_status make(la_later_making *self, const la_load_plan *plan) {
  const la_relationship *relationship = self->link->relationship;
  la_node *select = NULL;
  la_status status;
  LA_TRY(la_relationship_entity(self->sql, relationship, self->link->target, false, &self->target,
                                self->err));
  if (self->link->strategy == LA_LOADER_SUBQUERY) {
    LA_TRY(la_later_make_subquery(self));
  } else if (relationship->by_join) {
    LA_TRY(make_by_join(self));
  } else if (relationship->use_get && relationship->direction == LA_MANY_TO_ONE && !self->by_join) {
    LA_TRY(make_by_target(self));
  } else if (is_by_parent_key(relationship) &&
             !(relationship->through != NULL && relationship->self_referential)) {
    LA_TRY(make_by_foreign_key(self));
  } else {
    LA_TRY(make_by_join(self));
  }
  if (!self->later->embeds) {
    LA_TRY(add_in(self));
  }
  LA_TRY(make_select(self, &select));
  status = compile_select(self, select, plan);
  la_node_release(select);
  return status;
}

/* What a recursive option loads is loaded by the same statement at every level: plans don't nest as
 * deep as the data. */
static void recurse(la_later *later, const la_plan_link *link) {
  la_load_plan *made = (la_load_plan *)(void *)later->compiled->extra;
  for (la_plan_entity *entity = made->entities; entity != NULL; entity = entity->next) {
    for (la_plan_link *below = entity->links; below != NULL; below = below->next) {
      if (below->relationship == link->relationship && below->option != NULL &&
          below->option->recurses && below->strategy == LA_LOADER_SELECTIN) {
        below->later = later;
      }
    }
  }
}

la_status la_later_for(la_load *load, const la_job *job, bool by_join, la_later **out,
                       la_error *err) {
  la_plan_link *link = (la_plan_link *)job->link;
  la_later **kept = by_join ? &link->joined : &link->later;
  la_load_plan *plan = (la_load_plan *)job->plan;
  la_later_making self = {
      .engine = load->session->engine, .link = link, .by_join = by_join, .err = err};
  la_status status;
  if (*kept != NULL) {
    *out = *kept;
    return LA_OK;
  }
  self.sql = &load->session->engine->sql;
  self.engine->schema_translate = plan->schemas;
  self.later = la_alloc_zero(plan->alloc, sizeof *self.later);
  if (self.later == NULL || !la_vec_reserve(plan->alloc, &plan->laters, 1)) {
    la_free(plan->alloc, self.later, sizeof *self.later);
    return la_fail_nomem(err);
  }
  status = make(&self, plan);
  la_node_list_clear(&self.keys, plan->alloc);
  la_node_list_clear(&self.froms, plan->alloc);
  la_node_list_clear(&self.where, plan->alloc);
  la_node_release(self.target);
  if (status < 0) {
    la_later_free(self.later, plan->alloc);
    return status;
  }
  plan->laters.items[plan->laters.count++] = self.later;
  if (!by_join && link->option != NULL && link->option->recurses &&
      link->strategy == LA_LOADER_SELECTIN) {
    recurse(self.later, link);
  }
  *kept = *out = self.later;
  return LA_OK;
}
