/* SPDX-License-Identifier: MIT */
/*
 * Rows of mapped tables: INSERT and UPDATE of a batch of objects (DELETE: persist_delete.c).
 *
 * Table by table, base tables first; in each table UPDATEs by primary key before INSERTs in order
 * of add(). An answer of Lua's that a row needs is asked for by a step, and the row is begun again.
 */
#include "orm/flush_internal.h"

void la_flush_clear_answers(la_flush *flush) {
  for (uint32_t i = 0; i < flush->answer_room; i++) {
    la_node_release(flush->expressions[i]);
    flush->expressions[i] = NULL;
    flush->converted[i] = LA_VALUE_NONE;
  }
}

static la_status reserve_answers(la_flush *flush, uint32_t count, la_error *err) {
  if (flush->answer_room < count) {
    la_value *converted = la_arena_alloc_zero(&flush->arena, count * sizeof *converted);
    la_node **expressions = la_arena_alloc_zero(&flush->arena, count * sizeof *expressions);
    if (converted == NULL || expressions == NULL) {
      return la_fail_nomem(err);
    }
    la_flush_clear_answers(flush);
    flush->converted = converted;
    flush->expressions = expressions;
    flush->answer_room = count;
  }
  return LA_OK;
}

/* The value goes in as it is: most do. */
static bool is_bound_plainly(const la_property *property, const la_value *value) {
  const la_type *type = property->column->type;
  if (value->kind == LA_VALUE_NULL || type == NULL) {
    return true;
  }
  return property->flags & LA_PROPERTY_PLAIN && type->variant_count == 0 &&
         ((value->kind == LA_VALUE_INTEGER && type->affinity == LA_AFFINITY_INTEGER) ||
          (value->kind == LA_VALUE_TEXT && type->affinity == LA_AFFINITY_TEXT));
}

static la_status convert(la_flush *flush, const la_property *property, const la_value *value,
                         la_value *out, la_error *err) {
  const la_type *type = la_dialect_type(flush->session->engine->dialect, property->column->type);
  la_error inner = LA_ERROR_INIT;
  la_status status = la_type_bind(type, value, out, &flush->scratch, &inner);
  if (status == LA_STATEMENT) {
    return la_fail_code(err, status, inner.code, "(column %.*s) %s",
                        LA_TEXT_FORMAT(property->column->name), inner.message);
  }
  return status < 0 ? la_fail(err, status, "%s", inner.message) : LA_OK;
}

la_status la_persist_bind(la_flush *flush, const la_property *property, const la_value *value,
                          la_value *out, la_error *err) {
  if (is_bound_plainly(property, value)) {
    *out = *value;
    return LA_OK;
  }
  return convert(flush, property, value, out, err);
}

/* A value that only Lua knows must be answered before the row is sent; LA_ROW with the step. */
static la_status ask(la_flush *flush, la_instance *instance, const la_table_map *map,
                     uint32_t ordinal, la_flush_step *step_out, la_error *err) {
  la_property *property = map->properties[ordinal];
  const la_value *value = &instance->slots[property->slot];
  bool expression = value->flags & LA_SLOT_EXPR;
  LA_TRY(reserve_answers(flush, map->count, err));
  if (expression ? flush->expressions[ordinal] != NULL
                 : flush->converted[ordinal].flags & LA_SLOT_LOADED) {
    return LA_OK;
  }
  *step_out = (la_flush_step){.kind = expression ? LA_FLUSH_EXPRESSION : LA_FLUSH_CONVERT,
                              .instance = instance,
                              .property = property,
                              .slot = property->slot,
                              .host = value->as.integer,
                              .value = *value};
  flush->is_waiting = true;
  flush->waiting = step_out->kind;
  flush->waiting_instance = instance;
  flush->waiting_slot = ordinal;
  return LA_ROW;
}

static bool has_default(const la_column *column, la_default_slot slot) {
  return column->defaults[slot].kind != LA_DEFAULT_NONE;
}

