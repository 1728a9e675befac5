/* SPDX-License-Identifier: MIT */
/*
 * Operators: binary, unary, AND and OR, BETWEEN, LIKE and its relatives.
 */
#include "compile/compiler.h"

typedef struct like_form {
  uint16_t op;
  bool is_lower; /* both sides in lower() */
  bool is_negated;
  bool before, after; /* '%' at that end of the pattern */
} like_form;

#define LIKE_ROW(name, lower, before, after)                                                       \
  {LA_OP_##name, lower, false, before, after}, {                                                   \
    LA_OP_NOT_##name, lower, true, before, after                                                   \
  }

static const like_form like_forms[] = {
    LIKE_ROW(LIKE, false, false, false),      LIKE_ROW(ILIKE, true, false, false),
    LIKE_ROW(STARTSWITH, false, false, true), LIKE_ROW(ISTARTSWITH, true, false, true),
    LIKE_ROW(ENDSWITH, false, true, false),   LIKE_ROW(IENDSWITH, true, true, false),
    LIKE_ROW(CONTAINS, false, true, true),    LIKE_ROW(ICONTAINS, true, true, true),
};

static la_status push_operand(la_compiler *c, const la_node *node, const la_node *operand) {
  int precedence = node->op == LA_OP_CUSTOM && node->value.kind == LA_VALUE_INTEGER
                       ? (int)node->value.as.integer
                       : la_operator_get((la_operator)node->op)->precedence;
  return la_push(c, operand, node->op, precedence);
}

/* a <between> b, as the pair (texts stand for themselves). */
static la_status push_pair(la_compiler *c, const la_node *node, const char *before,
                           const char *between, const char *after) {
  size_t base = c->work.count;
  la_put(c, before);
  LA_TRY(push_operand(c, node, node->children[0]));
  LA_TRY(la_push_string(c, between));
  LA_TRY(push_operand(c, node, node->children[1]));
  if (*after) {
    LA_TRY(la_push_string(c, after));
  }
  la_push_turn(c, base);
  return LA_OK;
}

/* lower(a) LIKE '%' || lower(b) || '%' ESCAPE '/' */
static la_status write_like(la_compiler *c, const la_node *node, const like_form *form) {
  size_t base = c->work.count;
  const char *percent = c->dialect->percent_doubled ? "'%%'" : "'%'";
  const la_node *escape = la_node_child(node, 2);
  la_put(c, form->is_lower ? "lower(" : "");
  LA_TRY(push_operand(c, node, node->children[0]));
  LA_TRY(la_push_string(c, form->is_lower ? ")" : ""));
  LA_TRY(la_push_string(c, form->is_negated ? " NOT LIKE " : " LIKE "));
  if (form->before) {
    LA_TRY(la_push_string(c, percent));
    LA_TRY(la_push_string(c, " || "));
  }
  LA_TRY(la_push_string(c, form->is_lower ? "lower(" : ""));
  if (form->before || form->after) { /* the pattern is one chain of || */
    LA_TRY(la_push(c, node->children[1], LA_OP_CONCAT, la_against_precedence(LA_OP_CONCAT)));
  } else {
    LA_TRY(push_operand(c, node, node->children[1]));
  }
  LA_TRY(la_push_string(c, form->is_lower ? ")" : ""));
  if (form->after) {
    LA_TRY(la_push_string(c, " || "));
    LA_TRY(la_push_string(c, percent));
  }
  if (escape) {
    LA_TRY(la_push_string(c, " ESCAPE "));
    LA_TRY(la_push(c, escape, LA_AGAINST_FREE, 0));
  }
  la_push_turn(c, base);
  return LA_OK;
}

static bool is_integer(const la_type *type) {
  return type && type->affinity == LA_AFFINITY_INTEGER;
}

