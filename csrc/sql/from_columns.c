/* SPDX-License-Identifier: MIT */
/*
 * The columns that FROM elements and selects offer.
 *
 * A name may come twice: the second is numbered, "id_1", as key and as name to write. A column that
 * comes twice keeps its name and gets a new key. What has no name gets one made of its function's
 * name, or "anon_1".
 */
#include "sql/from.h"

#include "base/map.h"
#include "base/vec.h"
#include "sql/select.h"

#include <stdio.h>

/* Subqueries inside subqueries, each giving all columns of the next. */
#define DEEPEST 500

typedef struct offer {
  const la_sql *sql;
  la_arena *arena;
  LA_VEC(la_node *) nodes; /* references */
  LA_VEC(la_text) keys;
  LA_VEC(la_text) names;
  la_map key_places; /* text → its place, from 1 */
  la_map name_places;
  bool labels_table;   /* keys are "table_key": LABEL_STYLE_TABLENAME_PLUS_COL */
  la_map key_counters; /* base → the last number given */
  la_map name_counters;
} offer;

static void offer_init(offer *to, const la_sql *sql, la_arena *arena) {
  memset(to, 0, sizeof *to);
  to->sql = sql;
  to->arena = arena;
}

static void offer_clear(offer *to, bool keep_nodes) {
  la_allocator *alloc = to->sql->alloc;
  for (size_t i = 0; !keep_nodes && i < to->nodes.count; i++) {
    la_node_release(to->nodes.items[i]);
  }
  la_vec_clear(alloc, &to->nodes);
  la_vec_clear(alloc, &to->keys);
  la_vec_clear(alloc, &to->names);
  la_map_clear(&to->key_places, alloc);
  la_map_clear(&to->name_places, alloc);
  la_map_clear(&to->key_counters, alloc);
  la_map_clear(&to->name_counters, alloc);
}

/* Adds `take_node`, NULL meaning out of memory, under a key that is new or may repeat. */
static la_status offer_add(offer *to, la_node *take_node, la_text key, la_text name,
                           la_error *err) {
  la_allocator *alloc = to->sql->alloc;
  if (take_node == NULL || !la_vec_reserve(alloc, &to->keys, 1) ||
      !la_vec_reserve(alloc, &to->names, 1) || !la_vec_push(alloc, &to->nodes, take_node)) {
    la_node_release(take_node);
    return la_fail_nomem(err);
  }
  to->keys.items[to->keys.count++] = key;
  to->names.items[to->names.count++] = name;
  return LA_OK;
}

static la_status copy_array(la_arena *arena, const void *items, size_t count, size_t size,
                            void *out, la_error *err) {
  void *copy = la_arena_alloc(arena, count * size + 1);
  if (copy == NULL) {
    return la_fail_nomem(err);
  }
  if (count != 0) {
    memcpy(copy, items, count * size);
  }
  *(void **)out = copy;
  return LA_OK;
}

/* `base` followed by the next number that gives a text not in `places`; none when out of memory. */
static la_text numbered(offer *to, la_map *places, la_map *counters, la_text base) {
  uintptr_t number = (uintptr_t)la_map_get(counters, base);
  char *bytes = la_arena_alloc(to->arena, base.len + 24);
  la_text text = {bytes, 0};
  if (bytes == NULL) {
    return LA_TEXT_NONE;
  }
  memcpy(bytes, base.bytes, base.len);
  do {
    number++;
    text.len = base.len + (size_t)sprintf(bytes + base.len, "_%lu", (unsigned long)number);
  } while (la_map_get(places, text) != NULL);
  return la_map_set(counters, to->sql->alloc, base, (void *)number) ? text : LA_TEXT_NONE;
}

/* `base` if it is new in `places`, else numbered; entered there. */
static la_text enter(offer *to, la_map *places, la_map *counters, la_text base,
                     bool always_numbered) {
  void *place = (void *)(uintptr_t)(to->nodes.count + 1);
  la_text text = base;
  if (always_numbered || la_map_get(places, base) != NULL) {
    text = numbered(to, places, counters, base);
  }
  if (text.bytes == NULL || !la_map_set(places, to->sql->alloc, text, place)) {
    return LA_TEXT_NONE;
  }
  return text;
}

static bool is_same_column(const la_node *a, const la_node *b) {
  return a == b || (a->kind == LA_NODE_COLUMN && b->kind == LA_NODE_COLUMN && a->subject != NULL &&
                    a->subject == b->subject && la_node_child(a, 0) == la_node_child(b, 0) &&
                    la_text_equal(a->text, b->text));
}