/* The column has the version, and the database makes it. */
static bool is_server_version(const la_persist_row *r, const la_property *property) {
  const la_mapper *mapper = r->map->mapper;
  return property == mapper->version_property &&
         mapper->root->version_source == LA_VERSION_ELSEWHERE &&
         (has_default(property->column, LA_DEFAULT_SERVER_INSERT) ||
          has_default(property->column, LA_DEFAULT_SERVER_UPDATE));
}

/* A column that has no value: left to its default or to the database, or given as NULL. */
static la_cell cell_without_value(const la_persist_row *r, uint32_t ordinal, bool returning) {
  const la_property *property = r->map->properties[ordinal];
  const la_column *column = r->map->table->columns.items[ordinal];
  bool server = has_default(column, LA_DEFAULT_SERVER_INSERT) || column->computed != NULL ||
                column->defaults[LA_DEFAULT_INSERT].kind == LA_DEFAULT_EXPR;
  bool fetched;
  if (property == NULL) {
    return LA_CELL_OMITTED;
  }
  if (r->map->primary[ordinal]) {
    bool made =
        property != r->map->autoincrement && (server || has_default(column, LA_DEFAULT_INSERT));
    return made && returning ? LA_CELL_RETURNED : LA_CELL_OMITTED;
  }
  fetched =
      r->map->mapper->root->eager_defaults != LA_EAGER_NEVER || is_server_version(r, property);
  if (server) {
    return returning && fetched ? LA_CELL_RETURNED : LA_CELL_OMITTED;
  }
  return has_default(column, LA_DEFAULT_INSERT) ? LA_CELL_OMITTED : LA_CELL_VALUE;
}

bool la_persist_returns(const la_flush *flush, const la_table *table) {
  const la_engine *engine = flush->session->engine;
  return engine != NULL && engine->dialect->supports_returning && !table->no_implicit_returning;
}

/* What the object has for a column of its new row, NULL if it has nothing. */
static const la_value *given_value(const la_persist_row *r, uint32_t ordinal) {
  const la_property *property = r->map->properties[ordinal];
  const la_value *value = property != NULL && property->slot < r->instance->slot_count
                              ? &r->instance->slots[property->slot]
                              : NULL;
  bool given = value != NULL && la_slot_is_given(property, value) &&
               r->map->table->columns.items[ordinal]->computed == NULL;
  return given ? value : NULL;
}

/* A new key comes back with what else does. */
static bool is_returned_key(const la_flush *flush, const la_persist_row *r, uint32_t ordinal) {
  const la_column *key = la_table_autoincrement_column(r->map->table);
  return flush->plan_shape[ordinal] == LA_CELL_RETURNED && key != NULL && key->ordinal == ordinal;
}

/* Whether the plan in use inserts the row, and nobody has to be asked for a value of it. */
static bool fits(const la_flush *flush, const la_persist_row *r) {
  bool returning = la_persist_returns(flush, r->map->table);
  for (uint32_t i = 0; i < r->map->count; i++) {
    const la_value *value = given_value(r, i);
    la_cell cell = value != NULL ? LA_CELL_VALUE : cell_without_value(r, i, returning);
    bool differs =
        cell != flush->plan_shape[i] && (cell != LA_CELL_OMITTED || !is_returned_key(flush, r, i));
    if (differs || (value != NULL && value->kind == LA_VALUE_HOST)) {
      return false;
    }
  }
  return true;
}

