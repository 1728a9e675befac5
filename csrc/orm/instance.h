/* SPDX-License-Identifier: MIT */
/*
 * An instance: the C half of a mapped object.
 *
 * Header, one slot per column property, one link per relationship. It lies in a chunk of a slab
 * (loaded ones, with their text beside them) or in a small chunk of its own (made by the program).
 * Pinned, not counted: one pin each for its handle, a result that holds it, an open load or flush
 * plan, and the session's new, dirty and deleted sets. With the last pin it leaves the identity
 * map, if the entry still names it, and its memory goes.
 *
 * States, by `key` and `session` (SQLAlchemy's):
 *   transient (no key, no session) ──la_session_add──▶ pending (no key, session) ──flush──▶
 * persistent (key, session) persistent ──delete, flush──▶ deleted ──commit──▶ detached (key, no
 * session) ──add──▶ persistent persistent ──expunge, close──▶ detached;  pending ──expunge,
 * rollback──▶ transient;  deleted ──rollback──▶ persistent
 *
 * A slot's value carries flags: LOADED (else the attribute is unloaded or expired: primary key
 * slots keep their value then, for the identity key), MODIFIED (the committed value is in
 * `history`), OWNED (its bytes are an allocation of the slot's own).
 */
#ifndef LA_ORM_INSTANCE_H
#define LA_ORM_INSTANCE_H

#include "base/slab.h"
#include "orm/relationship.h"

#pragma GCC visibility push(hidden)

typedef struct la_instance la_instance;
typedef struct la_session la_session;
typedef struct la_collection la_collection;

enum la_slot_flag {
  LA_SLOT_LOADED = 1,
  LA_SLOT_MODIFIED = 2,
  LA_SLOT_OWNED = 4,    /* bytes were allocated for this slot */
  LA_SLOT_EXPR = 8,     /* kind HOST: an SQL expression was assigned; it is rendered at flush */
  LA_SLOT_EXPIRED = 16, /* unloaded by expire: read again by a refresh of the whole object */
  LA_SLOT_KNOWN = 32,   /* in a history: the value was known before the change */
  LA_SLOT_RAISE = 64    /* not loaded, and an option says that reading it is an error */
};

/* `spare` of a slot whose attribute was deleted: it is NULL, and its history has no new value. */
#define LA_SPARE_DELETED 1

enum la_instance_flag {
  LA_INSTANCE_KEYED = 1,      /* has an identity key */
  LA_INSTANCE_NEW = 2,        /* in session.new */
  LA_INSTANCE_DIRTY = 4,      /* in the session's dirty set */
  LA_INSTANCE_DELETED = 8,    /* in session.deleted: marked by delete(), not yet flushed */
  LA_INSTANCE_GONE = 16,      /* the DELETE was flushed: state deleted (with session) */
  LA_INSTANCE_EXPIRED = 32,   /* some slots are expired */
  LA_INSTANCE_IN_MAP = 64,    /* the identity map's entry names it */
  LA_INSTANCE_HELD = 128,     /* the binding holds its handle strongly */
  LA_INSTANCE_INSERTED = 256, /* inserted in the current outermost transaction */
  LA_INSTANCE_TOUCHED = 512,  /* modified or flushed in the innermost transaction */
  LA_INSTANCE_LINKS_MODIFIED = 1024,
  LA_INSTANCE_FLUSHING = 2048,
  LA_INSTANCE_ORPHAN_CHECKED = 4096,
  LA_INSTANCE_MARKED = 8192,    /* seen by a walk that is under way; clear between calls */
  LA_INSTANCE_LOADS = 32768,    /* without a row: enable_relationship_loading() has been called */
  LA_INSTANCE_TOKENED = 16384,  /* its row comes from a shard: `order` is its identity token */
  LA_INSTANCE_LONG_TEXT = 32768 /* was loaded with a text longer than LA_SHORT_TEXT */
};

/* The longest text that Lua interns: making it anew is a look-up, and a longer one is kept. */
#define LA_SHORT_TEXT 40

enum la_link_flag {
  LA_LINK_LOADED = 1,
  LA_LINK_MODIFIED = 2, /* scalar: `committed` is the old target; collections keep their own */
  LA_LINK_COMMITTED_KNOWN = 4, /* scalar: the old target was loaded */
  LA_LINK_EXPIRED = 8,
  LA_LINK_RAISE = 16,        /* not loaded, and an option says that loading it is an error … */
  LA_LINK_RAISE_ON_SQL = 32, /* … or only if it takes a statement */
  LA_LINK_DELETED = 64,      /* scalar, MODIFIED: its attribute was deleted, not set to nil */
  LA_LINK_KEPT = 128         /* the binding keeps what the link named before */
};

typedef struct la_link {
  union {
    la_instance *one;
    la_collection *many; /* owned; NULL until needed */
  } to;
  la_instance
      *committed; /* scalar, MODIFIED: what it was; plain, kept by the binding until flush */
  uint32_t flags;
} la_link;

typedef struct la_history { /* committed values of modified slots, allocated at the first write */
  la_object *kept;          /* what the instance's `aside` was */
  uint32_t count;           /* slots it has room for */
  la_value values[];        /* flags KNOWN: the old value was known; OWNED: bytes are ours */
} la_history;

/* Memory decides how fast many of them are loaded, so the head is one line of the processor's
 * cache. Read only outside orm/, but for `handle` and `handle_serial`, which are the binding's. */
