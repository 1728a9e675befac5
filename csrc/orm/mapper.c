/* SPDX-License-Identifier: MIT */
/*
 * Lives of mappers, and how they are found.
 *
 * A mapper's own nodes (its ENTITY, its properties' ATTRIBUTEs) name it as their subject and so
 * count it, and it counts them. `inner` is how many references of that kind there are; they are
 * taken out of the mapper's count, so the count holds only what others hold. When that falls to
 * nothing the inner references are counted again and the nodes given up: if a statement still holds
 * one of them, the mapper lives on through it, without nodes of its own, until the statement goes.
 */
#include "orm/mapper_internal.h"
#include "sql/from.h"
#include "sql/select.h"

static void destroy_registry(la_object *object) {
  la_registry *registry = (la_registry *)(void *)object;
  for (size_t i = 0; i < registry->mappers.count; i++) {
    registry->mappers.items[i]->registry = NULL;
  }
  la_vec_clear(registry->alloc, &registry->mappers);
  la_free(registry->alloc, registry, sizeof *registry);
}

static const la_object_class registry_class = {.name = "registry", .destroy = destroy_registry};

la_registry *la_registry_new(const la_sql *sql) {
  la_registry *registry = la_alloc_zero(sql->alloc, sizeof *registry);
  if (registry != NULL) {
    la_object_init(&registry->object, &registry_class);
    registry->alloc = sql->alloc;
    registry->sql = sql;
  }
  return registry;
}

la_status la_registry_find(const la_registry *registry, la_text name, la_mapper **out,
                           la_error *err) {
  la_mapper *found = NULL;
  for (size_t i = 0; i < registry->mappers.count; i++) {
    la_mapper *mapper = registry->mappers.items[i];
    if (la_text_equal(mapper->class_name, name)) {
      if (found != NULL) {
        return la_fail(err, LA_INVALID_REQUEST,
                       "Multiple classes found for path \"%.*s\" in the registry of this "
                       "declarative base. Please use a "
                       "fully module-qualified path.",
                       LA_TEXT_FORMAT(name));
      }
      found = mapper;
    }
  }
  if (found == NULL) {
    return la_fail(err, LA_INVALID_REQUEST, "expression '%.*s' failed to locate a name ('%.*s')",
                   LA_TEXT_FORMAT(name), LA_TEXT_FORMAT(name));
  }
  *out = found;
  return LA_OK;
}

/* True if `mapper` is a subclass whose columns the relationship's alias has. */
static bool leads_to(const la_relationship *relationship, const la_mapper *mapper) {
  for (uint32_t i = 0; i < relationship->below_count; i++) {
    if (relationship->below[i] == mapper) {
      return true;
    }
  }
  return false;
}

/* Others of the registry forget a mapper that goes. */
static void leave_registry(la_mapper *mapper) {
  la_registry *registry = mapper->registry;
  size_t kept = 0;
  if (registry == NULL) {
    return;
  }
  for (size_t i = 0; i < registry->mappers.count; i++) {
    la_mapper *other = registry->mappers.items[i];
    if (other == mapper) {
      continue;
    }
    registry->mappers.items[kept++] = other;
    for (uint32_t l = 0; l < other->link_count; l++) {
      la_relationship *relationship = other->links[l]->relationship;
      if (relationship->target == mapper || leads_to(relationship, mapper)) {
        la_relationship_forget_target(relationship);
      }
    }
  }
  registry->mappers.count = kept;
  registry->epoch++;
}

static void leave_base(la_mapper *mapper) {
  la_mapper *base = mapper->base != NULL ? mapper->base : mapper->concrete_base;
  if (base == NULL) {
    return;
  }
  for (size_t i = 0; i < base->subclasses.count; i++) {
    if (base->subclasses.items[i] == mapper) {
      memmove(&base->subclasses.items[i], &base->subclasses.items[i + 1],
              (base->subclasses.count - i - 1) * sizeof *base->subclasses.items);
      base->subclasses.count--;
      break;
    }
  }
}

void la_mapper_withdraw(la_mapper *mapper) {
  leave_registry(mapper);
  leave_base(mapper);
  mapper->registry = NULL;
}

static void drop_selects(la_mapper *mapper) {
  for (size_t i = 0; i < 2; i++) {
    la_node_release(mapper->selects[i]);
    mapper->selects[i] = NULL;
  }
}

static void drop_nodes(la_mapper *mapper) {
  for (size_t i = 0; i < mapper->properties.count; i++) {
    la_property *property = mapper->properties.items[i];
    la_node_release(property->attribute);
    property->attribute = NULL;
  }
  drop_selects(mapper);
  la_node_release(mapper->entity);
  mapper->entity = NULL;
}

