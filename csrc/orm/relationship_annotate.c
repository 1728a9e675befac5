/* SPDX-License-Identifier: MIT */
/*
 * Which columns of a relationship's conditions are foreign, and which are remote: flags of their
 * COLUMN nodes, so that one column may stand on either side.
 *
 * Flags that the program has set by foreign() and remote() decide. Otherwise a column is foreign if
 * the options say so, or a foreign key between the two sides of a comparison does; it is remote if
 * the options say so, or it is the secondary table's, or, where both sides are one table, it is
 * foreign, or else it is the target's.
 */
#include "base/warning.h"
#include "orm/relationship_internal.h"
#include "sql/walk.h"

typedef struct annotating {
  const la_relationship *relationship;
  const la_relationship_options *options;
  uint32_t flag;
  bool both_tables; /* a comparison has both sides' tables on both sides */
  bool complex;     /* a comparison is not between two columns */
} annotating;

la_column *la_annotated_column(const la_node *node) {
  return node->kind == LA_NODE_COLUMN ? (la_column *)(void *)node->subject : NULL;
}

static bool in_columns(la_column *const *columns, size_t count, const la_column *column) {
  for (size_t i = 0; i < count; i++) {
    if (columns[i] == column) {
      return true;
    }
  }
  return false;
}

static la_walk_answer find_flag(const la_node *node, void *context) {
  const annotating *self = context;
  return node->kind == LA_NODE_COLUMN && node->flags & self->flag ? LA_WALK_STOP : LA_WALK_CONTINUE;
}

/* LA_DONE if a column of the condition has the flag. */
static la_status has_flag(const la_relationship *relationship, uint32_t flag, la_error *err) {
  annotating self = {.flag = flag};
  return la_walk(relationship->alloc, relationship->primaryjoin, find_flag, &self, err);
}

/* The two columns that a comparison has as its sides; false if either is something else. */
static bool sides_of(const la_node *node, la_column *sides[2]) {
  if (node->kind != LA_NODE_BINARY || node->count < 2) {
    return false;
  }
  sides[0] = la_annotated_column(node->children[0]);
  sides[1] = la_annotated_column(node->children[1]);
  return sides[0] != NULL && sides[1] != NULL;
}

/* The same for columns of subqueries, which may be made of anything. */
static bool compares_columns(const la_node *node) {
  return node->kind == LA_NODE_BINARY && node->count >= 2 &&
         node->children[0]->kind == LA_NODE_COLUMN && node->children[1]->kind == LA_NODE_COLUMN;
}

/* `node` with the flag on the children that `wanted` says; NULL there if none is. */
static la_status flag_sides(const la_node *node, const bool wanted[2], uint32_t flag, la_node **out,
                            la_error *err) {
  la_node *made = NULL;
  for (uint32_t i = 0; i < 2; i++) {
    la_node *side, *next;
    if (!wanted[i]) {
      continue;
    }
    side = la_node_with_flags(node->children[i], flag, 0);
    next = side != NULL ? la_node_with_child(made != NULL ? made : node, i, side) : NULL;
    la_node_release(side);
    la_node_release(made);
    made = next;
    if (made == NULL) {
      return la_fail_nomem(err);
    }
  }
  *out = made;
  return LA_OK;
}

