/* SPDX-License-Identifier: MIT */
/*
 * Collections of columns: `.c` of a FROM element, `selected_columns` of a statement.
 *
 * A collection reads all columns at once and keeps their boxes: by number in its first user value,
 * by key in the second; the third is what it belongs to. Columns win over members; the methods
 * `keys`, `contains` and `get` are there for names that no column has.
 */
#include "binding/open.h"
#include "binding/push.h"
#include "binding/sql.h"

/* Nodes and keys between the core's call and their boxes. */
typedef struct gathered {
  la_arena arena;
  la_allocator *alloc;
  la_node **nodes;
  la_text *keys;
  size_t count;
} gathered;

static void gathered_clear(void *memory) {
  gathered *columns = memory;
  if (columns->alloc == NULL) {
    return;
  }
  for (size_t i = 0; i < columns->count; i++) {
    la_node_release(columns->nodes[i]);
  }
  columns->count = 0;
  la_arena_clear(&columns->arena);
}

static bool is_own_column(const la_node *node) {
  return node->kind == LA_NODE_COLUMN && node->subject != NULL && la_node_child(node, 0) == NULL &&
         ((const la_column *)node->subject)->table != NULL;
}

/* Pushes the box of one column and enters it in the tables at `places` and `names`. */
static void enter_column(lua_State *L, la_state *state, gathered *columns, size_t i, int places,
                         int names) {
  la_node *node = columns->nodes[i];
  if (is_own_column(node)) {
    la_push_column(L, state, (la_column *)node->subject);
  } else {
    columns->nodes[i] = NULL;
    la_push_node(L, state, node, places - 1, places - 1); /* its host values lie with the owner */
  }
  lua_pushvalue(L, -1);
  lua_rawseti(L, places, (lua_Integer)i + 1);
  la_push_text(L, columns->keys[i]);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, names) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_insert(L, -2); /* key, box */
    lua_rawset(L, names);
  } else {
    lua_pop(L, 3);
  }
}

/* Replaces the owner and the scratch with gathered columns on top of the stack by a collection. */
static void push_collection(lua_State *L, la_state *state, gathered *columns) {
  int owner = lua_gettop(L) - 1;
  int places, names, keys;
  luaL_checkstack(L, 10, NULL);
  lua_pushvalue(L, owner);                    /* owner, scratch, owner */
  lua_createtable(L, (int)columns->count, 0); /* … places */
  places = lua_gettop(L);
  lua_createtable(L, 0, (int)columns->count); /* … names */
  names = places + 1;
  for (size_t i = 0; i < columns->count; i++) {
    enter_column(L, state, columns, i, places, names);
  }
  la_push_list(L, state, (int)columns->count); /* … keys */
  keys = names + 1;
  for (size_t i = 0; i < columns->count; i++) {
    la_push_text(L, columns->keys[i]);
    lua_rawseti(L, keys, (lua_Integer)i + 1);
  }
  la_push_box(L, state, LA_BOX_COLUMNS, sizeof(la_box), 4);
  lua_pushvalue(L, places);
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, names);
  lua_setiuservalue(L, -2, 2);
  lua_pushvalue(L, owner);
  lua_setiuservalue(L, -2, 3);
  lua_pushvalue(L, keys);
  lua_setiuservalue(L, -2, 4);
  la_scratch_clear(L, owner + 1);
  lua_replace(L, owner);
  lua_settop(L, owner);
}

static gathered *push_gathered(lua_State *L, la_state *state, int owner) {
  gathered *columns;
  owner = lua_absindex(L, owner);
  luaL_checkstack(L, 12, NULL);
  lua_pushvalue(L, owner);
  columns = la_push_scratch(L, state, sizeof *columns, gathered_clear);
  columns->alloc = &state->alloc;
  la_arena_init(&columns->arena, &state->alloc);
  return columns;
}

/* A text() is no column. */
static void drop_texts(gathered *columns) {
  size_t count = 0;
  for (size_t i = 0; i < columns->count; i++) {
    if (columns->nodes[i]->kind == LA_NODE_TEXT) {
      la_node_release(columns->nodes[i]);
    } else {
      columns->nodes[count] = columns->nodes[i];
      columns->keys[count++] = columns->keys[i];
    }
  }
  columns->count = count;
}

