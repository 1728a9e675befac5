/* SPDX-License-Identifier: MIT */
/*
 * Methods that several kinds of statements have: prefixes, CTEs, options, labels.
 */
#include "binding/host.h"
#include "binding/push.h"
#include "binding/sql.h"

#include "base/vec.h"

/* `self` with one more item in clause `part`. */
static la_node *with_item(const la_node *self, int part, la_node *item) {
  return item != NULL ? la_node_with_chained(self, (uint32_t)part, &item, 1) : NULL;
}

/* ---- prefixes and hints ---- */

/* A PREFIX of the string at `index`, or of the text() there; `dialect` may be none. */
static bool add_prefix(lua_State *L, la_nodes *nodes, int index, la_prefix_place place,
                       la_text dialect) {
  const la_sql *sql = &nodes->state->sql;
  la_node *expr = la_to_node(L, index), *children[2] = {expr, NULL}, *prefix;
  la_text text = LA_TEXT_NONE;
  uint32_t count = expr != NULL;
  if (expr == NULL) {
    if (lua_type(L, index) != LUA_TSTRING) {
      return la_nodes_refuse(nodes, index, "string or text()");
    }
    text.bytes = lua_tolstring(L, index, &text.len);
  }
  if (dialect.bytes != NULL && !la_text_is(dialect, "*")) {
    children[1] = la_expr_literal(sql, dialect, NULL);
    if (children[1] == NULL) {
      la_fail_nomem(&nodes->err);
      return false;
    }
    count = 2;
  }
  prefix = la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_PREFIX,
                                                    .text = text,
                                                    .value = la_value_integer(place),
                                                    .children = children,
                                                    .count = count});
  la_node_release(children[1]);
  return la_nodes_add(nodes, prefix);
}

