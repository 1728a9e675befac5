/* SPDX-License-Identifier: MIT */
#include "binding/recent.h"

#include "binding/page.h"
#include "binding/sql.h"

/* The weak table is an array of so many, made with all its room: enough that the parts of one
 * statement seldom share a place. */
#define PLACES 512u

static lua_Integer place_of(uint32_t number) {
  return (lua_Integer)(number % PLACES) + 1;
}

uint32_t la_recent_number(uint32_t kind, const la_node *first, const la_node *second) {
  uint32_t number = (first->shape ^ kind * 0x9E3779B9u) * 0x85EBCA6Bu;
  number ^= number >> 15;
  number = (number + (second != NULL ? second->shape : 0)) * 0xC2B2AE35u;
  return number >> 16;
}

la_node *la_push_recent(lua_State *L, la_state *state, la_box_class class, uint32_t number) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->recent);
  if (lua_rawgeti(L, -1, place_of(number)) == LUA_TUSERDATA) {
    const la_box *box = lua_touserdata(L, -1);
    la_node *node = box->class == (uint32_t) class ? la_paged_node(box) : NULL;
    if (node != NULL) {
      lua_replace(L, -2);
      return node;
    }
  }
  lua_pop(L, 2);
  return NULL;
}

void la_keep_recent(lua_State *L, la_state *state, uint32_t number) {
  const la_node *node = la_paged_node(lua_touserdata(L, -1));
  if (node != NULL && !(node->flags & LA_NODE_HAS_HOST)) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->recent);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, place_of(number));
    lua_pop(L, 1);
  }
}

/* ---- operations ---- */

la_node *la_recent_operand(lua_State *L, la_state *state, int index) {
  la_node *node = lua_isuserdata(L, index) ? la_node_at(L, state, index) : NULL;
  return node != NULL && node->kind == LA_NODE_ATTRIBUTE ? node : NULL;
}

bool la_push_recent_operation(lua_State *L, la_state *state, la_operator op, const la_node *left,
                              const la_node *right) {
  uint32_t number = la_recent_number((uint32_t)op, left, right);
  const la_node *found = la_push_recent(L, state, LA_BOX_EXPR, number);
  if (found == NULL) {
    return false;
  }
  bool same = found->op == op && found->kind == (right != NULL ? LA_NODE_BINARY : LA_NODE_UNARY) &&
              found->children[0] == left && la_node_child(found, 1) == right;
  if (!same) {
    lua_pop(L, 1);
  }
  return same;
}

void la_keep_recent_operation(lua_State *L, la_state *state, la_operator op, const la_node *left,
                              const la_node *right) {
  la_keep_recent(L, state, la_recent_number((uint32_t)op, left, right));
}

/* ---- a session's queries ---- */

bool la_push_recent_query(lua_State *L, la_state *state, const la_node *select, int session) {
  uint32_t number = la_recent_number(LA_RECENT_QUERY, select, NULL);
  const la_node *found = la_push_recent(L, state, LA_BOX_QUERY, number);
  if (found == NULL) {
    return false;
  }
  lua_getiuservalue(L, -1, LA_QUERY_SESSION);
  bool same = found == select && lua_rawequal(L, -1, session);
  lua_pop(L, same ? 1 : 2);
  return same;
}

void la_keep_recent_query(lua_State *L, la_state *state, const la_node *select) {
  la_keep_recent(L, state, la_recent_number(LA_RECENT_QUERY, select, NULL));
}

void la_open_recent(lua_State *L, la_state *state) {
  lua_createtable(L, (int)PLACES, 0);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  state->recent = luaL_ref(L, LUA_REGISTRYINDEX);
}
