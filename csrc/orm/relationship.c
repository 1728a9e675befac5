/* SPDX-License-Identifier: MIT */
/*
 * Lives of relationships, cascades, and the tie between the two sides of one.
 */
#include "orm/mapper_internal.h"

/* Counted through its mapper once it belongs to one. */
static la_object *owner_of(const la_object *object) {
  const la_relationship *relationship = (const la_relationship *)(const void *)object;
  return relationship->parent != NULL ? &relationship->parent->object : NULL;
}

void la_relationship_clear_join(la_relationship *relationship) {
  la_allocator *alloc = relationship->alloc;
  la_node_release(relationship->element);
  la_node_release(relationship->through);
  la_node_release(relationship->primaryjoin);
  la_node_release(relationship->secondaryjoin);
  la_node_release(relationship->order_by);
  la_node_release(relationship->lazy_clause);
  la_node_release(relationship->marker);
  la_node_release(relationship->marked);
  la_object_release(relationship->lazy_extra);
  la_object_release(relationship->secondary);
  la_free(alloc, relationship->pairs, relationship->pair_count * sizeof *relationship->pairs);
  la_free(alloc, relationship->secondary_pairs,
          relationship->secondary_pair_count * sizeof *relationship->secondary_pairs);
  la_free(alloc, relationship->get_pairs,
          relationship->get_count * sizeof *relationship->get_pairs);
  la_free(alloc, relationship->below, relationship->below_count * sizeof *relationship->below);
  la_free(alloc, relationship->locals, relationship->local_size);
  if (relationship->target_retained) {
    la_object_release(relationship->target);
  }
  relationship->primaryjoin = relationship->secondaryjoin = relationship->order_by =
      relationship->lazy_clause = NULL;
  relationship->marker = relationship->marked = NULL;
  relationship->lazy_extra = NULL;
  relationship->element = relationship->through = NULL;
  relationship->secondary = NULL;
  relationship->pairs = relationship->secondary_pairs = NULL;
  relationship->get_pairs = NULL;
  relationship->locals = NULL;
  relationship->below = NULL;
  relationship->below_count = 0;
  relationship->local_size = 0;
  relationship->get_count = relationship->local_count = 0;
  relationship->pair_count = relationship->secondary_pair_count = 0;
  relationship->target_retained = false;
  relationship->target = NULL;
  relationship->use_get = relationship->simple = relationship->configured = false;
}

/* The one writer of `reverse`. */
static void set_reverse(la_relationship *relationship, la_relationship *reverse) {
  if (relationship->reverse != NULL) {
    la_relationship **place = &relationship->reverse->reverse_of;
    while (*place != relationship) {
      place = &(*place)->next_reverse_of;
    }
    *place = relationship->next_reverse_of;
  }
  relationship->reverse = reverse;
  if (reverse != NULL) {
    relationship->next_reverse_of = reverse->reverse_of;
    reverse->reverse_of = relationship;
  }
}

void la_relationship_forget_target(la_relationship *relationship) {
  set_reverse(relationship, NULL);
  relationship->target = NULL;
  relationship->configured = false;
}

void la_relationship_free(la_relationship *relationship) {
  la_relationship_clear_join(relationship);
  set_reverse(relationship, NULL);
  while (relationship->reverse_of != NULL) {
    set_reverse(relationship->reverse_of, NULL);
  }
  la_free(relationship->alloc, relationship, sizeof *relationship);
}

static void destroy(la_object *object) {
  la_relationship_free((la_relationship *)(void *)object);
}

static const la_object_class relationship_class = {
    .name = "relationship", .destroy = destroy, .owner = owner_of};

la_relationship *la_relationship_new(la_allocator *alloc) {
  la_relationship *relationship = la_alloc_zero(alloc, sizeof *relationship);
  if (relationship != NULL) {
    la_object_init(&relationship->object, &relationship_class);
    relationship->alloc = alloc;
    relationship->join_depth = -1;
    relationship->passive_updates = relationship->enable_typechecks = true;
    relationship->cascade = LA_CASCADE_SAVE_UPDATE | LA_CASCADE_MERGE;
  }
  return relationship;
}

