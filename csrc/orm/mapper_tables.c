/* SPDX-License-Identifier: MIT */
/*
 * The tables of mappers: one, or those of the join that a class is mapped to.
 *
 *   users JOIN addresses ON users.id = addresses.user_id
 *
 * Objects of such a class have a row in each. They are known by the keys of all its tables, without
 * those columns that only repeat another's.
 */
#include "orm/mapper_internal.h"
#include "sql/walk.h"

static la_status add_table(la_mapper *mapper, la_table *table, la_error *err) {
  for (size_t i = 0; i < mapper->tables.count; i++) {
    if (mapper->tables.items[i] == table) {
      return la_fail(err, LA_ARGUMENT,
                     "Mapper '%.*s' is mapped to a join that has table '%.*s' twice",
                     LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(table->name));
    }
  }
  if (!la_vec_push(mapper->alloc, &mapper->tables, table)) {
    return la_fail_nomem(err);
  }
  la_object_retain(table);
  return LA_OK;
}

typedef LA_VEC(const la_node *) node_stack;

static la_status add_join(la_mapper *mapper, node_stack *stack, la_error *err) {
  while (stack->count != 0) {
    const la_node *from = stack->items[--stack->count];
    if (from->kind == LA_NODE_JOIN) {
      if (!la_vec_push(mapper->alloc, stack, from->children[1]) ||
          !la_vec_push(mapper->alloc, stack, from->children[0])) {
        return la_fail_nomem(err);
      }
    } else if (from->kind == LA_NODE_TABLE) {
      LA_TRY(add_table(mapper, la_from_base_table(from), err));
    } else {
      return la_fail(err, LA_ARGUMENT,
                     "Mapper '%.*s' is mapped to a join of something else than tables",
                     LA_TEXT_FORMAT(mapper->class_name));
    }
  }
  return LA_OK;
}

/* The columns of the keys of all tables, and which of them repeat another. */
typedef struct key_parts {
  LA_VEC(la_column *) columns;
  bool *repeats;
} key_parts;

static size_t place_of(const key_parts *key, const la_node *node) {
  size_t at = 0;
  while (at < key->columns.count &&
         !(node->kind == LA_NODE_COLUMN && node->subject == (const void *)key->columns.items[at])) {
    at++;
  }
  return at;
}

/* Of two key columns that a condition of the join equates, the later one repeats the other. */
static la_walk_answer note_equal(const la_node *node, void *context) {
  key_parts *key = context;
  size_t left, right;
  if (node->kind != LA_NODE_BINARY || node->op != LA_OP_EQ) {
    return LA_WALK_CONTINUE;
  }
  left = place_of(key, node->children[0]);
  right = place_of(key, node->children[1]);
  if (left < key->columns.count && right < key->columns.count && left != right &&
      !key->repeats[left] && !key->repeats[right]) {
    key->repeats[left > right ? left : right] = true;
  }
  return LA_WALK_CONTINUE;
}

static la_status keep_key(la_mapper *mapper, const key_parts *key, la_error *err) {
  mapper->key_columns =
      la_arena_alloc(&mapper->arena, key->columns.count * sizeof *mapper->key_columns);
  if (mapper->key_columns == NULL) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < key->columns.count; i++) {
    if (!key->repeats[i]) {
      mapper->key_columns[mapper->key_column_count++] = key->columns.items[i];
    }
  }
  return LA_OK;
}

static la_status find_key(la_mapper *mapper, la_error *err) {
  key_parts key = {0};
  la_status status = LA_OK;
  for (size_t i = 0; i < mapper->tables.count && status >= 0; i++) {
    const la_constraint *own = mapper->tables.items[i]->primary_key;
    for (size_t j = 0; own != NULL && j < own->columns.count && status >= 0; j++) {
      status = la_vec_push(mapper->alloc, &key.columns, own->columns.items[j]) ? LA_OK
                                                                               : la_fail_nomem(err);
    }
  }
  if (status >= 0 && key.columns.count != 0) {
    key.repeats = la_arena_alloc_zero(&mapper->arena, key.columns.count * sizeof *key.repeats);
    status = key.repeats != NULL ? la_walk(mapper->alloc, mapper->join, note_equal, &key, err)
                                 : la_fail_nomem(err);
  }
  if (status >= 0 && key.columns.count != 0) {
    status = keep_key(mapper, &key, err);
  }
  la_vec_clear(mapper->alloc, &key.columns);
  return status;
}

la_status la_mapper_take_tables(la_mapper *mapper, la_node *join, la_error *err) {
  node_stack stack = {0};
  la_status status;
  if (join == NULL) {
    return mapper->base != NULL && mapper->base->table == mapper->table
               ? LA_OK
               : add_table(mapper, mapper->table, err);
  }
  mapper->join = la_node_retain(join);
  status = la_vec_push(mapper->alloc, &stack, mapper->join) ? add_join(mapper, &stack, err)
                                                            : la_fail_nomem(err);
  la_vec_clear(mapper->alloc, &stack);
  if (status >= 0 && mapper->key_column_count == 0 && mapper->base == NULL) {
    status = find_key(mapper, err);
  }
  return status;
}

static bool refers_to(const la_table *from, const la_table *to) {
  for (size_t i = 0; i < from->columns.count; i++) {
    const la_column *column = from->columns.items[i];
    for (size_t j = 0; j < column->foreign_keys.count; j++) {
      if (column->foreign_keys.items[j]->referred == to) {
        return true;
      }
    }
  }
  return false;
}

/* The first table from `at` on that refers to none of the others there; `at` if all do. */
static size_t next_table(const la_mapper *mapper, size_t at) {
  for (size_t i = at; i < mapper->tables.count; i++) {
    bool is_free = true;
    for (size_t j = at; j < mapper->tables.count; j++) {
      is_free &= i == j || !refers_to(mapper->tables.items[i], mapper->tables.items[j]);
    }
    if (is_free) {
      return i;
    }
  }
  return at;
}

la_status la_mapper_resolve_tables(la_mapper *mapper, la_error *err) {
  for (size_t i = 0; i < mapper->tables.count; i++) {
    LA_TRY(la_table_resolve(mapper->tables.items[i], err));
  }
  for (size_t i = 0; i < mapper->tables.count; i++) {
    size_t found = next_table(mapper, i);
    la_table *table = mapper->tables.items[found];
    memmove(&mapper->tables.items[i + 1], &mapper->tables.items[i],
            (found - i) * sizeof *mapper->tables.items);
    mapper->tables.items[i] = table;
  }
  return LA_OK;
}

bool la_mapper_adds_table(const la_mapper *mapper, const la_table *table) {
  for (size_t i = 0; i < mapper->tables.count; i++) {
    if (mapper->tables.items[i] == table) {
      return true;
    }
  }
  return false;
}

bool la_mapper_has_table(const la_mapper *mapper, const la_table *table) {
  while (mapper != NULL && !la_mapper_adds_table(mapper, table)) {
    mapper = mapper->base;
  }
  return mapper != NULL;
}
