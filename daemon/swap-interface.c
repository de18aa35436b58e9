/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap-interface.h"

#include <string.h>

#include "daemon/guest-metadata.h"
#include "xml/ferry-error.h"
#include "xml/pci-address.h"
#include "xml/reader.h"
#include "xml/unplug.h"

bool swap_is_virtio(const char *target) {
        return g_str_equal(target, "virtio") || g_str_has_prefix(target, "virtio:");
}

char *swap_virtio_element(const DomainDevice *device, const char *name, const char *target,
                          GError **error) {
        const char *bridge = strchr(target, ':');
        g_autofree char *source = NULL;

        if (!device->network || !device->mac) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                            "%s is no <interface> with a MAC, so no virtio interface can take its "
                            "place",
                            name);
                return NULL;
        }
        if (bridge && !xml_name_is_valid(bridge + 1)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "'%.64s' is no name of a bridge: 'virtio:br0' has one", bridge + 1);
                return NULL;
        }

        source = bridge ? g_strdup_printf("bridge='%s'", bridge + 1)
                        : g_strdup("network='default'");
        return g_strdup_printf("<interface type='%s'><mac address='%s'/><source %s/>"
                               "<model type='virtio'/></interface>",
                               bridge ? "bridge" : "network", device->mac, source);
}

DomainDevice swap_interface_as_device(const DomainInterface *interface) {
        return (DomainDevice){ .kind = DOMAIN_DEVICE_PCI,
                               .source = (char *)"",
                               .address = interface->persistent ? NULL : interface->address,
                               .alias = interface->alias,
                               .mac = interface->mac,
                               .managed = true,
                               .network = true };
}

char *swap_vf_element(const char *vf, const DomainInterface *interface) {
        PciAddress host, guest;

        if (pci_address_from_string(vf, &host) < 0 ||
            pci_address_from_string(interface->address, &guest) < 0)
                return NULL;

        return g_strdup_printf("<interface type='hostdev' managed='yes'><mac address='%s'/><source>"
                               "<address type='pci' domain='0x%04x' bus='0x%02x' slot='0x%02x' "
                               "function='0x%x'/></source><address type='pci' domain='0x%04x' "
                               "bus='0x%02x' slot='0x%02x' function='0x%x'/></interface>",
                               interface->mac, host.domain, host.bus, host.slot, host.function,
                               guest.domain, guest.bus, guest.slot, guest.function);
}

Metadata *swap_vf_note(const Manager *manager, const Domain *domain,
                       const DomainInterface *interface, const char *vf, const char *element) {
        Metadata *metadata = guest_metadata(domain, manager->inventory, manager->leases);
        MetadataDevice *entry = metadata_device_new(NULL, interface->address);

        if (!metadata)
                metadata = metadata_new();
        entry->unplugged = unplugged_new(UNPLUG_REPLUG, vf, element);
        g_ptr_array_add(metadata->devices, entry);
        return metadata;
}
