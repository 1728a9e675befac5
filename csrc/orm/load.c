/* SPDX-License-Identifier: MIT */
/*
 * Running compiled statements for a session: whole, limited, or as a stream, and what is loaded
 * after the rows.
 */
#include "orm/later.h"

la_status la_load_begin(la_load *load, la_session *session, la_error *err) {
  if (load->pending != NULL) {
    return LA_OK;
  }
  LA_TRY(la_session_check(session, err));
  load->pending = la_alloc_zero(session->alloc, sizeof *load->pending);
  if (load->pending == NULL) {
    return la_fail_nomem(err);
  }
  load->session = la_object_retain(session);
  load->bind = session->bind;
  load->token = session->map.token;
  la_arena_init(&load->arena, session->alloc);
  return LA_OK;
}

la_status la_load_compile(la_load *load, la_session *session, const la_node *statement,
                          la_error *err) {
  bool cached;
  LA_TRY(la_load_begin(load, session, err));
  return la_session_compile(session, statement, &load->compiled, &cached, err);
}

la_status la_load_pin(la_load *load, la_instance *instance, la_error *err) {
  if (!la_vec_push(load->session->alloc, &load->pinned, instance)) {
    return la_fail_nomem(err);
  }
  la_instance_pin(instance);
  return LA_OK;
}

la_status la_load_hold(la_load *load, void *object, la_error *err) {
  if (!la_vec_push(load->session->alloc, &load->pending->held, object)) {
    return la_fail_nomem(err);
  }
  la_object_retain(object);
  return LA_OK;
}

void la_load_warn_several(const la_session *session, const la_relationship *relationship,
                          const char *how) {
  la_warn(session->sql->warnings,
          "Multiple rows returned with uselist=False for %s-loaded attribute '%.*s.%.*s'", how,
          LA_TEXT_FORMAT(relationship->parent->class_name), LA_TEXT_FORMAT(relationship->key));
}

la_status la_load_add_link(la_load *load, la_instance *instance, uint32_t link,
                           la_instance **members, size_t count, la_error *err) {
  la_link_load found = {.instance = instance, .link = link, .members = members, .count = count};
  return la_vec_push(load->session->alloc, &load->links, found) ? LA_OK : la_fail_nomem(err);
}

/* Criteria of later loads name PARAMs of the statement, which may be gone by then. */
static la_status keep_params(la_load *load, const la_node *const *params, uint32_t count,
                             la_error *err) {
  la_allocator *alloc = load->session->alloc;
  if (load->plan == NULL || (load->plan->param_count == 0 && load->plan->inputs.count == 0)) {
    return LA_OK;
  }
  for (uint32_t i = 0; i < count; i++) {
    if (!la_vec_push(alloc, &load->pending->params, (la_node *)params[i])) {
      return la_fail_nomem(err);
    }
    la_node_retain(params[i]);
  }
  return LA_OK;
}

static la_outer outer_of(const la_load *load) {
  if (load->plan->param_count == 0) {
    return (la_outer){0};
  }
  return (la_outer){.params = (const la_node *const *)load->pending->params.items,
                    .count = (uint32_t)load->pending->params.count};
}

static la_status start(la_load *load, la_session *session, la_compiled *compiled,
                       const la_node *const *params, uint32_t param_count, la_error *err) {
  LA_TRY(la_load_begin(load, session, err));
  if (compiled->extra == NULL) {
    return la_fail(err, LA_INVALID_REQUEST, "This statement has no load plan");
  }
  if (load->compiled == NULL) {
    load->compiled = la_object_retain(compiled);
  }
  load->plan = (const la_load_plan *)(const void *)compiled->extra;
  LA_TRY(keep_params(load, params, param_count, err));
  if (!load->plan->single) {
    return la_rows_init(&load->rows, session->alloc, load->plan->part_count, err);
  }
  return LA_OK;
}

/* Keeps the row at hand. Repeated parents are dropped where asked: they are marked while the run
 * lasts. */
static la_status keep_row(la_load *load, la_run *run, la_error *err) {
  la_instance *root = run->root;
  if (!load->plan->single) {
    bool is_new = true;
    if (load->unique_rows) {
      LA_TRY(la_row_set_add(&run->given, &load->rows, run->values, &is_new, err));
    }
    return is_new ? la_rows_add(&load->rows, run->values, err) : LA_OK;
  }
  if (root != NULL && load->unique) {
    if (root->flags & LA_INSTANCE_MARKED) {
      la_instance_unpin(root);
      return LA_OK;
    }
    root->flags |= LA_INSTANCE_MARKED;
  }
  if (!la_vec_push(load->session->alloc, &load->entities, root)) {
    if (root != NULL) {
      root->flags &= ~(uint32_t)LA_INSTANCE_MARKED;
      la_instance_unpin(root);
    }
    return la_fail_nomem(err);
  }
  return LA_OK;
}

static void unmark(la_load *load) {
  for (size_t i = 0; load->unique && i < load->entities.count; i++) {
    if (load->entities.items[i] != NULL) {
      load->entities.items[i]->flags &= ~(uint32_t)LA_INSTANCE_MARKED;
    }
  }
}

/* Reads up to `limit` rows (0: all). LA_ROW if there may be more. */
static la_status read_rows(la_load *load, la_run *run, size_t limit, la_error *err) {
  la_status status = LA_ROW;
  size_t count = 0;
  while (status == LA_ROW && (limit == 0 || count < limit)) {
    status = la_run_step(run, err);
    if (status == LA_ROW) {
      la_status kept = keep_row(load, run, err);
      if (kept < 0) {
        status = kept;
      }
      count++;
    }
  }
  unmark(load);
  return status;
}

