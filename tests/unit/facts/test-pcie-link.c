/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/facts/pcie-link.h"
#include "tests/lib/fake-root.h"

#define ROOT_PORT  "0000:00:1c.0"
#define SWITCH_UP  "0000:3a:00.0"
#define SWITCH_LOW "0000:3b:01.0"
#define PF         "0000:3c:00.0"
#define DIRECT     "sys/devices/pci0000:00/" ROOT_PORT "/" PF
#define SWITCHED   "sys/devices/pci0000:00/" ROOT_PORT "/" SWITCH_UP "/" SWITCH_LOW "/" PF

typedef struct Fixture {
        FakeRoot *root;
        GPtrArray *links;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_clear_pointer(&f->links, g_ptr_array_unref);
        fake_root_free(f->root);
}

static void put(Fixture *f, const char *directory, const char *name, const char *value) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        fake_root_put(f->root, path, value, -1);
}

/* A function at its place in the tree, with what it says of its link. */
static void add(Fixture *f, const char *path, const char *speed, const char *width) {
        g_autofree char *name = g_path_get_basename(path);
        g_autofree char *link = g_build_filename("sys/bus/pci/devices", name, NULL);

        put(f, path, "current_link_speed", speed);
        put(f, path, "current_link_width", width);
        put(f, path, "max_link_speed", "16.0 GT/s PCIe\n");
        put(f, path, "max_link_width", "16\n");
        fake_root_link(f->root, link, path);
}

static const PcieLink *read_chain(Fixture *f, const char *address, unsigned i, unsigned n_links) {
        g_assert_cmpint(pcie_chain_read(fake_root_sysfs(f->root), address, &f->links), ==, 0);
        g_assert_cmpuint(f->links->len, ==, n_links);
        return n_links > 0 ? f->links->pdata[i] : NULL;
}

static void test_direct(Fixture *f, gconstpointer unused) {
        const PcieLink *link;

        add(f, "sys/devices/pci0000:00/" ROOT_PORT, "8.0 GT/s PCIe\n", "8\n");
        add(f, DIRECT, "8.0 GT/s PCIe\n", "8\n");
        put(f, DIRECT, "max_link_width", "8\n");
        link = read_chain(f, PF, 0, 1);
        g_assert_cmpstr(link->port, ==, ROOT_PORT);
        g_assert_cmpstr(link->device, ==, PF);
        g_assert_cmpuint(link->speed, ==, 8000);
        g_assert_cmpuint(link->width, ==, 8);
        g_assert_cmpuint(link->speed_max, ==, 16000);
        g_assert_cmpuint(link->width_max, ==, 8);
}

static void test_switch(Fixture *f, gconstpointer unused) {
        const PcieLink *narrowest;

        add(f, "sys/devices/pci0000:00/" ROOT_PORT, "8.0 GT/s PCIe\n", "8\n");
        add(f, "sys/devices/pci0000:00/" ROOT_PORT "/" SWITCH_UP, "8.0 GT/s PCIe\n", "8\n");
        add(f, "sys/devices/pci0000:00/" ROOT_PORT "/" SWITCH_UP "/" SWITCH_LOW, "16.0 GT/s PCIe\n",
            "16\n");
        add(f, SWITCHED, "16.0 GT/s PCIe\n", "16\n");
        g_assert_cmpstr(read_chain(f, PF, 1, 2)->port, ==, SWITCH_LOW);
        narrowest = pcie_chain_narrowest(f->links);
        g_assert_cmpstr(narrowest->port, ==, ROOT_PORT);
        g_assert_cmpstr(narrowest->device, ==, SWITCH_UP);
}

static void test_down(Fixture *f, gconstpointer unused) {
        const PcieLink *link;

        add(f, "sys/devices/pci0000:00/" ROOT_PORT, "Unknown\n", "255\n");
        add(f, DIRECT, "Unknown\n", "255\n");
        link = read_chain(f, PF, 0, 1);
        g_assert_cmpuint(link->speed, ==, 0);
        g_assert_cmpuint(link->width, ==, 0);
        g_assert_cmpuint(pcie_link_bandwidth(link->speed, link->width), ==, 0);
        g_assert_true(pcie_chain_narrowest(f->links) == link);
}

/* A function that lost its attributes, and the port that has them. */
static void test_one_end(Fixture *f, gconstpointer unused) {
        const PcieLink *link;

        add(f, "sys/devices/pci0000:00/" ROOT_PORT, "64.0 GT/s PCIe\n", "4\n");
        fake_root_put(f->root, DIRECT "/uevent", "", -1);
        fake_root_link(f->root, "sys/bus/pci/devices/" PF, DIRECT);
        link = read_chain(f, PF, 0, 1);
        g_assert_cmpuint(link->speed, ==, 64000);
        g_assert_cmpuint(link->width, ==, 4);
}

static void test_no_link(Fixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) links = NULL;

        add(f, "sys/devices/pci0000:00/" PF, "Unknown\n", "0\n");
        (void)read_chain(f, PF, 0, 0);
        g_assert_null(pcie_chain_narrowest(f->links));
        g_assert_cmpint(pcie_chain_read(fake_root_sysfs(f->root), "0000:99:00.0", &links), ==,
                        -ENODEV);
        g_assert_cmpint(pcie_chain_read(fake_root_sysfs(f->root), "../etc", &links), ==, -EINVAL);
}

static void test_own_host_bridge(Fixture *f, gconstpointer unused) {
        add(f, "sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0",
            "8.0 GT/s PCIe\n", "4\n");
        g_assert_cmpstr(read_chain(f, "10000:e1:00.0", 0, 1)->port, ==, "10000:e0:06.0");
}

static void test_bandwidth(void) {
        g_assert_cmpuint(pcie_link_bandwidth(2500, 1), ==, 250000000);
        g_assert_cmpuint(pcie_link_bandwidth(5000, 16), ==, UINT64_C(8000000000));
        g_assert_cmpuint(pcie_link_bandwidth(8000, 1), ==, 984615384);
        g_assert_cmpuint(pcie_link_bandwidth(32000, 16), ==, UINT64_C(63015384615));
        g_assert_cmpuint(pcie_link_bandwidth(64000, 16), ==, UINT64_C(121000000000));
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/pcie-link/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a link is named by its port and can do what both ends can", test_direct);
        ADD("a switch has a link on each side and none inside", test_switch);
        ADD("a link that is down carries nothing and is the narrowest", test_down);
        ADD("what one end does not tell the other does", test_one_end);
        ADD("a function of the root complex has no link, and one that is gone neither",
            test_no_link);
        ADD("a chain begins behind the last host bridge", test_own_host_bridge);
        g_test_add_func("/pcie-link/each generation has its encoding taken off", test_bandwidth);
        return g_test_run();
}
