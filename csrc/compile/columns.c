/* SPDX-License-Identifier: MIT */
/*
 * The column list of a SELECT or RETURNING: which columns, and the label of each.
 *
 * By default a column is labelled only where its name is taken by another one before it ("id_1"),
 * where it stands there already ("id__1"), or where it has no name ("count_1", "anon_1"); inside
 * FROM every column is, with its own name. With table labels each one is "table_column".
 */
#include "compile/compiler.h"
#include <stdio.h>

typedef struct item_list {
  LA_VEC(la_item) items;
} item_list;

static la_status add_item(la_compiler *c, item_list *list, la_item item) {
  return la_vec_push(c->sql->alloc, &list->items, item) ? LA_OK : la_fail_nomem(c->err);
}

static la_status add_table(la_compiler *c, item_list *list, la_table *table, const la_node *from) {
  if (!la_vec_reserve(c->sql->alloc, &list->items, table->columns.count)) {
    return la_fail_nomem(c->err);
  }
  for (size_t i = 0; i < table->columns.count; i++) {
    LA_TRY(add_item(c, list, (la_item){.column = table->columns.items[i], .from = from}));
  }
  return LA_OK;
}

/* The columns of a subquery, CTE or join that is listed whole. */
static la_status add_from(la_compiler *c, item_list *list, const la_node *from) {
  la_node **columns;
  la_text *keys;
  size_t count;
  LA_TRY(la_from_columns(c->sql, (la_node *)from, &c->scratch, &columns, &keys, &count, c->err));
  for (size_t i = 0; i < count; i++) {
    if (!la_vec_push(c->sql->alloc, &c->owned, columns[i])) {
      for (; i < count; i++) {
        la_node_release(columns[i]);
      }
      return la_fail_nomem(c->err);
    }
  }
  for (size_t i = 0; i < count; i++) {
    LA_TRY(add_item(c, list, (la_item){.expr = columns[i]}));
  }
  return LA_OK;
}

static la_status add_expr(la_compiler *c, item_list *list, const la_node *given) {
  const la_node *expr = la_plain_node(given);
  if (expr->kind == LA_NODE_TABLE || (expr->kind == LA_NODE_ALIAS && la_from_base_table(expr))) {
    return add_table(c, list, la_from_base_table(expr), expr);
  }
  if (expr->kind == LA_NODE_BUNDLE) {
    for (uint32_t i = 0; i < expr->count; i++) {
      LA_TRY(add_item(
          c, list,
          (la_item){.expr = la_plain_node(expr->children[i]), .given = expr->children[i]}));
    }
    return LA_OK;
  }
  if (expr->kind == LA_NODE_ALIAS || expr->kind == LA_NODE_CTE || expr->kind == LA_NODE_JOIN ||
      expr->kind == LA_NODE_VALUES || expr->kind == LA_NODE_LITERAL_TABLE) {
    return add_from(c, list, expr);
  }
  return add_item(c, list, (la_item){.expr = expr, .given = given});
}

/* ---- names ---- */

static bool is_named_column(const la_item *item) {
  return !item->expr || item->expr->kind == LA_NODE_COLUMN;
}

/* A column that stands for itself has no label: it belongs to no table. */
static bool is_bare(const la_item *item) {
  if (!item->expr) {
    return item->column->table == NULL && item->from == NULL;
  }
  switch (item->expr->kind) {
  case LA_NODE_COLUMN: {
    const la_column *column = (const la_column *)(const void *)item->expr->subject;
    return la_node_child(item->expr, 0) == NULL && (!column || !column->table);
  }
  case LA_NODE_LITERAL:
  case LA_NODE_FIELD:
  case LA_NODE_TEXT:
  case LA_NODE_STAR:
    return true;
  default:
    return false;
  }
}

/* NULL, true and false are the same wherever they stand. */
_Static_assert(LA_NODE_TRUE == LA_NODE_NULL + 1 && LA_NODE_FALSE == LA_NODE_NULL + 2,
               "identities of constants are found by kind");
static const char constant_identities[3];

/* What a column is known by: the table's column and where it is taken from, or its place in a
 * subquery, or the node. */
