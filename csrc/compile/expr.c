/* SPDX-License-Identifier: MIT */
/*
 * Expressions.
 *
 * la_compile_expr takes work items from a stack: a node is written at once if it is a leaf, or
 * replaced by its parts and the texts between them. So an expression of any depth needs no deep C
 * stack.
 */
#include "compile/compiler.h"

la_status la_push(la_compiler *c, const la_node *node, int against, int precedence) {
  la_work item = {.node = node, .against = (uint16_t)against, .precedence = (int16_t)precedence};
  return la_vec_push(c->sql->alloc, &c->work, item) ? LA_OK : la_fail_nomem(c->err);
}

la_status la_push_from(la_compiler *c, const la_node *node) {
  la_work item = {.node = node, .as_from = true};
  return la_vec_push(c->sql->alloc, &c->work, item) ? LA_OK : la_fail_nomem(c->err);
}

la_status la_push_named_from(la_compiler *c, const la_node *node) {
  la_work item = {.node = node, .as_from = true, .is_named = true};
  return la_vec_push(c->sql->alloc, &c->work, item) ? LA_OK : la_fail_nomem(c->err);
}

la_status la_push_bytes(la_compiler *c, la_text text) {
  la_work item = {.text = text.bytes, .len = (uint32_t)text.len};
  return la_vec_push(c->sql->alloc, &c->work, item) ? LA_OK : la_fail_nomem(c->err);
}

la_status la_push_string(la_compiler *c, const char *string) {
  return la_push_bytes(c, la_text_of(string));
}

void la_push_turn(la_compiler *c, size_t base) {
  if (c->work.count <= base) {
    return;
  }
  la_work *low = c->work.items + base, *high = c->work.items + c->work.count - 1;
  while (low < high) {
    la_work item = *low;
    *low++ = *high;
    *high-- = item;
  }
}

int la_against_precedence(int against) {
  switch (against) {
  case LA_AGAINST_FREE:
  case LA_AGAINST_ALL:
    return 0;
  case LA_AGAINST_COMMA:
    return -1;
  case LA_AGAINST_BOOLEAN:
    return -10;
  default:
    return la_operator_get((la_operator)against)->precedence;
  }
}

bool la_type_is_boolean(const la_type *type) {
  return type && type->affinity == LA_AFFINITY_BOOLEAN;
}

/* The operator that an expression is made of, for its place in the order; -1 if it is made of none.
 */
static int own_operator(const la_node *node, int *precedence) {
  switch (node->kind) {
  case LA_NODE_BINARY:
    *precedence = node->op == LA_OP_CUSTOM && node->value.kind == LA_VALUE_INTEGER
                      ? (int)node->value.as.integer
                      : la_operator_get((la_operator)node->op)->precedence;
    return node->op;
  case LA_NODE_BETWEEN:
  case LA_NODE_CLAUSES:
    *precedence = la_operator_get((la_operator)node->op)->precedence;
    return node->op;
  case LA_NODE_UNARY:
    if (node->op == LA_OP_IS_TRUE || node->op == LA_OP_IS_FALSE ||
        la_operator_get((la_operator)node->op)->flags & LA_OPERATOR_POSTFIX) {
      return -1;
    }
    *precedence = la_operator_get((la_operator)node->op)->precedence;
    return node->op;
  case LA_NODE_EXISTS:
    *precedence = la_operator_get(LA_OP_EXISTS)->precedence;
    return LA_OP_EXISTS;
  case LA_NODE_FILTER:
    *precedence = 6;
    return LA_AGAINST_COMMA;
  default:
    return -1;
  }
}

/* True for kinds that SQLAlchemy makes `x = 1` of where a condition is wanted and the type is
 * Boolean. */
static bool is_plain_value(const la_node *node) {
  switch (node->kind) {
  case LA_NODE_COLUMN:
  case LA_NODE_PARAM:
  case LA_NODE_LITERAL:
  case LA_NODE_TRUE:
  case LA_NODE_FALSE:
  case LA_NODE_FUNCTION:
  case LA_NODE_OVER:
  case LA_NODE_WITHIN_GROUP:
  case LA_NODE_CASE:
  case LA_NODE_CAST:
  case LA_NODE_EXTRACT:
  case LA_NODE_EXCLUDED:
  case LA_NODE_DML_COLUMN:
  case LA_NODE_ELEMENT:
    return true;
  default:
    return false;
  }
}

/* True for what as_comparison() gives: a condition already. */
static bool is_comparing(const la_node *node) {
  return node->kind == LA_NODE_FUNCTION && node->value.kind != LA_VALUE_NULL;
}

