/* SPDX-License-Identifier: MIT */
#include "sql/expr.h"

#include "schema/column.h"
#include "schema/table.h"
#include "sql/select.h"

static la_node *leaf(const la_sql *sql, la_node_kind kind, la_type *type, la_text text) {
  return la_node_new(sql->alloc, &(la_node_parts){.kind = kind, .type = type, .text = text});
}

static la_node *parent_of_one(const la_sql *sql, la_node_kind kind, uint16_t op, la_type *type,
                              la_text text, la_node *child) {
  return la_node_new(
      sql->alloc,
      &(la_node_parts){
          .kind = kind, .op = op, .type = type, .text = text, .children = &child, .count = 1});
}

la_node *la_expr_column(const la_sql *sql, la_column *column, la_node *from) {
  return la_node_new(
      sql->alloc, &(la_node_parts){.kind = LA_NODE_COLUMN,
                                   .type = column->type != NULL ? column->type : sql->types->null,
                                   .subject = column,
                                   .text = column->name,
                                   .children = &from,
                                   .count = from != NULL});
}

la_node *la_expr_named_column(const la_sql *sql, la_text name, la_type *type, la_node *from) {
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_COLUMN,
                                                  .type = type != NULL ? type : sql->types->null,
                                                  .text = name,
                                                  .children = &from,
                                                  .count = from != NULL});
}

la_node *la_expr_param(const la_sql *sql, la_text name, const la_value *value, la_type *type) {
  return la_node_new(
      sql->alloc, &(la_node_parts){.kind = LA_NODE_PARAM,
                                   .flags = LA_PARAM_UNIQUE,
                                   .type = type != NULL ? type : la_sql_type_of_value(sql, value),
                                   .text = name.bytes != NULL ? name : LA_TEXT_LITERAL("param"),
                                   .value = *value});
}

la_node *la_expr_params(const la_sql *sql, la_text name, const la_value *values, uint32_t count,
                        uint32_t width, la_type *type) {
  la_type *guessed = count != 0 ? la_sql_type_of_value(sql, values) : sql->types->null;
  return la_node_new(sql->alloc,
                     &(la_node_parts){.kind = LA_NODE_PARAM,
                                      .flags = LA_PARAM_UNIQUE | LA_PARAM_EXPANDING |
                                               (width != 0 ? LA_PARAM_TUPLE : 0u),
                                      .type = type != NULL ? type : guessed,
                                      .text = name.bytes != NULL ? name : LA_TEXT_LITERAL("param"),
                                      .value = la_value_integer(width),
                                      .values = values,
                                      .value_count = count});
}

la_node *la_expr_bindparam(const la_sql *sql, la_text name, const la_value *value, la_type *type,
                           uint32_t flags) {
  la_type *guessed = value != NULL ? la_sql_type_of_value(sql, value) : sql->types->null;
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_PARAM,
                                                  .flags = flags,
                                                  .type = type != NULL ? type : guessed,
                                                  .text = name,
                                                  .value = value != NULL ? *value : LA_VALUE_NONE});
}

la_node *la_expr_null(const la_sql *sql) {
  return leaf(sql, LA_NODE_NULL, sql->types->null, LA_TEXT_NONE);
}

la_node *la_expr_boolean(const la_sql *sql, bool value) {
  return leaf(sql, value ? LA_NODE_TRUE : LA_NODE_FALSE, sql->types->boolean, LA_TEXT_NONE);
}

la_node *la_expr_literal(const la_sql *sql, la_text text, la_type *type) {
  return leaf(sql, LA_NODE_LITERAL, type != NULL ? type : sql->types->null, text);
}

la_node *la_expr_unary(const la_sql *sql, la_operator op, la_node *operand) {
  la_type *type = operand->type;
  unsigned flags = la_operator_get(op)->flags;
  if (flags & LA_OPERATOR_COMPARISON) {
    type = sql->types->boolean;
  }
  return parent_of_one(sql, LA_NODE_UNARY, (uint16_t)op, type, LA_TEXT_NONE, operand);
}

static bool is_collection_aggregate(const la_node *expr) {
  return expr->kind == LA_NODE_UNARY && (expr->op == LA_OP_ANY || expr->op == LA_OP_ALL);
}

/* The operator that holds with its sides changed. */
static la_operator mirrored(la_operator op) {
  switch (op) {
  case LA_OP_LT:
    return LA_OP_GT;
  case LA_OP_LE:
    return LA_OP_GE;
  case LA_OP_GT:
    return LA_OP_LT;
  case LA_OP_GE:
    return LA_OP_LE;
  default:
    return op;
  }
}

