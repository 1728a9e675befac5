/* SPDX-License-Identifier: MIT */
/*
 * One execution of a statement: what the files of execution share.
 *
 * Two ways. Where no Lua function has a say (no type of Lua's, no default that is a function, no
 * listener, no log), values go from the parameter tables to the database without leaving C, in the
 * engine box's own la_params: between filling them and closing the cursor nothing is allocated in
 * Lua, so nothing else can run. Otherwise each row's values are made first, with Lua calls, in a
 * scratch of this execution.
 */
#ifndef LA_BINDING_ENGINE_EXECUTE_H
#define LA_BINDING_ENGINE_EXECUTE_H

#include "binding/engine.h"
#include "binding/event.h"
#include "binding/result.h"

#pragma GCC visibility push(hidden)

typedef enum la_params_kind { LA_PARAMS_NONE, LA_PARAMS_MAP, LA_PARAMS_LIST } la_params_kind;

/* Values made ahead by Lua calls; lies in a scratch. */
typedef struct la_made {
  la_params params;
  la_arena arena;
  const la_node *
      *nodes; /* the statement's PARAMs, copied: the engine's key serves whoever compiles next */
  uint32_t node_count;
  la_value *values;
  const la_value **items; /* of expanding parameters */
  uint32_t *item_counts;
  bool *found;
} la_made;

typedef struct la_execution {
  lua_State *L;
  la_state *state;
  la_engine *engine;
  la_engine_box *engine_box;
  la_connection *connection;
  int connection_index, engine_index, statement_index, params_index, options_index, result_index;
  la_params_kind kind;
  lua_Integer sets;      /* how many sets of parameters: 1 without a list */
  bool many;             /* a list of sets, or a function that gives them: what listeners, logs and
                            errors see is a list of lists */
  int iterator_index;    /* of the function that gives the sets; 0 without. The set at hand is at
                            params_index, a map */
  lua_Integer drawn;     /* how many it has given */
  la_compiled *compiled; /* held by the result's box; NULL for exec_driver_sql */
  la_result *result;
  uint32_t round; /* of the engine's key when it was compiled: another one means that its parameters
                     are another's */
  uint32_t node_count; /* how many PARAMs the statement has */
  int names_index;     /* stack index of the first parameter's name; the others follow */
  uint32_t yield_per;
  bool streams;
  la_text schema_translate; /* of its options: on the stack, then of what is compiled */
  size_t limit;             /* rows to read; 0: all */
  /* for the lookup */
  la_params *params;
  int map_index;     /* 0: none */
  la_made *made;     /* of the second way, and of sets that a function gives */
  int context_index; /* of what listeners are given as the execution's context, nil or there */
  bool no_key;       /* the text was made by the library: DDL */
  bool list_counts;  /* listeners had the list of parameters in hand */
} la_execution;

/* Finds out what the parameters are; a RowMapping becomes a map, an empty table none. Raises. */
void la_execution_read_params(la_execution *x, int index);
/* True for a map; a Row or RowMapping at `index` becomes one. */
bool la_execution_is_set(lua_State *L, int index);
/* Parameters that are a function: it moves to `function`, and the first set that it gives takes its
 * place. False if it gives none. */
bool la_execution_start_sets(la_execution *x, int function);
/* Takes the next set from the function; false if there is none. */
bool la_execution_draw(la_execution *x);
/* A list of copies takes the place of the set at hand and all that follow. */
void la_execution_collect(la_execution *x);
/* core.parameter_sets(function) → a list of copies of the sets that it gives. */
int la_parameter_sets(lua_State *L);
/* Compiles for the parameters at hand; the compiled statement goes to the result's box. */
void la_execution_compile(la_execution *x, const la_node *statement);
/* Pushes the names of the parameters. */
void la_execution_push_names(la_execution *x);
/* True if Lua has a say in some parameter. */
bool la_execution_needs_lua(const la_compiled *compiled);
/* Fills `params` for set number `set` (from 1). No Lua allocation, nothing raised. */
la_status la_execution_fill(la_execution *x, lua_Integer set, const la_node *const *nodes,
                            uint32_t node_count, la_text *text_out, la_error *err);
/* Pushes a scratch for the second way, with the parameters of the engine's key. */
la_made *la_push_made(lua_State *L, la_state *state, const la_execution *x);
/* Copies the parameters of the engine's key once more. */
void la_made_take_nodes(la_execution *x);
/* Makes the values of set number `set` by Lua calls, and fills the scratch's params. Failures are
 * returned; Lua's own errors raise. */
la_status la_execution_make(la_execution *x, lua_Integer set, la_text *text_out, la_error *err);
/* The Lua value at `index` as the database takes it, without a type. */
la_status la_execution_read_plain(la_execution *x, int index, la_value *out, la_error *err);
/* Sends BEGIN if nothing is begun, and tells listeners and the log. */
void la_execution_begin(la_execution *x);
/* The same for the connection at `index`. */
void la_connection_begin_told(lua_State *L, la_state *state, int index);
/* Listeners of the connection at `index` hear that a savepoint is set, released or rolled back to.
 */
void la_connection_tell_savepoint(lua_State *L, la_state *state, int index, la_event event,
                                  uint32_t number);
/* Listeners and the log are told of the statement, before or after it is sent: "SAVEPOINT
 * sa_savepoint_1". */
void la_connection_tell_sent(lua_State *L, la_state *state, int index, const char *what,
                             uint32_t number, bool before);
/* The option schema_translate_map on top of the stack as the core takes it; what replaces it there
 * keeps the bytes. */
