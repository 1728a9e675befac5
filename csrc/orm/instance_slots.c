/* SPDX-License-Identifier: MIT */
/*
 * Slots: writing, loading, committing and expiring values.
 *
 * The first change of a slot of an object that has a row moves the loaded value, with its bytes,
 * into the history; later changes write in place. Objects without a row keep no history: all they
 * have is to be inserted.
 */
#include "orm/instance.h"
#include "orm/instance_internal.h"
#include "orm/session.h"

#define HEAD        sizeof(size_t) /* the capacity in front of owned bytes */
#define HEAD_OF(at) ((char *)(uintptr_t)(at)-HEAD)
#define UNIT        ((size_t)16)

static size_t capacity_of(const la_value *value) {
  size_t capacity;
  memcpy(&capacity, HEAD_OF(value->as.bytes), sizeof capacity);
  return capacity;
}

void la_slot_free(la_allocator *alloc, la_value *value) {
  if (value->flags & LA_SLOT_OWNED) {
    la_free(alloc, HEAD_OF(value->as.bytes), HEAD + capacity_of(value));
    value->flags &= (uint8_t)~LA_SLOT_OWNED;
    value->kind = LA_VALUE_NULL;
  }
}

/* A copy of `len` bytes behind their capacity; NULL when out of memory. */
static char *copy_bytes(la_allocator *alloc, const char *bytes, size_t len) {
  size_t capacity = (len + HEAD + 1 + UNIT - 1) / UNIT * UNIT - HEAD;
  char *block = la_alloc(alloc, HEAD + capacity);
  if (block == NULL) {
    return NULL;
  }
  memcpy(block, &capacity, sizeof capacity);
  if (len > 0) {
    memcpy(block + HEAD, bytes, len);
  }
  return block + HEAD;
}

bool la_slot_write(la_allocator *alloc, la_value *slot, const la_value *value, uint8_t flags) {
  bool has_bytes = la_value_has_bytes(value);
  bool owned = slot->flags & LA_SLOT_OWNED;
  char *bytes = NULL;
  if (has_bytes && owned && capacity_of(slot) >= value->len) {
    bytes = HEAD_OF(slot->as.bytes) + HEAD;
    memmove(bytes, value->as.bytes, value->len);
  } else if (has_bytes) {
    bytes = copy_bytes(alloc, value->as.bytes, value->len);
    if (bytes == NULL) {
      return false;
    }
    la_slot_free(alloc, slot);
  } else {
    la_slot_free(alloc, slot);
  }
  *slot = *value;
  slot->flags = flags;
  slot->spare = 0;
  if (has_bytes) {
    slot->as.bytes = bytes;
    slot->flags |= LA_SLOT_OWNED;
  }
  return true;
}

static size_t history_size(const la_instance *instance) {
  return sizeof(la_history) + instance->slot_count * sizeof(la_value);
}

bool la_instance_reserve_history(la_instance *instance) {
  la_history *history;
  if (la_instance_history(instance) != NULL) {
    return true;
  }
  history = la_alloc_zero(instance->mapper->alloc, history_size(instance));
  if (history == NULL) {
    return false;
  }
  history->kept = la_instance_kept(instance);
  history->count = instance->slot_count;
  instance->aside = (uintptr_t)history | LA_ASIDE_HISTORY;
  return true;
}

void la_instance_drop_history(la_instance *instance) {
  la_history *history = la_instance_history(instance);
  if (history == NULL) {
    return;
  }
  instance->aside = (uintptr_t)history->kept;
  for (uint32_t i = 0; i < history->count; i++) {
    la_slot_free(instance->mapper->alloc, &history->values[i]);
  }
  la_free(instance->mapper->alloc, history, history_size(instance));
}

void la_instance_keep(la_instance *instance, la_object *kept) {
  la_history *history = la_instance_history(instance);
  la_object_retain(kept);
  la_object_release(la_instance_kept(instance));
  if (history != NULL) {
    history->kept = kept;
  } else {
    instance->aside = (uintptr_t)kept;
  }
}

static bool is_key_slot(const la_instance *instance, uint32_t slot) {
  return instance->mapper->slots[slot]->flags & LA_PROPERTY_PRIMARY_KEY;
}

void la_instance_keep_committed(la_instance *instance, uint32_t slot) {
  la_value *value = &instance->slots[slot];
  la_value *kept = &la_instance_history(instance)->values[slot];
  bool known = value->flags & LA_SLOT_LOADED || is_key_slot(instance, slot);
  la_slot_free(instance->mapper->alloc, kept);
  *kept = *value;
  kept->flags = (uint8_t)((value->flags & LA_SLOT_OWNED) | (known ? LA_SLOT_KNOWN : 0));
  value->flags &= (uint8_t)~LA_SLOT_OWNED;
}