static la_node *binary_of(const la_sql *sql, la_operator op, la_type *type, la_text text,
                          const la_value *value, la_node *const *children, uint32_t count) {
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_BINARY,
                                                  .op = (uint16_t)op,
                                                  .type = type,
                                                  .text = text,
                                                  .value = value != NULL ? *value : LA_VALUE_NONE,
                                                  .children = children,
                                                  .count = count});
}

la_node *la_expr_binary(const la_sql *sql, la_operator op, la_node *left, la_node *right) {
  la_node *children[2] = {left, right};
  la_type *type;
  if (right->kind == LA_NODE_NULL) {
    op = op == LA_OP_EQ ? LA_OP_IS : op == LA_OP_NE ? LA_OP_IS_NOT : op;
  } else if (is_collection_aggregate(left) && !is_collection_aggregate(right)) {
    children[0] = right;
    children[1] = left;
    op = mirrored(op);
  }
  type = la_sql_type_of_binary(sql, &op, left->type, right->type);
  return binary_of(sql, op, type, LA_TEXT_NONE, NULL, children, 2);
}

/* `text` as an SQL literal. */
static la_node *quoted(const la_sql *sql, la_text text) {
  la_strbuf literal;
  la_node *node;
  la_strbuf_init(&literal, sql->alloc);
  la_strbuf_char(&literal, '\'');
  for (size_t i = 0; i < text.len; i++) {
    la_strbuf_string(&literal, text.bytes[i] == '\'' ? "'" : "");
    la_strbuf_char(&literal, text.bytes[i]);
  }
  la_strbuf_char(&literal, '\'');
  node = literal.failed ? NULL : la_expr_literal(sql, la_strbuf_view(&literal), sql->types->text);
  la_strbuf_clear(&literal);
  return node;
}

la_node *la_expr_like(const la_sql *sql, la_operator op, la_node *left, la_node *right,
                      la_text escape) {
  la_node *children[3] = {left, right, NULL};
  la_node *like;
  if (escape.bytes == NULL) {
    return binary_of(sql, op, sql->types->boolean, LA_TEXT_NONE, NULL, children, 2);
  }
  children[2] = quoted(sql, escape);
  if (children[2] == NULL) {
    return NULL;
  }
  like = binary_of(sql, op, sql->types->boolean, LA_TEXT_NONE, NULL, children, 3);
  la_node_release(children[2]);
  return like;
}

la_node *la_expr_regexp(const la_sql *sql, la_node *left, la_node *pattern, la_node *replacement,
                        la_text flags) {
  la_node *children[3] = {left, pattern, replacement};
  la_operator op = replacement != NULL ? LA_OP_REGEXP_REPLACE : LA_OP_REGEXP_MATCH;
  la_type *type = replacement != NULL ? left->type : sql->types->boolean;
  return binary_of(sql, op, type, flags, NULL, children, replacement != NULL ? 3 : 2);
}

la_node *la_expr_custom(const la_sql *sql, la_text text, int precedence, bool is_comparison,
                        la_type *type, la_node *left, la_node *right) {
  la_node *children[2] = {left, right};
  la_value value = la_value_integer(precedence);
  if (type == NULL) {
    type = is_comparison ? sql->types->boolean : left->type;
  }
  return la_node_flagged(binary_of(sql, LA_OP_CUSTOM, type, text, &value, children, 2),
                         is_comparison ? LA_BINARY_CONDITION : 0u);
}

la_node *la_expr_between(const la_sql *sql, la_node *operand, la_node *low, la_node *high,
                         bool symmetric) {
  la_node *children[3] = {operand, low, high};
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_BETWEEN,
                                                  .op = LA_OP_BETWEEN,
                                                  .flags = symmetric ? LA_NODE_SYMMETRIC : 0u,
                                                  .type = sql->types->boolean,
                                                  .children = children,
                                                  .count = 3});
}

static la_node *list_of(const la_sql *sql, la_node_kind kind, la_type *type, la_text text,
                        la_node *const *items, size_t count) {
  return la_node_new(
      sql->alloc,
      &(la_node_parts){
          .kind = kind, .type = type, .text = text, .children = items, .count = (uint32_t)count});
}

la_node *la_expr_tuple(const la_sql *sql, la_node *const *items, size_t count) {
  return list_of(sql, LA_NODE_TUPLE, sql->types->null, LA_TEXT_NONE, items, count);
}

la_node *la_expr_list(const la_sql *sql, la_node *const *items, size_t count) {
  return list_of(sql, LA_NODE_LIST, NULL, LA_TEXT_NONE, items, count);
}

