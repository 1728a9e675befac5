/* SPDX-License-Identifier: MIT */
/*
 * Raw connections, lent and taken back.
 *
 * Owned by its engine. A raw connection is a driver's connection with its prepared statements (by
 * text, least recently used first out) and its transaction state, since with StaticPool several
 * users share it. A Lua state is one thread: an exhausted pool cannot wait, it gives LA_TIMEOUT at
 * once; the binding first runs a full collection and tries again.
 */
#ifndef LA_ENGINE_POOL_H
#define LA_ENGINE_POOL_H

#include "engine/engine.h"

#pragma GCC visibility push(hidden)

/* A statement of a raw connection's cache; `busy` while someone steps it. */
typedef struct la_prepared {
  la_driver_statement *statement;
  la_text text;
  bool busy;
  bool doomed; /* finalize when it is given back */
  struct la_prepared *newer, *older;
  struct la_prepared *next_given; /* among la_raw.given */
  uint32_t column_count;
  uint32_t param_count;
} la_prepared;

/* A statement that begins or ends a transaction. */
typedef enum la_raw_word {
  LA_RAW_BEGIN,
  LA_RAW_BEGIN_IMMEDIATE,
  LA_RAW_BEGIN_EXCLUSIVE,
  LA_RAW_COMMIT,
  LA_RAW_ROLLBACK,
  LA_RAW_WORDS
} la_raw_word;

/* Counted: connections retain it while they use it. Read only outside engine/. */
typedef struct la_raw {
  la_object object;
  la_allocator *alloc;
  const la_driver *driver;
  la_engine *engine;            /* retained while checked out */
  la_driver_connection *handle; /* NULL once closed */
  la_map statements;            /* text → la_prepared */
  la_prepared *newest, *oldest;
  la_prepared *words[LA_RAW_WORDS];  /* that begin and end transactions, kept beside the others */
  uint32_t statement_limit;          /* how many statements are kept */
  struct la_connection *connections; /* its users */
  bool is_host;                      /* the host's own connection */
  uint32_t users;              /* how many connections hold it: more than one with StaticPool */
  bool transaction;            /* BEGIN was sent by us */
  bool host_transaction;       /* the host had one open: ours is a savepoint */
  uint32_t savepoint_serial;   /* the highest number used in this transaction */
  uint32_t transaction_serial; /* raised by each BEGIN: who began an older one has lost it */
  bool invalid;                /* closed when it is given back */
  bool announced;              /* free for the binding: listeners have seen it */
  bool read_uncommitted;       /* PRAGMA set for its user; undone when it is given back */
  uint32_t generation;         /* of the pool when it was opened; older ones close on return */
  uint32_t serial;             /* tells it from others of the engine */
  bool detached;               /* no longer the pool's: closed when it is given back */
  double opened_at;            /* la_now() */
  size_t extended;             /* how many of the engine's extensions it has */
  la_extension_use *uses;      /* of them; freed after the driver's connection is closed */
  uint32_t inside;             /* calls of extensions that run now: not to be closed meanwhile */
  const char *refusal;         /* why nothing may be asked of it now: a hook runs, …; or NULL */
  struct la_backup *incoming;  /* the backup into it, which can't outlive its handle; or NULL */
  la_prepared *given;          /* what was given back meanwhile, to be reset later */
} la_raw;

la_status la_pool_new(la_engine *engine, la_pool_kind kind, la_pool **out, la_error *err);
void la_pool_free(la_pool *pool);
/* Closes what lies in it; what is out closes on return. */
void la_pool_dispose(la_pool *pool);
la_pool_kind la_pool_get_kind(const la_pool *pool);
la_status la_pool_checkout(la_engine *engine, la_raw **out, la_error *err);
/* Gives it back; with its last user gone rolls back what is left open. `raw`'s reference goes to
 * the pool. */
void la_pool_checkin(la_raw *raw);
/* It is its users' alone from now on: the pool does not count it, and will not take it back. */
void la_pool_detach(la_raw *raw);
/* Pool counters for status(). */
typedef struct la_pool_status {
  int size, checked_in, checked_out, overflow;
} la_pool_status;
void la_pool_get_status(const la_engine *engine, la_pool_status *out);

/* A prepared statement for `text`, from the cache or made, marked busy. Give it back with
 * la_raw_give. */
la_status la_raw_prepare(la_raw *raw, la_text text, la_prepared **out, la_error *err);
/* LA_INVALID_REQUEST while a statement of it calls a function of the program. */
la_status la_raw_check_outside(const la_raw *raw, la_error *err);
/* LA_INVALID_REQUEST if `refusal` says so, LA_RESOURCE_CLOSED if it is closed. */
la_status la_raw_check_usable(const la_raw *raw, la_error *err);
/* Resets it; it is free for the next. */
void la_raw_give(la_raw *raw, la_prepared *prepared);
/* Sends a statement of the transaction kind or any without parameters and rows. */
la_status la_raw_execute(la_raw *raw, la_text text, la_error *err);
/* After any statement: notices that the database has ended the transaction by itself. True if it
 * has. */
bool la_raw_lost_transaction(la_raw *raw);
la_status la_raw_open(la_engine *engine, la_raw **out, la_error *err);
/* Says that it will be closed, for those who listen: see la_engine.closed. */
void la_raw_note_close(const la_raw *raw, la_engine *engine);
/* Closes streams, finalizes all statements, closes the driver's connection. Again is nothing. */
void la_raw_close(la_raw *raw);
/* Closes the cursors that still read from it, of all its users. */
void la_raw_close_cursors(la_raw *raw);
la_status la_raw_begin(la_raw *raw, la_begin_mode mode, la_error *err);
/* COMMIT or ROLLBACK, or what stands for them inside a host's transaction. */
la_status la_raw_end(la_raw *raw, bool commit, la_error *err);

#pragma GCC visibility pop

#endif
