/* SPDX-License-Identifier: MIT */
/*
 * Conditions: AND and OR with their constants folded away, NOT by the negation of an operator.
 */
#include "sql/expr.h"

/* Longer lists are not copied into a new one but nested in it, so that a chain of `&` costs its
 * length. */
#define LARGEST_MERGED 32

static bool is_boolean(const la_node *expr) {
  return expr->type != NULL && expr->type->affinity == LA_AFFINITY_BOOLEAN;
}

/* True for expressions that are a boolean value rather than a condition built by an operator. */
static bool is_boolean_value(const la_node *expr) {
  switch (expr->kind) {
  case LA_NODE_TRUE:
  case LA_NODE_FALSE:
    return true;
  case LA_NODE_COLUMN:
  case LA_NODE_PARAM:
  case LA_NODE_LITERAL:
  case LA_NODE_OVER:
  case LA_NODE_CASE:
  case LA_NODE_CAST:
  case LA_NODE_COERCE:
  case LA_NODE_EXTRACT:
  case LA_NODE_EXCLUDED:
  case LA_NODE_DML_COLUMN:
  case LA_NODE_ATTRIBUTE:
    return is_boolean(expr);
  case LA_NODE_FUNCTION: /* as_comparison() is an operator */
    return is_boolean(expr) && expr->value.kind == LA_VALUE_NULL;
  default:
    return false;
  }
}

static bool is_collection_aggregate(const la_node *expr) {
  return expr != NULL && expr->kind == LA_NODE_UNARY &&
         (expr->op == LA_OP_ANY || expr->op == LA_OP_ALL);
}

static la_node *boolean_unary(const la_sql *sql, la_operator op, const la_node *operand) {
  la_node *child = (la_node *)operand;
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_UNARY,
                                                  .op = op,
                                                  .type = sql->types->boolean,
                                                  .children = &child,
                                                  .count = 1});
}

/* `expr` with its operator replaced by `op`. */
static la_node *with_operator(const la_sql *sql, const la_node *expr, la_operator op) {
  return la_node_new(sql->alloc, &(la_node_parts){.kind = (la_node_kind)expr->kind,
                                                  .op = op,
                                                  .flags = expr->flags,
                                                  .type = expr->type,
                                                  .text = expr->text,
                                                  .value = expr->value,
                                                  .children = expr->children,
                                                  .count = expr->count});
}

/* A label's element negated under the same label. */
static la_node *negate_label(const la_sql *sql, const la_node *label) {
  la_node *inner = la_expr_not(sql, label->children[0]);
  la_node *negated;
  if (inner == NULL) {
    return NULL;
  }
  negated = la_node_with_child(label, 0, inner);
  la_node_release(inner);
  return negated;
}

la_node *la_expr_negatable(const la_sql *sql, la_node *condition, la_node *negation) {
  la_node *children[2] = {condition, negation};
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_NEGATABLE,
                                                  .type = sql->types->boolean,
                                                  .children = children,
                                                  .count = 2});
}

/* An operator that gives a boolean value, such as a part of JSON read as one. */
static bool is_computed_boolean(const la_node *expr) {
  switch (expr->kind) {
  case LA_NODE_BINARY:
    return is_boolean(expr) && !(expr->flags & LA_BINARY_CONDITION) &&
           !(la_operator_get((la_operator)expr->op)->flags & LA_OPERATOR_COMPARISON) &&
           !is_collection_aggregate(expr->children[0]) &&
           !is_collection_aggregate(expr->children[1]);
  case LA_NODE_SCALAR_SUBQUERY:
  case LA_NODE_FILTER:
    return is_boolean(expr);
  default:
    return false;
  }
}

/* (a) = 0 */
static la_node *negate_computed(const la_sql *sql, la_node *expr) {
  la_node *group =
      expr->kind == LA_NODE_BINARY ? la_expr_grouping(sql, expr) : la_node_retain(expr);
  la_node *result = group != NULL ? boolean_unary(sql, LA_OP_IS_FALSE, group) : NULL;
  la_node_release(group);
  return result;
}

static bool is_constant(const la_node *expr) {
  return expr->kind == LA_NODE_TRUE || expr->kind == LA_NODE_FALSE;
}

static bool is_truth(const la_node *expr) {
  return expr->kind == LA_NODE_UNARY && expr->op == LA_OP_IS_TRUE;
}

/* What AND or OR is that a constant has decided: the constant as a condition under another IS_TRUE,
 * by which a list that it stands in knows that it is no constant of its own. */
static la_node *decided(const la_sql *sql, la_node *constant) {
  la_node *condition = la_expr_condition(sql, constant), *result;
  if (condition == NULL) {
    return NULL;
  }
  result = boolean_unary(sql, LA_OP_IS_TRUE, condition);
  la_node_release(condition);
  return result;
}

