/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/strategy.h"
#include "daemon/drive.h"
#include "daemon/forecast.h"
#include "daemon/leave-host-parts.h"
#include "daemon/replug.h"

#define REPLUG_SEC 10 /* for which a guest is without a device that is unplugged for its move */

LeaveGuest *leave_guest_new(const char *xml) {
        g_autoptr(Domain) domain = domain_from_xml(xml, strlen(xml), NULL);
        LeaveGuest *guest;

        if (!domain || !domain->uuid)
                return NULL;

        guest = g_new0(LeaveGuest, 1);
        guest->name = g_strdup(domain->name);
        guest->stays = domain->metadata && domain->metadata->policy &&
                       domain->metadata->policy->stays;
        guest->domain = g_steal_pointer(&domain);
        return guest;
}

void leave_guest_free(LeaveGuest *guest) {
        if (!guest)
                return;

        g_free(guest->name);
        domain_free(guest->domain);
        g_free(guest);
}

static gboolean is_not_listed(gpointer uuid, gpointer guest, gpointer list) {
        return !guest_event_lists(list, uuid);
}

void leave_guests_follow(GHashTable *guests, const GuestEvent *event) {
        LeaveGuest *guest;

        switch (event->kind) {
        case GUEST_RUNNING:
        case GUEST_ARRIVED:
        case GUEST_UNPLUGGED:
        case GUEST_PLUGGED:
                guest = event->xml ? leave_guest_new(event->xml) : NULL;
                if (guest)
                        g_hash_table_replace(guests, g_strdup(event->uuid), guest);
                return;
        case GUEST_LEFT:
        case GUEST_STOPPED:
        case GUEST_GONE:
                g_hash_table_remove(guests, event->uuid);
                return;
        case GUEST_LIST:
                (void)g_hash_table_foreach_remove(guests, is_not_listed, (void *)event);
                return;
        default:
                return;
        }
}

static bool has_settled(const Manager *manager, const char *uuid) {
        int64_t since = manager->now() - manager->config->policy_settle_sec * G_USEC_PER_SEC;
        g_autoptr(GPtrArray) migrations = migration_log_list(manager->migrations);

        for (guint i = 0; i < migrations->len; i++) {
                const Migration *migration = migrations->pdata[i];

                if (g_str_equal(migration->domain_uuid, uuid) &&
                    migration->entered[MIGRATION_FINISHED] > since)
                        return false;
        }
        return true;
}

bool leave_is_free(const Manager *manager, const char *uuid) {
        return has_settled(manager, uuid) && !drive_is_moving(manager->drive, uuid) &&
               !migration_log_current(manager->migrations, uuid) &&
               !replug_is_busy(manager->replug, uuid);
}

static uint64_t bytes_now(const Subject *subject, Metric metric) {
        double value = subject->values[metric];

        return value > 0 ? (uint64_t)value : 0;
}

static void foretell(const Manager *manager, const char *uri, const Subject *subject,
                     MoveForecast *ret_forecast) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, subject->id);
        g_autoptr(Migration) migration = NULL;
        const GuestMemory memory = { .total = bytes_now(subject, METRIC_BALLOON),
                                     .used = bytes_now(subject, METRIC_RESIDENT) };

        migration = migration_new(MIGRATION_OUTGOING, subject->id, subject->name);
        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];

                migration_add_device(migration, lease->name, lease->class_name, lease->type,
                                     lease->device, NULL, NULL);
        }
        forecasts_foretell(manager->forecasts, migration, uri, memory, ret_forecast);
}

bool leave_weigh_move(const Manager *manager, const LeaveGuest *seen, const char *uri,
                      const Subject *subject, PolicyLeaveGuest *guest) {
        g_auto(StrategyChoice) choice = { 0 };
        MoveForecast forecast;

        if (!strategy_choose(seen->domain, manager->inventory, NULL, &choice, NULL))
                return false;

        foretell(manager, uri, subject, &forecast);
        guest->bytes = (double)forecast.bytes.likely;
        guest->duration = (double)forecast.total_ms.likely / 1000;
        guest->downtime = (double)forecast.downtime_ms.likely / 1000 +
                          (choice.strategy == STRATEGY_REPLUG ? REPLUG_SEC : 0);
        return forecast.converges;
}
