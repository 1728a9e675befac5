/* SPDX-License-Identifier: MIT */
/*
 * Takes a flush's graph of actions level by level, in time linear in its nodes and edges but for
 * the sorting of each level.
 */
#include "orm/flush_internal.h"

static int compare_nodes(const la_flush *flush, uint32_t a, uint32_t b) {
  const la_flush_node *left = &flush->nodes.items[a], *right = &flush->nodes.items[b];
  if (left->action != right->action) {
    return left->action < right->action ? -1 : 1;
  }
  if (left->unit != right->unit) {
    return left->unit < right->unit ? -1 : 1;
  }
  return (left->subject > right->subject) - (left->subject < right->subject);
}

/* Successors by node: `starts[n]` to `starts[n + 1]` of `targets`. */
typedef struct graph {
  uint32_t *starts, *targets, *waits;
  size_t node_count, edge_count;
} graph;

static void free_graph(la_allocator *alloc, graph *g) {
  la_free(alloc, g->starts, (g->node_count + 2) * sizeof *g->starts);
  la_free(alloc, g->targets, (g->edge_count + 1) * sizeof *g->targets);
  la_free(alloc, g->waits, (g->node_count + 1) * sizeof *g->waits);
}

static bool make_graph(la_allocator *alloc, const la_edge *edges, size_t edge_count,
                       size_t node_count, graph *g) {
  *g = (graph){.node_count = node_count, .edge_count = edge_count};
  g->starts = la_alloc_zero(alloc, la_array_size(node_count + 2, sizeof *g->starts));
  g->targets = la_alloc_zero(alloc, la_array_size(edge_count + 1, sizeof *g->targets));
  g->waits = la_alloc_zero(alloc, la_array_size(node_count + 1, sizeof *g->waits));
  if (g->starts == NULL || g->targets == NULL || g->waits == NULL) {
    free_graph(alloc, g);
    return false;
  }
  for (size_t i = 0; i < edge_count; i++) {
    g->starts[edges[i].before + 2]++;
    g->waits[edges[i].after]++;
  }
  for (size_t i = 2; i < node_count + 2; i++) {
    g->starts[i] += g->starts[i - 1];
  }
  for (size_t i = 0; i < edge_count; i++) {
    g->targets[g->starts[edges[i].before + 1]++] = edges[i].after;
  }
  return true;
}

/* Takes what waits for nothing, level by level. */
static la_status take_levels(la_flush *flush, graph *g, la_error *err) {
  la_numbers *order = &flush->order;
  size_t begin = 0;
  if (!la_vec_reserve(flush->alloc, order, g->node_count)) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < g->node_count; i++) {
    if (g->waits[i] == 0) {
      order->items[order->count++] = i;
    }
  }
  while (begin < order->count) {
    size_t end = order->count;
    if (!la_vec_push(flush->alloc, &flush->levels, (uint32_t)begin)) {
      return la_fail_nomem(err);
    }
    LA_TRY(la_flush_merge_sort(flush, order->items + begin, end - begin, compare_nodes, err));
    for (size_t i = begin; i < end; i++) {
      uint32_t node = order->items[i];
      for (uint32_t e = g->starts[node]; e < g->starts[node + 1]; e++) {
        if (--g->waits[g->targets[e]] == 0) {
          order->items[order->count++] = g->targets[e];
        }
      }
    }
    begin = end;
  }
  if (order->count < g->node_count) {
    return la_fail(err, LA_CIRCULAR_DEPENDENCY, "Circular dependency detected.");
  }
  return LA_OK;
}

la_status la_flush_take_levels(la_flush *flush, const la_edge *edges, size_t edge_count,
                               la_error *err) {
  graph g;
  la_status status;
  if (!make_graph(flush->alloc, edges, edge_count, flush->nodes.count, &g)) {
    return la_fail_nomem(err);
  }
  status = take_levels(flush, &g, err);
  free_graph(flush->alloc, &g);
  return status;
}

la_status la_flush_merge_sort(la_flush *flush, uint32_t *numbers, size_t count,
                              int (*compare)(const la_flush *, uint32_t, uint32_t), la_error *err) {
  uint32_t *other, *from = numbers, *to;
  size_t sorted = 1;
  while (sorted < count && compare(flush, numbers[sorted - 1], numbers[sorted]) <= 0) {
    sorted++;
  }
  if (sorted >= count) {
    return LA_OK;
  }
  other = la_alloc(flush->alloc, count * sizeof *other);
  if (other == NULL) {
    return la_fail_nomem(err);
  }
  to = other;
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t begin = 0; begin < count; begin += 2 * width) {
      size_t middle = begin + width < count ? begin + width : count;
      size_t end = begin + 2 * width < count ? begin + 2 * width : count;
      size_t a = begin, b = middle;
      for (size_t at = begin; at < end; at++) {
        bool left = a < middle && (b >= end || compare(flush, from[a], from[b]) <= 0);
        to[at] = left ? from[a++] : from[b++];
      }
    }
    uint32_t *swap = from;
    from = to;
    to = swap;
  }
  if (from != numbers) {
    memcpy(numbers, from, count * sizeof *numbers);
  }
  la_free(flush->alloc, other, count * sizeof *other);
  return LA_OK;
}
