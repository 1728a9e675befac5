/* SPDX-License-Identifier: MIT */
/*
 * Which of a session's engines a statement goes to.
 *
 * Lua says so (lualchemy.orm.binds: session:get_bind, which programs may replace), once for each
 * statement, before it is compiled; the core then has that bind at hand (orm/session_bind.c).
 */
#include "binding/orm_session.h"

#include "binding/engine.h"
#include "binding/host.h"
#include "binding/schema.h"
#include "binding/sql.h"
#include "sql/walk.h"

/* Makes the bind of the engine or connection at the top of the stack the one at hand. */
static void use(lua_State *L, la_session *session) {
  const la_box *box = la_to_box(L, -1);
  la_engine *engine = NULL;
  la_connection *connection = NULL;
  uint32_t at = 0;
  la_error err = LA_ERROR_INIT;
  if (box && box->class == LA_BOX_CONNECTION) {
    connection = la_check_connection(L, -1);
    engine = connection->engine;
  } else {
    engine = la_check_engine(L, -1);
  }
  if (la_session_add_bind(session, engine, connection, &at, &err) < 0) {
    la_raise_orm(L, &err);
  }
  la_session_use_bind(session, at);
}

void la_session_route_to(lua_State *L, la_session *session) {
  if (!lua_isnil(L, -1)) {
    use(L, session);
  }
  lua_pop(L, 1);
}

/* Pushes the class that `mapper` maps, or nil. */
static void push_class(lua_State *L, la_state *state, const la_mapper *mapper) {
  if (mapper) {
    la_push_host(L, state, mapper->host);
  } else {
    lua_pushnil(L);
  }
}

