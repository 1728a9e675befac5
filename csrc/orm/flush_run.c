/* SPDX-License-Identifier: MIT */
/*
 * Runs a flush's actions in order, batch by batch.
 *
 *   BEGIN     foreign keys are copied, row switches found, the batch sorted: UPDATEs by key,
 * INSERTs by order of add() BEFORE    steps for before_insert, before_update, before_delete
 *   DEFAULTS  values and Lua functions of columns without a value; versions
 *   ROWS      statements
 *   AFTER     steps for after_insert, after_update, after_delete
 */
#include "orm/flush_internal.h"

static la_flush_record *record_at(const la_flush *flush, size_t at) {
  return &flush->records.items[flush->batch.items[at]];
}

static bool is_delete(const la_flush *flush) {
  return flush->batch_node.action == LA_ACTION_DELETE_UNIT ||
         flush->batch_node.action == LA_ACTION_DELETE_RECORD;
}

static bool is_post_update(const la_flush *flush) {
  return flush->batch_node.action == LA_ACTION_POST_UPDATE;
}

/* ---- batches ---- */

static la_status gather_unit(la_flush *flush, la_error *err) {
  la_record_op op = is_delete(flush) ? LA_RECORD_DELETE : LA_RECORD_SAVE;
  for (size_t i = 0; i < flush->records.count; i++) {
    if (flush->records.items[i].unit == flush->batch_node.unit &&
        flush->records.items[i].op == op &&
        !la_vec_push(flush->alloc, &flush->batch, (uint32_t)i)) {
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}

/* Objects of a cycle that stand in one level are saved or deleted together. */
static la_status gather_level(la_flush *flush, la_error *err) {
  size_t end = flush->level_at + 1 < flush->levels.count ? flush->levels.items[flush->level_at + 1]
                                                         : flush->order.count;
  while (flush->order_at < end) {
    const la_flush_node *node = &flush->nodes.items[flush->order.items[flush->order_at]];
    if (node->action != flush->batch_node.action || node->unit != flush->batch_node.unit) {
      break;
    }
    if (!la_vec_push(flush->alloc, &flush->batch, node->subject)) {
      return la_fail_nomem(err);
    }
    flush->order_at++;
  }
  return LA_OK;
}

/* The next batch; LA_DONE if there is none. */
static la_status next_batch(la_flush *flush, la_error *err) {
  flush->batch.count = 0;
  flush->stage = LA_STAGE_BEGIN;
  flush->at = 0;
  flush->table_at = 0;
  while (flush->batch.count == 0) {
    if (flush->order_at >= flush->order.count) {
      return LA_DONE;
    }
    while (flush->level_at + 1 < flush->levels.count &&
           flush->levels.items[flush->level_at + 1] <= flush->order_at) {
      flush->level_at++;
    }
    flush->batch_node = flush->nodes.items[flush->order.items[flush->order_at]];
    switch (flush->batch_node.action) {
    case LA_ACTION_SAVE_UNIT:
    case LA_ACTION_DELETE_UNIT:
      flush->order_at++;
      LA_TRY(gather_unit(flush, err));
      break;
    case LA_ACTION_SAVE_RECORD:
    case LA_ACTION_DELETE_RECORD:
      LA_TRY(gather_level(flush, err));
      break;
    case LA_ACTION_PAIRS:
    case LA_ACTION_PAIRS_OF_DELETES:
      flush->order_at++;
      LA_TRY(la_persist_pairs(flush, err));
      break;
    case LA_ACTION_POST_UPDATE:
      flush->order_at++;
      LA_TRY(la_persist_gather_post_updates(flush, err));
      break;
    default:
      flush->order_at++;
    }
  }
  return LA_OK;
}

static int compare_keys(const la_instance *a, const la_instance *b) {
  for (uint32_t i = 0; i < a->mapper->primary_key_count && i < b->mapper->primary_key_count; i++) {
    la_value left, right;
    int order;
    la_instance_key_part(a, a->mapper->primary_key[i]->slot, &left);
    la_instance_key_part(b, b->mapper->primary_key[i]->slot, &right);
    order = la_value_compare(&left, &right);
    if (order != 0) {
      return order;
    }
  }
  return 0;
}

/* Rows to be updated, and deleted, by key; then rows to be inserted, in order of add(). */
static int compare_records(const la_flush *flush, uint32_t a, uint32_t b) {
  const la_flush_record *left = &flush->records.items[a], *right = &flush->records.items[b];
  bool inserts = left->flags & LA_RECORD_INSERTS;
  if (inserts != ((right->flags & LA_RECORD_INSERTS) != 0)) {
    return inserts ? 1 : -1;
  }
  if (inserts) {
    uint32_t x = left->instance->order, y = right->instance->order;
    return (x > y) - (x < y);
  }
  return compare_keys(left->instance, right->instance);
}

/* ---- the beginning of a save ---- */

/* The object of the session's map whose key is that of the new `instance`; NULL if there is none.
 */
static la_instance *find_namesake(const la_flush *flush, const la_instance *instance) {
  const la_mapper *mapper = instance->mapper;
  la_value few[8];
  if (mapper->primary_key_count > 8) {
    return NULL;
  }
  for (uint32_t i = 0; i < mapper->primary_key_count; i++) {
    const la_value *slot = &instance->slots[mapper->primary_key[i]->slot];
    if (!(slot->flags & LA_SLOT_LOADED) || slot->kind == LA_VALUE_NULL ||
        slot->kind == LA_VALUE_HOST) {
      return NULL;
    }
    few[i] = *slot;
  }
  return la_identity_find(&flush->session->map, mapper->root, few,
                          la_identity_hash(mapper->root, few));
}

static void warn_conflict(const la_flush *flush, const la_instance *instance,
                          const la_instance *other) {
  la_strbuf text;
  la_strbuf_init(&text, flush->alloc);
  la_instance_describe(other, &text);
  la_warn(flush->session->sql->warnings,
          "New instance %.*s(pending) with identity key %.*s conflicts with persistent instance "
          "%.*s",
          LA_TEXT_FORMAT(instance->mapper->class_name), LA_TEXT_FORMAT(la_strbuf_view(&text)),
          LA_TEXT_FORMAT(la_strbuf_view(&text)));
  la_strbuf_clear(&text);
}

/* A new object whose key is that of an object which this flush deletes takes over its row. */
static void find_row_switch(la_flush *flush, la_flush_record *record) {
  la_instance *other = find_namesake(flush, record->instance);
  la_flush_record *replaced = other != NULL ? la_flush_record_of(flush, other) : NULL;
  if (other == NULL) {
    return;
  }
  if (replaced == NULL || replaced->op != LA_RECORD_DELETE) {
    warn_conflict(flush, record->instance, other);
  } else if (other->mapper == record->instance->mapper) {
    replaced->flags |= LA_RECORD_REPLACED;
    record->flags |= LA_RECORD_ROW_SWITCH;
    record->replaces = other->set_index;
    record->flags &= (uint16_t)~LA_RECORD_INSERTS;
  }
}

/* Whether an UPDATE is due, and whether it changes the key. */
static void find_changes(la_flush_record *record) {
  const la_instance *instance = record->instance;
  bool row_switch = record->flags & LA_RECORD_ROW_SWITCH;
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if (row_switch) { /* what is set is written to the row that is there */
      bool sets = instance->slots[i].flags & LA_SLOT_LOADED &&
                  !(instance->mapper->slots[i]->flags & LA_PROPERTY_PRIMARY_KEY);
      record->flags |= sets ? LA_RECORD_CHANGED : 0;
    } else if (instance->slots[i].flags & LA_SLOT_MODIFIED && la_slot_differs(instance, i)) {
      record->flags |= LA_RECORD_CHANGED;
      if (instance->mapper->slots[i]->flags & LA_PROPERTY_PRIMARY_KEY) {
        record->flags |= LA_RECORD_KEY_CHANGED;
      }
    }
  }
}

static la_status begin_saves(la_flush *flush, la_error *err) {
  for (size_t i = 0; i < flush->batch.count; i++) {
    la_flush_record *record = record_at(flush, i);
    if (record->first_sync != LA_FLUSH_NONE) {
      LA_TRY(la_flush_sync_record(flush, record, err));
    }
    flush->session->map.token = la_flush_token(flush, record);
    if (!(record->instance->flags & LA_INSTANCE_KEYED)) {
      record->flags |= LA_RECORD_INSERTS;
      find_row_switch(flush, record);
    }
  }
  return LA_OK;
}

/* Puts new objects before those that have rows, both in their order. */
static la_status put_new_first(la_flush *flush, la_error *err) {
  la_numbers ordered = {0};
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < flush->batch.count; i++) {
      bool keyed = record_at(flush, i)->instance->flags & LA_INSTANCE_KEYED;
      if (keyed == (pass == 1) && !la_vec_push(flush->alloc, &ordered, flush->batch.items[i])) {
        la_vec_clear(flush->alloc, &ordered);
        return la_fail_nomem(err);
      }
    }
  }
  la_vec_clear(flush->alloc, &flush->batch);
  flush->batch = ordered;
  return LA_OK;
}

