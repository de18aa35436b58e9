/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replug-note.h"

#include <string.h>

#include "daemon/core/strategy.h"
#include "daemon/guest-metadata.h"
#include "xml/ferry-error.h"
#include "xml/unplug.h"

const MetadataDevice *replug_note_find(const Domain *domain, const DomainDevice *device) {
        return domain->metadata ? metadata_find(domain->metadata, device->address, device->alias)
                                : NULL;
}

bool replug_note_is_stale(const Domain *domain, const DomainDevice *device) {
        const MetadataDevice *entry = replug_note_find(domain, device);

        return !device->unplugged && entry && entry->unplugged;
}

static bool is_unplugged(const Domain *domain, const DomainDevice *device) {
        return device->unplugged;
}

static bool any_device(const Domain *domain,
                       bool (*is)(const Domain *domain, const DomainDevice *device)) {
        for (guint i = 0; i < domain->devices->len; i++)
                if (is(domain, domain->devices->pdata[i]))
                        return true;
        return false;
}

bool replug_note_any_stale(const Domain *domain) {
        return any_device(domain, replug_note_is_stale);
}

bool replug_note_any_unplugged(const Domain *domain) {
        return any_device(domain, is_unplugged);
}

static MetadataDevice *require_entry(const Manager *manager, Metadata *metadata,
                                     const DomainDevice *device) {
        MetadataDevice *entry = metadata_find(metadata, device->address, device->alias);
        const Device *found = inventory_find(manager->inventory, device->source);

        if (entry)
                return entry;

        entry = metadata_device_new(device->alias, device->address);
        if (found) {
                entry->seen_class = g_strdup(found->class->name);
                entry->seen = fingerprint_copy(found->fingerprint);
        }
        g_ptr_array_add(metadata->devices, entry);
        return entry;
}

static bool note_device(const Manager *manager, const Domain *domain, const char *xml,
                        const DomainDevice *device, UnplugStrategy strategy, Metadata *metadata,
                        GError **error) {
        g_autofree char *element = NULL;
        MetadataDevice *entry;
        guint number;

        if (!device->address && !device->alias) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                            "%s has neither an address nor an alias in the guest, so it would not "
                            "be found again after the move",
                            device->source);
                return false;
        }

        (void)g_ptr_array_find(domain->devices, device, &number);
        element = domain_device_element(xml, strlen(xml), number, error);
        if (!element)
                return false;

        entry = require_entry(manager, metadata, device);
        unplugged_free(entry->unplugged);
        entry->unplugged = unplugged_new(strategy, device->source, element);
        return true;
}

Metadata *replug_note(const Manager *manager, const Domain *domain, const char *xml,
                      const GPtrArray *devices, UnplugStrategy strategy, GError **error) {
        g_autoptr(Metadata) metadata = guest_metadata(domain, manager->inventory, manager->leases);

        if (!metadata)
                metadata = metadata_new();
        for (guint i = 0; i < devices->len; i++)
                if (!note_device(manager, domain, xml, devices->pdata[i], strategy, metadata,
                                 error))
                        return NULL;
        return g_steal_pointer(&metadata);
}

char *replug_as_it_goes(const Manager *manager, const char *xml, GError **error) {
        g_auto(StrategyChoice) choice = { 0 };
        g_autoptr(Metadata) metadata = NULL;
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(xml, strlen(xml), error);
        if (!domain || !strategy_choose(domain, manager->inventory, NULL, &choice, error))
                return NULL;
        if (choice.unplugged->len == 0)
                return g_strdup(xml);

        metadata = replug_note(manager, domain, xml, choice.unplugged, UNPLUG_REPLUG, error);
        return metadata ? domain_without_unplugged(xml, strlen(xml), metadata, error) : NULL;
}
