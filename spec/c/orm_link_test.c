/* SPDX-License-Identifier: MIT */
/* Objects, identities, collections, and what a change of a link brings on the other side. */
#include "orm.h"
#include "oom.h"
#include "orm/cascade.h"

static la_allocator alloc;

#define USUAL (LA_CASCADE_SAVE_UPDATE | LA_CASCADE_MERGE)

static bool ok(la_status status, const la_error *err) {
  if (status < 0) {
    printf("  %s: %s\n", la_status_class(status), err->message);
  }
  return status >= 0;
}

static bool open_with(fixture *f, la_error *err) {
  return CHECK(ok(fixture_open(f, &alloc, USUAL, false, err), err));
}

/* Objects as if loaded: `id` and the session's. */
static la_instance *loaded(fixture *f, la_mapper *mapper, int64_t id, la_error *err) {
  la_instance *instance = NULL;
  la_value key = la_value_integer(id);
  CHECK(ok(la_instance_new(f->alloc, f->session->slab, mapper, &instance, err), err));
  CHECK(ok(la_instance_load(instance, la_mapper_property(mapper, la_text_of("id"))->slot, &key,
                            false, err),
           err));
  CHECK(ok(la_session_register(f->session, instance, err), err));
  return instance;
}

static void drop(fixture *f, la_instance *const *held, size_t count) {
  settle(f);
  for (size_t i = 0; i < count; i++) {
    la_instance_unpin(held[i]);
  }
  fixture_close(f);
}

TEST(finds_objects_by_key_and_forgets_those_nobody_holds) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  if (!open_with(&f, &err)) {
    return;
  }
  enum { COUNT = 1000 };
  static la_instance *held[COUNT];
  for (int i = 0; i < COUNT; i++) {
    held[i] = loaded(&f, i % 2 ? f.user : f.item, i / 2, &err);
  }
  CHECK(f.session->map.count == COUNT);
  for (int i = 0; i < COUNT; i++) {
    la_value key = la_value_real(i / 2);
    la_mapper *mapper = i % 2 ? f.user : f.item;
    CHECK(la_identity_find(&f.session->map, mapper, &key, la_identity_hash(mapper, &key)) ==
          held[i]);
  }
  for (int i = 0; i < COUNT / 2; i++) {
    la_instance_unpin(held[i]);
  }
  CHECK(f.session->map.count == COUNT / 2);
  drop(&f, held + COUNT / 2, COUNT / 2);
}

/* The most keys that share one of `BUCKETS` buckets, of as many keys that lie `stride` apart. */
static uint32_t longest_chain(const la_mapper *mapper, int64_t first, int64_t stride) {
  enum { BUCKETS = 8192 };
  static uint32_t counts[BUCKETS];
  uint32_t longest = 0;
  memset(counts, 0, sizeof counts);
  for (int64_t i = 0; i < BUCKETS; i++) {
    la_value key = la_value_integer(first + i * stride);
    uint32_t *count = &counts[la_identity_hash(mapper, &key) & (BUCKETS - 1)];
    longest = ++*count > longest ? *count : longest;
  }
  return longest;
}

TEST(spreads_keys_of_any_stride) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  if (!open_with(&f, &err)) {
    return;
  }
  CHECK(longest_chain(f.user, 1, 1) <= 12);
  for (int bits = 1; bits <= 40; bits++) {
    CHECK(longest_chain(f.user, 0, INT64_C(1) << bits) <= 40);
    CHECK(longest_chain(f.user, -(INT64_C(1) << 62), INT64_C(1) << bits) <= 40);
  }
  CHECK(longest_chain(f.user, INT64_C(1) << 60, 1) <= 12); /* where doubles are coarse */
  drop(&f, NULL, 0);
}

