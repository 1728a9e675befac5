/* SPDX-License-Identifier: MIT */
/*
 * Parameters of an execution: from Lua tables to what la_params_fill asks for.
 */
#include "binding/check.h"
#include "binding/engine_execute.h"
#include "binding/host.h"
#include "binding/process.h"
#include "binding/push.h"
#include "binding/warning.h"

#include <stdlib.h>

/* ---- what was given ---- */

static bool is_list(lua_State *L, int index) {
  return lua_rawlen(L, index) > 0;
}

static bool is_empty(lua_State *L, int index) {
  lua_pushnil(L);
  if (lua_next(L, index)) {
    lua_pop(L, 2);
    return false;
  }
  return true;
}

/* A row's map in the place of a Row or RowMapping. */
static void replace_row(lua_State *L, int index) {
  const la_row_shape *shape = la_row_mapping_shape(L, index);
  if (shape != NULL) {
    lua_newtable(L);
    lua_Integer width = luaL_len(L, index);
    for (lua_Integer i = 1; i <= width; i++) {
      la_push_text(L, shape->columns[i - 1].name);
      lua_geti(L, index, i);
      lua_rawset(L, -3);
    }
    lua_replace(L, index);
  }
}

bool la_execution_is_set(lua_State *L, int index) {
  replace_row(L, index);
  return lua_istable(L, index);
}

void la_execution_read_params(la_execution *x, int index) {
  lua_State *L = x->L;
  x->params_index = index;
  x->sets = 1;
  x->many = false;
  x->kind = LA_PARAMS_NONE;
  if (lua_isnoneornil(L, index)) {
    return;
  }
  if (!la_execution_is_set(L, index)) {
    la_raise_argument(L, index,
                      "parameters (a map, a list of maps, or a function that gives maps)");
  }
  if (!is_list(L, index)) {
    x->kind = is_empty(L, index) ? LA_PARAMS_NONE : LA_PARAMS_MAP;
    return;
  }
  x->kind = LA_PARAMS_LIST;
  x->sets = (lua_Integer)lua_rawlen(L, index);
  x->many = x->sets > 1;
  for (lua_Integer i = 1; i <= x->sets; i++) {
    if (lua_rawgeti(L, index, i) == LUA_TUSERDATA) {
      int row = lua_gettop(L);
      replace_row(L, row);
      lua_pushvalue(L, row);
      lua_rawseti(L, index, i);
    }
    if (!lua_istable(L, -1)) {
      la_raise_status(L, LA_ARGUMENT, "parameter set %d is a %s; a list of maps is expected",
                      (int)i, luaL_typename(L, -1));
    }
    lua_pop(L, 1);
  }
}

/* The map of set `set`, pushed; what else stands in the place of a map gives nil. */
static void push_set(la_execution *x, lua_Integer set) {
  if (x->kind == LA_PARAMS_LIST) {
    lua_rawgeti(x->L, x->params_index, set);
  } else if (x->kind == LA_PARAMS_MAP) {
    lua_pushvalue(x->L, x->params_index);
  } else {
    lua_pushnil(x->L);
  }
}

/* ---- compiling ---- */

static int compare_texts(const void *a, const void *b) {
  const la_text *left = a, *right = b;
  size_t len = left->len < right->len ? left->len : right->len;
  int order = memcmp(left->bytes, right->bytes, len);
  return order ? order : (left->len > right->len) - (left->len < right->len);
}

/* The keys of the first set, sorted: the same set of keys is the same statement. They lie in a
 * userdata that is pushed. */
static la_text *push_keys(la_execution *x, uint32_t *count_out) {
  lua_State *L = x->L;
  size_t count = 0;
  push_set(x, 1);
  int map = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, map); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      la_raise_status(L, LA_ARGUMENT,
                      "the names of parameters are strings; a set has a key that is a %s",
                      luaL_typename(L, -2));
    }
    count++;
  }
  la_text *keys = lua_newuserdatauv(L, count * sizeof *keys + 1, 0);
  lua_replace(L, map - 0);
  push_set(x, 1);
  count = 0;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    keys[count].bytes = lua_tolstring(L, -2, &keys[count].len);
    count++;
  }
  lua_pop(L, 1);
  qsort(keys, count, sizeof *keys, compare_texts);
  *count_out = (uint32_t)count;
  return keys;
}

