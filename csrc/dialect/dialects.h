/* SPDX-License-Identifier: MIT */
/*
 * The dialects that are built in.
 */
#ifndef LA_DIALECT_DIALECTS_H
#define LA_DIALECT_DIALECTS_H

#include "compile/dialect.h"

#pragma GCC visibility push(hidden)

extern const la_dialect la_dialect_default;
extern const la_dialect la_dialect_sqlite;

#pragma GCC visibility pop

#endif
