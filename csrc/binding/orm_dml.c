/* SPDX-License-Identifier: MIT */
/*
 * UPDATE and DELETE of classes through a session.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/sql.h"
#include "sql/select.h"
#include "orm/dml.h"

static la_synchronize check_how(lua_State *L, int index) {
  static const char *const names[] = {"auto", "evaluate", "fetch", "false", NULL};
  return (la_synchronize)luaL_checkoption(L, index, "auto", names);
}

/* Arguments: session, UPDATE or DELETE of a class, how the session is kept in step. Pushes the
 * statement with its values as the database takes them. */
static la_node *push_statement(lua_State *L, la_state *state) {
  la_node *node = la_to_node(L, 2);
  la_session *session = la_check_session(L, 1);
  if (!node || (node->kind != LA_NODE_UPDATE && node->kind != LA_NODE_DELETE)) {
    la_raise_argument(L, 2, "an UPDATE or DELETE");
  }
  la_configure_statement(L, state, node);
  la_session_autoflush(L, state, 1);
  la_session_route(L, state, session, NULL, node, NULL);
  return la_push_converted(L, state, session->engine, node);
}

/* True if a column of the statement's class has a function that an UPDATE calls. */
static bool has_functions(const la_node *statement) {
  const la_node *entity = statement->children[0];
  const la_table *table =
      entity->kind == LA_NODE_ENTITY ? ((const la_mapper *)entity->subject)->table : NULL;
  for (size_t i = 0; table && statement->kind == LA_NODE_UPDATE && i < table->columns.count; i++) {
    if (table->columns.items[i]->defaults[LA_DEFAULT_UPDATE].kind == LA_DEFAULT_HOST) {
      return true;
    }
  }
  return false;
}

/* Pushes what the functions give that the UPDATE calls; NULL, and nothing, if there are none. */
static la_made_defaults *push_functions(lua_State *L, la_state *state, la_session *session,
                                        const la_node *statement) {
  la_error err = LA_ERROR_INIT;
  bool cached = false;
  if (!has_functions(statement)) {
    return NULL;
  }
  luaL_checkstack(L, 8, NULL);
  la_compiled **compiled = la_push_scratch(L, state, sizeof *compiled, la_clear_reference);
  if (la_session_compile(session, statement, compiled, &cached, &err) < 0) {
    la_raise_orm(L, &err);
  }
  return la_has_defaults(*compiled) ? la_push_defaults(L, state, session, *compiled, NULL, 0)
                                    : NULL;
}

/* Pushes how many rows matched. */
static void run_dml(lua_State *L, la_state *state) {
  la_session *session = la_check_session(L, 1);
  la_synchronize how = check_how(L, 3);
  int64_t matched = 0;
  la_error err = LA_ERROR_INIT;
  lua_settop(L, 3);
  la_node *node = push_statement(L, state);
  la_session_listen_to(L, state, session, node);
  la_made_defaults *made = push_functions(L, state, session, node);
  la_status status = la_session_dml_with(session, node, how, made ? la_defaults_lookup : NULL, made,
                                         &matched, &err);
  la_session_settle(L, state, session);
  la_session_tell(L, state, session);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  lua_pushinteger(L, matched);
}

static void free_dml(void *memory) {
  la_dml **dml = memory;
  if (*dml) {
    la_dml_free(*dml);
    *dml = NULL;
  }
}

/* core.session_dml_rows(session, statement, how) → a Result with what an UPDATE or DELETE returns.
 */
static int session_dml_rows(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_synchronize how = check_how(L, 3);
  la_error err = LA_ERROR_INIT;
  lua_settop(L, 3);
  la_node *node = push_statement(L, state);
  int at = lua_gettop(L);
  la_dml **dml = la_push_scratch(L, state, sizeof *dml, free_dml);
  la_session_listen_to(L, state, session, node);
  if (la_dml_begin(session, node, how, dml, &err) < 0) {
    la_session_tell(L, state, session);
    la_raise_orm(L, &err);
  }
  la_select_run run = la_run_options(node);
  run.autoflush = false;
  run.dml = *dml;
  la_push_orm_result(L, state, 1, node, &run, 0);
  la_status status = la_dml_finish(*dml, &err);
  la_session_settle(L, state, session);
  la_session_tell(L, state, session);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  la_scratch_clear(L, at + 1);
  return 1;
}

