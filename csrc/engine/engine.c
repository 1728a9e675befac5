/* SPDX-License-Identifier: MIT */
#include "engine/pool.h"

#define STATEMENT_CACHE_SIZE 128

/* Which drivers a dialect has; the first is its own choice. */
static const struct {
  const char *dialect;
  const char *name;
  const la_driver *driver;
} drivers[] = {
    {"sqlite", "sqlite3", &la_driver_sqlite3},
    {"sqlite", "pysqlite", &la_driver_sqlite3}, /* as SQLAlchemy names it, for its URLs */
};

static const la_driver *find_driver(const la_url *url, la_error *err) {
  bool known = false;
  for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
    if (la_text_is(url->dialect, drivers[i].dialect)) {
      known = true;
      if (url->driver.bytes == NULL || la_text_is(url->driver, drivers[i].name)) {
        return drivers[i].driver;
      }
    }
  }
  if (known) {
    la_fail(err, LA_NO_SUCH_MODULE, "no driver \"%.*s\" for the dialect \"%.*s\"",
            LA_TEXT_FORMAT(url->driver), LA_TEXT_FORMAT(url->dialect));
  } else {
    la_fail(err, LA_NO_SUCH_MODULE, "no dialect \"%.*s\": there is sqlite",
            LA_TEXT_FORMAT(url->dialect));
  }
  return NULL;
}

static size_t extension_size(const la_extension *extension) {
  return sizeof *extension + extension->name.len + extension->entry.len + 2;
}

static void free_extension(la_allocator *alloc, la_extension *extension) {
  la_free(alloc, extension, extension_size(extension));
}

static void engine_destroy(la_object *object) {
  la_engine *engine = (la_engine *)object;
  la_engine *root = engine->root;
  if (root == engine) {
    la_pool_free(engine->pool);
  }
  la_cache_clear(&engine->cache);
  la_object_release(engine->flush_work);
  la_object_release(engine->session_work);
  la_key_clear(&engine->key);
  la_strbuf_clear(&engine->salt);
  la_trace_clear(&engine->trace);
  la_object_release((la_object *)engine->slab);
  for (size_t i = 0; i < engine->extensions.count; i++) {
    free_extension(engine->alloc, engine->extensions.items[i]);
  }
  la_vec_clear(engine->alloc, &engine->extensions);
  la_vec_clear(engine->alloc, &engine->closed);
  la_free(engine->alloc, (void *)engine->schemas.bytes, engine->schemas.len);
  if (root == engine) {
    la_url_clear(&engine->url);
  }
  la_free(engine->alloc, engine, sizeof *engine);
  if (root != engine) {
    la_object_release(root);
  }
}

static const la_object_class engine_class = {.name = "engine", .destroy = engine_destroy};

static la_status copy_text(la_engine *engine, la_text *text, la_error *err) {
  if (text->bytes != NULL) {
    text->bytes = la_arena_copy(&engine->url.arena, text->bytes, text->len);
    return text->bytes ? LA_OK : la_fail_nomem(err);
  }
  return LA_OK;
}

static la_status choose_driver(la_engine *engine, la_error *err) {
  engine->driver = engine->options.driver;
  if (engine->driver == NULL) {
    engine->driver = find_driver(&engine->url, err);
    if (engine->driver == NULL) {
      return err ? err->status : LA_NO_SUCH_MODULE;
    }
  }
  engine->dialect = la_dialect_find(engine->url.dialect);
  return engine->dialect ? LA_OK
                         : la_fail(err, LA_NO_SUCH_MODULE, "no dialect \"%.*s\"",
                                   LA_TEXT_FORMAT(engine->url.dialect));
}

/* The URL may ask for what the options leave as it was. */
static la_status apply_url(la_engine *engine, la_error *err) {
  la_engine_options *options = &engine->options;
  la_driver_options asked = {.url = &engine->url,
                             .begin_mode = options->begin_mode,
                             .busy_timeout = options->busy_timeout,
                             .statement_cache_size = STATEMENT_CACHE_SIZE,
                             .host_handle = options->host_handle};
  LA_TRY(engine->driver->read_url(&engine->url, &asked, &engine->memory, err));
  options->begin_mode = asked.begin_mode;
  options->busy_timeout = asked.busy_timeout;
  engine->statement_cache_size = asked.statement_cache_size;
  return LA_OK;
}

