/* SPDX-License-Identifier: MIT */
/* What loads send, and what they make of rows: instances, links, later loads. */
#include "orm.h"
#include "oom.h"
#include "orm/load.h"

static la_allocator alloc;

#define USUAL (LA_CASCADE_SAVE_UPDATE | LA_CASCADE_MERGE)

static bool ok(la_status status, const la_error *err) {
  if (status < 0) {
    printf("  %s: %s\n", la_status_class(status), err->message);
  }
  return status >= 0;
}

static la_status run_sql(fixture *f, const char *sql, la_error *err) {
  la_connection *connection = NULL;
  la_cursor cursor;
  LA_TRY(la_session_connection(f->session, &connection, err));
  LA_TRY(la_cursor_open(&cursor, connection, la_text_of(sql), NULL, 0, err));
  la_status status = la_cursor_step(&cursor, err);
  la_cursor_close(&cursor);
  return status < 0 ? status : LA_OK;
}

static la_status fill(fixture *f, la_error *err) {
  static const char *const statements[] = {
      "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)",
      "CREATE TABLE addresses (id INTEGER PRIMARY KEY, name TEXT, user_id INTEGER REFERENCES "
      "users(id))",
      "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)",
      "CREATE TABLE keywords (id INTEGER PRIMARY KEY, name TEXT)",
      "CREATE TABLE item_keywords (item_id INTEGER, keyword_id INTEGER)",
      "CREATE TABLE nodes (id INTEGER PRIMARY KEY, name TEXT, parent_id INTEGER)",
      "CREATE TABLE naturals (code TEXT PRIMARY KEY, label TEXT)",
      "INSERT INTO users VALUES (7, 'jack', 30), (8, 'ed', NULL), (9, 'fred', 40)",
      "INSERT INTO addresses VALUES (1, 'jack@x', 7), (2, 'ed@x', 8), (3, 'ed@y', 8), (4, 'none', "
      "NULL)",
      "INSERT INTO items VALUES (1, 'a'), (2, 'b'), (3, 'c')",
      "INSERT INTO keywords VALUES (1, 'red'), (2, 'blue')",
      "INSERT INTO item_keywords VALUES (1, 1), (1, 2), (2, 2)",
      "INSERT INTO nodes VALUES (1, 'root', NULL), (2, 'left', 1), (3, 'right', 1), (4, 'leaf', 2)",
      "INSERT INTO naturals VALUES ('x', 'ex'), ('y', 'why')",
  };
  for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
    LA_TRY(run_sql(f, statements[i], err));
  }
  return LA_OK;
}

static la_node *attribute(la_mapper *mapper, const char *key) {
  return la_mapper_property(mapper, la_text_of(key))->attribute;
}

/* SELECT of an entity with one option; a new reference or NULL. */
static la_node *select_with(fixture *f, la_node *entity, la_loader_strategy strategy,
                            la_node *path) {
  la_node *select = la_select_new(&f->sql, &entity, 1);
  la_node *option, *made;
  if (path == NULL || select == NULL) {
    return select;
  }
  option = la_option_new(&f->sql, strategy, path, LA_TEXT_NONE, NULL, 0);
  made = option != NULL ? la_node_with_chained(select, LA_SELECT_OPTIONS, &option, 1) : NULL;
  la_node_release(option);
  la_node_release(select);
  return made;
}

/* What the binding does with found links. */
static la_status apply_links(la_load *load, size_t *from, la_error *err) {
  for (; *from < load->links.count; (*from)++) {
    la_link_load *found = &load->links.items[*from];
    if (found->instance->mapper->links[found->link]->relationship->uselist) {
      LA_TRY(la_collection_load(found->instance, found->link, found->members, found->count, err));
    } else {
      la_link_load_one(found->instance, found->link, found->count ? found->members[0] : NULL);
    }
  }
  return LA_OK;
}

