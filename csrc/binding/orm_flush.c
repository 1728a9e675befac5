/* SPDX-License-Identifier: MIT */
/*
 * Runs flushes and loads: the core works, Lua answers the steps that need it.
 */
#include "binding/orm_transaction.h"

#include "binding/host.h"
#include "binding/process.h"
#include "binding/warning.h"

static void clear_load(void *memory) {
  la_load_free(memory);
}

la_load *la_push_load(lua_State *L, la_state *state) {
  _Static_assert(sizeof(la_load) <= LA_LENT_BYTES, "a load fits a borrowed scratch");
  return la_borrow_scratch(L, state, sizeof(la_load), clear_load);
}

/* Listeners of do_orm_execute hear of the statement that loads behind others. */
static void tell_eager(lua_State *L, la_state *state, const la_load *load) {
  const la_relationship *relationship = la_load_next_relationship(load);
  if (relationship) {
    luaL_checkstack(L, 5, NULL);
    la_push_hook(L, state, "eager_load");
    la_push_session(L, state, load->session);
    la_push_host(L, state, relationship->parent->host);
    la_push_text(L, relationship->key);
    lua_call(L, 3, 0);
  }
}

void la_finish_load(lua_State *L, la_state *state, la_load *load, int holder) {
  holder = lua_absindex(L, holder);
  size_t applied = 0;
  la_error err;
  la_error_init(&err);
  for (;;) {
    la_apply_links(L, state, load, &applied, holder);
    if (load->session) {
      la_session_tell_notes(L, state, load->session);
    }
    if (load->session && la_session_loads_heard(state, load->session)) {
      tell_eager(L, state, load);
    }
    la_session_route_eager(L, state, load);
    la_status status = la_load_eager(load, &err);
    if (status < 0) {
      la_raise_orm(L, &err);
    }
    if (status == LA_DONE) {
      break;
    }
  }
  la_apply_links(L, state, load, &applied, holder);
  if (load->session) {
    la_session_tell_notes(L, state, load->session);
    la_tell_warnings(L, state);
    la_session_tell(L, state, load->session);
  }
}

/* The flush of a session in progress. Lies on the C stack of la_session_flush, which lets no error
 * pass before it is cleared. */
typedef struct flush_box {
  la_flush *flush;
  la_session *session; /* retained; NULL: cleared */
  la_arena arena;      /* what answers are made of */
} flush_box;

static void clear_flush(flush_box *box) {
  if (box->session) {
    la_flush_free(box->flush);
    box->flush = NULL;
    la_arena_clear(&box->arena);
    la_object_release(box->session);
    box->session = NULL;
  }
}

/* What a failed flush has made of the transaction and of objects is told. */
static void tell_failure(lua_State *L, la_state *state, la_session *session) {
  int top = lua_gettop(L);
  la_push_session(L, state, session);
  la_session_settle_connection(L, state, session);
  if (!lua_isnil(L, -1) && session->phase == LA_SESSION_INACTIVE) {
    uint32_t savepoint = session->levels.items[session->levels.count - 1]->savepoint;
    if (session->entered &&
        !la_session_tell_event(L, state, session,
                               savepoint ? LA_EVENT_ROLLBACK_SAVEPOINT : LA_EVENT_ROLLBACK,
                               savepoint)) {
      lua_error(L);
    }
    la_session_fire(L, state, LA_EVENT_AFTER_ROLLBACK, top + 1, 0);
    la_session_settle(L, state, session);
    if (la_event_has(state, LA_EVENT_AFTER_TRANSACTION_END) ||
        la_event_has(state, LA_EVENT_AFTER_SOFT_ROLLBACK)) {
      la_push_subtransaction(L, state, top + 1);
      lua_pushvalue(L, -1);
      la_session_fire(L, state, LA_EVENT_AFTER_TRANSACTION_END, top + 1, 1);
      la_session_fire(L, state, LA_EVENT_AFTER_SOFT_ROLLBACK, top + 1, 1);
    }
  }
  lua_settop(L, top);
}

