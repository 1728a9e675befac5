/* SPDX-License-Identifier: MIT */
/*
 * The frame of a translation: the parts of the row, the clauses, and what is nested.
 */
#include "orm/translate.h"

#include "sql/walk.h"

#define DEEPEST_NESTING 200

static la_status push_part(la_translation *self, la_row_part part, la_plan_part detail) {
  if (!la_vec_push(self->alloc, &self->parts, part) ||
      !la_vec_push(self->alloc, &self->details, detail)) {
    return la_fail_nomem(self->err);
  }
  return LA_OK;
}

/* The table's column that `expr` stands for, labelled or not; NULL if it is none. */
static la_object *column_of(const la_node *expr) {
  while ((expr->kind == LA_NODE_LABEL || expr->kind == LA_NODE_ATTRIBUTE) && expr->count > 0 &&
         expr->children[0] != NULL) {
    expr = expr->children[0];
  }
  return expr->kind == LA_NODE_COLUMN ? expr->subject : NULL;
}

static la_status add_value(la_translation *self, la_node *expr) {
  la_plan_part detail = {0};
  la_row_part part = {.kind = LA_ROW_PART_VALUE,
                      .key = la_expr_name(expr),
                      .type = expr->type,
                      .subject = column_of(expr)};
  if (expr->kind == LA_NODE_ATTRIBUTE) {
    part.key = expr->text;
  }
  if (expr->kind == LA_NODE_RELATIONSHIP) {
    return la_fail(self->err, LA_ARGUMENT,
                   "relationship '%.*s' can't be selected; select its class instead",
                   LA_TEXT_FORMAT(((la_relationship *)(void *)expr->subject)->key));
  }
  if (expr->type != NULL && !(expr->type->flags & LA_TYPE_HOST_RESULT) &&
      !la_type_result_is_plain(expr->type)) {
    detail.type = expr->type;
    if (self->plan != NULL) {
      self->plan->converts = true;
    }
  }
  LA_TRY(la_translate_column(self, false, false, la_node_retain(expr), &detail.column));
  return push_part(self, part, detail);
}

static la_status add_entity(la_translation *self, la_node *entity) {
  la_mapper *mapper = (la_mapper *)(void *)entity->subject;
  la_row_part part = {.kind = LA_ROW_PART_ENTITY, .mapper = mapper, .key = mapper->class_name};
  la_plan_part detail = {0};
  la_load_option *level = NULL, **at = &level;
  if (entity->text.bytes != NULL) {
    part.key = entity->text;
  }
  for (const la_load_option *option = self->options; option != NULL; option = option->next) {
    if (self->request.given || la_option_applies(option, entity)) {
      la_load_option *copy = la_arena_alloc(self->arena, sizeof *copy);
      if (copy == NULL) {
        return la_fail_nomem(self->err);
      }
      *copy = *option;
      copy->next = NULL;
      *at = copy;
      at = &copy->next;
    }
  }
  self->shared_from = self->plan == NULL ? self->primary.list.count : 0;
  self->root = entity;
  self->steps = self->request.steps;
  LA_TRY(la_translate_entity(self, entity, level, self->request.path, false, SIZE_MAX,
                             &detail.entity));
  return push_part(self, part, detail);
}

/* The name of the last part is that of a node which nobody may hold from here on. */
static la_status keep_last_key(la_translation *self) {
  la_text *key = &self->parts.items[self->parts.count - 1].key;
  if (key->bytes != NULL) {
    key->bytes = la_arena_copy(self->arena, key->bytes, key->len);
    return key->bytes != NULL ? LA_OK : la_fail_nomem(self->err);
  }
  return LA_OK;
}

