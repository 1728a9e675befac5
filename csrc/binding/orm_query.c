/* SPDX-License-Identifier: MIT */
/*
 * session:query(…): the legacy Query.
 *
 * A Query is the node of a SELECT with a session. Those of Select's methods that build clauses take
 * it as it is and give another; its other methods that build are Select's, called on a Select of
 * the node and wrapped again; its methods that run are here.
 */
#include "binding/orm_load.h"

#include "binding/collector.h"
#include "binding/open.h"
#include "binding/page.h"
#include "binding/recent.h"
#include "binding/result.h"
#include "binding/sql.h"
#include "sql/select.h"

static la_node *query_node(lua_State *L, int index) {
  return la_paged_node(la_check_box(L, index, LA_BOX_QUERY));
}

/* Wraps the Select on top of the stack (replaced) for the session (or nil) at `session_index`. */
static void wrap(lua_State *L, la_state *state, int session_index) {
  int select = lua_gettop(L);
  la_push_query(L, state, session_index);
  la_page_take(L, la_node_retain(la_to_node(L, select)), select, select);
  lua_replace(L, select);
}

/* Pushes a Query of the entities and columns in stack slots `first` to the last, for the session or
 * nil at `session_index`. */
static void push_query(lua_State *L, la_state *state, int session_index, int first) {
  int last = lua_gettop(L);
  la_push_query(L, state, session_index);
  la_finish_select(L, first, last, true);
  la_configure_statement(L, state, query_node(L, -1));
}

static int raise_empty(lua_State *L) {
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "Query contains no columns with which to SELECT from.");
}

/* session:query(entity or column, …). */
static int session_query(lua_State *L) {
  la_check_session(L, 1);
  if (lua_gettop(L) == 1) {
    return raise_empty(L);
  }
  la_state *state = la_state_of(L);
  const la_node *select = lua_gettop(L) == 2 ? la_made_select(L, state, 2, true) : NULL;
  if (select == NULL || !la_push_recent_query(L, state, select, 1)) {
    push_query(L, state, 1, 2);
    if (select != NULL) {
      la_keep_recent_query(L, state, select);
    }
  }
  return 1;
}

/* core.query_new(session or nil, {entity or column, …}). */
static int query_new(lua_State *L) {
  if (!lua_isnil(L, 1)) {
    la_check_session(L, 1);
  }
  luaL_checktype(L, 2, LUA_TTABLE);
  int count = (int)lua_rawlen(L, 2);
  if (count == 0) {
    return raise_empty(L);
  }
  luaL_checkstack(L, count + 10, "too many entities");
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, 2, i);
  }
  push_query(L, la_state_of(L), 1, 3);
  return 1;
}

/* ---- methods that are Select's ---- */

enum {
  NOT_GIVEN = 1,    /* not behind from_statement() */
  NOT_LIMITED = 2,  /* nor behind limit() and offset() */
  NOT_NARROWED = 4, /* nor behind any criterion */
  PLAIN = 8,        /* on the select without the Query's labels, which leaves the Query */
  BY_LAST = 16      /* on what was joined last */
};

static bool has_any(const la_node *node, const la_select_part *parts, size_t count) {
  for (size_t i = 0; node->kind == LA_NODE_SELECT && i < count; i++) {
    if (node->children[parts[i]]) {
      return true;
    }
  }
  return false;
}

/* A method of Select's and what it may not follow. */
typedef struct forwarded_method {
  const char *name;
  int rules;
} forwarded_method;

/* The method of the function that runs: its upvalue 2. */
static const forwarded_method *running_method(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(2));
}

