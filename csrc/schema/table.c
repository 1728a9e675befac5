/* SPDX-License-Identifier: MIT */
#include "schema/schema_internal.h"

void la_table_dispose(la_table *table) {
  la_allocator *alloc = table->metadata->alloc;
  for (size_t i = 0; i < table->indexes.count; i++) {
    la_index_dispose(table->indexes.items[i]);
  }
  for (size_t i = 0; i < table->constraints.count; i++) {
    la_constraint_dispose(table->constraints.items[i]);
  }
  for (size_t i = 0; i < table->columns.count; i++) {
    la_column_dispose(table->columns.items[i]);
  }
  la_vec_clear(alloc, &table->indexes);
  la_vec_clear(alloc, &table->constraints);
  la_vec_clear(alloc, &table->columns);
  la_vec_clear(alloc, &table->prefixes);
  la_map_clear(&table->columns_by_key, alloc);
  la_map_clear(&table->columns_by_name, alloc);
  la_map_clear(&table->options, alloc);
  la_free(alloc, table, sizeof *table);
}

/* ---- columns ---- */

static la_status check_new_column(const la_table *table, const la_column *column, la_error *err) {
  if (column->table != NULL) {
    return la_fail(err, LA_ARGUMENT, "Column object '%.*s' already assigned to Table '%.*s'",
                   LA_TEXT_FORMAT(column->name), LA_TEXT_FORMAT(column->table->fullname));
  }
  if (column->name.bytes == NULL || column->name.len == 0) {
    return la_fail(err, LA_ARGUMENT,
                   "Column must be constructed with a non-blank name or assign a non-blank .name "
                   "before adding to Table '%.*s'",
                   LA_TEXT_FORMAT(table->fullname));
  }
  if (la_map_get(&table->columns_by_key, column->key) != NULL) {
    return la_fail(err, LA_DUPLICATE_COLUMN,
                   "A column with %s '%.*s' is already present in table '%.*s'.",
                   la_text_equal(column->key, column->name) ? "name" : "key",
                   LA_TEXT_FORMAT(column->key), LA_TEXT_FORMAT(table->fullname));
  }
  if (la_map_get(&table->columns_by_name, column->name) != NULL) {
    return la_fail(err, LA_DUPLICATE_COLUMN,
                   "A column with name '%.*s' is already present in table '%.*s'.",
                   LA_TEXT_FORMAT(column->name), LA_TEXT_FORMAT(table->fullname));
  }
  return LA_OK;
}

la_status la_table_add_column(la_table *table, la_column *column, la_error *err) {
  la_allocator *alloc = table->metadata->alloc;
  la_constraint *key = table->primary_key;
  LA_TRY(check_new_column(table, column, err));
  /* All room first: what follows cannot fail, so an attached column is attached whole. */
  if (!la_vec_reserve(alloc, &table->columns, 1) || !la_vec_reserve(alloc, &key->columns, 1) ||
      !la_map_reserve(&table->columns_by_key, alloc, table->columns.count + 1) ||
      !la_map_reserve(&table->columns_by_name, alloc, table->columns.count + 1)) {
    return la_fail_nomem(err);
  }
  (void)la_map_set(&table->columns_by_key, alloc, column->key, column);
  (void)la_map_set(&table->columns_by_name, alloc, column->name, column);
  column->ordinal = (uint32_t)table->columns.count;
  table->columns.items[table->columns.count++] = column;
  if (column->primary_key) {
    key->columns.items[key->columns.count++] = column;
    if (!column->nullable_given) {
      column->nullable = false;
    }
  }
  /* From here on `column` counts through the metadata, which takes over the references it has. */
  table->metadata->object.references += column->object.references;
  column->object.references = 0;
  column->table = table;
  la_metadata_touch(table->metadata);
  return LA_OK;
}

la_column *la_table_column(const la_table *table, la_text key) {
  return la_map_get(&table->columns_by_key, key);
}

/* ---- words about the table ---- */

la_status la_table_set_comment(la_table *table, la_text comment, la_error *err) {
  return la_metadata_keep_text(table->metadata, comment, &table->comment, err);
}

la_status la_table_add_prefix(la_table *table, la_text prefix, la_error *err) {
  la_text copy;
  LA_TRY(la_metadata_keep_text(table->metadata, prefix, &copy, err));
  return la_vec_push(table->metadata->alloc, &table->prefixes, copy) ? LA_OK : la_fail_nomem(err);
}

