/* SPDX-License-Identifier: MIT */
/* Arena, vector, text builder, slab: what is built of memory. */
#include "oom.h"
#include "test.h"

#include "base/arena.h"
#include "base/slab.h"
#include "base/strbuf.h"
#include "base/vec.h"

static la_allocator system_alloc;

TEST(arena_gives_aligned_pieces_that_do_not_overlap) {
  la_arena arena;
  char *pieces[200];
  la_arena_init(&arena, &system_alloc);
  for (size_t i = 0; i < 200; i++) {
    size_t size = i % 7 == 0 ? 70000 : i + 1;
    pieces[i] = la_arena_alloc(&arena, size);
    CHECK(pieces[i] != NULL && (uintptr_t)pieces[i] % 8 == 0);
    memset(pieces[i], (int)i, i + 1);
  }
  for (size_t i = 0; i < 200; i++) {
    CHECK(pieces[i][0] == (char)i && pieces[i][i] == (char)i);
  }
  la_arena_clear(&arena);
  CHECK(system_alloc.bytes == 0 && system_alloc.blocks == 0);
}

TEST(arena_copies_end_in_a_zero_byte) {
  la_arena arena;
  la_arena_init(&arena, &system_alloc);
  CHECK(strcmp(la_arena_copy(&arena, "abcdef", 3), "abc") == 0);
  CHECK(la_arena_copy(&arena, NULL, 0)[0] == '\0');
  CHECK(la_arena_alloc(&arena, SIZE_MAX) == NULL);
  la_arena_clear(&arena);
}

/* Asks a counting function, so that what is kept shows. */
typedef struct counted {
  size_t bytes, calls;
} counted;

static void *count_alloc(void *userdata, void *block, size_t old_size, size_t new_size) {
  counted *count = userdata;
  count->bytes += new_size - (block != NULL ? old_size : 0);
  count->calls++;
  return la_alloc_system(NULL, block, old_size, new_size);
}

TEST(memory_asked_for_ahead_is_given_back) {
  counted count = {0};
  la_allocator alloc;
  la_allocator_init(&alloc, count_alloc, &count);
  la_alloc_ahead(&alloc, 1000);
  CHECK(count.calls == 0);
  la_alloc_ahead(&alloc, SIZE_MAX);
  CHECK(count.bytes == 0 && alloc.bytes == 0 && alloc.blocks == 0);
}

TEST(freed_small_blocks_wait_for_the_next_use) {
  counted count = {0};
  la_allocator alloc;
  la_allocator_init(&alloc, count_alloc, &count);
  la_allocator_keep(&alloc, true);
  for (size_t round = 0; round < 100; round++) {
    char *block = la_alloc(&alloc, 100 + round % 5);
    CHECK(block != NULL);
    memset(block, 1, 100 + round % 5);
    block = la_realloc(&alloc, block, 100 + round % 5, 112);
    CHECK(block[99] == 1);
    block = la_realloc(&alloc, block, 112, 1000);
    CHECK(block[99] == 1);
    block = la_realloc(&alloc, block, 1000, 8);
    CHECK(block[7] == 1);
    la_free(&alloc, block, 8);
    CHECK(alloc.bytes == 0 && alloc.blocks == 0);
  }
#ifndef __SANITIZE_ADDRESS__
  CHECK(count.bytes > 0); /* kept */
#endif
  la_allocator_keep(&alloc, false);
  CHECK(count.bytes == 0);
  size_t calls = count.calls;
  la_free(&alloc, la_alloc(&alloc, 64), 64);
  CHECK(count.bytes == 0 && count.calls == calls + 2);
}

TEST(array_sizes_do_not_overflow) {
  CHECK(la_array_size(3, 5) == 15);
  CHECK(la_array_size(SIZE_MAX / 2, 3) == SIZE_MAX);
  CHECK(la_alloc(&system_alloc, SIZE_MAX) == NULL);
  CHECK(la_alloc(&system_alloc, 0) == NULL);
}

TEST(vector_grows_and_keeps_its_items) {
  LA_VEC(int) numbers = {0};
  for (int i = 0; i < 1000; i++) {
    CHECK(la_vec_push(&system_alloc, &numbers, i));
  }
  CHECK(numbers.count == 1000 && numbers.items[0] == 0 && numbers.items[999] == 999);
  la_vec_clear(&system_alloc, &numbers);
  CHECK(numbers.items == NULL && system_alloc.blocks == 0);
}

