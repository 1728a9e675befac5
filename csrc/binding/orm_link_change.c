/* SPDX-License-Identifier: MIT */
/*
 * Links of mapped objects: both halves of a change.
 */
#include "binding/orm_link.h"
#include "binding/orm_link_event.h"
#include "binding/orm_session.h"
#include "binding/orm_view.h"

/* The Lua half of an insertion. Stack on entry: items, other. Leaves items. */
static void insert_item(lua_State *L, size_t at) {
  lua_Integer count = (lua_Integer)lua_rawlen(L, -2);
  lua_Integer place = at == SIZE_MAX ? count + 1 : (lua_Integer)at + 1;
  for (lua_Integer i = count; i >= place; i--) {
    lua_rawgeti(L, -2, i);
    lua_rawseti(L, -3, i + 1);
  }
  lua_rawseti(L, -2, place);
}

/* Stack on entry: items. */
static void remove_item(lua_State *L, size_t at) {
  lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
  for (lua_Integer i = (lua_Integer)at + 1; i < count; i++) {
    lua_rawgeti(L, -1, i + 1);
    lua_rawseti(L, -2, i);
  }
  lua_pushnil(L);
  lua_rawseti(L, -2, count);
}

/* The two objects of the change that the program made, which most of what follows is about, and
 * where their handles are. */
typedef struct change_ends {
  const la_instance *instance, *other;
  int at, other_at;
} change_ends;

/* The place of the handle of `instance`; 0 if it is none of the ends. */
static int find_end(const change_ends *ends, const la_instance *instance) {
  return instance == ends->instance ? ends->at : instance == ends->other ? ends->other_at : 0;
}

static void push_end(lua_State *L, la_state *state, const change_ends *ends,
                     la_instance *instance) {
  int at = find_end(ends, instance);
  if (!instance) {
    lua_pushnil(L);
  } else if (at != 0) {
    lua_pushvalue(L, at);
  } else {
    la_push_object(L, state, instance);
  }
}

/* Keeps the handle on top of the stack, which is popped, for the object whose handle is at `owner`:
 * the core goes on naming it until the flush. */
static void keep(lua_State *L, la_state *state, int owner, const la_link_change *change) {
  if (change->link < change->instance->link_count) {
    la_push_object_table(L, state, owner);
    lua_insert(L, -2);
    la_keep_handle(L);
    la_links(change->instance)[change->link].flags |= LA_LINK_KEPT;
  }
  lua_pop(L, 1);
}

/* Pushes the sequence of the collection that changes; the owner's handle is at `owner`. It begins
 * anew where the core has forgotten members: a rollback may leave an object so, without a row. */
static void push_items(lua_State *L, la_state *state, int owner, const la_link_change *change) {
  const la_collection *many = la_links(change->instance)[change->link].to.many;
  la_push_collection(L, state, owner, change->link);
  lua_getiuservalue(L, -1, 1);
  if (change->kind == LA_LINK_INSERT && lua_rawlen(L, -1) != (many ? many->items.count : 0)) {
    lua_pop(L, 1);
    la_fill_items(L, state, change->instance, change->link);
    lua_getiuservalue(L, -1, 1);
  }
}

/* Lua holds what the core is about to name, and keeps what it has named. Leaves the other's handle
 * or nil of a SET, the sequence of an INSERT. */
static void hold_change(lua_State *L, la_state *state, const change_ends *ends, int owner,
                        const la_link_change *change) {
  switch (change->kind) {
  case LA_LINK_SET:
    if (la_link_is_loaded(change->instance, change->link)) {
      lua_getiuservalue(L, owner, LA_LINK_VALUE(change->link));
    } else { /* what the key has told; the handle of an expired link is another's */
      push_end(L, state, ends, change->old);
    }
    if (lua_isuserdata(L, -1)) {
      keep(L, state, owner, change);
    } else {
      lua_pop(L, 1);
    }
    push_end(L, state, ends, change->other);
    break;
  case LA_LINK_INSERT:
    push_items(L, state, owner, change);
    push_end(L, state, ends, change->other);
    insert_item(L, change->at);
    break;
  default:
    push_end(L, state, ends, change->other);
    keep(L, state, owner, change);
  }
}

