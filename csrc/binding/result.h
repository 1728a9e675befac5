/* SPDX-License-Identifier: MIT */
/*
 * Results and rows for Lua.
 *
 * A shape says what the columns of a row are called and where their values lie. Rows of a statement
 * are packed by the core (engine/rows.h); a row object pins its chunk. Rows that someone else makes
 * (the ORM's, with objects in them) hold their values in a Lua table. Result, ScalarResult and
 * MappingResult are one class of box with a mode; views share the rows of the result they were made
 * from.
 */
#ifndef LA_BINDING_RESULT_H
#define LA_BINDING_RESULT_H

#include "binding/box.h"
#include "engine/rows.h"

#pragma GCC visibility push(hidden)

typedef struct la_shape_column {
  la_text name;             /* none: reachable by position only */
  uint32_t index;           /* of its value in the packed row, or in the table of values less one */
  const la_type *type;      /* may be NULL; held by the shape's `keeps` */
  const la_object *subject; /* la_column it comes from, or NULL; likewise */
  const la_node *from;      /* alias of the executed statement that it comes from, NULL for the
                               table itself; likewise */
  bool from_known;
  bool ambiguous;  /* another column has its name */
  bool host;       /* Lua has a say in its values */
  int64_t dialect; /* number of the dialect object handed to it then, 0: none */
} la_shape_column;

/* Counted, immutable. Read only outside row_shape.c. */
typedef struct la_row_shape {
  la_object object;
  la_allocator *alloc;
  la_arena arena;
  la_object *keeps; /* what types and subjects live in: the compiled statement, or NULL */
  la_shape_column *columns;
  uint32_t count;
  la_map by_name; /* name → la_shape_column */
  bool has_host;
  bool has_twins; /* some columns come from the same la_column, as those of two aliases do */
  la_result_column *conversions; /* what la_rows_read does, by place; types live with the compiled
                                    statement; or NULL */
} la_row_shape;

/* `columns` gives names, types and subjects; names are copied, `index` is the place given. NULL
 * when out of memory. */
la_row_shape *la_row_shape_new(la_allocator *alloc, const la_shape_column *columns, uint32_t count,
                               la_object *keeps);
/* Where `*shape` has twins, puts one in its place whose columns know the aliases of
 * `statement`, which has been executed and is kept from now on: what is compiled is shared by
 * statements with other aliases. */
la_status la_row_shape_tell_apart(la_state *state, la_row_shape **shape, const la_node *statement,
                                  la_error *err);
/* The column called `name`, NULL if there is none. */
const la_shape_column *la_row_shape_find(const la_row_shape *shape, la_text name);

typedef struct la_result la_result;

/* Pushes the values of the next row: all of them in order (`column` -1; nil for NULL), or only that
 * of one column, and gives true; at the end pushes nothing and gives false. `result_index` is the
 * box of the result the rows belong to; its user value LA_RESULT_DATA is the source's own. May
 * raise. */
typedef bool (*la_result_source)(lua_State *L, la_state *state, la_result *result, int result_index,
                                 int column);
/* The rows of a source that packs them, with one left to take at least; NULL at the end. May raise.
 */
typedef la_rows *(*la_result_packed_source)(lua_State *L, la_state *state, la_result *result,
                                            int result_index);

/* Pushes a list of all rows that are left, each of one value; false, and nothing pushed, where they
 * have to come one by one. */
typedef bool (*la_result_list_source)(lua_State *L, la_state *state, la_result *result,
                                      int result_index);

/* Pushes the next row, of one value, if it is at hand, above another value that is of no use: a
 * short cut of `source`. False, and nothing pushed, otherwise. The base's box is at `base_index`.
 */
typedef bool (*la_result_quick_source)(lua_State *L, la_result *base, int base_index);

enum {
  LA_RESULT_DATA = 1,
  LA_RESULT_BASE = 2,
  LA_RESULT_SEEN = 3,
  LA_RESULT_STRATEGY = 4,
  LA_RESULT_KEYS = 5,
  LA_RESULT_FETCHED = 6, /* list of rows: keys and defaults that were fetched */
  LA_RESULT_MADE = 6,    /* of objects: list of the handles that are made ahead */
  LA_RESULT_HOLDER = 7,  /* of the row delivered last */
  LA_RESULT_FOLD = 8,    /* makes rows with bundles of their parts (orm_bundle.c); or nil */
  LA_RESULT_USER_VALUES = LA_RESULT_FOLD
};

