/* SPDX-License-Identifier: MIT */
/*
 * A raw connection: its prepared statements, and its one transaction.
 */
#include "engine/backup.h"
#include "engine/cursor.h"

#include "base/clock.h"

/* A program that opens a database is about to fill memory with what it stores and reads. */
#define AHEAD ((size_t)30 * 1024 * 1024)

/* ---- life ---- */

static void raw_destroy(la_object *object) {
  la_raw *raw = (la_raw *)object;
  la_raw_close(raw);
  la_free(raw->alloc, raw, sizeof *raw);
}

static const la_object_class raw_class = {.name = "raw connection", .destroy = raw_destroy};

la_status la_raw_open(la_engine *engine, la_raw **out, la_error *err) {
  la_raw *raw = la_alloc_zero(engine->alloc, sizeof *raw);
  la_driver_options options = {.url = &engine->url,
                               .foreign_keys = engine->options.foreign_keys,
                               .busy_timeout = engine->options.busy_timeout,
                               .journal_mode = engine->options.journal_mode,
                               .host_handle = engine->options.host_handle,
                               .no_mutex = true};
  la_status status;
  if (raw == NULL) {
    return la_fail_nomem(err);
  }
  la_object_init(&raw->object, &raw_class);
  raw->alloc = engine->alloc;
  raw->driver = engine->driver;
  raw->statement_limit = engine->statement_cache_size;
  raw->is_host = engine->options.host_handle != NULL;
  raw->opened_at = la_now();
  raw->serial = ++engine->root->raw_serial;
  status = engine->driver->open(engine->alloc, &options, &raw->handle, err);
  if (status < 0) {
    la_object_release(raw);
    return status;
  }
  if (raw->serial == 1) {
    la_alloc_ahead(engine->alloc, AHEAD);
  }
  *out = raw;
  return LA_OK;
}

static void free_prepared(la_raw *raw, la_prepared *prepared) {
  raw->driver->finalize(prepared->statement);
  la_free(raw->alloc, prepared, sizeof *prepared + prepared->text.len);
}

static void unlink_prepared(la_raw *raw, la_prepared *prepared) {
  *(prepared->newer ? &prepared->newer->older : &raw->newest) = prepared->older;
  *(prepared->older ? &prepared->older->newer : &raw->oldest) = prepared->newer;
}

static void link_prepared(la_raw *raw, la_prepared *prepared) {
  prepared->newer = NULL;
  prepared->older = raw->newest;
  *(raw->newest ? &raw->newest->newer : &raw->oldest) = prepared;
  raw->newest = prepared;
}

/* Out of the cache; freed now, or when whoever steps it gives it back. */
static void drop_prepared(la_raw *raw, la_prepared *prepared) {
  unlink_prepared(raw, prepared);
  la_map_remove(&raw->statements, prepared->text);
  prepared->doomed = true;
  if (!prepared->busy) {
    free_prepared(raw, prepared);
  }
}

void la_raw_close_cursors(la_raw *raw) {
  la_connection *connection = raw->inside == 0 ? raw->connections : NULL;
  while (connection != NULL) {
    la_connection *next = connection->next;
    if (connection->cursors != NULL || connection->blobs != NULL) {
      la_object_retain(connection); /* they may be all that holds it */
      la_connection_close_cursors(connection);
      next = connection->next;
      la_object_release(connection);
    }
    connection = next;
  }
}

la_status la_raw_check_outside(const la_raw *raw, la_error *err) {
  return raw == NULL || raw->inside == 0
             ? LA_OK
             : la_fail(err, LA_INVALID_REQUEST,
                       "a function that a statement has called can't end the transaction of its "
                       "connection or close it");
}

la_status la_raw_check_usable(const la_raw *raw, la_error *err) {
  if (raw->handle == NULL) {
    return la_fail(err, LA_RESOURCE_CLOSED, "the database connection is closed");
  }
  return raw->refusal ? la_fail(err, LA_INVALID_REQUEST, "%s", raw->refusal) : LA_OK;
}