/* The columns of a FROM element or statement. */
static void gather(lua_State *L, la_state *state, la_node *owner, gathered *columns) {
  la_error err;
  la_error_init(&err);
  bool is_from = la_node_is_from(owner);
  la_status status = is_from
                         ? la_from_columns(&state->sql, owner, &columns->arena, &columns->nodes,
                                           &columns->keys, &columns->count, &err)
                         : la_select_exported(&state->sql, owner, &columns->arena, &columns->nodes,
                                              &columns->keys, &columns->count, &err);
  if (status != LA_OK) {
    la_raise(L, &err);
  }
  if (!is_from) {
    drop_texts(columns);
  }
}

void la_push_columns(lua_State *L, la_state *state, la_node *owner, int index) {
  gathered *columns = push_gathered(L, state, index);
  gather(L, state, owner, columns);
  push_collection(L, state, columns);
}

/* Raises NoSuchColumnError for the key at 2, naming the nearest column. */
static int raise_no_column(lua_State *L) {
  la_text key = la_check_text(L, 2), nearest = LA_TEXT_NONE;
  la_node *owner;
  la_text name = LA_TEXT_NONE;
  int best = 4;
  lua_getiuservalue(L, 1, 3);
  owner = la_to_node(L, -1);
  if (owner != NULL && la_node_is_from(owner)) {
    name = la_from_name(owner);
  }
  name = name.bytes != NULL ? name : LA_TEXT_LITERAL("the subquery");
  lua_getiuservalue(L, 1, 4);
  for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, -1); i++) {
    la_text candidate;
    int distance;
    lua_rawgeti(L, -1, i);
    candidate.bytes = lua_tolstring(L, -1, &candidate.len);
    distance = la_text_distance(key, candidate, 3);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
    lua_pop(L, 1);
  }
  if (nearest.bytes != NULL) {
    return la_raise_status(L, LA_NO_SUCH_COLUMN,
                           "no column \"%.*s\" in \"%.*s\"; did you mean \"%.*s\"?",
                           LA_TEXT_FORMAT(key), LA_TEXT_FORMAT(name), LA_TEXT_FORMAT(nearest));
  }
  return la_raise_status(L, LA_NO_SUCH_COLUMN, "no column \"%.*s\" in \"%.*s\"",
                         LA_TEXT_FORMAT(key), LA_TEXT_FORMAT(name));
}

/* The place of the column that the value at `index` names: a key, or a number; 0 if there is none.
 */
static size_t place_of(lua_State *L, const gathered *columns, int index) {
  la_text key;
  if (lua_isinteger(L, index)) {
    lua_Integer place = lua_tointeger(L, index);
    return place >= 1 && (size_t)place <= columns->count ? (size_t)place : 0;
  }
  if (lua_type(L, index) != LUA_TSTRING) {
    return 0;
  }
  key.bytes = lua_tolstring(L, index, &key.len);
  for (size_t i = 0; i < columns->count; i++) {
    if (la_text_equal(columns->keys[i], key)) {
      return i + 1;
    }
  }
  return 0;
}

/* Leaves those columns that the sequence at `list` names, in its order. */
static void keep_listed(lua_State *L, gathered *columns, int list) {
  size_t count = lua_rawlen(L, list);
  la_node **nodes = la_arena_alloc(&columns->arena, (count + 1) * sizeof *nodes);
  la_text *keys = la_arena_alloc(&columns->arena, (count + 1) * sizeof *keys);
  if (nodes == NULL || keys == NULL) {
    la_raise_status(L, LA_NOMEM, "out of memory");
  }
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    size_t place = place_of(L, columns, lua_gettop(L));
    if (place == 0) {
      lua_replace(L, 2);
      raise_no_column(L);
    }
    lua_pop(L, 1);
    nodes[i] = columns->nodes[place - 1];
    keys[i] = columns->keys[place - 1];
  }
  for (size_t i = 0; i < count; i++) {
    la_node_retain(nodes[i]);
  }
  for (size_t i = 0; i < columns->count; i++) {
    la_node_release(columns->nodes[i]);
  }
  columns->nodes = nodes;
  columns->keys = keys;
  columns->count = count;
}

/* columns[{"name", "id"}] → a collection of these */
static int columns_of_list(lua_State *L) {
  la_state *state = la_state_of(L);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, 3);
  la_node *owner = la_to_node(L, 3);
  if (owner == NULL) { /* a finalizer comes behind that of the table */
    return raise_no_column(L);
  }
  gathered *columns = push_gathered(L, state, 3);
  gather(L, state, owner, columns);
  keep_listed(L, columns, 2);
  push_collection(L, state, columns);
  return 1;
}

