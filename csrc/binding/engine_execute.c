/* SPDX-License-Identifier: MIT */
/*
 * Running a compiled statement: cursor, rows, counts, and what the result says of them.
 */
#include "binding/engine_execute.h"

#include "base/clock.h"
#include "binding/host.h"
#include "binding/process.h"
#include "binding/push.h"

#include <ctype.h>

#define STREAM_BUFFER 1000
#define SETS_AT_ONCE  256 /* of a function's sets */
#define BYTES_AT_ONCE 65536

/* ---- shapes ---- */

static void describe_column(const la_result_column *from, la_text name, uint32_t index,
                            la_shape_column *out) {
  *out = (la_shape_column){.name = name, .index = index};
  if (from != NULL) {
    out->type = from->type;
    out->subject = from->subject;
    out->host = la_type_has_process_result(from->type);
  }
}

/* True if the columns of text().columns() are all there by name: then names tell which is which,
 * else places. */
static bool goes_by_name(const la_execution *x, const la_cursor *cursor) {
  const la_node *node = la_to_node(x->L, x->statement_index);
  if (node == NULL || node->kind != LA_NODE_TEXTUAL) {
    return false;
  }
  for (uint32_t i = 0; i < x->compiled->column_count; i++) {
    bool found = false;
    for (uint32_t at = 0; at < cursor->column_count && !found; at++) {
      found = la_text_equal(x->compiled->columns[i].key, la_cursor_column_name(cursor, at));
    }
    if (!found) {
      return false;
    }
  }
  return true;
}

/* The compiled column for column `i` of the cursor. */
static const la_result_column *find_column(const la_compiled *compiled, bool by_name, uint32_t i,
                                           la_text name) {
  if (compiled == NULL) {
    return NULL;
  }
  if (!by_name) {
    return i < compiled->column_count ? &compiled->columns[i] : NULL;
  }
  for (uint32_t at = 0; at < compiled->column_count; at++) {
    if (la_text_equal(compiled->columns[at].key, name)) {
      return &compiled->columns[at];
    }
  }
  return NULL;
}

/* A shape made before serves as long as the database names the columns alike. */
static bool is_shape_for(const la_row_shape *shape, const la_cursor *cursor, bool positional) {
  if (shape == NULL || shape->count != cursor->column_count) {
    return false;
  }
  for (uint32_t i = 0; !positional && i < shape->count; i++) {
    if (!la_text_equal(shape->columns[i].name, la_cursor_column_name(cursor, i))) {
      return false;
    }
  }
  return true;
}

/* The number of the dialect object, if a type of the rows will be handed it; 0 otherwise. May
 * raise. */
static int64_t find_dialect(la_execution *x) {
  bool wanted = false;
  for (uint32_t i = 0; x->compiled != NULL && !wanted && i < x->compiled->column_count; i++) {
    wanted = la_type_has_process_result(x->compiled->columns[i].type);
  }
  if (!wanted) {
    return 0;
  }
  lua_getiuservalue(x->L, x->engine_index, LA_ENGINE_DIALECT);
  int64_t number = la_host_number(x->L, x->state, -1);
  lua_pop(x->L, 1);
  return number;
}

/* What reading does to each column, kept with the shape. */
static bool add_conversions(la_row_shape *shape, const la_execution *x, bool by_name) {
  const la_cursor *cursor = &x->result->cursor;
  size_t size = shape->count * sizeof(la_result_column) + 1;
  if (x->compiled == NULL) {
    return true;
  }
  shape->conversions = la_arena_alloc_zero(&shape->arena, size);
  for (uint32_t i = 0; shape->conversions != NULL && i < shape->count; i++) {
    const la_result_column *from =
        find_column(x->compiled, by_name, i, la_cursor_column_name(cursor, i));
    shape->conversions[i].plain = from == NULL || from->plain;
    shape->conversions[i].type = from ? from->type : NULL;
    shape->conversions[i].key = shape->columns[i].name;
  }
  return shape->conversions != NULL;
}

static la_row_shape *make_shape(la_execution *x, bool positional, bool by_name) {
  const la_cursor *cursor = &x->result->cursor;
  uint32_t count = cursor->column_count;
  la_compiled *compiled = x->compiled;
  int64_t dialect = find_dialect(x);
  la_shape_column *columns = la_alloc(&x->state->alloc, count * sizeof *columns);
  la_row_shape *shape = NULL;
  for (uint32_t i = 0; columns != NULL && i < count; i++) {
    la_text name = la_cursor_column_name(cursor, i);
    const la_result_column *from = find_column(compiled, by_name, i, name);
    describe_column(from, positional && from && from->key.bytes ? from->key : name, i, &columns[i]);
    columns[i].dialect = dialect;
  }
  /* The compiled statement keeps the shape, so the shape keeps only what its subjects live in:
   * types are asked by results, which hold the compiled statement. */
  if (columns != NULL) {
    shape =
        la_row_shape_new(&x->state->alloc, columns, count, compiled ? compiled->subjects : NULL);
  }
  la_free(&x->state->alloc, columns, count * sizeof *columns);
  if (shape != NULL && !add_conversions(shape, x, by_name)) {
    la_object_release(shape);
    shape = NULL;
  }
  return shape;
}

