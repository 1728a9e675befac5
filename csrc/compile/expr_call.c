/* SPDX-License-Identifier: MIT */
/*
 * Functions, windows, CASE, CAST and EXTRACT.
 */
#include "compile/compiler.h"

/* Functions that are written in a way of their own. Without arguments a bare one has no
 * parentheses. */
typedef struct known_function {
  const char *name;
  const char *text;
  bool is_bare;
} known_function;

static const known_function known_functions[] = {
    {"coalesce", "coalesce", false},
    {"cube", "CUBE", false},
    {"current_date", "CURRENT_DATE", true},
    {"current_time", "CURRENT_TIME", true},
    {"current_timestamp", "CURRENT_TIMESTAMP", true},
    {"current_user", "CURRENT_USER", true},
    {"grouping_sets", "GROUPING SETS", false},
    {"localtime", "LOCALTIME", true},
    {"localtimestamp", "LOCALTIMESTAMP", true},
    {"random", "random", false},
    {"rollup", "ROLLUP", false},
    {"session_user", "SESSION_USER", true},
    {"sysdate", "sysdate", true},
    {"user", "USER", true},
};

static const known_function *find_known(la_text name) {
  for (size_t i = 0; i < sizeof known_functions / sizeof known_functions[0]; i++) {
    if (la_text_equal_nocase(name, la_text_of(known_functions[i].name))) {
      return &known_functions[i];
    }
  }
  return NULL;
}

/* "package.name": each part in quotes if it has unusual characters. */
static void put_function_name(la_compiler *c, la_text name) {
  size_t from = 0;
  for (size_t i = 0; i <= name.len; i++) {
    if (i < name.len && name.bytes[i] != '.') {
      continue;
    }
    la_text part = {name.bytes + from, i - from};
    if (la_ident_has_illegal_characters(part)) {
      la_put_ident(c, part);
    } else {
      la_put_text(c, part);
    }
    if (i < name.len) {
      la_strbuf_char(c->out, '.');
    }
    from = i + 1;
  }
}

la_status la_write_arguments(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  la_strbuf_char(c->out, '(');
  for (uint32_t i = 0; i < node->count; i++) {
    bool is_order = node->children[i]->kind == LA_NODE_LIST;
    if (is_order || i > 0) {
      LA_TRY(la_push_string(c, is_order ? " ORDER BY " : ", "));
    }
    LA_TRY(la_push(c, node->children[i], LA_AGAINST_COMMA, -1));
  }
  LA_TRY(la_push_string(c, ")"));
  la_push_turn(c, base);
  return LA_OK;
}

/* (json_each(x)).value */
la_status la_write_field(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  la_strbuf name;
  la_strbuf_init(&name, c->sql->alloc);
  la_strbuf_string(&name, ").");
  la_compile_ident(c->dialect, node->text, &name);
  la_text view = la_strbuf_view(&name);
  const char *bytes = name.failed ? NULL : la_arena_copy(&c->scratch, view.bytes, view.len);
  la_strbuf_clear(&name);
  if (!bytes) {
    return la_fail_nomem(c->err);
  }
  la_strbuf_char(c->out, '(');
  LA_TRY(la_push(c, node->children[0], LA_AGAINST_FREE, 0));
  LA_TRY(la_push_bytes(c, (la_text){bytes, view.len}));
  la_push_turn(c, base);
  return LA_OK;
}

la_status la_write_next_value(la_compiler *c, const la_node *node) {
  if (!c->dialect->supports_sequences) {
    return la_fail(c->err, LA_COMPILE, "Dialect '%s' does not support sequence increments.",
                   c->dialect->name);
  }
  la_put(c, "<next sequence value: ");
  la_put_literal_table(c, node);
  la_strbuf_char(c->out, '>');
  return LA_OK;
}

la_status la_write_function(la_compiler *c, const la_node *node) {
  if (c->dialect->function) {
    bool done = false;
    LA_TRY(c->dialect->function(c, node, &done));
    if (done) {
      return LA_OK;
    }
  }
  const known_function *known = find_known(node->text);
  if (known) {
    la_put(c, known->text);
    if (known->is_bare && node->count == 0) {
      return LA_OK;
    }
  } else {
    put_function_name(c, node->text);
  }
  return la_write_arguments(c, node);
}

/* One end of a frame; `kind` as in la_frame_bound. */
static la_status push_bound(la_compiler *c, const la_node *bound, la_frame_bound kind,
                            bool is_end) {
  switch (kind) {
  case LA_FRAME_UNBOUNDED:
    return la_push_string(c, is_end ? "UNBOUNDED FOLLOWING" : "UNBOUNDED PRECEDING");
  case LA_FRAME_CURRENT:
    return la_push_string(c, "CURRENT ROW");
  default:
    LA_TRY(la_push(c, bound, LA_AGAINST_FREE, 0));
    return la_push_string(c, kind == LA_FRAME_PRECEDING ? " PRECEDING" : " FOLLOWING");
  }
}

