/* SPDX-License-Identifier: MIT */
/*
 * Operators of expressions: methods and metamethods.
 */
#include "binding/open.h"
#include "binding/recent.h"
#include "binding/sql.h"

#define NOT_FOR_NULL                                                                               \
  "Only '=', '!=', 'is_()', 'is_not()', 'is_distinct_from()', 'is_not_distinct_from()' operators " \
  "can be used with "                                                                              \
  "nil/true/false"

/* The operand that a method is called on; raises if it has no value. Selects become scalar
 * subqueries of their own accord. */
static la_node *check_self(lua_State *L) {
  la_node *self = la_node_at(L, la_state_of(L), 1);
  if (self == NULL || !la_node_is_expr(self)) {
    la_raise_argument(L, 1, "column expression");
  }
  return self;
}

static bool takes_null(la_operator op) {
  switch (op) {
  case LA_OP_EQ:
  case LA_OP_NE:
  case LA_OP_IS:
  case LA_OP_IS_NOT:
  case LA_OP_IS_DISTINCT:
  case LA_OP_IS_NOT_DISTINCT:
    return true;
  default:
    return false;
  }
}

/* nil, a boolean, or one of them as SQL. */
static bool is_constant(lua_State *L, int index) {
  const la_node *node = la_to_node(L, index);
  return la_is_null(L, index) || lua_isboolean(L, index) ||
         (node != NULL && (node->kind == LA_NODE_NULL || node->kind == LA_NODE_TRUE ||
                           node->kind == LA_NODE_FALSE));
}

/* self:eq(value) */
static int compare(lua_State *L, la_operator op, const char *function) {
  la_state *state = la_state_of(L);
  la_node *self = check_self(L);
  la_node *made;
  la_nodes nodes;
  la_check_count(L, 2, function);
  la_node *other = self->kind == LA_NODE_ATTRIBUTE ? la_recent_operand(L, state, 2) : NULL;
  if (other != NULL && la_push_recent_operation(L, state, op, self, other)) {
    return 1;
  }
  if (!takes_null(op) && is_constant(L, 2)) {
    return la_raise_status(L, LA_ARGUMENT, "%s", NOT_FOR_NULL);
  }
  la_type *value_type = la_push_compared_type(L, state, self, function, 2);
  la_push_result(L, state, LA_BOX_EXPR);
  la_nodes_init(&nodes, state);
  nodes.value_type = value_type;
  if (!(self->kind == LA_NODE_TUPLE ? la_nodes_add_tuple(L, &nodes, 2, self)
                                    : la_nodes_add_compared(L, &nodes, 2, self))) {
    return la_nodes_raise(L, &nodes);
  }
  made = la_expr_binary(&state->sql, op, self, nodes.items[0]);
  la_nodes_clear(&nodes);
  la_finish(L, made, 2);
  if (other != NULL) {
    la_keep_recent_operation(L, state, op, self, other);
  }
  return 1;
}

/* The type of the number at `index` in arithmetic with a date, a time or an interval, which it is
 * none of; NULL for all others. Seconds are added to what has a time of day. */
static la_type *number_type(lua_State *L, la_state *state, const la_node *with, la_operator op,
                            int index) {
  la_affinity affinity =
      with != NULL && with->type != NULL ? with->type->affinity : LA_AFFINITY_NULL;
  bool is_sum = op == LA_OP_ADD || op == LA_OP_SUBTRACT;
  if (lua_type(L, index) != LUA_TNUMBER) {
    return NULL;
  }
  switch (affinity) {
  case LA_AFFINITY_TIME:
  case LA_AFFINITY_DATETIME:
  case LA_AFFINITY_INTERVAL:
    if (is_sum) {
      return state->types.interval;
    }
    break;
  case LA_AFFINITY_DATE:
    break;
  default:
    return NULL;
  }
  return lua_isinteger(L, index) ? state->types.integer : state->types.real;
}

