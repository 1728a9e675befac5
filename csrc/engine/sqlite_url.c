/* SPDX-License-Identifier: MIT */
#include "engine/driver_sqlite3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options that are ours; in a file: URI all others are SQLite's. */
static const char *const own_options[] = {"uri", "timeout", "isolation_level", "check_same_thread",
                                          "cached_statements"};

static const char *const uri_options[] = {"mode",   "cache", "vfs",   "immutable",
                                          "nolock", "psow",  "modeof"};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static bool is_among(la_text name, const char *const *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (la_text_is(name, names[i])) {
      return true;
    }
  }
  return false;
}

static la_status read_bool(const la_url_option *option, bool *out, la_error *err) {
  static const char *const yes[] = {"true", "yes", "on", "y", "t", "1"};
  static const char *const no[] = {"false", "no", "off", "n", "f", "0"};
  for (size_t i = 0; i < COUNT_OF(yes); i++) {
    if (la_text_equal_nocase(option->value, la_text_of(yes[i]))) {
      *out = true;
      return LA_OK;
    }
    if (la_text_equal_nocase(option->value, la_text_of(no[i]))) {
      *out = false;
      return LA_OK;
    }
  }
  return la_fail(err, LA_ARGUMENT, "the URL option \"%.*s\" is true or false, not \"%.*s\"",
                 LA_TEXT_FORMAT(option->name), LA_TEXT_FORMAT(option->value));
}

static la_status read_number(const la_url_option *option, double limit, double *out,
                             la_error *err) {
  char *end;
  double number = strtod(option->value.bytes, &end);
  if (option->value.len == 0 || *end != '\0' || !(number >= 0 && number <= limit)) {
    return la_fail(err, LA_ARGUMENT, "the URL option \"%.*s\" is a number from 0 on, not \"%.*s\"",
                   LA_TEXT_FORMAT(option->name), LA_TEXT_FORMAT(option->value));
  }
  *out = number;
  return LA_OK;
}

static la_status read_isolation_level(const la_url_option *option, la_driver_options *options,
                                      la_error *err) {
  static const struct {
    const char *name;
    la_begin_mode mode;
  } levels[] = {{"DEFERRED", LA_BEGIN_DEFERRED},
                {"IMMEDIATE", LA_BEGIN_IMMEDIATE},
                {"EXCLUSIVE", LA_BEGIN_EXCLUSIVE},
                {"AUTOCOMMIT", LA_BEGIN_AUTOCOMMIT}};
  for (size_t i = 0; i < COUNT_OF(levels); i++) {
    if (la_text_equal_nocase(option->value, la_text_of(levels[i].name))) {
      options->begin_mode = levels[i].mode;
      return LA_OK;
    }
  }
  return la_fail(err, LA_ARGUMENT,
                 "the URL option \"isolation_level\" is DEFERRED, IMMEDIATE, EXCLUSIVE or "
                 "AUTOCOMMIT, not \"%.*s\"",
                 LA_TEXT_FORMAT(option->value));
}

static la_status refuse_option(la_text name, la_error *err) {
  if (is_among(name, uri_options, COUNT_OF(uri_options))) {
    return la_fail_code(err, LA_ARGUMENT, "squa",
                        "the URL option \"%.*s\" belongs to SQLite's file: URIs; write "
                        "sqlite:///file:NAME?%.*s=...&uri=true",
                        LA_TEXT_FORMAT(name), LA_TEXT_FORMAT(name));
  }
  for (size_t i = 0; i < COUNT_OF(own_options); i++) {
    if (la_text_distance(name, la_text_of(own_options[i]), 3) <= 3) {
      return la_fail(err, LA_ARGUMENT,
                     "unknown option \"%.*s\" in a SQLite URL; did you mean \"%s\"?",
                     LA_TEXT_FORMAT(name), own_options[i]);
    }
  }
  return la_fail(err, LA_ARGUMENT,
                 "unknown option \"%.*s\" in a SQLite URL; known are uri, timeout, "
                 "isolation_level, check_same_thread, cached_statements",
                 LA_TEXT_FORMAT(name));
}

