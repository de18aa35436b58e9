/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-interface.h"

#include "xml/from-node.h"
#include "xml/reader.h"

void domain_interface_free(DomainInterface *interface) {
        if (!interface)
                return;

        g_free(interface->mac);
        g_free(interface->alias);
        g_free(interface->bridge);
        g_free(interface->network);
        g_free(interface->address);
        g_free(interface->element);
        g_free(interface);
}

char *domain_interface_mac(const xmlNode *element) {
        g_autofree char *type = NULL, *mac = NULL;
        xmlNode *teaming = NULL;

        if (!xml_is(element, NULL, "interface") || !xml_child(element, "teaming", &teaming, NULL) ||
            teaming)
                return NULL;

        type = xml_prop(element, "type");
        mac = xml_child_prop(element, "mac", "address");
        return mac && g_strcmp0(type, "hostdev") != 0 ? g_ascii_strdown(mac, -1) : NULL;
}

/* The host's end is libvirt's to choose. */
static void remove_target(xmlNode *element) {
        xmlNode *target = NULL;

        if (!xml_child(element, "target", &target, NULL) || !target)
                return;
        xmlUnlinkNode(target);
        xmlFreeNode(target);
}

static DomainInterface *interface_from(xmlNode *element, char *taken_mac, GError **error) {
        g_autoptr(DomainInterface) interface = g_new0(DomainInterface, 1);

        interface->mac = taken_mac;
        interface->alias = xml_child_prop(element, "alias", "name");
        interface->bridge = xml_child_prop(element, "source", "bridge");
        interface->network = xml_child_prop(element, "source", "network");
        if (!domain_guest_address(element, &interface->address, error))
                return NULL;

        remove_target(element);
        interface->element = domain_element_text(element, error);
        return interface->element ? g_steal_pointer(&interface) : NULL;
}

static bool is_named(const xmlNode *element, const char *mac, const char *name) {
        g_autofree char *alias = xml_child_prop(element, "alias", "name");

        return g_ascii_strcasecmp(mac, name) == 0 || g_strcmp0(alias, name) == 0;
}

static DomainInterface *find_in(const xmlNode *devices, const char *name, GError **error) {
        for (xmlNode *element = xml_first_child(devices, "interface"); element;
             element = xml_next_same(element)) {
                char *mac = domain_interface_mac(element);

                if (mac && is_named(element, mac, name))
                        return interface_from(element, mac, error);
                g_free(mac);
        }
        return NULL;
}

DomainInterface *domain_interface_find(const char *xml, size_t size, const char *name,
                                       GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        xmlNode *devices = NULL;

        if (!doc || !xml_child(xmlDocGetRootElement(doc), "devices", &devices, error) || !devices)
                return NULL;
        return find_in(devices, name, error);
}