/* A table or subquery listed whole gives a value for each of its columns. */
static la_status add_from(la_translation *self, la_node *from) {
  la_node **columns;
  la_text *keys;
  size_t count;
  la_status status = LA_OK;
  LA_TRY(la_from_columns(self->sql, from, self->arena, &columns, &keys, &count, self->err));
  for (size_t i = 0; i < count; i++) {
    if (status >= 0) {
      status = add_value(self, columns[i]);
    }
    if (status >= 0) {
      status = keep_last_key(self);
    }
    la_node_release(columns[i]);
  }
  return status;
}

static la_status add_bundle(la_translation *self, const la_node *bundle) {
  size_t at = self->bundles.count;
  la_row_bundle made = {.key = bundle->text,
                        .host = bundle->value.kind == LA_VALUE_HOST ? bundle->value.as.integer : 0,
                        .maker =
                            bundle->value.kind == LA_VALUE_INTEGER ? bundle->value.as.integer : 0,
                        .first = (uint32_t)self->parts.count,
                        .single = bundle->op != 0};
  if (self->bundle_depth > DEEPEST_NESTING) {
    return la_fail(self->err, LA_COMPILE, "bundles are nested more than %d deep", DEEPEST_NESTING);
  }
  if (!la_vec_push(self->alloc, &self->bundles, made)) {
    return la_fail_nomem(self->err);
  }
  self->bundle_depth++;
  for (uint32_t i = 0; i < bundle->count; i++) {
    LA_TRY(la_translate_item(self, bundle->children[i]));
  }
  self->bundle_depth--;
  self->bundles.items[at].count = (uint32_t)(self->parts.count - made.first);
  return LA_OK;
}

la_status la_translate_item(la_translation *self, la_node *item) {
  if (item->kind == LA_NODE_ENTITY) {
    return add_entity(self, item);
  }
  if (item->kind == LA_NODE_BUNDLE) {
    return add_bundle(self, item);
  }
  return la_node_is_from(item) ? add_from(self, item) : add_value(self, item);
}

static la_status collect(la_translation *self, const la_node *chain, la_node ***out,
                         size_t *count_out) {
  *count_out = la_chain_count(chain);
  *out = la_arena_alloc(self->arena, (*count_out + 1) * sizeof **out);
  if (*out == NULL) {
    return la_fail_nomem(self->err);
  }
  la_chain_collect(chain, *out);
  return LA_OK;
}

typedef struct noting {
  la_translation *self;
  la_entity_list *list;
} noting;

/* Adds the entity that `node` stands for or belongs to; subqueries have entities of their own. */
static la_walk_answer note_entity(const la_node *node, void *context) {
  noting *to = context;
  la_node *entity = NULL;
  switch (node->kind) {
  case LA_NODE_ENTITY:
    entity = (la_node *)node;
    break;
  case LA_NODE_ATTRIBUTE:
    entity = la_node_child(node, 1);
    break;
  case LA_NODE_SCALAR_SUBQUERY:
  case LA_NODE_EXISTS:
  case LA_NODE_SELECT:
  case LA_NODE_COMPOUND:
  case LA_NODE_ALIAS:
  case LA_NODE_CTE:
    return LA_WALK_PRUNE;
  default:
    return LA_WALK_CONTINUE;
  }
  for (size_t j = 0; j < to->list->count; j++) {
    if (to->list->items[j] == entity) {
      return LA_WALK_PRUNE;
    }
  }
  if (entity != NULL && !la_vec_push(to->self->alloc, to->list, entity)) {
    return LA_WALK_STOP;
  }
  return LA_WALK_PRUNE;
}

la_status la_translate_note_entities(la_translation *self, const la_node *expr,
                                     la_entity_list *list) {
  noting context = {self, list};
  la_status status = la_walk(self->alloc, expr, note_entity, &context, self->err);
  return status == LA_DONE ? la_fail_nomem(self->err) : status;
}

/* The entities that options may start from, and that joins without left side may join to. */
static la_status find_entities(la_translation *self, la_node *const *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    LA_TRY(la_translate_note_entities(self, items[i], &self->entities));
  }
  return LA_OK;
}

