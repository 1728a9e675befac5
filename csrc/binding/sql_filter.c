/* SPDX-License-Identifier: MIT */
/*
 * filter_by: finds keys among the FROM elements that a statement names.
 */
#include "binding/orm_load.h"
#include "binding/push.h"
#include "binding/sql.h"

#include "base/vec.h"
#include "sql/walk.h"

#include <stdlib.h>

static bool is_same_from(const la_node *a, const la_node *b) {
  if (a == b) {
    return true;
  }
  return a->kind == b->kind && a->subject != NULL && a->subject == b->subject &&
         la_node_child(a, 0) == la_node_child(b, 0) && la_text_equal(a->text, b->text);
}

/* Adds `take` unless it is there. */
static bool add_from(la_nodes *nodes, la_node *take) {
  for (size_t i = 0; take != NULL && i < nodes->count; i++) {
    if (is_same_from(nodes->items[i], take)) {
      la_node_release(take);
      return true;
    }
  }
  return la_nodes_add(nodes, take);
}

/* Adds what a part of an expression is taken from. */
static la_walk_answer collect_from(const la_node *node, void *context) {
  la_nodes *nodes = context;
  bool added = true;
  switch (node->kind) {
  case LA_NODE_SCALAR_SUBQUERY:
  case LA_NODE_EXISTS:
    return LA_WALK_PRUNE;
  case LA_NODE_COLUMN:
    if (la_node_child(node, 0) != NULL) {
      added = add_from(nodes, la_node_retain(node->children[0]));
    } else if (node->subject != NULL) {
      la_table *table = ((la_column *)node->subject)->table;
      added = table == NULL || add_from(nodes, la_from_table(&nodes->state->sql, table));
    }
    break;
  case LA_NODE_ATTRIBUTE:
    if (la_node_child(node, 1) == NULL) {
      return LA_WALK_CONTINUE;
    }
    added = add_from(nodes, la_node_retain(node->children[1]));
    break;
  default:
    if (!la_node_is_from(node)) {
      return LA_WALK_CONTINUE;
    }
    added = add_from(nodes, la_node_retain(node));
  }
  return added ? LA_WALK_PRUNE : LA_WALK_STOP;
}

/* Adds the sides of joins for themselves, from left to right. */
static bool add_spread(la_nodes *nodes, la_node *from) {
  LA_VEC(la_node *) rest = {0};
  la_allocator *alloc = &nodes->state->alloc;
  bool added = true;
  while (added && from != NULL) {
    while (added && from->kind == LA_NODE_JOIN) {
      added = la_vec_push(alloc, &rest, from->children[1]);
      from = from->children[0];
    }
    if (!added) {
      la_fail_nomem(&nodes->err);
    } else {
      added = add_from(nodes, la_node_retain(from));
    }
    from = rest.count != 0 ? rest.items[--rest.count] : NULL;
  }
  la_vec_clear(alloc, &rest);
  return added;
}

static bool add_step(la_nodes *nodes, la_node *item) {
  la_node *target = item->kind == LA_NODE_JOIN_STEP ? item->children[0] : item;
  if (target->kind == LA_NODE_RELATIONSHIP) {
    la_node *entity = la_relationship_target(target, &nodes->err);
    return entity != NULL ? add_from(nodes, entity) : nodes->err.status == LA_OK;
  }
  return la_node_is_from(target) ? add_spread(nodes, target) : true;
}

static bool add_chain(la_nodes *nodes, const la_node *chain, bool is_from) {
  if (chain == NULL) {
    return true;
  }
  /* Oldest first: the chain's nodes from its end. */
  size_t count = la_chain_count(chain);
  la_node **items = la_alloc(&nodes->state->alloc, la_array_size(count + 1, sizeof(la_node *)));
  bool added = items != NULL;
  if (items == NULL) {
    la_fail_nomem(&nodes->err);
    return false;
  }
  la_chain_collect(chain, items);
  for (size_t i = 0; added && i < count; i++) {
    if (is_from) {
      added = add_step(nodes, items[i]);
    } else {
      added = la_walk(&nodes->state->alloc, items[i], collect_from, nodes, &nodes->err) == LA_OK;
    }
  }
  la_free(&nodes->state->alloc, items, (count + 1) * sizeof(la_node *));
  return added;
}

const char la_filters_query = 0;

/* What a Query's keys are of: what was joined last; without joins the FROM that was given, or the
 * first entity. */
