/* SPDX-License-Identifier: MIT */
/*
 * Engines: opening, asking, disposing. Which options there are is lualchemy.engine's business; they
 * come here checked.
 */
#include "binding/engine.h"

#include "binding/check.h"
#include "binding/engine_execute.h"
#include "binding/open.h"
#include "binding/push.h"

/* ---- boxes ---- */

la_engine *la_check_engine(lua_State *L, int index) {
  la_box *box = la_check_box(L, index, LA_BOX_ENGINE);
  if (box->object == NULL) {
    la_raise_status(L, LA_RESOURCE_CLOSED, "This Engine is closed");
  }
  return box->object;
}

void la_push_engine(lua_State *L, la_state *state, la_engine *engine) {
  if (!la_push_known(L, state, engine)) {
    la_raise_status(L, LA_INVALID_REQUEST, "the Engine object has been collected");
  }
}

static int engine_gc(lua_State *L) {
  la_engine_box *box = (la_engine_box *)la_to_box(L, 1);
  if (box != NULL) {
    la_params_clear(&box->params);
    box->params = (la_params){0};
  }
  return la_box_release(L);
}

/* Pushes an engine's box without an engine, with the settings at `settings`. */
static la_engine_box *push_empty(lua_State *L, la_state *state, int settings) {
  la_engine_box *box = la_push_box(L, state, LA_BOX_ENGINE, sizeof *box, LA_ENGINE_DIALECT);
  la_params_init(&box->params, &state->alloc);
  lua_pushvalue(L, settings);
  lua_setiuservalue(L, -2, LA_ENGINE_SETTINGS);
  lua_getfield(L, settings, "dialect");
  lua_setiuservalue(L, -2, LA_ENGINE_DIALECT);
  return box;
}

/* What echo at `index` says: nothing, statements, or with "debug" their rows as well. */
static void set_echo(lua_State *L, la_engine_box *box, la_engine *engine, int index) {
  box->echo = engine->trace.echo = lua_toboolean(L, index);
  engine->trace.shows_rows = lua_type(L, index) == LUA_TSTRING;
}

/* ---- options ---- */

static bool option(lua_State *L, const char *name) {
  return lua_getfield(L, 2, name) != LUA_TNIL;
}

static la_text option_text(lua_State *L, const char *name) {
  la_text text = LA_TEXT_NONE;
  if (option(L, name)) {
    text = la_check_text(L, lua_gettop(L));
  }
  return text; /* stays on the stack */
}

static void option_bool(lua_State *L, const char *name, bool *out) {
  if (option(L, name)) {
    *out = lua_toboolean(L, -1);
  }
  lua_pop(L, 1);
}

static void option_number(lua_State *L, const char *name, double *out) {
  if (option(L, name)) {
    *out = luaL_checknumber(L, -1);
  }
  lua_pop(L, 1);
}

static int option_choice(lua_State *L, const char *name, const char *const *choices,
                         int otherwise) {
  int choice = otherwise;
  if (option(L, name)) {
    choice = luaL_checkoption(L, lua_gettop(L), NULL, choices);
  }
  lua_pop(L, 1);
  return choice;
}

static void read_pool_options(lua_State *L, la_engine_options *options) {
  static const char *const kinds[] = {"QueuePool",           "StaticPool",    "NullPool",
                                      "SingletonThreadPool", "AssertionPool", NULL};
  static const char *const resets[] = {"rollback", "commit", "none", NULL};
  double size = options->pool_size, overflow = options->max_overflow;
  options->pool_kind = option_choice(L, "pool_kind", kinds, -1);
  options->pool_reset =
      (la_pool_reset)option_choice(L, "pool_reset_on_return", resets, LA_POOL_RESET_ROLLBACK);
  option_number(L, "pool_size", &size);
  option_number(L, "max_overflow", &overflow);
  option_number(L, "pool_timeout", &options->pool_timeout);
  option_number(L, "pool_recycle", &options->pool_recycle);
  option_bool(L, "pool_pre_ping", &options->pool_pre_ping);
  option_bool(L, "pool_use_lifo", &options->pool_lifo);
  options->pool_size = (int)size;
  options->max_overflow = (int)overflow;
}