void la_instance_revert_slot(la_instance *instance, uint32_t slot) {
  la_value *value = &instance->slots[slot];
  la_value *kept;
  if (!(value->flags & LA_SLOT_MODIFIED) || la_instance_history(instance) == NULL) {
    return;
  }
  kept = &la_instance_history(instance)->values[slot];
  la_slot_free(instance->mapper->alloc, value);
  *value = *kept;
  value->flags =
      (uint8_t)((kept->flags & LA_SLOT_OWNED) | (kept->flags & LA_SLOT_KNOWN ? LA_SLOT_LOADED : 0));
  *kept = LA_VALUE_NONE;
}

/* The same bits: kinds equal, and content. */
static bool is_same(const la_value *a, const la_value *b) {
  if (a->kind != b->kind) {
    return false;
  }
  if (a->kind == LA_VALUE_NULL) {
    return true;
  }
  if (la_value_has_bytes(a)) {
    return la_text_equal(la_value_bytes(a), la_value_bytes(b));
  }
  return a->kind != LA_VALUE_HOST && a->as.integer == b->as.integer;
}

static la_status refuse_new_attribute(const la_instance *instance, uint32_t slot, la_error *err) {
  const la_property *property = instance->mapper->slots[slot];
  return la_fail(err, LA_INVALID_REQUEST,
                 "attribute '%.*s' was added to %.*s after this object was made",
                 LA_TEXT_FORMAT(property->key), LA_TEXT_FORMAT(instance->mapper->class_name));
}

/* Writes a slot without history. The first bytes that it gets go into what is left of the
 * instance's chunk, so that an object made and inserted takes no memory for each of its texts. */
static bool write_plainly(la_instance *instance, la_value *place, const la_value *value,
                          uint8_t flags) {
  bool first = place->kind == LA_VALUE_NULL && !(place->flags & LA_SLOT_LOADED);
  char *bytes = NULL;
  if (first && la_value_has_bytes(value) && value->len > 0) {
    bytes = la_chunk_alloc(la_instance_chunk(instance), value->len);
  }
  if (bytes == NULL) {
    return la_slot_write(instance->mapper->alloc, place, value, flags);
  }
  memcpy(bytes, value->as.bytes, value->len);
  *place = *value;
  place->as.bytes = bytes;
  place->flags = flags;
  place->spare = 0;
  return true;
}

la_status la_instance_set(la_instance *instance, uint32_t slot, const la_value *value,
                          bool *first_out, la_error *err) {
  la_allocator *alloc = instance->mapper->alloc;
  la_value *place = &instance->slots[slot];
  la_value fresh = LA_VALUE_NONE;
  uint8_t flags = (uint8_t)(LA_SLOT_LOADED | LA_SLOT_MODIFIED | (value->flags & LA_SLOT_EXPR));
  bool first = instance->flags & LA_INSTANCE_KEYED && !(instance->flags & LA_INSTANCE_DIRTY);
  if (first_out != NULL) {
    *first_out = false;
  }
  if (slot >= instance->slot_count) {
    return refuse_new_attribute(instance, slot, err);
  }
  if (first && instance->session != NULL) {
    LA_TRY(la_session_note_dirty(instance->session, instance, err));
  }
  if (place->flags & LA_SLOT_LOADED && is_same(place, value)) {
    if (first_out != NULL) {
      *first_out = first;
    }
    return LA_OK;
  }
  if (instance->flags & LA_INSTANCE_KEYED && !(place->flags & LA_SLOT_MODIFIED)) {
    if (!la_instance_reserve_history(instance) || !la_slot_write(alloc, &fresh, value, flags)) {
      return la_fail_nomem(err);
    }
    la_instance_keep_committed(instance, slot);
    *place = fresh;
  } else if (!write_plainly(instance, place, value, flags)) {
    return la_fail_nomem(err);
  }
  if (first_out != NULL) {
    *first_out = first;
  }
  return LA_OK;
}

la_status la_instance_delete(la_instance *instance, uint32_t slot, bool *first_out, la_error *err) {
  la_value nothing = LA_VALUE_NONE;
  LA_TRY(la_instance_set(instance, slot, &nothing, first_out, err));
  if (instance->slots[slot].flags & LA_SLOT_MODIFIED) {
    instance->slots[slot].spare = LA_SPARE_DELETED;
  }
  return LA_OK;
}

la_status la_instance_flag(la_instance *instance, uint32_t slot, bool *first_out, la_error *err) {
  bool keyed = instance->flags & LA_INSTANCE_KEYED;
  *first_out = keyed && !(instance->flags & LA_INSTANCE_DIRTY);
  if (keyed && instance->session != NULL) {
    LA_TRY(la_session_note_dirty(instance->session, instance, err));
  }
  if (keyed && !is_key_slot(instance, slot)) {
    if (!la_instance_reserve_history(instance)) {
      return la_fail_nomem(err);
    }
    la_slot_free(instance->mapper->alloc, &la_instance_history(instance)->values[slot]);
    la_instance_history(instance)->values[slot] = LA_VALUE_NONE; /* what it was is not known */
    instance->slots[slot].flags |= LA_SLOT_MODIFIED;
  }
  return LA_OK;
}

