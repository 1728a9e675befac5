/* SPDX-License-Identifier: MIT */
/*
 * Constraints and indexes. What users hold are Lua objects (lualchemy.schema); each has the box of
 * its core object once it belongs to a table.
 */
#include "binding/schema_common.h"

#include "sql/adapt.h"

static const char *const constraint_kinds[] = {"primary_key", "foreign_key", "unique", "check",
                                               NULL};

static la_constraint *check_constraint(lua_State *L, int index) {
  return la_live(L, la_check_box(L, index, LA_BOX_CONSTRAINT));
}

static la_index *check_index(lua_State *L, int index) {
  return la_live(L, la_check_box(L, index, LA_BOX_INDEX));
}

static void push_constraint(lua_State *L, la_state *state, la_constraint *constraint) {
  if (la_push_known(L, state, constraint)) {
    return;
  }
  la_box *box = la_push_box(L, state, LA_BOX_CONSTRAINT, sizeof *box, 1);
  box->object = la_object_retain(constraint);
  la_know(L, state, constraint);
}

static void push_index(lua_State *L, la_state *state, la_index *index) {
  if (la_push_known(L, state, index)) {
    return;
  }
  la_box *box = la_push_box(L, state, LA_BOX_INDEX, sizeof *box, 1);
  box->object = la_object_retain(index);
  la_know(L, state, index);
}

static int constraint_gc(lua_State *L) {
  la_box *box = lua_touserdata(L, 1);
  la_constraint *constraint = box->object;
  box->object = NULL;
  if (constraint) {
    la_release_part(la_state_of(L), &constraint->object, constraint->table->metadata);
  }
  return 0;
}

static int index_gc(lua_State *L) {
  la_box *box = lua_touserdata(L, 1);
  la_index *index = box->object;
  box->object = NULL;
  if (index) {
    la_release_part(la_state_of(L), &index->object, index->table->metadata);
  }
  return 0;
}

/* ---- making ---- */

/* The strings of the sequence in field `name` ("" stands for none) in a userdata that stays on the
 * stack with the sequence. */
static la_text *text_list(lua_State *L, int index, const char *name) {
  if (lua_getfield(L, index, name) != LUA_TTABLE) {
    return NULL;
  }
  lua_Integer count = luaL_len(L, -1);
  la_text *texts = lua_newuserdatauv(L, sizeof *texts * (size_t)(count + 1), 0);
  for (lua_Integer i = 0; i < count; i++) {
    lua_geti(L, -2, i + 1);
    texts[i] = la_check_text(L, -1);
    lua_pop(L, 1);
  }
  return texts;
}

/* core.constraint_add(table, kind, {columns, name, …}) → CONSTRAINT */
static int constraint_add(lua_State *L) {
  la_state *state = la_state_of(L);
  la_table *table = la_check_table(L, 1);
  la_constraint_kind kind = (la_constraint_kind)luaL_checkoption(L, 2, NULL, constraint_kinds);
  la_constraint *constraint = NULL;
  la_error err = LA_ERROR_INIT;
  luaL_checktype(L, 3, LUA_TTABLE);
  la_constraint_options options = {.name = la_field_text(L, 3, "name"),
                                   .name_is_final = la_field_flag(L, 3, "name_is_final"),
                                   .referred_schema = la_field_text(L, 3, "referred_schema"),
                                   .referred_table = la_field_text(L, 3, "referred_table"),
                                   .ondelete = la_field_text(L, 3, "ondelete"),
                                   .onupdate = la_field_text(L, 3, "onupdate"),
                                   .match = la_field_text(L, 3, "match"),
                                   .initially = la_field_text(L, 3, "initially"),
                                   .conflict = la_field_text(L, 3, "conflict"),
                                   .deferrable = la_field_choice(L, 3, "deferrable"),
                                   .use_alter = la_field_flag(L, 3, "use_alter"),
                                   .inline_rendered = la_field_flag(L, 3, "inline_rendered")};
  lua_getfield(L, 3, "columns");
  if (!lua_isnil(L, -1)) {
    options.columns = la_check_columns(L, lua_gettop(L), &options.column_count);
  }
  options.referred_names = text_list(L, 3, "referred_names");
  if (lua_getfield(L, 3, "referred_columns") != LUA_TNIL) {
    size_t count;
    options.referred_columns = la_check_columns(L, lua_gettop(L), &count);
    luaL_argcheck(L, count == options.column_count, 3, "as many columns as it refers to");
  }
  lua_getfield(L, 3, "sqltext");
  la_node *sqltext = lua_isnil(L, -1) ? NULL : la_to_node(L, -1);
  if (!lua_isnil(L, -1) && !sqltext) {
    return la_raise_status(L, LA_ARGUMENT,
                           "a check constraint takes SQL text or a condition, not a %s",
                           luaL_typename(L, -1));
  }
  options.sqltext = sqltext ? &sqltext->object : NULL;
  lua_getfield(L, 3, "type_bound");
  options.type_bound = lua_isnil(L, -1) ? NULL : la_check_column(L, lua_gettop(L));
  la_raise_if(L, la_table_add_constraint(table, kind, &options, &constraint, &err), &err);
  push_constraint(L, state, constraint);
  return 1;
}