/* core.engine_open(url, options, settings) → Engine. */
static int core_engine_open(lua_State *L) {
  static const char *const modes[] = {"DEFERRED", "IMMEDIATE", "EXCLUSIVE", "AUTOCOMMIT", NULL};
  la_state *state = la_state_of(L);
  la_engine_options options = LA_ENGINE_OPTIONS_INIT;
  la_engine *engine = NULL;
  la_error err = LA_ERROR_INIT;
  double timeout = (double)options.busy_timeout, cache = (double)options.query_cache_size,
         label_length = 0;
  options.url = la_check_text(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  option_bool(L, "foreign_keys", &options.foreign_keys);
  option_bool(L, "hide_parameters", &options.hide_parameters);
  option_bool(L, "enable_from_linting", &options.lint_froms);
  option_number(L, "busy_timeout", &timeout);
  option_number(L, "query_cache_size", &cache);
  option_number(L, "label_length", &label_length);
  options.busy_timeout = (int64_t)timeout;
  options.query_cache_size = (size_t)cache;
  options.label_length = (size_t)label_length;
  options.begin_mode = (la_begin_mode)option_choice(L, "begin_mode", modes, LA_BEGIN_DEFERRED);
  read_pool_options(L, &options);
  options.journal_mode = option_text(L, "journal_mode");
  if (lua_getfield(L, 2, "host_handle") == LUA_TLIGHTUSERDATA) {
    options.host_handle = lua_touserdata(L, -1);
  }
  la_engine_box *box = push_empty(L, state, 3);
  if (la_engine_new(&state->sql, &options, &engine, &err) < 0) {
    return la_raise(L, &err);
  }
  box->box.object = engine;
  la_tell_sendings(state, engine);
  lua_getfield(L, 3, "echo");
  set_echo(L, box, engine, -1);
  lua_pop(L, 1);
  la_know(L, state, engine);
  return 1;
}

/* core.engine_share(engine, settings) → another Engine object on the same pool. */
static int core_engine_share(lua_State *L) {
  la_engine *engine = la_check_engine(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  la_engine *shared = NULL;
  la_error err = LA_ERROR_INIT;
  la_engine_box *box = push_empty(L, la_state_of(L), 2);
  if (la_engine_share(engine, &shared, &err) < 0) {
    return la_raise(L, &err);
  }
  box->box.object = shared;
  la_tell_sendings(la_state_of(L), shared);
  lua_getfield(L, 2, "echo");
  set_echo(L, box, shared, -1);
  lua_pop(L, 1);
  la_know(L, la_state_of(L), shared);
  return 1;
}

/* ---- asking ---- */

static int engine_dispose(lua_State *L) {
  la_engine *engine = la_check_engine(L, 1);
  lua_settop(L, 1); /* its box holds the engine, whatever listeners do */
  la_engine_dispose(engine);
  engine->root->announced = false; /* the next connection is the first of a new pool */
  la_engine_tell_closed(L, la_state_of(L), 1);
  if (la_engine_hears(L, la_state_of(L), 1, LA_EVENT_ENGINE_DISPOSED)) {
    lua_pushvalue(L, 1);
    la_event_fire(L, la_state_of(L), LA_EVENT_ENGINE_DISPOSED, 1, 1);
  }
  return 0;
}

/* For a function of the module's that is called with no engine as self: names the one that the
 * program has called. */
static int raise_self(lua_State *L) {
  lua_Debug frame;
  char file[LUA_IDSIZE] = "";
  const char *name = "?";
  for (int level = 1; lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "nS", &frame);
    if (level > 1 && strcmp(frame.short_src, file) != 0) {
      break;
    }
    memcpy(file, frame.short_src, sizeof file);
    name = frame.name ? frame.name : name;
  }
  return la_raise_status(L, LA_ARGUMENT,
                         "calling '%s' on a bad self (lualchemy.Engine expected, got %s); is a dot "
                         "written for a colon?",
                         name, luaL_tolstring(L, 1, NULL));
}

/* core.engine_settings(engine) → the table that the engine was opened with. */
static int core_engine_settings(lua_State *L) {
  const la_box *box = la_to_box(L, 1);
  if (!(box && box->class == LA_BOX_ENGINE)) {
    return raise_self(L);
  }
  lua_getiuservalue(L, 1, LA_ENGINE_SETTINGS);
  return 1;
}

/* core.engine_echo(engine, echo) */
static int core_engine_echo(lua_State *L) {
  la_engine *engine = la_check_engine(L, 1);
  set_echo(L, lua_touserdata(L, 1), engine, 2);
  return 0;
}

/* core.engine_pool(engine) → kind, size, checked in, checked out, overflow. */
static int core_engine_pool(lua_State *L) {
  static const char *const kinds[] = {"QueuePool", "StaticPool", "NullPool", "SingletonThreadPool",
                                      "AssertionPool"};
  la_engine *engine = la_check_engine(L, 1);
  la_pool_status status;
  la_pool_get_status(engine, &status);
  lua_pushstring(L, kinds[la_pool_get_kind(engine->pool)]);
  lua_pushinteger(L, status.size);
  lua_pushinteger(L, status.checked_in);
  lua_pushinteger(L, status.checked_out);
  lua_pushinteger(L, status.overflow);
  return 5;
}

/* core.engine_counts(engine) → a table of counted work: statements sent and prepared, hits and
 * misses of the cache. */
static int core_engine_counts(lua_State *L) {
  const la_engine *engine = la_check_engine(L, 1);
  lua_createtable(L, 0, 5);
  lua_pushinteger(L, (lua_Integer)engine->statements);
  lua_setfield(L, -2, "statements");
  lua_pushinteger(L, (lua_Integer)engine->prepares);
  lua_setfield(L, -2, "prepares");
  lua_pushinteger(L, (lua_Integer)engine->root->cache.hits);
  lua_setfield(L, -2, "hits");
  lua_pushinteger(L, (lua_Integer)engine->root->cache.misses);
  lua_setfield(L, -2, "misses");
  lua_pushinteger(L, (lua_Integer)engine->root->cache.count);
  lua_setfield(L, -2, "cached");
  return 1;
}

static int engine_clear_compiled_cache(lua_State *L) {
  la_cache_clear(&la_check_engine(L, 1)->root->cache);
  return 0;
}

static void clear_url(void *memory) {
  la_url_clear(memory);
}

static void set_part(lua_State *L, const char *name, la_text part) {
  if (part.bytes != NULL) {
    la_push_text(L, part);
    lua_setfield(L, -2, name);
  }
}

/* core.url_parse(text) → a table of the parts; `query` is a sequence of {name, value}. */
static int core_url_parse(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text text = la_check_text(L, 1);
  la_error err = LA_ERROR_INIT;
  la_url *url = la_push_scratch(L, state, sizeof *url, clear_url);
  url->arena.alloc = &state->alloc;
  if (la_url_parse(url, &state->alloc, text, &err) < 0) {
    return la_raise(L, &err);
  }
  lua_createtable(L, 0, 8);
  set_part(L, "drivername", url->drivername);
  set_part(L, "username", url->username);
  set_part(L, "password", url->password);
  set_part(L, "host", url->host);
  set_part(L, "database", url->database);
  if (url->port >= 0) {
    lua_pushinteger(L, url->port);
    lua_setfield(L, -2, "port");
  }
  lua_createtable(L, (int)url->option_count, 0);
  for (uint32_t i = 0; i < url->option_count; i++) {
    lua_createtable(L, 2, 0);
    la_push_text(L, url->options[i].name);
    lua_rawseti(L, -2, 1);
    la_push_text(L, url->options[i].value);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "query");
  la_scratch_clear(L, -2);
  return 1;
}

/* Fields are those of the settings, but for names that begin with an underscore. */
static int engine_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL || lua_type(L, 2) != LUA_TSTRING) {
    return 1;
  }
  const char *name = lua_tostring(L, 2);
  lua_getiuservalue(L, 1, LA_ENGINE_SETTINGS);
  lua_pushvalue(L, 2);
  if (name[0] != '_' && lua_istable(L, -2) && lua_rawget(L, -2) != LUA_TNIL) {
    return 1;
  }
  la_push_hook(L, la_state_of(L), "engine_field");
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_call(L, 3, 1);
  return 1;
}

