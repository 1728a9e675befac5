/* SPDX-License-Identifier: MIT */
/*
 * Memory that fails: a meter counts the requests for more memory of one source and refuses some.
 *
 * There is a meter for a Lua state and one for SQLite. Lua asks again after an emergency
 * collection, so that a single refusal would never be seen; the repetition is refused with it.
 */
#ifndef SPEC_HOST_METER_H
#define SPEC_HOST_METER_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct meter {
  uint64_t calls;   /* requests for more memory since counting began */
  uint64_t fail_at; /* 0: none fails */
  bool and_after, counting, failed;
  size_t blocks;     /* held now */
  void *retry_block; /* the request that failed, whose repetition fails too */
  size_t retry_old, retry_new;
} meter;

/* SQLite takes its functions without a userdata: its meter stands here. */
static meter lua_meter, sqlite_meter;

static bool refuses(meter *m, void *block, size_t old_size, size_t new_size) {
  if (!m->counting) {
    return false;
  }
  if (m->retry_new == new_size && m->retry_block == block && m->retry_old == old_size) {
    m->retry_new = 0;
    return true;
  }
  m->retry_new = 0;
  m->calls++;
  if (m->fail_at == 0 || m->calls < m->fail_at || (m->calls > m->fail_at && !m->and_after)) {
    return false;
  }
  m->failed = true;
  if (m == &lua_meter && !m->and_after) {
    m->retry_block = block;
    m->retry_old = old_size;
    m->retry_new = new_size;
  }
  return true;
}

static void *lua_memory(void *userdata, void *block, size_t old_size, size_t new_size) {
  meter *m = userdata;
  if (new_size == 0) {
    m->blocks -= block != NULL;
    free(block);
    return NULL;
  }
  /* For a new block Lua passes the kind of object as the old size. */
  size_t held = block != NULL ? old_size : 0;
  if (new_size > held && refuses(m, block, held, new_size)) {
    return NULL;
  }
  void *fresh = realloc(block, new_size);
  m->blocks += block == NULL && fresh != NULL;
  return fresh;
}

static void *sqlite_malloc(int size) {
  if (refuses(&sqlite_meter, NULL, 0, (size_t)size)) {
    return NULL;
  }
  int64_t *block = malloc((size_t)size + 16);
  if (block == NULL) {
    return NULL;
  }
  block[0] = size;
  sqlite_meter.blocks++;
  return block + 2;
}

static void sqlite_free(void *block) {
  if (block != NULL) {
    sqlite_meter.blocks--;
    free((int64_t *)block - 2);
  }
}

static int sqlite_size(void *block) {
  return block != NULL ? (int)((int64_t *)block)[-2] : 0;
}

static void *sqlite_realloc(void *block, int size) {
  if (size > sqlite_size(block) && refuses(&sqlite_meter, block, 0, (size_t)size)) {
    return NULL;
  }
  int64_t *fresh = realloc((int64_t *)block - 2, (size_t)size + 16);
  if (fresh == NULL) {
    return NULL;
  }
  fresh[0] = size;
  return fresh + 2;
}

static int sqlite_roundup(int size) {
  return (size + 7) & ~7;
}

static int sqlite_start(void *userdata) {
  (void)userdata;
  return SQLITE_OK;
}

static void sqlite_stop(void *userdata) {
  (void)userdata;
}

static void configure_sqlite(void) {
  static const sqlite3_mem_methods methods = {
      sqlite_malloc,  sqlite_free,  sqlite_realloc, sqlite_size,
      sqlite_roundup, sqlite_start, sqlite_stop,    NULL};
  sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
  sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
}

#endif
