/* SPDX-License-Identifier: MIT */
/*
 * Results: where the next row comes from, and the methods that read.
 */
#include "binding/check.h"
#include "binding/collector.h"
#include "binding/engine_execute.h"
#include "binding/result.h"

#include "binding/open.h"
#include "binding/push.h"
#include "binding/raise.h"
#include "binding/result_internal.h"

/* ---- life ---- */

void la_result_close(la_result *result, bool hard) {
  la_result *base = result->base;
  la_cursor_close(&base->cursor);
  la_rows_clear(&base->rows);
  base->streams = false;
  base->closed |= hard;
}

static int result_gc(lua_State *L) {
  la_result *result = (la_result *)la_to_box(L, 1);
  if (result != NULL) {
    la_compiled *compiled = result->compiled;
    la_cursor_close(&result->cursor);
    la_rows_clear(&result->rows);
    result->closed = true;
    result->compiled = NULL;
    la_row_shape *origin = result->origin;
    result->origin = NULL;
    la_object_release((la_object *)origin);
    la_object_release(compiled);
    la_box_release(L);
  }
  return 0;
}

la_result *la_push_result_box(lua_State *L, la_state *state) {
  la_result *result = la_push_box(L, state, LA_BOX_RESULT, sizeof *result, LA_RESULT_USER_VALUES);
  result->base = result;
  result->rowcount = -1;
  return result;
}

la_result *la_push_sourced_result(lua_State *L, la_state *state, la_result_source source) {
  la_result *result = la_push_result_box(L, state); /* data, result */
  result->source = source;
  result->returns_rows = true;
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, LA_RESULT_DATA);
  return result;
}

la_result *la_check_result(lua_State *L, int index) {
  return (la_result *)la_check_box(L, index, LA_BOX_RESULT);
}

la_row_shape *la_result_shape(const la_result *result) {
  return result->box.object;
}

void la_result_check_rows(lua_State *L, const la_result *result) {
  const la_result *base = result->base;
  if (!base->returns_rows) {
    la_raise_status(L, LA_RESOURCE_CLOSED,
                    "This result object does not return rows. It has been closed automatically.");
  }
  if (base->closed) {
    la_raise_status(L, LA_RESOURCE_CLOSED, "This result object is closed.");
  }
}

bool la_result_waits_for_unique(const la_result *result) {
  return result->base->needs_unique && !result->unique;
}

void la_result_check_open(lua_State *L, const la_result *result) {
  la_result_check_rows(L, result);
  if (la_result_waits_for_unique(result)) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "The unique() method must be invoked on this Result, as it contains results "
                    "that include joined eager "
                    "loads against collections");
  }
}

/* ---- the next row ---- */

/* Pushes the box of the base of the result at `index`. */
static int push_base(lua_State *L, const la_result *result, int index) {
  if (lua_touserdata(L, index) == result->base) {
    lua_pushvalue(L, index);
  } else {
    lua_getiuservalue(L, index, LA_RESULT_BASE);
  }
  return lua_gettop(L);
}

/* Rows of a statement with one left at least; reads on while it streams. NULL at the end. */
static la_rows *own_rows(lua_State *L, la_result *base) {
  if (la_rows_left(&base->rows) == 0 && base->streams) {
    la_error err = LA_ERROR_INIT;
    const la_result_column *columns = base->origin ? base->origin->conversions : NULL;
    la_status status = la_rows_read(&base->rows, &base->cursor, columns, base->buffer, &err);
    if (status >= 0 && base->cursor.shows_rows) {
      luaL_checkstack(L, 8, NULL);
      la_push_connection(L, la_state_of(L), base->cursor.connection);
      la_engine_log_rows(L, la_state_of(L), base->cursor.connection->engine, lua_gettop(L));
      lua_pop(L, 1);
    }
    if (status != LA_ROW) {
      la_cursor_close(&base->cursor);
      base->streams = false;
    }
    if (status < 0) {
      la_raise(L, &err);
    }
  }
  return la_rows_left(&base->rows) > 0 ? &base->rows : NULL;
}

static la_rows *packed_rows(lua_State *L, la_state *state, const la_result *result, int index) {
  la_result *base = result->base;
  if (base->packed == NULL) {
    return own_rows(L, base);
  }
  la_rows *rows = base->packed(L, state, base, push_base(L, result, index));
  lua_pop(L, 1);
  return rows;
}

