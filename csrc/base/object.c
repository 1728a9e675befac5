/* SPDX-License-Identifier: MIT */
#include "base/object.h"

void la_object_init(la_object *object, const la_object_class *class) {
  object->class = class;
  object->references = 1;
  object->id = 0;
}

la_object *la_object_counted(void *object) {
  la_object *counted = object;
  while (counted->class->owner != NULL) {
    la_object *owner = counted->class->owner(counted);
    if (owner == NULL) {
      break;
    }
    counted = owner;
  }
  return counted;
}

void la_object_release(void *object) {
  la_object *counted;
  if (object == NULL) {
    return;
  }
  counted = la_object_counted(object);
  if (--counted->references == 0) {
    counted->class->destroy(counted);
  }
}
