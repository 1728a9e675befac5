/* SPDX-License-Identifier: MIT */
/*
 * Insides of a flush.
 *
 * A flush works on records, one per object, found from the object by `set_index` while it is
 * FLUSHING. Files: flush.c (life, undo), flush_work.c (memory), flush_gather.c (which objects,
 * which foreign keys), flush_sort.c and flush_graph.c (actions in order), flush_run.c (steps of a
 * batch), persist_plan.c (statements), persist.c, persist_delete.c, persist_table.c, persist_post.c
 * (rows of mapped tables), persist_link.c (rows of secondary tables), sync.c (foreign keys).
 */
#ifndef LA_ORM_FLUSH_INTERNAL_H
#define LA_ORM_FLUSH_INTERNAL_H

#include "base/toposort.h"
#include "engine/cursor.h"
#include "orm/cascade.h"
#include "orm/flush.h"
#include "orm/instance_internal.h"
#include "orm/link.h"
#include "orm/session_internal.h"

#pragma GCC visibility push(hidden)

#define LA_FLUSH_NONE UINT32_MAX

typedef enum la_record_op { LA_RECORD_LISTED, LA_RECORD_SAVE, LA_RECORD_DELETE } la_record_op;

enum la_record_flag {
  LA_RECORD_SAVE_SCANNED = 1,
  LA_RECORD_DELETE_SCANNED = 2,
  LA_RECORD_CASCADES = 4,    /* its deletion was found by the flush: it cascades from here */
  LA_RECORD_QUEUED = 8,      /* waits to be scanned */
  LA_RECORD_ROW_SWITCH = 16, /* new, but takes over the row of a deleted object */
  LA_RECORD_REPLACED = 32,   /* deleted, but its row is taken over */
  LA_RECORD_INSERTS = 64,    /* its rows are inserted, not updated */
  LA_RECORD_CHANGED = 128,   /* an UPDATE of it has something to set */
  LA_RECORD_KEY_CHANGED = 256,
  LA_RECORD_VERSION_READ = 1024, /* its version has been asked for */
  LA_RECORD_WRITTEN = 512        /* its rows have what the slots have */
};

typedef struct la_flush_record {
  la_instance *instance; /* pinned */
  uint32_t unit;
  uint32_t first_sync;    /* of flush->syncs, chained */
  uint32_t first_fetched; /* of flush->fetched, chained */
  uint32_t replaces;      /* ROW_SWITCH: the record whose row it takes over */
  uint32_t node;  /* of the graph, for objects of cycles: their save; the delete's follows */
  uint16_t flags; /* la_record_flag */
  uint8_t op;     /* la_record_op */
} la_flush_record;

/* A foreign key of a record's object is to be copied from `parent`, or cleared. */
typedef struct la_flush_sync {
  la_relationship *relationship;
  la_instance *parent; /* NULL or `clear`: the key becomes NULL */
  uint32_t next;
  bool clear;
} la_flush_sync;

/* A row of a secondary table comes or goes. */
typedef struct la_flush_pair {
  la_relationship *relationship;
  la_instance *owner, *other;
  bool add;
  bool of_delete; /* because the owner is deleted */
} la_flush_pair;

typedef struct la_flush_unit {
  const la_mapper *root; /* the top of the hierarchy */
  bool cyclic;
  bool has_deletes;
  uint32_t component;
  uint32_t save, save_end, delete,
      delete_end; /* nodes; begin and end are one node if the unit is not cyclic */
} la_flush_unit;

typedef enum la_node_action {
  LA_ACTION_DELETE_UNIT,
  LA_ACTION_DELETE_RECORD,
  LA_ACTION_POST_UPDATE,
  LA_ACTION_PAIRS_OF_DELETES,
  LA_ACTION_PAIRS,
  LA_ACTION_NOTHING,
  LA_ACTION_SAVE_UNIT,
  LA_ACTION_SAVE_RECORD
} la_node_action;

typedef struct la_flush_node {
  la_node_action action;
  uint32_t unit;
  uint32_t subject; /* a record, or the number of a relationship */
} la_flush_node;

/* How to put a slot back. */
typedef struct la_flush_undo {
  la_instance *instance;
  uint32_t slot;
  bool revert;  /* the history has the old value */
  la_value old; /* otherwise; bytes are the log's */
} la_flush_undo;