static bool add_query_from(la_nodes *nodes, la_node *select) {
  la_node *chain = select->children[LA_SELECT_FROM];
  size_t count = la_chain_count(chain), first;
  la_node **items = la_alloc(&nodes->state->alloc, la_array_size(count + 1, sizeof(la_node *)));
  bool added = items != NULL;
  if (!added) {
    la_fail_nomem(&nodes->err);
    return false;
  }
  la_chain_collect(chain, items);
  first = count > 0 && items[count - 1]->kind == LA_NODE_JOIN_STEP ? count - 1 : 0;
  added = count > 0 ? add_step(nodes, items[first])
                    : add_chain(nodes, select->children[LA_SELECT_COLUMNS], false);
  while (added && count == 0 && nodes->count > 1) {
    la_node_release(nodes->items[--nodes->count]);
  }
  la_free(&nodes->state->alloc, items, (count + 1) * sizeof(la_node *));
  return added;
}

bool la_nodes_add_froms(la_nodes *nodes, la_node *statement, bool columns_only) {
  switch (statement->kind) {
  case LA_NODE_SELECT:
    return add_chain(nodes, statement->children[LA_SELECT_COLUMNS], false) &&
           (columns_only || add_chain(nodes, statement->children[LA_SELECT_FROM], true));
  case LA_NODE_INSERT:
  case LA_NODE_UPDATE:
  case LA_NODE_DELETE:
    return add_from(nodes, la_node_retain(statement->children[0]));
  default:
    return true;
  }
}

/* ---- filter_by ---- */

/* The property `key` of `from`: a new reference, or NULL without an error if there is none. */
static la_node *find_property(la_nodes *nodes, la_node *from, la_text key) {
  la_error own = LA_ERROR_INIT;
  la_node *found = NULL;
  if (from->kind == LA_NODE_ENTITY) {
    return la_entity_property(nodes->state, from, key, &nodes->err);
  }
  if (la_from_column(&nodes->state->sql, from, key, &found, &own) == LA_OK) {
    return found;
  }
  if (own.status != LA_NO_SUCH_COLUMN && nodes->err.status == LA_OK) {
    nodes->err = own;
  }
  return NULL;
}

static void describe_into(const la_node *from, la_strbuf *out) {
  la_strbuf_string(out, out->len != 0 ? ", " : "");
  la_from_describe(from, out);
}

static bool fail_property(la_nodes *nodes, const la_nodes *froms, la_text key, size_t found) {
  la_strbuf names;
  la_strbuf_init(&names, &nodes->state->alloc);
  for (size_t i = 0; i < froms->count; i++) {
    describe_into(froms->items[i], &names);
  }
  if (found == 0) {
    la_fail(&nodes->err, LA_INVALID_REQUEST,
            "Entity namespace for \"%.*s\" has no property \"%.*s\"",
            LA_TEXT_FORMAT(la_strbuf_view(&names)), LA_TEXT_FORMAT(key));
  } else {
    la_fail(&nodes->err, LA_INVALID_REQUEST,
            "Attribute name \"%.*s\" is ambiguous; it exists in multiple FROM clause entities "
            "(%.*s). Use filter() with "
            "explicit column references instead of filter_by().",
            LA_TEXT_FORMAT(key), LA_TEXT_FORMAT(la_strbuf_view(&names)));
  }
  la_strbuf_clear(&names);
  return false;
}

/* The property `key` of the one FROM element that has it, a new reference. */
static la_node *find_unique(la_nodes *nodes, const la_nodes *froms, la_text key) {
  la_node *property = NULL;
  size_t found = 0;
  for (size_t i = 0; i < froms->count; i++) {
    la_node *one = find_property(nodes, froms->items[i], key);
    if (nodes->err.status != LA_OK) {
      la_node_release(property);
      return NULL;
    }
    if (one != NULL && found++ == 0) {
      property = one;
    } else {
      la_node_release(one);
    }
  }
  if (found != 1) {
    fail_property(nodes, froms, key, found);
    la_node_release(property);
    return NULL;
  }
  return property;
}

/* The condition that is in the table at `made` (0: none) for `key`, lent by it; or NULL. */
static la_node *made_condition(lua_State *L, int made, la_text key) {
  la_node *condition = NULL;
  if (made != 0) {
    la_push_text(L, key);
    lua_rawget(L, made);
    condition = la_to_node(L, -1);
    lua_pop(L, 1);
  }
  return condition;
}

/* Adds the condition that `property` equals the value on top of the stack; of a relationship or a
 * descriptor it is in the table at `made`. */
