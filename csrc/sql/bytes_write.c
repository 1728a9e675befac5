/* SPDX-License-Identifier: MIT */
#include "base/map.h"
#include "schema/column.h"
#include "sql/bytes_internal.h"
#include "sql/operator.h"

typedef struct writer_step {
  const la_node *node;
  uint32_t next; /* child */
} writer_step;

typedef struct writer {
  la_allocator *alloc;
  la_bytes_is_own is_own;
  la_strbuf *out;
  la_bytes_lists *lists;
  la_map places;           /* node → its record's number, from 1 */
  LA_VEC(int64_t) numbers; /* of CTEs */
  LA_VEC(writer_step) stack;
  size_t records;
  la_error *err;
} writer;

void la_bytes_lists_clear(la_bytes_lists *lists, la_allocator *alloc) {
  la_vec_clear(alloc, &lists->names);
  la_vec_clear(alloc, &lists->types);
  la_vec_clear(alloc, &lists->hosts);
}

static uint64_t mix_string(uint64_t hash, const char *string) {
  for (; *string != '\0'; string++) {
    hash = (hash ^ (unsigned char)*string) * UINT64_C(0x100000001B3);
  }
  return hash * 31;
}

uint64_t la_bytes_version(void) {
  uint64_t hash = LA_BYTES_FORMAT;
  for (int kind = 0; kind < LA_NODE_KIND_COUNT; kind++) {
    hash = mix_string(hash, la_node_kind_name((la_node_kind)kind));
  }
  for (int op = 0; op < LA_OPERATOR_COUNT; op++) {
    hash = mix_string(hash, la_operator_get((la_operator)op)->name);
  }
  return hash;
}

static void put_number(la_strbuf *out, uint64_t number) {
  while (number >= 0x80) {
    la_strbuf_char(out, (char)(number | 0x80));
    number >>= 7;
  }
  la_strbuf_char(out, (char)number);
}

static void put_bytes(la_strbuf *out, const char *bytes, size_t len) {
  put_number(out, len);
  if (len != 0) {
    la_strbuf_bytes(out, bytes, len);
  }
}

/* The place of `number` among `numbers` and at their end if it was not there; NOMEM is told. */
#define PLACE_AMONG(self, vec, item, is_equal, place)                                              \
  do {                                                                                             \
    while ((place) < (vec)->count && !(is_equal)) {                                                \
      (place)++;                                                                                   \
    }                                                                                              \
    if ((place) == (vec)->count && !la_vec_push((self)->alloc, (vec), (item))) {                   \
      return la_fail_nomem((self)->err);                                                           \
    }                                                                                              \
  } while (0)

static la_status put_name(writer *self, const la_node *node) {
  la_bytes_name name = {.kind = (la_node_kind)node->kind, .subject = node->subject};
  size_t i = 0;
  if (node->kind == LA_NODE_ATTRIBUTE) {
    name.key = node->text;
  }
  PLACE_AMONG(self, &self->lists->names, name,
              self->lists->names.items[i].kind == name.kind &&
                  self->lists->names.items[i].subject == name.subject &&
                  la_text_equal(self->lists->names.items[i].key, name.key),
              i);
  put_number(self->out, i);
  return LA_OK;
}

static la_status put_type(writer *self, const la_type *type) {
  size_t i = 0;
  PLACE_AMONG(self, &self->lists->types, type, self->lists->types.items[i] == type, i);
  put_number(self->out, i);
  return LA_OK;
}

static la_status put_value(writer *self, const la_value *value) {
  int64_t payload = value->as.integer;
  la_strbuf_char(self->out, (char)value->kind);
  if (value->kind == LA_VALUE_NULL) {
    return LA_OK;
  }
  if (la_value_has_bytes(value)) {
    put_bytes(self->out, value->as.bytes, value->len);
    return LA_OK;
  }
  if (value->kind == LA_VALUE_HOST) {
    size_t i = 0;
    PLACE_AMONG(self, &self->lists->hosts, payload, self->lists->hosts.items[i] == payload, i);
    payload = (int64_t)i;
  }
  la_strbuf_bytes(self->out, &payload, sizeof payload);
  return LA_OK;
}

/* CTEs and their references are numbered anew, from 0. */
static la_status put_node_value(writer *self, const la_node *node) {
  la_value value = node->value;
  if (node->kind == LA_NODE_CTE || node->kind == LA_NODE_CTE_REF) {
    size_t i = 0;
    PLACE_AMONG(self, &self->numbers, value.as.integer, self->numbers.items[i] == value.as.integer,
                i);
    value.as.integer = (int64_t)i;
  }
  return put_value(self, &value);
}

/* What follows from its name: a column's type, all of an attribute's own but its children. */
static uint32_t bits_of(const la_node *node) {
  bool is_named = node->subject != NULL && la_bytes_has_name((la_node_kind)node->kind);
  bool copies = is_named && (node->kind == LA_NODE_ATTRIBUTE || node->kind == LA_NODE_RELATIONSHIP);
  bool typed = node->type != NULL && !copies &&
               !(node->kind == LA_NODE_COLUMN && is_named &&
                 node->type == ((const la_column *)(const void *)node->subject)->type);
  return (typed ? LA_BYTES_TYPE : 0u) | (is_named ? LA_BYTES_NAME : 0u) |
         (node->text.bytes != NULL && !copies ? LA_BYTES_TEXT : 0u) |
         (node->value.kind != LA_VALUE_NULL && !copies ? LA_BYTES_VALUE : 0u) |
         (node->value_count != 0 ? LA_BYTES_VALUES : 0u);
}

