/* SPDX-License-Identifier: MIT */
/*
 * Rows to instances.
 *
 * For each entity of a row: its key's values, one look into the identity map, and either a new
 * instance in the chunk that is being filled, its bytes beside it, or the one that is there, of
 * which only unloaded slots are filled.
 */
#include "orm/dml.h"
#include "orm/instance_internal.h"
#include "orm/kept.h"
#include "orm/session_internal.h"

static size_t round_up(size_t size) {
  return (size + 7) & ~(size_t)7;
}

uint32_t la_link_number(const la_mapper *mapper, const la_relationship *relationship) {
  uint32_t link = relationship->link;
  if (link < mapper->link_count && mapper->links[link]->relationship == relationship) {
    return link;
  }
  for (uint32_t i = 0; i < mapper->link_count; i++) {
    if (mapper->links[i]->relationship == relationship) {
      return i;
    }
  }
  return UINT32_MAX;
}

uint32_t la_slot_of_column(const la_mapper *mapper, const la_column *column) {
  const la_property *property = la_mapper_property_of_column(mapper, column);
  return property != NULL ? property->slot : UINT32_MAX;
}

/* Cuts the memory for `count` things from the front of `*at`. */
static void *cut(char **at, size_t count, size_t size) {
  void *piece = *at;
  *at += count * size;
  return piece;
}

static la_status make_states(la_run *run, la_error *err) {
  const la_load_plan *plan = run->plan;
  uint32_t most = 1;
  char *at;
  for (const la_plan_entity *entity = plan->entities; entity != NULL; entity = entity->next) {
    uint32_t count = entity->slot_count;
    for (const la_plan_class *below = entity->classes; below != NULL; below = below->next) {
      count += below->slot_count;
    }
    most = count > most ? count : most;
  }
  run->width = 0;
  run->room = plan->width;
  at = la_arena_alloc_zero(&run->load->arena,
                           ((size_t)most + plan->part_count + plan->width) * sizeof(la_value) +
                               plan->entity_count * sizeof *run->entities +
                               plan->link_count * sizeof *run->links);
  if (at == NULL) {
    return la_fail_nomem(err);
  }
  run->converted = cut(&at, most, sizeof *run->converted);
  run->values = cut(&at, plan->part_count, sizeof *run->values);
  run->row = cut(&at, plan->width, sizeof *run->row);
  run->entities = cut(&at, plan->entity_count, sizeof *run->entities);
  run->links = cut(&at, plan->link_count, sizeof *run->links);
  for (uint32_t i = 0; i < plan->link_count; i++) {
    run->links[i].last = SIZE_MAX;
  }
  return LA_OK;
}

la_status la_run_init(la_run *run, la_load *load, const la_load_plan *plan, la_outer outer,
                      la_error *err) {
  *run = (la_run){.load = load,
                  .session = load->session,
                  .plan = plan,
                  .outer = outer,
                  .populate = load->populate_existing};
  run->cursor = &run->own_cursor;
  la_arena_init(&run->scratch, load->session->alloc);
  la_params_init(&run->params, load->session->alloc);
  return make_states(run, err);
}

static void clear_states(la_run *run) {
  la_allocator *alloc = run->session->alloc;
  for (uint32_t i = 0; run->links != NULL && i < run->plan->link_count; i++) {
    la_vec_clear(alloc, &run->links[i].gathers);
    la_map_clear(&run->links[i].index, alloc);
    la_pair_set_clear(&run->links[i].pairs, alloc);
  }
  for (uint32_t i = 0; run->entities != NULL && i < run->plan->entity_count; i++) {
    la_vec_clear(alloc, &run->entities[i].seen);
    la_object_release(run->entities[i].kept);
    la_map_clear(&run->entities[i].seen_index, alloc);
  }
  run->links = NULL;
  run->entities = NULL;
}

la_status la_run_restart(la_run *run, la_error *err) {
  clear_states(run);
  la_arena_clear(&run->load->arena);
  return make_states(run, err);
}

la_status la_run_open(la_run *run, la_compiled *compiled, const la_node *const *params,
                      uint32_t param_count, la_param_lookup lookup, void *context, la_error *err) {
  la_connection *connection = NULL;
  la_text text;
  LA_TRY(la_session_connection(run->session, &connection, err));
  if (run->plan->inputs.count != 0) {
    run->inputs = (la_outer){params, param_count, run->inputs.looks_up};
  }
  LA_TRY(la_params_fill(&run->params, compiled, params, param_count, lookup, context, &text, err));
  LA_TRY(la_cursor_open_told(run->cursor, connection, text, run->params.values.items,
                             (uint32_t)run->params.values.count, 1, err));
  la_trace_compiled(&run->session->engine->trace, compiled);
  return LA_OK;
}

