/* SPDX-License-Identifier: MIT */
/*
 * session:query(…): the legacy Query.
 *
 * A Query is the node of a SELECT with a session. Those of Select's methods that build clauses take
 * it as it is and give another; its other methods that build are Select's, called on a Select of
 * the node and wrapped again; its methods that run are here.
 */
#include "binding/orm_load.h"

#include "binding/open.h"
#include "binding/result.h"
#include "binding/sql.h"
#include "sql/select.h"

static la_node *query_node(lua_State *L, int index) {
  return la_check_box(L, index, LA_BOX_QUERY)->object;
}

/* Pushes a Select box of the query at `index`. */
static void push_select(lua_State *L, la_state *state, int index) {
  index = lua_absindex(L, index);
  la_push_node(L, state, la_node_retain(query_node(L, index)), index, index);
}

/* Wraps the Select on top of the stack (replaced) for the session at `session_index`. */
static void wrap(lua_State *L, la_state *state, int session_index) {
  const la_box *select = la_to_box_of(L, -1, LA_BOX_SELECT);
  la_box *query = la_push_query(L, state, session_index);
  query->object = la_node_retain(select->object);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, LA_QUERY_PARTS);
}

/* session:query(entity or column, …). */
static int session_query(lua_State *L) {
  la_state *state = la_state_of(L);
  la_check_session(L, 1);
  la_check_count(L, 2, "query");
  int last = lua_gettop(L);
  la_finish_select(L, la_push_query(L, state, 1), 2, last, LA_SELECT_LEGACY);
  la_configure_statement(L, state, query_node(L, -1));
  return 1;
}

/* Calls the Select's method named by upvalue 2 with the arguments of the call; a Select that comes
 * out is wrapped as a Query. */
static int forward(lua_State *L) {
  la_state *state = la_state_of(L);
  query_node(L, 1);
  int arguments = lua_gettop(L) - 1;
  luaL_checkstack(L, arguments + 6, NULL);
  push_select(L, state, 1); /* query, arguments…, select */
  int select = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_gettable(L, select); /* …, select, method */
  lua_pushvalue(L, select);
  for (int i = 0; i < arguments; i++) {
    if (la_to_box_of(L, 2 + i, LA_BOX_QUERY)) {
      push_select(L, state, 2 + i);
    } else {
      lua_pushvalue(L, 2 + i);
    }
  }
  state->calling = lua_tostring(L, lua_upvalueindex(2));
  state->calling_self = 1;
  lua_call(L, arguments + 1, 1);
  state->calling = NULL;
  if (la_to_box_of(L, -1, LA_BOX_SELECT)) {
    lua_getiuservalue(L, 1, LA_QUERY_SESSION);
    lua_insert(L, -2); /* session, select */
    wrap(L, state, -2);
  }
  return 1;
}

/* Runs the query at `index` and leaves the load's scratch on the stack. */
static la_load *run(lua_State *L, int index, size_t limit) {
  la_state *state = la_state_of(L);
  index = lua_absindex(L, index);
  const la_node *node = query_node(L, index);
  luaL_checkstack(L, 12, NULL);
  lua_getiuservalue(L, index, LA_QUERY_SESSION);
  if (la_event_has(state, LA_EVENT_DO_ORM_EXECUTE)) {
    la_push_hook(L, state, "orm_query"); /* session, function */
    lua_pushvalue(L, -2);
    push_select(L, state, index);
    lua_call(L, 2, 1);
    node = la_to_node(L, -1);
    lua_insert(L, -2); /* statement, which holds the node, session */
  } else {
    lua_pushvalue(L, -1);
  }
  la_select_run how = la_run_options(node);
  how.legacy = true;
  how.limit = limit;
  la_load *load = la_run_select(L, state, -1, node, &how);
  lua_remove(L, -2);
  lua_remove(L, -2);
  return load;
}

static size_t row_count(const la_load *load, bool single) {
  return single ? load->entities.count : load->rows.rows.count;
}

/* Pushes row `i` of the load: an object, or a Row of `shape`, whose holder is in stack slot
 * `holder`. */
