/* SPDX-License-Identifier: MIT */
/*
 * Lua values → core values.
 *
 * Numbers, strings and booleans go in by their kind; what they must be for a type is judged by
 * la_type_bind, which knows the type's words. Here only what changes the kind is done: texts and
 * numbers of a date, decimal text, tables, our own userdata.
 */
#include "binding/values.h"

#include "binding/check.h"
#include "binding/host.h"
#include "schema/decimal.h"

#include <math.h>

#define SECONDS_LIMIT 4e11 /* more than the calendar holds */

bool la_is_null(lua_State *L, int index) {
  int type = lua_type(L, index);
  return type <= LUA_TNIL || (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index));
}

static la_value_kind moment_of_affinity(la_affinity affinity) {
  return affinity == LA_AFFINITY_DATE       ? LA_VALUE_DATE
         : affinity == LA_AFFINITY_TIME     ? LA_VALUE_TIME
         : affinity == LA_AFFINITY_DATETIME ? LA_VALUE_DATETIME
                                            : LA_VALUE_NULL;
}

static bool parse_moment(la_text text, la_value_kind kind, int64_t *out) {
  return kind == LA_VALUE_DATE   ? la_date_parse(text, out)
         : kind == LA_VALUE_TIME ? la_time_parse(text, out)
                                 : la_datetime_parse(text, out);
}

/* Text of a number as a DECIMAL, its bytes in `scratch`; *out is untouched if it is no number. */
static la_status read_decimal(la_text text, la_arena *scratch, la_value *out, la_error *err) {
  la_strbuf canonical;
  la_strbuf_init(&canonical, scratch->alloc);
  bool is_number = la_decimal_canonical(text, &canonical);
  char *copy = is_number && !canonical.failed
                   ? la_arena_copy(scratch, canonical.bytes, canonical.len)
                   : NULL;
  la_status status = canonical.failed || (is_number && !copy) ? la_fail_nomem(err) : LA_OK;
  if (copy) {
    *out = (la_value){.kind = LA_VALUE_DECIMAL, .len = (uint32_t)canonical.len, .as.bytes = copy};
  }
  la_strbuf_clear(&canonical);
  return status;
}

static la_status read_string(lua_State *L, int index, la_affinity affinity, la_arena *scratch,
                             la_value *out, la_error *err) {
  size_t len;
  const char *bytes = lua_tolstring(L, index, &len);
  if (len > INT32_MAX) {
    return la_fail(err, LA_STATEMENT,
                   "a string of %zu bytes is longer than a database takes (2147483647)", len);
  }
  la_text text = {bytes, len};
  *out = la_value_text(text);
  la_value_kind moment = moment_of_affinity(affinity);
  int64_t number;
  if (moment != LA_VALUE_NULL && parse_moment(text, moment, &number)) {
    *out = la_value_of_kind(moment, number);
  } else if (affinity == LA_AFFINITY_NUMERIC) {
    return read_decimal(text, scratch, out, err);
  } else if (affinity == LA_AFFINITY_BLOB) {
    out->kind = LA_VALUE_BLOB;
  }
  return LA_OK;
}

/* A number for a date: seconds since the epoch, in local time. */
static bool read_epoch(lua_Number seconds, la_value_kind kind, int64_t *out) {
  lua_Number whole = floor(seconds);
  la_moment at;
  if (!(fabs(whole) <= SECONDS_LIMIT) || !la_moment_from_epoch((int64_t)whole, &at)) {
    return false;
  }
  at.microsecond = (int)((seconds - whole) * (lua_Number)LA_MICROSECONDS);
  return kind == LA_VALUE_DATE   ? la_moment_to_date(&at, out)
         : kind == LA_VALUE_TIME ? la_moment_to_time(&at, out)
                                 : la_moment_to_datetime(&at, out);
}

