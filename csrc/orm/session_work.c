/* SPDX-License-Identifier: MIT */
/*
 * The memory of sessions.
 *
 * A session of few objects takes longer to set up than to use, so one that is closed leaves its
 * vectors, which are empty then, with the engine for the next that begins. An engine keeps those of
 * one session; a second one at the same time makes its own.
 */
#include "orm/session_internal.h"

/* The longest vector that is kept, in entries. */
#define KEPT ((size_t)1024)

typedef struct session_work {
  la_object object;
  la_allocator *alloc;
#define X(type, name) type name;
  LA_SESSION_VECTORS(X)
#undef X
} session_work;

static void work_destroy(la_object *object) {
  session_work *work = (session_work *)(void *)object;
#define X(type, name) la_vec_clear(work->alloc, &work->name);
  LA_SESSION_VECTORS(X)
#undef X
  la_free(work->alloc, work, sizeof *work);
}

static const la_object_class work_class = {.name = "session work", .destroy = work_destroy};

void la_session_take_work(la_session *session) {
  session_work *work =
      session->engine != NULL ? (session_work *)(void *)session->engine->session_work : NULL;
  if (work == NULL) {
    return;
  }
#define X(type, name)                                                                              \
  if (session->name.capacity == 0) {                                                               \
    session->name = work->name;                                                                    \
    work->name = (type){0};                                                                        \
  }
  LA_SESSION_VECTORS(X)
#undef X
}

void la_session_leave_work(la_session *session) {
  la_engine *engine = session->engine;
  if (engine == NULL || session->routed) {
    return;
  }
  if (engine->session_work == NULL) {
    session_work *made = la_alloc_zero(session->alloc, sizeof *made);
    if (made == NULL) {
      return;
    }
    la_object_init(&made->object, &work_class);
    made->alloc = session->alloc;
    engine->session_work = &made->object;
  }
  session_work *work = (session_work *)(void *)engine->session_work;
#define X(type, name)                                                                              \
  if (work->name.capacity == 0 && session->name.count == 0 && session->name.capacity <= KEPT) {    \
    work->name = session->name;                                                                    \
    session->name = (type){0};                                                                     \
  }
  LA_SESSION_VECTORS(X)
#undef X
}
