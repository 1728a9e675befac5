/* SPDX-License-Identifier: MIT */
#include "binding/push.h"
#include "binding/raise.h"
#include "binding/result.h"
#include "sql/from.h"

/* Up to so many columns are searched one by one, which is faster than hashing. */
#define FEW_COLUMNS 8

static void shape_destroy(la_object *object) {
  la_row_shape *shape = (la_row_shape *)object;
  la_map_clear(&shape->by_name, shape->alloc);
  la_arena_clear(&shape->arena);
  la_object_release(shape->keeps);
  la_free(shape->alloc, shape, sizeof *shape);
}

static const la_object_class shape_class = {.name = "row shape", .destroy = shape_destroy};

/* Names lie in the shape's own memory; a name that comes twice is ambiguous in both places. */
static bool add_column(la_row_shape *shape, const la_shape_column *from, uint32_t at) {
  la_shape_column *column = &shape->columns[at], *other;
  *column = *from;
  column->ambiguous = false;
  shape->has_host |= column->host;
  if (column->name.bytes == NULL) {
    return true;
  }
  column->name.bytes = la_arena_copy(&shape->arena, from->name.bytes, from->name.len);
  if (column->name.bytes == NULL) {
    return false;
  }
  other = la_map_get(&shape->by_name, column->name);
  if (other != NULL) {
    other->ambiguous = column->ambiguous = true;
    return true;
  }
  return la_map_set(&shape->by_name, shape->alloc, column->name, column);
}

static bool has_twins(const la_row_shape *shape) {
  for (uint32_t i = 0; i < shape->count; i++) {
    for (uint32_t k = 0; shape->columns[i].subject != NULL && k < i; k++) {
      if (shape->columns[k].subject == shape->columns[i].subject) {
        return true;
      }
    }
  }
  return false;
}

la_row_shape *la_row_shape_new(la_allocator *alloc, const la_shape_column *columns, uint32_t count,
                               la_object *keeps) {
  la_row_shape *shape = la_alloc_zero(alloc, sizeof *shape);
  if (shape == NULL) {
    return NULL;
  }
  la_object_init(&shape->object, &shape_class);
  shape->alloc = alloc;
  shape->count = count;
  shape->keeps = la_object_retain(keeps);
  la_arena_init(&shape->arena, alloc);
  shape->columns = la_arena_alloc_zero(&shape->arena, count * sizeof *columns + 1);
  bool ok = shape->columns != NULL;
  for (uint32_t i = 0; ok && i < count; i++) {
    ok = add_column(shape, &columns[i], i);
  }
  if (!ok) {
    la_object_release(shape);
    return NULL;
  }
  shape->has_twins = has_twins(shape);
  return shape;
}

/* ---- columns that come from one and the same ---- */

/* The alias that a COLUMN comes from; NULL for the table itself. */
static const la_node *alias_of(const la_node *column) {
  const la_node *from = la_node_child(column, 0);
  return from != NULL && from->kind != LA_NODE_TABLE ? from : NULL;
}

/* Sees where the column that `expr` stands for, labelled or not, comes from. */
static void take_from(la_shape_column *column, const la_node *expr) {
  while ((expr->kind == LA_NODE_LABEL || expr->kind == LA_NODE_ATTRIBUTE) && expr->count > 0 &&
         expr->children[0] != NULL) {
    expr = expr->children[0];
  }
  column->from_known = expr->kind == LA_NODE_COLUMN;
  column->from = column->from_known ? alias_of(expr) : NULL;
}

/* Where the items of a SELECT are the columns of its rows one by one; false if they are not. */
static bool take_item_froms(const la_node *select, la_arena *arena, la_shape_column *columns,
                            uint32_t count) {
  const la_node *chain = la_node_child(select, LA_SELECT_COLUMNS);
  la_node **items;
  if (select->kind != LA_NODE_SELECT || la_chain_count(chain) != count) {
    return false;
  }
  items = la_arena_alloc(arena, count * sizeof *items + 1);
  if (items == NULL) {
    return false;
  }
  la_chain_collect(chain, items);
  for (uint32_t i = 0; i < count; i++) {
    take_from(&columns[i], items[i]);
  }
  return true;
}

/* Where entities and stars among the items are spread. */
static la_status take_spread_froms(const la_sql *sql, const la_node *select, la_arena *arena,
                                   la_shape_column *columns, uint32_t count, la_error *err) {
  la_node **exprs;
  la_text *keys;
  size_t found = 0;
  LA_TRY(la_select_exported(sql, select, arena, &exprs, &keys, &found, err));
  for (size_t i = 0; i < found; i++) {
    if (found == count) {
      take_from(&columns[i], exprs[i]);
    }
    la_node_release(exprs[i]);
  }
  return LA_OK;
}

la_status la_row_shape_tell_apart(la_state *state, la_row_shape **shape, const la_node *statement,
                                  la_error *err) {
  la_row_shape *blind = *shape, *fresh = NULL;
  const la_node *select = statement;
  la_shape_column *columns;
  la_status status = LA_OK;
  la_arena arena;
  while (select != NULL && select->kind == LA_NODE_COMPOUND) {
    select = la_node_child(la_node_child(select, LA_SELECT_COLUMNS), 0);
  }
  if (!blind->has_twins || select == NULL || select->kind != LA_NODE_SELECT) {
    return LA_OK;
  }
  la_arena_init(&arena, &state->alloc);
  columns = la_arena_alloc(&arena, blind->count * sizeof *columns);
  if (columns != NULL) {
    memcpy(columns, blind->columns, blind->count * sizeof *columns);
    status = take_item_froms(select, &arena, columns, blind->count)
                 ? LA_OK
                 : take_spread_froms(&state->sql, select, &arena, columns, blind->count, err);
  }
  if (columns != NULL && status >= 0) {
    fresh = la_row_shape_new(&state->alloc, columns, blind->count, (la_object *)statement);
  }
  la_arena_clear(&arena);
  LA_TRY(status);
  if (fresh == NULL) {
    return la_fail_nomem(err);
  }
  la_object_release(blind);
  *shape = fresh;
  return LA_OK;
}

