/* SPDX-License-Identifier: MIT */
/*
 * What INSERT and UPDATE have in common: which columns are set, and to what.
 *
 * A column is set by the statement's values, else by the keys that execution gives, else by its
 * default. Without values and without word about the execution (tostring), every column is.
 */
#include "compile/compiler.h"
#include <stdio.h>

la_status la_dml_init(la_compiler *c, la_dml *dml, const la_node *statement, la_place place) {
  const la_node *target = la_plain_node(la_node_child(statement, 0));
  *dml = (la_dml){
      .statement = statement,
      .target = target,
      .table = la_from_base_table(target),
      .is_insert = statement->kind == LA_NODE_INSERT,
      .is_ordered = statement->kind == LA_NODE_UPDATE && (statement->flags & LA_SELECT_NULL_ROW),
      .is_top = place.is_top,
      .slot = statement->kind == LA_NODE_INSERT ? LA_DEFAULT_INSERT : LA_DEFAULT_UPDATE};
  if (place.is_top) {
    c->compiled->table = dml->table;
  }
  if (!dml->table && target->kind != LA_NODE_LITERAL_TABLE) {
    return la_fail(c->err, LA_ARGUMENT,
                   "subject table for an INSERT, UPDATE or DELETE expected, got %s",
                   la_node_kind_name((la_node_kind)target->kind));
  }
  return LA_OK;
}

static uint32_t column_count(const la_dml *dml) {
  return dml->table ? (uint32_t)dml->table->columns.count : dml->target->count;
}

static la_assignment column_at(const la_dml *dml, uint32_t i) {
  if (dml->table) {
    la_column *column = dml->table->columns.items[i];
    return (la_assignment){
        .column = column, .name = column->name, .key = column->key, .quote = column->quote};
  }
  la_text name = dml->target->children[i]->text;
  return (la_assignment){
      .name = name, .key = name, .quote = la_quote_of_node(dml->target->children[i])};
}

bool la_set_is_for(const la_node *set, const la_column *column, la_text key) {
  const la_node *left = la_plain_node(la_node_child(set, 0));
  if (!left) {
    return la_text_equal(set->text, key);
  }
  if (left->kind == LA_NODE_COLUMN && left->subject && column) {
    return (const la_column *)(const void *)left->subject == column;
  }
  return la_text_equal(left->text, key);
}

const la_node *la_dml_value(const la_chain_items *sets, const la_assignment *assignment) {
  for (size_t i = sets->count; i > 0; i--) {
    if (la_set_is_for(sets->items[i - 1], assignment->column, assignment->key)) {
      return sets->items[i - 1]->children[1];
    }
  }
  return NULL;
}

static bool is_given_by_execution(la_compiler *c, const la_dml *dml, la_text key) {
  for (uint32_t i = 0; dml->is_top && i < c->options->column_key_count; i++) {
    if (la_text_equal(c->options->column_keys[i], key)) {
      return true;
    }
  }
  return false;
}

bool la_dml_has_default(const la_column *column, la_default_slot slot) {
  la_default_kind kind = column ? column->defaults[slot].kind : LA_DEFAULT_NONE;
  return kind == LA_DEFAULT_VALUE || kind == LA_DEFAULT_EXPR || kind == LA_DEFAULT_HOST;
}

static bool is_known(const la_dml *dml, const la_node *set) {
  bool found = false;
  for (uint32_t k = 0; k < column_count(dml) && !found; k++) {
    la_assignment column = column_at(dml, k);
    found = la_set_is_for(set, column.column, column.key);
  }
  return found;
}

/* The table of the column that `set` names; NULL if it gives a mere name. */
static const la_table *table_of_set(const la_node *set) {
  const la_node *left = la_plain_node(la_node_child(set, 0));
  return left && left->kind == LA_NODE_COLUMN && left->subject
             ? ((const la_column *)(const void *)left->subject)->table
             : NULL;
}

static la_status refuse_other_tables(la_compiler *c, const la_dml *dml,
                                     const la_chain_items *sets) {
  la_strbuf names;
  la_strbuf_init(&names, c->sql->alloc);
  for (size_t i = 0; i < sets->count; i++) {
    const la_table *table = is_known(dml, sets->items[i]) ? NULL : table_of_set(sets->items[i]);
    bool is_named = false;
    for (size_t k = 0; k < i && table; k++) {
      is_named |= table_of_set(sets->items[k]) == table;
    }
    if (table && !is_named) {
      la_strbuf_format(&names, "%s'%.*s'", names.len > 0 ? ", " : "", LA_TEXT_FORMAT(table->name));
    }
  }
  la_text listed = la_strbuf_view(&names);
  la_status status = la_fail(c->err, LA_COMPILE,
                             "Backend does not support additional tables in the SET clause; cannot "
                             "include columns from table(s) %.*s in SET clause",
                             LA_TEXT_FORMAT(listed));
  la_strbuf_clear(&names);
  return status;
}

