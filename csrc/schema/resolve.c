/* SPDX-License-Identifier: MIT */
/*
 * Foreign keys find what they name, once the other table exists.
 */
#include "schema/schema_internal.h"

/* "schema.name" in the metadata's tables. A key that names no schema means the metadata's own. */
static la_status find_referred(const la_constraint *constraint, la_table **out, la_error *err) {
  la_metadata *metadata = constraint->table->metadata;
  la_text schema =
      constraint->referred_schema.bytes ? constraint->referred_schema : metadata->schema;
  la_text name = constraint->referred_table;
  la_strbuf fullname;
  if (schema.bytes == NULL) {
    *out = la_metadata_table(metadata, name);
    return LA_OK;
  }
  la_strbuf_init(&fullname, metadata->alloc);
  la_strbuf_text(&fullname, schema);
  la_strbuf_char(&fullname, '.');
  la_strbuf_text(&fullname, name);
  *out = la_metadata_table(metadata, la_strbuf_view(&fullname));
  if (la_strbuf_status(&fullname, err) != LA_OK) {
    la_strbuf_clear(&fullname);
    return LA_NOMEM;
  }
  la_strbuf_clear(&fullname);
  return LA_OK;
}

static la_text referred_key(const la_constraint *constraint, size_t index) {
  la_text name = constraint->referred_names.items[index];
  return name.len ? name : constraint->columns.items[index]->key;
}

static la_status fail_no_table(const la_constraint *constraint, la_error *err) {
  la_text schema = constraint->referred_schema;
  return la_fail(err, LA_NO_REFERENCED_TABLE,
                 "Foreign key associated with column '%.*s.%.*s' could not find table '%.*s%s%.*s' "
                 "with which to generate a foreign key to target column '%.*s'",
                 LA_TEXT_FORMAT(constraint->table->name),
                 LA_TEXT_FORMAT(constraint->columns.items[0]->name), LA_TEXT_FORMAT(schema),
                 schema.bytes ? "." : "", LA_TEXT_FORMAT(constraint->referred_table),
                 LA_TEXT_FORMAT(referred_key(constraint, 0)));
}

la_status la_constraint_resolve(la_constraint *constraint, la_error *err) {
  la_allocator *alloc = constraint->table->metadata->alloc;
  la_table *referred;
  if (constraint->kind != LA_CONSTRAINT_FOREIGN_KEY || constraint->referred != NULL) {
    return LA_OK;
  }
  LA_TRY(find_referred(constraint, &referred, err));
  if (referred == NULL) {
    return fail_no_table(constraint, err);
  }
  constraint->referred_columns.count = 0;
  for (size_t i = 0; i < constraint->columns.count; i++) {
    la_text key = referred_key(constraint, i);
    la_column *column = la_table_column(referred, key);
    if (column == NULL) {
      column = la_map_get(&referred->columns_by_name, key);
    }
    if (column == NULL) {
      return la_fail(err, LA_NO_REFERENCED_COLUMN,
                     "Could not initialize target column for ForeignKey '%.*s.%.*s' on table "
                     "'%.*s': table '%.*s' has no column named '%.*s'",
                     LA_TEXT_FORMAT(referred->fullname), LA_TEXT_FORMAT(key),
                     LA_TEXT_FORMAT(constraint->table->name), LA_TEXT_FORMAT(referred->name),
                     LA_TEXT_FORMAT(key));
    }
    if (!la_vec_push(alloc, &constraint->referred_columns, column)) {
      return la_fail_nomem(err);
    }
  }
  constraint->referred = referred;
  return LA_OK;
}

/* The column that `column` refers to by its first foreign key, or NULL. */
static la_status target_of(const la_column *column, la_column **out, la_error *err) {
  la_constraint *constraint;
  *out = NULL;
  if (column->foreign_keys.count == 0) {
    return LA_OK;
  }
  constraint = column->foreign_keys.items[0];
  LA_TRY(la_constraint_resolve(constraint, err));
  for (size_t i = 0; i < constraint->columns.count; i++) {
    if (constraint->columns.items[i] == column) {
      *out = constraint->referred_columns.items[i];
    }
  }
  return LA_OK;
}

/* A target may itself have its type from another: the chain is followed, and left when it turns
 * back. */
static la_status take_over_type(la_column *column, la_error *err) {
  la_column *target = column, *follower = column;
  bool even = false; /* the follower goes half as fast, so that a circle catches up with it */
  do {
    LA_TRY(target_of(target, &target, err));
    if (even) {
      LA_TRY(target_of(follower, &follower, err));
    }
    even = !even;
  } while (target != NULL && target->type == NULL && target != follower);
  if (target != NULL && target->type != NULL) {
    la_column_set_type(column, target->type);
  }
  return LA_OK;
}

la_status la_table_resolve(la_table *table, la_error *err) {
  for (size_t i = 0; i < table->constraints.count; i++) {
    LA_TRY(la_constraint_resolve(table->constraints.items[i], err));
  }
  for (size_t i = 0; i < table->columns.count; i++) {
    if (table->columns.items[i]->type == NULL) {
      LA_TRY(take_over_type(table->columns.items[i], err));
    }
  }
  return LA_OK;
}
