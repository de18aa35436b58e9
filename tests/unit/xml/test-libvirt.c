/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libvirt itself, through its driver for tests, which needs no daemon: it takes what we write, and
 * reads of a domain what we read. */

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "xml/rewrite.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

typedef struct Fixture {
        virConnectPtr connection;
} Fixture;

/* What libvirt refuses here is meant to be refused. */
static void quiet(void *unused, virErrorPtr error) {
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->connection = virConnectOpen("test:///default");
        g_assert_nonnull(f->connection);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        virConnectClose(f->connection);
}

static Domain *read_domain(const char *xml) {
        g_autoptr(GError) error = NULL;
        Domain *domain = domain_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return domain;
}

static Domain *read_back(virDomainPtr domain) {
        char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
        Domain *read;

        g_assert_nonnull(xml);
        read = read_domain(xml);
        free(xml);
        return read;
}

static Metadata *example(void) {
        g_autoptr(Metadata) metadata = metadata_new();
        MetadataDevice *device = metadata_device_new("hostdev0", "0000:07:00.0");

        device->need = device_need_new();
        device->need->migration = MIGRATION_NEED_REQUIRED;
        device->seen = fingerprint_new();
        device->seen->firmware = g_strdup("1.2 \"<x>\" & 'y' \xc3\xa9");
        device->unplugged = unplugged_new(UNPLUG_REPLUG, "0000:3b:00.2",
                                          "<hostdev type=\"pci\" x='\xc3\xa9'>\n <source>"
                                          "<address bus='1' slot='2'/></source></hostdev>");
        g_ptr_array_add(metadata->devices, device);
        metadata->slice = slice_new();
        g_ptr_array_add(metadata->slice->functions, slice_function_new("nic"));
        return g_steal_pointer(&metadata);
}

static void set_metadata(virDomainPtr domain, const char *xml, int expected) {
        g_assert_cmpint(virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, xml,
                                             METADATA_PREFIX, METADATA_URI,
                                             VIR_DOMAIN_AFFECT_CONFIG),
                        ==, expected);
}

static char *get_metadata(virDomainPtr domain) {
        char *xml = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, METADATA_URI,
                                         VIR_DOMAIN_AFFECT_CONFIG);
        char *copy = g_strdup(xml);

        free(xml);
        return copy;
}

static void test_our_element_goes_through_libvirt_and_back(Fixture *f, gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainLookupByName(f->connection, "test");
        g_autoptr(Metadata) metadata = example();
        g_autofree char *xml = metadata_to_libvirt(metadata);

        /* the second time, with what libvirt has made of it */
        for (int i = 0; i < 2; i++) {
                g_autoptr(Metadata) got = NULL;
                g_autoptr(Domain) read = NULL;

                set_metadata(domain, xml, 0);
                g_free(xml);
                xml = get_metadata(domain);

                got = metadata_from_xml(xml, strlen(xml), NULL);
                read = read_back(domain);
                g_assert_true(metadata_equal(got, metadata));
                g_assert_true(metadata_equal(read->metadata, metadata));
        }
}

/* Why there are two writers. */
static void test_libvirt_refuses_an_element_that_declares_the_prefix(Fixture *f,
                                                                     gconstpointer unused) {
        g_autoptr(virDomain) domain = virDomainLookupByName(f->connection, "test");
        g_autoptr(Metadata) metadata = example();
        g_autofree char *xml = metadata_to_xml(metadata);

        set_metadata(domain, xml, -1);
}

#define GUEST(devices)                                                                      \
        "<domain type='test'><name>g1</name><memory>1024</memory><os><type>hvm</type></os>" \
        "<devices>" devices "</devices></domain>"
#define HOSTDEV(source, rest)                                                                 \
        "<hostdev mode='subsystem' type='pci' managed='yes'><source>" source "</source>" rest \
        "</hostdev>"

