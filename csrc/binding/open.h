/* SPDX-License-Identifier: MIT */
/*
 * The areas of the binding, in the order in which they are opened.
 *
 * A row is one file family: its `la_open_<area>` registers the area's classes (la_register_class)
 * and adds its low-level functions to the core table, which is on top of the stack and stays there.
 * It is called once per Lua state. An area that exists has a row; nothing else has to change for a
 * new one.
 */
#ifndef LA_BINDING_OPEN_H
#define LA_BINDING_OPEN_H

#include "binding/state.h"

#pragma GCC visibility push(hidden)

#define LA_AREAS(X)                                                                                \
  X(box)                                                                                           \
  X(host)                                                                                          \
  X(raise)                                                                                         \
  X(page)                                                                                          \
  X(node)                                                                                          \
  X(decimal)                                                                                       \
  X(moment)                                                                                        \
  X(list)                                                                                          \
  X(event)                                                                                         \
  X(suggest)                                                                                       \
  X(json)                                                                                          \
  X(row)                                                                                           \
  X(result)                                                                                        \
  X(sql)                                                                                           \
  X(schema)                                                                                        \
  X(engine)                                                                                        \
  X(connection)                                                                                    \
  X(connection_settings)                                                                           \
  X(blob)                                                                                          \
  X(backup)                                                                                        \
  X(orm)

#define X(area) void la_open_##area(lua_State *L, la_state *state);
LA_AREAS(X)
#undef X

#pragma GCC visibility pop

#endif
