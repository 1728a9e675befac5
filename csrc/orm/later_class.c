/* SPDX-License-Identifier: MIT */
/*
 * What a subclass adds to objects that were read as their base: one statement for each 500 keys.
 *
 *   SELECT engineers.id AS engineers_id, people.id AS people_id, people.type AS people_type,
 *   engineers.lang AS engineers_lang FROM people JOIN engineers ON people.id = engineers.id
 *   WHERE people.id IN (?, …)
 */
#include "orm/later_internal.h"
#include "orm/later.h"

#include "orm/instance_internal.h"
#include "orm/translate.h"

/* The key, the discriminator, and what `mapper` adds to its root's columns; in the plan's arena. */
static la_status wanted_properties(la_load_plan *plan, const la_mapper *mapper,
                                   la_translate_request *request, la_error *err) {
  const la_property **only = la_arena_alloc(&plan->arena, (mapper->slot_count + 1) * sizeof *only);
  if (only == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < mapper->slot_count; i++) {
    const la_property *property = mapper->slots[i];
    if ((property->flags & LA_PROPERTY_POLYMORPHIC) ||
        (la_mapper_property(mapper->root, property->key) == NULL &&
         !(property->flags & LA_PROPERTY_DEFERRED))) {
      only[request->only_count++] = property;
    }
  }
  request->only = only;
  return LA_OK;
}

static la_status add_in(const la_sql *sql, la_mapper *mapper, la_later *later, la_node **select,
                        la_error *err) {
  la_value none = LA_VALUE_NONE;
  la_node_list keys = {0};
  la_node *left = NULL, *condition = NULL;
  la_status status = LA_OK;
  later->width = mapper->primary_key_count;
  for (uint32_t k = 0; k < later->width && status >= 0; k++) {
    la_node *key = NULL;
    status =
        la_column_through(sql, mapper->root->primary_key[k]->column, mapper->entity, &key, err);
    status = status >= 0 ? la_node_list_take(&keys, sql->alloc, key, err) : status;
  }
  if (status >= 0) {
    left = later->width == 1 ? la_node_retain(keys.list.items[0])
                             : la_expr_tuple(sql, keys.list.items, later->width);
    later->type = later->width == 1 ? left->type : NULL;
    later->list = la_expr_params(sql, LA_TEXT_LITERAL("primary_keys"), &none, 1,
                                 later->width > 1 ? later->width : 0, later->type);
    condition = left != NULL && later->list != NULL
                    ? la_expr_binary(sql, LA_OP_IN, left, later->list)
                    : NULL;
    status = condition != NULL ? la_build_chain_one(select, LA_SELECT_WHERE, condition, err)
                               : la_fail_nomem(err);
  }
  la_node_release(left);
  la_node_release(condition);
  la_node_list_clear(&keys, sql->alloc);
  return status;
}

/* The numbered PARAMs: those of the options, and the keys behind them. */
static la_status compile(la_engine *engine, const la_node *select,
                         const la_translate_request *request, const la_load_plan *plan,
                         la_later *later, la_error *err) {
  const la_load_plan *owner = plan->owner;
  size_t size = (owner->param_count + 1) * sizeof(la_node *);
  const la_node **params = la_alloc(engine->alloc, size);
  la_status status;
  if (params == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < owner->param_count; i++) {
    params[i] = owner->params[i];
  }
  params[owner->param_count] = later->list;
  status = la_translate_compile(engine, select, request, plan->weak, params, owner->param_count + 1,
                                &later->compiled, err);
  la_free(engine->alloc, params, size);
  return status;
}

static la_status make(la_engine *engine, const la_plan_behind *behind, la_load_plan *plan,
                      la_later *later, la_error *err) {
  const la_sql *sql = &engine->sql;
  la_mapper *mapper = behind->mapper;
  la_node *entity = la_mapper_entity(mapper);
  la_node *select = entity != NULL ? la_select_new(sql, &entity, 1) : NULL;
  la_translate_request request = {.given = true,
                                  .options = behind->options,
                                  .wildcard = plan->wildcard,
                                  .owner = plan->owner,
                                  .path = behind->path};
  la_status status = select != NULL ? LA_OK : la_fail_nomem(err);
  if (status >= 0) {
    status = la_build_replace(&select, la_node_with_flags(select, LA_SELECT_LABELS_TABLE, 0), err);
  }
  if (status >= 0) {
    status = wanted_properties(plan, mapper, &request, err);
  }
  if (status >= 0) {
    status = add_in(sql, mapper, later, &select, err);
  }
  if (status >= 0) {
    status = compile(engine, select, &request, plan, later, err);
  }
  la_node_release(select);
  return status;
}

