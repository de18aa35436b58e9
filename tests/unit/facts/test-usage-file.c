/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/usage-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/lib/fake-root.h"

#define MDEV "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define PATH USAGE_FILE_FOLDER "/" MDEV
#define NOW  (INT64_C(1700000000) * G_USEC_PER_SEC)

static int parse(const char *text, UsageFile *ret_usage) {
        return usage_file_parse(text, strlen(text), ret_usage);
}

static int read_at(FakeRoot *root, int64_t written, UsageFile *ret_usage) {
        const Sysfs *sysfs = fake_root_sysfs(root);
        struct timespec times[2] = { { .tv_sec = written / G_USEC_PER_SEC },
                                     { .tv_sec = written / G_USEC_PER_SEC } };

        g_assert_cmpint(utimensat(sysfs_root_fd(sysfs), PATH, times, 0), ==, 0);
        return usage_file_read(sysfs, MDEV, NOW, ret_usage);
}

static void test_a_file_tells_of_time_and_memory(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        UsageFile usage;

        fake_root_put(root, PATH, "# of gpu0\n\nbusy-seconds 123.4\nmemory-bytes 1048576\n", -1);
        g_assert_cmpint(read_at(root, NOW, &usage), ==, 0);
        g_assert_cmpuint(usage.busy_nsec, ==, UINT64_C(123400000000));
        g_assert_cmpuint(usage.memory_bytes, ==, 1048576);
}

static void test_what_it_does_not_tell_is_not_zero(void) {
        UsageFile usage;

        g_assert_cmpint(parse("memory-bytes 0\n", &usage), ==, 0);
        g_assert_cmpuint(usage.busy_nsec, ==, USAGE_FILE_UNKNOWN);
        g_assert_cmpuint(usage.memory_bytes, ==, 0);
        g_assert_cmpint(parse("busy-seconds 7\n", &usage), ==, 0);
        g_assert_cmpuint(usage.busy_nsec, ==, UINT64_C(7000000000));
        g_assert_cmpuint(usage.memory_bytes, ==, USAGE_FILE_UNKNOWN);
}

static void test_what_is_finer_than_a_nanosecond_is_cut_off(void) {
        UsageFile usage;

        g_assert_cmpint(parse("busy-seconds 999999999.00000000199\n", &usage), ==, 0);
        g_assert_cmpuint(usage.busy_nsec, ==, UINT64_C(999999999000000001));
}

static void test_what_is_old_is_missing(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        UsageFile usage = { 1, 2 };

        fake_root_put(root, PATH, "busy-seconds 1\n", -1);
        g_assert_cmpint(read_at(root, NOW - 60 * G_USEC_PER_SEC, &usage), ==, 0);
        usage.busy_nsec = 1;
        g_assert_cmpint(read_at(root, NOW - 61 * G_USEC_PER_SEC, &usage), ==, -ESTALE);
        g_assert_cmpint(read_at(root, NOW + 61 * G_USEC_PER_SEC, &usage), ==, -ESTALE);
        g_assert_cmpuint(usage.busy_nsec, ==, 1);
}

static void test_what_is_no_such_file_is_not_read(void) {
        g_autofree char *huge = g_strnfill(USAGE_FILE_MAX, '\n');
        g_autofree char *text = g_strconcat(huge, "busy-seconds 1\n", NULL);
        g_autoptr(FakeRoot) root = fake_root_new();
        const Sysfs *sysfs = fake_root_sysfs(root);
        UsageFile usage;

        g_assert_cmpint(usage_file_read(sysfs, MDEV, NOW, &usage), ==, -ENOENT);
        g_assert_cmpint(usage_file_read(sysfs, "../drained", NOW, &usage), ==, -EINVAL);
        fake_root_put(root, PATH, text, -1);
        g_assert_cmpint(read_at(root, NOW, &usage), ==, -EFBIG);
        fake_root_remove(root, PATH);
        fake_root_put(root, PATH "/inside", "busy-seconds 1\n", -1);
        g_assert_cmpint(usage_file_read(sysfs, MDEV, NOW, &usage), ==, -EINVAL);
        fake_root_remove(root, PATH);
        fake_root_put(root, USAGE_FILE_FOLDER "/other", "busy-seconds 1\n", -1);
        fake_root_link(root, PATH, "other");
        g_assert_cmpint(usage_file_read(sysfs, MDEV, NOW, &usage), ==, -EINVAL);
}

static void test_of_what_is_wrong_nothing_is_believed(void) {
        static const char *const wrong[] = {
                "",
                "\n",
                "# nothing\n",
                "busy-seconds 12", /* the rest is to come */
                "busy-seconds 1\nbusy-seconds 2\n",
                "busy-seconds 1\nmemory-bytes\n",
                "busy-seconds 1\nmemory-bytes 1.5\n",
                "busy-seconds 1\nmemory-bytes 1000000000000000\n",
                "busy-seconds 1\ntemperature 80\n",
                "busy-seconds 1\r\n",
                "busy-seconds -1\n",
                "busy-seconds +1\n",
                "busy-seconds 1e3\n",
                "busy-seconds 1.\n",
                "busy-seconds .5\n",
                "busy-seconds nan\n",
                "busy-seconds  1\n",
                "busy-seconds 1 \n",
                "busy-seconds 1000000000\n",
                " busy-seconds 1\n",
        };
        UsageFile usage = { 1, 2 };

        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
                g_assert_cmpint(parse(wrong[i], &usage), ==, -EBADMSG);
        g_assert_cmpint(usage_file_parse("busy-seconds 1\0\n", 16, &usage), ==, -EBADMSG);
        g_assert_cmpuint(usage.busy_nsec, ==, 1);
        g_assert_cmpuint(usage.memory_bytes, ==, 2);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/usage-file/a file tells of time and memory",
                        test_a_file_tells_of_time_and_memory);
        g_test_add_func("/usage-file/what it does not tell is not zero",
                        test_what_it_does_not_tell_is_not_zero);
        g_test_add_func("/usage-file/what is finer than a nanosecond is cut off",
                        test_what_is_finer_than_a_nanosecond_is_cut_off);
        g_test_add_func("/usage-file/what is old is missing", test_what_is_old_is_missing);
        g_test_add_func("/usage-file/what is no such file is not read",
                        test_what_is_no_such_file_is_not_read);
        g_test_add_func("/usage-file/of what is wrong nothing is believed",
                        test_of_what_is_wrong_nothing_is_believed);
        return g_test_run();
}
