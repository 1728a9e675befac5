/* SPDX-License-Identifier: MIT */
/*
 * Nodes: sharing, release of deep trees, folding of conditions, precedences, walking and adapting.
 */
#include "test.h"

#include "oom.h"
#include "sql/adapt.h"
#include "sql/dump.h"
#include "sql/select.h"
#include "sql/walk.h"

typedef struct fixture {
  la_allocator alloc;
  la_basic_types types;
  la_sql sql;
} fixture;

static void fixture_init(fixture *f) {
  la_allocator_init(&f->alloc, la_alloc_system, NULL);
  if (la_basic_types_init(&f->types, &f->alloc, NULL) != LA_OK) {
    abort();
  }
  f->sql = (la_sql){.alloc = &f->alloc, .types = &f->types};
}

/* Everything must be given back by now. */
static void fixture_clear(fixture *f) {
  la_basic_types_clear(&f->types);
  CHECK(f->alloc.blocks == 0);
  CHECK(f->alloc.bytes == 0);
}

static la_node *column(fixture *f, const char *name) {
  return la_expr_named_column(&f->sql, la_text_of(name), f->types.integer, NULL);
}

/* `name` = `number`; both new. */
static la_node *equals(fixture *f, const char *name, int64_t number) {
  la_value value = la_value_integer(number);
  la_node *left = column(f, name);
  la_node *right = la_expr_param(&f->sql, la_text_of(name), &value, NULL);
  la_node *equal = la_expr_binary(&f->sql, LA_OP_EQ, left, right);
  la_node_release(left);
  la_node_release(right);
  return equal;
}

TEST(a_deep_tree_is_released_without_a_deep_stack) {
  fixture f;
  la_node *node;
  fixture_init(&f);
  node = column(&f, "a");
  for (int i = 0; i < 1000000; i++) {
    la_node *outer = la_expr_unary(&f.sql, LA_OP_NEGATE, node);
    la_node_release(node);
    node = outer;
  }
  la_node_release(node);
  fixture_clear(&f);
}

TEST(a_chain_of_calls_shares_and_keeps_order) {
  fixture f;
  la_node *select, *items[3];
  fixture_init(&f);
  select = la_select_new(&f.sql, NULL, 0);
  for (int i = 0; i < 3; i++) {
    la_node *condition = equals(&f, "a", i);
    la_node *longer = la_node_with_chained(select, LA_SELECT_WHERE, &condition, 1);
    la_node_release(condition);
    la_node_release(select);
    select = longer;
  }
  CHECK(la_chain_count(select->children[LA_SELECT_WHERE]) == 3);
  la_chain_collect(select->children[LA_SELECT_WHERE], items);
  for (int i = 0; i < 3; i++) {
    CHECK(items[i]->children[1]->value.as.integer == i);
  }
  CHECK(select->flags & LA_NODE_HAS_PARAM);
  la_node_release(select);
  fixture_clear(&f);
}

TEST(constants_vanish_or_win) {
  fixture f;
  la_node *a, *yes, *no, *folded;
  fixture_init(&f);
  a = equals(&f, "a", 1);
  yes = la_expr_boolean(&f.sql, true);
  no = la_expr_boolean(&f.sql, false);
  folded = la_expr_clauses(&f.sql, LA_OP_AND, (la_node *[]){yes, a}, 2);
  CHECK(folded == a);
  la_node_release(folded);
  folded = la_expr_clauses(&f.sql, LA_OP_AND, (la_node *[]){a, no, a}, 3);
  CHECK(folded->kind == LA_NODE_UNARY && folded->children[0]->children[0] == no);
  la_node_release(folded);
  folded = la_expr_clauses(&f.sql, LA_OP_OR, (la_node *[]){no, a}, 2);
  CHECK(folded == a);
  la_node_release(folded);
  folded = la_expr_clauses(&f.sql, LA_OP_OR, (la_node *[]){a, a}, 2);
  CHECK(folded->kind == LA_NODE_CLAUSES && folded->count == 2);
  la_node_release(folded);
  la_node_release(a);
  la_node_release(yes);
  la_node_release(no);
  fixture_clear(&f);
}

