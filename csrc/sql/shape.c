/* SPDX-License-Identifier: MIT */
/*
 * A kind's children are a pattern of letters, each for a class of nodes. `-x` may be absent, `[x`
 * is a CHAIN of such nodes or absent, `(x` a LIST, `{x` a LIST or absent; `*` behind the last says
 * that any number of children are like it.
 */
#include "sql/shape.h"

#include "sql/operator.h"

typedef enum need { NO, YES, ANY } need;

typedef struct shape {
  const char *children; /* NULL: nodes of this kind hold what only their makers know */
  need type, text;
} shape;

/* The parts of SELECT and COMPOUND behind the first. */
#define OF_SELECT "[j[x[x[x[x[x-x-x-x[k[z-F[w[O[E-S"

static const shape shapes[LA_NODE_KIND_COUNT] = {
    [LA_NODE_CHAIN] = {"-C?*", NO, NO},
    [LA_NODE_LIST] = {"?*", NO, NO},
    [LA_NODE_COLUMN] = {"-f*", YES, YES},
    [LA_NODE_PARAM] = {"", YES, YES},
    [LA_NODE_LITERAL] = {"", YES, YES},
    [LA_NODE_TEXT] = {"p*", YES, YES},
    [LA_NODE_NULL] = {"", YES, NO},
    [LA_NODE_TRUE] = {"", YES, NO},
    [LA_NODE_FALSE] = {"", YES, NO},
    [LA_NODE_UNARY] = {"x", YES, NO},
    [LA_NODE_BINARY] = {"xx-x*", YES, ANY},
    [LA_NODE_BETWEEN] = {"xxx", YES, NO},
    [LA_NODE_CLAUSES] = {"x*", YES, NO},
    [LA_NODE_TUPLE] = {"x*", YES, NO},
    [LA_NODE_GROUPING] = {"x", YES, NO},
    [LA_NODE_FUNCTION] = {"a*", YES, YES},
    [LA_NODE_FIELD] = {"u", YES, YES},
    [LA_NODE_NEXT_VALUE] = {"", YES, YES},
    [LA_NODE_OVER] = {"v{x{x-R", YES, NO},
    [LA_NODE_FRAME] = {"-p-p", NO, ANY},
    [LA_NODE_FILTER] = {"vx", YES, NO},
    [LA_NODE_WITHIN_GROUP] = {"u(x", YES, NO},
    [LA_NODE_CASE] = {"-x-xxxx*", YES, NO},
    [LA_NODE_CAST] = {"x", YES, NO},
    [LA_NODE_COERCE] = {"x", YES, NO},
    [LA_NODE_EXTRACT] = {"x", YES, YES},
    [LA_NODE_LABEL] = {"x", YES, ANY},
    [LA_NODE_LABEL_REF] = {"", YES, YES},
    [LA_NODE_SCALAR_SUBQUERY] = {"q", YES, NO},
    [LA_NODE_EXISTS] = {"q", YES, NO},
    [LA_NODE_NEGATABLE] = {"xx", YES, NO},
    [LA_NODE_COLLATION] = {"", ANY, YES},
    [LA_NODE_EXCLUDED] = {"", YES, YES},
    [LA_NODE_DML_COLUMN] = {"x", YES, NO},
    [LA_NODE_STAR] = {"", YES, ANY},
    [LA_NODE_DEFAULT] = {"", ANY, NO},
    [LA_NODE_ELEMENT] = {"m*", ANY, ANY},
    [LA_NODE_MARKUP] = {"w*", NO, YES},
    [LA_NODE_LITERAL_TABLE] = {"c*", NO, YES},
    [LA_NODE_ALIAS] = {"s-?*", NO, ANY},
    [LA_NODE_CTE] = {"d[z", NO, ANY},
    [LA_NODE_CTE_REF] = {"", NO, ANY},
    [LA_NODE_JOIN] = {"hh-x", NO, NO},
    [LA_NODE_VALUES] = {"(c(x*", NO, ANY},
    [LA_NODE_TEXTUAL] = {"tc*", NO, NO},
    [LA_NODE_SELECT] = {"[n" OF_SELECT, NO, NO},
    [LA_NODE_COMPOUND] = {"(q" OF_SELECT, NO, NO},
    [LA_NODE_INSERT] = {"i[r-q{y[n[k[z[K[O[E[x", NO, NO},
    [LA_NODE_UPDATE] = {"i[r[x[n[k[z[x-x[O[E[x", NO, NO},
    [LA_NODE_DELETE] = {"i[x[n[k[z[O[E", NO, NO},
    [LA_NODE_JOIN_STEP] = {"g-b-h", NO, NO},
    [LA_NODE_SET] = {"-cx", NO, ANY},
    [LA_NODE_ROW] = {"r*", NO, NO},
    [LA_NODE_CONFLICT] = {"{x-x{r-x", NO, ANY},
    [LA_NODE_PREFIX] = {"-w*", NO, ANY},
    [LA_NODE_FOR_UPDATE] = {"w*", NO, NO},
    [LA_NODE_EXECUTION_OPTION] = {"", NO, YES},
    [LA_NODE_ENTITY] = {"fe*", NO, ANY},
    [LA_NODE_ATTRIBUTE] = {"xe", YES, YES},
    [LA_NODE_RELATIONSHIP] = {"e-f-x", NO, YES},
    [LA_NODE_LOADER_OPTION] = {"-?-xO*", NO, ANY},
};