/* What may not follow what, as SQLAlchemy has it. */
static void check_order(lua_State *L, const la_node *node, const forwarded_method *method) {
  static const la_select_part given[] = {LA_SELECT_STATEMENT};
  static const la_select_part limits[] = {LA_SELECT_LIMIT, LA_SELECT_OFFSET};
  static const la_select_part criteria[] = {
      LA_SELECT_WHERE,  LA_SELECT_STATEMENT, LA_SELECT_FROM,    LA_SELECT_LIMIT,
      LA_SELECT_OFFSET, LA_SELECT_GROUP_BY,  LA_SELECT_ORDER_BY};
  const char *name = method->name;
  int rules = method->rules;
  const la_value *on = la_execution_option(node, "_enable_assertions");
  if (on && !on->as.integer) {
    return;
  }
  if (rules & NOT_NARROWED &&
      (has_any(node, criteria, sizeof criteria / sizeof *criteria) ||
       (node->kind == LA_NODE_SELECT && node->flags & LA_SELECT_DISTINCT))) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "Query.%s() being called on a Query with existing criterion. ", name);
  }
  if (rules & NOT_GIVEN && has_any(node, given, 1)) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "Query.%s() being called on a Query with an existing full statement - can't "
                    "apply criterion.",
                    name);
  }
  if (rules & NOT_LIMITED && has_any(node, limits, 2)) {
    la_raise_status(
        L, LA_INVALID_REQUEST,
        "Query.%s() being called on a Query which already has LIMIT or OFFSET applied.  "
        "Call %s() before limit() or offset() are applied.",
        name, name);
  }
}

/* Pushes the Select of the Query at `index`, without its labels if it is to be `plain`. */
static void push_select(lua_State *L, la_state *state, int index, bool plain) {
  const la_node *node = query_node(L, index);
  la_push_node(L, state,
               plain ? la_node_with_flags(node, 0, LA_SELECT_LEGACY) : la_node_retain(node), index,
               index);
}

/* Calls the Select's method with the arguments of the call; a Select that comes out is wrapped as a
 * Query. */
static int forward(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *node = query_node(L, 1);
  const forwarded_method *method = running_method(L);
  int rules = method->rules;
  int arguments = lua_gettop(L) - 1;
  luaL_checkstack(L, arguments + 8, NULL);
  check_order(L, node, method);
  push_select(L, state, 1, rules & PLAIN); /* query, arguments…, select */
  int select = lua_gettop(L);
  lua_getfield(L, select, method->name); /* …, select, method */
  lua_pushvalue(L, select);
  for (int i = 0; i < arguments; i++) {
    la_box *query = la_to_box_of(L, 2 + i, LA_BOX_QUERY);
    if (query) {
      push_select(L, state, 2 + i, rules & PLAIN);
    } else {
      lua_pushvalue(L, 2 + i);
    }
  }
  if (rules & BY_LAST && arguments == 1) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)&la_filters_query);
    arguments++;
  }
  state->calling = method->name;
  state->calling_self = 1;
  lua_call(L, arguments + 1, 1);
  state->calling = NULL;
  if (!(rules & PLAIN) && la_to_box_of(L, -1, LA_BOX_SELECT)) {
    lua_getiuservalue(L, 1, LA_QUERY_SESSION);
    lua_insert(L, -2); /* session, select */
    wrap(L, state, -2);
  }
  return 1;
}

/* ---- running ---- */

static void push_session(lua_State *L, int index) {
  if (lua_getiuservalue(L, index, LA_QUERY_SESSION) == LUA_TNIL) {
    la_raise_status(L, LA_UNBOUND_EXECUTION,
                    "This Query has no session: query:with_session(session), or "
                    "session:query(entity)");
  }
}

/* Listeners of before_compile may put another Query in the place of the one at `index`. */
static void tell_compile(lua_State *L, la_state *state, int index) {
  if (la_event_has(state, LA_EVENT_BEFORE_COMPILE)) {
    luaL_checkstack(L, 4, NULL);
    la_push_hook(L, state, "before_compile");
    lua_pushvalue(L, index);
    la_run_program(L, 1, 1);
    query_node(L, -1);
    lua_replace(L, index);
  }
}

/* What the query at `index` runs once its listeners were told. Pushes what holds the node, and the
 * session on top of it. NULL if a listener has run it: then the Result is in the place of the node.
 */
