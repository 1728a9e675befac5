/* SPDX-License-Identifier: MIT */
/*
 * COLUMN boxes: a column, and its expression once it is asked for.
 */
#include "binding/host.h"
#include "binding/schema_common.h"
#include "binding/sql.h"

#include "sql/walk.h"

la_column *la_check_column(lua_State *L, int index) {
  return la_live(L, la_check_box(L, index, LA_BOX_COLUMN));
}

la_column **la_check_columns(lua_State *L, int index, size_t *count_out) {
  luaL_checktype(L, index, LUA_TTABLE);
  lua_Integer count = luaL_len(L, index);
  la_column **columns = lua_newuserdatauv(L, sizeof *columns * (size_t)(count + 1), 0);
  for (lua_Integer i = 0; i < count; i++) {
    lua_geti(L, index, i + 1);
    columns[i] = la_check_column(L, -1);
    lua_pop(L, 1);
  }
  *count_out = (size_t)count;
  return columns;
}

void la_push_column(lua_State *L, la_state *state, la_column *column) {
  if (la_push_known(L, state, column)) {
    return;
  }
  la_column_box *box = la_push_box(L, state, LA_BOX_COLUMN, sizeof *box, 1);
  box->box.object = la_object_retain(column);
  la_know(L, state, column);
  if (column->table) {
    la_push_table(
        L, state,
        column->table); /* with it the record of this box is filled, if the table was not known */
    la_push_record(L, -2);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "table");
    lua_pop(L, 2);
  }
}

