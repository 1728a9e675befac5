/* SPDX-License-Identifier: MIT */
/*
 * LOADER_OPTION nodes, and the tree made of them.
 *
 * Options that name the same relationship at the same place are one step of the tree; their chained
 * options stand below it together.
 */
#include "orm/option.h"

#include "base/arena.h"
#include "base/vec.h"

enum { CHILD_ATTRIBUTE, CHILD_CRITERIA, CHILD_CHAINED };

static const char *const functions[LA_LOADER_STRATEGY_COUNT] = {
    [LA_LOADER_SELECT] = "lazyload",
    [LA_LOADER_JOINED] = "joinedload",
    [LA_LOADER_SELECTIN] = "selectinload",
    [LA_LOADER_SUBQUERY] = "subqueryload",
    [LA_LOADER_IMMEDIATE] = "immediateload",
    [LA_LOADER_RAISE] = "raiseload",
    [LA_LOADER_RAISE_ON_SQL] = "raiseload",
    [LA_LOADER_NOLOAD] = "noload",
    [LA_LOADER_DYNAMIC] = "dynamic",
    [LA_LOADER_WRITE_ONLY] = "write_only",
    [LA_LOADER_CONTAINS] = "contains_eager",
    [LA_LOADER_DEFAULT] = "defaultload",
    [LA_LOADER_DEFER] = "defer",
    [LA_LOADER_UNDEFER] = "undefer",
    [LA_LOADER_UNDEFER_GROUP] = "undefer_group",
    [LA_LOADER_LOAD_ONLY] = "load_only",
    [LA_LOADER_SELECTIN_CLASS] = "selectin_polymorphic",
    [LA_LOADER_WITH_EXPRESSION] = "with_expression",
    [LA_LOADER_LOAD] = "Load",
    [LA_LOADER_CRITERIA] = "with_loader_criteria",
};

const char *la_loader_function(la_loader_strategy strategy) {
  return functions[strategy];
}

static bool is_of_columns(la_loader_strategy strategy) {
  return (strategy >= LA_LOADER_DEFER && strategy <= LA_LOADER_WITH_EXPRESSION) ||
         strategy == LA_LOADER_SELECTIN_CLASS;
}

la_node *la_option_new(const la_sql *sql, la_loader_strategy strategy, la_node *attribute,
                       la_text text, la_node *criteria, uint32_t flags) {
  la_node *children[2] = {attribute, criteria};
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_LOADER_OPTION,
                                                  .op = (uint16_t)strategy,
                                                  .text = text,
                                                  .value = la_value_integer(flags),
                                                  .children = children,
                                                  .count = 2});
}

/* A LIST of ATTRIBUTEs, all of one class. */
static bool is_list_of_attributes(const la_node *node) {
  for (uint32_t i = 0; i < node->count; i++) {
    if (node->children[i] == NULL || node->children[i]->kind != LA_NODE_ATTRIBUTE) {
      return false;
    }
  }
  return node->kind == LA_NODE_LIST && node->count != 0;
}

bool la_option_holds(const la_node_parts *parts) {
  const la_node *attribute = parts->children[CHILD_ATTRIBUTE];
  if (parts->op >= LA_LOADER_STRATEGY_COUNT) {
    return false;
  }
  switch (parts->op) {
  case LA_LOADER_CRITERIA:
    return attribute == NULL
               ? parts->children[CHILD_CRITERIA] == NULL
               : attribute->kind == LA_NODE_ENTITY && parts->children[CHILD_CRITERIA] != NULL;
  case LA_LOADER_LOAD:
  case LA_LOADER_SELECTIN_CLASS:
    return attribute != NULL && attribute->kind == LA_NODE_ENTITY;
  case LA_LOADER_LOAD_ONLY:
    return attribute != NULL && is_list_of_attributes(attribute);
  default:
    return attribute == NULL
               ? parts->text.bytes != NULL
               : attribute->kind == LA_NODE_ATTRIBUTE || attribute->kind == LA_NODE_RELATIONSHIP;
  }
}

