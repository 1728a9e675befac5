/* SPDX-License-Identifier: MIT */
/*
 * Registries, mappers and mapped classes: the low-level functions that declarative classes are made
 * with.
 */
#include "binding/orm_load.h"

#include "binding/host.h"
#include "binding/open.h"
#include "binding/schema.h"
#include "binding/sql.h"

/* Keys of a class's metatable. */
static const char mapper_key = 0;
static const char objects_key = 0;

static int mapper_gc(lua_State *L) {
  la_mapper_box *box = lua_touserdata(L, 1);
  la_object_release(box->slab);
  box->slab = NULL;
  la_object_release(box->box.object);
  box->box.object = NULL;
  return 0;
}

/* The box of the class that the table at `index` may be. */
static la_mapper_box *class_box(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) {
    return NULL;
  }
  lua_rawgetp(L, -1, &mapper_key); /* a MAPPER box or nil: the key is ours */
  la_mapper_box *box = lua_touserdata(L, -1);
  lua_pop(L, 2); /* the class's metatable holds it */
  return box;
}

la_mapper_box *la_push_mapper_box(lua_State *L, int index) {
  if (lua_istable(L, index) && lua_getmetatable(L, index)) {
    lua_rawgetp(L, -1, &mapper_key);
    lua_remove(L, -2);
  } else {
    lua_pushvalue(L, index);
  }
  return lua_touserdata(L, -1);
}

la_mapper_box *la_to_mapper_box(lua_State *L, int index) {
  return lua_istable(L, index) ? class_box(L, index)
                               : (la_mapper_box *)la_to_box_of(L, index, LA_BOX_MAPPER);
}

la_mapper *la_to_mapper(lua_State *L, int index) {
  la_mapper_box *box = la_to_mapper_box(L, index);
  return box ? box->box.object : NULL;
}

la_mapper *la_check_mapper(lua_State *L, int index) {
  la_mapper *mapper = la_to_mapper(L, index);
  if (!mapper) {
    bool named = luaL_getmetafield(L, index, "__name") == LUA_TSTRING;
    la_raise_status(L, LA_UNMAPPED_CLASS, "a %s is not a mapped class",
                    named ? lua_tostring(L, -1) : luaL_typename(L, index));
  }
  return mapper;
}

void la_configure(lua_State *L, la_state *state, const la_mapper *mapper) {
  la_push_hook(L, state, "configure");
  la_push_host(L, state, mapper->host);
  lua_call(L, 1, 0);
  if (mapper->registry) { /* what fails here is told when a statement needs it */
    (void)la_registry_configure(mapper->registry, NULL);
  }
}

/* The node of a Lua table: the entity of a mapped class, or what it stands for by itself. */
static la_node *class_node(lua_State *L, la_state *state, int index) {
  (void)state;
  const la_mapper_box *box = class_box(L, index);
  const la_mapper *mapper = box ? box->box.object : NULL;
  return mapper ? mapper->entity : la_clause_element(L, index);
}

static la_node *mapper_node(lua_State *L, la_state *state, int index) {
  (void)state;
  la_box *box = la_to_box(L, index);
  la_mapper *mapper = box->object;
  return mapper ? mapper->entity : NULL;
}

static void raise_if(lua_State *L, la_status status, const la_error *err) {
  if (status < 0) {
    la_raise_orm(L, err);
  }
}

/* core.registry_new() → registry. */
static int registry_new(lua_State *L) {
  la_state *state = la_state_of(L);
  la_box *box = la_push_box(L, state, LA_BOX_REGISTRY, sizeof *box, 1);
  box->object = la_registry_new(&state->sql);
  if (!box->object) {
    la_error err = LA_ERROR_INIT;
    raise_if(L, la_fail_nomem(&err), &err);
  }
  return 1;
}

static la_text text_field(lua_State *L, int index, const char *name) {
  la_text text = LA_TEXT_NONE;
  if (lua_getfield(L, index, name) == LUA_TSTRING) {
    text.bytes = lua_tolstring(L, -1, &text.len); /* the table holds it */
  }
  lua_pop(L, 1);
  return text;
}