la_node *la_expr_not(const la_sql *sql, la_node *operand) {
  la_operator negation;
  if (is_truth(operand) && is_truth(operand->children[0])) {
    return la_expr_boolean(sql, operand->children[0]->children[0]->kind == LA_NODE_FALSE);
  }
  if (is_computed_boolean(operand)) {
    return negate_computed(sql, operand);
  }
  switch (operand->kind) {
  case LA_NODE_NEGATABLE:
    return la_expr_negatable(sql, operand->children[1], operand->children[0]);
  case LA_NODE_TRUE:
    return la_expr_boolean(sql, false);
  case LA_NODE_FALSE:
    return la_expr_boolean(sql, true);
  case LA_NODE_LABEL:
    return negate_label(sql, operand);
  case LA_NODE_UNARY:
    if (operand->op == LA_OP_IS_TRUE || operand->op == LA_OP_IS_FALSE) {
      return with_operator(sql, operand, la_operator_get((la_operator)operand->op)->negation);
    }
    break;
  case LA_NODE_BINARY:
  case LA_NODE_BETWEEN:
    negation = la_operator_get((la_operator)operand->op)->negation;
    if (negation != LA_OP_NONE && !is_collection_aggregate(operand->children[0]) &&
        !is_collection_aggregate(operand->children[1])) {
      return with_operator(sql, operand, negation);
    }
    break;
  default:
    if (is_boolean_value(operand)) {
      return boolean_unary(sql, LA_OP_IS_FALSE, operand);
    }
  }
  return boolean_unary(sql, LA_OP_NOT, operand);
}

la_node *la_expr_condition(const la_sql *sql, la_node *expr) {
  if (expr->kind == LA_NODE_NEGATABLE) { /* nothing negates it any more */
    return la_node_retain(expr->children[0]);
  }
  if (is_boolean_value(expr)) {
    return boolean_unary(sql, LA_OP_IS_TRUE, expr);
  }
  return la_node_retain(expr);
}

/* TRUE or FALSE, bare or as a condition; else NONE's kind. */
static la_node_kind constant_of(const la_node *expr) {
  expr = is_truth(expr) ? expr->children[0] : expr;
  return is_constant(expr) ? (la_node_kind)expr->kind : LA_NODE_NULL;
}

static bool is_merged(const la_node *term, la_operator op) {
  return term->kind == LA_NODE_CLAUSES && term->op == op && term->count <= LARGEST_MERGED;
}

/* The number of terms that stay, those of merged lists counted. `*winner_out` is a constant that
 * decides the whole, `*last_out` the last term that stays or else a constant that does not matter.
 */
static size_t count_terms(la_operator op, la_node *const *terms, size_t count, la_node **winner_out,
                          la_node **last_out) {
  la_node_kind skipped = op == LA_OP_AND ? LA_NODE_TRUE : LA_NODE_FALSE;
  la_node *constant = NULL;
  size_t total = 0;
  *winner_out = *last_out = NULL;
  for (size_t i = 0; i < count; i++) {
    la_node_kind kind = constant_of(terms[i]);
    if (kind == skipped) {
      constant = terms[i];
    } else if (kind != LA_NODE_NULL) {
      *winner_out = terms[i];
      return 1;
    } else {
      total += is_merged(terms[i], op) ? terms[i]->count : 1;
      *last_out = terms[i];
    }
  }
  if (*last_out == NULL) {
    *last_out = constant;
  }
  return total;
}

/* Fills `out` with new references; the number filled, less than wanted when out of memory. */
static size_t fill_terms(const la_sql *sql, la_operator op, la_node *const *terms, size_t count,
                         la_node **out) {
  size_t filled = 0;
  for (size_t i = 0; i < count; i++) {
    if (constant_of(terms[i]) != LA_NODE_NULL) {
      continue;
    }
    if (is_merged(terms[i], op)) {
      for (uint32_t j = 0; j < terms[i]->count; j++) {
        out[filled++] = la_node_retain(terms[i]->children[j]);
      }
      continue;
    }
    out[filled] = la_expr_condition(sql, terms[i]);
    if (out[filled] == NULL) {
      return filled;
    }
    filled++;
  }
  return filled;
}

la_node *la_expr_clauses(const la_sql *sql, la_operator op, la_node *const *terms, size_t count) {
  la_node *winner, *last, *on_stack[LARGEST_MERGED], *list = NULL;
  size_t total = count_terms(op, terms, count, &winner, &last);
  la_node **children = on_stack;
  size_t filled;
  if (winner != NULL) {
    return decided(sql, winner);
  }
  if (last != NULL && (total == 0 || (total == 1 && !is_merged(last, op)))) {
    return total == 0 ? decided(sql, last) : la_expr_condition(sql, last);
  }
  if (total > LARGEST_MERGED) {
    children = la_alloc(sql->alloc, la_array_size(total, sizeof(la_node *)));
    if (children == NULL) {
      return NULL;
    }
  }
  filled = fill_terms(sql, op, terms, count, children);
  if (filled == total) {
    list = la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_CLAUSES,
                                                    .op = op,
                                                    .type = sql->types->boolean,
                                                    .children = children,
                                                    .count = (uint32_t)total});
  }
  while (filled > 0) {
    la_node_release(children[--filled]);
  }
  if (children != on_stack) {
    la_free(sql->alloc, children, total * sizeof(la_node *));
  }
  return list;
}