/* Takes back an insertion that the core refused, whose sequence is on top of the stack. */
static void take_back(lua_State *L, const la_link_change *change) {
  if (change->kind == LA_LINK_INSERT) {
    remove_item(L, change->at == SIZE_MAX ? lua_rawlen(L, -1) - 1 : change->at);
  }
}

/* Both halves of one elementary change. */
static void apply_change(lua_State *L, la_state *state, const change_ends *ends,
                         const la_link_change *change) {
  int top = lua_gettop(L);
  luaL_checkstack(L, 10, NULL);
  int owner = find_end(ends, change->instance);
  if (owner == 0) {
    la_push_object(L, state, change->instance);
    owner = lua_gettop(L);
  }
  la_error err;
  la_error_init(&err);
  hold_change(L, state, ends, owner, change);
  if (la_link_apply(change, NULL, &err) < 0) {
    take_back(L, change);
    la_raise(L, &err);
  }
  if (change->kind == LA_LINK_SET) {
    lua_setiuservalue(L, owner, LA_LINK_VALUE(change->link));
  } else if (change->kind == LA_LINK_REMOVE) {
    push_items(L, state, owner, change);
    remove_item(L, change->at);
  }
  lua_settop(L, top);
}

/* The change adds an object along a save-update cascade. */
static bool brings(const la_link_change *change) {
  return change->instance->mapper->links[change->link]->relationship->cascade &
             LA_CASCADE_SAVE_UPDATE &&
         change->other != NULL && change->kind != LA_LINK_REMOVE &&
         change->kind != LA_LINK_QUEUE_REMOVE &&
         !(change->kind == LA_LINK_SET && change->old == change->other);
}

/* save-update along a link: what was added to an object of a session joins the session. Only the
 * change that the program made does so: since 2.0 a backref alone brings nothing into a session.
 * All that changed is held from here on. */
static void cascade_into_session(lua_State *L, la_state *state, const la_link_changes *changes) {
  la_link_change first = changes->items[0];
  la_session *session = first.instance->session;
  if (session && brings(&first) && !first.other->session) {
    la_error err;
    la_error_init(&err);
    la_push_session(L, state, session);
    la_session_tell_attach(L, state, -1, first.other, true);
    lua_pop(L, 1);
    if (la_session_add(session, first.other, &err) < 0) {
      la_raise(L, &err);
    }
  }
  for (size_t i = 0; i < changes->count; i++) {
    if (changes->items[i].instance->session) {
      la_session_settle(L, state, changes->items[i].instance->session);
    }
  }
}

/* Plans a change, and refuses one that would bring a deleted object into a session, or one of
 * another session's. */
static void plan_change(lua_State *L, const la_link_change *first, la_link_changes *out) {
  la_error err;
  la_error_init(&err);
  la_status status = la_link_plan(first, out, &err);
  if (status >= 0 && out->count > 0 && out->items[0].instance->session != NULL &&
      brings(&out->items[0])) {
    la_instance *other = out->items[0].other;
    status = la_session_check_present(other, &err);
    if (status >= 0) {
      status = la_session_check_joins(out->items[0].instance->session, other, &err);
    }
  }
  if (status < 0) {
    la_raise_orm(L, &err);
  }
}

void la_object_change_link(lua_State *L, la_state *state, int index, int other_index,
                           const la_link_change *first) {
  change_ends ends = {first->instance, first->other, lua_absindex(L, index),
                      other_index != 0 ? lua_absindex(L, other_index) : 0};
  int top = lua_gettop(L);
  la_link_changes changes;
  /* Handles of all that the plan names are held by this function's callers, or by the links that
   * name them. */
  plan_change(L, first, &changes);
  la_link_change heard = *first;
  if (la_link_is_heard(&changes)) {
    bool left = la_link_tell(L, state, &changes, &heard);
    changes.count = 0;
    if (left) {
      plan_change(L, &heard, &changes);
    }
  }
  if (changes.count > 0) {
    for (size_t i = 0; i < changes.count; i++) {
      apply_change(L, state, &ends, &changes.items[i]);
    }
    la_view_push_news(L, state, &changes);
    cascade_into_session(L, state, &changes);
    la_view_tell(L, state);
  }
  lua_settop(L, top);
}

