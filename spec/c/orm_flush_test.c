/* SPDX-License-Identifier: MIT */
/* What a flush sends, in which order, and what it leaves in memory. */
#include "orm.h"
#include "oom.h"

static la_allocator alloc;

#define USUAL (LA_CASCADE_SAVE_UPDATE | LA_CASCADE_MERGE)
#define ALL (USUAL | LA_CASCADE_DELETE | LA_CASCADE_EXPUNGE | LA_CASCADE_REFRESH_EXPIRE)

static bool ok(la_status status, const la_error *err) {
  if (status < 0) {
    printf("  %s: %s\n", la_status_class(status), err->message);
  }
  return status >= 0;
}

/* Statement number `at` of the record, BEGIN and the like included. */
static la_text sent(const fixture *f, size_t at) {
  return at < f->record->entries.count ? f->record->entries.items[at].text : LA_TEXT_LITERAL("(none)");
}

static void show(const fixture *f) {
  for (size_t i = 0; i < f->record->entries.count; i++) {
    la_strbuf text;
    la_strbuf_init(&text, f->alloc);
    for (uint32_t j = 0; j < f->record->entries.items[i].param_count; j++) {
      la_value_describe(&f->record->entries.items[i].params[j], &text);
      la_strbuf_char(&text, ' ');
    }
    printf("   %zu: %.*s  [%.*s]\n", i, LA_TEXT_FORMAT(f->record->entries.items[i].text), LA_TEXT_FORMAT(la_strbuf_view(&text)));
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
  CHECK(ok(append_to(&f, user, f.user_addresses, address, &err), &err));
  CHECK(ok(la_session_add(f.session, user, &err), &err));
  CHECK(la_instance_state(user) == LA_STATE_PENDING && la_instance_state(address) == LA_STATE_PENDING);
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

int main(void) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  RUN(inserts_parents_first);
  CHECK(alloc.blocks == 0);
  return test_result();
}
