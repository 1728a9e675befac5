/* SPDX-License-Identifier: MIT */
/*
 * Runs a script again and again while memory fails: a host with an allocator that counts and
 * refuses.
 *
 *   memory_host lua|sqlite once|after loading|running SECONDS|all START SCRIPT
 *
 *   lua, sqlite       whose allocations fail: the Lua state's (Lualchemy takes its memory there
 *                     too) or SQLite's, through SQLITE_CONFIG_MALLOC
 *   once, after       allocation N alone, together with the retry that Lua makes after its
 *                     emergency collection; or every one from N on until an error reaches the
 * script loading, running  count from the first `require`, or with the modules already loaded
 *   SECONDS, START    every k-th N from START on, with k so large that SECONDS suffice; all: each N
 *
 * A run without failures comes first: what it prints, and what the database file holds at each
 * line, is what is right. Every other run is a process of its own. Its result must be right as
 * well, or an error whose text can be read; nothing may crash or be left behind, and the file must
 * hold one of the states that the first run committed. The last line is "tried T, errors E, wrong
 * W".
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meter.h"

/* A sample has more than this, however slow the machine is. */
#define FEWEST 12

enum { MAX_TEXT = 16384, MAX_STATES = 64 };

/* What one run leaves for the parent: lies in shared memory. */
typedef struct result {
  uint64_t calls;
  bool finished;                    /* the run came to its end */
  bool error;                       /* the script ended with an error */
  bool caught;                      /* the script caught one that came after a failure */
  char error_text[1024];            /* empty: it has no readable text */
  size_t lua_blocks, sqlite_blocks; /* left behind */
  size_t printed;
  char output[MAX_TEXT];
} result;

/* A test program has one script, one file and one run at a time: they stand here. */
static meter *failing;
static result *shared;
static char path[256];
static const char *script;
static bool preload, watching;
static char *states[MAX_STATES];
static int state_count;

/* ---------------------------------------------------------------------------------------------
 * What the database file holds
 */

/* Every row of every table as text, in order. `text` is empty for a file without tables. */
static void dump(char *text, size_t size) {
  bool watched = watching;
  watching = false;
  static const char *const queries[] = {
      "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
      "SELECT id, name, age FROM users ORDER BY id",
      "SELECT id, email_address, user_id FROM addresses ORDER BY id",
  };
  sqlite3 *database = NULL;
  text[0] = '\0';
  size_t used = 0;
  if (sqlite3_open(path, &database) == SQLITE_OK) {
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
      sqlite3_stmt *statement = NULL;
      if (sqlite3_prepare_v2(database, queries[i], -1, &statement, NULL) != SQLITE_OK) {
        continue; /* the table is not there: the first query has said so */
      }
      while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int column = 0; column < sqlite3_column_count(statement) && used < size; column++) {
          const char *value = (const char *)sqlite3_column_text(statement, column);
          used += (size_t)snprintf(text + used, size - used, "%s|", value != NULL ? value : "NULL");
        }
      }
      sqlite3_finalize(statement);
    }
  }
  sqlite3_close(database);
  watching = watched;
}

static void remember_state(void) {
  char text[MAX_TEXT];
  dump(text, sizeof text);
  for (int i = 0; i < state_count; i++) {
    if (strcmp(states[i], text) == 0) {
      return;
    }
  }
  if (state_count < MAX_STATES) {
    states[state_count++] = strdup(text);
  }
}

/* Each statement of the run without failures finds the file as the commit before it left it. */
static int on_statement(unsigned kind, void *userdata, void *statement, void *text) {
  (void)kind, (void)userdata, (void)statement, (void)text;
  remember_state();
  return 0;
}

static int watch_connection(sqlite3 *database, const char **message, const void *api) {
  (void)message, (void)api;
  if (watching) {
    sqlite3_trace_v2(database, SQLITE_TRACE_STMT, on_statement, NULL);
  }
  return SQLITE_OK;
}

static bool is_known_state(const char *text) {
  for (int i = 0; i < state_count; i++) {
    if (strcmp(states[i], text) == 0) {
      return true;
    }
  }
  return false;
}