static bool push_packed(lua_State *L, la_state *state, la_result *result, int index) {
  la_row_shape *shape = la_result_shape(result);
  la_packed_row *row;
  la_rows *rows;
  lua_getiuservalue(L, index, LA_RESULT_HOLDER);
  int holder = lua_gettop(L);
  const void *before = lua_touserdata(L, holder);
  do {
    rows = packed_rows(L, state, result, index);
    if (rows == NULL) {
      lua_pop(L, 1);
      return false;
    }
    row = rows->rows.items[rows->next];
  } while (!la_hold_row(L, state, shape, row->chunk, holder));
  la_chunk_unpin(la_rows_take(rows)->chunk);
  if (lua_touserdata(L, holder) != before) {
    lua_pushvalue(L, holder);
    lua_setiuservalue(L, index, LA_RESULT_HOLDER);
  }
  if (result->mode == LA_RESULT_SCALARS) {
    la_push_row_value(L, state, &shape->columns[result->column], row);
  } else {
    la_push_row(L, state, shape, row, result->mode == LA_RESULT_MAPPINGS, holder);
  }
  lua_remove(L, holder);
  return true;
}

static bool push_sourced(lua_State *L, la_state *state, la_result *result, int index) {
  la_result *base = result->base;
  la_row_shape *shape = la_result_shape(result);
  bool scalars = result->mode == LA_RESULT_SCALARS;
  int top = lua_gettop(L);
  int base_index = push_base(L, result, index);
  lua_getiuservalue(L, base_index, LA_RESULT_HOLDER);
  int holder = lua_gettop(L);
  if (!base->source(L, state, base, base_index,
                    scalars ? (int)shape->columns[result->column].index : -1)) {
    lua_settop(L, top);
    return false;
  }
  if (!scalars) {
    la_push_row_of_values(L, state, la_result_shape(base), holder);
    lua_pushvalue(L, holder);
    lua_setiuservalue(L, base_index, LA_RESULT_HOLDER);
    if (shape != la_result_shape(base)) {
      lua_pushnil(L);
      la_reshape_row(L, state, -2, shape, -1);
      lua_pop(L, 1);
    }
    if (result->mode == LA_RESULT_MAPPINGS) {
      la_push_row_mapping(L, state, -1);
    }
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  return true;
}

static bool push_any(lua_State *L, la_state *state, la_result *result, int index) {
  const la_result *base = result->base;
  bool found = base->source != NULL && base->packed == NULL ? push_sourced(L, state, result, index)
                                                            : push_packed(L, state, result, index);
  if (found && lua_isnil(L, -1)) {
    lua_pop(L, 1);
    la_push_null(L);
  }
  return found;
}

/* Objects of a stream are made some at a time. The row is on top of the stack; what is below it, up
 * to two values, is to be dropped. */
static bool push_quick(lua_State *L, const la_result *result, int index) {
  la_result *base = result->base;
  if (base->quick == NULL || result->mode != LA_RESULT_SCALARS || result->unique) {
    return false;
  }
  /* `result` may be a copy in C of what stands at `index`. */
  bool is_view = base != result && lua_touserdata(L, index) != base;
  if (is_view) {
    lua_getiuservalue(L, index, LA_RESULT_BASE);
  }
  if (base->quick(L, base, is_view ? -1 : index)) {
    return true;
  }
  lua_pop(L, is_view);
  return false;
}

bool la_result_next(lua_State *L, la_state *state, la_result *result, int index) {
  luaL_checkstack(L, 8, NULL);
  int top = lua_gettop(L);
  if (push_quick(L, result, index)) {
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return true;
  }
  while (push_any(L, state, result, index)) {
    if (!result->unique || la_result_is_new(L, state, index)) {
      return true;
    }
    lua_pop(L, 1);
  }
  return false;
}

/* ---- reading all ---- */

/* All that is left as a list at once, if the source can and nothing is to be looked at. */
static bool push_whole_list(lua_State *L, la_state *state, la_result *result, int index) {
  la_result *base = result->base;
  if (!base->list || result->mode != LA_RESULT_SCALARS || result->unique) {
    return false;
  }
  luaL_checkstack(L, 4, NULL);
  int base_index = push_base(L, result, index);
  if (!base->list(L, state, base, base_index)) {
    lua_pop(L, 1);
    return false;
  }
  lua_replace(L, base_index);
  return true;
}

/* Up to `limit` rows (0: all) as a list. */
void la_result_push_list(lua_State *L, la_state *state, la_result *result, int index,
                         size_t limit) {
  size_t expected = result->base->source ? 0 : la_rows_left(&result->base->rows);
  lua_Integer count = 0;
  if (limit == 0 && push_whole_list(L, state, result, index)) {
    return;
  }
  la_push_list(L, state, (int)(limit && limit < expected ? limit : expected));
  while ((limit == 0 || (size_t)count < limit) && la_result_next(L, state, result, index)) {
    lua_rawseti(L, -2, ++count);
  }
  la_collector_tell_list(L, state, (size_t)count);
}

static int result_all(lua_State *L) {
  la_result *result = la_check_result(L, 1);
  la_result_check_open(L, result);
  la_result_push_list(L, la_state_of(L), result, 1, 0);
  return 1;
}

static int result_fetchmany(lua_State *L) {
  la_result *result = la_check_result(L, 1);
  lua_Integer size = la_opt_integer(L, 2, result->yield_per ? (lua_Integer)result->yield_per : 1);
  la_result_check_open(L, result);
  if (size < 0) {
    return la_raise_argument(L, 2, "number of rows from 0 on");
  }
  if (size == 0) { /* which stands for all */
    la_push_list(L, la_state_of(L), 0);
    return 1;
  }
  la_result_push_list(L, la_state_of(L), result, 1, (size_t)size);
  return 1;
}

/* Also what `for row in result` calls. */
static int result_fetchone(lua_State *L) {
  la_result *result = la_check_result(L, 1);
  la_result_check_open(L, result);
  if (!push_quick(L, result, 1) && !la_result_next(L, la_state_of(L), result, 1)) {
    lua_pushnil(L);
  }
  return 1;
}

/* ---- reading one ---- */

enum { ALLOW_NONE = 1, ALLOW_MANY = 2 };

static int only_one(lua_State *L, bool scalar, int allow) {
  la_state *state = la_state_of(L);
  la_result *result = la_check_result(L, 1);
  la_result view = *result;
  la_result_check_open(L, result);
  if (scalar && result->mode != LA_RESULT_SCALARS) {
    view.mode = LA_RESULT_SCALARS;
    view.column = 0;
  }
  if (!la_result_next(L, state, &view, 1)) {
    la_result_close(result, true);
    if (allow & ALLOW_NONE) {
      lua_pushnil(L);
      return 1;
    }
    return la_raise_status(L, LA_NO_RESULT, "No row was found when one was required");
  }
  if (!(allow & ALLOW_MANY) && la_result_next(L, state, &view, 1)) {
    la_result_close(result, true);
    return la_raise_status(L, LA_MULTIPLE_RESULTS,
                           allow & ALLOW_NONE
                               ? "Multiple rows were found when one or none was required"
                               : "Multiple rows were found when exactly one was required");
  }
  la_result_close(result, true);
  if (lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL) {
    lua_pushnil(L);
  }
  return 1;
}

static int result_first(lua_State *L) {
  return only_one(L, false, ALLOW_NONE | ALLOW_MANY);
}

static int result_one(lua_State *L) {
  return only_one(L, false, 0);
}

static int result_one_or_none(lua_State *L) {
  return only_one(L, false, ALLOW_NONE);
}

static int result_scalar(lua_State *L) {
  return only_one(L, true, ALLOW_NONE | ALLOW_MANY);
}

static int result_scalar_one(lua_State *L) {
  return only_one(L, true, 0);
}

static int result_scalar_one_or_none(lua_State *L) {
  return only_one(L, true, ALLOW_NONE);
}

/* ---- fields ---- */

static int result_close(lua_State *L) {
  la_result_close(la_check_result(L, 1), true);
  return 0;
}

static int raise_no_insert(lua_State *L) {
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "Statement is not an insert() expression construct.");
}

