/* SPDX-License-Identifier: MIT */
/*
 * Rows of a plan: what they are called by, and bundles, whose parts are one value of the row.
 *
 * Where a plan has bundles, a Lua function (lualchemy.orm.bundle) makes a row's values of those of
 * all parts. It is made once for a result, and lies in the user value of the shape's scratch.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/result.h"
#include "binding/sql.h"

static int fill_columns(const la_load_plan *plan, la_shape_column *columns) {
  uint32_t count, bundle_count, bundle = 0, at = 0, width = 0;
  bool single;
  const la_row_part *parts = la_load_plan_parts(plan, &count, &single);
  const la_row_bundle *bundles = la_load_plan_bundles(plan, &bundle_count);
  while (at < count) {
    la_shape_column *column = &columns[width];
    column->index = width++;
    if (bundle < bundle_count && bundles[bundle].first == at) {
      column->name = bundles[bundle].key;
      at += bundles[bundle].count;
      while (bundle < bundle_count && bundles[bundle].first < at) {
        bundle++;
      }
      continue;
    }
    column->name = parts[at].key;
    column->type = parts[at].type;
    column->subject = parts[at].subject;
    at++;
  }
  return (int)width;
}

/* Pushes the function that makes a row's values of its parts'. */
static void push_fold(lua_State *L, la_state *state, const la_load_plan *plan,
                      const la_node *statement) {
  uint32_t count, bundle_count;
  bool single;
  const la_row_part *parts = la_load_plan_parts(plan, &count, &single);
  const la_row_bundle *bundles = la_load_plan_bundles(plan, &bundle_count);
  la_push_hook(L, state, "bundle_rows");
  la_push_node(L, state, la_node_retain((la_node *)statement), 0, -1);
  lua_createtable(L, (int)count, 0);
  for (uint32_t i = 0; i < count; i++) {
    if (parts[i].key.bytes) {
      la_push_text(L, parts[i].key);
    } else {
      lua_pushboolean(L, 0);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_createtable(L, (int)bundle_count, 0);
  for (uint32_t i = 0; i < bundle_count; i++) {
    lua_createtable(L, 0, 4);
    la_push_text(L, bundles[i].key);
    lua_setfield(L, -2, "key");
    lua_pushinteger(L, (lua_Integer)bundles[i].first + 1);
    lua_setfield(L, -2, "first");
    lua_pushinteger(L, bundles[i].count);
    lua_setfield(L, -2, "count");
    if (bundles[i].maker != 0) {
      la_push_host(L, state, bundles[i].maker);
      lua_setfield(L, -2, "maker");
    }
    if (bundles[i].host != 0) {
      la_push_host(L, state, bundles[i].host);
      lua_setfield(L, -2, "bundle");
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_call(L, 3, 1);
}

la_row_shape **la_push_shape(lua_State *L, la_state *state, const la_load_plan *plan,
                             const la_node *statement) {
  uint32_t count, bundle_count;
  bool single;
  la_load_plan_parts(plan, &count, &single);
  la_load_plan_bundles(plan, &bundle_count);
  luaL_checkstack(L, 10, NULL);
  la_row_shape **shape = la_push_scratch(L, state, sizeof *shape, la_clear_reference);
  la_shape_column *columns = lua_newuserdatauv(L, sizeof *columns * (count + 1), 0);
  memset(columns, 0, sizeof *columns * (count + 1));
  int width = fill_columns(plan, columns);
  *shape = la_row_shape_new(&state->alloc, columns, (uint32_t)width, NULL);
  la_error err = LA_ERROR_INIT;
  if (!*shape) {
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  if (la_row_shape_tell_apart(state, shape, statement, &err) < 0) {
    la_raise(L, &err);
  }
  lua_pop(L, 1);
  if (bundle_count != 0) {
    push_fold(L, state, plan, statement);
    lua_setiuservalue(L, -2, 1);
  }
  return shape;
}

void la_fold_row(lua_State *L, int count, int column, int width) {
  lua_call(L, count, width);
  if (column >= 0) {
    lua_pushvalue(L, column - width);
    lua_replace(L, -width - 1);
    lua_settop(L, -width);
  }
}

bool la_plan_is_one_bundle(const la_load_plan *plan) {
  uint32_t count, bundle_count;
  bool single;
  la_load_plan_parts(plan, &count, &single);
  const la_row_bundle *bundles = la_load_plan_bundles(plan, &bundle_count);
  return bundle_count != 0 && bundles[0].single && bundles[0].count == count;
}

/* make(value, …) → a Row. Upvalues: state, the shape's scratch, the holder of rows. */
static int make_row(lua_State *L) {
  la_scratch *scratch = lua_touserdata(L, lua_upvalueindex(2));
  la_row_shape **shape = (la_row_shape **)scratch->memory;
  lua_settop(L, (int)(*shape)->count);
  lua_pushvalue(L, lua_upvalueindex(3));
  lua_insert(L, 1);
  la_push_row_of_values(L, la_state_of(L), *shape, 1);
  lua_pushvalue(L, 1);
  lua_replace(L, lua_upvalueindex(3));
  return 1;
}

/* core.row_maker(names) → a function that makes Rows of values called so. */
static int row_maker(lua_State *L) {
  la_state *state = la_state_of(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer count = luaL_len(L, 1);
  luaL_checkstack(L, (int)count + 8, "too many columns");
  la_row_shape **shape = la_push_scratch(L, state, sizeof *shape, la_clear_reference);
  la_shape_column *columns = lua_newuserdatauv(L, sizeof *columns * ((size_t)count + 1), 0);
  memset(columns, 0, sizeof *columns * ((size_t)count + 1));
  for (lua_Integer i = 0; i < count; i++) {
    columns[i].index = (uint32_t)i;
    if (lua_rawgeti(L, 1, i + 1) == LUA_TSTRING) {
      columns[i].name = la_check_text(L, -1); /* the list holds it */
    }
    lua_pop(L, 1);
  }
  *shape = la_row_shape_new(&state->alloc, columns, (uint32_t)count, NULL);
  if (!*shape) {
    return la_raise_status(L, LA_NOMEM, "out of memory");
  }
  lua_pop(L, 1);
  lua_pushlightuserdata(L, state);
  lua_insert(L, -2);
  lua_pushnil(L);
  lua_pushcclosure(L, make_row, 3);
  return 1;
}

/* core.row_bundle(name, expressions, single_entity, object with a row function of its own or nil) →
 * BUNDLE box. */
static int bundle_new(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text name = la_check_text(L, 1);
  la_nodes nodes;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 4);
  la_value host = LA_VALUE_NONE;
  if (!lua_isnil(L, 4)) {
    host = la_value_of_kind(LA_VALUE_HOST, la_host_number(L, state, 4));
  }
  la_nodes_init(&nodes, state);
  lua_Integer count = luaL_len(L, 2);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_geti(L, 2, i);
    if (!la_nodes_add_column(L, &nodes, lua_gettop(L))) {
      return la_nodes_raise(L, &nodes);
    }
    lua_pop(L, 1);
  }
  la_node *made = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_BUNDLE,
                                                              .op = lua_toboolean(L, 3) ? 1 : 0,
                                                              .text = name,
                                                              .value = host,
                                                              .children = nodes.items,
                                                              .count = (uint32_t)nodes.count});
  la_nodes_clear(&nodes);
  la_push_node(L, state, made, 2, 4);
  return 1;
}

void la_open_orm_bundle(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"row_bundle", bundle_new}, {"row_maker", row_maker}, {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
