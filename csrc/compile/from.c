/* SPDX-License-Identifier: MIT */
/*
 * Elements of FROM: tables, aliases, subqueries, joins, VALUES.
 */
#include "compile/compiler.h"

/* " AS name" */
static la_status push_alias_name(la_compiler *c, const la_node *alias) {
  la_text name = la_from_written_name(c, alias);
  if (!name.bytes) {
    return la_fail_nomem(c->err);
  }
  la_strbuf text;
  la_strbuf_init(&text, c->sql->alloc);
  la_strbuf_string(&text, " AS ");
  la_compile_ident(c->dialect, name, &text);
  la_text view = la_strbuf_view(&text);
  const char *bytes = text.failed ? NULL : la_arena_copy(&c->scratch, view.bytes, view.len);
  la_strbuf_clear(&text);
  return bytes ? la_push_bytes(c, (la_text){bytes, view.len}) : la_fail_nomem(c->err);
}

static la_status write_alias(la_compiler *c, const la_node *node) {
  const la_node *element = la_plain_node(node->children[0]);
  while (element->kind == LA_NODE_ALIAS) {
    element = la_plain_node(element->children[0]);
  }
  bool is_lateral = (node->flags & LA_NODE_LATERAL) != 0;
  la_put(c, is_lateral ? "LATERAL " : "");
  if (la_node_is_statement(element)) {
    la_text name = la_from_written_name(c, node); /* numbered before what is inside */
    if (!name.bytes) {
      return la_fail_nomem(c->err);
    }
    la_strbuf_char(c->out, '(');
    LA_TRY(la_compile_statement(c, element, (la_place){.as_from = true, .is_lateral = is_lateral}));
    la_put(c, ") AS ");
    la_put_ident(c, name);
    return LA_OK;
  }
  LA_TRY(push_alias_name(c, node));
  if (element->kind == LA_NODE_JOIN) {
    la_strbuf_char(c->out, '(');
    LA_TRY(la_push_string(c, ")"));
  }
  if (element->kind == LA_NODE_FUNCTION) {
    return la_push(c, element, LA_AGAINST_FREE, 0);
  }
  return la_push_from(c, element);
}

/* a JOIN b ON …: a join on the right stands in parentheses. */
static la_status write_join(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  const la_node *right = la_plain_node(node->children[1]);
  const la_node *on = la_node_child(node, 2);
  if (!on) {
    la_node *found = NULL;
    LA_TRY(la_from_join_condition(c->sql, node->children[0], node->children[1], &found, c->err));
    if (!la_vec_push(c->sql->alloc, &c->owned, found)) {
      la_node_release(found);
      return la_fail_nomem(c->err);
    }
    on = found;
  }
  if (node->flags & LA_JOIN_FULL && !c->dialect->supports_right_and_full_join) {
    return la_fail(c->err, LA_COMPILE, "dialect \"%s\" does not support FULL OUTER JOIN",
                   c->dialect->name);
  }
  LA_TRY(la_push_from(c, node->children[0]));
  LA_TRY(la_push_string(c, node->flags & LA_JOIN_FULL    ? " FULL OUTER JOIN "
                           : node->flags & LA_JOIN_OUTER ? " LEFT OUTER JOIN "
                                                         : " JOIN "));
  LA_TRY(la_push_string(c, right->kind == LA_NODE_JOIN ? "(" : ""));
  LA_TRY(la_push_from(c, right));
  LA_TRY(la_push_string(c, right->kind == LA_NODE_JOIN ? ") ON " : " ON "));
  LA_TRY(la_push(c, on, LA_AGAINST_BOOLEAN, la_against_precedence(LA_AGAINST_BOOLEAN)));
  la_push_turn(c, base);
  return LA_OK;
}

/* VALUES (1, 'a'), (2, 'b') */
static la_status write_rows(la_compiler *c, const la_node *node) {
  la_put(c, "VALUES ");
  for (uint32_t i = 1; i < node->count; i++) {
    const la_node *row = node->children[i];
    la_put(c, i > 1 ? ", (" : "(");
    for (uint32_t j = 0; j < row->count; j++) {
      la_put(c, j > 0 ? ", " : "");
      LA_TRY(la_compile_expr_against(c, row->children[j], LA_AGAINST_COMMA));
    }
    la_strbuf_char(c->out, ')');
  }
  return LA_OK;
}

/* (VALUES …) AS name (a, b) */
static la_status write_values(la_compiler *c, const la_node *node) {
  la_put(c, node->flags & LA_NODE_LATERAL ? "LATERAL (" : "(");
  LA_TRY(write_rows(c, node));
  la_strbuf_char(c->out, ')');
  if (!node->text.bytes) {
    return LA_OK;
  }
  la_put(c, " AS ");
  la_put_ident(c, node->text);
  la_put(c, " (");
  const la_node *columns = node->children[0];
  for (uint32_t i = 0; columns && i < columns->count; i++) {
    la_put(c, i > 0 ? ", " : "");
    la_put_ident(c, columns->children[i]->text);
  }
  la_strbuf_char(c->out, ')');
  return LA_OK;
}

la_status la_compile_values_rows(la_compiler *c, const la_node *node) {
  return write_rows(c, node);
}

la_status la_write_from(la_compiler *c, const la_node *from) {
  from = la_plain_node(from);
  switch (from->kind) {
  case LA_NODE_TABLE:
    la_put_table(c, (const la_table *)(const void *)from->subject);
    return LA_OK;
  case LA_NODE_LITERAL_TABLE:
    la_put_literal_table(c, from);
    return LA_OK;
  case LA_NODE_ALIAS:
    return write_alias(c, from);
  case LA_NODE_CTE:
  case LA_NODE_CTE_REF:
    return la_compile_cte_reference(c, from, true);
  case LA_NODE_JOIN:
    return write_join(c, from);
  case LA_NODE_VALUES:
    return write_values(c, from);
  case LA_NODE_SELECT:
  case LA_NODE_COMPOUND:
  case LA_NODE_TEXTUAL:
    la_strbuf_char(c->out, '(');
    LA_TRY(la_compile_statement(c, from, (la_place){.as_from = true}));
    la_strbuf_char(c->out, ')');
    return LA_OK;
  default:
    return la_push(c, from, LA_AGAINST_FREE, 0);
  }
}
