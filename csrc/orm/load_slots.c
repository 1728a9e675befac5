/* SPDX-License-Identifier: MIT */
/*
 * Column attributes read again: expired ones, deferred ones, refresh(), and get() by key.
 *
 *   everything     SELECT users.id, users.name FROM users WHERE users.id = ?
 *   some of it     SELECT users.name FROM users WHERE users.id = ?
 *
 * The statements stay with the mapper.
 */
#include "orm/later.h"

#include "orm/instance_internal.h"
#include "orm/subtable.h"
#include "orm/translate.h"

/* What the statement of a whole entity is for. A refresh emits nothing for several objects at once;
 * what is expired is read again whatever column options say. */
enum { FOR_GET, FOR_REFRESH, FOR_UNEXPIRE, PURPOSES };
/* Beside a purpose: objects of one level keep a wildcard or not, as they came. */
#define WITH_WILDCARD 8

typedef struct mapper_loads {
  la_object object;
  la_allocator *alloc;
  la_single_load *whole[PURPOSES];
  LA_VEC(la_single_load *) partial;
} mapper_loads;

/* More shapes of partial refreshes than these are made anew each time. */
#define MOST_PARTIAL 16

static void destroy(la_object *object) {
  mapper_loads *self = (mapper_loads *)(void *)object;
  for (int i = 0; i < PURPOSES; i++) {
    la_object_release(self->whole[i]);
  }
  for (size_t i = 0; i < self->partial.count; i++) {
    la_object_release(self->partial.items[i]);
  }
  la_vec_clear(self->alloc, &self->partial);
  la_free(self->alloc, self, sizeof *self);
}

static const la_object_class loads_class = {.name = "mapper's load statements", .destroy = destroy};

static la_status loads_of(la_mapper *mapper, mapper_loads **out, la_error *err) {
  if (mapper->loads == NULL) {
    mapper_loads *made = la_alloc_zero(mapper->alloc, sizeof *made);
    if (made == NULL) {
      return la_fail_nomem(err);
    }
    la_object_init(&made->object, &loads_class);
    made->alloc = mapper->alloc;
    mapper->loads = &made->object;
  }
  *out = (mapper_loads *)(void *)mapper->loads;
  return LA_OK;
}

/* WHERE key = ? AND …, a parameter for each part of the key. */
static la_status add_key(la_engine *engine, la_mapper *mapper, la_single_load *load,
                         la_node **select, la_node_list *params, la_error *err) {
  for (uint32_t k = 0; k < mapper->primary_key_count; k++) {
    la_column *column = mapper->root->primary_key[k]->column;
    la_node *node = NULL, *param = NULL, *condition;
    la_status status;
    LA_TRY(la_single_load_param(load, &engine->sql, column, &param, err));
    LA_TRY(la_node_list_take(params, engine->alloc, param, err));
    LA_TRY(la_column_through(&engine->sql, column, mapper->entity, &node, err));
    condition = la_expr_binary(&engine->sql, LA_OP_EQ, node, param);
    la_node_release(node);
    status = condition != NULL ? la_build_chain_one(select, LA_SELECT_WHERE, condition, err)
                               : la_fail_nomem(err);
    la_node_release(condition);
    LA_TRY(status);
  }
  return LA_OK;
}

/* Compiles a select of `items` by key; `below`: from the tables of `items` alone. */
static la_status make_load(la_engine *engine, la_mapper *mapper, la_node *const *items,
                           size_t count, bool below, const la_translate_request *request,
                           la_single_load **out, la_error *err) {
  la_single_load *load = la_single_load_new(engine->alloc, engine->dialect);
  la_node *select = la_select_new(&engine->sql, items, count);
  la_node_list params = {0};
  la_status status = load != NULL && select != NULL ? LA_OK : la_fail_nomem(err);
  if (status >= 0 && below) {
    status = la_build_replace(&select, la_node_with_flags(select, LA_SELECT_LABELS_TABLE, 0), err);
  }
  if (status >= 0) {
    status = below ? la_subtable_key(engine, mapper, load, items, count, &select, &params, err)
                   : add_key(engine, mapper, load, &select, &params, err);
  }
  if (status >= 0) {
    status = la_single_load_compile(load, engine, select, request, params.list.items,
                                    (uint32_t)params.list.count, err);
  }
  la_node_list_clear(&params, engine->alloc);
  la_node_release(select);
  if (status < 0) {
    la_object_release(load);
    return status;
  }
  *out = load;
  return LA_OK;
}