void la_raw_note_close(const la_raw *raw, la_engine *engine) {
  if (raw->handle != NULL && raw->announced) {
    la_closed closed = {raw->serial, raw->detached};
    (void)la_vec_push(engine->alloc, &engine->root->closed,
                      closed); /* without memory nobody is told */
  }
}

static void reset_given(la_raw *raw);

/* A host's connection goes on: it must not call what is gone. */
static void withdraw(la_raw *raw) {
  for (la_extension_use *use = raw->uses; use != NULL; use = use->next) {
    la_extension none = *use->extension;
    la_extension_use gone = {.extension = &none};
    la_error ignored = LA_ERROR_INIT;
    none.callback = NULL;
    if (none.kind != LA_EXTENSION_LOAD) { /* a library stays */
      (void)raw->driver->extend(raw->handle, &gone, &ignored);
    }
  }
}

void la_raw_close(la_raw *raw) {
  if (raw->handle == NULL) {
    return;
  }
  if (raw->inside > 0) {
    raw->invalid = true;
    return;
  }
  if (raw->incoming != NULL) {
    la_backup_abandon(raw->incoming);
  }
  la_raw_close_cursors(raw);
  reset_given(raw);
  while (raw->newest != NULL) {
    drop_prepared(raw, raw->newest);
  }
  for (int word = 0; word < LA_RAW_WORDS; word++) {
    if (raw->words[word] != NULL) {
      free_prepared(raw, raw->words[word]);
      raw->words[word] = NULL;
    }
  }
  la_map_clear(&raw->statements, raw->alloc);
  if (raw->is_host) {
    withdraw(raw);
  }
  raw->driver->close(raw->handle);
  raw->handle = NULL;
  while (raw->uses != NULL) {
    la_extension_use *next = raw->uses->next;
    la_free(raw->alloc, raw->uses, sizeof *raw->uses);
    raw->uses = next;
  }
  raw->transaction = false;
  raw->transaction_serial++;
}

/* ---- extensions ---- */

static la_status call_extension(la_extension_use *use, la_callback_call *call) {
  la_raw *raw = use->owner;
  la_engine *engine = raw->engine;
  const la_extension *extension = use->extension;
  bool is_hook = extension->kind >= LA_EXTENSION_FIRST_HOOK;
  const char *outer = raw->refusal;
  raw->inside++;
  if (is_hook) {
    raw->refusal = "a hook of the database can't use the connection that has called it";
  }
  if (engine != NULL) { /* NULL while the pool asks whether the connection lives */
    engine->root->hooked += is_hook;
  }
  la_status status = extension->callback(extension->context, extension->number, call);
  if (engine != NULL) {
    engine->root->hooked -= is_hook;
  }
  raw->refusal = outer;
  raw->inside--;
  return status;
}

/* Takes over what the engine was given since the last time. */
static la_status extend(la_raw *raw, la_error *err) {
  while (raw->extended < raw->engine->root->extensions.count) {
    la_extension_use *use = la_alloc_zero(raw->alloc, sizeof *use);
    if (use == NULL) {
      return la_fail_nomem(err);
    }
    *use = (la_extension_use){.extension = raw->engine->root->extensions.items[raw->extended],
                              .call = call_extension,
                              .owner = raw,
                              .next = raw->uses};
    raw->uses = use;
    la_status status = raw->driver->extend(raw->handle, use, err);
    if (status < 0) {
      raw->uses = use->next;
      la_free(raw->alloc, use, sizeof *use);
      return status;
    }
    raw->extended++;
  }
  return LA_OK;
}

/* ---- prepared statements ---- */

static la_prepared *find_prepared(la_raw *raw, la_text text) {
  /* A program that repeats one statement pays for one comparison. */
  if (raw->newest != NULL && la_text_equal(raw->newest->text, text)) {
    return raw->newest;
  }
  return la_map_get(&raw->statements, text);
}

