/* SPDX-License-Identifier: MIT */
/*
 * The FROM list: select_from(), and joins along relationships, to entities, and with conditions of
 * their own.
 */
#include "orm/translate.h"
#include "sql/walk.h"

static bool same_table(const la_node *one, const la_node *other) {
  return one == other || (one->kind == LA_NODE_TABLE && other->kind == LA_NODE_TABLE &&
                          one->subject == other->subject);
}

bool la_from_contains(const la_node *from, const la_node *part) {
  for (;;) {
    const la_node *right = from;
    if (from->kind == LA_NODE_JOIN) {
      right = from->children[1];
      if (right->kind == LA_NODE_JOIN && right != part) {
        if (la_from_contains(right, part)) { /* as deep as joins stand in parentheses */
          return true;
        }
      }
    }
    if (from == part || same_table(right, part)) {
      return true;
    }
    if (from->kind != LA_NODE_JOIN) {
      return false;
    }
    from = from->children[0];
  }
}

/* A join of a class with inheritance is there if the table of the class is. */
static bool covers(const la_node *from, const la_node *part) {
  while (part->kind == LA_NODE_JOIN) {
    part = part->children[1];
  }
  return la_from_contains(from, part);
}

la_status la_translate_attach(la_translation *self, la_node *root, la_node *element, la_node *on,
                              uint32_t flags) {
  la_node *joined = NULL;
  size_t at = 0;
  while (at < self->froms.list.count && !covers(self->froms.list.items[at], root)) {
    at++;
  }
  if (at == self->froms.list.count) {
    LA_TRY(la_node_list_take(&self->froms, self->alloc, la_node_retain(root), self->err));
  }
  LA_TRY(
      la_from_join(self->sql, self->froms.list.items[at], element, on, flags, &joined, self->err));
  return la_build_replace(&self->froms.list.items[at], joined, self->err);
}

void la_translate_move_last(la_translation *self, const la_node *root, size_t *moved) {
  la_node **items = self->froms.list.items;
  size_t count = self->froms.list.count, at = 0;
  while (at < count && !covers(items[at], root)) {
    at++;
  }
  if (at == count) { /* it will be attached there */
    ++*moved;
  } else if (at < count - *moved) {
    la_node *from = items[at];
    memmove(items + at, items + at + 1, (count - at - 1) * sizeof *items);
    items[count - 1] = from;
    ++*moved;
  }
}

static la_status add_entity_condition(la_translation *self, la_node *entity, la_node *on,
                                      la_node **out) {
  la_node *condition = NULL;
  la_status status;
  *out = la_node_retain(on);
  if (entity->kind != LA_NODE_ENTITY) {
    return LA_OK;
  }
  if (!la_vec_push(self->alloc, &self->joined, entity)) {
    return la_fail_nomem(self->err);
  }
  LA_TRY(la_translate_entity_condition(self, entity, false, &condition));
  if (condition == NULL) {
    return LA_OK;
  }
  la_node_release(*out);
  *out = NULL;
  status = la_build_and(self->sql, on, condition, out, self->err);
  la_node_release(condition);
  return status;
}

la_status la_translate_target(la_translation *self, const la_relationship *relationship,
                              la_node **out) {
  la_node *entity = NULL;
  LA_TRY(la_relationship_target_entity(self->sql, relationship, &entity, self->err));
  *out = entity;
  return la_node_list_take(&self->targets, self->alloc, entity, self->err);
}

/* True if a table of `element` stands in `from` under its own name. */
static bool overlaps(const la_node *from, const la_node *element) {
  for (const la_node *part = element; part != NULL;
       part = part->kind == LA_NODE_JOIN ? part->children[0] : NULL) {
    const la_node *right = part->kind == LA_NODE_JOIN ? part->children[1] : part;
    if (right->kind == LA_NODE_TABLE && la_from_contains(from, right)) {
      return true;
    }
  }
  return false;
}

/* A class joined to what has its tables already needs an alias. */
static la_status check_overlap(la_translation *self, const la_node *source, const la_node *left,
                               const la_node *target, const la_node *element) {
  const la_mapper *mapper = (const la_mapper *)(const void *)target->subject;
  bool found = overlaps(left, element);
  if (target->kind != LA_NODE_ENTITY) {
    return LA_OK;
  }
  if (source == target || left == element) {
    return la_fail(self->err, LA_INVALID_REQUEST,
                   "Can't construct a join from Mapper[%.*s(%.*s)] to Mapper[%.*s(%.*s)], they are "
                   "the same entity: join to an alias, orm.aliased(%.*s)",
                   LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->table->name),
                   LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->table->name),
                   LA_TEXT_FORMAT(mapper->class_name));
  }
  for (size_t i = 0; i < self->froms.list.count; i++) {
    found = found || overlaps(self->froms.list.items[i], element);
  }
  if (found) {
    return la_fail(self->err, LA_INVALID_REQUEST,
                   "Can't join to Mapper[%.*s(%.*s)]: its tables stand in the statement already. "
                   "Join to an alias, orm.aliased(%.*s); for a relationship by of_type(alias)",
                   LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->table->name),
                   LA_TEXT_FORMAT(mapper->class_name));
  }
  return LA_OK;
}

