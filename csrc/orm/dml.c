/* SPDX-License-Identifier: MIT */
/*
 * UPDATE and DELETE of classes.
 *
 *   evaluate   the session's objects that meet the condition are found in memory, then
 *              UPDATE users SET name=? WHERE users.name = ?
 *   fetch      UPDATE users SET name=? WHERE users.name = ? RETURNING id; without RETURNING
 *              SELECT users.id FROM users WHERE users.name = ? before it
 *
 * Afterwards an updated object has the new values, or, where they can't be told in memory, reads
 * them again when asked; a deleted one leaves the identity map. An object of which too little is
 * loaded to tell whether it meets the condition reads again what may have changed.
 */
#include "orm/dml.h"

#include "orm/translate.h"

#include "orm/build.h"
#include "orm/evaluate.h"
#include "orm/session_internal.h"

/* One assignment of an UPDATE: its attribute, and how its value is found in memory, if it can be.
 */
typedef struct assignment {
  la_property *property;
  la_evaluator evaluator;
  bool can_evaluate;
} assignment;

struct la_dml {
  la_session *session;
  la_mapper *mapper;
  la_node *statement; /* owned */
  la_allocator *alloc;
  la_error *err;
  la_param_lookup lookup;
  void *lookup_context;
  la_instances matched;    /* pinned */
  la_instances uncertain;  /* pinned: may match, for what the condition reads isn't loaded */
  la_instances expired;    /* the same, of objects that rows of the statement would fill … */
  LA_VEC(uint32_t) unread; /* … in these slots */
  LA_VEC(assignment) assignments;
  int64_t rowcount;
  bool in_step; /* the session is to be */
  bool is_finished;
};
typedef struct la_dml dml;

static la_status collect(dml *self, int part, la_node ***out, size_t *count) {
  const la_node *chain = part >= 0 ? self->statement->children[part] : NULL;
  *count = la_chain_count(chain);
  *out = la_alloc(self->alloc, (*count + 1) * sizeof **out);
  if (*out == NULL) {
    return la_fail_nomem(self->err);
  }
  la_chain_collect(chain, *out);
  return LA_OK;
}

/* The session's objects of the class for which no condition is false, as far as it can be told
 * without loading. */
static la_status match_objects(dml *self, la_evaluator *conditions, size_t count) {
  la_instances all = {0};
  la_status status = la_session_all(self->session, &all, self->err);
  for (size_t i = 0; i < all.count && status >= 0; i++) {
    la_instance *instance = all.items[i];
    bool matches = la_mapper_is_a(instance->mapper, self->mapper), is_certain = true;
    for (size_t c = 0; c < count && matches && status >= 0; c++) {
      la_value value = LA_VALUE_NONE;
      bool unknown;
      status = la_evaluator_run(&conditions[c], instance, &value, &unknown, self->err);
      is_certain &= !unknown;
      matches = status >= 0 && (unknown || (value.kind != LA_VALUE_NULL && value.as.integer != 0));
    }
    la_instances *list = is_certain ? &self->matched : &self->uncertain;
    if (status >= 0 && matches && !la_session_push_pinned(self->session, list, instance)) {
      status = la_fail_nomem(self->err);
    }
  }
  la_vec_clear(self->session->alloc, &all);
  return status;
}

static la_status evaluate_conditions(dml *self) {
  la_node **items = NULL;
  la_evaluator *conditions;
  size_t count = 0, made = 0;
  la_status status;
  LA_TRY(collect(self, la_statement_where_part(self->statement), &items, &count));
  conditions = la_alloc_zero(self->alloc, (count + 1) * sizeof *conditions);
  status = conditions != NULL ? LA_OK : la_fail_nomem(self->err);
  while (status >= 0 && made < count) {
    status =
        la_evaluator_init(&conditions[made], self->alloc, self->mapper, items[made], self->err);
    made++;
  }
  if (status >= 0) {
    status = match_objects(self, conditions, count);
  }
  for (size_t i = 0; i < made; i++) {
    la_evaluator_clear(&conditions[i]);
  }
  la_free(self->alloc, conditions, (count + 1) * sizeof *conditions);
  la_free(self->alloc, items, (count + 1) * sizeof *items);
  return status;
}

static la_property *assigned_property(const dml *self, const la_node *set) {
  const la_node *column = set->children[0];
  if (column == NULL) {
    la_property *property = la_mapper_property(self->mapper, set->text);
    const la_column *named =
        property == NULL ? la_table_column(self->mapper->table, set->text) : NULL;
    return named != NULL ? la_mapper_property_of_column(self->mapper, named) : property;
  }
  while (column->kind == LA_NODE_ATTRIBUTE) {
    column = column->children[0];
  }
  return column->kind == LA_NODE_COLUMN && column->subject != NULL
             ? la_mapper_property_of_column(self->mapper,
                                            (const la_column *)(const void *)column->subject)
             : NULL;
}

