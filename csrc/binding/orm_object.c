/* SPDX-License-Identifier: MIT */
/*
 * Mapped objects: reading and writing attributes.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/process.h"
#include "binding/sql.h"
#include "sql/expr.h"

/* Key of an objects' metatable. */
static const char keys_key = 0;
static const char known_key = 0; /* of the keys table's own known_keys */

void la_push_keys(lua_State *L, int index) {
  lua_getmetatable(L, index);
  lua_rawgetp(L, -1, &keys_key);
  lua_replace(L, -2);
}

la_instance *la_check_instance(lua_State *L, int index) {
  la_instance *instance = la_to_instance(L, index);
  if (!instance) {
    la_mapper *mapper = la_to_mapper(L, index);
    if (mapper) {
      la_raise_status(L, LA_UNMAPPED_INSTANCE,
                      "Class '%.*s' is not an instance; was a class (%.*s) supplied where an "
                      "instance was required?",
                      LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->class_name));
    }
    la_raise_status(L, LA_UNMAPPED_INSTANCE, "a %s is not an instance of a mapped class",
                    luaL_typename(L, index));
  }
  return instance;
}

/* Keeps the value on top of the stack, which stays, as slot `slot`'s Lua value. */
static void cache_slot(lua_State *L, la_state *state, int index, uint32_t slot) {
  la_push_object_table(L, state, index);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, -(lua_Integer)(slot + 1));
  lua_pop(L, 1);
}

static bool push_cached(lua_State *L, la_state *state, int index, uint32_t slot) {
  if (!la_push_object_table_if(L, state, index)) {
    return false;
  }
  lua_rawgeti(L, -1, -(lua_Integer)(slot + 1));
  lua_remove(L, -2);
  return true;
}

/* The table on top of the stack is replaced by one that tells the object at `index` of changes
 * inside it. */
static void track_value(lua_State *L, la_state *state, int index, const la_property *property,
                        const char *hook) {
  la_push_hook(L, state, hook);
  lua_pushvalue(L, index);
  la_push_text(L, property->key);
  lua_pushvalue(L, -4); /* value, hook, object, key, value */
  la_run_program(L, 3, 1);
  lua_replace(L, -2);
}

/* Pushes the value of a loaded slot. */
static void push_slot(lua_State *L, la_state *state, int index, la_instance *instance,
                      const la_property *property) {
  la_value *value = &instance->slots[property->slot];
  if (value->kind == LA_VALUE_HOST) {
    if (!push_cached(L, state, index, property->slot)) {
      lua_pushnil(L);
    }
    return;
  }
  bool processed = property->flags & LA_PROPERTY_HOST_TYPE && property->column;
  bool cached = processed || (value->kind == LA_VALUE_TEXT && value->len > LA_SHORT_TEXT);
  if (cached && value->flags & LA_SLOT_CACHED && push_cached(L, state, index, property->slot)) {
    return;
  }
  la_push_value(L, state, value);
  if (processed) {
    la_process_result_of(L, state, property->column->type,
                         instance->session ? instance->session->engine : NULL);
    if (property->flags & LA_PROPERTY_MUTABLE && !lua_isnil(L, -1)) {
      track_value(L, state, index, property, "mutable_loaded");
    }
  }
  if (cached) {
    cache_slot(L, state, index, property->slot);
    instance->slots[property->slot].flags |= LA_SLOT_CACHED;
  }
}

