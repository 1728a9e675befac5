/* SPDX-License-Identifier: MIT */
/*
 * Kahn's algorithm. The items that are free to come next lie in a heap by number, which makes the
 * order stable at the price of a logarithm.
 */
#include "base/toposort.h"

typedef struct sort {
  uint32_t
      *waiting;    /* per item: how many must still come before it; UINT32_MAX once it is placed */
  uint32_t *first; /* per item: where its successors begin in `after`; one more at the end */
  uint32_t *after; /* successors, grouped by item */
  uint32_t *heap;
  size_t heap_count;
} sort;

#define PLACED UINT32_MAX

static void heap_push(sort *s, uint32_t item) {
  size_t at = s->heap_count++;
  while (at > 0 && s->heap[(at - 1) / 2] > item) {
    s->heap[at] = s->heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  s->heap[at] = item;
}

static uint32_t heap_pop(sort *s) {
  uint32_t least = s->heap[0], last = s->heap[--s->heap_count];
  size_t at = 0;
  for (;;) {
    size_t child = at * 2 + 1;
    if (child >= s->heap_count) {
      break;
    }
    if (child + 1 < s->heap_count && s->heap[child + 1] < s->heap[child]) {
      child++;
    }
    if (s->heap[child] >= last) {
      break;
    }
    s->heap[at] = s->heap[child];
    at = child;
  }
  s->heap[at] = last;
  return least;
}

static void index_edges(sort *s, size_t count, const la_edge *edges, size_t edge_count) {
  for (size_t i = 0; i < edge_count; i++) {
    if (edges[i].before != edges[i].after) {
      s->first[edges[i].before + 1]++;
      s->waiting[edges[i].after]++;
    }
  }
  for (size_t i = 0; i < count; i++) {
    s->first[i + 1] += s->first[i];
  }
  /* Filling moves each beginning to its group's end; filling backwards from the ends would need
   * another array, so the beginnings are moved back afterwards. */
  for (size_t i = 0; i < edge_count; i++) {
    if (edges[i].before != edges[i].after) {
      s->after[s->first[edges[i].before]++] = edges[i].after;
    }
  }
  for (size_t i = count; i > 0; i--) {
    s->first[i] = s->first[i - 1];
  }
  s->first[0] = 0;
}

static size_t place_items(sort *s, size_t count, uint32_t *order_out) {
  size_t placed = 0;
  for (size_t i = 0; i < count; i++) {
    if (s->waiting[i] == 0) {
      heap_push(s, (uint32_t)i);
    }
  }
  while (s->heap_count > 0) {
    uint32_t item = heap_pop(s);
    order_out[placed++] = item;
    s->waiting[item] = PLACED;
    for (uint32_t at = s->first[item]; at < s->first[item + 1]; at++) {
      if (--s->waiting[s->after[at]] == 0) {
        heap_push(s, s->after[at]);
      }
    }
  }
  return placed;
}

la_status la_toposort(la_allocator *alloc, size_t count, const la_edge *edges, size_t edge_count,
                      uint32_t *order_out, size_t *ordered_out, la_error *err) {
  sort s = {0};
  size_t placed, left, words = 3 * count + 2 + edge_count;
  size_t size = la_array_size(words, sizeof(uint32_t));
  if (ordered_out != NULL) {
    *ordered_out = 0;
  }
  if (count >= UINT32_MAX / 8 || edge_count >= UINT32_MAX / 8) {
    return la_fail_nomem(err);
  }
  s.waiting = la_alloc_zero(alloc, size);
  if (s.waiting == NULL) {
    return la_fail_nomem(err);
  }
  s.first = s.waiting + count;
  s.heap = s.first + count + 1;
  s.after = s.heap + count;
  index_edges(&s, count, edges, edge_count);
  placed = left = place_items(&s, count, order_out);
  for (size_t i = 0; i < count && left < count; i++) {
    if (s.waiting[i] != PLACED) {
      order_out[left++] = (uint32_t)i;
    }
  }
  la_free(alloc, s.waiting, size);
  if (ordered_out != NULL) {
    *ordered_out = placed;
  }
  return placed == count ? LA_OK : LA_CIRCULAR_DEPENDENCY;
}
