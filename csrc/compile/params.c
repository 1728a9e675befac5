/* SPDX-License-Identifier: MIT */
/*
 * Parameters: their names, placeholders, and where each one's value comes from.
 */
#include "compile/compiler.h"

/* The number that the statement's key gives to `node`, or UINT32_MAX. Parameters mostly come in the
 * key's order, so the next one is tried first; a map is made when one comes out of order. */
static uint32_t statement_index(la_compiler *c, const la_node *node) {
  const la_compile_options *options = c->options;
  if (!options->params) {
    return UINT32_MAX;
  }
  if (c->next_param < options->param_count && options->params[c->next_param] == node) {
    return c->next_param++;
  }
  if (options->param_count <= 16) {
    for (uint32_t i = 0; i < options->param_count; i++) {
      if (options->params[i] == node) {
        c->next_param = i + 1;
        return i;
      }
    }
    return UINT32_MAX;
  }
  if (c->index_map.count == 0) {
    for (uint32_t i = options->param_count; i > 0; i--) {
      if (!la_map_set_pointer(&c->index_map, c->sql->alloc, options->params[i - 1],
                              (void *)(uintptr_t)i)) {
        la_fail_nomem(c->err);
        return UINT32_MAX;
      }
    }
  }
  uintptr_t found = (uintptr_t)la_map_get_pointer(&c->index_map, node);
  if (found == 0) {
    return UINT32_MAX;
  }
  c->next_param = (uint32_t)found;
  return (uint32_t)found - 1;
}

static const la_seen_param *find_seen(la_compiler *c, const la_node *node) {
  if (c->seen_map.count > 0) {
    uintptr_t found = (uintptr_t)la_map_get_pointer(&c->seen_map, node);
    return found ? &c->seen.items[found - 1] : NULL;
  }
  for (size_t i = 0; i < c->seen.count; i++) {
    if (c->seen.items[i].node == node) {
      return &c->seen.items[i];
    }
  }
  return NULL;
}

static la_status add_seen(la_compiler *c, la_seen_param entry) {
  la_allocator *alloc = c->sql->alloc;
  if (!la_vec_push(alloc, &c->seen, entry)) {
    return la_fail_nomem(c->err);
  }
  if (c->seen.count > 16) {
    for (size_t i = c->seen_map.count; i < c->seen.count; i++) {
      if (!la_map_set_pointer(&c->seen_map, alloc, c->seen.items[i].node,
                              (void *)(uintptr_t)(i + 1))) {
        return la_fail_nomem(c->err);
      }
    }
  }
  return LA_OK;
}

/* Two different parameters must not share a name if one of them was to have it alone. */
/* A bindparam() may not have the name of a column whose value execution gives. */
static la_status check_reserved(la_compiler *c, la_text name) {
  for (size_t i = 0; c->compiled->table != NULL && i < c->params->count; i++) {
    const la_compiled_param *other = &c->params->items[i];
    if (i > c->compiled->table->columns.count) {
      break; /* those of columns come first */
    }
    if (other->source == LA_PARAM_FROM_EXECUTION && other->index != UINT32_MAX &&
        la_text_equal(other->name, name)) {
      return la_fail(c->err, LA_COMPILE,
                     "bindparam() name '%.*s' is reserved for automatic usage in the VALUES or SET "
                     "clause of this insert/update statement. Please use a name other than column "
                     "name when using bindparam() with insert() or update() (for example, "
                     "'b_%.*s').",
                     LA_TEXT_FORMAT(name), LA_TEXT_FORMAT(name));
    }
  }
  return LA_OK;
}

static la_status conflicting_name(la_compiler *c, la_text name) {
  return la_fail(c->err, LA_COMPILE,
                 "Bind parameter '%.*s' conflicts with unique bind parameter of the same name",
                 LA_TEXT_FORMAT(name));
}

/* Without underscores at its ends. */
static la_text trim_base(la_text base) {
  while (base.len > 0 && base.bytes[0] == '_') {
    base = (la_text){base.bytes + 1, base.len - 1};
  }
  while (base.len > 0 && base.bytes[base.len - 1] == '_') {
    base.len--;
  }
  return base;
}

