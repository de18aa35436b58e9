/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/domain.h"
#include "xml/ferry-error.h"

/* A guest with these devices, each on a line of its own from line 3 on. */
#define GUEST(devices) "<domain><name>g1</name>\n<devices>\n" devices "</devices></domain>"
#define PCI(inside)    "<hostdev mode='subsystem' type='pci'>" inside "</hostdev>\n"
#define SOURCE         "<source><address bus='0x3b' slot='0x00' function='0x2'/></source>"
#define UUID           "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

static Domain *read_good(const char *xml) {
        g_autoptr(GError) error = NULL;
        Domain *domain = domain_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        g_assert_nonnull(domain);
        return domain;
}

static void assert_refused(const char *xml, const char *message) {
        g_autoptr(GError) error = NULL;

        g_assert_null(domain_from_xml(xml, strlen(xml), &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_cmpstr(error->message, ==, message);
}

static Domain *read_live(void) {
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "live.xml", NULL);
        g_autofree char *xml = NULL;

        g_assert_true(g_file_get_contents(path, &xml, NULL, NULL));
        return read_good(xml);
}

static const DomainDevice *nth(const Domain *domain, unsigned n) {
        g_assert_cmpuint(n, <, domain->devices->len);
        return domain->devices->pdata[n];
}

static void test_reads_the_devices_of_a_running_guest(void) {
        g_autoptr(Domain) domain = read_live();
        const DomainDevice *vf = nth(domain, 0), *mdev = nth(domain, 1), *pci = nth(domain, 2);

        g_assert_cmpstr(domain->name, ==, "instance-0000002a");
        g_assert_cmpstr(domain->uuid, ==, "6d5f4dbe-7d6a-4a5e-9f0e-0d9d1f4f3c11");
        g_assert_cmpuint(domain->devices->len, ==, 3);

        g_assert_cmpint(vf->kind, ==, DOMAIN_DEVICE_PCI);
        g_assert_true(vf->network && vf->transient && vf->managed);
        g_assert_cmpstr(vf->source, ==, "0000:01:10.2");
        g_assert_cmpstr(vf->address, ==, "0000:02:00.0");
        g_assert_cmpstr(vf->alias, ==, "ua-vf");
        g_assert_cmpstr(vf->mac, ==, "fa:16:3e:0b:5d:11");

        g_assert_cmpint(mdev->kind, ==, DOMAIN_DEVICE_MDEV);
        g_assert_false(mdev->network || mdev->transient || mdev->managed);
        g_assert_cmpstr(mdev->source, ==, UUID);
        g_assert_cmpstr(mdev->address, ==, "0000:07:00.0");
        g_assert_null(mdev->mac);

        g_assert_cmpint(pci->kind, ==, DOMAIN_DEVICE_PCI);
        g_assert_true(pci->managed && !pci->network && !pci->transient);
        g_assert_cmpstr(pci->source, ==, "0000:3b:00.2");
}

static void test_finds_our_element_among_those_of_others(void) {
        g_autoptr(Domain) domain = read_live();
        const MetadataDevice *device;

        g_assert_nonnull(domain->metadata);
        device = metadata_find(domain->metadata, nth(domain, 1)->address, nth(domain, 1)->alias);
        g_assert_nonnull(device);
        g_assert_cmpstr(device->need->type, ==, "mtty-1");
        g_assert_cmpstr(device->seen->driver, ==, "mtty");
}

#define OTHERS(uri, element)                                                          \
        "<domain><name>g1</name><metadata><other:" element " xmlns:other='" uri "'/>" \
        "</metadata></domain>"
#define NOVA "http://openstack.org/xmlns/libvirt/nova/"

static void test_an_instance_of_nova_is_told_from_other_guests(void) {
        static const struct {
                const char *xml;
                bool nova;
        } cases[] = {
                { OTHERS(NOVA "1.0", "instance"), true },
                { OTHERS(NOVA "1.1", "instance"), true },
                { OTHERS(NOVA "1.1", "note"), false },
                { OTHERS("http://example.org/nova/1.1", "instance"), false },
                { "<domain><name>g1</name><metadata><instance/></metadata></domain>", false },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Domain) domain = read_good(cases[i].xml);

                g_assert_cmpint(domain->nova, ==, cases[i].nova);
        }
}

