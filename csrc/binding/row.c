/* SPDX-License-Identifier: MIT */
/*
 * Row and RowMapping.
 *
 * Both are one struct: a packed row, or a table of values in the second user value. The table is
 * also there beside a packed row if Lua has a say in some of its values: those are made once, when
 * the row is made.
 *
 * A row owns nothing and has no finalizer: its first user value is the holder that it shares with
 * its neighbours, which has the shape and pins the chunk. What outlives its holder at the end of a
 * Lua state says so when it is read.
 */
#include "binding/host.h"
#include "binding/open.h"
#include "binding/process.h"
#include "binding/push.h"
#include "binding/raise.h"
#include "binding/result.h"

typedef struct row_holder {
  la_row_shape *shape; /* a reference; NULL once cleared */
  la_chunk *chunk;     /* pinned, or NULL */
} row_holder;

typedef struct row_box {
  la_box box; /* object: NULL */
  const row_holder *holder;
  const la_packed_row *packed; /* or NULL: the values lie in user value ROW_VALUES */
} row_box;

enum { ROW_HOLDER = 1, ROW_VALUES = 2 };

static void clear_holder(void *memory) {
  row_holder *holder = memory;
  if (holder->chunk != NULL) {
    la_chunk_unpin(holder->chunk);
  }
  la_object_release((la_object *)holder->shape);
  *holder = (row_holder){0};
}

static row_holder *holder_at(lua_State *L, int index) {
  la_scratch *scratch = lua_touserdata(L, index);
  return scratch != NULL ? (row_holder *)(void *)scratch->memory : NULL;
}

bool la_hold_row(lua_State *L, la_state *state, la_row_shape *shape, la_chunk *chunk, int index) {
  row_holder *holder = holder_at(L, index);
  if (holder != NULL && holder->shape == shape && holder->chunk == chunk) {
    return true;
  }
  if (holder != NULL && holder->shape == NULL) {
    holder->shape = la_object_retain(shape);
    if (chunk != NULL) {
      la_chunk_pin(chunk);
    }
    holder->chunk = chunk;
    return true;
  }
  index = lua_absindex(L, index);
  luaL_checkstack(L, 8, NULL);
  la_push_scratch(L, state, sizeof *holder, clear_holder);
  lua_replace(L, index);
  return false;
}

/* The same for what no finalizer can take away. */
static const row_holder *hold(lua_State *L, la_state *state, la_row_shape *shape, la_chunk *chunk,
                              int index) {
  while (!la_hold_row(L, state, shape, chunk, index)) {
  }
  return holder_at(L, index);
}

/* An empty row whose holder is in stack slot `holder`. */
static row_box *push_row_box(lua_State *L, la_state *state, bool mapping, const row_holder *held,
                             int holder, bool values) {
  row_box *row = la_push_box(L, state, mapping ? LA_BOX_ROW_MAPPING : LA_BOX_ROW, sizeof *row,
                             values ? ROW_VALUES : ROW_HOLDER);
  lua_pushvalue(L, holder);
  lua_setiuservalue(L, -2, ROW_HOLDER);
  row->holder = held;
  return row;
}

static row_box *to_row(lua_State *L, int index) {
  return lua_touserdata(L, index);
}

static la_row_shape *shape_of(lua_State *L, int index) {
  const row_holder *holder = to_row(L, index)->holder;
  if (holder == NULL || holder->shape == NULL) {
    la_raise_status(L, LA_RESOURCE_CLOSED, "This row is closed: its Lua state is ending.");
    return NULL;
  }
  return holder->shape;
}

/* The shape of the row or mapping at `index`; raises if it is none. */
static la_row_shape *check_row(lua_State *L, int index) {
  const la_box *box = la_to_box(L, index);
  if (box == NULL || (box->class != LA_BOX_ROW && box->class != LA_BOX_ROW_MAPPING)) {
    la_raise_argument(L, index, "row");
  }
  return shape_of(L, index);
}

const la_row_shape *la_row_mapping_shape(lua_State *L, int index) {
  const la_box *box = la_to_box(L, index);
  return box != NULL && box->class == LA_BOX_ROW_MAPPING ? shape_of(L, index) : NULL;
}

/* ---- making ---- */

