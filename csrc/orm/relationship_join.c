/* SPDX-License-Identifier: MIT */
/*
 * A relationship's conditions between given FROM elements, and expressions made of them: any(),
 * has(), comparisons, contains().
 */
#include "orm/build.h"
#include "orm/dml.h"
#include "orm/mapper_internal.h"
#include "sql/from.h"

typedef struct placing {
  const la_sql *sql;
  const la_relationship *relationship;
  la_node *remote;             /* what the marker stands for */
  la_node *local;              /* what other columns belong to */
  la_node *secondary;          /* or NULL: the table itself */
  const la_instance *instance; /* values of its attributes take the place of … */
  bool values_of_remote;       /* … the remote columns, or the local ones */
  bool in_secondary_join;      /* its columns of the target are not the secondary's */
} placing;

/* A PARAM called `name` with the value that the instance's attribute for `column` has. */
static la_status value_of_column(const la_sql *sql, const la_instance *instance, la_column *column,
                                 la_text name, la_node **out, la_error *err) {
  la_property *property = la_mapper_property_of_column(instance->mapper, column);
  const la_value *slot = property != NULL && property->slot < instance->slot_count
                             ? &instance->slots[property->slot]
                             : NULL;
  if (slot == NULL ||
      !((slot->flags & LA_SLOT_LOADED) ||
        ((property->flags & LA_PROPERTY_PRIMARY_KEY) && (instance->flags & LA_INSTANCE_KEYED)))) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "Can't resolve value for column %.*s.%.*s on object <%.*s>; no value has been "
                   "set for this column",
                   LA_TEXT_FORMAT(column->table->name), LA_TEXT_FORMAT(column->name),
                   LA_TEXT_FORMAT(instance->mapper->class_name));
  }
  *out = la_expr_param(sql, name, slot, column->type);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

/* A column of the target in the primary join. */
static la_status place_far(placing *self, const la_node *node, la_node **out, la_error *err) {
  la_column *column = (la_column *)(void *)node->subject;
  if (self->instance == NULL || !(self->values_of_remote || self->in_secondary_join)) {
    return la_relationship_far_column(self->sql, self->relationship, node, self->remote, out, err);
  }
  if (column == NULL) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "Relationship %.*s.%.*s can't be compared with an object: its condition has "
                   "\"%.*s\", of which objects of class %.*s know nothing",
                   LA_TEXT_FORMAT(self->relationship->parent->class_name),
                   LA_TEXT_FORMAT(self->relationship->key), LA_TEXT_FORMAT(node->text),
                   LA_TEXT_FORMAT(self->relationship->target->class_name));
  }
  return value_of_column(self->sql, self->instance, column, LA_TEXT_LITERAL("param"), out, err);
}

static la_status place_column(const la_node *node, void *context, la_node **out, la_error *err) {
  placing *self = context;
  const la_relationship *relationship = self->relationship;
  la_column *column = (la_column *)(void *)node->subject;
  const la_mapper *mapper = self->in_secondary_join ? relationship->target : relationship->parent;
  bool near;
  if (la_relationship_is_far(relationship, node)) {
    return place_far(self, node, out, err);
  }
  near = node->kind == LA_NODE_COLUMN && column != NULL && node->count == 0 &&
         la_mapper_has_table(mapper, column->table);
  if (la_relationship_is_through(relationship, node) && !(near && self->in_secondary_join)) {
    return self->secondary
               ? la_element_move(self->sql, node, relationship->through, self->secondary, out, err)
               : LA_OK;
  }
  if (!near) {
    return LA_OK;
  }
  if (self->instance != NULL && !self->values_of_remote) {
    return value_of_column(self->sql, self->instance, column, LA_TEXT_LITERAL("param"), out, err);
  }
  return la_column_through(self->sql, column, self->local, out, err);
}

