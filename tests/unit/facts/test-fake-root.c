/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "tests/lib/fake-root.h"

#define PF     "0000:3b:00.0"
#define VF     "0000:3b:10.0"
#define DEVICE "sys/bus/pci/devices/" PF "/"
#define UUID   "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

/* The model is held against what is known of the kernel: drivers/pci/iov.c, drivers/base/bus.c,
 * drivers/vfio/mdev. */

static void test_leaves_no_directory_behind(void) {
        FakeRoot *root = fake_root_new();
        g_autofree char *path = g_strdup(fake_root_path(root));

        fake_root_add_pf(root, PF, &(FakePci){ .driver = "igb" });
        fake_root_add_vf(root, PF);
        fake_root_free(root);
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_two_that_were_built_alike_dump_alike(void) {
        g_autoptr(FakeRoot) one = fake_root_new(), two = fake_root_new();
        g_autofree char *dump = NULL, *other = NULL, *changed = NULL;

        fake_root_add_pf(one, PF, &(FakePci){ .driver = "igb", .netdev = "eth3" });
        fake_root_add_pf(two, PF, &(FakePci){ .driver = "igb", .netdev = "eth3" });
        dump = fake_root_dump(one);
        other = fake_root_dump(two);
        g_assert_cmpstr(dump, ==, other);
        g_assert_nonnull(strstr(dump, "/vendor: 0x8086\\0a\n"));

        fake_root_put(two, DEVICE "numa_node", "1\n", -1);
        changed = fake_root_dump(two);
        g_assert_cmpstr(changed, !=, dump);
}

static void test_numvfs_is_refused_as_the_kernel_refuses_it(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);

        fake_root_add_pf(root, PF, &(FakePci){ .driver = "igb" });
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "8"), ==, -ERANGE);
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "x"), ==, -EINVAL);
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "2"), ==, 0);
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "2"), ==, 0);
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "3"), ==, -EBUSY);
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "0"), ==, 0);
        g_assert_false(sysfs_exists(sysfs, "sys/bus/pci/devices/" VF));

        g_assert_cmpint(sysfs_write(sysfs, DEVICE "driver/unbind", PF), ==, 0);
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "1"), ==, -ENOENT);
}

static void test_a_new_vf_has_its_links_its_group_and_its_driver(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        const Sysfs *sysfs = fake_root_sysfs(root);

        fake_root_add_pf(root, PF,
                         &(FakePci){ .driver = "igb", .netdev = "eth3", .vf_driver = "igbvf" });
        g_assert_cmpstr(fake_root_add_vf(root, PF), ==, VF);
        g_assert_true(sysfs_exists(sysfs, DEVICE "virtfn0/physfn/sriov_totalvfs"));
        g_assert_true(sysfs_exists(sysfs, "sys/bus/pci/devices/" VF "/iommu_group/devices/" VF));
        g_assert_true(sysfs_exists(sysfs, "sys/bus/pci/drivers/igbvf/" VF "/driver/bind"));
        g_assert_true(sysfs_exists(sysfs, "sys/class/net/eth3v0/address"));
}

static void test_vfs_made_anew_are_in_the_same_groups(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);
        g_autofree char *before = NULL, *after = NULL;

        fake_root_add_pf(root, PF, &(FakePci){ .driver = "igb" });
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "2"), ==, 0);
        before = fake_root_dump(root);
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "0"), ==, 0);
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "sriov_numvfs", "2"), ==, 0);
        after = fake_root_dump(root);
        g_assert_cmpstr(after, ==, before);
}

static void test_a_driver_takes_only_what_it_matches(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);

        fake_root_add_pci(root, PF, &(FakePci){ .driver = "igb" });
        g_assert_cmpint(sysfs_write(sysfs, "sys/bus/pci/drivers/vfio-pci/bind", PF), ==, -ENODEV);
        g_assert_cmpint(sysfs_write(sysfs, "sys/bus/pci/drivers/igb/bind", PF), ==, -EBUSY);
        g_assert_cmpint(sysfs_write(sysfs, "sys/bus/pci/drivers/vfio-pci/unbind", PF), ==, -ENODEV);
        g_assert_cmpint(sysfs_write(sysfs, "sys/bus/pci/drivers/none/bind", PF), ==, -ENOENT);

        g_assert_cmpint(sysfs_write(sysfs, DEVICE "driver_override", "vfio-pci\n"), ==, 0);
        g_assert_cmpint(sysfs_write(sysfs, "sys/bus/pci/drivers/igb/unbind", PF), ==, 0);
        g_assert_cmpint(sysfs_write(sysfs, "sys/bus/pci/drivers/igb/bind", PF), ==, -ENODEV);
        g_assert_cmpint(sysfs_write(sysfs, "sys/bus/pci/drivers_probe", PF), ==, 0);
        g_assert_true(sysfs_exists(sysfs, "sys/bus/pci/drivers/vfio-pci/" PF));
        g_assert_true(sysfs_exists(sysfs, DEVICE "vfio-dev"));
        g_assert_true(sysfs_exists(sysfs, "dev/vfio/1"));
}

