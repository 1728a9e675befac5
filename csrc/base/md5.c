/* SPDX-License-Identifier: MIT */
#include "base/md5.h"

typedef struct md5_state {
  uint32_t words[4];
} md5_state;

/* The integer parts of 2^32 * |sin(i + 1)|. */
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

static const uint8_t shifts[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

/* What round `i` mixes of three words, and which word of the block it takes. */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d, unsigned *word) {
  switch (i / 16) {
  case 0:
    *word = i;
    return (b & c) | (~b & d);
  case 1:
    *word = (5 * i + 1) % 16;
    return (d & b) | (~d & c);
  case 2:
    *word = (3 * i + 5) % 16;
    return b ^ c ^ d;
  default:
    *word = (7 * i) % 16;
    return c ^ (b | ~d);
  }
}

static void add_block(md5_state *state, const uint8_t block[64]) {
  uint32_t words[16];
  uint32_t a = state->words[0], b = state->words[1], c = state->words[2], d = state->words[3];
  for (unsigned i = 0; i < 16; i++) {
    const uint8_t *at = block + (size_t)4 * i;
    words[i] =
        (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
  }
  for (unsigned i = 0; i < 64; i++) {
    unsigned word;
    uint32_t mixed = mix(i, b, c, d, &word) + a + sines[i] + words[word];
    unsigned shift = shifts[i / 16][i % 4];
    a = d;
    d = c;
    c = b;
    b += mixed << shift | mixed >> (32 - shift);
  }
  state->words[0] += a;
  state->words[1] += b;
  state->words[2] += c;
  state->words[3] += d;
}

void la_md5(la_text text, uint8_t digest[16]) {
  md5_state state = {{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
  uint8_t tail[128] = {0};
  uint64_t bits = (uint64_t)text.len * 8;
  size_t whole = text.len - text.len % 64, rest = text.len - whole;
  size_t tail_len = rest < 56 ? 64 : 128;
  for (size_t i = 0; i < whole; i += 64) {
    add_block(&state, (const uint8_t *)text.bytes + i);
  }
  if (rest > 0) {
    memcpy(tail, text.bytes + whole, rest);
  }
  tail[rest] = 0x80;
  for (unsigned i = 0; i < 8; i++) {
    tail[tail_len - 8 + i] = (uint8_t)(bits >> (8 * i));
  }
  for (size_t i = 0; i < tail_len; i += 64) {
    add_block(&state, tail + i);
  }
  for (unsigned i = 0; i < 16; i++) {
    digest[i] = (uint8_t)(state.words[i / 4] >> (8 * (i % 4)));
  }
}