/* A slot that a default or RETURNING has filled, for listeners of refresh_flush. */
typedef struct la_flush_fetched {
  uint32_t slot;
  uint32_t next;
} la_flush_fetched;

typedef struct la_flush_expire {
  la_instance *instance;
  uint32_t slot;
} la_flush_expire;

typedef LA_VEC(uint32_t) la_numbers;

/* Where the row of a record goes: the session's bind, and the object's identity token. */
typedef struct la_flush_place {
  uint32_t bind, token;
} la_flush_place;

/* How the rows of one table come from the objects of one mapper; in the flush's lasting arena. */
typedef struct la_table_map {
  struct la_table_map *next;
  la_mapper *mapper; /* retained */
  la_table *table;
  uint32_t mapper_version, table_version; /* of the facts in it */
  uint32_t count;                         /* columns */
  la_property **properties;               /* by ordinal; NULL: not mapped */
  uint32_t depth;                         /* in the chain of inheritance: 0 is the root's table */
  la_property *autoincrement;             /* whose value is the last insert id, or NULL */
  uint8_t *shape;                         /* scratch: la_cell of each column */
  bool *keys;                             /* scratch: compared in the WHERE */
  bool *primary;                          /* the columns of the table's key */
  bool completes_key;   /* the last table of the root: objects have their keys with its row */
  bool follows_key;     /* the database changes its keys with those of the base table */
  bool passive_deletes; /* the database deletes its rows with those of the base table */
  bool may_expire;      /* some column has a default that the database evaluates */
} la_table_map;

/* A row at hand: what its statement must know beside the shape of its map. */
typedef struct la_persist_row {
  la_flush_record *record;
  la_instance *instance;
  la_table_map *map;
  const la_value *version; /* what its row has as version; NULL: as la_persist_row_value says */
  bool has_expressions, returns, sets;
} la_persist_row;

/* What a statement does with a column. */
typedef enum la_cell { LA_CELL_OMITTED, LA_CELL_VALUE, LA_CELL_EXPR, LA_CELL_RETURNED } la_cell;

typedef enum la_plan_kind {
  LA_PLAN_INSERT,
  LA_PLAN_UPDATE,
  LA_PLAN_DELETE,
  LA_PLAN_INSERT_PAIR,
  LA_PLAN_DELETE_PAIR
} la_plan_kind;

/* A statement of a shape, ready to be bound. Counted; kept in the engine's cache. */
typedef struct la_persist_plan {
  la_object object;
  la_allocator *alloc;
  la_arena arena;
  la_object *mapper;     /* retained: stands in the key by address */
  la_node *statement;    /* retained: constants may lie in it */
  la_compiled *compiled; /* retained */
  uint32_t count;        /* placeholders */
  uint32_t *sources;   /* of each: the ordinal of a column, LA_SOURCE_KEY + ordinal (a value of the
                          WHERE), or LA_SOURCE_OTHER */
  la_value *constants; /* of LA_SOURCE_OTHER */
} la_persist_plan;

/* Whether new rows of the plan in use go LA_ROWS_TOGETHER in one statement (persist_many.c). */
typedef enum la_together { LA_TOGETHER_UNKNOWN, LA_TOGETHER_YES, LA_TOGETHER_NO } la_together;

#define LA_SOURCE_KEY   0x10000u
#define LA_SOURCE_OTHER 0x20000u

typedef enum la_flush_stage {
  LA_STAGE_BEGIN,
  LA_STAGE_BEFORE,
  LA_STAGE_DEFAULTS,
  LA_STAGE_ROWS,
  LA_STAGE_FETCHED,
  LA_STAGE_AFTER,
  LA_STAGE_END
} la_flush_stage;

/* The vectors of a flush. */
#define LA_FLUSH_VECTORS(X)                                                                        \
  X(records)                                                                                       \
  X(syncs)                                                                                         \
  X(pairs)                                                                                         \
  X(relationships)                                                                                 \
  X(undo)                                                                                          \
  X(expires)                                                                                       \
  X(fetched)                                                                                       \
  X(switches)                                                                                      \
  X(queue)                                                                                         \
  X(added)                                                                                         \
  X(removed)                                                                                       \
  X(units)                                                                                         \
  X(nodes)                                                                                         \
  X(order)                                                                                         \
  X(levels)                                                                                        \
  X(batch)                                                                                         \
  X(alone)                                                                                         \
  X(tables)                                                                                        \
  X(places)                                                                                        \
  X(values)