/* The columns that the index is named by, the list on top of the stack: one for each expression
 * that has any. */
static void set_index_columns(lua_State *L, la_index *index) {
  lua_Integer count = luaL_len(L, -1);
  index->columns.count = 0;
  for (lua_Integer i = 1; i <= count && index->columns.count < index->columns.capacity; i++) {
    lua_geti(L, -1, i);
    la_column *column = la_check_column(L, lua_gettop(L));
    if (column->table == index->table) {
      index->columns.items[index->columns.count++] = column; /* there is room for each expression */
    }
    lua_pop(L, 1);
  }
}

/* core.index_add(table, {name, expressions, columns, unique, where}) → INDEX */
static int index_add(lua_State *L) {
  la_state *state = la_state_of(L);
  la_table *table = la_check_table(L, 1);
  la_index *index = NULL;
  la_error err = LA_ERROR_INIT;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_getfield(L, 2, "expressions");
  luaL_checktype(L, -1, LUA_TTABLE);
  int list = lua_gettop(L);
  lua_Integer count = luaL_len(L, list);
  la_object **expressions = lua_newuserdatauv(L, sizeof *expressions * (size_t)(count + 1), 0);
  for (lua_Integer i = 0; i < count; i++) {
    lua_geti(L, list, i + 1);
    la_box *column = la_to_box_of(L, -1, LA_BOX_COLUMN);
    la_node *node = column ? NULL : la_to_node(L, -1);
    if (!column && !node) {
      return la_raise_status(L, LA_ARGUMENT,
                             "an index is made of columns and expressions, not of a %s",
                             luaL_typename(L, -1));
    }
    expressions[i] = column ? la_live(L, column) : &node->object;
    lua_pop(L, 1);
  }
  lua_getfield(L, 2, "where");
  la_node *where = lua_isnil(L, -1) ? NULL : la_to_node(L, -1);
  la_raise_if(L,
              la_table_add_index(table, la_field_text(L, 2, "name"), expressions, (size_t)count,
                                 la_field_flag(L, 2, "unique"), where ? &where->object : NULL,
                                 &index, &err),
              &err);
  index->name_is_final = la_field_flag(L, 2, "name_is_final");
  if (lua_getfield(L, 2, "columns") == LUA_TTABLE) {
    set_index_columns(L, index);
  }
  push_index(L, state, index);
  return 1;
}

/* ---- reading ---- */

static void clear_text(void *memory) {
  la_strbuf_clear(memory);
}