static la_status read_option(const la_url_option *option, bool uri, la_driver_options *options,
                             la_error *err) {
  double number;
  bool flag;
  if (la_text_is(option->name, "uri") || la_text_is(option->name, "check_same_thread")) {
    /* A Lua state is one thread, so there is nothing to check. */
    return read_bool(option, &flag, err);
  }
  if (la_text_is(option->name, "timeout")) {
    LA_TRY(read_number(option, 2000000, &number, err));
    options->busy_timeout = (int64_t)(number * 1000);
    return LA_OK;
  }
  if (la_text_is(option->name, "cached_statements")) {
    LA_TRY(read_number(option, 1000000, &number, err));
    options->statement_cache_size = (uint32_t)number;
    return LA_OK;
  }
  if (la_text_is(option->name, "isolation_level")) {
    return read_isolation_level(option, options, err);
  }
  return uri ? LA_OK : refuse_option(option->name, err);
}

static la_status is_uri(const la_url *url, bool *out, la_error *err) {
  const la_url_option *option = la_url_option_get(url, LA_TEXT_LITERAL("uri"));
  *out = false;
  return option ? read_bool(option, out, err) : LA_OK;
}

static bool starts_with_file(la_text database) {
  return database.len >= 5 && memcmp(database.bytes, "file:", 5) == 0;
}

static bool is_memory(const la_url *url, bool uri) {
  const la_url_option *mode = la_url_option_get(url, LA_TEXT_LITERAL("mode"));
  la_text name = url->database;
  if (name.len == 0 || la_text_is(name, ":memory:")) {
    return true;
  }
  return uri && ((mode && la_text_is(mode->value, "memory")) || la_text_is(name, "file::memory:"));
}

static la_status refuse_host(const la_url *url, la_error *err) {
  const char *what = url->host.bytes ? "a host" : url->port >= 0 ? "a port" : "a user";
  return la_fail(err, LA_ARGUMENT,
                 "a SQLite URL has no place for %s. Valid SQLite URL forms are:\n"
                 " sqlite:///:memory: (or, sqlite://)\n"
                 " sqlite:///relative/path/to/file.db\n"
                 " sqlite:////absolute/path/to/file.db",
                 what);
}

la_status la_sqlite_url_read(const la_url *url, la_driver_options *options, bool *memory_out,
                             la_error *err) {
  bool uri;
  if (url->host.bytes || url->username.bytes || url->password.bytes || url->port >= 0) {
    return refuse_host(url, err);
  }
  LA_TRY(is_uri(url, &uri, err));
  if (uri && !starts_with_file(url->database)) {
    return la_fail(err, LA_ARGUMENT,
                   "the URL option \"uri\" needs a database that begins with file:, such as "
                   "sqlite:///file:name.db?mode=ro&uri=true");
  }
  for (uint32_t i = 0; i < url->option_count; i++) {
    LA_TRY(read_option(&url->options[i], uri, options, err));
  }
  *memory_out = is_memory(url, uri);
  return LA_OK;
}

/* SQLite decodes percent escapes of a URI. */
static void append_escaped(la_strbuf *out, la_text text) {
  for (size_t i = 0; i < text.len; i++) {
    if (strchr("%&#?=+ ", text.bytes[i])) {
      la_strbuf_format(out, "%%%02X", (unsigned char)text.bytes[i]);
    } else {
      la_strbuf_char(out, text.bytes[i]);
    }
  }
}

la_status la_sqlite_url_filename(const la_url *url, la_strbuf *out, bool *uri_out, la_error *err) {
  char separator = '?';
  LA_TRY(is_uri(url, uri_out, err));
  if (!*uri_out) {
    if (starts_with_file(url->database)) {
      la_strbuf_string(out, "./"); /* a library built to take every name as a URI must not */
    }
    la_strbuf_text(out, url->database.len ? url->database : LA_TEXT_LITERAL(":memory:"));
    return la_strbuf_status(out, err);
  }
  la_strbuf_text(out, url->database);
  for (uint32_t i = 0; i < url->option_count; i++) {
    const la_url_option *option = &url->options[i];
    if (!is_among(option->name, own_options, COUNT_OF(own_options))) {
      la_strbuf_char(out, separator);
      append_escaped(out, option->name);
      la_strbuf_char(out, '=');
      append_escaped(out, option->value);
      separator = '&';
    }
  }
  return la_strbuf_status(out, err);
}
