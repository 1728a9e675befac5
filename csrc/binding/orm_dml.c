/* SPDX-License-Identifier: MIT */
/*
 * UPDATE and DELETE of classes through a session.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/open.h"
#include "sql/select.h"
#include "orm/dml.h"

/* Arguments: session, UPDATE or DELETE of a class, how the session is kept in step. Pushes how many
 * rows matched. */
static void run_dml(lua_State *L, la_state *state) {
  static const char *const names[] = {"auto", "evaluate", "fetch", "false", NULL};
  la_session *session = la_check_session(L, 1);
  la_node *node = la_to_node(L, 2);
  int how = luaL_checkoption(L, 3, "auto", names);
  if (!node) {
    la_raise_argument(L, 2, "an UPDATE or DELETE");
  }
  la_configure_statement(L, state, node);
  la_session_autoflush(L, state, 1);
  int64_t matched = 0;
  la_error err = LA_ERROR_INIT;
  la_session_listen(L, state, session);
  la_status status = la_session_dml(session, node, (la_synchronize)how, &matched, &err);
  la_session_settle(L, state, session);
  la_session_tell(L, state, session);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  lua_pushinteger(L, matched);
}

/* core.session_dml(session, statement, how) → rows matched. */
static int session_dml(lua_State *L) {
  run_dml(L, la_state_of(L));
  return 1;
}

/* core.session_dml_result(session, statement, how) → a Result with the rowcount. */
static int session_dml_result(lua_State *L) {
  la_state *state = la_state_of(L);
  run_dml(L, state);
  int64_t matched = lua_tointeger(L, -1);
  la_result *result = la_push_result_box(L, state);
  result->rowcount = matched;
  return 1;
}

/* core.dml_class(statement) → the class that an ORM INSERT, UPDATE or DELETE works on. */
static int dml_class(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  la_node *entity = node ? la_node_child(node, 0) : NULL;
  if (!entity || entity->kind != LA_NODE_ENTITY) {
    return la_raise_argument(L, 1, "a statement on a mapped class");
  }
  la_push_host(L, la_state_of(L), ((la_mapper *)entity->subject)->host);
  return 1;
}

/* core.has_where(statement). */
static int has_where(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  int part = node ? la_statement_where_part(node) : -1;
  lua_pushboolean(L, part >= 0 && la_node_child(node, (uint32_t)part) != NULL);
  return 1;
}

/* core.rowcount_result(rows) → a Result without rows. */
static int rowcount_result(lua_State *L) {
  lua_Integer rows = luaL_checkinteger(L, 1);
  la_push_result_box(L, la_state_of(L))->rowcount = rows;
  return 1;
}

void la_open_orm_dml(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"session_dml", session_dml},
                                       {"session_dml_result", session_dml_result},
                                       {"dml_class", dml_class},
                                       {"has_where", has_where},
                                       {"rowcount_result", rowcount_result},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
