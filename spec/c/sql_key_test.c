/* SPDX-License-Identifier: MIT */
/*
 * Cache keys: what is in them, what is not, and what they cost.
 */
#include "test.h"

#include "sql/key.h"
#include "sql/pattern.h"
#include "sql/select.h"

#include <stdlib.h>
#include <time.h>

static la_allocator alloc;
static la_basic_types types;
static la_sql sql;

static la_node *column(const char *name) {
  return la_expr_named_column(&sql, la_text_of(name), types.integer, NULL);
}

static la_node *param(const la_value *value) {
  return la_expr_param(&sql, LA_TEXT_NONE, value, NULL);
}

/* A new `name` = `value`. */
static la_node *equals(const char *name, la_value value) {
  la_node *left = column(name), *right = param(&value);
  la_node *equal = la_expr_binary(&sql, LA_OP_EQ, left, right);
  la_node_release(left);
  la_node_release(right);
  return equal;
}

/* SELECT id … WHERE id = value; the argument is taken. */
static la_node *select_where(la_node *take_condition) {
  la_node *id = column("id");
  la_node *bare = la_select_new(&sql, &id, 1);
  la_node *select = la_node_with_chained(bare, LA_SELECT_WHERE, &take_condition, 1);
  la_node_release(id);
  la_node_release(bare);
  la_node_release(take_condition);
  return select;
}

/* Whether the pattern of `a` knows `b`, whose parameters are those that its key has then. */
static bool known_by_pattern(const la_node *a, const la_node *b) {
  la_key key, matched;
  la_pattern *pattern = la_pattern_new(&alloc, a);
  bool known;
  la_key_init(&key, &alloc);
  la_key_init(&matched, &alloc);
  known = pattern != NULL && la_pattern_matches(pattern, b, &matched);
  CHECK(la_key_build(&key, b, LA_TEXT_NONE, NULL) == LA_OK);
  CHECK(!known || key.params.count == matched.params.count);
  for (size_t i = 0; known && i < key.params.count; i++) {
    CHECK(key.params.items[i] == matched.params.items[i]);
  }
  la_key_clear(&key);
  la_key_clear(&matched);
  la_object_release(pattern);
  return known;
}

static bool same_key(const la_node *a, const la_node *b) {
  la_key one, two;
  bool same;
  la_key_init(&one, &alloc);
  la_key_init(&two, &alloc);
  if (la_key_build(&one, a, LA_TEXT_NONE, NULL) != LA_OK ||
      la_key_build(&two, b, LA_TEXT_NONE, NULL) != LA_OK) {
    abort();
  }
  same = la_text_equal(la_strbuf_view(&one.bytes), la_strbuf_view(&two.bytes));
  CHECK(!same || one.hash == two.hash);
  CHECK(same || !known_by_pattern(a, b));
  la_key_clear(&one);
  la_key_clear(&two);
  return same;
}

/* Releases both. */
static bool same_and_release(la_node *a, la_node *b) {
  bool same = same_key(a, b);
  la_node_release(a);
  la_node_release(b);
  return same;
}

TEST(values_are_not_in_the_key_but_their_types_are) {
  CHECK(same_and_release(select_where(equals("id", la_value_integer(1))),
                         select_where(equals("id", la_value_integer(2)))));
  CHECK(!same_and_release(select_where(equals("id", la_value_integer(1))),
                          select_where(equals("id", la_value_text(la_text_of("x"))))));
  CHECK(!same_and_release(select_where(equals("id", la_value_integer(1))),
                          select_where(equals("name", la_value_integer(1)))));
}

TEST(the_length_of_a_list_is_not_in_the_key) {
  la_value values[3] = {la_value_integer(1), la_value_integer(2), la_value_integer(3)};
  la_node *id = column("id");
  la_node *one = la_expr_params(&sql, LA_TEXT_NONE, values, 1, 0, NULL);
  la_node *three = la_expr_params(&sql, LA_TEXT_NONE, values, 3, 0, NULL);
  la_node *a = la_expr_binary(&sql, LA_OP_IN, id, one),
          *b = la_expr_binary(&sql, LA_OP_IN, id, three);
  CHECK(same_and_release(a, b));
  la_node_release(id);
  la_node_release(one);
  la_node_release(three);
}

TEST(who_else_holds_a_node_does_not_matter) {
  la_node *a = select_where(equals("id", la_value_integer(1)));
  la_node *b = select_where(equals("id", la_value_integer(1)));
  la_node *held = la_node_retain(b->children[LA_SELECT_WHERE]);
  CHECK(same_key(a, b));
  la_node_release(held);
  la_node_release(a);
  la_node_release(b);
}

