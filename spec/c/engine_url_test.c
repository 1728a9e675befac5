/* SPDX-License-Identifier: MIT */
/* Database URLs: what is parsed, written and refused, and where SQLite's lead. */
#include "engine/driver_sqlite3.h"
#include "oom.h"
#include "test.h"

static la_allocator alloc;

typedef struct parsed {
  la_url url;
  la_error err;
  la_status status;
} parsed;

static parsed parse(const char *text) {
  parsed out = {.err = LA_ERROR_INIT};
  out.status = la_url_parse(&out.url, &alloc, la_text_of(text), &out.err);
  return out;
}

static void check_format(const char *text, const char *expected) {
  parsed p = parse(text);
  la_strbuf out;
  la_strbuf_init(&out, &alloc);
  CHECK(p.status == LA_OK);
  la_url_format(&p.url, true, &out);
  CHECK_TEXT(la_strbuf_view(&out), expected);
  la_strbuf_clear(&out);
  la_url_clear(&p.url);
}

static void check_refused(const char *text, const char *word) {
  parsed p = parse(text);
  CHECK(p.status == LA_ARGUMENT);
  if (!CHECK(strstr(p.err.message, word) != NULL)) {
    printf("  %s: %s\n", text, p.err.message);
  }
}

TEST(all_parts) {
  parsed p = parse("postgresql+libpq://us%40er:p%3Aw%2F@[::1]:5432/my%20db?a=1&b=x+y&a=2");
  CHECK(p.status == LA_OK);
  CHECK_TEXT(p.url.drivername, "postgresql+libpq");
  CHECK_TEXT(p.url.dialect, "postgresql");
  CHECK_TEXT(p.url.driver, "libpq");
  CHECK_TEXT(p.url.username, "us@er");
  CHECK_TEXT(p.url.password, "p:w/");
  CHECK_TEXT(p.url.host, "::1");
  CHECK(p.url.port == 5432);
  CHECK_TEXT(p.url.database, "my db");
  CHECK(p.url.option_count == 3);
  CHECK_TEXT(p.url.options[1].value, "x y");
  CHECK_TEXT(la_url_option_get(&p.url, LA_TEXT_LITERAL("a"))->value, "1");
  CHECK(la_url_option_get(&p.url, LA_TEXT_LITERAL("c")) == NULL);
  la_url_clear(&p.url);
}

TEST(absent_parts_are_none) {
  parsed p = parse("sqlite://");
  CHECK(p.status == LA_OK);
  CHECK(p.url.driver.bytes == NULL && p.url.username.bytes == NULL && p.url.host.bytes == NULL);
  CHECK(p.url.port == -1 && p.url.database.bytes == NULL && p.url.option_count == 0);
  la_url_clear(&p.url);
}

TEST(written_forms) {
  check_format("sqlite://", "sqlite://");
  check_format("sqlite:///:memory:", "sqlite:///:memory:");
  check_format("sqlite:////a/b%20c.db", "sqlite:////a/b c.db");
  check_format("sqlite:///file:x?mode=ro&uri=true", "sqlite:///file:x?mode=ro&uri=true");
  check_format("mysql://u:secret@h:3306/d?x=a%26b", "mysql://u:***@h:3306/d?x=a%26b");
  check_format("pg://[::1]/d", "pg://[::1]/d");
}

TEST(refusals) {
  check_refused("example.db", "must begin with a dialect");
  check_refused("sqlite:/x.db", "must begin with a dialect");
  check_refused("://x", "must begin with a dialect");
  check_refused("pg://h:port/d", "\"port\"");
  check_refused("pg://h:99999/d", "\"99999\"");
  check_refused("pg://[::1/d", "without \"]\"");
  check_refused("sqlite:///x?mode", "\"mode\"");
  check_refused("sqlite:///x%00y", "zero byte");
}

static void check_sqlite(const char *text, const char *filename, bool memory, bool uri) {
  parsed p = parse(text);
  la_driver_options options = {.url = &p.url};
  bool is_memory = false, is_uri = false;
  la_strbuf out;
  la_strbuf_init(&out, &alloc);
  CHECK(la_sqlite_url_read(&p.url, &options, &is_memory, &p.err) == LA_OK);
  CHECK(la_sqlite_url_filename(&p.url, &out, &is_uri, &p.err) == LA_OK);
  CHECK_TEXT(la_strbuf_view(&out), filename);
  CHECK(is_memory == memory && is_uri == uri);
  la_strbuf_clear(&out);
  la_url_clear(&p.url);
}

