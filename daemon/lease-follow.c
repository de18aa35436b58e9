/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/lease-follow.h"

#include "daemon/core/tuning.h"
#include "daemon/hardware.h"
#include "daemon/swap.h"

static void complain(const char *what, const GError *error) {
        g_warning("%s: %s", what, error->message);
}

static Lease *adopt(Manager *manager, const Domain *domain, const DomainDevice *device,
                    const Device *found) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autoptr(GError) error = NULL;
        Lease *lease = lease_new();

        lease->domain_uuid = g_strdup(domain->uuid);
        lease->domain_name = g_strdup(domain->name);
        lease->device = g_strdup(found->id);
        lease->class_name = g_strdup(found->class->name);
        lease->pool = g_strdup(inventory_pool(manager->inventory, found)->name);
        lease->parent = g_strdup(found->parent);
        lease->type = g_strdup(found->fingerprint->mdev_type);
        lease->address = g_strdup(device->address);
        lease->name = domain_device_name(domain, device);
        lease->managed = device->managed;
        lease->created = manager->now();
        lease->expires = lease->created + (int64_t)manager->config->lease_timeout_usec;
        g_ptr_array_add(leases, lease);

        if (!lease_book_reserve(manager->leases, leases, &error)) {
                complain(found->id, error);
                return NULL;
        }
        return lease_book_find_device(manager->leases, found->id);
}

static void follow_device(Manager *manager, const Domain *domain, const DomainDevice *device) {
        g_autoptr(GError) error = NULL;
        const Device *found;
        Lease *lease;

        lease = lease_book_find_device(manager->leases, device->source);
        if (lease && !g_str_equal(lease->domain_uuid, domain->uuid)) {
                if (!device->unplugged)
                        g_warning("Guest %s runs with %s, which is leased to guest %s",
                                  domain->name, device->source, lease->domain_name);
                return;
        }

        found = inventory_find(manager->inventory, device->source);
        if (!lease && found && !found->host_use && (manager->config->adopt || domain->metadata))
                lease = adopt(manager, domain, device, found);
        if (!lease)
                return;

        if ((lease->state == LEASE_RESERVED &&
             !lease_book_enter(manager->leases, lease, LEASE_CLAIMED, 0, &error)) ||
            !lease_book_enter(manager->leases, lease, LEASE_RUNNING, 0, &error) ||
            !lease_book_rename(manager->leases, lease, domain->name, &error))
                complain(lease->device, error);
}

static bool domain_names(const Domain *domain, const char *source) {
        for (guint i = 0; i < domain->devices->len; i++)
                if (g_str_equal(((DomainDevice *)domain->devices->pdata[i])->source, source))
                        return true;
        return false;
}

/* For a function of its hardware slice; until then, or until it expires. */
static bool is_to_be_plugged(const Lease *lease) {
        return lease->state == LEASE_CLAIMED && lease->name &&
               g_str_has_prefix(lease->name, TUNING_ALIAS_PREFIX);
}

/* Unplugged by somebody while it ran. A transient device is unplugged while the guest moves and
 * stays in the XML; what we unplug for that is in our element. */
static void release_unplugged(Manager *manager, const Domain *domain) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, domain->uuid);

        for (guint i = 0; i < leases->len; i++) {
                g_autoptr(GError) error = NULL;
                Lease *lease = leases->pdata[i];

                if (!domain_names(domain, lease->device) && !is_to_be_plugged(lease) &&
                    !swaps_holds(manager->swaps, lease->device) &&
                    !hardware_release(manager, lease, &error))
                        complain(lease->device, error);
        }
}

void lease_follow_running(Manager *manager, const Domain *domain) {
        for (guint i = 0; i < domain->devices->len; i++)
                follow_device(manager, domain, domain->devices->pdata[i]);
        release_unplugged(manager, domain);
}

void lease_follow_incoming(Manager *manager, const char *uuid) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, uuid);

        for (guint i = 0; i < leases->len; i++) {
                g_autoptr(GError) error = NULL;
                Lease *lease = leases->pdata[i];

                if (lease->state == LEASE_CLAIMED &&
                    !lease_book_enter(manager->leases, lease, LEASE_CLAIMED, 0, &error))
                        complain(lease->device, error);
        }
}

/* The release hook was here before and has done this, unless it is not
 * installed or the daemon was down. A lease with an expiry belongs to the same
 * guest's next coming, which may have begun by now. */
void lease_follow_end(Manager *manager, const char *uuid) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, uuid);

        for (guint i = 0; i < leases->len; i++) {
                g_autoptr(GError) error = NULL;
                Lease *lease = leases->pdata[i];

                if (lease->expires == 0 && !hardware_release(manager, lease, &error))
                        complain(lease->device, error);
        }
}
