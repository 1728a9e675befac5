/* SPDX-License-Identifier: MIT */
/*
 * A node is one block: the struct, its children, its values, then the bytes of its texts.
 */
#include "sql/node.h"

#include "schema/type.h"

static const char *const kind_names[LA_NODE_KIND_COUNT] = {
#define X(name) #name,
    LA_NODE_KINDS(X)
#undef X
};

/* Dead nodes wait for their turn linked through `subject`, so releasing needs neither memory nor
 * stack. */
static void destroy_node(la_object *object) {
  la_node *dead = (la_node *)object;
  la_object_release(dead->subject);
  dead->subject = NULL;
  while (dead != NULL) {
    la_node *node = dead;
    dead = (la_node *)node->subject;
    for (uint32_t i = 0; i < node->count; i++) {
      la_node *child = node->children[i];
      if (child != NULL && --child->object.references == 0) {
        la_object *subject = child->subject;
        child->subject = (la_object *)dead;
        dead = child;
        la_object_release(subject);
      }
    }
    la_object_release(node->type);
    la_free(node->alloc, node, node->size);
  }
}

static void visit_node(const la_object *object, la_object_visitor each, void *ctx) {
  const la_node *node = (const la_node *)object;
  if (node->subject != NULL) {
    each(ctx, node->subject);
  }
  if (node->type != NULL) {
    each(ctx, &node->type->object);
  }
  for (uint32_t i = 0; i < node->count; i++) {
    if (node->children[i] != NULL) {
      each(ctx, &node->children[i]->object);
    }
  }
}

const la_object_class la_node_class = {
    .name = "node", .destroy = destroy_node, .visit = visit_node};

static size_t value_bytes(const la_value *value) {
  return la_value_has_bytes(value) ? value->len : 0;
}

/* Copies `value`, with its bytes to `*at`, which moves on. */
static la_value copy_value(const la_value *value, char **at) {
  la_value copy = *value;
  if (la_value_has_bytes(value)) {
    if (value->len != 0) {
      memcpy(*at, value->as.bytes, value->len);
    }
    copy.as.bytes = *at;
    *at += value->len;
  }
  return copy;
}

static bool type_has_host(const la_type *type) {
  return type != NULL &&
         (type->host != 0 || (type->flags & (LA_TYPE_HOST_BIND | LA_TYPE_HOST_RESULT)));
}

static uint32_t flags_of(const la_node_parts *parts) {
  uint32_t flags = parts->flags;
  if (type_has_host(parts->type) || parts->value.kind == LA_VALUE_HOST) {
    flags |= LA_NODE_HAS_HOST;
  }
  for (uint32_t i = 0; i < parts->value_count; i++) {
    if (parts->values[i].kind == LA_VALUE_HOST) {
      flags |= LA_NODE_HAS_HOST;
    }
  }
  if (parts->kind == LA_NODE_PARAM) {
    flags |= LA_NODE_HAS_PARAM;
  } else if (parts->kind >= LA_NODE_ENTITY) {
    flags |= LA_NODE_HAS_ORM;
  }
  return flags;
}

/* Copies what lies behind the children: values, bytes. */
static void fill_bytes(la_node *node, const la_node_parts *parts) {
  char *at = (char *)&node->children[parts->count];
  if (parts->value_count != 0) {
    node->values = (la_value *)(void *)at;
    at += parts->value_count * sizeof(la_value);
    for (uint32_t i = 0; i < parts->value_count; i++) {
      node->values[i] = copy_value(&parts->values[i], &at);
    }
  }
  node->value = copy_value(&parts->value, &at);
  if (parts->text.bytes != NULL) {
    memcpy(at, parts->text.bytes, parts->text.len);
    at[parts->text.len] = '\0';
    node->text.bytes = at;
  }
}

#define MOST_WEIGHT (1u << 24)

