/* SPDX-License-Identifier: MIT */
/*
 * WITH: each CTE is written into a text of its own where it is first named, and all are put in
 * front of the outermost statement, those that others use first. A nested one is put in front of
 * the statement that names it.
 */
#include "compile/compiler.h"

static la_written_cte *find_cte(la_compiler *c, int64_t number) {
  for (size_t i = 0; i < c->ctes.count; i++) {
    if (c->ctes.items[i].number == number) {
      return &c->ctes.items[i];
    }
  }
  return NULL;
}

/* name, or name(a, b) for a recursive one */
static la_status put_head(la_compiler *c, const la_node *cte, la_text name) {
  la_put_ident(c, name);
  const la_node *inner = la_plain_node(cte->children[0]);
  if (inner->kind == LA_NODE_VALUES) {
    return la_compile_values_columns(c, inner);
  }
  if (!(cte->flags & LA_NODE_RECURSIVE)) {
    return LA_OK;
  }
  la_items *items;
  LA_TRY(la_items_of(c, cte->children[0], &items));
  la_strbuf_char(c->out, '(');
  for (uint32_t i = 0; i < items->count; i++) {
    la_text column = la_item_written_name(c, &items->items[i]);
    la_put(c, i > 0 ? ", " : "");
    la_put_ident(c, column);
  }
  la_strbuf_char(c->out, ')');
  return LA_OK;
}

static la_status write_cte(la_compiler *c, const la_node *cte, la_text name) {
  const la_node *inner = la_plain_node(cte->children[0]);
  LA_TRY(put_head(c, cte, name));
  la_put(c, " AS ");
  la_put(c, cte->flags & LA_NODE_MATERIALIZED       ? "MATERIALIZED "
            : cte->flags & LA_NODE_NOT_MATERIALIZED ? "NOT MATERIALIZED "
                                                    : "");
  LA_TRY(la_compile_prefixes(c, la_node_child(cte, 1), LA_PREFIX_FRONT));
  la_strbuf_char(c->out, '(');
  if (inner->kind == LA_NODE_VALUES) {
    LA_TRY(la_compile_values_rows(c, inner));
  } else {
    LA_TRY(la_compile_statement(c, inner, (la_place){.as_from = true}));
  }
  la_strbuf_char(c->out, ')');
  return la_compile_prefixes(c, la_node_child(cte, 1), LA_PREFIX_BACK);
}

/* Moves what was written into `out` and `params` to the CTE's own memory. */
static la_status keep_cte(la_compiler *c, la_written_cte *kept, la_strbuf *text,
                          la_param_list *params) {
  LA_TRY(la_strbuf_status(text, c->err));
  kept->text.bytes = la_arena_copy(&c->scratch, text->bytes, text->len);
  kept->text.len = text->len;
  kept->params = la_arena_alloc(&c->scratch, (params->count + 1) * sizeof *kept->params);
  if (!kept->text.bytes || !kept->params) {
    return la_fail_nomem(c->err);
  }
  if (params->count > 0) {
    memcpy(kept->params, params->items, params->count * sizeof *params->items);
  }
  kept->param_count = (uint32_t)params->count;
  kept->is_done = true;
  return LA_OK;
}

static void release_params(la_param_list *params) {
  for (size_t i = 0; i < params->count; i++) {
    la_object_release(params->items[i].type);
  }
}

static la_status write_apart(la_compiler *c, const la_node *cte, la_text name) {
  la_strbuf *out = c->out, text;
  la_param_list *params = c->params, own = {0};
  la_strbuf_init(&text, c->sql->alloc);
  c->out = &text;
  c->params = &own;
  bool omit_tables = c->omit_tables;
  c->omit_tables = false;
  la_status status = la_vec_push(c->sql->alloc, &c->open_ctes, cte) ? LA_OK : la_fail_nomem(c->err);
  if (status >= 0) {
    status = write_cte(c, cte, name);
    c->open_ctes.count--;
  }
  c->omit_tables = omit_tables;
  c->out = out;
  c->params = params;
  la_written_cte kept = {.number = cte->value.as.integer,
                         .name = name,
                         .is_recursive = (cte->flags & LA_NODE_RECURSIVE) != 0,
                         .home = cte->flags & LA_NODE_NESTING ? c->scope : NULL};
  if (status >= 0) {
    status = keep_cte(c, &kept, &text, &own);
  }
  if (status >= 0 && !la_vec_push(c->sql->alloc, &c->ctes, kept)) {
    status = la_fail_nomem(c->err);
  }
  if (status < 0) {
    release_params(&own);
  }
  la_strbuf_clear(&text);
  la_vec_clear(c->sql->alloc, &own);
  return status;
}

static bool is_open(la_compiler *c, int64_t number) {
  for (size_t i = 0; i < c->open_ctes.count; i++) {
    if (c->open_ctes.items[i]->value.as.integer == number) {
      return true;
    }
  }
  return false;
}

