/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap.h"

#include <string.h>

#include "daemon/drive-plan.h"
#include "daemon/drive.h"
#include "daemon/guest-follow.h"
#include "daemon/guest-metadata.h"
#include "daemon/guest-switch.h"
#include "daemon/hardware.h"
#include "daemon/mediation.h"
#include "daemon/replug.h"
#include "daemon/slices.h"
#include "daemon/swap-choice.h"
#include "daemon/swap-interface.h"
#include "daemon/swap-team.h"
#include "xml/ferry-error.h"
#include "xml/rewrite.h"
#include "xml/unplug.h"

struct Swaps {
        Manager *manager;
        GHashTable *held; /* ids of devices that are being exchanged */
};

typedef struct Swap {
        Swaps *swaps;
        char *device, *target; /* as asked for */
        bool force;
        SwapReply reply;
        void *userdata;

        char *uuid, *guest, *name; /* when the guest was found */
        char *from, *to;
        char *element;     /* of the new one */
        char *old_element; /* of an interface that is not to be found in the note; NULL */
        int64_t unplugged; /* when; 0: of a team */
        char *mac;         /* of the team */
        GError *reason;    /* why it has failed, while the old one is given back */
} Swap;

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

/* The exchange ---------------------------------------------------------------------- */

static void end(Swap *taken, const GError *error) {
        g_autoptr(Swap) swap = taken;
        const Manager *manager = swap->swaps->manager;
        Swapped done = { swap->guest, swap->name, swap->from, swap->to,
                         swap->unplugged ? manager->now() - swap->unplugged : 0 };

        swap->reply(swap->userdata, error ? NULL : &done, error);
}

/* The daemon ends before: the next one gives back what was taken, since the guest does not have it.
 */
static void release(void *swap) {
        g_autoptr(GError) error = NULL;

        g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "virtferryd ends: the guest has its device again when it is back");
        end(swap, error);
}

/* Whatever was taken for it is given back. */
static void fail(Swap *swap, const GError *error) {
        Manager *manager = swap->swaps->manager;
        Lease *lease = swap->to ? lease_book_find_device(manager->leases, swap->to) : NULL;
        g_autoptr(GError) problem = NULL;

        if (lease && !hardware_release(manager, lease, &problem))
                g_warning("%s, trying again later", problem->message);
        end(swap, error);
}

/* A ReplugDone. */
static void on_given_back(void *userdata, const GError *error) {
        Swap *swap = userdata;

        if (error)
                g_warning("Guest %s is without %s: %s", swap->guest, swap->name, error->message);
        fail(swap, swap->reason);
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
                        fail(swap, reason);
                return;
        }

        guest_switch_moved(manager, swap->from, swap->to);
        g_message("Guest %s has %s instead of %s as %s", swap->guest, swap->to, swap->from,
                  swap->name);
        slices_on_exchanged(manager->slices, swap->uuid);
        end(swap, NULL);
}

/* A ReplugDone. */
static void on_unplugged(void *userdata, const GError *error) {
        Swap *swap = userdata;

        if (error) {
                fail(swap, error);
                return;
        }
        swap->unplugged = swap->swaps->manager->now();
        replug_plug_instead(swap->swaps->manager->replug, swap->uuid, swap->element,
                            (ReplugWaiter){ on_plugged, release, swap });
}

/* Teams ----------------------------------------------------------------------------- */

/* The next daemon sees whether it has its VF. */
static void release_team(void *swap) {
        g_autoptr(GError) error = NULL;

        g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "virtferryd ends: the guest has its VF or goes on without it, as "
                            "'virsh dumpxml' shows");
        end(swap, error);
}

/* A ReplugDone. */
static void on_promoted(void *userdata, const GError *error) {
        Swap *swap = userdata;
        Manager *manager = swap->swaps->manager;
        g_autoptr(GError) reason = NULL;

        if (error) {
                g_set_error(&reason, error->domain, error->code, "%s: guest %s goes on without it",
                            error->message, swap->guest);
                fail(swap, reason);
                return;
        }

        mediations_on_vf_added(manager->mediations, swap->uuid, swap->to, swap->mac);
        g_message("Guest %s has %s beside %s", swap->guest, swap->to, swap->name);
        end(swap, NULL);
}

static void give_back(Swap *swap) {
        Manager *manager = swap->swaps->manager;
        Lease *lease = lease_book_find_device(manager->leases, swap->from);
        g_autoptr(GError) error = NULL;

        if (lease && g_str_equal(lease->domain_uuid, swap->uuid) &&
            !hardware_release(manager, lease, &error))
                g_warning("%s, trying again later", error->message);
        guest_follow_look_again(manager, swap->uuid); /* its metadata have the VF still */
}