static void identify(la_item *item) {
  const la_node *expr = item->expr;
  if (!expr) {
    const void *from = item->from ? la_from_identity(item->from) : NULL;
    item->identity = item->column;
    item->owner = from ? from : item->column->table;
    return;
  }
  item->identity = expr;
  if (expr->kind == LA_NODE_NULL || expr->kind == LA_NODE_TRUE || expr->kind == LA_NODE_FALSE) {
    item->identity = constant_identities + (expr->kind - LA_NODE_NULL);
  }
  if (expr->kind != LA_NODE_COLUMN) {
    return;
  }
  const la_node *from = la_node_child(expr, 0);
  const la_column *column = (const la_column *)(const void *)expr->subject;
  item->owner = from ? la_from_identity(from) : column ? (const void *)column->table : NULL;
  if (expr->value.kind == LA_VALUE_INTEGER && expr->value.as.integer > 0) {
    item->identity = (const void *)(uintptr_t)expr->value.as.integer;
  } else if (column) {
    item->identity = column;
  }
}

/* The expression that lends its name to what is around it: CAST(x), type_coerce(x), a negated
 * boolean. */
static const la_node *wrapped(const la_node *expr) {
  while (expr && (expr->kind == LA_NODE_CAST || expr->kind == LA_NODE_COERCE ||
                  expr->kind == LA_NODE_GROUPING ||
                  (expr->kind == LA_NODE_UNARY &&
                   (expr->op == LA_OP_IS_TRUE || expr->op == LA_OP_IS_FALSE)))) {
    expr = la_plain_node(expr->children[0]);
  }
  return expr;
}

static la_text last_part(la_text name) {
  for (size_t i = name.len; i > 0; i--) {
    if (name.bytes[i - 1] == '.') {
      return (la_text){name.bytes + i, name.len - i};
    }
  }
  return name;
}

la_text la_anon_base(const la_node *expr) {
  if (expr && expr->kind == LA_NODE_LABEL) {
    expr = la_plain_node(expr->children[0]);
    if (expr->kind == LA_NODE_COLUMN) {
      return expr->text;
    }
  }
  if (expr && expr->kind == LA_NODE_WITHIN_GROUP) {
    expr = la_node_child(expr, 0);
  }
  if (expr && expr->kind == LA_NODE_NEXT_VALUE) {
    return LA_TEXT_LITERAL("next_value");
  }
  bool is_named = expr && (expr->kind == LA_NODE_FUNCTION ||
                           (expr->kind == LA_NODE_ELEMENT && expr->text.bytes));
  return is_named ? last_part(expr->text) : LA_TEXT_LITERAL("anon");
}

/* label(nil) */
static bool is_numbered_label(const la_node *expr) {
  return expr->kind == LA_NODE_LABEL && !expr->text.bytes;
}

la_text la_label_name(la_compiler *c, const la_node *label) {
  return label->text.bytes ? label->text : la_anon_name_of(c, label, NULL, la_anon_base(label));
}

static la_status natural_name(la_compiler *c, const la_node *expr, la_text *out) {
  *out = LA_TEXT_NONE;
  if (expr->kind == LA_NODE_LABEL) {
    *out = la_label_name(c, expr);
    return out->bytes ? LA_OK : la_fail_nomem(c->err);
  }
  if (expr->kind == LA_NODE_LITERAL || expr->kind == LA_NODE_FIELD) {
    *out = expr->text;
  } else if (expr->kind == LA_NODE_COLUMN) {
    *out = expr->text;
    const la_node *from = la_plain_node(la_node_child(expr, 0));
    if (out->len == 0 && from) {
      *out = la_from_written_name(c, from);
      return out->bytes ? LA_OK : la_fail_nomem(c->err);
    }
    if (from && expr->value.kind == LA_VALUE_INTEGER && expr->value.as.integer > 0) {
      la_text written;
      LA_TRY(la_subquery_column_name(c, from, (uint32_t)expr->value.as.integer, &written));
      *out = written.bytes ? written : *out;
    }
  }
  return LA_OK;
}

