/* SPDX-License-Identifier: MIT */
/*
 * Listeners of cursors are told of the statements that the core sends by itself.
 *
 * The core calls here around each (engine/trace.h); listeners run on the thread of callbacks, as
 * functions in the database do (binding/engine_extend.c). What they were told, and what they want
 * sent instead, lies in a record in the registry from before the statement is sent until it is
 * over.
 */
#include "base/clock.h"
#include "binding/check.h"
#include "binding/engine_execute.h"
#include "binding/push.h"

/* Places in a record. */
enum { TEXT = 1, LIST, CONTEXT, STARTED, MANY, VALUES, FIRST };

typedef struct request {
  la_state *state;
  la_connection *connection;
  la_sending *sending;
} request;

/* The values to be sent. Their texts lie in the record. */
typedef struct sent_values {
  la_arena arena;
  la_value *items;
} sent_values;

static void clear_values(void *memory) {
  sent_values *values = memory;
  if (values->arena.alloc != NULL) {
    la_arena_clear(&values->arena);
  }
}

/* The value on top of the stack as the database takes it; `before` is what it was. Lua has one kind
 * of string: what was a blob stays one. */
static void read_value(lua_State *L, la_state *state, la_arena *arena, const la_value *before,
                       la_value *out) {
  la_value value;
  bool host = false;
  la_error err = LA_ERROR_INIT;
  la_status status = la_value_from_lua(L, -1, NULL, arena, &value, &host, &err);
  if (status >= 0 && host) {
    status = la_fail(&err, LA_STATEMENT, "a %s is not a value that a statement can be sent with",
                     luaL_typename(L, -1));
  }
  if (status < 0 || la_type_bind(state->types.null, &value, out, arena, &err) < 0) {
    la_raise(L, &err);
  }
  if (out->kind == LA_VALUE_TEXT && before != NULL && before->kind == LA_VALUE_BLOB) {
    out->kind = LA_VALUE_BLOB;
  }
}

/* The number of values in the set on top of the stack, number `row`: the first one's, or `count`.
 */
static uint32_t count_set(lua_State *L, uint32_t row, uint32_t count) {
  if (!lua_istable(L, -1) || (row > 0 && lua_rawlen(L, -1) != count)) {
    la_raise_status(L, LA_ARGUMENT,
                    "a listener of \"before_cursor_execute\" gives lists of as many parameters for "
                    "each row; that of row %d is another",
                    (int)row + 1);
  }
  return (uint32_t)lua_rawlen(L, -1);
}

/* Reads set number `row`, on top of the stack, behind the others. */
static void read_set(lua_State *L, request *r, sent_values *values, uint32_t row, uint32_t count,
                     int record) {
  const la_sending *sending = r->sending;
  const la_value *before = sending->values + (size_t)row * sending->count;
  size_t first = (size_t)row * count;
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    read_value(L, r->state, &values->arena, i < sending->count ? &before[i] : NULL,
               &values->items[first + i]);
    lua_rawseti(L, record, FIRST + (lua_Integer)(first + i)); /* a listener may change the list */
  }
}

/* Takes over the text and list at `text` and `list`, which listeners may have changed, and has the
 * record at `record` hold them. */
static void take_over(lua_State *L, request *r, int text, int list, int record) {
  la_sending *sending = r->sending;
  bool many = sending->rows > 1;
  uint32_t count = 0;
  if (lua_type(L, text) != LUA_TSTRING || !lua_istable(L, list)) {
    la_raise_status(L, LA_ARGUMENT,
                    "a listener of \"before_cursor_execute\" gives a statement's text and a list "
                    "of parameters, not %s and %s",
                    luaL_typename(L, text), luaL_typename(L, list));
  }
  if (many && lua_rawlen(L, list) != sending->rows) {
    la_raise_status(L, LA_ARGUMENT,
                    "a listener of \"before_cursor_execute\" gives one list of parameters for each "
                    "row that a flush writes, %d here, not %d",
                    (int)sending->rows, (int)lua_rawlen(L, list));
  }
  sent_values *values = la_push_scratch(L, r->state, sizeof *values, clear_values);
  lua_rawseti(L, record, VALUES);
  la_arena_init(&values->arena, &r->state->alloc);
  for (uint32_t row = 0; row < sending->rows; row++) {
    lua_pushvalue(L, list);
    if (many) {
      lua_rawgeti(L, list, (lua_Integer)row + 1);
      lua_replace(L, -2);
    }
    count = count_set(L, row, count);
    if (row == 0) {
      size_t room = la_array_size((size_t)sending->rows * count + 1, sizeof *values->items);
      values->items = la_arena_alloc_zero(&values->arena, room);
      if (values->items == NULL) {
        la_error err = LA_ERROR_INIT;
        la_fail_nomem(&err);
        la_raise(L, &err);
      }
    }
    read_set(L, r, values, row, count, record);
    lua_pop(L, 1);
  }
  sending->text.bytes = lua_tolstring(L, text, &sending->text.len);
  sending->values = values->items;
  sending->count = count;
}

