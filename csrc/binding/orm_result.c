/* SPDX-License-Identifier: MIT */
/*
 * Results of ORM selects: session:execute, scalars, scalar, and streams.
 *
 * The rows lie packed in a load; objects' handles are made as rows are delivered.
 */
#include "binding/orm_load.h"

#include "binding/engine.h"
#include "binding/host.h"
#include "binding/open.h"
#include "binding/result.h"
#include "binding/sql.h"
#include "binding/warning.h"
#include "sql/select.h"

/* A load whose rows a Result delivers. `session` is retained, since the load works on it. */
typedef struct rows_box {
  la_load load;
  la_cursor cursor; /* open while `streams` */
  la_session *session;
  size_t at;             /* next row */
  size_t made, made_end; /* rows whose handles are made */
  size_t ahead;          /* how many were made last */
  size_t part;           /* streaming: rows read at a time */
  bool streams, done;
  bool busy; /* all of it is being delivered */
} rows_box;

static void clear_rows(void *memory) {
  rows_box *box = memory;
  la_cursor_close(&box->cursor);
  la_load_free(&box->load);
  memset(&box->load, 0, sizeof box->load);
  box->made = box->made_end = 0;
  la_object_release(box->session);
  box->session = NULL;
}

static rows_box *rows_at(lua_State *L, int index) {
  la_scratch *scratch = lua_touserdata(L, index);
  return (rows_box *)scratch->memory;
}

void la_clear_reference(void *memory) {
  la_object **object = memory;
  la_object_release(*object);
  *object = NULL;
}

#define MOST_MADE ((size_t)128)

/* Pushes the handle of the object of row `at`. They are made some at a time, twice as many each
 * time, so that what they have in common is looked up once. */
static void push_made(lua_State *L, la_state *state, rows_box *box, int result_index, size_t at) {
  if (at >= box->made_end) {
    size_t left = box->load.entities.count - at, most = 2 * box->ahead + 1;
    box->ahead = most < MOST_MADE ? most : MOST_MADE;
    size_t end = at + (left < box->ahead ? left : box->ahead);
    box->busy = true; /* finalizers may want to read on */
    la_push_object_list(L, state, &box->load.entities, at, end);
    lua_setiuservalue(L, result_index, LA_RESULT_MADE);
    box->busy = false;
    box->made = at;
    box->made_end = end;
  }
  lua_getiuservalue(L, result_index, LA_RESULT_MADE);
  lua_rawgeti(L, -1, (lua_Integer)(at - box->made) + 1);
  lua_replace(L, -2);
}

static void drop_made(lua_State *L, rows_box *box, int result_index) {
  if (box->made_end > 0) {
    lua_pushnil(L);
    lua_setiuservalue(L, result_index, LA_RESULT_MADE);
    box->made = box->made_end = 0;
  }
}

/* Reads the next part of a stream; false at its end. */
static bool read_part(lua_State *L, la_state *state, rows_box *box) {
  la_error err = LA_ERROR_INIT;
  if (!box->streams || box->done) {
    return false;
  }
  la_session_listen(L, state, box->session);
  la_status status = la_load_read(&box->load, &box->cursor, box->part, &err);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  box->done = status == LA_DONE;
  box->at = 0;
  lua_pushnil(L); /* the part before has been delivered: its handles are the program's alone */
  lua_setiuservalue(L, -2, 1);
  la_finish_load(L, state, &box->load, -1);
  return true;
}

void la_push_row_part(lua_State *L, la_state *state, const la_engine *engine,
                      const la_row_part *part, const la_value *value) {
  if (part->kind == LA_ROW_PART_ENTITY) {
    if (value->kind == LA_VALUE_NULL) {
      lua_pushnil(L);
    } else {
      la_push_object(L, state, (la_instance *)(intptr_t)value->as.integer);
    }
  } else {
    la_push_value(L, state, value);
    if (part->type && la_type_has_process_result(part->type)) {
      la_process_result_of(L, state, part->type, engine);
    }
  }
}

