/* SPDX-License-Identifier: MIT */
/*
 * Foreign keys: copied from parents to children right before a statement needs them.
 */
#include "orm/flush_internal.h"

#define KEY_PARTS 16

la_instance *la_link_peek(const la_instance *instance, uint32_t link) {
  const la_relationship *r = instance->mapper->links[link]->relationship;
  const la_mapper *root;
  la_value key[KEY_PARTS];
  if (la_links(instance)[link].flags & LA_LINK_LOADED) {
    return la_links(instance)[link].to.one;
  }
  if (!r->use_get || instance->session == NULL || !(instance->flags & LA_INSTANCE_KEYED) ||
      r->target->root->primary_key_count > KEY_PARTS) {
    return NULL;
  }
  root = r->target->root;
  instance->session->map.token = la_instance_token(instance);
  for (uint32_t i = 0; i < r->get_count; i++) {
    const la_column *column = r->get_pairs[i].destination;
    const la_property *property = la_mapper_property_of_column(instance->mapper, column);
    if (property == NULL || !la_instance_committed(instance, property->slot, &key[i]) ||
        key[i].kind == LA_VALUE_NULL) {
      return NULL;
    }
  }
  return la_identity_find(&instance->session->map, root, key, la_identity_hash(root, key));
}

bool la_sync_source(const la_instance *instance, const la_column *column, la_value *out) {
  const la_property *property = la_persist_property(instance->mapper, column);
  if (property == NULL || property->slot >= instance->slot_count) {
    return false;
  }
  *out = instance->slots[property->slot];
  if (out->flags & LA_SLOT_LOADED && out->kind != LA_VALUE_HOST) {
    return true;
  }
  if (instance->flags & LA_INSTANCE_KEYED && property->flags & LA_PROPERTY_PRIMARY_KEY) {
    la_instance_key_part(instance, property->slot, out);
    return true;
  }
  return false;
}

static la_status refuse_blank(const la_instance *instance, const la_sync_pair *pair,
                              la_error *err) {
  return la_fail(err, LA_INVALID_REQUEST,
                 "Dependency rule on column '%.*s.%.*s' tried to blank-out primary key column "
                 "'%.*s.%.*s' on instance '<%.*s>'",
                 LA_TEXT_FORMAT(pair->source->table->name), LA_TEXT_FORMAT(pair->source->name),
                 LA_TEXT_FORMAT(pair->destination->table->name),
                 LA_TEXT_FORMAT(pair->destination->name),
                 LA_TEXT_FORMAT(instance->mapper->class_name));
}

static la_status refuse_missing(const la_instance *instance, const la_flush_sync *sync,
                                const la_sync_pair *pair, la_error *err) {
  if (sync->parent == instance) {
    return la_fail(err, LA_CIRCULAR_DEPENDENCY,
                   "Circular dependency detected: a new %.*s refers to itself by %.*s",
                   LA_TEXT_FORMAT(instance->mapper->class_name),
                   LA_TEXT_FORMAT(sync->relationship->key));
  }
  return la_fail(err, LA_FLUSH,
                 "Can't copy column %.*s.%.*s to %.*s.%.*s: the object that %.*s.%.*s names has no "
                 "value for it; it is not in the session, or the attribute is not loaded",
                 LA_TEXT_FORMAT(pair->source->table->name), LA_TEXT_FORMAT(pair->source->name),
                 LA_TEXT_FORMAT(pair->destination->table->name),
                 LA_TEXT_FORMAT(pair->destination->name),
                 LA_TEXT_FORMAT(sync->relationship->parent->class_name),
                 LA_TEXT_FORMAT(sync->relationship->key));
}

static la_status apply(la_flush *flush, la_instance *child, const la_flush_sync *sync,
                       la_error *err) {
  const la_relationship *r = sync->relationship;
  for (uint32_t i = 0; i < r->pair_count; i++) {
    const la_sync_pair *pair = &r->pairs[i];
    la_property *property = la_persist_property(child->mapper, pair->destination);
    la_value value = LA_VALUE_NONE;
    la_value *slot;
    if (property == NULL) {
      return la_fail(err, LA_UNMAPPED_COLUMN,
                     "Can't execute sync rule for destination column '%.*s.%.*s'; mapper '%.*s' "
                     "does not map this column.",
                     LA_TEXT_FORMAT(pair->destination->table->name),
                     LA_TEXT_FORMAT(pair->destination->name),
                     LA_TEXT_FORMAT(child->mapper->class_name));
    }
    slot = &child->slots[property->slot];
    if (!sync->clear && !la_sync_source(sync->parent, pair->source, &value)) {
      return refuse_missing(child, sync, pair, err);
    }
    if (value.kind == LA_VALUE_NULL) {
      la_value now = *slot;
      bool known = slot->flags & LA_SLOT_LOADED;
      if (property->flags & LA_PROPERTY_PRIMARY_KEY && child->flags & LA_INSTANCE_KEYED) {
        la_instance_key_part(child, property->slot, &now);
      }
      if (property->flags & LA_PROPERTY_PRIMARY_KEY && now.kind != LA_VALUE_NULL) {
        return refuse_blank(child, pair, err);
      }
      if (known && slot->kind == LA_VALUE_NULL) {
        continue;
      }
    } else if (slot->flags & LA_SLOT_LOADED && slot->kind == value.kind &&
               la_value_equal(slot, &value)) {
      continue;
    }
    LA_TRY(la_flush_write(flush, child, property->slot, &value, err));
  }
  return LA_OK;
}

/* A later entry of the same relationship sets a parent: it stands before `stop` in the chain,
 * newest first. */
static bool is_overruled(const la_flush *flush, uint32_t first, uint32_t stop,
                         const la_flush_sync *sync) {
  for (uint32_t at = first; at != stop; at = flush->syncs.items[at].next) {
    const la_flush_sync *other = &flush->syncs.items[at];
    if (other != sync && other->relationship == sync->relationship && !other->clear) {
      return true;
    }
  }
  return false;
}

la_status la_flush_sync_record(la_flush *flush, la_flush_record *record, la_error *err) {
  uint32_t first = record->first_sync;
  for (int clears = 1; clears >= 0; clears--) {
    for (uint32_t at = first; at != LA_FLUSH_NONE; at = flush->syncs.items[at].next) {
      la_flush_sync sync = flush->syncs.items[at];
      uint32_t stop = sync.clear ? LA_FLUSH_NONE : at;
      if (sync.clear == (clears == 1) && !sync.relationship->post_update &&
          !is_overruled(flush, first, stop, &flush->syncs.items[at])) {
        LA_TRY(apply(flush, record->instance, &sync, err));
      }
    }
  }
  return LA_OK;
}
