/* SPDX-License-Identifier: MIT */
/*
 * TABLE boxes, which hold the table's TABLE node.
 */
#include "binding/schema_common.h"

#include "binding/sql.h"
#include "sql/from.h"

la_table *la_check_table(lua_State *L, int index) {
  la_node *node = la_live(L, la_check_box(L, index, LA_BOX_TABLE));
  return (la_table *)(void *)node->subject;
}

/* Records `table` with its metadata's box, which is on top of the stack and popped. The table's box
 * is at `index`. */
static void join_metadata(lua_State *L, int index) {
  la_push_record(L, -1); /* metadata, its record */
  if (lua_getfield(L, -1, "boxes") == LUA_TTABLE) {
    lua_pushvalue(L, index);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
  lua_pop(L, 2); /* metadata */
  la_push_record(L, index);
  lua_insert(L, -2);
  lua_setfield(L, -2, "metadata");
  lua_newtable(L);
  lua_setfield(L, -2, "boxes");
  lua_pop(L, 1);
}

/* Records the COLUMN box at `column` with the table's box at `table`, and the other way round. */
static void join_column(lua_State *L, int table, int column) {
  la_push_record(L, table);
  lua_getfield(L, -1, "boxes");
  lua_pushvalue(L, column);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 2);
  la_push_record(L, column);
  lua_pushvalue(L, table);
  lua_setfield(L, -2, "table");
  lua_pop(L, 1);
}

void la_push_table(lua_State *L, la_state *state, la_table *table) {
  if (la_push_known(L, state, table)) {
    return;
  }
  la_push_node(L, state, la_from_table(&state->sql, table), 0, -1);
  int index = lua_gettop(L);
  la_know(L, state, table);
  la_push_metadata(L, state,
                   table->metadata); /* which may come back here and find the table known */
  join_metadata(L, index);
  for (size_t i = 0; i < table->columns.count; i++) {
    la_push_column(L, state, table->columns.items[i]);
    join_column(L, index, lua_gettop(L));
    lua_pop(L, 1);
  }
}

static int table_gc(lua_State *L) {
  la_box *box = lua_touserdata(L, 1);
  la_node *node = box->object;
  box->object = NULL;
  if (node) {
    la_table *table = (la_table *)(void *)node->subject;
    la_release_part(la_state_of(L), &node->object, table->metadata);
  }
  return 0;
}

/* ---- low-level functions ---- */

/* core.table_new(metadata, name, schema or nil) → TABLE without columns */
static int table_new(lua_State *L) {
  la_state *state = la_state_of(L);
  la_error err = LA_ERROR_INIT;
  la_table *table;
  la_text schema = lua_isnoneornil(L, 3) ? LA_TEXT_NONE : la_check_text(L, 3);
  la_raise_if(
      L, la_metadata_add_table(la_check_metadata(L, 1), la_check_text(L, 2), schema, &table, &err),
      &err);
  la_push_table(L, state, table);
  return 1;
}

/* core.table_add_column(table, column): attaches it. */
static int table_add_column(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  la_table *table = la_check_table(L, 1);
  la_column *column = la_check_column(L, 2);
  la_column_box *box = lua_touserdata(L, 2);
  la_raise_if(L, la_table_add_column(table, column, &err), &err);
  la_column_box_renew(box); /* it was the expression of a column without a table */
  join_column(L, 1, 2);
  la_push_record(L, 1);
  lua_pushnil(L);
  lua_setfield(L, -2, "c"); /* the collection is made anew */
  return 0;
}

/* core.table_quote(table, quote, quote_schema): each true, false or nil. */
static int table_quote(lua_State *L) {
  la_table *table = la_check_table(L, 1);
  table->quote = la_check_quote(L, 2);
  table->quote_schema = la_check_quote(L, 3);
  return 0;
}

/* core.table_set(table, {comment, prefixes, …}); core.table_option(table, name, value) */
static int table_set_comment(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  la_text comment = lua_isnil(L, 2) ? LA_TEXT_NONE : la_check_text(L, 2);
  la_raise_if(L, la_table_set_comment(la_check_table(L, 1), comment, &err), &err);
  return 0;
}

/* core.table_set_implicit_returning(table, boolean) */
static int table_set_implicit_returning(lua_State *L) {
  luaL_checktype(L, 2, LUA_TBOOLEAN);
  la_check_table(L, 1)->no_implicit_returning = !lua_toboolean(L, 2);
  return 0;
}

