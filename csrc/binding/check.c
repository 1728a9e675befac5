/* SPDX-License-Identifier: MIT */
#include "binding/check.h"

#include "binding/raise.h"

la_text la_check_text(lua_State *L, int index) {
  size_t len = 0;
  if (lua_type(L, index) != LUA_TSTRING) {
    la_raise_argument(L, index, "string");
  }
  const char *bytes = lua_tolstring(L, index, &len);
  return (la_text){bytes, len};
}

lua_Integer la_check_integer(lua_State *L, int index) {
  int is_integer = 0;
  lua_Integer value = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &is_integer) : 0;
  if (!is_integer) {
    la_raise_argument(L, index, "integer");
  }
  return value;
}

lua_Integer la_opt_integer(lua_State *L, int index, lua_Integer otherwise) {
  return lua_isnoneornil(L, index) ? otherwise : la_check_integer(L, index);
}

void la_check_count(lua_State *L, int count, const char *function) {
  int given = lua_gettop(L);
  if (given >= count) {
    return;
  }
  lua_Debug ar;
  int missing = given + 1;
  if (lua_getstack(L, 0, &ar)) {
    lua_getinfo(L, "n", &ar);
    missing -= strcmp(ar.namewhat, "method") == 0;
  }
  la_raise_status(L, LA_ARGUMENT,
                  "argument #%d of '%s' is missing (an explicit nil stands for NULL)", missing,
                  function);
}

/* A PARAM for the plain value at `index`. Holds an arena, and raises only after clearing it. */
static la_node *make_param(lua_State *L, la_state *state, int index, const la_node *like) {
  la_type *type = like ? like->type : NULL;
  la_error err = LA_ERROR_INIT;
  la_value value = LA_VALUE_NONE;
  la_node *param = NULL;
  la_arena scratch;
  la_arena_init(&scratch, &state->alloc);
  la_status status = la_value_from_lua(L, index, type, &scratch, &value, NULL, &err);
  if (status == LA_OK) {
    param = la_expr_param(&state->sql, la_expr_param_name(like), &value,
                          la_sql_type_compared(&state->sql, type, &value));
    status = param ? LA_OK : la_fail_nomem(&err);
  }
  la_arena_clear(&scratch);
  if (status < 0) {
    la_raise(L, &err);
  }
  return param;
}

/* The node of an expression for `node`, a new reference; NULL if it is none. */
static la_node *as_expr(la_state *state, la_node *node, bool *is_expr) {
  *is_expr = true;
  if (la_node_is_select(node)) {
    return la_expr_scalar_subquery(&state->sql, node);
  }
  if (la_node_is_expr(node)) {
    return la_node_retain(node);
  }
  *is_expr = false;
  return NULL;
}

static la_node *check_node(lua_State *L, la_state *state, int index, la_node *node,
                           const char *expected) {
  bool is_expr;
  la_node *expr = as_expr(state, node, &is_expr);
  if (!is_expr) {
    la_raise_argument(L, index, expected);
  }
  if (!expr) {
    la_error err = LA_ERROR_INIT;
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  return expr;
}

la_node *la_check_expr(lua_State *L, la_state *state, int index, const la_node *like) {
  la_node *node = la_to_node(L, index);
  if (node) {
    return check_node(L, state, index, node, "expression or value");
  }
  if (la_is_null(L, index)) {
    la_node *null = la_expr_null(&state->sql);
    if (!null) {
      la_error err = LA_ERROR_INIT;
      la_fail_nomem(&err);
      la_raise(L, &err);
    }
    return null;
  }
  return make_param(L, state, index, like);
}

la_node *la_check_condition(lua_State *L, la_state *state, int index) {
  la_node *node = la_to_node(L, index);
  if (!node) {
    la_raise_argument(L, index, "condition");
  }
  return check_node(L, state, index, node, "condition");
}
