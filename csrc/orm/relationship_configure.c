/* SPDX-License-Identifier: MIT */
/*
 * From tables and options to a relationship's join conditions, direction and column pairs.
 *
 * A column of a condition is foreign if options say so or a foreign key between the two sides of an
 * equality does; it is remote if options say so, or it is the secondary table's, or, where both
 * sides are one table, it is foreign, or else it is the target's. Direction follows from where the
 * foreign columns stand.
 */
#include "orm/mapper_internal.h"
#include "orm/option.h"
#include "sql/from.h"
#include "sql/walk.h"

typedef struct configuring {
  la_relationship *relationship;
  const la_relationship_options *options;
  const la_sql *sql;
  la_error *err;
  LA_VEC(la_column *) foreign; /* of the primary join */
  LA_VEC(la_sync_pair) pairs;  /* of the primary join */
  LA_VEC(la_sync_pair) secondary_pairs;
  LA_VEC(la_column *) remote;
  bool is_secondary; /* the walk is over the secondary join */
  bool failed;
} configuring;

#define NAME_OF(relationship)                                                                      \
  LA_TEXT_FORMAT((relationship)->parent->class_name), LA_TEXT_FORMAT((relationship)->key)

static bool in_columns(la_column *const *columns, size_t count, const la_column *column) {
  for (size_t i = 0; i < count; i++) {
    if (columns[i] == column) {
      return true;
    }
  }
  return false;
}

/* Foreign key constraints of `from`'s tables that refer to `to`, or the other way too, filtered by
 * the given foreign keys. */
typedef LA_VEC(la_constraint *) constraint_list;

static la_status scan_tables(configuring *self, la_table *from, const la_table *to,
                             constraint_list *found) {
  la_allocator *alloc = self->relationship->alloc;
  for (size_t i = 0; i < from->constraints.count; i++) {
    la_constraint *constraint = from->constraints.items[i];
    bool wanted = true;
    if (constraint->kind != LA_CONSTRAINT_FOREIGN_KEY) {
      continue;
    }
    LA_TRY(la_constraint_resolve(constraint, self->err));
    if (constraint->referred != to) {
      continue;
    }
    for (size_t c = 0; self->options->foreign_key_count != 0 && c < constraint->columns.count;
         c++) {
      wanted = wanted && in_columns(self->options->foreign_keys, self->options->foreign_key_count,
                                    constraint->columns.items[c]);
    }
    if (wanted && !la_vec_push(alloc, found, constraint)) {
      return la_fail_nomem(self->err);
    }
  }
  return LA_OK;
}

static la_status fail_no_keys(const configuring *self) {
  const la_table *secondary = self->relationship->secondary;
  if (secondary != NULL) {
    return la_fail(self->err, LA_NO_FOREIGN_KEYS,
                   "Could not determine join condition between parent/child tables on relationship "
                   "%.*s.%.*s - there are "
                   "no foreign keys linking these tables via secondary table '%.*s'.  Ensure that "
                   "referencing columns are "
                   "associated with a ForeignKey or ForeignKeyConstraint, or specify 'primaryjoin' "
                   "and 'secondaryjoin' "
                   "expressions.",
                   NAME_OF(self->relationship), LA_TEXT_FORMAT(secondary->fullname));
  }
  return la_fail(self->err, LA_NO_FOREIGN_KEYS,
                 "Could not determine join condition between parent/child tables on relationship "
                 "%.*s.%.*s - there are no "
                 "foreign keys linking these tables.  Ensure that referencing columns are "
                 "associated with a ForeignKey "
                 "or ForeignKeyConstraint, or specify a 'primaryjoin' expression.",
                 NAME_OF(self->relationship));
}

static la_status fail_ambiguous(const configuring *self) {
  const la_table *secondary = self->relationship->secondary;
  if (secondary != NULL) {
    return la_fail(
        self->err, LA_AMBIGUOUS_FOREIGN_KEYS,
        "Could not determine join condition between parent/child tables on relationship %.*s.%.*s "
        "- there are "
        "multiple foreign key paths linking the tables via secondary table '%.*s'.  Specify the "
        "'foreign_keys' argument, providing a list of those columns which should be counted as "
        "containing a "
        "foreign key reference from the secondary table to each of the parent and child tables.",
        NAME_OF(self->relationship), LA_TEXT_FORMAT(secondary->fullname));
  }
  return la_fail(self->err, LA_AMBIGUOUS_FOREIGN_KEYS,
                 "Could not determine join condition between parent/child tables on relationship "
                 "%.*s.%.*s - there are "
                 "multiple foreign key paths linking the tables.  Specify the 'foreign_keys' "
                 "argument, providing a list "
                 "of those columns which should be counted as containing a foreign key reference "
                 "to the parent table.",
                 NAME_OF(self->relationship));
}