static la_status flag_column(const la_node *node, uint32_t flag, la_node **out, la_error *err) {
  *out = la_node_with_flags(node, flag, 0);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

/* ---- foreign ---- */

/* LA_DONE if a foreign key of `column` refers to `other`. */
static la_status refers_to(const la_column *column, const la_column *other, la_error *err) {
  for (size_t i = 0; i < column->foreign_keys.count; i++) {
    la_constraint *constraint = column->foreign_keys.items[i];
    LA_TRY(la_constraint_resolve(constraint, err));
    for (size_t c = 0; c < constraint->columns.count && c < constraint->referred_columns.count;
         c++) {
      if (constraint->columns.items[c] == column &&
          constraint->referred_columns.items[c] == other) {
        return LA_DONE;
      }
    }
  }
  return LA_OK;
}

static la_status mark_foreign(const la_node *node, void *context, la_node **out, la_error *err) {
  const annotating *self = context;
  const la_relationship *relationship = self->relationship;
  const la_column *column = la_annotated_column(node);
  bool wanted[2] = {false, false};
  la_column *sides[2];
  if (self->options->foreign_key_count != 0) {
    bool given = column != NULL &&
                 in_columns(self->options->foreign_keys, self->options->foreign_key_count, column);
    return given ? flag_column(node, LA_COLUMN_FOREIGN, out, err) : LA_OK;
  }
  bool has_columns = sides_of(node, sides);
  if (!has_columns && !compares_columns(node)) {
    return LA_OK;
  }
  for (int i = 0; i < 2 && has_columns && !wanted[0]; i++) {
    la_status refers = refers_to(sides[i], sides[1 - i], err);
    LA_TRY(refers);
    wanted[i] = refers == LA_DONE;
  }
  if (!wanted[0] && !wanted[1] && relationship->through != NULL) {
    bool within[2] = {la_relationship_is_through(relationship, node->children[0]),
                      la_relationship_is_through(relationship, node->children[1])};
    wanted[0] = within[0] && !within[1];
    wanted[1] = within[1] && !within[0];
  }
  return flag_sides(node, wanted, LA_COLUMN_FOREIGN, out, err);
}

/* ---- remote ---- */

static bool has_both(const la_relationship *relationship, const la_column *column) {
  return la_mapper_has_table(relationship->parent, column->table) &&
         la_mapper_has_table(relationship->target, column->table);
}

static la_walk_answer look_at_comparison(const la_node *node, void *context) {
  annotating *self = context;
  la_column *sides[2];
  if (node->kind == LA_NODE_SELECT) {
    return LA_WALK_PRUNE;
  }
  if (sides_of(node, sides)) {
    self->both_tables |=
        has_both(self->relationship, sides[0]) && has_both(self->relationship, sides[1]);
  } else if (node->kind == LA_NODE_BINARY) {
    self->complex = true;
  }
  return LA_WALK_CONTINUE;
}

static la_status mark_remote_by_column(const la_node *node, void *context, la_node **out,
                                       la_error *err) {
  const annotating *self = context;
  const la_relationship *relationship = self->relationship;
  const la_column *column = la_annotated_column(node);
  bool wanted;
  if (node->kind != LA_NODE_COLUMN) {
    return LA_OK;
  }
  if (relationship->through != NULL) {
    wanted = la_relationship_is_through(relationship, node);
  } else if (relationship->element != NULL) {
    wanted = la_element_has(relationship->element, node);
  } else if (column == NULL) {
    wanted = false;
  } else if (self->options->remote_side_count != 0) {
    wanted = in_columns(self->options->remote_side, self->options->remote_side_count, column);
  } else {
    wanted = la_mapper_has_table(relationship->target, column->table);
  }
  return wanted ? flag_column(node, LA_COLUMN_REMOTE, out, err) : LA_OK;
}

/* Both sides of comparisons are of tables that both classes have. */
static la_status mark_remote_of_itself(const la_node *node, void *context, la_node **out,
                                       la_error *err) {
  const annotating *self = context;
  bool wanted[2];
  la_column *sides[2];
  if (!sides_of(node, sides)) {
    return LA_OK;
  }
  for (int i = 0; i < 2; i++) {
    wanted[i] =
        self->options->remote_side_count != 0
            ? in_columns(self->options->remote_side, self->options->remote_side_count, sides[i])
            : node->children[i]->flags & LA_COLUMN_FOREIGN;
  }
  wanted[1] = wanted[1] && sides[0] != sides[1];
  return flag_sides(node, wanted, LA_COLUMN_REMOTE, out, err);
}

/* The classes share a table, but no comparison is inside it. */
static la_status mark_remote_of_relatives(const la_node *node, void *context, la_node **out,
                                          la_error *err) {
  const annotating *self = context;
  const la_relationship *relationship = self->relationship;
  la_column *sides[2];
  bool wanted[2];
  if (!sides_of(node, sides)) {
    return LA_OK;
  }
  for (int i = 0; i < 2; i++) {
    wanted[i] = la_mapper_has_table(relationship->target, sides[i]->table) &&
                la_mapper_has_table(relationship->parent, sides[1 - i]->table);
  }
  return flag_sides(node, wanted, LA_COLUMN_REMOTE, out, err);
}

bool la_mappers_overlap(const la_mapper *a, const la_mapper *b) {
  for (const la_mapper *m = a; m != NULL; m = m->base) {
    for (size_t i = 0; i < m->tables.count; i++) {
      if (la_mapper_has_table(b, m->tables.items[i])) {
        return true;
      }
    }
  }
  return false;
}

/* ---- both ---- */

static la_status replace_join(la_relationship *relationship, la_node **join,
                              la_replace_function mark, annotating *self, la_error *err) {
  la_node *made = NULL;
  if (*join == NULL) {
    return LA_OK;
  }
  LA_TRY(la_adapt(relationship->alloc, *join, mark, self, &made, err));
  la_node_release(*join);
  *join = made;
  return LA_OK;
}

static void warn_of_complex(const la_relationship *relationship) {
  la_warn(relationship->parent->sql->warnings,
          "Non-simple column elements in primary join condition for property %.*s.%.*s - consider "
          "using remote() annotations to mark the remote side.",
          LA_TEXT_FORMAT(relationship->parent->class_name), LA_TEXT_FORMAT(relationship->key));
}

static la_status annotate_remote(la_relationship *relationship, annotating *self, la_error *err) {
  la_replace_function mark = mark_remote_by_column;
  bool overlaps = relationship->through == NULL && relationship->element == NULL &&
                  la_mappers_overlap(relationship->parent, relationship->target);
  if (overlaps) {
    LA_TRY(la_walk(relationship->alloc, relationship->primaryjoin, look_at_comparison, self, err));
    if (self->both_tables) {
      mark = mark_remote_of_itself;
    } else if (self->options->remote_side_count == 0) {
      mark = mark_remote_of_relatives;
    }
    if (self->complex && self->options->remote_side_count == 0) {
      warn_of_complex(relationship);
    }
  }
  LA_TRY(replace_join(relationship, &relationship->primaryjoin, mark, self, err));
  if (relationship->through != NULL) {
    return replace_join(relationship, &relationship->secondaryjoin, mark, self, err);
  }
  return LA_OK;
}

la_status la_relationship_annotate(la_relationship *relationship,
                                   const la_relationship_options *options, la_error *err) {
  annotating self = {.relationship = relationship, .options = options};
  la_status found = has_flag(relationship, LA_COLUMN_FOREIGN, err);
  LA_TRY(found);
  if (found != LA_DONE) {
    LA_TRY(replace_join(relationship, &relationship->primaryjoin, mark_foreign, &self, err));
    LA_TRY(replace_join(relationship, &relationship->secondaryjoin, mark_foreign, &self, err));
  }
  found = has_flag(relationship, LA_COLUMN_REMOTE, err);
  LA_TRY(found);
  return found == LA_DONE ? LA_OK : annotate_remote(relationship, &self, err);
}
