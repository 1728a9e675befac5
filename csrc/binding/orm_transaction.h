/* SPDX-License-Identifier: MIT */
/*
 * Levels of a session's transaction, as Lua sees them: the SessionTransaction of each, its end, and
 * the listeners on the way.
 */
#ifndef LA_BINDING_ORM_TRANSACTION_H
#define LA_BINDING_ORM_TRANSACTION_H

#include "binding/orm_session.h"

#pragma GCC visibility push(hidden)

typedef struct la_transaction_box {
  la_box box;
  uint32_t depth;  /* how many levels there were with it: 1 is the outermost */
  uint32_t serial; /* of the level */
  la_session_origin origin;
  bool runs;              /* the function that it was begun with runs */
  uint32_t outer_context; /* the session's before that */
} la_transaction_box;

/* Pushes the SessionTransaction of the level at `depth`, the same each time; `index`: the session's
 * box. */
void la_push_transaction(lua_State *L, la_state *state, int index, uint32_t depth);
/* Pushes the transaction that a flush is in itself, as events show it. */
void la_push_subtransaction(lua_State *L, la_state *state, int index);
/* Raises IllegalStateChangeError if `method` is called from a listener of a change of state. */
void la_session_check_change(lua_State *L, la_session *session, const char *method);
/* Commits the levels from the innermost to the one at `depth`: before_commit, flush, database,
 * after_commit, objects, after_transaction_end. */
void la_session_commit_to(lua_State *L, la_state *state, int index, uint32_t depth);
/* Rolls the level at `depth` back, and those inside of it. */
void la_session_rollback_to(lua_State *L, la_state *state, int index, uint32_t depth);
/* Listeners of pools and engines hear that the session has taken its connection … */
void la_session_tell_checkout(lua_State *L, la_state *state, const la_session *session);
/* … of an event of its connection, if that is open, about the savepoint of that number, or 0; false
 * leaves a listener's error … */
bool la_session_tell_event(lua_State *L, la_state *state, const la_session *session, la_event event,
                           uint32_t savepoint);
/* … that the innermost level, which is the one at `depth`, is about to end; likewise … */
bool la_session_tell_end(lua_State *L, la_state *state, la_session *session, size_t depth,
                         bool commit);
/* … or, in a session that is closed, is left to its connections; likewise … */
bool la_session_tell_left(lua_State *L, la_state *state, la_session *session, size_t depth);
/* … that its connection goes back; likewise … */
bool la_session_tell_checkin(lua_State *L, la_state *state, la_session *session);
/* … and which connections were closed. */
void la_session_tell_closed(lua_State *L, la_state *state, const la_session *session);
/* Everything of the session goes and its transaction ends; see la_session_close. */
void la_session_end(lua_State *L, la_state *state, int index, bool for_good);

#pragma GCC visibility pop

#endif
