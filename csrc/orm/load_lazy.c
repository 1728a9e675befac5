/* SPDX-License-Identifier: MIT */
/*
 * Links loaded for one object when they are first read, and get().
 *
 *   one-to-many    SELECT addresses.id, … FROM addresses WHERE ? = addresses.user_id ORDER BY
 * addresses.id many-to-one    the identity map, or SELECT users.id, users.name FROM users WHERE
 * users.id = ? many-to-many   SELECT items.id, … FROM items, order_items WHERE ? =
 * order_items.order_id AND items.id = order_items.item_id
 *
 * The statement and its plan stay with the relationship, so a second load compiles nothing.
 */
#include "orm/later.h"

#include "orm/instance_internal.h"
#include "orm/translate.h"

typedef struct making {
  const la_sql *sql;
  const la_relationship *relationship;
  la_single_load *load;
  la_node *target; /* ENTITY */
  la_node_list params;
  la_node_list where;
} making;

/* Our own columns become parameters, the target's its own. */
static la_status place_column(const la_node *node, void *context, la_node **out, la_error *err) {
  making *self = context;
  const la_relationship *relationship = self->relationship;
  la_column *column = (la_column *)(void *)node->subject;
  la_node *param = NULL;
  if (la_relationship_is_far(relationship, node)) {
    return la_relationship_far_column(self->sql, relationship, node, self->target, out, err);
  }
  if (node->kind != LA_NODE_COLUMN || column == NULL || node->count != 0 ||
      la_relationship_is_through(relationship, node) ||
      !la_mapper_has_table(relationship->parent, column->table)) {
    return LA_OK;
  }
  LA_TRY(la_single_load_param(self->load, self->sql, column, &param, err));
  LA_TRY(la_node_list_take(&self->params, self->sql->alloc, param, err));
  *out = la_node_retain(param);
  return LA_OK;
}

/* The option's criteria, which may be of the alias that its of_type() names. */
static la_status add_criteria(making *self, const la_link_choice *choice, la_error *err) {
  la_node *moved = NULL;
  if (choice->criteria == NULL) {
    return LA_OK;
  }
  if (choice->target == NULL) {
    moved = la_node_retain(choice->criteria);
  } else {
    LA_TRY(la_element_move(self->sql, choice->criteria, choice->target->children[0],
                           self->target->children[0], &moved, err));
  }
  return la_node_list_take(&self->where, self->sql->alloc, moved, err);
}

static la_status gather_where(making *self, const la_link_choice *choice, la_error *err) {
  const la_relationship *relationship = self->relationship;
  la_node *condition = NULL;
  LA_TRY(la_adapt(self->sql->alloc, relationship->marked, place_column, self, &condition, err));
  LA_TRY(la_node_list_take(&self->where, self->sql->alloc, condition, err));
  if (relationship->secondaryjoin != NULL) {
    LA_TRY(la_relationship_move(self->sql, relationship, relationship->secondaryjoin, self->target,
                                &condition, err));
    LA_TRY(la_node_list_take(&self->where, self->sql->alloc, condition, err));
  }
  return add_criteria(self, choice, err);
}

/* FROM the target and the secondary, of which its columns alone do not say how its parts are
 * joined; by this order an eager join of the target stands behind it. */
static la_status add_through(making *self, la_node **select, la_error *err) {
  la_node *through = self->relationship->through;
  la_node *froms[2] = {self->target, through};
  return through == NULL ? LA_OK : la_build_chain(select, LA_SELECT_FROM, froms, 2, err);
}

static la_status add_order(making *self, la_node **select, la_error *err) {
  const la_relationship *relationship = self->relationship;
  la_node *order = NULL;
  la_status status;
  if (relationship->order_by == NULL) {
    return LA_OK;
  }
  LA_TRY(la_relationship_move(self->sql, relationship, relationship->order_by, self->target, &order,
                              err));
  status = la_build_chain(select, LA_SELECT_ORDER_BY, order->children, order->count, err);
  la_node_release(order);
  return status;
}

