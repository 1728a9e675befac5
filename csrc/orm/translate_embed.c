/* SPDX-License-Identifier: MIT */
/*
 * What a subquery load embeds: the statement, of which only the keys that the first relationship
 * goes out from are read, and only as many rows as it has objects.
 *
 *   SELECT users.id AS users_id FROM users WHERE users.name = ?
 *
 * It is made together with the plan, since a plan that a mapper keeps must not hold the ORM
 * statement, which holds the mapper.
 */
#include "orm/translate.h"

#include "sql/walk.h"

typedef struct finding {
  const la_sql *sql;
  const la_relationship *relationship;
  LA_VEC(la_column *) columns;
  bool failed;
} finding;

/* A column of the near side in a join condition whose far columns are the marker's. */
static la_walk_answer note_local(const la_node *node, void *context) {
  finding *self = context;
  const la_relationship *relationship = self->relationship;
  la_column *column = (la_column *)(void *)node->subject;
  if (node->kind != LA_NODE_COLUMN || column == NULL || node->count != 0 ||
      la_relationship_is_far(relationship, node) ||
      la_relationship_is_through(relationship, node) ||
      !la_mapper_has_table(relationship->parent, column->table)) {
    return LA_WALK_CONTINUE;
  }
  for (size_t i = 0; i < self->columns.count; i++) {
    if (self->columns.items[i] == column) {
      return LA_WALK_CONTINUE;
    }
  }
  if (!la_vec_push(self->sql->alloc, &self->columns, column)) {
    self->failed = true;
    return LA_WALK_STOP;
  }
  return LA_WALK_CONTINUE;
}

la_status la_relationship_local_columns(const la_sql *sql, const la_relationship *relationship,
                                        la_arena *arena, la_column ***out, uint32_t *count_out,
                                        la_error *err) {
  finding self = {.sql = sql, .relationship = relationship};
  la_status status = la_walk(sql->alloc, relationship->marked, note_local, &self, err);
  *out = la_arena_alloc(arena, (self.columns.count + 1) * sizeof **out);
  *count_out = (uint32_t)self.columns.count;
  if (*out == NULL || self.failed) {
    status = la_fail_nomem(err);
  } else if (self.columns.count != 0) {
    memcpy(*out, self.columns.items, self.columns.count * sizeof **out);
  }
  la_vec_clear(sql->alloc, &self.columns);
  return status < 0 ? status : LA_OK;
}

/* True if `columns` have the primary key of `mapper`, so that no row repeats. */
static bool have_key(la_column *const *columns, uint32_t count, const la_mapper *mapper) {
  for (uint32_t k = 0; k < mapper->primary_key_count; k++) {
    bool found = false;
    for (uint32_t i = 0; i < count && !found; i++) {
      const la_property *property = la_mapper_property_of_column(mapper, columns[i]);
      found = property == mapper->primary_key[k];
    }
    if (!found) {
      return false;
    }
  }
  return true;
}

/* The order means something only where it chooses the rows; under DISTINCT it is selected too. */
static la_status fit_order(la_translation *self, la_node **select, bool distinct) {
  bool limits = (*select)->children[LA_SELECT_LIMIT] != NULL ||
                (*select)->children[LA_SELECT_OFFSET] != NULL ||
                (*select)->children[LA_SELECT_FETCH] != NULL ||
                (*select)->children[LA_SELECT_DISTINCT_ON] != NULL;
  size_t count = la_chain_count((*select)->children[LA_SELECT_ORDER_BY]);
  la_node **order = la_arena_alloc(self->arena, (count + 1) * sizeof *order);
  if (order == NULL) {
    return la_fail_nomem(self->err);
  }
  if (!limits) {
    return la_build_child(select, LA_SELECT_ORDER_BY, NULL, self->err);
  }
  la_chain_collect((*select)->children[LA_SELECT_ORDER_BY], order);
  for (size_t i = 0; distinct && i < count; i++) {
    la_node *expr = order[i];
    while (expr->kind == LA_NODE_UNARY &&
           (expr->op == LA_OP_DESC || expr->op == LA_OP_ASC || expr->op == LA_OP_NULLS_FIRST ||
            expr->op == LA_OP_NULLS_LAST)) {
      expr = expr->children[0];
    }
    if (expr->kind != LA_NODE_LABEL_REF && expr->kind != LA_NODE_ENTITY) {
      LA_TRY(la_build_chain_one(select, LA_SELECT_COLUMNS, expr, self->err));
    }
  }
  return LA_OK;
}