bool la_select_is_not_eager(const la_node *select) {
  if (select->kind != LA_NODE_SELECT) {
    return false;
  }
  for (const la_node *chain = select->children[LA_SELECT_EXECUTION]; chain != NULL;
       chain = chain->children[0]) {
    for (uint32_t i = chain->count; i-- > 1;) {
      if (la_text_is(chain->children[i]->text, "enable_eagerloads")) {
        return chain->children[i]->value.as.integer == 0;
      }
    }
  }
  return false;
}

static la_status read_options(la_translation *self, la_node *const *items, size_t count) {
  la_node **roots = la_arena_alloc(self->arena, (count + 1) * sizeof *roots);
  size_t root_count = 0;
  la_load_options read;
  if (self->request.given || self->plan == NULL) {
    self->options = self->request.options;
    self->criteria = self->request.criteria;
    if (self->request.owner != NULL) {
      self->criteria = self->request.owner->owner->criteria;
    }
    self->wildcard = self->request.wildcard;
    if (self->plan != NULL && self->request.owner != NULL) {
      self->plan->owner = self->request.owner->owner;
      self->plan->wildcard = self->wildcard;
    }
    return LA_OK;
  }
  if (roots == NULL) {
    return la_fail_nomem(self->err);
  }
  for (size_t i = 0; i < count; i++) {
    if (items[i]->kind == LA_NODE_ENTITY) {
      roots[root_count++] = items[i];
    }
  }
  LA_TRY(la_options_of(self->statement, roots, root_count, self->arena, &read, self->err));
  self->options = read.roots;
  self->wildcard = self->plan->wildcard = read.wildcard;
  self->criteria = self->plan->criteria = self->request.criteria;
  self->plan->has_criteria = read.has_criteria || self->criteria != NULL;
  if (self->options != NULL || self->criteria != NULL) {
    self->plan->statement = la_node_retain(self->statement);
  }
  return LA_OK;
}

/* GROUP BY and ORDER BY may name an entity: all its columns. */
static la_status spread_clause(la_translation *self, la_node **select, uint32_t part) {
  la_node **items;
  size_t count;
  bool has_entity = false;
  LA_TRY(collect(self, (*select)->children[part], &items, &count));
  for (size_t i = 0; i < count; i++) {
    has_entity = has_entity || items[i]->kind == LA_NODE_ENTITY;
  }
  if (!has_entity) {
    return LA_OK;
  }
  for (size_t i = 0; i < count; i++) {
    la_node_retain(items[i]);
  }
  la_status status = la_build_child(select, part, NULL, self->err);
  for (size_t i = 0; i < count; i++) {
    la_mapper *mapper = (la_mapper *)(void *)items[i]->subject;
    if (items[i]->kind != LA_NODE_ENTITY) {
      status = status < 0 ? status : la_build_chain_one(select, part, items[i], self->err);
    }
    for (uint32_t p = 0; items[i]->kind == LA_NODE_ENTITY && p < mapper->slot_count && status >= 0;
         p++) {
      la_node *attribute = NULL;
      if (mapper->slots[p]->kind != LA_PROPERTY_COLUMN) {
        continue;
      }
      status = la_mapper_attribute(self->sql, mapper->slots[p], items[i], &attribute, self->err);
      if (status >= 0) {
        status = la_build_chain_one(select, part, attribute, self->err);
      }
      la_node_release(attribute);
    }
    la_node_release(items[i]);
  }
  return status;
}

static bool must_wrap(const la_translation *self, const la_node *select) {
  bool limits = select->children[LA_SELECT_LIMIT] != NULL ||
                select->children[LA_SELECT_OFFSET] != NULL ||
                select->children[LA_SELECT_FETCH] != NULL;
  bool collapses = (select->flags & LA_SELECT_DISTINCT) ||
                   select->children[LA_SELECT_DISTINCT_ON] != NULL ||
                   select->children[LA_SELECT_GROUP_BY] != NULL;
  return self->joins.count != 0 && ((self->multi_row && limits) || collapses);
}

