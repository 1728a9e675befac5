/* SPDX-License-Identifier: MIT */
/*
 * Mapped classes for the C tests of the orm floor, on an engine that records what it is sent, or on
 * SQLite in memory.
 *
 *   User ──< Address (addresses / user), Item >──< Keyword (keywords / items), Node with children /
 * parent, Natural with a text key.
 */
#ifndef SPEC_ORM_H
#define SPEC_ORM_H

#include <stdlib.h>

#include "engine/driver_record.h"
#include "engine/cursor.h"
#include "orm/flush.h"
#include "test.h"

typedef struct fixture {
  la_allocator *alloc;
  la_basic_types types;
  la_sql sql;
  la_metadata *metadata;
  la_registry *registry;
  la_table *users, *addresses, *items, *keywords, *item_keywords, *nodes, *naturals;
  la_mapper *user, *address, *item, *keyword, *node, *natural;
  la_relationship *user_addresses, *address_user, *item_keywords_link, *keyword_items,
      *node_children, *node_parent;
  la_record *record; /* or NULL: SQLite */
  la_engine *engine;
  la_session *session;
  la_instances loads; /* answers of LOAD steps: links become empty lists */
} fixture;

static inline la_status add_column(la_table *table, la_allocator *alloc, const char *name,
                                   la_type *type, bool key, la_column **out, la_error *err) {
  la_column *column = la_column_new(alloc, la_text_of(name), type);
  if (column == NULL) {
    return la_fail_nomem(err);
  }
  column->primary_key = key;
  la_status status = la_table_add_column(table, column, err);
  if (status < 0) {
    la_object_release(column);
    return status;
  }
  *out = column;
  la_object_release(column); /* its metadata counts for it now */
  return LA_OK;
}

static inline la_status add_foreign_key(la_table *table, la_column *column, const char *other,
                                        const char *name, la_error *err) {
  la_text referred = la_text_of(name);
  la_constraint *made;
  la_constraint_options options = {.columns = &column,
                                   .column_count = 1,
                                   .referred_table = la_text_of(other),
                                   .referred_names = &referred,
                                   .deferrable = -1,
                                   .inline_rendered = true};
  return la_table_add_constraint(table, LA_CONSTRAINT_FOREIGN_KEY, &options, &made, err);
}

/* A table "name" with an integer key and text columns, and its mapper with all columns mapped. */
static inline la_status map_table(fixture *f, const char *class_name, la_table *table,
                                  la_mapper **out, la_error *err) {
  la_mapper_options options = {.class_name = la_text_of(class_name),
                               .table = table,
                               .confirm_deleted_rows = true,
                               .allow_partial_keys = true};
  LA_TRY(la_mapper_new(f->registry, &options, out, err));
  for (size_t i = 0; i < table->columns.count; i++) {
    la_column *column = table->columns.items[i];
    LA_TRY(la_mapper_add_column(*out, column->name, column, 0, LA_TEXT_NONE, NULL, err));
  }
  return la_mapper_finish(*out, err);
}

static inline la_status relate(la_mapper *mapper, const char *key, la_relationship **out,
                               la_error *err) {
  *out = la_relationship_new(mapper->alloc);
  return *out == NULL ? la_fail_nomem(err)
                      : la_mapper_add_relationship(mapper, la_text_of(key), *out, NULL, err);
}

static inline la_status configure(la_relationship *relationship, la_mapper *target,
                                  const char *back, uint32_t cascade, la_table *secondary,
                                  la_column *remote, la_error *err) {
  la_relationship_options options = {.target = target,
                                     .back_populates = la_text_of(back),
                                     .uselist = -1,
                                     .lazy = LA_LOADER_SELECT,
                                     .cascade = cascade,
                                     .remote_side = &remote,
                                     .remote_side_count = remote ? 1 : 0,
                                     .passive_updates = true,
                                     .enable_typechecks = true,
                                     .distinct_target_key = -1,
                                     .join_depth = -1};
  la_status status;
  if (secondary != NULL) {
    options.through = la_from_table(target->sql, secondary);
  }
  status = la_relationship_configure(relationship, &options, err);
  la_node_release(options.through);
  return status;
}

