/* SPDX-License-Identifier: MIT */
/*
 * An engine: dialect, driver, pool, and the cache of compiled statements.
 *
 * Counted: connections and sessions retain it, so the order of finalization does not matter. Opens
 * nothing until a connection is first asked for.
 *
 *   engine ──la_pool_checkout──▶ la_raw (driver connection + its prepared statements)
 *   la_connection: what a program holds, with a transaction state; returns its raw connection to
 * the pool on close
 */
#ifndef LA_ENGINE_ENGINE_H
#define LA_ENGINE_ENGINE_H

#include "base/slab.h"
#include "engine/cache.h"
#include "engine/driver.h"
#include "engine/trace.h"
#include "sql/key.h"

#pragma GCC visibility push(hidden)

typedef struct la_pool la_pool;

typedef enum la_pool_kind {
  LA_POOL_QUEUE,            /* file databases: size 5, overflow 10 */
  LA_POOL_STATIC,           /* one connection for all: memory databases */
  LA_POOL_NULL,             /* opens and closes each time */
  LA_POOL_SINGLETON_THREAD, /* one per thread; a Lua state is one thread, so one */
  LA_POOL_ASSERTION         /* one at a time, or an error */
} la_pool_kind;

/* What giving a connection back does with a transaction that is still open. */
typedef enum la_pool_reset {
  LA_POOL_RESET_ROLLBACK,
  LA_POOL_RESET_COMMIT,
  LA_POOL_RESET_NONE
} la_pool_reset;

typedef struct la_engine_options {
  la_text url;
  bool foreign_keys;
  int64_t busy_timeout; /* milliseconds */
  la_text journal_mode;
  la_begin_mode begin_mode;
  int pool_kind; /* la_pool_kind, -1: by the URL */
  int pool_size, max_overflow;
  double pool_timeout, pool_recycle; /* seconds; recycle -1: never */
  bool pool_pre_ping, pool_lifo;
  la_pool_reset pool_reset;
  size_t query_cache_size;
  bool hide_parameters;
  bool lint_froms;         /* warns of cartesian products */
  size_t label_length;     /* la_compile_options */
  void *host_handle;       /* la_driver_options */
  const la_driver *driver; /* NULL: by the dialect */
} la_engine_options;
#define LA_ENGINE_OPTIONS_INIT                                                                     \
  {                                                                                                \
    .foreign_keys = true, .busy_timeout = 5000, .pool_kind = -1, .pool_size = 5,                   \
    .max_overflow = 10, .pool_timeout = 30, .pool_recycle = -1, .query_cache_size = 500,           \
    .lint_froms = true                                                                             \
  }

/* A raw connection that is no more. */
typedef struct la_closed {
  uint32_t serial;
  bool detached;
} la_closed;

/* Read only outside engine/. */
typedef struct la_engine {
  la_object object;
  struct la_engine *root; /* whose pool, cache, extensions and counts it shares: itself, or retained
                             by an engine that differs in its options alone; la_engine_share */
  la_allocator *alloc;
  la_sql sql; /* borrowed basic types: the binding's state outlives the engine */
  la_url url;
  const la_dialect *dialect;
  const la_driver *driver;
  la_engine_options options; /* texts in url.arena */
  la_pool *pool;
  la_cache cache;           /* key → la_compiled */
  la_key key;               /* reused for each statement */
  la_strbuf salt;           /* likewise */
  la_text schema_translate; /* la_compile_options of what is compiled next, lent: set before each
                               compilation by who executes it */
  la_text schemas;          /* the map that its connections begin with, owned; see connection.h */
  bool has_options;         /* its connections get execution options, by the binding */
  la_slab *slab;            /* rows of small results; NULL before the first */
  la_object *flush_work;    /* what a flush keeps for the next (orm/flush_work.c), or NULL */
  la_object *session_work;  /* what a session keeps for the next (orm/session_work.c), or NULL */
  bool announced;           /* its first connection, by the binding to listeners */
  bool memory;              /* the database lives and dies with its one connection */
  uint32_t statement_cache_size; /* prepared statements kept by each raw connection */
  uint64_t statements, prepares; /* sent and prepared so far: counted work */
  la_trace trace;                /* of what the core sends by itself */
  LA_VEC(la_extension *) extensions;
  uint32_t raw_serial; /* of the newest raw connection */
  LA_VEC(la_closed)
  closed;          /* raw connections that listeners knew and that are closed; told by the
                      binding, which empties it */
  uint32_t hooked; /* hooks of its connections that run now: nothing is compiled meanwhile */
} la_engine;

/* LA_INVALID_REQUEST while a hook of one of its connections runs. */
la_status la_engine_check_unhooked(const la_engine *engine, la_error *err);

/* The slab for rows, made if there is none; NULL when out of memory. */
la_slab *la_engine_slab(la_engine *engine);
/* An engine with options of its own on the same pool. */
la_status la_engine_share(la_engine *engine, la_engine **out, la_error *err);
la_status la_engine_new(const la_sql *sql, const la_engine_options *options, la_engine **out,
                        la_error *err);
/* Adds what `extension` says to every connection from now on; copied. */
la_status la_engine_extend(la_engine *engine, const la_extension *extension, la_error *err);
/* Takes back the newest extension, which no connection has taken over. */
void la_engine_forget_extension(la_engine *engine);
/* Closes every connection that lies in the pool and forgets those that are out (they close on
 * return); the engine can be used again. A memory database is gone. Finalizes prepared statements,
 * also on a host's connection. */
void la_engine_dispose(la_engine *engine);
/* The compiled form of `statement`, from the cache if it is there: retained for the caller.
 * `engine->key` holds the statement's parameters afterwards. `column_keys` as in
 * la_compile_options. `*cached_out` says if it was. ORM statements take the ORM's own way
 * (orm/translate.h). */
la_status la_engine_compile(la_engine *engine, const la_node *statement, const la_text *column_keys,
                            uint32_t column_key_count, bool for_executemany, la_compiled **out,
                            bool *cached_out, la_error *err);

#pragma GCC visibility pop

#endif
