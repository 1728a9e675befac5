/* SPDX-License-Identifier: MIT */
/*
 * Properties of mappers: adding, inheriting, and the facts found once all are there.
 */
#include "orm/mapper_internal.h"

typedef LA_VEC(la_property *) property_list;

static bool push_numbered(la_mapper *mapper, la_property ***list, uint32_t *count, uint32_t *room,
                          la_property *property) {
  if (*count == *room) {
    uint32_t wanted = *room ? *room * 2 : 8;
    la_property **grown =
        la_realloc(mapper->alloc, *list, *room * sizeof **list, wanted * sizeof **list);
    if (grown == NULL) {
      return false;
    }
    *list = grown;
    *room = wanted;
  }
  (*list)[(*count)++] = property;
  return true;
}

/* A property with a copy of `key`, in no list yet. */
static la_status make_property(la_mapper *mapper, la_property_kind kind, la_text key, la_text group,
                               la_property **out, la_error *err) {
  la_property *property = la_arena_alloc_zero(&mapper->arena, sizeof *property);
  char *copy = la_arena_copy(&mapper->arena, key.bytes, key.len);
  if (property == NULL || copy == NULL) {
    return la_fail_nomem(err);
  }
  property->kind = kind;
  property->key = (la_text){copy, key.len};
  if (group.bytes != NULL) {
    copy = la_arena_copy(&mapper->arena, group.bytes, group.len);
    if (copy == NULL) {
      return la_fail_nomem(err);
    }
    property->group = (la_text){copy, group.len};
  }
  *out = property;
  return LA_OK;
}

