/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-seats-list.h"

#include "daemon/advisor-guest.h"
#include "daemon/advisor.h"
#include "daemon/swap.h"

GArray *seats_list_guests(const Manager *manager, GHashTable *guests) {
        const AdvisorDraft *applied = advisor_applied(manager->advisor);
        GArray *list = g_array_new(FALSE, TRUE, sizeof(PolicyGuest));
        GHashTableIter iter;
        AdvisorGuest *guest;

        g_hash_table_iter_init(&iter, guests);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&guest)) {
                PolicyGuest one = {
                        .id = guest->uuid,
                        .name = guest->name,
                        .priority = guest->priority,
                        .opted_out = guest->opted_out,
                        .busy = advisor_guest_is_busy(manager, guest) ||
                                (applied && advisor_draft_is_about(applied, guest->uuid)),
                        .outage = guest->outage,
                };

                if (guest->known) {
                        one.ahead[METRIC_RECEIVE_BYTES] = &guest->receive;
                        one.ahead[METRIC_TRANSMIT_BYTES] = &guest->transmit;
                }
                g_array_append_val(list, one);
        }
        return list;
}

/* They want the same of a VF, and one can speak for all. NULL: all sit. */
static const AdvisorGuest *find_standing(GHashTable *guests) {
        GHashTableIter iter;
        AdvisorGuest *guest;

        g_hash_table_iter_init(&iter, guests);
        while (g_hash_table_iter_next(&iter, NULL, (void **)&guest))
                if (guest->interface)
                        return guest;
        return NULL;
}

static void add_taken(const Manager *manager, GArray *list) {
        g_autoptr(GPtrArray) leases = lease_book_list(manager->leases);

        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];
                const Device *device = inventory_find(manager->inventory, lease->device);
                PolicySeat seat = {
                        .id = lease->device,
                        .guest = lease->domain_uuid,
                        .busy = lease->state != LEASE_RUNNING ||
                                swaps_holds(manager->swaps, lease->device),
                };

                if (device && advisor_is_seat(manager, device))
                        g_array_append_val(list, seat);
        }
}

GArray *seats_list(const Manager *manager, GHashTable *guests) {
        const AdvisorDraft *applied = advisor_applied(manager->advisor);
        GArray *list = g_array_new(FALSE, TRUE, sizeof(PolicySeat));
        const AdvisorGuest *standing = find_standing(guests);
        g_autoptr(GPtrArray) devices = NULL;

        add_taken(manager, list);
        if (!standing)
                return list;

        devices = advisor_guest_free_seats(manager, standing);
        for (guint i = 0; i < devices->len; i++) {
                PolicySeat seat = { .id = ((const Device *)devices->pdata[i])->id };

                seat.busy = applied && g_str_equal(applied->target, seat.id);
                g_array_append_val(list, seat);
        }
        return list;
}