la_text la_read_schemas(lua_State *L, la_state *state);
/* Runs the statement and leaves the Result on the stack. */
void la_execution_run(la_execution *x);
/* The second way. */
void la_execution_run_by_lua(la_execution *x);
/* The rest of the second way: sends the text at stack index `text` with the parameters at `list` (a
 * list, or a list of lists), telling listeners and the log. */
void la_execution_send(la_execution *x, int text, int list);
/* Opens or rebinds the result's cursor and steps it, reading rows; keeps counts. */
la_status la_execution_step(la_execution *x, la_text text, const la_value *values, uint32_t count,
                            lua_Integer set, la_error *err);
/* Sends some of `sets` sets, of which the values lie one behind the other, many by one statement
 * where that is the same; `*sent_out`: the number of the first that it has sent, the others go one
 * by one. A failure is one that has ended the transaction. */
la_status la_execution_send_together(la_execution *x, const la_value *values, lua_Integer sets,
                                     lua_Integer *sent_out, la_error *err);
/* Gives the result its shape from the open cursor. */
la_status la_execution_shape(la_execution *x, la_error *err);
/* Keeps the primary key of an inserted row for inserted_primary_key. */
void la_execution_keep_key(la_execution *x, const la_params *params);
/* Calls the log of the engine, of which or of a connection of which the box is at `source_index`,
 * with a statement, its parameters at `params_index`, how long it took and where it comes from;
 * `many` has the parameters be a list of lists. */
void la_engine_log(lua_State *L, la_state *state, int source_index, const char *text,
                   int params_index, double seconds, la_origin origin, bool many);
/* … with BEGIN, COMMIT and the like. */
void la_engine_log_transaction(lua_State *L, la_state *state, int source_index, const char *text);
/* Places in a record of a trace. */
enum la_record {
  LA_RECORD_KIND = 1, /* la_trace_kind */
  LA_RECORD_TEXT,
  LA_RECORD_VALUES, /* a list, or a list of lists */
  LA_RECORD_SECONDS,
  LA_RECORD_SILENT, /* listeners of cursors do not hear of it, or have heard */
  LA_RECORD_MANY,
  LA_RECORD_ORIGIN,
  LA_RECORD_AGE
};
/* Pushes a list with the records of the trace, which is emptied and off. */
void la_push_records(lua_State *L, la_state *state, la_trace *trace);
/* Calls the log with a record, the parts of which lie behind stack index `record`. */
void la_log_record(lua_State *L, la_state *state, int source, int record);
/* … with the rows that have come back since, where the engine's echo is "debug". */
void la_engine_log_rows(lua_State *L, la_state *state, la_engine *engine, int source);
/* True if `event` (of an engine, a pool or a dialect), happening on the connection or engine at
 * `index`, reaches a listener: another engine's are no reason to tell of anything. */
bool la_engine_hears(lua_State *L, la_state *state, int index, la_event event);
/* What is told of a statement that is sent: stack indexes of the connection (or engine), the text,
 * the parameters, the context, the statement that the program executed and the options of that call
 * (0: none). */
typedef struct la_told {
  int source, text, list, context, statement, options;
  double seconds; /* how long it took, if that is known; else < 0 */
  bool many;
} la_told;
/* Fires before_cursor_execute or after_cursor_execute. Listeners may replace the text and the
 * parameters of the first, at their places. The context, nil at first, is made for whoever listens.
 * False if nobody does. */
bool la_fire_cursor(lua_State *L, la_state *state, la_event event, const la_told *told);
/* Pool listeners hear that the connection at `connection` was taken, its raw connection being new
 * or not … */
void la_engine_tell_checkout(lua_State *L, la_state *state, int engine, int connection);
/* Listeners of the engine hear that a program has the connection now. */
void la_engine_tell_connection(lua_State *L, la_state *state, int engine, int connection);
/* Takes another raw connection for one that was invalidated, and tells of it. Raises. */
void la_engine_reconnect(lua_State *L, la_state *state, int connection_index);
/* … and that it is given back. */
void la_engine_tell_checkin(lua_State *L, la_state *state, int connection);
/* … or given up, the exception or nil being on top of the stack; `soft`: once it is given back … */
void la_engine_tell_invalidate(lua_State *L, la_state *state, int connection, bool soft);
/* The record of the connection's raw connection, nil where nobody listens to "checkin" … */
void la_engine_push_record(lua_State *L, la_state *state, int connection);
/* … which, on top of the stack and popped, is told to be free once that connection is closed. */
void la_engine_tell_given_up(lua_State *L, la_state *state, int connection);
/* … or its user's own … */
void la_engine_tell_detach(lua_State *L, la_state *state, int connection);
/* … and which were closed since the last time. */
void la_engine_tell_closed(lua_State *L, la_state *state, int engine_index);
/* Raises the error object on top of the stack after handle_error listeners have seen it; `text` and
 * `list` are stack indexes of what was sent, 0 for none. */
int la_execution_raise(la_execution *x, int text, int list);
/* Stack indexes of what a failed statement was sent by and with; 0: none. */
typedef struct la_failed_sending {
  int source, text, list, context;
} la_failed_sending;
/* Raises the error object on top of the stack; listeners of handle_error hear of it, and may raise
 * another one. */
int la_raise_handled(lua_State *L, la_state *state, const la_failed_sending *at);

/* Methods of Connection. */
int la_connection_execute(lua_State *L);
int la_connection_scalar(lua_State *L);
int la_connection_scalars(lua_State *L);
int la_connection_exec_driver_sql(lua_State *L);
/* core.connection_exec_ddl(connection, text): the same for a text that the library has made. */
int la_connection_exec_ddl(lua_State *L);

#pragma GCC visibility pop

#endif
