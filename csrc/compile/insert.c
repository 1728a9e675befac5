/* SPDX-License-Identifier: MIT */
/*
 * INSERT: of one row, of several, from a SELECT, of defaults alone; ON CONFLICT.
 */
#include "compile/compiler.h"

static void put_columns(la_compiler *c, const la_dml *dml) {
  la_put(c, " (");
  for (uint32_t i = 0; i < dml->count; i++) {
    la_put(c, i > 0 ? ", " : "");
    la_put_ident_as(c, dml->assignments[i].name, dml->assignments[i].quote);
  }
  la_strbuf_char(c->out, ')');
}

static la_status write_row(la_compiler *c, const la_dml *dml, int row) {
  la_strbuf_char(c->out, '(');
  for (uint32_t i = 0; i < dml->count; i++) {
    la_put(c, i > 0 ? ", " : "");
    LA_TRY(la_dml_write_value(c, dml, &dml->assignments[i], row));
  }
  la_strbuf_char(c->out, ')');
  return LA_OK;
}

static void put_default_values(la_compiler *c) {
  la_put(c, c->dialect->supports_default_values ? " DEFAULT VALUES" : " () VALUES ()");
}

/* Every column that the row sets is one of those that are written. */
static la_status check_row(la_compiler *c, const la_dml *dml, const la_node *row, uint32_t number) {
  for (uint32_t i = 0; i < row->count; i++) {
    const la_node *set = row->children[i], *left = la_plain_node(la_node_child(set, 0));
    bool is_written = false;
    for (uint32_t k = 0; k < dml->count && !is_written; k++) {
      is_written = la_set_is_for(set, dml->assignments[k].column, dml->assignments[k].key);
    }
    if (!is_written) {
      return la_fail(c->err, LA_COMPILE,
                     "INSERT of several rows: row %u sets column %.*s, which the first row does "
                     "not; a value or SQL expression is required in each row",
                     (unsigned)number + 1, LA_TEXT_FORMAT(left ? left->text : set->text));
    }
  }
  return LA_OK;
}

/* Row `number` sets the columns that the first row does, but for those that have a default. */
static la_status take_row(la_compiler *c, const la_dml *dml, const la_node *row, uint32_t number) {
  la_chain_items sets = {(la_node **)row->children, row->count};
  uint32_t given = 0;
  for (uint32_t i = 0; i < dml->count; i++) {
    la_assignment *assignment = &dml->assignments[i];
    assignment->value = la_dml_value(&sets, assignment);
    assignment->kind = assignment->value ? LA_ASSIGN_VALUE : LA_ASSIGN_DEFAULT;
    given += assignment->value != NULL;
    if (!assignment->value && !la_dml_has_default(assignment->column, dml->slot)) {
      return la_fail(c->err, LA_COMPILE,
                     "INSERT value for column %.*s%s%.*s is explicitly rendered as a bound "
                     "parameter in the VALUES clause; a "
                     "value or SQL expression is required (row %u)",
                     LA_TEXT_FORMAT(dml->table ? dml->table->name : dml->target->text), ".",
                     LA_TEXT_FORMAT(assignment->name), (unsigned)number + 1);
    }
  }
  return given < row->count ? check_row(c, dml, row, number) : LA_OK;
}

/* (id) VALUES (NULL), (NULL): rows of which the database makes everything. */
static la_status write_empty_rows(la_compiler *c, const la_dml *dml, const la_chain_items *rows) {
  la_column *number = dml->table ? la_table_autoincrement_column(dml->table) : NULL;
  if (rows->count > 1 && number == NULL) {
    return la_fail(c->err, LA_COMPILE,
                   "INSERT of several rows without values: table %.*s has no column that the "
                   "database numbers; give each row a value",
                   LA_TEXT_FORMAT(dml->table ? dml->table->name : dml->target->text));
  }
  for (size_t i = 0; i < rows->count; i++) {
    LA_TRY(check_row(c, dml, rows->items[i], (uint32_t)i));
  }
  if (rows->count == 1) {
    put_default_values(c);
    return LA_OK;
  }
  la_put(c, " (");
  la_put_ident_as(c, number->name, number->quote);
  la_put(c, ") VALUES ");
  for (size_t i = 0; i < rows->count; i++) {
    la_put(c, i > 0 ? ", (NULL)" : "(NULL)");
  }
  return LA_OK;
}

