/* SPDX-License-Identifier: MIT */
/*
 * Borrowed bytes with a length: never owned, may hold zero bytes.
 */
#ifndef LA_BASE_TEXT_H
#define LA_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma GCC visibility push(hidden)

typedef struct la_text {
  const char *bytes; /* NULL means: none */
  size_t len;
} la_text;

#define LA_TEXT_NONE             ((la_text){NULL, 0})
#define LA_TEXT_LITERAL(literal) ((la_text){"" literal, sizeof(literal) - 1})

static inline la_text la_text_of(const char *string) {
  return (la_text){string, string ? strlen(string) : 0};
}
static inline bool la_text_equal(la_text a, la_text b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}
static inline bool la_text_is(la_text a, const char *string) {
  return la_text_equal(a, la_text_of(string));
}
/* A fast hash of bytes; the same for the same bytes within one process. */
uint64_t la_hash_bytes(const void *bytes, size_t len, uint64_t seed);
uint64_t la_hash_mix(uint64_t hash, uint64_t value);
/* Equal but for the case of ASCII letters. */
bool la_text_equal_nocase(la_text a, la_text b);
/* How many edits of one character lie between `a` and `b`, at most `limit` + 1; for suggestions.
 * Two neighbours that changed places are one edit, the case of ASCII letters is none. */
int la_text_distance(la_text a, la_text b, int limit);

/* For printf's "%.*s". */
#define LA_TEXT_FORMAT(text) (int)(text).len, (text).bytes ? (text).bytes : ""

#pragma GCC visibility pop

#endif
