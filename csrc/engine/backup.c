/* SPDX-License-Identifier: MIT */
#include "engine/backup.h"

static la_status check(const la_connection *connection, la_error *err) {
  if (connection->closed || connection->raw == NULL) {
    return la_fail(err, LA_RESOURCE_CLOSED, "This Connection is closed");
  }
  if (connection->raw->driver->backup_open == NULL) {
    return la_fail(err, LA_NOT_SUPPORTED, "the driver \"%s\" makes no backups",
                   connection->raw->driver->name);
  }
  return la_raw_check_usable(connection->raw, err);
}

la_status la_backup_open(la_backup *backup, la_connection *source, la_text source_name,
                         la_connection *target, la_text target_name, la_error *err) {
  LA_TRY(check(source, err));
  LA_TRY(check(target, err));
  la_raw *from = source->raw, *to = target->raw;
  if (from == to || from->driver != to->driver) {
    return la_fail(err, LA_INVALID_REQUEST, "a backup goes into %s",
                   from == to ? "another database than the one that is copied"
                              : "a database of the same kind");
  }
  if (to->driver->in_transaction(to->handle)) {
    return la_fail(err, LA_INVALID_REQUEST,
                   "a backup can't go into a database in whose transaction something is open: "
                   "commit or roll back first");
  }
  la_raw_close_cursors(to);
  LA_TRY(from->driver->backup_open(from->handle, source_name, to->handle, target_name,
                                   &backup->handle, err));
  backup->source = la_object_retain(from);
  backup->target = la_object_retain(to);
  to->refusal = "a backup into this database is under way";
  to->incoming = backup;
  return LA_OK;
}

la_status la_backup_step(la_backup *backup, int pages, la_error *err) {
  la_raw *source = backup->source, *target = backup->target;
  if (source == NULL || source->handle == NULL || backup->handle == NULL) {
    return la_fail(err, LA_RESOURCE_CLOSED,
                   "a connection of the backup was closed before it was done");
  }
  LA_TRY(la_raw_check_usable(source, err));
  source->inside++; /* a busy handler may be called */
  target->inside++;
  la_status status =
      source->driver->backup_step(backup->handle, pages, &backup->remaining, &backup->total, err);
  target->inside--;
  source->inside--;
  return status;
}

void la_backup_abandon(la_backup *backup) {
  backup->source->driver->backup_close(backup->handle);
  backup->handle = NULL;
  backup->target->incoming = NULL;
}

void la_backup_close(la_backup *backup) {
  la_raw *source = backup->source, *target = backup->target;
  if (source == NULL) {
    return;
  }
  if (backup->handle != NULL) {
    la_backup_abandon(backup);
  }
  target->refusal = NULL;
  *backup = (la_backup){0};
  la_object_release(target);
  la_object_release(source);
}