static int prefixes(lua_State *L, la_prefix_place place, const char *function) {
  static const char *const names[] = {"dialect", "dialect_name", NULL};
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, 1), *result;
  bool is_cte = self != NULL && self->kind == LA_NODE_CTE;
  int keywords = la_keywords(L, 2);
  int part = is_cte ? 1 : la_statement_prefixes_part(la_check_statement(L, 1));
  int last = lua_gettop(L) - (keywords != 0);
  la_text dialect;
  la_nodes nodes;
  if (part < 0) {
    return la_raise_argument(L, 1, "select(), insert(), update() or delete()");
  }
  la_check_keywords(L, keywords, names, function);
  dialect = la_keyword_text(L, keywords, "dialect");
  dialect = dialect.bytes != NULL ? dialect : la_keyword_text(L, keywords, "dialect_name");
  if (place == LA_PREFIX_STATEMENT && last >= 3) {
    dialect = la_check_text(L, 3);
    last = 2;
  }
  la_nodes_init(&nodes, state);
  for (int i = 2; i <= last; i++) {
    if (!add_prefix(L, &nodes, i, place, dialect)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  result = la_node_with_chained(self, (uint32_t)part, nodes.items, (uint32_t)nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

int la_statement_prefix_with(lua_State *L) {
  return prefixes(L, LA_PREFIX_FRONT, "prefix_with");
}

int la_statement_suffix_with(lua_State *L) {
  return prefixes(L, LA_PREFIX_BACK, "suffix_with");
}

int la_statement_with_statement_hint(lua_State *L) {
  return prefixes(L, LA_PREFIX_STATEMENT, "with_statement_hint");
}

/* with_hint(from, text, dialect); of INSERT, UPDATE and DELETE with_hint(text, from, dialect), the
 * statement's own table if `from` is nil. */
int la_statement_with_hint(lua_State *L) {
  la_state *state = la_state_of(L);
  if (lua_type(L, 2) == LUA_TSTRING) {
    la_node *changed = la_check_statement(L, 1);
    lua_settop(L, 4);
    if (lua_isnil(L, 3) && changed->kind >= LA_NODE_INSERT && changed->kind <= LA_NODE_DELETE) {
      la_push_node(L, state, la_node_retain(changed->children[0]), 1, 1);
      lua_replace(L, 3);
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_replace(L, 2);
    lua_replace(L, 3);
  }
  la_node *self = la_check_statement(L, 1), *hint, *result;
  int part = la_statement_prefixes_part(self);
  la_node *children[2] = {la_check_node(L, 2, la_node_is_from, "FROM clause"), NULL};
  la_text text = la_check_text(L, 3), dialect = LA_TEXT_NONE;
  if (part < 0) {
    return la_raise_argument(L, 1, "select(), insert(), update() or delete()");
  }
  if (!la_is_null(L, 4)) {
    dialect = la_check_text(L, 4);
  }
  if (dialect.bytes != NULL && !la_text_is(dialect, "*")) {
    children[1] = la_expr_literal(&state->sql, dialect, NULL);
  }
  hint = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_PREFIX,
                                                     .text = text,
                                                     .value = la_value_integer(LA_PREFIX_HINT),
                                                     .children = children,
                                                     .count = children[1] != NULL ? 2 : 1});
  result = with_item(self, part, hint);
  la_node_release(hint);
  la_node_release(children[1]);
  return la_return_node(L, state, result);
}

/* ---- CTEs, locks ---- */

int la_statement_add_cte(lua_State *L) {
  static const char *const names[] = {"nest_here", NULL};
  la_state *state = la_state_of(L);
  la_node *self = la_check_statement(L, 1), *result;
  int part = la_statement_ctes_part(self), keywords = la_keywords(L, 2);
  bool nest = la_keyword_flag(L, keywords, "nest_here");
  la_nodes nodes;
  la_check_keywords(L, keywords, names, "add_cte");
  if (part < 0) {
    return la_raise_argument(L, 1, "select(), insert(), update() or delete()");
  }
  la_nodes_init(&nodes, state);
  for (int i = 2; i <= lua_gettop(L) - (keywords != 0); i++) {
    la_node *cte = la_to_node(L, i);
    if (cte == NULL || cte->kind != LA_NODE_CTE) {
      la_nodes_refuse(&nodes, i, "CTE");
      return la_nodes_raise(L, &nodes);
    }
    if (!la_nodes_add(&nodes,
                      nest ? la_node_with_flags(cte, LA_NODE_NESTING, 0) : la_node_retain(cte))) {
      return la_nodes_raise(L, &nodes);
    }
  }
  result = la_node_with_chained(self, (uint32_t)part, nodes.items, (uint32_t)nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static const char *const for_update_keywords[] = {"nowait",      "read",      "of",
                                                  "skip_locked", "key_share", NULL};

static bool add_lock_target(lua_State *L, la_nodes *nodes, int index) {
  la_node *node = la_to_node(L, index);
  if (node == NULL || (!la_node_is_from(node) && !la_node_is_expr(node))) {
    return la_nodes_refuse(nodes, 2, "column or FROM clause for 'of'");
  }
  return la_nodes_add(nodes, la_node_retain(node));
}

/* with_for_update{nowait = …, read = …, of = …, skip_locked = …, key_share = …} */
int la_statement_with_for_update(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_statement(L, 1), *lock, *result;
  int keywords = la_keywords(L, 2);
  uint16_t options = 0;
  la_nodes nodes;
  if (self->kind != LA_NODE_SELECT && self->kind != LA_NODE_COMPOUND) {
    return la_raise_argument(L, 1, "select()");
  }
  la_check_keywords(L, keywords, for_update_keywords, "with_for_update");
  options |= la_keyword_flag(L, keywords, "read") ? LA_FOR_UPDATE_READ : 0;
  options |= la_keyword_flag(L, keywords, "nowait") ? LA_FOR_UPDATE_NOWAIT : 0;
  options |= la_keyword_flag(L, keywords, "skip_locked") ? LA_FOR_UPDATE_SKIP_LOCKED : 0;
  options |= la_keyword_flag(L, keywords, "key_share") ? LA_FOR_UPDATE_KEY_SHARE : 0;
  luaL_checkstack(L, 8, NULL);
  la_nodes_init(&nodes, state);
  if (la_push_keyword(L, keywords, "of")) {
    int of = lua_gettop(L);
    if (!la_nodes_add_each(L, &nodes, of, of, add_lock_target)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  lock = la_node_new(&state->alloc, &(la_node_parts){.kind = LA_NODE_FOR_UPDATE,
                                                     .op = options,
                                                     .children = nodes.items,
                                                     .count = (uint32_t)nodes.count});
  result = lock != NULL ? la_node_with_child(self, LA_SELECT_FOR_UPDATE, lock) : NULL;
  la_node_release(lock);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* ---- options ---- */

/* options(option…): loader options of the ORM. */
/* Options that are a table with `__execution_options` are these; they leave the arguments. */
static void take_execution_options(lua_State *L) {
  for (int i = lua_gettop(L); i >= 2; i--) {
    if (lua_istable(L, i) && lua_getfield(L, i, "__execution_options") == LUA_TTABLE) {
      lua_getfield(L, 1, "execution_options");
      lua_pushvalue(L, 1);
      lua_rotate(L, -3, -1); /* function, statement, options */
      lua_call(L, 2, 1);
      lua_replace(L, 1);
      lua_remove(L, i);
    } else if (lua_istable(L, i)) {
      lua_pop(L, 1);
    }
  }
}

int la_statement_options(lua_State *L) {
  la_state *state = la_state_of(L);
  take_execution_options(L);
  la_node *self = la_check_statement(L, 1), *result;
  int part = la_statement_options_part(self);
  la_nodes nodes;
  if (part < 0) {
    return la_raise_argument(L, 1, "select(), insert(), update() or delete()");
  }
  la_nodes_init(&nodes, state);
  for (int i = 2; i <= lua_gettop(L); i++) {
    la_node *option = la_to_node(L, i);
    if (option == NULL ||
        (option->kind != LA_NODE_LOADER_OPTION && option->kind != LA_NODE_CRITERIA_OPTION)) {
      la_nodes_refuse(&nodes, i, "statement option such as joinedload()");
      return la_nodes_raise(L, &nodes);
    }
    if (!la_nodes_add(&nodes, la_node_retain(option))) {
      return la_nodes_raise(L, &nodes);
    }
  }
  result = la_node_with_chained(self, (uint32_t)part, nodes.items, (uint32_t)nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* Replaces tables and functions of the options at 2 by numbers, in a new table at the top: giving a
 * number may raise, so it is done before any node is made. */
static void push_host_numbers(lua_State *L, la_state *state) {
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, 2)) {
    int type = lua_type(L, -1);
    if (type != LUA_TBOOLEAN && type != LUA_TNUMBER && type != LUA_TSTRING && !la_is_null(L, -1)) {
      lua_pushvalue(L, -2);
      lua_pushinteger(L, la_host_number(L, state, lua_gettop(L) - 1));
      lua_rawset(L, -5);
    }
    lua_pop(L, 1);
  }
}

/* Adds EXECUTION_OPTION for the key and value on top of the stack; `hosts` is the table of numbers.
 */
static bool add_execution_option(lua_State *L, la_nodes *nodes, int hosts) {
  la_text name;
  la_value value = LA_VALUE_NONE;
  la_node *option;
  la_arena scratch;
  la_status status = LA_OK;
  int top = lua_gettop(L);
  name.bytes = lua_tolstring(L, top - 1, &name.len);
  lua_pushvalue(L, top - 1);
  la_arena_init(&scratch, &nodes->state->alloc);
  if (lua_rawget(L, hosts) != LUA_TNIL) {
    value = la_value_of_kind(LA_VALUE_HOST, lua_tointeger(L, -1));
  } else {
    status = la_value_from_lua(L, top, NULL, &scratch, &value, NULL, &nodes->err);
  }
  lua_pop(L, 1);
  option = status == LA_OK
               ? la_node_new(&nodes->state->alloc,
                             &(la_node_parts){
                                 .kind = LA_NODE_EXECUTION_OPTION, .text = name, .value = value})
               : NULL;
  la_arena_clear(&scratch);
  return status == LA_OK && la_nodes_add(nodes, option);
}

/* execution_options{name = value, …} */
int la_statement_execution_options(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_statement(L, 1), *result;
  int part = la_statement_execution_part(self), hosts;
  la_nodes nodes;
  if (part < 0) {
    return la_raise_argument(L, 1, "select(), insert(), update() or delete()");
  }
  la_check_table_argument(L, 2);
  luaL_checkstack(L, 10, NULL);
  push_host_numbers(L, state);
  hosts = lua_gettop(L);
  la_nodes_init(&nodes, state);
  lua_pushnil(L);
  while (lua_next(L, 2)) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      la_fail(&nodes.err, LA_ARGUMENT, "names of execution options are strings");
      return la_nodes_raise(L, &nodes);
    }
    if (!add_execution_option(L, &nodes, hosts)) {
      return la_nodes_raise(L, &nodes);
    }
    lua_pop(L, 1);
  }
  result = la_node_with_chained(self, (uint32_t)part, nodes.items, (uint32_t)nodes.count);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

void la_push_execution_options(lua_State *L, la_state *state, const la_node *statement) {
  int part = la_statement_execution_part(statement);
  const la_node *chain = part >= 0 ? statement->children[part] : NULL;
  luaL_checkstack(L, 6, NULL);
  lua_newtable(L);
  /* Newest first: what is there already wins. */
  for (; chain != NULL; chain = chain->children[0]) {
    for (uint32_t i = chain->count; i-- > 1;) {
      const la_node *option = chain->children[i];
      la_push_text(L, option->text);
      lua_pushvalue(L, -1);
      if (lua_rawget(L, -3) == LUA_TNIL) {
        lua_pop(L, 1);
        la_push_value_or_null(L, state, &option->value);
        lua_rawset(L, -3);
      } else {
        lua_pop(L, 2);
      }
    }
  }
}

int la_statement_get_execution_options(lua_State *L) {
  la_push_execution_options(L, la_state_of(L), la_check_statement(L, 1));
  return 1;
}

static const char *const label_styles[] = {"LABEL_STYLE_DISAMBIGUATE_ONLY", "LABEL_STYLE_DEFAULT",
                                           "LABEL_STYLE_TABLENAME_PLUS_COL", "LABEL_STYLE_NONE",
                                           NULL};
static const uint32_t label_flags[] = {0, 0, LA_SELECT_LABELS_TABLE, LA_SELECT_LABELS_NONE};

/* set_label_style(la.LABEL_STYLE_…) */
int la_statement_set_label_style(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_check_statement(L, 1);
  la_text name = la_check_text(L, 2);
  int style = 0;
  while (label_styles[style] != NULL && !la_text_is(name, label_styles[style])) {
    style++;
  }
  if (label_styles[style] == NULL) {
    return la_raise_argument(L, 2, "label style such as la.LABEL_STYLE_NONE");
  }
  return la_return_node(L, state, la_select_with_labels(&state->sql, self, label_flags[style]));
}

/* get_label_style() → what set_label_style() takes */
int la_statement_get_label_style(lua_State *L) {
  const la_node *naming = la_select_naming(la_check_statement(L, 1));
  uint32_t flags = naming != NULL ? naming->flags : LA_SELECT_LABELS_NONE;
  int style = flags & (LA_SELECT_LABELS_TABLE | LA_SELECT_LEGACY) ? 2
              : flags & LA_SELECT_LABELS_NONE                     ? 3
                                                                  : 0;
  lua_pushstring(L, label_styles[style]);
  return 1;
}
