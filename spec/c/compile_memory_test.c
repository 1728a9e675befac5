/* SPDX-License-Identifier: MIT */
/* Allocations of a compilation fail: it reports that, ends soon, and gives back all it took. */
#include "compile.h"
#include "oom.h"

static bool compile_with(la_allocator *failing, void *argument) {
  la_sql own = {.alloc = failing, .types = &types};
  la_compiled *compiled = NULL;
  la_error err = LA_ERROR_INIT;
  la_status status =
      la_compile(&own, la_dialect_find(text_of("sqlite")), argument, NULL, &compiled, &err);
  CHECK(status == LA_OK || (status == LA_NOMEM && err.status == LA_NOMEM));
  la_object_release(compiled);
  return status == LA_OK;
}

TEST(of_a_select_of_many_parts) {
  la_node *inner = CHAINED(SELECT(col(users, "id"), call("count", col(users, "id"))),
                           LA_SELECT_WHERE, binary(LA_OP_EQ, col(users, "id"), number("id", 7)));
  la_node *cte = keep(la_from_cte(&sql, inner, text_of("chosen"), 1, 0));
  la_node *sub = keep(la_from_alias(&sql, SELECT(col(users, "id"), col(addresses, "id")),
                                    LA_TEXT_NONE, LA_NODE_SUBQUERY));
  la_value values[] = {la_value_integer(1), la_value_integer(2)};
  la_node *list = keep(la_expr_params(&sql, text_of("id"), values, 2, 0, types.integer));
  la_node *stmt = SELECT(col(users, "id"), col(addresses, "id"), number(NULL, 3), cte, sub);
  stmt = CHAINED(stmt, LA_SELECT_FROM,
                 keep(la_join_step_new(&sql, tab(addresses), NULL, tab(users), LA_JOIN_OUTER)));
  stmt = CHAINED(stmt, LA_SELECT_WHERE, binary(LA_OP_IN, col(users, "id"), list));
  stmt = CHAINED(stmt, LA_SELECT_WHERE, binary(LA_OP_EQ, col(users, "name"), number("name", 3)));
  stmt = CHAINED(stmt, LA_SELECT_ORDER_BY, keep(la_expr_unary(&sql, LA_OP_DESC, col(users, "id"))));
  stmt = keep(la_node_with_child(stmt, LA_SELECT_LIMIT, number("param", 5)));
  CHECK(oom_every(compile_with, stmt) > 20);
}

TEST(of_an_insert_and_an_update) {
  la_node *set = keep(la_set_new(&sql, NULL, text_of("name"), number("name", 1)));
  la_node *insert = CHAINED(keep(la_insert_new(&sql, tab(users))), LA_INSERT_VALUES, set);
  insert = CHAINED(insert, LA_INSERT_RETURNING, col(users, "id"));
  CHECK(oom_every(compile_with, insert) > 5);
  la_node *update = CHAINED(keep(la_update_new(&sql, tab(users))), LA_UPDATE_VALUES, set);
  update = CHAINED(update, LA_UPDATE_WHERE,
                   binary(LA_OP_EQ, col(users, "id"), col(addresses, "user_id")));
  CHECK(oom_every(compile_with, update) > 5);
}

static bool create_table_with(la_allocator *failing, void *argument) {
  la_sql own = {.alloc = failing, .types = &types};
  la_error err = LA_ERROR_INIT;
  la_strbuf out;
  la_strbuf_init(&out, failing);
  la_status status = la_compile_create_table(&own, la_dialect_find(text_of("sqlite")), argument,
                                             false, &out, &err);
  CHECK(status == LA_OK || status == LA_NOMEM);
  la_strbuf_clear(&out);
  return status == LA_OK;
}

TEST(of_a_table) {
  CHECK(oom_every(create_table_with, addresses) > 2);
}

static void *at_most_a_megabyte(void *userdata, void *block, size_t old_size, size_t new_size) {
  return new_size > 1u << 20 ? NULL : la_alloc_system(userdata, block, old_size, new_size);
}

/* 60 nodes, each with the one before on both sides: no machine could write that text. */
TEST(ends_where_the_text_of_shared_parts_takes_too_much) {
  la_allocator small;
  la_compiled *compiled = NULL;
  la_error err = LA_ERROR_INIT;
  la_node *sum = col(users, "id");
  for (int i = 0; i < 60; i++) {
    sum = binary(LA_OP_ADD, sum, sum);
  }
  la_allocator_init(&small, at_most_a_megabyte, NULL);
  la_sql own = {.alloc = &small, .types = &types};
  CHECK(la_compile(&own, la_dialect_find(text_of("sqlite")), SELECT(sum), NULL, &compiled, &err) ==
        LA_NOMEM);
  CHECK(compiled == NULL && small.blocks == 0);
}

int main(void) {
  set_up();
  RUN(of_a_select_of_many_parts);
  RUN(of_an_insert_and_an_update);
  RUN(of_a_table);
  RUN(ends_where_the_text_of_shared_parts_takes_too_much);
  tear_down();
  return test_result();
}