static inline la_status make_tables(fixture *f, la_error *err) {
  la_allocator *a = f->alloc;
  la_type *i = f->types.integer, *t = f->types.text;
  struct {
    const char *name;
    la_table **table;
  } tables[] = {
      {"users", &f->users},       {"addresses", &f->addresses},         {"items", &f->items},
      {"keywords", &f->keywords}, {"item_keywords", &f->item_keywords}, {"nodes", &f->nodes},
      {"naturals", &f->naturals}};
  la_column *c = NULL;
  for (size_t n = 0; n < sizeof tables / sizeof *tables; n++) {
    LA_TRY(la_metadata_add_table(f->metadata, la_text_of(tables[n].name), LA_TEXT_NONE,
                                 tables[n].table, err));
  }
  la_table *with_id[] = {f->users, f->addresses, f->items, f->keywords, f->nodes};
  for (size_t n = 0; n < sizeof with_id / sizeof *with_id; n++) {
    LA_TRY(add_column(with_id[n], a, "id", i, true, &c, err));
    LA_TRY(add_column(with_id[n], a, "name", t, false, &c, err));
  }
  LA_TRY(add_column(f->users, a, "age", i, false, &c, err));
  LA_TRY(add_column(f->addresses, a, "user_id", i, false, &c, err));
  LA_TRY(add_foreign_key(f->addresses, c, "users", "id", err));
  LA_TRY(add_column(f->item_keywords, a, "item_id", i, true, &c, err));
  LA_TRY(add_foreign_key(f->item_keywords, c, "items", "id", err));
  LA_TRY(add_column(f->item_keywords, a, "keyword_id", i, true, &c, err));
  LA_TRY(add_foreign_key(f->item_keywords, c, "keywords", "id", err));
  LA_TRY(add_column(f->nodes, a, "parent_id", i, false, &c, err));
  LA_TRY(add_foreign_key(f->nodes, c, "nodes", "id", err));
  LA_TRY(add_column(f->naturals, a, "code", t, true, &c, err));
  return add_column(f->naturals, a, "label", t, false, &c, err);
}

static inline la_status make_mappers(fixture *f, uint32_t cascade, la_error *err) {
  LA_TRY(map_table(f, "User", f->users, &f->user, err));
  LA_TRY(map_table(f, "Address", f->addresses, &f->address, err));
  LA_TRY(map_table(f, "Item", f->items, &f->item, err));
  LA_TRY(map_table(f, "Keyword", f->keywords, &f->keyword, err));
  LA_TRY(map_table(f, "Node", f->nodes, &f->node, err));
  LA_TRY(map_table(f, "Natural", f->naturals, &f->natural, err));
  LA_TRY(relate(f->user, "addresses", &f->user_addresses, err));
  LA_TRY(relate(f->address, "user", &f->address_user, err));
  LA_TRY(relate(f->item, "keywords", &f->item_keywords_link, err));
  LA_TRY(relate(f->keyword, "items", &f->keyword_items, err));
  LA_TRY(relate(f->node, "children", &f->node_children, err));
  LA_TRY(relate(f->node, "parent", &f->node_parent, err));
  LA_TRY(la_registry_configure(f->registry, err));
  uint32_t usual = LA_CASCADE_SAVE_UPDATE | LA_CASCADE_MERGE;
  LA_TRY(configure(f->user_addresses, f->address, "user", cascade, NULL, NULL, err));
  LA_TRY(configure(f->address_user, f->user, "addresses", usual, NULL, NULL, err));
  LA_TRY(configure(f->item_keywords_link, f->keyword, "items", usual, f->item_keywords, NULL, err));
  LA_TRY(configure(f->keyword_items, f->item, "keywords", usual, f->item_keywords, NULL, err));
  LA_TRY(configure(f->node_children, f->node, "parent", cascade, NULL, NULL, err));
  LA_TRY(configure(f->node_parent, f->node, "children", usual, NULL,
                   la_table_column(f->nodes, la_text_of("id")), err));
  la_relationship *all[] = {f->user_addresses, f->address_user,  f->item_keywords_link,
                            f->keyword_items,  f->node_children, f->node_parent};
  const char *backs[] = {"user", "addresses", "items", "keywords", "parent", "children"};
  for (int n = 0; n < 6; n++) {
    LA_TRY(la_relationship_set_reverse(all[n], la_text_of(backs[n]), err));
  }
  return LA_OK;
}

static inline la_status make_engine(fixture *f, bool sqlite, la_error *err) {
  la_engine_options options = LA_ENGINE_OPTIONS_INIT;
  options.url = LA_TEXT_LITERAL("sqlite://");
  options.pool_kind = sqlite ? LA_POOL_STATIC : -1;
  if (!sqlite) {
    f->record = la_record_new(f->alloc);
    if (f->record == NULL) {
      return la_fail_nomem(err);
    }
    options.driver = &la_driver_record;
    options.host_handle = f->record;
  }
  return la_engine_new(&f->sql, &options, &f->engine, err);
}

