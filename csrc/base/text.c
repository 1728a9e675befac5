/* SPDX-License-Identifier: MIT */
#include "base/text.h"

/* Texts longer than this have no near neighbours. */
#define LONGEST_COMPARED 64

static uint64_t read_word(const unsigned char *bytes, size_t len) {
  uint64_t word = 0;
  memcpy(&word, bytes, len);
  return word;
}

uint64_t la_hash_mix(uint64_t hash, uint64_t value) {
  hash ^= value;
  hash *= UINT64_C(0xD6E8FEB86659FD93);
  hash ^= hash >> 32;
  hash *= UINT64_C(0xD6E8FEB86659FD93);
  hash ^= hash >> 32;
  return hash;
}

uint64_t la_hash_bytes(const void *bytes, size_t len, uint64_t seed) {
  const unsigned char *at = bytes;
  uint64_t hash = la_hash_mix(seed, len + UINT64_C(0x9E3779B97F4A7C15));
  while (len >= 8) {
    hash = la_hash_mix(hash, read_word(at, 8));
    at += 8;
    len -= 8;
  }
  return len ? la_hash_mix(hash, read_word(at, len)) : hash;
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool la_text_equal_nocase(la_text a, la_text b) {
  if (a.len != b.len) {
    return false;
  }
  for (size_t i = 0; i < a.len; i++) {
    if (lower(a.bytes[i]) != lower(b.bytes[i])) {
      return false;
    }
  }
  return true;
}

static int smallest(int a, int b, int c) {
  int least = a < b ? a : b;
  return least < c ? least : c;
}

/* Optimal string alignment: three rows of the table of distances between prefixes. */
int la_text_distance(la_text a, la_text b, int limit) {
  int rows[3][LONGEST_COMPARED + 1];
  int *before = rows[0], *above = rows[1], *row = rows[2];
  if (a.len > LONGEST_COMPARED || b.len > LONGEST_COMPARED) {
    return la_text_equal(a, b) ? 0 : limit + 1;
  }
  for (size_t j = 0; j <= b.len; j++) {
    above[j] = (int)j;
  }
  for (size_t i = 1; i <= a.len; i++) {
    int *oldest = before;
    int least = row[0] = (int)i;
    for (size_t j = 1; j <= b.len; j++) {
      char left = lower(a.bytes[i - 1]), right = lower(b.bytes[j - 1]);
      row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + (left != right));
      if (i > 1 && j > 1 && left != right && left == lower(b.bytes[j - 2]) &&
          lower(a.bytes[i - 2]) == right && before[j - 2] + 1 < row[j]) {
        row[j] = before[j - 2] + 1;
      }
      least = row[j] < least ? row[j] : least;
    }
    if (least > limit) {
      return limit + 1;
    }
    before = above;
    above = row;
    row = oldest;
  }
  return above[b.len] > limit ? limit + 1 : above[b.len];
}
