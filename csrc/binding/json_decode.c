/* SPDX-License-Identifier: MIT */
#include "binding/json.h"
#include "binding/push.h"
#include "binding/raise.h"

typedef struct reader {
  const char *start, *at, *end;
} reader;

static void fail(lua_State *L, const reader *from, const char *what) {
  la_raise_status(L, LA_STATEMENT, "this is no JSON text: %s at byte %lld", what,
                  (long long)(from->at - from->start) + 1);
}

static void skip_space(reader *from) {
  while (from->at < from->end && strchr(" \t\r\n", *from->at) && *from->at) {
    from->at++;
  }
}

static char peek(const reader *from) {
  return from->at < from->end ? *from->at : '\0';
}

static void expect_word(lua_State *L, reader *from, const char *word) {
  size_t len = strlen(word);
  if ((size_t)(from->end - from->at) < len || memcmp(from->at, word, len) != 0) {
    fail(L, from, "unknown word");
  }
  from->at += len;
}

static int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* Four hexadecimal digits at `from->at`. */
static unsigned read_unit(lua_State *L, reader *from) {
  unsigned unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(peek(from));
    if (digit < 0) {
      fail(L, from, "bad \\u escape");
    }
    unit = unit * 16 + (unsigned)digit;
    from->at++;
  }
  return unit;
}

/* A character after "\u", surrogate pairs as one; a lone surrogate is written as the replacement
 * character. */
static unsigned read_code_point(lua_State *L, reader *from) {
  unsigned unit = read_unit(L, from);
  if (unit >= 0xD800 && unit < 0xDC00 && from->end - from->at >= 6 && from->at[0] == '\\' &&
      from->at[1] == 'u') {
    reader ahead = {from->start, from->at + 2, from->end};
    unsigned low = read_unit(L, &ahead);
    if (low >= 0xDC00 && low < 0xE000) {
      from->at = ahead.at;
      return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
  }
  return unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit;
}

static void add_utf8(luaL_Buffer *buffer, unsigned code) {
  if (code < 0x80) {
    luaL_addchar(buffer, (char)code);
  } else if (code < 0x800) {
    luaL_addchar(buffer, (char)(0xC0 | code >> 6));
    luaL_addchar(buffer, (char)(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    luaL_addchar(buffer, (char)(0xE0 | code >> 12));
    luaL_addchar(buffer, (char)(0x80 | (code >> 6 & 0x3F)));
    luaL_addchar(buffer, (char)(0x80 | (code & 0x3F)));
  } else {
    luaL_addchar(buffer, (char)(0xF0 | code >> 18));
    luaL_addchar(buffer, (char)(0x80 | (code >> 12 & 0x3F)));
    luaL_addchar(buffer, (char)(0x80 | (code >> 6 & 0x3F)));
    luaL_addchar(buffer, (char)(0x80 | (code & 0x3F)));
  }
}

static void add_escape(lua_State *L, reader *from, luaL_Buffer *buffer) {
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  char c = peek(from);
  const char *name = c ? strchr(names, c) : NULL;
  if (name) {
    luaL_addchar(buffer, values[name - names]);
    from->at++;
  } else if (c == 'u') {
    from->at++;
    add_utf8(buffer, read_code_point(L, from));
  } else {
    fail(L, from, "bad escape");
  }
}

/* Pushes the string that begins at the quote under `from->at`. */
static void read_string(lua_State *L, reader *from) {
  const char *plain = ++from->at;
  while (from->at < from->end && *from->at != '"' && *from->at != '\\') {
    from->at++;
  }
  if (peek(from) == '"') {
    lua_pushlstring(L, plain, (size_t)(from->at++ - plain));
    return;
  }
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  luaL_addlstring(&buffer, plain, (size_t)(from->at - plain));
  while (from->at < from->end && *from->at != '"') {
    if (*from->at == '\\') {
      from->at++;
      add_escape(L, from, &buffer);
    } else {
      luaL_addchar(&buffer, *from->at);
      from->at++;
    }
  }
  if (from->at == from->end) {
    fail(L, from, "a string without end");
  }
  from->at++;
  luaL_pushresult(&buffer);
}

static void read_number(lua_State *L, reader *from) {
  char text[400];
  size_t len = 0;
  const char *at = from->at;
  while (at < from->end && *at && strchr("0123456789+-.eE", *at) && len < sizeof text - 1) {
    text[len++] = *at++;
  }
  text[len] = '\0';
  if (len == 0 || text[0] == '+' || text[0] == '.' || lua_stringtonumber(L, text) != len + 1) {
    fail(L, from, "unknown value");
  }
  from->at = at;
}

static void read_value(lua_State *L, reader *from, int depth);

/* Pushes a table for what stands between the brackets; `metatable` is the stack index of the
 * arrays'. */
static void read_array(lua_State *L, reader *from, int depth) {
  lua_newtable(L);
  if (lua_istable(L, 2)) {
    lua_pushvalue(L, 2);
    lua_setmetatable(L, -2);
  }
  from->at++;
  skip_space(from);
  if (peek(from) == ']') {
    from->at++;
    return;
  }
  for (lua_Integer i = 1;; i++) {
    read_value(L, from, depth + 1);
    lua_rawseti(L, -2, i);
    skip_space(from);
    char c = peek(from);
    if (c != ',' && c != ']') {
      fail(L, from, "',' or ']' expected");
    }
    from->at++;
    if (c == ']') {
      return;
    }
  }
}

static void read_object(lua_State *L, reader *from, int depth) {
  lua_newtable(L);
  from->at++;
  skip_space(from);
  if (peek(from) == '}') {
    from->at++;
    return;
  }
  for (;;) {
    skip_space(from);
    if (peek(from) != '"') {
      fail(L, from, "a key in quotes expected");
    }
    read_string(L, from);
    skip_space(from);
    if (peek(from) != ':') {
      fail(L, from, "':' expected");
    }
    from->at++;
    read_value(L, from, depth + 1);
    lua_rawset(L, -3);
    skip_space(from);
    char c = peek(from);
    if (c != ',' && c != '}') {
      fail(L, from, "',' or '}' expected");
    }
    from->at++;
    if (c == '}') {
      return;
    }
  }
}

/* Pushes the value at `from->at`. */
static void read_value(lua_State *L, reader *from, int depth) {
  luaL_checkstack(L, 8, "JSON text nested too deep");
  if (depth > LA_JSON_DEPTH) {
    fail(L, from, "values nested too deep");
  }
  skip_space(from);
  switch (peek(from)) {
  case '{':
    read_object(L, from, depth);
    return;
  case '[':
    read_array(L, from, depth);
    return;
  case '"':
    read_string(L, from);
    return;
  case 't':
    expect_word(L, from, "true");
    lua_pushboolean(L, 1);
    return;
  case 'f':
    expect_word(L, from, "false");
    lua_pushboolean(L, 0);
    return;
  case 'n':
    expect_word(L, from, "null");
    la_push_null(L);
    return;
  default:
    read_number(L, from);
    return;
  }
}

int la_core_json_decode(lua_State *L) {
  reader from;
  size_t len;
  if (lua_type(L, 1) != LUA_TSTRING) {
    return la_raise_status(L, LA_STATEMENT, "JSON text is a string, not a %s", luaL_typename(L, 1));
  }
  lua_settop(L, 2);
  from.start = from.at = lua_tolstring(L, 1, &len);
  from.end = from.start + len;
  read_value(L, &from, 1);
  skip_space(&from);
  if (from.at != from.end) {
    fail(L, &from, "more than one value");
  }
  return 1;
}