const la_shape_column *la_row_shape_find(const la_row_shape *shape, la_text name) {
  if (shape->count > FEW_COLUMNS) {
    return la_map_get(&shape->by_name, name);
  }
  for (uint32_t i = 0; i < shape->count; i++) {
    if (shape->columns[i].name.bytes != NULL && la_text_equal(shape->columns[i].name, name)) {
      return &shape->columns[i];
    }
  }
  return NULL;
}

/* ---- what a program names ---- */

static int raise_unknown(lua_State *L, const la_row_shape *shape, la_text name) {
  la_text near = la_map_nearest(&shape->by_name, name);
  if (near.bytes != NULL) {
    return la_raise_status(L, LA_NO_SUCH_COLUMN,
                           "Could not locate column in row for column '%.*s'; did you mean '%.*s'?",
                           LA_TEXT_FORMAT(name), LA_TEXT_FORMAT(near));
  }
  return la_raise_status(L, LA_NO_SUCH_COLUMN, "Could not locate column in row for column '%.*s'",
                         LA_TEXT_FORMAT(name));
}

static void raise_ambiguous(lua_State *L, la_text name) {
  la_raise_status(L, LA_INVALID_REQUEST,
                  "Ambiguous column name '%.*s' in result set column descriptions",
                  LA_TEXT_FORMAT(name));
}

static const la_shape_column *check_name(lua_State *L, const la_row_shape *shape, la_text name) {
  const la_shape_column *column = la_row_shape_find(shape, name);
  if (column == NULL) {
    raise_unknown(L, shape, name);
  } else if (column->ambiguous) {
    raise_ambiguous(L, name);
  }
  return column;
}

/* A table's column that is not there, called as SQL calls it. */
static int raise_unknown_column(lua_State *L, const la_column *column) {
  return la_raise_status(L, LA_NO_SUCH_COLUMN,
                         "Could not locate column in row for column '%.*s.%.*s'",
                         LA_TEXT_FORMAT(column->table->name), LA_TEXT_FORMAT(column->name));
}

/* The column made of what `node` is, called `name` in messages: the only one of its subject, or the
 * first that comes from its alias too. NULL if there is none. */
static const la_shape_column *find_subject(lua_State *L, const la_row_shape *shape,
                                           const la_node *node, la_text name) {
  const la_shape_column *found = NULL;
  bool several = false;
  for (uint32_t i = 0; i < shape->count; i++) {
    const la_shape_column *column = &shape->columns[i];
    if (column->subject == node->subject) {
      if (column->from_known && column->from == alias_of(node)) {
        return column;
      }
      several = found != NULL;
      found = column;
    }
  }
  if (several && !found->from_known) {
    raise_ambiguous(L, name);
  } else if (several) {
    raise_unknown_column(L, (const la_column *)(const void *)node->subject);
  }
  return found;
}

/* A column object or a class's attribute finds the column that was made of it, else the one of its
 * name. */
static const la_shape_column *check_object(lua_State *L, const la_row_shape *shape, int index) {
  const la_node *node = la_to_node(L, index);
  if (node == NULL) {
    la_raise_status(L, LA_NO_SUCH_COLUMN,
                    "Could not locate column in row: a %s is no column, name or position",
                    luaL_typename(L, index));
    return NULL;
  }
  if (node->kind == LA_NODE_ATTRIBUTE && node->count > 0 && node->children[0] != NULL) {
    node = node->children[0];
  }
  if (node->kind != LA_NODE_COLUMN || node->subject == NULL) {
    return check_name(L, shape, la_expr_name(node));
  }
  const la_column *column = (const la_column *)(const void *)node->subject;
  const la_shape_column *found = find_subject(L, shape, node, la_expr_name(node));
  if (found != NULL) {
    return found;
  }
  if (column->table != NULL && la_row_shape_find(shape, la_expr_name(node)) == NULL) {
    raise_unknown_column(L, column);
  }
  return check_name(L, shape, la_expr_name(node));
}

const la_shape_column *la_check_shape_column(lua_State *L, la_row_shape *shape, int index,
                                             bool or_null) {
  la_text name;
  int is_integer = 0;
  switch (lua_type(L, index)) {
  case LUA_TSTRING:
    name.bytes = lua_tolstring(L, index, &name.len);
    return check_name(L, shape, name);
  case LUA_TNUMBER: {
    lua_Integer at = lua_tointegerx(L, index, &is_integer);
    if (is_integer && at >= 1 && at <= (lua_Integer)shape->count) {
      return &shape->columns[at - 1];
    }
    if (!or_null) {
      la_raise_status(L, LA_NO_SUCH_COLUMN,
                      "Could not locate column in row: there are %d columns, counted from 1",
                      (int)shape->count);
    }
    return NULL;
  }
  default:
    return check_object(L, shape, index);
  }
}
