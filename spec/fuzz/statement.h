/* SPDX-License-Identifier: MIT */
/*
 * Statements out of bytes: each byte is an instruction of a machine with a stack of nodes, and the
 * bytes behind it are its operands. Every sequence of bytes makes something that the binding could
 * have made.
 */
#ifndef SPEC_FUZZ_STATEMENT_H
#define SPEC_FUZZ_STATEMENT_H

#include "base/text.h"
#include "sql/node.h"

/* What is left of the input. */
typedef struct fuzz_input {
  const uint8_t *at, *end;
} fuzz_input;

static inline uint8_t fuzz_byte(fuzz_input *input) {
  return input->at < input->end ? *input->at++ : 0;
}

/* Up to 40 bytes, its length first. */
static inline la_text fuzz_text(fuzz_input *input) {
  size_t len = fuzz_byte(input) % 41, left = (size_t)(input->end - input->at);
  la_text text = {(const char *)input->at, len < left ? len : left};
  input->at += text.len;
  return text.len > 0 ? text : LA_TEXT_LITERAL("x");
}

/* Compiles what the bytes make on every dialect and in every way, twice, and compares. */
void fuzz_statement(fuzz_input *input);
/* Writes it as bytes (sql/bytes.h) and reads these back, as they are and damaged. */
void fuzz_bytes(fuzz_input *input);

#endif