la_grouping la_grouping_of(const la_node *node, int against, int against_precedence) {
  if (against == LA_AGAINST_FREE) {
    return LA_GROUP_NOT;
  }
  if (is_plain_value(node)) {
    bool is_condition =
        against == LA_OP_AND || against == LA_OP_OR || against == LA_AGAINST_BOOLEAN;
    if (is_condition && la_type_is_boolean(node->type) && !is_comparing(node)) {
      return LA_GROUP_CONDITION;
    }
    return against == LA_OP_ANY || against == LA_OP_ALL ? LA_GROUP_PARENTHESES : LA_GROUP_NOT;
  }
  if (node->kind == LA_NODE_TEXT) {
    return against == LA_OP_IN || against == LA_OP_NOT_IN ? LA_GROUP_PARENTHESES : LA_GROUP_NOT;
  }
  int precedence = 0;
  int op = own_operator(node, &precedence);
  if (op < 0 || (node->kind == LA_NODE_CLAUSES && node->count == 0)) {
    return LA_GROUP_NOT;
  }
  if (against == LA_AGAINST_ALL) {
    return LA_GROUP_PARENTHESES;
  }
  if (against == LA_OP_NOT && node->kind != LA_NODE_UNARY && node->kind != LA_NODE_EXISTS &&
      op < LA_OPERATOR_COUNT &&
      !(la_operator_get((la_operator)op)->flags & LA_OPERATOR_COMPARISON)) {
    return LA_GROUP_PARENTHESES;
  }
  bool is_associative = op == against && op < LA_OPERATOR_COUNT && op != LA_OP_CUSTOM &&
                        (la_operator_get((la_operator)op)->flags & LA_OPERATOR_ASSOCIATIVE);
  if (is_associative) {
    return LA_GROUP_NOT;
  }
  return against_precedence == LA_PRECEDENCE_NONE || precedence <= against_precedence
             ? LA_GROUP_PARENTHESES
             : LA_GROUP_NOT;
}

/* (a, b): `open` and `close` around the children from `first` on. */
static la_status push_children(la_compiler *c, const la_node *node, uint32_t first,
                               const char *open, const char *close) {
  size_t base = c->work.count;
  la_put(c, open);
  for (uint32_t i = first; i < node->count; i++) {
    if (i > first) {
      LA_TRY(la_push_string(c, ", "));
    }
    LA_TRY(la_push(c, node->children[i], LA_AGAINST_COMMA, -1));
  }
  LA_TRY(la_push_string(c, close));
  la_push_turn(c, base);
  return LA_OK;
}

static la_status write_chain(la_compiler *c, const la_node *chain) {
  size_t count = la_chain_count(chain);
  la_node **items = la_arena_alloc(&c->scratch, (count + 1) * sizeof *items);
  if (!items) {
    return la_fail_nomem(c->err);
  }
  la_chain_collect(chain, items);
  for (size_t i = 0; i < count; i++) {
    la_put(c, i == 0 ? "" : ", ");
    LA_TRY(la_compile_expr(c, items[i]));
  }
  return LA_OK;
}

static la_status write_subquery(la_compiler *c, const la_node *select, const char *before) {
  la_put(c, before);
  la_strbuf_char(c->out, '(');
  LA_TRY(select->kind == LA_NODE_VALUES ? la_compile_values_rows(c, select)
                                        : la_compile_statement(c, select, (la_place){0}));
  la_strbuf_char(c->out, ')');
  return LA_OK;
}

static la_status write_label(la_compiler *c, const la_node *node, const la_work *item) {
  if (node == c->label) {
    la_text name = la_label_name(c, node);
    if (!name.bytes) {
      return la_fail_nomem(c->err);
    }
    la_put_ident(c, name);
    return LA_OK;
  }
  return la_push(c, node->children[0], item->against, item->precedence);
}

/* A parameter under type_coerce() takes its type; other operands stand as they are. */
static la_status write_coerce(la_compiler *c, const la_node *node, const la_work *item) {
  const la_node *operand = la_plain_node(node->children[0]);
  if (operand->kind != LA_NODE_PARAM && operand->kind != LA_NODE_PLACEHOLDER) {
    return la_push(c, operand, item->against, item->precedence);
  }
  la_type *outer = c->coerced_type;
  c->coerced_type = node->type;
  la_status status = la_compile_expr(c, operand);
  c->coerced_type = outer;
  return status;
}

static la_status write_param(la_compiler *c, const la_node *node, const la_work *item) {
  c->expand_op = item->against == LA_OP_IN ? 1 : item->against == LA_OP_NOT_IN ? 2 : 0;
  la_status status = la_compile_param(c, node);
  c->expand_op = 0;
  return status;
}

