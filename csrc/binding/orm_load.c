/* SPDX-License-Identifier: MIT */
/*
 * Session methods that load: get, refresh, and the running of ORM selects.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/orm_session.h"
#include "binding/warning.h"
#include "orm/translate.h"
#include "sql/walk.h"

/* Configures the classes that `statement` names, while some class waits for it. */
static la_walk_answer find_unconfigured(const la_node *node, void *context) {
  if (node->kind == LA_NODE_ENTITY || node->kind == LA_NODE_ATTRIBUTE) {
    la_mapper *mapper = (la_mapper *)node->subject;
    if (mapper && !mapper->configured) {
      *(la_mapper **)context = mapper;
      return LA_WALK_STOP;
    }
  } else if (node->kind == LA_NODE_RELATIONSHIP) {
    la_relationship *relationship = (la_relationship *)node->subject;
    if (relationship && !relationship->configured) {
      *(la_mapper **)context = relationship->parent;
      return LA_WALK_STOP;
    }
  }
  return LA_WALK_CONTINUE;
}

void la_configure_statement(lua_State *L, la_state *state, const la_node *statement) {
  if (!state->configure_wanted) {
    return;
  }
  la_mapper *mapper = NULL;
  la_error err;
  la_error_init(&err);
  if (la_walk(&state->alloc, statement, find_unconfigured, &mapper, &err) < 0) {
    la_raise(L, &err);
  }
  if (mapper) {
    la_configure(L, state, mapper);
  }
}

/* A statement's parameters, in a scratch; each a reference. */
typedef struct held_params {
  la_allocator *alloc;
  LA_VEC(la_node *) nodes;
} held_params;
_Static_assert(sizeof(held_params) <= LA_LENT_BYTES, "parameters fit a borrowed scratch");

static void clear_params(void *memory) {
  held_params *held = memory;
  for (size_t i = 0; i < held->nodes.count; i++) {
    la_node_release(held->nodes.items[i]);
  }
  la_vec_clear(held->alloc, &held->nodes);
}

/* Pushes a scratch that holds the parameters of `statement`, since Lua may compile other statements
 * with the engine's key meanwhile. */
static held_params *hold_params(lua_State *L, la_state *state, la_engine *engine,
                                const la_node *statement) {
  la_key *key = &engine->key;
  la_error err;
  la_error_init(&err);
  held_params *held = la_borrow_scratch(L, state, sizeof *held, clear_params);
  held->alloc = &state->alloc;
  if (la_key_collect_params(key, statement, &err) < 0) {
    la_raise(L, &err);
  }
  for (size_t i = 0; i < key->params.count; i++) {
    la_node *param = la_node_retain(key->params.items[i]);
    if (!la_vec_push(held->alloc, &held->nodes, param)) {
      la_node_release(param);
      la_fail_nomem(&err);
      la_raise(L, &err);
    }
  }
  return held;
}

/* Puts a copy with converted values in the place of a parameter. */
static void convert_param(lua_State *L, la_state *state, const la_engine *engine, la_node **param) {
  la_node *fresh = la_convert_param(L, state, engine, *param);
  la_node_release(*param);
  *param = fresh;
}

/* Holds the parameters if Lua has a say in some (`any`: anyhow), and converts these. Else pushes
 * nothing and gives NULL: the engine's key has them. */
static held_params *take_params(lua_State *L, la_state *state, la_engine *engine,
                                const la_node *statement, bool any) {
  const la_key *key = &engine->key;
  for (size_t i = 0; i < key->params.count; i++) {
    any |= la_param_needs_lua(key->params.items[i]);
  }
  if (!any) {
    return NULL;
  }
  held_params *held = hold_params(L, state, engine, statement);
  for (size_t i = 0; i < held->nodes.count; i++) {
    if (la_param_needs_lua(held->nodes.items[i])) {
      convert_param(L, state, engine, &held->nodes.items[i]);
    }
  }
  return held;
}

