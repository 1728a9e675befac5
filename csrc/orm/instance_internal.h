/* SPDX-License-Identifier: MIT */
/*
 * How slots keep their bytes, for the files of this folder that write slots.
 *
 * Bytes of a slot's own stand behind their capacity in one allocation, so that a later value that
 * fits is written in place. Bytes without OWNED lie in the instance's chunk and are never
 * overwritten.
 */
#ifndef LA_ORM_INSTANCE_INTERNAL_H
#define LA_ORM_INSTANCE_INTERNAL_H

#include "orm/instance.h"

#pragma GCC visibility push(hidden)

/* Frees what `value` owns; the value is then without bytes. */
void la_slot_free(la_allocator *alloc, la_value *value);
/* Writes kind and content of `value` into `slot`, whose flags become `flags`; owned bytes that are
 * large enough are used again. False when out of memory, on which nothing is changed. */
bool la_slot_write(la_allocator *alloc, la_value *slot, const la_value *value, uint8_t flags);
/* The history, made if need be; false when out of memory. */
bool la_instance_reserve_history(la_instance *instance);
/* Moves the slot's value into the history, before it is replaced for the first time. The history is
 * there. */
void la_instance_keep_committed(la_instance *instance, uint32_t slot);
/* Takes the committed value of a modified slot back. */
void la_instance_revert_slot(la_instance *instance, uint32_t slot);
/* `kept`, which is retained, takes the place of the options that the instance came with. */
void la_instance_keep(la_instance *instance, la_object *kept);
/* Where its memory and its texts lie. */
static inline la_chunk *la_instance_chunk(const la_instance *instance) {
  return (la_chunk *)((uintptr_t)instance - (uintptr_t)instance->chunk_offset * 8);
}
/* Frees the history and what it owns. */
void la_instance_drop_history(la_instance *instance);
/* One value of the identity key: what slot `slot` had when the object was loaded or flushed. */
void la_instance_key_part(const la_instance *instance, uint32_t slot, la_value *out);
/* True if a modified slot's value differs from the committed one. */
bool la_slot_differs(const la_instance *instance, uint32_t slot);

#pragma GCC visibility pop

#endif
