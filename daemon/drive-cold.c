/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive-cold.h"

#include <string.h>

#include "daemon/core/strategy.h"
#include "daemon/drive-failure.h"
#include "daemon/guest-metadata.h"
#include "daemon/guest-migration.h"
#include "daemon/slices.h"

bool drive_cold_is(const Migration *migration) {
        return g_strcmp0(migration->plan.strategy, strategy_to_string(STRATEGY_COLD)) == 0;
}

/* What its devices are goes along in its definition. */
bool drive_cold_shut_down(const Manager *manager, const char *uuid, const char *xml,
                          GError **error) {
        const VirtOps *virt = manager->virt;
        g_autoptr(Metadata) metadata = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autofree char *text = NULL;

        domain = domain_from_xml(xml, strlen(xml), error);
        if (!domain)
                return false;

        metadata = guest_metadata(domain, manager->inventory, manager->leases);
        if (!metadata)
                metadata = metadata_new();
        for (guint i = 0; i < metadata->devices->len; i++)
                g_clear_pointer(&((MetadataDevice *)metadata->devices->pdata[i])->unplugged,
                                unplugged_free); /* the definition has the device */
        text = metadata_to_libvirt(metadata);
        virt->shut_down(virt->userdata, uuid, text, manager->config->shutdown_timeout_ms);
        return true;
}

/* From here on it may run there, so a daemon that is killed must not start it here. */
const char *drive_cold_on_shut_down(Manager *manager, Migration *migration, bool stopped,
                                    const GuestEvent *event) {
        const VirtOps *virt = manager->virt;

        if (event->detail)
                return event->detail;
        if (!stopped && migration &&
            guest_migration_enter(manager, migration, MIGRATION_SWITCHOVER, NULL))
                return NULL;

        virt->start(virt->userdata, event->uuid);
        return stopped ? "Stopped on request" : "The state of the migration could not be stored";
}

static void lose(Manager *manager, Migration *migration, const char *reason) {
        g_autofree char *sentence = NULL;

        sentence = g_strdup_printf("%s: it may run at the destination, so look there before it is "
                                   "started here",
                                   reason);
        (void)guest_migration_enter(manager, migration, MIGRATION_ABORTING, sentence);
        (void)guest_migration_enter(manager, migration, MIGRATION_FAILED, sentence);
}

/* Nothing else tells of it, and nobody else starts it. */
void drive_cold_on_moved(Manager *manager, Migration *migration, const GuestEvent *event) {
        const VirtOps *virt = manager->virt;

        if (event->job->success) {
                (void)guest_migration_enter(manager, migration, MIGRATION_FINISHED, NULL);
                slices_on_released(manager->slices, migration->domain_uuid, true);
        } else if (event->running)
                lose(manager, migration, event->job->error);
        else if (migration->state == MIGRATION_SWITCHOVER)
                virt->start(virt->userdata, event->uuid);
}

void drive_cold_recover(Manager *manager, Migration *migration) {
        const VirtOps *virt = manager->virt;

        if (migration->state > MIGRATION_CHECKED) {
                lose(manager, migration, "virtferryd was killed while the guest was shut down");
                return;
        }
        drive_failure_roll_back(manager, migration,
                                "virtferryd was killed while the guest was shut down: it is "
                                "started here again");
        virt->start(virt->userdata, migration->domain_uuid);
}
