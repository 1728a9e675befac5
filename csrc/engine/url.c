/* SPDX-License-Identifier: MIT */
#include "engine/url.h"

#include <stdlib.h>
#include <string.h>

static const char *find(const char *at, const char *end, const char *stops) {
  while (at < end && !strchr(stops, *at)) {
    at++;
  }
  return at;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A zero byte after the text lets client libraries take it as it is. */
static la_status decode(la_url *url, const char *at, const char *end, bool plus_is_space,
                        la_text *out, la_error *err) {
  char *bytes = la_arena_alloc(&url->arena, (size_t)(end - at) + 1);
  size_t len = 0;
  if (bytes == NULL) {
    return la_fail_nomem(err);
  }
  while (at < end) {
    if (*at == '%' && end - at > 2 && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0) {
      bytes[len++] = (char)(hex_digit(at[1]) * 16 + hex_digit(at[2]));
      at += 3;
    } else {
      bytes[len++] = *at == '+' && plus_is_space ? ' ' : *at;
      at++;
    }
  }
  bytes[len] = '\0';
  if (memchr(bytes, '\0', len) != NULL) {
    return la_fail(err, LA_ARGUMENT, "the database URL contains a zero byte");
  }
  *out = (la_text){bytes, len};
  return LA_OK;
}

static bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '+';
}

static la_status parse_drivername(la_url *url, la_text text, const char **rest_out, la_error *err) {
  const char *at = text.bytes, *end = text.bytes + text.len, *plus;
  while (at < end && is_name_char(*at)) {
    at++;
  }
  if (at == text.bytes || end - at < 3 || memcmp(at, "://", 3) != 0) {
    return la_fail(err, LA_ARGUMENT,
                   "could not parse a database URL: it must begin with a dialect and \"://\", such "
                   "as sqlite:///file.db");
  }
  LA_TRY(decode(url, text.bytes, at, false, &url->drivername, err));
  plus = memchr(url->drivername.bytes, '+', url->drivername.len);
  url->dialect = url->drivername;
  if (plus != NULL) {
    url->dialect.len = (size_t)(plus - url->drivername.bytes);
    url->driver = (la_text){plus + 1, url->drivername.len - url->dialect.len - 1};
  }
  *rest_out = at + 3;
  return LA_OK;
}

/* user, or user:password, before an "@"; nothing if there is no "@" where one may stand. */
static la_status parse_credentials(la_url *url, const char **at, const char *end, la_error *err) {
  const char *start = *at, *stop = find(start, end, ":/?"), *last = stop;
  if (stop < end && *stop == ':') {
    last = find(stop, end, "@");
    if (last < end) {
      LA_TRY(decode(url, start, stop, false, &url->username, err));
      LA_TRY(decode(url, stop + 1, last, false, &url->password, err));
      *at = last + 1;
      return LA_OK;
    }
    last = stop;
  }
  while (last > start && last[-1] != '@') {
    last--;
  }
  if (last > start) {
    LA_TRY(decode(url, start, last - 1, false, &url->username, err));
    *at = last;
  }
  return LA_OK;
}

static la_status parse_port(la_url *url, const char *at, const char *end, la_error *err) {
  long port = 0;
  if (at == end) {
    return LA_OK;
  }
  for (const char *digit = at; digit < end; digit++) {
    if (*digit < '0' || *digit > '9' || (port = port * 10 + (*digit - '0')) > 65535) {
      return la_fail(err, LA_ARGUMENT, "the port \"%.*s\" of the database URL is no port number",
                     (int)(end - at < 40 ? end - at : 40), at);
    }
  }
  url->port = (int)port;
  return LA_OK;
}

static la_status parse_host(la_url *url, const char **at, const char *end, la_error *err) {
  const char *start = *at, *stop;
  if (start < end && *start == '[') {
    stop = find(start, end, "]");
    if (stop == end) {
      return la_fail(err, LA_ARGUMENT, "the host of the database URL has \"[\" without \"]\"");
    }
    LA_TRY(decode(url, start + 1, stop, false, &url->host, err));
    stop++;
  } else {
    stop = find(start, end, ":/?");
    if (stop > start) {
      LA_TRY(decode(url, start, stop, false, &url->host, err));
    }
  }
  *at = stop;
  if (stop < end && *stop == ':') {
    *at = find(stop, end, "/?");
    return parse_port(url, stop + 1, *at, err);
  }
  return LA_OK;
}