TEST(not_takes_the_negated_operator) {
  fixture f;
  la_node *a, *negated, *again;
  fixture_init(&f);
  a = equals(&f, "a", 1);
  negated = la_expr_not(&f.sql, a);
  CHECK(negated->op == LA_OP_NE);
  again = la_expr_not(&f.sql, negated);
  CHECK(again->op == LA_OP_EQ);
  la_node_release(again);
  la_node_release(negated);
  la_node_release(a);
  fixture_clear(&f);
}

TEST(equality_with_null_is_is) {
  fixture f;
  la_node *a, *null, *is;
  fixture_init(&f);
  a = column(&f, "a");
  null = la_expr_null(&f.sql);
  is = la_expr_binary(&f.sql, LA_OP_NE, a, null);
  CHECK(is->op == LA_OP_IS_NOT);
  la_node_release(is);
  la_node_release(null);
  la_node_release(a);
  fixture_clear(&f);
}

TEST(types_of_results_follow_both_sides) {
  fixture f;
  la_operator op = LA_OP_DIVIDE;
  fixture_init(&f);
  CHECK(la_sql_type_of_binary(&f.sql, &op, f.types.integer, f.types.integer) == f.types.numeric);
  op = LA_OP_ADD;
  CHECK(la_sql_type_of_binary(&f.sql, &op, f.types.text, f.types.text) == f.types.text);
  CHECK(op == LA_OP_CONCAT);
  op = LA_OP_SUBTRACT;
  CHECK(la_sql_type_of_binary(&f.sql, &op, f.types.date, f.types.date) == f.types.integer);
  op = LA_OP_EQ;
  CHECK(la_sql_type_of_binary(&f.sql, &op, f.types.date, f.types.date) == f.types.boolean);
  la_type *counted = la_function_type(&f.sql, la_text_of("COUNT"), NULL, 0);
  la_type *lowered = la_function_type(&f.sql, la_text_of("lower"), NULL, 0);
  CHECK(counted == f.types.integer);
  CHECK(lowered == f.types.null);
  la_object_release(counted);
  la_object_release(lowered);
  fixture_clear(&f);
}

static bool groups(la_operator op, la_operator against) {
  return la_operator_groups(op, la_operator_get(op)->precedence, against,
                            la_operator_get(against)->precedence);
}

TEST(parentheses_fall_where_precedence_says) {
  CHECK(groups(LA_OP_OR, LA_OP_AND));
  CHECK(!groups(LA_OP_AND, LA_OP_OR));
  CHECK(!groups(LA_OP_AND, LA_OP_AND));
  CHECK(groups(LA_OP_ADD, LA_OP_MULTIPLY));
  CHECK(!groups(LA_OP_MULTIPLY, LA_OP_ADD));
  CHECK(groups(LA_OP_SUBTRACT, LA_OP_SUBTRACT));
  CHECK(!groups(LA_OP_ADD, LA_OP_ADD));
  CHECK(groups(LA_OP_EQ, LA_OP_EQ));
  CHECK(groups(LA_OP_STARTSWITH, LA_OP_AND));
  CHECK(groups(LA_OP_CONCAT, LA_OP_STARTSWITH));
  CHECK(groups(LA_OP_BIT_OR, LA_OP_BIT_OR));
  CHECK(!groups(LA_OP_NOT, LA_OP_AND));
  CHECK(groups(LA_OP_EXISTS, LA_OP_NOT));
}

static la_walk_answer count_kinds(const la_node *node, void *context) {
  uint32_t *counts = context;
  counts[node->kind]++;
  return node->kind == LA_NODE_BINARY && node->op == LA_OP_NE ? LA_WALK_PRUNE : LA_WALK_CONTINUE;
}

