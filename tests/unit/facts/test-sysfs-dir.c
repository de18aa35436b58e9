/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/facts/sysfs-dir.h"
#include "tests/lib/fake-root.h"

static void test_serves_all_attributes_of_one_directory(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        g_autofree char *text = NULL;
        char name[NAME_MAX + 1];
        int value;

        fake_root_put(root, "sys/device/number", "12\n", -1);
        fake_root_put(root, "sys/device/text", "hello\n", -1);
        fake_root_link(root, "sys/device/driver", "sys/bus/pci/drivers/igb");
        g_assert_cmpint(sysfs_dir_open(fake_root_sysfs(root), &dir, "sys/%s", "device"), ==, 0);

        g_assert_cmpint(sysfs_dir_read_int(&dir, "number", &value), ==, 0);
        g_assert_cmpint(value, ==, 12);
        g_assert_cmpint(sysfs_dir_read_string(&dir, "text", &text), ==, 0);
        g_assert_cmpstr(text, ==, "hello");
        g_assert_cmpint(sysfs_dir_read_link(&dir, "driver", name), ==, 0);
        g_assert_cmpstr(name, ==, "igb");
        g_assert_true(sysfs_dir_has(&dir, "number"));
        g_assert_false(sysfs_dir_has(&dir, "other"));
        g_assert_cmpint(sysfs_dir_read_int(&dir, "other", &value), ==, -ENOENT);
}

static void test_what_is_not_there_is_no_device(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *longer = g_strnfill(SYSFS_PATH_MAX, 'x');
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        const Sysfs *sysfs = fake_root_sysfs(root);

        g_assert_cmpint(sysfs_dir_open(sysfs, &dir, "sys/none"), ==, -ENODEV);
        g_assert_cmpint(sysfs_dir_open(sysfs, &dir, "sys/%s", longer), ==, -ENAMETOOLONG);
        g_assert_cmpint(dir.fd, <, 0);

        fake_root_put(root, "sys/file", "", -1);
        g_assert_cmpint(sysfs_dir_open(sysfs, &dir, "sys/file"), ==, -ENOTDIR);
}

/* Without the table, so that it is the fd which decides. */
static void test_a_device_that_came_under_the_same_name_is_not_touched(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(Sysfs) sysfs = sysfs_open(fake_root_path(root));
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        g_autofree char *text = NULL;
        int value;

        fake_root_put(root, "sys/device/number", "1\n", -1);
        g_assert_cmpint(sysfs_dir_open(sysfs, &dir, "sys/device"), ==, 0);
        fake_root_remove(root, "sys/device");
        fake_root_put(root, "sys/device/number", "2\n", -1);

        g_assert_cmpint(sysfs_dir_read_int(&dir, "number", &value), ==, -ENOENT);
        g_assert_cmpint(sysfs_dir_write(&dir, "number", "3"), ==, -ENOENT);
        g_assert_cmpint(sysfs_read_string(sysfs, "sys/device/number", &text), ==, 0);
        g_assert_cmpstr(text, ==, "2");
}

static void test_writes_go_through_the_one_door(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        g_autofree char *writes = NULL;

        fake_root_put(root, "sys/device/number", "1\n", -1);
        g_assert_cmpint(sysfs_dir_open(fake_root_sysfs(root), &dir, "sys/device"), ==, 0);
        g_assert_cmpint(sysfs_dir_write(&dir, "number", "2"), ==, 0);
        writes = fake_root_take_writes(root);
        g_assert_cmpstr(writes, ==, "sys/device/number = 2\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/sysfs-dir/serves-all-attributes-of-one-directory",
                        test_serves_all_attributes_of_one_directory);
        g_test_add_func("/sysfs-dir/what-is-not-there-is-no-device",
                        test_what_is_not_there_is_no_device);
        g_test_add_func("/sysfs-dir/a-device-that-came-under-the-same-name-is-not-touched",
                        test_a_device_that_came_under_the_same_name_is_not_touched);
        g_test_add_func("/sysfs-dir/writes-go-through-the-one-door",
                        test_writes_go_through_the_one_door);

        return g_test_run();
}