TEST(sqlite_files) {
  check_sqlite("sqlite://", ":memory:", true, false);
  check_sqlite("sqlite:///", ":memory:", true, false);
  check_sqlite("sqlite:///:memory:", ":memory:", true, false);
  check_sqlite("sqlite:///rel/x.db", "rel/x.db", false, false);
  check_sqlite("sqlite:////abs/x.db", "/abs/x.db", false, false);
  check_sqlite("sqlite:///a%20b.db?timeout=2.5", "a b.db", false, false);
  check_sqlite("sqlite:///file:x.db", "./file:x.db", false, false);
  check_sqlite("sqlite:///file:x.db?mode=ro&uri=true", "file:x.db?mode=ro", false, true);
  check_sqlite("sqlite:///file:x?mode=memory&cache=shared&uri=1", "file:x?mode=memory&cache=shared",
               true, true);
}

TEST(sqlite_options) {
  parsed p = parse("sqlite:///x?timeout=2.5&isolation_level=immediate&cached_statements=7"
                   "&check_same_thread=false");
  la_driver_options options = {.url = &p.url};
  bool memory;
  CHECK(la_sqlite_url_read(&p.url, &options, &memory, &p.err) == LA_OK);
  CHECK(options.busy_timeout == 2500);
  CHECK(options.begin_mode == LA_BEGIN_IMMEDIATE);
  CHECK(options.statement_cache_size == 7);
  la_url_clear(&p.url);
}

static void check_sqlite_refused(const char *text, const char *word) {
  parsed p = parse(text);
  la_driver_options options = {.url = &p.url};
  bool memory;
  CHECK(la_sqlite_url_read(&p.url, &options, &memory, &p.err) == LA_ARGUMENT);
  if (!CHECK(strstr(p.err.message, word) != NULL)) {
    printf("  %s: %s\n", text, p.err.message);
  }
  la_url_clear(&p.url);
}

TEST(sqlite_refusals) {
  check_sqlite_refused("sqlite://host/x.db", "no place for a host");
  check_sqlite_refused("sqlite://u:p@/x.db", "no place for a user");
  check_sqlite_refused("sqlite:///x?mode=ro", "uri=true");
  check_sqlite_refused("sqlite:///x?timeot=3", "did you mean \"timeout\"");
  check_sqlite_refused("sqlite:///x?colour=3", "known are uri");
  check_sqlite_refused("sqlite:///x?uri=true", "begins with file:");
  check_sqlite_refused("sqlite:///x?uri=perhaps", "not \"perhaps\"");
  check_sqlite_refused("sqlite:///x?timeout=soon", "not \"soon\"");
  check_sqlite_refused("sqlite:///x?isolation_level=SERIAL", "not \"SERIAL\"");
}

static bool parse_and_write(la_allocator *failing, void *argument) {
  la_url url;
  la_strbuf out;
  bool ok, uri;
  la_error err = LA_ERROR_INIT;
  (void)argument;
  if (la_url_parse(&url, failing, LA_TEXT_LITERAL("sqlite:///file:x?a=b&uri=true"), &err) < 0) {
    return false;
  }
  la_strbuf_init(&out, failing);
  la_url_format(&url, false, &out);
  ok = !out.failed;
  la_strbuf_reset(&out);
  ok = la_sqlite_url_filename(&url, &out, &uri, &err) == LA_OK && ok;
  la_strbuf_clear(&out);
  la_url_clear(&url);
  return ok;
}

TEST(failing_allocations) {
  CHECK(oom_every(parse_and_write, NULL) > 1);
}

int main(void) {
  la_allocator_init(&alloc, la_alloc_system, NULL);
  RUN(all_parts);
  RUN(absent_parts_are_none);
  RUN(written_forms);
  RUN(refusals);
  RUN(sqlite_files);
  RUN(sqlite_options);
  RUN(sqlite_refusals);
  RUN(failing_allocations);
  CHECK(alloc.blocks == 0);
  return test_result();
}
