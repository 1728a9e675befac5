/* SPDX-License-Identifier: MIT */
/*
 * text(): finds the `:name`s in SQL text.
 */
#include "sql/expr.h"

#include "base/vec.h"

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         (unsigned char)c >= 0x80;
}

bool la_text_next_bind(la_text text, size_t *at, la_text *name_out) {
  for (size_t i = *at; i < text.len; i++) {
    size_t end = i + 1;
    char before = i > 0 ? text.bytes[i - 1] : ' ';
    if (text.bytes[i] != ':' || before == ':' || before == '\\' || is_word(before)) {
      continue;
    }
    while (end < text.len && is_word(text.bytes[end])) {
      end++;
    }
    if (end == i + 1 || (end < text.len && text.bytes[end] == ':')) {
      continue;
    }
    *name_out = (la_text){text.bytes + i + 1, end - i - 1};
    *at = end;
    return true;
  }
  *at = text.len;
  return false;
}

static bool is_known(la_node *const *params, size_t count, la_text name) {
  for (size_t i = 0; i < count; i++) {
    if (la_text_equal(params[i]->text, name)) {
      return true;
    }
  }
  return false;
}

la_node *la_expr_text(const la_sql *sql, la_text text) {
  LA_VEC(la_node *) params = {0};
  la_node *node = NULL;
  la_text name;
  size_t at = 0;
  bool complete = true;
  while (complete && la_text_next_bind(text, &at, &name)) {
    la_node *param;
    if (is_known(params.items, params.count, name)) {
      continue;
    }
    param = la_expr_bindparam(sql, name, NULL, NULL, LA_PARAM_REQUIRED);
    complete = param != NULL && la_vec_push(sql->alloc, &params, param);
    if (!complete) {
      la_node_release(param);
    }
  }
  if (complete) {
    node = la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_TEXT,
                                                    .type = sql->types->null,
                                                    .text = text,
                                                    .children = params.items,
                                                    .count = (uint32_t)params.count});
  }
  for (size_t i = 0; i < params.count; i++) {
    la_node_release(params.items[i]);
  }
  la_vec_clear(sql->alloc, &params);
  return node;
}