TEST(one_parameter_twice_is_not_two_parameters) {
  la_value value = la_value_integer(1);
  la_node *p = param(&value), *q = param(&value);
  la_node *once = la_expr_binary(&sql, LA_OP_EQ, p, p),
          *twice = la_expr_binary(&sql, LA_OP_EQ, p, q);
  la_key key;
  CHECK(!same_key(once, twice));
  la_key_init(&key, &alloc);
  CHECK(la_key_build(&key, once, LA_TEXT_NONE, NULL) == LA_OK);
  CHECK(key.params.count == 1);
  CHECK(la_key_build(&key, twice, LA_TEXT_NONE, NULL) == LA_OK);
  CHECK(key.params.count == 2);
  CHECK(key.params.items[0] == p && key.params.items[1] == q);
  la_key_clear(&key);
  la_node_release(p);
  la_node_release(q);
  la_node_release(once);
  la_node_release(twice);
}

/* (alias.x, alias.x) of one alias, or of two. */
static la_node *pair_of_columns(bool one_alias) {
  la_node *id = column("id"), *select = la_select_new(&sql, &id, 1);
  la_node *first = la_from_alias(&sql, select, LA_TEXT_NONE, 0),
          *second = la_from_alias(&sql, select, LA_TEXT_NONE, 0);
  la_node *columns[2] = {
      la_expr_named_column(&sql, la_text_of("x"), NULL, first),
      la_expr_named_column(&sql, la_text_of("x"), NULL, one_alias ? first : second)};
  la_node *pair = la_expr_tuple(&sql, columns, 2);
  la_node_release(columns[0]);
  la_node_release(columns[1]);
  la_node_release(first);
  la_node_release(second);
  la_node_release(select);
  la_node_release(id);
  return pair;
}

TEST(one_alias_is_not_two_aliases) {
  CHECK(same_and_release(pair_of_columns(true), pair_of_columns(true)));
  CHECK(same_and_release(pair_of_columns(false), pair_of_columns(false)));
  CHECK(!same_and_release(pair_of_columns(true), pair_of_columns(false)));
}

/* `known` (true or false) of the pattern of the first of two nodes, which are taken. */
static bool known_and_release(la_node *take_a, la_node *take_b) {
  bool known = known_by_pattern(take_a, take_b);
  la_node_release(take_a);
  la_node_release(take_b);
  return known;
}

TEST(a_pattern_knows_statements_of_one_structure) {
  CHECK(known_and_release(select_where(equals("id", la_value_integer(1))),
                          select_where(equals("id", la_value_integer(2)))));
  CHECK(!known_and_release(select_where(equals("id", la_value_integer(1))),
                           select_where(equals("no", la_value_integer(1)))));
  CHECK(known_and_release(pair_of_columns(true), pair_of_columns(true)));
  CHECK(known_and_release(pair_of_columns(false), pair_of_columns(false)));
  CHECK(!known_and_release(pair_of_columns(true), pair_of_columns(false)));
  CHECK(!known_and_release(pair_of_columns(false), pair_of_columns(true)));
}

TEST(a_copy_with_another_child_has_the_shape_of_what_is_made_so) {
  la_node *first = select_where(equals("a", la_value_integer(1)));
  la_node *second = select_where(equals("b", la_value_integer(1)));
  la_node *swapped = la_node_with_child(first, LA_SELECT_WHERE, second->children[LA_SELECT_WHERE]);
  la_node *bare = la_node_with_child(first, LA_SELECT_WHERE, NULL);
  la_node *again = la_node_with_child(bare, LA_SELECT_WHERE, first->children[LA_SELECT_WHERE]);
  CHECK(first->shape != second->shape);
  CHECK(swapped->shape == second->shape);
  CHECK(bare->shape != first->shape);
  CHECK(again->shape == first->shape);
  la_node_release(first);
  la_node_release(second);
  la_node_release(swapped);
  la_node_release(bare);
  la_node_release(again);
}

TEST(execution_options_are_not_in_the_key) {
  la_node *a = select_where(equals("id", la_value_integer(1)));
  la_node *option =
      la_node_new(&alloc, &(la_node_parts){.kind = LA_NODE_EXECUTION_OPTION,
                                           .text = la_text_of("stream_results"),
                                           .value = la_value_of_kind(LA_VALUE_BOOLEAN, 1)});
  la_node *b = la_node_with_chained(a, LA_SELECT_EXECUTION, &option, 1);
  CHECK(same_key(a, b));
  la_node_release(option);
  la_node_release(a);
  la_node_release(b);
}