la_status la_relationship_join(const la_sql *sql, const la_relationship *relationship,
                               la_node *source, la_node *target, la_node *secondary,
                               la_node **primary_out, la_node **secondary_out, la_error *err) {
  placing self = {.sql = sql,
                  .relationship = relationship,
                  .remote = target,
                  .local = source,
                  .secondary = secondary};
  *secondary_out = NULL;
  if (!relationship->configured) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "relationship %.*s.%.*s is not configured; the class it refers to is gone",
                   LA_TEXT_FORMAT(relationship->parent->class_name),
                   LA_TEXT_FORMAT(relationship->key));
  }
  LA_TRY(la_adapt(sql->alloc, relationship->marked, place_column, &self, primary_out, err));
  if (relationship->secondaryjoin != NULL) {
    la_status status;
    self.local = target;
    self.in_secondary_join = true;
    status =
        la_adapt(sql->alloc, relationship->secondaryjoin, place_column, &self, secondary_out, err);
    if (status < 0) {
      la_node_release(*primary_out);
      return status;
    }
  }
  return LA_OK;
}

static const la_relationship *relationship_of(const la_node *node) {
  return (const la_relationship *)(const void *)node->subject;
}

/* EXISTS (SELECT 1 FROM target, secondary WHERE the join AND `extra`), all of the caller's. */
static la_status make_exists(const la_sql *sql, const la_relationship *relationship,
                             la_node *source, la_node *target, la_node *secondary,
                             la_node *const *extra, size_t extra_count, la_node **out,
                             la_error *err) {
  la_node *froms[2] = {target, secondary}; /* the entity, so that its class's criteria hold */
  la_node *elements[2] = {target->kind == LA_NODE_ENTITY ? target->children[0] : target, secondary};
  size_t from_count = secondary != NULL ? 2 : 1;
  la_node *one = la_expr_literal(sql, LA_TEXT_LITERAL("1"), NULL);
  la_node *select = one != NULL ? la_select_new(sql, &one, 1) : NULL;
  la_node *primary = NULL, *second = NULL, *flagged = NULL;
  la_status status = select != NULL ? LA_OK : la_fail_nomem(err);
  la_node_release(one);
  if (status >= 0) {
    status =
        la_relationship_join(sql, relationship, source, target, secondary, &primary, &second, err);
  }
  if (status >= 0) {
    status = la_build_chain(&select, LA_SELECT_FROM, froms, from_count, err);
  }
  if (status >= 0) {
    status = la_build_chain_one(&select, LA_SELECT_WHERE, primary, err);
  }
  if (status >= 0 && second != NULL) {
    status = la_build_chain_one(&select, LA_SELECT_WHERE, second, err);
  }
  if (status >= 0) {
    status = la_build_chain(&select, LA_SELECT_WHERE, extra, extra_count, err);
  }
  if (status >= 0) {
    status = la_build_chain(&select, LA_SELECT_CORRELATE, elements, from_count, err);
  }
  if (status >= 0) {
    flagged = la_node_with_flags(select, LA_SELECT_CORRELATE_EXCEPT, 0);
    *out = flagged != NULL ? la_expr_exists(sql, flagged) : NULL;
    status = *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  la_node_release(flagged);
  la_node_release(select);
  la_node_release(primary);
  la_node_release(second);
  return status;
}

static bool is_alias(const la_node *entity) {
  return entity != ((const la_mapper *)(const void *)entity->subject)->entity;
}

/* The far side of any(): of_type's entity, an alias where both sides are one table, or the class
 * itself; a new reference. */
static la_status far_side(const la_sql *sql, const la_node *node, la_node **out, la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  la_node *narrowed = la_node_child(node, 1);
  bool meets = relationship->self_referential && !is_alias(node->children[0]);
  if (narrowed != NULL && !(meets && !is_alias(narrowed))) {
    *out = la_node_retain(narrowed);
    return LA_OK;
  }
  if (meets && relationship->element == NULL) {
    la_mapper *target =
        narrowed != NULL ? (la_mapper *)(void *)narrowed->subject : relationship->target;
    return la_mapper_aliased(sql, target, LA_TEXT_NONE, NULL, out, err);
  }
  return la_relationship_target_entity(sql, relationship, out, err);
}

static la_status check_configured(const la_relationship *relationship, la_error *err) {
  if (relationship->configured) {
    return LA_OK;
  }
  return la_fail(err, LA_INVALID_REQUEST, "relationship %.*s.%.*s is not configured",
                 LA_TEXT_FORMAT(relationship->parent->class_name),
                 LA_TEXT_FORMAT(relationship->key));
}

/* A condition written for the class that is asked for, for `target`, which may be an alias of it.
 */
static la_status move_condition(const la_sql *sql, const la_node *node, const la_node *condition,
                                la_node *target, la_node **out, la_error *err) {
  la_node *narrowed = la_node_child(node, 1);
  if (narrowed != NULL && !is_alias(narrowed)) {
    return la_element_move(sql, condition, narrowed->children[0], target->children[0], out, err);
  }
  return la_relationship_move(sql, relationship_of(node), condition, target, out, err);
}

la_status la_relationship_any(const la_sql *sql, const la_node *node, la_node *condition,
                              la_node **out, la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  la_node *target = NULL, *secondary = NULL, *extra[2] = {NULL, NULL};
  size_t count = 0;
  la_status status;
  LA_TRY(check_configured(relationship, err));
  status = far_side(sql, node, &target, err);
  if (status >= 0) {
    status = la_relationship_secondary(
        sql, relationship, is_alias(target) || is_alias(node->children[0]), &secondary, err);
  }
  if (status >= 0 && la_node_child(node, 2) != NULL) {
    status = move_condition(sql, node, node->children[2], target, &extra[count], err);
    count += status >= 0;
  }
  if (status >= 0 && condition != NULL) {
    status = move_condition(sql, node, condition, target, &extra[count], err);
    count += status >= 0;
  }
  if (status >= 0) {
    status = make_exists(sql, relationship, node->children[0], target, secondary, extra, count, out,
                         err);
  }
  la_node_release(target);
  la_node_release(secondary);
  la_node_release(extra[0]);
  la_node_release(extra[1]);
  return status;
}

/* attribute IS NULL, or IS NOT NULL, for each of our foreign key columns. */
static la_status compare_null(const la_sql *sql, const la_node *node, bool negate, la_node **out,
                              la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  la_node_list terms = {0};
  la_node *null = la_expr_null(sql);
  la_status status = null != NULL ? LA_OK : la_fail_nomem(err);
  for (uint32_t i = 0; status >= 0 && i < relationship->pair_count; i++) {
    la_node *column = NULL;
    status =
        la_column_through(sql, relationship->pairs[i].destination, node->children[0], &column, err);
    if (status >= 0) {
      status = la_node_list_take(
          &terms, sql->alloc, la_expr_binary(sql, negate ? LA_OP_IS_NOT : LA_OP_IS, column, null),
          err);
    }
    la_node_release(column);
  }
  if (status >= 0) {
    *out = la_expr_clauses(sql, negate ? LA_OP_OR : LA_OP_AND, terms.list.items, terms.list.count);
    status = *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  la_node_list_clear(&terms, sql->alloc);
  la_node_release(null);
  return status;
}

/* `terms` joined by AND; they are cleared. */
static la_status all_of(const la_sql *sql, la_node_list *terms, la_node **out, la_error *err) {
  *out = la_expr_clauses(sql, LA_OP_AND, terms->list.items, terms->list.count);
  la_node_list_clear(terms, sql->alloc);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

/* Adds `column` of `entity` `op` the value that `other` has for `value_of`; with NE: or `column` IS
 * NULL. */
static la_status add_comparison(const la_sql *sql, la_node_list *terms, la_operator op,
                                la_column *column, la_node *entity, const la_instance *other,
                                la_column *value_of, la_error *err) {
  la_node *left = NULL, *value = NULL, *null = NULL, *parts[2] = {NULL, NULL};
  la_status status = la_column_through(sql, column, entity, &left, err);
  if (status >= 0) {
    status = value_of_column(sql, other, value_of, la_expr_param_name(left), &value, err);
  }
  if (status >= 0) {
    parts[0] = la_expr_binary(sql, op, left, value);
    if (op == LA_OP_NE) {
      null = la_expr_null(sql);
      parts[1] = null != NULL ? la_expr_binary(sql, LA_OP_IS, left, null) : NULL;
    }
    status = la_node_list_take(terms, sql->alloc,
                               op != LA_OP_NE ? la_node_retain(parts[0])
                               : parts[0] != NULL && parts[1] != NULL
                                   ? la_expr_clauses(sql, LA_OP_OR, parts, 2)
                                   : NULL,
                               err);
  }
  la_node_release(left);
  la_node_release(value);
  la_node_release(null);
  la_node_release(parts[0]);
  la_node_release(parts[1]);
  return status;
}

/* NOT EXISTS (a related row with the other object's key). */
static la_status has_not(const la_sql *sql, const la_node *node, const la_instance *other,
                         la_node **out, la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  la_mapper *target = relationship->target;
  la_node *entity = NULL, *is_other = NULL, *exists = NULL;
  la_node_list terms = {0};
  la_status status = la_relationship_target_entity(sql, relationship, &entity, err);
  for (uint32_t i = 0; status >= 0 && i < target->primary_key_count; i++) {
    la_column *column = target->primary_key[i]->column;
    status = add_comparison(sql, &terms, LA_OP_EQ, column, entity, other, column, err);
  }
  if (status >= 0) {
    status = all_of(sql, &terms, &is_other, err);
  }
  if (status >= 0) {
    status = la_relationship_any(sql, node, is_other, &exists, err);
  }
  if (status >= 0) {
    *out = la_expr_not(sql, exists);
    status = *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  la_node_list_clear(&terms, sql->alloc);
  la_node_release(entity);
  la_node_release(is_other);
  la_node_release(exists);
  return status;
}

/* Our foreign key is another one, or none. */
static la_status compare_unequal(const la_sql *sql, const la_node *node, const la_instance *other,
                                 la_node **out, la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  la_node_list terms = {0};
  la_status status = LA_OK;
  if (relationship->direction != LA_MANY_TO_ONE) {
    return has_not(sql, node, other, out, err);
  }
  for (uint32_t i = 0; status >= 0 && i < relationship->pair_count; i++) {
    const la_sync_pair *pair = &relationship->pairs[i];
    status = add_comparison(sql, &terms, LA_OP_NE, pair->destination, node->children[0], other,
                            pair->source, err);
  }
  if (status >= 0) {
    return all_of(sql, &terms, out, err);
  }
  la_node_list_clear(&terms, sql->alloc);
  return status;
}

/* The join with the other object's values in the place of the target's columns. */
static la_status compare_equal(const la_sql *sql, const la_node *node, const la_instance *other,
                               la_node **out, la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  placing self = {.sql = sql,
                  .relationship = relationship,
                  .local = node->children[0],
                  .instance = other,
                  .values_of_remote = true};
  return la_adapt(sql->alloc, relationship->marked, place_column, &self, out, err);
}

la_status la_relationship_compare(const la_sql *sql, const la_node *node, const la_instance *other,
                                  bool negate, la_node **out, la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  LA_TRY(check_configured(relationship, err));
  if (other == NULL && relationship->direction == LA_MANY_TO_ONE) {
    return compare_null(sql, node, negate, out, err);
  }
  if (other == NULL) {
    la_node *exists = NULL;
    LA_TRY(la_relationship_any(sql, node, NULL, &exists, err));
    *out = negate ? la_node_retain(exists) : la_expr_not(sql, exists);
    la_node_release(exists);
    return *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  if (relationship->uselist) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "Can't compare a collection to an object or collection; use contains() to test "
                   "for membership.");
  }
  if (!la_mapper_is_a(other->mapper, relationship->target)) {
    return la_fail(err, LA_ARGUMENT,
                   "Relationship %.*s.%.*s can't be compared with an object of class %.*s",
                   LA_TEXT_FORMAT(relationship->parent->class_name),
                   LA_TEXT_FORMAT(relationship->key), LA_TEXT_FORMAT(other->mapper->class_name));
  }
  return negate ? compare_unequal(sql, node, other, out, err)
                : compare_equal(sql, node, other, out, err);
}

/* Primary join through an alias of the secondary table AND its row names `other`; negated, no row
 * does. */
static la_status contains_through(const la_sql *sql, const la_node *node, const la_instance *other,
                                  la_node **out, la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  la_node *secondary = NULL, *first = NULL, *second = NULL, *both = NULL, *neither = NULL;
  placing self = {.sql = sql, .relationship = relationship, .local = node->children[0]};
  la_status status = la_relationship_secondary_apart(sql, relationship, &secondary, err);
  self.secondary = secondary;
  if (status >= 0) {
    status = la_adapt(sql->alloc, relationship->marked, place_column, &self, &first, err);
  }
  self.instance = other;
  self.in_secondary_join = true;
  if (status >= 0) {
    status = la_adapt(sql->alloc, relationship->secondaryjoin, place_column, &self, &second, err);
  }
  if (status >= 0) {
    status = la_build_and(sql, first, second, &both, err);
  }
  if (status >= 0) {
    status = has_not(sql, node, other, &neither, err);
  }
  if (status >= 0) {
    *out = la_expr_negatable(sql, both, neither);
    status = *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  la_node_release(secondary);
  la_node_release(first);
  la_node_release(second);
  la_node_release(both);
  la_node_release(neither);
  return status;
}

la_status la_relationship_contains(const la_sql *sql, const la_node *node, const la_instance *other,
                                   la_node **out, la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  LA_TRY(check_configured(relationship, err));
  if (!relationship->uselist) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "'contains' not implemented for scalar attributes.  Use ==");
  }
  if (relationship->secondaryjoin != NULL) {
    return contains_through(sql, node, other, out, err);
  }
  return compare_equal(sql, node, other, out, err);
}

la_status la_relationship_with_parent(const la_sql *sql, const la_node *node,
                                      const la_instance *parent, la_node *target, la_node **out,
                                      la_error *err) {
  const la_relationship *relationship = relationship_of(node);
  la_node *first = NULL, *second = NULL;
  placing self = {.sql = sql, .relationship = relationship, .instance = parent};
  la_status status;
  LA_TRY(check_configured(relationship, err));
  if (!la_mapper_is_a(parent->mapper, relationship->parent)) {
    return la_fail(err, LA_ARGUMENT, "an object of class %.*s has no relationship %.*s.%.*s",
                   LA_TEXT_FORMAT(parent->mapper->class_name),
                   LA_TEXT_FORMAT(relationship->parent->class_name),
                   LA_TEXT_FORMAT(relationship->key));
  }
  if (target == NULL) {
    target = la_node_child(node, 1);
  }
  if (target != NULL) {
    self.remote = la_node_retain(target);
  } else {
    LA_TRY(la_relationship_target_entity(sql, relationship, &self.remote, err));
  }
  status = la_relationship_secondary_apart(sql, relationship, &self.secondary, err);
  if (status >= 0) {
    status = la_adapt(sql->alloc, relationship->marked, place_column, &self, &first, err);
  }
  if (status >= 0 && relationship->secondaryjoin != NULL) {
    self.instance = NULL;
    self.local = self.remote;
    self.in_secondary_join = true;
    status = la_adapt(sql->alloc, relationship->secondaryjoin, place_column, &self, &second, err);
  }
  if (status >= 0) {
    status = la_build_and(sql, first, second, out, err);
  }
  la_node_release(self.remote);
  la_node_release(self.secondary);
  la_node_release(first);
  la_node_release(second);
  return status;
}
