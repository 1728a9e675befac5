/* SPDX-License-Identifier: MIT */
/*
 * What a relationship's annotated conditions say: which columns a flush copies where, and the
 * direction.
 */
#include "base/warning.h"
#include "compile/compiled.h"
#include "dialect/dialects.h"
#include "orm/relationship_internal.h"
#include "sql/key.h"
#include "sql/walk.h"

#define NAME_OF(relationship)                                                                      \
  LA_TEXT_FORMAT((relationship)->parent->class_name), LA_TEXT_FORMAT((relationship)->key)

typedef struct column_list {
  la_allocator *alloc;
  la_node_vec nodes;
  bool with_computed; /* also those of a subquery that are no column of a table */
  bool failed;
} column_list;

static la_walk_answer gather_columns(const la_node *node, void *context) {
  column_list *list = context;
  if (node->kind == LA_NODE_SELECT) {
    return LA_WALK_PRUNE;
  }
  bool wanted =
      list->with_computed ? node->kind == LA_NODE_COLUMN : la_annotated_column(node) != NULL;
  if (wanted && !la_vec_push(list->alloc, &list->nodes, node)) {
    list->failed = true;
    return LA_WALK_STOP;
  }
  return LA_WALK_CONTINUE;
}

static bool is_mapped(const la_relationship *relationship, const la_node *node) {
  const la_column *column = la_annotated_column(node);
  return la_relationship_is_through(relationship, node) ||
         (column != NULL && (la_mapper_has_table(relationship->parent, column->table) ||
                             la_mapper_has_table(relationship->target, column->table)));
}

/* One column of the left side of a comparison with one of its right side. */
static bool note_pair(la_configuring *self, bool equal, const la_node *left, const la_node *right) {
  la_allocator *alloc = self->relationship->alloc;
  la_column *sides[2] = {la_annotated_column(left), la_annotated_column(right)};
  bool mapped[2] = {is_mapped(self->relationship, left), is_mapped(self->relationship, right)};
  bool remote[2] = {left->flags & LA_COLUMN_REMOTE, right->flags & LA_COLUMN_REMOTE};
  la_sync_pair pair;
  self->has_sides |= remote[0] != remote[1] && mapped[remote[0] ? 1 : 0];
  if (!equal || !mapped[0] || !mapped[1] || sides[0] == NULL || sides[1] == NULL) {
    return true;
  }
  if (right->flags & LA_COLUMN_FOREIGN) {
    pair = (la_sync_pair){.source = sides[0], .destination = sides[1]};
  } else if (left->flags & LA_COLUMN_FOREIGN) {
    pair = (la_sync_pair){.source = sides[1], .destination = sides[0]};
  } else {
    return true;
  }
  return self->is_secondary ? la_vec_push(alloc, &self->secondary_pairs, pair)
                            : la_vec_push(alloc, &self->pairs, pair);
}

/* What is compared: the sides of a comparison, or arguments of a function that compares them. */
static bool compared_sides(const la_sql *sql, const la_node *node, const la_node *sides[2]) {
  if (node->kind == LA_NODE_FUNCTION && node->value.kind == LA_VALUE_INTEGER) {
    sides[0] = node->children[(node->value.as.integer & UINT16_MAX) - 1];
    sides[1] = node->children[(node->value.as.integer >> 16) - 1];
    return true;
  }
  if (node->kind == LA_NODE_BINARY && node->count >= 2 && node->type == sql->types->boolean) {
    sides[0] = node->children[0];
    sides[1] = node->children[1];
    return true;
  }
  return false;
}