/* Room for the row's columns: the first step tells how many there are. */
static la_status fit_row(la_run *run, la_error *err) {
  uint32_t width = run->cursor->column_count;
  if (width < run->plan->width) {
    return la_fail(err, LA_PROGRAMMING, "the statement gives %u columns where its plan reads %u",
                   width, run->plan->width);
  }
  if (width > run->room) {
    run->row = la_arena_alloc_zero(&run->load->arena, width * sizeof *run->row);
    if (run->row == NULL) {
      return la_fail_nomem(err);
    }
    run->room = width;
  }
  run->width = width;
  return LA_OK;
}

static la_status convert(la_run *run, const la_type *type, const la_value *stored, la_value *out,
                         la_text what, la_error *err) {
  la_error inner = LA_ERROR_INIT;
  la_status status = la_type_result(type, stored, out, &run->scratch, &inner);
  if (status == LA_NOMEM) {
    return la_fail_nomem(err);
  }
  return status < 0 ? la_fail(err, status, "(%.*s) %s", LA_TEXT_FORMAT(what), inner.message)
                    : LA_OK;
}

/* Reads the key of `entity`; false if the row has none, as after an outer join. */
static bool read_key(la_run *run, const la_plan_entity *entity, la_value *key, la_status *status,
                     la_error *err) {
  uint32_t count = entity->mapper->primary_key_count, nulls = 0;
  for (uint32_t k = 0; k < count; k++) {
    key[k] = run->row[entity->key_columns[k]];
    if (key[k].kind == LA_VALUE_NULL) {
      nulls++;
    } else if (entity->key_types[k] != NULL) {
      la_value stored = key[k];
      *status = convert(run, entity->key_types[k], &stored, &key[k],
                        entity->mapper->primary_key[k]->key, err);
      if (*status < 0) {
        return false;
      }
    }
  }
  return nulls == 0 || (entity->partial_keys && nulls < count);
}

/* The value of a slot of the row at hand; read_slots has been called. */
static inline const la_value *slot_value(const la_run *run, const la_view *view, uint32_t i) {
  return view->plain ? &run->row[view->slots[i].column] : &run->converted[i];
}

/* What the bytes of a row's values take. */
typedef struct row_bytes {
  size_t all;
  uint32_t longest;
} row_bytes;

static inline void add_bytes(row_bytes *bytes, const la_value *value) {
  if (la_value_has_bytes(value)) {
    bytes->all += value->len;
    bytes->longest = value->len > bytes->longest ? value->len : bytes->longest;
  }
}

/* Makes the values of the view's slots ready, and adds up their bytes. */
static la_status read_slots(la_run *run, const la_view *view, row_bytes *bytes, la_error *err) {
  *bytes = (row_bytes){0};
  if (view->plain) {
    for (uint32_t i = 0; i < view->slot_count; i++) {
      add_bytes(bytes, &run->row[view->slots[i].column]);
    }
    return LA_OK;
  }
  for (uint32_t i = 0; i < view->slot_count; i++) {
    const la_plan_slot *slot = &view->slots[i];
    la_value *value = &run->converted[i];
    *value = run->row[slot->column];
    if (slot->type != NULL && value->kind != LA_VALUE_NULL) {
      la_value stored = *value;
      LA_TRY(convert(run, slot->type, &stored, value, view->mapper->slots[slot->slot]->key, err));
    }
    add_bytes(bytes, value);
  }
  return LA_OK;
}

static la_status room_in_chunk(la_run *run, size_t size, la_error *err) {
  if (run->chunk != NULL && (size_t)(run->chunk->end - run->chunk->next) >= size) {
    return LA_OK;
  }
  if (run->chunk != NULL) {
    la_chunk_unpin(run->chunk);
  }
  la_slab *slab = la_session_slab(run->session);
  run->chunk = slab != NULL ? la_slab_chunk(slab, size, (size_t)run->rows_read * size) : NULL;
  return run->chunk != NULL ? LA_OK : la_fail_nomem(err);
}

