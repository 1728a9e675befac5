/* SPDX-License-Identifier: MIT */
/*
 * Lua tables → JSON text: the serializer of engines that are given none.
 *
 * Exact where the common libraries are not: integers keep their 64 bits, floats read back as the
 * same floats, an empty table is an array if its metatable says so (`__jsontype`), and keys are
 * sorted, so that equal tables give equal texts.
 */
#include "binding/json.h"

#include "base/vec.h"
#include "binding/open.h"
#include "binding/process.h"
#include "binding/push.h"
#include "binding/raise.h"
#include "binding/values.h"
#include "schema/value.h"

#include <math.h>
#include <stdlib.h>

typedef struct writer {
  la_allocator *alloc;
  la_strbuf out;
  LA_VEC(la_text)
  keys; /* of the objects being written, innermost last; bytes lent from the tables' keys */
} writer;

static void clear_writer(void *memory) {
  writer *to = memory;
  la_strbuf_clear(&to->out);
  la_vec_clear(to->alloc, &to->keys);
}

static void write_string(la_strbuf *out, la_text text) {
  static const char digits[] = "0123456789abcdef";
  size_t plain = 0;
  la_strbuf_char(out, '"');
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.bytes[i];
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
      continue;
    }
    la_strbuf_bytes(out, text.bytes + plain, i - plain);
    plain = i + 1;
    const char *named = strchr("\"\"\\\\b\bf\fn\nr\rt\t", c);
    if (c && named) {
      la_strbuf_char(out, '\\');
      la_strbuf_char(out, c == '"' || c == '\\' ? (char)c : named[-1]);
    } else {
      char escape[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
      la_strbuf_bytes(out, escape, sizeof escape);
    }
  }
  la_strbuf_bytes(out, text.bytes + plain, text.len - plain);
  la_strbuf_char(out, '"');
}

static void write_number(lua_State *L, int index, la_strbuf *out) {
  if (lua_isinteger(L, index)) {
    la_strbuf_format(out, "%lld", (long long)lua_tointeger(L, index));
    return;
  }
  lua_Number number = lua_tonumber(L, index);
  if (!isfinite(number)) {
    la_raise_status(L, LA_STATEMENT, "%s is no JSON number", isnan(number) ? "nan" : "an infinity");
  }
  char text[LA_REAL_TEXT];
  la_real_write(number, text);
  la_strbuf_string(out, text);
  if (!strpbrk(text, ".e")) {
    la_strbuf_string(out, ".0");
  }
}

static void write_value(lua_State *L, la_state *state, writer *to, int depth);

/* What the table on top of the stack is. An error for what is neither. */
typedef enum shape { ARRAY, OBJECT } shape;

static bool is_marked_array(lua_State *L) {
  bool is = false;
  if (luaL_getmetafield(L, -1, "__jsontype") != LUA_TNIL) {
    is = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "array") == 0;
    lua_pop(L, 1);
  }
  return is;
}

static shape find_shape(lua_State *L, size_t *length) {
  size_t strings = 0, others = 0;
  *length = lua_rawlen(L, -1);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      strings++;
    } else if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 &&
               lua_tointeger(L, -2) <= (lua_Integer)*length) {
      others++;
    } else {
      la_raise_status(L, LA_STATEMENT,
                      "the keys of a JSON object are strings, those of a JSON array 1, 2, 3 … "
                      "without holes (la.null fills them)");
    }
    lua_pop(L, 1);
  }
  if (strings && others) {
    la_raise_status(L, LA_STATEMENT,
                    "a table with both a sequence and named keys is no JSON value");
  }
  if (others != *length) {
    la_raise_status(L, LA_STATEMENT,
                    "a sequence with holes is no JSON array: la.null stands for a missing value");
  }
  return others || (!strings && is_marked_array(L)) ? ARRAY : OBJECT;
}

static void write_array(lua_State *L, la_state *state, writer *to, size_t length, int depth) {
  la_strbuf_char(&to->out, '[');
  for (size_t i = 1; i <= length; i++) {
    if (i > 1) {
      la_strbuf_string(&to->out, ", ");
    }
    lua_rawgeti(L, -1, (lua_Integer)i);
    write_value(L, state, to, depth + 1);
    lua_pop(L, 1);
  }
  la_strbuf_char(&to->out, ']');
}

