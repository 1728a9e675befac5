/* SPDX-License-Identifier: MIT */
#include "statement.h"

#include "compile/compiled.h"
#include "sql/bytes.h"
#include "sql/dump.h"
#include "sql/key.h"

#include <stdlib.h>

#define STACK_SIZE 48

typedef struct machine {
  la_allocator alloc;
  la_basic_types types;
  la_sql sql;
  la_metadata *metadata;
  la_table *users, *addresses;
  la_node *stack[STACK_SIZE];
  size_t count;
  int64_t ctes;
  fuzz_input *input;
} machine;

/* ---- the schema ---- */

static la_column *add_column(machine *m, la_table *table, const char *name, la_type *type) {
  la_error err = LA_ERROR_INIT;
  la_column *column = la_column_new(&m->alloc, la_text_of(name), type);
  column->primary_key = strcmp(name, "id") == 0;
  la_table_add_column(table, column, &err);
  la_object_release(column);
  return column;
}

static void open_schema(machine *m) {
  la_error err = LA_ERROR_INIT;
  m->metadata = la_metadata_new(&m->alloc, LA_TEXT_NONE);
  la_metadata_add_table(m->metadata, la_text_of("users"), LA_TEXT_NONE, &m->users, &err);
  la_metadata_add_table(m->metadata, la_text_of("Ad dr"), la_text_of("main"), &m->addresses, &err);
  add_column(m, m->users, "id", m->types.integer);
  add_column(m, m->users, "name", m->types.text);
  add_column(m, m->users, "select", m->types.boolean);
  add_column(m, m->users, "made", m->types.datetime);
  add_column(m, m->addresses, "id", m->types.integer);
  add_column(m, m->addresses, "amount", m->types.numeric);
  la_column *user = add_column(m, m->addresses, "user_id", m->types.integer), *column = user;
  la_text name = LA_TEXT_LITERAL("id");
  la_constraint *constraint;
  la_constraint_options options = {.columns = &column,
                                   .column_count = 1,
                                   .referred_table = la_text_of("users"),
                                   .referred_names = &name,
                                   .deferrable = -1,
                                   .inline_rendered = true};
  la_table_add_constraint(m->addresses, LA_CONSTRAINT_FOREIGN_KEY, &options, &constraint, &err);
}

/* ---- the stack ---- */

/* Takes `node` over; what does not fit, and NULL for a node that could not be made, is dropped. */
static void push(machine *m, la_node *node) {
  if (node != NULL && m->count < STACK_SIZE) {
    m->stack[m->count++] = node;
  } else {
    la_node_release(node);
  }
}

static la_node *any_type_param(machine *m) {
  la_type *all[] = {m->types.integer, m->types.text, m->types.boolean, m->types.real, NULL};
  la_value value;
  uint8_t choice = fuzz_byte(m->input);
  switch (choice % 5) {
  case 0:
    value = la_value_text(fuzz_text(m->input));
    break;
  case 1:
    value = la_value_real((double)fuzz_byte(m->input) / 3);
    break;
  case 2:
    value = la_value_of_kind(LA_VALUE_BOOLEAN, choice & 1);
    break;
  case 3:
    value = la_value_of_kind(LA_VALUE_DATE, choice * 100);
    break;
  default:
    value = la_value_integer(choice);
  }
  return la_expr_param(&m->sql, choice & 64 ? fuzz_text(m->input) : LA_TEXT_NONE, &value,
                       all[choice % 5]);
}

static la_node *pop(machine *m) {
  return m->count > 0 ? m->stack[--m->count] : NULL;
}

/* The top as an expression: a select becomes a scalar subquery, anything else a parameter. */
static la_node *pop_expr(machine *m) {
  la_node *node = pop(m), *made = NULL;
  if (node != NULL && la_node_is_expr(node)) {
    return node;
  }
  if (node != NULL && la_node_is_select(node)) {
    made = la_expr_scalar_subquery(&m->sql, node);
  }
  la_node_release(node);
  return made != NULL ? made : any_type_param(m);
}