void la_session_route(lua_State *L, la_state *state, la_session *session, const la_mapper *mapper,
                      const la_node *statement, la_instance *instance) {
  if (!session || !session->routed) {
    return;
  }
  luaL_checkstack(L, 10, NULL);
  la_push_hook(L, state, "route");
  la_push_session(L, state, session);
  int at = lua_gettop(L);
  push_class(L, state, mapper);
  if (statement) {
    la_push_node(L, state, la_node_retain((la_node *)(uintptr_t)statement), 1, 1);
  } else {
    lua_pushnil(L);
  }
  if (instance) {
    la_push_object(L, state, instance);
  } else {
    lua_pushnil(L);
  }
  lua_pushinteger(L, session->map.token);
  lua_pushvalue(L, at);
  lua_insert(L, at - 1);   /* session, hook, and what it is given */
  la_run_program(L, 5, 2); /* session, bind, token */
  uint32_t token = (uint32_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  use(L, session);
  session->map.token = token;
  lua_pop(L, 1);
  la_session_connect(L, state, session);
  lua_pop(L, 1);
}

void la_session_route_eager(lua_State *L, la_state *state, const la_load *load) {
  la_session *session = load->session;
  if (!session || !session->routed) {
    return;
  }
  la_session_use_bind(session, load->bind);
  session->map.token = load->token;
  const la_relationship *relationship = la_load_next_relationship(load);
  if (relationship && !session->sharded && session->binds.count > 1) {
    la_session_route(L, state, session, relationship->target, NULL, NULL);
    session->map.token = load->token;
  }
}

void la_session_read_own(lua_State *L, la_state *state, la_instance *instance, uint32_t link) {
  const la_relationship *relationship = instance->mapper->links[link]->relationship;
  if (!instance->session || !instance->session->routed || !(instance->flags & LA_INSTANCE_KEYED)) {
    return;
  }
  for (uint32_t i = 0; i < relationship->local_count; i++) {
    const la_property *own =
        la_mapper_property_of_column(instance->mapper, relationship->locals[i]);
    bool loaded = !own || own->slot >= instance->slot_count ||
                  instance->slots[own->slot].flags & LA_SLOT_LOADED;
    if (!loaded) {
      la_push_object(L, state, instance);
      la_object_get(L, state, -1, own);
      lua_pop(L, 2);
    }
  }
}

typedef struct subjects_box {
  la_allocator *alloc;
  LA_VEC(const la_object *) found; /* mappers and tables, lent */
  LA_VEC(bool) mapped;
} subjects_box;

static void clear_subjects(void *memory) {
  subjects_box *box = memory;
  if (box->alloc) {
    la_vec_clear(box->alloc, &box->found);
    la_vec_clear(box->alloc, &box->mapped);
    box->alloc = NULL;
  }
}

static la_walk_answer note_subject(const la_node *node, void *context) {
  subjects_box *box = context;
  bool mapped = node->kind == LA_NODE_ENTITY || node->kind == LA_NODE_ATTRIBUTE;
  const la_object *subject = mapped || node->kind == LA_NODE_TABLE ? node->subject : NULL;
  if (node->kind == LA_NODE_COLUMN && node->subject) {
    subject = &((const la_column *)(const void *)node->subject)->table->object;
  }
  if (subject && (!la_vec_push(box->alloc, &box->found, subject) ||
                  !la_vec_push(box->alloc, &box->mapped, mapped))) {
    return LA_WALK_STOP;
  }
  return LA_WALK_CONTINUE;
}

/* core.statement_subjects(statement) → the mapped classes and the tables in it, as they come. */
static int statement_subjects(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *node = la_to_node(L, 1);
  la_error err = LA_ERROR_INIT;
  lua_settop(L, 1);
  lua_newtable(L);
  subjects_box *box = la_push_scratch(L, state, sizeof *box, clear_subjects);
  box->alloc = &state->alloc;
  if (node && la_walk(&state->alloc, node, note_subject, box, &err) < 0) {
    la_raise(L, &err);
  }
  for (size_t i = 0; i < box->found.count && i < box->mapped.count; i++) {
    if (box->mapped.items[i]) {
      push_class(L, state, (const la_mapper *)(const void *)box->found.items[i]);
    } else {
      la_push_table(L, state, (la_table *)(uintptr_t)box->found.items[i]);
    }
    lua_rawseti(L, 2, (lua_Integer)i + 1);
  }
  la_scratch_clear(L, 3);
  lua_settop(L, 2);
  return 1;
}

/* core.session_methods() → the methods of sessions by name. */
static int session_methods(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, la_state_of(L)->methods[LA_BOX_SESSION]);
  return 1;
}

/* core.session_of_class(session): its table for Lua has `_members`, which go before its methods. */
static int session_of_class(lua_State *L) {
  la_check_session(L, 1);
  ((la_session_box *)lua_touserdata(L, 1))->has_class = true;
  return 0;
}

/* core.session_routes(session, sharded): the hook "route" is asked from now on. */
static int session_routes(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  session->routed = true;
  session->sharded |= (bool)lua_toboolean(L, 2);
  return 0;
}

/* core.object_token(object) → the number of its identity token, 0 without one. */
static int object_token(lua_State *L) {
  lua_pushinteger(L, la_instance_token(la_check_instance(L, 1)));
  return 1;
}

/* core.session_connection_at_hand(session) → the connection of the statement that runs, as
 * listeners of a flush get it. */
static int connection_at_hand(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_connection *connection = NULL;
  la_error err = LA_ERROR_INIT;
  la_session_connect(L, state, session);
  if (la_session_connection(session, &connection, &err) < 0) {
    la_raise_orm(L, &err);
  }
  la_session_tell_begin(L, state, session);
  la_push_connection(L, state, connection);
  return 1;
}

const luaL_Reg la_session_route_functions[] = {{"statement_subjects", statement_subjects},
                                               {"session_methods", session_methods},
                                               {"session_of_class", session_of_class},
                                               {"session_routes", session_routes},
                                               {"object_token", object_token},
                                               {"session_connection_at_hand", connection_at_hand},
                                               {NULL, NULL}};
