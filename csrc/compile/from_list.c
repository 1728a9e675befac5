/* SPDX-License-Identifier: MIT */
/*
 * What a SELECT selects from.
 *
 * The list is: what select_from() names, with each join() built onto one of them; then what the
 * columns come from; then what the conditions mention. A join takes its sides out of the list. A
 * subquery leaves out what the statement around it selects from (correlation), unless nothing would
 * be left.
 */
#include "compile/compiler.h"
#include "sql/walk.h"

bool la_from_list_has(const la_from_list *list, const void *identity) {
  for (size_t i = 0; i < list->count; i++) {
    if (la_from_identity(list->items[i]) == identity) {
      return true;
    }
  }
  return false;
}

bool la_from_list_add(la_compiler *c, la_from_list *list, const la_node *from) {
  from = la_plain_node(from);
  return la_from_list_has(list, la_from_identity(from)) || la_vec_push(c->sql->alloc, list, from);
}

static la_status add_table(la_compiler *c, la_table *table, la_from_list *list) {
  if (la_from_list_has(list, table)) {
    return LA_OK;
  }
  la_node *node = la_from_table(c->sql, table);
  if (!node || !la_vec_push(c->sql->alloc, &c->owned, node)) {
    la_node_release(node);
    return la_fail_nomem(c->err);
  }
  return la_from_list_add(c, list, node) ? LA_OK : la_fail_nomem(c->err);
}

static la_status add_column_from(la_compiler *c, const la_node *column, la_from_list *out) {
  const la_node *from = la_plain_node(la_node_child(column, 0));
  if (from) {
    return la_from_list_add(c, out, from) ? LA_OK : la_fail_nomem(c->err);
  }
  if (column->subject) {
    la_column *subject = (la_column *)(void *)column->subject;
    if (subject->table) {
      return add_table(c, subject->table, out);
    }
  }
  return LA_OK;
}

la_status la_scan_children(la_compiler *c, const la_node *node) {
  if (!la_vec_reserve(c->sql->alloc, &c->scan, node->count)) {
    return la_fail_nomem(c->err);
  }
  for (uint32_t i = node->count; i > 0; i--) {
    if (node->children[i - 1]) {
      c->scan.items[c->scan.count++] = node->children[i - 1];
    }
  }
  return LA_OK;
}

/* Adds what `node` itself is or comes from; LA_DONE if nothing below it counts. */
static la_status add_own_from(la_compiler *c, const la_node *node, la_from_list *out) {
  switch (node->kind) {
  case LA_NODE_COLUMN:
    LA_TRY(add_column_from(c, node, out));
    return LA_DONE;
  case LA_NODE_PARAM:
  case LA_NODE_TEXT:
  case LA_NODE_SCALAR_SUBQUERY:
  case LA_NODE_EXISTS:
  case LA_NODE_SELECT:
  case LA_NODE_COMPOUND:
  case LA_NODE_TEXTUAL:
    return LA_DONE;
  case LA_NODE_TABLE:
  case LA_NODE_LITERAL_TABLE:
  case LA_NODE_ALIAS:
  case LA_NODE_CTE:
  case LA_NODE_CTE_REF:
  case LA_NODE_JOIN:
  case LA_NODE_VALUES:
    return la_from_list_add(c, out, node) ? LA_DONE : la_fail_nomem(c->err);
  default:
    return LA_OK;
  }
}

/* Of a CASE what it gives otherwise comes last, as in the text. */
static la_status scan_children(la_compiler *c, const la_node *node) {
  if (node->kind == LA_NODE_CASE && node->children[1] != NULL) {
    size_t base = c->scan.count;
    LA_TRY(la_scan_children(c, node));
    size_t at = base;
    while (c->scan.items[at] != node->children[1]) {
      at++;
    }
    memmove(c->scan.items + base + 1, c->scan.items + base, (at - base) * sizeof *c->scan.items);
    c->scan.items[base] = node->children[1];
    return LA_OK;
  }
  return la_scan_children(c, node);
}