/* Its column, and those of the bases' properties that it stands for, lead to `property`. */
static la_status note_columns(la_mapper *mapper, la_property *property, la_error *err) {
  for (const la_property *at = property; at != NULL; at = at->parent) {
    if (at->column != NULL &&
        !la_map_set_pointer(&mapper->by_column, mapper->alloc, at->column, property)) {
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}

/* Gives `property` its number, and its slot or link: those of the inherited property that it takes
 * the place of, or new ones. */
static la_status place_property(la_mapper *mapper, la_property *property, la_error *err) {
  la_property *old = la_map_get(&mapper->by_key, property->key);
  bool is_link = property->kind == LA_PROPERTY_RELATIONSHIP;
  bool has_slot = property->kind == LA_PROPERTY_COLUMN || property->kind == LA_PROPERTY_EXPRESSION;
  bool placed = true;
  if (old != NULL && old->kind == property->kind) {
    property->index = old->index;
    property->slot = old->slot;
    property->parent = old->parent;
    if (!la_map_set(&mapper->by_key, mapper->alloc, property->key, property)) {
      return la_fail_nomem(err);
    }
    mapper->properties.items[old->index] = property;
    if (has_slot) {
      mapper->slots[old->slot] = property;
    } else if (is_link) {
      mapper->links[old->slot] = property;
    }
    la_mapper_release_inner(mapper, old->attribute);
    la_node_release(old->expr);
    return LA_OK;
  }
  if (old != NULL) {
    return la_fail(err, LA_ARGUMENT,
                   "Property '%.*s' of mapper '%.*s' is mapped already as something else",
                   LA_TEXT_FORMAT(property->key), LA_TEXT_FORMAT(mapper->class_name));
  }
  property->index = (uint32_t)mapper->properties.count;
  if (!la_vec_reserve(mapper->alloc, &mapper->properties, 1) ||
      !la_map_set(&mapper->by_key, mapper->alloc, property->key, property)) {
    return la_fail_nomem(err);
  }
  property->slot = is_link ? mapper->link_count : mapper->slot_count;
  if (has_slot) {
    placed =
        push_numbered(mapper, &mapper->slots, &mapper->slot_count, &mapper->slot_room, property);
  } else if (is_link) {
    placed =
        push_numbered(mapper, &mapper->links, &mapper->link_count, &mapper->link_room, property);
  }
  if (!placed) {
    (void)la_map_remove(&mapper->by_key, property->key);
    return la_fail_nomem(err);
  }
  mapper->properties.items[mapper->properties.count++] = property;
  return LA_OK;
}

la_status la_mapper_make_attribute(la_mapper *mapper, la_property *property, la_error *err) {
  la_node *entity = la_mapper_entity(mapper);
  la_node *made = NULL;
  if (entity == NULL) {
    return la_fail_nomem(err);
  }
  LA_TRY(la_mapper_attribute(mapper->sql, property, entity, &made, err));
  la_mapper_release_inner(mapper, property->attribute);
  property->attribute = made;
  if (la_object_counted(made->subject) == &mapper->object) { /* not so for a base's relationship */
    la_mapper_note_inner(mapper);
  }
  return LA_OK;
}

void la_property_refresh(la_property *property) {
  const la_column *column = property->column;
  const la_type *type;
  if (property->kind == LA_PROPERTY_EXPRESSION) {
    type = property->expr->type;
  } else if (column != NULL) {
    type = column->type;
  } else {
    return;
  }
  property->flags &= ~(uint32_t)(LA_PROPERTY_HOST_TYPE | LA_PROPERTY_PLAIN |
                                 LA_PROPERTY_HOST_DEFAULT | LA_PROPERTY_FOREIGN_KEY);
  if (type != NULL && (type->flags & (LA_TYPE_HOST_RESULT | LA_TYPE_HOST_BIND))) {
    property->flags |= LA_PROPERTY_HOST_TYPE;
  }
  if (type == NULL || la_type_result_is_plain(type)) {
    property->flags |= LA_PROPERTY_PLAIN;
  }
  if (column != NULL) {
    if (column->defaults[LA_DEFAULT_INSERT].kind == LA_DEFAULT_HOST) {
      property->flags |= LA_PROPERTY_HOST_DEFAULT;
    }
    if (column->foreign_keys.count != 0) {
      property->flags |= LA_PROPERTY_FOREIGN_KEY;
    }
  }
}

/* A copy of the base's property for `mapper`. */
static la_status inherit_property(la_mapper *mapper, la_property *from, la_error *err) {
  la_property *property;
  if (la_map_get(&mapper->by_key, from->key) != NULL) {
    return LA_OK;
  }
  property = la_arena_alloc_zero(&mapper->arena, sizeof *property);
  if (property == NULL) {
    return la_fail_nomem(err);
  }
  *property = *from;
  property->attribute = NULL;
  property->parent = from;
  property->target = NULL;
  LA_TRY(place_property(mapper, property, err));
  la_node_retain(property->expr);
  LA_TRY(note_columns(mapper, property, err));
  if (from->kind == LA_PROPERTY_SYNONYM) {
    property->target = la_mapper_property(mapper, from->target->key);
    return LA_OK;
  }
  return la_mapper_make_attribute(mapper, property, err);
}

la_status la_mapper_inherit(la_mapper *mapper, la_error *err) {
  la_mapper *base = mapper->base;
  if (base == NULL) {
    return LA_OK;
  }
  for (size_t i = 0; i < base->properties.count; i++) {
    LA_TRY(inherit_property(mapper, base->properties.items[i], err));
  }
  mapper->polymorphic_on =
      base->polymorphic_on ? la_mapper_property(mapper, base->polymorphic_on->key) : NULL;
  mapper->version_column = mapper->version_column ? mapper->version_column : base->version_column;
  return LA_OK;
}

/* Subclasses made before get the new property too; they stand behind their bases in the registry.
 */
static la_status spread_property(la_mapper *mapper, la_property *property, la_error *err) {
  la_registry *registry = mapper->registry;
  la_mapper_raise_version(mapper);
  if (mapper->subclasses.count == 0 || registry == NULL) {
    return LA_OK;
  }
  for (size_t i = 0; i < registry->mappers.count; i++) {
    la_mapper *other = registry->mappers.items[i];
    if (other != mapper && la_mapper_is_a(other, mapper)) {
      la_property *above =
          other->base != NULL ? la_map_get(&other->base->by_key, property->key) : NULL;
      if (above != NULL) { /* not below a concrete class */
        LA_TRY(inherit_property(other, above, err));
      }
      la_mapper_raise_version(other);
    }
  }
  return LA_OK;
}

static la_status finish_property(la_mapper *mapper, la_property *property, la_property **out,
                                 la_error *err) {
  la_status status = place_property(mapper, property, err);
  if (status < 0) {
    la_node_release(property->expr);
    return status;
  }
  LA_TRY(note_columns(mapper, property, err));
  LA_TRY(la_mapper_make_attribute(mapper, property, err));
  if (out != NULL) {
    *out = property;
  }
  return spread_property(mapper, property, err);
}

static la_status fail_foreign_column(const la_mapper *mapper, const la_column *column,
                                     la_error *err) {
  return la_fail(err, LA_ARGUMENT, "Column '%.*s' is not a column of a table of mapper '%.*s'",
                 LA_TEXT_FORMAT(column->name), LA_TEXT_FORMAT(mapper->class_name));
}

la_status la_mapper_add_column(la_mapper *mapper, la_text key, la_column *column, uint32_t flags,
                               la_text group, la_property **out, la_error *err) {
  la_property *property;
  if (column->table == NULL || !la_mapper_has_table(mapper, column->table)) {
    return fail_foreign_column(mapper, column, err);
  }
  LA_TRY(make_property(mapper, LA_PROPERTY_COLUMN, key, group, &property, err));
  property->flags = flags;
  property->column = column;
  property->expr = la_expr_column(mapper->sql, column, NULL);
  if (property->expr == NULL) {
    return la_fail_nomem(err);
  }
  la_property_refresh(property);
  return finish_property(mapper, property, out, err);
}

la_status la_mapper_add_further_column(la_mapper *mapper, la_property *property, la_column *column,
                                       la_error *err) {
  la_property *further;
  if (la_mapper_property_of_column(mapper, column) == property) {
    return LA_OK; /* a base's column under the same name */
  }
  if (column->table == NULL || !la_mapper_has_table(mapper, column->table)) {
    return fail_foreign_column(mapper, column, err);
  }
  LA_TRY(make_property(mapper, LA_PROPERTY_COLUMN, property->key, LA_TEXT_NONE, &further, err));
  further->flags = LA_PROPERTY_FURTHER;
  further->column = column;
  further->expr = la_expr_column(mapper->sql, column, NULL);
  if (further->expr == NULL) {
    return la_fail_nomem(err);
  }
  while (property->parent != NULL && property->parent->flags & LA_PROPERTY_FURTHER) {
    property = property->parent;
  }
  further->parent = property->parent;
  property->parent = further;
  return note_columns(mapper, la_map_get(&mapper->by_key, property->key), err);
}

la_status la_mapper_add_expression(la_mapper *mapper, la_text key, la_node *expr, uint32_t flags,
                                   la_text group, la_property **out, la_error *err) {
  la_property *property;
  LA_TRY(make_property(mapper, LA_PROPERTY_EXPRESSION, key, group, &property, err));
  property->flags = flags | (mapper->primary_key != NULL ? LA_PROPERTY_LATE : 0);
  LA_TRY(la_strip_orm(mapper->sql, expr, &property->expr, err));
  la_property_refresh(property);
  return finish_property(mapper, property, out, err);
}

la_status la_mapper_add_synonym(la_mapper *mapper, la_text key, la_text target, la_property **out,
                                la_error *err) {
  la_property *property;
  LA_TRY(make_property(mapper, LA_PROPERTY_SYNONYM, key, LA_TEXT_NONE, &property, err));
  property->target = la_map_get(&mapper->by_key, target);
  if (property->target == NULL) {
    return la_fail(err, LA_ARGUMENT,
                   "Can't find attribute '%.*s' that synonym '%.*s' of mapper '%.*s' stands for",
                   LA_TEXT_FORMAT(target), LA_TEXT_FORMAT(key), LA_TEXT_FORMAT(mapper->class_name));
  }
  LA_TRY(place_property(mapper, property, err));
  if (out != NULL) {
    *out = property;
  }
  return spread_property(mapper, property, err);
}

la_status la_mapper_add_relationship(la_mapper *mapper, la_text key, la_relationship *relationship,
                                     la_property **out, la_error *err) {
  la_property *property;
  uint32_t held = relationship->object.references;
  la_status status =
      make_property(mapper, LA_PROPERTY_RELATIONSHIP, key, LA_TEXT_NONE, &property, err);
  if (status >= 0) {
    property->relationship = relationship;
    status = place_property(mapper, property, err);
  }
  if (status < 0) {
    la_object_release(relationship);
    return status;
  }
  /* From here on the relationship is counted through its mapper: its maker's reference becomes the
   * mapper's ownership. */
  mapper->object.references += held - 1;
  relationship->parent = mapper;
  relationship->property = property;
  relationship->key = property->key;
  relationship->link = property->slot;
  LA_TRY(la_mapper_make_attribute(mapper, property, err));
  if (out != NULL) {
    *out = property;
  }
  return spread_property(mapper, property, err);
}

static la_property *property_of_key_column(const la_mapper *mapper, la_column *column) {
  return la_mapper_property_of_column(mapper, column);
}

/* The root's key from its table or its options, a subclass's from its root's, property by property.
 */
static la_status find_primary_key(la_mapper *mapper, la_error *err) {
  la_mapper *root = mapper->root;
  la_column **columns = mapper->key_columns;
  uint32_t count = mapper->key_column_count;
  if (mapper != root) {
    count = root->primary_key_count;
  } else if (columns == NULL) {
    columns = mapper->table->primary_key->columns.items;
    count = (uint32_t)mapper->table->primary_key->columns.count;
  }
  mapper->primary_key =
      la_arena_alloc_zero(&mapper->arena, (count ? count : 1) * sizeof *mapper->primary_key);
  if (mapper->primary_key == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < count; i++) {
    la_property *property = mapper == root ? property_of_key_column(mapper, columns[i])
                                           : la_map_get(&mapper->by_key, root->primary_key[i]->key);
    if (property == NULL) {
      return la_fail(err, LA_ARGUMENT,
                     "Mapper Mapper[%.*s(%.*s)] does not map primary key column '%.*s'",
                     LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->table->name),
                     LA_TEXT_FORMAT(columns[i]->name));
    }
    property->flags |= LA_PROPERTY_PRIMARY_KEY;
    mapper->primary_key[i] = property;
  }
  mapper->primary_key_count = count;
  return LA_OK;
}

la_status la_mapper_finish(la_mapper *mapper, la_error *err) {
  la_column *autoincrement = la_table_autoincrement_column(mapper->root->table);
  LA_TRY(find_primary_key(mapper, err));
  mapper->autoincrement = NULL;
  if (autoincrement != NULL) {
    la_property *property = la_mapper_property_of_column(mapper->root, autoincrement);
    mapper->autoincrement = property != NULL ? la_map_get(&mapper->by_key, property->key) : NULL;
  }
  if (mapper->version_column != NULL) {
    mapper->version_property = la_mapper_property_of_column(mapper, mapper->version_column);
    if (mapper->version_property == NULL) {
      return la_fail(err, LA_ARGUMENT, "version_id_col '%.*s' of mapper '%.*s' is not mapped",
                     LA_TEXT_FORMAT(mapper->version_column->name),
                     LA_TEXT_FORMAT(mapper->class_name));
    }
    mapper->version_property->flags |= LA_PROPERTY_VERSION;
  }
  mapper->has_host_defaults = mapper->has_host_types = mapper->has_deferred = false;
  mapper->has_expressions = false;
  for (uint32_t i = 0; i < mapper->slot_count; i++) {
    la_property *property = mapper->slots[i];
    la_property_refresh(property);
    mapper->has_host_defaults |= (property->flags & LA_PROPERTY_HOST_DEFAULT) != 0;
    mapper->has_host_types |= (property->flags & LA_PROPERTY_HOST_TYPE) != 0;
    mapper->has_deferred |= (property->flags & LA_PROPERTY_DEFERRED) != 0;
    mapper->has_expressions |= property->kind == LA_PROPERTY_EXPRESSION;
  }
  la_mapper_raise_version(mapper);
  return LA_OK;
}

la_status la_mapper_set_polymorphic(la_mapper *mapper, la_property *on, const la_value *identity,
                                    la_error *err) {
  if (on != NULL) {
    on->flags |= LA_PROPERTY_POLYMORPHIC;
    mapper->polymorphic_on = on;
  }
  if (identity != NULL) {
    if (!la_value_copy(&mapper->arena, identity, &mapper->polymorphic_identity)) {
      return la_fail_nomem(err);
    }
    mapper->has_polymorphic_identity = true;
  }
  la_mapper_raise_version(mapper);
  la_mapper_raise_version(mapper->root);
  return LA_OK;
}

la_mapper *la_mapper_of_identity(const la_mapper *mapper, const la_value *value) {
  la_registry *registry = mapper->registry;
  const la_mapper *top = la_mapper_top(mapper);
  for (size_t i = 0; registry != NULL && i < registry->mappers.count; i++) {
    la_mapper *other = registry->mappers.items[i];
    if (other->has_polymorphic_identity && la_mapper_top(other) == top &&
        la_value_equal(&other->polymorphic_identity, value)) {
      return other;
    }
  }
  return NULL;
}

void la_mapper_flag_property(la_mapper *mapper, const la_property *property, uint32_t flags) {
  la_registry *registry = mapper->registry;
  for (size_t i = 0; registry != NULL && i < registry->mappers.count; i++) {
    la_mapper *other = registry->mappers.items[i];
    if (la_mapper_is_a(other, mapper)) {
      la_property *found = la_mapper_counterpart(other, property);
      if (found != NULL) {
        found->flags |= flags;
      }
    }
  }
}

/* Columns that took their type from a foreign key's target get nodes with that type. */
static la_status configure_mapper(la_mapper *mapper, la_error *err) {
  LA_TRY(la_mapper_resolve_tables(mapper, err));
  for (uint32_t i = 0; i < mapper->slot_count; i++) {
    la_property *property = mapper->slots[i];
    la_column *column = property->column;
    if (column != NULL && column->type != NULL && property->expr->type != column->type) {
      la_node *expr = la_expr_column(mapper->sql, column, NULL);
      if (expr == NULL) {
        return la_fail_nomem(err);
      }
      la_node_release(property->expr);
      property->expr = expr;
      LA_TRY(la_mapper_make_attribute(mapper, property, err));
    }
    la_property_refresh(property);
    mapper->has_host_types |= (property->flags & LA_PROPERTY_HOST_TYPE) != 0;
  }
  mapper->configured = true;
  return LA_OK;
}

la_status la_registry_configure(la_registry *registry, la_error *err) {
  if (registry->configured) {
    return LA_OK;
  }
  for (size_t i = 0; i < registry->mappers.count; i++) {
    if (!registry->mappers.items[i]->configured) {
      LA_TRY(configure_mapper(registry->mappers.items[i], err));
    }
  }
  registry->configured = true;
  return LA_OK;
}
