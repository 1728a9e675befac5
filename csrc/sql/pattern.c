/* SPDX-License-Identifier: MIT */
/*
 * Nodes are compared in the order in which a key has them. Which node of one statement stands for
 * which of the other is noted where either can be met again: each must stand for the other alone.
 */
#include "sql/pattern.h"

#include "sql/key_internal.h"
#include "sql/walk.h"

/* The most nodes of one statement that somebody else holds too, or that it has twice. */
#define MOST_MET 32

typedef struct met_pair {
  const la_node *node, *kept;
} met_pair;

typedef struct comparison {
  la_key *key;
  uint32_t met_count;
  met_pair met[MOST_MET];
} comparison;

/* ---- making ---- */

static void destroy_pattern(la_object *object) {
  la_pattern *self = (la_pattern *)(void *)object;
  la_node_release(self->statement);
  la_free(self->alloc, self, sizeof *self);
}

static const la_object_class pattern_class = {.name = "pattern", .destroy = destroy_pattern};

static la_walk_answer note_version(const la_node *node, void *context) {
  la_pattern *self = context;
  const uint32_t *now = node->subject != NULL ? la_key_version(node) : NULL;
  uint32_t i = 0;
  if (node->subject == NULL) {
    return LA_WALK_CONTINUE;
  }
  while (i < self->version_count && self->versions[i].now != now) {
    i++;
  }
  if (now == NULL || i == LA_PATTERN_VERSIONS) {
    return LA_WALK_STOP;
  }
  if (i == self->version_count) {
    self->versions[self->version_count++] = (la_pattern_version){now, *now};
  }
  return LA_WALK_CONTINUE;
}

la_pattern *la_pattern_new(la_allocator *alloc, const la_node *statement) {
  la_pattern *self;
  la_error ignored = LA_ERROR_INIT;
  if (la_node_weight(statement) > LA_PATTERN_WEIGHT || (statement->flags & LA_NODE_HAS_HOST)) {
    return NULL;
  }
  self = la_alloc_zero(alloc, sizeof *self);
  if (self == NULL) {
    return NULL;
  }
  la_object_init(&self->object, &pattern_class);
  self->alloc = alloc;
  self->statement = la_node_retain(statement);
  if (la_walk(alloc, statement, note_version, self, &ignored) != LA_OK) {
    la_object_release(self);
    return NULL;
  }
  return self;
}

/* ---- comparing ---- */

static bool same_value(const la_value *a, const la_value *b) {
  if (a->kind != b->kind) {
    return false;
  }
  return la_value_has_bytes(a) ? la_text_equal(la_value_bytes(a), la_value_bytes(b))
                               : a->as.integer == b->as.integer;
}

static bool same_values(const la_node *a, const la_node *b) {
  if (la_key_has_values(a) != la_key_has_values(b)) {
    return false;
  }
  if (!la_key_has_values(a)) {
    return true;
  }
  bool same = a->value_count == b->value_count;
  for (uint32_t i = 0; same && i < a->value_count; i++) {
    same = same_value(&a->values[i], &b->values[i]);
  }
  return same;
}

static bool same_type(const la_type *a, const la_type *b) {
  return a == b || (a != NULL && b != NULL && a->is_simple && b->is_simple && a->kind == b->kind &&
                    a->flags == b->flags && a->length == b->length &&
                    a->precision == b->precision && a->scale == b->scale);
}

static bool same_text(la_text a, la_text b) {
  return a.len == b.len && (a.bytes == NULL) == (b.bytes == NULL) &&
         (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

/* All that two nodes are by themselves. */
static bool same_node(const la_node *a, const la_node *b) {
  return a->kind == b->kind && a->op == b->op && !((a->flags ^ b->flags) & LA_KEY_FLAGS) &&
         a->count == b->count && a->subject == b->subject && same_type(a->type, b->type) &&
         same_text(a->text, b->text) && la_key_has_value(a) == la_key_has_value(b) &&
         (!la_key_has_value(a) || same_value(&a->value, &b->value)) && same_values(a, b);
}

typedef enum meeting { FIRST_TIME, AGAIN, NO_MATCH } meeting;

static meeting meet(comparison *self, const la_node *node, const la_node *kept) {
  for (uint32_t i = 0; i < self->met_count; i++) {
    const met_pair *pair = &self->met[i];
    if (pair->node == node || pair->kept == kept) {
      return pair->node == node && pair->kept == kept ? AGAIN : NO_MATCH;
    }
  }
  if (self->met_count == MOST_MET) {
    return NO_MATCH;
  }
  self->met[self->met_count++] = (met_pair){node, kept};
  return FIRST_TIME;
}

/* Leaves the pairs of children to be compared, so that the first comes off first. */
static bool push_children(la_key *key, const la_node *node, const la_node *kept) {
  const la_node **top;
  if (!la_vec_reserve(key->alloc, &key->stack, (size_t)node->count * 2)) {
    return false;
  }
  top = key->stack.items + key->stack.count;
  for (uint32_t i = node->count; i-- > 0;) {
    const la_node *left = node->children[i], *right = kept->children[i];
    if (left != NULL && right != NULL) {
      *top++ = left;
      *top++ = right;
    } else if (left != right) {
      return false;
    }
  }
  key->stack.count = (size_t)(top - key->stack.items);
  return true;
}

static bool compare(comparison *self, const la_node *node, const la_node *kept) {
  if (node == kept && node->kind >= LA_NODE_ENTITY && la_key_plain_part(node) != NULL) {
    return true;
  }
  if (la_key_may_come_again(node) || la_key_may_come_again(kept)) {
    meeting found = meet(self, node, kept);
    if (found != FIRST_TIME) {
      return found == AGAIN;
    }
  }
  if (node->kind == LA_NODE_OBJECT ||
      (node->kind == LA_NODE_PARAM && !la_vec_push(self->key->alloc, &self->key->params, node))) {
    return false;
  }
  return (node == kept || same_node(node, kept)) &&
         (node->count == 0 || push_children(self->key, node, kept));
}

bool la_pattern_matches(const la_pattern *pattern, const la_node *statement, la_key *key) {
  comparison self;
  if (statement->shape != pattern->statement->shape) {
    return false;
  }
  for (uint32_t i = 0; i < pattern->version_count; i++) {
    if (*pattern->versions[i].now != pattern->versions[i].then) {
      return false;
    }
  }
  key->params.count = key->stack.count = 0;
  self.key = key;
  self.met_count = 0;
  bool same = compare(&self, statement, pattern->statement);
  while (same && key->stack.count != 0) {
    key->stack.count -= 2;
    same =
        compare(&self, key->stack.items[key->stack.count], key->stack.items[key->stack.count + 1]);
  }
  return same;
}