/* Takes nodes off the scan down to `base`. */
static la_status collect_scanned(la_compiler *c, size_t base, la_met *met, la_from_list *out) {
  while (c->scan.count > base) {
    const la_node *node = la_plain_node(c->scan.items[--c->scan.count]);
    la_status known = la_meet(met, c->sql->alloc, node, c->err);
    if (known == LA_OK) {
      known = add_own_from(c, node, out);
    }
    LA_TRY(known);
    if (known == LA_OK) {
      LA_TRY(scan_children(c, node));
    }
  }
  return LA_OK;
}

la_status la_collect_froms(la_compiler *c, const la_node *expr, la_from_list *out) {
  size_t base = c->scan.count;
  la_met met = {0};
  if (!expr || !la_vec_push(c->sql->alloc, &c->scan, expr)) {
    return expr ? la_fail_nomem(c->err) : LA_OK;
  }
  la_status status = collect_scanned(c, base, &met, out);
  la_map_clear(&met, c->sql->alloc);
  return status;
}

static la_status collect_chain(la_compiler *c, const la_node *chain, la_from_list *out) {
  size_t count = la_chain_count(chain);
  la_node **items = la_arena_alloc(&c->scratch, (count + 1) * sizeof *items);
  if (!items) {
    return la_fail_nomem(c->err);
  }
  la_chain_collect(chain, items);
  for (size_t i = 0; i < count; i++) {
    LA_TRY(la_collect_froms(c, items[i], out));
  }
  return LA_OK;
}

static la_status collect_items(la_compiler *c, const la_items *items, la_from_list *out) {
  for (size_t i = 0; i < items->expr_count; i++) {
    LA_TRY(la_collect_froms(c, items->exprs[i], out));
  }
  return LA_OK;
}

/* `from` and, if it is a join, everything in it. */
static la_status spread(la_compiler *c, const la_node *from, la_from_list *out) {
  size_t base = c->scan.count;
  if (!la_vec_push(c->sql->alloc, &c->scan, from)) {
    return la_fail_nomem(c->err);
  }
  while (c->scan.count > base) {
    const la_node *node = la_plain_node(c->scan.items[--c->scan.count]);
    if (!la_vec_push(c->sql->alloc, out, node)) {
      return la_fail_nomem(c->err);
    }
    if (node->kind == LA_NODE_JOIN) {
      if (!la_vec_reserve(c->sql->alloc, &c->scan, 2)) {
        return la_fail_nomem(c->err);
      }
      c->scan.items[c->scan.count++] = node->children[1];
      c->scan.items[c->scan.count++] = node->children[0];
    }
  }
  return LA_OK;
}

/* Takes out of `list` what stands inside one of its joins. */
static la_status remove_joined(la_compiler *c, la_from_list *list) {
  la_from_list inside = {0};
  la_status status = LA_OK;
  for (size_t i = 0; i < list->count && status >= 0; i++) {
    if (list->items[i]->kind == LA_NODE_JOIN) {
      status = spread(c, list->items[i]->children[0], &inside);
      if (status >= 0) {
        status = spread(c, list->items[i]->children[1], &inside);
      }
    }
  }
  if (status >= 0 && inside.count > 0) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
      if (!la_from_list_has(&inside, la_from_identity(list->items[i]))) {
        list->items[kept++] = list->items[i];
      }
    }
    list->count = kept;
  }
  la_vec_clear(c->sql->alloc, &inside);
  return status;
}

/* ---- joins ---- */

static bool can_join(la_compiler *c, const la_node *left, const la_node *right) {
  la_node *condition = NULL;
  la_error ignored = LA_ERROR_INIT;
  la_status status = la_from_join_condition(c->sql, left, right, &condition, &ignored);
  if (status >= 0) {
    la_node_release(condition);
  }
  return status >= 0 || status == LA_AMBIGUOUS_FOREIGN_KEYS;
}