/* The top as a FROM element. */
static la_node *pop_from(machine *m) {
  la_node *node = pop(m), *made = NULL;
  if (node != NULL && la_node_is_from(node)) {
    return node;
  }
  if (node != NULL && la_node_is_select(node)) {
    made = la_from_alias(&m->sql, node, LA_TEXT_NONE, LA_NODE_SUBQUERY);
  }
  la_node_release(node);
  return made != NULL ? made
                      : la_from_table(&m->sql, fuzz_byte(m->input) & 1 ? m->users : m->addresses);
}

/* The top as a SELECT. */
static la_node *pop_select(machine *m) {
  if (m->count > 0 && la_node_is_select(m->stack[m->count - 1])) {
    return pop(m);
  }
  la_node *expr = pop_expr(m), *made = la_select_new(&m->sql, &expr, 1);
  la_node_release(expr);
  return made;
}

/* Up to `most` expressions from the top. */
static size_t pop_exprs(machine *m, la_node **out, size_t most) {
  size_t count = most > 0 ? fuzz_byte(m->input) % most + 1 : 0;
  for (size_t i = 0; i < count; i++) {
    out[i] = pop_expr(m);
  }
  return count;
}

static void release_all(la_node **nodes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    la_node_release(nodes[i]);
  }
}

/* ---- instructions ---- */

static la_type *some_type(machine *m) {
  la_type *all[] = {m->types.integer, m->types.text,     m->types.boolean, m->types.real,
                    m->types.numeric, m->types.datetime, m->types.date,    m->types.blob};
  return all[fuzz_byte(m->input) % (sizeof all / sizeof *all)];
}

static void push_leaf(machine *m, uint8_t choice) {
  la_table *table = choice & 1 ? m->users : m->addresses;
  switch (choice / 2 % 8) {
  case 0:
    push(m, la_expr_null(&m->sql));
    return;
  case 1:
    push(m, la_expr_boolean(&m->sql, choice & 1));
    return;
  case 2:
    push(m, la_expr_literal(&m->sql, fuzz_text(m->input), some_type(m)));
    return;
  case 3:
    push(m, la_expr_text(&m->sql, fuzz_text(m->input)));
    return;
  case 4:
    push(m, la_expr_named_column(&m->sql, fuzz_text(m->input), some_type(m), NULL));
    return;
  case 5:
    push(m, any_type_param(m));
    return;
  default:
    push(m, la_expr_column(&m->sql,
                           table->columns.items[fuzz_byte(m->input) % table->columns.count], NULL));
  }
}

static void push_binary(machine *m) {
  la_operator op = (la_operator)(fuzz_byte(m->input) % (LA_OP_CUSTOM - LA_OP_EQ) + LA_OP_EQ);
  la_node *right = pop_expr(m), *left = pop_expr(m);
  uint32_t flags = la_operator_get(op)->flags;
  if (op == LA_OP_BETWEEN || op == LA_OP_NOT_BETWEEN || flags & LA_OPERATOR_UNARY) {
    push(m, flags & LA_OPERATOR_UNARY ? la_expr_unary(&m->sql, op, left)
                                      : la_expr_between(&m->sql, left, right, right, false));
  } else if (op == LA_OP_COLLATE) {
    push(m, la_expr_collate(&m->sql, left, fuzz_text(m->input)));
  } else if (flags & LA_OPERATOR_LIKE) {
    push(m, la_expr_like(&m->sql, op, left, right,
                         fuzz_byte(m->input) & 1 ? la_text_of("/") : LA_TEXT_NONE));
  } else if (op == LA_OP_REGEXP_MATCH || op == LA_OP_REGEXP_REPLACE) {
    push(m, la_expr_regexp(&m->sql, left, right, op == LA_OP_REGEXP_REPLACE ? right : NULL,
                           LA_TEXT_NONE));
  } else {
    push(m, la_expr_binary(&m->sql, op, left, right));
  }
  la_node_release(left);
  la_node_release(right);
}