/* Raises for a statement that failed, with the statement's own parameters. */
static void raise_run(lua_State *L, la_state *state, const la_error *err, const la_load *load,
                      const la_node *statement, const held_params *held) {
  const la_compiled *compiled = load->compiled;
  int list = 0;
  if (la_failed_is(&state->failed, err)) {
    la_raise_orm(L, err);
  }
  if (err->status != LA_NOMEM) {
    held = held ? held : hold_params(L, state, load->session->engine, statement);
    la_push_list(L, state, (int)compiled->param_count);
    list = lua_gettop(L);
    for (uint32_t i = 0; i < compiled->param_count; i++) {
      const la_compiled_param *param = &compiled->params[i];
      if (param->source == LA_PARAM_FROM_STATEMENT && param->index < held->nodes.count &&
          held->nodes.items[param->index]->value_count == 0) {
        la_push_value_or_null(L, state, &held->nodes.items[param->index]->value);
      } else {
        la_push_null(L);
      }
      lua_rawseti(L, list, (lua_Integer)i + 1);
    }
  }
  la_raise_statement(L, err, compiled->text, list);
}

/* The statement of from_statement() runs once its columns are known. */
static la_load *run_given(lua_State *L, la_state *state, int session_index,
                          const la_node *statement, const la_select_run *how) {
  la_session *session = la_check_session(L, session_index);
  la_select_run described = *how;
  session_index = lua_absindex(L, session_index);
  la_node **node = la_push_scratch(L, state, sizeof *node, la_clear_reference);
  int at = lua_gettop(L);
  la_error err;
  la_error_init(&err);
  *node = la_node_retain(statement);
  if (how->autoflush) {
    la_session_autoflush(L, state, session_index);
  }
  la_session_route(L, state, session, NULL, statement, NULL);
  la_session_listen_to(L, state, session, statement);
  if (la_session_describe_text(session, node, &err) < 0) {
    const la_node *text = statement->children[LA_SELECT_STATEMENT];
    la_raise_statement(L, &err,
                       text->kind == LA_NODE_TEXTUAL ? text->children[0]->text : text->text, 0);
  }
  described.described = true;
  described.autoflush = false;
  la_load *load = la_run_select(L, state, session_index, *node, &described);
  la_scratch_clear(L, at);
  lua_remove(L, at);
  return load;
}

static bool has_entities(const la_load_plan *plan) {
  uint32_t count;
  bool single;
  const la_row_part *parts = la_load_plan_parts(plan, &count, &single);
  while (count > 0 && parts[count - 1].kind != LA_ROW_PART_ENTITY) {
    count--;
  }
  return count > 0;
}

/* A Query with objects gives each row of them once, however many a join makes of it; streams don't
 * look back. */
static bool gives_once(const la_select_run *how, const la_node *statement,
                       const la_load_plan *plan) {
  return how->legacy && how->cursor == NULL && has_entities(plan) &&
         statement->kind == LA_NODE_SELECT &&
         (statement->children[LA_SELECT_FROM] || statement->children[LA_SELECT_WHERE] ||
          statement->children[LA_SELECT_STATEMENT]);
}

la_load *la_run_select(lua_State *L, la_state *state, int session_index, const la_node *statement,
                       const la_select_run *how) {
  if (statement->kind == LA_NODE_SELECT && statement->children[LA_SELECT_STATEMENT] &&
      !how->described) {
    return run_given(L, state, session_index, statement, how);
  }
  la_session *session = la_check_session(L, session_index);
  session_index = lua_absindex(L, session_index);
  la_error err;
  la_error_init(&err);
  if (la_session_check(session, &err) < 0) {
    la_raise_orm(L, &err);
  }
  if (how->autoflush && la_session_has_changes(session)) {
    la_session_autoflush(L, state, session_index);
  }
  la_configure_statement(L, state, statement);
  session->routed |= how->has_token;
  la_session_route(L, state, session, NULL, statement, NULL);
  if (!session->engine) {
    la_raise_status(L, LA_UNBOUND_EXECUTION,
                    "Could not locate a bind configured on this Session: sessionmaker{bind = "
                    "engine} or Session(engine)");
  }
  la_load *load = how->into ? how->into : la_push_load(L, state);
  la_session_listen_to(L, state, session, statement);
  if (la_load_compile(load, session, statement, &err) < 0) {
    la_raise_orm(L, &err);
  }
  la_compiled *compiled = load->compiled;
  const la_load_plan *plan = (const la_load_plan *)compiled->extra;
  load->populate_existing = how->populate_existing;
  load->dml = how->dml;
  load->unique_rows = plan && gives_once(how, statement, plan);
  load->unique = how->unique || load->unique_rows || (plan && la_load_plan_needs_unique(plan));
  bool has_defaults = la_has_defaults(compiled);
  int top = lua_gettop(L);
  held_params *held = take_params(L, state, session->engine, statement, has_defaults);
  /* From here to the end of the run nothing calls Lua: the key's parameters are this statement's.
   */
  const la_key *key = &session->engine->key;
  const la_node *const *params =
      held ? (const la_node *const *)held->nodes.items : key->params.items;
  uint32_t count = (uint32_t)(held ? held->nodes.count : key->params.count);
  la_param_lookup lookup = has_defaults ? la_defaults_lookup : how->lookup;
  void *lookup_context = has_defaults ? la_push_defaults(L, state, session, compiled, params, count)
                                      : how->lookup_context;
  la_status status = how->cursor ? la_load_open(load, how->cursor, session, compiled, params, count,
                                                lookup, lookup_context, &err)
                                 : la_load_run(load, session, compiled, params, count, lookup,
                                               lookup_context, how->limit, &err);
  load->dml = NULL; /* lent for the run */
  if (status < 0) {
    raise_run(L, state, &err, load, statement, held);
  }
  if (held) {
    la_give_back_scratch(L, state, top + 1);
  }
  lua_settop(L, top); /* load */
  if (!how->cursor) {
    la_finish_load(L, state, load, how->into ? how->holder : -1);
  }
  return load;
}

