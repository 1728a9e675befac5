/* SPDX-License-Identifier: MIT */
/*
 * Class attributes that are relationships, and loader options.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/sql.h"
#include "orm/dml.h"

static la_node *check_relationship_node(lua_State *L, int index) {
  la_node *node = la_to_node(L, index);
  if (!node || node->kind != LA_NODE_RELATIONSHIP) {
    la_raise_argument(L, index, "a relationship of a class");
  }
  return node;
}

static void configure_of(lua_State *L, la_state *state, const la_node *node) {
  la_relationship *relationship = (la_relationship *)node->subject;
  if (!relationship->configured) {
    la_configure(L, state, relationship->parent);
  }
}

static int push_or_raise(lua_State *L, la_state *state, la_status status, la_node *const *out,
                         const la_error *err) {
  if (status < 0) {
    la_raise_orm(L, err);
  }
  la_push_node(L, state, *out, 1, lua_gettop(L));
  return 1;
}

static int any_or_has(lua_State *L, bool has) {
  la_state *state = la_state_of(L);
  la_node *node = check_relationship_node(L, 1);
  configure_of(L, state, node);
  const la_relationship *relationship = (const la_relationship *)node->subject;
  if (relationship->uselist == has) {
    return la_raise_status(L, LA_INVALID_REQUEST,
                           has ? "'has()' not implemented for collections. Use any()."
                               : "'any()' not implemented for scalar attributes. Use has().");
  }
  la_error err = LA_ERROR_INIT;
  la_node *out = NULL;
  lua_settop(L, 3);
  bool named = la_is_plain_table(L, 2); /* any{name = "x"}: criteria of the target, by name */
  if (named || !lua_isnil(L, 3)) {
    la_push_hook(L, state, "criteria_of");
    la_node *target =
        la_node_child(node, 1) ? la_node_child(node, 1) : relationship->target->entity;
    la_push_node(L, state, la_node_retain(target), 0, -1);
    lua_pushvalue(L, named ? 2 : 3);
    lua_pushvalue(L, named ? 3 : 2);
    lua_call(L, 3, 1);
    lua_replace(L, 2);
  }
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    return push_or_raise(L, state, la_relationship_any(&state->sql, node, NULL, &out, &err), &out,
                         &err);
  }
  la_push_node(L, state, la_check_condition(L, state, 2), 2, 2);
  return push_or_raise(
      L, state, la_relationship_any(&state->sql, node, la_to_node(L, -1), &out, &err), &out, &err);
}

static int relationship_any(lua_State *L) {
  return any_or_has(L, false);
}

static int relationship_has(lua_State *L) {
  return any_or_has(L, true);
}

static void read_column(lua_State *L, la_state *state, int index, const la_instance *instance,
                        const la_column *column) {
  const la_property *property = la_mapper_property_of_column(instance->mapper, column);
  if (property && property->slot < instance->slot_count &&
      !(instance->slots[property->slot].flags & LA_SLOT_LOADED)) {
    la_object_get(L, state, index, property);
    lua_pop(L, 1);
  }
}

/* The object at `index`, whose attributes that `relationship` joins by are read if they are
 * expired: a condition is made of their values. */
static la_instance *check_related(lua_State *L, la_state *state, int index,
                                  const la_relationship *relationship) {
  la_instance *instance = la_to_instance(L, index);
  if (!instance) {
    la_raise_status(L, LA_ARGUMENT,
                    "Mapped instance expected for relationship comparison to object, not a %s.  "
                    "Classes, queries and other SQL elements are not accepted in this context; for "
                    "comparison with a subquery, use %s.%s.has(criteria).",
                    luaL_typename(L, index), relationship->parent->class_name.bytes,
                    relationship->key.bytes);
  }
  for (uint32_t i = 0; instance->session && i < relationship->pair_count; i++) {
    read_column(L, state, index, instance, relationship->pairs[i].source);
    read_column(L, state, index, instance, relationship->pairs[i].destination);
  }
  for (uint32_t i = 0; instance->session && i < relationship->secondary_pair_count; i++) {
    read_column(L, state, index, instance, relationship->secondary_pairs[i].source);
  }
  return instance;
}