/* Runs `take_select` with all later loads. */
static la_status run(fixture *f, la_node *take_select, la_load *load, la_error *err) {
  la_compiled *compiled = NULL;
  bool cached;
  size_t applied = 0;
  la_status status = take_select != NULL
                         ? la_orm_compile(f->engine, take_select, &compiled, &cached, err)
                         : la_fail_nomem(err);
  if (status >= 0) {
    status =
        la_load_run(load, f->session, compiled, (const la_node *const *)f->engine->key.params.items,
                    (uint32_t)f->engine->key.params.count, NULL, NULL, 0, err);
  }
  la_object_release(compiled);
  la_node_release(take_select);
  if (status >= 0) {
    status = apply_links(load, &applied, err);
  }
  while (status >= 0 && (status = la_load_eager(load, err)) == LA_ROW) {
    status = apply_links(load, &applied, err);
  }
  return status < 0 ? status : LA_OK;
}

static la_collection *many(la_instance *instance, const la_relationship *relationship) {
  return la_links(instance)[relationship->link].to.many;
}

#define OPEN(sqlite)                                                                               \
  fixture f;                                                                                       \
  la_load load = {0};                                                                              \
  la_error error = LA_ERROR_INIT;                                                                  \
  if (!CHECK(ok(fixture_open(&f, &alloc, USUAL, (sqlite), &error), &error)) ||                     \
      !CHECK(!(sqlite) || ok(fill(&f, &error), &error))) {                                         \
    return;                                                                                        \
  }

#define CLOSE()                                                                                    \
  la_load_free(&load);                                                                             \
  fixture_close(&f);                                                                               \
  CHECK(alloc.blocks == 0)

TEST(loads_entities) {
  OPEN(true);
  CHECK(ok(run(&f, select_with(&f, f.user->entity, 0, NULL), &load, &error), &error));
  CHECK(load.entities.count == 3 && f.session->map.count == 3);
  CHECK_TEXT(la_value_bytes(slot_of(load.entities.items[1], "name")), "ed");
  CHECK(slot_of(load.entities.items[1], "age")->kind == LA_VALUE_NULL);
  CHECK(slot_of(load.entities.items[2], "age")->as.integer == 40);
  CHECK(la_instance_state(load.entities.items[0]) == LA_STATE_PERSISTENT);
  la_load second = {0};
  CHECK(ok(run(&f, select_with(&f, f.user->entity, 0, NULL), &second, &error), &error));
  CHECK(second.entities.items[0] == load.entities.items[0] && f.session->map.count == 3);
  la_load_free(&second);
  la_load_free(&load);
  CHECK(f.session->map.count == 0);
  CHECK(ok(run(&f, select_with(&f, f.natural->entity, 0, NULL), &load, &error), &error));
  CHECK(load.entities.count == 2);
  CHECK_TEXT(la_value_bytes(slot_of(load.entities.items[1], "label")), "why");
  CLOSE();
}

TEST(keeps_what_is_loaded_unless_told) {
  OPEN(true);
  CHECK(ok(run(&f, select_with(&f, f.user->entity, 0, NULL), &load, &error), &error));
  la_instance *user = load.entities.items[0];
  CHECK(ok(run_sql(&f, "UPDATE users SET name = 'new', age = 31", &error), &error));
  la_instance_expire_slot(user, la_mapper_property(f.user, LA_TEXT_LITERAL("age"))->slot);
  la_load second = {0};
  CHECK(ok(run(&f, select_with(&f, f.user->entity, 0, NULL), &second, &error), &error));
  CHECK_TEXT(la_value_bytes(slot_of(user, "name")), "jack");
  CHECK(slot_of(user, "age")->as.integer == 31 && !(user->flags & LA_INSTANCE_EXPIRED));
  la_load_free(&second);
  second.populate_existing = true;
  CHECK(ok(run(&f, select_with(&f, f.user->entity, 0, NULL), &second, &error), &error));
  CHECK_TEXT(la_value_bytes(slot_of(user, "name")), "new");
  la_load_free(&second);
  CLOSE();
}