/* A ReplugDone. */
static void on_demoted(void *userdata, const GError *error) {
        Swap *swap = userdata;
        Manager *manager = swap->swaps->manager;

        if (error) {
                fail(swap, error);
                return;
        }

        mediations_on_vf_removed(manager->mediations, swap->uuid, swap->from, swap->mac);
        give_back(swap);
        g_message("Guest %s has given %s back, which was %s", swap->guest, swap->from, swap->name);
        end(swap, NULL);
}

/* What is taken for it -------------------------------------------------------------- */

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

static Lease *choose(const Swap *swap, const Domain *domain, DomainDevice *device, GError **error) {
        const SwapWish wish = { .manager = swap->swaps->manager,
                                .uuid = swap->uuid,
                                .guest = swap->guest,
                                .name = swap->name,
                                .from = swap->from,
                                .target = swap->target };

        return swap_choose(&wish, domain, device, error);
}

/* Between two passthrough devices. */
static bool prepare_device(Swap *swap, const Domain *domain, DomainDevice *device,
                           const char *element, GError **error) {
        Lease *lease = choose(swap, domain, device, error);

        if (!lease || !take(swap, domain, device, lease, error))
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

/* Without a note: who has asked for that would not want to have it back. */
static bool begin_demotion(Swap *swap, const GuestEvent *found, const Domain *domain,
                           const DomainDevice *device, const DomainInterface *standby,
                           GError **error) {
        Manager *manager = swap->swaps->manager;
        g_autoptr(Metadata) metadata = NULL;

        if (!swap_team_check_demote(found, domain, standby, swap->target, error))
                return false;

        swap->to = g_strdup(swap->target);
        swap->mac = g_strdup(standby->mac);

        g_hash_table_add(swap->swaps->held, g_strdup(swap->from));
        metadata = guest_metadata(domain, manager->inventory, manager->leases);
        slices_note(manager->slices, domain, &metadata);
        if (!metadata)
                metadata = metadata_new();
        replug_unplug_noted(manager->replug, swap->uuid, metadata, swap->from,
                            (ReplugWaiter){ on_demoted, release_team, swap });
        return true;
}

static bool begin_from_device(Swap *swap, const GuestEvent *found, const Domain *domain,
                              DomainDevice *device, GError **error) {
        g_autoptr(GPtrArray) devices = g_ptr_array_new();
        g_autoptr(DomainInterface) standby = NULL;
        g_autofree char *element = NULL;
        guint number;

        swap->from = g_strdup(device->source);
        swap->name = domain_device_name(domain, device);
        if (swap_is_virtio(swap->target))
                standby = swap_team_standby(found->xml, device);
        if (standby)
                return begin_demotion(swap, found, domain, device, standby, error);

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

static bool begin_from_interface(Swap *swap, const Domain *domain, const DomainInterface *interface,
                                 GError **error) {
        DomainDevice device = swap_interface_as_device(interface);
        const Manager *manager = swap->swaps->manager;
        g_autoptr(Metadata) metadata = NULL;
        Lease *lease;

        swap->name = g_strdup(interface->alias ?: interface->mac);
        swap->from = g_strdup("virtio");
        if (!interface->address) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                            "%s has no PCI address in the guest, where a VF could come",
                            swap->name);
                return false;
        }

        lease = choose(swap, domain, &device, error);
        if (!lease || !take(swap, domain, &device, lease, error))
                return false;

        swap->element = swap_vf_element(swap->to, interface);
        swap->old_element = g_strdup(interface->element);
        metadata = swap_vf_note(manager, domain, interface, swap->to, swap->element);
        replug_unplug_noted(manager->replug, swap->uuid, metadata, interface->mac,
                            (ReplugWaiter){ on_unplugged, release, swap });
        return true;
}

static bool begin_promotion(Swap *swap, const GuestEvent *found, const Domain *domain,
                            const DomainInterface *standby, GError **error) {
        DomainDevice device = swap_interface_as_device(standby);
        Lease *lease;

        swap->name = g_strdup(standby->alias ?: standby->mac);
        swap->from = g_strdup("virtio");
        swap->mac = g_strdup(standby->mac);
        if (!swap_team_check_promote(domain, standby, error))
                return false;

        lease = choose(swap, domain, &device, error);
        if (!lease || !take(swap, domain, &device, lease, error))
                return false;

        swap->element = swap_team_element(swap->to, standby);
        replug_plug_instead(swap->swaps->manager->replug, swap->uuid, swap->element,
                            (ReplugWaiter){ on_promoted, release_team, swap });
        return true;
}

/* What it begins with --------------------------------------------------------------- */

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
                return interface->persistent
                               ? begin_promotion(swap, found, domain, interface, error)
                               : begin_from_interface(swap, domain, interface, error);

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
                fail(swap, error);
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
