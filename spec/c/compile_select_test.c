/* SPDX-License-Identifier: MIT */
/* SELECT: its text, parameters and result columns. Expected texts are SQLAlchemy's. */
#include "compile.h"

TEST(selects_a_table_whole) {
  CHECK_SQL("sqlite", SELECT(tab(users)), "SELECT users.id, users.name, users.active FROM users");
}

TEST(names_parameters_by_what_they_are_compared_with) {
  la_node *stmt = SELECT(col(users, "id"));
  stmt = CHAINED(stmt, LA_SELECT_WHERE, binary(LA_OP_GT, col(users, "id"), number("id", 3)),
                 binary(LA_OP_LT, col(users, "id"), number("id", 9)), col(users, "active"));
  CHECK_SQL(
      "default", stmt,
      "SELECT users.id FROM users WHERE users.id > :id_1 AND users.id < :id_2 AND users.active");
  CHECK_SQL("sqlite", stmt,
            "SELECT users.id FROM users WHERE users.id > ? AND users.id < ? AND users.active = 1");
}

TEST(tells_columns_of_one_name_apart) {
  la_node *stmt = SELECT(col(users, "id"), col(addresses, "id"), col(users, "id"));
  CHECK_SQL("sqlite", stmt,
            "SELECT users.id, addresses.id AS id_1, users.id AS id__1 FROM users, addresses");
  la_node *labelled = keep(la_node_with_flags(stmt, LA_SELECT_LEGACY, 0));
  CHECK_SQL("sqlite", labelled,
            "SELECT users.id AS users_id, addresses.id AS addresses_id, users.id AS users_id__1 "
            "FROM users, addresses");
}

TEST(joins_from_the_only_table_that_can) {
  la_node *stmt = SELECT(col(users, "name"));
  la_node *step = keep(la_join_step_new(&sql, tab(addresses), NULL, NULL, 0));
  stmt = CHAINED(stmt, LA_SELECT_FROM, step);
  CHECK_SQL("sqlite", stmt,
            "SELECT users.name FROM users JOIN addresses ON users.id = addresses.user_id");
}

TEST(names_a_subquery_and_its_columns) {
  la_node *inner = SELECT(col(addresses, "user_id"), call("count", col(addresses, "id")));
  la_node *alias = keep(la_from_alias(&sql, inner, LA_TEXT_NONE, LA_NODE_SUBQUERY));
  CHECK_SQL("sqlite", SELECT(alias),
            "SELECT anon_1.user_id, anon_1.count_1 FROM (SELECT addresses.user_id AS user_id, "
            "count(addresses.id) AS count_1 "
            "FROM addresses) AS anon_1");
}

TEST(leaves_out_what_encloses_a_subquery) {
  la_node *inner = CHAINED(SELECT(col(addresses, "id")), LA_SELECT_WHERE,
                           binary(LA_OP_EQ, col(addresses, "user_id"), col(users, "id")));
  la_node *stmt =
      CHAINED(SELECT(col(users, "id")), LA_SELECT_WHERE, keep(la_expr_exists(&sql, inner)));
  CHECK_SQL("sqlite", stmt,
            "SELECT users.id FROM users WHERE EXISTS (SELECT addresses.id FROM addresses WHERE "
            "addresses.user_id = users.id)");
}

TEST(numbers_aliases_by_first_use) {
  la_node *a = keep(la_from_alias(&sql, tab(users), LA_TEXT_NONE, 0));
  la_node *b = keep(la_from_alias(&sql, tab(users), LA_TEXT_NONE, 0));
  la_node *stmt = SELECT(keep(la_expr_column(&sql, la_table_column(users, text_of("id")), b)),
                         keep(la_expr_column(&sql, la_table_column(users, text_of("name")), a)));
  CHECK_SQL("sqlite", stmt,
            "SELECT users_1.id, users_2.name FROM users AS users_1, users AS users_2");
}

TEST(always_writes_limit_and_offset_on_sqlite) {
  la_node *stmt =
      keep(la_node_with_child(SELECT(col(users, "id")), LA_SELECT_OFFSET, number("param", 5)));
  CHECK_SQL("sqlite", stmt, "SELECT users.id FROM users LIMIT ? OFFSET ?");
  CHECK_SQL("default", stmt, "SELECT users.id FROM users LIMIT -1 OFFSET :param_1");
}

