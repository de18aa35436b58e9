/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive-failure.h"

#include <string.h>

#include "daemon/forecast.h"
#include "daemon/guest-migration.h"

#define HOOK_PREFIX "virt-ferry: "

/* libvirt tells the whole way that an error has come; a hook's own words are at its end. */
static const char *last_words(const char *error) {
        const char *words = error ?: "libvirt gives no reason";

        for (const char *p = words; (p = strstr(p, HOOK_PREFIX)); p += strlen(HOOK_PREFIX))
                words = p + strlen(HOOK_PREFIX);
        return words;
}

char *drive_failure_reason(const char *error) {
        return g_strchomp(g_strdup(last_words(error)));
}

void drive_failure_roll_back(Manager *manager, Migration *migration, const char *reason) {
        forecasts_forget(manager->forecasts, migration);
        guest_migration_roll_back(manager, migration, reason);
}

void drive_failure_note(const Manager *manager, Migration *migration, const char *reason) {
        g_autoptr(GError) error = NULL;

        g_free(migration->reason);
        migration->reason = g_strdup(reason);
        if (!migration_log_update(manager->migrations, migration, &error))
                g_warning("%s: %s", migration->domain_name, error->message);
}

/* An event may have told before that it failed, and never says why. */
void drive_failure_end(Manager *manager, Migration *migration, const char *reason) {
        if (!migration_state_is_final(migration->state))
                drive_failure_roll_back(manager, migration, reason);
        else if (migration->state == MIGRATION_ROLLED_BACK)
                drive_failure_note(manager, migration, reason);
}
