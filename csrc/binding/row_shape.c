/* SPDX-License-Identifier: MIT */
#include "binding/push.h"
#include "binding/raise.h"
#include "binding/result.h"

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
  return shape;
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

static const la_shape_column *check_name(lua_State *L, const la_row_shape *shape, la_text name) {
  const la_shape_column *column = la_row_shape_find(shape, name);
  if (column == NULL) {
    raise_unknown(L, shape, name);
  } else if (column->ambiguous) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "Ambiguous column name '%.*s' in result set column descriptions",
                    LA_TEXT_FORMAT(name));
  }
  return column;
}

/* A table's column that is not there, called as SQL calls it. */
static int raise_unknown_column(lua_State *L, const la_column *column) {
  return la_raise_status(L, LA_NO_SUCH_COLUMN,
                         "Could not locate column in row for column '%.*s.%.*s'",
                         LA_TEXT_FORMAT(column->table->name), LA_TEXT_FORMAT(column->name));
}

/* The column made of `subject`, called `name` in messages; NULL if there is none. Several, of
 * aliases or labels, can't be told apart. */
static const la_shape_column *find_subject(lua_State *L, const la_row_shape *shape,
                                           const la_object *subject, la_text name) {
  const la_shape_column *found = NULL;
  for (uint32_t i = 0; i < shape->count; i++) {
    if (shape->columns[i].subject == subject) {
      if (found != NULL) {
        la_raise_status(L, LA_INVALID_REQUEST,
                        "Ambiguous column name '%.*s' in result set column descriptions",
                        LA_TEXT_FORMAT(name));
      }
      found = &shape->columns[i];
    }
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
  const la_shape_column *found = find_subject(L, shape, node->subject, la_expr_name(node));
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
