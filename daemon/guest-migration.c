/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-migration.h"

Migration *guest_migration_current(const Manager *manager, const char *uuid,
                                   MigrationDirection direction) {
        Migration *migration = migration_log_current(manager->migrations, uuid);

        return migration && migration->direction == direction ? migration : NULL;
}

bool guest_migration_enter(Manager *manager, Migration *migration, MigrationState state,
                           const char *reason) {
        g_autoptr(GError) error = NULL;

        if (migration->state == state)
                return true;
        if (migration_state_is_final(migration->state))
                return false;
        if (migration_log_enter(manager->migrations, migration, state, reason, &error))
                return true;

        g_warning("%s: %s", migration->domain_name, error->message);
        return false;
}

void guest_migration_roll_back(Manager *manager, Migration *migration, const char *reason) {
        if (migration->state == MIGRATION_ABORTING && migration->reason)
                reason = NULL; /* who began to abort knew better */

        (void)guest_migration_enter(manager, migration, MIGRATION_ABORTING, reason);
        (void)guest_migration_enter(manager, migration, MIGRATION_ROLLED_BACK, reason);
}
