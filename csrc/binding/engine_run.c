/* SPDX-License-Identifier: MIT */
/*
 * Connection:execute, scalar, scalars, exec_driver_sql.
 */
#include "binding/check.h"
#include "binding/engine_execute.h"
#include "binding/host.h"
#include "binding/push.h"
#include "orm/load.h"
#include "sql/select.h"

enum {
  CONNECTION = 1,
  STATEMENT = 2,
  PARAMS = 3,
  OPTIONS = 4,
  ENGINE = 5,
  ITERATOR = 6, /* the function that gives the parameters; nil without */
  RESULT = 7
};

static void start(lua_State *L, la_execution *x) {
  la_state *state = la_state_of(L);
  *x = (la_execution){.L = L, .state = state, .sets = 1};
  x->connection = la_check_connection(L, CONNECTION);
  la_connection_check_guard(L, CONNECTION);
  lua_settop(L, OPTIONS);
  lua_getiuservalue(L, CONNECTION, LA_CONNECTION_ENGINE);
  lua_pushnil(L);
  x->engine_box = lua_touserdata(L, ENGINE);
  x->engine = x->connection->engine;
  x->connection_index = CONNECTION;
  x->statement_index = STATEMENT;
  x->params_index = PARAMS;
  x->options_index = OPTIONS;
  x->engine_index = ENGINE;
  x->result_index = RESULT;
}

/* ---- what is executed ---- */

static int raise_not_executable(lua_State *L) {
  if (lua_type(L, STATEMENT) == LUA_TSTRING) {
    return la_raise_status(L, LA_OBJECT_NOT_EXECUTABLE,
                           "Not an executable object: \"%.60s\" (SQL text is written la.text "
                           "\"...\", or sent by exec_driver_sql)",
                           lua_tostring(L, STATEMENT));
  }
  return la_raise_status(L, LA_OBJECT_NOT_EXECUTABLE, "Not an executable object: %s",
                         luaL_tolstring(L, STATEMENT, NULL));
}

static void replace_statement(lua_State *L, la_state *state, la_node *node) {
  la_push_node(L, state, node, STATEMENT, STATEMENT);
  lua_replace(L, STATEMENT);
}

/* The statement as a Core statement: an expression is selected, ORM statements are translated. */
static const la_node *check_statement(lua_State *L, la_execution *x) {
  la_node *node = la_to_node(L, STATEMENT);
  if (node == NULL || (!la_node_is_statement(node) && !la_node_is_expr(node))) {
    raise_not_executable(L);
    return NULL;
  }
  if (!la_node_is_statement(node)) {
    replace_statement(L, x->state, la_select_new(&x->state->sql, &node, 1));
    node = la_to_node(L, STATEMENT);
  }
  if (node->flags & LA_NODE_HAS_ORM) {
    la_node *core = NULL;
    la_error err = LA_ERROR_INIT;
    if (la_orm_translate(&x->state->sql, node, &core, &err) < 0) {
      la_raise(L, &err);
    }
    replace_statement(L, x->state, core);
    node = la_to_node(L, STATEMENT);
  }
  return node;
}

/* ---- options ---- */

la_text la_read_schemas(lua_State *L, la_state *state) {
  la_text schemas = LA_TEXT_NONE;
  la_push_hook(L, state, "schema_translation");
  lua_insert(L, -2);
  lua_call(L, 1, 1);
  schemas.bytes = lua_tolstring(L, -1, &schemas.len);
  return schemas;
}

/* True, and pushed, if the call or the statement has the execution option `name`. */
static bool push_own_option(la_execution *x, const la_node *options, const char *name) {
  lua_State *L = x->L;
  if (lua_istable(L, OPTIONS)) {
    if (lua_getfield(L, OPTIONS, "execution_options") == LUA_TTABLE &&
        lua_getfield(L, -1, name) != LUA_TNIL) {
      lua_remove(L, -2);
      return true;
    }
    lua_settop(L, RESULT);
  }
  for (const la_node *chain = options; chain != NULL; chain = chain->children[0]) {
    for (uint32_t i = chain->count; i > 1; i--) {
      const la_node *option = chain->children[i - 1];
      if (option != NULL && la_text_is(option->text, name)) {
        la_push_value(L, x->state, &option->value);
        return true;
      }
    }
  }
  return false;
}