static void push_list(machine *m) {
  la_value values[16];
  uint32_t width = fuzz_byte(m->input) % 3, count = fuzz_byte(m->input) % 8 * (width ? width : 1);
  for (uint32_t i = 0; i < count; i++) {
    values[i] = la_value_integer(i);
  }
  la_node *left = pop_expr(m);
  la_node *list = la_expr_params(&m->sql, LA_TEXT_NONE, values, count, width, m->types.integer);
  push(m, la_expr_binary(&m->sql, fuzz_byte(m->input) & 1 ? LA_OP_IN : LA_OP_NOT_IN, left, list));
  la_node_release(left);
  la_node_release(list);
}

static void push_composed(machine *m, uint8_t choice) {
  la_node *nodes[8] = {0};
  size_t count = pop_exprs(m, nodes, 6);
  switch (choice % 8) {
  case 0:
    push(m, la_expr_clauses(&m->sql, LA_OP_AND, nodes, count));
    break;
  case 1:
    push(m, la_expr_clauses(&m->sql, LA_OP_OR, nodes, count));
    break;
  case 2:
    push(m, la_expr_function(&m->sql, fuzz_text(m->input), nodes, count, NULL));
    break;
  case 3:
    push(m, la_expr_tuple(&m->sql, nodes, count));
    break;
  case 4:
    if (count > 1) {
      push(m, la_expr_case(&m->sql, count % 2 ? nodes[count - 1] : NULL, nodes, count / 2 * 2,
                           choice & 32 ? nodes[0] : NULL));
    }
    break;
  case 5:
    push(m, la_select_new(&m->sql, nodes, count));
    break;
  case 6:
    push(m, la_expr_custom(&m->sql, fuzz_text(m->input), choice % 20, choice & 32, NULL, nodes[0],
                           nodes[count - 1]));
    break;
  default: {
    la_node *list = la_expr_list(&m->sql, nodes, count);
    la_node *function = la_expr_function(&m->sql, fuzz_text(m->input), nodes, 1, NULL);
    push(m, la_expr_over(&m->sql, function, choice & 32 ? list : NULL, list, NULL));
    la_node_release(list);
    la_node_release(function);
  }
  }
  release_all(nodes, count);
}

/* What only functions have: an order of what they gather, a column of what they give. */
static la_node *of_function(machine *m, la_node *expr, uint8_t choice) {
  la_node *list = la_expr_list(&m->sql, &expr, 1), *arguments[2] = {expr, list};
  la_node *function = la_expr_function(&m->sql, fuzz_text(m->input), arguments, 2, NULL);
  la_node *field = la_node_new(&m->alloc, &(la_node_parts){.kind = LA_NODE_FIELD,
                                                           .type = some_type(m),
                                                           .text = fuzz_text(m->input),
                                                           .children = &function,
                                                           .count = 1});
  la_node *made = choice & 16 ? la_node_retain(field) : la_node_retain(function);
  la_node_release(list);
  la_node_release(function);
  la_node_release(field);
  return made;
}

static void push_wrapped(machine *m, uint8_t choice) {
  la_node *expr = pop_expr(m);
  switch (choice % 11) {
  case 0:
    push(m, la_expr_not(&m->sql, expr));
    break;
  case 1:
    push(m, la_expr_label(&m->sql, choice & 16 ? fuzz_text(m->input) : LA_TEXT_NONE, expr));
    break;
  case 2:
    push(m, la_expr_cast(&m->sql, expr, some_type(m), choice & 16));
    break;
  case 3:
    push(m, la_expr_coerce(&m->sql, expr, some_type(m)));
    break;
  case 4:
    push(m, la_expr_extract(&m->sql, choice & 16 ? la_text_of("year") : fuzz_text(m->input), expr));
    break;
  case 5:
    push(m, la_expr_grouping(&m->sql, expr));
    break;
  case 6:
    push(m, la_expr_condition(&m->sql, expr));
    break;
  case 7:
    if (expr->kind == LA_NODE_FUNCTION) {
      push(m, la_expr_filter(&m->sql, expr, expr));
    }
    break;
  case 8:
    push(m, of_function(m, expr, choice));
    break;
  case 9:
    push(m, la_node_new(&m->alloc, &(la_node_parts){.kind = LA_NODE_NEXT_VALUE,
                                                    .type = m->types.integer,
                                                    .text = fuzz_text(m->input)}));
    break;
  default:
    push(m, la_node_retain(expr));
    push(m, la_node_retain(expr));
  }
  la_node_release(expr);
}

