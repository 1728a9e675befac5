/* SPDX-License-Identifier: MIT */
#include "sql/walk.h"

#include <string.h>

/* Nodes that are still to be visited; most walks need no more room than it has by itself. */
#define FIRST_ROOM 64
typedef struct node_stack {
  const la_node **items;
  size_t count, capacity;
  const la_node *first[FIRST_ROOM];
} node_stack;

static void clear_stack(la_allocator *alloc, node_stack *stack) {
  if (stack->items != stack->first) {
    la_free(alloc, stack->items, stack->capacity * sizeof *stack->items);
  }
}

static bool reserve(la_allocator *alloc, node_stack *stack, size_t extra) {
  size_t capacity = (stack->count + extra) * 2;
  const la_node **items;
  if (stack->capacity - stack->count >= extra) {
    return true;
  }
  items = la_alloc(alloc, la_array_size(capacity, sizeof *items));
  if (items == NULL) {
    return false;
  }
  memcpy(items, stack->items, stack->count * sizeof *items);
  clear_stack(alloc, stack);
  stack->items = items;
  stack->capacity = capacity;
  return true;
}

/* What weighs less is looked at again more quickly than it is looked up. */
#define HEAVY 4096

la_status la_meet(la_met *met, la_allocator *alloc, const la_node *node, la_error *err) {
  if (node->object.references == 1 || la_node_weight(node) < HEAVY) {
    return LA_OK;
  }
  if (la_map_get_pointer(met, node) != NULL) {
    return LA_DONE;
  }
  return la_map_set_pointer(met, alloc, node, (void *)node) ? LA_OK : la_fail_nomem(err);
}

/* Pushes the children of `node` so that the first comes off first. */
static bool push_children(la_allocator *alloc, node_stack *stack, const la_node *node) {
  if (node->count == 0) {
    return true;
  }
  if (!reserve(alloc, stack, node->count)) {
    return false;
  }
  for (uint32_t i = node->count; i-- > 0;) {
    if (node->children[i] != NULL) {
      stack->items[stack->count++] = node->children[i];
    }
  }
  return true;
}

static la_status walk(la_allocator *alloc, const la_node *root, la_walk_function visit,
                      void *context, node_stack *stack, la_met *met, la_error *err) {
  for (const la_node *node = root; node != NULL;
       node = stack->count != 0 ? stack->items[--stack->count] : NULL) {
    la_status known = la_meet(met, alloc, node, err);
    la_walk_answer answer = known == LA_OK ? visit(node, context) : LA_WALK_PRUNE;
    LA_TRY(known);
    if (answer == LA_WALK_STOP) {
      return LA_DONE;
    }
    if (answer == LA_WALK_CONTINUE && !push_children(alloc, stack, node)) {
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}

la_status la_walk(la_allocator *alloc, const la_node *root, la_walk_function visit, void *context,
                  la_error *err) {
  node_stack stack;
  la_met met = {0};
  la_status status;
  stack.items = stack.first;
  stack.count = 0;
  stack.capacity = FIRST_ROOM;
  status = walk(alloc, root, visit, context, &stack, &met, err);
  clear_stack(alloc, &stack);
  la_map_clear(&met, alloc);
  return status;
}