static la_status shape_insert(la_flush *flush, la_persist_row *r, la_flush_step *step_out,
                              la_error *err) {
  bool returning = la_persist_returns(flush, r->map->table);
  for (uint32_t i = 0; i < r->map->count; i++) {
    const la_value *value = given_value(r, i);
    if (value != NULL) {
      r->map->shape[i] = LA_CELL_VALUE;
      if (value->kind == LA_VALUE_HOST) {
        la_status status = ask(flush, r->instance, r->map, i, step_out, err);
        if (status != LA_OK) {
          return status;
        }
        bool is_expression = value->flags & LA_SLOT_EXPR;
        r->map->shape[i] = is_expression ? LA_CELL_EXPR : LA_CELL_VALUE;
        r->has_expressions |= is_expression;
        r->returns |= is_expression && returning && r->map->table->columns.items[i]->primary_key;
      }
      continue;
    }
    r->map->shape[i] = (uint8_t)cell_without_value(r, i, returning);
    r->returns |= r->map->shape[i] == LA_CELL_RETURNED;
  }
  if (r->returns && r->map->autoincrement != NULL) {
    uint32_t ordinal = la_table_autoincrement_column(r->map->table)->ordinal;
    if (r->map->shape[ordinal] == LA_CELL_OMITTED) {
      r->map->shape[ordinal] = LA_CELL_RETURNED;
    }
  }
  return LA_OK;
}

/* An onupdate function that gave the value that was there already: it is sent, since the statement
 * would call the function otherwise. */
static void set_made_defaults(la_persist_row *r) {
  for (uint32_t i = 0; i < r->map->count; i++) {
    const la_property *property = r->map->properties[i];
    if (r->map->shape[i] != LA_CELL_OMITTED || property == NULL || property->column == NULL ||
        property->slot >= r->instance->slot_count ||
        property->column->defaults[LA_DEFAULT_UPDATE].kind != LA_DEFAULT_HOST) {
      continue;
    }
    const la_value *value = &r->instance->slots[property->slot];
    if (value->flags & LA_SLOT_MODIFIED && value->kind != LA_VALUE_HOST) {
      r->map->shape[i] = LA_CELL_VALUE;
    }
  }
}

/* What the database makes in an UPDATE comes back with it: with eager_defaults all of it, and the
 * version in any case. */
static void return_made(const la_flush *flush, la_persist_row *r) {
  bool always = r->map->mapper->root->eager_defaults == LA_EAGER_ALWAYS;
  if (!r->map->may_expire || !la_persist_returns(flush, r->map->table)) {
    return;
  }
  for (uint32_t i = 0; i < r->map->count; i++) {
    const la_property *property = r->map->properties[i];
    const la_column *column = r->map->table->columns.items[i];
    bool made = has_default(column, LA_DEFAULT_SERVER_UPDATE) || column->computed != NULL ||
                column->defaults[LA_DEFAULT_UPDATE].kind == LA_DEFAULT_EXPR;
    if (property != NULL && r->map->shape[i] == LA_CELL_OMITTED && !r->map->primary[i] &&
        ((always && made) || is_server_version(r, property))) {
      r->map->shape[i] = LA_CELL_RETURNED;
      r->returns = true;
    }
  }
}

/* Without a `step_out` nobody is asked: LA_DONE then. */
static la_status shape_update(la_flush *flush, la_persist_row *r, la_flush_step *step_out,
                              la_error *err) {
  bool row_switch = r->record->flags & LA_RECORD_ROW_SWITCH;
  const la_property *version = r->map->mapper->version_property;
  memcpy(r->map->keys, r->map->primary, r->map->count * sizeof *r->map->keys);
  for (uint32_t i = 0; i < r->map->count; i++) {
    const la_property *property = r->map->properties[i];
    const la_value *value = property != NULL && property->slot < r->instance->slot_count
                                ? &r->instance->slots[property->slot]
                                : NULL;
    bool sets = false;
    r->map->shape[i] = LA_CELL_OMITTED;
    if (value == NULL || r->map->table->columns.items[i]->computed != NULL) {
      continue;
    }
    if (row_switch) {
      sets = !r->map->primary[i] && value->flags & LA_SLOT_LOADED;
    } else if (value->flags & LA_SLOT_MODIFIED) {
      sets = la_slot_differs(r->instance, property->slot) &&
             !(r->map->primary[i] && r->map->follows_key);
    }
    if (version != NULL && property == version && (sets || r->record->flags & LA_RECORD_CHANGED)) {
      la_value old;
      r->map->keys[i] = la_persist_row_value(flush, r->record, property->slot, &old);
    }
    if (!sets) {
      continue;
    }
    r->sets = true;
    r->map->shape[i] = LA_CELL_VALUE;
    if (value->kind == LA_VALUE_HOST && value->flags & LA_SLOT_LOADED) {
      la_status status =
          step_out != NULL ? ask(flush, r->instance, r->map, i, step_out, err) : LA_DONE;
      if (status != LA_OK) {
        return status;
      }
      r->map->shape[i] = value->flags & LA_SLOT_EXPR ? LA_CELL_EXPR : LA_CELL_VALUE;
      r->has_expressions |= r->map->shape[i] == LA_CELL_EXPR;
    }
  }
  return LA_OK;
}

