/* SPDX-License-Identifier: MIT */
/*
 * What a program does with attributes beside reading and writing them: for
 * lualchemy.orm.attributes.
 */
#include "binding/orm_load.h"
#include "binding/orm_view.h"

/* Raises `status`, if it is a failure; else holds an object that became dirty. */
static void finish(lua_State *L, const la_instance *instance, la_status status, bool first,
                   const la_error *err) {
  if (status < 0) {
    la_raise_orm(L, err);
  }
  if (first && instance->session) {
    la_session_settle(L, la_state_of(L), instance->session);
  }
}

static const la_property *check_slot(lua_State *L, const la_instance *instance, int index) {
  const la_property *property = la_check_property(L, instance, index);
  if (property->kind != LA_PROPERTY_COLUMN || property->slot >= instance->slot_count) {
    la_raise_status(L, LA_INVALID_REQUEST, "'%.*s' of %.*s is no attribute of a column",
                    LA_TEXT_FORMAT(property->key), LA_TEXT_FORMAT(instance->mapper->class_name));
  }
  return property;
}

/* The loaded value of `property` is taken for changed. The object is at index 1. */
static void take_for_changed(lua_State *L, la_instance *instance, const la_property *property) {
  if (property->flags & LA_PROPERTY_HOST_TYPE &&
      instance->slots[property->slot].kind != LA_VALUE_NULL) {
    /* What the program has in hands is written, not what was loaded. */
    la_object_get(L, la_state_of(L), 1, property);
    la_object_set_slot(L, la_state_of(L), 1, property, lua_gettop(L), false);
  }
  la_error err = LA_ERROR_INIT;
  bool first = false;
  la_status status = la_instance_flag(instance, property->slot, &first, &err);
  finish(L, instance, status, first, &err);
}

/* core.object_flag_modified(object, key). */
static int flag_modified(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  const la_property *property = check_slot(L, instance, 2);
  if (!(instance->slots[property->slot].flags & LA_SLOT_LOADED)) {
    return la_raise_status(
        L, LA_INVALID_REQUEST,
        "Can't flag attribute '%.*s' modified; it's not present in the object state",
        LA_TEXT_FORMAT(property->key));
  }
  take_for_changed(L, instance, property);
  return 0;
}

/* core.object_has_value(object, key, value) → whether the attribute's value is `value` itself.
 * Emits no SQL. */
static int has_value(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  const la_property *property = check_slot(L, instance, 2);
  luaL_checkany(L, 3);
  lua_pushboolean(L, la_object_has_value(L, 1, instance, property, 3));
  return 1;
}

/* core.property_mutable(class, key): values of the attribute tell when they are changed inside;
 * subclasses that exist have it too. */
static int property_mutable(lua_State *L) {
  la_mapper *mapper = la_check_mapper(L, 1);
  la_property *property = la_mapper_property(mapper, la_check_text(L, 2));
  if (!property || property->kind != LA_PROPERTY_COLUMN) {
    return la_raise_status(L, LA_ARGUMENT, "'%s' of %.*s is no attribute of a column",
                           lua_tostring(L, 2), LA_TEXT_FORMAT(mapper->class_name));
  }
  la_mapper_flag_property(mapper, property, LA_PROPERTY_MUTABLE);
  return 0;
}

/* core.object_flag_dirty(object). */
static int flag_dirty(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  la_error err = LA_ERROR_INIT;
  la_status status =
      instance->session ? la_session_note_dirty(instance->session, instance, &err) : LA_OK;
  finish(L, instance, status, true, &err);
  return 0;
}

static int fail_no_value(lua_State *L, const la_instance *instance, const la_property *property) {
  return la_raise_status(
      L, LA_INVALID_REQUEST, "this %.*s object does not have a value for the attribute '%.*s'",
      LA_TEXT_FORMAT(instance->mapper->class_name), LA_TEXT_FORMAT(property->key));
}

/* core.object_delete_value(object, key), of a column or of a link to one object. */
static int delete_value(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  const la_property *property = la_check_property(L, instance, 2);
  if (property->kind == LA_PROPERTY_RELATIONSHIP) {
    return la_object_delete_link(L, la_state_of(L), 1, property->relationship)
               ? 0
               : fail_no_value(L, instance, property);
  }
  property = check_slot(L, instance, 2);
  const la_value *slot = &instance->slots[property->slot];
  if (!(slot->flags & (LA_SLOT_LOADED | LA_SLOT_EXPIRED)) || slot->spare == LA_SPARE_DELETED) {
    return fail_no_value(L, instance, property);
  }
  la_error err = LA_ERROR_INIT;
  bool first = false;
  la_status status = la_instance_delete(instance, property->slot, &first, &err);
  finish(L, instance, status, first, &err);
  return 0;
}

