/* SPDX-License-Identifier: MIT */
/*
 * FROM elements: aliases, subqueries, CTEs, joins, VALUES, table().
 */
#include "binding/open.h"
#include "binding/orm_load.h"
#include "binding/sql.h"

#include "orm/relationship.h"
#include "sql/adapt.h"

/* What an alias can be put on. */
static bool is_from_or_select(const la_node *node) {
  return la_node_is_from(node) || la_node_is_select(node) || la_is_function(node);
}

/* A statement that a CTE can be made of. */
static bool is_cte_source(const la_node *node) {
  return la_node_is_select(node) || la_node_is_dml(node) || node->kind == LA_NODE_VALUES;
}

/* The name at `index` or of keyword "name"; none if it is not given. */
static la_text optional_name(lua_State *L, int index, int keywords) {
  if (index != keywords && !la_is_null(L, index)) {
    return la_check_text(L, index);
  }
  return la_keyword_text(L, keywords, "name");
}

static int make_alias(lua_State *L, uint32_t flags, const char *function) {
  static const char *const names[] = {"name", "flat", NULL};
  la_state *state = la_state_of(L);
  la_node *element = la_check_node(L, 1, is_from_or_select, "FROM clause or SELECT");
  int keywords = la_keywords(L, 2);
  la_check_keywords(L, keywords, names, function);
  if (la_node_is_select(element)) {
    flags |= LA_NODE_SUBQUERY;
  }
  la_text name = optional_name(L, 2, keywords);
  if (name.bytes == NULL && element->kind == LA_NODE_VALUES && flags & LA_NODE_LATERAL) {
    name = element->text;
  }
  element = la_select_disambiguated(&state->sql, element);
  la_node *alias = element != NULL ? la_from_alias(&state->sql, element, name, flags) : NULL;
  la_node_release(element);
  return la_return_node(L, state, alias);
}

int la_statement_alias(lua_State *L) {
  return make_alias(L, 0, "alias");
}

int la_statement_subquery(lua_State *L) {
  return make_alias(L, LA_NODE_SUBQUERY, "subquery");
}

int la_statement_lateral(lua_State *L) {
  return make_alias(L, LA_NODE_LATERAL, "lateral");
}

static const char *const cte_keywords[] = {"name", "recursive", "nesting", NULL};

/* statement:cte(name, {recursive = true, nesting = true}) */
int la_statement_cte(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *statement = la_check_node(L, 1, is_cte_source, "statement");
  int keywords = la_keywords(L, 2);
  uint32_t flags = 0;
  la_check_keywords(L, keywords, cte_keywords, "cte");
  flags |= la_keyword_flag(L, keywords, "recursive") ? LA_NODE_RECURSIVE : 0u;
  flags |= la_keyword_flag(L, keywords, "nesting") ? LA_NODE_NESTING : 0u;
  return la_return_node(L, state,
                        la_from_cte(&state->sql, statement, optional_name(L, 2, keywords),
                                    ++state->next_host, flags));
}

/* ---- recursion: cte:union(select…) ---- */

typedef struct cte_swap {
  const la_sql *sql;
  const la_node *cte;
} cte_swap;

