/* SPDX-License-Identifier: MIT */
/*
 * Failing allocations for C tests.
 *
 *   static bool build(la_allocator *alloc, void *argument) { … return status == LA_OK; }
 *   oom_every(build, NULL);
 *
 * The body runs again and again with its first, second, third … allocation failing, until it runs
 * through; then once more with every allocation from the N-th on failing. Each run must give back
 * all it took, free every block with the size it has, and report failure if it did not succeed.
 */
#ifndef SPEC_OOM_H
#define SPEC_OOM_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

typedef struct oom {
  uint64_t calls;   /* requests for more memory so far */
  uint64_t fail_at; /* the request that fails; 0: none */
  bool and_after;   /* and every one after it */
  bool failed;      /* one has failed */
  size_t blocks;    /* held now */
} oom;

/* In front of each block, so that a release with a wrong size is found at once. */
typedef union oom_head {
  size_t size;
  max_align_t align;
} oom_head;

static bool oom_refuses(oom *state) {
  state->calls++;
  bool refused = state->fail_at != 0 && (state->and_after ? state->calls >= state->fail_at
                                                          : state->calls == state->fail_at);
  state->failed = state->failed || refused;
  return refused;
}

static void *oom_function(void *userdata, void *block, size_t old_size, size_t new_size) {
  oom *state = userdata;
  oom_head *head = block != NULL ? (oom_head *)block - 1 : NULL;
  if (head != NULL && head->size != old_size) {
    fprintf(stderr, "a block of %zu bytes is given back as %zu\n", head->size, old_size);
    abort();
  }
  if (new_size == 0) {
    if (head != NULL) {
      state->blocks--;
      memset(block, 0xdd, old_size); /* what is read after its release shows */
      free(head);
    }
    return NULL;
  }
  if ((head == NULL || new_size > old_size) && oom_refuses(state)) {
    return NULL;
  }
  oom_head *fresh = malloc(sizeof(oom_head) + new_size);
  assert(fresh != NULL);
  fresh->size = new_size;
  if (head != NULL) {
    memcpy(fresh + 1, block, old_size < new_size ? old_size : new_size);
    memset(block, 0xdd, old_size);
    free(head);
  } else {
    state->blocks++;
    memset(fresh + 1, 0xcd, new_size);
  }
  return fresh + 1;
}

/* What a test does with the allocator. True if it succeeded, false if it reported a failure. */
typedef bool (*oom_body)(la_allocator *failing, void *argument);

/* One run; true when no allocation had to fail, which ends the loop. */
static bool oom_once(oom_body body, void *argument, uint64_t fail_at, bool and_after) {
  oom state = {.fail_at = fail_at, .and_after = and_after};
  la_allocator failing;
  la_allocator_init(&failing, oom_function, &state);
  bool ok = body(&failing, argument);
  if (state.blocks != 0 || (!ok && !state.failed)) {
    fprintf(stderr, "allocation %llu%s failing: %zu blocks left, body %s\n",
            (unsigned long long)fail_at, and_after ? " and all after" : "", state.blocks,
            ok ? "succeeded" : "failed");
    abort();
  }
  return !state.failed;
}

/* Gives how many allocations the body makes when none fails. */
static inline uint64_t oom_every(oom_body body, void *argument) {
  uint64_t n = 1;
  while (!oom_once(body, argument, n, false)) {
    oom_once(body, argument, n, true);
    n++;
  }
  return n - 1;
}

#endif