/* la_result_source: pushes the values of the next row. */
static bool next_row(lua_State *L, la_state *state, la_result *result, int result_index,
                     int column) {
  luaL_checkstack(L, 8, NULL);
  lua_getiuservalue(L, result_index, LA_RESULT_DATA);
  rows_box *box = rows_at(L, -1);
  if (!box->session) {
    lua_pop(L, 1);
    return false;
  }
  if (box->busy) {
    la_raise_status(L, LA_INVALID_REQUEST, "this result is being read already");
  }
  uint32_t count;
  bool single;
  const la_row_part *parts = la_load_plan_parts(box->load.plan, &count, &single);
  for (;;) {
    size_t rows = single ? box->load.entities.count : box->load.rows.rows.count;
    if (box->at < rows) {
      break;
    }
    drop_made(L, box, result_index);
    if (!read_part(L, state, box)) {
      la_scratch_clear(L, -1);
      lua_pop(L, 1);
      return false;
    }
  }
  size_t at = box->at++;
  luaL_checkstack(L, (int)count + 4, NULL);
  if (single) {
    if (box->load.entities.items[at]) {
      push_made(L, state, box, result_index, at);
    } else {
      lua_pushnil(L);
    }
    lua_remove(L, -2);
    return true;
  }
  int data = lua_gettop(L);
  const la_packed_row *row = box->load.rows.rows.items[at];
  const la_engine *engine = box->session->engine; /* Lua may end the result meanwhile */
  bool folds = lua_getiuservalue(L, result_index, LA_RESULT_FOLD) != LUA_TNIL;
  if (!folds) {
    lua_pop(L, 1);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (folds || column < 0 || (uint32_t)column == i) {
      la_push_row_part(L, state, engine, &parts[i], &row->values[i]);
    }
  }
  lua_remove(L, data);
  if (folds) {
    la_fold_row(L, (int)count, column, (int)((la_row_shape *)result->box.object)->count);
  }
  return true;
}

/* la_result_quick_source: the handle of the next object if it is made. */
static bool push_next_made(lua_State *L, la_result *result, int result_index) {
  rows_box *box = result->data;
  if (box->busy || box->at < box->made || box->at >= box->made_end ||
      box->load.entities.items[box->at] == NULL) {
    return false;
  }
  lua_getiuservalue(L, result_index, LA_RESULT_MADE);
  lua_rawgeti(L, -1, (lua_Integer)(box->at - box->made) + 1);
  box->at++;
  return true;
}

/* la_result_packed_source, for rows of values that Lua has no say in. */
static la_rows *packed_rows(lua_State *L, la_state *state, la_result *result, int result_index) {
  (void)result;
  luaL_checkstack(L, 8, NULL);
  lua_getiuservalue(L, result_index, LA_RESULT_DATA);
  rows_box *box = rows_at(L, -1);
  la_rows *rows = &box->load.rows;
  while (box->session != NULL && la_rows_left(rows) == 0) {
    if (!read_part(L, state, box)) {
      la_scratch_clear(L, -1);
    }
  }
  lua_pop(L, 1);
  return box->session != NULL ? rows : NULL;
}

bool la_rows_are_plain(const la_load_plan *plan) {
  uint32_t count;
  bool single;
  const la_row_part *parts = la_load_plan_parts(plan, &count, &single);
  uint32_t bundle_count;
  for (uint32_t i = 0; i < count; i++) {
    if (parts[i].kind != LA_ROW_PART_VALUE ||
        (parts[i].type != NULL && la_type_has_process_result(parts[i].type))) {
      return false;
    }
  }
  la_load_plan_bundles(plan, &bundle_count);
  return bundle_count == 0;
}

/* la_result_list_source: what is left of rows that are an object each. */
static bool push_objects(lua_State *L, la_state *state, la_result *result, int result_index) {
  (void)result;
  lua_getiuservalue(L, result_index, LA_RESULT_DATA);
  int data = lua_gettop(L);
  rows_box *box = rows_at(L, data);
  if (!box->session || box->streams || box->busy || !la_plan_is_single(box->load.plan)) {
    lua_pop(L, 1);
    return false;
  }
  size_t from = box->at;
  box->busy = true; /* finalizers may want to read on */
  box->at = box->load.entities.count;
  la_push_object_list(L, state, &box->load.entities, from, box->at);
  la_scratch_clear(L, data);
  lua_replace(L, data);
  return true;
}

