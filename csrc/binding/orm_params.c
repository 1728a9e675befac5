/* SPDX-License-Identifier: MIT */
/*
 * Parameters of a session's statements that Lua makes: defaults that are functions, and values of
 * types with a process_bind_param.
 *
 * They are made before the statement runs, for nothing may call Lua while it does.
 */
#include "binding/orm_load.h"

#include "binding/engine.h"
#include "binding/host.h"
#include "binding/sql.h"
#include "sql/adapt.h"
#include "sql/walk.h"

/* ---- values of the program's types ---- */

static void clear_arena(void *arena) {
  la_arena_clear(arena);
}

/* One value of a parameter as its type's process_bind_param makes it; bytes are lent from the
 * stack, where the Lua value stays. */
static void convert_value(lua_State *L, la_state *state, const la_engine *engine,
                          const la_type *type, const la_value *value, la_arena *arena,
                          la_value *out) {
  la_error err = LA_ERROR_INIT;
  bool host = false;
  luaL_checkstack(L, 6, "too many values");
  la_push_value(L, state, value);
  la_process_bind_of(L, state, type, engine);
  if (la_value_from_lua(L, -1, la_type_base(type), arena, out, &host, &err) < 0) {
    la_raise(L, &err);
  }
  if (host) {
    la_raise_status(L, LA_STATEMENT,
                    "process_bind_param gave a %s, which is no value for the database",
                    luaL_typename(L, -1));
  }
}

la_node *la_convert_param(lua_State *L, la_state *state, const la_engine *engine,
                          const la_node *param) {
  int top = lua_gettop(L);
  la_arena *arena = la_push_scratch(L, state, sizeof *arena, clear_arena);
  la_arena_init(arena, &state->alloc);
  la_node_parts parts = {.kind = LA_NODE_PARAM,
                         .op = param->op,
                         .flags = param->flags,
                         .type = param->type,
                         .text = param->text,
                         .value = param->value};
  if (param->value_count > 0) {
    la_value *values = lua_newuserdatauv(L, sizeof *values * param->value_count, 0);
    for (uint32_t i = 0; i < param->value_count; i++) {
      convert_value(L, state, engine, param->type, &param->values[i], arena, &values[i]);
    }
    parts.values = values;
    parts.value_count = param->value_count;
  } else {
    convert_value(L, state, engine, param->type, &param->value, arena, &parts.value);
  }
  la_node *fresh = la_node_new(&state->alloc, &parts);
  la_scratch_clear(L, top + 1);
  lua_settop(L, top);
  if (!fresh) {
    la_error err = LA_ERROR_INIT;
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  return fresh;
}

bool la_param_needs_lua(const la_node *param) {
  return param->type && param->type->flags & LA_TYPE_HOST_BIND;
}

/* The parameters of a statement that Lua converts, and what takes their places. */
typedef struct conversions {
  la_nodes from, to;
} conversions;

static void clear_conversions(void *memory) {
  conversions *self = memory;
  if (self->from.state) {
    la_nodes_clear(&self->from);
    la_nodes_clear(&self->to);
  }
}

static la_walk_answer find_param(const la_node *node, void *context) {
  conversions *self = context;
  if (node->kind != LA_NODE_PARAM || !la_param_needs_lua(node) || node->flags & LA_PARAM_REQUIRED) {
    return LA_WALK_CONTINUE;
  }
  return la_nodes_add(&self->from, la_node_retain(node)) ? LA_WALK_CONTINUE : LA_WALK_STOP;
}

static la_status swap_param(const la_node *node, void *context, la_node **out, la_error *err) {
  conversions *self = context;
  (void)err;
  for (size_t i = 0; i < self->from.count && node->kind == LA_NODE_PARAM; i++) {
    if (self->from.items[i] == node) {
      *out = la_node_retain(self->to.items[i]);
    }
  }
  return LA_OK;
}

la_node *la_push_converted(lua_State *L, la_state *state, const la_engine *engine,
                           la_node *statement) {
  la_error err = LA_ERROR_INIT;
  la_node *converted = NULL;
  luaL_checkstack(L, 8, NULL);
  conversions *self = la_push_scratch(L, state, sizeof *self, clear_conversions);
  int at = lua_gettop(L);
  la_nodes_init(&self->from, state);
  la_nodes_init(&self->to, state);
  if (la_walk(&state->alloc, statement, find_param, self, &err) != LA_OK) {
    la_nodes_raise(L, &self->from);
  }
  for (size_t i = 0; i < self->from.count; i++) {
    if (!la_nodes_add(&self->to, la_convert_param(L, state, engine, self->from.items[i]))) {
      la_nodes_raise(L, &self->to);
    }
  }
  if (self->from.count == 0) {
    converted = la_node_retain(statement);
  } else if (la_adapt(&state->alloc, statement, swap_param, self, &converted, &err) < 0) {
    la_raise(L, &err);
  }
  la_scratch_clear(L, at);
  la_push_node(L, state, converted, 0, -1);
  lua_replace(L, at);
  return converted;
}

/* ---- defaults ---- */

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
