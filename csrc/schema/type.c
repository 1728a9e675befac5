/* SPDX-License-Identifier: MIT */
#include "schema/type.h"

#include "base/vec.h"

static const struct {
  const char *name;
  la_affinity affinity;
} kinds[] = {
#define X(name, lua, affinity) {lua, LA_AFFINITY_##affinity},
    LA_TYPES(X)
#undef X
};

const char *la_type_kind_name(la_type_kind kind) {
  return kind < LA_TYPE_KIND_COUNT ? kinds[kind].name : "unknown type";
}

la_affinity la_type_kind_affinity(la_type_kind kind) {
  return kind < LA_TYPE_KIND_COUNT ? kinds[kind].affinity : LA_AFFINITY_NULL;
}

/* ---- life ---- */

static void free_text(la_allocator *alloc, la_text text) {
  if (text.bytes != NULL) {
    la_free(alloc, (char *)text.bytes, text.len + 1);
  }
}

static bool copy_text(la_allocator *alloc, la_text from, la_text *out) {
  char *bytes;
  *out = LA_TEXT_NONE;
  if (from.bytes == NULL) {
    return true;
  }
  bytes = la_alloc(alloc, from.len + 1);
  if (bytes == NULL) {
    return false;
  }
  memcpy(bytes, from.bytes, from.len);
  bytes[from.len] = '\0';
  *out = (la_text){bytes, from.len};
  return true;
}

static void free_parts(la_type *type) {
  la_allocator *alloc = type->alloc;
  free_text(alloc, type->name);
  free_text(alloc, type->collation);
  for (uint32_t i = 0; i < type->value_count; i++) {
    free_text(alloc, type->values[i]);
  }
  la_free(alloc, type->values, type->value_count * sizeof *type->values);
  for (uint32_t i = 0; i < type->variant_count; i++) {
    free_text(alloc, type->variants[i].dialect);
  }
  la_free(alloc, type->variants, type->variant_count * sizeof *type->variants);
  la_free(alloc, type, sizeof *type);
}

/* Gives up one reference of `held`; if it was the last, `held` joins the list of dead types. */
static la_type *drop(la_type *held, la_type *dead) {
  if (held == NULL || --held->object.references > 0) {
    return dead;
  }
  held->next_dead = dead;
  return held;
}

/* A list instead of recursion: types may wrap each other as deeply as a program likes. */
static void destroy(la_object *object) {
  la_type *dead = (la_type *)(void *)object;
  dead->next_dead = NULL;
  while (dead != NULL) {
    la_type *type = dead;
    dead = drop(type->impl, type->next_dead);
    la_object_release(type->bind_expression);
    la_object_release(type->column_expression);
    for (uint32_t i = 0; i < type->variant_count; i++) {
      dead = drop(type->variants[i].type, dead);
    }
    free_parts(type);
  }
}

static const la_object_class type_class = {.name = "type", .destroy = destroy};

static bool copy_values(la_type *type, const la_type_options *options) {
  if (options->value_count == 0) {
    return true;
  }
  type->values = la_alloc_zero(type->alloc, options->value_count * sizeof *type->values);
  if (type->values == NULL) {
    return false;
  }
  type->value_count = options->value_count;
  for (uint32_t i = 0; i < options->value_count; i++) {
    if (!copy_text(type->alloc, options->values[i], &type->values[i])) {
      return false;
    }
  }
  return true;
}

static bool copy_variants(la_type *type, const la_type_options *options) {
  if (options->variant_count == 0) {
    return true;
  }
  type->variants = la_alloc_zero(type->alloc, options->variant_count * sizeof *type->variants);
  if (type->variants == NULL) {
    return false;
  }
  type->variant_count = options->variant_count;
  for (uint32_t i = 0; i < options->variant_count; i++) {
    type->variants[i].type = la_object_retain(options->variants[i].type);
    if (!copy_text(type->alloc, options->variants[i].dialect, &type->variants[i].dialect)) {
      return false;
    }
  }
  return true;
}