void la_object_get(lua_State *L, la_state *state, int index, const la_property *property) {
  la_instance *instance = la_handle_instance(L, state, index);
  index = lua_absindex(L, index);
  luaL_checkstack(L, 6, NULL);
  if (property->kind == LA_PROPERTY_RELATIONSHIP) {
    la_object_get_link(L, state, index, property->slot);
    return;
  }
  if (property->slot < instance->slot_count &&
      instance->slots[property->slot].flags & LA_SLOT_LOADED) {
    push_slot(L, state, index, instance, property);
    return;
  }
  la_object_state object_state = la_instance_state(instance);
  if (property->slot >= instance->slot_count || object_state == LA_STATE_TRANSIENT ||
      object_state == LA_STATE_PENDING) {
    if (instance->mapper->hears & LA_HEARS_UNSET) {
      la_push_hook(L, state, "init_scalar");
      lua_pushvalue(L, index);
      la_push_text(L, property->key);
      la_run_program(L, 2, 1);
    } else {
      lua_pushnil(L);
    }
    return;
  }
  if (instance->session) {
    la_push_session(L, state, instance->session);
    la_session_autoflush(L, state, -1);
    lua_pop(L, 1);
  }
  if (la_session_loads_heard(state, instance->session) &&
      la_tell_column_load(L, state, index, property->key, false) &&
      instance->slots[property->slot].flags & LA_SLOT_LOADED) {
    push_slot(L, state, index, instance, property);
    return;
  }
  la_load *load = la_push_load(L, state);
  la_error err;
  la_error_init(&err);
  if (instance->session) {
    la_session_route(L, state, instance->session, instance->mapper, NULL, instance);
    la_session_listen(L, state, instance->session);
  }
  if (la_load_slots(instance, property->slot, load, &err) < 0) {
    la_raise_orm(L, &err);
  }
  la_finish_load(L, state, load, -1);
  if (instance->session) {
    la_session_tell(L, state, instance->session);
  }
  la_give_back_scratch(L, state, -1);
  lua_pop(L, 1);
  if (instance->slots[property->slot].flags & LA_SLOT_LOADED) {
    push_slot(L, state, index, instance, property);
  } else {
    lua_pushnil(L);
  }
}

/* The numbers of properties by the addresses of their names, for names that Lua interns: the keys
 * table holds each name and never takes it back, so an address means nothing else. */
#define KNOWN_KEYS 32
struct la_known_keys {
  la_state *state;
  struct {
    const void *name;
    lua_Integer number;
  } at[KNOWN_KEYS];
};

static inline const la_property *look_up(lua_State *L, la_known_keys *known, int keys,
                                         const la_mapper *mapper, int key_index) {
  const void *name = lua_topointer(L, key_index); /* the key itself, if it is a string */
  size_t place = ((uintptr_t)name >> 5) % KNOWN_KEYS;
  if (known->at[place].name == name && name != NULL) {
    return mapper->properties.items[known->at[place].number];
  }
  lua_pushvalue(L, key_index);
  if (lua_rawget(L, keys) != LUA_TNUMBER) {
    return NULL;
  }
  lua_Integer number = lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (lua_rawlen(L, key_index) <= LA_SHORT_TEXT) {
    known->at[place].name = name;
    known->at[place].number = number;
  }
  return mapper->properties.items[number];
}

const la_property *la_find_property(lua_State *L, la_known_keys *known, int keys,
                                    const la_mapper *mapper, int key_index) {
  return look_up(L, known, keys, mapper, key_index);
}

/* The same in a metamethod. Upvalues: state, keys, class, known keys. */
static const la_property *find_property(lua_State *L, la_known_keys *known, const la_mapper *mapper,
                                        int key_index) {
  return look_up(L, known, lua_upvalueindex(2), mapper, key_index);
}

void la_push_known_keys(lua_State *L, int keys) {
  lua_rawgetp(L, keys, &known_key);
}

void la_forget_keys(lua_State *L, int keys) {
  if (lua_rawgetp(L, keys, &known_key) == LUA_TUSERDATA) {
    la_known_keys *known = lua_touserdata(L, -1);
    memset(known->at, 0, sizeof known->at);
  }
  lua_pop(L, 1);
}

/* Calls `method` of the descriptor on top of the stack with the object, key and values from 1 on.
 */
static void call_descriptor(lua_State *L, const char *method, int arguments, int results) {
  lua_getfield(L, -1, method);
  lua_insert(L, -2); /* function, descriptor */
  for (int i = 1; i <= arguments; i++) {
    lua_pushvalue(L, i);
  }
  la_run_program(L, arguments + 1, results);
}

void la_push_from_class(lua_State *L, int class_index, int key_index) {
  lua_pushvalue(L, class_index); /* class */
  for (;;) {
    lua_pushvalue(L, key_index);
    lua_rawget(L, -2); /* class, value */
    if (!lua_isnil(L, -1)) {
      lua_remove(L, -2);
      return;
    }
    lua_pop(L, 1);
    lua_pushliteral(L, "__base__");
    lua_rawget(L, -2); /* class, base */
    lua_remove(L, -2);
    if (!lua_istable(L, -1)) {
      lua_pop(L, 1);
      lua_pushnil(L);
      return;
    }
  }
}

