/* SPDX-License-Identifier: MIT */
/*
 * Events, and who listens.
 *
 * Listeners are kept and called by lualchemy.event; C knows how many there are of each event, so
 * that an event nobody listens to costs one comparison. Which targets a listener belongs to is
 * found by what the areas tell lualchemy.event (event.family).
 */
#ifndef LA_BINDING_EVENT_H
#define LA_BINDING_EVENT_H

#include "binding/state.h"

#pragma GCC visibility push(hidden)

/* Enumerator, identifier, family, names of the arguments, and the first argument that a listener
 * with retval = true gives back with how many they are (0: it gives nothing back). */
#define LA_EVENTS(X)                                                                               \
  X(CONNECT, "connect", POOL, "dbapi_connection connection_record", 0, 0)                          \
  X(FIRST_CONNECT, "first_connect", POOL, "dbapi_connection connection_record", 0, 0)              \
  X(CHECKOUT, "checkout", POOL, "dbapi_connection connection_record connection_proxy", 0, 0)       \
  X(CHECKIN, "checkin", POOL, "dbapi_connection connection_record", 0, 0)                          \
  X(RESET, "reset", POOL, "dbapi_connection connection_record reset_state", 0, 0)                  \
  X(INVALIDATE, "invalidate", POOL, "dbapi_connection connection_record exception", 0, 0)          \
  X(SOFT_INVALIDATE, "soft_invalidate", POOL, "dbapi_connection connection_record exception", 0,   \
    0)                                                                                             \
  X(CLOSE, "close", POOL, "dbapi_connection connection_record", 0, 0)                              \
  X(DETACH, "detach", POOL, "dbapi_connection connection_record", 0, 0)                            \
  X(CLOSE_DETACHED, "close_detached", POOL, "dbapi_connection", 0, 0)                              \
  X(BEFORE_EXECUTE, "before_execute", CONNECTION,                                                  \
    "conn clauseelement multiparams params execution_options", 2, 3)                               \
  X(AFTER_EXECUTE, "after_execute", CONNECTION,                                                    \
    "conn clauseelement multiparams params execution_options result", 0, 0)                        \
  X(BEFORE_CURSOR_EXECUTE, "before_cursor_execute", CONNECTION,                                    \
    "conn cursor statement parameters context executemany", 3, 2)                                  \
  X(AFTER_CURSOR_EXECUTE, "after_cursor_execute", CONNECTION,                                      \
    "conn cursor statement parameters context executemany", 0, 0)                                  \
  X(ENGINE_CONNECT, "engine_connect", CONNECTION, "conn", 0, 0)                                    \
  X(ENGINE_DISPOSED, "engine_disposed", CONNECTION, "engine", 0, 0)                                \
  X(SET_CONNECTION_EXECUTION_OPTIONS, "set_connection_execution_options", CONNECTION, "conn opts", \
    0, 0)                                                                                          \
  X(SET_ENGINE_EXECUTION_OPTIONS, "set_engine_execution_options", CONNECTION, "engine opts", 0, 0) \
  X(BEGIN, "begin", CONNECTION, "conn", 0, 0)                                                      \
  X(ROLLBACK, "rollback", CONNECTION, "conn", 0, 0)                                                \
  X(COMMIT, "commit", CONNECTION, "conn", 0, 0)                                                    \
  X(SAVEPOINT, "savepoint", CONNECTION, "conn name", 0, 0)                                         \
  X(ROLLBACK_SAVEPOINT, "rollback_savepoint", CONNECTION, "conn name context", 0, 0)               \
  X(RELEASE_SAVEPOINT, "release_savepoint", CONNECTION, "conn name context", 0, 0)                 \
  X(HANDLE_ERROR, "handle_error", DIALECT, "exception_context", 0, 0)                              \
  X(BEFORE_CREATE, "before_create", DDL, "target connection kw", 0, 0)                             \
  X(AFTER_CREATE, "after_create", DDL, "target connection kw", 0, 0)                               \
  X(BEFORE_DROP, "before_drop", DDL, "target connection kw", 0, 0)                                 \
  X(AFTER_DROP, "after_drop", DDL, "target connection kw", 0, 0)                                   \
  X(BEFORE_PARENT_ATTACH, "before_parent_attach", DDL, "target parent", 0, 0)                      \
  X(AFTER_PARENT_ATTACH, "after_parent_attach", DDL, "target parent", 0, 0)                        \
  X(COLUMN_REFLECT, "column_reflect", DDL, "inspector table column_info", 0, 0)                    \
  X(BEFORE_FLUSH, "before_flush", SESSION, "session flush_context instances", 0, 0)                \
  X(AFTER_FLUSH, "after_flush", SESSION, "session flush_context", 0, 0)                            \
  X(AFTER_FLUSH_POSTEXEC, "after_flush_postexec", SESSION, "session flush_context", 0, 0)          \
  X(BEFORE_COMMIT, "before_commit", SESSION, "session", 0, 0)                                      \
  X(AFTER_COMMIT, "after_commit", SESSION, "session", 0, 0)                                        \
  X(AFTER_ROLLBACK, "after_rollback", SESSION, "session", 0, 0)                                    \
  X(AFTER_SOFT_ROLLBACK, "after_soft_rollback", SESSION, "session previous_transaction", 0, 0)     \
  X(AFTER_BEGIN, "after_begin", SESSION, "session transaction connection", 0, 0)                   \
  X(AFTER_TRANSACTION_CREATE, "after_transaction_create", SESSION, "session transaction", 0, 0)    \
  X(AFTER_TRANSACTION_END, "after_transaction_end", SESSION, "session transaction", 0, 0)          \
  X(BEFORE_ATTACH, "before_attach", SESSION, "session instance", 0, 0)                             \
  X(AFTER_ATTACH, "after_attach", SESSION, "session instance", 0, 0)                               \
  X(DO_ORM_EXECUTE, "do_orm_execute", SESSION, "orm_execute_state", 0, 0)                          \
  X(AFTER_BULK_UPDATE, "after_bulk_update", SESSION, "update_context", 0, 0)                       \
  X(AFTER_BULK_DELETE, "after_bulk_delete", SESSION, "delete_context", 0, 0)                       \
  X(TRANSIENT_TO_PENDING, "transient_to_pending", SESSION, "session instance", 0, 0)               \
  X(PENDING_TO_TRANSIENT, "pending_to_transient", SESSION, "session instance", 0, 0)               \
  X(PENDING_TO_PERSISTENT, "pending_to_persistent", SESSION, "session instance", 0, 0)             \
  X(PERSISTENT_TO_TRANSIENT, "persistent_to_transient", SESSION, "session instance", 0, 0)         \
  X(LOADED_AS_PERSISTENT, "loaded_as_persistent", SESSION, "session instance", 0, 0)               \
  X(PERSISTENT_TO_DELETED, "persistent_to_deleted", SESSION, "session instance", 0, 0)             \
  X(PERSISTENT_TO_DETACHED, "persistent_to_detached", SESSION, "session instance", 0, 0)           \
  X(DELETED_TO_PERSISTENT, "deleted_to_persistent", SESSION, "session instance", 0, 0)             \
  X(DELETED_TO_DETACHED, "deleted_to_detached", SESSION, "session instance", 0, 0)                 \
  X(DETACHED_TO_PERSISTENT, "detached_to_persistent", SESSION, "session instance", 0, 0)           \
  X(INSTRUMENT_CLASS, "instrument_class", MAPPER, "mapper class_", 0, 0)                           \
  X(AFTER_MAPPER_CONSTRUCTED, "after_mapper_constructed", MAPPER, "mapper class_", 0, 0)           \
  X(BEFORE_MAPPER_CONFIGURED, "before_mapper_configured", MAPPER, "mapper class_", 0, 0)           \
  X(MAPPER_CONFIGURED, "mapper_configured", MAPPER, "mapper class_", 0, 0)                         \
  X(BEFORE_CONFIGURED, "before_configured", MAPPER, "registry", 0, 0)                              \
  X(AFTER_CONFIGURED, "after_configured", MAPPER, "registry", 0, 0)                                \
  X(BEFORE_INSERT, "before_insert", MAPPER, "mapper connection target", 0, 0)                      \
  X(AFTER_INSERT, "after_insert", MAPPER, "mapper connection target", 0, 0)                        \
  X(BEFORE_UPDATE, "before_update", MAPPER, "mapper connection target", 0, 0)                      \
  X(AFTER_UPDATE, "after_update", MAPPER, "mapper connection target", 0, 0)                        \
  X(BEFORE_DELETE, "before_delete", MAPPER, "mapper connection target", 0, 0)                      \
  X(AFTER_DELETE, "after_delete", MAPPER, "mapper connection target", 0, 0)                        \
  X(INIT, "init", INSTANCE, "target args kwargs", 0, 0)                                            \
  X(INIT_FAILURE, "init_failure", INSTANCE, "target args kwargs", 0, 0)                            \
  X(LOAD, "load", INSTANCE, "target context", 0, 0)                                                \
  X(REFRESH, "refresh", INSTANCE, "target context attrs", 0, 0)                                    \
  X(REFRESH_FLUSH, "refresh_flush", INSTANCE, "target flush_context attrs", 0, 0)                  \
  X(EXPIRE, "expire", INSTANCE, "target attrs", 0, 0)                                              \
  X(APPEND, "append", ATTRIBUTE, "target value initiator key", 2, 1)                               \
  X(REMOVE, "remove", ATTRIBUTE, "target value initiator key", 0, 0)                               \
  X(SET, "set", ATTRIBUTE, "target value oldvalue initiator", 2, 1)                                \
  X(BULK_REPLACE, "bulk_replace", ATTRIBUTE, "target values initiator keys", 0, 0)                 \
  X(APPEND_WO_MUTATION, "append_wo_mutation", ATTRIBUTE, "target value initiator key", 0, 0)       \
  X(MODIFIED, "modified", ATTRIBUTE, "target initiator", 0, 0)                                     \
  X(INIT_SCALAR, "init_scalar", ATTRIBUTE, "target value dict_", 2, 1)                             \
  X(INIT_COLLECTION, "init_collection", ATTRIBUTE, "target collection collection_adapter", 0, 0)   \
  X(DISPOSE_COLLECTION, "dispose_collection", ATTRIBUTE, "target collection collection_adapter",   \
    0, 0)                                                                                          \
  X(BEFORE_COMPILE, "before_compile", QUERY, "query", 1, 1)                                        \
  X(BEFORE_COMPILE_UPDATE, "before_compile_update", QUERY, "query update_context", 1, 1)           \
  X(BEFORE_COMPILE_DELETE, "before_compile_delete", QUERY, "query delete_context", 1, 1)           \
  X(CLASS_INSTRUMENT, "class_instrument", INSTRUMENTATION, "cls", 0, 0)                            \
  X(CLASS_UNINSTRUMENT, "class_uninstrument", INSTRUMENTATION, "cls", 0, 0)                        \
  X(ATTRIBUTE_INSTRUMENT, "attribute_instrument", INSTRUMENTATION, "cls key inst", 0, 0)

typedef enum la_event {
#define X(name, identifier, family, arguments, first, count) LA_EVENT_##name,
  LA_EVENTS(X)
#undef X
      LA_EVENT_COUNT
} la_event;

/* True if somebody listens to `event`, on whatever target. */
static inline bool la_event_has(const la_state *state, la_event event) {
  return state->listeners[event] != 0;
}
/* True if an event of `target` reaches a listener: asks lualchemy.event. May raise. */
bool la_event_reaches(lua_State *L, la_state *state, la_event event, int target);
/* lua_pcall of a function of the program that can't yield here: where it tries, the error says so.
 */
int la_call_program(lua_State *L, int arguments, int results);
/* The same as lua_call: raises. */
void la_run_program(lua_State *L, int arguments, int results);
/* Calls the listeners of `event` for the target at `target` with the `count` values on top of the
 * stack as arguments, and leaves there as many, replaced where listeners with retval = true gave
 * back others. Costs nothing when nobody listens. May raise; may not yield. */
void la_event_fire(lua_State *L, la_state *state, la_event event, int target, int count);

#pragma GCC visibility pop

#endif
