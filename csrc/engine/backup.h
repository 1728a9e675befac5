/* SPDX-License-Identifier: MIT */
/*
 * A copy of a database into that of another connection, made in steps.
 *
 * Inits in place and stays there, owned by its caller; retains both raw connections. From open to
 * close nothing else may be asked of the target; the source works on, and what is written through
 * the same connection goes into the copy.
 */
#ifndef LA_ENGINE_BACKUP_H
#define LA_ENGINE_BACKUP_H

#include "engine/connection.h"

#pragma GCC visibility push(hidden)

typedef struct la_backup {
  la_raw *source, *target;  /* NULL when closed */
  la_driver_backup *handle; /* NULL when abandoned */
  int64_t remaining, total; /* pages, as of the last step */
} la_backup;

/* `source_name` and `target_name` are names of databases ("main"). LA_INVALID_REQUEST if the target
 * has a transaction open, or is the source. */
la_status la_backup_open(la_backup *backup, la_connection *source, la_text source_name,
                         la_connection *target, la_text target_name, la_error *err);
/* Copies up to `pages` pages, all of them with -1. LA_ROW: there is more; LA_DONE; or a failure. */
la_status la_backup_step(la_backup *backup, int pages, la_error *err);
/* Ends the copy before its target's handle goes; the next step fails. */
void la_backup_abandon(la_backup *backup);
/* Accepts a closed or zeroed backup. One that is not done leaves the target as it was. */
void la_backup_close(la_backup *backup);

#pragma GCC visibility pop

#endif
