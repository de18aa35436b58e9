/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager.h"

#include <time.h>

#include "daemon/advisor.h"
#include "daemon/demands.h"
#include "daemon/drain.h"
#include "daemon/drive.h"
#include "daemon/forecast.h"
#include "daemon/guest-list.h"
#include "daemon/hardware.h"
#include "daemon/headroom.h"
#include "daemon/hook-share.h"
#include "daemon/hook-slice.h"
#include "daemon/mediation.h"
#include "daemon/incoming.h"
#include "daemon/meter.h"
#include "daemon/outlook.h"
#include "daemon/recover.h"
#include "daemon/replug.h"
#include "daemon/slices.h"
#include "daemon/swap.h"
#include "daemon/traffic.h"
#include "xml/ferry-error.h"

static int64_t real_now(void) {
        return g_get_real_time();
}

static void on_agent_usage(void *userdata, const char *name, const AgentUsage *usage,
                           int64_t monotonic) {
        const Manager *manager = userdata;

        meter_on_agent(manager->meter, name, usage, monotonic);
}

Manager *manager_new(Config *config, Sysfs *sysfs, const char *state_path, InventoryProbe probe,
                     GError **error) {
        g_autoptr(Manager) manager = g_new0(Manager, 1);

        manager->config = config;
        manager->sysfs = sysfs;
        manager->now = real_now;
        manager->active = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        manager->guest_notes = guest_notes_new();
        manager->switch_seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        manager->store = store_open(state_path, error);
        if (!manager->store)
                return NULL;

        manager->inventory = inventory_new(sysfs, config, probe);
        manager->leases = lease_book_new(manager->store);
        manager->shares = share_book_new(manager->store);
        lease_book_set_shares(manager->leases, manager->shares);
        manager->migrations = migration_log_new(manager->store);
        manager->trials = trials_new(manager->inventory, manager->leases);
        manager->drive = drive_new(manager);
        manager->drain = drain_new(manager);
        manager->forecasts = forecasts_new(manager);
        manager->traffic = traffic_new(manager);
        manager->mediations = mediations_new(manager);
        manager->meter = meter_new(manager);
        manager->demands = demands_new(manager);
        manager->advisor = advisor_new(manager, advisor_ways);
        manager->replug = replug_new(manager);
        manager->swaps = swaps_new(manager);
        manager->agents = agents_new(sysfs);
        agents_set_usage_listener(manager->agents, on_agent_usage, manager);
        manager->slices = slices_new(manager);
        manager->outlook = outlook_new(manager);
        manager->headrooms = headrooms_new(manager);
        manager->hook_shares = hook_shares_new(manager);
        return g_steal_pointer(&manager);
}

void manager_free(Manager *manager) {
        if (!manager)
                return;

        g_clear_pointer(&manager->hook_shares, hook_shares_free);
        g_clear_pointer(&manager->headrooms, headrooms_free);
        g_clear_pointer(&manager->outlook, outlook_free);
        g_clear_pointer(&manager->slices, slices_free);
        g_clear_pointer(&manager->agents, agents_free);
        g_clear_pointer(&manager->replug, replug_free);
        g_clear_pointer(&manager->swaps, swaps_free);
        g_clear_pointer(&manager->demands, demands_free);
        g_clear_pointer(&manager->meter, meter_free);
        g_clear_pointer(&manager->mediations, mediations_free);
        g_clear_pointer(&manager->traffic, traffic_free);
        g_clear_pointer(&manager->forecasts, forecasts_free);
        g_clear_pointer(&manager->drain, drain_free);
        g_clear_pointer(&manager->drive, drive_free);
        g_clear_pointer(&manager->advisor, advisor_free); /* hears the end of what others do */
        g_clear_pointer(&manager->trials, trials_free);
        g_clear_pointer(&manager->migrations, migration_log_free);
        g_clear_pointer(&manager->leases, lease_book_free);
        g_clear_pointer(&manager->shares, share_book_free);
        g_clear_pointer(&manager->inventory, inventory_free);
        g_clear_pointer(&manager->store, store_close);
        g_clear_pointer(&manager->active, g_hash_table_unref);
        g_clear_pointer(&manager->guest_notes, g_hash_table_unref);
        g_clear_pointer(&manager->switch_seen, g_hash_table_unref);
        g_clear_pointer(&manager->config, config_free);
        g_free(manager);
}

void manager_set_clock(Manager *manager, int64_t (*now)(void)) {
        manager->now = now;
        lease_book_set_clock(manager->leases, now);
        migration_log_set_clock(manager->migrations, now);
        slices_set_clock(manager->slices, now);
}

/* A host that has left its cluster has all for itself: nobody there is promised any more of it. */
static bool load_shares(Manager *manager, GError **error) {
        return !manager->config->cluster.etcd || share_book_load(manager->shares, error);
}

