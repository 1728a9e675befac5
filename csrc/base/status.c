/* SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <stdio.h>
#include <string.h>

la_status la_fail_va(la_error *err, la_status status, const char *code, const char *format,
                     va_list args) {
  int length;
  if (err == NULL || err->status != LA_OK) {
    return status;
  }
  err->status = status;
  snprintf(err->code, sizeof err->code, "%s", code ? code : "");
  length = vsnprintf(err->message, sizeof err->message, format, args);
  if (length < 0) {
    err->message[0] = '\0';
  } else if ((size_t)length >= sizeof err->message) {
    /* Cut before a whole UTF-8 sequence, so that the message stays valid text. */
    size_t cut = sizeof err->message - 4;
    while (cut > 0 && ((unsigned char)err->message[cut] & 0xC0) == 0x80) {
      cut--;
    }
    memcpy(err->message + cut, "...", 4);
  }
  return status;
}

la_status la_fail(la_error *err, la_status status, const char *format, ...) {
  va_list args;
  va_start(args, format);
  la_fail_va(err, status, NULL, format, args);
  va_end(args);
  return status;
}

la_status la_fail_code(la_error *err, la_status status, const char *code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  la_fail_va(err, status, code, format, args);
  va_end(args);
  return status;
}

la_status la_fail_nomem(la_error *err) {
  return la_fail(err, LA_NOMEM, "not enough memory");
}

void la_error_clear(la_error *err) {
  *err = (la_error)LA_ERROR_INIT;
}

const char *la_status_class(la_status status) {
  static const char *const classes[] = {
#define X(name, class_name) class_name,
      LA_FAILURES(X)
#undef X
  };
  size_t at = (size_t)(-(int)status) - 1;
  return status < 0 && at < sizeof classes / sizeof *classes ? classes[at] : "LualchemyError";
}
