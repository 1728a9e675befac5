/* SPDX-License-Identifier: MIT */
/*
 * Defaults of a session's statements that are functions of Lua.
 *
 * They are called before the statement runs, for nothing may call Lua while it does.
 */
#include "binding/orm_load.h"

#include "binding/engine.h"
#include "binding/host.h"
#include "binding/sql.h"
#include "sql/adapt.h"
#include "sql/walk.h"

struct la_made_defaults {
  la_arena arena;
  la_value *values; /* by number of parameter; those that are not made are of kind HOST */
  uint32_t count;
};

static void clear_defaults(void *memory) {
  la_made_defaults *made = memory;
  if (made->arena.alloc) {
    la_arena_clear(&made->arena);
  }
}

static const la_default *default_of(const la_compiled_param *param) {
  const la_default *what = param->source == LA_PARAM_FROM_DEFAULT && param->column
                               ? &param->column->defaults[param->slot]
                               : NULL;
  return what && what->kind == LA_DEFAULT_HOST ? what : NULL;
}

/* Calls the function of the parameter's default with the context at `context`, and keeps what it
 * gives. */
static void make_default(lua_State *L, la_state *state, const la_engine *engine,
                         la_made_defaults *made, const la_compiled_param *param, uint32_t number,
                         int context) {
  la_error err = LA_ERROR_INIT;
  bool host = false;
  luaL_checkstack(L, 8, "too many defaults");
  la_push_host(L, state, default_of(param)->host);
  if (lua_isnil(L, -1)) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "the default of the column \"%.*s\" is gone with its table",
                    LA_TEXT_FORMAT(param->column->name));
  }
  lua_pushvalue(L, context);
  lua_call(L, 1, 1);
  if (la_type_has_process_bind(param->type)) {
    la_process_bind_of(L, state, param->type, engine);
  }
  if (la_value_from_lua(L, -1, la_type_base(param->type), &made->arena, &made->values[number],
                        &host, &err) < 0) {
    la_raise(L, &err);
  }
  if (host) {
    la_raise_status(L, LA_STATEMENT, "(column %.*s) the default gave a %s, which is no value",
                    LA_TEXT_FORMAT(param->column->name), luaL_typename(L, -1));
  }
}

bool la_has_defaults(const la_compiled *compiled) {
  bool writes = compiled->kind == LA_STATEMENT_INSERT || compiled->kind == LA_STATEMENT_UPDATE;
  for (uint32_t i = 0; writes && i < compiled->param_count; i++) {
    if (default_of(&compiled->params[i])) {
      return true;
    }
  }
  return false;
}

/* Pushes what the functions get: the values of the statement by column, the connection. */
static void push_context(lua_State *L, la_state *state, la_session *session,
                         const la_compiled *compiled, const la_node *const *params,
                         uint32_t count) {
  la_push_hook(L, state, "default_context");
  lua_newtable(L);
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    const la_compiled_param *param = &compiled->params[i];
    if (param->source == LA_PARAM_FROM_STATEMENT && param->column && param->index < count) {
      la_push_text(L, param->column->key);
      la_push_value(L, state, &params[param->index]->value);
      lua_rawset(L, -3);
    }
  }
  la_push_connection(L, state, session->connection);
  lua_pushnil(L);
  lua_pushboolean(L, compiled->kind == LA_STATEMENT_INSERT);
  lua_call(L, 4, 1);
}

la_made_defaults *la_push_defaults(lua_State *L, la_state *state, la_session *session,
                                   const la_compiled *compiled, const la_node *const *params,
                                   uint32_t count) {
  luaL_checkstack(L, 12, NULL);
  la_made_defaults *made = la_push_scratch(L, state, sizeof *made, clear_defaults);
  la_arena_init(&made->arena, &state->alloc);
  made->values = lua_newuserdatauv(L, sizeof *made->values * compiled->param_count, 0);
  made->count = compiled->param_count;
  for (uint32_t i = 0; i < made->count; i++) {
    made->values[i] = la_value_of_kind(LA_VALUE_HOST, 0);
  }
  push_context(L, state, session, compiled, params, count);
  int context = lua_gettop(L);
  for (uint32_t i = 0; i < made->count; i++) {
    if (default_of(&compiled->params[i])) {
      make_default(L, state, session->engine, made, &compiled->params[i], i, context);
    }
  }
  return made;
}

la_status la_defaults_lookup(void *context, uint32_t number, const la_compiled_param *param,
                             la_value *out, bool *found_out, la_error *err) {
  const la_made_defaults *made = context;
  (void)param;
  (void)err;
  *found_out = number < made->count && made->values[number].kind != LA_VALUE_HOST;
  if (*found_out) {
    *out = made->values[number];
  }
  return LA_OK;
}