static la_status write_rows(la_compiler *c, la_dml *dml, const la_chain_items *rows) {
  if (!c->dialect->supports_multivalues_insert) {
    return la_fail(c->err, LA_COMPILE,
                   "The '%s' dialect does not support in-place multirow inserts.",
                   c->dialect->name);
  }
  la_chain_items first = {(la_node **)rows->items[0]->children, rows->items[0]->count};
  LA_TRY(la_dml_assign(c, dml, &first));
  if (dml->count == 0) {
    return write_empty_rows(c, dml, rows);
  }
  put_columns(c, dml);
  la_put(c, " VALUES ");
  for (size_t i = 0; i < rows->count; i++) {
    la_put(c, i > 0 ? ", " : "");
    LA_TRY(take_row(c, dml, rows->items[i], (uint32_t)i));
    LA_TRY(write_row(c, dml, (int)i));
  }
  return LA_OK;
}

/* ---- from a SELECT ---- */

static bool find_column(const la_dml *dml, const la_node *given, la_assignment *out) {
  given = la_plain_node(given);
  la_column *column = given->kind == LA_NODE_COLUMN ? (la_column *)(void *)given->subject : NULL;
  if (!column && dml->table) {
    column = la_table_column(dml->table, given->text);
  }
  *out = (la_assignment){.column = column,
                         .name = column ? column->name : given->text,
                         .key = column ? column->key : given->text};
  return column || !dml->table;
}

/* The columns named, then those that only have a default. */
static la_status name_columns(la_compiler *c, la_dml *dml, const la_node *names) {
  size_t room = names->count + (dml->table ? dml->table->columns.count : 0) + 1;
  dml->assignments = la_arena_alloc(&c->scratch, room * sizeof *dml->assignments);
  if (!dml->assignments) {
    return la_fail_nomem(c->err);
  }
  for (uint32_t i = 0; i < names->count; i++) {
    la_assignment *next = &dml->assignments[dml->count++];
    if (!find_column(dml, names->children[i], next)) {
      return la_fail(c->err, LA_COMPILE, "Unconsumed column names: %.*s",
                     LA_TEXT_FORMAT(la_plain_node(names->children[i])->text));
    }
    next->kind = LA_ASSIGN_VALUE;
  }
  uint32_t named = dml->count;
  for (size_t i = 0;
       dml->table && !(dml->statement->flags & LA_SELECT_NULL_ROW) && i < dml->table->columns.count;
       i++) {
    la_column *column = dml->table->columns.items[i];
    la_default_kind kind = column->defaults[LA_DEFAULT_INSERT].kind;
    bool is_named = false;
    for (uint32_t k = 0; k < named; k++) {
      is_named |= dml->assignments[k].column == column;
    }
    if (!is_named &&
        (kind == LA_DEFAULT_VALUE || kind == LA_DEFAULT_EXPR || kind == LA_DEFAULT_HOST)) {
      dml->assignments[dml->count++] = (la_assignment){
          .kind = LA_ASSIGN_DEFAULT, .column = column, .name = column->name, .key = column->key};
    }
  }
  return LA_OK;
}

/* Only the list of a SELECT can be added to. */
static la_status refuse_defaults(la_compiler *c, const la_dml *dml, uint32_t named) {
  la_strbuf text;
  la_strbuf_init(&text, c->sql->alloc);
  for (uint32_t i = named; i < dml->count; i++) {
    la_strbuf_format(&text, "%s'%.*s'", i > named ? ", " : "",
                     LA_TEXT_FORMAT(dml->assignments[i].column->name));
  }
  la_text columns = la_strbuf_view(&text);
  la_status status = la_fail(
      c->err, LA_COMPILE,
      "Can't extend statement for INSERT..FROM SELECT to include additional default-holding "
      "column(s) %.*s.  Convert the selectable to a subquery() first, or pass "
      "include_defaults = false to insert:from_select() to skip these columns.",
      LA_TEXT_FORMAT(columns));
  la_strbuf_clear(&text);
  return status;
}

