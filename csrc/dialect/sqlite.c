/* SPDX-License-Identifier: MIT */
/*
 * SQLite.
 */
#include "compile/compiler.h"
#include "dialect/dialects.h"

static const char *const sqlite_words[] = {
    "add",          "after",
    "all",          "alter",
    "analyze",      "and",
    "as",           "asc",
    "attach",       "autoincrement",
    "before",       "begin",
    "between",      "by",
    "cascade",      "case",
    "cast",         "check",
    "collate",      "column",
    "commit",       "conflict",
    "constraint",   "create",
    "cross",        "current_date",
    "current_time", "current_timestamp",
    "database",     "default",
    "deferrable",   "deferred",
    "delete",       "desc",
    "detach",       "distinct",
    "drop",         "each",
    "else",         "end",
    "escape",       "except",
    "exclusive",    "exists",
    "explain",      "fail",
    "false",        "for",
    "foreign",      "from",
    "full",         "glob",
    "group",        "having",
    "if",           "ignore",
    "immediate",    "in",
    "index",        "indexed",
    "initially",    "inner",
    "insert",       "instead",
    "intersect",    "into",
    "is",           "isnull",
    "join",         "key",
    "left",         "like",
    "limit",        "match",
    "natural",      "not",
    "notnull",      "null",
    "of",           "offset",
    "on",           "or",
    "order",        "outer",
    "plan",         "pragma",
    "primary",      "query",
    "raise",        "references",
    "reindex",      "rename",
    "replace",      "restrict",
    "right",        "rollback",
    "row",          "select",
    "set",          "table",
    "temp",         "temporary",
    "then",         "to",
    "transaction",  "trigger",
    "true",         "union",
    "unique",       "update",
    "using",        "vacuum",
    "values",       "view",
    "virtual",      "when",
    "where",
};

static la_status push_operand(la_compiler *c, const la_node *node, uint32_t index) {
  return la_push(c, node->children[index], node->op,
                 la_operator_get((la_operator)node->op)->precedence);
}

/* The operands of `node` with texts around them. */
static la_status push_around(la_compiler *c, const la_node *node, const char *before,
                             const char *between, const char *after) {
  size_t base = c->work.count;
  la_put(c, before);
  LA_TRY(push_operand(c, node, 0));
  LA_TRY(la_push_string(c, between));
  LA_TRY(push_operand(c, node, 1));
  LA_TRY(la_push_string(c, after));
  la_push_turn(c, base);
  return LA_OK;
}

/* There is no XOR: a ^ b = (a | b) - (a & b). */
static la_status write_xor(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  la_put(c, "((");
  LA_TRY(push_operand(c, node, 0));
  LA_TRY(la_push_string(c, " | "));
  LA_TRY(push_operand(c, node, 1));
  LA_TRY(la_push_string(c, ") - ("));
  LA_TRY(push_operand(c, node, 0));
  LA_TRY(la_push_string(c, " & "));
  LA_TRY(push_operand(c, node, 1));
  LA_TRY(la_push_string(c, "))"));
  la_push_turn(c, base);
  return LA_OK;
}

/* A part of a JSON value: as JSON, or as a value of the type that was asked for. */
static la_status write_getitem(la_compiler *c, const la_node *node) {
  if (!node->type || node->type->affinity == LA_AFFINITY_JSON ||
      node->type->affinity == LA_AFFINITY_NULL) {
    return push_around(c, node, "JSON_QUOTE(JSON_EXTRACT(", ", ", "))");
  }
  size_t base = c->work.count;
  la_put(c, "CAST(JSON_EXTRACT(");
  LA_TRY(push_operand(c, node, 0));
  LA_TRY(la_push_string(c, ", "));
  LA_TRY(push_operand(c, node, 1));
  LA_TRY(la_push_string(c, ") AS "));
  la_strbuf text;
  la_strbuf_init(&text, c->sql->alloc);
  la_status status = la_compile_type(c->dialect, node->type, &text, c->err);
  char *bytes =
      status < 0 ? NULL : la_arena_copy(&c->scratch, text.bytes ? text.bytes : "", text.len);
  size_t len = text.len;
  la_strbuf_clear(&text);
  if (!bytes) {
    return status < 0 ? status : la_fail_nomem(c->err);
  }
  LA_TRY(la_push_bytes(c, (la_text){bytes, len}));
  LA_TRY(la_push_string(c, ")"));
  la_push_turn(c, base);
  return LA_OK;
}

static la_status sqlite_binary(la_compiler *c, const la_node *node, bool *done_out) {
  *done_out = true;
  switch (node->op) {
  case LA_OP_DIVIDE:
    return push_around(c, node, "", " / (", " + 0.0)");
  case LA_OP_BIT_XOR:
    return write_xor(c, node);
  case LA_OP_REGEXP_MATCH:
    return push_around(c, node, "", " REGEXP ", "");
  case LA_OP_NOT_REGEXP_MATCH:
    return push_around(c, node, "", " NOT REGEXP ", "");
  case LA_OP_REGEXP_REPLACE:
    return la_fail(c->err, LA_COMPILE,
                   "sqlite dialect does not support regular expression replacements");
  case LA_OP_GETITEM:
  case LA_OP_PATH_GETITEM:
    return write_getitem(c, node);
  default:
    *done_out = false;
    return LA_OK;
  }
}