static int compare(lua_State *L, bool negate) {
  la_state *state = la_state_of(L);
  la_node *node = check_relationship_node(L, 1);
  la_check_count(L, 2, negate ? "ne" : "eq");
  configure_of(L, state, node);
  const la_relationship *relationship = (const la_relationship *)node->subject;
  if (relationship->uselist && !la_is_null(L, 2)) {
    return la_raise_status(L, LA_INVALID_REQUEST,
                           "Can't compare a collection to an object or collection; use contains() "
                           "to test for membership.");
  }
  la_instance *other = la_is_null(L, 2) ? NULL : check_related(L, state, 2, relationship);
  la_error err = LA_ERROR_INIT;
  la_node *out = NULL;
  return push_or_raise(
      L, state, la_relationship_compare(&state->sql, node, other, negate, &out, &err), &out, &err);
}

static int relationship_eq(lua_State *L) {
  return compare(L, false);
}

static int relationship_ne(lua_State *L) {
  return compare(L, true);
}

static int relationship_contains(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *node = check_relationship_node(L, 1);
  la_check_count(L, 2, "contains");
  configure_of(L, state, node);
  la_instance *other = check_related(L, state, 2, (const la_relationship *)node->subject);
  la_error err = LA_ERROR_INIT;
  la_node *out = NULL;
  return push_or_raise(L, state, la_relationship_contains(&state->sql, node, other, &out, &err),
                       &out, &err);
}

static int relationship_in(lua_State *L) {
  check_relationship_node(L, 1);
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "in_() not yet supported for relationships.  For a simple many-to-one, "
                         "use in_() against the set of foreign key values.");
}

/* core.with_parent(object, relationship, entity or nil) → the condition. */
static int with_parent(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *node = la_to_node(L, 2);
  la_check_instance(L, 1);
  if (!node || node->kind != LA_NODE_RELATIONSHIP) {
    return la_raise_status(L, LA_ARGUMENT,
                           "with_parent() takes a relationship of a class, such as User.addresses, "
                           "not a %s",
                           luaL_typename(L, 2));
  }
  configure_of(L, state, node);
  la_node *target = lua_isnoneornil(L, 3) ? NULL : la_to_node(L, 3);
  if (!lua_isnoneornil(L, 3) && (!target || target->kind != LA_NODE_ENTITY)) {
    return la_raise_status(L, LA_ARGUMENT,
                           "with_parent(): from_entity is a mapped class or an alias of one, not a "
                           "%s",
                           luaL_typename(L, 3));
  }
  const la_instance *parent = check_related(L, state, 1, (const la_relationship *)node->subject);
  la_error err = LA_ERROR_INIT;
  la_node *out = NULL;
  return push_or_raise(L, state,
                       la_relationship_with_parent(&state->sql, node, parent, target, &out, &err),
                       &out, &err);
}

/* User.addresses:of_type(alias). */
static int relationship_of_type(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *node = check_relationship_node(L, 1);
  la_node *target = la_to_node(L, 2);
  if (!target || target->kind != LA_NODE_ENTITY) {
    return la_raise_argument(L, 2, "a mapped class or an alias of one");
  }
  la_push_node(L, state, la_node_with_child(node, 1, target), 1, 2);
  return 1;
}

/* core.relationship_target(relationship) → the class it leads to. */
static int relationship_target(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *node = check_relationship_node(L, 1);
  configure_of(L, state, node);
  la_push_host(L, state, ((const la_relationship *)node->subject)->target->host);
  return 1;
}

