/* SPDX-License-Identifier: MIT */
#include "binding/open.h"
#include "binding/raise.h"
#include "binding/values.h"

#include <math.h>

#define SECONDS_LIMIT 4e11 /* more than the calendar holds */

typedef enum moment_slot { DATE_SLOT, TIME_SLOT, DATETIME_SLOT, SLOT_COUNT } moment_slot;

static const la_value_kind kinds[SLOT_COUNT] = {LA_VALUE_DATE, LA_VALUE_TIME, LA_VALUE_DATETIME};
static const char *const names[SLOT_COUNT] = {"lualchemy.Date", "lualchemy.Time",
                                              "lualchemy.DateTime"};

static moment_slot slot_of(la_value_kind kind) {
  return kind == LA_VALUE_DATE ? DATE_SLOT : kind == LA_VALUE_TIME ? TIME_SLOT : DATETIME_SLOT;
}

/* ---- fields ---- */

static void set_field(lua_State *L, const char *name, int number) {
  lua_pushinteger(L, number);
  lua_setfield(L, -2, name);
}

void la_push_moment(lua_State *L, la_state *state, la_value_kind kind, int64_t number) {
  luaL_checkstack(L, 3, NULL);
  la_moment at = {0};
  lua_createtable(L, 0, kind == LA_VALUE_DATE ? 3 : kind == LA_VALUE_TIME ? 4 : 7);
  if (kind == LA_VALUE_DATE) {
    la_moment_from_date(number, &at);
  } else if (kind == LA_VALUE_TIME) {
    la_moment_from_time(number, &at);
  } else {
    la_moment_from_datetime(number, &at);
  }
  if (kind != LA_VALUE_TIME) {
    set_field(L, "year", at.year);
    set_field(L, "month", at.month);
    set_field(L, "day", at.day);
  }
  if (kind != LA_VALUE_DATE) {
    set_field(L, "hour", at.hour);
    set_field(L, "min", at.minute);
    set_field(L, "sec", at.second);
    set_field(L, "usec", at.microsecond);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->moments[slot_of(kind)]);
  lua_setmetatable(L, -2);
}

la_value_kind la_moment_kind(lua_State *L, la_state *state, int index) {
  if (!lua_istable(L, index) || !lua_getmetatable(L, index)) {
    return LA_VALUE_NULL;
  }
  la_value_kind kind = LA_VALUE_NULL;
  for (int slot = 0; slot < SLOT_COUNT && kind == LA_VALUE_NULL; slot++) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, state->moments[slot]);
    kind = lua_rawequal(L, -1, -2) ? kinds[slot] : LA_VALUE_NULL;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return kind;
}

/* Reads one field of the table at `index` (absolute); `fallback` -1 means that it must be there.
 * The names are in the state's metatables, so pushing them makes no string. */
static bool read_field(lua_State *L, int index, const char *name, int fallback, int *out,
                       bool *found) {
  lua_pushstring(L, name);
  lua_rawget(L, index);
  int is_integer = 0;
  lua_Integer number = lua_tointegerx(L, -1, &is_integer);
  bool is_nil = lua_isnil(L, -1), is_number = lua_type(L, -1) == LUA_TNUMBER;
  lua_pop(L, 1);
  if (is_nil) {
    *out = fallback;
    return fallback >= 0;
  }
  *found = true;
  *out = (int)number;
  return is_number && is_integer && number >= 0 && number <= 999999;
}