static void free_mapper(la_mapper *mapper) {
  la_mapper *base = mapper->base, *concrete_base = mapper->concrete_base;
  leave_registry(mapper);
  leave_base(mapper);
  for (size_t i = 0; i < mapper->properties.count; i++) {
    la_property *property = mapper->properties.items[i];
    la_node_release(property->expr);
    for (const la_property *next = property->parent;
         next != NULL && next->flags & LA_PROPERTY_FURTHER; next = next->parent) {
      la_node_release(next->expr);
    }
    if (property->relationship != NULL && property->parent == NULL) {
      la_relationship_free(property->relationship);
    }
  }
  la_node_release(mapper->inherit_condition);
  la_node_release(mapper->element);
  la_node_release(mapper->join);
  la_object_release(mapper->loads);
  for (size_t i = 0; i < mapper->tables.count; i++) {
    la_object_release(mapper->tables.items[i]);
  }
  la_vec_clear(mapper->alloc, &mapper->tables);
  la_vec_clear(mapper->alloc, &mapper->properties);
  la_vec_clear(mapper->alloc, &mapper->subclasses);
  la_map_clear(&mapper->by_key, mapper->alloc);
  la_map_clear(&mapper->by_column, mapper->alloc);
  la_free(mapper->alloc, mapper->slots, mapper->slot_room * sizeof *mapper->slots);
  la_free(mapper->alloc, mapper->links, mapper->link_room * sizeof *mapper->links);
  la_arena_clear(&mapper->arena);
  la_object_release(mapper->table);
  la_free(mapper->alloc, mapper, sizeof *mapper);
  la_object_release(base);
  la_object_release(concrete_base);
}

static void destroy_mapper(la_object *object) {
  la_mapper *mapper = (la_mapper *)(void *)object;
  mapper->object.references = mapper->inner + 1;
  mapper->inner = 0;
  drop_nodes(mapper);
  if (--mapper->object.references == 0) {
    free_mapper(mapper);
  }
}

const la_object_class la_mapper_class = {.name = "mapper", .destroy = destroy_mapper};

void la_mapper_note_inner(la_mapper *mapper) {
  mapper->object.references--;
  mapper->inner++;
}

void la_mapper_release_inner(la_mapper *mapper, la_node *node) {
  if (node != NULL && la_object_counted(node->subject) == &mapper->object) {
    mapper->object.references++;
    mapper->inner--;
  }
  la_node_release(node);
}

void la_mapper_raise_version(la_mapper *mapper) {
  mapper->version++;
  mapper->object.id = mapper->version;
  mapper->configured = false;
  la_object_release(mapper->loads);
  mapper->loads = NULL;
  if (mapper->registry != NULL) {
    mapper->registry->configured = false;
    mapper->registry->epoch++;
  }
}

/* What the mapper adds to its base's FROM element. */
static la_node *joined_or_table(la_mapper *mapper) {
  return mapper->join != NULL ? la_node_retain(mapper->join)
                              : la_from_table(mapper->sql, mapper->table);
}

/* How rows of the class's own table and its base's belong together. */
static la_status find_inherit_condition(la_mapper *mapper, la_node *given, la_error *err) {
  la_table *inherited;
  la_node *left, *right;
  la_status status;
  la_error inner = LA_ERROR_INIT;
  if (mapper->base == NULL || mapper->base->table == mapper->table) {
    return LA_OK;
  }
  if (given != NULL) {
    return la_strip_orm(mapper->sql, given, &mapper->inherit_condition, err);
  }
  inherited = mapper->base->table;
  left = joined_or_table(mapper->base);
  right = joined_or_table(mapper);
  status =
      left != NULL && right != NULL
          ? la_from_join_condition(mapper->sql, left, right, &mapper->inherit_condition, &inner)
          : la_fail_nomem(&inner);
  la_node_release(left);
  la_node_release(right);
  if (status == LA_NO_FOREIGN_KEYS || status == LA_AMBIGUOUS_FOREIGN_KEYS) {
    const char *why = status == LA_NO_FOREIGN_KEYS
                          ? "tables have no foreign key relationships established. Please ensure "
                            "the inheriting table has a foreign key relationship to the inherited "
                            "table, or provide an 'on clause' using"
                          : "tables have more than one foreign key relationship established. "
                            "Please specify the 'on clause' explicitly using";
    return la_fail(err, status,
                   "Can't determine the inherit condition between inherited table '%.*s' and "
                   "inheriting table '%.*s'; %s the 'inherit_condition' mapper argument of %.*s.",
                   LA_TEXT_FORMAT(inherited->name), LA_TEXT_FORMAT(mapper->table->name), why,
                   LA_TEXT_FORMAT(mapper->class_name));
  }
  return status < 0 ? la_fail(err, status, "%s", inner.message) : LA_OK;
}

