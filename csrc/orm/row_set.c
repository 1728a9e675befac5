/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing, at most half full. Hashes are made again when it grows: rows
 * are short, and most loads have few.
 */
#include "orm/row_set.h"

static uint64_t hash_of(const la_value *values, uint32_t width) {
  uint64_t hash = width;
  for (uint32_t i = 0; i < width; i++) {
    hash = la_value_hash(&values[i], hash);
  }
  return hash;
}

static bool are_equal(const la_value *a, const la_value *b, uint32_t width) {
  for (uint32_t i = 0; i < width; i++) {
    if (!la_value_equal(&a[i], &b[i])) {
      return false;
    }
  }
  return true;
}

/* The slot of a row with these values, or the free one where it belongs. */
static uint32_t *find(const la_row_set *set, const la_rows *rows, const la_value *values) {
  size_t at = (size_t)hash_of(values, rows->width) & (set->room - 1);
  while (set->slots[at] != 0 &&
         !are_equal(rows->rows.items[set->slots[at] - 1]->values, values, rows->width)) {
    at = (at + 1) & (set->room - 1);
  }
  return &set->slots[at];
}

static la_status grow(la_row_set *set, const la_rows *rows, la_error *err) {
  la_row_set larger = {.room = set->room != 0 ? set->room * 2 : 64};
  larger.slots = la_alloc_zero(rows->alloc, larger.room * sizeof *larger.slots);
  if (larger.slots == NULL) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < rows->rows.count; i++) {
    *find(&larger, rows, rows->rows.items[i]->values) = (uint32_t)i + 1;
  }
  la_row_set_clear(set, rows->alloc);
  *set = larger;
  return LA_OK;
}

la_status la_row_set_add(la_row_set *set, const la_rows *rows, const la_value *values,
                         bool *new_out, la_error *err) {
  uint32_t *slot;
  if ((rows->rows.count + 1) * 2 > set->room) {
    LA_TRY(grow(set, rows, err));
  }
  slot = find(set, rows, values);
  *new_out = *slot == 0;
  if (*new_out) {
    *slot = (uint32_t)rows->rows.count + 1;
  }
  return LA_OK;
}

void la_row_set_clear(la_row_set *set, la_allocator *alloc) {
  la_free(alloc, set->slots, set->room * sizeof *set->slots);
  *set = (la_row_set){0};
}