/* True if every column of the ON clause comes from `left` or `right`. */
static la_status covers(la_compiler *c, const la_from_list *needed, const la_node *left,
                        const la_node *right, bool *out) {
  la_from_list offered = {0};
  la_status status = spread(c, left, &offered);
  if (status >= 0) {
    status = spread(c, right, &offered);
  }
  *out = status >= 0;
  for (size_t i = 0; i < needed->count && *out; i++) {
    *out = la_from_list_has(&offered, la_from_identity(needed->items[i]));
  }
  la_vec_clear(c->sql->alloc, &offered);
  return status;
}

static bool is_inside_other(const la_from_list *list, size_t at) {
  const void *identity = la_from_identity(list->items[at]);
  for (size_t i = 0; i < list->count; i++) {
    const la_node *node = list->items[i];
    while (i != at && node->kind == LA_NODE_JOIN) {
      if (la_from_identity(node->children[1]) == identity ||
          la_from_identity(node->children[0]) == identity) {
        return true;
      }
      node = la_plain_node(node->children[0]);
    }
  }
  return false;
}

static void describe_from(la_compiler *c, const la_node *from, char *out, size_t size) {
  la_text name = la_from_written_name(c, from);
  if (!name.bytes) {
    name = la_text_of(la_node_kind_name((la_node_kind)la_plain_node(from)->kind));
  }
  size_t len = name.len < size - 1 ? name.len : size - 1;
  memcpy(out, name.bytes, len);
  out[len] = '\0';
}

/* Which of `list` a join to `right` starts from: the only one that can. */
static la_status find_left(la_compiler *c, const la_from_list *list, const la_node *right,
                           const la_node *on, size_t *out) {
  size_t found = 0;
  la_from_list needed = {0};
  bool is_narrowed = list->count > 1 && on != NULL;
  la_status status = is_narrowed ? la_collect_froms(c, on, &needed) : LA_OK;
  is_narrowed = is_narrowed && needed.count > 0;
  for (int round = 0; round < 2 && found == 0 && status >= 0; round++) {
    for (size_t i = 0; i < list->count && status >= 0; i++) {
      bool fits = la_from_identity(list->items[i]) != la_from_identity(right);
      if (fits && round == 0 && is_narrowed) {
        status = covers(c, &needed, list->items[i], right, &fits);
      } else if (fits && on == NULL) {
        fits = can_join(c, list->items[i], right);
      }
      if (fits && !is_inside_other(list, i)) {
        *out = i;
        found++;
      }
    }
    if (on == NULL) {
      break;
    }
  }
  la_vec_clear(c->sql->alloc, &needed);
  LA_TRY(status);
  if (found == 1) {
    return LA_OK;
  }
  if (found > 1) {
    return la_fail(c->err, LA_INVALID_REQUEST,
                   "Can't determine which FROM clause to join from, there are multiple FROMS which "
                   "can join to this entity. "
                   "Please use the .select_from() method to establish an explicit left side, as "
                   "well as providing an explicit "
                   "ON clause if not present already to help resolve the ambiguity.");
  }
  char name[80];
  describe_from(c, right, name, sizeof name);
  return la_fail(c->err, LA_INVALID_REQUEST,
                 "Don't know how to join to '%s'. Please use the .select_from() method to "
                 "establish an explicit left side, as "
                 "well as providing an explicit ON clause if not present already to help resolve "
                 "the ambiguity.",
                 name);
}

/* Where `left` stands in `list`: itself or a join that holds it; the list's count if nowhere. */
static la_status find_given_left(la_compiler *c, const la_from_list *list, const la_node *left,
                                 size_t *out) {
  la_from_list inside = {0};
  la_status status = LA_OK;
  *out = list->count;
  for (size_t i = 0; i < list->count && status >= 0; i++) {
    inside.count = 0;
    status = spread(c, list->items[i], &inside);
    if (status >= 0 && la_from_list_has(&inside, la_from_identity(left))) {
      *out = i;
      break;
    }
  }
  la_vec_clear(c->sql->alloc, &inside);
  return status;
}

