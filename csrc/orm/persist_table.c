/* SPDX-License-Identifier: MIT */
/*
 * Which tables the objects of a mapper have rows in, and which attribute gives which column.
 */
#include "orm/flush_internal.h"

/* Through foreign keys from a joined table's key to its base's. */
static la_property *inherited_property(const la_mapper *mapper, const la_column *column) {
  for (size_t i = 0; i < column->foreign_keys.count; i++) {
    const la_constraint *key = column->foreign_keys.items[i];
    for (size_t j = 0; j < key->columns.count && j < key->referred_columns.count; j++) {
      if (key->columns.items[j] == column && la_mapper_has_table(mapper, key->referred)) {
        return la_mapper_property_of_column(mapper, key->referred_columns.items[j]);
      }
    }
  }
  return NULL;
}

/* The property of a concrete class under the name that `column`, one of its base's, has there. */
static la_property *property_by_name(const la_mapper *mapper, const la_column *column) {
  const la_mapper *base = mapper->root->concrete_base;
  const la_property *property = NULL;
  while (base != NULL && property == NULL) {
    property = la_mapper_property_of_column(base, column);
    base = base->root->concrete_base;
  }
  return property != NULL ? la_map_get(&mapper->by_key, property->key) : NULL;
}

la_property *la_persist_property(const la_mapper *mapper, const la_column *column) {
  la_property *property = la_mapper_property_of_column(mapper, column);
  if (property == NULL && column->primary_key && mapper->base != NULL) {
    property = inherited_property(mapper, column);
  }
  if (property == NULL && mapper->root->concrete_base != NULL) {
    property = property_by_name(mapper, column);
  }
  return property;
}

/* How many tables stand above `table` in the chain of bases; LA_FLUSH_NONE if it is none of
 * theirs. */
static uint32_t depth_of(const la_mapper *mapper, const la_table *table) {
  uint32_t above = 0;
  bool found = false;
  for (const la_mapper *m = mapper; m != NULL; m = m->base) {
    for (size_t i = m->tables.count; i-- > 0;) {
      above += found ? 1 : 0;
      found |= m->tables.items[i] == table;
    }
  }
  return found ? above : LA_FLUSH_NONE;
}

/* True if the mapper that adds `table` to the chain leaves deletes of its rows to the database. */
static bool is_passive(const la_mapper *mapper, const la_table *table) {
  bool found = false;
  for (const la_mapper *m = mapper; m->base != NULL; m = m->base) {
    found = found || (la_mapper_adds_table(m, table) && m->passive_deletes);
  }
  return found;
}

static bool is_key(const la_mapper *mapper, const la_column *column) {
  for (uint32_t i = 0; i < mapper->primary_key_count; i++) {
    if (mapper->primary_key[i]->column == column) {
      return true;
    }
  }
  return column->primary_key;
}

static bool is_made_by_database(const la_column *column) {
  const la_default *defaults = column->defaults;
  return column->computed != NULL || defaults[LA_DEFAULT_SERVER_INSERT].kind != LA_DEFAULT_NONE ||
         defaults[LA_DEFAULT_SERVER_UPDATE].kind != LA_DEFAULT_NONE ||
         defaults[LA_DEFAULT_INSERT].kind == LA_DEFAULT_EXPR ||
         defaults[LA_DEFAULT_UPDATE].kind == LA_DEFAULT_EXPR;
}