/* Every name that the values give must be a column's. */
static la_status check_names(la_compiler *c, const la_dml *dml, const la_chain_items *sets) {
  for (size_t i = 0; i < sets->count; i++) {
    if (is_known(dml, sets->items[i])) {
      continue;
    }
    if (!dml->is_insert && table_of_set(sets->items[i])) {
      return refuse_other_tables(c, dml, sets);
    }
    const la_node *left = la_plain_node(la_node_child(sets->items[i], 0));
    la_text name = left ? left->text : sets->items[i]->text;
    return la_fail(c->err, LA_COMPILE, "Unconsumed column names: %.*s", LA_TEXT_FORMAT(name));
  }
  return LA_OK;
}

/* values{}: an empty list of values was asked for. */
static bool gives_no_values(const la_dml *dml) {
  uint32_t part = dml->is_insert ? LA_INSERT_VALUES : LA_UPDATE_VALUES;
  return la_node_child(dml->statement, part) != NULL;
}

/* Decides about one column; false if the statement leaves it alone. */
static bool decide(la_compiler *c, const la_dml *dml, const la_chain_items *sets, bool is_all,
                   la_assignment *out) {
  out->value = la_dml_value(sets, out);
  if (out->value) {
    out->kind = LA_ASSIGN_VALUE;
    return true;
  }
  if (is_all || is_given_by_execution(c, dml, out->key)) {
    out->kind = LA_ASSIGN_EXECUTION;
    return true;
  }
  out->kind = LA_ASSIGN_DEFAULT;
  return la_dml_has_default(out->column, dml->slot);
}

static bool is_assigned(const la_dml *dml, const la_assignment *column) {
  for (uint32_t i = 0; i < dml->count; i++) {
    if (dml->assignments[i].column == column->column &&
        la_text_equal(dml->assignments[i].key, column->key)) {
      return true;
    }
  }
  return false;
}

/* ordered_values(): in the order given, then the table's. */
static void assign_ordered(la_dml *dml, const la_chain_items *sets) {
  for (size_t i = 0; i < sets->count; i++) {
    for (uint32_t k = 0; k < column_count(dml); k++) {
      la_assignment column = column_at(dml, k);
      if (la_set_is_for(sets->items[i], column.column, column.key) && !is_assigned(dml, &column)) {
        column.kind = LA_ASSIGN_VALUE;
        column.value = la_dml_value(sets, &column);
        dml->assignments[dml->count++] = column;
      }
    }
  }
}

la_status la_dml_assign(la_compiler *c, la_dml *dml, const la_chain_items *sets) {
  bool is_all =
      sets->count == 0 && dml->is_top && c->options->column_keys == NULL && !gives_no_values(dml);
  dml->assignments =
      la_arena_alloc(&c->scratch, (column_count(dml) + 1) * sizeof *dml->assignments);
  if (!dml->assignments) {
    return la_fail_nomem(c->err);
  }
  dml->count = 0;
  LA_TRY(check_names(c, dml, sets));
  if (dml->is_ordered) {
    assign_ordered(dml, sets);
  }
  for (uint32_t i = 0; i < column_count(dml); i++) {
    la_assignment column = column_at(dml, i);
    if (!(dml->is_ordered && is_assigned(dml, &column)) && decide(c, dml, sets, is_all, &column)) {
      dml->assignments[dml->count++] = column;
    }
  }
  return LA_OK;
}

/* "key", or "key_m1" in a row of several. */
static la_status param_name(la_compiler *c, la_text key, int row, la_text *out) {
  *out = key;
  if (row < 0) {
    return LA_OK;
  }
  char *bytes = la_arena_alloc(c->arena, key.len + 16);
  if (!bytes) {
    return la_fail_nomem(c->err);
  }
  int len = snprintf(bytes, key.len + 16, "%.*s_m%d", LA_TEXT_FORMAT(key), row);
  *out = (la_text){bytes, (size_t)len};
  return LA_OK;
}

/* A bound value without a name of its own takes the column's, but in a CTE, where another statement
 * may use it. */
