/* SPDX-License-Identifier: MIT */
/*
 * UNION, INTERSECT, EXCEPT, and text() with columns; the column lists of all that can be selected
 * from.
 */
#include "compile/compiler.h"

/* A select of a compound stands in parentheses where the database allows it and it has clauses of
 * its own that would otherwise belong to the compound. */
static bool needs_parentheses(const la_node *compound, const la_node *part) {
  if (part->kind == LA_NODE_COMPOUND) {
    return true;
  }
  (void)compound;
  return part->kind == LA_NODE_SELECT &&
         (la_node_child(part, LA_SELECT_ORDER_BY) || la_node_child(part, LA_SELECT_LIMIT) ||
          la_node_child(part, LA_SELECT_OFFSET) || la_node_child(part, LA_SELECT_FETCH) ||
          la_node_child(part, LA_SELECT_FOR_UPDATE));
}

static la_status compile_parts(la_compiler *c, const la_node *node, la_place place) {
  const la_node *list = node->children[LA_SELECT_COLUMNS];
  la_items *first = NULL;
  for (uint32_t i = 0; list && i < list->count; i++) {
    const la_node *part = la_plain_node(list->children[i]);
    bool is_grouped = part->kind == LA_NODE_GROUPING;
    part = is_grouped ? la_plain_node(part->children[0]) : part;
    is_grouped = is_grouped || needs_parentheses(node, part);
    la_items *items;
    LA_TRY(la_items_of(c, part, &items));
    first = first ? first : items;
    if (items->count != first->count) {
      return la_fail(c->err, LA_COMPILE,
                     "All selectables passed to CompoundSelect must have identical numbers of "
                     "columns; select #1 has %u "
                     "columns, select #%u has %u",
                     (unsigned)first->count, (unsigned)i + 1, (unsigned)items->count);
    }
    if (i > 0) {
      la_strbuf_char(c->out, ' ');
      la_put(c, la_operator_get((la_operator)node->op)->text);
      la_strbuf_char(c->out, ' ');
    }
    la_put(c, is_grouped ? "(" : "");
    la_place inner = {.as_from = place.as_from,
                      .is_lateral = place.is_lateral,
                      .is_result = place.is_result && i == 0,
                      .is_processed = place.is_processed,
                      .compound_index = i + 1};
    LA_TRY(la_compile_statement(c, part, inner));
    la_put(c, is_grouped ? ")" : "");
  }
  return LA_OK;
}

la_status la_compile_compound(la_compiler *c, const la_node *node, la_place place) {
  size_t start = c->out->len, first_param = c->params->count;
  la_items *items;
  LA_TRY(la_compile_added_ctes(c, la_node_child(node, LA_SELECT_CTES)));
  LA_TRY(compile_parts(c, node, place));
  LA_TRY(la_items_of(c, node, &items));
  la_from_list none = {0};
  la_scope scope = {.items = items};
  LA_TRY(la_scope_open(c, &scope, node, &none));
  bool omit_tables = c->omit_tables;
  c->omit_tables = true;
  la_status status =
      la_compile_list(c, " GROUP BY ", la_node_child(node, LA_SELECT_GROUP_BY), false);
  if (status >= 0) {
    status = la_compile_order_and_limit(c, node);
  }
  c->omit_tables = omit_tables;
  la_scope_close(c);
  LA_TRY(status);
  return place.compound_index == 0 ? la_compile_ctes_at(c, start, first_param, place.is_top)
                                   : LA_OK;
}

la_status la_compile_textual(la_compiler *c, const la_node *node, la_place place) {
  size_t start = c->out->len, first_param = c->params->count;
  LA_TRY(la_write_text(c, node->children[0]));
  for (uint32_t i = 1; place.is_result && i < node->count; i++) {
    const la_node *column = la_plain_node(node->children[i]);
    const la_node *named =
        column->kind == LA_NODE_LABEL ? la_plain_node(column->children[0]) : column;
    LA_TRY(la_add_result_column(c, column->text, column->type,
                                named->kind == LA_NODE_COLUMN ? named->subject : NULL));
  }
  return la_compile_ctes_at(c, start, first_param, place.is_top);
}

/* ---- column lists ---- */