static int compare_keys(const void *a, const void *b) {
  const la_text *left = a, *right = b;
  size_t shorter = left->len < right->len ? left->len : right->len;
  int order = memcmp(left->bytes, right->bytes, shorter);
  return order ? order : left->len < right->len ? -1 : left->len > right->len;
}

static void write_object(lua_State *L, la_state *state, writer *to, int depth) {
  size_t first = to->keys.count;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    la_text key;
    key.bytes = lua_tolstring(L, -2, &key.len);
    to->out.failed = !la_vec_push(to->alloc, &to->keys, key) || to->out.failed;
    lua_pop(L, 1);
  }
  size_t last = to->keys.count;
  if (last > first + 1) {
    qsort(to->keys.items + first, last - first, sizeof *to->keys.items, compare_keys);
  }
  la_strbuf_char(&to->out, '{');
  for (size_t i = first; i < last; i++) {
    la_text key = to->keys.items[i];
    if (i > first) {
      la_strbuf_string(&to->out, ", ");
    }
    write_string(&to->out, key);
    la_strbuf_string(&to->out, ": ");
    lua_pushlstring(L, key.bytes, key.len);
    lua_rawget(L, -2);
    write_value(L, state, to, depth + 1);
    lua_pop(L, 1);
  }
  la_strbuf_char(&to->out, '}');
  to->keys.count = first;
}

static void write_table(lua_State *L, la_state *state, writer *to, int depth) {
  size_t length;
  la_plain_value(L);
  if (depth > LA_JSON_DEPTH) {
    la_raise_status(L, LA_STATEMENT,
                    "a table nested deeper than %d, or within itself, is no JSON value",
                    LA_JSON_DEPTH);
  }
  if (la_moment_kind(L, state, -1) != LA_VALUE_NULL) {
    la_text text;
    text.bytes = luaL_tolstring(L, -1, &text.len);
    write_string(&to->out, text);
    lua_pop(L, 1);
    return;
  }
  if (luaL_getmetafield(L, -1, "__jsonnull") != LUA_TNIL) {
    lua_pop(L, 1);
    la_strbuf_string(&to->out, "null");
    return;
  }
  if (find_shape(L, &length) == ARRAY) {
    write_array(L, state, to, length, depth);
  } else {
    write_object(L, state, to, depth);
  }
}

/* Writes the value on top of the stack. */
static void write_value(lua_State *L, la_state *state, writer *to, int depth) {
  luaL_checkstack(L, 8, "JSON value nested too deep");
  la_text text = la_to_decimal(L, -1);
  if (text.bytes) {
    la_strbuf_text(&to->out, text);
    return;
  }
  switch (lua_type(L, -1)) {
  case LUA_TNIL:
    la_strbuf_string(&to->out, "null");
    return;
  case LUA_TBOOLEAN:
    la_strbuf_string(&to->out, lua_toboolean(L, -1) ? "true" : "false");
    return;
  case LUA_TNUMBER:
    write_number(L, -1, &to->out);
    return;
  case LUA_TSTRING:
    text.bytes = lua_tolstring(L, -1, &text.len);
    write_string(&to->out, text);
    return;
  case LUA_TTABLE:
    write_table(L, state, to, depth);
    return;
  default:
    break;
  }
  if (lua_islightuserdata(L, -1) && !lua_touserdata(L, -1)) {
    la_strbuf_string(&to->out, "null");
    return;
  }
  la_raise_status(L, LA_STATEMENT, "a %s is no JSON value", luaL_typename(L, -1));
}

/* core.json_encode(value) → text */
static int core_json_encode(lua_State *L) {
  la_state *state = la_state_of(L);
  lua_settop(L, 1);
  writer *to = la_push_scratch(L, state, sizeof *to, clear_writer);
  to->alloc = &state->alloc;
  la_strbuf_init(&to->out, &state->alloc);
  lua_pushvalue(L, 1);
  write_value(L, state, to, 1);
  la_error err = LA_ERROR_INIT;
  if (la_strbuf_status(&to->out, &err) < 0) {
    return la_raise(L, &err);
  }
  la_push_text(L, la_strbuf_view(&to->out));
  la_scratch_clear(L, 2);
  return 1;
}

void la_open_json(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"json_encode", core_json_encode}, {"json_decode", la_core_json_decode}, {NULL, NULL}};
  (void)state;
  la_set_functions(L, functions);
}
