/* SPDX-License-Identifier: MIT */
/*
 * METADATA boxes, and the end of metadata whose own expressions refer to it (schema/metadata.h).
 *
 * A metadata that is still referred to when its box goes becomes an orphan: a box made at the start
 * of the Lua state keeps one reference to it and tries again whenever another metadata comes or
 * goes. That box is finalized after every other of ours when the Lua state closes, and then ends
 * what is left by force.
 */
#include "binding/schema_common.h"

typedef struct orphans {
  la_state *state;
  LA_VEC(la_metadata *) list;
  bool closed; /* the Lua state is closing: nothing is kept any more */
} orphans;

/* Key of the orphans' box in the registry. */
static const char orphans_key = 0;

static orphans *find_orphans(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &orphans_key);
  orphans *found = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return found;
}

/* Gives up a reference, and the metadata itself if nothing from outside refers to it; true if it is
 * gone. */
static bool give_up(la_metadata *metadata) {
  if (metadata->object.references == 1) {
    la_object_release(metadata);
    return true;
  }
  metadata->object.references--;
  if (la_metadata_collect(metadata)) {
    return true;
  }
  metadata->object.references++;
  return false;
}

static void try_orphans(orphans *o) {
  size_t kept = 0;
  for (size_t i = 0; i < o->list.count; i++) {
    la_metadata *metadata = o->list.items[i];
    if (!give_up(metadata)) {
      o->list.items[kept++] = metadata;
    }
  }
  o->list.count = kept;
}

/* The reference goes over to the orphans if the metadata is still in use. */
static void leave_orphan(lua_State *L, la_state *state, la_metadata *metadata) {
  if (give_up(metadata)) {
    return;
  }
  orphans *o = find_orphans(L);
  if (o && !o->closed && la_vec_push(&state->alloc, &o->list, metadata)) {
    return;
  }
  la_metadata_drop_exprs(metadata);
  la_object_release(metadata);
}

static int orphans_gc(lua_State *L) {
  orphans *o = lua_touserdata(L, 1);
  if (o->closed) {
    return 0;
  }
  o->closed = true;
  for (size_t i = 0; i < o->list.count; i++) {
    la_metadata_drop_exprs(o->list.items[i]);
    la_object_release(o->list.items[i]);
  }
  la_vec_clear(&o->state->alloc, &o->list);
  return 0;
}

void la_release_part(la_state *state, la_object *part, la_metadata *metadata) {
  (void)state;
  if (!metadata) {
    la_object_release(part);
    return;
  }
  bool last = metadata->object.references == 1;
  la_object_release(part);
  if (!last) {
    la_metadata_collect(metadata);
  }
}

static int metadata_gc(lua_State *L) {
  la_state *state = la_state_of(L);
  la_box *box = lua_touserdata(L, 1);
  la_metadata *metadata = box->object;
  box->object = NULL;
  if (metadata) {
    leave_orphan(L, state, metadata);
  }
  return 0;
}

/* ---- boxes ---- */

la_metadata *la_check_metadata(lua_State *L, int index) {
  return la_live(L, la_check_box(L, index, LA_BOX_METADATA));
}

void la_push_metadata(lua_State *L, la_state *state, la_metadata *metadata) {
  if (la_push_known(L, state, metadata)) {
    return;
  }
  la_box *box = la_push_box(L, state, LA_BOX_METADATA, sizeof *box, 1);
  box->object = la_object_retain(metadata);
  la_know(L, state, metadata);
  la_push_record(L, -1);
  lua_newtable(L); /* box, record, tables */
  size_t at = 0;
  la_map_entry *entry;
  while ((entry = la_map_next(&metadata->tables, &at)) != NULL) {
    la_push_table(L, state, entry->value);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "boxes");
  lua_pop(L, 1);
}