la_status la_execution_shape(la_execution *x, la_error *err) {
  la_result *result = x->result;
  la_compiled *compiled = x->compiled;
  const la_cursor *cursor = &result->cursor;
  bool by_name = compiled && goes_by_name(x, cursor);
  bool positional = compiled && !by_name && compiled->columns_positional &&
                    compiled->column_count == cursor->column_count;
  la_row_shape *shape = compiled ? (la_row_shape *)compiled->shape : NULL;
  if (!is_shape_for(shape, cursor, positional)) {
    shape = make_shape(x, positional, by_name);
    if (shape == NULL) {
      return la_fail_nomem(err);
    }
    if (compiled != NULL) {
      la_object_release(compiled->shape);
      compiled->shape = la_object_retain(shape);
    }
  } else {
    la_object_retain(shape);
  }
  result->box.object = shape;
  result->origin = la_object_retain(shape);
  return compiled ? la_row_shape_tell_apart(x->state, (la_row_shape **)&result->box.object,
                                            la_to_node(x->L, x->statement_index), err)
                  : LA_OK;
}

/* ---- stepping ---- */

static bool starts_with(la_text text, const char *word) {
  size_t at = 0, len = strlen(word);
  while (at < text.len && isspace((unsigned char)text.bytes[at])) {
    at++;
  }
  return text.len - at >= len &&
         la_text_equal_nocase((la_text){text.bytes + at, len}, la_text_of(word));
}

/* Statements that change rows have a count of them. */
static bool counts_rows(const la_execution *x, la_text text) {
  if (x->compiled != NULL && x->compiled->kind != LA_STATEMENT_TEXT) {
    la_statement_kind kind = x->compiled->kind;
    return kind == LA_STATEMENT_INSERT || kind == LA_STATEMENT_UPDATE ||
           kind == LA_STATEMENT_DELETE;
  }
  return starts_with(text, "INSERT") || starts_with(text, "UPDATE") ||
         starts_with(text, "DELETE") || starts_with(text, "REPLACE") || starts_with(text, "WITH");
}

static la_status read_rows(la_execution *x, la_error *err) {
  la_result *result = x->result;
  if (!result->returns_rows) {
    result->returns_rows = true;
    la_slab *slab = la_engine_slab(x->engine);
    if (slab == NULL) {
      return la_fail_nomem(err);
    }
    LA_TRY(la_execution_shape(x, err));
    LA_TRY(
        la_rows_init_in(&result->rows, slab, &x->state->alloc, result->cursor.column_count, err));
  }
  if (x->streams && !(x->compiled && x->compiled->fetches)) {
    result->streams = true;
    result->buffer = x->yield_per ? x->yield_per : STREAM_BUFFER;
    la_cursor_make_stream(&result->cursor);
    return LA_OK;
  }
  return la_rows_read(&result->rows, &result->cursor, result->origin->conversions, x->limit, err);
}

la_status la_execution_step(la_execution *x, la_text text, const la_value *values, uint32_t count,
                            lua_Integer set, la_error *err) {
  la_result *result = x->result;
  la_cursor *cursor = &result->cursor;
  bool same_text = x->compiled == NULL || !x->compiled->has_expanding;
  if (cursor->connection != NULL && set > 1 && same_text) {
    LA_TRY(la_cursor_rebind(cursor, values, count, err));
  } else {
    la_cursor_close(cursor);
    LA_TRY(la_cursor_open(cursor, x->connection, text, values, count, err));
  }
  if (cursor->column_count > 0) {
    LA_TRY(read_rows(x, err));
  } else {
    la_status status;
    do {
      status = la_cursor_step(cursor, err);
    } while (status == LA_ROW);
    LA_TRY(status);
  }
  if (counts_rows(x, text) && !x->streams) {
    const la_raw *raw = x->connection->raw;
    int64_t changes = raw->driver->is_read_only(cursor->prepared->statement)
                          ? -1
                          : raw->driver->changes(raw->handle);
    result->rowcount =
        changes < 0 ? changes : (set > 1 && result->rowcount > 0 ? result->rowcount : 0) + changes;
    result->lastrowid = raw->driver->last_insert_id(raw->handle);
  }
  return LA_OK;
}