/* The database divides integers to integers, so true division makes one side a NUMERIC. */
static la_status write_divide(la_compiler *c, const la_node *node) {
  const la_node *right = node->children[1];
  bool is_exact = right->type && (right->type->affinity == LA_AFFINITY_NUMERIC ||
                                  right->type->affinity == LA_AFFINITY_REAL);
  size_t base = c->work.count;
  LA_TRY(push_operand(c, node, node->children[0]));
  LA_TRY(la_push_string(c, " / CAST("));
  LA_TRY(push_operand(c, node, right));
  LA_TRY(la_push_string(c, " AS "));
  if (is_exact) {
    la_strbuf type;
    la_strbuf_init(&type, c->sql->alloc);
    la_status status = la_compile_type(c->dialect, right->type, &type, c->err);
    la_text text = la_strbuf_view(&type);
    const char *bytes = status < 0 ? NULL : la_arena_copy(&c->scratch, text.bytes, text.len);
    la_strbuf_clear(&type);
    if (!bytes) {
      return status < 0 ? status : la_fail_nomem(c->err);
    }
    LA_TRY(la_push_bytes(c, (la_text){bytes, text.len}));
  } else {
    LA_TRY(la_push_string(c, "NUMERIC"));
  }
  LA_TRY(la_push_string(c, ")"));
  la_push_turn(c, base);
  return LA_OK;
}

/* column[index] where the dialect has no form of its own. */
static la_status write_getitem(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  LA_TRY(push_operand(c, node, node->children[0]));
  LA_TRY(la_push_string(c, "["));
  LA_TRY(la_push(c, node->children[1], LA_AGAINST_FREE, 0));
  LA_TRY(la_push_string(c, "]"));
  la_push_turn(c, base);
  return LA_OK;
}

static la_status write_regexp_replace(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  la_put(c, "<regexp replace>(");
  for (uint32_t i = 0; i < 3 && i < node->count; i++) {
    LA_TRY(la_push_string(c, i == 0 ? "" : ", "));
    LA_TRY(push_operand(c, node, node->children[i]));
  }
  LA_TRY(la_push_string(c, ")"));
  la_push_turn(c, base);
  return LA_OK;
}

static la_status write_custom(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  LA_TRY(push_operand(c, node, node->children[0]));
  LA_TRY(la_push_string(c, " "));
  LA_TRY(la_push_bytes(c, node->text));
  LA_TRY(la_push_string(c, " "));
  LA_TRY(push_operand(c, node, node->children[1]));
  la_push_turn(c, base);
  return LA_OK;
}

static la_status write_common(la_compiler *c, const la_node *node) {
  static const char *const between[LA_OPERATOR_COUNT] = {
#define X(name, text, precedence, negation, flags) [LA_OP_##name] = " " text " ",
      LA_OPERATORS(X)
#undef X
  };
  return push_pair(c, node, "", between[node->op], "");
}

la_status la_write_binary(la_compiler *c, const la_node *node) {
  if (c->dialect->binary) {
    bool done = false;
    LA_TRY(c->dialect->binary(c, node, &done));
    if (done) {
      return LA_OK;
    }
  }
  switch (node->op) {
  case LA_OP_NOT_IN:
    return push_pair(c, node, "(", " NOT IN ", ")");
  case LA_OP_NOT_MATCH:
    return push_pair(c, node, "NOT ", " MATCH ", "");
  case LA_OP_REGEXP_MATCH:
    return push_pair(c, node, "", " <regexp> ", "");
  case LA_OP_NOT_REGEXP_MATCH:
    return push_pair(c, node, "", " <not regexp> ", "");
  case LA_OP_REGEXP_REPLACE:
    return write_regexp_replace(c, node);
  case LA_OP_IS_DISTINCT:
    return push_pair(c, node, "",
                     c->dialect->supports_is_distinct ? " IS DISTINCT FROM " : " IS NOT ", "");
  case LA_OP_IS_NOT_DISTINCT:
    return push_pair(c, node, "",
                     c->dialect->supports_is_distinct ? " IS NOT DISTINCT FROM " : " IS ", "");
  case LA_OP_DIVIDE:
    return write_divide(c, node);
  case LA_OP_FLOOR_DIVIDE:
    if (is_integer(node->children[0]->type) && is_integer(node->children[1]->type)) {
      return push_pair(c, node, "", " / ", "");
    }
    return push_pair(c, node, "FLOOR(", " / ", ")");
  case LA_OP_MODULO:
    return push_pair(c, node, "", c->dialect->percent_doubled ? " %% " : " % ", "");
  case LA_OP_POWER:
    return push_pair(c, node, "power(", ", ", ")");
  case LA_OP_GETITEM:
  case LA_OP_PATH_GETITEM:
    return write_getitem(c, node);
  case LA_OP_CUSTOM:
    return write_custom(c, node);
  default:
    break;
  }
  if (la_operator_get((la_operator)node->op)->flags & LA_OPERATOR_LIKE) {
    for (size_t i = 0; i < sizeof like_forms / sizeof like_forms[0]; i++) {
      if (like_forms[i].op == node->op) {
        return write_like(c, node, &like_forms[i]);
      }
    }
  }
  return write_common(c, node);
}