static la_status write_given(la_compiler *c, const la_dml *dml, const la_assignment *assignment,
                             int row) {
  const la_node *value = la_plain_node(assignment->value);
  la_text name = LA_TEXT_NONE;
  bool is_written = value->flags & LA_TYPE_IS_EXACT; /* null_(), not la.null */
  if (value->kind == LA_NODE_NULL && !is_written && !c->literal_binds) {
    if (dml->is_top) {
      LA_TRY(param_name(c, assignment->key, row, &name));
    } else {
      name = la_new_anon_name(c, LA_TEXT_LITERAL("param"));
    }
    return la_compile_null_param(c, name, assignment->column);
  }
  if (value->kind != LA_NODE_PARAM) {
    return la_compile_expr_against(c, value, LA_AGAINST_ALL);
  }
  if (value->flags & LA_PARAM_UNIQUE && dml->is_top) {
    LA_TRY(param_name(c, assignment->key, row, &name));
  } else if (value->flags & LA_PARAM_UNIQUE) {
    name = la_new_anon_name(c, LA_TEXT_LITERAL("param"));
  }
  return la_compile_param_as(c, value, name, assignment->column);
}

static la_status write_value(la_compiler *c, const la_dml *dml, const la_assignment *assignment,
                             int row) {
  la_text name;
  switch (assignment->kind) {
  case LA_ASSIGN_VALUE:
    return write_given(c, dml, assignment, row);
  case LA_ASSIGN_EXECUTION:
    return la_compile_column_param(c, LA_PARAM_FROM_EXECUTION, assignment->key, assignment->column,
                                   dml->slot);
  case LA_ASSIGN_DEFAULT:
    break;
  }
  const la_default *given = &assignment->column->defaults[dml->slot];
  if (given->kind == LA_DEFAULT_EXPR) {
    return la_compile_expr_against(c, (const la_node *)(const void *)given->expr, LA_AGAINST_ALL);
  }
  if (c->literal_binds && given->kind == LA_DEFAULT_VALUE) {
    return la_write_literal(c, assignment->column->type, &given->value);
  }
  LA_TRY(param_name(c, assignment->key, row > 0 ? row : -1, &name));
  return la_compile_column_param(c, LA_PARAM_FROM_DEFAULT, name, assignment->column, dml->slot);
}

la_status la_dml_write_value(la_compiler *c, const la_dml *dml, const la_assignment *assignment,
                             int row) {
  la_setting setting = {dml, assignment, row, c->setting};
  c->setting = &setting;
  la_status status = write_value(c, dml, assignment, row);
  c->setting = setting.outer;
  return status;
}

/* What `column` is set to; NULL if nothing is, or only a default, which a second time could give
 * another value. */
static const la_assignment *find_assignment(const la_dml *dml, const la_node *column) {
  for (uint32_t i = 0; i < dml->count; i++) {
    const la_assignment *at = &dml->assignments[i];
    bool is_it = column->subject && at->column
                     ? (const la_column *)(const void *)column->subject == at->column
                     : la_text_equal(column->text, at->key);
    if (is_it && at->kind != LA_ASSIGN_DEFAULT) {
      return at;
    }
  }
  return NULL;
}

la_status la_dml_write_reference(la_compiler *c, const la_node *node) {
  const la_node *column = la_plain_node(node->children[0]);
  if (c->setting == NULL) {
    return la_fail(c->err, LA_COMPILE,
                   "DML target objects may only be used with compiled INSERT or UPDATE statements");
  }
  const la_dml *dml = c->setting->dml;
  const la_assignment *assignment = find_assignment(dml, column);
  if (assignment == NULL && dml->is_insert) {
    return la_fail(c->err, LA_COMPILE,
                   "Can't resolve referenced column name in INSERT statement: '%.*s'",
                   LA_TEXT_FORMAT(column->text));
  }
  if (assignment == NULL) {
    return la_compile_expr_against(c, column, LA_AGAINST_ALL);
  }
  for (const la_setting *at = c->setting; at != NULL; at = at->outer) {
    if (at->assignment == assignment) {
      return la_fail(c->err, LA_COMPILE, "the value of column '%.*s' refers to itself",
                     LA_TEXT_FORMAT(column->text));
    }
  }
  return la_dml_write_value(c, dml, assignment, c->setting->row);
}

static la_status write_returning(la_compiler *c, la_chain_items list, bool is_result) {
  la_items items = {0};
  if (list.count == 0) {
    return LA_OK;
  }
  if (!c->dialect->supports_returning) {
    return la_fail(c->err, LA_COMPILE, "RETURNING is not supported by the '%s' dialect",
                   c->dialect->name);
  }
  bool omit_tables = c->omit_tables;
  LA_TRY(la_items_make(c, list.items, list.count, LA_LABELS_DISAMBIGUATE, &items));
  la_put(c, " RETURNING ");
  c->omit_tables = c->dialect->returning_bare;
  LA_TRY(
      la_compile_items(c, &items, (la_place){.is_result = is_result, .is_processed = is_result}));
  c->omit_tables = omit_tables;
  return LA_OK;
}

