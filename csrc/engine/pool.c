/* SPDX-License-Identifier: MIT */
/*
 * The kinds of pool differ in three questions: how many connections may be out, whether all users
 * share one, and what happens to one that comes back.
 */
#include "engine/connection.h"

#include <limits.h>
#include "base/clock.h"

struct la_pool {
  la_engine *engine;
  la_pool_kind kind;
  LA_VEC(la_raw *) idle; /* owned; the one that came back last is last */
  la_raw *shared;        /* owned; StaticPool, SingletonThreadPool */
  int checked_out;       /* without the shared one's users */
  uint32_t generation;
};

la_status la_pool_new(la_engine *engine, la_pool_kind kind, la_pool **out, la_error *err) {
  la_pool *pool = la_alloc_zero(engine->alloc, sizeof *pool);
  if (pool == NULL) {
    return la_fail_nomem(err);
  }
  pool->engine = engine;
  pool->kind = kind;
  *out = pool;
  return LA_OK;
}

static void drop(la_pool *pool, la_raw *raw) {
  la_raw_note_close(raw, pool->engine);
  la_object_release(raw);
}

void la_pool_dispose(la_pool *pool) {
  la_raw *shared = pool->shared;
  pool->generation++;
  pool->checked_out = 0;
  while (pool->idle.count > 0) {
    drop(pool, pool->idle.items[--pool->idle.count]);
  }
  pool->shared = NULL;
  if (shared != NULL) {
    /* A host closes its connection after this, so nothing of ours may stay on it. */
    if (shared->is_host || shared->users == 0) {
      la_raw_note_close(shared, pool->engine);
      la_raw_close(shared);
    }
    la_object_release(shared);
  }
}

void la_pool_free(la_pool *pool) {
  if (pool != NULL) {
    la_pool_dispose(pool);
    la_vec_clear(pool->engine->alloc, &pool->idle);
    la_free(pool->engine->alloc, pool, sizeof *pool);
  }
}

la_pool_kind la_pool_get_kind(const la_pool *pool) {
  return pool->kind;
}

static bool is_shared(const la_pool *pool) {
  return pool->kind == LA_POOL_STATIC || pool->kind == LA_POOL_SINGLETON_THREAD;
}

/* How many may be out at once; INT_MAX: any number. */
static int limit_of(const la_pool *pool) {
  const la_engine_options *options = &pool->engine->options;
  if (pool->kind == LA_POOL_ASSERTION) {
    return 1;
  }
  if (pool->kind != LA_POOL_QUEUE || options->pool_size == 0 || options->max_overflow < 0) {
    return INT_MAX;
  }
  return options->pool_size + options->max_overflow;
}

/* How many may lie idle. */
static int room_of(const la_pool *pool) {
  int size = pool->engine->options.pool_size;
  switch (pool->kind) {
  case LA_POOL_QUEUE:
    return size == 0 ? INT_MAX : size;
  case LA_POOL_ASSERTION:
    return 1;
  default:
    return 0;
  }
}

/* It serves nobody after its user. */
static bool is_over(const la_pool *pool, const la_raw *raw) {
  return raw->invalid || raw->detached || raw->handle == NULL ||
         raw->generation != pool->generation;
}

static bool is_stale(const la_pool *pool, const la_raw *raw) {
  double recycle = pool->engine->options.pool_recycle;
  return is_over(pool, raw) || (recycle >= 0 && la_now() - raw->opened_at > recycle);
}

static bool answers(la_pool *pool, la_raw *raw) {
  la_error ignored;
  if (!pool->engine->options.pool_pre_ping) {
    return true;
  }
  la_error_init(&ignored);
  pool->engine->statements++;
  return la_raw_execute(raw, LA_TEXT_LITERAL("SELECT 1"), &ignored) == LA_OK;
}

static la_raw *take_idle(la_pool *pool) {
  while (pool->idle.count > 0) {
    size_t at = pool->engine->options.pool_lifo ? pool->idle.count - 1 : 0;
    la_raw *raw = pool->idle.items[at];
    memmove(&pool->idle.items[at], &pool->idle.items[at + 1],
            (pool->idle.count - at - 1) * sizeof raw);
    pool->idle.count--;
    if (!is_stale(pool, raw) && answers(pool, raw)) {
      return raw;
    }
    drop(pool, raw);
  }
  return NULL;
}

static la_status refuse(const la_pool *pool, la_error *err) {
  const la_engine_options *options = &pool->engine->options;
  if (pool->kind == LA_POOL_ASSERTION) {
    return la_fail(err, LA_INVALID_REQUEST, "a connection of this pool is already checked out");
  }
  return la_fail_code(err, LA_TIMEOUT, "3o7r",
                      "QueuePool limit of size %d overflow %d reached, connection timed out, "
                      "timeout %.2f (a Lua state is one thread, so nobody could give one back "
                      "while it waits: close connections and sessions after use)",
                      options->pool_size, options->max_overflow, options->pool_timeout);
}

