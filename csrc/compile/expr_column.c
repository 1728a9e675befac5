/* SPDX-License-Identifier: MIT */
/*
 * Columns with the table, alias or subquery they stand in, labels that are referred to by name, and
 * text().
 */
#include "compile/compiler.h"

static void put_table_prefix(la_compiler *c, const la_table *table) {
  la_put_table(c, table);
  la_strbuf_char(c->out, '.');
}

void la_write_table_column(la_compiler *c, const la_column *column, const la_node *from) {
  from = la_plain_node(from);
  if (!c->omit_tables) {
    if (from && from->kind == LA_NODE_ALIAS) {
      la_put_ident(c, la_from_written_name(c, from));
      la_strbuf_char(c->out, '.');
    } else if (column->table) {
      put_table_prefix(c, column->table);
    }
  }
  la_put_ident_as(c, column->name, column->quote);
}

/* A join, VALUES without a name, and a select that is not a subquery have none that a column could
 * stand behind. */
static bool is_named_from(const la_node *from) {
  switch (from->kind) {
  case LA_NODE_TABLE:
  case LA_NODE_ALIAS:
  case LA_NODE_CTE:
  case LA_NODE_CTE_REF:
    return true;
  case LA_NODE_VALUES:
    return from->text.bytes != NULL;
  default:
    return false;
  }
}

la_status la_write_column(la_compiler *c, const la_node *node) {
  const la_node *from = la_plain_node(la_node_child(node, 0));
  const la_column *column = (const la_column *)(const void *)node->subject;
  la_text name = node->text;
  if (from && node->value.kind == LA_VALUE_INTEGER && node->value.as.integer > 0) {
    la_text written;
    LA_TRY(la_subquery_column_name(c, from, (uint32_t)node->value.as.integer, &written));
    name = written.bytes ? written : name;
  }
  if (name.len == 0 && from) {
    la_put_ident(c, la_from_written_name(c, from)); /* the only column of a function in FROM */
    return LA_OK;
  }
  if (!c->omit_tables) {
    if (from && from->kind == LA_NODE_TABLE) {
      put_table_prefix(c, (const la_table *)(const void *)from->subject);
    } else if (from && from->kind == LA_NODE_LITERAL_TABLE && from->text.len > 0) {
      la_put_literal_table(c, from);
      la_strbuf_char(c->out, '.');
    } else if (from && is_named_from(from)) {
      la_text from_name = la_from_written_name(c, from);
      if (from_name.bytes) {
        la_put_ident(c, from_name);
        la_strbuf_char(c->out, '.');
      }
    } else if (column && column->table) {
      put_table_prefix(c, column->table);
    }
  }
  if (column == NULL && la_text_equal(name, node->text)) {
    la_put_node_name(c, node);
  } else {
    la_put_ident_as(c, name, la_quote_of(node->subject, name));
  }
  return LA_OK;
}

/* A name in ORDER BY, GROUP BY: a label or column of the select's list, or a column of what it
 * selects from. */
la_status la_write_label_ref(la_compiler *c, const la_node *node) {
  la_scope *scope = c->scope;
  if (!scope) {
    la_put_ident(c, node->text);
    return LA_OK;
  }
  for (uint32_t i = 0; scope->items && i < scope->items->count; i++) {
    la_item *item = &scope->items->items[i];
    if (!la_text_equal(item->name, node->text) &&
        !(item->is_required && la_text_equal(item->base, node->text))) {
      continue;
    }
    const la_node *expr = la_plain_node(item->expr);
    if (!item->expr) {
      la_write_table_column(c, item->column, item->from);
      return LA_OK;
    }
    if (expr->kind == LA_NODE_COLUMN) {
      return la_write_column(c, expr);
    }
    la_put_ident(c, node->text);
    return LA_OK;
  }
  for (uint32_t i = 0; i < scope->from_node_count; i++) {
    const la_node *from = la_plain_node(scope->from_nodes[i]);
    la_table *table = la_from_base_table(from);
    la_column *column = table ? la_table_column(table, node->text) : NULL;
    if (column) {
      la_write_table_column(c, column, from);
      return LA_OK;
    }
  }
  return la_fail(c->err, LA_COMPILE,
                 "Can't resolve label reference for ORDER BY / GROUP BY / DISTINCT etc. Textual "
                 "SQL expression '%.*s' should "
                 "be explicitly declared as text('%.*s')",
                 LA_TEXT_FORMAT(node->text), LA_TEXT_FORMAT(node->text));
}

static const la_node *text_param(const la_node *node, la_text name) {
  for (uint32_t i = 0; i < node->count; i++) {
    if (la_text_equal(node->children[i]->text, name)) {
      return node->children[i];
    }
  }
  return NULL;
}

/* A piece of text() between names: `\:` stands for a colon. */
static void put_piece(la_compiler *c, la_text piece) {
  for (size_t i = 0; i < piece.len; i++) {
    if (piece.bytes[i] == '\\' && i + 1 < piece.len && piece.bytes[i + 1] == ':') {
      continue;
    }
    if (piece.bytes[i] == '%' && c->dialect->percent_doubled) {
      la_strbuf_char(c->out, '%');
    }
    la_strbuf_char(c->out, piece.bytes[i]);
  }
}

la_status la_write_text(la_compiler *c, const la_node *node) {
  size_t at = 0, from = 0;
  la_text name;
  while (node->count > 0 && la_text_next_bind(node->text, &at, &name)) {
    const la_node *param = text_param(node, name);
    size_t start = (size_t)(name.bytes - node->text.bytes) - 1;
    if (!param) {
      continue;
    }
    put_piece(c, (la_text){node->text.bytes + from, start - from});
    LA_TRY(la_compile_param(c, param));
    c->compiled->has_named_text = true;
    from = at;
  }
  put_piece(c, (la_text){node->text.bytes + from, node->text.len - from});
  return LA_OK;
}
