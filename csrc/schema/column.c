/* SPDX-License-Identifier: MIT */
#include "schema/schema_internal.h"

/* ---- texts of its own ---- */

static void free_text(la_allocator *alloc, la_text text) {
  if (text.bytes != NULL) {
    la_free(alloc, (char *)text.bytes, text.len + 1);
  }
}

static bool copy_text(la_allocator *alloc, la_text text, la_text *out) {
  char *bytes;
  *out = LA_TEXT_NONE;
  if (text.bytes == NULL) {
    return true;
  }
  bytes = la_alloc(alloc, text.len + 1);
  if (bytes == NULL) {
    return false;
  }
  memcpy(bytes, text.bytes, text.len);
  bytes[text.len] = '\0';
  *out = (la_text){bytes, text.len};
  return true;
}

static la_status replace_text(la_column *column, la_text *place, la_text text, la_error *err) {
  la_text copy;
  if (!copy_text(column->alloc, text, &copy)) {
    return la_fail_nomem(err);
  }
  free_text(column->alloc, *place);
  *place = copy;
  return LA_OK;
}

/* ---- life ---- */

static void clear_default(la_column *column, la_default *what) {
  if (la_value_has_bytes(&what->value)) {
    free_text(column->alloc, la_value_bytes(&what->value));
  }
  la_object_release(what->expr);
  *what = (la_default){.kind = LA_DEFAULT_NONE};
}

void la_column_dispose(la_column *column) {
  la_allocator *alloc = column->alloc;
  for (int slot = 0; slot < LA_DEFAULT_SLOT_COUNT; slot++) {
    clear_default(column, &column->defaults[slot]);
  }
  la_object_release(column->computed);
  la_object_release(column->type);
  free_text(alloc, column->name);
  free_text(alloc, column->key);
  free_text(alloc, column->comment);
  free_text(alloc, column->conflict_not_null);
  free_text(alloc, column->conflict_primary_key);
  la_vec_clear(alloc, &column->foreign_keys);
  la_free(alloc, column, sizeof *column);
}

static void destroy(la_object *object) {
  la_column_dispose((la_column *)(void *)object);
}

static la_object *owner(const la_object *object) {
  const la_column *column = (const la_column *)(const void *)object;
  return column->table ? &column->table->object : NULL;
}

static const la_object_class column_class = {.name = "column", .destroy = destroy, .owner = owner};

la_column *la_column_new(la_allocator *alloc, la_text name, la_type *type) {
  la_column *column = la_alloc_zero(alloc, sizeof *column);
  if (column == NULL) {
    return NULL;
  }
  la_object_init(&column->object, &column_class);
  column->alloc = alloc;
  column->nullable = true;
  column->type = la_object_retain(type);
  if (!copy_text(alloc, name, &column->name) || !copy_text(alloc, name, &column->key)) {
    la_object_release(column);
    return NULL;
  }
  return column;
}

/* ---- setting ---- */

static la_status check_unattached(const la_column *column, la_error *err) {
  if (column->table != NULL) {
    return la_fail(err, LA_ARGUMENT, "column '%.*s' is already attached to table '%.*s'",
                   LA_TEXT_FORMAT(column->name), LA_TEXT_FORMAT(column->table->fullname));
  }
  return LA_OK;
}

la_status la_column_set_name(la_column *column, la_text name, la_error *err) {
  LA_TRY(check_unattached(column, err));
  if (column->key.bytes == NULL) {
    LA_TRY(replace_text(column, &column->key, name, err));
  }
  return replace_text(column, &column->name, name, err);
}

la_status la_column_set_key(la_column *column, la_text key, la_error *err) {
  LA_TRY(check_unattached(column, err));
  return replace_text(column, &column->key, key, err);
}

la_status la_column_set_comment(la_column *column, la_text comment, la_error *err) {
  return replace_text(column, &column->comment, comment, err);
}

la_status la_column_set_conflict(la_column *column, bool of_primary_key, la_text action,
                                 la_error *err) {
  return replace_text(column,
                      of_primary_key ? &column->conflict_primary_key : &column->conflict_not_null,
                      action, err);
}

la_status la_column_set_default(la_column *column, la_default_slot slot, const la_default *what,
                                la_error *err) {
  la_default copy = *what;
  if (la_value_has_bytes(&what->value)) {
    la_text bytes;
    if (!copy_text(column->alloc, la_value_bytes(&what->value), &bytes)) {
      return la_fail_nomem(err);
    }
    copy.value.as.bytes = bytes.bytes;
  }
  la_object_retain(copy.expr);
  clear_default(column, &column->defaults[slot]);
  column->defaults[slot] = copy;
  if (column->table != NULL) {
    la_metadata_touch(column->table->metadata);
  }
  return LA_OK;
}

void la_column_set_type(la_column *column, la_type *type) {
  la_object_retain(type);
  la_object_release(column->type);
  column->type = type;
  if (column->table != NULL) {
    la_metadata_touch(column->table->metadata);
  }
}

la_column *la_column_copy(const la_column *column, la_allocator *alloc) {
  la_column *copy = la_column_new(alloc, column->name, column->type);
  if (copy == NULL) {
    return NULL;
  }
  copy->nullable = column->nullable;
  copy->nullable_given = column->nullable_given;
  copy->primary_key = column->primary_key;
  copy->unique = column->unique;
  copy->indexed = column->indexed;
  copy->system = column->system;
  copy->unindexed = column->unindexed;
  copy->quote = column->quote;
  copy->autoincrement = column->autoincrement;
  copy->computed = la_object_retain(column->computed);
  copy->computed_persisted = column->computed_persisted;
  copy->computed_persisted_given = column->computed_persisted_given;
  if (la_column_set_key(copy, column->key, NULL) != LA_OK ||
      la_column_set_comment(copy, column->comment, NULL) != LA_OK ||
      la_column_set_conflict(copy, false, column->conflict_not_null, NULL) != LA_OK ||
      la_column_set_conflict(copy, true, column->conflict_primary_key, NULL) != LA_OK) {
    la_object_release(copy);
    return NULL;
  }
  for (int slot = 0; slot < LA_DEFAULT_SLOT_COUNT; slot++) {
    if (la_column_set_default(copy, (la_default_slot)slot, &column->defaults[slot], NULL) !=
        LA_OK) {
      la_object_release(copy);
      return NULL;
    }
  }
  return copy;
}

void la_column_visit_exprs(la_column *column, la_expr_visitor visit, void *ctx) {
  for (int slot = 0; slot < LA_DEFAULT_SLOT_COUNT; slot++) {
    visit(ctx, &column->defaults[slot].expr);
  }
  visit(ctx, &column->computed);
}

bool la_column_is_autoincrement(const la_column *column) {
  return column->table != NULL && la_table_autoincrement_column(column->table) == column;
}
