/* SPDX-License-Identifier: MIT */
/*
 * Queries that select from what they were before: query:union(other).
 *
 *   SELECT anon_1.users_id AS anon_1_users_id, … FROM (SELECT users.id AS users_id, … UNION …) AS
 * anon_1 WHERE anon_1.users_name = ?
 *
 * Such a query names its classes as ever. Here every class, attribute and column that the subquery
 * offers becomes the one of the subquery.
 */
#include "orm/translate.h"

typedef struct moving {
  const la_sql *sql;
  la_arena arena;
  la_node *alias;             /* lent */
  la_node **inner, **offered; /* what the subquery selects, and its columns; owned */
  size_t count;
  la_node_list entities; /* the classes as seen through the subquery */
} moving;

/* The subquery that `select` selects from instead of its classes; NULL if it is none of those. */
static la_node *subquery_of(const la_node *select) {
  const la_node *chain = select->children[LA_SELECT_FROM];
  if (chain == NULL) {
    return NULL;
  }
  while (chain->children[0] != NULL) {
    chain = chain->children[0];
  }
  return chain->count > 1 && chain->children[1]->kind == LA_NODE_ALIAS &&
                 chain->children[1]->flags & LA_NODE_FROM_SELF
             ? chain->children[1]
             : NULL;
}

static la_node *find_column(const moving *self, const la_object *subject) {
  for (size_t i = 0; subject != NULL && i < self->count; i++) {
    if (self->offered[i]->subject == subject) {
      return self->offered[i];
    }
  }
  return NULL;
}

/* `mapper`'s class as the subquery offers it; NULL in `out` if it does not. */
static la_status find_entity(moving *self, la_mapper *mapper, la_node **out, la_error *err) {
  *out = NULL;
  for (size_t i = 0; i < self->entities.list.count; i++) {
    if (self->entities.list.items[i]->subject == (la_object *)(void *)mapper) {
      *out = self->entities.list.items[i];
      return LA_OK;
    }
  }
  if (mapper->primary_key_count == 0 ||
      find_column(self, (la_object *)(void *)mapper->primary_key[0]->column) == NULL) {
    return LA_OK;
  }
  LA_TRY(la_mapper_aliased(self->sql, mapper, LA_TEXT_NONE, self->alias, out, err));
  return la_node_list_take(&self->entities, self->sql->alloc, *out, err);
}

static la_status move_attribute(moving *self, const la_node *node, la_node **out, la_error *err) {
  const la_node *entity = la_node_child(node, 1);
  la_mapper *mapper = entity != NULL ? (la_mapper *)(void *)entity->subject : NULL;
  la_property *property;
  la_node *moved = NULL;
  if (mapper == NULL || entity != mapper->entity) {
    return LA_OK;
  }
  LA_TRY(find_entity(self, mapper, &moved, err));
  property = la_attribute_property(node);
  if (moved == NULL || property == NULL) {
    return LA_OK;
  }
  return la_mapper_attribute(self->sql, property, moved, out, err);
}

static la_status move_node(const la_node *node, void *context, la_node **out, la_error *err) {
  moving *self = context;
  la_node *found = NULL;
  if (node == self->alias) {
    found = self->alias;
  } else if (node->kind == LA_NODE_ATTRIBUTE) {
    return move_attribute(self, node, out, err);
  } else if (node->kind == LA_NODE_ENTITY && ((la_mapper *)(void *)node->subject)->entity == node) {
    LA_TRY(find_entity(self, (la_mapper *)(void *)node->subject, &found, err));
  } else if (node->kind == LA_NODE_COLUMN && la_node_child(node, 0) == NULL) {
    found = find_column(self, node->subject);
  } else {
    for (size_t i = 0; i < self->count && found == NULL; i++) {
      found = self->inner[i] == node ? self->offered[i] : NULL;
    }
  }
  *out = la_node_retain(found);
  return LA_OK;
}

static la_status read_subquery(moving *self, la_error *err) {
  la_text *keys;
  size_t count;
  LA_TRY(la_select_exported(self->sql, self->alias->children[0], &self->arena, &self->inner, &keys,
                            &count, err));
  LA_TRY(la_from_columns(self->sql, self->alias, &self->arena, &self->offered, &keys, &self->count,
                         err));
  for (size_t i = self->count; i < count; i++) {
    la_node_release(self->inner[i]);
  }
  return LA_OK;
}

la_status la_translate_self(const la_sql *sql, const la_node *select, la_node **out,
                            la_error *err) {
  moving self = {.sql = sql, .alias = subquery_of(select)};
  la_status status;
  *out = NULL;
  if (self.alias == NULL) {
    *out = la_node_retain(select);
    return LA_OK;
  }
  la_arena_init(&self.arena, sql->alloc);
  status = read_subquery(&self, err);
  if (status >= 0) {
    status = la_adapt(sql->alloc, select, move_node, &self, out, err);
  }
  for (size_t i = 0; i < self.count; i++) {
    la_node_release(self.inner[i]);
    la_node_release(self.offered[i]);
  }
  la_node_list_clear(&self.entities, sql->alloc);
  la_arena_clear(&self.arena);
  return status;
}
