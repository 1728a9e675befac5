/* SPDX-License-Identifier: MIT */
/*
 * Entities that have the columns of subclasses too: with_polymorphic().
 *
 *   people LEFT OUTER JOIN engineers ON people.id = engineers.id
 *          LEFT OUTER JOIN managers ON people.id = managers.id
 *
 * The ENTITY's first child is that FROM element; an ENTITY of the same element follows for each
 * subclass. Classes that share a table add no join.
 */
#include "orm/mapper_internal.h"
#include "sql/from.h"

typedef LA_VEC(la_mapper *) mapper_list;

void la_mapper_set_loading(la_mapper *mapper, bool all, bool in_row, bool behind) {
  mapper->polymorphic_all = all;
  mapper->polymorphic_inline = in_row;
  mapper->polymorphic_selectin = behind;
  la_mapper_raise_version(mapper);
}

bool la_mapper_loads_subclasses(const la_mapper *mapper) {
  if (mapper->polymorphic_all) {
    return mapper->subclasses.count != 0;
  }
  for (size_t i = 0; i < mapper->subclasses.count; i++) {
    if (mapper->subclasses.items[i]->polymorphic_inline) {
      return true;
    }
  }
  return false;
}

/* Asked for by name, or a base of one that is; or by the arguments of `mapper` and of its own. */
static bool is_asked(const la_mapper *mapper, const la_mapper *below,
                     const la_polymorphic_options *options) {
  if (options->own) {
    return mapper->polymorphic_all || below->polymorphic_inline;
  }
  for (size_t i = 0; i < options->count; i++) {
    if (la_mapper_is_a(options->classes[i], below)) {
      return true;
    }
  }
  return options->classes == NULL;
}

/* The subclasses that are asked for, level by level. */
static la_status find_classes(la_mapper *mapper, const la_polymorphic_options *options,
                              mapper_list *out, la_error *err) {
  for (size_t at = 0; at <= out->count; at++) {
    const la_mapper *of = at == 0 ? mapper : out->items[at - 1];
    for (size_t i = 0; i < of->subclasses.count; i++) {
      la_mapper *below = of->subclasses.items[i];
      if (is_asked(mapper, below, options) && !la_vec_push(mapper->alloc, out, below)) {
        return la_fail_nomem(err);
      }
    }
  }
  return LA_OK;
}

static la_status check_classes(const la_mapper *mapper, const la_polymorphic_options *options,
                               la_error *err) {
  for (size_t i = 0; i < options->count; i++) {
    if (!la_mapper_is_a(options->classes[i], mapper)) {
      return la_fail(err, LA_INVALID_REQUEST,
                     "Mapper[%.*s(%.*s)] does not inherit from Mapper[%.*s(%.*s)]",
                     LA_TEXT_FORMAT(options->classes[i]->class_name),
                     LA_TEXT_FORMAT(options->classes[i]->table->name),
                     LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(mapper->table->name));
    }
  }
  return LA_OK;
}

/* The class's own FROM element with the tables of `classes` joined to it. */
static la_status join_tables(const la_sql *sql, la_mapper *mapper, const mapper_list *classes,
                             bool innerjoin, la_node **out, la_error *err) {
  la_node *own = la_mapper_entity(mapper);
  la_node *from;
  if (own == NULL) {
    return la_fail_nomem(err);
  }
  from = la_node_retain(own->children[0]);
  for (size_t i = 0; i < classes->count; i++) {
    la_mapper *below = classes->items[i];
    la_node *table, *joined = NULL;
    la_status status;
    if (below->inherit_condition == NULL) {
      continue;
    }
    table = la_from_table(sql, below->table);
    status = table != NULL ? la_from_join(sql, from, table, below->inherit_condition,
                                          innerjoin ? 0 : LA_JOIN_OUTER, &joined, err)
                           : la_fail_nomem(err);
    la_node_release(table);
    la_node_release(from);
    LA_TRY(status);
    from = joined;
  }
  *out = from;
  return LA_OK;
}

static la_status make_element(const la_sql *sql, la_mapper *mapper, const mapper_list *classes,
                              const la_polymorphic_options *options, la_node **out, la_error *err) {
  la_node *plain = NULL;
  la_status status;
  if (options->element != NULL) {
    *out = la_node_retain(options->element);
    return LA_OK;
  }
  if (mapper->element != NULL) {
    if (options->aliased) {
      return la_mapper_alias_of(sql, mapper->element, options->name, out, err);
    }
    *out = la_node_retain(mapper->element);
    return LA_OK;
  }
  LA_TRY(join_tables(sql, mapper, classes, options->innerjoin, &plain, err));
  if (!options->aliased) {
    *out = plain;
    return LA_OK;
  }
  bool named =
      options->own || plain->kind != LA_NODE_JOIN; /* a join that was asked for is nameless */
  status = la_mapper_alias_of(sql, plain, named ? options->name : LA_TEXT_NONE, out, err);
  la_node_release(plain);
  return status;
}

