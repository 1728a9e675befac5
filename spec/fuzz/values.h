/* SPDX-License-Identifier: MIT */
/* What one input does to each parser of values; see values.c. */
#ifndef SPEC_FUZZ_VALUES_H
#define SPEC_FUZZ_VALUES_H

#include "statement.h"

#include "base/alloc.h"

void fuzz_url(la_allocator *alloc, const fuzz_input *input);
void fuzz_moment(la_allocator *alloc, const fuzz_input *input);
void fuzz_decimal(la_allocator *alloc, fuzz_input *input);
void fuzz_type(la_allocator *alloc, fuzz_input *input);

#endif
