/* SPDX-License-Identifier: MIT */
/*
 * What mapper.c, mapper_property.c, mapper_alias.c and relationship.c share.
 */
#ifndef LA_ORM_MAPPER_INTERNAL_H
#define LA_ORM_MAPPER_INTERNAL_H

#include "orm/relationship.h"
#include "sql/adapt.h"

#pragma GCC visibility push(hidden)

extern const la_object_class la_mapper_class;

/* One of the mapper's references is held by a node of its own: see mapper.c. */
void la_mapper_note_inner(la_mapper *mapper);
/* Gives up `node`, one of the mapper's own (or NULL, or one of a base's relationship). */
void la_mapper_release_inner(la_mapper *mapper, la_node *node);
/* Its own tables: `table`, or those of `join`, whose key it finds then. */
la_status la_mapper_take_tables(la_mapper *mapper, la_node *join, la_error *err);
/* Something changed: plans and cached statements made so far are out of date. */
void la_mapper_raise_version(la_mapper *mapper);
/* Takes over the properties of the base mapper; called once, before own ones are added. */
la_status la_mapper_inherit(la_mapper *mapper, la_error *err);
/* Makes the ATTRIBUTE or RELATIONSHIP node of `property`. */
la_status la_mapper_make_attribute(la_mapper *mapper, la_property *property, la_error *err);
/* Facts about a column property that depend on its column's type and constraints. */
void la_property_refresh(la_property *property);
/* Frees what the relationship holds; its mapper is going. */
void la_relationship_free(la_relationship *relationship);
/* Forgets what configuring found: target, conditions, pairs. */
void la_relationship_clear_join(la_relationship *relationship);
/* The rules that cascades must keep, once the direction is known. */
la_status la_relationship_check_cascade(const la_relationship *relationship, la_error *err);
/* The ENTITY that an eager load of `relationship` reads: `target` (of_type), where that is a
 * subclass the target class with its columns, or the target class; `aliased`: to be joined. A new
 * reference. */
la_status la_relationship_entity(const la_sql *sql, const la_relationship *relationship,
                                 la_node *target, bool aliased, la_node **out, la_error *err);
/* An ENTITY of `mapper` over `element`, with those of `below`, subclasses whose columns it has,
 * too; NULL when out of memory. */
la_node *la_mapper_entity_over(const la_sql *sql, la_mapper *mapper, la_text name, la_node *element,
                               la_mapper *const *below, size_t count);
/* True if `column`, a COLUMN, is one of `element`, a FROM element. */
bool la_element_has(const la_node *element, const la_node *column);
/* `expr`, which may be NULL, whose columns of `from` are those of `to` instead; a new reference. */
la_status la_element_move(const la_sql *sql, const la_node *expr, const la_node *from, la_node *to,
                          la_node **out, la_error *err);
/* The FROM element of la_relationship_target_entity, lent; NULL when out of memory. */
la_node *la_relationship_target_element(const la_relationship *relationship);
/* `expr`, written for the target that the relationship has by default, or NULL, for `target`, an
 * ENTITY or FROM element; a new reference. */
la_status la_relationship_move(const la_sql *sql, const la_relationship *relationship,
                               const la_node *expr, la_node *target, la_node **out, la_error *err);
/* True for a column of the target in a condition, the primary one being `marked`. */
bool la_relationship_is_far(const la_relationship *relationship, const la_node *node);
/* Such a column as `target` offers it; a new reference. */
la_status la_relationship_far_column(const la_sql *sql, const la_relationship *relationship,
                                     const la_node *node, la_node *target, la_node **out,
                                     la_error *err);
/* The secondary's FROM element, under an anonymous alias if `alias`; NULL if there is none; a new
 * reference. */
la_status la_relationship_secondary(const la_sql *sql, const la_relationship *relationship,
                                    bool alias, la_node **out, la_error *err);
/* The same under an alias, where no FROM list says how the tables of a join are joined: as a
 * subquery then. */
la_status la_relationship_secondary_apart(const la_sql *sql, const la_relationship *relationship,
                                          la_node **out, la_error *err);
/* True for a column of the secondary. */
bool la_relationship_is_through(const la_relationship *relationship, const la_node *node);
/* True if selects of the class have subclasses' columns by its own arguments. */
bool la_mapper_loads_subclasses(const la_mapper *mapper);
/* What `from` becomes as an alias: each table of a join under an alias of its own. A new
 * reference. */
la_status la_mapper_alias_of(const la_sql *sql, la_node *from, la_text name, la_node **out,
                             la_error *err);
/* The columns' node as `from` offers it: a class's own FROM element or ENTITY, an alias, a join of
 * those, a subquery. A new reference. */
la_status la_column_through(const la_sql *sql, la_column *column, la_node *from, la_node **out,
                            la_error *err);
/* `expr` without ATTRIBUTE and ENTITY nodes, which would count mappers, and with columns that had
 * no name yet when it was written by their names; a new reference. */
la_status la_strip_orm(const la_sql *sql, const la_node *expr, la_node **out, la_error *err);

/* The columns of the near side in the join of `relationship`, in order of appearance; the array is
 * in `arena`. */
la_status la_relationship_local_columns(const la_sql *sql, const la_relationship *relationship,
                                        la_arena *arena, la_column ***out, uint32_t *count_out,
                                        la_error *err);

#pragma GCC visibility pop

#endif
