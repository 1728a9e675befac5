/* SPDX-License-Identifier: MIT */
#include "orm/evaluate.h"

#include "orm/dml.h"

/* The children that take part in an expression's value, from the first on; -1: it can't be told in
 * memory. */
static int operands_of(const la_node *node) {
  switch (node->kind) {
  case LA_NODE_COLUMN:
  case LA_NODE_PARAM:
  case LA_NODE_NULL:
  case LA_NODE_TRUE:
  case LA_NODE_FALSE:
    return 0;
  case LA_NODE_ATTRIBUTE:
  case LA_NODE_GROUPING:
  case LA_NODE_LABEL:
    return 1;
  case LA_NODE_UNARY:
    return node->op == LA_OP_NOT || node->op == LA_OP_IS_TRUE || node->op == LA_OP_IS_FALSE ||
                   node->op == LA_OP_NEGATE
               ? 1
               : -1;
  case LA_NODE_BETWEEN:
    return node->flags & LA_NODE_SYMMETRIC ? -1 : 3;
  case LA_NODE_CLAUSES:
    return (int)node->count;
  case LA_NODE_BINARY:
    switch (node->op) {
    case LA_OP_EQ:
    case LA_OP_NE:
    case LA_OP_LT:
    case LA_OP_LE:
    case LA_OP_GT:
    case LA_OP_GE:
    case LA_OP_IS:
    case LA_OP_IS_NOT:
    case LA_OP_ADD:
    case LA_OP_SUBTRACT:
    case LA_OP_MULTIPLY:
    case LA_OP_DIVIDE:
    case LA_OP_MODULO:
    case LA_OP_CONCAT:
      return 2;
    case LA_OP_STARTSWITH:
    case LA_OP_NOT_STARTSWITH:
    case LA_OP_ENDSWITH:
    case LA_OP_NOT_ENDSWITH: /* a third is the escape character */
      return node->count == 2 ? 2 : -1;
    case LA_OP_IN:
    case LA_OP_NOT_IN: /* the list is looked at as a whole */
      return node->children[1]->kind == LA_NODE_PARAM &&
                     (node->children[1]->flags & LA_PARAM_EXPANDING) &&
                     !(node->children[1]->flags & LA_PARAM_TUPLE)
                 ? 1
                 : -1;
    default:
      return -1;
    }
  default:
    return -1;
  }
}

static la_status refuse(const la_node *node, la_error *err) {
  if (node->kind == LA_NODE_BINARY || node->kind == LA_NODE_UNARY) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate operator %s",
                   la_operator_get((la_operator)node->op)->name);
  }
  if (node->kind == LA_NODE_FUNCTION) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate Function");
  }
  return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate %s",
                 la_node_kind_name((la_node_kind)node->kind));
}

/* A leaf that has a value here: an attribute of the mapper's own class, or a parameter with a value
 * of a plain kind. */
static la_status check_leaf(const la_evaluator *self, const la_node *node, la_error *err) {
  if (node->kind == LA_NODE_COLUMN &&
      (node->count != 0 || node->subject == NULL ||
       la_mapper_property_of_column(self->mapper, (const la_column *)(const void *)node->subject) ==
           NULL)) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate column: %.*s",
                   LA_TEXT_FORMAT(node->text));
  }
  if (node->kind == LA_NODE_PARAM &&
      ((node->flags & LA_PARAM_REQUIRED) || node->value.kind == LA_VALUE_HOST)) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate parameter %.*s",
                   LA_TEXT_FORMAT(node->text));
  }
  return LA_OK;
}

/* Lays the nodes out parents first, last child first; turned around that is children before
 * parents, in order. */
la_status la_evaluator_init(la_evaluator *self, la_allocator *alloc, const la_mapper *mapper,
                            const la_node *expr, la_error *err) {
  LA_VEC(const la_node *) work = {0};
  la_status status = LA_OK;
  *self = (la_evaluator){.alloc = alloc, .mapper = mapper};
  la_arena_init(&self->texts, alloc);
  if (!la_vec_push(alloc, &work, expr)) {
    return la_fail_nomem(err);
  }
  while (work.count != 0 && status >= 0) {
    const la_node *node = work.items[--work.count];
    int operands = operands_of(node);
    if (operands < 0) {
      status = refuse(node, err);
      break;
    }
    status = check_leaf(self, node, err);
    if (status >= 0 && !la_vec_push(alloc, &self->program, node)) {
      status = la_fail_nomem(err);
    }
    for (int i = 0; i < operands && status >= 0; i++) {
      if (!la_vec_push(alloc, &work, node->children[i])) {
        status = la_fail_nomem(err);
      }
    }
  }
  la_vec_clear(alloc, &work);
  for (size_t i = 0, j = self->program.count; i + 1 < j; i++) {
    const la_node *kept = self->program.items[i];
    self->program.items[i] = self->program.items[--j];
    self->program.items[j] = kept;
  }
  if (status >= 0 && !la_vec_reserve(alloc, &self->stack, self->program.count)) {
    status = la_fail_nomem(err);
  }
  return status;
}

