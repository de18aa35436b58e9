/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/facts/pci.h"
#include "tests/lib/fake-root.h"

#define PF     "0000:3b:00.0"
#define DEVICE "sys/bus/pci/devices/" PF "/"

static PciFacts *must_read(FakeRoot *root, const char *address) {
        PciFacts *facts = NULL;

        g_assert_cmpint(pci_read(fake_root_sysfs(root), address, &facts), ==, 0);
        return facts;
}

static void test_reads_a_pf(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(PciFacts) facts = NULL;

        fake_root_add_pf(root, PF,
                         &(FakePci){ .vendor = 0x15b3,
                                     .device = 0x101d,
                                     .subsystem_vendor = 0x15b3,
                                     .subsystem_device = 0x0043,
                                     .revision = 0x1a,
                                     .driver = "mlx5_core",
                                     .netdev = "eth3",
                                     .numa_node = 1,
                                     .iommu_group = 42,
                                     .total_vfs = 8 });
        fake_root_add_vf(root, PF);
        facts = must_read(root, PF);

        g_assert_cmpstr(facts->address, ==, PF);
        g_assert_cmphex(facts->vendor, ==, 0x15b3);
        g_assert_cmphex(facts->device, ==, 0x101d);
        g_assert_cmphex(facts->subsystem_vendor, ==, 0x15b3);
        g_assert_cmphex(facts->subsystem_device, ==, 0x0043);
        g_assert_cmphex(facts->revision, ==, 0x1a);
        g_assert_cmpstr(facts->driver, ==, "mlx5_core");
        g_assert_cmpstr(facts->netdev, ==, "eth3");
        g_assert_cmpint(facts->numa_node, ==, 1);
        g_assert_cmpint(facts->iommu_group, ==, 42);
        g_assert_cmpfloat(facts->link_speed, ==, 8.0);
        g_assert_cmpint(facts->link_width, ==, 8);
        g_assert_cmpuint(facts->vfs_total, ==, 8);
        g_assert_cmpuint(facts->vfs_made, ==, 1);
        g_assert_false(facts->is_vf);
        g_assert_null(facts->physfn);
}

static void test_reads_a_vf(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(PciFacts) facts = NULL;

        fake_root_add_pf(root, PF,
                         &(FakePci){ .driver = "igb", .netdev = "eth3", .vf_driver = "igbvf" });
        facts = must_read(root, fake_root_add_vf(root, PF));

        g_assert_true(facts->is_vf);
        g_assert_cmpstr(facts->physfn, ==, PF);
        g_assert_cmphex(facts->device, ==, 0x10ca);
        g_assert_cmpstr(facts->driver, ==, "igbvf");
        g_assert_cmpstr(facts->netdev, ==, "eth3v0");
        g_assert_cmpuint(facts->vfs_total, ==, 0);
        g_assert_cmpfloat(facts->link_speed, ==, 0);
        g_assert_cmpint(facts->link_width, ==, 0);
}

static void test_what_is_not_there_is_unknown(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(PciFacts) facts = NULL;

        fake_root_put(root, DEVICE "uevent", "", -1);
        facts = must_read(root, PF);

        g_assert_cmpint(facts->vendor, ==, -1);
        g_assert_cmpint(facts->device, ==, -1);
        g_assert_cmpint(facts->subsystem_vendor, ==, -1);
        g_assert_cmpint(facts->subsystem_device, ==, -1);
        g_assert_cmpint(facts->revision, ==, -1);
        g_assert_cmpint(facts->numa_node, ==, -1);
        g_assert_cmpint(facts->iommu_group, ==, -1);
        g_assert_cmpfloat(facts->link_speed, ==, 0);
        g_assert_null(facts->driver);
        g_assert_null(facts->netdev);
}

static void test_what_is_broken_is_unknown(void) {
        static const char *const broken[] = {
                "",   "\n",     "-7\n",  "999999999999999999999\n", "ten\n", "0x\n", "Unknown\n",
                "..", "\xff\n", "8.0\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(broken); i++) {
                g_autoptr(FakeRoot) root = fake_root_new();
                g_autoptr(PciFacts) facts = NULL;

                fake_root_add_pf(root, PF, NULL);
                fake_root_put(root, DEVICE "revision", broken[i], -1);
                fake_root_put(root, DEVICE "numa_node", broken[i], -1);
                fake_root_put(root, DEVICE "current_link_speed", broken[i], -1);
                fake_root_put(root, DEVICE "current_link_width", broken[i], -1);
                fake_root_put(root, DEVICE "sriov_totalvfs", broken[i], -1);
                facts = must_read(root, PF);

                g_assert_cmpint(facts->revision, ==, -1);
                g_assert_cmpint(facts->numa_node, ==, -1);
                g_assert_cmpfloat(facts->link_speed, ==, 0);
                g_assert_cmpint(facts->link_width, ==, 0);
                g_assert_cmpuint(facts->vfs_total, ==, 0);
                g_assert_cmphex(facts->vendor, ==, 0x8086);
        }
}

