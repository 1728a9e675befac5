/* SPDX-License-Identifier: MIT */
/*
 * Statements of a session: translated, compiled, and kept in the engine's cache with their load
 * plans.
 */
#include "orm/translate.h"

static la_load_plan *plan_of(const la_compiled *compiled) {
  return (la_load_plan *)(void *)compiled->extra;
}

/* A plan of values alone, for statements that have no entities. */
static la_status plan_values(const la_sql *sql, const la_node *statement, la_load_plan *plan,
                             la_error *err) {
  la_node **exprs;
  la_text *keys;
  size_t count;
  LA_TRY(la_select_exported(sql, statement, &plan->arena, &exprs, &keys, &count, err));
  plan->parts = la_arena_alloc_zero(&plan->arena, (count + 1) * sizeof *plan->parts);
  plan->details = la_arena_alloc_zero(&plan->arena, (count + 1) * sizeof *plan->details);
  plan->part_count = plan->width = (uint32_t)count;
  for (size_t i = 0; i < count; i++) {
    const la_type *type = exprs[i]->type;
    if (plan->parts != NULL && plan->details != NULL) {
      char *key = keys[i].bytes ? la_arena_copy(&plan->arena, keys[i].bytes, keys[i].len) : NULL;
      plan->parts[i] = (la_row_part){
          .kind = LA_ROW_PART_VALUE, .key = {key, keys[i].len}, .type = exprs[i]->type};
      plan->details[i].column = (uint32_t)i;
      if (type != NULL && !(type->flags & LA_TYPE_HOST_RESULT) && !la_type_result_is_plain(type)) {
        plan->details[i].type = type;
        plan->converts = true;
      }
    }
    la_node_release(exprs[i]);
  }
  return plan->parts != NULL && plan->details != NULL ? LA_OK : la_fail_nomem(err);
}

static la_status translate_with_plan(const la_sql *sql, const la_node *statement,
                                     la_load_plan *plan, la_node **out, la_error *err) {
  la_arena *arena = &plan->arena;
  la_translate_request request = {0};
  la_node *resolved = NULL;
  la_status status;
  LA_TRY(la_criteria_of(statement, arena, &request.criteria, err));
  LA_TRY(la_translate_nested(sql, statement, request.criteria, &resolved, err));
  status = la_criteria_of(resolved, arena, &request.criteria, err);
  if (status < 0) {
    la_node_release(resolved);
    return status;
  }
  if (resolved->kind == LA_NODE_SELECT) {
    status = la_translate_select(sql, resolved, &request, plan, out, err);
  } else if (la_node_is_dml(resolved)) {
    la_node *whole = NULL;
    status = la_dml_with_criteria(sql, resolved, &whole, err);
    if (status >= 0) {
      status = la_translate_dml(sql, whole, plan, out, err);
    }
    la_node_release(whole);
  } else {
    status = plan_values(sql, resolved, plan, err);
    if (status >= 0) {
      *out = la_node_retain(resolved);
    }
  }
  la_node_release(resolved);
  return status;
}

la_status la_orm_translate(const la_sql *sql, const la_node *statement, la_node **out,
                           la_error *err) {
  la_load_plan *plan; /* for its eager joins alone */
  la_status status;
  if (!(statement->flags & LA_NODE_HAS_ORM)) {
    *out = la_node_retain(statement);
    return LA_OK;
  }
  plan = la_load_plan_new(sql->alloc, false);
  if (plan == NULL) {
    return la_fail_nomem(err);
  }
  status = translate_with_plan(sql, statement, plan, out, err);
  la_object_release(plan);
  return status;
}

/* Criteria of later loads name the statement's parameters by their place. */
static la_status keep_params(la_load_plan *plan, const la_key *key, la_error *err) {
  if (!plan->has_criteria || key->params.count == 0) {
    return LA_OK;
  }
  plan->params = la_arena_alloc(&plan->arena, key->params.count * sizeof *plan->params);
  if (plan->params == NULL) {
    return la_fail_nomem(err);
  }
  memcpy(plan->params, key->params.items, key->params.count * sizeof *plan->params);
  plan->param_count = (uint32_t)key->params.count;
  return LA_OK;
}

/* A plan for what the engine compiles now. */
static la_status new_plan(la_engine *engine, bool weak, la_load_plan **out, la_error *err) {
  la_text schemas = engine->schema_translate;
  la_load_plan *plan = la_load_plan_new(engine->alloc, weak);
  if (plan != NULL && schemas.len > 0) {
    plan->schemas.bytes = la_arena_copy(&plan->arena, schemas.bytes, schemas.len);
    plan->schemas.len = schemas.len;
    if (plan->schemas.bytes == NULL) {
      la_object_release(plan);
      plan = NULL;
    }
  }
  *out = plan;
  return plan != NULL ? LA_OK : la_fail_nomem(err);
}

static la_compile_options options_now(const la_engine *engine, const la_node *const *params,
                                      uint32_t param_count) {
  return (la_compile_options){.params = params,
                              .param_count = param_count,
                              .lint_froms = engine->options.lint_froms,
                              .label_length = engine->options.label_length,
                              .schema_translate = engine->schema_translate};
}

/* The compiled form of the Core statement that plan was made with. Takes over core and plan, also
 * when it fails; subject, which may be NULL, is what the compiled form depends on. */