static bool flag_field(lua_State *L, int index, const char *name, bool otherwise) {
  bool on = otherwise;
  if (lua_getfield(L, index, name) != LUA_TNIL) {
    on = lua_toboolean(L, -1);
  }
  lua_pop(L, 1);
  return on;
}

/* The columns of the list in field `name`, into memory of a userdata left on the stack; NULL if
 * there is none. */
static la_column **column_list(lua_State *L, int index, const char *name, uint32_t *count_out) {
  *count_out = 0;
  if (lua_getfield(L, index, name) != LUA_TTABLE) {
    return NULL;
  }
  lua_Integer count = luaL_len(L, -1);
  la_column **columns =
      lua_newuserdatauv(L, sizeof *columns * (size_t)(count + 1), 0); /* list, columns */
  for (lua_Integer i = 0; i < count; i++) {
    lua_geti(L, -2, i + 1);
    columns[i] = la_check_column(L, -1);
    lua_pop(L, 1);
  }
  *count_out = (uint32_t)count;
  return columns;
}

static void eager_field(lua_State *L, int index, la_mapper_options *options) {
  int type = lua_getfield(L, index, "eager_defaults");
  if (type == LUA_TBOOLEAN) {
    options->eager_defaults = lua_toboolean(L, -1) ? LA_EAGER_ALWAYS : LA_EAGER_NEVER;
  } else if (type != LUA_TNIL &&
             !(type == LUA_TSTRING && strcmp(lua_tostring(L, -1), "auto") == 0)) {
    la_raise_status(L, LA_ARGUMENT, "eager_defaults is true, false or \"auto\", not %s",
                    luaL_tolstring(L, -1, NULL));
  }
  lua_pop(L, 1);
}

/* Leaves the generator of versions on the stack and gives its place. */
static int version_field(lua_State *L, la_state *state, int index, la_mapper_options *options) {
  int type = lua_getfield(L, index, "version_generator");
  if (type == LUA_TFUNCTION) {
    options->version_source = LA_VERSION_HOST;
    options->version_host = la_host_number(L, state, -1);
  } else if (type == LUA_TBOOLEAN && !lua_toboolean(L, -1)) {
    options->version_source = LA_VERSION_ELSEWHERE;
  } else if (type != LUA_TNIL) {
    la_raise_status(L, LA_ARGUMENT,
                    "version_id_generator is a function of the old version, or false for versions "
                    "that the program or the database sets, not a %s",
                    luaL_typename(L, -1));
  }
  return lua_gettop(L);
}

/* core.mapper_new(registry, class, {class_name, table, join, base, primary_key, version_id,
 * version_generator, eager_defaults, confirm_deleted_rows, allow_partial_pks}) → mapper. */
static int mapper_new(lua_State *L) {
  la_state *state = la_state_of(L);
  la_registry *registry = la_check_box(L, 1, LA_BOX_REGISTRY)->object;
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  la_mapper_options options = {.class_name = text_field(L, 3, "class_name"),
                               .active_updates = !flag_field(L, 3, "passive_updates", true),
                               .passive_deletes = flag_field(L, 3, "passive_deletes", false),
                               .confirm_deleted_rows =
                                   flag_field(L, 3, "confirm_deleted_rows", true),
                               .allow_partial_keys = flag_field(L, 3, "allow_partial_pks", true),
                               .legacy_is_orphan = flag_field(L, 3, "legacy_is_orphan", false),
                               .concrete = flag_field(L, 3, "concrete", false)};
  if (lua_getfield(L, 3, "table") != LUA_TNIL) {
    options.table = la_check_table(L, -1);
  }
  if (lua_getfield(L, 3, "join") != LUA_TNIL) {
    options.join = la_to_node(L, -1);
  }
  if (lua_getfield(L, 3, "base") != LUA_TNIL) {
    options.base = la_check_mapper(L, -1);
  }
  if (lua_getfield(L, 3, "version_id") != LUA_TNIL) {
    options.version_id = la_check_column(L, -1);
  }
  if (lua_getfield(L, 3, "inherit_condition") != LUA_TNIL) {
    options.inherit_condition = la_to_node(L, -1);
    if (!options.inherit_condition || !la_node_is_expr(options.inherit_condition)) {
      return la_raise_status(L, LA_ARGUMENT, "inherit_condition of %.*s is a condition, not a %s",
                             LA_TEXT_FORMAT(options.class_name), luaL_typename(L, -1));
    }
  }
  eager_field(L, 3, &options);
  int generator = version_field(L, state, 3, &options);
  options.primary_key = column_list(L, 3, "primary_key", &options.primary_key_count);
  options.host = la_host_number(L, state, 2);
  la_mapper_box *box = la_push_box(L, state, LA_BOX_MAPPER, sizeof *box, 1);
  lua_createtable(L, 2, 0); /* the registry and the version's generator stay alive */
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, generator);
  lua_rawseti(L, -2, 2);
  lua_setiuservalue(L, -2, 1);
  la_mapper *mapper = NULL;
  la_error err = LA_ERROR_INIT;
  raise_if(L, la_mapper_new(registry, &options, &mapper, &err), &err);
  box->box.object = mapper;
  mapper->batch = flag_field(L, 3, "batch", true);
  box->slab = la_slab_new(&state->alloc);
  if (!box->slab) {
    raise_if(L, la_fail_nomem(&err), &err);
  }
  return 1;
}