/* columns.name, columns[1], columns[{"name", "id"}], columns:keys() */
static int columns_index(lua_State *L) {
  const char *key;
  if (lua_istable(L, 2) && la_is_plain_table(L, 2)) {
    return columns_of_list(L);
  }
  if (lua_isinteger(L, 2)) {
    lua_getiuservalue(L, 1, 1);
    lua_rawgeti(L, -1, lua_tointeger(L, 2));
    return 1;
  }
  lua_getiuservalue(L, 1, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TNIL) {
    return 1;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "__";
  if (key[0] == '_' && key[1] == '_') {
    return 1;
  }
  return raise_no_column(L);
}

static int columns_len(lua_State *L) {
  lua_getiuservalue(L, 1, 1);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}

/* The step of pairs(columns): keys in order. Upvalues: state, keys, places, index. */
static int next_pair(lua_State *L) {
  lua_Integer i = lua_tointeger(L, lua_upvalueindex(4)) + 1;
  lua_pushinteger(L, i);
  lua_replace(L, lua_upvalueindex(4));
  if (lua_rawgeti(L, lua_upvalueindex(2), i) == LUA_TNIL) {
    return 1;
  }
  lua_rawgeti(L, lua_upvalueindex(3), i);
  return 2;
}

static int columns_pairs(lua_State *L) {
  lua_pushlightuserdata(L, la_state_of(L));
  lua_getiuservalue(L, 1, 4);
  lua_getiuservalue(L, 1, 1);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, next_pair, 4);
  return 1;
}

/* → a new list of what the list in the user value holds */
static int push_copy(lua_State *L, int user_value) {
  lua_Integer count;
  la_check_box(L, 1, LA_BOX_COLUMNS);
  lua_getiuservalue(L, 1, user_value);
  count = (lua_Integer)lua_rawlen(L, -1);
  la_push_list(L, la_state_of(L), (int)count);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, -2, i);
    lua_rawseti(L, -2, i);
  }
  return 1;
}

/* columns:keys() → a new list */
static int columns_keys(lua_State *L) {
  return push_copy(L, 4);
}

/* columns:values() → a new list */
static int columns_values(lua_State *L) {
  return push_copy(L, 1);
}

/* columns:contains(name) */
static int columns_contains(lua_State *L) {
  la_check_box(L, 1, LA_BOX_COLUMNS);
  la_check_count(L, 2, "contains");
  if (lua_type(L, 2) != LUA_TSTRING) {
    return la_raise_argument(L, 2, "string, the key of a column; contains_column() takes a column");
  }
  lua_getiuservalue(L, 1, 2);
  lua_pushvalue(L, 2);
  lua_pushboolean(L, lua_rawget(L, -2) != LUA_TNIL);
  return 1;
}

/* columns:contains_column(column): by identity */
static int columns_contains_column(lua_State *L) {
  bool found = false;
  la_check_box(L, 1, LA_BOX_COLUMNS);
  la_check_count(L, 2, "contains_column");
  if (la_to_node(L, 2) == NULL) {
    return la_raise_argument(L, 2, "column");
  }
  lua_getiuservalue(L, 1, 1);
  for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i > 0 && !found; i--) {
    lua_rawgeti(L, -1, i);
    found = lua_rawequal(L, -1, 2);
    lua_pop(L, 1);
  }
  lua_pushboolean(L, found);
  return 1;
}

/* columns:get(name) → the column, or nil */
static int columns_get(lua_State *L) {
  la_check_box(L, 1, LA_BOX_COLUMNS);
  la_check_count(L, 2, "get");
  lua_getiuservalue(L, 1, 2);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  return 1;
}

/* Shown as the list of its keys. */
static int columns_tostring(lua_State *L) {
  lua_getiuservalue(L, 1, 4);
  luaL_tolstring(L, -1, NULL);
  return 1;
}

static const luaL_Reg methods[] = {
    {"keys", columns_keys},         {"values", columns_values},
    {"contains", columns_contains}, {"contains_column", columns_contains_column},
    {"get", columns_get},           {NULL, NULL}};

static const luaL_Reg metamethods[] = {{"__index", columns_index},
                                       {"__len", columns_len},
                                       {"__pairs", columns_pairs},
                                       {"__tostring", columns_tostring},
                                       {NULL, NULL}};

void la_open_sql_columns(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_COLUMNS, methods, metamethods);
}