/* Pushes the execution option `name`: of the call, of the statement, of the connection; nil if none
 * has it. */
static void push_option(la_execution *x, const la_node *options, const char *name) {
  lua_State *L = x->L;
  if (!push_own_option(x, options, name) &&
      lua_getiuservalue(L, CONNECTION, LA_CONNECTION_OPTIONS) == LUA_TTABLE) {
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
  }
}

/* Leaves the text of `schema_translate`, if there is one, on the stack. */
static void read_options(la_execution *x, const la_node *statement) {
  lua_State *L = x->L;
  int part = statement ? la_statement_execution_part(statement) : -1;
  const la_node *options = part >= 0 ? la_node_child(statement, (uint32_t)part) : NULL;
  bool any = lua_istable(L, OPTIONS) || options != NULL;
  x->schema_translate = x->connection->schemas;
  if (!any) {
    any = lua_getiuservalue(L, CONNECTION, LA_CONNECTION_OPTIONS) == LUA_TTABLE;
    lua_pop(L, 1);
  }
  if (!any) {
    return;
  }
  push_option(x, options, "yield_per");
  if (lua_isinteger(L, -1) && lua_tointeger(L, -1) > 0) {
    x->yield_per = (uint32_t)lua_tointeger(L, -1);
  }
  push_option(x, options, "stream_results");
  x->streams = x->yield_per > 0 || lua_toboolean(L, -1);
  lua_settop(L, RESULT);
  if (push_own_option(x, options, "schema_translate_map")) {
    x->schema_translate = la_read_schemas(L, x->state);
  }
}

/* ---- execute ---- */

/* Pushes the parameters as listeners get them: a list of sets where there are several, and one set.
 */
static void push_told_params(la_execution *x) {
  lua_State *L = x->L;
  size_t sets = lua_istable(L, PARAMS) ? lua_rawlen(L, PARAMS) : 0;
  if (sets > 1) {
    lua_pushvalue(L, PARAMS);
    lua_newtable(L);
    return;
  }
  la_push_list(L, x->state, 0);
  if (sets == 1) {
    lua_rawgeti(L, PARAMS, 1);
  } else if (lua_isnil(L, PARAMS)) {
    lua_newtable(L);
  } else {
    lua_pushvalue(L, PARAMS);
  }
}

/* Pushes the execution options of the connection, the statement and the call, in one table. */
static void push_all_options(la_execution *x) {
  lua_State *L = x->L;
  la_push_hook(L, x->state, "execution_options_of");
  lua_pushvalue(L, CONNECTION);
  lua_pushvalue(L, STATEMENT);
  lua_pushvalue(L, OPTIONS);
  lua_call(L, 3, 1);
}

static void fire_before_execute(la_execution *x) {
  lua_State *L = x->L;
  if (la_engine_hears(L, x->state, CONNECTION, LA_EVENT_BEFORE_EXECUTE)) {
    lua_pushvalue(L, CONNECTION);
    lua_pushvalue(L, STATEMENT);
    push_told_params(x);
    push_all_options(x);
    la_event_fire(L, x->state, LA_EVENT_BEFORE_EXECUTE, CONNECTION, 5);
    lua_pushvalue(L, -4);
    lua_replace(L, STATEMENT);
    bool list = lua_istable(L, -3) && lua_rawlen(L, -3) > 0;
    lua_pushvalue(L, list ? -3 : -2);
    lua_replace(L, PARAMS);
    lua_settop(L, ITERATOR);
  }
}

static void fire_after_execute(la_execution *x) {
  lua_State *L = x->L;
  if (la_engine_hears(L, x->state, CONNECTION, LA_EVENT_AFTER_EXECUTE)) {
    lua_pushvalue(L, CONNECTION);
    lua_pushvalue(L, STATEMENT);
    push_told_params(x);
    push_all_options(x);
    lua_pushvalue(L, RESULT);
    la_event_fire(L, x->state, LA_EVENT_AFTER_EXECUTE, CONNECTION, 6);
    lua_settop(L, RESULT);
  }
}