static bool takes_keys(const la_node *statement) {
  return statement->kind == LA_NODE_INSERT || statement->kind == LA_NODE_UPDATE;
}

void la_execution_compile(la_execution *x, const la_node *statement) {
  lua_State *L = x->L;
  static const la_text none = {"", 0};
  const la_text *keys = takes_keys(statement) ? &none : NULL;
  uint32_t count = 0;
  la_compiled *compiled = NULL;
  bool cached;
  la_error err = LA_ERROR_INIT;
  int top = lua_gettop(L);
  if (keys != NULL && x->kind != LA_PARAMS_NONE) {
    keys = push_keys(x, &count);
  }
  x->engine->schema_translate = x->schema_translate;
  la_status status =
      la_engine_compile(x->engine, statement, keys, count, x->many, &compiled, &cached, &err);
  x->engine->schema_translate = LA_TEXT_NONE;
  lua_settop(L, top);
  if (status < 0) {
    la_raise(L, &err);
  }
  la_object_release(x->result->compiled);
  x->result->compiled = compiled;
  la_tell_warnings(L, x->state);
  x->compiled = compiled;
  x->schema_translate = compiled->schema_translate;
  x->round = x->engine->key.round;
  x->node_count = (uint32_t)x->engine->key.params.count;
}

void la_execution_push_names(la_execution *x) {
  lua_State *L = x->L;
  if (x->compiled->param_count > 200000) {
    la_raise_status(L, LA_STATEMENT, "the statement has %d parameters",
                    (int)x->compiled->param_count);
  }
  luaL_checkstack(L, (int)x->compiled->param_count + 20, "too many parameters");
  x->names_index = lua_gettop(L) + 1;
  for (uint32_t i = 0; i < x->compiled->param_count; i++) {
    la_push_text(L, x->compiled->params[i].name);
  }
}

bool la_execution_needs_lua(const la_compiled *compiled) {
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    const la_compiled_param *param = &compiled->params[i];
    if (la_type_has_process_bind(param->type)) {
      return true;
    }
    if (param->source == LA_PARAM_FROM_DEFAULT && param->column != NULL &&
        param->column->defaults[param->slot].kind == LA_DEFAULT_HOST) {
      return true;
    }
  }
  /* Making the shape of the rows numbers the dialect object, which Lua allocates for. */
  for (uint32_t i = 0; compiled->shape == NULL && i < compiled->column_count; i++) {
    if (la_type_has_process_result(compiled->columns[i].type)) {
      return true;
    }
  }
  return false;
}

/* ---- one value ---- */

/* The type whose values Lua's functions make: what is below the decorators. */
static const la_type *type_below(const la_type *type) {
  for (int depth = 0; type && type->kind == LA_TYPE_DECORATOR && type->impl && depth < 16;
       depth++) {
    type = type->impl;
  }
  return type;
}

static la_status read_value(lua_State *L, int index, const la_type *type, la_arena *arena,
                            la_value *out, la_error *err) {
  bool host = false;
  LA_TRY(la_value_from_lua(L, index, type, arena, out, &host, err));
  if (host || out->kind == LA_VALUE_HOST) {
    return la_fail(err, LA_STATEMENT, "a %s cannot be sent to the database",
                   luaL_typename(L, index));
  }
  return LA_OK;
}

/* The list at `index` for an expanding parameter; tuples are spread. */
static la_status read_list(lua_State *L, int index, const la_compiled_param *param,
                           const la_type *type, la_arena *arena, const la_value **items_out,
                           uint32_t *count_out, la_error *err) {
  size_t length = lua_rawlen(L, index), width = param->tuple_width ? param->tuple_width : 1;
  la_value *items = la_arena_alloc_zero(arena, length * width * sizeof *items + 1);
  if (items == NULL) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < length; i++) {
    int top = lua_gettop(L);
    lua_rawgeti(L, index, (lua_Integer)i + 1);
    la_status status = LA_OK;
    if (param->tuple_width == 0) {
      status = read_value(L, -1, type, arena, &items[i], err);
    }
    for (size_t part = 0; param->tuple_width && part < width && status == LA_OK; part++) {
      if (!lua_istable(L, top + 1)) {
        status = la_fail(err, LA_STATEMENT, "a list of tuples of %u values is expected",
                         param->tuple_width);
        break;
      }
      lua_rawgeti(L, top + 1, (lua_Integer)part + 1);
      status = read_value(L, -1, NULL, arena, &items[i * width + part], err);
      lua_pop(L, 1);
    }
    lua_settop(L, top);
    LA_TRY(status);
  }
  *items_out = items;
  *count_out = (uint32_t)(length * width);
  return LA_OK;
}