/* core.metadata_new(schema or nil) → METADATA */
static int metadata_new(lua_State *L) {
  la_state *state = la_state_of(L);
  la_text schema = lua_isnoneornil(L, 1) ? LA_TEXT_NONE : la_check_text(L, 1);
  orphans *o = find_orphans(L);
  if (o) {
    try_orphans(o);
  }
  la_box *box = la_push_box(L, state, LA_BOX_METADATA, sizeof *box, 1);
  la_metadata *metadata = la_metadata_new(&state->alloc, schema);
  if (!metadata) {
    la_raise_nomem(L);
  }
  box->object = metadata;
  la_know(L, state, metadata);
  la_push_record(L, -1);
  lua_newtable(L);
  lua_setfield(L, -2, "boxes");
  lua_pop(L, 1);
  return 1;
}

/* core.metadata_convention(metadata, kind, format) */
static int metadata_convention(lua_State *L) {
  la_error err = LA_ERROR_INIT;
  la_text format = lua_isnil(L, 3) ? LA_TEXT_NONE : la_check_text(L, 3);
  la_raise_if(
      L, la_metadata_set_convention(la_check_metadata(L, 1), la_check_text(L, 2), format, &err),
      &err);
  return 0;
}

/* core.metadata_tables(metadata) → list of TABLEs in order of creation */
static int metadata_tables(lua_State *L) {
  la_state *state = la_state_of(L);
  la_metadata *metadata = la_check_metadata(L, 1);
  size_t at = 0;
  lua_Integer count = 0;
  la_map_entry *entry;
  la_push_list(L, state, (int)metadata->tables.count);
  while ((entry = la_map_next(&metadata->tables, &at)) != NULL) {
    la_push_table(L, state, entry->value);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

/* core.metadata_table(metadata, fullname) → TABLE or nil */
static int metadata_table(lua_State *L) {
  la_table *table = la_metadata_table(la_check_metadata(L, 1), la_check_text(L, 2));
  if (table) {
    la_push_table(L, la_state_of(L), table);
  } else {
    lua_pushnil(L);
  }
  return 1;
}

/* core.metadata_remove(metadata, table): the table is forgotten by name. */
static int metadata_remove(lua_State *L) {
  la_metadata *metadata = la_check_metadata(L, 1);
  la_table *table = la_check_table(L, 2);
  if (table->metadata == metadata) {
    la_metadata_remove_table(metadata, table);
    la_push_record(L, 1);
    lua_getfield(L, -1, "boxes");
    lua_pushvalue(L, 2);
    lua_pushnil(L);
    lua_rawset(L, -3);
  }
  return 0;
}

/* core.metadata_sorted(metadata) → list of TABLEs by dependency, is there a cycle */
static int metadata_sorted(lua_State *L) {
  la_state *state = la_state_of(L);
  la_metadata *metadata = la_check_metadata(L, 1);
  size_t count = metadata->tables.count;
  la_table **tables = lua_newuserdatauv(L, sizeof *tables * (count + 1), 0);
  bool cycle = false;
  la_error err = LA_ERROR_INIT;
  la_raise_if(L, la_metadata_sorted_tables(metadata, tables, &cycle, &err), &err);
  la_push_list(L, state, (int)count);
  for (size_t i = 0; i < count; i++) {
    la_push_table(L, state, tables[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_pushboolean(L, cycle);
  return 2;
}

/* core.metadata_schema(metadata) → its default schema or nil */
static int metadata_schema(lua_State *L) {
  la_push_optional_text(L, la_check_metadata(L, 1)->schema);
  return 1;
}

static int metadata_index(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    return 1;
  }
  return la_field_by_hook(L, "metadata_field");
}

void la_open_schema_metadata(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"metadata_new", metadata_new},       {"metadata_convention", metadata_convention},
      {"metadata_tables", metadata_tables}, {"metadata_table", metadata_table},
      {"metadata_remove", metadata_remove}, {"metadata_sorted", metadata_sorted},
      {"metadata_schema", metadata_schema}, {NULL, NULL}};
  static const luaL_Reg metamethods[] = {
      {"__index", metadata_index}, {"__gc", metadata_gc}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_METADATA, NULL, metamethods);
  orphans *o = lua_newuserdatauv(L, sizeof *o, 0);
  memset(o, 0, sizeof *o);
  o->state = state;
  lua_newtable(L);
  lua_pushcfunction(L, orphans_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &orphans_key);
}