static void set_scalar(lua_State *L, la_state *state, int index, la_instance *instance,
                       const la_relationship *relationship, int value_index) {
  la_instance *other = NULL;
  if (!la_is_null(L, value_index)) {
    other = la_to_instance(L, value_index);
    if (!other) {
      la_raise_status(
          L, LA_ARGUMENT, "attribute '%.*s' of %.*s takes an object of %.*s or nil, not a %s",
          LA_TEXT_FORMAT(relationship->key), LA_TEXT_FORMAT(instance->mapper->class_name),
          LA_TEXT_FORMAT(relationship->target->class_name), luaL_typename(L, value_index));
    }
  }
  if (la_link_needs_old(instance, relationship->link)) {
    la_object_read_link(L, state, instance, relationship->link);
  }
  bool known = la_links(instance)[relationship->link].flags & LA_LINK_LOADED;
  la_link_change change = {.kind = LA_LINK_SET,
                           .instance = instance,
                           .link = relationship->link,
                           .other = other,
                           .old = known ? la_links(instance)[relationship->link].to.one : NULL,
                           .at = SIZE_MAX};
  la_object_change_link(L, state, index, value_index, &change);
}

bool la_object_delete_link(lua_State *L, la_state *state, int index,
                           const la_relationship *relationship) {
  la_instance *instance = la_handle_instance(L, state, index);
  uint32_t link = relationship->link;
  if (link >= instance->link_count ||
      (!(instance->flags & LA_INSTANCE_KEYED) && !la_links(instance)[link].to.one)) {
    return false;
  }
  if (la_link_needs_old(instance, link)) {
    la_object_read_link(L, state, instance, link);
  }
  la_link_change change = {.kind = LA_LINK_SET, .instance = instance, .link = link, .at = SIZE_MAX};
  la_object_change_link(L, state, index, 0, &change);
  la_link *l = &la_links(instance)[link];
  if (l->flags & LA_LINK_MODIFIED && !l->to.one) {
    l->flags |= LA_LINK_DELETED;
  }
  return true;
}

/* Pushes the member at `at` of the list at `list_index`, checked. */
static la_instance *push_member_at(lua_State *L, int list_index, lua_Integer at,
                                   const la_relationship *relationship) {
  lua_geti(L, list_index, at);
  la_instance *member = la_to_instance(L, -1);
  if (!member) {
    la_raise_status(L, LA_ARGUMENT,
                    "element %d of the list for '%.*s' is a %s, not an object of %.*s", (int)at,
                    LA_TEXT_FORMAT(relationship->key), luaL_typename(L, -1),
                    LA_TEXT_FORMAT(relationship->target->class_name));
  }
  return member;
}

static la_instance *member_at(lua_State *L, int list_index, lua_Integer at,
                              const la_relationship *relationship) {
  la_instance *member = push_member_at(L, list_index, at, relationship);
  lua_pop(L, 1);
  return member;
}

/* The collection between the changes of an assignment, whose listeners may have expired it. */
static la_collection *current_list(lua_State *L, const la_instance *instance,
                                   const la_relationship *relationship) {
  const la_link *link = &la_links(instance)[relationship->link];
  if (!(link->flags & LA_LINK_LOADED) || !link->to.many) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "the list '%.*s' was expired by a listener of its own change",
                    LA_TEXT_FORMAT(relationship->key));
  }
  return link->to.many;
}

/* Assigns a whole sequence: what is new is added, what is gone is removed, what stays takes the new
 * order. */