/* Functions that go by another name; `with_arguments` false: the text is all. */
static const struct {
  const char *name, *text;
  bool with_arguments;
} functions[] = {
    {"now", "CURRENT_TIMESTAMP", false},
    {"localtimestamp", "DATETIME(CURRENT_TIMESTAMP, 'localtime')", false},
    {"char_length", "length", true},
};

/* group_concat(a, ','): the separator stands in the text. */
static la_status write_group_concat(la_compiler *c, const la_node *node) {
  la_put(c, "group_concat(");
  for (uint32_t i = 0; i < node->count; i++) {
    bool is_order = node->children[i]->kind == LA_NODE_LIST;
    la_put(c, is_order ? " ORDER BY " : i > 0 ? ", " : "");
    c->literal_execute = i == 1 && !is_order;
    LA_TRY(la_compile_expr_against(c, node->children[i], LA_AGAINST_COMMA));
  }
  c->literal_execute = false;
  la_put(c, ")");
  return LA_OK;
}

static la_status sqlite_function(la_compiler *c, const la_node *node, bool *done_out) {
  if (la_text_equal_nocase(node->text, LA_TEXT_LITERAL("aggregate_strings"))) {
    *done_out = true;
    return write_group_concat(c, node);
  }
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    if (la_text_equal_nocase(node->text, la_text_of(functions[i].name))) {
      *done_out = true;
      la_put(c, functions[i].text);
      return functions[i].with_arguments ? la_write_arguments(c, node) : LA_OK;
    }
  }
  return LA_OK;
}

static la_status sqlite_extract(la_compiler *c, const la_node *node) {
  static const char *const formats[][2] = {
      {"month", "%m"}, {"day", "%d"},    {"year", "%Y"},  {"second", "%S"}, {"hour", "%H"},
      {"doy", "%j"},   {"minute", "%M"}, {"epoch", "%s"}, {"dow", "%w"},    {"week", "%W"},
  };
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    if (la_text_is(node->text, formats[i][0])) {
      la_strbuf_format(c->out, "CAST(STRFTIME('%s', ", formats[i][1]);
      LA_TRY(la_push_string(c, ") AS INTEGER)"));
      return la_push(c, node->children[0], LA_AGAINST_FREE, 0);
    }
  }
  return la_fail(c->err, LA_COMPILE, "%.*s is not a valid extract argument.",
                 LA_TEXT_FORMAT(node->text));
}

/* Both LIMIT and OFFSET are always written: LIMIT -1 is none. */
static la_status sqlite_limit(la_compiler *c, const la_node *select) {
  const la_node *limit = la_node_child(select, LA_SELECT_LIMIT),
                *offset = la_node_child(select, LA_SELECT_OFFSET);
  la_put(c, " LIMIT ");
  LA_TRY(limit ? la_compile_expr(c, limit)
               : la_compile_constant(c, LA_TEXT_LITERAL("param"), la_value_integer(-1),
                                     c->sql->types->integer));
  la_put(c, " OFFSET ");
  return offset ? la_compile_expr(c, offset)
                : la_compile_constant(c, LA_TEXT_LITERAL("param"), la_value_integer(0),
                                      c->sql->types->integer);
}

static bool is_set(const la_table *table, const char *name, bool otherwise) {
  const la_value *value = la_table_option(table, name);
  return value ? value->kind != LA_VALUE_NULL && value->as.integer != 0 : otherwise;
}

static la_status sqlite_table_suffix(const la_table *table, la_strbuf *out, la_error *err) {
  bool without_rowid = !is_set(table, "sqlite_with_rowid", true);
  if (without_rowid) {
    la_strbuf_string(out, "\n WITHOUT ROWID");
  }
  if (is_set(table, "sqlite_strict", false)) {
    la_strbuf_string(out, without_rowid ? ",\n STRICT" : "\n STRICT");
  }
  return la_strbuf_status(out, err);
}

const la_dialect la_dialect_sqlite = {
    .name = "sqlite",
    .driver = "sqlite3",
    .paramstyle = LA_PARAMSTYLE_QMARK,
    .quote_open = '"',
    .quote_close = '"',
    .max_identifier_length = 9999,
    .reserved_words = sqlite_words,
    .reserved_count = sizeof sqlite_words / sizeof sqlite_words[0],
    .supports_returning = true,
    .implicit_returning = true,
    .returning_bare = true,
    .supports_default_values = true,
    .supports_multivalues_insert = true,
    .supports_update_from = true,
    .conflict_needs_where = true,
    .supports_right_and_full_join = true,
    .nulls_order_written = true,
    .tuple_in_values = true,
    .empty_set_select = true,
    .concat_operator = "||",
    .default_in_parentheses = true,
    .key_with_autoincrement = true,
    .foreign_keys_within_schema = true,
    .supports_conflict_clause = true,
    .supports_partial_index = true,
    .index_names_schema = true,
    .binary = sqlite_binary,
    .function = sqlite_function,
    .extract = sqlite_extract,
    .limit = sqlite_limit,
    .table_suffix = sqlite_table_suffix,
    .create_table = la_sqlite_create_table,
};
