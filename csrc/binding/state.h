/* SPDX-License-Identifier: MIT */
/*
 * What the binding keeps per Lua state.
 *
 * One userdata without a finalizer, anchored in the registry for the life of the Lua state, so its
 * memory is valid in every other finalizer, also at lua_close. Every C function of ours has it as
 * its first upvalue: `la_state_of(L)` is one call. No C statics: several Lua states live side by
 * side.
 */
#ifndef LA_BINDING_STATE_H
#define LA_BINDING_STATE_H

#include <lauxlib.h>
#include <lua.h>

#include "engine/failed.h"
#include "sql/expr.h"

#pragma GCC visibility push(hidden)

/* Our classes of userdata: enumerator, `__name`, parent whose methods it has too (or NONE). */
#define LA_BOX_CLASSES(X)                                                                          \
  X(NONE, "", NONE)                                                                                \
  X(TYPE, "lualchemy.Type", NONE)                                                                  \
  X(METADATA, "lualchemy.MetaData", NONE)                                                          \
  X(TABLE, "lualchemy.Table", FROM)   /* holds the TABLE node */                                   \
  X(COLUMN, "lualchemy.Column", EXPR) /* holds la_column, and its node once attached */            \
  X(CONSTRAINT, "lualchemy.Constraint", NONE)                                                      \
  X(INDEX, "lualchemy.Index", NONE)                                                                \
  X(COLUMNS, "lualchemy.ColumnCollection", NONE) /* table.c */                                     \
  X(EXPR, "lualchemy.ColumnElement", NONE)       /* any expression node */                         \
  X(FROM, "lualchemy.FromClause", NONE)          /* alias, subquery, CTE, join */                  \
  X(CLAUSE, "lualchemy.ClauseElement", NONE)     /* nodes that are neither: prefixes, options */   \
  X(SELECT, "lualchemy.Select", NONE)            /* SELECT, COMPOUND, TEXTUAL */                   \
  X(TEXT, "lualchemy.TextClause", EXPR)                                                            \
  X(INSERT, "lualchemy.Insert", NONE)                                                              \
  X(UPDATE, "lualchemy.Update", NONE)                                                              \
  X(DELETE, "lualchemy.Delete", NONE)                                                              \
  X(QUERY, "lualchemy.Query", NONE) /* a SELECT with a session */                                  \
  X(FUNC, "lualchemy.func", NONE)   /* la.func and its packages */                                 \
  X(COMPILED, "lualchemy.Compiled", NONE)                                                          \
  X(DIALECT, "lualchemy.Dialect", NONE)                                                            \
  X(ENGINE, "lualchemy.Engine", NONE)                                                              \
  X(CONNECTION, "lualchemy.Connection", NONE)                                                      \
  X(TRANSACTION, "lualchemy.Transaction", NONE)                                                    \
  X(BLOB, "lualchemy.Blob", NONE)                                                                  \
  X(BACKUP, "lualchemy.Backup", NONE)                                                              \
  X(RESULT, "lualchemy.Result",                                                                    \
    NONE) /* also ScalarResult and MappingResult: a mode in the struct */                          \
  X(ROW, "lualchemy.Row", NONE)                                                                    \
  X(ROW_MAPPING, "lualchemy.RowMapping", NONE)                                                     \
  X(REGISTRY, "lualchemy.registry", NONE)                                                          \
  X(MAPPER, "lualchemy.Mapper", NONE)                                                              \
  X(ATTRIBUTE, "lualchemy.InstrumentedAttribute",                                                  \
    EXPR) /* Class.name: ATTRIBUTE or RELATIONSHIP node */                                         \
  X(RELATIONSHIP, "lualchemy.RelationshipAttribute",                                               \
    EXPR)                                   /* Class.addresses: RELATIONSHIP node */               \
  X(ENTITY, "lualchemy.AliasedClass", NONE) /* aliased(Class): ENTITY node */                      \
  X(SESSION, "lualchemy.Session", NONE)                                                            \
  X(SESSION_TRANSACTION, "lualchemy.SessionTransaction", NONE)                                     \
  X(COLLECTION, "lualchemy.InstrumentedList", NONE)                                                \
  X(INSTANCE_STATE, "lualchemy.InstanceState", NONE)                                               \
  X(LOADER_OPTION, "lualchemy.LoaderOption", NONE)                                                 \
  X(DECIMAL, "lualchemy.Decimal", NONE) /* an exact number, its text inside: see values.h */       \
  X(SCRATCH, "lualchemy.scratch", NONE) /* memory that must not outlive an error: see box.h */     \
  X(PAGE, "lualchemy.page", NONE)       /* owns the nodes of other boxes: see page.h */

typedef enum la_box_class {
#define X(name, lua_name, parent) LA_BOX_##name,
  LA_BOX_CLASSES(X)
#undef X
      LA_BOX_CLASS_COUNT
} la_box_class;

/* How many bytes the basic types of a state need, generously: la_state_open fails when they don't
 * fit. */
