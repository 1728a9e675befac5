/* SPDX-License-Identifier: MIT */
/*
 * Joined eager loading: an anonymous alias of the target for each joined relationship, LEFT OUTER
 * unless asked otherwise.
 *
 *   users LEFT OUTER JOIN orders AS orders_1 ON users.id = orders_1.user_id
 *         LEFT OUTER JOIN (order_items AS order_items_1 JOIN items AS items_1 ON …) ON orders_1.id
 * = order_items_1.order_id
 *
 * An inner join below an outer one stands in parentheses with it, so that it drops no parents:
 *
 *   users LEFT OUTER JOIN (orders AS orders_1 JOIN addresses AS addresses_1 ON …) ON users.id =
 * orders_1.user_id
 *
 * With innerjoin = "unnested" it is an outer one there.
 */
#include "orm/translate.h"
#include "sql/walk.h"

#define DEEPEST 100

static la_node *element_of(la_node *from) {
  while (from->kind == LA_NODE_ENTITY) {
    from = from->children[0];
  }
  return from;
}

/* A condition or order of the relationship's target, written for the class itself, moved to its
 * alias and the secondary's. */
static la_status move_to_alias(la_translation *self, const la_relationship *relationship,
                               const la_node *expr, const la_eager_join *join, la_node **out) {
  la_node *first = NULL;
  la_status status;
  LA_TRY(la_relationship_move(self->sql, relationship, expr, join->alias, &first, self->err));
  if (join->secondary == NULL) {
    *out = first;
    return LA_OK;
  }
  status =
      la_element_move(self->sql, first, relationship->through, join->secondary, out, self->err);
  la_node_release(first);
  return status;
}

/* The criteria of the link's option: written for the class, or for the alias that the link leads
 * to, of which the join has one of its own. */
static la_status move_criteria(la_translation *self, const la_plan_link *link,
                               const la_eager_join *join, la_node **out) {
  la_node *moved = NULL;
  la_status status;
  LA_TRY(move_to_alias(self, link->relationship, link->criteria, join, &moved));
  if (link->target == NULL || link->target == join->alias) {
    *out = moved;
    return LA_OK;
  }
  status = la_element_move(self->sql, moved, element_of(link->target), element_of(join->alias), out,
                           self->err);
  la_node_release(moved);
  return status;
}

/* The ON condition of the target: the join's, the option's criteria, the class's own rows. */
static la_status add_conditions(la_translation *self, const la_plan_link *link,
                                const la_eager_join *join, la_node **condition) {
  la_node *extra = NULL, *both = NULL;
  if (link->criteria != NULL) {
    LA_TRY(move_criteria(self, link, join, &extra));
    la_status status = la_build_and(self->sql, *condition, extra, &both, self->err);
    la_node_release(extra);
    LA_TRY(status);
    la_node_release(*condition);
    *condition = both;
  }
  LA_TRY(la_translate_entity_condition(self, join->alias, true, &extra));
  if (extra != NULL) {
    la_status status = la_build_and(self->sql, *condition, extra, &both, self->err);
    la_node_release(extra);
    LA_TRY(status);
    la_node_release(*condition);
    *condition = both;
  }
  return LA_OK;
}

/* Fills `join` for `link` from `source`; what it holds is the caller's also on failure. */
static la_status make_join(la_translation *self, const la_plan_link *link, la_node *source,
                           la_eager_join *join) {
  const la_relationship *relationship = link->relationship;
  la_node *primary = NULL, *second = NULL;
  la_status status;
  LA_TRY(
      la_relationship_entity(self->sql, relationship, link->target, true, &join->alias, self->err));
  LA_TRY(la_relationship_secondary(self->sql, relationship, true, &join->secondary, self->err));
  LA_TRY(la_relationship_join(self->sql, relationship, source, join->alias, join->secondary,
                              &primary, &second, self->err));
  status = add_conditions(self, link, join, second != NULL ? &second : &primary);
  if (status >= 0 && second != NULL) {
    status = la_from_join(self->sql, join->secondary, element_of(join->alias), second, 0,
                          &join->element, self->err);
  } else if (status >= 0) {
    join->element = la_node_retain(element_of(join->alias));
  }
  join->on = primary;
  la_node_release(second);
  return status;
}