static bool stands(const la_translation *self, const la_node *from) {
  for (size_t i = 0; i < self->froms.list.count; i++) {
    if (la_from_contains(self->froms.list.items[i], from)) {
      return true;
    }
  }
  return false;
}

/* The FROMs of all entities, in their order, where the statement names none itself: a join of the
 * tables of a class can't be found from its columns, and eager joins change the order. */
static la_status name_entities(la_translation *self) {
  for (size_t i = 0; i < self->entities.count; i++) {
    la_node *from = NULL;
    LA_TRY(la_translate_element(self, self->entities.items[i], &from));
    if (!stands(self, from->kind == LA_NODE_JOIN ? from->children[1] : from)) {
      LA_TRY(la_node_list_take(&self->froms, self->alloc, la_node_retain(from), self->err));
    }
  }
  return LA_OK;
}

static la_status build(la_translation *self, la_node **out) {
  la_node *made = la_node_with_child(self->statement, LA_SELECT_OPTIONS, NULL);
  la_status status = made != NULL ? LA_OK : la_fail_nomem(self->err);
  bool wraps;
  if (status >= 0) {
    status = spread_clause(self, &made, LA_SELECT_GROUP_BY);
  }
  if (status >= 0) {
    status = spread_clause(self, &made, LA_SELECT_ORDER_BY);
  }
  if (status >= 0) {
    status = la_build_chain(&made, LA_SELECT_WHERE, self->where.list.items, self->where.list.count,
                            self->err);
  }
  wraps = status >= 0 && must_wrap(self, made);
  if (status >= 0 && !wraps && self->joins.count > 0) {
    status = self->froms.list.count > 0 ? LA_OK : name_entities(self);
    if (status >= 0) {
      status = la_translate_eager_froms(self);
    }
  }
  if (status >= 0) {
    status = la_build_child(&made, LA_SELECT_FROM, NULL, self->err);
  }
  if (status >= 0) {
    status = la_build_chain(&made, LA_SELECT_FROM, self->froms.list.items, self->froms.list.count,
                            self->err);
  }
  if (status >= 0 && wraps) {
    status = la_translate_wrap(self, &made);
  } else if (status >= 0) {
    status = la_build_child(&made, LA_SELECT_COLUMNS, NULL, self->err);
    if (status >= 0) {
      status = la_build_chain(&made, LA_SELECT_COLUMNS, self->primary.list.items,
                              self->primary.list.count, self->err);
    }
    if (status >= 0) {
      status = la_build_chain(&made, LA_SELECT_COLUMNS, self->eager.list.items,
                              self->eager.list.count, self->err);
    }
    if (status >= 0) {
      status = la_build_chain(&made, LA_SELECT_ORDER_BY, self->eager_order.list.items,
                              self->eager_order.list.count, self->err);
    }
  }
  if (status < 0) {
    la_node_release(made);
    return status;
  }
  *out = made;
  return LA_OK;
}

static uint32_t final_column(const la_translation *self, uint32_t column) {
  return self->is_given ? column
         : column & LA_COLUMN_EAGER
             ? (column & ~LA_COLUMN_EAGER) + (uint32_t)self->primary.list.count
             : column;
}

static bool contains_unique(const la_plan_entity *entities) {
  for (const la_plan_entity *entity = entities; entity != NULL; entity = entity->next) {
    for (const la_plan_link *link = entity->links; link != NULL; link = link->next) {
      if (link->entity != NULL && link->relationship->uselist) {
        return true;
      }
    }
  }
  return false;
}

