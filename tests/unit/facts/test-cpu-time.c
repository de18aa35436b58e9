/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/cpu-time.h"

#include <errno.h>
#include <unistd.h>

#include "tests/lib/fake-root.h"

static int read_text(const char *text, uint64_t *ret_nsec) {
        g_autoptr(FakeRoot) root = fake_root_new();

        fake_root_put(root, "proc/stat", text, -1);
        return cpu_time_read(fake_root_sysfs(root), ret_nsec);
}

static void test_idle_is_not_counted(void) {
        g_autoptr(GString) text = g_string_new("cpu  1 20 300 4000 50000 600000 7000000 8 9 10\n");
        uint64_t nsec = 0, tick = UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK);

        for (int i = 0; i < 1000; i++) /* longer than what is read */
                g_string_append(text, "cpu0 1 1 1 1 1 1 1 0 0 0\n");
        g_assert_cmpint(read_text(text->str, &nsec), ==, 0);
        g_assert_cmpuint(nsec, ==, 7600321 * tick);
}

static void test_no_time(void) {
        static const char *const odd[] = { "", "cpu0 1 1 1 1 1 1 1\n", "cpu  1 2 3 4 5 6\n",
                                           "cpu  1 2 x 4 5 6 7\n" };
        g_autoptr(FakeRoot) root = fake_root_new();
        uint64_t nsec = 7;

        for (size_t i = 0; i < G_N_ELEMENTS(odd); i++)
                g_assert_cmpint(read_text(odd[i], &nsec), ==, -EBADMSG);
        g_assert_cmpint(cpu_time_read(fake_root_sysfs(root), &nsec), ==, -ENOENT);
        g_assert_cmpuint(nsec, ==, 7);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cpu-time/time that was idle is not counted", test_idle_is_not_counted);
        g_test_add_func("/cpu-time/what is no time is none", test_no_time);
        return g_test_run();
}
