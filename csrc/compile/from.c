/* SPDX-License-Identifier: MIT */
/*
 * Elements of FROM: tables, aliases, subqueries, joins, VALUES.
 */
#include "compile/compiler.h"

/* (a, b), with their types if asked for. */
static la_status put_columns(la_compiler *c, la_node *const *columns, uint32_t count, bool typed,
                             la_strbuf *out) {
  la_status status = LA_OK;
  la_strbuf_char(out, '(');
  for (uint32_t i = 0; status >= 0 && i < count; i++) {
    la_strbuf_string(out, i > 0 ? ", " : "");
    la_compile_ident(c->dialect, columns[i]->text, out);
    if (typed) {
      la_strbuf_char(out, ' ');
      status = la_compile_type(c->dialect, columns[i]->type, out, c->err);
    }
  }
  la_strbuf_char(out, ')');
  return status;
}

/* " AS name", and what columns it has where they are asked for. */
static la_status push_alias_name(la_compiler *c, const la_node *alias) {
  la_text name = la_from_written_name(c, alias);
  if (!name.bytes) {
    return la_fail_nomem(c->err);
  }
  la_strbuf text;
  la_strbuf_init(&text, c->sql->alloc);
  la_strbuf_string(&text, " AS ");
  la_compile_ident(c->dialect, name, &text);
  la_status status = LA_OK;
  if (alias->flags & LA_ALIAS_DERIVED) {
    status = put_columns(c, alias->children + 1, alias->count - 1,
                         (alias->flags & LA_ALIAS_TYPED) != 0, &text);
  }
  la_text view = la_strbuf_view(&text);
  const char *bytes = text.failed ? NULL : la_arena_copy(&c->scratch, view.bytes, view.len);
  la_strbuf_clear(&text);
  LA_TRY(status);
  return bytes ? la_push_bytes(c, (la_text){bytes, view.len}) : la_fail_nomem(c->err);
}

/* `alias` or the alias under it that has `flag`; NULL if none has: another alias put on one keeps
 * what that says. */
static const la_node *alias_with(const la_node *alias, uint32_t flag) {
  while (alias->kind == LA_NODE_ALIAS && !(alias->flags & flag)) {
    alias = la_plain_node(alias->children[0]);
  }
  return alias->kind == LA_NODE_ALIAS ? alias : NULL;
}

/* a TABLESAMPLE bernoulli(5) REPEATABLE (1) */
static la_status push_sample(la_compiler *c, const la_node *alias) {
  alias = alias_with(alias, LA_ALIAS_SAMPLE);
  if (!alias) {
    return LA_OK;
  }
  LA_TRY(la_push_string(c, " TABLESAMPLE "));
  LA_TRY(la_push(c, alias->children[1], LA_AGAINST_FREE, 0));
  if (la_node_child(alias, 2)) {
    LA_TRY(la_push_string(c, " REPEATABLE ("));
    LA_TRY(la_push(c, alias->children[2], LA_AGAINST_FREE, 0));
    LA_TRY(la_push_string(c, ")"));
  }
  return LA_OK;
}

/* What the alias stands for, its name, and what belongs behind that. */
static la_status push_named(la_compiler *c, const la_node *node, const la_node *element) {
  size_t base = c->work.count;
  if (element->kind == LA_NODE_JOIN) {
    LA_TRY(la_push_string(c, "("));
    LA_TRY(la_push_from(c, element));
    LA_TRY(la_push_string(c, ")"));
  } else if (element->kind == LA_NODE_FUNCTION) {
    LA_TRY(la_push(c, element, LA_AGAINST_FREE, 0));
    LA_TRY(la_push_string(c, alias_with(node, LA_ALIAS_ORDINALITY) ? " WITH ORDINALITY" : ""));
  } else {
    LA_TRY(la_push_named_from(c, element));
  }
  LA_TRY(push_alias_name(c, node));
  LA_TRY(push_sample(c, node));
  la_push_turn(c, base);
  return LA_OK;
}

static la_status write_values_as(la_compiler *c, const la_node *node, la_text name, bool lateral);