/* Pushes what a loaded link of the object at 1 has, if nobody else has a say in it. */
static bool push_loaded_link(lua_State *L, const la_instance *instance, uint32_t link,
                             const la_relationship *relationship) {
  if (link >= instance->link_count || !(la_links(instance)[link].flags & LA_LINK_LOADED)) {
    return false;
  }
  bool plain = relationship->uselist
                   ? relationship->host == 0 && !la_relationship_never_loads(relationship) &&
                         !(instance->mapper->hears & LA_HEARS_COLLECTIONS)
                   : la_links(instance)[link].to.one != NULL;
  return plain && lua_getiuservalue(L, 1, LA_LINK_VALUE(link)) == LUA_TUSERDATA;
}

/* Pushes a loaded value that Lua has as it is: most reads end here. */
static bool push_loaded(lua_State *L, const la_instance *instance, const la_property *property) {
  if (property->kind == LA_PROPERTY_RELATIONSHIP) {
    return push_loaded_link(L, instance, property->slot, property->relationship);
  }
  if (property->flags & LA_PROPERTY_HOST_TYPE || property->slot >= instance->slot_count) {
    return false;
  }
  const la_value *value = &instance->slots[property->slot];
  if (!(value->flags & LA_SLOT_LOADED)) {
    return false;
  }
  switch (value->kind) {
  case LA_VALUE_INTEGER:
    lua_pushinteger(L, value->as.integer);
    return true;
  case LA_VALUE_TEXT:
    if (value->len > LA_SHORT_TEXT) {
      return false;
    }
    lua_pushlstring(L, value->len ? value->as.bytes : "", value->len);
    return true;
  case LA_VALUE_REAL:
    lua_pushnumber(L, value->as.real);
    return true;
  case LA_VALUE_BOOLEAN:
    lua_pushboolean(L, value->as.integer != 0);
    return true;
  case LA_VALUE_NULL:
    lua_pushnil(L);
    return true;
  default:
    return false;
  }
}

/* Upvalues: as for find_property. */
static int object_index(lua_State *L) {
  la_known_keys *known = lua_touserdata(L, lua_upvalueindex(4));
  la_state *state = known->state;
  la_instance *instance = la_handle_instance(L, state, 1);
  const la_property *property = find_property(L, known, instance->mapper, 2);
  if (property) {
    if (!push_loaded(L, instance, property)) {
      la_object_get(L, state, 1, property);
    }
    return 1;
  }
  if (!lua_isnil(L, -1)) {
    call_descriptor(L, "get", 2, 1);
    return 1;
  }
  if (la_push_object_table_if(L, state, 1)) {
    if (lua_type(L, 2) == LUA_TSTRING) {
      lua_pushvalue(L, 2);
      lua_rawget(L, -2);
      if (!lua_isnil(L, -1)) {
        return 1;
      }
    }
    lua_settop(L, 2);
  }
  la_push_from_class(L, lua_upvalueindex(3), 2);
  return 1;
}

/* Raises for a value that `property` can't have. */
static void raise_value(lua_State *L, const la_property *property, const la_error *err) {
  if (err->status == LA_NOMEM) {
    la_raise(L, err);
  }
  la_raise_status(L, LA_STATEMENT, "(column %.*s) %s", LA_TEXT_FORMAT(property->column->name),
                  err->message);
}

bool la_object_plain_value(lua_State *L, int index, const la_property *property, la_value *out) {
  const uint32_t special = LA_PROPERTY_HOST_TYPE | LA_PROPERTY_ACTIVE_HISTORY;
  if ((property->flags & (special | LA_PROPERTY_PLAIN)) != LA_PROPERTY_PLAIN) {
    return false;
  }
  switch (lua_type(L, index)) {
  case LUA_TSTRING: {
    la_text text;
    text.bytes = lua_tolstring(L, index, &text.len);
    *out = la_value_text(text);
    if (property->column->type && property->column->type->affinity == LA_AFFINITY_BLOB) {
      out->kind = LA_VALUE_BLOB;
    }
    return text.len <= INT32_MAX;
  }
  case LUA_TNUMBER:
    *out = lua_isinteger(L, index) ? la_value_integer(lua_tointeger(L, index))
                                   : la_value_real(lua_tonumber(L, index));
    return true;
  case LUA_TBOOLEAN:
    *out = la_value_of_kind(LA_VALUE_BOOLEAN, lua_toboolean(L, index));
    return true;
  default:
    return false;
  }
}

static void clear_arena(void *arena) {
  la_arena_clear(arena);
}

