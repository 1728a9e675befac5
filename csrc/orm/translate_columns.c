/* SPDX-License-Identifier: MIT */
/*
 * Entities as columns: which attributes are loaded with their row, and which relationships on the
 * way.
 */
#include "orm/translate.h"

static bool is_same_column(const la_node *a, const la_node *b) {
  return a == b || (a->kind == LA_NODE_COLUMN && b->kind == LA_NODE_COLUMN && a->subject != NULL &&
                    a->subject == b->subject && la_node_child(a, 0) == la_node_child(b, 0));
}

/* An ATTRIBUTE as the column that it is. */
static const la_node *plain(const la_node *node) {
  while (node->kind == LA_NODE_ATTRIBUTE) {
    node = node->children[0];
  }
  return node;
}

static bool find_column(const la_node_list *nodes, size_t begin, const la_node *node,
                        uint32_t *out) {
  for (size_t i = begin; i < nodes->list.count; i++) {
    if (is_same_column(plain(nodes->list.items[i]), node)) {
      *out = (uint32_t)i;
      return true;
    }
  }
  return false;
}

la_status la_translate_column(la_translation *self, bool to_eager, bool may_share,
                              la_node *take_node, uint32_t *out) {
  la_node_list *nodes = to_eager ? &self->eager : &self->primary;
  uint32_t mark = to_eager ? LA_COLUMN_EAGER : 0;
  if (take_node == NULL) {
    return la_fail_nomem(self->err);
  }
  if (self->is_given) {
    *out = la_translate_given(self, take_node);
    return LA_OK;
  }
  if (may_share && find_column(nodes, to_eager ? 0 : self->shared_from, plain(take_node), out)) {
    *out |= mark;
    la_node_release(take_node);
    return LA_OK;
  }
  *out = (uint32_t)nodes->list.count | mark;
  return la_node_list_take(nodes, self->alloc, take_node, self->err);
}

static bool is_option_for(const la_load_option *option, const la_mapper *mapper,
                          const la_property *property) {
  return option->property != NULL &&
         (option->property == property || la_text_equal(option->property->key, property->key)) &&
         la_mapper_property(mapper, option->property->key) == property;
}

bool la_translate_is_loaded(const la_mapper *mapper, const la_property *property,
                            const la_load_option *options, bool *raise_out) {
  bool fixed = (property->flags &
                (LA_PROPERTY_PRIMARY_KEY | LA_PROPERTY_VERSION | LA_PROPERTY_POLYMORPHIC)) != 0;
  bool loaded = !(property->flags & LA_PROPERTY_DEFERRED);
  bool only = false, known = false; /* known: an option names the attribute, or its group */
  *raise_out = (property->flags & LA_PROPERTY_RAISELOAD) != 0;
  for (; options != NULL; options = options->next) {
    bool named = is_option_for(options, mapper, property);
    bool all = options->wildcard && !known;
    switch (options->strategy) {
    case LA_LOADER_LOAD_ONLY:
      only = true;
      *raise_out = *raise_out || options->raiseload;
      break;
    case LA_LOADER_DEFER:
      *raise_out = named || all ? options->raiseload : *raise_out;
      break;
    case LA_LOADER_UNDEFER_GROUP:
      named = property->group.bytes != NULL && la_text_equal(property->group, options->group);
      break;
    case LA_LOADER_UNDEFER:
    case LA_LOADER_WITH_EXPRESSION:
      break;
    default:
      named = all = false;
    }
    known = known || named;
    loaded = named || all ? options->strategy != LA_LOADER_DEFER : loaded;
  }
  if (only && !known) {
    loaded = false;
  }
  if (property->kind == LA_PROPERTY_COLUMN && fixed) {
    loaded = true;
  }
  *raise_out = *raise_out && !loaded;
  return loaded;
}

/* A column, or the attribute that is an expression: ORDER BY of that names it. */
static la_status node_of(la_translation *self, const la_property *property, la_node *entity,
                         la_node **out) {
  return property->kind == LA_PROPERTY_COLUMN
             ? la_column_through(self->sql, property->column, entity, out, self->err)
             : la_mapper_attribute(self->sql, property, entity, out, self->err);
}

