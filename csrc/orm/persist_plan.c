/* SPDX-License-Identifier: MIT */
/*
 * Statements of a flush, one for each shape: which columns are given, which are left to the
 * database, which come back.
 *
 *   INSERT INTO users (name, age) VALUES (?, ?)
 *   UPDATE users SET name=? WHERE users.id = ?
 *   DELETE FROM users WHERE users.id = ?
 *
 * A plan says where the value of each placeholder comes from. Plans are kept in the engine's
 * cache by mapper, table and shape; the one in use stays open as a prepared statement until
 * another is needed.
 */
#include "orm/flush_internal.h"

static void plan_destroy(la_object *object) {
  la_persist_plan *plan = (la_persist_plan *)(void *)object;
  la_allocator *alloc = plan->alloc;
  la_object_release(plan->compiled);
  la_node_release(plan->statement);
  la_object_release(plan->mapper);
  la_arena_clear(&plan->arena);
  la_free(alloc, plan, sizeof *plan);
}

static const la_object_class plan_class = {.name = "persist plan", .destroy = plan_destroy};

/* What a statement is made of. */
typedef struct recipe {
  la_flush *flush;
  la_plan_kind kind;
  la_table *table;
  const uint8_t *shape;        /* la_cell by ordinal */
  la_node *const *expressions; /* by ordinal, or NULL */
  const bool *keys;            /* by ordinal: compared in WHERE */
  la_object *owner;            /* what the key names */
  const la_node **key_params;  /* by ordinal, set while the WHERE is made; lent by the statement */
} recipe;

static uint32_t column_count(const recipe *r) {
  return (uint32_t)r->table->columns.count;
}

static la_node *chain_one(la_node *statement, uint32_t part, la_node *item) {
  la_node *next = NULL;
  if (statement != NULL && item != NULL) {
    next = la_node_with_chained(statement, part, &item, 1);
  }
  la_node_release(statement);
  la_node_release(item);
  return next;
}

/* "column = :table_column" for each key column, one chained condition each. */
static la_node *add_where(const recipe *r, la_node *statement, uint32_t part) {
  const la_sql *sql = r->flush->session->sql;
  for (uint32_t i = 0; statement != NULL && i < column_count(r); i++) {
    la_column *column = r->table->columns.items[i];
    la_node *left, *right, *condition = NULL;
    la_strbuf name;
    if (!r->keys[i]) {
      continue;
    }
    la_strbuf_init(&name, sql->alloc);
    la_strbuf_text(&name, r->table->name);
    la_strbuf_char(&name, '_');
    la_strbuf_text(&name, column->name);
    left = la_expr_column(sql, column, NULL);
    right =
        name.failed ? NULL : la_expr_bindparam(sql, la_strbuf_view(&name), NULL, column->type, 0);
    if (left != NULL && right != NULL) {
      condition = la_expr_binary(sql, LA_OP_EQ, left, right);
    }
    r->key_params[i] = right;
    la_strbuf_clear(&name);
    la_node_release(left);
    la_node_release(right);
    statement = chain_one(statement, part, condition);
  }
  return statement;
}

static la_node *add_expressions(const recipe *r, la_node *statement, uint32_t part) {
  const la_sql *sql = r->flush->session->sql;
  for (uint32_t i = 0; statement != NULL && r->expressions != NULL && i < column_count(r); i++) {
    la_node *column, *set = NULL;
    if (r->shape[i] != LA_CELL_EXPR || r->expressions[i] == NULL) {
      continue;
    }
    column = la_expr_column(sql, r->table->columns.items[i], NULL);
    if (column != NULL) {
      set = la_set_new(sql, column, LA_TEXT_NONE, r->expressions[i]);
    }
    la_node_release(column);
    statement = chain_one(statement, part, set);
  }
  return statement;
}

/* RETURNING the primary key, then the rest. */
static la_node *add_returning(const recipe *r, la_node *statement, uint32_t part) {
  const la_sql *sql = r->flush->session->sql;
  for (int keys = 1; keys >= 0; keys--) {
    for (uint32_t i = 0; statement != NULL && i < column_count(r); i++) {
      la_column *column = r->table->columns.items[i];
      bool is_insert = r->kind == LA_PLAN_INSERT && la_persist_returns(r->flush, r->table);
      if (la_cell_is_returned(r->shape[i], column, is_insert) &&
          column->primary_key == (keys == 1)) {
        statement = chain_one(statement, part, la_expr_column(sql, column, NULL));
      }
    }
  }
  return statement;
}