TEST(a_walk_sees_parents_first_and_can_prune) {
  fixture f;
  uint32_t counts[LA_NODE_KIND_COUNT] = {0};
  la_node *a, *b, *both;
  fixture_init(&f);
  a = equals(&f, "a", 1);
  b = la_expr_not(&f.sql, a);
  both = la_expr_clauses(&f.sql, LA_OP_AND, (la_node *[]){a, b}, 2);
  CHECK(la_walk(&f.alloc, both, count_kinds, counts, NULL) == LA_OK);
  CHECK(counts[LA_NODE_CLAUSES] == 1);
  CHECK(counts[LA_NODE_BINARY] == 2);
  CHECK(counts[LA_NODE_COLUMN] == 1);
  la_node_release(both);
  la_node_release(a);
  la_node_release(b);
  fixture_clear(&f);
}

TEST(a_walk_ends_where_nodes_share_their_parts) {
  fixture f;
  uint32_t counts[LA_NODE_KIND_COUNT] = {0};
  fixture_init(&f);
  la_node *both = equals(&f, "a", 1);
  for (int i = 0; i < 100; i++) {
    la_node *twice = la_expr_binary(&f.sql, LA_OP_ADD, both, both);
    la_node_release(both);
    both = twice;
  }
  CHECK(la_walk(&f.alloc, both, count_kinds, counts, NULL) == LA_OK);
  CHECK(counts[LA_NODE_COLUMN] > 0 && counts[LA_NODE_BINARY] >= 90);
  CHECK(counts[LA_NODE_BINARY] < 1000);
  la_node_release(both);
  fixture_clear(&f);
}

/* A column called "a" becomes `context`. */
static la_status replace_a(const la_node *node, void *context, la_node **out, la_error *err) {
  (void)err;
  if (node->kind == LA_NODE_COLUMN && la_text_is(node->text, "a")) {
    *out = la_node_retain(context);
  }
  return LA_OK;
}

TEST(an_adapted_copy_shares_what_is_unchanged) {
  fixture f;
  la_node *a, *b, *both, *z, *copy = NULL;
  fixture_init(&f);
  a = equals(&f, "a", 1);
  b = equals(&f, "b", 2);
  z = column(&f, "z");
  both = la_expr_clauses(&f.sql, LA_OP_AND, (la_node *[]){a, b}, 2);
  CHECK(la_adapt(&f.alloc, both, replace_a, z, &copy, NULL) == LA_OK);
  CHECK(copy != both);
  CHECK(copy->children[0]->children[0] == z);
  CHECK(copy->children[1] == b);
  la_node_release(copy);
  CHECK(la_adapt(&f.alloc, b, replace_a, z, &copy, NULL) == LA_OK);
  CHECK(copy == b);
  la_node_release(copy);
  la_node_release(both);
  la_node_release(a);
  la_node_release(b);
  la_node_release(z);
  fixture_clear(&f);
}

TEST(an_alias_stays_one_alias_when_adapted) {
  fixture f;
  la_node *a, *select, *alias, *columns[2], *outer, *z, *copy = NULL;
  fixture_init(&f);
  a = column(&f, "a");
  z = column(&f, "z");
  select = la_select_new(&f.sql, &a, 1);
  alias = la_from_alias(&f.sql, select, LA_TEXT_NONE, LA_NODE_SUBQUERY);
  columns[0] = la_expr_named_column(&f.sql, la_text_of("x"), NULL, alias);
  columns[1] = la_expr_named_column(&f.sql, la_text_of("y"), NULL, alias);
  outer = la_expr_tuple(&f.sql, columns, 2);
  CHECK(la_adapt(&f.alloc, outer, replace_a, z, &copy, NULL) == LA_OK);
  CHECK(copy->children[0]->children[0] != alias);
  CHECK(copy->children[0]->children[0] == copy->children[1]->children[0]);
  la_node_release(copy);
  la_node_release(outer);
  la_node_release(columns[0]);
  la_node_release(columns[1]);
  la_node_release(alias);
  la_node_release(select);
  la_node_release(a);
  la_node_release(z);
  fixture_clear(&f);
}

TEST(a_text_knows_its_names) {
  fixture f;
  la_node *text;
  fixture_init(&f);
  text = la_expr_text(
      &f.sql, la_text_of("SELECT a::int, '\\:b' FROM t WHERE x = :x AND y = :y AND z = :x"));
  CHECK(text->count == 2);
  CHECK_TEXT(text->children[0]->text, "x");
  CHECK_TEXT(text->children[1]->text, "y");
  la_node_release(text);
  fixture_clear(&f);
}