la_status la_compile_returning(la_compiler *c, const la_node *chain, bool is_result) {
  la_chain_items list;
  LA_TRY(la_chain_items_of(c, chain, &list));
  return write_returning(c, list, is_result);
}

/* ---- what the database makes ---- */

/* True if the program sends the value of `column`. */
static bool is_sent(const la_dml *dml, const la_column *column) {
  for (uint32_t i = 0; i < dml->count; i++) {
    const la_assignment *assignment = &dml->assignments[i];
    if (assignment->column != column) {
      continue;
    }
    switch (assignment->kind) {
    case LA_ASSIGN_VALUE:
      return la_plain_node(assignment->value)->kind == LA_NODE_PARAM;
    case LA_ASSIGN_DEFAULT:
      return column->defaults[dml->slot].kind != LA_DEFAULT_EXPR;
    default:
      return true;
    }
  }
  return false;
}

static bool is_set(const la_dml *dml, const la_column *column) {
  for (uint32_t i = 0; i < dml->count; i++) {
    if (dml->assignments[i].column == column) {
      return true;
    }
  }
  return false;
}

/* `wanted` as return_defaults() has it; NULL: it was not called. */
static bool is_fetched(const la_compiler *c, const la_dml *dml, const la_column *column,
                       const la_node *wanted, const la_chain_items *named) {
  bool is_made = dml->is_insert ? !is_sent(dml, column)
                                : column->defaults[LA_DEFAULT_SERVER_UPDATE].kind ||
                                      (is_set(dml, column) && !is_sent(dml, column));
  if (wanted != NULL && named->count == 0 && is_made) {
    return true;
  }
  for (size_t i = 0; i < named->count; i++) {
    if (la_plain_node(named->items[i])->subject == &column->object) {
      return true;
    }
  }
  if (!dml->is_insert || !column->primary_key || is_sent(dml, column)) {
    return wanted != NULL && dml->is_insert && column->primary_key && c->options->for_executemany;
  }
  if (column == c->compiled->autoincrement) {
    return c->options->for_executemany; /* else it is the last insert id */
  }
  return is_set(dml, column) || column->defaults[LA_DEFAULT_SERVER_INSERT].kind != LA_DEFAULT_NONE;
}

la_status la_compile_fetched(la_compiler *c, const la_dml *dml, la_place place) {
  const la_node *node = dml->statement;
  const la_node *wanted = la_node_child(node, (uint32_t)la_statement_defaults_part(node));
  la_chain_items named, fetched = {0};
  bool is_alone = place.is_top && dml->table != NULL && !c->compiled->multi_values &&
                  c->dialect->implicit_returning && !dml->table->no_implicit_returning &&
                  !(node->flags & LA_INSERT_INLINE) &&
                  (wanted != NULL || (dml->is_insert && !c->options->for_executemany)) &&
                  !(dml->is_insert && la_node_child(node, LA_INSERT_SELECT)) &&
                  !la_node_child(node, (uint32_t)la_statement_returning_part(node));
  if (!is_alone) {
    return LA_OK;
  }
  LA_TRY(la_chain_items_of(c, wanted, &named));
  fetched.items =
      la_arena_alloc(&c->scratch, (dml->table->columns.count + 1) * sizeof *fetched.items);
  if (fetched.items == NULL) {
    return la_fail_nomem(c->err);
  }
  for (size_t i = 0; i < dml->table->columns.count; i++) {
    la_column *column = dml->table->columns.items[i];
    if (is_fetched(c, dml, column, wanted, &named)) {
      la_node *expr = la_expr_column(c->sql, column, NULL);
      if (!la_vec_push(c->sql->alloc, &c->owned, expr)) {
        la_node_release(expr);
        return la_fail_nomem(c->err);
      }
      if (expr == NULL) {
        return la_fail_nomem(c->err);
      }
      fetched.items[fetched.count++] = expr;
    }
  }
  c->compiled->fetches = fetched.count > 0;
  return write_returning(c, fetched, true);
}

la_status la_dml_compile(la_compiler *c, const la_node *statement, la_place place,
                         la_status (*collect)(la_compiler *c, const la_dml *dml, la_from_list *out),
                         la_status (*write)(la_compiler *c, la_dml *dml, la_place place,
                                            const la_from_list *froms)) {
  la_dml dml;
  la_scope scope = {0};
  la_from_list froms = {0};
  LA_TRY(la_dml_init(c, &dml, statement, place));
  la_status status = collect(c, &dml, &froms);
  if (status >= 0) {
    status = la_scope_open(c, &scope, statement, &froms);
  }
  if (status >= 0) {
    status = write(c, &dml, place, &froms);
    la_scope_close(c);
  }
  la_vec_clear(c->sql->alloc, &froms);
  return status;
}