/* The name of a select's part without a name of its own. */
static la_text base_of(const la_node *expr) {
  la_text name = la_expr_param_name(expr);
  while (expr->kind == LA_NODE_LABEL || expr->kind == LA_NODE_GROUPING) {
    expr = expr->children[0];
    name = la_expr_name(expr);
  }
  return name.bytes != NULL && name.len != 0 ? name : LA_TEXT_LITERAL("anon");
}

/* "table_key" for what is a column of a table or of a named alias, or is wrapped around one; `key`
 * otherwise; none when out of memory. */
static la_text with_table(offer *to, const la_node *expr, la_text key) {
  const la_column *column;
  const la_node *from;
  la_text name = LA_TEXT_NONE, schema = LA_TEXT_NONE;
  char *bytes;
  while ((expr->kind == LA_NODE_CAST || expr->kind == LA_NODE_COERCE ||
          expr->kind == LA_NODE_GROUPING || expr->kind == LA_NODE_ATTRIBUTE) &&
         expr->count != 0) {
    expr = expr->children[0];
  }
  if (expr->kind != LA_NODE_COLUMN) {
    return key;
  }
  from = la_node_child(expr, 0);
  column = (const la_column *)expr->subject;
  if (from != NULL && from->kind != LA_NODE_TABLE) {
    name = la_from_name(from);
  } else if (column != NULL && column->table != NULL) {
    name = column->table->name;
    schema = column->table->schema;
  }
  if (name.bytes == NULL) {
    return key;
  }
  bytes = la_arena_alloc(to->arena, schema.len + name.len + key.len + 3);
  if (bytes == NULL) {
    return LA_TEXT_NONE;
  }
  return (la_text){bytes, (size_t)sprintf(bytes, "%.*s%s%.*s_%.*s", LA_TEXT_FORMAT(schema),
                                          schema.len != 0 ? "_" : "", LA_TEXT_FORMAT(name),
                                          LA_TEXT_FORMAT(key))};
}

/* Adds one part of a select with the key and name that it gets there. */
static la_status export_part(offer *to, la_node *take_expr, la_text own_key, la_error *err) {
  la_text plain = la_expr_name(take_expr);
  la_text base = plain.bytes != NULL ? plain : base_of(take_expr);
  uintptr_t place = plain.bytes != NULL ? (uintptr_t)la_map_get(&to->name_places, plain) : 0;
  la_text name, key;
  if (place != 0 && is_same_column(to->nodes.items[place - 1], take_expr)) {
    name = plain;
  } else {
    name = enter(to, &to->name_places, &to->name_counters, base, plain.bytes == NULL);
  }
  key = own_key.bytes != NULL ? own_key : plain.bytes != NULL ? plain : base;
  if (plain.bytes == NULL && take_expr->kind != LA_NODE_FUNCTION) {
    key = name;
  }
  if (to->labels_table) {
    key = with_table(to, take_expr, key);
  }
  if (name.bytes != NULL && key.bytes != NULL) {
    key = enter(to, &to->key_places, &to->key_counters, key, false);
  }
  if (name.bytes == NULL || key.bytes == NULL) {
    la_node_release(take_expr);
    return la_fail_nomem(err);
  }
  return offer_add(to, take_expr, key, name, err);
}

static la_status offer_from(offer *to, la_node *from, int depth, la_error *err);

/* The key of a part that is a table's column; none otherwise. */
static la_text key_of(const la_node *expr) {
  while (expr->kind == LA_NODE_ATTRIBUTE && expr->text.bytes == NULL && expr->count != 0) {
    expr = expr->children[0];
  }
  if (expr->kind == LA_NODE_COLUMN && expr->subject != NULL && expr->value.kind == LA_VALUE_NULL) {
    return ((const la_column *)expr->subject)->key;
  }
  return LA_TEXT_NONE;
}

static la_status export_entity(offer *to, la_node *entity, la_error *err) {
  la_node **nodes;
  la_text *keys;
  size_t count;
  la_status status = LA_OK;
  LA_TRY(to->sql->entity_columns(to->sql, entity, to->arena, &nodes, &keys, &count, err));
  for (size_t i = 0; i < count; i++) {
    if (status >= 0) {
      status = export_part(to, nodes[i], keys[i], err);
    } else {
      la_node_release(nodes[i]);
    }
  }
  return status;
}

/* Adds what `item` of a select list stands for: itself, or all columns of a FROM element, or a
 * bundle's parts. A text() has a place but no name. */
