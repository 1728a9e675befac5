/* SPDX-License-Identifier: MIT */
/*
 * The limit: the least work that each workload needs, in C on sqlite3.
 *
 *   raw prepare FILE          makes the database that the workloads read
 *   raw WORKLOAD FILE         does the work; prints "SECONDS CHECK"
 *
 * Statements are prepared once and reused, each workload is one transaction, rows are copied into
 * structs of an arena. SECONDS is processor time; CHECK is a figure over what was read or written,
 * which the Lua side must find too. Workloads and figures are those of workloads.lua.
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INSERTS = 100000, CUSTOMERS = 500000, QUERIES = 10000, PARENTS = 2000, CHILDREN = 20 };

typedef struct customer {
  int64_t id;
  size_t name_len, description_len;
  char *name, *description;
} customer;

typedef struct child {
  int64_t id, parent_id;
  size_t name_len;
  char *name;
} child;

/* ---------------------------------------------------------------------------------------------
 * Helpers
 */

static void die(sqlite3 *db, const char *what) {
  fprintf(stderr, "raw: %s: %s\n", what, db != NULL ? sqlite3_errmsg(db) : "no memory");
  exit(1);
}

static void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
    die(db, sql);
  }
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
    die(db, sql);
  }
  return statement;
}

static void write_row(sqlite3 *db, sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) {
    die(db, "insert");
  }
  sqlite3_reset(statement);
}

static void bind_numbered(sqlite3_stmt *statement, int place, const char *prefix, int number) {
  char text[64];
  int len = snprintf(text, sizeof text, "%s %d", prefix, number);
  sqlite3_bind_text(statement, place, text, len, SQLITE_TRANSIENT);
}

/* Memory that lives until the program ends, in large blocks. */
static void *keep(size_t size) {
  static char *block;
  static size_t left;
  size = (size + 7) & ~(size_t)7;
  if (size > left) {
    left = 4u << 20;
    block = malloc(left);
    if (block == NULL) {
      die(NULL, "arena");
    }
  }
  void *memory = block;
  block += size;
  left -= size;
  return memory;
}

static char *keep_text(sqlite3_stmt *statement, int column, size_t *len) {
  const unsigned char *text = sqlite3_column_text(statement, column);
  *len = (size_t)sqlite3_column_bytes(statement, column);
  char *copy = keep(*len + 1);
  memcpy(copy, text, *len + 1);
  return copy;
}

/* ---------------------------------------------------------------------------------------------
 * The database
 */

static void make_tables(sqlite3 *db) {
  run(db, "CREATE TABLE customer (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255),"
          " description VARCHAR(255));"
          "CREATE TABLE parent (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255));"
          "CREATE TABLE child (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255),"
          " parent_id INTEGER REFERENCES parent (id));"
          "CREATE INDEX child_parent ON child (parent_id);");
}

static void fill_customers(sqlite3 *db, int count) {
  sqlite3_stmt *insert = prepare(db, "INSERT INTO customer (name, description) VALUES (?, ?)");
  for (int i = 0; i < count; i++) {
    bind_numbered(insert, 1, "customer name", i);
    bind_numbered(insert, 2, "customer description", i);
    write_row(db, insert);
  }
  sqlite3_finalize(insert);
}

static void make_database(sqlite3 *db) {
  run(db, "BEGIN");
  make_tables(db);
  fill_customers(db, CUSTOMERS);
  sqlite3_stmt *parent = prepare(db, "INSERT INTO parent (id, name) VALUES (?, ?)");
  sqlite3_stmt *item = prepare(db, "INSERT INTO child (name, parent_id) VALUES (?, ?)");
  for (int i = 1; i <= PARENTS; i++) {
    sqlite3_bind_int64(parent, 1, i);
    bind_numbered(parent, 2, "parent", i);
    write_row(db, parent);
    for (int j = 0; j < CHILDREN; j++) {
      bind_numbered(item, 1, "child", i * CHILDREN + j);
      sqlite3_bind_int64(item, 2, i);
      write_row(db, item);
    }
  }
  sqlite3_finalize(parent);
  sqlite3_finalize(item);
  run(db, "COMMIT");
}

/* ---------------------------------------------------------------------------------------------
 * Workloads. Each gives its check.
 */

/* New rows in one transaction, their keys fetched. */
static int64_t insert_rows(sqlite3 *db) {
  int64_t sum = 0;
  run(db, "BEGIN");
  sqlite3_stmt *insert = prepare(db, "INSERT INTO customer (name, description) VALUES (?, ?)");
  for (int i = 0; i < INSERTS; i++) {
    bind_numbered(insert, 1, "customer name", i);
    bind_numbered(insert, 2, "customer description", i);
    write_row(db, insert);
    sum += sqlite3_last_insert_rowid(db);
  }
  sqlite3_finalize(insert);
  run(db, "COMMIT");
  return sum;
}