static la_status write_from_select(la_compiler *c, la_dml *dml, const la_node *select) {
  const la_node *names = la_node_child(dml->statement, LA_INSERT_NAMES);
  LA_TRY(name_columns(c, dml, names));
  bool has_defaults = dml->count > names->count;
  if (has_defaults && la_plain_node(select)->kind != LA_NODE_SELECT) {
    return refuse_defaults(c, dml, names->count);
  }
  put_columns(c, dml);
  la_strbuf_char(c->out, ' ');
  c->source_for = has_defaults ? dml : NULL;
  LA_TRY(la_compile_statement(c, select, (la_place){.is_source = true}));
  /* SQLite would take ON CONFLICT for the ON of a join. */
  bool has_where = la_node_child(la_plain_node(select), LA_SELECT_WHERE) != NULL;
  if (la_node_child(dml->statement, LA_INSERT_CONFLICT) && !has_where &&
      la_plain_node(select)->kind == LA_NODE_SELECT && c->dialect->conflict_needs_where &&
      !la_node_child(la_plain_node(select), LA_SELECT_ORDER_BY)) {
    la_put(c, " WHERE 1");
  }
  return LA_OK;
}

/* ---- ON CONFLICT ---- */

static la_status write_conflict_target(la_compiler *c, const la_node *conflict) {
  const la_node *elements = la_node_child(conflict, 0), *where = la_node_child(conflict, 1);
  if (conflict->text.bytes) {
    la_put(c, " ON CONSTRAINT ");
    la_put_ident(c, conflict->text);
    return LA_OK;
  }
  if (!elements || elements->count == 0) {
    return LA_OK;
  }
  c->omit_tables = true;
  la_put(c, " (");
  for (uint32_t i = 0; i < elements->count; i++) {
    const la_node *element = la_plain_node(elements->children[i]);
    la_put(c, i > 0 ? ", " : "");
    if (element->kind == LA_NODE_LITERAL || element->kind == LA_NODE_LABEL_REF) {
      la_put_ident(c, element->text);
    } else {
      LA_TRY(la_compile_expr(c, element));
    }
  }
  la_strbuf_char(c->out, ')');
  if (where) {
    /* The database compares it with the index's own condition, so values stand in it as they are.
     */
    c->literal_execute = true;
    la_put(c, " WHERE ");
    LA_TRY(la_compile_expr(c, where));
    c->literal_execute = false;
  }
  c->omit_tables = false;
  return LA_OK;
}

static la_status write_conflict_set(la_compiler *c, la_text name, la_column *column,
                                    const la_node *value, bool *is_first) {
  la_put(c, *is_first ? "" : ", ");
  *is_first = false;
  la_put_ident(c, name);
  la_put(c, " = ");
  value = la_plain_node(value);
  if (value->kind == LA_NODE_PARAM) {
    return la_compile_param_as(c, value, LA_TEXT_NONE, column);
  }
  return la_compile_expr_against(c, value, LA_AGAINST_ALL);
}

/* In the table's order, then what is no column of it. */
static la_status write_conflict_sets(la_compiler *c, const la_dml *dml, const la_node *sets) {
  bool is_first = true;
  size_t columns = dml->table ? dml->table->columns.count : 0;
  for (size_t i = 0; i < columns; i++) {
    la_column *column = dml->table->columns.items[i];
    for (uint32_t k = 0; k < sets->count; k++) {
      if (la_set_is_for(sets->children[k], column, column->key)) {
        LA_TRY(
            write_conflict_set(c, column->name, column, sets->children[k]->children[1], &is_first));
      }
    }
  }
  for (uint32_t k = 0; k < sets->count; k++) {
    const la_node *set = sets->children[k], *left = la_plain_node(la_node_child(set, 0));
    bool is_known = false;
    for (size_t i = 0; i < columns && !is_known; i++) {
      is_known =
          la_set_is_for(set, dml->table->columns.items[i], dml->table->columns.items[i]->key);
    }
    if (!is_known) {
      LA_TRY(
          write_conflict_set(c, left ? left->text : set->text, NULL, set->children[1], &is_first));
    }
  }
  return LA_OK;
}

static la_status write_conflict(la_compiler *c, const la_dml *dml, const la_node *conflict) {
  const la_node *sets = la_node_child(conflict, 2), *where = la_node_child(conflict, 3);
  la_put(c, " ON CONFLICT");
  LA_TRY(write_conflict_target(c, conflict));
  if (conflict->op == 0) {
    la_put(c, " DO NOTHING");
    return LA_OK;
  }
  la_put(c, " DO UPDATE SET ");
  if (sets) {
    LA_TRY(write_conflict_sets(c, dml, sets));
  }
  if (where) {
    la_put(c, " WHERE ");
    LA_TRY(la_compile_expr(c, where));
  }
  return LA_OK;
}