TEST(loads_collections_by_a_join) {
  OPEN(true);
  load.unique = true;
  CHECK(
      ok(run(&f, select_with(&f, f.user->entity, LA_LOADER_JOINED, attribute(f.user, "addresses")),
             &load, &error),
         &error));
  CHECK(load.entities.count == 3 && load.links.count == 3);
  CHECK(many(load.entities.items[1], f.user_addresses)->items.count == 2);
  CHECK(many(load.entities.items[2], f.user_addresses)->items.count == 0);
  CHECK_TEXT(la_value_bytes(
                 slot_of(many(load.entities.items[1], f.user_addresses)->items.items[1], "name")),
             "ed@y");
  for (size_t i = 0; i < 3; i++) {
    CHECK(!(load.entities.items[i]->flags & LA_INSTANCE_MARKED));
  }
  CLOSE();
}

TEST(loads_links_by_keys) {
  OPEN(true);
  CHECK(ok(run(&f,
               select_with(&f, f.user->entity, LA_LOADER_SELECTIN, attribute(f.user, "addresses")),
               &load, &error),
           &error));
  CHECK(load.entities.count == 3 && load.links.count == 3);
  CHECK(many(load.entities.items[1], f.user_addresses)->items.count == 2);
  CHECK(many(load.entities.items[2], f.user_addresses)->items.count == 0);
  la_load_free(&load);
  CHECK(ok(run(&f,
               select_with(&f, f.address->entity, LA_LOADER_SELECTIN, attribute(f.address, "user")),
               &load, &error),
           &error));
  CHECK(load.entities.count == 4 && load.links.count == 4);
  CHECK(la_links(load.entities.items[1])[f.address_user->link].to.one ==
        la_links(load.entities.items[2])[f.address_user->link].to.one);
  CHECK(la_links(load.entities.items[3])[f.address_user->link].to.one == NULL);
  CHECK(la_links(load.entities.items[3])[f.address_user->link].flags & LA_LINK_LOADED);
  la_load_free(&load);
  CHECK(
      ok(run(&f, select_with(&f, f.item->entity, LA_LOADER_SELECTIN, attribute(f.item, "keywords")),
             &load, &error),
         &error));
  CHECK(many(load.entities.items[0], f.item_keywords_link)->items.count == 2);
  CHECK(many(load.entities.items[1], f.item_keywords_link)->items.count == 1);
  CHECK(many(load.entities.items[2], f.item_keywords_link)->items.count == 0);
  la_load_free(&load);
  CHECK(
      ok(run(&f, select_with(&f, f.node->entity, LA_LOADER_IMMEDIATE, attribute(f.node, "parent")),
             &load, &error),
         &error));
  CHECK(la_links(load.entities.items[3])[f.node_parent->link].to.one == load.entities.items[1]);
  CLOSE();
}

