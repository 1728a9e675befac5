/* SPDX-License-Identifier: MIT */
/*
 * INSERT of many rows: the text of one row, its placeholders repeated.
 *
 *   INSERT INTO users (name, age) VALUES (?, ?), (?, ?), …
 */
#include "compile/compiled.h"

/* The most placeholders that SQLite takes. */
#define MOST_PARAMS 32766u

/* Whether the text does nothing but insert one row of placeholders: `row` is " (?, ?)". */
static bool is_plain(const la_compiled *compiled, la_text row) {
  static const char start[] = "INSERT INTO ", end[] = " VALUES";
  size_t start_len = sizeof start - 1, end_len = sizeof end - 1;
  la_text text = compiled->text;
  if (text.len < start_len + end_len + row.len || memcmp(text.bytes, start, start_len) != 0) {
    return false;
  }
  const char *at = text.bytes + text.len - row.len;
  return memcmp(at, row.bytes, row.len) == 0 && memcmp(at - end_len, end, end_len) == 0;
}

la_status la_compiled_make_many(la_compiled *compiled, la_allocator *alloc, la_error *err) {
  uint32_t count = compiled->param_count;
  la_strbuf row, text;
  la_status status;
  if (compiled->many.len > 0 || compiled->kind != LA_STATEMENT_INSERT || compiled->has_expanding ||
      compiled->dialect->paramstyle != LA_PARAMSTYLE_QMARK || count == 0 ||
      count > MOST_PARAMS / LA_ROWS_TOGETHER) {
    return LA_OK;
  }
  la_strbuf_init(&row, alloc);
  la_strbuf_init(&text, alloc);
  la_strbuf_string(&row, " (?");
  for (uint32_t i = 1; i < count; i++) {
    la_strbuf_string(&row, ", ?");
  }
  la_strbuf_char(&row, ')');
  la_text marks = la_strbuf_view(&row);
  if (!row.failed && is_plain(compiled, marks)) {
    la_strbuf_text(&text, compiled->text);
    for (uint32_t i = 1; i < LA_ROWS_TOGETHER; i++) {
      la_strbuf_char(&text, ',');
      la_strbuf_text(&text, marks);
    }
    compiled->many.bytes = la_arena_copy(&compiled->arena, la_strbuf_view(&text).bytes, text.len);
    compiled->many.len = compiled->many.bytes != NULL ? text.len : 0;
  }
  status = row.failed || text.failed ? la_fail_nomem(err) : LA_OK;
  la_strbuf_clear(&row);
  la_strbuf_clear(&text);
  return status;
}