static void test_files_shared_by_functions_of_a_kind_change_for_one_only(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);
        g_autofree char *text = NULL;

        fake_root_add_pci(root, PF, NULL);
        fake_root_add_pci(root, "0000:3b:00.1", NULL);
        g_assert_cmpint(sysfs_write(sysfs, DEVICE "driver_override", "vfio-pci"), ==, 0);
        g_assert_cmpint(
                sysfs_read_string(sysfs, "sys/bus/pci/devices/0000:3b:00.1/driver_override", &text),
                ==, 0);
        g_assert_cmpstr(text, ==, "(null)");
}

static void test_mdevs_share_the_capacity_of_their_parent(void) {
        const char *types = "sys/class/mdev_bus/mtty/mdev_supported_types/";
        g_autofree char *one = g_strconcat(types, "mtty-1/create", NULL);
        g_autofree char *left = g_strconcat(types, "mtty-2/available_instances", NULL);
        g_autofree char *instance = g_strconcat(types, "mtty-1/devices/" UUID, NULL);
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);
        int value;

        fake_root_add_mtty(root);
        g_assert_cmpint(sysfs_write(sysfs, one, "no uuid"), ==, -EINVAL);
        g_assert_cmpint(sysfs_write(sysfs, one, UUID), ==, 0);
        g_assert_cmpint(sysfs_write(sysfs, one, UUID), ==, -EEXIST);
        g_assert_true(sysfs_exists(sysfs, instance));
        g_assert_cmpint(sysfs_read_int(sysfs, left, &value), ==, 0);
        g_assert_cmpint(value, ==, 11);
}

static void test_a_write_that_would_block_ends_the_test(void) {
        if (g_test_subprocess()) {
                g_autoptr(FakeRoot) root = fake_root_new();

                fake_root_add_pci(root, PF, &(FakePci){ .driver = "vfio-pci" });
                fake_root_hold(root, PF);
                (void)sysfs_write(fake_root_sysfs(root), DEVICE "driver/unbind", PF);
                return;
        }

        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_failed();
        g_test_trap_assert_stderr("*a guest holds " PF "*");
}

static void test_fails_the_write_that_was_asked_for_and_only_that(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);
        g_autofree char *writes = NULL;

        fake_root_put(root, "sys/value", "", -1);
        fake_root_fail_write(root, 1, EIO);
        g_assert_cmpint(sysfs_write(sysfs, "sys/value", "1"), ==, 0);
        g_assert_cmpint(sysfs_write(sysfs, "sys/value", "2"), ==, -EIO);
        g_assert_cmpint(sysfs_write(sysfs, "sys/value", "3"), ==, 0);
        writes = fake_root_take_writes(root);
        g_assert_cmpstr(writes, ==, "sys/value = 1\nsys/value = 2\nsys/value = 3\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/fake-root/leaves-no-directory-behind", test_leaves_no_directory_behind);
        g_test_add_func("/fake-root/two-that-were-built-alike-dump-alike",
                        test_two_that_were_built_alike_dump_alike);
        g_test_add_func("/fake-root/numvfs-is-refused-as-the-kernel-refuses-it",
                        test_numvfs_is_refused_as_the_kernel_refuses_it);
        g_test_add_func("/fake-root/a-new-vf-has-its-links-its-group-and-its-driver",
                        test_a_new_vf_has_its_links_its_group_and_its_driver);
        g_test_add_func("/fake-root/vfs-made-anew-are-in-the-same-groups",
                        test_vfs_made_anew_are_in_the_same_groups);
        g_test_add_func("/fake-root/a-driver-takes-only-what-it-matches",
                        test_a_driver_takes_only_what_it_matches);
        g_test_add_func("/fake-root/files-shared-by-functions-of-a-kind-change-for-one-only",
                        test_files_shared_by_functions_of_a_kind_change_for_one_only);
        g_test_add_func("/fake-root/mdevs-share-the-capacity-of-their-parent",
                        test_mdevs_share_the_capacity_of_their_parent);
        g_test_add_func("/fake-root/a-write-that-would-block-ends-the-test",
                        test_a_write_that_would_block_ends_the_test);
        g_test_add_func("/fake-root/fails-the-write-that-was-asked-for-and-only-that",
                        test_fails_the_write_that_was_asked_for_and_only_that);

        return g_test_run();
}
