/* SPDX-License-Identifier: MIT */
/*
 * Compiling for people: tostring(statement), statement:compile{…}.
 */
#include "binding/compiled.h"
#include "binding/engine_execute.h"
#include "binding/open.h"
#include "binding/orm_load.h"
#include "binding/push.h"
#include "binding/sql.h"
#include "binding/warning.h"

#include "orm/load.h"
#include "sql/dump.h"
#include "sql/key.h"

static la_status compile_with_key(la_state *state, const la_node *node, const la_dialect *dialect,
                                  la_key *key, la_compile_options *options, la_compiled_use **out,
                                  la_error *err) {
  la_compiled *compiled = NULL;
  LA_TRY(la_key_collect_params(key, node, err));
  options->params = key->params.items;
  options->param_count = (uint32_t)key->params.count;
  LA_TRY(la_compile(&state->sql, dialect, node, options, &compiled, err));
  return la_compiled_use_new(&state->alloc, compiled, key, out, err);
}

static la_status compile(la_state *state, const la_node *node, const la_dialect *dialect,
                         la_compile_options *options, la_compiled_use **out, la_error *err) {
  la_node *plain;
  la_status status;
  la_key key;
  if (node->flags & LA_NODE_HAS_ORM) {
    LA_TRY(la_orm_translate(&state->sql, node, &plain, err));
  } else {
    plain = la_node_retain(node);
  }
  la_key_init(&key, &state->alloc);
  status = compile_with_key(state, plain, dialect, &key, options, out, err);
  la_key_clear(&key);
  la_node_release(plain);
  return status;
}

/* The same from the engine's cache, as execution finds it. */
static la_status compile_for_engine(la_engine *engine, la_node *node, la_compiled_use **out,
                                    la_error *err) {
  la_compiled *compiled = NULL;
  bool cached;
  engine->schema_translate = engine->schemas;
  LA_TRY(node->flags & LA_NODE_HAS_ORM
             ? la_orm_compile(engine, node, &compiled, &cached, err)
             : la_engine_compile(engine, node, NULL, 0, false, &compiled, &cached, err));
  return la_compiled_use_new(engine->alloc, compiled, &engine->key, out, err);
}

/* ---- dialects ---- */

typedef struct dialect_box {
  la_box box;
  const la_dialect *dialect;
} dialect_box;

void la_push_dialect(lua_State *L, la_state *state, const la_dialect *dialect) {
  dialect_box *box = la_push_box(L, state, LA_BOX_DIALECT, sizeof *box, 1);
  box->dialect = dialect;
}

static const la_dialect *dialect_of_name(lua_State *L, int index) {
  la_text name = la_check_text(L, index);
  const la_dialect *dialect = la_dialect_find(name);
  if (dialect == NULL) {
    la_raise_status(L, LA_NO_SUCH_MODULE, "Can't load plugin: sqlalchemy.dialects:%.*s",
                    LA_TEXT_FORMAT(name));
  }
  return dialect;
}

/* The engine in the box at `index`; NULL if it is none. */
static la_engine *to_engine(lua_State *L, int index) {
  const la_box *box = la_to_box_of(L, index, LA_BOX_ENGINE);
  return box != NULL ? box->object : NULL;
}

/* The dialect of a DIALECT box, or of a thing that has one in its field `dialect`: an engine, a
 * connection, a dialect object of Lua's. NULL for anything else. */
static const la_dialect *to_dialect(lua_State *L, int index) {
  const la_dialect *dialect = NULL;
  int top = lua_gettop(L);
  luaL_checkstack(L, 6, NULL);
  lua_pushvalue(L, index);
  for (int depth = 0; depth < 3 && dialect == NULL; depth++) {
    const dialect_box *box = (dialect_box *)(void *)la_to_box_of(L, -1, LA_BOX_DIALECT);
    const la_engine *engine = to_engine(L, -1);
    if (box != NULL) {
      dialect = box->dialect;
    } else if (engine != NULL) {
      dialect = engine->dialect;
    } else if (la_to_box_of(L, -1, LA_BOX_ENGINE) != NULL ||
               la_to_box_of(L, -1, LA_BOX_CONNECTION) != NULL) {
      lua_getfield(L, -1, "dialect");
    } else if (lua_istable(L, -1)) {
      lua_pushliteral(L, "dialect");
      lua_rawget(L, -2);
    }
  }
  lua_settop(L, top);
  return dialect;
}