TEST(text_builder_appends_inserts_and_formats) {
  la_strbuf buf;
  la_strbuf_init(&buf, &system_alloc);
  CHECK_TEXT(la_strbuf_view(&buf), "");
  la_strbuf_string(&buf, "SELECT ");
  la_strbuf_format(&buf, "%d, %s", 42, "name");
  la_strbuf_char(&buf, '!');
  la_strbuf_insert(&buf, 7, LA_TEXT_LITERAL("DISTINCT "));
  CHECK_TEXT(la_strbuf_view(&buf), "SELECT DISTINCT 42, name!");
  CHECK(buf.bytes[buf.len] == '\0');
  la_strbuf_reset(&buf);
  for (int i = 0; i < 1000; i++) {
    la_strbuf_bytes(&buf, "0123456789", 10);
  }
  CHECK(buf.len == 10000 && buf.bytes[9999] == '9');
  la_strbuf_clear(&buf);
  CHECK(system_alloc.blocks == 0);
}

static bool build_text(la_allocator *alloc, void *argument) {
  la_strbuf buf;
  la_error err = LA_ERROR_INIT;
  bool ok;
  (void)argument;
  la_strbuf_init(&buf, alloc);
  for (int i = 0; i < 100; i++) {
    la_strbuf_format(&buf, "%d-", i);
  }
  ok = la_strbuf_status(&buf, &err) == LA_OK;
  CHECK(ok == (err.status == LA_OK));
  la_strbuf_clear(&buf);
  return ok;
}

TEST(text_builder_remembers_its_first_failure) {
  oom_every(build_text, NULL);
}

TEST(slab_starts_small_and_doubles) {
  la_slab *slab = la_slab_new(&system_alloc);
  la_chunk *chunks[600];
  CHECK(la_slab_bytes(slab) == 0);
  chunks[0] = la_slab_chunk(slab, 100, 0);
  CHECK(la_slab_bytes(slab) == 4096);
  for (int i = 1; i < 600; i++) {
    chunks[i] = la_slab_chunk(slab, 3900, 0);
    CHECK(chunks[i] != NULL && la_chunk_alloc(chunks[i], 3900) != NULL);
  }
  CHECK(la_slab_bytes(slab) > 2000000 && la_slab_bytes(slab) < 8000000);
  for (int i = 0; i < 600; i++) {
    la_chunk_unpin(chunks[i]);
  }
  CHECK(la_slab_bytes(slab) == 0);
  la_object_release(slab);
  CHECK(system_alloc.blocks == 0);
}

TEST(slab_fills_a_chunk_before_it_takes_another) {
  la_slab *slab = la_slab_new(&system_alloc);
  la_chunk *first = la_slab_chunk(slab, 100, 0), *second;
  char *a = la_chunk_alloc(first, 100), *b;
  second = la_slab_chunk(slab, 100, 0);
  CHECK(first == second && first->pins == 2);
  b = la_chunk_alloc(second, 100);
  CHECK(b >= a + 100 && (uintptr_t)b % 8 == 0);
  la_chunk_unpin(first);
  la_chunk_pin(first);
  la_chunk_unpin(first);
  la_object_release(slab);
  CHECK(system_alloc.blocks > 0); /* a pinned chunk keeps the slab */
  la_chunk_unpin(first);
  CHECK(system_alloc.blocks == 0);
}

TEST(slab_takes_records_larger_than_a_chunk) {
  la_slab *slab = la_slab_new(&system_alloc);
  la_chunk *large = la_slab_chunk(slab, 3000000, 0), *small;
  char *piece = la_chunk_alloc(large, 3000000);
  CHECK(piece != NULL && la_chunk_alloc(large, 1000) == NULL);
  memset(piece, 1, 3000000);
  small = la_slab_chunk(slab, 8, 0);
  CHECK(small != large);
  la_chunk_unpin(large);
  CHECK(la_slab_bytes(slab) == 4096);
  la_chunk_unpin(small);
  la_object_release(slab);
  CHECK(system_alloc.blocks == 0);
}

