/* SPDX-License-Identifier: MIT */
/* The life of metadata, and what it knows of its tables. */
#include "oom.h"
#include "test.h"

#include "schema/metadata.h"

static la_allocator system_alloc;

/* ---- an expression that holds two other things, as nodes of SQL do ---- */

typedef struct expr {
  la_object object;
  la_allocator *alloc;
  la_object *held[2];
} expr;

static void expr_destroy(la_object *object) {
  expr *e = (expr *)(void *)object;
  la_object_release(e->held[0]);
  la_object_release(e->held[1]);
  la_free(e->alloc, e, sizeof *e);
}

static void expr_visit(const la_object *object, la_object_visitor each, void *ctx) {
  const expr *e = (const expr *)(const void *)object;
  each(ctx, e->held[0]);
  each(ctx, e->held[1]);
}

static const la_object_class expr_class = {
    .name = "expr", .destroy = expr_destroy, .visit = expr_visit};

static la_object *expr_new(la_allocator *alloc, void *a, void *b) {
  expr *e = la_alloc_zero(alloc, sizeof *e);
  if (e == NULL) {
    return NULL;
  }
  la_object_init(&e->object, &expr_class);
  e->alloc = alloc;
  e->held[0] = la_object_retain(a);
  e->held[1] = la_object_retain(b);
  return &e->object;
}

/* ---- building ---- */

static la_column *add_column(la_table *table, const char *name, bool primary_key) {
  la_allocator *alloc = table->metadata->alloc;
  la_type *type = la_type_new(alloc, LA_TYPE_INTEGER, NULL);
  la_column *column = type ? la_column_new(alloc, la_text_of(name), type) : NULL;
  la_object_release(type);
  if (column == NULL) {
    return NULL;
  }
  column->primary_key = primary_key;
  if (la_table_add_column(table, column, NULL) != LA_OK) {
    la_object_release(column);
    return NULL;
  }
  la_object_release(column); /* the table's metadata keeps it */
  return column;
}

static la_table *add_table(la_metadata *metadata, const char *name) {
  la_table *table = NULL;
  if (la_metadata_add_table(metadata, la_text_of(name), LA_TEXT_NONE, &table, NULL) != LA_OK ||
      add_column(table, "id", true) == NULL) {
    return NULL;
  }
  return table;
}

static la_constraint *add_key(la_table *from, const char *column, const char *to, bool use_alter) {
  la_column *columns[] = {add_column(from, column, false)};
  la_text names[] = {LA_TEXT_LITERAL("id")};
  la_constraint *out = NULL;
  la_constraint_options options = {.columns = columns,
                                   .column_count = 1,
                                   .referred_table = la_text_of(to),
                                   .referred_names = names,
                                   .deferrable = -1,
                                   .use_alter = use_alter};
  if (columns[0] == NULL) {
    return NULL;
  }
  la_table_add_constraint(from, LA_CONSTRAINT_FOREIGN_KEY, &options, &out, NULL);
  return out;
}

TEST(a_column_keeps_its_metadata) {
  la_metadata *metadata = la_metadata_new(&system_alloc, LA_TEXT_NONE);
  la_table *table = add_table(metadata, "users");
  la_column *column = la_table_column(table, la_text_of("id"));
  la_object_retain(column);
  la_object_retain(table);
  la_object_release(metadata);
  la_object_release(table);
  CHECK(system_alloc.blocks > 0);
  CHECK_TEXT(column->table->name, "users");
  la_object_release(column);
  CHECK(system_alloc.blocks == 0);
}

TEST(a_column_on_its_own_is_freed_alone) {
  la_column *column = la_column_new(&system_alloc, la_text_of("x"), NULL);
  la_default what = {.kind = LA_DEFAULT_VALUE, .value = la_value_text(la_text_of("abc"))};
  CHECK(la_column_set_default(column, LA_DEFAULT_INSERT, &what, NULL) == LA_OK);
  what.value = la_value_text(la_text_of("longer than before"));
  CHECK(la_column_set_default(column, LA_DEFAULT_INSERT, &what, NULL) == LA_OK);
  la_column *copy = la_column_copy(column, &system_alloc);
  la_object_release(column);
  CHECK_TEXT(la_value_bytes(&copy->defaults[LA_DEFAULT_INSERT].value), "longer than before");
  la_object_release(copy);
  CHECK(system_alloc.blocks == 0);
}

