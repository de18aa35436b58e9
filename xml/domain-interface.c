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

/* "": alone; "persistent", "transient": its half of a team. NULL: it is not emulated, or cannot be
 * read. */
static char *teaming_of(const xmlNode *element) {
        g_autofree char *type = NULL;
        xmlNode *teaming = NULL;

        if (!xml_is(element, NULL, "interface") || !xml_child(element, "teaming", &teaming, NULL))
                return NULL;

        type = xml_prop(element, "type");
        if (g_strcmp0(type, "hostdev") == 0)
                return NULL;
        return teaming ? xml_prop(teaming, "type") : g_strdup("");
}

static char *mac_of(const xmlNode *element) {
        g_autofree char *mac = xml_child_prop(element, "mac", "address");

        return mac ? g_ascii_strdown(mac, -1) : NULL;
}

char *domain_interface_mac(const xmlNode *element) {
        g_autofree char *teaming = teaming_of(element);

        return g_strcmp0(teaming, "") == 0 ? mac_of(element) : NULL;
}

/* The host's end is libvirt's to choose. */
static void remove_target(xmlNode *element) {
        xmlNode *target = NULL;

        if (!xml_child(element, "target", &target, NULL) || !target)
                return;
        xmlUnlinkNode(target);
        xmlFreeNode(target);
}

static DomainInterface *interface_from(xmlNode *element, bool persistent, GError **error) {
        g_autoptr(DomainInterface) interface = g_new0(DomainInterface, 1);

        interface->persistent = persistent;
        interface->mac = mac_of(element);
        interface->alias = xml_child_prop(element, "alias", "name");
        interface->bridge = xml_child_prop(element, "source", "bridge");
        interface->network = xml_child_prop(element, "source", "network");
        if (!domain_guest_address(element, &interface->address, error))
                return NULL;

        remove_target(element);
        interface->element = domain_element_text(element, error);
        return interface->element ? g_steal_pointer(&interface) : NULL;
}

static bool is_named(const xmlNode *element, const char *name) {
        g_autofree char *alias = xml_child_prop(element, "alias", "name"), *mac = mac_of(element);

        return mac && (g_ascii_strcasecmp(mac, name) == 0 || g_strcmp0(alias, name) == 0);
}

static DomainInterface *find_in(const xmlNode *devices, const char *name, GError **error) {
        for (xmlNode *element = xml_first_child(devices, "interface"); element;
             element = xml_next_same(element)) {
                g_autofree char *teaming = teaming_of(element);
                bool persistent = g_strcmp0(teaming, "persistent") == 0;

                if (teaming && (!*teaming || persistent) && is_named(element, name))
                        return interface_from(element, persistent, error);
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
