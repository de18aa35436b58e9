/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/excerpt.h"
#include "xml/from-node.h"
#include "xml/pci-address.h"
#include "xml/reader.h"

/* All versions of our namespace. */
#define METADATA_URI_FAMILY "urn:virtferry:domain:"

static bool has_value(const xmlNode *element, const char *name, const char *expected) {
        g_autofree char *value = xml_prop(element, name);

        return g_strcmp0(value, expected) == 0;
}

/* An element with this name inside another; false with words when it is not there. */
static bool need_child(const xmlNode *element, const char *name, xmlNode **ret_child,
                       GError **error) {
        xmlNode *child = NULL;

        if (!xml_child(element, name, &child, error))
                return false;
        if (!child)
                return xml_fail(element, error, "<%s> needs a <%s>", (const char *)element->name,
                                name);

        *ret_child = child;
        return true;
}

static bool read_pci_address(const xmlNode *element, PciAddress *ret_address, GError **error) {
        uint32_t domain = 0, bus = 0, slot = 0, function = 0;

        if (!xml_prop_number(element, "domain", G_MAXUINT32, &domain, error) ||
            !xml_prop_number(element, "bus", 0xff, &bus, error) ||
            !xml_prop_number(element, "slot", 0x1f, &slot, error) ||
            !xml_prop_number(element, "function", 7, &function, error))
                return false;

        *ret_address = (PciAddress){
                .domain = domain,
                .bus = (uint8_t)bus,
                .slot = (uint8_t)slot,
                .function = (uint8_t)function,
        };
        return true;
}

static bool read_pci_source(const xmlNode *address, DomainDevice *device, GError **error) {
        char buffer[PCI_ADDRESS_STRING_MAX];
        PciAddress source;

        if (!xml_require(address, "bus", error) || !xml_require(address, "slot", error) ||
            !read_pci_address(address, &source, error))
                return false;

        device->source = g_strdup(pci_address_to_string(&source, buffer));
        return true;
}

static bool read_mdev_source(const xmlNode *address, DomainDevice *device, GError **error) {
        return xml_require(address, "uuid", error) &&
               xml_prop_uuid(address, "uuid", &device->source, error);
}

static bool read_source(const xmlNode *element, DomainDevice *device, xmlNode **ret_address,
                        GError **error) {
        xmlNode *source = NULL;

        if (!need_child(element, "source", &source, error) ||
            !need_child(source, "address", ret_address, error))
                return false;

        return device->kind == DOMAIN_DEVICE_PCI ? read_pci_source(*ret_address, device, error)
                                                 : read_mdev_source(*ret_address, device, error);
}

/* libvirt takes an address without domain, bus and slot for one that it has yet to choose. */
static bool read_guest_address(const xmlNode *element, DomainDevice *device, GError **error) {
        char buffer[PCI_ADDRESS_STRING_MAX];
        PciAddress guest;
        xmlNode *address = NULL;

        if (!xml_child(element, "address", &address, error))
                return false;
        if (!address || !has_value(address, "type", "pci"))
                return true;
        if (!read_pci_address(address, &guest, error))
                return false;

        if (guest.domain || guest.bus || guest.slot)
                device->address = g_strdup(pci_address_to_string(&guest, buffer));
        return true;
}

static bool mac_is_valid(const char *text) {
        for (size_t i = 0; i < 17; i++)
                if (i % 3 == 2 ? text[i] != ':' : !g_ascii_isxdigit(text[i]))
                        return false;
        return !text[17];
}

static bool read_mac(const xmlNode *element, DomainDevice *device, GError **error) {
        g_autofree char *value = NULL, *shown = NULL;
        xmlNode *mac = NULL;

        if (!device->network)
                return true;
        if (!xml_child(element, "mac", &mac, error))
                return false;

        value = mac ? xml_prop(mac, "address") : NULL;
        if (!value)
                return true;

        if (!mac_is_valid(value)) {
                shown = excerpt(value);
                return xml_fail(
                        mac, error,
                        "attribute 'address' must be a MAC like 52:54:00:12:34:56, not '%s'",
                        shown);
        }

        device->mac = g_ascii_strdown(value, -1);
        return true;
}

