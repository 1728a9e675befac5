/* SPDX-License-Identifier: MIT */
#include "binding/box.h"

#include "binding/open.h"
#include "binding/page.h"
#include "binding/raise.h"

/* Its address is in every box of ours and in no other userdata. */
static const char box_mark = 0;

typedef struct class_facts {
  const char *name;
  la_box_class parent;
} class_facts;

static const class_facts classes[LA_BOX_CLASS_COUNT] = {
#define X(name, lua_name, parent) {lua_name, LA_BOX_##parent},
    LA_BOX_CLASSES(X)
#undef X
};

/* ---- classes ---- */

/* Copies what the table at `from` has and the one at `to` has not. */
static void copy_missing(lua_State *L, int from, int to) {
  lua_pushnil(L);
  while (lua_next(L, from)) {
    lua_pushvalue(L, -2); /* key, value, key */
    if (lua_rawget(L, to) == LUA_TNIL) {
      lua_pop(L, 1);
      lua_pushvalue(L, -2);
      lua_insert(L, -2); /* key, key, value */
      lua_rawset(L, to);
    } else {
      lua_pop(L, 2);
    }
  }
}

/* Pushes the `__index` of a class: `function` with the state and the class's methods, or the
 * methods themselves. */
static void push_index(lua_State *L, la_state *state, lua_CFunction function, int methods) {
  if (function) {
    lua_pushlightuserdata(L, state);
    lua_pushvalue(L, methods);
    lua_pushcclosure(L, function, 2);
  } else {
    lua_pushvalue(L, methods);
  }
}

/* Gives `child` what `parent` has and it has not. Both are registered. */
static void inherit(lua_State *L, la_state *state, la_box_class child, la_box_class parent) {
  int top = lua_gettop(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[parent]); /* top + 1 */
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[child]);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[parent]);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[child]); /* top + 4 */
  copy_missing(L, top + 3, top + 4);
  copy_missing(L, top + 1, top + 2);
  lua_getfield(L, top + 1, "__index");
  lua_getfield(L, top + 2, "__index");
  lua_CFunction function = lua_tocfunction(L, -2);
  if (function && !lua_iscfunction(L, -1)) {
    push_index(L, state, function, top + 4);
    lua_setfield(L, top + 2, "__index");
  }
  lua_settop(L, top);
}

void la_register_class(lua_State *L, la_state *state, la_box_class class, const luaL_Reg *methods,
                       const luaL_Reg *metamethods) {
  luaL_checkstack(L, 12, NULL);
  int top = lua_gettop(L);
  lua_newtable(L); /* methods */
  if (methods) {
    la_set_functions(L, methods);
  }
  lua_newtable(L); /* methods, metatable */
  lua_pushstring(L, classes[class].name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  if (!la_is_paged(class)) {
    const luaL_Reg release[] = {{"__gc", la_box_release}, {NULL, NULL}};
    la_set_functions(L, release);
  }
  lua_CFunction index = NULL;
  if (metamethods) {
    la_set_functions(L, metamethods);
    for (const luaL_Reg *row = metamethods; row->name; row++) {
      index = strcmp(row->name, "__index") == 0 ? row->func : index;
      if (row->func == NULL) {
        lua_pushnil(L);
        lua_setfield(L, -2, row->name);
      }
    }
  }
  push_index(L, state, index, top + 1);
  lua_setfield(L, -2, "__index");
  state->metatables[class] = luaL_ref(L, LUA_REGISTRYINDEX);
  state->methods[class] = luaL_ref(L, LUA_REGISTRYINDEX);
  if (classes[class].parent != LA_BOX_NONE && state->metatables[classes[class].parent]) {
    inherit(L, state, class, classes[class].parent);
  }
  for (int other = 1; other < LA_BOX_CLASS_COUNT; other++) {
    if (classes[other].parent == class && state->metatables[other]) {
      inherit(L, state, (la_box_class)other, class);
    }
  }
}

void la_register_node_getter(la_state *state, la_box_class class,
                             la_node *(*get)(lua_State *L, la_state *state, int index)) {
  state->node_of[class] = get;
}

/* core.extend(class_name, functions): methods, and metamethods by names that begin with "__", for a
 * class and its children that have none of that name. */
static void extend(lua_State *L, la_state *state, la_box_class class, bool replace) {
  luaL_checkstack(L, 8, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->methods[class]);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[class]);
  int methods = lua_absindex(L, -2), metatable = lua_absindex(L, -1);
  lua_pushnil(L);
  while (lua_next(L, 2)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
    int target = name[0] == '_' && name[1] == '_' ? metatable : methods;
    lua_pushvalue(L, -2); /* name, function, name */
    bool there = lua_rawget(L, target) != LUA_TNIL;
    lua_pop(L, 1);
    if (!there || replace) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2); /* name, name, function */
      lua_rawset(L, target);
    } else {
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 2);
  for (int other = 1; other < LA_BOX_CLASS_COUNT; other++) {
    if (classes[other].parent == class && state->metatables[other]) {
      extend(L, state, (la_box_class)other, false);
    }
  }
}

static bool is_refused(const char *name) {
  static const char *const refused[] = {"__gc", "__metatable", "__name", "__mode", "__newindex"};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    if (strcmp(name, refused[i]) == 0) {
      return true;
    }
  }
  return false;
}

static la_box_class find_class(lua_State *L, la_state *state, const char *name) {
  for (int i = 1; i < LA_BOX_CLASS_COUNT; i++) {
    if (strcmp(classes[i].name, name) == 0 && state->metatables[i]) {
      return (la_box_class)i;
    }
  }
  la_raise_status(L, LA_ARGUMENT, "there is no class \"%s\" in the core", name);
  return LA_BOX_NONE;
}

