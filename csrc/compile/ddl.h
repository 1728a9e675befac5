/* SPDX-License-Identifier: MIT */
/*
 * What the files of DDL share, and what dialects' overrides of it call.
 */
#ifndef LA_COMPILE_DDL_H
#define LA_COMPILE_DDL_H

#include "compile/compiler.h"

#pragma GCC visibility push(hidden)

void la_ddl_put_table(const la_dialect *dialect, const la_table *table, bool with_schema,
                      la_strbuf *out);
/* Name of a constraint or an index. One that is longer than the dialect takes is cut if it was
 * `made`, with digits of a digest in place of its end; else LA_IDENTIFIER. */
la_status la_ddl_put_name(const la_dialect *dialect, la_text name, bool made, la_quote quote,
                          la_strbuf *out, la_error *err);
/* What follows DEFAULT; nothing if the column has no default in the database. */
la_status la_ddl_default(const la_sql *sql, const la_dialect *dialect, const la_column *column,
                         la_strbuf *out, la_error *err);
/* GENERATED ALWAYS AS (…) */
la_status la_ddl_computed(const la_sql *sql, const la_dialect *dialect, const la_column *column,
                          la_strbuf *out, la_error *err);
/* One constraint as CREATE TABLE has it; nothing if the dialect leaves it out. */
la_status la_ddl_constraint(const la_sql *sql, const la_dialect *dialect,
                            const la_constraint *constraint, la_strbuf *out, la_error *err);

#pragma GCC visibility pop

#endif