static void push_row(lua_State *L, la_state *state, la_load *load, bool single, size_t i,
                     la_row_shape *shape, int holder) {
  if (single) {
    if (load->entities.items[i]) {
      la_push_object(L, state, load->entities.items[i]);
    } else {
      lua_pushnil(L);
    }
    return;
  }
  uint32_t count;
  const la_row_part *parts = la_load_plan_parts(load->plan, &count, &single);
  la_packed_row *row = load->rows.rows.items[i];
  if (la_rows_are_plain(load->plan)) {
    la_push_row(L, state, shape, row, false, holder);
    return;
  }
  luaL_checkstack(L, (int)count + 8, NULL);
  for (uint32_t part = 0; part < count; part++) {
    la_push_row_part(L, state, &parts[part], &row->values[part]);
  }
  la_push_row_of_values(L, state, shape, holder);
}

static int query_all(lua_State *L) {
  la_state *state = la_state_of(L);
  lua_settop(L, 1);
  la_load *load = run(L, 1, 0); /* query, load */
  bool single = la_plan_is_single(load->plan);
  la_row_shape **shape = la_push_shape(L, state, load->plan); /* 3 */
  size_t rows = row_count(load, single);
  lua_pushnil(L);                    /* 4: the holder of rows */
  la_push_list(L, state, (int)rows); /* 5 */
  for (size_t i = 0; i < rows; i++) {
    push_row(L, state, load, single, i, *shape, 4);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      la_push_null(L);
    }
    lua_rawseti(L, 5, (lua_Integer)i + 1);
  }
  la_scratch_clear(L, 2);
  la_scratch_clear(L, 3);
  return 1;
}

/* Pushes the row of one(), first() …; `limit` rows have been read. Stack: query. Gives how many
 * rows there were. */
static size_t push_first(lua_State *L, size_t limit) {
  la_state *state = la_state_of(L);
  la_load *load = run(L, 1, limit);
  bool single = la_plan_is_single(load->plan);
  size_t rows = row_count(load, single);
  if (rows == 0) {
    lua_pushnil(L);
  } else if (single) {
    push_row(L, state, load, single, 0, NULL, 0);
  } else {
    la_row_shape **shape = la_push_shape(L, state, load->plan);
    lua_pushnil(L);
    push_row(L, state, load, single, 0, *shape, lua_gettop(L));
  }
  la_scratch_clear(L, 2);
  return rows;
}

/* query:first() sends LIMIT 1. */
static int query_first(lua_State *L) {
  lua_settop(L, 1);
  const la_node *node = query_node(L, 1);
  if (node->kind != LA_NODE_SELECT || !la_node_child(node, LA_SELECT_LIMIT)) {
    lua_getfield(L, 1, "limit");
    lua_insert(L, 1);
    lua_pushinteger(L, 1);
    lua_call(L, 2, 1);
  } /* else its own limit stays */
  push_first(L, 0);
  return 1;
}

static int query_one_of(lua_State *L, bool none_allowed) {
  lua_settop(L, 1);
  size_t rows = push_first(L, 0);
  if (rows > 1) {
    return la_raise_status(L, LA_MULTIPLE_RESULTS,
                           none_allowed ? "Multiple rows were found when one or none was required"
                                        : "Multiple rows were found when exactly one was required");
  }
  if (rows == 0 && !none_allowed) {
    return la_raise_status(L, LA_NO_RESULT, "No row was found when one was required");
  }
  return 1;
}

static int query_one(lua_State *L) {
  return query_one_of(L, false);
}

static int query_one_or_none(lua_State *L) {
  return query_one_of(L, true);
}

/* The first part of the only row, or nil. */
static int query_scalar(lua_State *L) {
  query_one_of(L, true);
  if (la_to_box_of(L, -1, LA_BOX_ROW)) {
    lua_geti(L, -1, 1);
  }
  return 1;
}

/* SELECT count(*) FROM (the query). */
static int query_count(lua_State *L) {
  la_state *state = la_state_of(L);
  query_node(L, 1);
  la_push_hook(L, state, "query_count");
  push_select(L, state, 1);
  lua_getiuservalue(L, 1, LA_QUERY_SESSION);
  lua_call(L, 2, 1);
  return 1;
}

/* Calls the Lua function registered as the hook named by upvalue 2 with (select, session,
 * arguments…). */
static int by_hook(lua_State *L) {
  la_state *state = la_state_of(L);
  query_node(L, 1);
  int arguments = lua_gettop(L) - 1;
  luaL_checkstack(L, arguments + 6, NULL);
  la_push_hook(L, state, lua_tostring(L, lua_upvalueindex(2)));
  push_select(L, state, 1);
  lua_getiuservalue(L, 1, LA_QUERY_SESSION);
  for (int i = 0; i < arguments; i++) {
    lua_pushvalue(L, 2 + i);
  }
  lua_call(L, arguments + 2, LUA_MULTRET);
  return lua_gettop(L) - 1 - arguments;
}