la_status la_instance_load(la_instance *instance, uint32_t slot, const la_value *value, bool borrow,
                           la_error *err) {
  la_value *place = &instance->slots[slot];
  if (place->flags & LA_SLOT_MODIFIED && la_instance_history(instance) != NULL) {
    la_slot_free(instance->mapper->alloc, &la_instance_history(instance)->values[slot]);
  }
  if (borrow || !la_value_has_bytes(value)) {
    la_slot_free(instance->mapper->alloc, place);
    *place = *value;
    place->flags = LA_SLOT_LOADED;
    place->spare = 0;
  } else if (!la_slot_write(instance->mapper->alloc, place, value, LA_SLOT_LOADED)) {
    return la_fail_nomem(err);
  }
  return LA_OK;
}

void la_instance_commit_slot(la_instance *instance, uint32_t slot) {
  la_value *place = &instance->slots[slot];
  if (place->flags & LA_SLOT_MODIFIED) {
    place->flags &= (uint8_t)~LA_SLOT_MODIFIED;
    if (la_instance_history(instance) != NULL) {
      la_slot_free(instance->mapper->alloc, &la_instance_history(instance)->values[slot]);
    }
  }
}

void la_instance_commit_all(la_instance *instance) {
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    instance->slots[i].flags &= (uint8_t)~LA_SLOT_MODIFIED;
  }
  la_instance_drop_history(instance);
  if (instance->flags & LA_INSTANCE_LINKS_MODIFIED) {
    for (uint32_t i = 0; i < instance->link_count; i++) {
      la_link_commit(instance, i);
    }
    instance->flags &= ~(uint32_t)LA_INSTANCE_LINKS_MODIFIED;
  }
}

bool la_instance_committed(const la_instance *instance, uint32_t slot, la_value *out) {
  const la_value *place;
  if (slot >= instance->slot_count) {
    return false;
  }
  place = &instance->slots[slot];
  if (place->flags & LA_SLOT_MODIFIED) {
    if (la_instance_history(instance) == NULL) {
      return false;
    }
    *out = la_instance_history(instance)->values[slot];
    return out->flags & LA_SLOT_KNOWN;
  }
  *out = *place;
  return place->flags & LA_SLOT_LOADED;
}

void la_instance_key_part(const la_instance *instance, uint32_t slot, la_value *out) {
  *out = instance->slots[slot].flags & LA_SLOT_MODIFIED && la_instance_history(instance) != NULL
             ? la_instance_history(instance)->values[slot]
             : instance->slots[slot];
}

bool la_slot_differs(const la_instance *instance, uint32_t slot) {
  const la_value *value = &instance->slots[slot];
  la_value old;
  if (value->flags & LA_SLOT_EXPR || !la_instance_committed(instance, slot, &old)) {
    return true;
  }
  if (value->kind == LA_VALUE_HOST || old.kind == LA_VALUE_HOST) {
    return true; /* what a host value was changed to inside cannot be told */
  }
  return !la_value_equal(value, &old);
}

void la_instance_expire_slot(la_instance *instance, uint32_t slot) {
  la_value *place = &instance->slots[slot];
  la_instance_revert_slot(instance, slot);
  if (is_key_slot(instance, slot) && instance->flags & LA_INSTANCE_KEYED) {
    place->flags = (uint8_t)((place->flags & LA_SLOT_OWNED) | LA_SLOT_EXPIRED);
  } else {
    la_slot_free(instance->mapper->alloc, place);
    *place = LA_VALUE_NONE;
    place->flags = LA_SLOT_EXPIRED;
  }
  instance->flags |= LA_INSTANCE_EXPIRED;
}

bool la_instance_is_expired(const la_instance *instance) {
  if (!(instance->flags & LA_INSTANCE_EXPIRED)) {
    return false;
  }
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if ((instance->slots[i].flags & (LA_SLOT_LOADED | LA_SLOT_MODIFIED)) == LA_SLOT_LOADED) {
      return false;
    }
  }
  return true;
}

void la_instance_expire_all(la_instance *instance) {
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    la_instance_expire_slot(instance, i);
  }
  la_instance_drop_history(instance);
  for (uint32_t i = 0; i < instance->link_count; i++) {
    la_link_expire(instance, i);
  }
  instance->flags &= ~(uint32_t)LA_INSTANCE_LINKS_MODIFIED;
  la_session_note_class(instance, LA_HEARS_EXPIRE, LA_NOTE_EXPIRE);
}