/* Pushes a Result of `statement`, streamed in parts of `part` rows if that is not 0. */
void la_push_orm_result(lua_State *L, la_state *state, int session_index, const la_node *statement,
                        const la_select_run *how, size_t part) {
  session_index = lua_absindex(L, session_index);
  la_session *session = la_check_session(L, session_index);
  luaL_checkstack(L, 12, NULL);
  rows_box *box = la_push_scratch(L, state, sizeof *box, clear_rows); /* rows */
  int at = lua_gettop(L);
  box->session = la_object_retain(session);
  box->part = part;
  box->streams = part > 0;
  la_select_run run = *how;
  run.into = &box->load;
  run.holder = at;
  run.cursor = part > 0 ? &box->cursor : NULL;
  la_run_select(L, state, session_index, statement, &run);
  const la_load_plan *plan = box->load.plan;
  la_row_shape **shape = la_push_shape(L, state, plan, statement); /* rows, shape */
  bool plain = la_rows_are_plain(plan);
  lua_pushvalue(L, at);
  la_result *result = la_push_sourced_result(L, state, next_row); /* rows, shape, result */
  result->box.object = *shape;
  *shape = NULL;
  lua_getiuservalue(L, at + 1, 1);
  lua_setiuservalue(L, -2, LA_RESULT_FOLD);
  lua_replace(L, at);
  lua_settop(L, at);
  result->packed = plain ? packed_rows : NULL;
  result->list = push_objects;
  result->quick = push_next_made;
  result->data = box;
  result->needs_unique = !how->legacy && la_load_plan_needs_unique(plan);
  result->yield_per = (uint32_t)part;
  result->in_parts = part > 0;
  result->returns_rows = true;
}

bool la_rows_are_single(lua_State *L, int index) {
  const la_load_plan *plan = rows_at(L, index)->load.plan;
  return la_plan_is_single(plan) || la_plan_is_one_bundle(plan);
}

bool la_plan_is_single(const la_load_plan *plan) {
  uint32_t count;
  bool single;
  la_load_plan_parts(plan, &count, &single);
  return single;
}

/* Keys of execution options. */
const la_value *la_find_execution_option(const la_node *options, const char *name) {
  for (const la_node *chain = options; chain; chain = chain->children[0]) {
    for (uint32_t i = chain->count; i-- > 1;) {
      if (la_text_is(chain->children[i]->text, name)) {
        return &chain->children[i]->value;
      }
    }
  }
  return NULL;
}

la_select_run la_run_options(const la_node *statement) {
  const la_value *populate = la_execution_option(statement, "populate_existing");
  const la_value *autoflush = la_execution_option(statement, "autoflush");
  return (la_select_run){.has_token = la_execution_option(statement, "identity_token") != NULL,
                         .autoflush = !autoflush || autoflush->as.integer,
                         .populate_existing = populate && populate->as.integer};
}

/* True for DML whose RETURNING names classes or their attributes: its rows are loaded as a select's
 * are. */
static bool returns_entities(const la_node *node) {
  int part = la_statement_returning_part(node);
  const la_node *chain = part < 0 ? NULL : la_node_child(node, (uint32_t)part);
  return chain && chain->flags & LA_NODE_HAS_ORM;
}

/* core.returns_entities(statement). */
static int statement_returns_entities(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  lua_pushboolean(L, node && returns_entities(node));
  return 1;
}

/* session:execute(statement, parameters, options); `then` is the Result's method to call on it, or
 * NULL. */
