/* SPDX-License-Identifier: MIT */
/*
 * Two tables, and short ways to build statements over them, for the C tests of compile/.
 *
 * Nodes made by these functions are kept in a list and released at the end, so that tests read like
 * expressions.
 */
#ifndef SPEC_COMPILE_H
#define SPEC_COMPILE_H

#include "compile/compiled.h"
#include "test.h"

static la_allocator alloc;
static la_basic_types types;
static la_sql sql;
static la_metadata *metadata;
static la_table *users, *addresses;
static la_node *kept[4096];
static size_t kept_count;

static inline la_text text_of(const char *string) {
  return la_text_of(string);
}

static inline la_node *keep(la_node *node) {
  CHECK(node != NULL && kept_count < sizeof kept / sizeof kept[0]);
  return kept[kept_count++] = node;
}

static inline la_column *new_column(la_table *table, const char *name, la_type *type,
                                    bool primary_key) {
  la_error err = LA_ERROR_INIT;
  la_column *column = la_column_new(&alloc, text_of(name), type);
  column->primary_key = primary_key;
  column->nullable = !primary_key;
  CHECK(la_table_add_column(table, column, &err) == LA_OK);
  la_object_release(column);
  return column;
}

static inline void refer(la_table *table, la_column *column, const char *to_table,
                         const char *to_column) {
  la_error err = LA_ERROR_INIT;
  la_constraint *constraint;
  la_text name = text_of(to_column);
  la_constraint_options options = {.columns = &column,
                                   .column_count = 1,
                                   .referred_table = text_of(to_table),
                                   .referred_names = &name,
                                   .deferrable = -1,
                                   .inline_rendered = true};
  CHECK(la_table_add_constraint(table, LA_CONSTRAINT_FOREIGN_KEY, &options, &constraint, &err) ==
        LA_OK);
}

static inline void set_up(void) {
  la_error err = LA_ERROR_INIT;
  la_allocator_init(&alloc, la_alloc_system, NULL);
  CHECK(la_basic_types_init(&types, &alloc, &err) == LA_OK);
  sql = (la_sql){.alloc = &alloc, .types = &types};
  metadata = la_metadata_new(&alloc, LA_TEXT_NONE);
  CHECK(la_metadata_add_table(metadata, text_of("users"), LA_TEXT_NONE, &users, &err) == LA_OK);
  CHECK(la_metadata_add_table(metadata, text_of("addresses"), LA_TEXT_NONE, &addresses, &err) ==
        LA_OK);
  new_column(users, "id", types.integer, true);
  new_column(users, "name", types.text, false);
  new_column(users, "active", types.boolean, false);
  new_column(addresses, "id", types.integer, true);
  new_column(addresses, "email", types.text, false);
  refer(addresses, new_column(addresses, "user_id", types.integer, false), "users", "id");
}

static inline void tear_down(void) {
  while (kept_count > 0) {
    la_node_release(kept[--kept_count]);
  }
  la_object_release(metadata);
  la_basic_types_clear(&types);
  CHECK(alloc.blocks == 0);
}

/* col(users, "id") */
static inline la_node *col(la_table *table, const char *name) {
  return keep(la_expr_column(&sql, la_table_column(table, text_of(name)), NULL));
}

static inline la_node *tab(la_table *table) {
  return keep(la_from_table(&sql, table));
}

static inline la_node *number(const char *name, int64_t value) {
  la_value held = la_value_integer(value);
  return keep(la_expr_param(&sql, name ? text_of(name) : LA_TEXT_NONE, &held, types.integer));
}

static inline la_node *binary(la_operator op, la_node *left, la_node *right) {
  return keep(la_expr_binary(&sql, op, left, right));
}

static inline la_node *call(const char *name, la_node *argument) {
  return keep(la_expr_function(&sql, text_of(name), &argument, argument ? 1 : 0, types.integer));
}

#define SELECT(...)                                                                                \
  keep(la_select_new(&sql, (la_node *[]){__VA_ARGS__},                                             \
                     sizeof((la_node *[]){__VA_ARGS__}) / sizeof(la_node *)))
#define CHAINED(statement, part, ...)                                                              \
  keep(la_node_with_chained(statement, part, (la_node *[]){__VA_ARGS__},                           \
                            sizeof((la_node *[]){__VA_ARGS__}) / sizeof(la_node *)))

static char last_message[1000];

/* The text of `node`, kept until the next call; a failure's message if it does not compile. */
static inline la_compiled *compile(const char *dialect, const la_node *node,
                                   const la_compile_options *options) {
  la_compiled *compiled = NULL;
  la_error err = LA_ERROR_INIT;
  if (la_compile(&sql, la_dialect_find(text_of(dialect)), node, options, &compiled, &err) < 0) {
    snprintf(last_message, sizeof last_message, "%s", err.message);
    return NULL;
  }
  return compiled;
}

#define CHECK_SQL(dialect, node, expected) check_sql(dialect, node, expected, __FILE__, __LINE__)

static inline void check_sql(const char *dialect, const la_node *node, const char *expected,
                             const char *file, int line) {
  la_compiled *compiled = compile(dialect, node, NULL);
  test_text(compiled ? compiled->text : text_of(last_message), expected, file, line);
  la_object_release(compiled);
}

#endif
