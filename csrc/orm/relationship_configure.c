/* SPDX-License-Identifier: MIT */
/*
 * From tables and options to a relationship's join conditions, direction and column pairs.
 *
 * Which columns are foreign and which are remote is found first (relationship_annotate.c).
 * Direction follows from where the foreign columns stand.
 */
#include "orm/load.h"
#include "orm/option.h"
#include "orm/relationship_internal.h"
#include "sql/from.h"

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

/* Whether `column` may refer to the other side: all columns may, or those in `foreign_keys`. */
static bool is_foreign(const la_configuring *self, const la_column *column) {
  const la_relationship_options *options = self->options;
  return options->foreign_key_count == 0 ||
         in_columns(options->foreign_keys, options->foreign_key_count, column);
}

static size_t count_foreign(const la_configuring *self, const la_constraint *constraint) {
  size_t count = 0;
  for (size_t i = 0; i < constraint->columns.count; i++) {
    count += is_foreign(self, constraint->columns.items[i]);
  }
  return count;
}

/* Foreign key constraints of `from`'s tables that refer to `to`, or the other way too, with a
 * column that may be foreign. */
typedef LA_VEC(la_constraint *) constraint_list;

static la_status scan_tables(la_configuring *self, la_table *from, const la_table *to,
                             constraint_list *found) {
  la_allocator *alloc = self->relationship->alloc;
  for (size_t i = 0; i < from->constraints.count; i++) {
    la_constraint *constraint = from->constraints.items[i];
    if (constraint->kind != LA_CONSTRAINT_FOREIGN_KEY) {
      continue;
    }
    LA_TRY(la_constraint_resolve(constraint, self->err));
    if (constraint->referred != to) {
      continue;
    }
    if (count_foreign(self, constraint) != 0 && !la_vec_push(alloc, found, constraint)) {
      return la_fail_nomem(self->err);
    }
  }
  return LA_OK;
}

