/* SPDX-License-Identifier: MIT */
/*
 * One dynamic value, 16 bytes, never an owner.
 *
 * Text, blob and decimal borrow their bytes: from the driver until the next step, from a node, from
 * a chunk, from a Lua string for the time of one call. Whoever keeps one longer copies it into
 * memory of its own. The kinds up to BLOB are what a database stores; the others are how a column's
 * type presents such a value to the program, and `la_type_bind` turns them back before they are
 * sent.
 */
#ifndef LA_SCHEMA_VALUE_H
#define LA_SCHEMA_VALUE_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/text.h"

#pragma GCC visibility push(hidden)

#define LA_VALUE_KINDS(X)                                                                          \
  X(NULL, "null")                                                                                  \
  X(BOOLEAN, "boolean")   /* integer: 0 or 1 */                                                    \
  X(INTEGER, "integer")   /* integer */                                                            \
  X(REAL, "float")        /* real */                                                               \
  X(TEXT, "string")       /* bytes, len */                                                         \
  X(BLOB, "blob")         /* bytes, len */                                                         \
  X(DATE, "date")         /* integer: days since 1970-01-01, proleptic Gregorian */                \
  X(TIME, "time")         /* integer: microseconds since midnight */                               \
  X(DATETIME, "datetime") /* integer: microseconds since 1970-01-01 00:00:00, no zone */           \
  X(INTERVAL, "interval") /* integer: microseconds */                                              \
  X(DECIMAL, "decimal")   /* bytes, len: plain decimal text, "-12.50" */                           \
  X(SQL, "SQL")           /* bytes, len: a literal that a type of the program wrote */             \
  X(HOST, "host value")   /* integer: number of a Lua value, see binding/host.h */

typedef enum la_value_kind {
#define X(name, text) LA_VALUE_##name,
  LA_VALUE_KINDS(X)
#undef X
      LA_VALUE_KIND_COUNT
} la_value_kind;

typedef struct la_value {
  uint8_t kind;   /* la_value_kind */
  uint8_t flags;  /* for who holds it: an instance's slot marks loaded, modified, … here */
  uint16_t spare; /* likewise */
  uint32_t len;   /* TEXT, BLOB, DECIMAL, SQL */
  union {
    int64_t integer;
    double real;
    const char *bytes;
  } as;
} la_value;

#define LA_VALUE_NONE ((la_value){.kind = LA_VALUE_NULL})

static inline la_value la_value_integer(int64_t integer) {
  return (la_value){.kind = LA_VALUE_INTEGER, .as.integer = integer};
}
static inline la_value la_value_of_kind(la_value_kind kind, int64_t integer) {
  return (la_value){.kind = (uint8_t)kind, .as.integer = integer};
}
static inline la_value la_value_real(double real) {
  return (la_value){.kind = LA_VALUE_REAL, .as.real = real};
}
static inline la_value la_value_text(la_text text) {
  return (la_value){.kind = LA_VALUE_TEXT, .len = (uint32_t)text.len, .as.bytes = text.bytes};
}
static inline bool la_value_has_bytes(const la_value *value) {
  return value->kind == LA_VALUE_TEXT || value->kind == LA_VALUE_BLOB ||
         value->kind == LA_VALUE_DECIMAL || value->kind == LA_VALUE_SQL;
}
static inline la_text la_value_bytes(const la_value *value) {
  return (la_text){value->as.bytes, value->len};
}

const char *la_value_kind_name(la_value_kind kind);
/* Equal as SQL sees it, NULL equal to NULL: 3 equals 3.0, booleans equal 0 and 1, decimals by
 * number. Flags don't count. */
bool la_value_equal(const la_value *a, const la_value *b);
/* Orders values of one kind, numbers among each other; different kinds by kind. <0, 0, >0. */
int la_value_compare(const la_value *a, const la_value *b);
/* True for a number without a fraction that 64 bits hold: equal ones give one `*out`, whatever
 * their kind. */
bool la_value_whole(const la_value *value, int64_t *out);
/* Equal values have equal hashes. */
uint64_t la_value_hash(const la_value *value, uint64_t seed);
/* `value` with its bytes copied into `arena`; false when out of memory. */
bool la_value_copy(la_arena *arena, const la_value *value, la_value *out);
/* The shortest text of `real` that reads back as the same number, with a point or an exponent
 * ("2.0"), or "inf", "-inf", "nan"; in no locale's manner. Gives the length. */
#define LA_REAL_TEXT 40
size_t la_real_write(double real, char out[LA_REAL_TEXT]);
/* For messages and logs: NULL as nil, text quoted, blobs as blob(n bytes), dates in ISO form. */
void la_value_describe(const la_value *value, la_strbuf *out);

#pragma GCC visibility pop

#endif