static la_node *with_added(const la_sql *sql, const la_node *option, la_node *const *added,
                           uint32_t count, bool replace_last) {
  uint32_t kept = option->count - (replace_last ? 1 : 0);
  size_t size = (kept + count) * sizeof(la_node *);
  la_node **children = la_alloc(sql->alloc, size);
  la_node *made;
  if (children == NULL) {
    return NULL;
  }
  memcpy(children, option->children, kept * sizeof *children);
  memcpy(children + kept, added, count * sizeof *children);
  made = la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_LOADER_OPTION,
                                                  .op = option->op,
                                                  .text = option->text,
                                                  .value = option->value,
                                                  .children = children,
                                                  .count = kept + count});
  la_free(sql->alloc, children, size);
  return made;
}

/* The step that follows `option` in its chain; NULL if it is the last. */
static const la_node *next_step(const la_node *option) {
  const la_node *last = option->count > CHILD_CHAINED ? option->children[option->count - 1] : NULL;
  return last != NULL && !is_of_columns((la_loader_strategy)last->op) ? last : NULL;
}

const la_node *la_option_last_step(const la_node *option) {
  for (const la_node *step = option; step != NULL; step = next_step(step)) {
    option = step;
  }
  return option;
}

la_node *la_option_chain_all(const la_sql *sql, const la_node *option, la_node *const *chained,
                             uint32_t count) {
  LA_VEC(const la_node *) steps = {0};
  la_node *made = NULL;
  for (const la_node *step = option; step != NULL; step = next_step(step)) {
    if (!la_vec_push(sql->alloc, &steps, step)) {
      la_vec_clear(sql->alloc, &steps);
      return NULL;
    }
  }
  made = with_added(sql, steps.items[steps.count - 1], chained, count, false);
  for (size_t i = steps.count - 1; made != NULL && i-- > 0;) {
    la_node *below = made;
    made = with_added(sql, steps.items[i], &below, 1, true);
    la_node_release(below);
  }
  la_vec_clear(sql->alloc, &steps);
  return made;
}

/* An option's value: flags in the lower half, then 8 bits of recursion depth and 24 of chunk size.
 */
#define DEPTH_SHIFT 32
#define CHUNK_SHIFT 48
#define DEEPEST     32767

la_node *la_option_with_numbers(const la_sql *sql, const la_node *option, int recursion_depth,
                                uint32_t chunksize) {
  uint64_t depth = (uint16_t)(int16_t)(recursion_depth > DEEPEST ? DEEPEST : recursion_depth);
  uint64_t chunk = chunksize > UINT16_MAX / 2 ? UINT16_MAX / 2 : chunksize;
  uint64_t value = (uint64_t)option->value.as.integer | depth << DEPTH_SHIFT | chunk << CHUNK_SHIFT;
  return la_node_new(sql->alloc, &(la_node_parts){.kind = LA_NODE_LOADER_OPTION,
                                                  .op = option->op,
                                                  .text = option->text,
                                                  .value = la_value_integer((int64_t)value),
                                                  .children = option->children,
                                                  .count = option->count});
}

la_node *la_option_chain_beside(const la_sql *sql, const la_node *option, la_node *other) {
  return with_added(sql, option, &other, 1, false);
}

la_node *la_option_chain(const la_sql *sql, const la_node *option, la_node *chained) {
  return la_option_chain_all(sql, option, &chained, 1);
}

/* One LOADER_OPTION to be put below `parent` (NULL: a first step). */
typedef struct reading {
  const la_node *node;
  la_load_option *parent;
  la_node *source; /* the ENTITY of a first step that Load() gave, or NULL */
} reading;

typedef struct reader {
  la_allocator *alloc;
  la_arena *arena;
  la_node *const *entities;
  size_t entity_count;
  bool replaced; /* options may be of entities that the statement had */
  la_load_options *out;
  la_error *err;
  LA_VEC(reading) work; /* a stack */
} reader;

bool la_option_applies(const la_load_option *option, const la_node *entity) {
  const la_node *source = option->source;
  const la_mapper *mapper = (const la_mapper *)(const void *)entity->subject;
  const la_mapper *named;
  if (source == NULL) {
    return true;
  }
  named = (const la_mapper *)(const void *)source->subject;
  if (source == entity || source->children[0] == entity->children[0]) {
    return true;
  }
  /* The class itself, or a base or subclass of it; never an alias. */
  return source->text.bytes == NULL && source == named->entity && entity == mapper->entity &&
         (la_mapper_is_a(mapper, named) || la_mapper_is_a(named, mapper));
}