/* All customers kept in a list, then one attribute of each read. */
static int64_t load_rows(sqlite3 *db) {
  size_t count = 0, capacity = 1024;
  customer **list = malloc(capacity * sizeof *list);
  sqlite3_stmt *select = prepare(db, "SELECT id, name, description FROM customer");
  while (sqlite3_step(select) == SQLITE_ROW) {
    if (count == capacity) {
      capacity *= 2;
      list = realloc(list, capacity * sizeof *list);
    }
    if (list == NULL) {
      die(NULL, "list");
    }
    customer *one = keep(sizeof *one);
    one->id = sqlite3_column_int64(select, 0);
    one->name = keep_text(select, 1, &one->name_len);
    one->description = keep_text(select, 2, &one->description_len);
    list[count++] = one;
  }
  sqlite3_finalize(select);
  int64_t sum = 0;
  for (size_t i = 0; i < count; i++) {
    sum += (int64_t)list[i]->name_len;
  }
  free(list);
  return sum;
}

/* Ten thousand look-ups by primary key, another one each time. */
static int64_t query_rows(sqlite3 *db) {
  int64_t sum = 0;
  run(db, "BEGIN");
  sqlite3_stmt *select = prepare(db, "SELECT id, name, description FROM customer WHERE id = ?");
  for (int i = 1; i <= QUERIES; i++) {
    sqlite3_bind_int64(select, 1, (int64_t)i * 37);
    if (sqlite3_step(select) == SQLITE_ROW) {
      customer *one = keep(sizeof *one);
      one->id = sqlite3_column_int64(select, 0);
      one->name = keep_text(select, 1, &one->name_len);
      one->description = keep_text(select, 2, &one->description_len);
      sum += one->id;
    }
    sqlite3_reset(select);
  }
  sqlite3_finalize(select);
  run(db, "COMMIT");
  return sum;
}

static int64_t read_children(sqlite3_stmt *select) {
  int64_t sum = 0;
  while (sqlite3_step(select) == SQLITE_ROW) {
    child *one = keep(sizeof *one);
    one->id = sqlite3_column_int64(select, 0);
    one->name = keep_text(select, 1, &one->name_len);
    one->parent_id = sqlite3_column_int64(select, 2);
    sum += one->id + one->parent_id + (int64_t)one->name_len;
  }
  sqlite3_reset(select);
  return sum;
}

/* Parents with their children, by one join. */
static int64_t read_joined(sqlite3 *db) {
  sqlite3_stmt *select =
      prepare(db, "SELECT child.id, child.name, child.parent_id, parent.id, parent.name"
                  " FROM parent LEFT OUTER JOIN child ON parent.id = child.parent_id");
  int64_t sum = read_children(select);
  sqlite3_finalize(select);
  return sum;
}

/* The same in two statements. */
static int64_t read_selectin(sqlite3 *db) {
  sqlite3_stmt *parents = prepare(db, "SELECT id, name FROM parent");
  while (sqlite3_step(parents) == SQLITE_ROW) {
    size_t len;
    keep_text(parents, 1, &len);
  }
  sqlite3_finalize(parents);
  sqlite3_stmt *select = prepare(db, "SELECT id, name, parent_id FROM child");
  int64_t sum = read_children(select);
  sqlite3_finalize(select);
  return sum;
}

/* The same with a statement for each parent. */
static int64_t read_lazy(sqlite3 *db) {
  int64_t sum = 0;
  run(db, "BEGIN");
  sqlite3_stmt *parents = prepare(db, "SELECT id, name FROM parent");
  sqlite3_stmt *select = prepare(db, "SELECT id, name, parent_id FROM child WHERE parent_id = ?");
  while (sqlite3_step(parents) == SQLITE_ROW) {
    size_t len;
    keep_text(parents, 1, &len);
    sqlite3_bind_int64(select, 1, sqlite3_column_int64(parents, 0));
    sum += read_children(select);
  }
  sqlite3_finalize(parents);
  sqlite3_finalize(select);
  run(db, "COMMIT");
  return sum;
}

static const struct {
  const char *name;
  int64_t (*work)(sqlite3 *db);
} workloads[] = {
    {"insert", insert_rows}, {"load", load_rows},         {"query", query_rows},
    {"joined", read_joined}, {"selectin", read_selectin}, {"lazy", read_lazy},
};

int main(int argc, char **argv) {
  sqlite3 *db = NULL;
  if (argc != 3) {
    fprintf(stderr, "usage: raw prepare|WORKLOAD FILE\n");
    return 2;
  }
  if (sqlite3_open(argv[2], &db) != SQLITE_OK) {
    die(db, argv[2]);
  }
  if (strcmp(argv[1], "prepare") == 0) {
    make_database(db);
    sqlite3_close(db);
    return 0;
  }
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
    if (strcmp(workloads[i].name, argv[1]) == 0) {
      clock_t begin = clock();
      int64_t check = workloads[i].work(db);
      printf("%.6f %lld\n", (double)(clock() - begin) / CLOCKS_PER_SEC, (long long)check);
      sqlite3_close(db);
      return 0;
    }
  }
  fprintf(stderr, "raw: no workload \"%s\"\n", argv[1]);
  return 2;
}
