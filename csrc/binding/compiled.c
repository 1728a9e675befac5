/* SPDX-License-Identifier: MIT */
#include "binding/compiled.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/page.h"
#include "binding/push.h"
#include "binding/sql.h"

/* User values of the box: its page; the statement's box; `params` and `positiontup`, once they were
 * asked for. */
enum { PAGE = 1, STATEMENT, PARAMS, POSITIONS };

static void destroy_use(la_object *object) {
  la_compiled_use *self = (la_compiled_use *)(void *)object;
  for (uint32_t i = 0; i < self->param_count; i++) {
    la_node_release(self->params[i]);
  }
  la_object_release(self->compiled);
  la_free(self->alloc, self, sizeof *self + self->param_count * sizeof *self->params);
}

static const la_object_class use_class = {.name = "compiled use", .destroy = destroy_use};

la_status la_compiled_use_new(la_allocator *alloc, la_compiled *compiled, const la_key *key,
                              la_compiled_use **out, la_error *err) {
  size_t count = key->params.count;
  la_compiled_use *self = la_alloc(alloc, sizeof *self + count * sizeof *self->params);
  if (self == NULL) {
    la_object_release(compiled);
    return la_fail_nomem(err);
  }
  la_object_init(&self->object, &use_class);
  self->alloc = alloc;
  self->compiled = compiled;
  self->param_count = (uint32_t)count;
  for (size_t i = 0; i < count; i++) {
    self->params[i] = la_node_retain(key->params.items[i]);
  }
  *out = self;
  return LA_OK;
}

/* ---- boxes ---- */

void la_push_compiled(lua_State *L, la_state *state) {
  la_push_paged_box(L, state, LA_BOX_COMPILED, POSITIONS);
}

/* True if a cache has the compiled statement too: it will be used again. */
static bool is_cached(const la_compiled *compiled) {
  return compiled->object.references > 1;
}

/* What a use keeps in memory beside its statement, about. */
static uint32_t weight_of(const la_compiled_use *use) {
  size_t text = use->compiled->text.len;
  return is_cached(use->compiled) ? 0 : text < LA_LONE_WEIGHT ? (uint32_t)text * 8 : LA_LONE_WEIGHT;
}

void la_finish_compiled(lua_State *L, la_compiled_use *take, int statement) {
  la_page_hold(L, &take->object, weight_of(take));
  if (statement != 0) {
    lua_pushvalue(L, statement);
    lua_setiuservalue(L, -2, STATEMENT);
  }
}

/* ---- strings ---- */

/* Pushes a table of the strings of what a cache has, which are made once while somebody reads them:
 * the text, then the parameters' names. For others pushes nil. */
static void push_strings(lua_State *L, la_state *state, la_compiled *compiled) {
  if (!is_cached(compiled)) {
    lua_pushnil(L);
    return;
  }
  la_push_host(L, state, compiled->strings);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_createtable(L, (int)compiled->param_count + 1, 0);
    la_push_text(L, compiled->text);
    lua_rawseti(L, -2, 1);
    for (uint32_t i = 0; i < compiled->param_count; i++) {
      la_push_text(L, compiled->params[i].name);
      lua_rawseti(L, -2, (lua_Integer)i + 2);
    }
    compiled->strings = la_host_number(L, state, -1);
  }
}

/* Pushes string `i` of the table at `strings`, which is `text` if there is no table. */
static void push_string(lua_State *L, int strings, lua_Integer i, la_text text) {
  if (lua_isnil(L, strings)) {
    la_push_text(L, text);
  } else {
    lua_rawgeti(L, strings, i);
  }
}

static void push_text(lua_State *L, la_state *state, const la_compiled_use *self) {
  push_strings(L, state, self->compiled);
  push_string(L, lua_gettop(L), 1, self->compiled->text);
}

/* ---- fields ---- */

