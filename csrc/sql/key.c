/* SPDX-License-Identifier: MIT */
/*
 * What is written for a node: a word of kind, operator and what follows; flags and number of
 * children; a mask of the children that are there (for more than 32, a zero word stands for one
 * that is not); then type, subject, text, value, as the first word says. A mapped class and an
 * attribute that is a column of its class's own table are written without a look at their children,
 * for mapper and table or column say all.
 *
 * Only a node with more than one reference can be met twice without its parent being met twice, so
 * only such nodes are looked up. Places are counted over all nodes: they must not depend on who
 * else holds a node.
 */
#include "sql/key_internal.h"
#include "sql/select.h"

#define FIRST_SEEN 64

enum head_bit {
  HEAD_TYPE_SHORT = 1u << 0,
  HEAD_TYPE_FULL = 1u << 1,
  HEAD_SUBJECT = 1u << 2,
  HEAD_TEXT = 1u << 3,
  HEAD_VALUE = 1u << 4,
  HEAD_VALUES = 1u << 5,
  HEAD_AGAIN = 1u << 6,
  HEAD_PLAIN = 1u << 7
};

typedef struct key_head {
  uint16_t kind; /* and one, so that no head is a zero word */
  uint16_t op;
  uint32_t bits;
  uint32_t flags;
  uint32_t count;
} key_head;

/* A simple type. */
typedef struct short_type {
  uint16_t kind;
  uint16_t flags;
  int32_t length, precision, scale;
} short_type;

void la_key_init(la_key *key, la_allocator *alloc) {
  memset(key, 0, sizeof *key);
  key->alloc = alloc;
  la_strbuf_init(&key->bytes, alloc);
}

void la_key_clear(la_key *key) {
  la_strbuf_clear(&key->bytes);
  la_vec_clear(key->alloc, &key->params);
  la_vec_clear(key->alloc, &key->stack);
  la_free(key->alloc, key->seen, key->seen_size * sizeof(la_key_seen));
  la_key_init(key, key->alloc);
}