static la_status keep_bundles(la_translation *self, la_load_plan *plan) {
  size_t count = self->bundles.count;
  plan->bundles = la_arena_alloc(self->arena, (count + 1) * sizeof *plan->bundles);
  if (plan->bundles == NULL) {
    return la_fail_nomem(self->err);
  }
  plan->bundle_count = (uint32_t)count;
  for (size_t i = 0; i < count; i++) {
    la_row_bundle *bundle = &plan->bundles[i];
    *bundle = self->bundles.items[i];
    bundle->key.bytes = la_arena_copy(self->arena, bundle->key.bytes, bundle->key.len);
    if (bundle->key.bytes == NULL) {
      return la_fail_nomem(self->err);
    }
  }
  return LA_OK;
}

/* Column numbers become those of the whole row, and the plan gets its parts. */
la_status la_translate_finish_plan(la_translation *self) {
  la_load_plan *plan = self->plan;
  size_t count = self->parts.count;
  for (la_plan_entity *entity = plan->entities; entity != NULL; entity = entity->next) {
    for (uint32_t i = 0; i < entity->slot_count; i++) {
      entity->slots[i].column = final_column(self, entity->slots[i].column);
    }
    for (uint32_t i = 0; i < entity->mapper->primary_key_count; i++) {
      entity->key_columns[i] = final_column(self, entity->key_columns[i]);
    }
    for (la_plan_class *below = entity->classes; below != NULL; below = below->next) {
      for (uint32_t i = 0; i < below->slot_count; i++) {
        below->slots[i].column = final_column(self, below->slots[i].column);
      }
    }
    if (entity->polymorphic_column != UINT32_MAX) {
      entity->polymorphic_column = final_column(self, entity->polymorphic_column);
    }
  }
  plan->parts = la_arena_alloc(self->arena, (count + 1) * sizeof *plan->parts);
  plan->details = la_arena_alloc(self->arena, (count + 1) * sizeof *plan->details);
  if (plan->parts == NULL || plan->details == NULL) {
    return la_fail_nomem(self->err);
  }
  plan->part_count = (uint32_t)count;
  LA_TRY(keep_bundles(self, plan));
  plan->width = (uint32_t)(self->is_given ? self->given_count
                                          : self->primary.list.count + self->eager.list.count);
  for (size_t i = 0; i < count; i++) {
    la_text key = self->parts.items[i].key;
    plan->parts[i] = self->parts.items[i];
    plan->details[i] = self->details.items[i];
    if (key.bytes != NULL) {
      plan->parts[i].key.bytes = la_arena_copy(self->arena, key.bytes, key.len);
      if (plan->parts[i].key.bytes == NULL) {
        return la_fail_nomem(self->err);
      }
    }
  }
  plan->single = count == 1 && plan->bundle_count == 0 && plan->parts[0].kind == LA_ROW_PART_ENTITY;
  plan->needs_unique = contains_unique(plan->entities);
  return LA_OK;
}

la_status la_translate_full(la_translation *self, la_node *entity, la_node **out) {
  la_node *made = NULL;
  for (size_t i = 0; i < self->full.list.count; i++) {
    if (self->full.list.items[i]->subject == entity->subject &&
        entity == ((const la_mapper *)(const void *)entity->subject)->entity) {
      *out = self->full.list.items[i];
      return LA_OK;
    }
  }
  *out = entity;
  LA_TRY(la_entity_full(self->sql, entity, &made, self->err));
  if (made == entity) {
    la_node_release(made);
    return LA_OK;
  }
  *out = made;
  return la_node_list_take(&self->full, self->alloc, made, self->err);
}

la_status la_translate_element(la_translation *self, la_node *from, la_node **out) {
  if (from->kind == LA_NODE_ENTITY) {
    LA_TRY(la_translate_full(self, from, &from));
    from = from->children[0];
  }
  *out = from;
  return LA_OK;
}

/* Whether one of the tables of `from`, a tree of joins, is among the FROMs. */
static bool stands_in_part(const la_translation *self, const la_node *from) {
  for (; from->kind == LA_NODE_JOIN; from = from->children[0]) {
    if (stands(self, from->children[1])) {
      return true;
    }
  }
  return stands(self, from);
}