/* Pushes the value of a parameter; la.null where execution must give it. */
static void push_param_value(lua_State *L, la_state *state, const la_compiled_use *self,
                             const la_compiled_param *param) {
  const la_node *node;
  if (param->source == LA_PARAM_FROM_CONSTANT) {
    la_push_value_or_null(L, state, &param->constant);
    return;
  }
  if (param->source != LA_PARAM_FROM_STATEMENT || param->index >= self->param_count) {
    la_push_null(L);
    return;
  }
  node = self->params[param->index];
  if (node->value.kind == LA_VALUE_NULL && !(node->flags & LA_PARAM_EXPANDING) &&
      node->type != NULL && (node->type->flags & LA_TYPE_HOST_BIND)) {
    la_push_hook(L, state, "param_value"); /* of bindparam(name, {callable_ = …}): what it gives */
    la_push_type(L, state, node->type);
    lua_call(L, 1, 1);
    return;
  }
  if (!(node->flags & LA_PARAM_EXPANDING)) {
    la_push_value_or_null(L, state, &node->value);
    return;
  }
  la_push_list(L, state, (int)node->value_count);
  for (uint32_t i = 0; i < node->value_count; i++) {
    la_push_value_or_null(L, state, &node->values[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* A map of the parameters' names to their values. */
static void push_params(lua_State *L, la_state *state, const la_compiled_use *self) {
  la_compiled *compiled = self->compiled;
  push_strings(L, state, compiled);
  int strings = lua_gettop(L);
  lua_createtable(L, 0, (int)compiled->param_count);
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    push_string(L, strings, (lua_Integer)i + 2, compiled->params[i].name);
    push_param_value(L, state, self, &compiled->params[i]);
    lua_rawset(L, -3);
  }
}

/* A list of the parameters' names in the order of the placeholders. */
static void push_positions(lua_State *L, la_state *state, const la_compiled_use *self) {
  const la_compiled *compiled = self->compiled;
  la_push_list(L, state, (int)compiled->param_count);
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    la_push_text(L, compiled->params[i].name);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* Pushes the user value `number`, made by `push` when it is first asked for. */
static void push_once(lua_State *L, int number, const la_compiled_use *self,
                      void (*push)(lua_State *L, la_state *state, const la_compiled_use *self)) {
  if (lua_getiuservalue(L, 1, number) == LUA_TNIL) {
    push(L, la_state_of(L), self);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, number);
  }
}

/* compiled:construct_params(values) → the parameters by name, with `values` in the place of their
 * own. */
static int construct_params(lua_State *L) {
  la_check_box(L, 1, LA_BOX_COMPILED);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    la_check_table_argument(L, 2);
  }
  lua_newtable(L);
  lua_getfield(L, 1, "params");
  lua_pushnil(L);
  while (lua_next(L, 4) != 0) {
    if (lua_istable(L, 2)) {
      lua_pushvalue(L, 5);
      lua_rawget(L, 2);
      lua_replace(L, lua_isnil(L, 7) ? 7 : 6);
      lua_settop(L, 6);
    }
    lua_pushvalue(L, 5);
    lua_insert(L, 6);
    lua_rawset(L, 3);
  }
  lua_settop(L, 3);
  return 1;
}

static int compiled_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  const la_compiled_use *self = la_paged_object(lua_touserdata(L, 1));
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  if (self == NULL) {
    lua_pushnil(L); /* the Lua state is ending */
  } else if (strcmp(key, "params") == 0) {
    push_once(L, PARAMS, self, push_params);
  } else if (strcmp(key, "positiontup") == 0) {
    push_once(L, POSITIONS, self, push_positions);
  } else if (strcmp(key, "string") == 0) {
    push_text(L, la_state_of(L), self);
  } else if (strcmp(key, "statement") == 0) {
    lua_getiuservalue(L, 1, STATEMENT);
  } else if (strcmp(key, "dialect") == 0) {
    la_push_dialect(L, la_state_of(L), self->compiled->dialect);
  } else if (strncmp(key, "__", 2) == 0) {
    lua_pushnil(L); /* a tool that probes */
  } else {
    return la_raise_status(L, LA_ARGUMENT,
                           "a Compiled has no \"%s\": it has string, params, positiontup, "
                           "construct_params(), statement and dialect",
                           luaL_tolstring(L, 2, NULL));
  }
  return 1;
}

static int compiled_tostring(lua_State *L) {
  const la_compiled_use *self = la_paged_object(lua_touserdata(L, 1));
  if (self != NULL) {
    push_text(L, la_state_of(L), self);
  } else {
    lua_pushliteral(L, "");
  }
  return 1;
}

void la_open_compiled(lua_State *L, la_state *state) {
  static const luaL_Reg methods[] = {{"construct_params", construct_params}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__index", compiled_index}, {"__tostring", compiled_tostring}, {NULL, NULL}};
  la_register_class(L, state, LA_BOX_COMPILED, methods, metamethods);
}