TEST(columns_have_different_names) {
  la_metadata *metadata = la_metadata_new(&system_alloc, LA_TEXT_NONE);
  la_table *table = add_table(metadata, "users");
  la_column *twice = la_column_new(&system_alloc, la_text_of("id"), NULL);
  la_error err = LA_ERROR_INIT;
  la_table *other;
  CHECK(la_table_add_column(table, twice, &err) == LA_DUPLICATE_COLUMN);
  CHECK_TEXT(la_text_of(err.message),
             "A column with name 'id' is already present in table 'users'.");
  la_object_release(twice);
  la_error_clear(&err);
  CHECK(la_metadata_add_table(metadata, la_text_of("users"), LA_TEXT_NONE, &other, &err) ==
        LA_INVALID_REQUEST);
  la_object_release(metadata);
  CHECK(system_alloc.blocks == 0);
}

TEST(a_check_on_its_own_column_does_not_keep_the_metadata) {
  la_metadata *metadata = la_metadata_new(&system_alloc, LA_TEXT_NONE);
  la_table *table = add_table(metadata, "users");
  la_column *id = la_table_column(table, la_text_of("id"));
  la_object *part = expr_new(&system_alloc, id, NULL);
  la_object *check = expr_new(&system_alloc, part, part);
  la_constraint_options options = {.sqltext = check, .deferrable = -1};
  CHECK(la_table_add_constraint(table, LA_CONSTRAINT_CHECK, &options, NULL, NULL) == LA_OK);
  la_object_release(part);
  CHECK(!la_metadata_collect(metadata)); /* it is ours */
  la_object_retain(check);
  la_object_release(metadata);
  CHECK(system_alloc.blocks > 0 && !la_metadata_collect(metadata)); /* `check` is held twice more */
  la_object_release(check);
  CHECK(!la_metadata_collect(metadata));
  la_object_release(check);
  CHECK(la_metadata_collect(metadata));
  CHECK(system_alloc.blocks == 0);
}

TEST(an_expression_shared_with_others_counts_only_if_it_refers_to_the_metadata) {
  la_metadata *metadata = la_metadata_new(&system_alloc, LA_TEXT_NONE);
  la_table *table = add_table(metadata, "users");
  la_column *id = la_table_column(table, la_text_of("id"));
  la_object *shared = expr_new(&system_alloc, NULL, NULL);
  la_object *where = expr_new(&system_alloc, shared, id);
  la_object *expressions[] = {&id->object, where};
  CHECK(la_table_add_index(table, la_text_of("i"), expressions, 2, false, where, NULL, NULL) ==
        LA_OK);
  la_object_release(where);
  la_object_release(metadata);
  CHECK(la_metadata_collect(metadata));
  CHECK(system_alloc.blocks == 1); /* what the outside still holds */
  la_object_release(shared);
  CHECK(system_alloc.blocks == 0);
}

TEST(dropping_the_expressions_ends_every_cycle) {
  la_metadata *metadata = la_metadata_new(&system_alloc, LA_TEXT_NONE);
  la_table *table = add_table(metadata, "users");
  la_column *id = la_table_column(table, la_text_of("id"));
  la_object *value = expr_new(&system_alloc, id, NULL);
  la_default what = {.kind = LA_DEFAULT_EXPR, .expr = value};
  CHECK(la_column_set_default(id, LA_DEFAULT_SERVER_INSERT, &what, NULL) == LA_OK);
  la_object_release(value);
  la_metadata_drop_exprs(metadata);
  la_object_release(metadata);
  CHECK(system_alloc.blocks == 0);
}

TEST(tables_are_sorted_by_level_then_by_name) {
  la_metadata *metadata = la_metadata_new(&system_alloc, LA_TEXT_NONE);
  static const char *const names[] = {"z", "c", "b", "a"};
  static const char *const expected[] = {"a", "z", "b", "c"};
  la_table *sorted[4];
  bool cycle;
  for (int i = 0; i < 4; i++) {
    add_table(metadata, names[i]);
  }
  add_key(la_metadata_table(metadata, la_text_of("b")), "z_id", "z", false);
  add_key(la_metadata_table(metadata, la_text_of("c")), "a_id", "a", false);
  add_key(la_metadata_table(metadata, la_text_of("a")), "parent_id", "a", false);
  add_key(la_metadata_table(metadata, la_text_of("a")), "c_id", "c", true);
  CHECK(la_metadata_sorted_tables(metadata, sorted, &cycle, NULL) == LA_OK && !cycle);
  for (int i = 0; i < 4; i++) {
    CHECK_TEXT(sorted[i]->name, expected[i]);
  }
  la_object_release(metadata);
}