/* The CTE met inside its own definition becomes a reference by number. */
static la_status swap_cte(const la_node *node, void *context, la_node **out, la_error *err) {
  const cte_swap *swap = context;
  if (node->kind != LA_NODE_CTE || node->value.as.integer != swap->cte->value.as.integer) {
    return LA_OK;
  }
  *out = la_from_cte_ref(swap->sql, swap->cte);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

/* Adds the select at `index` with the CTE replaced by a reference to it. */
static bool add_recursive_part(lua_State *L, la_nodes *nodes, int index, const la_node *cte) {
  cte_swap swap = {&nodes->state->sql, cte};
  la_node *adapted;
  if (!la_nodes_add_select(L, nodes, index)) {
    return false;
  }
  if (la_adapt(&nodes->state->alloc, nodes->items[nodes->count - 1], swap_cte, &swap, &adapted,
               &nodes->err) != LA_OK) {
    return false;
  }
  return la_nodes_fold(nodes, nodes->count - 1, adapted);
}

static int cte_compound(lua_State *L, la_operator op) {
  la_state *state = la_state_of(L);
  la_node *cte = la_to_node(L, 1);
  la_node *compound, *result = NULL;
  la_nodes nodes;
  if (cte == NULL || cte->kind != LA_NODE_CTE) {
    return la_raise_argument(L, 1, "CTE");
  }
  la_nodes_init(&nodes, state);
  la_nodes_add(&nodes, la_node_retain(cte->children[0]));
  for (int i = 2; i <= lua_gettop(L); i++) {
    if (!add_recursive_part(L, &nodes, i, cte)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  compound = la_compound_new(&state->sql, op, nodes.items, nodes.count);
  if (compound != NULL) {
    result = la_node_with_child(cte, 0, compound);
    la_node_release(compound);
  }
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int cte_union(lua_State *L) {
  return cte_compound(L, LA_OP_UNION);
}

static int cte_union_all(lua_State *L) {
  return cte_compound(L, LA_OP_UNION_ALL);
}

/* ---- joins ---- */

static const char *const join_keywords[] = {"onclause", "isouter", "full", NULL};

/* Where the ON condition of a join stands, at `index` or in keyword "onclause"; 0 without one. The
 * class of a relationship is configured, before anything is held that a raise would leak. */
static int join_condition(lua_State *L, la_state *state, int index, int keywords) {
  la_node *node;
  if (lua_gettop(L) < index || keywords == index || la_is_null(L, index)) {
    if (!la_push_keyword(L, keywords, "onclause")) {
      return 0;
    }
    index = lua_gettop(L);
  }
  node = la_node_at(L, state, index);
  if (node != NULL && node->kind == LA_NODE_RELATIONSHIP) {
    la_configure(L, state, ((const la_relationship *)(const void *)node->subject)->parent);
  }
  return index;
}

/* Adds it: a relationship's attribute stays one. */
static bool add_join_condition(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_node_at(L, nodes->state, index);
  if (node != NULL && node->kind == LA_NODE_RELATIONSHIP) {
    return la_nodes_add(nodes, la_node_retain(node));
  }
  return la_nodes_add_condition(L, nodes, index);
}

/* left:join(right, condition or relationship, {isouter = …, full = …}) */
static int make_join(lua_State *L, uint32_t flags, const char *function) {
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 3), condition;
  la_node *result = NULL, *on = NULL;
  la_status status;
  la_nodes nodes;
  la_check_count(L, 2, function);
  la_check_keywords(L, keywords, join_keywords, function);
  flags |= la_keyword_flag(L, keywords, "isouter") ? LA_JOIN_OUTER : 0u;
  flags |= la_keyword_flag(L, keywords, "full") ? LA_JOIN_FULL : 0u;
  condition = join_condition(L, state, 3, keywords);
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_from(L, &nodes, 1) || !la_nodes_add_from(L, &nodes, 2)) {
    return la_nodes_raise(L, &nodes);
  }
  if (condition != 0 && !add_join_condition(L, &nodes, condition)) {
    return la_nodes_raise(L, &nodes);
  }
  on = nodes.count > 2 ? nodes.items[2] : NULL;
  status = on != NULL && on->kind == LA_NODE_RELATIONSHIP
               ? la_relationship_from(&state->sql, on, nodes.items[0], nodes.items[1], flags,
                                      &result, &nodes.err)
               : la_class_join(&state->sql, nodes.items[0], nodes.items[1], on, flags, &result,
                               &nodes.err);
  if (status != LA_OK) {
    return la_nodes_raise(L, &nodes);
  }
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

int la_from_join_method(lua_State *L) {
  return make_join(L, 0, "join");
}

int la_from_outerjoin_method(lua_State *L) {
  return make_join(L, LA_JOIN_OUTER, "outerjoin");
}

/* ---- VALUES and table() ---- */

static bool add_plain_column(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_to_node(L, index);
  if (node != NULL && node->kind == LA_NODE_COLUMN) {
    la_node *column = la_expr_named_column(&nodes->state->sql, node->text, node->type, NULL);
    return la_nodes_add(nodes,
                        la_node_flagged(column, node->flags & (LA_NODE_QUOTED | LA_NODE_UNQUOTED)));
  }
  return la_nodes_refuse(nodes, index, "column()");
}

/* values(column…, {name = …}) */
static int core_values(lua_State *L) {
  static const char *const names[] = {"name", "literal_binds", NULL};
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 1);
  la_text name;
  la_node *result;
  la_nodes nodes;
  la_check_keywords(L, keywords, names, "values");
  name = la_keyword_text(L, keywords, "name");
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 1, lua_gettop(L) - (keywords != 0), add_plain_column) ||
      !la_nodes_fold(&nodes, 0, la_expr_list(&state->sql, nodes.items, nodes.count))) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_node_new(&state->alloc,
                       &(la_node_parts){.kind = LA_NODE_VALUES,
                                        .flags = la_keyword_flag(L, keywords, "literal_binds")
                                                     ? LA_VALUES_LITERAL
                                                     : 0u,
                                        .text = name,
                                        .children = nodes.items,
                                        .count = 1});
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* Adds the row on top of the stack: a LIST of expressions typed as the columns are. */
static bool add_values_row(lua_State *L, la_nodes *nodes, const la_node *columns) {
  size_t first = nodes->count;
  int row = lua_gettop(L);
  if (!lua_istable(L, row) || lua_rawlen(L, row) != columns->count) {
    la_fail(&nodes->err, LA_ARGUMENT, "a row of values():data() must be a sequence of %u values",
            (unsigned)columns->count);
    return false;
  }
  for (uint32_t i = 0; i < columns->count; i++) {
    bool added;
    lua_rawgeti(L, row, (lua_Integer)i + 1);
    added =
        la_nodes_add_expr(L, nodes, lua_gettop(L),
                          &(la_node){.kind = LA_NODE_LABEL, .type = columns->children[i]->type});
    lua_pop(L, 1);
    if (!added) {
      nodes->bad_argument = nodes->bad_argument != 0 ? 2 : 0;
      return false;
    }
  }
  return la_nodes_fold(nodes, first,
                       la_expr_list(&nodes->state->sql, nodes->items + first, columns->count));
}

/* values:data{{1, "a"}, …} */
static int values_data(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, 1);
  la_node *result;
  la_nodes nodes;
  if (self == NULL || self->kind != LA_NODE_VALUES) {
    return la_raise_argument(L, 1, "values()");
  }
  la_check_table_argument(L, 2);
  luaL_checkstack(L, 6, NULL);
  la_nodes_init(&nodes, state);
  for (uint32_t i = 0; i < self->count; i++) {
    la_nodes_add(&nodes, la_node_retain(self->children[i]));
  }
  for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, 2); i++) {
    bool added;
    lua_rawgeti(L, 2, i);
    added = nodes.err.status == LA_OK && add_values_row(L, &nodes, self->children[0]);
    lua_pop(L, 1);
    if (!added) {
      return la_nodes_raise(L, &nodes);
    }
  }
  result = la_node_with_children(self, nodes.items, (uint32_t)nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static bool is_values(const la_node *node) {
  return node->kind == LA_NODE_VALUES;
}

/* values:scalar_values(): the rows as an expression. */
static int values_scalar(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, is_values, "values()");
  return la_return_node(L, state, la_expr_scalar_subquery(&state->sql, self));
}