static la_node *entity_of(const la_sql *sql, la_mapper *mapper, la_text name, la_node **children,
                          size_t count) {
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_ENTITY,
                                                  .subject = mapper,
                                                  .text = name,
                                                  .children = children,
                                                  .count = (uint32_t)count});
}

la_node *la_mapper_entity_over(const la_sql *sql, la_mapper *mapper, la_text name, la_node *element,
                               la_mapper *const *below, size_t count) {
  size_t size = (count + 1) * sizeof(la_node *);
  la_node **children = la_alloc_zero(sql->alloc, size);
  la_node *made = NULL;
  bool whole = children != NULL;
  if (whole) {
    children[0] = element;
  }
  for (size_t i = 0; i < count && whole; i++) {
    children[i + 1] = entity_of(sql, below[i], LA_TEXT_NONE, &element, 1);
    whole = children[i + 1] != NULL;
  }
  if (whole) {
    made = entity_of(sql, mapper, name, children, count + 1);
  }
  for (size_t i = 1; children != NULL && i <= count; i++) {
    la_node_release(children[i]);
  }
  la_free(sql->alloc, children, children != NULL ? size : 0);
  return made;
}

static la_status make_entity(const la_sql *sql, la_mapper *mapper, const mapper_list *classes,
                             const la_polymorphic_options *options, la_node **out, la_error *err) {
  la_node *element = NULL;
  LA_TRY(make_element(sql, mapper, classes, options, &element, err));
  *out = la_mapper_entity_over(sql, mapper, options->name, element, classes->items, classes->count);
  la_node_release(element);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

la_status la_mapper_polymorphic(const la_sql *sql, la_mapper *mapper,
                                const la_polymorphic_options *options, la_node **out,
                                la_error *err) {
  mapper_list classes = {0};
  la_status status;
  LA_TRY(check_classes(mapper, options, err));
  status = find_classes(mapper, options, &classes, err);
  if (status >= 0) {
    status = make_entity(sql, mapper, &classes, options, out, err);
  }
  la_vec_clear(mapper->alloc, &classes);
  return status;
}

la_status la_entity_full(const la_sql *sql, la_node *entity, la_node **out, la_error *err) {
  la_mapper *mapper = (la_mapper *)(void *)entity->subject;
  la_polymorphic_options options = {.own = true};
  if (entity != mapper->entity || !la_mapper_loads_subclasses(mapper)) {
    *out = la_node_retain(entity);
    return LA_OK;
  }
  return la_mapper_polymorphic(sql, mapper, &options, out, err);
}

/* True if some table of `from` stands there under its own name. */
static bool has_plain_table(const la_node *from) {
  while (from->kind == LA_NODE_JOIN) {
    if (from->children[1]->kind == LA_NODE_TABLE) {
      return true;
    }
    from = from->children[0];
  }
  return from->kind == LA_NODE_TABLE;
}

/* Of a relationship to an alias: what it leads to, or, to be joined, an alias of that. */
static la_status alias_entity(const la_sql *sql, const la_relationship *relationship,
                              la_node *target, bool aliased, la_node **out, la_error *err) {
  la_node *element = NULL;
  if (!aliased) {
    *out = la_node_retain(target);
    return target != NULL ? LA_OK : la_relationship_target_entity(sql, relationship, out, err);
  }
  LA_TRY(la_mapper_alias_of(sql, target != NULL ? target->children[0] : relationship->element,
                            LA_TEXT_NONE, &element, err));
  *out = la_mapper_entity_over(sql, relationship->target, LA_TEXT_NONE, element,
                               relationship->below, relationship->below_count);
  la_node_release(element);
  return *out != NULL ? LA_OK : la_fail_nomem(err);
}

la_status la_relationship_entity(const la_sql *sql, const la_relationship *relationship,
                                 la_node *target, bool aliased, la_node **out, la_error *err) {
  la_mapper *below = target != NULL ? (la_mapper *)(void *)target->subject : NULL;
  if (relationship->element != NULL && (target == NULL || target != below->entity)) {
    return alias_entity(sql, relationship, target, aliased, out, err);
  }
  if (target == NULL || (target == below->entity && below == relationship->target)) {
    la_node *own = la_mapper_entity(relationship->target);
    if (own == NULL) {
      return la_fail_nomem(err);
    }
    return aliased ? la_mapper_aliased(sql, relationship->target, LA_TEXT_NONE, NULL, out, err)
                   : la_entity_full(sql, own, out, err);
  }
  if (target == below->entity && la_mapper_is_a(below, relationship->target)) {
    la_polymorphic_options options = {.classes = &below, .count = 1, .aliased = aliased};
    return la_mapper_polymorphic(sql, relationship->target, &options, out, err);
  }
  if (aliased && target->count > 1 && has_plain_table(target->children[0])) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "Detected unaliased columns when generating joined load.  Make sure to use "
                   "aliased = true or flat = true when using joined loading with "
                   "with_polymorphic().");
  }
  *out = la_node_retain(target);
  return LA_OK;
}
