/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "tests/lib/fake-root.h"

#define FILE_PATH "sys/value"

static int read_u64(const char *text, gssize size, uint64_t *ret_value) {
        g_autoptr(FakeRoot) root = fake_root_new();

        fake_root_put(root, FILE_PATH, text, size);
        return sysfs_read_u64(fake_root_sysfs(root), FILE_PATH, ret_value);
}

static void test_reads_numbers_as_the_kernel_writes_them(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        const Sysfs *sysfs = fake_root_sysfs(root);
        uint64_t big;
        int value;

        fake_root_put(root, FILE_PATH, "18446744073709551615\n", -1);
        g_assert_cmpint(sysfs_read_u64(sysfs, FILE_PATH, &big), ==, 0);
        g_assert_cmpuint(big, ==, G_MAXUINT64);

        fake_root_put(root, FILE_PATH, "0x10\n", -1);
        g_assert_cmpint(sysfs_read_u64(sysfs, FILE_PATH, &big), ==, 0);
        g_assert_cmpuint(big, ==, 16);

        fake_root_put(root, FILE_PATH, "-1\n", -1);
        g_assert_cmpint(sysfs_read_int(sysfs, FILE_PATH, &value), ==, 0);
        g_assert_cmpint(value, ==, -1);

        fake_root_put(root, FILE_PATH, "0x8086\n", -1);
        g_assert_cmpint(sysfs_read_hex(sysfs, FILE_PATH, &value), ==, 0);
        g_assert_cmphex(value, ==, 0x8086);

        fake_root_put(root, FILE_PATH, "7", -1); /* no newline */
        g_assert_cmpint(sysfs_read_int(sysfs, FILE_PATH, &value), ==, 0);
        g_assert_cmpint(value, ==, 7);
}

static void test_what_is_no_number_is_a_bad_message_and_leaves_the_output_alone(void) {
        static const char *const texts[] = {
                "",   "\n",  " 1\n",  "1 \n", "+1\n",   "-1\n",  "--1\n",
                "0x", "0xg", "1\n\n", "1e3",  "0x-1\n", "ten\n", "18446744073709551616\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                uint64_t value = 42;

                g_assert_cmpint(read_u64(texts[i], -1, &value), ==, -EBADMSG);
                g_assert_cmpuint(value, ==, 42);
        }
}

static void test_an_int_that_overflows_is_a_bad_message(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        const Sysfs *sysfs = fake_root_sysfs(root);
        int value = 42;

        fake_root_put(root, FILE_PATH, "2147483648\n", -1);
        g_assert_cmpint(sysfs_read_int(sysfs, FILE_PATH, &value), ==, -EBADMSG);
        fake_root_put(root, FILE_PATH, "0x80000000\n", -1);
        g_assert_cmpint(sysfs_read_hex(sysfs, FILE_PATH, &value), ==, -EBADMSG);
        g_assert_cmpint(value, ==, 42);
}

static void test_binary_and_huge_values_are_refused(void) {
        g_autofree char *huge = g_strnfill(SYSFS_VALUE_MAX, '1');
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *text = NULL;
        uint64_t value;

        g_assert_cmpint(read_u64("1\0002", 3, &value), ==, -EBADMSG);
        g_assert_cmpint(read_u64("\xff\xfe", 2, &value), ==, -EBADMSG);
        g_assert_cmpint(read_u64(huge, -1, &value), ==, -EFBIG);

        fake_root_put(root, FILE_PATH, "\xff\n", -1);
        g_assert_cmpint(sysfs_read_string(fake_root_sysfs(root), FILE_PATH, &text), ==, -EBADMSG);
        g_assert_null(text);
}

