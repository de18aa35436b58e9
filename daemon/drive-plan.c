/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive-plan.h"

#include <string.h>

#include "daemon/core/strategy.h"
#include "daemon/guest-transfer.h"
#include "daemon/mediation.h"
#include "xml/ferry-error.h"

/* When the guest last moved, here or away and back; 0 never. An attempt that failed is no move. */
static int64_t last_move(const Manager *manager, const char *uuid) {
        g_autoptr(GPtrArray) migrations = migration_log_list(manager->migrations);
        int64_t last = 0;

        for (guint i = 0; i < migrations->len; i++) {
                const Migration *migration = migrations->pdata[i];

                if (g_str_equal(migration->domain_uuid, uuid))
                        last = MAX(last, migration->entered[MIGRATION_FINISHED]);
        }
        return last;
}

bool drive_check_settled(const Manager *manager, const GuestEvent *found, GError **error) {
        int64_t last = last_move(manager, found->uuid), since = manager->now() - last, left;

        if (last == 0)
                return true;

        left = (int64_t)manager->config->settle_usec - since;
        if (left <= 0)
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                    "Guest %s has moved %" G_GINT64_FORMAT
                    " s ago and settles for another %" G_GINT64_FORMAT
                    " s (SettleSec in virtferry.conf): wait, or use --force",
                    found->name, since / G_USEC_PER_SEC, left / G_USEC_PER_SEC + 1);
        return false;
}

bool drive_check_guest(const Manager *manager, const GuestEvent *found, bool force,
                       GError **error) {
        Migration *current;

        if (!found->uuid) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND, found->detail);
                return false;
        }
        if (!found->running) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Guest %s does not run: start it, or move its definition with 'virsh "
                            "migrate --offline --persistent'",
                            found->name);
                return false;
        }

        current = migration_log_current(manager->migrations, found->uuid);
        if (current) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Guest %s is on its way already (%s): 'virt-ferry migrations --watch' "
                            "follows it",
                            found->name, migration_state_to_string(current->state));
                return false;
        }
        return force || drive_check_settled(manager, found, error);
}

static void add_devices(const Manager *manager, Migration *migration, const Domain *domain) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                const Device *found = inventory_find(manager->inventory, device->source);
                g_autofree char *name = domain_device_name(domain, device);

                migration_add_device(migration, name, found ? found->class->name : NULL,
                                     found ? found->fingerprint->mdev_type : NULL, device->source,
                                     NULL, NULL);
        }
}

/* What the user allows is never changed. What libvirt's own limit is when its turn has come counts
 * then, not what it is now. */
static bool foretell(Manager *manager, const GuestEvent *found, Migration *migration,
                     MoveRequest *request, GError **error) {
        GuestMemory memory = { .total = found->memory,
                               .used = found->memory_used,
                               .dirty_rate = found->dirty_rate };
        uint64_t asked = request->bandwidth;
        bool done;

        if (asked == 0)
                request->bandwidth = found->bandwidth;
        done = guest_transfer_plan(manager, migration, request, memory, error);
        request->bandwidth = asked;
        return done;
}

static bool check_team(const GuestEvent *found, const Domain *domain, Strategy strategy,
                       GError **error) {
        g_autofree char *trouble = NULL;

        if (strategy != STRATEGY_FAILOVER && strategy != STRATEGY_MEDIATED)
                return true;

        trouble = mediation_trouble(found, domain);
        if (trouble)
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE, trouble);
        return !trouble;
}

Migration *drive_plan(Manager *manager, const GuestEvent *found, const char *strategy,
                      MoveRequest *request, bool *ret_unplugs, GError **error) {
        g_autoptr(Migration) migration = NULL;
        g_auto(StrategyChoice) choice = { 0 };
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(found->xml, strlen(found->xml), error);
        if (!domain || !strategy_choose(domain, manager->inventory, strategy, &choice, error) ||
            !check_team(found, domain, choice.strategy, error))
                return NULL;

        /* What is unplugged already may be plugged again until its turn has come. */
        *ret_unplugs = choice.strategy == STRATEGY_REPLUG;
        request->off = choice.strategy == STRATEGY_COLD;
        migration = migration_new(MIGRATION_OUTGOING, found->uuid, found->name);
        migration->plan.strategy = g_strdup(strategy_to_string(choice.strategy));
        migration->plan.why = g_steal_pointer(&choice.why);
        migration->plan.destination = g_strdup(request->uri);
        add_devices(manager, migration, domain);
        if (!foretell(manager, found, migration, request, error))
                return NULL;
        return g_steal_pointer(&migration);
}
