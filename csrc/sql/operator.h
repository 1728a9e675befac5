/* SPDX-License-Identifier: MIT */
/*
 * Operators of SQL expressions, one row each.
 *
 * Columns: name, text as most databases write it, precedence, the operator that negates it, flags.
 * The precedences are those of SQLAlchemy's sql/operators.py, so that parentheses fall the same
 * way: `la_operator_groups` says when. LA_PRECEDENCE_NONE is for operators that have no place in
 * the order: they are put in parentheses inside everything, and put everything inside them in
 * parentheses.
 */
#ifndef LA_SQL_OPERATOR_H
#define LA_SQL_OPERATOR_H

#include "base/text.h"
#include <stdbool.h>

#pragma GCC visibility push(hidden)

enum la_operator_flag {
  LA_OPERATOR_COMPARISON = 1,  /* gives a boolean */
  LA_OPERATOR_ASSOCIATIVE = 2, /* needs no parentheses inside itself */
  LA_OPERATOR_COMMUTATIVE = 4,
  LA_OPERATOR_UNARY = 8,
  LA_OPERATOR_POSTFIX = 16, /* written after its operand: IS NULL is binary, DESC is postfix */
  LA_OPERATOR_LIKE = 32,    /* may have an escape character as third child */
  LA_OPERATOR_LOGICAL = 64  /* AND, OR: n-ary clause lists */
};

#define LA_PRECEDENCE_NONE (-100)