static bool is_one_of(const la_node *node, la_node_kind a, la_node_kind b) {
  return node->kind == a || node->kind == b;
}

/* The classes that are one kind. */
static la_node_kind kind_of_letter(char letter) {
  static const struct {
    char letter;
    la_node_kind kind;
  } kinds[] = {
      {'p', LA_NODE_PARAM},           {'l', LA_NODE_LITERAL},  {'u', LA_NODE_FUNCTION},
      {'e', LA_NODE_ENTITY},          {'t', LA_NODE_TEXT},     {'k', LA_NODE_CTE},
      {'z', LA_NODE_PREFIX},          {'C', LA_NODE_CHAIN},    {'R', LA_NODE_FRAME},
      {'F', LA_NODE_FOR_UPDATE},      {'K', LA_NODE_CONFLICT}, {'O', LA_NODE_LOADER_OPTION},
      {'E', LA_NODE_EXECUTION_OPTION}};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (kinds[i].letter == letter) {
      return kinds[i].kind;
    }
  }
  return LA_NODE_KIND_COUNT;
}

static bool is_of_class(char letter, const la_node *node) {
  switch (letter) {
  case '?':
    return true;
  case 'x':
    return la_node_is_expr(node);
  case 'a': /* an argument */
    return la_node_is_expr(node) || node->kind == LA_NODE_LIST;
  case 'v': /* what has a FILTER or OVER */
    return is_one_of(node, LA_NODE_FUNCTION, LA_NODE_FILTER) ||
           is_one_of(node, LA_NODE_WITHIN_GROUP, LA_NODE_ELEMENT);
  case 'c':
    return is_one_of(node, LA_NODE_COLUMN, LA_NODE_ATTRIBUTE);
  case 'y': /* a column or its key */
    return is_one_of(node, LA_NODE_COLUMN, LA_NODE_ATTRIBUTE) || node->kind == LA_NODE_LITERAL;
  case 'f':
    return la_node_is_from(node);
  case 'h': /* what may stand in FROM as it is */
    return la_node_is_from(node) || is_one_of(node, LA_NODE_FUNCTION, LA_NODE_TEXT);
  case 'g': /* where a join leads to */
    return is_of_class('h', node) || node->kind == LA_NODE_RELATIONSHIP;
  case 'b': /* what it is on */
    return la_node_is_expr(node) || node->kind == LA_NODE_RELATIONSHIP;
  case 'j':
    return is_of_class('h', node) || node->kind == LA_NODE_JOIN_STEP;
  case 'n': /* in a list of columns */
    return la_node_is_expr(node) || la_node_is_from(node) || node->kind == LA_NODE_RELATIONSHIP;
  case 'w':
    return la_node_is_expr(node) || la_node_is_from(node) || la_node_is_statement(node);
  case 'q':
    return la_node_is_select(node) || node->kind == LA_NODE_VALUES;
  case 'd':
    return (la_node_is_statement(node) && node->kind != LA_NODE_TEXT) ||
           node->kind == LA_NODE_VALUES;
  case 'S':
    return la_node_is_statement(node);
  case 's': /* what has an alias */
    return la_node_is_from(node) || la_node_is_select(node) || node->kind == LA_NODE_FUNCTION;
  case 'i': /* what rows are written to */
    return is_one_of(node, LA_NODE_TABLE, LA_NODE_LITERAL_TABLE) ||
           is_one_of(node, LA_NODE_ENTITY, LA_NODE_ALIAS);
  case 'r':
    return is_one_of(node, LA_NODE_SET, LA_NODE_ROW);
  case 'm':
    return is_one_of(node, LA_NODE_LITERAL, LA_NODE_MARKUP);
  default:
    return node->kind == kind_of_letter(letter);
  }
}