/* core.constraint_name(CONSTRAINT or INDEX) → the name that is written, or nil */
static int constraint_name(lua_State *L) {
  la_state *state = la_state_of(L);
  la_error err = LA_ERROR_INIT;
  la_box *box = la_to_box_of(L, 1, LA_BOX_INDEX);
  la_strbuf *name = la_push_scratch(L, state, sizeof *name, clear_text);
  la_strbuf_init(name, &state->alloc);
  la_raise_if(L,
              box ? la_index_name(la_live(L, box), name, &err)
                  : la_constraint_name(check_constraint(L, 1), name, &err),
              &err);
  if (name->len > 0) {
    la_push_text(L, la_strbuf_view(name));
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* core.constraint_set_name(CONSTRAINT or INDEX, name, is_final) */
static int constraint_set_name(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  la_box *box = la_to_box_of(L, 1, LA_BOX_INDEX);
  la_text name = lua_isnil(L, 2) ? LA_TEXT_NONE : la_check_text(L, 2);
  bool is_final = lua_toboolean(L, 3);
  la_raise_if(L,
              box ? la_index_set_name(la_live(L, box), name, is_final, &err)
                  : la_constraint_set_name(check_constraint(L, 1), name, is_final, &err),
              &err);
  return 0;
}

/* core.constraint_quote(CONSTRAINT or INDEX, quote): whether its name stands in quotes. */
static int constraint_quote(lua_State *L) {
  la_box *box = la_to_box_of(L, 1, LA_BOX_INDEX);
  la_quote quote = la_check_quote(L, 2);
  if (box) {
    ((la_index *)la_live(L, box))->quote = quote;
  } else {
    check_constraint(L, 1)->quote = quote;
  }
  return 0;
}

static void set_text(lua_State *L, const char *name, la_text text) {
  if (text.bytes) {
    la_push_text(L, text);
    lua_setfield(L, -2, name);
  }
}

static void set_flag(lua_State *L, const char *name, bool flag) {
  lua_pushboolean(L, flag);
  lua_setfield(L, -2, name);
}

/* core.constraint_get(CONSTRAINT) → {kind, columns, referred_table, …} */
static int constraint_get(lua_State *L) {
  la_state *state = la_state_of(L);
  la_constraint *constraint = check_constraint(L, 1);
  lua_newtable(L);
  lua_pushstring(L, constraint_kinds[constraint->kind]);
  lua_setfield(L, -2, "kind");
  la_push_column_list(L, state, constraint->columns.items, constraint->columns.count);
  lua_setfield(L, -2, "columns");
  set_text(L, "referred_schema", constraint->referred_schema);
  set_text(L, "referred_table", constraint->referred_table);
  set_text(L, "ondelete", constraint->ondelete);
  set_text(L, "onupdate", constraint->onupdate);
  set_text(L, "match", constraint->match);
  set_text(L, "initially", constraint->initially);
  set_flag(L, "use_alter", constraint->use_alter);
  set_flag(L, "inline_rendered", constraint->inline_rendered);
  set_flag(L, "type_bound", constraint->type_bound != NULL);
  if (constraint->deferrable >= 0) {
    set_flag(L, "deferrable", constraint->deferrable);
  }
  la_push_list(L, state, (int)constraint->referred_names.count);
  for (size_t i = 0; i < constraint->referred_names.count; i++) {
    la_push_text(L, constraint->referred_names.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "referred_names");
  if (constraint->sqltext) {
    la_push_node(L, state, la_object_retain(constraint->sqltext), 0, -1);
    lua_setfield(L, -2, "sqltext");
  }
  return 1;
}

/* core.constraint_referred(CONSTRAINT) → list of the COLUMNs that a foreign key refers to, the
 * TABLE */
static int constraint_referred(lua_State *L) {
  la_state *state = la_state_of(L);
  la_constraint *constraint = check_constraint(L, 1);
  la_error err = LA_ERROR_INIT;
  la_raise_if(L, la_constraint_resolve(constraint, &err), &err);
  la_push_column_list(L, state, constraint->referred_columns.items,
                      constraint->referred_columns.count);
  la_push_table(L, state, constraint->referred);
  return 2;
}

/* core.index_get(INDEX) → {columns, expressions, unique, where} */
static int index_get(lua_State *L) {
  la_state *state = la_state_of(L);
  la_index *index = check_index(L, 1);
  lua_newtable(L);
  la_push_column_list(L, state, index->columns.items, index->columns.count);
  lua_setfield(L, -2, "columns");
  la_push_list(L, state, (int)index->expressions.count);
  for (size_t i = 0; i < index->expressions.count; i++) {
    la_object *expr = index->expressions.items[i];
    if (la_index_has_column(index, i)) {
      la_push_column(L, state, (la_column *)(void *)expr);
    } else {
      la_push_node(L, state, la_object_retain(expr), 0, -1);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "expressions");
  set_flag(L, "unique", index->unique);
  if (index->where) {
    la_push_node(L, state, la_object_retain(index->where), 0, -1);
    lua_setfield(L, -2, "where");
  }
  return 1;
}

/* core.table_constraints(table) → list of CONSTRAINTs, the primary key first */
static int table_constraints(lua_State *L) {
  la_state *state = la_state_of(L);
  la_table *table = la_check_table(L, 1);
  la_push_list(L, state, (int)table->constraints.count);
  for (size_t i = 0; i < table->constraints.count; i++) {
    push_constraint(L, state, table->constraints.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* core.table_indexes(table) → list of INDEXes */
static int table_indexes(lua_State *L) {
  la_state *state = la_state_of(L);
  la_table *table = la_check_table(L, 1);
  la_push_list(L, state, (int)table->indexes.count);
  for (size_t i = 0; i < table->indexes.count; i++) {
    push_index(L, state, table->indexes.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* core.sql_text(string) → TEXT: what CheckConstraint("x > 5") and server_default = text(…) are made
 * of. */
static int sql_text(lua_State *L) {
  la_state *state = la_state_of(L);
  la_push_node(L, state, la_expr_text(&state->sql, la_check_text(L, 1)), 0, -1);
  return 1;
}

typedef struct column_move {
  const la_sql *sql;
  const la_table *from, *to;
} column_move;

static la_status move_column(const la_node *node, void *context, la_node **out, la_error *err) {
  const column_move *move = context;
  const la_column *column = node->kind == LA_NODE_COLUMN ? (const void *)node->subject : NULL;
  la_column *moved = NULL;
  if (column == NULL || column->table != move->from) {
    return LA_OK;
  }
  moved = la_table_column(move->to, column->key);
  if (moved == NULL) {
    return LA_OK;
  }
  *out = la_expr_column(move->sql, moved, NULL);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

/* core.move_columns(expression, table, other) → the expression over the columns of those names of
 * the other table. */
static int move_columns(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *node = la_to_node(L, 1);
  column_move move = {&state->sql, la_check_table(L, 2), la_check_table(L, 3)};
  la_node *moved = NULL;
  la_error err = LA_ERROR_INIT;
  if (node == NULL) {
    return la_raise_argument(L, 1, "expression");
  }
  la_raise_if(L, la_adapt(&state->alloc, node, move_column, &move, &moved, &err), &err);
  la_push_node(L, state, moved, 1, 1);
  return 1;
}

void la_open_schema_constraint(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"constraint_add", constraint_add},
                                       {"index_add", index_add},
                                       {"constraint_name", constraint_name},
                                       {"constraint_set_name", constraint_set_name},
                                       {"constraint_quote", constraint_quote},
                                       {"constraint_get", constraint_get},
                                       {"constraint_referred", constraint_referred},
                                       {"index_get", index_get},
                                       {"table_constraints", table_constraints},
                                       {"table_indexes", table_indexes},
                                       {"sql_text", sql_text},
                                       {"move_columns", move_columns},
                                       {NULL, NULL}};
  static const luaL_Reg constraint_meta[] = {{"__gc", constraint_gc}, {NULL, NULL}};
  static const luaL_Reg index_meta[] = {{"__gc", index_gc}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_CONSTRAINT, NULL, constraint_meta);
  la_register_class(L, state, LA_BOX_INDEX, NULL, index_meta);
}