static la_status compile(making *self, la_engine *engine, const la_link_choice *choice,
                         la_error *err) {
  const la_relationship *relationship = self->relationship;
  const la_relationship *reverse = relationship->reverse;
  la_path here = {NULL, relationship->parent};
  la_translate_request request = {.given = true,
                                  .options = choice->options,
                                  .owner = choice->owner,
                                  .lazily = choice->kept != NULL,
                                  .path = choice->path != NULL ? choice->path : &here};
  la_node *select = la_select_new(self->sql, &self->target, 1);
  la_status status = select != NULL ? LA_OK : la_fail_nomem(err);
  if (reverse != NULL && reverse->direction == LA_MANY_TO_ONE && reverse->use_get) {
    request.lazy_reverse = reverse;
  }
  if (status >= 0) { /* no row is read by names */
    status = la_build_replace(&select, la_node_with_flags(select, LA_SELECT_LABELS_NONE, 0), err);
  }
  if (status >= 0) {
    status = la_build_chain(&select, LA_SELECT_WHERE, self->where.list.items,
                            self->where.list.count, err);
  }
  if (status >= 0) {
    status = add_through(self, &select, err);
  }
  if (status >= 0) {
    status = add_order(self, &select, err);
  }
  if (status >= 0) {
    status = la_single_load_compile(self->load, engine, select, &request, self->params.list.items,
                                    (uint32_t)self->params.list.count, err);
  }
  la_node_release(select);
  return status;
}

static la_status make_lazy(la_engine *engine, const la_relationship *relationship,
                           const la_link_choice *choice, la_single_load **out, la_error *err) {
  making self = {.sql = &engine->sql, .relationship = relationship};
  la_status status;
  LA_TRY(la_relationship_target_entity(self.sql, relationship, &self.target, err));
  self.load = la_single_load_new(engine->alloc, engine->dialect);
  status = self.load != NULL ? LA_OK : la_fail_nomem(err);
  if (status >= 0) {
    status = gather_where(&self, choice, err);
  }
  if (status >= 0) {
    status = compile(&self, engine, choice, err);
  }
  la_node_list_clear(&self.params, engine->alloc);
  la_node_list_clear(&self.where, engine->alloc);
  la_node_release(self.target);
  if (status < 0) {
    la_object_release(self.load);
    return status;
  }
  *out = self.load;
  return LA_OK;
}

/* The statement of `relationship`; a new reference. */
static la_status lazy_for(la_session *session, la_relationship *relationship,
                          const la_link_choice *choice, la_single_load **out, la_error *err) {
  bool plain = choice->owner == NULL;
  la_single_load *known = (la_single_load *)(void *)relationship->lazy_extra;
  la_engine *engine = session->engine;
  if (engine == NULL) {
    return la_fail(err, LA_UNBOUND_EXECUTION, "Session is not bound to an engine");
  }
  la_session_use_schemas(session);
  if (!plain) {
    known = la_load_plan_own(choice->owner, choice->path, relationship, 0, engine);
  } else if (known != NULL && !la_single_load_holds(known, engine)) {
    known = NULL;
  }
  if (known != NULL) {
    *out = la_object_retain(known);
    return LA_OK;
  }
  LA_TRY(make_lazy(engine, relationship, choice, out, err));
  if (plain) {
    la_object_release(relationship->lazy_extra);
    relationship->lazy_extra = la_object_retain(*out);
  } else {
    la_load_plan_keep_own(choice->owner, choice->path, relationship, 0, *out);
  }
  return LA_OK;
}

