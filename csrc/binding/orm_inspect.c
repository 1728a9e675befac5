/* SPDX-License-Identifier: MIT */
/*
 * What can be asked about mapped classes and objects: for la.inspect, merge, and tools.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/process.h"
#include "binding/schema.h"

static void set_text(lua_State *L, const char *name, la_text text) {
  if (text.bytes) {
    la_push_text(L, text);
    lua_setfield(L, -2, name);
  }
}

static void set_flag(lua_State *L, const char *name, bool on) {
  lua_pushboolean(L, on);
  lua_setfield(L, -2, name);
}

static void describe_relationship(lua_State *L, la_state *state,
                                  const la_relationship *relationship) {
  static const struct {
    uint32_t bit;
    const char *name;
  } cascades[] = {
      {LA_CASCADE_SAVE_UPDATE, "save-update"}, {LA_CASCADE_MERGE, "merge"},
      {LA_CASCADE_EXPUNGE, "expunge"},         {LA_CASCADE_REFRESH_EXPIRE, "refresh-expire"},
      {LA_CASCADE_DELETE, "delete"},           {LA_CASCADE_DELETE_ORPHAN, "delete-orphan"}};
  set_flag(L, "uselist", relationship->uselist);
  set_flag(L, "viewonly", relationship->viewonly);
  set_flag(L, "configured", relationship->configured);
  lua_pushstring(L, relationship->direction == LA_ONE_TO_MANY   ? "ONETOMANY"
                    : relationship->direction == LA_MANY_TO_ONE ? "MANYTOONE"
                                                                : "MANYTOMANY");
  lua_setfield(L, -2, "direction");
  lua_createtable(L, 0, 6);
  for (size_t i = 0; i < sizeof cascades / sizeof *cascades; i++) {
    set_flag(L, cascades[i].name, (relationship->cascade & cascades[i].bit) != 0);
  }
  lua_setfield(L, -2, "cascade");
  if (relationship->target) {
    la_push_host(L, state, relationship->target->host);
    lua_setfield(L, -2, "target");
  }
  if (relationship->reverse) {
    set_text(L, "back_populates", relationship->reverse->key);
  }
  if (relationship->host) {
    la_push_host(L, state, relationship->host);
    lua_setfield(L, -2, "collection");
  }
  if (relationship->secondary) {
    la_push_table(L, state, relationship->secondary);
    lua_setfield(L, -2, "secondary");
  }
}

/* core.mapper_properties(class) → a list of {key, kind, primary_key, column, …} in mapped order. */
static int mapper_properties(lua_State *L) {
  static const char *const kinds[] = {"column", "expression", "relationship", "synonym"};
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  luaL_checkstack(L, 10, NULL);
  lua_createtable(L, (int)mapper->properties.count, 0);
  for (size_t i = 0; i < mapper->properties.count; i++) {
    const la_property *property = mapper->properties.items[i];
    lua_createtable(L, 0, 8);
    set_text(L, "key", property->key);
    lua_pushstring(L, kinds[property->kind]);
    lua_setfield(L, -2, "kind");
    set_flag(L, "primary_key", (property->flags & LA_PROPERTY_PRIMARY_KEY) != 0);
    set_flag(L, "version", (property->flags & LA_PROPERTY_VERSION) != 0);
    set_flag(L, "deferred", (property->flags & LA_PROPERTY_DEFERRED) != 0);
    if (property->kind == LA_PROPERTY_SYNONYM && property->target) {
      set_text(L, "name", property->target->key);
    }
    if (property->column) {
      la_push_column(L, state, property->column);
      lua_setfield(L, -2, "column");
    }
    if (property->relationship) {
      describe_relationship(L, state, property->relationship);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static void set_node(lua_State *L, la_state *state, const char *name, la_node *node) {
  if (node) {
    la_push_node(L, state, la_node_retain(node), 0, -1);
    lua_setfield(L, -2, name);
  }
}

/* A list of {source column, destination column}. */
static void set_pairs(lua_State *L, la_state *state, const char *name, const la_sync_pair *pairs,
                      uint32_t count) {
  lua_createtable(L, (int)count, 0);
  la_append_pairs(L, state, pairs, count);
  lua_setfield(L, -2, name);
}

/* core.relationship_parts(class, key) → what the relationship was configured to: its conditions,
 * order, pairs of columns, strategy and flags. */
static int relationship_parts(lua_State *L) {
  static const char *const strategies[] = {
#define X(name, text) text,
      LA_LOADER_STRATEGIES(X)
#undef X
  };
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  la_property *property = la_mapper_property(mapper, la_check_text(L, 2));
  if (!property || !property->relationship) {
    return la_raise_argument(L, 2, "the name of a relationship");
  }
  const la_relationship *relationship = property->relationship;
  luaL_checkstack(L, 10, NULL);
  lua_createtable(L, 0, 16);
  set_node(L, state, "primaryjoin", relationship->primaryjoin);
  set_node(L, state, "secondaryjoin", relationship->secondaryjoin);
  set_pairs(L, state, "pairs", relationship->pairs, relationship->pair_count);
  set_pairs(L, state, "secondary_pairs", relationship->secondary_pairs,
            relationship->secondary_pair_count);
  lua_createtable(L, 0, 0);
  for (uint32_t i = 0; relationship->order_by && i < relationship->order_by->count; i++) {
    la_push_node(L, state, la_node_retain(relationship->order_by->children[i]), 0, -1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "order_by");
  lua_pushstring(L, strategies[relationship->lazy]);
  lua_setfield(L, -2, "lazy");
  set_flag(L, "single_parent", relationship->single_parent);
  set_flag(L, "post_update", relationship->post_update);
  set_flag(L, "passive_updates", relationship->passive_updates);
  set_flag(L, "innerjoin", relationship->innerjoin);
  set_flag(L, "active_history", relationship->active_history);
  if (relationship->passive_deletes == LA_PASSIVE_DELETES_ALL) {
    lua_pushliteral(L, "all");
    lua_setfield(L, -2, "passive_deletes");
  } else {
    set_flag(L, "passive_deletes", relationship->passive_deletes == LA_PASSIVE_DELETES_YES);
  }
  if (relationship->join_depth >= 0) {
    lua_pushinteger(L, relationship->join_depth);
    lua_setfield(L, -2, "join_depth");
  }
  return 1;
}

/* core.object_expired(object, key) → whether it is to be read anew when it is read. */
static int object_expired(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  const la_property *property = la_check_property(L, instance, 2);
  lua_pushboolean(L, property->kind != LA_PROPERTY_RELATIONSHIP &&
                         property->slot < instance->slot_count &&
                         (instance->slots[property->slot].flags & LA_SLOT_EXPIRED) != 0);
  return 1;
}

/* core.alias_parts(alias) → the name of an alias of a class (nil: none) and its FROM element. */
static int alias_parts(lua_State *L) {
  const la_node *node = la_to_node(L, 1);
  if (!node || node->kind != LA_NODE_ENTITY) {
    return la_raise_argument(L, 1, "an alias of a mapped class");
  }
  lua_settop(L, 1);
  if (node->text.bytes) {
    la_push_text(L, node->text);
  } else {
    lua_pushnil(L);
  }
  la_push_node(L, la_state_of(L), la_node_retain(node->children[0]), 0, -1);
  return 2;
}

/* core.object_state(object) → "transient", "pending", "persistent", "deleted" or "detached", and
 * whether anything of it was set. */
static int object_state(lua_State *L) {
  static const char *const names[] = {"transient", "pending", "persistent", "deleted", "detached"};
  la_instance *instance = la_check_instance(L, 1);
  lua_pushstring(L, names[la_instance_state(instance)]);
  lua_pushboolean(L, la_instance_was_set(instance));
  return 2;
}

const la_property *la_check_property(lua_State *L, const la_instance *instance, int index) {
  const la_property *property = la_mapper_property(instance->mapper, la_check_text(L, index));
  if (!property) {
    la_raise_status(L, LA_INVALID_REQUEST, "%.*s has no mapped attribute '%s'",
                    LA_TEXT_FORMAT(instance->mapper->class_name), lua_tostring(L, index));
  }
  return property;
}

static bool is_loaded(const la_instance *instance, const la_property *property) {
  if (property->kind == LA_PROPERTY_RELATIONSHIP) {
    return property->slot < instance->link_count &&
           la_links(instance)[property->slot].flags & LA_LINK_LOADED;
  }
  return property->slot < instance->slot_count &&
         instance->slots[property->slot].flags & LA_SLOT_LOADED;
}

/* core.object_loaded(object, key) → whether the attribute can be read without SQL. */
static int object_loaded(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  lua_pushboolean(L, is_loaded(instance, la_check_property(L, instance, 2)));
  return 1;
}

/* core.object_identity(object) → its key as a list, or nil. */
static int object_identity(lua_State *L) {
  la_state *state = la_state_of(L);
  la_instance *instance = la_check_instance(L, 1);
  la_value key[LA_KEY_LIMIT];
  if (!(instance->flags & LA_INSTANCE_KEYED) ||
      instance->mapper->primary_key_count > LA_KEY_LIMIT) {
    lua_pushnil(L);
    return 1;
  }
  la_instance_key(instance, key);
  la_push_list(L, state, (int)instance->mapper->primary_key_count);
  for (uint32_t i = 0; i < instance->mapper->primary_key_count; i++) {
    la_push_value_or_null(L, state, &key[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static void push_objects(lua_State *L, la_state *state, const la_instances *instances) {
  la_push_list(L, state, (int)instances->count);
  for (size_t i = 0; i < instances->count; i++) {
    la_push_object(L, state, instances->items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void clear_histories(void *memory) {
  struct histories {
    la_allocator *alloc;
    la_instances added, removed;
  } *box = memory;
  if (box->alloc) {
    la_vec_clear(box->alloc, &box->added);
    la_vec_clear(box->alloc, &box->removed);
    box->alloc = NULL;
  }
}

static int collection_history(lua_State *L, la_state *state, la_instance *instance,
                              const la_property *property) {
  struct histories {
    la_allocator *alloc;
    la_instances added, removed;
  } *box = la_push_scratch(L, state, sizeof *box, clear_histories);
  box->alloc = &state->alloc;
  la_collection *collection = la_link_collection(instance, property->slot);
  la_error err = LA_ERROR_INIT;
  if (!collection) {
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  if (la_collection_history(collection, box->alloc, &box->added, &box->removed, &err) < 0) {
    la_raise(L, &err);
  }
  push_objects(L, state, &box->added);
  la_push_list(L, state, 0);
  lua_Integer unchanged = 0;
  for (size_t i = 0; i < collection->items.count; i++) {
    bool added = false;
    for (size_t k = 0; k < box->added.count && !added; k++) {
      added = box->added.items[k] == collection->items.items[i];
    }
    if (!added) {
      la_push_object(L, state, collection->items.items[i]);
      lua_rawseti(L, -2, ++unchanged);
    }
  }
  push_objects(L, state, &box->removed);
  return 3;
}

/* core.object_load_old(object, key): what a link held that was set before it was loaded. */
static int object_load_old(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  const la_property *property = la_check_property(L, instance, 2);
  if (property->kind == LA_PROPERTY_RELATIONSHIP && property->slot < instance->link_count) {
    la_object_load_old_link(L, la_state_of(L), instance, property->slot);
  }
  return 0;
}

/* core.object_history(object, key) → added, unchanged, deleted: lists. Emits no SQL. */
static int object_history(lua_State *L) {
  la_state *state = la_state_of(L);
  la_instance *instance = la_check_instance(L, 1);
  const la_property *property = la_check_property(L, instance, 2);
  luaL_checkstack(L, 12, NULL);
  if (property->kind == LA_PROPERTY_RELATIONSHIP && property->relationship->uselist &&
      (is_loaded(instance, property) || la_relationship_never_loads(property->relationship)) &&
      property->slot < instance->link_count) {
    return collection_history(L, state, instance, property);
  }
  la_push_list(L, state, 1);
  la_push_list(L, state, 1);
  la_push_list(L, state, 1);
  int added = lua_gettop(L) - 2;
  if (!is_loaded(instance, property)) {
    return 3;
  }
  bool modified;
  bool old = false;
  bool deleted; /* by the program, rather than set to nil */
  if (property->kind == LA_PROPERTY_RELATIONSHIP) {
    const la_link *link = &la_links(instance)[property->slot];
    bool known = instance->flags & LA_INSTANCE_KEYED && link->flags & LA_LINK_COMMITTED_KNOWN;
    modified = link->flags & LA_LINK_MODIFIED && !(known && link->committed == link->to.one);
    deleted = modified && link->flags & LA_LINK_DELETED;
    if (modified && link->committed) {
      la_push_object(L, state, link->committed);
      old = true;
    }
  } else {
    const la_value *value = &instance->slots[property->slot];
    modified = value->flags & LA_SLOT_MODIFIED;
    deleted = modified && value->spare == LA_SPARE_DELETED;
    la_value committed;
    if (modified && la_instance_committed(instance, property->slot, &committed)) {
      la_push_value_or_null(L, state, &committed);
      if (property->flags & LA_PROPERTY_HOST_TYPE && property->column &&
          committed.kind != LA_VALUE_NULL && committed.kind != LA_VALUE_HOST) {
        la_process_result_of(L, state, property->column->type,
                             instance->session ? instance->session->engine : NULL);
      }
      old = true;
    }
    if (modified && la_instance_committed(instance, property->slot, &committed) &&
        la_value_equal(&committed, value)) {
      modified = old = false;
      lua_pop(L, 1);
    }
  }
  if (old) {
    lua_rawseti(L, added + 2, 1);
  }
  if (modified && deleted && old) {
    lua_settop(L, added + 2);
    return 3;
  }
  la_object_get(L, state, 1, property);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    la_push_null(L);
  }
  lua_rawseti(L, modified ? added : added + 1, 1);
  lua_settop(L, added + 2);
  return 3;
}

/* core.mapper_tables(class) → the tables that its objects have rows in, those first that others
 * refer to. */
static int mapper_tables(lua_State *L) {
  la_state *state = la_state_of(L);
  lua_Integer count = 0, at = 0;
  for (const la_mapper *mapper = la_check_mapper(L, 1); mapper; mapper = mapper->base) {
    count += (lua_Integer)mapper->tables.count;
  }
  lua_createtable(L, (int)count, 0);
  for (const la_mapper *mapper = la_check_mapper(L, 1); mapper; mapper = mapper->base) {
    for (size_t i = mapper->tables.count; i-- > 0; at++) {
      la_push_table(L, state, mapper->tables.items[i]);
      lua_rawseti(L, -2, count - at);
    }
  }
  return 1;
}

void la_open_orm_inspect(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"mapper_properties", mapper_properties},
                                       {"mapper_tables", mapper_tables},
                                       {"object_state", object_state},
                                       {"relationship_parts", relationship_parts},
                                       {"object_expired", object_expired},
                                       {"alias_parts", alias_parts},
                                       {"object_loaded", object_loaded},
                                       {"object_identity", object_identity},
                                       {"object_history", object_history},
                                       {"object_load_old", object_load_old},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
