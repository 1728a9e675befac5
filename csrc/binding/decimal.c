/* SPDX-License-Identifier: MIT */
#include "schema/decimal.h"

#include "binding/open.h"
#include "binding/raise.h"
#include "binding/values.h"

/* Significant digits of a quotient. */
#define DIVISION_DIGITS 28
#define MAX_SCALE       10000

typedef struct decimal {
  la_box box;
  size_t len;
  char bytes[];
} decimal;

/* Texts of one operation, in a scratch box. */
typedef struct work {
  la_strbuf left, right, out;
} work;

static void clear_work(void *memory) {
  work *texts = memory;
  la_strbuf_clear(&texts->left);
  la_strbuf_clear(&texts->right);
  la_strbuf_clear(&texts->out);
}

static work *push_work(lua_State *L, la_state *state) {
  work *texts = la_push_scratch(L, state, sizeof(work), clear_work);
  la_strbuf_init(&texts->left, &state->alloc);
  la_strbuf_init(&texts->right, &state->alloc);
  la_strbuf_init(&texts->out, &state->alloc);
  return texts;
}

void la_push_decimal(lua_State *L, la_state *state, la_text text) {
  decimal *made = la_push_box(L, state, LA_BOX_DECIMAL, sizeof(decimal) + text.len, 0);
  made->len = text.len;
  memcpy(made->bytes, text.bytes, text.len);
}

la_text la_to_decimal(lua_State *L, int index) {
  decimal *found = (decimal *)la_to_box_of(L, index, LA_BOX_DECIMAL);
  return found ? (la_text){found->bytes, found->len} : LA_TEXT_NONE;
}

/* Pushes the decimal in `out`, which is then free. */
static int push_result(lua_State *L, la_state *state, work *texts) {
  if (texts->out.failed || texts->left.failed || texts->right.failed) {
    la_error err = LA_ERROR_INIT;
    la_fail_nomem(&err);
    return la_raise(L, &err);
  }
  la_push_decimal(L, state, la_strbuf_view(&texts->out));
  la_strbuf_clear(&texts->out);
  return 1;
}

/* The operand at `index` as canonical text: a decimal, an integer, or a string that is a number. A
 * float is refused. */
static la_text check_operand(lua_State *L, int index, la_strbuf *buffer) {
  la_text text = la_to_decimal(L, index);
  if (text.bytes) {
    return text;
  }
  if (lua_isinteger(L, index)) {
    la_strbuf_format(buffer, "%lld", (long long)lua_tointeger(L, index));
    return la_strbuf_view(buffer);
  }
  if (lua_type(L, index) == LUA_TSTRING) {
    size_t len;
    const char *bytes = lua_tolstring(L, index, &len);
    if (la_decimal_canonical((la_text){bytes, len}, buffer)) {
      return la_strbuf_view(buffer);
    }
    la_raise_status(L, LA_ARGUMENT, "\"%.60s\" is no decimal number", bytes);
  }
  if (lua_type(L, index) == LUA_TNUMBER) {
    la_raise_status(
        L, LA_ARGUMENT,
        "a float is not exact: write the number as an integer or as a string, \"%.14g\"",
        (double)lua_tonumber(L, index));
  }
  la_raise_argument(L, index, "decimal, integer or string");
  return LA_TEXT_NONE;
}

static work *check_operands(lua_State *L, la_text *left, la_text *right) {
  lua_settop(L, 2);
  work *texts = push_work(L, la_state_of(L));
  *left = check_operand(L, 1, &texts->left);
  *right = check_operand(L, 2, &texts->right);
  return texts;
}

static int operate(lua_State *L, void (*operation)(la_text a, la_text b, la_strbuf *out)) {
  la_text left, right;
  work *texts = check_operands(L, &left, &right);
  operation(left, right, &texts->out);
  return push_result(L, la_state_of(L), texts);
}

static int decimal_add(lua_State *L) {
  return operate(L, la_decimal_add);
}

static int decimal_sub(lua_State *L) {
  return operate(L, la_decimal_subtract);
}

static int decimal_mul(lua_State *L) {
  return operate(L, la_decimal_multiply);
}

static int decimal_div(lua_State *L) {
  la_text left, right;
  work *texts = check_operands(L, &left, &right);
  la_error err = LA_ERROR_INIT;
  if (la_decimal_divide(left, right, DIVISION_DIGITS, &texts->out, &err) < 0) {
    return la_raise(L, &err);
  }
  return push_result(L, la_state_of(L), texts);
}