la_node *la_expr_function(const la_sql *sql, la_text name, la_node *const *arguments, size_t count,
                          la_type *type) {
  if (count == 1 && arguments[0]->kind == LA_NODE_NEXT_VALUE && la_text_is(name, "next_value")) {
    return la_node_retain(arguments[0]); /* func.next_value(sequence) */
  }
  la_type *known = type;
  if (known == NULL) {
    known = la_function_type(sql, name, arguments, count);
    if (known == NULL) {
      return NULL;
    }
  }
  la_node *result = list_of(sql, LA_NODE_FUNCTION, known, name, arguments, count);
  if (type == NULL) {
    la_object_release(known);
  }
  return result;
}

/* The type of the last result that has one, then of ELSE. */
static la_type *case_type(const la_sql *sql, la_node *const *whens_and_thens, size_t count,
                          la_node *otherwise) {
  for (size_t i = count; i >= 2; i -= 2) {
    la_type *type = whens_and_thens[i - 1]->type;
    if (type != NULL && type->kind != LA_TYPE_NULL) {
      return type;
    }
  }
  return otherwise != NULL && otherwise->type != NULL ? otherwise->type : sql->types->null;
}

la_node *la_expr_case(const la_sql *sql, la_node *value, la_node *const *whens_and_thens,
                      size_t count, la_node *otherwise) {
  size_t size = la_array_size(count + 2, sizeof(la_node *));
  la_node **children = la_alloc(sql->alloc, size);
  la_node *expr;
  if (children == NULL) {
    return NULL;
  }
  children[0] = value;
  children[1] = otherwise;
  memcpy(children + 2, whens_and_thens, count * sizeof(la_node *));
  expr = list_of(sql, LA_NODE_CASE, case_type(sql, whens_and_thens, count, otherwise), LA_TEXT_NONE,
                 children, count + 2);
  la_free(sql->alloc, children, size);
  return expr;
}

la_node *la_expr_cast(const la_sql *sql, la_node *operand, la_type *type, bool try_cast) {
  return parent_of_one(sql, LA_NODE_CAST, try_cast, type, LA_TEXT_NONE, operand);
}

la_node *la_expr_coerce(const la_sql *sql, la_node *operand, la_type *type) {
  bool is_param = operand->kind == LA_NODE_COERCE && operand->children[0]->kind == LA_NODE_PARAM;
  if (operand->kind == LA_NODE_COERCE && !is_param) {
    operand = operand->children[0]; /* only a parameter takes its own type_coerce's type */
  }
  return parent_of_one(sql, LA_NODE_COERCE, 0, type, LA_TEXT_NONE, operand);
}

la_node *la_expr_dml_column(const la_sql *sql, la_node *column) {
  return parent_of_one(sql, LA_NODE_DML_COLUMN, 0, column->type, LA_TEXT_NONE, column);
}

la_node *la_expr_extract(const la_sql *sql, la_text field, la_node *operand) {
  return parent_of_one(sql, LA_NODE_EXTRACT, 0, sql->types->integer, field, operand);
}

la_node *la_expr_label(const la_sql *sql, la_text name, la_node *operand) {
  if (operand->kind == LA_NODE_LABEL) {
    operand = operand->children[0]; /* a label of a label is the outer one */
  }
  return parent_of_one(sql, LA_NODE_LABEL, 0, operand->type, name, operand);
}

la_node *la_expr_grouping(const la_sql *sql, la_node *operand) {
  return parent_of_one(sql, LA_NODE_GROUPING, 0, operand->type, LA_TEXT_NONE, operand);
}

la_node *la_expr_collate(const la_sql *sql, la_node *operand, la_text collation) {
  la_node *name = leaf(sql, LA_NODE_COLLATION, NULL, collation);
  la_node *children[2] = {operand, name};
  la_node *expr;
  if (name == NULL) {
    return NULL;
  }
  expr = binary_of(sql, LA_OP_COLLATE, operand->type, LA_TEXT_NONE, NULL, children, 2);
  la_node_release(name);
  return expr;
}

la_node *la_expr_over(const la_sql *sql, la_node *function, la_node *partition_by,
                      la_node *order_by, la_node *frame) {
  la_node *children[4] = {function, partition_by, order_by, frame};
  return list_of(sql, LA_NODE_OVER, function->type, LA_TEXT_NONE, children, 4);
}

la_node *la_expr_filter(const la_sql *sql, la_node *function, la_node *condition) {
  la_node *children[2] = {function, condition};
  return list_of(sql, LA_NODE_FILTER, function->type, LA_TEXT_NONE, children, 2);
}