static la_status push_frame(la_compiler *c, const la_node *frame) {
  static const char *const units[] = {"ROWS BETWEEN ", "RANGE BETWEEN ", "GROUPS BETWEEN "};
  int64_t kinds = frame->value.as.integer;
  LA_TRY(la_push_string(c, units[frame->op < 3 ? frame->op : 0]));
  LA_TRY(push_bound(c, la_node_child(frame, 0), (la_frame_bound)(kinds & 15), false));
  LA_TRY(la_push_string(c, " AND "));
  LA_TRY(push_bound(c, la_node_child(frame, 1), (la_frame_bound)(kinds >> 4 & 15), true));
  if (frame->text.bytes) {
    LA_TRY(la_push_string(c, " EXCLUDE "));
    LA_TRY(la_push_bytes(c, frame->text));
  }
  return LA_OK;
}

la_status la_write_over(la_compiler *c, const la_node *node) {
  static const char *const words[] = {NULL, "PARTITION BY ", "ORDER BY "};
  size_t base = c->work.count;
  bool is_first = true;
  LA_TRY(la_push(c, node->children[0], LA_AGAINST_FREE, 0));
  LA_TRY(la_push_string(c, " OVER ("));
  for (uint32_t i = 1; i <= 2; i++) {
    const la_node *list = la_node_child(node, i);
    if (!list || list->count == 0) {
      continue;
    }
    LA_TRY(la_push_string(c, is_first ? "" : " "));
    LA_TRY(la_push_string(c, words[i]));
    LA_TRY(la_push(c, list, LA_AGAINST_COMMA, -1));
    is_first = false;
  }
  const la_node *frame = la_node_child(node, 3);
  if (frame) {
    LA_TRY(la_push_string(c, is_first ? "" : " "));
    LA_TRY(push_frame(c, frame));
  }
  LA_TRY(la_push_string(c, ")"));
  la_push_turn(c, base);
  return LA_OK;
}

la_status la_write_case(la_compiler *c, const la_node *node) {
  size_t base = c->work.count;
  la_put(c, "CASE ");
  if (node->children[0]) {
    LA_TRY(la_push(c, node->children[0], LA_AGAINST_FREE, 0));
    LA_TRY(la_push_string(c, " "));
  }
  for (uint32_t i = 2; i + 1 < node->count; i += 2) {
    LA_TRY(la_push_string(c, "WHEN "));
    LA_TRY(la_push(c, node->children[i], LA_AGAINST_ALL, 0));
    LA_TRY(la_push_string(c, " THEN "));
    LA_TRY(la_push(c, node->children[i + 1], LA_AGAINST_FREE, 0));
    LA_TRY(la_push_string(c, " "));
  }
  if (node->children[1]) {
    LA_TRY(la_push_string(c, "ELSE "));
    LA_TRY(la_push(c, node->children[1], LA_AGAINST_FREE, 0));
    LA_TRY(la_push_string(c, " "));
  }
  LA_TRY(la_push_string(c, "END"));
  la_push_turn(c, base);
  return LA_OK;
}

/* " AS VARCHAR(10)) COLLATE x" */
static la_status cast_end(la_compiler *c, const la_type *type, la_text *out) {
  la_strbuf text;
  la_strbuf_init(&text, c->sql->alloc);
  la_strbuf_string(&text, " AS ");
  la_status status = la_compile_type(c->dialect, type, &text, c->err);
  size_t close = text.len;
  for (size_t i = 0; status >= 0 && i + 9 < text.len && close == text.len; i++) {
    close = memcmp(text.bytes + i, " COLLATE ", 9) == 0 ? i : close;
  }
  la_strbuf_insert(&text, close, LA_TEXT_LITERAL(")"));
  if (status >= 0) {
    status = la_strbuf_status(&text, c->err);
  }
  if (status >= 0) {
    char *bytes = la_arena_copy(&c->scratch, text.bytes, text.len);
    *out = (la_text){bytes, text.len};
    status = bytes ? LA_OK : la_fail_nomem(c->err);
  }
  la_strbuf_clear(&text);
  return status;
}

/* CAST(x AS VARCHAR(10)): a collation of the type comes behind the parentheses. */
la_status la_write_cast(la_compiler *c, const la_node *node) {
  if (c->dialect->cast) {
    return c->dialect->cast(c, node);
  }
  if (node->op == 1 && !c->dialect->supports_try_cast) {
    return la_fail(c->err, LA_COMPILE, "dialect \"%s\" does not support TRY_CAST",
                   c->dialect->name);
  }
  la_put(c, node->op == 1 ? "TRY_CAST(" : "CAST(");
  la_text end;
  LA_TRY(cast_end(c, node->type, &end));
  LA_TRY(la_push_bytes(c, end));
  return la_push(c, node->children[0], LA_AGAINST_FREE, 0);
}

la_status la_write_extract(la_compiler *c, const la_node *node) {
  if (c->dialect->extract) {
    return c->dialect->extract(c, node);
  }
  la_put(c, "EXTRACT(");
  la_put_text(c, node->text);
  la_put(c, " FROM ");
  LA_TRY(la_push_string(c, ")"));
  return la_push(c, node->children[0], LA_AGAINST_FREE, 0);
}