static la_node *make_statement(const recipe *r) {
  const la_sql *sql = r->flush->session->sql;
  la_node *table = la_from_table(sql, r->table);
  la_node *statement = NULL;
  if (table == NULL) {
    return NULL;
  }
  switch (r->kind) {
  case LA_PLAN_INSERT:
  case LA_PLAN_INSERT_PAIR:
    statement = la_node_flagged(la_insert_new(sql, table), LA_INSERT_INLINE);
    statement = add_expressions(r, statement, LA_INSERT_VALUES);
    statement = add_returning(r, statement, LA_INSERT_RETURNING);
    break;
  case LA_PLAN_UPDATE:
    statement = add_expressions(r, la_update_new(sql, table), LA_UPDATE_VALUES);
    statement = add_where(r, statement, LA_UPDATE_WHERE);
    statement = add_returning(r, statement, LA_UPDATE_RETURNING);
    break;
  default:
    statement = add_where(r, la_delete_new(sql, table), LA_DELETE_WHERE);
  }
  la_node_release(table);
  return statement;
}

static la_status bind_constant(la_persist_plan *plan, const la_compiled_param *param,
                               const la_value *value, la_value *out, la_error *err) {
  if (param->type == NULL || value->kind == LA_VALUE_HOST) {
    *out = *value;
    return LA_OK;
  }
  return la_type_bind(param->type, value, out, &plan->arena, err);
}

/* Where placeholder number `at` gets its value. */
static la_status find_source(const recipe *r, la_persist_plan *plan, const la_key *key, uint32_t at,
                             la_error *err) {
  const la_compiled_param *param = &plan->compiled->params[at];
  const la_default *what;
  plan->sources[at] = LA_SOURCE_OTHER;
  switch (param->source) {
  case LA_PARAM_FROM_EXECUTION:
    plan->sources[at] = param->column->ordinal;
    return LA_OK;
  case LA_PARAM_FROM_CONSTANT:
    return bind_constant(plan, param, &param->constant, &plan->constants[at], err);
  case LA_PARAM_FROM_DEFAULT:
    what = &param->column->defaults[param->slot];
    if (what->kind != LA_DEFAULT_VALUE) {
      return la_fail(err, LA_STATEMENT,
                     "column '%.*s' of table '%.*s' has a function as its default and is not "
                     "mapped: a flush can't call it",
                     LA_TEXT_FORMAT(param->column->name), LA_TEXT_FORMAT(r->table->name));
    }
    return bind_constant(plan, param, &what->value, &plan->constants[at], err);
  default:
    break;
  }
  if (param->index < key->params.count) {
    const la_node *node = key->params.items[param->index];
    for (uint32_t i = 0; i < column_count(r); i++) {
      if (r->keys[i] && r->key_params[i] == node) {
        plan->sources[at] = LA_SOURCE_KEY + i;
        return LA_OK;
      }
    }
    return bind_constant(plan, param, &node->value, &plan->constants[at], err);
  }
  return la_fail(err, LA_COMPILE, "a parameter of a flush's statement has no source");
}

static la_status fill_plan(const recipe *r, la_persist_plan *plan, la_error *err) {
  la_engine *engine = r->flush->connection->engine;
  la_text *given = la_arena_alloc(&plan->arena, (column_count(r) + 1) * sizeof *given);
  uint32_t count = 0;
  bool cached;
  if (given == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < column_count(r); i++) {
    if (r->shape[i] == LA_CELL_VALUE) {
      given[count++] = r->table->columns.items[i]->key;
    }
  }
  plan->statement = make_statement(r);
  if (plan->statement == NULL) {
    return la_fail_nomem(err);
  }
  LA_TRY(la_engine_compile(engine, plan->statement, given, count, false, &plan->compiled, &cached,
                           err));
  plan->count = plan->compiled->param_count;
  plan->sources = la_arena_alloc(&plan->arena, (plan->count + 1) * sizeof *plan->sources);
  plan->constants = la_arena_alloc_zero(&plan->arena, (plan->count + 1) * sizeof(la_value));
  if (plan->sources == NULL || plan->constants == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < plan->count; i++) {
    LA_TRY(find_source(r, plan, &engine->key, i, err));
  }
  return LA_OK;
}