static int run_statement(lua_State *L, const char *name, const char *then) {
  la_state *state = la_state_of(L);
  la_node *node = la_to_node(L, 2);
  lua_settop(L, 4);
  bool plain = lua_isnil(L, 3) && lua_isnil(L, 4);
  if (!plain || !node || !(node->flags & LA_NODE_HAS_ORM) ||
      (!la_node_is_select(node) && !(node->kind == LA_NODE_INSERT && returns_entities(node)))) {
    la_push_hook(L, state, "session_execute");
    lua_insert(L, 1);
    lua_pushstring(L, name);
    la_run_program(L, 5, 1);
    return 1;
  }
  const la_value *yield_per = la_execution_option(node, "yield_per");
  la_select_run how = la_run_options(node);
  la_push_orm_result(
      L, state, 1, node, &how,
      yield_per && yield_per->kind == LA_VALUE_INTEGER ? (size_t)yield_per->as.integer : 0);
  if (then) {
    lua_getfield(L, -1, then);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
  }
  return 1;
}

/* The same, listeners of do_orm_execute first: they may change the statement, or give a Result. */
static int execute(lua_State *L, const char *name, const char *then) {
  la_state *state = la_state_of(L);
  la_check_session(L, 1);
  la_check_count(L, 2, name);
  bool heard = la_event_has(state, LA_EVENT_DO_ORM_EXECUTE);
  if (!heard && !la_check_session(L, 1)->has_options) {
    return run_statement(L, name, then);
  }
  lua_settop(L, 4);
  la_push_hook(L, state, heard ? "orm_execute" : "session_execute");
  lua_insert(L, 1);
  lua_pushstring(L, name);
  la_run_program(L, 5, 1);
  return 1;
}

/* core.session_run(session, statement, parameters, options, name): execute without its event. */
static int session_run(lua_State *L) {
  la_check_session(L, 1);
  const char *name = luaL_checkstring(L, 5);
  return run_statement(L, name, strcmp(name, "execute") == 0 ? NULL : name);
}

static int session_execute(lua_State *L) {
  return execute(L, "execute", NULL);
}

static int session_scalars(lua_State *L) {
  return execute(L, "scalars", "scalars");
}

static int session_scalar(lua_State *L) {
  return execute(L, "scalar", "scalar");
}

/* session:connection{execution_options = …, bind_arguments = …} → the connection of the session's
 * transaction. */
static int session_connection(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  lua_settop(L, 2);
  if (session->routed || !lua_isnil(L, 2)) {
    la_push_hook(L, state, "connection_bind");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    la_session_route_to(L, session);
  }
  la_connection *connection = NULL;
  la_error err = LA_ERROR_INIT;
  if (lua_istable(L, 2) && lua_getfield(L, 2, "execution_options") == LUA_TTABLE) {
    bool established = session->connection != NULL && session->entered;
    if (established || session->connection) {
      lua_pop(L, 1);
      if (established) {
        la_warn_now(L, state,
                    "Connection is already established for the given bind; execution_options "
                    "ignored");
      }
    } else {
      la_session_set_options(L, state, session);
    }
  }
  la_session_connect(L, state, session);
  la_status status = la_session_check(session, &err);
  if (status >= 0) {
    status = la_session_connection(session, &connection, &err);
  }
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  la_session_tell_begin(L, state, session);
  la_push_connection(L, state, connection);
  return 1;
}

/* core.orm_translate(statement) → the Core statement that it stands for. */
static int orm_translate(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *node = la_to_node(L, 1);
  if (!node) {
    return la_raise_argument(L, 1, "a statement");
  }
  la_node *out = NULL;
  la_error err = LA_ERROR_INIT;
  if (!(node->flags & LA_NODE_HAS_ORM)) {
    lua_settop(L, 1);
    return 1;
  }
  if (la_orm_translate(&state->sql, node, &out, &err) < 0) {
    la_raise_orm(L, &err);
  }
  la_push_node(L, state, out, 1, 1);
  return 1;
}

/* core.session_autoflush(session). */
static int session_autoflush(lua_State *L) {
  la_check_session(L, 1);
  la_session_autoflush(L, la_state_of(L), 1);
  return 0;
}