static const la_node *push_statement(lua_State *L, la_state *state, int index) {
  tell_compile(L, state, index);
  const la_node *node = query_node(L, index);
  luaL_checkstack(L, 12, NULL);
  push_session(L, index);
  if (!la_event_has(state, LA_EVENT_DO_ORM_EXECUTE) && !la_check_session(L, -1)->has_options) {
    lua_pushvalue(L, index);
    lua_insert(L, -2);
    return node;
  }
  la_push_hook(L, state, "orm_query"); /* session, function */
  lua_pushvalue(L, -2);
  push_select(L, state, index, false);
  la_run_program(L, 2, 1);
  lua_insert(L, -2);
  return la_to_box_of(L, -2, LA_BOX_RESULT) ? NULL : la_to_node(L, -2);
}

/* What the method `name` of the query at index 1 gives of a listener's Result, which is on top. */
static int answer(lua_State *L, const char *name) {
  la_state *state = la_state_of(L);
  la_push_hook(L, state, "query_answer");
  lua_insert(L, -2);
  push_select(L, state, 1, false);
  lua_pushstring(L, name);
  lua_call(L, 3, 1);
  return 1;
}

/* Runs the query at `index` and leaves the load's scratch on the stack; NULL and the Result if a
 * listener has run it. */
static la_load *run(lua_State *L, int index, size_t limit) {
  la_state *state = la_state_of(L);
  const la_node *node = push_statement(L, state, lua_absindex(L, index));
  if (!node) {
    lua_pop(L, 1);
    return NULL;
  }
  la_select_run how = la_run_options(node);
  how.legacy = true;
  how.limit = limit;
  la_load *load = la_run_select(L, state, -1, node, &how);
  lua_remove(L, -2);
  lua_remove(L, -2);
  return load;
}

static la_row_shape *shape_at(lua_State *L, int index) {
  la_scratch *scratch = lua_touserdata(L, index);
  la_row_shape **shape = (la_row_shape **)scratch->memory;
  return *shape;
}

/* Memory is prepared for so many rows at a time; about what Lua takes for one and what is read of
 * it. */
#define AHEAD_ROWS ((size_t)98304)
#define ROW_BYTES  ((size_t)256)

static size_t row_count(const la_load *load, bool single) {
  return single ? load->entities.count : load->rows.rows.count;
}

/* Pushes row `i` of the load: an object, or a Row of the shape whose scratch is in stack slot
 * `shape_index`; the holder of rows is in the one behind it. */
static void push_row(lua_State *L, la_state *state, la_load *load, bool single, size_t i,
                     int shape_index) {
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
  la_row_shape *shape = shape_at(L, shape_index);
  la_packed_row *row = load->rows.rows.items[i];
  if (la_rows_are_plain(load->plan)) {
    la_push_row(L, state, shape, row, false, shape_index + 1);
    return;
  }
  bool unwraps = la_plan_is_one_bundle(load->plan);
  luaL_checkstack(L, (int)count + 8, NULL);
  bool folds = lua_getiuservalue(L, shape_index, 1) != LUA_TNIL;
  if (!folds) {
    lua_pop(L, 1);
  }
  for (uint32_t part = 0; part < count; part++) {
    la_push_row_part(L, state, load->session->engine, &parts[part], &row->values[part]);
  }
  if (folds) {
    la_fold_row(L, (int)count, -1, (int)shape->count);
  }
  if (!unwraps) {
    la_push_row_of_values(L, state, shape, shape_index + 1);
  }
}

/* only_return_tuples(true): a Row of one for each object. */
static bool wants_rows(const la_node *node) {
  const la_value *tuples = la_execution_option(node, "_only_return_tuples");
  return tuples && tuples->as.integer;
}

/* Pushes a Result that streams the query at index 1, a thousand rows at a time unless yield_per
 * says otherwise. */
