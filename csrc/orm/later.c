/* SPDX-License-Identifier: MIT */
/*
 * selectin: the targets of many parents' links by one statement for each 500 keys.
 *
 *   one-to-many, many-to-many   SELECT addresses.user_id, addresses.id, … FROM addresses WHERE
 * addresses.user_id IN (?, …) many-to-one                 SELECT users.id, users.name FROM users
 * WHERE users.id IN (?, …) any other join              SELECT orders_1.id, items.id, … FROM orders
 * AS orders_1 JOIN … WHERE orders_1.id IN (?, …)
 */
#include "orm/later_internal.h"

#include "orm/instance_internal.h"

/* One key, the parents that have it, and the members found for it. */
typedef struct key_entry {
  const la_value *key;
  uint64_t hash;
  uint32_t count; /* members */
  uint32_t begin; /* their place among all */
} key_entry;

typedef struct found_member {
  uint32_t entry;
  la_instance *instance;
} found_member;

typedef struct gathering {
  la_load *load;
  const la_job *job;
  la_later *later;
  la_allocator *alloc;
  la_error *err;
  LA_VEC(key_entry) entries;
  uint32_t *table; /* open addressing: entry + 1 */
  size_t table_size;
  uint32_t
      *entry_of; /* parent → its entry; UINT32_MAX: its key is NULL; UINT32_MAX - 1: not known */
  LA_VEC(found_member) found;
  la_pair_set pairs; /* where rows of one member repeat */
  uint32_t last;
  bool unknown; /* some parent's key is not loaded */
} gathering;

#define NO_KEY    UINT32_MAX
#define NOT_KNOWN (UINT32_MAX - 1)

static uint64_t hash_key(const gathering *self, const la_value *key) {
  uint64_t hash = 0;
  for (uint32_t i = 0; i < self->later->width; i++) {
    hash = la_value_hash(&key[i], hash);
  }
  return hash;
}

static bool keys_equal(const gathering *self, const la_value *a, const la_value *b) {
  for (uint32_t i = 0; i < self->later->width; i++) {
    if (!la_value_equal(&a[i], &b[i])) {
      return false;
    }
  }
  return true;
}

/* The place in the table of `key`, or of the hole where it would go. */
static size_t table_place(const gathering *self, const la_value *key, uint64_t hash) {
  size_t at = (size_t)hash & (self->table_size - 1);
  while (self->table[at] != 0) {
    const key_entry *entry = &self->entries.items[self->table[at] - 1];
    if (entry->hash == hash && keys_equal(self, entry->key, key)) {
      break;
    }
    at = (at + 1) & (self->table_size - 1);
  }
  return at;
}

static la_status make_table(gathering *self) {
  size_t size = 16;
  while (size < self->job->count * 2) {
    size *= 2;
  }
  self->table = la_alloc_zero(self->alloc, la_array_size(size, sizeof *self->table));
  self->entry_of = la_alloc(self->alloc, la_array_size(self->job->count, sizeof *self->entry_of));
  self->table_size = size;
  return self->table != NULL && self->entry_of != NULL ? LA_OK : la_fail_nomem(self->err);
}

/* The parent's key, its values lent by the instance. */
static uint32_t read_parent(const gathering *self, const la_instance *parent, la_value *key) {
  for (uint32_t i = 0; i < self->later->width; i++) {
    const la_property *property =
        la_mapper_property_of_column(parent->mapper, self->later->local[i]);
    if (property == NULL || property->slot >= parent->slot_count) {
      return NOT_KNOWN;
    }
    if (property->flags & LA_PROPERTY_PRIMARY_KEY) {
      la_instance_key_part(parent, property->slot, &key[i]);
    } else {
      key[i] = parent->slots[property->slot];
      if (!(key[i].flags & LA_SLOT_LOADED)) {
        return NOT_KNOWN;
      }
    }
    if (key[i].kind == LA_VALUE_NULL) {
      return NO_KEY;
    }
  }
  return 0;
}

