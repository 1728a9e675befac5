/* SPDX-License-Identifier: MIT */
#include "orm/later.h"

#include "orm/instance_internal.h"
#include "orm/translate.h"

static void destroy(la_object *object) {
  la_single_load *self = (la_single_load *)(void *)object;
  la_object_release(self->compiled);
  la_vec_clear(self->alloc, &self->columns);
  la_vec_clear(self->alloc, &self->slots);
  la_free(self->alloc, self, sizeof *self);
}

static const la_object_class single_load_class = {.name = "load statement", .destroy = destroy};

la_single_load *la_single_load_new(la_allocator *alloc, const la_dialect *dialect) {
  la_single_load *self = la_alloc_zero(alloc, sizeof *self);
  if (self != NULL) {
    la_object_init(&self->object, &single_load_class);
    self->alloc = alloc;
    self->dialect = dialect;
  }
  return self;
}

static const la_load_plan *plan_of(const la_single_load *self) {
  return (const la_load_plan *)(const void *)self->compiled->extra;
}

bool la_single_load_holds(const la_single_load *self, const la_engine *engine) {
  const la_load_plan *plan = plan_of(self);
  return self->dialect == engine->dialect &&
         la_text_equal(plan->schemas, engine->schema_translate) && la_load_plan_holds(plan);
}

la_status la_single_load_param(la_single_load *self, const la_sql *sql, la_column *column,
                               la_node **out, la_error *err) {
  la_node *made;
  if (!la_vec_reserve(self->alloc, &self->columns, 1)) {
    return la_fail_nomem(err);
  }
  made = la_expr_bindparam(sql, LA_TEXT_LITERAL("pk"), NULL, column->type,
                           LA_PARAM_REQUIRED | LA_PARAM_UNIQUE);
  if (made == NULL) {
    return la_fail_nomem(err);
  }
  self->columns.items[self->columns.count++] = column;
  *out = made;
  return LA_OK;
}

la_status la_single_load_compile(la_single_load *self, la_engine *engine, const la_node *select,
                                 const la_translate_request *request, la_node *const *params,
                                 uint32_t param_count, la_error *err) {
  const la_load_plan *owner = request->owner;
  uint32_t outer = owner != NULL ? owner->param_count : 0;
  size_t size = (param_count + outer + 1) * sizeof(la_node *);
  const la_node **all = la_alloc(self->alloc, size);
  la_status status;
  if (all == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < param_count + outer; i++) {
    all[i] = i < param_count ? params[i] : owner->params[i - param_count];
  }
  status = la_translate_compile(engine, select, request, true, all, param_count + outer,
                                &self->compiled, err);
  la_free(self->alloc, all, size);
  return status;
}

typedef struct giving {
  const la_single_load *self;
  const la_instance *instance;
  const la_value *key;
} giving;

/* What the object has in the database, for its key; else what it has now. */
static bool value_for(const giving *from, uint32_t number, la_value *out) {
  const la_instance *instance = from->instance;
  const la_property *property;
  if (from->key != NULL) {
    *out = from->key[number];
    return true;
  }
  property = la_mapper_property_of_column(instance->mapper, from->self->columns.items[number]);
  if (property == NULL || property->slot >= instance->slot_count) {
    return false;
  }
  if ((property->flags & LA_PROPERTY_PRIMARY_KEY) && (instance->flags & LA_INSTANCE_KEYED)) {
    la_instance_key_part(instance, property->slot, out);
    return true;
  }
  *out = instance->slots[property->slot];
  return (out->flags & LA_SLOT_LOADED) != 0;
}

/* The value of a parameter as a PARAM, for statements that embed this one. */
static la_status make_input(const giving *from, la_load *load, uint32_t number, const la_node **out,
                            la_error *err) {
  la_column *column = from->self->columns.items[number];
  la_value value = LA_VALUE_NONE;
  la_node *param;
  la_status status;
  (void)value_for(from, number, &value);
  param = la_expr_param(&load->session->engine->sql, column->name, &value, column->type);
  if (param == NULL) {
    return la_fail_nomem(err);
  }
  status = la_load_hold(load, param, err);
  la_node_release(param);
  *out = param;
  return status;
}