static la_status read_assignments(dml *self) {
  la_node **items = NULL;
  size_t count = 0;
  la_status status = LA_OK;
  if (self->statement->kind != LA_NODE_UPDATE) {
    return LA_OK;
  }
  LA_TRY(collect(self, LA_UPDATE_VALUES, &items, &count));
  for (size_t i = 0; i < count && status >= 0; i++) {
    assignment made = {.property = assigned_property(self, items[i])};
    la_error ignored = LA_ERROR_INIT;
    if (made.property == NULL || made.property->kind != LA_PROPERTY_COLUMN) {
      continue;
    }
    status = la_evaluator_init(&made.evaluator, self->alloc, self->mapper, items[i]->children[1],
                               &ignored);
    made.can_evaluate = status >= 0 && !(made.property->flags & LA_PROPERTY_HOST_TYPE);
    status = status == LA_UNEVALUATABLE ? LA_OK : status;
    if (status < 0 || !la_vec_push(self->alloc, &self->assignments, made)) {
      la_evaluator_clear(&made.evaluator);
      status = la_fail_nomem(self->err);
    }
  }
  la_free(self->alloc, items, (count + 1) * sizeof *items);
  return status;
}

/* The statement with RETURNING of the key. */
static la_status with_returning(dml *self, la_node **out) {
  la_node *made = la_node_retain(self->statement);
  uint32_t part = (uint32_t)la_statement_returning_part(made);
  la_node *entity = la_mapper_entity(self->mapper);
  la_status status = entity != NULL ? LA_OK : la_fail_nomem(self->err);
  for (uint32_t k = 0; k < self->mapper->primary_key_count && status >= 0; k++) {
    la_node *attribute = NULL;
    status = la_mapper_attribute(self->mapper->sql, self->mapper->primary_key[k], entity,
                                 &attribute, self->err);
    if (status >= 0) {
      status = la_build_chain_one(&made, part, attribute, self->err);
    }
    la_node_release(attribute);
  }
  if (status < 0) {
    la_node_release(made);
    return status;
  }
  *out = made;
  return LA_OK;
}

/* Notes the session's object that a returned key names. */
static la_status note_key(dml *self, const la_value *key) {
  const la_mapper *root = self->mapper->root;
  la_instance *instance =
      la_identity_find(&self->session->map, root, key, la_identity_hash(root, key));
  if (instance == NULL || !la_mapper_is_a(instance->mapper, self->mapper)) {
    return LA_OK;
  }
  return la_session_push_pinned(self->session, &self->matched, instance) ? LA_OK
                                                                         : la_fail_nomem(self->err);
}

static la_status note_rows(dml *self, la_load *load) {
  la_packed_row *row;
  la_status status = LA_OK;
  while (status >= 0 && (row = la_rows_take(&load->rows)) != NULL) {
    status = note_key(self, row->values);
    la_chunk_unpin(row->chunk);
    self->rowcount++;
  }
  return status;
}

/* SELECT the keys WHERE the statement's conditions hold. */
static la_status key_select(dml *self, la_node **out) {
  la_node *entity = self->statement->children[0];
  la_node_list keys = {0};
  la_node *select = NULL;
  la_status status = LA_OK;
  for (uint32_t k = 0; k < self->mapper->primary_key_count && status >= 0; k++) {
    la_node *attribute = NULL;
    status = la_mapper_attribute(self->mapper->sql, self->mapper->primary_key[k], entity,
                                 &attribute, self->err);
    if (status >= 0) {
      status = la_node_list_take(&keys, self->alloc, attribute, self->err);
    }
  }
  if (status >= 0) {
    select = la_select_new(self->mapper->sql, keys.list.items, keys.list.count);
    status = select != NULL ? LA_OK : la_fail_nomem(self->err);
  }
  if (status >= 0) {
    status = la_build_child(&select, LA_SELECT_WHERE,
                            self->statement->children[la_statement_where_part(self->statement)],
                            self->err);
  }
  la_node_list_clear(&keys, self->alloc);
  if (status < 0) {
    la_node_release(select);
    return status;
  }
  *out = select;
  return LA_OK;
}

/* The keys are asked for before a statement runs that returns what the program wants, or nothing.
 */