static la_status name_failure(const la_compiled_param *param, la_status status,
                              const la_error *inner, la_error *err) {
  la_text name = param->column ? param->column->name : param->name;
  return status == LA_NOMEM
             ? la_fail_nomem(err)
             : la_fail(err, status, "(%.*s) %s", LA_TEXT_FORMAT(name), inner->message);
}

/* The Lua value at `index` for `param`. */
static la_status read_param(lua_State *L, int index, const la_compiled_param *param,
                            const la_type *type, la_arena *arena, la_value *out,
                            const la_value **items_out, uint32_t *count_out, la_error *err) {
  la_error inner;
  la_error_init(&inner);
  la_status status;
  *items_out = NULL;
  *count_out = 0;
  if (param->expanding && lua_istable(L, index)) {
    *out = LA_VALUE_NONE;
    status = read_list(L, index, param, type, arena, items_out, count_out, &inner);
  } else {
    status = read_value(L, index, type, arena, out, &inner);
  }
  return status < 0 ? name_failure(param, status, &inner, err) : LA_OK;
}

la_status la_execution_read_plain(la_execution *x, int index, la_value *out, la_error *err) {
  la_value value;
  LA_TRY(read_value(x->L, index, NULL, &x->made->arena, &value, err));
  return la_type_bind(x->engine->sql.types->null, &value, out, &x->made->arena, err);
}

/* ---- the first way ---- */

static la_status look_up(void *context, uint32_t number, const la_compiled_param *param,
                         la_value *out, bool *found_out, la_error *err) {
  la_execution *x = context;
  lua_State *L = x->L;
  if (x->map_index == 0) {
    return LA_OK;
  }
  lua_pushvalue(L, x->names_index + (int)number);
  if (lua_rawget(L, x->map_index) == LUA_TNIL) {
    lua_pop(L, 1);
    return LA_OK;
  }
  *found_out = true;
  la_status status = read_param(L, lua_gettop(L), param, param->type, &x->params->scratch, out,
                                &x->params->items, &x->params->item_count, err);
  lua_pop(L, 1); /* its bytes stay in the map */
  return status;
}

/* A missing value among many sets: in which. */
static void name_group(const la_execution *x, lua_Integer set, la_status status, la_error *err) {
  if (status == LA_STATEMENT && x->many && strcmp(err->code, "cd3x") == 0) {
    size_t len = strlen(err->message);
    snprintf(err->message + len, sizeof err->message - len, ", in parameter group %d", (int)set);
  }
}

la_status la_execution_fill(la_execution *x, lua_Integer set, const la_node *const *nodes,
                            uint32_t node_count, la_text *text_out, la_error *err) {
  int top = lua_gettop(x->L);
  push_set(x, set);
  x->map_index = lua_isnil(x->L, -1) ? 0 : lua_gettop(x->L);
  la_status status =
      la_params_fill(x->params, x->compiled, nodes, node_count, look_up, x, text_out, err);
  lua_settop(x->L, top);
  name_group(x, set, status, err);
  return status;
}

/* ---- the second way ---- */

static void clear_made(void *memory) {
  la_made *made = memory;
  if (made->arena.alloc != NULL) {
    la_params_clear(&made->params);
    la_arena_clear(&made->arena);
  }
}

static void take_nodes(la_made *made, const la_execution *x) {
  const la_key *key = &x->engine->key;
  made->node_count = x->compiled ? (uint32_t)key->params.count : 0;
  for (uint32_t i = 0; i < made->node_count; i++) {
    made->nodes[i] = key->params.items[i];
  }
}

void la_made_take_nodes(la_execution *x) {
  take_nodes(x->made, x);
}