static la_status new_plan(recipe *r, la_persist_plan **out, la_error *err) {
  la_allocator *alloc = r->flush->alloc;
  size_t size = (column_count(r) + 1) * sizeof *r->key_params;
  la_persist_plan *plan = la_alloc_zero(alloc, sizeof *plan);
  la_status status;
  if (plan == NULL) {
    return la_fail_nomem(err);
  }
  la_object_init(&plan->object, &plan_class);
  plan->alloc = alloc;
  la_arena_init(&plan->arena, alloc);
  plan->mapper = la_object_retain(r->owner);
  r->key_params = la_alloc_zero(alloc, size);
  status = r->key_params == NULL ? la_fail_nomem(err) : fill_plan(r, plan, err);
  la_free(alloc, (void *)r->key_params, r->key_params == NULL ? 0 : size);
  if (status < 0) {
    la_object_release(plan);
    return status;
  }
  *out = plan;
  return LA_OK;
}

void la_persist_close(la_flush *flush) {
  la_cursor_close(&flush->cursor);
  flush->told_left = 0;
  la_object_release(flush->plan);
  flush->plan = NULL;
  flush->plan_map = NULL;
}

void la_persist_end(la_flush *flush) {
  if (flush->plan_translated) {
    la_persist_close(flush);
  }
  la_cursor_close(&flush->cursor);
  flush->told_left = 0;
}

/* The plan of `r` from the engine's cache, or made and kept there. */
static la_status find_plan(recipe *r, const void *name, const void *owner, uint32_t version,
                           la_error *err) {
  la_flush *flush = r->flush;
  la_cache *cache = &flush->connection->engine->root->cache;
  la_strbuf bytes;
  uint32_t head[3] = {(uint32_t)r->kind, version, r->table->metadata->version};
  la_status status = LA_OK;
  la_persist_plan *plan = NULL;
  uint64_t hash;
  la_strbuf_init(&bytes, flush->alloc);
  la_strbuf_string(&bytes, "flush");
  la_strbuf_bytes(&bytes, head, sizeof head);
  la_strbuf_bytes(&bytes, &name, sizeof name);
  la_strbuf_bytes(&bytes, &owner, sizeof owner);
  la_session_use_schemas(flush->session);
  la_strbuf_text(&bytes, flush->connection->engine->schema_translate);
  la_strbuf_bytes(&bytes, r->shape, column_count(r));
  la_strbuf_bytes(&bytes, r->keys, column_count(r) * sizeof *r->keys);
  status = la_strbuf_status(&bytes, err);
  if (status == LA_OK) {
    hash = la_hash_bytes(bytes.bytes, bytes.len, 0);
    plan = la_object_retain(la_cache_get(cache, la_strbuf_view(&bytes), hash));
    if (plan == NULL) {
      status = new_plan(r, &plan, err);
      if (status == LA_OK) {
        (void)la_cache_put(cache, la_strbuf_view(&bytes), hash, &plan->object);
      }
    }
  }
  la_strbuf_clear(&bytes);
  if (status == LA_OK) {
    la_persist_close(flush);
    flush->plan = plan;
  }
  return status;
}

/* The text of statements depends on a map of schemas. */
static bool is_translated(const la_flush *flush) {
  la_session_use_schemas(flush->session);
  return flush->connection->engine->schema_translate.len > 0;
}

/* True if the plan in use is the one for `map` and its shape; one that an earlier flush has left
 * has no cursor yet. */
static bool is_in_use(const la_flush *flush, la_plan_kind kind, const la_table_map *map) {
  return flush->plan != NULL && flush->plan_map == map && flush->plan_kind == kind &&
         memcmp(flush->plan_shape, map->shape, map->count) == 0 &&
         (flush->cursor.connection != NULL || !is_translated(flush));
}

static bool keep_shape(la_flush *flush, la_plan_kind kind, la_table_map *map) {
  if (flush->plan_shape_room < map->count) {
    flush->plan_shape = la_arena_alloc(&flush->lasting, map->count);
    flush->plan_shape_room = flush->plan_shape != NULL ? map->count : 0;
    if (flush->plan_shape == NULL) {
      return false;
    }
  }
  memcpy(flush->plan_shape, map->shape, map->count);
  flush->plan_kind = kind;
  flush->plan_map = map;
  flush->plan_translated = is_translated(flush);
  flush->together = LA_TOGETHER_UNKNOWN;
  return true;
}

la_status la_persist_use_plan(la_flush *flush, la_plan_kind kind, la_table_map *map,
                              la_error *err) {
  recipe r = {.flush = flush,
              .kind = kind,
              .table = map->table,
              .shape = map->shape,
              .keys = map->keys,
              .owner = &map->mapper->object};
  LA_TRY(la_persist_connect(flush, err));
  if (is_in_use(flush, kind, map)) {
    return LA_OK;
  }
  LA_TRY(find_plan(&r, map->table, map->mapper, map->mapper->version, err));
  return keep_shape(flush, kind, map) ? LA_OK : la_fail_nomem(err);
}