/* User.addresses:and_(condition, …). */
static int relationship_and(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *node = check_relationship_node(L, 1);
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  if (la_node_child(node, 2)) {
    la_nodes_add(&nodes, la_node_retain(node->children[2]));
  }
  if (!la_nodes_add_each(L, &nodes, 2, lua_gettop(L), la_nodes_add_condition)) {
    return la_nodes_raise(L, &nodes);
  }
  la_node *condition = la_expr_clauses(&state->sql, LA_OP_AND, nodes.items, nodes.count);
  la_nodes_clear(&nodes);
  la_node *out = condition ? la_node_with_child(node, 2, condition) : NULL;
  la_node_release(condition);
  la_push_node(L, state, out, 1, lua_gettop(L));
  return 1;
}

/* Pushes the method at `name` of the relationship's comparator_factory; pushes nothing and gives
 * false if it has none. */
static bool push_comparison(lua_State *L, la_state *state, const la_relationship *relationship,
                            int name) {
  la_push_hook(L, state, "relationship_comparator");
  la_push_host(L, state, relationship->parent->host);
  la_push_text(L, relationship->key);
  lua_pushvalue(L, name);
  lua_call(L, 3, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  return true;
}

/* Methods, those of its comparator_factory first, then fields. Upvalues: state, methods. */
static int relationship_index(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *node = check_relationship_node(L, 1);
  const la_relationship *relationship = (const la_relationship *)node->subject;
  lua_settop(L, 2);
  if (relationship->compared && push_comparison(L, state, relationship, 2)) {
    return 1;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL || lua_type(L, 2) != LUA_TSTRING ||
      la_push_attribute_field(L, state, relationship->parent, relationship->key, 2) ||
      strncmp(lua_tostring(L, 2), "__", 2) == 0) {
    return 1;
  }
  return la_push_field(L, state, "expression_field");
}

static int relationship_tostring(lua_State *L) {
  la_node *node = check_relationship_node(L, 1);
  const la_relationship *relationship = (const la_relationship *)node->subject;
  lua_pushlstring(L, relationship->parent->class_name.bytes, relationship->parent->class_name.len);
  lua_pushliteral(L, ".");
  la_push_text(L, relationship->key);
  lua_concat(L, 3);
  return 1;
}

/*
 * core.loader_option(strategy, attribute or nil, text or nil, criteria or nil, flags, recursion
 * depth or nil, chunk size or nil) →
 * LOADER_OPTION box. `attribute` may be a list, for load_only.
 */
static int loader_option(lua_State *L) {
  static const char *const names[] = {
#define X(name, text) text,
      LA_LOADER_STRATEGIES(X)
#undef X
          NULL};
  la_state *state = la_state_of(L);
  int strategy = luaL_checkoption(L, 1, NULL, names);
  la_node *attribute = NULL;
  lua_settop(L, 7);
  if (la_is_plain_table(L, 2)) {
    la_nodes nodes;
    la_nodes_init(&nodes, state);
    lua_Integer count = luaL_len(L, 2);
    for (lua_Integer i = 1; i <= count; i++) {
      lua_geti(L, 2, i);
      la_node *node = la_to_node(L, -1);
      if (!node || (node->kind != LA_NODE_ATTRIBUTE &&
                    (strategy != LA_LOADER_SELECTIN_CLASS || node->kind != LA_NODE_ENTITY))) {
        la_nodes_clear(&nodes);
        return la_raise_status(L, LA_ARGUMENT, "%s takes column attributes of a class, not %s",
                               names[strategy], luaL_tolstring(L, -1, NULL));
      }
      if (!la_nodes_add(&nodes, la_node_retain(node))) {
        return la_nodes_raise(L, &nodes);
      }
      lua_pop(L, 1);
    }
    la_node_parts parts = {
        .kind = LA_NODE_LIST, .children = nodes.items, .count = (uint32_t)nodes.count};
    la_node *list = la_node_new(&state->alloc, &parts);
    la_nodes_clear(&nodes);
    la_push_node(L, state, list, 2, 2);
    attribute = la_to_node(L, -1);
  } else if (!lua_isnil(L, 2)) {
    attribute = la_to_node(L, 2);
    if (!attribute ||
        (attribute->kind != LA_NODE_ATTRIBUTE && attribute->kind != LA_NODE_RELATIONSHIP &&
         attribute->kind != LA_NODE_ENTITY)) {
      return la_raise_status(
          L, LA_ARGUMENT,
          "a loader option takes an attribute of a class, such as User.addresses, not a %s",
          lua_type(L, 2) == LUA_TSTRING ? "string" : luaL_typename(L, 2));
    }
    if (attribute->kind == LA_NODE_RELATIONSHIP) {
      configure_of(L, state, attribute);
    }
  }
  la_text text = lua_isnil(L, 3) ? LA_TEXT_NONE : la_check_text(L, 3);
  la_node *criteria = lua_isnil(L, 4) ? NULL : la_to_node(L, 4);
  la_node *option = la_option_new(&state->sql, (la_loader_strategy)strategy, attribute, text,
                                  criteria, (uint32_t)luaL_optinteger(L, 5, 0));
  if (option && !(lua_isnil(L, 6) && lua_isnil(L, 7))) {
    la_node *numbered = la_option_with_numbers(&state->sql, option, (int)luaL_optinteger(L, 6, 0),
                                               (uint32_t)luaL_optinteger(L, 7, 0));
    la_node_release(option);
    option = numbered;
  }
  la_push_node(L, state, option, 2, 4);
  return 1;
}

/* core.loader_chain(option, chained) → the option with the other one below its last step. */
static int loader_chain(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *option = la_to_node(L, 1), *chained = la_to_node(L, 2);
  if (!option || option->kind != LA_NODE_LOADER_OPTION || !chained ||
      chained->kind != LA_NODE_LOADER_OPTION) {
    return la_raise_argument(L, 2, "a loader option");
  }
  la_push_node(L, state, la_option_chain(&state->sql, option, chained), 1, 2);
  return 1;
}

/* core.loader_chain_all(option, …) → the option with the others beside each other below its last
 * step. */
static int loader_chain_all(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *option = la_to_node(L, 1);
  la_nodes nodes;
  if (!option || option->kind != LA_NODE_LOADER_OPTION) {
    return la_raise_argument(L, 1, "a loader option");
  }
  la_nodes_init(&nodes, state);
  for (int i = 2; i <= lua_gettop(L); i++) {
    la_node *node = la_to_node(L, i);
    if (!node || node->kind != LA_NODE_LOADER_OPTION) {
      la_nodes_clear(&nodes);
      return la_raise_argument(L, i, "a loader option");
    }
    if (!la_nodes_add(&nodes, la_node_retain(node))) {
      return la_nodes_raise(L, &nodes);
    }
  }
  la_node *out = la_option_chain_all(&state->sql, option, nodes.items, (uint32_t)nodes.count);
  la_nodes_clear(&nodes);
  la_push_node(L, state, out, 1, lua_gettop(L));
  return 1;
}

/* core.option_class(option) → the class that its last step leads to; nil if it leads to none. */
static int option_class(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_node *option = la_to_node(L, 1), *attribute;
  if (!option || option->kind != LA_NODE_LOADER_OPTION) {
    return la_raise_argument(L, 1, "a loader option");
  }
  attribute = la_option_last_step(option)->children[0];
  if (!attribute ||
      (attribute->kind != LA_NODE_RELATIONSHIP && attribute->kind != LA_NODE_ENTITY)) {
    lua_pushnil(L);
    return 1;
  }
  if (attribute->kind == LA_NODE_RELATIONSHIP) {
    la_error err = LA_ERROR_INIT;
    configure_of(L, state, attribute);
    la_push_node(L, state, la_relationship_target(attribute, &err), 0, -1);
    attribute = la_to_node(L, -1);
  }
  la_push_host(L, state, ((const la_mapper *)(const void *)attribute->subject)->host);
  return 1;
}

/* core.loader_criteria(class, condition, flags) → a with_loader_criteria option. */
static int loader_criteria(lua_State *L) {
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  lua_Integer flags = luaL_checkinteger(L, 3);
  lua_settop(L, 3);
  la_push_node(L, state, la_check_condition(L, state, 2), 2, 2);
  la_node *entity = la_mapper_entity(mapper);
  la_node *option = entity ? la_option_new(&state->sql, LA_LOADER_CRITERIA, entity, LA_TEXT_NONE,
                                           la_to_node(L, 4), (uint32_t)flags)
                           : NULL;
  la_push_node(L, state, option, 1, 4);
  return 1;
}

/* core.loader_criteria_all(option, …) → one option of several classes' criteria. */
static int loader_criteria_all(lua_State *L) {
  la_state *state = la_state_of(L);
  int count = lua_gettop(L);
  la_node *option = la_option_new(&state->sql, LA_LOADER_CRITERIA, NULL, LA_TEXT_NONE, NULL, 0);
  la_push_node(L, state, option, 0, -1);
  for (int i = 1; i <= count; i++) {
    la_push_node(L, state,
                 la_option_chain_beside(&state->sql, la_to_node(L, count + 1), la_to_node(L, i)), 1,
                 count + 1);
    lua_replace(L, count + 1);
  }
  return 1;
}

/* core.aliased(class, name or nil, FROM element or nil, whether its columns are also found by name)
 * → an alias of the class. */
static int aliased(lua_State *L) {
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  la_text name = lua_isnoneornil(L, 2) ? LA_TEXT_NONE : la_check_text(L, 2);
  la_node *element = lua_isnoneornil(L, 3) ? NULL : la_to_node(L, 3);
  la_error err = LA_ERROR_INIT;
  la_node *out = NULL;
  lua_settop(L, 4);
  bool by_names = element && lua_toboolean(L, 4);
  return push_or_raise(
      L, state,
      by_names ? la_mapper_aliased_by_names(&state->sql, mapper, name, element, &out, &err)
               : la_mapper_aliased(&state->sql, mapper, name, element, &out, &err),
      &out, &err);
}

/* core.with_polymorphic(class, classes or nil for all, element or nil, name or nil, aliased,
 * innerjoin) → an entity of the class that has the columns of subclasses. */
static int with_polymorphic(lua_State *L) {
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  la_polymorphic_options options = {.aliased = lua_toboolean(L, 5),
                                    .innerjoin = lua_toboolean(L, 6)};
  la_mapper **classes = NULL;
  la_error err = LA_ERROR_INIT;
  la_node *out = NULL;
  lua_settop(L, 6);
  options.element = lua_isnil(L, 3) ? NULL : la_to_node(L, 3);
  options.name = lua_isnil(L, 4) ? LA_TEXT_NONE : la_check_text(L, 4);
  if (!lua_isnil(L, 2)) {
    options.count = (size_t)luaL_len(L, 2);
    classes = lua_newuserdatauv(L, (options.count + 1) * sizeof(la_mapper *), 0);
    for (size_t i = 0; i < options.count; i++) {
      lua_geti(L, 2, (lua_Integer)i + 1);
      classes[i] = la_check_mapper(L, -1);
      lua_pop(L, 1); /* the list holds it */
    }
    options.classes = classes;
  }
  return push_or_raise(L, state, la_mapper_polymorphic(&state->sql, mapper, &options, &out, &err),
                       &out, &err);
}

/* Pushes the part of a with_polymorphic entity that stands for the subclass `key`. */
static bool push_subclass(lua_State *L, la_state *state, const la_node *entity, la_text key) {
  for (uint32_t i = 1; i < entity->count; i++) {
    const la_mapper *mapper = (const la_mapper *)(const void *)entity->children[i]->subject;
    if (la_text_equal(mapper->class_name, key)) {
      la_push_node(L, state, la_node_retain(entity->children[i]), 1, 1);
      return true;
    }
  }
  return false;
}

/* Alias.name: the attribute through the alias; a method or another field of the class otherwise.
 * Upvalues: state, methods. */
static int entity_index(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *entity = la_to_node(L, 1);
  la_text key = la_check_text(L, 2);
  la_mapper *mapper = (la_mapper *)entity->subject;
  la_property *property = la_mapper_property(mapper, key);
  la_error err = LA_ERROR_INIT;
  la_node *out = NULL;
  if (property) {
    out = la_entity_property(state, entity, key, &err);
    return push_or_raise(L, state, out != NULL ? LA_OK : err.status, &out, &err);
  }
  if (push_subclass(L, state, entity, key) || la_push_descriptor(L, state, 1, key)) {
    return 1;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL || strncmp(key.bytes, "__", 2) == 0) {
    return 1;
  }
  la_push_host(L, state, mapper->host);
  la_push_from_class(L, lua_gettop(L), 2);
  if (!lua_isnil(L, -1)) {
    return 1;
  }
  la_text nearest = la_map_nearest(&mapper->by_key, key);
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "an alias of %.*s has no attribute \"%.*s\"%s%.*s%s",
                         LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(key),
                         nearest.bytes ? "; did you mean \"" : "", LA_TEXT_FORMAT(nearest),
                         nearest.bytes ? "\"?" : "");
}

