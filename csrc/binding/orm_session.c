/* SPDX-License-Identifier: MIT */
/*
 * Sessions: their box, their scope, and the sets of objects.
 */
#include "binding/orm_session.h"

#include "binding/orm_transaction.h"

#include "binding/engine.h"
#include "binding/leave.h"
#include "binding/orm_load.h"
#include "orm/cascade.h"
#include "binding/warning.h"

la_session *la_check_session(lua_State *L, int index) {
  la_box *box = la_check_box(L, index, LA_BOX_SESSION);
  if (!box->object) {
    la_raise_status(L, LA_INVALID_REQUEST, "the session was not made");
  }
  return box->object;
}

/* In a method: raises `err` unless `status` is a success; holds are settled first. */
static void settle(lua_State *L, la_session *session, la_status status, const la_error *err) {
  la_session_settle_at(L, la_state_of(L), session, 1);
  la_session_tell(L, la_state_of(L), session);
  if (status < 0) {
    la_raise_orm(L, err);
  }
}

static int session_gc(lua_State *L) {
  la_box *box = lua_touserdata(L, 1);
  la_session *session = box->object;
  if (session) {
    box->object = NULL;
    la_forget_session_box(L, la_state_of(L), session);
    la_session_close(session);
    la_object_release(session);
  }
  return 0;
}

static void warn_in_flush(lua_State *L, const la_session *session, const char *operation) {
  if (session->executing) {
    la_warn_now(L, la_state_of(L),
                "Usage of the 'Session.%s' operation is not currently supported within the "
                "execution stage of the flush process. Results may not be consistent.  Consider "
                "using alternative event listeners or connection-level operations instead.",
                operation);
  }
}

static void clear_instances(void *memory) {
  instances_box *box = memory;
  if (box->alloc) {
    for (size_t i = 0; i < box->instances.count; i++) {
      la_instance_unpin(box->instances.items[i]);
    }
    la_vec_clear(box->alloc, &box->instances);
    box->alloc = NULL;
  }
}

instances_box *la_push_instances(lua_State *L, la_state *state) {
  instances_box *box = la_push_scratch(L, state, sizeof *box, clear_instances);
  box->alloc = &state->alloc;
  return box;
}

/* Adds `instance` with a pin, so that what Lua does on the way can't free it. */
static void keep_instance(lua_State *L, instances_box *box, la_instance *instance) {
  if (!la_vec_push(box->alloc, &box->instances, instance)) {
    la_error err;
    la_error_init(&err);
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  la_instance_pin(instance);
}

/* Adds those of `set` that have none of the `without` flags. */
static void gather(lua_State *L, instances_box *box, const la_instances *set, uint32_t without) {
  for (size_t i = 0; i < set->count; i++) {
    if (!(set->items[i]->flags & without)) {
      keep_instance(L, box, set->items[i]);
    }
  }
}

static int session_add(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_error err;
  la_error_init(&err);
  la_check_count(L, 2, "add");
  warn_in_flush(L, session, "add()");
  la_instance *instance = la_check_instance(L, 2);
  la_session_tell_attach(L, la_state_of(L), 1, instance, true);
  la_status status = la_session_add(session, instance, &err);
  settle(L, session, status, &err);
  return 0;
}

static int session_add_all(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_check_count(L, 2, "add_all");
  if (!lua_istable(L, 2) && !la_to_box_of(L, 2, LA_BOX_COLLECTION)) {
    return la_raise_argument(L, 2, "a list of objects");
  }
  instances_box *box = la_push_instances(L, state);
  lua_Integer count = luaL_len(L, 2);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_geti(L, 2, i);
    keep_instance(L, box, la_check_instance(L, -1));
    lua_pop(L, 1);
  }
  warn_in_flush(L, session, "add_all()");
  for (size_t i = 0; i < box->instances.count; i++) {
    la_error err;
    la_error_init(&err);
    la_instance *instance = box->instances.items[i];
    if (session->watched) {
      la_session_tell_attach(L, state, 1, instance, true);
    }
    la_status status = la_session_add(session, instance, &err);
    if (status < 0 || session->watched) {
      settle(L, session, status, &err);
    }
  }
  settle(L, session, LA_OK, NULL); /* what the list holds needs no other hold before */
  la_scratch_clear(L, -1);
  return 0;
}

