/* SPDX-License-Identifier: MIT */
/*
 * The members of joined links, by their parents, as rows give them; and which of them a parent has
 * already, where rows repeat.
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

la_status la_run_gather(la_run *run, const la_plan_link *link, la_instance *parent, size_t *out,
                        la_error *err) {
  la_link_state *state = &run->links[link->number];
  la_allocator *alloc = run->session->alloc;
  uintptr_t place;
  uint32_t number;
  if (state->last != SIZE_MAX && state->gathers.items[state->last].parent == parent) {
    *out = state->last;
    return LA_OK;
  }
  place = (uintptr_t)la_map_get_pointer(&state->index, parent);
  if (place == 0) {
    la_gather gather = {.parent = parent};
    number = la_link_number(parent->mapper, link->relationship);
    gather.skip = number >= parent->link_count ||
                  ((la_links(parent)[number].flags & LA_LINK_LOADED) && !run->populate);
    if (!la_vec_push(alloc, &state->gathers, gather)) {
      return la_fail_nomem(err);
    }
    place = state->gathers.count;
    if (!la_map_set_pointer(&state->index, alloc, parent, (void *)place)) {
      state->gathers.count--;
      return la_fail_nomem(err);
    }
  }
  *out = state->last = place - 1;
  return LA_OK;
}

/* An object that its row has made can be no member yet. The set of the others is made when the
 * first comes that was there before. */
static la_status note_pairs(la_run *run, la_link_state *state, la_error *err) {
  bool is_new;
  for (size_t i = 0; i < state->gathers.count && !state->has_pairs; i++) {
    for (const la_member *at = state->gathers.items[i].first; at != NULL; at = at->next) {
      LA_TRY(la_pair_set_add(&state->pairs, run->session->alloc, i, at->instance, &is_new, err));
    }
  }
  state->has_pairs = true;
  return LA_OK;
}

la_status la_run_add_member(la_run *run, const la_plan_link *link, size_t at, la_instance *child,
                            la_error *err) {
  la_link_state *state = &run->links[link->number];
  la_gather *gather = &state->gathers.items[at];
  la_member *member;
  bool is_new = false;
  if (gather->skip) {
    return LA_OK;
  }
  if (!link->relationship->uselist && gather->count != 0) {
    if (gather->first->instance != child) {
      la_load_warn_several(run->session, link->relationship, "eagerly");
    }
    return LA_OK;
  }
  if (link->relationship->uselist &&
      (state->has_pairs || !run->entities[link->entity->number].made)) {
    LA_TRY(note_pairs(run, state, err));
    LA_TRY(la_pair_set_add(&state->pairs, run->session->alloc, at, child, &is_new, err));
    if (!is_new) {
      return LA_OK;
    }
  }
  member = la_arena_alloc(&run->load->arena, sizeof *member);
  if (member == NULL) {
    return la_fail_nomem(err);
  }
  *member = (la_member){child, NULL};
  if (gather->last != NULL) {
    gather->last->next = member;
  } else {
    gather->first = member;
  }
  gather->last = member;
  gather->count++;
  return LA_OK;
}

la_status la_run_give_links(la_run *run, const la_plan_link *link, la_error *err) {
  la_link_state *state = &run->links[link->number];
  for (size_t i = 0; i < state->gathers.count; i++) {
    la_gather *gather = &state->gathers.items[i];
    la_instance **members;
    uint32_t at = 0;
    if (gather->skip) {
      continue;
    }
    members = la_arena_alloc(&run->load->arena, (gather->count + 1) * sizeof *members);
    if (members == NULL) {
      return la_fail_nomem(err);
    }
    for (const la_member *member = gather->first; member != NULL; member = member->next) {
      members[at++] = member->instance;
    }
    LA_TRY(la_load_add_link(run->load, gather->parent,
                            la_link_number(gather->parent->mapper, link->relationship), members,
                            gather->count, err));
  }
  return LA_OK;
}