static la_status make_prepared(la_raw *raw, la_text text, la_prepared **out, la_error *err) {
  la_prepared *prepared = la_alloc(raw->alloc, sizeof *prepared + text.len);
  la_status status;
  if (prepared == NULL) {
    return la_fail_nomem(err);
  }
  *prepared = (la_prepared){.text = {(char *)(prepared + 1), text.len}, .busy = true};
  memcpy(prepared + 1, text.bytes ? text.bytes : "", text.len);
  status = raw->driver->prepare(raw->handle, prepared->text, &prepared->statement, err);
  if (status < 0) {
    la_free(raw->alloc, prepared, sizeof *prepared + text.len);
    return status;
  }
  prepared->column_count = raw->driver->column_count(prepared->statement);
  prepared->param_count = raw->driver->param_count(prepared->statement);
  if (raw->engine != NULL) {
    raw->engine->prepares++;
  }
  *out = prepared;
  return LA_OK;
}

/* Keeps a new statement; without memory for that it serves once. */
static void keep_prepared(la_raw *raw, la_prepared *prepared) {
  la_prepared *oldest = raw->oldest;
  while (raw->statements.count >= raw->statement_limit && oldest != NULL) {
    la_prepared *next = oldest->newer;
    if (!oldest->busy) {
      drop_prepared(raw, oldest);
    }
    oldest = next;
  }
  if (raw->statements.count >= raw->statement_limit ||
      !la_map_set(&raw->statements, raw->alloc, prepared->text, prepared)) {
    prepared->doomed = true;
    return;
  }
  link_prepared(raw, prepared);
}

/* Ready for a statement. */
static inline la_status check_ready(la_raw *raw, la_error *err) {
  if (raw->handle == NULL || raw->refusal != NULL) {
    return la_raw_check_usable(raw, err);
  }
  return raw->engine != NULL && raw->extended < raw->engine->root->extensions.count
             ? extend(raw, err)
             : LA_OK;
}

la_status la_raw_prepare(la_raw *raw, la_text text, la_prepared **out, la_error *err) {
  la_prepared *prepared = find_prepared(raw, text);
  LA_TRY(check_ready(raw, err));
  if (prepared == NULL) {
    LA_TRY(make_prepared(raw, text, out, err));
    keep_prepared(raw, *out);
    return LA_OK;
  }
  if (prepared->busy) {
    /* Someone reads from it: a second one for this use alone. */
    LA_TRY(make_prepared(raw, text, out, err));
    (*out)->doomed = true;
    return LA_OK;
  }
  if (prepared != raw->newest) {
    unlink_prepared(raw, prepared);
    link_prepared(raw, prepared);
  }
  prepared->busy = true;
  *out = prepared;
  return LA_OK;
}

static void give(la_raw *raw, la_prepared *prepared) {
  if (prepared->doomed) {
    free_prepared(raw, prepared);
    return;
  }
  raw->driver->reset(prepared->statement);
  prepared->busy = false;
}

static void reset_given(la_raw *raw) {
  while (raw->given != NULL) {
    la_prepared *prepared = raw->given;
    raw->given = prepared->next_given;
    give(raw, prepared);
  }
}

void la_raw_give(la_raw *raw, la_prepared *prepared) {
  if (raw->refusal != NULL) {
    prepared->next_given = raw->given;
    raw->given = prepared;
    return;
  }
  give(raw, prepared);
  if (raw->given != NULL && raw->inside == 0) {
    reset_given(raw);
  }
}

/* Steps `prepared` to its end and gives it back. */
static la_status run(la_raw *raw, la_prepared *prepared, la_error *err) {
  la_status status;
  do {
    status = raw->driver->step(prepared->statement, err);
  } while (status == LA_ROW);
  la_raw_give(raw, prepared);
  if (raw->engine != NULL) {
    raw->engine->statements++;
  }
  return status < 0 ? status : LA_OK;
}