/* referred = referring AND … of one constraint. */
static la_status condition_of(const configuring *self, const la_constraint *constraint,
                              la_node **out) {
  la_node *terms[16];
  size_t count = constraint->columns.count, made = 0;
  la_status status = LA_OK;
  if (count > 16) {
    return la_fail(self->err, LA_ARGUMENT, "foreign key of table '%.*s' has more than 16 columns",
                   LA_TEXT_FORMAT(constraint->table->name));
  }
  for (; made < count && status >= 0; made++) {
    la_node *left = la_expr_column(self->sql, constraint->referred_columns.items[made], NULL);
    la_node *right = la_expr_column(self->sql, constraint->columns.items[made], NULL);
    terms[made] = left && right ? la_expr_binary(self->sql, LA_OP_EQ, left, right) : NULL;
    la_node_release(left);
    la_node_release(right);
    if (terms[made] == NULL) {
      status = la_fail_nomem(self->err);
      break;
    }
  }
  if (status >= 0) {
    *out = la_expr_clauses(self->sql, LA_OP_AND, terms, made);
    status = *out != NULL ? LA_OK : la_fail_nomem(self->err);
  }
  for (size_t i = 0; i < made; i++) {
    la_node_release(terms[i]);
  }
  return status;
}

/* The condition between the tables of `mapper` and `other` (`only` set: that table alone), its own
 * table before its bases'. */
static la_status find_condition(configuring *self, la_mapper *mapper, la_mapper *target,
                                la_table *only, la_node **out) {
  constraint_list found = {0};
  la_status status = LA_OK;
  for (la_mapper *m = mapper; m != NULL && status >= 0 && found.count == 0; m = m->base) {
    la_table *ours = m->table;
    la_mapper *t = target;
    if (m->base != NULL && m->base->table == ours) {
      continue; /* single-table inheritance: the same table again */
    }
    do {
      la_table *theirs = only != NULL ? only : t->table;
      if (only == NULL && t->base != NULL && t->base->table == theirs) {
        t = t->base;
        continue;
      }
      status = scan_tables(self, theirs, ours, &found);
      if (status >= 0 && ours != theirs) {
        status = scan_tables(self, ours, theirs, &found);
      }
      t = only == NULL ? t->base : NULL;
    } while (t != NULL && status >= 0);
  }
  if (status >= 0) {
    status = found.count == 0 ? fail_no_keys(self) : found.count > 1 ? fail_ambiguous(self) : LA_OK;
  }
  if (status >= 0) {
    status = condition_of(self, found.items[0], out);
  }
  la_vec_clear(self->relationship->alloc, &found);
  return status;
}

static la_status find_joins(configuring *self) {
  la_relationship *relationship = self->relationship;
  const la_relationship_options *options = self->options;
  if (options->secondaryjoin != NULL && options->secondary == NULL) {
    return la_fail(
        self->err, LA_ARGUMENT,
        "Property %.*s.%.*s specified with secondary join condition but no secondary argument",
        NAME_OF(relationship));
  }
  if (options->secondaryjoin != NULL) {
    LA_TRY(la_strip_orm(relationship->parent->sql, options->secondaryjoin,
                        &relationship->secondaryjoin, self->err));
  } else if (options->secondary != NULL) {
    LA_TRY(find_condition(self, relationship->target, NULL, options->secondary,
                          &relationship->secondaryjoin));
  }
  if (options->primaryjoin != NULL) {
    return la_strip_orm(relationship->parent->sql, options->primaryjoin, &relationship->primaryjoin,
                        self->err);
  }
  return find_condition(self, relationship->parent, relationship->target, options->secondary,
                        &relationship->primaryjoin);
}

/* True if a foreign key of `column` refers to `other`. */
static bool refers_to(const la_column *column, const la_column *other) {
  for (size_t i = 0; i < column->foreign_keys.count; i++) {
    const la_constraint *constraint = column->foreign_keys.items[i];
    for (size_t c = 0; c < constraint->columns.count && c < constraint->referred_columns.count;
         c++) {
      if (constraint->columns.items[c] == column &&
          constraint->referred_columns.items[c] == other) {
        return true;
      }
    }
  }
  return false;
}