/* Pushes the parameters of all rows. */
static void push_values(lua_State *L, request *r) {
  const la_sending *sending = r->sending;
  if (sending->rows == 1) {
    la_push_param_list(L, r->state, sending->values, sending->count);
    return;
  }
  la_push_list(L, r->state, (int)sending->rows);
  for (uint32_t row = 0; row < sending->rows; row++) {
    la_push_param_list(L, r->state, sending->values + (size_t)row * sending->count, sending->count);
    lua_rawseti(L, -2, (lua_Integer)row + 1);
  }
}

/* (request): before_cursor_execute. */
static int tell_before(lua_State *L) {
  request *r = lua_touserdata(L, 1);
  enum { SOURCE = 2, SENT, PARAMETERS, SHARED, RECORD };
  luaL_checkstack(L, 20, NULL);
  la_push_connection(L, r->state, r->connection);
  la_push_text(L, r->sending->text);
  push_values(L, r);
  lua_pushnil(L);
  lua_createtable(L, FIRST, 0);
  la_told told = {.source = SOURCE,
                  .text = SENT,
                  .list = PARAMETERS,
                  .context = SHARED,
                  .seconds = -1,
                  .many = r->sending->rows > 1};
  if (la_fire_cursor(L, r->state, LA_EVENT_BEFORE_CURSOR_EXECUTE, &told)) {
    take_over(L, r, SENT, PARAMETERS, RECORD);
  }
  for (int place = TEXT; place <= CONTEXT; place++) {
    lua_pushvalue(L, SENT + place - TEXT);
    lua_rawseti(L, RECORD, place);
  }
  lua_pushnumber(L, la_now());
  lua_rawseti(L, RECORD, STARTED);
  lua_pushboolean(L, told.many);
  lua_rawseti(L, RECORD, MANY);
  r->sending->number = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

/* (request): after_cursor_execute. The context says how long the statement took. */
static int tell_ran(lua_State *L) {
  request *r = lua_touserdata(L, 1);
  enum { SOURCE = 2, RECORD, SENT, PARAMETERS, SHARED, SINCE, IS_MANY };
  luaL_checkstack(L, 20, NULL);
  la_push_connection(L, r->state, r->connection);
  lua_rawgeti(L, LUA_REGISTRYINDEX, (lua_Integer)r->sending->number);
  for (int place = TEXT; place <= MANY; place++) {
    lua_rawgeti(L, RECORD, place);
  }
  double seconds = la_now() - lua_tonumber(L, SINCE);
  if (lua_istable(L, SHARED)) {
    lua_pushnumber(L, seconds);
    lua_setfield(L, SHARED, "seconds");
  }
  la_told told = {.source = SOURCE,
                  .text = SENT,
                  .list = PARAMETERS,
                  .context = SHARED,
                  .seconds = seconds,
                  .many = lua_toboolean(L, IS_MANY)};
  la_fire_cursor(L, r->state, LA_EVENT_AFTER_CURSOR_EXECUTE, &told);
  return 0;
}

static la_status tell(void *context, la_connection *connection, la_sending *sending,
                      la_sending_moment moment) {
  la_state *state = context;
  lua_State *L = state->callbacks;
  request r = {state, connection, sending};
  la_status status = LA_OK;
  if (moment == LA_SENDING_OVER) {
    luaL_unref(L, LUA_REGISTRYINDEX, (int)sending->number);
    return LA_OK;
  }
  if (!lua_checkstack(L, LUA_MINSTACK)) {
    return LA_NOMEM;
  }
  lua_pushcfunction(L, moment == LA_SENDING_BEFORE ? tell_before : tell_ran);
  lua_pushlightuserdata(L, &r);
  if (la_call_program(L, 1, 0) != LUA_OK) {
    la_keep_error(L);
    status = LA_HOST;
  }
  return status;
}

void la_tell_sendings(la_state *state, la_engine *engine) {
  engine->trace.tell = tell;
  engine->trace.context = state;
}
