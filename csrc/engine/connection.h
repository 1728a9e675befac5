/* SPDX-License-Identifier: MIT */
/*
 * A connection: what a program executes statements on.
 *
 * Counted; retains its engine, and holds a raw connection until close.
 *
 *   closed ◀──close── idle ──begin, or first statement (autobegin)──▶ in transaction ──commit,
 * rollback──▶ idle begin_nested ──▶ savepoint on the stack ──release, rollback to──▶
 *
 * Savepoints are named sa_savepoint_1, _2 … as in SQLAlchemy. On an in-memory engine all
 * connections share one raw connection and one transaction (DESIGN.md: begun only if none is open,
 * ended for all by any of them).
 */
#ifndef LA_ENGINE_CONNECTION_H
#define LA_ENGINE_CONNECTION_H

#include "engine/pool.h"

#pragma GCC visibility push(hidden)

/* Read only outside engine/. */
typedef struct la_connection {
  la_object object;
  la_engine *engine;
  la_raw *raw; /* NULL once closed or invalidated */
  bool closed;
  bool invalidated;
  bool in_transaction;
  bool autobegun;              /* the transaction began by itself */
  bool doomed;                 /* a failure ended the transaction inside: only rollback helps */
  bool heard;                  /* it has listeners of its own, beside its engine's; the binding's */
  uint32_t transaction_serial; /* the raw connection's when ours began */
  uint32_t savepoint_serial;   /* the highest number given */
  LA_VEC(uint32_t) savepoints; /* set and not released, in rising order */
  uint32_t era;                /* transactions that are over */
  la_begin_mode begin_mode;
  la_text schemas;           /* which schemas stand for others, as in la_compile_options; owned */
  struct la_cursor *cursors; /* still open: closed by commit, rollback, close */
  struct la_blob *blobs;     /* likewise */
  struct la_connection *next, **previous; /* among the users of `raw` */
} la_connection;

/* Takes a raw connection from the pool. */
la_status la_connection_new(la_engine *engine, la_connection **out, la_error *err);
/* Statements are compiled with this map of schemas from now on: for a connection, and for those
 * that an engine is going to have. */
la_status la_connection_set_schemas(la_connection *connection, la_text schemas, la_error *err);
la_status la_engine_set_schemas(la_engine *engine, la_text schemas, la_error *err);
/* Rolls back what is open and gives the raw connection back. Never fails; again is nothing. */
void la_connection_close(la_connection *connection);
/* LA_INVALID_REQUEST while a statement of it calls a function of the program. */
la_status la_connection_check_outside(const la_connection *connection, la_error *err);
/* LA_INVALID_REQUEST if a transaction is open ("…already begun…"). Sends BEGIN at the first
 * statement or now for modes that lock. */
la_status la_connection_begin(la_connection *connection, la_error *err);
/* What the log says of a beginning or an end, which mean nothing in autocommit mode. */
typedef enum la_transaction_word {
  LA_WORD_BEGIN,
  LA_WORD_COMMIT,
  LA_WORD_ROLLBACK
} la_transaction_word;
const char *la_connection_word(const la_connection *connection, la_transaction_word word);
/* Takes a raw connection, without BEGIN, if the last one was invalidated and its transaction is
 * over. */
la_status la_connection_reconnect(la_connection *connection, la_error *err);
/* Closes what still reads or writes in parts. */
void la_connection_close_cursors(la_connection *connection);
/* Begins if nothing is begun; what every execution calls. LA_RESOURCE_CLOSED "This Connection is
 * closed". */
la_status la_connection_autobegin(la_connection *connection, la_error *err);
la_status la_connection_commit(la_connection *connection, la_error *err);
la_status la_connection_rollback(la_connection *connection, la_error *err);
/* The number that the next savepoint gets. */
uint32_t la_connection_next_savepoint(const la_connection *connection);
/* The number of the innermost savepoint; 0: there is none. */
uint32_t la_connection_innermost_savepoint(const la_connection *connection);
/* Is this one set and not released? */
bool la_connection_has_savepoint(const la_connection *connection, uint32_t number);
/* `*number_out` names the savepoint for the two below. */
la_status la_connection_savepoint(la_connection *connection, uint32_t *number_out, la_error *err);
la_status la_connection_release(la_connection *connection, uint32_t number, la_error *err);
/* What is open counts as over; `release`: SQLite is to forget it as well, for each that it knows of
 * slows what is written later in the transaction. */
la_status la_connection_rollback_to(la_connection *connection, uint32_t number, bool release,
                                    la_error *err);
/* Closes the raw connection for good; the next statement takes another from the pool, after a
 * rollback() if a transaction was open. LA_RESOURCE_CLOSED if closed. */
la_status la_connection_invalidate(la_connection *connection, la_error *err);
/* What follows from a failed statement: a transaction that the database has ended can only be
 * rolled back. */
void la_connection_note_failure(la_connection *connection);

#pragma GCC visibility pop

#endif