typedef enum la_result_mode {
  LA_RESULT_ROWS,
  LA_RESULT_SCALARS,
  LA_RESULT_MAPPINGS
} la_result_mode;

struct la_result {
  la_box box; /* object: la_row_shape, or NULL if it returns no rows */
  la_result
      *base; /* itself, or the result whose rows it shows, held by user value LA_RESULT_BASE */
  la_result_mode mode;
  uint32_t column;    /* LA_RESULT_SCALARS: which, from 0 */
  uint32_t yield_per; /* how many rows a partition has; 0: not given */
  bool unique;        /* user value LA_RESULT_SEEN is the set of what was delivered */
  /* of a base */
  la_result_source source;        /* NULL: `rows` and `cursor` */
  la_result_packed_source packed; /* instead of `source` for whole rows; or NULL */
  la_result_list_source list;     /* instead of `source` for all as scalars; or NULL */
  la_result_quick_source quick;   /* instead of `source` for the next as a scalar; or NULL */
  void *data;                     /* what `quick` works on: memory of user value LA_RESULT_DATA */
  la_rows rows;
  la_cursor cursor;      /* open while it streams */
  la_compiled *compiled; /* retained, or NULL */
  la_row_shape *origin;  /* retained: of the rows as they are read; or NULL */
  uint32_t buffer;       /* streaming: rows read at a time */
  bool streams, closed, returns_rows, is_insert, is_many;
  bool in_parts;     /* of objects, a part of the rows at a time: what was delivered is not known */
  bool needs_unique; /* rows repeat parents of joined collections: unique() must be asked for */
  size_t position;   /* of a source that has a list */
  int64_t rowcount, lastrowid;
};

/* Pushes a Result whose rows come from `source`; the value on top of the stack is popped and
 * becomes its user value LA_RESULT_DATA. Its shape, a reference, is the caller's to set before
 * anything else can see it. */
la_result *la_push_sourced_result(lua_State *L, la_state *state, la_result_source source);
/* Rows of one shape, and of one chunk, share a holder, which keeps both: `holder` is a stack slot
 * that has the holder of the row before, or nil, and has the new row's afterwards. */
/* Gives true once the holder in the slot fits. False means that it has made an empty one, for which
 * finalizers may have run: see that the row is still there, then call again. */
bool la_hold_row(lua_State *L, la_state *state, la_row_shape *shape, la_chunk *chunk, int holder);
/* Pushes a Row of `shape` (borrowed) made of the `shape->count` values on top of the stack, which
 * are popped. */
void la_push_row_of_values(lua_State *L, la_state *state, la_row_shape *shape, int holder);
/* Pushes a Row, or a RowMapping, of a packed row, which the holder keeps from then on. */
void la_push_row(lua_State *L, la_state *state, la_row_shape *shape, la_packed_row *row,
                 bool mapping, int holder);
/* Pushes the RowMapping of the row at `index`. */
void la_push_row_mapping(lua_State *L, la_state *state, int index);
/* The row at `index` now has `shape` (retained), whose indexes are places among the same values. */
void la_reshape_row(lua_State *L, la_state *state, int index, la_row_shape *shape, int holder);
/* The shape of the RowMapping at `index`; NULL for anything else. */
const la_row_shape *la_row_mapping_shape(lua_State *L, int index);
/* Pushes one value of a packed row, with what Lua makes of it if the column's type asks for that.
 */
void la_push_row_value(lua_State *L, la_state *state, const la_shape_column *column,
                       const la_packed_row *row);
/* Pushes an empty Result box of the class, for the executor to fill. */
la_result *la_push_result_box(lua_State *L, la_state *state);
/* The column that the argument at `index` names in `shape`: by name, by position from 1, or by a
 * column object. Raises NoSuchColumnError, or InvalidRequestError for an ambiguous name; with
 * `or_null` gives NULL for a position past the end. */
const la_shape_column *la_check_shape_column(lua_State *L, la_row_shape *shape, int index,
                                             bool or_null);
/* Pushes the next row in the result's mode, a NULL scalar as la.null; false, and nothing pushed, at
 * the end. */
bool la_result_next(lua_State *L, la_state *state, la_result *result, int index);
/* Closes the cursor and frees the rows; `hard` says that reading on is an error. */
void la_result_close(la_result *result, bool hard);

#pragma GCC visibility pop

#endif
