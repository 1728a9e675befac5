/* SPDX-License-Identifier: MIT */
/*
 * Results seen in other ways: single columns, mappings, parts, without repetitions.
 */
#include "binding/check.h"
#include "binding/push.h"
#include "binding/raise.h"
#include "binding/result_internal.h"

/* ---- views ---- */

/* Pushes a view of the rows of the result at `index`. */
static la_result *push_view(lua_State *L, la_state *state, int index, la_result_mode mode) {
  la_result *result = la_check_result(L, index);
  la_result *view = la_push_result_box(L, state);
  view->box.object = la_object_retain(result->box.object);
  view->base = result->base;
  view->mode = mode;
  view->yield_per = result->yield_per;
  view->unique = result->unique;
  if (result->base == result) {
    lua_pushvalue(L, index);
  } else {
    lua_getiuservalue(L, index, LA_RESULT_BASE);
  }
  lua_setiuservalue(L, -2, LA_RESULT_BASE);
  if (view->unique) {
    lua_getiuservalue(L, index, LA_RESULT_STRATEGY);
    lua_setiuservalue(L, -2, LA_RESULT_STRATEGY);
    lua_newtable(L);
    lua_setiuservalue(L, -2, LA_RESULT_SEEN);
  }
  return view;
}

static void check_returns_rows(lua_State *L, const la_result *result) {
  if (!result->base->returns_rows) {
    la_result_check_open(L, result);
  }
}

int la_result_scalars(lua_State *L) {
  la_result *result = la_check_result(L, 1);
  check_returns_rows(L, result);
  la_row_shape *shape = la_result_shape(result);
  uint32_t column = 0;
  if (!lua_isnoneornil(L, 2)) {
    column = (uint32_t)(la_check_shape_column(L, shape, 2, false) - shape->columns);
  } else if (result->mode == LA_RESULT_SCALARS) {
    column = result->column;
  } else if (shape->count == 0) {
    return la_raise_status(L, LA_NO_SUCH_COLUMN, "the rows have no columns");
  }
  push_view(L, la_state_of(L), 1, LA_RESULT_SCALARS)->column = column;
  return 1;
}

int la_result_mappings(lua_State *L) {
  check_returns_rows(L, la_check_result(L, 1));
  push_view(L, la_state_of(L), 1, LA_RESULT_MAPPINGS);
  return 1;
}

int la_result_tuples(lua_State *L) {
  la_check_result(L, 1);
  lua_settop(L, 1);
  return 1;
}

static void free_columns(void *memory) {
  la_arena_clear(memory);
}

/* The rows have only these columns from now on, in this order. */
int la_result_columns(lua_State *L) {
  la_state *state = la_state_of(L);
  la_result *result = la_check_result(L, 1);
  check_returns_rows(L, result);
  if (result->mode == LA_RESULT_SCALARS) {
    return la_raise_status(L, LA_INVALID_REQUEST, "a ScalarResult has no columns to choose from");
  }
  la_check_count(L, 2, "columns");
  la_row_shape *shape = la_result_shape(result), *fresh;
  int count = lua_gettop(L) - 1;
  la_arena *arena = la_push_scratch(L, state, sizeof *arena, free_columns);
  la_arena_init(arena, &state->alloc);
  la_shape_column *columns = la_arena_alloc(arena, (size_t)count * sizeof *columns + 1);
  for (int i = 0; columns != NULL && i < count; i++) {
    columns[i] = *la_check_shape_column(L, shape, 2 + i, false);
  }
  fresh = columns ? la_row_shape_new(&state->alloc, columns, (uint32_t)count, shape->keeps) : NULL;
  if (fresh == NULL) {
    return la_raise_status(L, LA_NOMEM, "not enough memory");
  }
  result->box.object = fresh;
  la_object_release(shape);
  la_scratch_clear(L, -1);
  lua_settop(L, 1);
  return 1;
}

/* Pushes the keys of the result at `index`. */
static void push_keys(lua_State *L, int index) {
  la_state *state = la_state_of(L);
  la_result *result = la_check_result(L, index);
  check_returns_rows(L, result);
  const la_row_shape *shape = la_result_shape(result);
  la_push_list(L, state, (int)shape->count);
  for (uint32_t i = 0; i < shape->count; i++) {
    la_push_text(L, shape->columns[i].name);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

int la_result_keys(lua_State *L) {
  push_keys(L, 1);
  return 1;
}

/* ---- in parts ---- */

int la_result_yield_per(lua_State *L) {
  la_result *result = la_check_result(L, 1);
  lua_Integer size = la_check_integer(L, 2);
  if (size < 1 || size > INT32_MAX) {
    return la_raise_argument(L, 2, "number of rows from 1 on");
  }
  result->yield_per = (uint32_t)size;
  result->base->buffer = (uint32_t)size;
  lua_settop(L, 1);
  return 1;
}

/* Upvalues: 2 the result, 3 the size. */
static int next_partition(lua_State *L) {
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(2));
  la_result *result = la_check_result(L, 1);
  la_result_check_open(L, result);
  la_result_push_list(L, la_state_of(L), result, 1, (size_t)lua_tointeger(L, lua_upvalueindex(3)));
  if (lua_rawlen(L, -1) == 0) {
    lua_pushnil(L);
  }
  return 1;
}

int la_result_partitions(lua_State *L) {
  la_result *result = la_check_result(L, 1);
  lua_Integer size = la_opt_integer(L, 2, result->yield_per ? (lua_Integer)result->yield_per : 1);
  if (size < 1) {
    return la_raise_argument(L, 2, "number of rows from 1 on");
  }
  lua_pushlightuserdata(L, la_state_of(L));
  lua_pushvalue(L, 1);
  lua_pushinteger(L, size);
  lua_pushcclosure(L, next_partition, 3);
  return 1;
}

/* Upvalue 2: the result. */
static int next_row(lua_State *L) {
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(2));
  la_result *result = la_check_result(L, 1);
  la_result_check_open(L, result);
  if (!la_result_next(L, la_state_of(L), result, 1)) {
    lua_pushnil(L);
  }
  return 1;
}

