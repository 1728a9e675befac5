/* SPDX-License-Identifier: MIT */
/*
 * The log of an engine: statements, and with echo "debug" the rows that come back.
 *
 * What is written is a function of Lua's (lua/lualchemy/engine/_logging.lua). What the core sends
 * by itself, and rows, are taken from the trace (engine/trace.h): they lie in a list of Lua's
 * before the first is told, for whoever is told may have others sent.
 */
#include "binding/engine_execute.h"
#include "binding/push.h"

/* Pushes what the log says of a statement in front of its parameters. */
static void push_tag(lua_State *L, la_origin origin) {
  static const char *const formats[] = {[LA_ORIGIN_RAW] = "raw sql",
                                        [LA_ORIGIN_NO_KEY] = "no key %.5fs",
                                        [LA_ORIGIN_NEW] = "generated in %.5fs",
                                        [LA_ORIGIN_CACHED] = "cached since %.4gs ago"};
  char tag[64];
  (void)snprintf(tag, sizeof tag, formats[origin.kind], origin.age);
  lua_pushstring(L, tag);
}

void la_engine_log(lua_State *L, la_state *state, int source_index, const char *text,
                   int params_index, double seconds, la_origin origin, bool many) {
  int top = lua_gettop(L);
  luaL_checkstack(L, 8, NULL);
  la_push_hook(L, state, "engine_log");
  lua_pushvalue(L, source_index);
  lua_pushstring(L, text);
  lua_pushvalue(L, params_index);
  lua_pushnumber(L, seconds);
  push_tag(L, origin);
  lua_pushboolean(L, many);
  lua_call(L, 6, 0);
  lua_settop(L, top);
}

void la_engine_log_transaction(lua_State *L, la_state *state, int source_index, const char *text) {
  int top = lua_gettop(L);
  luaL_checkstack(L, 4, NULL);
  la_push_hook(L, state, "engine_log");
  lua_pushvalue(L, source_index);
  lua_pushstring(L, text);
  lua_call(L, 2, 0);
  lua_settop(L, top);
}

/* ---- records of the trace ---- */

/* Pushes a table with what `entry` says, by enum la_record. */
static void push_record(lua_State *L, la_state *state, const la_trace_entry *entry) {
  lua_createtable(L, LA_RECORD_AGE, 0);
  lua_pushinteger(L, (lua_Integer)entry->kind);
  lua_rawseti(L, -2, LA_RECORD_KIND);
  la_push_text(L, entry->text);
  lua_rawseti(L, -2, LA_RECORD_TEXT);
  if (entry->rows > 1) {
    la_push_list(L, state, (int)entry->rows);
    for (uint32_t row = 0; row < entry->rows; row++) {
      la_push_param_list(L, state, entry->values + (size_t)row * entry->count, entry->count);
      lua_rawseti(L, -2, (lua_Integer)row + 1);
    }
  } else {
    la_push_param_list(L, state, entry->values, entry->values ? entry->count : 0);
  }
  lua_rawseti(L, -2, LA_RECORD_VALUES);
  lua_pushnumber(L, entry->seconds);
  lua_rawseti(L, -2, LA_RECORD_SECONDS);
  lua_pushboolean(L, entry->kind != LA_TRACE_STATEMENT || entry->told);
  lua_rawseti(L, -2, LA_RECORD_SILENT);
  lua_pushboolean(L, entry->rows > 1);
  lua_rawseti(L, -2, LA_RECORD_MANY);
  lua_pushinteger(L, (lua_Integer)entry->origin.kind);
  lua_rawseti(L, -2, LA_RECORD_ORIGIN);
  lua_pushnumber(L, entry->origin.age);
  lua_rawseti(L, -2, LA_RECORD_AGE);
}

void la_push_records(lua_State *L, la_state *state, la_trace *trace) {
  la_trace_settle(trace);
  lua_createtable(L, (int)trace->entries.count, 0);
  for (size_t i = 0; i < trace->entries.count; i++) {
    push_record(L, state, &trace->entries.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  la_trace_switch(trace, false);
}

void la_log_record(lua_State *L, la_state *state, int source, int record) {
  la_trace_kind kind = (la_trace_kind)lua_tointeger(L, record + LA_RECORD_KIND);
  const char *text = lua_tostring(L, record + LA_RECORD_TEXT);
  if (kind == LA_TRACE_STATEMENT) {
    la_origin origin = {(la_origin_kind)lua_tointeger(L, record + LA_RECORD_ORIGIN),
                        lua_tonumber(L, record + LA_RECORD_AGE)};
    la_engine_log(L, state, source, text, record + LA_RECORD_VALUES,
                  lua_tonumber(L, record + LA_RECORD_SECONDS), origin,
                  lua_toboolean(L, record + LA_RECORD_MANY));
  } else if (kind == LA_TRACE_TRANSACTION) {
    la_engine_log_transaction(L, state, source, text);
  } else {
    int top = lua_gettop(L);
    luaL_checkstack(L, 5, NULL);
    la_push_hook(L, state, "engine_log_row");
    lua_pushvalue(L, source);
    lua_pushstring(L, kind == LA_TRACE_ROW ? "Row" : "Col");
    lua_pushvalue(L, record + LA_RECORD_VALUES);
    lua_call(L, 3, 0);
    lua_settop(L, top);
  }
}

void la_engine_log_rows(lua_State *L, la_state *state, la_engine *engine, int source) {
  int top = lua_gettop(L);
  if (engine->trace.entries.count == 0) {
    return;
  }
  luaL_checkstack(L, LA_RECORD_AGE + 8, NULL);
  la_push_records(L, state, &engine->trace);
  lua_Integer count = (lua_Integer)lua_rawlen(L, top + 1);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, top + 1, i);
    for (int place = LA_RECORD_KIND; place <= LA_RECORD_AGE; place++) {
      lua_rawgeti(L, top + 2, place); /* top + 2 + place */
    }
    la_log_record(L, state, source, top + 2);
    lua_settop(L, top + 1);
  }
  lua_settop(L, top);
}
