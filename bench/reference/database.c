/* SPDX-License-Identifier: MIT */
/* The databases, and the SQL that each new connection to one runs. */
#include "reference.h"

static const char pragmas[] = "PRAGMA journal_mode=DELETE;\n"
                              "PRAGMA synchronous=FULL;\n"
                              "PRAGMA cache_size=-2000;\n"
                              "PRAGMA secure_delete=OFF;\n"
                              "PRAGMA foreign_keys=OFF;\n";

static const char schema[] =
    "CREATE TABLE customer (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255),"
    " description VARCHAR(255));\n"
    "CREATE TABLE parent (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255));\n"
    "CREATE TABLE child (id INTEGER NOT NULL PRIMARY KEY,"
    " parent_id INTEGER NOT NULL REFERENCES parent (id), name VARCHAR(255), qty INTEGER);\n"
    "CREATE INDEX ix_child_parent_id ON child (parent_id);\n";

void fill_customers(sqlite3 *db, int count) {
  sqlite3_stmt *insert = prepare(db, INSERT_CUSTOMER);
  for (int i = 0; i < count; i++) {
    insert_numbered_customer(db, insert, i);
  }
  sqlite3_finalize(insert);
}

static void fill_graph(sqlite3 *db, int count) {
  sqlite3_stmt *parents = prepare(db, "INSERT INTO parent (name) VALUES (?)");
  sqlite3_stmt *children = prepare(db, "INSERT INTO child (parent_id, name, qty) VALUES (?, ?, ?)");
  for (int i = 0; i < count; i++) {
    char name[64];
    bind_numbered(parents, 1, name, "parent name", i);
    step(db, parents);
    for (int j = 0; j < CHILDREN; j++) {
      sqlite3_bind_int64(children, 1, i + 1);
      bind_numbered(children, 2, name, "child name", i * CHILDREN + j);
      sqlite3_bind_int64(children, 3, j);
      step(db, children);
    }
  }
  sqlite3_finalize(parents);
  sqlite3_finalize(children);
}

/* The SQL of a new connection: settings, and for a database in memory its tables and rows. */
static void write_init(const char *folder, const char *name, const char *storage) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.%s.sql", folder, name, storage);
  FILE *file = fopen(path, "w");
  if (file == NULL) {
    die(NULL, path);
  }
  fputs(pragmas, file);
  if (strcmp(storage, "mem") == 0) {
    fprintf(file, "%sATTACH '%s/%s.db' AS seed;\nBEGIN;\n", schema, folder, name);
    fputs("INSERT INTO main.customer SELECT * FROM seed.customer;\n"
          "INSERT INTO main.parent SELECT * FROM seed.parent;\n"
          "INSERT INTO main.child SELECT * FROM seed.child;\nCOMMIT;\nDETACH seed;\n",
          file);
  }
  fclose(file);
}

static void make_database(const char *folder, const char *name, int customers, int parents) {
  char path[4096];
  sqlite3 *db = NULL;
  snprintf(path, sizeof path, "%s/%s.db", folder, name);
  remove(path);
  if (sqlite3_open(path, &db) != SQLITE_OK) {
    die(db, path);
  }
  execute(db, schema);
  execute(db, "BEGIN");
  fill_customers(db, customers);
  fill_graph(db, parents);
  execute(db, "COMMIT");
  sqlite3_close(db);
  write_init(folder, name, "file");
  write_init(folder, name, "mem");
}

void make_databases(const char *folder) {
  make_database(folder, "empty", 0, 0);
  make_database(folder, "all", meter_scaled(500000), 0);
  make_database(folder, "some", meter_scaled(50000), 0);
  make_database(folder, "graph", 0, meter_scaled(2000));
}