TEST(keeps_committed_values_and_gives_them_back) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[1];
  la_value value = la_value_text(LA_TEXT_LITERAL("a text that is longer than others")), seen;
  bool first = false;
  if (!open_with(&f, &err)) {
    return;
  }
  held[0] = loaded(&f, f.user, 1, &err);
  uint32_t slot = la_mapper_property(f.user, la_text_of("name"))->slot;
  CHECK(ok(la_instance_load(held[0], slot, &value, false, &err), &err));
  value = la_value_text(LA_TEXT_LITERAL("short"));
  CHECK(ok(la_instance_set(held[0], slot, &value, &first, &err), &err));
  CHECK(first && held[0]->flags & LA_INSTANCE_DIRTY && f.session->levels.count == 1);
  CHECK(la_instance_committed(held[0], slot, &seen));
  CHECK_TEXT(la_value_bytes(&seen), "a text that is longer than others");
  CHECK(la_instance_is_modified(held[0]));
  value = seen;
  CHECK(ok(la_instance_set(held[0], slot, &value, &first, &err), &err));
  CHECK(!first && !la_instance_is_modified(held[0]));
  la_instance_expire_all(held[0]);
  CHECK(!la_instance_committed(held[0], slot, &seen) && held[0]->flags & LA_INSTANCE_EXPIRED);
  value = la_value_integer(1);
  CHECK(la_identity_find(&f.session->map, f.user, &value, la_identity_hash(f.user, &value)) ==
        held[0]);
  CHECK(ok(set_integer(held[0], "age", 4, &err), &err));
  CHECK(
      !la_instance_committed(held[0], la_mapper_property(f.user, la_text_of("age"))->slot, &seen));
  la_instance_commit_all(held[0]);
  CHECK(la_instance_history(held[0]) == NULL && !la_instance_is_modified(held[0]));
  drop(&f, held, 1);
}

TEST(tells_what_a_collection_gained_and_lost) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  enum { COUNT = 40 };
  la_instance *held[COUNT + 1];
  la_instances added = {0}, removed = {0};
  if (!open_with(&f, &err)) {
    return;
  }
  held[COUNT] = loaded(&f, f.user, 1, &err);
  for (int i = 0; i < COUNT; i++) {
    held[i] = loaded(&f, f.address, i, &err);
  }
  uint32_t link = f.user_addresses->link;
  CHECK(ok(la_collection_load(held[COUNT], link, held, 30, &err), &err));
  la_collection *many = la_link_collection(held[COUNT], link);
  CHECK(ok(la_collection_insert(many, 0, held[35], &err), &err));
  CHECK(ok(la_collection_insert(many, SIZE_MAX, held[36], &err), &err));
  CHECK(ok(la_collection_remove_at(many, la_collection_index(many, held[7]), &err), &err));
  CHECK(ok(la_collection_history(many, &alloc, &added, &removed, &err), &err));
  CHECK(added.count == 2 && added.items[0] == held[35] && added.items[1] == held[36]);
  CHECK(removed.count == 1 && removed.items[0] == held[7] && la_collection_differs(many));
  la_collection_commit(many);
  CHECK(ok(la_collection_history(many, &alloc, &added, &removed, &err), &err));
  CHECK(added.count == 0 && removed.count == 0 && many->items.count == 31);
  la_vec_clear(&alloc, &added);
  la_vec_clear(&alloc, &removed);
  drop(&f, held, COUNT + 1);
}

TEST(queues_changes_of_collections_that_are_not_loaded) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[4];
  if (!open_with(&f, &err)) {
    return;
  }
  held[0] = loaded(&f, f.user, 1, &err);
  for (int i = 1; i < 4; i++) {
    held[i] = loaded(&f, f.address, i, &err);
  }
  uint32_t link = f.user_addresses->link;
  CHECK(ok(change_link(LA_LINK_SET, held[1], f.address_user, held[0], 0, &err), &err));
  la_link_load_one(held[2], f.address_user->link, held[0]);
  CHECK(ok(change_link(LA_LINK_SET, held[2], f.address_user, NULL, 0, &err), &err));
  CHECK(!(la_links(held[0])[link].flags & LA_LINK_LOADED) &&
        la_links(held[0])[link].to.many->added.count == 1);
  CHECK(la_links(held[0])[link].to.many->removed.count == 1);
  la_instance *rows[2] = {held[2], held[3]};
  CHECK(ok(la_collection_load(held[0], link, rows, 2, &err), &err));
  const la_instances *items = &la_links(held[0])[link].to.many->items;
  CHECK(items->count == 2 && items->items[0] == held[3] && items->items[1] == held[1]);
  CHECK(la_instance_is_modified(held[0]));
  drop(&f, held, 4);
}