/* Where objects are saved one by one, the first is the batch, and the others wait. */
static la_status separate(la_flush *flush, la_error *err) {
  const la_numbers empty = {0};
  bool together = is_delete(flush) || record_at(flush, 0)->instance->mapper->root->batch;
  if (!together) {
    LA_TRY(put_new_first(flush, err));
  }
  (void)la_flush_go_to(flush, record_at(flush, 0));
  if (flush->batch.count < 2 || (together && la_flush_has_one_place(flush))) {
    return LA_OK;
  }
  la_vec_clear(flush->alloc, &flush->alone);
  flush->alone = flush->batch;
  flush->alone_at = 1;
  flush->batch = empty;
  return la_vec_push(flush->alloc, &flush->batch, flush->alone.items[0]) ? LA_OK
                                                                         : la_fail_nomem(err);
}

/* The next object that goes alone is the batch; false if there is none. */
static bool take_next(la_flush *flush) {
  if (flush->alone_at >= flush->alone.count) {
    flush->alone.count = flush->alone_at = 0;
    return false;
  }
  flush->batch.items[0] = flush->alone.items[flush->alone_at++];
  (void)la_flush_go_to(flush, record_at(flush, 0));
  flush->stage = LA_STAGE_BEFORE;
  return true;
}

static la_status begin(la_flush *flush, la_error *err) {
  if (is_post_update(flush)) {
    return LA_OK;
  }
  if (!is_delete(flush)) {
    LA_TRY(begin_saves(flush, err));
  }
  LA_TRY(la_flush_merge_sort(flush, flush->batch.items, flush->batch.count, compare_records, err));
  LA_TRY(la_flush_batch_tables(flush, err));
  return separate(flush, err);
}