static int core_extend(lua_State *L) {
  la_state *state = la_state_of(L);
  la_box_class class = find_class(L, state, luaL_checkstring(L, 1));
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_pushnil(L);
  while (lua_next(L, 2)) {
    if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1) ||
        is_refused(lua_tostring(L, -2))) {
      return la_raise_status(L, LA_ARGUMENT,
                             "extend takes functions by name, finalizers and the like excepted");
    }
    lua_pop(L, 1);
  }
  extend(L, state, class, true);
  return 0;
}

/* core.class_of(value): the name of the class of one of our userdata, or nil. */
static int core_class_of(lua_State *L) {
  la_box *box = la_to_box(L, 1);
  if (!box || box->class == LA_BOX_NONE) {
    lua_pushnil(L);
  } else {
    lua_pushstring(L, classes[box->class].name);
  }
  return 1;
}

/* core.is(value, class_name): of the class or of a child of it. */
static int core_is(lua_State *L) {
  la_box_class class = find_class(L, la_state_of(L), luaL_checkstring(L, 2));
  lua_pushboolean(L, la_to_box_of(L, 1, class) != NULL);
  return 1;
}

/* ---- boxes ---- */

void *la_push_bare_box(lua_State *L, la_box_class class, size_t size, int user_values) {
  la_box *box = lua_newuserdatauv(L, size, user_values);
  memset(box, 0, size);
  box->mark = &box_mark;
  box->class = class;
  return box;
}

void *la_push_box(lua_State *L, la_state *state, la_box_class class, size_t size, int user_values) {
  luaL_checkstack(L, 2, NULL);
  if (size < sizeof(la_box)) {
    size = sizeof(la_box);
  }
  la_box *box = la_push_bare_box(L, class, size, user_values);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->metatables[class]);
  lua_setmetatable(L, -2);
  return box;
}

la_box *la_to_box(lua_State *L, int index) {
  la_box *box = lua_touserdata(L, index);
  bool full = box && lua_rawlen(L, index) >= sizeof *box; /* light userdata have no length */
  return full && box->mark == &box_mark ? box : NULL;
}

la_box *la_to_box_of(lua_State *L, int index, la_box_class class) {
  la_box *box = la_to_box(L, index);
  if (!box) {
    return NULL;
  }
  for (uint32_t at = box->class; at != LA_BOX_NONE; at = classes[at].parent) {
    if (at == class) {
      return box;
    }
  }
  return NULL;
}

la_box *la_check_box(lua_State *L, int index, la_box_class class) {
  la_box *box = la_to_box_of(L, index, class);
  if (!box) {
    la_raise_argument(L, index, classes[class].name);
  }
  return box;
}

int la_box_release(lua_State *L) {
  la_box *box = la_to_box(L, 1);
  if (box) {
    void *object = box->object;
    box->object = NULL;
    la_object_release(object);
  }
  return 0;
}

/* ---- scratch ---- */

static int scratch_release(lua_State *L) {
  if (la_to_box_of(L, 1, LA_BOX_SCRATCH)) {
    la_scratch_clear(L, 1);
  }
  return 0;
}

void *la_push_scratch(lua_State *L, la_state *state, size_t size, void (*clear)(void *memory)) {
  la_scratch *scratch = la_push_box(L, state, LA_BOX_SCRATCH, sizeof(la_scratch) + size, 1);
  scratch->clear = clear;
  return scratch->memory;
}

void *la_borrow_scratch(lua_State *L, la_state *state, size_t size, void (*clear)(void *memory)) {
  if (state->lent_count == 0) {
    return la_push_scratch(L, state, LA_LENT_BYTES, clear);
  }
  int place = state->lent[--state->lent_count];
  luaL_checkstack(L, 2, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, place);
  lua_pushboolean(L, 0);
  lua_rawseti(L, LUA_REGISTRYINDEX, place);
  la_scratch *scratch = lua_touserdata(L, -1);
  memset(scratch->memory, 0, size);
  scratch->clear = clear;
  return scratch->memory;
}

void la_give_back_scratch(lua_State *L, la_state *state, int index) {
  index = lua_absindex(L, index);
  la_scratch_clear(L, index);
  lua_pushnil(L);
  lua_setiuservalue(L, index, 1);
  if (state->lent_count < LA_LENT_SCRATCHES) {
    lua_pushvalue(L, index);
    lua_rawseti(L, LUA_REGISTRYINDEX, state->lent[state->lent_count++]);
  }
}

void la_scratch_clear(lua_State *L, int index) {
  la_scratch *scratch = lua_touserdata(L, index);
  void (*clear)(void *memory) = scratch->clear;
  scratch->clear = NULL;
  if (clear) {
    clear(scratch->memory);
  }
}

/* ---- one box for one thing ---- */

void la_know(lua_State *L, la_state *state, const void *address) {
  luaL_checkstack(L, 2, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->known);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, address);
  lua_pop(L, 1);
}

bool la_push_known(lua_State *L, la_state *state, const void *address) {
  luaL_checkstack(L, 2, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, state->known);
  lua_rawgetp(L, -1, address);
  lua_remove(L, -2);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return false;
  }
  return true;
}

void la_open_box(lua_State *L, la_state *state) {
  static const luaL_Reg functions[] = {
      {"extend", core_extend}, {"class_of", core_class_of}, {"is", core_is}, {NULL, NULL}};
  static const luaL_Reg scratch[] = {{"__gc", scratch_release}, {NULL, NULL}};
  la_set_functions(L, functions);
  la_register_class(L, state, LA_BOX_SCRATCH, NULL, scratch);
}
