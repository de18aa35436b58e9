/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/excerpt.h"
#include "xml/from-node.h"
#include "xml/pci-address.h"
#include "xml/reader.h"

/* All versions of our namespace. */
#define METADATA_URI_FAMILY "urn:virtferry:domain:"
/* Of OpenStack Nova's <instance>: 1.0 until 2021, 1.1 since (nova/virt/libvirt/config.py). */
#define NOVA_URI_FAMILY "http://openstack.org/xmlns/libvirt/nova/"

static void note_mac(const xmlNode *element, Domain *domain) {
        char *mac = domain_interface_mac(element);

        if (mac)
                g_ptr_array_add(domain->macs, mac);
}

static bool read_devices(const xmlNode *devices, Domain *domain, GPtrArray *addresses,
                         GError **error) {
        for (xmlNode *element = xmlFirstElementChild((xmlNode *)devices); element;
             element = xmlNextElementSibling(element)) {
                DomainDeviceKind kind = domain_device_kind_of_node(element);
                DomainDevice *device;
                xmlNode *address = NULL;

                if (kind < 0) {
                        note_mac(element, domain);
                        continue;
                }
                if (domain->devices->len >= METADATA_DEVICES_MAX)
                        return xml_fail(element, error, "more than %d passthrough devices",
                                        METADATA_DEVICES_MAX);

                device = domain_device_from_node(element, kind, &address, error);
                if (!device)
                        return false;

                g_ptr_array_add(domain->devices, device);
                g_ptr_array_add(addresses, address);
        }

        return true;
}

/* Other people's elements are theirs. Ours, of a version that we do not know, is not passed over:
 * the guest needs what it says. */
static bool check_foreign(const xmlNode *element, GError **error) {
        const char *uri = element->ns ? (const char *)element->ns->href : NULL;
        g_autofree char *shown = NULL;

        if (!uri && g_str_has_prefix((const char *)element->name, METADATA_PREFIX ":"))
                return xml_fail(element, error,
                                "prefix '" METADATA_PREFIX "' is not declared: add xmlns:%s='%s'",
                                METADATA_PREFIX, METADATA_URI);
        if (!uri || !g_str_has_prefix(uri, METADATA_URI_FAMILY))
                return true;

        shown = excerpt(uri);
        return xml_fail(
                element, error,
                "namespace '%s' is not known here, only '%s': update virt-ferry on this host",
                shown, METADATA_URI);
}

static bool is_novas(const xmlNode *element) {
        return element->ns && g_str_has_prefix((const char *)element->ns->href, NOVA_URI_FAMILY) &&
               g_str_equal((const char *)element->name, "instance");
}

static bool read_metadata_child(const xmlNode *element, Domain *domain, GError **error) {
        domain->nova |= is_novas(element);
        if (!element->ns || !g_str_equal((const char *)element->ns->href, METADATA_URI))
                return check_foreign(element, error);
        if (domain->metadata)
                return xml_fail(element, error, "a second element of namespace %s: remove one",
                                METADATA_URI);
        if (!xml_is(element, METADATA_URI, "domain")) {
                g_autofree char *tag = xml_tag(element);

                return xml_fail(element, error, "%s in <metadata>: only <%s:domain> stands there",
                                tag, METADATA_PREFIX);
        }

        domain->metadata = metadata_from_node(element, error);
        return domain->metadata != NULL;
}

static bool read_metadata(const xmlNode *metadata, Domain *domain, GError **error) {
        for (xmlNode *child = xmlFirstElementChild((xmlNode *)metadata); child;
             child = xmlNextElementSibling(child))
                if (!read_metadata_child(child, domain, error))
                        return false;
        return true;
}

static char *content(const xmlNode *element) {
        xmlChar *text = xmlNodeGetContent(element);
        char *copy = g_strdup((const char *)text);

        xmlFree(text);
        return copy;
}

static bool read_name(const xmlNode *root, Domain *domain, GError **error) {
        xmlNode *name = NULL;

        if (!xml_require_child(root, "name", &name, error))
                return false;

        domain->name = content(name);
        if (xml_text_is_valid(domain->name))
                return true;

        return xml_fail(name, error, "the name must be one line of 1 to %d characters",
                        XML_TEXT_LENGTH_MAX);
}

static bool read_uuid(const xmlNode *root, Domain *domain, GError **error) {
        g_autofree char *text = NULL, *shown = NULL;
        xmlNode *uuid = NULL;

        if (!xml_child(root, "uuid", &uuid, error))
                return false;
        if (!uuid)
                return true;

        text = content(uuid);
        if (!uuid_is_valid(g_strstrip(text))) {
                shown = excerpt(text);
                return xml_fail(
                        uuid, error,
                        "the uuid must be like 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001, not '%s'",
                        shown);
        }

        domain->uuid = g_ascii_strdown(text, -1);
        return true;
}