static void clear_join(la_eager_join *join) {
  la_node_release(join->element);
  la_node_release(join->on);
  la_node_release(join->alias);
  la_node_release(join->secondary);
}

static la_status add_order(la_translation *self, const la_relationship *relationship,
                           const la_eager_join *join) {
  la_node *moved = NULL;
  la_status status = LA_OK;
  if (relationship->order_by == NULL) {
    return LA_OK;
  }
  LA_TRY(move_to_alias(self, relationship, relationship->order_by, join, &moved));
  for (uint32_t i = 0; i < moved->count && status >= 0; i++) {
    status = la_node_list_take(&self->eager_order, self->alloc, la_node_retain(moved->children[i]),
                               self->err);
  }
  la_node_release(moved);
  return status;
}

typedef struct joining {
  la_translation *self;
  const la_relationship *relationship;
  la_node *source;
  la_status status;
} joining;

static la_walk_answer take_column(const la_node *node, void *context) {
  joining *joined = context;
  la_translation *self = joined->self;
  la_column *column = node->kind == LA_NODE_COLUMN ? (la_column *)(void *)node->subject : NULL;
  la_node *through;
  if (column == NULL || !la_mapper_has_table(joined->relationship->parent, column->table)) {
    return LA_WALK_CONTINUE;
  }
  joined->status = la_column_through(self->sql, column, joined->source, &through, self->err);
  if (joined->status >= 0) {
    joined->status = la_node_list_take(&self->joined_by, self->alloc, through, self->err);
  }
  return joined->status < 0 ? LA_WALK_STOP : LA_WALK_CONTINUE;
}

/* The parent's columns in the condition of a join without a secondary. */
static la_status note_columns(la_translation *self, const la_relationship *relationship,
                              la_node *source) {
  joining joined = {self, relationship, source, LA_OK};
  if (relationship->secondaryjoin != NULL || relationship->primaryjoin == NULL) {
    return LA_OK;
  }
  LA_TRY(la_walk(self->alloc, relationship->primaryjoin, take_column, &joined, self->err));
  return joined.status;
}

la_status la_translate_joined_by(la_translation *self) {
  for (size_t i = 0; i < self->joined_by.list.count; i++) {
    uint32_t unused;
    la_node *column = la_node_retain(self->joined_by.list.items[i]);
    LA_TRY(la_translate_column(self, false, true, column, &unused));
  }
  return LA_OK;
}

static la_status spread_target(la_translation *self, la_plan_link *link, la_node *alias,
                               const la_load_option *option, const la_path *path, bool to_eager,
                               size_t join) {
  const la_load_option *below = option != NULL && !option->wildcard ? option->first : NULL;
  const la_load_step *steps = self->steps;
  la_load_step *step = la_arena_alloc(self->arena, sizeof *step);
  la_status status;
  if (step == NULL) {
    return la_fail_nomem(self->err);
  }
  if (++self->depth > DEEPEST) {
    return la_fail(self->err, LA_INVALID_REQUEST,
                   "joined eager loading is nested more than %d deep", DEEPEST);
  }
  *step = (la_load_step){steps, link->relationship};
  self->steps = step;
  status = la_translate_entity(self, alias, below, path, to_eager, join, &link->entity);
  self->steps = steps;
  self->depth--;
  return status;
}