/* self .. value, value .. self: whichever side is an expression gives the other its type. */
static int combine(lua_State *L, la_operator op, const char *function) {
  la_state *state = la_state_of(L);
  la_node *left = la_node_at(L, state, 1), *right = la_node_at(L, state, 2);
  la_node *made;
  la_nodes nodes;
  la_check_count(L, 2, function);
  la_refuse_collections(L, left, right);
  if (left != NULL && la_push_comparator(L, state, left->type, function)) {
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
  }
  const la_node *given = left != NULL ? left : right;
  int value = left != NULL ? 2 : 1;
  la_type *value_type = la_push_compared_type(L, state, given, function, value);
  if (value_type == NULL) {
    value_type = number_type(L, state, given, op, value);
  }
  la_push_result(L, state, LA_BOX_EXPR);
  la_nodes_init(&nodes, state);
  nodes.value_type = value_type;
  if (!la_nodes_add_expr(L, &nodes, 1, left == NULL ? right : NULL) ||
      !la_nodes_add_expr(L, &nodes, 2, right == NULL ? left : NULL)) {
    return la_nodes_raise(L, &nodes);
  }
  made = la_expr_binary(&state->sql, op, nodes.items[0], nodes.items[1]);
  la_nodes_clear(&nodes);
  return la_finish(L, made, 2);
}

#define COMPARE(name, op)                                                                          \
  static int expr_##name(lua_State *L) {                                                           \
    return compare(L, LA_OP_##op, #name);                                                          \
  }
#define COMBINE(name, op)                                                                          \
  static int expr_##name(lua_State *L) {                                                           \
    return combine(L, LA_OP_##op, #name);                                                          \
  }

COMPARE(eq, EQ)
COMPARE(ne, NE)
COMPARE(lt, LT)
COMPARE(le, LE)
COMPARE(gt, GT)
COMPARE(ge, GE)
COMPARE(is_, IS)
COMPARE(is_not, IS_NOT)
COMPARE(is_distinct_from, IS_DISTINCT)
COMPARE(is_not_distinct_from, IS_NOT_DISTINCT)
COMPARE(match, MATCH)
COMBINE(add, ADD)
COMBINE(sub, SUBTRACT)
COMBINE(mul, MULTIPLY)
COMBINE(div, DIVIDE)
COMBINE(idiv, FLOOR_DIVIDE)
COMBINE(mod, MODULO)
COMBINE(concat, CONCAT)
COMBINE(bitwise_and, BIT_AND)
COMBINE(bitwise_or, BIT_OR)
COMBINE(bitwise_xor, BIT_XOR)
COMBINE(bitwise_lshift, LEFT_SHIFT)
COMBINE(bitwise_rshift, RIGHT_SHIFT)