/* ---- the first way ---- */

void la_execution_begin(la_execution *x) {
  lua_State *L = x->L;
  la_error err;
  la_error_init(&err);
  if (x->connection->in_transaction && x->connection->raw != NULL) {
    return;
  }
  if (!x->connection->in_transaction && x->connection->raw == NULL) {
    la_engine_reconnect(L, x->state, x->connection_index);
  }
  if (la_connection_autobegin(x->connection, &err) < 0) {
    la_raise_execution(L, x->engine, &err, LA_TEXT_NONE, 0, false);
  }
  if (x->engine_box->echo) {
    la_engine_log_transaction(L, x->state, x->connection_index,
                              la_connection_word(x->connection, LA_WORD_BEGIN));
  }
  if (la_engine_hears(x->L, x->state, x->connection_index, LA_EVENT_BEGIN)) {
    lua_pushvalue(L, x->connection_index);
    la_event_fire(L, x->state, LA_EVENT_BEGIN, x->connection_index, 1);
    lua_pop(L, 1);
  }
}

/* Closes the cursor, tells what was sent, and raises; `values` of one set, NULL for what the
 * program gave. */
static int fail(la_execution *x, const la_error *err, la_text text, const la_value *values,
                uint32_t count) {
  lua_State *L = x->L;
  int list = 0;
  bool many = x->many && x->iterator_index == 0;
  la_cursor_close(&x->result->cursor);
  if (values != NULL && x->sets == 1 && err->status != LA_NOMEM && err->status != LA_STATEMENT) {
    /* The engine's own la_params may be used by a finalizer meanwhile, so the text is saved first.
     */
    la_push_text(L, text);
    text.bytes = lua_tolstring(L, -1, &text.len);
    la_push_param_list(L, x->state, values, count);
    list = lua_gettop(L);
  } else if (x->kind != LA_PARAMS_NONE) {
    la_push_text(L, text);
    text.bytes = lua_tolstring(L, -1, &text.len);
    list = x->params_index;
  }
  return la_raise_execution(L, x->engine, err, text, list, many);
}

/* The values of one set. */
static void fill(la_execution *x, lua_Integer set, la_text *text) {
  la_error err = LA_ERROR_INIT;
  const la_key *key = &x->engine->key;
  const la_node *const *nodes =
      x->made != NULL ? x->made->nodes : (const la_node *const *)key->params.items;
  uint32_t count = x->made != NULL ? x->made->node_count : (uint32_t)key->params.count;
  if (la_execution_fill(x, set, nodes, count, text, &err) < 0) {
    x->params->gathers = false;
    fail(x, &err, *text, NULL, 0);
  }
}

/* Sends set number `set`, `count` values of the params from `first` on. */
static void send_filled(la_execution *x, la_text text, size_t first, uint32_t count,
                        lua_Integer set) {
  la_error err = LA_ERROR_INIT;
  const la_value *values = x->params->values.items + first;
  if (la_execution_step(x, text, values, count, set, &err) < 0) {
    fail(x, &err, text, values, count);
  }
}

/* Sends `count` sets behind the `sent` first ones; the values lie in the params, `width` a set. */
static void send_sets(la_execution *x, la_text text, uint32_t width, lua_Integer count,
                      lua_Integer sent) {
  la_error err = LA_ERROR_INIT;
  lua_Integer at = 0, together;
  if (sent == 0) {
    send_filled(x, text, 0, width, ++at);
  }
  if (la_execution_send_together(x, x->params->values.items + (size_t)at * width, count - at,
                                 &together, &err) < 0) {
    fail(x, &err, text, NULL, 0);
  }
  for (at += together; at < count; at++) {
    send_filled(x, text, (size_t)at * width, width, sent + at + 1);
  }
}

/* Many sets: a value that cannot be sent is told of before any set is sent. */
static void run_gathered(la_execution *x) {
  la_text text = x->compiled->text;
  la_params *params = x->params;
  for (lua_Integer set = 1; set <= x->sets; set++) {
    params->gathers = set > 1;
    fill(x, set, &text);
  }
  send_sets(x, text, x->compiled->param_count, x->sets, 0);
  params->gathers = false;
  la_params_shrink(params);
}

/* Pushes a scratch for values that are made beside Lua calls. */
static void push_made(la_execution *x) {
  x->made = la_push_made(x->L, x->state, x);
  if (x->engine->key.round != x->round) {
    /* The scratch was made beside a finalizer that used the engine: its parameters are another's.
     */
    la_execution_compile(x, la_to_node(x->L, x->statement_index));
    la_made_take_nodes(x);
  }
}