static void set_list(lua_State *L, la_state *state, int index, la_instance *instance,
                     const la_relationship *relationship, int value_index) {
  int assigned = value_index;
  if (relationship->host) {
    la_view_push_members(L, state, index, relationship, value_index);
    value_index = lua_gettop(L);
  }
  if (lua_type(L, value_index) != LUA_TTABLE && !la_to_box_of(L, value_index, LA_BOX_COLLECTION)) {
    la_raise_status(L, LA_ARGUMENT,
                    "attribute '%.*s' of %.*s takes a list of %.*s objects, not a %s%s",
                    LA_TEXT_FORMAT(relationship->key), LA_TEXT_FORMAT(instance->mapper->class_name),
                    LA_TEXT_FORMAT(relationship->target->class_name), luaL_typename(L, value_index),
                    lua_isnil(L, value_index) ? " ({} empties it)" : "");
  }
  luaL_checkstack(L, 8, NULL);
  lua_Integer count = luaL_len(L, value_index);
  lua_createtable(L, (int)count,
                  0); /* wanted: a copy, since the list may be this collection itself */
  int wanted = lua_gettop(L);
  for (lua_Integer i = 1; i <= count; i++) {
    push_member_at(L, value_index, i, relationship);
    lua_rawseti(L, wanted, i);
  }
  if (instance->mapper->hears & LA_HEARS_CHANGES) {
    la_link_tell_replace(L, state, index, instance->mapper->links[relationship->link], wanted);
    count = (lua_Integer)lua_rawlen(L, wanted);
  }
  la_object_get_link(L, state, index, relationship->link); /* loads what is there */
  la_collection *collection = la_link_collection(instance, relationship->link);
  la_error err;
  la_error_init(&err);
  if (collection == NULL) {
    la_fail_nomem(&err);
    la_raise(L, &err);
  }
  if (instance->session != NULL && instance->flags & LA_INSTANCE_KEYED) { /* be it the same list */
    la_status status = la_session_note_dirty(instance->session, instance, &err);
    la_session_settle(L, state, instance->session);
    if (status < 0) {
      la_raise_orm(L, &err);
    }
  }
  bool had = collection->items.count > 0;
  if (had) {
    lua_createtable(L, 0, (int)count);
  }
  int stays_at = lua_gettop(L); /* address → true for members wanted, if any is there */
  for (lua_Integer i = 1; had && i <= count; i++) {
    lua_pushboolean(L, 1);
    lua_rawsetp(L, stays_at, member_at(L, wanted, i, relationship));
  }
  for (lua_Integer i = 1; i <= count; i++) {
    la_instance *member = push_member_at(L, wanted, i, relationship);
    collection = current_list(L, instance, relationship);
    if (la_collection_index(collection, member) == SIZE_MAX) {
      la_link_change change = {.kind = LA_LINK_INSERT,
                               .instance = instance,
                               .link = relationship->link,
                               .other = member,
                               .at = SIZE_MAX,
                               .bulk = true};
      la_object_change_link(L, state, index, -1, &change);
    }
    lua_pop(L, 1);
  }
  collection = current_list(L, instance, relationship);
  for (size_t at = had ? collection->items.count : 0; at-- > 0;) {
    la_instance *member = collection->items.items[at];
    bool stays = lua_rawgetp(L, stays_at, member) != LUA_TNIL;
    lua_pop(L, 1);
    if (!stays) {
      la_link_change change = {.kind = LA_LINK_REMOVE,
                               .instance = instance,
                               .link = relationship->link,
                               .other = member,
                               .at = at,
                               .bulk = true};
      la_push_object(L, state, member);
      la_object_change_link(L, state, index, -1, &change);
      lua_pop(L, 1);
      collection = current_list(L, instance, relationship);
      at = at > collection->items.count ? collection->items.count : at;
    }
  }
  collection = la_links(instance)[relationship->link].to.many;
  if (collection &&
      collection->items.count == (size_t)count) { /* the same members: the order asked for */
    for (lua_Integer i = 1; i <= count; i++) {
      collection->items.items[i - 1] = member_at(L, wanted, i, relationship);
    }
    la_push_collection(L, state, index, relationship->link);
    lua_pushvalue(L, wanted);
    lua_setiuservalue(L, -2, 1);
  }
  if (relationship->host) {
    la_view_assigned(L, state, index, relationship, assigned);
  }
}

void la_object_set_link(lua_State *L, la_state *state, int index,
                        const la_relationship *relationship, int value_index) {
  la_instance *instance = la_handle_instance(L, state, index);
  int top = lua_gettop(L);
  index = lua_absindex(L, index);
  value_index = lua_absindex(L, value_index);
  if (!relationship->configured) {
    la_push_hook(L, state, "configure");
    lua_call(L, 0, 0);
  }
  if (relationship->link >= instance->link_count) {
    la_raise_status(L, LA_INVALID_REQUEST,
                    "this %.*s was made before its relationship '%.*s' was added to the class",
                    LA_TEXT_FORMAT(instance->mapper->class_name),
                    LA_TEXT_FORMAT(relationship->key));
  }
  if (la_relationship_never_loads(relationship)) {
    la_push_unloaded(L, state, "unloaded_assign", index, relationship, value_index);
  } else if (relationship->uselist) {
    set_list(L, state, index, instance, relationship, value_index);
  } else {
    set_scalar(L, state, index, instance, relationship, value_index);
  }
  lua_settop(L, top);
}
