/* SPDX-License-Identifier: MIT */
/*
 * A database URL: dialect+driver://user:password@host:port/database?option=value
 *
 * Parsed into texts that lie in the URL's own arena; percent escapes are decoded. Owned by whoever
 * inits it; unchanged after parsing.
 */
#ifndef LA_ENGINE_URL_H
#define LA_ENGINE_URL_H

#include "base/arena.h"
#include "base/status.h"
#include "base/strbuf.h"

#pragma GCC visibility push(hidden)

typedef struct la_url_option {
  la_text name;
  la_text value;
} la_url_option;

typedef struct la_url {
  la_arena arena;
  la_text drivername; /* "sqlite+sqlite3" */
  la_text dialect;    /* "sqlite" */
  la_text driver;     /* "sqlite3", or none */
  la_text username, password, host;
  int port;               /* -1: none */
  la_text database;       /* none: not given */
  la_url_option *options; /* in order; a name may come twice */
  uint32_t option_count;
} la_url;

/* LA_ARGUMENT "Could not parse SQLAlchemy-style URL from given URL string" in our words, naming
 * what is wrong but never the password. */
la_status la_url_parse(la_url *url, la_allocator *alloc, la_text text, la_error *err);
void la_url_clear(la_url *url);
/* The text form; `hide_password` writes three stars for it. */
void la_url_format(const la_url *url, bool hide_password, la_strbuf *out);
/* NULL if not given. */
const la_url_option *la_url_option_get(const la_url *url, la_text name);

#pragma GCC visibility pop

#endif
