/* SPDX-License-Identifier: MIT */
#include "orm/instance.h"

#include "orm/collection.h"
#include "orm/instance_internal.h"
#include "orm/link.h"
#include "orm/session.h"

size_t la_instance_size(const la_mapper *mapper) {
  return sizeof(la_instance) + mapper->slot_count * sizeof(la_value) +
         mapper->link_count * sizeof(la_link);
}

/* Puts a new instance of `mapper` at `memory`, in `chunk`, which it has pinned. */
static la_instance *place(void *memory, la_chunk *chunk, la_mapper *mapper) {
  la_instance *instance = memory;
  memset(memory, 0, la_instance_size(mapper));
  instance->mapper = la_object_retain(mapper);
  instance->chunk_offset = (uint16_t)(((uintptr_t)memory - (uintptr_t)chunk) / 8);
  instance->pins = 1;
  instance->slot_count = (uint16_t)mapper->slot_count;
  instance->link_count = (uint16_t)mapper->link_count;
  return instance;
}

la_status la_instance_new(la_allocator *alloc, la_slab *slab, la_mapper *mapper, la_instance **out,
                          la_error *err) {
  size_t size = la_instance_size(mapper);
  la_slab *own = slab == NULL ? la_slab_new(alloc) : NULL;
  la_chunk *chunk = NULL;
  *out = NULL;
  if (slab != NULL || own != NULL) {
    chunk = la_slab_chunk(slab != NULL ? slab : own, size, 0);
  }
  la_object_release(own); /* the chunk keeps it */
  if (chunk == NULL) {
    return la_fail_nomem(err);
  }
  *out = place(la_chunk_alloc(chunk, size), chunk, mapper);
  return LA_OK;
}

la_instance *la_instance_in_chunk(la_chunk *chunk, la_mapper *mapper) {
  void *memory = la_chunk_alloc(chunk, la_instance_size(mapper));
  if (memory == NULL) {
    return NULL;
  }
  la_chunk_pin(chunk);
  return place(memory, chunk, mapper);
}

void la_instance_pin(la_instance *instance) {
  instance->pins++;
}

static void free_instance(la_instance *instance) {
  la_mapper *mapper = instance->mapper;
  la_allocator *alloc = mapper->alloc;
  if (instance->flags & LA_INSTANCE_IN_MAP) {
    la_identity_remove(&instance->session->map, instance);
  }
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if (instance->slots[i].flags & LA_SLOT_OWNED) {
      la_slot_free(alloc, &instance->slots[i]);
    }
  }
  la_instance_drop_history(instance);
  la_object_release((la_object *)instance->aside);
  for (uint32_t i = 0; i < instance->link_count; i++) {
    if (instance->mapper->links[i]->relationship->uselist) {
      la_collection_free(la_links(instance)[i].to.many);
    }
  }
  la_chunk_unpin(la_instance_chunk(instance));
  la_object_release(mapper);
}

void la_instance_unpin(la_instance *instance) {
  if (--instance->pins == 0) {
    free_instance(instance);
  }
}

void la_instance_leave_session(la_instance *instance) {
  if (instance->flags & LA_INSTANCE_IN_MAP) {
    la_identity_remove(&instance->session->map, instance);
    instance->session = NULL;
    instance->flags &= ~(uint32_t)LA_INSTANCE_INSERTED;
  }
}

la_object_state la_instance_state(const la_instance *instance) {
  if (!(instance->flags & LA_INSTANCE_KEYED)) {
    return instance->session != NULL ? LA_STATE_PENDING : LA_STATE_TRANSIENT;
  }
  if (instance->session == NULL) {
    return LA_STATE_DETACHED;
  }
  return instance->flags & LA_INSTANCE_GONE ? LA_STATE_DELETED : LA_STATE_PERSISTENT;
}

static bool link_is_modified(const la_instance *instance, uint32_t link) {
  const la_link *l = &la_links(instance)[link];
  const la_collection *many = l->to.many;
  if (!instance->mapper->links[link]->relationship->uselist) {
    return l->flags & LA_LINK_MODIFIED &&
           (!(l->flags & LA_LINK_COMMITTED_KNOWN && l->committed == l->to.one) ||
            la_link_was_let_go(instance, link));
  }
  if (many == NULL) {
    return false;
  }
  return many->added.count > 0 || many->removed.count > 0 || la_collection_differs(many);
}

bool la_instance_is_modified(const la_instance *instance) {
  return la_instance_has_changes(instance, true);
}

bool la_instance_has_changes(const la_instance *instance, bool with_collections) {
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if (instance->slots[i].flags & LA_SLOT_MODIFIED && la_slot_differs(instance, i)) {
      return true;
    }
  }
  if (instance->flags & LA_INSTANCE_LINKS_MODIFIED) {
    for (uint32_t i = 0; i < instance->link_count; i++) {
      bool many = instance->mapper->links[i]->relationship->uselist;
      if ((with_collections || !many) && link_is_modified(instance, i)) {
        return true;
      }
    }
  }
  return false;
}

bool la_instance_was_set(const la_instance *instance) {
  if (instance->flags & (LA_INSTANCE_DIRTY | LA_INSTANCE_LINKS_MODIFIED)) {
    return true;
  }
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if (instance->slots[i].flags & LA_SLOT_MODIFIED) {
      return true;
    }
  }
  return false;
}

void la_instance_describe(const la_instance *instance, la_strbuf *out) {
  static const char *const words[] = {"transient", "pending", "persistent", "deleted", "detached"};
  const la_mapper *mapper = instance->mapper;
  la_strbuf_text(out, mapper->class_name);
  la_strbuf_char(out, '(');
  if (instance->flags & LA_INSTANCE_KEYED) {
    for (uint32_t i = 0; i < mapper->primary_key_count; i++) {
      const la_property *property = mapper->primary_key[i];
      la_value value;
      la_strbuf_string(out, i > 0 ? ", " : "");
      la_strbuf_text(out, property->key);
      la_strbuf_char(out, '=');
      la_instance_key_part(instance, property->slot, &value);
      la_value_describe(&value, out);
    }
  } else {
    la_strbuf_string(out, words[la_instance_state(instance)]);
  }
  la_strbuf_char(out, ')');
}

void la_instance_set_token(la_instance *instance, uint32_t token) {
  if (token != 0) {
    instance->order = token;
    instance->flags |= LA_INSTANCE_TOKENED;
  }
}