static la_status fetch_before(dml *self) {
  la_engine *engine = self->session->engine;
  la_node *select = NULL;
  la_compiled *compiled = NULL;
  la_load load = {0};
  bool cached;
  la_status status;
  LA_TRY(key_select(self, &select));
  status = la_session_compile(self->session, select, &compiled, &cached, self->err);
  if (status >= 0) {
    status = la_load_run(&load, self->session, compiled,
                         (const la_node *const *)engine->key.params.items,
                         (uint32_t)engine->key.params.count, NULL, NULL, 0, self->err);
  }
  if (status >= 0) {
    status = note_rows(self, &load);
  }
  la_load_free(&load);
  la_object_release(compiled);
  la_node_release(select);
  return status;
}

static bool can_return(const dml *self) {
  return self->session->engine->dialect->supports_returning &&
         !self->mapper->table->no_implicit_returning;
}

static la_status run_returning(dml *self) {
  la_node *statement = NULL;
  la_compiled *compiled = NULL;
  la_load load = {0};
  la_engine *engine = self->session->engine;
  bool cached;
  la_status status;
  LA_TRY(with_returning(self, &statement));
  status = la_session_compile(self->session, statement, &compiled, &cached, self->err);
  if (status >= 0) {
    status = la_load_run(
        &load, self->session, compiled, (const la_node *const *)engine->key.params.items,
        (uint32_t)engine->key.params.count, self->lookup, self->lookup_context, 0, self->err);
  }
  if (status >= 0) {
    status = note_rows(self, &load);
  }
  la_load_free(&load);
  la_object_release(compiled);
  la_node_release(statement);
  return status;
}

static la_status run_plain(dml *self) {
  la_engine *engine = self->session->engine;
  la_compiled *compiled = NULL;
  la_connection *connection = NULL;
  la_cursor cursor = {0};
  la_params params;
  la_text text;
  bool cached;
  la_status status;
  LA_TRY(la_session_connection(self->session, &connection, self->err));
  LA_TRY(la_session_compile(self->session, self->statement, &compiled, &cached, self->err));
  la_params_init(&params, self->alloc);
  status = la_params_fill(&params, compiled, (const la_node *const *)engine->key.params.items,
                          (uint32_t)engine->key.params.count, self->lookup, self->lookup_context,
                          &text, self->err);
  if (status >= 0) {
    status = la_cursor_open_told(&cursor, connection, text, params.values.items,
                                 (uint32_t)params.values.count, 1, self->err);
    la_trace_compiled(&engine->trace, compiled);
  }
  if (status >= 0) {
    do {
      status = la_cursor_step(&cursor, self->err);
    } while (status == LA_ROW);
  }
  if (status >= 0) {
    self->rowcount = cursor.raw->driver->changes(cursor.raw->handle);
    status = la_cursor_tell_ran(&cursor, self->err);
  }
  la_cursor_close(&cursor);
  la_params_clear(&params);
  la_object_release(compiled);
  return status < 0 ? status : LA_OK;
}

static la_status run_fetching(dml *self) {
  if (can_return(self)) {
    return run_returning(self);
  }
  LA_TRY(fetch_before(self));
  return run_plain(self);
}

/* A quotient becomes what the column makes of it, and a key's object another one. */
static bool suits(const la_property *property, const la_value *value) {
  return !(property->flags & LA_PROPERTY_PRIMARY_KEY) &&
         !(value->kind == LA_VALUE_REAL && property->column->type != NULL &&
           property->column->type->kind == LA_TYPE_INTEGER);
}

static bool is_assigned(const dml *self, const la_property *property) {
  bool found = false;
  for (size_t i = 0; i < self->assignments.count && !found; i++) {
    found = self->assignments.items[i].property == property;
  }
  return found;
}

/* What the UPDATE changes by itself is read again when asked for: columns that have a value for
 * each UPDATE, and expressions of columns. */
static void expire_dependent(const dml *self, la_instance *instance) {
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    const la_property *property = instance->mapper->slots[i];
    const la_column *column = property->column;
    bool is_made = column != NULL && column->defaults[LA_DEFAULT_UPDATE].kind != LA_DEFAULT_NONE &&
                   !is_assigned(self, property);
    if (is_made ||
        (property->kind == LA_PROPERTY_EXPRESSION && instance->slots[i].flags & LA_SLOT_LOADED)) {
      la_instance_expire_slot(instance, i);
    }
  }
}