static la_status put_children(writer *self, const la_node *node) {
  put_number(self->out, node->count);
  for (uint32_t i = 0; i < node->count; i++) {
    size_t place = 0;
    if (node->children[i] != NULL) {
      place = self->records -
              ((size_t)(uintptr_t)la_map_get_pointer(&self->places, node->children[i]) - 1);
    }
    put_number(self->out, place);
  }
  return LA_OK;
}

static la_status put_record(writer *self, const la_node *node) {
  uint32_t bits = bits_of(node);
  put_number(self->out, (uint64_t)node->kind + 1);
  put_number(self->out, node->op);
  put_number(self->out, node->flags & ~(uint32_t)LA_NODE_INHERITED_FLAGS);
  put_number(self->out, bits);
  if (bits & LA_BYTES_TYPE) {
    LA_TRY(put_type(self, node->type));
  }
  if (bits & LA_BYTES_NAME) {
    LA_TRY(put_name(self, node));
  }
  if (bits & LA_BYTES_TEXT) {
    put_bytes(self->out, node->text.bytes, node->text.len);
  }
  if (bits & LA_BYTES_VALUE) {
    LA_TRY(put_node_value(self, node));
  }
  if (bits & LA_BYTES_VALUES) {
    put_number(self->out, node->value_count);
    for (uint32_t i = 0; i < node->value_count; i++) {
      LA_TRY(put_value(self, &node->values[i]));
    }
  }
  return put_children(self, node);
}

/* True for nodes that are found by name alone. */
static bool is_leaf(const writer *self, const la_node *node) {
  switch (node->kind) {
  case LA_NODE_TABLE:
    return true;
  case LA_NODE_COLUMN:
    return node->subject != NULL && la_node_child(node, 0) == NULL &&
           !(node->flags & (LA_COLUMN_FOREIGN | LA_COLUMN_REMOTE)) &&
           node->type == ((const la_column *)(const void *)node->subject)->type;
  case LA_NODE_ENTITY:
  case LA_NODE_ATTRIBUTE:
  case LA_NODE_RELATIONSHIP:
    return self->is_own(node);
  default:
    return false;
  }
}

static la_status check_kind(const writer *self, const la_node *node) {
  const char *what = node->kind == LA_NODE_BUNDLE   ? "a Bundle has a function of the program"
                     : node->kind == LA_NODE_OBJECT ? "it compares with an object; compare with "
                                                      "the object's key"
                     : node->kind == LA_NODE_PLACEHOLDER ? "it belongs to a type"
                     : node->kind == LA_NODE_PREFIX && node->value_count != 0
                         ? "an element of the program stands in it"
                         : NULL;
  return what == NULL ? LA_OK
                      : la_fail(self->err, LA_ARGUMENT, "The statement can't be written: %s", what);
}

static la_status finish_node(writer *self, const la_node *node) {
  if (is_leaf(self, node)) {
    put_number(self->out, 0);
    LA_TRY(put_name(self, node));
  } else {
    LA_TRY(put_record(self, node));
  }
  self->records++;
  return la_map_set_pointer(&self->places, self->alloc, node, (void *)(uintptr_t)self->records)
             ? LA_OK
             : la_fail_nomem(self->err);
}

static la_status push_node(writer *self, const la_node *node) {
  LA_TRY(check_kind(self, node));
  return la_vec_push(self->alloc, &self->stack,
                     ((writer_step){node, is_leaf(self, node) ? node->count : 0}))
             ? LA_OK
             : la_fail_nomem(self->err);
}

static la_status write_all(writer *self, const la_node *root) {
  LA_TRY(push_node(self, root));
  while (self->stack.count != 0) {
    writer_step *step = &self->stack.items[self->stack.count - 1];
    const la_node *child = NULL;
    while (child == NULL && step->next < step->node->count) {
      child = step->node->children[step->next++];
      if (child != NULL && la_map_get_pointer(&self->places, child) != NULL) {
        child = NULL;
      }
    }
    if (child != NULL) {
      LA_TRY(push_node(self, child));
    } else {
      self->stack.count--;
      LA_TRY(finish_node(self, step->node));
    }
  }
  return la_strbuf_status(self->out, self->err);
}

la_status la_bytes_write(const la_node *statement, la_bytes_is_own is_own, la_strbuf *out,
                         la_bytes_lists *lists, la_error *err) {
  writer self = {.alloc = out->alloc, .is_own = is_own, .out = out, .lists = lists, .err = err};
  la_status status = write_all(&self, statement);
  la_map_clear(&self.places, self.alloc);
  la_vec_clear(self.alloc, &self.numbers);
  la_vec_clear(self.alloc, &self.stack);
  return status;
}
