/* SPDX-License-Identifier: MIT */
/*
 * Boxes: userdata that own.
 *
 * A box begins with its class and one owned pointer. It is pushed empty, with its metatable, before
 * anything is acquired; then the pointer is stored; its finalizer releases it and accepts an empty
 * one. The first user value holds the Lua values that the thing needs alive (parts with host
 * values, a table of extra fields …).
 *
 * A class's metatable has __name, __index, __gc, __metatable = false; `__close` where it has a
 * close. Metamethods are reached only through objects, so they need no type test; methods check
 * their first argument with la_check_box.
 */
#ifndef LA_BINDING_BOX_H
#define LA_BINDING_BOX_H

#include "binding/state.h"

#pragma GCC visibility push(hidden)

typedef struct la_box {
  const void *mark; /* address that only this library's boxes carry */
  uint32_t class;   /* la_box_class */
  uint32_t flags;   /* the class's own */
  void *object;     /* owned, or NULL; of boxes of nodes their page, see page.h */
} la_box;

/* Registers class `class` with its methods and metamethods, each a list of luaL_Reg or NULL, called
 * once per state at open. An `__index` among the metamethods gets the methods table as second
 * upvalue (and must fall back to it); otherwise `__index` is the methods table. Children get what
 * their parent has and they have not, metamethods too; which of the two is registered first does
 * not matter. `__gc` is la_box_release unless given; given as NULL there is none, for boxes that
 * own nothing, as those on pages. From Lua, core.extend("lualchemy.Select", {name = function …})
 * adds methods and metamethods, to children as well. */
void la_register_class(lua_State *L, la_state *state, la_box_class class, const luaL_Reg *methods,
                       const luaL_Reg *metamethods);
/* How la_to_node finds the node of a box of `class` (LA_BOX_NONE: of a Lua table) where that is not
 * its object. */
void la_register_node_getter(la_state *state, la_box_class class,
                             la_node *(*get)(lua_State *L, la_state *state, int index));
/* Pushes an empty box of `size` bytes (at least sizeof(la_box), the rest zeroed) with `user_values`
 * user values. */
void *la_push_box(lua_State *L, la_state *state, la_box_class class, size_t size, int user_values);
/* The same without a metatable, of at least sizeof(la_box): the caller sets one of its own before
 * anything is acquired. Needs one free stack slot. */
void *la_push_bare_box(lua_State *L, la_box_class class, size_t size, int user_values);
/* The box at `index`, or NULL if it is none of ours. */
la_box *la_to_box(lua_State *L, int index);
/* The box at `index` if it is of `class` or of a child of it, else NULL. */
la_box *la_to_box_of(lua_State *L, int index, la_box_class class);
/* Raises an ArgumentError that names the function's argument otherwise. */
la_box *la_check_box(lua_State *L, int index, la_box_class class);
/* __gc of boxes whose object is a la_object: releases it once. */
int la_box_release(lua_State *L);

/* A box around an arena, text or vector that must not leak when Lua raises; `clear` is called by
 * __gc, or earlier through la_scratch_clear. */
typedef struct la_scratch {
  la_box box;
  void (*clear)(void *memory);
  int64_t memory[]; /* as aligned as Lua's own userdata are */
} la_scratch;
/* Pushes zeroed scratch memory of `size` bytes and gives it. */
void *la_push_scratch(lua_State *L, la_state *state, size_t size, void (*clear)(void *memory));
/* Clears the scratch at `index` now. */
void la_scratch_clear(lua_State *L, int index);
/* The same as la_push_scratch for calls that come again and again: it may be one that was given
 * back. At most LA_LENT_BYTES. */
void *la_borrow_scratch(lua_State *L, la_state *state, size_t size, void (*clear)(void *memory));
/* Clears the scratch at `index`, which was borrowed, and keeps it for the next who borrows; the
 * caller does not touch it any more. */
void la_give_back_scratch(lua_State *L, la_state *state, int index);

/* One Lua object per core object: la_know says that the box on top of the stack is the one for
 * `address` (weakly, until it is collected); la_push_known pushes it and gives true, or pushes
 * nothing. Tables and columns use their core object's address. */
void la_know(lua_State *L, la_state *state, const void *address);
bool la_push_known(lua_State *L, la_state *state, const void *address);

/* Pushes a box for `node`, whose reference it takes over (also when it raises): class by the node's
 * kind, user value set so that parts at stack indexes `first`..`last` stay alive if the node has
 * host values (pass 0, -1 for none). `node` NULL raises out of memory. A TABLE, or a COLUMN of its
 * own table, gives the one box known for its subject. */
void la_push_node(lua_State *L, la_state *state, la_node *node, int first, int last);
/* The node of a box at `index` that holds one (EXPR, COLUMN, ATTRIBUTE, FROM, TABLE, SELECT, …,
 * ENTITY, a mapped class, a Query); lent; NULL if it has none. */
la_node *la_to_node(lua_State *L, int index);

#pragma GCC visibility pop

#endif
