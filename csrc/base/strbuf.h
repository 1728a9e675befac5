/* SPDX-License-Identifier: MIT */
/*
 * A growing text with a sticky failure.
 *
 * Appending to a text that has failed does nothing, so a builder asks once at the end. Owned by
 * whoever inits it. The bytes are followed by a zero byte that `len` does not count.
 */
#ifndef LA_BASE_STRBUF_H
#define LA_BASE_STRBUF_H

#include "base/alloc.h"
#include "base/status.h"
#include "base/text.h"

#pragma GCC visibility push(hidden)

typedef struct la_strbuf {
  la_allocator *alloc;
  char *bytes; /* NULL while empty */
  size_t len;
  size_t capacity;
  bool failed; /* out of memory */
} la_strbuf;

void la_strbuf_init(la_strbuf *buf, la_allocator *alloc);
void la_strbuf_clear(la_strbuf *buf);
/* Empty again, keeping the memory and forgetting a failure. */
void la_strbuf_reset(la_strbuf *buf);
void la_strbuf_char(la_strbuf *buf, char c);
void la_strbuf_bytes(la_strbuf *buf, const void *bytes, size_t len);
void la_strbuf_text(la_strbuf *buf, la_text text);
void la_strbuf_string(la_strbuf *buf, const char *string);
void la_strbuf_format(la_strbuf *buf, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
/* The slow half of la_strbuf_reserve. */
bool la_strbuf_grow(la_strbuf *buf, size_t len);
/* Room for `len` more bytes, to be written at `bytes + len`; false when out of memory. */
static inline bool la_strbuf_reserve(la_strbuf *buf, size_t len) {
  return (!buf->failed && buf->bytes != NULL && len < buf->capacity - buf->len) ||
         la_strbuf_grow(buf, len);
}
/* `text` put in at `at`, which is at most `len`. */
void la_strbuf_insert(la_strbuf *buf, size_t at, la_text text);
la_text la_strbuf_view(const la_strbuf *buf);
/* LA_NOMEM if an append failed. */
la_status la_strbuf_status(const la_strbuf *buf, la_error *err);

#pragma GCC visibility pop

#endif