static bool items_hold(char letter, const la_node *list, uint32_t first) {
  for (uint32_t i = first; i < list->count; i++) {
    if (list->children[i] == NULL || !is_of_class(letter, list->children[i])) {
      return false;
    }
  }
  return true;
}

static bool chain_holds(char letter, const la_node *chain) {
  for (; chain != NULL; chain = chain->children[0]) {
    if (chain->kind != LA_NODE_CHAIN || !items_hold(letter, chain, 1)) {
      return false;
    }
  }
  return true;
}

/* `node` is as the pattern at `pattern` says, of which it takes one or two letters. */
static bool child_holds(const char *pattern, const la_node *node) {
  switch (pattern[0]) {
  case '-':
    return node == NULL || is_of_class(pattern[1], node);
  case '[':
    return chain_holds(pattern[1], node);
  case '{':
  case '(':
    return node == NULL ? pattern[0] == '{'
                        : node->kind == LA_NODE_LIST && items_hold(pattern[1], node, 0);
  default:
    return node != NULL && is_of_class(pattern[0], node);
  }
}

static bool children_hold(const char *pattern, const la_node_parts *parts) {
  uint32_t at = 0;
  while (pattern[0] != '\0') {
    size_t letters = strchr("-[{(", pattern[0]) != NULL ? 2 : 1;
    if (pattern[letters] == '*') {
      for (; at < parts->count; at++) {
        if (!child_holds(pattern, parts->children[at])) {
          return false;
        }
      }
      return true;
    }
    if (at == parts->count || !child_holds(pattern, parts->children[at])) {
      return false;
    }
    pattern += letters;
    at++;
  }
  return at == parts->count;
}

static bool operator_holds(const la_node_parts *parts) {
  const la_operator_facts *facts;
  if (parts->op >= LA_OPERATOR_COUNT) {
    return false;
  }
  facts = la_operator_get((la_operator)parts->op);
  switch (parts->kind) {
  case LA_NODE_UNARY:
    return (facts->flags & LA_OPERATOR_UNARY) != 0;
  case LA_NODE_CLAUSES:
    return (facts->flags & LA_OPERATOR_LOGICAL) != 0 && parts->count != 0;
  case LA_NODE_BETWEEN:
    return parts->op == LA_OP_BETWEEN || parts->op == LA_OP_NOT_BETWEEN;
  case LA_NODE_COMPOUND:
    return parts->op >= LA_OP_UNION && parts->children[0]->count != 0;
  default:
    return parts->op != LA_OP_NONE && parts->op < LA_OP_UNION && parts->op != LA_OP_BETWEEN &&
           parts->op != LA_OP_NOT_BETWEEN &&
           !(facts->flags & (LA_OPERATOR_UNARY | LA_OPERATOR_LOGICAL)) &&
           (parts->op == LA_OP_CUSTOM) == (parts->value.kind == LA_VALUE_INTEGER) &&
           (parts->op == LA_OP_REGEXP_REPLACE ? parts->count == 3 && parts->children[2] != NULL
                                              : parts->count <= 3);
  }
}

