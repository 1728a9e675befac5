/* SPDX-License-Identifier: MIT */
#include "schema/schema_internal.h"

static void destroy_nothing(la_object *object) {
  (void)object; /* a part of a table counts through its metadata, which disposes of it */
}

static la_object *constraint_owner(const la_object *object) {
  return &((const la_constraint *)(const void *)object)->table->metadata->object;
}

static la_object *index_owner(const la_object *object) {
  return &((const la_index *)(const void *)object)->table->metadata->object;
}

static const la_object_class constraint_class = {
    .name = "constraint", .destroy = destroy_nothing, .owner = constraint_owner};
static const la_object_class index_class = {
    .name = "index", .destroy = destroy_nothing, .owner = index_owner};

void la_constraint_unbind(la_constraint *constraint) {
  constraint->referred = NULL;
  constraint->elsewhere = NULL;
  constraint->referred_columns.count = 0;
}

static void leave_other(la_constraint *constraint) {
  la_metadata *other = constraint->elsewhere;
  for (size_t i = 0; other != NULL && i < other->referrers.count; i++) {
    if (other->referrers.items[i] == constraint) {
      other->referrers.items[i] = other->referrers.items[--other->referrers.count];
      return;
    }
  }
}

void la_constraint_dispose(la_constraint *constraint) {
  la_allocator *alloc = constraint->table->metadata->alloc;
  leave_other(constraint);
  la_object_release(constraint->sqltext);
  la_vec_clear(alloc, &constraint->columns);
  la_vec_clear(alloc, &constraint->referred_names);
  la_vec_clear(alloc, &constraint->referred_columns);
  la_free(alloc, constraint, sizeof *constraint);
}

void la_index_dispose(la_index *index) {
  la_metadata *metadata = index->table->metadata;
  for (size_t i = 0; i < index->expressions.count; i++) {
    la_object *expr = index->expressions.items[i];
    if (expr != NULL && !la_is_part_of(expr, metadata)) {
      la_object_release(expr);
    }
  }
  la_object_release(index->where);
  la_vec_clear(metadata->alloc, &index->expressions);
  la_vec_clear(metadata->alloc, &index->columns);
  la_free(metadata->alloc, index, sizeof *index);
}

/* ---- constraints ---- */

static la_status check_options(const la_table *table, la_constraint_kind kind,
                               const la_constraint_options *options, la_error *err) {
  for (size_t i = 0; i < options->column_count; i++) {
    if (options->columns[i]->table != table) {
      return la_fail(err, LA_ARGUMENT, "column '%.*s' is not a column of table '%.*s'",
                     LA_TEXT_FORMAT(options->columns[i]->name), LA_TEXT_FORMAT(table->fullname));
    }
  }
  if (kind == LA_CONSTRAINT_FOREIGN_KEY &&
      (options->column_count == 0 || options->referred_table.bytes == NULL)) {
    return la_fail(err, LA_ARGUMENT, "a foreign key needs columns and a table to refer to");
  }
  if (kind == LA_CONSTRAINT_CHECK && options->sqltext == NULL) {
    return la_fail(err, LA_ARGUMENT, "a check constraint needs a condition");
  }
  return LA_OK;
}

static la_status keep_texts(la_constraint *constraint, const la_constraint_options *options,
                            la_error *err) {
  la_metadata *metadata = constraint->table->metadata;
  LA_TRY(la_metadata_keep_text(metadata, options->name, &constraint->name, err));
  LA_TRY(
      la_metadata_keep_text(metadata, options->referred_schema, &constraint->referred_schema, err));
  LA_TRY(
      la_metadata_keep_text(metadata, options->referred_table, &constraint->referred_table, err));
  LA_TRY(la_metadata_keep_text(metadata, options->ondelete, &constraint->ondelete, err));
  LA_TRY(la_metadata_keep_text(metadata, options->onupdate, &constraint->onupdate, err));
  LA_TRY(la_metadata_keep_text(metadata, options->match, &constraint->match, err));
  LA_TRY(la_metadata_keep_text(metadata, options->initially, &constraint->initially, err));
  return la_metadata_keep_text(metadata, options->conflict, &constraint->conflict[0], err);
}