/* core.is_orm(statement) → kind: "select", "dml" or nil for what has no classes in it. */
static int is_orm(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  bool is_class = node && (la_node_is_select(node) ||
                           (la_node_is_dml(node) && node->children[0]->kind == LA_NODE_ENTITY));
  if (!is_class || !(node->flags & LA_NODE_HAS_ORM)) {
    lua_pushnil(L);
  } else {
    lua_pushstring(L, la_node_is_select(node)        ? "select"
                      : node->kind == LA_NODE_INSERT ? "insert"
                      : node->kind == LA_NODE_UPDATE ? "update"
                                                     : "delete");
  }
  return 1;
}

/* core.has_given_statement(statement): whether it is from_statement()'s. */
static int has_given_statement(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  lua_pushboolean(L, node && node->kind == LA_NODE_SELECT && node->children[LA_SELECT_STATEMENT]);
  return 1;
}

/* core.execution_option(statement, name) → its value, or nil. */
static int execution_option(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  const la_value *value = node ? la_execution_option(node, luaL_checkstring(L, 2)) : NULL;
  if (!value) {
    lua_pushnil(L);
  } else {
    la_push_value(L, la_state_of(L), value);
  }
  return 1;
}

/* core.execution_options(statement) → all of them, none of what is no statement. */
static int execution_options(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  if (node) {
    la_push_execution_options(L, la_state_of(L), node);
  } else {
    lua_newtable(L);
  }
  return 1;
}

/* core.has_returning(statement). */
static int has_returning(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  int part = node ? la_statement_returning_part(node) : -1;
  lua_pushboolean(L, part >= 0 && la_node_child(node, (uint32_t)part) != NULL);
  return 1;
}

/* Pushes a copy of the row of parameters at `index` whose keys are the columns' instead of the
 * attributes'. */
static void push_by_column(lua_State *L, const la_mapper *mapper, int index) {
  index = lua_absindex(L, index);
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    const la_property *property = NULL;
    if (lua_type(L, -2) == LUA_TSTRING) {
      size_t len;
      const char *bytes = lua_tolstring(L, -2, &len);
      property = la_mapper_property(mapper, (la_text){bytes, len});
    }
    if (property && property->column) {
      la_push_text(L, property->column->key);
    } else {
      lua_pushvalue(L, -2);
    }
    lua_pushvalue(L, -2);
    lua_rawset(L, -5);
  }
}

/* core.insert_keys(statement, parameters) → the parameters, attributes' names turned into columns'
 * keys. */
static int insert_keys(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  lua_settop(L, 2);
  la_node *entity = node && node->count > 0 ? node->children[0] : NULL;
  if (!entity || entity->kind != LA_NODE_ENTITY || !lua_istable(L, 2)) {
    return 1;
  }
  const la_mapper *mapper = (const la_mapper *)entity->subject;
  size_t count = lua_rawlen(L, 2);
  if (count == 0) {
    push_by_column(L, mapper, 2);
    return 1;
  }
  lua_createtable(L, (int)count, 0);
  for (size_t i = 1; i <= count; i++) {
    if (lua_rawgeti(L, 2, (lua_Integer)i) == LUA_TTABLE) {
      push_by_column(L, mapper, -1);
      lua_remove(L, -2);
    }
    lua_rawseti(L, 3, (lua_Integer)i);
  }
  return 1;
}

const luaL_Reg la_session_result_methods[] = {{"execute", session_execute},
                                              {"scalars", session_scalars},
                                              {"scalar", session_scalar},
                                              {"connection", session_connection},
                                              {NULL, NULL}};

void la_open_orm_result(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"orm_translate", orm_translate},
                                       {"session_run", session_run},
                                       {"session_autoflush", session_autoflush},
                                       {"is_orm", is_orm},
                                       {"has_given_statement", has_given_statement},
                                       {"execution_option", execution_option},
                                       {"execution_options", execution_options},
                                       {"has_returning", has_returning},
                                       {"returns_entities", statement_returns_entities},
                                       {"insert_keys", insert_keys},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