/* ---- hooks ---- */

static la_status hooks(la_flush *flush, bool before, la_flush_step *step_out) {
  if (is_post_update(flush)) {
    return LA_OK;
  }
  while (flush->at < flush->batch.count) {
    const la_flush_record *record = record_at(flush, flush->at++);
    if (record->instance->mapper->hears & LA_HEARS_FLUSH) {
      const char *name = is_delete(flush) ? (before ? "before_delete" : "after_delete")
                         : record->flags & LA_RECORD_INSERTS
                             ? (before ? "before_insert" : "after_insert")
                             : (before ? "before_update" : "after_update");
      *step_out =
          (la_flush_step){.kind = LA_FLUSH_HOOK, .instance = record->instance, .hook = name};
      return LA_ROW;
    }
  }
  flush->at = 0;
  return LA_OK;
}

/* refresh_flush for the objects that defaults or RETURNING have given values. */
static la_status tell_fetched(la_flush *flush, la_flush_step *step_out) {
  while (flush->fetched.count > 0 && flush->at < flush->batch.count) {
    la_flush_record *record = record_at(flush, flush->at++);
    if (record->first_fetched != LA_FLUSH_NONE) {
      *step_out = (la_flush_step){
          .kind = LA_FLUSH_FETCHED, .instance = record->instance, .slot = record->first_fetched};
      record->first_fetched = LA_FLUSH_NONE;
      return LA_ROW;
    }
  }
  flush->at = 0;
  return LA_OK;
}

/* ---- defaults ---- */

/* The answer to a step goes into a slot. */
static void wait_for_slot(la_flush *flush, la_instance *instance, uint32_t slot) {
  flush->is_waiting = true;
  flush->waiting = LA_FLUSH_DEFAULT;
  flush->waiting_instance = instance;
  flush->waiting_slot = slot;
}