static la_status fail_no_keys(const la_configuring *self) {
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

static la_status fail_ambiguous(const la_configuring *self) {
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

/* Of several constraints, keeps those whose columns are just the ones in `foreign_keys`. */
static void narrow(const la_configuring *self, constraint_list *found) {
  size_t kept = 0;
  if (self->options->foreign_key_count == 0 || found->count < 2) {
    return;
  }
  for (size_t i = 0; i < found->count; i++) {
    const la_constraint *constraint = found->items[i];
    if (count_foreign(self, constraint) == constraint->columns.count &&
        constraint->columns.count == self->options->foreign_key_count) {
      found->items[kept++] = found->items[i];
    }
  }
  found->count = kept;
}

/* referred = referring AND … of the columns of one constraint that may be foreign. */
static la_status condition_of(const la_configuring *self, const la_constraint *constraint,
                              la_node **out) {
  la_node *terms[16];
  size_t count = constraint->columns.count, made = 0;
  la_status status = LA_OK;
  if (count > 16) {
    return la_fail(self->err, LA_ARGUMENT, "foreign key of table '%.*s' has more than 16 columns",
                   LA_TEXT_FORMAT(constraint->table->name));
  }
  for (size_t i = 0; i < count && status >= 0; i++) {
    if (!is_foreign(self, constraint->columns.items[i])) {
      continue;
    }
    la_node *left = la_expr_column(self->sql, constraint->referred_columns.items[i], NULL);
    la_node *right = la_expr_column(self->sql, constraint->columns.items[i], NULL);
    terms[made] = left && right ? la_expr_binary(self->sql, LA_OP_EQ, left, right) : NULL;
    la_node_release(left);
    la_node_release(right);
    if (terms[made] == NULL) {
      status = la_fail_nomem(self->err);
    } else {
      made++;
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

/* The condition between two FROM elements of which one is no class's own. */
static la_status find_condition_of(la_configuring *self, const la_node *left, const la_node *right,
                                   la_node **out) {
  la_error inner = LA_ERROR_INIT;
  la_status status = la_from_join_condition(self->sql, left, right, out, &inner);
  la_error_clear(&inner);
  return status == LA_NO_FOREIGN_KEYS          ? fail_no_keys(self)
         : status == LA_AMBIGUOUS_FOREIGN_KEYS ? fail_ambiguous(self)
         : status < 0                          ? la_fail_nomem(self->err)
                                               : LA_OK;
}

/* The foreign keys between two tables, in either direction. */
static la_status scan_pair(la_configuring *self, la_table *ours, la_table *theirs,
                           constraint_list *found) {
  LA_TRY(scan_tables(self, theirs, ours, found));
  return ours != theirs ? scan_tables(self, ours, theirs, found) : LA_OK;
}

/* Those between `ours` and any table of `target`. */
static la_status scan_target(la_configuring *self, la_table *ours, const la_mapper *target,
                             constraint_list *found) {
  for (const la_mapper *m = target; m != NULL; m = m->base) {
    for (size_t i = 0; i < m->tables.count; i++) {
      LA_TRY(scan_pair(self, ours, m->tables.items[i], found));
    }
  }
  return LA_OK;
}

/* The condition between the tables of `mapper` and `other` (`only` set: that table alone), its own
 * table before its bases'. */
static la_status find_condition(la_configuring *self, la_mapper *mapper, la_mapper *target,
                                la_table *only, la_node **out) {
  const la_relationship *relationship = self->relationship;
  constraint_list found = {0};
  la_status status = LA_OK;
  if (relationship->element != NULL || (only == NULL && relationship->through != NULL)) {
    la_node *left = mapper == relationship->target ? la_relationship_target_element(relationship)
                                                   : la_mapper_entity(mapper)->children[0];
    return find_condition_of(self, left,
                             relationship->through != NULL
                                 ? relationship->through
                                 : la_relationship_target_element(relationship),
                             out);
  }
  for (const la_mapper *m = mapper; m != NULL && status >= 0 && found.count == 0; m = m->base) {
    for (size_t i = 0; i < m->tables.count && status >= 0; i++) {
      status = only != NULL ? scan_pair(self, m->tables.items[i], only, &found)
                            : scan_target(self, m->tables.items[i], target, &found);
    }
  }
  if (status >= 0 && found.count == 0) {
    status = fail_no_keys(self);
  } else if (status >= 0) {
    narrow(self, &found);
    status = found.count == 1 ? LA_OK : fail_ambiguous(self);
  }
  if (status >= 0) {
    status = condition_of(self, found.items[0], out);
  }
  la_vec_clear(self->relationship->alloc, &found);
  return status;
}

static la_status move_to_own(const la_configuring *self, la_node *expr, const la_node *given,
                             la_node *own, la_node **out) {
  if (given == NULL || given->kind == LA_NODE_JOIN) { /* columns of a join are its tables' */
    *out = la_node_retain(expr);
    return LA_OK;
  }
  return la_element_move(self->sql, expr, given, own, out, self->err);
}

/* An expression of the program's, or NULL, of columns that the relationship's own elements have. */
static la_status take_expr(const la_configuring *self, la_node *expr, la_node **out) {
  const la_relationship *relationship = self->relationship;
  const la_node *alias = self->options->alias;
  la_node *moved = NULL, *again = NULL;
  la_status status;
  if (expr == NULL) {
    return LA_OK;
  }
  if (relationship->element == NULL && relationship->through == NULL) {
    return la_strip_orm(self->sql, expr, out, self->err);
  }
  LA_TRY(move_to_own(self, expr, alias != NULL ? alias->children[0] : NULL, relationship->element,
                     &moved));
  status = move_to_own(self, moved, self->options->through, relationship->through, &again);
  la_node_release(moved);
  LA_TRY(status);
  status = la_strip_orm(self->sql, again, out, self->err);
  la_node_release(again);
  return status;
}

static la_status find_joins(la_configuring *self) {
  la_relationship *relationship = self->relationship;
  const la_relationship_options *options = self->options;
  if (options->secondaryjoin != NULL && options->through == NULL) {
    return la_fail(
        self->err, LA_ARGUMENT,
        "Property %.*s.%.*s specified with secondary join condition but no secondary argument",
        NAME_OF(relationship));
  }
  if (options->secondaryjoin != NULL) {
    LA_TRY(take_expr(self, options->secondaryjoin, &relationship->secondaryjoin));
  } else if (options->through != NULL) {
    LA_TRY(find_condition(self, relationship->target, NULL, relationship->secondary,
                          &relationship->secondaryjoin));
  }
  if (options->primaryjoin != NULL) {
    return take_expr(self, options->primaryjoin, &relationship->primaryjoin);
  }
  return find_condition(self, relationship->parent, relationship->target, relationship->secondary,
                        &relationship->primaryjoin);
}

static la_status mark_column(const la_node *node, void *context, la_node **out, la_error *err) {
  const la_configuring *self = context;
  const la_column *column = la_annotated_column(node);
  if (column == NULL || node->count != 0 || !(node->flags & LA_COLUMN_REMOTE)) {
    return LA_OK;
  }
  *out = la_expr_column(self->sql, (la_column *)column, self->relationship->marker);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

/* Marks the remote columns of the primary join: la_relationship_join puts others in their place.
 * Those of a secondary table stay. */
static la_status mark_remote(la_configuring *self) {
  la_relationship *relationship = self->relationship;
  la_node *table = la_from_table(self->sql, relationship->target->table);
  relationship->marker =
      table ? la_from_alias(self->sql, table, LA_TEXT_LITERAL("remote"), 0) : NULL;
  la_node_release(table);
  if (relationship->marker == NULL) {
    return la_fail_nomem(self->err);
  }
  if (relationship->through != NULL || relationship->element != NULL) {
    relationship->marked = la_node_retain(relationship->primaryjoin);
    return LA_OK;
  }
  return la_adapt(relationship->alloc, relationship->primaryjoin, mark_column, self,
                  &relationship->marked, self->err);
}

/* True if the condition is `count` equalities of two columns and nothing else. */
static bool is_simple(const la_node *condition, size_t count) {
  bool several = condition->kind == LA_NODE_CLAUSES && condition->op == LA_OP_AND;
  size_t terms = several ? condition->count : 1;
  for (size_t i = 0; i < terms; i++) {
    const la_node *term = several ? condition->children[i] : condition;
    if (term->kind != LA_NODE_BINARY || term->op != LA_OP_EQ ||
        la_annotated_column(term->children[0]) == NULL ||
        la_annotated_column(term->children[1]) == NULL) {
      return false;
    }
  }
  return terms == count;
}

static la_status keep_pairs(la_configuring *self) {
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
  relationship->simple =
      is_simple(relationship->primaryjoin, count) &&
      (relationship->secondaryjoin == NULL || is_simple(relationship->secondaryjoin, second));
  return LA_OK;
}

/* The pair {column of the target, column of ours} of a term that sets them equal; false if it is
 * something else. */
static bool get_pair(const la_node *term, la_sync_pair *out) {
  const la_node *left, *right;
  if (term->kind != LA_NODE_BINARY || term->op != LA_OP_EQ) {
    return false;
  }
  left = term->children[0];
  right = term->children[1];
  if (!(left->flags & LA_COLUMN_REMOTE)) {
    left = term->children[1];
    right = term->children[0];
  }
  *out = (la_sync_pair){.source = la_annotated_column(left),
                        .destination = la_annotated_column(right)};
  return out->source != NULL && out->destination != NULL && left->flags & LA_COLUMN_REMOTE &&
         !(right->flags & LA_COLUMN_REMOTE);
}

/* One object that is found by the target's primary key, all of it and nothing else, is answered by
 * the identity map. */
static la_status find_use_get(la_configuring *self) {
  la_relationship *relationship = self->relationship;
  const la_mapper *target = relationship->target;
  const la_node *join = relationship->primaryjoin;
  bool several = join->kind == LA_NODE_CLAUSES && join->op == LA_OP_AND;
  uint32_t count = target->primary_key_count, found = 0;
  if (relationship->uselist || relationship->through != NULL || relationship->element != NULL ||
      (several ? join->count : 1) != count) {
    return LA_OK;
  }
  relationship->get_pairs =
      la_alloc_zero(relationship->alloc, count * sizeof *relationship->get_pairs);
  if (relationship->get_pairs == NULL) {
    return la_fail_nomem(self->err);
  }
  relationship->get_count = count;
  for (uint32_t i = 0; i < count; i++) {
    la_sync_pair pair;
    if (!get_pair(several ? join->children[i] : join, &pair)) {
      return LA_OK;
    }
    for (uint32_t k = 0; k < count; k++) {
      if (la_mapper_property_of_column(target, pair.source) == target->primary_key[k] &&
          relationship->get_pairs[k].source == NULL) {
        relationship->get_pairs[k] = pair;
        found++;
      }
    }
  }
  relationship->use_get = found == count;
  return LA_OK;
}

/* The columns of ours that the condition reads. */
static la_status find_locals(la_configuring *self) {
  la_relationship *relationship = self->relationship;
  size_t size = (self->columns.count + 1) * sizeof *relationship->locals;
  relationship->locals = la_alloc(relationship->alloc, size);
  if (relationship->locals == NULL) {
    return la_fail_nomem(self->err);
  }
  relationship->local_size = size;
  for (size_t i = 0; i < self->columns.count; i++) {
    la_column *column = la_annotated_column(self->columns.items[i]);
    if (!(self->columns.items[i]->flags & LA_COLUMN_REMOTE) &&
        la_mapper_has_table(relationship->parent, column->table) &&
        !in_columns(relationship->locals, relationship->local_count, column)) {
      relationship->locals[relationship->local_count++] = column;
    }
  }
  return LA_OK;
}

static la_status copy_param(const la_node *node, void *context, la_node **out, la_error *err) {
  (void)context;
  if (node->kind != LA_NODE_PARAM) {
    return LA_OK;
  }
  *out = la_node_with_flags(node, 0, 0);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

/* A FROM element of the program's without ORM nodes, and with parameters of its own: those of a
 * statement that has the same element are numbered there. */
static la_status free_of_orm(const la_configuring *self, const la_node *element, la_node **out) {
  la_node *core = NULL, *plain = NULL;
  la_status status = LA_OK;
  if (element == NULL) {
    return LA_OK;
  }
  LA_TRY(la_orm_translate(self->sql, element, &core, self->err));
  if (core->kind != LA_NODE_TABLE) {
    status = la_strip_orm(self->sql, core, &plain, self->err);
    la_node_release(core);
    LA_TRY(status);
    status = la_adapt(self->sql->alloc, plain, copy_param, NULL, &core, self->err);
    la_node_release(plain);
  }
  *out = core;
  return status;
}

/* An alias as the target, and the subclasses that with_polymorphic() has added to it. */
static la_status take_alias(la_configuring *self) {
  la_relationship *relationship = self->relationship;
  const la_node *alias = self->options->alias;
  if (alias == NULL) {
    return LA_OK;
  }
  LA_TRY(free_of_orm(self, alias->children[0], &relationship->element));
  if (alias->count > 1) {
    relationship->below =
        la_alloc(relationship->alloc, (alias->count - 1) * sizeof *relationship->below);
    if (relationship->below == NULL) {
      return la_fail_nomem(self->err);
    }
    relationship->below_count = alias->count - 1;
    for (uint32_t i = 1; i < alias->count; i++) {
      relationship->below[i - 1] = (la_mapper *)(void *)alias->children[i]->subject;
    }
  }
  return LA_OK;
}

static la_status take_options(la_configuring *self) {
  la_relationship *relationship = self->relationship;
  const la_relationship_options *options = self->options;
  relationship->target = options->target;
  if (options->target->registry != relationship->parent->registry) {
    la_object_retain(options->target);
    relationship->target_retained = true;
  }
  LA_TRY(take_alias(self));
  LA_TRY(free_of_orm(self, options->through, &relationship->through));
  if (options->through != NULL && options->through->kind == LA_NODE_TABLE) {
    relationship->secondary = (la_table *)(void *)options->through->subject;
    la_object_retain(relationship->secondary);
  }
  relationship->lazy = options->lazy;
  relationship->cascade = options->cascade;
  relationship->viewonly = options->viewonly;
  relationship->single_parent = options->single_parent;
  relationship->post_update = options->post_update;
  relationship->passive_updates = options->passive_updates;
  relationship->innerjoin = options->innerjoin;
  relationship->unnested = options->unnested;
  relationship->active_history = options->active_history;
  relationship->load_on_pending = options->load_on_pending;
  relationship->enable_typechecks = options->enable_typechecks;
  relationship->apart = options->apart;
  relationship->by_join = options->by_join;
  relationship->distinct_target_key = options->distinct_target_key;
  relationship->passive_deletes = options->passive_deletes;
  relationship->join_depth = options->join_depth;
  relationship->host = options->host;
  relationship->self_referential = options->through == NULL
                                       ? la_mappers_overlap(relationship->parent, options->target)
                                       : relationship->parent->root == options->target->root;
  return take_expr(self, options->order_by, &relationship->order_by);
}

static la_status resolve_tables(la_configuring *self) {
  for (la_mapper *m = self->relationship->parent; m != NULL; m = m->base) {
    LA_TRY(la_mapper_resolve_tables(m, self->err));
  }
  for (la_mapper *m = self->options->target; m != NULL; m = m->base) {
    LA_TRY(la_mapper_resolve_tables(m, self->err));
  }
  return self->relationship->secondary ? la_table_resolve(self->relationship->secondary, self->err)
                                       : LA_OK;
}

static la_status check_secondary(const la_configuring *self) {
  if (self->relationship->through == NULL || self->relationship->secondary != NULL ||
      self->options->viewonly) {
    return LA_OK;
  }
  return la_fail(self->err, LA_ARGUMENT,
                 "relationship %.*s.%.*s: its secondary is no table but a join, an alias or a "
                 "subquery, to which a flush cannot write rows: set viewonly = true",
                 NAME_OF(self->relationship));
}

static la_status configure(la_configuring *self) {
  la_relationship *relationship = self->relationship;
  LA_TRY(take_options(self));
  LA_TRY(resolve_tables(self));
  LA_TRY(check_secondary(self));
  LA_TRY(find_joins(self));
  LA_TRY(la_relationship_annotate(relationship, self->options, self->err));
  LA_TRY(la_relationship_find_pairs(self));
  LA_TRY(la_relationship_find_direction(self));
  LA_TRY(la_relationship_check_remote(self));
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
  LA_TRY(find_locals(self));
  la_mapper_raise_version(relationship->parent);
  return LA_OK;
}

la_status la_relationship_configure(la_relationship *relationship,
                                    const la_relationship_options *options, la_error *err) {
  la_configuring self = {.relationship = relationship, .options = options, .err = err};
  la_allocator *alloc = relationship->alloc;
  la_status status;
  self.sql = relationship->parent->sql;
  la_relationship_clear_join(relationship);
  status = configure(&self);
  la_vec_clear(alloc, &self.columns);
  la_vec_clear(alloc, &self.foreign);
  la_vec_clear(alloc, &self.pairs);
  la_vec_clear(alloc, &self.secondary_pairs);
  if (status < 0) {
    la_relationship_clear_join(relationship);
    return status;
  }
  relationship->configured = true;
  return LA_OK;
}
