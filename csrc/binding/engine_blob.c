/* SPDX-License-Identifier: MIT */
/*
 * BLOB handles: values of one row that are read and written in parts, with the methods of Lua's
 * files.
 */
#include "engine/blob.h"

#include "binding/check.h"
#include "binding/engine_execute.h"
#include "binding/open.h"
#include "binding/push.h"

typedef struct blob_box {
  la_box box; /* object: la_blob */
  int64_t position;
} blob_box;

enum { BLOB_CONNECTION = 1 };

static int raise(lua_State *L, const la_connection *connection, const la_error *err) {
  return la_raise_execution(L, connection->engine, err, LA_TEXT_NONE, 0, false);
}

/* The box; its connection for messages is pushed, after two arguments. */
static blob_box *check_blob(lua_State *L, const la_connection **connection_out) {
  blob_box *box = (blob_box *)la_check_box(L, 1, LA_BOX_BLOB);
  lua_settop(L, 3);
  lua_getiuservalue(L, 1, BLOB_CONNECTION);
  *connection_out = la_check_connection(L, -1);
  return box;
}

/* core.connection_blobopen(connection, database, table, column, rowid, writable) → Blob. The names
 * are without zero bytes. */
static int core_connection_blobopen(lua_State *L) {
  la_state *state = la_state_of(L);
  la_connection *connection = la_check_connection(L, 1);
  la_blob *blob = NULL;
  la_error err = LA_ERROR_INIT;
  la_blob_place place = {.database = luaL_checkstring(L, 2),
                         .table = luaL_checkstring(L, 3),
                         .column = luaL_checkstring(L, 4),
                         .rowid = luaL_checkinteger(L, 5),
                         .writable = lua_toboolean(L, 6)};
  blob_box *box = la_push_box(L, state, LA_BOX_BLOB, sizeof *box, BLOB_CONNECTION);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, BLOB_CONNECTION);
  la_connection_begin_told(L, state, 1);
  if (la_blob_open(connection, &place, &blob, &err) < 0) {
    return raise(L, connection, &err);
  }
  box->box.object = blob;
  return 1;
}

static int blob_close(lua_State *L) {
  la_blob *blob = la_check_box(L, 1, LA_BOX_BLOB)->object;
  la_error err = LA_ERROR_INIT;
  if (blob->connection != NULL && la_raw_check_usable(blob->raw, &err) < 0) {
    return la_raise(L, &err);
  }
  la_blob_close(blob);
  return 0;
}

static int blob_gc(lua_State *L) {
  la_box *box = la_to_box(L, 1);
  if (box != NULL && box->object != NULL) {
    la_blob_close(box->object);
  }
  return la_box_release(L);
}

/* Its bytes from the position on, `count` of them or what there is left; nil at the end, as files
 * of Lua give. */
static int blob_read(lua_State *L) {
  const la_connection *connection;
  blob_box *box = check_blob(L, &connection);
  la_blob *blob = box->box.object;
  la_error err = LA_ERROR_INIT;
  int64_t left = blob->size - box->position;
  int64_t count = lua_isnoneornil(L, 2) ? left : la_check_integer(L, 2);
  luaL_Buffer buffer;
  if (count < 0) {
    return la_raise_argument(L, 2, "number of bytes");
  }
  count = count > left ? left : count;
  char *bytes = luaL_buffinitsize(L, &buffer, (size_t)count);
  if (la_blob_read(blob, bytes, box->position, (size_t)count, &err) < 0) {
    return raise(L, connection, &err);
  }
  box->position += count;
  luaL_pushresultsize(&buffer, (size_t)count);
  if (count == 0 && left == 0 && !lua_isnoneornil(L, 2) && la_check_integer(L, 2) > 0) {
    lua_pushnil(L);
  }
  return 1;
}

static int blob_write(lua_State *L) {
  const la_connection *connection;
  blob_box *box = check_blob(L, &connection);
  la_blob *blob = box->box.object;
  la_error err = LA_ERROR_INIT;
  la_text bytes = la_check_text(L, 2);
  if ((int64_t)bytes.len > blob->size - box->position) {
    return la_raise_status(L, LA_DATA,
                           "a Blob does not grow: %lld bytes at %lld do not fit into %lld; store "
                           "zeroblob(n) first",
                           (long long)bytes.len, (long long)box->position, (long long)blob->size);
  }
  if (la_blob_write(blob, bytes.bytes, box->position, bytes.len, &err) < 0) {
    return raise(L, connection, &err);
  }
  box->position += (int64_t)bytes.len;
  lua_settop(L, 1);
  return 1;
}

/* seek([whence [, offset]]) → position, as of Lua's files. */
static int blob_seek(lua_State *L) {
  static const char *const whences[] = {"set", "cur", "end", NULL};
  const la_connection *connection;
  blob_box *box = check_blob(L, &connection);
  const la_blob *blob = box->box.object;
  const int64_t from[] = {0, box->position, blob->size};
  const char *given = lua_isnil(L, 2) ? "cur" : lua_tostring(L, 2);
  int whence = 0;
  while (whences[whence] != NULL && (given == NULL || strcmp(whences[whence], given) != 0)) {
    whence++;
  }
  if (whences[whence] == NULL) {
    return la_raise_argument(L, 2, "\"set\", \"cur\" or \"end\"");
  }
  int64_t offset = lua_isnil(L, 3) ? 0 : la_check_integer(L, 3);
  if (offset < -from[whence] || offset > blob->size - from[whence]) {
    return la_raise_status(L, LA_ARGUMENT, "seek: %lld from \"%s\" lies outside of the %lld bytes",
                           (long long)offset, whences[whence], (long long)blob->size);
  }
  box->position = from[whence] + offset;
  lua_pushinteger(L, box->position);
  return 1;
}

static int blob_reopen(lua_State *L) {
  const la_connection *connection;
  blob_box *box = check_blob(L, &connection);
  la_error err = LA_ERROR_INIT;
  if (la_blob_reopen(box->box.object, la_check_integer(L, 2), &err) < 0) {
    return raise(L, connection, &err);
  }
  box->position = 0;
  lua_settop(L, 1);
  return 1;
}

static int blob_len(lua_State *L) {
  const la_blob *blob = la_check_box(L, 1, LA_BOX_BLOB)->object;
  lua_pushinteger(L, blob->size);
  return 1;
}

static int blob_index(lua_State *L) {
  const la_blob *blob = ((const la_box *)lua_touserdata(L, 1))->object;
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL || lua_type(L, 2) != LUA_TSTRING) {
    return 1;
  }
  if (strcmp(lua_tostring(L, 2), "closed") == 0) {
    lua_pushboolean(L, blob->connection == NULL);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

static int blob_tostring(lua_State *L) {
  const la_blob *blob = la_check_box(L, 1, LA_BOX_BLOB)->object;
  if (blob->connection == NULL) {
    lua_pushliteral(L, "Blob(closed)");
  } else {
    lua_pushfstring(L, "Blob(%I bytes)", (lua_Integer)blob->size);
  }
  return 1;
}

void la_open_blob(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {{"connection_blobopen", core_connection_blobopen},
                                       {NULL, NULL}};
  static const luaL_Reg methods[] = {{"read", blob_read},   {"write", blob_write},
                                     {"seek", blob_seek},   {"reopen", blob_reopen},
                                     {"close", blob_close}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {{"__index", blob_index},       {"__len", blob_len},
                                         {"__close", blob_close},       {"__gc", blob_gc},
                                         {"__tostring", blob_tostring}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_BLOB, methods, metamethods);
}