la_status la_persist_version_up(la_flush *flush, const la_flush_record *record, bool inserts,
                                la_flush_step *step_out, la_error *err) {
  la_instance *instance = record->instance;
  la_property *version = instance->mapper->version_property;
  const la_mapper *root = instance->mapper->root;
  la_value old = LA_VALUE_NONE, next;
  if (version == NULL || root->version_source == LA_VERSION_ELSEWHERE) {
    return LA_OK;
  }
  if (!inserts && !la_persist_row_value(flush, record, version->slot, &old)) {
    return LA_OK;
  }
  if (root->version_source == LA_VERSION_HOST) {
    *step_out = (la_flush_step){.kind = LA_FLUSH_VERSION,
                                .instance = instance,
                                .property = version,
                                .slot = version->slot,
                                .host = root->version_host,
                                .value = old};
    wait_for_slot(flush, instance, version->slot);
    return LA_ROW;
  }
  if (!inserts && old.kind != LA_VALUE_INTEGER) {
    return LA_OK;
  }
  next = la_value_integer(inserts ? 1 : old.as.integer + 1);
  return la_flush_write(flush, instance, version->slot, &next, err);
}

/* The default of one column, if it is due; LA_ROW with a step where Lua makes it. */
static la_status fill_default(la_flush *flush, const la_flush_record *record, la_property *property,
                              bool inserts, la_flush_step *step_out, la_error *err) {
  la_instance *instance = record->instance;
  la_default_slot which = inserts ? LA_DEFAULT_INSERT : LA_DEFAULT_UPDATE;
  const la_value *slot = &instance->slots[property->slot];
  const la_default *what = &property->column->defaults[which];
  bool given = inserts ? la_slot_is_given(property, slot)
                       : slot->flags & (record->flags & LA_RECORD_ROW_SWITCH ? LA_SLOT_LOADED
                                                                             : LA_SLOT_MODIFIED);
  if (given || what->kind == LA_DEFAULT_NONE) {
    return LA_OK;
  }
  if (what->kind == LA_DEFAULT_VALUE) {
    return la_flush_write_fetched(flush, instance, property->slot, &what->value, err);
  }
  if (what->kind != LA_DEFAULT_HOST) {
    return LA_OK;
  }
  *step_out = (la_flush_step){.kind = LA_FLUSH_DEFAULT,
                              .instance = instance,
                              .property = property,
                              .slot = property->slot,
                              .host = what->host,
                              .default_slot = which};
  wait_for_slot(flush, instance, property->slot);
  return LA_ROW;
}

static bool has_defaults(const la_mapper *mapper) {
  for (uint32_t i = 0; i < mapper->slot_count; i++) {
    const la_column *column = mapper->slots[i]->column;
    if (column != NULL && (column->defaults[LA_DEFAULT_INSERT].kind != LA_DEFAULT_NONE ||
                           column->defaults[LA_DEFAULT_UPDATE].kind != LA_DEFAULT_NONE)) {
      return true;
    }
  }
  return mapper->version_property != NULL || mapper->polymorphic_on != NULL;
}

/* True if a row of `mapper`'s tables may carry `value`: its own identity, or that of a subclass
 * which shares its table. */
static bool is_acceptable(const la_mapper *mapper, const la_value *value) {
  const la_mapper *named = la_mapper_of_identity(mapper, value);
  return named != NULL && la_mapper_is_a(named, mapper) && named->table == mapper->table;
}

static void check_identity(const la_flush *flush, const la_instance *instance) {
  const la_mapper *mapper = instance->mapper;
  const la_property *on = mapper->polymorphic_on;
  const la_value *value = on != NULL && on->column != NULL ? &instance->slots[on->slot] : NULL;
  la_strbuf object, identity;
  if (value == NULL || !(value->flags & LA_SLOT_LOADED) || !mapper->has_polymorphic_identity ||
      la_value_equal(value, &mapper->polymorphic_identity) || is_acceptable(mapper, value)) {
    return;
  }
  la_strbuf_init(&object, flush->alloc);
  la_strbuf_init(&identity, flush->alloc);
  la_instance_describe(instance, &object);
  la_value_describe(value, &identity);
  la_warn(flush->session->sql->warnings,
          "Flushing object %.*s with incompatible polymorphic identity %.*s; the object may not "
          "refresh and/or load correctly",
          LA_TEXT_FORMAT(la_strbuf_view(&object)), LA_TEXT_FORMAT(la_strbuf_view(&identity)));
  la_strbuf_clear(&object);
  la_strbuf_clear(&identity);
}

