/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/leave-host-parts.h"
#include "daemon/outlook.h"
#include "daemon/slices.h"

/* Of huge pages nothing is used but by those who were given them. */
bool leave_is_base_memory(const char *resource) {
        return g_str_has_prefix(resource, "memory:") && !strchr(resource, '/');
}

/* Of what it was given for itself alone: CPUs, or bytes of base pages. */
static double count_alone(const Manager *manager, const char *uuid, PolicyLeaveKind kind) {
        const SliceEntry *entry = slice_book_find(slices_book(manager->slices), uuid);
        double sum = 0;

        for (guint i = 0; entry && i < entry->grants->len; i++) {
                const SliceGrant *grant = entry->grants->pdata[i];

                if (kind == POLICY_LEAVE_MEMORY && leave_is_base_memory(grant->resource))
                        sum += (double)grant->amount;
                if (kind == POLICY_LEAVE_CPU && g_str_has_prefix(grant->resource, "core:") &&
                    slice_grant_is_exclusive(grant, entry->wish))
                        sum += (double)grant->amount / SLICE_SHARE_FULL;
        }
        return sum;
}

void leave_fill(const Manager *manager, SubjectKind kind, const char *id, Metric metric,
                DemandBand *bands) {
        OutlookSum sum = { 0 };

        outlook_add(manager->outlook, kind, id, metric, &sum);
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                bands[hour] = demand_sum_band(&sum.hours[hour]);
}

void leave_fill_machine(const Manager *manager, const char *uuid, PolicyLeaveKind kind,
                        DemandBand *bands) {
        double alone = count_alone(manager, uuid, kind);

        if (alone <= 0) {
                leave_fill(manager, SUBJECT_GUEST, uuid,
                           kind == POLICY_LEAVE_CPU ? METRIC_CPU : METRIC_RESIDENT, bands);
                return;
        }
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                bands[hour] = (DemandBand){ alone, alone, alone, alone };
}

/* Over its VFs of this PF. */
void leave_fill_link(const Manager *manager, const char *uuid, const char *pf, Metric metric,
                     DemandBand *bands) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, uuid);
        OutlookSum sum = { 0 };

        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];
                const Device *device = inventory_find(manager->inventory, lease->device);

                if (device && g_strcmp0(device->parent, pf) == 0)
                        outlook_add(manager->outlook, SUBJECT_VF, device->id, metric, &sum);
        }
        for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                bands[hour] = demand_sum_band(&sum.hours[hour]);
}