static void describe_option(const la_node *node, la_strbuf *out) {
  const la_node *attribute = node->children[CHILD_ATTRIBUTE];
  la_strbuf_string(out, la_loader_function((la_loader_strategy)node->op));
  la_strbuf_char(out, '(');
  if (attribute == NULL) {
    la_strbuf_text(out, node->text);
  } else if (attribute->kind == LA_NODE_RELATIONSHIP) {
    la_relationship_describe((const la_relationship *)(const void *)attribute->subject, out);
  } else if (attribute->kind == LA_NODE_ATTRIBUTE) {
    la_strbuf_text(out, ((const la_mapper *)(const void *)attribute->subject)->class_name);
    la_strbuf_char(out, '.');
    la_strbuf_text(out, attribute->text);
  } else if (attribute->kind == LA_NODE_ENTITY) {
    la_strbuf_text(out, ((const la_mapper *)(const void *)attribute->subject)->class_name);
  }
  la_strbuf_char(out, ')');
}

static la_status fail_option(reader *self, la_status status, const la_node *node,
                             const char *before, const char *after) {
  la_strbuf text;
  la_strbuf_init(&text, self->alloc);
  describe_option(node, &text);
  la_strbuf_char(&text, '\0');
  (void)la_fail(self->err, status, "%s%s%s", before, text.failed ? "" : text.bytes, after);
  la_strbuf_clear(&text);
  return status;
}

/* A first step must start from an entity of the statement; LA_DONE if it may start from one that
 * has been replaced, where it has no effect. */
static la_status check_root(reader *self, const reading *read, la_node *source) {
  la_load_option probe = {.source = source};
  la_strbuf text;
  for (size_t i = 0; i < self->entity_count; i++) {
    if (la_option_applies(&probe, self->entities[i])) {
      return LA_OK;
    }
  }
  if (self->replaced) {
    return LA_DONE;
  }
  la_strbuf_init(&text, self->alloc);
  describe_option(read->node, &text);
  if (self->entity_count == 0) {
    (void)la_fail(self->err, LA_ARGUMENT,
                  "Query has only expression-based entities; attribute loader option %.*s can't be "
                  "applied here.",
                  LA_TEXT_FORMAT(la_strbuf_view(&text)));
  } else {
    (void)la_fail(self->err, LA_ARGUMENT,
                  "Mapped class %.*s referenced in option %.*s does not apply to any of the root "
                  "entities in this query, "
                  "e.g. %.*s. Please specify the full path from one of the root entities to the "
                  "target attribute. ",
                  LA_TEXT_FORMAT(((la_mapper *)(void *)source->subject)->class_name),
                  LA_TEXT_FORMAT(la_strbuf_view(&text)),
                  LA_TEXT_FORMAT(((la_mapper *)(void *)self->entities[0]->subject)->class_name));
  }
  la_strbuf_clear(&text);
  return LA_ARGUMENT;
}

/* A chained step must start from what the step before it leads to. */
static la_status check_link(reader *self, const la_node *attribute, const la_mapper *from,
                            const la_load_option *parent) {
  const la_relationship *relationship = parent->relationship;
  const la_mapper *target = relationship ? relationship->target : NULL;
  if (parent->target != NULL) {
    target = (const la_mapper *)(const void *)parent->target->subject;
  }
  if (target == NULL || la_mapper_is_a(target, from) || la_mapper_is_a(from, target)) {
    return LA_OK;
  }
  return la_fail(
      self->err, LA_ARGUMENT,
      "ORM mapped entity or attribute \"%.*s.%.*s\" does not link from relationship \"%.*s.%.*s\".",
      LA_TEXT_FORMAT(from->class_name),
      LA_TEXT_FORMAT(attribute->kind == LA_NODE_RELATIONSHIP
                         ? ((const la_relationship *)(const void *)attribute->subject)->key
                         : attribute->text),
      LA_TEXT_FORMAT(relationship->parent->class_name), LA_TEXT_FORMAT(relationship->key));
}

static la_load_option **list_of(reader *self, la_load_option *parent) {
  return parent != NULL ? &parent->first : &self->out->roots;
}

