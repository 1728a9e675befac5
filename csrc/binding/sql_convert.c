/* SPDX-License-Identifier: MIT */
/*
 * Values that a statement has of types whose functions are written in Lua: converted before the
 * statement runs or is written, for nothing may call Lua while it is.
 */
#include "binding/orm_load.h"

#include "base/map.h"
#include "binding/process.h"
#include "binding/sql.h"
#include "sql/adapt.h"
#include "sql/walk.h"

static void clear_arena(void *arena) {
  la_arena_clear(arena);
}

/* What converts: the dialect object's place on the stack, and whether for literals. */
typedef struct converter {
  int dialect;
  bool literal;
} converter;

/* One value of a parameter as its type's process_bind_param makes it, or process_literal_param;
 * bytes are lent from the stack, where the Lua value stays. */
static void convert_value(lua_State *L, la_state *state, const converter *by, const la_type *type,
                          const la_value *value, la_arena *arena, la_value *out) {
  la_error err = LA_ERROR_INIT;
  bool host = false;
  luaL_checkstack(L, 6, "too many values");
  la_push_value(L, state, value);
  if (by->literal) {
    if (la_type_process_literal(L, state, type, by->dialect)) {
      la_text text = {NULL, 0};
      text.bytes = lua_tolstring(L, -1, &text.len);
      *out = (la_value){.kind = LA_VALUE_SQL, .len = (uint32_t)text.len, .as.bytes = text.bytes};
      return;
    }
  } else {
    la_type_process_bind(L, state, type, by->dialect);
  }
  if (la_value_from_lua(L, -1, la_type_base(type), arena, out, &host, &err) < 0) {
    la_raise(L, &err);
  }
  if (host) {
    la_raise_status(L, LA_STATEMENT,
                    "process_bind_param gave a %s, which is no value for the database",
                    luaL_typename(L, -1));
  }
}