static la_label_style style_of(const la_node *select) {
  if (select->flags & LA_SELECT_LABELS_NONE) {
    return LA_LABELS_NONE;
  }
  return select->flags & (LA_SELECT_LEGACY | LA_SELECT_LABELS_TABLE) ? LA_LABELS_TABLE
                                                                     : LA_LABELS_DISAMBIGUATE;
}

/* The part of a compound whose columns are the compound's. */
static const la_node *first_select(const la_node *node) {
  node = la_plain_node(node);
  while (node->kind == LA_NODE_COMPOUND || node->kind == LA_NODE_GROUPING) {
    const la_node *list = node->kind == LA_NODE_COMPOUND ? node->children[LA_SELECT_COLUMNS] : node;
    node = la_plain_node(list->children[0]);
  }
  return node;
}

static la_status make_items(la_compiler *c, const la_node *select, la_items *out) {
  if (select->kind == LA_NODE_TEXTUAL) {
    return la_items_make(c, (la_node *const *)select->children + 1, select->count - 1,
                         LA_LABELS_NONE, out);
  }
  if (select->kind == LA_NODE_VALUES) {
    const la_node *columns = select->children[0];
    return la_items_make(c, columns->children, columns->count, LA_LABELS_NONE, out);
  }
  int part =
      select->kind == LA_NODE_SELECT ? LA_SELECT_COLUMNS : la_statement_returning_part(select);
  if (part < 0) {
    return LA_OK;
  }
  la_chain_items list;
  LA_TRY(la_chain_items_of(c, la_node_child(select, (uint32_t)part), &list));
  return la_items_make(c, list.items, list.count, style_of(select), out);
}

la_status la_items_of(la_compiler *c, const la_node *select, la_items **out) {
  select = first_select(select);
  la_items *known = c->items_map.count > 0 ? la_map_get_pointer(&c->items_map, select) : NULL;
  if (known) {
    *out = known;
    return LA_OK;
  }
  la_items *items = la_arena_alloc_zero(&c->scratch, sizeof *items);
  if (!items) {
    return la_fail_nomem(c->err);
  }
  if (++c->depth > LA_COMPILE_DEPTH) {
    return la_fail(c->err, LA_COMPILE, "statement is nested too deeply (more than %d levels)",
                   LA_COMPILE_DEPTH);
  }
  items->select = select;
  LA_TRY(make_items(c, select, items));
  c->depth--;
  if (!la_map_set_pointer(&c->items_map, c->sql->alloc, select, items)) {
    return la_fail_nomem(c->err);
  }
  *out = items;
  return LA_OK;
}

/* What stands under an alias or CTE, as far as it has a column list. */
static const la_node *list_owner(la_compiler *c, const la_node *from) {
  from = la_plain_node(from);
  while (from) {
    if (from->kind == LA_NODE_ALIAS || from->kind == LA_NODE_CTE) {
      from = la_plain_node(from->children[0]);
    } else if (from->kind == LA_NODE_CTE_REF) {
      const la_node *found = NULL;
      for (size_t i = c->open_ctes.count; i > 0 && !found; i--) {
        if (c->open_ctes.items[i - 1]->value.as.integer == from->value.as.integer) {
          found = c->open_ctes.items[i - 1];
        }
      }
      from = found;
    } else {
      return la_node_is_statement(from) && from->kind != LA_NODE_TEXT ? from : NULL;
    }
  }
  return NULL;
}

la_status la_subquery_item(la_compiler *c, const la_node *from, uint32_t place, la_item **out) {
  const la_node *select = list_owner(c, from);
  la_items *items;
  *out = NULL;
  if (!select) {
    return LA_OK;
  }
  LA_TRY(la_items_of(c, select, &items));
  if (place <= items->count) {
    *out = &items->items[place - 1];
  }
  return LA_OK;
}

bool la_item_is_late(const la_item *item) {
  bool is_numbered =
      item->label != LA_ITEM_PLAIN && item->base.bytes && (item->is_required || !item->name.bytes);
  return (is_numbered || item->is_late) && !item->written.bytes;
}

la_status la_subquery_column_name(la_compiler *c, const la_node *from, uint32_t place,
                                  la_text *out) {
  la_item *item;
  *out = LA_TEXT_NONE;
  LA_TRY(la_subquery_item(c, from, place, &item));
  if (item) {
    *out = la_item_written_name(c, item->first ? item->first : item);
  }
  return LA_OK;
}