TEST(sends_statements_by_keys) {
  OPEN(false);
  static const la_text columns[] = {LA_TEXT_LITERAL("id"), LA_TEXT_LITERAL("name"),
                                    LA_TEXT_LITERAL("age")};
  la_value rows[2][3] = {{la_value_integer(7), LA_VALUE_NONE, LA_VALUE_NONE},
                         {la_value_integer(8), LA_VALUE_NONE, la_value_integer(7)}};
  la_record_answer answer = {.prefix = LA_TEXT_LITERAL("SELECT"),
                             .columns = columns,
                             .column_count = 3,
                             .values = rows[0],
                             .row_count = 2};
  struct {
    la_mapper *mapper;
    const char *link;
    const char *sql;
    uint32_t params;
    int columns;
  } cases[] = {
      {f.user, "addresses",
       "SELECT addresses.user_id, addresses.id, addresses.name FROM addresses WHERE "
       "addresses.user_id IN (?, ?)",
       2, 3},
      {f.address, "user", "SELECT users.id, users.name, users.age FROM users WHERE users.id IN (?)",
       1, 3},
      {f.item, "keywords",
       "SELECT item_keywords.item_id, keywords.id, keywords.name FROM item_keywords JOIN keywords "
       "ON keywords.id = "
       "item_keywords.keyword_id WHERE item_keywords.item_id IN (?, ?)",
       2, 2},
      {f.node, "children",
       "SELECT nodes.parent_id, nodes.id, nodes.name FROM nodes WHERE nodes.parent_id IN (?, ?)", 2,
       3},
      {f.node, "parent",
       "SELECT nodes.id, nodes.name, nodes.parent_id FROM nodes WHERE nodes.id IN (?)", 1, 3},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    answer.column_count = (uint32_t)cases[i].columns;
    la_value two[4] = {la_value_integer(7), LA_VALUE_NONE, la_value_integer(8), LA_VALUE_NONE};
    answer.values = cases[i].columns == 2 ? two : rows[0];
    CHECK(ok(la_record_add_answer(f.record, &answer, &error), &error));
    la_record_forget(f.record);
    CHECK(ok(run(&f,
                 select_with(&f, cases[i].mapper->entity, LA_LOADER_SELECTIN,
                             attribute(cases[i].mapper, cases[i].link)),
                 &load, &error),
             &error));
    size_t last = f.record->entries.count - 1;
    CHECK_TEXT(f.record->entries.items[last].text, cases[i].sql);
    CHECK(f.record->entries.items[last].param_count == cases[i].params);
    la_load_free(&load);
  }
  CLOSE();
}

static void lazy(fixture *f, la_instance *instance, const la_relationship *relationship,
                 const char *sql, size_t statements) {
  la_load load = {0};
  la_error error = LA_ERROR_INIT;
  la_record_forget(f->record);
  CHECK(ok(la_load_link(instance, relationship->link, false, &load, &error), &error));
  CHECK(f->record->entries.count == statements);
  if (statements != 0 && f->record->entries.count != 0) {
    CHECK_TEXT(f->record->entries.items[f->record->entries.count - 1].text, sql);
  }
  CHECK(load.links.count == 1 && load.links.items[0].instance == instance);
  la_load_free(&load);
}

TEST(sends_lazy_loads) {
  OPEN(false);
  static const la_text columns[] = {LA_TEXT_LITERAL("id"), LA_TEXT_LITERAL("name"),
                                    LA_TEXT_LITERAL("age")};
  la_value row[3] = {la_value_integer(7), LA_VALUE_NONE, la_value_integer(5)};
  la_record_answer answer = {.prefix = LA_TEXT_LITERAL("SELECT"),
                             .columns = columns,
                             .column_count = 3,
                             .values = row,
                             .row_count = 1};
  la_instance *user, *address, *item, *node;
  la_mapper *mappers[] = {f.user, f.address, f.item, f.node};
  la_instance *made[4];
  la_load loads[4] = {{0}};
  for (int i = 0; i < 4; i++) {
    answer.column_count = i == 2 ? 2 : 3;
    CHECK(ok(la_record_add_answer(f.record, &answer, &error), &error));
    CHECK(ok(run(&f, select_with(&f, mappers[i]->entity, 0, NULL), &loads[i], &error), &error));
    made[i] = loads[i].entities.items[0];
  }
  user = made[0], address = made[1], item = made[2], node = made[3];
  lazy(&f, user, f.user_addresses,
       "SELECT addresses.id, addresses.name, addresses.user_id FROM addresses WHERE ? = "
       "addresses.user_id",
       1);
  lazy(&f, address, f.address_user,
       "SELECT users.id, users.name, users.age FROM users WHERE users.id = ?", 1);
  lazy(&f, item, f.item_keywords_link,
       "SELECT keywords.id, keywords.name FROM keywords, item_keywords WHERE ? = "
       "item_keywords.item_id AND keywords.id = item_keywords.keyword_id",
       1);
  lazy(&f, node, f.node_children,
       "SELECT nodes.id, nodes.name, nodes.parent_id FROM nodes WHERE ? = nodes.parent_id", 1);
  CHECK(ok(set_integer(address, "user_id", 7, &error), &error));
  lazy(&f, address, f.address_user, "", 0); /* the identity map answers */
  for (int i = 0; i < 4; i++) {
    la_load_free(&loads[i]);
  }
  settle(&f);
  CLOSE();
}

