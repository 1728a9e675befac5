/* SPDX-License-Identifier: MIT */
/*
 * SQL-level processing of types: bind_expression around bound values and literals,
 * column_expression around the columns of a result.
 */
#include "compile/compiler.h"

la_status la_compile_wrapped(la_compiler *c, const la_object *expression,
                             const la_wrapped *wrapped) {
  const la_wrapped *outer = c->wrapped;
  la_type *coerced = c->coerced_type;
  uint8_t expand_op = c->expand_op;
  c->wrapped = wrapped;
  c->coerced_type = NULL;
  c->expand_op = 0;
  la_status status =
      la_compile_expr_against(c, (const la_node *)(const void *)expression, LA_AGAINST_ALL);
  c->wrapped = outer;
  c->coerced_type = coerced;
  c->expand_op = expand_op;
  return status;
}

const la_node *la_wrapped_expr(const la_compiler *c) {
  const la_item *item = c->wrapped ? c->wrapped->item : NULL;
  if (!item || !item->expr) {
    return NULL;
  }
  return la_plain_node(item->expr->kind == LA_NODE_LABEL ? item->expr->children[0] : item->expr);
}

la_status la_write_placeholder(la_compiler *c) {
  const la_wrapped *wrapped = c->wrapped;
  if (!wrapped) {
    return la_fail(
        c->err, LA_COMPILE,
        "the argument of bind_expression or column_expression stands for a value only in "
        "what that function gives");
  }
  if (wrapped->item) {
    la_write_table_column(c, wrapped->item->column, wrapped->item->from);
    return LA_OK;
  }
  if (wrapped->param) {
    wrapped->param->type = c->coerced_type ? c->coerced_type : wrapped->param->type;
    return la_put_param(c, wrapped->param);
  }
  if (wrapped->literal) {
    return la_compile_literal(c->dialect, c->coerced_type ? c->coerced_type : wrapped->literal_type,
                              wrapped->literal, c->out, c->err);
  }
  if (*wrapped->position != SIZE_MAX) {
    return la_fail(c->err, LA_COMPILE,
                   "a bind_expression that uses its argument twice cannot stand in an IN list");
  }
  *wrapped->position = c->out->len;
  return LA_OK;
}

la_status la_write_literal(la_compiler *c, la_type *type, const la_value *value) {
  type = la_dialect_type(c->dialect, type);
  if (type && type->bind_expression) {
    la_wrapped wrapped = {.literal = value, .literal_type = type};
    return la_compile_wrapped(c, type->bind_expression, &wrapped);
  }
  return la_compile_literal(c->dialect, type, value, c->out, c->err);
}

static la_status copy_piece(la_compiler *c, const la_strbuf *from, size_t start, size_t end,
                            la_text *out) {
  char *bytes = la_arena_copy(c->arena, from->bytes + start, end - start);
  if (!bytes) {
    return la_fail_nomem(c->err);
  }
  *out = (la_text){bytes, end - start};
  return LA_OK;
}

/* Values of the expression itself are written as literals: each of the list's placeholders would
 * need parameters of its own. */
static la_status write_around(la_compiler *c, const la_type *type, la_compiled_param *list) {
  size_t position = SIZE_MAX;
  bool literal_binds = c->literal_binds;
  la_wrapped wrapped = {.position = &position};
  c->literal_binds = true;
  la_status status = la_compile_wrapped(c, type->bind_expression, &wrapped);
  c->literal_binds = literal_binds;
  LA_TRY(status);
  LA_TRY(la_strbuf_status(c->out, c->err));
  if (position == SIZE_MAX) {
    return la_fail(c->err, LA_COMPILE,
                   "a bind_expression without its argument cannot stand in an IN list");
  }
  LA_TRY(copy_piece(c, c->out, 0, position, &list->before));
  return copy_piece(c, c->out, position, c->out->len, &list->after);
}

la_status la_wrap_list(la_compiler *c, la_compiled_param *list) {
  const la_type *type = la_dialect_type(c->dialect, list->type);
  la_strbuf *out = c->out, text;
  if (!type || !type->bind_expression || list->tuple_width > 0) {
    return LA_OK;
  }
  la_strbuf_init(&text, c->sql->alloc);
  c->out = &text;
  la_status status = write_around(c, type, list);
  c->out = out;
  la_strbuf_clear(&text);
  return status;
}
