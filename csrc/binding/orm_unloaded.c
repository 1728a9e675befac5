/* SPDX-License-Identifier: MIT */
/*
 * What lualchemy.orm.dynamic needs to know of collections that never load.
 */
#include "binding/host.h"
#include "binding/orm_load.h"

static const la_relationship *check_unloaded(lua_State *L, const la_instance *instance, int index) {
  la_property *property = la_mapper_property(instance->mapper, la_check_text(L, index));
  if (!property || property->kind != LA_PROPERTY_RELATIONSHIP) {
    la_raise_argument(L, index, "the name of a relationship");
  }
  return property->relationship;
}

/* core.link_queue(object, key, other, add): `other` comes or goes with the next flush. */
static int link_queue(lua_State *L) {
  la_state *state = la_state_of(L);
  la_instance *instance = la_check_instance(L, 1);
  const la_relationship *relationship = check_unloaded(L, instance, 2);
  la_instance *other = la_to_instance(L, 3);
  if (!other || !la_mapper_is_a(other->mapper, relationship->target)) {
    return la_raise_status(L, LA_ARGUMENT, "%.*s.%.*s holds objects of %.*s, not a %s",
                           LA_TEXT_FORMAT(instance->mapper->class_name),
                           LA_TEXT_FORMAT(relationship->key),
                           LA_TEXT_FORMAT(relationship->target->class_name), luaL_typename(L, 3));
  }
  la_link_change change = {.kind = lua_toboolean(L, 4) ? LA_LINK_QUEUE_ADD : LA_LINK_QUEUE_REMOVE,
                           .instance = instance,
                           .link = relationship->link,
                           .other = other,
                           .at = SIZE_MAX};
  la_object_change_link(L, state, 1, 3, &change);
  return 0;
}

static void push_queue(lua_State *L, la_state *state, const la_instances *queue) {
  la_push_list(L, state, queue ? (int)queue->count : 0);
  for (size_t i = 0; queue && i < queue->count; i++) {
    la_push_object(L, state, queue->items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* core.link_queued(object, key) → what waits to come, what waits to go. */
static int link_queued(lua_State *L) {
  la_state *state = la_state_of(L);
  la_instance *instance = la_check_instance(L, 1);
  const la_relationship *relationship = check_unloaded(L, instance, 2);
  const la_collection *collection = relationship->link < instance->link_count
                                        ? la_links(instance)[relationship->link].to.many
                                        : NULL;
  push_queue(L, state, collection ? &collection->added : NULL);
  push_queue(L, state, collection ? &collection->removed : NULL);
  return 2;
}

/* core.link_target(object, key) → the class at the other end, the list of its order, and for
 * one-to-many a table: the target's attribute → ours that it takes its value from. */
static int link_target(lua_State *L) {
  la_state *state = la_state_of(L);
  la_instance *instance = la_check_instance(L, 1);
  const la_relationship *relationship = check_unloaded(L, instance, 2);
  const la_node *order = relationship->order_by;
  la_push_host(L, state, relationship->target->host);
  lua_newtable(L);
  for (uint32_t i = 0; order && i < order->count; i++) {
    la_push_node(L, state, la_node_retain(order->children[i]), 0, -1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  if (relationship->direction != LA_ONE_TO_MANY) {
    return 2;
  }
  lua_newtable(L);
  for (uint32_t i = 0; i < relationship->pair_count; i++) {
    const la_sync_pair *pair = &relationship->pairs[i];
    const la_property *ours = la_mapper_property_of_column(instance->mapper, pair->source);
    const la_property *theirs =
        la_mapper_property_of_column(relationship->target, pair->destination);
    if (ours && theirs) {
      la_push_text(L, theirs->key);
      la_push_text(L, ours->key);
      lua_rawset(L, -3);
    }
  }
  return 3;
}

void la_open_orm_unloaded(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"link_queue", link_queue},
                                       {"link_queued", link_queued},
                                       {"link_target", link_target},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