static int decimal_unm(lua_State *L) {
  lua_settop(L, 1);
  work *texts = push_work(L, la_state_of(L));
  la_decimal_subtract(LA_TEXT_LITERAL("0"), check_operand(L, 1, &texts->left), &texts->out);
  return push_result(L, la_state_of(L), texts);
}

static int compare(lua_State *L) {
  la_text left, right;
  check_operands(L, &left, &right);
  return la_decimal_compare(left, right);
}

static int decimal_lt(lua_State *L) {
  lua_pushboolean(L, compare(L) < 0);
  return 1;
}

static int decimal_le(lua_State *L) {
  lua_pushboolean(L, compare(L) <= 0);
  return 1;
}

static int decimal_eq(lua_State *L) {
  la_text left = la_to_decimal(L, 1), right = la_to_decimal(L, 2);
  lua_pushboolean(L, left.bytes && right.bytes && la_decimal_compare(left, right) == 0);
  return 1;
}

/* d:compare(other) → -1, 0, 1; other may be an integer or a string, which == cannot compare with.
 */
static int decimal_compare(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  int order = compare(L);
  lua_pushinteger(L, order < 0 ? -1 : order > 0);
  return 1;
}

static int decimal_tostring(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  la_text text = la_to_decimal(L, 1);
  lua_pushlstring(L, text.bytes, text.len);
  return 1;
}

static int decimal_concat(lua_State *L) {
  lua_settop(L, 2);
  luaL_tolstring(L, 1, NULL);
  luaL_tolstring(L, 2, NULL);
  lua_concat(L, 2);
  return 1;
}

/* a // b, rounded down as for Lua's numbers. */
static int decimal_idiv(lua_State *L) {
  la_text left, right;
  work *texts = check_operands(L, &left, &right);
  la_error err = LA_ERROR_INIT;
  if (la_decimal_divide_whole(left, right, &texts->out, &err) < 0) {
    return la_raise(L, &err);
  }
  return push_result(L, la_state_of(L), texts);
}

/* a % b = a - (a // b) * b */
static int decimal_mod(lua_State *L) {
  la_text left, right;
  work *texts = check_operands(L, &left, &right);
  work *parts = push_work(L, la_state_of(L)); /* left: the quotient, right: how much of a it is */
  la_error err = LA_ERROR_INIT;
  if (la_decimal_divide_whole(left, right, &parts->left, &err) < 0) {
    return la_raise(L, &err);
  }
  la_decimal_multiply(la_strbuf_view(&parts->left), right, &parts->right);
  la_decimal_subtract(left, la_strbuf_view(&parts->right), &texts->out);
  texts->out.failed |= parts->right.failed;
  return push_result(L, la_state_of(L), texts);
}

static const char *const rounding_names[] = {
#define X(name, text) text,
    LA_ROUNDINGS(X)
#undef X
        NULL};

/* The rounding at `index`, "half_up" or "ROUND_HALF_UP"; half to even if it is nil. */
static la_rounding opt_rounding(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) {
    return LA_ROUND_HALF_EVEN;
  }
  la_text name = {0};
  name.bytes = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &name.len) : "";
  if (name.len > 6 && la_text_equal_nocase((la_text){name.bytes, 6}, LA_TEXT_LITERAL("ROUND_"))) {
    name = (la_text){name.bytes + 6, name.len - 6};
  }
  for (int i = 0; i < LA_ROUNDING_COUNT; i++) {
    if (la_text_equal_nocase(name, la_text_of(rounding_names[i]))) {
      return (la_rounding)i;
    }
  }
  la_raise_argument(L, index,
                    "rounding: half_even, half_up, half_down, up, down, ceiling, floor or 05up");
  return LA_ROUND_HALF_EVEN;
}

static int push_quantized(lua_State *L, int scale, la_rounding rounding) {
  work *texts = push_work(L, la_state_of(L));
  la_decimal_quantize(la_to_decimal(L, 1), scale, rounding, &texts->out);
  return push_result(L, la_state_of(L), texts);
}

