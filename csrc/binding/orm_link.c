/* SPDX-License-Identifier: MIT */
/*
 * Links of mapped objects: what a load finds, and what is read.
 */
#include "binding/orm_link.h"
#include "binding/orm_link_event.h"
#include "binding/orm_session.h"
#include "binding/orm_view.h"

void la_keep_handle(lua_State *L) {
  luaL_checkstack(L, 3, NULL);
  if (lua_rawgeti(L, -2, LA_KEPT) != LUA_TTABLE) { /* table, handle, nil */
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -4, LA_KEPT);
  } /* table, handle, kept */
  lua_insert(L, -2);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
}

/* Pushes the collection's box if the handle at `index` has one for `link`, else nothing. */
static bool push_collection_if(lua_State *L, int index, uint32_t link) {
  lua_getiuservalue(L, index, LA_LINK_VALUE(link));
  la_box *box = la_to_box(L, -1);
  if (box && box->class == LA_BOX_COLLECTION) {
    return true;
  }
  lua_pop(L, 1);
  return false;
}

/* Pushes a new collection of the handle at `index`, whose members are in the table on top of the
 * stack; one that the link had before is stale. */
static void push_new_collection(lua_State *L, la_state *state, int index, uint32_t link) {
  const la_mapper *mapper = la_handle_instance(L, state, index)->mapper;
  int values = mapper->links[link]->relationship->host ? 3 : 2;
  la_collection_box *box =
      la_push_box(L, state, LA_BOX_COLLECTION, sizeof *box, values); /* items, collection */
  box->link = link;
  lua_pushvalue(L, -2);
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, index);
  lua_setiuservalue(L, -2, 2);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, index, LA_LINK_VALUE(link));
}

void la_push_collection(lua_State *L, la_state *state, int index, uint32_t link) {
  index = lua_absindex(L, index);
  luaL_checkstack(L, 6, NULL);
  if (push_collection_if(L, index, link)) {
    return;
  }
  lua_newtable(L);
  push_new_collection(L, state, index, link);
  lua_replace(L, -2);
}

