/* SPDX-License-Identifier: MIT */
/*
 * The order of a flush's actions.
 *
 * A graph of actions: saving and deleting the objects of a unit (all classes of one hierarchy),
 * and rows of secondary tables. Relationships give the edges. It is taken level by level,
 * everything that waits for nothing more at once, each level in order of names. Units whose saves
 * wait for each other are taken apart: each of their objects is an action of its own, between a
 * beginning and an end of the unit, and the foreign keys at hand give the edges.
 */
#include "orm/flush_internal.h"

typedef LA_VEC(la_edge) edges;

typedef struct sorter {
  la_flush *flush;
  edges edges;
  uint8_t *reach; /* units × units: the first is saved before the second */
  la_error *err;
} sorter;

static la_status fail_nomem(const sorter *s) {
  return la_fail_nomem(s->err);
}

static la_status connect(sorter *s, uint32_t before, uint32_t after) {
  la_edge edge = {before, after};
  return la_vec_push(s->flush->alloc, &s->edges, edge) ? LA_OK : fail_nomem(s);
}

static la_status add_node(sorter *s, la_node_action action, uint32_t unit, uint32_t subject,
                          uint32_t *out) {
  la_flush_node node = {action, unit, subject};
  *out = (uint32_t)s->flush->nodes.count;
  return la_vec_push(s->flush->alloc, &s->flush->nodes, node) ? LA_OK : fail_nomem(s);
}

static uint32_t find_unit(const la_flush *flush, const la_mapper *mapper) {
  const la_mapper *top = la_mapper_top(mapper);
  for (uint32_t i = 0; i < flush->units.count; i++) {
    if (flush->units.items[i].root == top) {
      return i;
    }
  }
  return LA_FLUSH_NONE;
}

