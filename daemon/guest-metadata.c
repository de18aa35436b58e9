/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-metadata.h"

#include <string.h>

#include "xml/rewrite.h"

static DeviceNeed *device_need_copy(const DeviceNeed *need) {
        DeviceNeed *copy;

        if (!need)
                return NULL;

        copy = g_memdup2(need, sizeof(*need));
        copy->class_name = g_strdup(need->class_name);
        copy->type = g_strdup(need->type);
        copy->pool = g_strdup(need->pool);
        return copy;
}

/* One that is unplugged is what the guest has had, until it has the new one. */
static const Device *leased_device(const Domain *domain, const DomainDevice *device,
                                   const Inventory *inventory, const LeaseBook *book) {
        const Lease *lease = lease_book_find_device(book, device->source);

        if (device->unplugged || !lease || !domain->uuid ||
            !g_str_equal(lease->domain_uuid, domain->uuid))
                return NULL;
        return inventory_find(inventory, device->source);
}

/* A driver that cannot be asked while the guest holds the device was asked
 * before, maybe on another host: what is known is not replaced by unknown. */
static void keep_what_was_known(Fingerprint *seen, const Fingerprint *before) {
        if (!before || g_strcmp0(seen->driver, before->driver) != 0)
                return;
        if (seen->vfio_caps == VFIO_CAPS_UNKNOWN)
                seen->vfio_caps = before->vfio_caps;
        if (seen->state_size == 0)
                seen->state_size = before->state_size;
}

static MetadataDevice *entry_for(const DomainDevice *device, const Device *found,
                                 const MetadataDevice *before) {
        g_autoptr(MetadataDevice) entry = NULL;

        if (!found && !before)
                return NULL;

        entry = metadata_device_new(device->alias ?: (before ? before->alias : NULL),
                                    device->address ?: (before ? before->address : NULL));
        if (before) {
                entry->need = device_need_copy(before->need);
                entry->switch_state = switch_state_copy(before->switch_state);
        }
        if (before && device->unplugged)
                entry->unplugged = unplugged_copy(before->unplugged);

        if (found) {
                entry->seen_class = g_strdup(found->class->name);
                entry->seen = fingerprint_copy(found->fingerprint);
                keep_what_was_known(entry->seen, before ? before->seen : NULL);
        } else if (before->seen) {
                entry->seen_class = g_strdup(before->seen_class);
                entry->seen = fingerprint_copy(before->seen);
        }
        return g_steal_pointer(&entry);
}

Metadata *guest_metadata(const Domain *domain, const Inventory *inventory, const LeaseBook *book) {
        g_autoptr(Metadata) metadata = metadata_new();

        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                const MetadataDevice *before = NULL;
                MetadataDevice *entry;

                if (!device->address && !device->alias)
                        continue;
                if (domain->metadata)
                        before = metadata_find(domain->metadata, device->address, device->alias);

                entry = entry_for(device, leased_device(domain, device, inventory, book), before);
                if (entry)
                        g_ptr_array_add(metadata->devices, entry);
        }
        if (domain->metadata && domain->metadata->policy)
                metadata->policy = g_memdup2(domain->metadata->policy, sizeof(OffloadWish));
        return metadata->devices->len > 0 || metadata->policy ? g_steal_pointer(&metadata) : NULL;
}

static const char *leased_source(const GPtrArray *leases, const DomainDevice *device) {
        for (guint i = 0; device->address && i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];

                if (g_strcmp0(lease->address, device->address) == 0)
                        return lease->device;
        }
        return NULL;
}

char *guest_definition(const char *inactive_xml, const LeaseBook *book, GError **error) {
        g_autofree const char **sources = NULL;
        g_autofree char *rewritten = NULL;
        g_autoptr(GPtrArray) leases = NULL;
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(inactive_xml, strlen(inactive_xml), error);
        if (!domain || !domain->uuid)
                return NULL;

        leases = lease_book_list_domain(book, domain->uuid);
        sources = g_new0(const char *, domain->devices->len + 1);
        for (guint i = 0; i < domain->devices->len; i++)
                sources[i] = leased_source(leases, domain->devices->pdata[i]);

        rewritten = domain_rewrite(inactive_xml, strlen(inactive_xml), sources,
                                   domain->devices->len, error);
        if (!rewritten || g_str_equal(rewritten, inactive_xml))
                return NULL;
        return g_steal_pointer(&rewritten);
}
