/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/excerpt.h"
#include "xml/from-node.h"
#include "xml/pci-address.h"
#include "xml/reader.h"

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

        if (!xml_require_child(element, "source", &source, error) ||
            !xml_require_child(source, "address", ret_address, error))
                return false;

        return device->kind == DOMAIN_DEVICE_PCI ? read_pci_source(*ret_address, device, error)
                                                 : read_mdev_source(*ret_address, device, error);
}

/* libvirt takes an address without domain, bus and slot for one that it has yet to choose. */
bool domain_guest_address(const xmlNode *element, char **ret_address, GError **error) {
        char buffer[PCI_ADDRESS_STRING_MAX];
        PciAddress guest;
        xmlNode *address = NULL;

        if (!xml_child(element, "address", &address, error))
                return false;
        if (!address || !xml_prop_is(address, "type", "pci"))
                return true;
        if (!read_pci_address(address, &guest, error))
                return false;

        if (guest.domain || guest.bus || guest.slot)
                *ret_address = g_strdup(pci_address_to_string(&guest, buffer));
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

        device->transient = teaming && xml_prop_is(teaming, "type", "transient");
        return domain_guest_address(element, &device->address, error) &&
               read_mac(element, device, error);
}

DomainDevice *domain_device_from_node(const xmlNode *element, DomainDeviceKind kind,
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

        if (!xml_prop_is(element, "type", "hostdev"))
                return _DOMAIN_DEVICE_KIND_INVALID;
        if (xml_child(element, "source", &source, NULL) && source &&
            xml_child(source, "address", &address, NULL) && address)
                type = xml_prop(address, "type");

        return !type || g_str_equal(type, "pci") ? DOMAIN_DEVICE_PCI : _DOMAIN_DEVICE_KIND_INVALID;
}

DomainDeviceKind domain_device_kind_of_node(const xmlNode *element) {
        if (xml_is(element, NULL, "hostdev"))
                return hostdev_kind(element);
        if (xml_is(element, NULL, "interface"))
                return interface_kind(element);

        return _DOMAIN_DEVICE_KIND_INVALID;
}

DomainDevice *domain_device_from_document(xmlDoc *doc, xmlNode **ret_address, GError **error) {
        const xmlNode *root = xmlDocGetRootElement(doc);
        DomainDeviceKind kind = domain_device_kind_of_node(root);
        g_autofree char *tag = NULL;

        if (kind >= 0)
                return domain_device_from_node(root, kind, ret_address, error);

        tag = xml_tag(root);
        xml_fail(root, error, "%s is not the <hostdev> or <interface> of a passthrough device",
                 tag);
        return NULL;
}

DomainDevice *domain_device_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_DEVICE_XML_MAX, error);
        xmlNode *address = NULL;

        return doc ? domain_device_from_document(doc, &address, error) : NULL;
}
