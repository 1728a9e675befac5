/* SPDX-License-Identifier: MIT */
/*
 * Events of the ORM: what the core has noted is told, and what is to be noted is chosen.
 *
 * The core notes what happens to objects (orm/session.h), if the session is watched for it or their
 * class hears of it; the listeners are called when the core's call is over. Which bits are set is
 * worked out in lualchemy.orm.events, whenever a listener comes or goes.
 */
#include "binding/orm_load.h"
#include "binding/orm_transaction.h"

#include "binding/engine.h"
#include "binding/event.h"
#include "binding/host.h"

static const la_event note_events[] = {
#define X(name) LA_EVENT_##name,
    LA_NOTES(X)
#undef X
};

/* Notes that are being told, in a scratch: each with its pin. */
typedef struct notes_box {
  la_session *session; /* retained */
  LA_VEC(la_note) notes;
  size_t at;
} notes_box;

static void clear_notes(void *memory) {
  notes_box *box = memory;
  if (box->session) {
    for (; box->at < box->notes.count; box->at++) {
      la_instance_unpin(box->notes.items[box->at].instance);
    }
    la_vec_clear(box->session->alloc, &box->notes);
    la_object_release(box->session);
    box->session = NULL;
  }
}

/* Pushes the arguments of the event and calls its listeners; the session's box or nil is at
 * `session_index`. */
static void tell_note(lua_State *L, la_state *state, const la_note *note, int session_index) {
  la_push_object(L, state, note->instance); /* object */
  int object = lua_gettop(L);
  if (note->kind < LA_NOTE_LOAD) {
    lua_pushvalue(L, session_index);
    lua_pushvalue(L, object);
    la_event_fire(L, state, note_events[note->kind], session_index, 2);
  } else {
    la_push_hook(L, state, "instance_event");
    lua_pushinteger(L, note->kind - LA_NOTE_LOAD + 1);
    lua_pushvalue(L, object);
    lua_pushvalue(L, session_index);
    la_run_program(L, 3, 0);
  }
  lua_settop(L, object - 1);
}

/* after_transaction_create for the levels that have come; the outermost may have begun by itself.
 */
static void tell_levels(lua_State *L, la_state *state, la_session *session) {
  int top = lua_gettop(L);
  bool wanted = la_event_has(state, LA_EVENT_AFTER_TRANSACTION_CREATE);
  if (wanted) {
    luaL_checkstack(L, 8, NULL);
    la_push_session(L, state, session);
  }
  for (uint32_t i = 0; i < session->levels.count; i++) {
    if (!session->levels.items[i]->told) {
      session->levels.items[i]->told = true;
      if (wanted && !lua_isnil(L, top + 1)) {
        la_push_transaction(L, state, top + 1, i + 1);
        la_session_fire(L, state, LA_EVENT_AFTER_TRANSACTION_CREATE, top + 1, 1);
      }
    }
  }
  lua_settop(L, top);
}

/* (session): after_begin for the levels whose BEGIN or SAVEPOINT has been sent. */
static int begins_told(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  for (uint32_t i = 0; i < session->levels.count; i++) {
    la_session_level *level = session->levels.items[i];
    if (!level->begin_told && (i == 0 || level->savepoint_sent)) {
      level->begin_told = true;
      la_push_transaction(L, state, 1, i + 1);
      la_push_connection(L, state, session->connection);
      la_session_fire(L, state, LA_EVENT_AFTER_BEGIN, 1, 2);
    }
  }
  return 0;
}

void la_session_tell_begin(lua_State *L, la_state *state, la_session *session) {
  const la_session_level *top =
      session->levels.count > 0 ? session->levels.items[session->levels.count - 1] : NULL;
  if (top == NULL || top->begin_told || !session->entered ||
      !la_event_has(state, LA_EVENT_AFTER_BEGIN)) {
    return;
  }
  luaL_checkstack(L, 6, NULL);
  la_session_tell_notes(L, state, session);
  const char *outer = session->doing;
  lua_pushlightuserdata(L, state);
  lua_pushcclosure(L, begins_told, 1);
  la_push_session(L, state, session);
  session->doing = "_connection_for_bind()";
  int status = lua_pcall(L, 1, 0, 0);
  session->doing = outer;
  if (status != LUA_OK) {
    lua_error(L);
  }
}

