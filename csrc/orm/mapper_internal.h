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