static bool read_details(const xmlNode *element, DomainDevice *device, GError **error) {
        xmlNode *alias = NULL, *teaming = NULL;

        if (!xml_child(element, "alias", &alias, error) ||
            !xml_child(element, "teaming", &teaming, error) ||
            (alias && !xml_prop_name(alias, "name", &device->alias, error)) ||
            !xml_prop_bool(element, "managed", &device->managed, error))
                return false;

        device->transient = teaming && has_value(teaming, "type", "transient");
        return read_guest_address(element, device, error) && read_mac(element, device, error);
}

static DomainDevice *read_device(const xmlNode *element, DomainDeviceKind kind,
                                 xmlNode **ret_address, GError **error) {
        g_autoptr(DomainDevice) device = g_new0(DomainDevice, 1);

        device->kind = kind;
        device->line = xml_line(element);
        device->network = xml_is(element, NULL, "interface");

        if (!read_source(element, device, ret_address, error) ||
            !read_details(element, device, error))
                return NULL;

        return g_steal_pointer(&device);
}

/* The mode may be left out, as libvirt allows. */
static DomainDeviceKind hostdev_kind(const xmlNode *element) {
        g_autofree char *mode = xml_prop(element, "mode"), *type = xml_prop(element, "type");

        if (mode && !g_str_equal(mode, "subsystem"))
                return _DOMAIN_DEVICE_KIND_INVALID;

        return domain_device_kind_from_string(type);
}

/* libvirt knows such an interface on USB as well. What is missing is told by read_source(). */
static DomainDeviceKind interface_kind(const xmlNode *element) {
        xmlNode *source = NULL, *address = NULL;
        g_autofree char *type = NULL;

        if (!has_value(element, "type", "hostdev"))
                return _DOMAIN_DEVICE_KIND_INVALID;
        if (xml_child(element, "source", &source, NULL) && source &&
            xml_child(source, "address", &address, NULL) && address)
                type = xml_prop(address, "type");

        return !type || g_str_equal(type, "pci") ? DOMAIN_DEVICE_PCI : _DOMAIN_DEVICE_KIND_INVALID;
}

/* What a child of <devices> is to us; _INVALID for all that is not ours. */
static DomainDeviceKind device_kind(const xmlNode *element) {
        if (xml_is(element, NULL, "hostdev"))
                return hostdev_kind(element);
        if (xml_is(element, NULL, "interface"))
                return interface_kind(element);

        return _DOMAIN_DEVICE_KIND_INVALID;
}

static bool read_devices(const xmlNode *devices, Domain *domain, GPtrArray *addresses,
                         GError **error) {
        for (xmlNode *element = xmlFirstElementChild((xmlNode *)devices); element;
             element = xmlNextElementSibling(element)) {
                DomainDeviceKind kind = device_kind(element);
                DomainDevice *device;
                xmlNode *address = NULL;

                if (kind < 0)
                        continue;
                if (domain->devices->len >= METADATA_DEVICES_MAX)
                        return xml_fail(element, error, "more than %d passthrough devices",
                                        METADATA_DEVICES_MAX);

                device = read_device(element, kind, &address, error);
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

static bool read_metadata_child(const xmlNode *element, Domain *domain, GError **error) {
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

        if (!need_child(root, "name", &name, error))
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
            !read_children(root, domain, addresses, error))
                return NULL;

        if (ret_addresses)
                *ret_addresses = g_steal_pointer(&addresses);
        return g_steal_pointer(&domain);
}

Domain *domain_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);

        return doc ? domain_from_document(doc, NULL, error) : NULL;
}