bool la_lazy_key(const la_relationship *relationship, const la_instance *instance, la_value *key,
                 bool *unloaded_out) {
  *unloaded_out = false;
  for (uint32_t k = 0; k < relationship->get_count; k++) {
    const la_column *column = relationship->get_pairs[k].destination;
    uint32_t slot = la_slot_of_column(instance->mapper, column);
    if (slot >= instance->slot_count) {
      return false;
    }
    if (!(instance->slots[slot].flags & LA_SLOT_LOADED) &&
        !((instance->mapper->slots[slot]->flags & LA_PROPERTY_PRIMARY_KEY) &&
          (instance->flags & LA_INSTANCE_KEYED))) {
      *unloaded_out = true;
      return false;
    }
    key[k] = instance->slots[slot];
    if (key[k].kind == LA_VALUE_NULL) {
      return false;
    }
  }
  return true;
}

static la_status give_one(la_load *load, la_instance *instance, uint32_t link, la_instance *found,
                          la_error *err) {
  la_instance **members = la_arena_alloc(&load->arena, sizeof *members);
  if (members == NULL) {
    return la_fail_nomem(err);
  }
  members[0] = found;
  return la_load_add_link(load, instance, link, members, found != NULL, err);
}

#define MOST_KEYS 16

typedef enum target_key { KEY_NOT_KNOWN, KEY_NULL, KEY_ABSENT, KEY_FOUND } target_key;

/* Looks for what the foreign key of `instance` names in the identity map: not known if a part of
 * the key is not loaded. */
static target_key find_target(const la_session *session, const la_instance *instance,
                              const la_relationship *relationship, la_instance **out) {
  la_value key[MOST_KEYS];
  const la_mapper *root = relationship->target->root;
  bool unloaded;
  *out = NULL;
  if (relationship->get_count > MOST_KEYS) {
    return KEY_NOT_KNOWN;
  }
  if (!la_lazy_key(relationship, instance, key, &unloaded)) {
    return unloaded ? KEY_NOT_KNOWN : KEY_NULL;
  }
  *out = la_identity_find(&session->map, root, key, la_identity_hash(root, key));
  return *out != NULL ? KEY_FOUND : KEY_ABSENT;
}

/* A many-to-one: `*done_out` if the identity map, or a NULL key, has answered. */
static la_status from_map(la_load *load, la_instance *instance, uint32_t link,
                          const la_relationship *relationship, bool *done_out, la_error *err) {
  la_instance *found;
  target_key key = find_target(load->session, instance, relationship, &found);
  *done_out = key == KEY_NULL || key == KEY_FOUND;
  if (key != KEY_FOUND) {
    return key == KEY_NULL ? give_one(load, instance, link, NULL, err) : LA_OK;
  }
  LA_TRY(la_load_pin(load, found, err));
  if (!la_mapper_is_a(found->mapper, relationship->target) || (found->flags & LA_INSTANCE_GONE)) {
    found = NULL;
  } else if (la_instance_is_expired(found)) {
    la_status status = la_load_expired(load, found, err);
    if (status == LA_OBJECT_DELETED) {
      la_error_clear(err);
      found = NULL;
    } else {
      LA_TRY(status);
    }
  }
  return give_one(load, instance, link, found, err);
}

/* True if an object without a row has all that the statement of the link asks for. */
static bool has_own_columns(const la_instance *instance, const la_relationship *relationship) {
  for (uint32_t i = 0; i < relationship->local_count; i++) {
    uint32_t slot = la_slot_of_column(instance->mapper, relationship->locals[i]);
    if (slot < instance->slot_count && (!(instance->slots[slot].flags & LA_SLOT_LOADED) ||
                                        instance->slots[slot].kind == LA_VALUE_NULL)) {
      return false;
    }
  }
  return true;
}

bool la_link_loads_pending(const la_instance *instance, uint32_t link) {
  const la_relationship *relationship = instance->mapper->links[link]->relationship;
  return !(instance->flags & LA_INSTANCE_KEYED) && relationship->configured &&
         (instance->flags & LA_INSTANCE_LOADS ||
          (relationship->load_on_pending && instance->session != NULL)) &&
         has_own_columns(instance, relationship);
}

/* Whether a value that the statement needs is expired: the object is then read again first, which
 * may bring the link as well. */
