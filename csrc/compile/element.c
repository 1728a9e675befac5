/* SPDX-License-Identifier: MIT */
/*
 * Elements of the program's own classes: the SQL that they have for the dialect, with their parts
 * written where they belong.
 */
#include "compile/compiler.h"

static const la_node *markup_for(const la_compiler *c, const la_node *element) {
  const la_node *otherwise = NULL;
  for (uint32_t i = 0; i + 1 < element->count; i += 2) {
    la_text dialect = element->children[i]->text;
    if (la_text_is(dialect, c->dialect->name)) {
      return element->children[i + 1];
    }
    otherwise = dialect.len == 0 ? element->children[i + 1] : otherwise;
  }
  return otherwise;
}

/* A statement that nothing encloses brings its CTEs along. */
static la_status write_part(la_compiler *c, const la_node *part, char kind) {
  part = la_plain_node(part);
  if (kind == LA_MARKUP_FROM) {
    return la_compile_from(c, part);
  }
  if (la_node_is_statement(part)) {
    return la_compile_statement(c, part, (la_place){.is_top = c->scope == NULL});
  }
  return la_compile_expr(c, part);
}

la_status la_write_element(la_compiler *c, const la_node *node) {
  const la_node *markup = markup_for(c, node);
  if (!markup) {
    return la_fail(c->err, LA_UNSUPPORTED_COMPILATION,
                   "Compiler for dialect \"%s\" can't render element of type %.*s: it has no "
                   "function for it and no default one; give it one by compiles(%.*s)",
                   c->dialect->name, LA_TEXT_FORMAT(la_value_bytes(&node->value)),
                   LA_TEXT_FORMAT(la_value_bytes(&node->value)));
  }
  la_text text = markup->text;
  size_t from = 0;
  uint32_t part = 0;
  for (size_t i = 0; i + 1 < text.len; i++) {
    if (text.bytes[i] == LA_MARKUP_PART && part < markup->count) {
      la_put_text(c, (la_text){text.bytes + from, i - from});
      LA_TRY(write_part(c, markup->children[part++], text.bytes[i + 1]));
      from = i + 2;
      i++;
    }
  }
  la_put_text(c, (la_text){text.bytes + from, text.len - from});
  return LA_OK;
}