/* "x = 1", or bare where the database has booleans; `negated`: "x = 0", "NOT x". */
static la_status write_truth(la_compiler *c, const la_node *node, bool negated) {
  const la_node *operand = node->children[0];
  if (operand->kind == LA_NODE_UNARY && operand->op == LA_OP_IS_TRUE) {
    return la_push(c, operand, LA_AGAINST_FREE, 0); /* a condition already */
  }
  if (c->dialect->supports_native_boolean) {
    la_put(c, negated ? "NOT " : "");
    return la_push(c, operand, LA_AGAINST_FREE, 0);
  }
  LA_TRY(la_push_string(c, negated ? " = 0" : " = 1"));
  return la_push(c, operand, LA_AGAINST_FREE, 0);
}

la_status la_write_unary(la_compiler *c, const la_node *node) {
  const la_node *operand = node->children[0];
  const la_operator_facts *facts = la_operator_get((la_operator)node->op);
  switch (node->op) {
  case LA_OP_IS_TRUE:
    return write_truth(c, node, false);
  case LA_OP_IS_FALSE:
    return write_truth(c, node, true);
  case LA_OP_NEGATE:
  case LA_OP_BIT_NOT:
    la_put(c, facts->text);
    return la_push(c, operand, node->op, facts->precedence);
  case LA_OP_CUSTOM:
    la_put_text(c, node->text);
    la_strbuf_char(c->out, ' ');
    return la_push(c, operand, LA_AGAINST_ALL, 0);
  default:
    break;
  }
  if (facts->flags & LA_OPERATOR_POSTFIX) {
    LA_TRY(la_push_string(c, facts->text));
    LA_TRY(la_push_string(c, " "));
  } else {
    la_put(c, facts->text);
    la_strbuf_char(c->out, ' ');
  }
  return la_push(c, operand, node->op, facts->precedence);
}

la_status la_write_between(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  bool is_negated = node->op == LA_OP_NOT_BETWEEN;
  LA_TRY(push_operand(c, node, node->children[0]));
  LA_TRY(la_push_string(c, is_negated ? " NOT BETWEEN " : " BETWEEN "));
  LA_TRY(la_push_string(c, node->flags & LA_NODE_SYMMETRIC ? "SYMMETRIC " : ""));
  LA_TRY(la_push(c, node->children[1], LA_AGAINST_FREE, 0));
  LA_TRY(la_push_string(c, " AND "));
  LA_TRY(la_push(c, node->children[2], LA_AGAINST_FREE, 0));
  la_push_turn(c, base);
  return LA_OK;
}

la_status la_write_clauses(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  int precedence = la_operator_get((la_operator)node->op)->precedence;
  for (uint32_t i = 0; i < node->count; i++) {
    if (i > 0) {
      LA_TRY(la_push_string(c, node->op == LA_OP_AND ? " AND " : " OR "));
    }
    LA_TRY(la_push(c, node->children[i], node->op, precedence));
  }
  la_push_turn(c, base);
  return LA_OK;
}