/* The result of a statement without any set of parameters: nothing is sent. */
static la_result *push_empty_result(la_execution *x) {
  check_statement(x->L, x);
  la_result *result = la_push_result_box(x->L, x->state);
  result->rowcount = 0;
  return result;
}

/* Leaves the result on the stack. */
static la_result *execute(lua_State *L, size_t limit) {
  la_execution x;
  start(L, &x);
  if (lua_isfunction(L, PARAMS) && !la_execution_start_sets(&x, ITERATOR)) {
    return push_empty_result(&x);
  }
  fire_before_execute(&x);
  const la_node *statement = check_statement(L, &x);
  if (!x.iterator_index) {
    la_execution_read_params(&x, PARAMS);
  }
  x.limit = limit;
  x.result = la_push_result_box(L, x.state);
  read_options(&x, statement);
  la_execution_compile(&x, statement);
  lua_settop(L, RESULT);
  la_execution_run(&x);
  lua_settop(L, RESULT);
  x.result->yield_per = x.yield_per;
  fire_after_execute(&x);
  return x.result;
}

/* True, and the call made, for things that execute themselves: their metafield __execute(thing,
 * connection, params, options). */
static bool executes_itself(lua_State *L) {
  if (la_to_node(L, STATEMENT) != NULL || !luaL_getmetafield(L, STATEMENT, "__execute")) {
    return false;
  }
  lua_settop(L, OPTIONS + 1);
  lua_pushvalue(L, STATEMENT);
  lua_pushvalue(L, CONNECTION);
  lua_pushvalue(L, PARAMS);
  lua_pushvalue(L, OPTIONS);
  lua_call(L, 4, 1);
  return true;
}

static void check_arguments(lua_State *L) {
  la_check_connection(L, CONNECTION);
  la_check_count(L, 2, "execute");
  if (lua_gettop(L) < OPTIONS) {
    lua_settop(L, OPTIONS);
  }
  if (!lua_isnil(L, OPTIONS) && !lua_istable(L, OPTIONS)) {
    la_raise_argument(L, OPTIONS, "table of options");
  }
  if (lua_istable(L, OPTIONS)) {
    la_push_hook(L, la_state_of(L), "check_execute_options");
    lua_pushvalue(L, OPTIONS);
    lua_call(L, 1, 0);
  }
}

int la_connection_execute(lua_State *L) {
  check_arguments(L);
  if (!executes_itself(L)) {
    execute(L, 0);
  }
  return 1;
}

int la_connection_scalar(lua_State *L) {
  check_arguments(L);
  if (executes_itself(L)) {
    lua_getfield(L, -1, "scalar");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    return 1;
  }
  la_result *result = execute(L, 1);
  if (!result->returns_rows) {
    return la_raise_status(
        L, LA_RESOURCE_CLOSED,
        "This result object does not return rows. It has been closed automatically.");
  }
  la_packed_row *row = result->streams || la_rows_left(&result->rows) == 0
                           ? NULL
                           : result->rows.rows.items[result->rows.next];
  if (row != NULL) {
    la_push_row_value(L, la_state_of(L), &((la_row_shape *)result->box.object)->columns[0], row);
  } else {
    lua_getfield(L, RESULT, "scalar");
    lua_pushvalue(L, RESULT);
    lua_call(L, 1, 1);
  }
  la_result_close(result, true);
  return 1;
}

int la_connection_scalars(lua_State *L) {
  la_connection_execute(L);
  lua_getfield(L, -1, "scalars");
  lua_insert(L, -2);
  lua_call(L, 1, 1);
  return 1;
}

/* ---- exec_driver_sql ---- */

