/* SPDX-License-Identifier: MIT */
/*
 * Statements as bytes, for lualchemy.ext.serializer, which finds the names of what they hold.
 */
#include "sql/bytes.h"

#include "binding/box.h"
#include "binding/host.h"
#include "binding/orm.h"
#include "binding/sql.h"

#include "orm/option.h"
#include "orm/relationship.h"

/* True for the nodes that the fields of a mapped class have. */
static bool is_own(const la_node *node) {
  const la_node *entity = node;
  if (node->kind == LA_NODE_ATTRIBUTE) {
    entity = node->children[1];
    if ((node->flags & ~(uint32_t)LA_NODE_INHERITED_FLAGS) != 0 ||
        la_attribute_property(node) == NULL) {
      return false;
    }
  } else if (node->kind == LA_NODE_RELATIONSHIP) {
    entity = node->children[0];
    if (la_node_child(node, 1) != NULL || la_node_child(node, 2) != NULL ||
        (const void *)entity->subject != ((const la_relationship *)(void *)node->subject)->parent) {
      return false;
    }
  }
  return entity == ((const la_mapper *)(const void *)entity->subject)->entity;
}

typedef struct written {
  la_strbuf bytes;
  la_bytes_lists lists;
} written;

static void clear_written(void *memory) {
  written *self = memory;
  if (self->bytes.alloc != NULL) {
    la_bytes_lists_clear(&self->lists, self->bytes.alloc);
    la_strbuf_clear(&self->bytes);
  }
}

static void push_class(lua_State *L, la_state *state, const la_mapper *mapper) {
  la_push_host(L, state, mapper->host);
}

/* Pushes {kind, the thing or its class, key or nil}. */
static void push_name(lua_State *L, la_state *state, const la_bytes_name *name) {
  lua_createtable(L, 3, 0);
  lua_pushstring(L, la_node_kind_name(name->kind));
  lua_rawseti(L, -2, 1);
  if (name->kind == LA_NODE_TABLE) {
    la_push_table(L, state, (la_table *)(void *)name->subject);
  } else if (name->kind == LA_NODE_COLUMN) {
    la_push_column(L, state, (la_column *)(void *)name->subject);
  } else if (name->kind == LA_NODE_RELATIONSHIP) {
    const la_relationship *relationship = (const la_relationship *)(void *)name->subject;
    lua_pushlstring(L, relationship->key.bytes, relationship->key.len);
    lua_rawseti(L, -2, 3);
    push_class(L, state, relationship->parent);
  } else {
    if (name->key.bytes != NULL) {
      lua_pushlstring(L, name->key.bytes, name->key.len);
      lua_rawseti(L, -2, 3);
    }
    push_class(L, state, (const la_mapper *)(void *)name->subject);
  }
  lua_rawseti(L, -2, 2);
}

/* core.statement_write(statement) → bytes, list of names, list of types, list of values. A name is
 * {kind, table, column or class, key}. */
static int statement_write(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *node = la_to_node(L, 1);
  written *self;
  la_error err = LA_ERROR_INIT;
  if (node == NULL) {
    return la_raise_argument(L, 1, "SQL expression or statement");
  }
  self = la_push_scratch(L, state, sizeof *self, clear_written);
  la_strbuf_init(&self->bytes, &state->alloc);
  if (la_bytes_write(node, is_own, &self->bytes, &self->lists, &err) != LA_OK) {
    return la_raise(L, &err);
  }
  luaL_checkstack(L, 12, NULL);
  lua_pushlstring(L, self->bytes.bytes, self->bytes.len);
  lua_createtable(L, (int)self->lists.names.count, 0);
  for (size_t i = 0; i < self->lists.names.count; i++) {
    push_name(L, state, &self->lists.names.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_createtable(L, (int)self->lists.types.count, 0);
  for (size_t i = 0; i < self->lists.types.count; i++) {
    la_push_type(L, state, self->lists.types.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_createtable(L, (int)self->lists.hosts.count, 0);
  for (size_t i = 0; i < self->lists.hosts.count; i++) {
    la_push_host(L, state, self->lists.hosts.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 4;
}

enum { READ_BYTES = 1, READ_NAMES, READ_TYPES, READ_HOSTS };

/* An array in the box on top of the stack, which is pushed. */
static void *push_array(lua_State *L, size_t count, size_t size) {
  return lua_newuserdatauv(L, count * size + 1, 0);
}

/* The nodes of the objects in the list at READ_NAMES, which holds them. */
static la_node **push_names(lua_State *L, la_state *state, size_t count) {
  la_node **names = push_array(L, count, sizeof *names);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, READ_NAMES, (lua_Integer)i + 1);
    names[i] = la_node_at(L, state, -1);
    if (names[i] == NULL || names[i]->subject == NULL) {
      la_raise_status(L, LA_ARGUMENT,
                      "name %d of the statement stands for no table, column, class or attribute",
                      (int)i + 1);
    }
    lua_pop(L, 1);
  }
  return names;
}

static la_type **push_types(lua_State *L, size_t count) {
  la_type **types = push_array(L, count, sizeof *types);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, READ_TYPES, (lua_Integer)i + 1);
    types[i] = la_check_type(L, lua_gettop(L));
    lua_pop(L, 1);
  }
  return types;
}

static int64_t *push_hosts(lua_State *L, la_state *state, size_t count) {
  int64_t *hosts = push_array(L, count, sizeof *hosts);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, READ_HOSTS, (lua_Integer)i + 1);
    hosts[i] = la_host_number(L, state, -1);
    lua_pop(L, 1);
  }
  return hosts;
}

/* core.statement_read(bytes, list of names' objects, list of types, list of values) → statement. */
static int statement_read(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text bytes = la_check_text(L, READ_BYTES);
  la_error err = LA_ERROR_INIT;
  la_node *node = NULL;
  for (int i = READ_NAMES; i <= READ_HOSTS; i++) {
    luaL_checktype(L, i, LUA_TTABLE);
  }
  lua_settop(L, READ_HOSTS);
  la_bytes_found found = {.name_count = (size_t)lua_rawlen(L, READ_NAMES),
                          .type_count = (size_t)lua_rawlen(L, READ_TYPES),
                          .host_count = (size_t)lua_rawlen(L, READ_HOSTS),
                          .last_number = &state->next_host,
                          .option_holds = la_option_holds};
  found.names = push_names(L, state, found.name_count);
  found.types = push_types(L, found.type_count);
  found.hosts = push_hosts(L, state, found.host_count);
  if (la_bytes_read(&state->alloc, bytes, &found, &node, &err) != LA_OK) {
    return la_raise(L, &err);
  }
  la_push_node(L, state, node, READ_NAMES, READ_HOSTS);
  return 1;
}

/* core.statement_version() → a number that other builds of the same nodes have, too. */
static int statement_version(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)la_bytes_version());
  return 1;
}

static const luaL_Reg functions[] = {{"statement_write", statement_write},
                                     {"statement_read", statement_read},
                                     {"statement_version", statement_version},
                                     {NULL, NULL}};

void la_open_sql_bytes(lua_State *L, la_state *state) {
  (void)state;
  la_set_functions(L, functions);
}
