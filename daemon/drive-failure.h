/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the record of a move says of why it failed: one sentence, the last and
 * truest that is known. Used by drive.
 */

#include "daemon/manager.h"

/* Of libvirt's error, which may be NULL. */
char *drive_failure_reason(const char *error);
/* Into the record, whose state stays. */
void drive_failure_note(const Manager *manager, Migration *migration, const char *reason);
/* The move has failed, which may be known already. */
void drive_failure_end(Manager *manager, Migration *migration, const char *reason);
/* It fails before it could have begun. */
void drive_failure_roll_back(Manager *manager, Migration *migration, const char *reason);
