/* SPDX-License-Identifier: MIT */
/*
 * What a program adds to the database of an engine: functions, aggregates, window functions and
 * collations, and hooks that the database calls when something happens, written by whoever holds
 * the engine.
 *
 * An engine owns a list that only grows; each raw connection takes over what is new before it
 * prepares its next statement. Of each kind of hook a connection has one: the newest. The database
 * calls back through a function pointer with the context that the extension was made with;
 * meanwhile the raw connection cannot be closed and its transaction cannot be ended. A hook is
 * called in the middle of the database's own work, so meanwhile nothing at all may be asked of its
 * connection (la_raw.refusal), and no statement of its engine be compiled (la_engine.hooked).
 */
#ifndef LA_ENGINE_EXTENSION_H
#define LA_ENGINE_EXTENSION_H

#include "base/arena.h"
#include "base/status.h"
#include "schema/value.h"

#pragma GCC visibility push(hidden)

typedef enum la_extension_kind {
  LA_EXTENSION_FUNCTION,
  LA_EXTENSION_AGGREGATE,
  LA_EXTENSION_WINDOW,
  LA_EXTENSION_COLLATION,
  LA_EXTENSION_LOAD,      /* a library: `name` is its file, nothing is called back */
  LA_EXTENSION_BUSY,      /* a lock is held by someone else */
  LA_EXTENSION_AUTHORIZE, /* a statement that is prepared wants to do something */
  LA_EXTENSION_PROGRESS,  /* every so many steps of a statement */
  LA_EXTENSION_UPDATE,    /* a row was inserted, updated or deleted */
  LA_EXTENSION_COMMIT,    /* a transaction is about to be committed */
  LA_EXTENSION_ROLLBACK,  /* a transaction was rolled back */
  LA_EXTENSION_KIND_COUNT
} la_extension_kind;

/* Kinds from here on are hooks. */
#define LA_EXTENSION_FIRST_HOOK LA_EXTENSION_BUSY
#define LA_EXTENSION_HOOK_COUNT (LA_EXTENSION_KIND_COUNT - LA_EXTENSION_FIRST_HOOK)

typedef enum la_callback_event {
  LA_CALLBACK_CALL,    /* a function: `args` → `result` */
  LA_CALLBACK_STEP,    /* a row for the group `*instance` */
  LA_CALLBACK_INVERSE, /* a row leaves the window */
  LA_CALLBACK_VALUE,   /* the window's `result` so far */
  LA_CALLBACK_FINAL,   /* the group's `result`; `*instance` is done with */
  LA_CALLBACK_COMPARE, /* a collation: two texts in `args` → `answer` */
  LA_CALLBACK_BUSY,    /* how often it was asked before → `answer` 1: try again, 0: give up */
  /* action, its two arguments, database, trigger or view (texts or NULL) → `answer`: 0 it may, 1 it
   * may not, 2 the column reads as NULL or the action is left out */
  LA_CALLBACK_AUTHORIZE,
  LA_CALLBACK_PROGRESS, /* → `answer` 1: interrupt the statement */
  LA_CALLBACK_UPDATE,   /* "INSERT", "UPDATE" or "DELETE", database, table, rowid */
  LA_CALLBACK_COMMIT,   /* → `answer` 1: roll back instead */
  LA_CALLBACK_ROLLBACK
} la_callback_event;

/* `args` are lent for the call. The bytes of `result` must live until the callee is called again.
 */
typedef struct la_callback_call {
  la_callback_event event;
  const la_value *args;
  uint32_t count;
  int64_t *instance; /* 0 at first: the callee's own number for the group */
  la_value result;   /* a kind of the database */
  int answer;
  la_arena *scratch; /* for bytes of `result` */
} la_callback_call;

/* LA_HOST: the callee keeps the error. */
typedef la_status (*la_callback)(void *context, int64_t number, la_callback_call *call);

typedef struct la_extension {
  la_text name;  /* owned by the engine, as are all texts; zero-terminated */
  la_text entry; /* LOAD: the function to call in the library; none: the database's own choice */
  la_extension_kind kind;
  int arg_count; /* -1: any; PROGRESS: how many steps lie between two calls */
  bool deterministic;
  la_callback callback; /* NULL: what has the name goes */
  void *context;
  int64_t number; /* the callee's, handed to `callback` */
} la_extension;

/* How a driver reaches an extension's callback: through the raw connection, which is marked. */
typedef struct la_extension_use {
  const la_extension *extension;
  la_status (*call)(struct la_extension_use *use, la_callback_call *call);
  void *owner;
  struct la_extension_use *next;
} la_extension_use;

#pragma GCC visibility pop

#endif