static la_status export_item(offer *to, la_node *item, int depth, la_error *err) {
  offer inner;
  la_status status;
  if (item->kind == LA_NODE_BUNDLE) {
    if (depth > DEEPEST) {
      return la_fail(err, LA_INVALID_REQUEST, "bundles are nested more than %d deep", DEEPEST);
    }
    for (uint32_t i = 0; i < item->count; i++) {
      LA_TRY(export_item(to, item->children[i], depth + 1, err));
    }
    return LA_OK;
  }
  if (item->kind == LA_NODE_ENTITY && to->sql->entity_columns != NULL) {
    return export_entity(to, item, err);
  }
  if (item->kind == LA_NODE_TEXT) {
    return offer_add(to, la_node_retain(item), LA_TEXT_NONE, LA_TEXT_NONE, err);
  }
  if (!la_node_is_from(item)) {
    return export_part(to, la_node_retain(item), key_of(item), err);
  }
  offer_init(&inner, to->sql, to->arena);
  status = offer_from(&inner, item, depth + 1, err);
  for (size_t i = 0; status == LA_OK && i < inner.nodes.count; i++) {
    la_text key = item->kind == LA_NODE_JOIN ? key_of(inner.nodes.items[i]) : inner.keys.items[i];
    status = export_part(to, la_node_retain(inner.nodes.items[i]), key, err);
  }
  offer_clear(&inner, false);
  return status;
}

/* The chain or list of what `statement` gives as columns. */
static const la_node *exported_list(const la_node *statement, uint32_t *flags) {
  int returning;
  while (statement->kind == LA_NODE_COMPOUND) {
    const la_node *selects = statement->children[LA_SELECT_COLUMNS];
    if (selects->count == 0) {
      return NULL;
    }
    statement = selects->children[0];
    while (statement->kind == LA_NODE_GROUPING) {
      statement = statement->children[0];
    }
  }
  if (statement->kind == LA_NODE_SELECT) {
    *flags = statement->flags;
    return statement->children[LA_SELECT_COLUMNS];
  }
  if (statement->kind == LA_NODE_TEXTUAL) {
    return statement;
  }
  returning = la_statement_returning_part(statement);
  return returning >= 0 ? statement->children[returning] : NULL;
}

static la_status export_statement(offer *to, const la_node *statement, int depth, la_error *err) {
  uint32_t flags = 0;
  const la_node *list = exported_list(statement, &flags);
  la_node **items;
  size_t count;
  if (depth > DEEPEST) {
    return la_fail(err, LA_INVALID_REQUEST, "subqueries are nested more than %d deep", DEEPEST);
  }
  if (list == NULL) {
    return LA_OK;
  }
  to->labels_table = (flags & LA_SELECT_LABELS_TABLE) != 0;
  if (list->kind == LA_NODE_TEXTUAL) {
    for (uint32_t i = 1; i < list->count; i++) {
      LA_TRY(export_item(to, list->children[i], depth, err));
    }
    return LA_OK;
  }
  count = la_chain_count(list);
  items = la_arena_alloc(to->arena, count * sizeof *items + 1);
  if (items == NULL) {
    return la_fail_nomem(err);
  }
  la_chain_collect(list, items);
  for (size_t i = 0; i < count; i++) {
    LA_TRY(export_item(to, items[i], depth, err));
  }
  return LA_OK;
}

/* The table's column behind an exported part; NULL if it is another expression. */
static la_object *column_behind(const la_node *expr) {
  while (expr->kind == LA_NODE_LABEL || expr->kind == LA_NODE_GROUPING ||
         expr->kind == LA_NODE_ATTRIBUTE) {
    if (expr->count == 0) {
      return NULL;
    }
    expr = expr->children[0];
  }
  return expr->kind == LA_NODE_COLUMN ? expr->subject : NULL;
}

la_node *la_expr_subquery_column(const la_sql *sql, la_text name, const la_node *part,
                                 uint32_t place, la_node *from) {
  return la_node_new(sql->alloc,
                     &(la_node_parts){.kind = LA_NODE_COLUMN,
                                      .type = part->type != NULL ? part->type : sql->types->null,
                                      .subject = column_behind(part),
                                      .text = name,
                                      .value = la_value_integer(place),
                                      .children = &from,
                                      .count = 1});
}

/* A label that the program chose is never numbered, so a second one of its name could not be told
 * from the first. */
