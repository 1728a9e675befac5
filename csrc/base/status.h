/* SPDX-License-Identifier: MIT */
/*
 * Statuses and the error struct.
 *
 * A function that can fail returns an `la_status`: zero for success, positive for an expected
 * outcome of stepping, negative for a failure. A failing function fills the `la_error` that its
 * caller keeps on the C stack; the struct owns nothing, so a jump away from it leaks nothing. The
 * first error wins: filling an error that is already filled keeps the old one.
 */
#ifndef LA_BASE_STATUS_H
#define LA_BASE_STATUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* One row per failure: name, and the class of the error object that Lua sees. */
#define LA_FAILURES(X)                                                                             \
  X(NOMEM, "MemoryError")                                                                          \
  X(ARGUMENT, "ArgumentError")                                                                     \
  X(DUPLICATE_COLUMN, "DuplicateColumnError")                                                      \
  X(NO_FOREIGN_KEYS, "NoForeignKeysError")                                                         \
  X(AMBIGUOUS_FOREIGN_KEYS, "AmbiguousForeignKeysError")                                           \
  X(NO_SUCH_MODULE, "NoSuchModuleError")                                                           \
  X(CIRCULAR_DEPENDENCY, "CircularDependencyError")                                                \
  X(COMPILE, "CompileError")                                                                       \
  X(IDENTIFIER, "IdentifierError")                                                                 \
  X(UNSUPPORTED_COMPILATION, "UnsupportedCompilationError")                                        \
  X(INVALID_REQUEST, "InvalidRequestError")                                                        \
  X(ILLEGAL_STATE_CHANGE, "IllegalStateChangeError")                                               \
  X(NO_INSPECTION, "NoInspectionAvailable")                                                        \
  X(PENDING_ROLLBACK, "PendingRollbackError")                                                      \
  X(RESOURCE_CLOSED, "ResourceClosedError")                                                        \
  X(NO_SUCH_COLUMN, "NoSuchColumnError")                                                           \
  X(NO_RESULT, "NoResultFound")                                                                    \
  X(MULTIPLE_RESULTS, "MultipleResultsFound")                                                      \
  X(NO_REFERENCED_TABLE, "NoReferencedTableError")                                                 \
  X(NO_REFERENCED_COLUMN, "NoReferencedColumnError")                                               \
  X(NO_SUCH_TABLE, "NoSuchTableError")                                                             \
  X(UNREFLECTABLE_TABLE, "UnreflectableTableError")                                                \
  X(UNBOUND_EXECUTION, "UnboundExecutionError")                                                    \
  X(OBJECT_NOT_EXECUTABLE, "ObjectNotExecutableError")                                             \
  X(TIMEOUT, "TimeoutError")                                                                       \
  X(STATEMENT, "StatementError")                                                                   \
  X(DBAPI, "DBAPIError")                                                                           \
  X(INTERFACE, "InterfaceError")                                                                   \
  X(DATABASE, "DatabaseError")                                                                     \
  X(DATA, "DataError")                                                                             \
  X(OPERATIONAL, "OperationalError")                                                               \
  X(INTEGRITY, "IntegrityError")                                                                   \
  X(INTERNAL, "InternalError")                                                                     \
  X(PROGRAMMING, "ProgrammingError")                                                               \
  X(NOT_SUPPORTED, "NotSupportedError")                                                            \
  X(STALE_DATA, "StaleDataError")                                                                  \
  X(FLUSH, "FlushError")                                                                           \
  X(UNMAPPED, "UnmappedError")                                                                     \
  X(UNMAPPED_CLASS, "UnmappedClassError")                                                          \
  X(UNMAPPED_INSTANCE, "UnmappedInstanceError")                                                    \
  X(UNMAPPED_COLUMN, "UnmappedColumnError")                                                        \
  X(OBJECT_DEREFERENCED, "ObjectDereferencedError")                                                \
  X(OBJECT_DELETED, "ObjectDeletedError")                                                          \
  X(DETACHED_INSTANCE, "DetachedInstanceError")                                                    \
  X(LOADER_STRATEGY, "LoaderStrategyException")                                                    \
  X(UNEVALUATABLE, "UnevaluatableError")                                                           \
  X(HOST, "HostError") /* a Lua error kept by the binding, to be raised unchanged */

enum la_failure_number {
  LA_FAILURE_NUMBER_ZERO,
#define X(name, class_name) LA_FAILURE_NUMBER_##name,
  LA_FAILURES(X)
#undef X
};

typedef enum la_status {
  LA_OK = 0,
  LA_ROW = 1,  /* a step produced something */
  LA_DONE = 2, /* there is nothing more */
#define X(name, class_name) LA_##name = -(int)LA_FAILURE_NUMBER_##name,
  LA_FAILURES(X)
#undef X
} la_status;

typedef struct la_error {
  la_status status;  /* LA_OK while nothing has failed */
  int driver_code;   /* the database's primary code, 0 if it did not come from a database */
  int extended_code; /* the database's extended code */
  char code[8];      /* SQLAlchemy's short code such as "gkpj", or empty */
  char message[1000];
} la_error;

#define LA_ERROR_INIT                                                                              \
  { LA_OK, 0, 0, "", "" }

/* The same for functions that are called most: the message's bytes are not touched. */
static inline void la_error_init(la_error *err) {
  err->status = LA_OK;
  err->driver_code = err->extended_code = 0;
  err->code[0] = err->message[0] = '\0';
}

/* Fills `err` unless it is filled already or NULL; gives `status`, so that `return la_fail(…)`
 * works. A message that does not fit ends in "...". */
la_status la_fail(la_error *err, la_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;
la_status la_fail_code(la_error *err, la_status status, const char *code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;
la_status la_fail_va(la_error *err, la_status status, const char *code, const char *format,
                     va_list args);
/* Out of memory. */
la_status la_fail_nomem(la_error *err);
void la_error_clear(la_error *err);
/* The name of the Lua class of a failure, "LualchemyError" for what is none. */
const char *la_status_class(la_status status);

/* Returns a failure of `call` to the caller. */
#define LA_TRY(call)                                                                               \
  do {                                                                                             \
    la_status la_try_status_ = (call);                                                             \
    if (la_try_status_ < 0) {                                                                      \
      return la_try_status_;                                                                       \
    }                                                                                              \
  } while (0)

#pragma GCC visibility pop

#endif