void la_session_tell_notes(lua_State *L, la_state *state, la_session *session) {
  if (session->levels.count > 0 && !session->levels.items[session->levels.count - 1]->told) {
    tell_levels(L, state, session);
  }
  if (session->notes.count == 0) {
    return;
  }
  luaL_checkstack(L, 12, NULL);
  int top = lua_gettop(L);
  notes_box *box = la_push_scratch(L, state, sizeof *box, clear_notes);
  box->session = la_object_retain(session);
  box->notes.items = session->notes.items; /* what listeners do is noted anew */
  box->notes.count = session->notes.count;
  box->notes.capacity = session->notes.capacity;
  session->notes.items = NULL;
  session->notes.count = session->notes.capacity = 0;
  la_push_session(L, state, session);
  while (box->at < box->notes.count) {
    la_note note = box->notes.items[box->at];
    tell_note(L, state, &note, top + 2);
    box->at++;
    la_instance_unpin(note.instance);
  }
  la_scratch_clear(L, top + 1);
  lua_settop(L, top);
}

/* Another session loads the relationships of `root`, which is in none itself. */
static void check_not_loaded_elsewhere(lua_State *L, la_state *state, const la_session *session,
                                       la_instance *root) {
  uint32_t flags = LA_INSTANCE_LOADS | LA_INSTANCE_KEYED;
  if (root->session || (root->flags & flags) != LA_INSTANCE_LOADS) {
    return;
  }
  luaL_checkstack(L, 6, NULL);
  la_push_object(L, state, root);
  la_push_hook(L, state, "loading_session");
  lua_pushvalue(L, -2);
  lua_call(L, 1, 1);
  const la_session *other = lua_isnil(L, -1) ? session : la_check_session(L, -1);
  if (other != session) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "Object '%s' is already attached to session '%u' (this is '%u')",
                    luaL_tolstring(L, -2, NULL), other->serial, session->serial);
  }
  lua_pop(L, 2);
}

void la_session_tell_attach(lua_State *L, la_state *state, int index, la_instance *root,
                            bool with_cascade) {
  la_session *session = la_check_session(L, index);
  la_error err;
  la_error_init(&err);
  check_not_loaded_elsewhere(L, state, session, root);
  if (!(session->watched & LA_WATCHED_ATTACH) || root->session == session) {
    return;
  }
  index = lua_absindex(L, index);
  int top = lua_gettop(L);
  if (la_session_autobegin(session, &err) < 0) {
    la_raise_orm(L, &err);
  }
  la_session_tell_notes(L, state, session);
  instances_box *box = la_push_instances(L, state);
  la_instances found = {0};
  la_status status = LA_OK;
  if (with_cascade) {
    status = la_cascade_save_update(session, root, &found, &err);
  } else if (!la_vec_push(session->alloc, &found, root)) {
    status = la_fail_nomem(&err);
  }
  la_adopt_instances(box, &found);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  for (size_t i = 0; i < box->instances.count; i++) {
    la_push_object(L, state, box->instances.items[i]);
    la_session_fire(L, state, LA_EVENT_BEFORE_ATTACH, index, 1);
  }
  la_scratch_clear(L, top + 1);
  lua_settop(L, top);
}

void la_session_fire(lua_State *L, la_state *state, la_event event, int index, int count) {
  if (la_event_has(state, event)) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, 4, NULL);
    lua_pushvalue(L, index);
    lua_insert(L, -count - 1);
    la_event_fire(L, state, event, index, count + 1);
    lua_pop(L, count + 1);
  } else {
    lua_pop(L, count);
  }
}

bool la_session_loads_heard(const la_state *state, const la_session *session) {
  return session != NULL && la_event_has(state, LA_EVENT_DO_ORM_EXECUTE);
}

