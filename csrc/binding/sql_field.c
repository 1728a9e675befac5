/* SPDX-License-Identifier: MIT */
/*
 * Fields of expressions: `type`, `name`, `key`; of attributes of classes what their mappers say.
 */
#include "binding/host.h"
#include "binding/page.h"
#include "binding/push.h"
#include "binding/sql.h"
#include "orm/mapper.h"

bool la_push_comparator(lua_State *L, la_state *state, const la_type *type, const char *name) {
  if (type == NULL || !(type->flags & LA_TYPE_COMPARATOR) || name == NULL) {
    return false;
  }
  luaL_checkstack(L, 6, NULL);
  la_push_hook(L, state, "comparator");
  la_push_type(L, state, type);
  lua_pushstring(L, name);
  lua_call(L, 2, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  return true;
}

la_type *la_push_compared_type(lua_State *L, la_state *state, const la_node *self, const char *op,
                               int index) {
  if (self == NULL || self->type == NULL || !(self->type->flags & LA_TYPE_COERCES) ||
      la_is_null(L, index) || la_node_at(L, state, index) != NULL) {
    return NULL;
  }
  luaL_checkstack(L, 6, NULL);
  index = lua_absindex(L, index);
  la_push_hook(L, state, "coerce_compared_value");
  la_push_type(L, state, self->type);
  lua_pushstring(L, op);
  lua_pushvalue(L, index);
  lua_call(L, 3, 1);
  return la_check_type(L, lua_gettop(L));
}

bool la_push_attribute_field(lua_State *L, la_state *state, const la_mapper *mapper, la_text key,
                             int name) {
  if (!la_push_hook_if(L, state, "attribute_field")) {
    return false;
  }
  name = lua_absindex(L, name);
  la_push_host(L, state, mapper->host);
  la_push_text(L, key);
  lua_pushvalue(L, name);
  lua_call(L, 3, 2); /* value, is it a field of attributes */
  bool found = lua_toboolean(L, -1);
  lua_pop(L, found ? 1 : 2);
  return found;
}

static bool push_field_of_attribute(lua_State *L, la_state *state, const la_node *attribute) {
  const la_property *property = la_attribute_property(attribute);
  return la_push_attribute_field(L, state, (const la_mapper *)(const void *)attribute->subject,
                                 property != NULL ? property->key : attribute->text, 2);
}

int la_push_field(lua_State *L, la_state *state, const char *hook) {
  if (hook == NULL || lua_type(L, 2) != LUA_TSTRING) {
    lua_pushnil(L);
    return 1;
  }
  la_push_hook(L, state, hook);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_call(L, 3, 1);
  return 1;
}

/* Methods, those of the type first, then fields; what is neither raises, with the nearest name. */
int la_expr_index(lua_State *L) {
  const la_box *box = lua_touserdata(L, 1);
  const la_node *self =
      la_is_paged(box->class) ? la_paged_node(box) : la_node_at(L, la_state_of(L), 1);
  la_text key = LA_TEXT_NONE;
  if (self != NULL && self->type != NULL && (self->type->flags & LA_TYPE_COMPARATOR) &&
      la_push_comparator(L, la_state_of(L), self->type, lua_tostring(L, 2))) {
    return 1;
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  la_state *state = la_state_of(L);
  if (lua_type(L, 2) == LUA_TSTRING) {
    key.bytes = lua_tolstring(L, 2, &key.len);
  }
  if (self == NULL || key.bytes == NULL) {
    return 1;
  }
  if (la_text_is(key, "type")) {
    la_push_type(L, state, self->type != NULL ? self->type : state->types.null);
  } else if (la_text_is(key, "name") || la_text_is(key, "key")) {
    bool is_function = self->kind == LA_NODE_FUNCTION && la_text_is(key, "name");
    bool is_param = self->kind == LA_NODE_PARAM && la_text_is(key, "key");
    la_text name = is_param      ? self->text
                   : is_function ? la_expr_param_name(self)
                                 : la_expr_name(self);
    if (name.bytes != NULL) {
      la_push_text(L, name);
    }
  } else if (self->kind != LA_NODE_ATTRIBUTE || self->subject == NULL ||
             !push_field_of_attribute(L, state, self)) {
    return la_push_field(L, state, "expression_field");
  }
  return 1;
}
