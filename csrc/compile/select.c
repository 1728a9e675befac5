/* SPDX-License-Identifier: MIT */
/*
 * SELECT.
 */
#include "compile/compiler.h"

la_status la_chain_items_of(la_compiler *c, const la_node *chain, la_chain_items *out) {
  out->items = NULL;
  out->count = la_chain_count(chain);
  if (out->count == 0) {
    return LA_OK;
  }
  if (out->count + 1 == chain->count && !chain->children[0]) {
    out->items = (la_node **)chain->children + 1;
    return LA_OK;
  }
  out->items = la_arena_alloc(&c->scratch, out->count * sizeof *out->items);
  if (!out->items) {
    return la_fail_nomem(c->err);
  }
  la_chain_collect(chain, out->items);
  return LA_OK;
}

bool la_prefix_is_for_dialect(const la_compiler *c, const la_node *prefix) {
  const la_node *name = la_node_child(prefix, 1);
  return !name || la_text_is(name->text, "*") || la_text_is(name->text, c->dialect->name);
}

la_status la_compile_prefixes(la_compiler *c, const la_node *chain, la_prefix_place place) {
  bool is_before =
      place == LA_PREFIX_FRONT || place == LA_PREFIX_POST_SELECT || place == LA_PREFIX_PRE_COLUMNS;
  la_chain_items list;
  LA_TRY(la_chain_items_of(c, chain, &list));
  for (size_t i = 0; i < list.count; i++) {
    const la_node *prefix = list.items[i];
    if (prefix->value.as.integer != place || !la_prefix_is_for_dialect(c, prefix)) {
      continue;
    }
    la_put(c, is_before ? "" : " ");
    if (prefix->text.bytes) {
      la_put_text(c, prefix->text);
    } else if (prefix->count > 0 && prefix->children[0]) {
      LA_TRY(la_compile_expr(c, prefix->children[0]));
    }
    la_put(c, is_before ? " " : "");
  }
  return LA_OK;
}

/* ---- conditions and lists ---- */

/* TRUE or FALSE, bare or as a condition; NULL's kind for anything else. */
static la_node_kind constant_of(const la_node *node) {
  node = la_plain_node(node);
  if (node->kind == LA_NODE_UNARY && node->op == LA_OP_IS_TRUE) {
    node = la_plain_node(node->children[0]);
  }
  return node->kind == LA_NODE_TRUE || node->kind == LA_NODE_FALSE ? (la_node_kind)node->kind
                                                                   : LA_NODE_NULL;
}

static bool is_empty(const la_node *node) {
  return node->kind == LA_NODE_CLAUSES && node->count == 0;
}

/* The terms that stay: none that is true, unless there are only such; a false one alone. Gives
 * their number. */
static size_t choose_terms(la_chain_items *list, const la_node **only_out) {
  size_t count = 0;
  *only_out = NULL;
  for (size_t i = 0; i < list->count; i++) {
    la_node_kind constant = constant_of(list->items[i]);
    if (constant == LA_NODE_FALSE) {
      *only_out = list->items[i];
      return 1;
    }
    if (is_empty(list->items[i])) {
      continue;
    }
    if (constant == LA_NODE_TRUE) {
      *only_out = count == 0 ? list->items[i] : *only_out;
    } else {
      *only_out = list->items[i];
      count++;
    }
  }
  return count > 0 ? count : *only_out ? 1 : 0;
}

la_status la_compile_conditions(la_compiler *c, const char *keyword, const la_node *chain) {
  la_chain_items list;
  const la_node *only;
  LA_TRY(la_chain_items_of(c, chain, &list));
  size_t count = choose_terms(&list, &only);
  if (count == 0) {
    return LA_OK;
  }
  la_put(c, keyword);
  if (count == 1) {
    return la_compile_expr_against(c, only, LA_AGAINST_BOOLEAN);
  }
  bool is_first = true;
  for (size_t i = 0; i < list.count; i++) {
    if (is_empty(list.items[i]) || constant_of(list.items[i]) == LA_NODE_TRUE) {
      continue;
    }
    la_put(c, is_first ? "" : " AND ");
    is_first = false;
    LA_TRY(la_compile_expr_against(c, list.items[i], LA_OP_AND));
  }
  return LA_OK;
}

/* True for an attribute that is an expression: it has a label of its own where it is listed. */
static bool is_expression_attribute(const la_node *node) {
  return node->kind == LA_NODE_ATTRIBUTE && node->count > 1 &&
         la_plain_node(node)->kind != LA_NODE_COLUMN && la_plain_node(node)->kind != LA_NODE_LABEL;
}

