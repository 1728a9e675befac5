/* SPDX-License-Identifier: MIT */
/*
 * Running ORM selects from Lua.
 */
#ifndef LA_BINDING_ORM_LOAD_H
#define LA_BINDING_ORM_LOAD_H

#include "binding/orm.h"
#include "binding/process.h"
#include "binding/result.h"

#pragma GCC visibility push(hidden)

/* The longest primary key that get() takes. */
#define LA_KEY_LIMIT 32

typedef struct la_select_run {
  bool autoflush;
  bool legacy; /* session:query: joined collections are made unique by themselves */
  bool unique;
  bool populate_existing;
  bool has_token; /* the execution options say which identity token the rows have */
  bool described; /* what from_statement() gave has its columns' names */
  size_t limit;   /* rows to read at most; 0: all */
  la_param_lookup lookup;
  void *lookup_context;
  struct la_dml *dml; /* as in la_load */
  la_load *into;      /* NULL: a scratch is pushed */
  int holder;         /* with `into`: stack index of the scratch that it lies in */
  la_cursor *cursor;  /* not NULL: the rows are a stream of this cursor, opened but not read */
} la_select_run;

/* Runs `statement` in the session at `session_index`, eager loads done and links applied; leaves a
 * scratch with the load on the stack unless `how->into` is given. */
la_load *la_run_select(lua_State *L, la_state *state, int session_index, const la_node *statement,
                       const la_select_run *how);
/* Pushes one part of a packed row that `engine` has given. */
void la_push_row_part(lua_State *L, la_state *state, const la_engine *engine,
                      const la_row_part *part, const la_value *value);
/* Leaves at `index`, where the list of names is that refresh or expire was given, one of mapped
 * properties: composites stand for their columns. */
void la_expand_names(lua_State *L, la_state *state, const la_mapper *mapper, int index);
/* Appends {source column, destination column} for each pair to the list on top of the stack. */
void la_append_pairs(lua_State *L, la_state *state, const la_sync_pair *pairs, uint32_t count);
/* Configures the registry of `mapper`, whose relationships are not resolved yet. */
void la_configure(lua_State *L, la_state *state, const la_mapper *mapper);
/* The same for the first class of `statement` that needs it. */
void la_configure_statement(lua_State *L, la_state *state, const la_node *statement);

/* sql_convert.c. Whether Lua has a say in the parameter's value; a copy with what Lua makes of it,
 * a new reference. */
bool la_param_needs_lua(const la_node *param);
la_node *la_convert_param(lua_State *L, la_state *state, const la_engine *engine,
                          const la_node *param);
/* Pushes `statement` with every such parameter converted, and lends it. */
la_node *la_push_converted(lua_State *L, la_state *state, const la_engine *engine,
                           la_node *statement);
/* orm_params.c. Whether defaults of the statement are Lua functions; what they give, on the stack,
 * for the lookup below. `params` are the statement's, NULL: the functions do not see them. */
typedef struct la_made_defaults la_made_defaults;
bool la_has_defaults(const la_compiled *compiled);
la_made_defaults *la_push_defaults(lua_State *L, la_state *state, la_session *session,
                                   const la_compiled *compiled, const la_node *const *params,
                                   uint32_t count);
la_status la_defaults_lookup(void *context, uint32_t number, const la_compiled_param *param,
                             la_value *out, bool *found_out, la_error *err);

/* What a statement's execution options ask for. */
la_select_run la_run_options(const la_node *statement);
/* The CHAIN of the statement's execution options; NULL without any. */
static inline const la_node *la_execution_options(const la_node *statement) {
  int part = statement->kind == LA_NODE_SELECT ? (int)LA_SELECT_EXECUTION
                                               : la_statement_execution_part(statement);
  return part < 0 ? NULL : la_node_child(statement, (uint32_t)part);
}
const la_value *la_find_execution_option(const la_node *options, const char *name);
/* The value of an execution option; NULL if it is not set. */
static inline const la_value *la_execution_option(const la_node *statement, const char *name) {
  const la_node *options = la_execution_options(statement);
  return options ? la_find_execution_option(options, name) : NULL;
}
/* Pushes a scratch with a new shape of the rows of `statement`'s plan; its user value is the
 * function that la_fold_row calls, nil where the plan has no bundles. */
la_row_shape **la_push_shape(lua_State *L, la_state *state, const la_load_plan *plan,
                             const la_node *statement);
/* The function and `count` values of parts on top of the stack become the `width` values of a row,
 * or only that of `column` if it is not -1. */
void la_fold_row(lua_State *L, int count, int column, int width);
/* Whether rows are one bundle with single_entity, which a Query gives without a row around it. */
bool la_plan_is_one_bundle(const la_load_plan *plan);
/* Whether rows of the plan are values that Lua has no say in: those stay packed. */
bool la_rows_are_plain(const la_load_plan *plan);
/* Pushes a Result of `statement`, streamed in parts of `part` rows if that is not 0. */
void la_push_orm_result(lua_State *L, la_state *state, int session_index, const la_node *statement,
                        const la_select_run *how, size_t part);
bool la_plan_is_single(const la_load_plan *plan);
/* The same for the rows that are a Result's data. */
bool la_rows_are_single(lua_State *L, int index);
/* Clears a scratch that holds one counted object. */
void la_clear_reference(void *memory);

/* Methods of sessions that stand in files of their own: get() and refresh(), put into the table on
 * top of the stack; the others. */
void la_register_session_loads(lua_State *L, la_state *state);
extern const luaL_Reg la_session_result_methods[];
extern const luaL_Reg la_session_transaction_methods[];
extern const luaL_Reg la_session_query_methods[];

/* Parts of la_open_orm. */
void la_open_orm_class(lua_State *L, la_state *state);
void la_open_orm_object(lua_State *L, la_state *state);
void la_open_orm_collection(lua_State *L, la_state *state);
void la_open_orm_view(lua_State *L, la_state *state);
void la_open_orm_session(lua_State *L, la_state *state);
void la_open_orm_transaction(lua_State *L, la_state *state);
void la_open_orm_configure(lua_State *L, la_state *state);
void la_open_orm_bundle(lua_State *L, la_state *state);
void la_open_orm_option(lua_State *L, la_state *state);
void la_open_orm_unloaded(lua_State *L, la_state *state);
void la_open_orm_construct(lua_State *L, la_state *state);
void la_open_orm_query(lua_State *L, la_state *state);
void la_open_orm_dml(lua_State *L, la_state *state);
void la_open_orm_inspect(lua_State *L, la_state *state);
void la_open_orm_attribute(lua_State *L, la_state *state);
void la_open_orm_event(lua_State *L, la_state *state);
void la_open_orm_statement(lua_State *L, la_state *state);
void la_open_orm_result(lua_State *L, la_state *state);

#pragma GCC visibility pop

#endif