static bool is_expired(const la_instance *instance, const la_relationship *relationship) {
  for (uint32_t i = 0; i < relationship->local_count; i++) {
    uint32_t slot = la_slot_of_column(instance->mapper, relationship->locals[i]);
    if (slot < instance->slot_count && instance->slots[slot].flags & LA_SLOT_EXPIRED) {
      return true;
    }
  }
  return false;
}

/* Whether a column that the link goes by has to be read: it is expired or deferred. */
static bool is_missing(const la_instance *instance, uint32_t slot) {
  return slot < instance->slot_count && !(instance->slots[slot].flags & LA_SLOT_LOADED) &&
         !(instance->mapper->slots[slot]->flags & LA_PROPERTY_PRIMARY_KEY);
}

static bool lacks_own_columns(const la_instance *instance, const la_relationship *relationship) {
  for (uint32_t i = 0; i < relationship->local_count; i++) {
    if (is_missing(instance, la_slot_of_column(instance->mapper, relationship->locals[i]))) {
      return true;
    }
  }
  return false;
}

static la_status load_own_columns(la_load *load, la_instance *instance,
                                  const la_relationship *relationship, la_error *err) {
  if (!(instance->flags & LA_INSTANCE_KEYED)) {
    return LA_OK;
  }
  for (uint32_t i = 0; i < relationship->local_count; i++) {
    uint32_t slot = la_slot_of_column(instance->mapper, relationship->locals[i]);
    if (is_missing(instance, slot)) {
      LA_TRY(la_load_slot(load, instance, slot, err));
    }
  }
  return LA_OK;
}

la_status la_lazy_look_up(la_load *load, la_instance *instance, uint32_t link, la_error *err) {
  const la_relationship *relationship = instance->mapper->links[link]->relationship;
  la_instance *found;
  target_key key = find_target(load->session, instance, relationship, &found);
  if (key == KEY_NULL) {
    return give_one(load, instance, link, NULL, err);
  }
  if (key != KEY_FOUND || !la_mapper_is_a(found->mapper, relationship->target)) {
    return LA_OK;
  }
  LA_TRY(la_load_pin(load, found, err));
  return give_one(load, instance, link, found, err);
}

static la_status fail_raise(const la_instance *instance, const la_relationship *relationship,
                            const char *lazy, la_error *err) {
  return la_fail(err, LA_INVALID_REQUEST, "'%.*s.%.*s' is not available due to lazy='%s'",
                 LA_TEXT_FORMAT(instance->mapper->class_name), LA_TEXT_FORMAT(relationship->key),
                 lazy);
}

la_status la_lazy_run(la_load *load, la_instance *instance, uint32_t link,
                      const la_link_choice *choice, la_error *err) {
  la_relationship *relationship = instance->mapper->links[link]->relationship;
  la_single_load *statement = NULL;
  la_instance **members;
  size_t count;
  la_status status;
  LA_TRY(load_own_columns(load, instance, relationship, err));
  if (relationship->use_get && choice->criteria == NULL) {
    bool done;
    LA_TRY(from_map(load, instance, link, relationship, &done, err));
    if (done) {
      return LA_OK;
    }
  }
  if (choice->raises_on_sql) {
    return fail_raise(instance, relationship, "raise_on_sql", err);
  }
  LA_TRY(lazy_for(load->session, relationship, choice, &statement, err));
  if (choice->kept != NULL) {
    LA_TRY(la_load_hold(load, (void *)choice->kept, err));
  }
  status = la_single_load_run(load, statement, instance, NULL, choice->outer, choice->depth,
                              &members, &count, err);
  la_object_release(statement);
  LA_TRY(status);
  if (!relationship->uselist && count > 1) {
    la_load_warn_several(load->session, relationship, "lazily");
    count = 1;
  }
  return la_load_add_link(load, instance, link, members, count, err);
}