static la_status note_parents(gathering *self) {
  uint32_t width = self->later->width;
  LA_TRY(make_table(self));
  for (size_t i = 0; i < self->job->count; i++) {
    la_value *key = la_arena_alloc(&self->load->arena, width * sizeof *key);
    uint64_t hash;
    size_t at;
    if (key == NULL) {
      return la_fail_nomem(self->err);
    }
    self->entry_of[i] = read_parent(self, self->job->parents[i], key);
    if (self->entry_of[i] != 0) {
      self->unknown |= self->entry_of[i] == NOT_KNOWN;
      continue;
    }
    hash = hash_key(self, key);
    at = table_place(self, key, hash);
    if (self->table[at] == 0) {
      if (!la_vec_push(self->alloc, &self->entries, ((key_entry){.key = key, .hash = hash}))) {
        return la_fail_nomem(self->err);
      }
      self->table[at] = (uint32_t)self->entries.count;
    }
    self->entry_of[i] = self->table[at] - 1;
  }
  return LA_OK;
}

static void forget_parents(gathering *self) {
  la_vec_clear(self->alloc, &self->entries);
  la_free(self->alloc, self->table, self->table_size * sizeof *self->table);
  la_free(self->alloc, self->entry_of, self->job->count * sizeof *self->entry_of);
  self->table = self->entry_of = NULL;
  self->table_size = 0;
}

/* Where a parent's foreign key is not loaded, the statement joins parents and targets instead. */
static la_status note_known_parents(gathering *self) {
  LA_TRY(note_parents(self));
  if (!self->unknown || !self->later->by_target) {
    return LA_OK;
  }
  forget_parents(self);
  LA_TRY(la_later_for(self->load, self->job, true, &self->later, self->err));
  return note_parents(self);
}

/* A subquery load below another has a row for each way from the statement's entity. */
static bool repeats(const gathering *self) {
  return self->later->embeds && self->job->link->steps->up != NULL;
}

static la_status note_row(gathering *self, const la_run *run) {
  uint32_t width = self->later->width;
  la_value few[8], *key = few;
  la_instance *instance;
  size_t at;
  bool is_new = true;
  if (self->later->by_target) {
    instance = run->root;
    if (instance == NULL || width > 8) {
      return instance == NULL ? LA_OK
                              : la_fail(self->err, LA_INVALID_REQUEST,
                                        "primary keys have at most 8 columns here");
    }
    la_instance_key(instance, key);
  } else {
    const la_value *value = &run->values[self->later->embeds ? 0 : width];
    if (value->kind == LA_VALUE_NULL) {
      return LA_OK;
    }
    instance = (la_instance *)(intptr_t)value->as.integer;
    key = run->values + self->later->embeds;
  }
  if (self->last >= self->entries.count ||
      !keys_equal(self, self->entries.items[self->last].key, key)) {
    at = table_place(self, key, hash_key(self, key));
    if (self->table[at] == 0) {
      return LA_OK;
    }
    self->last = self->table[at] - 1;
  }
  if (run->plan->needs_unique || repeats(self)) {
    LA_TRY(la_pair_set_add(&self->pairs, self->alloc, self->last, instance, &is_new, self->err));
  }
  if (!is_new) {
    return LA_OK;
  }
  self->entries.items[self->last].count++;
  return la_vec_push(self->alloc, &self->found, ((found_member){self->last, instance}))
             ? LA_OK
             : la_fail_nomem(self->err);
}

static la_status read_rows(gathering *self, la_run *run) {
  for (;;) {
    la_status status = la_run_step(run, self->err);
    if (status != LA_ROW) {
      return status;
    }
    if (run->root != NULL && run->root_is_pinned) {
      if (!la_vec_push(self->alloc, &self->load->pinned, run->root)) {
        la_instance_unpin(run->root);
        return la_fail_nomem(self->err);
      }
    }
    LA_TRY(note_row(self, run));
  }
}

