/* SPDX-License-Identifier: MIT */
/*
 * W10: a statement as a tree in the arena, and its text, or the hash of its structure by which a
 * cache would find the text.
 */
#include "reference.h"

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

result build_statements(run *self) {
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