static la_status own(la_compiler *c, la_node *node) {
  if (!la_vec_push(c->sql->alloc, &c->owned, node)) {
    la_node_release(node);
    return la_fail_nomem(c->err);
  }
  return LA_OK;
}

/* The join of one step in place of its left side in `list`. */
static la_status apply_join(la_compiler *c, const la_node *step, const la_node *select,
                            la_items *items, la_from_list *list) {
  la_node *target = (la_node *)la_plain_node(step->children[0]);
  la_node *on = la_node_child(step, 1), *given = (la_node *)la_plain_node(la_node_child(step, 2)),
          *joined = NULL;
  la_node *found_on = NULL;
  size_t at = 0;
  if (given) {
    LA_TRY(find_given_left(c, list, given, &at));
    if (at == list->count && !la_vec_push(c->sql->alloc, list, given)) {
      return la_fail_nomem(c->err);
    }
    if (!on && list->items[at] != given) {
      LA_TRY(la_from_join_condition(c->sql, given, target, &found_on, c->err));
      LA_TRY(own(c, found_on));
      on = found_on;
    }
  } else if (list->count == 0) {
    la_from_list potential = {0};
    la_status status = collect_items(c, items, &potential);
    if (status >= 0) {
      status = collect_chain(c, la_node_child(select, LA_SELECT_WHERE), &potential);
    }
    if (status >= 0) {
      status = find_left(c, &potential, target, on, &at);
    }
    if (status >= 0 && !la_vec_push(c->sql->alloc, list, potential.items[at])) {
      status = la_fail_nomem(c->err);
    }
    la_vec_clear(c->sql->alloc, &potential);
    LA_TRY(status);
    at = list->count - 1;
  } else {
    LA_TRY(find_left(c, list, target, on, &at));
  }
  LA_TRY(la_from_join(c->sql, (la_node *)list->items[at], target, on,
                      step->flags & (LA_JOIN_OUTER | LA_JOIN_FULL), &joined, c->err));
  LA_TRY(own(c, joined));
  list->items[at] = joined;
  return LA_OK;
}

static la_status build_explicit(la_compiler *c, const la_node *select, la_items *items,
                                la_from_list *out) {
  const la_node *chain = la_node_child(select, LA_SELECT_FROM);
  size_t count = la_chain_count(chain);
  la_node **parts = la_arena_alloc(&c->scratch, (count + 1) * sizeof *parts);
  if (!parts) {
    return la_fail_nomem(c->err);
  }
  la_chain_collect(chain, parts);
  for (size_t i = 0; i < count; i++) {
    if (parts[i]->kind != LA_NODE_JOIN_STEP && !la_from_list_add(c, out, parts[i])) {
      return la_fail_nomem(c->err);
    }
  }
  for (size_t i = 0; i < count; i++) {
    if (parts[i]->kind == LA_NODE_JOIN_STEP) {
      LA_TRY(apply_join(c, parts[i], select, items, out));
    }
  }
  return LA_OK;
}

/* ---- correlation ---- */

static bool scope_has(const la_scope *scope, const void *identity) {
  for (uint32_t i = 0; scope && i < scope->from_count; i++) {
    if (scope->froms[i] == identity) {
      return true;
    }
  }
  return false;
}

static bool enclosing_has(const la_scope *scope, const void *identity) {
  for (; scope; scope = scope->outer) {
    if (scope_has(scope, identity)) {
      return true;
    }
  }
  return false;
}

/* Keeps what `is_kept` says, by asking for each what encloses it. */
static void filter_list(la_from_list *list, const bool *drop) {
  size_t kept = 0;
  for (size_t i = 0; i < list->count; i++) {
    if (!drop[i]) {
      list->items[kept++] = list->items[i];
    }
  }
  list->count = kept;
}