void la_push_column_list(lua_State *L, la_state *state, la_column *const *columns, size_t count) {
  la_push_list(L, state, (int)count);
  for (size_t i = 0; i < count; i++) {
    la_push_column(L, state, columns[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

void la_column_box_renew(la_column_box *box) {
  la_node_release(box->former);
  box->former = box->node;
  box->node = NULL;
}

static int column_gc(lua_State *L) {
  la_column_box *box = lua_touserdata(L, 1);
  la_column *column = box->box.object;
  la_node *node = box->node, *former = box->former;
  box->box.object = NULL;
  box->node = NULL;
  box->former = NULL;
  if (column) {
    la_metadata *metadata = column->table ? column->table->metadata : NULL;
    la_node_release(node);
    la_node_release(former);
    la_release_part(la_state_of(L), &column->object, metadata);
  }
  return 0;
}

/* Columns whose type comes from a foreign key's target ask for it until it is there. */
static void take_over_type(la_column *column) {
  la_error err = LA_ERROR_INIT;
  if (!column->type && column->table) {
    (void)la_table_resolve(column->table, &err);
  }
}

static la_node *column_node(lua_State *L, la_state *state, int index) {
  la_column_box *box = lua_touserdata(L, index);
  la_column *column = box->box.object;
  if (!column) {
    return NULL;
  }
  if (!column->type) {
    take_over_type(column);
    if (column->type) {
      la_column_box_renew(box);
    }
  }
  if (!box->node) {
    box->node = la_expr_column(&state->sql, column, NULL);
  }
  return box->node;
}

/* ---- making and changing ---- */

static int column_new(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text name = lua_isnil(L, 1) ? LA_TEXT_NONE : la_check_text(L, 1);
  la_type *type = la_opt_type(L, 2);
  la_column_box *box = la_push_box(L, state, LA_BOX_COLUMN, sizeof *box, 1);
  box->box.object = la_column_new(&state->alloc, name, type);
  if (!box->box.object) {
    la_raise_nomem(L);
  }
  la_know(L, state, box->box.object);
  la_push_record(L, -1);
  lua_pushvalue(L, 2);
  lua_setfield(L, -2, "type");
  lua_pop(L, 1);
  return 1;
}

/* core.column_copy(column) → COLUMN without a table; its record is the caller's business. */
static int column_copy(lua_State *L) {
  la_state *state = la_state_of(L);
  la_column *column = la_check_column(L, 1);
  la_column_box *box = la_push_box(L, state, LA_BOX_COLUMN, sizeof *box, 1);
  box->box.object = la_column_copy(column, &state->alloc);
  if (!box->box.object) {
    la_raise_nomem(L);
  }
  la_know(L, state, box->box.object);
  return 1;
}

static void set_autoincrement(lua_State *L, la_column *column) {
  if (lua_isboolean(L, 3)) {
    column->autoincrement = lua_toboolean(L, 3) ? LA_AUTOINCREMENT_ON : LA_AUTOINCREMENT_OFF;
  } else {
    la_text word = la_check_text(L, 3);
    if (!la_text_is(word, "auto") && !la_text_is(word, "ignore_fk")) {
      la_raise_status(L, LA_ARGUMENT,
                      "autoincrement is true, false, \"auto\" or \"ignore_fk\", not \"%s\"",
                      word.bytes);
    }
    column->autoincrement =
        la_text_is(word, "auto") ? LA_AUTOINCREMENT_AUTO : LA_AUTOINCREMENT_IGNORE_FK;
  }
}

static bool check_flag(lua_State *L, const char *key) {
  if (!lua_isboolean(L, 3)) {
    la_raise_status(L, LA_ARGUMENT, "\"%s\" of a Column is a boolean, not a %s", key,
                    luaL_typename(L, 3));
  }
  return lua_toboolean(L, 3) != 0;
}

/* The text at 3; none for nil. */
static la_text text_or_none(lua_State *L) {
  return lua_isnil(L, 3) ? LA_TEXT_NONE : la_check_text(L, 3);
}

/* core.column_set(column, key, value) */
static int column_set(lua_State *L) {
  la_column *column = la_check_column(L, 1);
  la_column_box *box = lua_touserdata(L, 1);
  const char *key = luaL_checkstring(L, 2);
  la_error err = LA_ERROR_INIT;
  lua_settop(L, 3);
  if (strcmp(key, "name") == 0) {
    la_raise_if(L, la_column_set_name(column, text_or_none(L), &err), &err);
  } else if (strcmp(key, "key") == 0) {
    la_raise_if(L, la_column_set_key(column, text_or_none(L), &err), &err);
  } else if (strcmp(key, "comment") == 0) {
    la_raise_if(L, la_column_set_comment(column, text_or_none(L), &err), &err);
  } else if (strcmp(key, "conflict_not_null") == 0 || strcmp(key, "conflict_primary_key") == 0) {
    bool of_key = strcmp(key, "conflict_primary_key") == 0;
    la_raise_if(L, la_column_set_conflict(column, of_key, text_or_none(L), &err), &err);
  } else if (strcmp(key, "type") == 0) {
    la_column_set_type(column, la_check_type(L, 3));
    la_push_record(L, 1);
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, "type");
  } else if (strcmp(key, "nullable") == 0) {
    column->nullable = check_flag(L, key);
    column->nullable_given = true;
  } else if (strcmp(key, "primary_key") == 0) {
    column->primary_key = check_flag(L, key);
    column->nullable = column->nullable_given ? column->nullable : !column->primary_key;
  } else if (strcmp(key, "unique") == 0) {
    column->unique = check_flag(L, key);
  } else if (strcmp(key, "index") == 0) {
    column->indexed = check_flag(L, key);
  } else if (strcmp(key, "system") == 0) {
    column->system = check_flag(L, key);
  } else if (strcmp(key, "unindexed") == 0) {
    column->unindexed = check_flag(L, key);
  } else if (strcmp(key, "quote") == 0) {
    column->quote = check_flag(L, key) ? LA_QUOTE_ALWAYS : LA_QUOTE_NEVER;
  } else if (strcmp(key, "autoincrement") == 0) {
    set_autoincrement(L, column);
  } else {
    return la_raise_status(L, LA_ARGUMENT, "a Column has no \"%s\" to set", key);
  }
  la_column_box_renew(box);
  return 0;
}

static const char *const default_slots[] = {"default", "onupdate", "server_default",
                                            "server_onupdate", NULL};

/* The value at 4 as a default's value, bytes lent from `scratch`. */
static la_status default_value(lua_State *L, const la_column *column, la_default_kind kind,
                               la_arena *scratch, la_value *out, la_error *err) {
  bool text = kind == LA_DEFAULT_TEXT;
  return la_value_from_lua(L, 4, text ? NULL : column->type, scratch, out, NULL, err);
}

/* core.column_default(column, slot, kind, value): kind is "value", "expr", "host", "text",
 * "fetched" or "none". */
static int column_default(lua_State *L) {
  static const char *const kinds[] = {"none", "value", "expr", "host", "text", "fetched", NULL};
  la_state *state = la_state_of(L);
  la_column *column = la_check_column(L, 1);
  la_default_slot slot = (la_default_slot)luaL_checkoption(L, 2, NULL, default_slots);
  la_default what = {.kind = (la_default_kind)luaL_checkoption(L, 3, NULL, kinds)};
  la_error err = LA_ERROR_INIT;
  la_status status = LA_OK;
  la_arena scratch;
  lua_settop(L, 4);
  if (what.kind == LA_DEFAULT_HOST) {
    luaL_checktype(L, 4, LUA_TFUNCTION);
    what.host = la_host_number(L, state, 4);
  } else if (what.kind == LA_DEFAULT_EXPR) {
    la_node *node = la_to_node(L, 4);
    if (!node) {
      return la_raise_argument(L, 4, "expression");
    }
    what.expr = &node->object;
  }
  la_arena_init(&scratch, &state->alloc);
  if (what.kind == LA_DEFAULT_VALUE || what.kind == LA_DEFAULT_TEXT) {
    status = default_value(L, column, what.kind, &scratch, &what.value, &err);
  }
  if (status >= 0) {
    status = la_column_set_default(column, slot, &what, &err);
  }
  la_arena_clear(&scratch);
  la_raise_if(L, status, &err);
  return 0;
}

/* core.column_get_default(column, slot) → kind, value */
static int column_get_default(lua_State *L) {
  static const char *const kinds[] = {"none", "value", "expr", "host", "text", "fetched"};
  la_state *state = la_state_of(L);
  la_default_slot slot = (la_default_slot)luaL_checkoption(L, 2, NULL, default_slots);
  const la_default *what = &la_check_column(L, 1)->defaults[slot];
  lua_pushstring(L, kinds[what->kind]);
  if (what->kind == LA_DEFAULT_HOST) {
    la_push_host(L, state, what->host);
  } else if (what->kind == LA_DEFAULT_EXPR) {
    la_push_node(L, state, la_object_retain(what->expr), 0, -1);
  } else {
    la_push_value(L, state, &what->value);
  }
  return 2;
}

/* core.column_computed(column, expression, persisted or nil) */
static int column_computed(lua_State *L) {
  la_column *column = la_check_column(L, 1);
  la_node *node = la_to_node(L, 2);
  if (!node) {
    return la_raise_argument(L, 2, "expression");
  }
  la_object_release(column->computed);
  column->computed = la_object_retain(node);
  column->computed_persisted_given = !lua_isnoneornil(L, 3);
  column->computed_persisted = lua_toboolean(L, 3);
  return 0;
}

/* ---- columns in expressions ---- */

/* core.column_of(expression) → the COLUMN that it is, or nil: mapped attributes and labels are
 * looked into. */
static int column_of(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  while (node && (node->kind == LA_NODE_ATTRIBUTE || node->kind == LA_NODE_LABEL)) {
    node = la_node_child(node, 0);
  }
  if (node && node->kind == LA_NODE_COLUMN && node->subject) {
    la_push_column(L, la_state_of(L), (la_column *)(void *)node->subject);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

typedef struct found_columns {
  lua_State *L;
  la_column **items; /* NULL while they are counted */
  size_t count;
} found_columns;

static la_walk_answer note_column(const la_node *node, void *ctx) {
  found_columns *found = ctx;
  if (node->kind == LA_NODE_COLUMN && node->subject) {
    if (found->items) {
      found->items[found->count] = (la_column *)(void *)node->subject;
    }
    found->count++;
  }
  return LA_WALK_CONTINUE;
}

/* core.columns_of(expression) → list of the COLUMNs in it, in order */
static int columns_of(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *node = la_to_node(L, 1);
  found_columns found = {.L = L};
  la_error err = LA_ERROR_INIT;
  if (node) {
    la_raise_if(L, la_walk(&state->alloc, node, note_column, &found, &err), &err);
  }
  size_t count = found.count;
  found.items = lua_newuserdatauv(L, sizeof *found.items * (count + 1), 0);
  found.count = 0;
  if (node) {
    la_raise_if(L, la_walk(&state->alloc, node, note_column, &found, &err), &err);
  }
  la_push_column_list(L, state, found.items, found.count);
  return 1;
}

/* ---- fields ---- */

static void push_autoincrement(lua_State *L, const la_column *column) {
  switch (column->autoincrement) {
  case LA_AUTOINCREMENT_ON:
  case LA_AUTOINCREMENT_OFF:
    lua_pushboolean(L, column->autoincrement == LA_AUTOINCREMENT_ON);
    break;
  case LA_AUTOINCREMENT_IGNORE_FK:
    lua_pushliteral(L, "ignore_fk");
    break;
  default:
    lua_pushliteral(L, "auto");
  }
}

/* Pushes a field that the core knows; false if it is another. */
static bool push_core_field(lua_State *L, la_state *state, la_column *column, const char *key) {
  if (strcmp(key, "name") == 0) {
    la_push_optional_text(L, column->name);
  } else if (strcmp(key, "key") == 0) {
    la_push_optional_text(L, column->key);
  } else if (strcmp(key, "type") == 0) {
    take_over_type(column);
    la_push_type(L, state, column->type ? column->type : state->types.null);
  } else if (strcmp(key, "table") == 0) {
    if (column->table) {
      la_push_table(L, state, column->table);
    } else {
      lua_pushnil(L);
    }
  } else if (strcmp(key, "nullable") == 0) {
    lua_pushboolean(L, column->nullable);
  } else if (strcmp(key, "primary_key") == 0) {
    lua_pushboolean(L, column->primary_key);
  } else if (strcmp(key, "unique") == 0) {
    lua_pushboolean(L, column->unique);
  } else if (strcmp(key, "index") == 0) {
    lua_pushboolean(L, column->indexed);
  } else if (strcmp(key, "system") == 0) {
    lua_pushboolean(L, column->system);
  } else if (strcmp(key, "quote") == 0) {
    la_push_quote(L, column->quote);
  } else if (strcmp(key, "comment") == 0) {
    la_push_optional_text(L, column->comment);
  } else if (strcmp(key, "autoincrement") == 0) {
    push_autoincrement(L, column);
  } else {
    return false;
  }
  return true;
}

/* Methods of expressions, then fields. */
static int column_index(lua_State *L) {
  la_state *state = la_state_of(L);
  la_column *column = la_check_column(L, 1);
  if (column->type != NULL && (column->type->flags & LA_TYPE_COMPARATOR) &&
      la_push_comparator(L, state, column->type, lua_tostring(L, 2))) {
    return 1;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  if (lua_type(L, 2) == LUA_TSTRING && push_core_field(L, state, column, lua_tostring(L, 2))) {
    return 1;
  }
  return la_field_by_hook(L, "column_field");
}

static int column_tostring(lua_State *L) {
  la_column *column = la_check_column(L, 1);
  if (column->table) {
    la_push_text(L, column->table->fullname);
    lua_pushliteral(L, ".");
    la_push_text(L, column->name);
    lua_concat(L, 3);
  } else if (column->name.bytes) {
    la_push_text(L, column->name);
  } else {
    lua_pushliteral(L, "(no name)");
  }
  return 1;
}

void la_open_schema_column(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"column_new", column_new},
                                       {"column_copy", column_copy},
                                       {"column_set", column_set},
                                       {"column_default", column_default},
                                       {"column_get_default", column_get_default},
                                       {"column_computed", column_computed},
                                       {"column_of", column_of},
                                       {"columns_of", columns_of},
                                       {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__index", column_index},
                                         {"__tostring", column_tostring},
                                         {"__gc", column_gc},
                                         {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_COLUMN, NULL, metamethods);
  la_register_node_getter(state, LA_BOX_COLUMN, column_node);
}
