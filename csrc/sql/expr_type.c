/* SPDX-License-Identifier: MIT */
/*
 * Types of results: of operators by the affinities of both sides, of functions by their name.
 */
#include "sql/expr.h"

la_status la_basic_types_init(la_basic_types *types, la_allocator *alloc, la_error *err) {
  const struct {
    la_type **slot;
    la_type_kind kind;
  } wanted[] = {{&types->null, LA_TYPE_NULL},         {&types->boolean, LA_TYPE_BOOLEAN},
                {&types->integer, LA_TYPE_INTEGER},   {&types->big_integer, LA_TYPE_BIG_INTEGER},
                {&types->real, LA_TYPE_DOUBLE},       {&types->numeric, LA_TYPE_NUMERIC},
                {&types->text, LA_TYPE_STRING},       {&types->blob, LA_TYPE_LARGE_BINARY},
                {&types->date, LA_TYPE_DATE},         {&types->time, LA_TYPE_TIME},
                {&types->datetime, LA_TYPE_DATETIME}, {&types->interval, LA_TYPE_INTERVAL}};
  memset(types, 0, sizeof *types);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    la_type_options options = {.length = -1, .precision = -1, .scale = -1};
    if (wanted[i].kind == LA_TYPE_NUMERIC) {
      options.flags = LA_TYPE_AS_DECIMAL;
    }
    *wanted[i].slot = la_type_new(alloc, wanted[i].kind, &options);
    if (*wanted[i].slot == NULL) {
      la_basic_types_clear(types);
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}

void la_basic_types_clear(la_basic_types *types) {
  la_type *all[] = {types->null, types->boolean, types->integer,  types->big_integer,
                    types->real, types->numeric, types->text,     types->blob,
                    types->date, types->time,    types->datetime, types->interval};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    la_object_release(all[i]);
  }
  memset(types, 0, sizeof *types);
}

la_type *la_sql_type_of_value(const la_sql *sql, const la_value *value) {
  const la_basic_types *types = sql->types;
  switch ((la_value_kind)value->kind) {
  case LA_VALUE_BOOLEAN:
    return types->boolean;
  case LA_VALUE_INTEGER:
    return types->integer;
  case LA_VALUE_REAL:
    return types->real;
  case LA_VALUE_TEXT:
    return types->text;
  case LA_VALUE_BLOB:
    return types->blob;
  case LA_VALUE_DATE:
    return types->date;
  case LA_VALUE_TIME:
    return types->time;
  case LA_VALUE_DATETIME:
    return types->datetime;
  case LA_VALUE_INTERVAL:
    return types->interval;
  case LA_VALUE_DECIMAL:
    return types->numeric;
  default:
    return types->null;
  }
}

static bool is_text_like(la_affinity affinity) {
  return affinity == LA_AFFINITY_TEXT || affinity == LA_AFFINITY_ENUM;
}

/* `+` of two such is a concatenation. */
static bool is_concatenable(la_affinity affinity) {
  return is_text_like(affinity) || affinity == LA_AFFINITY_JSON || affinity == LA_AFFINITY_ARRAY;
}

/* True if a value of the basic type `natural` is one that `type` itself stores. */
static bool takes_naturally(const la_type *type, la_affinity natural) {
  switch (type->affinity) {
  case LA_AFFINITY_TEXT:
  case LA_AFFINITY_ENUM:
  case LA_AFFINITY_BLOB:
  case LA_AFFINITY_UUID:
    return is_text_like(natural) || natural == LA_AFFINITY_BLOB;
  case LA_AFFINITY_NUMERIC:
    return natural != LA_AFFINITY_INTEGER && natural != LA_AFFINITY_BOOLEAN;
  case LA_AFFINITY_DATE:
  case LA_AFFINITY_TIME:
  case LA_AFFINITY_DATETIME:
  case LA_AFFINITY_INTERVAL:
    return natural != LA_AFFINITY_BOOLEAN;
  default:
    return natural == type->affinity;
  }
}

la_type *la_sql_type_compared(const la_sql *sql, la_type *type, const la_value *value) {
  la_type *natural = la_sql_type_of_value(sql, value);
  if (type == NULL) {
    return natural;
  }
  if (natural == sql->types->null || type->kind == LA_TYPE_DECORATOR ||
      type->kind == LA_TYPE_USER_DEFINED || takes_naturally(type, natural->affinity)) {
    return type;
  }
  return natural;
}