static la_status look_up(void *context, uint32_t number, const la_compiled_param *param,
                         la_value *out, bool *found_out, la_error *err) {
  const giving *from = context;
  (void)number;
  (void)err;
  *found_out = param->source == LA_PARAM_FROM_STATEMENT &&
               param->index < from->self->columns.count && value_for(from, param->index, out);
  return LA_OK;
}

la_status la_single_load_open(la_single_load *self, la_load *load, la_run *run,
                              const la_instance *instance, const la_value *key, la_outer outer,
                              la_error *err) {
  giving from = {self, instance, key};
  uint32_t own = (uint32_t)self->columns.count;
  const la_node **params;
  for (uint32_t i = 0; i < self->columns.count; i++) {
    la_value value = LA_VALUE_NONE;
    if (!value_for(&from, i, &value) || value.kind == LA_VALUE_NULL) {
      return LA_DONE;
    }
  }
  LA_TRY(la_load_hold(load, self->compiled, err));
  LA_TRY(la_run_init(run, load, plan_of(self), outer, err));
  params = la_arena_alloc_zero(&load->arena, (own + outer.count + 1) * sizeof *params);
  if (params == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < outer.count; i++) {
    params[own + i] = outer.params[i];
  }
  for (uint32_t i = 0; i < own && plan_of(self)->inputs.count != 0; i++) {
    LA_TRY(make_input(&from, load, i, &params[i], err));
  }
  return la_run_open(run, self->compiled, params, own + outer.count, look_up, &from, err);
}

/* Reads all rows of a run whose plan is of one entity; distinct instances, pinned by the load, into
 * an array of its arena. */
static la_status read_members(la_load *load, la_run *run, la_instance ***out, size_t *count_out,
                              la_error *err) {
  la_allocator *alloc = load->session->alloc;
  la_instances found = {0};
  la_pair_set pairs = {0};
  la_status status = LA_ROW;
  while (status == LA_ROW) {
    bool is_new = true;
    status = la_run_step(run, err);
    if (status != LA_ROW || run->root == NULL) {
      continue;
    }
    if (!la_vec_push(alloc, &load->pinned, run->root)) {
      la_instance_unpin(run->root);
      status = la_fail_nomem(err);
      break;
    }
    if (run->plan->needs_unique) {
      la_status added = la_pair_set_add(&pairs, alloc, 0, run->root, &is_new, err);
      status = added < 0 ? added : status;
    }
    if (is_new && status >= 0 && !la_vec_push(alloc, &found, run->root)) {
      status = la_fail_nomem(err);
    }
  }
  if (status >= 0) {
    *out = la_arena_alloc(&load->arena, (found.count + 1) * sizeof **out);
    status = *out != NULL ? LA_OK : la_fail_nomem(err);
  }
  if (status >= 0 && found.count != 0) {
    memcpy(*out, found.items, found.count * sizeof **out);
  }
  *count_out = found.count;
  la_vec_clear(alloc, &found);
  la_pair_set_clear(&pairs, alloc);
  return status;
}

la_status la_single_load_run(la_load *load, la_single_load *statement, const la_instance *instance,
                             const la_value *key, la_outer outer, int depth, la_instance ***members,
                             size_t *count, la_error *err) {
  la_run run = {0};
  la_status status = la_single_load_open(statement, load, &run, instance, key, outer, err);
  run.depth = depth;
  *members = NULL;
  *count = 0;
  if (status == LA_OK) {
    status = read_members(load, &run, members, count, err);
    if (status >= 0) {
      status = la_run_finish(&run, err);
    }
  }
  la_run_clear(&run);
  return status < 0 ? status : LA_OK;
}