/* What may be another value now is read again when asked for. */
static void expire_assigned(const dml *self, la_instance *instance) {
  for (size_t i = 0; i < self->assignments.count; i++) {
    uint32_t slot = self->assignments.items[i].property->slot;
    if (slot < instance->slot_count && instance->slots[slot].flags & LA_SLOT_LOADED) {
      la_instance_expire_slot(instance, slot);
    }
  }
  expire_dependent(self, instance);
}

typedef struct new_value {
  la_value value;
  bool is_known;
} new_value;

/* All values are those that the old ones give: their bytes are copied, for setting one attribute
 * may overwrite what another's value was taken from. */
static la_status evaluate_values(dml *self, const la_instance *instance, la_arena *arena,
                                 new_value *values) {
  for (size_t i = 0; i < self->assignments.count; i++) {
    assignment *a = &self->assignments.items[i];
    la_error ignored = LA_ERROR_INIT;
    la_value value = LA_VALUE_NONE;
    bool unknown = true;
    values[i] = (new_value){.value = LA_VALUE_NONE};
    if (!a->can_evaluate ||
        la_evaluator_run(&a->evaluator, instance, &value, &unknown, &ignored) < 0 || unknown) {
      continue;
    }
    if (!la_value_copy(arena, &value, &values[i].value)) {
      return la_fail_nomem(self->err);
    }
    values[i].is_known = true;
  }
  return LA_OK;
}

/* The object takes the new values; what can't be told is read again when asked for. */
static la_status update_object(dml *self, la_instance *instance) {
  size_t count = self->assignments.count;
  la_arena arena;
  la_arena_init(&arena, self->alloc);
  new_value *values = la_arena_alloc(&arena, (count + 1) * sizeof *values);
  la_status status =
      values != NULL ? evaluate_values(self, instance, &arena, values) : la_fail_nomem(self->err);
  for (size_t i = 0; i < count && status >= 0; i++) {
    const la_property *property = self->assignments.items[i].property;
    uint32_t slot = property->slot;
    if (slot >= instance->slot_count || !(instance->slots[slot].flags & LA_SLOT_LOADED)) {
      continue;
    }
    if (values[i].is_known && suits(property, &values[i].value)) {
      status = la_instance_load(instance, slot, &values[i].value, false, self->err);
    } else {
      la_instance_expire_slot(instance, slot);
    }
  }
  if (status >= 0) {
    expire_dependent(self, instance);
  }
  la_arena_clear(&arena);
  return status;
}

static void expire_uncertain(dml *self, la_instance *instance) {
  if (self->statement->kind == LA_NODE_UPDATE) {
    expire_assigned(self, instance);
  } else {
    la_session_expire(self->session, instance);
  }
}

static la_status synchronize(dml *self) {
  for (size_t i = 0; i < self->matched.count; i++) {
    la_instance *instance = self->matched.items[i];
    if (self->statement->kind == LA_NODE_UPDATE) {
      LA_TRY(update_object(self, instance));
    } else if (!(instance->flags & LA_INSTANCE_GONE)) { /* it may have been returned as well */
      LA_TRY(la_session_lose(self->session, instance, self->err));
    }
  }
  for (size_t i = 0; i < self->uncertain.count; i++) {
    if (!(self->uncertain.items[i]->flags & LA_INSTANCE_GONE)) {
      expire_uncertain(self, self->uncertain.items[i]);
    }
  }
  return LA_OK;
}

/* Finds the session's objects that the statement will change. `*fetches_out`: they can't be told in
 * memory. */
static la_status find_objects(dml *self, la_synchronize how, bool *fetches_out) {
  la_error why = LA_ERROR_INIT;
  *fetches_out = how == LA_SYNCHRONIZE_FETCH;
  self->in_step = how != LA_SYNCHRONIZE_NONE;
  LA_TRY(la_session_check(self->session, self->err));
  if (how == LA_SYNCHRONIZE_EVALUATE || how == LA_SYNCHRONIZE_AUTO) {
    la_error *outer = self->err;
    la_status status;
    self->err = &why;
    status = evaluate_conditions(self);
    self->err = outer;
    if (status == LA_UNEVALUATABLE && how == LA_SYNCHRONIZE_AUTO) {
      la_session_clear_pinned(self->session, &self->matched);
      la_session_clear_pinned(self->session, &self->uncertain);
      *fetches_out = true;
    } else if (status == LA_UNEVALUATABLE) {
      return la_fail(
          self->err, LA_INVALID_REQUEST,
          "Could not evaluate current criteria in Python: \"%s\". Specify 'fetch' or False for the "
          "synchronize_session execution option.",
          why.message);
    } else if (status < 0) {
      return la_fail(self->err, status, "%s", why.message);
    }
  }
  return how != LA_SYNCHRONIZE_NONE ? read_assignments(self) : LA_OK;
}