static la_status add_column(la_translation *self, const la_property *property, bool to_eager,
                            la_node *take_node, uint32_t *out) {
  size_t before = self->primary.list.count;
  la_text key = property->column != NULL ? property->column->key : property->key;
  LA_TRY(la_translate_column(self, to_eager, true, take_node, out));
  if (self->exports && self->primary.list.count != before &&
      !la_vec_push(self->alloc, &self->keys, key)) {
    return la_fail_nomem(self->err);
  }
  return LA_OK;
}

/* The property's column, and those of its bases' tables, which hold the same. */
static la_status add_property(la_translation *self, const la_property *property, la_node *entity,
                              bool to_eager, uint32_t *out) {
  la_node *node = NULL;
  LA_TRY(node_of(self, property, entity, &node));
  LA_TRY(add_column(self, property, to_eager, node, out));
  for (const la_property *base = property->parent; base != NULL; base = base->parent) {
    uint32_t unused;
    if (base->column == property->column || base->column == NULL) {
      continue;
    }
    LA_TRY(la_column_through(self->sql, base->column, entity, &node, self->err));
    LA_TRY(add_column(self, base, to_eager, node, &unused));
  }
  return LA_OK;
}

/* Whether a refresh of some attributes is to read `property`. */
static bool is_asked_for(const la_translate_request *request, const la_property *property) {
  for (uint32_t i = 0; i < request->only_count; i++) {
    if (request->only[i] == property) {
      return true;
    }
  }
  return request->only == NULL;
}

la_status la_translate_slot(la_translation *self, const la_property *property, la_node *entity,
                            bool to_eager, la_plan_slot *out) {
  const la_type *type = property->column != NULL ? property->column->type : property->expr->type;
  LA_TRY(add_property(self, property, entity, to_eager, &out->column));
  out->slot = property->slot;
  out->type =
      type == NULL || (property->flags & LA_PROPERTY_HOST_TYPE) || la_type_result_is_plain(type)
          ? NULL
          : type;
  if (out->type != NULL && self->plan != NULL) {
    self->plan->converts = true;
  }
  return LA_OK;
}

/* with_expression(): what the statement gives for `property`; NULL: nothing. */
static const la_node *given_expression(const la_mapper *mapper, const la_property *property,
                                       const la_load_option *options) {
  const la_node *given = NULL;
  for (; options != NULL && (property->flags & LA_PROPERTY_QUERY); options = options->next) {
    if (options->strategy == LA_LOADER_WITH_EXPRESSION &&
        is_option_for(options, mapper, property)) {
      given = options->criteria;
    }
  }
  return given;
}

/* The slot of a query_expression, from an expression that is written for the class itself. */
static la_status fill_slot(la_translation *self, const la_property *property, const la_node *given,
                           la_node *entity, bool to_eager, la_plan_slot *out) {
  const la_mapper *mapper = (const la_mapper *)(const void *)entity->subject;
  const la_type *type = given->type;
  la_node *node = NULL;
  if (entity->children[0] == mapper->entity->children[0]) {
    node = la_node_retain(given);
  } else {
    LA_TRY(la_adapt_columns(self->sql, given, mapper->entity->children[0], entity->children[0],
                            &node, self->err));
  }
  LA_TRY(la_translate_column(self, to_eager, false, node, &out->column));
  out->slot = property->slot;
  out->type = type == NULL || la_type_result_is_plain(type) ? NULL : type;
  if (out->type != NULL && self->plan != NULL) {
    self->plan->converts = true;
  }
  return LA_OK;
}

/* Whether the row is to have `property`; notes those that must not be loaded later either. What is
 * embedded in another statement has all columns: it may name any of them. */
static bool is_in_row(const la_translation *self, la_plan_entity *plan, const la_property *property,
                      const la_load_option *options) {
  bool raise;
  if (self->request.only != NULL && self->depth == 0) {
    return (property->flags & LA_PROPERTY_PRIMARY_KEY) || is_asked_for(&self->request, property);
  }
  if (self->plan == NULL && property->kind == LA_PROPERTY_COLUMN) {
    return true;
  }
  if (la_translate_is_loaded(plan->mapper, property, options, &raise)) {
    return true;
  }
  if (raise) {
    plan->raised[plan->raised_count++] = property->slot;
  }
  return false;
}