static la_status use_engine(la_session *session, la_error *err) {
  if (session->engine == NULL) {
    return la_fail(err, LA_UNBOUND_EXECUTION, "Session is not bound to an engine");
  }
  la_session_use_schemas(session);
  return LA_OK;
}

/* How the entity is translated for an object that has kept `kept`, which may be NULL. */
static la_translate_request request_for(const la_kept_options *kept, int purpose) {
  la_translate_request request = {
      .given = true, .refresh = purpose != FOR_GET, .unexpire = purpose == FOR_UNEXPIRE};
  if (kept != NULL) {
    request.options = kept->options;
    request.wildcard = kept->wildcard;
    request.owner = kept->plan;
    request.path = kept->path->up;
  }
  return request;
}

/* The statement of the whole entity as options that an object has kept want it; a new reference. */
static la_status kept_load(la_session *session, la_mapper *mapper, const la_kept_options *kept,
                           int purpose, la_single_load **out, la_error *err) {
  la_translate_request request = request_for(kept, purpose);
  int kind = kept->wildcard != NULL ? purpose | WITH_WILDCARD : purpose;
  la_single_load *known = la_load_plan_own(kept->plan, kept->path, mapper, kind, session->engine);
  la_node *entity = la_mapper_entity(mapper);
  if (known != NULL) {
    *out = la_object_retain(known);
    return LA_OK;
  }
  if (entity == NULL) {
    return la_fail_nomem(err);
  }
  LA_TRY(make_load(session->engine, mapper, &entity, 1, false, &request, out, err));
  la_load_plan_keep_own(kept->plan, kept->path, mapper, kind, *out);
  return LA_OK;
}

/* The statement of the whole entity; a new reference. */
static la_status whole_load(la_session *session, la_mapper *mapper, const la_kept_options *kept,
                            int purpose, la_single_load **out, la_error *err) {
  mapper_loads *loads;
  la_node *entity = la_mapper_entity(mapper);
  la_single_load **place;
  LA_TRY(use_engine(session, err));
  if (kept != NULL) {
    return kept_load(session, mapper, kept, purpose, out, err);
  }
  if (entity == NULL) {
    return la_fail_nomem(err);
  }
  if (mapper->registry != NULL) {
    LA_TRY(la_registry_configure(mapper->registry, err));
  }
  LA_TRY(loads_of(mapper, &loads, err));
  place = &loads->whole[purpose];
  if (*place == NULL || !la_single_load_holds(*place, session->engine)) {
    la_translate_request request = request_for(NULL, purpose);
    la_single_load *made = NULL;
    LA_TRY(make_load(session->engine, mapper, &entity, 1, false, &request, &made, err));
    la_object_release(*place);
    *place = made;
  }
  *out = la_object_retain(*place);
  return LA_OK;
}

static bool has_slots(const la_single_load *load, const uint32_t *slots, size_t count) {
  return load->slots.count == count && memcmp(load->slots.items, slots, count * sizeof *slots) == 0;
}

/* A select of the attributes by key; where the class's own tables have them all, of those alone. */
static la_status make_partial(la_session *session, la_mapper *mapper, const uint32_t *slots,
                              size_t count, la_single_load **out, la_error *err) {
  la_node_list items = {0};
  la_allocator *alloc = session->alloc;
  la_translate_request request = {.given = true};
  la_status status = la_mapper_entity(mapper) != NULL ? LA_OK : la_fail_nomem(err);
  bool below = status >= 0 && la_subtable_has(mapper, slots, count);
  for (size_t i = 0; i < count && status >= 0; i++) {
    la_node *attribute = NULL;
    if (below) {
      attribute = la_node_retain(mapper->slots[slots[i]]->expr);
    } else {
      status = la_mapper_attribute(&session->engine->sql, mapper->slots[slots[i]], mapper->entity,
                                   &attribute, err);
    }
    if (status >= 0) {
      status = la_node_list_take(&items, alloc, attribute, err);
    }
  }
  if (status >= 0) {
    status = make_load(session->engine, mapper, items.list.items, items.list.count, below, &request,
                       out, err);
  }
  la_node_list_clear(&items, alloc);
  for (size_t i = 0; i < count && status >= 0; i++) {
    if (!la_vec_push((*out)->alloc, &(*out)->slots, slots[i])) {
      la_object_release(*out);
      status = la_fail_nomem(err);
    }
  }
  return status;
}