struct la_instance {
  la_mapper *mapper;        /* retained */
  la_session *session;      /* plain: cleared when the session goes */
  uintptr_t aside;          /* loader options that it came with, or its history: see below */
  la_instance *next_in_map; /* chain of the identity map's bucket */
  uint32_t key_hash;        /* of the identity key */
  uint32_t pins;
  uint32_t handle, handle_serial; /* the place of its handle, 0 if it has none */
  uint32_t order;        /* order of add() in the session: INSERT order; TOKENED: see there */
  uint32_t set_index;    /* in dirty_objects while DIRTY, in a flush's records while FLUSHING */
  uint16_t flags;        /* la_instance_flag */
  uint16_t chunk_offset; /* from its chunk, pinned once for it, in units of 8 bytes */
  uint16_t slot_count, link_count; /* when it was made */
  la_value slots[];                /* behind them the links */
};

/* `aside` is the address of the history, with this bit set, or that of the kept options, or 0. */
#define LA_ASIDE_HISTORY ((uintptr_t)1)

/* NULL if it has none. */
static inline la_history *la_instance_history(const la_instance *instance) {
  return instance->aside & LA_ASIDE_HISTORY ? (la_history *)(instance->aside & ~LA_ASIDE_HISTORY)
                                            : NULL;
}
/* The loader options that it came with (orm/kept.h), retained; or NULL. */
static inline la_object *la_instance_kept(const la_instance *instance) {
  const la_history *history = la_instance_history(instance);
  return history != NULL ? history->kept : (la_object *)instance->aside;
}
/* Its links, link_count of them. */
static inline la_link *la_links(const la_instance *instance) {
  return (la_link *)(uintptr_t)(instance->slots + instance->slot_count);
}

/* The number of the identity token of an instance that has a row; 0 without one. */
static inline uint32_t la_instance_token(const la_instance *instance) {
  return instance->flags & LA_INSTANCE_TOKENED ? instance->order : 0;
}

/* Bytes an instance of `mapper` takes in a chunk, without texts. */
size_t la_instance_size(const la_mapper *mapper);
/* Gives it to an instance that has just got a row. */
void la_instance_set_token(la_instance *instance, uint32_t token);
/* A transient instance with one pin, the caller's. Slots are unloaded. */
la_status la_instance_new(la_allocator *alloc, la_slab *slab, la_mapper *mapper, la_instance **out,
                          la_error *err);
/* One in `chunk` for a loader; NULL if it does not fit. One pin. */
la_instance *la_instance_in_chunk(la_chunk *chunk, la_mapper *mapper);
void la_instance_pin(la_instance *instance);
/* With the last pin the instance is freed and leaves its session's identity map. */
void la_instance_unpin(la_instance *instance);
/* A persistent instance that only one pin holds, so that no set of its session has it, is detached.
 */
void la_instance_leave_session(la_instance *instance);

typedef enum la_object_state {
  LA_STATE_TRANSIENT,
  LA_STATE_PENDING,
  LA_STATE_PERSISTENT,
  LA_STATE_DELETED,
  LA_STATE_DETACHED
} la_object_state;
la_object_state la_instance_state(const la_instance *instance);

/* Writes a slot as the program does: bytes are copied, the committed value is kept, MODIFIED is set
 * unless nothing changed. The object becomes dirty in any case; `*first_out` (may be NULL) says
 * that it was not so before: the binding then holds it. */
la_status la_instance_set(la_instance *instance, uint32_t slot, const la_value *value,
                          bool *first_out, la_error *err);
/* Deletes the value: as setting it to NULL, but for its history. */
la_status la_instance_delete(la_instance *instance, uint32_t slot, bool *first_out, la_error *err);
/* Takes the loaded slot for modified, whatever it was, so that the next flush writes it. */
la_status la_instance_flag(la_instance *instance, uint32_t slot, bool *first_out, la_error *err);
/* Writes a slot as a loader does: loaded, not modified. `borrow`: the bytes lie in the instance's
 * chunk already. */
la_status la_instance_load(la_instance *instance, uint32_t slot, const la_value *value, bool borrow,
                           la_error *err);
/* Forgets the modification's history: the slot's value is what the database has. */
void la_instance_commit_slot(la_instance *instance, uint32_t slot);
void la_instance_commit_all(la_instance *instance);
/* What the database has, as far as it is known: the committed value of a modified slot. False if
 * not loaded. */
bool la_instance_committed(const la_instance *instance, uint32_t slot, la_value *out);
/* Unloads a slot (all: every slot and link), dropping modifications; primary key slots keep their
 * value for the key. */
void la_instance_expire_slot(la_instance *instance, uint32_t slot);
void la_instance_expire_all(la_instance *instance);
/* True if all of it was expired, and nothing has been read since: whoever asks for the object
 * learns first whether its row is there. */
bool la_instance_is_expired(const la_instance *instance);
/* True if a slot differs from what was loaded (a net change), or a link has been changed. */
bool la_instance_is_modified(const la_instance *instance);
/* The same; without collections, what would leave its own row as it is does not count. */
bool la_instance_has_changes(const la_instance *instance, bool with_collections);
/* True if anything was set since it was made, loaded or flushed, be it to what was there. */
bool la_instance_was_set(const la_instance *instance);
/* "<User at 0x…>" is not ours: "User(id=1)" for messages, with the key if it has one, else
 * "User(transient)". */
void la_instance_describe(const la_instance *instance, la_strbuf *out);

#pragma GCC visibility pop

#endif
