/* SPDX-License-Identifier: MIT */
/*
 * TYPE boxes. `la.String` is one, and calling it makes another; lualchemy.types says which
 * arguments each takes.
 */
#include "binding/host.h"
#include "binding/schema_common.h"
#include "binding/sql.h"

static la_type *to_type(lua_State *L, int index) {
  la_box *box = la_to_box_of(L, index, LA_BOX_TYPE);
  return box ? box->object : NULL;
}

la_type *la_check_type(lua_State *L, int index) {
  la_box *box = la_to_box_of(L, index, LA_BOX_TYPE);
  if (!box) {
    la_raise_argument(L, index, "type such as Integer or String(20)");
    return NULL;
  }
  if (!box->object) {
    /* A class of types stands for what its constructor makes without arguments. */
    lua_pushvalue(L, index);
    la_push_hook(L, la_state_of(L), "type_complete");
    lua_insert(L, -2);
    lua_call(L, 1, 0);
  }
  return box->object;
}

la_type *la_opt_type(lua_State *L, int index) {
  return lua_isnoneornil(L, index) ? NULL : la_check_type(L, index);
}

void la_push_type(lua_State *L, la_state *state, const la_type *type) {
  if (!type) {
    lua_pushnil(L);
    return;
  }
  if (la_push_known(L, state, type)) {
    return;
  }
  la_box *box = la_push_box(L, state, LA_BOX_TYPE, sizeof *box, 1);
  box->object = la_object_retain((void *)(uintptr_t)type);
  la_know(L, state, type);
}

/* ---- making ---- */

static la_type_kind check_kind(lua_State *L, int index) {
  la_text name = la_check_text(L, index);
  for (int kind = 0; kind < LA_TYPE_KIND_COUNT; kind++) {
    if (la_text_is(name, la_type_kind_name((la_type_kind)kind))) {
      return (la_type_kind)kind;
    }
  }
  la_raise_status(L, LA_ARGUMENT, "there is no type \"%s\"", name.bytes);
  return LA_TYPE_NULL;
}

static uint32_t read_flags(lua_State *L, int index) {
  static const struct {
    const char *name;
    uint32_t flag;
  } flags[] = {{"timezone", LA_TYPE_TIMEZONE},
               {"asdecimal", LA_TYPE_AS_DECIMAL},
               {"create_constraint", LA_TYPE_CREATE_CONSTRAINT},
               {"none_as_null", LA_TYPE_NONE_AS_NULL},
               {"evaluates_none", LA_TYPE_EVALUATES_NONE},
               {"native", LA_TYPE_NATIVE},
               {"host_bind", LA_TYPE_HOST_BIND},
               {"host_result", LA_TYPE_HOST_RESULT},
               {"comparator", LA_TYPE_COMPARATOR},
               {"coerces", LA_TYPE_COERCES}};
  uint32_t found = 0;
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    found |= la_field_flag(L, index, flags[i].name) ? flags[i].flag : 0;
  }
  return found;
}

/* The strings of the sequence in field "values"; the array lies in a userdata that stays on the
 * stack. */
static void read_values(lua_State *L, int index, la_type_options *options) {
  if (lua_getfield(L, index, "values") != LUA_TTABLE) {
    return;
  }
  lua_Integer count = luaL_len(L, -1);
  la_text *values =
      lua_newuserdatauv(L, sizeof *values * (size_t)(count + 1), 0); /* list, values */
  for (lua_Integer i = 0; i < count; i++) {
    lua_geti(L, -2, i + 1);
    values[i] = la_check_text(L, -1);
    lua_pop(L, 1);
  }
  options->values = values;
  options->value_count = (uint32_t)count;
}

/* Pairs of dialect and type in field "variants": {{"mysql", type}, …}. */
static void read_variants(lua_State *L, int index, la_type_options *options) {
  if (lua_getfield(L, index, "variants") != LUA_TTABLE) {
    return;
  }
  lua_Integer count = luaL_len(L, -1);
  la_type_variant *variants = lua_newuserdatauv(L, sizeof *variants * (size_t)(count + 1), 0);
  for (lua_Integer i = 0; i < count; i++) {
    lua_geti(L, -2, i + 1);
    lua_geti(L, -1, 1);
    lua_geti(L, -2, 2); /* pair, dialect, type */
    variants[i].dialect = la_check_text(L, -2);
    variants[i].type = la_check_type(L, -1);
    lua_pop(L, 3);
  }
  options->variants = variants;
  options->variant_count = (uint32_t)count;
}

/* The SQL expression in field `name`, lent from the table; NULL if there is none. */
static la_object *read_expression(lua_State *L, int index, const char *name) {
  if (lua_getfield(L, index, name) == LUA_TNIL) {
    return NULL;
  }
  la_node *node = la_to_node(L, -1);
  if (!node || !la_node_is_expr(node)) {
    la_raise_status(L, LA_ARGUMENT, "%s must give an SQL expression, not %s", name,
                    luaL_typename(L, -1));
  }
  return &node->object;
}

/* core.type_placeholder(type): what bind_expression and column_expression are called with. */
static int type_placeholder(lua_State *L) {
  la_state *state = la_state_of(L);
  la_type *type = la_check_type(L, 1);
  return la_return_node(
      L, state,
      la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_PLACEHOLDER, .type = type}));
}

/* core.type_make(box, kind, options): fills an empty TYPE box. With host_bind or host_result the
 * box itself is the Lua object that processes values. */