/* Converts the Lua value at `index` for key column `i` of `mapper`; its bytes are lent from the
 * stack. */
static void key_value(lua_State *L, const la_mapper *mapper, uint32_t i, int index, la_arena *arena,
                      la_value *out) {
  la_error err;
  la_error_init(&err);
  bool host = false;
  const la_property *property = mapper->primary_key[i];
  la_value bound;
  if (la_value_from_lua(L, index, property->column->type, arena, out, &host, &err) < 0 || host ||
      la_type_bind(property->column->type, out, &bound, arena, &err) < 0) {
    la_raise_status(L, LA_STATEMENT, "(column %.*s) %s", LA_TEXT_FORMAT(property->column->name),
                    host ? "a table is not a key" : err.message);
  }
}

static int raise_key_count(lua_State *L, const la_mapper *mapper) {
  luaL_Buffer names;
  luaL_buffinit(L, &names);
  for (uint32_t i = 0; i < mapper->primary_key_count; i++) {
    const la_column *column = mapper->primary_key[i]->column;
    const char *table = column->table ? column->table->name.bytes : NULL;
    lua_pushfstring(L, "%s'%s%s%s'", i ? "," : "", table ? table : "", table ? "." : "",
                    column->name.bytes);
    luaL_addvalue(&names);
  }
  luaL_pushresult(&names);
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "Incorrect number of values in identifier to formulate primary key for "
                         "session.get(); primary key columns are %s",
                         lua_tostring(L, -1));
}

static int raise_key_names(lua_State *L, const la_mapper *mapper) {
  luaL_Buffer names;
  luaL_buffinit(L, &names);
  for (uint32_t i = 0; i < mapper->primary_key_count; i++) {
    lua_pushfstring(L, "%s'%s'", i ? "," : "", mapper->primary_key[i]->key.bytes);
    luaL_addvalue(&names);
  }
  luaL_pushresult(&names);
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "Incorrect names of values in identifier to formulate primary key for "
                         "session.get(); primary key attribute names are %s",
                         lua_tostring(L, -1));
}

typedef struct key_box {
  la_arena arena;
  la_value values[LA_KEY_LIMIT];
} key_box;

static void clear_key(void *memory) {
  key_box *box = memory;
  if (box->arena.alloc) {
    la_arena_clear(&box->arena);
  }
}

/* The identity at `index`: a value, a sequence, or a map by attribute names. Leaves the strings it
 * lends from on the stack. */
static key_box *check_identity(lua_State *L, la_state *state, const la_mapper *mapper, int index) {
  key_box *box = la_push_scratch(L, state, sizeof *box, clear_key);
  la_arena_init(&box->arena, &state->alloc);
  uint32_t count = mapper->primary_key_count;
  luaL_checkstack(L, (int)count + 8, NULL);
  if (count > LA_KEY_LIMIT) {
    la_raise_status(L, LA_NOT_SUPPORTED, "a primary key of %d columns is too long", (int)count);
  }
  if (!lua_istable(L, index) ||
      (count == 1 && lua_rawlen(L, index) == 0 && lua_getmetatable(L, index))) {
    if (count != 1) {
      raise_key_count(L, mapper);
    }
    key_value(L, mapper, 0, index, &box->arena, &box->values[0]);
    return box;
  }
  lua_Integer given = luaL_len(L, index);
  for (uint32_t i = 0; i < count; i++) {
    if (given > 0) {
      lua_geti(L, index, (lua_Integer)i + 1);
    } else {
      la_push_text(L, mapper->primary_key[i]->key);
      lua_gettable(L, index);
      if (lua_isnil(L, -1)) {
        raise_key_names(L, mapper);
      }
    }
    key_value(L, mapper, i, -1, &box->arena, &box->values[i]);
  }
  if (given > 0 && given != (lua_Integer)count) {
    raise_key_count(L, mapper);
  }
  return box;
}