static void test_a_string_loses_its_last_newline_only(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *longest = g_strnfill(SYSFS_VALUE_MAX - 1, 'x');
        g_autofree char *one = NULL, *two = NULL, *three = NULL;

        fake_root_put(root, FILE_PATH, "a\nb\n\n", -1);
        g_assert_cmpint(sysfs_read_string(fake_root_sysfs(root), FILE_PATH, &one), ==, 0);
        g_assert_cmpstr(one, ==, "a\nb\n");

        fake_root_put(root, FILE_PATH, "", -1);
        g_assert_cmpint(sysfs_read_string(fake_root_sysfs(root), FILE_PATH, &two), ==, 0);
        g_assert_cmpstr(two, ==, "");

        fake_root_put(root, FILE_PATH, longest, -1);
        g_assert_cmpint(sysfs_read_string(fake_root_sysfs(root), FILE_PATH, &three), ==, 0);
        g_assert_cmpstr(three, ==, longest);
}

static void test_paths_stay_below_the_root(void) {
        static const char *const paths[] = {
                "/etc/passwd", "etc/passwd", "",          "sys/../etc/passwd", "sys/..",
                "sysfs/a",     "../sys/a",   "proc/../a", "./sys/a",
        };
        g_autoptr(FakeRoot) root = fake_root_new();
        Sysfs *sysfs = fake_root_sysfs(root);

        for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
                char *text;

                g_assert_cmpint(sysfs_read_string(sysfs, paths[i], &text), ==, -EINVAL);
                g_assert_cmpint(sysfs_write(sysfs, paths[i], "1"), ==, -EINVAL);
                g_assert_cmpint(sysfs_open_device(sysfs, paths[i]), ==, -EINVAL);
                g_assert_false(sysfs_exists(sysfs, paths[i]));
        }
}

static void test_a_name_is_one_part_of_a_path(void) {
        g_autofree char *longest = g_strnfill(255, 'x');
        g_autofree char *longer = g_strnfill(256, 'x');

        g_assert_true(sysfs_name_is_valid("nvidia-222"));
        g_assert_true(sysfs_name_is_valid("i915-GVTg_V5_4"));
        g_assert_true(sysfs_name_is_valid("..."));
        g_assert_true(sysfs_name_is_valid(longest));

        g_assert_false(sysfs_name_is_valid(longer));
        g_assert_false(sysfs_name_is_valid(""));
        g_assert_false(sysfs_name_is_valid("."));
        g_assert_false(sysfs_name_is_valid(".."));
        g_assert_false(sysfs_name_is_valid("a/b"));
        g_assert_false(sysfs_name_is_valid("../mtty-1"));
        g_assert_false(sysfs_name_is_valid("a b"));
        g_assert_false(sysfs_name_is_valid("a\n"));
        g_assert_false(sysfs_name_is_valid("a\x7f"));
}

static void test_lists_sorted_and_empty_where_nothing_is(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(GPtrArray) names = NULL, none = NULL;

        fake_root_put(root, "sys/list/b", "", -1);
        fake_root_put(root, "sys/list/a", "", -1);
        fake_root_put(root, "sys/list/.hidden", "", -1);
        g_assert_cmpint(sysfs_list(fake_root_sysfs(root), "sys/list", &names), ==, 0);
        g_assert_cmpuint(names->len, ==, 3);
        g_assert_cmpstr(names->pdata[0], ==, ".hidden");
        g_assert_cmpstr(names->pdata[1], ==, "a");
        g_assert_cmpstr(names->pdata[2], ==, "b");

        g_assert_cmpint(sysfs_list(fake_root_sysfs(root), "sys/nothing", &none), ==, 0);
        g_assert_cmpuint(none->len, ==, 0);
}

static void test_a_link_is_the_last_part_of_its_target(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        const Sysfs *sysfs = fake_root_sysfs(root);
        g_autofree char *name = NULL;

        fake_root_link(root, "sys/a/link", "sys/bus/pci/drivers/igbvf");
        g_assert_cmpint(sysfs_read_link_name(sysfs, "sys/a/link", &name), ==, 0);
        g_assert_cmpstr(name, ==, "igbvf");

        g_clear_pointer(&name, g_free);
        fake_root_link(root, "sys/a/link", "sys/bus/pci/..");
        g_assert_cmpint(sysfs_read_link_name(sysfs, "sys/a/link", &name), ==, -EBADMSG);
        g_assert_cmpint(sysfs_read_link_name(sysfs, "sys/a/none", &name), ==, -ENOENT);
        g_assert_null(name);
}

