/* SPDX-License-Identifier: MIT */
#include "engine/cursor.h"

void la_params_init(la_params *params, la_allocator *alloc) {
  *params = (la_params){0};
  la_arena_init(&params->scratch, alloc);
  la_strbuf_init(&params->text, alloc);
}

void la_params_clear(la_params *params) {
  la_allocator *alloc = params->text.alloc;
  if (alloc == NULL) {
    return;
  }
  la_arena_clear(&params->scratch);
  la_strbuf_clear(&params->text);
  la_vec_clear(alloc, &params->values);
  la_vec_clear(alloc, &params->counts);
  la_vec_clear(alloc, &params->literals);
}

/* What a parameter stands for in one execution: a value, or a list. */
typedef struct source {
  la_value value;
  const la_value *items; /* NULL: `value` */
  uint32_t count;
} source;

static la_status fail_missing(const la_compiled_param *param, la_error *err) {
  return la_fail_code(err, LA_STATEMENT, "cd3x", "A value is required for bind parameter '%.*s'",
                      LA_TEXT_FORMAT(param->name));
}

static la_status find_default(const la_compiled_param *param, source *out, la_error *err) {
  const la_default *what = param->column ? &param->column->defaults[param->slot] : NULL;
  if (what == NULL || what->kind != LA_DEFAULT_VALUE) {
    return fail_missing(param, err);
  }
  out->value = what->value;
  return LA_OK;
}

static la_status find_in_statement(const la_compiled_param *param,
                                   const la_node *const *statement_params, uint32_t count,
                                   source *out, la_error *err) {
  const la_node *node = param->index < count ? statement_params[param->index] : NULL;
  if (node == NULL || (node->flags & LA_PARAM_REQUIRED)) {
    return fail_missing(param, err);
  }
  out->value = node->value;
  if (node->flags & LA_PARAM_EXPANDING) {
    out->items = node->value_count > 0 ? node->values : &node->value; /* an empty list is a list */
    out->count = node->value_count;
  }
  return LA_OK;
}

static la_status bind_one(la_params *params, const la_compiled_param *param, const la_value *value,
                          la_error *err) {
  la_value bound;
  la_error inner;
  la_error_init(&inner);
  la_status status;
  if (value->kind == LA_VALUE_HOST) {
    status = la_fail(&inner, LA_STATEMENT, "a value of this kind cannot be sent to the database");
  } else if (param->type == NULL) {
    bound = *value;
    status = LA_OK;
  } else {
    status = la_type_bind(param->type, value, &bound, &params->scratch, &inner);
  }
  if (status < 0 && status != LA_NOMEM) {
    la_text name = param->column ? param->column->name : param->name;
    return la_fail_code(err, status, inner.code, "(%.*s) %s", LA_TEXT_FORMAT(name), inner.message);
  }
  if (status < 0 || !la_vec_push(params->text.alloc, &params->values, bound)) {
    return la_fail_nomem(err);
  }
  return LA_OK;
}

/* A literal's text, kept in the scratch memory. */
static la_status write_literal(la_params *params, const la_compiled *compiled, uint32_t number,
                               const source *from, la_error *err) {
  const la_compiled_param *param = &compiled->params[number];
  uint32_t count = from->items ? from->count : 1;
  la_status status = LA_OK;
  la_strbuf text;
  char *copy;
  la_strbuf_init(&text, params->text.alloc);
  for (uint32_t i = 0; i < count && status == LA_OK; i++) {
    la_strbuf_string(&text, i ? ", " : "");
    status = la_compile_literal(compiled->dialect, param->type,
                                from->items ? &from->items[i] : &from->value, &text, err);
  }
  if (status == LA_OK && count == 0) {
    la_compiled_empty_set(compiled->dialect, param->tuple_width ? param->tuple_width : 1,
                          param->expand_op, &text);
  }
  if (status == LA_OK) {
    copy = la_arena_copy(&params->scratch, text.len ? text.bytes : "", text.len);
    status = text.failed || copy == NULL ? la_fail_nomem(err) : LA_OK;
    params->literals.items[number] = (la_text){copy, text.len};
  }
  la_strbuf_clear(&text);
  return status;
}

