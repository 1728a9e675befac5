/* SPDX-License-Identifier: MIT */
/*
 * DELETE, and the other tables that its condition mentions.
 */
#include "compile/compiler.h"

static la_status write_extra(la_compiler *c, const la_from_list *froms) {
  if (froms->count > 1 && !c->dialect->supports_delete_using) {
    return la_fail(c->err, LA_COMPILE,
                   "This backend does not support multiple-table criteria within DELETE");
  }
  for (size_t i = 1; i < froms->count; i++) {
    la_put(c, i == 1 ? c->dialect->delete_extra : ", ");
    LA_TRY(la_compile_from(c, froms->items[i]));
  }
  return LA_OK;
}

static la_status compile_in_scope(la_compiler *c, la_dml *dml, la_place place,
                                  const la_from_list *froms) {
  const la_node *node = dml->statement;
  size_t start = c->out->len, first_param = c->params->count;
  la_put(c, "DELETE ");
  LA_TRY(la_compile_prefixes(c, la_node_child(node, LA_DELETE_PREFIXES), LA_PREFIX_FRONT));
  la_put(c, "FROM ");
  LA_TRY(la_compile_added_ctes(c, la_node_child(node, LA_DELETE_CTES)));
  LA_TRY(la_compile_from(c, dml->target));
  LA_TRY(write_extra(c, froms));
  LA_TRY(la_compile_conditions(c, " WHERE ", la_node_child(node, LA_DELETE_WHERE)));
  LA_TRY(la_lint_froms(c, "DELETE", froms, la_node_child(node, LA_DELETE_WHERE)));
  LA_TRY(la_compile_prefixes(c, la_node_child(node, LA_DELETE_PREFIXES), LA_PREFIX_POST_CRITERIA));
  LA_TRY(la_compile_returning(c, la_node_child(node, LA_DELETE_RETURNING), place.is_result));
  return la_compile_ctes_at(c, start, first_param, place.is_top);
}

static la_status collect_extra(la_compiler *c, const la_dml *dml, la_from_list *out) {
  la_chain_items where;
  LA_TRY(la_chain_items_of(c, la_node_child(dml->statement, LA_DELETE_WHERE), &where));
  LA_TRY(la_from_list_add(c, out, dml->target) ? LA_OK : la_fail_nomem(c->err));
  for (size_t i = 0; i < where.count; i++) {
    LA_TRY(la_collect_froms(c, where.items[i], out));
  }
  return LA_OK;
}

la_status la_compile_delete(la_compiler *c, const la_node *node, la_place place) {
  return la_dml_compile(c, node, place, collect_extra, compile_in_scope);
}