/* The FROM element of the class: its table, or the join of its bases' tables and its own. */
static la_status make_from(la_mapper *mapper, la_node **out, la_error *err) {
  la_node *inherited = mapper->base != NULL ? la_mapper_entity(mapper->base) : NULL;
  la_node *table;
  la_status status;
  if (mapper->element != NULL) {
    *out = la_node_retain(mapper->element);
    return LA_OK;
  }
  if (mapper->base != NULL && inherited == NULL) {
    return la_fail_nomem(err);
  }
  if (inherited != NULL && mapper->inherit_condition == NULL) {
    *out = la_node_retain(inherited->children[0]);
    return LA_OK;
  }
  table = joined_or_table(mapper);
  if (table == NULL || inherited == NULL) {
    *out = table;
    return table != NULL ? LA_OK : la_fail_nomem(err);
  }
  status = la_from_join(mapper->sql, inherited->children[0], table, mapper->inherit_condition, 0,
                        out, err);
  la_node_release(table);
  return status;
}

static la_status make_entity(la_mapper *mapper, la_error *err) {
  la_node *from = NULL;
  LA_TRY(make_from(mapper, &from, err));
  mapper->entity = la_node_new(
      mapper->alloc,
      &(la_node_parts){.kind = LA_NODE_ENTITY, .subject = mapper, .children = &from, .count = 1});
  la_node_release(from);
  if (mapper->entity == NULL) {
    return la_fail_nomem(err);
  }
  la_mapper_note_inner(mapper);
  return LA_OK;
}

la_node *la_mapper_entity(la_mapper *mapper) {
  if (mapper->entity == NULL) {
    la_error ignored = LA_ERROR_INIT;
    (void)make_entity(mapper, &ignored);
  }
  return mapper->entity;
}

la_node *la_mapper_select(la_mapper *mapper, bool legacy) {
  la_node **select = &mapper->selects[legacy];
  if (*select == NULL && la_mapper_entity(mapper) != NULL) {
    *select = la_select_flagged(mapper->sql, &mapper->entity, 1, legacy ? LA_SELECT_LEGACY : 0u);
  }
  return la_node_retain(*select);
}

la_status la_mapper_set_element(la_mapper *mapper, la_node *element, la_error *err) {
  la_node *old = mapper->element;
  mapper->element = la_node_retain(element);
  la_node_release(old);
  drop_selects(mapper);
  la_mapper_release_inner(mapper, mapper->entity);
  mapper->entity = NULL;
  LA_TRY(make_entity(mapper, err));
  for (size_t i = 0; i < mapper->properties.count; i++) {
    if (mapper->properties.items[i]->kind != LA_PROPERTY_SYNONYM) {
      LA_TRY(la_mapper_make_attribute(mapper, mapper->properties.items[i], err));
    }
  }
  mapper->polymorphic_all = true;
  la_mapper_raise_version(mapper);
  return LA_OK;
}

static la_status copy_options(la_mapper *mapper, const la_mapper_options *options, la_error *err) {
  char *name = la_arena_copy(&mapper->arena, options->class_name.bytes, options->class_name.len);
  if (name == NULL) {
    return la_fail_nomem(err);
  }
  mapper->class_name = (la_text){name, options->class_name.len};
  mapper->host = options->host;
  mapper->version_column = options->version_id;
  mapper->version_source = options->version_source;
  mapper->version_host = options->version_host;
  mapper->eager_defaults = options->eager_defaults;
  mapper->confirm_deleted_rows = options->confirm_deleted_rows;
  mapper->allow_partial_keys = options->allow_partial_keys;
  mapper->passive_updates = !options->active_updates;
  mapper->passive_deletes =
      options->passive_deletes || (options->base != NULL && options->base->passive_deletes);
  mapper->legacy_is_orphan = options->legacy_is_orphan;
  mapper->batch = true;
  mapper->joined = options->join != NULL;
  if (options->primary_key_count != 0) {
    mapper->key_columns =
        la_arena_alloc(&mapper->arena, options->primary_key_count * sizeof *mapper->key_columns);
    if (mapper->key_columns == NULL) {
      return la_fail_nomem(err);
    }
    memcpy(mapper->key_columns, options->primary_key,
           options->primary_key_count * sizeof *mapper->key_columns);
    mapper->key_column_count = options->primary_key_count;
  }
  return LA_OK;
}

la_status la_mapper_set_concrete_base(la_mapper *mapper, la_mapper *base, la_error *err) {
  if (mapper->base != NULL || mapper->concrete_base != NULL || la_mapper_is_a(base, mapper)) {
    return la_fail(err, LA_INVALID_REQUEST, "Mapper '%.*s' inherits from a class already",
                   LA_TEXT_FORMAT(mapper->class_name));
  }
  if (!la_vec_push(base->alloc, &base->subclasses, mapper)) {
    return la_fail_nomem(err);
  }
  mapper->concrete_base = la_object_retain(base);
  la_mapper_raise_version(mapper);
  la_mapper_raise_version(base);
  return LA_OK;
}

