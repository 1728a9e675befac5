/* SPDX-License-Identifier: MIT */
/*
 * A session: states of objects, the identity map, and the scope of a transaction.
 *
 * Counted; retains its engine. Pins the instances of its new, dirty and deleted sets; the identity
 * map pins none. Which handles must be held strongly changes with these sets: the core notes it in
 * `hold_changes`, and the binding settles that list after every call.
 *
 *   idle ──first use──▶ begun ──begin_nested──▶ nested … ──commit, rollback──▶ idle
 *   begun ──flush fails──▶ inactive ──rollback──▶ idle        (use while inactive:
 * LA_PENDING_ROLLBACK)
 *
 * While a flush or load is under way the session is busy: entering it again is LA_INVALID_REQUEST
 * ("Session is already flushing"), rollback and close excepted.
 */
#ifndef LA_ORM_SESSION_H
#define LA_ORM_SESSION_H

#include "engine/connection.h"
#include "orm/identity.h"
#include "orm/link.h"

#pragma GCC visibility push(hidden)

typedef enum la_session_phase {
  LA_SESSION_IDLE,
  LA_SESSION_BEGUN,
  LA_SESSION_INACTIVE,
  LA_SESSION_COMMITTED,   /* COMMIT is sent, objects are not expired yet: after_commit */
  LA_SESSION_ROLLED_BACK, /* the same of a rollback: after_rollback */
  LA_SESSION_CLOSED
} la_session_phase;

typedef enum la_session_origin {
  LA_ORIGIN_AUTOBEGIN,
  LA_ORIGIN_BEGIN,
  LA_ORIGIN_BEGIN_NESTED,
  LA_ORIGIN_SUBTRANSACTION /* a flush's own: not a level */
} la_session_origin;

/* One level of the transaction: the outermost, or a savepoint; what rollback has to restore. What
 * was inserted in the outermost is told by LA_INSTANCE_INSERTED alone, and its rollback expires
 * everything, so its `touched` stays empty and `inserted` has only what was expunged: an object
 * that no one holds can go. */
typedef struct la_session_level {
  uint32_t serial;     /* tells it from all others that the session has had */
  uint32_t savepoint;  /* its number; 0: none was sent */
  bool in_savepoint;   /* all but the outermost, and that too if it joins with a savepoint … */
  bool savepoint_sent; /* … whose SAVEPOINT goes out with the first statement inside */
  bool active;
  la_session_origin origin;
  bool told, begin_told; /* the binding's: its listeners know of the level, and of its connection */
  la_instances inserted; /* became persistent in it; pinned */
  la_instances deleted;  /* persistent → deleted in it; pinned */
  la_instances touched;  /* modified or flushed in it; pinned */
  LA_VEC(struct la_key_switch *) switches; /* identity keys changed in it; session_internal.h */
} la_session_level;

typedef LA_VEC(la_session_level *) la_session_levels;

/* What happens to objects and may be told: enumerator, name of the event. */
#define LA_NOTES(X)                                                                                \
  X(TRANSIENT_TO_PENDING)                                                                          \
  X(PENDING_TO_TRANSIENT)                                                                          \
  X(PENDING_TO_PERSISTENT)                                                                         \
  X(PERSISTENT_TO_TRANSIENT)                                                                       \
  X(LOADED_AS_PERSISTENT)                                                                          \
  X(PERSISTENT_TO_DELETED)                                                                         \
  X(PERSISTENT_TO_DETACHED)                                                                        \
  X(DELETED_TO_PERSISTENT)                                                                         \
  X(DELETED_TO_DETACHED)                                                                           \
  X(DETACHED_TO_PERSISTENT)                                                                        \
  X(AFTER_ATTACH)                                                                                  \
  X(LOAD)                                                                                          \
  X(REFRESH)                                                                                       \
  X(EXPIRE)

typedef enum la_note_kind {
#define X(name) LA_NOTE_##name,
  LA_NOTES(X)
#undef X
} la_note_kind;

/* before_attach is told ahead of the core's call, by the binding. */
#define LA_WATCHED_ATTACH (1u << 31)

typedef struct la_note {
  la_instance *instance; /* pinned */
  la_note_kind kind;
} la_note;

