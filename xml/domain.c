/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain.h"

#include "xml/from-node.h"

static const char *const kind_names[] = {
        [DOMAIN_DEVICE_PCI] = "pci",
        [DOMAIN_DEVICE_MDEV] = "mdev",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kind_names) == _DOMAIN_DEVICE_KIND_MAX);

const char *domain_device_kind_to_string(DomainDeviceKind kind) {
        if (kind < 0 || kind >= _DOMAIN_DEVICE_KIND_MAX)
                return NULL;

        return kind_names[kind];
}

DomainDeviceKind domain_device_kind_from_string(const char *text) {
        for (int i = 0; i < _DOMAIN_DEVICE_KIND_MAX; i++)
                if (g_strcmp0(kind_names[i], text) == 0)
                        return (DomainDeviceKind)i;

        return _DOMAIN_DEVICE_KIND_INVALID;
}

void domain_device_free(DomainDevice *device) {
        if (!device)
                return;

        g_free(device->source);
        g_free(device->address);
        g_free(device->alias);
        g_free(device->mac);
        g_free(device);
}

bool domain_device_brings_state(const DomainDevice *device) {
        return !device->transient && !device->unplugged;
}

Domain *domain_new(void) {
        Domain *domain = g_new0(Domain, 1);

        domain->devices = g_ptr_array_new_with_free_func((GDestroyNotify)domain_device_free);
        domain->macs = g_ptr_array_new_with_free_func(g_free);
        return domain;
}

void domain_free(Domain *domain) {
        if (!domain)
                return;

        g_free(domain->name);
        g_free(domain->uuid);
        g_ptr_array_unref(domain->devices);
        g_ptr_array_unref(domain->macs);
        metadata_free(domain->metadata);
        g_free(domain);
}

char *domain_device_name(const Domain *domain, const DomainDevice *device) {
        const MetadataDevice *entry = NULL;
        unsigned index = 0;

        /* libvirt's own aliases ("hostdev0") do not travel, but what was seen at the source has
         * them. */
        if (!device->alias && domain->metadata)
                entry = metadata_find(domain->metadata, device->address, NULL);
        if (device->alias || (entry && entry->alias))
                return g_strdup(device->alias ?: entry->alias);

        (void)g_ptr_array_find(domain->devices, device, &index);
        return g_strdup_printf("hostdev %u", index);
}
