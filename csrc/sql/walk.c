/* SPDX-License-Identifier: MIT */
#include "sql/walk.h"

#include "base/vec.h"

typedef LA_VEC(const la_node *) node_stack;

/* Pushes the children of `node` so that the first comes off first. */
static bool push_children(la_allocator *alloc, node_stack *stack, const la_node *node) {
  if (node->count == 0) {
    return true;
  }
  if (!la_vec_reserve(alloc, stack, node->count)) {
    return false;
  }
  for (uint32_t i = node->count; i-- > 0;) {
    if (node->children[i] != NULL) {
      stack->items[stack->count++] = node->children[i];
    }
  }
  return true;
}

la_status la_walk(la_allocator *alloc, const la_node *root, la_walk_function visit, void *context,
                  la_error *err) {
  node_stack stack = {0};
  const la_node *node = root;
  la_status status = LA_OK;
  while (node != NULL) {
    la_walk_answer answer = visit(node, context);
    if (answer == LA_WALK_STOP) {
      status = LA_DONE;
      break;
    }
    if (answer == LA_WALK_CONTINUE && !push_children(alloc, &stack, node)) {
      status = la_fail_nomem(err);
      break;
    }
    node = stack.count != 0 ? stack.items[--stack.count] : NULL;
  }
  la_vec_clear(alloc, &stack);
  return status;
}
