/* SPDX-License-Identifier: MIT */
/*
 * subqueryload: the parents' own statement again, as a subquery, joined along the relationships.
 *
 *   SELECT items.id AS items_id, …, orders_1.id AS orders_1_id
 *   FROM (SELECT users.id AS users_id FROM users) AS anon_1
 *   JOIN orders AS orders_1 ON anon_1.users_id = orders_1.user_id
 *   JOIN items ON orders_1.id = items.order_id
 */
#include "orm/later_internal.h"

/* Joins `target` to `*from` along `relationship`, whose near side is `source`. */
static la_status join_step(la_later_making *self, const la_relationship *relationship,
                           la_node *source, la_node *target, la_node *criteria, la_node **from) {
  la_node *secondary = NULL, *primary = NULL, *second = NULL, *on = NULL, *joined = NULL;
  la_node *element = target->children[0];
  la_status status;
  LA_TRY(la_relationship_secondary(self->sql, relationship, true, &secondary, self->err));
  status = la_relationship_join(self->sql, relationship, source, target, secondary, &primary,
                                &second, self->err);
  if (status >= 0 && secondary != NULL) {
    status = la_from_join(self->sql, *from, secondary, primary, 0, &joined, self->err);
    if (status >= 0) {
      status = la_build_replace(from, joined, self->err);
    }
  }
  if (status >= 0) {
    status = la_build_and(self->sql, second != NULL ? second : primary, criteria, &on, self->err);
  }
  if (status >= 0) {
    status = la_from_join(self->sql, *from, element, on, 0, &joined, self->err);
  }
  if (status >= 0) {
    status = la_build_replace(from, joined, self->err);
  }
  la_node_release(secondary);
  la_node_release(primary);
  la_node_release(second);
  la_node_release(on);
  return status;
}

/* The keys: what the last relationship goes out from, as `source` has it. */
static la_status add_keys(la_later_making *self, const la_relationship *relationship,
                          la_node *source) {
  la_arena arena;
  la_column **columns;
  uint32_t count;
  la_status status;
  la_arena_init(&arena, self->sql->alloc);
  status =
      la_relationship_local_columns(self->sql, relationship, &arena, &columns, &count, self->err);
  if (status >= 0) {
    status = la_later_set_width(self, count);
  }
  for (uint32_t i = 0; i < count && status >= 0; i++) {
    la_node *node = NULL;
    self->later->local[i] = columns[i];
    status = la_column_through(self->sql, columns[i], source, &node, self->err);
    if (status >= 0) {
      status = la_node_list_take(&self->keys, self->sql->alloc, node, self->err);
    }
  }
  la_arena_clear(&arena);
  return status;
}

static la_status join_last(la_later_making *self, const la_relationship *relationship,
                           la_node *source, la_node **from) {
  la_node *criteria = NULL;
  la_status status;
  LA_TRY(la_relationship_move(self->sql, self->link->relationship, self->link->criteria,
                              self->target, &criteria, self->err));
  status = join_step(self, relationship, source, self->target, criteria, from);
  la_node_release(criteria);
  return status < 0 ? status : add_keys(self, relationship, source);
}

/* An alias of the target between the embedded statement and the last one. */
static la_status join_between(la_later_making *self, const la_relationship *relationship,
                              la_node **source, la_node **from) {
  la_node *alias = NULL;
  la_status status;
  LA_TRY(la_relationship_entity(self->sql, relationship, NULL, true, &alias, self->err));
  status = join_step(self, relationship, *source, alias, NULL, from);
  la_node_release(*source);
  *source = alias;
  return status;
}

la_status la_later_make_subquery(la_later_making *self) {
  LA_VEC(const la_load_step *) steps = {0};
  la_allocator *alloc = self->sql->alloc;
  la_node *source = la_from_alias(self->sql, self->link->embedded, LA_TEXT_NONE, LA_NODE_SUBQUERY);
  la_node *from = la_node_retain(source);
  la_status status = source != NULL ? LA_OK : la_fail_nomem(self->err);
  for (const la_load_step *step = self->link->steps; step != NULL && status >= 0; step = step->up) {
    status = la_vec_push(alloc, &steps, step) ? LA_OK : la_fail_nomem(self->err);
  }
  while (steps.count > 1 && status >= 0) {
    status = join_between(self, steps.items[--steps.count]->relationship, &source, &from);
  }
  if (status >= 0) {
    status = join_last(self, self->link->relationship, source, &from);
  }
  if (status >= 0) {
    status = la_node_list_take(&self->froms, alloc, la_node_retain(from), self->err);
  }
  la_vec_clear(alloc, &steps);
  la_node_release(source);
  la_node_release(from);
  self->later->embeds = true;
  return status;
}