/* True if `item` of the select's list is what `node`, a label or an attribute, stands for. */
static bool is_listed_as(const la_item *item, const la_node *node) {
  const la_node *listed = item->expr;
  if (node->kind == LA_NODE_ATTRIBUTE) {
    return item->given && item->given->kind == LA_NODE_ATTRIBUTE &&
           item->given->subject == node->subject &&
           item->given->value.as.integer == node->value.as.integer &&
           item->given->children[1] == node->children[1];
  }
  return listed && listed->kind == LA_NODE_LABEL &&
         (listed == node ||
          (node->text.bytes && la_text_equal(listed->text, node->text) &&
           la_plain_node(listed->children[0]) == la_plain_node(node->children[0])));
}

/* Sees whether what is under DESC and the like is a label, or an attribute that has one, in the
 * select's list: ORDER BY names it then. */
static void find_label(la_compiler *c, const la_node *node) {
  const la_node *under = node;
  while (!is_expression_attribute(under)) {
    under = la_plain_node(under);
    if (under->kind != LA_NODE_UNARY ||
        !(la_operator_get((la_operator)under->op)->flags & LA_OPERATOR_POSTFIX)) {
      break;
    }
    under = under->children[0];
  }
  if (!c->scope || !c->scope->items ||
      (under->kind != LA_NODE_LABEL && under->kind != LA_NODE_ATTRIBUTE)) {
    return;
  }
  for (uint32_t i = 0; i < c->scope->items->count; i++) {
    la_item *item = &c->scope->items->items[i];
    if (is_listed_as(item, under)) {
      c->label = la_plain_node(under);
      c->label_item = under->kind == LA_NODE_ATTRIBUTE ? item : NULL;
      return;
    }
  }
}

la_status la_compile_list(la_compiler *c, const char *keyword, const la_node *chain,
                          bool labels_by_name) {
  la_chain_items list;
  LA_TRY(la_chain_items_of(c, chain, &list));
  for (size_t i = 0; i < list.count; i++) {
    la_put(c, i == 0 ? keyword : ", ");
    if (labels_by_name) {
      find_label(c, list.items[i]);
    }
    LA_TRY(la_compile_expr(c, list.items[i]));
    c->label = NULL;
    c->label_item = NULL;
  }
  return LA_OK;
}

/* ---- limits ---- */

/* OFFSET ? ROWS FETCH FIRST ? ROWS ONLY */
static la_status compile_fetch(la_compiler *c, const la_node *node) {
  const la_node *offset = la_node_child(node, LA_SELECT_OFFSET);
  if (offset) {
    la_put(c, " OFFSET ");
    LA_TRY(la_compile_expr(c, offset));
    la_put(c, " ROWS");
  }
  la_put(c, " FETCH FIRST ");
  LA_TRY(la_compile_expr(c, la_node_child(node, LA_SELECT_FETCH)));
  la_put(c, node->flags & LA_FETCH_PERCENT ? " PERCENT" : "");
  la_put(c, node->flags & LA_FETCH_WITH_TIES ? " ROWS WITH TIES" : " ROWS ONLY");
  return LA_OK;
}

static la_status compile_limit(la_compiler *c, const la_node *node) {
  const la_node *limit = la_node_child(node, LA_SELECT_LIMIT),
                *offset = la_node_child(node, LA_SELECT_OFFSET);
  if (la_node_child(node, LA_SELECT_FETCH)) {
    return compile_fetch(c, node);
  }
  if (!limit && !offset) {
    return LA_OK;
  }
  if (c->dialect->limit) {
    return c->dialect->limit(c, node);
  }
  la_put(c, " LIMIT ");
  if (limit) {
    LA_TRY(la_compile_expr(c, limit));
  } else {
    la_put(c, "-1");
  }
  if (offset) {
    la_put(c, " OFFSET ");
    LA_TRY(la_compile_expr(c, offset));
  }
  return LA_OK;
}

la_status la_compile_order_and_limit(la_compiler *c, const la_node *node) {
  LA_TRY(la_compile_list(c, " ORDER BY ", la_node_child(node, LA_SELECT_ORDER_BY), true));
  LA_TRY(compile_limit(c, node));
  if (la_node_child(node, LA_SELECT_FOR_UPDATE) && c->dialect->supports_for_update) {
    la_put(c, " FOR UPDATE");
  }
  return LA_OK;
}