/* Drops the flush, and tells what it had sent and that it has failed. */
static void drop_flush(lua_State *L, la_state *state, flush_box *box) {
  la_session *session = la_object_retain(box->session);
  clear_flush(box);
  la_push_session(L, state, session); /* holds it from here on */
  la_object_release(session);
  if (!lua_isnil(L, -1)) {
    la_session_tell(L, state, session);
    tell_failure(L, state, session);
  }
  lua_pop(L, 1);
}

/* Raises `err` with the statement that failed; the flush is dropped first. */
static void raise_flush(lua_State *L, la_state *state, flush_box *box, const la_error *err) {
  la_text text = LA_TEXT_NONE;
  const la_value *values = NULL;
  uint32_t count = 0;
  la_flush_failed_statement(box->flush, &text, &values, &count);
  luaL_checkstack(L, 8, NULL);
  if (!text.bytes) {
    drop_flush(L, state, box);
    la_raise_orm(L, err);
  }
  const la_engine *engine = box->session->engine;
  int at = lua_gettop(L) + 1;
  la_push_connection(L, state, box->session->connection); /* holds the engine */
  la_push_text(L, text);
  la_push_param_list(L, state, values, count);
  drop_flush(L, state, box);
  la_raise_sent(L, state, engine, err, at);
}