static void push_stream(lua_State *L) {
  la_state *state = la_state_of(L);
  lua_settop(L, 1);
  const la_node *node = push_statement(L, state, 1); /* query, holder of the node, session */
  if (!node) {
    lua_pop(L, 1);
    answer(L, "iter");
    return;
  }
  const la_value *yield_per = la_execution_option(node, "yield_per");
  la_select_run how = la_run_options(node);
  how.legacy = true;
  size_t part = yield_per && yield_per->kind == LA_VALUE_INTEGER && yield_per->as.integer > 0
                    ? (size_t)yield_per->as.integer
                    : 1000;
  la_push_orm_result(L, state, 3, node, &how, part);
  la_result *result = lua_touserdata(L, -1);
  la_row_shape *shape = result->box.object;
  if (shape->count == 1) { /* entities come bare, as from all() */
    lua_getiuservalue(L, -1, LA_RESULT_DATA);
    bool single = la_rows_are_single(L, -1);
    lua_pop(L, 1);
    if (single && !wants_rows(node)) {
      lua_getfield(L, -1, "scalars");
      lua_insert(L, -2);
      lua_call(L, 1, 1);
    }
  }
}

static int query_all(lua_State *L) {
  la_state *state = la_state_of(L);
  lua_settop(L, 1);
  if (la_execution_option(query_node(L, 1), "yield_per")) { /* loads behind the rows in parts too */
    push_stream(L);
    lua_getfield(L, -1, "all");
    lua_insert(L, -2);
    lua_call(L, 1, 1);
    return 1;
  }
  bool tuples = wants_rows(query_node(L, 1));
  la_load *load = run(L, 1, 0); /* query, load */
  if (!load) {
    return answer(L, "all");
  }
  bool single = la_plan_is_single(load->plan);
  if (single && !tuples) {
    la_push_object_list(L, state, &load->entities, 0, load->entities.count);
    la_scratch_clear(L, 2);
    return 1;
  }
  la_row_shape **shape = la_push_shape(L, state, load->plan, query_node(L, 1)); /* 3 */
  size_t rows = row_count(load, single);
  lua_pushnil(L);                    /* 4: the holder of rows */
  la_push_list(L, state, (int)rows); /* 5 */
  for (size_t i = 0; i < rows; i++) {
    if (i % AHEAD_ROWS == 0) {
      size_t left = rows - i;
      la_alloc_ahead(&state->alloc, (left < AHEAD_ROWS ? left : AHEAD_ROWS) * ROW_BYTES);
    }
    push_row(L, state, load, single, i, 3);
    if (tuples && single) {
      la_push_row_of_values(L, state, *shape, 4);
    }
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      la_push_null(L);
    }
    lua_rawseti(L, 5, (lua_Integer)i + 1);
  }
  la_give_back_scratch(L, state, 2);
  la_scratch_clear(L, 3);
  la_collector_tell_list(L, state, rows);
  return 1;
}

/* Pushes the row of the method `name`: one(), first() …; `limit` rows have been read. Stack: query.
 * Gives how many rows there were. */
static size_t push_first(lua_State *L, const char *name, size_t limit) {
  la_state *state = la_state_of(L);
  la_load *load = run(L, 1, limit);
  if (!load) {
    return (size_t)answer(L, name);
  }
  bool single = la_plan_is_single(load->plan);
  size_t rows = row_count(load, single);
  if (rows == 0) {
    lua_pushnil(L);
  } else if (single && !wants_rows(query_node(L, 1))) {
    push_row(L, state, load, single, 0, 0);
  } else {
    la_row_shape **shape = la_push_shape(L, state, load->plan, query_node(L, 1));
    lua_pushnil(L);
    int holder = lua_gettop(L);
    push_row(L, state, load, single, 0, holder - 1);
    if (single) {
      la_push_row_of_values(L, state, *shape, holder);
    }
  }
  la_give_back_scratch(L, state, 2);
  return rows;
}

/* query:first() sends LIMIT 1; a whole statement runs as it is. */
static int query_first(lua_State *L) {
  lua_settop(L, 1);
  const la_node *node = query_node(L, 1);
  if (node->kind == LA_NODE_SELECT && node->children[LA_SELECT_STATEMENT]) {
    push_first(L, "first", 1);
    return 1;
  }
  lua_getfield(L, 1, "limit");
  lua_insert(L, 1);
  lua_pushinteger(L, 1);
  lua_call(L, 2, 1);
  push_first(L, "first", 0);
  return 1;
}