/* `base` as part of a number's name: what placeholders could not hold is "_". */
static la_text plain_base(la_compiler *c, la_text base) {
  size_t len = 0;
  char *bytes;
  if (strcspn(base.bytes, "%() $") >= base.len) {
    return trim_base(base);
  }
  bytes = la_arena_alloc(&c->scratch, base.len + 1);
  for (size_t i = 0; bytes && i < base.len; i++) {
    bool is_plain = !strchr("%() $", base.bytes[i]);
    if (is_plain || len == 0 || i == 0 || !strchr("%() $", base.bytes[i - 1])) {
      bytes[len++] = is_plain ? base.bytes[i] : '_';
    }
  }
  return bytes ? trim_base((la_text){bytes, len}) : LA_TEXT_NONE;
}

static la_status check_name(la_compiler *c, const la_node *node, la_text name) {
  if (node->flags & LA_PARAM_UNIQUE) {
    return LA_OK;
  }
  LA_TRY(check_reserved(c, name));
  for (size_t i = 0; i < c->seen.count; i++) {
    const la_seen_param *seen = &c->seen.items[i];
    if (!la_text_equal(seen->name, name) || seen->node == node) {
      continue;
    }
    if (seen->node->flags & LA_PARAM_UNIQUE) {
      return conflicting_name(c, name);
    }
    if ((seen->node->flags ^ node->flags) & LA_PARAM_EXPANDING) {
      return la_fail(c->err, LA_COMPILE,
                     "Can't reuse bound parameter name '%.*s' in both 'expanding' (e.g. within an "
                     "IN expression) and "
                     "non-expanding contexts.  If this parameter is to receive a list/array value, "
                     "set 'expanding=True' on "
                     "it for expressions that aren't IN, otherwise use a different parameter name.",
                     LA_TEXT_FORMAT(name));
    }
  }
  return la_map_set(&c->given_names, c->sql->alloc, name, c) ? LA_OK : la_fail_nomem(c->err);
}

/* A name without the characters that would end it. */
static void put_name(la_compiler *c, la_text name) {
  static const char from[] = "%():.[] ", to[] = "PAZC____";
  for (size_t i = 0; i < name.len; i++) {
    const char *found = name.bytes[i] ? strchr(from, name.bytes[i]) : NULL;
    la_strbuf_char(c->out, found ? to[found - from] : name.bytes[i]);
  }
}

static void put_placeholder(la_compiler *c, la_compiled_param *param) {
  param->text_offset = c->out->len;
  if (param->expanding || param->literal) {
    la_put(c, "__[POSTCOMPILE_");
    put_name(c, param->name);
    if (param->before.len + param->after.len > 0) {
      la_put(c, "~~");
      la_put_text(c, param->before);
      la_put(c, "~~REPL~~");
      la_put_text(c, param->after);
      la_put(c, "~~");
    }
    la_strbuf_char(c->out, ']');
  } else {
    switch (c->dialect->paramstyle) {
    case LA_PARAMSTYLE_QMARK:
      la_strbuf_char(c->out, '?');
      break;
    case LA_PARAMSTYLE_NAMED:
      la_strbuf_char(c->out, ':');
      put_name(c, param->name);
      break;
    case LA_PARAMSTYLE_NUMERIC_DOLLAR:
      la_strbuf_format(c->out, "$%zu", c->params->count + 1);
      break;
    case LA_PARAMSTYLE_PYFORMAT:
      la_put(c, "%(");
      la_put_text(c, param->name);
      la_put(c, ")s");
      break;
    }
  }
  param->text_length = c->out->len - param->text_offset;
}

la_status la_put_param(la_compiler *c, la_compiled_param *param) {
  put_placeholder(c, param);
  param->type = la_object_retain(la_dialect_type(c->dialect, param->type));
  if (!la_vec_push(c->sql->alloc, c->params, *param)) {
    la_object_release(param->type);
    return la_fail_nomem(c->err);
  }
  c->compiled->has_expanding |= param->expanding || param->literal;
  return LA_OK;
}

static la_status add_param(la_compiler *c, la_compiled_param *param) {
  const la_type *type = la_dialect_type(c->dialect, param->type);
  if (!type || !type->bind_expression) {
    return la_put_param(c, param);
  }
  if (param->expanding) {
    LA_TRY(la_wrap_list(c, param));
    return la_put_param(c, param);
  }
  la_wrapped wrapped = {.param = param};
  return la_compile_wrapped(c, type->bind_expression, &wrapped);
}