static la_status partial_load(la_session *session, la_mapper *mapper, const uint32_t *slots,
                              size_t count, la_single_load **out, la_error *err) {
  mapper_loads *loads;
  LA_TRY(use_engine(session, err));
  LA_TRY(loads_of(mapper, &loads, err));
  for (size_t i = 0; i < loads->partial.count; i++) {
    la_single_load *load = loads->partial.items[i];
    if (has_slots(load, slots, count) && la_single_load_holds(load, session->engine)) {
      *out = la_object_retain(load);
      return LA_OK;
    }
  }
  LA_TRY(make_partial(session, mapper, slots, count, out, err));
  if (loads->partial.count < MOST_PARTIAL && la_vec_push(loads->alloc, &loads->partial, *out)) {
    la_object_retain(*out);
  }
  return LA_OK;
}

static la_status fail_gone(const la_instance *instance, la_error *err) {
  la_strbuf text;
  la_strbuf_init(&text, instance->mapper->alloc);
  la_instance_describe(instance, &text);
  (void)la_fail(err, LA_OBJECT_DELETED,
                "Instance '<%.*s>' has been deleted, or its row is otherwise not present.",
                LA_TEXT_FORMAT(la_strbuf_view(&text)));
  la_strbuf_clear(&text);
  return LA_OBJECT_DELETED;
}

/* Deferred attributes that were expired are plain unloaded ones once the rest has been read. */
static void settle_expired(la_instance *instance) {
  bool left = false;
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    if (!(instance->slots[i].flags & LA_SLOT_EXPIRED)) {
      continue;
    }
    if (instance->mapper->slots[i]->flags & (LA_PROPERTY_DEFERRED | LA_PROPERTY_QUERY)) {
      instance->slots[i].flags &= (uint8_t)~LA_SLOT_EXPIRED;
    } else {
      left = true;
    }
  }
  if (!left) {
    instance->flags &= ~(uint32_t)LA_INSTANCE_EXPIRED;
  }
}

static la_status run_partial(la_load *load, la_instance *instance, const uint32_t *slots,
                             size_t count, la_error *err) {
  la_single_load *statement = NULL;
  la_run run = {0};
  la_status status;
  LA_TRY(partial_load(load->session, instance->mapper, slots, count, &statement, err));
  status = la_single_load_open(statement, load, &run, instance, NULL, (la_outer){0}, err);
  if (status == LA_OK) {
    status = la_run_step(&run, err);
  }
  if (status == LA_ROW) {
    for (size_t i = 0; i < count && status >= 0; i++) {
      status = la_instance_load(instance, slots[i], &run.values[i], false, err);
    }
    if (status >= 0) {
      status = la_cursor_tell_ran(run.cursor, err);
    }
    la_session_note_class(instance, LA_HEARS_REFRESH, LA_NOTE_REFRESH);
  } else if (status == LA_DONE) {
    status = fail_gone(instance, err);
  }
  la_run_clear(&run);
  la_object_release(statement);
  return status < 0 ? status : LA_OK;
}

/* Runs a statement of the entity for `instance`. */
static la_status run_entity(la_load *load, la_instance *instance, la_single_load *statement,
                            la_error *err) {
  const la_kept_options *kept = la_kept_options_of(instance);
  la_outer outer = {0};
  la_instance **found;
  size_t count;
  if (kept != NULL) {
    outer = la_kept_options_outer(kept);
    LA_TRY(la_load_hold(load, (void *)kept, err));
  }
  LA_TRY(la_single_load_run(load, statement, instance, NULL, outer, 0, &found, &count, err));
  for (size_t i = 0; i < count; i++) {
    if (found[i] == instance) {
      return LA_OK;
    }
  }
  return fail_gone(instance, err);
}