/* "table_column", with the schema in front; made different from the table's own columns. */
static la_status table_label(la_compiler *c, const la_item *item, la_text name, la_text *out) {
  const la_node *expr = item->expr;
  const la_node *from = item->from;
  const la_column *column = item->column;
  *out = name;
  if (expr && expr->kind == LA_NODE_COLUMN) {
    from = la_plain_node(la_node_child(expr, 0));
    column = (const la_column *)(const void *)expr->subject;
  } else if (expr) {
    return LA_OK;
  }
  const la_table *table = from && from->kind == LA_NODE_TABLE
                              ? (const la_table *)(const void *)from->subject
                          : !from && column ? column->table
                                            : NULL;
  la_text prefix = table ? table->name : from ? la_from_written_name(c, from) : LA_TEXT_NONE;
  la_text schema = table ? table->schema : LA_TEXT_NONE;
  if (!prefix.bytes) {
    return LA_OK;
  }
  size_t size = schema.len + prefix.len + name.len + 16;
  char *bytes = la_arena_alloc(c->arena, size);
  if (!bytes) {
    return la_fail_nomem(c->err);
  }
  int len = snprintf(bytes, size, "%.*s%s%.*s_%.*s", LA_TEXT_FORMAT(schema), schema.len ? "_" : "",
                     LA_TEXT_FORMAT(prefix), LA_TEXT_FORMAT(name));
  for (size_t i = 0; i < schema.len; i++) {
    bytes[i] = bytes[i] == '.' ? '_' : bytes[i];
  }
  la_table *own = from ? la_from_base_table(from) : column ? column->table : NULL;
  int plain = len;
  for (int number = 1; own && la_table_column(own, (la_text){bytes, (size_t)len}); number++) {
    len = plain + snprintf(bytes + plain, size - (size_t)plain, "_%d", number);
  }
  *out = la_truncate_name(c, (la_text){bytes, (size_t)len});
  return LA_OK;
}

/* ---- labels ---- */

/* From here on a list of columns is looked up in maps. */
#define MANY_ITEMS 32

/* The names that are taken, in order; looked up in a map once there are many. */
typedef struct name_list {
  struct {
    la_text name;
    la_item *item;
  } * entries;
  size_t count;
  la_map map;
  la_map anon; /* identities of what is labelled by a number, once there are many items */
} name_list;

static la_item *find_name(const name_list *names, la_text name) {
  if (names->map.count > 0) {
    return la_map_get(&names->map, name);
  }
  for (size_t i = 0; i < names->count; i++) {
    if (la_text_equal(names->entries[i].name, name)) {
      return names->entries[i].item;
    }
  }
  return NULL;
}

static la_status take_name(la_compiler *c, name_list *names, la_text name, la_item *item) {
  names->entries[names->count].name = name;
  names->entries[names->count++].item = item;
  if (names->count > MANY_ITEMS) {
    for (size_t i = names->map.count ? names->count - 1 : 0; i < names->count; i++) {
      if (!la_map_get(&names->map, names->entries[i].name) &&
          !la_map_set(&names->map, c->sql->alloc, names->entries[i].name, names->entries[i].item)) {
        return la_fail_nomem(c->err);
      }
    }
  }
  return LA_OK;
}

static bool is_same(const la_item *a, const la_item *b) {
  return a->identity == b->identity && a->owner == b->owner;
}

/* "name_": the label gets one more underscore than those that only tell different columns apart. */
static la_status repeat_label(la_compiler *c, la_item *item, la_text name) {
  char *bytes = la_arena_alloc(c->arena, name.len + 2);
  if (!bytes) {
    return la_fail_nomem(c->err);
  }
  memcpy(bytes, name.bytes, name.len);
  bytes[name.len] = '_';
  bytes[name.len + 1] = '\0';
  item->base = (la_text){bytes, name.len + 1};
  item->label = LA_ITEM_REPEATED;
  return LA_OK;
}

/* The item before that has the label, or NULL. One whose identity none before has is known by the
 * map. */