void la_push_row_value(lua_State *L, la_state *state, const la_shape_column *column,
                       const la_packed_row *row) {
  if (!column->host) {
    la_push_value(L, state, &row->values[column->index]);
    return;
  }
  la_push_host(L, state, column->dialect);
  la_push_value(L, state, &row->values[column->index]);
  la_type_process_result(L, state, column->type, -2);
  lua_remove(L, -2);
}

/* Values that Lua makes, by index plus one; the others are read from the packed row. */
static void keep_host_values(lua_State *L, la_state *state, const la_row_shape *shape,
                             const la_packed_row *packed) {
  lua_createtable(L, (int)shape->count, 0);
  for (uint32_t i = 0; i < shape->count; i++) {
    const la_shape_column *column = &shape->columns[i];
    if (column->host) {
      la_push_row_value(L, state, column, packed);
      lua_rawseti(L, -2, (lua_Integer)column->index + 1);
    }
  }
  lua_setiuservalue(L, -2, ROW_VALUES);
}

void la_push_row(lua_State *L, la_state *state, la_row_shape *shape, la_packed_row *packed,
                 bool mapping, int holder) {
  luaL_checkstack(L, 8, NULL);
  holder = lua_absindex(L, holder);
  const row_holder *held = hold(L, state, shape, packed->chunk, holder);
  push_row_box(L, state, mapping, held, holder, shape->has_host)->packed = packed;
  if (shape->has_host) {
    keep_host_values(L, state, shape, packed);
  }
}

void la_push_row_of_values(lua_State *L, la_state *state, la_row_shape *shape, int holder) {
  int count = (int)shape->count;
  luaL_checkstack(L, 8, NULL);
  holder = lua_absindex(L, holder);
  const row_holder *held = hold(L, state, shape, NULL, holder);
  push_row_box(L, state, false, held, holder, true);
  lua_insert(L, -count - 1);
  lua_createtable(L, count, 0); /* row, values…, table */
  lua_insert(L, -count - 1);
  for (int i = count; i > 0; i--) {
    lua_rawseti(L, -i - 1, i);
  }
  lua_setiuservalue(L, -2, ROW_VALUES);
}

void la_reshape_row(lua_State *L, la_state *state, int index, la_row_shape *shape, int holder) {
  row_box *row = to_row(L, index);
  index = lua_absindex(L, index);
  holder = lua_absindex(L, holder);
  row->holder = hold(L, state, shape, row->holder->chunk, holder);
  lua_pushvalue(L, holder);
  lua_setiuservalue(L, index, ROW_HOLDER);
}

/* ---- reading ---- */

/* Pushes the value of a column of the row at `index`. */
static void push_column(lua_State *L, la_state *state, int index, const la_shape_column *column) {
  const row_box *row = to_row(L, index);
  if (row->packed != NULL && !column->host) {
    la_push_value(L, state, &row->packed->values[column->index]);
    return;
  }
  lua_getiuservalue(L, index, ROW_VALUES);
  lua_rawgeti(L, -1, (lua_Integer)column->index + 1);
  lua_remove(L, -2);
  if (lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL) {
    lua_pop(L, 1); /* a list of values has la.null for NULL */
    lua_pushnil(L);
  }
}

static void push_column_or_null(lua_State *L, la_state *state, int index,
                                const la_shape_column *column) {
  push_column(L, state, index, column);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    la_push_null(L);
  }
}