/* The values of an IN list as literals. */
static la_status put_literal_list(la_compiler *c, const la_node *node, la_type *type) {
  uint32_t width = node->flags & LA_PARAM_TUPLE ? (uint32_t)node->value.as.integer : 1;
  if (node->value_count == 0) {
    la_compiled_empty_set(c->dialect, width, c->expand_op, c->out);
    return LA_OK;
  }
  if (node->flags & LA_PARAM_TUPLE && c->dialect->tuple_in_values) {
    la_put(c, "VALUES ");
  }
  for (uint32_t i = 0; i < node->value_count; i++) {
    bool is_first = i % width == 0;
    la_put(c, i == 0 ? "" : ", ");
    la_put(c, width > 1 && is_first ? "(" : "");
    LA_TRY(la_write_literal(c, width > 1 ? NULL : type, &node->values[i]));
    la_put(c, width > 1 && i % width == width - 1 ? ")" : "");
  }
  return LA_OK;
}

static la_status put_literal(la_compiler *c, const la_node *node, la_type *type) {
  if (node->flags & LA_PARAM_EXPANDING) {
    la_strbuf_char(c->out, '(');
    LA_TRY(put_literal_list(c, node, type));
    la_strbuf_char(c->out, ')');
    return LA_OK;
  }
  if (node->flags & LA_PARAM_REQUIRED) {
    la_warn(
        c->sql->warnings,
        "Bound parameter '%.*s' rendering literal NULL in a SQL expression; comparisons to NULL "
        "should not use operators outside of 'is' or 'is not'",
        LA_TEXT_FORMAT(node->text));
    la_put(c, "NULL");
    return LA_OK;
  }
  return la_write_literal(c, type, &node->value);
}

static la_status take_name(la_compiler *c, const la_node *node, la_text name, la_seen_param *out) {
  /* Values inside a type's expression are new ones wherever it is written. */
  bool is_repeated = c->wrapped && node->flags & LA_PARAM_UNIQUE;
  const la_seen_param *seen = is_repeated ? NULL : find_seen(c, node);
  if (seen) {
    *out = *seen;
    return LA_OK;
  }
  if (!name.bytes) {
    name = node->text.bytes ? node->text : LA_TEXT_LITERAL("param");
    bool is_unique = (node->flags & LA_PARAM_UNIQUE) != 0;
    name = is_unique ? la_new_anon_name(c, plain_base(c, name)) : la_truncate_name(c, name);
    if (!name.bytes) {
      return la_fail_nomem(c->err);
    }
    if (is_unique && c->given_names.count > 0 && la_map_get(&c->given_names, name)) {
      return conflicting_name(c, name);
    }
  }
  LA_TRY(check_name(c, node, name));
  *out = (la_seen_param){node, name, statement_index(c, node)};
  return add_seen(c, *out);
}

/* Bytes of names lie in nodes, which the compiled statement outlives. */
static la_status keep_name(la_compiler *c, la_text *name) {
  char *bytes = la_arena_copy(c->arena, name->bytes, name->len);
  if (!bytes) {
    return la_fail_nomem(c->err);
  }
  name->bytes = bytes;
  return LA_OK;
}

/* The name of item `i` of a list of single values or tuples: "id_1_2", "id_1_2_1". */
static la_text item_name(la_compiler *c, const la_compiled_param *list, uint32_t i) {
  uint32_t width = list->tuple_width;
  la_text name = la_numbered_name(c, list->name, width ? i / width + 1 : i + 1);
  return width && name.bytes ? la_numbered_name(c, name, i % width + 1) : name;
}

