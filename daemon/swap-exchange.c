/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap-parts.h"

#include <string.h>

#include "daemon/guest-switch.h"
#include "daemon/replug.h"
#include "daemon/slices.h"
#include "daemon/swap-choice.h"
#include "daemon/swap-interface.h"
#include "xml/ferry-error.h"
#include "xml/rewrite.h"
#include "xml/unplug.h"

/* One after the other -------------------------------------------------------------- */

/* The daemon ends before: the next one gives back what was taken, since the guest does not have it.
 */
static void release(void *swap) {
        g_autoptr(GError) error = NULL;

        g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "virtferryd ends: the guest has its device again when it is back");
        swap_end(swap, error);
}

/* A ReplugDone. */
static void on_given_back(void *userdata, const GError *error) {
        Swap *swap = userdata;

        if (error)
                g_warning("Guest %s is without %s: %s", swap->guest, swap->name, error->message);
        swap_fail(swap, swap->reason);
}

/* The note is of the VF, and the VF is what could not be plugged. */
static void give_interface_back(Swap *swap, const GError *reason) {
        swap->reason = g_error_copy(reason);
        replug_plug_instead(swap->swaps->manager->replug, swap->uuid, swap->old_element,
                            (ReplugWaiter){ on_given_back, release, swap });
}

/* A ReplugDone. The old one is given back when the guest is looked at, since nothing names it. */
static void on_plugged(void *userdata, const GError *error) {
        Swap *swap = userdata;
        Manager *manager = swap->swaps->manager;
        g_autoptr(GError) reason = NULL;

        if (error) {
                g_set_error(&reason, error->domain, error->code, "%s: guest %s gets %s back as %s",
                            error->message, swap->guest, swap->from, swap->name);
                if (swap->old_element)
                        give_interface_back(swap, reason);
                else
                        swap_fail(swap, reason);
                return;
        }

        guest_switch_moved(manager, swap->from, swap->to);
        g_message("Guest %s has %s instead of %s as %s", swap->guest, swap->to, swap->from,
                  swap->name);
        slices_on_exchanged(manager->slices, swap->uuid);
        swap_end(swap, NULL);
}

/* A ReplugDone. */
static void on_unplugged(void *userdata, const GError *error) {
        Swap *swap = userdata;

        if (error) {
                swap_fail(swap, error);
                return;
        }
        swap->unplugged = swap->swaps->manager->now();
        replug_plug_instead(swap->swaps->manager->replug, swap->uuid, swap->element,
                            (ReplugWaiter){ on_plugged, release, swap });
}

/* What it begins with --------------------------------------------------------------- */

/* Between two passthrough devices. */
static bool prepare_device(Swap *swap, const Domain *domain, DomainDevice *device,
                           const char *element, GError **error) {
        if (!swap_take(swap, domain, device, error))
                return false;

        swap->element = domain_device_rewrite(element, strlen(element), swap->to, error);
        return swap->element;
}

/* From a VF to an interface that QEMU emulates. */
static bool prepare_virtio(Swap *swap, const DomainDevice *device, GError **error) {
        swap->element = swap_virtio_element(device, swap->name, swap->target, error);
        if (!swap->element)
                return false;

        swap->to = g_strdup(swap->target);
        g_hash_table_add(swap->swaps->held, g_strdup(swap->from));
        return true;
}

bool swap_exchange_device(Swap *swap, const GuestEvent *found, const Domain *domain,
                          DomainDevice *device, GError **error) {
        g_autoptr(GPtrArray) devices = g_ptr_array_new();
        g_autofree char *element = NULL;
        guint number;

        (void)g_ptr_array_find(domain->devices, device, &number);
        element = domain_device_element(found->xml, strlen(found->xml), number, error);
        if (!element ||
            !(swap_is_virtio(swap->target) ? prepare_virtio(swap, device, error)
                                           : prepare_device(swap, domain, device, element, error)))
                return false;

        g_ptr_array_add(devices, device);
        replug_unplug(swap->swaps->manager->replug, found, domain, devices, UNPLUG_REPLUG,
                      (ReplugWaiter){ on_unplugged, release, swap });
        return true;
}

bool swap_exchange_interface(Swap *swap, const Domain *domain, const DomainInterface *interface,
                             GError **error) {
        DomainDevice device = swap_interface_as_device(interface);
        const Manager *manager = swap->swaps->manager;
        g_autoptr(Metadata) metadata = NULL;

        if (!interface->address) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                            "%s has no PCI address in the guest, where a VF could come",
                            swap->name);
                return false;
        }

        if (!swap_take(swap, domain, &device, error))
                return false;

        swap->element = swap_vf_element(swap->to, interface);
        swap->old_element = g_strdup(interface->element);
        metadata = swap_vf_note(manager, domain, interface, swap->to, swap->element);
        replug_unplug_noted(manager->replug, swap->uuid, metadata, interface->mac,
                            (ReplugWaiter){ on_unplugged, release, swap });
        return true;
}