static la_load_option *find_step(la_load_option *list, const la_relationship *relationship,
                                 const la_node *source, const la_node *target) {
  for (; list != NULL; list = list->next) {
    if (list->relationship == relationship && list->source == source && list->target == target) {
      return list;
    }
  }
  return NULL;
}

/* How a relationship is loaded, with what its function was given. */
static void take_strategy(la_load_option *option, const la_node *node) {
  uint64_t value = (uint64_t)node->value.as.integer;
  uint32_t flags = (uint32_t)value;
  option->strategy = (la_loader_strategy)node->op;
  option->innerjoin = (flags & LA_OPTION_INNERJOIN) != 0;
  option->innerjoin_given = (flags & LA_OPTION_INNERJOIN_GIVEN) != 0;
  option->unnested = (flags & LA_OPTION_UNNESTED) != 0;
  option->sql_only = (flags & LA_OPTION_SQL_ONLY) != 0;
  option->raiseload = (flags & LA_OPTION_RAISELOAD) != 0;
  option->recursion_depth = (int16_t)(uint16_t)(value >> DEPTH_SHIFT);
  option->chunksize = (uint32_t)(value >> CHUNK_SHIFT);
}

static bool is_same_strategy(const la_load_option *option, const la_node *node) {
  la_load_option other = {0};
  take_strategy(&other, node);
  return other.strategy == option->strategy && other.innerjoin == option->innerjoin &&
         other.innerjoin_given == option->innerjoin_given && other.unnested == option->unnested &&
         other.sql_only == option->sql_only && other.recursion_depth == option->recursion_depth;
}

static la_status append_option(reader *self, const reading *read, la_load_option **out) {
  la_load_option **at = list_of(self, read->parent);
  la_load_option *option = la_arena_alloc_zero(self->arena, sizeof *option);
  if (option == NULL) {
    return la_fail_nomem(self->err);
  }
  take_strategy(option, read->node);
  option->criteria = read->node->children[CHILD_CRITERIA];
  self->out->has_criteria = self->out->has_criteria || option->criteria != NULL;
  while (*at != NULL) {
    at = &(*at)->next;
  }
  *at = option;
  *out = option;
  return LA_OK;
}

static la_status fail_conflict(reader *self, const la_node *node, const la_load_option *old) {
  la_strbuf text;
  la_strbuf_init(&text, self->alloc);
  la_strbuf_string(&text, la_loader_function(old->strategy));
  la_strbuf_char(&text, '(');
  la_relationship_describe(old->relationship, &text);
  la_strbuf_string(&text, ")");
  la_strbuf_char(&text, '\0');
  (void)fail_option(self, LA_INVALID_REQUEST, node, "Loader strategy replacement ",
                    text.failed ? "" : " is in conflict with existing strategy ");
  if (self->err != NULL && !text.failed) {
    size_t used = strlen(self->err->message);
    size_t room = sizeof self->err->message - used;
    if (text.len <= room) {
      memcpy(self->err->message + used, text.bytes, text.len);
    }
  }
  la_strbuf_clear(&text);
  return LA_INVALID_REQUEST;
}

/* Fails with what is wrong about the relationship, whose name stands between. */
static la_status fail_of(reader *self, la_status status, const la_relationship *relationship,
                         const char *before, const char *after) {
  la_strbuf text;
  la_strbuf_init(&text, self->alloc);
  la_relationship_describe(relationship, &text);
  (void)la_fail(self->err, status, "%s%.*s%s", before, LA_TEXT_FORMAT(la_strbuf_view(&text)),
                after);
  la_strbuf_clear(&text);
  return status;
}

/* The option that stands below `option` is itself, again and again. */
static la_status make_recursive(reader *self, la_load_option *option) {
  la_load_option *again;
  if (option->recursion_depth == 0) {
    return LA_OK;
  }
  if (!option->relationship->self_referential) {
    return fail_of(self, LA_INVALID_REQUEST, option->relationship,
                   "recursion_depth option on relationship ",
                   " not valid for non-self-referential relationship");
  }
  again = la_arena_alloc(self->arena, sizeof *again);
  if (again == NULL) {
    return la_fail_nomem(self->err);
  }
  option->recurses = true;
  *again = *option;
  again->source = NULL;
  again->next = NULL;
  option->first = again->first = again;
  return LA_OK;
}

/* Criteria go with the strategy: the last option that names one says which hold, and defaultload()
 * only where none does. */