#define LA_STATE_FIXED_BYTES 6144

/* Scratches kept for the next call, and the bytes of each. */
#define LA_LENT_SCRATCHES 4
#define LA_LENT_BYTES     384

typedef struct la_state la_state;

/* Which instance each handle of a mapped object stands for, see handle.h. */
typedef struct la_handles {
  uintptr_t *places;
  uint32_t size, used; /* places there are, and have been in use: from 1 on */
  uint32_t free;       /* the first of those to be used again, or 0 */
  uint32_t serial;     /* of the last handle */
  uint32_t turn;       /* of what the watch looks at */
  bool has_lost;       /* some places are marked so */
  int watch;           /* registry reference: the watch's metatable */
  bool closed;
} la_handles;

struct la_state {
  la_allocator alloc;
  la_basic_types types;
  la_sql sql;                         /* &alloc, &types, &warnings */
  la_warnings warnings;               /* waiting to be told, see warning.h */
  la_failed_statement failed;         /* the last that a load sent in vain, see orm_raise.c */
  int metatables[LA_BOX_CLASS_COUNT]; /* registry references, 0 while not registered */
  int methods[LA_BOX_CLASS_COUNT];    /* likewise: the methods that `__index` reads */
  /* Node of a box of the class, lent, where it is not simply the box's object: set by
   * la_register_node_getter. NONE: of a Lua table (a mapped class). */
  la_node *(*node_of[LA_BOX_CLASS_COUNT])(lua_State *L, la_state *state, int index);
  int core;  /* registry reference: the core table */
  int hosts; /* registry reference: weak table number → Lua value, see host.h */
  int known; /* registry reference: weak table address → the one box for it, see box.h */
  int hooks; /* registry reference: table of Lua functions that Lua modules register for C, by name
              */
  int homes; /* registry reference: sequence of the beginnings of our own chunks' names, see raise.h
              */
  int nomem; /* registry reference: the error object for out of memory, made ahead */
  int kept;  /* registry reference: the error in flight, see la_keep_error */
  lua_State *callbacks; /* a thread anchored in the registry, on which the database's calls run;
                           NULL before the first function is made */
  int pages;   /* registry reference: weak table of the page that new boxes go to, see page.h */
  int recent;  /* registry reference: weak table of boxes, see recent.h */
  int spare;   /* registry reference: an empty page made ahead, or false */
  size_t told; /* bytes of `alloc` that the collector was told of last, see collector.h */
  int lent[LA_LENT_SCRATCHES]; /* registry references: scratches to be borrowed, see box.h … */
  int lent_count;              /* … the first ones; the others hold false */
  int moments[3]; /* registry references: metatables of dates, times, datetimes, see values.h */
  int list;       /* registry reference: metatable of lists */
  int objects;    /* registry reference: weak tables of handles, by their places, see handle.h */
  int extras;     /* registry reference: weak table thin handle → its table; 0 before the first */
  la_handles handles;
  int classes; /* registry reference: weak table address of a mapper → metatable of its objects, see
                  orm.h */
  const char *calling;   /* the method that C calls on behalf of the program, for messages; NULL.
                            Borrowed while the call runs */
  int calling_self;      /* 1 if that call's first argument is a self, which messages don't count */
  bool configure_wanted; /* some registry has relationships that are not configured */
  int64_t next_host;
  uint32_t sessions; /* made so far: their numbers in messages */
  int session_boxes; /* registry reference: weak table place → box of a session, or the next free
                        place; see orm_session_new.c */
  uint32_t session_places, session_free; /* how many there have been; the first to be used again */
  uint32_t *listeners;  /* how many listen to each la_event; memory of the registry, see event.h */
  uint32_t event_round; /* raised whenever somebody begins or ends to listen */
  bool opened;
  /* The basic types lie here, since they must outlive every finalizer. */
  la_allocator fixed;
  size_t fixed_used;
  int64_t fixed_memory[LA_STATE_FIXED_BYTES / sizeof(int64_t)];
};

/* The state of the function that runs: its first upvalue. */
static inline la_state *la_state_of(lua_State *L) {
  return (la_state *)lua_touserdata(L, lua_upvalueindex(1));
}
/* The state of `L` through the registry, made if it is not there: for luaopen and
 * lualchemy_pushengine. May raise. */
la_state *la_state_open(lua_State *L);
/* The same without making it; NULL if it is not there. Never raises, leaves the stack as it is. */
la_state *la_state_find(lua_State *L);
/* luaL_setfuncs with the state as only upvalue; the table is on top of the stack. */
void la_set_functions(lua_State *L, const luaL_Reg *functions);
/* Pushes the Lua function that a Lua module registered under `name` (lualchemy.core.hook(name,
 * function)); raises if it is missing. */
void la_push_hook(lua_State *L, la_state *state, const char *name);
/* The same, but pushes nothing and gives false if it is missing. */
bool la_push_hook_if(lua_State *L, la_state *state, const char *name);

#pragma GCC visibility pop

#endif