static int type_make(lua_State *L) {
  la_state *state = la_state_of(L);
  la_box *box = la_check_box(L, 1, LA_BOX_TYPE);
  la_type_kind kind = check_kind(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  if (box->object) {
    return la_raise_status(L, LA_ARGUMENT, "the type is made already");
  }
  la_type_options options = {.flags = read_flags(L, 3),
                             .length = (int32_t)la_field_integer(L, 3, "length", -1),
                             .precision = (int32_t)la_field_integer(L, 3, "precision", -1),
                             .scale = (int32_t)la_field_integer(L, 3, "scale", -1),
                             .name = la_field_text(L, 3, "name"),
                             .collation = la_field_text(L, 3, "collation")};
  read_values(L, 3, &options);
  read_variants(L, 3, &options);
  lua_getfield(L, 3, "impl");
  options.impl = la_opt_type(L, -1);
  options.bind_expression = read_expression(L, 3, "bind_expression");
  options.column_expression = read_expression(L, 3, "column_expression");
  if (options.flags & (LA_TYPE_HOST_BIND | LA_TYPE_HOST_RESULT) || la_field_flag(L, 3, "host")) {
    options.host = la_host_number(L, state, 1);
  }
  box->object = la_type_new(&state->alloc, kind, &options);
  if (!box->object) {
    la_raise_nomem(L);
  }
  lua_pushvalue(L, 1);
  la_know(L, state, box->object);
  return 1;
}

/* core.type_new() → an empty TYPE box, for type_make. */
static int type_new(lua_State *L) {
  la_push_box(L, la_state_of(L), LA_BOX_TYPE, sizeof(la_box), 1);
  return 1;
}

/* ---- reading ---- */

static void push_number_field(lua_State *L, int32_t number) {
  if (number >= 0) {
    lua_pushinteger(L, number);
  } else {
    lua_pushnil(L);
  }
}

static void push_values(lua_State *L, la_state *state, const la_type *type) {
  la_push_list(L, state, (int)type->value_count);
  for (uint32_t i = 0; i < type->value_count; i++) {
    la_push_text(L, type->values[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_variants(lua_State *L, la_state *state, const la_type *type) {
  lua_createtable(L, (int)type->variant_count, 0);
  for (uint32_t i = 0; i < type->variant_count; i++) {
    lua_createtable(L, 2, 0);
    la_push_text(L, type->variants[i].dialect);
    lua_rawseti(L, -2, 1);
    la_push_type(L, state, type->variants[i].type);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* core.type_get(type, field): kind, length, precision, …; nil for a field that types don't have or
 * an empty box. */
static int type_get(lua_State *L) {
  la_state *state = la_state_of(L);
  la_type *type = la_check_box(L, 1, LA_BOX_TYPE)->object;
  const char *key = luaL_checkstring(L, 2);
  static const struct {
    const char *name;
    uint32_t flag;
  } flags[] = {{"timezone", LA_TYPE_TIMEZONE},
               {"asdecimal", LA_TYPE_AS_DECIMAL},
               {"create_constraint", LA_TYPE_CREATE_CONSTRAINT},
               {"none_as_null", LA_TYPE_NONE_AS_NULL},
               {"evaluates_none", LA_TYPE_EVALUATES_NONE},
               {"native", LA_TYPE_NATIVE}};
  if (!type) {
    lua_pushnil(L);
    return 1;
  }
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    if (strcmp(key, flags[i].name) == 0) {
      lua_pushboolean(L, (type->flags & flags[i].flag) != 0);
      return 1;
    }
  }
  if (strcmp(key, "kind") == 0) {
    lua_pushstring(L, la_type_kind_name(type->kind));
  } else if (strcmp(key, "length") == 0) {
    push_number_field(L, type->length);
  } else if (strcmp(key, "precision") == 0) {
    push_number_field(L, type->precision);
  } else if (strcmp(key, "scale") == 0) {
    push_number_field(L, type->scale);
  } else if (strcmp(key, "name") == 0) {
    la_push_optional_text(L, type->name);
  } else if (strcmp(key, "collation") == 0) {
    la_push_optional_text(L, type->collation);
  } else if (strcmp(key, "impl") == 0) {
    la_push_type(L, state, type->impl);
  } else if (strcmp(key, "values") == 0) {
    push_values(L, state, type);
  } else if (strcmp(key, "variants") == 0) {
    push_variants(L, state, type);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* Methods of all types, then what Lua knows: the record, the class, the fields. */
static int type_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  return la_field_by_hook(L, "type_field");
}

/* A field that a class of types sets on its instances. */
static int type_newindex(lua_State *L) {
  la_push_record(L, 1);
  lua_insert(L, 2);
  lua_rawset(L, 2);
  return 0;
}

static int type_call(lua_State *L) {
  la_push_hook(L, la_state_of(L), "type_call");
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static void clear_text(void *memory) {
  la_strbuf_clear(memory);
}

static int type_tostring(lua_State *L) {
  la_state *state = la_state_of(L);
  la_type *type = to_type(L, 1);
  if (!type) {
    la_push_hook(L, state, "type_name");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
  }
  la_strbuf *text = la_push_scratch(L, state, sizeof *text, clear_text);
  la_strbuf_init(text, &state->alloc);
  la_type_describe(type, text);
  la_error err = LA_ERROR_INIT;
  la_raise_if(L, la_strbuf_status(text, &err), &err);
  la_push_text(L, la_strbuf_view(text));
  return 1;
}

/* core.type_equal(a, b): compile and convert alike? */
static int type_equal(lua_State *L) {
  lua_pushboolean(L, la_type_equal(la_check_type(L, 1), la_check_type(L, 2)));
  return 1;
}

void la_open_schema_type(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"type_new", type_new},     {"type_make", type_make},
      {"type_get", type_get},     {"type_placeholder", type_placeholder},
      {"type_equal", type_equal}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__index", type_index},
                                         {"__newindex", type_newindex},
                                         {"__call", type_call},
                                         {"__tostring", type_tostring},
                                         {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_TYPE, NULL, metamethods);
}