static la_status fill(la_engine *engine, la_error *err) {
  la_engine_options *options = &engine->options;
  bool one = engine->options.host_handle != NULL && options->driver == NULL;
  LA_TRY(la_url_parse(&engine->url, engine->alloc, options->url, err));
  LA_TRY(copy_text(engine, &options->url, err));
  LA_TRY(copy_text(engine, &options->journal_mode, err));
  LA_TRY(choose_driver(engine, err));
  LA_TRY(apply_url(engine, err));
  if (options->pool_kind < 0) {
    options->pool_kind = engine->memory || one ? LA_POOL_STATIC : LA_POOL_QUEUE;
  }
  la_cache_init(&engine->cache, engine->alloc, options->query_cache_size);
  return la_pool_new(engine, (la_pool_kind)options->pool_kind, &engine->pool, err);
}

static la_engine *new_engine(const la_sql *sql) {
  la_engine *engine = la_alloc_zero(sql->alloc, sizeof *engine);
  if (engine != NULL) {
    la_object_init(&engine->object, &engine_class);
    engine->root = engine;
    engine->alloc = sql->alloc;
    engine->sql = *sql;
    la_arena_init(&engine->url.arena, sql->alloc);
    la_cache_init(&engine->cache, sql->alloc, 0);
    la_trace_init(&engine->trace, sql->alloc);
    la_key_init(&engine->key, sql->alloc);
    la_strbuf_init(&engine->salt, sql->alloc);
  }
  return engine;
}

la_status la_engine_share(la_engine *engine, la_engine **out, la_error *err) {
  la_engine *shared = new_engine(&engine->sql);
  if (shared == NULL) {
    return la_fail_nomem(err);
  }
  shared->root = la_object_retain(engine->root);
  shared->url = engine->url;
  shared->dialect = engine->dialect;
  shared->driver = engine->driver;
  shared->options = engine->options;
  shared->pool = engine->pool;
  shared->memory = engine->memory;
  shared->statement_cache_size = engine->statement_cache_size;
  *out = shared;
  return LA_OK;
}

la_status la_engine_new(const la_sql *sql, const la_engine_options *options, la_engine **out,
                        la_error *err) {
  la_engine *engine = new_engine(sql);
  la_status status;
  if (engine == NULL) {
    return la_fail_nomem(err);
  }
  engine->options = *options;
  status = fill(engine, err);
  if (status < 0) {
    la_object_release(engine);
    return status;
  }
  *out = engine;
  return LA_OK;
}

la_slab *la_engine_slab(la_engine *engine) {
  if (engine->slab == NULL) {
    engine->slab = la_slab_new(engine->alloc);
  }
  return engine->slab;
}

la_status la_engine_extend(la_engine *engine, const la_extension *extension, la_error *err) {
  la_extension *copy = NULL;
  engine = engine->root;
  if (engine->driver->extend == NULL) {
    return la_fail(err, LA_NOT_SUPPORTED, "the driver \"%s\" has no functions of the program",
                   engine->driver->name);
  }
  copy = la_alloc_zero(engine->alloc, extension_size(extension));
  if (copy == NULL || !la_vec_push(engine->alloc, &engine->extensions, copy)) {
    if (copy != NULL) {
      la_free(engine->alloc, copy, extension_size(extension));
    }
    return la_fail_nomem(err);
  }
  *copy = *extension;
  char *name = (char *)(copy + 1), *entry = name + extension->name.len + 1;
  memcpy(name, extension->name.bytes, extension->name.len);
  copy->name.bytes = name;
  if (extension->entry.bytes != NULL) {
    memcpy(entry, extension->entry.bytes, extension->entry.len);
    copy->entry.bytes = entry;
  }
  return LA_OK;
}

void la_engine_forget_extension(la_engine *engine) {
  engine = engine->root;
  if (engine->extensions.count > 0) {
    free_extension(engine->alloc, engine->extensions.items[--engine->extensions.count]);
  }
}

void la_engine_dispose(la_engine *engine) {
  la_pool_dispose(engine->pool);
}

/* What else decides the text: the map of schemas, the mode, and the names of the columns that
 * execution gives. */