static la_item *find_listed(const la_items *items, const name_list *names, const la_item *item,
                            la_item_label label) {
  if (label == LA_ITEM_ANON && items->count > MANY_ITEMS &&
      la_map_get_pointer(&names->anon, item->identity) == NULL) {
    return NULL;
  }
  for (la_item *before = items->items; before < item; before++) {
    if (before->label == label && (label == LA_ITEM_PLAIN || before->base.bytes) &&
        is_same(before, item)) {
      return before;
    }
  }
  return NULL;
}

/* The item is labelled by a number. */
static la_status label_by_number(la_compiler *c, const la_items *items, la_item *item,
                                 name_list *names) {
  item->label = LA_ITEM_ANON;
  if (items->count > MANY_ITEMS &&
      !la_map_set_pointer(&names->anon, c->sql->alloc, item->identity, item)) {
    return la_fail_nomem(c->err);
  }
  return LA_OK;
}

/* An expression without a name: labelled by what it wraps, or by a number. */
static la_status label_unnamed(la_compiler *c, la_items *items, la_item *item, name_list *names) {
  const la_node *inner = wrapped(item->expr);
  la_text name = LA_TEXT_NONE;
  if (inner != item->expr) {
    LA_TRY(natural_name(c, inner, &name));
  }
  if (name.bytes) {
    if (find_name(names, name)) {
      return repeat_label(c, item, name);
    }
    item->base = name;
    return take_name(c, names, name, item);
  }
  item->base = la_anon_base(inner);
  item->first = find_listed(items, names, item, LA_ITEM_ANON);
  if (item->first) {
    return repeat_label(c, item, item->base);
  }
  return label_by_number(c, items, item, names);
}

static la_status label_named(la_compiler *c, la_items *items, la_item *item, name_list *names,
                             la_text effective) {
  la_item *known = find_name(names, effective);
  if (!known) {
    return take_name(c, names, effective, item);
  }
  item->is_required = true;
  item->first = is_same(known, item) ? known : find_listed(items, names, item, LA_ITEM_ANON);
  if (item->first) {
    return repeat_label(c, item, effective);
  }
  item->base = effective;
  return label_by_number(c, items, item, names);
}

/* With table labels, what wraps a column has the label that the column would have. */
static la_status label_wrapped(la_compiler *c, la_items *items, la_item *item, name_list *names) {
  la_item inner = {.expr = wrapped(item->expr)};
  la_text name = LA_TEXT_NONE;
  if (inner.expr != item->expr) {
    LA_TRY(natural_name(c, inner.expr, &name));
  }
  if (!name.bytes) {
    return label_unnamed(c, items, item, names);
  }
  LA_TRY(table_label(c, &inner, name, &item->base));
  item->is_required = true;
  return label_named(c, items, item, names, item->base);
}

/* With no labels to tell columns apart, what wraps a column still has the column's name, and other
 * expressions a number. */
static la_status label_without_style(la_compiler *c, la_items *items, la_item *item,
                                     name_list *names) {
  const la_node *inner = wrapped(item->expr);
  la_text name = LA_TEXT_NONE;
  if (inner != item->expr) {
    LA_TRY(natural_name(c, inner, &name));
  }
  if (!name.bytes) {
    item->base = la_anon_base(inner);
    return label_by_number(c, items, item, names);
  }
  item->base = name;
  item->label = LA_ITEM_PLAIN;
  return LA_OK;
}

static la_status find_late(la_compiler *c, la_item *item) {
  const la_node *expr = item->expr;
  if (!expr || expr->kind != LA_NODE_COLUMN || expr->value.kind != LA_VALUE_INTEGER ||
      expr->value.as.integer <= 0) {
    return LA_OK;
  }
  la_item *inner;
  LA_TRY(la_subquery_item(c, la_node_child(expr, 0), (uint32_t)expr->value.as.integer, &inner));
  if (inner) {
    item->is_late_repeated = inner->first != NULL;
    item->is_late = la_item_is_late(inner->first ? inner->first : inner);
  }
  return LA_OK;
}

