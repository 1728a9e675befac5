/* SPDX-License-Identifier: MIT */
/*
 * SQL types, and how values pass through them.
 *
 * Immutable and counted. A type knows how a value of the program becomes a value for the database
 * (`la_type_bind`) and back (`la_type_result`), without Lua. A type whose processing is written in
 * Lua (TypeDecorator, UserDefinedType, JSON) has a `host` number; the binding runs its functions
 * around these two.
 */
#ifndef LA_SCHEMA_TYPE_H
#define LA_SCHEMA_TYPE_H

#include "base/object.h"
#include "base/status.h"
#include "schema/value.h"

#pragma GCC visibility push(hidden)

/* What values of a type are, whatever its name. */
typedef enum la_affinity {
  LA_AFFINITY_NULL, /* no type known: values pass as they are */
  LA_AFFINITY_INTEGER,
  LA_AFFINITY_REAL,
  LA_AFFINITY_NUMERIC,
  LA_AFFINITY_TEXT,
  LA_AFFINITY_BOOLEAN,
  LA_AFFINITY_BLOB,
  LA_AFFINITY_DATE,
  LA_AFFINITY_TIME,
  LA_AFFINITY_DATETIME,
  LA_AFFINITY_INTERVAL,
  LA_AFFINITY_ENUM,
  LA_AFFINITY_JSON,
  LA_AFFINITY_UUID,
  LA_AFFINITY_TUPLE,
  LA_AFFINITY_ARRAY
} la_affinity;

/* Name as in Lua (`la.Integer`, `la.VARCHAR`) and affinity. */
#define LA_TYPES(X)                                                                                \
  X(NULL, "NullType", NULL)                                                                        \
  X(INTEGER, "Integer", INTEGER)                                                                   \
  X(SMALL_INTEGER, "SmallInteger", INTEGER)                                                        \
  X(BIG_INTEGER, "BigInteger", INTEGER)                                                            \
  X(FLOAT, "Float", REAL)                                                                          \
  X(DOUBLE, "Double", REAL)                                                                        \
  X(NUMERIC, "Numeric", NUMERIC)                                                                   \
  X(STRING, "String", TEXT)                                                                        \
  X(TEXT, "Text", TEXT)                                                                            \
  X(UNICODE, "Unicode", TEXT)                                                                      \
  X(UNICODE_TEXT, "UnicodeText", TEXT)                                                             \
  X(BOOLEAN, "Boolean", BOOLEAN)                                                                   \
  X(LARGE_BINARY, "LargeBinary", BLOB)                                                             \
  X(DATE, "Date", DATE)                                                                            \
  X(TIME, "Time", TIME)                                                                            \
  X(DATETIME, "DateTime", DATETIME)                                                                \
  X(INTERVAL, "Interval", INTERVAL)                                                                \
  X(ENUM, "Enum", ENUM)                                                                            \
  X(JSON, "JSON", JSON)                                                                            \
  X(UUID, "Uuid", UUID)                                                                            \
  X(TUPLE, "TupleType", TUPLE)                                                                     \
  X(ARRAY, "ARRAY", ARRAY)                                                                         \
  X(SQL_INTEGER, "INTEGER", INTEGER)                                                               \
  X(SQL_INT, "INT", INTEGER)                                                                       \
  X(SQL_SMALLINT, "SMALLINT", INTEGER)                                                             \
  X(SQL_BIGINT, "BIGINT", INTEGER)                                                                 \
  X(SQL_FLOAT, "FLOAT", REAL)                                                                      \
  X(SQL_REAL, "REAL", REAL)                                                                        \
  X(SQL_DOUBLE, "DOUBLE", REAL)                                                                    \
  X(SQL_DOUBLE_PRECISION, "DOUBLE_PRECISION", REAL)                                                \
  X(SQL_NUMERIC, "NUMERIC", NUMERIC)                                                               \
  X(SQL_DECIMAL, "DECIMAL", NUMERIC)                                                               \
  X(SQL_CHAR, "CHAR", TEXT)                                                                        \
  X(SQL_VARCHAR, "VARCHAR", TEXT)                                                                  \
  X(SQL_NCHAR, "NCHAR", TEXT)                                                                      \
  X(SQL_NVARCHAR, "NVARCHAR", TEXT)                                                                \
  X(SQL_TEXT, "TEXT", TEXT)                                                                        \
  X(SQL_CLOB, "CLOB", TEXT)                                                                        \
  X(SQL_BOOLEAN, "BOOLEAN", BOOLEAN)                                                               \
  X(SQL_BLOB, "BLOB", BLOB)                                                                        \
  X(SQL_BINARY, "BINARY", BLOB)                                                                    \
  X(SQL_VARBINARY, "VARBINARY", BLOB)                                                              \
  X(SQL_DATE, "DATE", DATE)                                                                        \
  X(SQL_TIME, "TIME", TIME)                                                                        \
  X(SQL_DATETIME, "DATETIME", DATETIME)                                                            \
  X(SQL_TIMESTAMP, "TIMESTAMP", DATETIME)                                                          \
  X(SQL_UUID, "UUID", UUID)                                                                        \
  X(DECORATOR, "TypeDecorator", NULL)      /* `impl` says what it is in the database */            \
  X(USER_DEFINED, "UserDefinedType", NULL) /* `name` is its column specification */