la_type *la_type_new(la_allocator *alloc, la_type_kind kind, const la_type_options *options) {
  static const la_type_options defaults = {.length = -1, .precision = -1, .scale = -1};
  la_type *type = la_alloc_zero(alloc, sizeof *type);
  if (options == NULL) {
    options = &defaults;
  }
  if (type == NULL) {
    return NULL;
  }
  la_object_init(&type->object, &type_class);
  type->alloc = alloc;
  type->kind = kind;
  type->affinity = la_type_kind_affinity(kind);
  type->flags = options->flags;
  type->length = options->length;
  type->precision = options->precision;
  type->scale = options->scale;
  type->host = options->host;
  type->impl = la_object_retain(options->impl);
  if (kind == LA_TYPE_DECORATOR && type->impl != NULL) {
    /* Lua has a say in the values of a decorator over such a type. */
    type->flags |= type->impl->flags & (LA_TYPE_HOST_BIND | LA_TYPE_HOST_RESULT);
    type->affinity = type->impl->affinity;
    type->bind_expression = type->impl->bind_expression;
    type->column_expression = type->impl->column_expression;
  }
  if (options->bind_expression != NULL) {
    type->bind_expression = options->bind_expression;
  }
  if (options->column_expression != NULL) {
    type->column_expression = options->column_expression;
  }
  la_object_retain(type->bind_expression);
  la_object_retain(type->column_expression);
  if (!copy_text(alloc, options->name, &type->name) ||
      !copy_text(alloc, options->collation, &type->collation) || !copy_values(type, options) ||
      !copy_variants(type, options)) {
    la_object_release(type);
    return NULL;
  }
  type->is_simple = type->host == 0 && type->impl == NULL && type->name.bytes == NULL &&
                    type->collation.bytes == NULL && type->value_count == 0 &&
                    type->variant_count == 0;
  return type;
}

/* ---- questions ---- */

const la_type *la_type_for_dialect(const la_type *type, la_text dialect) {
  for (uint32_t i = 0; i < type->variant_count; i++) {
    if (la_text_equal(type->variants[i].dialect, dialect)) {
      return type->variants[i].type;
    }
  }
  return type;
}

const la_type *la_type_base(const la_type *type) {
  while (type->kind == LA_TYPE_DECORATOR && type->impl != NULL) {
    type = type->impl;
  }
  return type;
}

bool la_type_result_is_plain(const la_type *type) {
  for (; type != NULL; type = type->kind == LA_TYPE_DECORATOR ? type->impl : NULL) {
    if ((type->flags & LA_TYPE_HOST_RESULT) != 0) {
      return false;
    }
    if (type->kind != LA_TYPE_DECORATOR) {
      return type->affinity == LA_AFFINITY_NULL || type->affinity == LA_AFFINITY_INTEGER ||
             type->affinity == LA_AFFINITY_TEXT || type->affinity == LA_AFFINITY_BLOB;
    }
  }
  return true;
}

static void key_text(la_text text, la_strbuf *out) {
  uint64_t len = text.bytes ? (uint64_t)text.len + 1 : 0;
  la_strbuf_bytes(out, &len, sizeof len);
  la_strbuf_text(out, text);
}

/* What one type says itself, without its impl and variants. */
static void key_part(const la_type *type, la_strbuf *out) {
  const int32_t numbers[] = {(int32_t)type->kind,
                             (int32_t)type->flags,
                             type->length,
                             type->precision,
                             type->scale,
                             (int32_t)type->value_count,
                             (int32_t)type->variant_count,
                             type->impl != NULL};
  la_strbuf_bytes(out, numbers, sizeof numbers);
  la_strbuf_bytes(out, &type->host, sizeof type->host);
  key_text(type->name, out);
  key_text(type->collation, out);
  for (uint32_t i = 0; i < type->value_count; i++) {
    key_text(type->values[i], out);
  }
}

