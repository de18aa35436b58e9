/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-leave.h"

#include "daemon/core/model.h"
#include "daemon/drive.h"
#include "daemon/forecast.h"
#include "daemon/guest-migration.h"
#include "daemon/mediation.h"
#include "daemon/replug.h"
#include "daemon/slices.h"

static void follow_further(Manager *manager, const char *uuid) {
        if (manager->virt)
                manager->virt->follow_job(manager->virt->userdata, uuid);
}

/* As for a move of our own, with what its job tells; libvirt does not tell where it goes. */
static void allow_downtime(Manager *manager, Migration *migration, const GuestEvent *event) {
        GuestMemory memory = { .total = event->job ? event->job->memory_total : 0 };
        int64_t allowed_ms = forecasts_plan(manager->forecasts, migration, NULL, memory);

        if (manager->virt && allowed_ms > MODEL_ALLOWED_DEFAULT_MS)
                manager->virt->raise_max_downtime(manager->virt->userdata, event->uuid, allowed_ms);
}

/* The first that is heard of a move that somebody else began. */
static Migration *note_outgoing(Manager *manager, const GuestEvent *event) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, event->uuid);
        g_autoptr(GError) error = NULL;
        Migration *migration;

        if (leases->len == 0 && !slice_book_find(slices_book(manager->slices), event->uuid))
                return NULL;

        migration = migration_new(MIGRATION_OUTGOING, event->uuid, event->name);
        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];

                migration_add_device(migration, lease->name, lease->class_name, lease->type,
                                     lease->device, NULL, NULL);
        }

        allow_downtime(manager, migration, event);
        migration = migration_log_add(manager->migrations, migration, MIGRATION_PRECOPY, &error);
        if (!migration)
                g_warning("%s: %s", event->name, error->message);
        else
                follow_further(manager, event->uuid);
        return migration;
}

static Migration *outgoing(Manager *manager, const GuestEvent *event) {
        Migration *migration = guest_migration_current(manager, event->uuid, MIGRATION_OUTGOING);

        if (!migration)
                return note_outgoing(manager, event);
        if (migration->state < MIGRATION_PRECOPY) {
                (void)guest_migration_enter(manager, migration, MIGRATION_PRECOPY, NULL);
                follow_further(manager, event->uuid);
        }
        return migration;
}

static void note_figures(Manager *manager, Migration *migration, const GuestJob *job) {
        g_autoptr(GError) error = NULL;

        migration->iterations = MAX(migration->iterations, job->iteration);
        if (job->memory_bytes > 0) {
                migration->memory_bytes = job->memory_bytes;
                migration->vfio_bytes = job->vfio_bytes;
                migration->memory_total = job->memory_total;
                migration->memory_remaining = job->memory_remaining;
        }
        if (job->downtime_ms >= 0 && job->success)
                migration->downtime_ms = job->downtime_ms;
        if (job->total_ms >= 0)
                migration->total_ms = job->total_ms;
        if (job->setup_ms >= 0)
                migration->setup_ms = job->setup_ms;
        if (job->dirty_rate > 0)
                migration->dirty_rate = job->dirty_rate;

        if (!migration_log_update(manager->migrations, migration, &error))
                g_warning("%s: %s", migration->domain_name, error->message);
}

void guest_leave_on_job(Manager *manager, const GuestEvent *event) {
        const Migration *before = guest_migration_current(manager, event->uuid, MIGRATION_OUTGOING);
        bool first = !before || before->state < MIGRATION_PRECOPY;
        Migration *migration = outgoing(manager, event);

        if (first)
                mediations_on_leaving(manager->mediations, event->uuid);

        if (migration && event->job)
                note_figures(manager, migration, event->job);
}

void guest_leave_on_job_done(Manager *manager, const GuestEvent *event) {
        Migration *migration = migration_log_latest(manager->migrations, event->uuid);

        if (!migration || migration->direction != MIGRATION_OUTGOING || !event->job)
                return;
        note_figures(manager, migration, event->job);
        if (event->job->success)
                forecasts_learn(manager->forecasts, migration, event->job);
}

void guest_leave_on_leaving(Manager *manager, const GuestEvent *event) {
        Migration *migration = outgoing(manager, event);

        if (migration)
                (void)guest_migration_enter(manager, migration, MIGRATION_SWITCHOVER, NULL);
}

void guest_leave_on_stayed(Manager *manager, const GuestEvent *event) {
        Migration *migration = guest_migration_current(manager, event->uuid, MIGRATION_OUTGOING);
        const char *reason = event->job && event->job->error
                                     ? event->job->error
                                     : "The migration failed and the guest runs on here";

        /* Whoever asked libvirt for the move is told why it failed, and somebody waits for that. */
        if (migration && !drive_is_moving(manager->drive, event->uuid)) {
                forecasts_forget(manager->forecasts, migration);
                guest_migration_roll_back(manager, migration, reason);
        }
        mediations_on_stayed(manager->mediations, event->uuid);
        replug_on_stayed(manager->replug, event->uuid);
}