typedef enum la_type_kind {
#define X(name, lua, affinity) LA_TYPE_##name,
  LA_TYPES(X)
#undef X
      LA_TYPE_KIND_COUNT
} la_type_kind;

enum la_type_flag {
  LA_TYPE_TIMEZONE = 1,          /* DateTime, Time */
  LA_TYPE_AS_DECIMAL = 2,        /* Numeric: values read back are decimals */
  LA_TYPE_CREATE_CONSTRAINT = 4, /* Boolean, Enum: a CHECK in the table */
  LA_TYPE_NONE_AS_NULL = 8,      /* JSON: nil is SQL NULL */
  LA_TYPE_NATIVE = 16,      /* Enum, Uuid, Interval: use the database's own type where it has one */
  LA_TYPE_HOST_BIND = 32,   /* Lua has a say in values that go in */
  LA_TYPE_HOST_RESULT = 64, /* Lua has a say in values that come out */
  LA_TYPE_COMPARATOR = 128, /* Lua has operators of its own: comparator_factory */
  LA_TYPE_COERCES = 256,    /* Lua says the types of values that it is compared with */
  LA_TYPE_EVALUATES_NONE = 512 /* a nil that is set counts as a value: no default takes its place */
};

typedef struct la_type la_type;

typedef struct la_type_variant {
  la_text dialect;
  la_type *type;
} la_type_variant;

/* Read only outside type.c. */
struct la_type {
  la_object object;
  la_allocator *alloc;
  la_type_kind kind;
  la_affinity affinity; /* of `impl` for a decorator */
  uint32_t flags;
  int32_t length;    /* String, Enum, LargeBinary; -1 if not given */
  int32_t precision; /* Numeric, Float, Interval second precision; -1 */
  int32_t scale;     /* Numeric; -1 */
  bool is_simple;    /* the fields above say all about it */
  la_text name;      /* Enum's name, UserDefinedType's column specification, or none */
  la_text collation;
  la_text *values; /* Enum */
  uint32_t value_count;
  uint32_t variant_count;
  la_type_variant *variants;
  la_type *impl; /* decorator; ARRAY's item; retained */
  int64_t host;  /* number of the Lua object that processes values, 0 if none */
  /* SQL around each bound value and each column of a result: expressions (sql/node.h) in which a
   * PLACEHOLDER stands for what is wrapped; retained, or NULL. They must not refer to this type. */
  la_object *bind_expression, *column_expression;
  la_type *next_dead; /* links types that are being freed */
};

/* What a new type is made of; zero-initialise, then set `length`, `precision`, `scale` to -1 where
 * not given. Texts are copied. */
typedef struct la_type_options {
  uint32_t flags;
  int32_t length, precision, scale;
  la_text name, collation;
  const la_text *values;
  uint32_t value_count;
  const la_type_variant *variants;
  uint32_t variant_count;
  la_type *impl;
  int64_t host;
  la_object *bind_expression, *column_expression; /* NULL: a decorator takes its impl's */
} la_type_options;

/* NULL when out of memory. */
la_type *la_type_new(la_allocator *alloc, la_type_kind kind, const la_type_options *options);
const char *la_type_kind_name(la_type_kind kind);
la_affinity la_type_kind_affinity(la_type_kind kind);
/* The type that serves for `dialect`: a variant, or `type` itself; lent. */
const la_type *la_type_for_dialect(const la_type *type, la_text dialect);
/* Bytes that are equal exactly for types that compile and convert alike, appended for cache keys.
 */
void la_type_key(const la_type *type, la_strbuf *out);
bool la_type_equal(const la_type *a, const la_type *b);
/* As Lua's tostring shows it: VARCHAR(50), NUMERIC(10, 2), "Integer()" is written INTEGER. */
void la_type_describe(const la_type *type, la_strbuf *out);

/* What the database is sent for `value`; `scratch` keeps bytes that had to be made and must live as
 * long as `out` (its earlier bytes may move: bind all of a row, then read). Takes every kind but
 * HOST. LA_STATEMENT says which kind of value is wrong for which type; the caller adds the column's
 * name. */
la_status la_type_bind(const la_type *type, const la_value *value, la_value *out, la_arena *scratch,
                       la_error *err);
/* What the program sees of a value of the database. Bytes are lent from `stored`, or from `scratch`
 * where they had to be made. `type` may be NULL. */
la_status la_type_result(const la_type *type, const la_value *stored, la_value *out,
                         la_arena *scratch, la_error *err);
/* LA_STATEMENT with the words that `la_type_bind` uses: "a table is not an Integer". `what` has its
 * article. */
la_status la_type_refuse(const la_type *type, const char *what, la_error *err);
/* What conversions go by: `type` without its decorators; lent. */
const la_type *la_type_base(const la_type *type);
/* True if `la_type_result` gives every stored value of the usual kind unchanged, so that a loader
 * may skip it: Integer, String, LargeBinary, no type. */
bool la_type_result_is_plain(const la_type *type);

#pragma GCC visibility pop

#endif
