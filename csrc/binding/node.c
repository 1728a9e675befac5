/* SPDX-License-Identifier: MIT */
/*
 * Boxes of nodes: of which class they are, and the way back.
 */
#include "binding/check.h"
#include "binding/open.h"
#include "binding/page.h"
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

la_box_class la_class_of_node(const la_state *state, const la_node *node) {
  la_box_class class = class_of_kind((la_node_kind)node->kind);
  if (class == LA_BOX_CLAUSE) {
    class = la_node_is_expr(node)   ? LA_BOX_EXPR
            : la_node_is_from(node) ? LA_BOX_FROM
                                    : LA_BOX_CLAUSE;
  }
  return state->metatables[class] ? class : LA_BOX_CLAUSE;
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
  la_push_paged(L, state, la_class_of_node(state, node), node, first > 0 ? first : 1,
                first > 0 ? last : 0);
}

/* The node of what is on no page: a box of another class (NULL: a Lua table). */
static la_node *get_node(lua_State *L, la_state *state, const la_box *box, int index) {
  uint32_t class = box ? box->class : LA_BOX_NONE;
  if (class == LA_BOX_TABLE) {
    return box->object;
  }
  return state && state->node_of[class] ? state->node_of[class](L, state, index) : NULL;
}

la_node *la_node_at(lua_State *L, la_state *state, int index) {
  const la_box *box = la_to_box(L, index);
  if (box && la_has_paged_node(box->class)) {
    return la_paged_node(box);
  }
  return box || lua_type(L, index) == LUA_TTABLE ? get_node(L, state, box, index) : NULL;
}

la_node *la_to_node(lua_State *L, int index) {
  const la_box *box = la_to_box(L, index);
  if (box && la_has_paged_node(box->class)) {
    return la_paged_node(box);
  }
  return box || lua_type(L, index) == LUA_TTABLE ? get_node(L, la_state_find(L), box, index) : NULL;
}

void la_open_node(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_CLAUSE, NULL, NULL);
}