static la_table_map *make_map(la_flush *flush, la_mapper *mapper, la_table *table, uint32_t depth) {
  uint32_t count = (uint32_t)table->columns.count;
  la_table_map *map = la_arena_alloc_zero(&flush->lasting, sizeof *map);
  const la_mapper *root = mapper->root;
  bool of_root = la_mapper_adds_table(root, table);
  la_column *autoincrement = of_root ? la_table_autoincrement_column(table) : NULL;
  if (map == NULL) {
    return NULL;
  }
  *map = (la_table_map){.mapper = mapper,
                        .table = table,
                        .mapper_version = mapper->version,
                        .table_version = table->metadata->version,
                        .count = count,
                        .depth = depth};
  map->properties = la_arena_alloc_zero(&flush->lasting, (count + 1) * sizeof *map->properties);
  map->shape = la_arena_alloc_zero(&flush->lasting, count + 1);
  map->keys = la_arena_alloc_zero(&flush->lasting, (count + 1) * sizeof *map->keys);
  map->primary = la_arena_alloc_zero(&flush->lasting, (count + 1) * sizeof *map->primary);
  if (map->properties == NULL || map->shape == NULL || map->keys == NULL || map->primary == NULL) {
    return NULL;
  }
  map->passive_deletes = is_passive(mapper, table);
  map->follows_key = !of_root && mapper->passive_updates;
  map->completes_key = table == root->tables.items[root->tables.count - 1];
  for (uint32_t i = 0; i < count; i++) {
    map->properties[i] = la_persist_property(mapper, table->columns.items[i]);
    map->primary[i] = is_key(mapper, table->columns.items[i]);
    map->may_expire |= is_made_by_database(table->columns.items[i]);
  }
  if (autoincrement != NULL) {
    map->autoincrement = map->properties[autoincrement->ordinal];
  }
  return map;
}

la_status la_flush_table_map(la_flush *flush, la_mapper *mapper, la_table *table,
                             la_table_map **out, la_error *err) {
  la_table_map *map = flush->maps;
  uint32_t depth;
  while (map != NULL && !(map->mapper == mapper && map->table == table)) {
    map = map->next;
  }
  if (map == NULL) {
    depth = depth_of(mapper, table);
    if (depth == LA_FLUSH_NONE) {
      *out = NULL;
      return LA_OK;
    }
    map = make_map(flush, mapper, table, depth);
    if (map == NULL) {
      return la_fail_nomem(err);
    }
    map->next = flush->maps;
    flush->maps = map;
    flush->map_count++;
    la_object_retain(mapper);
  }
  *out = map;
  return LA_OK;
}

/* Before the tables that stand below it, else behind those that are there. */
static la_status add_table(la_flush *flush, const la_mapper *mapper, la_table *table,
                           la_error *err) {
  size_t at = flush->tables.count;
  for (size_t i = flush->tables.count; i-- > 0;) {
    if (flush->tables.items[i] == table) {
      return LA_OK;
    }
    if (la_mapper_has_table(mapper, flush->tables.items[i]) &&
        depth_of(mapper, flush->tables.items[i]) > depth_of(mapper, table)) {
      at = i;
    }
  }
  if (!la_vec_reserve(flush->alloc, &flush->tables, 1)) {
    return la_fail_nomem(err);
  }
  memmove(flush->tables.items + at + 1, flush->tables.items + at,
          (flush->tables.count - at) * sizeof *flush->tables.items);
  flush->tables.items[at] = table;
  flush->tables.count++;
  return LA_OK;
}

la_status la_flush_batch_tables(la_flush *flush, la_error *err) {
  la_mapper *last = NULL;
  bool one = true;
  for (size_t i = 0; i < flush->batch.count; i++) {
    la_mapper *mapper = flush->records.items[flush->batch.items[i]].instance->mapper;
    one &= last == NULL || mapper == last;
    last = mapper;
  }
  if (one && last == flush->tables_of) {
    return LA_OK;
  }
  flush->tables.count = 0;
  flush->tables_of = NULL;
  for (size_t i = 0; i < flush->batch.count; i++) {
    la_mapper *mapper = flush->records.items[flush->batch.items[i]].instance->mapper;
    if (i > 0 && mapper == flush->records.items[flush->batch.items[i - 1]].instance->mapper) {
      continue;
    }
    if (mapper->read_only) {
      return la_fail(err, LA_INVALID_REQUEST,
                     "objects of class %.*s can't be written: it is mapped to a select",
                     LA_TEXT_FORMAT(mapper->class_name));
    }
    for (const la_mapper *m = mapper; m != NULL; m = m->base) {
      for (size_t j = m->tables.count; j-- > 0;) {
        LA_TRY(add_table(flush, mapper, m->tables.items[j], err));
      }
    }
  }
  flush->tables_of = one ? last : NULL;
  return LA_OK;
}