static la_status build_salt(la_engine *engine, const la_text *keys, uint32_t count,
                            bool executemany, la_error *err) {
  la_strbuf *salt = &engine->salt;
  la_strbuf_reset(salt);
  if (engine->schema_translate.len > 0) {
    la_strbuf_char(salt, 't');
    la_strbuf_bytes(salt, &engine->schema_translate.len, sizeof engine->schema_translate.len);
    la_strbuf_text(salt, engine->schema_translate);
  }
  la_strbuf_char(salt, executemany ? 'm' : '1');
  la_strbuf_char(salt, keys ? 'k' : 'n');
  for (uint32_t i = 0; i < count; i++) {
    la_strbuf_bytes(salt, &keys[i].len, sizeof keys[i].len);
    la_strbuf_text(salt, keys[i]);
  }
  return la_strbuf_status(salt, err);
}

static bool has_param(const la_compiled *compiled, la_text name) {
  for (uint32_t i = 0; i < compiled->param_count; i++) {
    if (la_text_equal(compiled->params[i].name, name)) {
      return true;
    }
  }
  return false;
}

/* Every key that execution gives must stand for a parameter, or for a column that the statement
 * sets by an expression, which goes before: another one is a column that is not there, or one that
 * no row gives, since the rows are a SELECT's. */
static la_status check_keys(const la_compiled *compiled, const la_node *statement,
                            const la_text *keys, uint32_t count, la_error *err) {
  bool is_from_select =
      statement->kind == LA_NODE_INSERT && la_node_child(statement, LA_INSERT_SELECT) != NULL;
  for (uint32_t i = 0; i < count; i++) {
    bool is_set =
        compiled->table && !is_from_select && la_table_column(compiled->table, keys[i]) != NULL;
    if (!is_set && !has_param(compiled, keys[i])) {
      return la_fail(err, LA_COMPILE, "Unconsumed column names: %.*s", LA_TEXT_FORMAT(keys[i]));
    }
  }
  return LA_OK;
}

static la_status compile(la_engine *engine, const la_node *statement, const la_text *keys,
                         uint32_t count, bool executemany, la_compiled **out, la_error *err) {
  la_compile_options options = {.column_keys = keys,
                                .column_key_count = count,
                                .for_executemany = executemany,
                                .lint_froms = engine->options.lint_froms,
                                .label_length = engine->options.label_length,
                                .schema_translate = engine->schema_translate,
                                .params = engine->key.params.items,
                                .param_count = (uint32_t)engine->key.params.count};
  la_status status;
  LA_TRY(la_compile(&engine->sql, engine->dialect, statement, &options, out, err));
  status = check_keys(*out, statement, keys, count, err);
  if (status == LA_OK) {
    status = la_key_subjects(engine->alloc, statement, &(*out)->subjects, err);
  }
  if (status < 0) {
    la_object_release(*out);
    *out = NULL;
  }
  return status;
}

la_status la_engine_check_unhooked(const la_engine *engine, la_error *err) {
  return engine->root->hooked == 0
             ? LA_OK
             : la_fail(err, LA_INVALID_REQUEST,
                       "a hook of the database can't execute statements of its engine: it is "
                       "called in the middle of one");
}

la_status la_engine_compile(la_engine *engine, const la_node *statement, const la_text *column_keys,
                            uint32_t column_key_count, bool for_executemany, la_compiled **out,
                            bool *cached_out, la_error *err) {
  la_key *key = &engine->key;
  la_cache *cache = &engine->root->cache;
  la_object *found = NULL;
  bool plain = column_keys == NULL && !for_executemany && engine->schema_translate.len == 0;
  LA_TRY(la_engine_check_unhooked(engine, err));
  if (plain && (found = la_cache_recognize(cache, statement, LA_CACHE_CORE, key)) != NULL) {
    *cached_out = true;
    *out = la_object_retain(found);
    return LA_OK;
  }
  LA_TRY(build_salt(engine, column_keys, column_key_count, for_executemany, err));
  LA_TRY(la_key_build(key, statement, la_strbuf_view(&engine->salt), err));
  if (key->cacheable) {
    found = la_cache_get(cache, la_strbuf_view(&key->bytes), key->hash);
  }
  if (found != NULL && plain) {
    la_cache_learn(cache, statement, LA_CACHE_CORE);
  }
  *cached_out = found != NULL;
  if (found != NULL) {
    *out = la_object_retain(found);
    return LA_OK;
  }
  LA_TRY(compile(engine, statement, column_keys, column_key_count, for_executemany, out, err));
  if (key->cacheable) {
    la_cache_put(cache, la_strbuf_view(&key->bytes), key->hash, &(*out)->object);
  }
  return LA_OK;
}