static const char *const guests[] = {
        GUEST(HOSTDEV("<address domain='0x0000' bus='0x3b' slot='0x00' function='0x2'/>",
                      "<address type='pci' bus='0x07' slot='0x00'/>")),
        GUEST(HOSTDEV("<address bus='59' slot='010'/>", "<address type='pci'/>")),
        GUEST(HOSTDEV("<address bus='0X3B' slot='0x1f' function='07'/>", "")),
        GUEST("<hostdev type='pci'><source><address bus='1' slot='0'/></source></hostdev>"),
        GUEST("<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>"
              "<address uuid='83B8F4F2-509F-382F-3C1E-E6BFE0FA1001'/></source></hostdev>"),
        GUEST("<interface type='hostdev' managed='yes'><mac address='52:54:00:AA:BB:CC'/>"
              "<source><address type='pci' bus='1' slot='16' function='2'/></source>"
              "<teaming type='transient' persistent='ua-a'/></interface>"),
};

/* The domain as libvirt writes it, after it has read it. */
static Domain *through_libvirt(Fixture *f, const char *xml) {
        g_autoptr(virDomain) domain = virDomainDefineXML(f->connection, xml);
        Domain *read;

        g_assert_nonnull(domain);
        read = read_back(domain);
        g_assert_cmpint(virDomainUndefine(domain), ==, 0);
        g_assert_cmpuint(read->devices->len, ==, 1);
        return read;
}

static void test_libvirt_reads_the_devices_that_we_read(Fixture *f, gconstpointer unused) {
        for (size_t i = 0; i < G_N_ELEMENTS(guests); i++) {
                g_autoptr(Domain) ours = read_domain(guests[i]);
                g_autoptr(Domain) theirs = through_libvirt(f, guests[i]);
                const DomainDevice *a = ours->devices->pdata[0], *b = theirs->devices->pdata[0];

                g_assert_cmpint(a->kind, ==, b->kind);
                g_assert_cmpstr(a->source, ==, b->source);
                g_assert_cmpstr(a->mac, ==, b->mac);
                g_assert_true(a->managed == b->managed && a->network == b->network);
                g_assert_true(a->transient == b->transient);
                if (a->address) /* else libvirt may have chosen one */
                        g_assert_cmpstr(a->address, ==, b->address);
        }
}

static void test_libvirt_reads_the_source_that_we_write(Fixture *f, gconstpointer unused) {
        static const char *const sources[] = {
                [DOMAIN_DEVICE_PCI] = "00a1:0b:0c.5",
                [DOMAIN_DEVICE_MDEV] = "0c1d2e3f-4a5b-4c6d-8e7f-908192a3b4c5",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(guests); i++) {
                g_autoptr(Domain) before = read_domain(guests[i]), after = NULL;
                const DomainDevice *device = before->devices->pdata[0];
                const char *source = sources[device->kind];
                g_autofree char *xml = domain_rewrite(guests[i], strlen(guests[i]), &source, 1,
                                                      NULL);

                after = through_libvirt(f, xml);
                device = after->devices->pdata[0];
                g_assert_cmpstr(device->source, ==, source);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        virSetErrorFunc(NULL, quiet);

        g_test_add("/libvirt/our-element-goes-through-libvirt-and-back", Fixture, NULL, set_up,
                   test_our_element_goes_through_libvirt_and_back, tear_down);
        g_test_add("/libvirt/refuses-an-element-that-declares-the-prefix", Fixture, NULL, set_up,
                   test_libvirt_refuses_an_element_that_declares_the_prefix, tear_down);
        g_test_add("/libvirt/reads-the-devices-that-we-read", Fixture, NULL, set_up,
                   test_libvirt_reads_the_devices_that_we_read, tear_down);
        g_test_add("/libvirt/reads-the-source-that-we-write", Fixture, NULL, set_up,
                   test_libvirt_reads_the_source_that_we_write, tear_down);

        return g_test_run();
}
