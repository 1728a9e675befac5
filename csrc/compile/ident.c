/* SPDX-License-Identifier: MIT */
/*
 * Identifiers: when they need quotes, and how anonymous ones are numbered.
 *
 * An anonymous name is a base and a number, "users_1", "id_1", "param_1"; all kinds of names share
 * one count per base, in the order in which they are first written.
 */
#include "compile/compiler.h"
#include <stdio.h>

/* What may stand in an identifier without quotes, and what of it needs them all the same. */
enum { LEGAL = 1, UPPER = 2 };
#define TIMES_8(x)  x, x, x, x, x, x, x, x
#define TIMES_26(x) TIMES_8(x), TIMES_8(x), TIMES_8(x), x, x
static const unsigned char classes[256] = {
    ['$'] = LEGAL, ['_'] = LEGAL,           ['0'] = TIMES_8(LEGAL), LEGAL,
    LEGAL,         ['A'] = TIMES_26(UPPER), ['a'] = TIMES_26(LEGAL)};

static bool is_legal(unsigned char ch) {
  return classes[ch] != 0;
}

bool la_ident_has_illegal_characters(la_text ident) {
  for (size_t i = 0; i < ident.len; i++) {
    if (!is_legal((unsigned char)ident.bytes[i])) {
      return true;
    }
  }
  return ident.len == 0;
}

/* The first two bytes of a word of at least one, the terminating zero among them. */
static int beginning(const char *word, size_t len) {
  return (unsigned char)word[0] << 8 | (len > 1 ? (unsigned char)word[1] : 0);
}