TEST(a_circle_is_sorted_by_name_and_reported) {
  la_metadata *metadata = la_metadata_new(&system_alloc, LA_TEXT_NONE);
  static const char *const names[] = {"d", "c", "b", "a"};
  static const char *const expected[] = {"b", "c", "d", "a"};
  la_table *sorted[4];
  bool cycle;
  for (int i = 0; i < 4; i++) {
    add_table(metadata, names[i]);
  }
  add_key(la_metadata_table(metadata, la_text_of("c")), "b_id", "b", false);
  add_key(la_metadata_table(metadata, la_text_of("b")), "c_id", "c", false);
  add_key(la_metadata_table(metadata, la_text_of("a")), "b_id", "b", false);
  CHECK(la_metadata_sorted_tables(metadata, sorted, &cycle, NULL) == LA_OK && cycle);
  for (int i = 0; i < 4; i++) {
    CHECK_TEXT(sorted[i]->name, expected[i]);
  }
  la_object_release(metadata);
  CHECK(system_alloc.blocks == 0);
}

TEST(foreign_keys_find_what_they_name) {
  la_metadata *metadata = la_metadata_new(&system_alloc, la_text_of("main"));
  la_table *from = add_table(metadata, "addresses");
  la_constraint *key = add_key(from, "user_id", "users", false), **keys;
  la_error err = LA_ERROR_INIT;
  size_t count;
  CHECK(la_constraint_resolve(key, &err) == LA_NO_REFERENCED_TABLE);
  CHECK_TEXT(la_text_of(err.message),
             "Foreign key associated with column 'addresses.user_id' could not find table 'users' "
             "with which to generate a foreign key to target column 'id'");
  la_table *users = add_table(metadata, "users");
  CHECK_TEXT(users->fullname, "main.users");
  la_column_set_type(key->columns.items[0], NULL);
  CHECK(la_table_resolve(from, NULL) == LA_OK);
  CHECK(key->columns.items[0]->type == users->columns.items[0]->type);
  CHECK(la_table_foreign_keys_to(from, users, &system_alloc, &keys, &count, NULL) == LA_OK);
  CHECK(count == 1 && keys[0] == key && key->referred_columns.items[0] == users->columns.items[0]);
  la_free(&system_alloc, keys, count * sizeof *keys);
  la_metadata_remove_table(metadata, users);
  CHECK(key->referred == NULL && la_metadata_table(metadata, la_text_of("main.users")) == NULL);
  la_object_release(metadata);
  CHECK(system_alloc.blocks == 0);
}

TEST(a_sole_integer_key_counts_up) {
  la_metadata *metadata = la_metadata_new(&system_alloc, LA_TEXT_NONE);
  la_table *table = add_table(metadata, "users");
  la_column *id = table->columns.items[0];
  CHECK(la_column_is_autoincrement(id) && !id->nullable);
  id->autoincrement = LA_AUTOINCREMENT_OFF;
  CHECK(!la_column_is_autoincrement(id));
  id->autoincrement = LA_AUTOINCREMENT_AUTO;
  la_default what = {.kind = LA_DEFAULT_VALUE, .value = la_value_integer(5)};
  la_column_set_default(id, LA_DEFAULT_INSERT, &what, NULL);
  CHECK(!la_column_is_autoincrement(id));
  what.kind = LA_DEFAULT_NONE;
  la_column_set_default(id, LA_DEFAULT_INSERT, &what, NULL);
  add_column(table, "other", true);
  CHECK(la_table_autoincrement_column(table) == NULL);
  id->autoincrement = LA_AUTOINCREMENT_ON;
  CHECK(la_table_autoincrement_column(table) == id);
  la_object_release(metadata);
}

static void check_name(const la_constraint *constraint, const char *expected) {
  la_strbuf out;
  la_strbuf_init(&out, &system_alloc);
  CHECK(la_constraint_name(constraint, &out, NULL) == LA_OK);
  CHECK_TEXT(la_strbuf_view(&out), expected);
  la_strbuf_clear(&out);
}