/* self ^ value: the function pow(). */
static int expr_pow(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *left = la_to_node(L, 1), *like = left != NULL ? left : la_to_node(L, 2);
  la_node *named, *result = NULL;
  la_nodes nodes;
  la_check_count(L, 2, "pow");
  la_nodes_init(&nodes, state);
  named = la_expr_function(&state->sql, LA_TEXT_LITERAL("pow"), NULL, 0,
                           like != NULL ? like->type : NULL);
  if (!la_nodes_add(&nodes, named) || !la_nodes_add_expr(L, &nodes, 1, named) ||
      !la_nodes_add_expr(L, &nodes, 2, named)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_expr_function(&state->sql, LA_TEXT_LITERAL("pow"), nodes.items + 1, 2, NULL);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int unary(lua_State *L, la_operator op) {
  la_state *state = la_state_of(L);
  la_node *made;
  la_nodes nodes;
  lua_settop(L, 1);
  /* desc("name"): the name of a label. */
  bool is_order = (la_operator_get(op)->flags & LA_OPERATOR_POSTFIX) != 0;
  la_node *attribute = is_order ? la_recent_operand(L, state, 1) : NULL;
  if (attribute != NULL && la_push_recent_operation(L, state, op, attribute, NULL)) {
    return 1;
  }
  la_push_result(L, state, LA_BOX_EXPR);
  la_nodes_init(&nodes, state);
  if (!(is_order ? la_nodes_add_order(L, &nodes, 1) : la_nodes_add_expr(L, &nodes, 1, NULL))) {
    return la_nodes_raise(L, &nodes);
  }
  made = la_expr_unary(&state->sql, op, nodes.items[0]);
  la_nodes_clear(&nodes);
  la_finish(L, made, 1);
  if (attribute != NULL) {
    la_keep_recent_operation(L, state, op, attribute, NULL);
  }
  return 1;
}

#define UNARY(name, op)                                                                            \
  static int expr_##name(lua_State *L) {                                                           \
    return unary(L, LA_OP_##op);                                                                   \
  }

UNARY(neg, NEGATE)
UNARY(bitwise_not, BIT_NOT)
UNARY(desc, DESC)
UNARY(asc, ASC)
UNARY(nulls_first, NULLS_FIRST)
UNARY(nulls_last, NULLS_LAST)
UNARY(distinct, DISTINCT)
UNARY(any, ANY)
UNARY(all, ALL)

/* a & b, a | b, and_(…), or_(…). */
static int conjunction(lua_State *L, la_operator op, int count) {
  la_state *state = la_state_of(L);
  la_push_result(L, state, LA_BOX_EXPR);
  la_node *made;
  la_nodes nodes;
  la_nodes_init(&nodes, state);
  for (int i = 1; i <= count; i++) {
    if (!la_nodes_add_condition(L, &nodes, i)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  made = la_expr_clauses(&state->sql, op, nodes.items, nodes.count);
  la_nodes_clear(&nodes);
  return la_finish(L, made, count);
}

static int expr_band(lua_State *L) {
  lua_settop(L, 2);
  return conjunction(L, LA_OP_AND, 2);
}

static int expr_bor(lua_State *L) {
  lua_settop(L, 2);
  return conjunction(L, LA_OP_OR, 2);
}

static int core_and(lua_State *L) {
  la_check_count(L, 1, "and_");
  return conjunction(L, LA_OP_AND, lua_gettop(L));
}

static int core_or(lua_State *L) {
  la_check_count(L, 1, "or_");
  return conjunction(L, LA_OP_OR, lua_gettop(L));
}

static int expr_not(lua_State *L) {
  la_state *state = la_state_of(L);
  la_nodes nodes;
  la_node *result;
  la_check_count(L, 1, "not_");
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_condition(L, &nodes, 1)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_expr_not(&state->sql, nodes.items[0]);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int raise_comparison(lua_State *L, const char *symbol, const char *method) {
  return la_raise_status(L, LA_ARGUMENT,
                         "'%s' compares in Lua and cannot make SQL; write column:%s(value)", symbol,
                         method);
}

/* Lua writes a > b as b < a, so one message serves both. */
static int expr_meta_lt(lua_State *L) {
  return raise_comparison(L, "< or >", la_to_node(L, 1) != NULL ? "lt" : "gt");
}

static int expr_meta_le(lua_State *L) {
  return raise_comparison(L, "<= or >=", la_to_node(L, 1) != NULL ? "le" : "ge");
}

/* ---- LIKE and its relatives ---- */

/* Pushes the text at 2 with %, _ and the escape itself escaped. */
static void push_escaped(lua_State *L, la_text escape) {
  size_t len;
  const char *text = lua_tolstring(L, 2, &len);
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '%' || text[i] == '_' || text[i] == escape.bytes[0]) {
      luaL_addlstring(&out, escape.bytes, escape.len);
    }
    luaL_addchar(&out, text[i]);
  }
  luaL_pushresult(&out);
}

static const char *const like_keywords[] = {"escape", "autoescape", NULL};

/* self:like(pattern, {escape = "/"}), self:contains(text, {autoescape = true}) */
static int like(lua_State *L, la_operator op, const char *function) {
  la_state *state = la_state_of(L);
  la_node *self = check_self(L);
  la_text escape = LA_TEXT_NONE;
  int keywords = la_keywords(L, 3), last = lua_gettop(L), pattern = 2;
  la_node *made;
  la_nodes nodes;
  la_node text = {.kind = LA_NODE_COLUMN, .type = state->types.text};
  la_check_count(L, 2, function);
  if (la_is_null(L, 2) || lua_isboolean(L, 2)) {
    return la_raise_status(L, LA_ARGUMENT, "%s", NOT_FOR_NULL);
  }
  la_check_keywords(L, keywords, like_keywords, function);
  escape = keywords != 0 ? la_keyword_text(L, keywords, "escape") : LA_TEXT_NONE;
  if (keywords == 0 && !la_is_null(L, 3)) {
    escape = la_check_text(L, 3);
  }
  if (la_keyword_flag(L, keywords, "autoescape")) {
    escape = escape.bytes != NULL ? escape : LA_TEXT_LITERAL("/");
    if (lua_type(L, 2) != LUA_TSTRING) {
      return la_raise_status(L, LA_ARGUMENT, "String value expected when autoescape=true");
    }
    push_escaped(L, escape);
    pattern = lua_gettop(L);
  }
  text.text = la_expr_param_name(self);
  la_type *value_type = la_push_compared_type(L, state, self, function, 2);
  la_push_result(L, state, LA_BOX_EXPR);
  la_nodes_init(&nodes, state);
  nodes.value_type = value_type;
  if (!la_nodes_add_expr(L, &nodes, pattern,
                         self->type != NULL && self->type->affinity == LA_AFFINITY_TEXT ? self
                                                                                        : &text)) {
    return la_nodes_raise(L, &nodes);
  }
  made = la_expr_like(&state->sql, op, self, nodes.items[0], escape);
  la_nodes_clear(&nodes);
  return la_finish(L, made, last);
}

#define LIKE(name, op)                                                                             \
  static int expr_##name(lua_State *L) {                                                           \
    return like(L, LA_OP_##op, #name);                                                             \
  }

LIKE(like, LIKE)
LIKE(not_like, NOT_LIKE)
LIKE(ilike, ILIKE)
LIKE(not_ilike, NOT_ILIKE)
LIKE(startswith, STARTSWITH)
LIKE(endswith, ENDSWITH)
LIKE(contains, CONTAINS)
LIKE(istartswith, ISTARTSWITH)
LIKE(iendswith, IENDSWITH)
LIKE(icontains, ICONTAINS)

static const char *const regexp_keywords[] = {"flags", NULL};

static int regexp(lua_State *L, int operands, const char *function) {
  la_state *state = la_state_of(L);
  la_node *self = check_self(L);
  int keywords = la_keywords(L, operands + 2);
  la_text flags;
  la_node *result;
  la_nodes nodes;
  la_check_count(L, operands + 1, function);
  la_check_keywords(L, keywords, regexp_keywords, function);
  flags = la_keyword_text(L, keywords, "flags");
  if (keywords == 0 && !la_is_null(L, operands + 2)) {
    flags = la_check_text(L, operands + 2);
  }
  la_nodes_init(&nodes, state);
  for (int i = 2; i <= operands + 1; i++) {
    if (!la_nodes_add_expr(L, &nodes, i, self)) {
      return la_nodes_raise(L, &nodes);
    }
  }
  result = la_expr_regexp(&state->sql, self, nodes.items[0], operands > 1 ? nodes.items[1] : NULL,
                          flags);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int expr_regexp_match(lua_State *L) {
  return regexp(L, 1, "regexp_match");
}

static int expr_regexp_replace(lua_State *L) {
  return regexp(L, 2, "regexp_replace");
}

static const char *const between_keywords[] = {"symmetric", NULL};

/* self:between(low, high, {symmetric = true}) and between(expr, low, high). */
static int expr_between(lua_State *L) {
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 4);
  bool symmetric;
  la_node *result;
  la_nodes nodes;
  la_check_count(L, 3, "between");
  la_check_keywords(L, keywords, between_keywords, "between");
  symmetric = keywords != 0 ? la_keyword_flag(L, keywords, "symmetric") : lua_toboolean(L, 4);
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_expr(L, &nodes, 1, NULL) || !la_nodes_add_expr(L, &nodes, 2, nodes.items[0]) ||
      !la_nodes_add_expr(L, &nodes, 3, nodes.items[0])) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_expr_between(&state->sql, nodes.items[0], nodes.items[1], nodes.items[2], symmetric);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

/* ---- what is not an operator ---- */

/* label(name): anonymous without a name. Serves as function too: label(name, expr). */
static int expr_label(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text name = LA_TEXT_NONE;
  la_node *result;
  la_nodes nodes;
  if (!la_is_null(L, 2)) {
    name = la_check_text(L, 2);
  }
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_expr(L, &nodes, 1, NULL)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_expr_label(&state->sql, name, nodes.items[0]);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int core_label(lua_State *L) {
  la_check_count(L, 2, "label");
  lua_settop(L, 2);
  lua_insert(L, 1);
  return expr_label(L);
}

static int cast_to(lua_State *L, la_node_kind kind, bool try_cast) {
  la_state *state = la_state_of(L);
  la_type *type;
  la_node typed = {.kind = LA_NODE_LABEL};
  la_node *result;
  la_nodes nodes;
  la_check_count(L, 2, kind == LA_NODE_CAST ? "cast" : "type_coerce");
  type = la_check_type(L, 2);
  typed.type = type;
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_expr(L, &nodes, 1, &typed)) {
    return la_nodes_raise(L, &nodes);
  }
  result = kind == LA_NODE_CAST ? la_expr_cast(&state->sql, nodes.items[0], type, try_cast)
                                : la_expr_coerce(&state->sql, nodes.items[0], type);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int expr_cast(lua_State *L) {
  return cast_to(L, LA_NODE_CAST, false);
}

static int core_try_cast(lua_State *L) {
  return cast_to(L, LA_NODE_CAST, true);
}

static int core_type_coerce(lua_State *L) {
  return cast_to(L, LA_NODE_COERCE, false);
}

static int expr_collate(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text collation;
  la_node *result;
  la_nodes nodes;
  la_check_count(L, 2, "collate");
  collation = la_check_text(L, 2);
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_expr(L, &nodes, 1, NULL)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_expr_collate(&state->sql, nodes.items[0], collation);
  la_nodes_clear(&nodes);
  return la_return_node(L, state, result);
}

static int expr_self_group(lua_State *L) {
  la_state *state = la_state_of(L);
  return la_return_node(L, state, la_expr_grouping(&state->sql, check_self(L)));
}

/* What `op(text)` gives: called with the right operand. Upvalues: state, self, text, precedence,
 * is_comparison, type or nil. */
static int apply_custom(lua_State *L) {
  la_state *state = la_state_of(L);
  la_node *self = la_to_node(L, lua_upvalueindex(2));
  la_box *type = la_to_box_of(L, lua_upvalueindex(6), LA_BOX_TYPE);
  la_text text;
  la_node *result;
  la_nodes nodes;
  la_check_count(L, 1, "op");
  text.bytes = lua_tolstring(L, lua_upvalueindex(3), &text.len);
  la_nodes_init(&nodes, state);
  if (!la_nodes_add_expr(L, &nodes, 1, self)) {
    return la_nodes_raise(L, &nodes);
  }
  result = la_expr_custom(&state->sql, text, (int)lua_tointeger(L, lua_upvalueindex(4)),
                          lua_toboolean(L, lua_upvalueindex(5)), type != NULL ? type->object : NULL,
                          self, nodes.items[0]);
  la_nodes_clear(&nodes);
  lua_pushvalue(L, lua_upvalueindex(2));
  return la_return_node(L, state, result);
}

static const char *const op_keywords[] = {"precedence", "is_comparison", "return_type",
                                          "python_impl", NULL};

static int custom_operator(lua_State *L, bool is_comparison, const char *function) {
  la_state *state = la_state_of(L);
  int keywords = la_keywords(L, 3);
  lua_Integer precedence = 0;
  check_self(L);
  la_check_count(L, 2, function);
  la_check_text(L, 2);
  la_check_keywords(L, keywords, op_keywords, function);
  if (la_push_keyword(L, keywords, "precedence")) {
    if (!lua_isinteger(L, -1)) {
      return la_raise_status(L, LA_ARGUMENT, "keyword 'precedence' must be an integer");
    }
    precedence = lua_tointeger(L, -1);
    lua_pop(L, 1);
  } else if (keywords == 0 && lua_isinteger(L, 3)) {
    precedence = lua_tointeger(L, 3);
  }
  is_comparison = is_comparison || la_keyword_flag(L, keywords, "is_comparison");
  lua_pushlightuserdata(L, state);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushinteger(L, precedence);
  lua_pushboolean(L, is_comparison);
  if (la_push_keyword(L, keywords, "return_type")) {
    la_check_type(L, lua_gettop(L));
  } else {
    lua_pushnil(L);
  }
  lua_pushcclosure(L, apply_custom, 6);
  return 1;
}

static int expr_op(lua_State *L) {
  return custom_operator(L, false, "op");
}

static int expr_bool_op(lua_State *L) {
  return custom_operator(L, true, "bool_op");
}

/* ---- opening ---- */

static const luaL_Reg methods[] = {{"eq", expr_eq},
                                   {"ne", expr_ne},
                                   {"lt", expr_lt},
                                   {"le", expr_le},
                                   {"gt", expr_gt},
                                   {"ge", expr_ge},
                                   {"is_", expr_is_},
                                   {"is_not", expr_is_not},
                                   {"isnot", expr_is_not},
                                   {"is_distinct_from", expr_is_distinct_from},
                                   {"is_not_distinct_from", expr_is_not_distinct_from},
                                   {"isnot_distinct_from", expr_is_not_distinct_from},
                                   {"like", expr_like},
                                   {"not_like", expr_not_like},
                                   {"notlike", expr_not_like},
                                   {"ilike", expr_ilike},
                                   {"not_ilike", expr_not_ilike},
                                   {"notilike", expr_not_ilike},
                                   {"startswith", expr_startswith},
                                   {"endswith", expr_endswith},
                                   {"contains", expr_contains},
                                   {"istartswith", expr_istartswith},
                                   {"iendswith", expr_iendswith},
                                   {"icontains", expr_icontains},
                                   {"regexp_match", expr_regexp_match},
                                   {"regexp_replace", expr_regexp_replace},
                                   {"match", expr_match},
                                   {"between", expr_between},
                                   {"concat", expr_concat},
                                   {"bitwise_and", expr_bitwise_and},
                                   {"bitwise_or", expr_bitwise_or},
                                   {"bitwise_xor", expr_bitwise_xor},
                                   {"bitwise_not", expr_bitwise_not},
                                   {"bitwise_lshift", expr_bitwise_lshift},
                                   {"bitwise_rshift", expr_bitwise_rshift},
                                   {"desc", expr_desc},
                                   {"asc", expr_asc},
                                   {"nulls_first", expr_nulls_first},
                                   {"nullsfirst", expr_nulls_first},
                                   {"nulls_last", expr_nulls_last},
                                   {"nullslast", expr_nulls_last},
                                   {"distinct", expr_distinct},
                                   {"any_", expr_any},
                                   {"all_", expr_all},
                                   {"label", expr_label},
                                   {"cast", expr_cast},
                                   {"collate", expr_collate},
                                   {"self_group", expr_self_group},
                                   {"op", expr_op},
                                   {"bool_op", expr_bool_op},
                                   {"in_", la_expr_in},
                                   {"not_in", la_expr_not_in},
                                   {"notin_", la_expr_not_in},
                                   {"at", la_expr_at},
                                   {"as_string", la_expr_as_string},
                                   {"as_integer", la_expr_as_integer},
                                   {"as_float", la_expr_as_float},
                                   {"as_numeric", la_expr_as_numeric},
                                   {"as_boolean", la_expr_as_boolean},
                                   {"as_json", la_expr_as_json},
                                   {"over", la_expr_over_method},
                                   {"filter", la_expr_filter_method},
                                   {"within_group", la_expr_within_group_method},
                                   {"aggregate_order_by", la_expr_aggregate_order_by},
                                   {"table_valued", la_expr_table_valued},
                                   {"scalar_table_valued", la_expr_scalar_table_valued},
                                   {"column_valued", la_expr_column_valued},
                                   {"as_comparison", la_expr_as_comparison},
                                   {"alias", la_expr_function_alias},
                                   {"lateral", la_statement_lateral},
                                   {"tablesample", la_from_tablesample},
                                   {"join", la_from_join_method},
                                   {"outerjoin", la_from_outerjoin_method},
                                   {"where", la_expr_where},
                                   {"select_from", la_expr_select_from},
                                   {"correlate", la_expr_correlate},
                                   {"correlate_except", la_expr_correlate_except},
                                   {"with_hint", la_expr_with_hint},
                                   {"with_statement_hint", la_expr_with_statement_hint},
                                   {"select", la_expr_select},
                                   {"params", la_statement_params},
                                   {"compile", la_node_compile},
                                   {NULL, NULL}};

static const luaL_Reg metamethods[] = {{"__add", expr_add},
                                       {"__sub", expr_sub},
                                       {"__mul", expr_mul},
                                       {"__div", expr_div},
                                       {"__idiv", expr_idiv},
                                       {"__mod", expr_mod},
                                       {"__pow", expr_pow},
                                       {"__concat", expr_concat},
                                       {"__unm", expr_neg},
                                       {"__band", expr_band},
                                       {"__bor", expr_bor},
                                       {"__bnot", expr_not},
                                       {"__shl", expr_bitwise_lshift},
                                       {"__shr", expr_bitwise_rshift},
                                       {"__lt", expr_meta_lt},
                                       {"__le", expr_meta_le},
                                       {"__index", la_expr_index},
                                       {"__tostring", la_node_tostring},
                                       {NULL, NULL}};

static const luaL_Reg functions[] = {{"and_", core_and},
                                     {"or_", core_or},
                                     {"not_", expr_not},
                                     {"between", expr_between},
                                     {"label", core_label},
                                     {"cast", expr_cast},
                                     {"try_cast", core_try_cast},
                                     {"type_coerce", core_type_coerce},
                                     {"collate", expr_collate},
                                     {"distinct", expr_distinct},
                                     {"bitwise_not", expr_bitwise_not},
                                     {"desc", expr_desc},
                                     {"asc", expr_asc},
                                     {"nulls_first", expr_nulls_first},
                                     {"nullsfirst", expr_nulls_first},
                                     {"nulls_last", expr_nulls_last},
                                     {"nullslast", expr_nulls_last},
                                     {"any_", expr_any},
                                     {"all_", expr_all},
                                     {NULL, NULL}};

void la_open_sql_expr(lua_State *L, la_state *state) {
  la_register_class(L, state, LA_BOX_EXPR, methods, metamethods);
  la_set_functions(L, functions);
}
