/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/facts/iommu.h"
#include "tests/lib/fake-root.h"

static void test_lists_who_can_only_be_given_away_together(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(GPtrArray) names = NULL;

        fake_root_add_pci(root, "0000:3b:00.1", &(FakePci){ .iommu_group = 7 });
        fake_root_add_pci(root, "0000:3b:00.0", &(FakePci){ .iommu_group = 7 });
        fake_root_add_pci(root, "0000:3c:00.0", NULL);
        g_assert_cmpint(iommu_list_members(fake_root_sysfs(root), 7, &names), ==, 0);
        g_assert_cmpuint(names->len, ==, 2);
        g_assert_cmpstr(names->pdata[0], ==, "0000:3b:00.0");
        g_assert_cmpstr(names->pdata[1], ==, "0000:3b:00.1");
}

static void test_a_group_that_is_not_there_is_no_device(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        GPtrArray *names = NULL;

        g_assert_cmpint(iommu_list_members(fake_root_sysfs(root), 7, &names), ==, -ENODEV);
        g_assert_cmpint(iommu_list_members(fake_root_sysfs(root), -1, &names), ==, -EINVAL);
        g_assert_null(names);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/iommu/lists-who-can-only-be-given-away-together",
                        test_lists_who_can_only_be_given_away_together);
        g_test_add_func("/iommu/a-group-that-is-not-there-is-no-device",
                        test_a_group_that_is_not_there_is_no_device);

        return g_test_run();
}