static uint32_t property_flags(lua_State *L, int index) {
  uint32_t flags = 0;
  if (lua_istable(L, index)) {
    flags |= flag_field(L, index, "deferred", false) ? LA_PROPERTY_DEFERRED : 0;
    flags |= flag_field(L, index, "deferred_raiseload", false) ? LA_PROPERTY_RAISELOAD : 0;
    flags |= flag_field(L, index, "expire_on_flush", true) ? 0 : LA_PROPERTY_KEPT_ON_FLUSH;
    flags |= flag_field(L, index, "active_history", false) ? LA_PROPERTY_ACTIVE_HISTORY : 0;
    flags |= flag_field(L, index, "query_expression", false) ? LA_PROPERTY_QUERY : 0;
  }
  return flags;
}

/* core.mapper_column(mapper, key, column, {deferred, deferred_group, active_history}). */
static int mapper_column(lua_State *L) {
  la_mapper *mapper = la_check_mapper(L, 1);
  la_error err = LA_ERROR_INIT;
  la_property *property = NULL;
  la_column *column = la_check_column(L, 3);
  la_text group = lua_istable(L, 4) ? text_field(L, 4, "deferred_group") : LA_TEXT_NONE;
  raise_if(L,
           la_mapper_add_column(mapper, la_check_text(L, 2), column, property_flags(L, 4), group,
                                &property, &err),
           &err);
  return 0;
}

/* core.mapper_further_column(mapper, key, column): the attribute's value stands in `column`, too.
 */
static int mapper_further_column(lua_State *L) {
  la_mapper *mapper = la_check_mapper(L, 1);
  la_column *column = la_check_column(L, 3);
  la_property *property = la_mapper_property(mapper, la_check_text(L, 2));
  la_error err = LA_ERROR_INIT;
  if (!property || property->kind != LA_PROPERTY_COLUMN) {
    return la_raise_argument(L, 2, "an attribute of a column");
  }
  raise_if(L, la_mapper_add_further_column(mapper, property, column, &err), &err);
  return 0;
}

/* core.mapper_expression(mapper, key, expression, options). */
static int mapper_expression(lua_State *L) {
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  la_text group = lua_istable(L, 4) ? text_field(L, 4, "deferred_group") : LA_TEXT_NONE;
  uint32_t flags = property_flags(L, 4);
  la_text key = la_check_text(L, 2);
  la_node *node = la_check_expr(L, state, 3, NULL);
  la_error err = LA_ERROR_INIT;
  la_property *property = NULL;
  la_status status = la_mapper_add_expression(mapper, key, node, flags, group, &property, &err);
  la_node_release(node);
  raise_if(L, status, &err);
  return 0;
}

static int mapper_synonym(lua_State *L) {
  la_mapper *mapper = la_check_mapper(L, 1);
  la_error err = LA_ERROR_INIT;
  la_property *property = NULL;
  raise_if(L,
           la_mapper_add_synonym(mapper, la_check_text(L, 2), la_check_text(L, 3), &property, &err),
           &err);
  return 0;
}