static la_status make_select(la_translation *self, const la_relationship *first, la_node **out) {
  la_node *select = NULL;
  la_column **columns;
  uint32_t count, set = LA_SELECT_LABELS_TABLE;
  bool distinct;
  la_status status;
  LA_TRY(la_relationship_local_columns(self->sql, first, self->arena, &columns, &count, self->err));
  distinct = first->distinct_target_key < 0
                 ? !have_key(columns, count, (const la_mapper *)(const void *)self->root->subject)
                 : first->distinct_target_key != 0;
  set |= distinct ? LA_SELECT_DISTINCT : 0;
  select = la_node_with_flags(self->statement, set, LA_SELECT_LABELS_NONE | LA_SELECT_LEGACY);
  status = select != NULL ? LA_OK : la_fail_nomem(self->err);
  if (status >= 0) {
    status = la_build_child(&select, LA_SELECT_OPTIONS, NULL, self->err);
  }
  if (status >= 0) {
    status = la_build_child(&select, LA_SELECT_COLUMNS, NULL, self->err);
  }
  for (uint32_t i = 0; i < count && status >= 0; i++) {
    la_node *column = NULL;
    status = la_column_through(self->sql, columns[i], self->root, &column, self->err);
    if (status >= 0) {
      status = la_build_chain_one(&select, LA_SELECT_COLUMNS, column, self->err);
    }
    la_node_release(column);
  }
  if (status >= 0 && select->children[LA_SELECT_FROM] == NULL &&
      self->root->children[0]->kind == LA_NODE_JOIN) {
    /* a class of joined tables: its columns alone do not say how they are joined */
    status = la_build_chain_one(&select, LA_SELECT_FROM, self->root->children[0], self->err);
  }
  if (status >= 0) {
    status = fit_order(self, &select, distinct);
  }
  if (status < 0) {
    la_node_release(select);
    return status;
  }
  *out = select;
  return LA_OK;
}

/* The Core statement, kept by the plan. */
static la_status embed(la_translation *self, const la_relationship *first, la_node **out) {
  la_translate_request request = {.given = true,
                                  .root = self->root,
                                  .lazily = self->request.lazily,
                                  .criteria = self->criteria};
  la_node *select = NULL, *core = NULL;
  la_status status;
  LA_TRY(make_select(self, first, &select));
  status = la_translate_select(self->sql, select, &request, NULL, &core, self->err);
  la_node_release(select);
  LA_TRY(status);
  if (!la_vec_push(self->alloc, &self->plan->embedded, core)) {
    la_node_release(core);
    return la_fail_nomem(self->err);
  }
  *out = core;
  return LA_OK;
}

/* A relationship of a subclass, whose own table neither the statement has nor the way to its
 * objects: its keys are not there to be embedded. */
static bool lacks_table(const la_translation *self, const la_relationship *relationship) {
  if (self->steps != NULL) {
    return !la_mapper_has_table(self->steps->relationship->target, relationship->parent->table);
  }
  const la_mapper *mapper = (const la_mapper *)(const void *)self->root->subject;
  return self->request.embedded == NULL && self->root->children[0]->kind != LA_NODE_JOIN &&
         !la_mapper_has_table(mapper, relationship->parent->table);
}

la_status la_translate_embed(la_translation *self, la_plan_link *link) {
  if (lacks_table(self, link->relationship)) {
    link->strategy = LA_LOADER_SELECTIN;
    return LA_OK;
  }
  la_load_step *step = la_arena_alloc(self->arena, sizeof *step);
  const la_load_step *first = step;
  if (step == NULL) {
    return la_fail_nomem(self->err);
  }
  *step = (la_load_step){self->steps, link->relationship};
  link->steps = step;
  if (self->request.embedded != NULL) {
    link->embedded = self->request.embedded;
    /* its parameters are numbered here too: what is embedded further below needs them */
    if (!la_vec_push(self->alloc, &self->plan->embedded, link->embedded)) {
      return la_fail_nomem(self->err);
    }
    la_node_retain(link->embedded);
    return LA_OK;
  }
  while (first->up != NULL) {
    first = first->up;
  }
  return embed(self, first->relationship, &link->embedded);
}
