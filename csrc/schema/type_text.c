/* SPDX-License-Identifier: MIT */
#include "schema/type_text.h"

#include <stdio.h>

#define SHOWN_TEXT 60

bool la_uuid_digits(la_text text, char out[LA_UUID_DIGITS]) {
  static const char prefix[] = "urn:uuid:";
  size_t count = 0;
  la_text head = {text.bytes, sizeof prefix - 1};
  if (text.len > head.len && la_text_equal_nocase(head, la_text_of(prefix))) {
    text.bytes += head.len;
    text.len -= head.len;
  }
  if (text.len >= 2 && text.bytes[0] == '{' && text.bytes[text.len - 1] == '}') {
    text.bytes++;
    text.len -= 2;
  }
  for (size_t i = 0; i < text.len; i++) {
    char c = text.bytes[i];
    if (c == '-') {
      continue;
    }
    if (c >= 'A' && c <= 'F') {
      c = (char)(c - 'A' + 'a');
    }
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) || count == LA_UUID_DIGITS) {
      return false;
    }
    out[count++] = c;
  }
  return count == LA_UUID_DIGITS;
}

la_status la_type_refuse_enum(const la_type *type, la_text text, la_error *err) {
  char list[600];
  size_t len = 0;
  list[0] = '\0';
  for (uint32_t i = 0; i < type->value_count; i++) {
    int written = snprintf(list + len, sizeof list - len, "%s\"%.*s\"", i ? ", " : "",
                           LA_TEXT_FORMAT(type->values[i]));
    if (written < 0 || (size_t)written >= sizeof list - len - 4) {
      snprintf(list + len, 4, "...");
      break;
    }
    len += (size_t)written;
  }
  return la_fail(err, LA_STATEMENT, "\"%.*s%s\" is not among the values of the Enum%s%.*s: %s",
                 (int)(text.len > SHOWN_TEXT ? SHOWN_TEXT : text.len), text.bytes,
                 text.len > SHOWN_TEXT ? "..." : "", type->name.bytes ? " " : "",
                 LA_TEXT_FORMAT(type->name), list);
}