void la_fill_items(lua_State *L, la_state *state, la_instance *instance, uint32_t link) {
  la_collection *collection = la_links(instance)[link].to.many;
  size_t count = collection ? collection->items.count : 0;
  lua_createtable(L, (int)count, 0); /* collection, items */
  for (size_t i = 0; i < count && i < collection->items.count; i++) {
    la_push_object(L, state, collection->items.items[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setiuservalue(L, -2, 1);
}

/* The user value of the scratch at `holder` keeps the handle at `index`. */
static void hold(lua_State *L, int holder, int index, const la_instance *instance) {
  if (lua_getiuservalue(L, holder, 1) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, holder, 1);
  }
  lua_pushvalue(L, index);
  lua_rawsetp(L, -2, instance);
  lua_pop(L, 1);
}

static void apply_link_load(lua_State *L, la_state *state, la_pusher *pusher,
                            const la_link_load *found, int holder) {
  la_instance *instance = found->instance;
  la_relationship *relationship = instance->mapper->links[found->link]->relationship;
  luaL_checkstack(L, 8, NULL);
  la_push_object_by(L, state, pusher, instance); /* owner */
  int owner = lua_gettop(L);
  hold(L, holder, owner, instance);
  la_error err;
  la_error_init(&err);
  if (!relationship->uselist) {
    la_instance *other = found->count > 0 ? found->members[0] : NULL;
    if (other) {
      la_push_object_by(L, state, pusher, other);
    } else {
      lua_pushnil(L);
    }
    lua_setiuservalue(L, owner, LA_LINK_VALUE(found->link));
    la_link_load_one(instance, found->link, other);
  } else {
    lua_createtable(L, (int)found->count,
                    0); /* owner, handles: alive while the core's half is set */
    for (size_t i = 0; i < found->count; i++) {
      la_push_object_by(L, state, pusher, found->members[i]);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    push_new_collection(L, state, owner, found->link);
    bool queued = la_links(instance)[found->link].to.many &&
                  (la_links(instance)[found->link].to.many->added.count ||
                   la_links(instance)[found->link].to.many->removed.count);
    if (la_collection_load(instance, found->link, found->members, found->count, &err) < 0) {
      la_raise(L, &err);
    }
    if (queued) {
      la_fill_items(L, state, instance, found->link);
    }
  }
  lua_settop(L, owner - 1);
}

void la_apply_links(lua_State *L, la_state *state, la_load *load, size_t *at, int holder) {
  if (*at == load->links.count) {
    return;
  }
  holder = lua_absindex(L, holder);
  la_pusher pusher = la_push_pusher(L, state);
  for (; *at < load->links.count; ++*at) {
    la_link_load found = load->links.items[*at];
    apply_link_load(L, state, &pusher, &found, holder);
  }
  lua_settop(L, pusher.at - 1);
}

/* The session that a link of `instance` is loaded by; its box, which holds it, or nil is pushed. */
static la_session *push_loading_session(lua_State *L, la_state *state, la_instance *instance) {
  luaL_checkstack(L, 6, NULL);
  if (instance->session || !(instance->flags & LA_INSTANCE_LOADS)) {
    lua_pushnil(L);
    return instance->session;
  }
  la_push_hook(L, state, "loading_session");
  la_push_object(L, state, instance);
  lua_call(L, 1, 1);
  return lua_isnil(L, -1) ? NULL : la_check_session(L, -1);
}

/* The answer of a load of a link that was set before it was loaded: what it held. */
static void take_old(lua_State *L, la_state *state, la_load *load, la_instance *instance,
                     uint32_t link) {
  la_instance *old = NULL;
  if (load->links.count > 0) {
    la_link_load found = load->links.items[--load->links.count];
    old = found.count > 0 ? found.members[0] : NULL;
  }
  if (old) {
    la_push_object(L, state, instance);
    la_push_object_table(L, state, -1);
    la_push_object(L, state, old);
    la_keep_handle(L);
    lua_pop(L, 2);
    la_links(instance)[link].flags |= LA_LINK_KEPT;
  }
  la_link_learn_old(instance, link, old);
}

typedef enum link_reading { READ_PLAIN, READ_FORCED, READ_OLD } link_reading;

/* Loads without a flush before it. Raises with the words of the core; for a detached or raising
 * relationship too. */
static void read_link(lua_State *L, la_state *state, la_instance *instance, uint32_t link,
                      link_reading reading) {
  luaL_checkstack(L, 8, NULL);
  if (reading != READ_OLD && la_session_loads_heard(state, instance->session)) {
    la_push_object(L, state, instance);
    bool loaded = la_tell_link_load(L, state, -1, instance, link, reading != READ_PLAIN);
    lua_pop(L, 1);
    if (loaded) {
      return;
    }
  }
  la_session_read_own(L, state, instance, link);
  la_session *session = push_loading_session(L, state, instance);
  la_load *load = la_push_load(L, state);
  la_error err;
  la_error_init(&err);
  if (session) {
    la_session_route(L, state, session, instance->mapper->links[link]->relationship->target, NULL,
                     instance);
    if (la_link_may_send(instance, link, reading != READ_PLAIN)) {
      la_session_listen(L, state, session);
    }
  }
  if ((!instance->session && session && la_load_begin(load, session, &err) < 0) ||
      la_load_link(instance, link, reading != READ_PLAIN, load, &err) < 0) {
    la_raise_orm(L, &err);
  }
  if (reading == READ_OLD) {
    take_old(L, state, load, instance, link);
  }
  la_finish_load(L, state, load, -1);
  if (session) {
    la_session_tell(L, state, session);
  }
  la_give_back_scratch(L, state, -1);
  lua_pop(L, 2);
}

static void load_link(lua_State *L, la_state *state, la_instance *instance, uint32_t link,
                      link_reading reading) {
  if (instance->session && la_link_needs_statement(instance, link, reading != READ_PLAIN)) {
    la_push_session(L, state, instance->session);
    la_session_autoflush(L, state, -1);
    lua_pop(L, 1);
    if (la_links(instance)[link].flags & LA_LINK_LOADED) {
      return;
    }
  }
  read_link(L, state, instance, link, reading);
}

void la_object_load_old_link(lua_State *L, la_state *state, la_instance *instance, uint32_t link) {
  if (la_link_lacks_old(instance, link)) {
    read_link(L, state, instance, link, READ_OLD);
  }
}

void la_object_read_link(lua_State *L, la_state *state, la_instance *instance, uint32_t link) {
  read_link(L, state, instance, link, READ_FORCED);
}

void la_object_load_link(lua_State *L, la_state *state, la_instance *instance, uint32_t link) {
  if (!(la_links(instance)[link].flags & LA_LINK_LOADED)) {
    load_link(L, state, instance, link, READ_FORCED);
  }
}

void la_push_unloaded(lua_State *L, la_state *state, const char *hook, int index,
                      const la_relationship *relationship, int value_index) {
  luaL_checkstack(L, 8, NULL);
  la_push_hook(L, state, hook);
  lua_pushvalue(L, index);
  la_push_text(L, relationship->key);
  if (value_index) {
    lua_pushvalue(L, value_index);
  }
  lua_pushstring(L, la_loader_function(relationship->lazy));
  la_run_program(L, value_index ? 4 : 3, 1);
}

/* Calls the listeners of init_collection for the list on top of the stack, once. */
static void tell_collection(lua_State *L, la_state *state, int index, const la_property *property) {
  la_collection_box *box = lua_touserdata(L, -1);
  if (box->told) {
    return;
  }
  box->told = true;
  luaL_checkstack(L, 5, NULL);
  la_push_hook(L, state, "init_collection");
  lua_pushvalue(L, index);
  la_push_text(L, property->key);
  lua_pushvalue(L, -4);
  la_run_program(L, 3, 0);
}

void la_object_get_link(lua_State *L, la_state *state, int index, uint32_t link) {
  la_instance *instance = la_handle_instance(L, state, index);
  index = lua_absindex(L, index);
  if (link >= instance->link_count) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "this %.*s was made before its relationship '%.*s' was added to the class",
                    LA_TEXT_FORMAT(instance->mapper->class_name),
                    LA_TEXT_FORMAT(instance->mapper->links[link]->key));
  }
  if (la_relationship_never_loads(instance->mapper->links[link]->relationship)) {
    la_push_unloaded(L, state, "unloaded_collection", index,
                     instance->mapper->links[link]->relationship, 0);
    return;
  }
  if (!(la_links(instance)[link].flags & LA_LINK_LOADED) &&
      !(instance->flags & LA_INSTANCE_KEYED) &&
      !instance->mapper->links[link]->relationship->uselist &&
      !la_link_loads_pending(instance, link)) {
    lua_pushnil(L); /* nothing is remembered: after the flush the row says what it refers to */
    return;
  }
  if (!(la_links(instance)[link].flags & LA_LINK_LOADED)) {
    load_link(L, state, instance, link, READ_PLAIN);
  }
  const la_relationship *relationship = instance->mapper->links[link]->relationship;
  if (relationship->uselist) {
    la_push_collection(L, state, index, link);
    if (relationship->host) {
      la_view_replace_list(L, state, index, relationship);
    } else if (instance->mapper->hears & LA_HEARS_COLLECTIONS) {
      tell_collection(L, state, index, instance->mapper->links[link]);
    }
    return;
  }
  lua_getiuservalue(L, index, LA_LINK_VALUE(link));
  if (!(la_links(instance)[link].flags & LA_LINK_LOADED) || !la_links(instance)[link].to.one) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}
