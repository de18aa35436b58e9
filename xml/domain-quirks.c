/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-quirks.h"

#include <string.h>

#include "xml/domain.h"
#include "xml/reader.h"

#define QEMU_URI "http://libvirt.org/schemas/domain/qemu/1.0"
#define PROPERTY "enable-migration"

/* QEMU's words for a switch: "off", "false"; visit_type_OnOffAuto() and visit_type_bool(). */
static MigrationSwitch switch_from_word(const char *word) {
        if (g_str_has_prefix(word, "off") || g_str_has_prefix(word, "false") ||
            g_str_has_prefix(word, "no"))
                return MIGRATION_SWITCH_OFF;
        if (g_str_has_prefix(word, "on") || g_str_has_prefix(word, "true") ||
            g_str_has_prefix(word, "yes"))
                return MIGRATION_SWITCH_ON;
        return MIGRATION_SWITCH_AUTO;
}

/* "vfio-pci,enable-migration=off", "vfio-pci.enable-migration=off", JSON:
 * {"driver":"vfio-pci","enable-migration":"off"}. */
static void read_argument(const xmlNode *argument, DomainQuirks *quirks) {
        g_autofree char *value = xml_prop(argument, "value");
        const char *found = value ? strstr(value, PROPERTY) : NULL;

        if (!found)
                return;

        found += strlen(PROPERTY);
        found += strspn(found, "\"=: ");
        quirks->of_all = switch_from_word(found);
}

static void read_commandline(const xmlNode *element, DomainQuirks *quirks) {
        for (xmlNode *child = xmlFirstElementChild((xmlNode *)element); child;
             child = xmlNextElementSibling(child))
                if (xml_is(child, QEMU_URI, "arg"))
                        read_argument(child, quirks);
}

static void read_frontend(const xmlNode *element, const char *alias, DomainQuirks *quirks) {
        for (xmlNode *child = xmlFirstElementChild((xmlNode *)element); child;
             child = xmlNextElementSibling(child)) {
                g_autofree char *value = xml_prop(child, "value");

                if (xml_is(child, QEMU_URI, "property") && value &&
                    xml_prop_is(child, "name", PROPERTY))
                        g_hash_table_replace(quirks->of_one, g_strdup(alias),
                                             GINT_TO_POINTER(switch_from_word(value)));
        }
}

static void read_override(const xmlNode *element, DomainQuirks *quirks) {
        for (xmlNode *device = xmlFirstElementChild((xmlNode *)element); device;
             device = xmlNextElementSibling(device)) {
                g_autofree char *alias = xml_prop(device, "alias");
                xmlNode *frontend = xmlFirstElementChild(device);

                if (xml_is(device, QEMU_URI, "device") && alias && frontend &&
                    xml_is(frontend, QEMU_URI, "frontend"))
                        read_frontend(frontend, alias, quirks);
        }
}

static bool uses_iommufd(const xmlNode *device) {
        for (xmlNode *child = xmlFirstElementChild((xmlNode *)device); child;
             child = xmlNextElementSibling(child))
                if (xml_is(child, NULL, "driver") && xml_prop_is(child, "iommufd", "yes"))
                        return true;
        return false;
}

/* Source: formatdomain, "Channel", the name that libvirt looks for. */
static bool is_agent_channel(const xmlNode *device) {
        for (xmlNode *child = xmlFirstElementChild((xmlNode *)device); child;
             child = xmlNextElementSibling(child))
                if (xml_is(child, NULL, "target") && xml_prop_is(child, "type", "virtio") &&
                    xml_prop_is(child, "name", "org.qemu.guest_agent.0"))
                        return true;
        return false;
}

static void read_devices(const xmlNode *devices, DomainQuirks *quirks) {
        for (xmlNode *device = xmlFirstElementChild((xmlNode *)devices); device;
             device = xmlNextElementSibling(device)) {
                if (xml_is(device, NULL, "iommu"))
                        quirks->iommu = true;
                else if (xml_is(device, NULL, "channel"))
                        quirks->agent = quirks->agent || is_agent_channel(device);
                else if (xml_is(device, NULL, "hostdev") || xml_is(device, NULL, "interface"))
                        quirks->iommufd = quirks->iommufd || uses_iommufd(device);
        }
}

DomainQuirks *domain_quirks_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        DomainQuirks *quirks;

        if (!doc)
                return NULL;

        quirks = g_new0(DomainQuirks, 1);
        quirks->of_one = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (xmlNode *child = xmlFirstElementChild(xmlDocGetRootElement(doc)); child;
             child = xmlNextElementSibling(child)) {
                if (xml_is(child, NULL, "devices"))
                        read_devices(child, quirks);
                else if (xml_is(child, QEMU_URI, "commandline"))
                        read_commandline(child, quirks);
                else if (xml_is(child, QEMU_URI, "override"))
                        read_override(child, quirks);
        }
        return quirks;
}

void domain_quirks_free(DomainQuirks *quirks) {
        if (!quirks)
                return;

        g_hash_table_unref(quirks->of_one);
        g_free(quirks);
}

MigrationSwitch domain_quirks_switch(const DomainQuirks *quirks, const char *alias) {
        gpointer value;

        if (alias && g_hash_table_lookup_extended(quirks->of_one, alias, NULL, &value))
                return GPOINTER_TO_INT(value);
        return quirks->of_all;
}