/* ---- the statement ---- */

/* The key of a new row is known afterwards as its number. */
static bool is_row_number(const la_dml *dml, const la_column *column) {
  const la_value *numbered = la_table_option(dml->table, "sqlite_with_rowid");
  return dml->table->primary_key->columns.count == 1 && column->primary_key &&
         (numbered == NULL || (numbered->kind != LA_VALUE_NULL && numbered->as.integer != 0));
}

/* The column whose key the database makes: it is not among those set, or what an SQL expression
 * gives. */
static void note_autoincrement(la_compiler *c, const la_dml *dml) {
  la_column *column = dml->table ? la_table_autoincrement_column(dml->table) : NULL;
  for (uint32_t i = 0; column && i < dml->count; i++) {
    const la_assignment *assignment = &dml->assignments[i];
    if (assignment->column == column) {
      la_node_kind kind = assignment->value != NULL
                              ? (la_node_kind)la_plain_node(assignment->value)->kind
                              : LA_NODE_PARAM;
      bool computed = assignment->kind == LA_ASSIGN_VALUE && kind != LA_NODE_PARAM &&
                      is_row_number(dml, column);
      column = kind == LA_NODE_NULL || computed ? column : NULL;
    }
  }
  c->compiled->autoincrement = column;
}

static la_status write_values(la_compiler *c, la_dml *dml, la_place place) {
  const la_node *select = la_node_child(dml->statement, LA_INSERT_SELECT);
  la_chain_items sets;
  LA_TRY(la_chain_items_of(c, la_node_child(dml->statement, LA_INSERT_VALUES), &sets));
  if (select) {
    return write_from_select(c, dml, select);
  }
  if (sets.count > 0 && sets.items[0]->kind == LA_NODE_ROW) {
    c->compiled->multi_values |= place.is_top;
    return write_rows(c, dml, &sets);
  }
  LA_TRY(la_dml_assign(c, dml, &sets));
  if (place.is_top) {
    note_autoincrement(c, dml);
  }
  if (dml->count == 0) {
    put_default_values(c);
    return LA_OK;
  }
  put_columns(c, dml);
  la_put(c, " VALUES ");
  return write_row(c, dml, -1);
}

static la_status compile_in_scope(la_compiler *c, la_dml *dml, la_place place) {
  const la_node *node = dml->statement, *prefixes = la_node_child(node, LA_INSERT_PREFIXES);
  size_t start = c->out->len, first_param = c->params->count;
  la_chain_items conflicts;
  la_put(c, "INSERT ");
  LA_TRY(la_compile_prefixes(c, prefixes, LA_PREFIX_FRONT));
  la_put(c, "INTO ");
  LA_TRY(la_compile_added_ctes(c, la_node_child(node, LA_INSERT_CTES)));
  LA_TRY(la_compile_from(c, dml->target));
  LA_TRY(write_values(c, dml, place));
  LA_TRY(la_chain_items_of(c, la_node_child(node, LA_INSERT_CONFLICT), &conflicts));
  for (size_t i = 0; i < conflicts.count; i++) {
    LA_TRY(write_conflict(c, dml, conflicts.items[i]));
  }
  LA_TRY(la_compile_prefixes(c, prefixes, LA_PREFIX_POST_VALUES));
  LA_TRY(la_compile_returning(c, la_node_child(node, LA_INSERT_RETURNING), place.is_result));
  if (place.is_result) {
    LA_TRY(la_compile_fetched(c, dml, place));
  }
  return la_compile_ctes_at(c, start, first_param, place.is_top);
}

la_status la_compile_insert(la_compiler *c, const la_node *node, la_place place) {
  la_dml dml;
  la_scope scope = {0};
  la_from_list none = {0};
  LA_TRY(la_dml_init(c, &dml, node, place));
  LA_TRY(la_scope_open(c, &scope, node, &none));
  la_status status = compile_in_scope(c, &dml, place);
  la_scope_close(c);
  return status;
}
