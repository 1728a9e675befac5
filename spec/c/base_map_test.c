/* SPDX-License-Identifier: MIT */
/* Map, texts, ordering, statuses. */
#include "oom.h"
#include "test.h"

#include "base/map.h"
#include "base/status.h"
#include "base/toposort.h"

static la_allocator system_alloc;

TEST(map_keeps_the_order_of_insertion) {
  la_map map = {0};
  int values[4];
  size_t at = 0;
  const char *const expected[] = {"b", "c", "a"};
  la_map_set(&map, &system_alloc, la_text_of("b"), &values[0]);
  la_map_set(&map, &system_alloc, la_text_of("a"), &values[1]);
  la_map_set(&map, &system_alloc, la_text_of("c"), &values[2]);
  la_map_set(&map, &system_alloc, la_text_of("b"), &values[3]);
  CHECK(la_map_remove(&map, la_text_of("a")) == &values[1]);
  CHECK(la_map_remove(&map, la_text_of("a")) == NULL);
  la_map_set(&map, &system_alloc, la_text_of("a"), &values[1]);
  for (int i = 0; i < 3; i++) {
    la_map_entry *entry = la_map_next(&map, &at);
    CHECK(entry != NULL && la_text_is(entry->key, expected[i]));
  }
  CHECK(la_map_next(&map, &at) == NULL);
  CHECK(la_map_get(&map, la_text_of("b")) == &values[3] && map.count == 3);
  la_map_clear(&map, &system_alloc);
  CHECK(system_alloc.blocks == 0);
}

/* Compares the map with an array that is addressed by the key. */
TEST(map_agrees_with_an_array_under_random_work) {
  enum { KEYS = 700 };
  static char keys[KEYS][16];
  void *model[KEYS] = {0};
  la_map map = {0};
  for (int i = 0; i < KEYS; i++) {
    snprintf(keys[i], sizeof keys[i], "k%d", i);
  }
  for (int round = 0; round < 50000; round++) {
    int i = (int)(test_random() % KEYS);
    if (test_random() % 3 == 0) {
      CHECK(la_map_remove(&map, la_text_of(keys[i])) == model[i]);
      model[i] = NULL;
    } else {
      model[i] = &keys[test_random() % KEYS];
      CHECK(la_map_set(&map, &system_alloc, la_text_of(keys[i]), model[i]));
    }
    if (!test_ok) {
      break;
    }
  }
  for (int i = 0; i < KEYS; i++) {
    CHECK(la_map_get(&map, la_text_of(keys[i])) == model[i]);
  }
  CHECK(map.capacity <= 2048);
  la_map_clear(&map, &system_alloc);
}

TEST(map_finds_pointers) {
  la_map map = {0};
  int things[100];
  CHECK(la_map_reserve(&map, &system_alloc, 100));
  size_t blocks = system_alloc.allocations;
  for (int i = 0; i < 100; i++) {
    CHECK(la_map_set_pointer(&map, &system_alloc, &things[i], &things[99 - i]));
  }
  CHECK(system_alloc.allocations == blocks);
  CHECK(la_map_get_pointer(&map, &things[3]) == &things[96]);
  CHECK(la_map_remove_pointer(&map, &things[3]) == &things[96]);
  CHECK(la_map_get_pointer(&map, &things[3]) == NULL);
  CHECK(la_map_get_pointer(&map, &map) == NULL);
  la_map_clear(&map, &system_alloc);
}

static bool fill_map(la_allocator *alloc, void *argument) {
  static const char keys[] = "abcdefghijklmnopqrstuvwxyz";
  la_map map = {0};
  size_t count = 0;
  (void)argument;
  while (count < 26 && la_map_set(&map, alloc, (la_text){keys + count, 1}, &map)) {
    count++;
  }
  CHECK(map.count == count);
  la_map_clear(&map, alloc);
  return count == 26;
}

TEST(map_is_unchanged_by_a_lack_of_memory) {
  oom_every(fill_map, NULL);
}

TEST(map_suggests_the_nearest_key) {
  la_map map = {0};
  la_map_set(&map, &system_alloc, la_text_of("nullable"), &map);
  la_map_set(&map, &system_alloc, la_text_of("name"), &map);
  la_map_set(&map, &system_alloc, la_text_of("primary_key"), &map);
  CHECK_TEXT(la_map_nearest(&map, la_text_of("nmae")), "name");
  CHECK_TEXT(la_map_nearest(&map, la_text_of("Nulable")), "nullable");
  CHECK_TEXT(la_map_nearest(&map, la_text_of("primarykey")), "primary_key");
  CHECK(la_map_nearest(&map, la_text_of("zebra")).bytes == NULL);
  la_map_clear(&map, &system_alloc);
}