la_made *la_push_made(lua_State *L, la_state *state, const la_execution *x) {
  uint32_t count = x->compiled ? x->compiled->param_count : 0;
  la_made *made = la_push_scratch(L, state, sizeof *made, clear_made);
  size_t nodes = x->compiled ? x->node_count : 0;
  la_params_init(&made->params, &state->alloc);
  la_arena_init(&made->arena, &state->alloc);
  made->values = la_arena_alloc_zero(&made->arena, count * sizeof *made->values + 1);
  made->items = la_arena_alloc_zero(&made->arena, count * sizeof *made->items + 1);
  made->item_counts = la_arena_alloc_zero(&made->arena, count * sizeof *made->item_counts + 1);
  made->found = la_arena_alloc_zero(&made->arena, count * sizeof *made->found + 1);
  made->nodes = la_arena_alloc_zero(&made->arena, nodes * sizeof *made->nodes + 1);
  if (!made->values || !made->items || !made->item_counts || !made->found || !made->nodes) {
    la_raise_status(L, LA_NOMEM, "not enough memory");
  }
  if (x->engine->key.round == x->round) {
    take_nodes(made, x);
  }
  return made;
}

/* Adds the values that the statement itself has to the parameters so far. */
static void add_statement_values(la_execution *x, int current) {
  lua_State *L = x->L;
  for (uint32_t i = 0; i < x->compiled->param_count; i++) {
    const la_compiled_param *param = &x->compiled->params[i];
    if (param->source != LA_PARAM_FROM_STATEMENT || param->expanding ||
        param->index >= x->made->node_count) {
      continue;
    }
    lua_pushvalue(L, x->names_index + (int)i);
    if (lua_rawget(L, current) == LUA_TNIL) {
      lua_pushvalue(L, x->names_index + (int)i);
      la_push_value_or_null(L, x->state, &x->made->nodes[param->index]->value);
      lua_rawset(L, current);
    }
    lua_pop(L, 1);
  }
}

/* Pushes the context that default functions get; `current` is the stack index of the parameters so
 * far. */
static void push_context(la_execution *x, int current) {
  lua_State *L = x->L;
  add_statement_values(x, current);
  la_push_hook(L, x->state, "default_context");
  lua_pushvalue(L, current);
  lua_pushvalue(L, x->connection_index);
  lua_pushvalue(L, x->statement_index);
  lua_pushboolean(L, x->compiled->kind == LA_STATEMENT_INSERT);
  lua_call(L, 4, 1);
}

/* Pushes what a default gives; false, and nothing, if the core does it. */
static bool push_default(la_execution *x, const la_compiled_param *param, int current,
                         int *context) {
  lua_State *L = x->L;
  const la_default *what = param->column ? &param->column->defaults[param->slot] : NULL;
  if (what == NULL) {
    return false;
  }
  if (what->kind == LA_DEFAULT_VALUE && la_type_has_process_bind(param->type)) {
    la_push_value(L, x->state, &what->value);
    return true;
  }
  if (what->kind != LA_DEFAULT_HOST) {
    return false;
  }
  if (*context == 0) {
    push_context(x, current);
    *context = lua_gettop(L);
  }
  la_push_host(L, x->state, what->host);
  if (lua_isnil(L, -1)) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "the default of the column \"%.*s\" is gone with its table",
                    LA_TEXT_FORMAT(param->column->name));
  }
  lua_pushvalue(L, *context);
  lua_call(L, 1, 1);
  return true;
}

/* Pushes the list of an expanding parameter of the statement. */
static void push_items(la_execution *x, const la_node *node) {
  lua_createtable(x->L, (int)node->value_count, 0);
  for (uint32_t i = 0; i < node->value_count; i++) {
    la_push_value_or_null(x->L, x->state, &node->values[i]);
    lua_rawseti(x->L, -2, (lua_Integer)i + 1);
  }
}

/* Pushes the program's value for parameter `number` if Lua has to see it or execution gives it;
 * false if the core finds it. */
