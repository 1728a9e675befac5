/* SPDX-License-Identifier: MIT */
/*
 * Joins of classes as FROM elements, outside of any statement: join(A, B, A.bs).
 */
#include "orm/build.h"
#include "orm/mapper_internal.h"
#include "orm/translate.h"
#include "sql/from.h"

/* Adds `more`, if there is any, to the condition `*on`, a reference that the function replaces. */
static la_status add_condition(const la_sql *sql, la_node *more, la_node **on, la_error *err) {
  la_node *both = NULL;
  if (more == NULL) {
    return LA_OK;
  }
  LA_TRY(la_build_and(sql, *on, more, &both, err));
  la_node_release(*on);
  *on = both;
  return LA_OK;
}

/* Which rows of a table that classes share are of the class `target`: left of a LEFT JOIN stand
 * rows without such, too, so that it has to be a part of ON. */
static la_status add_class_condition(const la_sql *sql, la_node *target, la_node **on,
                                     la_error *err) {
  la_node *own = NULL;
  la_status status;
  if (target->kind != LA_NODE_ENTITY) {
    return LA_OK;
  }
  LA_TRY(la_translate_single_table(sql, target, &own, err));
  status = add_condition(sql, own, on, err);
  la_node_release(own);
  return status;
}

/* ON of the target's side: the join to it, and the conditions of A.bs:and_(…). */
static la_status add_own_condition(const la_sql *sql, const la_node *along, la_node *target,
                                   la_node **on, la_error *err) {
  const la_relationship *relationship = (const la_relationship *)(const void *)along->subject;
  la_node *own = la_node_child(along, 2), *moved = NULL;
  la_status status = LA_OK;
  if (own != NULL) {
    LA_TRY(la_relationship_move(sql, relationship, own, target, &moved, err));
    status = add_condition(sql, moved, on, err);
    la_node_release(moved);
  }
  return status >= 0 ? add_class_condition(sql, target, on, err) : status;
}

/* left JOIN secondary ON … JOIN right ON …; an outer join has the inner one in parentheses. */
static la_status join_through(const la_sql *sql, la_node *left, la_node *right, la_node *secondary,
                              la_node *primary, la_node *second, uint32_t flags, la_node **out,
                              la_error *err) {
  bool outer = (flags & (LA_JOIN_OUTER | LA_JOIN_FULL)) != 0;
  la_node *inner = NULL;
  la_status status;
  if (outer) {
    LA_TRY(la_from_join(sql, secondary, right, second, 0, &inner, err));
    status = la_from_join(sql, left, inner, primary, flags, out, err);
  } else {
    LA_TRY(la_from_join(sql, left, secondary, primary, flags, &inner, err));
    status = la_from_join(sql, inner, right, second, flags, out, err);
  }
  la_node_release(inner);
  return status;
}

la_status la_relationship_from(const la_sql *sql, const la_node *along, la_node *left,
                               la_node *right, uint32_t flags, la_node **out, la_error *err) {
  const la_relationship *relationship = (const la_relationship *)(const void *)along->subject;
  la_node *secondary = NULL, *primary = NULL, *second = NULL;
  la_status status;
  LA_TRY(la_relationship_secondary(sql, relationship, true, &secondary, err));
  status = la_relationship_join(sql, relationship, along->children[0], right, secondary, &primary,
                                &second, err);
  if (status >= 0) {
    status = add_own_condition(sql, along, right, second != NULL ? &second : &primary, err);
  }
  if (status >= 0) {
    status = secondary != NULL
                 ? join_through(sql, left, right, secondary, primary, second, flags, out, err)
                 : la_from_join(sql, left, right, primary, flags, out, err);
  }
  la_node_release(secondary);
  la_node_release(primary);
  la_node_release(second);
  return status;
}

la_status la_class_join(const la_sql *sql, la_node *left, la_node *right, la_node *on,
                        uint32_t flags, la_node **out, la_error *err) {
  la_node *found = la_node_retain(on);
  la_status status = LA_OK;
  if (found == NULL && right->kind == LA_NODE_ENTITY) {
    status = la_from_join_condition(sql, left, right, &found, err);
  }
  if (status >= 0) {
    status = add_class_condition(sql, right, &found, err);
  }
  if (status >= 0) {
    status = la_from_join(sql, left, right, found, flags, out, err);
  }
  la_node_release(found);
  return status;
}