/* Writes `value` into the slot, tells the session, and holds the handle from the first change on.
 * `committed`: as if it had been loaded. */
static void store(lua_State *L, la_state *state, la_instance *instance, const la_property *property,
                  const la_value *value, bool committed) {
  la_error err;
  la_error_init(&err);
  bool first = false;
  la_status status = committed ? la_instance_load(instance, property->slot, value, false, &err)
                               : la_instance_set(instance, property->slot, value, &first, &err);
  if (status < 0) {
    la_raise(L, &err);
  }
  instance->slots[property->slot].flags &= (uint8_t)~LA_SLOT_CACHED;
  if (first && instance->session) {
    la_session_settle(L, state, instance->session);
  }
}

/* The history of such an attribute has the old value, which is read before it is replaced. */
static void read_old(lua_State *L, la_state *state, int index, const la_instance *instance,
                     const la_property *property) {
  if (instance->session && la_instance_state(instance) == LA_STATE_PERSISTENT &&
      property->slot < instance->slot_count &&
      !(instance->slots[property->slot].flags & LA_SLOT_LOADED)) {
    la_object_get(L, state, index, property);
    lua_pop(L, 1);
  }
}

void la_object_set(lua_State *L, la_state *state, int index, const la_property *property,
                   int value_index) {
  index = lua_absindex(L, index);
  value_index = lua_absindex(L, value_index);
  luaL_checkstack(L, 8, NULL);
  if (property->kind == LA_PROPERTY_RELATIONSHIP) {
    la_object_set_link(L, state, index, property->relationship, value_index);
    return;
  }
  if (property->flags & LA_PROPERTY_ACTIVE_HISTORY) {
    read_old(L, state, index, la_handle_instance(L, state, index), property);
  }
  la_object_set_slot(L, state, index, property, value_index, false);
}

/* NULL that the program has written is nil, whatever the type makes of a NULL that is loaded. */
static void keep_written_null(lua_State *L, la_state *state, int index, la_instance *instance,
                              const la_property *property) {
  if (property->flags & LA_PROPERTY_HOST_TYPE &&
      instance->slots[property->slot].kind == LA_VALUE_NULL) {
    lua_pushnil(L);
    cache_slot(L, state, index, property->slot);
    lua_pop(L, 1);
    instance->slots[property->slot].flags |= LA_SLOT_CACHED;
  }
}

void la_object_set_slot(lua_State *L, la_state *state, int index, const la_property *property,
                        int value_index, bool committed) {
  la_instance *instance = la_handle_instance(L, state, index);
  if (property->kind == LA_PROPERTY_EXPRESSION || property->slot >= instance->slot_count) {
    la_raise_status(L, LA_INVALID_REQUEST, "attribute '%.*s' of %.*s can't be set: it is read only",
                    LA_TEXT_FORMAT(property->key), LA_TEXT_FORMAT(instance->mapper->class_name));
  }
  la_value value;
  la_error err;
  la_error_init(&err);
  bool host = false;
  if (la_object_plain_value(L, value_index, property, &value)) {
    store(L, state, instance, property, &value, committed);
    return;
  }
  switch (lua_type(L, value_index)) {
  case LUA_TNIL:
    value = LA_VALUE_NONE;
    break;
  case LUA_TUSERDATA: {
    la_node *node = la_to_node(L, value_index);
    bool is_select = node && la_node_is_select(node);
    if (node && (is_select || la_node_is_expr(node))) {
      value = la_value_of_kind(LA_VALUE_HOST, 0);
      value.flags = LA_SLOT_EXPR;
      if (is_select) { /* what it gives is meant */
        la_return_node(L, state, la_expr_scalar_subquery(&state->sql, node));
      } else {
        lua_pushvalue(L, value_index);
      }
      cache_slot(L, state, index, property->slot); /* the box keeps the node */
      lua_pop(L, 1);
      store(L, state, instance, property, &value, committed);
      return;
    }
  } /* fall through */
  default: {
    la_arena *arena = NULL;
    bool plain = lua_type(L, value_index) != LUA_TTABLE && property->flags & LA_PROPERTY_PLAIN;
    if (!plain) {
      arena = la_push_scratch(L, state, sizeof *arena, clear_arena);
      la_arena_init(arena, &state->alloc);
    }
    if (property->flags & LA_PROPERTY_HOST_TYPE && !la_is_null(L, value_index)) {
      host = true; /* what Lua makes of it is seen at the flush */
    } else if (la_value_from_lua(L, value_index, property->column->type, arena, &value, &host,
                                 &err) < 0) {
      raise_value(L, property, &err);
    }
    if (host) {
      value = la_value_of_kind(LA_VALUE_HOST, 0);
      lua_pushvalue(L, value_index);
      if (property->flags & LA_PROPERTY_MUTABLE) {
        track_value(L, state, index, property, "mutable_set");
      }
      cache_slot(L, state, index, property->slot);
      lua_pop(L, 1);
    }
    store(L, state, instance, property, &value, committed);
    keep_written_null(L, state, index, instance, property);
    if (arena) {
      la_scratch_clear(L, -1);
      lua_pop(L, 1);
    }
    return;
  }
  }
  store(L, state, instance, property, &value, committed);
  keep_written_null(L, state, index, instance, property);
}