static bool push_field(lua_State *L, const la_result *base, const char *name) {
  if (strcmp(name, "rowcount") == 0) {
    lua_pushinteger(L, base->rowcount);
  } else if (strcmp(name, "lastrowid") == 0) {
    lua_pushinteger(L, base->lastrowid);
  } else if (strcmp(name, "returns_rows") == 0) {
    lua_pushboolean(L, base->returns_rows);
  } else if (strcmp(name, "closed") == 0) {
    lua_pushboolean(L, base->closed);
  } else if (strcmp(name, "is_insert") == 0) {
    lua_pushboolean(L, base->is_insert);
  } else {
    return false;
  }
  return true;
}

static void free_shape(void *memory) {
  la_object_release(*(la_object **)memory);
}

/* Pushes a scratch that holds the shape of a primary key's row, and gives that. */
static la_row_shape *push_key_shape(lua_State *L, const la_result *base) {
  la_state *state = la_state_of(L);
  const la_constraint *key = base->compiled->table->primary_key;
  uint32_t count = key ? (uint32_t)key->columns.count : 0;
  la_row_shape **shape = la_push_scratch(L, state, sizeof *shape, free_shape);
  la_shape_column *columns = lua_newuserdatauv(L, count * sizeof *columns + 1, 0);
  for (uint32_t i = 0; i < count; i++) {
    const la_column *column = key->columns.items[i];
    columns[i] = (la_shape_column){.name = column->key, .index = i, .subject = &column->object};
  }
  *shape = la_row_shape_new(&state->alloc, columns, count, base->compiled->subjects);
  if (*shape == NULL) {
    la_raise_status(L, LA_NOMEM, "not enough memory");
  }
  lua_pop(L, 1);
  return *shape;
}

