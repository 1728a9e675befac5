/* SPDX-License-Identifier: MIT */
/*
 * A program with Lualchemy inside: two Lua states in two threads, each with an engine made from a
 * connection that belongs to the program. No file of Lualchemy is read: package.path and
 * package.cpath are empty.
 *
 *   cc host.c -I<prefix>/include -I/usr/include/lua5.4 -L<prefix>/lib \
 *      -llualchemy -llua5.4 -lsqlite3 -lm -lpthread -o host
 *   ./host app.lua
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lualchemy.h"

typedef struct job {
  const char *script;
  const char *shop;  /* who this thread works for */
  sqlite3 *database; /* the program's own connection, used by this thread alone */
  int failed;
} job;

/* The database as the program set it up, before any Lua runs. */
static const char schema[] =
    "CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR NOT NULL, price INTEGER);"
    "INSERT INTO item (name, price) VALUES ('tea', 3), ('bread', 4);";

/* Runs under lua_pcall, so that an error of any call comes back as a status. */
static int run_script(lua_State *L) {
  job *work = lua_touserdata(L, 1);
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "path");
  lua_pushliteral(L, "");
  lua_setfield(L, -2, "cpath");
  lua_pop(L, 1);

  lualchemy_preload(L);
  if (luaL_loadfile(L, work->script) != LUA_OK) {
    return lua_error(L);
  }
  lualchemy_pushengine(L, work->database);
  lua_pushstring(L, work->shop);
  lua_call(L, 2, 0); /* app.lua gets the engine and the name as `...` */
  return 0;
}

static void *run_job(void *argument) {
  job *work = argument;
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    work->failed = 1;
    return NULL;
  }
  lua_pushcfunction(L, run_script);
  lua_pushlightuserdata(L, work);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    fprintf(stderr, "%s: %s\n", work->shop, luaL_tolstring(L, -1, NULL));
    work->failed = 1;
  }
  lua_close(L); /* finalizes the engine's statements; the connection stays open */
  return NULL;
}

static int print_row(void *shop, int count, char **values, char **names) {
  (void)count;
  (void)names;
  printf("%s: %s items, %s in all\n", (const char *)shop, values[0], values[1]);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s app.lua\n", argv[0]);
    return 2;
  }
  job jobs[2] = {{argv[1], "north", NULL, 0}, {argv[1], "south", NULL, 0}};
  pthread_t threads[2];

  for (int i = 0; i < 2; i++) {
    if (sqlite3_open(":memory:", &jobs[i].database) != SQLITE_OK ||
        sqlite3_exec(jobs[i].database, schema, NULL, NULL, NULL) != SQLITE_OK) {
      fprintf(stderr, "%s\n", sqlite3_errmsg(jobs[i].database));
      return 1;
    }
  }
  for (int i = 0; i < 2; i++) {
    if (pthread_create(&threads[i], NULL, run_job, &jobs[i]) != 0) {
      return 1;
    }
  }
  int failed = 0;
  for (int i = 0; i < 2; i++) {
    pthread_join(threads[i], NULL);
    failed |= jobs[i].failed;
    /* What the script committed is there, and the connection is as usable as before. */
    sqlite3_exec(jobs[i].database, "SELECT count(*), sum(price) FROM item", print_row,
                 (void *)jobs[i].shop, NULL);
    /* SQLITE_BUSY here would mean that a statement was left behind. */
    if (sqlite3_close(jobs[i].database) != SQLITE_OK) {
      fprintf(stderr, "%s: the connection is still in use\n", jobs[i].shop);
      failed = 1;
    }
  }
  return failed;
}