void la_evaluator_clear(la_evaluator *self) {
  la_vec_clear(self->alloc, &self->program);
  la_vec_clear(self->alloc, &self->stack);
  la_arena_clear(&self->texts);
}

static bool is_number(const la_value *value) {
  return value->kind == LA_VALUE_INTEGER || value->kind == LA_VALUE_REAL ||
         value->kind == LA_VALUE_BOOLEAN || value->kind == LA_VALUE_DECIMAL;
}

static la_value boolean(bool value) {
  return la_value_of_kind(LA_VALUE_BOOLEAN, value);
}

static int truth(const la_value *value) {
  if (value->kind == LA_VALUE_NULL) {
    return -1;
  }
  return value->kind == LA_VALUE_REAL ? value->as.real != 0 : value->as.integer != 0;
}

static bool comparable(const la_value *a, const la_value *b) {
  return a->kind == b->kind || (is_number(a) && is_number(b));
}

static la_status compare(la_operator op, const la_value *a, const la_value *b, la_value *out,
                         la_error *err) {
  int order;
  if (op == LA_OP_IS || op == LA_OP_IS_NOT) {
    *out = boolean(la_value_equal(a, b) == (op == LA_OP_IS));
    return LA_OK;
  }
  if (a->kind == LA_VALUE_NULL || b->kind == LA_VALUE_NULL) {
    *out = LA_VALUE_NONE;
    return LA_OK;
  }
  if (!comparable(a, b)) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate a comparison of %s with %s",
                   la_value_kind_name((la_value_kind)a->kind),
                   la_value_kind_name((la_value_kind)b->kind));
  }
  if (op == LA_OP_EQ || op == LA_OP_NE) {
    *out = boolean(la_value_equal(a, b) == (op == LA_OP_EQ));
    return LA_OK;
  }
  order = la_value_compare(a, b);
  *out = boolean(op == LA_OP_LT   ? order < 0
                 : op == LA_OP_LE ? order <= 0
                 : op == LA_OP_GT ? order > 0
                                  : order >= 0);
  return LA_OK;
}

static double real_of(const la_value *value) {
  return value->kind == LA_VALUE_REAL ? value->as.real : (double)value->as.integer;
}

static la_status compute(la_operator op, const la_value *a, const la_value *b, la_value *out,
                         la_error *err) {
  int64_t whole;
  bool overflow;
  if (a->kind == LA_VALUE_NULL || b->kind == LA_VALUE_NULL) {
    *out = LA_VALUE_NONE;
    return LA_OK;
  }
  if ((a->kind != LA_VALUE_INTEGER && a->kind != LA_VALUE_REAL) ||
      (b->kind != LA_VALUE_INTEGER && b->kind != LA_VALUE_REAL)) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate arithmetic of %s",
                   la_value_kind_name((la_value_kind)a->kind));
  }
  if (a->kind == LA_VALUE_INTEGER && b->kind == LA_VALUE_INTEGER) {
    overflow = op == LA_OP_ADD ? __builtin_add_overflow(a->as.integer, b->as.integer, &whole)
               : op == LA_OP_SUBTRACT
                   ? __builtin_sub_overflow(a->as.integer, b->as.integer, &whole)
                   : __builtin_mul_overflow(a->as.integer, b->as.integer, &whole);
    if (overflow) {
      return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate arithmetic that overflows");
    }
    *out = la_value_integer(whole);
    return LA_OK;
  }
  *out = la_value_real(op == LA_OP_ADD        ? real_of(a) + real_of(b)
                       : op == LA_OP_SUBTRACT ? real_of(a) - real_of(b)
                                              : real_of(a) * real_of(b));
  return LA_OK;
}

/* By zero databases differ: an error here, NULL there. */
static la_status divide(la_operator op, const la_value *a, const la_value *b, la_value *out,
                        la_error *err) {
  if (a->kind == LA_VALUE_NULL || b->kind == LA_VALUE_NULL) {
    *out = LA_VALUE_NONE;
    return LA_OK;
  }
  if ((a->kind != LA_VALUE_INTEGER && (a->kind != LA_VALUE_REAL || op == LA_OP_MODULO)) ||
      (b->kind != LA_VALUE_INTEGER && (b->kind != LA_VALUE_REAL || op == LA_OP_MODULO)) ||
      real_of(b) == 0) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate operator %s of %s and %s",
                   la_operator_get(op)->name, la_value_kind_name((la_value_kind)a->kind),
                   la_value_kind_name((la_value_kind)b->kind));
  }
  if (op == LA_OP_DIVIDE) {
    *out = la_value_real(real_of(a) / real_of(b));
  } else {
    *out = la_value_integer(b->as.integer == -1 ? 0 : a->as.integer % b->as.integer);
  }
  return LA_OK;
}

