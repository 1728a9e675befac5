/* SPDX-License-Identifier: MIT */
/*
 * Configuring relationships, and what statements of classes need to know about them.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/schema.h"
#include "binding/sql.h"
#include "binding/warning.h"
#include "sql/adapt.h"
#include "sql/from.h"
#include "sql/select.h"

/* Raises for what stands on top and is no expression for the option `name`. */
static void refuse_value(lua_State *L, const char *name) {
  const char *hint = lua_isboolean(L, -1) ? "; User.id == Address.user_id compares in Lua, write "
                                            "User.id:eq(Address.user_id)"
                                          : "";
  la_raise_status(L, LA_ARGUMENT,
                  "Column-based expression object expected for argument '%s'; got: %s%s", name,
                  luaL_tolstring(L, -1, NULL), hint);
}

/* Columns named by the list in field `name` (COLUMN or ATTRIBUTE boxes), in memory of a userdata
 * left on the stack. */
static la_column **columns_field(lua_State *L, int index, const char *name, uint32_t *count_out) {
  *count_out = 0;
  if (lua_getfield(L, index, name) != LUA_TTABLE) {
    return NULL;
  }
  lua_Integer count = luaL_len(L, -1);
  la_column **columns = lua_newuserdatauv(L, sizeof *columns * (size_t)(count + 1), 0);
  for (lua_Integer i = 0; i < count; i++) {
    lua_geti(L, -2, i + 1);
    la_node *node = la_to_node(L, -1);
    while (node && node->kind == LA_NODE_ATTRIBUTE) {
      node = la_node_child(node, 0);
    }
    if (node && node->kind == LA_NODE_COLUMN && node->subject) {
      columns[i] = (la_column *)node->subject;
    } else {
      const la_box *box = la_to_box(L, -1);
      if (!box || box->class != LA_BOX_COLUMN) {
        refuse_value(L, name);
      }
      columns[i] = la_check_column(L, -1);
    }
    lua_pop(L, 1);
  }
  *count_out = (uint32_t)count;
  return columns;
}

/* The node in field `name`; its box stays alive in the table; NULL if there is none. */
static la_node *node_field(lua_State *L, int index, const char *name) {
  la_node *node = NULL;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    node = la_to_node(L, -1);
    if (!node || !la_node_is_expr(node)) {
      refuse_value(L, name);
    }
  }
  lua_pop(L, 1);
  return node;
}

static bool flag(lua_State *L, int index, const char *name, bool otherwise) {
  bool on = otherwise;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    on = lua_toboolean(L, -1);
  }
  lua_pop(L, 1);
  return on;
}

static la_loader_strategy lazy_field(lua_State *L, int index) {
  static const char *const names[] = {
#define X(name, text) text,
      LA_LOADER_STRATEGIES(X)
#undef X
          NULL};
  lua_getfield(L, index, "lazy");
  const char *given = luaL_optstring(L, -1, "select");
  lua_pop(L, 1);
  for (int i = 0; i <= LA_LOADER_WRITE_ONLY; i++) {
    if (strcmp(given, names[i]) == 0) {
      return (la_loader_strategy)i;
    }
  }
  la_raise_status(L, LA_ARGUMENT,
                  "lazy = \"%s\" is no loading strategy; they are \"select\", \"joined\", "
                  "\"selectin\", \"subquery\", \"immediate\", "
                  "\"raise\", \"raise_on_sql\", \"noload\", \"dynamic\" and \"write_only\"",
                  given);
  return LA_LOADER_SELECT;
}

