/* SPDX-License-Identifier: MIT */
/*
 * What statements ask of mapped classes.
 */
#include "binding/host.h"
#include "binding/push.h"
#include "binding/sql.h"

#include "orm/mapper.h"
#include "orm/relationship.h"

la_node *la_entity_property(la_state *state, const la_node *entity, la_text key, la_error *err) {
  const la_mapper *mapper = (const la_mapper *)(const void *)entity->subject;
  const la_property *property = la_mapper_property(mapper, key);
  la_node *node = NULL;
  if (property == NULL ||
      la_mapper_attribute(&state->sql, property, (la_node *)entity, &node, err) != LA_OK) {
    return NULL;
  }
  if (node->kind == LA_NODE_ATTRIBUTE) {
    la_node *renamed = la_attribute_renamed(&state->sql, node, key);
    la_node_release(node);
    if (renamed == NULL) {
      la_fail_nomem(err);
    }
    return renamed;
  }
  return node;
}

bool la_push_descriptor(lua_State *L, la_state *state, int index, la_text key) {
  const la_node *entity = la_to_node(L, index);
  index = lua_absindex(L, index);
  if (entity == NULL || entity->kind != LA_NODE_ENTITY ||
      !la_push_hook_if(L, state, "descriptor_of")) {
    return false;
  }
  la_push_host(L, state, ((const la_mapper *)(const void *)entity->subject)->host);
  la_push_text(L, key);
  lua_pushvalue(L, index);
  lua_call(L, 3, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  return true;
}

la_node *la_relationship_target(const la_node *relationship, la_error *err) {
  const la_relationship *link = (const la_relationship *)(const void *)relationship->subject;
  la_node *narrowed = la_node_child(relationship, 1);
  la_node *entity = NULL;
  if (narrowed != NULL) {
    return la_node_retain(narrowed);
  }
  if (link->target == NULL) {
    la_fail(err, LA_INVALID_REQUEST, "relationship \"%.*s\" is not configured",
            LA_TEXT_FORMAT(link->key));
    return NULL;
  }
  (void)la_relationship_target_entity(link->parent->sql, link, &entity, err);
  return entity;
}

void la_push_relationship_call(lua_State *L, la_state *state, la_node *relationship,
                               const char *method, int index) {
  la_push_node(L, state, relationship, 0, -1);
  lua_getfield(L, -1, method);
  lua_insert(L, -2); /* method, box */
  lua_pushvalue(L, index);
  lua_call(L, 2, 1);
}
