/* SPDX-License-Identifier: MIT */
/*
 * Boxes of nodes.
 *
 * The reference that la_push_node takes over must not be lost when Lua runs out of memory, so it
 * goes into a box made ahead: the spare of the state. Adopting it allocates nothing; the next spare
 * is made when the node is safe. A finalizer that runs while the spare is being made and pushes a
 * node itself finds none, and makes its box under lua_pcall.
 */
#include "binding/check.h"
#include "binding/open.h"
#include "binding/raise.h"
#include "binding/sql.h"

static la_box_class class_of_kind(la_node_kind kind) {
  switch (kind) {
  case LA_NODE_TABLE:
    return LA_BOX_TABLE;
  case LA_NODE_TEXT:
    return LA_BOX_TEXT;
  case LA_NODE_ATTRIBUTE:
    return LA_BOX_ATTRIBUTE;
  case LA_NODE_RELATIONSHIP:
    return LA_BOX_RELATIONSHIP;
  case LA_NODE_ENTITY:
    return LA_BOX_ENTITY;
  case LA_NODE_SELECT:
  case LA_NODE_COMPOUND:
  case LA_NODE_TEXTUAL:
    return LA_BOX_SELECT;
  case LA_NODE_INSERT:
    return LA_BOX_INSERT;
  case LA_NODE_UPDATE:
    return LA_BOX_UPDATE;
  case LA_NODE_DELETE:
    return LA_BOX_DELETE;
  case LA_NODE_LOADER_OPTION:
  case LA_NODE_CRITERIA_OPTION:
    return LA_BOX_LOADER_OPTION;
  default:
    return LA_BOX_CLAUSE;
  }
}

static la_box_class class_of_node(la_state *state, const la_node *node) {
  la_box_class class = class_of_kind((la_node_kind)node->kind);
  if (class == LA_BOX_CLAUSE) {
    class = la_node_is_expr(node)   ? LA_BOX_EXPR
            : la_node_is_from(node) ? LA_BOX_FROM
                                    : LA_BOX_CLAUSE;
  }
  return state->metatables[class] ? class : LA_BOX_CLAUSE;
}

/* A new empty box becomes the spare. */
static int make_spare(lua_State *L) {
  la_state *state = lua_touserdata(L, 1);
  la_push_box(L, state, LA_BOX_CLAUSE, sizeof(la_box), 1);
  lua_rawseti(L, LUA_REGISTRYINDEX, state->spare);
  return 0;
}

/* Pushes the spare and leaves false in its place; NULL if there is none. */
static la_box *take_spare(lua_State *L, la_state *state) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->spare);
  la_box *box = lua_touserdata(L, -1);
  if (!box) {
    lua_pop(L, 1);
    return NULL;
  }
  lua_pushboolean(L, 0);
  lua_rawseti(L, LUA_REGISTRYINDEX, state->spare);
  return box;
}

/* Pushes an empty box without raising, then true; or the error object, then false. */
static la_box *adopt_box(lua_State *L, la_state *state) {
  la_box *box = take_spare(L, state);
  if (box) {
    return box;
  }
  lua_pushcfunction(L, make_spare);
  lua_pushlightuserdata(L, state);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    return NULL;
  }
  return take_spare(L, state);
}

/* Keeps the values at `first`..`last` alive with the box on top of the stack. */
static void keep_parts(lua_State *L, int first, int last) {
  lua_createtable(L, last - first + 1, 0);
  for (int i = first; i <= last; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i - first + 1);
  }
  lua_setiuservalue(L, -2, 1);
}

/* Pushes the one box for what `node` stands for: a table, or a column of its own table. */
static bool push_known_subject(lua_State *L, la_state *state, const la_node *node) {
  bool own =
      node->kind == LA_NODE_TABLE || (node->kind == LA_NODE_COLUMN && !la_node_child(node, 0) &&
                                      !(node->flags & (LA_COLUMN_FOREIGN | LA_COLUMN_REMOTE)));
  return own && node->subject && la_push_known(L, state, node->subject);
}

void la_push_node(lua_State *L, la_state *state, la_node *node, int first, int last) {
  first = first > 0 ? lua_absindex(L, first) : first;
  if (!node) {
    la_error err;
    la_error_init(&err);
    la_fail_nomem(&err);
    la_raise(L, &err);
    return;
  }
  if (!lua_checkstack(L, 6)) {
    la_node_release(node);
    luaL_error(L, "stack overflow");
    return;
  }
  if (push_known_subject(L, state, node)) {
    la_node_release(node);
    return;
  }
  la_box *box = adopt_box(L, state);
  if (!box) {
    la_node_release(node);
    lua_error(L);
    return;
  }
  box->object = node;
  box->class = class_of_node(state, node);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[box->class]);
  lua_setmetatable(L, -2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->spare);
  bool missing = !lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (missing) {
    la_push_box(L, state, LA_BOX_CLAUSE, sizeof(la_box), 1);
    lua_rawseti(L, LUA_REGISTRYINDEX, state->spare);
  }
  if ((node->flags & LA_NODE_HAS_HOST) && last >= first && first > 0) {
    keep_parts(L, first, last);
  }
}

/* The classes whose object is their node. */
#define HOLDS(class) (UINT64_C(1) << LA_BOX_##class)
static const uint64_t node_holders = HOLDS(EXPR) | HOLDS(FROM) | HOLDS(CLAUSE) | HOLDS(SELECT) |
                                     HOLDS(TEXT) | HOLDS(INSERT) | HOLDS(UPDATE) | HOLDS(DELETE) |
                                     HOLDS(TABLE) | HOLDS(ATTRIBUTE) | HOLDS(RELATIONSHIP) |
                                     HOLDS(ENTITY) | HOLDS(LOADER_OPTION) | HOLDS(QUERY);
_Static_assert(LA_BOX_CLASS_COUNT <= 64, "a class is a bit of node_holders");

static bool holds_node(const la_box *box) {
  return (node_holders >> box->class & 1) != 0;
}

/* The node of what is no holder: a box of another class (NULL: a Lua table). */
static la_node *get_node(lua_State *L, la_state *state, const la_box *box, int index) {
  uint32_t class = box ? box->class : LA_BOX_NONE;
  return state && state->node_of[class] ? state->node_of[class](L, state, index) : NULL;
}

la_node *la_node_at(lua_State *L, la_state *state, int index) {
  la_box *box = la_to_box(L, index);
  if (box && holds_node(box)) {
    return box->object;
  }
  return box || lua_type(L, index) == LUA_TTABLE ? get_node(L, state, box, index) : NULL;
}

la_node *la_to_node(lua_State *L, int index) {
  la_box *box = la_to_box(L, index);
  if (box && holds_node(box)) {
    return box->object;
  }
  return box || lua_type(L, index) == LUA_TTABLE ? get_node(L, la_state_find(L), box, index) : NULL;
}

void la_open_node(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_CLAUSE, NULL, NULL);
  lua_pushcfunction(L, make_spare);
  lua_pushlightuserdata(L, state);
  lua_call(L, 1, 0);
}
