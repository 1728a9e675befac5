/* SPDX-License-Identifier: MIT */
/*
 * Warning of a cartesian product: FROM elements that no condition connects.
 *
 * Elements are connected by a comparison that mentions them on its two sides, by standing in one
 * join, and by a LATERAL subquery or a function that mentions others. What a subquery takes from
 * the statement around it connects as well, so elements may be connected through one that is not
 * listed.
 */
#include "compile/compiler.h"
#include "sql/walk.h"

typedef struct connected {
  const void *identity;
  size_t parent; /* itself: the head of its group */
} connected;

#define LOST SIZE_MAX

typedef struct linter {
  la_compiler *c;
  LA_VEC(connected) elements;
  la_from_list left, right; /* of the comparison that is looked at */
} linter;

/* The head of the group of `identity`; LOST when out of memory. */
static size_t group_of(linter *self, const void *identity) {
  size_t at = 0;
  while (at < self->elements.count && self->elements.items[at].identity != identity) {
    at++;
  }
  if (at == self->elements.count) {
    connected element = {identity, at};
    if (!la_vec_push(self->c->sql->alloc, &self->elements, element)) {
      return LOST;
    }
  }
  while (self->elements.items[at].parent != at) {
    at = self->elements.items[at].parent;
  }
  return at;
}

static la_status connect(linter *self, const void *one, const void *other) {
  size_t group = group_of(self, one), joined = group_of(self, other);
  if (group == LOST || joined == LOST) {
    return la_fail_nomem(self->c->err);
  }
  self->elements.items[joined].parent = group;
  return LA_OK;
}

/* Everything in `left` with everything in `right`, if there is something in both. */
static la_status connect_sides(linter *self) {
  size_t rights = self->left.count > 0 ? self->right.count : 0;
  for (size_t i = 0; i < self->left.count && rights > 0; i++) {
    LA_TRY(connect(self, la_from_identity(self->right.items[0]),
                   la_from_identity(self->left.items[i])));
  }
  for (size_t i = 0; i < rights; i++) {
    LA_TRY(connect(self, la_from_identity(self->left.items[0]),
                   la_from_identity(self->right.items[i])));
  }
  return LA_OK;
}

static bool is_comparison(const la_node *node) {
  if (node->kind != LA_NODE_BINARY && node->kind != LA_NODE_BETWEEN) {
    return false;
  }
  return node->op == LA_OP_CUSTOM
             ? la_type_is_boolean(node->type)
             : (la_operator_get((la_operator)node->op)->flags & LA_OPERATOR_COMPARISON) != 0;
}

static la_status lint_comparison(linter *self, const la_node *node) {
  self->left.count = self->right.count = 0;
  LA_TRY(la_collect_froms(self->c, la_node_child(node, 0), &self->left));
  for (uint32_t i = 1; i < node->count; i++) {
    LA_TRY(la_collect_froms(self->c, node->children[i], &self->right));
  }
  return connect_sides(self);
}

/* A column is looked at where it stands, a statement when it is written. */
static bool has_conditions(const la_node *node) {
  return node->kind != LA_NODE_COLUMN && node->kind != LA_NODE_SCALAR_SUBQUERY &&
         node->kind != LA_NODE_EXISTS && !la_node_is_statement(node) && !la_node_is_from(node);
}

typedef la_status (*lint_function)(linter *self, const la_node *node);

static la_status scan_down(linter *self, size_t base, la_met *met, lint_function look) {
  la_compiler *c = self->c;
  while (c->scan.count > base) {
    const la_node *node = la_plain_node(c->scan.items[--c->scan.count]);
    la_status known = la_meet(met, c->sql->alloc, node, c->err);
    if (known == LA_OK) {
      known = look(self, node);
    }
    LA_TRY(known);
    if (known == LA_OK) {
      LA_TRY(la_scan_children(c, node));
    }
  }
  return LA_OK;
}

/* Has `look`, which gives LA_DONE where it is not to go on, look at `root` and what is below it. */
static la_status scan(linter *self, const la_node *root, lint_function look) {
  la_compiler *c = self->c;
  size_t base = c->scan.count;
  la_met met = {0};
  if (root && !la_vec_push(c->sql->alloc, &c->scan, root)) {
    return la_fail_nomem(c->err);
  }
  la_status status = scan_down(self, base, &met, look);
  la_map_clear(&met, c->sql->alloc);
  return status;
}

static la_status look_for_comparison(linter *self, const la_node *node) {
  if (!has_conditions(node)) {
    return LA_DONE;
  }
  return is_comparison(node) ? lint_comparison(self, node) : LA_OK;
}

