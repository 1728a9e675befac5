/* SPDX-License-Identifier: MIT */
/*
 * A session that works on several engines: one transaction on each.
 *
 * The session's own fields (`engine`, `connection`, the savepoints of its levels …) are those of
 * the bind at hand, so that whatever sends statements need not know of the others. A session with
 * one engine has no list of binds.
 */
#include "orm/session_internal.h"

la_status la_session_fit_binds(la_session *session, size_t count, la_error *err) {
  for (size_t i = 0; i < session->binds.count; i++) {
    la_session_bind *bind = &session->binds.items[i];
    size_t room = bind->room * 2 > count ? bind->room * 2 : count;
    if (bind->room >= count) {
      continue;
    }
    la_bind_savepoint *savepoints = la_alloc_zero(session->alloc, room * sizeof *savepoints);
    if (savepoints == NULL) {
      return la_fail_nomem(err);
    }
    if (bind->room > 0) {
      memcpy(savepoints, bind->savepoints, bind->room * sizeof *savepoints);
    }
    la_free(session->alloc, bind->savepoints, bind->room * sizeof *savepoints);
    bind->savepoints = savepoints;
    bind->room = room;
  }
  return LA_OK;
}

void la_session_forget_savepoints(la_session *session, size_t at) {
  for (size_t i = 0; i < session->binds.count; i++) {
    if (at < session->binds.items[i].room) {
      session->binds.items[i].savepoints[at] = (la_bind_savepoint){0};
    }
  }
}

void la_session_clear_binds(la_session *session) {
  for (size_t i = 0; i < session->binds.count; i++) {
    la_session_bind *bind = &session->binds.items[i];
    if (i != session->bind) { /* what the one at hand has is the session's */
      la_object_release(bind->connection);
      la_object_release(bind->engine);
    }
    la_free(session->alloc, bind->savepoints, bind->room * sizeof *bind->savepoints);
  }
  la_vec_clear(session->alloc, &session->binds);
}

/* Puts the session's own fields aside as those of the bind at hand. */
static void put_aside(la_session *session) {
  la_session_bind *bind = &session->binds.items[session->bind];
  bind->engine = session->engine;
  bind->connection = session->connection;
  bind->connection_is_ours = session->connection_is_ours;
  bind->entered = session->entered;
  bind->joined = session->joined;
  bind->era = session->era;
  bind->joined_savepoint = session->joined_savepoint;
  for (size_t i = 0; i < session->levels.count; i++) {
    const la_session_level *level = session->levels.items[i];
    bind->savepoints[i] = (la_bind_savepoint){level->savepoint, level->savepoint_sent,
                                              level->begin_told, i == 0 && level->in_savepoint};
  }
}

void la_session_use_bind(la_session *session, uint32_t at) {
  const la_session_bind *bind;
  bool traced = session->engine != NULL && session->engine->trace.on;
  if (session->binds.count == 0 || at == session->bind) {
    return;
  }
  put_aside(session);
  session->bind = at;
  bind = &session->binds.items[at];
  session->engine = bind->engine;
  session->connection = bind->connection;
  session->connection_is_ours = bind->connection_is_ours;
  session->entered = bind->entered;
  session->joined = bind->joined;
  session->era = bind->era;
  session->joined_savepoint = bind->joined_savepoint;
  for (size_t i = 0; i < session->levels.count; i++) {
    la_session_level *level = session->levels.items[i];
    level->savepoint = bind->savepoints[i].savepoint;
    level->savepoint_sent = bind->savepoints[i].sent;
    level->begin_told = bind->savepoints[i].begin_told;
    level->in_savepoint = i > 0 || bind->savepoints[i].in_savepoint;
  }
  if (session->engine != NULL && (traced || session->engine->trace.echo)) {
    session->engine->trace.on = true;
  }
}

bool la_session_go_to_next(la_session *session, la_bind_walk *walk) {
  uint32_t count = (uint32_t)session->binds.count;
  if (walk->at == 0) {
    walk->back = session->bind;
  }
  la_session_use_bind(session, walk->at < count ? walk->at : walk->back);
  return walk->at++ < count;
}

/* The session as it was made is the first bind. */
static la_status begin_list(la_session *session, la_error *err) {
  la_session_bind first = {0};
  if (session->binds.count > 0) {
    return LA_OK;
  }
  if (!la_vec_push(session->alloc, &session->binds, first)) {
    return la_fail_nomem(err);
  }
  session->bind = 0;
  return LA_OK;
}

la_status la_session_add_bind(la_session *session, la_engine *engine, la_connection *connection,
                              uint32_t *out, la_error *err) {
  la_session_bind fresh = {.engine = engine, .connection = connection};
  LA_TRY(begin_list(session, err));
  LA_TRY(la_session_fit_binds(session, session->levels.count, err));
  put_aside(session);
  for (size_t i = 0; i < session->binds.count; i++) {
    const la_session_bind *bind = &session->binds.items[i];
    bool is_own = bind->connection_is_ours || bind->connection == NULL;
    if (connection != NULL ? bind->connection == connection : bind->engine == engine && is_own) {
      *out = (uint32_t)i;
      return LA_OK;
    }
  }
  if (!la_vec_push(session->alloc, &session->binds, fresh)) {
    return la_fail_nomem(err);
  }
  if (la_session_fit_binds(session, session->levels.count, err) < 0) {
    session->binds.count--;
    return LA_NOMEM;
  }
  *out = (uint32_t)session->binds.count - 1;
  la_object_retain(engine);
  la_object_retain(connection);
  return LA_OK;
}
