/* SPDX-License-Identifier: MIT */
/*
 * Which elementary changes one change of a link brings.
 *
 * "X gains Y" has a mirror on the reverse relationship, "Y gains X", and what Y had there before
 * is lost: a third object loses Y in turn. Each change is worked out once, and the mirror of its
 * own cause is left out, so that the list ends. Nothing is applied while the list is made: what a
 * link holds is what it held before.
 */
#include "orm/link.h"

#include "orm/cascade.h"

static la_relationship *relationship_of(const la_instance *instance, uint32_t link) {
  return instance->mapper->links[link]->relationship;
}

static la_status add(la_link_changes *p, size_t cause, la_link_change change, la_error *err) {
  if (p->count == LA_LINK_CHANGES) {
    return la_fail(err, LA_INVALID_REQUEST, "a change of %.*s.%.*s brings too many others",
                   LA_TEXT_FORMAT(change.instance->mapper->class_name),
                   LA_TEXT_FORMAT(relationship_of(change.instance, change.link)->key));
  }
  p->causes[p->count] = cause;
  p->items[p->count++] = change;
  return LA_OK;
}

static bool is_loaded(const la_instance *instance, uint32_t link) {
  return la_links(instance)[link].flags & LA_LINK_LOADED;
}

/* `owner`.`link` gains `other`. */
static la_status gain(la_link_changes *p, size_t cause, la_instance *owner, uint32_t link,
                      la_instance *other, la_error *err) {
  la_link_change change = {.instance = owner, .link = link, .other = other, .at = SIZE_MAX};
  if (relationship_of(owner, link)->uselist) {
    bool known = !la_relationship_never_loads(relationship_of(owner, link)) &&
                 (is_loaded(owner, link) || !(owner->flags & LA_INSTANCE_KEYED));
    change.kind = known ? LA_LINK_INSERT : LA_LINK_QUEUE_ADD;
    return add(p, cause, change, err);
  }
  change.kind = LA_LINK_SET;
  if (is_loaded(owner, link)) {
    change.old = la_links(owner)[link].to.one;
    if (change.old == other) {
      return LA_OK;
    }
  } else {
    change.old = la_link_peek(owner, link);
  }
  return add(p, cause, change, err);
}

/* `owner`.`link` loses `other`. */
static la_status lose(la_link_changes *p, size_t cause, la_instance *owner, uint32_t link,
                      la_instance *other, la_error *err) {
  la_link_change change = {.instance = owner, .link = link, .other = other};
  const la_link *l = &la_links(owner)[link];
  bool queues = la_relationship_never_loads(relationship_of(owner, link));
  bool has_row = (owner->flags & LA_INSTANCE_KEYED) || queues;
  if (!is_loaded(owner, link) && !has_row) {
    return LA_OK;
  }
  if (!relationship_of(owner, link)->uselist) {
    if (is_loaded(owner, link) && l->to.one != other) {
      return LA_OK;
    }
    change.kind = LA_LINK_SET;
    change.other = NULL;
    change.old = other;
  } else if (is_loaded(owner, link) && !queues) {
    change.kind = LA_LINK_REMOVE;
    change.at = l->to.many != NULL ? la_collection_index(l->to.many, other) : SIZE_MAX;
    if (change.at == SIZE_MAX) {
      return LA_OK;
    }
  } else {
    change.kind = LA_LINK_QUEUE_REMOVE;
  }
  return add(p, cause, change, err);
}

