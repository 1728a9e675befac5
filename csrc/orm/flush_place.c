/* SPDX-License-Identifier: MIT */
/*
 * Flushes of sessions that work on several engines: each object is written at one of the session's
 * binds. The binding says at which, once for each hierarchy, or for each object if the session is
 * sharded.
 */
#include "orm/flush_internal.h"

/* The bind of another record of the same hierarchy. */
static bool known_place(const la_flush *flush, const la_mapper *root, la_flush_place *out) {
  for (size_t i = 0; !flush->session->sharded && i < flush->places.count; i++) {
    if (flush->places.items[i].bind != LA_FLUSH_NONE &&
        flush->records.items[i].instance->mapper->root == root) {
      *out = flush->places.items[i];
      return true;
    }
  }
  return false;
}

la_status la_flush_ask_places(la_flush *flush, la_flush_step *step_out, la_error *err) {
  if (!flush->session->routed) {
    return LA_OK;
  }
  while (flush->places.count < flush->records.count) {
    la_flush_record *record = &flush->records.items[flush->places.count];
    la_flush_place place = {LA_FLUSH_NONE, 0};
    if (record->op != LA_RECORD_LISTED &&
        !known_place(flush, record->instance->mapper->root, &place)) {
      *step_out = (la_flush_step){.kind = LA_FLUSH_PLACE, .instance = record->instance};
      return LA_ROW;
    }
    LA_TRY(la_flush_supply_bind(flush, place.bind, place.token, err));
  }
  return LA_OK;
}

la_status la_flush_supply_bind(la_flush *flush, uint32_t bind, uint32_t token, la_error *err) {
  la_flush_place place = {bind, token};
  return la_vec_push(flush->alloc, &flush->places, place) ? LA_OK : la_fail_nomem(err);
}

static const la_flush_place *place_of(const la_flush *flush, const la_flush_record *record) {
  return &flush->places.items[record - flush->records.items];
}

uint32_t la_flush_token(const la_flush *flush, const la_flush_record *record) {
  bool has_row = record->instance->flags & LA_INSTANCE_KEYED;
  return has_row || flush->places.count == 0 ? la_instance_token(record->instance)
                                             : place_of(flush, record)->token;
}

bool la_flush_has_one_place(const la_flush *flush) {
  for (size_t i = 1; flush->places.count > 0 && i < flush->batch.count; i++) {
    if (flush->places.items[flush->batch.items[i]].bind !=
        flush->places.items[flush->batch.items[0]].bind) {
      return false;
    }
  }
  return true;
}

bool la_flush_go_to(la_flush *flush, const la_flush_record *record) {
  uint32_t to = flush->place;
  if (flush->places.count == 0) {
    return false;
  }
  if (record != NULL) {
    flush->session->map.token = la_flush_token(flush, record);
    to = place_of(flush, record)->bind != LA_FLUSH_NONE ? place_of(flush, record)->bind : to;
  }
  la_session_use_bind(flush->session, to);
  if (to == flush->place) {
    return false;
  }
  la_persist_close(flush);
  flush->connection = NULL;
  flush->place = to;
  return true;
}
