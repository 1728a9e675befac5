/* SPDX-License-Identifier: MIT */
/*
 * Dialects by name.
 */
#include "dialect/dialects.h"

const la_dialect *la_dialect_find(la_text name) {
  static const la_dialect *const dialects[] = {&la_dialect_default, &la_dialect_sqlite};
  for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++) {
    if (la_text_is(name, dialects[i]->name)) {
      return dialects[i];
    }
  }
  return NULL;
}
