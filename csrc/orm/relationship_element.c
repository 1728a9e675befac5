/* SPDX-License-Identifier: MIT */
/*
 * The FROM elements of a relationship: what the target's rows are read from, which may be an alias
 * or a subquery that the relationship was given instead of a class, and what a secondary is.
 */
#include "orm/build.h"
#include "orm/mapper_internal.h"
#include "sql/from.h"

bool la_element_has(const la_node *element, const la_node *column) {
  const la_node *from = la_node_child(column, 0);
  for (; element->kind == LA_NODE_JOIN; element = element->children[0]) {
    if (la_element_has(element->children[1], column)) { /* as deep as joins stand in parentheses */
      return true;
    }
  }
  if (from != NULL) {
    return from == element;
  }
  return element->kind == LA_NODE_TABLE && column->subject != NULL &&
         (la_object *)((const la_column *)(const void *)column->subject)->table == element->subject;
}

/* The columns of one part of a join of FROM elements. */
static la_status move_part(const la_sql *sql, const la_node *part, la_node *to, la_node **expr,
                           la_error *err) {
  la_node *moved = NULL;
  LA_TRY(la_adapt_columns(sql, *expr, part, to, &moved, err));
  la_node_release(*expr);
  *expr = moved;
  return LA_OK;
}

static la_status move_parts(const la_sql *sql, const la_node *from, la_node *to, la_node **expr,
                            la_error *err) {
  for (; from->kind == LA_NODE_JOIN; from = from->children[0]) {
    LA_TRY(move_parts(sql, from->children[1], to, expr, err)); /* in parentheses, see above */
  }
  return move_part(sql, from, to, expr, err);
}

la_status la_element_move(const la_sql *sql, const la_node *expr, const la_node *from, la_node *to,
                          la_node **out, la_error *err) {
  la_status status = LA_OK;
  *out = la_node_retain(expr);
  if (expr != NULL && from != to) {
    status = move_parts(sql, from, to, out, err);
  }
  if (status < 0) {
    la_node_release(*out);
    *out = NULL;
  }
  return status;
}

static la_node *element_of(la_node *from) {
  return from->kind == LA_NODE_ENTITY ? from->children[0] : from;
}

la_status la_relationship_target_entity(const la_sql *sql, const la_relationship *relationship,
                                        la_node **out, la_error *err) {
  if (relationship->element != NULL) {
    *out = la_mapper_entity_over(sql, relationship->target, LA_TEXT_NONE, relationship->element,
                                 relationship->below, relationship->below_count);
  } else {
    *out = la_node_retain(la_mapper_entity(relationship->target));
  }
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

la_node *la_relationship_target_element(const la_relationship *relationship) {
  la_node *entity = la_mapper_entity(relationship->target);
  return relationship->element != NULL ? relationship->element
         : entity != NULL              ? entity->children[0]
                                       : NULL;
}

la_status la_relationship_move(const la_sql *sql, const la_relationship *relationship,
                               const la_node *expr, la_node *target, la_node **out, la_error *err) {
  la_node *own = la_relationship_target_element(relationship);
  if (own == NULL) {
    return la_fail_nomem(err);
  }
  return la_element_move(sql, expr, own, element_of(target), out, err);
}

bool la_relationship_is_far(const la_relationship *relationship, const la_node *node) {
  if (node->kind != LA_NODE_COLUMN) {
    return false;
  }
  if (relationship->element == NULL) {
    return la_node_child(node, 0) == relationship->marker;
  }
  return la_element_has(relationship->element, node) &&
         (node->flags & LA_COLUMN_REMOTE || relationship->through != NULL);
}

la_status la_relationship_far_column(const la_sql *sql, const la_relationship *relationship,
                                     const la_node *node, la_node *target, la_node **out,
                                     la_error *err) {
  if (relationship->element != NULL) {
    return la_element_move(sql, node, relationship->element, element_of(target), out, err);
  }
  return la_column_through(sql, (la_column *)(void *)node->subject, target, out, err);
}

la_status la_relationship_secondary(const la_sql *sql, const la_relationship *relationship,
                                    bool alias, la_node **out, la_error *err) {
  *out = NULL;
  if (relationship->through == NULL) {
    return LA_OK;
  }
  if (alias) {
    return la_mapper_alias_of(sql, relationship->through, LA_TEXT_NONE, out, err);
  }
  *out = la_node_retain(relationship->through);
  return LA_OK;
}

/* SELECT the columns of `join`, each under its table's name too. */
static la_status select_of_join(const la_sql *sql, la_node *join, la_node **out, la_error *err) {
  la_node **columns, *select;
  la_text *keys;
  size_t count;
  la_arena arena;
  la_status status;
  la_arena_init(&arena, sql->alloc);
  status = la_from_columns(sql, join, &arena, &columns, &keys, &count, err);
  if (status >= 0) {
    select = la_select_new(sql, columns, count);
    *out = select != NULL ? la_node_with_flags(select, LA_SELECT_LABELS_TABLE, 0) : NULL;
    la_node_release(select);
    for (size_t i = 0; i < count; i++) {
      la_node_release(columns[i]);
    }
    status = *out != NULL ? la_build_chain_one(out, LA_SELECT_FROM, join, err) : la_fail_nomem(err);
  }
  la_arena_clear(&arena);
  return status;
}

la_status la_relationship_secondary_apart(const la_sql *sql, const la_relationship *relationship,
                                          la_node **out, la_error *err) {
  la_node *select = NULL;
  la_status status;
  if (relationship->through == NULL || relationship->through->kind != LA_NODE_JOIN) {
    return la_relationship_secondary(sql, relationship, true, out, err);
  }
  status = select_of_join(sql, relationship->through, &select, err);
  if (status >= 0) {
    *out = la_from_alias(sql, select, LA_TEXT_NONE, LA_NODE_SUBQUERY);
    status = *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  la_node_release(select);
  return status;
}

bool la_relationship_is_through(const la_relationship *relationship, const la_node *node) {
  return relationship->through != NULL && node->kind == LA_NODE_COLUMN &&
         la_element_has(relationship->through, node);
}