/* Upvalues: as for find_property. */
static int object_newindex(lua_State *L) {
  la_known_keys *known = lua_touserdata(L, lua_upvalueindex(4));
  la_state *state = known->state;
  la_instance *instance = la_handle_instance(L, state, 1);
  const la_property *property = find_property(L, known, instance->mapper, 2);
  if (property) {
    if (instance->mapper->hears & LA_HEARS_CHANGES && property->kind != LA_PROPERTY_RELATIONSHIP) {
      la_push_hook(L, state, "attribute_set");
      lua_pushvalue(L, 1);
      la_push_text(L, property->key);
      lua_pushvalue(L, 3);
      la_run_program(L, 3, 1); /* the value that validators and listeners leave */
      lua_replace(L, 3);
    }
    la_object_set(L, state, 1, property, 3);
    return 0;
  }
  if (lua_type(L, 2) != LUA_TSTRING) {
    return la_raise_status(L, LA_ARGUMENT, "a field of %.*s is named by a string, not by a %s",
                           LA_TEXT_FORMAT(instance->mapper->class_name), luaL_typename(L, 2));
  }
  if (!lua_isnil(L, -1)) {
    call_descriptor(L, "set", 3, 0);
    return 0;
  }
  la_push_object_table(L, state, 1);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_rawset(L, -3);
  return 0;
}

bool la_object_has_value(lua_State *L, int index, const la_instance *instance,
                         const la_property *property, int value_index) {
  const la_value *slot =
      property->slot < instance->slot_count ? &instance->slots[property->slot] : NULL;
  value_index = lua_absindex(L, value_index);
  if (!slot || !(slot->flags & LA_SLOT_LOADED) || slot->flags & LA_SLOT_EXPR ||
      (slot->kind != LA_VALUE_HOST && !(slot->flags & LA_SLOT_CACHED)) ||
      !push_cached(L, la_state_of(L), index, property->slot)) {
    return false;
  }
  bool same = lua_rawequal(L, -1, value_index);
  lua_pop(L, 1);
  return same;
}

static void describe_value(lua_State *L, la_state *state, luaL_Buffer *out, int index,
                           la_instance *instance, const la_property *property) {
  const la_value *value =
      property->slot < instance->slot_count ? &instance->slots[property->slot] : NULL;
  if (!value || !(value->flags & LA_SLOT_LOADED)) {
    if (la_instance_state(instance) == LA_STATE_TRANSIENT ||
        la_instance_state(instance) == LA_STATE_PENDING) {
      luaL_addstring(out, "nil");
    } else {
      luaL_addstring(out, value && value->flags & LA_SLOT_EXPIRED ? "<expired>" : "<not loaded>");
    }
    return;
  }
  if (value->kind == LA_VALUE_HOST) {
    luaL_addstring(out, value->flags & LA_SLOT_EXPR ? "<expression>" : "<value>");
    return;
  }
  (void)index;
  la_strbuf *buf = la_push_scratch(L, state, sizeof *buf, (void (*)(void *))la_strbuf_clear);
  la_strbuf_init(buf, &state->alloc);
  la_value_describe(value, buf);
  lua_pushlstring(L, buf->bytes ? buf->bytes : "", buf->failed ? 0 : buf->len);
  la_scratch_clear(L, -2);
  lua_remove(L, -2);
  luaL_addvalue(out);
}