static la_status add_slot(la_translation *self, la_plan_entity *plan, const la_property *property,
                          la_node *entity, const la_load_option *options, bool to_eager) {
  la_mapper *mapper = plan->mapper;
  la_plan_slot *slot = &plan->slots[plan->slot_count];
  const la_node *given;
  if (!is_in_row(self, plan, property, options)) {
    return LA_OK;
  }
  given = given_expression(mapper, property, options);
  LA_TRY(given != NULL ? fill_slot(self, property, given, entity, to_eager, slot)
                       : la_translate_slot(self, property, entity, to_eager, slot));
  if (slot->column == LA_COLUMN_MISSING) {
    plan->missing[plan->missing_count++] = property->slot;
    return la_translate_missing(self, property);
  }
  plan->slot_count++;
  for (uint32_t k = 0; k < mapper->primary_key_count; k++) {
    if (mapper->primary_key[k]->slot == property->slot) {
      plan->key_columns[k] = slot->column;
      plan->key_types[k] = slot->type;
    }
  }
  if (mapper->polymorphic_on != NULL && mapper->polymorphic_on->slot == property->slot) {
    plan->polymorphic_column = slot->column;
  }
  return LA_OK;
}

/* Expressions of the class's own description stand before columns, those added later behind them:
 * SQLAlchemy's order. */
static bool is_of_pass(const la_property *property, int pass) {
  bool is_first = property->kind == LA_PROPERTY_EXPRESSION && !(property->flags & LA_PROPERTY_LATE);
  return pass == 0 ? is_first
                   : !is_first && (property->kind == LA_PROPERTY_COLUMN ||
                                   property->kind == LA_PROPERTY_EXPRESSION);
}

static la_status add_slots(la_translation *self, la_plan_entity *plan, la_node *entity,
                           const la_load_option *options, bool to_eager) {
  la_mapper *mapper = plan->mapper;
  plan->slots = la_arena_alloc(self->arena, (mapper->slot_count + 1) * sizeof *plan->slots);
  plan->raised = la_arena_alloc(self->arena, (mapper->slot_count + 1) * sizeof *plan->raised);
  plan->missing = la_arena_alloc(self->arena, (mapper->slot_count + 1) * sizeof *plan->missing);
  plan->key_columns =
      la_arena_alloc(self->arena, (mapper->primary_key_count + 1) * sizeof *plan->key_columns);
  plan->key_types =
      la_arena_alloc(self->arena, (mapper->primary_key_count + 1) * sizeof *plan->key_types);
  if (plan->slots == NULL || plan->raised == NULL || plan->missing == NULL ||
      plan->key_columns == NULL || plan->key_types == NULL) {
    return la_fail_nomem(self->err);
  }
  if (self->request.unexpire && self->depth == 0) {
    options = NULL;
  }
  for (int pass = mapper->has_expressions ? 0 : 1; pass < 2; pass++) {
    for (size_t i = 0; i < mapper->properties.count; i++) {
      la_property *property = mapper->properties.items[i];
      if (is_of_pass(property, pass)) {
        LA_TRY(add_slot(self, plan, property, entity, options, to_eager));
      }
    }
  }
  return LA_OK;
}

static bool is_in_path(const la_path *path, const la_path *end, const la_mapper *mapper) {
  for (; path != end; path = path->up) {
    if (la_mapper_is_a(path->mapper, mapper) || la_mapper_is_a(mapper, path->mapper)) {
      return true;
    }
  }
  return false;
}

static int path_length(const la_path *path, const la_path *end) {
  int length = 0;
  for (; path != end; path = path->up) {
    length++;
  }
  return length;
}

/* An eager strategy of the mapper's own, or of a wildcard, ends where it would go round: a join
 * within its statement, others on the way from the first statement on. */
static bool goes_round(const la_translation *self, const la_relationship *relationship,
                       la_loader_strategy strategy, const la_path *path) {
  const la_path *end = strategy == LA_LOADER_JOINED ? path : NULL;
  for (uint32_t i = 0; end != NULL && i <= self->depth; i++) {
    end = end->up;
  }
  return relationship->join_depth > 0 ? path_length(path, end) > relationship->join_depth
                                      : is_in_path(path, end, relationship->target);
}

