/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/facts/vfio-hold.h"
#include "tests/lib/fake-root.h"

#define ONE   "0000:3b:00.0"
#define OTHER "0000:3b:00.1"
#define GROUP 7

static int add(VfioHold *hold, FakeRoot *root, const char *address) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        int r;

        r = sysfs_dir_open(fake_root_sysfs(root), &dir, "sys/bus/pci/devices/%s", address);
        g_assert_cmpint(r, ==, 0);
        return vfio_hold_add(hold, &dir);
}

static FakeRoot *root_with_a_group(void) {
        FakeRoot *root = fake_root_new();
        FakePci pci = { .driver = "vfio-pci", .iommu_group = GROUP };

        fake_root_add_pci(root, ONE, &pci);
        fake_root_add_pci(root, OTHER, &pci);
        return root;
}

static void test_keeps_everybody_else_out_until_it_is_freed(void) {
        g_autoptr(FakeRoot) root = root_with_a_group();
        g_autoptr(VfioHold) hold = vfio_hold_new(fake_root_sysfs(root));
        g_autoptr(VfioHold) late = vfio_hold_new(fake_root_sysfs(root));

        g_assert_cmpint(add(hold, root, ONE), ==, 0);
        g_assert_cmpint(add(late, root, ONE), ==, -EBUSY);
        g_clear_pointer(&hold, vfio_hold_free);
        g_assert_cmpint(add(late, root, ONE), ==, 0);
}

static void test_members_of_one_group_are_held_together(void) {
        g_autoptr(FakeRoot) root = root_with_a_group();
        g_autoptr(VfioHold) hold = vfio_hold_new(fake_root_sysfs(root));

        g_assert_cmpint(add(hold, root, ONE), ==, 0);
        g_assert_cmpint(add(hold, root, OTHER), ==, 0);
}

static void test_a_guest_with_another_member_is_in_the_way(void) {
        g_autoptr(FakeRoot) root = root_with_a_group();
        g_autoptr(VfioHold) hold = vfio_hold_new(fake_root_sysfs(root));

        fake_root_hold(root, OTHER);
        g_assert_cmpint(add(hold, root, ONE), ==, -EBUSY);
}

static void test_without_a_vfio_driver_nobody_can_be_in_the_way(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(VfioHold) hold = vfio_hold_new(fake_root_sysfs(root));

        fake_root_add_pci(root, ONE, &(FakePci){ .driver = "igb" });
        g_assert_cmpint(add(hold, root, ONE), ==, 0);
}

static void test_without_group_nodes_nobody_can_tell(void) {
        g_autoptr(FakeRoot) root = root_with_a_group();
        g_autoptr(VfioHold) hold = vfio_hold_new(fake_root_sysfs(root));

        fake_root_remove(root, "dev/vfio/7");
        g_assert_cmpint(add(hold, root, ONE), ==, -EOPNOTSUPP);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/vfio-hold/keeps-everybody-else-out-until-it-is-freed",
                        test_keeps_everybody_else_out_until_it_is_freed);
        g_test_add_func("/vfio-hold/members-of-one-group-are-held-together",
                        test_members_of_one_group_are_held_together);
        g_test_add_func("/vfio-hold/a-guest-with-another-member-is-in-the-way",
                        test_a_guest_with_another_member_is_in_the_way);
        g_test_add_func("/vfio-hold/without-a-vfio-driver-nobody-can-be-in-the-way",
                        test_without_a_vfio_driver_nobody_can_be_in_the_way);
        g_test_add_func("/vfio-hold/without-group-nodes-nobody-can-tell",
                        test_without_group_nodes_nobody_can_tell);

        return g_test_run();
}
