/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-guest.h"

#include <math.h>
#include <string.h>

#include "daemon/core/fit.h"
#include "daemon/demands.h"
#include "daemon/drive.h"
#include "daemon/meter.h"
#include "daemon/replug.h"
#include "daemon/swap-interface.h"
#include "daemon/swap.h"
#include "xml/domain-standby.h"

/* What an exchange takes is a few seconds of unplugging and plugging. A team goes over to its other
 * half, which is there all the time (mediation.h). */
#define EXCHANGE_OUTAGE_SEC 2
#define TEAM_OUTAGE_SEC     0.1

#define DAY_STEPS           (G_TIME_SPAN_DAY / G_USEC_PER_SEC / DEMAND_BOOK_STEP)

void advisor_guest_free(AdvisorGuest *guest) {
        if (!guest)
                return;

        g_free(guest->uuid);
        g_free(guest->name);
        g_free(guest->mac);
        g_free(guest->vf);
        domain_interface_free(guest->interface);
        domain_free(guest->domain);
        g_free(guest);
}

/* Its interface ------------------------------------------------------------------------- */

bool advisor_is_seat(const Manager *manager, const Device *device) {
        const Device *pf;

        if (device->class != &device_class_sriov || device->role != DEVICE_ROLE_FUNCTION)
                return false;

        pf = inventory_find(manager->inventory, device->parent);
        return pf && pf->netdev;
}

static bool carries_packets(const Manager *manager, const DomainDevice *device) {
        const Device *found = inventory_find(manager->inventory, device->source);

        return device->network || (found && advisor_is_seat(manager, found));
}

/* The only one of its devices that carries packets; NULL: there are several, or none. */
static const DomainDevice *find_vf(const Manager *manager, const Domain *domain, unsigned *ret_n) {
        const DomainDevice *vf = NULL;

        *ret_n = 0;
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

                if (!carries_packets(manager, device))
                        continue;
                vf = device;
                (*ret_n)++;
        }
        return *ret_n == 1 ? vf : NULL;
}

static bool is_on_bridge(const Manager *manager, const DomainInterface *interface) {
        const char *bridge = manager->config->policy_bridge;

        return bridge ? g_strcmp0(interface->bridge, bridge) == 0
                      : g_strcmp0(interface->network, "default") == 0;
}

static bool take_emulated(const Manager *manager, AdvisorGuest *guest, const char *xml) {
        guest->mac = g_strdup(guest->domain->macs->pdata[0]);
        guest->interface = domain_interface_find(xml, strlen(xml), guest->mac, NULL);
        return guest->interface && guest->interface->address &&
               is_on_bridge(manager, guest->interface);
}

/* Of half a team without the other one, nobody knows what carries its traffic. */
static bool take_vf(AdvisorGuest *guest, const DomainDevice *vf) {
        guest->mac = g_strdup(vf->mac);
        guest->vf = g_strdup(vf->source);
        return vf->network && vf->mac && !vf->transient && !vf->unplugged;
}

/* `vf` NULL: it has none now. */
static bool take_team(const Manager *manager, AdvisorGuest *guest, const char *xml, const char *mac,
                      const DomainDevice *vf) {
        guest->outage = TEAM_OUTAGE_SEC;
        guest->mac = g_strdup(mac);
        guest->interface = domain_interface_find(xml, strlen(xml), mac, NULL);
        if (!guest->interface || !guest->interface->persistent || !guest->interface->alias ||
            !is_on_bridge(manager, guest->interface))
                return false;
        if (!vf)
                return true;

        g_clear_pointer(&guest->interface, domain_interface_free);
        guest->vf = g_strdup(vf->source);
        return vf->transient && !vf->unplugged && g_strcmp0(vf->mac, mac) == 0;
}

/* The interface that it has, if that is one alone or a team. */
static bool take_interface(const Manager *manager, AdvisorGuest *guest, const char *xml) {
        g_autoptr(GPtrArray) teams = domain_standbys_from_xml(xml, strlen(xml), NULL);
        guint n_alone = guest->domain->macs->len;
        const DomainDevice *vf;
        unsigned n_vfs;

        vf = find_vf(manager, guest->domain, &n_vfs);
        if (!teams)
                return false;
        if (teams->len == 1 && n_alone == 0 && n_vfs <= 1)
                return take_team(manager, guest, xml, ((DomainStandby *)teams->pdata[0])->mac, vf);
        if (teams->len > 0 || n_alone + n_vfs != 1)
                return false;
        return vf ? take_vf(guest, vf) : take_emulated(manager, guest, xml);
}