/* Pushes a list of the handles of the instances in the scratch at `index`. */
void la_push_instance_list(lua_State *L, la_state *state, instances_box *box, const char *hook) {
  lua_createtable(L, (int)box->instances.count, 0);
  for (size_t i = 0; i < box->instances.count; i++) {
    la_push_object(L, state, box->instances.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  la_push_hook(L, state, hook);
  lua_insert(L, -2);
  lua_call(L, 1, 1);
}

/* The same for a vector of the core's making, which the box takes over. */
void la_adopt_instances(instances_box *box, const la_instances *found) {
  box->instances = *found;
  for (size_t i = 0; i < found->count; i++) {
    la_instance_pin(found->items[i]);
  }
}

typedef struct walk_box {
  la_delete_walk walk;
  la_allocator *alloc;
} walk_box;

static void clear_walk(void *memory) {
  walk_box *box = memory;
  if (box->alloc) {
    la_delete_walk_clear(&box->walk, box->alloc);
  }
}

static bool cascades_delete(const la_instance *instance) {
  for (uint32_t i = 0; i < instance->link_count; i++) {
    if (instance->mapper->links[i]->relationship->cascade & LA_CASCADE_DELETE) {
      return true;
    }
  }
  return false;
}

/* Marks `root` and what its delete cascade reaches, loading links on the way. */
static void delete_with_cascade(lua_State *L, la_state *state, la_session *session,
                                la_instance *root) {
  la_error err;
  la_error_init(&err);
  la_status status;
  walk_box *box = la_push_scratch(L, state, sizeof *box, clear_walk);
  box->alloc = &state->alloc;
  while ((status = la_delete_walk_on(&box->walk, session, root, &err)) == LA_ROW) {
    la_instance *needs = box->walk.found.items[box->walk.at];
    la_push_object(L, state, needs);
    la_object_load_link(L, state, needs, box->walk.link);
    lua_pop(L, 1);
  }
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  for (size_t i = 0; i < box->walk.found.count; i++) {
    status = la_session_delete(session, box->walk.found.items[i], &err);
    settle(L, session, status, &err);
  }
  la_scratch_clear(L, -1);
}

static int session_delete(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_check_count(L, 2, "delete");
  la_instance *root = la_check_instance(L, 2);
  la_error err;
  la_error_init(&err);
  warn_in_flush(L, session, "delete()");
  if (root->flags & LA_INSTANCE_KEYED && !root->session) { /* a detached object joins first */
    la_session_tell_attach(L, state, 1, root, false);
    la_status status = la_session_attach(session, root, &err);
    settle(L, session, status, &err);
  }
  if (cascades_delete(root)) {
    delete_with_cascade(L, state, session, root);
  } else {
    la_status status = la_session_delete(session, root, &err);
    settle(L, session, status, &err);
  }
  return 0;
}

static int session_expunge(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_error err;
  la_error_init(&err);
  la_check_count(L, 2, "expunge");
  la_status status = la_session_expunge(session, la_check_instance(L, 2), &err);
  settle(L, session, status, &err);
  return 0;
}

static int session_expunge_all(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_session_expunge_all(session);
  la_session_settle_at(L, la_state_of(L), session, 1);
  return 0;
}

static int session_flush(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  if (!lua_isnoneornil(L, 2)) {
    return la_raise_status(L, LA_ARGUMENT,
                           "flush takes no objects: it writes all that changed, in the order that "
                           "their rows need");
  }
  if (session->flushing) {
    return la_raise_status(L, LA_INVALID_REQUEST, "Session is already flushing");
  }
  if (!la_session_has_changes(session)) {
    return 0;
  }
  la_session_flush(L, la_state_of(L), 1);
  return 0;
}

void la_session_flush_all(lua_State *L, la_state *state, int index) {
  la_session *session = la_session_at(L, index);
  for (int i = 0; !session->flushing && la_session_has_changes(session); i++) {
    if (i == 100) {
      la_raise_status(L, LA_FLUSH,
                      "Over 100 subsequent flushes have occurred within session.commit() - is an "
                      "after_flush() hook creating new objects?");
    }
    la_session_flush(L, state, index);
  }
}

static int session_contains(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_check_count(L, 2, "contains");
  la_instance *instance = la_check_instance(L, 2);
  lua_pushboolean(L, instance->session == session && !(instance->flags & LA_INSTANCE_GONE));
  return 1;
}

void la_session_expire_all_of(lua_State *L, la_session *session, la_instance *root) {
  la_state *state = la_state_of(L);
  instances_box *box = la_push_instances(L, state);
  la_error err;
  la_error_init(&err);
  la_instances found = {0};
  la_status status = la_cascade_collect(session, root, LA_CASCADE_REFRESH_EXPIRE, &found, &err);
  la_adopt_instances(box, &found);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  for (size_t i = 0; i < box->instances.count; i++) {
    la_session_expire(session, box->instances.items[i]);
  }
  la_session_settle(L, state, session);
  la_scratch_clear(L, -1);
  lua_pop(L, 1);
}

void la_session_expire_names(lua_State *L, la_instance *instance, int object, int names) {
  lua_Integer count = luaL_len(L, names);
  for (int pass = 0; pass < 2; pass++) { /* nothing is expired if a name is wrong */
    for (lua_Integer i = 1; i <= count; i++) {
      lua_geti(L, names, i);
      const la_property *property = la_mapper_property(instance->mapper, la_check_text(L, -1));
      if (property == NULL) {
        la_raise_status(L, LA_INVALID_REQUEST, "%.*s has no attribute '%s' to expire",
                        LA_TEXT_FORMAT(instance->mapper->class_name), lua_tostring(L, -1));
      }
      if (pass == 1 && property->kind != LA_PROPERTY_RELATIONSHIP) {
        la_instance_expire_slot(instance, property->slot);
      } else if (pass == 1 && property->slot < instance->link_count) {
        la_link_expire(instance, property->slot);
      }
      lua_pop(L, 1);
    }
  }
  if (instance->mapper->hears & LA_HEARS_EXPIRE) {
    la_push_hook(L, la_state_of(L), "expire_event");
    lua_pushvalue(L, object);
    lua_pushvalue(L, names);
    la_run_program(L, 2, 0);
  }
}

/* session:expire(object, {"name", …}). */
static int session_expire(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_check_count(L, 2, "expire");
  la_instance *instance = la_check_instance(L, 2);
  if (instance->session != session || la_instance_state(instance) != LA_STATE_PERSISTENT) {
    lua_settop(L, 2);
    return la_raise_status(L, LA_INVALID_REQUEST,
                           "Instance '%s' is not persistent within this Session",
                           luaL_tolstring(L, 2, NULL));
  }
  if (lua_isnoneornil(L, 3)) {
    la_session_expire_all_of(L, session, instance);
    return 0;
  }
  if (!lua_istable(L, 3)) {
    return la_raise_argument(L, 3, "a list of attribute names");
  }
  la_expand_names(L, la_state_of(L), instance->mapper, 3);
  la_session_expire_names(L, instance, 2, 3);
  return 0;
}

static int session_expire_all(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  instances_box *box = la_push_instances(L, la_state_of(L));
  la_error err;
  la_error_init(&err);
  la_instances all = {0};
  la_status status = la_session_all(session, &all, &err);
  la_adopt_instances(box, &all);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  for (size_t i = 0; i < box->instances.count; i++) {
    la_session_expire(session, box->instances.items[i]);
  }
  la_session_settle(L, la_state_of(L), session);
  la_scratch_clear(L, -1);
  return 0;
}

/* session:is_modified(object, options): {include_collections = true}. */
static int session_is_modified(lua_State *L) {
  la_check_session(L, 1);
  la_check_count(L, 2, "is_modified");
  const la_instance *instance = la_check_instance(L, 2);
  bool with_collections = true;
  if (!lua_isnoneornil(L, 3)) {
    la_push_hook(L, la_state_of(L), "is_modified_options");
    lua_pushvalue(L, 3);
    lua_call(L, 1, 1);
    with_collections = lua_toboolean(L, -1);
  }
  lua_pushboolean(L, la_instance_has_changes(instance, with_collections));
  return 1;
}

/* The set called by a name: session.new, session.dirty, session.deleted. */
static int push_set(lua_State *L, const la_instances *set, uint32_t without) {
  la_state *state = la_state_of(L);
  instances_box *box = la_push_instances(L, state);
  gather(L, box, set, without);
  la_push_instance_list(L, state, box, "object_set");
  return 1;
}

static int push_identity_map(lua_State *L, la_session *session) {
  la_state *state = la_state_of(L);
  instances_box *box = la_push_instances(L, state);
  la_error err;
  la_error_init(&err);
  la_instances all = {0};
  la_status status = la_session_all(session, &all, &err);
  la_adopt_instances(box, &all);
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  la_push_instance_list(L, state, box, "identity_map");
  return 1;
}

/* Pushes what the session's class has under the key at 2; nil if that is nothing. */
static bool push_member(lua_State *L) {
  la_push_session_misc(L, 1);
  lua_getfield(L, -1, "_members");
  lua_pushvalue(L, 2);
  return lua_gettable(L, -2) != LUA_TNIL;
}

/* Upvalues: state, methods. */
static int session_index(lua_State *L) {
  if (((const la_session_box *)lua_touserdata(L, 1))->has_class && push_member(L)) {
    return 1;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  lua_settop(L, 2);
  la_session *session = la_check_session(L, 1);
  la_text name = lua_type(L, 2) == LUA_TSTRING ? la_check_text(L, 2) : LA_TEXT_NONE;
  if (la_text_is(name, "new")) {
    return push_set(L, &session->new_objects, 0);
  }
  if (la_text_is(name, "dirty")) {
    return push_set(L, &session->dirty_objects, LA_INSTANCE_DELETED);
  }
  if (la_text_is(name, "deleted")) {
    return push_set(L, &session->deleted_objects, 0);
  }
  if (la_text_is(name, "identity_map")) {
    return push_identity_map(L, session);
  }
  if (la_text_is(name, "autoflush")) {
    lua_pushboolean(L, session->autoflush && session->autoflush_off == 0);
    return 1;
  }
  if (la_text_is(name, "expire_on_commit")) {
    lua_pushboolean(L, session->expire_on_commit);
    return 1;
  }
  if (la_text_is(name, "autobegin")) {
    lua_pushboolean(L, session->autobegin);
    return 1;
  }
  if (la_text_is(name, "join_transaction_mode")) {
    static const char *const modes[] = {"conditional_savepoint", "rollback_only", "control_fully",
                                        "create_savepoint"};
    lua_pushstring(L, modes[session->join_transaction_mode]);
    return 1;
  }
  if (la_text_is(name, "_flushing")) {
    lua_pushboolean(L, session->flushing);
    return 1;
  }
  if (la_text_is(name, "is_active")) {
    lua_pushboolean(L,
                    session->phase != LA_SESSION_INACTIVE && session->phase != LA_SESSION_CLOSED);
    return 1;
  }
  la_push_session_misc(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  if (lua_isnil(L, -1) && name.bytes && strncmp(name.bytes, "__", 2) != 0 &&
      !la_text_is(name, "bind")) {
    la_push_hook(L, la_state_of(L), "unknown_member");
    lua_pushliteral(L, "Session");
    lua_pushvalue(L, 2);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_call(L, 3, 1);
  }
  return 1;
}

static int session_newindex(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_text name = la_check_text(L, 2);
  if (la_text_is(name, "autoflush")) {
    session->autoflush = lua_toboolean(L, 3);
    return 0;
  }
  if (la_text_is(name, "expire_on_commit")) {
    session->expire_on_commit = lua_toboolean(L, 3);
    return 0;
  }
  if (((const la_session_box *)lua_touserdata(L, 1))->has_class) {
    la_push_session_misc(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_rawset(L, -3);
    return 0;
  }
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "a Session has no field '%s' to set; session.info holds what is yours",
                         lua_tostring(L, 2));
}

/* core.session_autoflush_off(session, by): no_autoflush goes in (1) and out (-1). */
static int session_autoflush_off(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  session->autoflush_off += (uint32_t)luaL_checkinteger(L, 2);
  return 0;
}

/* core.make_transient(object). */
static int make_transient(lua_State *L) {
  la_state *state = la_state_of(L);
  la_instance *instance = la_check_instance(L, 1);
  la_session *session = la_object_retain(instance->session);
  la_session_make_transient(instance);
  if (session) {
    la_push_session(L, state, session); /* holds it from here on */
    la_object_release(session);
    if (!lua_isnil(L, -1)) {
      la_session_settle(L, state, session);
    }
  }
  return 0;
}

/* core.make_detached(object). */
static int make_detached(lua_State *L) {
  la_error err;
  la_error_init(&err);
  if (la_session_make_detached(la_check_instance(L, 1), &err) < 0) {
    la_raise_orm(L, &err);
  }
  return 0;
}

/* core.object_loads(object, on): links of an object without a row are loaded. */
static int object_loads(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  instance->flags &= ~(uint32_t)LA_INSTANCE_LOADS;
  instance->flags |= lua_toboolean(L, 2) ? LA_INSTANCE_LOADS : 0;
  return 0;
}

/* core.was_deleted(object): its DELETE was sent, and not undone. */
static int was_deleted(lua_State *L) {
  lua_pushboolean(L, (la_check_instance(L, 1)->flags & LA_INSTANCE_GONE) != 0);
  return 1;
}

/* core.session_commits(session): its `<close>` commits, unless there is an error. */
static int session_commits(lua_State *L) {
  la_check_session(L, 1);
  ((la_session_box *)lua_touserdata(L, 1))->commits_on_close = true;
  return 0;
}

/* core.session_has_options(session): its table for Lua has `execution_options`. */
static int session_has_options(lua_State *L) {
  la_check_session(L, 1)->has_options = true;
  return 0;
}

/* core.object_session(object) → its session or nil. */
static int object_session(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  if (!instance->session) {
    lua_pushnil(L);
  } else {
    la_push_session(L, la_state_of(L), instance->session);
  }
  return 1;
}

/* (session): session:commit(). */
static int commit_all(lua_State *L) {
  lua_getfield(L, 1, "commit");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 0);
  return 0;
}

/* The end of a `<close>` block. */
static int session_leave(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  const la_session_box *box = lua_touserdata(L, 1);
  if (box->commits_on_close && session->levels.count > 0 && la_leaves_normally(L, 2)) {
    lua_pushlightuserdata(L, la_state_of(L));
    lua_pushcclosure(L, commit_all, 1);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
      la_session_end(L, la_state_of(L), 1, true);
      return lua_error(L);
    }
  }
  la_session_end(L, la_state_of(L), 1, true);
  return 0;
}

void la_open_orm_session(lua_State *L, la_state *state) {
  static const luaL_Reg methods[] = {{"add", session_add},
                                     {"add_all", session_add_all},
                                     {"delete", session_delete},
                                     {"expunge", session_expunge},
                                     {"expunge_all", session_expunge_all},
                                     {"flush", session_flush},
                                     {"contains", session_contains},
                                     {"expire", session_expire},
                                     {"expire_all", session_expire_all},
                                     {"is_modified", session_is_modified},
                                     {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__index", session_index},
                                         {"__newindex", session_newindex},
                                         {"__gc", session_gc},
                                         {"__close", session_leave},
                                         {NULL, NULL}};
  static const luaL_Reg functions[] = {{"session_autoflush_off", session_autoflush_off},
                                       {"object_session", object_session},
                                       {"make_transient", make_transient},
                                       {"make_detached", make_detached},
                                       {"was_deleted", was_deleted},
                                       {"object_loads", object_loads},
                                       {"session_has_options", session_has_options},
                                       {"session_commits", session_commits},
                                       {"session_peek", la_session_peek},
                                       {NULL, NULL}};
  la_register_class(L, state, LA_BOX_SESSION, methods, metamethods);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[LA_BOX_SESSION]);
  la_register_session_loads(L, state);
  la_set_functions(L, la_session_result_methods);
  la_set_functions(L, la_session_transaction_methods);
  la_set_functions(L, la_session_query_methods);
  lua_pop(L, 1);
  la_set_functions(L, functions);
  la_set_functions(L, la_session_making_functions);
  la_set_functions(L, la_session_route_functions);
}
