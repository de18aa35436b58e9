/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/load.h"

#include "daemon/cluster/bands.h"
#include "daemon/cluster/needs.h"
#include "daemon/guest-metadata.h"
#include "daemon/leave-host.h"
#include "daemon/slices.h"

#define MS_PER_SEC 1000.0

/* What several want of each thing, hour by hour. */
typedef struct Together {
        DemandSum sums[BALANCE_BANDS];
} Together;

static BalanceThing thing_of(PolicyLeaveKind kind) {
        switch (kind) {
        case POLICY_LEAVE_CPU:
                return BALANCE_CPU;
        case POLICY_LEAVE_MEMORY:
                return BALANCE_MEMORY;
        case POLICY_LEAVE_NETWORK:
                return BALANCE_NETWORK;
        }
        g_assert_not_reached();
}

static void add_hours(Together *together, PolicyLeaveKind kind, const DemandBand *hours) {
        DemandSum *sums = &together->sums[thing_of(kind) * POLICY_HOURS];

        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                demand_sum_add(&sums[hour], &hours[hour]);
}

static void add_guest(Together *together, const PolicyLeaveHost *host,
                      const PolicyLeaveGuest *guest) {
        for (unsigned t = 0; t < host->n_things; t++)
                add_hours(together, host->things[t].kind, &guest->bands[t * POLICY_HOURS]);
}

static void tell(const Together *together, ClusterLoadBands *told) {
        DemandBand bands[BALANCE_BANDS];

        for (unsigned i = 0; i < BALANCE_BANDS; i++)
                bands[i] = demand_sum_band(&together->sums[i]);
        cluster_bands_tell(told, bands);
}

/* As it would be written with the guest now: what was read of it may be from before its devices
 * were looked at. NULL: there is nothing to say. */
static Metadata *metadata_of(const Manager *manager, const Domain *domain) {
        Metadata *metadata = guest_metadata(domain, manager->inventory, manager->leases);

        slices_note(manager->slices, domain, &metadata);
        return metadata;
}

/* As much of it as others read. */
static char *short_name(const char *name) {
        char *cut = g_strndup(name, CLUSTER_NAME_MAX);
        const char *end;

        (void)g_utf8_validate(cut, -1, &end);
        cut[end - cut] = '\0';
        return cut;
}

static bool tell_needs(ClusterLoad *load, const Manager *manager, const LeaveGuest *seen,
                       const PolicyLeaveGuest *guest) {
        g_autoptr(Metadata) metadata = metadata_of(manager, seen->domain);
        g_autoptr(PlaceGuest) needs = NULL;
        Domain domain = *seen->domain;
        ClusterLoadGuest *told;

        if (metadata)
                domain.metadata = metadata;
        needs = place_guest_new(&domain, inventory_compat(manager->inventory), NULL);
        if (!needs || !cluster_needs_can_be_told(needs))
                return false;

        told = cluster_load_add_guest(load, guest->id);
        told->name = short_name(guest->name);
        cluster_needs_tell(load, told, needs);
        return true;
}

static int64_t whole(double number) {
        return (int64_t)CLAMP(number, 0, (double)CLUSTER_NUMBER_MAX);
}

static void tell_guest(ClusterLoad *load, const PolicyLeaveHost *host,
                       const PolicyLeaveGuest *guest) {
        ClusterLoadGuest *told = load->guests->pdata[load->guests->len - 1];
        g_autofree Together *alone = g_new0(Together, 1);

        told->bytes = whole(guest->bytes);
        told->duration = whole(guest->duration * MS_PER_SEC);
        told->downtime = whole(guest->downtime * MS_PER_SEC);
        add_guest(alone, host, guest);
        tell(alone, &told->bands);
}

static bool may_be_told(const ClusterLoad *load, const PolicyLeaveGuest *guest) {
        return !guest->stays && load->guests->len < CLUSTER_LOAD_GUESTS_MAX &&
               load->kinds->len + 2 * CLUSTER_LOAD_WANTS_MAX <= CLUSTER_KINDS_MAX &&
               cluster_name_is_valid(guest->id);
}

static void tell_sizes(ClusterLoad *load, Together *base, const PolicyLeaveHost *host) {
        double size[_BALANCE_THING_MAX] = { 0 };

        for (unsigned t = 0; t < host->n_things; t++) {
                const PolicyLeaveThing *thing = &host->things[t];

                size[thing_of(thing->kind)] += thing->size;
                add_hours(base, thing->kind, thing->base);
        }
        for (unsigned t = 0; t < _BALANCE_THING_MAX; t++)
                load->size[t] = cluster_amount_of_thing((BalanceThing)t, size[t]);
}

ClusterLoad *cluster_load_describe(const Manager *manager, GHashTable *guests) {
        g_autoptr(LeaveHost) leave = leave_host_new(manager, guests, NULL, true);
        const PolicyLeaveHost *host = leave_host_get(leave);
        g_autofree Together *base = g_new0(Together, 1);
        ClusterLoad *load = cluster_load_new();

        load->at = manager->now() / G_USEC_PER_SEC;
        tell_sizes(load, base, host);
        for (unsigned i = 0; i < host->n_guests; i++) {
                const PolicyLeaveGuest *guest = &host->guests[i];
                const LeaveGuest *seen = g_hash_table_lookup(guests, guest->id);

                if (seen && may_be_told(load, guest) && tell_needs(load, manager, seen, guest))
                        tell_guest(load, host, guest);
                else
                        add_guest(base, host, guest);
        }
        tell(base, &load->base);
        return load;
}