#define LA_OPERATORS(X)                                                                            \
  X(NONE, "", 100, NONE, 0)                                                                        \
  X(AND, "AND", 3, NONE, LA_OPERATOR_LOGICAL | LA_OPERATOR_ASSOCIATIVE | LA_OPERATOR_COMPARISON)   \
  X(OR, "OR", 2, NONE, LA_OPERATOR_LOGICAL | LA_OPERATOR_ASSOCIATIVE | LA_OPERATOR_COMPARISON)     \
  X(NOT, "NOT", 5, NONE, LA_OPERATOR_UNARY | LA_OPERATOR_COMPARISON)                               \
  X(EQ, "=", 5, NE, LA_OPERATOR_COMPARISON | LA_OPERATOR_COMMUTATIVE)                              \
  X(NE, "!=", 5, EQ, LA_OPERATOR_COMPARISON | LA_OPERATOR_COMMUTATIVE)                             \
  X(LT, "<", 5, GE, LA_OPERATOR_COMPARISON)                                                        \
  X(LE, "<=", 5, GT, LA_OPERATOR_COMPARISON)                                                       \
  X(GT, ">", 5, LE, LA_OPERATOR_COMPARISON)                                                        \
  X(GE, ">=", 5, LT, LA_OPERATOR_COMPARISON)                                                       \
  X(IS, "IS", 5, IS_NOT, LA_OPERATOR_COMPARISON)                                                   \
  X(IS_NOT, "IS NOT", 5, IS, LA_OPERATOR_COMPARISON)                                               \
  X(IS_DISTINCT, "IS DISTINCT FROM", 5, IS_NOT_DISTINCT, LA_OPERATOR_COMPARISON)                   \
  X(IS_NOT_DISTINCT, "IS NOT DISTINCT FROM", 5, IS_DISTINCT, LA_OPERATOR_COMPARISON)               \
  X(LIKE, "LIKE", 5, NOT_LIKE, LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                          \
  X(NOT_LIKE, "NOT LIKE", 5, LIKE, LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                      \
  X(ILIKE, "ILIKE", 5, NOT_ILIKE, LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                       \
  X(NOT_ILIKE, "NOT ILIKE", 5, ILIKE, LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                   \
  X(STARTSWITH, "STARTSWITH", LA_PRECEDENCE_NONE, NOT_STARTSWITH,                                  \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(NOT_STARTSWITH, "NOT STARTSWITH", LA_PRECEDENCE_NONE, STARTSWITH,                              \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(ENDSWITH, "ENDSWITH", LA_PRECEDENCE_NONE, NOT_ENDSWITH,                                        \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(NOT_ENDSWITH, "NOT ENDSWITH", LA_PRECEDENCE_NONE, ENDSWITH,                                    \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(CONTAINS, "CONTAINS", LA_PRECEDENCE_NONE, NOT_CONTAINS,                                        \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(NOT_CONTAINS, "NOT CONTAINS", LA_PRECEDENCE_NONE, CONTAINS,                                    \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(ISTARTSWITH, "ISTARTSWITH", LA_PRECEDENCE_NONE, NOT_ISTARTSWITH,                               \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(NOT_ISTARTSWITH, "NOT ISTARTSWITH", LA_PRECEDENCE_NONE, ISTARTSWITH,                           \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(IENDSWITH, "IENDSWITH", LA_PRECEDENCE_NONE, NOT_IENDSWITH,                                     \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(NOT_IENDSWITH, "NOT IENDSWITH", LA_PRECEDENCE_NONE, IENDSWITH,                                 \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(ICONTAINS, "ICONTAINS", LA_PRECEDENCE_NONE, NOT_ICONTAINS,                                     \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(NOT_ICONTAINS, "NOT ICONTAINS", LA_PRECEDENCE_NONE, ICONTAINS,                                 \
    LA_OPERATOR_COMPARISON | LA_OPERATOR_LIKE)                                                     \
  X(MATCH, "MATCH", 5, NOT_MATCH, LA_OPERATOR_COMPARISON)                                          \
  X(NOT_MATCH, "NOT MATCH", 5, MATCH, LA_OPERATOR_COMPARISON)                                      \
  X(REGEXP_MATCH, "REGEXP", 5, NOT_REGEXP_MATCH, LA_OPERATOR_COMPARISON)                           \
  X(NOT_REGEXP_MATCH, "NOT REGEXP", 5, REGEXP_MATCH, LA_OPERATOR_COMPARISON)                       \
  X(REGEXP_REPLACE, "REGEXP_REPLACE", 5, NONE, 0) /* third child: the replacement */               \
  X(IN, "IN", 5, NOT_IN, LA_OPERATOR_COMPARISON)                                                   \
  X(NOT_IN, "NOT IN", 5, IN, LA_OPERATOR_COMPARISON)                                               \
  X(BETWEEN, "BETWEEN", 5, NOT_BETWEEN, LA_OPERATOR_COMPARISON)                                    \
  X(NOT_BETWEEN, "NOT BETWEEN", 5, BETWEEN, LA_OPERATOR_COMPARISON)                                \
  X(ADD, "+", 7, NONE, LA_OPERATOR_ASSOCIATIVE | LA_OPERATOR_COMMUTATIVE)                          \
  X(SUBTRACT, "-", 7, NONE, 0)                                                                     \
  X(MULTIPLY, "*", 8, NONE, LA_OPERATOR_ASSOCIATIVE | LA_OPERATOR_COMMUTATIVE)                     \
  X(DIVIDE, "/", 8, NONE, 0)                                                                       \
  X(FLOOR_DIVIDE, "//", 8, NONE, 0)                                                                \
  X(MODULO, "%", 8, NONE, 0)                                                                       \
  X(POWER, "**", 15, NONE, 0)                                                                      \
  X(NEGATE, "-", 8, NONE, LA_OPERATOR_UNARY)                                                       \
  X(CONCAT, "||", 5, NONE, LA_OPERATOR_ASSOCIATIVE)                                                \
  X(BIT_AND, "&", 7, NONE, LA_OPERATOR_COMMUTATIVE)                                                \
  X(BIT_OR, "|", 7, NONE, LA_OPERATOR_COMMUTATIVE)                                                 \
  X(BIT_XOR, "^", 7, NONE, LA_OPERATOR_COMMUTATIVE)                                                \
  X(BIT_NOT, "~", 8, NONE, LA_OPERATOR_UNARY)                                                      \
  X(LEFT_SHIFT, "<<", 7, NONE, 0)                                                                  \
  X(RIGHT_SHIFT, ">>", 7, NONE, 0)                                                                 \
  X(COLLATE, "COLLATE", 4, NONE, 0)                                                                \
  X(DESC, "DESC", 3, NONE, LA_OPERATOR_UNARY | LA_OPERATOR_POSTFIX)                                \
  X(ASC, "ASC", 3, NONE, LA_OPERATOR_UNARY | LA_OPERATOR_POSTFIX)                                  \
  X(NULLS_FIRST, "NULLS FIRST", LA_PRECEDENCE_NONE, NONE, LA_OPERATOR_UNARY | LA_OPERATOR_POSTFIX) \
  X(NULLS_LAST, "NULLS LAST", LA_PRECEDENCE_NONE, NONE, LA_OPERATOR_UNARY | LA_OPERATOR_POSTFIX)   \
  X(DISTINCT, "DISTINCT", 5, NONE, LA_OPERATOR_UNARY)                                              \
  X(EXISTS, "EXISTS", 0, NONE, LA_OPERATOR_UNARY | LA_OPERATOR_COMPARISON)                         \
  X(ANY, "ANY", 15, NONE, LA_OPERATOR_UNARY)                                                       \
  X(ALL, "ALL", 15, NONE, LA_OPERATOR_UNARY)                                                       \
  X(GETITEM, "", 15, NONE, LA_OPERATOR_ASSOCIATIVE) /* JSON and array element: expr:at(key) */     \
  X(PATH_GETITEM, "", 15, NONE, LA_OPERATOR_ASSOCIATIVE) /* JSON path: expr:at{"a", 1} */          \
  X(CUSTOM, "", 0, NONE, 0) /* text and precedence in the node: column:op("…") */                \
  X(IS_TRUE, "", 5, IS_FALSE,                                                                      \
    LA_OPERATOR_UNARY | LA_OPERATOR_COMPARISON) /* a boolean column as a condition */              \
  X(IS_FALSE, "", 5, IS_TRUE, LA_OPERATOR_UNARY | LA_OPERATOR_COMPARISON)                          \
  X(UNION, "UNION", 1, NONE, 0)                                                                    \
  X(UNION_ALL, "UNION ALL", 1, NONE, 0)                                                            \
  X(INTERSECT, "INTERSECT", 1, NONE, 0)                                                            \
  X(INTERSECT_ALL, "INTERSECT ALL", 1, NONE, 0)                                                    \
  X(EXCEPT, "EXCEPT", 1, NONE, 0)                                                                  \
  X(EXCEPT_ALL, "EXCEPT ALL", 1, NONE, 0)

typedef enum la_operator {
#define X(name, text, precedence, negation, flags) LA_OP_##name,
  LA_OPERATORS(X)
#undef X
      LA_OPERATOR_COUNT
} la_operator;

typedef struct la_operator_facts {
  const char *name;
  const char *text;
  int precedence;
  la_operator negation; /* LA_OP_NONE: negated by NOT */
  unsigned flags;
} la_operator_facts;

const la_operator_facts *la_operator_get(la_operator op);
/* True if an expression with operator `op` and precedence `precedence` needs parentheses as an
 * operand of one with `against` and `against_precedence`; the precedences are those of the
 * operators' rows, or a CUSTOM node's own. */
bool la_operator_groups(la_operator op, int precedence, la_operator against,
                        int against_precedence);

#pragma GCC visibility pop

#endif
