/* SPDX-License-Identifier: MIT */
/*
 * The memory of flushes.
 *
 * A flush of few objects takes longer to set up than to run, so a flush that went well leaves
 * itself with the engine for the next: its vectors, and what its last statements were made of
 * (which columns a mapper's objects give, and the plan in use), as long as mappers and tables stay
 * as they are. An engine keeps one; a second flush at the same time makes its own.
 */
#include "orm/flush_internal.h"

/* What is kept: vectors of so many bytes, and maps of so many tables. */
#define KEPT_BYTES ((size_t)64 * 1024)
#define KEPT_MAPS  8

static void forget_maps(la_flush *flush) {
  la_object_release(flush->plan);
  for (la_table_map *map = flush->maps; map != NULL; map = map->next) {
    la_object_release(map->mapper);
  }
  la_arena_clear(&flush->lasting);
  flush->maps = flush->plan_map = NULL;
  flush->tables_of = NULL;
  flush->plan = NULL;
  flush->plan_shape = NULL;
  flush->map_count = 0;
  flush->plan_shape_room = 0;
  flush->tables.count = 0;
}

static bool is_current(const la_table_map *map) {
  return map->mapper_version == map->mapper->version &&
         map->table_version == map->table->metadata->version;
}

static void flush_destroy(la_object *object) {
  la_flush *flush = (la_flush *)(void *)object;
  la_allocator *alloc = flush->alloc;
  forget_maps(flush);
#define X(name) la_vec_clear(alloc, &flush->name);
  LA_FLUSH_VECTORS(X)
#undef X
  la_free(alloc, flush, sizeof *flush);
}

static const la_object_class flush_class = {.name = "flush", .destroy = flush_destroy};

/* Whose work a flush uses: a session that works on several engines changes them on the way. */
static la_engine *engine_of(const la_session *session) {
  return session->routed ? NULL : session->engine;
}

la_flush *la_flush_take(la_session *session) {
  la_engine *engine = engine_of(session);
  la_flush *flush = engine != NULL ? (la_flush *)(void *)engine->flush_work : NULL;
  if (flush == NULL) {
    flush = la_alloc_zero(session->alloc, sizeof *flush);
    if (flush == NULL) {
      return NULL;
    }
    la_object_init(&flush->object, &flush_class);
    la_arena_init(&flush->lasting, session->alloc);
  } else {
    engine->flush_work = NULL;
  }
  for (const la_table_map *map = flush->maps; map != NULL; map = map->next) {
    if (!is_current(map)) {
      forget_maps(flush);
      break;
    }
  }
  flush->session = la_object_retain(session);
  flush->level = la_session_top(session)->serial;
  flush->alloc = session->alloc;
  la_arena_init(&flush->arena, flush->alloc);
  la_arena_init(&flush->scratch, flush->alloc);
  la_arena_init(&flush->told, flush->alloc);
  return flush;
}

/* As it was made, but for what is kept. */
static void clear_work(la_flush *flush) {
  la_object object = flush->object;
  la_allocator *alloc = flush->alloc;
  size_t tables = flush->tables.count;
  memset(flush, 0, offsetof(la_flush, lasting));
  flush->object = object;
  flush->alloc = alloc;
#define X(name)                                                                                    \
  if (flush->name.capacity * sizeof *flush->name.items > KEPT_BYTES) {                             \
    la_vec_clear(alloc, &flush->name);                                                             \
  }                                                                                                \
  flush->name.count = 0;
  LA_FLUSH_VECTORS(X)
#undef X
  flush->tables.count = tables;
  if (flush->map_count > KEPT_MAPS || tables > KEPT_MAPS) {
    forget_maps(flush);
  }
}

void la_flush_give_back(la_flush *flush, bool well) {
  la_session *session = flush->session;
  la_engine *engine = engine_of(session);
  la_arena_clear(&flush->scratch);
  la_arena_clear(&flush->told);
  la_arena_clear(&flush->arena);
  la_map_clear(&flush->pairs_seen, flush->alloc);
  if (well && engine != NULL && engine->flush_work == NULL) {
    clear_work(flush);
    engine->flush_work = &flush->object;
  } else {
    la_object_release(flush);
  }
  la_object_release(session);
}