/* ---- the statement ---- */

static la_status compile_body(la_compiler *c, const la_node *node, const la_from_list *froms) {
  for (size_t i = 0; i < froms->count; i++) {
    la_put(c, i == 0 ? " FROM " : ", ");
    LA_TRY(la_compile_from(c, froms->items[i]));
  }
  LA_TRY(la_compile_conditions(c, " WHERE ", la_node_child(node, LA_SELECT_WHERE)));
  LA_TRY(la_lint_froms(c, "SELECT", froms, la_node_child(node, LA_SELECT_WHERE)));
  LA_TRY(la_compile_list(c, " GROUP BY ", la_node_child(node, LA_SELECT_GROUP_BY), false));
  LA_TRY(la_compile_conditions(c, " HAVING ", la_node_child(node, LA_SELECT_HAVING)));
  LA_TRY(la_compile_prefixes(c, la_node_child(node, LA_SELECT_PREFIXES), LA_PREFIX_POST_CRITERIA));
  return la_compile_order_and_limit(c, node);
}

/* What the table's defaults add to the SELECT of an INSERT. */
static la_status compile_source_defaults(la_compiler *c) {
  const la_dml *dml = c->source_for;
  c->source_for = NULL;
  for (uint32_t i = 0; dml && i < dml->count; i++) {
    const la_assignment *assignment = &dml->assignments[i];
    if (assignment->kind == LA_ASSIGN_DEFAULT) {
      const la_default *given = &assignment->column->defaults[dml->slot];
      la_text name =
          la_new_anon_name(c, la_anon_base(given->kind == LA_DEFAULT_EXPR
                                               ? (const la_node *)(const void *)given->expr
                                               : NULL));
      if (!name.bytes) {
        return la_fail_nomem(c->err);
      }
      la_put(c, ", ");
      LA_TRY(la_dml_write_value(c, dml, assignment, -1));
      la_put(c, " AS ");
      la_put_ident(c, name);
    }
  }
  return LA_OK;
}

static la_status compile_in_scope(la_compiler *c, const la_node *node, la_place place,
                                  la_items *items, const la_from_list *froms) {
  const la_node *prefixes = la_node_child(node, LA_SELECT_PREFIXES);
  size_t start = c->out->len, first_param = c->params->count;
  la_put(c, "SELECT ");
  LA_TRY(la_compile_prefixes(c, prefixes, LA_PREFIX_POST_SELECT));
  LA_TRY(la_compile_added_ctes(c, la_node_child(node, LA_SELECT_CTES)));
  LA_TRY(la_compile_prefixes(c, prefixes, LA_PREFIX_FRONT));
  la_put(c, node->flags & LA_SELECT_DISTINCT ? "DISTINCT " : "");
  LA_TRY(la_compile_prefixes(c, prefixes, LA_PREFIX_PRE_COLUMNS));
  LA_TRY(la_compile_items(c, items, place));
  if (place.is_source) {
    LA_TRY(compile_source_defaults(c));
  }
  if (items->count == 0 && c->out->len > start) {
    c->out->len--;
  }
  LA_TRY(compile_body(c, node, froms));
  LA_TRY(la_compile_prefixes(c, prefixes, LA_PREFIX_POST_BODY));
  LA_TRY(la_compile_prefixes(c, prefixes, LA_PREFIX_STATEMENT));
  if (place.compound_index == 0) {
    LA_TRY(la_compile_ctes_at(c, start, first_param, place.is_top));
  }
  return la_compile_prefixes(c, prefixes, LA_PREFIX_BACK);
}

la_status la_compile_select(la_compiler *c, const la_node *node, la_place place) {
  la_items *items;
  la_scope scope = {0};
  la_from_list froms = {0};
  bool omit_tables = c->omit_tables;
  const la_node *label = c->label;
  c->omit_tables = false;
  c->label = NULL;
  LA_TRY(la_items_of(c, node, &items));
  scope.items = items;
  la_status status = la_select_froms(c, node, items, place, &froms);
  if (status >= 0) {
    status = la_scope_open(c, &scope, node, &froms);
  }
  if (status >= 0) {
    status = compile_in_scope(c, node, place, items, &froms);
    la_scope_close(c);
  }
  la_vec_clear(c->sql->alloc, &froms);
  c->omit_tables = omit_tables;
  c->label = label;
  return status;
}