/* What `left op right` gives, where it is not the type of `left`. */
typedef enum result_kind { SAME, OTHER, NUMERIC, INTEGER, DATETIME, INTERVAL } result_kind;

static const struct {
  la_operator op;
  la_affinity left, right;
  result_kind result;
} result_rows[] = {
    {LA_OP_ADD, LA_AFFINITY_INTEGER, LA_AFFINITY_DATE, OTHER},
    {LA_OP_ADD, LA_AFFINITY_INTEGER, LA_AFFINITY_NUMERIC, OTHER},
    {LA_OP_ADD, LA_AFFINITY_INTEGER, LA_AFFINITY_REAL, OTHER},
    {LA_OP_SUBTRACT, LA_AFFINITY_INTEGER, LA_AFFINITY_NUMERIC, OTHER},
    {LA_OP_SUBTRACT, LA_AFFINITY_INTEGER, LA_AFFINITY_REAL, OTHER},
    {LA_OP_MULTIPLY, LA_AFFINITY_INTEGER, LA_AFFINITY_INTERVAL, OTHER},
    {LA_OP_MULTIPLY, LA_AFFINITY_INTEGER, LA_AFFINITY_NUMERIC, OTHER},
    {LA_OP_MULTIPLY, LA_AFFINITY_INTEGER, LA_AFFINITY_REAL, OTHER},
    {LA_OP_DIVIDE, LA_AFFINITY_INTEGER, LA_AFFINITY_INTEGER, NUMERIC},
    {LA_OP_DIVIDE, LA_AFFINITY_INTEGER, LA_AFFINITY_NUMERIC, OTHER},
    {LA_OP_DIVIDE, LA_AFFINITY_INTEGER, LA_AFFINITY_REAL, OTHER},
    {LA_OP_FLOOR_DIVIDE, LA_AFFINITY_INTEGER, LA_AFFINITY_NUMERIC, OTHER},
    {LA_OP_MULTIPLY, LA_AFFINITY_NUMERIC, LA_AFFINITY_INTERVAL, OTHER},
    {LA_OP_MULTIPLY, LA_AFFINITY_REAL, LA_AFFINITY_INTERVAL, OTHER},
    {LA_OP_SUBTRACT, LA_AFFINITY_DATETIME, LA_AFFINITY_DATETIME, INTERVAL},
    {LA_OP_ADD, LA_AFFINITY_DATE, LA_AFFINITY_INTERVAL, DATETIME},
    {LA_OP_ADD, LA_AFFINITY_DATE, LA_AFFINITY_TIME, DATETIME},
    {LA_OP_SUBTRACT, LA_AFFINITY_DATE, LA_AFFINITY_DATE, INTEGER},
    {LA_OP_SUBTRACT, LA_AFFINITY_DATE, LA_AFFINITY_INTERVAL, DATETIME},
    {LA_OP_SUBTRACT, LA_AFFINITY_DATE, LA_AFFINITY_DATETIME, INTERVAL},
    {LA_OP_ADD, LA_AFFINITY_TIME, LA_AFFINITY_DATE, DATETIME},
    {LA_OP_SUBTRACT, LA_AFFINITY_TIME, LA_AFFINITY_TIME, INTERVAL},
    {LA_OP_ADD, LA_AFFINITY_INTERVAL, LA_AFFINITY_DATE, DATETIME},
    {LA_OP_ADD, LA_AFFINITY_INTERVAL, LA_AFFINITY_DATETIME, OTHER},
    {LA_OP_ADD, LA_AFFINITY_INTERVAL, LA_AFFINITY_TIME, OTHER},
};

static la_type *pick_result(const la_sql *sql, result_kind kind, la_type *left, la_type *right) {
  switch (kind) {
  case OTHER:
    return right;
  case NUMERIC:
    return sql->types->numeric;
  case INTEGER:
    return sql->types->integer;
  case DATETIME:
    return sql->types->datetime;
  case INTERVAL:
    return sql->types->interval;
  default:
    return left;
  }
}