static bool add_equality(lua_State *L, la_nodes *nodes, la_node *property, la_text key, int made) {
  la_node *condition = made_condition(L, made, key);
  if (property->kind == LA_NODE_RELATIONSHIP || condition != NULL) {
    return condition != NULL ? la_nodes_add(nodes, la_node_retain(condition))
                             : la_nodes_refuse(nodes, 2, "object for a relationship");
  }
  if (!la_nodes_add_compared(L, nodes, lua_gettop(L), property)) {
    nodes->bad_argument = nodes->bad_argument != 0 ? 2 : 0;
    return false;
  }
  condition =
      la_expr_binary(&nodes->state->sql, LA_OP_EQ, property, nodes->items[nodes->count - 1]);
  return la_nodes_fold(nodes, nodes->count - 1, condition);
}

typedef struct filter_key {
  la_text key;
  la_node *property;
  int64_t rank; /* its place in its table or mapper */
} filter_key;

static int compare_keys(const void *a, const void *b) {
  const filter_key *left = a, *right = b;
  size_t len = left->key.len < right->key.len ? left->key.len : right->key.len;
  int order;
  if (left->rank != right->rank) {
    return left->rank < right->rank ? -1 : 1;
  }
  order = memcmp(left->key.bytes, right->key.bytes, len);
  return order != 0 ? order : left->key.len < right->key.len ? -1 : 1;
}

static int64_t rank_of(const la_node *property) {
  if (property->kind == LA_NODE_COLUMN && property->subject != NULL &&
      property->value.kind == LA_VALUE_NULL) {
    return ((const la_column *)property->subject)->ordinal;
  }
  return property->value.kind == LA_VALUE_INTEGER ? property->value.as.integer : INT64_MAX;
}

typedef LA_VEC(filter_key) filter_keys;

/* Finds the property of every key of the table at `index`; a descriptor has its condition alone. */
static bool read_keys(lua_State *L, la_nodes *nodes, const la_nodes *froms, int index, int made,
                      filter_keys *keys) {
  lua_pushnil(L);
  while (lua_next(L, index)) {
    filter_key one;
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) {
      return la_nodes_refuse(nodes, index, "table of keys and values");
    }
    one.key.bytes = lua_tolstring(L, -1, &one.key.len);
    la_node *condition = made_condition(L, made, one.key);
    one.property =
        condition != NULL ? la_node_retain(condition) : find_unique(nodes, froms, one.key);
    if (one.property == NULL) {
      return false;
    }
    one.rank = rank_of(one.property);
    if (!la_vec_push(&nodes->state->alloc, keys, one)) {
      la_node_release(one.property);
      la_fail_nomem(&nodes->err);
      return false;
    }
  }
  if (keys->count > 1) {
    qsort(keys->items, keys->count, sizeof *keys->items, compare_keys);
  }
  return true;
}

bool la_nodes_add_filters(lua_State *L, la_nodes *nodes, const la_nodes *froms, int index,
                          int made) {
  filter_keys keys = {0};
  bool added = read_keys(L, nodes, froms, index, made, &keys);
  for (size_t i = 0; added && i < keys.count; i++) {
    la_push_text(L, keys.items[i].key);
    lua_rawget(L, index);
    added = add_equality(L, nodes, keys.items[i].property, keys.items[i].key, made);
    lua_pop(L, 1);
  }
  for (size_t i = 0; i < keys.count; i++) {
    la_node_release(keys.items[i].property);
  }
  la_vec_clear(&nodes->state->alloc, &keys);
  return added;
}

/* The first RELATIONSHIP of `froms` called `key`: a new reference, or NULL. */
static la_node *find_relationship(la_state *state, const la_nodes *froms, la_text key) {
  la_error err;
  la_error_init(&err);
  for (size_t i = 0; i < froms->count; i++) {
    la_node *property = froms->items[i]->kind == LA_NODE_ENTITY
                            ? la_entity_property(state, froms->items[i], key, &err)
                            : NULL;
    if (property != NULL && property->kind == LA_NODE_RELATIONSHIP) {
      return property;
    }
    la_node_release(property);
  }
  return NULL;
}

static bool has_property(la_state *state, const la_nodes *froms, la_text key) {
  bool found = false;
  for (size_t i = 0; i < froms->count && !found; i++) {
    la_error err;
    la_error_init(&err);
    la_node *property = froms->items[i]->kind == LA_NODE_ENTITY
                            ? la_entity_property(state, froms->items[i], key, &err)
                            : NULL;
    found = property != NULL;
    la_node_release(property);
  }
  return found;
}

/* Pushes the condition of the descriptor `key` of one of `froms` with the value at `index`; false,
 * and nothing pushed, if it is none. */
static bool push_descriptor_filter(lua_State *L, la_state *state, const la_nodes *froms,
                                   la_text key, int index) {
  for (size_t i = 0; i < froms->count; i++) {
    if (froms->items[i]->kind != LA_NODE_ENTITY) {
      continue;
    }
    la_push_node(L, state, la_node_retain(froms->items[i]), 0, -1);
    if (la_push_descriptor(L, state, -1, key)) {
      lua_remove(L, -2);
      lua_getfield(L, -1, "eq");
      lua_insert(L, -2);
      lua_pushvalue(L, index);
      lua_call(L, 2, 1);
      return true;
    }
    lua_pop(L, 1);
  }
  return false;
}