static void test_a_guest_without_our_things_is_an_ordinary_guest(void) {
        g_autoptr(Domain) domain = read_good("<domain><name>g1</name></domain>");

        g_assert_null(domain->uuid);
        g_assert_null(domain->metadata);
        g_assert_cmpuint(domain->devices->len, ==, 0);
}

static void test_passes_over_devices_that_are_not_passed_through(void) {
        static const char xml[] = GUEST(
                "<hostdev mode='subsystem' type='usb'><source/></hostdev>"
                "<hostdev mode='subsystem' type='scsi'/>"
                "<hostdev mode='subsystem' type='scsi_host'/>"
                "<hostdev mode='capabilities' type='pci'/>"
                "<hostdev mode='capabilities' type='misc'/>"
                "<hostdev/>"
                "<interface type='bridge'/><interface type='network'/><interface/>"
                "<interface type='hostdev'><source><address type='usb' bus='1' "
                "device='4'/></source>"
                "</interface>"
                "<x:hostdev xmlns:x='urn:x' mode='subsystem' type='pci'/>"
                "<hostdev xmlns='urn:x' mode='subsystem' type='pci'/>"
                "<x><hostdev mode='subsystem' type='pci'/></x>");
        g_autoptr(Domain) domain = read_good(xml);

        g_assert_cmpuint(domain->devices->len, ==, 0);
}

static void test_what_libvirt_may_leave_out_may_be_left_out(void) {
        static const char xml[] = GUEST(
                "<hostdev type='pci'><source><address bus='59' slot='010'/></source></hostdev>\n"
                "<interface type='hostdev'><source><address type='pci' domain='0x10000' bus='0x1'"
                " slot='1'/></source></interface>\n"
                "<hostdev type='mdev'><source><address "
                "uuid='83B8F4F2-509F-382F-3C1E-E6BFE0FA1001'/>"
                "</source></hostdev>");
        g_autoptr(Domain) domain = read_good(xml);

        g_assert_cmpuint(domain->devices->len, ==, 3);
        g_assert_cmpstr(nth(domain, 0)->source, ==, "0000:3b:08.0");
        g_assert_cmpuint(nth(domain, 0)->line, ==, 3);
        g_assert_null(nth(domain, 0)->alias);
        g_assert_null(nth(domain, 0)->address);
        g_assert_cmpstr(nth(domain, 1)->source, ==, "10000:01:01.0");
        g_assert_null(nth(domain, 1)->mac);
        g_assert_cmpstr(nth(domain, 2)->source, ==, UUID);
        g_assert_cmpuint(nth(domain, 2)->line, ==, 5);
}

static void test_a_guest_address_that_says_nothing_is_none(void) {
        static const char *const insides[] = {
                "",
                "<address type='pci'/>",
                "<address type='pci' domain='0' bus='0x0' slot='0' function='0x3'/>",
                "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'/>",
                "<address type='unassigned'/>",
                "<address type='drive' controller='0' bus='3' target='0' unit='1'/>",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(insides); i++) {
                g_autofree char *xml = g_strdup_printf(GUEST(PCI(SOURCE "%s")), insides[i]);
                g_autoptr(Domain) domain = read_good(xml);

                g_assert_null(nth(domain, 0)->address);
        }
}

static void test_only_a_transient_teaming_is_transient(void) {
        g_autoptr(Domain) domain = read_good(GUEST(PCI(SOURCE "<teaming type='persistent'/>") PCI(
                SOURCE "<teaming type='transient'/>") PCI(SOURCE)));

        g_assert_false(nth(domain, 0)->transient);
        g_assert_true(nth(domain, 1)->transient);
        g_assert_false(nth(domain, 2)->transient);
}

static void test_a_device_is_named_by_alias_or_by_number(void) {
        g_autoptr(Domain) domain = read_good(GUEST(PCI(SOURCE) PCI(SOURCE "<alias name='ua-x'/>")));
        g_autofree char *first = domain_device_name(domain, nth(domain, 0));
        g_autofree char *second = domain_device_name(domain, nth(domain, 1));

        g_assert_cmpstr(first, ==, "hostdev 0");
        g_assert_cmpstr(second, ==, "ua-x");
}