/* Reads the set at hand and some that follow into the params, bytes and all; `*more_out`: there is
 * another at hand then. Gives how many. Texts that are expanded differ from set to set. */
static lua_Integer gather_drawn(la_execution *x, lua_Integer sent, la_text *text, bool *more_out) {
  la_error err = LA_ERROR_INIT;
  la_params *params = x->params;
  lua_Integer most = x->compiled->has_expanding ? 1 : SETS_AT_ONCE, count = 0;
  size_t bytes = 0;
  bool more = true;
  for (params->gathers = false; more && count < most && bytes < BYTES_AT_ONCE; count++) {
    size_t first = params->gathers ? params->values.count : 0;
    fill(x, sent + count + 1, text);
    if (la_params_own(params, first, &bytes, &err) < 0) {
      fail(x, &err, *text, NULL, 0);
    }
    more = la_execution_draw(x);
    params->gathers = true;
  }
  *more_out = more;
  return count;
}

/* A function gives the sets: some are read, and sent before the next are asked for. */
static void run_drawn(la_execution *x) {
  la_text text = x->compiled->text;
  lua_Integer sent = 0;
  push_made(x);
  x->params = &x->made->params;
  x->streams = false;
  for (bool more = true; more;) {
    lua_Integer count = gather_drawn(x, sent, &text, &more);
    uint32_t width = (uint32_t)(x->params->values.count / (size_t)count);
    la_connection_check_guard(x->L, x->connection_index);
    la_execution_begin(x);
    send_sets(x, text, width, count, sent);
    sent += count;
  }
  la_cursor_close(&x->result->cursor);
}

static void run_in_c(la_execution *x) {
  la_text text = x->compiled->text;
  x->params = &x->engine_box->params;
  x->params->gathers = false;
  if (x->sets > 1 && !x->compiled->has_expanding) {
    run_gathered(x);
  } else {
    for (lua_Integer set = 1; set <= x->sets; set++) {
      fill(x, set, &text);
      send_filled(x, text, 0, (uint32_t)x->params->values.count, set);
    }
  }
  if (!x->streams) {
    la_cursor_close(&x->result->cursor);
  }
}

void la_execution_run(la_execution *x) {
  x->engine->trace.on = false; /* what is executed here is told here */
  static const la_event heard[] = {LA_EVENT_BEFORE_CURSOR_EXECUTE, LA_EVENT_AFTER_CURSOR_EXECUTE,
                                   LA_EVENT_HANDLE_ERROR};
  const la_node *statement = la_to_node(x->L, x->statement_index);
  /* Functions of the program may execute statements of the same engine: then nothing of it is
   * shared. */
  bool by_lua = x->engine->root->extensions.count > 0 || x->engine_box->echo ||
                la_execution_needs_lua(x->compiled);
  for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
    by_lua |= la_engine_hears(x->L, x->state, x->connection_index, heard[i]);
  }
  if (by_lua && x->iterator_index != 0) {
    la_execution_collect(x);
  }
  la_execution_begin(x);
  if (by_lua || x->kind != LA_PARAMS_NONE) {
    la_execution_push_names(x);
  }
  if (x->engine->key.round != x->round) {
    la_execution_compile(x, statement); /* a finalizer has used the engine */
  }
  if (by_lua) {
    la_execution_run_by_lua(x);
    return;
  }
  if (x->iterator_index != 0) {
    run_drawn(x);
  } else {
    run_in_c(x);
  }
  la_execution_keep_key(x, x->params);
}

/* ---- the second way ---- */

/* What listeners of the cursor are told; `text` and `list` are stack indexes. */
static bool fire(la_execution *x, la_event event, int text, int list) {
  la_told told = {.source = x->connection_index,
                  .text = text,
                  .list = list,
                  .context = x->context_index,
                  .statement = x->statement_index,
                  .options = x->options_index,
                  .seconds = -1,
                  .many = x->many};
  return la_fire_cursor(x->L, x->state, event, &told);
}

static int fail_by_lua(la_execution *x, const la_error *err, int text, int list) {
  lua_State *L = x->L;
  la_text sent = {NULL, 0};
  la_cursor_close(&x->result->cursor);
  sent.bytes = lua_tolstring(L, text, &sent.len);
  la_push_execution_error(L, x->engine, err, sent, list, x->many);
  return la_execution_raise(x, text, list);
}

