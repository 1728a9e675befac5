/* SPDX-License-Identifier: MIT */
/*
 * Engines and connections for Lua.
 *
 * An engine's box is known by its core engine's address, so a session that holds the engine finds
 * the one box. Its settings that only Lua uses (echo, serializers, the URL and pool objects) lie in
 * a table in its user value. A connection's box holds its engine's box.
 */
#ifndef LA_BINDING_ENGINE_H
#define LA_BINDING_ENGINE_H

#include "binding/box.h"
#include "binding/raise.h"
#include "engine/cursor.h"

#pragma GCC visibility push(hidden)

/* User values. */
enum { LA_ENGINE_SETTINGS = 1, LA_ENGINE_DIALECT = 2 };
enum {
  LA_CONNECTION_ENGINE = 1,
  LA_CONNECTION_OPTIONS = 2,
  LA_CONNECTION_ROOT = 3,
  LA_CONNECTION_NESTED = 4,
  LA_CONNECTION_GUARD = 5
};

typedef struct la_engine_box {
  la_box box; /* object: la_engine */
  bool echo;
  uint32_t heard; /* bit for each event of engines, pools and dialects that is listened to … */
  uint32_t heard_round; /* … as it was in this round of the state's events */
  la_params params;     /* reused by each execution that runs no Lua; see engine_execute.h */
} la_engine_box;

typedef struct la_connection_box {
  la_box box;            /* object: la_connection */
  bool commits_on_close; /* of engine:begin() */
  bool guarded; /* inside the function form of begin(): LA_CONNECTION_GUARD is its transaction */
  bool shared;  /* of a session: begins and ends are the session's */
} la_connection_box;

/* Parts of la_open_engine. */
void la_open_engine_event(lua_State *L);
void la_open_engine_extend(lua_State *L, la_state *state);
void la_open_engine_pool(lua_State *L);
la_engine *la_check_engine(lua_State *L, int index);
la_connection *la_check_connection(lua_State *L, int index);
/* The engine's box; raises if it was collected. */
void la_push_engine(lua_State *L, la_state *state, la_engine *engine);
/* Pushes a box of `connection` (retained), the one known for it or a new one. */
void la_push_connection(lua_State *L, la_state *state, la_connection *connection);
/* The connection at `connection` gets the execution options of the engine at `engine`. */
void la_connection_take_options(lua_State *L, int engine, int connection);
/* The transaction objects of `connection` are over where a session has ended its transaction, or
 * the savepoints that they stand for. */
void la_connection_settle(lua_State *L, la_state *state, la_connection *connection);
/* Raises if the connection at `index` is inside the function form of begin() whose transaction has
 * ended. */
void la_connection_check_guard(lua_State *L, int index);
/* Makes the thread on which the database, and whoever sends statements inside the core, call the
 * program. */
void la_make_callbacks(lua_State *L, la_state *state);
/* Listeners are told of what the core sends by `engine`. */
void la_tell_sendings(la_state *state, la_engine *engine);
/* The parameters of the last statement as a list of Lua values: for messages, logs and events. */
void la_push_param_list(lua_State *L, la_state *state, const la_value *values, size_t count);
/* Raises for a failed statement, with the engine's settings. `params_index` 0: none. */
int la_raise_execution(lua_State *L, const la_engine *engine, const la_error *err,
                       la_text statement, int params_index, bool many);

/* Pushes the error object instead of raising it. */
void la_push_execution_error(lua_State *L, const la_engine *engine, const la_error *err,
                             la_text statement, int params_index, bool many);

#pragma GCC visibility pop

#endif