static la_status register_cte(la_compiler *c, const la_node *cte, la_text name) {
  int64_t number = cte->value.as.integer;
  if (cte->kind == LA_NODE_CTE_REF || is_open(c, number) || find_cte(c, number)) {
    return LA_OK;
  }
  const la_scope *home = cte->flags & LA_NODE_NESTING ? c->scope : NULL;
  for (size_t i = 0; i < c->ctes.count; i++) {
    if (la_text_equal(c->ctes.items[i].name, name) && c->ctes.items[i].home == home) {
      return la_fail(c->err, LA_COMPILE,
                     "Multiple, unrelated CTEs found with the same name: '%.*s'",
                     LA_TEXT_FORMAT(name));
    }
  }
  return write_apart(c, cte, name);
}

la_status la_compile_cte_reference(la_compiler *c, const la_node *cte, bool as_from) {
  la_text name = la_from_written_name(c, cte);
  if (!name.bytes) {
    return la_fail_nomem(c->err);
  }
  LA_TRY(register_cte(c, cte, name));
  if (as_from) {
    la_put_ident(c, name);
  }
  return LA_OK;
}

la_status la_compile_added_ctes(la_compiler *c, const la_node *chain) {
  la_chain_items list;
  LA_TRY(la_chain_items_of(c, chain, &list));
  for (size_t i = 0; i < list.count; i++) {
    LA_TRY(la_compile_cte_reference(c, la_plain_node(list.items[i]), false));
  }
  return LA_OK;
}

static bool is_written_here(const la_written_cte *cte, const la_scope *scope, bool is_top) {
  return cte->is_done && (cte->home ? cte->home == scope : is_top);
}

/* The parameters of the CTEs come before those of the statement, since their text does. */
static la_status insert_params(la_compiler *c, size_t first, const la_param_list *added,
                               size_t shift) {
  if (!la_vec_reserve(c->sql->alloc, c->params, added->count)) {
    return la_fail_nomem(c->err);
  }
  la_compiled_param *items = c->params->items;
  for (size_t i = first; i < c->params->count; i++) {
    items[i].text_offset += shift;
  }
  if (added->count > 0) {
    memmove(items + first + added->count, items + first,
            (c->params->count - first) * sizeof *items);
    memcpy(items + first, added->items, added->count * sizeof *items);
    c->params->count += added->count;
  }
  return LA_OK;
}

/* WITH RECURSIVE a AS (…), b AS (…), into `text`, with the parameters moved to where they stand
 * then. */
static la_status gather(la_compiler *c, size_t at, bool is_top, la_strbuf *text,
                        la_param_list *params) {
  bool is_recursive = false, is_first = true;
  for (size_t i = 0; i < c->ctes.count; i++) {
    is_recursive |=
        is_written_here(&c->ctes.items[i], c->scope, is_top) && c->ctes.items[i].is_recursive;
  }
  for (size_t i = 0; i < c->ctes.count; i++) {
    la_written_cte *cte = &c->ctes.items[i];
    if (!is_written_here(cte, c->scope, is_top)) {
      continue;
    }
    la_strbuf_string(text, !is_first ? ", " : is_recursive ? "WITH RECURSIVE " : "WITH ");
    is_first = false;
    for (uint32_t k = 0; k < cte->param_count; k++) {
      la_compiled_param param = cte->params[k];
      param.text_offset += at + text->len;
      if (!la_vec_push(c->sql->alloc, params, param)) {
        return la_fail_nomem(c->err);
      }
    }
    la_strbuf_text(text, cte->text);
  }
  la_strbuf_string(text, is_first ? "" : " ");
  return la_strbuf_status(text, c->err);
}

/* Forgets those that stand in the text now. */
static void forget(la_compiler *c, bool is_top) {
  size_t kept = 0;
  for (size_t i = 0; i < c->ctes.count; i++) {
    if (!is_written_here(&c->ctes.items[i], c->scope, is_top)) {
      c->ctes.items[kept++] = c->ctes.items[i];
    }
  }
  c->ctes.count = kept;
}

la_status la_compile_ctes_at(la_compiler *c, size_t at, size_t first_param, bool is_top) {
  if (c->ctes.count == 0) {
    return LA_OK;
  }
  la_strbuf text;
  la_param_list params = {0};
  la_strbuf_init(&text, c->sql->alloc);
  la_status status = gather(c, at, is_top, &text, &params);
  if (status >= 0 && text.len > 0) {
    la_strbuf_insert(c->out, at, la_strbuf_view(&text));
    status = insert_params(c, first_param, &params, text.len);
    if (status >= 0) {
      forget(c, is_top);
    }
  }
  la_strbuf_clear(&text);
  la_vec_clear(c->sql->alloc, &params);
  return status;
}