la_status la_translate_joined(la_translation *self, la_plan_link *link, la_node *source,
                              const la_load_option *option, const la_path *path,
                              size_t parent_join) {
  const la_relationship *relationship = link->relationship;
  la_eager_join join = {.parent = parent_join, .nested_in = SIZE_MAX};
  const la_eager_join *parent = parent_join != SIZE_MAX ? &self->joins.items[parent_join] : NULL;
  la_node *alias;
  size_t number = self->joins.count;
  la_status status;
  bool inner = relationship->innerjoin, unnested = relationship->unnested;
  self->multi_row = self->multi_row || relationship->uselist;
  if (link->strategy == LA_LOADER_CONTAINS) {
    alias = link->target;
    if (alias == NULL) {
      LA_TRY(la_translate_target(self, relationship, &alias));
    }
    return spread_target(self, link, alias, option, path, false, SIZE_MAX);
  }
  if (option != NULL && option->innerjoin_given) {
    inner = option->innerjoin;
    unnested = option->unnested;
  }
  /* below an outer join only parentheses would let an inner one drop no parents */
  inner =
      inner && !(unnested && parent != NULL && (parent->outer || parent->nested_in != SIZE_MAX));
  join.outer = !inner;
  if (parent != NULL) {
    join.root = parent->root;
    if (inner) {
      join.nested_in = parent->nested_in != SIZE_MAX ? parent->nested_in
                       : parent->outer               ? parent_join
                                                     : SIZE_MAX;
    }
  } else {
    join.root = element_of(source);
  }
  status = make_join(self, link, source, &join);
  if (status >= 0 && !la_vec_push(self->alloc, &self->joins, join)) {
    status = la_fail_nomem(self->err);
  }
  if (status < 0) {
    clear_join(&join);
    return status;
  }
  if (parent == NULL) {
    LA_TRY(note_columns(self, relationship, source));
  }
  LA_TRY(add_order(self, relationship, &join));
  return spread_target(self, link, join.alias, option, path, true, number);
}

/* `left` with an inner join that stands in parentheses with it: a secondary and its target one
 * after the other. */
static la_status add_nested(la_translation *self, la_node *left, const la_eager_join *join,
                            la_node **out) {
  const la_node *element = join->element;
  la_node *through = NULL;
  la_status status;
  if (join->secondary == NULL) {
    return la_from_join(self->sql, left, join->element, join->on, 0, out, self->err);
  }
  LA_TRY(la_from_join(self->sql, left, join->secondary, join->on, 0, &through, self->err));
  status = la_from_join(self->sql, through, element->children[1], element->children[2], 0, out,
                        self->err);
  la_node_release(through);
  return status;
}

/* The join's right side with the inner joins that stand in parentheses with it. */
static la_status whole_element(la_translation *self, size_t number, la_node **out) {
  *out = la_node_retain(self->joins.items[number].element);
  for (size_t i = number + 1; i < self->joins.count; i++) {
    const la_eager_join *join = &self->joins.items[i];
    la_node *joined = NULL;
    la_status status;
    if (join->nested_in != number) {
      continue;
    }
    status = add_nested(self, *out, join, &joined);
    la_node_release(*out);
    *out = joined;
    LA_TRY(status);
  }
  return LA_OK;
}

la_status la_translate_eager_froms(la_translation *self) {
  size_t moved = 0;
  for (size_t i = 0; i < self->joins.count; i++) {
    const la_eager_join *join = &self->joins.items[i];
    la_node *element = NULL;
    la_status status;
    if (join->nested_in != SIZE_MAX) {
      continue;
    }
    LA_TRY(whole_element(self, i, &element));
    la_translate_move_last(self, join->root, &moved);
    if (!join->outer && join->secondary != NULL && element == join->element) {
      /* secondary and target one after the other */
      status = la_translate_attach(self, join->root, join->secondary, join->on, 0);
      if (status >= 0) {
        status =
            la_translate_attach(self, join->root, element_of(join->alias), element->children[2], 0);
      }
    } else {
      status =
          la_translate_attach(self, join->root, element, join->on, join->outer ? LA_JOIN_OUTER : 0);
    }
    la_node_release(element);
    LA_TRY(status);
  }
  return LA_OK;
}