/* for row in result:iter(): the result is closed when the loop is left. */
int la_result_iter(lua_State *L) {
  la_check_result(L, 1);
  lua_pushlightuserdata(L, la_state_of(L));
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, next_row, 2);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushvalue(L, 1);
  return 4;
}

/* ---- unique ---- */

int la_result_unique(lua_State *L) {
  la_result *result = la_check_result(L, 1);
  if (!lua_isnoneornil(L, 2) && !lua_isfunction(L, 2)) {
    return la_raise_argument(L, 2, "function");
  }
  if (result->base->in_parts) {
    return la_raise_status(L, LA_INVALID_REQUEST,
                           "Can't use the ORM yield_per feature in conjunction with unique()");
  }
  result->unique = true;
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, LA_RESULT_STRATEGY);
  lua_newtable(L);
  lua_setiuservalue(L, 1, LA_RESULT_SEEN);
  return 1;
}

/* Adds what tells the value on top of the stack (popped) from others: kind, length, bytes; things
 * by identity. */
static void add_part(lua_State *L, luaL_Buffer *buffer) {
  char head[64];
  size_t len = 0;
  switch (lua_type(L, -1)) {
  case LUA_TNUMBER:
  case LUA_TSTRING: {
    bool is_text = lua_type(L, -1) == LUA_TSTRING;
    luaL_tolstring(L, -1, &len);
    snprintf(head, sizeof head, "%c%zu:", is_text ? 's' : 'n', len);
    lua_remove(L, -2);
    lua_pushstring(L, head);
    lua_insert(L, -2);
    lua_concat(L, 2);
    luaL_addvalue(buffer);
    return;
  }
  case LUA_TBOOLEAN:
    snprintf(head, sizeof head, "b%d", lua_toboolean(L, -1));
    break;
  case LUA_TUSERDATA:
    /* Decimals are equal by their text, objects by identity. */
    if (luaL_getmetafield(L, -1, "__eq") != LUA_TNIL) {
      lua_pop(L, 1);
      luaL_tolstring(L, -1, NULL);
      lua_remove(L, -2);
      lua_pushliteral(L, "u");
      lua_insert(L, -2);
      lua_concat(L, 2);
      luaL_addvalue(buffer);
      return;
    }
    snprintf(head, sizeof head, "p%p", lua_topointer(L, -1));
    break;
  case LUA_TTABLE:
    if (luaL_getmetafield(L, -1, "__tostring") != LUA_TNIL) {
      lua_pop(L, 1);
      luaL_tolstring(L, -1, NULL);
      lua_remove(L, -2);
      luaL_addvalue(buffer);
      return;
    }
    snprintf(head, sizeof head, "p%p", lua_topointer(L, -1));
    break;
  default:
    snprintf(head, sizeof head, "0");
    break;
  }
  lua_pop(L, 1);
  luaL_addstring(buffer, head);
}

/* Pushes the key of the row at `index`: equal for rows of equal values. */
static void push_row_key(lua_State *L, int index) {
  lua_Integer width = luaL_len(L, index);
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (lua_Integer i = 1; i <= width; i++) {
    lua_geti(L, index, i);
    add_part(L, &buffer);
    luaL_addchar(&buffer, ';');
  }
  luaL_pushresult(&buffer);
}

static void push_key(lua_State *L, int index, int value) {
  if (lua_getiuservalue(L, index, LA_RESULT_STRATEGY) == LUA_TFUNCTION) {
    lua_pushvalue(L, value);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      la_push_null(L);
    }
    return;
  }
  lua_pop(L, 1);
  la_box *box = la_to_box(L, value);
  if (box != NULL && (box->class == LA_BOX_ROW || box->class == LA_BOX_ROW_MAPPING)) {
    push_row_key(L, value);
  } else {
    lua_pushvalue(L, value);
  }
}