const la_dialect *la_check_dialect(lua_State *L, int index) {
  const la_dialect *dialect;
  if (lua_type(L, index) == LUA_TSTRING) {
    return dialect_of_name(L, index);
  }
  dialect = to_dialect(L, index);
  if (dialect == NULL) {
    la_raise_argument(L, index, "engine, connection, dialect or its name");
  }
  return dialect;
}

/* core.dialect(name) */
static int core_dialect(lua_State *L) {
  la_push_dialect(L, la_state_of(L), dialect_of_name(L, 1));
  return 1;
}

static int dialect_index(lua_State *L) {
  const dialect_box *box = lua_touserdata(L, 1);
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  static const char *const styles[] = {"named", "qmark", "numeric_dollar", "pyformat"};
  if (strcmp(key, "name") == 0) {
    lua_pushstring(L, box->dialect->name);
  } else if (strcmp(key, "driver") == 0) {
    lua_pushstring(L, box->dialect->driver);
  } else if (strcmp(key, "paramstyle") == 0) {
    lua_pushstring(L, styles[box->dialect->paramstyle]);
  } else if (strcmp(key, "max_identifier_length") == 0) {
    lua_pushinteger(L, (lua_Integer)box->dialect->max_identifier_length);
  } else if (lua_getiuservalue(L, 1, 1) == LUA_TTABLE) {
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
  }
  return 1;
}

/* Other fields, such as the engine's json_serializer, are kept as given. */
static int dialect_newindex(lua_State *L) {
  if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, 1);
  }
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 3);
  lua_rawset(L, -3);
  return 0;
}

static int dialect_tostring(lua_State *L) {
  const dialect_box *box = lua_touserdata(L, 1);
  lua_pushfstring(L, "dialect(%s)", box->dialect->name);
  return 1;
}

/* ---- compile{…} ---- */

static const char *const compile_keywords[] = {
    "dialect",        "bind",        "literal_binds",        "render_postcompile",
    "compile_kwargs", "column_keys", "schema_translate_map", NULL};
enum compile_keyword {
  COMPILE_DIALECT = 1 << 0,
  COMPILE_BIND = 1 << 1,
  COMPILE_FLAGS = 1 << 2 | 1 << 3,
  COMPILE_KWARGS = 1 << 4,
  COMPILE_COLUMN_KEYS = 1 << 5,
  COMPILE_SCHEMAS = 1 << 6
};

static void read_flags(lua_State *L, int keywords, la_compile_options *options) {
  options->literal_binds |= la_keyword_flag(L, keywords, "literal_binds");
  options->render_postcompile |= la_keyword_flag(L, keywords, "render_postcompile");
}

/* Reads the sequence of keyword "column_keys" into memory that is pushed. */
static void read_column_keys(lua_State *L, int keywords, la_compile_options *options) {
  lua_Integer count;
  la_text *keys;
  la_push_keyword(L, keywords, "column_keys");
  la_check_table_argument(L, lua_gettop(L));
  count = (lua_Integer)lua_rawlen(L, -1);
  keys = lua_newuserdatauv(L, (size_t)(count + 1) * sizeof *keys, 0);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, -2, i);
    keys[i - 1] = la_check_text(L, lua_gettop(L));
    lua_pop(L, 1);
  }
  options->column_keys = keys;
  options->column_key_count = (uint32_t)count;
}

/* Reads what stands in the table `keywords` besides the dialect. */
static void read_options(lua_State *L, int keywords, unsigned given, la_compile_options *options) {
  if (given & COMPILE_FLAGS) {
    read_flags(L, keywords, options);
  }
  if (given & COMPILE_KWARGS) {
    la_push_keyword(L, keywords, "compile_kwargs");
    la_check_table_argument(L, lua_gettop(L));
    read_flags(L, lua_gettop(L), options);
  }
  if (given & COMPILE_COLUMN_KEYS) {
    read_column_keys(L, keywords, options);
  }
  if (given & COMPILE_SCHEMAS) {
    la_push_keyword(L, keywords, "schema_translate_map");
    options->schema_translate = la_read_schemas(L, la_state_of(L)); /* stays on the stack */
  }
}