static void test_a_link_is_read_as_a_whole(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        const Sysfs *sysfs = fake_root_sysfs(root);
        g_autofree char *target = NULL;

        fake_root_link(root, "sys/a/link", "sys/bus/pci/drivers/igbvf");
        g_assert_cmpint(sysfs_read_link(sysfs, "sys/a/link", &target), ==, 0);
        g_assert_cmpstr(target, ==, "../../sys/bus/pci/drivers/igbvf");

        g_clear_pointer(&target, g_free);
        g_assert_cmpint(sysfs_read_link(sysfs, "sys/a/none", &target), ==, -ENOENT);
        g_assert_cmpint(sysfs_read_link(sysfs, "sys/a", &target), ==, -EINVAL);
        g_assert_cmpint(sysfs_read_link(sysfs, "sys/../etc/link", &target), ==, -EINVAL);
        g_assert_null(target);
}

static void test_without_a_table_the_kernel_is_written_to(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(Sysfs) sysfs = sysfs_open(fake_root_path(root));
        g_autofree char *text = NULL, *writes = NULL;

        fake_root_put(root, FILE_PATH, "old", -1);
        g_assert_cmpint(sysfs_write(sysfs, FILE_PATH, "new"), ==, 0);
        g_assert_cmpint(sysfs_read_string(sysfs, FILE_PATH, &text), ==, 0);
        g_assert_cmpstr(text, ==, "new");
        g_assert_cmpint(sysfs_write(sysfs, "sys/none", "1"), ==, -ENOENT);

        writes = fake_root_take_writes(root);
        g_assert_cmpstr(writes, ==, "");
}

static void test_with_a_table_the_table_is_written_to(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *writes = NULL;

        g_assert_cmpint(sysfs_write(fake_root_sysfs(root), "sys/none", "1\n"), ==, -ENOENT);
        writes = fake_root_take_writes(root);
        g_assert_cmpstr(writes, ==, "sys/none = 1\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/sysfs/reads-numbers-as-the-kernel-writes-them",
                        test_reads_numbers_as_the_kernel_writes_them);
        g_test_add_func("/sysfs/what-is-no-number-is-a-bad-message-and-leaves-the-output-alone",
                        test_what_is_no_number_is_a_bad_message_and_leaves_the_output_alone);
        g_test_add_func("/sysfs/an-int-that-overflows-is-a-bad-message",
                        test_an_int_that_overflows_is_a_bad_message);
        g_test_add_func("/sysfs/binary-and-huge-values-are-refused",
                        test_binary_and_huge_values_are_refused);
        g_test_add_func("/sysfs/a-string-loses-its-last-newline-only",
                        test_a_string_loses_its_last_newline_only);
        g_test_add_func("/sysfs/paths-stay-below-the-root", test_paths_stay_below_the_root);
        g_test_add_func("/sysfs/a-name-is-one-part-of-a-path", test_a_name_is_one_part_of_a_path);
        g_test_add_func("/sysfs/lists-sorted-and-empty-where-nothing-is",
                        test_lists_sorted_and_empty_where_nothing_is);
        g_test_add_func("/sysfs/a-link-is-the-last-part-of-its-target",
                        test_a_link_is_the_last_part_of_its_target);
        g_test_add_func("/sysfs/a-link-is-read-as-a-whole", test_a_link_is_read_as_a_whole);
        g_test_add_func("/sysfs/without-a-table-the-kernel-is-written-to",
                        test_without_a_table_the_kernel_is_written_to);
        g_test_add_func("/sysfs/with-a-table-the-table-is-written-to",
                        test_with_a_table_the_table_is_written_to);

        return g_test_run();
}