/* `instance` keeps the options that it is loaded with. */
static la_status keep_options(la_run *run, const la_plan_entity *entity, la_instance *instance,
                              la_error *err) {
  la_entity_state *state = &run->entities[entity->number];
  if (state->kept == NULL) {
    state->kept = la_kept_options_new(run->plan, entity, run->outer);
    if (state->kept == NULL) {
      return la_fail_nomem(err);
    }
  }
  la_instance_keep(instance, &state->kept->object);
  return LA_OK;
}

/* A new persistent instance; its one pin is the caller's. */
static la_status make_instance(la_run *run, const la_plan_entity *entity, const la_view *view,
                               uint32_t hash, la_instance **out, la_error *err) {
  la_instance *instance;
  row_bytes bytes;
  char *text = NULL;
  la_status status;
  LA_TRY(read_slots(run, view, &bytes, err));
  LA_TRY(room_in_chunk(run, round_up(la_instance_size(view->mapper)) + round_up(bytes.all), err));
  instance = la_instance_in_chunk(run->chunk, view->mapper);
  if (bytes.all != 0) {
    text = la_chunk_alloc(run->chunk, bytes.all);
  }
  for (uint32_t i = 0; i < view->slot_count; i++) {
    la_value *place = &instance->slots[view->slots[i].slot];
    *place = *slot_value(run, view, i);
    place->flags = LA_SLOT_LOADED;
    place->spare = 0;
    if (la_value_has_bytes(place)) {
      if (place->len != 0) {
        memcpy(text, place->as.bytes, place->len);
      }
      place->as.bytes = text;
      text += place->len;
    }
  }
  for (uint32_t i = 0; i < view->raised_count; i++) {
    instance->slots[view->raised[i]].flags |= LA_SLOT_RAISE;
  }
  for (uint32_t i = 0; i < view->missing_count; i++) {
    instance->slots[view->missing[i]].flags |= LA_SLOT_EXPIRED;
  }
  status = la_identity_add(&run->session->map, instance, hash, err);
  if (status < 0) {
    la_instance_unpin(instance);
    return status;
  }
  instance->session = run->session;
  instance->flags |=
      LA_INSTANCE_KEYED | (bytes.longest > LA_SHORT_TEXT ? LA_INSTANCE_LONG_TEXT : 0);
  la_instance_set_token(instance, run->session->map.token);
  if (entity->keeps && keep_options(run, entity, instance, err) < 0) {
    la_instance_unpin(instance);
    return LA_NOMEM;
  }
  la_session_note_class(instance, LA_HEARS_LOAD, LA_NOTE_LOAD);
  la_session_note(run->session, instance, LA_NOTE_LOADED_AS_PERSISTENT);
  *out = instance;
  return LA_OK;
}

static void note_unexpired(la_instance *instance) {
  if (!(instance->flags & LA_INSTANCE_EXPIRED)) {
    return;
  }
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if (instance->slots[i].flags & LA_SLOT_EXPIRED) {
      return;
    }
  }
  instance->flags &= ~(uint32_t)LA_INSTANCE_EXPIRED;
}

static bool wants(const la_run *run, const la_instance *instance, uint32_t slot) {
  return slot < instance->slot_count &&
         (run->populate || !(instance->slots[slot].flags & (LA_SLOT_LOADED | LA_SLOT_MODIFIED)));
}

static bool loads_link(const la_plan_entity *entity, const la_relationship *relationship) {
  const la_plan_link *link = entity->links;
  while (link != NULL && link->relationship != relationship) {
    link = link->next;
  }
  return link != NULL;
}

/* A load that overwrites lets go of the links that it does not load: they are read anew. */
static void forget_links(const la_plan_entity *entity, la_instance *instance) {
  for (uint32_t i = 0; i < instance->link_count; i++) {
    if (la_links(instance)[i].flags & LA_LINK_LOADED &&
        !loads_link(entity, instance->mapper->links[i]->relationship)) {
      la_link_unload(instance, i);
    }
  }
}

