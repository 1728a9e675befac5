/* SPDX-License-Identifier: MIT */
/* What a flush sends, in which order, and what it leaves in memory. */
#include "orm.h"
#include "oom.h"

static la_allocator alloc;

#define USUAL (LA_CASCADE_SAVE_UPDATE | LA_CASCADE_MERGE)
#define ALL   (USUAL | LA_CASCADE_DELETE | LA_CASCADE_EXPUNGE | LA_CASCADE_REFRESH_EXPIRE)

static bool ok(la_status status, const la_error *err) {
  if (status < 0) {
    printf("  %s: %s\n", la_status_class(status), err->message);
  }
  return status >= 0;
}

/* Statement number `at` of the record, BEGIN and the like included. */
static la_text sent(const fixture *f, size_t at) {
  return at < f->record->entries.count ? f->record->entries.items[at].text
                                       : LA_TEXT_LITERAL("(none)");
}

static void show(const fixture *f) {
  for (size_t i = 0; i < f->record->entries.count; i++) {
    la_strbuf text;
    la_strbuf_init(&text, f->alloc);
    for (uint32_t j = 0; j < f->record->entries.items[i].param_count; j++) {
      la_value_describe(&f->record->entries.items[i].params[j], &text);
      la_strbuf_char(&text, ' ');
    }
    printf("   %zu: %.*s  [%.*s]\n", i, LA_TEXT_FORMAT(f->record->entries.items[i].text),
           LA_TEXT_FORMAT(la_strbuf_view(&text)));
    la_strbuf_clear(&text);
  }
}

TEST(inserts_parents_first) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  if (!CHECK(ok(fixture_open(&f, &alloc, USUAL, false, &err), &err))) {
    return;
  }
  la_instance *user = make(&f, f.user, "name", "ed", &err);
  la_instance *address = make(&f, f.address, "name", "ed@x", &err);
  CHECK(ok(append_to(user, f.user_addresses, address, &err), &err));
  CHECK(ok(la_session_add(f.session, user, &err), &err));
  CHECK(la_instance_state(user) == LA_STATE_PENDING &&
        la_instance_state(address) == LA_STATE_PENDING);
  CHECK(ok(flush(&f, &err), &err));
  CHECK_TEXT(sent(&f, 1), "INSERT INTO users (name, age) VALUES (?, ?)");
  CHECK_TEXT(sent(&f, 2), "INSERT INTO addresses (name, user_id) VALUES (?, ?)");
  CHECK(slot_of(user, "id")->as.integer == 1 && slot_of(address, "user_id")->as.integer == 1);
  CHECK(la_instance_state(user) == LA_STATE_PERSISTENT);
  la_record_forget(f.record);
  CHECK(ok(set_integer(user, "age", 5, &err), &err));
  CHECK(f.session->dirty_objects.count == 1 && la_instance_is_modified(user));
  CHECK(ok(flush(&f, &err), &err));
  CHECK_TEXT(sent(&f, 0), "UPDATE users SET age=? WHERE users.id = ?");
  CHECK(f.session->dirty_objects.count == 0);
  if (!test_ok) {
    show(&f);
  }
  CHECK(ok(la_session_commit(f.session, true, &err), &err));
  CHECK(!(slot_of(user, "name")->flags & LA_SLOT_LOADED));
  settle(&f);
  la_instance_unpin(user);
  la_instance_unpin(address);
  fixture_close(&f);
}

/* Opens a fixture on the recording driver. */
static bool open_with(fixture *f, uint32_t cascade, la_error *err) {
  return CHECK(ok(fixture_open(f, &alloc, cascade, false, err), err));
}

static void close_with(fixture *f, la_instance *const *held, size_t count) {
  settle(f);
  if (!test_ok) {
    show(f);
  }
  for (size_t i = 0; i < count; i++) {
    la_instance_unpin(held[i]);
  }
  fixture_close(f);
}

/* A user with `count` addresses, flushed. */
static la_instance *user_with(fixture *f, la_instance **children, size_t count, la_error *err) {
  la_instance *user = make(f, f->user, "name", "ed", err);
  for (size_t i = 0; i < count; i++) {
    children[i] = make(f, f->address, "name", "ed@x", err);
    CHECK(ok(append_to(user, f->user_addresses, children[i], err), err));
  }
  CHECK(ok(la_session_add(f->session, user, err), err));
  CHECK(ok(flush(f, err), err));
  la_record_forget(f->record);
  return user;
}