bool la_persist_row_value(const la_flush *flush, const la_flush_record *record, uint32_t slot,
                          la_value *out) {
  const la_instance *instance = record->instance;
  if (record->flags & LA_RECORD_ROW_SWITCH && !(record->flags & LA_RECORD_WRITTEN)) {
    return la_instance_committed(flush->records.items[record->replaces].instance, slot, out);
  }
  if (record->flags & LA_RECORD_WRITTEN) {
    *out = instance->slots[slot];
    return out->flags & LA_SLOT_LOADED;
  }
  return la_instance_committed(instance, slot, out);
}

/* A value of the WHERE: the key or version that the row has now. */
static la_status key_value(la_flush *flush, const la_persist_row *r, uint32_t ordinal,
                           la_value *out, la_error *err) {
  const la_property *property = r->map->properties[ordinal];
  la_value value;
  if (r->version != NULL && property == r->map->mapper->version_property) {
    value = *r->version;
  } else if (r->record->flags & LA_RECORD_ROW_SWITCH &&
             property == r->map->mapper->version_property) {
    (void)la_persist_row_value(flush, r->record, property->slot, &value);
  } else if (!(r->record->flags & LA_RECORD_WRITTEN) ||
             !la_persist_row_value(flush, r->record, property->slot, &value)) {
    la_instance_key_part(r->instance, property->slot, &value);
  }
  if (r->map->follows_key && r->map->primary[ordinal] && r->record->op == LA_RECORD_SAVE &&
      r->instance->slots[property->slot].flags & LA_SLOT_MODIFIED) {
    value = r->instance->slots[property->slot]; /* the base's row has it already */
  }
  if (value.kind == LA_VALUE_NULL && r->map->primary[ordinal]) {
    return la_fail(err, LA_FLUSH,
                   "Can't %s table %.*s using NULL for primary key value on column %.*s",
                   r->record->op == LA_RECORD_DELETE ? "delete from" : "update",
                   LA_TEXT_FORMAT(r->map->table->name), LA_TEXT_FORMAT(property->column->name));
  }
  return la_persist_bind(flush, property, &value, out, err);
}

la_status la_persist_fill_row(la_flush *flush, const la_persist_row *r, la_value *out,
                              la_error *err) {
  const la_persist_plan *plan = flush->plan;
  for (uint32_t i = 0; i < plan->count; i++, out++) {
    uint32_t source = plan->sources[i];
    if (source >= LA_SOURCE_OTHER) {
      *out = plan->constants[i];
    } else if (source >= LA_SOURCE_KEY) {
      LA_TRY(key_value(flush, r, source - LA_SOURCE_KEY, out, err));
    } else {
      const la_property *property = r->map->properties[source];
      bool has_slot = property->slot < r->instance->slot_count; /* not if mapped since */
      const la_value *value = has_slot ? &r->instance->slots[property->slot] : NULL;
      if (value == NULL || !(value->flags & LA_SLOT_LOADED)) {
        *out = LA_VALUE_NONE;
      } else if (value->kind == LA_VALUE_HOST) {
        *out = flush->converted[source];
      } else {
        LA_TRY(la_persist_bind(flush, property, value, out, err));
      }
    }
  }
  return LA_OK;
}

