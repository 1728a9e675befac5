/* SPDX-License-Identifier: MIT */
/*
 * Pages: the owners of what boxes of nodes hold.
 *
 * A finalizer costs more than all else of a short-lived box, so boxes of nodes have none. Each has
 * a slot in a page instead, a userdata with a finalizer that many boxes share: the box's `object`
 * is the page, which its first user value keeps alive, its `flags` the slot's number, and the slot
 * owns the node. When the last box of a page is gone the page lets go of all its nodes at once.
 * Boxes of what statements compile to are made as often, and lie on the same pages.
 *
 * So a box that stays keeps the nodes of its page: a few dozen, of LA_PAGE_WEIGHT together. A node
 * that is heavier has a page of its own. New boxes go to the state's present pages, which only they
 * keep alive: a weak table has them, so that none is found any more once its finalizer is due. A
 * page's memory lasts as long as a box of it can be reached: a box that a finalizer of the program
 * meets after the page's own finds its slot empty.
 *
 * A reference must not be lost when Lua runs out of memory. So either the box with its slot comes
 * first and the node is made then, or the node goes to a slot before its box is made; a page for
 * that is made ahead, the spare. A finalizer that runs while the spare is being made and pushes a
 * node itself finds none, and makes its page under lua_pcall.
 */
#ifndef LA_BINDING_PAGE_H
#define LA_BINDING_PAGE_H

#include "binding/box.h"

#pragma GCC visibility push(hidden)

/* The most nodes of a page; where misuse is looked for each has a page of its own. */
#ifdef __SANITIZE_ADDRESS__
#define LA_PAGE_SLOTS 1
#else
#define LA_PAGE_SLOTS 32
#endif
/* A page takes no more nodes once it holds so much, and a node of so much is alone, as
 * la_node_weight counts. */
#define LA_PAGE_WEIGHT 131072u
#define LA_LONE_WEIGHT 32768u

/* The classes of boxes that are on pages: of nodes, and all. */
#define LA_PAGED(class) (UINT64_C(1) << LA_BOX_##class)
#define LA_PAGED_NODES                                                                             \
  (LA_PAGED(EXPR) | LA_PAGED(FROM) | LA_PAGED(CLAUSE) | LA_PAGED(SELECT) | LA_PAGED(TEXT) |        \
   LA_PAGED(INSERT) | LA_PAGED(UPDATE) | LA_PAGED(DELETE) | LA_PAGED(ATTRIBUTE) |                  \
   LA_PAGED(RELATIONSHIP) | LA_PAGED(ENTITY) | LA_PAGED(LOADER_OPTION) | LA_PAGED(QUERY))
#define LA_PAGED_CLASSES (LA_PAGED_NODES | LA_PAGED(COMPILED))
_Static_assert(LA_BOX_CLASS_COUNT <= 64, "a class is a bit of LA_PAGED_CLASSES");

static inline bool la_is_paged(uint32_t class) {
  return (LA_PAGED_CLASSES >> class & 1) != 0;
}
static inline bool la_has_paged_node(uint32_t class) {
  return (LA_PAGED_NODES >> class & 1) != 0;
}

typedef struct la_page {
  la_box box;
  uint32_t used;   /* slots that boxes have */
  uint32_t weight; /* of what these hold */
  la_object *slots[LA_PAGE_SLOTS];
} la_page;

/* What a box on a page holds, lent; NULL while that is nothing, and at the end of the Lua state. */
static inline void *la_paged_object(const la_box *box) {
  const la_page *page = box->object;
  return page->slots[box->flags];
}
/* The same of a box of a node. */
static inline la_node *la_paged_node(const la_box *box) {
  return la_paged_object(box);
}

/* Pushes an empty box of one of the classes above; the first of its `user_values` is taken. Needs
 * four free stack slots. */
la_box *la_push_paged_box(lua_State *L, la_state *state, la_box_class class, int user_values);
/* The empty box on top of the stack takes `take` over, whose weight is about that of a node of as
 * many bytes. May raise; the object is owned then. Needs two free stack slots. */
void la_page_hold(lua_State *L, la_object *take, uint32_t weight);
/* The empty box on top of the stack takes `take` over, and keeps the values in the stack slots
 * `first` to `last` (none if `last` is less) alive if the node needs them. May raise; the node is
 * owned then. Needs three free stack slots. */
void la_page_take(lua_State *L, la_node *take, int first, int last);
/* Pushes a box of `class` that takes `take` over and keeps the values likewise; one of a class that
 * is on no page has it as its object. Raises without losing it. Needs six free stack slots. */
void la_push_paged(lua_State *L, la_state *state, la_box_class class, la_node *take, int first,
                   int last);

#pragma GCC visibility pop

#endif