static la_status label_item(la_compiler *c, la_items *items, la_item *item, name_list *names,
                            la_label_style style) {
  identify(item);
  if (style != LA_LABELS_TABLE) {
    LA_TRY(find_late(c, item));
    if (item->is_late) {
      return LA_OK;
    }
  }
  if (item->expr) {
    const la_node *from = item->expr->kind == LA_NODE_COLUMN ? la_node_child(item->expr, 0) : NULL;
    if (style == LA_LABELS_TABLE && from) {
      la_from_written_name(c, from); /* the label begins with it, so it is numbered first */
    }
    if (is_numbered_label(item->expr)) {
      return label_unnamed(c, items, item, names);
    }
    LA_TRY(natural_name(c, item->expr, &item->name));
  } else {
    item->name = item->column->name;
  }
  if (is_bare(item)) {
    return LA_OK;
  }
  item->base = item->name;
  if (item->expr && item->expr->kind == LA_NODE_LABEL && item->expr->text.bytes) {
    item->written = item->name;
    return find_name(names, item->name) ? LA_OK : take_name(c, names, item->name, item);
  }
  if (style == LA_LABELS_NONE && item->name.bytes) {
    return LA_OK;
  }
  if (!item->name.bytes) {
    if (style == LA_LABELS_NONE) {
      return label_without_style(c, items, item, names);
    }
    return style == LA_LABELS_TABLE ? label_wrapped(c, items, item, names)
                                    : label_unnamed(c, items, item, names);
  }
  la_text effective = item->name;
  if (style == LA_LABELS_TABLE) {
    LA_TRY(table_label(c, item, item->name, &effective));
    item->base = effective;
    item->is_required = true;
  }
  return label_named(c, items, item, names, effective);
}

la_status la_items_make(la_compiler *c, la_node *const *exprs, size_t count, la_label_style style,
                        la_items *out) {
  item_list list = {0};
  la_status status = LA_OK;
  name_list names = {0};
  for (size_t i = 0; i < count && status >= 0; i++) {
    status = add_expr(c, &list, exprs[i]);
  }
  out->exprs = exprs;
  out->expr_count = count;
  out->count = (uint32_t)list.items.count;
  if (status >= 0 && out->count > 0) {
    out->items = la_arena_alloc(&c->scratch, out->count * sizeof *out->items);
    names.entries = la_arena_alloc(&c->scratch, (size_t)out->count * sizeof *names.entries);
    if (!out->items || !names.entries) {
      status = la_fail_nomem(c->err);
    } else {
      memcpy(out->items, list.items.items, out->count * sizeof *out->items);
    }
  }
  la_vec_clear(c->sql->alloc, &list.items);
  for (uint32_t i = 0; i < out->count && status >= 0; i++) {
    status = label_item(c, out, &out->items[i], &names, style);
  }
  la_map_clear(&names.map, c->sql->alloc);
  la_map_clear(&names.anon, c->sql->alloc);
  return status;
}

/* ---- writing ---- */

static la_status resolve_label(la_compiler *c, la_item *item, la_text *out) {
  if (!item->written.bytes) {
    item->written = item->label == LA_ITEM_PLAIN ? item->base
                    : item->label == LA_ITEM_ANON
                        ? la_anon_name_of(c, item->identity, item->owner, item->base)
                        : la_new_anon_name(c, item->base);
    if (!item->written.bytes) {
      return la_fail_nomem(c->err);
    }
  }
  *out = item->written;
  return LA_OK;
}

/* The number that the item is named after is given now. */
static la_status name_late(la_compiler *c, la_item *item) {
  LA_TRY(natural_name(c, item->expr, &item->name));
  item->base = item->name;
  if (item->is_late_repeated) {
    item->is_required = true;
    item->label = LA_ITEM_ANON;
  }
  return LA_OK;
}

la_text la_item_written_name(la_compiler *c, la_item *item) {
  if (item->is_late && !item->name.bytes) {
    name_late(c, item);
  }
  if (item->name.bytes && !item->is_required) {
    return item->name;
  }
  la_text name = LA_TEXT_NONE;
  if (item->base.bytes) {
    resolve_label(c, item, &name);
  }
  return name;
}