/* Part of the transaction on one connection: the savepoint of a level. */
typedef struct la_bind_savepoint {
  uint32_t savepoint;
  bool sent, begin_told;
  bool in_savepoint; /* of the outermost level, whose own this is; the others are in one */
} la_bind_savepoint;

/* A place where the session works while another is at hand (session_bind.c). */
typedef struct la_session_bind {
  la_engine *engine;         /* retained */
  la_connection *connection; /* retained */
  bool connection_is_ours, entered, joined;
  uint32_t era, joined_savepoint;
  la_bind_savepoint *savepoints; /* by level; `room` of them */
  size_t room;
} la_session_bind;

typedef struct la_session_options {
  la_engine *engine;         /* NULL: unbound */
  la_connection *connection; /* bound to a connection of the program's, or NULL */
  bool autoflush, expire_on_commit, autobegin, close_resets_only;
  int join_transaction_mode; /* la_join_mode */
  uint32_t serial;           /* its number in messages */
} la_session_options;

/* What a session does on a connection of the program's that has a transaction open. */
typedef enum la_join_mode {
  LA_JOIN_CONDITIONAL_SAVEPOINT,
  LA_JOIN_ROLLBACK_ONLY,
  LA_JOIN_CONTROL_FULLY,
  LA_JOIN_CREATE_SAVEPOINT
} la_join_mode;

/* Read only outside orm/. */
struct la_session {
  la_object object;
  la_allocator *alloc;
  const la_sql *sql;
  la_engine *engine;         /* retained */
  la_connection *connection; /* retained; NULL until the first statement of a transaction */
  bool connection_is_ours;
  bool entered; /* `connection` is in use for the transaction */
  bool joined;  /* the transaction is the program's: commit leaves it open */
  uint32_t era; /* of the connection's transactions this is the one; it is over when that changes */
  uint32_t joined_savepoint; /* the program's, in which the session works; 0: in none */
  int join_transaction_mode;
  la_slab *slab; /* NULL before the first load, see la_session_slab */
  la_identity_map map;
  la_instances new_objects;     /* pending, in order of add(); pinned */
  la_instances dirty_objects;   /* persistent with changes; pinned */
  la_instances deleted_objects; /* marked; pinned */
  la_session_levels levels;
  la_session_level outermost; /* the first of them lies here */
  uint32_t context;       /* serial of the level whose function runs, plus one: nothing is done in
                             another one meanwhile; 0: none */
  uint32_t next_level;    /* serial of the next level: who goes on with one can tell it again */
  struct la_flush *ready; /* a flush that has sent all, while its listeners may still end its level:
                             a commit makes its objects persistent first */
  la_session_phase phase;
  bool autoflush, expire_on_commit, autobegin, close_resets_only;
  uint32_t autoflush_off; /* nesting of no_autoflush */
  la_text
      statement_schemas; /* the map of schemas of the statement that runs, lent by the binding */
  LA_VEC(la_session_bind) binds; /* of a session that works on several engines: all of them */
  uint32_t bind; /* which of them `engine`, `connection` and the levels' savepoints belong to */
  bool routed;   /* the binding says where each statement goes, and which token rows have: bind and
                    `map.token` are set before each */
  bool sharded;  /* each object of a flush may go somewhere else; not only each hierarchy */
  bool has_options; /* the binding has execution options for each connection that it takes */
  bool flushing;
  bool executing;    /* a flush sends its statements */
  const char *doing; /* what changes its state right now and calls the program: "commit()"; or NULL.
                        A literal, the binding's */
  bool busy;
  uint32_t next_order;
  uint32_t serial;       /* "session '3'" in messages */
  uint32_t place;        /* of its box, the binding's; 0 when it has none */
  char *inactive_reason; /* the failure that made it inactive; NULL before the first */
  uint32_t
      watched; /* bits 1 << la_note_kind: what of all objects is noted; and LA_WATCHED_ATTACH */
  LA_VEC(la_note) notes; /* what has happened and was not told yet, in order */
  la_instances
      hold_changes;      /* instances whose LA_INSTANCE_HELD should be looked at again; pinned */
  la_instances settling; /* that of which this is being done, and those whose turn was broken off by
                            an error, or that a finalizer came to meanwhile; pinned */
};

