/* SPDX-License-Identifier: MIT */
/*
 * Sessions that work on several engines.
 */
#include "oom.h"
#include "orm.h"

enum { ENGINES = 5, LEVELS = 3 };

static la_status add_engine(fixture *f, la_error *err) {
  la_engine_options options = LA_ENGINE_OPTIONS_INIT;
  la_engine *engine = NULL;
  uint32_t at = 0;
  options.url = LA_TEXT_LITERAL("sqlite://");
  options.pool_kind = LA_POOL_STATIC;
  LA_TRY(la_engine_new(&f->sql, &options, &engine, err));
  la_status status = la_session_add_bind(f->session, engine, NULL, &at, err);
  la_object_release(engine);
  if (status >= 0) {
    la_session_use_bind(f->session, at);
  }
  return status;
}

/* Goes on after a failure: the session has to be whole, with the binds that it got. */
static bool work(la_allocator *failing, void *argument) {
  fixture f;
  la_error err = LA_ERROR_INIT, ignored = LA_ERROR_INIT;
  size_t seen = 0;
  (void)argument;
  la_status status = fixture_open(&f, failing, LA_CASCADE_SAVE_UPDATE, true, &err);
  for (int i = 0; i < LEVELS && status >= 0; i++) {
    status = la_session_begin(f.session, i > 0, &err);
  }
  for (int i = 0; i < ENGINES && status >= 0; i++) {
    status = add_engine(&f, &err);
  }
  if (f.session != NULL) {
    for (la_bind_walk walk = {0}; la_session_next_bind(f.session, &walk);) {
      seen++;
    }
    assert(status < 0 || seen == ENGINES + 1);
    la_session_rollback(f.session, true, &ignored);
    settle(&f);
  }
  fixture_close(&f);
  return status >= 0;
}

TEST(survive_failing_allocations) {
  CHECK(oom_every(work, NULL) > 20);
}

int main(void) {
  RUN(survive_failing_allocations);
  return test_result();
}
