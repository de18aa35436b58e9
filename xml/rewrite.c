/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/rewrite.h"

#include <string.h>

#include "xml/edit.h"
#include "xml/excerpt.h"
#include "xml/ferry-error.h"
#include "xml/from-node.h"
#include "xml/pci-address.h"
#include "xml/reader.h"

/* The attributes of a PCI source. The first and the last may be absent, which means 0: they are
 * then put behind another one, as wide as libvirt writes them. */
static const struct {
        const char *name, *behind;
        int digits;
} pci_attributes[] = {
        { "domain", "bus", 4 },
        { "bus" },
        { "slot" },
        { "function", "slot", 1 },
};

static bool insert_number(Edits *edits, const xmlNode *element, size_t part, uint32_t value,
                          GError **error) {
        size_t start, end;
        g_autofree char *text = NULL;
        char quote;

        if (!edits_find_value(edits, element, pci_attributes[part].behind, &start, &end, error))
                return false;

        quote = edits->xml[end++];
        text = g_strdup_printf(" %s=%c0x%0*x%c", pci_attributes[part].name, quote,
                               pci_attributes[part].digits, value, quote);
        edits_replace(edits, end, end, text);
        return true;
}

/* As many hex digits as stand there, or decimal where decimal stands there. */
static char *number_like(const char *present, uint32_t value) {
        if (present[0] != '0' || (present[1] != 'x' && present[1] != 'X'))
                return g_strdup_printf("%u", value);

        return g_strdup_printf("%.2s%0*x", present, (int)strlen(present) - 2, value);
}

static bool rewrite_number(Edits *edits, const xmlNode *element, size_t part, uint32_t value,
                           GError **error) {
        const char *name = pci_attributes[part].name;
        g_autofree char *present = xml_prop(element, name), *text = NULL;
        uint32_t number = 0;

        if (!xml_prop_number(element, name, G_MAXUINT32, &number, error))
                return false;
        if (number == value)
                return true;
        if (!present)
                return insert_number(edits, element, part, value, error);

        text = number_like(present, value);
        return edits_replace_value(edits, element, name, text, error);
}

static bool rewrite_pci(Edits *edits, const xmlNode *element, const char *source, GError **error) {
        PciAddress address = { 0 };

        (void)pci_address_from_string(source, &address); /* canonical, thus valid */

        const uint32_t values[] = { address.domain, address.bus, address.slot, address.function };
        G_STATIC_ASSERT(G_N_ELEMENTS(values) == G_N_ELEMENTS(pci_attributes));

        for (size_t i = 0; i < G_N_ELEMENTS(values); i++)
                if (!rewrite_number(edits, element, i, values[i], error))
                        return false;
        return true;
}

static bool rewrite_uuid(Edits *edits, const xmlNode *element, const char *source, GError **error) {
        g_autofree char *present = xml_prop(element, "uuid");

        if (g_ascii_strcasecmp(present, source) == 0)
                return true;

        return edits_replace_value(edits, element, "uuid", source, error);
}

static char *canonical_source(DomainDeviceKind kind, const char *source) {
        char buffer[PCI_ADDRESS_STRING_MAX];
        PciAddress address;

        if (kind == DOMAIN_DEVICE_MDEV)
                return uuid_is_valid(source) ? g_ascii_strdown(source, -1) : NULL;
        if (pci_address_from_string(source, &address) < 0)
                return NULL;

        return g_strdup(pci_address_to_string(&address, buffer));
}

/* What each device's source is to be in the end, all canonical. */
static GStrv wanted_sources(const Domain *domain, const char *const *sources, size_t n_sources,
                            GError **error) {
        g_auto(GStrv) wanted = g_new0(char *, domain->devices->len + 1);

        if (n_sources != domain->devices->len) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "%zu sources for %u passthrough devices", n_sources,
                            domain->devices->len);
                return NULL;
        }

        for (size_t i = 0; i < n_sources; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                g_autofree char *name = NULL, *shown = NULL;

                wanted[i] = canonical_source(device->kind, sources[i] ?: device->source);
                if (wanted[i])
                        continue;

                name = domain_device_name(domain, device);
                shown = excerpt(sources[i]);
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "%s: '%s' cannot be the source of type '%s'", name, shown,
                            domain_device_kind_to_string(device->kind));
                return NULL;
        }

        return g_steal_pointer(&wanted);
}

static bool rewrite_unplugged(Edits *edits, const DomainDevice *device, const xmlNode *element,
                              const char *source, GError **error) {
        if (g_str_equal(device->source, source))
                return true;

        return edits_replace_value(edits, element, "source", source, error);
}

static bool rewrite_device(Edits *edits, const DomainDevice *device, const xmlNode *element,
                           const char *source, GError **error) {
        if (device->unplugged)
                return rewrite_unplugged(edits, device, element, source, error);
        if (device->kind == DOMAIN_DEVICE_PCI)
                return rewrite_pci(edits, element, source, error);
        return rewrite_uuid(edits, element, source, error);
}

static bool rewrite_devices(Edits *edits, const Domain *domain, const GPtrArray *addresses,
                            char **wanted, GError **error) {
        for (unsigned i = 0; i < domain->devices->len; i++)
                if (!rewrite_device(edits, domain->devices->pdata[i], addresses->pdata[i],
                                    wanted[i], error))
                        return false;
        return true;
}

/* Read again what is about to be handed to libvirt: a guest with another guest's device is worse
 * than one that stays where it is. */
static bool check_result(const char *xml, char **wanted, GError **error) {
        g_autoptr(Domain) domain = domain_from_xml(xml, strlen(xml), error);

        if (!domain)
                return false;

        for (unsigned i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

                if (g_strcmp0(device->source, wanted[i]) == 0)
                        continue;

                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                            "line %u: source of the device became '%s', not '%s'", device->line,
                            device->source, wanted[i]);
                return false;
        }

        return true;
}

char *domain_rewrite(const char *xml, size_t size, const char *const *sources, size_t n_sources,
                     GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        g_autoptr(Edits) edits = edits_new(xml, size);
        g_autoptr(GPtrArray) addresses = NULL;
        g_autoptr(Domain) domain = NULL;
        g_auto(GStrv) wanted = NULL;
        g_autofree char *text = NULL;

        domain = doc ? domain_from_document(doc, &addresses, error) : NULL;
        if (!domain)
                return NULL;

        wanted = wanted_sources(domain, sources, n_sources, error);
        if (!wanted || !rewrite_devices(edits, domain, addresses, wanted, error))
                return NULL;

        text = edits_apply(edits);
        return check_result(text, wanted, error) ? g_steal_pointer(&text) : NULL;
}

char *domain_device_rewrite(const char *xml, size_t size, const char *source, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_DEVICE_XML_MAX, error);
        g_autoptr(Edits) edits = edits_new(xml, size);
        g_autoptr(DomainDevice) device = NULL;
        g_autofree char *wanted = NULL;
        xmlNode *address = NULL;

        device = doc ? domain_device_from_document(doc, &address, error) : NULL;
        if (!device)
                return NULL;

        wanted = canonical_source(device->kind, source);
        if (!wanted) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "'%.64s' cannot be the source of type '%s'", source,
                            domain_device_kind_to_string(device->kind));
                return NULL;
        }
        return rewrite_device(edits, device, address, wanted, error) ? edits_apply(edits) : NULL;
}