/* The statement's PARAMs with the list of keys from entry `begin` on in the place behind them. */
static la_status run_chunk(gathering *self, la_run *run, size_t begin, size_t count,
                           const la_node **params) {
  uint32_t width = self->later->width;
  size_t total = count * width;
  la_value *values = la_alloc(self->alloc, total * sizeof *values);
  uint32_t outer = self->job->outer.count;
  la_node *list;
  la_status status;
  if (values == NULL) {
    return la_fail_nomem(self->err);
  }
  for (size_t i = 0; i < count; i++) {
    memcpy(&values[i * width], self->entries.items[begin + i].key, width * sizeof *values);
  }
  list = la_expr_params(&self->load->session->engine->sql, LA_TEXT_LITERAL("primary_keys"), values,
                        (uint32_t)total, width > 1 ? width : 0, self->later->type);
  la_free(self->alloc, values, total * sizeof *values);
  if (list == NULL) {
    return la_fail_nomem(self->err);
  }
  params[outer] = list;
  if (run->plan->inputs.count != 0 && la_load_hold(self->load, list, self->err) < 0) {
    la_node_release(list);
    return LA_NOMEM;
  }
  status = la_run_open(run, self->later->compiled, params, outer + 1, NULL, NULL, self->err);
  if (status >= 0) {
    status = read_rows(self, run);
  }
  la_cursor_close(run->cursor);
  la_node_release(list);
  return status;
}

/* The values of the options' PARAMs, and a place for the keys; in the load's arena. */
static const la_node **make_params(const gathering *self) {
  uint32_t outer = self->job->outer.count;
  const la_node **params = la_arena_alloc(&self->load->arena, (outer + 1) * sizeof *params);
  for (uint32_t i = 0; params != NULL && i < outer; i++) {
    params[i] = self->job->outer.params[i];
  }
  return params;
}

/* What embeds this statement does so with the keys of one chunk: each is a run of its own then. */
static la_status next_run(gathering *self, la_run *run) {
  const la_load_plan *plan = run->plan;
  LA_TRY(la_run_finish(run, self->err));
  la_run_clear(run);
  LA_TRY(la_run_init(run, self->load, plan, self->job->outer, self->err));
  run->depth = self->job->depth + 1;
  return LA_OK;
}

static la_status run_chunks(gathering *self, la_run *run) {
  const la_node **params = NULL;
  bool embedded = run->plan->inputs.count != 0;
  const la_load_option *option = self->job->link->option;
  size_t most = option != NULL && option->chunksize != 0 ? option->chunksize : LA_LATER_KEYS;
  for (size_t begin = 0; begin < self->entries.count; begin += most) {
    size_t count = self->entries.count - begin < most ? self->entries.count - begin : most;
    if (begin > 0 && embedded) {
      LA_TRY(next_run(self, run));
    }
    if (params == NULL || embedded) {
      params = make_params(self);
    }
    if (params == NULL) {
      return la_fail_nomem(self->err);
    }
    LA_TRY(run_chunk(self, run, begin, count, params));
  }
  return la_run_finish(run, self->err);
}

/* The parents' statement is in this one, with its parameters. */
static la_status run_embedding(gathering *self, la_run *run) {
  struct la_load_pending *pending = self->load->pending;
  la_outer inputs = self->job->inputs;
  la_status status;
  run->inputs.looks_up = inputs.looks_up;
  status =
      la_run_open(run, self->later->compiled, inputs.params, inputs.count,
                  inputs.looks_up ? pending->lookup : NULL, pending->lookup_context, self->err);
  if (status >= 0) {
    status = read_rows(self, run);
  }
  la_cursor_close(run->cursor);
  return status < 0 ? status : la_run_finish(run, self->err);
}