static la_status run_whole(la_load *load, la_instance *instance, int purpose, la_error *err) {
  la_single_load *statement = NULL;
  la_status status;
  LA_TRY(whole_load(load->session, instance->mapper, la_kept_options_of(instance), purpose,
                    &statement, err));
  status = run_entity(load, instance, statement, err);
  la_object_release(statement);
  return status;
}

/* The slots that a refresh reads; `*whole_out`: they are all that a load of the entity reads. */
static la_status expired_slots(la_load *load, const la_instance *instance, uint32_t also,
                               uint32_t **out, size_t *count_out, bool *whole_out, la_error *err) {
  uint32_t *slots = la_arena_alloc(&load->arena, (instance->slot_count + 1u) * sizeof *slots);
  size_t count = 0;
  bool whole = instance->slot_count == instance->mapper->slot_count;
  if (slots == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    bool deferred = instance->mapper->slots[i]->flags & (LA_PROPERTY_DEFERRED | LA_PROPERTY_QUERY);
    bool loaded = instance->slots[i].flags & LA_SLOT_LOADED;
    if (i == also || ((instance->slots[i].flags & LA_SLOT_EXPIRED) && !deferred)) {
      slots[count++] = i;
      whole = whole && !deferred;
    } else if (!deferred) {
      whole = whole && loaded && (instance->slots[i].flags & LA_SLOT_MODIFIED);
    }
  }
  *out = slots;
  *count_out = count;
  *whole_out = whole;
  return LA_OK;
}

static la_status load_expired(la_load *load, la_instance *instance, uint32_t also, la_error *err) {
  uint32_t *slots = NULL;
  size_t count = 0;
  bool whole = false;
  la_status status;
  LA_TRY(expired_slots(load, instance, also, &slots, &count, &whole, err));
  if (count == 0) {
    settle_expired(instance);
    return LA_OK;
  }
  status = whole ? run_whole(load, instance, FOR_UNEXPIRE, err)
                 : run_partial(load, instance, slots, count, err);
  if (status >= 0) {
    settle_expired(instance);
  }
  return status;
}

la_status la_load_expired(la_load *load, la_instance *instance, la_error *err) {
  return load_expired(load, instance, UINT32_MAX, err);
}

/* A deferred attribute, with the others of its group. */
static la_status load_deferred(la_load *load, la_instance *instance, uint32_t slot, la_error *err) {
  const la_property *wanted = instance->mapper->slots[slot];
  uint32_t *slots = la_arena_alloc(&load->arena, (instance->slot_count + 1u) * sizeof *slots);
  size_t count = 0;
  if (slots == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < instance->slot_count; i++) {
    const la_property *property = instance->mapper->slots[i];
    if (i == slot || (wanted->group.bytes != NULL && property->group.bytes != NULL &&
                      la_text_equal(wanted->group, property->group) &&
                      !(instance->slots[i].flags & LA_SLOT_LOADED))) {
      slots[count++] = i;
    }
  }
  return run_partial(load, instance, slots, count, err);
}

la_status la_load_slot(la_load *load, la_instance *instance, uint32_t slot, la_error *err) {
  if (instance->slots[slot].flags & LA_SLOT_EXPIRED) {
    return load_expired(load, instance, slot, err);
  }
  return load_deferred(load, instance, slot, err);
}

static la_status fail_detached(const la_instance *instance, uint32_t slot, la_error *err) {
  la_strbuf text;
  la_strbuf_init(&text, instance->mapper->alloc);
  la_instance_describe(instance, &text);
  if (instance->slots[slot].flags & LA_SLOT_EXPIRED) {
    (void)la_fail_code(
        err, LA_DETACHED_INSTANCE, "bhk3",
        "Instance <%.*s> is not bound to a Session; attribute refresh operation cannot proceed",
        LA_TEXT_FORMAT(la_strbuf_view(&text)));
  } else {
    (void)la_fail_code(err, LA_DETACHED_INSTANCE, "bhk3",
                       "Parent instance <%.*s> is not bound to a Session; deferred load operation "
                       "of attribute '%.*s' "
                       "cannot proceed",
                       LA_TEXT_FORMAT(la_strbuf_view(&text)),
                       LA_TEXT_FORMAT(instance->mapper->slots[slot]->key));
  }
  la_strbuf_clear(&text);
  return LA_DETACHED_INSTANCE;
}

