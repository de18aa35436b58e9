/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The record of a guest's move, for those who learn after the fact how it goes: what cannot be
 * stored is told in the journal.
 */

#include "daemon/manager.h"

/* The latest in this direction that has not ended; NULL. */
Migration *guest_migration_current(const Manager *manager, const char *uuid,
                                   MigrationDirection direction);
/* Whether it is in this state now. One that has ended stays as it is. */
bool guest_migration_enter(Manager *manager, Migration *migration, MigrationState state,
                           const char *reason);
/* By way of `aborting`. */
void guest_migration_roll_back(Manager *manager, Migration *migration, const char *reason);
