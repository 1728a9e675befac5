/* SPDX-License-Identifier: MIT */
/*
 * What a program does with attributes beside reading and writing them: for
 * lualchemy.orm.attributes.
 */
#include "binding/orm_load.h"

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

/* core.object_delete_value(object, key). */
static int delete_value(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  const la_property *property = check_slot(L, instance, 2);
  const la_value *slot = &instance->slots[property->slot];
  if (!(slot->flags & (LA_SLOT_LOADED | LA_SLOT_EXPIRED)) || slot->spare == LA_SPARE_DELETED) {
    return la_raise_status(
        L, LA_INVALID_REQUEST, "this %.*s object does not have a value for the attribute '%.*s'",
        LA_TEXT_FORMAT(instance->mapper->class_name), LA_TEXT_FORMAT(property->key));
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
  find_members(L, 3, relationship, load, &found);
  la_link_expire(instance, relationship->link);
  if (!la_vec_push(&state->alloc, &load->links, found)) {
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  la_apply_links(L, state, load, &applied, -1);
  la_scratch_clear(L, -1);
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

void la_open_orm_attribute(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"object_flag_modified", flag_modified},
                                       {"object_flag_dirty", flag_dirty},
                                       {"object_delete_value", delete_value},
                                       {"object_set_committed", set_committed},
                                       {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
