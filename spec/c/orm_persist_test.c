/* SPDX-License-Identifier: MIT */
/* Statements by shape: defaults, what the database makes, versions, joined tables. */
#include "orm.h"

static la_allocator alloc;

static bool ok(la_status status, const la_error *err) {
  if (status < 0) {
    printf("  %s: %s\n", la_status_class(status), err->message);
  }
  return status >= 0;
}

static la_text sent(const fixture *f, size_t at) {
  return at < f->record->entries.count ? f->record->entries.items[at].text
                                       : LA_TEXT_LITERAL("(none)");
}

typedef struct things {
  fixture f;
  la_error err;
  la_table *table, *sub;
  la_mapper *mapper, *sub_mapper;
} things;

/* A fixture and a table "things" (id, name, made, version) that is not mapped yet. */
static bool open_things(things *t) {
  *t = (things){.err = LA_ERROR_INIT};
  la_column *c;
  return CHECK(ok(fixture_open(&t->f, &alloc, LA_CASCADE_SAVE_UPDATE, false, &t->err), &t->err)) &&
         CHECK(ok(la_metadata_add_table(t->f.metadata, LA_TEXT_LITERAL("things"), LA_TEXT_NONE,
                                        &t->table, &t->err),
                  &t->err)) &&
         CHECK(ok(add_column(t->table, &alloc, "id", t->f.types.integer, true, &c, &t->err),
                  &t->err)) &&
         CHECK(ok(add_column(t->table, &alloc, "name", t->f.types.text, false, &c, &t->err),
                  &t->err)) &&
         CHECK(ok(add_column(t->table, &alloc, "made", t->f.types.text, false, &c, &t->err),
                  &t->err)) &&
         CHECK(ok(add_column(t->table, &alloc, "version", t->f.types.integer, false, &c, &t->err),
                  &t->err));
}

static la_column *column_of(const things *t, const char *name) {
  return la_table_column(t->table, la_text_of(name));
}

static void close_things(things *t) {
  settle(&t->f);
  la_object_release(t->sub_mapper);
  la_object_release(t->mapper);
  fixture_close(&t->f);
}

/* Lets the database answer an INSERT … RETURNING id, made with (9, "today"). */
static void answer_insert(things *t) {
  la_value row[2] = {la_value_integer(9), la_value_text(LA_TEXT_LITERAL("today"))};
  la_text names[2] = {LA_TEXT_LITERAL("id"), LA_TEXT_LITERAL("made")};
  la_record_answer answer = {.prefix = LA_TEXT_LITERAL("INSERT"),
                             .columns = names,
                             .column_count = 2,
                             .values = row,
                             .row_count = 1,
                             .changes = 1};
  CHECK(ok(la_record_add_answer(t->f.record, &answer, &t->err), &t->err));
}

TEST(leaves_server_defaults_to_the_database_and_fetches_them) {
  things t;
  la_default server = {.kind = LA_DEFAULT_TEXT, .value = la_value_text(LA_TEXT_LITERAL("now"))};
  if (!open_things(&t)) {
    return;
  }
  CHECK(ok(la_column_set_default(column_of(&t, "made"), LA_DEFAULT_SERVER_INSERT, &server, &t.err),
           &t.err));
  CHECK(ok(map_table(&t.f, "Thing", t.table, &t.mapper, &t.err), &t.err));
  answer_insert(&t);
  la_instance *thing = make(&t.f, t.mapper, "name", "x", &t.err);
  CHECK(ok(la_session_add(t.f.session, thing, &t.err), &t.err));
  CHECK(ok(flush(&t.f, &t.err), &t.err));
  CHECK_TEXT(sent(&t.f, 1), "INSERT INTO things (name, version) VALUES (?, ?) RETURNING id, made");
  CHECK(slot_of(thing, "id")->as.integer == 9);
  CHECK_TEXT(la_value_bytes(slot_of(thing, "made")), "today");
  la_instance_unpin(thing);
  close_things(&t);
}