/* join(User.addresses), join(target, User.addresses). */
static la_status join_along(la_translation *self, const la_node *along, la_node *target,
                            uint32_t flags) {
  la_relationship *relationship = (la_relationship *)(void *)along->subject;
  la_node *source = along->children[0], *left, *element;
  la_node *secondary = NULL, *primary = NULL, *second = NULL, *on = NULL, *right = NULL,
          *moved = NULL;
  la_status status = LA_OK;
  if (target == NULL) {
    target = la_node_child(along, 1);
  }
  if (target == NULL) {
    LA_TRY(la_translate_target(self, relationship, &target));
  }
  LA_TRY(la_translate_element(self, source, &left));
  LA_TRY(la_translate_element(self, target, &element));
  LA_TRY(check_overlap(self, source, left, target, element));
  LA_TRY(la_relationship_secondary(self->sql, relationship, true, &secondary, self->err));
  status = la_relationship_join(self->sql, relationship, source, target, secondary, &primary,
                                &second, self->err);
  if (status >= 0) {
    status = add_entity_condition(self, target, second != NULL ? second : primary, &on);
  }
  if (status >= 0 && la_node_child(along, 2) != NULL) {
    status = la_relationship_move(self->sql, relationship, along->children[2], element, &moved,
                                  self->err);
    if (status >= 0) {
      la_node *both = NULL;
      status = la_build_and(self->sql, on, moved, &both, self->err);
      if (status >= 0) {
        la_node_release(on);
        on = both;
      }
    }
  }
  if (status >= 0 && secondary != NULL && (flags & (LA_JOIN_OUTER | LA_JOIN_FULL))) {
    status = la_from_join(self->sql, secondary, element, on, 0, &right, self->err);
    if (status >= 0) {
      status = la_translate_attach(self, left, right, primary, flags);
    }
  } else if (status >= 0) {
    if (secondary != NULL) {
      status = la_translate_attach(self, left, secondary, primary, flags);
    }
    if (status >= 0) {
      status = la_translate_attach(self, secondary != NULL ? secondary : left, element, on, flags);
    }
  }
  la_node_release(secondary);
  la_node_release(primary);
  la_node_release(second);
  la_node_release(on);
  la_node_release(right);
  la_node_release(moved);
  return status;
}

static bool can_join(la_translation *self, la_node *left, la_node *right) {
  la_node *condition = NULL;
  la_error ignored = LA_ERROR_INIT;
  la_status status = la_from_join_condition(self->sql, left, right, &condition, &ignored);
  if (status >= 0) {
    la_node_release(condition);
  }
  return status >= 0 || status == LA_AMBIGUOUS_FOREIGN_KEYS;
}

typedef struct mentions {
  const la_node *from;
  bool found;
} mentions;

static la_walk_answer note_mention(const la_node *node, void *context) {
  mentions *self = context;
  const la_node *from = la_node_child(node, 0);
  if (node->kind != LA_NODE_COLUMN) {
    return LA_WALK_CONTINUE;
  }
  if (from != NULL) {
    self->found = self->found || la_from_contains(self->from, from);
  } else if (node->subject != NULL) {
    const la_table *table = ((const la_column *)(const void *)node->subject)->table;
    for (const la_node *part = self->from; part != NULL;
         part = part->kind == LA_NODE_JOIN ? part->children[0] : NULL) {
      const la_node *right = part->kind == LA_NODE_JOIN ? part->children[1] : part;
      self->found = self->found || (right->kind == LA_NODE_TABLE &&
                                    (const void *)right->subject == (const void *)table);
    }
  }
  return self->found ? LA_WALK_STOP : LA_WALK_CONTINUE;
}

static la_status is_mentioned(la_translation *self, const la_node *on, const la_node *from,
                              bool *out) {
  mentions context = {from, false};
  LA_TRY(la_walk(self->alloc, on, note_mention, &context, self->err));
  *out = context.found;
  return LA_OK;
}

/* The left sides there are for a join without one: the FROM list, or else the statement's entities,
 * but for an alias that is the right side itself. */
static la_status left_candidates(la_translation *self, const la_node *right, la_node_list *out) {
  for (size_t i = 0; i < self->froms.list.count; i++) {
    LA_TRY(
        la_node_list_take(out, self->alloc, la_node_retain(self->froms.list.items[i]), self->err));
  }
  if (out->list.count != 0) {
    return LA_OK;
  }
  for (size_t i = 0; i < self->entities.count; i++) {
    la_node *from = NULL;
    bool known;
    LA_TRY(la_translate_element(self, self->entities.items[i], &from));
    known = from == right && right->kind != LA_NODE_TABLE;
    for (size_t j = 0; j < out->list.count; j++) {
      known = known || la_from_contains(out->list.items[j], from);
    }
    if (!known) {
      LA_TRY(la_node_list_take(out, self->alloc, la_node_retain(from), self->err));
    }
  }
  return LA_OK;
}