static int engine_newindex(lua_State *L) {
  la_push_hook(L, la_state_of(L), "engine_assign");
  lua_insert(L, 1);
  lua_call(L, 3, 0);
  return 0;
}

static int engine_tostring(lua_State *L) {
  la_check_box(L, 1, LA_BOX_ENGINE);
  lua_getiuservalue(L, 1, LA_ENGINE_SETTINGS);
  lua_getfield(L, -1, "url");
  lua_pushfstring(L, "Engine(%s)", luaL_tolstring(L, -1, NULL));
  return 1;
}

/* ---- what is said about statements ---- */

void la_push_param_list(lua_State *L, la_state *state, const la_value *values, size_t count) {
  la_push_list(L, state, (int)count);
  for (size_t i = 0; i < count; i++) {
    la_push_value_or_null(L, state, &values[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* SQLite's primary codes for a lock that another connection holds. */
enum { CODE_BUSY = 5, CODE_LOCKED = 6 };

/* A lock may be held by this program itself, where waiting never ends: then the message says so. */
static void tell_holders(const la_engine *engine, la_error *err) {
  la_pool_status pool;
  la_pool_get_status(engine, &pool);
  if (pool.checked_out > 1) {
    size_t len = strlen(err->message);
    snprintf(err->message + len, sizeof err->message - len,
             " (%d connections of this engine are in use in this program: a transaction of one of "
             "them may hold the lock; commit, "
             "roll back or close it)",
             pool.checked_out);
  }
}

void la_push_execution_error(lua_State *L, const la_engine *engine, const la_error *failed,
                             la_text statement, int params_index, bool many) {
  la_error told, *err = &told;
  told = *failed;
  if (engine->driver == &la_driver_sqlite3 &&
      (err->driver_code == CODE_BUSY || err->driver_code == CODE_LOCKED)) {
    tell_holders(engine, err);
  }
  la_failure failure = {.statement = statement,
                        .dialect = engine->dialect->name,
                        .params_index = params_index,
                        .executemany = many,
                        .hide_parameters = engine->options.hide_parameters};
  la_push_failure(L, err, &failure);
}

int la_raise_execution(lua_State *L, const la_engine *engine, const la_error *failed,
                       la_text statement, int params_index, bool many) {
  la_push_execution_error(L, engine, failed, statement, params_index, many);
  return lua_error(L);
}

void la_open_engine(lua_State *L, la_state *state) {
  la_open_engine_event(L);
  la_open_engine_extend(L, state);
  la_open_engine_pool(L);
  static const luaL_Reg functions[] = {{"engine_open", core_engine_open},
                                       {"parameter_sets", la_parameter_sets},
                                       {"engine_share", core_engine_share},
                                       {"engine_settings", core_engine_settings},
                                       {"engine_echo", core_engine_echo},
                                       {"engine_pool", core_engine_pool},
                                       {"engine_counts", core_engine_counts},
                                       {"url_parse", core_url_parse},
                                       {NULL, NULL}};
  static const luaL_Reg methods[] = {{"dispose", engine_dispose},
                                     {"clear_compiled_cache", engine_clear_compiled_cache},
                                     {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__index", engine_index},
                                         {"__newindex", engine_newindex},
                                         {"__tostring", engine_tostring},
                                         {"__gc", engine_gc},
                                         {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_ENGINE, methods, metamethods);
}
