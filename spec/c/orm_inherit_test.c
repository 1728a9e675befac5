/* SPDX-License-Identifier: MIT */
/* Loading of classes that share a table, and of classes with a table for each. */
#include "orm.h"
#include "orm/load.h"

static la_allocator alloc;

static bool ok(la_status status, const la_error *err) {
  if (status < 0) {
    printf("  %s: %s\n", la_status_class(status), err->message);
  }
  return status >= 0;
}

typedef struct family {
  fixture f;
  la_table *people, *engineers;
  la_mapper *person, *manager, *engineer;
} family;

static la_status run_sql(fixture *f, const char *sql, la_error *err) {
  la_connection *connection = NULL;
  la_cursor cursor;
  LA_TRY(la_session_connection(f->session, &connection, err));
  LA_TRY(la_cursor_open(&cursor, connection, la_text_of(sql), NULL, 0, err));
  la_status status = la_cursor_step(&cursor, err);
  la_cursor_close(&cursor);
  return status < 0 ? status : LA_OK;
}

static la_status map_columns(la_mapper *mapper, la_table *table, la_error *err) {
  for (size_t i = 0; i < table->columns.count; i++) {
    LA_TRY(la_mapper_add_column(mapper, table->columns.items[i]->key, table->columns.items[i], 0,
                                LA_TEXT_NONE, NULL, err));
  }
  return LA_OK;
}

static la_status subclass(family *fam, const char *name, la_table *table, la_mapper **out,
                          la_error *err) {
  la_mapper_options options = {.class_name = la_text_of(name), .table = table, .base = fam->person};
  la_value identity = la_value_text(la_text_of(name));
  LA_TRY(la_mapper_new(fam->f.registry, &options, out, err));
  if (table != NULL) {
    LA_TRY(map_columns(*out, table, err));
  }
  LA_TRY(la_mapper_set_polymorphic(*out, NULL, &identity, err));
  return la_mapper_finish(*out, err);
}

static la_status family_open(family *fam, la_error *err) {
  fixture *f = &fam->f;
  la_column *c;
  la_mapper_options options = {.class_name = LA_TEXT_LITERAL("Person"), .allow_partial_keys = true};
  la_value identity = la_value_text(LA_TEXT_LITERAL("Person"));
  LA_TRY(fixture_open(f, &alloc, LA_CASCADE_SAVE_UPDATE, true, err));
  LA_TRY(la_metadata_add_table(f->metadata, LA_TEXT_LITERAL("people"), LA_TEXT_NONE, &fam->people,
                               err));
  LA_TRY(la_metadata_add_table(f->metadata, LA_TEXT_LITERAL("engineers"), LA_TEXT_NONE,
                               &fam->engineers, err));
  LA_TRY(add_column(fam->people, &alloc, "id", f->types.integer, true, &c, err));
  LA_TRY(add_column(fam->people, &alloc, "name", f->types.text, false, &c, err));
  LA_TRY(add_column(fam->people, &alloc, "type", f->types.text, false, &c, err));
  LA_TRY(add_column(fam->engineers, &alloc, "id", f->types.integer, true, &c, err));
  LA_TRY(add_foreign_key(fam->engineers, c, "people", "id", err));
  LA_TRY(add_column(fam->engineers, &alloc, "lang", f->types.text, false, &c, err));
  options.table = fam->people;
  LA_TRY(la_mapper_new(f->registry, &options, &fam->person, err));
  LA_TRY(map_columns(fam->person, fam->people, err));
  LA_TRY(la_mapper_set_polymorphic(
      fam->person, la_mapper_property(fam->person, LA_TEXT_LITERAL("type")), &identity, err));
  LA_TRY(la_mapper_finish(fam->person, err));
  LA_TRY(subclass(fam, "Manager", NULL, &fam->manager, err));
  LA_TRY(subclass(fam, "Engineer", fam->engineers, &fam->engineer, err));
  LA_TRY(run_sql(f, "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, type TEXT)", err));
  LA_TRY(run_sql(f, "CREATE TABLE engineers (id INTEGER PRIMARY KEY, lang TEXT)", err));
  LA_TRY(run_sql(
      f, "INSERT INTO people VALUES (1, 'p', 'Person'), (2, 'm', 'Manager'), (3, 'e', 'Engineer')",
      err));
  return run_sql(f, "INSERT INTO engineers VALUES (3, 'lua')", err);
}