bool la_relationship_never_loads(const la_relationship *relationship) {
  return relationship->lazy == LA_LOADER_DYNAMIC || relationship->lazy == LA_LOADER_WRITE_ONLY;
}

void la_relationship_describe(const la_relationship *relationship, la_strbuf *out) {
  if (relationship->parent != NULL) {
    la_strbuf_text(out, relationship->parent->class_name);
    la_strbuf_char(out, '.');
  }
  la_strbuf_text(out, relationship->key);
}

const char *la_direction_name(la_direction direction) {
  return direction == LA_ONE_TO_MANY   ? "one-to-many"
         : direction == LA_MANY_TO_ONE ? "many-to-one"
                                       : "many-to-many";
}

static const struct {
  const char *word;
  uint32_t bits;
} cascade_words[] = {
    {"save-update", LA_CASCADE_SAVE_UPDATE},
    {"merge", LA_CASCADE_MERGE},
    {"expunge", LA_CASCADE_EXPUNGE},
    {"refresh-expire", LA_CASCADE_REFRESH_EXPIRE},
    {"delete", LA_CASCADE_DELETE},
    {"delete-orphan", LA_CASCADE_DELETE_ORPHAN},
    {"all", LA_CASCADE_SAVE_UPDATE | LA_CASCADE_MERGE | LA_CASCADE_EXPUNGE |
                LA_CASCADE_REFRESH_EXPIRE | LA_CASCADE_DELETE},
    {"none", 0},
};

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static la_status parse_word(la_text word, uint32_t *bits, la_error *err) {
  for (size_t i = 0; i < sizeof cascade_words / sizeof cascade_words[0]; i++) {
    if (la_text_is(word, cascade_words[i].word)) {
      *bits = cascade_words[i].bits == 0 ? 0 : *bits | cascade_words[i].bits;
      return LA_OK;
    }
  }
  return la_fail(err, LA_ARGUMENT, "Invalid cascade option(s): '%.*s'", LA_TEXT_FORMAT(word));
}

la_status la_cascade_parse(la_text text, uint32_t *out, la_error *err) {
  size_t at = 0;
  uint32_t bits = 0;
  while (at < text.len) {
    size_t begin = at, end;
    while (at < text.len && text.bytes[at] != ',') {
      at++;
    }
    end = at++;
    while (begin < end && is_space(text.bytes[begin])) {
      begin++;
    }
    while (end > begin && is_space(text.bytes[end - 1])) {
      end--;
    }
    if (end > begin) {
      LA_TRY(parse_word((la_text){text.bytes + begin, end - begin}, &bits, err));
    }
  }
  *out = bits;
  return LA_OK;
}

#define NAME_OF(relationship)                                                                      \
  LA_TEXT_FORMAT((relationship)->parent->class_name), LA_TEXT_FORMAT((relationship)->key)

la_status la_relationship_check_cascade(const la_relationship *relationship, la_error *err) {
  uint32_t cascade = relationship->cascade;
  if ((cascade & LA_CASCADE_DELETE_ORPHAN) && !relationship->single_parent &&
      relationship->direction != LA_ONE_TO_MANY) {
    return la_fail_code(err, LA_ARGUMENT, "bbf0",
                        "For %s relationship %.*s.%.*s, delete-orphan cascade is normally "
                        "configured only on the \"one\" side of a "
                        "one-to-many relationship, and not on the \"many\" side of a many-to-one "
                        "or many-to-many relationship.  To "
                        "force this relationship to allow a particular \"%.*s\" object to be "
                        "referenced by only a single \"%.*s\" "
                        "object at a time via the %.*s.%.*s relationship, which would allow "
                        "delete-orphan cascade to take place in "
                        "this direction, set the single_parent=True flag.",
                        la_direction_name(relationship->direction), NAME_OF(relationship),
                        LA_TEXT_FORMAT(relationship->target->class_name),
                        LA_TEXT_FORMAT(relationship->parent->class_name), NAME_OF(relationship));
  }
  if (relationship->passive_deletes == LA_PASSIVE_DELETES_ALL &&
      (cascade & (LA_CASCADE_DELETE | LA_CASCADE_DELETE_ORPHAN))) {
    return la_fail(err, LA_ARGUMENT,
                   "On %.*s.%.*s, can't set passive_deletes='all' in conjunction with 'delete' or "
                   "'delete-orphan' "
                   "cascade",
                   NAME_OF(relationship));
  }
  return LA_OK;
}