/* The join of a class with joined-table inheritance. A class of which a table is there already gets
 * no join of its own. */
static la_status add_joined_tables(la_translation *self) {
  bool none_given = self->froms.list.count == 0;
  for (size_t i = 0; i < self->entities.count; i++) {
    la_node *from = NULL;
    LA_TRY(la_translate_element(self, self->entities.items[i], &from));
    if (from->kind != LA_NODE_JOIN) {
      continue;
    }
    if (none_given) {
      return name_entities(self);
    }
    if (!stands_in_part(self, from)) {
      LA_TRY(la_node_list_take(&self->froms, self->alloc, la_node_retain(from), self->err));
    }
  }
  return LA_OK;
}

static la_status translate(la_translation *self, la_node **out) {
  la_node **items;
  size_t count;
  LA_TRY(collect(self, self->statement->children[LA_SELECT_COLUMNS], &items, &count));
  LA_TRY(find_entities(self, items, count));
  LA_TRY(read_options(self, items, count));
  self->not_eager = la_select_is_not_eager(self->statement);
  if (self->statement->children[LA_SELECT_STATEMENT] != NULL) {
    return la_translate_statement(self, items, count, out);
  }
  LA_TRY(la_translate_froms(self, self->statement));
  LA_TRY(add_joined_tables(self));
  for (size_t i = 0; i < count; i++) {
    LA_TRY(la_translate_item(self, items[i]));
  }
  LA_TRY(la_translate_joined_by(self));
  LA_TRY(la_translate_class_conditions(self));
  LA_TRY(build(self, out));
  if (self->plan != NULL) {
    la_status status = la_translate_finish_plan(self);
    if (status < 0) {
      la_node_release(*out);
      *out = NULL;
      return status;
    }
  }
  return LA_OK;
}

void la_translation_clear(la_translation *self) {
  for (size_t i = 0; i < self->joins.count; i++) {
    la_node_release(self->joins.items[i].element);
    la_node_release(self->joins.items[i].on);
    la_node_release(self->joins.items[i].alias);
    la_node_release(self->joins.items[i].secondary);
  }
  la_vec_clear(self->alloc, &self->joins);
  la_node_list_clear(&self->primary, self->alloc);
  la_node_list_clear(&self->eager, self->alloc);
  la_node_list_clear(&self->froms, self->alloc);
  la_node_list_clear(&self->full, self->alloc);
  la_node_list_clear(&self->targets, self->alloc);
  la_node_list_clear(&self->eager_order, self->alloc);
  la_node_list_clear(&self->joined_by, self->alloc);
  la_node_list_clear(&self->where, self->alloc);
  la_vec_clear(self->alloc, &self->entities);
  la_vec_clear(self->alloc, &self->joined);
  la_vec_clear(self->alloc, &self->details);
  la_vec_clear(self->alloc, &self->parts);
  la_vec_clear(self->alloc, &self->keys);
  la_vec_clear(self->alloc, &self->bundles);
}

la_status la_translate_entity_columns(const la_sql *sql, la_node *entity, la_arena *arena,
                                      la_node ***nodes_out, la_text **keys_out, size_t *count_out,
                                      la_error *err) {
  la_translation self = {
      .sql = sql, .alloc = sql->alloc, .err = err, .arena = arena, .exports = true};
  la_plan_entity *unused;
  la_status status = la_translate_entity(&self, entity, NULL, NULL, false, SIZE_MAX, &unused);
  size_t count = self.primary.list.count;
  if (status >= 0) {
    *nodes_out = la_arena_alloc(arena, (count + 1) * sizeof **nodes_out);
    *keys_out = la_arena_alloc(arena, (count + 1) * sizeof **keys_out);
    status = *nodes_out != NULL && *keys_out != NULL ? LA_OK : la_fail_nomem(err);
  }
  for (size_t i = 0; i < count && status >= 0; i++) {
    (*nodes_out)[i] = la_node_retain(self.primary.list.items[i]);
    (*keys_out)[i] = self.keys.items[i];
  }
  *count_out = count;
  la_translation_clear(&self);
  return status;
}

