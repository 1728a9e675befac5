/* SPDX-License-Identifier: MIT */
/* Workloads of parents and their children: W9, W11. */
#include "reference.h"

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

result load_graph(run *self) {
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

result insert_graph(run *self) {
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
