/* SPDX-License-Identifier: MIT */
/* The digest that cuts long names. */
#include "test.h"

#include "base/md5.h"

static bool digest_is(const char *text, const char *expected) {
  uint8_t digest[16];
  char digits[33];
  la_md5(la_text_of(text), digest);
  for (size_t i = 0; i < 16; i++) {
    snprintf(digits + 2 * i, 3, "%02x", digest[i]);
  }
  return strcmp(digits, expected) == 0;
}

/* The digests of RFC 1321, among them texts of one block and of two. */
TEST(gives_the_digests_of_the_standard) {
  CHECK(digest_is("", "d41d8cd98f00b204e9800998ecf8427e"));
  CHECK(digest_is("abc", "900150983cd24fb0d6963f7d28e17f72"));
  CHECK(digest_is("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
                  "d174ab98d277d9f5a5611c2c9f419d9f"));
  CHECK(digest_is("1234567890123456789012345678901234567890123456789012345678901234567890123456789"
                  "0",
                  "57edf4a22be3c955ac49da2e2107b67a"));
}

int main(void) {
  RUN(gives_the_digests_of_the_standard);
  return test_result();
}