/* table(name, column…, {schema = "…"}) */
static int core_table(lua_State *L) {
  static const char *const names[] = {"schema", NULL};
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 2);
  uint32_t quote = 0;
  la_text name, schema;
  la_node *result;
  la_nodes nodes;
  la_check_count(L, 1, "table");
  name = la_check_quoted_name(L, 1, &quote);
  la_check_keywords(L, keywords, names, "table");
  schema = la_keyword_text(L, keywords, "schema");
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_each(L, &nodes, 2, lua_gettop(L) - (keywords != 0), add_plain_column)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_node_new(
      &state->alloc, &(la_node_parts){.kind = LA_NODE_LITERAL_TABLE,
                                      .flags = quote,
                                      .text = name,
                                      .value = schema.bytes ? la_value_text(schema) : LA_VALUE_NONE,
                                      .children = nodes.items,
                                      .count = (uint32_t)nodes.count});
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* ---- methods that lead to statements ---- */

/* from:select() */
static int from_select(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_node(L, 1, la_node_is_from, "FROM clause");
  return la_return_node(L, state, la_select_new(&state->sql, &self, 1));
}

static int from_insert(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state,
                        la_insert_new(&state->sql, la_check_node(L, 1, la_node_is_from, "table")));
}

static int from_update(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state,
                        la_update_new(&state->sql, la_check_node(L, 1, la_node_is_from, "table")));
}

static int from_delete(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state,
                        la_delete_new(&state->sql, la_check_node(L, 1, la_node_is_from, "table")));
}

/* Pushes the `left`, `right` or `onclause` of a join; false if `key` is none of them. */
static bool push_join_part(lua_State *L, la_state *state, const la_node *join, la_text key) {
  static const char *const parts[] = {"left", "right", "onclause"};
  for (uint32_t i = 0; i < 3; i++) {
    if (la_text_is(key, parts[i]) && la_node_child(join, i) != NULL) {
      la_push_node(L, state, la_node_retain(join->children[i]), 1, 1);
      return true;
    }
  }
  return false;
}

