/* SPDX-License-Identifier: MIT */
#include "engine/trace.h"

#include "base/clock.h"

void la_trace_init(la_trace *trace, la_allocator *alloc) {
  *trace = (la_trace){.alloc = alloc};
  la_arena_init(&trace->arena, alloc);
}

void la_trace_clear(la_trace *trace) {
  la_vec_clear(trace->alloc, &trace->entries);
  la_vec_clear(trace->alloc, &trace->values);
  la_arena_clear(&trace->arena);
}

void la_trace_switch(la_trace *trace, bool on) {
  trace->entries.count = 0;
  trace->values.count = 0;
  la_arena_clear(&trace->arena);
  trace->on = on;
  trace->heard = false;
}

/* The newest statement, before the rows that it has given; NULL without one. */
static la_trace_entry *newest(const la_trace *trace) {
  for (size_t i = trace->entries.count; i > 0; i--) {
    if (trace->entries.items[i - 1].kind < LA_TRACE_COLUMNS) {
      return &trace->entries.items[i - 1];
    }
  }
  return NULL;
}

void la_trace_settle(la_trace *trace) {
  la_trace_entry *entry = newest(trace);
  if (entry == NULL || trace->values.count == 0) {
    return;
  }
  size_t size = trace->values.count * sizeof(la_value);
  entry->values = la_arena_alloc(&trace->arena, size);
  if (entry->values != NULL) {
    memcpy(entry->values, trace->values.items, size);
  } else {
    entry->rows = entry->count = 0;
  }
  trace->values.count = 0;
}

la_origin la_origin_take(la_compiled *compiled) {
  if (compiled == NULL) {
    return (la_origin){LA_ORIGIN_RAW, 0};
  }
  la_origin origin = {compiled->sent ? LA_ORIGIN_CACHED : LA_ORIGIN_NEW,
                      la_now() - compiled->made_at};
  compiled->sent = true;
  return origin;
}

void la_trace_no_key(la_trace *trace) {
  la_trace_entry *entry = newest(trace);
  if (entry != NULL) {
    entry->origin.kind = LA_ORIGIN_NO_KEY;
  }
}

void la_trace_compiled(la_trace *trace, la_compiled *compiled) {
  la_trace_entry *entry = trace->on ? newest(trace) : NULL;
  if (entry != NULL) {
    entry->origin = la_origin_take(compiled);
  }
  compiled->sent = true;
}

void la_trace_told(la_trace *trace) {
  la_trace_entry *entry = trace->on ? newest(trace) : NULL;
  if (entry != NULL) {
    entry->told = true;
  }
}

/* Appends a set of parameters to the newest entry. */
static bool add_values(la_trace *trace, const la_value *values, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    la_value copy;
    if (!la_value_copy(&trace->arena, &values[i], &copy) ||
        !la_vec_push(trace->alloc, &trace->values, copy)) {
      return false;
    }
  }
  return true;
}

void la_trace_statement(la_trace *trace, la_text text, const la_value *values, uint32_t count) {
  la_trace_entry entry = {.count = count, .rows = 1, .started = la_now()};
  la_trace_settle(trace);
  entry.text = (la_text){la_arena_copy(&trace->arena, text.bytes, text.len), text.len};
  if (entry.text.bytes == NULL || !la_vec_push(trace->alloc, &trace->entries, entry)) {
    return;
  }
  if (!add_values(trace, values, count)) {
    trace->values.count = 0;
    trace->entries.items[trace->entries.count - 1].count = 0;
  }
}

void la_trace_rebind(la_trace *trace, la_text text, const la_value *values, uint32_t count) {
  la_trace_entry *entry = newest(trace);
  size_t before = trace->values.count;
  if (entry == NULL || !la_text_equal(entry->text, text)) {
    la_trace_statement(trace, text, values, count);
    return;
  }
  if (entry->count == count && add_values(trace, values, count)) {
    entry->rows++;
  } else {
    trace->values.count = before;
  }
}

void la_trace_transaction(la_trace *trace, const char *text) {
  la_trace_statement(trace, la_text_of(text), NULL, 0);
  la_trace_entry *entry = newest(trace);
  if (entry != NULL) {
    entry->kind = LA_TRACE_TRANSACTION;
  }
}

void la_trace_row(la_trace *trace, la_trace_kind kind, la_value *values, uint32_t count) {
  la_trace_entry entry = {.kind = kind, .values = values, .count = count, .rows = 1};
  for (uint32_t i = 0; i < count; i++) {
    la_value lent = values[i];
    if (!la_value_copy(&trace->arena, &lent, &values[i])) {
      return;
    }
  }
  (void)la_vec_push(trace->alloc, &trace->entries, entry);
}

void la_trace_ran(la_trace *trace) {
  la_trace_entry *entry = newest(trace);
  if (entry != NULL) {
    entry->seconds = la_now() - entry->started;
  }
}