static la_status set_identity(la_flush *flush, la_instance *instance, la_error *err) {
  const la_mapper *mapper = instance->mapper;
  const la_property *on = mapper->polymorphic_on;
  if (on == NULL || on->column == NULL || mapper->polymorphic_identity.kind == LA_VALUE_NULL ||
      (instance->slots[on->slot].flags & LA_SLOT_LOADED &&
       instance->slots[on->slot].kind != LA_VALUE_NULL)) {
    return LA_OK;
  }
  return la_flush_write(flush, instance, on->slot, &mapper->polymorphic_identity, err);
}

/* The rest of the defaults of the record at hand; LA_ROW with a step. */
static la_status record_defaults(la_flush *flush, const la_flush_record *record,
                                 la_flush_step *step_out, la_error *err) {
  la_instance *instance = record->instance;
  const la_mapper *mapper = instance->mapper;
  bool inserts = record->flags & LA_RECORD_INSERTS && !is_post_update(flush);
  for (; flush->column < instance->slot_count; flush->column++) {
    la_property *property = mapper->slots[flush->column];
    if (property->column != NULL) {
      la_status status = fill_default(flush, record, property, inserts, step_out, err);
      if (status != LA_OK) {
        flush->column += status == LA_ROW ? 1 : 0;
        return status;
      }
    }
  }
  if (flush->column++ > instance->slot_count || is_post_update(flush)) {
    return LA_OK; /* the version has been asked for */
  }
  if (inserts) {
    LA_TRY(set_identity(flush, instance, err));
  }
  check_identity(flush, instance);
  return la_persist_version_up(flush, record, inserts, step_out, err);
}

la_status la_persist_defaults(la_flush *flush, la_flush_step *step_out, la_error *err) {
  const la_mapper *last = NULL;
  bool defaults = false;
  for (; flush->at < flush->batch.count; flush->at++, flush->column = 0) {
    la_flush_record *record = record_at(flush, flush->at);
    const la_mapper *mapper = record->instance->mapper;
    bool updates = !(record->flags & LA_RECORD_INSERTS) && !is_post_update(flush);
    if (updates && flush->column == 0) {
      find_changes(record);
    }
    if (mapper != last) {
      last = mapper;
      defaults = has_defaults(last);
    }
    if (defaults && (!updates || record->flags & LA_RECORD_CHANGED)) {
      la_status status = record_defaults(flush, record, step_out, err);
      if (status != LA_OK) {
        return status;
      }
    }
  }
  flush->at = 0;
  return LA_OK;
}

/* ---- stages ---- */

static la_status run_rows(la_flush *flush, la_flush_step *step_out, la_error *err) {
  switch (flush->batch_node.action) {
  case LA_ACTION_DELETE_UNIT:
  case LA_ACTION_DELETE_RECORD:
    return la_persist_delete_rows(flush, err);
  case LA_ACTION_POST_UPDATE:
    return la_persist_post_updates(flush, step_out, err);
  default:
    return la_persist_save_rows(flush, step_out, err);
  }
}

/* The rest of the batch at hand; LA_ROW with a step, or LA_OK at its end. */
static la_status run_batch(la_flush *flush, la_flush_step *step_out, la_error *err) {
  la_status status = LA_OK;
  while (flush->stage != LA_STAGE_END || take_next(flush)) {
    switch (flush->stage) {
    case LA_STAGE_BEGIN:
      status = begin(flush, err);
      break;
    case LA_STAGE_BEFORE:
      status = hooks(flush, true, step_out);
      break;
    case LA_STAGE_DEFAULTS:
      status = is_delete(flush) ? LA_OK : la_persist_defaults(flush, step_out, err);
      break;
    case LA_STAGE_ROWS:
      status = run_rows(flush, step_out, err);
      break;
    case LA_STAGE_FETCHED:
      status = tell_fetched(flush, step_out);
      break;
    default:
      status = hooks(flush, false, step_out);
    }
    if (status != LA_OK) {
      return status;
    }
    flush->at = 0;
    flush->column = 0;
    flush->stage++;
  }
  return LA_OK;
}

