/* SPDX-License-Identifier: MIT */
/*
 * The whole of one compilation: sets the state up, has the statement written, and makes the
 * compiled statement of it.
 */
#include "compile/compiler.h"

#include "base/clock.h"
#include "sql/key.h"

static void destroy_compiled(la_object *object) {
  la_compiled *compiled = (la_compiled *)(void *)object;
  la_allocator *alloc = compiled->arena.alloc;
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    la_object_release(compiled->params[i].type);
  }
  for (uint32_t i = 0; i < compiled->column_count; i++) {
    la_object_release(compiled->columns[i].type);
    la_object_release(compiled->columns[i].subject);
  }
  la_object_release(compiled->subjects);
  la_object_release(compiled->extra);
  la_object_release(compiled->shape);
  la_arena_clear(&compiled->arena);
  la_free(alloc, compiled, sizeof *compiled);
}

static const la_object_class compiled_class = {.name = "compiled", .destroy = destroy_compiled};

la_status la_compile_statement(la_compiler *c, const la_node *node, la_place place) {
  node = la_plain_node(node);
  if (++c->depth > LA_COMPILE_DEPTH) {
    return la_fail(c->err, LA_COMPILE, "statement is nested too deeply (more than %d levels)",
                   LA_COMPILE_DEPTH);
  }
  la_status status;
  switch (node->kind) {
  case LA_NODE_SELECT:
    status = la_compile_select(c, node, place);
    break;
  case LA_NODE_COMPOUND:
    status = la_compile_compound(c, node, place);
    break;
  case LA_NODE_TEXTUAL:
    status = la_compile_textual(c, node, place);
    break;
  case LA_NODE_INSERT:
    status = la_compile_insert(c, node, place);
    break;
  case LA_NODE_UPDATE:
    status = la_compile_update(c, node, place);
    break;
  case LA_NODE_DELETE:
    status = la_compile_delete(c, node, place);
    break;
  case LA_NODE_TEXT:
    status = la_write_text(c, node);
    break;
  case LA_NODE_GROUPING:
  case LA_NODE_SCALAR_SUBQUERY:
    status = la_compile_statement(c, node->children[0], place);
    break;
  default:
    status = la_compile_expr(c, node);
  }
  c->depth--;
  return status;
}

static la_statement_kind kind_of(const la_node *node) {
  switch (node->kind) {
  case LA_NODE_SELECT:
  case LA_NODE_COMPOUND:
  case LA_NODE_TEXTUAL:
    return LA_STATEMENT_SELECT;
  case LA_NODE_INSERT:
    return LA_STATEMENT_INSERT;
  case LA_NODE_UPDATE:
    return LA_STATEMENT_UPDATE;
  case LA_NODE_DELETE:
    return LA_STATEMENT_DELETE;
  default:
    return LA_STATEMENT_TEXT;
  }
}

/* A FROM element alone, for tostring: an alias is shown as what it stands for. */
static la_status write_lone_from(la_compiler *c, const la_node *node) {
  if (node->kind == LA_NODE_ALIAS && node->flags & LA_ALIAS_SAMPLE) {
    return la_compile_from(c, node);
  }
  la_put(c, node->kind == LA_NODE_ALIAS && node->flags & LA_NODE_LATERAL ? "LATERAL " : "");
  while (node->kind == LA_NODE_ALIAS || node->kind == LA_NODE_CTE) {
    node = la_plain_node(node->children[0]);
  }
  if (la_node_is_statement(node)) {
    return la_compile_statement(c, node, (la_place){.is_top = true});
  }
  return la_node_is_from(node) ? la_compile_from(c, node) : la_compile_expr(c, node);
}

static la_status write_top(la_compiler *c, const la_node *node) {
  node = la_plain_node(node);
  if (la_node_is_statement(node)) {
    c->compiled->kind = kind_of(node);
    return la_compile_statement(
        c, node, (la_place){.is_top = true, .is_result = true, .is_processed = true});
  }
  c->compiled->kind = LA_STATEMENT_TEXT;
  if (la_node_is_from(node)) {
    return write_lone_from(c, node);
  }
  return la_compile_expr(c, node);
}

/* Gives the compiled statement what was collected; what it takes over is no longer the compiler's.
 */
static la_status take_results(la_compiler *c, la_strbuf *text, la_param_list *params) {
  la_compiled *compiled = c->compiled;
  LA_TRY(la_strbuf_status(text, c->err));
  compiled->text.bytes = la_arena_copy(&compiled->arena, text->bytes ? text->bytes : "", text->len);
  compiled->text.len = text->len;
  compiled->params = la_arena_alloc(&compiled->arena, (params->count + 1) * sizeof *params->items);
  compiled->columns =
      la_arena_alloc(&compiled->arena, (c->results.count + 1) * sizeof *c->results.items);
  if (!compiled->text.bytes || !compiled->params || !compiled->columns) {
    return la_fail_nomem(c->err);
  }
  if (params->count > 0) {
    memcpy(compiled->params, params->items, params->count * sizeof *params->items);
  }
  if (c->results.count > 0) {
    memcpy(compiled->columns, c->results.items, c->results.count * sizeof *c->results.items);
  }
  compiled->param_count = (uint32_t)params->count;
  compiled->column_count = (uint32_t)c->results.count;
  params->count = 0;
  c->results.count = 0;
  compiled->returns_rows = compiled->kind == LA_STATEMENT_SELECT || compiled->column_count > 0;
  compiled->columns_positional = compiled->kind != LA_STATEMENT_TEXT;
  return LA_OK;
}