static void order_field(lua_State *L, la_state *state, la_relationship_options *options) {
  if (lua_getfield(L, 3, "order_by") != LUA_TTABLE) {
    return;
  }
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  lua_Integer count = luaL_len(L, -1);
  luaL_checkstack(L, (int)count + 4, NULL);
  int first = lua_gettop(L) + 1;
  for (lua_Integer i = 1; i <= count; i++) {
    if (lua_geti(L, first - 1, i) != LUA_TSTRING && !la_to_node(L, -1)) {
      refuse_value(L, "order_by");
    }
  }
  if (!la_nodes_add_each(L, &nodes, first, first + (int)count - 1, la_nodes_add_order)) {
    la_nodes_raise(L, &nodes);
  }
  la_node_parts parts = {
      .kind = LA_NODE_LIST, .children = nodes.items, .count = (uint32_t)nodes.count};
  la_node *list = la_node_new(&state->alloc, &parts);
  la_nodes_clear(&nodes);
  la_push_node(L, state, list, 0, -1);
  options->order_by = la_to_node(L, -1);
}

/* The FROM element in field "secondary", in a box that stays on the stack; NULL if there is none.
 */
static la_node *secondary_field(lua_State *L, la_state *state) {
  if (lua_getfield(L, 3, "secondary") == LUA_TNIL) {
    return NULL;
  }
  la_node *node = la_to_node(L, -1);
  if (!node) {
    la_push_node(L, state, la_from_table(&state->sql, la_check_table(L, -1)), 1, -1);
    node = la_to_node(L, -1);
  }
  return node;
}

static la_relationship *check_relationship(lua_State *L, int class_index, int key_index) {
  la_mapper *mapper = la_check_mapper(L, class_index);
  la_property *property = la_mapper_property(mapper, la_check_text(L, key_index));
  if (!property || property->kind != LA_PROPERTY_RELATIONSHIP) {
    la_raise_status(L, LA_INVALID_REQUEST, "Mapper '%.*s' has no relationship '%s'",
                    LA_TEXT_FORMAT(mapper->class_name), lua_tostring(L, key_index));
  }
  return property->relationship;
}