static int compare_texts(la_text a, la_text b) {
  size_t len = a.len < b.len ? a.len : b.len;
  int order = len > 0 ? memcmp(a.bytes, b.bytes, len) : 0;
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_units(const la_flush_unit *a, const la_flush_unit *b) {
  int order = compare_texts(a->root->class_name, b->root->class_name);
  return order != 0 ? order
                    : (a->root->serial > b->root->serial) - (a->root->serial < b->root->serial);
}

/* Insertion: mappers are few. */
static void sort_units(la_flush *flush) {
  la_flush_unit *units = flush->units.items;
  for (size_t i = 1; i < flush->units.count; i++) {
    la_flush_unit unit = units[i];
    size_t at = i;
    while (at > 0 && compare_units(&units[at - 1], &unit) > 0) {
      units[at] = units[at - 1];
      at--;
    }
    units[at] = unit;
  }
}

static la_status add_relationships(sorter *s, const la_mapper *mapper) {
  la_flush *flush = s->flush;
  for (uint32_t i = 0; i < mapper->link_count; i++) {
    la_relationship *relationship = mapper->links[i]->relationship;
    bool known = relationship->viewonly || !relationship->configured;
    for (size_t j = 0; !known && j < flush->relationships.count; j++) {
      known = flush->relationships.items[j] == relationship;
    }
    if (!known && !la_vec_push(flush->alloc, &flush->relationships, relationship)) {
      return fail_nomem(s);
    }
  }
  return LA_OK;
}

/* The units of all records, and the relationships of their mappers. */
static la_status make_units(sorter *s) {
  la_flush *flush = s->flush;
  la_map others = {0};
  la_mapper *first = flush->records.count > 0 ? flush->records.items[0].instance->mapper : NULL;
  la_mapper *last = NULL;
  la_status status = LA_OK;
  for (size_t i = 0; status == LA_OK && i < flush->records.count; i++) {
    la_mapper *mapper = flush->records.items[i].instance->mapper;
    bool known = mapper == last || (i > 0 && mapper == first) ||
                 (i > 0 && la_map_get_pointer(&others, mapper) != NULL);
    last = mapper;
    if (known) {
      continue;
    }
    la_flush_unit unit = {.root = la_mapper_top(mapper)};
    if ((i > 0 && !la_map_set_pointer(&others, flush->alloc, mapper, mapper)) ||
        (find_unit(flush, mapper) == LA_FLUSH_NONE &&
         !la_vec_push(flush->alloc, &flush->units, unit))) {
      status = fail_nomem(s);
    } else {
      status = add_relationships(s, mapper);
    }
  }
  la_map_clear(&others, flush->alloc);
  sort_units(flush);
  return status;
}

static int compare_relationships(const la_relationship *a, const la_relationship *b) {
  int order = compare_texts(a->parent->class_name, b->parent->class_name);
  return order != 0 ? order : compare_texts(a->key, b->key);
}

static void sort_relationships(la_flush *flush) {
  la_relationship **list = flush->relationships.items;
  for (size_t i = 1; i < flush->relationships.count; i++) {
    la_relationship *relationship = list[i];
    size_t at = i;
    while (at > 0 && compare_relationships(list[at - 1], relationship) > 0) {
      list[at] = list[at - 1];
      at--;
    }
    list[at] = relationship;
  }
}

static void number_units(la_flush *flush) {
  la_mapper *last = NULL;
  uint32_t unit = 0;
  for (size_t i = 0; i < flush->records.count; i++) {
    la_flush_record *record = &flush->records.items[i];
    if (record->instance->mapper != last) {
      last = record->instance->mapper;
      unit = find_unit(flush, last);
    }
    record->unit = unit;
    flush->units.items[unit].has_deletes |= record->op == LA_RECORD_DELETE;
  }
}

/* A self-referential relationship orders objects only if a foreign key of it is to be copied, or
 * an object deleted. */
static bool orders_itself(const la_flush *flush, const la_relationship *relationship,
                          uint32_t unit) {
  for (size_t i = 0; i < flush->syncs.count; i++) {
    const la_relationship *used = flush->syncs.items[i].relationship;
    if (used == relationship || used == relationship->reverse) {
      return true;
    }
  }
  return flush->units.items[unit].has_deletes;
}

/* The units that a relationship orders, the first before the second; false if it orders none. */
static bool ends_of(const la_flush *flush, const la_relationship *relationship, uint32_t *before,
                    uint32_t *after) {
  uint32_t parent = find_unit(flush, relationship->parent);
  uint32_t target = find_unit(flush, relationship->target);
  if (parent == LA_FLUSH_NONE || target == LA_FLUSH_NONE ||
      relationship->direction == LA_MANY_TO_MANY || relationship->post_update) {
    return false;
  }
  *before = relationship->direction == LA_ONE_TO_MANY ? parent : target;
  *after = relationship->direction == LA_ONE_TO_MANY ? target : parent;
  return parent != target || orders_itself(flush, relationship, parent);
}

/* Which unit reaches which, by repeated spreading; then the cycles. */
static la_status find_cycles(sorter *s) {
  la_flush *flush = s->flush;
  size_t count = flush->units.count;
  bool grew = true;
  s->reach = la_alloc_zero(flush->alloc, la_array_size(count, count));
  if (s->reach == NULL) {
    return fail_nomem(s);
  }
  for (size_t i = 0; i < flush->relationships.count; i++) {
    uint32_t before, after;
    if (ends_of(flush, flush->relationships.items[i], &before, &after)) {
      s->reach[before * count + after] = 1;
    }
  }
  while (grew) {
    grew = false;
    for (size_t a = 0; a < count; a++) {
      for (size_t b = 0; b < count; b++) {
        for (size_t c = 0; s->reach[a * count + b] && c < count; c++) {
          if (s->reach[b * count + c] && !s->reach[a * count + c]) {
            s->reach[a * count + c] = 1;
            grew = true;
          }
        }
      }
    }
  }
  for (size_t a = 0; a < count; a++) {
    la_flush_unit *unit = &flush->units.items[a];
    unit->cyclic = s->reach[a * count + a];
    unit->component = (uint32_t)a;
    for (size_t b = 0; unit->cyclic && b < a; b++) {
      if (s->reach[a * count + b] && s->reach[b * count + a]) {
        unit->component = flush->units.items[b].component;
        break;
      }
    }
  }
  return LA_OK;
}

static la_status add_unit_nodes(sorter *s) {
  la_flush *flush = s->flush;
  for (uint32_t i = 0; i < flush->units.count; i++) {
    la_flush_unit *unit = &flush->units.items[i];
    if (unit->cyclic) {
      LA_TRY(add_node(s, LA_ACTION_NOTHING, i, 0, &unit->save));
      LA_TRY(add_node(s, LA_ACTION_NOTHING, i, 0, &unit->save_end));
      LA_TRY(add_node(s, LA_ACTION_NOTHING, i, 0, &unit->delete));
      LA_TRY(add_node(s, LA_ACTION_NOTHING, i, 0, &unit->delete_end));
      LA_TRY(connect(s, unit->save, unit->save_end));
      LA_TRY(connect(s, unit->delete, unit->delete_end));
    } else {
      LA_TRY(add_node(s, LA_ACTION_SAVE_UNIT, i, 0, &unit->save));
      LA_TRY(add_node(s, LA_ACTION_DELETE_UNIT, i, 0, &unit->delete));
      unit->save_end = unit->save;
      unit->delete_end = unit->delete;
    }
    LA_TRY(connect(s, unit->save_end, unit->delete));
  }
  return LA_OK;
}

static la_status order_units(sorter *s, uint32_t number) {
  la_flush *flush = s->flush;
  uint32_t before, after, process, nulls;
  la_flush_unit *first, *second;
  if (!ends_of(flush, flush->relationships.items[number], &before, &after)) {
    return LA_OK;
  }
  first = &flush->units.items[before];
  second = &flush->units.items[after];
  if (first->cyclic && first->component == second->component && second->cyclic) {
    return LA_OK; /* object by object */
  }
  /* A step between them, as copying the keys is one: other work may fall into its level. */
  LA_TRY(add_node(s, LA_ACTION_NOTHING, after, number, &process));
  LA_TRY(connect(s, first->save_end, process));
  LA_TRY(connect(s, process, second->save));
  if (flush->relationships.items[number]->direction == LA_ONE_TO_MANY) {
    LA_TRY(add_node(s, LA_ACTION_NOTHING, after, number, &nulls));
    LA_TRY(connect(s, nulls, second->save));
    LA_TRY(connect(s, nulls, second->delete));
    LA_TRY(connect(s, process, second->delete));
  }
  LA_TRY(connect(s, second->save_end, first->delete));
  return connect(s, second->delete_end, first->delete);
}

static la_status order_pairs(sorter *s, uint32_t number) {
  la_flush *flush = s->flush;
  const la_relationship *relationship = flush->relationships.items[number];
  uint32_t units[2] = {find_unit(flush, relationship->parent),
                       find_unit(flush, relationship->target)};
  uint32_t saved, deleted;
  bool used = units[0] != LA_FLUSH_NONE && units[1] != LA_FLUSH_NONE && units[0] != units[1];
  for (size_t i = 0; !used && i < flush->pairs.count; i++) {
    used = flush->pairs.items[i].relationship == relationship;
  }
  if (!used) {
    return LA_OK;
  }
  LA_TRY(add_node(s, LA_ACTION_PAIRS, 0, number, &saved));
  LA_TRY(add_node(s, LA_ACTION_PAIRS_OF_DELETES, 0, number, &deleted));
  for (int i = 0; i < 2; i++) {
    if (units[i] != LA_FLUSH_NONE) {
      const la_flush_unit *unit = &flush->units.items[units[i]];
      LA_TRY(connect(s, unit->save_end, saved));
      if (i == 1) {
        LA_TRY(connect(s, saved, unit->delete));
      }
      LA_TRY(connect(s, deleted, unit->save));
      LA_TRY(connect(s, deleted, unit->delete));
    }
  }
  return LA_OK;
}

/* Foreign keys that are set by an UPDATE of their own, once both objects have rows, and unset
 * before they go. */
static la_status order_post_updates(sorter *s, uint32_t number) {
  la_flush *flush = s->flush;
  const la_relationship *relationship = flush->relationships.items[number];
  uint32_t units[2] = {find_unit(flush, relationship->parent),
                       find_unit(flush, relationship->target)};
  uint32_t node;
  LA_TRY(add_node(s, LA_ACTION_POST_UPDATE, 0, number, &node));
  for (int i = 0; i < 2; i++) {
    if (units[i] != LA_FLUSH_NONE) {
      LA_TRY(connect(s, flush->units.items[units[i]].save_end, node));
      LA_TRY(connect(s, node, flush->units.items[units[i]].delete));
    }
  }
  return LA_OK;
}

static la_status add_record_nodes(sorter *s) {
  la_flush *flush = s->flush;
  for (uint32_t i = 0; i < flush->records.count; i++) {
    la_flush_record *record = &flush->records.items[i];
    const la_flush_unit *unit = &flush->units.items[record->unit];
    if (!unit->cyclic || record->op == LA_RECORD_LISTED) {
      continue;
    }
    bool deletes = record->op == LA_RECORD_DELETE;
    LA_TRY(add_node(s, deletes ? LA_ACTION_DELETE_RECORD : LA_ACTION_SAVE_RECORD, record->unit, i,
                    &record->node));
    LA_TRY(connect(s, deletes ? unit->delete : unit->save, record->node));
    LA_TRY(connect(s, record->node, deletes ? unit->delete_end : unit->save_end));
  }
  return LA_OK;
}

/* The parents of a saved object of a cycle are saved first. */
static la_status order_saves(sorter *s, const la_flush_record *record) {
  la_flush *flush = s->flush;
  for (uint32_t at = record->first_sync; at != LA_FLUSH_NONE; at = flush->syncs.items[at].next) {
    const la_flush_sync *sync = &flush->syncs.items[at];
    const la_flush_record *parent =
        sync->parent != NULL && !sync->clear ? la_flush_record_of(flush, sync->parent) : NULL;
    if (parent != NULL && parent->node != LA_FLUSH_NONE && parent->op == LA_RECORD_SAVE &&
        !sync->relationship->post_update) {
      if (parent == record) {
        continue; /* its own key, which is known once it has been inserted */
      }
      LA_TRY(connect(s, parent->node, record->node));
    }
  }
  return LA_OK;
}

/* The children of a deleted object of a cycle are deleted first. */
static la_status order_deletes(sorter *s, const la_flush_record *record) {
  la_flush *flush = s->flush;
  const la_instance *instance = record->instance;
  for (uint32_t link = 0; link < instance->link_count; link++) {
    const la_relationship *relationship = instance->mapper->links[link]->relationship;
    bool to_parent = relationship->direction == LA_MANY_TO_ONE;
    if (relationship->viewonly || relationship->post_update ||
        relationship->direction == LA_MANY_TO_MANY) {
      continue;
    }
    flush->added.count = 0;
    if (to_parent) {
      la_instance *parent = la_link_peek(instance, link);
      if (parent != NULL && !la_vec_push(flush->alloc, &flush->added, parent)) {
        return fail_nomem(s);
      }
    } else {
      LA_TRY(la_link_members(instance, link, flush->alloc, &flush->added, s->err));
    }
    LA_TRY(la_link_leavers(instance, link, flush->alloc, &flush->added, s->err));
    for (size_t i = 0; i < flush->added.count; i++) {
      const la_flush_record *other = la_flush_record_of(flush, flush->added.items[i]);
      if (other != NULL && other != record && other->node != LA_FLUSH_NONE &&
          other->op == LA_RECORD_DELETE) {
        LA_TRY(connect(s, to_parent ? record->node : other->node,
                       to_parent ? other->node : record->node));
      }
    }
  }
  return LA_OK;
}

static la_status order_records(sorter *s) {
  la_flush *flush = s->flush;
  for (size_t i = 0; i < flush->records.count; i++) {
    const la_flush_record *record = &flush->records.items[i];
    if (record->node != LA_FLUSH_NONE) {
      LA_TRY(record->op == LA_RECORD_SAVE ? order_saves(s, record) : order_deletes(s, record));
    }
  }
  return LA_OK;
}

/* Objects of one unit that nothing relates: they are saved, then deleted. */
static la_status order_alone(sorter *s) {
  la_flush *flush = s->flush;
  static const la_node_action actions[] = {LA_ACTION_SAVE_UNIT, LA_ACTION_DELETE_UNIT};
  for (uint32_t i = 0; i < 2; i++) {
    uint32_t node;
    LA_TRY(add_node(s, actions[i], 0, 0, &node));
    if (!la_vec_push(flush->alloc, &flush->order, node) ||
        !la_vec_push(flush->alloc, &flush->levels, i)) {
      return fail_nomem(s);
    }
  }
  return LA_OK;
}

static la_status make_order(sorter *s) {
  la_flush *flush = s->flush;
  LA_TRY(make_units(s));
  number_units(flush);
  sort_relationships(flush);
  if (flush->units.count == 0) {
    return LA_OK;
  }
  if (flush->units.count == 1 && flush->relationships.count == 0) {
    return order_alone(s);
  }
  LA_TRY(find_cycles(s));
  LA_TRY(add_unit_nodes(s));
  for (uint32_t i = 0; i < flush->relationships.count; i++) {
    const la_relationship *relationship = flush->relationships.items[i];
    if (relationship->direction == LA_MANY_TO_MANY) {
      LA_TRY(order_pairs(s, i));
    } else if (relationship->post_update) {
      LA_TRY(order_post_updates(s, i));
    } else {
      LA_TRY(order_units(s, i));
    }
  }
  LA_TRY(add_record_nodes(s));
  LA_TRY(order_records(s));
  return la_flush_take_levels(flush, s->edges.items, s->edges.count, s->err);
}

la_status la_flush_sort(la_flush *flush, la_error *err) {
  sorter s = {.flush = flush, .err = err};
  la_status status = make_order(&s);
  size_t units = flush->units.count;
  la_vec_clear(flush->alloc, &s.edges);
  la_free(flush->alloc, s.reach, units * units);
  return status < 0 ? la_flush_fail(flush, status, err) : LA_OK;
}