/* Calls hook `name`, which gives whether it has loaded: (object, key or nil, flag). */
static bool tell_load(lua_State *L, la_state *state, const char *name, int index, la_text key,
                      bool flag) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 8, NULL);
  la_push_hook(L, state, name);
  lua_pushvalue(L, index);
  if (key.bytes) {
    la_push_text(L, key);
  } else {
    lua_pushnil(L);
  }
  lua_pushboolean(L, flag);
  la_run_program(L, 3, 1);
  bool loaded = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return loaded;
}

bool la_tell_column_load(lua_State *L, la_state *state, int index, la_text key, bool refresh) {
  return tell_load(L, state, "column_load", index, key, refresh);
}

bool la_tell_link_load(lua_State *L, la_state *state, int index, la_instance *instance,
                       uint32_t link, bool forced) {
  return la_link_needs_statement(instance, link, forced) &&
         tell_load(L, state, "link_load", index, instance->mapper->links[link]->key, false);
}

/* Upvalues: state, event, session. Calls the listeners with the session, its flush context and, for
 * before_flush, nil for the objects. */
static int flush_event(lua_State *L) {
  la_state *state = la_state_of(L);
  la_event event = (la_event)lua_tointeger(L, lua_upvalueindex(2));
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(3));
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "session");
  if (event == LA_EVENT_BEFORE_FLUSH) {
    lua_pushnil(L);
  }
  la_session_fire(L, state, event, 1, lua_gettop(L) - 1);
  return 0;
}

void la_push_flush_event(lua_State *L, la_state *state, la_event event, int index) {
  lua_pushvalue(L, index);
  lua_pushlightuserdata(L, state);
  lua_pushinteger(L, (lua_Integer)event);
  lua_rotate(L, -3, -1);
  lua_pushcclosure(L, flush_event, 3);
}

/* core.session_watch(session, {identifier, …}): the transitions of its objects that are noted. The
 * weak table of sessions may still have one that is finalized: it has none. */
static int session_watch(lua_State *L) {
  static const char *const names[] = {
#define X(name) #name,
      LA_NOTES(X)
#undef X
  };
  la_session *session = la_check_box(L, 1, LA_BOX_SESSION)->object;
  luaL_checktype(L, 2, LUA_TTABLE);
  if (session == NULL) {
    return 0;
  }
  session->watched = 0;
  lua_getfield(L, 2, "BEFORE_ATTACH");
  session->watched |= lua_toboolean(L, -1) ? LA_WATCHED_ATTACH : 0;
  for (int i = 0; i < LA_NOTE_LOAD; i++) {
    lua_pushstring(L, names[i]);
    lua_rawget(L, 2);
    if (lua_toboolean(L, -1)) {
      session->watched |= 1u << i;
    }
    lua_pop(L, 1);
  }
  return 0;
}

/* core.mapper_hears(class, bits): what of the objects of a class the program listens to. */
static int mapper_hears(lua_State *L) {
  la_check_mapper(L, 1)->hears = (uint32_t)luaL_checkinteger(L, 2);
  return 0;
}

/* core.mapper_class(mapper) → its class, or nil for what is no mapper. */
static int mapper_class(lua_State *L) {
  la_mapper *mapper = la_to_mapper(L, 1);
  if (!mapper) {
    return 0;
  }
  la_push_host(L, la_state_of(L), mapper->host);
  return 1;
}

/* core.attribute_of(attribute) → mapped class and key, or nil for what is no class attribute. */
static int attribute_of(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  const la_property *property = NULL;
  la_mapper *mapper = NULL;
  if (node && node->kind == LA_NODE_ATTRIBUTE) {
    mapper = (la_mapper *)node->subject;
    property = la_attribute_property(node);
  } else if (node && node->kind == LA_NODE_RELATIONSHIP) {
    mapper = (la_mapper *)node->children[0]->subject;
    property = la_mapper_property(mapper, node->text);
  }
  if (!property) {
    return 0;
  }
  la_push_host(L, la_state_of(L), mapper->host);
  la_push_text(L, property->key);
  return 2;
}

void la_open_orm_event(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"session_watch", session_watch},
                                       {"mapper_hears", mapper_hears},
                                       {"mapper_class", mapper_class},
                                       {"attribute_of", attribute_of},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