static int entity_tostring(lua_State *L) {
  la_node *entity = la_to_node(L, 1);
  la_mapper *mapper = (la_mapper *)entity->subject;
  lua_pushliteral(L, "aliased(");
  la_push_text(L, mapper->class_name);
  lua_pushliteral(L, ")");
  lua_concat(L, 3);
  return 1;
}

void la_open_orm_option(lua_State *L, la_state *state) {
  static const luaL_Reg relationship_methods[] = {{"any", relationship_any},
                                                  {"has", relationship_has},
                                                  {"eq", relationship_eq},
                                                  {"ne", relationship_ne},
                                                  {"is_", relationship_eq},
                                                  {"is_not", relationship_ne},
                                                  {"contains", relationship_contains},
                                                  {"in_", relationship_in},
                                                  {"not_in", relationship_in},
                                                  {"of_type", relationship_of_type},
                                                  {"and_", relationship_and},
                                                  {NULL, NULL}};
  static const luaL_Reg relationship_metamethods[] = {
      {"__index", relationship_index}, {"__tostring", relationship_tostring}, {NULL, NULL}};
  static const luaL_Reg entity_metamethods[] = {
      {"__index", entity_index}, {"__tostring", entity_tostring}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"loader_option", loader_option},
                                       {"loader_chain", loader_chain},
                                       {"loader_chain_all", loader_chain_all},
                                       {"loader_criteria", loader_criteria},
                                       {"loader_criteria_all", loader_criteria_all},
                                       {"aliased", aliased},
                                       {"with_polymorphic", with_polymorphic},
                                       {"option_class", option_class},
                                       {"with_parent", with_parent},
                                       {"relationship_target", relationship_target},
                                       {NULL, NULL}};
  la_register_class(L, state, LA_BOX_RELATIONSHIP, relationship_methods, relationship_metamethods);
  la_register_class(L, state, LA_BOX_ATTRIBUTE, NULL, NULL);
  la_register_class(L, state, LA_BOX_ENTITY, NULL, entity_metamethods);
  la_register_class(L, state, LA_BOX_LOADER_OPTION, NULL, NULL);
  la_set_functions(L, functions);
  lua_newtable(L); /* what a comparator_factory calls for the comparisons that it replaces */
  la_set_functions(L, relationship_methods);
  lua_setfield(L, -2, "relationship_methods");
}