static inline la_status fixture_open(fixture *f, la_allocator *alloc, uint32_t cascade, bool sqlite,
                                     la_error *err) {
  *f = (fixture){.alloc = alloc};
  LA_TRY(la_basic_types_init(&f->types, alloc, err));
  f->sql = (la_sql){.alloc = alloc, .types = &f->types};
  f->metadata = la_metadata_new(alloc, LA_TEXT_NONE);
  f->registry = la_registry_new(&f->sql);
  if (f->metadata == NULL || f->registry == NULL) {
    return la_fail_nomem(err);
  }
  LA_TRY(make_tables(f, err));
  LA_TRY(make_mappers(f, cascade, err));
  LA_TRY(make_engine(f, sqlite, err));
  la_session_options options = {.engine = f->engine,
                                .autoflush = true,
                                .expire_on_commit = true,
                                .autobegin = true,
                                .close_resets_only = true};
  return la_session_new(&f->sql, &options, &f->session, err);
}

static inline void fixture_close(fixture *f) {
  if (f->session != NULL) {
    la_session_close(f->session);
  }
  la_object_release(f->session);
  la_object_release(f->engine);
  la_object_release(f->record);
  la_object_release(f->user);
  la_object_release(f->address);
  la_object_release(f->item);
  la_object_release(f->keyword);
  la_object_release(f->node);
  la_object_release(f->natural);
  la_object_release(f->registry);
  la_object_release(f->metadata);
  la_vec_clear(f->alloc, &f->loads);
  la_basic_types_clear(&f->types);
}

/* The same as the binding does with a session's changes of hold: here nothing holds but the test.
 */
static inline void settle(fixture *f) {
  la_instances *list = &f->session->hold_changes;
  while (list->count > 0) {
    la_instance_unpin(list->items[--list->count]);
  }
}

/* A flush whose LOAD steps make links empty. */
static inline la_status flush(fixture *f, la_error *err) {
  la_flush *plan = NULL;
  la_flush_step step;
  la_status status = la_flush_new(f->session, &plan, err);
  while (status >= 0 && (status = la_flush_prepare(plan, &step, err)) == LA_ROW) {
    if (step.instance->mapper->links[step.slot]->relationship->uselist) {
      status = la_collection_load(step.instance, step.slot, NULL, 0, err);
    } else {
      la_link_load_one(step.instance, step.slot, NULL);
    }
  }
  if (status >= 0) {
    status = la_flush_sort(plan, err);
  }
  while (status >= 0 && (status = la_flush_next(plan, &step, err)) == LA_ROW) {
  }
  if (status == LA_DONE) {
    la_flush_finish(plan);
    status = LA_OK;
  }
  la_flush_free(plan);
  settle(f);
  return status;
}

static inline la_instance *make(fixture *f, la_mapper *mapper, const char *key, const char *text,
                                la_error *err) {
  la_instance *instance = NULL;
  la_value value = la_value_text(la_text_of(text));
  if (la_instance_new(f->alloc, f->session->slab, mapper, &instance, err) < 0) {
    return NULL;
  }
  if (la_instance_set(instance, la_mapper_property(mapper, la_text_of(key))->slot, &value, NULL,
                      err) < 0) {
    la_instance_unpin(instance);
    return NULL;
  }
  return instance;
}

static inline la_status set_integer(la_instance *instance, const char *key, int64_t number,
                                    la_error *err) {
  la_value value = la_value_integer(number);
  return la_instance_set(instance, la_mapper_property(instance->mapper, la_text_of(key))->slot,
                         &value, NULL, err);
}

static inline la_status set_text(la_instance *instance, const char *key, const char *text,
                                 la_error *err) {
  la_value value = la_value_text(la_text_of(text));
  return la_instance_set(instance, la_mapper_property(instance->mapper, la_text_of(key))->slot,
                         &value, NULL, err);
}

static inline const la_value *slot_of(const la_instance *instance, const char *key) {
  return &instance->slots[la_mapper_property(instance->mapper, la_text_of(key))->slot];
}

/* One change with all that follows from it. */
static inline la_status change_link(la_link_change_kind kind, la_instance *instance,
                                    const la_relationship *r, la_instance *other, size_t at,
                                    la_error *err) {
  la_link_change first = {
      .kind = kind, .instance = instance, .link = r->link, .other = other, .at = at};
  la_link_changes changes;
  la_status status = la_link_plan(&first, &changes, err);
  for (size_t i = 0; status >= 0 && i < changes.count; i++) {
    status = la_link_apply(&changes.items[i], NULL, err);
  }
  if (status >= 0 && instance->session != NULL && other != NULL && other->session == NULL &&
      kind != LA_LINK_REMOVE && r->cascade & LA_CASCADE_SAVE_UPDATE) {
    status = la_session_add(instance->session, other, err);
  }
  return status;
}

static inline la_status append_to(la_instance *parent, const la_relationship *r, la_instance *child,
                                  la_error *err) {
  return change_link(LA_LINK_INSERT, parent, r, child, SIZE_MAX, err);
}

#endif