la_status la_persist_use_expressions(la_flush *flush, la_plan_kind kind, la_table_map *map,
                                     la_node *const *expressions, la_error *err) {
  recipe r = {.flush = flush,
              .kind = kind,
              .table = map->table,
              .shape = map->shape,
              .keys = map->keys,
              .owner = &map->mapper->object,
              .expressions = expressions};
  la_persist_plan *plan = NULL;
  LA_TRY(la_persist_connect(flush, err));
  LA_TRY(new_plan(&r, &plan, err));
  la_persist_close(flush);
  flush->plan = plan;
  return LA_OK;
}

la_status la_persist_use_pair_plan(la_flush *flush, la_plan_kind kind,
                                   la_relationship *relationship, la_error *err) {
  la_table *table = relationship->secondary;
  size_t count = table->columns.count;
  uint8_t *shape = la_arena_alloc_zero(&flush->arena, count + 1);
  bool *keys = la_arena_alloc_zero(&flush->arena, (count + 1) * sizeof *keys);
  bool inserts = kind == LA_PLAN_INSERT_PAIR;
  recipe r = {.flush = flush,
              .kind = kind,
              .table = table,
              .shape = shape,
              .keys = keys,
              .owner = &relationship->object};
  if (shape == NULL || keys == NULL) {
    return la_fail_nomem(err);
  }
  LA_TRY(la_persist_connect(flush, err));
  for (uint32_t i = 0; i < relationship->pair_count; i++) {
    uint32_t at = relationship->pairs[i].destination->ordinal;
    shape[at] = inserts ? LA_CELL_VALUE : LA_CELL_OMITTED;
    keys[at] = !inserts;
  }
  for (uint32_t i = 0; i < relationship->secondary_pair_count; i++) {
    uint32_t at = relationship->secondary_pairs[i].destination->ordinal;
    shape[at] = inserts ? LA_CELL_VALUE : LA_CELL_OMITTED;
    keys[at] = !inserts;
  }
  return find_plan(&r, table, relationship, relationship->parent->version, err);
}

void la_persist_note_failure(la_flush *flush, la_text text, const la_value *values, size_t count) {
  char *copy = la_arena_copy(&flush->arena, text.bytes, text.len);
  flush->failed_values = la_arena_alloc_zero(&flush->arena, (count + 1) * sizeof(la_value));
  if (copy == NULL || flush->failed_values == NULL) {
    return;
  }
  flush->failed_text = (la_text){copy, text.len};
  for (size_t i = 0; i < count; i++) {
    if (la_value_copy(&flush->arena, &values[i], &flush->failed_values[i])) {
      flush->failed_count = (uint32_t)i + 1;
    } else {
      break;
    }
  }
}

la_status la_persist_connect(la_flush *flush, la_error *err) {
  return flush->connection != NULL ? LA_OK
                                   : la_session_connection(flush->session, &flush->connection, err);
}

la_status la_persist_execute(la_flush *flush, la_rows_ahead *ahead, la_error *err) {
  uint32_t count = (uint32_t)flush->values.count;
  la_status status;
  flush->sent = true;
  if (la_persist_is_told(flush)) {
    return la_persist_execute_told(flush, ahead, err);
  }
  if (flush->cursor.connection != NULL) {
    status = la_cursor_rebind(&flush->cursor, flush->values.items, count, err);
  } else {
    status = la_cursor_open(&flush->cursor, flush->connection, flush->plan->compiled->text,
                            flush->values.items, count, err);
    la_trace_compiled(&flush->session->engine->trace, flush->plan->compiled);
  }
  if (status >= 0) {
    status = la_cursor_step(&flush->cursor, err);
  }
  if (status < 0) {
    la_persist_note_failure(flush, flush->plan->compiled->text, flush->values.items, count);
    return status;
  }
  return status == LA_ROW ? LA_ROW : LA_OK;
}

int64_t la_persist_changes(const la_flush *flush) {
  const la_raw *raw = flush->connection->raw;
  return la_persist_is_told(flush) ? flush->changes : raw->driver->changes(raw->handle);
}

int64_t la_persist_insert_id(const la_flush *flush) {
  const la_raw *raw = flush->connection->raw;
  return la_persist_is_told(flush) ? flush->insert_id : raw->driver->last_insert_id(raw->handle);
}