TEST(expands_lists_by_their_number_of_values) {
  la_value values[] = {la_value_integer(1), la_value_integer(2)};
  la_node *list = keep(la_expr_params(&sql, text_of("id"), values, 2, 0, types.integer));
  la_node *stmt =
      CHAINED(SELECT(col(users, "id")), LA_SELECT_WHERE, binary(LA_OP_IN, col(users, "id"), list));
  CHECK_SQL("sqlite", stmt, "SELECT users.id FROM users WHERE users.id IN (__[POSTCOMPILE_id_1])");
  la_compiled *compiled = compile("sqlite", stmt, NULL);
  la_strbuf out;
  la_error err = LA_ERROR_INIT;
  la_strbuf_init(&out, &alloc);
  CHECK(compiled->has_expanding && compiled->param_count == 1);
  CHECK(la_compiled_expand(compiled, (uint32_t[]){3}, &out, &err) == LA_OK);
  CHECK_TEXT(la_strbuf_view(&out), "SELECT users.id FROM users WHERE users.id IN (?, ?, ?)");
  la_strbuf_reset(&out);
  CHECK(la_compiled_expand(compiled, (uint32_t[]){0}, &out, &err) == LA_OK);
  CHECK_TEXT(la_strbuf_view(&out),
             "SELECT users.id FROM users WHERE users.id IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)");
  la_strbuf_clear(&out);
  la_object_release(compiled);
}

TEST(puts_ctes_and_their_parameters_in_front) {
  la_node *inner = CHAINED(SELECT(col(users, "id")), LA_SELECT_WHERE,
                           binary(LA_OP_EQ, col(users, "id"), number("id", 7)));
  la_node *cte = keep(la_from_cte(&sql, inner, text_of("chosen"), 1, 0));
  la_node *stmt = SELECT(number(NULL, 1), cte);
  CHECK_SQL("default", stmt,
            "WITH chosen AS (SELECT users.id AS id FROM users WHERE users.id = :id_1) SELECT "
            ":param_1 AS anon_1, chosen.id "
            "FROM chosen");
  la_compiled *compiled = compile("default", stmt, NULL);
  CHECK(compiled->param_count == 2);
  CHECK_TEXT(compiled->params[0].name, "id_1");
  CHECK(compiled->text.bytes[compiled->params[1].text_offset] == ':');
  la_object_release(compiled);
}

TEST(unites_selects) {
  la_node *parts[] = {SELECT(col(users, "id")), SELECT(col(addresses, "id"))};
  la_node *stmt = keep(la_compound_new(&sql, LA_OP_UNION, parts, 2));
  stmt = CHAINED(stmt, LA_SELECT_ORDER_BY, col(users, "id"));
  CHECK_SQL("sqlite", stmt,
            "SELECT users.id FROM users UNION SELECT addresses.id FROM addresses ORDER BY id");
}

TEST(tells_what_the_rows_hold) {
  la_compiled *compiled =
      compile("sqlite", SELECT(col(users, "id"), call("max", col(users, "id"))), NULL);
  CHECK(compiled->column_count == 2 && compiled->returns_rows);
  CHECK_TEXT(compiled->columns[0].key, "id");
  CHECK(compiled->columns[0].subject == &la_table_column(users, text_of("id"))->object);
  CHECK_TEXT(compiled->columns[1].key, "max_1");
  la_object_release(compiled);
}

/* a + a + …, and a condition of as many terms: neither needs a deep stack. */
TEST(compiles_a_hundred_thousand_terms) {
  enum { COUNT = 100000 };
  la_node *sum = la_node_retain(col(users, "id")), *one = number(NULL, 1);
  la_node *term = binary(LA_OP_EQ, col(users, "id"), number("id", 3));
  la_node **terms = la_alloc(&alloc, COUNT * sizeof *terms);
  for (int i = 0; i < COUNT; i++) {
    la_node *next = la_expr_binary(&sql, LA_OP_SUBTRACT, sum, one);
    la_node_release(sum);
    sum = next;
    terms[i] = term;
  }
  la_node *condition = la_expr_clauses(&sql, LA_OP_OR, terms, COUNT);
  la_node *stmt = CHAINED(SELECT(keep(sum)), LA_SELECT_WHERE, keep(condition));
  la_compiled *compiled = compile("sqlite", stmt, NULL);
  CHECK(compiled && compiled->param_count == 2 * COUNT);
  la_object_release(compiled);
  la_free(&alloc, terms, COUNT * sizeof *terms);
}

TEST(refuses_what_is_nested_too_deeply) {
  la_node *stmt = SELECT(col(users, "id"));
  for (int i = 0; i < 1000; i++) {
    stmt = SELECT(keep(la_expr_scalar_subquery(&sql, stmt)));
  }
  CHECK_SQL("sqlite", stmt, "statement is nested too deeply (more than 200 levels)");
}

int main(void) {
  set_up();
  RUN(selects_a_table_whole);
  RUN(names_parameters_by_what_they_are_compared_with);
  RUN(tells_columns_of_one_name_apart);
  RUN(joins_from_the_only_table_that_can);
  RUN(names_a_subquery_and_its_columns);
  RUN(leaves_out_what_encloses_a_subquery);
  RUN(numbers_aliases_by_first_use);
  RUN(always_writes_limit_and_offset_on_sqlite);
  RUN(expands_lists_by_their_number_of_values);
  RUN(puts_ctes_and_their_parameters_in_front);
  RUN(unites_selects);
  RUN(tells_what_the_rows_hold);
  RUN(compiles_a_hundred_thousand_terms);
  RUN(refuses_what_is_nested_too_deeply);
  tear_down();
  return test_result();
}