G_STATIC_ASSERT(OFFLOAD_PRIORITY_MAX == POLICY_PRIORITY_MAX);

static void take_wish(AdvisorGuest *guest, const Metadata *metadata) {
        if (!metadata || !metadata->policy)
                return;

        guest->priority = metadata->policy->priority;
        guest->opted_out = metadata->policy->never;
}

AdvisorGuest *advisor_guest_new(const Manager *manager, const char *xml) {
        g_autoptr(AdvisorGuest) guest = g_new0(AdvisorGuest, 1);

        guest->domain = domain_from_xml(xml, strlen(xml), NULL);
        if (!guest->domain || !guest->domain->uuid)
                return NULL;

        guest->uuid = g_strdup(guest->domain->uuid);
        guest->name = g_strdup(guest->domain->name);
        take_wish(guest, guest->domain->metadata);
        guest->outage = EXCHANGE_OUTAGE_SEC;
        return take_interface(manager, guest, xml) ? g_steal_pointer(&guest) : NULL;
}

bool advisor_guest_is_busy(const Manager *manager, const AdvisorGuest *guest) {
        return drive_is_moving(manager->drive, guest->uuid) ||
               migration_log_current(manager->migrations, guest->uuid) ||
               replug_is_busy(manager->replug, guest->uuid) ||
               (guest->vf && swaps_holds(manager->swaps, guest->vf));
}

/* What it will use ---------------------------------------------------------------------- */

static double average(const GPtrArray *slots, Metric metric) {
        double sum = 0;
        unsigned n = 0;

        for (guint i = 0; i < slots->len; i++) {
                float mean = ((const Slot *)slots->pdata[i])->mean[metric];

                if (isnan(mean))
                        continue;
                sum += mean;
                n++;
        }
        return n > 0 ? sum / n : NAN;
}

static double last_hour(const Manager *manager, const AdvisorGuest *guest, Metric metric) {
        int64_t now = manager->now();
        g_autoptr(GPtrArray) slots = NULL;

        slots = meter_history(manager->meter, SUBJECT_GUEST, guest->uuid, SLOT_LONG,
                              now - G_TIME_SPAN_HOUR, now, NULL);
        return slots ? average(slots, metric) : NAN;
}

static bool look_ahead(const Manager *manager, const AdvisorGuest *guest, Metric metric,
                       PolicyAhead *ahead) {
        DemandBand bands[DAY_STEPS];
        int64_t start;

        if (!demands_forecast(manager->demands, SUBJECT_GUEST, guest->uuid, guest->name, metric,
                              DAY_STEPS, &start, bands, NULL))
                return false;

        policy_ahead_fill(ahead, bands, DEMAND_BOOK_STEP);
        ahead->seen = last_hour(manager, guest, metric);
        return true;
}

void advisor_guest_forecast(const Manager *manager, AdvisorGuest *guest) {
        guest->known = look_ahead(manager, guest, METRIC_RECEIVE_BYTES, &guest->receive) &&
                       look_ahead(manager, guest, METRIC_TRANSMIT_BYTES, &guest->transmit);
}

/* Where it could sit -------------------------------------------------------------------- */

/* As the operator's word is taken: it need not be of the kind that it had (swap-choice.h). */
static Want *want_any(const Manager *manager, const AdvisorGuest *guest,
                      const DomainDevice *device) {
        g_autofree char *problem = NULL;
        Want *want = want_new(guest->domain, device, inventory_compat(manager->inventory),
                              &problem);

        if (problem) {
                want_free(want);
                return NULL;
        }
        want->vendor = want->product = want->revision = -1;
        want->type = NULL;
        return want;
}

GPtrArray *advisor_guest_free_seats(const Manager *manager, const AdvisorGuest *guest) {
        DomainDevice device = swap_interface_as_device(guest->interface);
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);
        GPtrArray *seats = g_ptr_array_new();
        g_autoptr(Usage) usage = NULL;
        g_autoptr(Want) want = NULL;

        device.unplugged = true; /* it brings no state */
        want = want_any(manager, guest, &device);
        if (!want)
                return seats;

        usage = usage_new(guest->domain, manager->inventory, manager->leases);
        for (guint i = 0; i < devices->len; i++) {
                const Device *found = devices->pdata[i];

                if (advisor_is_seat(manager, found) && !usage_lease(usage, found->id) &&
                    fit_device(want, found, usage) == FIT_YES)
                        g_ptr_array_add(seats, (void *)found);
        }
        return seats;
}
