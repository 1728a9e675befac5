/* SPDX-License-Identifier: MIT */
/*
 * INSERT, UPDATE and DELETE of classes.
 *
 * The class becomes its table, keys of assignments become columns' keys, and RETURNING of entities
 * is spread, with a plan for its rows.
 */
#include "orm/translate.h"

static la_mapper *mapper_of(const la_node *statement) {
  const la_node *table = statement->children[0];
  return table->kind == LA_NODE_ENTITY ? (la_mapper *)(void *)table->subject : NULL;
}

/* True if the column lies in a table of the mapper's bases alone. */
static bool is_above(const la_mapper *mapper, const la_column *column) {
  return column->table != mapper->table && la_table_column(mapper->table, column->key) == NULL;
}

typedef struct renaming {
  const la_sql *sql;
  const la_mapper *mapper;
  bool is_update;
} renaming;

/* A SET by an attribute's name becomes one by its column's key; in an UPDATE, by the column itself
 * if that is another table's, which the compiler refuses by name. */
static la_status rename_set(const la_node *node, void *context, la_node **out, la_error *err) {
  const renaming *self = context;
  const la_property *property;
  if (node->kind == LA_NODE_SELECT) {
    *out = la_node_retain(node);
    return LA_OK;
  }
  if (node->kind != LA_NODE_SET || node->children[0] != NULL) {
    return LA_OK;
  }
  property = la_mapper_property(self->mapper, node->text);
  if (property == NULL || property->kind != LA_PROPERTY_COLUMN) {
    return LA_OK;
  }
  la_node *column = NULL;
  if (self->is_update && is_above(self->mapper, property->column)) {
    column = la_expr_column(self->sql, property->column, NULL);
    if (column == NULL) {
      return la_fail_nomem(err);
    }
  } else if (la_text_equal(property->column->key, node->text)) {
    return LA_OK;
  }
  *out = la_set_new(self->sql, column, property->column->key, node->children[1]);
  la_node_release(column);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

static la_status rename_sets(const la_sql *sql, const la_mapper *mapper, la_node **statement,
                             la_error *err) {
  int part = (*statement)->kind == LA_NODE_INSERT   ? (int)LA_INSERT_VALUES
             : (*statement)->kind == LA_NODE_UPDATE ? (int)LA_UPDATE_VALUES
                                                    : -1;
  renaming self = {sql, mapper,
                   part == (int)LA_UPDATE_VALUES && (*statement)->kind == LA_NODE_UPDATE};
  la_node *values = part >= 0 ? (*statement)->children[part] : NULL;
  la_node *renamed = NULL;
  la_status status;
  if (values == NULL) {
    return LA_OK;
  }
  LA_TRY(la_adapt(sql->alloc, values, rename_set, &self, &renamed, err));
  status = renamed != values ? la_build_child(statement, (uint32_t)part, renamed, err) : LA_OK;
  la_node_release(renamed);
  return status;
}

static la_status add_single_table(const la_sql *sql, la_node **statement, la_error *err) {
  int part = la_statement_where_part(*statement);
  la_node *condition = NULL;
  la_status status;
  if (part < 0) {
    return LA_OK;
  }
  LA_TRY(la_translate_single_table(sql, (*statement)->children[0], &condition, err));
  if (condition == NULL) {
    return LA_OK;
  }
  status = la_build_chain_one(statement, (uint32_t)part, condition, err);
  la_node_release(condition);
  return status;
}

static la_status add_criteria(la_node **statement, const la_load_criteria *criteria,
                              la_error *err) {
  const la_mapper *mapper = mapper_of(*statement);
  uint32_t part = (uint32_t)la_statement_where_part(*statement);
  for (; criteria != NULL; criteria = criteria->next) {
    if (mapper == criteria->mapper ||
        (!criteria->exact && la_mapper_is_a(mapper, criteria->mapper))) {
      LA_TRY(la_build_chain_one(statement, part, (la_node *)criteria->condition, err));
    }
  }
  return la_build_child(statement, (uint32_t)la_statement_options_part(*statement), NULL, err);
}

la_status la_dml_with_criteria(const la_sql *sql, const la_node *statement, la_node **out,
                               la_error *err) {
  const la_load_criteria *criteria = NULL;
  la_arena arena;
  la_status status;
  *out = la_node_retain(statement);
  if (mapper_of(statement) == NULL || la_statement_where_part(statement) < 0) {
    return LA_OK;
  }
  la_arena_init(&arena, sql->alloc);
  status = la_criteria_of(statement, &arena, &criteria, err);
  if (status >= 0 && criteria != NULL) {
    status = add_criteria(out, criteria, err);
  }
  la_arena_clear(&arena);
  if (status < 0) {
    la_node_release(*out);
    *out = NULL;
  }
  return status;
}

static la_status spread_returning(la_translation *self, la_node **statement) {
  uint32_t part = (uint32_t)la_statement_returning_part(*statement);
  const la_node *chain = (*statement)->children[part];
  size_t count = la_chain_count(chain);
  la_node **items = la_arena_alloc(self->arena, (count + 1) * sizeof *items);
  if (items == NULL) {
    return la_fail_nomem(self->err);
  }
  la_chain_collect(chain, items);
  for (size_t i = 0; i < count; i++) {
    LA_TRY(la_translate_item(self, items[i]));
  }
  if (count == 0) {
    return LA_OK;
  }
  LA_TRY(la_build_child(statement, part, NULL, self->err));
  LA_TRY(la_build_chain(statement, part, self->primary.list.items, self->primary.list.count,
                        self->err));
  return self->plan != NULL ? la_translate_finish_plan(self) : LA_OK;
}

/* The class's table, or the alias of it that the statement names; NULL when out of memory. */
static la_node *table_of(la_translation *self, const la_node *entity) {
  const la_mapper *mapper = (const la_mapper *)(const void *)entity->subject;
  la_node *element = entity->children[0];
  return element->kind == LA_NODE_ALIAS && la_from_base_table(element) == mapper->table
             ? la_node_retain(element)
             : la_from_table(self->sql, mapper->table);
}

static la_status translate(la_translation *self, la_node **statement) {
  la_mapper *mapper = mapper_of(*statement);
  int options = la_statement_options_part(*statement);
  if (mapper != NULL && mapper->join != NULL) {
    return la_fail(
        self->err, LA_INVALID_REQUEST,
        "class %.*s is mapped to a join: INSERT, UPDATE and DELETE name a table, such as "
        "'%.*s', not the class",
        LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->table->name));
  }
  if (mapper != NULL) {
    LA_TRY(rename_sets(self->sql, mapper, statement, self->err));
    LA_TRY(add_single_table(self->sql, statement, self->err));
  }
  if (la_statement_returning_part(*statement) >= 0) {
    LA_TRY(spread_returning(self, statement));
  }
  if (options >= 0 && (*statement)->children[options] != NULL) {
    LA_TRY(la_build_child(statement, (uint32_t)options, NULL, self->err));
  }
  if (mapper != NULL) {
    la_node *table = table_of(self, (*statement)->children[0]);
    la_status status =
        table != NULL ? la_build_child(statement, 0, table, self->err) : la_fail_nomem(self->err);
    la_node_release(table);
    return status;
  }
  return LA_OK;
}

la_status la_translate_dml(const la_sql *sql, const la_node *statement, la_load_plan *plan,
                           la_node **out, la_error *err) {
  la_translation self = {
      .sql = sql, .alloc = sql->alloc, .err = err, .plan = plan, .statement = statement};
  la_node *made = la_node_retain(statement);
  la_arena scratch;
  la_status status;
  self.request.no_eager = true;
  la_arena_init(&scratch, sql->alloc);
  self.arena = plan != NULL ? &plan->arena : &scratch;
  status = translate(&self, &made);
  la_translation_clear(&self);
  la_arena_clear(&scratch);
  if (status < 0) {
    la_node_release(made);
    return status;
  }
  *out = made;
  return LA_OK;
}