TEST(reads_expired_attributes_again) {
  OPEN(false);
  static const la_text columns[] = {LA_TEXT_LITERAL("id"), LA_TEXT_LITERAL("name"),
                                    LA_TEXT_LITERAL("age")};
  la_value row[3] = {la_value_integer(7), la_value_text(LA_TEXT_LITERAL("jack")),
                     la_value_integer(5)};
  la_record_answer answer = {.prefix = LA_TEXT_LITERAL("SELECT"),
                             .columns = columns,
                             .column_count = 3,
                             .values = row,
                             .row_count = 1};
  la_instance *user = NULL;
  la_value key = la_value_integer(7);
  la_load second = {0};
  uint32_t name = la_mapper_property(f.user, LA_TEXT_LITERAL("name"))->slot;
  CHECK(ok(la_record_add_answer(f.record, &answer, &error), &error));
  CHECK(ok(la_load_get(f.session, f.user, &key, false, &load, &user, &error), &error));
  CHECK(user != NULL && load.entities.count == 0 && load.pinned.count == 1);
  CHECK_TEXT(f.record->entries.items[f.record->entries.count - 1].text,
             "SELECT users.id, users.name, users.age FROM users WHERE users.id = ?");
  la_instance_expire_slot(user, name);
  row[0] = row[1];
  answer.column_count = 1;
  CHECK(ok(la_record_add_answer(f.record, &answer, &error), &error));
  CHECK(ok(la_load_slots(user, name, &second, &error), &error));
  CHECK_TEXT(f.record->entries.items[f.record->entries.count - 1].text,
             "SELECT users.name FROM users WHERE users.id = ?");
  CHECK_TEXT(la_value_bytes(slot_of(user, "name")), "jack");
  CHECK(!(user->flags & LA_INSTANCE_EXPIRED));
  la_load_free(&second);
  row[0] = la_value_integer(7);
  answer.column_count = 3;
  la_instance_expire_all(user);
  CHECK(ok(la_record_add_answer(f.record, &answer, &error), &error));
  CHECK(ok(la_load_slots(user, name, &second, &error), &error));
  CHECK_TEXT(f.record->entries.items[f.record->entries.count - 1].text,
             "SELECT users.id, users.name, users.age FROM users WHERE users.id = ?");
  CHECK(slot_of(user, "age")->as.integer == 5 && !(user->flags & LA_INSTANCE_EXPIRED));
  la_load_free(&second);
  la_instance_expire_all(user);
  CHECK(la_load_slots(user, name, &second, &error) == LA_OBJECT_DELETED);
  la_load_free(&second);
  CLOSE();
}

TEST(gives_rows_of_several_parts) {
  OPEN(true);
  la_node *parts[] = {f.user->entity, attribute(f.address, "name")};
  la_node *select = la_select_new(&f.sql, parts, 2);
  la_node *step = la_join_step_new(&f.sql, attribute(f.user, "addresses"), NULL, NULL, 0);
  la_node *joined = la_node_with_chained(select, LA_SELECT_FROM, &step, 1);
  la_node_release(select);
  la_node_release(step);
  CHECK(ok(run(&f, joined, &load, &error), &error));
  CHECK(load.entities.count == 0 && la_rows_left(&load.rows) == 3);
  la_packed_row *row = la_rows_take(&load.rows);
  la_instance *user = (la_instance *)(intptr_t)row->values[0].as.integer;
  CHECK_TEXT(la_value_bytes(slot_of(user, "name")), "jack");
  CHECK_TEXT(la_value_bytes(&row->values[1]), "jack@x");
  la_chunk_unpin(row->chunk);
  CLOSE();
}

