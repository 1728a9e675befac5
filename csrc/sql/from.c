/* SPDX-License-Identifier: MIT */
#include "sql/from.h"

#include "base/map.h"

/* True if something of `table` is a Lua value: its boxes must then be kept by who uses it. */
static bool table_has_host(const la_table *table) {
  for (size_t i = 0; i < table->columns.count; i++) {
    const la_column *column = table->columns.items[i];
    const la_type *type = column->type;
    if (type != NULL &&
        (type->host != 0 || (type->flags & (LA_TYPE_HOST_BIND | LA_TYPE_HOST_RESULT)))) {
      return true;
    }
    for (int slot = 0; slot < LA_DEFAULT_SLOT_COUNT; slot++) {
      if (column->defaults[slot].kind == LA_DEFAULT_HOST) {
        return true;
      }
    }
  }
  return false;
}

la_node *la_from_table(const la_sql *sql, la_table *table) {
  return la_node_new(sql->alloc,
                     &(la_node_parts){.kind = LA_NODE_TABLE,
                                      .flags = table_has_host(table) ? LA_NODE_HAS_HOST : 0u,
                                      .subject = table});
}

la_node *la_from_alias(const la_sql *sql, la_node *element, la_text name, uint32_t flags) {
  return la_node_new(
      sql->alloc,
      &(la_node_parts){
          .kind = LA_NODE_ALIAS, .flags = flags, .text = name, .children = &element, .count = 1});
}

la_node *la_from_cte(const la_sql *sql, la_node *statement, la_text name, int64_t number,
                     uint32_t flags) {
  la_node *children[2] = {statement, NULL};
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_CTE,
                                                  .flags = flags,
                                                  .text = name,
                                                  .value = la_value_integer(number),
                                                  .children = children,
                                                  .count = 2});
}

la_node *la_from_cte_ref(const la_sql *sql, const la_node *cte) {
  return la_node_new(
      sql->alloc,
      &(la_node_parts){.kind = LA_NODE_CTE_REF, .text = cte->text, .value = cte->value});
}

la_status la_from_join(const la_sql *sql, la_node *left, la_node *right, la_node *on,
                       uint32_t flags, la_node **out, la_error *err) {
  la_node *children[3] = {left, right, on};
  if (on == NULL) {
    LA_TRY(la_from_join_condition(sql, left, right, &children[2], err));
  } else {
    children[2] = la_expr_condition(sql, on);
    if (children[2] == NULL) {
      return la_fail_nomem(err);
    }
  }
  *out = la_node_new(
      sql->alloc,
      &(la_node_parts){.kind = LA_NODE_JOIN, .flags = flags, .children = children, .count = 3});
  la_node_release(children[2]);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

la_table *la_from_base_table(const la_node *from) {
  while (from != NULL) {
    switch (from->kind) {
    case LA_NODE_TABLE:
      return (la_table *)from->subject;
    case LA_NODE_ALIAS:
    case LA_NODE_ENTITY:
      from = la_node_child(from, 0);
      break;
    default:
      return NULL;
    }
  }
  return NULL;
}

la_text la_from_name(const la_node *from) {
  while (from != NULL) {
    switch (from->kind) {
    case LA_NODE_TABLE:
      return ((const la_table *)from->subject)->name;
    case LA_NODE_ENTITY:
      from = la_node_child(from, 0);
      break;
    default:
      return from->text;
    }
  }
  return LA_TEXT_NONE;
}

void la_from_describe(const la_node *from, la_strbuf *out) {
  const la_node *element = from;
  while (element->kind == LA_NODE_ENTITY && element->count != 0) {
    element = element->children[0];
  }
  if (la_from_name(element).bytes != NULL) {
    la_strbuf_text(out, la_from_name(element));
  } else if (element->kind == LA_NODE_JOIN) {
    la_strbuf_format(out, "Join object on %.*s and %.*s",
                     LA_TEXT_FORMAT(la_from_name(element->children[0])),
                     LA_TEXT_FORMAT(la_from_name(element->children[1])));
  } else if (element->kind == LA_NODE_ALIAS && !(element->flags & LA_NODE_SUBQUERY) &&
             la_from_name(element->children[0]).bytes != NULL) {
    la_strbuf_format(out, "Anonymous alias of %.*s",
                     LA_TEXT_FORMAT(la_from_name(element->children[0])));
  } else {
    la_strbuf_string(out, "anon_1");
  }
}

/* LA_NO_SUCH_COLUMN that names the nearest of `keys`. */
static la_status fail_no_column(const la_node *from, la_text key, const la_map *keys,
                                la_error *err) {
  la_text nearest = la_map_nearest(keys, key);
  la_text name = la_from_name(from);
  if (name.bytes == NULL) {
    name = LA_TEXT_LITERAL("the subquery");
  }
  if (nearest.bytes == NULL) {
    return la_fail(err, LA_NO_SUCH_COLUMN, "no column \"%.*s\" in \"%.*s\"", LA_TEXT_FORMAT(key),
                   LA_TEXT_FORMAT(name));
  }
  return la_fail(err, LA_NO_SUCH_COLUMN, "no column \"%.*s\" in \"%.*s\"; did you mean \"%.*s\"?",
                 LA_TEXT_FORMAT(key), LA_TEXT_FORMAT(name), LA_TEXT_FORMAT(nearest));
}

static la_status pick_column(const la_sql *sql, la_node *from, la_arena *arena, la_text key,
                             la_node **out, la_error *err) {
  la_node **columns;
  la_text *keys;
  size_t count;
  la_map places = {0};
  la_status status = LA_OK;
  *out = NULL;
  LA_TRY(la_from_columns(sql, from, arena, &columns, &keys, &count, err));
  for (size_t i = 0; i < count; i++) {
    if (*out == NULL && la_text_equal(keys[i], key)) {
      *out = columns[i];
      continue;
    }
    if (*out == NULL && !la_map_set(&places, sql->alloc, keys[i], columns[i])) {
      status = la_fail_nomem(err);
    }
    la_node_release(columns[i]);
  }
  if (*out != NULL) {
    status = LA_OK;
  } else if (status == LA_OK) {
    status = fail_no_column(from, key, &places, err);
  }
  la_map_clear(&places, sql->alloc);
  return status;
}

la_status la_from_column(const la_sql *sql, la_node *from, la_text key, la_node **out,
                         la_error *err) {
  la_node *element = from->kind == LA_NODE_ALIAS ? from->children[0] : from;
  la_arena arena;
  la_status status;
  while (element->kind == LA_NODE_ENTITY && element->count != 0) {
    element = element->children[0];
  }
  if (element->kind == LA_NODE_TABLE) {
    const la_table *table = (const la_table *)element->subject;
    la_column *column = la_table_column(table, key);
    if (column == NULL) {
      return fail_no_column(from, key, &table->columns_by_key, err);
    }
    *out = la_expr_column(sql, column, from->kind == LA_NODE_ALIAS ? from : NULL);
    return *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  if (element->kind == LA_NODE_CTE_REF) {
    *out = la_expr_named_column(sql, key, NULL, from);
    return *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  la_arena_init(&arena, sql->alloc);
  status = pick_column(sql, from, &arena, key, out, err);
  la_arena_clear(&arena);
  return status;
}