static bool op_holds(const la_node_parts *parts) {
  switch (parts->kind) {
  case LA_NODE_UNARY:
  case LA_NODE_CLAUSES:
  case LA_NODE_BETWEEN:
  case LA_NODE_BINARY:
  case LA_NODE_COMPOUND:
    return operator_holds(parts);
  case LA_NODE_CAST:
  case LA_NODE_CONFLICT:
  case LA_NODE_ELEMENT:
  case LA_NODE_ENTITY:
    return parts->op <= 1;
  case LA_NODE_FRAME:
    return parts->op <= 2;
  case LA_NODE_FOR_UPDATE:
    return parts->op < 16;
  case LA_NODE_LOADER_OPTION:
    return true;
  default:
    return parts->op == 0;
  }
}

static bool integer_within(const la_value *value, int64_t low, int64_t high) {
  return value->kind == LA_VALUE_INTEGER && value->as.integer >= low && value->as.integer <= high;
}

/* A list of tuples has as many values as its width times something. */
static bool param_holds(const la_node_parts *parts) {
  if (parts->flags & LA_PARAM_TUPLE) {
    return integer_within(&parts->value, 1, UINT16_MAX) &&
           parts->value_count % (uint32_t)parts->value.as.integer == 0;
  }
  return parts->value_count == 0 || (parts->flags & LA_PARAM_EXPANDING) != 0;
}

static bool frame_holds(const la_value *value) {
  return integer_within(value, 0, 0xFF) && (value->as.integer & 15) <= LA_FRAME_FOLLOWING &&
         value->as.integer >> 4 <= LA_FRAME_FOLLOWING;
}

/* Both numbers are those of arguments. */
static bool compares_arguments(const la_node_parts *parts) {
  const la_value *value = &parts->value;
  int64_t sides = value->kind == LA_VALUE_INTEGER ? value->as.integer : 0;
  int64_t left = sides & UINT16_MAX, right = sides >> 16;
  return left > 0 && left <= parts->count && right > 0 && right <= parts->count;
}

static bool value_holds(const la_node_parts *parts) {
  const la_value *value = &parts->value;
  if (parts->kind == LA_NODE_PARAM) {
    return param_holds(parts);
  }
  if (parts->value_count != 0) {
    return false;
  }
  switch (parts->kind) {
  case LA_NODE_EXECUTION_OPTION:
    return true;
  case LA_NODE_COLUMN:
    return value->kind == LA_VALUE_NULL || integer_within(value, 0, INT32_MAX);
  case LA_NODE_BINARY:
    return value->kind == LA_VALUE_NULL || integer_within(value, -1000, 1000);
  case LA_NODE_CTE:
  case LA_NODE_CTE_REF:
  case LA_NODE_ATTRIBUTE:
  case LA_NODE_LOADER_OPTION:
    return value->kind == LA_VALUE_INTEGER;
  case LA_NODE_FRAME:
    return frame_holds(value);
  case LA_NODE_FUNCTION:
    return value->kind == LA_VALUE_NULL || compares_arguments(parts);
  case LA_NODE_PREFIX:
    return integer_within(value, 0, LA_PREFIX_STATEMENT);
  case LA_NODE_ELEMENT:
    return value->kind == LA_VALUE_TEXT;
  case LA_NODE_NEXT_VALUE:
  case LA_NODE_LITERAL_TABLE:
    return value->kind == LA_VALUE_TEXT || value->kind == LA_VALUE_NULL;
  default:
    return value->kind == LA_VALUE_NULL;
  }
}

/* Each mark in the text stands for a child. */
static bool markup_holds(const la_node_parts *parts) {
  uint32_t marks = 0;
  for (size_t i = 0; i < parts->text.len; i++) {
    if (parts->text.bytes[i] == LA_MARKUP_PART) {
      char kind = i + 1 < parts->text.len ? parts->text.bytes[i + 1] : '\0';
      if (kind != LA_MARKUP_EXPR && kind != LA_MARKUP_FROM) {
        return false;
      }
      marks++;
    }
  }
  return marks == parts->count;
}

static bool element_holds(const la_node_parts *parts) {
  for (uint32_t i = 0; i < parts->count; i++) {
    if (parts->children[i]->kind != (i % 2 == 0 ? LA_NODE_LITERAL : LA_NODE_MARKUP)) {
      return false;
    }
  }
  return parts->count % 2 == 0 && (parts->type != NULL) == (parts->op == 0);
}