static void family_close(family *fam) {
  la_object_release(fam->person);
  la_object_release(fam->manager);
  la_object_release(fam->engineer);
  fixture_close(&fam->f);
}

static la_status run(family *fam, la_mapper *mapper, la_load *load, const char *sql,
                     la_error *err) {
  la_node *select = la_select_new(&fam->f.sql, &mapper->entity, 1);
  la_compiled *compiled = NULL;
  bool cached;
  la_status status = la_orm_compile(fam->f.engine, select, &compiled, &cached, err);
  if (status >= 0) {
    CHECK_TEXT(compiled->text, sql);
    status = la_load_run(load, fam->f.session, compiled,
                         (const la_node *const *)fam->f.engine->key.params.items,
                         (uint32_t)fam->f.engine->key.params.count, NULL, NULL, 0, err);
  }
  la_object_release(compiled);
  la_node_release(select);
  return status;
}

TEST(loads_the_class_that_a_row_names) {
  family fam;
  la_error err = LA_ERROR_INIT;
  la_load load = {0}, more = {0};
  if (!CHECK(ok(family_open(&fam, &err), &err))) {
    return;
  }
  CHECK(ok(
      run(&fam, fam.person, &load, "SELECT people.id, people.name, people.type FROM people", &err),
      &err));
  CHECK(load.entities.count == 3);
  CHECK(load.entities.items[0]->mapper == fam.person &&
        load.entities.items[1]->mapper == fam.manager);
  la_instance *engineer = load.entities.items[2];
  CHECK(engineer->mapper == fam.engineer);
  uint32_t lang = la_mapper_property(fam.engineer, LA_TEXT_LITERAL("lang"))->slot;
  CHECK(!(engineer->slots[lang].flags & LA_SLOT_LOADED));
  CHECK(ok(la_load_slots(engineer, lang, &more, &err), &err));
  CHECK_TEXT(la_value_bytes(&engineer->slots[lang]), "lua");
  la_load_free(&more);
  la_instance_expire_all(engineer);
  CHECK(ok(la_load_slots(engineer, lang, &more, &err), &err));
  CHECK_TEXT(la_value_bytes(&engineer->slots[lang]), "lua");
  CHECK_TEXT(la_value_bytes(slot_of(engineer, "name")), "e");
  la_load_free(&more);
  la_value key = la_value_integer(3);
  la_instance *found = NULL;
  CHECK(ok(la_load_get(fam.f.session, fam.manager, &key, false, &more, &found, &err), &err) &&
        found == NULL);
  la_load_free(&more);
  CHECK(ok(la_load_get(fam.f.session, fam.engineer, &key, false, &more, &found, &err), &err) &&
        found == engineer);
  la_load_free(&more);
  la_load_free(&load);
  family_close(&fam);
  CHECK(alloc.blocks == 0);
}

TEST(loads_one_class_alone) {
  family fam;
  la_error err = LA_ERROR_INIT;
  la_load load = {0};
  if (!CHECK(ok(family_open(&fam, &err), &err))) {
    return;
  }
  CHECK(ok(run(&fam, fam.manager, &load,
               "SELECT people.id, people.name, people.type FROM people WHERE people.type IN (?)",
               &err),
           &err));
  CHECK(load.entities.count == 1 && load.entities.items[0]->mapper == fam.manager);
  la_load_free(&load);
  CHECK(ok(run(&fam, fam.engineer, &load,
               "SELECT engineers.id, people.id AS id_1, people.name, people.type, engineers.lang "
               "FROM people JOIN engineers ON people.id = engineers.id",
               &err),
           &err));
  CHECK(load.entities.count == 1);
  CHECK_TEXT(la_value_bytes(slot_of(load.entities.items[0], "lang")), "lua");
  CHECK_TEXT(la_value_bytes(slot_of(load.entities.items[0], "name")), "e");
  la_load_free(&load);
  la_value key = la_value_integer(3);
  la_instance *found = NULL;
  CHECK(ok(la_load_get(fam.f.session, fam.engineer, &key, false, &load, &found, &err), &err));
  CHECK(found != NULL && found->mapper == fam.engineer);
  la_load_free(&load);
  family_close(&fam);
  CHECK(alloc.blocks == 0);
}

int main(void) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  RUN(loads_the_class_that_a_row_names);
  RUN(loads_one_class_alone);
  return test_result();
}