bool la_moment_from_table(lua_State *L, int index, la_value_kind kind, int64_t *out) {
  if (!lua_istable(L, index) || !lua_checkstack(L, 2)) {
    return false;
  }
  index = lua_absindex(L, index);
  la_moment at = {.year = 1970, .month = 1, .day = 1};
  bool dated = kind != LA_VALUE_TIME, timed = kind != LA_VALUE_DATE, found = false;
  if (dated && !(read_field(L, index, "year", -1, &at.year, &found) &&
                 read_field(L, index, "month", -1, &at.month, &found) &&
                 read_field(L, index, "day", -1, &at.day, &found))) {
    return false;
  }
  if (timed && !(read_field(L, index, "hour", 0, &at.hour, &found) &&
                 read_field(L, index, "min", 0, &at.minute, &found) &&
                 read_field(L, index, "sec", 0, &at.second, &found) &&
                 read_field(L, index, "usec", 0, &at.microsecond, &found))) {
    return false;
  }
  if (!found) {
    return false;
  }
  return kind == LA_VALUE_DATE   ? la_moment_to_date(&at, out)
         : kind == LA_VALUE_TIME ? la_moment_to_time(&at, out)
                                 : la_moment_to_datetime(&at, out);
}

/* ---- what they can do ---- */

/* The number of the date, time or datetime at `index`; raises if its fields are wrong. */
static int64_t check_number(lua_State *L, int index, la_value_kind kind) {
  int64_t number = 0;
  if (!la_moment_from_table(L, index, kind, &number)) {
    la_raise_status(L, LA_ARGUMENT, "the fields of this %s are no %s", names[slot_of(kind)],
                    names[slot_of(kind)] + 10);
  }
  return number;
}

static la_value_kind check_kind(lua_State *L, int index) {
  la_value_kind kind = la_moment_kind(L, la_state_of(L), index);
  if (kind == LA_VALUE_NULL) {
    la_raise_argument(L, index, "date, time or datetime");
  }
  return kind;
}

static size_t write_moment(la_value_kind kind, int64_t number, char text[LA_MOMENT_TEXT]) {
  return kind == LA_VALUE_DATE   ? la_date_write(number, text)
         : kind == LA_VALUE_TIME ? la_time_write(number, false, text)
                                 : la_datetime_write(number, false, text);
}

static int moment_tostring(lua_State *L) {
  la_value_kind kind = check_kind(L, 1);
  int64_t number;
  char text[LA_MOMENT_TEXT];
  if (!la_moment_from_table(L, 1, kind, &number)) {
    lua_pushfstring(L, "%s(out of range)", names[slot_of(kind)] + 10);
    return 1;
  }
  lua_pushlstring(L, text, write_moment(kind, number, text));
  return 1;
}

static int moment_concat(lua_State *L) {
  lua_settop(L, 2);
  luaL_tolstring(L, 1, NULL);
  luaL_tolstring(L, 2, NULL);
  lua_concat(L, 2);
  return 1;
}

/* Two of one kind, as numbers; a string in ISO form serves for one of them. */
static void check_pair(lua_State *L, int64_t *left, int64_t *right) {
  la_state *state = la_state_of(L);
  la_value_kind a = la_moment_kind(L, state, 1), b = la_moment_kind(L, state, 2);
  if (a == LA_VALUE_NULL || a != b) {
    la_raise_status(L, LA_ARGUMENT, "a %s compares with a %s alone", names[slot_of(a ? a : b)] + 10,
                    names[slot_of(a ? a : b)] + 10);
  }
  *left = check_number(L, 1, a);
  *right = check_number(L, 2, b);
}

static int moment_eq(lua_State *L) {
  la_state *state = la_state_of(L);
  la_value_kind kind = la_moment_kind(L, state, 1);
  int64_t left, right;
  lua_pushboolean(L, kind != LA_VALUE_NULL && kind == la_moment_kind(L, state, 2) &&
                         la_moment_from_table(L, 1, kind, &left) &&
                         la_moment_from_table(L, 2, kind, &right) && left == right);
  return 1;
}

static int moment_lt(lua_State *L) {
  int64_t left, right;
  check_pair(L, &left, &right);
  lua_pushboolean(L, left < right);
  return 1;
}

static int moment_le(lua_State *L) {
  int64_t left, right;
  check_pair(L, &left, &right);
  lua_pushboolean(L, left <= right);
  return 1;
}

