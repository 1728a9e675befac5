/* SPDX-License-Identifier: MIT */
/*
 * Names by convention: "fk_%(table_name)s_%(column_0_name)s".
 *
 * A token stands between "%(" and ")s". Those about columns are
 * [referred_]column_<number>[N|_N]_<what>: with N every column, put together without or with an
 * underscore; <what> is name, key or label.
 */
#include "schema/schema_internal.h"

/* What is named: a constraint or an index, seen alike. */
typedef struct named {
  const la_table *table;
  la_column *const *columns;
  size_t column_count;
  la_constraint *foreign_key; /* or NULL */
  la_text name;
} named;

/* One token about columns, taken apart. */
typedef struct column_token {
  bool referred;
  size_t index;
  bool all;
  bool underscore;
  la_text what;
} column_token;

static bool starts_with(la_text text, const char *prefix) {
  size_t len = strlen(prefix);
  return text.len >= len && memcmp(text.bytes, prefix, len) == 0;
}

static void skip(la_text *text, size_t count) {
  text->bytes += count;
  text->len -= count;
}

static bool read_column_token(la_text token, column_token *out) {
  bool digits = false;
  *out = (column_token){0};
  if (starts_with(token, "referred_")) {
    out->referred = true;
    skip(&token, 9);
  }
  if (!starts_with(token, "column_")) {
    return false;
  }
  skip(&token, 7);
  while (token.len > 0 && token.bytes[0] >= '0' && token.bytes[0] <= '9' && out->index < 10000) {
    out->index = out->index * 10 + (size_t)(token.bytes[0] - '0');
    digits = true;
    skip(&token, 1);
  }
  out->underscore = starts_with(token, "_N_");
  out->all = out->underscore || starts_with(token, "N_");
  skip(&token, out->underscore ? 2 : out->all ? 1 : 0);
  if (!digits || !starts_with(token, "_")) {
    return false;
  }
  skip(&token, 1);
  out->what = token;
  return true;
}

static bool append_column(const named *thing, const column_token *token, size_t index,
                          la_strbuf *out) {
  const la_column *column;
  if (index >= thing->column_count) {
    return true;
  }
  column =
      token->referred ? thing->foreign_key->referred_columns.items[index] : thing->columns[index];
  if (la_text_is(token->what, "label")) {
    for (size_t i = 0; i < column->table->schema.len; i++) {
      char c = column->table->schema.bytes[i];
      la_strbuf_char(out, c == '.' ? '_' : c);
    }
    la_strbuf_string(out, column->table->schema.len > 0 ? "_" : "");
    la_strbuf_text(out, column->table->name);
    la_strbuf_char(out, '_');
  } else if (la_text_is(token->what, "key")) {
    la_strbuf_text(out, column->key);
    return true;
  } else if (!la_text_is(token->what, "name")) {
    return false;
  }
  la_strbuf_text(out, column->name);
  return true;
}

static la_status fail_token(la_text token, la_error *err) {
  return la_fail(err, LA_ARGUMENT, "naming convention has an unknown token '%%(%.*s)s'",
                 LA_TEXT_FORMAT(token));
}

static la_status append_column_token(const named *thing, la_text text, la_strbuf *out,
                                     la_error *err) {
  column_token token;
  size_t last;
  if (!read_column_token(text, &token) || (token.referred && thing->foreign_key == NULL)) {
    return fail_token(text, err);
  }
  if (token.referred) {
    LA_TRY(la_constraint_resolve(thing->foreign_key, err));
  }
  last = token.all ? thing->column_count : token.index + 1;
  for (size_t i = token.index; i < last; i++) {
    if (i > token.index && token.underscore) {
      la_strbuf_char(out, '_');
    }
    if (!append_column(thing, &token, i, out)) {
      return fail_token(text, err);
    }
  }
  return LA_OK;
}

static la_status append_token(const named *thing, la_text token, la_strbuf *out, la_error *err) {
  if (la_text_is(token, "table_name")) {
    la_strbuf_text(out, thing->table->name);
    return LA_OK;
  }
  if (la_text_is(token, "referred_table_name") && thing->foreign_key != NULL) {
    la_strbuf_text(out, thing->foreign_key->referred_table);
    return LA_OK;
  }
  if (la_text_is(token, "constraint_name")) {
    if (thing->name.bytes == NULL) {
      return la_fail(err, LA_INVALID_REQUEST,
                     "Naming convention including %%(constraint_name)s token requires that "
                     "constraint is explicitly named.");
    }
    la_strbuf_text(out, thing->name);
    return LA_OK;
  }
  return append_column_token(thing, token, out, err);
}

static la_status expand(const named *thing, la_text format, la_strbuf *out, la_error *err) {
  for (size_t i = 0; i < format.len; i++) {
    la_text rest = {format.bytes + i, format.len - i};
    const char *end = starts_with(rest, "%(") ? memchr(rest.bytes, ')', rest.len) : NULL;
    if (starts_with(rest, "%%")) {
      la_strbuf_char(out, '%');
      i++;
    } else if (end != NULL && end + 1 < rest.bytes + rest.len && end[1] == 's') {
      la_text token = {rest.bytes + 2, (size_t)(end - rest.bytes) - 2};
      LA_TRY(append_token(thing, token, out, err));
      i += token.len + 3;
    } else {
      la_strbuf_char(out, format.bytes[i]);
    }
  }
  return la_strbuf_status(out, err);
}

static bool has_constraint_name(la_text format) {
  static const char token[] = "constraint_name";
  for (size_t i = 0; i + sizeof token - 1 <= format.len; i++) {
    if (memcmp(format.bytes + i, token, sizeof token - 1) == 0) {
      return true;
    }
  }
  return false;
}

static bool is_by_convention(la_text name, la_text convention, bool is_final) {
  return convention.bytes != NULL && !is_final &&
         (name.bytes == NULL || has_constraint_name(convention));
}

static la_status name_thing(const named *thing, la_text convention, bool is_final, la_strbuf *out,
                            la_error *err) {
  if (is_by_convention(thing->name, convention, is_final)) {
    return expand(thing, convention, out, err);
  }
  la_strbuf_text(out, thing->name);
  return la_strbuf_status(out, err);
}

la_status la_constraint_name(const la_constraint *constraint, la_strbuf *out, la_error *err) {
  named thing = {.table = constraint->table,
                 .columns = constraint->columns.items,
                 .column_count = constraint->columns.count,
                 .name = constraint->name};
  if (constraint->kind == LA_CONSTRAINT_FOREIGN_KEY) {
    thing.foreign_key = (la_constraint *)constraint; /* resolving it changes nothing that is seen */
  }
  return name_thing(&thing, constraint->table->metadata->conventions[constraint->kind],
                    constraint->name_is_final, out, err);
}

la_status la_index_name(const la_index *index, la_strbuf *out, la_error *err) {
  named thing = {.table = index->table,
                 .columns = index->columns.items,
                 .column_count = index->columns.count,
                 .name = index->name};
  return name_thing(&thing, index->table->metadata->conventions[LA_CONVENTION_INDEX],
                    index->name_is_final, out, err);
}

bool la_constraint_name_is_made(const la_constraint *constraint) {
  return constraint->name_is_final ||
         is_by_convention(constraint->name,
                          constraint->table->metadata->conventions[constraint->kind], false);
}

bool la_index_name_is_made(const la_index *index) {
  return index->name_is_final ||
         is_by_convention(index->name, index->table->metadata->conventions[LA_CONVENTION_INDEX],
                          false);
}