/* core.relationship_configure(class, key, options): names are resolved, expressions are nodes. */
static int relationship_configure(lua_State *L) {
  la_state *state = la_state_of(L);
  la_relationship *relationship = check_relationship(L, 1, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  luaL_checkstack(L, 20, NULL);
  la_error err = LA_ERROR_INIT;
  la_relationship_options options = {.uselist = -1, .join_depth = -1, .distinct_target_key = -1};
  lua_getfield(L, 3, "target");
  options.target = la_check_mapper(L, -1);
  if (lua_getfield(L, 3, "alias") != LUA_TNIL) {
    options.alias = la_to_node(L, -1);
  }
  options.through = secondary_field(L, state);
  options.primaryjoin = node_field(L, 3, "primaryjoin");
  options.secondaryjoin = node_field(L, 3, "secondaryjoin");
  options.foreign_keys = columns_field(L, 3, "foreign_keys", &options.foreign_key_count);
  options.remote_side = columns_field(L, 3, "remote_side", &options.remote_side_count);
  order_field(L, state, &options);
  if (lua_getfield(L, 3, "uselist") != LUA_TNIL) {
    options.uselist = (int8_t)lua_toboolean(L, -1);
  }
  options.lazy = lazy_field(L, 3);
  options.viewonly = flag(L, 3, "viewonly", false);
  options.single_parent = flag(L, 3, "single_parent", false);
  options.post_update = flag(L, 3, "post_update", false);
  options.passive_updates = flag(L, 3, "passive_updates", true);
  options.innerjoin = flag(L, 3, "innerjoin", false);
  options.unnested = flag(L, 3, "unnested", false);
  options.active_history = flag(L, 3, "active_history", false);
  options.load_on_pending = flag(L, 3, "load_on_pending", false);
  options.enable_typechecks = flag(L, 3, "enable_typechecks", true);
  options.apart = !flag(L, 3, "sync_backref", true);
  options.by_join = !flag(L, 3, "omit_join", true);
  if (lua_getfield(L, 3, "distinct_target_key") != LUA_TNIL) {
    options.distinct_target_key = (int8_t)lua_toboolean(L, -1);
  }
  if (lua_getfield(L, 3, "passive_deletes") == LUA_TSTRING) {
    options.passive_deletes = LA_PASSIVE_DELETES_ALL;
  } else if (lua_toboolean(L, -1)) {
    options.passive_deletes = LA_PASSIVE_DELETES_YES;
  }
  if (lua_getfield(L, 3, "join_depth") == LUA_TNUMBER) {
    options.join_depth = (int)lua_tointeger(L, -1);
  }
  if (lua_getfield(L, 3, "collection") != LUA_TNIL) { /* the class's record holds it */
    options.host = la_host_number(L, state, -1);
  }
  options.cascade = LA_CASCADE_SAVE_UPDATE | LA_CASCADE_MERGE;
  la_status status = LA_OK;
  if (lua_getfield(L, 3, "cascade") == LUA_TSTRING) {
    status = la_cascade_parse(la_check_text(L, -1), &options.cascade, &err);
  } else if (lua_isboolean(L, -1) && !lua_toboolean(L, -1)) {
    options.cascade = 0;
  }
  if (options.viewonly) { /* what would write is left out */
    options.cascade &= LA_CASCADE_MERGE | LA_CASCADE_EXPUNGE | LA_CASCADE_REFRESH_EXPIRE;
  }
  if (status >= 0) {
    status = la_relationship_configure(relationship, &options, &err);
  }
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  la_tell_warnings(L, state);
  return 0;
}

/* core.relationship_reverse(class, key, back_populates). */
static int relationship_reverse(lua_State *L) {
  la_relationship *relationship = check_relationship(L, 1, 2);
  la_error err = LA_ERROR_INIT;
  if (la_relationship_set_reverse(relationship, la_check_text(L, 3), &err) < 0) {
    la_raise_orm(L, &err);
  }
  return 0;
}

void la_append_pairs(lua_State *L, la_state *state, const la_sync_pair *pairs, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    lua_createtable(L, 2, 0);
    la_push_column(L, state, pairs[i].source);
    lua_rawseti(L, -2, 1);
    la_push_column(L, state, pairs[i].destination);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
}

/* core.relationship_pairs(class, key) → a list of {column that is copied, column it is copied to}:
 * what a flush writes for the relationship. */
static int relationship_pairs(lua_State *L) {
  la_state *state = la_state_of(L);
  la_relationship *relationship = check_relationship(L, 1, 2);
  luaL_checkstack(L, 6, NULL);
  lua_newtable(L);
  bool writes_alias = relationship->element && relationship->direction != LA_MANY_TO_ONE;
  if (!relationship->viewonly && !writes_alias) {
    la_append_pairs(L, state, relationship->pairs, relationship->pair_count);
    la_append_pairs(L, state, relationship->secondary_pairs, relationship->secondary_pair_count);
  }
  return 1;
}

typedef struct annotating {
  const la_sql *sql;
  uint32_t flag;
} annotating;

static la_status annotate_column(const la_node *node, void *context, la_node **out, la_error *err) {
  const annotating *self = context;
  const la_node *column = node->kind == LA_NODE_ATTRIBUTE ? node->children[0] : node;
  if (column->kind != LA_NODE_COLUMN || column->subject == NULL) {
    return LA_OK;
  }
  *out = la_node_with_flags(column, self->flag, 0);
  return *out ? LA_OK : la_fail_nomem(err);
}

/* core.annotate_columns(expression, "foreign" or "remote") → the expression whose columns say so in
 * a relationship's condition. */
static int annotate_columns(lua_State *L) {
  la_state *state = la_state_of(L);
  bool foreign = la_text_is(la_check_text(L, 2), "foreign");
  annotating self = {.sql = &state->sql, .flag = foreign ? LA_COLUMN_FOREIGN : LA_COLUMN_REMOTE};
  la_node *node = la_to_node(L, 1), *out = NULL;
  la_error err = LA_ERROR_INIT;
  if (!node || !la_node_is_expr(node)) {
    return la_raise_status(L, LA_ARGUMENT, "%s() takes a column or an expression, not a %s",
                           lua_tostring(L, 2), luaL_typename(L, 1));
  }
  if (la_adapt(&state->alloc, node, annotate_column, &self, &out, &err) < 0) {
    la_raise(L, &err);
  }
  la_push_node(L, state, out, 1, 1);
  return 1;
}

/* core.mapper_has(class, key). */
static int mapper_has(lua_State *L) {
  lua_pushboolean(L, la_mapper_property(la_check_mapper(L, 1), la_check_text(L, 2)) != NULL);
  return 1;
}

/* core.configure_wanted(boolean): whether some class waits to be configured. */
static int configure_wanted(lua_State *L) {
  la_state_of(L)->configure_wanted = lua_toboolean(L, 1);
  return 0;
}

/* The first ENTITY or ATTRIBUTE in the columns of a select. */
static const la_node *first_entity(lua_State *L, const la_node *select) {
  if (select && select->kind == LA_NODE_SELECT) {
    const la_node *chain = la_node_child(select, LA_SELECT_COLUMNS);
    size_t count = la_chain_count(chain);
    la_node **items = lua_newuserdatauv(L, sizeof *items * (count + 1), 0);
    la_chain_collect(chain, items);
    for (size_t i = 0; i < count; i++) {
      const la_node *node = items[i];
      if (node->kind == LA_NODE_ATTRIBUTE && node->count > 1) {
        node = node->children[1];
      }
      if (node && node->kind == LA_NODE_ENTITY) {
        return node;
      }
    }
  }
  la_raise_status(L, LA_INVALID_REQUEST, "the query has no mapped class to work on");
  return NULL;
}

/* core.select_entity(select) → the MAPPER box, or the alias, that it selects first. */
static int select_entity(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *entity = first_entity(L, la_to_node(L, 1));
  la_mapper *mapper = (la_mapper *)entity->subject;
  if (mapper->entity == entity) {
    la_push_host(L, state, mapper->host);
  } else {
    la_push_node(L, state, la_node_retain(entity), 1, 1);
  }
  return 1;
}

/* core.select_to_dml(select, update or delete) → that statement with the select's conditions. */
static int select_to_dml(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *select = la_to_node(L, 1), *statement = la_to_node(L, 2);
  if (!select || select->kind != LA_NODE_SELECT || !statement) {
    return la_raise_argument(L, 1, "a Select");
  }
  static const struct {
    int part;
    const char *name;
  } refused[] = {{LA_SELECT_LIMIT, "limit()"},
                 {LA_SELECT_OFFSET, "offset()"},
                 {LA_SELECT_ORDER_BY, "order_by()"},
                 {LA_SELECT_GROUP_BY, "group_by()"},
                 {LA_SELECT_DISTINCT_ON, "distinct()"},
                 {LA_SELECT_FROM, "join(), outerjoin(), select_from(), or from_self()"},
                 {LA_SELECT_STATEMENT, "from_statement()"}};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    bool is_distinct =
        refused[i].part == LA_SELECT_DISTINCT_ON && (select->flags & LA_SELECT_DISTINCT);
    if (is_distinct || la_node_child(select, (uint32_t)refused[i].part)) {
      return la_raise_status(L, LA_INVALID_REQUEST,
                             "Can't call Query.update() or Query.delete() when %s has been called",
                             refused[i].name);
    }
  }
  la_node *where = la_node_child(select, LA_SELECT_WHERE);
  int part = la_statement_where_part(statement);
  if (!where || part < 0) {
    lua_settop(L, 2);
    return 1;
  }
  la_push_node(L, state, la_node_with_child(statement, (uint32_t)part, where), 1, 2);
  return 1;
}

void la_open_orm_configure(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"relationship_configure", relationship_configure},
                                       {"relationship_reverse", relationship_reverse},
                                       {"relationship_pairs", relationship_pairs},
                                       {"annotate_columns", annotate_columns},
                                       {"mapper_has", mapper_has},
                                       {"configure_wanted", configure_wanted},
                                       {"select_entity", select_entity},
                                       {"select_to_dml", select_to_dml},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