static uint32_t add_weight(uint32_t weight, uint32_t more) {
  return weight + more < MOST_WEIGHT ? weight + more : MOST_WEIGHT;
}

/* ---- shapes ---- */

/* What `child` adds to the shape of a node whose child `index` it is. */
static inline uint32_t part_shape(uint32_t index, const la_node *child) {
  uint32_t shape = (child->shape + (index + 1) * 0x9E3779B9u) * 0x85EBCA6Bu;
  return shape ^ shape >> 15;
}

/* Of the node by itself. Inherited flags follow from the rest; of a text its length and beginning
 * tell most. */
static uint32_t own_shape(const la_node *node) {
  uint64_t subject = (uint64_t)(uintptr_t)node->subject;
  uint64_t shape = (uint64_t)node->kind << 16 | node->op;
  uint64_t word = 0;
  shape ^= (uint64_t)(node->flags & ~(uint32_t)LA_NODE_INHERITED_FLAGS) << 32;
  if (node->text.bytes != NULL) {
    memcpy(&word, node->text.bytes, node->text.len < sizeof word ? node->text.len : sizeof word);
    word += node->text.len;
  }
  shape = (shape ^ subject << 3 ^ word) * UINT64_C(0x9E3779B97F4A7C15);
  return (uint32_t)(shape >> 32);
}

/* The children of the new node, which are in their places, are its own from now on; gives what all
 * of them together have of the inherited flags. */
static uint32_t adopt_children(la_node *node) {
  uint32_t weight = node->size < MOST_WEIGHT ? (uint32_t)node->size : MOST_WEIGHT;
  uint32_t flags = 0, shape = own_shape(node);
  for (uint32_t i = 0; i < node->count; i++) {
    la_node *child = node->children[i];
    if (child != NULL) {
      child->object.references++;
      flags |= child->flags;
      shape += part_shape(i, child);
      weight = add_weight(weight, la_node_weight(child));
    }
  }
  node->object.id = weight;
  node->shape = shape;
  return flags & LA_NODE_INHERITED_FLAGS;
}

static bool has_bytes(const la_node_parts *parts) {
  return parts->value_count != 0 || parts->text.bytes != NULL || la_value_has_bytes(&parts->value);
}

static size_t size_of_bytes(const la_node_parts *parts) {
  size_t size = parts->value_count * sizeof(la_value) + value_bytes(&parts->value);
  for (uint32_t i = 0; i < parts->value_count; i++) {
    size += value_bytes(&parts->values[i]);
  }
  return size + (parts->text.bytes != NULL ? parts->text.len + 1 : 0);
}

la_node *la_node_new(la_allocator *alloc, const la_node_parts *parts) {
  bool has_more = has_bytes(parts);
  size_t size = sizeof(la_node) + parts->count * sizeof(la_node *);
  la_node *node;
  size += has_more ? size_of_bytes(parts) : 0;
  node = la_alloc(alloc, size);
  if (node == NULL) {
    return NULL;
  }
  *node = (la_node){.object = {&la_node_class, 1, 0},
                    .alloc = alloc,
                    .kind = (uint16_t)parts->kind,
                    .op = parts->op,
                    .flags = flags_of(parts),
                    .type = la_object_retain(parts->type),
                    .subject = la_object_retain(parts->subject),
                    .value = parts->value,
                    .value_count = parts->value_count,
                    .count = parts->count,
                    .text.len = parts->text.bytes != NULL ? parts->text.len : 0,
                    .size = size};
  for (uint32_t i = 0; i < parts->count; i++) {
    node->children[i] = parts->children[i];
  }
  if (has_more) {
    fill_bytes(node, parts);
  }
  node->flags |= adopt_children(node);
  return node;
}

la_node *la_node_retain(const la_node *node) {
  la_node *kept = (la_node *)node;
  if (kept != NULL) {
    kept->object.references++;
  }
  return kept;
}

void la_node_release(la_node *node) {
  if (node != NULL && --node->object.references == 0) {
    destroy_node(&node->object);
  }
}