/* The primary key as a row: the values kept, or the last insert id where it is the whole key. */
static void push_key_row(lua_State *L, const la_result *result) {
  la_row_shape *shape = push_key_shape(L, result->base);
  uint32_t count = shape->count;
  luaL_checkstack(L, (int)count + 10, NULL);
  lua_pushnil(L);
  int holder = lua_gettop(L);
  bool kept = lua_getiuservalue(L, push_base(L, result, 1), LA_RESULT_KEYS) == LUA_TTABLE;
  int values = lua_gettop(L);
  for (uint32_t i = 0; i < count; i++) {
    if (kept) {
      lua_rawgeti(L, values, (lua_Integer)i + 1);
    } else {
      lua_pushinteger(L, result->base->lastrowid);
    }
  }
  la_push_row_of_values(L, la_state_of(L), shape, holder);
}

/* Pushes the rows that were fetched for return_defaults() and keys; nil if none were. */
static bool push_fetched(lua_State *L, const la_result *result) {
  int base = push_base(L, result, 1);
  return lua_getiuservalue(L, base, LA_RESULT_FETCHED) == LUA_TTABLE;
}

/* returned_defaults, returned_defaults_rows */
static int push_returned(lua_State *L, const la_result *result, bool rows) {
  if (push_fetched(L, result) && !rows) {
    lua_rawgeti(L, -1, 1);
  }
  return 1;
}

/* Where `column` is among what was fetched, from 1; 0 if it is not there. */
static lua_Integer fetched_place(const la_compiled *compiled, const la_column *column) {
  for (uint32_t i = 0; i < compiled->column_count; i++) {
    if (compiled->columns[i].subject == &column->object) {
      return (lua_Integer)i + 1;
    }
  }
  return 0;
}

static la_row_shape *push_key_shape(lua_State *L, const la_result *base);

/* Keys of many rows, if they were all fetched; false, and nothing pushed, if not. */
static bool push_fetched_keys(lua_State *L, const la_result *result) {
  const la_result *base = result->base;
  const la_constraint *key = base->compiled->table->primary_key;
  size_t count = key ? key->columns.count : 0;
  bool found = base->compiled->fetches && count > 0;
  for (size_t i = 0; found && i < count; i++) {
    found = fetched_place(base->compiled, key->columns.items[i]) > 0;
  }
  if (!found || !push_fetched(L, result)) {
    return false;
  }
  luaL_checkstack(L, (int)count + 10, NULL);
  int rows = lua_gettop(L);
  lua_Integer many = (lua_Integer)lua_rawlen(L, rows);
  la_row_shape *shape = push_key_shape(L, base);
  lua_pushnil(L);
  int holder = lua_gettop(L);
  la_push_list(L, la_state_of(L), (int)many);
  int list = lua_gettop(L);
  for (lua_Integer i = 1; i <= many; i++) {
    lua_rawgeti(L, rows, i);
    for (size_t k = 0; k < count; k++) {
      lua_geti(L, list + 1, fetched_place(base->compiled, key->columns.items[k]));
    }
    la_push_row_of_values(L, la_state_of(L), shape, holder);
    lua_rawseti(L, list, i);
    lua_settop(L, list);
  }
  return true;
}