/* Seconds: an integer if they are whole. */
static void push_seconds(lua_State *L, int64_t microseconds) {
  if (microseconds % LA_MICROSECONDS == 0) {
    lua_pushinteger(L, microseconds / LA_MICROSECONDS);
  } else {
    lua_pushnumber(L, (lua_Number)microseconds / (lua_Number)LA_MICROSECONDS);
  }
}

/* The moment at `index` and so many seconds later; a date moves by whole days, a time stays within
 * its day. */
static int push_moved(lua_State *L, int index, lua_Number seconds) {
  la_value_kind kind = check_kind(L, index);
  int64_t number = check_number(L, index, kind), check;
  la_moment at = {0};
  if (!(fabs(seconds) <= SECONDS_LIMIT)) {
    return la_raise_status(L, LA_ARGUMENT, "%.14g seconds are more than the calendar holds",
                           (double)seconds);
  }
  int64_t move = (int64_t)llround(seconds * (lua_Number)LA_MICROSECONDS);
  if (kind == LA_VALUE_DATE) {
    number += move / LA_DAY_MICROSECONDS;
    la_moment_from_date(number, &at);
  } else if (kind == LA_VALUE_TIME) {
    number = ((number + move) % LA_DAY_MICROSECONDS + LA_DAY_MICROSECONDS) % LA_DAY_MICROSECONDS;
    at = (la_moment){.year = 1970, .month = 1, .day = 1};
  } else {
    number += move;
    la_moment_from_datetime(number, &at);
  }
  if (!la_moment_to_date(&at, &check)) {
    return la_raise_status(L, LA_ARGUMENT, "the result is outside the years 1 to 9999");
  }
  la_push_moment(L, la_state_of(L), kind, number);
  return 1;
}

/* a - b: seconds between two of one kind; a - seconds: an earlier one. */
static int moment_sub(lua_State *L) {
  if (lua_type(L, 2) == LUA_TNUMBER) {
    return push_moved(L, 1, -lua_tonumber(L, 2));
  }
  int64_t left, right;
  la_value_kind kind = check_kind(L, 1);
  check_pair(L, &left, &right);
  push_seconds(L, kind == LA_VALUE_DATE ? (left - right) * LA_DAY_MICROSECONDS : left - right);
  return 1;
}

static int moment_add(lua_State *L) {
  int number = lua_type(L, 2) == LUA_TNUMBER ? 2 : 1;
  if (lua_type(L, number) != LUA_TNUMBER) {
    return la_raise_argument(L, 2, "number of seconds");
  }
  return push_moved(L, 3 - number, lua_tonumber(L, number));
}

/* m:isoformat(): as tostring, with a T between date and time. */
static int moment_isoformat(lua_State *L) {
  la_value_kind kind = check_kind(L, 1);
  char text[LA_MOMENT_TEXT];
  size_t len = write_moment(kind, check_number(L, 1, kind), text);
  char *space = memchr(text, ' ', len);
  if (space) {
    *space = 'T';
  }
  lua_pushlstring(L, text, len);
  return 1;
}

/* ---- making them ---- */

static la_status parse_text(la_text text, la_value_kind kind, int64_t *out) {
  bool done = kind == LA_VALUE_DATE   ? la_date_parse(text, out)
              : kind == LA_VALUE_TIME ? la_time_parse(text, out)
                                      : la_datetime_parse(text, out);
  return done ? LA_OK : LA_ARGUMENT;
}

static la_status read_epoch(lua_Number seconds, la_value_kind kind, int64_t *out) {
  la_moment at;
  lua_Number whole = floor(seconds);
  if (!(fabs(whole) <= SECONDS_LIMIT) || !la_moment_from_epoch((int64_t)whole, &at)) {
    return LA_ARGUMENT;
  }
  at.microsecond = (int)((seconds - whole) * (lua_Number)LA_MICROSECONDS);
  bool done = kind == LA_VALUE_DATE   ? la_moment_to_date(&at, out)
              : kind == LA_VALUE_TIME ? la_moment_to_time(&at, out)
                                      : la_moment_to_datetime(&at, out);
  return done ? LA_OK : LA_ARGUMENT;
}

