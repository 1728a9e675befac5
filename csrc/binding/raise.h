/* SPDX-License-Identifier: MIT */
/*
 * la_error → Lua error object.
 */
#ifndef LA_BINDING_RAISE_H
#define LA_BINDING_RAISE_H

#include "binding/state.h"

#pragma GCC visibility push(hidden)

/* What was being done when it failed; zero-initialise. */
typedef struct la_failure {
  la_text statement;   /* the text sent, or none */
  const char *dialect; /* its name, for what the database said: "(sqlite.IntegrityError) …"; NULL:
                          "sqlite" */
  int params_index;    /* stack index of the Lua value for `.params`, 0: none */
  int orig_index; /* stack index of the value for `.orig`, 0: made from the driver's codes, if there
                     are any */
  bool executemany;
  bool hide_parameters;
  bool connection_invalidated;
} la_failure;

/* Raises the error object for `err`: class by status, `.message`, `.where`, `.code`, `.orig`. Never
 * returns. Out of memory raises the object made ahead; LA_HOST raises the value kept by
 * la_keep_error. */
int la_raise(lua_State *L, const la_error *err);
/* The same with what was sent: `statement` text, and the Lua value at `params_index` (0: none) as
 * `.params`. */
int la_raise_statement(lua_State *L, const la_error *err, la_text statement, int params_index);
int la_raise_failure(lua_State *L, const la_error *err, const la_failure *failure);
/* Formats and raises. */
int la_raise_status(lua_State *L, la_status status, const char *format, ...);
/* ArgumentError for argument `argument` of the running function: "bad argument #1 to 'where' (…)"
 * with a hint for booleans
 * ("a boolean is no condition: User.name == \"x\" compares in Lua; write User.name:eq \"x\""). */
int la_raise_argument(lua_State *L, int argument, const char *expected);
/* Push the error object instead of raising it. */
void la_push_error(lua_State *L, const la_error *err);
void la_push_failure(lua_State *L, const la_error *err, const la_failure *failure);
/* Keeps the Lua value on top of the stack (popped) as the error in flight; LA_HOST is what the core
 * then gives. */
void la_keep_error(lua_State *L);
/* Pushes the place of the caller, "app.lua:12": the first frame outside our own chunks (those in
 * the folder of lualchemy.exc, see core.home); nil if there is none. */
void la_push_where(lua_State *L);

#pragma GCC visibility pop

#endif
