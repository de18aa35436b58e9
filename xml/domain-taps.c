/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-taps.h"

#include <net/if.h>
#include <string.h>

#include "xml/domain.h"
#include "xml/reader.h"

/* As dev_valid_name() of the kernel has it. */
static bool is_netdev_name(const char *name) {
        size_t length = strlen(name);

        if (length == 0 || length >= IFNAMSIZ || g_str_equal(name, ".") || g_str_equal(name, ".."))
                return false;
        for (; *name; name++)
                if (*name == '/' || *name == ':' || g_ascii_isspace(*name))
                        return false;
        return true;
}

GPtrArray *domain_taps_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        g_autoptr(GPtrArray) taps = g_ptr_array_new_with_free_func(g_free);
        xmlNode *devices = NULL;

        if (!doc || !xml_child(xmlDocGetRootElement(doc), "devices", &devices, error))
                return NULL;

        for (xmlNode *element = xml_first_child(devices, "interface");
             element && taps->len < DOMAIN_TAPS_MAX; element = xml_next_same(element)) {
                g_autofree char *tap = xml_child_prop(element, "target", "dev");

                if (tap && is_netdev_name(tap))
                        g_ptr_array_add(taps, g_steal_pointer(&tap));
        }
        return g_steal_pointer(&taps);
}