TEST(slab_uses_freed_chunks_again) {
  la_slab *slab = la_slab_new(&system_alloc);
  la_chunk *chunks[100];
  for (int i = 0; i < 100; i++) {
    chunks[i] = la_slab_chunk(slab, 3900, 1000000);
    la_chunk_alloc(chunks[i], 3900);
  }
  size_t bytes = la_slab_bytes(slab);
  for (int round = 0; round < 1000; round++) {
    int i = (int)(test_random() % 100);
    la_chunk_unpin(chunks[i]);
    chunks[i] = la_slab_chunk(slab, 3900, 0);
    CHECK(chunks[i] != NULL && la_chunk_alloc(chunks[i], 3900) != NULL);
  }
  CHECK(la_slab_bytes(slab) == bytes);
  for (int i = 0; i < 100; i++) {
    la_chunk_unpin(chunks[i]);
  }
  la_object_release(slab);
  CHECK(system_alloc.blocks == 0);
}

TEST(slab_lets_a_record_end_behind_its_chunk) {
  la_slab *slab = la_slab_new(&system_alloc);
  static char *records[20000];
  static la_chunk *chunks[20000];
  for (int round = 0; round < 2; round++) {
    size_t room = 0, used = 0;
    for (int i = 0; i < 20000; i++) {
      size_t size = 100 + (size_t)(i % 7) * 16;
      chunks[i] = la_slab_chunk(slab, size, 20000 * 150);
      records[i] = la_chunk_alloc(chunks[i], size);
      CHECK(records[i] != NULL);
      memset(records[i], i % 251, size);
      room += (size + 7) / 8 * 8;
      used += i == 0 || chunks[i] != chunks[i - 1];
    }
    CHECK(used < room / 3952); /* what lies between two heads: nothing is left over */
    for (int i = 0; i < 20000; i++) {
      size_t last = 99 + (size_t)(i % 7) * 16;
      CHECK(records[i][0] == (char)(i % 251) && records[i][last] == (char)(i % 251));
      la_chunk_unpin(chunks[i]);
    }
    CHECK(la_slab_bytes(slab) == 0);
  }
  la_object_release(slab);
  CHECK(system_alloc.blocks == 0);
}

TEST(slab_stretches_a_chunk_only_by_a_part_of_it) {
  la_slab *slab = la_slab_new(&system_alloc);
  la_chunk *first = la_slab_chunk(slab, 3000, 1000000), *second, *third;
  la_chunk_alloc(first, 3000);
  second = la_slab_chunk(slab, 3000, 1000000);
  CHECK(second != first);
  la_chunk_alloc(second, 3000);
  third = la_slab_chunk(slab, 1200, 1000000);
  CHECK(third == second && la_chunk_alloc(third, 1200) != NULL);
  la_chunk_unpin(third);
  third = la_slab_chunk(slab, 8, 1000000); /* the second is full, and not stretched again */
  CHECK(third != second);
  la_chunk_unpin(first);
  la_chunk_unpin(second);
  la_chunk_unpin(third);
  la_object_release(slab);
  CHECK(system_alloc.blocks == 0);
}

static bool fill_slab(la_allocator *alloc, void *argument) {
  la_slab *slab = la_slab_new(alloc);
  la_chunk *chunks[8];
  int count = 0;
  (void)argument;
  while (slab != NULL && count < 8 && (chunks[count] = la_slab_chunk(slab, 5000, 0)) != NULL) {
    count++;
  }
  for (int i = 0; i < count; i++) {
    la_chunk_unpin(chunks[i]);
  }
  la_object_release(slab);
  return count == 8;
}

TEST(slab_survives_a_lack_of_memory) {
  oom_every(fill_slab, NULL);
}

int main(void) {
  la_allocator_init(&system_alloc, la_alloc_system, NULL);
  RUN(arena_gives_aligned_pieces_that_do_not_overlap);
  RUN(freed_small_blocks_wait_for_the_next_use);
  RUN(memory_asked_for_ahead_is_given_back);
  RUN(arena_copies_end_in_a_zero_byte);
  RUN(array_sizes_do_not_overflow);
  RUN(vector_grows_and_keeps_its_items);
  RUN(text_builder_appends_inserts_and_formats);
  RUN(text_builder_remembers_its_first_failure);
  RUN(slab_starts_small_and_doubles);
  RUN(slab_fills_a_chunk_before_it_takes_another);
  RUN(slab_takes_records_larger_than_a_chunk);
  RUN(slab_uses_freed_chunks_again);
  RUN(slab_lets_a_record_end_behind_its_chunk);
  RUN(slab_stretches_a_chunk_only_by_a_part_of_it);
  RUN(slab_survives_a_lack_of_memory);
  return test_result();
}