static bool is_cached_kind(const la_node *node) {
  return node->kind == LA_NODE_SELECT || node->kind == LA_NODE_COMPOUND;
}

int la_node_compile(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_node_at(L, state, 1);
  int keywords = la_keywords(L, 2), source = 0;
  unsigned given;
  la_compile_options options = {0};
  const la_dialect *dialect = NULL;
  la_engine *engine = NULL; /* whose cache may have what is asked for */
  la_error err;
  la_error_init(&err);
  la_compiled_use *use = NULL;
  la_status status;
  if (self == NULL) {
    return la_raise_argument(L, 1, "statement or expression");
  }
  luaL_checkstack(L, 16, NULL);
  given = la_check_keywords(L, keywords, compile_keywords, "compile");
  if (given & (COMPILE_DIALECT | COMPILE_BIND)) {
    la_push_keyword(L, keywords, given & COMPILE_DIALECT ? "dialect" : "bind");
    source = lua_gettop(L);
  } else if (keywords != 2 && !lua_isnoneornil(L, 2) && !la_is_null(L, 2)) {
    source = 2;
  }
  dialect = source != 0 ? la_check_dialect(L, source) : la_dialect_find(LA_TEXT_LITERAL("default"));
  if (source != 0 && is_cached_kind(self) && !(given & ~(COMPILE_DIALECT | COMPILE_BIND))) {
    engine = to_engine(L, source);
  }
  read_options(L, keywords, given, &options);
  la_configure_statement(L, state, self);
  source = 1;
  if (options.literal_binds && self->flags & LA_NODE_HAS_HOST) {
    self = la_push_literals(L, state, dialect, self);
    source = lua_gettop(L);
  }
  la_push_compiled(L, state);
  status = engine != NULL ? compile_for_engine(engine, self, &use, &err)
                          : compile(state, self, dialect, &options, &use, &err);
  if (status < 0) {
    return la_raise(L, &err);
  }
  la_finish_compiled(L, use, source);
  if (options.literal_binds) {
    la_tell_warnings(L, state); /* of literal NULLs */
  }
  return 1;
}

void la_push_sql(lua_State *L, la_state *state, const la_node *node) {
  la_compile_options options = {0};
  la_error err;
  la_error_init(&err);
  la_configure_statement(L, state, node);
  la_compiled_use *use = NULL;
  la_push_compiled(L, state);
  if (compile(state, node, la_dialect_find(LA_TEXT_LITERAL("default")), &options, &use, &err) < 0) {
    lua_pushfstring(L, "<%s: %s>", la_node_kind_name((la_node_kind)node->kind), err.message);
  } else {
    la_finish_compiled(L, use, 0);
    la_push_text(L, use->compiled->text);
  }
  lua_remove(L, -2);
}

int la_node_tostring(lua_State *L) {
  la_node *self = la_to_node(L, 1);
  if (self == NULL) {
    lua_pushliteral(L, "<released>");
    return 1;
  }
  luaL_checkstack(L, 8, NULL);
  la_push_sql(L, la_state_of(L), self);
  return 1;
}

static void clear_text(void *memory) {
  la_strbuf *text = memory;
  if (text->alloc != NULL) {
    la_strbuf_clear(text);
  }
}

/* core.dump(expression) → its tree, a node a line */
static int core_dump(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, 1);
  la_strbuf *out;
  if (self == NULL) {
    return la_raise_argument(L, 1, "statement or expression");
  }
  out = la_push_scratch(L, state, sizeof *out, clear_text);
  la_strbuf_init(out, &state->alloc);
  la_dump(self, out);
  la_push_text(L, la_strbuf_view(out));
  return 1;
}

static const luaL_Reg dialect_metamethods[] = {{"__index", dialect_index},
                                               {"__newindex", dialect_newindex},
                                               {"__tostring", dialect_tostring},
                                               {NULL, NULL}};

static const luaL_Reg functions[] = {{"dialect", core_dialect}, {"dump", core_dump}, {NULL, NULL}};

void la_open_sql_compile(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_DIALECT, NULL, dialect_metamethods);
  la_set_functions(L, functions);
}