/* Columns behind a function or nothing, or the two parts of TABLESAMPLE. */
static bool alias_holds(const la_node_parts *parts) {
  if (parts->flags & LA_ALIAS_SAMPLE) {
    return parts->count == 3 && parts->children[1] != NULL &&
           parts->children[1]->kind == LA_NODE_FUNCTION &&
           (parts->children[2] == NULL || la_node_is_expr(parts->children[2]));
  }
  for (uint32_t i = 1; i < parts->count; i++) {
    if (parts->children[i] == NULL || parts->children[i]->kind != LA_NODE_COLUMN) {
      return false;
    }
  }
  return parts->count == 1 || parts->children[0]->kind == LA_NODE_FUNCTION;
}

/* Every row has a value for each column. */
static bool rows_hold(const la_node_parts *parts) {
  for (uint32_t i = 1; i < parts->count; i++) {
    if (parts->children[i]->count != parts->children[0]->count) {
      return false;
    }
  }
  return true;
}

/* What the items of a chain of SETs or ROWs are, none of them mixed. */
static bool assignments_hold(const la_node *chain, bool rows) {
  la_node_kind kind = LA_NODE_KIND_COUNT;
  for (; chain != NULL; chain = chain->children[0]) {
    for (uint32_t i = 1; i < chain->count; i++) {
      kind = kind == LA_NODE_KIND_COUNT ? (la_node_kind)chain->children[i]->kind : kind;
      if (chain->children[i]->kind != kind || (kind == LA_NODE_ROW && !rows)) {
        return false;
      }
    }
  }
  return true;
}

static bool all_of_kind(const la_node *const *nodes, uint32_t count, la_node_kind kind) {
  for (uint32_t i = 0; i < count; i++) {
    if (nodes[i]->kind != kind) {
      return false;
    }
  }
  return true;
}

static bool rest_holds(const la_node_parts *parts) {
  const la_node *const *children = (const la_node *const *)parts->children;
  switch (parts->kind) {
  case LA_NODE_COLUMN:
    return parts->count <= 1;
  case LA_NODE_MARKUP:
    return markup_holds(parts);
  case LA_NODE_ELEMENT:
    return element_holds(parts);
  case LA_NODE_ALIAS:
    return alias_holds(parts);
  case LA_NODE_VALUES:
    return rows_hold(parts);
  case LA_NODE_CASE:
    return parts->count % 2 == 0;
  case LA_NODE_SET:
    return children[0] != NULL || parts->text.bytes != NULL;
  case LA_NODE_ROW:
    return all_of_kind(children, parts->count, LA_NODE_SET);
  case LA_NODE_CONFLICT:
    return children[2] == NULL || all_of_kind((const la_node *const *)children[2]->children,
                                              children[2]->count, LA_NODE_SET);
  case LA_NODE_INSERT:
    return assignments_hold(children[LA_INSERT_VALUES], true) &&
           (children[LA_INSERT_SELECT] == NULL) == (children[LA_INSERT_NAMES] == NULL);
  case LA_NODE_UPDATE:
    return assignments_hold(children[LA_UPDATE_VALUES], false);
  case LA_NODE_FUNCTION: /* a LIST stands last */
    for (uint32_t i = 0; i + 1 < parts->count; i++) {
      if (children[i]->kind == LA_NODE_LIST) {
        return false;
      }
    }
    return true;
  case LA_NODE_PREFIX:
    return parts->count <= 2 &&
           (parts->text.bytes != NULL || (parts->count != 0 && children[0] != NULL)) &&
           (parts->count < 2 || children[1] == NULL || children[1]->kind == LA_NODE_LITERAL);
  default:
    return true;
  }
}

static bool need_holds(need wanted, bool has) {
  return wanted == ANY || has == (wanted == YES);
}

bool la_shape_holds(const la_node_parts *parts) {
  const shape *of_kind = &shapes[parts->kind];
  return of_kind->children != NULL && need_holds(of_kind->type, parts->type != NULL) &&
         need_holds(of_kind->text, parts->text.bytes != NULL) &&
         children_hold(of_kind->children, parts) && op_holds(parts) && value_holds(parts) &&
         rest_holds(parts);
}
