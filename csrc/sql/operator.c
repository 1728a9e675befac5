/* SPDX-License-Identifier: MIT */
#include "sql/operator.h"

static const la_operator_facts rows[LA_OPERATOR_COUNT] = {
#define X(name, text, precedence, negation, flags)                                                 \
  {#name, text, precedence, LA_OP_##negation, flags},
    LA_OPERATORS(X)
#undef X
};

const la_operator_facts *la_operator_get(la_operator op) {
  return &rows[op];
}

bool la_operator_groups(la_operator op, int precedence, la_operator against,
                        int against_precedence) {
  if (op == against && (rows[op].flags & LA_OPERATOR_ASSOCIATIVE)) {
    return false;
  }
  if (against_precedence == LA_PRECEDENCE_NONE) {
    return true;
  }
  return precedence <= against_precedence;
}