static la_status fail_detached(const la_instance *instance, la_text key, la_error *err) {
  la_strbuf text;
  la_strbuf_init(&text, instance->mapper->alloc);
  la_instance_describe(instance, &text);
  (void)la_fail_code(err, LA_DETACHED_INSTANCE, "bhk3",
                     "Parent instance <%.*s> is not bound to a Session; lazy load operation of "
                     "attribute '%.*s' cannot "
                     "proceed",
                     LA_TEXT_FORMAT(la_strbuf_view(&text)), LA_TEXT_FORMAT(key));
  la_strbuf_clear(&text);
  return LA_DETACHED_INSTANCE;
}

/* A link without a session to load it through: nothing is there for an object that is not in the
 * database. */
static la_status load_without_sql(la_instance *instance, uint32_t link, la_load *load,
                                  la_error *err) {
  la_link_load nothing = {.instance = instance, .link = link};
  la_allocator *alloc = instance->mapper->alloc;
  la_session *session = instance->session;
  if (session != NULL) {
    LA_TRY(la_load_begin(load, session, err));
    return la_load_add_link(load, instance, link, NULL, 0, err);
  }
  la_arena_init(&load->arena, alloc);
  if (!la_vec_push(alloc, &load->links, nothing)) {
    return la_fail_nomem(err);
  }
  return LA_OK;
}

la_loader_strategy la_kept_choice(const la_instance *instance, const la_relationship *relationship,
                                  la_link_choice *out) {
  const la_kept_options *kept = la_kept_options_of(instance);
  const la_load_option *option;
  *out = (la_link_choice){0};
  if (kept == NULL) {
    return relationship->lazy;
  }
  option = la_kept_option(kept, relationship);
  if (option == NULL && kept->wildcard == NULL && kept->plan->criteria == NULL) {
    return relationship->lazy;
  }
  *out = (la_link_choice){
      .owner = kept->plan, .path = kept->path, .outer = la_kept_options_outer(kept), .kept = kept};
  if (option != NULL && !option->wildcard) {
    out->options = option->first;
    out->criteria = option->criteria;
    out->target = option->target;
  }
  if (option != NULL && option->strategy == LA_LOADER_DEFAULT && kept->wildcard != NULL) {
    option = kept->wildcard;
  }
  return la_option_strategy(option, relationship);
}

/* True if `load` has found the members of the link. */
static bool has_found(const la_load *load, const la_instance *instance, uint32_t link) {
  for (size_t i = 0; i < load->links.count; i++) {
    if (load->links.items[i].instance == instance && load->links.items[i].link == link) {
      return true;
    }
  }
  return false;
}

typedef enum link_need { NEEDS_NOTHING, NEEDS_REFRESH, NEEDS_STATEMENT } link_need;

/* What the read of a link asks the database for, if the key of what it refers to tells. */
static link_need need_by_key(const la_instance *instance, const la_relationship *relationship,
                             const la_link_choice *choice) {
  la_instance *found;
  if (!relationship->use_get || choice->criteria != NULL) {
    return NEEDS_STATEMENT;
  }
  switch (find_target(instance->session, instance, relationship, &found)) {
  case KEY_NULL:
    return NEEDS_NOTHING;
  case KEY_FOUND:
    return la_instance_is_expired(found) ? NEEDS_REFRESH : NEEDS_NOTHING;
  default:
    return NEEDS_STATEMENT;
  }
}

/* Whether a statement for the link is refused. */
static bool raises_on_sql(const la_instance *instance, uint32_t link, la_loader_strategy strategy) {
  return la_links(instance)[link].flags & (LA_LINK_RAISE | LA_LINK_RAISE_ON_SQL) ||
         strategy == LA_LOADER_RAISE || strategy == LA_LOADER_RAISE_ON_SQL;
}

