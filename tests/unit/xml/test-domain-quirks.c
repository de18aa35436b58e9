/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-quirks.h"

#include <string.h>

#include "xml/ferry-error.h"

#define DOMAIN(inside)                                                                \
        "<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>" \
        "<name>g1</name>" inside "</domain>"

static DomainQuirks *read_quirks(const char *xml) {
        g_autoptr(GError) error = NULL;
        DomainQuirks *quirks = domain_quirks_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return quirks;
}

static void test_an_ordinary_domain_has_none(void) {
        g_autoptr(DomainQuirks)
                quirks = read_quirks(DOMAIN("<devices><hostdev mode='subsystem' "
                                            "type='pci'><driver name='vfio'/></hostdev>"
                                            "</devices>"));

        g_assert_false(quirks->iommu);
        g_assert_false(quirks->iommufd);
        g_assert_cmpint(domain_quirks_switch(quirks, "hostdev0"), ==, MIGRATION_SWITCH_AUTO);
        g_assert_cmpint(domain_quirks_switch(quirks, NULL), ==, MIGRATION_SWITCH_AUTO);
}

static void test_devices_tell_of_iommus(void) {
        g_autoptr(DomainQuirks) quirks = NULL;

        quirks = read_quirks(DOMAIN("<devices><iommu model='intel'/><interface type='hostdev'>"
                                    "<driver iommufd='yes'/></interface></devices>"));
        g_assert_true(quirks->iommu);
        g_assert_true(quirks->iommufd);
}

static void test_the_command_line_is_for_all(void) {
        static const struct {
                const char *argument;
                MigrationSwitch expected;
        } table[] = {
                { "vfio-pci.enable-migration=off", MIGRATION_SWITCH_OFF },
                { "device.hostdev0.enable-migration=on", MIGRATION_SWITCH_ON },
                { "{&quot;driver&quot;:&quot;vfio-pci&quot;,&quot;enable-migration&quot;: "
                  "&quot;off&quot;}",
                  MIGRATION_SWITCH_OFF },
                { "vfio-pci.enable-migration=auto", MIGRATION_SWITCH_AUTO },
                { "vfio-pci.enable-migration", MIGRATION_SWITCH_AUTO },
                { "vfio-pci.x-migration=off", MIGRATION_SWITCH_AUTO },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *xml = g_strdup_printf(DOMAIN("<qemu:commandline><qemu:arg "
                                                              "value='-global'/><qemu:arg "
                                                              "value='%s'/></qemu:commandline>"),
                                                       table[i].argument);
                g_autoptr(DomainQuirks) quirks = read_quirks(xml);

                g_assert_cmpint(domain_quirks_switch(quirks, "any"), ==, table[i].expected);
        }
}

static void test_an_override_is_for_one_and_goes_first(void) {
        g_autoptr(DomainQuirks) quirks = NULL;

        quirks = read_quirks(
                DOMAIN("<qemu:commandline><qemu:arg value='vfio-pci.enable-migration=off'/>"
                       "</qemu:commandline><qemu:override><qemu:device alias='hostdev0'>"
                       "<qemu:frontend><qemu:property name='x' type='bool' value='off'/>"
                       "<qemu:property name='enable-migration' type='string' value='on'/>"
                       "</qemu:frontend></qemu:device></qemu:override>"));
        g_assert_cmpint(domain_quirks_switch(quirks, "hostdev0"), ==, MIGRATION_SWITCH_ON);
        g_assert_cmpint(domain_quirks_switch(quirks, "hostdev1"), ==, MIGRATION_SWITCH_OFF);
}

static void test_other_namespaces_are_not_read(void) {
        g_autoptr(DomainQuirks) quirks = read_quirks(
                "<domain><commandline><arg value='vfio-pci.enable-migration=off'/></commandline>"
                "<x:devices xmlns:x='urn:x'><iommu/></x:devices></domain>");

        g_assert_false(quirks->iommu);
        g_assert_cmpint(domain_quirks_switch(quirks, "any"), ==, MIGRATION_SWITCH_AUTO);
}

static void test_no_document_is_refused(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(domain_quirks_from_xml("<domain>", 8, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/domain-quirks/an ordinary domain has none",
                        test_an_ordinary_domain_has_none);
        g_test_add_func("/domain-quirks/devices tell of IOMMUs", test_devices_tell_of_iommus);
        g_test_add_func("/domain-quirks/the command line is for all",
                        test_the_command_line_is_for_all);
        g_test_add_func("/domain-quirks/an override is for one and goes first",
                        test_an_override_is_for_one_and_goes_first);
        g_test_add_func("/domain-quirks/other namespaces are not read",
                        test_other_namespaces_are_not_read);
        g_test_add_func("/domain-quirks/no document is refused", test_no_document_is_refused);
        return g_test_run();
}