static void test_numbers_out_of_range_are_unknown(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(PciFacts) facts = NULL;

        fake_root_add_pf(root, PF, NULL);
        fake_root_put(root, DEVICE "revision", "0x100\n", -1);
        fake_root_put(root, DEVICE "current_link_width", "255\n", -1); /* of a link that is down */
        facts = must_read(root, PF);
        g_assert_cmpint(facts->revision, ==, -1);
        g_assert_cmpint(facts->link_width, ==, 0);
}

static void test_a_hostile_uevent_tells_nothing(void) {
        static const char *const hostile[] = {
                "PCI_ID=8086-10CA\n",
                "PCI_ID=-fff:-fff\nDRIVER=\n",
                "PCI_ID=8086\nDRIVER=../../evil\n",
                "PCI_ID=8086:10CAFE\nDRIVER=a b\n",
                "PCI_ID=80861:0CA\n=\n\n\n",
                "PCI_ID=0x80:10ca\nDRIVER",
                "pci_id=8086:10ca\nXDRIVER=igb\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(hostile); i++) {
                g_autoptr(FakeRoot) root = fake_root_new();
                g_autoptr(PciFacts) facts = NULL;

                fake_root_put(root, DEVICE "uevent", hostile[i], -1);
                facts = must_read(root, PF);
                g_assert_cmpint(facts->vendor, ==, -1);
                g_assert_cmpint(facts->device, ==, -1);
                g_assert_null(facts->driver);
        }
}

static void test_the_netdev_of_a_virtio_function_is_below_its_virtio_device(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(PciFacts) facts = NULL;

        fake_root_add_pci(root, PF, &(FakePci){ .driver = "virtio-pci" });
        fake_root_put(root, DEVICE "virtio2/net/eth0/address", "", -1);
        facts = must_read(root, PF);
        g_assert_cmpstr(facts->netdev, ==, "eth0");
}

static void test_only_addresses_are_looked_for(void) {
        static const char *const names[] = { "", "..", "0000:3b:00.0/..", "../mdev",
                                             "0000:3b:00.9" };
        g_autoptr(FakeRoot) root = fake_root_new();
        PciFacts *facts = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                g_assert_cmpint(pci_read(fake_root_sysfs(root), names[i], &facts), ==, -EINVAL);

        g_assert_cmpint(pci_read(fake_root_sysfs(root), PF, &facts), ==, -ENODEV);
        g_assert_null(facts);
}

static void test_lists_all_functions_sorted(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(GPtrArray) addresses = NULL;

        fake_root_add_pci(root, "0000:3b:00.1", NULL);
        fake_root_add_pci(root, "0000:01:00.0", NULL);
        fake_root_put(root, "sys/bus/pci/devices/nonsense", "", -1);
        g_assert_cmpint(pci_list(fake_root_sysfs(root), &addresses), ==, 0);

        g_assert_cmpuint(addresses->len, ==, 2);
        g_assert_cmpstr(addresses->pdata[0], ==, "0000:01:00.0");
        g_assert_cmpstr(addresses->pdata[1], ==, "0000:3b:00.1");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/pci/reads-a-pf", test_reads_a_pf);
        g_test_add_func("/pci/reads-a-vf", test_reads_a_vf);
        g_test_add_func("/pci/what-is-not-there-is-unknown", test_what_is_not_there_is_unknown);
        g_test_add_func("/pci/what-is-broken-is-unknown", test_what_is_broken_is_unknown);
        g_test_add_func("/pci/numbers-out-of-range-are-unknown",
                        test_numbers_out_of_range_are_unknown);
        g_test_add_func("/pci/a-hostile-uevent-tells-nothing", test_a_hostile_uevent_tells_nothing);
        g_test_add_func("/pci/the-netdev-of-a-virtio-function-is-below-its-virtio-device",
                        test_the_netdev_of_a_virtio_function_is_below_its_virtio_device);
        g_test_add_func("/pci/only-addresses-are-looked-for", test_only_addresses_are_looked_for);
        g_test_add_func("/pci/lists-all-functions-sorted", test_lists_all_functions_sorted);

        return g_test_run();
}