static void read_number(lua_State *L, int index, la_affinity affinity, la_value *out) {
  la_value_kind moment = moment_of_affinity(affinity);
  lua_Number number = lua_tonumber(L, index);
  int64_t moved;
  *out =
      lua_isinteger(L, index) ? la_value_integer(lua_tointeger(L, index)) : la_value_real(number);
  if (moment != LA_VALUE_NULL && read_epoch(number, moment, &moved)) {
    *out = la_value_of_kind(moment, moved);
  } else if (affinity == LA_AFFINITY_INTERVAL && fabs(number) <= SECONDS_LIMIT) {
    *out =
        la_value_of_kind(LA_VALUE_INTERVAL, (int64_t)llround(number * (lua_Number)LA_MICROSECONDS));
  }
}

/* What the value is, for a message: "a table", "a lualchemy.Row". */
static const char *describe_kind(lua_State *L, int index, char text[64]) {
  const char *name = luaL_typename(L, index);
  if (lua_checkstack(L, 2) && luaL_getmetafield(L, index, "__name") != LUA_TNIL) {
    snprintf(text, 64, "a %.60s", lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : name);
    lua_pop(L, 1);
  } else {
    snprintf(text, 64, "a %s", name);
  }
  return text;
}

/* Runs under lua_pcall: the number of the value at 1, kept through *2. */
static int number_host(lua_State *L) {
  int64_t *out = lua_touserdata(L, 2);
  *out = la_host_number(L, la_state_find(L), 1);
  return 0;
}

static la_status read_host(lua_State *L, int index, la_value *out, bool *host_out, la_error *err) {
  int64_t number = 0;
  index = lua_absindex(L, index);
  if (!lua_checkstack(L, 4)) {
    return la_fail_nomem(err);
  }
  lua_pushcfunction(L, number_host);
  lua_pushvalue(L, index);
  lua_pushlightuserdata(L, &number);
  if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
    lua_pop(L, 1);
    return la_fail_nomem(err);
  }
  *out = la_value_of_kind(LA_VALUE_HOST, number);
  if (host_out) {
    *host_out = true;
  }
  return LA_OK;
}

static la_status read_object(lua_State *L, int index, const la_type *type, la_affinity affinity,
                             la_value *out, bool *host_out, la_error *err) {
  la_state *state = la_state_find(L);
  la_text decimal = la_to_decimal(L, index);
  if (decimal.bytes) {
    *out = (la_value){
        .kind = LA_VALUE_DECIMAL, .len = (uint32_t)decimal.len, .as.bytes = decimal.bytes};
    return LA_OK;
  }
  la_value_kind own = la_moment_kind(L, state, index);
  la_value_kind kind =
      moment_of_affinity(affinity) != LA_VALUE_NULL ? moment_of_affinity(affinity) : own;
  int64_t number;
  if (kind != LA_VALUE_NULL && la_moment_from_table(L, index, kind, &number)) {
    *out = la_value_of_kind(kind, number);
    return LA_OK;
  }
  if (type && (type->flags & LA_TYPE_HOST_BIND) && lua_type(L, index) != LUA_TNIL) {
    return read_host(L, index, out, host_out, err);
  }
  char what[64];
  describe_kind(L, index, what);
  if (type && type->affinity != LA_AFFINITY_NULL) {
    return la_type_refuse(type, what, err);
  }
  return la_fail(err, LA_STATEMENT, "%s needs a type to become a value of the database", what);
}

la_status la_value_from_lua(lua_State *L, int index, const la_type *type, la_arena *scratch,
                            la_value *out, bool *host_out, la_error *err) {
  /* What Lua functions of a type will see is left as the program wrote it. */
  bool by_host = type && (type->flags & LA_TYPE_HOST_BIND);
  la_affinity affinity = type && !by_host ? type->affinity : LA_AFFINITY_NULL;
  if (host_out) {
    *host_out = false;
  }
  if (la_is_null(L, index)) {
    *out = LA_VALUE_NONE;
    return LA_OK;
  }
  switch (lua_type(L, index)) {
  case LUA_TBOOLEAN:
    *out = la_value_of_kind(LA_VALUE_BOOLEAN, lua_toboolean(L, index));
    return LA_OK;
  case LUA_TNUMBER:
    read_number(L, index, affinity, out);
    return LA_OK;
  case LUA_TSTRING:
    return read_string(L, index, affinity, scratch, out, err);
  default:
    return read_object(L, index, type, affinity, out, host_out, err);
  }
}