la_status la_load_run(la_load *load, la_session *session, la_compiled *compiled,
                      const la_node *const *params, uint32_t param_count, la_param_lookup lookup,
                      void *lookup_context, size_t limit, la_error *err) {
  la_run run;
  la_status status = start(load, session, compiled, params, param_count, err);
  if (status >= 0 && load->plan->inputs.count != 0) {
    params = (const la_node *const *)load->pending->params.items;
    load->pending->lookup = lookup;
    load->pending->lookup_context = lookup_context;
  }
  if (status < 0) {
    return status;
  }
  status = la_run_init(&run, load, load->plan, outer_of(load), err);
  run.inputs.looks_up = lookup != NULL;
  if (status >= 0) {
    status = la_run_open(&run, compiled, params, param_count, lookup, lookup_context, err);
  }
  if (status >= 0) {
    status = read_rows(load, &run, limit, err);
  }
  if (status >= 0) {
    status = la_cursor_tell_ran(run.cursor, err);
  }
  if (status >= 0) {
    status = la_run_finish(&run, err);
  }
  la_run_clear(&run);
  return status < 0 ? status : LA_OK;
}

const la_relationship *la_load_next_relationship(const la_load *load) {
  const struct la_load_pending *pending = load->pending;
  const la_job *job = pending != NULL && pending->next < pending->jobs.count
                          ? &pending->jobs.items[pending->next]
                          : NULL;
  return job != NULL && job->behind == NULL ? job->link->relationship : NULL;
}

la_status la_load_eager(la_load *load, la_error *err) {
  struct la_load_pending *pending = load->pending;
  if (pending == NULL || pending->next == pending->jobs.count) {
    return LA_DONE;
  }
  la_job job = pending->jobs.items[pending->next++];
  LA_TRY(la_later_run(load, &job, err));
  return LA_ROW;
}

static void drop_delivered(la_load *load) {
  la_allocator *alloc = load->session->alloc;
  for (size_t i = 0; i < load->entities.count; i++) {
    if (load->entities.items[i] != NULL) {
      la_instance_unpin(load->entities.items[i]);
    }
  }
  for (size_t i = 0; i < load->pinned.count; i++) {
    la_instance_unpin(load->pinned.items[i]);
  }
  la_rows_drop(&load->rows);
  load->entities.count = load->pinned.count = load->links.count = 0;
  load->pending->jobs.count = load->pending->next = 0;
  for (size_t i = 0; i < load->pending->held.count; i++) {
    la_object_release(load->pending->held.items[i]);
  }
  la_vec_clear(alloc, &load->pending->held);
}

void la_load_free(la_load *load) {
  struct la_load_pending *pending = load->pending;
  la_session *session = load->session;
  la_allocator *alloc;
  if (pending == NULL) { /* only a link that needed no statement */
    if (load->arena.alloc != NULL) {
      la_vec_clear(load->arena.alloc, &load->links);
      la_arena_clear(&load->arena);
      *load = (la_load){0};
    }
    return;
  }
  alloc = session->alloc;
  if (pending->stream != NULL) {
    la_run_clear(pending->stream);
    la_free(alloc, pending->stream, sizeof *pending->stream);
  }
  drop_delivered(load);
  la_vec_clear(alloc, &load->entities);
  la_vec_clear(alloc, &load->pinned);
  la_vec_clear(alloc, &load->links);
  la_rows_clear(&load->rows);
  for (size_t i = 0; i < pending->params.count; i++) {
    la_node_release(pending->params.items[i]);
  }
  la_vec_clear(alloc, &pending->params);
  la_vec_clear(alloc, &pending->jobs);
  la_free(alloc, pending, sizeof *pending);
  la_object_release(load->compiled);
  la_arena_clear(&load->arena);
  *load = (la_load){0};
  la_object_release(session);
}

la_status la_load_open(la_load *load, la_cursor *cursor, la_session *session, la_compiled *compiled,
                       const la_node *const *params, uint32_t param_count, la_param_lookup lookup,
                       void *lookup_context, la_error *err) {
  la_run *run;
  LA_TRY(start(load, session, compiled, params, param_count, err));
  if (load->plan->needs_unique || load->plan->embedded.count != 0) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "Can't use yield_per with eager loaders that require uniquing or row buffering, "
                   "e.g. joinedload() "
                   "against collections or subqueryload().  Consider the selectinload() strategy "
                   "for better flexibility "
                   "in loading objects.");
  }
  run = load->pending->stream = la_alloc_zero(session->alloc, sizeof *run);
  if (run == NULL) {
    return la_fail_nomem(err);
  }
  LA_TRY(la_run_init(run, load, load->plan, outer_of(load), err));
  run->cursor = cursor;
  LA_TRY(la_run_open(run, compiled, params, param_count, lookup, lookup_context, err));
  la_cursor_make_stream(cursor);
  return LA_OK;
}

la_status la_load_read(la_load *load, la_cursor *cursor, size_t limit, la_error *err) {
  la_run *run = load->pending != NULL ? load->pending->stream : NULL;
  la_status status;
  if (run == NULL || run->cursor != cursor) {
    return la_fail(err, LA_RESOURCE_CLOSED, "This result object is closed.");
  }
  drop_delivered(load);
  load->session->map.token = load->token; /* another shard may have been read since the last part */
  LA_TRY(la_run_restart(run, err));
  status = read_rows(load, run, limit, err);
  if (status >= 0) {
    la_status finished = la_run_finish(run, err);
    status = finished < 0 ? finished : status;
  }
  return status;
}