/* Fills what is not loaded of an instance that was there; everything if the load overwrites. */
static la_status fill_instance(la_run *run, const la_plan_entity *entity, la_instance *instance,
                               la_error *err) {
  const la_view *view;
  uint32_t first = 0;
  row_bytes bytes;
  LA_TRY(la_run_view(run, entity, instance->mapper, &view, err));
  while (first < view->slot_count && !wants(run, instance, view->slots[first].slot)) {
    first++;
  }
  if (first == view->slot_count) {
    return LA_OK;
  }
  LA_TRY(read_slots(run, view, &bytes, err));
  for (uint32_t i = first; i < view->slot_count; i++) {
    uint32_t slot = view->slots[i].slot;
    if (wants(run, instance, slot)) {
      LA_TRY(la_instance_load(instance, slot, slot_value(run, view, i), false, err));
    }
  }
  la_session_note_class(instance, LA_HEARS_REFRESH, LA_NOTE_REFRESH);
  note_unexpired(instance);
  if (run->populate) {
    forget_links(entity, instance);
    la_session_leave_dirty(instance->session, instance);
  }
  return run->populate && entity->keeps ? keep_options(run, entity, instance, err) : LA_OK;
}

static la_status find_concrete(la_run *run, const la_plan_entity *entity, const la_value *key,
                               la_mapper **out, la_error *err) {
  LA_TRY(la_run_class(run, entity, key, out, err));
  if ((*out)->primary_key_count != entity->mapper->primary_key_count) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "%.*s can't be loaded by its concrete base %.*s: their primary keys differ",
                   LA_TEXT_FORMAT((*out)->class_name), LA_TEXT_FORMAT(entity->mapper->class_name));
  }
  return LA_OK;
}

/* The same key part; most are integers. */
static inline bool same_part(const la_value *a, const la_value *b) {
  if (a->kind == LA_VALUE_INTEGER && b->kind == LA_VALUE_INTEGER) {
    return a->as.integer == b->as.integer;
  }
  return la_value_equal(a, b);
}

static bool is_last(const la_entity_state *state, const la_value *key) {
  const la_instance *last = state->last;
  if (last == NULL) {
    return false;
  }
  for (uint32_t k = 0; k < last->mapper->primary_key_count; k++) {
    const la_value *slot = &last->slots[last->mapper->primary_key[k]->slot];
    if ((slot->flags & LA_SLOT_MODIFIED) || !same_part(slot, &key[k])) {
      return false;
    }
  }
  return true;
}

static la_status note_seen(la_run *run, const la_plan_entity *entity, la_instance *instance,
                           la_error *err) {
  la_entity_state *state = &run->entities[entity->number];
  la_allocator *alloc = run->session->alloc;
  if (la_map_get_pointer(&state->seen_index, instance) != NULL) {
    return LA_OK;
  }
  if (!la_map_set_pointer(&state->seen_index, alloc, instance, instance) ||
      !la_vec_push(alloc, &state->seen, instance)) {
    return la_fail_nomem(err);
  }
  return LA_OK;
}

static void mark_link(la_run *run, const la_plan_link *link, la_instance *instance) {
  uint32_t number = la_link_number(instance->mapper, link->relationship);
  if (number < instance->link_count &&
      (run->populate || !(la_links(instance)[number].flags & LA_LINK_LOADED))) {
    la_links(instance)[number].flags |= link->sql_only || link->strategy == LA_LOADER_RAISE_ON_SQL
                                            ? LA_LINK_RAISE_ON_SQL
                                            : LA_LINK_RAISE;
  }
}

static la_status read_entity(la_run *run, const la_plan_entity *entity, la_instance **out,
                             bool *pinned_out, la_error *err);

/* What the plan does about the links of `instance`, of which this row is one. The depth is that of
 * the plan's joins. */
static la_status read_links(la_run *run, const la_plan_entity *entity, la_instance *instance,
                            la_error *err) {
  bool later = entity->behind != NULL && instance->mapper != entity->mapper;
  for (const la_plan_link *link = entity->links; link != NULL; link = link->next) {
    size_t gather;
    la_instance *child = NULL;
    bool pinned = false;
    switch (link->strategy) {
    case LA_LOADER_JOINED:
    case LA_LOADER_CONTAINS:
      LA_TRY(la_run_gather(run, link, instance, &gather, err));
      LA_TRY(read_entity(run, link->entity, &child, &pinned, err));
      if (child != NULL) {
        LA_TRY(la_run_add_member(run, link, gather, child, err));
      }
      break;
    case LA_LOADER_NOLOAD:
      LA_TRY(la_run_gather(run, link, instance, &gather, err));
      break;
    case LA_LOADER_RAISE:
    case LA_LOADER_RAISE_ON_SQL:
      mark_link(run, link, instance);
      break;
    default:
      later = true;
      break;
    }
  }
  return later ? note_seen(run, entity, instance, err) : LA_OK;
}