/* core.query_wrap(select, session) → query. */
static int query_wrap(lua_State *L) {
  la_check_box(L, 1, LA_BOX_SELECT);
  la_check_session(L, 2);
  lua_settop(L, 2);
  lua_insert(L, 1); /* session, select */
  wrap(L, la_state_of(L), 1);
  return 1;
}

/* query:iter(): streams, a thousand rows at a time unless yield_per says otherwise; closes when the
 * loop is left. */
static int query_iter(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *node = query_node(L, 1);
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, LA_QUERY_SESSION);
  const la_value *yield_per = la_execution_option(node, "yield_per");
  la_select_run how = la_run_options(node);
  how.legacy = true;
  size_t part = yield_per && yield_per->kind == LA_VALUE_INTEGER && yield_per->as.integer > 0
                    ? (size_t)yield_per->as.integer
                    : 1000;
  la_push_orm_result(L, state, 2, node, &how, part);
  la_result *result = lua_touserdata(L, -1);
  la_row_shape *shape = result->box.object;
  if (shape->count == 1) { /* entities come bare, as from all() */
    lua_getiuservalue(L, -1, LA_RESULT_DATA);
    bool single = la_rows_are_single(L, -1);
    lua_pop(L, 1);
    if (single) {
      lua_getfield(L, -1, "scalars");
      lua_insert(L, -2);
      lua_call(L, 1, 1);
    }
  }
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushvalue(L, -3);
  return 4;
}

static int query_call(lua_State *L) {
  (void)L;
  return la_raise_status(
      L, LA_INVALID_REQUEST,
      "a Query is not an iterator: write `for x in query:iter() do`, or query:all()");
}

/* Methods that are Select's and need one. */
static const char *const forwarded[] = {"filter_by",
                                        "options",
                                        "distinct",
                                        "slice",
                                        "union",
                                        "union_all",
                                        "intersect",
                                        "intersect_all",
                                        "except_",
                                        "except_all",
                                        "exists",
                                        "subquery",
                                        "cte",
                                        "label",
                                        "scalar_subquery",
                                        "as_scalar",
                                        "correlate",
                                        "execution_options",
                                        "with_for_update",
                                        "prefix_with",
                                        "suffix_with",
                                        "add_cte",
                                        "compile",
                                        "correlate_except",
                                        NULL};
/* Methods written in Lua. */
static const char *const hooked[] = {"with_entities",
                                     "get",
                                     "delete",
                                     "update",
                                     "from_statement",
                                     "yield_per",
                                     "populate_existing",
                                     "autoflush",
                                     "enable_eagerloads",
                                     "scalars",
                                     NULL};

static void add_closures(lua_State *L, la_state *state, const char *const *names,
                         lua_CFunction function, const char *prefix) {
  for (; *names; names++) {
    lua_pushlightuserdata(L, state);
    lua_pushfstring(L, "%s%s", prefix, *names);
    lua_pushcclosure(L, function, 2);
    lua_setfield(L, -2, *names);
  }
}

static la_node *node_of_query(lua_State *L, la_state *state, int index) {
  la_box *box = la_to_box(L, index);
  (void)state;
  return box->object;
}

const luaL_Reg la_session_query_methods[] = {{"query", session_query}, {NULL, NULL}};

void la_open_orm_query(lua_State *L, la_state *state) {
  static const luaL_Reg methods[] = {{"all", query_all},       {"first", query_first},
                                     {"one", query_one},       {"one_or_none", query_one_or_none},
                                     {"scalar", query_scalar}, {"count", query_count},
                                     {"iter", query_iter},     {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__tostring", la_node_tostring},
                                         {"__gc", la_node_release_box},
                                         {"__call", query_call},
                                         {NULL, NULL}};
  static const luaL_Reg functions[] = {{"query_wrap", query_wrap}, {NULL, NULL}};
  la_register_class(L, state, LA_BOX_QUERY, methods, metamethods);
  la_register_node_getter(state, LA_BOX_QUERY, node_of_query);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[LA_BOX_QUERY]);
  la_set_functions(L, la_query_building_methods);
  add_closures(L, state, forwarded, forward, "");
  add_closures(L, state, hooked, by_hook, "query_");
  lua_pop(L, 1);
  la_set_functions(L, functions);
}