TEST(a_table_is_in_the_key_with_its_metadatas_version) {
  la_metadata *metadata = la_metadata_new(&alloc, LA_TEXT_NONE);
  la_table *table = NULL;
  la_column *id = la_column_new(&alloc, la_text_of("id"), types.integer);
  la_node *from, *select;
  la_object *subjects = NULL;
  la_key before, after;
  CHECK(la_metadata_add_table(metadata, la_text_of("t"), LA_TEXT_NONE, &table, NULL) == LA_OK);
  from = la_from_table(&sql, table);
  select = la_select_new(&sql, &from, 1);
  la_key_init(&before, &alloc);
  la_key_init(&after, &alloc);
  CHECK(la_key_build(&before, select, LA_TEXT_NONE, NULL) == LA_OK);
  CHECK(known_by_pattern(select, select));
  la_pattern *pattern = la_pattern_new(&alloc, select);
  CHECK(la_pattern_matches(pattern, select, &after));
  CHECK(la_table_add_column(table, id, NULL) == LA_OK);
  CHECK(!la_pattern_matches(pattern, select, &after));
  la_object_release(pattern);
  CHECK(la_key_build(&after, select, LA_TEXT_NONE, NULL) == LA_OK);
  CHECK(!la_text_equal(la_strbuf_view(&before.bytes), la_strbuf_view(&after.bytes)));
  CHECK(la_key_subjects(&alloc, select, &subjects, NULL) == LA_OK);
  la_node_release(select);
  la_node_release(from);
  la_object_release(subjects);
  la_key_clear(&before);
  la_key_clear(&after);
  la_object_release(id);
  la_object_release(metadata);
}

TEST(a_salt_stands_in_front) {
  la_node *a = column("a");
  la_key one, two;
  la_key_init(&one, &alloc);
  la_key_init(&two, &alloc);
  CHECK(la_key_build(&one, a, la_text_of("sqlite"), NULL) == LA_OK);
  CHECK(la_key_build(&two, a, la_text_of("default"), NULL) == LA_OK);
  CHECK(!la_text_equal(la_strbuf_view(&one.bytes), la_strbuf_view(&two.bytes)));
  la_key_clear(&one);
  la_key_clear(&two);
  la_node_release(a);
}

/* `count` terms joined by OR, each with a parameter, all held twice. */
static la_node *long_condition(size_t count) {
  la_node **terms = malloc(count * sizeof *terms);
  la_node *all;
  for (size_t i = 0; i < count; i++) {
    terms[i] = equals("a", la_value_integer((int64_t)i));
  }
  all = la_expr_clauses(&sql, LA_OP_OR, terms, count);
  for (size_t i = 0; i < count; i++) {
    la_node_retain(terms[i]->children[1]);
    la_node_release(terms[i]);
  }
  for (size_t i = 0; i < count; i++) {
    la_node_release(all->children[i]->children[1]);
  }
  free(terms);
  return all;
}

TEST(many_terms_cost_their_number) {
  la_node *all = long_condition(100000);
  la_key key;
  clock_t start = clock();
  la_key_init(&key, &alloc);
  CHECK(la_key_build(&key, all, LA_TEXT_NONE, NULL) == LA_OK);
  CHECK(key.params.count == 100000);
  CHECK((double)(clock() - start) / CLOCKS_PER_SEC < 2.0);
  la_key_clear(&key);
  la_node_release(all);
}

TEST(a_second_key_allocates_nothing) {
  la_node *select = select_where(equals("id", la_value_integer(1)));
  uint64_t made;
  la_key key;
  la_key_init(&key, &alloc);
  CHECK(la_key_build(&key, select, LA_TEXT_NONE, NULL) == LA_OK);
  made = alloc.allocations;
  CHECK(la_key_build(&key, select, LA_TEXT_NONE, NULL) == LA_OK);
  CHECK(alloc.allocations == made);
  la_key_clear(&key);
  la_node_release(select);
}

int main(void) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  if (la_basic_types_init(&types, &alloc, NULL) != LA_OK) {
    return 1;
  }
  sql = (la_sql){.alloc = &alloc, .types = &types};
  RUN(values_are_not_in_the_key_but_their_types_are);
  RUN(the_length_of_a_list_is_not_in_the_key);
  RUN(who_else_holds_a_node_does_not_matter);
  RUN(one_parameter_twice_is_not_two_parameters);
  RUN(one_alias_is_not_two_aliases);
  RUN(a_pattern_knows_statements_of_one_structure);
  RUN(a_copy_with_another_child_has_the_shape_of_what_is_made_so);
  RUN(execution_options_are_not_in_the_key);
  RUN(a_table_is_in_the_key_with_its_metadatas_version);
  RUN(a_salt_stands_in_front);
  RUN(many_terms_cost_their_number);
  RUN(a_second_key_allocates_nothing);
  la_basic_types_clear(&types);
  return test_result() || alloc.blocks != 0;
}