/* True if the plan does something about links, or about subclasses behind the rows. */
static bool has_more(const la_plan_entity *entity) {
  return entity->links != NULL || entity->behind != NULL;
}

/* The instance of `entity` in this row, or NULL. `*pinned_out`: on entry, whether the caller wants
 * to hold the pin; on return, whether it does. Otherwise the load holds it. */
static la_status read_entity(la_run *run, const la_plan_entity *entity, la_instance **out,
                             bool *pinned_out, la_error *err) {
  la_value few[4], *key = few;
  la_entity_state *state = &run->entities[entity->number];
  la_mapper *mapper = entity->mapper;
  la_instance *instance;
  bool wants_pin = *pinned_out;
  la_status status = LA_OK;
  uint32_t hash;
  *out = NULL;
  *pinned_out = false;
  if (mapper->primary_key_count > 4) {
    key = la_arena_alloc(&run->scratch, mapper->primary_key_count * sizeof *key);
    if (key == NULL) {
      return la_fail_nomem(err);
    }
  }
  if (!read_key(run, entity, key, &status, err)) {
    state->last = NULL;
    return status;
  }
  if (entity->concrete) { /* keys of several tables: the class tells which */
    LA_TRY(find_concrete(run, entity, key, &mapper, err));
  }
  if ((!entity->concrete || (state->last != NULL && state->last->mapper == mapper)) &&
      is_last(state, key)) {
    instance = state->last;
    state->made = false;
    if (wants_pin) {
      la_instance_pin(instance);
      *pinned_out = true;
    }
    *out = instance;
    return has_more(entity) ? read_links(run, entity, instance, err) : LA_OK;
  }
  hash = la_identity_hash(mapper->root, key);
  instance = la_identity_find(&run->session->map, mapper->root, key, hash);
  state->made = instance == NULL;
  if (instance != NULL) {
    la_instance_pin(instance);
    status = fill_instance(run, entity, instance, err);
  } else {
    const la_view *view = NULL;
    if (!entity->concrete) {
      status = la_run_class(run, entity, key, &mapper, err);
    }
    if (status >= 0) {
      status = la_run_view(run, entity, mapper, &view, err);
    }
    if (status >= 0) {
      status = make_instance(run, entity, view, hash, &instance, err);
    }
  }
  if (status >= 0 && !wants_pin) {
    status =
        la_vec_push(run->session->alloc, &run->load->pinned, instance) ? LA_OK : la_fail_nomem(err);
  }
  if (status < 0) {
    if (instance != NULL) {
      la_instance_unpin(instance);
    }
    return status;
  }
  *pinned_out = wants_pin;
  state->last = instance;
  *out = instance;
  return has_more(entity) ? read_links(run, entity, instance, err) : LA_OK;
}

static la_status read_parts(la_run *run, la_error *err) {
  const la_load_plan *plan = run->plan;
  if (plan->single) {
    run->root_is_pinned = true;
    return read_entity(run, plan->details[0].entity, &run->root, &run->root_is_pinned, err);
  }
  for (uint32_t i = 0; i < plan->part_count; i++) {
    const la_plan_part *part = &plan->details[i];
    la_instance *instance = NULL;
    bool pinned = false;
    if (part->entity != NULL) {
      LA_TRY(read_entity(run, part->entity, &instance, &pinned, err));
      run->values[i] =
          instance != NULL ? la_value_integer((int64_t)(intptr_t)instance) : LA_VALUE_NONE;
    } else {
      run->values[i] = run->row[part->column];
      if (part->type != NULL && run->values[i].kind != LA_VALUE_NULL) {
        LA_TRY(convert(run, part->type, &run->row[part->column], &run->values[i],
                       plan->parts[i].key, err));
      }
    }
  }
  return LA_OK;
}

/* The objects of the row are those of rows that the UPDATE or DELETE has met. */
static la_status tell_returned(const la_run *run, la_error *err) {
  const la_load_plan *plan = run->plan;
  if (plan->single) {
    return la_dml_returned(run->load->dml, run->root, err);
  }
  for (uint32_t i = 0; i < plan->part_count; i++) {
    if (plan->details[i].entity != NULL && run->values[i].kind == LA_VALUE_INTEGER) {
      la_instance *instance = (la_instance *)(intptr_t)run->values[i].as.integer;
      LA_TRY(la_dml_returned(run->load->dml, instance, err));
    }
  }
  return LA_OK;
}