static la_status concatenate(la_evaluator *self, const la_value *a, const la_value *b,
                             la_value *out, la_error *err) {
  char *bytes;
  if (a->kind == LA_VALUE_NULL || b->kind == LA_VALUE_NULL) {
    *out = LA_VALUE_NONE;
    return LA_OK;
  }
  if (a->kind != LA_VALUE_TEXT || b->kind != LA_VALUE_TEXT) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate concatenation of %s and %s",
                   la_value_kind_name((la_value_kind)a->kind),
                   la_value_kind_name((la_value_kind)b->kind));
  }
  bytes = la_arena_alloc(&self->texts, (size_t)a->len + b->len + 1);
  if (bytes == NULL) {
    return la_fail_nomem(err);
  }
  memcpy(bytes, a->as.bytes, a->len);
  memcpy(bytes + a->len, b->as.bytes, b->len);
  *out = la_value_text((la_text){bytes, (size_t)a->len + b->len});
  return LA_OK;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether `whole` begins or ends with `part`. Databases differ on capitals, and a wildcard is not
 * one letter: what hangs on these can't be told. */
static la_status match(la_operator op, const la_value *whole, const la_value *part, la_value *out,
                       la_error *err) {
  bool at_end = op == LA_OP_ENDSWITH || op == LA_OP_NOT_ENDSWITH;
  bool negates = op == LA_OP_NOT_STARTSWITH || op == LA_OP_NOT_ENDSWITH;
  bool exact = true, loose = true;
  const char *from;
  if (whole->kind == LA_VALUE_NULL || part->kind == LA_VALUE_NULL) {
    *out = LA_VALUE_NONE;
    return LA_OK;
  }
  if (whole->kind == LA_VALUE_TEXT && part->kind == LA_VALUE_TEXT && part->len > whole->len) {
    exact = loose = false;
  } else if (whole->kind == LA_VALUE_TEXT && part->kind == LA_VALUE_TEXT) {
    from = whole->as.bytes + (at_end ? whole->len - part->len : 0);
    for (uint32_t i = 0; i < part->len; i++) {
      exact = exact && from[i] == part->as.bytes[i];
      loose = loose && lower(from[i]) == lower(part->as.bytes[i]);
    }
  }
  if (whole->kind != LA_VALUE_TEXT || part->kind != LA_VALUE_TEXT || exact != loose ||
      memchr(part->as.bytes, '%', part->len) != NULL ||
      memchr(part->as.bytes, '_', part->len) != NULL) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate operator %s", la_operator_get(op)->name);
  }
  *out = boolean(exact != negates);
  return LA_OK;
}

static la_status find_in(const la_node *node, const la_value *value, la_value *out, la_error *err) {
  const la_node *list = node->children[1];
  bool found = false, has_null = false;
  for (uint32_t i = 0; i < list->value_count && !found; i++) {
    const la_value *item = &list->values[i];
    if (item->kind == LA_VALUE_NULL) {
      has_null = true;
    } else if (value->kind != LA_VALUE_NULL && !comparable(item, value)) {
      return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate a comparison of %s with %s",
                     la_value_kind_name((la_value_kind)value->kind),
                     la_value_kind_name((la_value_kind)item->kind));
    } else {
      found = la_value_equal(item, value);
    }
  }
  if ((value->kind == LA_VALUE_NULL && list->value_count != 0) || (!found && has_null)) {
    *out = LA_VALUE_NONE;
  } else {
    *out = boolean(found == (node->op == LA_OP_IN));
  }
  return LA_OK;
}

static la_value join_terms(const la_node *node, const la_value *terms) {
  bool is_and = node->op == LA_OP_AND, unknown = false;
  for (uint32_t i = 0; i < node->count; i++) {
    int known = truth(&terms[i]);
    if (known < 0) {
      unknown = true;
    } else if ((known != 0) != is_and) {
      return boolean(!is_and);
    }
  }
  return unknown ? LA_VALUE_NONE : boolean(is_and);
}

static la_status run_unary(const la_node *node, la_value *value, la_error *err) {
  int known = truth(value);
  if (node->op == LA_OP_NEGATE) {
    la_value zero = la_value_integer(0), given = *value;
    return compute(LA_OP_SUBTRACT, &zero, &given, value, err);
  }
  *value = known < 0 ? LA_VALUE_NONE : boolean(node->op == LA_OP_IS_TRUE ? known : !known);
  return LA_OK;
}

