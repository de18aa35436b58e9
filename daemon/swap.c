/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap.h"

#include <string.h>

#include "daemon/drive-plan.h"
#include "daemon/drive.h"
#include "daemon/replug.h"
#include "daemon/swap-interface.h"
#include "daemon/swap-parts.h"
#include "daemon/swap-team.h"
#include "xml/ferry-error.h"

Swaps *swaps_new(Manager *manager) {
        Swaps *swaps = g_new0(Swaps, 1);

        swaps->manager = manager;
        swaps->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return swaps;
}

void swaps_free(Swaps *swaps) {
        if (!swaps)
                return;

        g_hash_table_unref(swaps->held);
        g_free(swaps);
}

bool swaps_is_busy(const Swaps *swaps) {
        return g_hash_table_size(swaps->held) > 0;
}

bool swaps_holds(const Swaps *swaps, const char *device) {
        return g_hash_table_contains(swaps->held, device);
}

static bool check_guest(const Swap *swap, const GuestEvent *found, GError **error) {
        const Manager *manager = swap->swaps->manager;

        if (!found->uuid) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                                    found->detail ?: "libvirt does not answer");
                return false;
        }
        if (!found->running || drive_is_moving(manager->drive, found->uuid) ||
            migration_log_current(manager->migrations, found->uuid) ||
            replug_is_busy(manager->replug, found->uuid)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Guest %s %s: a device is exchanged while it runs and stays",
                            found->name, found->running ? "is on its way" : "does not run");
                return false;
        }
        return swap->force || drive_check_settled(manager, found, error);
}

static bool is_called(const Domain *domain, const DomainDevice *device, const char *word) {
        g_autofree char *name = domain_device_name(domain, device);

        return g_str_equal(name, word) || g_ascii_strcasecmp(device->source, word) == 0 ||
               g_strcmp0(device->address, word) == 0 ||
               (device->mac && g_ascii_strcasecmp(device->mac, word) == 0);
}

static DomainDevice *find_device(const Domain *domain, const char *word) {
        for (guint i = 0; i < domain->devices->len; i++) {
                DomainDevice *device = domain->devices->pdata[i];

                if (!device->unplugged && is_called(domain, device, word))
                        return device;
        }
        return NULL;
}

/* By its own name, or that of the half that stays, from which only the VF can be taken. */
static DomainDevice *find_leaving(const Swap *swap, const Domain *domain,
                                  const DomainInterface *interface) {
        DomainDevice *device = find_device(domain, swap->device);

        if (device || !swap_is_virtio(swap->target) || !interface || !interface->persistent)
                return device;

        device = swap_team_vf(domain, interface);
        return device && !device->unplugged ? device : NULL;
}

static bool begin_from_device(Swap *swap, const GuestEvent *found, const Domain *domain,
                              DomainDevice *device, GError **error) {
        g_autoptr(DomainInterface) standby = NULL;

        swap->from = g_strdup(device->source);
        swap->name = domain_device_name(domain, device);
        if (swap_is_virtio(swap->target))
                standby = swap_team_standby(found->xml, device);
        return standby ? swap_demote(swap, found, domain, device, standby, error)
                       : swap_exchange_device(swap, found, domain, device, error);
}

static bool begin_from_interface(Swap *swap, const Domain *domain, const DomainInterface *interface,
                                 GError **error) {
        swap->from = g_strdup("virtio");
        swap->name = g_strdup(interface->alias ?: interface->mac);
        return interface->persistent ? swap_promote(swap, domain, interface, error)
                                     : swap_exchange_interface(swap, domain, interface, error);
}

static bool begin(Swap *swap, const GuestEvent *found, GError **error) {
        g_autoptr(DomainInterface) interface = NULL;
        g_autoptr(Domain) domain = NULL;
        DomainDevice *device;

        domain = domain_from_xml(found->xml, strlen(found->xml), error);
        if (!domain)
                return false;

        swap->uuid = g_strdup(found->uuid);
        swap->guest = g_strdup(found->name);
        interface = domain_interface_find(found->xml, strlen(found->xml), swap->device, NULL);
        device = find_leaving(swap, domain, interface);
        if (device)
                return begin_from_device(swap, found, domain, device, error);
        if (interface && !swap_is_virtio(swap->target))
                return begin_from_interface(swap, domain, interface, error);

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                    "Guest %s has no passthrough device and no interface '%.64s' to exchange: "
                    "'virsh dumpxml' and 'virt-ferry leases' show those it has",
                    domain->name, swap->device);
        return false;
}

/* A GuestFinder. */
static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(GError) error = NULL;
        Swap *swap = userdata;

        if (!check_guest(swap, found, &error) || !begin(swap, found, &error))
                swap_fail(swap, error);
}

void swaps_begin(Swaps *swaps, const char *domain, const char *device, const char *target,
                 bool force, SwapReply reply, void *userdata) {
        const VirtOps *virt = swaps->manager->virt;
        g_autoptr(GError) error = NULL;
        Swap *swap;

        if (!virt) {
                g_set_error(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "virtferryd runs without libvirt (--no-libvirt), so it exchanges no "
                            "device");
                reply(userdata, NULL, error);
                return;
        }

        swap = g_new0(Swap, 1);
        swap->swaps = swaps;
        swap->device = g_strdup(device);
        swap->target = g_strdup(target);
        swap->force = force;
        swap->reply = reply;
        swap->userdata = userdata;
        virt->find(virt->userdata, domain, on_found, swap);
}
