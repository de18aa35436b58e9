/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/recover.h"

#include "daemon/drive.h"
#include "daemon/guest-migration.h"
#include "daemon/hardware.h"

static bool domain_is_active(const Manager *manager, const char *uuid) {
        return g_hash_table_contains(manager->active, uuid);
}

/* What cannot be given back now stays `releasing` and is tried again when its
 * time has come; a store that cannot be written is the same case. */
static void release_or_retry(Manager *manager, Lease *lease) {
        g_autoptr(GError) error = NULL;

        if (!hardware_release(manager, lease, &error))
                g_warning("%s, trying again later", error->message);
}

void recover_domain(Manager *manager, const char *domain_uuid, const char *reason) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, domain_uuid);
        Migration *migration;

        for (guint i = 0; i < leases->len; i++)
                release_or_retry(manager, leases->pdata[i]);

        migration = migration_log_current(manager->migrations, domain_uuid);
        if (migration && migration->direction == MIGRATION_INCOMING)
                guest_migration_roll_back(manager, migration, reason);
}

void recover_superseded(Manager *manager, Migration *migration) {
        if (migration->direction == MIGRATION_OUTGOING)
                (void)guest_migration_enter(manager, migration, MIGRATION_FINISHED, NULL);
        else
                guest_migration_roll_back(manager, migration,
                                          "The guest was sent again before this attempt had ended");
}

void recover_after_start(Manager *manager) {
        g_autoptr(GPtrArray) leases = lease_book_list(manager->leases);

        for (guint i = 0; i < leases->len; i++) {
                Lease *lease = leases->pdata[i];

                /* Whoever waited for a trial has gone with the daemon that began it. */
                if (lease->state == LEASE_RELEASING || lease_is_trial(lease))
                        release_or_retry(manager, lease);
        }
}

/* A lease with an expiry waits for a guest on its way, and time decides. */
static bool lease_is_orphan(const Manager *manager, const Lease *lease) {
        return lease->expires == 0 && !domain_is_active(manager, lease->domain_uuid);
}

static void recover_migrations(Manager *manager) {
        g_autoptr(GPtrArray) migrations = migration_log_list(manager->migrations);

        for (guint i = 0; i < migrations->len; i++) {
                Migration *migration = migrations->pdata[i];
                g_autoptr(GPtrArray) leases = NULL;

                if (migration_state_is_final(migration->state))
                        continue;

                if (migration->direction == MIGRATION_OUTGOING) {
                        if (!domain_is_active(manager, migration->domain_uuid) &&
                            !drive_recover_cold(manager->drive, migration))
                                (void)guest_migration_enter(manager, migration, MIGRATION_FINISHED,
                                                            NULL);
                        else if (domain_is_active(manager, migration->domain_uuid) && manager->virt)
                                manager->virt->follow_job(manager->virt->userdata,
                                                          migration->domain_uuid);
                        continue;
                }

                leases = lease_book_list_domain(manager->leases, migration->domain_uuid);
                if (leases->len == 0 && !domain_is_active(manager, migration->domain_uuid))
                        guest_migration_roll_back(
                                manager, migration,
                                "The guest was not here any more when libvirt was asked");
        }
}

void recover_after_list(Manager *manager) {
        g_autoptr(GPtrArray) leases = lease_book_list(manager->leases);

        for (guint i = 0; i < leases->len; i++) {
                Lease *lease = leases->pdata[i];

                if (lease_is_orphan(manager, lease))
                        release_or_retry(manager, lease);
        }

        recover_migrations(manager);
}

/* QEMU may take its time to come up, and libvirt may be away: then the device
 * is kept, since it could be in a guest's hands. */
static void prolong(Manager *manager, Lease *lease) {
        int64_t expires = 0;
        g_autoptr(GError) error = NULL;

        if (!domain_is_active(manager, lease->domain_uuid))
                expires = manager->now() + (int64_t)manager->config->lease_timeout_usec;

        if (!lease_book_enter(manager->leases, lease, lease->state, expires, &error))
                g_warning("%s", error->message);
}

void recover_expired(Manager *manager, Lease *lease) {
        g_autofree char *uuid = g_strdup(lease->domain_uuid);

        switch (lease->state) {
        case LEASE_RELEASING:
                release_or_retry(manager, lease);
                return;
        case LEASE_CLAIMED:
                if (domain_is_active(manager, uuid) || (manager->virt && !manager->libvirt_known)) {
                        prolong(manager, lease);
                        return;
                }
                break;
        case LEASE_RESERVED:
        case LEASE_RUNNING:
                break;
        case _LEASE_STATE_MAX:
        case _LEASE_STATE_INVALID:
                g_assert_not_reached();
        }

        recover_domain(manager, uuid, "The guest did not come in time: its lease has expired");
}