/* ---------------------------------------------------------------------------------------------
 * The script's surroundings: print, os.tmpname, os.remove and pcall of this program
 */

static void put(const char *text, size_t len) {
  if (shared->printed + len < MAX_TEXT) {
    memcpy(shared->output + shared->printed, text, len);
    shared->printed += len;
    shared->output[shared->printed] = '\0';
  }
}

static int script_print(lua_State *L) {
  int count = lua_gettop(L);
  for (int i = 1; i <= count; i++) {
    size_t len;
    const char *text = luaL_tolstring(L, i, &len);
    if (i > 1) {
      put("\t", 1);
    }
    put(text, len);
    lua_pop(L, 1);
  }
  put("\n", 1);
  return 0;
}

static int script_tmpname(lua_State *L) {
  lua_pushstring(L, path);
  return 1;
}

static int script_remove(lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}

/* An error that the script itself catches has reached it: from there on memory is given again. */
static int finish_pcall(lua_State *L, int status, lua_KContext context) {
  (void)context;
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_Debug caller;
    if (failing->failed && lua_getstack(L, 1, &caller) && lua_getinfo(L, "S", &caller) &&
        strstr(caller.source, "lualchemy/") == NULL) {
      failing->counting = false;
      shared->caught = true;
    }
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  return lua_gettop(L);
}

static int script_pcall(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1); /* true, function, arguments */
  int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall);
  return finish_pcall(L, status, 0);
}

static int prepare_state(lua_State *L) {
  luaL_openlibs(L);
  lua_register(L, "print", script_print);
  lua_register(L, "pcall", script_pcall);
  lua_getglobal(L, "os");
  lua_pushcfunction(L, script_tmpname);
  lua_setfield(L, -2, "tmpname");
  lua_pushcfunction(L, script_remove);
  lua_setfield(L, -2, "remove");
  if (preload &&
      luaL_dostring(L, "require 'lualchemy' require 'lualchemy.orm' require 'lualchemy.exc'")) {
    return lua_error(L);
  }
  if (luaL_loadfile(L, script) != LUA_OK) {
    return lua_error(L);
  }
  return 1;
}

/* ---------------------------------------------------------------------------------------------
 * One run
 */

/* Under lua_pcall: reading the text of an error calls Lua code. */
static int read_error(lua_State *L) {
  size_t len;
  const char *text = luaL_tolstring(L, 1, &len);
  snprintf(shared->error_text, sizeof shared->error_text, "%s", text);
  return 0;
}

static void report_error(lua_State *L) {
  shared->error = true;
  lua_pushcfunction(L, read_error);
  lua_insert(L, -2);
  lua_pcall(L, 1, 0, 0);
}

/* A state with the script loaded and nothing of it run: every run begins with a copy of it. */
static lua_State *prepare(void) {
#if LUA_VERSION_NUM >= 505
  lua_State *L = lua_newstate(lua_memory, &lua_meter, luaL_makeseed(NULL));
#else
  lua_State *L = lua_newstate(lua_memory, &lua_meter);
#endif
  lua_pushcfunction(L, prepare_state);
  if (lua_pcall(L, 0, 1, 0) != LUA_OK) {
    fprintf(stderr, "%s\n", luaL_tolstring(L, -1, NULL));
    exit(1);
  }
  return L;
}

static void run(lua_State *L) {
  failing->calls = 0;
  failing->counting = true;
  int status = lua_pcall(L, 0, 0, 0);
  failing->counting = false;
  if (status != LUA_OK) {
    report_error(L);
  }
  lua_close(L);
  shared->calls = failing->calls;
  sqlite3_shutdown();
  shared->lua_blocks = lua_meter.blocks;
  shared->sqlite_blocks = sqlite_meter.blocks;
  shared->finished = true;
}

static void remove_files(void) {
  static const char *const endings[] = {"", "-journal", "-wal", "-shm"};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    char name[300];
    snprintf(name, sizeof name, "%s%s", path, endings[i]);
    remove(name);
  }
}