/* core.mapper_relationship(mapper, key, whether it has a comparator_factory): adds a relationship
 * that is configured later. */
static int mapper_relationship(lua_State *L) {
  la_mapper *mapper = la_check_mapper(L, 1);
  la_text key = la_check_text(L, 2);
  la_error err = LA_ERROR_INIT;
  la_relationship *relationship = la_relationship_new(mapper->alloc);
  if (!relationship) {
    raise_if(L, la_fail_nomem(&err), &err);
  }
  relationship->compared = lua_toboolean(L, 3);
  la_property *property = NULL;
  raise_if(L, la_mapper_add_relationship(mapper, key, relationship, &property, &err), &err);
  return 0;
}

static int mapper_finish(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  raise_if(L, la_mapper_finish(la_check_mapper(L, 1), &err), &err);
  return 0;
}

/* core.mapper_withdraw(class): the class is no longer mapped, for its declaration failed. */
static int mapper_withdraw(lua_State *L) {
  la_mapper_withdraw(la_check_mapper(L, 1));
  if (lua_istable(L, 1) && lua_getmetatable(L, 1)) {
    lua_pushnil(L);
    lua_rawsetp(L, -2, &mapper_key);
  }
  return 0;
}

/* core.mapper_element(class, alias, read_only) → the alias that selects of the class read from
 * instead of its table: its columns are found by name. */
static int mapper_element(lua_State *L) {
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  la_node *alias = la_to_node(L, 2);
  bool read_only = lua_toboolean(L, 3);
  la_error err = LA_ERROR_INIT;
  if (!alias || alias->kind != LA_NODE_ALIAS) {
    return la_raise_argument(L, 2, "a subquery");
  }
  la_node *select = la_node_retain(alias->children[0]);
  if (select->flags & LA_NODE_HAS_ORM) { /* it stands in statements of the core, too */
    la_node_release(select);
    raise_if(L, la_orm_translate(&state->sql, alias->children[0], &select, &err), &err);
  }
  la_node *element = la_from_alias(&state->sql, select, alias->text, LA_FROM_BY_NAME);
  la_node_release(select);
  if (!element) {
    raise_if(L, la_fail_nomem(&err), &err);
  }
  la_push_node(L, state, element, 0, -1);
  mapper->read_only = read_only;
  raise_if(L, la_mapper_set_element(mapper, element, &err), &err);
  return 1;
}

/* core.mapper_concrete_base(class, base): the class is a concrete subclass of `base` from now on.
 */
static int mapper_concrete_base(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  raise_if(L, la_mapper_set_concrete_base(la_check_mapper(L, 1), la_check_mapper(L, 2), &err),
           &err);
  return 0;
}