la_status la_load_slots(la_instance *instance, uint32_t slot, la_load *load, la_error *err) {
  const la_property *property = instance->mapper->slots[slot];
  if (!(instance->flags & LA_INSTANCE_KEYED) || slot >= instance->slot_count) {
    return LA_OK; /* not in the database: nothing to read */
  }
  if (property->flags & LA_PROPERTY_QUERY) {
    return LA_OK; /* only a statement of the program's has it */
  }
  if (instance->slots[slot].flags & LA_SLOT_RAISE) {
    return la_fail(err, LA_INVALID_REQUEST, "'%.*s.%.*s' is not available due to raiseload=True",
                   LA_TEXT_FORMAT(instance->mapper->class_name), LA_TEXT_FORMAT(property->key));
  }
  if ((property->flags & LA_PROPERTY_RAISELOAD) &&
      !(instance->slots[slot].flags & LA_SLOT_EXPIRED)) {
    return la_fail(err, LA_INVALID_REQUEST, "'%.*s.%.*s' is not available due to raiseload=True",
                   LA_TEXT_FORMAT(instance->mapper->class_name), LA_TEXT_FORMAT(property->key));
  }
  if (instance->session == NULL) {
    return fail_detached(instance, slot, err);
  }
  LA_TRY(la_load_begin(load, instance->session, err));
  LA_TRY(la_load_pin(load, instance, err));
  return la_load_slot(load, instance, slot, err);
}

/* The one in the map, read again if it is expired. LA_DONE if the map can't answer. */
static la_status get_from_map(la_session *session, la_mapper *mapper, const la_value *key,
                              la_load *load, la_instance **out, la_error *err) {
  la_instance *found =
      la_identity_find(&session->map, mapper->root, key, la_identity_hash(mapper->root, key));
  if (found == NULL) {
    return LA_DONE;
  }
  if (!la_mapper_is_a(found->mapper, mapper) || (found->flags & LA_INSTANCE_GONE)) {
    return LA_OK;
  }
  LA_TRY(la_load_begin(load, session, err));
  LA_TRY(la_load_pin(load, found, err));
  if (la_instance_is_expired(found)) {
    la_status status = la_load_expired(load, found, err);
    if (status == LA_OBJECT_DELETED) {
      la_error_clear(err);
      return la_session_lose(session, found, err);
    }
    LA_TRY(status);
  }
  *out = found;
  return LA_OK;
}

la_status la_load_get(la_session *session, la_mapper *mapper, const la_value *key,
                      bool populate_existing, la_load *load, la_instance **out, la_error *err) {
  la_single_load *statement = NULL;
  la_instance **found;
  size_t count;
  la_status status;
  *out = NULL;
  if (!populate_existing) {
    status = get_from_map(session, mapper, key, load, out, err);
    if (status != LA_DONE) {
      return status;
    }
  }
  LA_TRY(la_load_begin(load, session, err));
  load->populate_existing = populate_existing;
  LA_TRY(whole_load(session, mapper, NULL, FOR_GET, &statement, err));
  status = la_single_load_run(load, statement, NULL, key, (la_outer){0}, 0, &found, &count, err);
  la_object_release(statement);
  LA_TRY(status);
  for (size_t i = 1; i < count; i++) { /* concrete classes may have equal keys */
    if (found[i] != found[0]) {
      return la_fail(err, LA_MULTIPLE_RESULTS,
                     "Multiple rows were found when exactly one was required");
    }
  }
  if (count != 0 && la_mapper_is_a(found[0]->mapper, mapper)) {
    *out = found[0];
  }
  return LA_OK;
}