bool la_link_needs_statement(const la_instance *instance, uint32_t link, bool forced) {
  const la_relationship *relationship = instance->mapper->links[link]->relationship;
  la_link_choice choice;
  la_loader_strategy strategy = la_kept_choice(instance, relationship, &choice);
  return instance->session != NULL && instance->flags & LA_INSTANCE_KEYED &&
         relationship->configured && strategy != LA_LOADER_NOLOAD && strategy != LA_LOADER_RAISE &&
         !(la_links(instance)[link].flags & LA_LINK_RAISE) &&
         (forced || !raises_on_sql(instance, link, strategy)) &&
         need_by_key(instance, relationship, &choice) == NEEDS_STATEMENT;
}

bool la_link_may_send(const la_instance *instance, uint32_t link, bool forced) {
  const la_relationship *relationship = instance->mapper->links[link]->relationship;
  la_link_choice choice;
  if (instance->session == NULL || !relationship->configured) {
    return true;
  }
  if (!(instance->flags & LA_INSTANCE_KEYED)) {
    return la_link_loads_pending(instance, link);
  }
  la_loader_strategy strategy = la_kept_choice(instance, relationship, &choice);
  if (lacks_own_columns(instance, relationship) ||
      (la_links(instance)[link].flags & LA_LINK_EXPIRED && is_expired(instance, relationship))) {
    return true; /* those are read even for a link that raises then */
  }
  link_need need = need_by_key(instance, relationship, &choice);
  return need == NEEDS_REFRESH ||
         (need == NEEDS_STATEMENT && (forced || !raises_on_sql(instance, link, strategy)));
}

la_status la_load_link(la_instance *instance, uint32_t link, bool forced, la_load *load,
                       la_error *err) {
  la_relationship *relationship = instance->mapper->links[link]->relationship;
  uint32_t flags = la_links(instance)[link].flags;
  la_link_choice choice;
  la_loader_strategy strategy;
  if (!relationship->configured) {
    return la_fail(err, LA_INVALID_REQUEST, "relationship %.*s.%.*s is not configured",
                   LA_TEXT_FORMAT(instance->mapper->class_name), LA_TEXT_FORMAT(relationship->key));
  }
  if (relationship->lazy == LA_LOADER_WRITE_ONLY && (instance->flags & LA_INSTANCE_KEYED)) {
    return la_fail(
        err, LA_INVALID_REQUEST,
        "Attribute %.*s.%.*s can't load the existing state from the database for this operation; "
        "full iteration is not permitted.  If this is a delete operation, configure "
        "passive_deletes=True on the write-only relationship() in order to resolve this error.",
        LA_TEXT_FORMAT(instance->mapper->class_name), LA_TEXT_FORMAT(relationship->key));
  }
  strategy = la_kept_choice(instance, relationship, &choice);
  bool without_row = !(instance->flags & LA_INSTANCE_KEYED);
  if ((without_row && !la_link_loads_pending(instance, link)) ||
      (strategy == LA_LOADER_NOLOAD && instance->session == NULL)) {
    return load_without_sql(instance, link, load, err);
  }
  if (!forced && ((flags & LA_LINK_RAISE) || strategy == LA_LOADER_RAISE)) {
    return fail_raise(instance, relationship, "raise", err);
  }
  if (instance->session == NULL && load->session == NULL) {
    return fail_detached(instance, relationship->key, err);
  }
  if (load->session == NULL) {
    LA_TRY(la_load_begin(load, instance->session, err));
  }
  LA_TRY(la_load_pin(load, instance, err));
  if ((flags & LA_LINK_EXPIRED) && is_expired(instance, relationship)) {
    LA_TRY(la_load_expired(load, instance, err));
    if (has_found(load, instance, link)) {
      return LA_OK;
    }
  }
  if (strategy == LA_LOADER_NOLOAD) {
    return load_without_sql(instance, link, load, err);
  }
  choice.raises_on_sql =
      !forced && ((flags & LA_LINK_RAISE_ON_SQL) || strategy == LA_LOADER_RAISE_ON_SQL);
  return la_lazy_run(load, instance, link, &choice, err);
}