static la_node *convert_param(lua_State *L, la_state *state, const converter *by,
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
      convert_value(L, state, by, param->type, &param->values[i], arena, &values[i]);
    }
    parts.values = values;
    parts.value_count = param->value_count;
  } else {
    convert_value(L, state, by, param->type, &param->value, arena, &parts.value);
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

la_node *la_convert_param(lua_State *L, la_state *state, const la_engine *engine,
                          const la_node *param) {
  int top = lua_gettop(L);
  la_push_engine_dialect(L, state, engine);
  converter by = {.dialect = top + 1};
  la_node *fresh = convert_param(L, state, &by, param);
  lua_settop(L, top);
  return fresh;
}

bool la_param_needs_lua(const la_node *param) {
  return la_type_has_process_bind(param->type);
}

/* The parameters of a statement that Lua converts, each once, and what takes their places. */
typedef struct conversions {
  la_nodes from, to;
  la_map places; /* from → to; to itself until that is made */
  bool literal;
} conversions;

static void clear_conversions(void *memory) {
  conversions *self = memory;
  if (self->from.state) {
    la_map_clear(&self->places, &self->from.state->alloc);
    la_nodes_clear(&self->from);
    la_nodes_clear(&self->to);
  }
}

static conversions *push_conversions(lua_State *L, la_state *state) {
  conversions *self = la_push_scratch(L, state, sizeof *self, clear_conversions);
  la_nodes_init(&self->from, state);
  la_nodes_init(&self->to, state);
  self->places = (la_map){0};
  return self;
}

static la_walk_answer note_param(conversions *self, const la_node *param) {
  if (la_map_get_pointer(&self->places, param) != NULL) {
    return LA_WALK_CONTINUE;
  }
  if (!la_map_set_pointer(&self->places, &self->from.state->alloc, param, (void *)param)) {
    la_fail_nomem(&self->from.err);
    return LA_WALK_STOP;
  }
  return la_nodes_add(&self->from, la_node_retain(param)) ? LA_WALK_CONTINUE : LA_WALK_STOP;
}

/* `fresh`, which may be NULL, takes the place of the parameter that was noted as number `index`. */
static void place_param(lua_State *L, conversions *self, size_t index, la_node *fresh) {
  if (fresh == NULL && self->to.err.status != LA_OK) {
    la_nodes_raise(L, &self->to);
  }
  if (!la_nodes_add(&self->to, fresh)) {
    la_nodes_raise(L, &self->to);
  }
  /* the key is there, so that nothing is allocated */
  (void)la_map_set_pointer(&self->places, &self->from.state->alloc, self->from.items[index], fresh);
}

static la_walk_answer find_param(const la_node *node, void *context) {
  conversions *self = context;
  if (node->kind != LA_NODE_PARAM || node->flags & LA_PARAM_REQUIRED ||
      !(self->literal ? la_type_has_process_literal(node->type) : la_param_needs_lua(node))) {
    return LA_WALK_CONTINUE;
  }
  return note_param(self, node);
}

static la_status swap_param(const la_node *node, void *context, la_node **out, la_error *err) {
  conversions *self = context;
  (void)err;
  if (node->kind == LA_NODE_PARAM) {
    *out = la_node_retain(la_map_get_pointer(&self->places, node));
  }
  return LA_OK;
}

/* Replaces the dialect object on top of the stack by the converted statement. */
static la_node *convert(lua_State *L, la_state *state, la_node *statement, bool literal) {
  la_error err = LA_ERROR_INIT;
  la_node *converted = NULL;
  luaL_checkstack(L, 8, NULL);
  conversions *self = push_conversions(L, state);
  int at = lua_gettop(L);
  self->literal = literal;
  converter by = {.dialect = at - 1, .literal = literal};
  if (la_walk(&state->alloc, statement, find_param, self, &err) != LA_OK) {
    la_nodes_raise(L, &self->from);
  }
  for (size_t i = 0; i < self->from.count; i++) {
    place_param(L, self, i, convert_param(L, state, &by, self->from.items[i]));
  }
  if (self->from.count == 0) {
    converted = la_node_retain(statement);
  } else if (la_adapt(&state->alloc, statement, swap_param, self, &converted, &err) < 0) {
    la_raise(L, &err);
  }
  la_scratch_clear(L, at);
  la_push_node(L, state, converted, 0, -1);
  lua_replace(L, at - 1);
  lua_settop(L, at - 1);
  return converted;
}

la_node *la_push_converted(lua_State *L, la_state *state, const la_engine *engine,
                           la_node *statement) {
  la_push_engine_dialect(L, state, engine);
  return convert(L, state, statement, false);
}

la_node *la_push_literals(lua_State *L, la_state *state, const la_dialect *dialect,
                          la_node *statement) {
  luaL_checkstack(L, 4, NULL);
  la_push_dialect(L, state, dialect);
  return convert(L, state, statement, true);
}

/* ---- params{…} of any statement ---- */

static la_walk_answer find_named(const la_node *node, void *context) {
  conversions *self = context;
  if (node->kind != LA_NODE_PARAM || node->flags & LA_PARAM_UNIQUE) {
    return LA_WALK_CONTINUE;
  }
  return note_param(self, node);
}

/* What takes the place of `param`: itself, if the table at 2 has no value for it. */
static la_node *with_given_value(lua_State *L, la_nodes *nodes, const la_node *param) {
  la_type *type = param->type && param->type->kind != LA_TYPE_NULL ? param->type : NULL;
  la_node *fresh;
  la_push_text(L, param->text);
  if (lua_rawget(L, 2) == LUA_TNIL) {
    fresh = la_node_retain(param);
  } else {
    fresh = la_param_with_value(L, nodes, lua_gettop(L), param->text, type,
                                param->flags & ~(uint32_t)LA_PARAM_REQUIRED);
  }
  lua_pop(L, 1);
  return fresh;
}

/* statement:params{name = value, …}: values for its bindparam()s. */
int la_statement_params(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, 1), *result = NULL;
  la_error err = LA_ERROR_INIT;
  if (self == NULL) {
    return la_raise_argument(L, 1, "statement or expression");
  }
  la_check_table_argument(L, 2);
  luaL_checkstack(L, 10, NULL);
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      return la_raise_status(L, LA_ARGUMENT, "names of parameters are strings");
    }
  }
  conversions *swap = push_conversions(L, state);
  if (la_walk(&state->alloc, self, find_named, swap, &err) != LA_OK) {
    return la_nodes_raise(L, &swap->from);
  }
  for (size_t i = 0; i < swap->from.count; i++) {
    place_param(L, swap, i, with_given_value(L, &swap->to, swap->from.items[i]));
  }
  if (la_adapt(&state->alloc, self, swap_param, swap, &result, &err) != LA_OK) {
    return la_raise(L, &err);
  }
  return la_return_node(L, state, result);
}