/* Reads argument 1, a table, an ISO string, or seconds since the epoch in local time, as a `kind`.
 */
static int make_moment(lua_State *L, la_value_kind kind) {
  int64_t number = 0;
  la_status status = LA_ARGUMENT;
  if (lua_gettop(L) > 1) {
    return la_raise_status(
        L, LA_ARGUMENT,
        "a %s is made of one argument, not %d: a table such as {%s}, an ISO string, or seconds "
        "since the epoch",
        names[slot_of(kind)] + 10, lua_gettop(L),
        kind == LA_VALUE_TIME ? "hour = 10, min = 30" : "year = 2024, month = 1, day = 31");
  }
  if (lua_type(L, 1) == LUA_TSTRING) {
    size_t len;
    const char *bytes = lua_tolstring(L, 1, &len);
    status = parse_text((la_text){bytes, len}, kind, &number);
  } else if (lua_type(L, 1) == LUA_TNUMBER) {
    status = read_epoch(lua_tonumber(L, 1), kind, &number);
  } else if (la_moment_from_table(L, 1, kind, &number)) {
    status = LA_OK;
  }
  if (status != LA_OK) {
    luaL_tolstring(L, 1, NULL);
    return la_raise_status(L, LA_ARGUMENT, "%.60s is no %s", lua_tostring(L, -1),
                           names[slot_of(kind)] + 10);
  }
  la_push_moment(L, la_state_of(L), kind, number);
  return 1;
}

static int core_date(lua_State *L) {
  return make_moment(L, LA_VALUE_DATE);
}

static int core_time(lua_State *L) {
  return make_moment(L, LA_VALUE_TIME);
}

static int core_datetime(lua_State *L) {
  return make_moment(L, LA_VALUE_DATETIME);
}

/* core.moment_kind(value): "Date", "Time", "DateTime", or nil. */
static int core_moment_kind(lua_State *L) {
  la_value_kind kind = la_moment_kind(L, la_state_of(L), 1);
  if (kind == LA_VALUE_NULL) {
    lua_pushnil(L);
  } else {
    lua_pushstring(L, names[slot_of(kind)] + 10);
  }
  return 1;
}

/* Keeps the names of the fields alive with the metatable on top of the stack, for read_field. */
static void anchor_names(lua_State *L) {
  static const char *const fields[] = {"year", "month", "day", "hour", "min", "sec", "usec"};
  lua_newtable(L);
  for (int i = 0; i < (int)(sizeof fields / sizeof *fields); i++) {
    lua_pushstring(L, fields[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "fields");
}

void la_open_moment(lua_State *L, la_state *state) {
  static const luaL_Reg metamethods[] = {{"__tostring", moment_tostring},
                                         {"__concat", moment_concat},
                                         {"__eq", moment_eq},
                                         {"__lt", moment_lt},
                                         {"__le", moment_le},
                                         {"__sub", moment_sub},
                                         {"__add", moment_add},
                                         {NULL, NULL}};
  static const luaL_Reg methods[] = {{"isoformat", moment_isoformat}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"date", core_date},
                                       {"time", core_time},
                                       {"datetime", core_datetime},
                                       {"moment_kind", core_moment_kind},
                                       {NULL, NULL}};
  la_set_functions(L, functions);
  for (int slot = 0; slot < SLOT_COUNT; slot++) {
    lua_newtable(L);
    la_set_functions(L, metamethods);
    lua_pushstring(L, names[slot]);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_newtable(L);
    la_set_functions(L, methods);
    lua_setfield(L, -2, "__index");
    anchor_names(L);
    state->moments[slot] = luaL_ref(L, LUA_REGISTRYINDEX);
  }
}