/* One more clause of the SELECT on top. */
static void extend_select(machine *m, uint8_t choice) {
  static const la_select_part parts[] = {LA_SELECT_COLUMNS,   LA_SELECT_WHERE,  LA_SELECT_GROUP_BY,
                                         LA_SELECT_ORDER_BY,  LA_SELECT_HAVING, LA_SELECT_FROM,
                                         LA_SELECT_CORRELATE, LA_SELECT_LIMIT,  LA_SELECT_OFFSET};
  la_select_part part = parts[choice % (sizeof parts / sizeof *parts)];
  bool is_from = part == LA_SELECT_FROM || part == LA_SELECT_CORRELATE;
  la_node *item = is_from ? pop_from(m) : pop_expr(m), *select = pop_select(m), *made = NULL;
  if (part == LA_SELECT_LIMIT || part == LA_SELECT_OFFSET) {
    made = la_node_with_child(select, part, item);
  } else if (select->kind == LA_NODE_SELECT || (!is_from && part != LA_SELECT_COLUMNS)) {
    made = select->kind == LA_NODE_TEXTUAL ? NULL : la_node_with_chained(select, part, &item, 1);
  }
  if (made != NULL && made->kind == LA_NODE_SELECT && choice & 64) {
    la_node *flagged =
        la_node_with_flags(made, choice & 32 ? LA_SELECT_DISTINCT : LA_SELECT_LABELS_TABLE, 0);
    la_node_release(made);
    made = flagged;
  }
  push(m, made);
  la_node_release(item);
  la_node_release(select);
}

static void push_join(machine *m, uint8_t choice) {
  la_error err = LA_ERROR_INIT;
  la_node *right = pop_from(m), *left = pop_from(m), *on = choice & 16 ? pop_expr(m) : NULL;
  la_node *made = NULL;
  if (la_from_join(&m->sql, left, right, on, choice & 32 ? LA_JOIN_OUTER : 0, &made, &err) < 0) {
    made = NULL;
  }
  push(m, made);
  la_node_release(left);
  la_node_release(right);
  la_node_release(on);
}

/* A sample of the FROM element on top, or a function in FROM with its columns' names. */
static la_node *of_from(machine *m, uint8_t choice) {
  la_node *expr = pop_expr(m), *made;
  if (choice & 16) {
    la_node *from = pop_from(m),
            *method = la_expr_function(&m->sql, la_text_of("f"), &expr, 1, NULL);
    la_node *children[3] = {from, method, choice & 32 ? expr : NULL};
    made = from->kind == LA_NODE_CTE || from->kind == LA_NODE_JOIN
               ? NULL
               : la_node_new(&m->alloc, &(la_node_parts){.kind = LA_NODE_ALIAS,
                                                         .flags = LA_ALIAS_SAMPLE,
                                                         .children = children,
                                                         .count = 3});
    la_node_release(from);
    la_node_release(method);
  } else {
    la_node *function = la_expr_function(&m->sql, fuzz_text(m->input), &expr, 1, NULL);
    la_node *column = la_expr_named_column(&m->sql, fuzz_text(m->input), some_type(m), NULL);
    la_node *children[2] = {function, column};
    made = la_node_new(&m->alloc, &(la_node_parts){.kind = LA_NODE_ALIAS,
                                                   .flags = LA_ALIAS_DERIVED | LA_ALIAS_ORDINALITY |
                                                            (choice & 32 ? LA_ALIAS_TYPED : 0u),
                                                   .children = children,
                                                   .count = 2});
    la_node_release(function);
    la_node_release(column);
  }
  la_node_release(expr);
  return made;
}

