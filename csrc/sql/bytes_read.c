/* SPDX-License-Identifier: MIT */
#include "schema/column.h"
#include "sql/bytes_internal.h"
#include "sql/shape.h"

typedef struct reader {
  la_allocator *alloc;
  const char *at, *end;
  const la_bytes_found *found;
  LA_VEC(la_node *) nodes; /* of the records so far; references */
  LA_VEC(la_value) values; /* of the record at hand, its children behind them */
  LA_VEC(la_node *) children;
  int64_t first_number, last_number; /* of the CTEs */
  la_error *err;
} reader;

static la_status fail_malformed(const reader *self) {
  return la_fail(self->err, LA_ARGUMENT,
                 "The bytes are no statement that dumps() has written, or they are damaged");
}

static la_status get_number(reader *self, uint64_t most, uint64_t *out) {
  uint64_t number = 0;
  for (unsigned shift = 0; self->at < self->end && shift < 64; shift += 7) {
    unsigned char byte = (unsigned char)*self->at++;
    number |= (uint64_t)(byte & 0x7F) << shift;
    if (byte < 0x80) {
      *out = number;
      return number <= most ? LA_OK : fail_malformed(self);
    }
  }
  return fail_malformed(self);
}

/* The number of something of which each takes a byte at least. */
static la_status get_count(reader *self, uint64_t *out) {
  return get_number(self, (uint64_t)(self->end - self->at), out);
}

static la_status get_bytes(reader *self, la_text *out) {
  uint64_t len;
  LA_TRY(get_number(self, UINT32_MAX, &len));
  if (len > (uint64_t)(self->end - self->at)) {
    return fail_malformed(self);
  }
  *out = (la_text){self->at, (size_t)len};
  self->at += len;
  return LA_OK;
}

static la_status get_place(reader *self, size_t count, uint64_t *out) {
  return count == 0 ? fail_malformed(self) : get_number(self, count - 1, out);
}

static la_status get_value(reader *self, la_value *out) {
  uint64_t kind;
  la_text bytes;
  LA_TRY(get_number(self, LA_VALUE_KIND_COUNT - 1, &kind));
  *out = (la_value){.kind = (uint8_t)kind};
  if (kind == LA_VALUE_NULL) {
    return LA_OK;
  }
  if (la_value_has_bytes(out)) {
    LA_TRY(get_bytes(self, &bytes));
    out->as.bytes = bytes.bytes;
    out->len = (uint32_t)bytes.len;
    return LA_OK;
  }
  if (self->end - self->at < (ptrdiff_t)sizeof out->as.integer) {
    return fail_malformed(self);
  }
  memcpy(&out->as.integer, self->at, sizeof out->as.integer);
  self->at += sizeof out->as.integer;
  if (kind == LA_VALUE_HOST) {
    if (out->as.integer < 0 || (uint64_t)out->as.integer >= self->found->host_count) {
      return fail_malformed(self);
    }
    out->as.integer = self->found->hosts[out->as.integer];
  }
  return kind != LA_VALUE_BOOLEAN || out->as.integer >> 1 == 0 ? LA_OK : fail_malformed(self);
}

/* What the node has from its name. */
static la_status get_name(reader *self, la_node_parts *parts) {
  const la_node *named;
  uint64_t i;
  LA_TRY(get_place(self, self->found->name_count, &i));
  named = self->found->names[i];
  if (named->kind != parts->kind) {
    return fail_malformed(self);
  }
  parts->subject = named->subject;
  if (parts->kind == LA_NODE_COLUMN) {
    parts->type = ((la_column *)(void *)named->subject)->type;
  } else if (parts->kind != LA_NODE_ENTITY) {
    parts->type = named->type;
    parts->text = named->text;
    parts->value = named->value;
  }
  return LA_OK;
}

static la_status get_type(reader *self, la_type **out) {
  uint64_t i;
  LA_TRY(get_place(self, self->found->type_count, &i));
  *out = self->found->types[i];
  return LA_OK;
}

static la_status get_values(reader *self, la_node_parts *parts) {
  uint64_t count;
  LA_TRY(get_count(self, &count));
  self->values.count = 0;
  if (!la_vec_reserve(self->alloc, &self->values, count)) {
    return la_fail_nomem(self->err);
  }
  for (; count != 0; count--) {
    LA_TRY(get_value(self, &self->values.items[self->values.count]));
    self->values.count++;
  }
  parts->values = self->values.items;
  parts->value_count = (uint32_t)self->values.count;
  return LA_OK;
}

static la_status get_children(reader *self, la_node_parts *parts) {
  uint64_t count, behind;
  LA_TRY(get_count(self, &count));
  self->children.count = 0;
  if (!la_vec_reserve(self->alloc, &self->children, count)) {
    return la_fail_nomem(self->err);
  }
  for (; count != 0; count--) {
    LA_TRY(get_number(self, self->nodes.count, &behind));
    self->children.items[self->children.count++] =
        behind == 0 ? NULL : self->nodes.items[self->nodes.count - behind];
  }
  parts->children = self->children.items;
  parts->count = (uint32_t)self->children.count;
  return LA_OK;
}