bool manager_start(Manager *manager, GError **error) {
        int r;

        if (!lease_book_load(manager->leases, error) || !load_shares(manager, error) ||
            !migration_log_load(manager->migrations, error) ||
            !forecasts_load(manager->forecasts, error) || !drain_load(manager->drain, error) ||
            !advisor_load(manager->advisor, error) || !slices_start(manager->slices, error))
                return false;

        r = inventory_scan(manager->inventory);
        if (r < 0) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_HARDWARE,
                            "The devices of this host cannot be read below /sys: %s",
                            g_strerror(-r));
                return false;
        }

        recover_after_start(manager);
        drive_recover(manager->drive);
        return true;
}

/* What is offered to the cluster is called back when the guest comes (hook-share.h). */
static GPtrArray *negotiate_when_back(Manager *manager, const Domain *domain) {
        GPtrArray *answers = hook_slice_negotiate(manager, domain);

        if (!negotiate_wants_shared(answers) || !share_book_may_come_back(manager->shares))
                return answers;

        g_ptr_array_unref(answers);
        share_book_suppose_back(manager->shares, true);
        answers = hook_slice_negotiate(manager, domain);
        share_book_suppose_back(manager->shares, false);
        return answers;
}

GPtrArray *manager_check_domain(Manager *manager, const char *xml, Domain **ret_domain,
                                GError **error) {
        g_autofree char *refusal = NULL;
        g_autoptr(Domain) domain = NULL;
        GPtrArray *answers;

        domain = domain_from_xml(xml, strlen(xml), error);
        if (!domain)
                return NULL;

        refusal = drain_refusal(manager->drain);
        if (refusal) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE, refusal);
                return NULL;
        }

        refusal = incoming_refusal(manager, domain);
        if (refusal) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_BUSY, refusal);
                return NULL;
        }

        answers = negotiate_when_back(manager, domain);
        *ret_domain = g_steal_pointer(&domain);
        return answers;
}

bool manager_drop_lease(Manager *manager, const char *lease_id, GError **error) {
        Lease *lease;

        lease = lease_book_find(manager->leases, lease_id);
        if (!lease) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "Lease '%s' does not exist: 'virt-ferry leases' lists them", lease_id);
                return false;
        }

        if (lease->state == LEASE_RUNNING ||
            g_hash_table_contains(manager->active, lease->domain_uuid)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "%s is in use by guest %s, which is active on this host: shut it down "
                            "or migrate it, and the lease ends by itself",
                            lease->device, lease->domain_name);
                return false;
        }

        return hardware_release(manager, lease, error);
}

/* A netdev, a driver or a group changes with the device, and the kernel tells of
 * each by itself: every class that owns the subsystem looks at its device anew. */
void manager_on_device_event(Manager *manager, const char *subsystem, const char *name) {
        for (const DeviceClass *const *class = device_classes; *class; class ++)
                if (g_str_equal((*class)->subsystem, subsystem))
                        (void)inventory_refresh(manager->inventory, *class, name);
        slices_on_host_changed(manager->slices);
}

static GPtrArray *lease_ids(const GPtrArray *leases) {
        GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

        for (guint i = 0; i < leases->len; i++)
                g_ptr_array_add(ids, g_strdup(((const Lease *)leases->pdata[i])->id));
        return ids;
}

/* The end of one lease may be the end of others of the same guest: hence ids. */
void manager_on_time(Manager *manager) {
        g_autoptr(GPtrArray) expired = lease_book_expired(manager->leases, manager->now());
        g_autoptr(GPtrArray) ids = lease_ids(expired);

        for (guint i = 0; i < ids->len; i++) {
                Lease *lease = lease_book_find(manager->leases, ids->pdata[i]);

                if (lease)
                        recover_expired(manager, lease);
        }
        drive_on_time(manager->drive);
        drain_on_time(manager->drain);
        replug_on_time(manager->replug);
        mediations_on_time(manager->mediations);
        slices_on_time(manager->slices);
        hook_shares_on_time(manager->hook_shares);
}

/* 0 is never. */
static int64_t earlier(int64_t a, int64_t b) {
        return a > 0 && b > 0 ? MIN(a, b) : MAX(a, b);
}

int64_t manager_next_time(const Manager *manager) {
        int64_t hardware = earlier(lease_book_next_expiry(manager->leases),
                                   mediations_next_time(manager->mediations));
        int64_t moves = earlier(drive_next_time(manager->drive), drain_next_time(manager->drain));

        int64_t guests = earlier(replug_next_time(manager->replug),
                                 slices_next_time(manager->slices));

        return earlier(earlier(hardware, moves),
                       earlier(guests, hook_shares_next_time(manager->hook_shares)));
}