static la_status add_param(la_params *params, const la_compiled *compiled, uint32_t number,
                           const source *from, la_error *err) {
  const la_compiled_param *param = &compiled->params[number];
  if (param->literal) {
    return write_literal(params, compiled, number, from, err);
  }
  if (!param->expanding) {
    return bind_one(params, param, &from->value, err);
  }
  if (from->items == NULL && from->value.kind != LA_VALUE_NULL) {
    return la_fail(err, LA_STATEMENT, "(%.*s) a list of values is expected",
                   LA_TEXT_FORMAT(param->name));
  }
  params->counts.items[number] = from->count;
  for (uint32_t i = 0; i < from->count; i++) {
    LA_TRY(bind_one(params, param, &from->items[i], err));
  }
  return LA_OK;
}

la_status la_params_own(la_params *params, size_t first, size_t *bytes, la_error *err) {
  for (size_t i = first; i < params->values.count; i++) {
    la_value *value = &params->values.items[i];
    if (la_value_has_bytes(value) && value->len > 0) {
      char *copy = la_arena_copy(&params->scratch, value->as.bytes, value->len);
      if (copy == NULL) {
        return la_fail_nomem(err);
      }
      value->as.bytes = copy;
      *bytes += value->len;
    }
  }
  return LA_OK;
}

void la_params_shrink(la_params *params) {
  if (params->values.count > 1024) {
    la_vec_clear(params->text.alloc, &params->values);
    la_arena_clear(&params->scratch);
  }
}

static la_status start(la_params *params, const la_compiled *compiled, la_error *err) {
  la_allocator *alloc = params->text.alloc;
  if (params->gathers) {
    return LA_OK;
  }
  la_arena_clear(&params->scratch);
  la_strbuf_reset(&params->text);
  params->values.count = 0;
  if (compiled->has_expanding) {
    params->counts.count = params->literals.count = 0;
    if (!la_vec_reserve(alloc, &params->counts, compiled->param_count) ||
        !la_vec_reserve(alloc, &params->literals, compiled->param_count)) {
      return la_fail_nomem(err);
    }
    memset(params->counts.items, 0, compiled->param_count * sizeof *params->counts.items);
    memset(params->literals.items, 0, compiled->param_count * sizeof *params->literals.items);
  }
  return LA_OK;
}

la_status la_params_fill(la_params *params, const la_compiled *compiled,
                         const la_node *const *statement_params, uint32_t statement_param_count,
                         la_param_lookup lookup, void *context, la_text *text_out, la_error *err) {
  LA_TRY(start(params, compiled, err));
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    const la_compiled_param *param = &compiled->params[i];
    source from = {.value = LA_VALUE_NONE};
    bool found = false;
    if (param->source == LA_PARAM_FROM_CONSTANT) {
      from.value = param->constant;
      found = true;
    } else if (lookup != NULL) {
      params->items = NULL;
      params->item_count = 0;
      LA_TRY(lookup(context, i, param, &from.value, &found, err));
      from.items = params->items;
      from.count = params->item_count;
    }
    if (!found && param->source == LA_PARAM_FROM_STATEMENT) {
      LA_TRY(find_in_statement(param, statement_params, statement_param_count, &from, err));
    } else if (!found && param->source == LA_PARAM_FROM_DEFAULT) {
      LA_TRY(find_default(param, &from, err));
    } else if (!found) {
      return fail_missing(param, err);
    }
    LA_TRY(add_param(params, compiled, i, &from, err));
  }
  *text_out = compiled->text;
  if (compiled->has_expanding) {
    LA_TRY(la_compiled_expand_literals(compiled, params->counts.items, params->literals.items,
                                       &params->text, err));
    *text_out = la_strbuf_view(&params->text);
  }
  return LA_OK;
}
