/* SPDX-License-Identifier: MIT */
/*
 * Classes and their attributes as seen through aliases, and expressions without ORM nodes.
 */
#include "orm/mapper_internal.h"
#include "sql/from.h"

/* The operator of an ENTITY whose attributes are found by their names, where not by their columns.
 */
#define BY_NAMES 1

/* The part of `from` (a tree of joins) that offers `column`: its table, an alias of it, or a
 * subquery; NULL if none does. */
static la_node *part_with(la_node *from, const la_column *column) {
  la_node *other = NULL;
  for (;;) {
    la_node *right = from;
    bool is_join = from->kind == LA_NODE_JOIN;
    if (is_join) {
      right = from->children[1];
      if (right->kind == LA_NODE_JOIN) {
        la_node *inside =
            part_with(right, column); /* as deep as joins were written in parentheses */
        if (inside != NULL) {
          return inside;
        }
        right = NULL;
      }
    }
    if (right != NULL && la_from_base_table(right) == column->table) {
      return right;
    }
    if (right != NULL && la_from_base_table(right) == NULL) {
      other = right;
    }
    if (!is_join) {
      return other;
    }
    from = from->children[0];
  }
}

/* The column of `part` that is called as `column`; `column` itself if there is none. */
static la_status column_by_name(const la_sql *sql, la_column *column, la_node *part, la_node **out,
                                la_error *err) {
  la_node **columns;
  la_text *keys;
  size_t count;
  la_arena arena;
  la_status status;
  la_arena_init(&arena, sql->alloc);
  *out = NULL;
  status = la_from_columns(sql, part, &arena, &columns, &keys, &count, err);
  for (size_t i = 0; status >= 0 && i < count; i++) {
    if (*out == NULL && la_text_equal(keys[i], column->key)) {
      *out = la_node_retain(columns[i]);
    }
    la_node_release(columns[i]);
  }
  la_arena_clear(&arena);
  if (status >= 0 && *out == NULL) {
    *out = la_expr_column(sql, column, NULL);
    return *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  return status;
}

la_status la_column_through(const la_sql *sql, la_column *column, la_node *from, la_node **out,
                            la_error *err) {
  la_node *plain, *part;
  la_status status;
  bool by_name = from->kind == LA_NODE_ENTITY && from->op == BY_NAMES;
  if (from->kind == LA_NODE_ENTITY) {
    from = from->children[0];
  }
  part = part_with(from, column);
  if (part != NULL && part->kind == LA_NODE_ALIAS && part->flags & LA_FROM_BY_NAME) {
    return column_by_name(sql, column, part, out, err);
  }
  if (part != NULL && part->kind != LA_NODE_TABLE && la_from_base_table(part) == column->table) {
    *out = la_expr_column(sql, column, part);
    return *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  plain = la_expr_column(sql, column, NULL);
  if (plain == NULL) {
    return la_fail_nomem(err);
  }
  if (part == NULL || part->kind == LA_NODE_TABLE) {
    *out = plain;
    return LA_OK;
  }
  status = la_adapt_columns(sql, plain, NULL, part, out, err);
  if (status >= 0 && by_name && *out == plain) {
    la_node_release(*out);
    status = column_by_name(sql, column, part, out, err);
  }
  la_node_release(plain);
  return status;
}

la_status la_mapper_attribute(const la_sql *sql, const la_property *property, la_node *entity,
                              la_node **out, la_error *err) {
  la_mapper *mapper = (la_mapper *)entity->subject;
  la_node *own = mapper->entity != NULL ? mapper->entity->children[0] : NULL;
  la_node *from = entity->children[0];
  la_node *children[3] = {NULL, NULL, NULL};
  la_node_parts parts = {.text = property->key, .children = children, .subject = mapper};
  if (property->kind == LA_PROPERTY_SYNONYM) {
    return la_mapper_attribute(sql, property->target, entity, out, err);
  }
  if (property->kind == LA_PROPERTY_RELATIONSHIP) {
    children[0] = entity;
    parts.kind = LA_NODE_RELATIONSHIP;
    parts.subject = property->relationship;
    parts.count = 3;
    *out = la_node_new(sql->alloc, &parts);
    return *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  if (property->kind == LA_PROPERTY_COLUMN) {
    LA_TRY(la_column_through(sql, property->column, entity, &children[0], err));
  } else if (from == own || own == NULL) {
    children[0] = la_node_retain(property->expr);
  } else {
    LA_TRY(la_adapt_columns(sql, property->expr, own, from, &children[0], err));
  }
  children[1] = entity;
  parts.kind = LA_NODE_ATTRIBUTE;
  parts.type = children[0]->type;
  parts.value = la_value_integer(property->index);
  parts.count = 2;
  *out = la_node_new(sql->alloc, &parts);
  la_node_release(children[0]);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

/* The value of an ATTRIBUTE is its property's index, below zero where rows have another name. */
static int64_t index_of_renamed(int64_t index) {
  return -1 - index;
}

la_node *la_attribute_renamed(const la_sql *sql, la_node *attribute, la_text key) {
  la_node_parts parts;
  int64_t index;
  if (attribute->kind != LA_NODE_ATTRIBUTE || la_text_equal(attribute->text, key)) {
    return la_node_retain(attribute);
  }
  index = attribute->value.as.integer;
  parts = (la_node_parts){.kind = LA_NODE_ATTRIBUTE,
                          .flags = attribute->flags & ~(uint32_t)LA_NODE_INHERITED_FLAGS,
                          .type = attribute->type,
                          .text = key,
                          .value = la_value_integer(index < 0 ? index : index_of_renamed(index)),
                          .subject = attribute->subject,
                          .children = attribute->children,
                          .count = attribute->count};
  return la_node_new(sql->alloc, &parts);
}

la_property *la_attribute_property(const la_node *attribute) {
  const la_mapper *mapper = (const la_mapper *)(const void *)attribute->subject;
  int64_t index = index_of_renamed(attribute->value.as.integer);
  if (index < 0) {
    return la_mapper_property(mapper, attribute->text);
  }
  return (size_t)index < mapper->properties.count ? mapper->properties.items[index] : NULL;
}

/* `expr` of columns of `from`, an alias or what has tables, for `to`, an alias of it. */
static la_status move_side(const la_sql *sql, const la_node *expr, const la_node *from, la_node *to,
                           la_node **out, la_error *err) {
  la_node *moved = NULL;
  la_status status;
  LA_TRY(la_element_move(sql, expr, from, to, &moved, err));
  status = la_adapt_columns(sql, moved, NULL, to, out, err);
  la_node_release(moved);
  return status;
}

/* An alias of a part of a join: named "name_table", if there is a name. */
static la_status alias_part(const la_sql *sql, la_node *part, la_text name, la_node **out,
                            la_error *err) {
  const la_table *table = la_from_base_table(part);
  la_strbuf text;
  la_status status;
  if (part->kind == LA_NODE_JOIN || name.len == 0 || table == NULL) {
    return la_mapper_alias_of(sql, part, part->kind == LA_NODE_JOIN ? name : LA_TEXT_NONE, out,
                              err);
  }
  la_strbuf_init(&text, sql->alloc);
  la_strbuf_text(&text, name);
  la_strbuf_char(&text, '_');
  la_strbuf_text(&text, table->name);
  status = la_strbuf_status(&text, err);
  if (status >= 0) {
    status = la_mapper_alias_of(sql, part, la_strbuf_view(&text), out, err);
  }
  la_strbuf_clear(&text);
  return status;
}

/* The conditions of a join move along to the aliases. */
la_status la_mapper_alias_of(const la_sql *sql, la_node *from, la_text name, la_node **out,
                             la_error *err) {
  la_node *left = NULL, *right = NULL, *on = NULL, *moved = NULL;
  la_status status;
  if (from->kind == LA_NODE_ALIAS && from->flags & LA_FROM_BY_NAME) {
    *out = la_from_alias(sql, from->children[0], name, LA_FROM_BY_NAME);
    return *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  if (from->kind != LA_NODE_JOIN) {
    *out = la_from_alias(sql, from, name, 0);
    return *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  /* The left side's depth is the depth of the class's inheritance. */
  LA_TRY(alias_part(sql, from->children[0], name, &left, err));
  status = alias_part(sql, from->children[1], name, &right, err);
  if (status >= 0) {
    status = move_side(sql, from->children[2], from->children[0], left, &on, err);
  }
  if (status >= 0) {
    status = move_side(sql, on, from->children[1], right, &moved, err);
  }
  if (status >= 0) {
    status = la_from_join(sql, left, right, moved, from->flags & (LA_JOIN_OUTER | LA_JOIN_FULL),
                          out, err);
  }
  la_node_release(left);
  la_node_release(right);
  la_node_release(on);
  la_node_release(moved);
  return status;
}

la_status la_mapper_aliased(const la_sql *sql, la_mapper *mapper, la_text name, la_node *element,
                            la_node **out, la_error *err) {
  la_node *entity = la_mapper_entity(mapper);
  la_node *from = element != NULL ? la_node_retain(element) : NULL;
  if (entity == NULL) {
    return la_fail_nomem(err);
  }
  if (from == NULL && la_mapper_loads_subclasses(mapper)) {
    la_polymorphic_options options = {.own = true, .name = name, .aliased = true};
    return la_mapper_polymorphic(sql, mapper, &options, out, err);
  }
  if (from == NULL) {
    LA_TRY(la_mapper_alias_of(sql, entity->children[0], name, &from, err));
  }
  *out = la_node_new(
      sql->alloc,
      &(la_node_parts){
          .kind = LA_NODE_ENTITY, .subject = mapper, .text = name, .children = &from, .count = 1});
  la_node_release(from);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

la_status la_mapper_aliased_by_names(const la_sql *sql, la_mapper *mapper, la_text name,
                                     la_node *element, la_node **out, la_error *err) {
  *out = la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_ENTITY,
                                                  .op = BY_NAMES,
                                                  .subject = mapper,
                                                  .text = name,
                                                  .children = &element,
                                                  .count = 1});
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

static la_status strip_one(const la_node *node, void *context, la_node **out, la_error *err) {
  const la_sql *sql = context;
  if (node->kind == LA_NODE_ATTRIBUTE || node->kind == LA_NODE_ENTITY) {
    *out = la_node_retain(node->children[0]);
  } else if (node->kind == LA_NODE_COLUMN && node->text.len == 0 && node->subject != NULL) {
    *out = la_node_flagged(la_expr_column(sql, (la_column *)(void *)node->subject, NULL),
                           node->flags & (LA_COLUMN_FOREIGN | LA_COLUMN_REMOTE));
    return *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  return LA_OK;
}

la_status la_strip_orm(const la_sql *sql, const la_node *expr, la_node **out, la_error *err) {
  return la_adapt(sql->alloc, expr, strip_one, (void *)sql, out, err);
}