/* A list of the names; columns without one have "". */
static void push_names(lua_State *L, la_state *state, const la_row_shape *shape) {
  la_push_list(L, state, (int)shape->count);
  for (uint32_t i = 0; i < shape->count; i++) {
    la_push_text(L, shape->columns[i].name);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

void la_push_row_mapping(lua_State *L, la_state *state, int index) {
  index = lua_absindex(L, index);
  const row_box *row = to_row(L, index);
  bool values = row->packed == NULL || shape_of(L, index)->has_host;
  lua_getiuservalue(L, index, ROW_HOLDER);
  push_row_box(L, state, true, row->holder, lua_gettop(L), values)->packed = row->packed;
  lua_remove(L, -2);
  if (values) {
    lua_getiuservalue(L, index, ROW_VALUES);
    lua_setiuservalue(L, -2, ROW_VALUES);
  }
}

/* A map of name to value, la.null for NULL. */
static int row_asdict(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_row_shape *shape = check_row(L, 1);
  lua_createtable(L, 0, (int)shape->count);
  for (uint32_t i = 0; i < shape->count; i++) {
    la_push_text(L, shape->columns[i].name);
    push_column_or_null(L, state, 1, &shape->columns[i]);
    lua_rawset(L, -3);
  }
  return 1;
}

/* A list of the values, la.null for NULL. */
static int row_tuple(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_row_shape *shape = check_row(L, 1);
  la_push_list(L, state, (int)shape->count);
  for (uint32_t i = 0; i < shape->count; i++) {
    push_column_or_null(L, state, 1, &shape->columns[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* What is no column: the row's own members; false if it is none. */
static bool push_member(lua_State *L, la_state *state, la_text name, int methods) {
  if (name.len == 0 || name.bytes[0] != '_') {
    return false;
  }
  if (la_text_is(name, "_fields")) {
    push_names(L, state, shape_of(L, 1));
    return true;
  }
  if (la_text_is(name, "_mapping")) {
    la_push_row_mapping(L, state, 1);
    return true;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, methods) != LUA_TNIL) {
    return true;
  }
  lua_pop(L, 1);
  if (name.len > 1 && name.bytes[1] == '_') {
    lua_pushnil(L); /* tools may probe */
    return true;
  }
  return false;
}

static int row_index(lua_State *L) {
  la_state *state = la_state_of(L);
  la_row_shape *shape = shape_of(L, 1);
  const la_shape_column *column;
  if (lua_type(L, 2) == LUA_TSTRING) {
    la_text name;
    name.bytes = lua_tolstring(L, 2, &name.len);
    column = la_row_shape_find(shape, name);
    if (column == NULL && push_member(L, state, name, lua_upvalueindex(2))) {
      return 1;
    }
    if (column == NULL || column->ambiguous) {
      column = la_check_shape_column(L, shape, 2, false);
    }
  } else {
    column = la_check_shape_column(L, shape, 2, true);
  }
  if (column == NULL) {
    return 0;
  }
  push_column(L, state, 1, column);
  return 1;
}

static int row_newindex(lua_State *L) {
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "a row cannot be changed; row:_asdict() gives a table that can");
}

static int row_len(lua_State *L) {
  lua_pushinteger(L, shape_of(L, 1)->count);
  return 1;
}

/* for name, value in pairs(row): the columns in order. Upvalue 2: the position. */
static int next_pair(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_row_shape *shape = check_row(L, 1);
  lua_Integer at = lua_tointeger(L, lua_upvalueindex(2));
  if (at >= (lua_Integer)shape->count) {
    return 0;
  }
  lua_pushinteger(L, at + 1);
  lua_replace(L, lua_upvalueindex(2));
  if (shape->columns[at].name.bytes != NULL) {
    la_push_text(L, shape->columns[at].name);
  } else {
    lua_pushinteger(L, at + 1);
  }
  push_column_or_null(L, state, 1, &shape->columns[at]);
  return 2;
}

static int row_pairs(lua_State *L) {
  check_row(L, 1);
  lua_pushlightuserdata(L, la_state_of(L));
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_pair, 2);
  lua_pushvalue(L, 1);
  return 2;
}

/* ---- comparing ---- */

/* Both rows, with as many columns; false otherwise. */
static bool comparable(lua_State *L, bool same_width) {
  la_box *a = la_to_box(L, 1), *b = la_to_box(L, 2);
  if (a == NULL || b == NULL || a->class != b->class ||
      (a->class != LA_BOX_ROW && a->class != LA_BOX_ROW_MAPPING)) {
    return false;
  }
  return !same_width || shape_of(L, 1)->count == shape_of(L, 2)->count;
}

static int row_eq(lua_State *L) {
  la_state *state = la_state_of(L);
  bool equal = comparable(L, true);
  for (uint32_t i = 0; equal && i < shape_of(L, 1)->count; i++) {
    push_column(L, state, 1, &shape_of(L, 1)->columns[i]);
    push_column(L, state, 2, &shape_of(L, 2)->columns[i]);
    equal = lua_compare(L, -1, -2, LUA_OPEQ);
    lua_pop(L, 2);
  }
  lua_pushboolean(L, equal);
  return 1;
}

/* As tuples: the first column that differs decides. */
static int compare(lua_State *L, bool or_equal) {
  la_state *state = la_state_of(L);
  if (!comparable(L, false)) {
    return la_raise_status(L, LA_ARGUMENT, "a row can be ordered among rows only");
  }
  uint32_t a = shape_of(L, 1)->count, b = shape_of(L, 2)->count;
  for (uint32_t i = 0; i < a && i < b; i++) {
    push_column(L, state, 1, &shape_of(L, 1)->columns[i]);
    push_column(L, state, 2, &shape_of(L, 2)->columns[i]);
    if (!lua_compare(L, -2, -1, LUA_OPEQ)) {
      lua_pushboolean(L, lua_compare(L, -2, -1, LUA_OPLT));
      return 1;
    }
    lua_pop(L, 2);
  }
  lua_pushboolean(L, a < b || (or_equal && a == b));
  return 1;
}

static int row_lt(lua_State *L) {
  return compare(L, false);
}

static int row_le(lua_State *L) {
  return compare(L, true);
}

/* ---- showing ---- */

/* By lualchemy.describe: (1, "a") for a row, {id = 1, name = "a"} for a mapping. */
static int row_tostring(lua_State *L) {
  la_state *state = la_state_of(L);
  la_push_hook(L, state, "describe_row");
  const la_row_shape *shape = check_row(L, 1);
  lua_createtable(L, (int)shape->count, 0);
  for (uint32_t i = 0; i < shape->count; i++) {
    push_column_or_null(L, state, 1, &shape->columns[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  if (to_row(L, 1)->box.class == LA_BOX_ROW_MAPPING) {
    push_names(L, state, shape);
  } else {
    lua_pushnil(L);
  }
  lua_call(L, 2, 1);
  return 1;
}

/* ---- RowMapping ---- */

static int mapping_keys(lua_State *L) {
  push_names(L, la_state_of(L), check_row(L, 1));
  return 1;
}

/* mapping:get(key, default): no error for an unknown key. */
static int mapping_get(lua_State *L) {
  la_state *state = la_state_of(L);
  la_row_shape *shape = check_row(L, 1);
  const la_shape_column *column = NULL;
  if (lua_type(L, 2) == LUA_TSTRING) {
    la_text name;
    name.bytes = lua_tolstring(L, 2, &name.len);
    column = la_row_shape_find(shape, name);
  } else {
    column = la_check_shape_column(L, shape, 2, true);
  }
  if (column == NULL) {
    lua_settop(L, 3);
  } else {
    push_column(L, state, 1, column);
  }
  return 1;
}

/* Methods, where no column has their name. */
static int mapping_index(lua_State *L) {
  la_state *state = la_state_of(L);
  la_row_shape *shape = shape_of(L, 1);
  if (lua_type(L, 2) == LUA_TSTRING) {
    la_text name;
    name.bytes = lua_tolstring(L, 2, &name.len);
    if (la_row_shape_find(shape, name) == NULL) {
      lua_pushvalue(L, 2);
      if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL ||
          (name.len > 1 && memcmp(name.bytes, "__", 2) == 0)) {
        return 1;
      }
      lua_pop(L, 1);
    }
  }
  const la_shape_column *column = la_check_shape_column(L, shape, 2, true);
  if (column == NULL) {
    return 0;
  }
  push_column(L, state, 1, column);
  return 1;
}

void la_open_row(lua_State *L, la_state *state) {
  static const luaL_Reg methods[] = {
      {"_asdict", row_asdict}, {"_tuple", row_tuple}, {"_t", row_tuple}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__index", row_index}, {"__newindex", row_newindex},
                                         {"__len", row_len},     {"__pairs", row_pairs},
                                         {"__eq", row_eq},       {"__lt", row_lt},
                                         {"__le", row_le},       {"__tostring", row_tostring},
                                         {"__gc", NULL},         {NULL, NULL}};
  static const luaL_Reg mapping_methods[] = {{"keys", mapping_keys},
                                             {"values", row_tuple},
                                             {"items", row_pairs},
                                             {"get", mapping_get},
                                             {NULL, NULL}};
  static const luaL_Reg mapping_metamethods[] = {{"__index", mapping_index},
                                                 {"__newindex", row_newindex},
                                                 {"__len", row_len},
                                                 {"__pairs", row_pairs},
                                                 {"__eq", row_eq},
                                                 {"__tostring", row_tostring},
                                                 {"__gc", NULL},
                                                 {NULL, NULL}};
  la_register_class(L, state, LA_BOX_ROW, methods, metamethods);
  la_register_class(L, state, LA_BOX_ROW_MAPPING, mapping_methods, mapping_metamethods);
}