void la_push_relationship_filters(lua_State *L, la_state *state, la_nodes *froms, int index) {
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, index)) {
    la_text key = LA_TEXT_NONE;
    la_node *relationship = NULL;
    if (lua_type(L, -2) == LUA_TSTRING) {
      key.bytes = lua_tolstring(L, -2, &key.len);
      relationship = find_relationship(state, froms, key);
    }
    if (relationship != NULL) {
      la_push_relationship_call(L, state, relationship, "eq", lua_gettop(L));
      lua_pushvalue(L, -3);
      lua_insert(L, -2); /* made, key, value, key, condition */
      lua_rawset(L, -5);
    } else if (key.bytes != NULL && !has_property(state, froms, key) &&
               push_descriptor_filter(L, state, froms, key, lua_gettop(L))) {
      lua_pushvalue(L, -3);
      lua_insert(L, -2);
      lua_rawset(L, -5);
    }
    lua_pop(L, 1);
  }
}

static void clear_froms(void *memory) {
  la_nodes *froms = memory;
  if (froms->state != NULL) {
    la_nodes_clear(froms);
  }
}

/* statement:filter_by{name = value, …}; of a Query with `la_filters_query` as a further argument.
 */
int la_statement_filter_by(lua_State *L) {
  la_state *state = la_state_of(L);
  bool of_query = lua_touserdata(L, 3) == &la_filters_query;
  la_node *self = la_check_statement(L, 1), *result;
  int part = la_statement_where_part(self);
  la_nodes *froms, nodes;
  if (part < 0 || self->kind == LA_NODE_COMPOUND) {
    return la_raise_argument(L, 1, "select(), update() or delete()");
  }
  la_check_table_argument(L, 2);
  luaL_checkstack(L, 12, NULL);
  lua_settop(L, 2);
  la_configure_statement(L, state, self);
  froms = la_push_scratch(L, state, sizeof *froms, clear_froms);
  la_nodes_init(froms, state);
  if (!(of_query && self->kind == LA_NODE_SELECT ? add_query_from(froms, self)
                                                 : la_nodes_add_froms(froms, self, false))) {
    return la_nodes_raise(L, froms);
  }
  la_push_relationship_filters(L, state, froms, 2);
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_filters(L, &nodes, froms, 2, 4)) {
    return la_nodes_raise(L, &nodes);
  }
  la_nodes_clear(froms);
  result = nodes.count != 0
               ? la_node_with_chained(self, (uint32_t)part, nodes.items, (uint32_t)nodes.count)
               : la_node_retain(self);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* The entity that the select's first join starts from, if a relationship says so; or NULL. */
static const la_node *left_of_joins(const la_node *select) {
  const la_node *chain = select->children[LA_SELECT_FROM], *step = NULL;
  for (; chain != NULL; chain = chain->children[0]) { /* the newest first */
    step = chain->count > 1 ? chain->children[1] : step;
  }
  for (uint32_t i = 0; step != NULL && step->kind == LA_NODE_JOIN_STEP && i < 2; i++) {
    const la_node *part = la_node_child(step, i);
    if (part != NULL && part->kind == LA_NODE_RELATIONSHIP) {
      return part->children[0];
    }
  }
  return NULL;
}

/* Of several only `left` stays, if it is there. */
static void keep_only(la_nodes *nodes, const la_node *left) {
  size_t at = 0;
  while (at < nodes->count && nodes->items[at] != left) {
    at++;
  }
  if (at == nodes->count) {
    return;
  }
  for (size_t i = 0; i < nodes->count; i++) {
    if (i != at) {
      la_node_release(nodes->items[i]);
    }
  }
  nodes->items[0] = nodes->items[at];
  nodes->count = 1;
}

la_node *la_push_with_column_froms(lua_State *L, la_state *state, la_node *select, bool only_left) {
  la_node *result;
  la_nodes nodes;
  la_configure_statement(L, state, select);
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_froms(&nodes, select, true)) {
    la_nodes_raise(L, &nodes);
  }
  if (only_left && nodes.count > 1) {
    keep_only(&nodes, left_of_joins(select));
  }
  result = nodes.count != 0
               ? la_node_with_chained(select, LA_SELECT_FROM, nodes.items, (uint32_t)nodes.count)
               : la_node_retain(select);
  la_nodes_clear(&nodes);
  la_push_node(L, state, result, 0, -1);
  return result;
}
