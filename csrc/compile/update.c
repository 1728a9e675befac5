/* SPDX-License-Identifier: MIT */
/*
 * UPDATE, and FROM with the other tables that it mentions.
 */
#include "compile/compiler.h"

/* What WHERE and the values mention beside the target. */
static la_status collect_extra(la_compiler *c, const la_dml *dml, la_from_list *out) {
  la_chain_items where, sets;
  LA_TRY(la_chain_items_of(c, la_node_child(dml->statement, LA_UPDATE_WHERE), &where));
  LA_TRY(la_chain_items_of(c, la_node_child(dml->statement, LA_UPDATE_VALUES), &sets));
  LA_TRY(la_from_list_add(c, out, dml->target) ? LA_OK : la_fail_nomem(c->err));
  for (size_t i = 0; i < where.count; i++) {
    LA_TRY(la_collect_froms(c, where.items[i], out));
  }
  for (size_t i = 0; i < sets.count; i++) {
    LA_TRY(la_collect_froms(c, sets.items[i]->children[1], out));
  }
  return LA_OK;
}

static la_status write_extra(la_compiler *c, const la_from_list *froms) {
  if (froms->count > 1 && !c->dialect->supports_update_from) {
    return la_fail(c->err, LA_COMPILE,
                   "This backend does not support multiple-table criteria within UPDATE");
  }
  for (size_t i = 1; i < froms->count; i++) {
    la_put(c, i == 1 ? " FROM " : ", ");
    LA_TRY(la_compile_from(c, froms->items[i]));
  }
  return LA_OK;
}

static la_status write_sets(la_compiler *c, la_dml *dml) {
  la_chain_items sets;
  LA_TRY(la_chain_items_of(c, la_node_child(dml->statement, LA_UPDATE_VALUES), &sets));
  LA_TRY(la_dml_assign(c, dml, &sets));
  la_put(c, " SET ");
  for (uint32_t i = 0; i < dml->count; i++) {
    la_put(c, i > 0 ? ", " : "");
    la_put_ident_as(c, dml->assignments[i].name, dml->assignments[i].quote);
    la_strbuf_char(c->out, '=');
    LA_TRY(la_dml_write_value(c, dml, &dml->assignments[i], -1));
  }
  return LA_OK;
}

static la_status compile_in_scope(la_compiler *c, la_dml *dml, la_place place,
                                  const la_from_list *froms) {
  const la_node *node = dml->statement, *limit = la_node_child(node, LA_UPDATE_LIMIT);
  size_t start = c->out->len, first_param = c->params->count;
  la_put(c, "UPDATE ");
  LA_TRY(la_compile_prefixes(c, la_node_child(node, LA_UPDATE_PREFIXES), LA_PREFIX_FRONT));
  LA_TRY(la_compile_added_ctes(c, la_node_child(node, LA_UPDATE_CTES)));
  LA_TRY(la_compile_from(c, dml->target));
  LA_TRY(write_sets(c, dml));
  LA_TRY(write_extra(c, froms));
  LA_TRY(la_compile_conditions(c, " WHERE ", la_node_child(node, LA_UPDATE_WHERE)));
  LA_TRY(la_lint_froms(c, "UPDATE", froms, la_node_child(node, LA_UPDATE_WHERE)));
  LA_TRY(la_compile_prefixes(c, la_node_child(node, LA_UPDATE_PREFIXES), LA_PREFIX_POST_CRITERIA));
  LA_TRY(la_compile_list(c, " ORDER BY ", la_node_child(node, LA_UPDATE_ORDER_BY), false));
  if (limit) {
    la_put(c, " LIMIT ");
    LA_TRY(la_compile_expr(c, limit));
  }
  LA_TRY(la_compile_returning(c, la_node_child(node, LA_UPDATE_RETURNING), place.is_result));
  if (place.is_result) {
    LA_TRY(la_compile_fetched(c, dml, place));
  }
  return la_compile_ctes_at(c, start, first_param, place.is_top);
}

la_status la_compile_update(la_compiler *c, const la_node *node, la_place place) {
  return la_dml_compile(c, node, place, collect_extra, compile_in_scope);
}