/* What `node` is made of; its inherited flags are left out, to be found again from the children. */
static la_node_parts parts_of(const la_node *node) {
  return (la_node_parts){.kind = (la_node_kind)node->kind,
                         .op = node->op,
                         .flags = node->flags & ~(uint32_t)LA_NODE_INHERITED_FLAGS,
                         .type = node->type,
                         .subject = node->subject,
                         .text = node->text,
                         .value = node->value,
                         .values = node->values,
                         .value_count = node->value_count,
                         .children = node->children,
                         .count = node->count};
}

la_node *la_node_with_children(const la_node *node, la_node *const *children, uint32_t count) {
  la_node_parts parts = parts_of(node);
  parts.children = children;
  parts.count = count;
  parts.flags |= node->flags & LA_NODE_HAS_HOST;
  return la_node_new(node->alloc, &parts);
}

/* True if nothing in the block of `node` points into it. */
static bool is_without_bytes(const la_node *node) {
  return node->text.bytes == NULL && node->value_count == 0 && !la_value_has_bytes(&node->value);
}

/* Sees to the children of `copy`, which are those of another node but for that at `index`: it was
 * `old` there, whose inherited flags `child` has too, so that those of the node only grow. */
static void adopt_replaced(la_node *copy, uint32_t index, const la_node *old,
                           const la_node *child) {
  uint32_t without = la_node_weight(copy) - (old != NULL ? la_node_weight(old) : 0);
  for (uint32_t i = 0; i < copy->count; i++) {
    if (copy->children[i] != NULL) {
      copy->children[i]->object.references++;
    }
  }
  copy->flags |= child->flags & LA_NODE_INHERITED_FLAGS;
  copy->object.id = add_weight(without, la_node_weight(child));
  copy->shape += part_shape(index, child) - (old != NULL ? part_shape(index, old) : 0);
}

/* The block of `node`, which is without bytes, once more with another child. */
static la_node *copy_with_child(const la_node *node, uint32_t index, la_node *child) {
  const la_node *old = node->children[index];
  la_node *copy = la_alloc(node->alloc, node->size);
  if (copy == NULL) {
    return NULL;
  }
  memcpy(copy, node, node->size);
  copy->object.references = 1;
  la_object_retain(copy->type);
  la_object_retain(copy->subject);
  copy->children[index] = child;
  if (child != NULL && la_node_weight(node) < MOST_WEIGHT &&
      (old == NULL || !(old->flags & ~child->flags & LA_NODE_INHERITED_FLAGS))) {
    adopt_replaced(copy, index, old, child);
    return copy;
  }
  copy->flags &= ~(uint32_t)(LA_NODE_HAS_ORM | LA_NODE_HAS_PARAM);
  copy->flags |= node->kind >= LA_NODE_ENTITY ? LA_NODE_HAS_ORM : 0u;
  copy->flags |= adopt_children(copy);
  return copy;
}

/* The most children for which a copy is made on the C stack. */
#define STACK_CHILDREN 32

la_node *la_node_with_child(const la_node *node, uint32_t index, la_node *child) {
  la_node *on_stack[STACK_CHILDREN];
  la_node **children = on_stack;
  size_t size = node->count * sizeof(la_node *);
  la_node *copy;
  if (is_without_bytes(node)) {
    return copy_with_child(node, index, child);
  }
  if (node->count > STACK_CHILDREN) {
    children = la_alloc(node->alloc, size);
    if (children == NULL) {
      return NULL;
    }
  }
  memcpy(children, node->children, size);
  children[index] = child;
  copy = la_node_with_children(node, children, node->count);
  if (children != on_stack) {
    la_free(node->alloc, children, size);
  }
  return copy;
}

la_node *la_node_with_flags(const la_node *node, uint32_t set, uint32_t clear) {
  la_node_parts parts = parts_of(node);
  parts.flags = (node->flags | set) & ~clear;
  return la_node_new(node->alloc, &parts);
}