/* The rows that follow one that is about to be sent, for who listens (persist_told.c). */
typedef struct la_rows_ahead la_rows_ahead;
struct la_rows_ahead {
  /* The values for the plan in use of the next row that it sends; LA_DONE if what follows is sent
   * otherwise, or not known yet. Moves on. */
  la_status (*next)(la_flush *flush, la_rows_ahead *ahead, la_value *out, la_error *err);
  const void *of;            /* what the row at hand is a row of: its record or pair */
  size_t at;                 /* its place in the batch, or among the pairs */
  const la_persist_row *row; /* of a table: it, whose map is lent to those that follow */
  const void *context;       /* its own */
};

struct la_flush {
  la_object object;
  la_session *session; /* retained */
  uint32_t level;      /* serial of the level that it began in */
  la_allocator *alloc;
  la_arena arena;
  la_map pairs_seen; /* of relationships with a reverse */
  /* gathering */
  size_t queue_at;
  uint32_t link_at;
  bool asked;     /* the link at hand has been asked for */
  uint32_t place; /* the bind at hand */
  /* running */
  size_t order_at, level_at;
  la_flush_node batch_node;
  size_t alone_at;
  la_flush_stage stage;
  size_t at; /* in the batch */
  uint32_t column;
  size_t table_at;
  bool in_batch;
  la_connection *connection; /* lent by the session */
  la_cursor cursor;
  la_together together;
  la_arena told;        /* what listeners were told of is going to be sent: values of rows … */
  const void **told_of; /* … and what each is of, from the row that comes next on */
  uint32_t told_left;   /* so many of them have not been sent */
  int64_t changes, insert_id; /* of the row sent last, if it was told */
  la_value row_version;       /* of the row that a post_update is at */
  bool has_row_version;
  la_arena scratch;      /* bytes of the row at hand */
  la_value *converted;   /* answers of CONVERT for the row at hand, by ordinal; LA_SLOT_LOADED tells
                            which */
  la_node **expressions; /* answers of EXPRESSION, by ordinal; retained */
  uint32_t answer_room;
  la_flush_step_kind waiting; /* for la_flush_supply */
  la_instance *waiting_instance;
  uint32_t waiting_slot; /* DEFAULT: the slot; CONVERT, EXPRESSION: the column's ordinal */
  bool is_waiting;
  bool sent; /* statements have run */
  bool failed, finished, reserved;
  la_text failed_text;
  la_value *failed_values;
  uint32_t failed_count;
  /* From here on memory outlives the flush, see flush_work.c. What its statements are made of: */
  la_arena lasting;
  la_table_map *maps; /* all made so far */
  uint32_t map_count;
  la_mapper *tables_of;  /* whose `tables` are, if the batch has one mapper */
  la_persist_plan *plan; /* what `cursor` runs; retained */
  uint8_t *plan_shape;   /* its shape, and whose */
  size_t plan_shape_room;
  la_table_map *plan_map;
  la_plan_kind plan_kind;
  bool plan_translated; /* by a map of schemas */
  /* Vectors: what takes part */
  LA_VEC(la_flush_record) records;
  LA_VEC(la_flush_sync) syncs;
  LA_VEC(la_flush_pair) pairs;
  LA_VEC(la_relationship *) relationships; /* that have pairs or order things */
  LA_VEC(la_flush_undo) undo;
  LA_VEC(la_flush_expire) expires;
  LA_VEC(la_flush_fetched) fetched;
  LA_VEC(la_key_switch *) switches;
  la_numbers queue;
  la_instances added, removed; /* scratch */
  /* order */
  LA_VEC(la_flush_unit) units;
  LA_VEC(la_flush_node) nodes;
  la_numbers order;  /* nodes */
  la_numbers levels; /* where each level of `order` begins */
  /* running */
  la_numbers batch; /* records, or pairs */
  la_numbers alone; /* records that go one at a time, each as a batch: mapper->batch is off */
  LA_VEC(la_table *) tables;     /* of the batch, base tables first */
  LA_VEC(la_flush_place) places; /* of a routed session: of each record; those that are known */
  LA_VEC(la_value) values;
};

/* An empty flush, the engine's kept one if there is one; NULL when out of memory. */
la_flush *la_flush_take(la_session *session);
/* The end of a flush whose records are unpinned: its memory is kept with the engine, if it was
 * `well` done, or freed. */
