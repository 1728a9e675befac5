/* SPDX-License-Identifier: MIT */
/*
 * What a program adds to the database of an engine: functions, aggregates, window functions and
 * collations, written by whoever holds the engine.
 *
 * An engine owns a list that only grows; each raw connection takes over what is new before it
 * prepares its next statement (la_raw_extend). The database calls back through a function pointer
 * with the context that the extension was made with; meanwhile the raw connection cannot be closed
 * and its transaction cannot be ended.
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
  LA_EXTENSION_COLLATION
} la_extension_kind;

typedef enum la_callback_event {
  LA_CALLBACK_CALL,    /* a function: `args` → `result` */
  LA_CALLBACK_STEP,    /* a row for the group `*instance` */
  LA_CALLBACK_INVERSE, /* a row leaves the window */
  LA_CALLBACK_VALUE,   /* the window's `result` so far */
  LA_CALLBACK_FINAL,   /* the group's `result`; `*instance` is done with */
  LA_CALLBACK_COMPARE  /* a collation: two texts in `args` → `order` */
} la_callback_event;

/* `args` are lent for the call. The bytes of `result` must live until the callee is called again.
 */
typedef struct la_callback_call {
  la_callback_event event;
  const la_value *args;
  uint32_t count;
  int64_t *instance; /* 0 at first: the callee's own number for the group */
  la_value result;   /* a kind of the database */
  int order;
  la_arena *scratch; /* for bytes of `result` */
} la_callback_call;

/* LA_HOST: the callee keeps the error. */
typedef la_status (*la_callback)(void *context, int64_t number, la_callback_call *call);

typedef struct la_extension {
  la_text name; /* owned by the engine */
  la_extension_kind kind;
  int arg_count; /* -1: any */
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
