/* SPDX-License-Identifier: MIT */
/* Workloads of one table: W1 to W8. */
#include "reference.h"

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
result insert_objects(run *self) {
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

result insert_rows(run *self) {
  int count = meter_scaled(100000);
  self->meter = meter_start();
  execute(self->db, "BEGIN");
  fill_customers(self->db, count);
  execute(self->db, "COMMIT");
  meter_stop(&self->meter);
  return (result){count, ask(self->db, CHECK_CUSTOMERS)};
}

result load_rows(run *self) {
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
result query_rows(run *self) {
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
result get_rows(run *self) {
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
result insert_singly(run *self) {
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

result update_rows(run *self) {
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

result delete_rows(run *self) {
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