static void release_params(la_compiled_param *params, size_t count) {
  for (size_t i = 0; i < count; i++) {
    la_object_release(params[i].type);
  }
}

static void clear_compiler(la_compiler *c, la_param_list *params) {
  la_allocator *alloc = c->sql->alloc;
  release_params(params->items, params->count);
  for (size_t i = 0; i < c->ctes.count; i++) {
    release_params(c->ctes.items[i].params, c->ctes.items[i].param_count);
  }
  for (size_t i = 0; i < c->results.count; i++) {
    la_object_release(c->results.items[i].type);
    la_object_release(c->results.items[i].subject);
  }
  for (size_t i = 0; i < c->owned.count; i++) {
    la_node_release(c->owned.items[i]);
  }
  la_vec_clear(alloc, params);
  la_vec_clear(alloc, &c->work);
  la_vec_clear(alloc, &c->seen);
  la_vec_clear(alloc, &c->names);
  la_vec_clear(alloc, &c->counts);
  la_vec_clear(alloc, &c->ctes);
  la_vec_clear(alloc, &c->open_ctes);
  la_vec_clear(alloc, &c->owned);
  la_vec_clear(alloc, &c->scan);
  la_vec_clear(alloc, &c->results);
  la_map_clear(&c->seen_map, alloc);
  la_map_clear(&c->given_names, alloc);
  la_map_clear(&c->names_map, alloc);
  la_map_clear(&c->counts_map, alloc);
  la_map_clear(&c->index_map, alloc);
  la_map_clear(&c->items_map, alloc);
  la_arena_clear(&c->scratch);
}

static la_status run(la_compiler *c, const la_node *node) {
  la_strbuf text;
  la_param_list params = {0};
  la_strbuf_init(&text, c->sql->alloc);
  c->out = &text;
  c->params = &params;
  bool has_room = la_strbuf_reserve(&text, 512) &&
                  la_vec_reserve(c->sql->alloc, &params, c->options->param_count);
  la_status status = has_room ? write_top(c, node) : la_fail_nomem(c->err);
  if (status >= 0) {
    status = take_results(c, &text, &params);
  }
  la_strbuf_clear(&text);
  clear_compiler(c, &params);
  return status;
}

la_status la_compile_inline(const la_sql *sql, const la_dialect *dialect, const la_node *node,
                            int against, la_strbuf *out, la_error *err) {
  static const la_compile_options no_options;
  la_compiled compiled = {.dialect = dialect};
  la_param_list params = {0};
  la_compiler c = {.sql = sql,
                   .dialect = dialect,
                   .options = &no_options,
                   .compiled = &compiled,
                   .arena = &compiled.arena,
                   .out = out,
                   .params = &params,
                   .err = err,
                   .literal_binds = true,
                   .omit_tables = true};
  la_arena_init(&compiled.arena, sql->alloc);
  la_arena_init(&c.scratch, sql->alloc);
  la_status status = la_compile_expr_against(&c, node, against);
  clear_compiler(&c, &params);
  la_arena_clear(&compiled.arena);
  return status;
}

static la_status keep_translation(la_compiler *c, la_error *err) {
  la_text map = c->options->schema_translate;
  if (map.len > 0) {
    const char *bytes = la_arena_copy(c->arena, map.bytes, map.len);
    if (!bytes) {
      return la_fail_nomem(err);
    }
    c->compiled->schema_translate = (la_text){bytes, map.len};
  }
  return LA_OK;
}

la_status la_compile(const la_sql *sql, const la_dialect *dialect, const la_node *node,
                     const la_compile_options *options, la_compiled **out, la_error *err) {
  static const la_compile_options no_options;
  la_compiled *compiled = la_alloc_zero(sql->alloc, sizeof *compiled);
  if (!compiled) {
    return la_fail_nomem(err);
  }
  la_object_init(&compiled->object, &compiled_class);
  la_arena_init(&compiled->arena, sql->alloc);
  compiled->dialect = dialect;
  compiled->made_at = la_now();
  la_compiler c = {.sql = sql,
                   .dialect = dialect,
                   .options = options ? options : &no_options,
                   .compiled = compiled,
                   .arena = &compiled->arena,
                   .err = err,
                   .literal_binds = options && options->literal_binds};
  la_arena_init(&c.scratch, sql->alloc);
  la_status status = keep_translation(&c, err);
  if (status >= 0) {
    status = run(&c, node);
  }
  if (status < 0) {
    la_object_release(compiled);
    return status;
  }
  *out = compiled;
  return LA_OK;
}