/* Sorts the members by key, each key's in the order they came, and gives every parent its own. */
static la_status give_links(gathering *self) {
  la_instance **members =
      la_arena_alloc(&self->load->arena, (self->found.count + 1) * sizeof *members);
  const la_relationship *relationship = self->job->link->relationship;
  uint32_t begin = 0;
  if (members == NULL) {
    return la_fail_nomem(self->err);
  }
  for (size_t i = 0; i < self->entries.count; i++) {
    self->entries.items[i].begin = begin;
    begin += self->entries.items[i].count;
    self->entries.items[i].count = 0;
  }
  for (size_t i = 0; i < self->found.count; i++) {
    key_entry *entry = &self->entries.items[self->found.items[i].entry];
    members[entry->begin + entry->count++] = self->found.items[i].instance;
  }
  for (size_t i = 0; i < self->job->count; i++) {
    la_instance *parent = self->job->parents[i];
    uint32_t number = self->entry_of[i];
    const key_entry *entry = number < NOT_KNOWN ? &self->entries.items[number] : NULL;
    size_t count = entry != NULL ? entry->count : 0;
    uint32_t link = la_link_number(parent->mapper, relationship);
    if (number == NOT_KNOWN ||
        (la_links(parent)[link].flags & LA_LINK_LOADED && !self->load->populate_existing)) {
      continue;
    }
    if (!relationship->uselist && count > 1) {
      la_load_warn_several(self->load->session, relationship, "eagerly");
      count = 1;
    }
    LA_TRY(la_load_add_link(self->load, parent, link,
                            entry != NULL ? &members[entry->begin] : members, count, self->err));
  }
  return LA_OK;
}

static la_status run_selectin(la_load *load, const la_job *job, la_later *later, la_error *err) {
  gathering self = {.load = load,
                    .job = job,
                    .later = later,
                    .alloc = load->session->alloc,
                    .err = err,
                    .last = UINT32_MAX};
  la_run run = {0};
  la_status status = note_known_parents(&self);
  if (status >= 0) {
    status =
        la_run_init(&run, load, (const la_load_plan *)(const void *)self.later->compiled->extra,
                    job->outer, err);
  }
  run.depth = job->depth + 1;
  if (status >= 0) {
    status = self.later->embeds ? run_embedding(&self, &run) : run_chunks(&self, &run);
  }
  if (status >= 0) {
    status = give_links(&self);
  }
  la_run_clear(&run);
  forget_parents(&self);
  la_vec_clear(self.alloc, &self.found);
  la_pair_set_clear(&self.pairs, self.alloc);
  return status;
}

static la_status run_immediate(la_load *load, const la_job *job, la_error *err) {
  const la_plan_link *link = job->link;
  la_link_choice choice = {.owner = job->plan->owner,
                           .options = link->options,
                           .criteria = link->criteria,
                           .target = link->target,
                           .path = link->path,
                           .depth = job->depth + 1,
                           .outer = job->outer};
  for (size_t i = 0; i < job->count; i++) {
    la_instance *parent = job->parents[i];
    uint32_t number = la_link_number(parent->mapper, link->relationship);
    if (load->populate_existing || !(la_links(parent)[number].flags & LA_LINK_LOADED)) {
      LA_TRY(link->map_only ? la_lazy_look_up(load, parent, number, err)
                            : la_lazy_run(load, parent, number, &choice, err));
    }
  }
  return LA_OK;
}

la_status la_later_run(la_load *load, const la_job *job, la_error *err) {
  const la_relationship *relationship;
  la_later *later = NULL;
  if (job->behind != NULL) {
    return la_later_run_class(load, job, err);
  }
  relationship = job->link->relationship;
  if (!relationship->configured) {
    return la_fail(err, LA_INVALID_REQUEST, "relationship %.*s is not configured",
                   LA_TEXT_FORMAT(relationship->key));
  }
  if (job->link->strategy == LA_LOADER_IMMEDIATE) {
    return run_immediate(load, job, err);
  }
  LA_TRY(la_later_for(load, job, false, &later, err));
  return run_selectin(load, job, later, err);
}