static la_status write_words(la_compiler *c, const la_node *node) {
  switch (node->kind) {
  case LA_NODE_NULL:
    la_put(c, "NULL");
    return LA_OK;
  case LA_NODE_TRUE:
    la_put(c, c->dialect->supports_native_boolean ? "true" : "1");
    return LA_OK;
  case LA_NODE_FALSE:
    la_put(c, c->dialect->supports_native_boolean ? "false" : "0");
    return LA_OK;
  case LA_NODE_DEFAULT:
    la_put(c, "DEFAULT");
    return LA_OK;
  case LA_NODE_PLACEHOLDER:
    return la_write_placeholder(c);
  case LA_NODE_COLLATION:
    la_put_ident(c, node->text);
    return LA_OK;
  case LA_NODE_EXCLUDED:
    la_put(c, "excluded.");
    la_put_ident(c, node->text);
    return LA_OK;
  case LA_NODE_DML_COLUMN:
    return la_dml_write_reference(c, node);
  case LA_NODE_STAR:
    if (node->text.bytes && !la_text_is(node->text, "*")) {
      la_put_ident(c, node->text);
      la_strbuf_char(c->out, '.');
    }
    la_strbuf_char(c->out, '*');
    return LA_OK;
  default:
    return la_fail(c->err, LA_UNSUPPORTED_COMPILATION,
                   "Compiler for dialect \"%s\" can't render element of type %s", c->dialect->name,
                   la_node_kind_name((la_node_kind)node->kind));
  }
}

static la_status write_literal_text(la_compiler *c, const la_node *node) {
  if (!c->dialect->percent_doubled) {
    la_put_text(c, node->text);
    return LA_OK;
  }
  for (size_t i = 0; i < node->text.len; i++) {
    la_put(c, node->text.bytes[i] == '%' ? "%" : "");
    la_strbuf_char(c->out, node->text.bytes[i]);
  }
  return LA_OK;
}

static la_status write_within_group(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  LA_TRY(la_push(c, node->children[0], LA_AGAINST_FREE, 0));
  LA_TRY(la_push_string(c, " WITHIN GROUP (ORDER BY "));
  LA_TRY(la_push(c, node->children[1], LA_AGAINST_FREE, 0));
  LA_TRY(la_push_string(c, ")"));
  la_push_turn(c, base);
  return LA_OK;
}

static la_status write_filter(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  LA_TRY(la_push(c, node->children[0], LA_AGAINST_FREE, 0));
  LA_TRY(la_push_string(c, " FILTER (WHERE "));
  LA_TRY(la_push(c, node->children[1], LA_AGAINST_FREE, 0));
  LA_TRY(la_push_string(c, ")"));
  la_push_turn(c, base);
  return LA_OK;
}

/* A list stands in parentheses after IN, bare elsewhere. */
static la_status write_list(la_compiler *c, const la_node *node, const la_work *item) {
  bool is_in = item->against == LA_OP_IN || item->against == LA_OP_NOT_IN;
  return push_children(c, node, 0, is_in ? "(" : "", is_in ? ")" : "");
}

static la_status write_composed(la_compiler *c, const la_node *node, const la_work *item) {
  switch (node->kind) {
  case LA_NODE_CHAIN:
    return write_chain(c, node);
  case LA_NODE_LIST:
    return write_list(c, node, item);
  case LA_NODE_BUNDLE:
    return push_children(c, node, 0, "", "");
  case LA_NODE_TUPLE:
    return push_children(c, node, 0, "(", ")");
  case LA_NODE_GROUPING:
    la_strbuf_char(c->out, '(');
    LA_TRY(la_push_string(c, ")"));
    return la_push(c, node->children[0], LA_AGAINST_FREE, 0);
  case LA_NODE_LABEL:
    return write_label(c, node, item);
  case LA_NODE_LABEL_REF:
    return la_write_label_ref(c, node);
  case LA_NODE_COERCE:
    return write_coerce(c, node, item);
  case LA_NODE_SCALAR_SUBQUERY:
    return write_subquery(c, node->children[0], "");
  case LA_NODE_EXISTS:
    return write_subquery(c, node->children[0], "EXISTS ");
  case LA_NODE_SELECT:
  case LA_NODE_COMPOUND:
  case LA_NODE_TEXTUAL:
    return write_subquery(c, node, "");
  case LA_NODE_TABLE:
  case LA_NODE_ALIAS:
  case LA_NODE_CTE:
  case LA_NODE_CTE_REF:
  case LA_NODE_LITERAL_TABLE:
    la_put_ident(c, la_from_written_name(c, node));
    return LA_OK;
  default:
    return write_words(c, node);
  }
}