static bool push_program_value(la_execution *x, uint32_t number, int map, int current,
                               int *context) {
  lua_State *L = x->L;
  const la_compiled_param *param = &x->compiled->params[number];
  if (param->source == LA_PARAM_FROM_CONSTANT) {
    return false;
  }
  if (map != 0) {
    lua_pushvalue(L, x->names_index + (int)number);
    if (lua_rawget(L, map) != LUA_TNIL) {
      return true;
    }
    lua_pop(L, 1);
  }
  if (param->source == LA_PARAM_FROM_DEFAULT) {
    return push_default(x, param, current, context);
  }
  if (param->source == LA_PARAM_FROM_STATEMENT && param->index < x->made->node_count &&
      la_type_has_process_bind(param->type)) {
    const la_node *node = x->made->nodes[param->index];
    if (node->flags & LA_PARAM_REQUIRED) {
      return false;
    }
    if (node->flags & LA_PARAM_EXPANDING) {
      push_items(x, node);
    } else {
      la_push_value(L, x->state, &node->value);
    }
    return true;
  }
  return false;
}

/* The value on top of the stack as the type's Lua functions make it. */
static void process(la_execution *x, const la_compiled_param *param, int dialect) {
  lua_State *L = x->L;
  if (!la_type_has_process_bind(param->type)) {
    return;
  }
  if (!param->expanding || !lua_istable(L, -1)) {
    la_type_process_bind(L, x->state, param->type, dialect);
    return;
  }
  lua_Integer length = (lua_Integer)lua_rawlen(L, -1);
  lua_createtable(L, (int)length, 0);
  for (lua_Integer i = 1; i <= length; i++) {
    lua_rawgeti(L, -2, i);
    la_type_process_bind(L, x->state, param->type, dialect);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      la_push_null(L);
    }
    lua_rawseti(L, -2, i);
  }
  lua_remove(L, -2);
}

static la_status look_up_made(void *context, uint32_t number, const la_compiled_param *param,
                              la_value *out, bool *found_out, la_error *err) {
  la_made *made = context;
  (void)param;
  (void)err;
  *found_out = made->found[number];
  *out = made->values[number];
  made->params.items = made->items[number];
  made->params.item_count = made->item_counts[number];
  return LA_OK;
}

/* Pushes a copy of the set's map, to which defaults are added: the context's current_parameters. */
static int push_current(la_execution *x, int map) {
  lua_State *L = x->L;
  lua_newtable(L);
  int current = lua_gettop(L);
  if (map != 0) {
    for (lua_pushnil(L); lua_next(L, map);) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, current);
    }
  }
  return current;
}

/* Stack: map or nil, current, table that keeps the made values alive. */
la_status la_execution_make(la_execution *x, lua_Integer set, la_text *text_out, la_error *err) {
  lua_State *L = x->L;
  la_made *made = x->made;
  int top = lua_gettop(L), context = 0, dialect;
  la_status status = LA_OK;
  luaL_checkstack(L, 20, NULL);
  push_set(x, set);
  int map = lua_isnil(L, -1) ? 0 : lua_gettop(L);
  int current = push_current(x, map);
  lua_newtable(L);
  int kept = lua_gettop(L);
  lua_getiuservalue(L, x->engine_index, LA_ENGINE_DIALECT);
  dialect = lua_gettop(L);
  for (uint32_t i = 0; i < x->compiled->param_count && status == LA_OK; i++) {
    const la_compiled_param *param = &x->compiled->params[i];
    made->found[i] = push_program_value(x, i, map, current, &context);
    if (!made->found[i]) {
      continue;
    }
    if (param->source == LA_PARAM_FROM_DEFAULT) {
      lua_pushvalue(L, x->names_index + (int)i);
      lua_pushvalue(L, -2);
      lua_rawset(L, current);
    }
    bool processed = la_type_has_process_bind(param->type);
    process(x, param, dialect);
    status =
        read_param(L, lua_gettop(L), param, processed ? type_below(param->type) : param->type,
                   &made->arena, &made->values[i], &made->items[i], &made->item_counts[i], err);
    lua_rawseti(L, kept, (lua_Integer)i + 1);
  }
  if (status == LA_OK) {
    status = la_params_fill(&made->params, x->compiled, made->nodes, made->node_count, look_up_made,
                            made, text_out, err);
    name_group(x, set, status, err);
  }
  lua_pushvalue(L, kept);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1); /* what the values lend their bytes from stays on the stack */
  return status;
}