/* The map at `index` as a list in the order of the statement's `:names`, pushed. */
static void push_in_order(la_execution *x, la_text text, int index) {
  lua_State *L = x->L;
  la_raw *raw = x->connection->raw;
  la_prepared *prepared = NULL;
  la_error err = LA_ERROR_INIT;
  luaL_checkstack(L, 8, NULL);
  la_push_list(L, x->state, 0);
  int list = lua_gettop(L);
  lua_pushnil(L);
  if (la_raw_prepare(raw, text, &prepared, &err) < 0) {
    la_raise_execution(L, x->engine, &err, text, index, false);
  }
  uint32_t count = prepared->param_count;
  la_raw_give(raw, prepared);
  lua_settop(L, list);
  for (uint32_t place = 1; place <= count; place++) {
    la_push_null(L);
    lua_rawseti(L, list, place);
  }
  uint32_t filled = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING && la_raw_prepare(raw, text, &prepared, &err) == LA_OK) {
      la_text name;
      name.bytes = lua_tolstring(L, -2, &name.len);
      uint32_t place = raw->driver->param_index(prepared->statement, name);
      la_raw_give(raw, prepared);
      if (place > 0) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, list, place);
        filled++;
      }
    }
  }
  if (filled < count) {
    la_fail(&err, LA_PROGRAMMING,
            "You did not supply a value for every binding parameter: the statement has %u, %u were "
            "given.",
            count, filled);
    la_raise_execution(L, x->engine, &err, text, index, false);
  }
}

/* A sequence of values is one set, a sequence of sequences or maps is many. */
static void read_sequences(la_execution *x) {
  lua_State *L = x->L;
  if (!lua_isnil(L, PARAMS) && !lua_istable(L, PARAMS)) {
    la_raise_argument(L, PARAMS, "parameters (a sequence, a map, or a list of them)");
  }
  if (lua_istable(L, PARAMS) && lua_rawlen(L, PARAMS) > 0) {
    x->many = lua_rawgeti(L, PARAMS, 1) == LUA_TTABLE && !luaL_getmetafield(L, -1, "__name");
    lua_settop(L, RESULT);
    x->kind = LA_PARAMS_LIST;
    x->sets = x->many ? (lua_Integer)lua_rawlen(L, PARAMS) : 1;
  }
}

static bool is_map(lua_State *L, int index) {
  return lua_rawlen(L, index) == 0;
}

/* Pushes the parameters as a list, or a list of lists. */
static void push_sequences(la_execution *x, la_text text) {
  lua_State *L = x->L;
  if (lua_isnil(L, PARAMS)) {
    la_push_list(L, x->state, 0);
  } else if (!x->many) {
    if (is_map(L, PARAMS)) {
      push_in_order(x, text, PARAMS);
    } else {
      lua_pushvalue(L, PARAMS);
    }
  } else {
    la_push_list(L, x->state, (int)x->sets);
    int all = lua_gettop(L);
    for (lua_Integer set = 1; set <= x->sets; set++) {
      if (lua_rawgeti(L, PARAMS, set) != LUA_TTABLE) {
        la_raise_status(L, LA_ARGUMENT,
                        "parameter set %d is a %s; a list of sequences or maps is expected",
                        (int)set, luaL_typename(L, -1));
      }
      if (is_map(L, all + 1)) {
        push_in_order(x, text, all + 1);
      } else {
        lua_pushvalue(L, all + 1);
      }
      lua_rawseti(L, all, set);
      lua_settop(L, all);
    }
  }
}

static int send_text(lua_State *L, bool no_key) {
  la_execution x;
  la_check_count(L, 2, "exec_driver_sql");
  check_arguments(L);
  la_text text = la_check_text(L, STATEMENT);
  start(L, &x);
  x.no_key = no_key;
  x.result = la_push_result_box(L, x.state);
  read_sequences(&x);
  read_options(&x, NULL);
  lua_settop(L, RESULT);
  la_execution_begin(&x);
  x.made = la_push_made(L, x.state, &x);
  lua_pushvalue(L, STATEMENT);
  int statement = lua_gettop(L);
  push_sequences(&x, text);
  la_execution_send(&x, statement, statement + 1);
  lua_settop(L, RESULT);
  return 1;
}

int la_connection_exec_driver_sql(lua_State *L) {
  return send_text(L, false);
}

int la_connection_exec_ddl(lua_State *L) {
  return send_text(L, true);
}