/* Gives the last of `hold_changes`, which stays pinned until its settling ends; false when out of
 * memory. */
bool la_session_begin_settling(la_session *session, la_instance **out);
/* The change `at` has been settled, if nobody else has come first. `before` is how many were being
 * settled when its settling began. */
void la_session_end_settling(la_session *session, size_t before, size_t at);
/* The number of the bind with `engine`, or with the program's `connection`, added if it is new. */
la_status la_session_add_bind(la_session *session, la_engine *engine, la_connection *connection,
                              uint32_t *out, la_error *err);
/* Work goes on at the bind `at`, as if the session had no other. */
void la_session_use_bind(la_session *session, uint32_t at);
/* Goes through the binds, each being at hand in turn, of which most sessions have one; after the
 * last one the one that was at hand is so again. Zero-initialise. */
typedef struct la_bind_walk {
  uint32_t at, back;
} la_bind_walk;
bool la_session_go_to_next(la_session *session, la_bind_walk *walk); /* of several */
static inline bool la_session_next_bind(la_session *session, la_bind_walk *walk) {
  return session->binds.count == 0 ? walk->at++ == 0 : la_session_go_to_next(session, walk);
}

la_status la_session_new(const la_sql *sql, const la_session_options *options, la_session **out,
                         la_error *err);
/* The slab for what is loaded, made if there is none; NULL when out of memory. */
la_slab *la_session_slab(la_session *session);
/* What handle the binding must hold strongly: new, dirty (with changes), deleted, or in a level's
 * sets. */
bool la_instance_wants_hold(const la_instance *instance);
/* LA_PENDING_ROLLBACK, LA_INVALID_REQUEST if the session can't be used now. */
la_status la_session_check(la_session *session, la_error *err);
/* LA_INVALID_REQUEST if a function that a transaction was begun with runs, and that is over. */
la_status la_session_check_context(const la_session *session, la_error *err);
/* begin(): LA_INVALID_REQUEST "A transaction is already begun on this Session." `nested` pushes a
 * savepoint level (flush first). */
la_status la_session_begin(la_session *session, bool nested, la_error *err);
/* A connection for the transaction that is to begin, without BEGIN, so that options can be set on
 * it first. Nothing if there is one. */
la_status la_session_reserve(la_session *session, la_error *err);
/* The connection, with a transaction and the levels' savepoints sent. LA_UNBOUND_EXECUTION. */
la_status la_session_connection(la_session *session, la_connection **out, la_error *err);
/* Whether the end of `level` ends something of the database at the bind at hand: `*savepoint`, or
 * with 0 the transaction. A commit leaves what it has joined. */
bool la_session_ends_at_bind(const la_session *session, const la_session_level *level, bool commit,
                             uint32_t *savepoint);
/* Has the program, whose connection it is, ended the transaction by itself, or this savepoint? */
bool la_session_is_ended(const la_session *session, uint32_t savepoint);
/* Its parts: a connection with a transaction; the outermost level whose savepoint has to be sent,
 * or NULL; its SAVEPOINT. */
la_status la_session_enter(la_session *session, la_error *err);
la_session_level *la_session_next_savepoint(const la_session *session);
la_status la_session_send_savepoint(la_session *session, la_session_level *level, la_error *err);

/* What is compiled next has the map of schemas of the statement at hand, or else of the connection.
 */
void la_session_use_schemas(la_session *session);

/* add(): every instance of `root`'s save-update cascade becomes pending, or persistent again.
 * LA_INVALID_REQUEST with SQLAlchemy's words: attached to another session, deleted. */
la_status la_session_add(la_session *session, la_instance *root, la_error *err);
/* LA_INVALID_REQUEST, with SQLAlchemy's words, if the row of `instance` was deleted. */
la_status la_session_check_present(const la_instance *instance, la_error *err);
/* LA_INVALID_REQUEST if la_session_add() would refuse it or what lies behind it: nothing changes.
 */
la_status la_session_check_joins(la_session *session, la_instance *root, la_error *err);
/* A detached instance becomes persistent again, by itself. Fails as la_session_add does. */
la_status la_session_attach(la_session *session, la_instance *instance, la_error *err);
/* Marks `instance` (which is persistent) for deletion. The binding has loaded what
 * la_cascade_delete_needs asked for. */