static void push_from_element(machine *m, uint8_t choice) {
  la_node *from;
  switch (choice % 5) {
  case 0:
    push(m, la_from_table(&m->sql, choice & 16 ? m->users : m->addresses));
    return;
  case 1:
    from = pop_from(m);
    push(m,
         from->kind == LA_NODE_CTE
             ? NULL
             : la_from_alias(&m->sql, from, choice & 16 ? fuzz_text(m->input) : LA_TEXT_NONE, 0));
    break;
  case 2:
    from = pop_select(m);
    push(m, la_from_cte(&m->sql, from, choice & 16 ? fuzz_text(m->input) : LA_TEXT_NONE, ++m->ctes,
                        choice & 32 ? LA_NODE_NESTING : 0));
    break;
  case 3:
    push(m, of_from(m, choice));
    return;
  default:
    push_join(m, choice);
    return;
  }
  la_node_release(from);
}

/* A column of the FROM element on top, which stays. */
static void push_from_column(machine *m) {
  la_error err = LA_ERROR_INIT;
  la_node *from = pop_from(m), **columns;
  la_text *keys;
  size_t count;
  la_arena arena;
  la_arena_init(&arena, &m->alloc);
  if (la_from_columns(&m->sql, from, &arena, &columns, &keys, &count, &err) >= 0) {
    size_t wanted = count > 0 ? fuzz_byte(m->input) % count : 0;
    for (size_t i = 0; i < count; i++) {
      if (i == wanted) {
        push(m, la_node_retain(columns[i]));
      }
      la_node_release(columns[i]);
    }
  }
  la_arena_clear(&arena);
  push(m, from);
}

static void push_compound(machine *m, uint8_t choice) {
  la_node *selects[3];
  size_t count = 2 + (choice & 16 ? 1 : 0);
  for (size_t i = 0; i < count; i++) {
    selects[i] = pop_select(m);
  }
  push(m, la_compound_new(&m->sql, (la_operator)(LA_OP_UNION + choice % 6), selects, count));
  release_all(selects, count);
}

static void push_dml(machine *m, uint8_t choice) {
  la_table *table = choice & 4 ? m->users : m->addresses;
  la_node *target = la_from_table(&m->sql, table), *value = pop_expr(m), *made, *with;
  la_column *column = table->columns.items[fuzz_byte(m->input) % table->columns.count];
  la_node *set = la_set_new(&m->sql, NULL, column->key, value);
  la_node *returned = la_expr_column(&m->sql, column, NULL);
  int kind = choice % 3;
  made = kind == 0   ? la_insert_new(&m->sql, target)
         : kind == 1 ? la_update_new(&m->sql, target)
                     : la_delete_new(&m->sql, target);
  with = kind == 2
             ? la_node_with_chained(made, LA_DELETE_WHERE, &value, 1)
             : la_node_with_chained(made, kind ? LA_UPDATE_VALUES : LA_INSERT_VALUES, &set, 1);
  la_node_release(made);
  made = choice & 16
             ? la_node_with_chained(with, (uint32_t)la_statement_returning_part(with), &returned, 1)
             : la_node_retain(with);
  la_node_release(with);
  push(m, made);
  la_node *all[] = {target, value, set, returned};
  release_all(all, 4);
}

