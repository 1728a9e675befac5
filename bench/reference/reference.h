/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the reference program share: rows as structs, an arena for them, statements.
 * A program that cannot go on says why and ends; nothing is freed before that.
 */
#ifndef LA_BENCH_REFERENCE_H
#define LA_BENCH_REFERENCE_H

#include "meter.h"

#include <sqlite3.h>

enum { CHILDREN = 20 };

typedef struct text {
  const char *bytes;
  int len;
} text;

typedef struct customer {
  int64_t id;
  text name, description;
} customer;

typedef struct child {
  int64_t id, parent_id, qty;
  text name;
} child;

typedef struct parent {
  int64_t id;
  text name;
  child *children[CHILDREN];
  int count;
} parent;

typedef struct list {
  void **items;
  int count, capacity;
} list;

/* What a workload gives: how many rows or rounds, and a figure over them. */
typedef struct result {
  int64_t rows, check;
} result;

/* A run: the database and the meter that the workload starts and stops. */
typedef struct run {
  sqlite3 *db;
  const char *variant;
  meter meter;
} run;

/* Memory that lives until the program ends, in blocks that grow; large ones on huge pages. */
struct arena {
  char *block;
  size_t left, next;
};
extern struct arena arena;
void new_block(void);

static inline void die(sqlite3 *db, const char *what) {
  fprintf(stderr, "reference: %s: %s\n", what, db != NULL ? sqlite3_errmsg(db) : "failed");
  exit(1);
}

static inline void execute(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
    die(db, sql);
  }
}

static inline sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
    die(db, sql);
  }
  return statement;
}

static inline void step(sqlite3 *db, sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) {
    die(db, sqlite3_sql(statement));
  }
  sqlite3_reset(statement);
}

static inline int64_t ask(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement = prepare(db, sql);
  if (sqlite3_step(statement) != SQLITE_ROW) {
    die(db, sql);
  }
  int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

static inline void *keep(size_t size) {
  size = (size + 7) & ~(size_t)7;
  if (size > arena.left) {
    new_block();
  }
  void *memory = arena.block;
  arena.block += size;
  arena.left -= size;
  return memory;
}

static inline text keep_text(const void *bytes, int len) {
  char *copy = keep((size_t)len + 1);
  memcpy(copy, bytes, (size_t)len);
  copy[len] = 0;
  return (text){copy, len};
}

static inline text column_text(sqlite3_stmt *statement, int column) {
  const void *bytes = sqlite3_column_text(statement, column);
  return keep_text(bytes, sqlite3_column_bytes(statement, column));
}

static inline text numbered(const char *prefix, int number) {
  char bytes[64];
  return keep_text(bytes, snprintf(bytes, sizeof bytes, "%s %d", prefix, number));
}

static inline void bind_text(sqlite3_stmt *statement, int place, text value) {
  sqlite3_bind_text(statement, place, value.bytes, value.len, SQLITE_STATIC);
}

/* Binds "prefix number" without keeping it: `bytes` must last until the statement has run. */
static inline void bind_numbered(sqlite3_stmt *statement, int place, char bytes[64],
                                 const char *prefix, int number) {
  bind_text(statement, place, (text){bytes, snprintf(bytes, 64, "%s %d", prefix, number)});
}

static inline void append(list *self, void *item) {
  if (self->count == self->capacity) {
    self->capacity = self->capacity > 0 ? self->capacity * 2 : 1024;
    self->items = realloc(self->items, (size_t)self->capacity * sizeof *self->items);
    if (self->items == NULL) {
      die(NULL, "list");
    }
  }
  self->items[self->count++] = item;
}

#define INSERT_CUSTOMER "INSERT INTO customer (name, description) VALUES (?, ?)"
#define SELECT_CUSTOMER "SELECT id, name, description FROM customer"
#define SELECT_CHILD    "SELECT id, parent_id, name, qty FROM child"

#define CHECK_CUSTOMERS                                                                            \
  "SELECT count(*) + coalesce(sum(length(name)) + sum(length(description)) + sum(id), 0)"          \
  " FROM customer"
#define CHECK_GRAPH                                                                                \
  "SELECT (SELECT count(*) + sum(length(name)) + sum(id) FROM parent)"                             \
  " + (SELECT count(*) + sum(length(name)) + sum(qty) + sum(parent_id) + sum(id) FROM child)"

static inline void insert_numbered_customer(sqlite3 *db, sqlite3_stmt *insert, int i) {
  char name[64], description[64];
  bind_numbered(insert, 1, name, "customer name", i);
  bind_numbered(insert, 2, description, "customer description", i);
  step(db, insert);
}

/* database.c: the databases that the workloads use, and the SQL of each new connection. */
void make_databases(const char *folder);
void fill_customers(sqlite3 *db, int count);

/* The workloads: customers.c, graph.c, statement.c. */
result insert_objects(run *self);
result insert_rows(run *self);
result load_rows(run *self);
result query_rows(run *self);
result get_rows(run *self);
result insert_singly(run *self);
result update_rows(run *self);
result delete_rows(run *self);
result load_graph(run *self);
result insert_graph(run *self);
result build_statements(run *self);

#endif