static void take_criteria(reader *self, la_load_option *option, la_loader_strategy strategy,
                          la_node *criteria) {
  if (strategy != LA_LOADER_DEFAULT ||
      (option->strategy == LA_LOADER_DEFAULT && criteria != NULL)) {
    option->criteria = criteria;
    self->out->has_criteria = self->out->has_criteria || criteria != NULL;
  }
}

static la_status read_relationship(reader *self, const reading *read, la_node *attribute,
                                   la_load_option **out) {
  la_relationship *relationship = (la_relationship *)(void *)attribute->subject;
  la_loader_strategy strategy = (la_loader_strategy)read->node->op;
  la_node *target = la_node_child(attribute, 1);
  la_node *source = read->parent == NULL ? attribute->children[0] : NULL;
  la_load_option *option = find_step(*list_of(self, read->parent), relationship, source, target);
  if (is_of_columns(strategy)) {
    return fail_of(self, LA_LOADER_STRATEGY, relationship,
                   strategy == LA_LOADER_WITH_EXPRESSION
                       ? "Can't apply \"with_expression\" strategy to property \""
                       : "Can't apply \"deferred column loader\" strategy to property \"",
                   "\", which is a \"relationship\"; this loader strategy is intended to be used "
                   "with a \"column property\".");
  }
  if (la_relationship_never_loads(relationship) && strategy != LA_LOADER_SELECT &&
      strategy != LA_LOADER_DEFAULT) {
    return fail_of(self, LA_INVALID_REQUEST, relationship, "'",
                   "' does not support object population - eager loading cannot be applied.");
  }
  if (read->parent == NULL) {
    la_status found = check_root(self, read, source);
    if (found != LA_OK) {
      return found;
    }
  } else {
    LA_TRY(check_link(self, attribute,
                      (const la_mapper *)(const void *)attribute->children[0]->subject,
                      read->parent));
  }
  if (option == NULL) {
    LA_TRY(append_option(self, read, &option));
    option->relationship = relationship;
    option->source = source;
    option->target = target;
    LA_TRY(make_recursive(self, option));
  } else if (option->strategy == LA_LOADER_DEFAULT && strategy != LA_LOADER_DEFAULT) {
    take_strategy(option, read->node);
  } else if (strategy != LA_LOADER_DEFAULT && !is_same_strategy(option, read->node)) {
    return fail_conflict(self, read->node, option);
  }
  take_criteria(self, option, strategy, la_node_child(attribute, 2));
  *out = option;
  return LA_OK;
}

static la_status read_column(reader *self, const reading *read, la_node *attribute) {
  la_loader_strategy strategy = (la_loader_strategy)read->node->op;
  la_mapper *mapper = (la_mapper *)(void *)attribute->subject;
  la_node *source = la_node_child(attribute, 1);
  la_load_option *option;
  if (!is_of_columns(strategy)) {
    return la_fail(self->err, LA_LOADER_STRATEGY,
                   "Can't apply \"%s loader\" strategy to property \"%.*s.%.*s\", which is a "
                   "\"column property\"; this "
                   "loader strategy is intended to be used with a \"relationship property\".",
                   strategy == LA_LOADER_JOINED ? "joined" : la_loader_function(strategy),
                   LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(attribute->text));
  }
  if (read->parent != NULL) {
    LA_TRY(check_link(self, attribute, mapper, read->parent));
  } else if (source != NULL) {
    la_status found = check_root(self, read, source);
    if (found != LA_OK) {
      return found;
    }
  }
  LA_TRY(append_option(self, read, &option));
  option->property = la_attribute_property(attribute);
  if (strategy == LA_LOADER_WITH_EXPRESSION &&
      !(option->property != NULL && (option->property->flags & LA_PROPERTY_QUERY))) {
    return la_fail(self->err, LA_INVALID_REQUEST,
                   "with_expression() takes an attribute that is a query_expression(), which "
                   "'%.*s.%.*s' is not",
                   LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(attribute->text));
  }
  option->source = read->parent == NULL ? source : NULL;
  return LA_OK;
}