la_status la_run_step(la_run *run, la_error *err) {
  la_status status = la_cursor_step(run->cursor, err);
  if (run->cursor->told != 0 && (status == LA_DONE || run->cursor->stream)) {
    LA_TRY(la_cursor_tell_ran(run->cursor, err));
  }
  if (status != LA_ROW) {
    return status;
  }
  bool is_dml = run->load->dml != NULL && run->plan == run->load->plan;
  if (is_dml) {
    LA_TRY(la_dml_ran(run->load->dml, err));
  }
  if (run->cursor->column_count != run->width) {
    LA_TRY(fit_row(run, err));
  }
  la_cursor_row(run->cursor, run->row);
  if (run->plan->converts) {
    la_arena_clear(&run->scratch);
  }
  run->rows_read++;
  run->root = NULL;
  run->root_is_pinned = false;
  status = read_parts(run, err);
  if (status >= 0 && is_dml) {
    status = tell_returned(run, err);
  }
  if (status < 0 && run->root_is_pinned && run->root != NULL) {
    la_instance_unpin(run->root);
    run->root = NULL;
  }
  return status < 0 ? status : LA_ROW;
}

/* The load goes on to what lies below its members, by options of the statement: it runs for
 * parents that have the members too. */
static bool reads_on(const la_plan_link *link) {
  return link->strategy != LA_LOADER_IMMEDIATE &&
         (link->options != NULL || (link->option != NULL && link->option->recurses));
}

/* Queues a later load for those parents whose link is not loaded yet. */
static la_status queue_later(la_run *run, const la_plan_entity *entity, const la_plan_link *link,
                             la_error *err) {
  const la_entity_state *state = &run->entities[entity->number];
  la_job job = {.link = link,
                .plan = run->plan,
                .outer = run->outer,
                .inputs = run->inputs,
                .depth = run->depth};
  if (link->option != NULL && link->option->recurses && link->option->recursion_depth >= 0 &&
      run->depth > link->option->recursion_depth) {
    return LA_OK;
  }
  job.parents = la_arena_alloc(&run->load->arena, (state->seen.count + 1) * sizeof *job.parents);
  if (job.parents == NULL) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < state->seen.count; i++) {
    la_instance *parent = state->seen.items[i];
    uint32_t number = la_link_number(parent->mapper, link->relationship);
    if (number < parent->link_count &&
        (run->populate || reads_on(link) || !(la_links(parent)[number].flags & LA_LINK_LOADED)) &&
        !la_run_reads_behind(run, entity, link->relationship, parent)) {
      job.parents[job.count++] = parent;
    }
  }
  if (job.count != 0 && !la_vec_push(run->session->alloc, &run->load->pending->jobs, job)) {
    return la_fail_nomem(err);
  }
  return LA_OK;
}

la_status la_run_finish(la_run *run, la_error *err) {
  const la_plan_entity **order;
  if (run->plan->link_count == 0 && !run->plan->has_later) {
    return LA_OK;
  }
  order = la_arena_alloc(&run->load->arena, run->plan->entity_count * sizeof *order);
  if (order == NULL) {
    return la_fail_nomem(err);
  }
  for (const la_plan_entity *entity = run->plan->entities; entity != NULL; entity = entity->next) {
    order[entity->number] = entity;
  }
  for (uint32_t i = 0; i < run->plan->entity_count; i++) {
    if (order[i]->behind != NULL) {
      LA_TRY(la_run_queue_behind(run, order[i], err));
    }
    for (const la_plan_link *link = order[i]->links; link != NULL; link = link->next) {
      if (run->links[link->number].gathers.count != 0) {
        LA_TRY(la_run_give_links(run, link, err));
      } else if (link->strategy == LA_LOADER_SELECTIN || link->strategy == LA_LOADER_SUBQUERY ||
                 link->strategy == LA_LOADER_IMMEDIATE) {
        LA_TRY(queue_later(run, order[i], link, err));
      }
    }
  }
  return LA_OK;
}

void la_run_clear(la_run *run) {
  if (run->load == NULL) {
    return;
  }
  if (run->cursor == &run->own_cursor) {
    la_cursor_close(run->cursor);
  }
  if (run->chunk != NULL) {
    la_chunk_unpin(run->chunk);
    run->chunk = NULL;
  }
  la_arena_clear(&run->scratch);
  la_params_clear(&run->params);
  la_row_set_clear(&run->given, run->session->alloc);
  clear_states(run);
  run->load = NULL;
}