TEST(nulls_foreign_keys_before_the_parent_goes) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[3];
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  held[0] = user_with(&f, held + 1, 2, &err);
  CHECK(ok(la_session_delete(f.session, held[0], &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK_TEXT(sent(&f, 0), "UPDATE addresses SET user_id=? WHERE addresses.id = ?");
  CHECK_TEXT(sent(&f, 1), "UPDATE addresses SET user_id=? WHERE addresses.id = ?");
  CHECK_TEXT(sent(&f, 2), "DELETE FROM users WHERE users.id = ?");
  CHECK(f.record->entries.count == 3);
  CHECK(la_instance_state(held[0]) == LA_STATE_DELETED);
  CHECK(slot_of(held[1], "user_id")->kind == LA_VALUE_NULL);
  CHECK(ok(la_session_rollback(f.session, true, &err), &err));
  CHECK(la_instance_state(held[0]) ==
        LA_STATE_TRANSIENT); /* it was inserted in the same transaction */
  close_with(&f, held, 3);
}

TEST(deletes_children_first_with_the_cascade) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[3];
  la_delete_walk walk = {0};
  if (!open_with(&f, ALL, &err)) {
    return;
  }
  held[0] = user_with(&f, held + 1, 2, &err);
  CHECK(ok(la_session_commit(f.session, true, &err), &err));
  CHECK(la_delete_walk_on(&walk, f.session, held[0], &err) == LA_ROW);
  CHECK(walk.found.items[walk.at] == held[0] && walk.link == f.user_addresses->link);
  CHECK(ok(la_collection_load(held[0], walk.link, held + 1, 2, &err), &err));
  CHECK(la_delete_walk_on(&walk, f.session, held[0], &err) == LA_OK);
  CHECK(walk.found.count == 3);
  for (size_t i = 0; i < walk.found.count; i++) {
    CHECK(ok(la_session_delete(f.session, walk.found.items[i], &err), &err));
  }
  la_delete_walk_clear(&walk, &alloc);
  la_record_forget(f.record);
  CHECK(ok(flush(&f, &err), &err));
  CHECK_TEXT(sent(&f, 1), "DELETE FROM addresses WHERE addresses.id = ?");
  CHECK_TEXT(sent(&f, 2), "DELETE FROM addresses WHERE addresses.id = ?");
  CHECK_TEXT(sent(&f, 3), "DELETE FROM users WHERE users.id = ?");
  CHECK(ok(la_session_commit(f.session, true, &err), &err));
  CHECK(la_instance_state(held[0]) == LA_STATE_DETACHED);
  CHECK(la_session_add(f.session, held[0], &err) == LA_INVALID_REQUEST);
  close_with(&f, held, 3);
}

TEST(deletes_orphans_and_expunges_pending_ones) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[3];
  if (!open_with(&f, ALL | LA_CASCADE_DELETE_ORPHAN, &err)) {
    return;
  }
  held[0] = user_with(&f, held + 1, 1, &err);
  held[2] = make(&f, f.address, "name", "new", &err);
  CHECK(ok(append_to(held[0], f.user_addresses, held[2], &err), &err));
  CHECK(la_instance_state(held[2]) == LA_STATE_PENDING);
  CHECK(ok(change_link(LA_LINK_REMOVE, held[0], f.user_addresses, held[2], 1, &err), &err));
  CHECK(la_instance_state(held[2]) == LA_STATE_TRANSIENT);
  CHECK(ok(change_link(LA_LINK_REMOVE, held[0], f.user_addresses, held[1], 0, &err), &err));
  CHECK(la_links(held[1])[f.address_user->link].to.one == NULL);
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 1);
  CHECK_TEXT(sent(&f, 0), "DELETE FROM addresses WHERE addresses.id = ?");
  close_with(&f, held, 3);
}

