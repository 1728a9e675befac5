/* SPDX-License-Identifier: MIT */
/*
 * The texts of CREATE and DROP.
 */
#include "binding/schema_common.h"

#include "compile/compiled.h"

static const la_dialect *check_dialect(lua_State *L, int index) {
  la_text name = la_check_text(L, index);
  const la_dialect *dialect = la_dialect_find(name);
  if (!dialect) {
    la_raise_status(L, LA_NO_SUCH_MODULE, "there is no dialect \"%s\"", name.bytes);
  }
  return dialect;
}

static void clear_text(void *memory) {
  la_strbuf_clear(memory);
}

/* core.ddl(dialect name, what, thing, check, translation, limit): what is "create_table",
 * "drop_table", "create_index", "drop_index", "column", "constraint" or "constraint_name" (an
 * empty text if it has none), and the thing a TABLE, INDEX, COLUMN or CONSTRAINT; with `check` IF
 * NOT EXISTS or IF EXISTS is written; `translation`, or nil, is a map of schemas as in
 * la_compile_options; `limit`, or nil, is the length of names that the engine takes.
 */
static int ddl(lua_State *L) {
  static const char *const kinds[] = {"create_table", "drop_table", "create_index",    "drop_index",
                                      "column",       "constraint", "constraint_name", NULL};
  la_state *state = la_state_of(L);
  la_dialect translated = *check_dialect(L, 1);
  const la_dialect *dialect = &translated;
  int kind = luaL_checkoption(L, 2, NULL, kinds);
  bool check = lua_toboolean(L, 4);
  if (lua_isstring(L, 5)) {
    translated.schema_translate = la_check_text(L, 5);
  }
  translated.max_identifier_length =
      (size_t)luaL_optinteger(L, 6, (lua_Integer)dialect->max_identifier_length);
  la_error err = LA_ERROR_INIT;
  la_status status;
  la_table *table = kind < 2 ? la_check_table(L, 3) : NULL;
  la_index *index = kind == 2 || kind == 3 ? la_live(L, la_check_box(L, 3, LA_BOX_INDEX)) : NULL;
  la_column *column = kind == 4 ? la_check_column(L, 3) : NULL;
  la_constraint *constraint = kind >= 5 ? la_live(L, la_check_box(L, 3, LA_BOX_CONSTRAINT)) : NULL;
  la_strbuf *text = la_push_scratch(L, state, sizeof *text, clear_text);
  la_strbuf_init(text, &state->alloc);
  switch (kind) {
  case 0:
    status = la_compile_create_table(&state->sql, dialect, table, check, text, &err);
    break;
  case 1:
    status = la_compile_drop_table(&state->sql, dialect, table, check, text, &err);
    break;
  case 2:
    status = la_compile_create_index(&state->sql, dialect, index, check, text, &err);
    break;
  case 4:
    status = la_compile_column(&state->sql, dialect, column, text, &err);
    break;
  case 5:
    status = la_compile_constraint(&state->sql, dialect, constraint, text, &err);
    break;
  case 6:
    status = la_compile_constraint_name(&state->sql, dialect, constraint, text, &err);
    break;
  default:
    status = la_compile_drop_index(&state->sql, dialect, index, check, text, &err);
  }
  la_raise_if(L, status, &err);
  la_raise_if(L, la_strbuf_status(text, &err), &err);
  la_push_text(L, la_strbuf_view(text));
  return 1;
}

/* core.ddl_type(dialect name, type) → its text in DDL */
static int ddl_type(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_dialect *dialect = check_dialect(L, 1);
  la_type *type = la_check_type(L, 2);
  la_error err = LA_ERROR_INIT;
  la_strbuf *text = la_push_scratch(L, state, sizeof *text, clear_text);
  la_strbuf_init(text, &state->alloc);
  la_raise_if(L, la_compile_type(dialect, type, text, &err), &err);
  la_raise_if(L, la_strbuf_status(text, &err), &err);
  la_push_text(L, la_strbuf_view(text));
  return 1;
}

/* core.constraint_isolate(constraint, isolated) → was it? CREATE TABLE leaves it out while it is.
 */
static int constraint_isolate(lua_State *L) {
  la_constraint *constraint = la_live(L, la_check_box(L, 1, LA_BOX_CONSTRAINT));
  lua_pushboolean(L, constraint->isolated);
  constraint->isolated = lua_toboolean(L, 2);
  return 1;
}

/* core.quote_ident(dialect name, name) → the name, in quotes if it needs them */
static int quote_ident(lua_State *L) {
  la_state *state = la_state_of(L);
  la_error err = LA_ERROR_INIT;
  const la_dialect *dialect = check_dialect(L, 1);
  la_text name = la_check_text(L, 2);
  la_strbuf *text = la_push_scratch(L, state, sizeof *text, clear_text);
  la_strbuf_init(text, &state->alloc);
  la_compile_ident(dialect, name, text);
  la_raise_if(L, la_strbuf_status(text, &err), &err);
  la_push_text(L, la_strbuf_view(text));
  return 1;
}

void la_open_schema_ddl(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"ddl", ddl},
                                       {"ddl_type", ddl_type},
                                       {"quote_ident", quote_ident},
                                       {"constraint_isolate", constraint_isolate},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
