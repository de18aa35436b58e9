/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-standby.h"

#include "xml/domain.h"
#include "xml/reader.h"

static void standby_free(void *data) {
        DomainStandby *standby = data;

        g_free(standby->mac);
        g_free(standby->tap);
        g_free(standby->bridge);
        g_free(standby);
}

static bool is_persistent_half(const xmlNode *interface) {
        g_autofree char *type = xml_child_prop(interface, "teaming", "type");

        return g_strcmp0(type, "persistent") == 0;
}

static void read_interface(const xmlNode *element, GPtrArray *standbys) {
        g_autofree char *mac = xml_child_prop(element, "mac", "address");
        g_autofree char *link = xml_child_prop(element, "link", "state");
        DomainStandby *standby;

        if (!mac)
                return;

        standby = g_new0(DomainStandby, 1);
        standby->mac = g_ascii_strdown(mac, -1);
        standby->tap = xml_child_prop(element, "target", "dev");
        standby->bridge = xml_child_prop(element, "source", "bridge");
        standby->down = g_strcmp0(link, "down") == 0;
        g_ptr_array_add(standbys, standby);
}

GPtrArray *domain_standbys_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        g_autoptr(GPtrArray) standbys = g_ptr_array_new_with_free_func(standby_free);
        xmlNode *devices = NULL;

        if (!doc || !xml_child(xmlDocGetRootElement(doc), "devices", &devices, error))
                return NULL;

        for (xmlNode *element = xml_first_child(devices, "interface"); element;
             element = xml_next_same(element))
                if (is_persistent_half(element))
                        read_interface(element, standbys);
        return g_steal_pointer(&standbys);
}

const DomainStandby *domain_standby_find(const GPtrArray *standbys, const char *mac) {
        for (guint i = 0; mac && i < standbys->len; i++) {
                const DomainStandby *standby = standbys->pdata[i];

                if (g_ascii_strcasecmp(standby->mac, mac) == 0)
                        return standby;
        }
        return NULL;
}