la_type *la_sql_type_of_binary(const la_sql *sql, la_operator *op, la_type *left, la_type *right) {
  left = left != NULL ? left : sql->types->null;
  right = right != NULL ? right : sql->types->null;
  if (la_operator_get(*op)->flags & LA_OPERATOR_COMPARISON) {
    return sql->types->boolean;
  }
  if (left->affinity == LA_AFFINITY_NULL && right->affinity != LA_AFFINITY_NULL &&
      (*op == LA_OP_ADD || *op == LA_OP_MULTIPLY)) {
    la_type *swapped = left;
    left = right;
    right = swapped;
  }
  if (*op == LA_OP_ADD && is_concatenable(left->affinity) &&
      (is_concatenable(right->affinity) || right->affinity == LA_AFFINITY_NULL)) {
    *op = LA_OP_CONCAT;
  }
  if (*op == LA_OP_CONCAT && left->affinity == LA_AFFINITY_ENUM) {
    return sql->types->text;
  }
  if (*op == LA_OP_GETITEM && left->kind == LA_TYPE_ARRAY && left->impl != NULL) {
    return left->impl;
  }
  for (size_t i = 0; i < sizeof result_rows / sizeof *result_rows; i++) {
    if (result_rows[i].op == *op && result_rows[i].left == left->affinity &&
        result_rows[i].right == right->affinity) {
      return pick_result(sql, result_rows[i].result, left, right);
    }
  }
  return left;
}

/* Functions whose type is known. */
static const struct {
  const char *name;
  la_type_kind kind; /* LA_TYPE_NULL: that of the first argument that has one */
} function_rows[] = {
    {"count", LA_TYPE_INTEGER},
    {"max", LA_TYPE_NULL},
    {"min", LA_TYPE_NULL},
    {"sum", LA_TYPE_NULL},
    {"coalesce", LA_TYPE_NULL},
    {"pow", LA_TYPE_NULL},
    {"now", LA_TYPE_DATETIME},
    {"concat", LA_TYPE_STRING},
    {"aggregate_strings", LA_TYPE_STRING},
    {"char_length", LA_TYPE_INTEGER},
    {"next_value", LA_TYPE_INTEGER},
    {"rank", LA_TYPE_INTEGER},
    {"dense_rank", LA_TYPE_INTEGER},
    {"percent_rank", LA_TYPE_NUMERIC},
    {"cume_dist", LA_TYPE_NUMERIC},
    {"current_date", LA_TYPE_DATE},
    {"current_time", LA_TYPE_TIME},
    {"current_timestamp", LA_TYPE_DATETIME},
    {"localtime", LA_TYPE_DATETIME},
    {"localtimestamp", LA_TYPE_DATETIME},
    {"sysdate", LA_TYPE_DATETIME},
    {"current_user", LA_TYPE_STRING},
    {"session_user", LA_TYPE_STRING},
    {"user", LA_TYPE_STRING},
};

static la_type *basic_type(const la_basic_types *types, la_type_kind kind) {
  switch (kind) {
  case LA_TYPE_INTEGER:
    return types->integer;
  case LA_TYPE_NUMERIC:
    return types->numeric;
  case LA_TYPE_STRING:
    return types->text;
  case LA_TYPE_DATE:
    return types->date;
  case LA_TYPE_TIME:
    return types->time;
  case LA_TYPE_DATETIME:
    return types->datetime;
  default:
    return types->null;
  }
}

static la_type *first_known_type(const la_sql *sql, la_node *const *arguments, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (arguments[i]->type != NULL && arguments[i]->type->kind != LA_TYPE_NULL) {
      return arguments[i]->type;
    }
  }
  return sql->types->null;
}

/* array_agg(): an ARRAY of what it gathers; a new reference. */
static la_type *array_of(const la_sql *sql, la_type *item) {
  if (item->kind == LA_TYPE_ARRAY) {
    return la_object_retain(item);
  }
  return la_type_new(sql->alloc, LA_TYPE_ARRAY, &(la_type_options){.impl = item});
}

la_type *la_function_type(const la_sql *sql, la_text name, la_node *const *arguments,
                          size_t count) {
  if (la_text_equal_nocase(name, LA_TEXT_LITERAL("array_agg"))) {
    return array_of(sql, first_known_type(sql, arguments, count));
  }
  for (size_t i = 0; i < sizeof function_rows / sizeof *function_rows; i++) {
    if (la_text_equal_nocase(name, la_text_of(function_rows[i].name))) {
      return la_object_retain(function_rows[i].kind == LA_TYPE_NULL
                                  ? first_known_type(sql, arguments, count)
                                  : basic_type(sql->types, function_rows[i].kind));
    }
  }
  return la_object_retain(sql->types->null);
}