/* correlate() and correlate_except(): what the statements around select from, but for a subquery in
 * FROM not that of the statement it stands in. */
static la_status correlate_given(la_compiler *c, const la_node *select, la_place place,
                                 la_from_list *list, bool *drop) {
  la_from_list named = {0};
  bool is_except = (select->flags & LA_SELECT_CORRELATE_EXCEPT) != 0;
  la_status status = collect_chain(c, la_node_child(select, LA_SELECT_CORRELATE), &named);
  for (size_t i = 0; i < list->count && status >= 0; i++) {
    const void *identity = la_from_identity(list->items[i]);
    bool is_around =
        place.as_from && !place.is_lateral
            ? c->scope && enclosing_has(c->scope->outer, identity) && !scope_has(c->scope, identity)
            : enclosing_has(c->scope, identity);
    drop[i] = is_around && la_from_list_has(&named, identity) != is_except;
  }
  la_vec_clear(c->sql->alloc, &named);
  return status;
}

static la_status correlate(la_compiler *c, const la_node *select, la_place place,
                           la_from_list *list) {
  bool is_given = la_node_child(select, LA_SELECT_CORRELATE) != NULL ||
                  (select->flags & LA_SELECT_CORRELATE_EXCEPT);
  if (!c->scope || list->count == 0 || (!is_given && select->flags & LA_SELECT_CORRELATE_NONE)) {
    return LA_OK;
  }
  if (!is_given && (list->count < 2 || (place.as_from && !place.is_lateral))) {
    return LA_OK;
  }
  bool *drop = la_arena_alloc_zero(&c->scratch, list->count * sizeof *drop);
  if (!drop) {
    return la_fail_nomem(c->err);
  }
  if (is_given) {
    LA_TRY(correlate_given(c, select, place, list, drop));
    filter_list(list, drop);
    return LA_OK;
  }
  for (size_t i = 0; i < list->count; i++) {
    drop[i] = scope_has(c->scope, la_from_identity(list->items[i]));
  }
  filter_list(list, drop);
  if (list->count == 0) {
    return la_fail(c->err, LA_INVALID_REQUEST,
                   "Select statement returned no FROM clauses due to auto-correlation; specify "
                   "correlate(<tables>) to control "
                   "correlation manually.");
  }
  return LA_OK;
}

la_status la_select_froms(la_compiler *c, const la_node *select, la_items *items, la_place place,
                          la_from_list *out) {
  LA_TRY(build_explicit(c, select, items, out));
  LA_TRY(collect_items(c, items, out));
  LA_TRY(collect_chain(c, la_node_child(select, LA_SELECT_WHERE), out));
  LA_TRY(remove_joined(c, out));
  return correlate(c, select, place, out);
}

la_status la_scope_open(la_compiler *c, la_scope *scope, const la_node *statement,
                        const la_from_list *froms) {
  la_from_list all = {0};
  la_status status = LA_OK;
  *scope = (la_scope){.outer = c->scope, .statement = statement, .items = scope->items};
  for (size_t i = 0; i < froms->count && status >= 0; i++) {
    status = spread(c, froms->items[i], &all);
  }
  if (status >= 0 && all.count > 0) {
    scope->froms = la_arena_alloc(&c->scratch, all.count * sizeof *scope->froms);
    const la_node **nodes = la_arena_alloc(&c->scratch, all.count * sizeof *nodes);
    if (scope->froms && nodes) {
      for (size_t i = 0; i < all.count; i++) {
        scope->froms[i] = la_from_identity(all.items[i]);
        nodes[i] = all.items[i];
      }
      scope->from_count = scope->from_node_count = (uint32_t)all.count;
      scope->from_nodes = nodes;
    } else {
      status = la_fail_nomem(c->err);
    }
  }
  la_vec_clear(c->sql->alloc, &all);
  LA_TRY(status);
  c->scope = scope;
  return LA_OK;
}

void la_scope_close(la_compiler *c) {
  c->scope = c->scope->outer;
}