/* A group belongs to one class. */
static la_status fail_several(reader *self) {
  la_strbuf mappers, calls;
  la_strbuf_init(&mappers, self->alloc);
  la_strbuf_init(&calls, self->alloc);
  for (size_t i = 0; i < self->entity_count; i++) {
    const la_mapper *mapper = (const la_mapper *)(const void *)self->entities[i]->subject;
    la_strbuf_string(&mappers, i != 0 ? ", " : "");
    la_mapper_describe(mapper, &mappers);
    la_strbuf_string(&calls, i != 0 ? ", Load(" : "Load(");
    la_strbuf_text(&calls, mapper->class_name);
    la_strbuf_string(&calls, "):some_option(\"*\")");
  }
  (void)la_fail(self->err, LA_ARGUMENT,
                "Can't apply wildcard ('*') or load_only() loader option to multiple entities "
                "%.*s. Specify loader options for each entity individually, such as %.*s.",
                LA_TEXT_FORMAT(la_strbuf_view(&mappers)), LA_TEXT_FORMAT(la_strbuf_view(&calls)));
  la_strbuf_clear(&mappers);
  la_strbuf_clear(&calls);
  return LA_ARGUMENT;
}

/* An option without attribute: a wildcard or a group. */
static la_status read_wildcard(reader *self, const reading *read) {
  la_load_option *option;
  LA_TRY(append_option(self, read, &option));
  option->wildcard = la_text_is(read->node->text, "*");
  option->group = option->wildcard ? LA_TEXT_NONE : read->node->text;
  option->source = read->parent == NULL ? read->source : NULL;
  if (option->wildcard && read->node->count > CHILD_CHAINED) {
    return la_fail(self->err, LA_ARGUMENT, "Wildcard token cannot be followed by another entity");
  }
  return !option->wildcard && read->parent == NULL && read->source == NULL &&
                 self->entity_count > 1 && !self->replaced
             ? fail_several(self)
             : LA_OK;
}

/* The chained options of `read` are read next, in order. */
static la_status push_chained(reader *self, const reading *read, la_load_option *parent,
                              la_node *source) {
  for (uint32_t i = read->node->count; i-- > CHILD_CHAINED;) {
    if (!la_vec_push(self->alloc, &self->work,
                     ((reading){read->node->children[i], parent, source}))) {
      return la_fail_nomem(self->err);
    }
  }
  return LA_OK;
}

/* selectin_polymorphic: the base, then its subclasses. */
static la_status read_classes(reader *self, const reading *read, const la_node *list) {
  la_node *base = list->children[0];
  if (read->parent == NULL) {
    la_status found = check_root(self, read, base);
    if (found != LA_OK) {
      return found;
    }
  }
  for (uint32_t i = 1; i < list->count; i++) {
    la_load_option *option;
    LA_TRY(append_option(self, read, &option));
    option->source = read->parent == NULL ? base : NULL;
    option->target = list->children[i];
  }
  return LA_OK;
}

static la_status read_option(reader *self, const reading *read) {
  la_node *attribute = read->node->children[CHILD_ATTRIBUTE];
  la_load_option *option = NULL;
  if (read->node->op == LA_LOADER_CRITERIA) {
    return LA_OK;
  }
  if (read->node->op == LA_LOADER_LOAD && attribute != NULL) {
    la_status found = check_root(self, read, attribute);
    return found != LA_OK ? found : push_chained(self, read, NULL, attribute);
  }
  if (attribute == NULL) {
    return read_wildcard(self, read);
  }
  if (read->node->op == LA_LOADER_SELECTIN_CLASS) {
    return read_classes(self, read, attribute);
  }
  if (attribute->kind == LA_NODE_LIST) {
    for (uint32_t i = 0; i < attribute->count; i++) {
      LA_TRY(read_column(self, read, attribute->children[i]));
    }
    return push_chained(self, read, read->parent, read->source);
  }
  if (attribute->kind == LA_NODE_ATTRIBUTE) { /* leads nowhere: what follows stands beside it */
    LA_TRY(read_column(self, read, attribute));
    return push_chained(self, read, read->parent, read->source);
  }
  if (attribute->kind != LA_NODE_RELATIONSHIP) {
    return fail_option(self, LA_ARGUMENT, read->node, "mapped attribute expected in loader option ",
                       "");
  }
  la_status found = read_relationship(self, read, attribute, &option);
  return found != LA_OK ? found : push_chained(self, read, option, NULL);
}