/* Which of two columns set equal is foreign: 0, 1, or -1 for none. */
static int foreign_side(const configuring *self, la_column *const sides[2]) {
  const la_table *secondary = self->relationship->secondary;
  for (int i = 1; i >= 0; i--) {
    if (self->options->foreign_key_count != 0
            ? in_columns(self->options->foreign_keys, self->options->foreign_key_count, sides[i])
            : refers_to(sides[i], sides[1 - i])) {
      return i;
    }
  }
  for (int i = 0; secondary != NULL && self->options->foreign_key_count == 0 && i < 2; i++) {
    if (sides[i]->table == secondary && sides[1 - i]->table != secondary) {
      return i;
    }
  }
  return -1;
}

static la_column *column_of(const la_node *node) {
  return node->kind == LA_NODE_COLUMN && node->subject != NULL ? (la_column *)(void *)node->subject
                                                               : NULL;
}

static la_walk_answer note_equality(const la_node *node, void *context) {
  configuring *self = context;
  la_allocator *alloc = self->relationship->alloc;
  la_column *sides[2];
  int foreign;
  la_sync_pair pair;
  if (node->kind == LA_NODE_COLUMN && !self->is_secondary &&
      self->options->foreign_key_count != 0) {
    la_column *column = column_of(node);
    if (column != NULL &&
        in_columns(self->options->foreign_keys, self->options->foreign_key_count, column) &&
        !la_vec_push(alloc, &self->foreign, column)) {
      self->failed = true;
    }
  }
  if (node->kind != LA_NODE_BINARY || node->op != LA_OP_EQ) {
    return LA_WALK_CONTINUE;
  }
  sides[0] = column_of(node->children[0]);
  sides[1] = column_of(node->children[1]);
  if (sides[0] == NULL || sides[1] == NULL) {
    return LA_WALK_CONTINUE;
  }
  foreign = foreign_side(self, sides);
  if (foreign < 0) {
    return LA_WALK_CONTINUE;
  }
  pair = (la_sync_pair){.source = sides[1 - foreign], .destination = sides[foreign]};
  if (self->is_secondary ? !la_vec_push(alloc, &self->secondary_pairs, pair)
                         : !la_vec_push(alloc, &self->pairs, pair) ||
                               !la_vec_push(alloc, &self->foreign, pair.destination)) {
    self->failed = true;
  }
  return self->failed ? LA_WALK_STOP : LA_WALK_CONTINUE;
}

static la_status find_pairs(configuring *self) {
  la_relationship *relationship = self->relationship;
  LA_TRY(la_walk(relationship->alloc, relationship->primaryjoin, note_equality, self, self->err));
  if (relationship->secondaryjoin != NULL) {
    self->is_secondary = true;
    LA_TRY(
        la_walk(relationship->alloc, relationship->secondaryjoin, note_equality, self, self->err));
  }
  if (self->failed) {
    return la_fail_nomem(self->err);
  }
  if (self->options->viewonly ? self->foreign.count == 0 : self->pairs.count == 0) {
    return la_fail(self->err, LA_ARGUMENT,
                   "Could not locate any %s for primary join condition on relationship %.*s.%.*s.  "
                   "Ensure that "
                   "referencing columns are associated with a ForeignKey or ForeignKeyConstraint, "
                   "or are annotated in "
                   "the join condition with the foreign() annotation.%s",
                   self->foreign.count != 0
                       ? "simple equality expressions involving locally mapped foreign key columns"
                       : "relevant foreign key columns",
                   NAME_OF(relationship),
                   self->foreign.count != 0 ? " To allow comparison operators other than '==', the "
                                              "relationship can be marked as viewonly=True."
                                            : "");
  }
  return LA_OK;
}

static bool tables_overlap(const la_mapper *a, const la_mapper *b) {
  for (const la_mapper *m = a; m != NULL; m = m->base) {
    if (la_mapper_has_table(b, m->table)) {
      return true;
    }
  }
  return false;
}

static bool is_remote(const configuring *self, const la_column *column) {
  const la_relationship *relationship = self->relationship;
  if (self->options->remote_side_count != 0) {
    return in_columns(self->options->remote_side, self->options->remote_side_count, column);
  }
  if (relationship->secondary != NULL) {
    return column->table == relationship->secondary;
  }
  if (la_mapper_has_table(relationship->target, column->table) &&
      !la_mapper_has_table(relationship->parent, column->table)) {
    return true;
  }
  return relationship->self_referential &&
         in_columns(self->foreign.items, self->foreign.count, column);
}