/* Fields: c, columns, name, those of a join; else the methods, then what Lua knows. */
static int from_index(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, 1);
  la_text key = LA_TEXT_NONE;
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  if (lua_type(L, 2) == LUA_TSTRING) {
    key.bytes = lua_tolstring(L, 2, &key.len);
  }
  if (self != NULL &&
      (la_text_is(key, "c") || la_text_is(key, "columns") || la_text_is(key, "exported_columns"))) {
    la_push_columns(L, state, self, 1);
    return 1;
  }
  if (self != NULL && la_text_is(key, "column") && self->kind == LA_NODE_ALIAS &&
      la_is_function(self->children[0])) {
    return la_return_node(L, state, la_from_function_column(&state->sql, self));
  }
  if (self != NULL && self->kind == LA_NODE_JOIN && push_join_part(L, state, self, key)) {
    return 1;
  }
  if (self != NULL && la_text_is(key, "name")) {
    la_text name = la_from_name(self);
    if (name.bytes != NULL) {
      lua_pushlstring(L, name.bytes, name.len);
      return 1;
    }
    return 0;
  }
  return la_push_field(L, state, self != NULL ? "from_field" : NULL);
}

/* The table or alias at 1, also as a mapped class or an alias of one, and the table that it is.
 * NULL if it is none. */
static la_node *base_from(lua_State *L, const la_table **table_out) {
  la_node *from = la_to_node(L, 1);
  if (from != NULL && from->kind == LA_NODE_ENTITY) {
    from = from->children[0];
  }
  *table_out = from != NULL && la_node_is_from(from) ? la_from_base_table(from) : NULL;
  return from;
}

/* core.hidden_column(table or alias, name or nil, type): a column that the table does not declare;
 * without a name the one that is called as the table. nil for what is no table. */
static int core_hidden_column(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_table *table;
  la_node *from = base_from(L, &table);
  if (table == NULL) {
    return 0;
  }
  la_text name = lua_isnil(L, 2) ? table->name : la_check_text(L, 2);
  return la_return_node(L, state,
                        la_expr_named_column(&state->sql, name, la_check_type(L, 3), from));
}

/* core.base_table(table or alias) → Table, or nil */
static int core_base_table(lua_State *L) {
  const la_table *table;
  (void)base_from(L, &table);
  return table != NULL && la_push_known(L, la_state_of(L), table) ? 1 : 0;
}

static const luaL_Reg methods[] = {{"alias", la_statement_alias},
                                   {"lateral", la_statement_lateral},
                                   {"join", la_from_join_method},
                                   {"outerjoin", la_from_outerjoin_method},
                                   {"select", from_select},
                                   {"insert", from_insert},
                                   {"update", from_update},
                                   {"delete", from_delete},
                                   {"union", cte_union},
                                   {"union_all", cte_union_all},
                                   {"data", values_data},
                                   {"cte", la_statement_cte},
                                   {"scalar_values", values_scalar},
                                   {"tablesample", la_from_tablesample},
                                   {"corresponding_column", la_from_corresponding_column},
                                   {"is_derived_from", la_from_is_derived_from},
                                   {"table_valued", la_expr_table_valued},
                                   {"render_derived", la_from_render_derived},
                                   {"prefix_with", la_statement_prefix_with},
                                   {"suffix_with", la_statement_suffix_with},
                                   {"compile", la_node_compile},
                                   {NULL, NULL}};

static const luaL_Reg metamethods[] = {
    {"__index", from_index}, {"__tostring", la_node_tostring}, {NULL, NULL}};

static const luaL_Reg functions[] = {{"alias", la_statement_alias},
                                     {"subquery", la_statement_subquery},
                                     {"cte", la_statement_cte},
                                     {"lateral", la_statement_lateral},
                                     {"join", la_from_join_method},
                                     {"outerjoin", la_from_outerjoin_method},
                                     {"values", core_values},
                                     {"table", core_table},
                                     {"hidden_column", core_hidden_column},
                                     {"base_table", core_base_table},
                                     {"column_origin", la_core_column_origin},
                                     {"from_element", la_core_from_element},
                                     {"expression_part", la_core_expression_part},
                                     {NULL, NULL}};

void la_open_sql_from(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_FROM, methods, metamethods);
  la_set_functions(L, functions);
}