la_status la_persist_fill_insert(la_flush *flush, const la_persist_row *first, size_t at,
                                 la_value *out, la_error *err) {
  la_flush_record *record =
      at < flush->batch.count ? &flush->records.items[flush->batch.items[at]] : NULL;
  if (record == NULL || record->instance->mapper != first->instance->mapper ||
      !(record->flags & LA_RECORD_INSERTS)) {
    return LA_DONE;
  }
  la_persist_row r = {.record = record, .instance = record->instance, .map = first->map};
  return fits(flush, &r) ? la_persist_fill_row(flush, &r, out, err) : LA_DONE;
}

la_status la_persist_fill(la_flush *flush, const la_persist_row *r, la_error *err) {
  flush->values.count = 0;
  if (!la_vec_reserve(flush->alloc, &flush->values, flush->plan->count)) {
    return la_fail_nomem(err);
  }
  if (flush->scratch.blocks != NULL) {
    la_arena_clear(&flush->scratch);
  }
  LA_TRY(la_persist_fill_row(flush, r, flush->values.items, err));
  flush->values.count = flush->plan->count;
  return LA_OK;
}

la_status la_persist_use_row(la_flush *flush, la_plan_kind kind, la_persist_row *r, la_error *err) {
  LA_TRY(la_persist_connect(flush, err));
  return r->has_expressions
             ? la_persist_use_expressions(flush, kind, r->map, flush->expressions, err)
             : la_persist_use_plan(flush, kind, r->map, err);
}

/* Reads what RETURNING gives into the slots. */
static la_status take_returned(la_flush *flush, const la_persist_row *r, bool is_insert,
                               la_error *err) {
  la_value values[64];
  uint32_t at = 0;
  if (flush->cursor.column_count > sizeof values / sizeof *values) {
    return la_fail(err, LA_FLUSH, "table '%.*s' has more than 64 columns with server defaults",
                   LA_TEXT_FORMAT(r->map->table->name));
  }
  la_cursor_row(&flush->cursor, values);
  for (int keys = 1; keys >= 0; keys--) {
    for (uint32_t i = 0; i < r->map->count; i++) {
      const la_column *column = r->map->table->columns.items[i];
      la_value value;
      if (!la_cell_is_returned(r->map->shape[i], column, is_insert) ||
          column->primary_key != (keys == 1)) {
        continue;
      }
      LA_TRY(la_type_result(column->type, &values[at++], &value, &flush->scratch, err));
      LA_TRY(la_flush_write_fetched(flush, r->instance, r->map->properties[i]->slot, &value, err));
    }
  }
  return la_cursor_step(&flush->cursor, err);
}

/* Columns whose values the database has made, and that did not come back, are read when asked
 * for. */
static la_status expire_made(la_flush *flush, const la_persist_row *r, la_default_slot client,
                             la_default_slot server, la_error *err) {
  for (uint32_t i = 0; i < r->map->count; i++) {
    const la_column *column = r->map->table->columns.items[i];
    const la_property *property = r->map->properties[i];
    bool made = r->map->shape[i] == LA_CELL_EXPR ||
                (r->map->shape[i] == LA_CELL_OMITTED &&
                 (has_default(column, server) || column->computed != NULL ||
                  column->defaults[client].kind == LA_DEFAULT_EXPR));
    if (made && property != NULL && !r->map->primary[i]) {
      LA_TRY(la_flush_expire_later(flush, r->instance, property->slot, err));
    }
  }
  return LA_OK;
}

