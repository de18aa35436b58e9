/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap-parts.h"

#include "daemon/guest-switch.h"
#include "daemon/hardware.h"
#include "daemon/swap-choice.h"

static void swap_free(Swap *swap) {
        if (swap->to)
                g_hash_table_remove(swap->swaps->held, swap->to);
        if (swap->from)
                g_hash_table_remove(swap->swaps->held, swap->from);
        g_clear_error(&swap->reason);
        g_free(swap->device);
        g_free(swap->target);
        g_free(swap->uuid);
        g_free(swap->guest);
        g_free(swap->name);
        g_free(swap->from);
        g_free(swap->to);
        g_free(swap->element);
        g_free(swap->old_element);
        g_free(swap->mac);
        g_free(swap);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Swap, swap_free)

void swap_end(Swap *taken, const GError *error) {
        g_autoptr(Swap) swap = taken;
        const Manager *manager = swap->swaps->manager;
        Swapped done = { swap->guest, swap->name, swap->from, swap->to,
                         swap->unplugged ? manager->now() - swap->unplugged : 0 };

        swap->reply(swap->userdata, error ? NULL : &done, error);
}

/* Whatever was taken for it is given back. */
void swap_fail(Swap *swap, const GError *error) {
        Manager *manager = swap->swaps->manager;
        Lease *lease = swap->to ? lease_book_find_device(manager->leases, swap->to) : NULL;
        g_autoptr(GError) problem = NULL;

        if (lease && !hardware_release(manager, lease, &problem))
                g_warning("%s, trying again later", problem->message);
        swap_end(swap, error);
}

/* Stored before it is touched; `lease` is taken. */
static bool take(Swap *swap, const Domain *domain, const DomainDevice *device, Lease *lease,
                 GError **error) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autoptr(GPtrArray) taken = g_ptr_array_new();
        Manager *manager = swap->swaps->manager;

        g_ptr_array_add(leases, lease);
        swap->to = g_strdup(lease->device);
        if (!lease_book_reserve(manager->leases, leases, error)) {
                g_clear_pointer(&swap->to, g_free); /* it may be another guest's */
                return false;
        }

        g_hash_table_add(swap->swaps->held, g_strdup(swap->to));
        g_hash_table_add(swap->swaps->held, g_strdup(swap->from));
        g_ptr_array_add(taken, lease_book_find_device(manager->leases, swap->to));
        return hardware_claim(manager, taken, error) &&
               guest_switch_prepare(manager, domain, taken, error) &&
               guest_switch_lend(manager, domain, device, taken->pdata[0], error);
}

bool swap_take(Swap *swap, const Domain *domain, DomainDevice *device, GError **error) {
        const SwapWish wish = { .manager = swap->swaps->manager,
                                .uuid = swap->uuid,
                                .guest = swap->guest,
                                .name = swap->name,
                                .from = swap->from,
                                .target = swap->target };
        Lease *lease = swap_choose(&wish, domain, device, error);

        return lease && take(swap, domain, device, lease, error);
}