void la_flush_give_back(la_flush *flush, bool well);

/* The record of an object that takes part, made if need be; NULL if it is not in the session, or
 * out of memory (`err` is filled then). */
la_flush_record *la_flush_register(la_flush *flush, la_instance *instance, la_record_op op,
                                   bool cancel_delete, la_error *err);
static inline la_flush_record *la_flush_record_of(const la_flush *flush,
                                                  const la_instance *instance) {
  return instance->flags & LA_INSTANCE_FLUSHING && instance->session == flush->session
             ? &flush->records.items[instance->set_index]
             : NULL;
}
/* Writes a slot for the time of the flush; la_flush_undo_all puts it back. */
la_status la_flush_write(la_flush *flush, la_instance *instance, uint32_t slot,
                         const la_value *value, la_error *err);
/* The same for a value that the flush fetches: noted where listeners of refresh_flush want it. */
la_status la_flush_write_fetched(la_flush *flush, la_instance *instance, uint32_t slot,
                                 const la_value *value, la_error *err);
la_status la_flush_expire_later(la_flush *flush, la_instance *instance, uint32_t slot,
                                la_error *err);
/* flush_place.c. Asks for the place of each object; LA_ROW with a step, LA_OK when all are known.
 */
la_status la_flush_ask_places(la_flush *flush, la_flush_step *step_out, la_error *err);
/* The identity token that the record's object has, or gets. */
uint32_t la_flush_token(const la_flush *flush, const la_flush_record *record);
/* Whether all records of the batch go to one bind. */
bool la_flush_has_one_place(const la_flush *flush);
/* Goes on at the bind of `record`, NULL: the one at which the flush has been; true if it is another
 * than before, whose statement is closed then. */
bool la_flush_go_to(la_flush *flush, const la_flush_record *record);
/* What of a failure: memory is as before, the session inactive. Gives `status`. */
la_status la_flush_fail(la_flush *flush, la_status status, la_error *err);
/* Fills `order` and `levels` from the nodes and `edges`. LA_CIRCULAR_DEPENDENCY. */
la_status la_flush_take_levels(la_flush *flush, const la_edge *edges, size_t edge_count,
                               la_error *err);
/* Stably sorts `count` numbers; `before` says if a must stand before b. Work memory from the
 * flush's allocator. */
la_status la_flush_merge_sort(la_flush *flush, uint32_t *numbers, size_t count,
                              int (*compare)(const la_flush *, uint32_t, uint32_t), la_error *err);

/* Copies the foreign keys of a record's object from its parents. */
la_status la_flush_sync_record(la_flush *flush, la_flush_record *record, la_error *err);
/* The value that a sync pair's source has on `instance`; false if it has none. */
bool la_sync_source(const la_instance *instance, const la_column *column, la_value *out);

/* The map of `table` for `mapper`; `*out` NULL if it is none of the mapper's tables. */
la_status la_flush_table_map(la_flush *flush, la_mapper *mapper, la_table *table,
                             la_table_map **out, la_error *err);
/* Makes flush->tables for the records of the batch. */
la_status la_flush_batch_tables(la_flush *flush, la_error *err);
/* The property whose slot gives `column` of a table of `mapper`'s chain, foreign keys of
 * inheritance followed. */
la_property *la_persist_property(const la_mapper *mapper, const la_column *column);

/* The statement for `map`->shape, or for a secondary table's pair; kept as flush->plan with its
 * cursor. */
la_status la_persist_use_plan(la_flush *flush, la_plan_kind kind, la_table_map *map, la_error *err);
la_status la_persist_use_pair_plan(la_flush *flush, la_plan_kind kind,
                                   la_relationship *relationship, la_error *err);
/* The same for a row that has expressions, by ordinal; not kept beyond the row. */
la_status la_persist_use_expressions(la_flush *flush, la_plan_kind kind, la_table_map *map,
                                     la_node *const *expressions, la_error *err);
/* Runs flush->plan with flush->values; LA_ROW if a row came back (flush->cursor has it), LA_OK. */
la_status la_persist_execute(la_flush *flush, la_rows_ahead *ahead, la_error *err);
/* The same where somebody listens: what is sent is what they want sent. */
la_status la_persist_execute_told(la_flush *flush, la_rows_ahead *ahead, la_error *err);
/* Whether the row at hand was, or is going to be, told to listeners. */
bool la_persist_is_told(const la_flush *flush);
/* Keeps what failed for the error object. */
void la_persist_note_failure(la_flush *flush, la_text text, const la_value *values, size_t count);
/* Rows changed by the last statement; its last insert id. */
int64_t la_persist_changes(const la_flush *flush);
int64_t la_persist_insert_id(const la_flush *flush);
void la_persist_close(la_flush *flush);
/* The same at the end of a flush: the plan stays for the next, unless maps of schemas have to do
 * with it. */
