/* SPDX-License-Identifier: MIT */
/*
 * What a statement that changes rows leaves behind: keys of new rows, and values that the database
 * has made.
 */
#include "binding/engine_execute.h"

#include "binding/process.h"
#include "binding/push.h"

static bool key_is_last_id(const la_compiled *compiled) {
  const la_constraint *key = compiled->table->primary_key;
  return compiled->autoincrement != NULL && key->columns.count == 1 &&
         key->columns.items[0] == compiled->autoincrement;
}

/* The place of `column` among what was fetched, -1 if it was not. */
static int fetched_place(const la_compiled *compiled, const la_column *column) {
  for (uint32_t i = 0; compiled->fetches && i < compiled->column_count; i++) {
    if (compiled->columns[i].subject == &column->object) {
      return (int)i;
    }
  }
  return -1;
}

/* `rows`: stack index of the rows fetched. */
static void push_key_value(la_execution *x, const la_params *params, const la_column *column,
                           int rows) {
  lua_State *L = x->L;
  la_error err = LA_ERROR_INIT;
  int place = fetched_place(x->compiled, column);
  if (place >= 0) {
    if (lua_rawgeti(L, rows, 1) != LUA_TNIL) {
      lua_geti(L, -1, place + 1);
      lua_remove(L, -2);
    }
    return;
  }
  for (uint32_t i = 0; params != NULL && i < x->compiled->param_count && i < params->values.count;
       i++) {
    if (x->compiled->params[i].column == column && params->values.items[i].kind != LA_VALUE_NULL) {
      la_value value;
      la_arena arena;
      la_arena_init(&arena, &x->state->alloc);
      if (la_type_result(column->type, &params->values.items[i], &value, &arena, &err) < 0 ||
          value.kind == LA_VALUE_TEXT || value.kind == LA_VALUE_BLOB) {
        value = params->values.items[i];
      }
      if (value.kind == LA_VALUE_DECIMAL || la_type_has_process_result(column->type)) {
        value = params->values.items[i];
      }
      la_arena_clear(&arena);
      la_push_value(L, x->state, &value);
      if (la_type_has_process_result(column->type)) {
        la_type_process_result(L, x->state, column->type, 0);
      }
      return;
    }
  }
  if (column == x->compiled->autoincrement) {
    lua_pushinteger(L, x->result->lastrowid);
  } else {
    lua_pushnil(L);
  }
}

/* Pushes a list of the rows that were fetched, which are not the program's: the result has none. */
static int push_fetched(la_execution *x) {
  lua_State *L = x->L;
  la_result *result = x->result;
  size_t count = la_rows_left(&result->rows), first = result->rows.next;
  lua_pushnil(L);
  int holder = lua_gettop(L);
  la_push_list(L, x->state, (int)count);
  int list = lua_gettop(L);
  for (size_t i = 0; i < count; i++) {
    la_push_row(L, x->state, result->origin, result->rows.rows.items[first + i], false, holder);
    lua_rawseti(L, list, (lua_Integer)i + 1);
  }
  la_rows_clear(&result->rows);
  result->returns_rows = false;
  lua_pushvalue(L, list);
  lua_setiuservalue(L, x->result_index, LA_RESULT_FETCHED);
  return list;
}

void la_execution_keep_key(la_execution *x, const la_params *params) {
  lua_State *L = x->L;
  const la_compiled *compiled = x->compiled;
  int rows = compiled != NULL && compiled->fetches ? push_fetched(x) : 0;
  if (compiled == NULL || compiled->kind != LA_STATEMENT_INSERT || compiled->table == NULL) {
    return;
  }
  x->result->is_insert = true;
  x->result->is_many = x->many || compiled->multi_values;
  const la_constraint *key = compiled->table->primary_key;
  if (x->result->is_many || key == NULL || (key_is_last_id(compiled) && rows == 0)) {
    return;
  }
  luaL_checkstack(L, (int)key->columns.count + 10, NULL);
  lua_createtable(L, (int)key->columns.count, 0);
  for (size_t i = 0; i < key->columns.count; i++) {
    push_key_value(x, params, key->columns.items[i], rows);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      la_push_null(L);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setiuservalue(L, x->result_index, LA_RESULT_KEYS);
}