/* Those that are unplugged ---------------------------------------------------------- */

/* The next element of this name in our namespace, at or after `element`. */
static xmlNode *next_ours(xmlNode *element, const char *name) {
        while (element && !xml_is(element, METADATA_URI, name))
                element = xmlNextElementSibling(element);
        return element;
}

static xmlNode *find_our_element(const xmlNode *root) {
        for (xmlNode *child = xmlFirstElementChild((xmlNode *)root); child;
             child = xmlNextElementSibling(child)) {
                xmlNode *ours = NULL;

                if (xml_is(child, NULL, "metadata"))
                        ours = next_ours(xmlFirstElementChild(child), "domain");
                if (ours)
                        return ours;
        }
        return NULL;
}

/* A note that has outlived its use: the device has been plugged, or was never unplugged. */
static bool is_plugged(const Domain *domain, const MetadataDevice *entry) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

                if (!device->unplugged &&
                    metadata_find(domain->metadata, device->address, device->alias) == entry)
                        return true;
        }
        return false;
}

/* An emulated interface has taken its place (daemon/swap.h). */
static bool is_replaced(const Domain *domain, const DomainDevice *device) {
        return device->mac &&
               g_ptr_array_find_with_equal_func(domain->macs, device->mac, g_str_equal, NULL);
}

static bool add_unplugged(Domain *domain, const MetadataDevice *entry, xmlNode *element,
                          GPtrArray *addresses, GError **error) {
        const Unplugged *unplugged = entry->unplugged;
        char buffer[PCI_ADDRESS_STRING_MAX];
        DomainDevice *device;
        PciAddress address;

        device = domain_device_from_xml(unplugged->element, strlen(unplugged->element), error);
        if (!device)
                return false;
        if (is_replaced(domain, device)) {
                domain_device_free(device);
                return true;
        }

        g_ptr_array_add(domain->devices, device);
        g_ptr_array_add(addresses, element);
        device->unplugged = true;
        device->line = xml_line(element);
        g_free(device->source);
        device->source = g_strdup(pci_address_from_string(unplugged->source, &address) >= 0
                                          ? pci_address_to_string(&address, buffer)
                                          : unplugged->source);
        if (!device->address)
                device->address = g_strdup(entry->address);
        if (!device->alias)
                device->alias = g_strdup(entry->alias);
        return true;
}

/* Entries stand in the order of their elements. */
static bool read_unplugged(const xmlNode *root, Domain *domain, GPtrArray *addresses,
                           GError **error) {
        xmlNode *ours = domain->metadata ? find_our_element(root) : NULL;
        xmlNode *child = ours ? xmlFirstElementChild(ours) : NULL;

        for (guint i = 0; ours && i < domain->metadata->devices->len; i++) {
                const MetadataDevice *entry = domain->metadata->devices->pdata[i];
                xmlNode *element = child = next_ours(child, "device");

                child = xmlNextElementSibling(child);
                if (!entry->unplugged || is_plugged(domain, entry))
                        continue;

                if (domain->devices->len >= METADATA_DEVICES_MAX)
                        return xml_fail(element, error, "more than %d passthrough devices",
                                        METADATA_DEVICES_MAX);

                element = next_ours(xmlFirstElementChild(element), "unplugged");
                if (!add_unplugged(domain, entry, element, addresses, error))
                        return false;
        }
        return true;
}

static bool read_children(const xmlNode *root, Domain *domain, GPtrArray *addresses,
                          GError **error) {
        for (xmlNode *child = xmlFirstElementChild((xmlNode *)root); child;
             child = xmlNextElementSibling(child)) {
                if (xml_is(child, NULL, "devices") &&
                    !read_devices(child, domain, addresses, error))
                        return false;
                if (xml_is(child, NULL, "metadata") && !read_metadata(child, domain, error))
                        return false;
        }

        return true;
}

Domain *domain_from_document(xmlDoc *doc, GPtrArray **ret_addresses, GError **error) {
        g_autoptr(GPtrArray) addresses = g_ptr_array_new();
        g_autoptr(Domain) domain = domain_new();
        xmlNode *root = xmlDocGetRootElement(doc);

        if (!xml_is(root, NULL, "domain")) {
                g_autofree char *tag = xml_tag(root);

                xml_fail(root, error, "%s is not the <domain> of a guest", tag);
                return NULL;
        }

        if (!read_name(root, domain, error) || !read_uuid(root, domain, error) ||
            !read_children(root, domain, addresses, error) ||
            !read_unplugged(root, domain, addresses, error))
                return NULL;

        if (ret_addresses)
                *ret_addresses = g_steal_pointer(&addresses);
        return g_steal_pointer(&domain);
}

Domain *domain_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);

        return doc ? domain_from_document(doc, NULL, error) : NULL;
}