void la_persist_end(la_flush *flush);

/* Forgets the answers for the row at hand. */
void la_flush_clear_answers(la_flush *flush);
/* The database's form of `value` of `property`; `out` may borrow. */
la_status la_persist_bind(la_flush *flush, const la_property *property, const la_value *value,
                          la_value *out, la_error *err);
/* The connection, taken at the first statement. */
la_status la_persist_connect(la_flush *flush, la_error *err);
/* LA_ROW with a step, or LA_OK when the batch has nothing left of the kind. */
la_status la_persist_defaults(la_flush *flush, la_flush_step *step_out, la_error *err);
la_status la_persist_save_rows(la_flush *flush, la_flush_step *step_out, la_error *err);
la_status la_persist_delete_rows(la_flush *flush, la_error *err);
/* Whether the column comes back with the row: a key that an expression of the program's makes in an
 * INSERT does, since the object must have it. */
static inline bool la_cell_is_returned(uint8_t cell, const la_column *column, bool is_insert) {
  return cell == LA_CELL_RETURNED || (is_insert && cell == LA_CELL_EXPR && column->primary_key);
}
/* Whether statements of this session on `table` may have RETURNING. */
bool la_persist_returns(const la_flush *flush, const la_table *table);
/* Takes the statement for the row's shape; fills in its values. */
la_status la_persist_use_row(la_flush *flush, la_plan_kind kind, la_persist_row *r, la_error *err);
la_status la_persist_fill(la_flush *flush, const la_persist_row *r, la_error *err);
/* The second without clearing what rows before have left in the flush's scratch. */
la_status la_persist_fill_row(la_flush *flush, const la_persist_row *r, la_value *out,
                              la_error *err);
/* The values of the row that the record at place `at` of the batch inserts; LA_DONE unless it is by
 * the plan in use, as `first` was, and nobody has to be asked for a value of it. */
la_status la_persist_fill_insert(la_flush *flush, const la_persist_row *first, size_t at,
                                 la_value *out, la_error *err);
/* Inserts rows of the batch behind `r`, which was the last one, many by one statement, as far as
 * they can go together; the batch goes on behind them. */
la_status la_persist_insert_behind(la_flush *flush, const la_persist_row *r, la_error *err);
/* What the row of the record's object has in the column of a slot at this point of the flush; false
 * if that is not known. */
bool la_persist_row_value(const la_flush *flush, const la_flush_record *record, uint32_t slot,
                          la_value *out);
/* The next version of a row that is inserted, or changed; LA_ROW with a step where Lua makes it. */
la_status la_persist_version_up(la_flush *flush, const la_flush_record *record, bool inserts,
                                la_flush_step *step_out, la_error *err);
/* Adds what each UPDATE of the row's table sets or returns to the columns that map->shape names. */
void la_persist_complete_update(const la_flush *flush, la_persist_row *r);
/* Sends it, then. */
la_status la_persist_send_update(la_flush *flush, la_persist_row *r, la_rows_ahead *ahead,
                                 la_error *err);
/* Foreign keys of the relationship of the node at hand: writes them into the slots of the objects,
 * which become the batch; then into their rows. */
la_status la_persist_gather_post_updates(la_flush *flush, la_error *err);
la_status la_persist_post_updates(la_flush *flush, la_flush_step *step_out, la_error *err);
la_status la_persist_pairs(la_flush *flush, la_error *err);

/* Whether a new object has been given the value in `slot`, so that no default takes its place. A
 * nil counts only where the type says so (evaluates_none). */
static inline bool la_slot_is_given(const la_property *property, const la_value *slot) {
  if (!(slot->flags & LA_SLOT_LOADED)) {
    return false;
  }
  const la_type *type = property->column != NULL ? property->column->type : NULL;
  return slot->kind != LA_VALUE_NULL || (type != NULL && type->flags & LA_TYPE_EVALUATES_NONE);
}

#pragma GCC visibility pop

#endif