TEST(a_subquery_offers_numbered_columns) {
  fixture f;
  la_arena arena;
  la_node *a, *select, **columns;
  la_text *keys;
  size_t count;
  la_node *parts[3], *alias, *label;
  fixture_init(&f);
  la_arena_init(&arena, &f.alloc);
  a = column(&f, "id");
  parts[0] = a;
  parts[1] = column(&f, "id");
  label = la_expr_label(&f.sql, la_text_of("x"), a);
  parts[2] = label;
  select = la_select_new(&f.sql, parts, 3);
  alias = la_from_alias(&f.sql, select, LA_TEXT_NONE, LA_NODE_SUBQUERY);
  CHECK(la_from_columns(&f.sql, alias, &arena, &columns, &keys, &count, NULL) == LA_OK);
  CHECK(count == 3);
  CHECK_TEXT(keys[0], "id");
  CHECK_TEXT(keys[1], "id_1");
  CHECK_TEXT(keys[2], "x");
  CHECK(columns[1]->value.as.integer == 2);
  for (size_t i = 0; i < count; i++) {
    la_node_release(columns[i]);
  }
  la_arena_clear(&arena);
  la_node_release(alias);
  la_node_release(select);
  la_node_release(parts[0]);
  la_node_release(parts[1]);
  la_node_release(label);
  fixture_clear(&f);
}

TEST(a_dump_shows_every_node) {
  fixture f;
  la_strbuf out;
  la_node *a;
  fixture_init(&f);
  la_strbuf_init(&out, &f.alloc);
  a = equals(&f, "a", 1);
  la_dump(a, &out);
  CHECK(strstr(out.bytes, "BINARY EQ") != NULL);
  CHECK(strstr(out.bytes, "  COLUMN \"a\"") != NULL);
  la_strbuf_clear(&out);
  la_node_release(a);
  fixture_clear(&f);
}

/* Builds, adapts, walks and drops a statement; false when an allocation failed on the way. */
static bool build_all(la_allocator *alloc, void *argument) {
  fixture f = {.alloc = *alloc};
  la_error err = LA_ERROR_INIT;
  la_node *text = NULL, *select = NULL, *alias = NULL, *copy = NULL, *list[1];
  bool ok;
  (void)argument;
  if (la_basic_types_init(&f.types, alloc, &err) != LA_OK) {
    return false;
  }
  f.sql = (la_sql){.alloc = alloc, .types = &f.types};
  text = la_expr_text(&f.sql, la_text_of("x = :a and y = :b"));
  list[0] = text;
  select = text != NULL ? la_select_new(&f.sql, list, 1) : NULL;
  alias = select != NULL ? la_from_alias(&f.sql, select, la_text_of("q"), 0) : NULL;
  ok = alias != NULL && la_adapt(alloc, alias, replace_a, alias, &copy, &err) == LA_OK;
  la_node_release(copy);
  la_node_release(alias);
  la_node_release(select);
  la_node_release(text);
  la_basic_types_clear(&f.types);
  return ok;
}

TEST(every_failing_allocation_is_reported) {
  CHECK(oom_every(build_all, NULL) > 0);
}

int main(void) {
  RUN(a_deep_tree_is_released_without_a_deep_stack);
  RUN(a_chain_of_calls_shares_and_keeps_order);
  RUN(constants_vanish_or_win);
  RUN(not_takes_the_negated_operator);
  RUN(equality_with_null_is_is);
  RUN(types_of_results_follow_both_sides);
  RUN(parentheses_fall_where_precedence_says);
  RUN(a_walk_sees_parents_first_and_can_prune);
  RUN(a_walk_ends_where_nodes_share_their_parts);
  RUN(an_adapted_copy_shares_what_is_unchanged);
  RUN(an_alias_stays_one_alias_when_adapted);
  RUN(a_text_knows_its_names);
  RUN(a_subquery_offers_numbered_columns);
  RUN(a_dump_shows_every_node);
  RUN(every_failing_allocation_is_reported);
  return test_result();
}