TEST(takes_an_object_from_the_parent_it_had) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[3];
  if (!open_with(&f, &err)) {
    return;
  }
  held[0] = loaded(&f, f.user, 1, &err);
  held[1] = loaded(&f, f.user, 2, &err);
  held[2] = loaded(&f, f.address, 1, &err);
  uint32_t link = f.user_addresses->link, back = f.address_user->link;
  CHECK(ok(la_collection_load(held[0], link, held + 2, 1, &err), &err));
  CHECK(ok(la_collection_load(held[1], link, NULL, 0, &err), &err));
  la_value key = la_value_integer(1); /* not loaded, but the session has the user with this key */
  CHECK(ok(la_instance_load(held[2], la_mapper_property(f.address, la_text_of("user_id"))->slot,
                            &key, false, &err),
           &err));
  CHECK(ok(append_to(held[1], f.user_addresses, held[2], &err), &err));
  CHECK(la_links(held[2])[back].to.one == held[1] && la_links(held[2])[back].committed == held[0]);
  CHECK(la_links(held[0])[link].to.many->items.count == 0);
  CHECK(ok(change_link(LA_LINK_REMOVE, held[1], f.user_addresses, held[2], 0, &err), &err));
  CHECK(la_links(held[2])[back].to.one == NULL);
  drop(&f, held, 3);
}

TEST(refuses_an_object_of_another_class) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[2];
  if (!open_with(&f, &err)) {
    return;
  }
  held[0] = make(&f, f.user, "name", "u", &err);
  held[1] = make(&f, f.item, "name", "i", &err);
  CHECK(append_to(held[0], f.user_addresses, held[1], &err) == LA_ARGUMENT);
  CHECK(strstr(err.message, "\"User.addresses\"") != NULL &&
        la_links(held[0])[f.user_addresses->link].to.many == NULL);
  drop(&f, held, 2);
}

TEST(follows_links_into_the_session_once) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[3];
  la_instances found = {0};
  if (!open_with(&f, &err)) {
    return;
  }
  held[0] = make(&f, f.item, "name", "i", &err);
  held[1] = make(&f, f.keyword, "name", "k", &err);
  held[2] = make(&f, f.item, "name", "j", &err);
  CHECK(ok(append_to(held[0], f.item_keywords_link, held[1], &err), &err));
  CHECK(ok(append_to(held[2], f.item_keywords_link, held[1], &err), &err));
  CHECK(ok(la_cascade_save_update(f.session, held[0], &found, &err), &err));
  CHECK(found.count == 3 && found.items[0] == held[0] && !(held[1]->flags & LA_INSTANCE_MARKED));
  la_vec_clear(&alloc, &found);
  CHECK(ok(la_session_add(f.session, held[2], &err), &err));
  CHECK(f.session->new_objects.count == 3);
  CHECK(ok(la_session_expunge(f.session, held[1], &err), &err));
  CHECK(f.session->new_objects.count == 2 && la_instance_state(held[1]) == LA_STATE_TRANSIENT);
  la_session_options options = {.engine = f.engine, .autobegin = true, .close_resets_only = true};
  la_session *other = NULL;
  CHECK(ok(la_session_new(&f.sql, &options, &other, &err), &err));
  CHECK(la_session_add(other, held[0], &err) == LA_INVALID_REQUEST);
  CHECK(strstr(err.message, "is already attached to session '") != NULL);
  err = (la_error)LA_ERROR_INIT;
  CHECK(la_session_delete(f.session, held[0], &err) == LA_INVALID_REQUEST);
  CHECK_TEXT(la_text_of(err.message), "Instance 'Item(pending)' is not persisted");
  la_object_release(other);
  drop(&f, held, 3);
}

TEST(lets_a_session_go_before_its_objects) {
  fixture f;
  la_error err = LA_ERROR_INIT;
  la_instance *held[2];
  if (!open_with(&f, &err)) {
    return;
  }
  held[0] = loaded(&f, f.user, 1, &err);
  held[1] = make(&f, f.user, "name", "new", &err);
  CHECK(ok(la_session_add(f.session, held[1], &err), &err));
  CHECK(ok(set_text(held[0], "name", "x", &err), &err));
  la_object_release(f.session);
  f.session = NULL;
  CHECK(la_instance_state(held[0]) == LA_STATE_DETACHED &&
        la_instance_state(held[1]) == LA_STATE_TRANSIENT);
  la_instance_unpin(held[0]);
  la_instance_unpin(held[1]);
  fixture_close(&f);
}

int main(void) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  RUN(finds_objects_by_key_and_forgets_those_nobody_holds);
  RUN(spreads_keys_of_any_stride);
  RUN(keeps_committed_values_and_gives_them_back);
  RUN(tells_what_a_collection_gained_and_lost);
  RUN(queues_changes_of_collections_that_are_not_loaded);
  RUN(takes_an_object_from_the_parent_it_had);
  RUN(refuses_an_object_of_another_class);
  RUN(follows_links_into_the_session_once);
  RUN(lets_a_session_go_before_its_objects);
  CHECK(alloc.blocks == 0);
  return test_result();
}