static la_status find_direction(configuring *self) {
  la_relationship *relationship = self->relationship;
  bool theirs = false, ours = false, remote = false, local = false;
  if (relationship->secondary != NULL) {
    relationship->direction = LA_MANY_TO_MANY;
    return LA_OK;
  }
  for (size_t i = 0; i < self->foreign.count; i++) {
    const la_column *column = self->foreign.items[i];
    theirs |= la_mapper_has_table(relationship->target, column->table);
    ours |= la_mapper_has_table(relationship->parent, column->table);
    remote |= is_remote(self, column);
    local |= !is_remote(self, column);
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

static la_status mark_column(const la_node *node, void *context, la_node **out, la_error *err) {
  configuring *self = context;
  la_column *column = column_of(node);
  if (column == NULL || node->count != 0 || !is_remote(self, column)) {
    return LA_OK;
  }
  if (!in_columns(self->remote.items, self->remote.count, column) &&
      !la_vec_push(self->relationship->alloc, &self->remote, column)) {
    return la_fail_nomem(err);
  }
  if (self->relationship->secondary != NULL) {
    return LA_OK;
  }
  *out = la_expr_column(self->sql, column, self->relationship->marker);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

/* Marks the remote columns of the primary join: la_relationship_join puts others in their place. */
static la_status mark_remote(configuring *self) {
  la_relationship *relationship = self->relationship;
  la_node *table = la_from_table(self->sql, relationship->target->table);
  relationship->marker =
      table ? la_from_alias(self->sql, table, LA_TEXT_LITERAL("remote"), 0) : NULL;
  la_node_release(table);
  if (relationship->marker == NULL) {
    return la_fail_nomem(self->err);
  }
  return la_adapt(relationship->alloc, relationship->primaryjoin, mark_column, self,
                  &relationship->marked, self->err);
}

static size_t count_terms(const la_node *condition) {
  return condition->kind == LA_NODE_CLAUSES && condition->op == LA_OP_AND ? condition->count : 1;
}

static la_status keep_pairs(configuring *self) {
  la_relationship *relationship = self->relationship;
  la_allocator *alloc = relationship->alloc;
  size_t count = self->pairs.count, second = self->secondary_pairs.count;
  if (count != 0) {
    relationship->pairs = la_alloc(alloc, count * sizeof *relationship->pairs);
    if (relationship->pairs == NULL) {
      return la_fail_nomem(self->err);
    }
    memcpy(relationship->pairs, self->pairs.items, count * sizeof *relationship->pairs);
    relationship->pair_count = (uint32_t)count;
  }
  if (second != 0) {
    relationship->secondary_pairs = la_alloc(alloc, second * sizeof *relationship->secondary_pairs);
    if (relationship->secondary_pairs == NULL) {
      return la_fail_nomem(self->err);
    }
    memcpy(relationship->secondary_pairs, self->secondary_pairs.items,
           second * sizeof *relationship->secondary_pairs);
    relationship->secondary_pair_count = (uint32_t)second;
  }
  if (self->remote.count != 0) {
    relationship->remote = la_alloc(alloc, self->remote.count * sizeof *relationship->remote);
    if (relationship->remote == NULL) {
      return la_fail_nomem(self->err);
    }
    memcpy(relationship->remote, self->remote.items,
           self->remote.count * sizeof *relationship->remote);
    relationship->remote_count = (uint32_t)self->remote.count;
  }
  relationship->simple =
      count_terms(relationship->primaryjoin) == count &&
      (relationship->secondaryjoin == NULL || count_terms(relationship->secondaryjoin) == second);
  return LA_OK;
}

/* A many-to-one whose pairs are exactly the target's primary key is answered by the identity map.
 */
static la_status find_use_get(configuring *self) {
  la_relationship *relationship = self->relationship;
  la_mapper *target = relationship->target;
  if (relationship->direction != LA_MANY_TO_ONE || !relationship->simple ||
      relationship->pair_count != target->primary_key_count) {
    return LA_OK;
  }
  relationship->get_order =
      la_alloc(relationship->alloc, relationship->pair_count * sizeof *relationship->get_order);
  if (relationship->get_order == NULL) {
    return la_fail_nomem(self->err);
  }
  for (uint32_t k = 0; k < target->primary_key_count; k++) {
    bool found = false;
    for (uint32_t p = 0; p < relationship->pair_count && !found; p++) {
      found = la_mapper_property_of_column(target, relationship->pairs[p].source) ==
              target->primary_key[k];
      relationship->get_order[k] = p;
    }
    if (!found) {
      la_free(relationship->alloc, relationship->get_order,
              relationship->pair_count * sizeof *relationship->get_order);
      relationship->get_order = NULL;
      return LA_OK;
    }
  }
  relationship->use_get = true;
  return LA_OK;
}

static la_status take_options(configuring *self) {
  la_relationship *relationship = self->relationship;
  const la_relationship_options *options = self->options;
  relationship->target = options->target;
  if (options->target->registry != relationship->parent->registry) {
    la_object_retain(options->target);
    relationship->target_retained = true;
  }
  relationship->secondary = options->secondary ? la_object_retain(options->secondary) : NULL;
  relationship->lazy = options->lazy;
  relationship->cascade = options->cascade;
  relationship->viewonly = options->viewonly;
  relationship->single_parent = options->single_parent;
  relationship->post_update = options->post_update;
  relationship->passive_updates = options->passive_updates;
  relationship->innerjoin = options->innerjoin;
  relationship->unnested = options->unnested;
  relationship->active_history = options->active_history;
  relationship->enable_typechecks = options->enable_typechecks;
  relationship->passive_deletes = options->passive_deletes;
  relationship->join_depth = options->join_depth;
  relationship->host = options->host;
  relationship->self_referential = options->secondary == NULL
                                       ? tables_overlap(relationship->parent, options->target)
                                       : relationship->parent->root == options->target->root;
  if (options->order_by != NULL) {
    LA_TRY(la_strip_orm(relationship->parent->sql, options->order_by, &relationship->order_by,
                        self->err));
  }
  return LA_OK;
}

static la_status resolve_tables(configuring *self) {
  for (la_mapper *m = self->relationship->parent; m != NULL; m = m->base) {
    LA_TRY(la_table_resolve(m->table, self->err));
  }
  for (la_mapper *m = self->options->target; m != NULL; m = m->base) {
    LA_TRY(la_table_resolve(m->table, self->err));
  }
  return self->options->secondary ? la_table_resolve(self->options->secondary, self->err) : LA_OK;
}

static la_status configure(configuring *self) {
  la_relationship *relationship = self->relationship;
  LA_TRY(resolve_tables(self));
  LA_TRY(take_options(self));
  LA_TRY(find_joins(self));
  LA_TRY(find_pairs(self));
  LA_TRY(find_direction(self));
  relationship->uselist = self->options->uselist < 0 ? relationship->direction != LA_MANY_TO_ONE
                                                     : self->options->uselist != 0;
  if (!relationship->uselist && la_relationship_never_loads(relationship)) {
    return la_fail(self->err, LA_INVALID_REQUEST,
                   "On relationship %.*s.%.*s, '%s' loaders cannot be used with "
                   "many-to-one/one-to-one relationships and/or uselist=False.",
                   LA_TEXT_FORMAT(relationship->parent->class_name),
                   LA_TEXT_FORMAT(relationship->key), la_loader_function(relationship->lazy));
  }
  LA_TRY(la_relationship_check_cascade(relationship, self->err));
  LA_TRY(mark_remote(self));
  LA_TRY(keep_pairs(self));
  LA_TRY(find_use_get(self));
  la_mapper_raise_version(relationship->parent);
  return LA_OK;
}

la_status la_relationship_configure(la_relationship *relationship,
                                    const la_relationship_options *options, la_error *err) {
  configuring self = {.relationship = relationship, .options = options, .err = err};
  la_allocator *alloc = relationship->alloc;
  la_relationship *reverse = relationship->reverse;
  la_status status;
  self.sql = relationship->parent->sql;
  la_relationship_clear_join(relationship);
  status = configure(&self);
  la_vec_clear(alloc, &self.foreign);
  la_vec_clear(alloc, &self.pairs);
  la_vec_clear(alloc, &self.secondary_pairs);
  la_vec_clear(alloc, &self.remote);
  if (status < 0) {
    la_relationship_clear_join(relationship);
    return status;
  }
  relationship->reverse = reverse;
  relationship->configured = true;
  return LA_OK;
}