/* A run in a process of its own, which has a copy of `L`; gives the process's status. */
static int run_apart(lua_State *L, uint64_t fail_at) {
  memset(shared, 0, sizeof *shared);
  remove_files();
  failing->fail_at = fail_at;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    run(L);
    fflush(stdout);
    /* By exit, so that a leak checker of the build has its say. */
    exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

/* What is wrong with the run, or NULL. */
static const char *judge(int status, const char *expected) {
  static char text[MAX_TEXT];
  if (!shared->finished || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return "it crashed";
  }
  if (shared->lua_blocks != 0) {
    return "blocks of the Lua state are left";
  }
  if (shared->sqlite_blocks != 0) {
    return "blocks of SQLite are left";
  }
  if (shared->error && shared->error_text[0] == '\0') {
    return "the error has no text";
  }
  dump(text, sizeof text);
  sqlite3_shutdown();
  if (!is_known_state(text)) {
    return "the file holds a part of a commit";
  }
  if (!shared->caught) {
    size_t len = shared->error ? shared->printed : strlen(expected) + 1;
    if (strncmp(shared->output, expected, len) != 0) {
      return "it printed something else";
    }
  }
  return NULL;
}

static double now(void) {
  struct timeval time;
  gettimeofday(&time, NULL);
  return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The run without failures, in this process: fills `states`. Gives what it prints, or NULL. */
static char *reference_run(void) {
  remove_files();
  remember_state();
  sqlite3_auto_extension((void (*)(void))watch_connection);
  watching = true;
  memset(shared, 0, sizeof *shared);
  run(prepare());
  watching = false;
  if (shared->error) {
    fprintf(stderr, "without failures: %s\n", shared->error_text);
    return NULL;
  }
  if (shared->lua_blocks != 0 || shared->sqlite_blocks != 0) {
    fprintf(stderr, "without failures: %zu blocks of Lua and %zu of SQLite are left\n",
            shared->lua_blocks, shared->sqlite_blocks);
    return NULL;
  }
  remember_state();
  sqlite3_shutdown();
  return strdup(shared->output);
}

int main(int argc, char **argv) {
  if (argc != 7) {
    fprintf(stderr, "usage: %s lua|sqlite once|after loading|running SECONDS|all START SCRIPT\n",
            argv[0]);
    return 2;
  }
  failing = strcmp(argv[1], "sqlite") == 0 ? &sqlite_meter : &lua_meter;
  bool and_after = strcmp(argv[2], "after") == 0;
  preload = strcmp(argv[3], "running") == 0;
  double seconds = atof(argv[4]);
  uint64_t start = strtoull(argv[5], NULL, 10);
  script = argv[6];
  const char *folder = getenv("TMPDIR");
  snprintf(path, sizeof path, "%s/memory_host_%d.db", folder != NULL ? folder : "/tmp",
           (int)getpid());
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    perror("mmap");
    return 2;
  }
  configure_sqlite();
  failing->and_after = and_after;
  char *expected = reference_run();
  if (expected == NULL) {
    return 1;
  }
  lua_State *L = prepare();
  double begin = now();
  run_apart(L, 0);
  double each = now() - begin;
  uint64_t total = shared->calls;
  uint64_t step = 1;
  if (seconds > 0 && each * (double)total > seconds) {
    step = (uint64_t)(each * (double)total / seconds) + 1;
  }
  uint64_t tried = 0, errors = 0, wrong = 0;
  for (uint64_t n = 1 + start % step; n <= total; n += step) {
    int status = run_apart(L, n);
    const char *what = judge(status, expected);
    tried++;
    errors += shared->error;
    if (what != NULL) {
      wrong++;
      if (wrong <= 10) {
        printf("%s %s %s, allocation %llu of %llu: %s%s%s\n", argv[1], argv[2], argv[3],
               (unsigned long long)n, (unsigned long long)total, what, shared->error ? ": " : "",
               shared->error_text);
      }
    }
    if (seconds > 0 && tried > FEWEST && now() - begin > 2 * seconds + 5) {
      break; /* slower than the first run promised */
    }
  }
  remove_files();
  lua_close(L);
  free(expected);
  printf("tried %llu, errors %llu, wrong %llu\n", (unsigned long long)tried,
         (unsigned long long)errors, (unsigned long long)wrong);
  return wrong != 0;
}