/* Notes foreign columns, and what the sides of a comparison have. */
static la_walk_answer note_comparison(const la_node *node, void *context) {
  la_configuring *self = context;
  la_allocator *alloc = self->relationship->alloc;
  column_list left = {.alloc = alloc, .with_computed = true},
              right = {.alloc = alloc, .with_computed = true};
  la_error ignored = LA_ERROR_INIT;
  const la_node *sides[2];
  if (node->kind == LA_NODE_SELECT) {
    return LA_WALK_PRUNE;
  }
  if (node->kind == LA_NODE_COLUMN && node->flags & LA_COLUMN_FOREIGN) {
    bool *has = self->is_secondary ? &self->has_secondary_foreign : &self->has_foreign;
    *has = true;
    self->failed |= !self->is_secondary && la_annotated_column(node) != NULL &&
                    !la_vec_push(alloc, &self->foreign, node);
  }
  if (compared_sides(self->sql, node, sides)) {
    self->failed |= la_walk(alloc, sides[0], gather_columns, &left, &ignored) < 0 ||
                    la_walk(alloc, sides[1], gather_columns, &right, &ignored) < 0 || left.failed ||
                    right.failed;
    for (size_t i = 0; i < left.nodes.count; i++) {
      for (size_t k = 0; k < right.nodes.count; k++) {
        self->failed |=
            !note_pair(self, node->op == LA_OP_EQ, left.nodes.items[i], right.nodes.items[k]);
      }
    }
    la_vec_clear(alloc, &left.nodes);
    la_vec_clear(alloc, &right.nodes);
  }
  return self->failed ? LA_WALK_STOP : LA_WALK_CONTINUE;
}

/* The condition as the default dialect writes it; nothing if it can't. */
static void describe_join(const la_sql *sql, const la_node *join, la_strbuf *out) {
  la_compile_options options = {0};
  la_compiled *compiled = NULL;
  la_error ignored = LA_ERROR_INIT;
  la_key key;
  la_key_init(&key, sql->alloc);
  if (la_key_build(&key, join, LA_TEXT_NONE, &ignored) >= 0) {
    options.params = key.params.items;
    options.param_count = (uint32_t)key.params.count;
    if (la_compile(sql, &la_dialect_default, join, &options, &compiled, &ignored) >= 0) {
      la_strbuf_text(out, compiled->text);
      la_object_release(compiled);
    }
  }
  la_key_clear(&key);
  la_error_clear(&ignored);
}

static la_status check_foreign(const la_configuring *self, const char *which, const la_node *join,
                               bool foreign, bool synced) {
  bool viewonly = self->options->viewonly;
  la_strbuf text;
  la_status status;
  if (viewonly ? foreign : synced) {
    return LA_OK;
  }
  la_strbuf_init(&text, self->relationship->alloc);
  describe_join(self->sql, join, &text);
  status = la_fail(
      self->err, LA_ARGUMENT,
      "Could not locate any %s for %s join condition '%.*s' on relationship %.*s.%.*s.  Ensure "
      "that referencing columns are associated with a ForeignKey or ForeignKeyConstraint, or are "
      "annotated in the join condition with the foreign() annotation.%s",
      foreign && !viewonly
          ? "simple equality expressions involving locally mapped foreign key columns"
          : "relevant foreign key columns",
      which, LA_TEXT_FORMAT(la_strbuf_view(&text)), NAME_OF(self->relationship),
      foreign && !viewonly ? " To allow comparison operators other than '==', the relationship can "
                             "be marked as viewonly=True."
                           : "");
  la_strbuf_clear(&text);
  return status;
}

la_status la_relationship_find_pairs(la_configuring *self) {
  la_relationship *relationship = self->relationship;
  LA_TRY(la_walk(relationship->alloc, relationship->primaryjoin, note_comparison, self, self->err));
  if (relationship->secondaryjoin != NULL) {
    self->is_secondary = true;
    LA_TRY(la_walk(relationship->alloc, relationship->secondaryjoin, note_comparison, self,
                   self->err));
  }
  if (self->failed) {
    return la_fail_nomem(self->err);
  }
  LA_TRY(check_foreign(self, "primary", relationship->primaryjoin, self->has_foreign,
                       self->pairs.count != 0));
  if (relationship->secondaryjoin == NULL) {
    return LA_OK;
  }
  return check_foreign(self, "secondary", relationship->secondaryjoin, self->has_secondary_foreign,
                       self->secondary_pairs.count != 0);
}

