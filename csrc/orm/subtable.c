/* SPDX-License-Identifier: MIT */
#include "orm/subtable.h"

#include "sql/adapt.h"

/* Only key columns of the base have a value for sure. */
static la_status check_column(const la_node *node, void *context, la_node **out, la_error *err) {
  bool *known = context;
  const la_column *column = (const la_column *)(const void *)node->subject;
  (void)out;
  (void)err;
  if (node->kind == LA_NODE_COLUMN && (column == NULL || !column->primary_key)) {
    *known = false;
  }
  return LA_OK;
}

/* True if the mapper's join to its base compares key columns alone. */
static bool joins_by_key(const la_mapper *mapper) {
  la_error ignored = LA_ERROR_INIT;
  la_node *same = NULL;
  bool known = true;
  if (la_adapt(mapper->alloc, mapper->inherit_condition, check_column, &known, &same, &ignored) <
      0) {
    return false;
  }
  la_node_release(same);
  return known;
}

bool la_subtable_has(const la_mapper *mapper, const uint32_t *slots, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const la_property *property = mapper->slots[slots[i]];
    if (property->kind != LA_PROPERTY_COLUMN ||
        la_mapper_adds_table(mapper->root, property->column->table) ||
        (property->flags & LA_PROPERTY_PRIMARY_KEY)) {
      return false;
    }
  }
  for (; count != 0 && mapper != NULL; mapper = mapper->base) {
    if (mapper->inherit_condition != NULL && !joins_by_key(mapper)) {
      return false;
    }
  }
  return count != 0;
}

typedef struct substitution {
  la_engine *engine;
  la_single_load *load;
  la_node_list *params;
  la_node *const *items; /* whose tables' columns stay */
  size_t count;
} substitution;

static bool is_read(const substitution *self, const la_table *table) {
  for (size_t i = 0; i < self->count; i++) {
    if (((const la_column *)(const void *)self->items[i]->subject)->table == table) {
      return true;
    }
  }
  return false;
}

static la_status give_value(const la_node *node, void *context, la_node **out, la_error *err) {
  substitution *self = context;
  la_column *column = (la_column *)(void *)node->subject;
  la_node *param = NULL;
  if (node->kind != LA_NODE_COLUMN || is_read(self, column->table)) {
    return LA_OK;
  }
  LA_TRY(la_single_load_param(self->load, &self->engine->sql, column, &param, err));
  LA_TRY(la_node_list_take(self->params, self->engine->alloc, la_node_retain(param), err));
  *out = param;
  return LA_OK;
}

/* Base classes first. The depth is that of the class's inheritance. */
static la_status add_conditions(substitution *self, const la_mapper *mapper, la_node **select,
                                la_error *err) {
  la_node *condition = NULL;
  la_status status;
  if (mapper->base == NULL) {
    return LA_OK;
  }
  LA_TRY(add_conditions(self, mapper->base, select, err));
  if (mapper->inherit_condition == NULL || !is_read(self, mapper->table)) {
    return LA_OK;
  }
  LA_TRY(
      la_adapt(self->engine->alloc, mapper->inherit_condition, give_value, self, &condition, err));
  status = la_build_chain_one(select, LA_SELECT_WHERE, condition, err);
  la_node_release(condition);
  return status;
}

la_status la_subtable_key(la_engine *engine, la_mapper *mapper, la_single_load *load,
                          la_node *const *items, size_t count, la_node **select,
                          la_node_list *params, la_error *err) {
  substitution self = {engine, load, params, items, count};
  return add_conditions(&self, mapper, select, err);
}
