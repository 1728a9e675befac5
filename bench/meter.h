/* SPDX-License-Identifier: MIT */
/*
 * What a run took: clocks, memory and the line that reports them, for the reference program and for
 * the Lua module `meter` alike.
 *
 * Counts of instructions come from valgrind where its header is installed: under
 * `valgrind --tool=callgrind` only what lies between start and stop is counted.
 */
#ifndef LA_BENCH_METER_H
#define LA_BENCH_METER_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __has_include
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif
#endif
#ifndef CALLGRIND_ZERO_STATS
#define CALLGRIND_ZERO_STATS ((void)0)
#define CALLGRIND_DUMP_STATS ((void)0)
#endif

typedef struct meter {
  double wall, cpu; /* seconds: at the start, then what was taken */
  long rss_start;   /* kilobytes resident when the clock started */
  long rss_peak;    /* the most since */
} meter;

static inline double meter_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A figure of /proc/self/status in kilobytes; 0 on systems without. */
static inline long meter_status(const char *key) {
  char line[256];
  size_t len = strlen(key);
  long value = 0;
  FILE *file = fopen("/proc/self/status", "r");
  if (file == NULL) {
    return 0;
  }
  while (value == 0 && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, key, len) == 0 && line[len] == ':') {
      value = strtol(line + len + 1, NULL, 10);
    }
  }
  fclose(file);
  return value;
}

static inline meter meter_start(void) {
  meter self = {0};
  FILE *file = fopen("/proc/self/clear_refs", "w"); /* 5 forgets the peak so far */
  if (file != NULL) {
    fputs("5", file);
    fclose(file);
  }
  self.rss_start = meter_status("VmRSS");
  CALLGRIND_ZERO_STATS;
  self.cpu = meter_clock(CLOCK_PROCESS_CPUTIME_ID);
  self.wall = meter_clock(CLOCK_MONOTONIC);
  return self;
}

static inline void meter_stop(meter *self) {
  self->wall = meter_clock(CLOCK_MONOTONIC) - self->wall;
  self->cpu = meter_clock(CLOCK_PROCESS_CPUTIME_ID) - self->cpu;
  CALLGRIND_DUMP_STATS;
  self->rss_peak = meter_status("VmHWM");
}

/* The one line that a run prints; run.lua and other drivers read it. */
static inline void meter_report(const meter *self, const char *workload, const char *variant,
                                int64_t rows, int64_t check) {
  const char *peer = getenv("BENCH_PEER");
  printf("{\"peer\":\"%s\",\"workload\":\"%s\",\"variant\":\"%s\",\"seconds\":%.9f,"
         "\"cpu_seconds\":%.9f,\"rows\":%" PRId64 ",\"peak_rss_kb\":%ld,\"rss_start_kb\":%ld,"
         "\"check\":%" PRId64 "}\n",
         peer != NULL ? peer : "?", workload, variant, self->wall, self->cpu, rows, self->rss_peak,
         self->rss_start, check);
  fflush(stdout);
}

/* What BENCH_DIVIDE makes of a number of rows or rounds: smaller sizes for counting instructions.
 */
static inline int meter_scaled(int count) {
  const char *divide = getenv("BENCH_DIVIDE");
  int by = divide != NULL ? atoi(divide) : 1;
  return by > 1 && count / by > 0 ? count / by : count;
}

#endif