static int error_text(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

void la_session_fail_by(lua_State *L, la_session *session) {
  la_error reason = LA_ERROR_INIT;
  lua_pushcfunction(L, error_text); /* an error's __tostring is the program's and may fail */
  lua_pushvalue(L, -2);
  bool told = lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING;
  la_fail(&reason, LA_STATEMENT, "%s",
          told ? lua_tostring(L, -1) : "an error raised by a function of the program");
  lua_pop(L, 1);
  la_session_fail(session, &reason);
  tell_failure(L, la_state_find(L), session);
}

/* Calls the function below `arguments` arguments; an error drops the flush and goes on up. */
static void call(lua_State *L, int arguments, int results) {
  if (la_call_program(L, arguments, results) != LUA_OK) {
    lua_error(L);
  }
}

/* The context that default functions get: current_parameters are the object's values so far. */
static void push_context(lua_State *L, la_state *state, const la_flush_step *step) {
  lua_createtable(L, 0, 3);
  la_push_object(L, state, step->instance);
  lua_setfield(L, -2, "instance");
  lua_createtable(L, 0, 4);
  const la_mapper *mapper = step->instance->mapper;
  for (uint32_t i = 0; i < mapper->slot_count && i < step->instance->slot_count; i++) {
    const la_value *value = &step->instance->slots[i];
    if (value->flags & LA_SLOT_LOADED && mapper->slots[i]->column) {
      la_push_text(L, mapper->slots[i]->column->key);
      la_push_value_or_null(L, state, value);
      lua_rawset(L, -3);
    }
  }
  lua_setfield(L, -2, "current_parameters");
}

/* (type, engine, value) → value: process_bind_param under pcall. */
static int process_bind(lua_State *L) {
  la_process_bind_of(L, la_state_of(L), lua_touserdata(L, 1), lua_touserdata(L, 2));
  return 1;
}

/* What Lua made, on top of the stack, becomes the answer to `step`. */
static void answer(lua_State *L, la_state *state, flush_box *box, const la_flush_step *step,
                   const la_type *type) {
  la_value value;
  bool host = false;
  la_error err = LA_ERROR_INIT;
  la_arena_clear(&box->arena);
  if (la_type_has_process_bind(type)) {
    lua_pushlightuserdata(L, state);
    lua_pushcclosure(L, process_bind, 1);
    lua_insert(L, -2);
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_insert(L, -2);
    lua_pushlightuserdata(L, box->session->engine);
    lua_insert(L, -2); /* function, type, engine, value */
    call(L, 3, 1);
  }
  la_status status = la_value_from_lua(L, -1, type && type->impl ? type->impl : type, &box->arena,
                                       &value, &host, &err);
  if (status >= 0 && host) {
    status =
        la_fail(&err, LA_STATEMENT, "a %s is not a value that can be stored", luaL_typename(L, -1));
  }
  if (status >= 0) {
    status = la_flush_supply(box->flush, &value, &err);
  } else if (status == LA_STATEMENT && step->property && step->property->column) {
    la_error named = LA_ERROR_INIT;
    status = la_fail(&named, LA_STATEMENT, "(column %.*s) %s",
                     LA_TEXT_FORMAT(step->property->column->name), err.message);
    err = named;
  }
  if (status < 0) {
    la_session_fail(box->session, &err);
    raise_flush(L, state, box, &err);
  }
}

static void run_step(lua_State *L, la_state *state, flush_box *box, const la_flush_step *step) {
  int top = lua_gettop(L);
  luaL_checkstack(L, 10, NULL);
  const la_type *type =
      step->property && step->property->column ? step->property->column->type : NULL;
  switch (step->kind) {
  case LA_FLUSH_PLACE: {
    la_error err = LA_ERROR_INIT;
    la_session_route(L, state, box->session, step->instance->mapper->root, NULL, step->instance);
    if (la_flush_supply_bind(box->flush, box->session->bind, box->session->map.token, &err) < 0) {
      raise_flush(L, state, box, &err);
    }
    break;
  }
  case LA_FLUSH_LOAD:
    la_push_object(L, state, step->instance);
    la_object_load_link(L, state, step->instance, step->slot);
    break;
  case LA_FLUSH_LOAD_OLD:
    la_push_object(L, state, step->instance);
    la_object_load_old_link(L, state, step->instance, step->slot);
    break;
  case LA_FLUSH_READ:
    la_push_object(L, state, step->instance);
    la_object_get(L, state, -1, step->property);
    break;
  case LA_FLUSH_DEFAULT:
    la_push_host(L, state, step->host);
    push_context(L, state, step);
    call(L, 1, 1);
    answer(L, state, box, step, type);
    break;
  case LA_FLUSH_VERSION:
    la_push_host(L, state, step->host);
    la_push_value(L, state, &step->value);
    call(L, 1, 1);
    answer(L, state, box, step, type);
    break;
  case LA_FLUSH_CONVERT:
    la_push_object(L, state, step->instance);
    la_object_get(L, state, -1, step->property);
    answer(L, state, box, step, type);
    break;
  case LA_FLUSH_EXPRESSION: {
    la_error err = LA_ERROR_INIT;
    la_push_object(L, state, step->instance);
    la_object_get(L, state, -1, step->property);
    la_node *node = la_to_node(L, -1);
    la_status status = node ? la_flush_supply_expression(box->flush, node, &err)
                            : la_fail(&err, LA_STATEMENT, "the SQL expression is gone");
    if (status < 0) {
      la_session_fail(box->session, &err);
      raise_flush(L, state, box, &err);
    }
    break;
  }
  case LA_FLUSH_FETCHED: {
    uint32_t at = step->slot, slot;
    la_push_hook(L, state, "refresh_flush_event");
    la_push_object(L, state, step->instance);
    la_push_session(L, state, box->session);
    lua_newtable(L);
    while (la_flush_next_fetched(box->flush, &at, &slot)) {
      la_push_text(L, step->instance->mapper->slots[slot]->key);
      lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
    call(L, 3, 0);
    break;
  }
  case LA_FLUSH_HOOK:
    la_session_tell(L, state, box->session); /* the listener hears of things in their order */
    la_push_hook(L, state, "mapper_event");
    lua_pushstring(L, step->hook);
    la_push_object(L, state, step->instance);
    la_push_session(L, state, box->session);
    call(L, 3, 0);
    break;
  }
  lua_settop(L, top);
}

/* before_flush may change what there is to flush; it is no part of the flush, and an error leaves
 * everything as it is. */
static void fire_before(lua_State *L, la_state *state, la_session *session, int index) {
  if (!la_event_has(state, LA_EVENT_BEFORE_FLUSH) || !la_session_has_changes(session)) {
    return;
  }
  la_push_flush_event(L, state, LA_EVENT_BEFORE_FLUSH, index);
  session->flushing = true;
  int status = lua_pcall(L, 0, 0, 0);
  session->flushing = false;
  if (status != LUA_OK) {
    lua_error(L);
  }
}

/* after_transaction_create and _end of the transaction that a flush is in itself. */
static void tell_subtransaction(lua_State *L, la_state *state, int index, la_event event) {
  if (la_event_has(state, event)) {
    la_push_subtransaction(L, state, index);
    la_session_fire(L, state, event, index, 1);
  }
}

/* Whether the level `serial` of the session's transaction is still open. */
static bool stands(const la_session *session, uint32_t serial) {
  for (size_t i = 0; session->phase == LA_SESSION_BEGUN && i < session->levels.count; i++) {
    if (session->levels.items[i]->serial == serial) {
      return true;
    }
  }
  return false;
}

/* A function of the program may have ended the transaction that the flush is a part of: nothing of
 * it is left to go on with. */
static void check_stands(lua_State *L, flush_box *box) {
  la_session *session = box->session;
  if (stands(session, la_flush_level(box->flush))) {
    return;
  }
  clear_flush(box);
  la_raise_status(L, LA_RESOURCE_CLOSED, "This transaction is closed");
}

/* Takes the connection if there is none; what the database is told then has listeners, too. */
static void listen(lua_State *L, la_state *state, flush_box *box) {
  la_session_listen(L, state, box->session);
  check_stands(L, box);
}

/* The core's part: every statement, with Lua's answers to its steps. */
static void run_flush(lua_State *L, la_state *state, flush_box *box) {
  la_flush_step step;
  la_status status;
  la_error err;
  la_error_init(&err);
  while ((status = la_flush_prepare(box->flush, &step, &err)) == LA_ROW) {
    run_step(L, state, box, &step);
    check_stands(L, box);
    listen(L, state, box);
  }
  if (status >= 0) {
    status = la_flush_sort(box->flush, &err);
  }
  while (status >= 0 && (status = la_flush_next(box->flush, &step, &err)) == LA_ROW) {
    run_step(L, state, box, &step);
    check_stands(L, box);
    listen(L, state, box);
  }
  if (status < 0) {
    raise_flush(L, state, box, &err);
  }
  la_tell_warnings(L, state); /* one that is raised fails the flush */
}

/* (session, box, state): what may raise; a box that is not cleared tells that it did. */
static int run_protected(lua_State *L) {
  la_state *state = lua_touserdata(L, 3);
  flush_box *box = lua_touserdata(L, 2);
  listen(L, state, box);
  run_flush(L, state, box);
  if (la_event_has(state, LA_EVENT_AFTER_FLUSH)) {
    la_session_tell(L, state, box->session);
    la_push_flush_event(L, state, LA_EVENT_AFTER_FLUSH, 1);
    box->session->ready = box->flush;
    call(L, 0, 0);
    box->session->ready = NULL;
  }
  check_stands(L, box);
  la_flush_finish(box->flush);
  return 0;
}

/* The flush in `box`, of the session at `index`. Whatever raises on the way, a listener or what
 * Lua does for a step, drops the flush and fails the transaction. */
static void run_or_drop(lua_State *L, la_state *state, int index, flush_box *box) {
  lua_pushcfunction(L, run_protected);
  lua_pushvalue(L, index);
  lua_pushlightuserdata(L, box);
  lua_pushlightuserdata(L, state);
  if (lua_pcall(L, 3, 0, 0) == LUA_OK) {
    return;
  }
  if (box->session) {
    la_session *session = box->session; /* held by its box */
    clear_flush(box);
    la_session_fail_by(L, session);
  }
  lua_error(L);
}

/* (session): what has become of the objects, and after_flush_postexec. */
static int finish_told(lua_State *L) {
  la_state *state = la_state_of(L);
  la_session *session = la_check_session(L, 1);
  la_session_settle(L, state, session);
  la_session_tell(L, state, session);
  if (la_event_has(state, LA_EVENT_AFTER_FLUSH_POSTEXEC)) {
    la_push_flush_event(L, state, LA_EVENT_AFTER_FLUSH_POSTEXEC, 1);
    lua_call(L, 0, 0);
  }
  tell_subtransaction(L, state, 1, LA_EVENT_AFTER_TRANSACTION_END);
  return 0;
}

/* The objects are in step; listeners hear of it. One that fails fails the transaction. */
static void tell_finish(lua_State *L, la_state *state, la_session *session, int index,
                        uint32_t level) {
  if (session->notes.count == 0 && !la_event_has(state, LA_EVENT_AFTER_FLUSH_POSTEXEC) &&
      !la_event_has(state, LA_EVENT_AFTER_TRANSACTION_END)) {
    la_session_settle_at(L, state, session, index);
    la_session_tell(L, state, session);
    return;
  }
  lua_pushlightuserdata(L, state);
  lua_pushcclosure(L, finish_told, 1);
  lua_pushvalue(L, index);
  session->flushing = true;
  int status = lua_pcall(L, 1, 0, 0);
  session->flushing = false;
  if (status != LUA_OK) {
    la_session_fail_by(L, session);
    lua_error(L);
  }
  if (!stands(session, level)) { /* the program was told, and it has ended the transaction */
    la_raise_status(L, LA_RESOURCE_CLOSED, "This transaction is closed");
  }
}

void la_session_flush(lua_State *L, la_state *state, int index) {
  la_session *session = la_session_at(L, index);
  la_error err;
  la_error_init(&err);
  if (la_session_check(session, &err) < 0) {
    la_raise_orm(L, &err);
  }
  index = lua_absindex(L, index);
  luaL_checkstack(L, 10, NULL);
  fire_before(L, state, session, index);
  if (!la_session_has_changes(session)) {
    la_session_settle(L, state, session);
    return;
  }
  tell_subtransaction(L, state, index, LA_EVENT_AFTER_TRANSACTION_CREATE);
  flush_box box = {.session = la_object_retain(session)};
  la_arena_init(&box.arena, &state->alloc);
  if (la_flush_new(session, &box.flush, &err) < 0) {
    clear_flush(&box);
    la_raise_orm(L, &err);
  }
  uint32_t level = la_flush_level(box.flush);
  run_or_drop(L, state, index, &box);
  clear_flush(&box);
  tell_finish(L, state, session, index, level);
}

/* (session): a flush under pcall. */
static int flush_protected(lua_State *L) {
  la_session_flush(L, la_state_of(L), 1);
  return 0;
}

void la_session_autoflush(lua_State *L, la_state *state, int index) {
  la_session *session = la_check_session(L, index);
  if (!session->autoflush || session->autoflush_off > 0 || session->flushing ||
      session->phase == LA_SESSION_INACTIVE || !la_session_has_changes(session)) {
    return;
  }
  index = lua_absindex(L, index);
  luaL_checkstack(L, 4, NULL);
  lua_pushlightuserdata(L, state);
  lua_pushcclosure(L, flush_protected, 1);
  lua_pushvalue(L, index);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    if (la_push_hook_if(L, state, "autoflush_error")) { /* error, function */
      lua_insert(L, -2);
      lua_call(L, 1, 1);
    }
    lua_error(L);
  }
}