static bool option(lua_State *L, int index, const char *name) {
  bool on = false;
  if (lua_istable(L, index)) {
    lua_getfield(L, index, name);
    on = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  return on;
}

/* Upvalue of get(): the state's table of handles. */
#define HANDLES lua_upvalueindex(2)

/* The mapper of the class at 2. Most calls are for the class of the one before, which the session's
 * box has and knows by its address; unless its declaration has failed since. */
static la_mapper *check_class(lua_State *L) {
  la_session_box *box = lua_touserdata(L, 1);
  const void *class = lua_topointer(L, 2);
  if (class != NULL && class == box->class) {
    la_mapper *known = box->mapper_box->box.object;
    if (known != NULL && known->registry != NULL) {
      return known;
    }
  }
  la_mapper *mapper = la_check_mapper(L, 2);
  box->class = NULL;
  box->mapper_box = la_push_mapper_box(L, 2);
  lua_setiuservalue(L, 1, LA_SESSION_MAPPER);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 1, LA_SESSION_CLASS);
  box->class = class;
  return mapper;
}

/* The everyday look-up, of an integer key that the map has: pushes the object. */
static bool push_known(lua_State *L, la_state *state, const la_session *session,
                       const la_mapper *mapper) {
  if (session->routed || !lua_isnoneornil(L, 4) || !lua_isinteger(L, 3) || !mapper->configured ||
      mapper->primary_key_count != 1) {
    return false;
  }
  la_value key = la_value_integer(lua_tointeger(L, 3));
  la_instance *known =
      la_identity_find(&session->map, mapper->root, &key, la_identity_hash(mapper->root, &key));
  if (!known || known->flags & (LA_INSTANCE_EXPIRED | LA_INSTANCE_GONE) ||
      !la_mapper_is_a(known->mapper, mapper)) {
    return false;
  }
  if (!la_push_object_from(L, HANDLES, known)) {
    la_push_object(L, state, known);
  }
  return true;
}