static la_status run_binary(la_evaluator *self, const la_node *node, la_value *operands,
                            la_error *err) {
  la_operator op = (la_operator)node->op;
  la_value first = operands[0];
  switch (op) {
  case LA_OP_IN:
  case LA_OP_NOT_IN:
    return find_in(node, &first, operands, err);
  case LA_OP_ADD:
  case LA_OP_SUBTRACT:
  case LA_OP_MULTIPLY:
    return compute(op, &first, &operands[1], operands, err);
  case LA_OP_DIVIDE:
  case LA_OP_MODULO:
    return divide(op, &first, &operands[1], operands, err);
  case LA_OP_CONCAT:
    return concatenate(self, &first, &operands[1], operands, err);
  case LA_OP_STARTSWITH:
  case LA_OP_NOT_STARTSWITH:
  case LA_OP_ENDSWITH:
  case LA_OP_NOT_ENDSWITH:
    return match(op, &first, &operands[1], operands, err);
  default:
    return compare(op, &first, &operands[1], operands, err);
  }
}

/* The operands are the last values of the stack; the first of them becomes the result. */
static la_status run_operator(la_evaluator *self, const la_node *node, la_value *operands,
                              la_error *err) {
  la_value first = operands[0], low, high;
  switch (node->kind) {
  case LA_NODE_UNARY:
    return run_unary(node, operands, err);
  case LA_NODE_CLAUSES:
    operands[0] = join_terms(node, operands);
    return LA_OK;
  case LA_NODE_BETWEEN:
    LA_TRY(compare(LA_OP_GE, &first, &operands[1], &low, err));
    LA_TRY(compare(LA_OP_LE, &first, &operands[2], &high, err));
    operands[0] = truth(&low) == 0 || truth(&high) == 0 ? boolean(false)
                  : truth(&low) < 0 || truth(&high) < 0 ? LA_VALUE_NONE
                                                        : boolean(true);
    return LA_OK;
  case LA_NODE_BINARY:
    return run_binary(self, node, operands, err);
  default:
    return LA_OK; /* ATTRIBUTE, GROUPING, LABEL: the value of the child */
  }
}

static bool leaf_value(const la_node *node, const la_instance *instance, la_value *out) {
  const la_property *property;
  switch (node->kind) {
  case LA_NODE_PARAM:
    *out = node->value;
    return true;
  case LA_NODE_NULL:
    *out = LA_VALUE_NONE;
    return true;
  case LA_NODE_TRUE:
  case LA_NODE_FALSE:
    *out = boolean(node->kind == LA_NODE_TRUE);
    return true;
  default:
    property = la_mapper_property_of_column(instance->mapper,
                                            (const la_column *)(const void *)node->subject);
    if (property == NULL || property->slot >= instance->slot_count) {
      return false;
    }
    *out = instance->slots[property->slot];
    return (out->flags & LA_SLOT_LOADED) && !(out->flags & LA_SLOT_EXPR);
  }
}

la_status la_evaluator_run(la_evaluator *self, const la_instance *instance, la_value *out,
                           bool *unknown_out, la_error *err) {
  size_t depth = 0;
  *unknown_out = false;
  la_arena_clear(&self->texts);
  for (size_t i = 0; i < self->program.count; i++) {
    const la_node *node = self->program.items[i];
    size_t operands = (size_t)operands_of(node);
    if (operands == 0 && node->kind != LA_NODE_CLAUSES) {
      if (!leaf_value(node, instance, &self->stack.items[depth])) {
        *unknown_out = true;
        return LA_OK;
      }
      depth++;
      continue;
    }
    if (operands == 0) {
      self->stack.items[depth++] = boolean(node->op == LA_OP_AND);
      continue;
    }
    depth -= operands;
    LA_TRY(run_operator(self, node, &self->stack.items[depth], err));
    depth++;
  }
  *out = self->stack.items[0];
  out->flags = 0;
  out->spare = 0;
  return LA_OK;
}

la_status la_evaluate(const la_session *session, const la_node *condition,
                      const la_instance *instance, int *out, la_error *err) {
  la_evaluator evaluator;
  la_value value = LA_VALUE_NONE;
  bool unknown = false;
  la_status status =
      la_evaluator_init(&evaluator, instance->mapper->alloc, instance->mapper, condition, err);
  (void)session;
  if (status >= 0) {
    status = la_evaluator_run(&evaluator, instance, &value, &unknown, err);
  }
  la_evaluator_clear(&evaluator);
  if (status >= 0 && unknown) {
    return la_fail(err, LA_UNEVALUATABLE, "Cannot evaluate an attribute that is not loaded");
  }
  *out = truth(&value);
  return status;
}