static la_status take(la_pool *pool, la_raw **out, la_error *err) {
  la_raw *raw;
  if (pool->checked_out >= limit_of(pool)) {
    return refuse(pool, err);
  }
  raw = take_idle(pool);
  if (raw == NULL) {
    LA_TRY(la_raw_open(pool->engine, &raw, err));
    raw->generation = pool->generation;
  }
  pool->checked_out++;
  *out = raw;
  return LA_OK;
}

static la_status take_shared(la_pool *pool, la_raw **out, la_error *err) {
  if (pool->shared != NULL && pool->shared->users == 0 &&
      (is_stale(pool, pool->shared) || !answers(pool, pool->shared))) {
    drop(pool, pool->shared);
    pool->shared = NULL;
  }
  if (pool->shared == NULL || pool->shared->handle == NULL) {
    la_raw *raw = NULL;
    LA_TRY(la_raw_open(pool->engine, &raw, err));
    raw->generation = pool->generation;
    la_object_release(pool->shared);
    pool->shared = raw;
  }
  *out = la_object_retain(pool->shared);
  return LA_OK;
}

la_status la_pool_checkout(la_engine *engine, la_raw **out, la_error *err) {
  la_pool *pool = engine->pool;
  LA_TRY(is_shared(pool) ? take_shared(pool, out, err) : take(pool, out, err));
  if ((*out)->users++ == 0) {
    (*out)->engine = la_object_retain(engine);
  }
  return LA_OK;
}

/* What its last user left open is ended, its settings are undone. */
static void clean(const la_pool *pool, la_raw *raw) {
  la_error ignored;
  la_pool_reset reset = pool->engine->options.pool_reset;
  la_error_init(&ignored);
  la_raw_close_cursors(raw);
  if (raw->transaction) {
    la_raw_end(raw, reset == LA_POOL_RESET_COMMIT, &ignored);
  } else if (!raw->is_host && raw->driver->in_transaction(raw->handle)) {
    la_raw_execute(raw, LA_TEXT_LITERAL("ROLLBACK"), &ignored); /* a BEGIN of the program's own */
  }
  if (raw->transaction) {
    la_error_clear(&ignored);
    la_raw_end(raw, false, &ignored); /* the commit did not succeed */
  }
  if (raw->read_uncommitted) {
    la_error_clear(&ignored);
    la_raw_execute(raw, LA_TEXT_LITERAL("PRAGMA read_uncommitted = 0"), &ignored);
    raw->read_uncommitted = false;
  }
}

static void put_back(la_pool *pool, la_raw *raw) {
  /* dispose has forgotten older ones, la_pool_detach has counted */
  pool->checked_out -= raw->generation == pool->generation && !raw->detached;
  if (is_over(pool, raw) || (pool->idle.count >= (size_t)room_of(pool)) ||
      !la_vec_push(pool->engine->alloc, &pool->idle, raw)) {
    drop(pool, raw);
  }
}

void la_pool_detach(la_raw *raw) {
  la_pool *pool = raw->engine->pool;
  if (raw->detached) {
    return;
  }
  raw->detached = true;
  if (pool->shared == raw) {
    pool->shared = NULL;
    la_object_release(raw);
  } else {
    pool->checked_out -= raw->generation == pool->generation;
  }
}

void la_pool_checkin(la_raw *raw) {
  la_engine *engine = raw->engine;
  la_pool *pool = engine->pool;
  bool shared = is_shared(pool);
  if (--raw->users > 0) {
    la_object_release(raw);
    return;
  }
  if (raw->handle != NULL) {
    clean(pool, raw);
  }
  raw->engine = NULL;
  if (shared && raw->detached) {
    drop(pool, raw);
  } else if (shared) {
    la_object_release(raw);
  } else {
    put_back(pool, raw);
  }
  la_object_release(engine);
}

void la_pool_get_status(const la_engine *engine, la_pool_status *out) {
  const la_pool *pool = engine->pool;
  const la_engine_options *options = &engine->options;
  *out = (la_pool_status){.size = pool->kind == LA_POOL_QUEUE ? options->pool_size : 1};
  if (is_shared(pool)) {
    out->checked_out = pool->shared ? (int)pool->shared->users : 0;
    out->checked_in = pool->shared && pool->shared->users == 0;
    return;
  }
  out->checked_in = (int)pool->idle.count;
  out->checked_out = pool->checked_out;
  out->overflow = pool->checked_out + out->checked_in - out->size;
}