static la_status check_label(const la_node *part, la_text key, la_error *err) {
  if (part->kind == LA_NODE_LABEL && part->text.bytes != NULL && !la_text_equal(part->text, key)) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "Label name %.*s is being renamed to an anonymous label due to disambiguation "
                   "which is not supported right now.  Please use unique names for explicit "
                   "labels.",
                   LA_TEXT_FORMAT(part->text));
  }
  return LA_OK;
}

/* The columns of `inner`, offered again by `from`. Their keys are copied, as the key of a part is
 * often its node's own text, and `inner` may hold the only reference to that node. */
static la_status offer_again(offer *to, const offer *inner, la_node *from, la_error *err) {
  for (size_t i = 0; i < inner->nodes.count; i++) {
    la_text key = inner->keys.items[i];
    if (inner->nodes.items[i]->kind == LA_NODE_TEXT) {
      continue;
    }
    LA_TRY(check_label(inner->nodes.items[i], key, err));
    key.bytes = la_arena_copy(to->arena, key.bytes, key.len);
    if (key.bytes == NULL) {
      return la_fail_nomem(err);
    }
    LA_TRY(offer_add(to,
                     la_expr_subquery_column(to->sql, inner->names.items[i], inner->nodes.items[i],
                                             (uint32_t)i + 1, from),
                     key, key, err));
  }
  return LA_OK;
}

static la_status offer_statement(offer *to, const la_node *statement, la_node *from, int depth,
                                 la_error *err) {
  offer inner;
  la_status status;
  offer_init(&inner, to->sql, to->arena);
  status = export_statement(&inner, statement, depth + 1, err);
  if (status == LA_OK) {
    status = offer_again(to, &inner, from, err);
  }
  offer_clear(&inner, false);
  return status;
}

/* `from` is the table itself, or an alias of it. */
static la_status offer_table(offer *to, la_table *table, la_node *from, la_error *err) {
  la_node *owner = from->kind == LA_NODE_TABLE ? NULL : from;
  for (size_t i = 0; i < table->columns.count; i++) {
    la_column *column = table->columns.items[i];
    LA_TRY(offer_add(to, la_expr_column(to->sql, column, owner), column->key, column->name, err));
  }
  return LA_OK;
}

/* COLUMN nodes without a FROM element become columns of `from`. */
static la_status offer_named(offer *to, la_node *const *columns, uint32_t count, la_node *from,
                             la_error *err) {
  for (uint32_t i = 0; i < count; i++) {
    const la_node *column = columns[i];
    la_node *offered = la_expr_named_column(to->sql, column->text, column->type, from);
    offered = la_node_flagged(offered, column->flags & (LA_NODE_QUOTED | LA_NODE_UNQUOTED));
    LA_TRY(offer_add(to, offered, column->text, column->text, err));
  }
  return LA_OK;
}

/* A join's columns keep their own FROM elements; their keys begin with the table's name. */
static la_status offer_join(offer *to, const la_node *join, int depth, la_error *err) {
  for (int side = 0; side < 2; side++) {
    offer inner;
    la_status status;
    la_node *from = join->children[side];
    la_text prefix = la_from_name(from);
    offer_init(&inner, to->sql, to->arena);
    status = offer_from(&inner, from, depth + 1, err);
    for (size_t i = 0; status == LA_OK && i < inner.nodes.count; i++) {
      la_text key = inner.keys.items[i];
      if (from->kind != LA_NODE_JOIN && prefix.bytes != NULL) {
        char *bytes = la_arena_alloc(to->arena, prefix.len + key.len + 2);
        if (bytes == NULL) {
          status = la_fail_nomem(err);
          break;
        }
        key.len = (size_t)sprintf(bytes, "%.*s_%.*s", LA_TEXT_FORMAT(prefix), LA_TEXT_FORMAT(key));
        key.bytes = bytes;
      }
      status = offer_add(to, la_node_retain(inner.nodes.items[i]), key, inner.names.items[i], err);
    }
    offer_clear(&inner, false);
    LA_TRY(status);
  }
  return LA_OK;
}

la_node *la_from_function_column(const la_sql *sql, la_node *alias) {
  return la_expr_named_column(sql, LA_TEXT_LITERAL(""), alias->children[0]->type, alias);
}

/* The columns that were named, or what the function gives as one. */
static la_status offer_function(offer *to, la_node *alias, la_error *err) {
  la_text key = alias->text.bytes ? alias->text : la_expr_param_name(alias->children[0]);
  if (alias->count > 1 && !(alias->flags & LA_ALIAS_SAMPLE)) {
    return offer_named(to, alias->children + 1, alias->count - 1, alias, err);
  }
  key = key.bytes ? key : LA_TEXT_LITERAL("");
  return offer_add(to, la_from_function_column(to->sql, alias), key, key, err);
}