TEST(distance_counts_edits) {
  CHECK(la_text_distance(la_text_of("kitten"), la_text_of("sitting"), 9) == 3);
  CHECK(la_text_distance(la_text_of("ab"), la_text_of("ba"), 9) == 1);
  CHECK(la_text_distance(la_text_of(""), la_text_of("abc"), 9) == 3);
  CHECK(la_text_distance(la_text_of("abcdef"), la_text_of("uvwxyz"), 2) == 3);
  CHECK(la_text_equal_nocase(la_text_of("SELECT"), la_text_of("select")));
  CHECK(la_hash_bytes("abc", 3, 0) != la_hash_bytes("abd", 3, 0));
}

TEST(order_is_stable) {
  const la_edge edges[] = {{3, 1}, {4, 0}, {2, 2}};
  uint32_t order[5];
  const uint32_t expected[] = {2, 3, 1, 4, 0};
  CHECK(la_toposort(&system_alloc, 5, edges, 3, order, NULL, NULL) == LA_OK);
  CHECK(memcmp(order, expected, sizeof expected) == 0);
}

TEST(a_cycle_is_reported_with_what_could_be_ordered) {
  const la_edge edges[] = {{0, 1}, {1, 2}, {2, 1}, {2, 3}};
  uint32_t order[5];
  size_t ordered;
  la_error err = LA_ERROR_INIT;
  CHECK(la_toposort(&system_alloc, 5, edges, 4, order, &ordered, &err) == LA_CIRCULAR_DEPENDENCY);
  CHECK(ordered == 2 && order[0] == 0 && order[1] == 4 && order[2] == 1 && order[4] == 3);
  CHECK(err.status == LA_OK);
}

TEST(a_long_chain_is_ordered_in_no_time) {
  enum { COUNT = 200000 };
  la_edge *edges = la_alloc(&system_alloc, (COUNT - 1) * sizeof *edges);
  uint32_t *order = la_alloc(&system_alloc, COUNT * sizeof *order);
  for (uint32_t i = 0; i + 1 < COUNT; i++) {
    edges[i] = (la_edge){.before = i + 1, .after = i};
  }
  CHECK(la_toposort(&system_alloc, COUNT, edges, COUNT - 1, order, NULL, NULL) == LA_OK);
  CHECK(order[0] == COUNT - 1 && order[COUNT - 1] == 0);
  la_free(&system_alloc, edges, (COUNT - 1) * sizeof *edges);
  la_free(&system_alloc, order, COUNT * sizeof *order);
  CHECK(la_toposort(&system_alloc, 0, NULL, 0, NULL, NULL, NULL) == LA_OK);
}

TEST(the_first_error_wins) {
  la_error err = LA_ERROR_INIT;
  CHECK(la_fail(&err, LA_ARGUMENT, "no column \"%s\"", "x") == LA_ARGUMENT);
  CHECK(la_fail_nomem(&err) == LA_NOMEM);
  CHECK(err.status == LA_ARGUMENT && strcmp(err.message, "no column \"x\"") == 0);
  CHECK(strcmp(la_status_class(LA_INTEGRITY), "IntegrityError") == 0);
  CHECK(strcmp(la_status_class(LA_NOMEM), "MemoryError") == 0);
  CHECK(strcmp(la_status_class(LA_OK), "LualchemyError") == 0);
}

TEST(a_long_message_is_cut_between_characters) {
  la_error err = LA_ERROR_INIT;
  char long_text[2000];
  for (size_t i = 0; i + 2 < sizeof long_text; i += 2) {
    memcpy(long_text + i, "\xC3\xA9", 3);
  }
  la_fail(&err, LA_ARGUMENT, "%s", long_text);
  size_t len = strlen(err.message);
  CHECK(len < sizeof err.message && strcmp(err.message + len - 3, "...") == 0);
  CHECK((unsigned char)err.message[len - 4] == 0xA9);
}

int main(void) {
  la_allocator_init(&system_alloc, la_alloc_system, NULL);
  RUN(map_keeps_the_order_of_insertion);
  RUN(map_agrees_with_an_array_under_random_work);
  RUN(map_finds_pointers);
  RUN(map_is_unchanged_by_a_lack_of_memory);
  RUN(map_suggests_the_nearest_key);
  RUN(distance_counts_edits);
  RUN(order_is_stable);
  RUN(a_cycle_is_reported_with_what_could_be_ordered);
  RUN(a_long_chain_is_ordered_in_no_time);
  RUN(the_first_error_wins);
  RUN(a_long_message_is_cut_between_characters);
  return test_result();
}