bool la_result_is_new(lua_State *L, la_state *state, int index) {
  (void)state;
  luaL_checkstack(L, 8, NULL);
  int value = lua_gettop(L);
  lua_getiuservalue(L, index, LA_RESULT_SEEN); /* value, seen */
  push_key(L, index, value);
  lua_pushvalue(L, -1); /* value, seen, key, key */
  bool is_new = lua_rawget(L, value + 1) == LUA_TNIL;
  lua_pop(L, 1);
  if (is_new) {
    lua_pushboolean(L, 1);
    lua_rawset(L, value + 1);
  }
  lua_settop(L, value);
  return is_new;
}

/* ---- results made of rows ---- */

/* Rows out of the list in user value LA_RESULT_DATA. */
static bool list_source(lua_State *L, la_state *state, la_result *result, int index, int column) {
  (void)state;
  lua_getiuservalue(L, index, LA_RESULT_DATA);
  if (lua_rawgeti(L, -1, (lua_Integer)result->position + 1) == LUA_TNIL) {
    lua_pop(L, 2);
    return false;
  }
  lua_remove(L, -2);
  result->position++;
  if (column >= 0) {
    lua_geti(L, -1, column + 1);
    lua_remove(L, -2);
    return true;
  }
  int row = lua_gettop(L);
  int count = (int)la_result_shape(result)->count;
  luaL_checkstack(L, count + 4, NULL);
  for (int i = 1; i <= count; i++) {
    lua_geti(L, row, i);
  }
  lua_remove(L, row);
  return true;
}

/* Values of the rows in the list lie in the order of the shape's columns. */
static la_row_shape *in_order(lua_State *L, la_state *state, const la_row_shape *shape) {
  la_row_shape *fresh = la_row_shape_new(&state->alloc, shape->columns, shape->count, shape->keeps);
  if (fresh == NULL) {
    la_raise_status(L, LA_NOMEM, "not enough memory");
    return NULL;
  }
  for (uint32_t i = 0; i < fresh->count; i++) {
    fresh->columns[i].index = i;
    fresh->columns[i].host = false;
  }
  fresh->has_host = false;
  return fresh;
}

/* Pushes a result of the rows in the list on top of the stack (popped), as the result at `index`
 * would give them. */
static void push_list_result(lua_State *L, la_state *state, int index) {
  la_result *result = la_check_result(L, index);
  la_result *fresh = la_push_sourced_result(L, state, list_source);
  fresh->box.object = in_order(L, state, la_result_shape(result));
  if (result->mode != LA_RESULT_ROWS) {
    push_view(L, state, lua_gettop(L), result->mode)->column = result->column;
    lua_remove(L, -2);
  }
  fresh->rowcount = result->base->rowcount;
  fresh->needs_unique = la_result_waits_for_unique(result);
}

/* A list of all rows as rows, whatever the mode. */
static void push_rows(lua_State *L, la_state *state, int index) {
  la_result *result = la_check_result(L, index);
  la_result_check_rows(L, result);
  la_result_mode mode = result->mode;
  la_result rows = *result;
  rows.mode = LA_RESULT_ROWS;
  rows.unique = result->unique && mode == LA_RESULT_ROWS;
  la_result_push_list(L, state, &rows, index, 0);
}

/* (list): a result of those rows. Upvalue 2: the result that was frozen. */
static int thaw(lua_State *L) {
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_insert(L, 1);
  push_list_result(L, la_state_of(L), 1);
  return 1;
}

int la_result_freeze(lua_State *L) {
  la_state *state = la_state_of(L);
  la_check_result(L, 1);
  lua_settop(L, 1);
  la_push_hook(L, state, "frozen_result");
  push_rows(L, state, 1);
  lua_pushlightuserdata(L, state);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, thaw, 2);
  push_keys(L, 1);
  lua_call(L, 3, 1);
  return 1;
}

/* Raises if the result at `index` has other numbers of columns than the first: its rows could not
 * be read by the first one's keys. */
static void check_width(lua_State *L, int index) {
  check_returns_rows(L, la_check_result(L, 1));
  check_returns_rows(L, la_check_result(L, index));
  uint32_t width = la_result_shape(la_check_result(L, 1))->count;
  uint32_t other = la_result_shape(la_check_result(L, index))->count;
  if (other != width) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "merge: result #%d has %u columns, the first one has %u; all need the same "
                    "number",
                    index - 1, (unsigned)other, (unsigned)width);
  }
}

int la_result_merge(lua_State *L) {
  la_state *state = la_state_of(L);
  int count = lua_gettop(L);
  for (int i = 1; i <= count; i++) {
    check_width(L, i);
  }
  lua_Integer total = 0;
  bool needs_unique = false;
  lua_createtable(L, 0, 0);
  for (int i = 1; i <= count; i++) {
    needs_unique |= la_result_waits_for_unique(la_check_result(L, i));
    push_rows(L, state, i);
    lua_Integer rows = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer row = 1; row <= rows; row++) {
      lua_rawgeti(L, -1, row);
      lua_rawseti(L, count + 1, ++total);
    }
    lua_pop(L, 1);
  }
  push_list_result(L, state, 1);
  la_check_result(L, -1)->base->needs_unique = needs_unique;
  return 1;
}