/* The members in the list at `index`, or the one object there, as what a load has found. */
static void find_members(lua_State *L, int index, const la_relationship *relationship,
                         la_load *load, la_link_load *found) {
  bool several = relationship->uselist;
  if (several && !lua_istable(L, index) && !la_to_box_of(L, index, LA_BOX_COLLECTION)) {
    la_raise_status(L, LA_ARGUMENT, "attribute '%.*s' takes a list, not a %s",
                    LA_TEXT_FORMAT(relationship->key), luaL_typename(L, index));
  }
  lua_Integer count = several ? luaL_len(L, index) : la_is_null(L, index) ? 0 : 1;
  found->members = la_arena_alloc(&load->arena, ((size_t)count + 1) * sizeof *found->members);
  if (!found->members) {
    la_error err = LA_ERROR_INIT;
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  for (lua_Integer i = 1; i <= count; i++) {
    if (several) {
      lua_geti(L, index, i);
    } else {
      lua_pushvalue(L, index);
    }
    found->members[found->count++] = la_check_instance(L, -1);
    lua_pop(L, 1);
  }
}

static void set_link_committed(lua_State *L, la_state *state, la_instance *instance,
                               const la_relationship *relationship) {
  if (relationship->link >= instance->link_count) {
    la_raise_status(L, LA_INVALID_REQUEST, "'%.*s' was added to the class after this object",
                    LA_TEXT_FORMAT(relationship->key));
  }
  la_load *load = la_push_load(L, state);
  la_error err = LA_ERROR_INIT;
  la_link_load found = {.instance = instance, .link = relationship->link};
  size_t applied = 0;
  la_arena_init(&load->arena, &state->alloc);
  if (relationship->uselist && relationship->host) {
    la_view_push_members(L, state, 1, relationship, 3);
    lua_replace(L, 3);
  }
  find_members(L, 3, relationship, load, &found);
  la_link_expire(instance, relationship->link);
  if (!la_vec_push(&state->alloc, &load->links, found)) {
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  la_apply_links(L, state, load, &applied, -1);
  la_give_back_scratch(L, state, -1);
}

/* core.object_set_committed(object, key, value). */
static int set_committed(lua_State *L) {
  la_state *state = la_state_of(L);
  la_instance *instance = la_check_instance(L, 1);
  const la_property *property = la_check_property(L, instance, 2);
  lua_settop(L, 3);
  if (property->kind == LA_PROPERTY_RELATIONSHIP) {
    set_link_committed(L, state, instance, property->relationship);
  } else {
    la_object_set_slot(L, state, 1, property, 3, true);
  }
  return 0;
}

/* core.object_adopt_identity(session, object, source): a transient object becomes the session's own
 * of the identity that `source`, an object of the same class, has. Emits no SQL. */
static int adopt_identity(lua_State *L) {
  la_session *session = la_check_session(L, 1);
  la_instance *instance = la_check_instance(L, 2);
  const la_instance *source = la_check_instance(L, 3);
  const la_mapper *mapper = instance->mapper;
  la_error err = LA_ERROR_INIT;
  la_status status = LA_OK;
  if (mapper != source->mapper || !(source->flags & LA_INSTANCE_KEYED) ||
      la_instance_state(instance) != LA_STATE_TRANSIENT) {
    return la_raise_status(L, LA_INVALID_REQUEST, "the object can't have that identity");
  }
  la_value key[LA_KEY_LIMIT];
  if (mapper->primary_key_count > LA_KEY_LIMIT) {
    return la_raise_status(L, LA_INVALID_REQUEST, "primary keys have at most %d columns here",
                           LA_KEY_LIMIT);
  }
  la_instance_key(source, key);
  for (uint32_t i = 0; status >= 0 && i < mapper->primary_key_count; i++) {
    status = la_instance_load(instance, mapper->primary_key[i]->slot, &key[i], false, &err);
  }
  if (status >= 0) {
    status = la_session_register(session, instance, &err);
  }
  if (status < 0) {
    la_raise_orm(L, &err);
  }
  la_object_set_session(L, 2, 1);
  return 0;
}

void la_open_orm_attribute(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"object_flag_modified", flag_modified},   {"object_flag_dirty", flag_dirty},
      {"object_delete_value", delete_value},     {"object_set_committed", set_committed},
      {"object_adopt_identity", adopt_identity}, {"object_has_value", has_value},
      {"property_mutable", property_mutable},    {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