static bool is_reserved(const la_dialect *dialect, la_text ident) {
  size_t low = 0, high = dialect->reserved_count;
  int begins = beginning(ident.bytes, ident.len);
  while (low < high) {
    size_t middle = (low + high) / 2;
    const char *word = dialect->reserved_words[middle];
    int order = beginning(word, 2) - begins;
    if (order == 0) {
      order = strncmp(word, ident.bytes, ident.len);
      order = order == 0 && word[ident.len] != '\0' ? 1 : order;
    }
    if (order == 0) {
      return true;
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return false;
}

bool la_ident_needs_quotes(const la_dialect *dialect, la_text ident) {
  if (ident.len == 0 || (ident.bytes[0] >= '0' && ident.bytes[0] <= '9') || ident.bytes[0] == '$') {
    return true;
  }
  for (size_t i = 0; i < ident.len; i++) {
    if (classes[(unsigned char)ident.bytes[i]] != LEGAL) {
      return true;
    }
  }
  return is_reserved(dialect, ident);
}

static void append_quoted(const la_dialect *dialect, la_text ident, la_strbuf *out) {
  la_strbuf_char(out, dialect->quote_open);
  for (size_t i = 0; i < ident.len; i++) {
    char ch = ident.bytes[i];
    if (ch == dialect->quote_close || (ch == '%' && dialect->percent_doubled)) {
      la_strbuf_char(out, ch);
    }
    la_strbuf_char(out, ch);
  }
  la_strbuf_char(out, dialect->quote_close);
}

void la_compile_ident(const la_dialect *dialect, la_text ident, la_strbuf *out) {
  la_compile_ident_as(dialect, ident, LA_QUOTE_AUTO, out);
}

void la_compile_ident_as(const la_dialect *dialect, la_text ident, la_quote quote, la_strbuf *out) {
  bool is_quoted =
      quote == LA_QUOTE_AUTO ? la_ident_needs_quotes(dialect, ident) : quote == LA_QUOTE_ALWAYS;
  if (is_quoted) {
    append_quoted(dialect, ident, out);
  } else {
    la_strbuf_text(out, ident);
  }
}

/* Names of tables and columns come again and again at the same address, so the answer is kept by
 * it. */
void la_put_ident(la_compiler *c, la_text ident) {
  size_t slot = ((uintptr_t)ident.bytes >> 3) % (sizeof c->idents / sizeof c->idents[0]);
  if (c->idents[slot].bytes != ident.bytes || c->idents[slot].len != ident.len) {
    c->idents[slot].is_quoted = la_ident_needs_quotes(c->dialect, ident);
    c->idents[slot].bytes = ident.bytes;
    c->idents[slot].len = ident.len;
  }
  if (c->idents[slot].is_quoted) {
    append_quoted(c->dialect, ident, c->out);
  } else {
    la_strbuf_text(c->out, ident);
  }
}

void la_put_ident_as(la_compiler *c, la_text ident, la_quote quote) {
  if (quote == LA_QUOTE_AUTO) {
    la_put_ident(c, ident);
  } else {
    la_compile_ident_as(c->dialect, ident, quote, c->out);
  }
}

la_quote la_quote_of_node(const la_node *node) {
  return node->flags & LA_NODE_QUOTED     ? LA_QUOTE_ALWAYS
         : node->flags & LA_NODE_UNQUOTED ? LA_QUOTE_NEVER
                                          : LA_QUOTE_AUTO;
}

void la_put_node_name(la_compiler *c, const la_node *node) {
  la_put_ident_as(c, node->text, la_quote_of_node(node));
}

/* Takes the first name off `map`. */
static la_text take_name(la_text *map) {
  const char *end = memchr(map->bytes, '\0', map->len);
  la_text name = {map->bytes, end ? (size_t)(end - map->bytes) : map->len};
  size_t taken = end ? name.len + 1 : name.len;
  *map = (la_text){map->bytes + taken, map->len - taken};
  return name;
}

/* What `schema` is under `map`; none: no schema. */
static la_text translate(la_text map, la_text schema) {
  while (map.len > 0) {
    la_text from = take_name(&map), to = take_name(&map);
    if (la_text_equal(from, schema)) {
      return to.len > 0 ? to : LA_TEXT_NONE;
    }
  }
  return schema;
}

void la_compile_schema(const la_dialect *dialect, la_text map, const la_table *table,
                       la_strbuf *out) {
  la_text schema = translate(map, table->schema);
  if (schema.bytes) {
    la_compile_ident_as(dialect, schema,
                        schema.bytes == table->schema.bytes ? table->quote_schema : LA_QUOTE_AUTO,
                        out);
    la_strbuf_char(out, '.');
  }
}

void la_put_table(la_compiler *c, const la_table *table) {
  if (table->schema.bytes || c->options->schema_translate.len > 0) {
    la_compile_schema(c->dialect, c->options->schema_translate, table, c->out);
  }
  la_put_ident_as(c, table->name, table->quote);
}

void la_put_literal_table(la_compiler *c, const la_node *table) {
  if (table->value.kind == LA_VALUE_TEXT) {
    la_put_ident(c, (la_text){table->value.as.bytes, table->value.len});
    la_strbuf_char(c->out, '.');
  }
  la_put_node_name(c, table);
}

la_quote la_quote_of(const la_object *subject, la_text name) {
  const la_column *column = (const la_column *)(const void *)subject;
  return column != NULL && column->quote != LA_QUOTE_AUTO && la_text_equal(column->name, name)
             ? column->quote
             : LA_QUOTE_AUTO;
}

/* How often `base` was numbered before, and one more now. 0 when out of memory. */
/* How many names are looked through before they get a map. */
#define FEW_NAMES 16

static uint32_t next_number(la_compiler *c, la_text base) {
  size_t at = c->counts.count;
  if (c->counts_map.count > 0) {
    void *found = la_map_get(&c->counts_map, base);
    at = found ? (size_t)(uintptr_t)found - 1 : c->counts.count;
  } else {
    for (size_t i = 0; i < c->counts.count; i++) {
      if (la_text_equal(c->counts.items[i].base, base)) {
        at = i;
        break;
      }
    }
  }
  if (at < c->counts.count) {
    return ++c->counts.items[at].count;
  }
  la_anon_count entry = {base, 1};
  if (!la_vec_push(c->sql->alloc, &c->counts, entry)) {
    return 0;
  }
  if (c->counts.count > FEW_NAMES) {
    for (size_t i = c->counts_map.count; i < c->counts.count; i++) {
      if (!la_map_set(&c->counts_map, c->sql->alloc, c->counts.items[i].base,
                      (void *)(uintptr_t)(i + 1))) {
        return 0;
      }
    }
  }
  return 1;
}

la_text la_truncate_name(la_compiler *c, la_text name) {
  size_t limit =
      c->options->label_length ? c->options->label_length : c->dialect->max_identifier_length;
  if (name.len + 6 <= limit) {
    return name;
  }
  char suffix[16];
  int len = snprintf(suffix, sizeof suffix, "_%x", ++c->truncated);
  size_t keep = limit > 6 ? limit - 6 : 0;
  char *bytes = la_arena_alloc(c->arena, keep + (size_t)len + 1);
  if (!bytes) {
    return LA_TEXT_NONE;
  }
  memcpy(bytes, name.bytes, keep);
  memcpy(bytes + keep, suffix, (size_t)len + 1);
  return (la_text){bytes, keep + (size_t)len};
}

la_text la_numbered_name(la_compiler *c, la_text base, uint32_t number) {
  char digits[12];
  size_t count = 0, len = base.len;
  char *bytes = la_arena_alloc(c->arena, base.len + sizeof digits);
  if (!bytes) {
    return LA_TEXT_NONE;
  }
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  if (base.len > 0) {
    memcpy(bytes, base.bytes, base.len);
  }
  bytes[len++] = '_';
  while (count > 0) {
    bytes[len++] = digits[--count];
  }
  bytes[len] = '\0';
  return (la_text){bytes, len};
}

/* The text of a new anonymous name. */
static la_text make_name(la_compiler *c, la_text base) {
  uint32_t number = next_number(c, base);
  la_text name = number != 0 ? la_numbered_name(c, base, number) : LA_TEXT_NONE;
  return name.bytes ? la_truncate_name(c, name) : name;
}

la_text la_new_anon_name(la_compiler *c, la_text base) {
  return make_name(c, base);
}

static bool is_name_of(const la_anon_name *known, const void *identity, const void *owner,
                       la_text base) {
  return known->identity == identity && known->owner == owner && la_text_equal(known->base, base);
}

/* The name that is known; NULL if there is none. A few are looked through, many by their identity.
 */
static const la_anon_name *find_anon_name(const la_compiler *c, const void *identity,
                                          const void *owner, la_text base) {
  const la_anon_name *names = c->names.items;
  if (c->names_map.count > 0) {
    uintptr_t at = (uintptr_t)la_map_get_pointer(&c->names_map, identity);
    while (at != 0 && !is_name_of(&names[at - 1], identity, owner, base)) {
      at = names[at - 1].next;
    }
    return at != 0 ? &names[at - 1] : NULL;
  }
  for (size_t i = 0; i < c->names.count; i++) {
    if (is_name_of(&names[i], identity, owner, base)) {
      return &names[i];
    }
  }
  return NULL;
}

/* Puts the names that the map does not have into it: all, once there are many. */
static bool map_names(la_compiler *c) {
  size_t from = c->names_map.count > 0 ? c->names.count - 1 : 0;
  for (size_t i = from; c->names.count > FEW_NAMES && i < c->names.count; i++) {
    la_anon_name *name = &c->names.items[i];
    name->next = (uint32_t)(uintptr_t)la_map_get_pointer(&c->names_map, name->identity);
    if (!la_map_set_pointer(&c->names_map, c->sql->alloc, name->identity,
                            (void *)(uintptr_t)(i + 1))) {
      return false;
    }
  }
  return true;
}

la_text la_anon_name_of(la_compiler *c, const void *identity, const void *owner, la_text base) {
  const la_anon_name *known = find_anon_name(c, identity, owner, base);
  if (known != NULL) {
    return known->name;
  }
  la_text name = make_name(c, base);
  la_anon_name entry = {.identity = identity, .owner = owner, .base = base, .name = name};
  if (!name.bytes || !la_vec_push(c->sql->alloc, &c->names, entry) || !map_names(c)) {
    return LA_TEXT_NONE;
  }
  return name;
}

const la_node *la_plain_node(const la_node *node) {
  while (node &&
         (node->kind == LA_NODE_ENTITY || node->kind == LA_NODE_ATTRIBUTE ||
          node->kind == LA_NODE_NEGATABLE) &&
         node->count > 0 && node->children[0]) {
    node = node->children[0];
  }
  return node;
}

/* A CTE is known by its number, so that a reference from inside and copies of it are the same: as
 * an odd address, which no node has. */
const void *la_from_identity(const la_node *from) {
  from = la_plain_node(from);
  if (!from) {
    return NULL;
  }
  switch (from->kind) {
  case LA_NODE_TABLE:
    return from->subject;
  case LA_NODE_CTE:
  case LA_NODE_CTE_REF:
    return (const void *)(((uintptr_t)from->value.as.integer << 1) | 1);
  default:
    return from;
  }
}

/* The base of the name of an alias or CTE without one: the table's, that of VALUES in a CTE, or
 * "anon". */
static la_text alias_base(const la_node *from) {
  const la_node *element = la_plain_node(la_node_child(from, 0));
  switch (element ? element->kind : LA_NODE_NULL) {
  case LA_NODE_VALUES:
    return from->kind == LA_NODE_CTE && element->text.bytes ? element->text
                                                            : LA_TEXT_LITERAL("anon");
  case LA_NODE_TABLE:
    return ((const la_table *)(const void *)element->subject)->name;
  case LA_NODE_LITERAL_TABLE:
  case LA_NODE_ALIAS:
    return element->text.bytes ? element->text : LA_TEXT_LITERAL("anon");
  default:
    return LA_TEXT_LITERAL("anon");
  }
}

la_text la_from_written_name(la_compiler *c, const la_node *from) {
  from = la_plain_node(from);
  switch (from ? from->kind : LA_NODE_NULL) {
  case LA_NODE_TABLE:
    return ((const la_table *)(const void *)from->subject)->name;
  case LA_NODE_ALIAS:
  case LA_NODE_VALUES:
  case LA_NODE_CTE:
  case LA_NODE_CTE_REF:
    if (from->text.bytes) {
      return from->text;
    }
    return la_anon_name_of(c, la_from_identity(from), NULL, alias_base(from));
  case LA_NODE_LITERAL_TABLE:
    return from->text;
  default:
    return LA_TEXT_NONE;
  }
}