static int raise_many(lua_State *L, bool none_allowed) {
  return la_raise_status(L, LA_MULTIPLE_RESULTS,
                         none_allowed ? "Multiple rows were found when one or none was required"
                                      : "Multiple rows were found when exactly one was required");
}

static int query_one_of(lua_State *L, bool none_allowed) {
  lua_settop(L, 1);
  size_t rows = push_first(L, none_allowed ? "one_or_none" : "one", 0);
  if (rows > 1) {
    return raise_many(L, none_allowed);
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
  lua_settop(L, 1);
  if (push_first(L, "scalar", 0) > 1) {
    return raise_many(L, false);
  }
  if (la_to_box_of(L, -1, LA_BOX_ROW)) {
    lua_geti(L, -1, 1);
  }
  return 1;
}

/* SELECT count(*) FROM (the query). */
static int query_count(lua_State *L) {
  la_state *state = la_state_of(L);
  query_node(L, 1);
  tell_compile(L, state, 1);
  la_push_hook(L, state, "query_count");
  push_select(L, state, 1, false);
  lua_getiuservalue(L, 1, LA_QUERY_SESSION);
  lua_call(L, 2, 1);
  return 1;
}

/* Calls the Lua function registered as the hook named by upvalue 2 with (select, session,
 * arguments…); Queries among them as their Selects. */
static int by_hook(lua_State *L) {
  la_state *state = la_state_of(L);
  query_node(L, 1);
  int arguments = lua_gettop(L) - 1;
  luaL_checkstack(L, arguments + 6, NULL);
  la_push_hook(L, state, lua_tostring(L, lua_upvalueindex(2)));
  push_select(L, state, 1, false);
  lua_getiuservalue(L, 1, LA_QUERY_SESSION);
  for (int i = 0; i < arguments; i++) {
    if (la_to_box_of(L, 2 + i, LA_BOX_QUERY)) {
      push_select(L, state, 2 + i, false);
    } else {
      lua_pushvalue(L, 2 + i);
    }
  }
  lua_call(L, arguments + 2, LUA_MULTRET);
  return lua_gettop(L) - 1 - arguments;
}

/* core.query_wrap(select, session or nil) → query. */
static int query_wrap(lua_State *L) {
  la_check_box(L, 1, LA_BOX_SELECT);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    la_check_session(L, 2);
  }
  lua_insert(L, 1); /* session, select */
  wrap(L, la_state_of(L), 1);
  return 1;
}

/* core.query_methods() → the methods by name. */
static int query_methods(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, la_state_of(L)->methods[LA_BOX_QUERY]);
  return 1;
}

/* query:iter(): streams; closes when the loop is left. */
static int query_iter(lua_State *L) {
  push_stream(L);
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

static int query_length(lua_State *L) {
  (void)L;
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "a Query is not a list: write #query:all(), or query:count()");
}

/* query.statement and other fields, computed by the hook "query_field"; methods come first. */
static int query_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  if (lua_type(L, 2) == LUA_TNUMBER) {
    return la_raise_status(L, LA_INVALID_REQUEST,
                           "a Query is not a list: write query:all()[%lld], or query:first()",
                           (long long)lua_tointeger(L, 2));
  }
  la_state *state = la_state_of(L);
  query_node(L, 1);
  la_push_hook(L, state, "query_field");
  push_select(L, state, 1, false);
  lua_getiuservalue(L, 1, LA_QUERY_SESSION);
  lua_pushvalue(L, 2);
  lua_call(L, 3, 1);
  return 1;
}