static void run_instruction(machine *m, uint8_t byte) {
  uint8_t choice = fuzz_byte(m->input);
  switch (byte % 12) {
  case 0:
  case 1:
    push_leaf(m, choice);
    return;
  case 2:
  case 3:
    push_binary(m);
    return;
  case 4:
    push_composed(m, choice);
    return;
  case 5:
    push_wrapped(m, choice);
    return;
  case 6:
    push_list(m);
    return;
  case 7:
    extend_select(m, choice);
    return;
  case 8:
    push_from_element(m, choice);
    return;
  case 9:
    push_from_column(m);
    return;
  case 10:
    push_compound(m, choice);
    return;
  default:
    push_dml(m, choice);
  }
}

/* ---- compiling ---- */

static void check(bool holds) {
  if (!holds) {
    abort();
  }
}

static la_compiled *compile_once(machine *m, la_text dialect, const la_node *node, la_key *key,
                                 int way) {
  la_error err = LA_ERROR_INIT;
  la_compiled *compiled = NULL;
  la_compile_options options = {.literal_binds = way == 1,
                                .render_postcompile = way == 2,
                                .lint_froms = way == 2,
                                .params = key->params.items,
                                .param_count = (uint32_t)key->params.count};
  if (la_compile(&m->sql, la_dialect_find(dialect), node, &options, &compiled, &err) < 0) {
    check(err.status != LA_OK && err.message[0] != '\0');
    return NULL;
  }
  return compiled;
}

static void expand(machine *m, const la_compiled *compiled) {
  la_error err = LA_ERROR_INIT;
  uint32_t counts[64] = {0};
  la_strbuf out;
  if (compiled->param_count > 64) {
    return;
  }
  la_strbuf_init(&out, &m->alloc);
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    counts[i] = compiled->params[i].tuple_width ? 2 * compiled->params[i].tuple_width : i % 4;
  }
  la_compiled_expand(compiled, counts, &out, &err);
  la_strbuf_clear(&out);
}

/* The same node compiles to the same text, and its key is the same each time. */
static void compile_twice(machine *m, const la_node *node, int way) {
  la_error err = LA_ERROR_INIT;
  la_key key, again;
  la_text dialect = la_text_of(way & 4 ? "sqlite" : "default");
  la_key_init(&key, &m->alloc);
  la_key_init(&again, &m->alloc);
  if (la_key_build(&key, node, dialect, &err) >= 0 &&
      la_key_build(&again, node, dialect, &err) >= 0) {
    check(key.hash == again.hash &&
          la_text_equal(la_strbuf_view(&key.bytes), la_strbuf_view(&again.bytes)));
    la_compiled *first = compile_once(m, dialect, node, &key, way & 3);
    la_compiled *second = compile_once(m, dialect, node, &again, way & 3);
    check((first == NULL) == (second == NULL));
    if (first != NULL) {
      check(la_text_equal(first->text, second->text) && first->param_count == second->param_count);
      expand(m, first);
    }
    la_object_release(first);
    la_object_release(second);
  }
  la_key_clear(&key);
  la_key_clear(&again);
}

/* A few bytes can name a node so often that its text fills all memory: a statement that does ends
 * with an error, as where memory is short. */
static void *limited(void *userdata, void *block, size_t old_size, size_t new_size) {
  const size_t most = (size_t)1 << 20;
  return new_size > most ? NULL : la_alloc_system(userdata, block, old_size, new_size);
}

/* Calls `use` with the statement that the bytes make. */
static void with_statement(fuzz_input *input, void (*use)(machine *m, const la_node *node)) {
  machine m = {.input = input};
  la_error err = LA_ERROR_INIT;
  la_allocator_init(&m.alloc, limited, NULL);
  check(la_basic_types_init(&m.types, &m.alloc, &err) == LA_OK);
  m.sql = (la_sql){.alloc = &m.alloc, .types = &m.types};
  open_schema(&m);
  while (input->at < input->end) {
    run_instruction(&m, fuzz_byte(input));
  }
  if (m.count > 0) {
    use(&m, m.stack[m.count - 1]);
  }
  release_all(m.stack, m.count);
  la_object_release(m.metadata);
  la_basic_types_clear(&m.types);
  check(m.alloc.blocks == 0);
}