la_status la_session_delete(la_session *session, la_instance *instance, la_error *err);
/* The delete cascade: instances to delete, the root first. Zero-initialise; owned by its caller. */
typedef struct la_delete_walk {
  la_instances found; /* pinned */
  la_map seen;
  size_t at;     /* of `found`: whose links are looked at */
  uint32_t link; /* of that one */
  bool asked;    /* it has been asked for */
} la_delete_walk;
/* Goes on with the walk from `root`. LA_ROW: the link at hand has to be loaded before the next
 * call; LA_OK: all is found. */
la_status la_delete_walk_on(la_delete_walk *walk, la_session *session, la_instance *root,
                            la_error *err);
void la_delete_walk_clear(la_delete_walk *walk, la_allocator *alloc);
/* make_transient(): `instance` leaves its session, alone, and forgets that it has a row. */
void la_session_make_transient(la_instance *instance);
/* make_transient_to_detached(): a transient instance becomes one whose row is known by its primary
 * key; what is not set is expired. LA_INVALID_REQUEST. */
la_status la_session_make_detached(la_instance *instance, la_error *err);
la_status la_session_expunge(la_session *session, la_instance *instance, la_error *err);
void la_session_expunge_all(la_session *session);
/* Expires an object of the session, dropping its changes; a pending one, which a cascade has found,
 * leaves the session. */
void la_session_expire(la_session *session, la_instance *instance);
/* The row of a persistent object is gone: as after a flushed delete, it is out of the map, and
 * detached or restored when the transaction ends. */
la_status la_session_lose(la_session *session, la_instance *instance, la_error *err);
/* Called when a slot or link of a persistent instance was changed: into the dirty set. */
la_status la_session_note_dirty(la_session *session, la_instance *instance, la_error *err);
/* A loaded instance joins: into the identity map. */
la_status la_session_register(la_session *session, la_instance *instance, la_error *err);

/* commit() after the flush: RELEASE or COMMIT, then expires all (outermost, if expire_on_commit),
 * deleted → detached. `to_root`: every level. */
la_status la_session_commit(la_session *session, bool to_root, la_error *err);
/* Its two halves, of the innermost level: the database's, after which the session is COMMITTED, and
 * the objects'. A failure of the first rolls the level back. */
la_status la_session_commit_database(la_session *session, la_error *err);
la_status la_session_commit_objects(la_session *session, la_error *err);
/* ROLLBACK (TO), then restores: inserted → transient, deleted → persistent, keys switched back,
 * expires what SQLAlchemy expires. Never leaves the session unusable. */
la_status la_session_rollback(la_session *session, bool to_root, la_error *err);
/* Its two halves, of the innermost level. The second is due whatever the first gives. */
la_status la_session_rollback_database(la_session *session, la_error *err);
void la_session_rollback_objects(la_session *session);
/* Notes that `kind` happened to `instance`, if the session is watched for it. Out of memory the
 * note is left out. */
void la_session_note(la_session *session, la_instance *instance, la_note_kind kind);
/* The same for LOAD, REFRESH and EXPIRE, which are listened to by class; `hears` is the bit. */
void la_session_note_class(la_instance *instance, uint32_t hears, la_note_kind kind);
/* A flush failed: rolls back the innermost level's database work and makes the session inactive
 * with the reason. */
void la_session_fail(la_session *session, const la_error *reason);
/* The session is not at work, and may not be used again: its empty vectors serve the next one. */
void la_session_leave_work(la_session *session);
/* Everything is expunged and rolled back. With close_resets_only = false that was its end. */
void la_session_close(la_session *session);
/* The same, and the session can be used again in any case. */
void la_session_reset(la_session *session);
/* Starts the outermost level if there is none. LA_INVALID_REQUEST if autobegin is off or the
 * session is closed for good. */
la_status la_session_autobegin(la_session *session, la_error *err);
/* Every keyed instance of the map, dirty and deleted included, into `out` in order of key hash. */
la_status la_session_all(const la_session *session, la_instances *out, la_error *err);

#pragma GCC visibility pop

#endif