la_status la_translate_select(const la_sql *sql, const la_node *select,
                              const la_translate_request *request, la_load_plan *plan,
                              la_node **out, la_error *err) {
  la_translation self = {
      .sql = sql, .alloc = sql->alloc, .err = err, .plan = plan, .statement = select};
  la_arena scratch;
  la_node *moved = NULL;
  la_status status;
  if (select->flags & LA_SELECT_LEGACY) {
    LA_TRY(la_translate_self(sql, select, &moved, err));
    self.statement = moved;
  }
  la_arena_init(&scratch, sql->alloc);
  self.arena = plan != NULL ? &plan->arena : &scratch;
  if (request != NULL) {
    self.request = *request;
  }
  status = translate(&self, out);
  la_translation_clear(&self);
  la_arena_clear(&scratch);
  la_node_release(moved);
  return status;
}

typedef struct nesting {
  const la_sql *sql;
  const la_node *root;
  int depth;
  const la_load_criteria *criteria;
} nesting;

static la_status translate_inner(const la_node *node, void *context, la_node **out, la_error *err) {
  nesting *self = context;
  nesting inner = {self->sql, node, self->depth + 1, self->criteria};
  la_translate_request request = {.criteria = self->criteria};
  la_node *resolved = NULL;
  la_status status;
  if (node == self->root || !(node->flags & LA_NODE_HAS_ORM)) {
    if (node != self->root) {
      *out = la_node_retain(node);
    }
    return LA_OK;
  }
  if (node->kind != LA_NODE_SELECT && la_statement_returning_part(node) < 0) {
    return LA_OK;
  }
  if (inner.depth > DEEPEST_NESTING) {
    return la_fail(err, LA_COMPILE, "statements are nested more than %d deep", DEEPEST_NESTING);
  }
  LA_TRY(la_adapt(self->sql->alloc, node, translate_inner, &inner, &resolved, err));
  status = node->kind == LA_NODE_SELECT
               ? la_translate_select(self->sql, resolved, &request, NULL, out, err)
               : la_translate_dml(self->sql, resolved, NULL, out, err);
  la_node_release(resolved);
  return status;
}

/* A class that is read from its table, or an attribute of one that is no expression of others. */
static bool is_of_table(const la_node *node) {
  if (node->kind == LA_NODE_ATTRIBUTE && !(node->children[0]->flags & LA_NODE_HAS_ORM)) {
    node = node->children[1];
  }
  return node->kind == LA_NODE_ENTITY && node->children[0]->kind == LA_NODE_TABLE;
}

/* Stops at a statement inside that is to be translated. `context` is the statement around. */
static la_walk_answer find_inner(const la_node *node, void *context) {
  if (!(node->flags & LA_NODE_HAS_ORM) || is_of_table(node)) {
    return LA_WALK_PRUNE;
  }
  return node != context && (node->kind == LA_NODE_SELECT || la_statement_returning_part(node) >= 0)
             ? LA_WALK_STOP
             : LA_WALK_CONTINUE;
}

la_status la_translate_nested(const la_sql *sql, const la_node *statement,
                              const la_load_criteria *criteria, la_node **out, la_error *err) {
  nesting self = {sql, statement, 0, criteria};
  la_status found = la_walk(sql->alloc, statement, find_inner, (void *)statement, err);
  if (found == LA_OK) {
    *out = la_node_retain(statement);
  }
  if (found != LA_DONE) {
    return found;
  }
  return la_adapt(sql->alloc, statement, translate_inner, &self, out, err);
}