static la_status write_node(la_compiler *c, const la_node *node, const la_work *item) {
  switch (node->kind) {
  case LA_NODE_COLUMN:
    return la_write_column(c, node);
  case LA_NODE_PARAM:
    return write_param(c, node, item);
  case LA_NODE_BINARY:
    return la_write_binary(c, node);
  case LA_NODE_UNARY:
    return la_write_unary(c, node);
  case LA_NODE_CLAUSES:
    return la_write_clauses(c, node);
  case LA_NODE_BETWEEN:
    return la_write_between(c, node);
  case LA_NODE_LITERAL:
    return write_literal_text(c, node);
  case LA_NODE_TEXT:
    return la_write_text(c, node);
  case LA_NODE_FUNCTION:
    return la_write_function(c, node);
  case LA_NODE_OVER:
    return la_write_over(c, node);
  case LA_NODE_FILTER:
    return write_filter(c, node);
  case LA_NODE_WITHIN_GROUP:
    return write_within_group(c, node);
  case LA_NODE_CASE:
    return la_write_case(c, node);
  case LA_NODE_CAST:
    return la_write_cast(c, node);
  case LA_NODE_EXTRACT:
    return la_write_extract(c, node);
  case LA_NODE_FIELD:
    return la_write_field(c, node);
  case LA_NODE_NEXT_VALUE:
    return la_write_next_value(c, node);
  case LA_NODE_ELEMENT:
    return la_write_element(c, node);
  default:
    return write_composed(c, node, item);
  }
}

/* The node that decides about parentheses: a label and a coercion stand for what is in them. */
static const la_node *grouped_node(const la_node *node) {
  while ((node->kind == LA_NODE_LABEL || node->kind == LA_NODE_COERCE) && node->count > 0) {
    node = la_plain_node(node->children[0]);
  }
  return node;
}

/* The label of the listed item that ORDER BY names. */
static la_status write_item_name(la_compiler *c) {
  la_text name = la_item_written_name(c, c->label_item);
  if (!name.bytes) {
    return la_fail_nomem(c->err);
  }
  la_put_ident(c, name);
  return LA_OK;
}

static la_status step(la_compiler *c, la_work item) {
  if (!item.node) {
    la_strbuf_bytes(c->out, item.text, item.len);
    return LA_OK;
  }
  if (item.as_from) {
    return la_write_from(c, item.node, item.is_named);
  }
  const la_node *node = la_plain_node(item.node);
  if (node->kind == LA_NODE_PLACEHOLDER && la_wrapped_expr(c)) {
    node = la_wrapped_expr(c);
  }
  if (node == c->label && c->label_item) {
    return write_item_name(c);
  }
  la_grouping grouping = node == c->label
                             ? LA_GROUP_NOT
                             : la_grouping_of(grouped_node(node), item.against, item.precedence);
  if (grouping == LA_GROUP_PARENTHESES) {
    la_strbuf_char(c->out, '(');
    LA_TRY(la_push_string(c, ")"));
    item.against = LA_AGAINST_FREE;
  } else if (grouping == LA_GROUP_CONDITION && !c->dialect->supports_native_boolean) {
    LA_TRY(la_push_string(c, " = 1"));
    item.against = LA_AGAINST_FREE;
  }
  return write_node(c, node, &item);
}

/* The longest text that a database takes. */
#define LONGEST_TEXT 1000000000

/* Writes what the work list holds above `base`. The text of a statement that shares its parts can
 * be longer than any memory: it ends where it is too long, not where it is whole. */
static la_status write_down_to(la_compiler *c, size_t base) {
  while (c->work.count > base) {
    LA_TRY(step(c, c->work.items[--c->work.count]));
    if (c->out->failed) {
      return la_fail_nomem(c->err);
    }
    if (c->out->len > LONGEST_TEXT) {
      return la_fail(c->err, LA_COMPILE, "statement is too long (more than %d bytes)",
                     LONGEST_TEXT);
    }
  }
  c->depth--;
  return LA_OK;
}

la_status la_compile_expr_against(la_compiler *c, const la_node *node, int against) {
  size_t base = c->work.count;
  if (++c->depth > LA_COMPILE_DEPTH) {
    return la_fail(c->err, LA_COMPILE, "statement is nested too deeply (more than %d levels)",
                   LA_COMPILE_DEPTH);
  }
  LA_TRY(la_push(c, node, against, la_against_precedence(against)));
  return write_down_to(c, base);
}

la_status la_compile_expr(la_compiler *c, const la_node *node) {
  return la_compile_expr_against(c, node, LA_AGAINST_FREE);
}

la_status la_compile_from(la_compiler *c, const la_node *from) {
  size_t base = c->work.count;
  if (++c->depth > LA_COMPILE_DEPTH) {
    return la_fail(c->err, LA_COMPILE, "statement is nested too deeply (more than %d levels)",
                   LA_COMPILE_DEPTH);
  }
  LA_TRY(la_push_from(c, from));
  return write_down_to(c, base);
}