/* core.session_dml_after(session, statement, objects): the statement has run, and has returned the
 * keys of these. */
static int session_dml_after(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_error err = LA_ERROR_INIT;
  lua_settop(L, 3);
  size_t count = (size_t)luaL_len(L, 3);
  la_node *node = la_push_converted(L, state, session->engine, la_to_node(L, 2));
  la_instance **objects = lua_newuserdatauv(L, (count + 1) * sizeof *objects, 0);
  for (size_t i = 0; i < count; i++) {
    lua_geti(L, 3, (lua_Integer)i + 1);
    objects[i] = la_to_instance(L, -1);
    lua_pop(L, 1); /* the list keeps it */
  }
  la_status status = la_session_dml_after(session, node, objects, count, &err);
  la_session_settle(L, state, session);
  la_session_tell(L, state, session);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  return 0;
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

/* core.has_values(statement): whether an INSERT has a row of its own. */
static int has_values(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  lua_pushboolean(L, node && node->kind == LA_NODE_INSERT &&
                         la_node_child(node, LA_INSERT_VALUES) != NULL);
  return 1;
}

/* The attribute that `set` is for; the name it gives if there is none. */
static la_text set_key(const la_mapper *mapper, const la_node *set) {
  const la_node *left = la_node_child(set, 0);
  const la_property *property = NULL;
  while (left && left->kind == LA_NODE_ATTRIBUTE && left->count > 0) {
    left = left->children[0];
  }
  if (left && left->kind == LA_NODE_COLUMN && left->subject) {
    property = la_mapper_property_of_column(mapper, (const la_column *)(const void *)left->subject);
  }
  return property ? property->key : left ? left->text : set->text;
}

/* core.own_values(statement) → what an INSERT or UPDATE of a class sets itself, by attribute; those
 * attributes of these whose value is not an expression, so that a row of parameters goes before it.
 * Nothing if it sets none, or has several rows. */
static int own_values(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *statement = la_to_node(L, 1);
  int part = statement && statement->kind == LA_NODE_INSERT   ? (int)LA_INSERT_VALUES
             : statement && statement->kind == LA_NODE_UPDATE ? (int)LA_UPDATE_VALUES
                                                              : -1;
  const la_node *chain = part < 0 ? NULL : la_node_child(statement, (uint32_t)part);
  const la_node *entity = statement ? la_node_child(statement, 0) : NULL;
  if (!chain || !entity || entity->kind != LA_NODE_ENTITY) {
    return 0;
  }
  size_t count = la_chain_count(chain);
  la_node **sets = lua_newuserdatauv(L, sizeof *sets * (count + 1), 0);
  la_chain_collect(chain, sets);
  if (count == 0 || sets[0]->kind != LA_NODE_SET) {
    return 0;
  }
  lua_createtable(L, 0, (int)count);
  lua_createtable(L, 0, (int)count);
  for (size_t i = 0; i < count; i++) {
    la_node *value = sets[i]->children[1];
    la_push_text(L, set_key((const la_mapper *)(const void *)entity->subject, sets[i]));
    lua_pushvalue(L, -1);
    la_return_node(L, state, la_node_retain(value));
    lua_rawset(L, -5);
    lua_pushboolean(L, value->kind == LA_NODE_PARAM || value->kind == LA_NODE_NULL);
    lua_rawset(L, -3);
  }
  return 2;
}

/* core.is_expression(value) → true for what has a value in SQL: an expression or a SELECT. */
static int is_expression(lua_State *L) {
  lua_settop(L, 1);
  const la_node *node = la_to_node(L, 1);
  lua_pushboolean(L, node && (la_node_is_expr(node) || la_node_is_select(node)));
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
                                       {"session_dml_rows", session_dml_rows},
                                       {"session_dml_after", session_dml_after},
                                       {"dml_class", dml_class},
                                       {"has_where", has_where},
                                       {"has_values", has_values},
                                       {"own_values", own_values},
                                       {"is_expression", is_expression},
                                       {"rowcount_result", rowcount_result},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
