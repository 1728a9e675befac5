/* SPDX-License-Identifier: MIT */
/*
 * Which members a parent has already, where rows repeat.
 */
#include "orm/load_internal.h"

static size_t pair_place(const la_pair_set *set, size_t gather, const la_instance *instance) {
  uint64_t hash = la_hash_mix((uint64_t)gather, (uint64_t)(uintptr_t)instance);
  size_t at = (size_t)hash & (set->size - 1);
  while (set->entries[at].instance != NULL &&
         !(set->entries[at].instance == instance && set->entries[at].gather == gather)) {
    at = (at + 1) & (set->size - 1);
  }
  return at;
}

la_status la_pair_set_add(la_pair_set *set, la_allocator *alloc, size_t gather,
                          const la_instance *instance, bool *new_out, la_error *err) {
  size_t at;
  if ((set->count + 1) * 2 > set->size) {
    la_pair_set grown = {.size = set->size ? set->size * 2 : 64, .count = set->count};
    grown.entries = la_alloc_zero(alloc, la_array_size(grown.size, sizeof *grown.entries));
    if (grown.entries == NULL) {
      return la_fail_nomem(err);
    }
    for (size_t i = 0; i < set->size; i++) {
      if (set->entries[i].instance != NULL) {
        grown.entries[pair_place(&grown, set->entries[i].gather, set->entries[i].instance)] =
            set->entries[i];
      }
    }
    la_free(alloc, set->entries, set->size * sizeof *set->entries);
    *set = grown;
  }
  at = pair_place(set, gather, instance);
  *new_out = set->entries[at].instance == NULL;
  if (*new_out) {
    set->entries[at].instance = instance;
    set->entries[at].gather = gather;
    set->count++;
  }
  return LA_OK;
}

void la_pair_set_clear(la_pair_set *set, la_allocator *alloc) {
  la_free(alloc, set->entries, set->size * sizeof *set->entries);
  *set = (la_pair_set){0};
}