/* Binds a foreign key to the columns that the program has given. */
static la_status bind_columns(la_constraint *constraint, const la_constraint_options *options,
                              la_error *err) {
  la_allocator *alloc = constraint->table->metadata->alloc;
  la_metadata *other;
  if (!la_vec_reserve(alloc, &constraint->referred_columns, options->column_count)) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < options->column_count; i++) {
    constraint->referred_columns.items[i] = options->referred_columns[i];
  }
  constraint->referred_columns.count = options->column_count;
  constraint->referred = options->referred_columns[0]->table;
  other = constraint->referred->metadata;
  if (other == constraint->table->metadata) {
    return LA_OK;
  }
  if (!la_vec_push(other->alloc, &other->referrers, constraint)) {
    return la_fail_nomem(err);
  }
  constraint->elsewhere = other;
  return LA_OK;
}

static la_status fill_constraint(la_constraint *constraint, const la_constraint_options *options,
                                 la_error *err) {
  la_allocator *alloc = constraint->table->metadata->alloc;
  bool foreign = constraint->kind == LA_CONSTRAINT_FOREIGN_KEY;
  LA_TRY(keep_texts(constraint, options, err));
  if (!la_vec_reserve(alloc, &constraint->columns, options->column_count) ||
      (foreign && !la_vec_reserve(alloc, &constraint->referred_names, options->column_count))) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < options->column_count; i++) {
    constraint->columns.items[constraint->columns.count++] = options->columns[i];
    if (foreign) {
      la_text name = options->referred_names ? options->referred_names[i] : LA_TEXT_NONE, copy;
      LA_TRY(la_metadata_keep_text(constraint->table->metadata, name, &copy, err));
      constraint->referred_names.items[constraint->referred_names.count++] = copy;
      if (!la_vec_reserve(alloc, &options->columns[i]->foreign_keys, 1)) {
        return la_fail_nomem(err);
      }
    }
  }
  constraint->deferrable = options->deferrable;
  constraint->use_alter = options->use_alter;
  constraint->inline_rendered = options->inline_rendered;
  constraint->name_is_final = options->name_is_final;
  constraint->type_bound = options->type_bound;
  constraint->sqltext = la_object_retain(options->sqltext);
  return options->referred_columns ? bind_columns(constraint, options, err) : LA_OK;
}

static la_constraint *new_constraint(la_table *table, la_constraint_kind kind) {
  la_constraint *constraint = la_alloc_zero(table->metadata->alloc, sizeof *constraint);
  if (constraint != NULL) {
    la_object_init(&constraint->object, &constraint_class);
    constraint->table = table;
    constraint->kind = kind;
    constraint->deferrable = -1;
    constraint->serial = table->metadata->serial++;
  }
  return constraint;
}

/* The table's own key object stays, for others may refer to it. */
static la_status set_primary_key(la_table *table, const la_constraint_options *options,
                                 la_error *err) {
  la_allocator *alloc = table->metadata->alloc;
  la_constraint *key = table->primary_key;
  if (options->column_count > 0 && !la_vec_reserve(alloc, &key->columns, options->column_count)) {
    return la_fail_nomem(err);
  }
  LA_TRY(keep_texts(key, options, err));
  key->given = true;
  key->name_is_final = options->name_is_final;
  key->deferrable = options->deferrable;
  if (options->column_count == 0) {
    return LA_OK;
  }
  for (size_t i = 0; i < key->columns.count; i++) {
    key->columns.items[i]->primary_key = false;
  }
  key->columns.count = 0;
  for (size_t i = 0; i < options->column_count; i++) {
    la_column *column = options->columns[i];
    key->columns.items[key->columns.count++] = column;
    column->primary_key = true;
    column->nullable = column->nullable_given && column->nullable;
  }
  return LA_OK;
}

