/* SPDX-License-Identifier: MIT */
/*
 * Frames of nodes whose children are being done, and a stack of the children's results. What
 * becomes of a node that has more than one reference is remembered, so that an alias stays one
 * alias for all its columns.
 */
#include "sql/adapt.h"

#include "base/map.h"
#include "base/vec.h"
#include "sql/from.h"

typedef struct adapt_frame {
  const la_node *node;
  uint32_t next; /* child to do */
  bool changed;
} adapt_frame;

typedef struct adapter {
  la_allocator *alloc;
  la_replace_function replace;
  void *context;
  la_error *err;
  LA_VEC(adapt_frame) frames;
  LA_VEC(la_node *) results; /* references; NULL for absent children */
  la_map known;              /* node → what it became: a reference */
} adapter;

static la_status push_result(adapter *self, la_node *take) {
  if (!la_vec_push(self->alloc, &self->results, take)) {
    la_node_release(take);
    return la_fail_nomem(self->err);
  }
  return LA_OK;
}

/* Remembers that `node` became `result`. */
static la_status remember(adapter *self, const la_node *node, la_node *result) {
  if (node->object.references == 1 || node->count == 0) {
    return LA_OK;
  }
  if (!la_map_set_pointer(&self->known, self->alloc, node, result)) {
    return la_fail_nomem(self->err);
  }
  la_node_retain(result);
  return LA_OK;
}

/* Gives the result of `node` at once, or opens a frame for its children. */
static la_status enter(adapter *self, const la_node *node) {
  la_node *replaced = NULL;
  la_node *known =
      node->count != 0 && self->known.count != 0 ? la_map_get_pointer(&self->known, node) : NULL;
  if (known != NULL) {
    return push_result(self, la_node_retain(known));
  }
  LA_TRY(self->replace(node, self->context, &replaced, self->err));
  if (replaced != NULL) {
    LA_TRY(push_result(self, replaced));
    return remember(self, node, replaced);
  }
  if (node->count == 0) {
    return push_result(self, la_node_retain(node));
  }
  if (!la_vec_push(self->alloc, &self->frames, ((adapt_frame){node, 0, false}))) {
    return la_fail_nomem(self->err);
  }
  return LA_OK;
}

/* Makes the node of the finished top frame out of the results of its children. */
static la_status leave(adapter *self) {
  adapt_frame frame = self->frames.items[--self->frames.count];
  la_node **children;
  la_node *result;
  self->results.count -= frame.node->count;
  children = self->results.items + self->results.count;
  result = frame.changed ? la_node_with_children(frame.node, children, frame.node->count)
                         : la_node_retain(frame.node);
  for (uint32_t i = 0; i < frame.node->count; i++) {
    la_node_release(children[i]);
  }
  if (result == NULL) {
    return la_fail_nomem(self->err);
  }
  LA_TRY(push_result(self, result));
  return remember(self, frame.node, result);
}

/* Notes in the top frame whether the last result differs from the child it stands for. */
static void note_change(adapter *self) {
  adapt_frame *frame = &self->frames.items[self->frames.count - 1];
  if (self->results.items[self->results.count - 1] != frame->node->children[frame->next]) {
    frame->changed = true;
  }
  frame->next++;
}

static la_status run(adapter *self, const la_node *root) {
  LA_TRY(enter(self, root));
  while (self->frames.count != 0) {
    size_t depth = self->frames.count;
    adapt_frame *frame = &self->frames.items[depth - 1];
    const la_node *child;
    if (frame->next == frame->node->count) {
      LA_TRY(leave(self));
      if (self->frames.count != 0) {
        note_change(self);
      }
      continue;
    }
    child = frame->node->children[frame->next];
    if (child == NULL) {
      LA_TRY(push_result(self, NULL));
      frame->next++;
      continue;
    }
    LA_TRY(enter(self, child));
    if (self->frames.count == depth) {
      note_change(self);
    }
  }
  return LA_OK;
}

la_status la_adapt(la_allocator *alloc, const la_node *root, la_replace_function replace,
                   void *context, la_node **out, la_error *err) {
  adapter self = {.alloc = alloc, .replace = replace, .context = context, .err = err};
  la_status status = run(&self, root);
  size_t at = 0;
  if (status == LA_OK) {
    *out = self.results.items[--self.results.count];
  }
  for (size_t i = 0; i < self.results.count; i++) {
    la_node_release(self.results.items[i]);
  }
  for (la_map_entry *entry; (entry = la_map_next(&self.known, &at)) != NULL;) {
    la_node_release(entry->value);
  }
  la_map_clear(&self.known, alloc);
  la_vec_clear(alloc, &self.results);
  la_vec_clear(alloc, &self.frames);
  return status;
}

typedef struct column_swap {
  const la_sql *sql;
  const la_node *from;
  la_node *to;
  la_node **columns; /* of `to` */
  la_text *keys;
  size_t count;
} column_swap;

/* True if `column` is one of `swap->from`, or, without that, could be one of a table under
 * `swap->to`. */
static bool is_of_from(const column_swap *swap, const la_node *column) {
  const la_node *from = la_node_child(column, 0);
  if (swap->from == NULL) {
    return from == NULL && column->subject != NULL;
  }
  if (from == swap->from) {
    return true;
  }
  return from == NULL && column->subject != NULL && swap->from->kind == LA_NODE_TABLE &&
         (la_object *)((const la_column *)column->subject)->table == swap->from->subject;
}

static la_status swap_column(const la_node *node, void *context, la_node **out, la_error *err) {
  const column_swap *swap = context;
  (void)err;
  if (node == swap->to || node == swap->from) {
    *out = la_node_retain(swap->to);
    return LA_OK;
  }
  if (node->kind == LA_NODE_ALIAS && swap->from != NULL && node->children[0] == swap->from) {
    *out = la_node_retain(node); /* stands for rows of its own */
    return LA_OK;
  }
  if (node->kind != LA_NODE_COLUMN || !is_of_from(swap, node)) {
    return LA_OK;
  }
  for (size_t i = 0; i < swap->count; i++) {
    const la_node *column = swap->columns[i];
    if (node->subject != NULL ? column->subject == node->subject
                              : la_text_equal(column->text, node->text)) {
      *out = la_node_retain(column);
      return LA_OK;
    }
  }
  return LA_OK;
}

la_status la_adapt_columns(const la_sql *sql, const la_node *expr, const la_node *from, la_node *to,
                           la_node **out, la_error *err) {
  column_swap swap = {.sql = sql, .from = from, .to = to};
  la_arena arena;
  la_status status;
  la_arena_init(&arena, sql->alloc);
  status = la_from_columns(sql, to, &arena, &swap.columns, &swap.keys, &swap.count, err);
  if (status == LA_OK) {
    status = la_adapt(sql->alloc, expr, swap_column, &swap, out, err);
    for (size_t i = 0; i < swap.count; i++) {
      la_node_release(swap.columns[i]);
    }
  }
  la_arena_clear(&arena);
  return status;
}