static la_status parse_options(la_url *url, const char *at, const char *end, la_error *err) {
  uint32_t count = 1;
  for (const char *c = at; c < end; c++) {
    count += *c == '&';
  }
  url->options = la_arena_alloc_zero(&url->arena, count * sizeof *url->options);
  if (url->options == NULL) {
    return la_fail_nomem(err);
  }
  while (at < end) {
    const char *stop = find(at, end, "&"), *equals = find(at, stop, "=");
    la_url_option *option = &url->options[url->option_count];
    if (stop > at) {
      if (equals == stop || equals == at) {
        return la_fail(err, LA_ARGUMENT,
                       "the option \"%.*s\" of the database URL is not of the form name=value",
                       (int)(equals - at < 60 ? equals - at : 60), at);
      }
      LA_TRY(decode(url, at, equals, true, &option->name, err));
      LA_TRY(decode(url, equals + 1, stop, true, &option->value, err));
      url->option_count++;
    }
    at = stop < end ? stop + 1 : end;
  }
  return LA_OK;
}

static la_status parse(la_url *url, la_text text, la_error *err) {
  const char *end = text.bytes + text.len, *at = end, *stop;
  LA_TRY(parse_drivername(url, text, &at, err));
  LA_TRY(parse_credentials(url, &at, end, err));
  LA_TRY(parse_host(url, &at, end, err));
  if (at < end && *at == '/') {
    stop = find(at, end, "?");
    LA_TRY(decode(url, at + 1, stop, false, &url->database, err));
    at = stop;
  }
  if (at < end && *at == '?') {
    return parse_options(url, at + 1, end, err);
  }
  return at == end ? LA_OK
                   : la_fail(err, LA_ARGUMENT,
                             "could not parse a database URL: unexpected text after the host");
}

la_status la_url_parse(la_url *url, la_allocator *alloc, la_text text, la_error *err) {
  la_status status;
  *url = (la_url){.port = -1};
  la_arena_init(&url->arena, alloc);
  status = text.bytes ? parse(url, text, err) : la_fail(err, LA_ARGUMENT, "no database URL given");
  if (status < 0) {
    la_url_clear(url);
  }
  return status;
}

void la_url_clear(la_url *url) {
  la_arena_clear(&url->arena);
  *url = (la_url){.port = -1, .arena = url->arena};
}

/* Percent escapes for all but letters, digits, "_.-~" and what is in `safe`. */
static void quote(la_strbuf *out, la_text text, const char *safe) {
  for (size_t i = 0; i < text.len; i++) {
    unsigned char c = (unsigned char)text.bytes[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || (c != 0 && (strchr("_.-~", c) || strchr(safe, c)))) {
      la_strbuf_char(out, (char)c);
    } else {
      la_strbuf_format(out, "%%%02X", c);
    }
  }
}

/* As in a query string: a space is written "+". */
static void quote_plus(la_strbuf *out, la_text text) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.bytes[i] == ' ') {
      la_strbuf_char(out, '+');
    } else {
      quote(out, (la_text){text.bytes + i, 1}, "");
    }
  }
}

static void format_options(const la_url *url, la_strbuf *out) {
  for (uint32_t i = 0; i < url->option_count; i++) {
    la_strbuf_char(out, i ? '&' : '?');
    quote_plus(out, url->options[i].name);
    la_strbuf_char(out, '=');
    quote_plus(out, url->options[i].value);
  }
}

void la_url_format(const la_url *url, bool hide_password, la_strbuf *out) {
  la_strbuf_text(out, url->drivername);
  la_strbuf_string(out, "://");
  if (url->username.bytes != NULL) {
    quote(out, url->username, " +");
    if (url->password.bytes != NULL) {
      la_strbuf_char(out, ':');
      if (hide_password) {
        la_strbuf_string(out, "***");
      } else {
        quote(out, url->password, " +");
      }
    }
    la_strbuf_char(out, '@');
  }
  if (url->host.bytes != NULL) {
    bool is_ipv6 = url->host.len > 0 && memchr(url->host.bytes, ':', url->host.len) != NULL;
    la_strbuf_string(out, is_ipv6 ? "[" : "");
    la_strbuf_text(out, url->host);
    la_strbuf_string(out, is_ipv6 ? "]" : "");
  }
  if (url->port >= 0) {
    la_strbuf_format(out, ":%d", url->port);
  }
  if (url->database.bytes != NULL) {
    la_strbuf_char(out, '/');
    quote(out, url->database, " +/:");
  }
  format_options(url, out);
}

const la_url_option *la_url_option_get(const la_url *url, la_text name) {
  for (uint32_t i = 0; i < url->option_count; i++) {
    if (la_text_equal(url->options[i].name, name)) {
      return &url->options[i];
    }
  }
  return NULL;
}
