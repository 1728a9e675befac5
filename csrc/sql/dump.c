/* SPDX-License-Identifier: MIT */
#include "sql/dump.h"

#include "base/vec.h"
#include "sql/operator.h"

typedef struct dump_item {
  const la_node *node;
  uint32_t depth;
} dump_item;

static bool has_operator(const la_node *node) {
  switch (node->kind) {
  case LA_NODE_UNARY:
  case LA_NODE_BINARY:
  case LA_NODE_BETWEEN:
  case LA_NODE_CLAUSES:
  case LA_NODE_COMPOUND:
    return true;
  default:
    return false;
  }
}

static void dump_node(const dump_item *item, la_strbuf *out) {
  const la_node *node = item->node;
  for (uint32_t i = 0; i < item->depth; i++) {
    la_strbuf_string(out, "  ");
  }
  if (node == NULL) {
    la_strbuf_string(out, "-\n");
    return;
  }
  la_strbuf_string(out, la_node_kind_name((la_node_kind)node->kind));
  if (has_operator(node)) {
    la_strbuf_format(out, " %s", la_operator_get((la_operator)node->op)->name);
  } else if (node->op != 0) {
    la_strbuf_format(out, " op=%u", (unsigned)node->op);
  }
  if (node->text.bytes != NULL) {
    la_strbuf_format(out, " \"%.*s\"", LA_TEXT_FORMAT(node->text));
  }
  if (node->value.kind != LA_VALUE_NULL) {
    la_strbuf_char(out, ' ');
    la_value_describe(&node->value, out);
  }
  for (uint32_t i = 0; i < node->value_count; i++) {
    la_strbuf_string(out, i == 0 ? " [" : ", ");
    la_value_describe(&node->values[i], out);
  }
  la_strbuf_string(out, node->value_count ? "]" : "");
  if (node->subject != NULL) {
    la_strbuf_format(out, " <%s>", node->subject->class->name);
  }
  if (node->type != NULL) {
    la_strbuf_string(out, " :");
    la_type_describe(node->type, out);
  }
  la_strbuf_char(out, '\n');
}

void la_dump(const la_node *root, la_strbuf *out) {
  LA_VEC(dump_item) stack = {0};
  dump_item item = {root, 0};
  for (;;) {
    dump_node(&item, out);
    if (item.node != NULL) {
      if (!la_vec_reserve(out->alloc, &stack, item.node->count)) {
        out->failed = true;
        break;
      }
      for (uint32_t i = item.node->count; i-- > 0;) {
        stack.items[stack.count++] = (dump_item){item.node->children[i], item.depth + 1};
      }
    }
    if (stack.count == 0) {
      break;
    }
    item = stack.items[--stack.count];
  }
  la_vec_clear(out->alloc, &stack);
}