/* A column that is compared with itself says nothing of the direction. */
static bool is_both_sides(const la_configuring *self, const la_column *column) {
  bool remote = false, local = false;
  for (size_t i = 0; i < self->columns.count; i++) {
    if (la_annotated_column(self->columns.items[i]) == column) {
      remote |= (self->columns.items[i]->flags & LA_COLUMN_REMOTE) != 0;
      local |= (self->columns.items[i]->flags & LA_COLUMN_REMOTE) == 0;
    }
  }
  return remote && local;
}

static la_status gather_all(la_configuring *self) {
  column_list all = {.alloc = self->relationship->alloc};
  la_status status =
      la_walk(all.alloc, self->relationship->primaryjoin, gather_columns, &all, self->err);
  la_vec_clear(all.alloc, &self->columns);
  self->columns = all.nodes;
  return status < 0 || all.failed ? la_fail_nomem(self->err) : LA_OK;
}

la_status la_relationship_find_direction(la_configuring *self) {
  la_relationship *relationship = self->relationship;
  bool theirs = false, ours = false, remote = false, local = false;
  LA_TRY(gather_all(self));
  if (relationship->through != NULL) {
    relationship->direction = LA_MANY_TO_MANY;
    return LA_OK;
  }
  for (int pass = 0; pass < 2 && (pass == 0 || (remote && local)); pass++) {
    remote = local = false;
    for (size_t i = 0; i < self->foreign.count; i++) {
      const la_node *node = self->foreign.items[i];
      const la_column *column = la_annotated_column(node);
      theirs |= la_mapper_has_table(relationship->target, column->table) ||
                la_relationship_is_far(relationship, node);
      ours |= la_mapper_has_table(relationship->parent, column->table);
      if (pass == 0 || !is_both_sides(self, column)) {
        remote |= (node->flags & LA_COLUMN_REMOTE) != 0;
        local |= (node->flags & LA_COLUMN_REMOTE) == 0;
      }
    }
  }
  if (theirs && ours ? remote == local : !theirs && !ours) {
    return la_fail(self->err, LA_ARGUMENT,
                   "Can't determine relationship direction for relationship '%.*s.%.*s' - foreign "
                   "key columns %s",
                   NAME_OF(relationship),
                   theirs ? "within the join condition are present in both the parent and the "
                            "child's mapped tables.  "
                            "Ensure that only those columns referring to a parent column are "
                            "marked as foreign, either "
                            "via the foreign() annotation or via the foreign_keys argument."
                          : "are present in neither the parent nor the child's mapped tables");
  }
  relationship->direction = (theirs && ours ? remote : theirs) ? LA_ONE_TO_MANY : LA_MANY_TO_ONE;
  return LA_OK;
}

la_status la_relationship_check_remote(const la_configuring *self) {
  const la_relationship *relationship = self->relationship;
  if (!self->has_sides) {
    return la_fail(self->err, LA_ARGUMENT,
                   "Relationship %.*s.%.*s could not determine any unambiguous local/remote column "
                   "pairs based on join condition and remote_side arguments.  Consider using the "
                   "remote() annotation to accurately mark those elements of the join condition "
                   "that are on the remote side of the relationship.",
                   NAME_OF(relationship));
  }
  for (size_t i = 0; i < self->columns.count; i++) {
    const la_column *column = la_annotated_column(self->columns.items[i]);
    if (self->columns.items[i]->flags & LA_COLUMN_REMOTE && relationship->element == NULL &&
        la_mapper_has_table(relationship->parent, column->table) &&
        !la_mapper_has_table(relationship->target, column->table)) {
      la_warn(self->sql->warnings,
              "Expression %.*s.%.*s is marked as 'remote', but these column(s) are local to the "
              "local side.  The remote() annotation is needed only for a self-referential "
              "relationship where both sides of the relationship refer to the same tables.",
              LA_TEXT_FORMAT(column->table->name), LA_TEXT_FORMAT(column->name));
      break;
    }
  }
  return LA_OK;
}