TEST(moves_children_between_parents) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[3];
  if (!open_with(&f, ALL | LA_CASCADE_DELETE_ORPHAN, &err)) {
    return;
  }
  held[0] = user_with(&f, held + 1, 1, &err);
  held[2] = make(&f, f.user, "name", "wendy", &err);
  CHECK(ok(la_session_add(f.session, held[2], &err), &err));
  CHECK(ok(append_to(held[2], f.user_addresses, held[1], &err), &err));
  CHECK(la_links(held[0])[f.user_addresses->link].to.many->items.count == 0);
  CHECK(la_links(held[1])[f.address_user->link].to.one == held[2]);
  CHECK(ok(flush(&f, &err), &err));
  CHECK_TEXT(sent(&f, 0), "INSERT INTO users (name, age) VALUES (?, ?)");
  CHECK_TEXT(sent(&f, 1), "UPDATE addresses SET user_id=? WHERE addresses.id = ?");
  CHECK(f.record->entries.count == 2 &&
        slot_of(held[1], "user_id")->as.integer == slot_of(held[2], "id")->as.integer);
  close_with(&f, held, 3);
}

TEST(writes_rows_of_secondary_tables_once) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[3];
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  held[0] = make(&f, f.item, "name", "i", &err);
  held[1] = make(&f, f.keyword, "name", "k1", &err);
  held[2] = make(&f, f.keyword, "name", "k2", &err);
  CHECK(ok(append_to(held[0], f.item_keywords_link, held[1], &err), &err));
  CHECK(ok(append_to(held[0], f.item_keywords_link, held[2], &err), &err));
  CHECK(ok(la_session_add(f.session, held[0], &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 6);
  CHECK_TEXT(sent(&f, 4), "INSERT INTO item_keywords (item_id, keyword_id) VALUES (?, ?)");
  la_record_forget(f.record);
  CHECK(ok(change_link(LA_LINK_REMOVE, held[0], f.item_keywords_link, held[1], 0, &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 1);
  CHECK_TEXT(
      sent(&f, 0),
      "DELETE FROM item_keywords WHERE item_keywords.item_id = ? AND item_keywords.keyword_id = ?");
  la_record_forget(f.record);
  CHECK(ok(la_session_delete(f.session, held[0], &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 2);
  CHECK_TEXT(sent(&f, 1), "DELETE FROM items WHERE items.id = ?");
  close_with(&f, held, 3);
}

TEST(takes_over_the_row_of_a_deleted_object) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[2];
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  held[0] = make(&f, f.natural, "code", "a", &err);
  CHECK(ok(set_text(held[0], "label", "old", &err), &err));
  CHECK(ok(la_session_add(f.session, held[0], &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK_TEXT(sent(&f, 1), "INSERT INTO naturals (code, label) VALUES (?, ?)");
  held[1] = make(&f, f.natural, "code", "a", &err);
  CHECK(ok(set_text(held[1], "label", "new", &err), &err));
  CHECK(ok(la_session_delete(f.session, held[0], &err), &err));
  CHECK(ok(la_session_add(f.session, held[1], &err), &err));
  la_record_forget(f.record);
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 1);
  CHECK_TEXT(sent(&f, 0), "UPDATE naturals SET label=? WHERE naturals.code = ?");
  CHECK(la_instance_state(held[0]) == LA_STATE_DELETED &&
        la_instance_state(held[1]) == LA_STATE_PERSISTENT);
  CHECK(held[1]->flags & LA_INSTANCE_IN_MAP);
  close_with(&f, held, 2);
}

TEST(changes_keys_and_switches_them_back) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[1];
  la_value key = la_value_text(LA_TEXT_LITERAL("b"));
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  held[0] = make(&f, f.natural, "code", "a", &err);
  CHECK(ok(la_session_add(f.session, held[0], &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(ok(la_session_commit(f.session, true, &err), &err));
  la_record_forget(f.record);
  CHECK(ok(set_text(held[0], "code", "b", &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK_TEXT(sent(&f, 1), "UPDATE naturals SET code=? WHERE naturals.code = ?");
  CHECK(la_identity_find(&f.session->map, f.natural, &key, la_identity_hash(f.natural, &key)) ==
        held[0]);
  CHECK(ok(la_session_rollback(f.session, true, &err), &err));
  CHECK(la_identity_find(&f.session->map, f.natural, &key, la_identity_hash(f.natural, &key)) ==
        NULL);
  key = la_value_text(LA_TEXT_LITERAL("a"));
  CHECK(la_identity_find(&f.session->map, f.natural, &key, la_identity_hash(f.natural, &key)) ==
        held[0]);
  close_with(&f, held, 1);
}

TEST(orders_a_tree_by_levels) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[4];
  const char *names[] = {"leaf", "left", "root", "right"};
  if (!open_with(&f, ALL, &err)) {
    return;
  }
  for (int i = 0; i < 4; i++) {
    held[i] = make(&f, f.node, "name", names[i], &err);
    CHECK(ok(la_session_add(f.session, held[i], &err), &err));
  }
  CHECK(ok(append_to(held[2], f.node_children, held[1], &err), &err));
  CHECK(ok(append_to(held[2], f.node_children, held[3], &err), &err));
  CHECK(ok(append_to(held[1], f.node_children, held[0], &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(slot_of(held[2], "id")->as.integer == 1 && slot_of(held[1], "id")->as.integer == 2);
  CHECK(slot_of(held[3], "id")->as.integer == 3 && slot_of(held[0], "id")->as.integer == 4);
  CHECK(slot_of(held[0], "parent_id")->as.integer == 2);
  la_record_forget(f.record);
  for (int i = 0; i < 4; i++) {
    CHECK(ok(la_session_delete(f.session, held[i], &err), &err));
  }
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 4 && f.record->entries.items[3].params[0].as.integer == 1);
  close_with(&f, held, 4);
}

TEST(refuses_a_cycle_of_rows) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[2];
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  held[0] = make(&f, f.node, "name", "a", &err);
  held[1] = make(&f, f.node, "name", "b", &err);
  CHECK(ok(append_to(held[0], f.node_children, held[1], &err), &err));
  CHECK(ok(append_to(held[1], f.node_children, held[0], &err), &err));
  CHECK(ok(la_session_add(f.session, held[0], &err), &err));
  CHECK(flush(&f, &err) == LA_CIRCULAR_DEPENDENCY);
  CHECK(f.session->phase == LA_SESSION_INACTIVE &&
        la_instance_state(held[0]) == LA_STATE_TRANSIENT);
  la_error again = LA_ERROR_INIT;
  CHECK(la_session_check(f.session, &again) == LA_PENDING_ROLLBACK);
  CHECK(strstr(again.message, "Original exception was: Circular dependency detected.") != NULL);
  CHECK(ok(la_session_rollback(f.session, true, &err), &err));
  CHECK(la_session_check(f.session, &again) == LA_OK);
  close_with(&f, held, 2);
}

TEST(undoes_in_memory_what_a_failed_flush_did) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[2];
  la_record_answer answer = {.prefix = LA_TEXT_LITERAL("INSERT INTO addresses"),
                             .failure = LA_INTEGRITY,
                             .message = LA_TEXT_LITERAL("UNIQUE constraint failed")};
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  CHECK(ok(la_record_add_answer(f.record, &answer, &err), &err));
  held[0] = make(&f, f.user, "name", "ed", &err);
  held[1] = make(&f, f.address, "name", "x", &err);
  CHECK(ok(append_to(held[0], f.user_addresses, held[1], &err), &err));
  CHECK(ok(la_session_add(f.session, held[0], &err), &err));
  CHECK(flush(&f, &err) == LA_INTEGRITY);
  CHECK(!(slot_of(held[0], "id")->flags & LA_SLOT_LOADED) &&
        !(slot_of(held[1], "user_id")->flags & LA_SLOT_LOADED));
  CHECK(slot_of(held[0], "name")->flags & LA_SLOT_LOADED && f.session->new_objects.count == 0);
  CHECK(ok(la_session_rollback(f.session, true, &err), &err));
  CHECK(ok(la_session_add(f.session, held[0], &err), &err));
  err = (la_error)LA_ERROR_INIT;
  CHECK(ok(flush(&f, &err), &err));
  CHECK(slot_of(held[1], "user_id")->as.integer == slot_of(held[0], "id")->as.integer);
  close_with(&f, held, 2);
}

TEST(notices_that_a_row_is_gone) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[1];
  la_record_answer answer = {.prefix = LA_TEXT_LITERAL("UPDATE"), .changes = 0};
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  held[0] = user_with(&f, NULL, 0, &err);
  CHECK(ok(la_record_add_answer(f.record, &answer, &err), &err));
  CHECK(ok(set_text(held[0], "name", "wendy", &err), &err));
  CHECK(flush(&f, &err) == LA_STALE_DATA);
  CHECK(strcmp(err.message,
               "UPDATE statement on table 'users' expected to update 1 row(s); 0 were matched.") ==
        0);
  close_with(&f, held, 1);
}

TEST(updates_net_changes_only) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[1];
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  held[0] = user_with(&f, NULL, 0, &err);
  CHECK(ok(set_text(held[0], "name", "wendy", &err), &err));
  CHECK(ok(set_text(held[0], "name", "ed", &err), &err));
  CHECK(f.session->dirty_objects.count == 1 && !la_instance_is_modified(held[0]));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 0 && f.session->dirty_objects.count == 0);
  uint64_t before = alloc.allocations;
  CHECK(ok(set_integer(held[0], "age", 1, &err), &err));
  uint64_t first = alloc.allocations;
  CHECK(ok(set_integer(held[0], "age", 2, &err), &err));
  CHECK(ok(set_text(held[0], "name", "a", &err), &err));
  uint64_t third = alloc.allocations;
  CHECK(ok(set_text(held[0], "name", "bc", &err), &err));
  CHECK(first - before <= 4 && alloc.allocations == third);
  close_with(&f, held, 1);
}

TEST(sends_savepoints_late_and_rolls_back_to_them) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[2];
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  held[0] = user_with(&f, NULL, 0, &err);
  CHECK(ok(la_session_begin(f.session, true, &err), &err));
  CHECK(f.record->entries.count == 0);
  CHECK(ok(set_text(held[0], "name", "wendy", &err), &err));
  held[1] = make(&f, f.user, "name", "fred", &err);
  CHECK(ok(la_session_add(f.session, held[1], &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK_TEXT(sent(&f, 0), "SAVEPOINT sa_savepoint_1");
  CHECK_TEXT(sent(&f, 1), "UPDATE users SET name=? WHERE users.id = ?");
  CHECK_TEXT(sent(&f, 2), "INSERT INTO users (name, age) VALUES (?, ?)");
  CHECK(ok(la_session_rollback(f.session, false, &err), &err));
  CHECK_TEXT(sent(&f, 3), "ROLLBACK TO SAVEPOINT sa_savepoint_1");
  CHECK(la_instance_state(held[1]) == LA_STATE_TRANSIENT &&
        la_instance_state(held[0]) == LA_STATE_PERSISTENT);
  CHECK(!(slot_of(held[0], "name")->flags & LA_SLOT_LOADED));
  CHECK(f.session->levels.count == 1);
  close_with(&f, held, 2);
}

TEST(updates_afterwards_what_refers_in_a_circle) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[2];
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  f.node_parent->post_update = f.node_children->post_update = true;
  held[0] = make(&f, f.node, "name", "a", &err);
  held[1] = make(&f, f.node, "name", "b", &err);
  CHECK(ok(append_to(held[0], f.node_children, held[1], &err), &err));
  CHECK(ok(append_to(held[1], f.node_children, held[0], &err), &err));
  CHECK(ok(la_session_add(f.session, held[0], &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 5);
  CHECK_TEXT(sent(&f, 2), "INSERT INTO nodes (name, parent_id) VALUES (?, ?)");
  CHECK_TEXT(sent(&f, 3), "UPDATE nodes SET parent_id=? WHERE nodes.id = ?");
  CHECK(slot_of(held[0], "parent_id")->as.integer == 2 &&
        slot_of(held[1], "parent_id")->as.integer == 1);
  la_record_forget(f.record);
  CHECK(ok(la_session_delete(f.session, held[0], &err), &err));
  CHECK(ok(la_session_delete(f.session, held[1], &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 4);
  CHECK_TEXT(sent(&f, 1), "UPDATE nodes SET parent_id=? WHERE nodes.id = ?");
  CHECK_TEXT(sent(&f, 3), "DELETE FROM nodes WHERE nodes.id = ?");
  close_with(&f, held, 2);
}

TEST(passes_a_changed_key_on) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[3];
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  held[0] = user_with(&f, held + 1, 2, &err);
  CHECK(ok(set_integer(held[0], "id", 7, &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 1 && slot_of(held[1], "user_id")->as.integer == 7);
  CHECK(!la_instance_is_modified(held[1]));
  f.user_addresses->passive_updates = false;
  CHECK(ok(set_integer(held[0], "id", 8, &err), &err));
  CHECK(ok(flush(&f, &err), &err));
  CHECK(f.record->entries.count == 4 && slot_of(held[2], "user_id")->as.integer == 8);
  CHECK_TEXT(sent(&f, 2), "UPDATE addresses SET user_id=? WHERE addresses.id = ?");
  close_with(&f, held, 3);
}

/* A default that Lua makes, a value that Lua converts, and an SQL expression. */
TEST(asks_for_what_only_the_program_knows) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[1];
  la_flush *plan;
  la_flush_step step;
  la_value host = la_value_of_kind(LA_VALUE_HOST, 42),
           text = la_value_text(LA_TEXT_LITERAL("made"));
  la_default function = {.kind = LA_DEFAULT_HOST, .host = 41};
  if (!open_with(&f, USUAL, &err)) {
    return;
  }
  CHECK(ok(la_column_set_default(la_table_column(f.users, la_text_of("age")), LA_DEFAULT_INSERT,
                                 &function, &err),
           &err));
  held[0] = make(&f, f.user, "name", "ed", &err);
  CHECK(ok(la_instance_set(held[0], la_mapper_property(f.user, la_text_of("name"))->slot, &host,
                           NULL, &err),
           &err));
  CHECK(ok(la_session_add(f.session, held[0], &err), &err));
  CHECK(ok(la_flush_new(f.session, &plan, &err), &err));
  CHECK(la_flush_prepare(plan, &step, &err) == LA_OK && la_flush_sort(plan, &err) == LA_OK);
  CHECK(la_flush_next(plan, &step, &err) == LA_ROW);
  CHECK(step.kind == LA_FLUSH_DEFAULT && step.host == 41 && step.default_slot == LA_DEFAULT_INSERT);
  la_value age = la_value_integer(30);
  CHECK(ok(la_flush_supply(plan, &age, &err), &err));
  CHECK(la_flush_next(plan, &step, &err) == LA_ROW);
  CHECK(step.kind == LA_FLUSH_CONVERT && step.host == 42);
  CHECK(ok(la_flush_supply(plan, &text, &err), &err));
  CHECK(la_flush_next(plan, &step, &err) == LA_DONE);
  la_flush_finish(plan);
  la_flush_free(plan);
  settle(&f);
  CHECK_TEXT(sent(&f, 1), "INSERT INTO users (name, age) VALUES (?, ?)");
  CHECK_TEXT(la_value_bytes(&f.record->entries.items[1].params[0]), "made");
  CHECK(slot_of(held[0], "age")->as.integer == 30);
  la_record_forget(f.record);
  host.flags = LA_SLOT_EXPR;
  CHECK(ok(la_instance_set(held[0], la_mapper_property(f.user, la_text_of("age"))->slot, &host,
                           NULL, &err),
           &err));
  CHECK(ok(la_flush_new(f.session, &plan, &err), &err));
  CHECK(la_flush_prepare(plan, &step, &err) == LA_OK && la_flush_sort(plan, &err) == LA_OK);
  CHECK(la_flush_next(plan, &step, &err) == LA_ROW && step.kind == LA_FLUSH_EXPRESSION);
  la_node *column = la_expr_column(&f.sql, la_table_column(f.users, la_text_of("age")), NULL);
  la_value one = la_value_integer(1);
  la_node *param = la_expr_param(&f.sql, LA_TEXT_NONE, &one, NULL);
  la_node *sum = la_expr_binary(&f.sql, LA_OP_ADD, column, param);
  CHECK(ok(la_flush_supply_expression(plan, sum, &err), &err));
  la_node_release(column);
  la_node_release(param);
  la_node_release(sum);
  CHECK(la_flush_next(plan, &step, &err) == LA_DONE);
  la_flush_finish(plan);
  la_flush_free(plan);
  settle(&f);
  CHECK_TEXT(sent(&f, 0), "UPDATE users SET age=(users.age + ?) WHERE users.id = ?");
  CHECK(!(slot_of(held[0], "age")->flags & LA_SLOT_LOADED));
  close_with(&f, held, 1);
}

static const size_t chain = 100000;

TEST(flushes_a_chain_of_100000_objects) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance **held = malloc(chain * sizeof *held);
  if (!CHECK(ok(fixture_open(&f, &alloc, ALL, true, &err), &err))) {
    return;
  }
  la_connection *connection;
  la_cursor cursor;
  CHECK(ok(la_session_connection(f.session, &connection, &err), &err));
  la_text create = LA_TEXT_LITERAL("CREATE TABLE nodes (id INTEGER PRIMARY KEY, name VARCHAR, "
                                   "parent_id INTEGER REFERENCES nodes (id))");
  CHECK(ok(la_cursor_open(&cursor, connection, create, NULL, 0, &err), &err));
  CHECK(ok(la_cursor_step(&cursor, &err), &err));
  la_cursor_close(&cursor);
  for (size_t i = 0; i < chain; i++) {
    held[i] = make(&f, f.node, "name", "n", &err);
    if (i > 0) {
      CHECK(ok(append_to(held[i - 1], f.node_children, held[i], &err), &err));
    }
  }
  CHECK(ok(la_session_add(f.session, held[0], &err), &err));
  CHECK(f.session->new_objects.count == chain);
  CHECK(ok(flush(&f, &err), &err));
  CHECK(slot_of(held[chain - 1], "parent_id")->as.integer == (int64_t)chain - 1);
  la_error ignored = LA_ERROR_INIT;
  la_session_rollback(f.session, true, &ignored);
  settle(&f);
  for (size_t i = 0; i < chain; i++) {
    la_instance_unpin(held[i]);
  }
  free(held);
  fixture_close(&f);
}

/* A working day of a session under failing allocations. */
static bool work(la_allocator *failing, void *argument) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *user = NULL, *address = NULL;
  oom *state = failing->userdata; /* what is tested begins behind the fixture */
  uint64_t fail_at = state->fail_at;
  state->fail_at = 0;
  la_status status = fixture_open(&f, failing, ALL | LA_CASCADE_DELETE_ORPHAN, false, &err);
  state->fail_at = fail_at > 0 ? state->calls + fail_at : 0;
  (void)argument;
  if (status >= 0) {
    user = make(&f, f.user, "name", "ed", &err);
    address = make(&f, f.address, "name", "x", &err);
    status = user != NULL && address != NULL ? LA_OK : LA_NOMEM;
  }
  status = status < 0 ? status : append_to(user, f.user_addresses, address, &err);
  status = status < 0 ? status : la_session_add(f.session, user, &err);
  status = status < 0 ? status : flush(&f, &err);
  status = status < 0 ? status : set_text(user, "name", "wendy", &err);
  status = status < 0 ? status : la_session_begin(f.session, true, &err);
  status =
      status < 0 ? status : change_link(LA_LINK_REMOVE, user, f.user_addresses, address, 0, &err);
  status = status < 0 ? status : flush(&f, &err);
  status = status < 0 ? status : la_session_commit(f.session, true, &err);
  if (status < 0 && f.session != NULL) {
    la_error ignored = LA_ERROR_INIT;
    la_session_rollback(f.session, true, &ignored);
    settle(&f);
  }
  if (f.session != NULL) {
    settle(&f);
  }
  if (user != NULL) {
    la_instance_unpin(user);
  }
  if (address != NULL) {
    la_instance_unpin(address);
  }
  fixture_close(&f);
  return status >= 0;
}

TEST(survives_failing_allocations) {
  CHECK(oom_every(work, NULL) > 100);
}

int main(void) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  RUN(inserts_parents_first);
  RUN(nulls_foreign_keys_before_the_parent_goes);
  RUN(deletes_children_first_with_the_cascade);
  RUN(deletes_orphans_and_expunges_pending_ones);
  RUN(moves_children_between_parents);
  RUN(writes_rows_of_secondary_tables_once);
  RUN(takes_over_the_row_of_a_deleted_object);
  RUN(changes_keys_and_switches_them_back);
  RUN(orders_a_tree_by_levels);
  RUN(refuses_a_cycle_of_rows);
  RUN(undoes_in_memory_what_a_failed_flush_did);
  RUN(notices_that_a_row_is_gone);
  RUN(updates_net_changes_only);
  RUN(sends_savepoints_late_and_rolls_back_to_them);
  RUN(updates_afterwards_what_refers_in_a_circle);
  RUN(passes_a_changed_key_on);
  RUN(asks_for_what_only_the_program_knows);
  RUN(flushes_a_chain_of_100000_objects);
  CHECK(alloc.blocks == 0);
  RUN(survives_failing_allocations);
  return test_result();
}
