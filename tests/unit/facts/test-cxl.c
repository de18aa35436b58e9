/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/cxl.h"
#include "tests/lib/fake-root.h"

#define BUS    "sys/bus/cxl/devices/"
#define ROOT   "sys/devices/platform/ACPI0017:00/root0/"
#define REGION ROOT "decoder0.0/region0"
#define DAX    REGION "/dax_region0/dax0.0"

typedef struct Fixture {
        FakeRoot *root;
        CxlFacts *facts;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
}

static void tear_down(Fixture *f, gconstpointer unused) {
        cxl_facts_free(f->facts);
        fake_root_free(f->root);
}

static void read_facts(Fixture *f) {
        g_assert_cmpint(cxl_read(fake_root_sysfs(f->root), &f->facts), ==, 0);
}

/* As QEMU's cxl-type3 with 256 MiB shows itself. */
static void add_memory(Fixture *f) {
        fake_root_put(f->root, BUS "mem0/ram/size", "0x10000000\n", -1);
        fake_root_put(f->root, BUS "mem0/pmem/size", "0x0\n", -1);
        fake_root_put(f->root, BUS "mem0/numa_node", "-1\n", -1);
        fake_root_put(f->root, BUS "decoder0.0/size", "0x100000000\n", -1);
        fake_root_put(f->root, BUS "decoder2.0/size", "0x0\n", -1);
        fake_root_put(f->root, BUS "decoder2.0/dpa_size", "0x0\n", -1);
        fake_root_link(f->root, BUS "endpoint2/uport", BUS "mem0");
}

static void add_region(Fixture *f) {
        fake_root_put(f->root, BUS "decoder2.0/dpa_size", "0x8000000\n", -1);
        fake_root_put(f->root, REGION "/size", "0x8000000\n", -1);
        fake_root_link(f->root, BUS "region0", REGION);
        fake_root_put(f->root, DAX "/target_node", "1\n", -1);
        fake_root_link(f->root, DAX "/driver", "sys/bus/dax/drivers/kmem");
        fake_root_link(f->root, "sys/bus/dax/devices/dax0.0", DAX);
}

static void test_none(Fixture *f, gconstpointer unused) {
        read_facts(f);
        g_assert_cmpuint(f->facts->memories->len, ==, 0);
        g_assert_cmpuint(f->facts->decoders->len, ==, 0);
        g_assert_cmpuint(f->facts->regions->len, ==, 0);
}

static void test_memory(Fixture *f, gconstpointer unused) {
        const CxlMemory *memory;
        const CxlDecoder *decoder;

        add_memory(f);
        read_facts(f);
        g_assert_cmpuint(f->facts->memories->len, ==, 1);
        memory = f->facts->memories->pdata[0];
        g_assert_cmpstr(memory->name, ==, "mem0");
        g_assert_cmpuint(memory->ram_size, ==, 256 << 20);
        g_assert_cmpuint(memory->pmem_size, ==, 0);
        g_assert_cmpuint(memory->mapped, ==, 0);
        g_assert_cmpint(memory->numa_node, ==, -1);
        g_assert_cmpuint(f->facts->decoders->len, ==, 2);
        decoder = f->facts->decoders->pdata[0];
        g_assert_cmpuint(decoder->size, ==, UINT64_C(4) << 30);
        g_assert_null(decoder->memory);
        g_assert_cmpuint(f->facts->regions->len, ==, 0);
}

static void test_region(Fixture *f, gconstpointer unused) {
        const CxlMemory *memory;
        const CxlRegion *region;

        add_memory(f);
        add_region(f);
        read_facts(f);
        memory = f->facts->memories->pdata[0];
        g_assert_cmpuint(memory->mapped, ==, 128 << 20);
        g_assert_cmpuint(f->facts->regions->len, ==, 1);
        region = f->facts->regions->pdata[0];
        g_assert_cmpuint(region->size, ==, 128 << 20);
        g_assert_cmpstr(region->decoder, ==, "decoder0.0");
        g_assert_cmpint(region->node, ==, 1);
        g_assert_true(region->online);
}

/* Another region's dax device, whose number is the same at its beginning. */
static void test_other_region(Fixture *f, gconstpointer unused) {
        const CxlRegion *region;

        fake_root_put(f->root, BUS "region1/size", "0x1000\n", -1);
        fake_root_put(f->root, ROOT "region10/dax_region10/dax10.0/target_node", "3\n", -1);
        fake_root_link(f->root, "sys/bus/dax/devices/dax10.0",
                       ROOT "region10/dax_region10/dax10.0");
        read_facts(f);
        region = f->facts->regions->pdata[0];
        g_assert_cmpint(region->node, ==, -1);
        g_assert_false(region->online);
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add("/cxl/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a host without CXL has none", test_none);
        ADD("a memory device has its sizes, and its decoders are told", test_memory);
        ADD("a region tells the node that it became, and takes from its device", test_region);
        ADD("a region has its own dax devices only", test_other_region);
        return g_test_run();
}
