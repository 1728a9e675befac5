/* SPDX-License-Identifier: MIT */
/*
 * IN lists at execution: the text with as many placeholders as there are values.
 */
#include "compile/compiled.h"

/* Databases that take a SELECT there get one without rows; for others the condition is closed and
 * made false, or true for NOT IN: `x IN (NULL) AND (1 != 1)`. */
void la_compiled_empty_set(const la_dialect *dialect, uint32_t width, uint8_t expand_op,
                           la_strbuf *out) {
  if (dialect->empty_set_select || expand_op == 0) {
    for (int part = 0; part < 2; part++) {
      la_strbuf_string(out, part == 0 ? "SELECT " : " FROM (SELECT ");
      for (uint32_t i = 0; i < width; i++) {
        la_strbuf_string(out, i == 0 ? "1" : ", 1");
      }
    }
    la_strbuf_string(out, ") WHERE 1!=1");
    return;
  }
  if (width > 1) {
    la_strbuf_char(out, '(');
  }
  for (uint32_t i = 0; i < width; i++) {
    la_strbuf_string(out, i == 0 ? "NULL" : ", NULL");
  }
  la_strbuf_string(out, width > 1 ? ")" : "");
  la_strbuf_string(out, expand_op == 2 ? ") OR (1 = 1" : ") AND (1 != 1");
}

static void append_placeholder(const la_compiled *compiled, const la_compiled_param *param,
                               uint32_t row, uint32_t part, uint32_t number, la_strbuf *out) {
  la_paramstyle style = compiled->dialect->paramstyle;
  if (style == LA_PARAMSTYLE_QMARK) {
    la_strbuf_char(out, '?');
  } else if (style == LA_PARAMSTYLE_NUMERIC_DOLLAR) {
    la_strbuf_format(out, "$%u", number);
  } else {
    la_strbuf_string(out, style == LA_PARAMSTYLE_NAMED ? ":" : "%(");
    la_strbuf_text(out, param->name);
    la_strbuf_format(out, part == 0 ? "_%u" : "_%u_%u", row, part);
    la_strbuf_string(out, style == LA_PARAMSTYLE_NAMED ? "" : ")s");
  }
}

static void append_list(const la_compiled *compiled, const la_compiled_param *param, uint32_t count,
                        uint32_t *number, la_strbuf *out) {
  uint32_t width = param->tuple_width;
  if (count == 0) {
    la_compiled_empty_set(compiled->dialect, width ? width : 1, param->expand_op, out);
    return;
  }
  if (width == 0) {
    for (uint32_t i = 0; i < count; i++) {
      la_strbuf_string(out, i == 0 ? "" : ", ");
      la_strbuf_text(out, param->before);
      append_placeholder(compiled, param, i + 1, 0, ++*number, out);
      la_strbuf_text(out, param->after);
    }
    return;
  }
  la_strbuf_string(out, compiled->dialect->tuple_in_values ? "VALUES " : "");
  for (uint32_t i = 0; i < count / width; i++) {
    la_strbuf_string(out, i == 0 ? "(" : ", (");
    for (uint32_t part = 0; part < width; part++) {
      la_strbuf_string(out, part == 0 ? "" : ", ");
      append_placeholder(compiled, param, i + 1, part + 1, ++*number, out);
    }
    la_strbuf_char(out, ')');
  }
}

la_status la_compiled_expand(const la_compiled *compiled, const uint32_t *counts, la_strbuf *out,
                             la_error *err) {
  return la_compiled_expand_literals(compiled, counts, NULL, out, err);
}

la_status la_compiled_expand_literals(const la_compiled *compiled, const uint32_t *counts,
                                      const la_text *literals, la_strbuf *out, la_error *err) {
  size_t at = 0;
  uint32_t number = 0;
  bool is_numbered = compiled->dialect->paramstyle == LA_PARAMSTYLE_NUMERIC_DOLLAR;
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    const la_compiled_param *param = &compiled->params[i];
    bool is_literal = literals && param->literal;
    if (!param->expanding && !is_numbered && !is_literal) {
      continue;
    }
    la_strbuf_bytes(out, compiled->text.bytes + at, param->text_offset - at);
    at = param->text_offset + param->text_length;
    if (is_literal) {
      la_strbuf_text(out, literals[i]);
    } else if (param->expanding) {
      append_list(compiled, param, counts[i], &number, out);
    } else {
      la_strbuf_format(out, "$%u", ++number);
    }
  }
  la_strbuf_bytes(out, compiled->text.bytes + at, compiled->text.len - at);
  return la_strbuf_status(out, err);
}
