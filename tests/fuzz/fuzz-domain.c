/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/fuzz.h"
#include "xml/domain-demand.h"
#include "xml/domain-quirks.h"
#include "xml/domain-taps.h"
#include "xml/domain.h"
#include "xml/ferry-error.h"
#include "xml/pci-address.h"
#include "xml/reader.h"

static bool is_lower(const char *text) {
        g_autofree char *lower = g_ascii_strdown(text, -1);

        return g_str_equal(lower, text);
}

/* What the rest of the program takes from a device without another look. */
static void check_device(const Domain *domain, const DomainDevice *device) {
        g_autofree char *name = domain_device_name(domain, device);

        g_assert_nonnull(domain_device_kind_to_string(device->kind));
        g_assert_true(device->kind == DOMAIN_DEVICE_PCI ? pci_address_is_valid(device->source)
                                                        : uuid_is_valid(device->source));
        g_assert_true(is_lower(device->source));
        g_assert_true(!device->address || pci_address_is_valid(device->address));
        g_assert_true(!device->alias || xml_name_is_valid(device->alias));
        g_assert_true(!device->mac || (device->network && strlen(device->mac) == 17));
        g_assert_cmpuint(device->line, >, 0);
        g_assert_true(xml_text_is_valid(name));
}

static void check_metadata(const Metadata *metadata) {
        g_autofree char *xml = metadata_to_xml(metadata);
        g_autoptr(Metadata) again = metadata_from_xml(xml, strlen(xml), NULL);

        g_assert_true(metadata_equal(metadata, again));
}

/* Who has read a domain can read the rest of it. */
static void check_quirks(const char *xml, size_t size) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DomainQuirks) quirks = domain_quirks_from_xml(xml, size, &error);

        g_assert_no_error(error);
        g_assert_cmpint(domain_quirks_switch(quirks, NULL), ==, quirks->of_all);
}

static void check_demand(const char *xml, size_t size) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DomainDemand) demand = domain_demand_from_xml(xml, size, &error);
        g_autofree char *cpus = NULL;
        NumberSet again;

        g_assert_no_error(error);
        cpus = number_set_to_text(&demand->cpus);
        g_assert_true(number_set_from_text(cpus, &again));
        g_assert_cmpmem(&again, sizeof(again), &demand->cpus, sizeof(demand->cpus));
}

static void check_taps(const char *xml, size_t size) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) taps = domain_taps_from_xml(xml, size, &error);

        if (!taps) { /* it has two <devices> */
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
                return;
        }
        for (guint i = 0; i < taps->len; i++)
                g_assert_null(strpbrk(taps->pdata[i], "/: \n"));
}

/* What is read keeps the promises of the header, and what is refused is refused in a sentence. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Domain) domain = domain_from_xml((const char *)data, size, &error);

        if (!domain) {
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
                return 0;
        }

        g_assert_true(xml_text_is_valid(domain->name));
        g_assert_true(!domain->uuid || (uuid_is_valid(domain->uuid) && is_lower(domain->uuid)));
        g_assert_cmpuint(domain->devices->len, <=, METADATA_DEVICES_MAX);
        for (unsigned i = 0; i < domain->devices->len; i++)
                check_device(domain, domain->devices->pdata[i]);
        if (domain->metadata)
                check_metadata(domain->metadata);
        check_quirks((const char *)data, size);
        check_demand((const char *)data, size);
        check_taps((const char *)data, size);
        return 0;
}