static la_status check_key(const la_persist_row *r, la_error *err) {
  for (uint32_t i = 0; i < r->map->mapper->primary_key_count; i++) {
    const la_property *property = r->map->mapper->primary_key[i];
    const la_value *value = &r->instance->slots[property->slot];
    bool is_known = value->flags & LA_SLOT_LOADED && value->kind != LA_VALUE_NULL &&
                    !(value->kind == LA_VALUE_HOST && value->flags & LA_SLOT_EXPR);
    if (!is_known) {
      la_strbuf text;
      la_strbuf_init(&text, r->map->mapper->alloc);
      la_instance_describe(r->instance, &text);
      la_fail(err, LA_FLUSH,
              "Instance %.*s has a NULL identity key.  If this is an auto-generated value, check "
              "that the database table allows generation of new primary key values, and that the "
              "mapped Column object is configured to expect these generated values.  Ensure also "
              "that this flush() is not occurring at an inappropriate time, such as within a "
              "load() event.",
              LA_TEXT_FORMAT(la_strbuf_view(&text)));
      la_strbuf_clear(&text);
      return LA_FLUSH;
    }
  }
  return LA_OK;
}

static la_status fail_without_key(const la_persist_row *r, la_error *err) {
  return la_fail(err, LA_FLUSH,
                 "Single-row INSERT statement for %.*s did not produce a new primary key result "
                 "being invoked.  Ensure there are no triggers or special driver issues preventing "
                 "INSERT from functioning properly.",
                 LA_TEXT_FORMAT(r->map->mapper->class_name));
}

static la_status next_insert(la_flush *flush, la_rows_ahead *ahead, la_value *out, la_error *err) {
  la_status status = la_persist_fill_insert(flush, ahead->row, ++ahead->at, out, err);
  if (status == LA_OK) {
    ahead->of = &flush->records.items[flush->batch.items[ahead->at]];
  }
  return status;
}

static la_status insert(la_flush *flush, la_persist_row *r, la_flush_step *step_out,
                        la_error *err) {
  la_rows_ahead ahead = {.next = next_insert, .of = r->record, .at = flush->at, .row = r};
  la_property *key = r->map->autoincrement;
  la_status status = shape_insert(flush, r, step_out, err);
  if (status != LA_OK) {
    return status;
  }
  LA_TRY(la_persist_use_row(flush, LA_PLAN_INSERT, r, err));
  LA_TRY(la_persist_fill(flush, r, err));
  status = la_persist_execute(flush, &ahead, err);
  LA_TRY(status);
  if (status == LA_ROW) {
    LA_TRY(take_returned(flush, r, true, err));
  } else if (r->returns) {
    return fail_without_key(r, err);
  }
  if (key != NULL) {
    const la_value *slot = &r->instance->slots[key->slot];
    bool is_known = slot->flags & LA_SLOT_LOADED && slot->kind != LA_VALUE_NULL;
    if (!is_known || slot->kind == LA_VALUE_HOST) {
      la_value made = la_value_integer(la_persist_insert_id(flush));
      if (la_persist_changes(flush) == 0 && status != LA_ROW) {
        return fail_without_key(r, err);
      }
      LA_TRY(la_flush_write(flush, r->instance, key->slot, &made, err));
    }
  }
  if (r->map->may_expire || r->has_expressions) {
    LA_TRY(expire_made(flush, r, LA_DEFAULT_INSERT, LA_DEFAULT_SERVER_INSERT, err));
  }
  return r->map->completes_key ? check_key(r, err) : LA_OK;
}

static la_status send_update(la_flush *flush, la_persist_row *r, la_rows_ahead *ahead,
                             la_error *err) {
  int64_t changes;
  la_status status;
  LA_TRY(la_persist_use_row(flush, LA_PLAN_UPDATE, r, err));
  LA_TRY(la_persist_fill(flush, r, err));
  status = la_persist_execute(flush, ahead, err);
  LA_TRY(status);
  if (status == LA_ROW) {
    LA_TRY(take_returned(flush, r, false, err));
  }
  changes = status == LA_ROW ? 1 : la_persist_changes(flush);
  if (changes != 1) {
    return la_fail(err, LA_STALE_DATA,
                   "UPDATE statement on table '%.*s' expected to update 1 row(s); %d were matched.",
                   LA_TEXT_FORMAT(r->map->table->name), (int)changes);
  }
  return LA_OK;
}

