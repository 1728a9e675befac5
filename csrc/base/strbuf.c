/* SPDX-License-Identifier: MIT */
#include "base/strbuf.h"

#include <stdio.h>

#define FIRST_CAPACITY 64

void la_strbuf_init(la_strbuf *buf, la_allocator *alloc) {
  *buf = (la_strbuf){.alloc = alloc};
}

void la_strbuf_clear(la_strbuf *buf) {
  la_free(buf->alloc, buf->bytes, buf->capacity);
  la_strbuf_init(buf, buf->alloc);
}

void la_strbuf_reset(la_strbuf *buf) {
  buf->len = 0;
  buf->failed = false;
  if (buf->bytes != NULL) {
    buf->bytes[0] = '\0';
  }
}

bool la_strbuf_grow(la_strbuf *buf, size_t len) {
  size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
  char *bytes;
  if (buf->failed) {
    return false;
  }
  if (len >= PTRDIFF_MAX - buf->len) {
    buf->failed = true;
    return false;
  }
  while (capacity <= buf->len + len) {
    capacity = capacity > PTRDIFF_MAX / 2 ? (size_t)PTRDIFF_MAX : capacity * 2;
  }
  bytes = la_realloc(buf->alloc, buf->bytes, buf->capacity, capacity);
  if (bytes == NULL) {
    buf->failed = true;
    return false;
  }
  buf->bytes = bytes;
  buf->capacity = capacity;
  buf->bytes[buf->len] = '\0';
  return true;
}

void la_strbuf_bytes(la_strbuf *buf, const void *bytes, size_t len) {
  if (len == 0 || !la_strbuf_reserve(buf, len)) {
    return;
  }
  memcpy(buf->bytes + buf->len, bytes, len);
  buf->len += len;
  buf->bytes[buf->len] = '\0';
}

void la_strbuf_char(la_strbuf *buf, char c) {
  la_strbuf_bytes(buf, &c, 1);
}

void la_strbuf_text(la_strbuf *buf, la_text text) {
  la_strbuf_bytes(buf, text.bytes, text.len);
}

void la_strbuf_string(la_strbuf *buf, const char *string) {
  la_strbuf_bytes(buf, string, strlen(string));
}

void la_strbuf_format(la_strbuf *buf, const char *format, ...) {
  va_list args;
  int len;
  va_start(args, format);
  len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (len <= 0 || !la_strbuf_reserve(buf, (size_t)len)) {
    return;
  }
  va_start(args, format);
  vsnprintf(buf->bytes + buf->len, (size_t)len + 1, format, args);
  va_end(args);
  buf->len += (size_t)len;
}

void la_strbuf_insert(la_strbuf *buf, size_t at, la_text text) {
  if (text.len == 0 || !la_strbuf_reserve(buf, text.len)) {
    return;
  }
  memmove(buf->bytes + at + text.len, buf->bytes + at, buf->len - at + 1);
  memcpy(buf->bytes + at, text.bytes, text.len);
  buf->len += text.len;
}

la_text la_strbuf_view(const la_strbuf *buf) {
  return (la_text){buf->bytes ? buf->bytes : "", buf->len};
}

la_status la_strbuf_status(const la_strbuf *buf, la_error *err) {
  return buf->failed ? la_fail_nomem(err) : LA_OK;
}