#define CRITERION (NOT_GIVEN | NOT_LIMITED)
static const forwarded_method forwarded[] = {{"filter", CRITERION},
                                             {"filter_by", CRITERION | BY_LAST},
                                             {"where", CRITERION},
                                             {"join", CRITERION},
                                             {"outerjoin", CRITERION},
                                             {"order_by", CRITERION},
                                             {"group_by", CRITERION},
                                             {"having", CRITERION},
                                             {"distinct", NOT_GIVEN},
                                             {"limit", NOT_GIVEN},
                                             {"offset", NOT_GIVEN},
                                             {"slice", NOT_GIVEN},
                                             {"select_from", NOT_NARROWED},
                                             {"from_statement", NOT_NARROWED},
                                             {"options", 0},
                                             {"add_columns", 0},
                                             {"params", 0},
                                             {"correlate", 0},
                                             {"correlate_except", 0},
                                             {"execution_options", 0},
                                             {"with_for_update", 0},
                                             {"with_hint", 0},
                                             {"with_statement_hint", 0},
                                             {"prefix_with", 0},
                                             {"suffix_with", 0},
                                             {"add_cte", 0},
                                             {"compile", 0},
                                             {"cte", PLAIN},
                                             {"label", PLAIN},
                                             {"scalar_subquery", PLAIN},
                                             {"as_scalar", PLAIN}};
/* Methods written in Lua: lualchemy.orm.query. */
static const char *const hooked[] = {
    "with_entities",
    "get",
    "delete",
    "update",
    "yield_per",
    "populate_existing",
    "autoflush",
    "scalars",
    "enable_eagerloads",
    "add_entity",
    "add_column",
    "with_labels",
    "apply_labels",
    "value",
    "values",
    "with_parent",
    "with_session",
    "with_transformation",
    "merge_result",
    "tuples",
    "only_return_tuples",
    "exists",
    "subquery",
    "enable_assertions",
    "reset_joinpoint",
    "set_label_style",
    "get_execution_options",
    "union",
    "union_all",
    "intersect",
    "intersect_all",
    "except_",
    "except_all",
    "set_shard",
};

/* A method that takes a Query as it is (upvalue 3), once its rules are met. */
static int checked(lua_State *L) {
  check_order(L, query_node(L, 1), running_method(L));
  return lua_tocfunction(L, lua_upvalueindex(3))(L);
}

static lua_CFunction building_method(const char *name) {
  const luaL_Reg *method = la_query_building_methods;
  while (method->name && strcmp(method->name, name) != 0) {
    method++;
  }
  return method->func;
}

static void add_methods(lua_State *L, la_state *state) {
  for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
    lua_CFunction direct = building_method(forwarded[i].name);
    lua_pushlightuserdata(L, state);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&forwarded[i]);
    lua_pushcfunction(L, direct ? direct : forward);
    lua_pushcclosure(L, direct ? checked : forward, 3);
    lua_setfield(L, -2, forwarded[i].name);
  }
  for (size_t i = 0; i < sizeof hooked / sizeof *hooked; i++) {
    lua_pushlightuserdata(L, state);
    lua_pushfstring(L, "query_%s", hooked[i]);
    lua_pushcclosure(L, by_hook, 2);
    lua_setfield(L, -2, hooked[i]);
  }
}

const luaL_Reg la_session_query_methods[] = {{"query", session_query}, {NULL, NULL}};

void la_open_orm_query(lua_State *L, la_state *state) {
  static const luaL_Reg methods[] = {{"all", query_all},       {"first", query_first},
                                     {"one", query_one},       {"one_or_none", query_one_or_none},
                                     {"scalar", query_scalar}, {"count", query_count},
                                     {"iter", query_iter},     {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__index", query_index},
                                         {"__tostring", la_node_tostring},
                                         {"__call", query_call},
                                         {"__len", query_length},
                                         {NULL, NULL}};
  static const luaL_Reg functions[] = {{"query_wrap", query_wrap},
                                       {"query_new", query_new},
                                       {"query_methods", query_methods},
                                       {NULL, NULL}};
  la_register_class(L, state, LA_BOX_QUERY, methods, metamethods);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[LA_BOX_QUERY]);
  add_methods(L, state);
  lua_pop(L, 1);
  la_set_functions(L, functions);
}
