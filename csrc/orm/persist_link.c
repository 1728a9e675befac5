/* SPDX-License-Identifier: MIT */
/*
 * Rows of secondary tables: DELETEs, then INSERTs, of one relationship.
 *
 *   DELETE FROM item_keywords WHERE item_keywords.item_id = ? AND item_keywords.keyword_id = ?
 *   INSERT INTO item_keywords (item_id, keyword_id) VALUES (?, ?)
 */
#include "orm/flush_internal.h"

/* The value of a column of the secondary table, from one of the two objects; LA_DONE if none
 * gives it. */
static la_status pair_value(la_flush *flush, const la_flush_pair *pair, uint32_t ordinal,
                            la_value *out, la_error *err) {
  const la_relationship *r = pair->relationship;
  for (int side = 0; side < 2; side++) {
    const la_sync_pair *list = side == 0 ? r->pairs : r->secondary_pairs;
    uint32_t count = side == 0 ? r->pair_count : r->secondary_pair_count;
    const la_instance *from = side == 0 ? pair->owner : pair->other;
    for (uint32_t i = 0; i < count; i++) {
      la_value value;
      if (list[i].destination->ordinal != ordinal) {
        continue;
      }
      if (!la_sync_source(from, list[i].source, &value) || value.kind == LA_VALUE_NULL) {
        return la_fail(
            err, LA_FLUSH,
            "Can't execute sync rule for column '%.*s.%.*s': the object of %.*s has no "
            "value for column '%.*s'",
            LA_TEXT_FORMAT(r->secondary->name), LA_TEXT_FORMAT(list[i].destination->name),
            LA_TEXT_FORMAT(from->mapper->class_name), LA_TEXT_FORMAT(list[i].source->name));
      }
      return la_persist_bind(flush, la_persist_property(from->mapper, list[i].source), &value, out,
                             err);
    }
  }
  return LA_DONE;
}

static la_status fill_pair(la_flush *flush, const la_flush_pair *pair, la_value *out,
                           la_error *err) {
  const la_persist_plan *plan = flush->plan;
  for (uint32_t i = 0; i < plan->count; i++, out++) {
    uint32_t source = plan->sources[i];
    if (source >= LA_SOURCE_OTHER) {
      *out = plan->constants[i];
    } else {
      la_status status = pair_value(flush, pair, source & (LA_SOURCE_KEY - 1), out, err);
      LA_TRY(status);
      if (status == LA_DONE) {
        *out = LA_VALUE_NONE;
      }
    }
  }
  return LA_OK;
}

static bool is_wanted(const la_flush *flush, const la_flush_pair *pair, bool add) {
  const la_relationship *relationship = flush->relationships.items[flush->batch_node.subject];
  return pair->relationship == relationship && pair->add == add &&
         pair->of_delete == (flush->batch_node.action == LA_ACTION_PAIRS_OF_DELETES);
}

/* The pairs of a session with several engines may go to each of them. */
static la_status next_pair(la_flush *flush, la_rows_ahead *ahead, la_value *out, la_error *err) {
  const la_flush_pair *first = ahead->context;
  while (!flush->session->routed && ++ahead->at < flush->pairs.count) {
    const la_flush_pair *pair = &flush->pairs.items[ahead->at];
    if (is_wanted(flush, pair, first->add)) {
      ahead->of = pair;
      return fill_pair(flush, pair, out, err);
    }
  }
  return LA_DONE;
}

static la_status run_pair(la_flush *flush, size_t at, la_error *err) {
  const la_flush_pair *pair = &flush->pairs.items[at];
  la_rows_ahead ahead = {.next = next_pair, .of = pair, .at = at, .context = pair};
  flush->values.count = 0;
  if (!la_vec_reserve(flush->alloc, &flush->values, flush->plan->count)) {
    return la_fail_nomem(err);
  }
  if (flush->scratch.blocks != NULL) {
    la_arena_clear(&flush->scratch);
  }
  LA_TRY(fill_pair(flush, pair, flush->values.items, err));
  flush->values.count = flush->plan->count;
  return la_persist_execute(flush, &ahead, err);
}

/* All DELETEs, or all INSERTs, of the relationship. */
static la_status run_pairs(la_flush *flush, bool add, la_error *err) {
  la_relationship *relationship = flush->relationships.items[flush->batch_node.subject];
  int64_t expected = 0, matched = 0;
  for (size_t i = 0; i < flush->pairs.count; i++) {
    const la_flush_pair *pair = &flush->pairs.items[i];
    if (!is_wanted(flush, pair, add)) {
      continue;
    }
    if (la_flush_go_to(flush, la_flush_record_of(flush, pair->owner)) || expected == 0) {
      LA_TRY(la_persist_use_pair_plan(flush, add ? LA_PLAN_INSERT_PAIR : LA_PLAN_DELETE_PAIR,
                                      relationship, err));
    }
    expected++;
    LA_TRY(run_pair(flush, i, err));
    matched += add ? 1 : la_persist_changes(flush);
  }
  if (matched != expected) {
    return la_fail(err, LA_STALE_DATA,
                   "DELETE statement on table '%.*s' expected to delete %d row(s); Only %d were "
                   "matched.",
                   LA_TEXT_FORMAT(relationship->secondary->name), (int)expected, (int)matched);
  }
  return LA_OK;
}

la_status la_persist_pairs(la_flush *flush, la_error *err) {
  LA_TRY(run_pairs(flush, false, err));
  return run_pairs(flush, true, err);
}
