/* SPDX-License-Identifier: MIT */
#include "sql/select.h"

#include "base/vec.h"

/* A statement of `kind` with `parts` children, whose first is `first` (may be NULL). */
static la_node *statement_new(const la_sql *sql, la_node_kind kind, uint32_t parts, uint32_t flags,
                              la_node *first) {
  la_node *children[LA_SELECT_PART_COUNT] = {first};
  return la_node_new(
      sql->alloc,
      &(la_node_parts){.kind = kind, .flags = flags, .children = children, .count = parts});
}

la_node *la_select_flagged(const la_sql *sql, la_node *const *columns, size_t count,
                           uint32_t flags) {
  la_node *chain = NULL, *select;
  if (count != 0) {
    chain = la_chain_new(sql->alloc, NULL, columns, (uint32_t)count);
    if (chain == NULL) {
      return NULL;
    }
  }
  select = statement_new(sql, LA_NODE_SELECT, LA_SELECT_PART_COUNT, flags, chain);
  la_node_release(chain);
  return select;
}

la_node *la_select_new(const la_sql *sql, la_node *const *columns, size_t count) {
  return la_select_flagged(sql, columns, count, 0);
}

la_node *la_compound_new(const la_sql *sql, la_operator op, la_node *const *selects, size_t count) {
  la_node *children[LA_SELECT_PART_COUNT] = {la_expr_list(sql, selects, count)};
  la_node *compound;
  if (children[0] == NULL) {
    return NULL;
  }
  compound = la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_COMPOUND,
                                                      .op = (uint16_t)op,
                                                      .children = children,
                                                      .count = LA_SELECT_PART_COUNT});
  la_node_release(children[0]);
  return compound;
}

la_node *la_insert_new(const la_sql *sql, la_node *table) {
  return statement_new(sql, LA_NODE_INSERT, LA_INSERT_PART_COUNT, 0, table);
}

la_node *la_update_new(const la_sql *sql, la_node *table) {
  return statement_new(sql, LA_NODE_UPDATE, LA_UPDATE_PART_COUNT, 0, table);
}

la_node *la_delete_new(const la_sql *sql, la_node *table) {
  return statement_new(sql, LA_NODE_DELETE, LA_DELETE_PART_COUNT, 0, table);
}

la_node *la_set_new(const la_sql *sql, la_node *column, la_text key, la_node *value) {
  la_node *children[2] = {column, value};
  return la_node_new(
      sql->alloc,
      &(la_node_parts){.kind = LA_NODE_SET, .text = key, .children = children, .count = 2});
}

la_node *la_join_step_new(const la_sql *sql, la_node *target, la_node *on, la_node *left,
                          uint32_t flags) {
  la_node *children[3] = {target, on, left};
  return la_node_new(
      sql->alloc, &(la_node_parts){
                      .kind = LA_NODE_JOIN_STEP, .flags = flags, .children = children, .count = 3});
}

typedef struct statement_parts {
  int where, execution, options, returning, ctes, prefixes;
} statement_parts;

static const statement_parts *parts_of(const la_node *statement) {
  static const statement_parts select = {LA_SELECT_WHERE,   LA_SELECT_EXECUTION,
                                         LA_SELECT_OPTIONS, -1,
                                         LA_SELECT_CTES,    LA_SELECT_PREFIXES};
  static const statement_parts insert = {-1,
                                         LA_INSERT_EXECUTION,
                                         LA_INSERT_OPTIONS,
                                         LA_INSERT_RETURNING,
                                         LA_INSERT_CTES,
                                         LA_INSERT_PREFIXES};
  static const statement_parts update = {LA_UPDATE_WHERE,   LA_UPDATE_EXECUTION,
                                         LA_UPDATE_OPTIONS, LA_UPDATE_RETURNING,
                                         LA_UPDATE_CTES,    LA_UPDATE_PREFIXES};
  static const statement_parts delete = {LA_DELETE_WHERE,   LA_DELETE_EXECUTION,
                                         LA_DELETE_OPTIONS, LA_DELETE_RETURNING,
                                         LA_DELETE_CTES,    LA_DELETE_PREFIXES};
  static const statement_parts none = {-1, -1, -1, -1, -1, -1};
  switch (statement->kind) {
  case LA_NODE_SELECT:
  case LA_NODE_COMPOUND:
    return &select;
  case LA_NODE_INSERT:
    return &insert;
  case LA_NODE_UPDATE:
    return &update;
  case LA_NODE_DELETE:
    return &delete;
  default:
    return &none;
  }
}

int la_statement_where_part(const la_node *statement) {
  return parts_of(statement)->where;
}

int la_statement_execution_part(const la_node *statement) {
  return parts_of(statement)->execution;
}

int la_statement_options_part(const la_node *statement) {
  return parts_of(statement)->options;
}

int la_statement_returning_part(const la_node *statement) {
  return parts_of(statement)->returning;
}

int la_statement_defaults_part(const la_node *statement) {
  return statement->kind == LA_NODE_INSERT   ? (int)LA_INSERT_DEFAULTS
         : statement->kind == LA_NODE_UPDATE ? (int)LA_UPDATE_DEFAULTS
                                             : -1;
}

int la_statement_ctes_part(const la_node *statement) {
  return parts_of(statement)->ctes;
}

int la_statement_prefixes_part(const la_node *statement) {
  return parts_of(statement)->prefixes;
}

/* What the columns of a compound or of parentheses are those of; NULL if there is nothing. */
static la_node *naming_child(const la_node *node) {
  if (node->kind == LA_NODE_GROUPING) {
    return node->children[0];
  }
  return node->kind == LA_NODE_COMPOUND ? la_node_child(node->children[LA_SELECT_COLUMNS], 0)
                                        : NULL;
}

const la_node *la_select_naming(const la_node *statement) {
  const la_node *next = naming_child(statement);
  while (next != NULL) {
    statement = next;
    next = naming_child(statement);
  }
  return statement->kind == LA_NODE_SELECT ? statement : NULL;
}

/* `node` with `child`, taken over, for what its columns are those of. */
static la_node *with_naming(la_node *node, la_node *child) {
  la_node *result = NULL;
  if (child != NULL && node->kind == LA_NODE_GROUPING) {
    result = la_node_with_child(node, 0, child);
  } else if (child != NULL) {
    la_node *list = la_node_with_child(node->children[LA_SELECT_COLUMNS], 0, child);
    result = list != NULL ? la_node_with_child(node, LA_SELECT_COLUMNS, list) : NULL;
    la_node_release(list);
  }
  la_node_release(child);
  return result;
}

la_node *la_select_with_labels(const la_sql *sql, la_node *statement, uint32_t style) {
  const uint32_t styles = LA_SELECT_LABELS_TABLE | LA_SELECT_LABELS_NONE;
  LA_VEC(la_node *) outer = {0};
  la_node *inner = statement, *result;
  for (la_node *next = naming_child(inner); next != NULL; next = naming_child(inner)) {
    if (!la_vec_push(sql->alloc, &outer, inner)) {
      la_vec_clear(sql->alloc, &outer);
      return NULL;
    }
    inner = next;
  }
  result = la_node_with_flags(inner, style, styles & ~style);
  while (outer.count > 0) {
    result = with_naming(outer.items[--outer.count], result);
  }
  la_vec_clear(sql->alloc, &outer);
  return result;
}

la_node *la_select_disambiguated(const la_sql *sql, la_node *statement) {
  const la_node *naming = la_select_naming(statement);
  return naming != NULL && naming->flags & LA_SELECT_LABELS_NONE
             ? la_select_with_labels(sql, statement, 0)
             : la_node_retain(statement);
}