la_node *la_node_flagged(la_node *take, uint32_t flags) {
  if (take == NULL || flags == 0) {
    return take;
  }
  la_node *flagged = la_node_with_flags(take, flags, 0);
  la_node_release(take);
  return flagged;
}

la_node *la_node_with_type(const la_node *node, la_type *type) {
  la_node_parts parts = parts_of(node);
  parts.type = type;
  return la_node_new(node->alloc, &parts);
}

la_node *la_node_with_text(const la_node *node, la_text text) {
  la_node_parts parts = parts_of(node);
  parts.text = text;
  parts.flags |= node->flags & LA_NODE_HAS_HOST;
  return la_node_new(node->alloc, &parts);
}

la_node *la_chain_new(la_allocator *alloc, la_node *previous, la_node *const *items,
                      uint32_t count) {
  size_t size = sizeof(la_node) + ((size_t)count + 1) * sizeof(la_node *);
  la_node *chain = la_alloc(alloc, size);
  if (chain == NULL) {
    return NULL;
  }
  *chain = (la_node){.object = {&la_node_class, 1, 0},
                     .alloc = alloc,
                     .kind = LA_NODE_CHAIN,
                     .count = count + 1,
                     .size = size};
  chain->children[0] = previous;
  for (uint32_t i = 0; i < count; i++) {
    chain->children[i + 1] = items[i];
  }
  chain->flags = adopt_children(chain);
  return chain;
}

la_node *la_node_with_chained(const la_node *node, uint32_t index, la_node *const *items,
                              uint32_t count) {
  la_node *chain = la_chain_new(node->alloc, node->children[index], items, count);
  la_node *copy;
  if (chain == NULL) {
    return NULL;
  }
  copy = la_node_with_child(node, index, chain);
  la_node_release(chain);
  return copy;
}

size_t la_chain_count(const la_node *chain) {
  size_t count = 0;
  for (; chain != NULL; chain = chain->children[0]) {
    count += chain->count - 1;
  }
  return count;
}

void la_chain_collect(const la_node *chain, la_node **out) {
  la_node **at = out + la_chain_count(chain);
  for (; chain != NULL; chain = chain->children[0]) {
    at -= chain->count - 1;
    memcpy(at, chain->children + 1, (chain->count - 1) * sizeof(la_node *));
  }
}

const char *la_node_kind_name(la_node_kind kind) {
  return kind_names[kind];
}

bool la_node_is_statement(const la_node *node) {
  switch (node->kind) {
  case LA_NODE_SELECT:
  case LA_NODE_COMPOUND:
  case LA_NODE_INSERT:
  case LA_NODE_UPDATE:
  case LA_NODE_DELETE:
  case LA_NODE_TEXT:
  case LA_NODE_TEXTUAL:
    return true;
  case LA_NODE_ELEMENT:
    return node->op == 1;
  default:
    return false;
  }
}

bool la_node_is_select(const la_node *node) {
  return node->kind == LA_NODE_SELECT || node->kind == LA_NODE_COMPOUND ||
         node->kind == LA_NODE_TEXTUAL;
}

bool la_node_is_dml(const la_node *node) {
  return node->kind == LA_NODE_INSERT || node->kind == LA_NODE_UPDATE ||
         node->kind == LA_NODE_DELETE;
}

bool la_node_is_from(const la_node *node) {
  return (node->kind >= LA_NODE_TABLE && node->kind <= LA_NODE_VALUES) ||
         node->kind == LA_NODE_ENTITY;
}

bool la_node_is_expr(const la_node *node) {
  return (node->kind >= LA_NODE_COLUMN && node->kind <= LA_NODE_PLACEHOLDER) ||
         node->kind == LA_NODE_ATTRIBUTE || (node->kind == LA_NODE_ELEMENT && node->op == 0);
}
