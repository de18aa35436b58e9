/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/netdev-driver.h"

#include <errno.h>

#include "tests/lib/fake-root.h"

static void test_the_driver_tells_the_firmware(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *firmware = NULL;
        int r;

        fake_root_set_firmware(root, "eth3", "22.39.1002 (MT_0000000436)");
        r = netdev_read_firmware(fake_root_sysfs(root), "eth3", &firmware);
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpstr(firmware, ==, "22.39.1002 (MT_0000000436)");
        g_assert_cmpint(netdev_read_firmware(fake_root_sysfs(root), "eth4", &firmware), ==,
                        -ENODATA);
}

static void test_a_path_is_no_name(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        static const char *const names[] = { "", "..", "a/b", "a b", "sixteen-letters-" };
        g_autofree char *firmware = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                g_assert_cmpint(netdev_read_firmware(fake_root_sysfs(root), names[i], &firmware),
                                ==, -EINVAL);
        g_assert_cmpuint(fake_root_firmware_asked(root), ==, 0);
}

static void test_words_for_none_are_none(void) {
        static const char *const texts[] = { "", " ", "N/A", "N/A \n" };
        char *firmware = NULL;

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                g_assert_cmpint(netdev_firmware_from_text(texts[i], 32, &firmware), ==, -ENODATA);
        g_assert_null(firmware);
}

static void test_a_text_may_fill_all_its_room(void) {
        g_autofree char *firmware = NULL, *other = NULL;

        g_assert_cmpint(netdev_firmware_from_text("12345", 4, &firmware), ==, 0);
        g_assert_cmpstr(firmware, ==, "1234");
        g_assert_cmpint(netdev_firmware_from_text("1.\xff", 32, &other), ==, -EBADMSG);
}

/* The loopback device has no driver that could tell, and every namespace has that device. */
static void test_the_kernel_answers_on_a_unix_socket(void) {
        g_autoptr(Sysfs) sysfs = sysfs_open("/");
        g_autofree char *firmware = NULL;

        g_assert_cmpint(netdev_read_firmware(sysfs, "lo", &firmware), ==, -ENODATA);
        g_assert_cmpint(netdev_read_firmware(sysfs, "not-there-0", &firmware), ==, -ENODEV);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/netdev-driver/the-driver-tells-the-firmware",
                        test_the_driver_tells_the_firmware);
        g_test_add_func("/netdev-driver/a-path-is-no-name", test_a_path_is_no_name);
        g_test_add_func("/netdev-driver/words-for-none-are-none", test_words_for_none_are_none);
        g_test_add_func("/netdev-driver/a-text-may-fill-all-its-room",
                        test_a_text_may_fill_all_its_room);
        g_test_add_func("/netdev-driver/the-kernel-answers-on-a-unix-socket",
                        test_the_kernel_answers_on_a_unix_socket);
        return g_test_run();
}