static la_status compile_core(la_engine *engine, la_node *core, const la_node *subject,
                              const la_compile_options *options, la_load_plan *plan,
                              la_compiled **out, la_error *err) {
  la_compiled *compiled = NULL;
  la_status status = la_load_plan_note_inputs(plan, options->params, options->param_count, err);
  if (status >= 0) {
    status = la_compile(&engine->sql, engine->dialect, core, options, &compiled, err);
  }
  if (status >= 0 && subject != NULL) {
    status = la_key_subjects(engine->alloc, subject, &compiled->subjects, err);
  }
  la_node_release(core);
  if (status < 0) {
    la_object_release(plan);
    la_object_release(compiled);
    return status;
  }
  compiled->extra = &plan->object;
  *out = compiled;
  return LA_OK;
}

static la_status compile_with_plan(la_engine *engine, const la_node *statement, la_compiled **out,
                                   la_error *err) {
  const la_key *key = &engine->key;
  la_compile_options options = options_now(engine, key->params.items, (uint32_t)key->params.count);
  la_load_plan *plan = NULL;
  la_node *core = NULL;
  la_status status = new_plan(engine, false, &plan, err);
  if (status >= 0) {
    status = translate_with_plan(&engine->sql, statement, plan, &core, err);
  }
  if (status >= 0) {
    status = keep_params(plan, key, err);
  }
  if (status < 0) {
    la_node_release(core);
    la_object_release(plan);
    return status;
  }
  /* the key names what the statement does, not only what the Core statement does */
  return compile_core(engine, core, statement, &options, plan, out, err);
}

/* Plain text() has no parts to plan: it goes the engine's way. */
static bool has_plan(const la_node *statement) {
  return statement->kind == LA_NODE_SELECT || statement->kind == LA_NODE_COMPOUND ||
         statement->kind == LA_NODE_TEXTUAL || la_node_is_dml(statement);
}

/* What stands in front of the statement in its key. */
static la_status find_salt(la_engine *engine, const la_node *statement, la_text *out,
                           la_error *err) {
  *out = la_select_is_not_eager(statement) ? LA_TEXT_LITERAL("orm, not eager")
                                           : LA_TEXT_LITERAL("orm");
  if (engine->schema_translate.len == 0) {
    return LA_OK;
  }
  la_strbuf_reset(&engine->salt);
  la_strbuf_text(&engine->salt, *out);
  la_strbuf_text(&engine->salt, engine->schema_translate);
  *out = la_strbuf_view(&engine->salt);
  return la_strbuf_status(&engine->salt, err);
}

/* What the engine's cache has for `statement`, or NULL; the engine's key is that of the statement
 * if there is none, and has its parameters in any case. */
static la_status find_compiled(la_engine *engine, const la_node *statement, la_object **out,
                               la_error *err) {
  la_key *key = &engine->key;
  la_cache *cache = &engine->root->cache;
  bool plain = engine->schema_translate.len == 0;
  la_text salt;
  *out = plain ? la_cache_recognize(cache, statement, LA_CACHE_ORM, key) : NULL;
  if (*out != NULL && la_load_plan_holds(plan_of((la_compiled *)(void *)*out))) {
    return LA_OK;
  }
  *out = NULL;
  LA_TRY(find_salt(engine, statement, &salt, err));
  LA_TRY(la_key_build(key, statement, salt, err));
  if (key->cacheable) {
    *out = la_cache_get(cache, la_strbuf_view(&key->bytes), key->hash);
  }
  if (*out != NULL && !la_load_plan_holds(plan_of((la_compiled *)(void *)*out))) {
    *out = NULL;
  }
  if (*out != NULL && plain) {
    la_cache_learn(cache, statement, LA_CACHE_ORM);
  }
  return LA_OK;
}

la_status la_orm_compile(la_engine *engine, const la_node *statement, la_compiled **out,
                         bool *cached_out, la_error *err) {
  la_key *key = &engine->key;
  la_object *found = NULL;
  if (!has_plan(statement)) {
    return la_engine_compile(engine, statement, NULL, 0, false, out, cached_out, err);
  }
  LA_TRY(la_engine_check_unhooked(engine, err));
  LA_TRY(find_compiled(engine, statement, &found, err));
  *cached_out = found != NULL;
  if (found != NULL) {
    *out = la_object_retain(found);
    return LA_OK;
  }
  LA_TRY(compile_with_plan(engine, statement, out, err));
  if (key->cacheable) {
    la_cache_put(&engine->root->cache, la_strbuf_view(&key->bytes), key->hash, &(*out)->object);
  }
  return LA_OK;
}

la_status la_session_compile(la_session *session, const la_node *statement, la_compiled **out,
                             bool *cached_out, la_error *err) {
  la_session_use_schemas(session);
  return la_orm_compile(session->engine, statement, out, cached_out, err);
}

la_status la_translate_compile(la_engine *engine, const la_node *select,
                               const la_translate_request *request, bool weak,
                               const la_node *const *params, uint32_t param_count,
                               la_compiled **out, la_error *err) {
  la_compile_options options = options_now(engine, params, param_count);
  la_load_plan *plan = NULL;
  la_node *core = NULL;
  la_status status = new_plan(engine, weak, &plan, err);
  if (status >= 0) {
    status = la_translate_select(&engine->sql, select, request, plan, &core, err);
  }
  if (status < 0) {
    la_node_release(core);
    la_object_release(plan);
    return status;
  }
  /* whoever keeps a weak plan is one of its subjects */
  return compile_core(engine, core, weak ? NULL : core, &options, plan, out, err);
}