static la_status get_parts(reader *self, la_node_parts *parts) {
  uint64_t op, flags, bits;
  LA_TRY(get_number(self, UINT16_MAX, &op));
  LA_TRY(get_number(self, UINT32_MAX, &flags));
  LA_TRY(get_number(self, 31, &bits));
  parts->op = (uint16_t)op;
  parts->flags = (uint32_t)flags & ~(uint32_t)LA_NODE_INHERITED_FLAGS;
  if ((bits & LA_BYTES_NAME) != 0 && !la_bytes_has_name(parts->kind)) {
    return fail_malformed(self);
  }
  if (bits & LA_BYTES_TYPE) {
    LA_TRY(get_type(self, &parts->type));
  }
  if (bits & LA_BYTES_NAME) {
    la_type *type = parts->type;
    LA_TRY(get_name(self, parts));
    parts->type = type != NULL ? type : parts->type;
  }
  if (bits & LA_BYTES_TEXT) {
    LA_TRY(get_bytes(self, &parts->text));
  }
  if (bits & LA_BYTES_VALUE) {
    LA_TRY(get_value(self, &parts->value));
  }
  if (bits & LA_BYTES_VALUES) {
    LA_TRY(get_values(self, parts));
  }
  return get_children(self, parts);
}

/* CTEs get numbers of their own among all that there are. */
static la_status number_cte(reader *self, la_node_parts *parts) {
  if (parts->kind != LA_NODE_CTE && parts->kind != LA_NODE_CTE_REF) {
    return LA_OK;
  }
  if (parts->value.kind != LA_VALUE_INTEGER || parts->value.as.integer < 0 ||
      parts->value.as.integer > INT32_MAX) {
    return fail_malformed(self);
  }
  parts->value.as.integer += self->first_number;
  if (parts->value.as.integer > self->last_number) {
    self->last_number = parts->value.as.integer;
  }
  return LA_OK;
}

/* A node of the ORM has a mapper or relationship, that of the class it belongs to. */
static bool subject_holds(const la_node_parts *parts) {
  switch (parts->kind) {
  case LA_NODE_ENTITY:
    return parts->subject != NULL;
  case LA_NODE_ATTRIBUTE:
    return parts->subject != NULL && parts->children[1]->subject == parts->subject;
  case LA_NODE_RELATIONSHIP:
    return parts->subject != NULL;
  case LA_NODE_TABLE:
    return false;
  default:
    return true;
  }
}

static la_status read_record(reader *self, la_node **out) {
  la_node_parts parts = {0};
  uint64_t kind, i;
  LA_TRY(get_number(self, LA_NODE_KIND_COUNT, &kind));
  if (kind == 0) {
    LA_TRY(get_place(self, self->found->name_count, &i));
    *out = la_node_retain(self->found->names[i]);
    return LA_OK;
  }
  parts.kind = (la_node_kind)(kind - 1);
  LA_TRY(get_parts(self, &parts));
  LA_TRY(number_cte(self, &parts));
  if (!la_shape_holds(&parts) || !subject_holds(&parts) ||
      (parts.kind == LA_NODE_LOADER_OPTION && !self->found->option_holds(&parts))) {
    return fail_malformed(self);
  }
  *out = la_node_new(self->alloc, &parts);
  return *out != NULL ? LA_OK : la_fail_nomem(self->err);
}

static la_status read_all(reader *self) {
  while (self->at < self->end) {
    la_node *node;
    if (!la_vec_reserve(self->alloc, &self->nodes, 1)) {
      return la_fail_nomem(self->err);
    }
    LA_TRY(read_record(self, &node));
    self->nodes.items[self->nodes.count++] = node;
  }
  return self->nodes.count != 0 ? LA_OK : fail_malformed(self);
}

la_status la_bytes_read(la_allocator *alloc, la_text bytes, const la_bytes_found *found,
                        la_node **out, la_error *err) {
  reader self = {.alloc = alloc,
                 .at = bytes.bytes,
                 .end = bytes.bytes + bytes.len,
                 .found = found,
                 .first_number = *found->last_number + 1,
                 .last_number = *found->last_number,
                 .err = err};
  la_status status = read_all(&self);
  if (status == LA_OK) {
    *out = la_node_retain(self.nodes.items[self.nodes.count - 1]);
    *found->last_number = self.last_number;
  }
  for (size_t i = self.nodes.count; i-- > 0;) {
    la_node_release(self.nodes.items[i]);
  }
  la_vec_clear(alloc, &self.nodes);
  la_vec_clear(alloc, &self.values);
  la_vec_clear(alloc, &self.children);
  return status;
}