static la_status note_switch(la_flush *flush, const la_flush_record *record, la_error *err) {
  la_instance *instance = record->instance;
  const la_mapper *mapper = instance->mapper;
  uint32_t count = mapper->primary_key_count;
  la_key_switch *change = la_alloc_zero(flush->alloc, sizeof *change + count * sizeof(la_value));
  if (change == NULL) {
    return la_fail_nomem(err);
  }
  change->instance = instance;
  change->count = count;
  change->old_hash = instance->key_hash;
  la_instance_pin(instance);
  if (!la_vec_push(flush->alloc, &flush->switches, change)) {
    la_key_switch_free(flush->alloc, change);
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < count; i++) {
    la_value value;
    la_instance_key_part(instance, mapper->primary_key[i]->slot, &value);
    if (!la_slot_write(flush->alloc, &change->old[i], &value, 0)) {
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}

/* Memory for what la_flush_finish does. */
static la_status reserve(la_flush *flush, la_error *err) {
  la_session *session = flush->session;
  la_session_level *level = la_session_top(session);
  size_t count = flush->records.count;
  size_t deletes = 0;
  bool nested = session->levels.count > 1;
  for (size_t i = 0; i < count; i++) {
    const la_flush_record *record = &flush->records.items[i];
    deletes += record->op == LA_RECORD_DELETE ? 1 : 0;
    if (record->op == LA_RECORD_SAVE && record->flags & LA_RECORD_KEY_CHANGED) {
      LA_TRY(note_switch(flush, record, err));
    }
    if (record->op == LA_RECORD_LISTED && record->first_sync != LA_FLUSH_NONE) {
      LA_TRY(la_flush_sync_record(flush, &flush->records.items[i], err));
    }
  }
  LA_TRY(la_identity_reserve(&session->map, count, err));
  if (!la_vec_reserve(flush->alloc, &session->hold_changes, count) ||
      !la_vec_reserve(flush->alloc, &level->deleted, deletes) ||
      !la_vec_reserve(flush->alloc, &level->switches, flush->switches.count) ||
      (nested && (!la_vec_reserve(flush->alloc, &level->inserted, count) ||
                  !la_vec_reserve(flush->alloc, &level->touched, count)))) {
    return la_fail_nomem(err);
  }
  flush->reserved = true;
  return LA_OK;
}

la_status la_flush_next(la_flush *flush, la_flush_step *step_out, la_error *err) {
  la_status status = la_flush_ask_places(flush, step_out, err);
  (void)la_flush_go_to(flush, NULL);
  while (status == LA_OK) {
    flush->session->executing = true;
    if (!flush->in_batch) {
      status = next_batch(flush, err);
      if (status != LA_OK) {
        break;
      }
      flush->in_batch = true;
    }
    status = run_batch(flush, step_out, err);
    flush->in_batch = status != LA_OK;
  }
  if (status == LA_DONE && !flush->reserved) {
    la_status reserved = reserve(flush, err);
    status = reserved < 0 ? reserved : status;
  }
  return status < 0 ? la_flush_fail(flush, status, err) : status;
}

static la_status supply_converted(la_flush *flush, const la_value *value, la_error *err) {
  la_value *place = &flush->converted[flush->waiting_slot];
  if (!la_value_copy(&flush->arena, value, place)) {
    return la_fail_nomem(err);
  }
  if (place->kind == LA_VALUE_HOST) {
    return la_fail(err, LA_STATEMENT, "a value of this kind can't be sent to the database");
  }
  place->flags = LA_SLOT_LOADED;
  return LA_OK;
}

la_status la_flush_supply(la_flush *flush, const la_value *value, la_error *err) {
  la_value stored = *value;
  stored.flags = 0;
  if (!flush->is_waiting) {
    return la_fail(err, LA_INVALID_REQUEST, "the flush has not asked for a value");
  }
  flush->is_waiting = false;
  if (flush->waiting == LA_FLUSH_DEFAULT) {
    return la_flush_write_fetched(flush, flush->waiting_instance, flush->waiting_slot, &stored,
                                  err);
  }
  return supply_converted(flush, &stored, err);
}

la_status la_flush_supply_expression(la_flush *flush, la_node *expression, la_error *err) {
  if (!flush->is_waiting || flush->waiting != LA_FLUSH_EXPRESSION) {
    return la_fail(err, LA_INVALID_REQUEST, "the flush has not asked for an expression");
  }
  flush->is_waiting = false;
  la_node_release(flush->expressions[flush->waiting_slot]);
  flush->expressions[flush->waiting_slot] = la_node_retain(expression);
  return LA_OK;
}
