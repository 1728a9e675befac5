/* SPDX-License-Identifier: MIT */
/*
 * The Lua part of Lualchemy as bytes inside the library. The table is written at build time by
 * embed_modules.cmake, one row for each module below lua/lualchemy, sorted by name.
 */
#ifndef LA_BINDING_EMBED_H
#define LA_BINDING_EMBED_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* One Lua module: what is required, the file it was, its source text. */
typedef struct la_embedded_module {
  const char *name;
  const char *chunk;
  const unsigned char *code;
  size_t len;
} la_embedded_module;

extern const la_embedded_module la_embedded_modules[];
extern const size_t la_embedded_module_count;

#pragma GCC visibility pop

#endif