static la_status join_hierarchy(la_mapper *mapper, la_mapper *base, bool concrete, la_error *err) {
  mapper->root = mapper;
  if (base == NULL) {
    return LA_OK;
  }
  if (concrete) {
    return la_mapper_set_concrete_base(mapper, base, err);
  }
  if (!la_vec_push(base->alloc, &base->subclasses, mapper)) {
    return la_fail_nomem(err);
  }
  mapper->base = la_object_retain(base);
  mapper->root = base->root;
  mapper->joined |= base->joined || base->table != mapper->table;
  return LA_OK;
}

static la_status check_primary_key(const la_mapper *mapper, la_error *err) {
  if (mapper->root == mapper && mapper->key_column_count == 0 &&
      (mapper->table->primary_key == NULL || mapper->table->primary_key->columns.count == 0)) {
    return la_fail(err, LA_ARGUMENT,
                   "Mapper Mapper[%.*s(%.*s)] could not assemble any primary key columns for "
                   "mapped table '%.*s'",
                   LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->table->name),
                   LA_TEXT_FORMAT(mapper->table->name));
  }
  return LA_OK;
}

la_status la_mapper_new(la_registry *registry, const la_mapper_options *options, la_mapper **out,
                        la_error *err) {
  la_mapper *mapper;
  la_status status;
  la_table *table = options->table != NULL  ? options->table
                    : options->base != NULL ? options->base->table
                                            : NULL;
  if (table == NULL) {
    return la_fail(err, LA_ARGUMENT, "Mapper '%.*s' has no table",
                   LA_TEXT_FORMAT(options->class_name));
  }
  mapper = la_alloc_zero(registry->alloc, sizeof *mapper);
  if (mapper == NULL) {
    return la_fail_nomem(err);
  }
  la_object_init(&mapper->object, &la_mapper_class);
  mapper->alloc = registry->alloc;
  mapper->sql = registry->sql;
  mapper->table = la_object_retain(table);
  mapper->serial = registry->next_serial++;
  la_arena_init(&mapper->arena, registry->alloc);
  status = copy_options(mapper, options, err);
  if (status >= 0) {
    status = join_hierarchy(mapper, options->base, options->concrete, err);
  }
  if (status >= 0) {
    status = la_mapper_take_tables(mapper, options->join, err);
  }
  if (status >= 0) {
    status = check_primary_key(mapper, err);
  }
  if (status >= 0) {
    status = find_inherit_condition(mapper, options->inherit_condition, err);
  }
  if (status >= 0) {
    status = make_entity(mapper, err);
  }
  if (status >= 0 && !la_vec_push(registry->alloc, &registry->mappers, mapper)) {
    status = la_fail_nomem(err);
  }
  if (status >= 0) {
    mapper->registry = registry;
    la_mapper_raise_version(mapper);
    status = la_mapper_inherit(mapper, err);
  }
  if (status < 0) {
    la_object_release(mapper);
    return status;
  }
  *out = mapper;
  return LA_OK;
}

la_property *la_mapper_property(const la_mapper *mapper, la_text key) {
  la_property *property = la_map_get(&mapper->by_key, key);
  for (uint32_t hops = 0; property != NULL && property->kind == LA_PROPERTY_SYNONYM && hops < 64;
       hops++) {
    property = property->target;
  }
  return property;
}

la_property *la_mapper_property_of_column(const la_mapper *mapper, const la_column *column) {
  return la_map_get_pointer(&mapper->by_column, column);
}

la_property *la_mapper_counterpart(const la_mapper *mapper, const la_property *property) {
  la_property *found;
  if (property->index < mapper->properties.count &&
      mapper->properties.items[property->index] == property) {
    return mapper->properties.items[property->index];
  }
  found = la_map_get(&mapper->by_key, property->key);
  return found;
}

bool la_mapper_is_a(const la_mapper *mapper, const la_mapper *base) {
  while (mapper != NULL && mapper != base) {
    mapper = mapper->base != NULL ? mapper->base : mapper->concrete_base;
  }
  return mapper != NULL;
}

const la_mapper *la_mapper_top(const la_mapper *mapper) {
  while (mapper->root->concrete_base != NULL) {
    mapper = mapper->root->concrete_base;
  }
  return mapper->root;
}

void la_mapper_describe(const la_mapper *mapper, la_strbuf *out) {
  la_strbuf_string(out, "Mapper[");
  la_strbuf_text(out, mapper->class_name);
  la_strbuf_char(out, '(');
  la_strbuf_text(out, mapper->table->name);
  la_strbuf_string(out, ")]");
}