TEST(fills_values_that_are_the_programs_and_writes_expressions) {
  things t;
  la_default value = {.kind = LA_DEFAULT_VALUE, .value = la_value_integer(3)},
             expr = {.kind = LA_DEFAULT_EXPR};
  if (!open_things(&t)) {
    return;
  }
  la_node *function = la_expr_function(&t.f.sql, LA_TEXT_LITERAL("now"), NULL, 0, NULL);
  expr.expr = &function->object;
  CHECK(ok(la_column_set_default(column_of(&t, "version"), LA_DEFAULT_INSERT, &value, &t.err),
           &t.err));
  CHECK(ok(la_column_set_default(column_of(&t, "made"), LA_DEFAULT_INSERT, &expr, &t.err), &t.err));
  la_node_release(function);
  CHECK(ok(map_table(&t.f, "Thing", t.table, &t.mapper, &t.err), &t.err));
  answer_insert(&t);
  la_instance *thing = make(&t.f, t.mapper, "name", "x", &t.err);
  CHECK(ok(la_session_add(t.f.session, thing, &t.err), &t.err));
  CHECK(ok(flush(&t.f, &t.err), &t.err));
  CHECK_TEXT(sent(&t.f, 1),
             "INSERT INTO things (name, made, version) VALUES (?, CURRENT_TIMESTAMP, ?) "
             "RETURNING id, made");
  CHECK(slot_of(thing, "version")->as.integer == 3);
  CHECK_TEXT(la_value_bytes(slot_of(thing, "made")), "today");
  la_instance_unpin(thing);
  close_things(&t);
}

TEST(counts_versions_up) {
  things t;
  la_record_answer stale = {.prefix = LA_TEXT_LITERAL("DELETE"), .changes = 0};
  if (!open_things(&t)) {
    return;
  }
  la_mapper_options options = {.class_name = LA_TEXT_LITERAL("Thing"),
                               .table = t.table,
                               .version_id = column_of(&t, "version"),
                               .confirm_deleted_rows = true};
  CHECK(ok(la_mapper_new(t.f.registry, &options, &t.mapper, &t.err), &t.err));
  for (size_t i = 0; i < 4; i++) {
    CHECK(ok(la_mapper_add_column(t.mapper, t.table->columns.items[i]->name,
                                  t.table->columns.items[i], 0, LA_TEXT_NONE, NULL, &t.err),
             &t.err));
  }
  CHECK(ok(la_mapper_finish(t.mapper, &t.err), &t.err));
  la_instance *thing = make(&t.f, t.mapper, "name", "x", &t.err);
  CHECK(ok(la_session_add(t.f.session, thing, &t.err), &t.err));
  CHECK(ok(flush(&t.f, &t.err), &t.err));
  CHECK(slot_of(thing, "version")->as.integer == 1);
  CHECK(ok(set_text(thing, "name", "y", &t.err), &t.err));
  CHECK(ok(flush(&t.f, &t.err), &t.err));
  CHECK_TEXT(sent(&t.f, 2),
             "UPDATE things SET name=?, version=? WHERE things.id = ? AND things.version = ?");
  CHECK(slot_of(thing, "version")->as.integer == 2);
  CHECK(ok(la_record_add_answer(t.f.record, &stale, &t.err), &t.err));
  CHECK(ok(la_session_delete(t.f.session, thing, &t.err), &t.err));
  CHECK(flush(&t.f, &t.err) == LA_STALE_DATA);
  CHECK_TEXT(sent(&t.f, 3), "DELETE FROM things WHERE things.id = ? AND things.version = ?");
  CHECK(strstr(t.err.message, "table 'things' expected to delete 1 row(s); 0 were matched") !=
        NULL);
  la_instance_unpin(thing);
  close_things(&t);
}