/* render_postcompile: a parameter for each value that the list has now. */
static la_status write_values(la_compiler *c, const la_node *node, la_compiled_param *list) {
  uint32_t width = list->tuple_width;
  if (node->value_count == 0) {
    la_compiled_empty_set(c->dialect, width ? width : 1, list->expand_op, c->out);
    return LA_OK;
  }
  la_put(c, width > 0 && c->dialect->tuple_in_values ? "VALUES " : "");
  for (uint32_t i = 0; i < node->value_count; i++) {
    la_compiled_param param = {.source = LA_PARAM_FROM_CONSTANT,
                               .type = width ? NULL : list->type,
                               .column = list->column};
    param.name = item_name(c, list, i);
    if (!param.name.bytes || !la_value_copy(c->arena, &node->values[i], &param.constant)) {
      return la_fail_nomem(c->err);
    }
    la_put(c, i == 0 ? "" : ", ");
    la_put(c, width && i % width == 0 ? "(" : "");
    LA_TRY(add_param(c, &param));
    la_put(c, width && i % width == width - 1 ? ")" : "");
  }
  return LA_OK;
}

la_status la_compile_param_as(la_compiler *c, const la_node *node, la_text name,
                              la_column *column) {
  la_type *type = node->type;
  if (c->coerced_type) {
    type = c->coerced_type;
  } else if (column && (!type || !(node->flags & LA_TYPE_IS_EXACT))) {
    type = column->type;
  }
  if (c->literal_binds) {
    return put_literal(c, node, type);
  }
  bool is_literal = (node->flags & LA_PARAM_LITERAL) != 0 || c->literal_execute;
  if (c->options->render_postcompile && (is_literal || node->flags & LA_PARAM_EXPANDING)) {
    if (node->flags & LA_PARAM_REQUIRED) {
      return la_fail_code(c->err, LA_INVALID_REQUEST, "cd3x",
                          "A value is required for bind parameter '%.*s'",
                          LA_TEXT_FORMAT(node->text));
    }
    if (is_literal) {
      return put_literal(c, node, type);
    }
  }
  la_seen_param seen = {0};
  LA_TRY(take_name(c, node, name, &seen));
  la_compiled_param param = {
      .source = LA_PARAM_FROM_STATEMENT,
      .name = seen.name,
      .index = seen.index,
      .type = type,
      .column = column,
      .expanding = (node->flags & LA_PARAM_EXPANDING) != 0,
      .literal = is_literal,
      .tuple_width = node->flags & LA_PARAM_TUPLE ? (uint32_t)node->value.as.integer : 0,
      .expand_op = c->expand_op,
  };
  LA_TRY(keep_name(c, &param.name));
  if (seen.index == UINT32_MAX) {
    param.source =
        node->flags & LA_PARAM_REQUIRED ? LA_PARAM_FROM_EXECUTION : LA_PARAM_FROM_CONSTANT;
    if (!la_value_copy(c->arena, &node->value, &param.constant)) {
      return la_fail_nomem(c->err);
    }
  }
  la_put(c, param.expanding ? "(" : "");
  LA_TRY(param.expanding && c->options->render_postcompile ? write_values(c, node, &param)
                                                           : add_param(c, &param));
  la_put(c, param.expanding ? ")" : "");
  return LA_OK;
}

la_status la_compile_param(la_compiler *c, const la_node *node) {
  return la_compile_param_as(c, node, LA_TEXT_NONE, NULL);
}

la_status la_compile_constant(la_compiler *c, la_text base, la_value value, la_type *type) {
  if (c->literal_binds) {
    return la_write_literal(c, type, &value);
  }
  la_compiled_param param = {
      .source = LA_PARAM_FROM_CONSTANT, .name = la_new_anon_name(c, base), .type = type};
  if (!param.name.bytes || !la_value_copy(c->arena, &value, &param.constant)) {
    return la_fail_nomem(c->err);
  }
  return add_param(c, &param);
}

la_status la_compile_column_param(la_compiler *c, la_param_source source, la_text name,
                                  la_column *column, la_default_slot slot) {
  la_compiled_param param = {.source = source,
                             .name = name,
                             .type = column ? column->type : NULL,
                             .column = column,
                             .slot = slot};
  LA_TRY(keep_name(c, &param.name));
  return add_param(c, &param);
}

la_status la_compile_null_param(la_compiler *c, la_text name, la_column *column) {
  la_compiled_param param = {.source = LA_PARAM_FROM_CONSTANT,
                             .name = name,
                             .type = column ? column->type : NULL,
                             .column = column};
  LA_TRY(keep_name(c, &param.name));
  return add_param(c, &param);
}
