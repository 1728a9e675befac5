/* SPDX-License-Identifier: MIT */
/*
 * Frees a metadata that only expressions held by its own schema still refer to.
 *
 * Trial deletion. All objects that can be reached from those expressions are visited, and for each
 * the references that come from within are counted. An object that has more references than these
 * is held from outside: what it reaches is alive. The metadata is garbage if all of its references
 * come from within and none of the objects that are alive refers to it.
 */
#include "schema/schema_internal.h"

typedef struct visited {
  la_object *object;
  uint32_t inner; /* references from within */
  bool alive;
} visited;

typedef struct collection {
  la_metadata *metadata;
  la_allocator *alloc;
  la_map by_object; /* la_object → visited */
  la_arena arena;
  LA_VEC(visited *) work;
  uint32_t metadata_inner; /* references to the metadata from within */
  bool metadata_alive;
  bool failed; /* out of memory: nothing may be concluded */
} collection;

static void count_reference(void *ctx, la_object *held) {
  collection *c = ctx;
  la_object *counted = held ? la_object_counted(held) : NULL;
  visited *entry;
  if (counted == NULL || c->failed) {
    return;
  }
  if (counted == &c->metadata->object) {
    c->metadata_inner++;
    return;
  }
  entry = la_map_get_pointer(&c->by_object, counted);
  if (entry != NULL) {
    entry->inner++;
    return;
  }
  entry = la_arena_alloc_zero(&c->arena, sizeof *entry);
  if (entry == NULL || !la_map_set_pointer(&c->by_object, c->alloc, counted, entry) ||
      !la_vec_push(c->alloc, &c->work, entry)) {
    c->failed = true;
    return;
  }
  entry->object = counted;
  entry->inner = 1;
}

static void count_held(void *ctx, la_object **expr) {
  count_reference(ctx, *expr);
}

static void mark_alive(void *ctx, la_object *held) {
  collection *c = ctx;
  la_object *counted = held ? la_object_counted(held) : NULL;
  visited *entry;
  if (counted == NULL || c->failed) {
    return;
  }
  if (counted == &c->metadata->object) {
    c->metadata_alive = true;
    return;
  }
  entry = la_map_get_pointer(&c->by_object, counted);
  if (entry != NULL && !entry->alive) {
    entry->alive = true;
    c->failed = !la_vec_push(c->alloc, &c->work, entry);
  }
}

/* Calls `each` for what the objects in `work` hold, until no new ones come. */
static void follow(collection *c, la_object_visitor each) {
  while (c->work.count > 0 && !c->failed) {
    la_object *object = c->work.items[--c->work.count]->object;
    if (object->class->visit != NULL) {
      object->class->visit(object, each, c);
    }
  }
}

static void visit_tables(la_metadata *metadata, la_expr_visitor visit, void *ctx) {
  for (size_t i = 0; i < metadata->owned.count; i++) {
    la_table_visit_exprs(metadata->owned.items[i], visit, ctx);
  }
}

static bool is_garbage(collection *c) {
  size_t at = 0;
  la_map_entry *entry;
  visit_tables(c->metadata, count_held, c);
  follow(c, count_reference);
  if (c->failed || c->metadata->object.references != c->metadata_inner) {
    return false;
  }
  while ((entry = la_map_next(&c->by_object, &at)) != NULL) {
    visited *v = entry->value;
    if (v->object->references > v->inner) {
      mark_alive(c, v->object);
    }
  }
  follow(c, mark_alive);
  return !c->failed && !c->metadata_alive;
}

static void drop(void *ctx, la_object **expr) {
  la_object *held = *expr;
  (void)ctx;
  *expr = NULL;
  la_object_release(held);
}

void la_metadata_drop_exprs(la_metadata *metadata) {
  visit_tables(metadata, drop, NULL);
}

bool la_metadata_collect(la_metadata *metadata) {
  collection c = {.metadata = metadata, .alloc = metadata->alloc};
  bool garbage;
  la_arena_init(&c.arena, c.alloc);
  garbage = is_garbage(&c);
  la_vec_clear(c.alloc, &c.work);
  la_map_clear(&c.by_object, c.alloc);
  la_arena_clear(&c.arena);
  if (garbage) {
    /* The reference of our own is the last one left when the expressions are gone. */
    metadata->object.references++;
    la_metadata_drop_exprs(metadata);
    la_object_release(metadata);
  }
  return garbage;
}