TEST(conventions_make_names) {
  la_metadata *metadata = la_metadata_new(&system_alloc, LA_TEXT_NONE);
  la_table *users = add_table(metadata, "users"), *from = add_table(metadata, "addresses");
  la_constraint *key = add_key(from, "user_id", "users", false);
  la_error err = LA_ERROR_INIT;
  la_strbuf out;
  la_strbuf_init(&out, &system_alloc);
  check_name(key, "");
  la_metadata_set_convention(
      metadata, la_text_of("fk"),
      la_text_of("fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s_%(referred_column_0_"
                 "name)s_100%%"),
      NULL);
  la_metadata_set_convention(metadata, la_text_of("pk"), la_text_of("pk_%(column_0_N_label)s"),
                             NULL);
  check_name(key, "fk_addresses_user_id_users_id_100%");
  add_column(users, "part", true);
  check_name(users->primary_key, "pk_users_id_users_part");
  la_constraint_set_name(users->primary_key, la_text_of("given"), false, NULL);
  check_name(users->primary_key, "given");
  la_object *expressions[] = {&users->columns.items[0]->object};
  la_index *index;
  CHECK(la_table_add_index(users, LA_TEXT_NONE, expressions, 1, true, NULL, &index, NULL) == LA_OK);
  CHECK(la_index_name(index, &out, NULL) == LA_OK);
  CHECK_TEXT(la_strbuf_view(&out), "ix_users_id");
  la_metadata_set_convention(metadata, la_text_of("ck"), la_text_of("ck_%(constraint_name)s"),
                             NULL);
  la_object *condition = expr_new(&system_alloc, NULL, NULL);
  la_constraint_options options = {.sqltext = condition, .deferrable = -1};
  la_constraint *check;
  la_table_add_constraint(users, LA_CONSTRAINT_CHECK, &options, &check, NULL);
  la_object_release(condition);
  CHECK(la_constraint_name(check, &out, &err) == LA_INVALID_REQUEST);
  la_constraint_set_name(check, la_text_of("positive"), false, NULL);
  check_name(check, "ck_positive");
  la_constraint_set_name(check, la_text_of("positive"), true, NULL);
  check_name(check, "positive");
  la_metadata_set_convention(metadata, la_text_of("uq"), la_text_of("%(colum_0_name)s"), NULL);
  options = (la_constraint_options){.columns = users->columns.items, .column_count = 1};
  la_table_add_constraint(users, LA_CONSTRAINT_UNIQUE, &options, &check, NULL);
  la_error_clear(&err);
  CHECK(la_constraint_name(check, &out, &err) == LA_ARGUMENT);
  la_strbuf_clear(&out);
  la_object_release(metadata);
  CHECK(system_alloc.blocks == 0);
}

static bool build_schema(la_allocator *alloc, void *argument) {
  la_metadata *metadata = la_metadata_new(alloc, la_text_of("main"));
  la_table *users = metadata ? add_table(metadata, "users") : NULL, *sorted[2];
  la_table *from = users ? add_table(metadata, "addresses") : NULL;
  la_constraint *key = from ? add_key(from, "user_id", "users", false) : NULL;
  la_object *check = key ? expr_new(alloc, users->columns.items[0], NULL) : NULL;
  la_object *expressions[] = {key ? &users->columns.items[0]->object : NULL, check};
  la_constraint_options options = {.sqltext = check, .deferrable = -1};
  bool ok;
  (void)argument;
  ok = check != NULL &&
       la_table_add_constraint(users, LA_CONSTRAINT_CHECK, &options, NULL, NULL) == LA_OK &&
       la_table_add_index(users, la_text_of("i"), expressions, 2, false, check, NULL, NULL) ==
           LA_OK &&
       la_table_resolve(from, NULL) == LA_OK &&
       la_metadata_sorted_tables(metadata, sorted, NULL, NULL) == LA_OK;
  la_object_release(check);
  if (metadata != NULL) {
    la_metadata_drop_exprs(metadata);
  }
  la_object_release(metadata);
  return ok;
}

TEST(schemas_survive_a_lack_of_memory) {
  oom_every(build_schema, NULL);
}

int main(void) {
  la_allocator_init(&system_alloc, la_alloc_system, NULL);
  RUN(a_column_keeps_its_metadata);
  RUN(a_column_on_its_own_is_freed_alone);
  RUN(columns_have_different_names);
  RUN(a_check_on_its_own_column_does_not_keep_the_metadata);
  RUN(an_expression_shared_with_others_counts_only_if_it_refers_to_the_metadata);
  RUN(dropping_the_expressions_ends_every_cycle);
  RUN(tables_are_sorted_by_level_then_by_name);
  RUN(a_circle_is_sorted_by_name_and_reported);
  RUN(foreign_keys_find_what_they_name);
  RUN(a_sole_integer_key_counts_up);
  RUN(conventions_make_names);
  RUN(schemas_survive_a_lack_of_memory);
  return test_result();
}