la_status la_table_add_constraint(la_table *table, la_constraint_kind kind,
                                  const la_constraint_options *options, la_constraint **out,
                                  la_error *err) {
  la_allocator *alloc = table->metadata->alloc;
  la_constraint *constraint;
  la_status status;
  LA_TRY(check_options(table, kind, options, err));
  la_metadata_touch(table->metadata);
  if (kind == LA_CONSTRAINT_PRIMARY_KEY && table->primary_key != NULL) {
    if (out != NULL) {
      *out = table->primary_key;
    }
    return set_primary_key(table, options, err);
  }
  constraint = new_constraint(table, kind);
  if (constraint == NULL) {
    return la_fail_nomem(err);
  }
  status = fill_constraint(constraint, options, err);
  if (status == LA_OK && !la_vec_push(alloc, &table->constraints, constraint)) {
    status = la_fail_nomem(err);
  }
  if (status != LA_OK) {
    la_constraint_dispose(constraint);
    return status;
  }
  for (size_t i = 0; kind == LA_CONSTRAINT_FOREIGN_KEY && i < options->column_count; i++) {
    /* Room was made above, one place per column. A column listed twice takes one. */
    la_column *column = options->columns[i];
    size_t count = column->foreign_keys.count;
    if (count == 0 || column->foreign_keys.items[count - 1] != constraint) {
      column->foreign_keys.items[column->foreign_keys.count++] = constraint;
    }
  }
  if (kind == LA_CONSTRAINT_PRIMARY_KEY) {
    table->primary_key = constraint;
  }
  if (out != NULL) {
    *out = constraint;
  }
  return LA_OK;
}

la_status la_constraint_set_name(la_constraint *constraint, la_text name, bool is_final,
                                 la_error *err) {
  LA_TRY(la_metadata_keep_text(constraint->table->metadata, name, &constraint->name, err));
  constraint->name_is_final = is_final;
  la_metadata_touch(constraint->table->metadata);
  return LA_OK;
}

/* ---- indexes ---- */

static la_status fill_index(la_index *index, la_object *const *expressions, size_t count,
                            la_error *err) {
  la_metadata *metadata = index->table->metadata;
  if (!la_vec_reserve(metadata->alloc, &index->expressions, count) ||
      !la_vec_reserve(metadata->alloc, &index->columns, count)) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < count; i++) {
    la_object *expr = expressions[i];
    index->expressions.items[index->expressions.count++] = expr;
    if (la_is_part_of(expr, metadata)) {
      index->columns.items[index->columns.count++] = (la_column *)(void *)expr;
    } else {
      la_object_retain(expr);
    }
  }
  return LA_OK;
}

bool la_index_has_column(const la_index *index, size_t expression) {
  return la_is_part_of(index->expressions.items[expression], index->table->metadata);
}

la_status la_table_add_index(la_table *table, la_text name, la_object *const *expressions,
                             size_t count, bool unique, la_object *where, la_index **out,
                             la_error *err) {
  la_metadata *metadata = table->metadata;
  la_index *index;
  la_status status;
  for (size_t i = 0; i < count; i++) {
    la_column *column = (la_column *)(void *)expressions[i];
    if (la_is_part_of(expressions[i], metadata) && column->table != table) {
      return la_fail(err, LA_ARGUMENT, "column '%.*s' is not a column of table '%.*s'",
                     LA_TEXT_FORMAT(column->name), LA_TEXT_FORMAT(table->fullname));
    }
  }
  index = la_alloc_zero(metadata->alloc, sizeof *index);
  if (index == NULL) {
    return la_fail_nomem(err);
  }
  la_object_init(&index->object, &index_class);
  index->table = table;
  index->serial = metadata->serial++;
  index->unique = unique;
  status = la_metadata_keep_text(metadata, name, &index->name, err);
  if (status == LA_OK) {
    status = fill_index(index, expressions, count, err);
  }
  if (status == LA_OK && !la_vec_push(metadata->alloc, &table->indexes, index)) {
    status = la_fail_nomem(err);
  }
  if (status != LA_OK) {
    la_index_dispose(index);
    return status;
  }
  index->where = la_object_retain(where);
  la_metadata_touch(metadata);
  if (out != NULL) {
    *out = index;
  }
  return LA_OK;
}

la_status la_index_set_name(la_index *index, la_text name, bool is_final, la_error *err) {
  LA_TRY(la_metadata_keep_text(index->table->metadata, name, &index->name, err));
  index->name_is_final = is_final;
  la_metadata_touch(index->table->metadata);
  return LA_OK;
}