/* The key of the row inserted; a list of keys after an executemany is not known without RETURNING.
 */
static int push_inserted_key(lua_State *L, const la_result *result, bool rows) {
  const la_result *base = result->base;
  if (!base->is_insert) {
    return raise_no_insert(L);
  }
  if (base->is_many && rows && push_fetched_keys(L, result)) {
    return 1;
  }
  if (base->is_many) {
    return la_raise_status(
        L, LA_INVALID_REQUEST,
        "This statement was an executemany call; its primary keys are known only with "
        "insert(...):returning(...)");
  }
  push_key_row(L, result);
  if (rows) {
    lua_createtable(L, 1, 0);
    lua_insert(L, -2);
    lua_rawseti(L, -2, 1);
    la_set_list(L, la_state_of(L));
  }
  return 1;
}

static int result_index(lua_State *L) {
  const la_result *result = lua_touserdata(L, 1);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL || lua_type(L, 2) != LUA_TSTRING) {
    return 1;
  }
  const char *name = lua_tostring(L, 2);
  if (push_field(L, result->base, name)) {
    return 1;
  }
  if (strcmp(name, "inserted_primary_key") == 0) {
    return push_inserted_key(L, result, false);
  }
  if (strcmp(name, "inserted_primary_key_rows") == 0) {
    return push_inserted_key(L, result, true);
  }
  if (strcmp(name, "returned_defaults") == 0 || strcmp(name, "returned_defaults_rows") == 0) {
    return push_returned(L, result, strcmp(name, "returned_defaults_rows") == 0);
  }
  if (strcmp(name, "t") == 0) {
    lua_pushvalue(L, 1);
    return 1;
  }
  if (name[0] == '_' && name[1] == '_') {
    return 0;
  }
  la_push_hook(L, la_state_of(L), "unknown_result_member");
  lua_pushvalue(L, 2);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_call(L, 2, 0);
  return 0;
}

static int result_tostring(lua_State *L) {
  static const char *const names[] = {"Result", "ScalarResult", "MappingResult"};
  const la_result *result = la_check_result(L, 1), *base = result->base;
  if (!base->returns_rows) {
    lua_pushfstring(L, "<%s without rows>", names[result->mode]);
  } else if (base->closed) {
    lua_pushfstring(L, "<%s, closed>", names[result->mode]);
  } else if (base->source || base->streams) {
    lua_pushfstring(L, "<%s>", names[result->mode]);
  } else {
    lua_pushfstring(L, "<%s with %I rows left>", names[result->mode],
                    (LUAI_UACINT)la_rows_left(&base->rows));
  }
  return 1;
}

/* SQLite counts what a statement changes, of one row and of many. */
static int result_counts_rows(lua_State *L) {
  la_check_result(L, 1);
  lua_pushboolean(L, 1);
  return 1;
}

void la_open_result(lua_State *L, la_state *state) {
  static const luaL_Reg methods[] = {{"all", result_all},
                                     {"fetchall", result_all},
                                     {"fetchmany", result_fetchmany},
                                     {"fetchone", result_fetchone},
                                     {"first", result_first},
                                     {"one", result_one},
                                     {"one_or_none", result_one_or_none},
                                     {"scalar", result_scalar},
                                     {"scalar_one", result_scalar_one},
                                     {"scalar_one_or_none", result_scalar_one_or_none},
                                     {"scalars", la_result_scalars},
                                     {"mappings", la_result_mappings},
                                     {"columns", la_result_columns},
                                     {"tuples", la_result_tuples},
                                     {"unique", la_result_unique},
                                     {"partitions", la_result_partitions},
                                     {"yield_per", la_result_yield_per},
                                     {"keys", la_result_keys},
                                     {"freeze", la_result_freeze},
                                     {"merge", la_result_merge},
                                     {"iter", la_result_iter},
                                     {"close", result_close},
                                     {"supports_sane_rowcount", result_counts_rows},
                                     {"supports_sane_multi_rowcount", result_counts_rows},
                                     {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__index", result_index}, {"__call", result_fetchone},     {"__gc", result_gc},
      {"__close", result_close}, {"__tostring", result_tostring}, {NULL, NULL}};
  la_register_class(L, state, LA_BOX_RESULT, methods, metamethods);
}