static bool is_eager(la_loader_strategy strategy) {
  return strategy == LA_LOADER_JOINED || strategy == LA_LOADER_SELECTIN ||
         strategy == LA_LOADER_SUBQUERY || strategy == LA_LOADER_IMMEDIATE;
}

/* What a refresh does about a relationship: nothing needs a statement for several objects. Those
 * that are asked for by name are relationships of the object itself. */
static la_loader_strategy refresh_strategy(const la_translation *self, const la_property *property,
                                           la_loader_strategy strategy) {
  if (self->depth == 0 && !is_asked_for(&self->request, property)) {
    return LA_LOADER_SELECT;
  }
  if (self->depth == 0 && self->request.only != NULL && strategy != LA_LOADER_JOINED &&
      strategy != LA_LOADER_NOLOAD) {
    return LA_LOADER_IMMEDIATE;
  }
  return strategy == LA_LOADER_SELECTIN || strategy == LA_LOADER_SUBQUERY ? LA_LOADER_IMMEDIATE
                                                                          : strategy;
}

/* `*map_only_out`: what goes round is looked up in the identity map, where that can be. */
static la_loader_strategy strategy_of(const la_translation *self, const la_property *property,
                                      const la_load_option *option, const la_path *path,
                                      bool *map_only_out) {
  const la_relationship *relationship = property->relationship;
  la_loader_strategy strategy = la_option_strategy(option, relationship);
  bool own = option == NULL || option->wildcard || option->strategy == LA_LOADER_DEFAULT;
  if (relationship == self->request.lazy_reverse || la_relationship_never_loads(relationship)) {
    return LA_LOADER_SELECT;
  }
  if ((self->is_given && (strategy == LA_LOADER_JOINED || strategy == LA_LOADER_SUBQUERY)) ||
      (self->not_eager && is_eager(strategy))) {
    return LA_LOADER_SELECT;
  }
  if (strategy == LA_LOADER_CONTAINS && self->request.refresh) { /* there is no join to read */
    strategy = relationship->lazy;
  }
  if (own && is_eager(strategy) && goes_round(self, relationship, strategy, path)) {
    *map_only_out = strategy == LA_LOADER_IMMEDIATE && relationship->use_get;
    strategy = *map_only_out ? LA_LOADER_IMMEDIATE : LA_LOADER_SELECT;
  }
  return self->request.refresh ? refresh_strategy(self, property, strategy) : strategy;
}

static la_status make_link(la_translation *self, la_plan_entity *plan,
                           la_relationship *relationship, uint32_t link,
                           la_loader_strategy strategy, const la_load_option *option,
                           la_plan_link **out) {
  la_plan_link **at = &plan->links;
  la_plan_link *made = la_arena_alloc_zero(self->arena, sizeof *made);
  if (made == NULL) {
    return la_fail_nomem(self->err);
  }
  made->relationship = relationship;
  made->link = link;
  made->strategy = strategy;
  if (option != NULL && !option->wildcard) {
    made->option = option;
    made->options = option->first;
    made->criteria = option->criteria;
    made->target = option->target;
  }
  made->sql_only = option != NULL && option->sql_only;
  made->number = self->plan != NULL ? self->plan->link_count++ : 0;
  while (*at != NULL) {
    at = &(*at)->next;
  }
  *at = made;
  *out = made;
  return LA_OK;
}

/* Later loads outlive the call's stack: their path is copied. */
static la_status keep_path(la_translation *self, const la_path *path, const la_path **out) {
  const la_path **at = out;
  *out = NULL;
  for (; path != NULL; path = path->up) {
    la_path *copy = la_arena_alloc(self->arena, sizeof *copy);
    if (copy == NULL) {
      return la_fail_nomem(self->err);
    }
    *copy = (la_path){NULL, path->mapper};
    *at = copy;
    at = &copy->up;
  }
  return LA_OK;
}