int la_session_peek(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_mapper *mapper = la_check_mapper(L, 2);
  session->map.token = (uint32_t)luaL_optinteger(L, 4, 0);
  lua_settop(L, 3);
  key_box *key = check_identity(L, state, mapper, 3);
  la_instance *known = la_identity_find(&session->map, mapper->root, key->values,
                                        la_identity_hash(mapper->root, key->values));
  if (known && !(known->flags & LA_INSTANCE_GONE) && la_mapper_is_a(known->mapper, mapper)) {
    la_push_object(L, state, known);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* Pushes the version that `instance` has, nil if it is not loaded or there is none. */
static void push_version(lua_State *L, la_state *state, la_instance *instance) {
  const la_property *version = instance ? instance->mapper->version_property : NULL;
  if (version && version->slot < instance->slot_count &&
      instance->slots[version->slot].flags & LA_SLOT_LOADED) {
    la_push_object(L, state, instance);
    la_object_get(L, state, -1, version);
    lua_remove(L, -2);
  } else {
    lua_pushnil(L);
  }
}

/* A row that was locked has the version at `before` that the object was loaded with. */
static void check_version(lua_State *L, la_state *state, la_instance *instance, int before) {
  push_version(L, state, instance);
  if (!lua_isnil(L, before) && !lua_isnil(L, -1) && !lua_compare(L, before, -1, LUA_OPEQ)) {
    la_push_object(L, state, instance);
    const char *name = luaL_tolstring(L, -1, NULL);
    const char *had = luaL_tolstring(L, before, NULL);
    const char *has = luaL_tolstring(L, -4, NULL);
    la_raise_status(L, LA_STALE_DATA,
                    "Instance '%s' has version id '%s' which does not match database-loaded "
                    "version id '%s'.",
                    name, had, has);
  }
  lua_pop(L, 1);
}

/* get() of what `known`, NULL or expired, can't answer: true, and the object or nil is pushed, if
 * listeners have loaded it. Stack: session, class, identity, options. */
static bool tell_get(lua_State *L, la_state *state, const la_mapper *mapper, la_instance *known) {
  if (known) {
    if (la_instance_is_expired(known)) {
      la_push_object(L, state, known);
      if (la_tell_column_load(L, state, -1, LA_TEXT_NONE, false) &&
          !la_instance_is_expired(known)) {
        return true;
      }
      lua_pop(L, 1);
    }
    return false;
  }
  la_push_hook(L, state, "get_load");
  lua_pushvalue(L, 1);
  la_push_host(L, state, mapper->host);
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 4);
  la_run_program(L, 4, 2); /* whether it is loaded, object */
  bool loaded = lua_toboolean(L, -2);
  if (!loaded) {
    lua_pop(L, 2);
  }
  return loaded;
}

/* The number of the identity token among the options of get(); 0 without one. */
static uint32_t get_token(lua_State *L, la_state *state, la_session *session) {
  uint32_t token = 0;
  if (lua_istable(L, 4)) {
    if (lua_getfield(L, 4, "identity_token") != LUA_TNIL) {
      la_push_hook(L, state, "identity_token");
      lua_insert(L, -2);
      lua_call(L, 1, 1);
      token = (uint32_t)lua_tointeger(L, -1);
      session->routed = true;
    }
    lua_pop(L, 1);
  }
  return token;
}

/* May the values be the key of an object? Warns of a key of NULLs alone. */
static bool is_key(lua_State *L, la_state *state, const la_mapper *mapper, const la_value *values) {
  uint32_t nulls = 0;
  for (uint32_t i = 0; i < mapper->primary_key_count; i++) {
    nulls += values[i].kind == LA_VALUE_NULL;
  }
  if (nulls == mapper->primary_key_count) {
    la_warn_now(L, state,
                "fully NULL primary key identity cannot load any object.  This condition may raise "
                "an error in a future release.");
  }
  return nulls == 0 || mapper->allow_partial_keys;
}

/* session:get(Class, identity, options). */
static int session_get(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_check_count(L, 3, "get");
  la_mapper *mapper = check_class(L);
  la_error err;
  la_error_init(&err);
  if (push_known(L, state, session, mapper)) {
    return 1;
  }
  if (!lua_isnoneornil(L, 4)) {
    la_push_hook(L, state, "get_options");
    lua_pushvalue(L, 4);
    lua_call(L, 1, 1);
    lua_replace(L, 4);
  }
  bool populate_existing = option(L, 4, "populate_existing") || option(L, 4, "with_for_update");
  lua_settop(L, 4);
  if (!mapper->configured) {
    la_configure(L, state, mapper);
  }
  if (lua_istable(L, 4) && lua_getfield(L, 4, "options") == LUA_TTABLE) {
    la_push_hook(L, state, "get_with_options"); /* options, hook */
    lua_insert(L, 5);
    lua_pushvalue(L, 1);
    lua_insert(L, 6);
    la_push_host(L, state, mapper->host);
    lua_insert(L, 7);
    lua_pushvalue(L, 3);
    lua_insert(L, 8); /* hook, session, class, identity, options */
    lua_call(L, 4, 1);
    return 1;
  }
  lua_settop(L, 4);
  if (la_session_check(session, &err) < 0) {
    la_raise_orm(L, &err);
  }
  key_box *key = check_identity(L, state, mapper, 3);
  if (!is_key(L, state, mapper, key->values)) {
    lua_pushnil(L);
    return 1;
  }
  uint32_t hash = la_identity_hash(mapper->root, key->values);
  session->map.token = get_token(L, state, session);
  la_instance *known =
      populate_existing ? NULL : la_identity_find(&session->map, mapper->root, key->values, hash);
  if (known &&
      !la_mapper_is_a(known->mapper, mapper)) { /* an object of another class has the row */
    lua_pushnil(L);
    return 1;
  }
  if (!known || la_instance_is_expired(known)) {
    la_session_autoflush(L, state, 1);
  }
  push_version(L, state,
               option(L, 4, "with_for_update")
                   ? la_identity_find(&session->map, mapper->root, key->values, hash)
                   : NULL);
  int version = lua_gettop(L);
  if (la_session_loads_heard(state, session) && tell_get(L, state, mapper, known)) {
    return 1;
  }
  la_load *load = la_push_load(L, state);
  la_instance *found = NULL;
  if (session->routed) {
    session->map.token = get_token(L, state, session);
    la_session_route(L, state, session, mapper, NULL, NULL);
  }
  la_session_listen(L, state, session);
  if (la_load_get(session, mapper, key->values, populate_existing, load, &found, &err) < 0) {
    la_raise_orm(L, &err);
  }
  if (!found) {
    la_session_tell(L, state, session);
    lua_pushnil(L);
    return 1;
  }
  la_push_object(L, state, found);
  lua_insert(L, -2);
  la_finish_load(L, state, load, -1);
  la_session_tell(L, state, session);
  la_give_back_scratch(L, state, -1);
  lua_pop(L, 1);
  check_version(L, state, found, version);
  la_session_settle(L, state, session);
  return 1;
}

typedef struct names_box {
  la_allocator *alloc;
  LA_VEC(la_text) names;
} names_box;

static void clear_names(void *memory) {
  names_box *box = memory;
  if (box->alloc) {
    la_vec_clear(box->alloc, &box->names);
    box->alloc = NULL;
  }
}

void la_expand_names(lua_State *L, la_state *state, const la_mapper *mapper, int index) {
  lua_Integer count = luaL_len(L, index);
  bool known = true;
  for (lua_Integer i = 1; known && i <= count; i++) {
    lua_geti(L, index, i);
    known = la_mapper_property(mapper, la_check_text(L, -1)) != NULL;
    lua_pop(L, 1);
  }
  if (!known) {
    la_push_hook(L, state, "column_names");
    la_push_host(L, state, mapper->host);
    lua_pushvalue(L, index);
    lua_call(L, 2, 1);
    lua_replace(L, index);
  }
}

/* session:refresh(object, {"name", …}). */
static int session_refresh(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_check_count(L, 2, "refresh");
  la_instance *instance = la_check_instance(L, 2);
  lua_settop(L, 3);
  if (instance->session != session || la_instance_state(instance) != LA_STATE_PERSISTENT) {
    return la_raise_status(L, LA_INVALID_REQUEST,
                           "Instance '%s' is not persistent within this Session",
                           luaL_tolstring(L, 2, NULL));
  }
  names_box *box = la_push_scratch(L, state, sizeof *box, clear_names);
  box->alloc = &state->alloc;
  la_error err;
  la_error_init(&err);
  if (!lua_isnil(L, 3)) {
    if (!lua_istable(L, 3)) {
      return la_raise_argument(L, 3, "a list of attribute names");
    }
    la_expand_names(L, state, instance->mapper, 3);
    lua_Integer count = luaL_len(L, 3);
    luaL_checkstack(L, (int)count + 8, "too many names");
    for (lua_Integer i = 1; i <= count; i++) {
      lua_geti(L, 3, i);
      if (!la_vec_push(box->alloc, &box->names, la_check_text(L, -1))) {
        la_fail_nomem(&err);
        la_raise(L, &err);
      }
    }
  }
  if (box->names.count == 0) { /* what was changed is given up, so it is not flushed first */
    la_session_expire_all_of(L, session, instance);
  } else {
    la_session_expire_names(L, instance, 2, 3);
  }
  la_session_autoflush(L, state, 1);
  if (la_session_loads_heard(state, session) &&
      la_tell_column_load(L, state, 2, LA_TEXT_NONE, true)) {
    la_session_settle(L, state, session);
    return 0;
  }
  la_load *load = la_push_load(L, state);
  la_session_route(L, state, session, instance->mapper, NULL, instance);
  la_session_listen(L, state, session);
  if (la_load_refresh(session, instance, box->names.items, (uint32_t)box->names.count, load, &err) <
      0) {
    la_raise_orm(L, &err);
  }
  la_finish_load(L, state, load, -1);
  la_session_tell(L, state, session);
  la_give_back_scratch(L, state, -1);
  la_session_settle(L, state, session);
  return 0;
}

void la_register_session_loads(lua_State *L, la_state *state) {
  static const luaL_Reg methods[] = {{"refresh", session_refresh}, {NULL, NULL}};
  la_set_functions(L, methods);
  lua_pushlightuserdata(L, state);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  lua_pushcclosure(L, session_get, 2);
  lua_setfield(L, -2, "get");
}
