/* SPDX-License-Identifier: MIT */
/*
 * The default dialect: what tostring shows of a statement that no database is known for. It takes everything, in the
 * standard's words, with parameters by name.
 */
#include "dialect/dialects.h"

static const char *const default_words[] = {
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric",
    "authorization", "between", "binary", "both", "case", "cast", "check", "collate", "column",
    "constraint", "create", "cross", "current_date", "current_role", "current_time",
    "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do",
    "else", "end", "except", "false", "for", "foreign", "freeze", "from", "full", "grant",
    "group", "having", "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull",
    "join", "leading", "left", "like", "limit", "localtime", "localtimestamp", "natural", "new",
    "not", "notnull", "null", "off", "offset", "old", "on", "only", "or", "order", "outer",
    "overlaps", "placing", "primary", "references", "right", "select", "session_user", "set",
    "similar", "some", "symmetric", "table", "then", "to", "trailing", "true", "union", "unique",
    "user", "using", "verbose", "when", "where",
};

const la_dialect la_dialect_default = {
    .name = "default",
    .paramstyle = LA_PARAMSTYLE_NAMED,
    .quote_open = '"',
    .quote_close = '"',
    .max_identifier_length = 9999,
    .reserved_words = default_words,
    .reserved_count = sizeof default_words / sizeof default_words[0],
    .supports_native_boolean = true,
    .supports_returning = true,
    .supports_multivalues_insert = true,
    .supports_is_distinct = true,
    .supports_update_from = true,
    .supports_delete_using = true,
    .delete_extra = " , ",
    .supports_right_and_full_join = true,
    .supports_for_update = true,
    .supports_alter = true,
    .supports_sequences = true,
    .nulls_order_written = true,
    .select_compound_parentheses = true,
    .concat_operator = "||",
};
