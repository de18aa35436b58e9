/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/unplug.h"

#include <string.h>

#include "xml/domain-interface.h"
#include "xml/ferry-error.h"
#include "xml/rewrite.h"

#define UUID  "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define OTHER "0c1d2e3f-4a5b-4c6d-8e7f-908192a3b4c5"

/* Its elements as libvirt writes them of a running guest. */
#define NIC                                                                                     \
        "    <interface type='hostdev' managed='yes'>\n"                                        \
        "      <mac address='52:54:00:11:22:33'/>\n"                                            \
        "      <source>\n"                                                                      \
        "        <address type='pci' domain='0x0000' bus='0x01' slot='0x10' function='0x0'/>\n" \
        "      </source>\n"                                                                     \
        "      <!-- seen -->\n"                                                                 \
        "      <alias name='hostdev0'/>\n"                                                      \
        "      <address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/>\n"   \
        "    </interface>\n"
#define MDEV                                                                                  \
        "    <hostdev mode='subsystem' type='mdev' xmlns:x='urn:x' x:y='&lt;z'>\n"            \
        "      <source>\n"                                                                    \
        "        <address uuid='" UUID "'/>\n"                                                \
        "      </source>\n"                                                                   \
        "      <alias name='ua-uart'/>\n"                                                     \
        "      <address type='pci' domain='0x0000' bus='0x06' slot='0x00' function='0x0'/>\n" \
        "    </hostdev>\n"
#define GUEST(metadata, devices)                                                    \
        "<domain type='kvm'>\n  <name>g1</name>\n" metadata "  <devices>\n" devices \
        "  </devices>\n</domain>\n"

#define NIC_TEXT                                                                                   \
        "<interface type=\"hostdev\" managed=\"yes\"><mac address=\"52:54:00:11:22:33\"/><source>" \
        "<address type=\"pci\" domain=\"0x0000\" bus=\"0x01\" slot=\"0x10\" function=\"0x0\"/>"    \
        "</source><address type=\"pci\" domain=\"0x0000\" bus=\"0x05\" slot=\"0x00\" "             \
        "function=\"0x0\"/></interface>"

/* Our element with a note that the NIC is unplugged. */
#define NOTE(source)                                                                         \
        "  <metadata><ferry:domain xmlns:ferry='" METADATA_URI "' version='1'>"              \
        "<x:y xmlns:x='urn:x'/><ferry:device alias='ua-uart'/>"                              \
        "<ferry:device alias='hostdev0' address='0000:05:00.0'><ferry:unplugged "            \
        "strategy='replug' source='" source "'>&lt;interface type='hostdev'&gt;&lt;mac "     \
        "address='52:54:00:11:22:33'/&gt;&lt;source&gt;&lt;address type='pci' bus='1' "      \
        "slot='0x10'/&gt;&lt;/source&gt;&lt;/interface&gt;</ferry:unplugged></ferry:device>" \
        "</ferry:domain></metadata>\n"

static Domain *read_domain(const char *xml) {
        g_autoptr(GError) error = NULL;
        Domain *domain = domain_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return domain;
}

static char *element(const char *xml, unsigned number) {
        g_autoptr(GError) error = NULL;
        char *text = domain_device_element(xml, strlen(xml), number, &error);

        g_assert_no_error(error);
        return text;
}

static void test_the_element_is_kept_without_an_alias_of_libvirt(void) {
        g_autofree char *nic = element(GUEST("", MDEV NIC), 1), *mdev = NULL;

        g_assert_cmpstr(nic, ==, NIC_TEXT);
        mdev = element(GUEST("", MDEV NIC), 0);
        g_assert_nonnull(strstr(mdev, "<alias name=\"ua-uart\"/>"));
        g_assert_nonnull(strstr(mdev, "xmlns:x=\"urn:x\""));
        g_assert_nonnull(strstr(mdev, "x:y=\"&lt;z\""));
}

