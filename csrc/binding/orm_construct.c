/* SPDX-License-Identifier: MIT */
/*
 * Making objects: Class{name = value}.
 */
#include "binding/open.h"
#include "binding/orm_load.h"

/* Upvalues of a class's `__call`. The state is the first, as in all functions. */
#define MAPPER  lua_upvalueindex(2)
#define OBJECTS lua_upvalueindex(3) /* the state's table of handles */
#define OBJECT  lua_upvalueindex(4) /* the metatable of the class's objects */
#define KEYS    lua_upvalueindex(5)
#define INIT    lua_upvalueindex(6) /* the strings "__init" … */
#define BASE    lua_upvalueindex(7) /* … and "__base__" */
#define KNOWN   lua_upvalueindex(8) /* la_known_keys */

/* An object of a class of a hierarchy says which it is. */
static void set_identity(lua_State *L, la_instance *instance) {
  const la_mapper *mapper = instance->mapper;
  la_error err;
  la_error_init(&err);
  for (const la_mapper *at = mapper; at; at = at->base) {
    if (at->polymorphic_on && at->polymorphic_on->kind != LA_PROPERTY_COLUMN) {
      return; /* an expression of other columns */
    }
    if (at->polymorphic_on) {
      uint32_t slot = at->polymorphic_on->slot;
      if (la_instance_set(instance, slot, &mapper->polymorphic_identity, NULL, &err) < 0) {
        la_raise_orm(L, &err);
      }
      return;
    }
  }
}

/* Pushes a new transient object; the places are those of la_push_transient. */
static la_instance *push_new(lua_State *L, la_state *state, const la_mapper_box *box, int objects,
                             int metatable) {
  la_mapper *mapper = box->box.object;
  la_instance *instance = la_push_transient(L, state, box->slab, mapper, objects, metatable);
  if (mapper->polymorphic_identity.kind != LA_VALUE_NULL) {
    set_identity(L, instance);
  }
  return instance;
}

/* core.object_new(class) → a transient object, constructor not called. */
static int object_new(lua_State *L) {
  la_state *state = la_state_of(L);
  const la_mapper_box *box = la_to_mapper_box(L, 1);
  if (!box || !box->box.object) {
    return la_raise_argument(L, 1, "a mapped class");
  }
  lua_settop(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  la_push_object_metatable(L, state, box->box.object);
  push_new(L, state, box, 2, 3);
  return 1;
}

static void raise_one_table(lua_State *L, const la_mapper *mapper) {
  la_raise_status(L, LA_ARGUMENT, "%.*s takes one table of its attributes",
                  LA_TEXT_FORMAT(mapper->class_name));
}

/* Whether a field of a new object is written without regard to order: nobody is told of it. */
static bool is_simple(const la_mapper *mapper, const la_property *property) {
  return property->kind == LA_PROPERTY_COLUMN && !(mapper->hears & LA_HEARS_CHANGES);
}

/* Sets what set_simple has left of the table at `fields`, in mapped order; unknown names go to the
 * hook "unknown_fields". `left` is how many there are. */
static void set_others(lua_State *L, la_state *state, const la_mapper *mapper, int object,
                       int fields, size_t left) {
  int top = lua_gettop(L);
  for (size_t i = 0; i < mapper->properties.count && left > 0; i++) {
    const la_property *property = mapper->properties.items[i];
    if (is_simple(mapper, property)) {
      continue;
    }
    la_push_text(L, property->key);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, fields) != LUA_TNIL) { /* key, value */
      left--;
      if (mapper->hears & LA_HEARS_CHANGES || property->kind == LA_PROPERTY_SYNONYM) {
        lua_settable(L, object);
      } else {
        la_object_set(L, state, object, property, top + 2);
      }
    }
    lua_settop(L, top);
  }
  if (left > 0) {
    la_push_hook(L, state, "unknown_fields");
    lua_pushvalue(L, object);
    lua_pushvalue(L, fields);
    la_run_program(L, 2, 0);
  }
}

/* Sets the columns among the fields in the table at `fields`, found in the table at `keys`. How
 * many fields are left. */
static size_t set_simple(lua_State *L, la_state *state, la_instance *instance, int object,
                         int fields, int keys, la_known_keys *known) {
  const la_mapper *mapper = instance->mapper;
  int key = lua_gettop(L) + 1;
  size_t left = 0;
  la_value value;
  la_error err;
  la_error_init(&err);
  for (lua_pushnil(L); lua_next(L, fields); lua_settop(L, key)) { /* key, value */
    const la_property *property = la_find_property(L, known, keys, mapper, key);
    if (!property || !is_simple(mapper, property)) {
      left++;
    } else if (property->slot >= instance->slot_count ||
               !la_object_plain_value(L, key + 1, property, &value)) {
      la_object_set(L, state, object, property, key + 1);
    } else if (la_instance_set(instance, property->slot, &value, NULL, &err) < 0) {
      la_raise(L, &err);
    }
  }
  return left;
}

