/* SPDX-License-Identifier: MIT */
/*
 * The steps of a backup; lualchemy.engine._copy makes them.
 */
#include "engine/backup.h"

#include "binding/check.h"
#include "binding/engine.h"
#include "binding/open.h"
#include "binding/push.h"

typedef struct backup_box {
  la_box box; /* no object */
  la_backup backup;
} backup_box;

enum { BACKUP_SOURCE = 1, BACKUP_TARGET = 2 };

/* core.backup_open(source, name, target, name) → backup. The names are without zero bytes. */
static int core_backup_open(lua_State *L) {
  la_connection *source = la_check_connection(L, 1), *target = la_check_connection(L, 3);
  la_text source_name = la_check_text(L, 2), target_name = la_check_text(L, 4);
  la_error err = LA_ERROR_INIT;
  backup_box *box = la_push_box(L, la_state_of(L), LA_BOX_BACKUP, sizeof *box, BACKUP_TARGET);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, BACKUP_SOURCE);
  lua_pushvalue(L, 3);
  lua_setiuservalue(L, -2, BACKUP_TARGET);
  if (la_backup_open(&box->backup, source, source_name, target, target_name, &err) < 0) {
    return la_raise_execution(L, source->engine, &err, LA_TEXT_NONE, 0, false);
  }
  return 1;
}

/* core.backup_step(backup, pages) → done, pages that remain, pages in all. */
static int core_backup_step(lua_State *L) {
  backup_box *box = (backup_box *)la_check_box(L, 1, LA_BOX_BACKUP);
  la_error err = LA_ERROR_INIT;
  la_status status = la_backup_step(&box->backup, (int)luaL_checkinteger(L, 2), &err);
  if (status < 0) {
    lua_getiuservalue(L, 1, BACKUP_SOURCE);
    const la_connection *source = la_check_connection(L, -1);
    return la_raise_execution(L, source->engine, &err, LA_TEXT_NONE, 0, false);
  }
  lua_pushboolean(L, status == LA_DONE);
  lua_pushinteger(L, box->backup.remaining);
  lua_pushinteger(L, box->backup.total);
  return 3;
}

static int backup_close(lua_State *L) {
  la_backup_close(&((backup_box *)la_check_box(L, 1, LA_BOX_BACKUP))->backup);
  return 0;
}

static int backup_gc(lua_State *L) {
  backup_box *box = (backup_box *)la_to_box(L, 1);
  if (box != NULL) {
    la_backup_close(&box->backup);
  }
  return 0;
}

void la_open_backup(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"backup_open", core_backup_open}, {"backup_step", core_backup_step}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__gc", backup_gc}, {"__close", backup_close}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_BACKUP, NULL, metamethods);
}