static la_status fail_refresh(const la_instance *instance, const char *format_before,
                              const char *after, la_error *err) {
  la_strbuf text;
  la_strbuf_init(&text, instance->mapper->alloc);
  la_instance_describe(instance, &text);
  (void)la_fail(err, LA_INVALID_REQUEST, "%s'<%.*s>'%s", format_before,
                LA_TEXT_FORMAT(la_strbuf_view(&text)), after);
  la_strbuf_clear(&text);
  return LA_INVALID_REQUEST;
}

/* Reads `only`, relationships among them, by one statement and what it brings. */
static la_status run_only(la_load *load, la_instance *instance, la_property *const *only,
                          uint32_t count, la_error *err) {
  la_translate_request request = request_for(la_kept_options_of(instance), FOR_REFRESH);
  la_node *entity = la_mapper_entity(instance->mapper);
  la_single_load *statement = NULL;
  la_status status;
  request.only = (const la_property *const *)only;
  request.only_count = count;
  LA_TRY(use_engine(load->session, err));
  if (entity == NULL) {
    return la_fail_nomem(err);
  }
  LA_TRY(make_load(load->session->engine, instance->mapper, &entity, 1, false, &request, &statement,
                   err));
  status = run_entity(load, instance, statement, err);
  la_object_release(statement);
  return status;
}

/* Expires the named attributes and reads them. */
/* Adds a slot to those before it, in the order in which they are mapped. */
static void add_slot(uint32_t *slots, size_t count, uint32_t slot) {
  for (; count > 0 && slots[count - 1] > slot; count--) {
    slots[count] = slots[count - 1];
  }
  slots[count] = slot;
}

static la_status refresh_keys(la_instance *instance, const la_text *keys, uint32_t key_count,
                              la_load *load, la_error *err) {
  la_mapper *mapper = instance->mapper;
  uint32_t *slots = la_arena_alloc(&load->arena, (instance->slot_count + 1u) * sizeof *slots);
  la_property **only = la_arena_alloc(&load->arena, (key_count + 1u) * sizeof *only);
  size_t count = 0;
  if (slots == NULL || only == NULL) {
    return la_fail_nomem(err);
  }
  for (uint32_t i = 0; i < key_count; i++) {
    la_property *property = la_mapper_property(mapper, keys[i]);
    if (property == NULL) {
      return la_fail(err, LA_INVALID_REQUEST,
                     "Entity namespace for \"%.*s\" has no property \"%.*s\"",
                     LA_TEXT_FORMAT(mapper->class_name), LA_TEXT_FORMAT(keys[i]));
    }
    only[i] = property;
    if (property->kind != LA_PROPERTY_RELATIONSHIP) {
      la_instance_expire_slot(instance, property->slot);
      add_slot(slots, count++, property->slot);
    } else if (property->slot < instance->link_count) {
      la_link_expire(instance, property->slot);
    }
  }
  if (key_count == 0) {
    return LA_OK;
  }
  LA_TRY(count == key_count ? run_partial(load, instance, slots, count, err)
                            : run_only(load, instance, only, key_count, err));
  settle_expired(instance);
  return LA_OK;
}

la_status la_load_refresh(la_session *session, la_instance *instance, const la_text *keys,
                          uint32_t key_count, la_load *load, la_error *err) {
  la_status status;
  la_error gone = LA_ERROR_INIT;
  if (instance->session != session || la_instance_state(instance) != LA_STATE_PERSISTENT) {
    return fail_refresh(instance, "Could not refresh instance ", "", err);
  }
  LA_TRY(la_load_begin(load, session, err));
  LA_TRY(la_load_pin(load, instance, err));
  if (keys != NULL) {
    status = refresh_keys(instance, keys, key_count, load, &gone);
  } else {
    status = run_whole(load, instance, FOR_REFRESH, &gone);
    if (status >= 0) {
      settle_expired(instance);
    }
  }
  if (status == LA_OBJECT_DELETED) {
    return fail_refresh(instance, "Could not refresh instance ", "", err);
  }
  if (status < 0 && err != NULL) {
    *err = gone;
  }
  return status;
}
