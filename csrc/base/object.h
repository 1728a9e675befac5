/* SPDX-License-Identifier: MIT */
/*
 * Counted things that a higher floor may hold without knowing them.
 *
 * A struct whose first member is an `la_object` can be retained and released through it. A function
 * named `new` and an out-parameter give a reference; arguments are borrowed; whoever keeps one
 * retains it. A thing that lives inside another (a column in its table, a table in its metadata)
 * has a class with an `owner`: retaining it retains the owner.
 *
 * `visit` is for finding cycles (schema/metadata.h): it calls `each` once for every reference that
 * the object itself holds. A class without it is one whose references are never part of a cycle.
 */
#ifndef LA_BASE_OBJECT_H
#define LA_BASE_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

typedef struct la_object la_object;

typedef void (*la_object_visitor)(void *ctx, la_object *held);

typedef struct la_object_class {
  const char *name;                   /* "column", "mapper", … for messages and dumps */
  void (*destroy)(la_object *object); /* the last reference is gone */
  la_object *(*owner)(
      const la_object *object); /* NULL, or gives who is counted instead (or NULL for itself) */
  void (*visit)(const la_object *object, la_object_visitor each, void *ctx); /* or NULL */
} la_object_class;

struct la_object {
  const la_object_class *class;
  uint32_t references;
  uint32_t id; /* free for the class: an index, a serial number */
};

void la_object_init(la_object *object, const la_object_class *class);
/* The object whose count stands for `object`: itself, or its owner's owner's … owner. */
la_object *la_object_counted(void *object);
/* Accepts NULL. */
void la_object_release(void *object);
/* Gives `object`. Accepts NULL. */
static inline void *la_object_retain(void *object) {
  la_object *self = object;
  if (self != NULL) {
    self = self->class->owner == NULL ? self : la_object_counted(self);
    self->references++;
  }
  return object;
}

#pragma GCC visibility pop

#endif