la_node *la_expr_within_group(const la_sql *sql, la_node *function, la_node *order_by) {
  la_node *children[2] = {function, order_by};
  la_type *type = function->type;
  if (type == NULL || type->kind == LA_TYPE_NULL) {
    type = order_by->count != 0 ? order_by->children[0]->type : type;
  }
  return list_of(sql, LA_NODE_WITHIN_GROUP, type, LA_TEXT_NONE, children, 2);
}

/* The type of the first column that `select` gives. */
static la_type *scalar_type(const la_sql *sql, const la_node *select) {
  const la_node *first;
  while (select->kind == LA_NODE_COMPOUND && select->children[LA_SELECT_COLUMNS]->count != 0) {
    select = select->children[LA_SELECT_COLUMNS]->children[0];
  }
  if (select->kind == LA_NODE_VALUES) {
    return select->children[0]->count != 0 ? select->children[0]->children[0]->type
                                           : sql->types->null;
  }
  if (select->kind == LA_NODE_TEXTUAL) {
    return select->count > 1 ? select->children[1]->type : sql->types->null;
  }
  first = select->kind == LA_NODE_SELECT ? select->children[LA_SELECT_COLUMNS] : NULL;
  while (first != NULL && first->children[0] != NULL) {
    first = first->children[0];
  }
  first = first != NULL ? la_node_child(first, 1) : NULL;
  while (first != NULL && first->kind == LA_NODE_ENTITY) {
    first = la_node_child(first, 0);
  }
  if (first != NULL && first->kind == LA_NODE_TABLE) {
    const la_table *table = (const la_table *)first->subject;
    return table->columns.count != 0 && table->columns.items[0]->type != NULL
               ? table->columns.items[0]->type
               : sql->types->null;
  }
  return first != NULL && first->type != NULL ? first->type : sql->types->null;
}

/* A node of `kind` around `select`, whose columns nobody can name: they get no labels to tell them
 * apart, EXISTS (SELECT a.id, b.id …). */
static la_node *expression_of_select(const la_sql *sql, la_node_kind kind, la_type *type,
                                     la_node *select) {
  la_node *bare = la_select_naming(select) != NULL
                      ? la_select_with_labels(sql, select, LA_SELECT_LABELS_NONE)
                      : la_node_retain(select);
  la_node *result = bare != NULL ? parent_of_one(sql, kind, 0, type, LA_TEXT_NONE, bare) : NULL;
  la_node_release(bare);
  return result;
}

la_node *la_expr_scalar_subquery(const la_sql *sql, la_node *select) {
  return expression_of_select(sql, LA_NODE_SCALAR_SUBQUERY, scalar_type(sql, select), select);
}

la_node *la_expr_exists(const la_sql *sql, la_node *select) {
  return expression_of_select(sql, LA_NODE_EXISTS, sql->types->boolean, select);
}

la_text la_expr_name(const la_node *expr) {
  switch (expr->kind) {
  case LA_NODE_COLUMN:
  case LA_NODE_LABEL:
  case LA_NODE_LITERAL:
  case LA_NODE_ATTRIBUTE:
    return expr->text;
  case LA_NODE_CAST:
  case LA_NODE_COERCE:
  case LA_NODE_GROUPING:
    for (; expr->count == 1; expr = expr->children[0]) {
      if (expr->kind == LA_NODE_COLUMN || expr->kind == LA_NODE_LABEL) {
        return expr->text;
      }
      if (expr->kind != LA_NODE_CAST && expr->kind != LA_NODE_COERCE &&
          expr->kind != LA_NODE_GROUPING) {
        return LA_TEXT_NONE;
      }
    }
    return expr->kind == LA_NODE_COLUMN ? expr->text : LA_TEXT_NONE;
  default:
    return LA_TEXT_NONE;
  }
}

la_text la_expr_param_name(const la_node *compared) {
  if (compared == NULL) {
    return LA_TEXT_NONE;
  }
  switch (compared->kind) {
  case LA_NODE_COLUMN:
    if (compared->subject != NULL && compared->value.kind == LA_VALUE_NULL) {
      return ((const la_column *)compared->subject)->key;
    }
    return compared->text;
  case LA_NODE_ATTRIBUTE:
    return la_expr_param_name(la_node_child(compared, 0));
  case LA_NODE_LITERAL:
    return compared->text;
  case LA_NODE_FUNCTION:
    for (size_t i = compared->text.len; i-- > 0;) {
      if (compared->text.bytes[i] == '.') {
        return (la_text){compared->text.bytes + i + 1, compared->text.len - i - 1};
      }
    }
    return compared->text;
  default:
    return LA_TEXT_NONE;
  }
}
