/* SPDX-License-Identifier: MIT */
/*
 * Errors of what sessions send: with the statement and its values, and heard by listeners of
 * handle_error, wherever in a load or a flush it failed.
 */
#include "binding/engine.h"
#include "binding/engine_execute.h"
#include "binding/orm.h"
#include "binding/push.h"

int la_raise_sent(lua_State *L, la_state *state, const la_engine *engine, const la_error *err,
                  int at) {
  la_failed_sending sending = {.source = at, .text = at + 1, .list = at + 2};
  size_t len;
  const char *bytes = lua_tolstring(L, sending.text, &len);
  luaL_checkstack(L, 8, NULL);
  la_push_execution_error(L, engine, err, (la_text){bytes, len}, sending.list, false);
  return la_raise_handled(L, state, &sending);
}

int la_raise_orm(lua_State *L, const la_error *err) {
  la_state *state = la_state_find(L);
  la_failed_statement *failed = &state->failed;
  if (!la_failed_is(failed, err)) {
    return la_raise(L, err);
  }
  luaL_checkstack(L, 8, NULL);
  int at = lua_gettop(L) + 1;
  const la_engine *engine = failed->connection->engine;
  la_push_connection(L, state, failed->connection); /* holds the engine */
  la_push_text(L, failed->text);
  la_push_param_list(L, state, failed->values, failed->count);
  la_failed_clear(failed);
  return la_raise_sent(L, state, engine, err, at);
}