static la_status read_all(reader *self, const la_node *chain) {
  size_t count = la_chain_count(chain);
  la_node **items = la_arena_alloc(self->arena, (count + 1) * sizeof *items);
  if (items == NULL) {
    return la_fail_nomem(self->err);
  }
  la_chain_collect(chain, items);
  for (size_t i = 0; i < count; i++) {
    if (items[i]->kind != LA_NODE_LOADER_OPTION) {
      continue;
    }
    if (!la_vec_push(self->alloc, &self->work, ((reading){items[i], NULL, NULL}))) {
      return la_fail_nomem(self->err);
    }
    while (self->work.count != 0) {
      reading read = self->work.items[--self->work.count];
      LA_TRY(read_option(self, &read));
    }
  }
  return LA_OK;
}

la_status la_options_of(const la_node *statement, la_node *const *entities, size_t entity_count,
                        la_arena *arena, la_load_options *out, la_error *err) {
  reader self = {.alloc = statement->alloc,
                 .arena = arena,
                 .entities = entities,
                 .entity_count = entity_count,
                 .replaced = (statement->flags & LA_SELECT_REPLACED) != 0,
                 .out = out,
                 .err = err};
  int part = la_statement_options_part(statement);
  la_status status = LA_OK;
  *out = (la_load_options){0};
  if (part >= 0 && statement->children[part] != NULL) {
    status = read_all(&self, statement->children[part]);
  }
  la_vec_clear(self.alloc, &self.work);
  for (const la_load_option *option = out->roots; option != NULL; option = option->next) {
    if (option->wildcard && option->source == NULL && !is_of_columns(option->strategy)) {
      out->wildcard = option;
    }
  }
  return status;
}

const la_load_option *la_option_for(const la_load_option *options,
                                    const la_relationship *relationship) {
  const la_load_option *wildcard = NULL;
  for (; options != NULL; options = options->next) {
    if (options->relationship == relationship) {
      return options;
    }
    if (options->wildcard && !is_of_columns(options->strategy)) {
      wildcard = options;
    }
  }
  return wildcard;
}

la_loader_strategy la_option_strategy(const la_load_option *option,
                                      const la_relationship *relationship) {
  return option == NULL || option->strategy == LA_LOADER_DEFAULT ? relationship->lazy
                                                                 : option->strategy;
}

static la_status add_criteria(const la_node *node, la_arena *arena, const la_load_criteria ***at,
                              la_error *err) {
  uint32_t flags = (uint32_t)node->value.as.integer;
  la_load_criteria *made = la_arena_alloc_zero(arena, sizeof *made);
  if (made == NULL) {
    return la_fail_nomem(err);
  }
  made->mapper = (const la_mapper *)(const void *)node->children[CHILD_ATTRIBUTE]->subject;
  made->condition = node->children[CHILD_CRITERIA];
  made->include_aliases = (flags & LA_OPTION_INCLUDE_ALIASES) != 0;
  made->not_kept = (flags & LA_OPTION_NOT_KEPT) != 0;
  made->exact = (flags & LA_OPTION_EXACT) != 0;
  **at = made;
  *at = &made->next;
  return LA_OK;
}

la_status la_criteria_of(const la_node *statement, la_arena *arena, const la_load_criteria **out,
                         la_error *err) {
  int part = la_statement_options_part(statement);
  const la_node *chain = part >= 0 ? statement->children[part] : NULL;
  size_t count = la_chain_count(chain);
  la_node **items = la_arena_alloc(arena, (count + 1) * sizeof *items);
  const la_load_criteria **at = out;
  *out = NULL;
  if (items == NULL) {
    return la_fail_nomem(err);
  }
  la_chain_collect(chain, items);
  for (size_t i = 0; i < count; i++) {
    if (items[i]->kind != LA_NODE_LOADER_OPTION || items[i]->op != LA_LOADER_CRITERIA) {
      continue;
    }
    if (items[i]->children[CHILD_ATTRIBUTE] != NULL) {
      LA_TRY(add_criteria(items[i], arena, &at, err));
    }
    for (uint32_t c = CHILD_CHAINED; c < items[i]->count; c++) { /* one for each class of several */
      LA_TRY(add_criteria(items[i]->children[c], arena, &at, err));
    }
  }
  return LA_OK;
}