/* Starts with the statement that runs: the given one with what its options add to its conditions.
 */
static la_status prepare(dml *self, la_session *session, const la_node *statement, la_error *err) {
  *self = (dml){.session = session, .alloc = session->alloc, .err = err};
  if (statement->children[0]->kind != LA_NODE_ENTITY) {
    return la_fail(err, LA_ARGUMENT, "the statement's table is not a mapped class");
  }
  if (session->engine == NULL) {
    return la_fail(err, LA_UNBOUND_EXECUTION, "Session is not bound to an engine");
  }
  self->mapper = (la_mapper *)(void *)statement->children[0]->subject;
  LA_TRY(la_dml_with_criteria(&session->engine->sql, statement, &self->statement, err));
  return LA_OK;
}

static void clear(dml *self) {
  for (size_t i = 0; i < self->assignments.count; i++) {
    la_evaluator_clear(&self->assignments.items[i].evaluator);
  }
  la_vec_clear(self->alloc, &self->assignments);
  la_session_clear_pinned(self->session, &self->matched);
  la_vec_clear(self->session->alloc, &self->matched);
  la_session_clear_pinned(self->session, &self->uncertain);
  la_vec_clear(self->session->alloc, &self->uncertain);
  la_node_release(self->statement);
}

la_status la_session_dml_with(la_session *session, const la_node *statement, la_synchronize how,
                              la_param_lookup lookup, void *lookup_context, int64_t *rowcount_out,
                              la_error *err) {
  dml self;
  bool fetches;
  la_status status;
  LA_TRY(prepare(&self, session, statement, err));
  self.lookup = lookup;
  self.lookup_context = lookup_context;
  status = find_objects(&self, how, &fetches);
  if (status >= 0) {
    status = fetches ? run_fetching(&self) : run_plain(&self);
  }
  if (status >= 0) {
    status = synchronize(&self);
  }
  clear(&self);
  *rowcount_out = self.rowcount;
  return status < 0 ? status : LA_OK;
}

la_status la_session_dml(la_session *session, const la_node *statement, la_synchronize how,
                         int64_t *rowcount_out, la_error *err) {
  return la_session_dml_with(session, statement, how, NULL, NULL, rowcount_out, err);
}

la_status la_dml_begin(la_session *session, const la_node *statement, la_synchronize how,
                       la_dml **out, la_error *err) {
  dml *self = la_alloc_zero(session->alloc, sizeof *self);
  bool fetches;
  la_status status;
  if (self == NULL) {
    return la_fail_nomem(err);
  }
  status = prepare(self, session, statement, err);
  if (status < 0) {
    la_free(session->alloc, self, sizeof *self);
    return status;
  }
  la_object_retain(session);
  status = find_objects(self, how, &fetches);
  if (status >= 0 && fetches) {
    status = fetch_before(self);
  }
  if (status < 0) {
    la_dml_free(self);
    return status;
  }
  self->err = NULL;
  *out = self;
  return LA_OK;
}

la_status la_dml_ran(la_dml *self, la_error *err) {
  return self->statement->kind == LA_NODE_UPDATE ? la_dml_finish(self, err) : LA_OK;
}

la_status la_dml_returned(la_dml *self, la_instance *instance, la_error *err) {
  bool is_lost = self->in_step && self->statement->kind == LA_NODE_DELETE && instance != NULL &&
                 la_mapper_is_a(instance->mapper, self->mapper);
  return !is_lost || la_session_push_pinned(self->session, &self->matched, instance)
             ? LA_OK
             : la_fail_nomem(err);
}

la_status la_dml_finish(la_dml *self, la_error *err) {
  if (self->is_finished) {
    return LA_OK;
  }
  self->err = err;
  self->is_finished = true;
  return synchronize(self);
}

void la_dml_free(la_dml *self) {
  la_session *session = self->session;
  clear(self);
  la_free(session->alloc, self, sizeof *self);
  la_object_release(session);
}

la_status la_session_dml_after(la_session *session, const la_node *statement,
                               la_instance *const *objects, size_t count, la_error *err) {
  dml self;
  la_status status;
  LA_TRY(prepare(&self, session, statement, err));
  status = read_assignments(&self);
  for (size_t i = 0; i < count && status >= 0; i++) {
    status =
        la_session_push_pinned(session, &self.matched, objects[i]) ? LA_OK : la_fail_nomem(err);
  }
  if (status >= 0) {
    status = synchronize(&self);
  }
  clear(&self);
  return status < 0 ? status : LA_OK;
}
