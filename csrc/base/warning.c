/* SPDX-License-Identifier: MIT */
#include "base/warning.h"

#include <stdarg.h>
#include <stdio.h>

void la_warn(la_warnings *warnings, const char *format, ...) {
  va_list args;
  size_t room;
  int len;
  if (warnings == NULL) {
    return;
  }
  room = sizeof warnings->texts - warnings->used;
  va_start(args, format);
  len = vsnprintf(warnings->texts + warnings->used, room, format, args);
  va_end(args);
  if (len > 0 && (size_t)len < room) {
    warnings->used += (size_t)len + 1;
  }
}