static int table_add_prefix(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  la_raise_if(L, la_table_add_prefix(la_check_table(L, 1), la_check_text(L, 2), &err), &err);
  return 0;
}

static int table_set_option(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  la_table *table = la_check_table(L, 1);
  la_value value = LA_VALUE_NONE;
  if (lua_isboolean(L, 3)) {
    value = la_value_of_kind(LA_VALUE_BOOLEAN, lua_toboolean(L, 3));
  } else if (lua_isinteger(L, 3)) {
    value = la_value_integer(lua_tointeger(L, 3));
  } else {
    value = la_value_text(la_check_text(L, 3));
  }
  la_raise_if(L, la_table_set_option(table, la_check_text(L, 2), &value, &err), &err);
  return 0;
}

/* core.table_option(table, name) → value or nil */
static int table_option(lua_State *L) {
  const la_value *value = la_table_option(la_check_table(L, 1), luaL_checkstring(L, 2));
  if (value) {
    la_push_value(L, la_state_of(L), value);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* core.table_columns(table) → list of COLUMNs */
static int table_columns(lua_State *L) {
  la_table *table = la_check_table(L, 1);
  la_push_column_list(L, la_state_of(L), table->columns.items, table->columns.count);
  return 1;
}

/* core.table_column(table, key) → COLUMN or nil */
static int table_column(lua_State *L) {
  la_column *column = la_table_column(la_check_table(L, 1), la_check_text(L, 2));
  if (column) {
    la_push_column(L, la_state_of(L), column);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* core.table_resolve(table): its foreign keys find their columns. */
static int table_resolve(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  la_raise_if(L, la_table_resolve(la_check_table(L, 1), &err), &err);
  return 0;
}

/* core.table_autoincrement(table) → COLUMN or nil */
static int table_autoincrement(lua_State *L) {
  la_column *column = la_table_autoincrement_column(la_check_table(L, 1));
  if (column) {
    la_push_column(L, la_state_of(L), column);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

static int table_prefixes(lua_State *L) {
  la_table *table = la_check_table(L, 1);
  la_push_list(L, la_state_of(L), (int)table->prefixes.count);
  for (size_t i = 0; i < table->prefixes.count; i++) {
    la_push_text(L, table->prefixes.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* ---- fields ---- */

/* The collection is made once: `t.c == t.c`. */
static void push_collection(lua_State *L, la_state *state) {
  la_push_record(L, 1);
  if (lua_getfield(L, -1, "c") == LUA_TNIL) {
    lua_pop(L, 1);
    la_push_columns(L, state, la_to_node(L, 1), 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "c");
  }
}

static int table_index(lua_State *L) {
  la_state *state = la_state_of(L);
  la_table *table = la_check_table(L, 1);
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  if (strcmp(key, "c") == 0 || strcmp(key, "columns") == 0) {
    push_collection(L, state);
    return 1;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  if (strcmp(key, "name") == 0) {
    la_push_text(L, table->name);
  } else if (strcmp(key, "schema") == 0) {
    la_push_optional_text(L, table->schema);
  } else if (strcmp(key, "fullname") == 0 || strcmp(key, "key") == 0) {
    la_push_text(L, table->fullname);
  } else if (strcmp(key, "comment") == 0) {
    la_push_optional_text(L, table->comment);
  } else if (strcmp(key, "metadata") == 0) {
    la_push_metadata(L, state, table->metadata);
  } else {
    return la_field_by_hook(L, "table_field");
  }
  return 1;
}

static int table_tostring(lua_State *L) {
  la_push_text(L, la_check_table(L, 1)->fullname);
  return 1;
}

void la_open_schema_table(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"table_new", table_new},
      {"table_add_column", table_add_column},
      {"table_set_comment", table_set_comment},
      {"table_set_implicit_returning", table_set_implicit_returning},
      {"table_quote", table_quote},
      {"table_add_prefix", table_add_prefix},
      {"table_set_option", table_set_option},
      {"table_option", table_option},
      {"table_columns", table_columns},
      {"table_column", table_column},
      {"table_resolve", table_resolve},
      {"table_autoincrement", table_autoincrement},
      {"table_prefixes", table_prefixes},
      {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__index", table_index}, {"__tostring", table_tostring}, {"__gc", table_gc}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_TABLE, NULL, metamethods);
}