/* As the hook of a destination reads it. */
static void test_a_device_is_named_as_our_element_knows_it(void) {
        static const char xml[] =
                "<domain><name>g</name><metadata><f:domain xmlns:f='" METADATA_URI "' version='1'>"
                "<f:device alias='hostdev7' address='0000:00:05.0'/></f:domain></metadata>"
                "<devices><hostdev mode='subsystem' type='pci'>" SOURCE "</hostdev>"
                "<hostdev mode='subsystem' type='pci'>" SOURCE
                "<address type='pci' domain='0' bus='0' slot='5' function='0'/></hostdev>"
                "</devices></domain>";
        g_autoptr(Domain) domain = read_good(xml);
        g_autofree char *first = domain_device_name(domain, nth(domain, 0));
        g_autofree char *second = domain_device_name(domain, nth(domain, 1));

        g_assert_cmpstr(first, ==, "hostdev 0");
        g_assert_cmpstr(second, ==, "hostdev7");
}

static void test_says_which_device_is_wrong_and_why(void) {
        static const struct {
                const char *xml, *message;
        } table[] = {
                { "<guest/>", "line 1: <guest> is not the <domain> of a guest" },
                { "<domain xmlns='urn:x'/>", "line 1: <domain> is not the <domain> of a guest" },
                { "<domain/>", "line 1: <domain> needs a <name>" },
                { "<domain>\n<name/></domain>",
                  "line 2: the name must be one line of 1 to 255 characters" },
                { "<domain>\n<name>a\nb</name></domain>",
                  "line 2: the name must be one line of 1 to 255 characters" },
                { "<domain><name>a</name>\n<name>b</name></domain>",
                  "line 2: a second <name> in <domain>: remove one" },
                { "<domain><name>a</name>\n<uuid>1234</uuid></domain>",
                  "line 2: the uuid must be like 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001, not "
                  "'1234'" },
                { GUEST(PCI("")), "line 3: <hostdev> needs a <source>" },
                { GUEST("<interface type='hostdev'/>"), "line 3: <interface> needs a <source>" },
                { GUEST(PCI("<source/>")), "line 3: <source> needs a <address>" },
                { GUEST(PCI(SOURCE SOURCE)), "line 3: a second <source> in <hostdev>: remove one" },
                { GUEST(PCI("<source><address/></source>")),
                  "line 3: <address> needs an attribute 'bus'" },
                { GUEST(PCI("<source><address bus='0'/></source>")),
                  "line 3: <address> needs an attribute 'slot'" },
                { GUEST(PCI("<source><address bus='0' slot='0x20'/></source>")),
                  "line 3: attribute 'slot' must be 0 to 0x1f, not '0x20'" },
                { GUEST(PCI("<source><address bus='256' slot='0'/></source>")),
                  "line 3: attribute 'bus' must be 0 to 0xff, not '256'" },
                { GUEST(PCI("<source><address bus='0' slot='0' function='8'/></source>")),
                  "line 3: attribute 'function' must be 0 to 0x7, not '8'" },
                { GUEST(PCI("<source><address bus='0' slot='0' domain='-1'/></source>")),
                  "line 3: attribute 'domain' must be 0 to 0xffffffff, not '-1'" },
                { GUEST("<hostdev type='mdev'><source><address/></source></hostdev>"),
                  "line 3: <address> needs an attribute 'uuid'" },
                { GUEST("<hostdev type='mdev'><source><address uuid='../x'/></source></hostdev>"),
                  "line 3: attribute 'uuid' must be a uuid like "
                  "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001, not '../x'" },
                { GUEST(PCI(SOURCE "<alias name='../x'/>")),
                  "line 3: attribute 'name' must be letters, digits and . _ + : -, at most 128 of "
                  "them and a letter, digit or _ first, not '../x'" },
                { GUEST(PCI(SOURCE "<address type='pci' bus='x'/>")),
                  "line 3: attribute 'bus' must be 0 to 0xff, not 'x'" },
                { GUEST("<hostdev type='pci' managed='maybe'>" SOURCE "</hostdev>"),
                  "line 3: attribute 'managed' must be no or yes, not 'maybe'" },
                { GUEST("<interface type='hostdev'>" SOURCE
                        "<mac address='52:54:00'/></interface>"),
                  "line 3: attribute 'address' must be a MAC like 52:54:00:12:34:56, not "
                  "'52:54:00'" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                assert_refused(table[i].xml, table[i].message);
}

#define META(inside) "<domain><name>g1</name><metadata>\n" inside "</metadata></domain>"
#define OURS         "<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'/>"

static void test_our_element_is_never_passed_over(void) {
        static const struct {
                const char *xml, *message;
        } table[] = {
                { META(OURS "\n" OURS),
                  "line 3: a second element of namespace urn:virtferry:domain:1: remove one" },
                { META("<ferry:guest xmlns:ferry='urn:virtferry:domain:1'/>"),
                  "line 2: <ferry:guest> in <metadata>: only <ferry:domain> stands there" },
                { META("<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='7'/>"),
                  "line 2: version '7' of our element is not known here, only '1': update "
                  "virt-ferry on this host" },
                { META("<ferry:domain xmlns:ferry='urn:virtferry:domain:2' version='1'/>"),
                  "line 2: namespace 'urn:virtferry:domain:2' is not known here, only "
                  "'urn:virtferry:domain:1': update virt-ferry on this host" },
                { META("<ferry:domain version='1'/>"),
                  "line 2: prefix 'ferry' is not declared: add "
                  "xmlns:ferry='urn:virtferry:domain:1'" },
                { META("<x xmlns='urn:virtferry:domain:1' version='1'/>"),
                  "line 2: <x> in <metadata>: only <ferry:domain> stands there" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                assert_refused(table[i].xml, table[i].message);
}

static void test_our_element_elsewhere_is_not_ours(void) {
        g_autoptr(Domain) domain = read_good("<domain><name>g1</name>" OURS "<devices>" OURS
                                             "</devices><metadata><x:a xmlns:x='urn:x'>" OURS
                                             "</x:a></metadata></domain>");

        g_assert_null(domain->metadata);
}

static char *many_hostdevs(unsigned n) {
        GString *xml = g_string_new("<domain><name>g1</name><devices>");

        for (unsigned i = 0; i < n; i++)
                g_string_append(xml, PCI(SOURCE));
        return g_string_free(g_string_append(xml, "</devices></domain>"), FALSE);
}

static void test_takes_so_many_devices_and_no_more(void) {
        g_autofree char *most = many_hostdevs(METADATA_DEVICES_MAX);
        g_autofree char *more = many_hostdevs(METADATA_DEVICES_MAX + 1);
        g_autofree char *flood = many_hostdevs(10000);
        g_autoptr(Domain) domain = read_good(most);

        g_assert_cmpuint(domain->devices->len, ==, METADATA_DEVICES_MAX);
        assert_refused(more, "line 257: more than 256 passthrough devices");
        assert_refused(flood, "line 4001: more than 20000 '=' in the text");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/domain/reads-the-devices-of-a-running-guest",
                        test_reads_the_devices_of_a_running_guest);
        g_test_add_func("/domain/finds-our-element-among-those-of-others",
                        test_finds_our_element_among_those_of_others);
        g_test_add_func("/domain/an-instance-of-nova-is-told-from-other-guests",
                        test_an_instance_of_nova_is_told_from_other_guests);
        g_test_add_func("/domain/a-guest-without-our-things-is-an-ordinary-guest",
                        test_a_guest_without_our_things_is_an_ordinary_guest);
        g_test_add_func("/domain/passes-over-devices-that-are-not-passed-through",
                        test_passes_over_devices_that_are_not_passed_through);
        g_test_add_func("/domain/what-libvirt-may-leave-out-may-be-left-out",
                        test_what_libvirt_may_leave_out_may_be_left_out);
        g_test_add_func("/domain/a-guest-address-that-says-nothing-is-none",
                        test_a_guest_address_that_says_nothing_is_none);
        g_test_add_func("/domain/only-a-transient-teaming-is-transient",
                        test_only_a_transient_teaming_is_transient);
        g_test_add_func("/domain/a-device-is-named-by-alias-or-by-number",
                        test_a_device_is_named_by_alias_or_by_number);
        g_test_add_func("/domain/a-device-is-named-as-our-element-knows-it",
                        test_a_device_is_named_as_our_element_knows_it);
        g_test_add_func("/domain/says-which-device-is-wrong-and-why",
                        test_says_which_device_is_wrong_and_why);
        g_test_add_func("/domain/our-element-is-never-passed-over",
                        test_our_element_is_never_passed_over);
        g_test_add_func("/domain/our-element-elsewhere-is-not-ours",
                        test_our_element_elsewhere_is_not_ours);
        g_test_add_func("/domain/takes-so-many-devices-and-no-more",
                        test_takes_so_many_devices_and_no_more);

        return g_test_run();
}