/* core.mapper_loading(mapper, {all, inline, selectin}): how selects of a class load subclasses. */
static int mapper_loading(lua_State *L) {
  la_mapper *mapper = la_check_mapper(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  la_mapper_set_loading(mapper, flag_field(L, 2, "all", mapper->polymorphic_all),
                        flag_field(L, 2, "inline", mapper->polymorphic_inline),
                        flag_field(L, 2, "selectin", mapper->polymorphic_selectin));
  return 0;
}

static void clear_arena(void *arena) {
  la_arena_clear(arena);
}

/* core.mapper_polymorphic(mapper, column, name of an attribute, or nil, identity or nil): what
 * tells the classes of a hierarchy apart. */
static int mapper_polymorphic(lua_State *L) {
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  lua_settop(L, 3);
  la_property *on = NULL;
  if (lua_type(L, 2) == LUA_TSTRING) {
    on = la_mapper_property(mapper, la_check_text(L, 2));
  } else if (!lua_isnil(L, 2)) {
    la_column *column = la_check_column(L, 2);
    on = la_mapper_property_of_column(mapper, column);
    if (!on) {
      return la_raise_status(
          L, LA_ARGUMENT, "polymorphic_on of %.*s is the column '%.*s', which is not mapped by it",
          LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(column->name));
    }
  }
  la_property *told = on ? on : mapper->polymorphic_on;
  la_arena *arena = la_push_scratch(L, state, sizeof *arena, clear_arena);
  la_arena_init(arena, &state->alloc);
  la_value identity;
  bool host = false;
  la_error err = LA_ERROR_INIT;
  if (!lua_isnil(L, 3)) {
    raise_if(L,
             la_value_from_lua(L, 3, told && told->column ? told->column->type : NULL, arena,
                               &identity, &host, &err),
             &err);
    if (host) {
      return la_raise_status(L, LA_ARGUMENT,
                             "polymorphic_identity of %.*s is a plain value, not a %s",
                             LA_TEXT_FORMAT(mapper->class_name), luaL_typename(L, 3));
    }
  }
  raise_if(L, la_mapper_set_polymorphic(mapper, on, lua_isnil(L, 3) ? NULL : &identity, &err),
           &err);
  return 0;
}

/* core.mapper_keys(mapper, keys): fills the table by which objects find their properties. */
static int mapper_keys(lua_State *L) {
  la_mapper *mapper = la_check_mapper(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  for (size_t i = 0; i < mapper->properties.count; i++) {
    la_property *property = mapper->properties.items[i];
    la_push_text(L, property->key);
    la_property *target = property->kind == LA_PROPERTY_SYNONYM
                              ? la_mapper_property(mapper, property->key)
                              : property;
    if (!target) {
      lua_pop(L, 1);
      continue;
    }
    lua_pushinteger(L, (lua_Integer)target->index);
    lua_rawset(L, 2);
  }
  la_forget_keys(L, 2);
  return 0;
}

/* Takes `attribute` over. The box keeps what those from `first` to `last` keep. */
static void push_renamed(lua_State *L, la_state *state, la_node *attribute, la_text key, int first,
                         int last) {
  la_node *renamed = la_attribute_renamed(&state->sql, attribute, key);
  la_error err = LA_ERROR_INIT;
  la_node_release(attribute);
  if (renamed == NULL) {
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  la_push_node(L, state, renamed, first, last);
}

/* core.mapper_attribute(mapper, key) → the class attribute, or nil if there is no such property. */
static int mapper_attribute(lua_State *L) {
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  la_property *property = la_mapper_property(mapper, la_check_text(L, 2));
  if (!property) {
    lua_pushnil(L);
    return 1;
  }
  la_node *attribute = NULL;
  if (property->parent || !property->attribute) { /* inherited: seen through this class, not through
                                                     the one that declared it */
    la_error err = LA_ERROR_INIT;
    raise_if(L, la_mapper_attribute(&state->sql, property, mapper->entity, &attribute, &err), &err);
  } else {
    attribute = la_node_retain(property->attribute);
  }
  push_renamed(L, state, attribute, la_check_text(L, 2), 0, -1);
  return 1;
}

/* core.attribute_renamed(value, key) → an attribute that rows call `key`; another value as it is.
 */
static int attribute_renamed(lua_State *L) {
  la_node *node = la_to_node(L, 1);
  lua_settop(L, 2);
  if (node && node->kind == LA_NODE_ATTRIBUTE) {
    push_renamed(L, la_state_of(L), la_node_retain(node), la_check_text(L, 2), 1, 1);
  } else {
    lua_settop(L, 1);
  }
  return 1;
}

/* core.mapper_bind(mapper, class metatable, object metatable, keys): from here on the class makes
 * objects. */
static int mapper_bind(lua_State *L) {
  la_state *state = la_state_of(L);
  la_mapper *mapper = la_check_mapper(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  luaL_checktype(L, 4, LUA_TTABLE);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, 2, &mapper_key);
  lua_pushvalue(L, 3);
  lua_rawsetp(L, 2, &objects_key);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->classes);
  lua_pushvalue(L, 3);
  lua_rawsetp(L, -2, mapper);
  la_push_constructor(L, state, 1, 3, 4);
  lua_setfield(L, 2, "__call");
  return 0;
}

/* core.mapped_class_of(object) → the Lua class. */
static int class_of(lua_State *L) {
  la_instance *instance = la_to_instance(L, 1);
  if (!instance) {
    lua_pushnil(L);
  } else {
    la_push_host(L, la_state_of(L), instance->mapper->host);
  }
  return 1;
}

/* core.is_mapped(value) → true for a mapped class. */
static int is_mapped(lua_State *L) {
  lua_pushboolean(L, la_to_mapper(L, 1) != NULL);
  return 1;
}

/* core.is_join(value) → true for a join of FROM elements. */
static int is_join(lua_State *L) {
  const la_node *node = la_to_node(L, 1);
  lua_pushboolean(L, node && node->kind == LA_NODE_JOIN);
  return 1;
}

/* core.is_selectable(value) → true for what has columns: a FROM element, though not a class or an
 * alias of one, which have attributes, or a SELECT. */
static int is_selectable(lua_State *L) {
  const la_node *node = la_to_node(L, 1);
  lua_pushboolean(L, node && ((la_node_is_from(node) && node->kind != LA_NODE_ENTITY) ||
                              la_node_is_select(node)));
  return 1;
}

/* core.expression_name(value) → the name that an SQL expression has in a result, or nil. */
static int expression_name(lua_State *L) {
  const la_node *node = la_to_node(L, 1);
  la_text name = node && la_node_is_expr(node) ? la_expr_name(node) : LA_TEXT_NONE;
  if (name.bytes) {
    la_push_text(L, name);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* core.column_behind(expression) → the Column of a table that a column of a subquery comes from, or
 * nil. */
static int column_behind(lua_State *L) {
  const la_node *node = la_to_node(L, 1);
  if (node && node->kind == LA_NODE_COLUMN && node->subject) {
    la_push_column(L, la_state_of(L), (la_column *)node->subject);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* core.is_subclass(class, base) → true for the class itself, too. */
static int is_subclass(lua_State *L) {
  lua_pushboolean(L, la_mapper_is_a(la_check_mapper(L, 1), la_check_mapper(L, 2)));
  return 1;
}

/* core.is_unnamed(value) → true for an SQL expression that is neither a column nor a label. */
static int is_unnamed(lua_State *L) {
  const la_node *node = la_to_node(L, 1);
  lua_pushboolean(L, node && la_node_is_expr(node) && node->kind != LA_NODE_ATTRIBUTE &&
                         node->kind != LA_NODE_COLUMN && node->kind != LA_NODE_LABEL);
  return 1;
}

void la_open_orm_class(lua_State *L, la_state *state) {
  static const luaL_Reg metamethods[] = {{"__gc", mapper_gc}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"registry_new", registry_new},
                                       {"mapper_new", mapper_new},
                                       {"mapper_column", mapper_column},
                                       {"mapper_further_column", mapper_further_column},
                                       {"mapper_expression", mapper_expression},
                                       {"mapper_synonym", mapper_synonym},
                                       {"mapper_relationship", mapper_relationship},
                                       {"mapper_finish", mapper_finish},
                                       {"mapper_withdraw", mapper_withdraw},
                                       {"mapper_polymorphic", mapper_polymorphic},
                                       {"mapper_keys", mapper_keys},
                                       {"mapper_concrete_base", mapper_concrete_base},
                                       {"mapper_loading", mapper_loading},
                                       {"mapper_element", mapper_element},
                                       {"mapper_attribute", mapper_attribute},
                                       {"mapper_bind", mapper_bind},
                                       {"mapped_class_of", class_of},
                                       {"is_mapped", is_mapped},
                                       {"column_behind", column_behind},
                                       {"is_subclass", is_subclass},
                                       {"is_join", is_join},
                                       {"is_selectable", is_selectable},
                                       {"expression_name", expression_name},
                                       {"is_unnamed", is_unnamed},
                                       {"attribute_renamed", attribute_renamed},
                                       {NULL, NULL}};
  la_register_class(L, state, LA_BOX_REGISTRY, NULL, NULL);
  la_register_class(L, state, LA_BOX_MAPPER, NULL, metamethods);
  la_register_node_getter(state, LA_BOX_NONE, class_node);
  la_register_node_getter(state, LA_BOX_MAPPER, mapper_node);
  la_set_functions(L, functions);
}