static la_status offer_alias(offer *to, la_node *alias, int depth, la_error *err) {
  la_node *element = alias->children[0];
  offer inner;
  la_status status;
  while (element->kind == LA_NODE_ENTITY && element->count != 0) {
    element = element->children[0];
  }
  switch (element->kind) {
  case LA_NODE_TABLE:
    return offer_table(to, (la_table *)element->subject, alias, err);
  case LA_NODE_LITERAL_TABLE:
    return offer_named(to, element->children, element->count, alias, err);
  case LA_NODE_VALUES:
    return offer_named(to, element->children[0]->children, element->children[0]->count, alias, err);
  case LA_NODE_FUNCTION:
  case LA_NODE_ELEMENT:
    return offer_function(to, alias, err);
  case LA_NODE_SELECT:
  case LA_NODE_COMPOUND:
  case LA_NODE_TEXTUAL:
    return offer_statement(to, element, alias, depth, err);
  default:
    offer_init(&inner, to->sql, to->arena);
    status = offer_from(&inner, element, depth + 1, err);
    if (status == LA_OK) {
      status = offer_again(to, &inner, alias, err);
    }
    offer_clear(&inner, false);
    return status;
  }
}

static la_status offer_from(offer *to, la_node *from, int depth, la_error *err) {
  if (depth > DEEPEST) {
    return la_fail(err, LA_INVALID_REQUEST, "subqueries are nested more than %d deep", DEEPEST);
  }
  switch (from->kind) {
  case LA_NODE_TABLE:
    return offer_table(to, (la_table *)from->subject, from, err);
  case LA_NODE_LITERAL_TABLE:
    return offer_named(to, from->children, from->count, from, err);
  case LA_NODE_VALUES:
    return offer_named(to, from->children[0]->children, from->children[0]->count, from, err);
  case LA_NODE_ALIAS:
    return offer_alias(to, from, depth, err);
  case LA_NODE_CTE:
    if (from->children[0]->kind == LA_NODE_VALUES) {
      const la_node *columns = from->children[0]->children[0];
      return offer_named(to, columns->children, columns->count, from, err);
    }
    return offer_statement(to, from->children[0], from, depth, err);
  case LA_NODE_JOIN:
    return offer_join(to, from, depth, err);
  case LA_NODE_ENTITY:
    return from->count != 0 ? offer_from(to, from->children[0], depth + 1, err) : LA_OK;
  default:
    return LA_OK;
  }
}

static la_status give_offer(offer *from, la_node ***nodes_out, la_text **keys_out,
                            size_t *count_out, la_error *err) {
  LA_TRY(copy_array(from->arena, from->nodes.items, from->nodes.count, sizeof(la_node *), nodes_out,
                    err));
  LA_TRY(
      copy_array(from->arena, from->keys.items, from->keys.count, sizeof(la_text), keys_out, err));
  *count_out = from->nodes.count;
  return LA_OK;
}

la_status la_from_columns(const la_sql *sql, la_node *from, la_arena *arena, la_node ***columns_out,
                          la_text **keys_out, size_t *count_out, la_error *err) {
  offer to;
  la_status status;
  offer_init(&to, sql, arena);
  status = offer_from(&to, from, 0, err);
  if (status == LA_OK) {
    status = give_offer(&to, columns_out, keys_out, count_out, err);
  }
  offer_clear(&to, status == LA_OK);
  return status;
}

la_status la_select_exported(const la_sql *sql, const la_node *select, la_arena *arena,
                             la_node ***exprs_out, la_text **keys_out, size_t *count_out,
                             la_error *err) {
  offer to;
  la_status status;
  offer_init(&to, sql, arena);
  status = export_statement(&to, select, 0, err);
  if (status == LA_OK) {
    status = give_offer(&to, exprs_out, keys_out, count_out, err);
  }
  offer_clear(&to, status == LA_OK);
  return status;
}

la_status la_select_names(const la_sql *sql, const la_node *select, la_arena *arena,
                          la_text **names_out, size_t *count_out, la_error *err) {
  offer to;
  la_status status;
  offer_init(&to, sql, arena);
  status = export_statement(&to, select, 0, err);
  if (status == LA_OK) {
    status = copy_array(arena, to.names.items, to.names.count, sizeof(la_text), names_out, err);
    *count_out = to.names.count;
  }
  offer_clear(&to, false);
  return status;
}
