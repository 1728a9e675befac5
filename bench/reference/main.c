/* SPDX-License-Identifier: MIT */
/*
 * The limit: the least work that each workload needs, in C on sqlite3.
 *
 *   reference prepare FOLDER       makes the databases that the workloads use, and the SQL that
 *                                  each new connection runs (NAME.db, NAME.file.sql, NAME.mem.sql)
 *   reference WORKLOAD VARIANT     does the work of workloads.lua and prints the same figures
 *
 * Statements are prepared once and reused, each workload is one transaction, rows become structs
 * whose text lies in an arena. Environment as in workloads.lua.
 */
#define _GNU_SOURCE
#include "reference.h"

#include <sys/mman.h>

struct arena arena = {NULL, 0, 1u << 18};

void new_block(void) {
  const size_t huge = 2u << 20;
  arena.block = aligned_alloc(arena.next >= huge ? huge : 4096, arena.next);
  if (arena.block == NULL) {
    die(NULL, "arena");
  }
#ifdef MADV_HUGEPAGE
  if (arena.next >= huge) {
    madvise(arena.block, arena.next, MADV_HUGEPAGE);
  }
#endif
  arena.left = arena.next;
  arena.next *= arena.next < 4 * huge ? 2 : 1;
}

static const struct {
  const char *name, *variants;
  result (*work)(run *self);
} workloads[] = {
    {"W1", "std oneflush", insert_objects},
    {"W2", "std", insert_rows},
    {"W3", "std streamed", load_rows},
    {"W4", "std streamed", load_rows},
    {"W5", "query", query_rows},
    {"W5", "get", get_rows},
    {"W6", "std", insert_singly},
    {"W7", "std", update_rows},
    {"W8", "std", delete_rows},
    {"W9", "joined selectin lazy", load_graph},
    {"W10", "compile cached", build_statements},
    {"W11", "std", insert_graph},
};

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  char *bytes = NULL;
  if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
    long size = ftell(file);
    rewind(file);
    bytes = calloc((size_t)size + 1, 1);
    if (bytes != NULL && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
      bytes = NULL;
    }
  }
  if (bytes == NULL) {
    die(NULL, path);
  }
  fclose(file);
  return bytes;
}

static sqlite3 *connect(void) {
  const char *path = getenv("BENCH_DB"), *init = getenv("BENCH_INIT");
  sqlite3 *db = NULL;
  if (path == NULL || init == NULL) {
    die(NULL, "BENCH_DB and BENCH_INIT");
  }
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
    die(db, path);
  }
  char *sql = read_file(init);
  execute(db, sql);
  free(sql);
  return db;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: reference prepare FOLDER | WORKLOAD VARIANT\n");
    return 2;
  }
  if (strcmp(argv[1], "prepare") == 0) {
    make_databases(argv[2]);
    return 0;
  }
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
    if (strcmp(workloads[i].name, argv[1]) == 0 && strstr(workloads[i].variants, argv[2]) != NULL) {
      run self = {.db = connect(), .variant = argv[2]};
      result of = workloads[i].work(&self);
      sqlite3_close(self.db);
      meter_report(&self.meter, argv[1], argv[2], of.rows, of.check);
      return 0;
    }
  }
  return 3;
}