static void test_an_element_that_is_too_long_is_refused(void) {
        g_autofree char *blanks = g_strnfill(METADATA_ELEMENT_MAX, 'x'), *xml = NULL;
        g_autoptr(GError) error = NULL;

        xml = g_strdup_printf(GUEST("", "<hostdev type='mdev' x='%s'><source><address uuid='" UUID
                                        "'/></source></hostdev>"),
                              blanks);
        g_assert_null(domain_device_element(xml, strlen(xml), 0, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
}

static void test_the_element_gets_another_source(void) {
        g_autofree char *text = domain_device_rewrite(NIC_TEXT, strlen(NIC_TEXT), "0000:81:00.5",
                                                      NULL);
        g_autoptr(DomainDevice) device = domain_device_from_xml(text, strlen(text), NULL);
        g_autofree char *back = domain_device_rewrite(text, strlen(text), "0000:01:10.0", NULL);
        g_autoptr(GError) error = NULL;

        g_assert_cmpstr(device->source, ==, "0000:81:00.5");
        g_assert_cmpstr(device->address, ==, "0000:05:00.0");
        g_assert_cmpstr(device->mac, ==, "52:54:00:11:22:33");
        g_assert_cmpstr(back, ==, NIC_TEXT);

        g_assert_null(domain_device_rewrite(NIC_TEXT, strlen(NIC_TEXT), OTHER, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
}

static void test_an_unplugged_device_is_one_of_the_guest(void) {
        g_autoptr(Domain) domain = read_domain(GUEST(NOTE("0000:01:10.2"), MDEV));
        const DomainDevice *device;

        g_assert_cmpuint(domain->devices->len, ==, 2);
        device = domain->devices->pdata[0];
        g_assert_false(device->unplugged);
        g_assert_true(domain_device_brings_state(device));

        device = domain->devices->pdata[1];
        g_assert_true(device->unplugged);
        g_assert_false(domain_device_brings_state(device));
        g_assert_true(device->network);
        g_assert_cmpstr(device->source, ==, "0000:01:10.2");
        g_assert_cmpstr(device->address, ==, "0000:05:00.0");
        g_assert_cmpstr(device->alias, ==, "hostdev0");
}

/* The note is about the device that is there. */
static void test_a_device_that_is_there_is_not_unplugged(void) {
        g_autoptr(Domain) domain = read_domain(GUEST(NOTE("0000:01:10.2"), NIC MDEV));

        g_assert_cmpuint(domain->devices->len, ==, 2);
        g_assert_false(((DomainDevice *)domain->devices->pdata[0])->unplugged);
        g_assert_cmpstr(((DomainDevice *)domain->devices->pdata[0])->source, ==, "0000:01:10.0");
        g_assert_nonnull(((MetadataDevice *)domain->metadata->devices->pdata[1])->unplugged);
}

/* Device by device as for those that are there, and no other byte. */
static void test_the_source_of_an_unplugged_device_is_rewritten(void) {
        static const char *const there[] = { OTHER, "0000:81:00.5" };
        static const char *const here[] = { NULL, "0000:01:10.2" };
        const char *xml = GUEST(NOTE("0000:01:10.2"), MDEV);
        const char *expected = GUEST(NOTE("0000:81:00.5"), MDEV);
        g_autofree char *text = NULL, *same = NULL, *only = NULL;
        g_autoptr(Domain) domain = NULL;

        same = domain_rewrite(xml, strlen(xml), here, 2, NULL);
        g_assert_cmpstr(same, ==, xml);

        only = domain_rewrite(xml, strlen(xml), (const char *[]){ NULL, "0000:81:00.5" }, 2, NULL);
        g_assert_cmpstr(only, ==, expected);

        text = domain_rewrite(xml, strlen(xml), there, 2, NULL);
        domain = read_domain(text);
        g_assert_cmpstr(((DomainDevice *)domain->devices->pdata[0])->source, ==, OTHER);
        g_assert_cmpstr(((DomainDevice *)domain->devices->pdata[1])->source, ==, "0000:81:00.5");
}

static void test_the_domain_as_it_goes_without_them(void) {
        const char *xml = GUEST("", NIC MDEV);
        const char *noted = GUEST(NOTE("0000:01:10.0"), "");
        g_autoptr(Domain) with = read_domain(noted), without = NULL, again = NULL;
        g_autofree char *text = NULL, *twice = NULL;

        text = domain_without_unplugged(xml, strlen(xml), with->metadata, NULL);
        without = read_domain(text);
        g_assert_null(strstr(text, "<interface"));
        g_assert_true(metadata_equal(without->metadata, with->metadata));
        g_assert_cmpuint(without->devices->len, ==, 2);
        g_assert_false(((DomainDevice *)without->devices->pdata[0])->unplugged);
        g_assert_true(((DomainDevice *)without->devices->pdata[1])->unplugged);

        twice = domain_without_unplugged(text, strlen(text), with->metadata, NULL);
        again = read_domain(twice);
        g_assert_true(metadata_equal(again->metadata, with->metadata));
        g_assert_cmpuint(again->devices->len, ==, 2);
}

#define VIRTIO                                                                                    \
        "    <interface type='bridge'>\n      <mac address='52:54:00:11:22:AA'/>\n"               \
        "      <source bridge='br0'/>\n      <target dev='vnet3'/>\n      <alias name='net0'/>\n" \
        "      <address type='pci' domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>\n"     \
        "    </interface>\n"
#define STANDBY                                                                                 \
        "    <interface type='bridge'><mac address='52:54:00:11:22:33'/><source bridge='br0'/>" \
        "<teaming type='persistent'/><alias name='ua-stby'/></interface>\n"
/* The same MAC as the one that is noted. */
#define TWIN "    <interface type='network'><mac address='52:54:00:11:22:33'/></interface>\n"

static DomainInterface *find_interface(const char *name) {
        g_autoptr(GError) error = NULL;
        const char *xml = GUEST("", NIC STANDBY VIRTIO);
        DomainInterface *interface = domain_interface_find(xml, strlen(xml), name, &error);

        g_assert_no_error(error);
        return interface;
}

static void test_an_emulated_interface_is_found_by_mac_and_alias(void) {
        static const char *const names[] = { "52:54:00:11:22:aa", "net0" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(DomainInterface) interface = find_interface(names[i]);

                g_assert_false(interface->persistent);
                g_assert_cmpstr(interface->mac, ==, "52:54:00:11:22:aa");
                g_assert_cmpstr(interface->alias, ==, "net0");
                g_assert_cmpstr(interface->address, ==, "0000:03:00.0");
                g_assert_cmpstr(interface->element, ==,
                                "<interface type=\"bridge\"><mac address=\"52:54:00:11:22:AA\"/>"
                                "<source bridge=\"br0\"/><address type=\"pci\" "
                                "domain=\"0x0000\" bus=\"0x03\" slot=\"0x00\" "
                                "function=\"0x0\"/></interface>");
        }
}

/* Both halves of the team have the MAC. */
static void test_of_a_team_the_half_that_stays_is_found(void) {
        static const char *const names[] = { "52:54:00:11:22:33", "ua-stby" };
        g_autoptr(Domain) domain = read_domain(GUEST("", NIC STANDBY));

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(DomainInterface) interface = find_interface(names[i]);

                g_assert_true(interface->persistent);
                g_assert_cmpstr(interface->alias, ==, "ua-stby");
                g_assert_cmpstr(interface->bridge, ==, "br0");
        }
        g_assert_cmpuint(domain->macs->len, ==, 0); /* of those that are emulated alone */
}

static void test_a_vf_is_no_emulated_interface(void) {
        g_assert_null(find_interface("hostdev0"));
}

/* In its place there is an interface of the same MAC, but for the other half of its team. */
static void test_one_that_was_replaced_is_not_unplugged(void) {
        g_autoptr(Domain) replaced = read_domain(GUEST(NOTE("0000:01:10.2"), TWIN MDEV));
        g_autoptr(Domain) teamed = read_domain(GUEST(NOTE("0000:01:10.2"), STANDBY MDEV));

        g_assert_cmpuint(replaced->devices->len, ==, 1);
        g_assert_true(metadata_has_unplugged(replaced->metadata));
        g_assert_cmpuint(teamed->devices->len, ==, 2);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/unplug/the-element-is-kept-without-an-alias-of-libvirt",
                        test_the_element_is_kept_without_an_alias_of_libvirt);
        g_test_add_func("/unplug/an-element-that-is-too-long-is-refused",
                        test_an_element_that_is_too_long_is_refused);
        g_test_add_func("/unplug/the-element-gets-another-source",
                        test_the_element_gets_another_source);
        g_test_add_func("/unplug/an-unplugged-device-is-one-of-the-guest",
                        test_an_unplugged_device_is_one_of_the_guest);
        g_test_add_func("/unplug/a-device-that-is-there-is-not-unplugged",
                        test_a_device_that_is_there_is_not_unplugged);
        g_test_add_func("/unplug/the-source-of-an-unplugged-device-is-rewritten",
                        test_the_source_of_an_unplugged_device_is_rewritten);
        g_test_add_func("/unplug/the-domain-as-it-goes-without-them",
                        test_the_domain_as_it_goes_without_them);
        g_test_add_func("/unplug/an-emulated-interface-is-found-by-mac-and-alias",
                        test_an_emulated_interface_is_found_by_mac_and_alias);
        g_test_add_func("/unplug/of-a-team-the-half-that-stays-is-found",
                        test_of_a_team_the_half_that_stays_is_found);
        g_test_add_func("/unplug/a-vf-is-no-emulated-interface",
                        test_a_vf_is_no_emulated_interface);
        g_test_add_func("/unplug/one-that-was-replaced-is-not-unplugged",
                        test_one_that_was_replaced_is_not_unplugged);
        return g_test_run();
}