/* Lua has one kind of string: what goes into a binary column is a blob. */
static void restore_blob(const la_compiled *compiled, size_t count, size_t i, la_value *value) {
  if (value->kind == LA_VALUE_TEXT && compiled != NULL && count == compiled->param_count) {
    const la_type *type = compiled->params[i].type;
    if (type != NULL && type->affinity == LA_AFFINITY_BLOB) {
      value->kind = LA_VALUE_BLOB;
    }
  }
}

/* Values out of the list at `list`, which a listener may have changed, into the arena. */
static la_status read_sent(la_execution *x, int list, la_value **values_out, uint32_t *count_out,
                           la_error *err) {
  lua_State *L = x->L;
  size_t count = lua_istable(L, list) ? lua_rawlen(L, list) : 0;
  la_value *values = la_arena_alloc_zero(&x->made->arena, count * sizeof *values + 1);
  if (values == NULL) {
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    la_status status = la_execution_read_plain(x, lua_gettop(L), &values[i], err);
    lua_pop(L, 1);
    LA_TRY(status);
    restore_blob(x->compiled, count, i, &values[i]);
  }
  *values_out = values;
  *count_out = (uint32_t)count;
  return LA_OK;
}

/* Makes the values of all sets first: stack from `text` on: text, list of parameters (of lists, for
 * many). */
static void make_all(la_execution *x, int text, int list) {
  lua_State *L = x->L;
  la_error err;
  la_error_init(&err);
  la_text sent = x->compiled->text;
  for (lua_Integer set = 1; set <= x->sets; set++) {
    int top = lua_gettop(L);
    if (la_execution_make(x, set, &sent, &err) < 0) {
      la_push_text(L, x->compiled->text);
      lua_replace(L, text);
      fail_by_lua(x, &err, text, x->kind != LA_PARAMS_NONE ? x->params_index : 0);
    }
    la_push_param_list(L, x->state, x->made->params.values.items, x->made->params.values.count);
    if (x->many) {
      lua_rawseti(L, list, set);
    } else {
      lua_replace(L, list);
    }
    la_push_text(L, sent);
    lua_replace(L, text);
    lua_settop(L, top + (x->many ? 0 : 1)); /* one set's values keep their bytes for the binding */
  }
}

/* Values come from the list where a listener may have changed it, and where there are many sets. */
static bool send_from_list(const la_execution *x) {
  return x->compiled == NULL || x->sets > 1 || x->list_counts;
}

static la_status send(la_execution *x, la_text sent, int list, lua_Integer set, la_error *err) {
  lua_State *L = x->L;
  la_value *values = x->made->params.values.items;
  uint32_t count = (uint32_t)x->made->params.values.count;
  int top = lua_gettop(L);
  if (send_from_list(x)) {
    if (x->many) {
      lua_rawgeti(L, list, set);
      list = lua_gettop(L);
    }
    LA_TRY(read_sent(x, list, &values, &count, err));
  }
  la_status status = la_execution_step(x, sent, values, count, set, err);
  lua_settop(L, top);
  return status;
}

void la_execution_send(la_execution *x, int text, int list) {
  lua_State *L = x->L;
  la_error err;
  la_error_init(&err);
  la_text sent;
  la_status status = LA_OK;
  lua_pushnil(L);
  x->context_index = lua_gettop(L);
  x->list_counts |= fire(x, LA_EVENT_BEFORE_CURSOR_EXECUTE, text, list);
  sent.bytes = luaL_checklstring(L, text, &sent.len);
  la_origin origin = la_origin_take(x->compiled);
  origin.kind = x->no_key ? LA_ORIGIN_NO_KEY : origin.kind;
  double started = la_now();
  for (lua_Integer set = 1; set <= x->sets && status >= 0; set++) {
    status = send(x, sent, list, set, &err);
  }
  if (status < 0 || !x->streams) {
    la_cursor_close(&x->result->cursor);
  }
  if (x->engine_box->echo) { /* what has failed as well */
    la_engine_log(L, x->state, x->connection_index, sent.bytes, list, la_now() - started, origin,
                  x->many);
    la_engine_log_rows(L, x->state, x->engine, x->connection_index);
  }
  if (status < 0) {
    fail_by_lua(x, &err, text, list);
  }
  fire(x, LA_EVENT_AFTER_CURSOR_EXECUTE, text, list);
}

void la_execution_run_by_lua(la_execution *x) {
  lua_State *L = x->L;
  push_made(x);
  lua_pushnil(L);
  int text = lua_gettop(L), list = text + 1;
  la_push_list(L, x->state, 0);
  make_all(x, text, list);
  la_execution_send(x, text, list);
  la_execution_keep_key(x, x->sets == 1 ? &x->made->params : NULL);
}
