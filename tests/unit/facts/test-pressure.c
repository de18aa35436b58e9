/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/pressure.h"

#include <errno.h>

#include "tests/lib/fake-root.h"

#define GROUP "/machine.slice/machine-qemu\\x2d1\\x2dg1.scope"

static int read_text(const char *text, uint64_t *ret_usec) {
        g_autoptr(FakeRoot) root = fake_root_new();

        fake_root_put(root, "sys/fs/cgroup" GROUP "/io.pressure", text, -1);
        return pressure_read(fake_root_sysfs(root), GROUP, PRESSURE_IO, ret_usec);
}

static void test_the_time_is_that_in_which_some_waited(void) {
        uint64_t usec = 7;

        g_assert_cmpint(read_text("some avg10=0.12 avg60=0.00 avg300=0.00 total=4711\n"
                                  "full avg10=0.00 avg60=0.00 avg300=0.00 total=12\n",
                                  &usec),
                        ==, 0);
        g_assert_cmpuint(usec, ==, 4711);
}

static void test_a_machine_has_it_too(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        uint64_t usec = 7;

        g_assert_cmpint(pressure_read_machine(fake_root_sysfs(root), PRESSURE_CPU, &usec), ==,
                        -ENOENT);
        fake_root_put(root, "proc/pressure/cpu", "some avg10=0.00 total=12\n", -1);
        g_assert_cmpint(pressure_read_machine(fake_root_sysfs(root), PRESSURE_CPU, &usec), ==, 0);
        g_assert_cmpuint(usec, ==, 12);
}

static void test_what_is_no_pressure_is_none(void) {
        static const char *const odd[] = {
                "",
                "some",
                "some avg10=0.12\nfull avg10=0 total=5\n",
                "full avg10=0 total=5\n",
                "some total=\n",
                "some total=-1\n",
                "some total=12x\n",
                "some avg10=0 total=18446744073709551616\n",
        };
        uint64_t usec = 7;

        for (size_t i = 0; i < G_N_ELEMENTS(odd); i++)
                g_assert_cmpint(read_text(odd[i], &usec), ==, -EBADMSG);
        g_assert_cmpuint(usec, ==, 7);
}

static void test_a_cgroup_that_has_gone_is_told_apart(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        uint64_t usec;

        g_assert_cmpint(pressure_read(fake_root_sysfs(root), GROUP, PRESSURE_CPU, &usec), ==,
                        -ENOENT);
        g_assert_cmpint(pressure_read(fake_root_sysfs(root), "/../x", PRESSURE_CPU, &usec), ==,
                        -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/pressure/the time is that in which some waited",
                        test_the_time_is_that_in_which_some_waited);
        g_test_add_func("/pressure/a machine has it, too", test_a_machine_has_it_too);
        g_test_add_func("/pressure/what is no pressure is none", test_what_is_no_pressure_is_none);
        g_test_add_func("/pressure/a cgroup that has gone is told apart",
                        test_a_cgroup_that_has_gone_is_told_apart);
        return g_test_run();
}