static bool is_labelled(la_compiler *c, const la_item *item, bool as_from) {
  const la_node *expr = item->expr;
  if (item->is_required) {
    return true;
  }
  if (is_bare(item)) {
    return false;
  }
  if (is_named_column(item)) {
    return as_from;
  }
  if (expr->kind == LA_NODE_UNARY) {
    bool is_truth = expr->op == LA_OP_IS_TRUE || expr->op == LA_OP_IS_FALSE;
    const la_node *inner = la_plain_node(expr->children[0]);
    bool has_name = inner->kind == LA_NODE_COLUMN || inner->kind == LA_NODE_LITERAL ||
                    inner->kind == LA_NODE_LABEL;
    return (is_truth && !c->dialect->supports_native_boolean) || !has_name || as_from;
  }
  return true;
}

static la_status write_item_expr(la_compiler *c, const la_item *item) {
  if (!item->expr) {
    la_write_table_column(c, item->column, item->from);
    return LA_OK;
  }
  if (item->expr->kind == LA_NODE_LABEL) {
    return la_compile_expr_against(c, item->expr->children[0], LA_AGAINST_COMMA);
  }
  return la_compile_expr(c, item->expr);
}

static la_object *item_subject(const la_item *item) {
  if (!item->expr) {
    return &item->column->object;
  }
  const la_node *expr = item->expr;
  if (expr->kind == LA_NODE_LABEL) {
    expr = la_plain_node(expr->children[0]);
  }
  return expr->kind == LA_NODE_COLUMN ? expr->subject : NULL;
}

/* The type whose column_expression wraps the item, or NULL. */
static const la_type *wrapping_type(la_compiler *c, const la_item *item) {
  const la_type *type =
      la_dialect_type(c->dialect, item->expr ? item->expr->type : item->column->type);
  return type && type->column_expression ? type : NULL;
}

static la_status add_result(la_compiler *c, const la_item *item, const la_type *wrapping,
                            la_text label) {
  la_type *type = item->expr ? item->expr->type : item->column->type;
  if (wrapping) {
    const la_node *around = (const la_node *)(const void *)wrapping->column_expression;
    type = around->type && around->type->kind != LA_TYPE_NULL ? around->type : type;
  }
  return la_add_result_column(c, label, type, item_subject(item));
}

la_status la_compile_items(la_compiler *c, la_items *items, la_place place) {
  for (uint32_t i = 0; i < items->count; i++) {
    la_item *item = &items->items[i];
    const la_type *wrapping = place.is_processed ? wrapping_type(c, item) : NULL;
    if (item->is_late) {
      LA_TRY(name_late(c, item));
    }
    bool has_label = wrapping || is_labelled(c, item, place.as_from);
    la_text label = item->name;
    la_put(c, i > 0 ? ", " : "");
    if (has_label) {
      LA_TRY(resolve_label(c, item, &label));
    } else if (!label.bytes && item->expr->kind == LA_NODE_UNARY) {
      LA_TRY(natural_name(c, la_plain_node(item->expr->children[0]), &label));
    }
    LA_TRY(wrapping
               ? la_compile_wrapped(c, wrapping->column_expression, &(la_wrapped){.item = item})
               : write_item_expr(c, item));
    if (has_label) {
      la_put(c, " AS ");
      la_put_ident_as(c, label, la_quote_of(item_subject(item), label));
    }
    if (place.is_result) {
      LA_TRY(add_result(c, item, wrapping, label));
    }
  }
  return LA_OK;
}

la_status la_add_result_column(la_compiler *c, la_text key, la_type *type, la_object *subject) {
  type = la_dialect_type(c->dialect, type);
  la_result_column column = {
      .type = type, .subject = subject, .plain = !type || la_type_result_is_plain(type)};
  if (key.bytes) {
    column.key.bytes = la_arena_copy(c->arena, key.bytes, key.len);
    column.key.len = key.len;
    if (!column.key.bytes) {
      return la_fail_nomem(c->err);
    }
  }
  if (!la_vec_push(c->sql->alloc, &c->results, column)) {
    return la_fail_nomem(c->err);
  }
  la_object_retain(type);
  la_object_retain(subject);
  return LA_OK;
}