void la_persist_complete_update(const la_flush *flush, la_persist_row *r) {
  set_made_defaults(r);
  return_made(flush, r);
}

la_status la_persist_send_update(la_flush *flush, la_persist_row *r, la_rows_ahead *ahead,
                                 la_error *err) {
  la_persist_complete_update(flush, r);
  LA_TRY(send_update(flush, r, ahead, err));
  if (r->map->may_expire || r->has_expressions) {
    LA_TRY(expire_made(flush, r, LA_DEFAULT_UPDATE, LA_DEFAULT_SERVER_UPDATE, err));
  }
  return LA_OK;
}

/* Rows of which nothing is to be set are passed over. */
static la_status next_update(la_flush *flush, la_rows_ahead *ahead, la_value *out, la_error *err) {
  la_table_map *map = ahead->row->map;
  while (++ahead->at < flush->batch.count) {
    la_flush_record *record = &flush->records.items[flush->batch.items[ahead->at]];
    la_persist_row r = {.record = record, .instance = record->instance, .map = map};
    la_status status;
    if (record->instance->mapper != ahead->row->instance->mapper ||
        record->flags & LA_RECORD_INSERTS) {
      return LA_DONE;
    }
    status = shape_update(flush, &r, NULL, err);
    if (status != LA_OK || !r.sets) {
      if (status != LA_OK) {
        return status;
      }
      continue;
    }
    la_persist_complete_update(flush, &r);
    if (r.returns || memcmp(flush->plan_shape, map->shape, map->count) != 0) {
      return LA_DONE;
    }
    ahead->of = record;
    return la_persist_fill_row(flush, &r, out, err);
  }
  return LA_DONE;
}

static la_status update(la_flush *flush, la_persist_row *r, la_flush_step *step_out,
                        la_error *err) {
  la_rows_ahead ahead = {.next = next_update, .of = r->record, .at = flush->at, .row = r};
  la_status status = shape_update(flush, r, step_out, err);
  if (status != LA_OK || !r->sets) {
    return status;
  }
  return la_persist_send_update(flush, r, &ahead, err);
}

la_status la_persist_save_rows(la_flush *flush, la_flush_step *step_out, la_error *err) {
  for (; flush->table_at < flush->tables.count; flush->table_at++) {
    la_table *table = flush->tables.items[flush->table_at];
    for (; flush->at < flush->batch.count; flush->at++) {
      la_flush_record *record = &flush->records.items[flush->batch.items[flush->at]];
      la_persist_row r = {.record = record, .instance = record->instance};
      la_status status;
      LA_TRY(la_flush_table_map(flush, r.instance->mapper, table, &r.map, err));
      if (r.map == NULL) {
        continue;
      }
      status = record->flags & LA_RECORD_INSERTS ? insert(flush, &r, step_out, err)
                                                 : update(flush, &r, step_out, err);
      if (status != LA_OK) {
        return status;
      }
      if (record->flags & LA_RECORD_INSERTS) {
        LA_TRY(la_persist_insert_behind(flush, &r, err));
      }
      if (r.has_expressions) {
        la_persist_close(flush);
      }
      if (flush->answer_room > 0) {
        la_flush_clear_answers(flush);
      }
    }
    flush->at = 0;
  }
  flush->table_at = 0;
  for (size_t i = 0; i < flush->batch.count; i++) {
    flush->records.items[flush->batch.items[i]].flags |= LA_RECORD_WRITTEN;
  }
  return LA_OK;
}