static la_status write_alias(la_compiler *c, const la_node *node) {
  const la_node *element = la_plain_node(node->children[0]);
  while (element->kind == LA_NODE_ALIAS) {
    element = la_plain_node(element->children[0]);
  }
  bool is_lateral = (node->flags & LA_NODE_LATERAL) != 0;
  if (la_node_is_statement(element) || element->kind == LA_NODE_VALUES) {
    la_text name = la_from_written_name(c, node); /* numbered before what is inside */
    if (!name.bytes) {
      return la_fail_nomem(c->err);
    }
    if (element->kind == LA_NODE_VALUES) {
      return write_values_as(c, element, name, is_lateral);
    }
    la_put(c, is_lateral ? "LATERAL (" : "(");
    LA_TRY(la_compile_statement(c, element, (la_place){.as_from = true, .is_lateral = is_lateral}));
    la_put(c, ") AS ");
    la_put_ident(c, name);
    return LA_OK;
  }
  la_put(c, is_lateral ? "LATERAL " : "");
  return push_named(c, node, element);
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
  bool literal_binds = c->literal_binds;
  c->literal_binds = literal_binds || node->flags & LA_VALUES_LITERAL;
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
  c->literal_binds = literal_binds;
  return LA_OK;
}

/* (VALUES …) AS name (a, b); without a name only the rows. */
static la_status write_values_as(la_compiler *c, const la_node *node, la_text name, bool lateral) {
  la_put(c, lateral ? "LATERAL (" : "(");
  LA_TRY(write_rows(c, node));
  la_strbuf_char(c->out, ')');
  if (!name.bytes) {
    return LA_OK;
  }
  la_put(c, " AS ");
  la_put_ident(c, name);
  la_strbuf_char(c->out, ' ');
  return put_columns(c, node->children[0]->children, node->children[0]->count, false, c->out);
}

la_status la_compile_values_columns(la_compiler *c, const la_node *node) {
  return put_columns(c, node->children[0]->children, node->children[0]->count, false, c->out);
}

la_status la_compile_values_rows(la_compiler *c, const la_node *node) {
  return write_rows(c, node);
}

/* ---- hints ---- */

/* The newest of the statement's hints for a FROM element, an empty text if there is none. */
static la_status find_hint(la_compiler *c, const la_node *from, la_text *out) {
  int part = la_statement_prefixes_part(c->scope->statement);
  la_chain_items list = {0};
  if (part >= 0) {
    LA_TRY(la_chain_items_of(c, la_node_child(c->scope->statement, (uint32_t)part), &list));
  }
  for (size_t i = 0; i < list.count; i++) {
    const la_node *hint = list.items[i];
    if (hint->value.as.integer == LA_PREFIX_HINT && la_prefix_is_for_dialect(c, hint) &&
        la_from_identity(hint->children[0]) == la_from_identity(from)) {
      *out = hint->text;
    }
  }
  return LA_OK;
}

static void put_hint(la_strbuf *out, la_text hint, la_text name) {
  static const char place[] = "%(name)s";
  const size_t length = sizeof place - 1;
  la_strbuf_string(out, " [");
  for (size_t i = 0; i < hint.len; i++) {
    if (hint.len - i >= length && memcmp(hint.bytes + i, place, length) == 0) {
      la_strbuf_text(out, name);
      i += length - 1;
    } else {
      la_strbuf_char(out, hint.bytes[i]);
    }
  }
  la_strbuf_char(out, ']');
}

/* " [hint]", to be written behind the element. */
static la_status push_hint(la_compiler *c, const la_node *from) {
  la_text hint = LA_TEXT_NONE;
  if (!c->dialect->shows_hints || !c->scope) {
    return LA_OK;
  }
  LA_TRY(find_hint(c, from, &hint));
  if (!hint.bytes) {
    return LA_OK;
  }
  la_strbuf text;
  la_strbuf_init(&text, c->sql->alloc);
  put_hint(&text, hint,
           from->kind == LA_NODE_TABLE || from->kind == LA_NODE_LITERAL_TABLE
               ? la_from_name(from)
               : la_from_written_name(c, from));
  la_text view = la_strbuf_view(&text);
  const char *bytes = text.failed ? NULL : la_arena_copy(&c->scratch, view.bytes, view.len);
  la_strbuf_clear(&text);
  return bytes ? la_push_bytes(c, (la_text){bytes, view.len}) : la_fail_nomem(c->err);
}

la_status la_write_from(la_compiler *c, const la_node *from, bool is_named) {
  from = la_plain_node(from);
  LA_TRY(is_named ? LA_OK : push_hint(c, from));
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
    return write_values_as(c, from, from->text, false);
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