/* The comparisons in `condition`, a CHAIN or an expression. */
static la_status lint_condition(linter *self, const la_node *condition) {
  return scan(self, condition, look_for_comparison);
}

static la_status look_for_column(linter *self, const la_node *node) {
  if (node->kind != LA_NODE_COLUMN) {
    return LA_OK;
  }
  LA_TRY(la_collect_froms(self->c, node, &self->left));
  return LA_DONE;
}

/* `from` with each element whose columns `inside` mentions, also within its statements. */
static la_status lint_mentioned(linter *self, const la_node *from, const la_node *inside) {
  self->left.count = 0;
  LA_TRY(scan(self, inside, look_for_column));
  for (size_t i = 0; i < self->left.count; i++) {
    LA_TRY(connect(self, la_from_identity(from), la_from_identity(self->left.items[i])));
  }
  return LA_OK;
}

static la_status lint_element(linter *self, const la_node *from) {
  if (from->kind == LA_NODE_JOIN) {
    LA_TRY(connect(self, from, la_from_identity(from->children[0])));
    LA_TRY(connect(self, from, la_from_identity(from->children[1])));
    return lint_condition(self, la_node_child(from, 2));
  }
  if (from->kind == LA_NODE_ALIAS) {
    const la_node *element = la_plain_node(from->children[0]);
    if (from->flags & LA_NODE_LATERAL || element->kind == LA_NODE_FUNCTION) {
      return lint_mentioned(self, from, element);
    }
  }
  return LA_OK;
}

/* A table, alias, CTE or VALUES: what has rows of its own and a name to warn of, unless it may
 * stand unjoined. */
static bool is_named(const la_node *from) {
  if (from->kind == LA_NODE_ALIAS && from->flags & LA_ALIAS_IMPLICIT) {
    return false;
  }
  return from->kind != LA_NODE_JOIN && la_node_is_from(from) && !la_node_is_statement(from);
}

static la_text shown_name(la_compiler *c, const la_node *from) {
  if (from->kind == LA_NODE_TABLE) {
    return ((const la_table *)(const void *)from->subject)->fullname;
  }
  if (from->kind == LA_NODE_VALUES && !from->text.bytes) {
    return LA_TEXT_LITERAL("(unnamed VALUES element)");
  }
  return la_from_written_name(c, from);
}

/* Warns of the elements that are not in the first one's group. */
static la_status tell(linter *self, const char *statement) {
  la_compiler *c = self->c;
  const la_scope *scope = c->scope;
  la_text start = LA_TEXT_NONE;
  size_t group = 0;
  la_strbuf rest;
  la_strbuf_init(&rest, c->sql->alloc);
  for (uint32_t i = 0; i < scope->from_node_count; i++) {
    if (!is_named(scope->from_nodes[i])) {
      continue;
    }
    size_t own = group_of(self, scope->froms[i]);
    if (own == LOST) {
      la_strbuf_clear(&rest);
      return la_fail_nomem(c->err);
    }
    if (!start.bytes) {
      start = shown_name(c, scope->from_nodes[i]);
      group = own;
    } else if (own != group) {
      la_strbuf_string(&rest, rest.len > 0 ? ", \"" : "\"");
      la_strbuf_text(&rest, shown_name(c, scope->from_nodes[i]));
      la_strbuf_char(&rest, '"');
    }
  }
  la_status status = la_strbuf_status(&rest, c->err);
  if (status >= 0 && rest.len > 0) {
    la_warn(c->sql->warnings,
            "%s statement has a cartesian product between FROM element(s) %.*s and FROM element "
            "\"%.*s\".  Apply join condition(s) between each element to resolve.",
            statement, (int)rest.len, rest.bytes, LA_TEXT_FORMAT(start));
  }
  la_strbuf_clear(&rest);
  return status;
}

la_status la_lint_froms(la_compiler *c, const char *statement, const la_from_list *froms,
                        const la_node *where) {
  if (froms->count < 2 || !c->options->lint_froms) {
    return LA_OK;
  }
  linter self = {.c = c};
  la_status status = LA_OK;
  for (uint32_t i = 0; i < c->scope->from_node_count && status >= 0; i++) {
    status = lint_element(&self, c->scope->from_nodes[i]);
  }
  if (status >= 0) {
    status = lint_condition(&self, where);
  }
  if (status >= 0) {
    status = tell(&self, statement);
  }
  la_vec_clear(c->sql->alloc, &self.elements);
  la_vec_clear(c->sql->alloc, &self.left);
  la_vec_clear(c->sql->alloc, &self.right);
  return status;
}