static la_status later_for(la_load *load, const la_job *job, la_later **out, la_error *err) {
  la_load_plan *plan = (la_load_plan *)job->plan;
  la_later *later = job->behind->later;
  la_status status;
  if (later == NULL) {
    later = la_alloc_zero(plan->alloc, sizeof *later);
    if (later == NULL || !la_vec_reserve(plan->alloc, &plan->laters, 1)) {
      la_free(plan->alloc, later, sizeof *later);
      return la_fail_nomem(err);
    }
    load->session->engine->schema_translate = plan->schemas;
    status = make(load->session->engine, job->behind, plan, later, err);
    if (status < 0) {
      la_later_free(later, plan->alloc);
      return status;
    }
    plan->laters.items[plan->laters.count++] = later;
    job->behind->later = later;
  }
  *out = later;
  return LA_OK;
}

/* The rows fill the objects that are there. */
static la_status read_rows(la_load *load, la_run *run, la_error *err) {
  la_status status = LA_ROW;
  while (status == LA_ROW) {
    status = la_run_step(run, err);
    if (status == LA_ROW && run->root != NULL && run->root_is_pinned &&
        !la_vec_push(load->session->alloc, &load->pinned, run->root)) {
      la_instance_unpin(run->root);
      return la_fail_nomem(err);
    }
  }
  return status;
}

/* What embeds this statement uses the list of keys once more, after the call. */
static la_status run_chunk(la_load *load, la_run *run, const la_later *later, const la_job *job,
                           size_t begin, size_t count, la_error *err) {
  la_instance *const *objects = &job->parents[begin];
  uint32_t outer = job->outer.count;
  la_allocator *alloc = load->session->alloc;
  size_t total = count * later->width;
  la_value *values = la_alloc(alloc, la_array_size(total, sizeof *values));
  const la_node **params = la_arena_alloc(&load->arena, (outer + 1) * sizeof *params);
  la_node *list;
  la_status status;
  if (values == NULL || params == NULL) {
    la_free(alloc, values, la_array_size(total, sizeof *values));
    return la_fail_nomem(err);
  }
  for (size_t i = 0; i < count; i++) {
    la_instance_key(objects[i], &values[i * later->width]);
  }
  list = la_expr_params(&load->session->engine->sql, LA_TEXT_LITERAL("primary_keys"), values,
                        (uint32_t)total, later->width > 1 ? later->width : 0, later->type);
  la_free(alloc, values, total * sizeof *values);
  if (list == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < outer; i++) {
    params[i] = job->outer.params[i];
  }
  params[outer] = list;
  if (run->plan->inputs.count != 0 && la_load_hold(load, list, err) < 0) {
    la_node_release(list);
    return LA_NOMEM;
  }
  status = la_run_open(run, later->compiled, params, outer + 1, NULL, NULL, err);
  if (status >= 0) {
    status = read_rows(load, run, err);
  }
  la_cursor_close(run->cursor);
  la_node_release(list);
  return status;
}

la_status la_later_run_class(la_load *load, const la_job *job, la_error *err) {
  la_later *later = NULL;
  const la_load_plan *plan;
  la_run run = {0};
  la_status status;
  LA_TRY(later_for(load, job, &later, err));
  plan = (const la_load_plan *)(const void *)later->compiled->extra;
  status = la_run_init(&run, load, plan, job->outer, err);
  for (size_t at = 0; at < job->count && status >= 0; at += LA_LATER_KEYS) {
    size_t count = job->count - at < LA_LATER_KEYS ? job->count - at : LA_LATER_KEYS;
    if (at > 0 && plan->inputs.count != 0) { /* each chunk is a run of its own */
      status = la_run_finish(&run, err);
      la_run_clear(&run);
      status = status < 0 ? status : la_run_init(&run, load, plan, job->outer, err);
    }
    status = status < 0 ? status : run_chunk(load, &run, later, job, at, count, err);
  }
  if (status >= 0) {
    status = la_run_finish(&run, err);
  }
  la_run_clear(&run);
  return status < 0 ? status : LA_OK;
}