/* Variants are looked up on the outermost type alone, so those of a variant or of an impl's variant
 * say nothing, and two nested loops see everything. */
void la_type_key(const la_type *type, la_strbuf *out) {
  for (; type != NULL; type = type->impl) {
    key_part(type, out);
    for (uint32_t i = 0; i < type->variant_count; i++) {
      key_text(type->variants[i].dialect, out);
      for (const la_type *variant = type->variants[i].type; variant != NULL;
           variant = variant->impl) {
        key_part(variant, out);
      }
    }
  }
}

bool la_type_equal(const la_type *a, const la_type *b) {
  la_strbuf left, right;
  bool equal;
  if (a == b) {
    return true;
  }
  if (a == NULL || b == NULL || a->kind != b->kind || a->flags != b->flags) {
    return false;
  }
  la_strbuf_init(&left, a->alloc);
  la_strbuf_init(&right, a->alloc);
  la_type_key(a, &left);
  la_type_key(b, &right);
  equal =
      !left.failed && !right.failed && la_text_equal(la_strbuf_view(&left), la_strbuf_view(&right));
  la_strbuf_clear(&left);
  la_strbuf_clear(&right);
  return equal;
}

/* ---- description ---- */

/* The name in SQL that belongs to no database in particular. */
static const char *generic_name(const la_type *type) {
  switch (type->kind) {
  case LA_TYPE_STRING:
  case LA_TYPE_UNICODE:
  case LA_TYPE_ENUM:
    return "VARCHAR";
  case LA_TYPE_UNICODE_TEXT:
    return "TEXT";
  case LA_TYPE_LARGE_BINARY:
    return "BLOB";
  case LA_TYPE_INTERVAL:
    return "DATETIME";
  case LA_TYPE_UUID:
    return "CHAR(32)";
  case LA_TYPE_SMALL_INTEGER:
    return "SMALLINT";
  case LA_TYPE_BIG_INTEGER:
    return "BIGINT";
  case LA_TYPE_NULL:
    return "NULL";
  case LA_TYPE_SQL_DOUBLE_PRECISION:
    return "DOUBLE PRECISION";
  default:
    return la_type_kind_name(type->kind);
  }
}

static int32_t longest_value(const la_type *type) {
  size_t longest = 0;
  for (uint32_t i = 0; i < type->value_count; i++) {
    longest = type->values[i].len > longest ? type->values[i].len : longest;
  }
  return (int32_t)longest;
}

static void describe_arguments(const la_type *type, la_strbuf *out) {
  if (type->affinity == LA_AFFINITY_ENUM) {
    la_strbuf_format(out, "(%d)", type->length >= 0 ? type->length : longest_value(type));
  } else if (type->affinity == LA_AFFINITY_NUMERIC && type->precision >= 0) {
    la_strbuf_format(out, type->scale >= 0 ? "(%d, %d)" : "(%d)", type->precision, type->scale);
  } else if ((type->affinity == LA_AFFINITY_TEXT || type->kind == LA_TYPE_SQL_BINARY ||
              type->kind == LA_TYPE_SQL_VARBINARY) &&
             type->length >= 0) {
    la_strbuf_format(out, "(%d)", type->length);
  }
  if (type->collation.bytes != NULL) {
    la_strbuf_format(out, " COLLATE %.*s", LA_TEXT_FORMAT(type->collation));
  }
}

void la_type_describe(const la_type *type, la_strbuf *out) {
  bool array;
  type = la_type_base(type);
  array = type->kind == LA_TYPE_ARRAY && type->impl != NULL;
  if (array) {
    type = la_type_base(type->impl);
  }
  if (type->kind == LA_TYPE_USER_DEFINED && type->name.bytes != NULL) {
    la_strbuf_text(out, type->name);
  } else {
    const char *name = generic_name(type);
    for (; *name != '\0'; name++) {
      la_strbuf_char(out, *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name);
    }
    describe_arguments(type, out);
  }
  if (array) {
    la_strbuf_string(out, "[]");
  }
}