static la_status choose_left(la_translation *self, const la_node_list *lefts, la_node *right,
                             la_node *target, la_node *on, la_node **out) {
  size_t fitting = 0;
  *out = NULL;
  if (on != NULL && lefts->list.count == 1) {
    *out = lefts->list.items[0];
    return LA_OK;
  }
  for (size_t i = 0; i < lefts->list.count; i++) {
    la_node *left = lefts->list.items[i];
    bool fits = false;
    if (same_table(left, right)) {
      continue; /* nothing is joined to itself without an alias */
    }
    if (on == NULL) {
      fits = can_join(self, left, right);
    } else {
      LA_TRY(is_mentioned(self, on, left, &fits));
    }
    if (fits) {
      fitting++;
      *out = left;
    }
  }
  if (fitting == 1 || (on != NULL && lefts->list.count != 0)) {
    *out = *out != NULL ? *out : lefts->list.items[0];
    return LA_OK;
  }
  if (fitting > 1) {
    return la_fail(self->err, LA_INVALID_REQUEST,
                   "Can't determine which FROM clause to join from, there are multiple FROMS which "
                   "can join to this "
                   "entity. Please use the .select_from() method to establish an explicit left "
                   "side, as well as providing "
                   "an explicit ON clause if not present already to help resolve the ambiguity.");
  }
  if (target->kind == LA_NODE_ENTITY) {
    const la_mapper *mapper = (const la_mapper *)(const void *)target->subject;
    return la_fail(self->err, LA_INVALID_REQUEST,
                   "Don't know how to join to Mapper[%.*s(%.*s)]. Please use the .select_from() "
                   "method to establish an "
                   "explicit left side, as well as providing an explicit ON clause if not present "
                   "already to help resolve "
                   "the ambiguity.",
                   LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->table->name));
  }
  return la_fail(self->err, LA_INVALID_REQUEST,
                 "Don't know how to join to the given FROM element. Please use the .select_from() "
                 "method to establish an "
                 "explicit left side, as well as providing an explicit ON clause if not present "
                 "already to help resolve "
                 "the ambiguity.");
}

/* join(target) and join(target, condition). */
static la_status join_to(la_translation *self, la_node *target, la_node *on, la_node *given_left,
                         uint32_t flags) {
  la_node_list lefts = {0};
  la_node *left = NULL, *condition = NULL, *whole = NULL;
  la_node *right = NULL;
  la_status status;
  LA_TRY(la_translate_element(self, target, &right));
  if (given_left != NULL) {
    status = la_translate_element(self, given_left, &left);
  } else {
    status = left_candidates(self, right, &lefts);
    if (status >= 0) {
      status = choose_left(self, &lefts, right, target, on, &left);
    }
  }
  if (status >= 0) {
    status = check_overlap(self, given_left, left, target, right);
  }
  if (status >= 0) {
    if (on != NULL) {
      condition = la_node_retain(on);
    } else {
      status = la_from_join_condition(self->sql, left, right, &condition, self->err);
    }
  }
  if (status >= 0) {
    status = add_entity_condition(self, target, condition, &whole);
  }
  if (status >= 0) {
    status = la_translate_attach(self, left, right, whole, flags);
  }
  la_node_list_clear(&lefts, self->alloc);
  la_node_release(condition);
  la_node_release(whole);
  return status;
}

static la_status add_step(la_translation *self, const la_node *step) {
  la_node *target = step->children[0];
  la_node *on = la_node_child(step, 1);
  uint32_t flags = step->flags & (LA_JOIN_OUTER | LA_JOIN_FULL);
  if (target->kind == LA_NODE_RELATIONSHIP) {
    return join_along(self, target, NULL, flags);
  }
  if (on != NULL && on->kind == LA_NODE_RELATIONSHIP) {
    return join_along(self, on, target, flags);
  }
  if (target->kind == LA_NODE_ATTRIBUTE) {
    return la_fail(self->err, LA_ARGUMENT, "Join target %.*s does not refer to a mapped entity",
                   LA_TEXT_FORMAT(target->text));
  }
  return join_to(self, target, on, la_node_child(step, 2), flags);
}

la_status la_translate_froms(la_translation *self, const la_node *select) {
  const la_node *chain = select->children[LA_SELECT_FROM];
  size_t count = la_chain_count(chain);
  la_node **items = la_arena_alloc(self->arena, (count + 1) * sizeof *items);
  if (items == NULL) {
    return la_fail_nomem(self->err);
  }
  la_chain_collect(chain, items);
  /* Joins are built onto what select_from() names, in whatever order both were called. */
  for (size_t i = 0; i < count; i++) {
    if (items[i]->kind != LA_NODE_JOIN_STEP) {
      la_node *element = NULL;
      LA_TRY(la_translate_element(self, items[i], &element));
      LA_TRY(la_node_list_take(&self->froms, self->alloc, la_node_retain(element), self->err));
    }
  }
  for (size_t i = 0; i < count; i++) {
    if (items[i]->kind == LA_NODE_JOIN_STEP) {
      LA_TRY(add_step(self, items[i]));
    }
  }
  return LA_OK;
}