/* d:quantize(scale, rounding): to so many digits of fraction, or to as many as a decimal has. */
static int decimal_quantize(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  la_text like = la_to_decimal(L, 2);
  int is_integer = 0;
  lua_Integer scale = like.bytes ? la_decimal_scale(like) : lua_tointegerx(L, 2, &is_integer);
  if ((!like.bytes && !is_integer) || scale < 0 || scale > MAX_SCALE) {
    return la_raise_argument(L, 2, "number of digits, or a decimal that has as many");
  }
  return push_quantized(L, (int)scale, opt_rounding(L, 3));
}

/* d:to_integral_value(rounding): without a fraction. */
static int decimal_to_integral(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  return push_quantized(L, 0, opt_rounding(L, 2));
}

/* d:normalize(): without zeros at the fraction's end. */
static int decimal_normalize(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  la_text text = la_to_decimal(L, 1);
  int scale = la_decimal_scale(text);
  while (scale > 0 && text.bytes[text.len - 1] == '0') {
    text.len--;
    scale--;
  }
  return push_quantized(L, scale, LA_ROUND_DOWN);
}

static int decimal_is_signed(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  lua_pushboolean(L, la_decimal_compare(la_to_decimal(L, 1), LA_TEXT_LITERAL("0")) < 0);
  return 1;
}

static int decimal_is_zero(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  lua_pushboolean(L, la_decimal_compare(la_to_decimal(L, 1), LA_TEXT_LITERAL("0")) == 0);
  return 1;
}

static int decimal_abs(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  la_text text = la_to_decimal(L, 1);
  if (text.len > 0 && text.bytes[0] == '-') {
    la_push_decimal(L, la_state_of(L), (la_text){text.bytes + 1, text.len - 1});
  } else {
    lua_settop(L, 1);
  }
  return 1;
}

/* d:tonumber(): the nearest float. */
static int decimal_tonumber(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  lua_pushnumber(L, la_decimal_to_real(la_to_decimal(L, 1)));
  return 1;
}

/* d:tointeger(): the same number as an integer, or nil if it is none of 64 bits. */
static int decimal_tointeger(lua_State *L) {
  la_check_box(L, 1, LA_BOX_DECIMAL);
  la_text text = la_to_decimal(L, 1);
  la_value value = {.kind = LA_VALUE_DECIMAL, .len = (uint32_t)text.len, .as.bytes = text.bytes};
  const char *point = memchr(text.bytes, '.', text.len);
  lua_pushlstring(L, text.bytes, point ? (size_t)(point - text.bytes) : text.len);
  int is_integer = lua_stringtonumber(L, lua_tostring(L, -1)) != 0 && lua_isinteger(L, -1);
  la_value whole = la_value_integer(is_integer ? lua_tointeger(L, -1) : 0);
  if (!is_integer || !la_value_equal(&whole, &value)) {
    lua_pushnil(L);
  }
  return 1;
}

/* core.decimal(value): from a string, an integer or a decimal. */
static int core_decimal(lua_State *L) {
  lua_settop(L, 1);
  if (la_to_decimal(L, 1).bytes) {
    return 1;
  }
  work *texts = push_work(L, la_state_of(L));
  la_text text = check_operand(L, 1, &texts->left);
  la_strbuf_text(&texts->out, text);
  return push_result(L, la_state_of(L), texts);
}

void la_open_decimal(lua_State *L, la_state *state) {
  static const luaL_Reg methods[] = {{"quantize", decimal_quantize},
                                     {"compare", decimal_compare},
                                     {"abs", decimal_abs},
                                     {"tonumber", decimal_tonumber},
                                     {"tointeger", decimal_tointeger},
                                     {"normalize", decimal_normalize},
                                     {"to_integral_value", decimal_to_integral},
                                     {"is_signed", decimal_is_signed},
                                     {"is_zero", decimal_is_zero},
                                     {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__add", decimal_add},
                                         {"__sub", decimal_sub},
                                         {"__mul", decimal_mul},
                                         {"__div", decimal_div},
                                         {"__unm", decimal_unm},
                                         {"__idiv", decimal_idiv},
                                         {"__mod", decimal_mod},
                                         {"__lt", decimal_lt},
                                         {"__le", decimal_le},
                                         {"__eq", decimal_eq},
                                         {"__tostring", decimal_tostring},
                                         {"__concat", decimal_concat},
                                         {NULL, NULL}};
  static const luaL_Reg functions[] = {{"decimal", core_decimal}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_DECIMAL, methods, metamethods);
  /* Nothing is owned: without a finalizer a decimal costs the collector less. */
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[LA_BOX_DECIMAL]);
  lua_pushnil(L);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