/* "User(id=1, name="Ann")": mapped columns in order. Emits no SQL. Upvalues: state, keys, class. */
static int object_tostring(lua_State *L) {
  la_instance *instance = la_handle_instance(L, la_state_of(L), 1);
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  luaL_addlstring(&out, instance->mapper->class_name.bytes, instance->mapper->class_name.len);
  luaL_addchar(&out, '(');
  bool first = true;
  for (size_t i = 0; i < instance->mapper->properties.count; i++) {
    const la_property *property = instance->mapper->properties.items[i];
    if (property->kind != LA_PROPERTY_COLUMN) {
      continue;
    }
    if (!first) {
      luaL_addstring(&out, ", ");
    }
    first = false;
    luaL_addlstring(&out, property->key.bytes, property->key.len);
    luaL_addchar(&out, '=');
    describe_value(L, la_state_of(L), &out, 1, instance, property);
  }
  luaL_addchar(&out, ')');
  luaL_pushresult(&out);
  return 1;
}

/* next(object, key): mapped attributes in order; what is not loaded is left out. Upvalues: state,
 * keys. */
static int object_next(lua_State *L) {
  la_state *state = la_state_of(L);
  la_instance *instance = la_check_instance(L, 1);
  const la_mapper *mapper = instance->mapper;
  size_t at = 0;
  if (!lua_isnoneornil(L, 2)) {
    const la_property *property = la_mapper_property(mapper, la_check_text(L, 2));
    at = property ? property->index + 1 : mapper->properties.count;
  }
  for (; at < mapper->properties.count; at++) {
    const la_property *property = mapper->properties.items[at];
    bool loaded = false;
    if (property->kind == LA_PROPERTY_RELATIONSHIP) {
      loaded = property->slot < instance->link_count &&
               la_links(instance)[property->slot].flags & LA_LINK_LOADED;
    } else if (property->kind != LA_PROPERTY_SYNONYM && property->slot < instance->slot_count) {
      loaded = instance->slots[property->slot].flags & LA_SLOT_LOADED;
    }
    if (loaded) {
      lua_settop(L, 1);
      la_push_text(L, property->key);
      la_object_get(L, state, 1, property);
      if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        la_push_null(L);
      }
      return 2;
    }
  }
  lua_pushnil(L);
  return 1;
}

static int object_pairs(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushcclosure(L, object_next, 1);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

/* core.object_to_table(object) → a plain table of the loaded columns. */
static int object_to_table(lua_State *L) {
  la_state *state = la_state_of(L);
  la_instance *instance = la_check_instance(L, 1);
  lua_createtable(L, 0, (int)instance->mapper->slot_count);
  for (size_t i = 0; i < instance->mapper->properties.count; i++) {
    const la_property *property = instance->mapper->properties.items[i];
    if (property->kind != LA_PROPERTY_COLUMN || property->slot >= instance->slot_count ||
        !(instance->slots[property->slot].flags & LA_SLOT_LOADED)) {
      continue;
    }
    la_push_text(L, property->key);
    la_object_get(L, state, 1, property);
    if (property->flags & LA_PROPERTY_MUTABLE) {
      la_push_hook(L, state, "mutable_copy");
      lua_insert(L, -2);
      lua_call(L, 1, 1);
    }
    lua_rawset(L, -3);
  }
  return 1;
}

/* core.object_metatable(class, keys) → the metatable of the class's objects: closures over state,
 * keys and class. */
static int object_metatable(lua_State *L) {
  static const luaL_Reg functions[] = {{"__index", object_index},
                                       {"__newindex", object_newindex},
                                       {"__tostring", object_tostring},
                                       {"__pairs", object_pairs},
                                       {NULL, NULL}};
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_createtable(L, 0, 8);
  lua_pushlightuserdata(L, la_state_of(L));
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 1);
  la_known_keys *known = lua_newuserdatauv(L, sizeof *known, 0);
  *known = (la_known_keys){.state = la_state_of(L)};
  lua_pushvalue(L, -1);
  lua_rawsetp(L, 2, &known_key);
  luaL_setfuncs(L, functions, 4);
  lua_pushvalue(L, 2);
  lua_rawsetp(L, -2, &keys_key);
  la_mark_object_metatable(L);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  return 1;
}

void la_open_orm_object(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"object_metatable", object_metatable},
                                       {"object_metamethod", la_object_metamethod},
                                       {"object_to_table", object_to_table},
                                       {NULL, NULL}};
  la_open_handles(L, state);
  la_set_functions(L, functions);
}