TEST(inserts_base_rows_before_rows_of_joined_tables) {
  things t;
  la_column *c;
  if (!open_things(&t)) {
    return;
  }
  CHECK(ok(
      la_metadata_add_table(t.f.metadata, LA_TEXT_LITERAL("gadgets"), LA_TEXT_NONE, &t.sub, &t.err),
      &t.err));
  CHECK(ok(add_column(t.sub, &alloc, "id", t.f.types.integer, true, &c, &t.err), &t.err));
  CHECK(ok(add_foreign_key(t.sub, c, "things", "id", &t.err), &t.err));
  CHECK(ok(add_column(t.sub, &alloc, "power", t.f.types.integer, false, &c, &t.err), &t.err));
  CHECK(ok(map_table(&t.f, "Thing", t.table, &t.mapper, &t.err), &t.err));
  la_mapper_options options = {
      .class_name = LA_TEXT_LITERAL("Gadget"), .table = t.sub, .base = t.mapper};
  CHECK(ok(la_mapper_new(t.f.registry, &options, &t.sub_mapper, &t.err), &t.err));
  for (size_t i = 0; i < 2; i++) {
    CHECK(ok(la_mapper_add_column(t.sub_mapper, t.sub->columns.items[i]->name,
                                  t.sub->columns.items[i], 0, LA_TEXT_NONE, NULL, &t.err),
             &t.err));
  }
  CHECK(ok(la_mapper_finish(t.sub_mapper, &t.err), &t.err));
  CHECK(ok(la_registry_configure(t.f.registry, &t.err), &t.err));
  la_instance *gadget = make(&t.f, t.sub_mapper, "name", "g", &t.err),
              *thing = make(&t.f, t.mapper, "name", "t", &t.err);
  CHECK(ok(set_integer(gadget, "power", 5, &t.err), &t.err));
  CHECK(ok(la_session_add(t.f.session, gadget, &t.err), &t.err));
  CHECK(ok(la_session_add(t.f.session, thing, &t.err), &t.err));
  CHECK(ok(flush(&t.f, &t.err), &t.err));
  CHECK_TEXT(sent(&t.f, 1), "INSERT INTO things (name, made, version) VALUES (?, ?, ?)");
  CHECK_TEXT(sent(&t.f, 2), "INSERT INTO things (name, made, version) VALUES (?, ?, ?)");
  CHECK_TEXT(sent(&t.f, 3), "INSERT INTO gadgets (id, power) VALUES (?, ?)");
  la_record_forget(t.f.record);
  CHECK(ok(set_integer(gadget, "power", 6, &t.err), &t.err));
  CHECK(ok(flush(&t.f, &t.err), &t.err));
  CHECK(t.f.record->entries.count == 1);
  CHECK_TEXT(sent(&t.f, 0), "UPDATE gadgets SET power=? WHERE gadgets.id = ?");
  CHECK(ok(la_session_delete(t.f.session, gadget, &t.err), &t.err));
  CHECK(ok(flush(&t.f, &t.err), &t.err));
  CHECK_TEXT(sent(&t.f, 1), "DELETE FROM gadgets WHERE gadgets.id = ?");
  CHECK_TEXT(sent(&t.f, 2), "DELETE FROM things WHERE things.id = ?");
  la_instance_unpin(gadget);
  la_instance_unpin(thing);
  close_things(&t);
}

TEST(refuses_rows_without_a_key) {
  things t;
  if (!open_things(&t)) {
    return;
  }
  la_instance *natural = make(&t.f, t.f.natural, "label", "x", &t.err);
  CHECK(ok(la_session_add(t.f.session, natural, &t.err), &t.err));
  CHECK(flush(&t.f, &t.err) == LA_FLUSH);
  CHECK(strstr(t.err.message, "has a NULL identity key.  If this is an auto-generated value") !=
        NULL);
  la_instance_unpin(natural);
  close_things(&t);
}

int main(void) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  RUN(leaves_server_defaults_to_the_database_and_fetches_them);
  RUN(fills_values_that_are_the_programs_and_writes_expressions);
  RUN(counts_versions_up);
  RUN(inserts_base_rows_before_rows_of_joined_tables);
  RUN(refuses_rows_without_a_key);
  CHECK(alloc.blocks == 0);
  return test_result();
}
