/* SPDX-License-Identifier: MIT */
/*
 * Tables in the order in which they can be created.
 *
 * They come in levels: first those that refer to none, by name, then those that refer only to
 * these, by name, and so on. Where tables refer to each other in a circle, all references of the
 * circle's tables are left out of account.
 */
#include "schema/schema_internal.h"

#include "base/toposort.h"

#include <stdlib.h>

typedef LA_VEC(la_edge) edge_vec;

typedef struct sorting {
  la_metadata *metadata;
  la_allocator *alloc;
  la_table **tables; /* by name */
  size_t count;
  la_map numbers; /* la_table → its number plus one */
  edge_vec edges;
  uint32_t *order;
  uint8_t *in_cycle;
} sorting;

static int compare_tables(const void *a, const void *b) {
  la_text left = (*(la_table *const *)a)->fullname, right = (*(la_table *const *)b)->fullname;
  size_t len = left.len < right.len ? left.len : right.len;
  int order = memcmp(left.bytes, right.bytes, len);
  return order != 0 ? order : left.len < right.len ? -1 : left.len > right.len;
}

static la_status add_edges(sorting *s, size_t number, la_error *err) {
  la_table *table = s->tables[number];
  for (size_t i = 0; i < table->constraints.count; i++) {
    la_constraint *constraint = table->constraints.items[i];
    uintptr_t referred;
    if (constraint->kind != LA_CONSTRAINT_FOREIGN_KEY || constraint->use_alter) {
      continue;
    }
    LA_TRY(la_constraint_resolve(constraint, err));
    referred = (uintptr_t)la_map_get_pointer(&s->numbers, constraint->referred);
    if (referred != 0 && referred != number + 1 &&
        !la_vec_push(s->alloc, &s->edges,
                     ((la_edge){.before = (uint32_t)(referred - 1), .after = (uint32_t)number}))) {
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}

static la_status list_tables(sorting *s, la_error *err) {
  size_t at = 0, count = 0;
  la_map_entry *entry;
  while ((entry = la_map_next(&s->metadata->tables, &at)) != NULL) {
    s->tables[count++] = entry->value;
  }
  qsort(s->tables, s->count, sizeof *s->tables, compare_tables);
  for (size_t i = 0; i < s->count; i++) {
    /* The number travels as the map's value, which is never followed. */
    if (!la_map_set_pointer(&s->numbers, s->alloc, s->tables[i], (void *)(uintptr_t)(i + 1))) {
      return la_fail_nomem(err);
    }
  }
  for (size_t i = 0; i < s->count; i++) {
    LA_TRY(add_edges(s, i, err));
  }
  return LA_OK;
}

/* Marks what is left when the tables before every circle and those after every circle are taken
 * away. */
static la_status mark_cycles(sorting *s, size_t ordered, la_error *err) {
  la_status status;
  memset(s->in_cycle, 1, s->count);
  for (size_t i = 0; i < ordered; i++) {
    s->in_cycle[s->order[i]] = 0;
  }
  for (size_t i = 0; i < s->edges.count; i++) {
    la_edge edge = s->edges.items[i];
    s->edges.items[i] = (la_edge){.before = edge.after, .after = edge.before};
  }
  status = la_toposort(s->alloc, s->count, s->edges.items, s->edges.count, s->order, &ordered, err);
  if (status < 0 && status != LA_CIRCULAR_DEPENDENCY) {
    return status;
  }
  for (size_t i = 0; i < ordered; i++) {
    s->in_cycle[s->order[i]] = 0;
  }
  for (size_t i = 0; i < s->edges.count; i++) {
    la_edge edge = s->edges.items[i];
    s->edges.items[i] = (la_edge){.before = edge.after, .after = edge.before};
  }
  return LA_OK;
}

static la_status break_cycles(sorting *s, size_t ordered, la_error *err) {
  size_t kept = 0;
  LA_TRY(mark_cycles(s, ordered, err));
  for (size_t i = 0; i < s->edges.count; i++) {
    if (!s->in_cycle[s->edges.items[i].after]) {
      s->edges.items[kept++] = s->edges.items[i];
    }
  }
  s->edges.count = kept;
  return la_toposort(s->alloc, s->count, s->edges.items, s->edges.count, s->order, NULL, err);
}

typedef struct placed {
  uint32_t level, number;
} placed;

static int compare_placed(const void *a, const void *b) {
  const placed *left = a, *right = b;
  if (left->level != right->level) {
    return left->level < right->level ? -1 : 1;
  }
  return left->number < right->number ? -1 : left->number > right->number;
}

/* A table's level is one more than the highest level it refers to. Edges are grouped by the table
 * that refers, so each is looked at once, in the order found by dependency. */
static la_status write_levels(sorting *s, la_table **out, la_error *err) {
  placed *places = la_alloc_zero(s->alloc, la_array_size(s->count, sizeof *places));
  size_t *first = la_alloc_zero(s->alloc, la_array_size(s->count + 1, sizeof *first));
  if (places == NULL || first == NULL) {
    la_free(s->alloc, places, s->count * sizeof *places);
    la_free(s->alloc, first, (s->count + 1) * sizeof *first);
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < s->edges.count; i++) {
    first[s->edges.items[i].after + 1]++;
  }
  for (size_t i = 0; i < s->count; i++) {
    first[i + 1] += first[i];
  }
  for (size_t i = 0; i < s->count; i++) {
    uint32_t number = s->order[i];
    places[number].number = number;
    for (size_t at = first[number]; at < first[number + 1]; at++) {
      uint32_t below = places[s->edges.items[at].before].level + 1;
      places[number].level = below > places[number].level ? below : places[number].level;
    }
  }
  qsort(places, s->count, sizeof *places, compare_placed);
  for (size_t i = 0; i < s->count; i++) {
    out[i] = s->tables[places[i].number];
  }
  la_free(s->alloc, places, s->count * sizeof *places);
  la_free(s->alloc, first, (s->count + 1) * sizeof *first);
  return LA_OK;
}

static la_status sort(sorting *s, la_table **out, bool *cycle_out, la_error *err) {
  size_t ordered;
  la_status status;
  LA_TRY(list_tables(s, err));
  status = la_toposort(s->alloc, s->count, s->edges.items, s->edges.count, s->order, &ordered, err);
  *cycle_out = status == LA_CIRCULAR_DEPENDENCY;
  if (*cycle_out) {
    status = break_cycles(s, ordered, err);
  }
  LA_TRY(status);
  return write_levels(s, out, err);
}

la_status la_metadata_sorted_tables(la_metadata *metadata, la_table **out, bool *cycle_out,
                                    la_error *err) {
  sorting s = {.metadata = metadata, .alloc = metadata->alloc, .count = metadata->tables.count};
  la_status status = LA_OK;
  bool cycle = false;
  if (s.count > 0) {
    s.tables = la_alloc(s.alloc, la_array_size(s.count, sizeof *s.tables));
    s.order = la_alloc(s.alloc, la_array_size(s.count, sizeof *s.order));
    s.in_cycle = la_alloc(s.alloc, s.count);
    status = s.tables && s.order && s.in_cycle ? sort(&s, out, &cycle, err) : la_fail_nomem(err);
  }
  la_free(s.alloc, s.tables, s.count * sizeof *s.tables);
  la_free(s.alloc, s.order, s.count * sizeof *s.order);
  la_free(s.alloc, s.in_cycle, s.count);
  la_map_clear(&s.numbers, s.alloc);
  la_vec_clear(s.alloc, &s.edges);
  if (cycle_out != NULL) {
    *cycle_out = cycle;
  }
  return status;
}