la_status la_table_set_option(la_table *table, la_text name, const la_value *value, la_error *err) {
  la_metadata *metadata = table->metadata;
  la_value *copy = la_arena_alloc(&metadata->arena, sizeof *copy);
  la_text key;
  LA_TRY(la_metadata_keep_text(metadata, name, &key, err));
  if (copy == NULL || !la_value_copy(&metadata->arena, value, copy) ||
      !la_map_set(&table->options, metadata->alloc, key, copy)) {
    return la_fail_nomem(err);
  }
  la_metadata_touch(metadata);
  return LA_OK;
}

const la_value *la_table_option(const la_table *table, const char *name) {
  return la_map_get(&table->options, la_text_of(name));
}

/* ---- questions ---- */

/* A sole integer key that no one else gives a value. `asked` as by autoincrement = true. */
static bool can_autoincrement(const la_column *column, bool asked) {
  la_affinity affinity = column->type ? column->type->affinity : LA_AFFINITY_NULL;
  if (affinity == LA_AFFINITY_NUMERIC) {
    return asked && column->type->scale == 0;
  }
  if (affinity != LA_AFFINITY_INTEGER) {
    return false;
  }
  return asked ||
         (column->defaults[LA_DEFAULT_INSERT].kind == LA_DEFAULT_NONE &&
          column->defaults[LA_DEFAULT_SERVER_INSERT].kind == LA_DEFAULT_NONE &&
          (column->foreign_keys.count == 0 || column->autoincrement == LA_AUTOINCREMENT_IGNORE_FK));
}

la_column *la_table_autoincrement_column(const la_table *table) {
  const la_constraint *key = table->primary_key;
  for (size_t i = 0; i < key->columns.count; i++) {
    la_column *column = key->columns.items[i];
    if (column->autoincrement == LA_AUTOINCREMENT_ON) {
      return can_autoincrement(column, true) ? column : NULL;
    }
  }
  if (key->columns.count == 1 && key->columns.items[0]->autoincrement != LA_AUTOINCREMENT_OFF &&
      can_autoincrement(key->columns.items[0], false)) {
    return key->columns.items[0];
  }
  return NULL;
}

la_status la_table_foreign_keys_to(la_table *from, const la_table *to, la_allocator *alloc,
                                   la_constraint ***out, size_t *count_out, la_error *err) {
  LA_VEC(la_constraint *) found = {0};
  la_error unresolved = LA_ERROR_INIT;
  *out = NULL;
  *count_out = 0;
  for (size_t i = 0; i < from->constraints.count; i++) {
    la_constraint *constraint = from->constraints.items[i];
    la_status status;
    if (constraint->kind != LA_CONSTRAINT_FOREIGN_KEY) {
      continue;
    }
    status = la_constraint_resolve(constraint, &unresolved);
    if (status == LA_NO_REFERENCED_TABLE && !la_text_equal(constraint->referred_table, to->name)) {
      la_error_clear(&unresolved); /* a key to a third table that does not exist yet */
      continue;
    }
    if (status != LA_OK) {
      la_fail_code(err, status, unresolved.code, "%s", unresolved.message);
    } else if (constraint->referred == to && !la_vec_push(alloc, &found, constraint)) {
      status = la_fail_nomem(err);
    }
    if (status != LA_OK) {
      la_vec_clear(alloc, &found);
      return status;
    }
  }
  if (found.count > 0) {
    /* The caller frees by the count, so the array gets exactly that size. */
    *out = la_realloc(alloc, found.items, found.capacity * sizeof *found.items,
                      found.count * sizeof *found.items);
    if (*out == NULL) {
      la_vec_clear(alloc, &found);
      return la_fail_nomem(err);
    }
    *count_out = found.count;
  }
  return LA_OK;
}

void la_table_visit_exprs(la_table *table, la_expr_visitor visit, void *ctx) {
  for (size_t i = 0; i < table->columns.count; i++) {
    la_column_visit_exprs(table->columns.items[i], visit, ctx);
  }
  for (size_t i = 0; i < table->constraints.count; i++) {
    visit(ctx, &table->constraints.items[i]->sqltext);
  }
  for (size_t i = 0; i < table->indexes.count; i++) {
    la_index *index = table->indexes.items[i];
    visit(ctx, &index->where);
    for (size_t j = 0; j < index->expressions.count; j++) {
      la_object *expr = index->expressions.items[j];
      if (expr != NULL && !la_is_part_of(expr, table->metadata)) {
        visit(ctx, &index->expressions.items[j]);
      }
    }
  }
}
