/* SPDX-License-Identifier: MIT */
#include "schema/schema_internal.h"

static void destroy(la_object *object) {
  la_metadata *metadata = (la_metadata *)(void *)object;
  la_allocator *alloc = metadata->alloc;
  /* Expressions first, and under a reference of our own: releasing them may give up references to
   * us. */
  metadata->object.references = 1;
  la_metadata_drop_exprs(metadata);
  for (size_t i = 0; i < metadata->referrers.count; i++) {
    la_constraint_unbind(metadata->referrers.items[i]);
  }
  la_vec_clear(alloc, &metadata->referrers);
  for (size_t i = 0; i < metadata->owned.count; i++) {
    la_table_dispose(metadata->owned.items[i]);
  }
  la_vec_clear(alloc, &metadata->owned);
  la_map_clear(&metadata->tables, alloc);
  la_arena_clear(&metadata->arena);
  la_free(alloc, metadata, sizeof *metadata);
}

static const la_object_class metadata_class = {.name = "metadata", .destroy = destroy};

static la_object *table_owner(const la_object *object) {
  return &((const la_table *)(const void *)object)->metadata->object;
}

static void destroy_nothing(la_object *object) {
  (void)object; /* a table counts through its metadata, which disposes of it */
}

static const la_object_class table_class = {
    .name = "table", .destroy = destroy_nothing, .owner = table_owner};

bool la_is_part_of(la_object *object, const la_metadata *metadata) {
  return object->class->owner != NULL && la_object_counted(object) == &metadata->object;
}

la_status la_metadata_keep_text(la_metadata *metadata, la_text text, la_text *out, la_error *err) {
  char *copy;
  if (text.bytes == NULL) {
    *out = LA_TEXT_NONE;
    return LA_OK;
  }
  copy = la_arena_copy(&metadata->arena, text.bytes, text.len);
  if (copy == NULL) {
    return la_fail_nomem(err);
  }
  *out = (la_text){copy, text.len};
  return LA_OK;
}

void la_metadata_touch(la_metadata *metadata) {
  metadata->version++;
}

la_metadata *la_metadata_new(la_allocator *alloc, la_text schema) {
  la_metadata *metadata = la_alloc_zero(alloc, sizeof *metadata);
  if (metadata == NULL) {
    return NULL;
  }
  la_object_init(&metadata->object, &metadata_class);
  metadata->alloc = alloc;
  la_arena_init(&metadata->arena, alloc);
  metadata->conventions[LA_CONVENTION_INDEX] = LA_TEXT_LITERAL("ix_%(column_0_label)s");
  if (la_metadata_keep_text(metadata, schema, &metadata->schema, NULL) != LA_OK) {
    la_object_release(metadata);
    return NULL;
  }
  return metadata;
}

la_status la_metadata_set_convention(la_metadata *metadata, la_text kind, la_text format,
                                     la_error *err) {
  /* By la_constraint_kind, then indexes. */
  static const char *const kinds[] = {"pk", "fk", "uq", "ck", "ix"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (la_text_is(kind, kinds[i])) {
      la_metadata_touch(metadata);
      return la_metadata_keep_text(metadata, format, &metadata->conventions[i], err);
    }
  }
  return la_fail(err, LA_ARGUMENT,
                 "naming convention has an unknown key '%.*s'; known are pk, fk, uq, ck, ix",
                 LA_TEXT_FORMAT(kind));
}

/* ---- tables ---- */

static la_status name_table(la_table *table, la_text name, la_text schema, la_error *err) {
  la_metadata *metadata = table->metadata;
  la_strbuf fullname;
  la_status status;
  LA_TRY(la_metadata_keep_text(metadata, name, &table->name, err));
  table->fullname = table->name;
  if (schema.bytes == NULL) {
    schema = metadata->schema;
  }
  if (schema.bytes == NULL || schema.len == 0) {
    return LA_OK;
  }
  LA_TRY(la_metadata_keep_text(metadata, schema, &table->schema, err));
  la_strbuf_init(&fullname, metadata->alloc);
  la_strbuf_text(&fullname, schema);
  la_strbuf_char(&fullname, '.');
  la_strbuf_text(&fullname, name);
  status = la_strbuf_status(&fullname, err);
  if (status == LA_OK) {
    status = la_metadata_keep_text(metadata, la_strbuf_view(&fullname), &table->fullname, err);
  }
  la_strbuf_clear(&fullname);
  return status;
}

static la_status fill_table(la_table *table, la_text name, la_text schema, la_error *err) {
  la_metadata *metadata = table->metadata;
  const la_constraint_options none = {.deferrable = -1};
  LA_TRY(name_table(table, name, schema, err));
  if (la_map_get(&metadata->tables, table->fullname) != NULL) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "Table '%.*s' is already defined for this MetaData instance.  Specify "
                   "'extend_existing=true' to redefine options and columns on an existing Table "
                   "object.",
                   LA_TEXT_FORMAT(table->fullname));
  }
  LA_TRY(la_table_add_constraint(table, LA_CONSTRAINT_PRIMARY_KEY, &none, NULL, err));
  if (!la_vec_reserve(metadata->alloc, &metadata->owned, 1) ||
      !la_map_set(&metadata->tables, metadata->alloc, table->fullname, table)) {
    return la_fail_nomem(err);
  }
  metadata->owned.items[metadata->owned.count++] = table;
  return LA_OK;
}

la_status la_metadata_add_table(la_metadata *metadata, la_text name, la_text schema, la_table **out,
                                la_error *err) {
  la_table *table;
  la_status status;
  if (name.len == 0) {
    return la_fail(err, LA_ARGUMENT, "a table needs a name");
  }
  table = la_alloc_zero(metadata->alloc, sizeof *table);
  if (table == NULL) {
    return la_fail_nomem(err);
  }
  la_object_init(&table->object, &table_class);
  table->metadata = metadata;
  table->serial = metadata->serial++;
  status = fill_table(table, name, schema, err);
  if (status != LA_OK) {
    la_table_dispose(table);
    return status;
  }
  la_metadata_touch(metadata);
  *out = table;
  return LA_OK;
}

la_table *la_metadata_table(const la_metadata *metadata, la_text fullname) {
  return la_map_get(&metadata->tables, fullname);
}

/* Foreign keys of others that have found `table` forget it, so that they find its successor. */
static void forget_referred(la_metadata *metadata, const la_table *table) {
  for (size_t i = 0; i < metadata->owned.count; i++) {
    la_table *other = metadata->owned.items[i];
    for (size_t j = 0; j < other->constraints.count; j++) {
      if (other->constraints.items[j]->referred == table) {
        la_constraint_unbind(other->constraints.items[j]);
      }
    }
  }
}

void la_metadata_remove_table(la_metadata *metadata, la_table *table) {
  if (la_map_get(&metadata->tables, table->fullname) == table) {
    la_map_remove(&metadata->tables, table->fullname);
    forget_referred(metadata, table);
    la_metadata_touch(metadata);
  }
}
