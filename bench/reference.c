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
#include "meter.h"

#include <sqlite3.h>
#include <sys/mman.h>

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

/* ---------------------------------------------------------------------------------------------
 * Helpers
 */

static void die(sqlite3 *db, const char *what) {
  fprintf(stderr, "reference: %s: %s\n", what, db != NULL ? sqlite3_errmsg(db) : "failed");
  exit(1);
}

static void execute(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
    die(db, sql);
  }
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK) {
    die(db, sql);
  }
  return statement;
}

static void step(sqlite3 *db, sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) {
    die(db, sqlite3_sql(statement));
  }
  sqlite3_reset(statement);
}

static int64_t ask(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement = prepare(db, sql);
  if (sqlite3_step(statement) != SQLITE_ROW) {
    die(db, sql);
  }
  int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

/* Memory that lives until the program ends, in blocks that grow; large ones on huge pages. */
static struct arena {
  char *block;
  size_t left, next;
} arena = {NULL, 0, 1u << 18};

static void new_block(void) {
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

static void *keep(size_t size) {
  size = (size + 7) & ~(size_t)7;
  if (size > arena.left) {
    new_block();
  }
  void *memory = arena.block;
  arena.block += size;
  arena.left -= size;
  return memory;
}

static text keep_text(const void *bytes, int len) {
  char *copy = keep((size_t)len + 1);
  memcpy(copy, bytes, (size_t)len);
  copy[len] = 0;
  return (text){copy, len};
}

static text column_text(sqlite3_stmt *statement, int column) {
  const void *bytes = sqlite3_column_text(statement, column);
  return keep_text(bytes, sqlite3_column_bytes(statement, column));
}

static text numbered(const char *prefix, int number) {
  char bytes[64];
  return keep_text(bytes, snprintf(bytes, sizeof bytes, "%s %d", prefix, number));
}

static void bind_text(sqlite3_stmt *statement, int place, text value) {
  sqlite3_bind_text(statement, place, value.bytes, value.len, SQLITE_STATIC);
}

/* Binds "prefix number" without keeping it: `bytes` must last until the statement has run. */
static void bind_numbered(sqlite3_stmt *statement, int place, char bytes[64], const char *prefix,
                          int number) {
  bind_text(statement, place, (text){bytes, snprintf(bytes, 64, "%s %d", prefix, number)});
}

static void append(list *self, void *item) {
  if (self->count == self->capacity) {
    self->capacity = self->capacity > 0 ? self->capacity * 2 : 1024;
    self->items = realloc(self->items, (size_t)self->capacity * sizeof *self->items);
    if (self->items == NULL) {
      die(NULL, "list");
    }
  }
  self->items[self->count++] = item;
}

/* ---------------------------------------------------------------------------------------------
 * The databases
 */

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

#define INSERT_CUSTOMER "INSERT INTO customer (name, description) VALUES (?, ?)"
#define SELECT_CUSTOMER "SELECT id, name, description FROM customer"
#define SELECT_CHILD    "SELECT id, parent_id, name, qty FROM child"

#define CHECK_CUSTOMERS                                                                            \
  "SELECT count(*) + coalesce(sum(length(name)) + sum(length(description)) + sum(id), 0)"          \
  " FROM customer"
#define CHECK_GRAPH                                                                                \
  "SELECT (SELECT count(*) + sum(length(name)) + sum(id) FROM parent)"                             \
  " + (SELECT count(*) + sum(length(name)) + sum(qty) + sum(parent_id) + sum(id) FROM child)"

static void insert_numbered_customer(sqlite3 *db, sqlite3_stmt *insert, int i) {
  char name[64], description[64];
  bind_numbered(insert, 1, name, "customer name", i);
  bind_numbered(insert, 2, description, "customer description", i);
  step(db, insert);
}

static void fill_customers(sqlite3 *db, int count) {
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

static void make_databases(const char *folder) {
  make_database(folder, "empty", 0, 0);
  make_database(folder, "all", meter_scaled(500000), 0);
  make_database(folder, "some", meter_scaled(50000), 0);
  make_database(folder, "graph", 0, meter_scaled(2000));
}

/* ---------------------------------------------------------------------------------------------
 * Customers
 */

static list load_customers(sqlite3 *db, const char *sql) {
  list customers = {0};
  sqlite3_stmt *select = prepare(db, sql);
  while (sqlite3_step(select) == SQLITE_ROW) {
    customer *one = keep(sizeof *one);
    one->id = sqlite3_column_int64(select, 0);
    one->name = column_text(select, 1);
    one->description = column_text(select, 2);
    append(&customers, one);
  }
  sqlite3_finalize(select);
  return customers;
}

/* Objects made, then stored, their keys fetched. */
static result insert_objects(run *self) {
  int count = meter_scaled(100000);
  int64_t sum = 0;
  list customers = {0};
  self->meter = meter_start();
  execute(self->db, "BEGIN");
  sqlite3_stmt *insert = prepare(self->db, INSERT_CUSTOMER);
  for (int i = 0; i < count; i++) {
    customer *one = keep(sizeof *one);
    one->name = numbered("customer name", i);
    one->description = numbered("customer description", i);
    append(&customers, one);
  }
  for (int i = 0; i < count; i++) {
    customer *one = customers.items[i];
    bind_text(insert, 1, one->name);
    bind_text(insert, 2, one->description);
    step(self->db, insert);
    one->id = sqlite3_last_insert_rowid(self->db);
  }
  for (int i = 0; i < count; i++) {
    sum += ((customer *)customers.items[i])->id;
  }
  execute(self->db, "COMMIT");
  meter_stop(&self->meter);
  return (result){count, sum + ask(self->db, CHECK_CUSTOMERS)};
}

static result insert_rows(run *self) {
  int count = meter_scaled(100000);
  self->meter = meter_start();
  execute(self->db, "BEGIN");
  fill_customers(self->db, count);
  execute(self->db, "COMMIT");
  meter_stop(&self->meter);
  return (result){count, ask(self->db, CHECK_CUSTOMERS)};
}

static result load_rows(run *self) {
  int64_t sum = 0;
  self->meter = meter_start();
  execute(self->db, "BEGIN");
  list customers = load_customers(self->db, SELECT_CUSTOMER);
  for (int i = 0; i < customers.count; i++) {
    sum += ((customer *)customers.items[i])->name.len;
  }
  execute(self->db, "COMMIT");
  meter_stop(&self->meter);
  return (result){customers.count, sum + customers.count};
}

/* One row by its key into memory of its own, again and again. */
static result query_rows(run *self) {
  int count = meter_scaled(10000), stored = meter_scaled(50000);
  int64_t sum = 0;
  self->meter = meter_start();
  execute(self->db, "BEGIN");
  sqlite3_stmt *select = prepare(self->db, SELECT_CUSTOMER " WHERE id = ?");
  for (int64_t i = 0; i < count; i++) {
    sqlite3_bind_int64(select, 1, i * 7919 % stored + 1);
    if (sqlite3_step(select) != SQLITE_ROW) {
      die(self->db, "no row");
    }
    int name = sqlite3_column_bytes(select, 1), description = sqlite3_column_bytes(select, 2);
    customer *one = malloc(sizeof *one + (size_t)name + (size_t)description);
    if (one == NULL) {
      die(NULL, "row");
    }
    char *bytes = (char *)(one + 1);
    memcpy(bytes, sqlite3_column_text(select, 1), (size_t)name);
    memcpy(bytes + name, sqlite3_column_text(select, 2), (size_t)description);
    one->id = sqlite3_column_int64(select, 0);
    one->name = (text){bytes, name};
    one->description = (text){bytes + name, description};
    step(self->db, select);
    sum += one->id + one->description.len;
    free(one);
  }
  sqlite3_finalize(select);
  execute(self->db, "COMMIT");
  meter_stop(&self->meter);
  return (result){count, sum};
}

/* Look-ups in a hash table with open addresses. */
static result get_rows(run *self) {
  enum { SLOTS = 32768 };
  static customer *slots[SLOTS];
  int count = meter_scaled(100000), loaded = meter_scaled(10000);
  int64_t sum = 0;
  char sql[128];
  snprintf(sql, sizeof sql, SELECT_CUSTOMER " WHERE id <= %d", loaded);
  list customers = load_customers(self->db, sql);
#define SLOT(id) (((uint64_t)(id)*UINT64_C(0x9E3779B97F4A7C15) >> 32) % SLOTS)
  for (int i = 0; i < customers.count; i++) {
    customer *one = customers.items[i];
    size_t at = SLOT(one->id);
    while (slots[at] != NULL) {
      at = (at + 1) % SLOTS;
    }
    slots[at] = one;
  }
  self->meter = meter_start();
  for (int64_t i = 0; i < count; i++) {
    int64_t id = i * 7919 % loaded + 1;
    size_t at = SLOT(id);
    while (slots[at]->id != id) {
      at = (at + 1) % SLOTS;
    }
    sum += slots[at]->id + slots[at]->description.len;
  }
#undef SLOT
  meter_stop(&self->meter);
  return (result){count, sum};
}

/* A transaction for each row. */
static result insert_singly(run *self) {
  int count = meter_scaled(10000);
  self->meter = meter_start();
  sqlite3_stmt *begin = prepare(self->db, "BEGIN"), *commit = prepare(self->db, "COMMIT");
  sqlite3_stmt *insert = prepare(self->db, INSERT_CUSTOMER);
  for (int i = 0; i < count; i++) {
    step(self->db, begin);
    insert_numbered_customer(self->db, insert, i);
    step(self->db, commit);
  }
  meter_stop(&self->meter);
  sqlite3_finalize(begin);
  sqlite3_finalize(insert);
  sqlite3_finalize(commit);
  return (result){count, ask(self->db, CHECK_CUSTOMERS)};
}

static result update_rows(run *self) {
  static const char suffix[] = "updated";
  self->meter = meter_start();
  list customers = load_customers(self->db, SELECT_CUSTOMER);
  for (int i = 0; i < customers.count; i++) {
    customer *one = customers.items[i];
    char *bytes = keep((size_t)one->description.len + sizeof suffix);
    memcpy(bytes, one->description.bytes, (size_t)one->description.len);
    memcpy(bytes + one->description.len, suffix, sizeof suffix);
    one->description = (text){bytes, one->description.len + (int)sizeof suffix - 1};
  }
  execute(self->db, "BEGIN");
  sqlite3_stmt *update = prepare(self->db, "UPDATE customer SET description = ? WHERE id = ?");
  for (int i = 0; i < customers.count; i++) {
    customer *one = customers.items[i];
    bind_text(update, 1, one->description);
    sqlite3_bind_int64(update, 2, one->id);
    step(self->db, update);
  }
  sqlite3_finalize(update);
  execute(self->db, "COMMIT");
  meter_stop(&self->meter);
  return (result){customers.count, ask(self->db, CHECK_CUSTOMERS)};
}

static result delete_rows(run *self) {
  self->meter = meter_start();
  list customers = load_customers(self->db, SELECT_CUSTOMER);
  execute(self->db, "BEGIN");
  sqlite3_stmt *delete = prepare(self->db, "DELETE FROM customer WHERE id = ?");
  for (int i = 0; i < customers.count; i++) {
    sqlite3_bind_int64(delete, 1, ((customer *)customers.items[i])->id);
    step(self->db, delete);
  }
  sqlite3_finalize(delete);
  execute(self->db, "COMMIT");
  meter_stop(&self->meter);
  return (result){customers.count, ask(self->db, CHECK_CUSTOMERS)};
}

/* ---------------------------------------------------------------------------------------------
 * Parents and children. Keys go from 1 without gaps, so an array finds a parent.
 */

static parent *new_parent(sqlite3_stmt *select, list *parents) {
  parent *one = keep(sizeof *one);
  one->id = sqlite3_column_int64(select, 0);
  one->name = column_text(select, 1);
  one->count = 0;
  append(parents, one);
  return one;
}

static void add_child(sqlite3_stmt *select, int column, parent *to) {
  child *one = keep(sizeof *one);
  one->id = sqlite3_column_int64(select, column);
  one->parent_id = sqlite3_column_int64(select, column + 1);
  one->name = column_text(select, column + 2);
  one->qty = sqlite3_column_int64(select, column + 3);
  to->children[to->count++] = one;
}

static list load_parents(sqlite3 *db) {
  list parents = {0};
  sqlite3_stmt *select = prepare(db, "SELECT id, name FROM parent");
  while (sqlite3_step(select) == SQLITE_ROW) {
    new_parent(select, &parents);
  }
  sqlite3_finalize(select);
  return parents;
}

static list load_joined(sqlite3 *db) {
  list parents = {0};
  sqlite3_stmt *select =
      prepare(db, "SELECT parent.id, parent.name, child.id, child.parent_id, child.name, child.qty"
                  " FROM parent LEFT OUTER JOIN child ON parent.id = child.parent_id");
  while (sqlite3_step(select) == SQLITE_ROW) {
    int64_t id = sqlite3_column_int64(select, 0);
    parent *one = id <= parents.count ? parents.items[id - 1] : new_parent(select, &parents);
    if (sqlite3_column_type(select, 2) != SQLITE_NULL) {
      add_child(select, 2, one);
    }
  }
  sqlite3_finalize(select);
  return parents;
}

static list load_selectin(sqlite3 *db) {
  list parents = load_parents(db);
  char *sql = malloc(sizeof SELECT_CHILD + 64 + 2 * (size_t)parents.count);
  if (sql == NULL) {
    die(NULL, "text");
  }
  char *end = sql + sprintf(sql, SELECT_CHILD " WHERE parent_id IN (");
  for (int i = 0; i < parents.count; i++) {
    end += sprintf(end, i > 0 ? ",?" : "?");
  }
  memcpy(end, ")", 2);
  sqlite3_stmt *select = prepare(db, sql);
  for (int i = 0; i < parents.count; i++) {
    sqlite3_bind_int64(select, i + 1, ((parent *)parents.items[i])->id);
  }
  while (sqlite3_step(select) == SQLITE_ROW) {
    add_child(select, 0, parents.items[sqlite3_column_int64(select, 1) - 1]);
  }
  sqlite3_finalize(select);
  free(sql);
  return parents;
}

static list load_lazily(sqlite3 *db) {
  list parents = load_parents(db);
  sqlite3_stmt *select = prepare(db, SELECT_CHILD " WHERE parent_id = ?");
  for (int i = 0; i < parents.count; i++) {
    parent *one = parents.items[i];
    sqlite3_bind_int64(select, 1, one->id);
    while (sqlite3_step(select) == SQLITE_ROW) {
      add_child(select, 0, one);
    }
    sqlite3_reset(select);
  }
  sqlite3_finalize(select);
  return parents;
}

static result load_graph(run *self) {
  int64_t rows = 0, sum = 0;
  self->meter = meter_start();
  execute(self->db, "BEGIN");
  list parents = strcmp(self->variant, "joined") == 0     ? load_joined(self->db)
                 : strcmp(self->variant, "selectin") == 0 ? load_selectin(self->db)
                                                          : load_lazily(self->db);
  for (int i = 0; i < parents.count; i++) {
    parent *one = parents.items[i];
    sum += one->name.len;
    for (int j = 0; j < one->count; j++, rows++) {
      const child *of = one->children[j];
      sum += of->id + of->parent_id + of->name.len + of->qty;
    }
  }
  execute(self->db, "COMMIT");
  meter_stop(&self->meter);
  return (result){rows, sum};
}

static list make_graph(int count) {
  list parents = {0};
  for (int i = 0; i < count; i++) {
    parent *one = keep(sizeof *one);
    one->name = numbered("parent name", i);
    one->count = CHILDREN;
    for (int j = 0; j < CHILDREN; j++) {
      child *of = keep(sizeof *of);
      of->name = numbered("child name", i * CHILDREN + j);
      of->qty = j;
      one->children[j] = of;
    }
    append(&parents, one);
  }
  return parents;
}

static result insert_graph(run *self) {
  int count = meter_scaled(2000);
  self->meter = meter_start();
  list parents = make_graph(count);
  execute(self->db, "BEGIN");
  sqlite3_stmt *insert = prepare(self->db, "INSERT INTO parent (name) VALUES (?)");
  for (int i = 0; i < count; i++) {
    parent *one = parents.items[i];
    bind_text(insert, 1, one->name);
    step(self->db, insert);
    one->id = sqlite3_last_insert_rowid(self->db);
  }
  sqlite3_finalize(insert);
  insert = prepare(self->db, "INSERT INTO child (parent_id, name, qty) VALUES (?, ?, ?)");
  for (int i = 0; i < count * CHILDREN; i++) {
    const parent *one = parents.items[i / CHILDREN];
    child *of = one->children[i % CHILDREN];
    of->parent_id = one->id;
    sqlite3_bind_int64(insert, 1, of->parent_id);
    bind_text(insert, 2, of->name);
    sqlite3_bind_int64(insert, 3, of->qty);
    step(self->db, insert);
    of->id = sqlite3_last_insert_rowid(self->db);
  }
  sqlite3_finalize(insert);
  execute(self->db, "COMMIT");
  meter_stop(&self->meter);
  return (result){(int64_t)count * (CHILDREN + 1), ask(self->db, CHECK_GRAPH)};
}

/* ---------------------------------------------------------------------------------------------
 * A statement as a tree in the arena, and its text, or the hash of its structure by which a cache
 * would find the text.
 */

typedef enum { COLUMN, NUMBER, STRING, BINARY, LIST } kind;

typedef struct expr {
  kind kind;
  const char *words[2]; /* table and column, or operator */
  struct expr *left, *right;
  int64_t number;
  text string;
} expr;

typedef struct statement {
  const char *joins[3][2];
  expr *criteria[4];
  const char *orders[2];
  expr *limit, *offset;
} statement;

static expr *new_expr(kind of, const char *first, const char *second, expr *left, expr *right) {
  expr *self = keep(sizeof *self);
  *self = (expr){.kind = of, .words = {first, second}, .left = left, .right = right};
  return self;
}

static expr *number(int64_t value) {
  expr *self = new_expr(NUMBER, NULL, NULL, NULL, NULL);
  self->number = value;
  return self;
}

static expr *string(text value, expr *next) {
  expr *self = new_expr(STRING, NULL, NULL, NULL, next);
  self->string = value;
  return self;
}

static statement *build_statement(int i) {
  statement *self = keep(sizeof *self);
  char pattern[64];
  int len = snprintf(pattern, sizeof pattern, "customer name %d%%", i);
  expr *states = string(keep_text("new", 3), string(keep_text("paid", 4), NULL));
  *self = (statement){
      .joins = {{"orders", "orders.customer_id = customer.id"},
                {"item", "item.order_id = orders.id"},
                {"product", "item.product_id = product.id"}},
      .criteria = {new_expr(BINARY, " LIKE ", NULL, new_expr(COLUMN, "customer", "name", 0, 0),
                            string(keep_text(pattern, len), NULL)),
                   new_expr(LIST, " IN ", NULL, new_expr(COLUMN, "orders", "status", 0, 0), states),
                   new_expr(BINARY, " > ", NULL, new_expr(COLUMN, "product", "price", 0, 0),
                            number(i)),
                   new_expr(BINARY, " >= ", NULL, new_expr(COLUMN, "item", "quantity", 0, 0),
                            number(2))},
      .orders = {"customer.name", "orders.id DESC"},
      .limit = number(10),
      .offset = number(20)};
  return self;
}

/* Text being made, and the parameters met so far. */
typedef struct rendering {
  char text[1024];
  size_t len;
  const expr *params[16];
  int param_count;
} rendering;

static void put(rendering *self, const char *word) {
  size_t len = strlen(word);
  memcpy(self->text + self->len, word, len + 1);
  self->len += len;
}

static void put_expr(rendering *self, const expr *of) {
  if (of->kind == COLUMN) {
    put(self, of->words[0]);
    put(self, ".");
    put(self, of->words[1]);
  } else if (of->kind == BINARY) {
    put_expr(self, of->left);
    put(self, of->words[0]);
    put_expr(self, of->right);
  } else if (of->kind == LIST) {
    put_expr(self, of->left);
    put(self, of->words[0]);
    for (const expr *item = of->right; item != NULL; item = item->right) {
      put(self, item == of->right ? "(" : ", ");
      put_expr(self, item);
    }
    put(self, ")");
  } else {
    self->params[self->param_count++] = of;
    put(self, "?");
  }
}

static void render(rendering *self, const statement *of) {
  self->len = 0;
  self->param_count = 0;
  put(self, "SELECT customer.id, customer.name, customer.description FROM customer");
  for (int i = 0; i < 3; i++) {
    put(self, " JOIN ");
    put(self, of->joins[i][0]);
    put(self, " ON ");
    put(self, of->joins[i][1]);
  }
  for (int i = 0; i < 4; i++) {
    put(self, i > 0 ? " AND " : " WHERE ");
    put_expr(self, of->criteria[i]);
  }
  for (int i = 0; i < 2; i++) {
    put(self, i > 0 ? ", " : " ORDER BY ");
    put(self, of->orders[i]);
  }
  put(self, " LIMIT ");
  put_expr(self, of->limit);
  put(self, " OFFSET ");
  put_expr(self, of->offset);
}

static uint64_t mix(uint64_t hash, const void *word) {
  return (hash ^ (uint64_t)(uintptr_t)word) * UINT64_C(0x100000001b3);
}

static uint64_t hash_expr(rendering *self, uint64_t hash, const expr *of) {
  hash = mix(hash, of->words[0]) + (uint64_t)of->kind;
  hash = mix(hash, of->words[1]);
  if (of->kind == NUMBER || of->kind == STRING) {
    self->params[self->param_count++] = of;
  }
  hash = of->left != NULL ? hash_expr(self, hash, of->left) : hash;
  return of->right != NULL ? hash_expr(self, hash, of->right) : hash;
}

static uint64_t hash_statement(rendering *self, const statement *of) {
  uint64_t hash = UINT64_C(14695981039346656037);
  self->param_count = 0;
  for (int i = 0; i < 3; i++) {
    hash = mix(mix(hash, of->joins[i][0]), of->joins[i][1]);
  }
  for (int i = 0; i < 4; i++) {
    hash = hash_expr(self, hash, of->criteria[i]);
  }
  for (int i = 0; i < 2; i++) {
    hash = mix(hash, of->orders[i]);
  }
  return hash_expr(self, hash_expr(self, hash, of->limit), of->offset);
}

static result build_statements(run *self) {
  int count = meter_scaled(20000);
  static rendering made;
  int64_t check = 0;
  render(&made, build_statement(0));
  uint64_t known = hash_statement(&made, build_statement(0));
  int cached = strcmp(self->variant, "cached") == 0;
  struct arena before = arena;
  self->meter = meter_start();
  for (int i = 0; i < count; i++) {
    arena = before; /* a statement is gone when its text is made */
    const statement *one = build_statement(i);
    if (cached) {
      check += hash_statement(&made, one) == known && made.param_count == 7;
    } else {
      render(&made, one);
      check += made.param_count == 7;
    }
  }
  meter_stop(&self->meter);
  return (result){count, check};
}

/* ---------------------------------------------------------------------------------------------
 */

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