la_status la_raw_execute(la_raw *raw, la_text text, la_error *err) {
  la_prepared *prepared = NULL;
  LA_TRY(la_raw_prepare(raw, text, &prepared, err));
  return run(raw, prepared, err);
}

/* ---- the transaction ---- */

static la_status execute_word(la_raw *raw, la_raw_word word, la_error *err) {
  static const la_text texts[LA_RAW_WORDS] = {
      [LA_RAW_BEGIN] = {"BEGIN", 5},
      [LA_RAW_BEGIN_IMMEDIATE] = {"BEGIN IMMEDIATE", 15},
      [LA_RAW_BEGIN_EXCLUSIVE] = {"BEGIN EXCLUSIVE", 15},
      [LA_RAW_COMMIT] = {"COMMIT", 6},
      [LA_RAW_ROLLBACK] = {"ROLLBACK", 8},
  };
  la_prepared **prepared = &raw->words[word];
  if (*prepared != NULL && (*prepared)->busy) {
    return la_raw_execute(raw, texts[word], err);
  }
  LA_TRY(check_ready(raw, err));
  if (*prepared == NULL) {
    LA_TRY(make_prepared(raw, texts[word], prepared, err));
  }
  (*prepared)->busy = true;
  return run(raw, *prepared, err);
}

#define HOST_SAVEPOINT "lualchemy_transaction"

la_status la_raw_begin(la_raw *raw, la_begin_mode mode, la_error *err) {
  static const la_raw_word words[] = {
      [LA_BEGIN_DEFERRED] = LA_RAW_BEGIN,
      [LA_BEGIN_IMMEDIATE] = LA_RAW_BEGIN_IMMEDIATE,
      [LA_BEGIN_EXCLUSIVE] = LA_RAW_BEGIN_EXCLUSIVE,
  };
  bool inside;
  if (raw->handle == NULL) {
    return la_fail(err, LA_RESOURCE_CLOSED, "the database connection is closed");
  }
  inside = raw->is_host && raw->driver->in_transaction(raw->handle);
  LA_TRY(inside ? la_raw_execute(raw, LA_TEXT_LITERAL("SAVEPOINT " HOST_SAVEPOINT), err)
                : execute_word(raw, words[mode], err));
  raw->host_transaction = inside;
  raw->transaction = true;
  raw->transaction_serial++;
  raw->savepoint_serial = 0;
  return LA_OK;
}

static la_status end_host_transaction(la_raw *raw, bool commit, la_error *err) {
  if (!commit) {
    LA_TRY(la_raw_execute(raw, LA_TEXT_LITERAL("ROLLBACK TO " HOST_SAVEPOINT), err));
  }
  return la_raw_execute(raw, LA_TEXT_LITERAL("RELEASE " HOST_SAVEPOINT), err);
}

la_status la_raw_end(la_raw *raw, bool commit, la_error *err) {
  la_status status;
  LA_TRY(la_raw_check_outside(raw, err));
  la_raw_close_cursors(raw);
  if (raw->host_transaction) {
    status = end_host_transaction(raw, commit, err);
  } else {
    status = execute_word(raw, commit ? LA_RAW_COMMIT : LA_RAW_ROLLBACK, err);
  }
  if (status < 0 && commit && raw->driver->in_transaction(raw->handle)) {
    return status; /* busy, or a deferred constraint: it can be tried again or rolled back */
  }
  raw->invalid |= status < 0 && !commit && raw->driver->in_transaction(raw->handle);
  raw->transaction = false;
  raw->host_transaction = false;
  return status;
}

bool la_raw_lost_transaction(la_raw *raw) {
  if (!raw->transaction || raw->handle == NULL || raw->driver->in_transaction(raw->handle)) {
    return false;
  }
  raw->transaction = false;
  raw->host_transaction = false;
  return true;
}