/* Sets the fields in the table at `fields` on the new object at `object`: columns, then the others
 * in mapped order. */
static void set_fields(lua_State *L, la_state *state, la_instance *instance, int object, int fields,
                       int keys, la_known_keys *known) {
  const la_mapper *mapper = instance->mapper;
  if (lua_isnil(L, fields)) {
    return;
  }
  if (!lua_istable(L, fields)) {
    la_raise_status(L, LA_ARGUMENT,
                    "%.*s takes one table of its attributes, %.*s{name = value}, not a %s",
                    LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->class_name),
                    luaL_typename(L, fields));
  }
  luaL_checkstack(L, 10, NULL);
  size_t left = set_simple(L, state, instance, object, fields, keys, known);
  if (left > 0) {
    set_others(L, state, mapper, object, fields, left);
  }
}

/* core.object_init(object, fields): the default constructor. */
static int object_init(lua_State *L) {
  la_instance *instance = la_check_instance(L, 1);
  if (lua_gettop(L) > 2) {
    raise_one_table(L, instance->mapper);
  }
  lua_settop(L, 2);
  la_push_keys(L, 1);
  la_push_known_keys(L, 3);
  set_fields(L, la_state_of(L), instance, 1, 2, 3, lua_touserdata(L, 4));
  return 0;
}

/* Pushes the `__init` of the class at 1. */
static void push_init(lua_State *L) {
  lua_pushvalue(L, 1);
  for (;;) {
    lua_pushvalue(L, INIT);
    if (lua_rawget(L, -2) != LUA_TNIL) { /* class, init */
      lua_replace(L, -2);
      return;
    }
    lua_pop(L, 1);
    lua_pushvalue(L, BASE);
    if (lua_rawget(L, -2) != LUA_TTABLE) { /* class, no base */
      lua_pop(L, 2);
      lua_pushnil(L);
      return;
    }
    lua_replace(L, -2);
  }
}

/* Class(fields): the `__call` of a class's metatable once it is mapped. */
static int class_call(lua_State *L) {
  la_state *state = la_state_of(L);
  int arguments = lua_gettop(L) - 1;
  const la_mapper_box *box = lua_touserdata(L, MAPPER);
  luaL_checktype(L, 1, LUA_TTABLE);
  la_mapper *mapper = box->box.object;
  if (!mapper) {
    return la_raise_status(L, LA_INVALID_REQUEST, "the Lua state is closing: no objects are made");
  }
  if (!mapper->configured) {
    la_configure(L, state, mapper);
  }
  luaL_checkstack(L, arguments + 6, NULL);
  la_instance *instance = push_new(L, state, box, OBJECTS, OBJECT);
  lua_insert(L, 2); /* class, object, arguments… */
  push_init(L);     /* class, object, arguments…, init */
  if (mapper->hears & LA_HEARS_INIT) {
    la_push_hook(L, state, "construct");
    lua_insert(L, 3);
    lua_pushvalue(L, 2);
    lua_insert(L, 4);
    lua_insert(L, 5); /* class, object, hook, object, init, arguments… */
    la_run_program(L, arguments + 2, 0);
  } else if (!lua_isnil(L, -1) && lua_tocfunction(L, -1) != object_init) {
    lua_insert(L, 3);
    lua_pushvalue(L, 2);
    lua_insert(L, 4); /* class, object, init, object, arguments… */
    la_run_program(L, arguments + 1, 0);
  } else if (arguments > 1) {
    raise_one_table(L, mapper);
  } else if (arguments == 1) {
    set_fields(L, state, instance, 2, 3, KEYS, lua_touserdata(L, KNOWN));
  }
  lua_settop(L, 2);
  return 1;
}

void la_push_constructor(lua_State *L, la_state *state, int mapper, int objects, int keys) {
  lua_pushlightuserdata(L, state);
  lua_pushvalue(L, mapper);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->objects);
  lua_pushvalue(L, objects);
  lua_pushvalue(L, keys);
  lua_pushliteral(L, "__init");
  lua_pushliteral(L, "__base__");
  la_push_known_keys(L, keys);
  lua_pushcclosure(L, class_call, 8);
}

/* The `__call` of a class that is abstract, or not mapped yet. */
static int class_refuse(lua_State *L) {
  return la_raise_status(L, LA_INVALID_REQUEST,
                         "this class is abstract or not mapped: it has no objects");
}

void la_open_orm_construct(lua_State *L, la_state *state) {
  (void)state;
  static const luaL_Reg functions[] = {{"object_new", object_new},
                                       {"object_init", object_init},
                                       {"class_call", class_refuse},
                                       {NULL, NULL}};
  la_set_functions(L, functions);
}