static bool share_hierarchy(const la_mapper *a, const la_mapper *b) {
  return la_mapper_top(a) == la_mapper_top(b);
}

la_relationship *la_relationship_reverse_of(const la_relationship *relationship,
                                            const la_mapper *mapper) {
  la_relationship *reverse = relationship->reverse;
  const la_property *property;
  if (reverse == NULL || reverse->parent->root == mapper->root) {
    return reverse;
  }
  property = la_mapper_property(mapper, reverse->key);
  reverse = property != NULL ? property->relationship : NULL;
  return reverse != NULL && reverse->reverse == relationship ? reverse : NULL;
}

la_status la_relationship_set_reverse(la_relationship *relationship, la_text back_populates,
                                      la_error *err) {
  static const char *const symbols[] = {"ONETOMANY", "MANYTOONE", "MANYTOMANY"};
  la_property *property =
      relationship->target ? la_mapper_property(relationship->target, back_populates) : NULL;
  la_relationship *other;
  if (property == NULL) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "Mapper 'Mapper[%.*s(%.*s)]' has no property '%.*s'.  If this property was "
                   "indicated from other "
                   "mappers or configure events, ensure registry.configure() has been called.",
                   LA_TEXT_FORMAT(relationship->target->class_name),
                   LA_TEXT_FORMAT(relationship->target->table->name),
                   LA_TEXT_FORMAT(back_populates));
  }
  other = property->relationship;
  if (other == NULL) {
    return la_fail(
        err, LA_INVALID_REQUEST,
        "back_populates on relationship '%.*s.%.*s' refers to attribute '%.*s.%.*s' that is not a "
        "relationship.  The back_populates parameter should refer to the name of a relationship on "
        "the "
        "target class.",
        NAME_OF(relationship), LA_TEXT_FORMAT(relationship->target->class_name),
        LA_TEXT_FORMAT(back_populates));
  }
  if (other->target != NULL && !share_hierarchy(other->target, relationship->parent)) {
    return la_fail(err, LA_ARGUMENT,
                   "reverse_property '%.*s' on relationship %.*s.%.*s references relationship "
                   "%.*s.%.*s, which does "
                   "not reference mapper Mapper[%.*s(%.*s)]",
                   LA_TEXT_FORMAT(back_populates), NAME_OF(relationship), NAME_OF(other),
                   LA_TEXT_FORMAT(relationship->parent->class_name),
                   LA_TEXT_FORMAT(relationship->parent->table->name));
  }
  if (other->configured && relationship->direction != LA_MANY_TO_MANY &&
      relationship->direction == other->direction) {
    return la_fail(err, LA_ARGUMENT,
                   "%.*s.%.*s and back-reference %.*s.%.*s are both of the same direction %s.  Did "
                   "you mean to set "
                   "remote_side on the many-to-one side ?",
                   NAME_OF(other), NAME_OF(relationship), symbols[relationship->direction]);
  }
  set_reverse(relationship, other);
  if (other->reverse == NULL || other->target == NULL ||
      relationship->parent->root == other->target->root) {
    set_reverse(other, relationship); /* else that of a concrete subclass of the target */
  }
  return LA_OK;
}