TEST(streams) {
  OPEN(true);
  la_node *select =
      select_with(&f, f.user->entity, LA_LOADER_SELECTIN, attribute(f.user, "addresses"));
  la_compiled *compiled = NULL;
  la_cursor cursor = {0};
  bool cached;
  size_t seen = 0, applied;
  la_status status;
  CHECK(ok(la_orm_compile(f.engine, select, &compiled, &cached, &error), &error));
  CHECK(ok(la_load_open(&load, &cursor, f.session, compiled, NULL, 0, NULL, NULL, &error), &error));
  do {
    status = la_load_read(&load, &cursor, 2, &error);
    CHECK(ok(status, &error));
    seen += load.entities.count;
    applied = 0;
    while (la_load_eager(&load, &error) == LA_ROW) {
      CHECK(ok(apply_links(&load, &applied, &error), &error));
    }
    CHECK(load.entities.count == 0 || many(load.entities.items[0], f.user_addresses) != NULL);
  } while (status == LA_ROW);
  CHECK(seen == 3);
  la_cursor_close(&cursor);
  la_object_release(compiled);
  la_node_release(select);
  CLOSE();
}

/* Two rows for the next SELECT. */
static la_status answer_rows(fixture *f, uint32_t columns, la_error *err) {
  static const la_text names[] = {LA_TEXT_LITERAL("a"), LA_TEXT_LITERAL("b"), LA_TEXT_LITERAL("c"),
                                  LA_TEXT_LITERAL("d"), LA_TEXT_LITERAL("e"), LA_TEXT_LITERAL("f")};
  la_value rows[2][6];
  for (int r = 0; r < 2; r++) {
    for (uint32_t c = 0; c < columns; c++) {
      rows[r][c] = c == 1 ? la_value_text(LA_TEXT_LITERAL("some text")) : la_value_integer(7 + r);
    }
  }
  la_value flat[12];
  for (uint32_t i = 0; i < 2 * columns; i++) {
    flat[i] = rows[i / columns][i % columns];
  }
  la_record_answer answer = {.prefix = LA_TEXT_LITERAL("SELECT"),
                             .columns = names,
                             .column_count = columns,
                             .values = flat,
                             .row_count = 2};
  return la_record_add_answer(f->record, &answer, err);
}

static bool load_all(la_allocator *failing, void *argument) {
  fixture f;
  la_load load = {0};
  la_error err = LA_ERROR_INIT;
  (void)argument;
  la_status status = fixture_open(&f, failing, USUAL, false, &err);
  if (status >= 0) {
    status = answer_rows(&f, 3, &err);
  }
  if (status >= 0) {
    status = answer_rows(&f, 3, &err);
  }
  if (status >= 0) {
    status =
        run(&f, select_with(&f, f.user->entity, LA_LOADER_SELECTIN, attribute(f.user, "addresses")),
            &load, &err);
  }
  la_load_free(&load);
  if (status >= 0) {
    status = answer_rows(&f, 6, &err);
  }
  if (status >= 0) {
    load.unique = true;
    status =
        run(&f, select_with(&f, f.address->entity, LA_LOADER_JOINED, attribute(f.address, "user")),
            &load, &err);
  }
  la_load_free(&load);
  fixture_close(&f);
  return status >= 0;
}

TEST(survives_failing_allocations) {
  oom_every(load_all, NULL);
}

int main(int argc, char **argv) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  RUN(loads_entities);
  RUN(keeps_what_is_loaded_unless_told);
  RUN(loads_collections_by_a_join);
  RUN(loads_links_by_keys);
  RUN(sends_statements_by_keys);
  RUN(sends_lazy_loads);
  RUN(reads_expired_attributes_again);
  RUN(gives_rows_of_several_parts);
  RUN(streams);
  if (argc < 2 || argv[1][0] != 'q') {
    RUN(survives_failing_allocations);
  }
  return test_result();
}