la_status la_translate_link(la_translation *self, la_plan_entity *plan, la_node *entity,
                            la_property *property, const la_load_option *options,
                            const la_path *path, size_t join) {
  la_relationship *relationship = property->relationship;
  const la_load_option *option = la_option_for(options, relationship), *chooser = option;
  la_loader_strategy strategy;
  la_plan_link *link;
  bool map_only = false;
  if (!relationship->configured) {
    return LA_OK;
  }
  if (self->wildcard != NULL && (option == NULL || option->strategy == LA_LOADER_DEFAULT)) {
    chooser = self->wildcard; /* what defaultload() names is only the way to what lies below it */
    option = option != NULL ? option : chooser;
  }
  strategy = strategy_of(self, property, chooser, path, &map_only);
  switch (strategy) {
  case LA_LOADER_JOINED:
  case LA_LOADER_CONTAINS:
    LA_TRY(make_link(self, plan, relationship, property->slot, strategy, option, &link));
    return la_translate_joined(self, link, entity, option, path, join);
  case LA_LOADER_SELECTIN:
  case LA_LOADER_SUBQUERY:
  case LA_LOADER_IMMEDIATE:
    LA_TRY(make_link(self, plan, relationship, property->slot, strategy, option, &link));
    if (self->plan != NULL) {
      self->plan->has_later = true;
    }
    link->path = plan->path;
    link->map_only = map_only;
    return strategy == LA_LOADER_SUBQUERY ? la_translate_embed(self, link) : LA_OK;
  case LA_LOADER_RAISE:
  case LA_LOADER_RAISE_ON_SQL:
  case LA_LOADER_NOLOAD:
    if (option == NULL) {
      return LA_OK; /* the mapper's own: la_load_link sees it */
    }
    LA_TRY(make_link(self, plan, relationship, property->slot, strategy, option, &link));
    link->sql_only = chooser->sql_only;
    return LA_OK;
  default:
    return LA_OK;
  }
}

/* Objects keep the options of their level, and those that hold at every level. */
static la_status keep_options(la_translation *self, la_plan_entity *plan,
                              const la_load_option *options, const la_path *path) {
  plan->keeps =
      self->plan != NULL && (options != NULL || self->wildcard != NULL || self->criteria != NULL);
  plan->options = options;
  return self->plan != NULL ? keep_path(self, path, &plan->path) : LA_OK;
}

la_status la_translate_entity(la_translation *self, la_node *entity, const la_load_option *options,
                              const la_path *path, bool to_eager, size_t join,
                              la_plan_entity **out) {
  la_mapper *mapper = (la_mapper *)(void *)entity->subject;
  la_plan_entity *plan = la_arena_alloc_zero(self->arena, sizeof *plan);
  la_path here = {path, mapper};
  if (plan == NULL) {
    return la_fail_nomem(self->err);
  }
  if (mapper->registry != NULL) {
    LA_TRY(la_registry_configure(mapper->registry, self->err));
  }
  LA_TRY(la_translate_full(self, entity, &entity));
  if (mapper->primary_key == NULL) {
    return la_fail(self->err, LA_INVALID_REQUEST, "Mapper for class %.*s is not finished",
                   LA_TEXT_FORMAT(mapper->class_name));
  }
  plan->mapper = mapper;
  plan->concrete = mapper->element != NULL;
  LA_TRY(keep_options(self, plan, options, &here));
  plan->partial_keys = mapper->root->allow_partial_keys && mapper->primary_key_count > 1;
  plan->polymorphic_column = UINT32_MAX;
  if (self->plan != NULL) {
    LA_TRY(la_load_plan_note_mapper(self->plan, mapper, self->err));
    plan->number = self->plan->entity_count++;
    plan->next = self->plan->entities;
    self->plan->entities = plan;
  }
  for (uint32_t i = 0; !self->request.no_eager && self->plan != NULL && i < mapper->link_count;
       i++) {
    LA_TRY(la_translate_link(self, plan, entity, mapper->links[i], options, &here, join));
  }
  LA_TRY(add_slots(self, plan, entity, options, to_eager));
  *out = plan;
  return mapper->subclasses.count != 0
             ? la_translate_subclasses(self, plan, entity, options, &here, to_eager, join)
             : LA_OK;
}