static void compile_all_ways(machine *m, const la_node *node) {
  for (int way = 0; way < 7; way++) {
    compile_twice(m, node, way);
  }
}

void fuzz_statement(fuzz_input *input) {
  with_statement(input, compile_all_ways);
}

static bool is_own(const la_node *node) {
  (void)node;
  return false;
}

static bool option_holds(const la_node_parts *parts) {
  (void)parts;
  return false;
}

enum { MOST_NAMES = 32 };

/* The nodes of the names that la_bytes_write has told, in an array of MOST_NAMES. */
static void find_names(machine *m, const la_bytes_lists *lists, la_node **names) {
  for (size_t i = 0; i < lists->names.count; i++) {
    const la_bytes_name *name = &lists->names.items[i];
    names[i] = name->kind == LA_NODE_TABLE
                   ? la_from_table(&m->sql, (la_table *)(void *)name->subject)
                   : la_expr_column(&m->sql, (la_column *)(void *)name->subject, NULL);
    check(names[i] != NULL);
  }
}

static la_compiled *compile_for_sqlite(machine *m, const la_node *node, la_key *key) {
  la_error err = LA_ERROR_INIT;
  la_text dialect = LA_TEXT_LITERAL("sqlite");
  la_key_init(key, &m->alloc);
  return la_key_build(key, node, dialect, &err) < 0 ? NULL : compile_once(m, dialect, node, key, 0);
}

/* A statement that was read from its bytes has the text that it had. */
static void compile_same(machine *m, const la_node *node, const la_node *read) {
  la_key key, again;
  la_compiled *first = compile_for_sqlite(m, node, &key);
  la_compiled *second = compile_for_sqlite(m, read, &again);
  check((first == NULL) == (second == NULL));
  check(first == NULL || la_text_equal(first->text, second->text));
  la_object_release(first);
  la_object_release(second);
  la_key_clear(&key);
  la_key_clear(&again);
}

static void read_bytes(machine *m, const la_node *node, la_text bytes, const la_bytes_lists *lists,
                       bool damaged) {
  la_node *names[MOST_NAMES], *read = NULL;
  la_error err = LA_ERROR_INIT;
  find_names(m, lists, names);
  la_bytes_found found = {.names = names,
                          .types = (la_type *const *)(const void *)lists->types.items,
                          .hosts = lists->hosts.items,
                          .name_count = lists->names.count,
                          .type_count = lists->types.count,
                          .host_count = lists->hosts.count,
                          .last_number = &m->ctes,
                          .option_holds = option_holds};
  if (la_bytes_read(&m->alloc, bytes, &found, &read, &err) < 0) {
    check(damaged || err.status == LA_NOMEM);
  } else if (damaged) {
    compile_twice(m, read, 5);
  } else {
    compile_same(m, node, read);
  }
  la_node_release(read);
  release_all(names, lists->names.count);
}

/* The last four bytes of the input say which byte of the statement's is another one. */
static void reread(machine *m, const la_node *node) {
  la_error err = LA_ERROR_INIT;
  la_strbuf bytes;
  la_bytes_lists lists = {0};
  la_strbuf_init(&bytes, &m->alloc);
  if (la_bytes_write(node, is_own, &bytes, &lists, &err) >= 0 && lists.names.count <= MOST_NAMES) {
    const uint8_t *last = m->input->end;
    size_t place = ((size_t)last[0] << 16 | (size_t)last[1] << 8 | last[2]) % bytes.len;
    read_bytes(m, node, la_strbuf_view(&bytes), &lists, false);
    bytes.bytes[place] = (char)last[3];
    read_bytes(m, node, la_strbuf_view(&bytes), &lists, true);
  }
  la_bytes_lists_clear(&lists, &m->alloc);
  la_strbuf_clear(&bytes);
}

void fuzz_bytes(fuzz_input *input) {
  if (input->end - input->at >= 4) {
    input->end -= 4;
    with_statement(input, reread);
  }
}