static size_t slot_of(const la_key *key, const la_node *node) {
  return (size_t)(((uint64_t)(uintptr_t)node >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20) &
         (key->seen_size - 1);
}

static la_key_seen *find_seen(const la_key *key, const la_node *node) {
  size_t slot = slot_of(key, node);
  while (key->seen[slot].round == key->round && key->seen[slot].node != node) {
    slot = (slot + 1) & (key->seen_size - 1);
  }
  return &key->seen[slot];
}

static bool grow_seen(la_key *key) {
  la_key_seen *old = key->seen;
  size_t old_size = key->seen_size;
  size_t size = old_size ? old_size * 2 : FIRST_SEEN;
  la_key_seen *seen = la_alloc_zero(key->alloc, size * sizeof(la_key_seen));
  if (seen == NULL) {
    return false;
  }
  key->seen = seen;
  key->seen_size = size;
  for (size_t i = 0; i < old_size; i++) {
    if (old[i].round == key->round) {
      *find_seen(key, old[i].node) = old[i];
    }
  }
  la_free(key->alloc, old, old_size * sizeof(la_key_seen));
  return true;
}

/* A new round empties the table without touching it. */
static bool start_round(la_key *key) {
  key->seen_count = 0;
  if (++key->round == 0) {
    if (key->seen != NULL) {
      memset(key->seen, 0, key->seen_size * sizeof(la_key_seen));
    }
    key->round = 1;
  }
  return key->seen != NULL || grow_seen(key);
}

static void *put(char *at, const void *bytes, size_t len) {
  memcpy(at, bytes, len);
  return at + len;
}

static uint32_t bits_of(const la_node *node) {
  uint32_t bits = 0;
  if (node->type != NULL && (node->kind != LA_NODE_COLUMN || node->subject == NULL ||
                             node->type != ((const la_column *)node->subject)->type)) {
    bits |= node->type->is_simple ? HEAD_TYPE_SHORT : HEAD_TYPE_FULL;
  }
  bits |= node->subject != NULL ? HEAD_SUBJECT : 0u;
  bits |= node->text.bytes != NULL ? HEAD_TEXT : 0u;
  bits |= la_key_has_value(node) ? HEAD_VALUE : 0u;
  bits |= la_key_has_values(node) ? HEAD_VALUES : 0u;
  return bits;
}

/* The number that changes when the subject does. */
static uint32_t version_of(const la_node *node) {
  const uint32_t *version = la_key_version(node);
  return version != NULL ? *version : 0;
}

static void put_value(la_strbuf *out, const la_value *value) {
  uint64_t head = (uint64_t)value->kind | (uint64_t)(la_value_has_bytes(value) ? value->len : 0)
                                              << 8;
  la_strbuf_bytes(out, &head, sizeof head);
  if (la_value_has_bytes(value)) {
    la_strbuf_bytes(out, value->as.bytes, value->len);
  } else {
    la_strbuf_bytes(out, &value->as.integer, sizeof value->as.integer);
  }
}

/* What is rare: whole types, values. */
static void put_rest(la_strbuf *out, const la_node *node, uint32_t bits) {
  if (bits & HEAD_TYPE_FULL) {
    size_t at = out->len;
    uint64_t len = 0;
    la_strbuf_bytes(out, &len, sizeof len);
    la_type_key(node->type, out);
    if (!out->failed) {
      len = out->len - at;
      memcpy(out->bytes + at, &len, sizeof len);
    }
  }
  if (bits & HEAD_VALUE) {
    put_value(out, &node->value);
  }
  if (bits & HEAD_VALUES) {
    la_strbuf_bytes(out, &node->value_count, sizeof node->value_count);
    for (uint32_t i = 0; i < node->value_count; i++) {
      put_value(out, &node->values[i]);
    }
  }
}

#define MASKED_CHILDREN 32
#define LARGEST_FIXED   (sizeof(key_head) + 4 + sizeof(short_type) + 12 + 4)

static void put_node(la_strbuf *out, const la_node *node, uint32_t mask) {
  key_head head = {(uint16_t)(node->kind + 1), node->op, bits_of(node), node->flags & LA_KEY_FLAGS,
                   node->count};
  char *at;
  if (!la_strbuf_reserve(out, LARGEST_FIXED + node->text.len)) {
    return;
  }
  at = put(out->bytes + out->len, &head, sizeof head);
  if (node->count != 0) {
    at = put(at, &mask, sizeof mask);
  }
  if (head.bits & HEAD_TYPE_SHORT) {
    const la_type *type = node->type;
    short_type brief = {(uint16_t)type->kind, (uint16_t)type->flags, type->length, type->precision,
                        type->scale};
    at = put(at, &brief, sizeof brief);
  }
  if (head.bits & HEAD_SUBJECT) {
    uint32_t version = version_of(node);
    at = put(at, &node->subject, sizeof node->subject);
    at = put(at, &version, sizeof version);
  }
  if (head.bits & HEAD_TEXT) {
    uint32_t len = (uint32_t)node->text.len;
    at = put(at, &len, sizeof len);
    at = put(at, node->text.bytes, node->text.len);
  }
  out->len = (size_t)(at - out->bytes);
  if (head.bits & (HEAD_TYPE_FULL | HEAD_VALUE | HEAD_VALUES)) {
    put_rest(out, node, head.bits);
  }
}

static bool is_plain_entity(const la_node *node) {
  return node->kind == LA_NODE_ENTITY && node->count == 1 && node->text.bytes == NULL &&
         (node->flags & LA_KEY_FLAGS) == 0 && node->children[0]->kind == LA_NODE_TABLE;
}

const la_node *la_key_plain_part(const la_node *node) {
  const la_node *part;
  if (is_plain_entity(node)) {
    return node->children[0];
  }
  if (node->kind != LA_NODE_ATTRIBUTE || (node->flags & LA_KEY_FLAGS) != 0) {
    return NULL;
  }
  part = node->children[0];
  return part->kind == LA_NODE_COLUMN && part->count == 0 && part->subject != NULL &&
                 part->type == node->type && node->type == ((la_column *)part->subject)->type &&
                 node->children[1]->subject == node->subject &&
                 is_plain_entity(node->children[1]) &&
                 node->children[1]->children[0]->subject ==
                     (const la_object *)((la_column *)part->subject)->table
             ? part
             : NULL;
}

/* It begins as a key_head does; behind the bits stands the place of an attribute among its class's.
 */
typedef struct plain_entry {
  uint16_t kind, op;
  uint32_t bits;
  uint32_t version, part_version;
  const la_object *subject, *part;
} plain_entry;

#define MOST_PLACES (1 << 24)

static bool put_plain(la_strbuf *out, const la_node *node, const la_node *part) {
  int64_t place = node->value.kind == LA_VALUE_INTEGER ? node->value.as.integer : 0;
  plain_entry entry = {.kind = (uint16_t)(node->kind + 1),
                       .op = node->op,
                       .bits = HEAD_PLAIN | (uint32_t)place << 8,
                       .version = version_of(node),
                       .part_version = version_of(part),
                       .subject = node->subject,
                       .part = part->subject};
  if (place < 0 || place >= MOST_PLACES) {
    return false;
  }
  if (la_strbuf_reserve(out, sizeof entry)) {
    out->len = (size_t)((char *)put(out->bytes + out->len, &entry, sizeof entry) - out->bytes);
  }
  return true;
}

/* True if `node` was met before; its place is written then. */
static bool put_again(la_key *key, const la_node *node, uint32_t place, bool *failed) {
  la_key_seen *seen = find_seen(key, node);
  if (seen->round == key->round) {
    key_head head = {(uint16_t)(node->kind + 1), 0, HEAD_AGAIN, 0, seen->place};
    la_strbuf_bytes(&key->bytes, &head, sizeof head);
    return true;
  }
  *seen = (la_key_seen){node, place, key->round};
  if (++key->seen_count * 2 > key->seen_size && !grow_seen(key)) {
    *failed = true;
  }
  return false;
}

/* The child that holds execution options, which don't belong to the key; else out of range. */
static inline uint32_t left_out_child(const la_node *node) {
  int part = -1;
  if (node->kind >= LA_NODE_SELECT && node->kind <= LA_NODE_DELETE) {
    part = la_statement_execution_part(node);
  }
  return part < 0 ? UINT32_MAX : (uint32_t)part;
}

/* Pushes the children so that the first comes off first; gives the mask of those that are there. */
static inline bool push_children(la_key *key, const la_node *node, uint32_t *mask_out) {
  uint32_t left_out = left_out_child(node);
  uint32_t mask = 0;
  const la_node **top;
  if (!la_vec_reserve(key->alloc, &key->stack, node->count)) {
    return false;
  }
  top = key->stack.items + key->stack.count;
  for (uint32_t i = node->count; i-- > 0;) {
    const la_node *child = node->children[i];
    mask <<= 1;
    if (i != left_out && (child != NULL || node->count > MASKED_CHILDREN)) {
      *top++ = child;
      mask |= 1;
    }
  }
  key->stack.count = (size_t)(top - key->stack.items);
  *mask_out = node->count > MASKED_CHILDREN ? 0 : mask;
  return true;
}

static uint64_t rotate(uint64_t x, int by) {
  return x << by | x >> (64 - by);
}

/* Four independent lanes of words, then the rest. */
static uint64_t hash_key(const char *bytes, size_t len) {
  const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
  uint64_t lanes[4] = {len, len ^ factor, ~(uint64_t)len, factor};
  uint64_t hash;
  while (len >= 32) {
    uint64_t words[4];
    memcpy(words, bytes, sizeof words);
    lanes[0] = (lanes[0] + words[0]) * factor;
    lanes[1] = (lanes[1] + words[1]) * factor;
    lanes[2] = (lanes[2] + words[2]) * factor;
    lanes[3] = (lanes[3] + words[3]) * factor;
    bytes += 32;
    len -= 32;
  }
  hash = la_hash_mix(lanes[0] ^ rotate(lanes[1], 17), lanes[2] ^ rotate(lanes[3], 41));
  return la_hash_bytes(bytes, len, hash);
}

static bool visit(la_key *key, const la_node *node, uint32_t place) {
  const la_node *part = node->kind >= LA_NODE_ENTITY ? la_key_plain_part(node) : NULL;
  uint32_t mask = 0;
  bool failed = false;
  if (part != NULL && put_plain(&key->bytes, node, part)) {
    return true;
  }
  if (la_key_may_come_again(node) && put_again(key, node, place, &failed)) {
    return true;
  }
  if (node->kind == LA_NODE_PARAM && !la_vec_push(key->alloc, &key->params, node)) {
    return false;
  }
  if (node->kind == LA_NODE_OBJECT) {
    key->cacheable = false;
  }
  if (node->count != 0 && !push_children(key, node, &mask)) {
    return false;
  }
  put_node(&key->bytes, node, mask);
  return !failed;
}

la_status la_key_build(la_key *key, const la_node *statement, la_text salt, la_error *err) {
  uint32_t salt_len = (uint32_t)salt.len;
  uint32_t place = 0;
  la_strbuf_reset(&key->bytes);
  key->params.count = key->stack.count = 0;
  key->cacheable = true;
  if (!start_round(key) || !la_vec_push(key->alloc, &key->stack, statement)) {
    return la_fail_nomem(err);
  }
  la_strbuf_bytes(&key->bytes, &salt_len, sizeof salt_len);
  la_strbuf_text(&key->bytes, salt);
  while (key->stack.count != 0) {
    const la_node *node = key->stack.items[--key->stack.count];
    if (node == NULL) {
      la_strbuf_bytes(&key->bytes, &(uint64_t){0}, sizeof(uint64_t));
    } else if (!visit(key, node, place++)) {
      return la_fail_nomem(err);
    }
  }
  key->hash = hash_key(key->bytes.bytes, key->bytes.len);
  return la_strbuf_status(&key->bytes, err);
}

la_status la_key_collect_params(la_key *key, const la_node *statement, la_error *err) {
  uint32_t mask;
  bool failed = false;
  la_strbuf_reset(&key->bytes);
  key->params.count = key->stack.count = 0;
  if (!start_round(key) || !la_vec_push(key->alloc, &key->stack, statement)) {
    return la_fail_nomem(err);
  }
  while (key->stack.count != 0) {
    const la_node *node = key->stack.items[--key->stack.count];
    if (node == NULL || !(node->flags & LA_NODE_HAS_PARAM) ||
        (la_key_may_come_again(node) && put_again(key, node, 0, &failed))) {
      continue;
    }
    if (failed || (node->kind == LA_NODE_PARAM && !la_vec_push(key->alloc, &key->params, node)) ||
        (node->count != 0 && !push_children(key, node, &mask))) {
      return la_fail_nomem(err);
    }
  }
  return LA_OK;
}