/* Adds what change number `at` brings. */
static la_status follow(la_link_changes *p, size_t at, la_error *err) {
  la_link_change change = p->items[at];
  const la_relationship *relationship = relationship_of(change.instance, change.link);
  const la_relationship *reverse = relationship->reverse;
  const la_relationship *of_lost, *of_gained;
  size_t cause = p->causes[at];
  const la_link_change *origin = cause != SIZE_MAX ? &p->items[cause] : NULL;
  la_instance *skipped = NULL; /* the mirror on this object is what brought the change */
  la_instance *gained = NULL, *lost = NULL;
  if (reverse == NULL || relationship->apart || reverse->viewonly || reverse->reverse == NULL ||
      reverse->reverse->viewonly) {
    return LA_OK;
  }
  if (origin != NULL) {
    reverse = la_relationship_reverse_of(relationship, origin->instance->mapper);
    skipped = reverse != NULL && origin->link == reverse->link ? origin->instance : NULL;
  }
  switch (change.kind) {
  case LA_LINK_SET:
    if (change.old == change.other) {
      return LA_OK; /* the other side has it already */
    }
    gained = change.other;
    lost = change.old;
    break;
  case LA_LINK_INSERT:
  case LA_LINK_QUEUE_ADD:
    gained = change.other;
    break;
  default:
    lost = change.other;
  }
  of_lost = lost != NULL ? la_relationship_reverse_of(relationship, lost->mapper) : NULL;
  of_gained = gained != NULL ? la_relationship_reverse_of(relationship, gained->mapper) : NULL;
  if (of_lost != NULL && lost != skipped && of_lost->link < lost->link_count) {
    LA_TRY(lose(p, at, lost, of_lost->link, change.instance, err));
  }
  if (of_gained != NULL && gained != skipped && of_gained->link < gained->link_count) {
    LA_TRY(gain(p, at, gained, of_gained->link, change.instance, err));
  }
  return LA_OK;
}

static la_status check_type(const la_link_change *change, la_error *err) {
  const la_relationship *r = relationship_of(change->instance, change->link);
  const la_mapper *mapper = change->other != NULL ? change->other->mapper : NULL;
  bool gains = change->kind == LA_LINK_SET || change->kind == LA_LINK_INSERT;
  if (!gains || mapper == NULL || la_mapper_is_a(mapper, r->target) || !r->enable_typechecks) {
    return LA_OK;
  }
  return la_fail(err, LA_ARGUMENT,
                 "Attempting to set an object of type %.*s as %s \"%.*s.%.*s\". Expected an object "
                 "of type %.*s or a polymorphic subclass of this type.",
                 LA_TEXT_FORMAT(mapper->class_name),
                 r->uselist ? "a member of collection" : "the value of attribute",
                 LA_TEXT_FORMAT(r->parent->class_name), LA_TEXT_FORMAT(r->key),
                 LA_TEXT_FORMAT(r->target->class_name));
}

/* An object that may have one parent only has another one already. */
static la_status check_single_parent(const la_link_change *change, la_error *err) {
  const la_relationship *r = relationship_of(change->instance, change->link);
  const la_instance *other = change->other;
  const la_relationship *reverse;
  const la_link *back;
  bool taken;
  if (!r->single_parent || other == NULL || r->direction == LA_ONE_TO_MANY ||
      change->kind == LA_LINK_REMOVE || change->kind == LA_LINK_QUEUE_REMOVE) {
    return LA_OK;
  }
  reverse = la_relationship_reverse_of(r, other->mapper);
  if (reverse == NULL || reverse->link >= other->link_count) {
    return LA_OK;
  }
  back = &la_links(other)[reverse->link];
  taken = reverse->uselist ? back->to.many != NULL && back->to.many->items.count > 0 &&
                                 la_collection_index(back->to.many, change->instance) == SIZE_MAX
                           : back->to.one != NULL && back->to.one != change->instance;
  if (!taken) {
    return LA_OK;
  }
  la_strbuf text;
  la_strbuf_init(&text, change->instance->mapper->alloc);
  la_instance_describe(other, &text);
  la_fail_code(err, LA_INVALID_REQUEST, "bbf1",
               "Instance %.*s is already associated with an instance of %.*s via its %.*s.%.*s "
               "attribute, and is only allowed a single parent.",
               LA_TEXT_FORMAT(la_strbuf_view(&text)), LA_TEXT_FORMAT(r->parent->class_name),
               LA_TEXT_FORMAT(r->parent->class_name), LA_TEXT_FORMAT(r->key));
  la_strbuf_clear(&text);
  return LA_INVALID_REQUEST;
}

la_status la_link_plan(const la_link_change *first, la_link_changes *out, la_error *err) {
  la_link_change change = *first;
  out->count = 0;
  LA_TRY(check_type(first, err));
  LA_TRY(check_single_parent(first, err));
  if (change.kind == LA_LINK_SET && change.old == NULL &&
      change.link < change.instance->link_count) {
    change.old = is_loaded(change.instance, change.link)
                     ? la_links(change.instance)[change.link].to.one
                     : la_link_peek(change.instance, change.link);
  }
  LA_TRY(add(out, SIZE_MAX, change, err));
  for (size_t i = 0; i < out->count; i++) {
    LA_TRY(follow(out, i, err));
  }
  return LA_OK;
}
